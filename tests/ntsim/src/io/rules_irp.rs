//! How the rules about IRPs are checked.

use super::{
    device,
    irp::{Dispatch, IO_TYPE_IRP},
    rules::{self, *},
    stack, state,
};
use crate::ke::irql;
use crate::verifier::{self, Rule};
use alloc::format;
use nt::sys::*;

/// Names of the PnP minor functions.
const PNP: [&str; 26] = [
    "IRP_MN_START_DEVICE",
    "IRP_MN_QUERY_REMOVE_DEVICE",
    "IRP_MN_REMOVE_DEVICE",
    "IRP_MN_CANCEL_REMOVE_DEVICE",
    "IRP_MN_STOP_DEVICE",
    "IRP_MN_QUERY_STOP_DEVICE",
    "IRP_MN_CANCEL_STOP_DEVICE",
    "IRP_MN_QUERY_DEVICE_RELATIONS",
    "IRP_MN_QUERY_INTERFACE",
    "IRP_MN_QUERY_CAPABILITIES",
    "IRP_MN_QUERY_RESOURCES",
    "IRP_MN_QUERY_RESOURCE_REQUIREMENTS",
    "IRP_MN_QUERY_DEVICE_TEXT",
    "IRP_MN_FILTER_RESOURCE_REQUIREMENTS",
    "IRP_MN_14",
    "IRP_MN_READ_CONFIG",
    "IRP_MN_WRITE_CONFIG",
    "IRP_MN_EJECT",
    "IRP_MN_SET_LOCK",
    "IRP_MN_QUERY_ID",
    "IRP_MN_QUERY_PNP_DEVICE_STATE",
    "IRP_MN_QUERY_BUS_INFORMATION",
    "IRP_MN_DEVICE_USAGE_NOTIFICATION",
    "IRP_MN_SURPRISE_REMOVAL",
    "IRP_MN_QUERY_LEGACY_BUS_INFORMATION",
    "IRP_MN_DEVICE_ENUMERATED",
];
const POWER: [&str; 4] =
    ["IRP_MN_WAIT_WAKE", "IRP_MN_POWER_SEQUENCE", "IRP_MN_SET_POWER", "IRP_MN_QUERY_POWER"];

/// A request's name, for reports and the trace.
pub fn function_name(major: u8, minor: u8) -> &'static str {
    match u32::from(major) {
        IRP_MJ_PNP => PNP.get(usize::from(minor)).unwrap_or(&"IRP_MJ_PNP"),
        IRP_MJ_POWER => POWER.get(usize::from(minor)).unwrap_or(&"IRP_MJ_POWER"),
        IRP_MJ_CREATE => "IRP_MJ_CREATE",
        IRP_MJ_CLOSE => "IRP_MJ_CLOSE",
        IRP_MJ_READ => "IRP_MJ_READ",
        IRP_MJ_WRITE => "IRP_MJ_WRITE",
        IRP_MJ_FLUSH_BUFFERS => "IRP_MJ_FLUSH_BUFFERS",
        IRP_MJ_DEVICE_CONTROL => "IRP_MJ_DEVICE_CONTROL",
        IRP_MJ_INTERNAL_DEVICE_CONTROL => "IRP_MJ_INTERNAL_DEVICE_CONTROL",
        IRP_MJ_SHUTDOWN => "IRP_MJ_SHUTDOWN",
        IRP_MJ_CLEANUP => "IRP_MJ_CLEANUP",
        IRP_MJ_SYSTEM_CONTROL => "IRP_MJ_SYSTEM_CONTROL",
        _ => "IRP_MJ other",
    }
}

/// What concerns the caller of IofCallDriver; false when the call cannot be made at all.
pub unsafe fn may_call(target: *mut DEVICE_OBJECT, request: *mut IRP) -> bool {
    if target.is_null() {
        rules::irp(&CALL_NULL_DEVICE, "IoCallDriver with a NULL device object", request, 0);
        return false;
    }
    if (*request).Type != IO_TYPE_IRP || !state().irps.lock().irps.contains_key(&(request as usize)) {
        rules::irp(&CALL_NOT_IRP, "IoCallDriver with something that is no IRP", request, 0);
        return false;
    }
    if !device::is_device(target) {
        rules::irp(
            &CALL_NO_DEVICE,
            "IoCallDriver to something that is no device object",
            request,
            target as usize,
        );
        return false;
    }
    if (*request).CancelRoutine.is_some() {
        rules::irp(&CALL_CANCEL_SET, "an IRP with a cancel routine is forwarded", request, 0);
    }
    true
}

