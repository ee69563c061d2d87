//! Binding: what tcpip asks and sets when it opens an adapter.

use crate::abi::*;
use crate::ndis::adapter::Adapter;
use crate::ndis::{oid, processors};
use alloc::vec::Vec;

/// What the adapter offers and what was switched on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Largest IP packet.
    pub mtu: usize,
    /// Transmit checksums: IPv4 header, TCP/v4, UDP/v4, TCP/v6, UDP/v6.
    pub transmit: [bool; 5],
    /// Receive checksums: the same.
    pub receive: [bool; 5],
    /// LSOv2 for IPv4 and IPv6: largest payload and fewest segments; 0 is off.
    pub lso: [(usize, usize); 2],
    /// Receive segment coalescing for IPv4 and IPv6.
    pub rsc: [bool; 2],
    /// RSS: hash types and key; none if it is off.
    pub rss: Option<(u32, Vec<u8>)>,
    /// As tcpip: checksums, and IPv4's segments, are left to the miniport, and what it says of checksums is believed. Else
    /// the stack makes segments and checksums of its own, and all that the miniport says is checked.
    pub lean: bool,
    /// OIDs that were refused though they are mandatory.
    pub refused: Vec<(u32, NDIS_STATUS)>,
}

const FILTER: u32 = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;

/// The secret key of Microsoft's RSS verification suite.
pub const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// Sets packet filter and multicast list.
pub fn filters(adapter: &'static Adapter) -> Vec<(u32, NDIS_STATUS)> {
    let mac = adapter.mac();
    // All hosts, all nodes, the solicited-node address of the link-local address.
    let mut list = Vec::from([
        [0x01, 0, 0x5e, 0, 0, 1],
        [0x33, 0x33, 0, 0, 0, 1],
        [0x33, 0x33, 0xff, mac[3], mac[4], mac[5]],
    ]);
    // And those of the addresses that the stack has.
    if let Some(stack) = super::stack_of(adapter) {
        list.extend(stack.groups.lock().iter());
    }
    let most = adapter.attributes.lock().general.map_or(0, |g| g.MaxMulticastListSize as usize);
    list.truncate(most);
    let mut refused = Vec::new();
    for (code, data) in [
        (OID_802_3_MULTICAST_LIST, list.concat()),
        (OID_GEN_CURRENT_PACKET_FILTER, FILTER.to_le_bytes().to_vec()),
    ] {
        if let Err(status) = oid::set(adapter, code, &data) {
            refused.push((code, status));
        }
    }
    refused
}

fn bytes_of<T>(value: &T, size: usize) -> Vec<u8> {
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(value).cast::<u8>(), size) }.to_vec()
}

/// NDIS_OFFLOAD_ENCAPSULATION: switches task offloads on for plain Ethernet.
fn encapsulation(adapter: &'static Adapter) -> Result<(), NDIS_STATUS> {
    let size = NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1 as usize;
    let header = NDIS_OBJECT_HEADER {
        Type: NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION as u8,
        Revision: 1,
        Size: size as u16,
    };
    let mut e = NDIS_OFFLOAD_ENCAPSULATION { Header: header, ..Default::default() };
    // NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3.
    (e.IPv4.Enabled, e.IPv4.EncapsulationType, e.IPv4.HeaderSize) = (1, 2, 14);
    (e.IPv6.Enabled, e.IPv6.EncapsulationType, e.IPv6.HeaderSize) = (1, 2, 14);
    oid::set(adapter, OID_OFFLOAD_ENCAPSULATION, &bytes_of(&e, size))
}

