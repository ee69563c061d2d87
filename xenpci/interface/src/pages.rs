//! Pages to be shared, from xenpci.

use alloc::{vec, vec::Vec};
use core::ptr::NonNull;

use xenbus::{
    page::{RawPages, Words},
    seam::{NoMemory, PageAllocator, SharedPage},
    sync::AtomicU32,
    types::Gfn,
};

use crate::client::Client;

/// A run of nonpaged pages, freed when dropped (`IRQL <= DISPATCH_LEVEL`). Whoever grants them
/// leaks them ([`SharedPage::leak`]) rather than drop them while the back-end still maps a page.
pub struct Pages {
    /// `None` once leaked: the memory is xenpci's, and nothing of the driver's stays with it.
    client: Option<Client>,
    address: NonNull<u8>,
    pages: RawPages<Vec<Gfn>>,
}

#[expect(unsafe_code, reason = "the pointer is the owned pages, reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Send for Pages {}
#[expect(unsafe_code, reason = "the pointer is the owned pages, reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Sync for Pages {}

impl Pages {
    /// The first byte, for a driver that hands the memory to Windows (an MDL). The peer may change
    /// it at any time while it is granted: never make a reference of it.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.address.as_ptr()
    }
}

impl Drop for Pages {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        let Some(client) = &self.client else { return };
        let t = client.table();
        // SAFETY: the address came from `pages_alloc` and is freed once; `pages` is not used again.
        unsafe { (t.pages_free)(t.context, self.address.as_ptr()) }
    }
}

impl Words for Pages {
    fn words(&self) -> &[AtomicU32] {
        self.pages.words()
    }
}

impl SharedPage for Pages {
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
    fn leak(mut self) {
        self.client = None;
    }
}

impl PageAllocator for Client {
    type Page = Pages;

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn alloc_pages(&self, count: usize) -> Result<Pages, NoMemory> {
        let wanted = u32::try_from(count).ok().filter(|n| *n > 0).ok_or(NoMemory)?;
        let mut frames = vec![0u64; count];
        let mut address = core::ptr::null_mut();
        let t = self.table();
        // SAFETY: `frames` has room for `wanted` numbers; both outlive the call.
        unsafe { (t.pages_alloc)(t.context, wanted, &raw mut address, frames.as_mut_ptr()) }
            .ok()
            .map_err(|_| NoMemory)?;
        let address = NonNull::new(address).ok_or(NoMemory)?;
        let gfns: Vec<Gfn> = frames.into_iter().map(Gfn).collect();
        // SAFETY: xenpci gave `wanted` nonpaged, page-aligned pages that are freed in `drop` only.
        let pages = unsafe { RawPages::new(address, gfns) };
        Ok(Pages { client: Some(self.clone()), address, pages })
    }
}
