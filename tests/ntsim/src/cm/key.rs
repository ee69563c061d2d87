//! ZwCreateKey and its kin.
//!
//! Sources: the documentation of the Zw…Key routines and of KEY_*_INFORMATION. All run at PASSIVE_LEVEL; callers are
//! kernel mode, so a handle's access mask is not checked.

use super::{
    key_of, now, open_handle, registry, status_of,
    tree::{CmError, KeyId, Tree, Value},
};
use crate::io::stack::text;
use alloc::{string::String, vec::Vec};
use nt::sys::*;

const OBJ_KERNEL_HANDLE: u32 = 0x200;

unsafe fn root_and_path(attributes: *const OBJECT_ATTRIBUTES) -> Result<(Option<KeyId>, String), NTSTATUS> {
    let a = &*attributes;
    if a.Length as usize != size_of::<OBJECT_ATTRIBUTES>() {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let _ = OBJ_KERNEL_HANDLE;
    let root = if (a.RootDirectory as usize) == 0 { None } else { Some(key_of(a.RootDirectory)?) };
    if !a.ObjectName.is_null() && !(*a.ObjectName).Length.is_multiple_of(2) {
        return Err(STATUS_OBJECT_NAME_INVALID);
    }
    Ok((root, text(a.ObjectName)))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Puts an answer into a caller's buffer: BUFFER_TOO_SMALL when not even the fixed part fits, BUFFER_OVERFLOW when it is
/// cut off.
unsafe fn answer(data: &[u8], fixed: usize, out: *mut u8, length: u32, result: *mut u32) -> NTSTATUS {
    if !result.is_null() {
        *result = data.len() as u32;
    }
    let length = length as usize;
    if length < fixed {
        return STATUS_BUFFER_TOO_SMALL;
    }
    core::ptr::copy_nonoverlapping(data.as_ptr(), out, data.len().min(length));
    if length < data.len() { STATUS_BUFFER_OVERFLOW } else { STATUS_SUCCESS }
}

fn put(data: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        data.extend(word.to_le_bytes());
    }
}

/// A key in one of the KEY_INFORMATION_CLASS forms: data, and size of the fixed part.
fn key_information(tree: &Tree, id: KeyId, class: i32) -> Result<(Vec<u8>, usize), NTSTATUS> {
    let key = tree.key(id).map_err(status_of)?;
    let name = utf16(&key.name);
    let class_name = utf16(&key.class);
    let mut data = Vec::new();
    let children: Vec<&str> =
        tree.subkeys(id).filter_map(|k| tree.key(k).ok()).map(|k| k.name.as_str()).collect();
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0) as u32;
    let max_name = longest(&mut children.iter().map(|c| utf16(c).len()));
    let max_value_name = longest(&mut key.values.iter().map(|v| utf16(&v.name).len()));
    let max_value_data = longest(&mut key.values.iter().map(|v| v.data.len()));
    let fixed = match class {
        KeyBasicInformation => {
            data.extend(key.written.to_le_bytes());
            put(&mut data, &[0, name.len() as u32]);
            data.extend(&name);
            16
        }
        KeyNodeInformation => {
            data.extend(key.written.to_le_bytes());
            let offset = if class_name.is_empty() { u32::MAX } else { 24 + name.len() as u32 };
            put(&mut data, &[0, offset, class_name.len() as u32, name.len() as u32]);
            data.extend(&name);
            data.extend(&class_name);
            24
        }
        KeyFullInformation => {
            data.extend(key.written.to_le_bytes());
            let offset = if class_name.is_empty() { u32::MAX } else { 44 };
            put(
                &mut data,
                &[
                    0,
                    offset,
                    class_name.len() as u32,
                    children.len() as u32,
                    max_name,
                    0,
                    key.values.len() as u32,
                    max_value_name,
                    max_value_data,
                ],
            );
            data.extend(&class_name);
            44
        }
        KeyNameInformation => {
            let path = utf16(&tree.path(id));
            put(&mut data, &[path.len() as u32]);
            data.extend(&path);
            4
        }
        KeyCachedInformation => {
            data.extend(key.written.to_le_bytes());
            put(
                &mut data,
                &[
                    0,
                    children.len() as u32,
                    max_name,
                    key.values.len() as u32,
                    max_value_name,
                    max_value_data,
                    name.len() as u32,
                    0,
                ],
            );
            40
        }
        _ => return Err(STATUS_INVALID_PARAMETER),
    };
    Ok((data, fixed))
}

/// A value in one of the KEY_VALUE_INFORMATION_CLASS forms.
fn value_information(value: &Value, class: i32) -> Result<(Vec<u8>, usize), NTSTATUS> {
    let name = utf16(&value.name);
    let mut data = Vec::new();
    let fixed = match class {
        KeyValueBasicInformation => {
            put(&mut data, &[0, value.kind, name.len() as u32]);
            data.extend(&name);
            12
        }
        KeyValueFullInformation | KeyValueFullInformationAlign64 => {
            let align = if class == KeyValueFullInformationAlign64 { 8 } else { 4 };
            let offset = (20 + name.len()).next_multiple_of(align);
            put(&mut data, &[0, value.kind, offset as u32, value.data.len() as u32, name.len() as u32]);
            data.extend(&name);
            data.resize(offset, 0);
            data.extend(&value.data);
            20
        }
        KeyValuePartialInformation => {
            put(&mut data, &[0, value.kind, value.data.len() as u32]);
            data.extend(&value.data);
            12
        }
        KeyValuePartialInformationAlign64 => {
            put(&mut data, &[value.kind, value.data.len() as u32]);
            data.extend(&value.data);
            8
        }
        _ => return Err(STATUS_INVALID_PARAMETER),
    };
    Ok((data, fixed))
}

