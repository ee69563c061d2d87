//! Event channels.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use alloc::boxed::Box;
use core::ffi::c_void;

use xenbus::types::Domid;
use xenpci_interface::{
    Status,
    abi::{EventCallback, UNMASK_SPURIOUS},
};

use super::{child, status};

/// The child's argument in a closure.
struct Argument(*mut c_void);
// SAFETY: the child promised a callback on any processor.
unsafe impl Send for Argument {}
// SAFETY: as above.
unsafe impl Sync for Argument {}

pub unsafe extern "win64" fn alloc(
    context: *mut c_void,
    peer: u16,
    processor: u32,
    callback: EventCallback,
    argument: *mut c_void,
    port: *mut u32,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let argument = Argument(argument);
    let handler = Box::new(move |port| {
        let argument: &Argument = &argument;
        // SAFETY: the callback and its argument are valid until `close` has returned.
        unsafe { callback(argument.0, port) };
    });
    let made = child.open().and_then(|platform| {
        platform.events.alloc_unbound(Domid(peer), child.owner, processor, handler).map_err(Status::from)
    });
    match made {
        Ok(made) => {
            // SAFETY: the interface's contract.
            unsafe { port.write(made.raw()) };
            Status::OK
        }
        Err(status) => status,
    }
}

pub unsafe extern "win64" fn notify(context: *mut c_void, port: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.events.notify(port, child.owner);
}

pub unsafe extern "win64" fn unmask(context: *mut c_void, port: u32, flags: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.events.unmask(port, child.owner, flags & UNMASK_SPURIOUS == 0);
}

pub unsafe extern "win64" fn mask(context: *mut c_void, port: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.events.mask(port, child.owner);
}

pub unsafe extern "win64" fn kick(context: *mut c_void, port: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.events.kick(port, child.owner);
}

pub unsafe extern "win64" fn retarget(context: *mut c_void, port: u32, processor: u32) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    status(
        child.open().and_then(|platform| {
            platform.events.retarget(port, child.owner, processor).map_err(Status::from)
        }),
    )
}

pub unsafe extern "win64" fn close(context: *mut c_void, port: u32) {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    child.platform.events.close(port, child.owner);
}
