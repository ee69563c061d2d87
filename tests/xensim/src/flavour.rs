//! Hypervisor generations as data: what each offers, and which error it gives where they differ.
//!
//! The tables were compared with tags of Xen's public tree (3.0.3-branched, 3.4.0-rc3, RELEASE-4.1.0, RELEASE-4.17.6,
//! RELEASE-4.20.0; the files are named where a figure comes from). Everything absent answers `ENOSYS`.

/// What a hypervisor offers to an HVM guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flavour {
    /// For messages.
    pub name: &'static str,
    /// Version as XENVER_version gives it.
    pub version: (u16, u16),
    /// XENVER_extraversion.
    pub extraversion: &'static str,
    /// Highest leaf above the base, for example 4 (HVM features leaf).
    pub cpuid_leaves: u32,
    /// `sched_op` exists (3.1 and later).
    pub sched_op: bool,
    /// `vcpu_op` exists for HVM guests, and with it which sub-operations.
    pub vcpu_op: bool,
    /// `VCPUOP_register_vcpu_info` for HVM guests (4.2 and later).
    pub register_vcpu_info: bool,
    /// What a second registration answers: EBUSY since 4.18 (`map_guest_area`, common/domain.c), EINVAL before.
    pub second_vcpu_info: i64,
    /// FIFO event channels (4.4 and later).
    pub fifo: bool,
    /// `HVMOP_set_evtchn_upcall_vector` (4.6 and later).
    pub upcall_vector: bool,
    /// The callback parameter knows PCI INTx and vectors (3.1 and later); else it is a raw IRQ.
    pub callback_types: bool,
    /// `XENMEM_remove_from_physmap` (4.2 and later).
    pub remove_from_physmap: bool,
    /// `XENMEM_add_to_physmap` with gmfn ranges (4.2 and later).
    pub gmfn_range: bool,
    /// `EVTCHNOP_reset`.
    pub evtchn_reset: bool,
    /// `grant_table_op` reachable for HVM guests.
    pub grant_table_op: bool,
    /// `GNTTABOP_get_version` and `set_version`.
    pub grant_versions: bool,
    /// `SCHEDOP_watchdog` (4.1 and later).
    pub watchdog: bool,
    /// `SCHEDOP_shutdown(suspend)` works for HVM guests.
    pub suspend: bool,
    /// `HVMOP_pagetable_dying` (4.0 to 4.21 for guests on shadow paging; with HAP it answers `EINVAL`).
    pub pagetable_dying: bool,
    /// Most grant frames a guest may have.
    pub max_grant_frames: u32,
    /// Grant frames that exist from the start (`INITIAL_NR_GRANT_FRAMES`: 4 before 4.10).
    pub initial_grant_frames: u32,
    /// Most ports: what libxl asks for (1023 and the reserved one) since 4.4, the 2-level limit before.
    pub max_ports: u32,
    /// The hypercalls that an HVM guest has at all (numbers).
    pub hypercalls: &'static [u64],
    /// Bits of XENVER_get_features submap 0.
    pub features: u32,
}

use crate::abi::{errno, xen::hypercall as hc};

const MODERN: &[u64] = &[
    hc::MEMORY_OP,
    hc::GRANT_TABLE_OP,
    hc::VCPU_OP,
    hc::PHYSDEV_OP,
    hc::XEN_VERSION,
    hc::EVENT_CHANNEL_OP,
    hc::SCHED_OP,
    hc::SET_TIMER_OP,
    hc::HVM_OP,
    hc::MULTICALL,
    hc::CONSOLE_IO,
    hc::SYSCTL,
    hc::DOMCTL,
];
/// RELEASE-4.1.0 (hvm.c, the table for 64-bit callers).
const XEN_4_1: &[u64] = &[
    hc::MEMORY_OP,
    hc::GRANT_TABLE_OP,
    hc::VCPU_OP,
    hc::PHYSDEV_OP,
    hc::XEN_VERSION,
    hc::EVENT_CHANNEL_OP,
    hc::SCHED_OP,
    hc::SET_TIMER_OP,
    hc::HVM_OP,
    hc::SYSCTL,
];
/// 3.4.0 (the same table).
const XEN_3_4: &[u64] = &[
    hc::MEMORY_OP,
    hc::GRANT_TABLE_OP,
    hc::VCPU_OP,
    hc::XEN_VERSION,
    hc::EVENT_CHANNEL_OP,
    hc::SCHED_OP,
    hc::HVM_OP,
];
/// 3.0.3 (the same table).
const XEN_3_0_3: &[u64] = &[hc::MEMORY_OP, hc::XEN_VERSION, hc::HVM_OP, hc::EVENT_CHANNEL_OP];

/// XENFEAT_writable_page_tables and XENFEAT_auto_translated_physmap, which every HVM guest sees (XENVER_get_features in
/// common/kernel.c; the names and numbers are those of public/features.h).
const F_TRANSLATED: u32 = 1 << 0 | 1 << 2;
/// XENFEAT_hvm_callback_vector and XENFEAT_hvm_safe_pvclock.
const F_HVM: u32 = 1 << 8 | 1 << 9;
const F_PIRQS: u32 = 1 << 10;
/// XENFEAT_memory_op_vnode_supported and XENFEAT_not_direct_mapped.
const F_4_17: u32 = 1 << 13 | 1 << 16;
/// XENFEAT_runstate_phys_area, XENFEAT_vcpu_time_phys_area, XENFEAT_dm_msix_all_writes.
const F_4_20: u32 = 1 << 18 | 1 << 19 | 1 << 20;

