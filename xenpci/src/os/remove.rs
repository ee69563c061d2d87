//! Remove locks: who holds one keeps the device object and its state.

use alloc::boxed::Box;
use core::cell::UnsafeCell;

use nt::sys::{
    IO_REMOVE_LOCK, IoAcquireRemoveLockEx, IoInitializeRemoveLockEx, IoReleaseRemoveLockAndWaitEx,
    IoReleaseRemoveLockEx, NTSTATUS,
};

use super::check;

/// `"XPci"`.
const TAG: u32 = u32::from_le_bytes(*b"XPci");
/// Of the free build's lock, which is what release code has to name.
const SIZE: u32 = size_of::<IO_REMOVE_LOCK>() as u32;

/// A remove lock, boxed because the kernel keeps pointers to it.
pub struct RemoveLock(Box<UnsafeCell<IO_REMOVE_LOCK>>);

#[expect(unsafe_code, reason = "the kernel synchronises")]
// SAFETY: made to be used from any processor.
unsafe impl Send for RemoveLock {}
#[expect(unsafe_code, reason = "the kernel synchronises")]
// SAFETY: as above.
unsafe impl Sync for RemoveLock {}

impl RemoveLock {
    /// A lock nobody holds. `PASSIVE_LEVEL`.
    #[must_use]
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn new() -> Self {
        let lock = Self(Box::new(UnsafeCell::new(IO_REMOVE_LOCK::default())));
        // SAFETY: our own nonpaged memory of the size that is named.
        unsafe { IoInitializeRemoveLockEx(lock.0.get(), TAG, 0, 0, SIZE) };
        lock
    }

    /// Takes the lock for `tag` (an IRP, or another address that the matching release names).
    ///
    /// # Errors
    /// `STATUS_DELETE_PENDING` once removal has begun.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn acquire<T>(&self, tag: *const T) -> Result<(), NTSTATUS> {
        // SAFETY: initialised; the tag is only compared.
        check(unsafe { IoAcquireRemoveLockEx(self.0.get(), tag.cast_mut().cast(), c"".as_ptr(), 1, SIZE) })
    }

    /// Releases what was taken for `tag`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn release<T>(&self, tag: *const T) {
        // SAFETY: taken with this tag.
        unsafe { IoReleaseRemoveLockEx(self.0.get(), tag.cast_mut().cast(), SIZE) };
    }

    /// Releases what was taken for `tag`, lets nobody take it any more, and waits for the others.
    /// `PASSIVE_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn release_and_wait<T>(&self, tag: *const T) {
        // SAFETY: taken with this tag.
        unsafe { IoReleaseRemoveLockAndWaitEx(self.0.get(), tag.cast_mut().cast(), SIZE) };
    }
}
