//! Offloads: what the miniport can do, what is switched on, and NDIS's structures about it.

use core::sync::atomic::{AtomicU32, Ordering};

use nt::sys::*;

use crate::config::Config;

/// Largest packet of a large send, its headers included.
const LSO_MAX: u32 = 0xFFFF - 14;

/// Bits of [`Offload`].
mod bit {
    pub const TX_IP: u32 = 1 << 0;
    pub const RX_IP: u32 = 1 << 1;
    pub const TX_TCP4: u32 = 1 << 2;
    pub const RX_TCP4: u32 = 1 << 3;
    pub const TX_UDP4: u32 = 1 << 4;
    pub const RX_UDP4: u32 = 1 << 5;
    pub const TX_TCP6: u32 = 1 << 6;
    pub const RX_TCP6: u32 = 1 << 7;
    pub const TX_UDP6: u32 = 1 << 8;
    pub const RX_UDP6: u32 = 1 << 9;
    pub const LSO4: u32 = 1 << 10;
    pub const LSO6: u32 = 1 << 11;
    pub const RSC4: u32 = 1 << 12;
    pub const RSC6: u32 = 1 << 13;
}

/// What is switched on, readable on the data path.
#[derive(Debug)]
pub struct Offload(AtomicU32);

/// All that the miniport can do. Checksums always, because what a back-end does not complete the
/// miniport does; large sends and coalescing as far as back-ends in general can.
pub const CAPABLE: u32 = (1 << 14) - 1;

impl Offload {
    /// As the keywords say.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let pick = |on: bool, bit: u32| if on { bit } else { 0 };
        Self(AtomicU32::new(
            pick(config.ip_v4.tx(), bit::TX_IP)
                | pick(config.ip_v4.rx(), bit::RX_IP)
                | pick(config.tcp_v4.tx(), bit::TX_TCP4)
                | pick(config.tcp_v4.rx(), bit::RX_TCP4)
                | pick(config.udp_v4.tx(), bit::TX_UDP4)
                | pick(config.udp_v4.rx(), bit::RX_UDP4)
                | pick(config.tcp_v6.tx(), bit::TX_TCP6)
                | pick(config.tcp_v6.rx(), bit::RX_TCP6)
                | pick(config.udp_v6.tx(), bit::TX_UDP6)
                | pick(config.udp_v6.rx(), bit::RX_UDP6)
                | pick(config.lso_v4, bit::LSO4)
                | pick(config.lso_v6, bit::LSO6)
                | pick(config.rsc_v4, bit::RSC4)
                | pick(config.rsc_v6, bit::RSC6),
        ))
    }

    /// The bits.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Received IPv4 headers are checked.
    #[must_use]
    pub fn rx_ip(&self) -> bool {
        self.bits() & bit::RX_IP != 0
    }

    /// Received TCP checksums are told.
    #[must_use]
    pub fn rx_tcp(&self, v6: bool) -> bool {
        self.bits() & if v6 { bit::RX_TCP6 } else { bit::RX_TCP4 } != 0
    }

    /// Received UDP checksums are told.
    #[must_use]
    pub fn rx_udp(&self, v6: bool) -> bool {
        self.bits() & if v6 { bit::RX_UDP6 } else { bit::RX_UDP4 } != 0
    }

    /// Large packets are taken.
    #[must_use]
    pub fn rsc(&self, v6: bool) -> bool {
        effective(self.bits()) & if v6 { bit::RSC6 } else { bit::RSC4 } != 0
    }

    /// Applies `OID_TCP_OFFLOAD_PARAMETERS`; true when coalescing changed, which the back-end has to be
    /// told.
    #[must_use]
    pub fn apply(&self, parameters: &NDIS_OFFLOAD_PARAMETERS) -> bool {
        let checksums = [
            (parameters.IPv4Checksum, bit::TX_IP, bit::RX_IP),
            (parameters.TCPIPv4Checksum, bit::TX_TCP4, bit::RX_TCP4),
            (parameters.UDPIPv4Checksum, bit::TX_UDP4, bit::RX_UDP4),
            (parameters.TCPIPv6Checksum, bit::TX_TCP6, bit::RX_TCP6),
            (parameters.UDPIPv6Checksum, bit::TX_UDP6, bit::RX_UDP6),
        ];
        let before = self.bits();
        let mut bits = before;
        for (value, tx, rx) in checksums {
            let on = match u32::from(value) {
                NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED => 0,
                NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED => tx,
                NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED => rx,
                NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED => tx | rx,
                _ => continue,
            };
            bits = bits & !(tx | rx) | on;
        }
        // "Disabled" is 1 and "enabled" 2 for all of these.
        let switches = [
            (parameters.LsoV2IPv4, bit::LSO4),
            (parameters.LsoV2IPv6, bit::LSO6),
            (parameters.RscIPv4, bit::RSC4),
            (parameters.RscIPv6, bit::RSC6),
        ];
        for (value, bit) in switches {
            match u32::from(value) {
                NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED => bits &= !bit,
                NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED => bits |= bit,
                _ => {}
            }
        }
        self.0.store(bits, Ordering::Relaxed);
        (effective(before) ^ effective(bits)) & (bit::RSC4 | bit::RSC6) != 0
    }
}