/// OID_GEN_RECEIVE_SCALE_PARAMETERS over the processors that the adapter may use.
fn receive_scaling(adapter: &'static Adapter) -> Option<(u32, Vec<u8>)> {
    let caps = adapter.attributes.lock().rss?;
    let cpus = processors::rss(adapter.handle());
    if cpus.is_empty() || caps.NumberOfReceiveQueues == 0 {
        return None;
    }
    let mut types = 0;
    for (cap, hash) in [
        (NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4, NDIS_HASH_TCP_IPV4 | NDIS_HASH_IPV4),
        (NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6, NDIS_HASH_TCP_IPV6 | NDIS_HASH_IPV6),
    ] {
        if caps.CapabilitiesFlags & cap != 0 {
            types |= hash;
        }
    }
    let entries = usize::from(caps.NumberOfIndirectionTableEntries).clamp(2, 128).next_power_of_two();
    let head = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 as usize;
    let cpus = &cpus[..cpus.len().min(caps.NumberOfReceiveQueues as usize)];
    let table: Vec<u8> =
        (0..entries).flat_map(|n| bytes_of(&cpus[n % cpus.len()], size_of::<PROCESSOR_NUMBER>())).collect();
    let parameters = NDIS_RECEIVE_SCALE_PARAMETERS {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_RSS_PARAMETERS as u8,
            Revision: 2,
            Size: head as u16,
        },
        HashInformation: types | 1,
        IndirectionTableSize: table.len() as u16,
        IndirectionTableOffset: head as u32,
        HashSecretKeySize: KEY.len() as u16,
        HashSecretKeyOffset: (head + table.len()) as u32,
        ..Default::default()
    };
    let mut data = bytes_of(&parameters, head);
    data.extend(&table);
    data.extend(KEY);
    oid::set(adapter, OID_GEN_RECEIVE_SCALE_PARAMETERS, &data).ok()?;
    Some((types, KEY.to_vec()))
}

/// NDIS_OFFLOAD_SUPPORTED.
const ON: u32 = 1;

/// What the current offload configuration of the adapter says.
pub fn offloads(adapter: &'static Adapter, settings: &mut Settings) {
    let Some(o) = *adapter.offload.lock() else { return };
    let c = &o.Checksum;
    settings.transmit = [
        c.IPv4Transmit.IpChecksum() == ON,
        c.IPv4Transmit.TcpChecksum() == ON,
        c.IPv4Transmit.UdpChecksum() == ON,
        c.IPv6Transmit.TcpChecksum() == ON,
        c.IPv6Transmit.UdpChecksum() == ON,
    ];
    settings.receive = [
        c.IPv4Receive.IpChecksum() == ON,
        c.IPv4Receive.TcpChecksum() == ON,
        c.IPv4Receive.UdpChecksum() == ON,
        c.IPv6Receive.TcpChecksum() == ON,
        c.IPv6Receive.UdpChecksum() == ON,
    ];
    let l = &o.LsoV2;
    let lso = |encapsulation: u32, most: u32, fewest: u32| {
        if encapsulation == 0 { (0, 0) } else { (most as usize, fewest.max(2) as usize) }
    };
    settings.lso = [
        lso(l.IPv4.Encapsulation, l.IPv4.MaxOffLoadSize, l.IPv4.MinSegmentCount),
        lso(l.IPv6.Encapsulation, l.IPv6.MaxOffLoadSize, l.IPv6.MinSegmentCount),
    ];
    if o.Header.Revision >= 3 {
        settings.rsc = [o.Rsc.IPv4.Enabled != 0, o.Rsc.IPv6.Enabled != 0];
    }
}

/// All of it. PASSIVE_LEVEL.
pub fn configure(adapter: &'static Adapter) -> Settings {
    let mut settings = Settings {
        mtu: adapter.attributes.lock().general.map_or(1500, |g| g.MtuSize as usize),
        ..Default::default()
    };
    for code in [
        OID_GEN_MAXIMUM_TOTAL_SIZE,
        OID_GEN_VENDOR_ID,
        OID_GEN_TRANSMIT_BUFFER_SPACE,
        OID_GEN_RECEIVE_BUFFER_SPACE,
    ] {
        if let Err(status) = oid::query_u32(adapter, code) {
            settings.refused.push((code, status));
        }
    }
    for (code, size) in [
        (OID_GEN_VENDOR_DESCRIPTION, 64),
        (OID_GEN_STATISTICS, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1 as usize),
    ] {
        if let Err(status) = oid::query(adapter, code, size) {
            settings.refused.push((code, status));
        }
    }
    let lookahead = adapter.attributes.lock().general.map_or(256, |g| g.LookaheadSize);
    if let Err(status) = oid::set(adapter, OID_GEN_CURRENT_LOOKAHEAD, &lookahead.to_le_bytes()) {
        settings.refused.push((OID_GEN_CURRENT_LOOKAHEAD, status));
    }
    // Windows binds and uses offloads only where the encapsulation is agreed.
    let offload = adapter.offload.lock().is_some();
    if offload && encapsulation(adapter).is_ok() {
        offloads(adapter, &mut settings);
    }
    settings.rss = receive_scaling(adapter);
    settings.refused.extend(filters(adapter));
    settings
}
