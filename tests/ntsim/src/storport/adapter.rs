//! One adapter: the FDO's state, its locks, its queue of requests.

use super::Miniport;
use super::lock::SpinLock;
use super::queue::Queue;
use super::request::Request;
use super::zeroed;
use crate::abi::*;
use crate::ke::{event, irql};
use crate::kernel::lock::Lock;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering::*};

/// The IRQL of an adapter without an interrupt of its own, for callbacks that are documented as DIRQL.
pub const NO_INTERRUPT_DIRQL: u8 = 5;

/// Where a unit is: bus, target, LUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// PathId.
    pub path: u8,
    /// TargetId.
    pub target: u8,
    /// Lun.
    pub lun: u8,
}

/// What is known of a unit.
pub struct Unit {
    /// Where it is.
    pub address: Address,
    /// Standard INQUIRY data.
    pub inquiry: Vec<u8>,
    /// Most requests at a time.
    pub depth: u32,
    /// Requests at the miniport.
    pub active: u32,
    /// StorPortPauseDevice, or busy until so many complete.
    pub paused: bool,
    /// StorPortDeviceBusy: completions still to come before the next request.
    pub busy: u32,
    /// The LU extension's address, 0 if none.
    pub extension: usize,
}

/// Phase of the adapter's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// AddDevice was called.
    Added,
    /// In HwFindAdapter.
    Finding,
    /// In HwInitialize or passive initialization.
    Initializing,
    /// Takes requests.
    Running,
    /// Stopped by PnP or power; requests wait.
    Stopped,
    /// Gone; requests fail.
    Removed,
}

/// An adapter.
pub struct Adapter {
    /// Functional device object.
    pub fdo: *mut DEVICE_OBJECT,
    /// Physical device object.
    pub pdo: *mut DEVICE_OBJECT,
    /// What the FDO is attached to.
    pub lower: *mut DEVICE_OBJECT,
    /// The driver.
    pub driver: *mut DRIVER_OBJECT,
    /// What its miniport registered.
    pub miniport: Miniport,
    extension: AtomicUsize,
    phase: AtomicU32,
    /// Configuration after HwFindAdapter.
    pub config: UnsafeCell<PORT_CONFIGURATION_INFORMATION>,
    /// Access ranges behind it.
    pub ranges: UnsafeCell<Vec<ACCESS_RANGE>>,
    /// The StartIo lock.
    pub start_io_lock: SpinLock,
    /// The interrupt lock.
    pub interrupt_lock: SpinLock,
    /// Channels that may be in HwStartIo at the same time; 1 unless performance options say more.
    pub channels: AtomicU32,
    /// Passive initialization routine, set in HwInitialize.
    pub passive_init: AtomicPtr<core::ffi::c_void>,
    /// Control types that the miniport supports.
    pub control: Lock<Vec<bool>>,
    /// Units by address.
    pub units: Lock<BTreeMap<Address, Unit>>,
    /// Requests waiting and outstanding.
    pub queue: Queue,
    /// The interrupt, if one is connected.
    pub interrupt: AtomicPtr<crate::ke::interrupt::Interrupt>,
    /// Level of the callbacks that are documented as DIRQL.
    pub dirql: AtomicU32,
    /// Memory from StorPortGetUncachedExtension.
    pub uncached: Lock<Vec<(usize, usize)>>,
    /// Timers, work items and pool of the extended functions.
    pub resources: Lock<super::extended::Resources>,
    /// BusChangeDetected was notified: scan again.
    pub rescan: AtomicBool,
    /// Set when something for the class layer happened (rescan, state change).
    pub changed: UnsafeCell<KEVENT>,
    /// State changes reported by StorPortStateChangeDetected: address (or all) and attributes.
    pub state_changes: Lock<Vec<(Option<Address>, u32)>>,
}

unsafe impl Send for Adapter {}
unsafe impl Sync for Adapter {}

