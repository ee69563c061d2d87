//! Configuration: the registry keywords of an adapter (put there by its INF) or of a driver.

use super::{find_adapter, find_driver, form, rules, state, version};
use crate::abi::*;
use crate::cm;
use crate::io::{glue, stack};
use crate::kernel::{kernel, lock::Lock};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const KIND: &str = "configuration handle";

#[derive(Default)]
struct Open(Lock<BTreeMap<usize, (String, Vec<usize>)>>);

fn open(path: String, owner: usize) -> NDIS_HANDLE {
    let at = glue::pool(64, *b"NdCf", false) as usize;
    if at != 0 {
        state().objects.add(at, KIND, owner);
        kernel().room::<Open>().0.lock().insert(at, (path, Vec::new()));
    }
    at as NDIS_HANDLE
}

/// Registry path of an open handle.
fn path_of(handle: NDIS_HANDLE) -> Option<String> {
    let path = kernel().room::<Open>().0.lock().get(&(handle as usize)).map(|o| o.0.clone());
    if path.is_none() {
        rules::report(
            &rules::CONFIGURATION,
            "the configuration handle is not open".into(),
            handle as usize,
            0,
        );
    }
    path
}

/// Memory that lives until the handle is closed.
fn keep(handle: NDIS_HANDLE, bytes: &[u8]) -> *mut u8 {
    let at = glue::pool(bytes.len().max(8), *b"NdCv", false);
    if !at.is_null() {
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
        if let Some(open) = kernel().room::<Open>().0.lock().get_mut(&(handle as usize)) {
            open.1.push(at as usize);
        }
    }
    at
}

fn close(handle: NDIS_HANDLE) {
    if !state().objects.remove(handle as usize, KIND) {
        return;
    }
    let open = kernel().room::<Open>().0.lock().remove(&(handle as usize));
    for at in open.map(|o| o.1).unwrap_or_default() {
        glue::pool_free(at as *mut u8);
    }
    glue::pool_free(handle.cast());
}

unsafe fn open_ex(object: *mut NDIS_CONFIGURATION_OBJECT, out: *mut NDIS_HANDLE) -> NDIS_STATUS {
    *out = core::ptr::null_mut();
    if !form::CONFIGURATION.check(object.cast(), version()) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    let handle = (*object).NdisHandle;
    let path = if let Some(adapter) = find_adapter(handle) {
        adapter.key.clone()
    } else if let Some(driver) = find_driver(handle) {
        format!("{}\\Parameters", driver.path)
    } else {
        rules::bad_handle("a driver or adapter handle", handle as usize)
    };
    *out = open(path, handle as usize);
    if (*out).is_null() { NDIS_STATUS_RESOURCES } else { NDIS_STATUS_SUCCESS }
}

