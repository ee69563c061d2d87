//! `memory_op` (`xen/memory.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::GuestHandle;

/// A sub-command of `memory_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// Gives frames back, as [`Reservation`]; returns the number of extents done.
    #[doc(alias = "XENMEM_decrease_reservation")]
    pub const DECREASE_RESERVATION: Self = Self(1);
    /// Pages the domain has, for a domid.
    #[doc(alias = "XENMEM_current_reservation")]
    pub const CURRENT_RESERVATION: Self = Self(3);
    /// Pages the domain may have, for a domid.
    #[doc(alias = "XENMEM_maximum_reservation")]
    pub const MAXIMUM_RESERVATION: Self = Self(4);
    /// Puts RAM behind frames, as [`Reservation`]; returns the number of extents done.
    #[doc(alias = "XENMEM_populate_physmap")]
    pub const POPULATE_PHYSMAP: Self = Self(6);
    /// Puts a page of the hypervisor behind a frame, as [`AddToPhysmap`].
    #[doc(alias = "XENMEM_add_to_physmap")]
    pub const ADD_TO_PHYSMAP: Self = Self(7);
    /// The memory map that the toolstack made, as [`MemoryMap`].
    #[doc(alias = "XENMEM_memory_map")]
    pub const MEMORY_MAP: Self = Self(9);
    /// Exchanges frames, as [`Exchange`].
    #[doc(alias = "XENMEM_exchange")]
    pub const EXCHANGE: Self = Self(11);
    /// The highest frame in use, for a domid.
    #[doc(alias = "XENMEM_maximum_gpfn")]
    pub const MAXIMUM_GPFN: Self = Self(14);
    /// Takes away what lies behind a frame, as [`RemoveFromPhysmap`].
    #[doc(alias = "XENMEM_remove_from_physmap")]
    pub const REMOVE_FROM_PHYSMAP: Self = Self(15);
    /// Populate-on-demand, as [`PodTarget`].
    #[doc(alias = "XENMEM_get_pod_target")]
    pub const GET_POD_TARGET: Self = Self(17);
}

/// What [`AddToPhysmap`] maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Space(pub u32);

impl Space {
    /// The shared info page.
    #[doc(alias = "XENMAPSPACE_shared_info")]
    pub const SHARED_INFO: Self = Self(0);
    /// A frame of the grant table; the table grows to hold it.
    #[doc(alias = "XENMAPSPACE_grant_table")]
    pub const GRANT_TABLE: Self = Self(1);
    /// Another frame of the domain.
    #[doc(alias = "XENMAPSPACE_gmfn")]
    pub const GMFN: Self = Self(2);
}

/// A list of extents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_memory_reservation_t")]
#[repr(C)]
pub struct Reservation {
    /// Array of first frames (64 bits each).
    pub extent_start: GuestHandle,
    /// Its length.
    pub nr_extents: u64,
    /// Each extent has `1 << extent_order` frames.
    pub extent_order: u32,
    /// `XENMEMF_*`; 0.
    pub mem_flags: u32,
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Padding; zero.
    pub pad: [u16; 3],
}

const _: () = assert!(size_of::<Reservation>() == 32);

/// Frames to give for frames to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_memory_exchange_t")]
#[repr(C)]
pub struct Exchange {
    /// Given.
    #[doc(alias = "in")]
    pub input: Reservation,
    /// Got.
    #[doc(alias = "out")]
    pub output: Reservation,
    /// 0 at first; how far it came.
    pub nr_exchanged: u64,
}

const _: () = assert!(size_of::<Exchange>() == 72);

/// One page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_add_to_physmap_t")]
#[repr(C)]
pub struct AddToPhysmap {
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Only for ranges; 0.
    pub size: u16,
    /// [`Space`].
    pub space: u32,
    /// Which page of the space.
    pub idx: u64,
    /// The frame.
    pub gpfn: u64,
}

const _: () = assert!(size_of::<AddToPhysmap>() == 24);

/// One frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_remove_from_physmap_t")]
#[repr(C)]
pub struct RemoveFromPhysmap {
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Padding; zero.
    pub pad: [u16; 3],
    /// The frame.
    pub gpfn: u64,
}

const _: () = assert!(size_of::<RemoveFromPhysmap>() == 16);

/// Where the memory map goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_memory_map_t")]
#[repr(C)]
pub struct MemoryMap {
    /// Room of the buffer, then entries written.
    pub nr_entries: u32,
    /// Padding; zero.
    pub pad: u32,
    /// Array of 20-byte E820 entries.
    pub buffer: GuestHandle,
}

const _: () = assert!(size_of::<MemoryMap>() == 16);

/// Populate-on-demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_pod_target_t")]
#[repr(C)]
pub struct PodTarget {
    /// Pages it may have.
    pub target_pages: u64,
    /// Pages it has.
    pub tot_pages: u64,
    /// Pages ready.
    pub pod_cache_pages: u64,
    /// Frames without memory so far.
    pub pod_entries: u64,
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Padding; zero.
    pub pad: [u16; 3],
}

const _: () = assert!(size_of::<PodTarget>() == 40);
