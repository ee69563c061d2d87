//! Grant tables that enforce: nobody touches what is not granted, and nothing that is mapped changes
//! under the one who maps it without being noticed.

use std::collections::BTreeMap;

use ::machine::Backing;

use super::{GRANT_FRAMES, Hypervisor};
use crate::{
    abi::xen::{DOMID_SELF, grant as gt},
    flavour::Flavour,
    mem::{PAGE, Page},
    world::{Violation, World},
};

/// Entries in a frame of a version 1 table.
pub const ENTRIES_PER_FRAME: u32 = 512;
/// GNTTAB_NR_RESERVED_ENTRIES: entries that belong to the toolstack.
const RESERVED: u32 = 8;

/// A grant that a peer holds mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The entry.
    pub gref: u32,
    /// Who maps it.
    pub domid: u16,
    /// Frame at the time of mapping.
    pub frame: u32,
    /// Writable.
    pub write: bool,
    /// A bulk owner (a persistent or ring grant); only for reports.
    pub what: &'static str,
    /// Its page is watched on its account.
    pub watched: bool,
}

/// A mapped page, as a back-end holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Handle to give back to [`World::unmap_grant`].
    pub handle: u32,
    /// The page.
    pub page: Page,
}

/// Why a grant operation failed: a GNTST status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantStatus(pub i16);

/// The guest's grant table.
pub struct Grants {
    /// Frames that exist.
    pub frames: u32,
    /// Frames at most.
    pub max_frames: u32,
    /// Live mappings by handle.
    pub mapped: BTreeMap<u32, Mapped>,
    next_handle: u32,
    /// Mappings so far of each entry (tests on persistent grants).
    pub map_counts: BTreeMap<u32, u64>,
}

impl Grants {
    pub(super) fn new(flavour: &Flavour) -> Self {
        Self {
            frames: flavour.initial_grant_frames,
            max_frames: flavour.max_grant_frames,
            mapped: BTreeMap::new(),
            next_handle: 1,
            map_counts: BTreeMap::new(),
        }
    }
}

impl Hypervisor {
    /// Whether `domid` names the guest itself.
    #[must_use]
    pub fn is_self(&self, domid: u16) -> bool {
        domid == DOMID_SELF || domid == self.domid
    }

    /// What an operation on another domain answers: domain 0 is there and refuses with `refusal`, any
    /// other domain is not there.
    #[must_use]
    pub fn foreign(&self, domid: u16, refusal: i64) -> i64 {
        if domid == 0 { refusal } else { crate::abi::errno::ESRCH }
    }
}

impl World {
    /// Page and byte offset of an entry.
    fn grant_entry(&self, gref: u32) -> Option<(Page, usize)> {
        if gref >= self.hv.gt.frames * ENTRIES_PER_FRAME {
            return None;
        }
        let page = self.mem.shared_page(GRANT_FRAMES + gref / ENTRIES_PER_FRAME)?;
        Some((page, (gref % ENTRIES_PER_FRAME) as usize * 8))
    }

    /// Flags, domid and frame of an entry as it stands.
    #[must_use]
    pub fn grant_raw(&self, gref: u32) -> Option<(u16, u16, u32)> {
        let (page, at) = self.grant_entry(gref)?;
        let word = page.get64(at);
        Some((word as u16, (word >> 16) as u16, (word >> 32) as u32))
    }

    /// Fills a reserved entry in: the toolstack's grant of a page to domain 0.
    pub(crate) fn seed_grant(&mut self, gref: u32, frame: u32) {
        if let Some((page, at)) = self.grant_entry(gref) {
            page.set64(at, u64::from(frame) << 32 | u64::from(gt::PERMIT_ACCESS));
        }
    }

    /// Entries of the table that grant something now, without those that are reserved for the toolstack.
    #[must_use]
    pub fn live_grants(&self) -> Vec<u32> {
        (RESERVED..self.hv.gt.frames * ENTRIES_PER_FRAME)
            .filter(|gref| self.grant_raw(*gref).is_some_and(|(flags, ..)| flags & gt::TYPE_MASK != 0))
            .collect()
    }