fn report(rule: &'static Rule, request: *mut IRP, sl: &IO_STACK_LOCATION, text: &str) {
    let name = function_name(sl.MajorFunction, sl.MinorFunction);
    verifier::report(rule, format!("{name}: {text}"), [request as u64, sl.DeviceObject as u64, 0, 0]);
}

/// The stack location is set, the dispatch routine will be called next.
pub unsafe fn on_call(target: *mut DEVICE_OBJECT, request: *mut IRP, sl: *mut IO_STACK_LOCATION) {
    let location = (*request).CurrentLocation;
    let major = u32::from((*sl).MajorFunction);
    let (kernel, first, skipped, previous) = {
        let table = state().irps.lock();
        let Some(r) = table.irps.get(&(request as usize)) else { return };
        let skipped = r.calls.iter().any(|c| c.location == location && c.passed.is_none());
        let previous =
            r.calls.iter().rev().find(|c| c.returned.is_none() && c.passed.is_none()).map(|c| c.device);
        (r.kernel, r.lowest == i8::MAX, skipped, previous)
    };
    let sl = &*sl;
    let status = stack::status(request);
    if irql::current() != 0
        && matches!(major, IRP_MJ_PNP | IRP_MJ_CREATE | IRP_MJ_CLOSE | IRP_MJ_CLEANUP | IRP_MJ_SYSTEM_CONTROL)
    {
        report(&CALL_IRQL, request, sl, "sent above PASSIVE_LEVEL");
    }
    if !skipped {
        let invoke = (SL_INVOKE_ON_CANCEL | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_SUCCESS) as u8;
        if sl.Control & !invoke != 0 {
            report(
                &CALL_CONTROL,
                request,
                sl,
                "the control field of the next stack location was not cleared",
            );
        }
        if location < (*request).StackCount && sl.Control & invoke != 0 {
            let above = &*stack::location(request, location + 1);
            let same = sl.CompletionRoutine.map(|f| f as usize)
                == above.CompletionRoutine.map(|f| f as usize)
                && sl.Context == above.Context
                && above.Control & invoke != 0;
            if same {
                report(
                    &CALL_COPIED_COMPLETION,
                    request,
                    sl,
                    "the completion routine of the driver above was copied",
                );
            }
        }
    }
    if let Some(previous) = previous
        && previous != target as usize
        && device::is_device(previous as *mut DEVICE_OBJECT)
    {
        let previous = previous as *mut DEVICE_OBJECT;
        let below = device::attached_to(previous);
        if !below.is_null() && below != target && device::bottom(previous) == device::bottom(target) {
            report(&CALL_SKIPPED_DEVICE, request, sl, "forwarded past the device below");
        }
    }
    if first && !kernel {
        first_send(request, sl, status);
    } else if !first && stack::is_error(status) && status != STATUS_NOT_SUPPORTED && previous.is_some() {
        match major {
            IRP_MJ_PNP => report(&PNP_FAILED_DOWN, request, sl, "failed and passed down"),
            IRP_MJ_POWER => report(&POWER_FAILED_DOWN, request, sl, "failed and passed down"),
            _ => {}
        }
    }
}

