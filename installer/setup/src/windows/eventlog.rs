//! Entries in the event log, for what an administrator has to know.
#![expect(unsafe_code, reason = "calls Windows")]

use std::ptr;

use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
    RegisterEventSourceW, ReportEventW,
};

use super::{registry, text::wide};
use crate::{registry::Value, step::Failure};

const SOURCE: &str = "XenPV Setup";
const KEY: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\XenPV Setup";

/// How important.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Done.
    Information,
    /// Something is left to do.
    Warning,
    /// It failed.
    Error,
}

/// Registers the source. Windows' own `EventCreate.exe` has messages 1 to 1000 that are just their text.
pub fn register() -> Result<(), Failure> {
    let file = Value::ExpandSz(r"%SystemRoot%\System32\EventCreate.exe".into());
    registry::set(KEY, "EventMessageFile", &file)?;
    registry::set(KEY, "TypesSupported", &Value::Dword(7))
}

/// Forgets the source; its entries stay.
pub fn unregister() -> Result<(), Failure> {
    registry::delete(KEY)
}

/// Writes an entry. One that cannot be written stops nothing.
pub fn report(severity: Severity, text: &str) {
    let kind = match severity {
        Severity::Information => EVENTLOG_INFORMATION_TYPE,
        Severity::Warning => EVENTLOG_WARNING_TYPE,
        Severity::Error => EVENTLOG_ERROR_TYPE,
    };
    let (source, text) = (wide(SOURCE), wide(text));
    // SAFETY: the name ends with a NUL.
    let log = unsafe { RegisterEventSourceW(ptr::null(), source.as_ptr()) };
    if log.is_null() {
        return;
    }
    let strings = [text.as_ptr()];
    // SAFETY: one string that ends with a NUL.
    unsafe { ReportEventW(log, kind, 0, 1, ptr::null_mut(), 1, 0, strings.as_ptr(), ptr::null()) };
    // SAFETY: ours, closed once.
    unsafe { DeregisterEventSource(log) };
}
