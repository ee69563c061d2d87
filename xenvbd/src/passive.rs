//! A lock for control paths: holders sleep, block and call xenstore. `PASSIVE_LEVEL` only.
#![allow(unsafe_code, reason = "a lock")]

use core::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, Ordering},
};

use xenpci_interface::Client;

/// How long a waiter sleeps between two tries: control paths are rare and not in a hurry.
const NAP: u64 = 1_000_000;

/// See the module.
pub struct PassiveLock<T> {
    client: Client,
    taken: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: the data is reached by whoever has the lock only.
unsafe impl<T: Send> Send for PassiveLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for PassiveLock<T> {}

impl<T> PassiveLock<T> {
    /// A lock that is free.
    pub fn new(client: &Client, data: T) -> Self {
        Self { client: client.clone(), taken: AtomicBool::new(false), data: UnsafeCell::new(data) }
    }

    /// Takes the lock; its holders are bounded, so this is.
    pub fn lock(&self) -> Guard<'_, T> {
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            self.client.sleep(NAP);
        }
    }

    /// Takes the lock if it is free. Any IRQL, if the guard is then used at `PASSIVE_LEVEL`.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        (!self.taken.swap(true, Ordering::Acquire)).then(|| Guard { owner: self })
    }
}

/// The lock is held as long as this lives.
pub struct Guard<'a, T> {
    owner: &'a PassiveLock<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.owner.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held.
        unsafe { &mut *self.owner.data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.owner.taken.store(false, Ordering::Release);
    }
}
