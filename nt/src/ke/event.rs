//! Events.

use core::cell::UnsafeCell;
use core::time::Duration;

use super::relative;
use crate::pool::PoolBox;
use crate::sys::*;

/// A kernel event at a fixed address.
pub struct Event(PoolBox<UnsafeCell<KEVENT>>);

// SAFETY: the kernel serialises all access to the object.
unsafe impl Sync for Event {}
// SAFETY: the object stays at its address.
unsafe impl Send for Event {}

impl Event {
    fn create(kind: EVENT_TYPE, set: bool) -> Option<Self> {
        let event = Self(PoolBox::new(UnsafeCell::new(KEVENT::default()))?);
        // SAFETY: the block is ours and writable.
        unsafe { KeInitializeEvent(event.as_ptr(), kind, u8::from(set)) };
        Some(event)
    }

    /// An event that stays set until reset, waking all waiters. `None` without memory.
    #[must_use]
    pub fn notification(set: bool) -> Option<Self> {
        Self::create(NotificationEvent, set)
    }

    /// An event that resets itself when it has woken one waiter. `None` without memory.
    #[must_use]
    pub fn synchronization(set: bool) -> Option<Self> {
        Self::create(SynchronizationEvent, set)
    }

    /// For functions that take a `PKEVENT`. Valid as long as `self`.
    #[must_use]
    pub fn as_ptr(&self) -> *mut KEVENT {
        self.0.get()
    }

    /// Sets the event. IRQL ≤ DISPATCH_LEVEL.
    pub fn set(&self) {
        // SAFETY: initialised; no wait follows.
        unsafe { KeSetEvent(self.as_ptr(), IO_NO_INCREMENT as i32, 0) };
    }

    /// Resets the event. IRQL ≤ DISPATCH_LEVEL.
    pub fn reset(&self) {
        // SAFETY: initialised.
        unsafe { KeClearEvent(self.as_ptr()) };
    }

    /// Whether the event is set at the moment. IRQL ≤ DISPATCH_LEVEL.
    #[must_use]
    pub fn is_set(&self) -> bool {
        // SAFETY: initialised.
        unsafe { KeReadStateEvent(self.as_ptr()) != 0 }
    }

    /// Waits until the event is set: `false` if `limit` passed first. IRQL ≤ APC_LEVEL.
    pub fn wait(&self, limit: Duration) -> bool {
        wait(self.as_ptr().cast(), Some(limit))
    }

    /// Waits without a limit: only for what the driver itself brings to an end. IRQL ≤ APC_LEVEL.
    pub fn wait_without_limit(&self) {
        wait(self.as_ptr().cast(), None);
    }

    /// Waits in a thread of user mode's, whose end ends the wait: `false` if it was not set.
    /// PASSIVE_LEVEL.
    pub fn wait_as_user(&self, limit: Duration) -> bool {
        let mut due = relative(limit);
        // SAFETY: a live dispatcher object; `due` outlives the call.
        let status = unsafe {
            KeWaitForSingleObject(self.as_ptr().cast(), UserRequest, UserMode as KPROCESSOR_MODE, 0, &mut due)
        };
        status == STATUS_SUCCESS
    }
}

/// Waits for any dispatcher object in kernel mode, not alertable. IRQL ≤ APC_LEVEL.
pub(super) fn wait(object: *mut c_void, limit: Option<Duration>) -> bool {
    let mut due = limit.map(relative);
    let timeout = due.as_mut().map_or(core::ptr::null_mut(), |due| &raw mut *due);
    // SAFETY: callers pass a live dispatcher object; `due` outlives the call.
    let status =
        unsafe { KeWaitForSingleObject(object, Executive, KernelMode as KPROCESSOR_MODE, 0, timeout) };
    status == STATUS_SUCCESS
}

/// Lets other threads run for at least `duration`. IRQL ≤ APC_LEVEL.
pub fn sleep(duration: Duration) {
    let mut interval = relative(duration);
    // SAFETY: `interval` outlives the call.
    unsafe { KeDelayExecutionThread(KernelMode as KPROCESSOR_MODE, 0, &mut interval) };
}
