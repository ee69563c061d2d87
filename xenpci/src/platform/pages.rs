//! Pool pages that the hypervisor or a peer may write to.

use alloc::vec::Vec;
use core::ptr::NonNull;

use xenbus::{
    page::{RawPages, Words},
    seam::{NoMemory, SharedPage},
    sync::AtomicU32,
    types::{Gfn, PAGE_SIZE},
};

use super::hole::gfn_of;

/// Zeroed nonpaged pages, freed when dropped (`IRQL <= DISPATCH_LEVEL`). Who grants them or tells the
/// hypervisor about them forgets the value rather than drop it too early.
pub struct Pages {
    base: NonNull<u8>,
    pages: RawPages<Vec<Gfn>>,
}

#[expect(unsafe_code, reason = "memory reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Send for Pages {}
#[expect(unsafe_code, reason = "memory reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Sync for Pages {}

impl Pages {
    /// Allocates `count` pages.
    ///
    /// # Errors
    /// [`NoMemory`].
    #[expect(unsafe_code, reason = "wraps pool memory")]
    pub fn new(count: usize) -> Result<Self, NoMemory> {
        let mut gfns = Vec::new();
        gfns.try_reserve_exact(count).map_err(|_| NoMemory)?;
        // A page at least: pool from a page on is page-aligned.
        let base = NonNull::new(nt::pool::allocate(count.max(1) * PAGE_SIZE).cast::<u8>()).ok_or(NoMemory)?;
        gfns.extend((0..count).map(|i| Gfn(gfn_of(base.as_ptr().wrapping_add(i * PAGE_SIZE)))));
        // SAFETY: owned until `drop`, nonpaged, page-aligned, reached through atomics only.
        let pages = unsafe { RawPages::new(base, gfns) };
        Ok(Self { base, pages })
    }

    /// The first byte.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The frames.
    #[must_use]
    pub fn gfns(&self) -> &[Gfn] {
        self.pages.gfns()
    }
}

impl Drop for Pages {
    #[expect(unsafe_code, reason = "frees pool memory")]
    fn drop(&mut self) {
        // SAFETY: from `new`, freed once.
        unsafe { nt::pool::free(self.base.as_ptr().cast()) };
    }
}

impl Words for Pages {
    fn words(&self) -> &[AtomicU32] {
        self.pages.words()
    }
}

macro_rules! shared_page {
    ($($kind:ty),*) => {$(
        impl SharedPage for $kind {
            fn len(&self) -> usize {
                self.pages.len()
            }
            fn gfn(&self, index: usize) -> Gfn {
                self.pages.gfn(index)
            }
            fn load(&self, offset: usize) -> u32 {
                self.pages.load(offset)
            }
            fn store(&self, offset: usize, value: u32) {
                self.pages.store(offset, value);
            }
            fn load_acquire(&self, offset: usize) -> u32 {
                self.pages.load_acquire(offset)
            }
            fn store_release(&self, offset: usize, value: u32) {
                self.pages.store_release(offset, value);
            }
            fn copy_out(&self, offset: usize, to: &mut [u8]) {
                self.pages.copy_out(offset, to);
            }
            fn copy_in(&self, offset: usize, from: &[u8]) {
                self.pages.copy_in(offset, from);
            }
        }
    )*};
}

// A reference too: a ring may borrow its page from who keeps page and grant together.
shared_page!(Pages, &Pages);
