//! MiniportCheckForHangEx about every two seconds, and MiniportResetEx.

use super::adapter::{Adapter, State, event_zero};
use super::{adapter_of, life, rules};
use crate::abi::*;
use crate::ke::{event, irql, thread, wait};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};

/// The watch over one adapter.
pub struct Watch {
    stop: UnsafeCell<KEVENT>,
    stopped: UnsafeCell<KEVENT>,
    running: AtomicBool,
    /// Resets so far.
    pub resets: AtomicU32,
}

unsafe impl Send for Watch {}
unsafe impl Sync for Watch {}

impl Watch {
    /// Not started.
    pub fn new() -> Self {
        Self {
            stop: UnsafeCell::new(event_zero()),
            stopped: UnsafeCell::new(event_zero()),
            running: AtomicBool::new(false),
            resets: AtomicU32::new(0),
        }
    }

    /// Starts, if the miniport has a handler for it.
    pub fn start(&self, adapter: &'static Adapter) {
        if adapter.handlers().CheckForHangHandlerEx.is_none() || self.running.swap(true, AcqRel) {
            return;
        }
        unsafe {
            event::initialize(self.stop.get(), false, false);
            event::initialize(self.stopped.get(), false, false);
        }
        if thread::spawn(move || run(adapter)).is_err() {
            self.running.store(false, Release);
        }
    }

    /// Stops, and waits until the last check is over. PASSIVE_LEVEL.
    pub fn stop(&self) {
        if self.running.swap(false, AcqRel) {
            unsafe {
                event::set(self.stop.get());
                wait::wait_one(self.stopped.get(), wait::Timeout::Never);
            }
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

fn run(adapter: &'static Adapter) {
    let every = u64::from(adapter.attributes.lock().hang_seconds.max(1)) * 1000;
    while unsafe { wait::wait_one(adapter.hang.stop.get(), wait::Timeout::millis(every)) } == STATUS_TIMEOUT {
        if !matches!(adapter.state(), State::Running | State::Paused | State::Pausing)
            || !adapter.powered.load(Acquire)
        {
            continue;
        }
        let Some(routine) = adapter.handlers().CheckForHangHandlerEx else { break };
        if crate::call!("MiniportCheckForHangEx", routine, adapter.context()) != 0 {
            reset(adapter);
        }
    }
    unsafe { event::set(adapter.hang.stopped.get()) };
}

/// MiniportResetEx, and waits until it is complete. PASSIVE_LEVEL.
pub fn reset(adapter: &'static Adapter) {
    let Some(routine) = adapter.handlers().ResetHandlerEx else { return };
    adapter.hang.resets.fetch_add(1, Relaxed);
    super::status::raise(adapter, NDIS_STATUS_RESET_START, &[]);
    let mut addressing = 0u8;
    adapter.reset.begin();
    let old = irql::raise(DISPATCH_LEVEL);
    let returned = crate::call!("MiniportResetEx", routine, adapter.context(), &raw mut addressing);
    irql::lower(old);
    if adapter.reset.end(returned, life::LIMIT).is_none() {
        rules::report(
            &rules::STATE_HANG,
            "MiniportResetEx was not completed".into(),
            adapter.handle() as usize,
            0,
        );
    }
    super::status::raise(adapter, NDIS_STATUS_RESET_END, &[]);
    if addressing != 0 {
        super::protocol::restore_addressing(adapter);
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMResetComplete(handle: NDIS_HANDLE, status: NDIS_STATUS, addressing: BOOLEAN) [irql == DISPATCH_LEVEL] {
        let adapter = adapter_of(handle);
        if !adapter.reset.complete(status) {
            rules::report(&rules::STATE_COMPLETE, "NdisMResetComplete, but no reset is pending".into(), handle as usize, 0);
        }
    }
    fn NdisMResetMiniport(handle: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] {
        let adapter = adapter_of(handle);
        crate::ex::work::queue(move || reset(adapter));
    }
}
