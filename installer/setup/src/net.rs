//! Static IP configuration that moves between the emulated NIC and its PV twin.
//!
//! Windows keeps addresses by interface. The twin is another interface with the same MAC address, so
//! it would come up with DHCP. What one of the two has been given by hand is remembered by MAC address
//! and given to the other one when that is the one that is there: once, so that an administrator's
//! later changes stand.

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The emulated NIC (or any that is not ours).
    Emulated,
    /// Ours.
    Pv,
}

/// What was configured by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpConfig {
    /// Addresses with the lengths of their prefixes; IPv4 and IPv6.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Default gateways.
    pub gateways: Vec<IpAddr>,
    /// DNS servers.
    pub dns: Vec<IpAddr>,
}

impl IpConfig {
    /// Nothing by hand: DHCP and router advertisements.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.addresses.is_empty() && self.gateways.is_empty() && self.dns.is_empty()
    }

    /// Whether all of `other` is in this one.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.addresses.iter().all(|address| self.addresses.contains(address))
            && other.gateways.iter().all(|gateway| self.gateways.contains(gateway))
            && other.dns.iter().all(|server| self.dns.contains(server))
    }
}

/// A network interface that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `NetCfgInstanceId`.
    pub guid: String,
    /// MAC address as twelve hexadecimal digits.
    pub mac: String,
    /// Whose.
    pub side: Side,
    /// Whether it is the one that carries traffic (media connected). The PV twin of an emulated NIC that
    /// was not unplugged is there but not in use.
    pub up: bool,
    /// What was configured by hand.
    pub config: IpConfig,
}

/// What is remembered for one MAC address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Where it was seen last.
    pub side: Side,
    /// What was configured there.
    pub config: IpConfig,
}

/// What has to be given to which interface, and what has to be remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// GUIDs and configurations.
    pub give: Vec<(String, IpConfig)>,
    /// MAC addresses and what to remember.
    pub remember: Vec<(String, Memory)>,
}

/// Decides. The side that was remembered and the side that is up now differ: the configuration moves.
/// They are the same: it is remembered anew.
#[must_use]
pub fn moves(interfaces: &[Interface], memory: &BTreeMap<String, Memory>) -> Moves {
    let mut out = Moves::default();
    for now in interfaces.iter().filter(|interface| interface.up) {
        // Two up at once with one MAC address are not twins of ours (teams, bridges): hands off.
        if interfaces.iter().filter(|other| other.up && other.mac == now.mac).count() > 1 {
            continue;
        }
        let config = match memory.get(&now.mac) {
            Some(before) if before.side != now.side => {
                // What an administrator has already set here by hand is newer than what is remembered.
                if now.config.is_automatic() && !before.config.is_automatic() {
                    out.give.push((now.guid.clone(), before.config.clone()));
                    before.config.clone()
                } else {
                    now.config.clone()
                }
            }
            _ => now.config.clone(),
        };
        let new = Memory { side: now.side, config };
        if memory.get(&now.mac) != Some(&new) {
            out.remember.push((now.mac.clone(), new));
        }
    }
    out
}