/// Rules for a driver that sends a request of its own.
unsafe fn first_send(request: *mut IRP, sl: &IO_STACK_LOCATION, status: NTSTATUS) {
    let wrong = status != STATUS_NOT_SUPPORTED;
    let minor = u32::from(sl.MinorFunction);
    match u32::from(sl.MajorFunction) {
        IRP_MJ_PNP => {
            if wrong {
                report(&PNP_STATUS, request, sl, "sent without STATUS_NOT_SUPPORTED");
            }
            if matches!(
                minor,
                IRP_MN_START_DEVICE
                    | IRP_MN_QUERY_REMOVE_DEVICE
                    | IRP_MN_REMOVE_DEVICE
                    | IRP_MN_CANCEL_REMOVE_DEVICE
                    | IRP_MN_STOP_DEVICE
                    | IRP_MN_QUERY_STOP_DEVICE
                    | IRP_MN_CANCEL_STOP_DEVICE
                    | IRP_MN_SURPRISE_REMOVAL
                    | IRP_MN_EJECT
                    | IRP_MN_FILTER_RESOURCE_REQUIREMENTS
                    | IRP_MN_QUERY_PNP_DEVICE_STATE
            ) {
                report(&RESTRICTED, request, sl, "only the Plug and Play manager may send it");
            }
            if minor == IRP_MN_QUERY_CAPABILITIES {
                let caps =
                    (*stack::args(core::ptr::from_ref(sl).cast_mut()))[0] as *const DEVICE_CAPABILITIES;
                if (*caps).Version != 1 {
                    report(&CAPS_VERSION, request, sl, "Version is not 1");
                }
                if (*caps).Size < size_of::<DEVICE_CAPABILITIES>() as u16 {
                    report(&CAPS_SIZE, request, sl, "Size is too small");
                }
                if (*caps).Address != u32::MAX {
                    report(&CAPS_ADDRESS, request, sl, "Address is not -1");
                }
                if (*caps).UINumber != u32::MAX {
                    report(&CAPS_UI_NUMBER, request, sl, "UINumber is not -1");
                }
            }
        }
        IRP_MJ_POWER => {
            if wrong {
                report(&POWER_STATUS, request, sl, "sent without STATUS_NOT_SUPPORTED");
            }
            report(&RESTRICTED, request, sl, "power IRPs are made by PoRequestPowerIrp");
        }
        IRP_MJ_SYSTEM_CONTROL if wrong => {
            report(&WMI_STATUS, request, sl, "sent without STATUS_NOT_SUPPORTED");
        }
        _ => {}
    }
}

/// What [`before_dispatch`] remembers for [`after_dispatch`].
pub struct Before {
    lower: *mut DEVICE_OBJECT,
    removal: u8,
    present: bool,
}

/// A dispatch routine will be called.
pub unsafe fn before_dispatch(target: *mut DEVICE_OBJECT, major: u8, minor: u8) -> Before {
    super::glue::reference(target.cast());
    let removal = match (u32::from(major), u32::from(minor)) {
        (IRP_MJ_PNP, IRP_MN_REMOVE_DEVICE) => 1,
        (IRP_MJ_PNP, IRP_MN_SURPRISE_REMOVAL) => 2,
        _ => 0,
    };
    Before { lower: device::attached_to(target), removal, present: crate::pnp::is_present(target) }
}

/// A dispatch routine has returned.
pub unsafe fn after_dispatch(
    before: Before,
    target: *mut DEVICE_OBJECT,
    request: *mut IRP,
    status: NTSTATUS,
) {
    if before.removal != 0 && status != STATUS_PENDING {
        let deleted = state().devices.lock().get(target).is_none_or(|d| d.deleted);
        let attached = !device::attached_to(target).is_null();
        let name = device::describe(target);
        let what = |rule, text: &str| rules::irp(rule, &format!("{name}: {text}"), request, target as usize);
        match (before.removal, before.lower.is_null()) {
            (1, false) => {
                if attached {
                    what(&REMOVE_NOT_DETACHED, "not detached in IRP_MN_REMOVE_DEVICE");
                } else if !deleted {
                    what(&REMOVE_NOT_DELETED, "not deleted in IRP_MN_REMOVE_DEVICE");
                }
            }
            (1, true) if deleted && before.present => {
                what(&PDO_DELETED_PRESENT, "PDO deleted though the bus reports it as present");
            }
            (2, false) => {
                if deleted {
                    what(&SURPRISE_DELETED, "deleted in IRP_MN_SURPRISE_REMOVAL");
                } else if !attached {
                    what(&SURPRISE_DETACHED, "detached in IRP_MN_SURPRISE_REMOVAL");
                }
            }
            _ => {}
        }
    }
    super::glue::dereference(target.cast());
}

