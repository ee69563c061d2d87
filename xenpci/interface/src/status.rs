//! Typed results of the interface's functions.

use alloc::{format, string::String};
use core::fmt;

use xenbus::seam::{EventError, GrantError, StoreError};

/// What a function of the interface did: a code in the low byte, and for [`Status::REFUSED`] and
/// [`Status::REMOTE`] the Xen errno above it. An open enumeration: a value that this version does
/// not know is a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
#[must_use]
pub struct Status(pub u32);

impl Status {
    /// Done.
    pub const OK: Self = Self(0);
    /// No entry, port or credit is free; try again when something was released.
    pub const EXHAUSTED: Self = Self(1);
    /// The domain is being suspended, or the device is gone.
    pub const CLOSED: Self = Self(2);
    /// The peer still maps the page: the grant stays in force.
    pub const STILL_MAPPED: Self = Self(3);
    /// The hypervisor refused; see [`Status::errno`].
    pub const REFUSED: Self = Self(4);
    /// The node does not exist.
    pub const NOT_FOUND: Self = Self(5);
    /// The transaction met a conflict: do it anew.
    pub const AGAIN: Self = Self(6);
    /// No permission.
    pub const DENIED: Self = Self(7);
    /// A quota of xenstored was reached.
    pub const QUOTA: Self = Self(8);
    /// Another error that xenstored named; see [`Status::errno`].
    pub const REMOTE: Self = Self(9);
    /// No answer within the bound.
    pub const TIMED_OUT: Self = Self(10);
    /// xenstored broke the protocol and is not usable until it is reset.
    pub const BROKEN: Self = Self(11);
    /// An argument cannot be expressed or makes no sense.
    pub const INVALID: Self = Self(12);
    /// No memory.
    pub const NO_MEMORY: Self = Self(13);
    /// The buffer is too small; the length that is needed was reported.
    pub const BUFFER_TOO_SMALL: Self = Self(14);
    /// Not offered by this hypervisor or this xenpci.
    pub const UNSUPPORTED: Self = Self(15);
    /// The self-test or another piece of work failed.
    pub const FAILED: Self = Self(16);

    /// This code with a Xen errno (positive).
    pub const fn with_errno(self, errno: u32) -> Self {
        Self((self.0 & 0xff) | (errno << 8))
    }

    /// The code without the errno.
    pub const fn code(self) -> Self {
        Self(self.0 & 0xff)
    }

    /// The Xen errno (positive), 0 where there is none.
    #[must_use]
    pub const fn errno(self) -> u32 {
        self.0 >> 8
    }

    /// True for [`Status::OK`].
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// `Ok` for [`Status::OK`].
    ///
    /// # Errors
    /// Any other status.
    pub const fn ok(self) -> Result<(), Self> {
        if self.is_ok() { Ok(()) } else { Err(self) }
    }

    /// As a store error; meaningless for [`Status::OK`].
    #[must_use]
    pub fn store_error(self) -> StoreError {
        match self.code() {
            Self::NOT_FOUND => StoreError::NotFound,
            Self::AGAIN => StoreError::Again,
            Self::DENIED => StoreError::Denied,
            Self::QUOTA => StoreError::Quota,
            Self::TIMED_OUT => StoreError::TimedOut,
            Self::BROKEN => StoreError::Broken,
            Self::CLOSED => StoreError::Closed,
            Self::INVALID => StoreError::Invalid,
            Self::REMOTE => StoreError::Remote(errno_name(self.errno())),
            _ => StoreError::Remote(format!("{self:?}")),
        }
    }

    /// As a grant error; meaningless for [`Status::OK`].
    #[must_use]
    pub fn grant_error(self) -> GrantError {
        match self.code() {
            Self::EXHAUSTED => GrantError::Exhausted,
            Self::INVALID => GrantError::Unaddressable,
            _ => GrantError::Closed,
        }
    }

    /// As an event-channel error; meaningless for [`Status::OK`].
    #[must_use]
    pub fn event_error(self) -> EventError {
        match self.code() {
            Self::EXHAUSTED | Self::NO_MEMORY => EventError::Exhausted,
            Self::REFUSED => EventError::Refused(self.errno().cast_signed()),
            _ => EventError::Closed,
        }
    }
}

