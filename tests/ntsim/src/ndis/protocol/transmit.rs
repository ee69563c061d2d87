//! Sending: large sends are put together from the stack's segments, checksums are left to the miniport.

use super::bind::Settings;
use super::checksum::{Headers, TCP, UDP, ipv4_header};
use crate::abi::*;
use crate::kernel::kernel;
use crate::mm::{mdl, pool};
use crate::ndis::pool::{allocate_both, allocate_buffer, free_buffer, free_list};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use nt::nbl;

/// A frame with what the miniport is to do to it.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Bytes.
    pub bytes: Vec<u8>,
    /// TcpIpChecksumNetBufferListInfo.
    pub checksum: u32,
    /// TcpLargeSendNetBufferListInfo.
    pub lso: u32,
    /// Ieee8021QNetBufferListInfo.
    pub vlan: u32,
    /// Length of the headers, where the buffer is split.
    pub headers: usize,
    /// NetBufferListCancelId.
    pub cancel: usize,
}

/// A frame as the stack made it.
pub struct Made {
    /// Bytes.
    pub bytes: Vec<u8>,
    /// Payload of each segment that is to be made of it; 0 for a frame that goes as it is.
    pub mss: usize,
}

struct Segment {
    frame: Vec<u8>,
    headers: Headers,
    /// Offset of the payload.
    payload: usize,
}

fn segment(frame: &[u8]) -> Option<(Headers, usize)> {
    let h = Headers::parse(frame)?;
    if h.protocol != TCP || h.fragment || !h.complete(frame) {
        return None;
    }
    let payload = h.transport + usize::from(frame[h.transport + 12] >> 4) * 4;
    (payload <= h.end).then_some((h, payload))
}

fn sequence(frame: &[u8], h: &Headers) -> u32 {
    u32::from_be_bytes(frame[h.transport + 4..h.transport + 8].try_into().unwrap_or_default())
}

/// Can `next` be appended to `first`, whose payload so far is `length`? Only PSH and FIN of the last may differ.
fn follows(first: &Segment, length: usize, next: &Segment) -> bool {
    let (a, b) = (&first.headers, &next.headers);
    if a.v6 != b.v6
        || a.ip != b.ip
        || a.transport != b.transport
        || first.payload != next.payload
        || next.payload == b.end
    {
        return false;
    }
    let (f, n) = (&first.frame, &next.frame);
    let addresses = if a.v6 { a.ip + 8..a.ip + 40 } else { a.ip + 12..a.ip + 20 };
    let ports = a.transport..a.transport + 4;
    let ack = a.transport + 8..a.transport + 12;
    let window_and_options = a.transport + 14..a.transport + 16;
    f[..a.ip] == n[..a.ip]
        && [addresses, ports, ack, window_and_options].into_iter().all(|r| f[r.clone()] == n[r])
        && f[a.transport + 20..first.payload] == n[b.transport + 20..next.payload]
        && f[a.transport + 13] & 0x07 == 0
        && n[b.transport + 13] & 0x06 == 0
        && sequence(n, b) == sequence(f, a).wrapping_add(length as u32)
}

/// Fills the metadata of one frame; what is not offloaded stays as the stack made it.
fn single(mut frame: Vec<u8>, settings: &Settings) -> Outgoing {
    let Some(h) = Headers::parse(&frame).filter(|h| !h.fragment && h.complete(&frame)) else {
        let headers = frame.len().min(14);
        return Outgoing { bytes: frame, headers, ..Default::default() };
    };
    let mut info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit { _bitfield_1: 0 };
    let [ip, tcp4, udp4, tcp6, udp6] = settings.transmit;
    let transport = match (h.protocol, h.v6) {
        (TCP, false) => tcp4,
        (TCP, true) => tcp6,
        (UDP, false) => udp4,
        (UDP, true) => udp6,
        _ => false,
    };
    if transport {
        let length = h.end - h.transport;
        let field = h.field();
        let pseudo = h.pseudo(&frame, length);
        frame[field..field + 2].copy_from_slice(&pseudo.to_be_bytes());
        info.set_TcpHeaderOffset(h.transport as u32);
        if h.protocol == TCP { info.set_TcpChecksum(1) } else { info.set_UdpChecksum(1) }
    } else if settings.lean && matches!(h.protocol, TCP | UDP) {
        // The stack left it blank.
        let right = h.checksum(&frame);
        frame[h.field()..h.field() + 2].copy_from_slice(&right.to_be_bytes());
    }
    if !h.v6 && ip {
        frame[h.ip + 10..h.ip + 12].fill(0);
        info.set_IpHeaderChecksum(1);
    }
    if info._bitfield_1 != 0 {
        if h.v6 { info.set_IsIPv6(1) } else { info.set_IsIPv4(1) }
    }
    Outgoing { bytes: frame, checksum: info._bitfield_1, headers: h.transport, ..Default::default() }
}

