//! Block ring requests (`io/blkif.h`), for the 64-bit and the 32-bit layout.

use super::Fields;

/// Read.
pub const OP_READ: u8 = 0;
/// Write.
pub const OP_WRITE: u8 = 1;
/// Write with a barrier before and after.
pub const OP_WRITE_BARRIER: u8 = 2;
/// Flush the volatile cache.
pub const OP_FLUSH: u8 = 3;
/// Discard.
pub const OP_DISCARD: u8 = 5;
/// Indirect descriptors.
pub const OP_INDIRECT: u8 = 6;
/// Done.
pub const RSP_OKAY: i16 = 0;
/// Failed.
pub const RSP_ERROR: i16 = -1;
/// Not supported.
pub const RSP_EOPNOTSUPP: i16 = -2;
/// Segments inside a request.
pub const MAX_SEGMENTS: usize = 11;
/// Pages of indirect descriptors.
pub const MAX_INDIRECT_PAGES: usize = 8;
/// Descriptors in a page.
pub const SEGMENTS_PER_PAGE: usize = 512;
/// Discard flag: the data must be unrecoverable.
pub const DISCARD_SECURE: u8 = 1;
/// `info` bits of the back-end: a CD-ROM, removable, read-only.
pub const VDISK_CDROM: u32 = 1;
/// See [`VDISK_CDROM`].
pub const VDISK_REMOVABLE: u32 = 2;
/// See [`VDISK_CDROM`].
pub const VDISK_READONLY: u32 = 4;

/// How requests are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// `x86_64-abi`.
    X64,
    /// `x86_32-abi`.
    X32,
}

/// A data segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Grant of the page.
    pub gref: u32,
    /// First 512-byte unit in the page.
    pub first: u8,
    /// Last unit, inclusive.
    pub last: u8,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Direct read or write, or a flush or barrier with data.
    Direct {
        /// One of the `OP_` numbers.
        op: u8,
        /// `nr_segments` as it stands (may exceed the maximum).
        claimed: u8,
        /// The segments, at most 11.
        segments: Vec<Segment>,
    },
    /// Indirect: `nr` segments in the pages behind `grefs`.
    Indirect {
        /// Read or write.
        op: u8,
        /// Number of segments claimed.
        nr: u16,
        /// Grants of the descriptor pages, all eight slots.
        grefs: [u32; MAX_INDIRECT_PAGES],
    },
    /// Discard.
    Discard {
        /// Flags.
        flag: u8,
        /// 512-byte units.
        sectors: u64,
    },
}

/// A request, decoded from one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number that comes first.
    pub operation: u8,
    /// Device handle.
    pub handle: u16,
    /// Echoed.
    pub id: u64,
    /// Start, in 512-byte units.
    pub sector: u64,
    /// The rest.
    pub body: Body,
}

impl Abi {
    /// Bytes of a slot.
    #[must_use]
    pub const fn slot(self) -> usize {
        match self {
            Self::X64 => 112,
            Self::X32 => 108,
        }
    }

    /// Decodes a slot.
    #[must_use]
    pub fn decode(self, raw: &[u8]) -> Request {
        let operation = raw[0];
        // Offsets of id, sector_number, and of what follows it.
        let (id, sector, rest) = match self {
            Self::X64 => (8, 16, 24),
            Self::X32 => (4, 12, 20),
        };
        let mut request = Request {
            operation,
            handle: raw.u16_at(2),
            id: raw.u64_at(id),
            sector: raw.u64_at(sector),
            body: Body::Discard { flag: raw[1], sectors: 0 },
        };
        match operation {
            OP_DISCARD => request.body = Body::Discard { flag: raw[1], sectors: raw.u64_at(rest) },
            OP_INDIRECT => {
                request.handle = raw.u16_at(rest);
                let mut grefs = [0; MAX_INDIRECT_PAGES];
                for (index, gref) in grefs.iter_mut().enumerate() {
                    *gref = raw.u32_at(rest + 4 + index * 4);
                }
                request.body = Body::Indirect { op: raw[1], nr: raw.u16_at(2), grefs };
            }
            _ => {
                let count = usize::from(raw[1]).min(MAX_SEGMENTS);
                let segments = (0..count).map(|index| segment(raw, rest + index * 8)).collect();
                request.body = Body::Direct { op: operation, claimed: raw[1], segments };
            }
        }
        request
    }

    /// Encodes a response. The padding is zero.
    #[must_use]
    pub fn response(self, id: u64, operation: u8, status: i16) -> Vec<u8> {
        let mut raw = vec![0; if self == Self::X64 { 16 } else { 12 }];
        raw[..8].copy_from_slice(&id.to_le_bytes());
        raw[8] = operation;
        raw[10..12].copy_from_slice(&status.to_le_bytes());
        raw
    }
}

/// Decodes a segment descriptor at a byte offset.
#[must_use]
pub fn segment(raw: &[u8], at: usize) -> Segment {
    Segment { gref: raw.u32_at(at), first: raw[at + 4], last: raw[at + 5] }
}
