//! Memory descriptor lists over non-paged memory.

use core::marker::PhantomData;

use crate::irp::MmGetMdlPfnArray;
use crate::sys::*;

/// An MDL that describes non-paged memory borrowed for `'a`.
pub struct NonPagedMdl<'a> {
    mdl: *mut MDL,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: the description is not modified after creation.
unsafe impl Send for NonPagedMdl<'_> {}
// SAFETY: the description is not modified after creation.
unsafe impl Sync for NonPagedMdl<'_> {}

impl<'a> NonPagedMdl<'a> {
    /// Describes `memory`. `None` without memory, or above the 4 GiB that an MDL can describe.
    /// IRQL ≤ DISPATCH_LEVEL.
    ///
    /// # Safety
    /// `memory` lies in non-paged pool, contiguous memory or a driver's own resident image.
    #[must_use]
    pub unsafe fn new(memory: &'a [u8]) -> Option<Self> {
        let length = u32::try_from(memory.len()).ok()?;
        let address = memory.as_ptr().cast_mut().cast();
        // SAFETY: any address range may be described.
        let mdl = unsafe { IoAllocateMdl(address, length, 0, 0, core::ptr::null_mut()) };
        if mdl.is_null() {
            return None;
        }
        // SAFETY: the range is resident per contract.
        unsafe { MmBuildMdlForNonPagedPool(mdl) };
        Some(Self { mdl, memory: PhantomData })
    }

    /// For functions that take a `PMDL`. Valid as long as `self`.
    #[must_use]
    pub const fn as_ptr(&self) -> *mut MDL {
        self.mdl
    }

    /// The page frame numbers of the pages that the memory touches, in order.
    #[must_use]
    pub fn frames(&self) -> &[PFN_NUMBER] {
        // SAFETY: valid as long as `self`.
        let mdl = unsafe { &*self.mdl };
        let pages = spanned_pages(mdl.ByteOffset as usize, mdl.ByteCount as usize);
        // SAFETY: the MDL was built by the memory manager.
        let first = unsafe { MmGetMdlPfnArray(self.mdl) };
        // SAFETY: the array follows the header and has an entry for each page spanned.
        unsafe { core::slice::from_raw_parts(first, pages) }
    }
}

impl Drop for NonPagedMdl<'_> {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`; nothing was locked or mapped.
        unsafe { IoFreeMdl(self.mdl) };
    }
}

/// How many pages `length` bytes from `offset` into a page touch.
const fn spanned_pages(offset: usize, length: usize) -> usize {
    (offset + length).div_ceil(PAGE_SIZE as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_spanned() {
        assert_eq!(spanned_pages(0, 0), 0);
        assert_eq!(spanned_pages(0, 4096), 1);
        assert_eq!(spanned_pages(1, 4096), 2);
        assert_eq!(spanned_pages(4095, 2), 2);
        assert_eq!(spanned_pages(4095, 1), 1);
    }
}
