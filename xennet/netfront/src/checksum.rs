//! The Internet checksum (RFC 1071), for packets whose checksum a back-end does not want blank, and
//! for received ones that somebody wants to see complete.

use crate::headers::{Headers, TCP};

/// A running sum. Pieces may be added in any length; the sum knows where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    total: u64,
    odd: bool,
}

impl Sum {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.odd
            && let Some((&byte, tail)) = rest.split_first()
        {
            self.total += u64::from(byte);
            self.odd = false;
            rest = tail;
        }
        // Words of any even size have the same sum modulo 0xFFFF. 2^32 of them fit in the total.
        let (quads, rest) = rest.as_chunks::<4>();
        self.total += quads.iter().map(|quad| u64::from(u32::from_be_bytes(*quad))).sum::<u64>();
        let (pairs, rest) = rest.as_chunks::<2>();
        self.total += pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum::<u64>();
        if let [byte] = rest {
            self.total += u64::from(*byte) << 8;
            self.odd = true;
        }
    }

    /// Adds a 16-bit number.
    pub fn add_u16(&mut self, number: u16) {
        self.add(&number.to_be_bytes());
    }

    /// The sum folded to 16 bits, not complemented: what stands in a blank checksum field.
    #[must_use]
    pub const fn folded(&self) -> u16 {
        let mut sum = self.total;
        while sum >> 16 != 0 {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        sum as u16
    }

    /// The checksum: the complement of the sum.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        !self.folded()
    }
}

/// The pseudo-header's sum for a TCP or UDP packet of `len` bytes, transport header included.
#[must_use]
pub fn pseudo_header(headers: &Headers, frame: &[u8], len: u32) -> Option<Sum> {
    let mut sum = Sum::default();
    sum.add(headers.addresses(frame)?);
    sum.add(&len.to_be_bytes());
    sum.add_u16(headers.protocol.into());
    Some(sum)
}

/// Where the checksum field of the transport header is.
#[must_use]
pub fn field(headers: &Headers) -> Option<usize> {
    Some(headers.transport? + if headers.protocol == TCP { 16 } else { 6 })
}

/// Completes the checksum of a whole TCP or UDP packet in one piece, whose field holds the
/// pseudo-header's sum or anything else. False, and nothing is changed, when it is neither.
pub fn complete(frame: &mut [u8]) -> bool {
    let Some(headers) = Headers::parse(frame) else { return false };
    let (Some(start), Some(at)) = (headers.transport, field(&headers)) else { return false };
    let end = headers.end.min(frame.len());
    if at + 2 > end {
        return false;
    }
    let Some(mut sum) = pseudo_header(&headers, frame, (end - start) as u32) else { return false };
    frame[at..at + 2].fill(0);
    sum.add(&frame[start..end]);
    // A UDP checksum that comes out as 0 is written as all ones; 0 means "none".
    let checksum = match (sum.checksum(), headers.protocol) {
        (0, protocol) if protocol != TCP => 0xFFFF,
        (checksum, _) => checksum,
    };
    frame[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    true
}

/// Is the checksum of a whole TCP or UDP packet in one piece right? `None` when it is neither.
#[must_use]
pub fn verify(frame: &[u8]) -> Option<bool> {
    let headers = Headers::parse(frame)?;
    let (start, at) = (headers.transport?, field(&headers)?);
    let end = headers.end.min(frame.len());
    if at + 2 > end {
        return None;
    }
    let mut sum = pseudo_header(&headers, frame, (end - start) as u32)?;
    sum.add(&frame[start..end]);
    let none = headers.protocol != TCP && !headers.v6 && frame[at..at + 2] == [0, 0];
    Some(none || sum.folded() == 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7];
        let mut whole = Sum::default();
        whole.add(&bytes);
        assert_eq!(whole.folded(), 0xDDF2);
        for cut in 0..bytes.len() {
            let mut parts = Sum::default();
            parts.add(&bytes[..cut]);
            parts.add(&bytes[cut..]);
            assert_eq!(parts.folded(), whole.folded(), "cut at {cut}");
        }
    }

    #[test]
    fn a_captured_packet() {
        // A DNS query as tcpdump shows it, with its right checksum.
        let mut frame = [
            0x52, 0x54, 0x00, 0x12, 0x35, 0x02, 0x08, 0x00, 0x27, 0x8E, 0x8A, 0xA8, 0x08, 0x00, 0x45, 0x00,
            0x00, 0x1C, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x01, 0x0A, 0x00,
            0x00, 0x02, 0x04, 0xD2, 0x16, 0x2E, 0x00, 0x08, 0x00, 0x00,
        ];
        assert_eq!(verify(&frame), Some(true), "no checksum is a right one with UDP over IPv4");
        assert!(complete(&mut frame));
        // 0a00+0001+0a00+0002+0011+0008+04d2+162e+0008 = 2f24, complemented.
        assert_eq!(frame[40..42], [0xD0, 0xDB]);
        assert_eq!(verify(&frame), Some(true));
        frame[30] ^= 1;
        assert_eq!(verify(&frame), Some(false));
    }
}
