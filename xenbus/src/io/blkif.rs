//! The block protocol (`xen/io/blkif.h`), x86_64 layout.
//!
//! Both sides agree on the layout by the front-end's node `protocol=x86_64-abi`, whatever the width of
//! the back-end. Every sector number, on the ring and in the segments, counts 512 bytes: this project
//! never negotiates `feature-large-sector-size`, and `sector-size` in xenstore is only a hint on what
//! the medium likes.

use arrayvec::ArrayVec;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::types::PAGE_SIZE;

/// The unit of every sector number in the protocol, in bytes.
pub const SECTOR_SIZE: usize = 512;
/// Sectors that a page holds.
pub const SECTORS_PER_PAGE: u8 = (PAGE_SIZE / SECTOR_SIZE) as u8;
/// Segments in a direct request (`BLKIF_MAX_SEGMENTS_PER_REQUEST`).
#[doc(alias = "BLKIF_MAX_SEGMENTS_PER_REQUEST")]
pub const MAX_SEGMENTS: usize = 11;
/// Indirect pages in one request (`BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST`).
#[doc(alias = "BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST")]
pub const MAX_INDIRECT_PAGES: usize = 8;
/// Segments that one indirect page describes.
pub const SEGMENTS_PER_INDIRECT_PAGE: usize = PAGE_SIZE / size_of::<Segment>();
/// Segments that one indirect request can describe at most.
pub const MAX_INDIRECT_SEGMENTS: usize = MAX_INDIRECT_PAGES * SEGMENTS_PER_INDIRECT_PAGE;
/// `BLKIF_DISCARD_SECURE`.
#[doc(alias = "BLKIF_DISCARD_SECURE")]
pub const DISCARD_SECURE: u8 = 1;

/// Bits of the `info` node (`VDISK_*`).
pub mod vdisk {
    /// The medium is a CD-ROM.
    #[doc(alias = "VDISK_CDROM")]
    pub const CDROM: u32 = 1;
    /// The medium is removable.
    #[doc(alias = "VDISK_REMOVABLE")]
    pub const REMOVABLE: u32 = 2;
    /// The medium cannot be written.
    #[doc(alias = "VDISK_READONLY")]
    pub const READONLY: u32 = 4;
}

/// `BLKIF_OP_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Operation(pub u8);

impl Operation {
    /// Reads sectors.
    #[doc(alias = "BLKIF_OP_READ")]
    pub const READ: Self = Self(0);
    /// Writes sectors.
    #[doc(alias = "BLKIF_OP_WRITE")]
    pub const WRITE: Self = Self(1);
    /// Writes sectors, ordered after everything before it and before everything after it
    /// (`feature-barrier`).
    #[doc(alias = "BLKIF_OP_WRITE_BARRIER")]
    pub const WRITE_BARRIER: Self = Self(2);
    /// Commits the medium's volatile cache (`feature-flush-cache`).
    #[doc(alias = "BLKIF_OP_FLUSH_DISKCACHE")]
    pub const FLUSH: Self = Self(3);
    /// Deallocates sectors (`feature-discard`).
    #[doc(alias = "BLKIF_OP_DISCARD")]
    pub const DISCARD: Self = Self(5);
    /// A read or write whose segments lie in pages of their own (`feature-max-indirect-segments`).
    #[doc(alias = "BLKIF_OP_INDIRECT")]
    pub const INDIRECT: Self = Self(6);

    /// True for the operations that carry segments directly in the slot.
    #[must_use]
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::READ | Self::WRITE | Self::WRITE_BARRIER | Self::FLUSH)
    }
}

/// `BLKIF_RSP_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Status(pub i16);

impl Status {
    /// Carried out.
    #[doc(alias = "BLKIF_RSP_OKAY")]
    pub const OKAY: Self = Self(0);
    /// Failed.
    #[doc(alias = "BLKIF_RSP_ERROR")]
    pub const ERROR: Self = Self(-1);
    /// The back-end does not know the operation. Never to be taken for success.
    #[doc(alias = "BLKIF_RSP_EOPNOTSUPP")]
    pub const NOT_SUPPORTED: Self = Self(-2);
}

/// One run of sectors within one granted page, as it is on the wire (`blkif_request_segment`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "struct blkif_request_segment")]
#[repr(C)]
pub struct Segment {
    /// The grant of the page.
    pub gref: u32,
    /// First sector of the page, inclusive.
    pub first_sect: u8,
    /// Last sector of the page, inclusive.
    pub last_sect: u8,
    /// Padding; zero on the ring.
    pub pad: [u8; 2],
}

