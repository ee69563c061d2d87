//! Registrations, the device itself, logs.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use alloc::{format, string::String};
use core::{ffi::c_void, sync::atomic::Ordering};

use nt::sys::{IoInvalidateDeviceState, IoRequestDeviceEject};
use xenbus::{keys::front, seam::Store as _};
use xenpci_interface::{
    Status,
    abi::{
        CHANGE_EJECT, CHANGE_FAILED, CHANGE_GONE, DebugCallback, Handle, KIND_NETWORK, KIND_STORAGE,
        LOG_ERROR, LOG_WARNING, PATH_BACKEND, PATH_FRONTEND, POLICY_HIDE, SelfTestCallback, SuspendCallbacks,
    },
};

use super::{child, give, handle_of, text};
use crate::{pdo::Kind, platform::log::Severity};

pub unsafe extern "win64" fn suspend_register(
    context: *mut c_void,
    callbacks: *const SuspendCallbacks,
    argument: *mut c_void,
    registration: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let callbacks = unsafe { callbacks.read() };
    match child.open() {
        Ok(platform) => {
            let id = platform.registrations.add_suspend(child.owner, callbacks, argument);
            // SAFETY: the interface's contract.
            unsafe { registration.write(handle_of(id)) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn selftest_register(
    context: *mut c_void,
    callback: SelfTestCallback,
    argument: *mut c_void,
    registration: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    match child.open() {
        Ok(platform) => {
            let id = platform.registrations.add_test(child.owner, callback, argument);
            // xenvbd registers when its adapter has come up.
            if child.pdo.kind == Kind::Storage {
                platform.adapter_has_started();
            }
            // SAFETY: the interface's contract.
            unsafe { registration.write(handle_of(id)) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn debug_register(
    context: *mut c_void,
    name: *const u8,
    name_length: u32,
    callback: DebugCallback,
    argument: *mut c_void,
    registration: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let name = unsafe { text(name, name_length) }.unwrap_or("?");
    match child.open() {
        Ok(platform) => {
            let id = platform.registrations.add_source(child.owner, name, callback, argument);
            // SAFETY: the interface's contract.
            unsafe { registration.write(handle_of(id)) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn unregister(context: *mut c_void, registration: Handle) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.registrations.remove(child.owner, registration.addr());
}

pub unsafe extern "win64" fn kind(context: *mut c_void) -> u32 {
    // SAFETY: the interface's contract.
    match unsafe { child(context) }.pdo.kind {
        Kind::Storage => KIND_STORAGE,
        Kind::Network(_) => KIND_NETWORK,
    }
}

pub unsafe extern "win64" fn id(context: *mut c_void) -> u32 {
    // SAFETY: the interface's contract.
    match unsafe { child(context) }.pdo.kind {
        Kind::Storage => 0,
        Kind::Network(id) => id,
    }
}

pub unsafe extern "win64" fn path(
    context: *mut c_void,
    which: u32,
    buffer: *mut u8,
    capacity: u32,
    length: *mut u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let folder = child.pdo.kind.path();
    let found = match (which, child.pdo.kind) {
        (PATH_FRONTEND, _) => Ok(folder),
        (PATH_BACKEND, Kind::Network(_)) => child.open().and_then(|platform| {
            let value = platform.store.read(None, &format!("{folder}/{}", front::BACKEND));
            let value = value.map_err(|error| Status::from(&error))?;
            String::from_utf8(value).map_err(|_| Status::INVALID)
        }),
        _ => Err(Status::INVALID),
    };
    match found {
        // SAFETY: the interface's contract.
        Ok(path) => unsafe { give(path.as_bytes(), buffer, capacity, length) },
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn policy(context: *mut c_void, id: u32) -> u32 {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.open().map_or(POLICY_HIDE, |platform| platform.target_policy(child.pdo.kind, id))
}

pub unsafe extern "win64" fn changed(context: *mut c_void, change: u32) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let Some(device) = child.pdo.referenced_device() else { return Status::CLOSED };
    let result = match (change, child.pdo.kind) {
        (CHANGE_GONE, Kind::Network(_)) => {
            child.pdo.set_missing();
            if let Some(bus) = child.pdo.bus.upgrade() {
                bus.invalidate();
            }
            Status::OK
        }
        (CHANGE_EJECT, Kind::Network(_)) => {
            // SAFETY: a live device object of this driver.
            unsafe { IoRequestDeviceEject(device) };
            Status::OK
        }
        (CHANGE_FAILED, _) => {
            child.pdo.failed.store(true, Ordering::Relaxed);
            // SAFETY: a live device object of this driver.
            unsafe { IoInvalidateDeviceState(device) };
            Status::OK
        }
        // The adapter itself never goes.
        _ => Status::INVALID,
    };
    // SAFETY: referenced above.
    unsafe { nt::sys::ObfDereferenceObject(device.cast()) };
    result
}

pub unsafe extern "win64" fn event_log(context: *mut c_void, severity: u32, message: *const u8, length: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let severity = match severity {
        LOG_ERROR => Severity::Error,
        LOG_WARNING => Severity::Warning,
        _ => Severity::Information,
    };
    // SAFETY: the interface's contract.
    if let Ok(message) = unsafe { text(message, length.min(400)) } {
        child.platform.log.event(severity, message);
    }
}

pub unsafe extern "win64" fn console_print(context: *mut c_void, message: *const u8, length: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    if let Ok(message) = unsafe { text(message, length.min(400)) } {
        child.platform.log.line(message);
    }
}
