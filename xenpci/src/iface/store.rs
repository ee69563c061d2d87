//! xenstore.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use alloc::boxed::Box;
use core::ffi::c_void;

use xenbus::seam::{Store as _, StoreError, TransactionId};
use xenpci_interface::{
    Status,
    abi::{Callback, Handle},
};

use super::{bytes, child, give, status, text};
use crate::platform::store::Watch;

fn transaction(number: u32) -> Option<TransactionId> {
    (number != 0).then_some(TransactionId(number))
}

fn failed(error: &StoreError) -> Status {
    Status::from(error)
}

pub unsafe extern "win64" fn read(
    context: *mut c_void,
    txn: u32,
    path: *const u8,
    path_length: u32,
    buffer: *mut u8,
    capacity: u32,
    length: *mut u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let path = unsafe { text(path, path_length) };
    let value = child
        .open()
        .and_then(|platform| platform.store.read(transaction(txn), path?).map_err(|error| failed(&error)));
    match value {
        // SAFETY: the interface's contract.
        Ok(value) => unsafe { give(&value, buffer, capacity, length) },
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn list(
    context: *mut c_void,
    txn: u32,
    path: *const u8,
    path_length: u32,
    buffer: *mut u8,
    capacity: u32,
    length: *mut u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let path = unsafe { text(path, path_length) };
    let names = child
        .open()
        .and_then(|platform| platform.store.list(transaction(txn), path?).map_err(|error| failed(&error)));
    match names {
        Ok(names) => {
            let mut all = alloc::vec::Vec::new();
            for name in &names {
                all.extend_from_slice(name.as_bytes());
                all.push(0);
            }
            // SAFETY: the interface's contract.
            unsafe { give(&all, buffer, capacity, length) }
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn write(
    context: *mut c_void,
    txn: u32,
    path: *const u8,
    path_length: u32,
    value: *const u8,
    value_length: u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let path = unsafe { text(path, path_length) };
    // SAFETY: the interface's contract.
    let value = unsafe { bytes(value, value_length) };
    status(child.open().and_then(|platform| {
        platform.store.write(transaction(txn), path?, value).map_err(|error| failed(&error))
    }))
}

pub unsafe extern "win64" fn remove(
    context: *mut c_void,
    txn: u32,
    path: *const u8,
    path_length: u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let path = unsafe { text(path, path_length) };
    status(
        child.open().and_then(|platform| {
            platform.store.remove(transaction(txn), path?).map_err(|error| failed(&error))
        }),
    )
}

pub unsafe extern "win64" fn begin(context: *mut c_void, txn: *mut u32) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let begun = child.open().and_then(|platform| platform.store.begin().map_err(|error| failed(&error)));
    match begun {
        Ok(id) => {
            // SAFETY: the interface's contract.
            unsafe { txn.write(id.0) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn end(context: *mut c_void, txn: u32, commit: u32) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let store = &child.platform.store;
    status(store.end(TransactionId(txn), commit != 0).map_err(|error| failed(&error)))
}

/// The child's argument in a closure.
struct Argument(*mut c_void);
// SAFETY: the child promised a callback on any thread.
unsafe impl Send for Argument {}
// SAFETY: as above.
unsafe impl Sync for Argument {}

pub unsafe extern "win64" fn watch(
    context: *mut c_void,
    path: *const u8,
    path_length: u32,
    callback: Callback,
    argument: *mut c_void,
    watch: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    // SAFETY: the interface's contract.
    let path = unsafe { text(path, path_length) };
    let argument = Argument(argument);
    let made = child.open().and_then(|platform| {
        let changed = move |_: &str| {
            let argument: &Argument = &argument;
            // SAFETY: the callback and its argument are valid until `unwatch` has returned.
            unsafe { callback(argument.0) };
        };
        platform.store.watch(path?, changed).map_err(|error| failed(&error))
    });
    match made {
        Ok(made) => {
            // SAFETY: the interface's contract.
            unsafe { watch.write(Box::into_raw(Box::new(made)).cast()) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn unwatch(_: *mut c_void, watch: Handle) {
    // SAFETY: the handle of `watch`, used for the last time.
    drop(unsafe { Box::from_raw(watch.cast::<Watch>()) });
}