impl Segment {
    /// A segment over sectors `first..=last` of the page.
    #[must_use]
    pub const fn new(gref: u32, first: u8, last: u8) -> Self {
        Self { gref, first_sect: first, last_sect: last, pad: [0; 2] }
    }

    /// Number of sectors, or `None` for a segment that no page can hold.
    #[must_use]
    pub const fn sectors(&self) -> Option<u8> {
        if self.first_sect <= self.last_sect && self.last_sect < SECTORS_PER_PAGE {
            Some(self.last_sect - self.first_sect + 1)
        } else {
            None
        }
    }
}

/// A slot of the ring as the front-end fills it: one of the three request layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "union blkif_sring_entry")]
#[repr(C)]
pub struct RequestSlot {
    words: [u64; 14],
}

impl Default for RequestSlot {
    fn default() -> Self {
        Self::new_zeroed()
    }
}

/// `blkif_request`: read, write, write barrier, flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "blkif_request_t")]
#[repr(C)]
pub struct WireDirect {
    /// What to do.
    pub operation: Operation,
    /// Segments in use, 0 to [`MAX_SEGMENTS`].
    pub nr_segments: u8,
    /// The virtual device number of the disk.
    pub handle: u16,
    /// Padding.
    pub pad: u32,
    /// Echoed in the response.
    pub id: u64,
    /// First sector on the disk.
    pub sector_number: u64,
    /// The segments.
    pub seg: [Segment; MAX_SEGMENTS],
}

/// `blkif_request_discard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "blkif_request_discard_t")]
#[repr(C)]
pub struct WireDiscard {
    /// [`Operation::DISCARD`].
    pub operation: Operation,
    /// 0 or [`DISCARD_SECURE`].
    pub flag: u8,
    /// The virtual device number of the disk.
    pub handle: u16,
    /// Padding.
    pub pad: u32,
    /// Echoed in the response.
    pub id: u64,
    /// First sector on the disk.
    pub sector_number: u64,
    /// Number of sectors.
    pub nr_sectors: u64,
    /// The rest of the slot.
    pub rest: [u64; 10],
}

/// `blkif_request_indirect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "blkif_request_indirect_t")]
#[repr(C)]
pub struct WireIndirect {
    /// [`Operation::INDIRECT`].
    pub operation: Operation,
    /// [`Operation::READ`] or [`Operation::WRITE`].
    pub indirect_op: Operation,
    /// Segments described by the indirect pages.
    pub nr_segments: u16,
    /// Padding.
    pub pad: u32,
    /// Echoed in the response.
    pub id: u64,
    /// First sector on the disk.
    pub sector_number: u64,
    /// The virtual device number of the disk.
    pub handle: u16,
    /// Padding.
    pub pad2: u16,
    /// Grants of the indirect pages.
    pub indirect_grefs: [u32; MAX_INDIRECT_PAGES],
    /// The rest of the slot.
    pub rest: [u32; 13],
}

/// `blkif_response`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "blkif_response_t")]
#[repr(C)]
pub struct WireResponse {
    /// The id of the request.
    pub id: u64,
    /// The operation of the request.
    pub operation: Operation,
    /// Padding.
    pub pad: u8,
    /// The result.
    pub status: Status,
    /// Padding.
    pub pad2: u32,
}

const _: () = {
    assert!(size_of::<Segment>() == 8);
    assert!(size_of::<RequestSlot>() == 112);
    assert!(size_of::<WireDirect>() == 112);
    assert!(size_of::<WireDiscard>() == 112);
    assert!(size_of::<WireIndirect>() == 112);
    assert!(core::mem::offset_of!(WireDirect, seg) == 24);
    assert!(core::mem::offset_of!(WireDiscard, nr_sectors) == 24);
    assert!(core::mem::offset_of!(WireIndirect, handle) == 24);
    assert!(core::mem::offset_of!(WireIndirect, indirect_grefs) == 28);
    assert!(size_of::<WireResponse>() == 16);
    assert!(core::mem::offset_of!(WireResponse, status) == 10);
    assert!(SEGMENTS_PER_INDIRECT_PAGE == 512);
};

