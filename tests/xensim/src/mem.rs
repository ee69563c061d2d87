//! Guest memory as the hypervisor and the back-ends reach it: the physmap and single pages.
//!
//! All accesses are atomic or volatile: the guest's processors and this simulator share these pages.
//! This is the only file of the crate, besides the in-process memory of `direct`, that needs unsafe.
#![allow(unsafe_code)] // Guest pages are raw memory by nature; every access is bounds-checked here.

use std::{
    collections::BTreeMap,
    ptr::NonNull,
    sync::atomic::{
        AtomicU8, AtomicU16, AtomicU32, AtomicU64,
        Ordering::{Relaxed, Release, SeqCst},
    },
};

use ::machine::{Backing, GuestMemory};

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// The physmap, or a copy between guest and machine, failed: nothing is there (`EFAULT` to a caller).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// One page of memory that the guest can reach too. A handle, not an owner: valid while the machine lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page(NonNull<u8>);

macro_rules! word {
    ($get:ident, $set:ident, $atomic:ty, $t:ty) => {
        /// Reads one word; `at` is in bytes and aligned.
        #[must_use]
        pub fn $get(self, at: usize) -> $t {
            self.word::<$atomic>(at).load(Relaxed)
        }
        /// Writes one word; `at` is in bytes and aligned.
        pub fn $set(self, at: usize, value: $t) {
            self.word::<$atomic>(at).store(value, Release);
        }
    };
}

impl Page {
    /// Takes a host address for a page.
    pub(crate) fn from_host(address: *mut u8) -> Option<Self> {
        NonNull::new(address).map(Self)
    }

    fn word<T>(self, at: usize) -> &'static T {
        assert!(at.is_multiple_of(size_of::<T>()) && at + size_of::<T>() <= PAGE, "offset {at:#x} in a page");
        // SAFETY: `at` lies inside the page (checked above).
        let address = unsafe { self.0.as_ptr().add(at) };
        // SAFETY: only instantiated for atomics (private); the page outlives the machine (GuestMemory's
        // contract), is aligned, and is reached by atomics or volatile accesses only.
        unsafe { &*address.cast::<T>() }
    }

    word!(get8, set8, AtomicU8, u8);
    word!(get16, set16, AtomicU16, u16);
    word!(get32, set32, AtomicU32, u32);
    word!(get64, set64, AtomicU64, u64);

    /// Atomic or of a byte; returns the old value.
    pub fn or8(self, at: usize, bits: u8) -> u8 {
        self.word::<AtomicU8>(at).fetch_or(bits, SeqCst)
    }
    /// Atomic or of a word; returns the old value.
    pub fn or32(self, at: usize, bits: u32) -> u32 {
        self.word::<AtomicU32>(at).fetch_or(bits, SeqCst)
    }
    /// Atomic and of a word; returns the old value.
    pub fn and32(self, at: usize, bits: u32) -> u32 {
        self.word::<AtomicU32>(at).fetch_and(bits, SeqCst)
    }
    /// Atomic or of a half word; returns the old value.
    pub fn or16(self, at: usize, bits: u16) -> u16 {
        self.word::<AtomicU16>(at).fetch_or(bits, SeqCst)
    }
    /// Atomic and of a half word; returns the old value.
    pub fn and16(self, at: usize, bits: u16) -> u16 {
        self.word::<AtomicU16>(at).fetch_and(bits, SeqCst)
    }
    /// Replaces a word if it still is `old`.
    ///
    /// # Errors
    /// The value that was found instead.
    pub fn swap32(self, at: usize, old: u32, new: u32) -> Result<(), u32> {
        self.word::<AtomicU32>(at).compare_exchange(old, new, SeqCst, SeqCst).map(|_| ())
    }

    /// Copies out `to.len()` bytes from `at`.
    pub fn read(self, at: usize, to: &mut [u8]) {
        assert!(at + to.len() <= PAGE, "copy of {} at {at:#x} leaves the page", to.len());
        // SAFETY: `at` lies inside the page or at its end (checked).
        let source = unsafe { self.0.as_ptr().add(at) };
        // SAFETY: the source range lies inside the page (checked); `to` is exclusive memory of ours.
        unsafe { std::ptr::copy_nonoverlapping(source, to.as_mut_ptr(), to.len()) }
        std::sync::atomic::fence(SeqCst);
    }

    /// Copies in `from` at `at`.
    pub fn write(self, at: usize, from: &[u8]) {
        assert!(at + from.len() <= PAGE, "copy of {} at {at:#x} leaves the page", from.len());
        std::sync::atomic::fence(SeqCst);
        // SAFETY: `at` lies inside the page or at its end (checked).
        let target = unsafe { self.0.as_ptr().add(at) };
        // SAFETY: the target range lies inside the page (checked); `from` is other memory.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), target, from.len()) }
    }

    /// Fills the page.
    pub fn fill(self, byte: u8) {
        self.write(0, &[byte; PAGE]);
    }
}

