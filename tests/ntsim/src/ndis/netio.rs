//! netio.sys, as far as drivers ask it for the addresses of the system (`netioapi.h`): those of the stacks.

use super::protocol;
use crate::abi::*;
use crate::io::glue;
use alloc::vec::Vec;
use smoltcp::wire::IpAddress;

/// `NL_PREFIX_ORIGIN` and `NL_SUFFIX_ORIGIN`: entered by hand.
const MANUAL: i32 = 1;

fn row(luid: u64, index: u32, address: IpAddress, prefix: u8, tentative: bool) -> MIB_UNICASTIPADDRESS_ROW {
    let mut row = MIB_UNICASTIPADDRESS_ROW {
        InterfaceIndex: index,
        PrefixOrigin: MANUAL,
        SuffixOrigin: MANUAL,
        ValidLifetime: u32::MAX,
        PreferredLifetime: u32::MAX,
        OnLinkPrefixLength: prefix,
        DadState: if tentative { 1 } else { IpDadStatePreferred },
        ..Default::default()
    };
    row.InterfaceLuid.Value = luid;
    match address {
        IpAddress::Ipv4(address) => {
            row.Address[..2].copy_from_slice(&AF_INET.to_le_bytes());
            row.Address[4..8].copy_from_slice(&address.octets());
        }
        IpAddress::Ipv6(address) => {
            row.Address[..2].copy_from_slice(&AF_INET6.to_le_bytes());
            row.Address[8..24].copy_from_slice(&address.octets());
        }
    }
    row
}

unsafe fn table(family: u16, out: *mut *mut MIB_UNICASTIPADDRESS_TABLE) -> NTSTATUS {
    let rows: Vec<_> = protocol::addresses()
        .into_iter()
        .map(|of| row(of.luid, of.index, of.cidr.address(), of.cidr.prefix_len(), of.tentative))
        .filter(|row| family == AF_UNSPEC || row.Address[..2] == family.to_le_bytes())
        .collect();
    let size = 8 + rows.len() * size_of::<MIB_UNICASTIPADDRESS_ROW>();
    let at = glue::pool(size, *b"NtIo", true);
    if at.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    at.cast::<u32>().write(rows.len() as u32);
    core::ptr::copy_nonoverlapping(rows.as_ptr(), at.add(8).cast(), rows.len());
    *out = at.cast();
    STATUS_SUCCESS
}

crate::exports! { EXPORTS "netio.sys";
    fn GetUnicastIpAddressTable(family: u16, out: *mut *mut MIB_UNICASTIPADDRESS_TABLE) -> NTSTATUS [irql <= APC_LEVEL] {
        table(family, out)
    }
    fn FreeMibTable(memory: PVOID) [irql <= APC_LEVEL] { glue::pool_free(memory.cast()) }
}
