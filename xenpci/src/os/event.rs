//! Events to wait for.

use alloc::boxed::Box;
use core::cell::UnsafeCell;

use nt::sys::{
    EVENT_TYPE, KEVENT, KeClearEvent, KeInitializeEvent, KeSetEvent, KeWaitForSingleObject, LARGE_INTEGER,
    NotificationEvent, STATUS_SUCCESS, SynchronizationEvent,
};

/// `Executive` and `KernelMode` (wdm.h).
const EXECUTIVE: i32 = 0;
const KERNEL_MODE: i8 = 0;

/// An event. Boxed, because the dispatcher keeps pointers to it while somebody waits.
pub struct Event(Box<UnsafeCell<KEVENT>>);

#[expect(unsafe_code, reason = "the dispatcher synchronises")]
// SAFETY: a KEVENT is made to be used from any processor.
unsafe impl Send for Event {}
#[expect(unsafe_code, reason = "the dispatcher synchronises")]
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn new(kind: EVENT_TYPE, set: bool) -> Self {
        let event = Self(Box::new(UnsafeCell::new(KEVENT::default())));
        // SAFETY: the memory is ours and nonpaged (the allocator gives no other).
        unsafe { KeInitializeEvent(event.0.get(), kind, u8::from(set)) };
        event
    }

    /// Stays set until cleared; wakes everybody.
    #[must_use]
    pub fn notification() -> Self {
        Self::new(NotificationEvent, false)
    }

    /// Wakes one and clears itself.
    #[must_use]
    pub fn synchronization(set: bool) -> Self {
        Self::new(SynchronizationEvent, set)
    }

    /// Sets it. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn set(&self) {
        // SAFETY: initialised in `new`, alive.
        unsafe { KeSetEvent(self.0.get(), 0, 0) };
    }

    /// Clears it. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn clear(&self) {
        // SAFETY: initialised in `new`, alive.
        unsafe { KeClearEvent(self.0.get()) };
    }

    /// Waits without a bound: only for what this driver itself brings to an end. `PASSIVE_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn wait(&self) {
        // SAFETY: initialised in `new`, alive; null is no timeout.
        unsafe { KeWaitForSingleObject(self.raw().cast(), EXECUTIVE, KERNEL_MODE, 0, core::ptr::null_mut()) };
    }

    /// Waits at most `nanoseconds`; true when it was set. `PASSIVE_LEVEL`, or with 0 up to
    /// `DISPATCH_LEVEL`.
    #[must_use]
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn wait_for(&self, nanoseconds: u64) -> bool {
        let mut timeout = relative(nanoseconds);
        // SAFETY: initialised in `new`, alive; the timeout outlives the call.
        let status =
            unsafe { KeWaitForSingleObject(self.raw().cast(), EXECUTIVE, KERNEL_MODE, 0, &raw mut timeout) };
        status == STATUS_SUCCESS
    }

    /// Waits like [`Event::wait_for`], in a thread of user mode's: its end ends the wait.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn wait_user(&self, nanoseconds: u64) {
        const USER_REQUEST: i32 = 6;
        const USER_MODE: i8 = 1;
        let mut timeout = relative(nanoseconds);
        // SAFETY: initialised in `new`, alive; the timeout outlives the call.
        unsafe { KeWaitForSingleObject(self.raw().cast(), USER_REQUEST, USER_MODE, 0, &raw mut timeout) };
    }

    /// For functions of the kernel that set it.
    pub fn raw(&self) -> *mut KEVENT {
        self.0.get()
    }
}

/// A relative time as the kernel wants it: negative, in 100 ns, rounded up.
pub(super) fn relative(nanoseconds: u64) -> LARGE_INTEGER {
    let ticks = nanoseconds.div_ceil(100).min(i64::MAX as u64);
    LARGE_INTEGER { QuadPart: -ticks.cast_signed() }
}
