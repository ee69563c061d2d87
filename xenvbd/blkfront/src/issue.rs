//! From a request to ring requests: splitting over limits, granting, copying.
//!
//! One call builds one ring request. It takes as much of the parent as the ring request holds and as
//! grants and pages are there for, in whole blocks of the disk; the rest stays in line. So a shortage
//! makes requests smaller before it makes them wait, and one free page is enough to go on.

use arrayvec::ArrayVec;
use xenbus::{
    io::blkif::{self, MAX_SEGMENTS, Segment as WireSegment},
    seam::{Access, GrantTable, Host, SharedPage, StillMapped},
    types::{Gfn, GrantRef, PAGE_SIZE},
};

use crate::{
    channel::{page_offset, zero},
    negotiate::FlushBy,
    queue::{End, PageNode, Queue, Slot, Stage, State},
    request::{Cursor, Failure, Operation, Payload, Piece, SECTOR},
};

/// What became of the request at the head of the line.
enum Issued {
    /// All of it is on the ring, or it has failed: take it out of the line.
    All,
    /// Some of it is on the ring; there is more.
    Some,
    /// Nothing could be put on the ring now.
    Stall,
}

/// Where the segments of a ring request go.
enum Table {
    Direct(ArrayVec<WireSegment, MAX_SEGMENTS>),
    Indirect { unit: u16, count: usize },
}

impl<H: Host, T: Payload> Queue<H, T> {
    /// Issues from the line until something is short.
    pub(crate) fn pump(&mut self, host: &H) {
        if self.state != State::Running || self.channel.is_none() {
            return;
        }
        self.unpark();
        while let Some(&number) = self.pending.front() {
            let Some(parent) = self.parents.get(number) else {
                self.pending.pop_front();
                continue;
            };
            if parent.operation != Operation::Flush && self.fences.blocks(parent.sector, parent.end()) {
                self.pending.pop_front();
                self.parked.push_back(number);
                continue;
            }
            let issued = if parent.failure.is_some() { Issued::All } else { self.issue(host, number) };
            match issued {
                Issued::Some => {}
                Issued::All => {
                    self.pending.pop_front();
                    if let Some(parent) = self.parents.get_mut(number) {
                        parent.queued = false;
                    }
                    self.settle_parent(number);
                }
                Issued::Stall => {
                    self.counters.stalls += 1;
                    // With something under way its response will wake us.
                    self.starved = self.on_ring() == 0;
                    break;
                }
            }
        }
    }

    fn unpark(&mut self) {
        for _ in 0..self.parked.len() {
            if let Some(number) = self.parked.pop_front() {
                self.pending.push_back(number);
            }
        }
    }

    fn issue(&mut self, host: &H, number: u32) -> Issued {
        let room =
            self.slots.has_room() && self.channel.as_ref().is_some_and(|channel| channel.ring.free() > 0);
        let Some(parent) = self.parents.get(number) else { return Issued::All };
        if !room {
            return Issued::Stall;
        }
        match (parent.operation, parent.stage) {
            (Operation::Flush, _) | (_, Stage::Flush) => self.issue_flush(number),
            (Operation::Discard { secure }, _) => self.issue_discard(number, secure),
            (Operation::Read | Operation::Verify, _) => self.issue_data(host, number, false),
            (Operation::Write { .. }, _) => self.issue_data(host, number, true),
        }
    }

    fn issue_flush(&mut self, number: u32) -> Issued {
        let operation = match self.flush_by {
            FlushBy::Flush => blkif::Operation::FLUSH,
            FlushBy::Barrier => blkif::Operation::WRITE_BARRIER,
            FlushBy::Nothing => return self.fail(number, Failure::Unsupported),
        };
        let Some((id, handle)) = self.new_slot(number, operation, 0, 0) else { return Issued::Stall };
        let segments = ArrayVec::new();
        self.push(&blkif::Request::Direct { operation, handle, id: id.into(), sector: 0, segments });
        Issued::All
    }

    fn issue_discard(&mut self, number: u32, secure: bool) -> Issued {
        let (Some(parent), Some(discard)) = (self.parents.get(number), self.disk.discard) else {
            return self.fail(number, Failure::Unsupported);
        };
        let index = parent.cursor.segment;
        let run = parent.token.as_ref().and_then(|token| token.run(index));
        let only = parent.token.as_ref().is_none_or(|token| token.run(0).is_none());
        let (sector, sectors) = match run {
            Some(run) => run,
            None if only && index == 0 => (parent.sector, parent.sectors),
            None => return Issued::All,
        };
        // A plain discard is a hint: what is not a whole unit of the back-end is left alone.
        let (start, end) = if secure {
            (sector, sector.saturating_add(sectors))
        } else {
            whole_units(sector, sectors, discard.granularity, discard.alignment)
        };
        if start < end {
            let Some((id, handle)) = self.new_slot(number, blkif::Operation::DISCARD, 0, 0) else {
                return Issued::Stall;
            };
            self.push(&blkif::Request::Discard {
                secure,
                handle,
                id: id.into(),
                sector: start,
                sectors: end - start,
            });
        }
        if let Some(parent) = self.parents.get_mut(number) {
            parent.cursor.segment += 1;
        }
        Issued::Some
    }