/// A request whose fields were checked: what a front-end means, and what a back-end may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A read, write, barrier or flush with its segments in the slot.
    Direct {
        /// One of the direct operations.
        operation: Operation,
        /// The virtual device number of the disk.
        handle: u16,
        /// Echoed in the response.
        id: u64,
        /// First sector on the disk.
        sector: u64,
        /// The segments; empty for a flush, else at least one.
        segments: ArrayVec<Segment, MAX_SEGMENTS>,
    },
    /// A discard.
    Discard {
        /// All copies must become unreadable.
        secure: bool,
        /// The virtual device number of the disk.
        handle: u16,
        /// Echoed in the response.
        id: u64,
        /// First sector on the disk.
        sector: u64,
        /// Number of sectors.
        sectors: u64,
    },
    /// A read or write with indirect segments.
    Indirect {
        /// [`Operation::READ`] or [`Operation::WRITE`].
        operation: Operation,
        /// The virtual device number of the disk.
        handle: u16,
        /// Echoed in the response.
        id: u64,
        /// First sector on the disk.
        sector: u64,
        /// Number of segments in the pages, at least 1.
        segments: u16,
        /// The grants of exactly as many pages as the segments need.
        pages: ArrayVec<u32, MAX_INDIRECT_PAGES>,
    },
}

/// Why a slot is not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// Unknown operation.
    Operation(Operation),
    /// A number of segments that the operation cannot have.
    SegmentCount(u16),
    /// A segment that no page can hold.
    Segment(Segment),
    /// The end of the run does not fit in 64 bits.
    Range,
}

impl Request {
    /// The id.
    #[must_use]
    pub const fn id(&self) -> u64 {
        match self {
            Self::Direct { id, .. } | Self::Discard { id, .. } | Self::Indirect { id, .. } => *id,
        }
    }

    /// Puts the request in a slot. Unused bytes are zero.
    #[must_use]
    pub fn encode(&self) -> RequestSlot {
        match *self {
            Self::Direct { operation, handle, id, sector, ref segments } => {
                let mut seg = [Segment::default(); MAX_SEGMENTS];
                seg[..segments.len()].copy_from_slice(segments);
                zerocopy::transmute!(WireDirect {
                    operation,
                    nr_segments: segments.len() as u8,
                    handle,
                    pad: 0,
                    id,
                    sector_number: sector,
                    seg,
                })
            }
            Self::Discard { secure, handle, id, sector, sectors } => zerocopy::transmute!(WireDiscard {
                operation: Operation::DISCARD,
                flag: if secure { DISCARD_SECURE } else { 0 },
                handle,
                pad: 0,
                id,
                sector_number: sector,
                nr_sectors: sectors,
                rest: [0; 10],
            }),
            Self::Indirect { operation, handle, id, sector, segments, ref pages } => {
                let mut indirect_grefs = [0; MAX_INDIRECT_PAGES];
                indirect_grefs[..pages.len()].copy_from_slice(pages);
                zerocopy::transmute!(WireIndirect {
                    operation: Operation::INDIRECT,
                    indirect_op: operation,
                    nr_segments: segments,
                    pad: 0,
                    id,
                    sector_number: sector,
                    handle,
                    pad2: 0,
                    indirect_grefs,
                    rest: [0; 13],
                })
            }
        }
    }

    /// Checks a slot: the back-end's half of the protocol.
    ///
    /// # Errors
    /// See [`BadRequest`]. The id of a bad request is still readable with [`RequestSlot::id`].
    pub fn parse(slot: &RequestSlot) -> Result<Self, BadRequest> {
        let direct: WireDirect = zerocopy::transmute!(*slot);
        match direct.operation {
            Operation::DISCARD => {
                let wire: WireDiscard = zerocopy::transmute!(*slot);
                wire.sector_number.checked_add(wire.nr_sectors).ok_or(BadRequest::Range)?;
                Ok(Self::Discard {
                    secure: wire.flag & DISCARD_SECURE != 0,
                    handle: wire.handle,
                    id: wire.id,
                    sector: wire.sector_number,
                    sectors: wire.nr_sectors,
                })
            }
            Operation::INDIRECT => Self::parse_indirect(&zerocopy::transmute!(*slot)),
            operation if operation.is_direct() => Self::parse_direct(&direct),
            operation => Err(BadRequest::Operation(operation)),
        }
    }

    fn parse_direct(wire: &WireDirect) -> Result<Self, BadRequest> {
        let count = usize::from(wire.nr_segments);
        // A barrier may come without data; reads and writes may not.
        let needs_data = matches!(wire.operation, Operation::READ | Operation::WRITE);
        if count > MAX_SEGMENTS || (needs_data && count == 0) {
            return Err(BadRequest::SegmentCount(wire.nr_segments.into()));
        }
        let mut segments = ArrayVec::new();
        let mut sectors = 0u64;
        for segment in &wire.seg[..count] {
            sectors += u64::from(segment.sectors().ok_or(BadRequest::Segment(*segment))?);
            segments.push(*segment);
        }
        wire.sector_number.checked_add(sectors).ok_or(BadRequest::Range)?;
        Ok(Self::Direct {
            operation: wire.operation,
            handle: wire.handle,
            id: wire.id,
            sector: wire.sector_number,
            segments,
        })
    }

