//! Headers of Ethernet, IPv4, IPv6, TCP and UDP, read from the start of a frame. Never panics.

/// EtherType of IPv4.
pub const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const IPV6: u16 = 0x86DD;
/// EtherTypes of tags.
const TAGS: [u16; 2] = [0x8100, 0x88A8];
/// Protocol number of TCP.
pub const TCP: u8 = 6;
/// Protocol number of UDP.
pub const UDP: u8 = 17;
/// Extension headers of IPv6 that are skipped; more make the packet one without transport.
const MAX_EXTENSIONS: usize = 8;

/// Where the headers of a frame are. Offsets are in bytes from the start of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Start of the IP header.
    pub ip: usize,
    /// IPv6 instead of IPv4.
    pub v6: bool,
    /// A fragment: there is no transport header to look at.
    pub fragment: bool,
    /// Protocol of the transport header.
    pub protocol: u8,
    /// Start of the transport header, for TCP and UDP in packets that are no fragments.
    pub transport: Option<usize>,
    /// End of the transport header, where it is TCP or UDP and complete.
    pub payload: Option<usize>,
    /// End of the IP packet as its header says (frames may be padded), at least `ip`.
    pub end: usize,
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

impl Headers {
    /// Finds the headers in `bytes`, the first bytes of a frame. `None` when it is not IP, or when the
    /// IP header is not complete or makes no sense.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut ip = 14;
        let mut ethertype = be16(bytes, 12)?;
        for _ in 0..2 {
            if TAGS.contains(&ethertype) {
                ethertype = be16(bytes, ip + 2)?;
                ip += 4;
            }
        }
        let mut headers = match ethertype {
            IPV4 => Self::parse_v4(bytes, ip)?,
            IPV6 => Self::parse_v6(bytes, ip)?,
            _ => return None,
        };
        headers.payload = headers.transport.and_then(|at| match headers.protocol {
            TCP => {
                let len = usize::from(bytes.get(at + 12)? >> 4) * 4;
                (len >= 20 && at + len <= bytes.len()).then_some(at + len)
            }
            _ => (at + 8 <= bytes.len()).then_some(at + 8),
        });
        Some(headers)
    }

    fn parse_v4(bytes: &[u8], ip: usize) -> Option<Self> {
        let first = *bytes.get(ip)?;
        let len = usize::from(first & 0xF) * 4;
        if first >> 4 != 4 || len < 20 || bytes.len() < ip + len {
            return None;
        }
        // "More fragments" or an offset.
        let fragment = be16(bytes, ip + 6)? & 0x3FFF != 0;
        let protocol = bytes[ip + 9];
        let transport = (!fragment && matches!(protocol, TCP | UDP)).then_some(ip + len);
        let end = ip + usize::from(be16(bytes, ip + 2)?).max(len);
        Some(Self { ip, v6: false, fragment, protocol, transport, payload: None, end })
    }

    fn parse_v6(bytes: &[u8], ip: usize) -> Option<Self> {
        if bytes.get(ip)? >> 4 != 6 || bytes.len() < ip + 40 {
            return None;
        }
        let end = ip + 40 + usize::from(be16(bytes, ip + 4)?);
        let mut protocol = bytes[ip + 6];
        let mut at = ip + 40;
        let mut fragment = false;
        let mut known = true;
        for _ in 0..MAX_EXTENSIONS {
            let len = match protocol {
                // Hop-by-hop, routing, destination options.
                0 | 43 | 60 => 8 + usize::from(*bytes.get(at + 1)?) * 8,
                44 => {
                    fragment = true;
                    8
                }
                _ => break,
            };
            protocol = *bytes.get(at)?;
            at += len;
            known = at <= bytes.len();
        }
        let transport = (known && !fragment && matches!(protocol, TCP | UDP)).then_some(at);
        Some(Self { ip, v6: true, fragment, protocol, transport, payload: None, end })
    }

    /// The addresses, source then destination: 8 or 32 bytes.
    #[must_use]
    pub fn addresses<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (at, len) = if self.v6 { (self.ip + 8, 32) } else { (self.ip + 12, 8) };
        bytes.get(at..at + len)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    pub(crate) fn tcp4() -> Vec<u8> {
        let mut frame = vec![0; 14 + 20 + 20 + 6];
        frame[12..14].copy_from_slice(&IPV4.to_be_bytes());
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&46u16.to_be_bytes());
        frame[23] = TCP;
        frame[46] = 5 << 4;
        frame
    }

    #[test]
    fn ipv4() {
        let frame = tcp4();
        let headers = Headers::parse(&frame).unwrap();
        assert_eq!((headers.ip, headers.transport, headers.payload), (14, Some(34), Some(54)));
        assert_eq!((headers.end, headers.v6, headers.protocol), (60, false, TCP));
        for cut in 0..34 {
            assert_eq!(Headers::parse(&frame[..cut]), None, "{cut}");
        }
        assert_eq!(Headers::parse(&frame[..50]).unwrap().payload, None);
        let mut fragment = frame.clone();
        fragment[20] = 0x20;
        assert_eq!(Headers::parse(&fragment).unwrap().transport, None);
        let mut short = frame;
        short[14] = 0x44;
        assert_eq!(Headers::parse(&short), None);
    }

    #[test]
    fn ipv6_with_tag_and_extensions() {
        let mut frame = vec![0; 18 + 40 + 16 + 8];
        frame[12..14].copy_from_slice(&[0x81, 0]);
        frame[16..18].copy_from_slice(&IPV6.to_be_bytes());
        frame[18] = 0x60;
        frame[22..24].copy_from_slice(&24u16.to_be_bytes());
        frame[24] = 0;
        frame[58] = UDP;
        frame[59] = 1;
        let headers = Headers::parse(&frame).unwrap();
        assert_eq!((headers.ip, headers.transport, headers.payload), (18, Some(74), Some(82)));
        assert_eq!((headers.v6, headers.end), (true, 82));
        frame[24] = 44;
        assert!(Headers::parse(&frame).unwrap().fragment);
        frame[24] = 0;
        frame[59] = 255;
        assert_eq!(Headers::parse(&frame).unwrap().transport, None, "an extension beyond the frame");
    }

    #[test]
    fn no_bytes_panic() {
        let mut seed = 1u32;
        for _ in 0..200_000 {
            let mut bytes = [0u8; 96];
            for byte in &mut bytes {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (seed >> 24) as u8;
            }
            let kinds = [[8, 0], [0x86, 0xDD], [0x81, 0]];
            bytes[12..14].copy_from_slice(&kinds[seed as usize % 3]);
            bytes[14] = if seed & 8 == 0 { 0x60 } else { 0x40 | bytes[14] & 0xF };
            let len = (seed >> 8) as usize % 97;
            if let Some(headers) = Headers::parse(&bytes[..len]) {
                assert!(headers.payload.is_none_or(|at| at <= len));
                assert!(headers.addresses(&bytes[..len]).is_some());
            }
        }
    }
}
