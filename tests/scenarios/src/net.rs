//! A guest with NICs, and the network outside of it: what the network scenarios share.

use nt::sys::*;
use ntsim::ndis::{
    self,
    adapter::{Adapter, State},
    protocol::{Stack, receive::Incoming, transmit::Outgoing},
};
use ntsim::pnp;
use smoltcp::wire::{IpAddress, IpCidr};
use std::cell::Cell;
use std::rc::Rc;
use xensim::network::{Frame, packet};
use xensim::{NetKind, NicConfig, Xen};

use crate::rig::{Rig, boot, sleep, wait_until};

/// Every flavour of back-end.
pub const KINDS: [NetKind; 3] = [NetKind::Netback, NetKind::NetbackPlain, NetKind::Qemu];

/// The station on the other end of the wire.
pub const PEER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x77];

/// Windows Server 2016, with NDIS 6.60: events only.
pub const OLD: u32 = 14393;
/// Windows 11 22H2, with NDIS 6.87: poll mode.
pub const NEW: u32 = 22621;

/// A guest of this Windows build in `xen`.
#[must_use]
pub fn guest(xen: Xen, build: u32, seed: u64) -> Rig {
    Rig::with(xen, seed, |builder| builder.config(|config| config.build = build))
}

/// Runs `test` in a guest with one NIC, over every flavour of back-end (changed by `change`), with events and
/// in poll mode.
pub fn over_flavours(seed: u64, vcpus: usize, change: impl Fn(&mut NicConfig), test: impl Fn(&Nic)) {
    for kind in KINDS {
        for build in [OLD, NEW] {
            let mut config = NicConfig::of(kind, 0);
            change(&mut config);
            let xen = Xen::builder().vcpus(vcpus).nic(config).seed(seed).build();
            let rig = guest(xen, build, seed);
            println!("{kind:?}, build {build}");
            rig.run(|| test(&Nic::open(&rig.xen, kind)));
            rig.xen.assert_clean();
        }
    }
}

/// The running adapters in the order of their back-ends' numbers, once there are `count`. In the guest.
#[must_use]
pub fn running(count: usize) -> Vec<&'static Adapter> {
    wait_until("running adapters", 60, || {
        ndis::adapters().iter().filter(|adapter| adapter.state() == State::Running).count() == count
    });
    let mut adapters = ndis::adapters();
    adapters.sort_by_key(|adapter| pnp::instance_path(adapter.pdo));
    adapters
}

