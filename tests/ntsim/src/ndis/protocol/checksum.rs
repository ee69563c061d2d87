//! Where the headers of a frame are, and its checksums.

/// Headers of an Ethernet frame with IPv4 or IPv6 and TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// IPv6 (else IPv4).
    pub v6: bool,
    /// Offset of the IP header.
    pub ip: usize,
    /// Offset of the transport header; that is where the IP header and its extensions end.
    pub transport: usize,
    /// IP protocol number.
    pub protocol: u8,
    /// End of the IP packet.
    pub end: usize,
    /// A fragment has no transport header that could be checked.
    pub fragment: bool,
}

/// TCP and UDP.
pub const TCP: u8 = 6;
/// UDP.
pub const UDP: u8 = 17;

fn be16(frame: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]))
}

impl Headers {
    /// Finds the headers, behind a VLAN tag if there is one.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let mut ip = 14;
        let mut kind = be16(frame, 12)?;
        if kind == 0x8100 {
            kind = be16(frame, 16)?;
            ip = 18;
        }
        match kind {
            0x0800 => {
                let length = usize::from(*frame.get(ip)? & 15) * 4;
                let fragment = be16(frame, ip + 6)? & 0x3FFF != 0;
                let protocol = *frame.get(ip + 9)?;
                let end = ip + usize::from(be16(frame, ip + 2)?);
                (length >= 20).then_some(Self {
                    v6: false,
                    ip,
                    transport: ip + length,
                    protocol,
                    end,
                    fragment,
                })
            }
            0x86DD => {
                let end = ip + 40 + usize::from(be16(frame, ip + 4)?);
                let (mut protocol, mut at, mut fragment) = (*frame.get(ip + 6)?, ip + 40, false);
                // Hop-by-hop, routing, destination options, fragment.
                while matches!(protocol, 0 | 43 | 60 | 44) {
                    fragment |= protocol == 44;
                    let length = if protocol == 44 { 8 } else { (usize::from(*frame.get(at + 1)?) + 1) * 8 };
                    protocol = *frame.get(at)?;
                    at += length;
                }
                Some(Self { v6: true, ip, transport: at, protocol, end, fragment })
            }
            _ => None,
        }
    }

    /// Offset of the transport checksum field.
    pub fn field(&self) -> usize {
        self.transport + if self.protocol == TCP { 16 } else { 6 }
    }

    /// Sum over the pseudo-header, with this transport length (0 for large sends), not folded into a complement.
    pub fn pseudo(&self, frame: &[u8], length: usize) -> u16 {
        let addresses = if self.v6 { self.ip + 8..self.ip + 40 } else { self.ip + 12..self.ip + 20 };
        fold(
            sum(&frame[addresses])
                + u32::from(self.protocol)
                + (length >> 16) as u32
                + (length & 0xFFFF) as u32,
        )
    }

    /// The right transport checksum.
    pub fn checksum(&self, frame: &[u8]) -> u16 {
        let body = &frame[self.transport..self.end.min(frame.len())];
        let field = self.field() - self.transport;
        let own = u32::from(u16::from_be_bytes([body[field], body[field + 1]]));
        let total = u32::from(fold(sum(body))) + (0xFFFF - own) + u32::from(self.pseudo(frame, body.len()));
        match !fold(total) {
            // UDP sends 0xFFFF for a sum of zero; in TCP both are equal in value.
            0 if self.protocol == UDP => 0xFFFF,
            value => value,
        }
    }

    /// The checksum in the frame.
    pub fn given(&self, frame: &[u8]) -> u16 {
        be16(frame, self.field()).unwrap_or(0)
    }

    /// Is the whole transport header in the frame, and the packet not cut off?
    pub fn complete(&self, frame: &[u8]) -> bool {
        let least = if self.protocol == TCP { 20 } else { 8 };
        self.end <= frame.len() && self.transport + least <= self.end
    }
}

/// Sum of 16-bit words.
pub fn sum(bytes: &[u8]) -> u32 {
    // Words of any even size have the same sum modulo 0xFFFF.
    let (quads, rest) = bytes.as_chunks::<4>();
    let mut total: u64 = quads.iter().map(|quad| u64::from(u32::from_be_bytes(*quad))).sum();
    for pair in rest.chunks(2) {
        total += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while total >> 16 != 0 {
        total = (total & 0xFFFF) + (total >> 16);
    }
    total as u32
}

/// Folds carries.
pub fn fold(mut value: u32) -> u16 {
    while value > 0xFFFF {
        value = (value & 0xFFFF) + (value >> 16);
    }
    value as u16
}

/// The checksum of an IPv4 header.
pub fn ipv4_header(header: &[u8]) -> u16 {
    !fold(sum(&header[..10]) + sum(&header[12..]))
}

/// Toeplitz hash (Windows' RSS hash function).
pub fn toeplitz(key: &[u8], input: &[u8]) -> u32 {
    let mut hash = 0;
    for (n, byte) in input.iter().enumerate() {
        for bit in 0..8 {
            if byte >> (7 - bit) & 1 != 0 {
                let at = n * 8 + bit;
                let word =
                    (0..5).fold(0u64, |w, i| w << 8 | u64::from(key.get(at / 8 + i).copied().unwrap_or(0)));
                hash ^= (word >> (8 - at % 8)) as u32;
            }
        }
    }
    hash
}
