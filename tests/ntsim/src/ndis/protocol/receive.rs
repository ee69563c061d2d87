//! Receiving: what the metadata of a frame claims is checked against the frame.

use super::bind::Settings;
use super::checksum::{Headers, TCP, UDP, ipv4_header, toeplitz};
use crate::abi::*;
use crate::ndis::{buffer, rules};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use nt::nbl;

/// Counts of what was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames.
    pub frames: u64,
    /// Frames whose transport checksum the miniport declared good.
    pub good: u64,
    /// Of these, frames that carried only the pseudo-header's sum.
    pub blank: u64,
    /// Frames that the miniport declared bad.
    pub bad: u64,
    /// Coalesced frames, and the segments in them.
    pub coalesced: (u64, u64),
    /// Frames with a VLAN tag in the metadata.
    pub tagged: u64,
    /// Frames with a hash.
    pub hashed: u64,
    /// Frames with NDIS_RECEIVE_FLAGS_RESOURCES.
    pub scarce: u64,
}

/// A received frame.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Bytes; checksums that the miniport vouches for are filled in.
    pub bytes: Vec<u8>,
    /// Ieee8021QNetBufferListInfo.
    pub vlan: u32,
    /// Segments that were coalesced, 0 or 1 for a plain frame.
    pub segments: u16,
    /// NetBufferListHashValue, if there is one.
    pub hash: Option<u32>,
    /// Processor on which it was indicated.
    pub processor: u32,
}

fn hash_input(frame: &[u8], h: &Headers, kind: u32) -> Vec<u8> {
    let addresses = if h.v6 { h.ip + 8..h.ip + 40 } else { h.ip + 12..h.ip + 20 };
    let mut input = frame[addresses].to_vec();
    if kind & (NDIS_HASH_TCP_IPV4 | NDIS_HASH_TCP_IPV6 | NDIS_HASH_UDP_IPV4 | NDIS_HASH_UDP_IPV6) != 0 {
        input.extend_from_slice(&frame[h.transport..h.transport + 4]);
    }
    input
}

/// Takes a frame in. `Err`: the metadata is wrong, in words; the frame is in the first member all the same.
pub unsafe fn take(
    list: *mut NET_BUFFER_LIST,
    settings: &Settings,
    counts: &mut Counts,
) -> (Incoming, Option<String>) {
    let mut bytes = buffer::bytes(nbl::first_buffer(list));
    let word = |slot| nbl::info(list, slot) as usize as u32;
    let info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive {
        _bitfield_1: word(TcpIpChecksumNetBufferListInfo),
    };
    let vlan = word(Ieee8021QNetBufferListInfo);
    let segments = word(TcpRecvSegCoalesceInfo) as u16;
    let hash_info = word(NetBufferListHashInfo);
    let hash = (hash_info & 0xFF != 0).then(|| word(NetBufferListHashValue));
    counts.frames += 1;
    counts.tagged += u64::from(vlan != 0);
    let mut wrong = None;
    let h = Headers::parse(&bytes);
    let claims_good = info.TcpChecksumSucceeded() | info.UdpChecksumSucceeded() != 0;
    let claims_bad = info.TcpChecksumFailed() | info.UdpChecksumFailed() != 0;
    match h {
        _ if settings.lean => believe(&mut bytes, h.as_ref(), claims_good, counts),
        None if claims_good || claims_bad => {
            wrong = Some("checksum information on a frame that is no IP packet".into())
        }
        Some(h) if claims_good || claims_bad => {
            let named = if info.TcpChecksumSucceeded() | info.TcpChecksumFailed() != 0 { TCP } else { UDP };
            if h.protocol != named || h.fragment || !h.complete(&bytes) {
                wrong = Some(format!(
                    "checksum information for protocol {named} on a frame of protocol {} or a fragment",
                    h.protocol
                ));
            } else if claims_good && claims_bad {
                wrong = Some("a checksum is declared good and bad".into());
            } else {
                wrong = transport(&mut bytes, &h, info, settings, segments, counts);
            }
        }
        _ => {}
    }
    if let Some(h) = h
        && !h.v6
        && info.IpChecksumSucceeded() != 0
        && info.IpChecksumValueInvalid() == 0
        && bytes.len() >= h.transport
    {
        let given = u16::from_be_bytes([bytes[h.ip + 10], bytes[h.ip + 11]]);
        if given != ipv4_header(&bytes[h.ip..h.transport]) {
            wrong = Some("an IPv4 header checksum is declared good, but is wrong".into());
        }
    }
    if segments > 1 {
        counts.coalesced.0 += 1;
        counts.coalesced.1 += u64::from(segments);
        let v6 = h.is_some_and(|h| h.v6);
        if !settings.rsc[usize::from(v6)] {
            wrong = Some("a coalesced frame, but receive segment coalescing is off".into());
        }
        if h.is_none_or(|h| h.protocol != TCP) {
            wrong = Some("a coalesced frame that is not TCP".into());
        }
    }
    if let (Some(value), Some(h)) = (hash, h)
        && !settings.lean
    {
        counts.hashed += 1;
        let kind = hash_info & NDIS_HASH_TYPE_MASK;
        match &settings.rss {
            None => wrong = Some("a hash, but receive-side scaling is off".into()),
            Some((types, _)) if types & kind == 0 => {
                wrong = Some(format!("a hash of type {kind:#x}, which was not asked for"))
            }
            Some((_, key)) => {
                let right = toeplitz(key, &hash_input(&bytes, &h, kind));
                if hash_info & 0xFF == 1 && right != value {
                    wrong = Some(format!("the hash is {value:#x}, of type {kind:#x} it is {right:#x}"));
                }
            }
        }
    }
    let processor = kernel_cpu();
    (Incoming { bytes, vlan, segments, hash, processor }, wrong)
}

