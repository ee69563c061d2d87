//! A driver that exercises each wrapper of `nt` in DriverEntry, as the binary that a kernel runs.
//!
//! It loads if everything behaves; otherwise DriverEntry fails, and the debugger's output says
//! which check did. It leaves nothing behind. It does not ship.
#![cfg_attr(not(test), no_std)]
#![allow(unsafe_code, reason = "a driver's glue")]

extern crate alloc;

mod kernel_objects;
mod memory;
mod system;

use nt::sys::*;

nt::driver_entry!(entry, *b"NtSt");

/// A check that failed: the line that made it.
pub struct Failed(u32, &'static str);

/// Fails the calling function if the condition does not hold.
macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            return Err($crate::Failed(line!(), file!()));
        }
    };
}
pub(crate) use check;

/// The value of an `Option` or `Result`, or a failed check.
macro_rules! some {
    ($value:expr) => {
        match $value.into_iter().next() {
            Some(value) => value,
            None => return Err($crate::Failed(line!(), file!())),
        }
    };
}
pub(crate) use some;

unsafe extern "win64" fn unload(_driver: *mut DRIVER_OBJECT) {}

fn entry(driver: &mut DRIVER_OBJECT, registry: &UNICODE_STRING) -> NTSTATUS {
    driver.DriverUnload = Some(unload);
    // SAFETY: the I/O manager's string lives until DriverEntry returns.
    let path = unsafe { nt::unicode::units(registry) };
    match all(driver, path) {
        Ok(()) => STATUS_SUCCESS,
        Err(Failed(line, file)) => {
            // SAFETY: the format takes a counted string and a number.
            unsafe {
                DbgPrint(
                    c"nt-selftest: check failed: %.*s:%u\n".as_ptr().cast(),
                    file.len() as i32,
                    file.as_ptr(),
                    line,
                )
            };
            STATUS_UNSUCCESSFUL
        }
    }
}

fn all(driver: &mut DRIVER_OBJECT, path: &[WCHAR]) -> Result<(), Failed> {
    memory::pool()?;
    memory::mdl()?;
    kernel_objects::irql_and_locks()?;
    kernel_objects::events()?;
    kernel_objects::dpcs()?;
    kernel_objects::timers()?;
    kernel_objects::threads()?;
    system::work_items(driver)?;
    system::remove_locks()?;
    system::registry(path)?;
    system::events_for_the_administrator(driver)
}
