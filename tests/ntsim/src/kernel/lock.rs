//! The kernel's own lock.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Processor-local interrupt control for [`Lock`] on bare metal; the host has none.
pub struct LockHooks {
    /// Disables interrupts and returns the former flag.
    pub save: fn() -> bool,
    /// Restores the flag.
    pub restore: fn(bool),
}

static HOOKS: AtomicPtr<LockHooks> = AtomicPtr::new(core::ptr::null_mut());

/// Installs the hooks (bare metal, once, before the first lock).
pub fn set_lock_hooks(hooks: &'static LockHooks) {
    HOOKS.store(hooks as *const _ as *mut _, Ordering::Release);
}

fn hooks() -> Option<&'static LockHooks> {
    unsafe { HOOKS.load(Ordering::Acquire).as_ref() }
}

/// A spin lock around kernel state. Held for a few instructions only: never across a driver call, a
/// scheduling point or a wait. Without hooks (host: one thread) a held lock is a mistake of the
/// simulator and panics.
pub struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

unsafe impl<T: Send> Send for Lock<T> {}
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A new, free lock.
    pub const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Takes the lock.
    #[track_caller]
    pub fn lock(&self) -> LockGuard<'_, T> {
        let hooks = hooks();
        let flag = hooks.map(|h| (h.save)());
        while self.held.swap(true, Ordering::Acquire) {
            assert!(hooks.is_some(), "a kernel lock is taken while it is held (simulator error)");
            core::hint::spin_loop();
        }
        LockGuard { lock: self, flag }
    }

    /// Is it held? For reports, which may come at any point.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// The value, by exclusive access.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Access to a locked value.
pub struct LockGuard<'a, T> {
    lock: &'a Lock<T>,
    flag: Option<bool>,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.held.store(false, Ordering::Release);
        if let (Some(flag), Some(h)) = (self.flag, hooks()) {
            (h.restore)(flag);
        }
    }
}
