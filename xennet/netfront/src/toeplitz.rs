//! The Toeplitz hash, for back-ends that cannot.

use xenbus::io::netif_ctrl::HashTypes;

use crate::headers::{Headers, TCP, UDP};

/// Bytes of a key.
pub const KEY_LEN: usize = 40;

/// The hash of `input` (at most 36 bytes) under `key`: for every bit that is set, the 32 bits of the
/// key that start there are added.
#[must_use]
pub fn toeplitz(key: &[u8; KEY_LEN], input: &[u8]) -> u32 {
    let mut window = u32::from_be_bytes([key[0], key[1], key[2], key[3]]);
    let mut hash = 0;
    for (index, &byte) in input.iter().enumerate() {
        let next = key.get(index + 4).copied().unwrap_or(0);
        for bit in (0..8).rev() {
            if byte >> bit & 1 != 0 {
                hash ^= window;
            }
            window = window << 1 | u32::from(next >> bit & 1);
        }
    }
    hash
}

/// What was hashed: [`HashTypes`], and UDP, which back-ends do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// IPv4 addresses.
    Ipv4,
    /// IPv4 addresses and TCP ports.
    Ipv4Tcp,
    /// IPv4 addresses and UDP ports.
    Ipv4Udp,
    /// IPv6 addresses.
    Ipv6,
    /// IPv6 addresses and TCP ports.
    Ipv6Tcp,
    /// IPv6 addresses and UDP ports.
    Ipv6Udp,
}

impl Flow {
    /// The flow that a back-end's hash extra info names (a bit number).
    #[must_use]
    pub const fn from_extra(ty: u8) -> Option<Self> {
        match ty {
            0 => Some(Self::Ipv4),
            1 => Some(Self::Ipv4Tcp),
            2 => Some(Self::Ipv6),
            3 => Some(Self::Ipv6Tcp),
            _ => None,
        }
    }

    /// Can a packet with these headers be of this kind?
    #[must_use]
    pub fn fits(self, headers: &Headers) -> bool {
        let v6 = matches!(self, Self::Ipv6 | Self::Ipv6Tcp | Self::Ipv6Udp);
        let protocol = match self {
            Self::Ipv4 | Self::Ipv6 => None,
            Self::Ipv4Tcp | Self::Ipv6Tcp => Some(TCP),
            Self::Ipv4Udp | Self::Ipv6Udp => Some(UDP),
        };
        v6 == headers.v6
            && protocol.is_none_or(|protocol| headers.transport.is_some() && headers.protocol == protocol)
    }
}

/// Hashes a frame, of which `bytes` are the first, by the finest of the wanted types. UDP ports are
/// used when `udp` says so.
#[must_use]
pub fn hash_frame(key: &[u8; KEY_LEN], bytes: &[u8], types: HashTypes, udp: bool) -> Option<(Flow, u32)> {
    let headers = Headers::parse(bytes)?;
    let mut input = [0; 36];
    let addresses = headers.addresses(bytes)?;
    let len = addresses.len();
    input[..len].copy_from_slice(addresses);
    let (ip, tcp) = if headers.v6 {
        (HashTypes::IPV6, HashTypes::IPV6_TCP)
    } else {
        (HashTypes::IPV4, HashTypes::IPV4_TCP)
    };
    let ports = headers.transport.and_then(|at| bytes.get(at..at + 4));
    if let Some(ports) = ports {
        input[len..len + 4].copy_from_slice(ports);
        let flow = match (headers.protocol, headers.v6) {
            (TCP, false) if types.contains(tcp) => Some(Flow::Ipv4Tcp),
            (TCP, true) if types.contains(tcp) => Some(Flow::Ipv6Tcp),
            (UDP, false) if udp => Some(Flow::Ipv4Udp),
            (UDP, true) if udp => Some(Flow::Ipv6Udp),
            _ => None,
        };
        if let Some(flow) = flow {
            return Some((flow, toeplitz(key, &input[..len + 4])));
        }
    }
    let flow = if headers.v6 { Flow::Ipv6 } else { Flow::Ipv4 };
    types.contains(ip).then(|| (flow, toeplitz(key, &input[..len])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the vectors that Microsoft publishes for verifying RSS.
    const KEY: [u8; 40] = [
        0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
        0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
        0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
    ];

    #[test]
    fn published_vectors() {
        // 66.9.149.187:2794 -> 161.142.100.80:1766
        let input = [66, 9, 149, 187, 161, 142, 100, 80, 0x0A, 0xEA, 0x06, 0xE6];
        assert_eq!(toeplitz(&KEY, &input[..8]), 0x323e_8fc2);
        assert_eq!(toeplitz(&KEY, &input), 0x51cc_c178);
        // 3ffe:2501:200:1fff::7 port 2794 -> 3ffe:2501:200:3::1 port 1766
        let input = [
            0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7, 0x3f, 0xfe, 0x25, 0x01,
            0x02, 0x00, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0x0A, 0xEA, 0x06, 0xE6,
        ];
        assert_eq!(toeplitz(&KEY, &input[..32]), 0x2cc1_8cd5);
        assert_eq!(toeplitz(&KEY, &input), 0x4020_7d3d);
    }

    #[test]
    fn a_frame_is_hashed_by_the_finest_type() {
        let mut frame = [0u8; 54];
        frame[12..14].copy_from_slice(&[8, 0]);
        frame[14] = 0x45;
        frame[17] = 40;
        frame[23] = TCP;
        frame[26..34].copy_from_slice(&[66, 9, 149, 187, 161, 142, 100, 80]);
        frame[34..38].copy_from_slice(&[0x0A, 0xEA, 0x06, 0xE6]);
        assert_eq!(hash_frame(&KEY, &frame, HashTypes::all(), false), Some((Flow::Ipv4Tcp, 0x51cc_c178)));
        assert_eq!(hash_frame(&KEY, &frame, HashTypes::IPV4, false), Some((Flow::Ipv4, 0x323e_8fc2)));
        assert_eq!(hash_frame(&KEY, &frame, HashTypes::IPV6, false), None);
        frame[23] = UDP;
        assert_eq!(hash_frame(&KEY, &frame, HashTypes::all(), false), Some((Flow::Ipv4, 0x323e_8fc2)));
        assert_eq!(hash_frame(&KEY, &frame, HashTypes::all(), true), Some((Flow::Ipv4Udp, 0x51cc_c178)));
    }
}
