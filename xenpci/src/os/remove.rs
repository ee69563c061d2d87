//! Remove locks for requests: who takes one keeps it beyond the dispatch routine, until the request is over.

use alloc::alloc::{Layout, handle_alloc_error};

use nt::{
    remove_lock::Held,
    sys::{IO_REMOVE_LOCK, NTSTATUS},
};

/// A remove lock of the kernel's. Made without a way to fail: the driver has a reserve of memory.
pub struct RemoveLock(nt::remove_lock::RemoveLock);

impl RemoveLock {
    /// A lock nobody holds. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn new() -> Self {
        match nt::remove_lock::RemoveLock::new(*b"XPci") {
            Some(lock) => Self(lock),
            None => handle_alloc_error(Layout::new::<IO_REMOVE_LOCK>()),
        }
    }

    /// Takes the lock, for one [`RemoveLock::release`].
    ///
    /// # Errors
    /// `STATUS_DELETE_PENDING` once removal has begun.
    pub fn acquire(&self) -> Result<(), NTSTATUS> {
        self.0.acquire().map(Held::forget)
    }

    /// Releases what was taken.
    #[expect(unsafe_code, reason = "the count is the caller's")]
    pub fn release(&self) {
        // SAFETY: each request releases once what its dispatch routine took.
        unsafe { self.0.release() };
    }

    /// Lets nobody take it any more, releases what the caller took, and waits for the others.
    /// `PASSIVE_LEVEL`.
    pub fn release_and_wait(&self) {
        if let Ok(held) = self.0.acquire() {
            // Two are held now, by this caller: one ends here, the other in the wait.
            self.release();
            self.0.release_and_wait(held);
        }
    }
}
