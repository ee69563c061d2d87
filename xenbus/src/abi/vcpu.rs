//! `vcpu_op` (`xen/vcpu.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A sub-command of `vcpu_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// 1 when the processor runs.
    #[doc(alias = "VCPUOP_is_up")]
    pub const IS_UP: Self = Self(3);
    /// Stops the periodic timer.
    #[doc(alias = "VCPUOP_stop_periodic_timer")]
    pub const STOP_PERIODIC_TIMER: Self = Self(7);
    /// Sets the timer, as [`SingleshotTimer`].
    #[doc(alias = "VCPUOP_set_singleshot_timer")]
    pub const SET_SINGLESHOT_TIMER: Self = Self(8);
    /// Stops the timer.
    #[doc(alias = "VCPUOP_stop_singleshot_timer")]
    pub const STOP_SINGLESHOT_TIMER: Self = Self(9);
    /// Moves `vcpu_info`, as [`RegisterVcpuInfo`]. Once in the life of a domain; [`crate::errno::Errno::EBUSY`] then.
    #[doc(alias = "VCPUOP_register_vcpu_info")]
    pub const REGISTER_VCPU_INFO: Self = Self(10);
}

/// Where `vcpu_info` is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "vcpu_register_vcpu_info_t")]
#[repr(C)]
pub struct RegisterVcpuInfo {
    /// The frame.
    #[doc(alias = "mfn")]
    pub gfn: u64,
    /// Offset in it; the struct must not cross its end.
    pub offset: u32,
    /// Padding; zero.
    #[doc(alias = "rsvd")]
    pub pad: u32,
}

const _: () = assert!(size_of::<RegisterVcpuInfo>() == 16);

/// When the timer fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "vcpu_set_singleshot_timer_t")]
#[repr(C)]
pub struct SingleshotTimer {
    /// Absolute system time in ns.
    pub timeout_abs_ns: u64,
    /// 1 fails with `ETIME` when that is past.
    pub flags: u32,
    /// Padding; zero.
    pub pad: u32,
}

const _: () = assert!(size_of::<SingleshotTimer>() == 16);
