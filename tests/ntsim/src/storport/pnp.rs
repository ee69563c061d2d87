//! What storport.sys makes of a miniport's driver object: AddDevice, PnP, power, and what it passes on.
//!
//! A miniport may replace dispatch entries after StorPortInitialize and call these in turn.

use alloc::boxed::Box;

use super::adapter::{Adapter, Phase};
use super::zeroed;
use super::{configure, state};
use crate::abi::*;
use crate::io::{device, glue, irp, stack};
use crate::ke::event;
use crate::po;

/// Sets a miniport's driver object up.
pub unsafe fn take_over(driver: *mut DRIVER_OBJECT) {
    let table = &mut (*driver).MajorFunction;
    table[IRP_MJ_PNP as usize] = Some(dispatch_pnp);
    table[IRP_MJ_POWER as usize] = Some(dispatch_power);
    table[IRP_MJ_SYSTEM_CONTROL as usize] = Some(pass_down);
    table[IRP_MJ_CREATE as usize] = Some(succeed);
    table[IRP_MJ_CLOSE as usize] = Some(succeed);
    table[IRP_MJ_CLEANUP as usize] = Some(succeed);
    table[IRP_MJ_DEVICE_CONTROL as usize] = Some(unsupported);
    table[IRP_MJ_INTERNAL_DEVICE_CONTROL as usize] = Some(unsupported);
    (*(*driver).DriverExtension).AddDevice = Some(add_device);
    (*driver).DriverUnload = Some(unload);
}

unsafe extern "win64" fn add_device(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    let Some(miniport) = state().miniports.lock().get(&(driver as usize)).copied() else {
        return STATUS_NO_SUCH_DEVICE;
    };
    let fdo = match device::create(driver, 8, None, FILE_DEVICE_CONTROLLER, FILE_DEVICE_SECURE_OPEN, false) {
        Ok(fdo) => fdo,
        Err(status) => return status,
    };
    let lower = device::attach(fdo, pdo);
    if lower.is_null() {
        device::delete(fdo);
        return STATUS_NO_SUCH_DEVICE;
    }
    let adapter = Adapter::new(fdo, pdo, lower, driver, miniport);
    *((*fdo).DeviceExtension as *mut usize) = core::ptr::from_ref(adapter) as usize;
    (*fdo).Flags |= DO_DIRECT_IO | ((*lower).Flags & DO_POWER_PAGABLE);
    (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
    STATUS_SUCCESS
}

/// The adapter behind an FDO.
pub unsafe fn adapter_of(fdo: *mut DEVICE_OBJECT) -> &'static Adapter {
    &*(*((*fdo).DeviceExtension as *const usize) as *const Adapter)
}

unsafe extern "win64" fn unload(driver: *mut DRIVER_OBJECT) {
    state().miniports.lock().remove(&(driver as usize));
}

unsafe fn finish(irp: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    let information = (*irp).IoStatus.Information as u64;
    stack::set_status(irp, status, information);
    irp::complete(irp, 0);
    status
}

unsafe extern "win64" fn succeed(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    finish(irp, STATUS_SUCCESS)
}

unsafe extern "win64" fn unsupported(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    finish(irp, STATUS_INVALID_DEVICE_REQUEST)
}

/// IoSkipCurrentIrpStackLocation and on to the lower device.
unsafe extern "win64" fn pass_down(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let location = (*irp).CurrentLocation + 1;
    stack::set_current(irp, location);
    irp::call_driver(adapter_of(fdo).lower, irp)
}

unsafe extern "win64" fn signal(_: *mut DEVICE_OBJECT, _: *mut IRP, context: PVOID) -> NTSTATUS {
    event::set(context as *mut KEVENT);
    STATUS_MORE_PROCESSING_REQUIRED
}

