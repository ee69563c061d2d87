//! Waiting for dispatcher objects, and signalling them.
//!
//! Wait lists are Windows' own: KWAIT_BLOCKs linked into the object's header. One dispatcher lock protects
//! them all.

use crate::abi::*;
use crate::ke::sched::{self, Dispatcher};
use crate::ke::thread::{self, RunState, Thread};
use crate::ke::timer::Entry;
use crate::ke::{irql, list};
use crate::kernel::{Kernel, kernel};
use crate::verifier;

/// MAXIMUM_WAIT_OBJECTS.
pub const MAX_OBJECTS: usize = 64;
/// THREAD_WAIT_OBJECTS: without a block array.
pub const BUILT_IN_BLOCKS: usize = 3;
const WAIT_ALL: u8 = 0;
const WAIT_ANY: u8 = 1;

/// The wait a thread is in.
#[derive(Clone, Copy)]
pub struct Pending {
    blocks: *mut KWAIT_BLOCK,
    count: usize,
    all: bool,
    alertable: bool,
    timer: Option<(u64, u64)>,
}

impl Pending {
    /// Not waiting.
    pub const NONE: Self =
        Self { blocks: core::ptr::null_mut(), count: 0, all: false, alertable: false, timer: None };
}

/// When a wait ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Never.
    Never,
    /// At an interrupt time, in 100 ns units since boot; 0 does not wait at all.
    At(u64),
}

impl Timeout {
    /// From a LARGE_INTEGER as drivers pass it: negative relative, positive absolute system time.
    pub unsafe fn from_ptr(timeout: *const i64) -> Self {
        if timeout.is_null() { Self::Never } else { Self::from_due(*timeout) }
    }

    /// From a due time.
    pub fn from_due(due: i64) -> Self {
        match due {
            0 => Self::At(0),
            due => Self::At(super::timer::interrupt_time_of(due).max(1)),
        }
    }

    /// In so many milliseconds.
    pub fn millis(ms: u64) -> Self {
        Self::from_due(-((ms * 10_000) as i64))
    }
}

unsafe fn is_signalled(h: *mut DISPATCHER_HEADER, thread: &Thread) -> bool {
    match (*h).Type & 0x7F {
        object_kind::MUTANT => (*h).SignalState > 0 || (*h.cast::<KMUTANT>()).OwnerThread == thread.as_ptr(),
        _ => (*h).SignalState > 0,
    }
}

/// Takes what a satisfied wait takes from an object; an abandoned mutex changes the status.
unsafe fn consume(h: *mut DISPATCHER_HEADER, thread: &Thread) -> bool {
    match (*h).Type & 0x7F {
        object_kind::SYNCHRONIZATION_EVENT | object_kind::TIMER_SYNCHRONIZATION => (*h).SignalState = 0,
        object_kind::SEMAPHORE => (*h).SignalState -= 1,
        object_kind::MUTANT => {
            let m = h.cast::<KMUTANT>();
            (*h).SignalState -= 1;
            if (*h).SignalState == 0 {
                (*m).OwnerThread = thread.as_ptr();
                thread.apc_disable.set(thread.apc_disable.get() + (*m).ApcDisable as i32);
                list::push_back(thread.mutants.get(), &mut (*m).MutantListEntry);
                return core::mem::replace(&mut (*m).Abandoned, 0) & 1 != 0;
            }
        }
        _ => {}
    }
    false
}

/// Waits for objects. IRQL ≤ APC_LEVEL, or DISPATCH_LEVEL with a zero timeout (the exports check). `blocks` must
/// hold as many blocks as objects; null uses the thread's own.
pub unsafe fn wait(
    objects: &[*mut DISPATCHER_HEADER],
    all: bool,
    alertable: bool,
    timeout: Timeout,
    blocks: *mut KWAIT_BLOCK,
) -> NTSTATUS {
    let k = kernel();
    let thread = thread::current();
    verifier::calls::before_wait(k, thread, timeout);
    let old = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let status = wait_raised(k, thread, objects, all, alertable, timeout, blocks);
    irql::lower(old);
    status
}

unsafe fn wait_raised(
    k: &'static Kernel,
    thread: &Thread,
    objects: &[*mut DISPATCHER_HEADER],
    all: bool,
    alertable: bool,
    timeout: Timeout,
    blocks: *mut KWAIT_BLOCK,
) -> NTSTATUS {
    let mut d = k.ke.dispatcher.lock();
    if alertable && thread.alerted.replace(false) {
        return STATUS_ALERTED;
    }
    if let Some(status) = try_take(objects, all, thread) {
        return status;
    }
    if timeout == Timeout::At(0) {
        return STATUS_TIMEOUT;
    }
    let blocks = if blocks.is_null() { thread.wait_blocks.get().cast::<KWAIT_BLOCK>() } else { blocks };
    for (i, &object) in objects.iter().enumerate() {
        let b = blocks.add(i);
        (*b).WaitType = if all { WAIT_ALL } else { WAIT_ANY };
        (*b).WaitKey = i as u16;
        (*b).Thread = thread.as_ptr();
        (*b).Object = object.cast();
        list::push_back(&mut (*object).WaitListHead, &mut (*b).WaitListEntry);
    }
    let timer = match timeout {
        Timeout::At(due) => Some(d.timers.insert(k, due, Entry::Wait(thread.as_ptr() as usize))),
        Timeout::Never => None,
    };
    thread.wait.set(Pending { blocks, count: objects.len(), all, alertable, timer });
    thread.state.set(RunState::Waiting);
    thread.wait_status.set(STATUS_PENDING);
    sched::block(k, d);
    thread.wait_status.get()
}

