//! IoGetDeviceProperty, IoGetDevicePropertyData, IoSetDevicePropertyData.

use super::{node_of, resources::cm_list, with};
use crate::cm::{
    self,
    tree::{multi_sz, sz},
};
use crate::io::guid;
use crate::kernel::{kernel, lock::Lock};
use crate::ob;
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use nt::sys::*;

/// Property data set by drivers: PDO, key, value.
#[derive(Default)]
struct Data {
    values: Lock<BTreeMap<(String, String), (u32, Vec<u8>)>>,
}

fn key_name(key: &DEVPROPKEY) -> String {
    alloc::format!("{}:{}", guid::text(&key.fmtid), key.pid)
}

unsafe fn property(pdo: *mut DEVICE_OBJECT, what: i32) -> Result<Vec<u8>, NTSTATUS> {
    let id = node_of(pdo).ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
    let (key, bus, capabilities, hardware, compatible, location, assigned, raw, path) = with(id, |n| {
        (
            n.enum_key(),
            n.bus.clone(),
            n.capabilities,
            n.hardware_ids.clone(),
            n.compatible_ids.clone(),
            n.location.clone(),
            n.assigned.clone(),
            n.requirements_raw.clone(),
            n.path.clone(),
        )
    });
    let text = |name: &str| cm::get_sz(&key, name).map(|t| sz(&t)).ok_or(STATUS_OBJECT_NAME_NOT_FOUND);
    let (interface, number) = bus.as_ref().map_or((-1, u32::MAX), |b| (b.1, b.2));
    Ok(match what {
        DevicePropertyDeviceDescription => text("DeviceDesc")?,
        DevicePropertyHardwareID => multi_sz(&hardware),
        DevicePropertyCompatibleIDs => {
            if compatible.is_empty() {
                return Err(STATUS_OBJECT_NAME_NOT_FOUND);
            }
            multi_sz(&compatible)
        }
        DevicePropertyClassName => text("Class")?,
        DevicePropertyClassGuid => text("ClassGUID")?,
        DevicePropertyDriverKeyName => text("Driver")?,
        DevicePropertyManufacturer => text("Mfg")?,
        DevicePropertyFriendlyName => text("FriendlyName")?,
        DevicePropertyLocationInformation => sz(&location),
        DevicePropertyPhysicalDeviceObjectName => match &*ob::header(pdo.cast()).name.lock() {
            Some(name) => sz(name),
            None => Vec::new(),
        },
        DevicePropertyBusTypeGuid => {
            let bus = bus.ok_or(STATUS_OBJECT_NAME_NOT_FOUND)?;
            let g = guid::parse(&bus.0).ok_or(STATUS_OBJECT_NAME_NOT_FOUND)?;
            let mut out = Vec::new();
            out.extend(g.Data1.to_le_bytes());
            out.extend(g.Data2.to_le_bytes());
            out.extend(g.Data3.to_le_bytes());
            out.extend(g.Data4);
            out
        }
        DevicePropertyLegacyBusType => {
            bus.ok_or(STATUS_OBJECT_NAME_NOT_FOUND)?;
            interface.to_le_bytes().to_vec()
        }
        DevicePropertyBusNumber => {
            if number == u32::MAX {
                return Err(STATUS_OBJECT_NAME_NOT_FOUND);
            }
            number.to_le_bytes().to_vec()
        }
        DevicePropertyEnumeratorName => sz(path.split('\\').next().unwrap_or_default()),
        DevicePropertyAddress => match capabilities.address {
            u32::MAX => return Err(STATUS_OBJECT_NAME_NOT_FOUND),
            address => address.to_le_bytes().to_vec(),
        },
        DevicePropertyUINumber => match capabilities.ui_number {
            u32::MAX => return Err(STATUS_OBJECT_NAME_NOT_FOUND),
            number => number.to_le_bytes().to_vec(),
        },
        DevicePropertyInstallState => {
            // InstallStateInstalled 0, NeedsReinstall 1, FailedInstall 2, FinishInstall 3.
            let done = cm::get(&key, "ConfigFlags").is_some();
            (if done { 0u32 } else { 1 }).to_le_bytes().to_vec()
        }
        DevicePropertyRemovalPolicy => {
            // ExpectNoRemoval 1, ExpectOrderlyRemoval 2, ExpectSurpriseRemoval 3.
            let policy: u32 = if capabilities.surprise_ok() {
                3
            } else if capabilities.ejectable() {
                2
            } else {
                1
            };
            policy.to_le_bytes().to_vec()
        }
        DevicePropertyResourceRequirements => raw,
        DevicePropertyAllocatedResources | DevicePropertyBootConfiguration => {
            cm_list(&assigned, interface, number, false)
        }
        DevicePropertyBootConfigurationTranslated => cm_list(&assigned, interface, number, true),
        DevicePropertyContainerID => sz("{00000000-0000-0000-ffff-ffffffffffff}"),
        _ => return Err(STATUS_INVALID_PARAMETER_2),
    })
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoGetDeviceProperty(pdo: *mut DEVICE_OBJECT, what: i32, length: u32, out: *mut c_void, result: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        *result = 0;
        match property(pdo, what) {
            Ok(data) => {
                *result = data.len() as u32;
                if data.len() > length as usize {
                    return STATUS_BUFFER_TOO_SMALL;
                }
                core::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>(), data.len());
                STATUS_SUCCESS
            }
            Err(status) => status,
        }
    }
    fn IoSetDevicePropertyData(pdo: *mut DEVICE_OBJECT, key: *const DEVPROPKEY, lcid: u32, flags: u32, kind: u32, size: u32, data: *mut c_void) -> NTSTATUS [irql <= APC_LEVEL] {
        let Some(id) = node_of(pdo) else { return STATUS_INVALID_DEVICE_REQUEST };
        let name = (with(id, |n| n.path.clone()), key_name(&*key));
        let table = kernel().room::<Data>();
        if data.is_null() || size == 0 {
            table.values.lock().remove(&name);
        } else {
            let bytes = core::slice::from_raw_parts(data.cast::<u8>(), size as usize).to_vec();
            table.values.lock().insert(name, (kind, bytes));
        }
        STATUS_SUCCESS
    }
    fn IoGetDevicePropertyData(pdo: *mut DEVICE_OBJECT, key: *const DEVPROPKEY, lcid: u32, flags: u32, size: u32, out: *mut c_void, required: *mut u32, kind: *mut u32) -> NTSTATUS [irql <= APC_LEVEL] {
        let Some(id) = node_of(pdo) else { return STATUS_INVALID_DEVICE_REQUEST };
        let name = (with(id, |n| n.path.clone()), key_name(&*key));
        let found = kernel().room::<Data>().values.lock().get(&name).cloned();
        let Some((type_, data)) = found else { return STATUS_OBJECT_NAME_NOT_FOUND };
        *required = data.len() as u32;
        *kind = type_;
        if data.len() > size as usize {
            return STATUS_BUFFER_TOO_SMALL;
        }
        core::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>(), data.len());
        STATUS_SUCCESS
    }
    fn IoGetDeviceNumaNode(pdo: *mut DEVICE_OBJECT, node: *mut u16) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        // One node, as an HVM guest without vNUMA has.
        *node = 0;
        if node_of(pdo).is_some() { STATUS_SUCCESS } else { STATUS_INVALID_PARAMETER }
    }
    fn IoGetDeviceInstanceName(pdo: *mut DEVICE_OBJECT, name: *mut UNICODE_STRING) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let Some(id) = node_of(pdo) else { return STATUS_INVALID_DEVICE_REQUEST };
        let data = sz(&with(id, |n| n.path.clone()));
        let buffer = crate::io::glue::paged_pool(data.len(), *b"IoPr");
        if buffer.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        core::ptr::copy_nonoverlapping(data.as_ptr(), buffer, data.len());
        *name = UNICODE_STRING { Length: data.len() as u16 - 2, MaximumLength: data.len() as u16, Buffer: buffer.cast() };
        STATUS_SUCCESS
    }
}