    /// Marks an entry as read or written by a peer, as Xen does when it pins it. The entry's flags and
    /// domid are examined and marked in one atomic step, because the guest may revoke meanwhile.
    fn acquire(&mut self, domid: u16, gref: u32, write: bool) -> Result<(u32, Page), GrantStatus> {
        if let Some(outside) = &mut self.hv.outside {
            let page = outside.map(gref, write).and_then(Page::from_host);
            return page.map(|page| (0, page)).ok_or(GrantStatus(gt::ST_GENERAL_ERROR));
        }
        let (entry, at) = self.grant_entry(gref).ok_or(GrantStatus(gt::ST_BAD_GNTREF))?;
        loop {
            let word = entry.get32(at);
            let (flags, to) = (word as u16, (word >> 16) as u16);
            if flags & gt::TYPE_MASK != gt::PERMIT_ACCESS || to != domid {
                return Err(GrantStatus(gt::ST_GENERAL_ERROR));
            }
            if write && flags & gt::READONLY != 0 {
                return Err(GrantStatus(gt::ST_GENERAL_ERROR));
            }
            let marks = gt::READING | if write { gt::WRITING } else { 0 };
            if entry.swap32(at, word, word | u32::from(marks)).is_ok() {
                break;
            }
        }
        let frame = entry.get32(at + 4);
        match self.mem.page(u64::from(frame)) {
            Some(page) if !matches!(self.mem.backing(u64::from(frame)), Backing::Hole) => Ok((frame, page)),
            _ => {
                self.unmark(gref);
                Err(GrantStatus(gt::ST_GENERAL_ERROR))
            }
        }
    }

    /// Clears the marks of an entry down to what the mappings that are left need.
    fn unmark(&mut self, gref: u32) {
        if let Some(outside) = &mut self.hv.outside {
            return outside.unmap(gref);
        }
        let Some((entry, at)) = self.grant_entry(gref) else { return };
        let mut read = false;
        let mut write = false;
        for mapped in self.hv.gt.mapped.values().filter(|mapped| mapped.gref == gref) {
            read = true;
            write |= mapped.write;
        }
        if !write {
            entry.and16(at, !gt::WRITING);
        }
        if !read {
            entry.and16(at, !gt::READING);
        }
    }

    /// Maps a grant into domain `domid`. A refusal is a violation of the guest: an honest back-end maps
    /// only what the front-end told it.
    ///
    /// # Errors
    /// The status that GNTTABOP_map_grant_ref gives.
    pub fn map_grant(
        &mut self,
        domid: u16,
        gref: u32,
        write: bool,
        doing: &'static str,
    ) -> Result<Mapping, GrantStatus> {
        let acquired = self.acquire(domid, gref, write);
        let (frame, page) = match acquired {
            Ok(found) => found,
            Err(status) => {
                self.violations.push(Violation::NotGranted { gref, domid, status: status.0, doing });
                return Err(status);
            }
        };
        let handle = self.hv.gt.next_handle;
        self.hv.gt.next_handle += 1;
        self.hv.gt.mapped.insert(handle, Mapped { gref, domid, frame, write, what: doing, watched: false });
        *self.hv.gt.map_counts.entry(gref).or_default() += 1;
        self.stats.maps += 1;
        Ok(Mapping { handle, page })
    }

    /// Maps a page of a ring; it is watched where the machine was built so.
    ///
    /// # Errors
    /// As [`World::map_grant`].
    pub fn map_ring_page(
        &mut self,
        domid: u16,
        gref: u32,
        doing: &'static str,
    ) -> Result<Mapping, GrantStatus> {
        let mapping = self.map_grant(domid, gref, true, doing)?;
        if self.watch_rings {
            self.mem.watch(mapping.page);
            if let Some(mapped) = self.hv.gt.mapped.get_mut(&mapping.handle) {
                mapped.watched = true;
            }
        }
        Ok(mapping)
    }

    /// Ends a mapping; checks that the guest left the entry alone meanwhile.
    pub fn unmap_grant(&mut self, mapping: Mapping) {
        let Some(mapped) = self.hv.gt.mapped.get(&mapping.handle).copied() else { return };
        if mapped.watched {
            self.mem.unwatch(mapping.page);
        }
        self.check_entry(&mapped);
        self.hv.gt.mapped.remove(&mapping.handle);
        self.unmark(mapped.gref);
    }

