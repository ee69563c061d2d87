//! Spin locks. A guard holds the lock *and* the IRQL, so that neither is given back without the
//! other, and the value is reachable only through a guard.

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::sys::*;

/// A value behind a spin lock. It may not move while the lock is held (the borrow sees to it).
pub struct SpinLock<T: ?Sized> {
    // Zero is what KeInitializeSpinLock stores.
    word: UnsafeCell<KSPIN_LOCK>,
    value: UnsafeCell<T>,
}

// SAFETY: the lock lets one processor at a time reach the value.
unsafe impl<T: ?Sized + Send> Sync for SpinLock<T> {}
// SAFETY: as sending the value; an unlocked lock word is plain data.
unsafe impl<T: ?Sized + Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { word: UnsafeCell::new(0), value: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Raises to DISPATCH_LEVEL and takes the lock. IRQL ≤ DISPATCH_LEVEL; the calling processor
    /// does not hold this lock. Guards are dropped in reverse order of locking.
    pub fn lock(&self) -> Guard<'_, T> {
        // SAFETY: the word is a spin lock that lives as long as `self`.
        let old = unsafe { KeAcquireSpinLockRaiseToDpc(self.word.get()) };
        Guard { lock: self, old: Some(old), _thread: core::marker::PhantomData }
    }

    /// Takes the lock when the caller is at DISPATCH_LEVEL already: in DPCs and under other locks.
    pub fn lock_at_dispatch(&self) -> Guard<'_, T> {
        // SAFETY: the word is a spin lock that lives as long as `self`.
        unsafe { KeAcquireSpinLockAtDpcLevel(self.word.get()) };
        Guard { lock: self, old: None, _thread: core::marker::PhantomData }
    }

    /// Runs `f` with the lock held. IRQL ≤ DISPATCH_LEVEL.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock())
    }

    /// The value's address, for code that runs when nothing else does any more (bug check
    /// callbacks): a lock may be held by a processor that was stopped.
    pub const fn as_ptr(&self) -> *mut T {
        self.value.get()
    }
}

impl<T: Default> Default for SpinLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpinLock")
    }
}

/// The right to use the value; gives back lock and IRQL when dropped.
pub struct Guard<'a, T: ?Sized> {
    lock: &'a SpinLock<T>,
    /// The IRQL to go back to, if taking the lock raised it.
    old: Option<KIRQL>,
    // Belongs to the processor: may not go to another thread.
    _thread: core::marker::PhantomData<*mut ()>,
}

impl<T: ?Sized> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        match self.old {
            // SAFETY: this processor holds the lock and came from that IRQL.
            Some(old) => unsafe { KeReleaseSpinLock(self.lock.word.get(), old) },
            // SAFETY: this processor holds the lock and was at DISPATCH_LEVEL before.
            None => unsafe { KeReleaseSpinLockFromDpcLevel(self.lock.word.get()) },
        }
    }
}
