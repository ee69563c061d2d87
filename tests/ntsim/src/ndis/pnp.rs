//! What ndis.sys makes of a miniport's driver object: AddDevice, PnP, power.

use super::adapter::{Adapter, State};
use super::driver::Driver;
use super::{device as control, life, oid, rules, state};
use crate::abi::*;
use crate::cm;
use crate::io::{device, glue, irp, stack};
use crate::ke::event;
use core::sync::atomic::Ordering::*;

/// Sets a miniport's driver object up.
pub unsafe fn take_over(driver: *mut DRIVER_OBJECT) {
    let table = &mut (*driver).MajorFunction;
    table[IRP_MJ_PNP as usize] = Some(dispatch_pnp);
    table[IRP_MJ_POWER as usize] = Some(dispatch_power);
    table[IRP_MJ_SYSTEM_CONTROL as usize] = Some(pass_down);
    table[IRP_MJ_CREATE as usize] = Some(create);
    table[IRP_MJ_CLOSE as usize] = Some(create);
    table[IRP_MJ_CLEANUP as usize] = Some(create);
    table[IRP_MJ_DEVICE_CONTROL as usize] = Some(other);
    table[IRP_MJ_INTERNAL_DEVICE_CONTROL as usize] = Some(other);
    table[IRP_MJ_READ as usize] = Some(other);
    table[IRP_MJ_WRITE as usize] = Some(other);
    (*(*driver).DriverExtension).AddDevice = Some(add_device);
    (*driver).DriverUnload = Some(unload);
}

unsafe extern "win64" fn add_device(object: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    let Some(driver) = Driver::of(object) else { return STATUS_NO_SUCH_DEVICE };
    let Some(key) = crate::pnp::registry_key(pdo, PLUGPLAY_REGKEY_DRIVER) else {
        return STATUS_NO_SUCH_DEVICE;
    };
    // The network setup gives each adapter a GUID; without it the adapter cannot have a name.
    if cm::get_sz(&key, "NetCfgInstanceId").is_none() {
        let number = state().adapters.lock().len() as u32 + 1;
        cm::set_sz(&key, "NetCfgInstanceId", &alloc::format!("{{4e444953-0000-4000-8000-{number:012x}}}"));
    }
    let name = cm::get_sz(&key, "NetCfgInstanceId").map(|id| alloc::format!("\\Device\\{id}"));
    let fdo =
        match device::create(object, 8, name, FILE_DEVICE_PHYSICAL_NETCARD, FILE_DEVICE_SECURE_OPEN, false) {
            Ok(fdo) => fdo,
            Err(status) => return status,
        };
    let lower = device::attach(fdo, pdo);
    if lower.is_null() {
        device::delete(fdo);
        return STATUS_NO_SUCH_DEVICE;
    }
    let adapter = Adapter::new(fdo, pdo, lower, driver, key);
    *((*fdo).DeviceExtension as *mut usize) = core::ptr::from_ref(adapter) as usize;
    let handler = driver.pnp.lock().MiniportAddDeviceHandler;
    if let Some(handler) = handler {
        let status = crate::call!("MiniportAddDevice", handler, adapter.handle(), driver.context);
        if status != NDIS_STATUS_SUCCESS {
            remove(adapter);
            device::detach(lower);
            device::delete(fdo);
            return if status < 0 { status } else { STATUS_UNSUCCESSFUL };
        }
    }
    (*fdo).Flags |= DO_DIRECT_IO | ((*lower).Flags & DO_POWER_PAGABLE);
    (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
    STATUS_SUCCESS
}

fn remove(adapter: &'static Adapter) {
    let bus = adapter.bus.lock().take();
    if let Some((bus, routine)) = bus.and_then(|b| b.InterfaceDereference.map(|d| (b, d))) {
        crate::call!("interface dereference", routine, bus.Context);
    }
    state().objects.report_left(
        adapter.handle() as usize,
        &rules::HALT_LEAK,
        "after the removal of the adapter",
    );
    state().adapters.lock().retain(|a| !core::ptr::eq(*a, adapter));
}

/// The adapter behind an FDO.
pub unsafe fn adapter_of(fdo: *mut DEVICE_OBJECT) -> &'static Adapter {
    &*(*((*fdo).DeviceExtension as *const usize) as *const Adapter)
}

unsafe extern "win64" fn unload(object: *mut DRIVER_OBJECT) {
    let Some(driver) = Driver::of(object) else { return };
    if let Some(routine) = driver.handlers.UnloadHandler {
        crate::call!("MiniportDriverUnload", routine, object);
    }
    if Driver::of(object).is_some() {
        let text = "MiniportDriverUnload did not call NdisMDeregisterMiniportDriver";
        rules::report(&rules::UNLOAD_LEAK, text.into(), object as usize, 0);
        super::driver::forget(driver);
    }
    state().objects.report_left(driver.handle() as usize, &rules::UNLOAD_LEAK, "after MiniportDriverUnload");
}

