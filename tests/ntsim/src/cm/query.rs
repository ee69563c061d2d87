//! RtlQueryRegistryValues and the other Rtl registry routines.
//!
//! Source: the documentation of RtlQueryRegistryValues (flags, RelativeTo, the DIRECT forms).

use super::{
    CONTROL_SET, key_of, now, open_handle, registry, status_of,
    tree::{KeyId, Value, sz},
};
use crate::io::{glue, stack::text_z};
use alloc::{format, string::String, vec::Vec};
use nt::sys::*;

type Routine =
    unsafe extern "win64" fn(*mut u16, u32, *mut c_void, u32, *mut c_void, *mut c_void) -> NTSTATUS;

/// The key that RelativeTo and Path mean.
unsafe fn locate(relative: u32, path: *const u16) -> Result<(Option<KeyId>, String), NTSTATUS> {
    if relative & RTL_REGISTRY_HANDLE != 0 {
        return Ok((Some(key_of(path as HANDLE)?), String::new()));
    }
    let path = text_z(path);
    let base = match relative & 0xFF {
        RTL_REGISTRY_ABSOLUTE => return Ok((None, path)),
        RTL_REGISTRY_SERVICES => format!("{CONTROL_SET}\\Services"),
        RTL_REGISTRY_CONTROL => format!("{CONTROL_SET}\\Control"),
        RTL_REGISTRY_WINDOWS_NT => {
            "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion".into()
        }
        RTL_REGISTRY_DEVICEMAP => "\\Registry\\Machine\\Hardware\\DeviceMap".into(),
        RTL_REGISTRY_USER => "\\Registry\\User\\.Default".into(),
        _ => return Err(STATUS_INVALID_PARAMETER),
    };
    Ok((None, if path.is_empty() { base } else { format!("{base}\\{path}") }))
}

fn open_at(from: Option<KeyId>, path: &str) -> Result<KeyId, NTSTATUS> {
    match (from, path.is_empty()) {
        (Some(id), true) => Ok(id),
        _ => registry().tree.lock().open(from, path).map_err(|e| match status_of(e) {
            STATUS_OBJECT_PATH_NOT_FOUND => STATUS_OBJECT_NAME_NOT_FOUND,
            other => other,
        }),
    }
}

/// The DIRECT form: the value goes into EntryContext.
unsafe fn direct(entry: &RTL_QUERY_REGISTRY_TABLE, kind: u32, data: &[u8]) -> NTSTATUS {
    if entry.Flags & RTL_QUERY_REGISTRY_TYPECHECK != 0 {
        let expected = entry.DefaultType >> 24;
        if expected != REG_NONE && expected != kind {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
    }
    let out = entry.EntryContext;
    match kind {
        REG_SZ | REG_EXPAND_SZ | REG_MULTI_SZ => {
            let string: *mut UNICODE_STRING = out.cast();
            if data.len() > 0xFFFE {
                return STATUS_BUFFER_TOO_SMALL;
            }
            if (*string).Buffer.is_null() {
                let buffer = glue::paged_pool(data.len().max(2), *b"RtlQ");
                if buffer.is_null() {
                    return STATUS_NO_MEMORY;
                }
                (*string).Buffer = buffer.cast();
                (*string).MaximumLength = data.len() as u16;
            } else if ((*string).MaximumLength as usize) < data.len() {
                return STATUS_BUFFER_TOO_SMALL;
            }
            core::ptr::copy_nonoverlapping(data.as_ptr(), (*string).Buffer.cast::<u8>(), data.len());
            (*string).Length = data.len().saturating_sub(2) as u16;
        }
        _ if data.len() <= 4 => {
            core::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>(), data.len());
        }
        _ => {
            // The first LONG of the buffer tells its size: negative for "without length and type".
            let size = *out.cast::<i32>();
            if size < 0 {
                if (size.unsigned_abs() as usize) < data.len() {
                    return STATUS_BUFFER_TOO_SMALL;
                }
                core::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>(), data.len());
            } else {
                if (size as usize) < data.len() + 8 {
                    return STATUS_BUFFER_TOO_SMALL;
                }
                *out.cast::<u32>() = data.len() as u32;
                *out.cast::<u32>().add(1) = kind;
                core::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>().add(8), data.len());
            }
        }
    }
    STATUS_SUCCESS
}

unsafe fn deliver(
    entry: &RTL_QUERY_REGISTRY_TABLE,
    name: &str,
    kind: u32,
    data: &[u8],
    context: *mut c_void,
) -> NTSTATUS {
    if entry.Flags & RTL_QUERY_REGISTRY_DIRECT != 0 {
        return direct(entry, kind, data);
    }
    let Some(routine) = entry.QueryRoutine else { return STATUS_INVALID_PARAMETER };
    let routine: Routine = core::mem::transmute(routine);
    let mut name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let mut one = |data: &[u8]| {
        let mut copy = data.to_vec();
        crate::call!(
            "registry query routine",
            routine,
            name.as_mut_ptr(),
            kind,
            copy.as_mut_ptr().cast(),
            data.len() as u32,
            context,
            entry.EntryContext
        )
    };
    if kind == REG_MULTI_SZ && entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND == 0 {
        // Each string is delivered by a call of its own, as REG_SZ.
        for text in (Value { name: String::new(), kind, data: data.to_vec() }).texts().unwrap_or_default() {
            let status = one(&sz(&text));
            if status < 0 {
                return status;
            }
        }
        return STATUS_SUCCESS;
    }
    one(data)
}

