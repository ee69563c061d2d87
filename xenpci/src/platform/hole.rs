//! Guest-physical room for what the hypervisor puts in place: the shared info page and the frames of
//! the grant table.
//!
//! Allocated pages are given back to Xen (`decrease_reservation`), which leaves their frames empty
//! and their mapping in place; where that is refused, the memory BAR of the device serves, which is
//! there for this. On release the frames are populated again; a frame that cannot be is leaked on
//! purpose: it must never be used as memory.

use alloc::vec::Vec;
use core::{ffi::c_void, ptr::NonNull};

use super::log::debug_port;
use nt::sys::{
    LARGE_INTEGER, MmGetPhysicalAddress, MmMapIoSpaceEx, MmUnmapIoSpace, NTSTATUS,
    STATUS_INSUFFICIENT_RESOURCES,
};
use xenbus::{
    arch::{Direct, Xen},
    page::RawPages,
    types::{Gfn, PAGE_SIZE},
};

const PAGE_READWRITE: u32 = 4;

/// Where the room is.
enum Source {
    /// Pool pages whose frames are empty.
    Pool,
    /// The device's memory BAR, mapped.
    Bar,
}

/// The room.
pub struct Hole {
    xen: Xen<Direct>,
    base: NonNull<u8>,
    frames: Vec<u64>,
    source: Source,
}

#[expect(unsafe_code, reason = "memory reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Send for Hole {}
#[expect(unsafe_code, reason = "memory reached through atomics only")]
// SAFETY: see the reason.
unsafe impl Sync for Hole {}

/// The guest frame of a nonpaged address. `IRQL <= DISPATCH_LEVEL`.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn gfn_of(address: *const u8) -> u64 {
    // SAFETY: only translates.
    let physical = unsafe { MmGetPhysicalAddress(address.cast_mut().cast()) };
    // SAFETY: all bit patterns are integers.
    unsafe { physical.QuadPart }.cast_unsigned() / PAGE_SIZE as u64
}

#[expect(unsafe_code, reason = "changes what lies behind frames")]
impl Hole {
    /// Makes room for `pages`. `bar` is the start and length of the device's memory. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when neither way works.
    pub fn new(xen: Xen<Direct>, pages: usize, bar: Option<(u64, u64)>) -> Result<Self, NTSTATUS> {
        Self::from_pool(xen, pages)
            .or_else(|| Self::from_bar(xen, pages, bar?))
            .ok_or(STATUS_INSUFFICIENT_RESOURCES)
    }

    fn from_pool(xen: Xen<Direct>, pages: usize) -> Option<Self> {
        let base = NonNull::new(nt::pool::allocate(pages * PAGE_SIZE).cast::<u8>())?;
        let frames: Vec<u64> =
            (0..pages).map(|i| gfn_of(base.as_ptr().wrapping_add(i * PAGE_SIZE))).collect();
        // SAFETY: fresh pages of ours that nothing relies on.
        let given = unsafe { xen.memory_decrease_reservation(&frames, 0) }.unwrap_or(0);
        let hole = Self { xen, base, frames, source: Source::Pool };
        if given == pages {
            return Some(hole);
        }
        hole.release(given);
        None
    }

    fn from_bar(xen: Xen<Direct>, pages: usize, (start, length): (u64, u64)) -> Option<Self> {
        let bytes = pages * PAGE_SIZE;
        if !start.is_multiple_of(PAGE_SIZE as u64) || length < bytes as u64 {
            return None;
        }
        let physical = LARGE_INTEGER { QuadPart: start.cast_signed() };
        // SAFETY: the device's own memory, assigned to this driver. Cached: it is RAM once in place.
        let base = unsafe { MmMapIoSpaceEx(physical, bytes, PAGE_READWRITE) };
        let base = NonNull::new(base.cast::<u8>())?;
        let first = start / PAGE_SIZE as u64;
        let frames = (first..first + pages as u64).collect();
        Some(Self { xen, base, frames, source: Source::Bar })
    }

    /// Number of pages.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The frame of page `index`.
    pub fn gfn(&self, index: usize) -> Gfn {
        Gfn(self.frames[index])
    }

    /// The memory of page `index`. Touched only once something was put in place there, and not after
    /// the hole was dropped.
    pub fn memory(&self, index: usize) -> RawPages<[Gfn; 1]> {
        assert!(index < self.len(), "outside of the room");
        let address = self.base.as_ptr().wrapping_add(index * PAGE_SIZE);
        let Some(address) = NonNull::new(address) else { unreachable!("inside of a mapping") };
        // SAFETY: mapped as long as the hole, page-aligned, reached through atomics only.
        unsafe { RawPages::new(address, [self.gfn(index)]) }
    }

    /// Populates the first `count` frames again and frees what may be freed.
    fn release(mut self, count: usize) {
        self.give_back(count);
        // What `give_back` did must not be done again.
        self.frames.clear();
    }

    fn give_back(&mut self, count: usize) {
        match self.source {
            Source::Bar => {
                let bytes = self.frames.len() * PAGE_SIZE;
                // SAFETY: the mapping of `from_bar`.
                unsafe { MmUnmapIoSpace(self.base.as_ptr().cast::<c_void>(), bytes) };
            }
            Source::Pool => {
                let empty = &self.frames[..count];
                let mut whole = empty.is_empty();
                for frame in empty {
                    // What the hypervisor put there goes first; most frames have nothing.
                    // SAFETY: frames of the hole, on which nothing relies any more.
                    let _ = unsafe { self.xen.memory_remove_from_physmap(Gfn(*frame)) };
                }
                if !whole {
                    // SAFETY: the frames were emptied (or hold the hypervisor's pages, which are
                    // replaced) and nothing relies on them.
                    whole = unsafe { self.xen.memory_populate_physmap(empty, 0) } == Ok(count);
                }
                if !whole {
                    debug_port(b"xenpvpci: frames of the hole could not be populated: leaked\n");
                } else {
                    // SAFETY: memory again; nobody else knows it. No leftovers reach the pool.
                    unsafe { self.base.as_ptr().write_bytes(0, self.frames.len() * PAGE_SIZE) };
                    // SAFETY: from the pool, freed once.
                    unsafe { nt::pool::free(self.base.as_ptr().cast()) };
                }
            }
        }
    }
}

impl Drop for Hole {
    fn drop(&mut self) {
        if !self.frames.is_empty() {
            self.give_back(self.frames.len());
        }
    }
}
