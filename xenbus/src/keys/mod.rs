//! Names of xenstore nodes, and what their values mean.
//!
//! Values are text that another domain wrote. The parsers here return `None` for anything that is not
//! exactly a value of the type, and never panic.

mod parse;

pub use parse::{
    Decimal, MacAddress, backend_id, device_number, parse_bool, parse_mac, parse_state, parse_u16, parse_u32,
    parse_u64, text,
};

/// Nodes that every device has in the front-end's folder (`device/<class>/<id>`).
pub mod front {
    /// The xenbus state of the front-end.
    pub const STATE: &str = "state";
    /// The folder of the back-end, absolute.
    pub const BACKEND: &str = "backend";
    /// The domain of the back-end.
    pub const BACKEND_ID: &str = "backend-id";
    /// Number of queues in use.
    pub const MULTI_QUEUE_NUM_QUEUES: &str = "multi-queue-num-queues";
    /// The one event channel.
    pub const EVENT_CHANNEL: &str = "event-channel";
    /// "0": the front-end should protect itself from the back-end.
    pub const TRUSTED: &str = "trusted";
}

/// Nodes that every device has in the back-end's folder.
pub mod back {
    /// The xenbus state of the back-end.
    pub const STATE: &str = "state";
    /// "0" when the toolstack wants the device gone.
    pub const ONLINE: &str = "online";
    /// Most queues that the back-end serves.
    pub const MULTI_QUEUE_MAX_QUEUES: &str = "multi-queue-max-queues";
}

/// Nodes of block devices: the front-end's folder.
pub mod blk_front {
    /// Class folder under the domain's home.
    pub const CLASS: &str = "device/vbd";
    /// The virtual device number.
    pub const VIRTUAL_DEVICE: &str = "virtual-device";
    /// `disk` or `cdrom`.
    pub const DEVICE_TYPE: &str = "device-type";
    /// The layout of requests: [`PROTOCOL_X86_64`].
    pub const PROTOCOL: &str = "protocol";
    /// Value of [`PROTOCOL`].
    pub const PROTOCOL_X86_64: &str = "x86_64-abi";
    /// Grant of a one-page ring; with more pages `ring-ref0`, `ring-ref1` and so on.
    pub const RING_REF: &str = "ring-ref";
    /// Pages of the ring as a power of two (Linux, Xen).
    pub const RING_PAGE_ORDER: &str = "ring-page-order";
    /// Pages of the ring (Citrix, Amazon).
    pub const NUM_RING_PAGES: &str = "num-ring-pages";
    /// "1": grants stay in force between requests.
    pub const FEATURE_PERSISTENT: &str = "feature-persistent";
}

/// Nodes of block devices: the back-end's folder.
pub mod blk_back {
    /// Bits of [`crate::io::blkif::vdisk`].
    pub const INFO: &str = "info";
    /// Size in units of 512 bytes, whatever `sector-size` says.
    pub const SECTORS: &str = "sectors";
    /// Logical sector size in bytes.
    pub const SECTOR_SIZE: &str = "sector-size";
    /// Physical sector size in bytes.
    pub const PHYSICAL_SECTOR_SIZE: &str = "physical-sector-size";
    /// `r` or `w`.
    pub const MODE: &str = "mode";
    /// Flush is offered.
    pub const FEATURE_FLUSH_CACHE: &str = "feature-flush-cache";
    /// Barriers are offered.
    pub const FEATURE_BARRIER: &str = "feature-barrier";
    /// Discard is offered.
    pub const FEATURE_DISCARD: &str = "feature-discard";
    /// Unit of discard in bytes.
    pub const DISCARD_GRANULARITY: &str = "discard-granularity";
    /// Where the first unit of discard starts, in bytes.
    pub const DISCARD_ALIGNMENT: &str = "discard-alignment";
    /// Secure discard is offered.
    pub const DISCARD_SECURE: &str = "discard-secure";
    /// Persistent grants are offered.
    pub const FEATURE_PERSISTENT: &str = "feature-persistent";
    /// Most segments of an indirect request.
    pub const FEATURE_MAX_INDIRECT_SEGMENTS: &str = "feature-max-indirect-segments";
    /// Largest order of ring pages (Linux, Xen).
    pub const MAX_RING_PAGE_ORDER: &str = "max-ring-page-order";
    /// Most ring pages (Citrix, Amazon).
    pub const MAX_RING_PAGES: &str = "max-ring-pages";
}

