//! Atomics under one name, so that loom can check what is built on them (`RUSTFLAGS="--cfg loom"`).
//!
//! Memory shared with another domain is reached through these only. Guests of Xen on x86 need no
//! device barriers: the hypervisor and the back-ends are other processors to us, so the orderings of
//! the language are the orderings of the protocol.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

/// A lock that protects a value. The platform brings it, because on Windows a spin lock has to know
/// the IRQL (`nt`'s spin lock raises to `DISPATCH_LEVEL`); tests bring a mutex.
///
/// Everything in this crate holds a lock for a bounded time, says where it nests them, and calls nothing
/// foreign under one unless the call's documentation says so.
pub trait Lock<T> {
    /// A lock around `value`.
    fn new(value: T) -> Self;
    /// Runs `f` with the lock held.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// What shared tables need of the machine they run on: locks, and the number of the processor (so
/// that each has its own cache). Any `IRQL <= DISPATCH_LEVEL`.
pub trait Platform {
    /// The kind of lock.
    type Lock<T>: Lock<T>;
    /// The processor that runs this, as a small number. It may be stale at once: it only chooses
    /// which cache is used, never whether that is safe.
    fn processor(&self) -> usize;
}
