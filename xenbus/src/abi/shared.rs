//! The pages that the hypervisor writes to: shared info, `vcpu_info`, the PV clock (`xen/xen.h`,
//! `xen/arch-x86/xen.h`), in the 64-bit layout.
//!
//! A domain starts with the 32-bit layout when its firmware was 32-bit; setting
//! [`super::hvm::ParamIndex::CALLBACK_IRQ`] from 64-bit mode switches it. These structs are for offsets
//! and copies: the pages themselves are reached word by word ([`crate::page::Words`]).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::LEGACY_MAX_VCPUS;

/// A point of the PV clock. `version` is odd while the hypervisor writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "vcpu_time_info_t")]
#[repr(C)]
pub struct VcpuTimeInfo {
    /// Changes with every update.
    pub version: u32,
    /// Padding; zero.
    pub pad0: u32,
    /// TSC at that point.
    pub tsc_timestamp: u64,
    /// System time at that point, in ns.
    pub system_time: u64,
    /// Scale: ns = (ticks << `tsc_shift`) * this >> 32.
    pub tsc_to_system_mul: u32,
    /// Shift, may be negative.
    pub tsc_shift: i8,
    /// Bit 0: the TSC is stable.
    pub flags: u8,
    /// Padding; zero.
    pub pad1: [u8; 2],
}

const _: () = assert!(size_of::<VcpuTimeInfo>() == 32);

/// A processor's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "vcpu_info_t")]
#[repr(C)]
pub struct VcpuInfo {
    /// Set by the hypervisor when an event came.
    pub evtchn_upcall_pending: u8,
    /// Not used by HVM guests.
    pub evtchn_upcall_mask: u8,
    /// Padding; zero.
    pub pad0: [u8; 6],
    /// 2-level: bit per word of `evtchn_pending` to look at.
    pub evtchn_pending_sel: u64,
    /// Not used by HVM guests.
    #[doc(alias = "arch.cr2")]
    pub cr2: u64,
    /// Padding; zero.
    #[doc(alias = "arch.pad")]
    pub pad1: u64,
    /// The PV clock.
    pub time: VcpuTimeInfo,
}

const _: () = assert!(size_of::<VcpuInfo>() == 64);

/// The shared info page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "shared_info_t")]
#[repr(C)]
pub struct SharedInfo {
    /// Of the first processors.
    pub vcpu_info: [VcpuInfo; LEGACY_MAX_VCPUS as usize],
    /// 2-level: bit per port.
    pub evtchn_pending: [u64; 64],
    /// 2-level: bit per port.
    pub evtchn_mask: [u64; 64],
    /// Wall clock: odd while the hypervisor writes.
    pub wc_version: u32,
    /// Wall clock at system time 0, in s since 1970: low half.
    pub wc_sec: u32,
    /// Wall clock at system time 0: ns.
    pub wc_nsec: u32,
    /// Wall clock at system time 0: high half of the seconds.
    pub wc_sec_hi: u32,
    /// Not used by HVM guests.
    pub arch: [u64; 6],
}

const _: () = assert!(size_of::<SharedInfo>() == 3136);