/// Coalescing needs the received checksums: the one of a large packet is not in it.
const fn effective(bits: u32) -> u32 {
    let mut bits = bits;
    if bits & bit::RX_TCP4 == 0 {
        bits &= !bit::RSC4;
    }
    if bits & bit::RX_TCP6 == 0 {
        bits &= !bit::RSC6;
    }
    bits
}

/// `NDIS_OFFLOAD` for a set of bits. Encapsulation: Ethernet, with priority and VLAN out of band.
#[must_use]
pub fn describe(bits: u32) -> NDIS_OFFLOAD {
    let on = |bit: u32| if bits & bit != 0 { NDIS_OFFLOAD_SUPPORTED } else { NDIS_OFFLOAD_NOT_SUPPORTED };
    let ethernet = NDIS_ENCAPSULATION_IEEE_802_3 | NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB;
    let encapsulation =
        |mask: u32| if bits & mask != 0 { ethernet } else { NDIS_ENCAPSULATION_NOT_SUPPORTED };
    let mut offload = NDIS_OFFLOAD {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_OFFLOAD as u8,
            Revision: NDIS_OFFLOAD_REVISION_3 as u8,
            Size: NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 as u16,
        },
        ..NDIS_OFFLOAD::default()
    };
    let tx4 = &mut offload.Checksum.IPv4Transmit;
    tx4.Encapsulation = encapsulation(bit::TX_IP | bit::TX_TCP4 | bit::TX_UDP4);
    tx4.set_IpChecksum(on(bit::TX_IP));
    tx4.set_IpOptionsSupported(on(bit::TX_IP | bit::TX_TCP4 | bit::TX_UDP4));
    tx4.set_TcpChecksum(on(bit::TX_TCP4));
    tx4.set_TcpOptionsSupported(on(bit::TX_TCP4));
    tx4.set_UdpChecksum(on(bit::TX_UDP4));
    let rx4 = &mut offload.Checksum.IPv4Receive;
    rx4.Encapsulation = encapsulation(bit::RX_IP | bit::RX_TCP4 | bit::RX_UDP4);
    rx4.set_IpChecksum(on(bit::RX_IP));
    rx4.set_IpOptionsSupported(on(bit::RX_IP | bit::RX_TCP4 | bit::RX_UDP4));
    rx4.set_TcpChecksum(on(bit::RX_TCP4));
    rx4.set_TcpOptionsSupported(on(bit::RX_TCP4));
    rx4.set_UdpChecksum(on(bit::RX_UDP4));
    let tx6 = &mut offload.Checksum.IPv6Transmit;
    tx6.Encapsulation = encapsulation(bit::TX_TCP6 | bit::TX_UDP6);
    tx6.set_TcpChecksum(on(bit::TX_TCP6));
    tx6.set_TcpOptionsSupported(on(bit::TX_TCP6));
    tx6.set_UdpChecksum(on(bit::TX_UDP6));
    let rx6 = &mut offload.Checksum.IPv6Receive;
    rx6.Encapsulation = encapsulation(bit::RX_TCP6 | bit::RX_UDP6);
    rx6.set_TcpChecksum(on(bit::RX_TCP6));
    rx6.set_TcpOptionsSupported(on(bit::RX_TCP6));
    rx6.set_UdpChecksum(on(bit::RX_UDP6));
    if bits & bit::LSO4 != 0 {
        let lso = &mut offload.LsoV2.IPv4;
        lso.Encapsulation = ethernet;
        lso.MaxOffLoadSize = LSO_MAX;
        lso.MinSegmentCount = 2;
    }
    if bits & bit::LSO6 != 0 {
        let lso = &mut offload.LsoV2.IPv6;
        lso.Encapsulation = ethernet;
        lso.MaxOffLoadSize = LSO_MAX;
        lso.MinSegmentCount = 2;
        lso.set_TcpOptionsSupported(NDIS_OFFLOAD_SUPPORTED);
    }
    offload.Rsc.IPv4.Enabled = BOOLEAN::from(bits & bit::RSC4 != 0);
    offload.Rsc.IPv6.Enabled = BOOLEAN::from(bits & bit::RSC6 != 0);
    offload
}