/// Sends the IRP down and waits until it comes back; it is still ours then. PASSIVE_LEVEL.
unsafe fn forward(adapter: &Adapter, irp: *mut IRP) -> NTSTATUS {
    let mut done: KEVENT = zeroed();
    event::initialize(&mut done, false, false);
    let next = stack::next(irp);
    core::ptr::copy_nonoverlapping(stack::current(irp), next, 1);
    (*next).CompletionRoutine = Some(signal);
    (*next).Context = (&raw mut done).cast();
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    let status = irp::call_driver(adapter.lower, irp);
    if status == STATUS_PENDING {
        glue::wait_event((&raw mut done).cast());
    }
    stack::status(irp)
}

unsafe extern "win64" fn dispatch_pnp(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let adapter = adapter_of(fdo);
    let location = stack::current(irp);
    match u32::from((*location).MinorFunction) {
        IRP_MN_START_DEVICE => {
            let allocated = (*location).Parameters.StartDevice.AllocatedResourcesTranslated;
            let mut status = forward(adapter, irp);
            if stack::is_success(status) {
                status = configure::start(adapter, allocated);
            }
            if stack::is_success(status) {
                adapter.notify_class();
            }
            finish(irp, status)
        }
        IRP_MN_STOP_DEVICE => {
            stop(adapter, Phase::Stopped);
            stack::set_status(irp, STATUS_SUCCESS, 0);
            pass_down(fdo, irp)
        }
        IRP_MN_SURPRISE_REMOVAL => {
            adapter.adapter_control(ScsiAdapterSurpriseRemoval, core::ptr::null_mut());
            stop(adapter, Phase::Removed);
            stack::set_status(irp, STATUS_SUCCESS, 0);
            pass_down(fdo, irp)
        }
        IRP_MN_REMOVE_DEVICE => {
            stop(adapter, Phase::Removed);
            stack::set_status(irp, STATUS_SUCCESS, 0);
            let status = pass_down(fdo, irp);
            release(adapter);
            device::detach(adapter.lower);
            device::delete(fdo);
            status
        }
        IRP_MN_QUERY_STOP_DEVICE
        | IRP_MN_CANCEL_STOP_DEVICE
        | IRP_MN_QUERY_REMOVE_DEVICE
        | IRP_MN_CANCEL_REMOVE_DEVICE => {
            stack::set_status(irp, STATUS_SUCCESS, 0);
            pass_down(fdo, irp)
        }
        // Usage notifications, capabilities, resource requirements, relations: the bus below answers.
        _ => pass_down(fdo, irp),
    }
}

/// Stops the adapter: no new requests, those at the miniport come back, then ScsiStopAdapter.
fn stop(adapter: &'static Adapter, phase: Phase) {
    let was = adapter.phase();
    adapter.set_phase(phase);
    if was == Phase::Running {
        // Bounded: a miniport that does not return its requests is found by the class layer's time-outs.
        for _ in 0..100 {
            if adapter.queue.active() == 0 {
                break;
            }
            super::scan::sleep(100);
        }
        adapter.adapter_control(ScsiStopAdapter, core::ptr::null_mut());
        configure::disconnect(adapter);
    }
    if phase == Phase::Removed {
        adapter.queue.kick(adapter);
        adapter.notify_class();
    }
}

/// Frees what the adapter had.
fn release(adapter: &'static Adapter) {
    adapter.resources.lock().release();
    for (at, pages) in adapter.uncached.lock().drain(..) {
        crate::kernel().mm.free_mapped(at, pages);
    }
    for unit in adapter.units.lock().values() {
        if unit.extension != 0 {
            glue::pool_free(unit.extension as *mut u8);
        }
    }
    adapter.units.lock().clear();
    state().adapters.lock().retain(|other| !core::ptr::eq(*other, adapter));
    if adapter.extension() != 0 {
        glue::pool_free(adapter.extension() as *mut u8);
    }
}

unsafe extern "win64" fn powered(_: *mut DEVICE_OBJECT, irp: *mut IRP, context: PVOID) -> NTSTATUS {
    if (*irp).PendingReturned != 0 {
        (*stack::current(irp)).Control |= SL_PENDING_RETURNED as u8;
    }
    let adapter = &*(context as *const Adapter);
    if stack::is_success(stack::status(irp)) && adapter.phase() == Phase::Stopped {
        // D0 again: configuration is kept if the miniport can restart, else found anew.
        if adapter.adapter_control(ScsiRestartAdapter, core::ptr::null_mut()) == Some(true) {
            adapter.set_phase(Phase::Running);
            adapter.queue.kick(adapter);
        }
    }
    STATUS_SUCCESS
}