    fn check_entry(&mut self, mapped: &Mapped) {
        if self.hv.outside.is_some() {
            return; // The entry is in another machine's table.
        }
        let Some((flags, domid, frame)) = self.grant_raw(mapped.gref) else { return };
        let marks = gt::READING | if mapped.write { gt::WRITING } else { 0 };
        let good = flags & gt::TYPE_MASK == gt::PERMIT_ACCESS
            && flags & marks == marks
            && domid == mapped.domid
            && frame == mapped.frame;
        if !good {
            let violation = Violation::EntryChanged {
                gref: mapped.gref,
                was: (gt::PERMIT_ACCESS | marks, mapped.frame),
                now: (flags, frame),
            };
            if !self.violations.contains(&violation) {
                self.violations.push(violation);
            }
        }
    }

    /// Checks every entry that is mapped now. Called by tests and at the end of a run; each unmap
    /// checks its own.
    pub fn audit_grants(&mut self) {
        let all: Vec<Mapped> = self.hv.gt.mapped.values().copied().collect();
        for mapped in &all {
            self.check_entry(mapped);
        }
    }

    /// Copies between a grant and the back-end's memory, as GNTTABOP_copy does.
    ///
    /// # Errors
    /// GNTST status.
    pub fn copy_from_grant(
        &mut self,
        domid: u16,
        gref: u32,
        at: usize,
        to: &mut [u8],
        doing: &'static str,
    ) -> Result<(), GrantStatus> {
        self.copy_with(domid, gref, false, at, to.len(), doing, |page| page.read(at, to))
    }

    /// See [`World::copy_from_grant`].
    ///
    /// # Errors
    /// GNTST status.
    pub fn copy_to_grant(
        &mut self,
        domid: u16,
        gref: u32,
        at: usize,
        from: &[u8],
        doing: &'static str,
    ) -> Result<(), GrantStatus> {
        self.copy_with(domid, gref, true, at, from.len(), doing, |page| page.write(at, from))
    }

    #[allow(clippy::too_many_arguments)] // One private helper behind two public shapes.
    fn copy_with(
        &mut self,
        domid: u16,
        gref: u32,
        write: bool,
        at: usize,
        len: usize,
        doing: &'static str,
        work: impl FnOnce(Page),
    ) -> Result<(), GrantStatus> {
        if at + len > PAGE {
            return Err(GrantStatus(gt::ST_BAD_COPY_ARG));
        }
        match self.acquire(domid, gref, write) {
            Ok((_, page)) => {
                work(page);
                self.unmark(gref);
                self.stats.copies += 1;
                Ok(())
            }
            Err(status) => {
                self.violations.push(Violation::NotGranted { gref, domid, status: status.0, doing });
                Err(status)
            }
        }
    }

    /// An entry through which a peer reaches `gfn` now: mapped ones first.
    #[must_use]
    pub fn frame_in_use(&self, gfn: u64) -> Option<(u32, bool)> {
        if let Some(mapped) = self.hv.gt.mapped.values().find(|mapped| u64::from(mapped.frame) == gfn) {
            return Some((mapped.gref, true));
        }
        // Asked for every page that the guest frees: one pass over the words of the table.
        let grants = |word: u64| word >> 32 == gfn && word as u16 & gt::TYPE_MASK == gt::PERMIT_ACCESS;
        (0..self.hv.gt.frames).find_map(|index| {
            let page = self.mem.shared_page(GRANT_FRAMES + index)?;
            let first = index * ENTRIES_PER_FRAME;
            (0..ENTRIES_PER_FRAME)
                .find(|entry| first + entry >= RESERVED && grants(page.get64(*entry as usize * 8)))
                .map(|entry| (first + entry, false))
        })
    }

    /// The guest gives `gfn` away (frees it to its allocator, returns it to Xen): a violation if a peer
    /// can still reach it.
    pub fn frame_released(&mut self, gfn: u64, how: &'static str) {
        if let Some((gref, mapped)) = self.frame_in_use(gfn) {
            self.violations.push(Violation::FrameInUse { gfn, gref, mapped, how });
        }
    }

    /// Makes the table at least `frames` long.
    ///
    /// # Errors
    /// `ST_GENERAL_ERROR` beyond the limit.
    pub fn grow_grants(&mut self, frames: u32) -> Result<(), GrantStatus> {
        if frames > self.hv.gt.max_frames {
            return Err(GrantStatus(gt::ST_GENERAL_ERROR));
        }
        self.hv.gt.frames = self.hv.gt.frames.max(frames);
        Ok(())
    }
}
