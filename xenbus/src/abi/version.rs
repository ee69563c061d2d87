//! `xen_version` (`xen/version.h`, `xen/features.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A sub-command of `xen_version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// The version, as major << 16 | minor, in the return value.
    #[doc(alias = "XENVER_version")]
    pub const VERSION: Self = Self(0);
    /// The rest of the version, as [`ExtraVersion`].
    #[doc(alias = "XENVER_extraversion")]
    pub const EXTRAVERSION: Self = Self(1);
    /// What kinds of guests run.
    #[doc(alias = "XENVER_capabilities")]
    pub const CAPABILITIES: Self = Self(3);
    /// The source revision.
    #[doc(alias = "XENVER_changeset")]
    pub const CHANGESET: Self = Self(4);
    /// A word of the feature bit map, as [`FeatureInfo`].
    #[doc(alias = "XENVER_get_features")]
    pub const GET_FEATURES: Self = Self(6);
    /// The size of a page in the return value.
    #[doc(alias = "XENVER_pagesize")]
    pub const PAGESIZE: Self = Self(7);
    /// The handle that the toolstack gave the domain, as [`DomainHandle`].
    #[doc(alias = "XENVER_guest_handle")]
    pub const GUEST_HANDLE: Self = Self(8);
}

/// `.7-debian` and the like; ends at a NUL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_extraversion_t")]
#[repr(transparent)]
pub struct ExtraVersion(pub [u8; 16]);

const _: () = assert!(size_of::<ExtraVersion>() == 16);

/// The domain's UUID, its bytes in the order in which they are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_domain_handle_t")]
#[repr(transparent)]
pub struct DomainHandle(pub [u8; 16]);

const _: () = assert!(size_of::<DomainHandle>() == 16);

/// A word of the feature bit map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_feature_info_t")]
#[repr(C)]
pub struct FeatureInfo {
    /// Which word is asked for.
    pub submap_idx: u32,
    /// The word.
    pub submap: u32,
}

const _: () = assert!(size_of::<FeatureInfo>() == 8);

/// Bits of feature word 0.
pub mod feature {
    /// Guest frames are translated by the hypervisor.
    #[doc(alias = "XENFEAT_auto_translated_physmap")]
    pub const AUTO_TRANSLATED_PHYSMAP: u32 = 2;
    /// One vector for all processors by `HVM_PARAM_CALLBACK_IRQ`.
    #[doc(alias = "XENFEAT_hvm_callback_vector")]
    pub const HVM_CALLBACK_VECTOR: u32 = 8;
    /// The PV clock may be used by HVM guests.
    #[doc(alias = "XENFEAT_hvm_safe_pvclock")]
    pub const HVM_SAFE_PVCLOCK: u32 = 9;
    /// Physical interrupts can be event channels.
    #[doc(alias = "XENFEAT_hvm_pirqs")]
    pub const HVM_PIRQS: u32 = 10;
}