/// A driver calls IofCompleteRequest.
pub unsafe fn on_complete(request: *mut IRP) {
    let status = stack::status(request);
    if status == STATUS_PENDING || status == -1 {
        rules::irp(&COMPLETE_PENDING, "completed with STATUS_PENDING or -1", request, 0);
    }
    if (*request).CancelRoutine.is_some() {
        rules::irp(&COMPLETE_CANCEL_SET, "completed while its cancel routine is set", request, 0);
    }
    if (*request).Type != IO_TYPE_IRP || (*request).CurrentLocation > (*request).StackCount {
        return;
    }
    let sl = &*stack::current(request);
    let forwarded = state()
        .irps
        .lock()
        .irps
        .get(&(request as usize))
        .is_none_or(|r| r.lowest < (*request).CurrentLocation);
    let top = sl.DeviceObject;
    if forwarded || top.is_null() || !device::is_device(top) || device::attached_to(top).is_null() {
        return;
    }
    // A filter or function driver completes what it has not passed down.
    let minor = u32::from(sl.MinorFunction);
    match u32::from(sl.MajorFunction) {
        IRP_MJ_PNP => {
            if status == STATUS_NOT_SUPPORTED {
                report(&PNP_COMPLETED_UNTOUCHED, request, sl, "completed untouched instead of passed down");
            } else if stack::is_success(status) && minor != IRP_MN_QUERY_INTERFACE {
                report(&PNP_COMPLETED_SUCCESS, request, sl, "completed with success instead of passed down");
            } else if matches!(
                minor,
                IRP_MN_REMOVE_DEVICE
                    | IRP_MN_SURPRISE_REMOVAL
                    | IRP_MN_CANCEL_REMOVE_DEVICE
                    | IRP_MN_CANCEL_STOP_DEVICE
                    | IRP_MN_STOP_DEVICE
            ) && stack::is_error(status)
            {
                report(&PNP_MUST_NOT_FAIL, request, sl, "failed, which is not permitted");
            }
        }
        IRP_MJ_POWER => {
            if status == STATUS_NOT_SUPPORTED {
                report(&POWER_COMPLETED_UNTOUCHED, request, sl, "completed untouched instead of passed down");
            } else if stack::is_success(status) && minor == IRP_MN_SET_POWER {
                report(
                    &POWER_COMPLETED_SUCCESS,
                    request,
                    sl,
                    "completed with success instead of passed down",
                );
            }
        }
        _ => {}
    }
}

/// A violation by a dispatch routine.
pub fn report_dispatch(rule: &'static Rule, text: &str, request: usize, call: &Dispatch) {
    let name = function_name(call.function.0, call.function.1);
    let parameters =
        [call.routine as u64, request as u64, call.device as u64, call.returned.unwrap_or(0) as u32 as u64];
    verifier::report(rule, format!("{name}: {text}"), parameters);
}

/// A dispatch call whose return and completion are both known.
pub fn judge(request: usize, call: &Dispatch) {
    let (Some(returned), Some((marked, status))) = (call.returned, call.passed) else { return };
    if returned == -1 {
        report_dispatch(&STATUS_ILLEGAL, "dispatch routine returned -1", request, call);
    } else if returned == STATUS_PENDING {
        if !marked {
            report_dispatch(
                &PENDING_UNMARKED,
                "STATUS_PENDING was returned without IoMarkIrpPending",
                request,
                call,
            );
        }
    } else if marked {
        report_dispatch(
            &PENDING_UNRETURNED,
            "marked pending, but STATUS_PENDING was not returned",
            request,
            call,
        );
    } else if returned != status {
        let text =
            format!("dispatch routine returned {returned:#010x}, the IRP was completed with {status:#010x}");
        report_dispatch(&STATUS_INCONSISTENT, &text, request, call);
    }
}