    fn issue_data(&mut self, host: &H, number: u32, write: bool) -> Issued {
        let operation = if write { blkif::Operation::WRITE } else { blkif::Operation::READ };
        let copy_all = self.channel.as_ref().is_some_and(|channel| channel.plan.bounce);
        let Some(parent) = self.parents.get_mut(number) else { return Issued::All };
        // Decided at the start of each pass: the back-end after a migration may be another.
        parent.bounce |= copy_all && parent.cursor.bytes == 0;
        let (start, left, bounce) =
            (parent.cursor.bytes, parent.bytes() - parent.cursor.bytes, parent.bounce);
        if left == 0 {
            return Issued::All;
        }
        let mapped =
            parent.operation == Operation::Verify || parent.token.as_ref().is_some_and(Payload::is_mapped);
        let Some((id, handle)) = self.new_slot(number, operation, start, 0) else { return Issued::Stall };
        let mut table = self.choose_table(number, left, bounce);
        let mut bytes = 0;
        let mut failure = None;
        if !bounce {
            bytes = self.grant_pages(host, number, id, left, write, &mut table);
        }
        if bounce && !mapped {
            failure = Some(Failure::BadData);
        } else if bytes == 0 && mapped && !self.slot_has_pages(id) {
            match self.copy_pages(number, id, left, write, &mut table) {
                Ok(copied) => bytes = copied,
                Err(why) => failure = Some(why),
            }
        }
        if bytes == 0 {
            // Nothing to put on the ring; pages that were granted go back.
            if let Table::Indirect { unit, .. } = table
                && let Some(channel) = &mut self.channel
            {
                channel.indirect.put(unit);
            }
            self.retire(host, id, End::Nothing);
            return match failure {
                Some(failure) => self.fail(number, failure),
                None => Issued::Stall,
            };
        }
        let mut all = false;
        let mut sector = 0;
        if let Some(parent) = self.parents.get_mut(number) {
            sector = parent.sector + start / SECTOR;
            match &parent.token {
                Some(token) if !bounce => parent.cursor = advance(parent.cursor, token, bytes),
                _ => parent.cursor.bytes += bytes,
            }
            all = parent.cursor.bytes >= parent.bytes();
        }
        if let Some(slot) = self.slots.get_mut(id) {
            slot.bytes = bytes;
        }
        self.push_data(operation, id, handle, sector, table);
        if all { Issued::All } else { Issued::Some }
    }

    /// An indirect request if the data needs one and one can be had.
    fn choose_table(&mut self, number: u32, left: u64, bounce: bool) -> Table {
        let large = if bounce {
            left > (MAX_SEGMENTS * PAGE_SIZE) as u64
        } else {
            self.parents.get(number).is_some_and(|parent| {
                let mut cursor = parent.cursor;
                parent.token.as_ref().is_some_and(|token| {
                    (0..=MAX_SEGMENTS).all(|_| {
                        let left = parent.bytes() - cursor.bytes;
                        left > 0 && cursor.next(token, left).is_some()
                    })
                })
            })
        };
        match &mut self.channel {
            Some(channel) if large && channel.indirect_limit > 0 => match channel.indirect.take() {
                Some(unit) => Table::Indirect { unit, count: 0 },
                None => Table::Direct(ArrayVec::new()),
            },
            _ => Table::Direct(ArrayVec::new()),
        }
    }

