//! Pages that the toolstack made: xenstore's and the console's rings. They lie outside of Windows'
//! memory, and may be elsewhere after a wake.

use core::{
    ffi::c_void,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
};

use nt::sys::{LARGE_INTEGER, MmMapIoSpaceEx, MmUnmapIoSpace};
use xenbus::{
    page::{RawPages, Words},
    seam::{NoMemory, SharedPage},
    types::{Gfn, PAGE_SIZE},
};

const PAGE_READWRITE: u32 = 4;

/// A mapped page whose place can be changed while nobody uses it.
pub struct MappedPage {
    base: AtomicPtr<u8>,
    frame: AtomicU64,
}

#[expect(unsafe_code, reason = "maps memory of the toolstack's")]
fn map(frame: Gfn) -> Result<NonNull<u8>, NoMemory> {
    let physical = LARGE_INTEGER { QuadPart: (frame.0 * PAGE_SIZE as u64).cast_signed() };
    // SAFETY: the toolstack set the page aside for this ring; Windows does not know it as memory.
    NonNull::new(unsafe { MmMapIoSpaceEx(physical, PAGE_SIZE, PAGE_READWRITE) }.cast::<u8>()).ok_or(NoMemory)
}

impl MappedPage {
    /// Maps a page. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn new(frame: Gfn) -> Result<Self, NoMemory> {
        let base = map(frame)?;
        Ok(Self { base: AtomicPtr::new(base.as_ptr()), frame: AtomicU64::new(frame.0) })
    }

    /// Moves to another frame. Nobody uses the page meanwhile. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`NoMemory`]; the old page then stays mapped.
    #[expect(unsafe_code, reason = "unmaps")]
    pub fn remap(&self, frame: Gfn) -> Result<(), NoMemory> {
        if self.frame.load(Ordering::Acquire) == frame.0 {
            return Ok(());
        }
        let base = map(frame)?;
        let old = self.base.swap(base.as_ptr(), Ordering::AcqRel);
        self.frame.store(frame.0, Ordering::Release);
        // SAFETY: the mapping of before, which nobody uses.
        unsafe { MmUnmapIoSpace(old.cast::<c_void>(), PAGE_SIZE) };
        Ok(())
    }

    #[expect(unsafe_code, reason = "a view of mapped memory")]
    fn view(&self) -> RawPages<[Gfn; 1]> {
        let base = self.base.load(Ordering::Acquire);
        let Some(base) = NonNull::new(base) else { unreachable!("never null") };
        // SAFETY: mapped as long as `self`, except for `remap`, during which nobody looks.
        unsafe { RawPages::new(base, [Gfn(self.frame.load(Ordering::Relaxed))]) }
    }
}

impl Drop for MappedPage {
    #[expect(unsafe_code, reason = "unmaps")]
    fn drop(&mut self) {
        // SAFETY: our mapping, undone once.
        unsafe { MmUnmapIoSpace(self.base.load(Ordering::Acquire).cast::<c_void>(), PAGE_SIZE) };
    }
}

impl SharedPage for &MappedPage {
    fn len(&self) -> usize {
        PAGE_SIZE
    }
    fn gfn(&self, _: usize) -> Gfn {
        Gfn(self.frame.load(Ordering::Relaxed))
    }
    fn load(&self, offset: usize) -> u32 {
        self.view().load(offset)
    }
    fn store(&self, offset: usize, value: u32) {
        self.view().store(offset, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.view().load_acquire(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.view().store_release(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        xenbus::page::copy_out(self.view().words(), offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        xenbus::page::copy_in(self.view().words(), offset, from);
    }
}

/// Counted, so that the store's client and its owner can both have it.
#[derive(Clone)]
pub struct SharedMapped(pub alloc::sync::Arc<MappedPage>);

impl SharedPage for SharedMapped {
    fn len(&self) -> usize {
        PAGE_SIZE
    }
    fn gfn(&self, index: usize) -> Gfn {
        (&*self.0).gfn(index)
    }
    fn load(&self, offset: usize) -> u32 {
        (&*self.0).load(offset)
    }
    fn store(&self, offset: usize, value: u32) {
        (&*self.0).store(offset, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        (&*self.0).load_acquire(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        (&*self.0).store_release(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        (&*self.0).copy_out(offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        (&*self.0).copy_in(offset, from);
    }
}
