//! The ring in an emergency: one request at a time, polled, after the normal owner of the ring has
//! stopped at an arbitrary point (crash dump), or was put to sleep (hibernation).
//!
//! Nothing of the owner's private state is used: it may be half-written. Where to go on is read from
//! the ring itself, which changes by single words only. Requests of before may still be answered
//! meanwhile; those answers are skipped. Data goes through pages that were granted and set aside when
//! the ring was opened ([`crate::channel::Channel::emergency_units`]), so no grant is made, no
//! event is needed, nothing is allocated.

use arrayvec::ArrayVec;
use xenbus::{
    io::blkif::{
        MAX_SEGMENTS, Operation, Request, RequestSlot, SECTORS_PER_PAGE, Segment, Status, WireResponse,
    },
    ring::{self, HEADER},
    seam::SharedPage,
    types::PAGE_SIZE,
};
use zerocopy::{FromBytes, IntoBytes};

/// Pages for data.
pub const PAGES: usize = MAX_SEGMENTS;
/// Largest transfer in one request, in bytes.
pub const MAX_BYTES: usize = PAGES * PAGE_SIZE;

/// Offsets of the shared indexes (`xen/io/ring.h`).
mod at {
    pub const REQ_PROD: usize = 0;
    pub const RSP_PROD: usize = 8;
    pub const RSP_EVENT: usize = 12;
}

const SLOT: usize = size_of::<RequestSlot>();
/// Our ids: no slot number of the normal owner is so large.
const FIRST_ID: u64 = 1 << 40;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The indexes of the ring make no sense.
    Ring,
    /// All slots are taken by requests of before, and none is answered.
    Full,
    /// No answer within the bound.
    TimedOut,
    /// The back-end reports an error.
    Status(Status),
    /// Not a transfer that fits.
    Invalid,
}

/// How to reach the back-end, and how to wait for it.
pub trait Line {
    /// Sends an event.
    fn notify(&self);
    /// Waits a little.
    fn pause(&self);
    /// Pauses without an answer after which a request has failed.
    fn patience(&self) -> u32;
}

/// See the module.
#[derive(Debug)]
pub struct EmergencyRing<R, D> {
    ring: R,
    data: D,
    slots: u32,
    /// Requests published.
    produced: u32,
    /// Responses looked at.
    consumed: u32,
    next_id: u64,
    handle: u16,
    grefs: [u32; PAGES],
}

impl<R: SharedPage, D: SharedPage> EmergencyRing<R, D> {
    /// Takes over a ring. `data` is the memory set aside (its first [`PAGES`] pages), `grefs` its grants.
    ///
    /// # Errors
    /// [`Failed::Ring`].
    pub fn take_over(ring: R, data: D, grefs: [u32; PAGES], handle: u16) -> Result<Self, Failed> {
        let slots = ring::slots(ring.len(), SLOT);
        if slots == 0 || data.len() < PAGES * PAGE_SIZE {
            return Err(Failed::Ring);
        }
        let produced = ring.load_acquire(at::REQ_PROD);
        let consumed = ring.load_acquire(at::RSP_PROD);
        if produced.wrapping_sub(consumed) > slots {
            return Err(Failed::Ring);
        }
        Ok(Self { ring, data, slots, produced, consumed, next_id: FIRST_ID, handle, grefs })
    }

    /// Reads or writes whole sectors, at most [`MAX_BYTES`]. `copy` moves the data into or out of the
    /// pages set aside.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn transfer(
        &mut self,
        write: bool,
        sector: u64,
        bytes: usize,
        mut copy: impl FnMut(&D, usize, usize),
        line: &impl Line,
    ) -> Result<(), Failed> {
        if bytes == 0 || bytes > MAX_BYTES || !bytes.is_multiple_of(512) {
            return Err(Failed::Invalid);
        }
        if write {
            copy(&self.data, 0, bytes);
        }
        let mut segments = ArrayVec::new();
        let mut left = bytes;
        for gref in self.grefs {
            if left == 0 {
                break;
            }
            let sectors = (left.min(PAGE_SIZE) / 512) as u8;
            segments.push(Segment::new(gref, 0, sectors.min(SECTORS_PER_PAGE) - 1));
            left -= left.min(PAGE_SIZE);
        }
        let operation = if write { Operation::WRITE } else { Operation::READ };
        self.run(operation, sector, segments, line)?;
        if !write {
            copy(&self.data, 0, bytes);
        }
        Ok(())
    }

    /// Makes the cache stable, by whichever operation the back-end has.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn flush(&mut self, barrier: bool, line: &impl Line) -> Result<(), Failed> {
        let operation = if barrier { Operation::WRITE_BARRIER } else { Operation::FLUSH };
        self.run(operation, 0, ArrayVec::new(), line)
    }

    fn run(
        &mut self,
        operation: Operation,
        sector: u64,
        segments: ArrayVec<Segment, MAX_SEGMENTS>,
        line: &impl Line,
    ) -> Result<(), Failed> {
        let mut patience = line.patience();
        // What the crash kept from being announced.
        line.notify();
        // Requests of before may fill the ring: their answers make room.
        while self.produced.wrapping_sub(self.consumed) >= self.slots {
            self.skip()?;
            if self.produced.wrapping_sub(self.consumed) >= self.slots {
                patience = patience.checked_sub(1).ok_or(Failed::Full)?;
                line.pause();
            }
        }
        let id = self.next_id;
        self.next_id += 1;
        let slot = Request::Direct { operation, handle: self.handle, id, sector, segments }.encode();
        self.ring.copy_in(self.offset(self.produced), slot.as_bytes());
        self.produced = self.produced.wrapping_add(1);
        self.ring.store_release(at::REQ_PROD, self.produced);
        line.notify();
        loop {
            if let Some(status) = self.answer(id)? {
                return if status == Status::OKAY { Ok(()) } else { Err(Failed::Status(status)) };
            }
            patience = patience.checked_sub(1).ok_or(Failed::TimedOut)?;
            // An event may be lost in a crash: once in a while another.
            if patience.is_multiple_of(1024) {
                line.notify();
            }
            line.pause();
        }
    }

    const fn offset(&self, index: u32) -> usize {
        HEADER + (index & (self.slots - 1)) as usize * SLOT
    }

    /// The back-end's producer, checked.
    fn ready(&self) -> Result<u32, Failed> {
        let ahead = self.ring.load_acquire(at::RSP_PROD).wrapping_sub(self.consumed);
        if ahead > self.produced.wrapping_sub(self.consumed) { Err(Failed::Ring) } else { Ok(ahead) }
    }

    fn skip(&mut self) -> Result<(), Failed> {
        self.consumed = self.consumed.wrapping_add(self.ready()?);
        Ok(())
    }

    /// Looks for the answer to our request; others are those to requests of before.
    fn answer(&mut self, id: u64) -> Result<Option<Status>, Failed> {
        let mut found = None;
        for _ in 0..self.ready()? {
            let mut bytes = [0; size_of::<WireResponse>()];
            self.ring.copy_out(self.offset(self.consumed), &mut bytes);
            self.consumed = self.consumed.wrapping_add(1);
            if let Ok(response) = WireResponse::read_from_bytes(&bytes)
                && response.id == id
            {
                found = Some(response.status);
            }
        }
        // No event is wanted, but some back-ends write no further without one.
        self.ring.store(at::RSP_EVENT, self.consumed.wrapping_add(1));
        Ok(found)
    }
}
