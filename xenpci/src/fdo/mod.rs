//! The bus: the function device object of the PCI device.

mod pnp;
mod power;
mod relations;
mod requirements;

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nt::sys::{
    DEVICE_OBJECT, DO_BUFFERED_IO, DO_DIRECT_IO, DO_POWER_PAGABLE, DRIVER_OBJECT,
    IoAttachDeviceToDeviceStack, IoInvalidateDeviceRelations, NTSTATUS, STATUS_NO_SUCH_DEVICE,
};

use crate::{
    device::{self, Behind},
    doors::Interface,
    irp::Irp,
    os::{Mutex, RemoveLock, Spin, WorkQueue},
    pdo::{Kind, Pdo},
    platform::Platform,
};

/// Where the bus is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    NotStarted,
    Started,
    StopPending,
    Stopped,
    RemovePending,
    Surprised,
    Removed,
}

#[derive(Clone, Copy)]
struct States {
    now: State,
    before: State,
}

/// The bus.
pub struct Fdo {
    objects: Objects,
    states: Spin<States>,
    lock: RemoveLock,
    /// The children that exist, whether reported or not.
    children: Mutex<Vec<Arc<Pdo>>>,
    /// Xen, while started. Taken down and built up under `starting`.
    platform: Spin<Option<Arc<Platform>>>,
    starting: Mutex<()>,
    /// Carries out what has to be done at PASSIVE_LEVEL: power transitions.
    worker: Spin<Option<Arc<WorkQueue>>>,
    usage: [AtomicU32; 3],
    asleep: AtomicBool,
    /// The way in for user mode, while started.
    door: Spin<Option<Interface>>,
}

/// The device objects: ours, the one below, that of the PCI driver, and the driver.
struct Objects {
    device: *mut DEVICE_OBJECT,
    lower: *mut DEVICE_OBJECT,
    physical: *mut DEVICE_OBJECT,
    driver: *mut DRIVER_OBJECT,
}

#[expect(unsafe_code, reason = "kernel objects")]
// SAFETY: device and driver objects may be used from any thread; the pointers never change.
unsafe impl Send for Objects {}
#[expect(unsafe_code, reason = "kernel objects")]
// SAFETY: as above.
unsafe impl Sync for Objects {}

impl Fdo {
    /// `AddDevice`: makes the bus's device object and attaches it. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The status of what failed; nothing is left behind.
    ///
    /// # Safety
    /// Called with `AddDevice`'s parameters.
    #[expect(unsafe_code, reason = "makes a device object")]
    pub unsafe fn add(driver: *mut DRIVER_OBJECT, physical: *mut DEVICE_OBJECT) -> Result<(), NTSTATUS> {
        let worker = Arc::new(WorkQueue::new()?);
        // SAFETY: the caller's promise.
        let device = unsafe { device::create(driver, device::BUS_EXTENDER, false) }?;
        // SAFETY: both are live device objects.
        let lower = unsafe { IoAttachDeviceToDeviceStack(device, physical) };
        if lower.is_null() {
            // SAFETY: just made, attached to nothing.
            unsafe { device::delete(device) };
            return Err(STATUS_NO_SUCH_DEVICE);
        }
        let fdo = Arc::new(Self {
            objects: Objects { device, lower, physical, driver },
            states: Spin::new(States { now: State::NotStarted, before: State::NotStarted }),
            lock: RemoveLock::new(),
            children: Mutex::new(Vec::new()),
            platform: Spin::new(None),
            starting: Mutex::new(()),
            worker: Spin::new(Some(worker)),
            usage: [const { AtomicU32::new(0) }; 3],
            asleep: AtomicBool::new(false),
            door: Spin::new(None),
        });
        // Those of the device below. Pageable until a paging file needs the bus; no code of ours is.
        // SAFETY: a live device object.
        let flags = unsafe { (*lower).Flags } & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        // SAFETY: just made.
        unsafe { device::open_up(device, Behind::Fdo(fdo), flags) };
        Ok(())
    }

    /// The driver object.
    pub fn driver(&self) -> *mut DRIVER_OBJECT {
        self.objects.driver
    }

    /// The driver stays loaded until the next boot: memory of its is the hypervisor's.
    #[expect(unsafe_code, reason = "writes to the driver object")]
    pub fn keep_driver(&self) {
        // SAFETY: our driver object; the I/O manager looks at this when the last device has gone.
        unsafe { (*self.objects.driver).DriverUnload = None };
    }

    /// The PCI driver's device object.
    pub fn physical(&self) -> *mut DEVICE_OBJECT {
        self.objects.physical
    }

    /// The device below.
    pub fn lower(&self) -> *mut DEVICE_OBJECT {
        self.objects.lower
    }

    /// Our device object.
    pub fn device(&self) -> *mut DEVICE_OBJECT {
        self.objects.device
    }

    /// Xen, while the bus is started.
    pub fn platform(&self) -> Option<Arc<Platform>> {
        self.platform.lock().clone()
    }

    /// Takes the remove lock.
    pub(crate) fn acquire(&self) -> Result<(), NTSTATUS> {
        self.lock.acquire()
    }

    /// Releases it.
    pub(crate) fn release(&self) {
        self.lock.release();
    }

    fn state(&self) -> State {
        self.states.lock().now
    }

    fn set_state(&self, state: State) {
        let mut states = self.states.lock();
        states.before = states.now;
        states.now = state;
    }

    fn cancel(&self, from: State) {
        let mut states = self.states.lock();
        if states.now == from {
            states.now = states.before;
        }
    }

    /// Passes a request down that is none of ours.
    pub fn pass_down(&self, irp: Irp) -> NTSTATUS {
        if let Err(status) = self.lock.acquire() {
            return irp.complete(status);
        }
        let status = irp.pass(self.objects.lower);
        self.lock.release();
        status
    }

    /// True while a paging, dump or hibernation file lies on a disk of ours.
    fn in_paging_path(&self) -> bool {
        self.usage.iter().any(|count| count.load(Ordering::Relaxed) != 0)
    }

    /// Runs `change` on the list of children and, if it says so, asks PnP to enumerate again.
    pub fn change_children(&self, change: impl FnOnce(&mut Vec<Arc<Pdo>>) -> bool) {
        let changed = change(&mut self.children.lock());
        if changed {
            self.invalidate();
        }
    }

    /// Asks PnP to enumerate again. `IRQL <= DISPATCH_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn invalidate(&self) {
        // SAFETY: the PCI driver's object, alive while this bus is attached to it.
        unsafe { IoInvalidateDeviceRelations(self.objects.physical, nt::sys::BusRelations) };
    }

    /// A child is being deleted.
    pub fn forget(&self, child: &Arc<Pdo>) {
        self.children.lock().retain(|other| !Arc::ptr_eq(other, child));
        // Its number is free again: look whether it was plugged anew meanwhile.
        if let Some(platform) = self.platform() {
            platform.rescan();
        }
    }

    /// A child was ejected by its user or on the host's wish.
    pub fn ejected(&self, kind: Kind) {
        if let Some(platform) = self.platform() {
            platform.log.line(&alloc::format!("{} was ejected", kind.path()));
        }
        self.invalidate();
    }

    /// The children that exist.
    pub fn children(&self) -> Vec<Arc<Pdo>> {
        self.children.lock().clone()
    }
}
