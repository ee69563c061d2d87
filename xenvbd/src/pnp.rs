//! PnP and power requests of our adapters, seen before Storport sees them.
//!
//! Storport tells a physical miniport about removal and power at DIRQL, where nothing can be closed.
//! So the driver object's dispatch routines for these two are ours; each passes its request on to
//! Storport's. A request for a device that is not one of our adapters (a disk's) is passed on unseen.
#![allow(unsafe_code, reason = "dispatch routines")]

use core::{
    mem::transmute,
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use nt::{irp::IoGetCurrentIrpStackLocation, sys::*};

use crate::miniport;

/// Adapters at once. There is one per machine; a second while one is on its way out.
const ADAPTERS: usize = 4;

struct Entry {
    device: AtomicPtr<DEVICE_OBJECT>,
    extension: AtomicPtr<c_void>,
}

static ENTRIES: [Entry; ADAPTERS] =
    [const { Entry { device: AtomicPtr::new(null_mut()), extension: AtomicPtr::new(null_mut()) } }; ADAPTERS];

type Dispatch = unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS;

/// Storport's routines.
static PNP: AtomicPtr<()> = AtomicPtr::new(null_mut());
static POWER: AtomicPtr<()> = AtomicPtr::new(null_mut());

type Unload = unsafe extern "win64" fn(*mut DRIVER_OBJECT);

static UNLOAD: AtomicPtr<()> = AtomicPtr::new(null_mut());

/// Puts our routines before Storport's. In DriverEntry, after StorPortInitialize.
pub fn hook(driver: &mut DRIVER_OBJECT) {
    if let Some(theirs) = driver.DriverUnload {
        UNLOAD.store(theirs as *mut (), Ordering::Release);
        driver.DriverUnload = Some(unload);
    }
    for (major, saved, ours) in
        [(IRP_MJ_PNP, &PNP, pnp as Dispatch), (IRP_MJ_POWER, &POWER, power as Dispatch)]
    {
        if let Some(slot) = driver.MajorFunction.get_mut(major as usize)
            && let Some(theirs) = *slot
        {
            saved.store(theirs as *mut (), Ordering::Release);
            *slot = Some(ours);
        }
    }
}

/// From now on `device`'s requests are looked at.
pub fn attach(device: *mut DEVICE_OBJECT, extension: *mut c_void) {
    for entry in &ENTRIES {
        if entry.device.compare_exchange(null_mut(), device, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            entry.extension.store(extension, Ordering::Release);
            return;
        }
    }
}

/// DriverUnload: the reserve of memory goes last. `PASSIVE_LEVEL`.
unsafe extern "win64" fn unload(driver: *mut DRIVER_OBJECT) {
    let routine = UNLOAD.load(Ordering::Acquire);
    // SAFETY: `hook` stored Storport's routine before ours could be called.
    let routine = unsafe { transmute::<*mut (), Unload>(routine) };
    // SAFETY: the I/O manager's argument.
    unsafe { routine(driver) };
    nt::reserve::destroy();
}

fn find(device: *mut DEVICE_OBJECT) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.device.load(Ordering::Acquire) == device)
}

/// Passes a request on to Storport.
///
/// # Safety
/// In a dispatch routine, with its arguments; the request is not touched afterwards.
unsafe fn pass_on(saved: &AtomicPtr<()>, device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let routine = saved.load(Ordering::Acquire);
    // SAFETY: `hook` stored a dispatch routine before ours could be called.
    let routine = unsafe { transmute::<*mut (), Dispatch>(routine) };
    // SAFETY: per contract.
    unsafe { routine(device, irp) }
}

/// IRP_MJ_PNP. `PASSIVE_LEVEL`.
unsafe extern "win64" fn pnp(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if let Some(entry) = find(device) {
        // SAFETY: the request is ours until it is passed on.
        let stack = unsafe { IoGetCurrentIrpStackLocation(irp) };
        // SAFETY: the current location, in place as long as the request is ours.
        let stack = unsafe { &*stack };
        let extension = entry.extension.load(Ordering::Acquire);
        match u32::from(stack.MinorFunction) {
            IRP_MN_REMOVE_DEVICE => {
                // SAFETY: the disks on the bus are gone: no I/O comes any more.
                unsafe { miniport::remove(extension) };
                entry.extension.store(null_mut(), Ordering::Release);
                entry.device.store(null_mut(), Ordering::Release);
            }
            IRP_MN_SURPRISE_REMOVAL => {
                // SAFETY: the extension of an attached adapter.
                unsafe { miniport::with_adapter(extension, crate::adapter::Adapter::stop) };
            }
            IRP_MN_DEVICE_USAGE_NOTIFICATION => {
                // SAFETY: the member for this minor function.
                let usage = unsafe { stack.Parameters.UsageNotification };
                let change = if usage.InPath != 0 { 1 } else { -1 };
                // SAFETY: the extension of an attached adapter.
                unsafe {
                    miniport::with_adapter(extension, |adapter| {
                        adapter.usage.fetch_add(change, Ordering::Relaxed);
                    });
                }
            }
            _ => {}
        }
    }
    // SAFETY: a dispatch routine's arguments.
    unsafe { pass_on(&PNP, device, irp) }
}

/// IRP_MJ_POWER. Possibly `DISPATCH_LEVEL`.
unsafe extern "win64" fn power(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if let Some(entry) = find(device) {
        // SAFETY: the request is ours until it is passed on.
        let stack = unsafe { IoGetCurrentIrpStackLocation(irp) };
        // SAFETY: the current location, in place as long as the request is ours.
        let stack = unsafe { &*stack };
        if u32::from(stack.MinorFunction) == IRP_MN_SET_POWER {
            // SAFETY: the member for this minor function.
            let parameters = unsafe { stack.Parameters.Power };
            let extension = entry.extension.load(Ordering::Acquire);
            if parameters.Type == SystemPowerState {
                // SAFETY: Type says which member of the union counts.
                let state = unsafe { parameters.State.SystemState };
                // SAFETY: the extension of an attached adapter.
                unsafe { miniport::with_adapter(extension, |adapter| adapter.system_power(state)) };
            } else if parameters.Type == DevicePowerState {
                // SAFETY: Type says which member of the union counts.
                let state = unsafe { parameters.State.DeviceState };
                // SAFETY: the extension of an attached adapter.
                unsafe {
                    miniport::with_adapter(extension, |adapter| {
                        if state == PowerDeviceD0 { adapter.power_up() } else { adapter.power_down() }
                    });
                }
            }
        }
    }
    // SAFETY: a dispatch routine's arguments.
    unsafe { pass_on(&POWER, device, irp) }
}
