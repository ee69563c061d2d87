//! The hypervisor's binary interface for a 64-bit HVM guest, from Xen's public headers.
//!
//! Wire structs only: they accept any bytes and promise nothing. Every constant and struct carries the
//! header's name as `doc(alias)` (a field only where it is called differently), and the layout test
//! in `tests/abi` compares each of them with the header itself; an item without the name fails it.
//!
//! A pointer in an argument is a [`GuestHandle`]: a linear address, 8 bytes.

pub mod cpuid;
pub mod event;
pub mod grant;
pub mod hvm;
pub mod memory;
pub mod sched;
pub mod shared;
pub mod vcpu;
pub mod version;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::types::Domid;

/// Ids that are no ordinary domain's.
pub mod domid {
    use super::Domid;

    /// The calling domain itself.
    #[doc(alias = "DOMID_SELF")]
    pub const SELF: Domid = Domid(0x7ff0);
    /// The first of the reserved ids.
    #[doc(alias = "DOMID_FIRST_RESERVED")]
    pub const FIRST_RESERVED: Domid = Domid(0x7ff0);
    /// No domain.
    #[doc(alias = "DOMID_INVALID")]
    pub const INVALID: Domid = Domid(0x7ff4);
}

/// Processors whose `vcpu_info` lies in the shared info page; the others have to register one.
#[doc(alias = "XEN_LEGACY_MAX_VCPUS")]
pub const LEGACY_MAX_VCPUS: u32 = 32;
/// The port whose output lands in Xen's log.
#[doc(alias = "XEN_HVM_DEBUGCONS_IOPORT")]
pub const DEBUG_PORT: u16 = 0xe9;

/// A hypercall's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Number(pub u32);

impl Number {
    /// Physical memory.
    #[doc(alias = "__HYPERVISOR_memory_op")]
    pub const MEMORY_OP: Self = Self(12);
    /// What hypervisor this is.
    #[doc(alias = "__HYPERVISOR_xen_version")]
    pub const XEN_VERSION: Self = Self(17);
    /// The hypervisor's console.
    #[doc(alias = "__HYPERVISOR_console_io")]
    pub const CONSOLE_IO: Self = Self(18);
    /// Grant tables.
    #[doc(alias = "__HYPERVISOR_grant_table_op")]
    pub const GRANT_TABLE_OP: Self = Self(20);
    /// Virtual processors.
    #[doc(alias = "__HYPERVISOR_vcpu_op")]
    pub const VCPU_OP: Self = Self(24);
    /// Scheduling and the end of the domain.
    #[doc(alias = "__HYPERVISOR_sched_op")]
    pub const SCHED_OP: Self = Self(29);
    /// Event channels.
    #[doc(alias = "__HYPERVISOR_event_channel_op")]
    pub const EVENT_CHANNEL_OP: Self = Self(32);
    /// HVM guests.
    #[doc(alias = "__HYPERVISOR_hvm_op")]
    pub const HVM_OP: Self = Self(34);
}

/// Writes to the hypervisor's console.
#[doc(alias = "CONSOLEIO_write")]
pub const CONSOLEIO_WRITE: u32 = 0;

/// The linear address of memory that the hypervisor reads or writes during the call; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "XEN_GUEST_HANDLE(void)")]
#[repr(transparent)]
pub struct GuestHandle(pub u64);

impl GuestHandle {
    /// The address of `pointer`.
    pub fn new<T: ?Sized>(pointer: *const T) -> Self {
        Self(pointer.cast::<()>().expose_provenance() as u64)
    }
}

const _: () = assert!(size_of::<GuestHandle>() == 8);