impl Flavour {
    /// Xen 4.20 with everything.
    #[must_use]
    pub const fn xen_4_20() -> Self {
        Self {
            name: "xen-4.20",
            version: (4, 20),
            extraversion: ".0",
            cpuid_leaves: 5,
            sched_op: true,
            vcpu_op: true,
            register_vcpu_info: true,
            second_vcpu_info: errno::EBUSY,
            fifo: true,
            upcall_vector: true,
            callback_types: true,
            remove_from_physmap: true,
            gmfn_range: true,
            evtchn_reset: true,
            grant_table_op: true,
            grant_versions: true,
            watchdog: true,
            suspend: true,
            pagetable_dying: true,
            max_grant_frames: 64,
            initial_grant_frames: 1,
            max_ports: 1024,
            hypercalls: MODERN,
            features: F_TRANSLATED | F_HVM | F_4_17 | F_4_20,
        }
    }

    /// XCP-ng 8.3: Xen 4.17 with its extraversion, physical IRQs for HVM, more ports.
    #[must_use]
    pub const fn xcp_ng() -> Self {
        Self {
            name: "xcp-ng",
            version: (4, 17),
            extraversion: ".5-15",
            second_vcpu_info: errno::EINVAL,
            max_ports: 4096,
            features: F_TRANSLATED | F_HVM | F_PIRQS | F_4_17,
            ..Self::xen_4_20()
        }
    }

    /// A current hypervisor without FIFO channels and without per-vCPU vectors.
    #[must_use]
    pub const fn plain() -> Self {
        Self { name: "plain", fifo: false, upcall_vector: false, ..Self::xen_4_20() }
    }

    /// Xen 4.1.0: later releases of 4.1 also have VCPUOP_register_vcpu_info.
    #[must_use]
    pub const fn xen_4_1() -> Self {
        Self {
            name: "xen-4.1",
            version: (4, 1),
            extraversion: ".0",
            hypercalls: XEN_4_1,
            // The time leaf came with 4.1, the HVM leaf with 4.5.
            cpuid_leaves: 3,
            register_vcpu_info: false,
            second_vcpu_info: errno::EINVAL,
            fifo: false,
            upcall_vector: false,
            remove_from_physmap: false,
            gmfn_range: false,
            max_grant_frames: 32,
            initial_grant_frames: 4,
            max_ports: 4096,
            features: F_TRANSLATED | F_HVM | F_PIRQS,
            ..Self::xen_4_20()
        }
    }

    /// Xen 3.4.
    #[must_use]
    pub const fn xen_3_4() -> Self {
        Self {
            name: "xen-3.4",
            version: (3, 4),
            extraversion: ".4",
            cpuid_leaves: 2,
            grant_versions: false,
            watchdog: false,
            pagetable_dying: false,
            hypercalls: XEN_3_4,
            features: F_TRANSLATED,
            ..Self::xen_4_1()
        }
    }

    /// Xen 3.0.3: four hypercalls, four grant frames, no suspend.
    #[must_use]
    pub const fn xen_3_0_3() -> Self {
        Self {
            name: "xen-3.0.3",
            version: (3, 0),
            extraversion: ".3-1",
            sched_op: false,
            vcpu_op: false,
            callback_types: false,
            evtchn_reset: false,
            grant_table_op: false,
            suspend: false,
            max_grant_frames: 4,
            max_ports: 1024,
            hypercalls: XEN_3_0_3,
            ..Self::xen_3_4()
        }
    }

    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::xen_4_20(),
            Self::xcp_ng(),
            Self::plain(),
            Self::xen_4_1(),
            Self::xen_3_4(),
            Self::xen_3_0_3(),
        ]
    }
}

impl Default for Flavour {
    fn default() -> Self {
        Self::xen_4_20()
    }
}

/// What a xenstored allows an unprivileged domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// For messages.
    pub name: &'static str,
    /// Nodes that a domain may own.
    pub nodes: usize,
    /// Bytes of a value.
    pub node_size: usize,
    /// Watches.
    pub watches: usize,
    /// Open transactions.
    pub transactions: usize,
    /// Requests that may be outstanding before the server stops reading (20 in C xenstored 4.17+).
    pub outstanding: usize,
    /// `control/platform-feature-xs_reset_watches` is written and `XS_RESET_WATCHES` works.
    pub reset_watches: bool,
    /// `XS_DIRECTORY_PART` works.
    pub directory_part: bool,
    /// Feature bits in the ring page.
    pub features: u32,
    /// Permissions per node.
    pub perms: usize,
}

impl StoreLimits {
    /// The C xenstored of current releases.
    #[must_use]
    pub const fn xenstored() -> Self {
        Self {
            name: "xenstored",
            nodes: 1000,
            node_size: 2048,
            watches: 128,
            transactions: 10,
            outstanding: 20,
            reset_watches: true,
            directory_part: true,
            features: 3,
            perms: 5,
        }
    }

    /// oxenstored.
    #[must_use]
    pub const fn oxenstored() -> Self {
        Self {
            name: "oxenstored",
            nodes: 1000,
            node_size: 2048,
            watches: 100,
            transactions: 10,
            outstanding: 20,
            reset_watches: true,
            directory_part: true,
            features: 1,
            perms: 1000,
        }
    }

    /// xenstored of Xen 3.x: no reset of watches, no feature bits.
    #[must_use]
    pub const fn old() -> Self {
        Self {
            name: "xenstored-3",
            reset_watches: false,
            directory_part: false,
            features: 0,
            outstanding: usize::MAX,
            ..Self::xenstored()
        }
    }
}
