//! Locks: a spin lock (`IRQL <= DISPATCH_LEVEL`) and a mutex for `PASSIVE_LEVEL`.

use core::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut},
};

use nt::{
    ke::lock::{Guard, SpinLock},
    sys::{KeEnterCriticalRegion, KeLeaveCriticalRegion},
};

use super::Event;

/// Data under a spin lock: `nt`'s, as the protocol's shared tables take it.
pub struct Spin<T>(SpinLock<T>);

impl<T> Spin<T> {
    /// A free lock.
    pub const fn new(data: T) -> Self {
        Self(SpinLock::new(data))
    }

    /// Takes the lock: `DISPATCH_LEVEL` until the guard is dropped. Not recursive.
    pub fn lock(&self) -> Guard<'_, T> {
        self.0.lock()
    }

    /// The data without the lock, for a crash dump, when no other processor runs.
    pub const fn peek(&self) -> *const T {
        self.0.as_ptr().cast_const()
    }
}

impl<T> xenbus::sync::Lock<T> for Spin<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.0.with(f)
    }
}

/// Data under a lock that may be held while waiting. `PASSIVE_LEVEL`; the holder runs in a critical
/// region, so that it cannot be suspended with the lock.
pub struct Mutex<T> {
    free: Event,
    data: UnsafeCell<T>,
}

#[expect(unsafe_code, reason = "the lock makes it so")]
// SAFETY: the data is only reached by whoever holds the lock.
unsafe impl<T: Send> Send for Mutex<T> {}
#[expect(unsafe_code, reason = "the lock makes it so")]
// SAFETY: as above.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A free lock.
    pub fn new(data: T) -> Self {
        Self { free: Event::synchronization(true), data: UnsafeCell::new(data) }
    }

    /// Takes the lock. Not recursive.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        // SAFETY: left in `drop` of the guard, in the same thread.
        unsafe { KeEnterCriticalRegion() };
        self.free.wait();
        MutexGuard(self)
    }
}

/// A held [`Mutex`].
pub struct MutexGuard<'a, T>(&'a Mutex<T>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[expect(unsafe_code, reason = "the guard proves the lock")]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[expect(unsafe_code, reason = "the guard proves the lock")]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        self.0.free.set();
        // SAFETY: entered in `lock`.
        unsafe { KeLeaveCriticalRegion() };
    }
}
