//! Command descriptor blocks.

use super::sense::Sense;

/// A command, its fields taken out of the descriptor block and checked for form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// TEST UNIT READY.
    TestUnitReady,
    /// REQUEST SENSE.
    RequestSense {
        /// Room for the answer.
        allocation: usize,
    },
    /// INQUIRY.
    Inquiry {
        /// A vital product data page instead of standard data.
        page: Option<u8>,
        /// Room for the answer.
        allocation: usize,
    },
    /// READ (6), (10), (12), (16).
    Read {
        /// First logical block.
        lba: u64,
        /// Number of logical blocks.
        blocks: u64,
    },
    /// WRITE (6), (10), (12), (16).
    Write {
        /// First logical block.
        lba: u64,
        /// Number of logical blocks.
        blocks: u64,
        /// Force unit access.
        fua: bool,
    },
    /// VERIFY (10), (16): without comparing.
    Verify {
        /// First logical block.
        lba: u64,
        /// Number of logical blocks.
        blocks: u64,
    },
    /// SYNCHRONIZE CACHE (10), (16).
    SynchronizeCache {
        /// First logical block.
        lba: u64,
        /// Number of logical blocks; 0 for all to the end.
        blocks: u64,
    },
    /// READ CAPACITY (10).
    ReadCapacity10,
    /// READ CAPACITY (16).
    ReadCapacity16 {
        /// Room for the answer.
        allocation: usize,
    },
    /// GET LBA STATUS.
    GetLbaStatus {
        /// First logical block.
        lba: u64,
        /// Room for the answer.
        allocation: usize,
    },
    /// MODE SENSE (6), (10).
    ModeSense {
        /// The ten-byte form.
        long: bool,
        /// No block descriptor.
        no_descriptor: bool,
        /// 0 current, 1 changeable, 2 default, 3 saved values.
        control: u8,
        /// Page.
        page: u8,
        /// Subpage.
        subpage: u8,
        /// Room for the answer.
        allocation: usize,
    },
    /// LOG SENSE.
    LogSense {
        /// Page.
        page: u8,
        /// Subpage.
        subpage: u8,
        /// Room for the answer.
        allocation: usize,
    },
    /// REPORT LUNS.
    ReportLuns {
        /// What to report.
        select: u8,
        /// Room for the answer.
        allocation: usize,
    },
    /// START STOP UNIT.
    StartStop {
        /// Start, or load with `eject`.
        start: bool,
        /// Load or eject.
        eject: bool,
    },
    /// PREVENT ALLOW MEDIUM REMOVAL.
    PreventRemoval,
    /// UNMAP.
    Unmap {
        /// Length of the parameter list.
        length: usize,
    },
    /// WRITE SAME (10), (16) with UNMAP.
    WriteSameUnmap {
        /// First logical block.
        lba: u64,
        /// Number of logical blocks.
        blocks: u64,
        /// No data-out buffer: zeroes.
        no_data: bool,
    },
}

impl Command {
    /// Commands that work while a unit attention is pending, and leave it pending (SPC-4 5.14).
    #[must_use]
    pub const fn ignores_attention(&self) -> bool {
        matches!(self, Self::Inquiry { .. } | Self::ReportLuns { .. } | Self::RequestSense { .. })
    }
}

/// Big-endian fields of a descriptor block.
struct Cdb<'a>(&'a [u8]);

impl Cdb<'_> {
    fn u8(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(0)
    }
    fn number(&self, at: usize, bytes: usize) -> u64 {
        (at..at + bytes).fold(0, |value, i| value << 8 | u64::from(self.u8(i)))
    }
    fn size(&self, at: usize, bytes: usize) -> usize {
        self.number(at, bytes) as usize
    }
    fn bit(&self, at: usize, bit: u8) -> bool {
        self.u8(at) & 1 << bit != 0
    }
}

/// Length of a descriptor block by its group code (SPC-4 4.2.5).
const fn length(opcode: u8) -> usize {
    match opcode >> 5 {
        0 => 6,
        1 | 2 => 10,
        4 => 16,
        5 => 12,
        _ => 0,
    }
}

