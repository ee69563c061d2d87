//! `DriverEntry`, `AddDevice`, `Unload`.

use nt::sys::{
    DEVICE_OBJECT, DRIVER_OBJECT, NTSTATUS, STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS, UNICODE_STRING,
};

use crate::{device, fdo::Fdo, platform::log::debug_port};

#[cfg(windows)]
nt::driver_entry!(entry, *b"XPci");

/// Sets the driver object up. `PASSIVE_LEVEL`.
#[expect(unsafe_code, reason = "fills the driver object")]
pub fn entry(driver: &mut DRIVER_OBJECT, _registry: &UNICODE_STRING) -> NTSTATUS {
    nt::panic::set_hook(panicked);
    if !nt::reserve::create() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    driver.DriverUnload = Some(unload);
    // SAFETY: the I/O manager's extension of our driver object.
    unsafe { (*driver.DriverExtension).AddDevice = Some(add_device) };
    // SAFETY: our driver object, in DriverEntry.
    unsafe { device::register(driver) };
    STATUS_SUCCESS
}

/// The last words of a panic, before the bug check.
fn panicked(message: &[u8]) {
    debug_port(b"xenpvpci: ");
    debug_port(message);
    debug_port(b"\n");
}

#[expect(unsafe_code, reason = "called by the PnP manager")]
unsafe extern "win64" fn add_device(driver: *mut DRIVER_OBJECT, physical: *mut DEVICE_OBJECT) -> NTSTATUS {
    // SAFETY: AddDevice's parameters.
    match unsafe { Fdo::add(driver, physical) } {
        Ok(()) => STATUS_SUCCESS,
        Err(status) => status,
    }
}

#[expect(unsafe_code, reason = "called by the I/O manager")]
unsafe extern "win64" fn unload(_driver: *mut DRIVER_OBJECT) {
    // Everything went with the last device.
    nt::reserve::destroy();
}