/// The bits without what the back-end of this connection cannot do.
#[must_use]
pub const fn limited(bits: u32, gso_v4: bool, gso_v6: bool) -> u32 {
    let mut bits = effective(bits);
    if !gso_v4 {
        bits &= !bit::LSO4;
    }
    if !gso_v6 {
        bits &= !bit::LSO6;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_switch_what_they_name_and_leave_the_rest() {
        let offload = Offload::new(&Config::read(|_| None));
        assert_eq!(offload.bits(), CAPABLE);
        let mut parameters = NDIS_OFFLOAD_PARAMETERS::default();
        assert!(!offload.apply(&parameters));
        assert_eq!(offload.bits(), CAPABLE, "no change");
        parameters.TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED as u8;
        parameters.LsoV2IPv6 = NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED as u8;
        parameters.UDPIPv6Checksum = 77;
        assert!(offload.apply(&parameters), "without the checksum there is no coalescing");
        assert_eq!(offload.bits(), CAPABLE & !(bit::RX_TCP4 | bit::LSO6));
        assert!(!offload.rsc(false) && offload.rsc(true) && !offload.rx_tcp(false) && offload.rx_tcp(true));
        parameters.RscIPv4 = NDIS_OFFLOAD_PARAMETERS_RSC_DISABLED as u8;
        assert!(!offload.apply(&parameters), "it was off already");
        parameters.RscIPv6 = NDIS_OFFLOAD_PARAMETERS_RSC_DISABLED as u8;
        assert!(offload.apply(&parameters), "the back-end has to know");
        assert!(!offload.rsc(true));
    }

    #[test]
    fn descriptions_say_what_the_bits_say() {
        let all = describe(CAPABLE);
        assert_eq!(all.LsoV2.IPv4.MaxOffLoadSize, LSO_MAX);
        assert_eq!((all.Checksum.IPv6Receive.TcpChecksum(), all.Rsc.IPv6.Enabled), (1, 1));
        let less = describe(limited(CAPABLE, false, true) & !bit::RX_TCP6);
        assert_eq!((less.LsoV2.IPv4.Encapsulation, less.LsoV2.IPv6.MinSegmentCount), (0, 2));
        assert_eq!(
            (less.Checksum.IPv6Receive.TcpChecksum(), less.Checksum.IPv6Receive.UdpChecksum()),
            (0, 1)
        );
        assert_eq!(describe(0).Checksum.IPv4Transmit.Encapsulation, 0);
    }
}
