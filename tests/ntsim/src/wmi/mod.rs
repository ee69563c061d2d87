//! wmi: registration of data providers, their blocks, and the events they fire; kept for tests to read.
//!
//! Sources: IoWMIRegistrationControl, IRP_MN_REGINFO_EX, IRP_MN_QUERY_ALL_DATA, WmiFireEvent, WNODE_HEADER.
#![allow(non_upper_case_globals, reason = "Microsoft's names stand in patterns")]
#![allow(
    function_casts_as_integer,
    unpredictable_function_pointer_comparisons,
    reason = "routines are kept by address"
)]
#![allow(
    clippy::useless_transmute,
    clippy::missing_transmute_annotations,
    clippy::unnecessary_cast,
    clippy::type_complexity,
    clippy::vec_box,
    reason = "the bindings' types differ between their two sources; strings must not move"
)]

use crate::export::{Export, caller};
use crate::io::{build, glue, guid, stack};
use crate::kernel::{kernel, lock::Lock};
use crate::{pnp, verifier};
use alloc::{format, string::String, vec::Vec};
use nt::sys::*;

/// A registered provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Device object.
    pub device: usize,
    /// Blocks: GUID as text, instances, flags.
    pub blocks: Vec<(String, u32, u32)>,
    /// Code that registered it.
    pub made_by: usize,
}

/// An event that was fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// GUID of the event block.
    pub guid: String,
    /// Instance.
    pub instance: u32,
    /// Data.
    pub data: Vec<u8>,
}

#[derive(Default)]
struct State {
    providers: Lock<Vec<Provider>>,
    events: Lock<Vec<Event>>,
}

fn state() -> &'static State {
    kernel().room()
}

/// Export tables of this room.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![EXPORTS, WMILIB]
}

/// Registered providers.
#[must_use]
pub fn providers() -> Vec<Provider> {
    state().providers.lock().clone()
}

/// Events fired so far.
#[must_use]
pub fn events() -> Vec<Event> {
    state().events.lock().clone()
}

const STATUS_WMI_GUID_NOT_FOUND: NTSTATUS = 0xC000_0295u32 as i32;
const REGISTER: u32 = 1;
const DEREGISTER: u32 = 2;
const REREGISTER: u32 = 3;
const UPDATE_GUIDS: u32 = 4;
const BLOCK_IRPS: u32 = 5;

unsafe fn send(
    device: *mut DEVICE_OBJECT,
    minor: u32,
    path: u64,
    buffer: *mut u8,
    size: u32,
) -> (NTSTATUS, u64) {
    build::request(device, STATUS_NOT_SUPPORTED, 0, |sl| {
        sl.MajorFunction = IRP_MJ_SYSTEM_CONTROL as u8;
        sl.MinorFunction = minor as u8;
        *stack::args(sl) = [device as u64, path, u64::from(size), buffer as u64];
    })
}

/// Asks a provider for its blocks.
unsafe fn ask(device: usize) {
    let mut size = 4096u32;
    for _ in 0..3 {
        let buffer = glue::pool(size as usize, *b"WmiR", true);
        let (mut status, mut information) =
            send(device as *mut DEVICE_OBJECT, IRP_MN_REGINFO_EX, 0, buffer, size);
        if status == STATUS_NOT_SUPPORTED || status == STATUS_INVALID_DEVICE_REQUEST {
            (status, information) = send(device as *mut DEVICE_OBJECT, IRP_MN_REGINFO, 0, buffer, size);
        }
        if status < 0 {
            glue::pool_free(buffer);
            return;
        }
        if information == 4 {
            // WNODE_TOO_SMALL: the size that is needed.
            size = buffer.cast::<u32>().read();
            glue::pool_free(buffer);
            continue;
        }
        // WMIREGINFOW: BufferSize, NextWmiRegInfo, RegistryPath, MofResourceName, GuidCount, then WMIREGGUIDW of 32 bytes.
        let count = buffer.add(16).cast::<u32>().read() as usize;
        let fits = 24 + count * 32 <= size as usize;
        let blocks = (0..if fits { count } else { 0 })
            .map(|n| {
                let at = buffer.add(24 + n * 32);
                let guid = at.cast::<GUID>().read_unaligned();
                (
                    guid::text(&guid),
                    at.add(20).cast::<u32>().read_unaligned(),
                    at.add(16).cast::<u32>().read_unaligned(),
                )
            })
            .collect();
        glue::pool_free(buffer);
        if let Some(p) = state().providers.lock().iter_mut().find(|p| p.device == device) {
            p.blocks = blocks;
        }
        return;
    }
}