/// A system power request of an adapter, for which the device's is under way.
struct SystemRequest {
    adapter: &'static Adapter,
    irp: *mut IRP,
    up: bool,
}

/// Storport owns the power policy of its adapters: a device request for every system request. Down: before the system
/// request is passed on; up: after it was.
unsafe fn system_power(fdo: *mut DEVICE_OBJECT, irp: *mut IRP, up: bool) -> NTSTATUS {
    let adapter = adapter_of(fdo);
    (*stack::current(irp)).Control |= SL_PENDING_RETURNED as u8;
    if up {
        let next = stack::next(irp);
        core::ptr::copy_nonoverlapping(stack::current(irp), next, 1);
        (*next).CompletionRoutine = Some(system_up);
        (*next).Context = core::ptr::from_ref(adapter) as PVOID;
        (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
        irp::call_driver(adapter.lower, irp);
    } else {
        request_device(adapter, irp, PowerDeviceD3, false);
    }
    STATUS_PENDING
}

unsafe extern "win64" fn system_up(_: *mut DEVICE_OBJECT, irp: *mut IRP, context: PVOID) -> NTSTATUS {
    request_device(&*(context as *const Adapter), irp, PowerDeviceD0, true);
    STATUS_MORE_PROCESSING_REQUIRED
}

unsafe fn request_device(adapter: &'static Adapter, irp: *mut IRP, state: i32, up: bool) {
    let context = Box::into_raw(Box::new(SystemRequest { adapter, irp, up })).cast();
    let minor = IRP_MN_SET_POWER as u8;
    let status = po::request(adapter.pdo, minor, state, Some(device_done), context, core::ptr::null_mut());
    if status != STATUS_PENDING {
        end_system(*Box::from_raw(context.cast::<SystemRequest>()), status);
    }
}

unsafe extern "win64" fn device_done(
    _: *mut DEVICE_OBJECT,
    _: u8,
    _: POWER_STATE,
    context: PVOID,
    block: *mut IO_STATUS_BLOCK,
) {
    end_system(*Box::from_raw(context.cast::<SystemRequest>()), (*block).__bindgen_anon_1.Status);
}

unsafe fn end_system(request: SystemRequest, status: NTSTATUS) {
    let SystemRequest { adapter, irp, up } = request;
    if up || !stack::is_success(status) {
        finish(irp, status);
    } else {
        // Not skipped: the location that is marked pending is ours.
        let next = stack::next(irp);
        core::ptr::copy_nonoverlapping(stack::current(irp), next, 1);
        (*next).CompletionRoutine = None;
        (*next).Control = 0;
        irp::call_driver(adapter.lower, irp);
    }
}

unsafe extern "win64" fn dispatch_power(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let adapter = adapter_of(fdo);
    let location = stack::current(irp);
    let power = &(*location).Parameters.Power;
    if u32::from((*location).MinorFunction) != IRP_MN_SET_POWER {
        return pass_down(fdo, irp);
    }
    if power.Type == SystemPowerState {
        return system_power(fdo, irp, power.State.SystemState == PowerSystemWorking);
    }
    if power.State.DeviceState != PowerDeviceD0 {
        if adapter.phase() == Phase::Running {
            adapter.set_phase(Phase::Stopped);
            adapter.adapter_control(ScsiStopAdapter, core::ptr::null_mut());
        }
        return pass_down(fdo, irp);
    }
    let next = stack::next(irp);
    core::ptr::copy_nonoverlapping(location, next, 1);
    (*next).CompletionRoutine = Some(powered);
    (*next).Context = core::ptr::from_ref(adapter) as PVOID;
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    irp::call_driver(adapter.lower, irp)
}
