//! A child of the bus: the storage adapter, or a network interface.

mod caps;
pub mod ids;
mod pnp;
mod power;

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nt::sys::{DEVICE_OBJECT, DO_BUS_ENUMERATED_DEVICE, DO_POWER_PAGABLE, NTSTATUS, ObfReferenceObject};

use crate::{
    device::{self, Behind},
    fdo::Fdo,
    os::{RemoveLock, Spin},
};

pub use ids::Kind;

/// Where the child is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made, or removed by Windows while the hardware is still there.
    NotStarted,
    /// Started.
    Started,
    /// Asked whether it may stop.
    StopPending,
    /// Stopped for new resources.
    Stopped,
    /// Asked whether it may be removed.
    RemovePending,
    /// Surprise-removed: waits for the remove.
    Surprised,
    /// Removed and about to be deleted.
    Deleted,
}

/// The states: the present one, and that before a query (which a cancel restores).
#[derive(Clone, Copy)]
struct States {
    now: State,
    before: State,
    /// Not reported any more: the hardware is gone.
    missing: bool,
}

/// A child.
pub struct Pdo {
    /// What it is.
    pub kind: Kind,
    /// The bus. Weak: the bus lists its children.
    pub bus: Weak<Fdo>,
    device: Spin<DeviceObject>,
    states: Spin<States>,
    lock: RemoveLock,
    /// Paging, dump and hibernation files below which the child is.
    usage: [AtomicU32; 3],
    /// The driver asked for ejection, for a failed state, or was surprise-removed.
    pub failed: AtomicBool,
    /// Windows was asked to let the device go.
    asked: AtomicBool,
    /// What the child has of the interface: released when it goes.
    pub holdings: crate::iface::Holdings,
}

struct DeviceObject(*mut DEVICE_OBJECT);

#[expect(unsafe_code, reason = "a device object of this driver")]
// SAFETY: device objects may be used from any thread.
unsafe impl Send for DeviceObject {}

impl Pdo {
    /// Makes a child and its device object. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The status of the device's creation.
    #[expect(unsafe_code, reason = "makes a device object")]
    pub fn create(bus: &Arc<Fdo>, kind: Kind) -> Result<Arc<Self>, NTSTATUS> {
        // SAFETY: the bus has this driver's object.
        let device = unsafe { device::create(bus.driver(), device::UNKNOWN, true) }?;
        let pdo = Arc::new(Self {
            kind,
            bus: Arc::downgrade(bus),
            device: Spin::new(DeviceObject(device)),
            states: Spin::new(States { now: State::NotStarted, before: State::NotStarted, missing: false }),
            lock: RemoveLock::new(),
            usage: [const { AtomicU32::new(0) }; 3],
            failed: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            holdings: crate::iface::Holdings::new(),
        });
        let flags = DO_BUS_ENUMERATED_DEVICE | DO_POWER_PAGABLE;
        // SAFETY: just made.
        unsafe { device::open_up(device, Behind::Pdo(Arc::clone(&pdo)), flags) };
        Ok(pdo)
    }

    /// The device object; null once it was deleted.
    pub fn device(&self) -> *mut DEVICE_OBJECT {
        self.device.lock().0
    }

    /// The state.
    pub fn state(&self) -> State {
        self.states.lock().now
    }

    fn set_state(&self, state: State) {
        let mut states = self.states.lock();
        states.before = states.now;
        states.now = state;
    }

    /// Back to the state before `from`, if that is the present one.
    fn cancel(&self, from: State) {
        let mut states = self.states.lock();
        if states.now == from {
            states.now = states.before;
        }
    }

    /// Not reported to Windows any more.
    pub fn set_missing(&self) {
        self.states.lock().missing = true;
    }

    /// True when it is not reported any more.
    pub fn is_missing(&self) -> bool {
        self.states.lock().missing
    }

    /// True when it was asked to leave before; it is from now on.
    pub fn asked_to_leave(&self) -> bool {
        self.asked.swap(true, Ordering::AcqRel)
    }

    /// A reference of the device object for a relation list, which PnP releases.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn referenced_device(&self) -> Option<*mut DEVICE_OBJECT> {
        let device = self.device.lock();
        if device.0.is_null() {
            return None;
        }
        // SAFETY: alive: it is only deleted after it was taken out of here under the lock.
        unsafe { ObfReferenceObject(device.0.cast()) };
        Some(device.0)
    }

    /// Deletes the device object, once. The child must not be reported any more.
    #[expect(unsafe_code, reason = "deletes the device object")]
    pub fn delete(&self) {
        self.set_state(State::Deleted);
        let device = core::mem::replace(&mut *self.device.lock(), DeviceObject(core::ptr::null_mut()));
        if !device.0.is_null() {
            // SAFETY: taken out above, so only once; nothing of ours uses it any more.
            unsafe { device::delete(device.0) };
        }
    }

    /// True while a paging, dump or hibernation file lies below the child.
    pub fn in_paging_path(&self) -> bool {
        self.usage.iter().any(|count| count.load(Ordering::Relaxed) != 0)
    }

    /// A child of the bus may page only while no such file needs it.
    #[expect(unsafe_code, reason = "writes to the device object")]
    fn update_pagable(&self) {
        let pagable = !self.in_paging_path();
        let device = self.device.lock();
        if !device.0.is_null() {
            // SAFETY: alive, see `referenced_device`.
            unsafe { device::set_pagable(device.0, pagable) };
        }
    }
}
