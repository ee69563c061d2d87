//! Events to wait for, in nanoseconds as the protocol code counts.

use alloc::alloc::{Layout, handle_alloc_error};
use core::time::Duration;

use nt::sys::KEVENT;

/// An event of the kernel's. Made without a way to fail: the driver has a reserve of memory.
pub struct Event(nt::ke::event::Event);

fn made(event: Option<nt::ke::event::Event>) -> Event {
    match event {
        Some(event) => Event(event),
        None => handle_alloc_error(Layout::new::<KEVENT>()),
    }
}

impl Event {
    /// Stays set until cleared; wakes everybody.
    #[must_use]
    pub fn notification() -> Self {
        made(nt::ke::event::Event::notification(false))
    }

    /// Wakes one and clears itself.
    #[must_use]
    pub fn synchronization(set: bool) -> Self {
        made(nt::ke::event::Event::synchronization(set))
    }

    /// Sets it. `IRQL <= DISPATCH_LEVEL`.
    pub fn set(&self) {
        self.0.set();
    }

    /// Clears it. `IRQL <= DISPATCH_LEVEL`.
    pub fn clear(&self) {
        self.0.reset();
    }

    /// Waits without a bound: only for what this driver itself brings to an end. `PASSIVE_LEVEL`.
    pub fn wait(&self) {
        self.0.wait_without_limit();
    }

    /// Waits at most `nanoseconds`; true when it was set. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn wait_for(&self, nanoseconds: u64) -> bool {
        self.0.wait(Duration::from_nanos(nanoseconds))
    }

    /// Waits like [`Event::wait_for`], in a thread of user mode's: its end ends the wait.
    pub fn wait_user(&self, nanoseconds: u64) {
        // The caller looks at what it waits for in any case.
        let _ = self.0.wait_as_user(Duration::from_nanos(nanoseconds));
    }

    /// For functions of the kernel that set it.
    pub fn raw(&self) -> *mut KEVENT {
        self.0.as_ptr()
    }
}