/// Waits for the links. In the guest.
pub fn linked(adapters: &[&'static Adapter]) {
    wait_until("the links", 60, || adapters.iter().all(|adapter| adapter.link.lock().connect == 1));
}

/// The first NIC, with a stack bound to it that copies what it receives.
pub struct Nic {
    /// The outside.
    pub xen: Xen,
    /// The flavour of its back-end.
    pub kind: NetKind,
    /// The adapter.
    pub adapter: &'static Adapter,
    /// The stack.
    pub stack: &'static Stack,
}

impl Nic {
    /// Boots, and opens the only NIC. In the guest.
    ///
    /// # Panics
    /// When it does not start, or refuses a mandatory request.
    #[must_use]
    pub fn open(xen: &Xen, kind: NetKind) -> Self {
        boot(&["xenpvpci", "xenpvnet"]);
        Self::bind(xen, kind)
    }

    /// Opens the only NIC of a guest that runs.
    ///
    /// # Panics
    /// As [`Nic::open`].
    #[must_use]
    pub fn bind(xen: &Xen, kind: NetKind) -> Self {
        let adapters = running(1);
        linked(&adapters);
        let stack = Stack::open(adapters[0]).expect("the adapter can be opened");
        let refused = stack.settings.lock().refused.clone();
        assert!(refused.is_empty(), "mandatory OIDs are refused: {refused:x?}");
        stack.link.sniffing.store(true, std::sync::atomic::Ordering::Release);
        let _ = xen.captured(0);
        Self { xen: xen.clone(), kind, adapter: adapters[0], stack }
    }

    /// Its address.
    #[must_use]
    pub fn mac(&self) -> [u8; 6] {
        self.adapter.mac()
    }

    /// Sends, and gives what arrives at the back-end, in order, once `count` frames are there.
    ///
    /// # Panics
    /// When they do not come.
    #[must_use]
    pub fn send(&self, frames: &[Outgoing], count: usize) -> Vec<Frame> {
        self.stack.send_outgoing(frames);
        let mut got = Vec::new();
        wait_until("frames on the wire", 10, || {
            got.extend(self.xen.captured(0).into_iter().filter(|frame| frame.data[..6] == PEER));
            got.len() >= count
        });
        let heads: Vec<_> = got.iter().map(|frame| &frame.data[..frame.data.len().min(80)]).collect();
        assert_eq!(got.len(), count, "more frames than were sent: {heads:02x?}");
        wait_until("the sends to complete", 10, || self.stack.link.in_flight() == 0);
        got
    }

    /// Puts frames on the wire to the guest, and gives what the stack gets, once `count` frames are there.
    ///
    /// # Panics
    /// When they do not come.
    #[must_use]
    pub fn receive(&self, frames: Vec<Frame>, count: usize) -> Vec<Incoming> {
        for frame in frames {
            self.xen.inject(0, frame);
        }
        let mut got = Vec::new();
        for _ in 0..1000 {
            got.extend(self.stack.link.sniffed());
            if got.len() >= count {
                return got;
            }
            sleep(10);
        }
        let back = self.xen.with_net(0, |net, _| {
            let waiting: Vec<usize> = net.queues.iter().map(|queue| queue.backlog.len()).collect();
            format!("{:?}, {} dropped, {waiting:?} waiting for buffers", net.stats, net.network.dropped)
        });
        panic!("{} of {count} frames at the stack; back-end: {back:?}", got.len());
    }

    /// A TCP frame from the peer to this NIC.
    #[must_use]
    pub fn to_us(&self, v6: bool, flow: u8, payload: &[u8]) -> Vec<u8> {
        let mut data = packet::tcp(v6, flow, 1, 0x10, payload);
        data[..6].copy_from_slice(&self.mac());
        data[6..12].copy_from_slice(&PEER);
        data
    }

    /// A TCP frame from this NIC to the peer.
    #[must_use]
    pub fn to_peer(&self, v6: bool, flow: u8, payload: &[u8]) -> Vec<u8> {
        let mut data = packet::tcp(v6, flow, 1, 0x18, payload);
        data[..6].copy_from_slice(&PEER);
        data[6..12].copy_from_slice(&self.mac());
        data
    }

    /// A UDP frame from this NIC to the peer.
    #[must_use]
    pub fn datagram(&self, v6: bool, flow: u8, payload: &[u8]) -> Vec<u8> {
        let mut data = packet::udp(v6, flow, payload);
        data[..6].copy_from_slice(&PEER);
        data[6..12].copy_from_slice(&self.mac());
        data
    }
}

/// Bytes that tell places apart.
#[must_use]
pub fn pattern(length: usize) -> Vec<u8> {
    pattern_from(0, length)
}

/// `length` bytes of the pattern from `at` on.
#[must_use]
pub fn pattern_from(at: usize, length: usize) -> Vec<u8> {
    (at..at + length).map(|n| (n * 7 + n / 251) as u8).collect()
}

/// A frame as it is.
#[must_use]
pub fn plain(bytes: Vec<u8>) -> Outgoing {
    Outgoing { headers: bytes.len().min(14), bytes, ..Outgoing::default() }
}

/// A frame whose checksums are left to the miniport: transport's and IPv4's.
///
/// # Panics
/// When it is neither TCP nor UDP.
#[must_use]
pub fn unsummed(mut bytes: Vec<u8>) -> Outgoing {
    let layout = packet::parse(&bytes).expect("an IP packet");
    packet::blank_checksum(&mut bytes);
    let mut info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit { _bitfield_1: 0 };
    match layout.protocol {
        6 => info.set_TcpChecksum(1),
        17 => info.set_UdpChecksum(1),
        other => panic!("protocol {other}"),
    }
    info.set_TcpHeaderOffset(layout.transport as u32);
    if layout.v6 {
        info.set_IsIPv6(1);
    } else {
        info.set_IsIPv4(1);
        info.set_IpHeaderChecksum(1);
        bytes[layout.network + 10..layout.network + 12].fill(0);
    }
    Outgoing { headers: layout.transport, checksum: info._bitfield_1, bytes, ..Outgoing::default() }
}

/// A large send: cut to segments of `mss` bytes by whoever can.
///
/// # Panics
/// When it is no TCP packet.
#[must_use]
pub fn large(mut bytes: Vec<u8>, mss: u32) -> Outgoing {
    let layout = packet::parse(&bytes).expect("an IP packet");
    let pseudo = packet::pseudo_header(&bytes, &layout, 0);
    let at = packet::checksum_at(&layout).expect("a transport");
    bytes[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
    if layout.v6 {
        bytes[layout.network + 4..layout.network + 6].fill(0);
    } else {
        bytes[layout.network + 2..layout.network + 4].fill(0);
        bytes[layout.network + 10..layout.network + 12].fill(0);
    }
    let mut lso = NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit { _bitfield_1: 0 };
    lso.set_MSS(mss);
    lso.set_TcpHeaderOffset(layout.transport as u32);
    lso.set_Type(NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE);
    lso.set_IPVersion(u32::from(layout.v6));
    let headers = layout.transport + usize::from(bytes[layout.transport + 12] >> 4) * 4;
    Outgoing { bytes, lso: lso._bitfield_1, headers, ..Outgoing::default() }
}

/// Payload of a TCP frame.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn payload(frame: &[u8]) -> &[u8] {
    let layout = packet::parse(frame).expect("an IP packet");
    let start = layout.transport + usize::from(frame[layout.transport + 12] >> 4) * 4;
    &frame[start..layout.end]
}

/// What lies between the first two NICs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// A wire: segments with all checksums, none longer than this frame.
    Wire(usize),
    /// A bridge of the host: frames as they are, large and with blank checksums.
    Bridge,
}