    fn parse_indirect(wire: &WireIndirect) -> Result<Self, BadRequest> {
        if !matches!(wire.indirect_op, Operation::READ | Operation::WRITE) {
            return Err(BadRequest::Operation(wire.indirect_op));
        }
        let count = usize::from(wire.nr_segments);
        if count == 0 || count > MAX_INDIRECT_SEGMENTS {
            return Err(BadRequest::SegmentCount(wire.nr_segments));
        }
        let most = u64::from(wire.nr_segments) * u64::from(SECTORS_PER_PAGE);
        wire.sector_number.checked_add(most).ok_or(BadRequest::Range)?;
        Ok(Self::Indirect {
            operation: wire.indirect_op,
            handle: wire.handle,
            id: wire.id,
            sector: wire.sector_number,
            segments: wire.nr_segments,
            pages: wire.indirect_grefs[..indirect_pages(count)].iter().copied().collect(),
        })
    }
}

impl RequestSlot {
    /// The id, whatever the operation: all layouts have it at the same place.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.words[1]
    }
}

/// Pages that `segments` indirect segments fill.
#[must_use]
pub const fn indirect_pages(segments: usize) -> usize {
    segments.div_ceil(SEGMENTS_PER_INDIRECT_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(operation: Operation, segments: &[Segment]) -> Request {
        Request::Direct {
            operation,
            handle: 51712,
            id: 0x1122_3344_5566_7788,
            sector: 9,
            segments: segments.iter().copied().collect(),
        }
    }

    #[test]
    fn layouts_have_their_fields_where_the_header_puts_them() {
        let slot = direct(Operation::WRITE, &[Segment::new(0xAABB_CCDD, 1, 6)]).encode();
        let bytes = slot.as_bytes();
        assert_eq!(&bytes[..4], &[1, 1, 0x00, 0xCA]);
        assert_eq!(&bytes[8..16], &0x1122_3344_5566_7788u64.to_le_bytes());
        assert_eq!(&bytes[16..24], &9u64.to_le_bytes());
        assert_eq!(&bytes[24..32], &[0xDD, 0xCC, 0xBB, 0xAA, 1, 6, 0, 0]);
        assert!(bytes[32..].iter().all(|&b| b == 0), "unused bytes go to the peer as zero");
        assert_eq!(slot.id(), 0x1122_3344_5566_7788);
    }

    #[test]
    fn every_kind_survives_encode_and_parse() {
        let requests = [
            direct(Operation::READ, &[Segment::new(1, 0, 7), Segment::new(2, 3, 3)]),
            direct(Operation::FLUSH, &[]),
            direct(Operation::WRITE_BARRIER, &[Segment::new(5, 7, 7)]),
            Request::Discard { secure: true, handle: 1, id: 7, sector: 8, sectors: 4096 },
            Request::Indirect {
                operation: Operation::READ,
                handle: 1,
                id: 3,
                sector: 1 << 40,
                segments: 513,
                pages: [11, 12].into_iter().collect(),
            },
        ];
        for request in requests {
            assert_eq!(Request::parse(&request.encode()), Ok(request));
        }
    }

    #[test]
    fn bad_requests_are_named() {
        let slot = direct(Operation(4), &[]).encode();
        assert_eq!(Request::parse(&slot), Err(BadRequest::Operation(Operation(4))));
        let slot = direct(Operation::READ, &[]).encode();
        assert_eq!(Request::parse(&slot), Err(BadRequest::SegmentCount(0)));
        for bad in [Segment::new(1, 5, 4), Segment::new(1, 0, 8)] {
            let slot = direct(Operation::READ, &[bad]).encode();
            assert_eq!(Request::parse(&slot), Err(BadRequest::Segment(bad)));
        }
        let mut wire: WireDirect = zerocopy::transmute!(direct(Operation::READ, &[]).encode());
        wire.nr_segments = 12;
        assert_eq!(Request::parse(&zerocopy::transmute!(wire)), Err(BadRequest::SegmentCount(12)));
        let discard = Request::Discard { secure: false, handle: 0, id: 0, sector: u64::MAX, sectors: 1 };
        assert_eq!(Request::parse(&discard.encode()), Err(BadRequest::Range));
    }
}
