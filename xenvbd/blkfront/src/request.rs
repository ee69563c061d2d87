//! What the driver asks for, and what it gets back.
//!
//! A request carries an opaque *token* (in the driver: the SRB). The front-end never drops a token: it
//! comes back in exactly one [`Done`]. A token type makes that a rule by its `Drop`: on the host it
//! panics, in the kernel it completes the SRB with an error.

/// Sectors of the protocol, in bytes, whatever the disk's own block size.
pub const SECTOR: u64 = 512;

/// A run of guest-physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Guest-physical address of the first byte.
    pub address: u64,
    /// Length in bytes.
    pub length: u32,
}

/// The data of a request, as the token gives access to it. All methods are callable at
/// `IRQL <= DISPATCH_LEVEL` and must give the same answers for as long as the request lives.
pub trait Payload {
    /// Segment `index` of the data, `None` behind the last.
    fn segment(&self, index: usize) -> Option<Segment>;

    /// Copies data of a write, from byte `offset` on, into `to`. False if the data cannot be reached
    /// (no virtual mapping): the request then fails.
    fn gather(&self, offset: u64, to: &mut [u8]) -> bool;

    /// Copies data of a read to byte `offset` of the request. False as for [`Payload::gather`].
    fn scatter(&self, offset: u64, from: &[u8]) -> bool;

    /// Whether [`Payload::gather`] and [`Payload::scatter`] can work at all.
    fn is_mapped(&self) -> bool {
        true
    }

    /// Run `index` (first sector, number of sectors; both in 512-byte units) of a discard with several
    /// runs, `None` behind the last. A request that has none discards its own run.
    fn run(&self, index: usize) -> Option<(u64, u64)> {
        let _ = index;
        None
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read sectors.
    Read,
    /// Read sectors and throw the data away: is the medium readable? Needs no data.
    Verify,
    /// Write sectors; with `fua` the request completes when the data is on stable storage.
    Write {
        /// Force unit access.
        fua: bool,
    },
    /// Everything that was written and completed before, and every write that this queue was given
    /// before, is on stable storage when this completes.
    Flush,
    /// Deallocate sectors. Plain discards are a hint and are trimmed to the granularity of the
    /// back-end; secure ones are done in full or fail.
    Discard {
        /// All copies must become unreadable.
        secure: bool,
    },
}

impl Operation {
    /// True if the request changes the medium.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write { .. } | Self::Discard { .. })
    }
}

/// A request.
#[derive(Debug)]
pub struct Request<T> {
    /// What to do.
    pub operation: Operation,
    /// First sector, in 512-byte units.
    pub sector: u64,
    /// Number of sectors, in 512-byte units; 0 for a flush.
    pub sectors: u64,
    /// Handed back on completion.
    pub token: T,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The back-end reported an error: the medium.
    Io,
    /// The back-end cannot do this operation.
    Unsupported,
    /// The run does not lie on the disk, or is not a multiple of its block size.
    OutOfRange,
    /// The disk cannot be written.
    ReadOnly,
    /// The data of the request is shorter or longer than its run of sectors, or cannot be reached.
    BadData,
    /// Ended by a reset; whether it was carried out is unknown.
    Reset,
    /// The device is broken or gone.
    Gone,
}

/// How a request ended.
pub type Outcome = Result<(), Failure>;

/// A request that ended.
#[derive(Debug)]
#[must_use = "the token must be completed"]
pub struct Done<T> {
    /// From the request.
    pub token: T,
    /// How it ended.
    pub outcome: Outcome,
}

/// A request that was not taken.
#[derive(Debug)]
#[must_use = "the token must be completed"]
pub struct Rejected<T> {
    /// The request, unchanged.
    pub request: Request<T>,
    /// Why: `None` means that the queue is full for now.
    pub failure: Option<Failure>,
}

/// A run of segments cut into what one ring segment can hold: pieces within one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Bytes of the request before this place.
    pub bytes: u64,
    /// Segment that holds this place.
    pub segment: usize,
    /// Bytes of that segment before this place.
    pub within: u32,
}

/// A piece of data within one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The page.
    pub gfn: u64,
    /// Offset in the page, in bytes.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
}

impl Cursor {
    /// The next piece, at most `most` bytes long, joined over segments that touch within a page;
    /// advances. `None` at the end of the data or on a segment that overflows.
    pub fn next<T: Payload>(&mut self, data: &T, most: u64) -> Option<Piece> {
        let mut piece = self.part(data, most)?;
        // Pieces that touch within one page become one segment on the ring.
        while piece.offset + piece.length < PAGE && u64::from(piece.length) < most {
            let mut ahead = *self;
            let Some(more) = ahead.part(data, most - u64::from(piece.length)) else { break };
            if more.gfn != piece.gfn || more.offset != piece.offset + piece.length {
                break;
            }
            piece.length += more.length;
            *self = ahead;
        }
        Some(piece)
    }

    fn part<T: Payload>(&mut self, data: &T, most: u64) -> Option<Piece> {
        let mut segment = data.segment(self.segment)?;
        while self.within >= segment.length {
            self.segment += 1;
            self.within = 0;
            segment = data.segment(self.segment)?;
        }
        let address = segment.address.checked_add(self.within.into())?;
        let offset = (address % u64::from(PAGE)) as u32;
        let left = u64::from(segment.length - self.within);
        let length = left.min((PAGE - offset).into()).min(most) as u32;
        if length == 0 {
            return None;
        }
        self.within += length;
        self.bytes += u64::from(length);
        Some(Piece { gfn: address / u64::from(PAGE), offset, length })
    }
}

const PAGE: u32 = xenbus::types::PAGE_SIZE as u32;

/// True when all pieces of the data start and end on a 512-byte boundary, so that the pages themselves
/// can be granted. `None` when the data is not exactly `bytes` long.
pub fn is_aligned<T: Payload>(data: &T, bytes: u64) -> Option<bool> {
    let (mut total, mut aligned, mut index) = (0u64, true, 0);
    while let Some(segment) = data.segment(index) {
        total = total.checked_add(segment.length.into())?;
        segment.address.checked_add(segment.length.into())?;
        aligned &= segment.address.is_multiple_of(SECTOR) && u64::from(segment.length).is_multiple_of(SECTOR);
        if total > bytes {
            // A longer buffer is fine: its rest is not looked at.
            aligned &= (total - bytes).is_multiple_of(SECTOR);
            break;
        }
        index += 1;
    }
    (total >= bytes).then_some(aligned)
}
