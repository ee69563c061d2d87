//! `sched_op` (`xen/sched.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::GuestHandle;

/// A sub-command of `sched_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// Lets others run.
    #[doc(alias = "SCHEDOP_yield")]
    pub const YIELD: Self = Self(0);
    /// Waits for an event.
    #[doc(alias = "SCHEDOP_block")]
    pub const BLOCK: Self = Self(1);
    /// Ends or suspends the domain, as [`Shutdown`].
    #[doc(alias = "SCHEDOP_shutdown")]
    pub const SHUTDOWN: Self = Self(2);
    /// Waits for an event on given ports, as [`Poll`].
    #[doc(alias = "SCHEDOP_poll")]
    pub const POLL: Self = Self(3);
    /// Sets the reason that a later reset or power-off has.
    #[doc(alias = "SCHEDOP_shutdown_code")]
    pub const SHUTDOWN_CODE: Self = Self(5);
    /// Sets, pings or clears a watchdog, as [`Watchdog`].
    #[doc(alias = "SCHEDOP_watchdog")]
    pub const WATCHDOG: Self = Self(6);
}

/// Why a domain stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Reason(pub u32);

impl Reason {
    /// Power off.
    #[doc(alias = "SHUTDOWN_poweroff")]
    pub const POWEROFF: Self = Self(0);
    /// Reboot.
    #[doc(alias = "SHUTDOWN_reboot")]
    pub const REBOOT: Self = Self(1);
    /// Suspend: the call returns 0 when resumed in a new domain or the same, 1 when cancelled.
    #[doc(alias = "SHUTDOWN_suspend")]
    pub const SUSPEND: Self = Self(2);
    /// Crash: the toolstack may take a dump.
    #[doc(alias = "SHUTDOWN_crash")]
    pub const CRASH: Self = Self(3);
    /// A watchdog ran out.
    #[doc(alias = "SHUTDOWN_watchdog")]
    pub const WATCHDOG: Self = Self(4);
    /// Starts again without losing memory.
    #[doc(alias = "SHUTDOWN_soft_reset")]
    pub const SOFT_RESET: Self = Self(5);
}

/// How to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "sched_shutdown_t")]
#[repr(C)]
pub struct Shutdown {
    /// Why.
    pub reason: Reason,
}

const _: () = assert!(size_of::<Shutdown>() == 4);

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "sched_poll_t")]
#[repr(C)]
pub struct Poll {
    /// Array of ports (32 bits each).
    pub ports: GuestHandle,
    /// Its length, at most 128.
    pub nr_ports: u32,
    /// Padding; zero.
    pub pad: u32,
    /// Absolute system time in ns; 0 is none.
    pub timeout: u64,
}

const _: () = assert!(size_of::<Poll>() == 24);

/// A watchdog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "sched_watchdog_t")]
#[repr(C)]
pub struct Watchdog {
    /// 0 makes a new one, whose id is returned.
    pub id: u32,
    /// Seconds until the domain is stopped; 0 clears it.
    pub timeout: u32,
}

const _: () = assert!(size_of::<Watchdog>() == 8);