/// The guest's physical address space.
pub struct Mem {
    guest: Option<&'static dyn GuestMemory>,
    shared: Option<NonNull<u8>>,
    shared_pages: u32,
    /// Frames whose backing differs from the engine's RAM.
    over: BTreeMap<u64, Backing>,
    /// Watched pages, and how many want that.
    watched: BTreeMap<Page, u32>,
}

impl Mem {
    /// Memory that is not attached yet, with so many pages in the shared region.
    pub(crate) fn new(shared_pages: u32) -> Self {
        Self { guest: None, shared: None, shared_pages, over: BTreeMap::new(), watched: BTreeMap::new() }
    }

    /// See [`machine::Machine::attach`].
    pub(crate) fn attach(&mut self, guest: &'static dyn GuestMemory, shared: *mut u8) {
        self.guest = Some(guest);
        self.shared = NonNull::new(shared);
        for index in 0..self.shared_pages {
            if let Some(page) = self.shared_page(index) {
                page.fill(0);
            }
        }
    }

    /// Whether an engine is behind this memory.
    #[must_use]
    pub fn attached(&self) -> bool {
        self.guest.is_some()
    }

    /// Page `index` of the shared region.
    #[must_use]
    pub fn shared_page(&self, index: u32) -> Option<Page> {
        if index >= self.shared_pages {
            return None;
        }
        let base = self.shared?;
        // SAFETY: the region has `shared_pages` pages (Machine::attach's contract), index is below.
        let address = unsafe { base.as_ptr().add(index as usize * PAGE) };
        Page::from_host(address)
    }

    /// What lies behind a frame now.
    #[must_use]
    pub fn backing(&self, gfn: u64) -> Backing {
        if let Some(backing) = self.over.get(&gfn) {
            return *backing;
        }
        match self.guest.and_then(|guest| guest.frame(gfn)) {
            Some(_) => Backing::Ram,
            None => Backing::Hole,
        }
    }

    /// The page behind a frame.
    #[must_use]
    pub fn page(&self, gfn: u64) -> Option<Page> {
        match self.over.get(&gfn) {
            Some(Backing::Hole) => None,
            Some(Backing::Shared(index)) => self.shared_page(*index),
            Some(Backing::Ram) | None => self.guest?.frame(gfn).and_then(Page::from_host),
        }
    }

    /// The engine announces the guest's accesses to a page from now on. Counted: as many calls of
    /// [`Mem::unwatch`] end it.
    pub fn watch(&mut self, page: Page) {
        let wanted = self.watched.entry(page).or_default();
        *wanted += 1;
        if *wanted == 1
            && let Some(guest) = self.guest
        {
            guest.watch(page.0.as_ptr(), true);
        }
    }

