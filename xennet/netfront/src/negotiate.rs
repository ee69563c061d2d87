//! What the back-end offers, what the driver wants, and what comes of it.

use alloc::format;

use xenbus::{
    keys::{MacAddress, back, net_back, net_front, parse_bool, parse_mac, parse_u32},
    seam::{Store, StoreError},
};

/// Most queues that we use.
pub const MAX_QUEUES: u32 = 64;
/// MTU where the toolstack says nothing.
pub const DEFAULT_MTU: u32 = 1500;
/// Largest MTU: the largest packet less the Ethernet header and a tag.
pub const MAX_MTU: u32 = 0xFFFF - 18;

/// What the back-end can do: its folder when it is in InitWait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// `feature-rx-copy`: without it there is no connection.
    pub rx_copy: bool,
    /// Most queues, at least 1.
    pub max_queues: u32,
    /// `feature-split-event-channels`.
    pub split_events: bool,
    /// `feature-sg`.
    pub sg: bool,
    /// `feature-gso-tcpv4`.
    pub gso_v4: bool,
    /// `feature-gso-tcpv6`.
    pub gso_v6: bool,
    /// IPv4 checksums may be blank: no `feature-no-csum-offload`.
    pub csum_v4: bool,
    /// `feature-ipv6-csum-offload`.
    pub csum_v6: bool,
    /// `feature-multicast-control`.
    pub multicast: bool,
    /// `feature-dynamic-multicast-control`.
    pub multicast_dynamic: bool,
    /// `feature-ctrl-ring`.
    pub ctrl_ring: bool,
    /// `feature-xdp-headroom`: we never want any, and say so.
    pub xdp_headroom: bool,
}

impl Offer {
    /// Reads the back-end's folder.
    ///
    /// # Errors
    /// Those of the store, except for nodes that are not there.
    pub fn read(store: &impl Store, backend: &str) -> Result<Self, StoreError> {
        let flag = |name| Ok::<_, StoreError>(feature(store, backend, name)?.unwrap_or(false));
        let queues = value(store, backend, back::MULTI_QUEUE_MAX_QUEUES, parse_u32)?;
        Ok(Self {
            rx_copy: flag(net_back::FEATURE_RX_COPY)?,
            max_queues: queues.unwrap_or(1).clamp(1, MAX_QUEUES),
            split_events: flag(net_back::FEATURE_SPLIT_EVENT_CHANNELS)?,
            sg: flag(net_back::FEATURE_SG)?,
            gso_v4: flag(net_back::FEATURE_GSO_TCPV4)?,
            gso_v6: flag(net_back::FEATURE_GSO_TCPV6)?,
            csum_v4: !flag(net_back::FEATURE_NO_CSUM_OFFLOAD)?,
            csum_v6: flag(net_back::FEATURE_IPV6_CSUM_OFFLOAD)?,
            multicast: flag(net_back::FEATURE_MULTICAST_CONTROL)?,
            multicast_dynamic: flag(net_back::FEATURE_DYNAMIC_MULTICAST_CONTROL)?,
            ctrl_ring: flag(net_back::FEATURE_CTRL_RING)?,
            xdp_headroom: flag(net_back::FEATURE_XDP_HEADROOM)?,
        })
    }
}

/// What the driver wants: keywords, processors, what the system can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Most queues.
    pub queues: u32,
    /// Send packets in several slots, and take them.
    pub sg: bool,
    /// Send large TCPv4 packets (LSO) where the back-end takes them.
    pub tx_gso_v4: bool,
    /// Send large TCPv6 packets.
    pub tx_gso_v6: bool,
    /// Take large TCPv4 packets (RSC).
    pub rx_gso_v4: bool,
    /// Take large TCPv6 packets.
    pub rx_gso_v6: bool,
    /// Take IPv4 packets with blank checksums.
    pub rx_csum_v4: bool,
    /// Take IPv6 packets with blank checksums.
    pub rx_csum_v6: bool,
    /// Let the back-end filter multicast packets.
    pub multicast: bool,
    /// Let the back-end hash.
    pub hash: bool,
    /// Never show the back-end a page that is not our own, whatever the toolstack says.
    pub distrust: bool,
    /// Pages for copied packets, per queue.
    pub pool: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            queues: 1,
            sg: true,
            tx_gso_v4: true,
            tx_gso_v6: true,
            rx_gso_v4: true,
            rx_gso_v6: true,
            rx_csum_v4: true,
            rx_csum_v6: true,
            multicast: true,
            hash: true,
            distrust: false,
            pool: 128,
        }
    }
}

