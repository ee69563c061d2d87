//! Pages to be shared, from xenpci.

use alloc::{vec, vec::Vec};
use core::sync::atomic::{AtomicU32, Ordering};

use xenbus::{
    seam::{NoMemory, PageAllocator, SharedPage},
    types::{Gfn, PAGE_SIZE},
};

use crate::client::Client;

/// A run of nonpaged pages, freed when dropped (`IRQL <= DISPATCH_LEVEL`). Whoever grants them
/// forgets the value rather than drop it while the back-end still maps a page.
pub struct Pages {
    client: Client,
    address: *mut u8,
    gfns: Vec<Gfn>,
}

#[expect(unsafe_code, reason = "all access is by atomics")]
// SAFETY: the memory is owned and reached only through atomics.
unsafe impl Send for Pages {}
#[expect(unsafe_code, reason = "all access is by atomics")]
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    /// The first byte, for a driver that hands the memory to Windows (an MDL). The peer may change
    /// it at any time while it is granted: never make a reference of it.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.address
    }

    #[expect(unsafe_code, reason = "an atomic view of a word of owned memory")]
    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4) && offset < self.len(), "offset outside of the pages");
        // SAFETY: the offset lies inside the owned pages, as just asserted.
        let pointer = unsafe { self.address.add(offset) };
        // SAFETY: aligned (asserted), valid as long as `self`, and only reached by atomics.
        unsafe { AtomicU32::from_ptr(pointer.cast()) }
    }
}

impl Drop for Pages {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        let t = self.client.table();
        // SAFETY: the address came from `pages_alloc` and is freed once.
        unsafe { (t.pages_free)(t.context, self.address) }
    }
}

impl SharedPage for Pages {
    fn len(&self) -> usize {
        self.gfns.len() * PAGE_SIZE
    }

    fn gfn(&self, index: usize) -> Gfn {
        self.gfns[index]
    }

    fn load(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Relaxed)
    }

    fn store(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Relaxed);
    }

    fn load_acquire(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }

    fn store_release(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }

    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        assert!(to.len().is_multiple_of(4), "not whole words");
        for (index, chunk) in to.chunks_exact_mut(4).enumerate() {
            chunk.copy_from_slice(&self.load(offset + 4 * index).to_le_bytes());
        }
    }

    fn copy_in(&self, offset: usize, from: &[u8]) {
        assert!(from.len().is_multiple_of(4), "not whole words");
        for (index, chunk) in from.chunks_exact(4).enumerate() {
            let word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
            self.store(offset + 4 * index, word);
        }
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
        let gfns = frames.into_iter().map(Gfn).collect();
        Ok(Pages { client: self.clone(), address, gfns })
    }
}
