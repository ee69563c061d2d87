//! Plug and Play requests to a device stack, each with the form that its answer has.

use super::{node::Capabilities, resources::Requirements};
use crate::coverage;
use crate::io::{build, device, glue, rules, stack};
use alloc::{string::String, vec::Vec};
use nt::sys::*;

/// Sends a request with parameters.
pub unsafe fn send(pdo: *mut DEVICE_OBJECT, minor: u32, args: [u64; 4]) -> (NTSTATUS, u64) {
    let former = coverage::enter(coverage::Room::Pnp, rules::function_name(IRP_MJ_PNP as u8, minor as u8));
    let answer = build::request(pdo, STATUS_NOT_SUPPORTED, 0, |sl| {
        sl.MajorFunction = IRP_MJ_PNP as u8;
        sl.MinorFunction = minor as u8;
        *stack::args(sl) = args;
    });
    coverage::enter(coverage::Room::Pnp, former);
    answer
}

/// IRP_MN_QUERY_ID.
///
/// # Errors
/// The PDO's; STATUS_NOT_SUPPORTED when it has not answered.
pub unsafe fn id(pdo: *mut DEVICE_OBJECT, kind: i32) -> Result<String, NTSTATUS> {
    let (status, at) = send(pdo, IRP_MN_QUERY_ID, [kind as u64, 0, 0, 0]);
    if status < 0 || at == 0 {
        return Err(if status < 0 { status } else { STATUS_NOT_SUPPORTED });
    }
    let text = stack::text_z(at as *const u16);
    glue::pool_free(at as *mut u8);
    Ok(text)
}

/// IRP_MN_QUERY_ID for lists.
pub unsafe fn ids(pdo: *mut DEVICE_OBJECT, kind: i32) -> Vec<String> {
    let (status, at) = send(pdo, IRP_MN_QUERY_ID, [kind as u64, 0, 0, 0]);
    if status < 0 || at == 0 {
        return Vec::new();
    }
    let texts = stack::texts_z(at as *const u16);
    glue::pool_free(at as *mut u8);
    texts
}

/// IRP_MN_QUERY_DEVICE_TEXT.
pub unsafe fn text(pdo: *mut DEVICE_OBJECT, kind: i32) -> Option<String> {
    let (status, at) = send(pdo, IRP_MN_QUERY_DEVICE_TEXT, [kind as u64, 0x409, 0, 0]);
    if status < 0 || at == 0 {
        return None;
    }
    let text = stack::text_z(at as *const u16);
    glue::pool_free(at as *mut u8);
    Some(text)
}

/// IRP_MN_QUERY_CAPABILITIES.
pub unsafe fn capabilities(pdo: *mut DEVICE_OBJECT) -> Option<Capabilities> {
    let mut caps = DEVICE_CAPABILITIES {
        Size: size_of::<DEVICE_CAPABILITIES>() as u16,
        Version: 1,
        ..Default::default()
    };
    caps.Address = u32::MAX;
    caps.UINumber = u32::MAX;
    let at = &raw mut caps as u64;
    let (status, _) = send(pdo, IRP_MN_QUERY_CAPABILITIES, [at, 0, 0, 0]);
    if status < 0 {
        return None;
    }
    Some(Capabilities {
        bits: (&raw const caps).cast::<u32>().add(1).read(),
        address: caps.Address,
        ui_number: caps.UINumber,
        states: caps.DeviceState,
    })
}

/// IRP_MN_QUERY_BUS_INFORMATION: GUID as text, legacy type, number.
pub unsafe fn bus(pdo: *mut DEVICE_OBJECT) -> Option<(String, i32, u32)> {
    let (status, at) = send(pdo, IRP_MN_QUERY_BUS_INFORMATION, [0; 4]);
    if status < 0 || at == 0 {
        return None;
    }
    let info = *(at as *const PNP_BUS_INFORMATION);
    glue::pool_free(at as *mut u8);
    Some((crate::io::guid::text(&info.BusTypeGuid), info.LegacyBusType, info.BusNumber))
}

