//! The driver's entry point.

/// Exports `fn(&mut DRIVER_OBJECT, &UNICODE_STRING) -> NTSTATUS` to the linker as `DriverEntry`,
/// in the discardable INIT section, after setting up the pool with the driver's tag:
/// `nt::driver_entry!(driver_entry, *b"XenP");`
///
/// The function itself may be `#[inline(never)]` in INIT too:
/// `#[cfg_attr(windows, unsafe(link_section = "INIT"))]`. Nothing in INIT may be called after
/// DriverEntry has returned.
#[macro_export]
macro_rules! driver_entry {
    ($entry:path, $tag:expr) => {
        /// What the I/O manager calls when the driver is loaded. PASSIVE_LEVEL.
        ///
        /// # Safety
        /// Both arguments are valid for the duration of the call.
        // SAFETY: the linker's /entry: names this symbol; nothing else in the image has it.
        #[cfg_attr(all(windows, panic = "abort"), unsafe(no_mangle))]
        // SAFETY: INIT is an executable section by the linker's /section: option.
        #[cfg_attr(all(windows, panic = "abort"), unsafe(link_section = "INIT"))]
        #[allow(non_snake_case, unsafe_code, reason = "the name that the linker is told")]
        pub unsafe extern "win64" fn DriverEntry(
            driver: *mut $crate::sys::DRIVER_OBJECT,
            registry: *mut $crate::sys::UNICODE_STRING,
        ) -> $crate::sys::NTSTATUS {
            $crate::pool::init($tag);
            let entry: fn(
                &mut $crate::sys::DRIVER_OBJECT,
                &$crate::sys::UNICODE_STRING,
            ) -> $crate::sys::NTSTATUS = $entry;
            // SAFETY: the I/O manager passes a valid driver object, ours until it returns.
            let driver = unsafe { &mut *driver };
            // SAFETY: the I/O manager passes a valid string.
            let registry = unsafe { &*registry };
            entry(driver, registry)
        }
    };
}
