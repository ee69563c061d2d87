//! The system event log as drivers write it: IoAllocateErrorLogEntry, IoWriteErrorLogEntry.

use super::{device, glue, stack, state};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use nt::sys::*;

/// ERROR_LOG_MAXIMUM_SIZE.
const MAXIMUM: usize = 240;
const HEADER: usize = core::mem::offset_of!(IO_ERROR_LOG_PACKET, DumpData);

/// One entry of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Event source: the driver's service name.
    pub source: String,
    /// Device or driver name, the first insertion string.
    pub object: String,
    /// Event id (ErrorCode).
    pub code: u32,
    /// UniqueErrorValue.
    pub unique: u32,
    /// FinalStatus.
    pub status: u32,
    /// Insertion strings from %2 on.
    pub strings: Vec<String>,
    /// Dump data.
    pub data: Vec<u32>,
}

/// The log.
#[derive(Default)]
pub struct Log {
    /// Entries in order.
    pub entries: Vec<Entry>,
    open: BTreeMap<usize, (String, String, usize)>,
}

unsafe fn names_of(object: *mut c_void) -> (String, String) {
    let kind = *object.cast::<i16>();
    let driver: *mut DRIVER_OBJECT = if kind == device::IO_TYPE_DEVICE {
        (*object.cast::<DEVICE_OBJECT>()).DriverObject
    } else {
        object.cast()
    };
    let service = state().drivers.lock().get(driver).map(|d| d.service.clone()).unwrap_or_default();
    let name = if kind == device::IO_TYPE_DEVICE {
        device::describe(object.cast())
    } else {
        stack::text(&(*driver).DriverName)
    };
    (service, name)
}

unsafe fn write(packet: *mut IO_ERROR_LOG_PACKET) {
    let Some((source, object, size)) = state().log.lock().open.remove(&(packet as usize)) else {
        glue::bugcheck(0xC4, [0, packet as u64, 0, 0], "IoWriteErrorLogEntry of something that is no entry");
    };
    let bytes = core::slice::from_raw_parts(packet.cast::<u8>(), size);
    let dump = ((*packet).DumpDataSize as usize).min(size - HEADER) / 4;
    let data = (0..dump).map(|n| *packet.cast::<u8>().add(HEADER + n * 4).cast::<u32>()).collect();
    let mut strings = Vec::new();
    let mut at = (*packet).StringOffset as usize;
    for _ in 0..(*packet).NumberOfStrings {
        let units: Vec<u16> = bytes
            .get(at..)
            .unwrap_or(&[])
            .chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .take_while(|u| *u != 0)
            .collect();
        at += (units.len() + 1) * 2;
        strings.push(String::from_utf16_lossy(&units));
    }
    let entry = Entry {
        source,
        object,
        code: (*packet).ErrorCode as u32,
        unique: (*packet).UniqueErrorValue,
        status: (*packet).FinalStatus as u32,
        strings,
        data,
    };
    state().log.lock().entries.push(entry);
    glue::pool_free(packet.cast());
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoAllocateErrorLogEntry(object: *mut c_void, size: u8) -> *mut c_void [irql <= DISPATCH_LEVEL] {
        if (size as usize) < HEADER || size as usize > MAXIMUM {
            return core::ptr::null_mut();
        }
        let packet = glue::pool(size as usize, *b"IoEr", false);
        if !packet.is_null() {
            let (source, name) = names_of(object);
            state().log.lock().open.insert(packet as usize, (source, name, size as usize));
        }
        packet.cast()
    }
    fn IoWriteErrorLogEntry(packet: *mut c_void) [irql <= DISPATCH_LEVEL] {
        write(packet.cast());
    }
    fn IoFreeErrorLogEntry(packet: *mut c_void) [irql <= DISPATCH_LEVEL] {
        state().log.lock().open.remove(&(packet as usize));
        glue::pool_free(packet.cast());
    }
}