/// IRP_MN_QUERY_RESOURCES: ranges that the firmware assigned.
pub unsafe fn boot_ranges(pdo: *mut DEVICE_OBJECT) -> Vec<(bool, u64, u64)> {
    let (status, at) = send(pdo, IRP_MN_QUERY_RESOURCES, [0; 4]);
    if status < 0 || at == 0 {
        return Vec::new();
    }
    let list = at as *const CM_RESOURCE_LIST;
    let mut out = Vec::new();
    if (*list).Count != 0 {
        let partial = core::ptr::addr_of!((*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
        let partial = core::ptr::addr_of!((*partial).PartialResourceList);
        let first =
            core::ptr::addr_of!((*partial).PartialDescriptors).cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
        for n in 0..(*partial).Count as usize {
            let d = first.add(n);
            let u = core::ptr::addr_of!((*d).u).cast::<u8>();
            let start = u.cast::<u64>().read_unaligned();
            let length = u.add(8).cast::<u32>().read_unaligned();
            match u32::from((*d).Type) {
                CmResourceTypePort => out.push((true, start, u64::from(length))),
                CmResourceTypeMemory => out.push((false, start, u64::from(length))),
                _ => {}
            }
        }
    }
    glue::pool_free(at as *mut u8);
    out
}

/// IRP_MN_QUERY_RESOURCE_REQUIREMENTS: the list's bytes; empty for none.
pub unsafe fn wanted(pdo: *mut DEVICE_OBJECT) -> Vec<u8> {
    let (status, at) = send(pdo, IRP_MN_QUERY_RESOURCE_REQUIREMENTS, [0; 4]);
    if status < 0 || at == 0 {
        return Vec::new();
    }
    let size = (*(at as *const IO_RESOURCE_REQUIREMENTS_LIST)).ListSize as usize;
    let data = core::slice::from_raw_parts(at as *const u8, size).to_vec();
    glue::pool_free(at as *mut u8);
    data
}

/// IRP_MN_FILTER_RESOURCE_REQUIREMENTS through the whole stack: what came out, and its bytes.
///
/// # Errors
/// The stack's refusal; STATUS_INVALID_PARAMETER for a malformed list.
pub unsafe fn filtered(pdo: *mut DEVICE_OBJECT, wanted: &[u8]) -> Result<(Requirements, Vec<u8>), NTSTATUS> {
    let mut at = 0;
    if !wanted.is_empty() {
        let block = glue::paged_pool(wanted.len(), *b"IoRr");
        if block.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        core::ptr::copy_nonoverlapping(wanted.as_ptr(), block, wanted.len());
        at = block as u64;
    }
    // The list in IoStatus.Information is the one to change; a driver that replaces it frees the former one.
    let (status, information) = build::request(pdo, STATUS_NOT_SUPPORTED, at, |sl| {
        sl.MajorFunction = IRP_MJ_PNP as u8;
        sl.MinorFunction = IRP_MN_FILTER_RESOURCE_REQUIREMENTS as u8;
        *stack::args(sl) = [at, 0, 0, 0];
    });
    if status >= 0 {
        at = information;
    } else if status != STATUS_NOT_SUPPORTED {
        return Err(status);
    }
    let list = at as *const IO_RESOURCE_REQUIREMENTS_LIST;
    let parsed = super::resources::parse(list);
    let raw = if list.is_null() {
        Vec::new()
    } else {
        core::slice::from_raw_parts(at as *const u8, (*list).ListSize as usize).to_vec()
    };
    if at != 0 {
        glue::pool_free(at as *mut u8);
    }
    parsed.map(|p| (p, raw)).ok_or(STATUS_INVALID_PARAMETER)
}

/// IRP_MN_QUERY_DEVICE_RELATIONS: the devices, each with the reference that the answer carries.
pub unsafe fn relations(pdo: *mut DEVICE_OBJECT, kind: i32) -> Option<Vec<*mut DEVICE_OBJECT>> {
    let (status, at) = send(pdo, IRP_MN_QUERY_DEVICE_RELATIONS, [kind as u64, 0, 0, 0]);
    if status < 0 {
        return None;
    }
    if at == 0 {
        return Some(Vec::new());
    }
    let list = at as *const DEVICE_RELATIONS;
    let first = core::ptr::addr_of!((*list).Objects).cast::<*mut DEVICE_OBJECT>();
    let devices: Vec<_> = (0..(*list).Count as usize).map(|n| *first.add(n)).collect();
    glue::pool_free(at as *mut u8);
    for device in &devices {
        if !device::is_device(*device) || !device::attached_to(*device).is_null() {
            rules::object(
                &rules::RELATION_NOT_PDO,
                "a device relations answer contains a device that is no PDO",
                *device as usize,
                0,
            );
        }
    }
    if kind == TargetDeviceRelation && (devices.len() != 1 || devices[0] != pdo) {
        rules::object(
            &rules::TARGET_RELATION_EMPTY,
            "TargetDeviceRelation is not answered with the PDO",
            pdo as usize,
            0,
        );
    }
    Some(devices)
}

/// IRP_MN_QUERY_PNP_DEVICE_STATE.
pub unsafe fn device_state(pdo: *mut DEVICE_OBJECT) -> u32 {
    let (status, state) = send(pdo, IRP_MN_QUERY_PNP_DEVICE_STATE, [0; 4]);
    if status < 0 { 0 } else { state as u32 }
}
