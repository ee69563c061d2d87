//! GUIDs as text.

use alloc::{format, string::String};
use nt::sys::GUID;

/// `{4d36e97d-e325-11ce-bfc1-08002be10318}`.
#[must_use]
pub fn text(guid: &GUID) -> String {
    let d = guid.Data4;
    format!(
        "{{{:08x}-{:04x}-{:04x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}}}",
        guid.Data1, guid.Data2, guid.Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
    )
}

/// Reads the text form.
#[must_use]
pub fn parse(text: &str) -> Option<GUID> {
    let text = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut parts = text.split('-');
    let data1 = u32::from_str_radix(parts.next()?, 16).ok()?;
    let data2 = u16::from_str_radix(parts.next()?, 16).ok()?;
    let data3 = u16::from_str_radix(parts.next()?, 16).ok()?;
    let tail = format!("{}{}", parts.next()?, parts.next()?);
    let tail = (tail.len() == 16).then(|| u64::from_str_radix(&tail, 16).ok()).flatten()?;
    parts.next().is_none().then_some(GUID {
        Data1: data1,
        Data2: data2,
        Data3: data3,
        Data4: tail.to_be_bytes(),
    })
}

/// Whether two are equal.
#[must_use]
pub fn equal(a: &GUID, b: &GUID) -> bool {
    (a.Data1, a.Data2, a.Data3, a.Data4) == (b.Data1, b.Data2, b.Data3, b.Data4)
}
