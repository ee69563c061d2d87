//! Keywords: what the registry says of the adapter (standardized INF keywords and our own).
#![allow(unsafe_code, reason = "NDIS's configuration functions")]

use core::ptr::null_mut;

use netfront::{negotiate::Policy, rx::RX_SLOTS, tx::TX_SLOTS};
use nt::sys::*;

/// Which directions a checksum is offloaded in (`*TCPChecksumOffloadIPv4` and so on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction(pub u32);

impl Direction {
    /// Sending.
    #[must_use]
    pub const fn tx(self) -> bool {
        self.0 & 1 != 0
    }

    /// Receiving.
    #[must_use]
    pub const fn rx(self) -> bool {
        self.0 & 2 != 0
    }

    /// Any.
    #[must_use]
    pub const fn any(self) -> bool {
        self.0 != 0
    }
}

/// The keywords, with their defaults and within their ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `*IPChecksumOffloadIPv4`.
    pub ip_v4: Direction,
    /// `*TCPChecksumOffloadIPv4`.
    pub tcp_v4: Direction,
    /// `*TCPChecksumOffloadIPv6`.
    pub tcp_v6: Direction,
    /// `*UDPChecksumOffloadIPv4`.
    pub udp_v4: Direction,
    /// `*UDPChecksumOffloadIPv6`.
    pub udp_v6: Direction,
    /// `*LsoV2IPv4`.
    pub lso_v4: bool,
    /// `*LsoV2IPv6`.
    pub lso_v6: bool,
    /// `*RscIPv4`.
    pub rsc_v4: bool,
    /// `*RscIPv6`.
    pub rsc_v6: bool,
    /// `*PriorityVLANTag`: bit 0 priority, bit 1 VLAN.
    pub priority_vlan: Direction,
    /// `*JumboPacket`: longest frame with its Ethernet header; 1514 leaves it to the toolstack's `mtu`.
    pub jumbo: u32,
    /// `*ReceiveBuffers`, per queue.
    pub receive_buffers: usize,
    /// `*RSS`.
    pub rss: bool,
    /// `*NumRSSQueues`.
    pub queues: u32,
    /// `*InterruptModeration`.
    pub interrupt_moderation: bool,
    /// `*NdisPoll`.
    pub poll: bool,
    /// `*TransmitBuffers`: pages that sends are copied to, per queue.
    pub transmit_buffers: u16,
    /// `NetworkAddress`.
    pub address: Option<[u8; 6]>,
}

impl Config {
    /// Reads the keywords, asking `number` for each. What is missing or out of range has its default.
    pub fn read(number: impl Fn(&[u16]) -> Option<u32>) -> Self {
        let within = |name: &[u16], default: u32, least: u32, most: u32| {
            number(name).filter(|value| (least..=most).contains(value)).unwrap_or(default)
        };
        let direction = |name: &[u16]| Direction(within(name, 3, 0, 3));
        let flag = |name: &[u16]| within(name, 1, 0, 1) != 0;
        Self {
            ip_v4: direction(nt::utf16!("*IPChecksumOffloadIPv4")),
            tcp_v4: direction(nt::utf16!("*TCPChecksumOffloadIPv4")),
            tcp_v6: direction(nt::utf16!("*TCPChecksumOffloadIPv6")),
            udp_v4: direction(nt::utf16!("*UDPChecksumOffloadIPv4")),
            udp_v6: direction(nt::utf16!("*UDPChecksumOffloadIPv6")),
            lso_v4: flag(nt::utf16!("*LsoV2IPv4")),
            lso_v6: flag(nt::utf16!("*LsoV2IPv6")),
            rsc_v4: flag(nt::utf16!("*RscIPv4")),
            rsc_v6: flag(nt::utf16!("*RscIPv6")),
            priority_vlan: direction(nt::utf16!("*PriorityVLANTag")),
            jumbo: within(nt::utf16!("*JumboPacket"), 1514, 1514, 65_531),
            receive_buffers: within(nt::utf16!("*ReceiveBuffers"), 512, RX_SLOTS as u32, 4096) as usize,
            rss: flag(nt::utf16!("*RSS")),
            queues: within(nt::utf16!("*NumRSSQueues"), 8, 1, 64),
            interrupt_moderation: flag(nt::utf16!("*InterruptModeration")),
            poll: flag(nt::utf16!("*NdisPoll")),
            transmit_buffers: within(nt::utf16!("*TransmitBuffers"), 128, 32, TX_SLOTS as u32) as u16,
            address: None,
        }
    }

