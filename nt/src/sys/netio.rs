//! IP helper for drivers (`netioapi.h`): the addresses that the system has.
//!
//! That header is not among those whose facts were compiled: layouts and parameters are as Microsoft
//! documents them ("MIB_UNICASTIPADDRESS_ROW", "GetUnicastIpAddressTable", Netio.lib, since Vista). Offsets, sizes
//! and constants were compared once with what a C compiler makes of mingw-w64's `netioapi.h`: the same.

use super::*;

pub type NL_DAD_STATE = i32;

/// `IpDadStateDeprecated`: still valid.
pub const IpDadStateDeprecated: NL_DAD_STATE = 3;
/// `IpDadStatePreferred`.
pub const IpDadStatePreferred: NL_DAD_STATE = 4;

/// `AF_UNSPEC`, `AF_INET` and `AF_INET6` of `ws2def.h`.
pub const AF_UNSPEC: u16 = 0;
pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 23;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MIB_UNICASTIPADDRESS_ROW {
    /// `SOCKADDR_INET`: the family, then `SOCKADDR_IN` (address at 4) or `SOCKADDR_IN6` (address at 8).
    pub Address: [u8; 28],
    pub InterfaceLuid: NET_LUID_LH,
    pub InterfaceIndex: u32,
    pub PrefixOrigin: i32,
    pub SuffixOrigin: i32,
    pub ValidLifetime: u32,
    pub PreferredLifetime: u32,
    pub OnLinkPrefixLength: u8,
    pub SkipAsSource: BOOLEAN,
    pub DadState: NL_DAD_STATE,
    pub ScopeId: u32,
    pub CreationTimeStamp: i64,
}
layout!(MIB_UNICASTIPADDRESS_ROW, 80, 8, Address @ 0, InterfaceLuid @ 32, InterfaceIndex @ 40, PrefixOrigin @ 44, SuffixOrigin @ 48, ValidLifetime @ 52, PreferredLifetime @ 56, OnLinkPrefixLength @ 60, SkipAsSource @ 61, DadState @ 64, ScopeId @ 68, CreationTimeStamp @ 72);

/// The first row; `NumEntries` of them follow one another.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MIB_UNICASTIPADDRESS_TABLE {
    pub NumEntries: u32,
    pub Table: [MIB_UNICASTIPADDRESS_ROW; 1],
}
layout!(MIB_UNICASTIPADDRESS_TABLE, 88, 8, NumEntries @ 0, Table @ 8);

#[cfg_attr(windows, link(name = "netio.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn GetUnicastIpAddressTable(Family: u16, Table: *mut *mut MIB_UNICASTIPADDRESS_TABLE) -> NTSTATUS;
    pub fn FreeMibTable(Memory: *mut c_void);
}