impl From<&StoreError> for Status {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NOT_FOUND,
            StoreError::Again => Self::AGAIN,
            StoreError::Denied => Self::DENIED,
            StoreError::Quota => Self::QUOTA,
            StoreError::Remote(name) => Self::REMOTE.with_errno(errno_number(name)),
            StoreError::TimedOut => Self::TIMED_OUT,
            StoreError::Broken => Self::BROKEN,
            StoreError::Closed => Self::CLOSED,
            StoreError::Invalid => Self::INVALID,
        }
    }
}

impl From<GrantError> for Status {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Exhausted => Self::EXHAUSTED,
            GrantError::Closed => Self::CLOSED,
            GrantError::Unaddressable => Self::INVALID,
        }
    }
}

impl From<EventError> for Status {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Exhausted => Self::EXHAUSTED,
            EventError::Refused(errno) => Self::REFUSED.with_errno(errno.unsigned_abs()),
            EventError::Closed => Self::CLOSED,
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.code() {
            Self::OK => "OK",
            Self::EXHAUSTED => "EXHAUSTED",
            Self::CLOSED => "CLOSED",
            Self::STILL_MAPPED => "STILL_MAPPED",
            Self::REFUSED => "REFUSED",
            Self::NOT_FOUND => "NOT_FOUND",
            Self::AGAIN => "AGAIN",
            Self::DENIED => "DENIED",
            Self::QUOTA => "QUOTA",
            Self::REMOTE => "REMOTE",
            Self::TIMED_OUT => "TIMED_OUT",
            Self::BROKEN => "BROKEN",
            Self::INVALID => "INVALID",
            Self::NO_MEMORY => "NO_MEMORY",
            Self::BUFFER_TOO_SMALL => "BUFFER_TOO_SMALL",
            Self::UNSUPPORTED => "UNSUPPORTED",
            Self::FAILED => "FAILED",
            _ => return write!(f, "Status({:#x})", self.0),
        };
        match self.errno() {
            0 => f.write_str(name),
            errno => write!(f, "{name}({errno})"),
        }
    }
}

/// The errors that xenstored may name (xs_wire.h, `xsd_errors`) which have no code of their own,
/// with Xen's numbers (public/errno.h).
const NAMED: [(u32, &str); 10] = [
    (5, "EIO"),
    (16, "EBUSY"),
    (17, "EEXIST"),
    (21, "EISDIR"),
    (22, "EINVAL"),
    (30, "EROFS"),
    (38, "ENOSYS"),
    (103, "ECONNABORTED"),
    (106, "EISCONN"),
    (110, "ETIMEDOUT"),
];

fn errno_name(errno: u32) -> String {
    NAMED
        .iter()
        .find(|(number, _)| *number == errno)
        .map_or_else(|| format!("errno {errno}"), |(_, name)| String::from(*name))
}

fn errno_number(name: &str) -> u32 {
    NAMED.iter().find(|(_, known)| *known == name).map_or(0, |(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_errors_survive_the_way_through_the_interface() {
        for error in [
            StoreError::NotFound,
            StoreError::Again,
            StoreError::Denied,
            StoreError::Quota,
            StoreError::Remote("EBUSY".into()),
            StoreError::TimedOut,
            StoreError::Broken,
            StoreError::Closed,
            StoreError::Invalid,
        ] {
            assert_eq!(Status::from(&error).store_error(), error);
        }
    }

    #[test]
    fn event_and_grant_errors_survive() {
        for error in [EventError::Exhausted, EventError::Refused(28), EventError::Closed] {
            assert_eq!(Status::from(error).event_error(), error);
        }
        for error in [GrantError::Exhausted, GrantError::Closed, GrantError::Unaddressable] {
            assert_eq!(Status::from(error).grant_error(), error);
        }
    }

    #[test]
    fn an_unknown_status_is_a_failure() {
        assert!(Status(0x77).ok().is_err());
        assert!(matches!(Status(0x77).store_error(), StoreError::Remote(_)));
    }
}