/// Makes one large send of segments.
fn join(parts: &[Segment], mss: usize) -> Outgoing {
    let first = &parts[0];
    let h = first.headers;
    let mut bytes = first.frame[..h.end].to_vec();
    for part in &parts[1..] {
        bytes.extend_from_slice(&part.frame[part.payload..part.headers.end]);
    }
    // FIN and PSH of the last segment are the large send's.
    let last = parts.last().unwrap_or(first);
    bytes[h.transport + 13] |= last.frame[last.headers.transport + 13] & 0x09;
    large(bytes, &h, first.payload, mss)
}

/// Asks the miniport to make segments of a frame.
fn large(mut bytes: Vec<u8>, h: &Headers, headers: usize, mss: usize) -> Outgoing {
    // IP's length and the pseudo-header's length are the miniport's to fill, per segment.
    if h.v6 {
        bytes[h.ip + 4..h.ip + 6].fill(0);
    } else {
        bytes[h.ip + 2..h.ip + 4].fill(0);
        bytes[h.ip + 10..h.ip + 12].fill(0);
    }
    let pseudo = h.pseudo(&bytes, 0);
    let field = h.field();
    bytes[field..field + 2].copy_from_slice(&pseudo.to_be_bytes());
    let mut lso = NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit { _bitfield_1: 0 };
    lso.set_MSS(mss as u32);
    lso.set_TcpHeaderOffset(h.transport as u32);
    lso.set_Type(NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE);
    lso.set_IPVersion(u32::from(h.v6));
    Outgoing { bytes, lso: lso._bitfield_1, headers, ..Default::default() }
}

/// Turns the stack's frames into what is given to the miniport.
pub fn prepare(frames: Vec<Made>, settings: &Settings) -> Vec<Outgoing> {
    let mut out = Vec::new();
    let mut queue: VecDeque<Made> = frames.into();
    while let Some(Made { bytes: frame, mss }) = queue.pop_front() {
        let Some((headers, payload)) = segment(&frame).filter(|_| !settings.lean || mss != 0) else {
            out.push(single(frame, settings));
            continue;
        };
        if mss != 0 {
            out.push(large(frame, &headers, payload, mss));
            continue;
        }
        let mss = headers.end - payload;
        let (most, fewest) = settings.lso[usize::from(headers.v6)];
        let mut parts = Vec::from([Segment { frame, headers, payload }]);
        let mut length = mss;
        let closes =
            |s: &Segment| s.frame[s.headers.transport + 13] & 0x07 != 0 || s.headers.end - s.payload != mss;
        while mss != 0 && length + mss <= most && !closes(&parts[parts.len() - 1]) {
            let Some((headers, payload)) = queue.front().and_then(|made| segment(&made.bytes)) else { break };
            let Some(Made { bytes: frame, .. }) = queue.pop_front() else { break };
            let next = Segment { frame, headers, payload };
            if next.headers.end - next.payload > mss || !follows(&parts[0], length, &next) {
                queue.push_front(Made { bytes: next.frame, mss: 0 });
                break;
            }
            length += next.headers.end - next.payload;
            parts.push(next);
        }
        if parts.len() >= fewest.max(2) {
            out.push(join(&parts, mss));
        } else {
            out.extend(parts.into_iter().map(|p| single(p.frame, settings)));
        }
    }
    out
}

/// A sent list with the memory behind it.
pub struct InFlight {
    mdls: Vec<usize>,
    blocks: Vec<usize>,
    /// Net buffers beside the one that came with the list.
    buffers: Vec<usize>,
}

impl InFlight {
    /// Frees what the send used.
    pub unsafe fn free(self) {
        for buffer in self.buffers {
            free_buffer(buffer as *mut NET_BUFFER);
        }
        for m in self.mdls {
            mdl::free(m as *mut MDL);
        }
        for block in self.blocks {
            crate::io::glue::pool_free(block as *mut u8);
        }
    }
}

