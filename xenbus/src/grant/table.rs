//! Entries: finding, writing and ending them.

use alloc::{boxed::Box, vec::Vec};

use arrayvec::ArrayVec;

use crate::{
    abi::grant::{RESERVED_ENTRIES, flag},
    page::Words,
    seam::{Access, GrantError, GrantTable, StillMapped},
    sync::{AtomicU32, Lock, Ordering, Platform},
    types::{Domid, Gfn, GrantRef},
};

/// Entries in a frame (loom needs few).
const ENTRIES_PER_FRAME: u32 = if cfg!(loom) { 12 } else { crate::abi::grant::ENTRIES_PER_FRAME };
/// Entries that a processor keeps for itself at most.
const CACHE: usize = if cfg!(loom) { 2 } else { 32 };
/// Entries moved between a cache and the common list at once.
const BATCH: usize = CACHE / 2;
/// Bytes of an entry.
const ENTRY: usize = 8;
/// The hypervisor's flags: the peer has the page mapped.
const MAPPED: u32 = (flag::READING | flag::WRITING) as u32;

/// The pages that the table's frames lie in. Room for all of them is set aside beforehand, so that
/// growing the table is one hypercall.
pub trait Frames {
    /// A frame as memory.
    type Frame: Words;
    /// Frames that the table may have: the least of the host's limit and the room set aside. Asked at
    /// creation and after each wake in a new domain; then it may be less, and what is more is not used.
    fn limit(&self) -> u32;
    /// The memory of frame `index`, below the first [`Frames::limit`]. Touched only once the frame is
    /// in place.
    fn memory(&self, index: u32) -> Self::Frame;
    /// Has the hypervisor put frame `index` in place (`XENMAPSPACE_grant_table`; the hypervisor's table
    /// grows with it); false when it refuses. Frames come in order, again from 0 after each wake in a
    /// new domain. Called with the table's lock held at `IRQL <= DISPATCH_LEVEL`: no allocation.
    fn place(&self, index: u32) -> bool;
}

/// What the table is made of, and what it met: for the debug dump and the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames in place.
    pub frames: u32,
    /// Frames that there may be.
    pub limit: u32,
    /// Free entries in the frames in place.
    pub free: u32,
    /// Entries found in use when their frame was put in place, and mapped: never given out.
    pub inherited: u32,
    /// Ends of entries that were not granted: a bug of the caller.
    pub stale_ends: u32,
}

/// The common list.
struct Common {
    free: Vec<u32>,
    frames: u32,
    limit: u32,
    inherited: u32,
}

/// A processor's cache, on a cache line of its own.
#[repr(align(64))]
struct Cache<P: Platform> {
    list: P::Lock<ArrayVec<u32, CACHE>>,
    /// Its length as a hint that needs no lock.
    free: AtomicU32,
}

/// The domain's grant table. All methods at `IRQL <= DISPATCH_LEVEL`.
///
/// Locks: the common list's, then one cache's; most operations take only the latter.
pub struct Table<F: Frames, P: Platform> {
    source: F,
    platform: P,
    frames: Box<[F::Frame]>,
    common: P::Lock<Common>,
    /// Free entries of the common list and of frames not in place yet, as a hint.
    common_free: AtomicU32,
    caches: Box<[Cache<P>]>,
    closed: AtomicU32,
    /// Counts the domains: which one a grant belongs to.
    generation: AtomicU32,
    stale_ends: AtomicU32,
}

impl<F: Frames, P: Platform> Table<F, P> {
    /// Makes the table, with caches for `processors` processors (more may come: they share). Allocates
    /// all that it will ever need; `None` when there is no memory for the list of entries. No frame is put in place
    /// yet.
    pub fn create(source: F, platform: P, processors: usize) -> Option<Self> {
        let limit = source.limit();
        let frames: Box<[_]> = (0..limit).map(|index| source.memory(index)).collect();
        let mut free = Vec::new();
        free.try_reserve_exact(limit as usize * ENTRIES_PER_FRAME as usize).ok()?;
        let caches = (0..processors.max(1))
            .map(|_| Cache { list: P::Lock::new(ArrayVec::new()), free: AtomicU32::new(0) })
            .collect();
        let table = Self {
            source,
            platform,
            frames,
            common: P::Lock::new(Common { free, frames: 0, limit, inherited: 0 }),
            common_free: AtomicU32::new(0),
            caches,
            closed: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            stale_ends: AtomicU32::new(0),
        };
        table.common.with(|common| table.hint(common));
        Some(table)
    }