/// A cable between the first two NICs of a guest.
pub struct Cable {
    stop: Rc<Cell<bool>>,
    /// Frames so far, and large ones among them.
    pub seen: Rc<Cell<(u64, u64)>>,
}

impl Cable {
    /// Lays it. In the guest.
    ///
    /// # Panics
    /// When a frame on the wire is wrong.
    #[must_use]
    pub fn lay(xen: &Xen, between: Between) -> Self {
        let cable = Self { stop: Rc::default(), seen: Rc::default() };
        let (xen, stop, seen) = (xen.clone(), cable.stop.clone(), cable.seen.clone());
        ntsim::ke::thread::spawn(move || {
            while !stop.get() {
                for (from, to) in [(0, 1), (1, 0)] {
                    for frame in xen.captured(from) {
                        let (frames, large) = seen.get();
                        seen.set((frames + 1, large + u64::from(frame.gso.is_some())));
                        for wire in frame.to_wire() {
                            assert!(packet::checksums_hold(&wire), "NIC {from}, wrong checksum: {wire:02x?}");
                            if let Between::Wire(most) = between {
                                assert!(wire.len() <= most, "a frame of {} bytes on the wire", wire.len());
                                xen.inject(to, Frame::plain(wire));
                            }
                        }
                        if between == Between::Bridge {
                            let Frame { data, checksum_blank, validated, gso, .. } = frame;
                            xen.inject(to, Frame { checksum_blank, validated, gso, ..Frame::plain(data) });
                        }
                    }
                }
                sleep(1);
            }
        })
        .expect("a thread");
        cable
    }

    /// Takes it away. In the guest.
    pub fn remove(self) {
        self.stop.set(true);
        sleep(50);
    }
}

/// Addresses of the first two NICs.
pub const V4: [IpAddress; 2] = [IpAddress::v4(192, 168, 7, 1), IpAddress::v4(192, 168, 7, 2)];
/// Likewise.
pub const V6: [IpAddress; 2] =
    [IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 1), IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 2)];

/// Binds stacks with addresses to the first two NICs, once they run. In the guest.
///
/// # Panics
/// When that does not work.
#[must_use]
pub fn stacks() -> [&'static Stack; 2] {
    stacks_as(false)
}

/// As [`stacks`]; `lean` is that of [`ntsim::ndis::protocol::bind::Settings`].
///
/// # Panics
/// When that does not work.
#[must_use]
pub fn stacks_as(lean: bool) -> [&'static Stack; 2] {
    let adapters = running(2);
    linked(&adapters);
    let stacks = [0, 1].map(|n| Stack::open_as(adapters[n], lean).expect("the adapter can be opened"));
    for (n, stack) in stacks.iter().enumerate() {
        let refused = stack.settings.lock().refused.clone();
        assert!(refused.is_empty(), "mandatory OIDs are refused: {refused:x?}");
        stack.address(IpCidr::new(V4[n], 24), None);
        stack.address(IpCidr::new(V6[n], 64), None);
    }
    stacks
}
