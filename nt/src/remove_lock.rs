//! Remove locks: a device object may go only when nobody works with it any more.

use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;

use crate::pool::PoolBox;
use crate::sys::*;

const SIZE: u32 = size_of::<IO_REMOVE_LOCK>() as u32;

/// A remove lock at a fixed address. Any IRQL ≤ DISPATCH_LEVEL unless said otherwise.
pub struct RemoveLock(PoolBox<UnsafeCell<IO_REMOVE_LOCK>>);

// SAFETY: the I/O manager serialises access.
unsafe impl Sync for RemoveLock {}
// SAFETY: the lock stays at its address.
unsafe impl Send for RemoveLock {}

/// One acquisition. Dropped, it is released; [`Held::forget`] leaves it to [`RemoveLock::release`].
pub struct Held<'a> {
    lock: &'a RemoveLock,
}

impl RemoveLock {
    /// A lock in its initial state. `None` without memory. PASSIVE_LEVEL.
    #[must_use]
    pub fn new(tag: [u8; 4]) -> Option<Self> {
        let lock = Self(PoolBox::new(UnsafeCell::new(IO_REMOVE_LOCK::default()))?);
        // SAFETY: the block is ours and writable; no limits are asked for.
        unsafe { IoInitializeRemoveLockEx(lock.0.get(), u32::from_le_bytes(tag), 0, 0, SIZE) };
        Some(lock)
    }

    /// Acquires the lock.
    ///
    /// # Errors
    /// STATUS_DELETE_PENDING once [`RemoveLock::release_and_wait`] was called.
    pub fn acquire(&self) -> Result<Held<'_>, NTSTATUS> {
        // SAFETY: initialised. Tag and file serve checked builds only.
        let status = unsafe {
            IoAcquireRemoveLockEx(self.0.get(), core::ptr::null_mut(), c"".as_ptr().cast(), 0, SIZE)
        };
        if status < 0 { Err(status) } else { Ok(Held { lock: self }) }
    }

    /// Releases one acquisition that was forgotten ([`Held::forget`]), for instance when the IRP
    /// that it was kept for is completed.
    ///
    /// # Safety
    /// There is such an acquisition, released once.
    pub unsafe fn release(&self) {
        // SAFETY: acquired per contract.
        unsafe { IoReleaseRemoveLockEx(self.0.get(), core::ptr::null_mut(), SIZE) };
    }

    /// Lets no one in any more, gives up `held` and waits until all others have released.
    /// PASSIVE_LEVEL, once, while handling IRP_MN_REMOVE_DEVICE.
    pub fn release_and_wait(&self, held: Held<'_>) {
        debug_assert!(core::ptr::eq(self, held.lock));
        held.forget();
        // SAFETY: `held` was an acquisition of this lock.
        unsafe { IoReleaseRemoveLockAndWaitEx(self.0.get(), core::ptr::null_mut(), SIZE) };
    }
}

impl Held<'_> {
    /// Keeps the lock acquired beyond this value's life.
    pub fn forget(self) {
        let _ = ManuallyDrop::new(self);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: this value is one acquisition, released once.
        unsafe { self.lock.release() };
    }
}