    /// Opens the adapter's key and reads it. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn open(adapter: NDIS_HANDLE) -> Self {
        let mut object = NDIS_CONFIGURATION_OBJECT {
            Header: NDIS_OBJECT_HEADER {
                Type: NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT as u8,
                Revision: NDIS_CONFIGURATION_OBJECT_REVISION_1 as u8,
                Size: NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 as u16,
            },
            NdisHandle: adapter,
            Flags: 0,
        };
        let mut key = null_mut();
        // SAFETY: both outlive the call.
        if unsafe { NdisOpenConfigurationEx(&raw mut object, &raw mut key) } != NDIS_STATUS_SUCCESS {
            return Self::read(|_| None);
        }
        let mut config = Self::read(|name| integer(key, name));
        config.address = address(key);
        // SAFETY: opened above, closed once.
        unsafe { NdisCloseConfiguration(key) };
        config
    }

    /// What the front-end is to ask for, with `processors` processors.
    #[must_use]
    pub fn policy(&self, processors: u32) -> Policy {
        Policy {
            queues: if self.rss { self.queues.min(processors).max(1) } else { 1 },
            rx_gso_v4: self.rsc_v4,
            rx_gso_v6: self.rsc_v6,
            rx_csum_v4: self.tcp_v4.rx() && self.udp_v4.rx(),
            rx_csum_v6: self.tcp_v6.rx() && self.udp_v6.rx(),
            hash: self.rss,
            pool: self.transmit_buffers,
            ..Policy::default()
        }
    }
}

fn integer(key: *mut c_void, name: &[u16]) -> Option<u32> {
    let mut name = UNICODE_STRING {
        Length: (name.len() * 2) as u16,
        MaximumLength: (name.len() * 2) as u16,
        Buffer: name.as_ptr().cast_mut(),
    };
    let mut status = NDIS_STATUS_FAILURE;
    let mut value: *mut NDIS_CONFIGURATION_PARAMETER = null_mut();
    // SAFETY: an open key; all arguments outlive the call. NDIS converts strings to numbers.
    unsafe {
        NdisReadConfiguration(&raw mut status, &raw mut value, key, &raw mut name, NdisParameterInteger)
    };
    if status != NDIS_STATUS_SUCCESS || value.is_null() {
        return None;
    }
    // SAFETY: valid until the key is closed.
    let data = unsafe { (*value).ParameterData };
    // SAFETY: the member that goes with what was asked for.
    Some(unsafe { data.IntegerData })
}

fn address(key: *mut c_void) -> Option<[u8; 6]> {
    let mut status = NDIS_STATUS_FAILURE;
    let (mut bytes, mut length) = (null_mut(), 0);
    // SAFETY: an open key; all arguments outlive the call.
    unsafe { NdisReadNetworkAddress(&raw mut status, &raw mut bytes, &raw mut length, key) };
    if status != NDIS_STATUS_SUCCESS || bytes.is_null() || length != 6 {
        return None;
    }
    // SAFETY: six bytes, valid until the key is closed.
    let address: [u8; 6] = unsafe { bytes.cast::<[u8; 6]>().read() };
    // Only a station's own address, and not that of nobody.
    (address[0] & 1 == 0 && address != [0; 6]).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_ranges() {
        let config = Config::read(|_| None);
        assert_eq!((config.jumbo, config.receive_buffers, config.queues), (1514, 512, 8));
        assert!(config.tcp_v4.tx() && config.tcp_v4.rx() && config.lso_v6 && config.rss);
        assert!(config.interrupt_moderation && config.poll);
        assert_eq!(config.policy(1).pool, 128);
        let wild = Config::read(|_| Some(u32::MAX));
        assert_eq!(wild, config, "out of range is as good as absent");
        let off = Config::read(|_| Some(0));
        assert!(!off.tcp_v4.any() && !off.rsc_v4 && !off.rss);
        assert_eq!((off.jumbo, off.policy(8).queues), (1514, 1));
        assert_eq!((config.policy(4).queues, config.policy(100).queues), (4, 8));
        assert!(!off.policy(8).rx_gso_v4 && !off.policy(8).rx_csum_v6);
    }
}
