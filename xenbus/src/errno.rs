//! Xen's error numbers (`xen/errno.h`): what hypercalls return, and what xenstored spells out.

use core::fmt;

/// An error number of the hypervisor. Open: a number that this list does not know is still a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Errno(pub u16);

/// What a hypercall comes to: a count or an id, or an error.
pub type Result<T> = core::result::Result<T, Errno>;

/// The numbers, each once: constant, number and name.
macro_rules! errno {
    ($($(#[$meta:meta])* $name:ident = $number:literal,)*) => {
        impl Errno {
            $($(#[$meta])* #[doc = concat!("\n\n`XEN_", stringify!($name), "`.")] pub const $name: Self = Self($number);)*

            /// Every number with its name.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name)),)*];
        }
    };
}

errno! {
    /// Not permitted.
    EPERM = 1,
    /// No such entry.
    ENOENT = 2,
    /// No such domain or vCPU.
    ESRCH = 3,
    /// Input or output error.
    EIO = 5,
    /// No such device or address.
    ENXIO = 6,
    /// Argument list too long.
    E2BIG = 7,
    /// Executable format error.
    ENOEXEC = 8,
    /// Bad handle.
    EBADF = 9,
    /// No child.
    ECHILD = 10,
    /// Try again: a transaction met a conflict.
    EAGAIN = 11,
    /// Out of memory.
    ENOMEM = 12,
    /// Access denied.
    EACCES = 13,
    /// The hypervisor could not reach the argument's memory.
    EFAULT = 14,
    /// In use, or done already (`VCPUOP_register_vcpu_info` is once-only).
    EBUSY = 16,
    /// Exists already.
    EEXIST = 17,
    /// Cross-device link.
    EXDEV = 18,
    /// No such device.
    ENODEV = 19,
    /// Not a directory.
    ENOTDIR = 20,
    /// Is a directory.
    EISDIR = 21,
    /// Invalid argument.
    EINVAL = 22,
    /// Table overflow.
    ENFILE = 23,
    /// Too many open handles.
    EMFILE = 24,
    /// No room: no free port, a quota reached.
    ENOSPC = 28,
    /// Read-only.
    EROFS = 30,
    /// Too many links.
    EMLINK = 31,
    /// Argument out of domain.
    EDOM = 33,
    /// Result out of range.
    ERANGE = 34,
    /// Deadlock avoided.
    EDEADLK = 35,
    /// Name too long.
    ENAMETOOLONG = 36,
    /// No locks.
    ENOLCK = 37,
    /// This hypervisor does not know the operation.
    ENOSYS = 38,
    /// Not empty.
    ENOTEMPTY = 39,
    /// No data.
    ENODATA = 61,
    /// A timer ran out.
    ETIME = 62,
    /// Bad message.
    EBADMSG = 74,
    /// Value too large.
    EOVERFLOW = 75,
    /// Illegal byte sequence.
    EILSEQ = 84,
    /// Not a socket.
    ENOTSOCK = 88,
    /// Message too long.
    EMSGSIZE = 90,
    /// Not supported. Never to be taken for success.
    EOPNOTSUPP = 95,
    /// Address in use.
    EADDRINUSE = 98,
    /// Address not available.
    EADDRNOTAVAIL = 99,
    /// No buffers.
    ENOBUFS = 105,
    /// Connected already.
    EISCONN = 106,
    /// Not connected.
    ENOTCONN = 107,
    /// Timed out.
    ETIMEDOUT = 110,
    /// Refused.
    ECONNREFUSED = 111,
}

impl Errno {
    /// Not one of Xen's: the hypervisor returned something outside of what the operation can return.
    pub const GARBAGE: Self = Self(u16::MAX);
    /// The largest number that a return value stands for an error with.
    const MAX: i64 = 4095;

    /// The number's name, if it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::ALL.iter().find(|(errno, _)| *errno == self).map(|(_, name)| *name)
    }

    /// The number whose name this is (xenstored's answers spell it).
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.as_bytes() == name).map(|(errno, _)| *errno)
    }

    /// As the seams carry it: positive, as in the header.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0 as i32
    }

    /// Judges a hypercall's return value: an error if negative, [`Errno::GARBAGE`] if it is negative
    /// and no error number, or positive and beyond `max`.
    ///
    /// # Errors
    /// The error that it stands for.
    pub const fn check(value: i64, max: u64) -> Result<u64> {
        if value >= 0 {
            let value = value.cast_unsigned();
            if value <= max { Ok(value) } else { Err(Self::GARBAGE) }
        } else if value >= -Self::MAX {
            // In 1..=4095: the cast cannot truncate.
            Err(Self((-value) as u16))
        } else {
            Err(Self::GARBAGE)
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None if *self == Self::GARBAGE => f.write_str("an impossible return value"),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn return_values_are_judged() {
        assert_eq!(Errno::check(0, 0), Ok(0));
        assert_eq!(Errno::check(7, 7), Ok(7));
        assert_eq!(Errno::check(8, 7), Err(Errno::GARBAGE));
        assert_eq!(Errno::check(-38, 0), Err(Errno::ENOSYS));
        assert_eq!(Errno::check(-4095, 0), Err(Errno(4095)));
        assert_eq!(Errno::check(-4096, 0), Err(Errno::GARBAGE));
        assert_eq!(Errno::check(i64::MIN, u64::MAX), Err(Errno::GARBAGE));
        assert_eq!(Errno::check(i64::MAX, u64::MAX), Ok(i64::MAX as u64));
    }

    #[test]
    fn names_go_both_ways_and_unknown_numbers_stay_numbers() {
        for (errno, name) in Errno::ALL {
            assert_eq!(Errno::from_name(name.as_bytes()), Some(*errno));
            assert_eq!(errno.to_string(), *name);
        }
        assert_eq!(Errno::from_name(b"EWHATEVER"), None);
        assert_eq!(Errno(77).to_string(), "error 77");
    }
}