/// The calls of `netsh` that give an interface (by its index) a configuration, persistently.
#[must_use]
pub fn netsh(index: u32, config: &IpConfig) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = Vec::new();
    let mut call = |words: &[&str]| calls.push(words.iter().map(|word| (*word).to_owned()).collect());
    let interface = index.to_string();
    let of = |v6: bool, list: &[IpAddr]| -> Vec<String> {
        list.iter().filter(|ip| ip.is_ipv6() == v6).map(ToString::to_string).collect()
    };
    let mut first = true;
    for (ip, prefix) in &config.addresses {
        let address = format!("address={ip}/{prefix}");
        if ip.is_ipv6() {
            call(&[
                "interface",
                "ipv6",
                "add",
                "address",
                &format!("interface={interface}"),
                &address,
                "store=persistent",
            ]);
        } else {
            // The first switches DHCP off.
            let verb: &[&str] = if first { &["set", "address"] } else { &["add", "address"] };
            let name = format!("name={interface}");
            let mut words = [&["interface", "ipv4"], verb, &[name.as_str()]].concat();
            if first {
                words.push("source=static");
            }
            words.extend([address.as_str(), "store=persistent"]);
            call(&words);
            first = false;
        }
    }
    for (v6, family, all) in [(false, "ipv4", "prefix=0.0.0.0/0"), (true, "ipv6", "prefix=::/0")] {
        for gateway in of(v6, &config.gateways) {
            let (at, hop) = (format!("interface={interface}"), format!("nexthop={gateway}"));
            call(&["interface", family, "add", "route", all, &at, &hop, "store=persistent"]);
        }
        for server in of(v6, &config.dns) {
            let (at, address) = (format!("name={interface}"), format!("address={server}"));
            call(&["interface", family, "add", "dnsservers", &at, &address, "validate=no"]);
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> IpConfig {
        IpConfig {
            addresses: vec![("192.0.2.7".parse().unwrap(), 24), ("2001:db8::7".parse().unwrap(), 64)],
            gateways: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            dns: vec!["192.0.2.53".parse().unwrap()],
        }
    }

    fn nic(guid: &str, side: Side, config: IpConfig) -> Interface {
        Interface { guid: guid.into(), mac: "00163E000001".into(), side, up: true, config }
    }

    fn remembered(moves: &Moves) -> BTreeMap<String, Memory> {
        moves.remember.iter().cloned().collect()
    }

    #[test]
    fn a_static_configuration_moves_once_and_back() {
        let first = moves(&[nic("e", Side::Emulated, fixed())], &BTreeMap::new());
        assert!(first.give.is_empty());
        let memory = remembered(&first);
        let pv = moves(&[nic("p", Side::Pv, IpConfig::default())], &memory);
        assert_eq!(pv.give, [("p".to_owned(), fixed())]);
        let memory = remembered(&pv);
        // An administrator goes back to DHCP: it is not given again.
        let later = moves(&[nic("p", Side::Pv, IpConfig::default())], &memory);
        assert!(later.give.is_empty());
        assert_eq!(later.remember[0].1.config, IpConfig::default());
        // ... but without that it moves back to the emulated NIC.
        let back = moves(&[nic("e", Side::Emulated, IpConfig::default())], &memory);
        assert_eq!(back.give, [("e".to_owned(), fixed())]);
    }

    #[test]
    fn what_is_there_already_is_seen() {
        assert!(fixed().includes(&fixed()) && fixed().includes(&IpConfig::default()));
        let less = [
            IpConfig { addresses: fixed().addresses[1..].to_vec(), ..fixed() },
            IpConfig { gateways: fixed().gateways[..1].to_vec(), ..fixed() },
            IpConfig { dns: Vec::new(), ..fixed() },
        ];
        for less in less {
            assert!(fixed().includes(&less) && !less.includes(&fixed()), "{less:?}");
        }
    }

    #[test]
    fn netsh_is_told_everything_once() {
        let calls: Vec<String> = netsh(12, &fixed()).iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            calls,
            [
                "interface ipv4 set address name=12 source=static address=192.0.2.7/24 store=persistent",
                "interface ipv6 add address interface=12 address=2001:db8::7/64 store=persistent",
                "interface ipv4 add route prefix=0.0.0.0/0 interface=12 nexthop=192.0.2.1 store=persistent",
                "interface ipv4 add dnsservers name=12 address=192.0.2.53 validate=no",
                "interface ipv6 add route prefix=::/0 interface=12 nexthop=2001:db8::1 store=persistent",
            ]
        );
        let two = IpConfig {
            addresses: vec![("192.0.2.7".parse().unwrap(), 24), ("192.0.2.8".parse().unwrap(), 24)],
            ..IpConfig::default()
        };
        assert_eq!(
            netsh(1, &two)[1].join(" "),
            "interface ipv4 add address name=1 address=192.0.2.8/24 store=persistent"
        );
    }

    #[test]
    fn what_was_set_by_hand_stands() {
        let memory = remembered(&moves(&[nic("e", Side::Emulated, fixed())], &BTreeMap::new()));
        let own = IpConfig { addresses: vec![("198.51.100.1".parse().unwrap(), 25)], ..IpConfig::default() };
        assert!(moves(&[nic("p", Side::Pv, own)], &memory).give.is_empty());
    }

    #[test]
    fn twins_that_are_both_up_are_left_alone() {
        let both = [nic("e", Side::Emulated, fixed()), nic("p", Side::Pv, IpConfig::default())];
        assert_eq!(moves(&both, &BTreeMap::new()), Moves::default());
        let mut hidden = both;
        hidden[1].up = false;
        assert_eq!(moves(&hidden, &BTreeMap::new()).remember.len(), 1);
    }
}