/// After AddDevice has succeeded: what it must have set in each device of the stack.
pub unsafe fn after_add_device(pdo: *mut DEVICE_OBJECT) {
    let mut at = (*pdo).AttachedDevice;
    let mut below = pdo;
    while !at.is_null() {
        let name = device::describe(at);
        let what = |rule, text: &str| rules::object(rule, &format!("{name}: {text}"), at as usize, 0);
        if (*at).Flags & DO_DEVICE_INITIALIZING != 0 {
            what(&STILL_INITIALIZING, "DO_DEVICE_INITIALIZING is set after AddDevice");
        }
        if (*at).Flags & DO_BUFFERED_IO != 0 && (*at).Flags & DO_DIRECT_IO != 0 {
            what(&IO_FLAGS_BOTH, "both DO_BUFFERED_IO and DO_DIRECT_IO");
        }
        // The rules about inherited flags are for filters: whoever is above the function driver.
        if below != pdo {
            let io = DO_BUFFERED_IO | DO_DIRECT_IO;
            if (*at).Flags & io != (*below).Flags & io {
                what(&IO_FLAGS_NOT_COPIED, "DO_BUFFERED_IO or DO_DIRECT_IO not taken over");
            }
            if (*at).DeviceType != (*below).DeviceType {
                what(&DEVICE_TYPE, "device type not taken over");
            }
        }
        if (*below).Flags & DO_POWER_PAGABLE != 0 && (*at).Flags & (DO_POWER_PAGABLE | DO_POWER_INRUSH) == 0 {
            what(&POWER_PAGABLE, "DO_POWER_PAGABLE not taken over");
        }
        below = at;
        at = (*at).AttachedDevice;
    }
}

/// DriverEntry has failed: nothing may be left.
pub unsafe fn after_failed_entry(driver: *mut DRIVER_OBJECT) {
    leftovers(driver, "DriverEntry failed");
}

/// DriverUnload has returned.
pub unsafe fn after_unload(driver: *mut DRIVER_OBJECT) {
    leftovers(driver, "DriverUnload returned");
}

unsafe fn leftovers(driver: *mut DRIVER_OBJECT, when: &str) {
    let range =
        (*driver).DriverStart as usize..(*driver).DriverStart as usize + (*driver).DriverSize as usize;
    let service = state().drivers.lock().get(driver).map(|d| d.service.clone()).unwrap_or_default();
    let mut at = (*driver).DeviceObject;
    while !at.is_null() {
        if state().devices.lock().get(at).is_some_and(|d| !d.deleted) {
            rules::object(
                &UNLOAD_DEVICES,
                &format!("{service}: {when}, {} is left", device::describe(at)),
                at as usize,
                0,
            );
            break;
        }
        at = (*at).NextDevice;
    }
    if range.is_empty() {
        return;
    }
    let irps = {
        let table = state().irps.lock();
        table.irps.values().filter(|r| range.contains(&r.made_by)).count()
    };
    if irps != 0 {
        rules::object(
            &UNLOAD_IRPS,
            &format!("{service}: {when}, {irps} IRPs are left"),
            driver as usize,
            irps,
        );
    }
    let work = state().work.lock().made_within(&range);
    if work != 0 {
        rules::object(
            &UNLOAD_WORK,
            &format!("{service}: {when}, {work} work items are left"),
            driver as usize,
            work,
        );
    }
    let interrupts = state().interrupts.lock().made_within(&range);
    if interrupts != 0 {
        rules::object(
            &UNLOAD_INTERRUPTS,
            &format!("{service}: {when}, {interrupts} interrupts are connected"),
            driver as usize,
            interrupts,
        );
    }
    let adapters = state().dma.lock().made_within(&range);
    if adapters != 0 {
        rules::object(
            &DMA_ADAPTER_LEAK,
            &format!("{service}: {when}, {adapters} DMA adapters are left"),
            driver as usize,
            adapters,
        );
    }
    let handles = crate::kernel().ob.handles.lock().opened_within(&range).len();
    if handles != 0 {
        rules::object(
            &REGISTRY_HANDLE_LEAK,
            &format!("{service}: {when}, {handles} handles are open"),
            driver as usize,
            handles,
        );
    }
    let registrations = state().notify.lock().made_within(&range) + crate::etw::registered_within(&range);
    if registrations != 0 {
        rules::object(
            &UNLOAD_REGISTRATION,
            &format!("{service}: {when}, {registrations} registrations are left"),
            driver as usize,
            registrations,
        );
    }
}
