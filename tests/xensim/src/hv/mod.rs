//! The hypervisor: one guest domain and the ends of event channels in the domains beside it.

pub mod cpuid;
pub mod deliver;
pub mod dispatch;
pub mod evtchn;
pub mod fifo;
pub mod grant;
pub mod hvm;
pub mod memory;
pub mod misc;
pub mod vcpu;

use std::collections::{BTreeMap, BTreeSet};

use crate::{abi::xen::hvm::PARAM_CALLBACK_IRQ, flavour::Flavour, mem::Page};

/// Index of the shared-info page in the machine's shared region.
pub const SHARED_INFO: u32 = 0;
/// Index of xenstore's ring page.
pub const STORE_RING: u32 = 1;
/// Index of the console's ring page.
pub const CONSOLE_RING: u32 = 2;
/// Index of the first grant frame.
pub const GRANT_FRAMES: u32 = 3;

/// Where a vCPU's vcpu_info lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VcpuInfo {
    /// In the shared info page (the first 32).
    Shared,
    /// Nowhere: events for it are lost until it registers.
    Dummy,
    /// Registered.
    Registered {
        /// The page (a machine frame: it does not follow changes of the physmap).
        page: Page,
        /// Frame at registration.
        gfn: u64,
        /// Byte offset.
        offset: usize,
    },
}

/// One virtual processor as Xen sees it.
#[derive(Clone, Debug)]
pub struct Vcpu {
    /// vcpu_info.
    pub info: VcpuInfo,
    /// Vector of HVMOP_set_evtchn_upcall_vector; 0 is none.
    pub upcall_vector: u8,
    /// Vectors that wait in the local APIC.
    pub irr: Vec<u8>,
    /// A disabled local APIC drops edges.
    pub lapic_enabled: bool,
    /// FIFO control block: page and offset, with the tails of its queues.
    pub fifo: Option<fifo::Control>,
    /// Periodic timer, nanoseconds (0: none), and its next due time.
    pub periodic: (u64, u64),
    /// Single-shot timer's due time.
    pub single_shot: Option<u64>,
}

impl Vcpu {
    fn new(index: usize) -> Self {
        Self {
            info: if index < 32 { VcpuInfo::Shared } else { VcpuInfo::Dummy },
            upcall_vector: 0,
            irr: Vec::new(),
            lapic_enabled: true,
            fifo: None,
            periodic: (0, 0),
            single_shot: None,
        }
    }
}

/// Why the domain does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It runs.
    No,
    /// SCHEDOP_shutdown with this reason, and what the hypercall will return once resumed.
    Shutdown {
        /// Reason.
        reason: u32,
        /// Return value when it runs again.
        resumed: Option<i64>,
    },
}

/// The guest domain and everything Xen keeps for it.
pub struct Hypervisor {
    /// What this hypervisor offers.
    pub flavour: Flavour,
    /// Base of the CPUID leaves.
    pub cpuid_base: u32,
    /// The guest's domid.
    pub domid: u16,
    /// Its processors.
    pub vcpus: Vec<Vcpu>,
    /// HVM parameters.
    pub params: BTreeMap<u32, u64>,
    /// shared_info has the 64-bit layout.
    pub wide: bool,
    /// Event channels.
    pub ev: evtchn::Channels,
    /// Ends in other domains, by handle.
    pub host_ports: BTreeMap<u32, evtchn::HostPort>,
    pub(crate) next_host_port: u32,
    /// A real hypervisor and a real guest in the place of these (see [`crate::outside`]).
    pub outside: Option<Box<dyn crate::outside::Outside>>,
    /// The grant table.
    pub gt: grant::Grants,
    /// Runs or not.
    pub stopped: Stopped,
    /// Reason given by SCHEDOP_shutdown_code.
    pub shutdown_code: Option<u32>,
    /// Watchdogs: due time by slot.
    pub watchdogs: [Option<u64>; 2],
    /// Maximum reservation in pages; 0: a little more than the RAM.
    pub max_pages: u64,
    /// populate_physmap fails with this probability: the host is full.
    pub populate_fails_permille: u32,
    /// Takes no memory back: `decrease_reservation` does nothing.
    pub keeps_memory: bool,
    /// vCPUs in SCHEDOP_block.
    pub blocked: BTreeSet<u32>,
    /// Viridian leaves stand at the first base, Xen's at the next.
    pub viridian: bool,
    /// Host handle of xenstored's port.
    pub store_port: Option<u32>,
    /// Host handle of the console's port.
    pub console_port: Option<u32>,
    /// Wall clock at virtual time 0, seconds.
    pub wallclock: u64,
}

impl Hypervisor {
    /// A fresh domain.
    #[must_use]
    pub fn new(flavour: Flavour, domid: u16, vcpus: usize) -> Self {
        let mut params = BTreeMap::new();
        params.insert(PARAM_CALLBACK_IRQ, 0);
        Self {
            gt: grant::Grants::new(&flavour),
            ev: evtchn::Channels::new(&flavour),
            // Before the callback parameter had types, a 64-bit hypervisor knew one layout only.
            wide: !flavour.callback_types,
            flavour,
            cpuid_base: 0x4000_0000,
            domid,
            vcpus: (0..vcpus).map(Vcpu::new).collect(),
            params,
            host_ports: BTreeMap::new(),
            next_host_port: 1,
            outside: None,
            stopped: Stopped::No,
            shutdown_code: None,
            watchdogs: [None; 2],
            max_pages: 0,
            populate_fails_permille: 0,
            keeps_memory: false,
            blocked: BTreeSet::new(),
            viridian: false,
            store_port: None,
            console_port: None,
            wallclock: 1_790_000_000,
        }
    }

    /// An HVM parameter.
    #[must_use]
    pub fn param(&self, index: u32) -> u64 {
        self.params.get(&index).copied().unwrap_or(0)
    }
}
