//! GUIDs as text: `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`.

use crate::abi::*;
use crate::kernel::kernel;
use crate::rtl::unicode;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The text of a GUID.
pub fn to_text(g: &GUID) -> String {
    let d = g.Data4;
    format!(
        "{{{:08X}-{:04X}-{:04X}-{:02X}{:02X}-{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}}}",
        g.Data1, g.Data2, g.Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
    )
}

/// The GUID of a text.
pub fn from_text(text: &str) -> Option<GUID> {
    let inner = text.strip_prefix('{')?.split_once('}')?.0;
    let parts: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    if lengths != [8, 4, 4, 4, 12] {
        return None;
    }
    let hex = |s: &str| u64::from_str_radix(s, 16).ok();
    let tail = hex(parts[3])? << 48 | hex(parts[4])?;
    Some(GUID {
        Data1: hex(parts[0])? as u32,
        Data2: hex(parts[1])? as u16,
        Data3: hex(parts[2])? as u16,
        Data4: tail.to_be_bytes(),
    })
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlStringFromGUID(g: *const GUID, out: *mut UNICODE_STRING) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let text: Vec<u16> = to_text(&*g).encode_utf16().collect();
        unicode::allocate(out, &text)
    }
    fn RtlGUIDFromString(s: *const UNICODE_STRING, out: *mut GUID) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        match from_text(&unicode::to_string(s)) {
            Some(g) => {
                *out = g;
                STATUS_SUCCESS
            }
            None => STATUS_INVALID_PARAMETER,
        }
    }
    fn ExUuidCreate(out: *mut GUID) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let e = kernel().engine;
        let r = |what| e.choose(u32::MAX, what);
        let (a, b, c, d) = (r("uuid"), r("uuid"), r("uuid"), r("uuid"));
        let mut tail = [0u8; 8];
        tail[..4].copy_from_slice(&c.to_le_bytes());
        tail[4..].copy_from_slice(&d.to_le_bytes());
        tail[0] = tail[0] & 0x3F | 0x80;
        *out = GUID { Data1: a, Data2: b as u16, Data3: (b >> 16) as u16 & 0xFFF | 0x4000, Data4: tail };
        STATUS_SUCCESS
    }
}
