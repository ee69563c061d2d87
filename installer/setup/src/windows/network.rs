//! Network interfaces and their configuration.
#![expect(unsafe_code, reason = "calls Windows")]

use std::{
    ffi::CStr,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    process::{Command, Stdio},
};

use windows_sys::Win32::{
    Foundation::ERROR_BUFFER_OVERFLOW,
    NetworkManagement::{
        IpHelper::{
            GAA_FLAG_INCLUDE_GATEWAYS, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_MULTICAST,
            IP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_GATEWAY_ADDRESS_LH, IP_ADAPTER_UNICAST_ADDRESS_LH,
        },
        Ndis::IfOperStatusUp,
    },
    Networking::WinSock::{
        AF_INET, AF_INET6, AF_UNSPEC, IpPrefixOriginManual, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
    },
};

use super::{system32, text::narrow};
use crate::{
    net::{Interface, IpConfig, Side},
    registry::Registry,
    step::Failure,
};

/// `Device` in xenpvnet.inf; Windows appends a number to further ones.
const OURS: &str = "Xen PV Network Adapter";
/// Ethernet (`IF_TYPE_ETHERNET_CSMACD`).
const ETHERNET: u32 = 6;

/// One adapter, copied.
struct Adapter {
    guid: String,
    index: u32,
    mac: String,
    description: String,
    up: bool,
    addresses: Vec<(IpAddr, u8)>,
    gateways: Vec<IpAddr>,
}

fn adapters() -> Vec<Adapter> {
    let Ok(get_adapters_addresses) = system32::get_adapters_addresses() else { return Vec::new() };
    let flags = GAA_FLAG_INCLUDE_GATEWAYS | GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
    let mut length = 0u32;
    let mut buffer: Vec<u64> = Vec::new();
    for _ in 0..4 {
        let list = buffer.as_mut_ptr().cast::<IP_ADAPTER_ADDRESSES_LH>();
        // SAFETY: the buffer is described by its length, and aligned.
        let error = unsafe {
            get_adapters_addresses(u32::from(AF_UNSPEC), flags, std::ptr::null(), list, &raw mut length)
        };
        match error {
            0 if length != 0 => return walk(list),
            ERROR_BUFFER_OVERFLOW => buffer = vec![0; (length as usize).div_ceil(8) + 64],
            _ => return Vec::new(),
        }
        length = (buffer.len() * 8) as u32;
    }
    Vec::new()
}

fn walk(mut at: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut out = Vec::new();
    // SAFETY: GetAdaptersAddresses makes a list that ends with null.
    while let Some(adapter) = unsafe { at.as_ref() } {
        at = adapter.Next;
        if adapter.IfType != ETHERNET || adapter.PhysicalAddressLength != 6 {
            continue;
        }
        // SAFETY: a string that ends with a NUL.
        let guid = unsafe { CStr::from_ptr(adapter.AdapterName.cast()) };
        // SAFETY: the first member of a union whose members all have this form.
        let index = unsafe { adapter.Anonymous1.Anonymous.IfIndex };
        out.push(Adapter {
            guid: guid.to_string_lossy().into_owned(),
            index,
            mac: adapter.PhysicalAddress[..6].iter().map(|byte| format!("{byte:02X}")).collect(),
            description: string(adapter.Description),
            up: adapter.OperStatus == IfOperStatusUp,
            addresses: unicast(adapter.FirstUnicastAddress),
            gateways: gateways(adapter.FirstGatewayAddress),
        });
    }
    out
}

fn string(text: *const u16) -> String {
    let length = (0..256)
        .find(|at| {
            // SAFETY: a string that ends with a NUL; nothing behind it is read.
            unsafe { text.add(*at).read() == 0 }
        })
        .unwrap_or(0);
    // SAFETY: so many units were just read.
    narrow(unsafe { std::slice::from_raw_parts(text, length) })
}

/// What was entered by hand.
fn unicast(mut at: *const IP_ADAPTER_UNICAST_ADDRESS_LH) -> Vec<(IpAddr, u8)> {
    let mut out = Vec::new();
    // SAFETY: a list that ends with null.
    while let Some(entry) = unsafe { at.as_ref() } {
        at = entry.Next;
        if entry.PrefixOrigin == IpPrefixOriginManual
            && let Some(ip) = address(&entry.Address)
        {
            out.push((ip, entry.OnLinkPrefixLength));
        }
    }
    out
}