unsafe fn try_take(objects: &[*mut DISPATCHER_HEADER], all: bool, thread: &Thread) -> Option<NTSTATUS> {
    if all {
        if objects.is_empty() || !objects.iter().all(|&o| is_signalled(o, thread)) {
            return None;
        }
        let mut status = STATUS_SUCCESS;
        for &o in objects {
            if consume(o, thread) {
                status = STATUS_ABANDONED_WAIT_0;
            }
        }
        return Some(status);
    }
    let i = objects.iter().position(|&o| is_signalled(o, thread))?;
    let base = if consume(objects[i], thread) { STATUS_ABANDONED_WAIT_0 } else { STATUS_SUCCESS };
    Some(base + i as NTSTATUS)
}

/// Ends a thread's wait with a status and makes it ready.
unsafe fn end_wait(k: &Kernel, d: &mut Dispatcher, thread: *mut Thread, status: NTSTATUS) {
    let t = &*thread;
    let pending = t.wait.replace(Pending::NONE);
    for i in 0..pending.count {
        list::remove(&mut (*pending.blocks.add(i)).WaitListEntry);
    }
    if let Some(key) = pending.timer {
        d.timers.remove(key);
    }
    t.wait_status.set(status);
    d.make_ready(k, thread);
}

/// Adds to an object's state and satisfies waits in order. For events and threads the state becomes
/// `increment`; semaphores and mutants add it.
pub fn signal_locked(k: &Kernel, d: &mut Dispatcher, h: *mut DISPATCHER_HEADER, increment: i32) {
    unsafe {
        match (*h).Type & 0x7F {
            object_kind::SEMAPHORE | object_kind::MUTANT => (*h).SignalState += increment,
            _ => (*h).SignalState = increment,
        }
        satisfy(k, d, h);
    }
}

/// Satisfies waits on an object whose state has changed.
unsafe fn satisfy(k: &Kernel, d: &mut Dispatcher, h: *mut DISPATCHER_HEADER) {
    let head = &raw mut (*h).WaitListHead;
    let mut at = (*head).Flink;
    while at != head && (*h).SignalState > 0 {
        let b = at.cast::<KWAIT_BLOCK>();
        at = (*at).Flink;
        let thread = (*b).Thread as *mut Thread;
        let t = &*thread;
        let pending = t.wait.get();
        let status = if pending.all {
            let mut objects = [core::ptr::null_mut(); MAX_OBJECTS];
            for (i, o) in objects.iter_mut().enumerate().take(pending.count) {
                *o = (*pending.blocks.add(i)).Object.cast();
            }
            match try_take(&objects[..pending.count], true, t) {
                Some(status) => status,
                None => continue,
            }
        } else {
            let abandoned = consume(h, t);
            (*b).WaitKey as NTSTATUS + if abandoned { STATUS_ABANDONED_WAIT_0 } else { 0 }
        };
        end_wait(k, d, thread, status);
        // A thread may wait for one object twice: start over, the next entry may have gone too.
        at = (*head).Flink;
    }
}

/// A timed wait has run out.
pub unsafe fn time_out(k: &Kernel, d: &mut Dispatcher, thread: *mut Thread) {
    if (*thread).state.get() == RunState::Waiting {
        let mut pending = (*thread).wait.get();
        pending.timer = None;
        (*thread).wait.set(pending);
        end_wait(k, d, thread, STATUS_TIMEOUT);
    }
}

/// KeAlertThread: ends an alertable wait. Returns the former state.
pub fn alert(thread: *mut Thread) -> bool {
    let k = kernel();
    let old = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let was = unsafe {
        let mut d = k.ke.dispatcher.lock();
        let t = &*thread;
        if t.state.get() == RunState::Waiting && t.wait.get().alertable {
            end_wait(k, &mut d, thread, STATUS_ALERTED);
            false
        } else {
            t.alerted.replace(true)
        }
    };
    irql::lower(old);
    was
}

/// Mutexes that an ending thread still holds become abandoned; that is a rule violation.
pub fn abandon_mutants(thread: &Thread) {
    unsafe {
        while let Some(entry) = list::pop_front(thread.mutants.get()) {
            let m = entry.byte_sub(core::mem::offset_of!(KMUTANT, MutantListEntry)).cast::<KMUTANT>();
            verifier::report(
                &verifier::rules::THREAD_HOLDS_MUTEX,
                alloc::format!("thread {} ended while it owned a mutex", thread.number),
                [m as u64, 0, 0, 0],
            );
            let k = kernel();
            let mut d = k.ke.dispatcher.lock();
            (*m).Abandoned |= 1;
            (*m).OwnerThread = core::ptr::null_mut();
            (*m).Header.SignalState = 1;
            satisfy(k, &mut d, m.cast());
        }
    }
}

/// Waits for one object without alerts.
pub unsafe fn wait_one<T>(object: *mut T, timeout: Timeout) -> NTSTATUS {
    wait(&[object.cast()], false, false, timeout, core::ptr::null_mut())
}