    /// Grants the driver's pages to the ring request `id`; the number of bytes, a multiple of the block.
    fn grant_pages(
        &mut self,
        host: &H,
        number: u32,
        id: u32,
        left: u64,
        write: bool,
        table: &mut Table,
    ) -> u64 {
        let access = if write { Access::ReadOnly } else { Access::ReadWrite };
        let Some(mut cursor) = self.parents.get(number).map(|parent| parent.cursor) else { return 0 };
        let mut bytes = 0;
        while bytes < left && self.table_has_room(table) {
            let Some(piece) = self.piece(number, &mut cursor, left - bytes) else { break };
            let Some(peer) = self.channel.as_ref().map(|channel| channel.peer) else { break };
            if !self.pages.has_room() {
                break;
            }
            let Ok(grant) = host.grants().grant_access(peer, Gfn(piece.gfn), access) else { break };
            let first = (u64::from(piece.offset) / SECTOR) as u8;
            let last = (u64::from(piece.offset + piece.length) / SECTOR - 1) as u8;
            self.add_segment(table, WireSegment::new(grant.raw(), first, last));
            self.add_page(id, Some(grant), None, bytes, piece.length);
            bytes += u64::from(piece.length);
        }
        // Only whole blocks: give back pages from the end.
        let block = u64::from(self.disk.block);
        while bytes % block != 0 {
            let Some(removed) = self.remove_page(host, id, table) else { return 0 };
            bytes -= removed;
        }
        if bytes > 0
            && let Some(slot) = self.slots.get_mut(id)
        {
            slot.in_place = true;
            if let Some(parent) = self.parents.get_mut(number) {
                parent.in_place += 1;
            }
        }
        bytes
    }

    fn piece(&self, number: u32, cursor: &mut Cursor, most: u64) -> Option<Piece> {
        cursor.next(self.parents.get(number)?.token.as_ref()?, most)
    }

    /// Copies the data of the ring request `id` through pages of our own.
    fn copy_pages(
        &mut self,
        number: u32,
        id: u32,
        left: u64,
        write: bool,
        table: &mut Table,
    ) -> Result<u64, Failure> {
        let start = self.parents.get(number).map_or(0, |parent| parent.cursor.bytes);
        let mut bytes = 0;
        while bytes < left && self.table_has_room(table) && self.pages.has_room() {
            let Some(unit) = self.channel.as_mut().and_then(|channel| channel.bounce.take()) else { break };
            let length = (left - bytes).min(PAGE_SIZE as u64) as u32;
            let filled = self.fill_page(number, unit, start + bytes, length, write);
            let gref = self.channel.as_ref().map_or(0, |channel| channel.bounce.gref(unit.into()));
            self.add_segment(table, WireSegment::new(gref, 0, (u64::from(length) / SECTOR - 1) as u8));
            self.add_page(id, None, Some(unit), bytes, length);
            self.counters.bounced += 1;
            if !filled {
                return Err(Failure::BadData);
            }
            bytes += u64::from(length);
        }
        Ok(bytes)
    }

    /// Puts the data of a write into one of our pages; what is not data is zeroed.
    fn fill_page(&self, number: u32, unit: u16, offset: u64, length: u32, write: bool) -> bool {
        let (Some(parent), Some(channel)) = (self.parents.get(number), &self.channel) else { return false };
        let (Some(token), Some(memory)) = (&parent.token, channel.bounce.memory()) else { return false };
        let at = page_offset(unit.into());
        let mut done = 0;
        if write {
            let mut sector = [0; SECTOR as usize];
            while done < length as usize {
                if !token.gather(offset + done as u64, &mut sector) {
                    return false;
                }
                memory.copy_in(at + done, &sector);
                done += sector.len();
            }
        }
        zero(memory, at + done, PAGE_SIZE - done);
        true
    }

    fn table_has_room(&self, table: &Table) -> bool {
        match table {
            Table::Direct(segments) => !segments.is_full(),
            Table::Indirect { count, .. } => {
                self.channel.as_ref().is_some_and(|channel| *count < channel.indirect_limit)
            }
        }
    }

    fn add_segment(&mut self, table: &mut Table, segment: WireSegment) {
        match table {
            Table::Direct(segments) => segments.push(segment),
            Table::Indirect { unit, count } => {
                if let Some(channel) = &self.channel
                    && let Some(memory) = channel.indirect.memory()
                {
                    let first = page_offset(usize::from(*unit) * channel.indirect_pages());
                    let at = first + *count * size_of::<WireSegment>();
                    memory.copy_in(at, zerocopy::IntoBytes::as_bytes(&segment));
                }
                *count += 1;
            }
        }
    }

    fn add_page(&mut self, id: u32, grant: Option<GrantRef>, bounce: Option<u16>, offset: u64, bytes: u32) {
        let next = self.slots.get(id).and_then(|slot| slot.pages);
        // There is room: the callers look before they grant.
        if let Ok(node) = self.pages.insert(PageNode { grant, bounce, offset, bytes, next })
            && let Some(slot) = self.slots.get_mut(id)
        {
            slot.pages = Some(node);
        }
    }

