//! What the back-end offers, what this side makes of it, and the disk that comes out.
//!
//! Reading is in two phases. Limits that decide the shape of the rings are there when the back-end
//! reaches `InitWait`; the disk itself (size, flush, discard, and with Linux' blkback persistent grants
//! and indirect segments) only when it is `Connected`. Everything read is bounded here; nothing that a back-end writes can ask
//! for more memory than [`Policy`] allows.

use alloc::{format, string::String};

use xenbus::io::blkif::{MAX_INDIRECT_SEGMENTS, MAX_SEGMENTS, vdisk};
use xenbus::seam::{Store, StoreError};

/// What this side is willing to use: processor count and settings of the administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Most queues: the number of processors.
    pub queues: u32,
    /// Largest ring, as a power of two of pages, 0 to 4.
    pub ring_order: u32,
    /// Most indirect segments in one request; 0 for none.
    pub indirect: u32,
    /// Ring requests with indirect segments that can be under way at once, per queue.
    pub indirect_requests: u32,
    /// Copy all data, whatever the toolstack says about the back-end.
    pub bounce: bool,
    /// Pages for copied data per queue when all data is copied.
    pub bounce_pages: u32,
    /// Pages for copied data per queue otherwise (unaligned buffers, no grants left).
    pub reserve_pages: u32,
    /// Grants per queue for data in place.
    pub grants: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            queues: 1,
            ring_order: MAX_RING_ORDER,
            indirect: 512,
            indirect_requests: 64,
            bounce: false,
            bounce_pages: 512,
            reserve_pages: 32,
            grants: 4096,
        }
    }
}

/// Largest ring order that this side uses.
pub const MAX_RING_ORDER: u32 = 4;
/// Most queues that this side uses.
pub const MAX_QUEUES: u32 = 64;

/// What the back-end offers in `InitWait`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// `multi-queue-max-queues`, at least 1.
    pub queues: u32,
    /// `max-ring-page-order`.
    pub ring_order: u32,
    /// False if the toolstack wrote `trusted` = 0 for this device.
    pub trusted: bool,
}

/// The shape that both sides have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of rings.
    pub queues: u32,
    /// Order of each.
    pub ring_order: u32,
    /// Most segments in an indirect request that we would use; the back-end's word comes later.
    pub indirect: u32,
    /// Indirect requests at once, per queue.
    pub indirect_requests: u32,
    /// All data is copied through pages of our own.
    pub bounce: bool,
    /// Our own pages, per queue.
    pub bounce_pages: u32,
    /// Grants for data in place, per queue.
    pub grants: u32,
}

impl Offer {
    /// Reads the offer. `front` and `back` are the two directories of the device.
    ///
    /// # Errors
    /// Errors of the store; absent nodes are not an error.
    pub fn read(store: &impl Store, front: &str, back: &str) -> Result<Self, StoreError> {
        let key = |name: &str| number(store, &format!("{back}/{name}"));
        let trusted = number(store, &format!("{front}/trusted"))?;
        Ok(Self {
            queues: clamp(key("multi-queue-max-queues")?, 1, u32::MAX),
            ring_order: clamp(key("max-ring-page-order")?, 0, u32::MAX),
            trusted: trusted != Some(0),
        })
    }

    /// What to use of it.
    #[must_use]
    pub fn plan(&self, policy: &Policy) -> Plan {
        let bounce = policy.bounce || !self.trusted;
        Plan {
            queues: self.queues.min(policy.queues).clamp(1, MAX_QUEUES),
            ring_order: self.ring_order.min(policy.ring_order).min(MAX_RING_ORDER),
            indirect: policy.indirect.min(MAX_INDIRECT_SEGMENTS as u32),
            indirect_requests: policy.indirect_requests.max(1),
            bounce,
            bounce_pages: if bounce { policy.bounce_pages } else { policy.reserve_pages }.clamp(1, 0x4000),
            grants: policy.grants.max(MAX_SEGMENTS as u32),
        }
    }
}

/// How the back-end deallocates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discard {
    /// Unit, in 512-byte sectors, at least 1.
    pub granularity: u64,
    /// Offset of the first unit on the disk, in 512-byte sectors, below the granularity.
    pub alignment: u64,
    /// Secure discards are possible.
    pub secure: bool,
}

/// How to make completed writes stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushBy {
    /// `feature-flush-cache`: `BLKIF_OP_FLUSH_DISKCACHE`.
    Flush,
    /// `feature-barrier` only: an empty `BLKIF_OP_WRITE_BARRIER`.
    Barrier,
    /// Neither: the back-end has no volatile cache that it would let us flush. A flush is refused, so
    /// that nobody takes it for done.
    Nothing,
}

