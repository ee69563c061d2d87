//! What a block back-end offers, when it shows it, and how it answers.

use crate::{back::xenbus::StateFault, disk::DiskModel};

/// Which real back-end is imitated: this decides when keys appear in xenstore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Linux xen-blkback: multi-queue and ring order at InitWait, the rest with Connected.
    Blkback,
    /// QEMU's xen-block: everything at InitWait; no persistent grants, indirect descriptors or queues.
    Qemu,
    /// tapdisk behind tapback: ring order at InitWait; sectors with Connected; no multi-queue.
    Tapdisk,
}

/// Every key of the back-end, switchable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFeatures {
    /// `multi-queue-max-queues`; 0 leaves the key out.
    pub max_queues: u32,
    /// `max-ring-page-order`; `None` leaves the key out.
    pub ring_order: Option<u32>,
    /// `feature-max-indirect-segments`; 0 leaves the key out.
    pub indirect: u32,
    /// `feature-persistent`.
    pub persistent: bool,
    /// `feature-flush-cache`; `None` leaves the key out.
    pub flush: Option<bool>,
    /// `feature-barrier`; `None` leaves the key out.
    pub barrier: Option<bool>,
    /// `feature-discard`.
    pub discard: bool,
    /// `discard-granularity`; 0 leaves the key out.
    pub discard_granularity: u32,
    /// `discard-alignment`.
    pub discard_alignment: u32,
    /// `discard-secure`.
    pub discard_secure: bool,
    /// `sector-size`, bytes.
    pub sector_size: u32,
    /// `physical-sector-size`, bytes; 0 leaves the key out.
    pub physical_sector_size: u32,
    /// Read-only (`info` bit, and mode `r`).
    pub read_only: bool,
    /// Removable (`info` bit, and the `removable` key).
    pub removable: bool,
    /// CD-ROM (`info` bit, `device-type=cdrom`).
    pub cdrom: bool,
}

impl BlockKind {
    /// What this back-end offers by default.
    #[must_use]
    pub const fn features(self) -> BlockFeatures {
        let base = BlockFeatures {
            max_queues: 4,
            ring_order: Some(4),
            indirect: 256,
            persistent: true,
            flush: Some(true),
            barrier: Some(true),
            discard: true,
            discard_granularity: 4096,
            discard_alignment: 0,
            discard_secure: false,
            sector_size: 512,
            physical_sector_size: 512,
            read_only: false,
            removable: false,
            cdrom: false,
        };
        match self {
            Self::Blkback => base,
            Self::Qemu => BlockFeatures {
                max_queues: 0,
                indirect: 0,
                persistent: false,
                barrier: None,
                physical_sector_size: 0,
                ..base
            },
            Self::Tapdisk => BlockFeatures {
                max_queues: 0,
                ring_order: Some(3),
                indirect: 0,
                persistent: false,
                barrier: Some(false),
                discard: false,
                discard_granularity: 0,
                physical_sector_size: 0,
                ..base
            },
        }
    }
}

/// How requests are answered. Everything in permille is decided by the machine's seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockPolicy {
    /// Nanoseconds from taking a request to executing it, at least and at most.
    pub latency: (u64, u64),
    /// Nanoseconds for which the back-end's thread is busy with taking one request (mapping its grants, handing it on),
    /// before it looks for the next.
    pub service: u64,
    /// Requests are executed and answered in random order.
    pub out_of_order: bool,
    /// Requests that fail with an error.
    pub error_permille: u32,
    /// Flushes and barriers that fail with "not supported", although offered.
    pub unsupported_permille: u32,
    /// Reads and writes that do half of their work, then fail.
    pub short_permille: u32,
    /// Requests that are never answered (until the back-end closes).
    pub lost_permille: u32,
    /// Nothing is taken from the rings at all.
    pub stalled: bool,
    /// Persistent grants kept at most (blkback: 1056 per ring).
    pub max_persistent: usize,
    /// After closing, grants stay mapped for ever.
    pub keeps_grants: bool,
    /// Nanoseconds that it takes to go from Closing to Closed (its threads and the medium have to end).
    pub close_delay: u64,
}

/// What a hostile back-end does instead of a proper response. Rules are those of PEERS' list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAttack {
    /// `rsp_prod` far ahead of anything outstanding.
    IndexJump,
    /// `rsp_prod` moves backwards.
    IndexBack,
    /// An id that no request has.
    UnknownId,
    /// The id of a response that was given before.
    DuplicateId,
    /// Another operation number in the response.
    WrongOperation,
    /// A status that does not exist.
    StrangeStatus,
    /// The response is rewritten between two reads of it.
    DoubleFetch,
    /// Notifications without responses, without end.
    EventStorm,
    /// Says done without having read the data.
    DataNotMoved,
}

/// A block device.
#[derive(Clone, Debug)]
pub struct BlockConfig {
    /// Virtual device number, for example 768 (hda) or 51712 (xvda).
    pub vdev: u32,
    /// Flavour.
    pub kind: BlockKind,
    /// Keys.
    pub features: BlockFeatures,
    /// Policy.
    pub policy: BlockPolicy,
    /// The medium.
    pub disk: DiskModel,
    /// Domain of the back-end.
    pub backend_domid: u16,
    /// An emulated IDE disk shows the same medium at this unit (0 is the primary master).
    pub emulated: Option<u8>,
    /// Attacks: one in so many responses is replaced by one of these.
    pub attacks: Vec<BlockAttack>,
    /// See `attacks`; 0 never.
    pub attack_one_in: u64,
    /// What the back-end does to its state key instead of moving on.
    pub fault: Option<StateFault>,
    /// Nanoseconds that the back-end's xenstore side takes for each step.
    pub bus_delay: u64,
    /// Firmware has connected the first time the device is there, and not closed.
    pub left_connected: bool,
    /// The front-end may not trust this back-end (`trusted=0` in the front-end's directory).
    pub untrusted: bool,
}

impl BlockConfig {
    /// A disk of so many megabytes behind blkback.
    #[must_use]
    pub const fn new(vdev: u32, megabytes: u64) -> Self {
        Self::of(BlockKind::Blkback, vdev, megabytes)
    }

    /// A disk behind a flavour of back-end.
    #[must_use]
    pub const fn of(kind: BlockKind, vdev: u32, megabytes: u64) -> Self {
        Self {
            vdev,
            kind,
            features: kind.features(),
            policy: BlockPolicy {
                latency: (0, 0),
                service: 0,
                out_of_order: false,
                error_permille: 0,
                unsupported_permille: 0,
                short_permille: 0,
                lost_permille: 0,
                stalled: false,
                max_persistent: 1056,
                keeps_grants: false,
                close_delay: 0,
            },
            disk: DiskModel::new(megabytes * 2048),
            backend_domid: 0,
            emulated: None,
            attacks: Vec::new(),
            attack_one_in: 0,
            fault: None,
            bus_delay: 0,
            left_connected: false,
            untrusted: false,
        }
    }
}
