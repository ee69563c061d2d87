//! `grant_table_op` and the table's entries, version 1 (`xen/grant_table.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::GuestHandle;

/// A sub-command of `grant_table_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// Maps another domain's page.
    #[doc(alias = "GNTTABOP_map_grant_ref")]
    pub const MAP_GRANT_REF: Self = Self(0);
    /// Unmaps it.
    #[doc(alias = "GNTTABOP_unmap_grant_ref")]
    pub const UNMAP_GRANT_REF: Self = Self(1);
    /// Grows the table, as [`SetupTable`].
    #[doc(alias = "GNTTABOP_setup_table")]
    pub const SETUP_TABLE: Self = Self(2);
    /// Copies through grants, as [`struct@Copy`].
    #[doc(alias = "GNTTABOP_copy")]
    pub const COPY: Self = Self(5);
    /// Size and limit of the table, as [`QuerySize`].
    #[doc(alias = "GNTTABOP_query_size")]
    pub const QUERY_SIZE: Self = Self(6);
    /// Chooses the version of the entries, as [`SetVersion`].
    #[doc(alias = "GNTTABOP_set_version")]
    pub const SET_VERSION: Self = Self(8);
    /// The version of the entries, as [`GetVersion`].
    #[doc(alias = "GNTTABOP_get_version")]
    pub const GET_VERSION: Self = Self(10);
}

/// How a grant operation went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Status(pub i16);

impl Status {
    /// Done.
    #[doc(alias = "GNTST_okay")]
    pub const OKAY: Self = Self(0);
    /// Failed.
    #[doc(alias = "GNTST_general_error")]
    pub const GENERAL_ERROR: Self = Self(-1);
    /// No such domain.
    #[doc(alias = "GNTST_bad_domain")]
    pub const BAD_DOMAIN: Self = Self(-2);
    /// No such grant.
    #[doc(alias = "GNTST_bad_gntref")]
    pub const BAD_GNTREF: Self = Self(-3);
    /// No such mapping.
    #[doc(alias = "GNTST_bad_handle")]
    pub const BAD_HANDLE: Self = Self(-4);
    /// Bad address.
    #[doc(alias = "GNTST_bad_virt_addr")]
    pub const BAD_VIRT_ADDR: Self = Self(-5);
    /// Bad device address.
    #[doc(alias = "GNTST_bad_dev_addr")]
    pub const BAD_DEV_ADDR: Self = Self(-6);
    /// No room in the IOMMU.
    #[doc(alias = "GNTST_no_device_space")]
    pub const NO_DEVICE_SPACE: Self = Self(-7);
    /// Not permitted.
    #[doc(alias = "GNTST_permission_denied")]
    pub const PERMISSION_DENIED: Self = Self(-8);
    /// Not a page that can be used.
    #[doc(alias = "GNTST_bad_page")]
    pub const BAD_PAGE: Self = Self(-9);
    /// A copy crosses a page's end.
    #[doc(alias = "GNTST_bad_copy_arg")]
    pub const BAD_COPY_ARG: Self = Self(-10);
    /// The frame has too many bits.
    #[doc(alias = "GNTST_address_too_big")]
    pub const ADDRESS_TOO_BIG: Self = Self(-11);
    /// Try again.
    #[doc(alias = "GNTST_eagain")]
    pub const EAGAIN: Self = Self(-12);
    /// The table is full.
    #[doc(alias = "GNTST_no_space")]
    pub const NO_SPACE: Self = Self(-13);
}

/// Entries that belong to the toolstack.
#[doc(alias = "GNTTAB_NR_RESERVED_ENTRIES")]
pub const RESERVED_ENTRIES: u32 = 8;

/// The console's ring.
#[doc(alias = "GNTTAB_RESERVED_CONSOLE")]
pub const RESERVED_CONSOLE: u32 = 0;

/// xenstore's ring.
#[doc(alias = "GNTTAB_RESERVED_XENSTORE")]
pub const RESERVED_XENSTORE: u32 = 1;

/// Entries in a frame of the table.
pub const ENTRIES_PER_FRAME: u32 = (crate::types::PAGE_SIZE / size_of::<EntryV1>()) as u32;

/// An entry. The table reaches it as two words: flags and domain, then the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "grant_entry_v1_t")]
#[repr(C)]
pub struct EntryV1 {
    /// [`flag`]s.
    pub flags: u16,
    /// Who may use it.
    pub domid: u16,
    /// The frame.
    pub frame: u32,
}

const _: () = assert!(size_of::<EntryV1>() == 8);

