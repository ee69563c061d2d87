//! Strings for and from Windows, and its errors in words.
#![expect(unsafe_code, reason = "calls Windows")]

use windows_sys::Win32::Foundation::GetLastError;

use crate::step::Failure;

/// UTF-16 with its NUL.
pub fn wide(text: impl AsRef<std::ffi::OsStr>) -> Vec<u16> {
    use std::os::windows::ffi::OsStrExt as _;
    text.as_ref().encode_wide().chain([0]).collect()
}

/// Up to the NUL.
pub fn narrow(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

/// The calling thread's last error.
pub fn last() -> u32 {
    // SAFETY: no arguments.
    unsafe { GetLastError() }
}

/// An error code in Windows' words, and what to do.
pub fn failure(code: u32) -> Failure {
    Failure::of(code, &std::io::Error::from_raw_os_error(code.cast_signed()).to_string())
}

/// The last error as a failure.
pub fn last_failure() -> Failure {
    failure(last())
}