fn gateways(mut at: *const IP_ADAPTER_GATEWAY_ADDRESS_LH) -> Vec<IpAddr> {
    let mut out = Vec::new();
    // SAFETY: a list that ends with null.
    while let Some(entry) = unsafe { at.as_ref() } {
        at = entry.Next;
        out.extend(address(&entry.Address));
    }
    out
}

fn address(socket: &SOCKET_ADDRESS) -> Option<IpAddr> {
    // SAFETY: null or an address of its family.
    match unsafe { socket.lpSockaddr.as_ref() }?.sa_family {
        AF_INET => {
            // SAFETY: an IPv4 address, by its family.
            let v4 = unsafe { socket.lpSockaddr.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: four bytes in network order, however they are named.
            let bits = unsafe { v4.sin_addr.S_un.S_addr };
            Some(Ipv4Addr::from(bits.to_ne_bytes()).into())
        }
        AF_INET6 => {
            // SAFETY: an IPv6 address, by its family.
            let v6 = unsafe { socket.lpSockaddr.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: sixteen bytes in network order, however they are named.
            Some(Ipv6Addr::from(unsafe { v6.sin6_addr.u.Byte }).into())
        }
        _ => None,
    }
}

/// DNS servers that were entered by hand.
fn dns(registry: &impl Registry, guid: &str) -> Vec<IpAddr> {
    ["Tcpip", "Tcpip6"]
        .iter()
        .filter_map(|stack| {
            let key = format!(r"SYSTEM\CurrentControlSet\Services\{stack}\Parameters\Interfaces\{guid}");
            registry.text(&key, "NameServer")
        })
        .flat_map(|list| list.split([',', ' ']).filter_map(|one| one.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// All Ethernet interfaces that are present.
pub fn interfaces(registry: &impl Registry) -> Vec<Interface> {
    adapters()
        .into_iter()
        .map(|adapter| {
            let manual = |v6: bool| adapter.addresses.iter().any(|(ip, _)| ip.is_ipv6() == v6);
            // A gateway without a manual address came by DHCP, a link-local one by router advertisement.
            let by_hand = |ip: &IpAddr| match ip {
                IpAddr::V4(_) => manual(false),
                IpAddr::V6(ip) => manual(true) && !ip.is_unicast_link_local(),
            };
            Interface {
                config: IpConfig {
                    gateways: adapter.gateways.iter().copied().filter(by_hand).collect(),
                    dns: dns(registry, &adapter.guid),
                    addresses: adapter.addresses.iter().copied().collect(),
                },
                side: if adapter.description.starts_with(OURS) { Side::Pv } else { Side::Emulated },
                up: adapter.up,
                guid: adapter.guid,
                mac: adapter.mac,
            }
        })
        .collect()
}

/// The index of an interface that is present.
pub fn index(guid: &str) -> Option<u32> {
    adapters()
        .into_iter()
        .find(|adapter| adapter.guid.eq_ignore_ascii_case(guid))
        .map(|adapter| adapter.index)
}

/// Calls `netsh`.
pub fn netsh(words: &[String]) -> Result<(), Failure> {
    let program = super::windows_folder().join("System32").join("netsh.exe");
    let failed = |text: &str| Failure::new(format!("netsh {}: {text}", words.join(" ")));
    let broken = |error: std::io::Error| failed(&error.to_string());
    let (none, piped) = (Stdio::null, Stdio::piped);
    let mut netsh = Command::new(program)
        .args(words)
        .stdin(none())
        .stdout(piped())
        .stderr(none())
        .spawn()
        .map_err(broken)?;
    // What it says has room in the pipe.
    for _ in 0..NETSH_LOOKS {
        let Some(status) = netsh.try_wait().map_err(broken)? else {
            std::thread::sleep(NETSH_PAUSE);
            continue;
        };
        let said = netsh.wait_with_output().map_err(broken)?.stdout;
        return if status.success() { Ok(()) } else { Err(failed(String::from_utf8_lossy(&said).trim())) };
    }
    // It may have ended just now.
    let _ = netsh.kill();
    Err(failed("it does not end"))
}

/// How often, and how long apart, it is looked whether `netsh` has ended.
const NETSH_LOOKS: u32 = 600;
const NETSH_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