/// Flags of an entry.
pub mod flag {
    /// Not granted.
    #[doc(alias = "GTF_invalid")]
    pub const INVALID: u16 = 0;
    /// The domain may map the frame.
    #[doc(alias = "GTF_permit_access")]
    pub const PERMIT_ACCESS: u16 = 1;
    /// The domain may transfer a frame to us.
    #[doc(alias = "GTF_accept_transfer")]
    pub const ACCEPT_TRANSFER: u16 = 2;
    /// The bits with the kind of grant.
    #[doc(alias = "GTF_type_mask")]
    pub const TYPE_MASK: u16 = 3;
    /// It may only read. Ours to set.
    #[doc(alias = "GTF_readonly")]
    pub const READONLY: u16 = 1 << 2;
    /// It maps the frame for reading. The hypervisor's.
    #[doc(alias = "GTF_reading")]
    pub const READING: u16 = 1 << 3;
    /// It maps the frame for writing. The hypervisor's.
    #[doc(alias = "GTF_writing")]
    pub const WRITING: u16 = 1 << 4;
}

/// Grows the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_setup_table_t")]
#[repr(C)]
pub struct SetupTable {
    /// [`super::domid::SELF`].
    pub dom: u16,
    /// Padding; zero.
    pub pad0: u16,
    /// Frames it is to have.
    pub nr_frames: u32,
    /// How it went.
    pub status: Status,
    /// Padding; zero.
    pub pad1: [u16; 3],
    /// Array of frames (64 bits each), written.
    pub frame_list: GuestHandle,
}

const _: () = assert!(size_of::<SetupTable>() == 24);

/// Size and limit of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_query_size_t")]
#[repr(C)]
pub struct QuerySize {
    /// [`super::domid::SELF`].
    pub dom: u16,
    /// Padding; zero.
    pub pad0: u16,
    /// Frames it has.
    pub nr_frames: u32,
    /// Frames it may have.
    pub max_nr_frames: u32,
    /// How it went.
    pub status: Status,
    /// Padding; zero.
    pub pad1: u16,
}

const _: () = assert!(size_of::<QuerySize>() == 16);

/// Chooses the version of the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_set_version_t")]
#[repr(C)]
pub struct SetVersion {
    /// 1 or 2.
    pub version: u32,
}

const _: () = assert!(size_of::<SetVersion>() == 4);

/// The version of the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_get_version_t")]
#[repr(C)]
pub struct GetVersion {
    /// [`super::domid::SELF`].
    pub dom: u16,
    /// Padding; zero.
    pub pad: u16,
    /// 1 or 2.
    pub version: u32,
}

const _: () = assert!(size_of::<GetVersion>() == 8);

/// Maps another domain's page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_map_grant_ref_t")]
#[repr(C)]
pub struct MapGrantRef {
    /// Where.
    pub host_addr: u64,
    /// `GNTMAP_*`.
    pub flags: u32,
    /// The grant.
    #[doc(alias = "ref")]
    pub gref: u32,
    /// Whose.
    pub dom: u16,
    /// How it went.
    pub status: Status,
    /// Names the mapping.
    pub handle: u32,
    /// Bus address.
    pub dev_bus_addr: u64,
}

const _: () = assert!(size_of::<MapGrantRef>() == 32);

/// Unmaps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_unmap_grant_ref_t")]
#[repr(C)]
pub struct UnmapGrantRef {
    /// Where.
    pub host_addr: u64,
    /// Bus address.
    pub dev_bus_addr: u64,
    /// The mapping.
    pub handle: u32,
    /// How it went.
    pub status: Status,
    /// Padding; zero.
    pub pad: u16,
}

const _: () = assert!(size_of::<UnmapGrantRef>() == 24);

/// One end of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "struct gnttab_copy_ptr")]
#[repr(C)]
pub struct CopyPointer {
    /// A frame, or a grant in the low half.
    #[doc(alias = "u")]
    pub frame_or_ref: u64,
    /// Whose.
    pub domid: u16,
    /// Where in the page.
    pub offset: u16,
    /// Padding; zero.
    pub pad: u32,
}

const _: () = assert!(size_of::<CopyPointer>() == 16);

/// Copies within a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "gnttab_copy_t")]
#[repr(C)]
pub struct Copy {
    /// From.
    pub source: CopyPointer,
    /// To.
    pub dest: CopyPointer,
    /// Bytes.
    pub len: u16,
    /// `GNTCOPY_*`.
    pub flags: u16,
    /// How it went.
    pub status: Status,
    /// Padding; zero.
    pub pad: u16,
}

const _: () = assert!(size_of::<Copy>() == 40);

/// The source is a grant.
#[doc(alias = "GNTCOPY_source_gref")]
pub const COPY_SOURCE_GREF: u16 = 1;

/// The destination is a grant.
#[doc(alias = "GNTCOPY_dest_gref")]
pub const COPY_DEST_GREF: u16 = 2;

/// The page is for the processor.
#[doc(alias = "GNTMAP_host_map")]
pub const MAP_HOST: u32 = 2;

/// Only for reading.
#[doc(alias = "GNTMAP_readonly")]
pub const MAP_READONLY: u32 = 4;
