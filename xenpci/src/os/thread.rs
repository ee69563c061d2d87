//! System threads.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use nt::sys::NTSTATUS;

use super::Event;

/// How a thread is woken and told to end.
pub struct Signal {
    event: Event,
    stopping: AtomicBool,
}

impl Signal {
    /// Waits until woken.
    pub fn wait(&self) {
        self.event.wait();
    }

    /// Waits until woken, at most `nanoseconds`; true when woken.
    #[must_use]
    pub fn wait_for(&self, nanoseconds: u64) -> bool {
        self.event.wait_for(nanoseconds)
    }

    /// True when the thread shall end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// A system thread, told to end and joined when dropped. Its closure has to look at its [`Signal`] and
/// return soon after it was told. Never dropped by itself.
pub struct Thread {
    signal: Arc<Signal>,
    /// Dropped after it was told: waits.
    _thread: nt::ke::thread::Thread,
}

impl Thread {
    /// Starts a thread that runs `body`. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The status of the thread's creation.
    pub fn spawn(body: impl FnOnce(&Signal) + Send + 'static) -> Result<Self, NTSTATUS> {
        let signal =
            Arc::new(Signal { event: Event::synchronization(false), stopping: AtomicBool::new(false) });
        let its = Arc::clone(&signal);
        let thread = nt::ke::thread::Thread::spawn(move || body(&its))?;
        Ok(Self { signal, _thread: thread })
    }

    /// Wakes it. `IRQL <= DISPATCH_LEVEL`.
    pub fn wake(&self) {
        self.signal.event.set();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.signal.stopping.store(true, Ordering::Release);
        self.signal.event.set();
    }
}
