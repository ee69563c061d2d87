//! What a net back-end offers and how it behaves.

use crate::{back::xenbus::StateFault, network::WirePolicy};

/// Which real back-end is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetKind {
    /// Linux xen-netback with control ring.
    Netback,
    /// Linux xen-netback of older kernels: no control ring, no dynamic multicast control.
    NetbackPlain,
    /// QEMU's network back-end: one queue, one slot per packet, checksums complete.
    Qemu,
}

/// Every key, switchable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // They are the back-end's keys.
pub struct NetFeatures {
    /// `multi-queue-max-queues`; 0 leaves it out.
    pub max_queues: u32,
    /// `feature-sg`.
    pub sg: bool,
    /// `feature-gso-tcpv4`.
    pub gso_v4: bool,
    /// `feature-gso-tcpv6`.
    pub gso_v6: bool,
    /// `feature-ipv6-csum-offload`.
    pub csum_v6: bool,
    /// `feature-no-csum-offload`: the back-end takes no blank checksums for IPv4.
    pub no_csum_v4: bool,
    /// `feature-rx-copy`.
    pub rx_copy: bool,
    /// `feature-multicast-control`.
    pub multicast: bool,
    /// `feature-dynamic-multicast-control`.
    pub dynamic_multicast: bool,
    /// `feature-split-event-channels`.
    pub split_events: bool,
    /// `feature-ctrl-ring`.
    pub ctrl_ring: bool,
    /// `feature-xdp-headroom`.
    pub xdp_headroom: bool,
}

impl NetKind {
    /// What this back-end offers by default.
    #[must_use]
    pub const fn features(self) -> NetFeatures {
        let base = NetFeatures {
            max_queues: 4,
            sg: true,
            gso_v4: true,
            gso_v6: true,
            csum_v6: true,
            no_csum_v4: false,
            rx_copy: true,
            multicast: true,
            dynamic_multicast: true,
            split_events: true,
            ctrl_ring: true,
            xdp_headroom: true,
        };
        match self {
            Self::Netback => base,
            Self::NetbackPlain => {
                NetFeatures { dynamic_multicast: false, ctrl_ring: false, xdp_headroom: false, ..base }
            }
            Self::Qemu => NetFeatures {
                max_queues: 0,
                sg: false,
                gso_v4: false,
                gso_v6: false,
                csum_v6: false,
                no_csum_v4: true,
                rx_copy: true,
                multicast: false,
                dynamic_multicast: false,
                split_events: false,
                ctrl_ring: false,
                xdp_headroom: false,
            },
        }
    }
}

/// How rings are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetPolicy {
    /// Nanoseconds until a tx packet is answered, at least and at most.
    pub tx_latency: (u64, u64),
    /// Nanoseconds that a queue's thread takes for a tx packet, and for an rx packet: while it is busy it takes no other.
    pub service: u64,
    /// tx packets are answered in random order.
    pub out_of_order: bool,
    /// tx packets answered by an error (and not sent).
    pub error_permille: u32,
    /// tx packets never answered.
    pub lost_permille: u32,
    /// Nothing is served.
    pub stalled: bool,
    /// Frames that wait for rx buffers at most; 0 means 1024.
    pub rx_backlog: usize,
    /// Grants stay mapped after closing, for ever (the rings).
    pub keeps_grants: bool,
}

/// What a hostile back-end does. One in so many packets is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetAttack {
    /// rx: offset + status reach beyond the page.
    BeyondPage,
    /// rx: a negative status that is not in the list.
    NegativeStatus,
    /// rx: `more_data` without end.
    EndlessFragments,
    /// rx: extra infos without end.
    EndlessExtras,
    /// rx: an extra of an unknown type.
    UnknownExtra,
    /// rx: the id of another slot.
    RxWrongId,
    /// rx: `rsp_prod` jumps.
    RxIndexJump,
    /// rx: GSO with a segment size of 0.
    GsoZero,
    /// rx: GSO of an unknown type.
    GsoType,
    /// rx: `more_data`, but the rest never comes.
    MissingFragments,
    /// rx: the response changes while it is read.
    RxDoubleFetch,
    /// rx: a blank checksum on something that has none.
    BlankNonsense,
    /// rx: an empty packet, or one shorter than an Ethernet header.
    Runt,
    /// tx: an id that no slot has.
    TxUnknownId,
    /// tx: an id answered before.
    TxDuplicateId,
    /// tx: `rsp_prod` jumps.
    TxIndexJump,
    /// tx: a status that does not exist.
    TxStrangeStatus,
    /// Notifications without end.
    EventStorm,
    /// ctrl: wrong id, wrong type, strange status.
    CtrlGarbage,
}

impl NetAttack {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::BeyondPage,
        Self::NegativeStatus,
        Self::EndlessFragments,
        Self::EndlessExtras,
        Self::UnknownExtra,
        Self::RxWrongId,
        Self::RxIndexJump,
        Self::GsoZero,
        Self::GsoType,
        Self::MissingFragments,
        Self::RxDoubleFetch,
        Self::BlankNonsense,
        Self::Runt,
        Self::TxUnknownId,
        Self::TxDuplicateId,
        Self::TxIndexJump,
        Self::TxStrangeStatus,
        Self::EventStorm,
        Self::CtrlGarbage,
    ];
}

/// A NIC.
#[derive(Clone, Debug)]
pub struct NicConfig {
    /// Device number.
    pub id: u32,
    /// Flavour.
    pub kind: NetKind,
    /// Keys.
    pub features: NetFeatures,
    /// Policy.
    pub policy: NetPolicy,
    /// Address.
    pub mac: [u8; 6],
    /// `mtu` key; 0 leaves it out.
    pub mtu: u32,
    /// Domain of the back-end.
    pub backend_domid: u16,
    /// The wire, guest to world and world to guest.
    pub wire: (WirePolicy, WirePolicy),
    /// An emulated NIC with the same address exists.
    pub emulated: bool,
    /// Attacks, and one in how many packets (0: never).
    pub attacks: Vec<NetAttack>,
    /// See `attacks`.
    pub attack_one_in: u64,
    /// What the back-end does to its state key instead of moving on.
    pub fault: Option<StateFault>,
    /// Nanoseconds that the back-end's xenstore side takes for each step.
    pub bus_delay: u64,
    /// `trusted=0` in the front-end's directory.
    pub untrusted: bool,
}

impl NicConfig {
    /// A NIC behind netback.
    #[must_use]
    pub fn new(id: u32) -> Self {
        Self::of(NetKind::Netback, id)
    }

    /// A NIC behind a flavour of back-end.
    #[must_use]
    pub fn of(kind: NetKind, id: u32) -> Self {
        Self {
            id,
            kind,
            features: kind.features(),
            policy: NetPolicy::default(),
            mac: [0x00, 0x16, 0x3e, 0x12, 0x34, id as u8],
            mtu: 0,
            backend_domid: 0,
            wire: (WirePolicy::default(), WirePolicy::default()),
            emulated: false,
            attacks: Vec::new(),
            attack_one_in: 0,
            fault: None,
            bus_delay: 0,
            untrusted: false,
        }
    }
}
