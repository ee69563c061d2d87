//! Versions, addresses, device properties, bus data, the event log.

use super::{adapter_of, poll, version};
use crate::abi::*;
use crate::export::{Export, Kind};
use crate::io::{errlog, glue, stack, state as io};
use crate::kernel::kernel;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

fn address(export: &Export) -> PVOID {
    match export.kind {
        Kind::Function(thunk) => thunk as usize as PVOID,
        Kind::Data(..) => core::ptr::null_mut(),
    }
}

fn routine(name: &str) -> PVOID {
    if let Some(export) = kernel().find_export("ndis.sys", name) {
        return address(export);
    }
    // What came with NDIS 6.85.
    match poll::LATE.iter().find(|e| e.name == name) {
        Some(export) if version() >= NDIS_RUNTIME_VERSION_685 => address(export),
        _ => core::ptr::null_mut(),
    }
}

unsafe fn log_error(handle: NDIS_HANDLE, code: u32, values: Vec<u32>) {
    let adapter = super::find_adapter(handle);
    let driver = adapter.map(|a| a.driver.object).or_else(|| super::find_driver(handle).map(|d| d.object));
    let service =
        driver.and_then(|d| io().drivers.lock().get(d).map(|d| d.service.clone())).unwrap_or_default();
    let object: String = adapter.map(|a| a.key.clone()).unwrap_or_default();
    kernel().engine.log(&format!("ndis: error log entry {code:#x} {values:x?} by {service}"));
    io().log.lock().entries.push(errlog::Entry {
        source: service,
        object,
        code,
        unique: 0,
        status: 0,
        strings: Vec::new(),
        data: values,
    });
}

unsafe fn bus_data(
    handle: NDIS_HANDLE,
    space: u32,
    offset: u32,
    buffer: PVOID,
    length: u32,
    write: bool,
) -> u32 {
    let bus = adapter_of(handle).bus.lock().as_ref().copied();
    let routine = bus.and_then(|b| if write { b.SetBusData } else { b.GetBusData });
    match (bus, routine) {
        (Some(bus), Some(routine)) => {
            crate::call!("bus data", routine, bus.Context, space, buffer, offset, length)
        }
        _ => 0,
    }
}

unsafe fn resources(words: *mut Vec<u64>) -> *mut CM_RESOURCE_LIST {
    if (*words).is_empty() { core::ptr::null_mut() } else { (*words).as_mut_ptr().cast() }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisGetVersion() -> u32 [irql <= DISPATCH_LEVEL] { version() }
    fn NdisGetRoutineAddress(name: *mut UNICODE_STRING) -> PVOID [irql == PASSIVE_LEVEL] { routine(&stack::text(name)) }
    fn NdisGetSystemUpTimeEx(to: *mut i64) [irql any] { *to = (kernel().engine.now() / 1_000_000) as i64; }
    fn NdisGetCurrentSystemTime(to: *mut i64) [irql any] { *to = crate::ke::timer::system_time() as i64; }
    fn NdisMGetDeviceProperty(handle: NDIS_HANDLE, pdo: *mut *mut DEVICE_OBJECT, fdo: *mut *mut DEVICE_OBJECT, next: *mut *mut DEVICE_OBJECT, raw: *mut *mut CM_RESOURCE_LIST, translated: *mut *mut CM_RESOURCE_LIST) [irql == PASSIVE_LEVEL] {
        let adapter = adapter_of(handle);
        for (to, device) in [(pdo, adapter.pdo), (fdo, adapter.fdo), (next, adapter.lower)] {
            if !to.is_null() {
                *to = device;
            }
        }
        let both = adapter.resources.get();
        if !raw.is_null() {
            *raw = resources(&raw mut (*both).0);
        }
        if !translated.is_null() {
            *translated = resources(&raw mut (*both).1);
        }
    }
    fn NdisMQueryAdapterInstanceName(name: *mut UNICODE_STRING, handle: NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        let text = crate::cm::get_sz(&adapter_of(handle).key, "DriverDesc").unwrap_or_else(|| "Network adapter".into());
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
        let buffer = glue::pool(units.len(), *b"NdIn", false);
        if buffer.is_null() {
            return NDIS_STATUS_RESOURCES;
        }
        core::ptr::copy_nonoverlapping(units.as_ptr(), buffer, units.len());
        *name = UNICODE_STRING { Length: units.len() as u16 - 2, MaximumLength: units.len() as u16, Buffer: buffer.cast() };
        NDIS_STATUS_SUCCESS
    }
    fn NdisMGetBusData(handle: NDIS_HANDLE, space: u32, offset: u32, buffer: PVOID, length: u32) -> u32 [irql any] {
        bus_data(handle, space, offset, buffer, length, false)
    }
    fn NdisMSetBusData(handle: NDIS_HANDLE, space: u32, offset: u32, buffer: PVOID, length: u32) -> u32 [irql any] {
        bus_data(handle, space, offset, buffer, length, true)
    }
    fn NdisGetHypervisorInfo(at: *mut u32) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        // NDIS_HYPERVISOR_INFO: flags (HypervisorPresent 1) and partition type; this is no Hyper-V partition.
        *at.add(1) = 1;
        *at.add(2) = 0;
        NDIS_STATUS_SUCCESS
    }
    fn NdisMConfigMSIXTableEntry(handle: NDIS_HANDLE, parameters: PVOID) -> NDIS_STATUS [irql any] {
        // Needs an MSI-X table, which no device of this machine has.
        adapter_of(handle);
        NDIS_STATUS_NOT_SUPPORTED
    }
    variadic fn NdisWriteErrorLogEntry(args: *const u64) [irql <= DISPATCH_LEVEL] {
        let count = (*args.add(2) as u32).min(16) as usize;
        let values = (0..count).map(|n| *args.add(3 + n) as u32).collect();
        log_error(*args as NDIS_HANDLE, *args.add(1) as u32, values)
    }
    fn NdisInitUnicodeString(to: *mut UNICODE_STRING, from: *const u16) [irql any] {
        let length = stack::text_z(from).encode_utf16().count() as u16 * 2;
        *to = UNICODE_STRING { Length: length, MaximumLength: length + 2, Buffer: from.cast_mut() };
    }
}