/// What tcpip does: computes the checksum of a frame of which the miniport does not say that it is good, and drops it if
/// it is not.
fn believe(bytes: &mut Vec<u8>, h: Option<&Headers>, good: bool, counts: &mut Counts) {
    counts.good += u64::from(good);
    let to_check =
        |h: &&Headers| !good && matches!(h.protocol, TCP | UDP) && !h.fragment && h.complete(bytes);
    if let Some(h) = h.filter(to_check) {
        let given = h.given(bytes);
        let none = given == 0 && h.protocol == UDP && !h.v6;
        if !none && given != h.checksum(bytes) {
            counts.bad += 1;
            bytes.clear();
        }
    }
}

fn kernel_cpu() -> u32 {
    crate::kernel().engine.current_cpu()
}

fn transport(
    bytes: &mut [u8],
    h: &Headers,
    info: NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive,
    settings: &Settings,
    segments: u16,
    counts: &mut Counts,
) -> Option<String> {
    let slot = match (h.protocol, h.v6) {
        (TCP, false) => 1,
        (UDP, false) => 2,
        (TCP, true) => 3,
        _ => 4,
    };
    if !settings.receive[slot] {
        return Some("checksum information, though that receive offload is off".into());
    }
    let (given, right) = (h.given(bytes), h.checksum(bytes));
    let good = given == right || given == 0 && h.protocol == UDP && !h.v6;
    if info.TcpChecksumFailed() | info.UdpChecksumFailed() != 0 {
        counts.bad += 1;
        return good.then(|| "a checksum is declared bad, but is right".into());
    }
    counts.good += 1;
    if good {
        return None;
    }
    // A sender on the same host leaves only the pseudo-header's sum; nothing can be wrong with such a frame.
    let blank = given == h.pseudo(bytes, h.end - h.transport);
    if !blank && info.TcpChecksumValueInvalid() == 0 && segments <= 1 {
        return Some(format!("a checksum is declared good, but is {given:#x} instead of {right:#x}"));
    }
    counts.blank += u64::from(blank);
    let field = h.field();
    bytes[field..field + 2].copy_from_slice(&right.to_be_bytes());
    None
}

/// Reports wrong metadata.
pub fn report(text: String, list: usize) {
    rules::report(&rules::RECEIVE_METADATA, text, list, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_checksum_that_nobody_vouches_for_is_dropped() {
        // A DNS query of eight bytes, with its right checksum.
        let right = [
            0x52, 0x54, 0x00, 0x12, 0x35, 0x02, 0x08, 0x00, 0x27, 0x8E, 0x8A, 0xA8, 0x08, 0x00, 0x45, 0x00,
            0x00, 0x1C, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x01, 0x0A, 0x00,
            0x00, 0x02, 0x04, 0xD2, 0x16, 0x2E, 0x00, 0x08, 0xD0, 0xDB,
        ];
        let mut wrong = right;
        wrong[40] ^= 1;
        let mut none = right;
        none[40..].fill(0);
        for (frame, good, kept) in
            [(right, false, true), (wrong, false, false), (wrong, true, true), (none, false, true)]
        {
            let mut bytes = frame.to_vec();
            let mut counts = Counts::default();
            let headers = Headers::parse(&bytes);
            believe(&mut bytes, headers.as_ref(), good, &mut counts);
            assert_eq!((!bytes.is_empty(), counts.bad == 0), (kept, kept));
        }
    }
}
