//! Control devices: NdisRegisterDeviceEx.

use super::{form, rules, state, version};
use crate::abi::*;
use crate::io::{device, security::Descriptor, stack, state as io};
use crate::kernel::kernel;
use alloc::string::String;
use alloc::vec::Vec;

const KIND: &str = "control device";

/// A control device.
pub struct Control {
    routines: Vec<PDRIVER_DISPATCH>,
    link: String,
}

/// Is this one of the control devices?
pub fn is_control(at: *mut DEVICE_OBJECT) -> bool {
    state().devices.lock().contains_key(&(at as usize))
}

/// The dispatch routine of a control device.
pub fn routine(
    at: *mut DEVICE_OBJECT,
    major: u8,
) -> Option<unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS> {
    state().devices.lock().get(&(at as usize))?.routines.get(usize::from(major)).copied().flatten()
}

unsafe fn register(
    handle: NDIS_HANDLE,
    attributes: *mut NDIS_DEVICE_OBJECT_ATTRIBUTES,
    out: *mut *mut DEVICE_OBJECT,
    out_handle: *mut NDIS_HANDLE,
) -> NDIS_STATUS {
    let driver = super::find_driver(handle).or_else(|| super::find_adapter(handle).map(|a| a.driver));
    let Some(driver) = driver else { rules::bad_handle("a driver or adapter handle", handle as usize) };
    if !form::DEVICE.check(attributes.cast(), version()) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    let given = *attributes;
    if given.DeviceName.is_null() || given.SymbolicName.is_null() || given.MajorFunctions.is_null() {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    let security = if given.DefaultSDDLString.is_null() {
        None
    } else {
        Descriptor::parse(&stack::text(given.DefaultSDDLString)).ok()
    };
    let name = stack::text(given.DeviceName);
    let made = device::create(
        driver.object,
        given.ExtensionSize,
        Some(name),
        FILE_DEVICE_NETWORK,
        FILE_DEVICE_SECURE_OPEN,
        false,
    );
    let at = match made {
        Ok(at) => at,
        Err(status) => return status,
    };
    if let (Some(security), Some(record)) = (security, io().devices.lock().get_mut(at)) {
        record.security = security;
    }
    let link = stack::text(given.SymbolicName);
    if kernel().ob.names.lock().link(&link, &stack::text(given.DeviceName)).is_err() {
        device::delete(at);
        return NDIS_STATUS_FAILURE;
    }
    let routines =
        core::slice::from_raw_parts(given.MajorFunctions, IRP_MJ_MAXIMUM_FUNCTION as usize + 1).to_vec();
    state().devices.lock().insert(at as usize, Control { routines, link });
    state().objects.add(at as usize, KIND, handle as usize);
    (*at).Flags &= !DO_DEVICE_INITIALIZING;
    (*at).Flags |= DO_BUFFERED_IO;
    *out = at;
    *out_handle = at.cast();
    NDIS_STATUS_SUCCESS
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisRegisterDeviceEx(handle: NDIS_HANDLE, attributes: *mut NDIS_DEVICE_OBJECT_ATTRIBUTES, out: *mut *mut DEVICE_OBJECT, out_handle: *mut NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        register(handle, attributes, out, out_handle)
    }
    fn NdisDeregisterDeviceEx(handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] {
        if state().objects.remove(handle as usize, KIND) {
            let control = state().devices.lock().remove(&(handle as usize));
            if let Some(control) = control {
                let _ = kernel().ob.names.lock().unlink(&control.link);
            }
            device::delete(handle.cast());
        }
    }
    fn NdisGetDeviceReservedExtension(at: *mut DEVICE_OBJECT) -> PVOID [irql any] {
        if is_control(at) { (*at).DeviceExtension } else { core::ptr::null_mut() }
    }
}