    /// Ends one [`Mem::watch`].
    pub fn unwatch(&mut self, page: Page) {
        let Some(wanted) = self.watched.get_mut(&page) else { return };
        *wanted -= 1;
        if *wanted == 0 {
            self.watched.remove(&page);
            if let Some(guest) = self.guest {
                guest.watch(page.0.as_ptr(), false);
            }
        }
    }

    /// Ends all watching: the domain is another.
    pub fn unwatch_all(&mut self) {
        for (page, _) in std::mem::take(&mut self.watched) {
            if let Some(guest) = self.guest {
                guest.watch(page.0.as_ptr(), false);
            }
        }
    }

    /// Changes what lies behind a frame, and tells the engine.
    pub(crate) fn set(&mut self, gfn: u64, backing: Backing) {
        let is_ram = self.guest.is_some_and(|guest| guest.frame(gfn).is_some());
        if (backing == Backing::Ram && is_ram) || (backing == Backing::Hole && !is_ram) {
            self.over.remove(&gfn);
        } else {
            self.over.insert(gfn, backing);
        }
        if let Some(guest) = self.guest {
            guest.set_frame(gfn, backing);
        }
    }

    /// Clears all shared pages and takes them out of the physmap. `forget_holes`: as for a domain that
    /// is built anew; else what was given back stays away, as in a restored memory image.
    pub(crate) fn reset(&mut self, forget_holes: bool) {
        let over: Vec<(u64, Backing)> = self.overlays().collect();
        for (gfn, backing) in over {
            if forget_holes && self.is_engine_ram(gfn) {
                self.set(gfn, Backing::Ram);
            } else if backing != Backing::Hole {
                self.set(gfn, Backing::Hole);
            }
        }
        for index in 0..self.shared_pages {
            if let Some(page) = self.shared_page(index) {
                page.fill(0);
            }
        }
    }

    /// Whether the engine has a RAM page for a frame (behind a hole, perhaps).
    #[must_use]
    pub fn is_engine_ram(&self, gfn: u64) -> bool {
        self.guest.is_some_and(|guest| gfn < guest.frames())
    }

    /// Frames whose backing is a page of the shared region or (for RAM) a hole.
    pub fn overlays(&self) -> impl Iterator<Item = (u64, Backing)> + '_ {
        self.over.iter().map(|(gfn, backing)| (*gfn, *backing))
    }

    /// Number of RAM frames that the engine has.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.guest.map_or(0, GuestMemory::frames)
    }

    /// RAM frames that were given back.
    #[must_use]
    pub fn holes(&self) -> u64 {
        self.over.values().filter(|backing| **backing == Backing::Hole).count() as u64
    }

    fn each(
        &self,
        gva: u64,
        len: usize,
        mut work: impl FnMut(Page, usize, usize, usize),
    ) -> Result<(), Fault> {
        let guest = self.guest.ok_or(Fault)?;
        let mut done = 0;
        while done < len {
            let gva = gva.checked_add(done as u64).ok_or(Fault)?;
            let gpa = guest.translate(gva).ok_or(Fault)?;
            let page = self.page(gpa >> 12).ok_or(Fault)?;
            let at = (gpa & 0xfff) as usize;
            let run = (PAGE - at).min(len - done);
            work(page, at, done, run);
            done += run;
        }
        Ok(())
    }

    /// Copies a hypercall's argument from a guest virtual address.
    ///
    /// # Errors
    /// [`Fault`] where nothing is mapped.
    pub fn copy_from_guest(&self, gva: u64, to: &mut [u8]) -> Result<(), Fault> {
        let len = to.len();
        self.each(gva, len, |page, at, done, run| page.read(at, &mut to[done..done + run]))
    }

    /// Copies a hypercall's result to a guest virtual address.
    ///
    /// # Errors
    /// [`Fault`] where nothing is mapped.
    pub fn copy_to_guest(&self, gva: u64, from: &[u8]) -> Result<(), Fault> {
        self.each(gva, from.len(), |page, at, done, run| page.write(at, &from[done..done + run]))
    }
}