    /// Takes back the page added last. `None` when there is none, or when the back-end maps it, though
    /// it was never told of it.
    fn remove_page(&mut self, host: &H, id: u32, table: &mut Table) -> Option<u64> {
        let number = self.slots.get(id)?.pages?;
        let node = self.pages.get_mut(number)?;
        if let Some(grant) = node.grant.take()
            && let Err(StillMapped(grant)) = host.grants().end_access(grant)
        {
            node.grant = Some(grant);
            return None;
        }
        let node = self.pages.remove(number)?;
        if let Some(slot) = self.slots.get_mut(id) {
            slot.pages = node.next;
        }
        match table {
            Table::Direct(segments) => drop(segments.pop()),
            Table::Indirect { count, .. } => *count -= 1,
        }
        Some(node.bytes.into())
    }

    fn slot_has_pages(&self, id: u32) -> bool {
        self.slots.get(id).is_some_and(|slot| slot.pages.is_some())
    }

    /// A new ring request of the parent: its id and the handle of the device.
    fn new_slot(
        &mut self,
        number: u32,
        operation: blkif::Operation,
        offset: u64,
        bytes: u64,
    ) -> Option<(u32, u16)> {
        let handle = self.channel.as_ref()?.handle;
        let slot = Slot {
            parent: number,
            operation,
            offset,
            bytes,
            pages: None,
            indirect: None,
            in_place: false,
            end: None,
        };
        let id = self.slots.insert(slot).ok()?;
        if let Some(parent) = self.parents.get_mut(number) {
            parent.in_flight += 1;
        }
        Some((id, handle))
    }

    fn push_data(&mut self, operation: blkif::Operation, id: u32, handle: u16, sector: u64, table: Table) {
        let request = match table {
            Table::Direct(segments) => {
                self.counters.segments += segments.len() as u64;
                blkif::Request::Direct { operation, handle, id: id.into(), sector, segments }
            }
            Table::Indirect { unit, count } => {
                self.counters.segments += count as u64;
                self.counters.indirect += 1;
                if let Some(slot) = self.slots.get_mut(id) {
                    slot.indirect = Some(unit);
                }
                let mut pages = ArrayVec::new();
                if let Some(channel) = &self.channel {
                    let per = channel.indirect_pages();
                    let used = count.div_ceil(blkif::SEGMENTS_PER_INDIRECT_PAGE);
                    let first = usize::from(unit) * per;
                    pages.extend((first..first + used.min(per)).map(|page| channel.indirect.gref(page)));
                }
                blkif::Request::Indirect {
                    operation,
                    handle,
                    id: id.into(),
                    sector,
                    segments: count as u16,
                    pages,
                }
            }
        };
        self.push(&request);
    }

    /// Writes into the ring. There is a free slot: `issue` looked.
    fn push(&mut self, request: &blkif::Request) {
        if let Some(channel) = &mut self.channel
            && channel.ring.push(&request.encode()).is_ok()
        {
            self.counters.slots += 1;
        }
    }

    fn fail(&mut self, number: u32, failure: Failure) -> Issued {
        if let Some(parent) = self.parents.get_mut(number) {
            parent.failure.get_or_insert(failure);
        }
        Issued::All
    }
}

/// The place `bytes` further on.
fn advance<T: Payload>(mut cursor: Cursor, token: &T, bytes: u64) -> Cursor {
    let end = cursor.bytes + bytes;
    while cursor.bytes < end {
        if cursor.next(token, end - cursor.bytes).is_none() {
            break;
        }
    }
    cursor
}

/// The whole units of the back-end within a run: first sector and the one behind the last.
fn whole_units(sector: u64, sectors: u64, granularity: u64, alignment: u64) -> (u64, u64) {
    let granularity = granularity.max(1);
    let shift = alignment % granularity;
    // Units start at shift + n * granularity.
    let up = |at: u64| match at.checked_sub(shift) {
        None => shift,
        Some(rest) => rest.div_ceil(granularity).saturating_mul(granularity).saturating_add(shift),
    };
    let down = |at: u64| match at.checked_sub(shift) {
        None => 0,
        Some(rest) => rest / granularity * granularity + shift,
    };
    (up(sector), down(sector.saturating_add(sectors)))
}

#[cfg(test)]
mod tests {
    use super::whole_units;

    #[test]
    fn discards_shrink_to_whole_units() {
        assert_eq!(whole_units(0, 100, 1, 0), (0, 100));
        assert_eq!(whole_units(3, 30, 8, 0), (8, 32));
        assert_eq!(whole_units(3, 30, 8, 3), (3, 27));
        assert_eq!(whole_units(1, 6, 8, 0), (8, 0));
        assert_eq!(whole_units(0, 2, 8, 3), (3, 0));
    }
}
