//! The driver's entry point.
#![allow(unsafe_code, reason = "called by the I/O manager, or by the dump stack")]

use core::ptr::null_mut;

use nt::sys::*;

use crate::{miniport, pnp};

/// Loaded by the I/O manager, or a second time as the dump or hibernation driver: then without driver
/// object, at an IRQL at which only the processor is there to help.
///
/// # Safety
/// Called once per load, by whoever loads the image.
// SAFETY: the linker's /entry: names this symbol; nothing else in the image has it.
#[cfg_attr(windows, unsafe(no_mangle))]
#[allow(non_snake_case, reason = "the name that the linker is told")]
pub unsafe extern "win64" fn DriverEntry(
    driver: *mut DRIVER_OBJECT,
    registry: *mut UNICODE_STRING,
) -> NTSTATUS {
    // The dump side allocates nothing.
    if !driver.is_null() {
        nt::pool::init(*b"XVbd");
        if !nt::reserve::create() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    let mut data = miniport::initialization_data();
    // SAFETY: Storport copies the data; the arguments are those of this routine, as documented.
    let status =
        unsafe { StorPortInitialize(driver.cast(), registry.cast(), &raw mut data, null_mut()) } as NTSTATUS;
    // SAFETY: null for a dump, else the I/O manager's object, ours until we return.
    match unsafe { driver.as_mut() } {
        Some(driver) if status >= 0 => pnp::hook(driver),
        Some(_) => nt::reserve::destroy(),
        None => {}
    }
    status
}