unsafe fn query(
    relative: u32,
    path: *const u16,
    table: *mut RTL_QUERY_REGISTRY_TABLE,
    context: *mut c_void,
) -> NTSTATUS {
    let (from, path) = match locate(relative, path) {
        Ok(x) => x,
        Err(status) => return status,
    };
    let top = match open_at(from, &path) {
        Ok(id) => id,
        Err(_) if relative & RTL_REGISTRY_OPTIONAL != 0 => return STATUS_SUCCESS,
        Err(status) => return status,
    };
    let mut key = Some(top);
    let mut at = table;
    loop {
        let entry = &*at;
        if entry.QueryRoutine.is_none()
            && entry.Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT) == 0
        {
            return STATUS_SUCCESS;
        }
        if entry.Flags & RTL_QUERY_REGISTRY_TOPKEY != 0 {
            key = Some(top);
        }
        let name = if entry.Name.is_null() { None } else { Some(text_z(entry.Name)) };
        if entry.Flags & RTL_QUERY_REGISTRY_SUBKEY != 0 {
            let Some(name) = &name else { return STATUS_INVALID_PARAMETER };
            key = open_at(Some(top), name).ok();
            if key.is_none() && entry.Flags & RTL_QUERY_REGISTRY_REQUIRED != 0 {
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            at = at.add(1);
            continue;
        }
        let values: Vec<Value> = match (key, &name) {
            (Some(id), Some(name)) => {
                registry().tree.lock().value(id, name).ok().cloned().into_iter().collect()
            }
            (Some(id), None) => registry().tree.lock().key(id).map(|k| k.values.clone()).unwrap_or_default(),
            (None, _) => Vec::new(),
        };
        let mut status = STATUS_SUCCESS;
        if values.is_empty() {
            let wanted = name.clone().unwrap_or_default();
            let default = entry.DefaultType & 0x00FF_FFFF;
            if entry.Flags & RTL_QUERY_REGISTRY_REQUIRED != 0 {
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            if default != REG_NONE && !entry.DefaultData.is_null() {
                let length = match (entry.DefaultLength, default) {
                    (0, REG_SZ | REG_EXPAND_SZ) => sz(&text_z(entry.DefaultData.cast())).len(),
                    (n, _) => n as usize,
                };
                let data = core::slice::from_raw_parts(entry.DefaultData.cast::<u8>(), length).to_vec();
                let plain =
                    RTL_QUERY_REGISTRY_TABLE { Flags: entry.Flags & !RTL_QUERY_REGISTRY_TYPECHECK, ..*entry };
                status = deliver(&plain, &wanted, default, &data, context);
            }
        }
        for value in values {
            status = deliver(entry, &value.name, value.kind, &value.data, context);
            if status < 0 {
                break;
            }
            if entry.Flags & RTL_QUERY_REGISTRY_DELETE != 0
                && let Some(id) = key
            {
                let _ = registry().tree.lock().delete_value(id, &value.name, now());
            }
        }
        if status < 0 {
            return status;
        }
        at = at.add(1);
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlQueryRegistryValues(relative: u32, path: *const u16, table: *mut RTL_QUERY_REGISTRY_TABLE, context: *mut c_void, environment: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        query(relative, path, table, context)
    }
    fn RtlQueryRegistryValuesEx(relative: u32, path: *const u16, table: *mut RTL_QUERY_REGISTRY_TABLE, context: *mut c_void, environment: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        query(relative, path, table, context)
    }
    fn RtlWriteRegistryValue(relative: u32, path: *const u16, name: *const u16, kind: u32, data: *mut c_void, length: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let (from, path) = match locate(relative, path) { Ok(x) => x, Err(status) => return status };
        let name = text_z(name);
        let data = core::slice::from_raw_parts(data.cast::<u8>(), length as usize);
        let time = now();
        let mut tree = registry().tree.lock();
        let id = match from {
            Some(id) => Ok(id),
            // A missing key is created.
            None => tree.create(None, &path, false, "", time).map(|(id, _)| id),
        };
        match id.and_then(|id| tree.set(id, &name, kind, data, time)) {
            Ok(()) => STATUS_SUCCESS,
            Err(e) => status_of(e),
        }
    }
    fn RtlDeleteRegistryValue(relative: u32, path: *const u16, name: *const u16) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let (from, path) = match locate(relative, path) { Ok(x) => x, Err(status) => return status };
        let name = text_z(name);
        match open_at(from, &path) {
            Ok(id) => registry().tree.lock().delete_value(id, &name, now()).map_or_else(status_of, |()| STATUS_SUCCESS),
            Err(status) => status,
        }
    }
    fn RtlCheckRegistryKey(relative: u32, path: *const u16) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        match locate(relative, path).and_then(|(from, path)| open_at(from, &path)) {
            Ok(_) => STATUS_SUCCESS,
            Err(status) => status,
        }
    }
    fn RtlCreateRegistryKey(relative: u32, path: *const u16) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let (from, path) = match locate(relative, path) { Ok(x) => x, Err(status) => return status };
        registry().tree.lock().create(from, &path, false, "", now()).map_or_else(status_of, |_| STATUS_SUCCESS)
    }
    fn IoOpenDeviceRegistryKey(pdo: *mut DEVICE_OBJECT, kind: u32, access: u32, out: *mut HANDLE) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        *out = core::mem::zeroed();
        let Some(path) = crate::pnp::registry_key(pdo, kind) else { return STATUS_INVALID_DEVICE_REQUEST };
        let id = registry().tree.lock().make(&path).0;
        open_handle(id, access, out)
    }
}
