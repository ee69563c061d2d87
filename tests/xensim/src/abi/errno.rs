//! Error numbers as hypercalls return them (negated), from `errno.h` of Xen's public headers.

/// Operation not permitted.
pub const EPERM: i64 = 1;
/// No such thing.
pub const ENOENT: i64 = 2;
/// No such domain.
pub const ESRCH: i64 = 3;
/// I/O error.
pub const EIO: i64 = 5;
/// No such device or address.
pub const ENXIO: i64 = 6;
/// Argument list too long.
pub const E2BIG: i64 = 7;
/// Try again.
pub const EAGAIN: i64 = 11;
/// Out of memory.
pub const ENOMEM: i64 = 12;
/// Permission denied.
pub const EACCES: i64 = 13;
/// Bad address.
pub const EFAULT: i64 = 14;
/// Busy.
pub const EBUSY: i64 = 16;
/// Exists.
pub const EEXIST: i64 = 17;
/// Invalid argument.
pub const EINVAL: i64 = 22;
/// No space.
pub const ENOSPC: i64 = 28;
/// Function not implemented.
pub const ENOSYS: i64 = 38;
/// No data.
pub const ENODATA: i64 = 61;
/// Operation not supported.
pub const EOPNOTSUPP: i64 = 95;