/// A number as NDIS reads it from text: base 10 for NdisParameterInteger, 16 for NdisParameterHexInteger.
fn number(text: &str, kind: NDIS_PARAMETER_TYPE) -> Option<u32> {
    let text = text.trim();
    if kind == NdisParameterHexInteger {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        return u32::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('-') {
        Some(digits) => digits.parse::<u32>().ok().map(u32::wrapping_neg),
        None => text.parse().ok(),
    }
}

enum Value {
    Integer(u32),
    Text(NDIS_PARAMETER_TYPE, Vec<u8>),
    Binary(Vec<u8>),
}

fn read(path: &str, keyword: &str, kind: NDIS_PARAMETER_TYPE) -> Result<Value, NDIS_STATUS> {
    // Keywords that NDIS answers itself.
    match keyword {
        "Environment" => return Ok(Value::Integer(1)),
        "ProcessorType" => return Ok(Value::Integer(0)),
        "NdisVersion" => return Ok(Value::Integer(version())),
        _ => {}
    }
    let value = cm::get(path, keyword).ok_or(NDIS_STATUS_FAILURE)?;
    let integer = matches!(kind, NdisParameterInteger | NdisParameterHexInteger);
    if let Some(dword) = value.dword() {
        return Ok(Value::Integer(dword));
    }
    match value.kind {
        REG_SZ | REG_EXPAND_SZ if integer => {
            let text = value.text().ok_or(NDIS_STATUS_FAILURE)?;
            number(&text, kind).map(Value::Integer).ok_or(NDIS_STATUS_FAILURE)
        }
        REG_SZ | REG_EXPAND_SZ => Ok(Value::Text(NdisParameterString, value.data.clone())),
        REG_MULTI_SZ if !integer => Ok(Value::Text(NdisParameterMultiString, value.data.clone())),
        REG_BINARY if !integer => Ok(Value::Binary(value.data.clone())),
        _ => Err(NDIS_STATUS_FAILURE),
    }
}

unsafe fn read_parameter(
    handle: NDIS_HANDLE,
    keyword: &str,
    kind: NDIS_PARAMETER_TYPE,
    out: *mut *mut NDIS_CONFIGURATION_PARAMETER,
) -> NDIS_STATUS {
    *out = core::ptr::null_mut();
    let Some(path) = path_of(handle) else { return NDIS_STATUS_FAILURE };
    let value = match read(&path, keyword, kind) {
        Ok(value) => value,
        Err(status) => return status,
    };
    let at: *mut NDIS_CONFIGURATION_PARAMETER =
        keep(handle, &[0; size_of::<NDIS_CONFIGURATION_PARAMETER>()]).cast();
    if at.is_null() {
        return NDIS_STATUS_RESOURCES;
    }
    match value {
        Value::Integer(integer) => {
            (*at).ParameterType = NdisParameterInteger;
            (*at).ParameterData.IntegerData = integer;
        }
        Value::Text(kind, data) => {
            let buffer = keep(handle, &data);
            if buffer.is_null() {
                return NDIS_STATUS_RESOURCES;
            }
            // REG_SZ data ends with a zero that is not counted.
            let length = if kind == NdisParameterString { data.len().saturating_sub(2) } else { data.len() };
            (*at).ParameterType = kind;
            (*at).ParameterData.StringData = UNICODE_STRING {
                Length: length as u16,
                MaximumLength: data.len() as u16,
                Buffer: buffer.cast(),
            };
        }
        Value::Binary(data) => {
            let buffer = keep(handle, &data);
            (*at).ParameterType = NdisParameterBinary;
            (*at).ParameterData.BinaryData = BINARY_DATA { Length: data.len() as u16, Buffer: buffer.cast() };
        }
    }
    *out = at;
    NDIS_STATUS_SUCCESS
}

unsafe fn write(
    handle: NDIS_HANDLE,
    keyword: &str,
    value: *const NDIS_CONFIGURATION_PARAMETER,
) -> NDIS_STATUS {
    let Some(path) = path_of(handle) else { return NDIS_STATUS_FAILURE };
    let data = &(*value).ParameterData;
    let text =
        |s: UNICODE_STRING| core::slice::from_raw_parts(s.Buffer.cast::<u8>(), s.Length as usize).to_vec();
    match (*value).ParameterType {
        NdisParameterInteger => cm::set_dword(&path, keyword, data.IntegerData, false),
        NdisParameterHexInteger => cm::set_sz(&path, keyword, &format!("{:x}", data.IntegerData)),
        NdisParameterString => {
            let mut bytes = text(data.StringData);
            bytes.extend([0, 0]);
            cm::set(&path, keyword, REG_SZ, &bytes);
        }
        NdisParameterMultiString => cm::set(&path, keyword, REG_MULTI_SZ, &text(data.StringData)),
        NdisParameterBinary => {
            let binary = data.BinaryData;
            cm::set(
                &path,
                keyword,
                REG_BINARY,
                core::slice::from_raw_parts(binary.Buffer.cast(), binary.Length as usize),
            );
        }
        _ => return NDIS_STATUS_NOT_SUPPORTED,
    }
    NDIS_STATUS_SUCCESS
}

/// The address of "NetworkAddress": twelve hexadecimal digits, with or without separators.
pub fn network_address(path: &str) -> Option<[u8; 6]> {
    let text = cm::get_sz(path, "NetworkAddress")?;
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    if digits.len() != 12 {
        return None;
    }
    let mut out = [0; 6];
    for (n, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(n * 2..n * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisOpenConfigurationEx(object: *mut NDIS_CONFIGURATION_OBJECT, out: *mut NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        open_ex(object, out)
    }
    fn NdisCloseConfiguration(handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] { close(handle) }
    fn NdisReadConfiguration(status: *mut i32, value: *mut *mut NDIS_CONFIGURATION_PARAMETER, handle: NDIS_HANDLE, keyword: *mut UNICODE_STRING, kind: NDIS_PARAMETER_TYPE) [irql == PASSIVE_LEVEL] {
        *status = read_parameter(handle, &stack::text(keyword), kind, value);
    }
    fn NdisWriteConfiguration(status: *mut i32, handle: NDIS_HANDLE, keyword: *mut UNICODE_STRING, value: *mut NDIS_CONFIGURATION_PARAMETER) [irql == PASSIVE_LEVEL] {
        *status = write(handle, &stack::text(keyword), value);
    }
    fn NdisReadNetworkAddress(status: *mut i32, address: *mut PVOID, length: *mut u32, handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] {
        *length = 0;
        *status = NDIS_STATUS_FAILURE;
        if let Some(path) = path_of(handle)
            && let Some(mac) = network_address(&path)
        {
            let at = keep(handle, &mac);
            if !at.is_null() {
                *address = at.cast();
                *length = 6;
                *status = NDIS_STATUS_SUCCESS;
            }
        }
    }
    fn NdisOpenConfigurationKeyByName(status: *mut i32, handle: NDIS_HANDLE, name: *mut UNICODE_STRING, out: *mut NDIS_HANDLE) [irql <= APC_LEVEL] {
        *status = NDIS_STATUS_FAILURE;
        if let Some(path) = path_of(handle) {
            let path = format!("{path}\\{}", stack::text(name));
            if cm::exists(&path) {
                *out = open(path, 0);
                *status = if (*out).is_null() { NDIS_STATUS_RESOURCES } else { NDIS_STATUS_SUCCESS };
            }
        }
    }
    fn NdisOpenConfigurationKeyByIndex(status: *mut i32, handle: NDIS_HANDLE, index: u32, name: *mut UNICODE_STRING, out: *mut NDIS_HANDLE) [irql <= APC_LEVEL] {
        *status = NDIS_STATUS_FAILURE;
        if let Some(path) = path_of(handle)
            && let Some(key) = cm::subkeys(&path).get(index as usize).map(|k| k.to_string())
        {
            let units: Vec<u8> = key.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
            let buffer = keep(handle, &units);
            *name = UNICODE_STRING { Length: units.len() as u16 - 2, MaximumLength: units.len() as u16, Buffer: buffer.cast() };
            *out = open(format!("{path}\\{key}"), 0);
            *status = if (*out).is_null() { NDIS_STATUS_RESOURCES } else { NDIS_STATUS_SUCCESS };
        }
    }
}