    /// Puts frames in place until there are `frames` of them, or as many as there may be; returns how
    /// many there are. Growing ahead keeps the hypercall out of the way of the first requests.
    pub fn grow_to(&self, frames: u32) -> u32 {
        self.common.with(|common| {
            while common.frames < frames && self.grow(common) {}
            self.hint(common);
            common.frames
        })
    }

    /// Before a suspend: grants nothing more. What is granted can still be ended.
    pub fn close(&self) {
        self.closed.store(1, Ordering::Release);
    }

    /// After a suspend that left us in the same domain: the table is as it was.
    pub fn reopen(&self) {
        self.closed.store(0, Ordering::Release);
    }

    /// After a wake in a new domain: its table is empty, and every reference of the old one is void: to end it, now or
    /// ever, does nothing. Nobody else uses the table meanwhile (the other processors are parked).
    pub fn recreate(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.common.with(|common| {
            for cache in &self.caches {
                cache.list.with(|list| {
                    list.clear();
                    cache.free.store(0, Ordering::Relaxed);
                });
            }
            common.free.clear();
            let frames = common.frames;
            // There is memory for the first limit only.
            common.limit = self.source.limit().min(self.frames.len() as u32);
            (common.frames, common.inherited) = (0, 0);
            // As large as it was: the front-ends will want the same again.
            while common.frames < frames && self.grow(common) {}
            self.hint(common);
        });
        self.reopen();
    }

    /// Counts the domains: changes with [`Table::recreate`].
    pub fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Whether the peer has the page of `grant` mapped right now: a snapshot.
    pub fn is_mapped(&self, grant: &GrantRef) -> bool {
        self.header(grant.raw()).is_some_and(|header| header.load(Ordering::Acquire) & MAPPED != 0)
    }

    /// Entries that peers have mapped right now: what is left when everybody has ended theirs is memory that cannot be
    /// freed.
    pub fn mapped(&self) -> usize {
        let frames = self.common.with(|common| common.frames);
        (RESERVED_ENTRIES..frames * ENTRIES_PER_FRAME)
            .filter_map(|index| self.header(index))
            .filter(|header| header.load(Ordering::Acquire) & MAPPED != 0)
            .count()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        let cached: u32 = self.caches.iter().map(|cache| cache.free.load(Ordering::Relaxed)).sum();
        self.common.with(|common| Stats {
            frames: common.frames,
            limit: common.limit,
            // At most 2^32 / 8 entries: the cast cannot truncate.
            free: common.free.len() as u32 + cached,
            inherited: common.inherited,
            stale_ends: self.stale_ends.load(Ordering::Relaxed),
        })
    }

    /// The word with flags and domain.
    fn header(&self, index: u32) -> Option<&AtomicU32> {
        let frame = self.frames.get((index / ENTRIES_PER_FRAME) as usize)?;
        Some(frame.word((index % ENTRIES_PER_FRAME) as usize * ENTRY))
    }

    /// Clears an entry that the peer does not map. `Ok(false)` if it was not granted at all.
    fn revoke(header: &AtomicU32) -> Result<bool, ()> {
        let mut old = header.load(Ordering::Relaxed);
        loop {
            if old & MAPPED != 0 {
                return Err(());
            }
            if old & u32::from(flag::TYPE_MASK) == 0 {
                return Ok(false);
            }
            // The hypervisor maps by the same instruction on the same word: one of the two loses. What
            // the peer wrote before it unmapped is visible after (acquire).
            match header.compare_exchange(old, 0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(true),
                Err(now) => old = now,
            }
        }
    }

    /// Puts one more frame in place; its entries go to the common list.
    fn grow(&self, common: &mut Common) -> bool {
        if common.frames >= common.limit || !self.source.place(common.frames) {
            // Refused once means refused until the next wake: do not ask with every request.
            common.limit = common.limit.min(common.frames);
            return false;
        }
        let first = common.frames * ENTRIES_PER_FRAME;
        // Backwards: low entries are used first.
        for index in (first.max(RESERVED_ENTRIES)..first + ENTRIES_PER_FRAME).rev() {
            // The firmware, or the kernel that hibernated, may have left grants. What its back-end still
            // maps is not ours to use.
            match self.header(index).map(Self::revoke) {
                Some(Ok(_)) => common.free.push(index),
                _ => common.inherited += 1,
            }
        }
        common.frames += 1;
        true
    }

