//! After a migration the switches do not know where we are: gratuitous ARP (RFC 5227) and unsolicited
//! neighbour advertisements (RFC 4861) tell them, three times.

use crate::{ETHERNET_MIN, checksum::Sum};

/// How often.
pub const TIMES: u8 = 3;
/// Pause between, in nanoseconds.
pub const PAUSE: u64 = 1_000_000_000;

/// A gratuitous ARP request for one of our addresses, padded.
#[must_use]
pub fn gratuitous_arp(mac: [u8; 6], address: [u8; 4]) -> [u8; ETHERNET_MIN] {
    let mut frame = [0; ETHERNET_MIN];
    frame[..6].fill(0xFF);
    frame[6..12].copy_from_slice(&mac);
    // EtherType ARP; Ethernet, IPv4, lengths 6 and 4, request.
    frame[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1]);
    frame[22..28].copy_from_slice(&mac);
    frame[28..32].copy_from_slice(&address);
    // The target's hardware address is not known, its protocol address is our own.
    frame[38..42].copy_from_slice(&address);
    frame
}

/// Length of a neighbour advertisement with its Ethernet header.
pub const ADVERTISEMENT: usize = 14 + 40 + 32;

/// An unsolicited neighbour advertisement for one of our addresses, to all nodes.
#[must_use]
pub fn neighbour_advertisement(mac: [u8; 6], address: [u8; 16]) -> [u8; ADVERTISEMENT] {
    const ALL_NODES: [u8; 16] = [0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mut frame = [0; ADVERTISEMENT];
    frame[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
    frame[6..12].copy_from_slice(&mac);
    // EtherType IPv6; version 6; 32 bytes of ICMPv6; hop limit 255.
    frame[12..22].copy_from_slice(&[0x86, 0xDD, 0x60, 0, 0, 0, 0, 32, 58, 255]);
    frame[22..38].copy_from_slice(&address);
    frame[38..54].copy_from_slice(&ALL_NODES);
    // Type 136, flag "override".
    frame[54] = 136;
    frame[58] = 0x20;
    frame[62..78].copy_from_slice(&address);
    // Option: target link-layer address.
    frame[78..80].copy_from_slice(&[2, 1]);
    frame[80..86].copy_from_slice(&mac);
    let mut sum = Sum::default();
    sum.add(&frame[22..54]);
    sum.add(&[0, 0, 0, 32, 0, 0, 0, 58]);
    sum.add(&frame[54..]);
    let checksum = sum.checksum();
    frame[56..58].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// When to announce: three times from a connection on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announcer {
    left: u8,
    due: u64,
}

impl Announcer {
    /// Begins: the first time is now.
    pub const fn begin(&mut self, now: u64) {
        self.left = TIMES;
        self.due = now;
    }

    /// When the next time is.
    #[must_use]
    pub const fn due(&self) -> Option<u64> {
        if self.left == 0 { None } else { Some(self.due) }
    }

    /// True when all addresses are to be announced now.
    pub const fn poll(&mut self, now: u64) -> bool {
        if self.left == 0 || now < self.due {
            return false;
        }
        self.left -= 1;
        self.due = now.saturating_add(PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [0, 0x16, 0x3E, 1, 2, 3];

    #[test]
    fn arp() {
        let frame = gratuitous_arp(MAC, [192, 0, 2, 7]);
        assert_eq!(frame[12..14], [8, 6]);
        assert_eq!((&frame[28..32], &frame[38..42]), (&[192, 0, 2, 7][..], &[192, 0, 2, 7][..]));
        assert!(frame[32..38].iter().chain(&frame[42..]).all(|&byte| byte == 0));
    }

    #[test]
    fn the_advertisement_has_a_right_checksum() {
        let address = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 2, 0x16, 0x3E, 0xFF, 0xFE, 1, 2, 3];
        let frame = neighbour_advertisement(MAC, address);
        let mut sum = Sum::default();
        sum.add(&frame[22..54]);
        sum.add(&[0, 0, 0, 32, 0, 0, 0, 58]);
        sum.add(&frame[54..]);
        assert_eq!(sum.folded(), 0xFFFF);
        assert_eq!((frame[20], frame[21], frame[54]), (58, 255, 136));
    }

    #[test]
    fn three_times() {
        let mut announcer = Announcer::default();
        assert!(!announcer.poll(0));
        announcer.begin(5);
        let mut times = 0;
        while let Some(due) = announcer.due() {
            assert!(!announcer.poll(due.wrapping_sub(1)) && announcer.poll(due));
            times += 1;
        }
        assert_eq!(times, TIMES);
    }
}