unsafe fn finish(irp: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    let information = (*irp).IoStatus.Information as u64;
    stack::set_status(irp, status, information);
    irp::complete(irp, 0);
    status
}

unsafe extern "win64" fn create(at: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    match control::routine(at, (*stack::current(irp)).MajorFunction) {
        Some(routine) => crate::call!("device dispatch", routine, at, irp),
        None => finish(irp, STATUS_SUCCESS),
    }
}

unsafe extern "win64" fn other(at: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    match control::routine(at, (*stack::current(irp)).MajorFunction) {
        Some(routine) => crate::call!("device dispatch", routine, at, irp),
        None => finish(irp, STATUS_INVALID_DEVICE_REQUEST),
    }
}

unsafe extern "win64" fn pass_down(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if control::is_control(fdo) {
        return other(fdo, irp);
    }
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
    let mut done = super::adapter::event_zero();
    event::initialize(&mut done, false, false);
    let next = stack::next(irp);
    core::ptr::copy_nonoverlapping(stack::current(irp), next, 1);
    (*next).CompletionRoutine = Some(signal);
    (*next).Context = (&raw mut done).cast();
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    if irp::call_driver(adapter.lower, irp) == STATUS_PENDING {
        glue::wait_event((&raw mut done).cast());
    }
    stack::status(irp)
}

/// NDIS asks the bus for its interface once; the reference lasts until the adapter is removed.
unsafe fn query_bus(adapter: &'static Adapter) {
    if adapter.bus.lock().is_some() {
        return;
    }
    let mut bus = BUS_INTERFACE_STANDARD::default();
    let guid = GUID_BUS_INTERFACE_STANDARD;
    let form = u64::from(size_of::<BUS_INTERFACE_STANDARD>() as u16) | 1 << 16;
    let args = [&raw const guid as u64, form, &raw mut bus as u64, 0];
    let (status, _) = crate::pnp::request::send(adapter.lower, IRP_MN_QUERY_INTERFACE, args);
    if stack::is_success(status) {
        *adapter.bus.lock() = Some(bus);
    }
}

unsafe fn start(adapter: &'static Adapter, irp: *mut IRP) -> NTSTATUS {
    let location = stack::current(irp);
    let given = (*location).Parameters.StartDevice;
    let status = forward(adapter, irp);
    if !stack::is_success(status) {
        return status;
    }
    *adapter.resources.get() = (
        life::copy_resources(given.AllocatedResources),
        life::copy_resources(given.AllocatedResourcesTranslated),
    );
    let handler = adapter.driver.pnp.lock().MiniportStartDeviceHandler;
    if let Some(handler) = handler {
        let context = adapter.add_context.load(Acquire) as PVOID;
        let status = crate::call!("MiniportStartDevice", handler, context, irp);
        if status != NDIS_STATUS_SUCCESS {
            return if status < 0 { status } else { STATUS_UNSUCCESSFUL };
        }
    }
    adapter.powered.store(true, Release);
    query_bus(adapter);
    let status = life::initialize(adapter);
    if stack::is_success(status) {
        up(adapter);
    }
    status
}

/// After MiniportInitializeEx: the power profile, then data may flow.
fn up(adapter: &'static Adapter) {
    // NDIS_POWER_PROFILE: NdisPowerProfileAcOnLine.
    life::notify(adapter, NdisDevicePnPEventPowerProfileChanged, &mut 1u32.to_le_bytes());
    life::restart(adapter);
}

/// Unbinds, pauses and halts.
fn down(adapter: &'static Adapter, action: NDIS_HALT_ACTION) {
    super::protocol::unbind(adapter);
    life::pause(adapter, NDIS_PAUSE_MINIPORT_DEVICE_REMOVE);
    *adapter.client.lock() = None;
    life::halt(adapter, action);
}

/// The miniport asked for its removal.
pub fn failed(adapter: &'static Adapter) {
    if state().adapters.lock().iter().any(|a| core::ptr::eq(*a, adapter)) {
        down(adapter, NdisHaltDeviceFailed);
    }
}

