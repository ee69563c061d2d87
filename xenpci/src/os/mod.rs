//! The little of Windows that this driver wraps for itself: waiting, locks, threads, strings, device
//! security. Each wrapper carries the invariant that makes it safe.

mod event;
mod lock;
pub mod port;
pub mod registry;
mod remove;
pub mod security;
pub mod text;
mod thread;
pub mod time;
mod work;

pub use event::Event;
pub use lock::{Mutex, MutexGuard, Spin};
pub use remove::RemoveLock;
pub use thread::{Signal, Thread};
pub use work::{Job, WorkQueue};

use nt::sys::NTSTATUS;

/// `NT_SUCCESS`.
#[must_use]
pub const fn success(status: NTSTATUS) -> bool {
    status >= 0
}

/// The status as a result.
///
/// # Errors
/// Every status that is not a success.
pub const fn check(status: NTSTATUS) -> Result<(), NTSTATUS> {
    if success(status) { Ok(()) } else { Err(status) }
}