unsafe fn create(
    out: *mut HANDLE,
    access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    class: *const UNICODE_STRING,
    options: u32,
    disposition: *mut u32,
) -> Result<NTSTATUS, NTSTATUS> {
    let (root, path) = root_and_path(attributes)?;
    let class = text(class);
    let volatile = options & REG_OPTION_VOLATILE != 0;
    let made = registry().tree.lock().create(root, &path, volatile, &class, now());
    let (id, created) = match made {
        // A missing component before the last: OBJECT_NAME_NOT_FOUND (the routine creates one level only).
        Err(CmError::PathNotFound) => return Err(STATUS_OBJECT_NAME_NOT_FOUND),
        other => other.map_err(status_of)?,
    };
    if !disposition.is_null() {
        *disposition = if created { REG_CREATED_NEW_KEY } else { REG_OPENED_EXISTING_KEY };
    }
    Ok(open_handle(id, access, out))
}

unsafe fn open(
    out: *mut HANDLE,
    access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
) -> Result<NTSTATUS, NTSTATUS> {
    let (root, path) = root_and_path(attributes)?;
    let id = registry().tree.lock().open(root, &path);
    let id = match id {
        Err(CmError::PathNotFound) => return Err(STATUS_OBJECT_NAME_NOT_FOUND),
        other => other.map_err(status_of)?,
    };
    Ok(open_handle(id, access, out))
}

fn flat(result: Result<NTSTATUS, NTSTATUS>) -> NTSTATUS {
    result.unwrap_or_else(|e| e)
}

unsafe fn on_key(handle: HANDLE, f: impl FnOnce(&mut Tree, KeyId) -> Result<(), CmError>) -> NTSTATUS {
    match key_of(handle) {
        Ok(id) => f(&mut registry().tree.lock(), id).map_or_else(status_of, |()| STATUS_SUCCESS),
        Err(status) => status,
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ZwCreateKey(out: *mut HANDLE, access: u32, attributes: *mut OBJECT_ATTRIBUTES, title: u32,
        class: *mut UNICODE_STRING, options: u32, disposition: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        flat(create(out, access, attributes, class, options, disposition))
    }
    fn ZwOpenKey(out: *mut HANDLE, access: u32, attributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        flat(open(out, access, attributes))
    }
    fn ZwOpenKeyEx(out: *mut HANDLE, access: u32, attributes: *mut OBJECT_ATTRIBUTES, options: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        flat(open(out, access, attributes))
    }
    fn ZwQueryKey(handle: HANDLE, class: i32, out: *mut c_void, length: u32, result: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let id = match key_of(handle) { Ok(id) => id, Err(status) => return status };
        let made = key_information(&registry().tree.lock(), id, class);
        match made {
            Ok((data, fixed)) => answer(&data, fixed, out.cast(), length, result),
            Err(status) => status,
        }
    }
    fn ZwEnumerateKey(handle: HANDLE, index: u32, class: i32, out: *mut c_void, length: u32, result: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let id = match key_of(handle) { Ok(id) => id, Err(status) => return status };
        let made = {
            let tree = registry().tree.lock();
            tree.subkey(id, index as usize).map_err(status_of).and_then(|sub| key_information(&tree, sub, class))
        };
        match made {
            Ok((data, fixed)) => answer(&data, fixed, out.cast(), length, result),
            Err(status) => status,
        }
    }
    fn ZwQueryValueKey(handle: HANDLE, name: *mut UNICODE_STRING, class: i32, out: *mut c_void, length: u32, result: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let id = match key_of(handle) { Ok(id) => id, Err(status) => return status };
        let name = text(name);
        let made = {
            let tree = registry().tree.lock();
            tree.value(id, &name).map_err(status_of).and_then(|v| value_information(v, class))
        };
        match made {
            Ok((data, fixed)) => answer(&data, fixed, out.cast(), length, result),
            Err(status) => status,
        }
    }
    fn ZwEnumerateValueKey(handle: HANDLE, index: u32, class: i32, out: *mut c_void, length: u32, result: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let id = match key_of(handle) { Ok(id) => id, Err(status) => return status };
        let made = {
            let tree = registry().tree.lock();
            tree.key(id).map_err(status_of).and_then(|k| match k.values.get(index as usize) {
                Some(value) => value_information(value, class),
                None => Err(STATUS_NO_MORE_ENTRIES),
            })
        };
        match made {
            Ok((data, fixed)) => answer(&data, fixed, out.cast(), length, result),
            Err(status) => status,
        }
    }
    fn ZwSetValueKey(handle: HANDLE, name: *mut UNICODE_STRING, title: u32, kind: u32, data: *mut c_void, size: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let name = text(name);
        let data: &[u8] = if size == 0 { &[] } else { core::slice::from_raw_parts(data.cast::<u8>(), size as usize) };
        let time = now();
        on_key(handle, |tree, id| tree.set(id, &name, kind, data, time))
    }
    fn ZwDeleteValueKey(handle: HANDLE, name: *mut UNICODE_STRING) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let name = text(name);
        let time = now();
        on_key(handle, |tree, id| tree.delete_value(id, &name, time))
    }
    fn ZwDeleteKey(handle: HANDLE) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let time = now();
        on_key(handle, |tree, id| tree.delete(id, time))
    }
    fn ZwFlushKey(handle: HANDLE) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        on_key(handle, Tree::flush)
    }
}
