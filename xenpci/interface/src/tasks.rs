//! Locks, timers, work and signals, so that a miniport need not import them.

use alloc::boxed::Box;
use core::{
    cell::UnsafeCell,
    ffi::c_void,
    ops::{Deref, DerefMut},
};

use crate::{
    abi::{Callback, Handle},
    client::Client,
    status::Status,
};

/// Data under an NT spin lock. Taking it raises to `DISPATCH_LEVEL`; not recursive.
pub struct SpinLock<T> {
    client: Client,
    lock: UnsafeCell<usize>,
    data: UnsafeCell<T>,
}

#[expect(unsafe_code, reason = "the lock makes it so")]
// SAFETY: the data is only reached by whoever holds the lock.
unsafe impl<T: Send> Send for SpinLock<T> {}
#[expect(unsafe_code, reason = "the lock makes it so")]
// SAFETY: the data is only reached by whoever holds the lock.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A free lock around `data`. Lives in nonpaged memory.
    pub fn new(client: &Client, data: T) -> Self {
        Self { client: client.clone(), lock: UnsafeCell::new(0), data: UnsafeCell::new(data) }
    }

    /// The data, past the lock: for debug dumps while the machine crashes with locks held. What is read
    /// may be torn; nothing may be written.
    pub const fn as_ptr(&self) -> *const T {
        self.data.get()
    }

    /// Takes the lock. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn lock(&self) -> LockGuard<'_, T> {
        let t = self.client.table();
        // SAFETY: the word is only used as a spin lock and outlives the guard.
        let irql = unsafe { (t.lock_acquire)(t.context, self.lock.get()) };
        LockGuard { owner: self, irql }
    }
}

/// A held [`SpinLock`].
pub struct LockGuard<'a, T> {
    owner: &'a SpinLock<T>,
    irql: u8,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;
    #[expect(unsafe_code, reason = "the guard proves the lock")]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard lives.
        unsafe { &*self.owner.data.get() }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    #[expect(unsafe_code, reason = "the guard proves the lock")]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held as long as the guard lives.
        unsafe { &mut *self.owner.data.get() }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        let t = self.owner.client.table();
        // SAFETY: taken by `lock` with this IRQL, released once.
        unsafe { (t.lock_release)(t.context, self.owner.lock.get(), self.irql) }
    }
}

type Task = Box<dyn Fn() + Send + Sync>;

#[expect(unsafe_code, reason = "callback from xenpci")]
unsafe extern "win64" fn run(argument: *mut c_void) {
    // SAFETY: `argument` is the task's box, freed only after the handle was destroyed.
    let task = unsafe { &*argument.cast::<Task>() };
    task();
}

type Create = unsafe extern "win64" fn(*mut c_void, Callback, *mut c_void, *mut Handle) -> Status;
type Destroy = unsafe extern "win64" fn(*mut c_void, Handle);

/// What timers and work have in common: a handle and the closure behind it.
struct Owned {
    client: Client,
    handle: Handle,
    task: *mut Task,
    destroy: Destroy,
}

#[expect(unsafe_code, reason = "the closure is Send + Sync, the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Owned {}
#[expect(unsafe_code, reason = "the closure is Send + Sync, the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Sync for Owned {}

impl Owned {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn new(client: &Client, create: Create, destroy: Destroy, task: Task) -> Result<Self, Status> {
        let task = Box::into_raw(Box::new(task));
        let mut handle: Handle = core::ptr::null_mut();
        // SAFETY: `task` stays valid until the handle is destroyed.
        let status = unsafe { create(client.table().context, run, task.cast(), &raw mut handle) };
        if let Err(status) = status.ok() {
            // SAFETY: the creation failed, so nobody else has the box.
            drop(unsafe { Box::from_raw(task) });
            return Err(status);
        }
        Ok(Self { client: client.clone(), handle, task, destroy })
    }
}

impl Drop for Owned {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        // SAFETY: the handle came from `create` and is destroyed once.
        unsafe { (self.destroy)(self.client.table().context, self.handle) };
        // SAFETY: destroying has waited for the callback: nobody else has the box.
        drop(unsafe { Box::from_raw(self.task) });
    }
}

/// A one-shot timer whose closure runs in a DPC. Dropped at `PASSIVE_LEVEL`, not by its closure.
pub struct Timer(Owned);

impl Timer {
    /// Makes a timer that is not set.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`], [`Status::CLOSED`].
    pub fn new(client: &Client, fire: impl Fn() + Send + Sync + 'static) -> Result<Self, Status> {
        let t = client.table();
        Owned::new(client, t.timer_create, t.timer_destroy, Box::new(fire)).map(Self)
    }

    /// Fires once in `nanoseconds`; replaces an earlier setting. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn set(&self, nanoseconds: u64) {
        let t = self.0.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.timer_set)(t.context, self.0.handle, nanoseconds) }
    }

    /// Does not fire any more; the closure may still be running. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn cancel(&self) {
        let t = self.0.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.timer_cancel)(t.context, self.0.handle) }
    }
}

/// A closure that runs at `PASSIVE_LEVEL` in a system thread when queued. Dropped at
/// `PASSIVE_LEVEL`, not by its closure.
pub struct Work(Owned);

impl Work {
    /// Makes a piece of work that is not queued.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`], [`Status::CLOSED`].
    pub fn new(client: &Client, work: impl Fn() + Send + Sync + 'static) -> Result<Self, Status> {
        let t = client.table();
        Owned::new(client, t.work_create, t.work_destroy, Box::new(work)).map(Self)
    }

    /// Queues it. `IRQL <= DISPATCH_LEVEL`. Queued while it runs, it runs again.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn queue(&self) {
        let t = self.0.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.work_queue)(t.context, self.0.handle) }
    }
}

/// Something to wait for.
pub struct Signal {
    client: Client,
    handle: Handle,
}

#[expect(unsafe_code, reason = "the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Signal {}
#[expect(unsafe_code, reason = "the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Sync for Signal {}

impl Signal {
    /// Makes a signal that is not set.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn new(client: &Client) -> Result<Self, Status> {
        let t = client.table();
        let mut handle: Handle = core::ptr::null_mut();
        // SAFETY: `handle` outlives the call.
        unsafe { (t.signal_create)(t.context, &raw mut handle) }.ok()?;
        Ok(Self { client: client.clone(), handle })
    }

    /// Sets it: everybody who waits goes on. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn set(&self) {
        let t = self.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.signal_set)(t.context, self.handle) }
    }

    /// Unsets it. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn clear(&self) {
        let t = self.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.signal_clear)(t.context, self.handle) }
    }

    /// Waits at most `nanoseconds`; true when it is set. `PASSIVE_LEVEL`.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn wait(&self, nanoseconds: u64) -> bool {
        let t = self.client.table();
        // SAFETY: the handle is alive.
        unsafe { (t.signal_wait)(t.context, self.handle, nanoseconds) }.is_ok()
    }
}

impl Drop for Signal {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        let t = self.client.table();
        // SAFETY: the handle came from `signal_create` and is destroyed once.
        unsafe { (t.signal_destroy)(t.context, self.handle) }
    }
}