impl Adapter {
    /// Makes the state for a new FDO.
    pub fn new(
        fdo: *mut DEVICE_OBJECT,
        pdo: *mut DEVICE_OBJECT,
        lower: *mut DEVICE_OBJECT,
        driver: *mut DRIVER_OBJECT,
        miniport: Miniport,
    ) -> &'static Self {
        let adapter: &'static Self = Box::leak(Box::new(Self {
            fdo,
            pdo,
            lower,
            driver,
            miniport,
            extension: AtomicUsize::new(0),
            phase: AtomicU32::new(Phase::Added as u32),
            config: UnsafeCell::new(PORT_CONFIGURATION_INFORMATION::default()),
            ranges: UnsafeCell::new(Vec::new()),
            start_io_lock: SpinLock::default(),
            interrupt_lock: SpinLock::default(),
            channels: AtomicU32::new(1),
            passive_init: AtomicPtr::default(),
            control: Lock::default(),
            units: Lock::default(),
            queue: Queue::default(),
            interrupt: AtomicPtr::default(),
            dirql: AtomicU32::new(u32::from(NO_INTERRUPT_DIRQL)),
            uncached: Lock::default(),
            resources: Lock::default(),
            rescan: AtomicBool::new(false),
            changed: UnsafeCell::new(zeroed()),
            state_changes: Lock::default(),
        }));
        unsafe { event::initialize(adapter.changed.get(), false, false) };
        adapter.queue.start(adapter);
        super::state().adapters.lock().push(adapter);
        adapter
    }

    /// HwDeviceExtension, 0 before the first start.
    pub fn extension(&self) -> usize {
        self.extension.load(Acquire)
    }

    /// As miniports take it.
    pub fn context(&self) -> *mut core::ffi::c_void {
        self.extension() as *mut core::ffi::c_void
    }

    /// Sets the device extension.
    pub fn set_extension(&self, at: usize) {
        self.extension.store(at, Release);
    }

    /// Phase of life.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Acquire) {
            0 => Phase::Added,
            1 => Phase::Finding,
            2 => Phase::Initializing,
            3 => Phase::Running,
            4 => Phase::Stopped,
            _ => Phase::Removed,
        }
    }

    /// Enters a phase.
    pub fn set_phase(&self, phase: Phase) {
        let name = match phase {
            Phase::Added => "Added",
            Phase::Finding => "Finding",
            Phase::Initializing => "Initializing",
            Phase::Running => "Running",
            Phase::Stopped => "Stopped",
            Phase::Removed => "Removed",
        };
        crate::coverage::enter(crate::coverage::Room::Storport, name);
        self.phase.store(phase as u32, Release);
    }

    /// The configuration; changed only during start.
    pub fn config(&self) -> &PORT_CONFIGURATION_INFORMATION {
        unsafe { &*self.config.get() }
    }

    /// Runs `f` as callbacks documented at DIRQL run: at that level, under the interrupt lock.
    pub fn at_dirql<R>(&self, f: impl FnOnce() -> R) -> R {
        let old = self.interrupt_lock.acquire(self.dirql.load(Acquire) as u8);
        let result = f();
        self.interrupt_lock.release(old);
        result
    }

    /// HwAdapterControl, if the miniport supports the type. Stop and restart come at DIRQL.
    pub fn adapter_control(
        &self,
        control: SCSI_ADAPTER_CONTROL_TYPE,
        parameters: *mut core::ffi::c_void,
    ) -> Option<bool> {
        let routine = self.miniport.data.HwAdapterControl?;
        if !self.control.lock().get(control as usize).copied().unwrap_or(false) {
            return None;
        }
        let call = || crate::call!("HwAdapterControl", routine, self.context(), control, parameters) == 0;
        Some(if matches!(control, ScsiStopAdapter | ScsiRestartAdapter | ScsiSetRunningConfig) {
            self.at_dirql(call)
        } else {
            call()
        })
    }

    /// Wakes the class layer.
    pub fn notify_class(&self) {
        unsafe { event::set(self.changed.get()) };
    }

    /// A unit's request slots by SRB address, for the miniport's completions.
    pub fn outstanding(&self, srb: usize) -> Option<Arc<Request>> {
        self.queue.find(srb)
    }

    /// Raises to DISPATCH_LEVEL for `f`.
    pub fn at_dispatch<R>(&self, f: impl FnOnce() -> R) -> R {
        let old = irql::raise(DISPATCH_LEVEL.max(irql::current()));
        let result = f();
        irql::lower(old);
        result
    }
}
