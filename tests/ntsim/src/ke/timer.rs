//! Timers and timed waits. Time in the kernel is interrupt time: 100 ns units since boot; due times are
//! rounded up to clock ticks as Windows does.

use crate::abi::*;
use crate::ke::wait;
use crate::ke::{dpc, irql, list};
use crate::kernel::{Kernel, kernel};
use alloc::collections::BTreeMap;

/// Clock tick in 100 ns units (15.625 ms, KeQueryTimeIncrement).
pub const TICK: u64 = 156_250;

/// Something with a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A KTIMER (address).
    Timer(usize),
    /// A thread in a timed wait (address).
    Wait(usize),
}

/// Everything with a due time, in order.
#[derive(Default)]
pub struct Timers {
    by_time: BTreeMap<(u64, u64), Entry>,
    /// Active KTIMERs; never iterated to decide, only looked up (addresses have no stable order).
    active: BTreeMap<usize, (u64, u64)>,
    sequence: u64,
}

impl Timers {
    /// Inserts with a due time (interrupt time).
    pub fn insert(&mut self, k: &Kernel, due: u64, entry: Entry) -> (u64, u64) {
        self.sequence += 1;
        let key = (due, self.sequence);
        self.by_time.insert(key, entry);
        if let Entry::Timer(at) = entry {
            self.active.insert(at, key);
        }
        self.arm(k);
        key
    }

    /// Removes by key.
    pub fn remove(&mut self, key: (u64, u64)) {
        if let Some(Entry::Timer(at)) = self.by_time.remove(&key) {
            self.active.remove(&at);
        }
    }

    /// Removes a KTIMER; tells whether it was active.
    pub fn cancel(&mut self, timer: usize) -> bool {
        self.active.remove(&timer).is_some_and(|key| self.by_time.remove(&key).is_some())
    }

    /// Is the KTIMER at this address active?
    pub fn is_active(&self, timer: usize) -> bool {
        self.active.contains_key(&timer)
    }

    /// First active KTIMER within a range of addresses (for the pool rule).
    pub fn active_within(&self, range: core::ops::Range<usize>) -> Option<usize> {
        self.active.range(range).next().map(|(at, _)| *at)
    }

    /// Asks for the clock interrupt at the tick at or after the first due time.
    pub fn arm(&self, k: &Kernel) {
        let due = self.by_time.keys().next().map(|(due, _)| due.div_ceil(TICK) * TICK * 100);
        k.engine.set_clock(due);
    }

    fn pop_due(&mut self, now: u64) -> Option<(u64, Entry)> {
        let (&key, &entry) = self.by_time.iter().next()?;
        if key.0 > now {
            return None;
        }
        self.remove(key);
        Some((key.0, entry))
    }
}

/// Interrupt time now.
pub fn interrupt_time() -> u64 {
    kernel().engine.now() / 100
}

/// System time now (100 ns since 1601).
pub fn system_time() -> u64 {
    (kernel().engine.boot_time() + interrupt_time()).saturating_add_signed(crate::po::skew())
}

/// Interrupt time of a due time: negative is relative, positive absolute system time.
pub fn interrupt_time_of(due: i64) -> u64 {
    if due <= 0 {
        interrupt_time().saturating_add(due.unsigned_abs())
    } else {
        (due as u64).saturating_sub(kernel().engine.boot_time())
    }
}

/// Expires what is due. At DISPATCH_LEVEL.
pub fn expire(k: &'static Kernel) {
    loop {
        let now = interrupt_time();
        let mut fire = core::ptr::null_mut();
        {
            let mut d = k.ke.dispatcher.lock();
            match d.timers.pop_due(now) {
                None => {
                    d.timers.arm(k);
                    return;
                }
                Some((_, Entry::Wait(thread))) => unsafe { wait::time_out(k, &mut d, thread as *mut _) },
                Some((due, Entry::Timer(at))) => unsafe {
                    let timer = at as *mut KTIMER;
                    wait::signal_locked(k, &mut d, timer.cast(), 1);
                    if (*timer).Period != 0 {
                        let next = (due + (*timer).Period as u64 * 10_000).max(now);
                        (*timer).DueTime = next;
                        d.timers.insert(k, next, Entry::Timer(at));
                    } else {
                        (*timer).Header.Reserved1 = 0;
                    }
                    fire = (*timer).Dpc;
                },
            }
        }
        if !fire.is_null() {
            unsafe { dpc::insert(fire, core::ptr::null_mut(), core::ptr::null_mut()) };
        }
    }
}

/// KeInitializeTimerEx.
pub unsafe fn initialize(timer: *mut KTIMER, synchronization: bool) {
    core::ptr::write_bytes(timer, 0, 1);
    (*timer).Header.Type =
        if synchronization { object_kind::TIMER_SYNCHRONIZATION } else { object_kind::TIMER_NOTIFICATION };
    (*timer).Header.Size = (size_of::<KTIMER>() / 4) as u8;
    list::init(&mut (*timer).Header.WaitListHead);
}

/// KeSetTimerEx: period in ms. Returns whether it was active.
pub unsafe fn set(timer: *mut KTIMER, due: i64, period: u32, dpc: *mut KDPC) -> bool {
    let k = kernel();
    let old = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let was = {
        let mut d = k.ke.dispatcher.lock();
        let was = d.timers.cancel(timer as usize);
        (*timer).Header.SignalState = 0;
        (*timer).Period = period;
        (*timer).Dpc = dpc;
        let at = interrupt_time_of(due);
        (*timer).DueTime = at;
        (*timer).Header.Reserved1 = 1;
        d.timers.insert(k, at, Entry::Timer(timer as usize));
        was
    };
    irql::lower(old);
    was
}

/// KeCancelTimer. Returns whether it was active.
pub unsafe fn cancel(timer: *mut KTIMER) -> bool {
    let k = kernel();
    let mut d = k.ke.dispatcher.lock();
    (*timer).Header.Reserved1 = 0;
    let was = d.timers.cancel(timer as usize);
    d.timers.arm(k);
    was
}