/// What a connection is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Queues.
    pub queues: u32,
    /// One event channel for each direction.
    pub split_events: bool,
    /// Packets may have several slots.
    pub sg: bool,
    /// Large TCPv4 packets may be sent.
    pub tx_gso_v4: bool,
    /// Large TCPv6 packets may be sent.
    pub tx_gso_v6: bool,
    /// IPv4 packets may be sent with blank checksums.
    pub tx_csum_v4: bool,
    /// IPv6 packets may be sent with blank checksums.
    pub tx_csum_v6: bool,
    /// We take large TCPv4 packets.
    pub rx_gso_v4: bool,
    /// We take large TCPv6 packets.
    pub rx_gso_v6: bool,
    /// We take IPv4 packets with blank checksums.
    pub rx_csum_v4: bool,
    /// We take IPv6 packets with blank checksums.
    pub rx_csum_v6: bool,
    /// The back-end filters multicast packets.
    pub multicast: bool,
    /// There is a control ring.
    pub ctrl_ring: bool,
    /// The back-end can leave headroom, and is told that we want none.
    pub xdp_headroom: bool,
    /// All packets are copied to pages of our own.
    pub bounce: bool,
    /// Pages for copied packets, per queue.
    pub pool: u16,
}

/// The back-end cannot copy into our pages, and nothing else exists any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRxCopy;

impl Plan {
    /// Makes the plan. `trusted` is the toolstack's word.
    ///
    /// # Errors
    /// [`NoRxCopy`].
    pub fn new(offer: &Offer, policy: &Policy, trusted: bool) -> Result<Self, NoRxCopy> {
        if !offer.rx_copy {
            return Err(NoRxCopy);
        }
        let sg = offer.sg && policy.sg;
        Ok(Self {
            queues: policy.queues.min(offer.max_queues).max(1),
            split_events: offer.split_events,
            sg,
            // A large packet needs several slots and a blank checksum.
            tx_gso_v4: sg && offer.gso_v4 && offer.csum_v4 && policy.tx_gso_v4,
            tx_gso_v6: sg && offer.gso_v6 && offer.csum_v6 && policy.tx_gso_v6,
            tx_csum_v4: offer.csum_v4,
            tx_csum_v6: offer.csum_v6,
            rx_gso_v4: policy.sg && policy.rx_gso_v4 && policy.rx_csum_v4,
            rx_gso_v6: policy.sg && policy.rx_gso_v6 && policy.rx_csum_v6,
            rx_csum_v4: policy.rx_csum_v4,
            rx_csum_v6: policy.rx_csum_v6,
            // A filter that cannot be switched off again would be in the way of everything promiscuous.
            multicast: offer.multicast && offer.multicast_dynamic && policy.multicast,
            ctrl_ring: offer.ctrl_ring && policy.hash,
            xdp_headroom: offer.xdp_headroom,
            bounce: policy.distrust || !trusted,
            pool: policy.pool.clamp(32, 256),
        })
    }

    /// Largest MTU under this plan.
    #[must_use]
    pub fn max_mtu(&self) -> u32 {
        if self.sg { MAX_MTU } else { DEFAULT_MTU }
    }
}

/// What the toolstack says of the device: the front-end's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The address, where it is one that an adapter may have.
    pub mac: Option<MacAddress>,
    /// The MTU, between 68 (the least of IPv4) and [`MAX_MTU`].
    pub mtu: u32,
    /// False: protect yourself from the back-end.
    pub trusted: bool,
}

impl Identity {
    /// Reads the front-end's folder.
    ///
    /// # Errors
    /// Those of the store, except for nodes that are not there.
    pub fn read(store: &impl Store, front: &str) -> Result<Self, StoreError> {
        let mac = value(store, front, net_front::MAC, parse_mac)?.filter(|mac| mac.is_usable());
        let mtu = value(store, front, net_front::MTU, parse_u32)?.filter(|mtu| (68..=MAX_MTU).contains(mtu));
        Ok(Self {
            mac,
            mtu: mtu.unwrap_or(DEFAULT_MTU),
            trusted: feature(store, front, xenbus::keys::front::TRUSTED)?.unwrap_or(true),
        })
    }
}

/// What may change while connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// The link is up: neither `carrier` of the back-end nor `disconnect` of the front-end says
    /// otherwise.
    pub carrier: bool,
    /// Speed in Mbit/s, where the back-end tells.
    pub speed: Option<u32>,
}

impl Properties {
    /// Reads both folders.
    ///
    /// # Errors
    /// Those of the store, except for nodes that are not there.
    pub fn read(store: &impl Store, front: &str, backend: &str) -> Result<Self, StoreError> {
        let pulled = feature(store, front, net_front::DISCONNECT)?.unwrap_or(false);
        Ok(Self {
            carrier: !pulled && feature(store, backend, net_back::CARRIER)?.unwrap_or(true),
            speed: value(store, backend, net_back::SPEED, parse_u32)?.filter(|&speed| speed != 0),
        })
    }
}

/// A node's value; `None` when it is not there or not of the type.
fn value<T>(
    store: &impl Store,
    folder: &str,
    name: &str,
    parse: impl Fn(&[u8]) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    match store.read(None, &format!("{folder}/{name}")) {
        Ok(bytes) => Ok(parse(&bytes)),
        // Some old stores call it otherwise, so a remote error counts as absence as well.
        Err(StoreError::NotFound | StoreError::Remote(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn feature(store: &impl Store, folder: &str, name: &str) -> Result<Option<bool>, StoreError> {
    value(store, folder, name, parse_bool)
}
