//! The state of a logical unit that commands look at. Readable from any processor without a lock.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use blkfront::negotiate::{Discard, Disk};

use super::sense::Sense;

/// What the initiator has to be told with its next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// The unit was reset.
    Reset,
    /// The medium was exchanged.
    MediumChanged,
    /// The size changed.
    CapacityChanged,
}

impl Attention {
    const ALL: [Self; 3] = [Self::Reset, Self::MediumChanged, Self::CapacityChanged];

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The sense data.
    #[must_use]
    pub const fn sense(self) -> Sense {
        match self {
            Self::Reset => Sense::RESET,
            Self::MediumChanged => Sense::MEDIUM_CHANGED,
            Self::CapacityChanged => Sense::CAPACITY_CHANGED,
        }
    }
}

mod flag {
    pub const READ_ONLY: u32 = 1;
    pub const REMOVABLE: u32 = 2;
    pub const FLUSH: u32 = 4;
    pub const BARRIER: u32 = 8;
    pub const DISCARD: u32 = 0x10;
    pub const SECURE: u32 = 0x20;
    /// The back-end offered to flush, and then refused.
    pub const REFUSED: u32 = 0x40;
}

/// A logical unit. Each field changes on its own (a resize changes only the size), so that a reader
/// between two stores sees nothing worse than the old value of one of them.
#[derive(Debug)]
pub struct Unit {
    sectors: AtomicU64,
    block: AtomicU32,
    physical_block: AtomicU32,
    flags: AtomicU32,
    granularity: AtomicU64,
    alignment: AtomicU64,
    attention: AtomicU32,
    /// Largest transfer, in bytes.
    max_transfer: u32,
}

impl Unit {
    /// A unit over a disk. `max_transfer` in bytes.
    #[must_use]
    pub fn new(disk: &Disk, max_transfer: u32) -> Self {
        let unit = Self {
            sectors: AtomicU64::new(0),
            block: AtomicU32::new(512),
            physical_block: AtomicU32::new(512),
            flags: AtomicU32::new(0),
            granularity: AtomicU64::new(1),
            alignment: AtomicU64::new(0),
            attention: AtomicU32::new(0),
            max_transfer,
        };
        unit.update(disk);
        unit
    }

    /// The disk was described anew. Says what the initiator must be told; the caller raises it.
    pub fn update(&self, disk: &Disk) -> Option<Attention> {
        let mut flags = 0;
        for (set, bit) in [
            (disk.read_only, flag::READ_ONLY),
            (disk.removable, flag::REMOVABLE),
            (disk.flush, flag::FLUSH),
            (disk.barrier, flag::BARRIER),
            (disk.discard.is_some(), flag::DISCARD),
            (disk.discard.is_some_and(|d| d.secure), flag::SECURE),
        ] {
            flags |= if set { bit } else { 0 };
        }
        self.flags.store(flags, Relaxed);
        if let Some(discard) = disk.discard {
            self.granularity.store(discard.granularity.max(1), Relaxed);
            self.alignment.store(discard.alignment, Relaxed);
        }
        let physical = self.physical_block.swap(disk.physical_block, Relaxed);
        let block = self.block.swap(disk.block.max(512), Relaxed);
        let sectors = self.sectors.swap(disk.sectors, Relaxed);
        let changed = (sectors, block, physical) != (disk.sectors, disk.block, disk.physical_block);
        changed.then_some(Attention::CapacityChanged)
    }

    /// The next command (that reports such things) is told.
    pub fn raise(&self, attention: Attention) {
        self.attention.fetch_or(attention.bit(), Relaxed);
    }

    /// Takes the most important attention that is pending.
    pub fn take_attention(&self) -> Option<Attention> {
        Attention::ALL
            .into_iter()
            .find(|attention| self.attention.fetch_and(!attention.bit(), Relaxed) & attention.bit() != 0)
    }

    /// Logical block in bytes.
    pub fn block(&self) -> u32 {
        self.block.load(Relaxed)
    }

    /// Physical block in bytes.
    pub fn physical_block(&self) -> u32 {
        self.physical_block.load(Relaxed)
    }

    /// 512-byte sectors in a logical block.
    pub fn sectors_per_block(&self) -> u64 {
        u64::from(self.block()) / 512
    }

    /// Number of logical blocks.
    pub fn blocks(&self) -> u64 {
        self.sectors.load(Relaxed) / self.sectors_per_block()
    }

    /// Largest transfer in bytes.
    pub fn max_transfer(&self) -> u32 {
        self.max_transfer
    }

    /// Writes are refused.
    pub fn read_only(&self) -> bool {
        self.flags.load(Relaxed) & flag::READ_ONLY != 0
    }

    /// The medium can be taken out.
    pub fn removable(&self) -> bool {
        self.flags.load(Relaxed) & flag::REMOVABLE != 0
    }

    /// Completed writes can be made stable.
    pub fn can_flush(&self) -> bool {
        let flags = self.flags.load(Relaxed);
        flags & (flag::FLUSH | flag::BARRIER) != 0 && flags & flag::REFUSED == 0
    }

    /// There may be a volatile cache: the back-end offers, or offered, to flush it.
    pub fn has_cache(&self) -> bool {
        self.flags.load(Relaxed) & (flag::FLUSH | flag::BARRIER) != 0
    }

    /// The back-end offered to flush, but refused when it was asked: writes cannot be made stable.
    pub fn flush_refused(&self) {
        self.flags.fetch_or(flag::REFUSED, Relaxed);
    }

    /// How the back-end deallocates, if it does.
    pub fn discard(&self) -> Option<Discard> {
        let flags = self.flags.load(Relaxed);
        (flags & flag::DISCARD != 0).then(|| Discard {
            granularity: self.granularity.load(Relaxed),
            alignment: self.alignment.load(Relaxed),
            secure: flags & flag::SECURE != 0,
        })
    }

    /// Number of 512-byte sectors for a run of blocks that lies on the unit; `None` if it does not.
    pub fn run(&self, lba: u64, blocks: u64) -> Option<(u64, u64)> {
        let end = lba.checked_add(blocks)?;
        if end > self.blocks() || (lba >= self.blocks() && blocks > 0) {
            return None;
        }
        let per = self.sectors_per_block();
        Some((lba.checked_mul(per)?, blocks.checked_mul(per)?))
    }
}