unsafe extern "win64" fn dispatch_pnp(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if control::is_control(fdo) {
        return other(fdo, irp);
    }
    let adapter = adapter_of(fdo);
    let succeed = |irp| {
        stack::set_status(irp, STATUS_SUCCESS, 0);
        pass_down(fdo, irp)
    };
    match u32::from((*stack::current(irp)).MinorFunction) {
        IRP_MN_START_DEVICE => {
            let status = start(adapter, irp);
            finish(irp, status)
        }
        IRP_MN_FILTER_RESOURCE_REQUIREMENTS => {
            let status = forward(adapter, irp);
            let handler = adapter.driver.pnp.lock().MiniportFilterResourceRequirementsHandler;
            let Some(handler) = handler else { return finish(irp, status) };
            let context = adapter.add_context.load(Acquire) as PVOID;
            let status = crate::call!("MiniportFilterResourceRequirements", handler, context, irp);
            finish(irp, status)
        }
        IRP_MN_QUERY_STOP_DEVICE => {
            life::notify(adapter, NdisDevicePnPEventQueryStopped, &mut []);
            succeed(irp)
        }
        IRP_MN_QUERY_REMOVE_DEVICE => {
            life::notify(adapter, NdisDevicePnPEventQueryRemoved, &mut []);
            succeed(irp)
        }
        IRP_MN_CANCEL_STOP_DEVICE | IRP_MN_CANCEL_REMOVE_DEVICE => succeed(irp),
        IRP_MN_STOP_DEVICE => {
            life::notify(adapter, NdisDevicePnPEventStopped, &mut []);
            down(adapter, NdisHaltDeviceStopped);
            succeed(irp)
        }
        IRP_MN_SURPRISE_REMOVAL => {
            adapter.surprised.store(true, Release);
            life::notify(adapter, NdisDevicePnPEventSurpriseRemoved, &mut []);
            down(adapter, NdisHaltDeviceSurpriseRemoved);
            succeed(irp)
        }
        IRP_MN_REMOVE_DEVICE => {
            life::notify(adapter, NdisDevicePnPEventRemoved, &mut []);
            down(adapter, NdisHaltDeviceDisabled);
            let handler = adapter.driver.pnp.lock().MiniportRemoveDeviceHandler;
            if let Some(handler) = handler {
                crate::call!("MiniportRemoveDevice", handler, adapter.add_context.load(Acquire) as PVOID);
            }
            let status = succeed(irp);
            remove(adapter);
            device::detach(adapter.lower);
            device::delete(fdo);
            status
        }
        _ => pass_down(fdo, irp),
    }
}

/// Goes to or comes from a low power state. PASSIVE_LEVEL.
///
/// A miniport that reports power management capabilities is told by OID_PNP_SET_POWER; another is halted and
/// initialized again, unless it asked for NO_HALT_ON_SUSPEND.
pub fn set_power(adapter: &'static Adapter, to: NDIS_DEVICE_POWER_STATE) {
    let (flags, aware) = {
        let a = adapter.attributes.lock();
        (a.flags, a.power.is_some() || a.flags & NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND != 0)
    };
    let low = to != NdisDeviceStateD0;
    if low != adapter.powered.swap(!low, AcqRel) {
        return;
    }
    if low {
        if matches!(adapter.state(), State::Halted) {
            return;
        }
        if flags & NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND == 0 || !aware {
            life::pause(adapter, NDIS_PAUSE_LOW_POWER);
        }
        if aware {
            let _ = oid::set(adapter, OID_PNP_SET_POWER, &to.to_le_bytes());
        } else {
            life::halt(adapter, NdisHaltDevicePoweredDown);
        }
    } else if aware {
        let _ = oid::set(adapter, OID_PNP_SET_POWER, &to.to_le_bytes());
        life::restart(adapter);
        super::protocol::resumed(adapter);
    } else if stack::is_success(unsafe { life::initialize(adapter) }) {
        up(adapter);
        super::protocol::resumed(adapter);
    }
}

unsafe extern "win64" fn powered(_: *mut DEVICE_OBJECT, irp: *mut IRP, context: PVOID) -> NTSTATUS {
    if (*irp).PendingReturned != 0 {
        (*stack::current(irp)).Control |= SL_PENDING_RETURNED as u8;
    }
    if stack::is_success(stack::status(irp)) {
        // Completion routines run at DISPATCH_LEVEL; the miniport is called at PASSIVE_LEVEL.
        let at = context as usize;
        crate::ex::work::queue(move || set_power(unsafe { &*(at as *const Adapter) }, NdisDeviceStateD0));
    }
    STATUS_SUCCESS
}

unsafe extern "win64" fn dispatch_power(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if control::is_control(fdo) {
        return other(fdo, irp);
    }
    let adapter = adapter_of(fdo);
    let location = stack::current(irp);
    let power = &(*location).Parameters.Power;
    if u32::from((*location).MinorFunction) != IRP_MN_SET_POWER {
        return pass_down(fdo, irp);
    }
    if power.Type == SystemPowerState {
        if power.State.SystemState == PowerSystemShutdown {
            life::shutdown(adapter, NdisShutdownPowerOff);
        }
        return pass_down(fdo, irp);
    }
    if power.State.DeviceState != PowerDeviceD0 {
        set_power(adapter, power.State.DeviceState);
        return pass_down(fdo, irp);
    }
    let next = stack::next(irp);
    core::ptr::copy_nonoverlapping(location, next, 1);
    (*next).CompletionRoutine = Some(powered);
    (*next).Context = core::ptr::from_ref(adapter) as PVOID;
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    irp::call_driver(adapter.lower, irp)
}