/// Takes a descriptor block apart.
///
/// # Errors
/// The sense data for an unknown command or a field that cannot be.
pub fn parse(bytes: &[u8]) -> Result<Command, Sense> {
    let &opcode = bytes.first().ok_or(Sense::INVALID_COMMAND)?;
    let expected = length(opcode);
    if expected == 0 {
        return Err(Sense::INVALID_COMMAND);
    }
    let cdb = Cdb(bytes.get(..expected).ok_or(Sense::INVALID_FIELD)?);
    // NACA in the control byte is not supported.
    if cdb.bit(expected - 1, 2) {
        return Err(Sense::INVALID_FIELD);
    }
    // Reads and writes: protection information is not supported.
    let (lba10, blocks10) = (cdb.number(2, 4), cdb.number(7, 2));
    let (lba12, blocks12) = (cdb.number(2, 4), cdb.number(6, 4));
    let (lba16, blocks16) = (cdb.number(2, 8), cdb.number(10, 4));
    let protected = cdb.u8(1) >> 5 != 0;
    let plain = |command: Command| if protected { Err(Sense::INVALID_FIELD) } else { Ok(command) };
    let fua = cdb.bit(1, 3);
    match opcode {
        0x00 => Ok(Command::TestUnitReady),
        // Descriptor-format sense is not supported.
        0x03 if cdb.bit(1, 0) => Err(Sense::INVALID_FIELD),
        0x03 => Ok(Command::RequestSense { allocation: cdb.size(4, 1) }),
        0x08 | 0x0a => {
            let lba = cdb.number(1, 3) & 0x1f_ffff;
            // 0 means 256 in the six-byte form.
            let blocks = if cdb.u8(4) == 0 { 256 } else { cdb.number(4, 1) };
            Ok(if opcode == 0x08 {
                Command::Read { lba, blocks }
            } else {
                Command::Write { lba, blocks, fua: false }
            })
        }
        0x12 => {
            let page = cdb.bit(1, 0).then(|| cdb.u8(2));
            if cdb.u8(1) & !1 != 0 || (page.is_none() && cdb.u8(2) != 0) {
                return Err(Sense::INVALID_FIELD);
            }
            Ok(Command::Inquiry { page, allocation: cdb.size(3, 2) })
        }
        0x1a | 0x5a => Ok(Command::ModeSense {
            long: opcode == 0x5a,
            no_descriptor: cdb.bit(1, 3),
            control: cdb.u8(2) >> 6,
            page: cdb.u8(2) & 0x3f,
            subpage: cdb.u8(3),
            allocation: if opcode == 0x5a { cdb.size(7, 2) } else { cdb.size(4, 1) },
        }),
        0x1b => Ok(Command::StartStop { start: cdb.bit(4, 0), eject: cdb.bit(4, 1) }),
        0x1e => Ok(Command::PreventRemoval),
        0x25 => Ok(Command::ReadCapacity10),
        0x28 => plain(Command::Read { lba: lba10, blocks: blocks10 }),
        0xa8 => plain(Command::Read { lba: lba12, blocks: blocks12 }),
        0x88 => plain(Command::Read { lba: lba16, blocks: blocks16 }),
        0x2a => plain(Command::Write { lba: lba10, blocks: blocks10, fua }),
        0xaa => plain(Command::Write { lba: lba12, blocks: blocks12, fua }),
        0x8a => plain(Command::Write { lba: lba16, blocks: blocks16, fua }),
        // Comparing (BYTCHK) is not supported.
        0x2f | 0x8f if cdb.u8(1) & 6 != 0 => Err(Sense::INVALID_FIELD),
        0x2f => plain(Command::Verify { lba: lba10, blocks: blocks10 }),
        0x8f => plain(Command::Verify { lba: lba16, blocks: blocks16 }),
        0x35 => Ok(Command::SynchronizeCache { lba: lba10, blocks: blocks10 }),
        0x91 => Ok(Command::SynchronizeCache { lba: lba16, blocks: blocks16 }),
        // Without UNMAP it would have to write; anchoring is not supported.
        0x41 | 0x93 if !cdb.bit(1, 3) || cdb.bit(1, 4) || protected => Err(Sense::INVALID_FIELD),
        0x41 => Ok(Command::WriteSameUnmap { lba: lba10, blocks: blocks10, no_data: false }),
        0x93 => Ok(Command::WriteSameUnmap { lba: lba16, blocks: blocks16, no_data: cdb.bit(1, 0) }),
        // ANCHOR is not supported.
        0x42 if cdb.bit(1, 0) => Err(Sense::INVALID_FIELD),
        0x42 => Ok(Command::Unmap { length: cdb.size(7, 2) }),
        0x4d => {
            Ok(Command::LogSense { page: cdb.u8(2) & 0x3f, subpage: cdb.u8(3), allocation: cdb.size(7, 2) })
        }
        0x9e => match cdb.u8(1) & 0x1f {
            0x10 => Ok(Command::ReadCapacity16 { allocation: cdb.size(10, 4) }),
            0x12 => Ok(Command::GetLbaStatus { lba: lba16, allocation: cdb.size(10, 4) }),
            _ => Err(Sense::INVALID_FIELD),
        },
        0xa0 => Ok(Command::ReportLuns { select: cdb.u8(2), allocation: cdb.size(6, 4) }),
        // RESERVE and RELEASE (6), (10), PERSISTENT RESERVE IN and OUT, MODE SELECT and all else: blkif
        // has nothing to build them on, and pretending would let a cluster believe it owns the disk.
        _ => Err(Sense::INVALID_COMMAND),
    }
}