/// IRP_MN_QUERY_ALL_DATA for a block of a device: the WNODE_ALL_DATA's bytes.
///
/// # Errors
/// The provider's status.
pub fn query_all(device: *mut DEVICE_OBJECT, block: &GUID) -> Result<Vec<u8>, NTSTATUS> {
    let size = 8192usize;
    let buffer = glue::pool(size, *b"WmiQ", true);
    let mut header = WNODE_HEADER { BufferSize: size as u32, Guid: *block, ..Default::default() };
    header.Flags = 1;
    unsafe {
        buffer.cast::<WNODE_HEADER>().write(header);
        let guid = core::ptr::addr_of!((*buffer.cast::<WNODE_HEADER>()).Guid) as u64;
        let (status, information) = send(device, IRP_MN_QUERY_ALL_DATA, guid, buffer, size as u32);
        let data = core::slice::from_raw_parts(buffer, (information as usize).min(size)).to_vec();
        glue::pool_free(buffer);
        if status < 0 { Err(status) } else { Ok(data) }
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoWMIRegistrationControl(device: *mut DEVICE_OBJECT, action: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        // Bits from 16 on are flags (WMIREG_FLAG_…).
        match action & 0xFFFF {
            REGISTER => {
                let known = state().providers.lock().iter().any(|p| p.device == device as usize);
                if known {
                    return STATUS_OBJECT_NAME_EXISTS;
                }
                state().providers.lock().push(Provider { device: device as usize, blocks: Vec::new(), made_by: caller() });
                glue::reference(device.cast());
                let at = device as usize;
                // The question comes later, from the system's own thread.
                let ask_later = move || unsafe {
                    let alive = state().providers.lock().iter().any(|p| p.device == at);
                    if alive {
                        ask(at);
                    }
                };
                match crate::ke::thread::spawn(ask_later) {
                    Ok(()) => STATUS_SUCCESS,
                    Err(status) => status,
                }
            }
            DEREGISTER => {
                let gone = {
                    let mut list = state().providers.lock();
                    let before = list.len();
                    list.retain(|p| p.device != device as usize);
                    list.len() < before
                };
                if gone {
                    glue::dereference(device.cast());
                    STATUS_SUCCESS
                } else {
                    STATUS_INVALID_PARAMETER
                }
            }
            REREGISTER | UPDATE_GUIDS => {
                ask(device as usize);
                STATUS_SUCCESS
            }
            BLOCK_IRPS => STATUS_SUCCESS,
            _ => STATUS_INVALID_PARAMETER,
        }
    }
    fn IoWMISuggestInstanceName(pdo: *mut DEVICE_OBJECT, link: *mut UNICODE_STRING, combine: u8, out: *mut UNICODE_STRING) -> NTSTATUS [irql <= APC_LEVEL] {
        let description = pnp::node_of(pdo).and_then(|id| crate::cm::get_sz(&pnp::with(id, |n| n.enum_key()), "DeviceDesc"));
        let link = if link.is_null() { None } else { Some(stack::text(link)) };
        let name = match (description, link) {
            (Some(d), Some(l)) if combine != 0 => format!("{d}:{l}"),
            (_, Some(l)) => l,
            (Some(d), None) => d,
            (None, None) => return STATUS_INVALID_PARAMETER,
        };
        let data = crate::cm::tree::sz(&name);
        let buffer = glue::paged_pool(data.len(), *b"WmiN");
        if buffer.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        core::ptr::copy_nonoverlapping(data.as_ptr(), buffer, data.len());
        *out = UNICODE_STRING { Length: data.len() as u16 - 2, MaximumLength: data.len() as u16, Buffer: buffer.cast() };
        STATUS_SUCCESS
    }
    fn IoWMIWriteEvent(data: *mut c_void) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        // A WNODE_SINGLE_INSTANCE of the caller, which the system frees.
        let header = *data.cast::<WNODE_HEADER>();
        let offset = |at: usize| data.cast::<u8>().add(at).cast::<u32>().read_unaligned();
        let (instance, block, size) = (offset(52), offset(56), offset(60));
        if (block as u64 + size as u64) > u64::from(header.BufferSize) {
            return STATUS_INVALID_PARAMETER;
        }
        let bytes = core::slice::from_raw_parts(data.cast::<u8>().add(block as usize), size as usize).to_vec();
        state().events.lock().push(Event { guid: guid::text(&header.Guid), instance, data: bytes });
        glue::pool_free(data.cast());
        STATUS_SUCCESS
    }
    fn IoWMIDeviceObjectToProviderId(device: *mut DEVICE_OBJECT) -> u32 [irql <= DISPATCH_LEVEL] {
        let list = state().providers.lock();
        list.iter().position(|p| p.device == device as usize).map_or(0, |n| n as u32 + 1)
    }
}

crate::exports! { WMILIB "wmilib.sys";
    fn WmiFireEvent(device: *mut DEVICE_OBJECT, event: *const GUID, instance: u32, size: u32, data: *mut c_void) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let registered = state().providers.lock().iter().any(|p| p.device == device as usize);
        let bytes = if data.is_null() || size == 0 {
            Vec::new()
        } else {
            core::slice::from_raw_parts(data.cast::<u8>(), size as usize).to_vec()
        };
        // The data block is the caller's gift.
        if !data.is_null() {
            glue::pool_free(data.cast());
        }
        if !registered {
            return STATUS_WMI_GUID_NOT_FOUND;
        }
        state().events.lock().push(Event { guid: guid::text(&*event), instance, data: bytes });
        STATUS_SUCCESS
    }
    fn WmiCompleteRequest(device: *mut DEVICE_OBJECT, request: *mut IRP, status: NTSTATUS, used: u32, boost: i8) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let sl = stack::current(request);
        let minor = u32::from((*sl).MinorFunction);
        if !matches!(minor, IRP_MN_QUERY_ALL_DATA | IRP_MN_QUERY_SINGLE_INSTANCE | IRP_MN_EXECUTE_METHOD) {
            stack::set_status(request, status, u64::from(used));
            crate::io::irp::complete(request, boost);
            return status;
        }
        // The node's header was laid out by WmiSystemControl, which is not modelled: no driver can come here.
        verifier::bugcheck(verifier::SIMULATOR_ERROR, [0; 4], "WmiCompleteRequest of a data request is not modelled")
    }
}