/// Puts a frame in memory: headers and payload in MDLs of their own, at odd places, as tcpip does. The first
/// MDL, and where the data begins in it.
unsafe fn place(out: &Outgoing, held: &mut InFlight) -> Option<(*mut MDL, u32)> {
    let engine = kernel().engine;
    let total = out.bytes.len();
    let mut cuts = Vec::from([0]);
    if out.headers < total && engine.choose(4, "header split") != 0 {
        cuts.push(out.headers);
    }
    if total - cuts[cuts.len() - 1] > 512 && engine.choose(2, "payload split") != 0 {
        let from = cuts[cuts.len() - 1];
        cuts.push(from + 1 + engine.choose((total - from - 1) as u32, "payload cut") as usize);
    }
    cuts.push(total);
    let mut first: *mut MDL = core::ptr::null_mut();
    let mut last: *mut MDL = core::ptr::null_mut();
    let before = engine.choose(64, "data offset") as usize;
    for (n, range) in cuts.windows(2).enumerate() {
        let lead = if n == 0 { before } else { engine.choose(16, "buffer offset") as usize };
        let bytes = &out.bytes[range[0]..range[1]];
        let block = pool::allocate_kernel(lead + bytes.len(), b"TcpD").ok()?;
        held.blocks.push(block as usize);
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), block.add(lead), bytes.len());
        // The first MDL begins before the data: DataOffset is not zero.
        let (at, length) = if n == 0 { (block, lead + bytes.len()) } else { (block.add(lead), bytes.len()) };
        let m = mdl::allocate(at as usize, length, 0);
        if m.is_null() {
            return None;
        }
        mdl::build_for_nonpaged(m);
        held.mdls.push(m as usize);
        if last.is_null() {
            first = m;
        } else {
            (*last).Next = m;
        }
        last = m;
    }
    Some((first, before as u32))
}

/// Makes a net buffer list of one frame.
pub unsafe fn list(pool_handle: NDIS_HANDLE, out: &Outgoing) -> Option<(*mut NET_BUFFER_LIST, InFlight)> {
    joined(pool_handle, core::slice::from_ref(out))
}

/// Makes a net buffer list with a net buffer for each frame; the metadata is the first one's.
pub unsafe fn joined(
    pool_handle: NDIS_HANDLE,
    frames: &[Outgoing],
) -> Option<(*mut NET_BUFFER_LIST, InFlight)> {
    let (out, others) = frames.split_first()?;
    let mut held = InFlight { mdls: Vec::new(), blocks: Vec::new(), buffers: Vec::new() };
    let Some((first, before)) = place(out, &mut held) else {
        held.free();
        return None;
    };
    let list = allocate_both(pool_handle, 0, 0, first, before, out.bytes.len());
    if list.is_null() {
        held.free();
        return None;
    }
    let mut last = nbl::first_buffer(list);
    for other in others {
        let placed = place(other, &mut held);
        let buffer =
            placed.map(|(first, before)| allocate_buffer(pool_handle, first, before, other.bytes.len()));
        let Some(buffer) = buffer.filter(|buffer| !buffer.is_null()) else {
            free_list(list);
            held.free();
            return None;
        };
        held.buffers.push(buffer as usize);
        nbl::set_next_buffer(last, buffer);
        last = buffer;
    }
    nbl::set_info(list, TcpIpChecksumNetBufferListInfo, out.checksum as usize as PVOID);
    nbl::set_info(list, TcpLargeSendNetBufferListInfo, out.lso as usize as PVOID);
    nbl::set_info(list, Ieee8021QNetBufferListInfo, out.vlan as usize as PVOID);
    nbl::set_info(list, NetBufferListCancelId, out.cancel as PVOID);
    Some((list, held))
}

/// Fills the checksums in that the metadata leaves to the miniport (for tests and for the wire's view).
pub fn complete(out: &Outgoing) -> Vec<u8> {
    let mut bytes = out.bytes.clone();
    let info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit { _bitfield_1: out.checksum };
    if let Some(h) = Headers::parse(&bytes) {
        if info.TcpChecksum() | info.UdpChecksum() != 0 {
            let right = h.checksum(&bytes);
            let field = h.field();
            bytes[field..field + 2].copy_from_slice(&right.to_be_bytes());
        }
        if info.IpHeaderChecksum() != 0 {
            let right = ipv4_header(&bytes[h.ip..h.ip + 20]);
            bytes[h.ip + 10..h.ip + 12].copy_from_slice(&right.to_be_bytes());
        }
    }
    bytes
}