    /// Renews the hint.
    fn hint(&self, common: &Common) {
        let reserved = if common.frames == 0 { RESERVED_ENTRIES } else { 0 };
        let growth = ((common.limit - common.frames) * ENTRIES_PER_FRAME).saturating_sub(reserved);
        self.common_free.store(common.free.len() as u32 + growth, Ordering::Relaxed);
    }

    fn cache(&self) -> &Cache<P> {
        &self.caches[self.platform.processor() % self.caches.len()]
    }

    /// Works on the list of a cache and keeps its hint.
    fn cached<R>(cache: &Cache<P>, f: impl FnOnce(&mut ArrayVec<u32, CACHE>) -> R) -> R {
        cache.list.with(|list| {
            let result = f(list);
            cache.free.store(list.len() as u32, Ordering::Relaxed);
            result
        })
    }

    /// A free entry.
    fn take(&self) -> Option<u32> {
        let cache = self.cache();
        if let Some(index) = Self::cached(cache, ArrayVec::pop) {
            return Some(index);
        }
        // Entries move between lists only under the common lock: none is overlooked on its way.
        self.common.with(|common| {
            if common.free.is_empty() {
                self.grow(common);
            }
            let index = common.free.pop();
            if index.is_some() {
                Self::cached(cache, |list| {
                    let room = BATCH.min(CACHE - list.len()).min(common.free.len());
                    list.extend(common.free.drain(common.free.len() - room..).rev());
                });
                self.hint(common);
                return index;
            }
            self.hint(common);
            self.caches.iter().find_map(|cache| Self::cached(cache, ArrayVec::pop))
        })
    }

    /// Gives a free entry back.
    fn put(&self, index: u32) {
        let cache = self.cache();
        if Self::cached(cache, |list| list.try_push(index)).is_ok() {
            return;
        }
        self.common.with(|common| {
            // The list has room for every entry there is: no allocation.
            common.free.push(index);
            Self::cached(cache, |list| {
                let keep = list.len().saturating_sub(BATCH);
                common.free.extend(list.drain(keep..));
            });
            self.hint(common);
        });
    }
}

impl<F: Frames, P: Platform> GrantTable for Table<F, P> {
    /// [`GrantError::Exhausted`] says that no entry was found, though one may be freed at that moment.
    fn grant_access(&self, peer: Domid, frame: Gfn, access: Access) -> Result<GrantRef, GrantError> {
        // Version 1 has 32 bits for a frame: 16 TiB.
        let Ok(frame) = u32::try_from(frame.0) else { return Err(GrantError::Unaddressable) };
        if self.closed.load(Ordering::Acquire) != 0 {
            return Err(GrantError::Closed);
        }
        let index = self.take().ok_or(GrantError::Exhausted)?;
        let memory = &self.frames[(index / ENTRIES_PER_FRAME) as usize];
        let at = (index % ENTRIES_PER_FRAME) as usize * ENTRY;
        let readonly = if access == Access::ReadOnly { flag::READONLY } else { 0 };
        let flags = flag::PERMIT_ACCESS | readonly;
        memory.word(at + 4).store(frame, Ordering::Relaxed);
        // Release: the frame, and what is in the page, are there before the permission.
        memory.word(at).store(u32::from(flags) | u32::from(peer.0) << 16, Ordering::Release);
        Ok(GrantRef::new(index, self.generation()))
    }

    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        if self.is_void(&grant) {
            // Of a domain that is no more: nobody maps the page, and the entry is another's by now.
            return Ok(());
        }
        match self.header(grant.raw()).map(Self::revoke) {
            Some(Ok(true)) => {
                self.put(grant.raw());
                Ok(())
            }
            Some(Err(())) => Err(StillMapped(grant)),
            // Not granted, so there is nothing to end; and it is in some free list already.
            Some(Ok(false)) | None => {
                self.stale_ends.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    fn is_void(&self, grant: &GrantRef) -> bool {
        grant.generation() != self.generation()
    }

    fn available(&self) -> u32 {
        let cached: u32 = self.caches.iter().map(|cache| cache.free.load(Ordering::Relaxed)).sum();
        self.common_free.load(Ordering::Relaxed) + cached
    }
}