/// The disk, as the back-end describes it when `Connected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Size in 512-byte sectors, a multiple of the logical block.
    pub sectors: u64,
    /// Logical block in bytes, a power of two, 512 to 4096.
    pub block: u32,
    /// Physical block in bytes, a power of two, at least the logical one.
    pub physical_block: u32,
    /// Writes are refused.
    pub read_only: bool,
    /// The medium can be taken out.
    pub removable: bool,
    /// `removable`: the toolstack may take the whole device away. Not a removable medium, and never
    /// shown as one: Windows treats removable media very differently.
    pub unpluggable: bool,
    /// A CD-ROM.
    pub cdrom: bool,
    /// `feature-flush-cache`.
    pub flush: bool,
    /// `feature-barrier`.
    pub barrier: bool,
    /// `feature-discard` and what belongs to it.
    pub discard: Option<Discard>,
    /// `feature-persistent` of the back-end.
    pub persistent: bool,
    /// `feature-max-indirect-segments`: blkback shows it only now.
    pub indirect: u32,
}

/// Why the back-end's description is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadDisk {
    /// The store failed.
    Store(StoreError),
    /// `sectors` is missing, not a number, or beyond what a 64-bit byte count can address.
    Sectors,
    /// `sector-size` is not a power of two between 512 and 4096.
    BlockSize,
}

impl core::fmt::Display for BadDisk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Store(error) => write!(f, "reading the back-end failed: {error:?}"),
            Self::Sectors => f.write_str("the back-end's \"sectors\" is missing or not usable"),
            Self::BlockSize => f.write_str("the back-end's \"sector-size\" is not usable"),
        }
    }
}

impl Disk {
    /// Reads the description.
    ///
    /// # Errors
    /// See [`BadDisk`]. Optional nodes that make no sense are taken as absent.
    pub fn read(store: &impl Store, back: &str) -> Result<Self, BadDisk> {
        let key = |name: &str| number(store, &format!("{back}/{name}")).map_err(BadDisk::Store);
        let flag = |name: &str| key(name).map(|v| v.is_some_and(|v| v != 0));
        let sectors = key("sectors")?.ok_or(BadDisk::Sectors)?;
        // A byte count must fit in a signed 64-bit number, as Windows counts.
        if sectors > i64::MAX as u64 / 512 {
            return Err(BadDisk::Sectors);
        }
        let block = key("sector-size")?.unwrap_or(512);
        if !(512..=4096).contains(&block) || !block.is_power_of_two() {
            return Err(BadDisk::BlockSize);
        }
        let physical = key("physical-sector-size")?.unwrap_or(block);
        let physical = if physical.is_power_of_two() && (block..=1 << 20).contains(&physical) {
            physical
        } else {
            block
        };
        let info = key("info")?.unwrap_or(0) as u32;
        let mode = text(store, &format!("{back}/mode")).map_err(BadDisk::Store)?;
        let discard = if flag("feature-discard")? {
            let granularity = (key("discard-granularity")?.unwrap_or(block) / 512).clamp(1, 1 << 40);
            Some(Discard {
                granularity,
                alignment: (key("discard-alignment")?.unwrap_or(0) / 512) % granularity,
                secure: flag("discard-secure")?,
            })
        } else {
            None
        };
        Ok(Self {
            sectors: sectors - sectors % (block / 512),
            block: block as u32,
            physical_block: physical as u32,
            read_only: info & vdisk::READONLY != 0 || mode.as_deref() == Some("r"),
            removable: info & vdisk::REMOVABLE != 0,
            unpluggable: flag("removable")?,
            cdrom: info & vdisk::CDROM != 0,
            flush: flag("feature-flush-cache")?,
            barrier: flag("feature-barrier")?,
            discard,
            persistent: flag("feature-persistent")?,
            indirect: clamp(key("feature-max-indirect-segments")?, 0, u32::MAX),
        })
    }

    /// How to make writes stable.
    #[must_use]
    pub fn flush_by(&self) -> FlushBy {
        if self.flush {
            FlushBy::Flush
        } else if self.barrier {
            FlushBy::Barrier
        } else {
            FlushBy::Nothing
        }
    }
}

fn clamp(value: Option<u64>, low: u32, high: u32) -> u32 {
    u32::try_from(value.unwrap_or(0)).unwrap_or(u32::MAX).clamp(low, high)
}

/// Reads a node; `None` if absent. xenstored refuses what it hides with `EACCES`: also absent.
pub(crate) fn text(store: &impl Store, path: &str) -> Result<Option<String>, StoreError> {
    match store.read(None, path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(StoreError::NotFound | StoreError::Denied) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a decimal number; `None` if absent or not a number (a number too large is not one).
pub(crate) fn number(store: &impl Store, path: &str) -> Result<Option<u64>, StoreError> {
    Ok(text(store, path)?.and_then(|value| value.trim().parse().ok()))
}