/// Nodes of network devices: the front-end's folder, or a queue's folder in it.
pub mod net_front {
    /// Class folder under the domain's home.
    pub const CLASS: &str = "device/vif";
    /// The MAC address.
    pub const MAC: &str = "mac";
    /// The MTU that the toolstack allows.
    pub const MTU: &str = "mtu";
    /// Grant of the transmit ring.
    pub const TX_RING_REF: &str = "tx-ring-ref";
    /// Grant of the receive ring.
    pub const RX_RING_REF: &str = "rx-ring-ref";
    /// Grant of the control ring.
    pub const CTRL_RING_REF: &str = "ctrl-ring-ref";
    /// Event channel of transmission.
    pub const EVENT_CHANNEL_TX: &str = "event-channel-tx";
    /// Event channel of reception.
    pub const EVENT_CHANNEL_RX: &str = "event-channel-rx";
    /// Event channel of the control ring.
    pub const EVENT_CHANNEL_CTRL: &str = "event-channel-ctrl";
    /// "1": the back-end copies into the front-end's pages. There is no other mode any more.
    pub const REQUEST_RX_COPY: &str = "request-rx-copy";
    /// "1": the front-end notifies after it posted receive requests.
    pub const FEATURE_RX_NOTIFY: &str = "feature-rx-notify";
    /// "1": the front-end takes packets of several slots.
    pub const FEATURE_SG: &str = "feature-sg";
    /// "1": the front-end takes large TCPv4 packets.
    pub const FEATURE_GSO_TCPV4: &str = "feature-gso-tcpv4";
    /// "1": the front-end takes large TCPv6 packets.
    pub const FEATURE_GSO_TCPV6: &str = "feature-gso-tcpv6";
    /// "1": the front-end does **not** take IPv4 packets with blank checksums.
    pub const FEATURE_NO_CSUM_OFFLOAD: &str = "feature-no-csum-offload";
    /// "1": the front-end takes IPv6 packets with blank checksums.
    pub const FEATURE_IPV6_CSUM_OFFLOAD: &str = "feature-ipv6-csum-offload";
    /// "1": the back-end shall filter multicast packets.
    pub const REQUEST_MULTICAST_CONTROL: &str = "request-multicast-control";
    /// Set to a number other than 0 by toolstacks of the win-pv line to pull the cable.
    pub const DISCONNECT: &str = "disconnect";
    /// Headroom that the front-end wants in front of received packets.
    pub const XDP_HEADROOM: &str = "xdp-headroom";
}

/// Nodes of network devices: the back-end's folder.
pub mod net_back {
    /// The back-end can copy into the front-end's pages.
    pub const FEATURE_RX_COPY: &str = "feature-rx-copy";
    /// The back-end takes packets of several slots.
    pub const FEATURE_SG: &str = "feature-sg";
    /// The back-end takes large TCPv4 packets.
    pub const FEATURE_GSO_TCPV4: &str = "feature-gso-tcpv4";
    /// The back-end takes large TCPv6 packets.
    pub const FEATURE_GSO_TCPV6: &str = "feature-gso-tcpv6";
    /// The back-end does **not** take IPv4 packets with blank checksums.
    pub const FEATURE_NO_CSUM_OFFLOAD: &str = "feature-no-csum-offload";
    /// The back-end takes IPv6 packets with blank checksums.
    pub const FEATURE_IPV6_CSUM_OFFLOAD: &str = "feature-ipv6-csum-offload";
    /// The back-end can have one event channel for each direction.
    pub const FEATURE_SPLIT_EVENT_CHANNELS: &str = "feature-split-event-channels";
    /// The back-end can filter multicast packets.
    pub const FEATURE_MULTICAST_CONTROL: &str = "feature-multicast-control";
    /// The front-end may switch the filter at any time.
    pub const FEATURE_DYNAMIC_MULTICAST_CONTROL: &str = "feature-dynamic-multicast-control";
    /// The back-end has a control ring.
    pub const FEATURE_CTRL_RING: &str = "feature-ctrl-ring";
    /// The back-end can leave headroom in front of received packets.
    pub const FEATURE_XDP_HEADROOM: &str = "feature-xdp-headroom";
    /// "1" when the link is up; absent counts as up.
    pub const CARRIER: &str = "carrier";
    /// The back-end's speed in Mbit/s, where it tells.
    pub const SPEED: &str = "speed";
}

/// Nodes of the domain itself, relative to its home.
pub mod domain {
    /// What the toolstack wants: `poweroff`, `reboot`, `suspend`, `halt`, `crash`, `s3`, `s4`.
    pub const CONTROL_SHUTDOWN: &str = "control/shutdown";
    /// A key of SysRq.
    pub const CONTROL_SYSRQ: &str = "control/sysrq";
    /// Prefix of what the guest can do: `control/feature-suspend` and so on.
    pub const CONTROL_FEATURE: &str = "control/feature-";
    /// Memory that the domain shall have, in KiB.
    pub const MEMORY_TARGET: &str = "memory/target";
    /// Memory that the domain may have, in KiB.
    pub const MEMORY_STATIC_MAX: &str = "memory/static-max";
    /// The store advertises `XS_RESET_WATCHES` to guests by this node.
    pub const PLATFORM_RESET_WATCHES: &str = "control/platform-feature-xs_reset_watches";
    /// XAPI: which PV drivers the guest has.
    pub const PV_ADDONS: &str = "attr/PVAddons";
    /// XAPI: touched when the guest changed its nodes.
    pub const DATA_UPDATED: &str = "data/updated";
    /// The domain's number.
    pub const DOMID: &str = "domid";
    /// The domain's UUID path.
    pub const VM: &str = "vm";
    /// The domain's name.
    pub const NAME: &str = "name";
}
