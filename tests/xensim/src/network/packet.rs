//! Ethernet, IPv4, IPv6, TCP and UDP as far as offloads need them: an independent parser, for checks of
//! what the guest put on the wire, and for doing in software what a NIC would do.

use super::Gso;

/// Where the parts of a frame begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Network header.
    pub network: usize,
    /// Transport header.
    pub transport: usize,
    /// IPv6.
    pub v6: bool,
    /// Protocol of the transport header (6 TCP, 17 UDP).
    pub protocol: u8,
    /// End of the IP packet (Ethernet padding lies behind).
    pub end: usize,
    /// A fragment: has no transport header of its own, or only part of the payload.
    pub fragment: bool,
}

fn be16(data: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([data[at], data[at + 1]])
}

fn put16(data: &mut [u8], at: usize, value: u16) {
    data[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Takes a frame apart; `None` for what is not IP or is cut short.
#[must_use]
pub fn parse(data: &[u8]) -> Option<Layout> {
    let mut at = 12;
    let mut kind = be16(data.get(..14)?, at);
    while kind == 0x8100 || kind == 0x88a8 {
        at += 4;
        kind = be16(data.get(..at + 2)?, at);
    }
    let network = at + 2;
    match kind {
        0x0800 => {
            let header = data.get(network..network + 20)?;
            let length = usize::from(header[0] & 15) * 4;
            let end = network + usize::from(be16(header, 2));
            if header[0] >> 4 != 4 || length < 20 || end > data.len() || network + length > end {
                return None;
            }
            let fragment = be16(header, 6) & 0x3fff != 0;
            Some(Layout {
                network,
                transport: network + length,
                v6: false,
                protocol: header[9],
                end,
                fragment,
            })
        }
        0x86dd => {
            let header = data.get(network..network + 40)?;
            let end = network + 40 + usize::from(be16(header, 4));
            if header[0] >> 4 != 6 || end > data.len() {
                return None;
            }
            let mut next = header[6];
            let mut transport = network + 40;
            let mut fragment = false;
            while matches!(next, 0 | 43 | 44 | 60) {
                let extension = data.get(transport..transport + 8)?;
                fragment |= next == 44;
                let length = if next == 44 { 8 } else { 8 + usize::from(extension[1]) * 8 };
                next = extension[0];
                transport += length;
            }
            (transport <= end).then_some(Layout {
                network,
                transport,
                v6: true,
                protocol: next,
                end,
                fragment,
            })
        }
        _ => None,
    }
}

fn sum(data: &[u8], mut sum: u32) -> u32 {
    for pair in data.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

fn fold(mut sum: u32) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// One's complement sum of the pseudo-header, folded.
#[must_use]
pub fn pseudo_header(data: &[u8], layout: &Layout, length: usize) -> u16 {
    let addresses = if layout.v6 {
        &data[layout.network + 8..layout.network + 40]
    } else {
        &data[layout.network + 12..layout.network + 20]
    };
    let start = u32::from(layout.protocol) + (length as u32 & 0xffff) + (length as u32 >> 16);
    fold(sum(addresses, start))
}

/// Byte offset of the transport checksum, for TCP and UDP.
#[must_use]
pub const fn checksum_at(layout: &Layout) -> Option<usize> {
    match layout.protocol {
        6 => Some(layout.transport + 16),
        17 => Some(layout.transport + 6),
        _ => None,
    }
}

/// Whether the IP header's and the transport's checksums hold. Frames without any are good.
#[must_use]
pub fn checksums_hold(data: &[u8]) -> bool {
    let Some(layout) = parse(data) else { return true };
    if !layout.v6 && fold(sum(&data[layout.network..layout.transport], 0)) != 0xffff {
        return false;
    }
    if layout.fragment {
        return true;
    }
    let Some(at) = checksum_at(&layout) else { return true };
    if at + 2 > layout.end {
        return false;
    }
    if layout.protocol == 17 && !layout.v6 && be16(data, at) == 0 {
        return true; // UDP over IPv4 without a checksum
    }
    let start = pseudo_header(data, &layout, layout.end - layout.transport);
    fold(sum(&data[layout.transport..layout.end], u32::from(start))) == 0xffff
}

/// Whether a blank checksum holds exactly the pseudo-header's sum, the full length included (also for
/// GSO: Linux derives the segments' checksums from it).
#[must_use]
pub fn blank_is_right(data: &[u8]) -> bool {
    let Some(layout) = parse(data) else { return false };
    let Some(at) = checksum_at(&layout) else { return false };
    at + 2 <= layout.end && be16(data, at) == pseudo_header(data, &layout, layout.end - layout.transport)
}

/// Computes the transport checksum whatever stood there.
pub fn complete_checksum(data: &mut [u8]) {
    let Some(layout) = parse(data) else { return };
    let Some(at) = checksum_at(&layout) else { return };
    if at + 2 > layout.end {
        return;
    }
    put16(data, at, 0);
    let start = pseudo_header(data, &layout, layout.end - layout.transport);
    let mut value = !fold(sum(&data[layout.transport..layout.end], u32::from(start)));
    if value == 0 && layout.protocol == 17 {
        value = 0xffff;
    }
    put16(data, at, value);
}

/// Leaves the pseudo-header's sum in the checksum field: what `checksum_blank` means.
pub fn blank_checksum(data: &mut [u8]) {
    let Some(layout) = parse(data) else { return };
    if let Some(at) = checksum_at(&layout) {
        let value = pseudo_header(data, &layout, layout.end - layout.transport);
        put16(data, at, value);
    }
}

/// Writes the IPv4 header's checksum.
pub fn ip_checksum(data: &mut [u8]) {
    let Some(layout) = parse(data) else { return };
    if !layout.v6 {
        put16(data, layout.network + 10, 0);
        let value = !fold(sum(&data[layout.network..layout.transport], 0));
        put16(data, layout.network + 10, value);
    }
}

/// Cuts a large TCP packet into segments with everything that changes between them.
#[must_use]
pub fn segment(data: &[u8], gso: Gso) -> Vec<Vec<u8>> {
    let Some(layout) = parse(data) else { return vec![data.into()] };
    let size = usize::from(gso.size);
    if layout.protocol != 6 || size == 0 || layout.transport + 20 > layout.end {
        return vec![data.into()];
    }
    let header = layout.transport + usize::from(data[layout.transport + 12] >> 4) * 4;
    let payload = &data[header.min(layout.end)..layout.end];
    let sequence = u32::from_be_bytes([
        data[layout.transport + 4],
        data[layout.transport + 5],
        data[layout.transport + 6],
        data[layout.transport + 7],
    ]);
    let count = payload.len().div_ceil(size).max(1);
    let mut out = Vec::with_capacity(count);
    for index in 0..count {
        let from = index * size;
        let to = (from + size).min(payload.len());
        let mut frame = data[..header].to_vec();
        frame.extend_from_slice(&payload[from..to]);
        let number = sequence.wrapping_add(from as u32);
        frame[layout.transport + 4..layout.transport + 8].copy_from_slice(&number.to_be_bytes());
        let flags = data[layout.transport + 13];
        let last = index + 1 == count;
        // FIN and PSH belong to the last segment, CWR to the first.
        let mut keep = flags;
        if !last {
            keep &= !0x09;
        }
        if index > 0 {
            keep &= !0x80;
        }
        frame[layout.transport + 13] = keep;
        if layout.v6 {
            let length = frame.len() - layout.network - 40;
            put16(&mut frame, layout.network + 4, length as u16);
        } else {
            let length = frame.len() - layout.network;
            put16(&mut frame, layout.network + 2, length as u16);
            let id = be16(data, layout.network + 4).wrapping_add(index as u16);
            put16(&mut frame, layout.network + 4, id);
            ip_checksum(&mut frame);
        }
        complete_checksum(&mut frame);
        out.push(frame);
    }
    out
}

/// Toeplitz hash of `input` under `key`.
#[must_use]
pub fn toeplitz(key: &[u8], input: &[u8]) -> u32 {
    let bit = |index: usize| key.get(index / 8).is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0);
    let mut hash = 0;
    for (index, byte) in input.iter().enumerate() {
        for shift in 0..8 {
            if byte & (0x80 >> shift) != 0 {
                let first = index * 8 + shift;
                let window =
                    (0..32).fold(0u32, |window, offset| window << 1 | u32::from(bit(first + offset)));
                hash ^= window;
            }
        }
    }
    hash
}

/// The input of the hash for a frame, with its type number, by the types that are enabled (bits).
#[must_use]
pub fn hash_input(data: &[u8], types: u32) -> Option<(u8, Vec<u8>)> {
    let layout = parse(data)?;
    let base = if layout.v6 { 2 } else { 0 };
    let mut input = if layout.v6 {
        data[layout.network + 8..layout.network + 40].to_vec()
    } else {
        data[layout.network + 12..layout.network + 20].to_vec()
    };
    if layout.protocol == 6 && !layout.fragment && types & (1 << (base + 1)) != 0 {
        input.extend_from_slice(data.get(layout.transport..layout.transport + 4)?);
        return Some((base + 1, input));
    }
    (types & (1 << base) != 0).then_some((base, input))
}

fn head(v6: bool, protocol: u8, flow: u8, length: usize) -> Vec<u8> {
    let mut data = vec![0x02, 0, 0, 0, 0, flow, 0x02, 0, 0, 0, 1, 1];
    if v6 {
        data.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
        data.extend((length as u16).to_be_bytes());
        data.extend([protocol, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flow]);
        data.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    } else {
        data.extend([0x08, 0, 0x45, 0]);
        data.extend(((20 + length) as u16).to_be_bytes());
        data.extend([0, 1, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, flow, 10, 0, 0, 1]);
    }
    data.extend((1000 + u16::from(flow)).to_be_bytes());
    data.extend(80u16.to_be_bytes());
    data
}

/// Builds a TCP frame for tests: addresses derive from `flow`, checksums are complete.
#[must_use]
pub fn tcp(v6: bool, flow: u8, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut data = head(v6, 6, flow, 20 + payload.len());
    data.extend(sequence.to_be_bytes());
    data.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    data.extend(payload);
    ip_checksum(&mut data);
    complete_checksum(&mut data);
    data
}

/// Builds a UDP frame for tests, likewise.
#[must_use]
pub fn udp(v6: bool, flow: u8, payload: &[u8]) -> Vec<u8> {
    let mut data = head(v6, 17, flow, 8 + payload.len());
    data.extend(((8 + payload.len()) as u16).to_be_bytes());
    data.extend([0, 0]);
    data.extend(payload);
    ip_checksum(&mut data);
    complete_checksum(&mut data);
    data
}

/// Puts an 802.1Q tag into a frame.
#[must_use]
pub fn tagged(data: &[u8], control: u16) -> Vec<u8> {
    [&data[..12], &[0x81, 0], &control.to_be_bytes(), &data[12..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_carry_the_payload_in_order_with_good_checksums() {
        for v6 in [false, true] {
            let payload: Vec<u8> = (0..5000u32).map(|value| value as u8).collect();
            let big = tcp(v6, 3, 0xffff_fff0, 0x19, &payload);
            let parts = segment(&big, Gso { v6, size: 1400 });
            assert_eq!(parts.len(), 4);
            let mut joined = Vec::new();
            for (index, part) in parts.iter().enumerate() {
                assert!(checksums_hold(part));
                let layout = parse(part).expect("parses");
                assert_eq!(part.len(), layout.end);
                let number = 0xffff_fff0u32.wrapping_add(index as u32 * 1400).to_be_bytes();
                assert_eq!(part[layout.transport + 4..layout.transport + 8], number);
                assert_eq!(part[layout.transport + 13], if index == 3 { 0x19 } else { 0x10 });
                joined.extend_from_slice(&part[layout.transport + 20..]);
            }
            assert_eq!(joined, payload);
        }
    }

    #[test]
    fn a_wrong_byte_breaks_the_checksum_and_a_blank_one_is_recognised() {
        let mut data = tcp(false, 1, 7, 0x10, b"hello world");
        assert!(checksums_hold(&data));
        assert!(!blank_is_right(&data));
        blank_checksum(&mut data);
        assert!(blank_is_right(&data) && !checksums_hold(&data));
        complete_checksum(&mut data);
        data[60] ^= 1;
        assert!(!checksums_hold(&data));
    }

    /// The verification suite that Microsoft publishes for RSS (also in netif.h's terms).
    #[test]
    fn toeplitz_matches_the_published_vectors() {
        let key: [u8; 40] = [
            0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
            0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
            0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
        ];
        // 66.9.149.187:2794 -> 161.142.100.80:1766
        let input = [66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6];
        assert_eq!(toeplitz(&key, &input[..8]), 0x323e_8fc2);
        assert_eq!(toeplitz(&key, &input), 0x51cc_c178);
    }
}
