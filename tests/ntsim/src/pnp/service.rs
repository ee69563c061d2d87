//! Services: registry entries of drivers, and loading them.

use super::{event, store};
use crate::cm;
use crate::io::driver;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use nt::sys::*;

/// Registry key of a service.
#[must_use]
pub fn key(service: &str) -> String {
    format!("{}\\Services\\{service}", cm::CONTROL_SET)
}

/// A driver service as the registry has it.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name.
    pub name: String,
    /// Start, StartOverride applied.
    pub start: u32,
    /// Type.
    pub kind: u32,
    /// ErrorControl.
    pub error: u32,
    /// ImagePath.
    pub path: String,
    /// Load order group.
    pub group: String,
    /// Tag within the group.
    pub tag: Option<u32>,
}

/// Reads a service.
#[must_use]
pub fn read(name: &str) -> Option<Service> {
    let key = key(name);
    let start = cm::get_dword(&key, "Start")?;
    // A demotion of a boot driver that was not needed stands in StartOverride, by hardware profile.
    let start = cm::get_dword(&format!("{key}\\StartOverride"), "0").unwrap_or(start);
    Some(Service {
        name: name.to_string(),
        start,
        kind: cm::get_dword(&key, "Type").unwrap_or(1),
        error: cm::get_dword(&key, "ErrorControl").unwrap_or(1),
        path: cm::get_sz(&key, "ImagePath").unwrap_or_else(|| format!("System32\\drivers\\{name}.sys")),
        group: cm::get_sz(&key, "Group").unwrap_or_default(),
        tag: cm::get_dword(&key, "Tag"),
    })
}

/// Drivers of a start type in the order of loading: group order, then tag order within the group, then name.
#[must_use]
pub fn in_order(start: u32) -> Vec<Service> {
    let root = format!("{}\\Services", cm::CONTROL_SET);
    let groups = cm::get_multi_sz(&format!("{}\\Control\\ServiceGroupOrder", cm::CONTROL_SET), "List");
    let mut list: Vec<(usize, usize, String, Service)> = Vec::new();
    for name in cm::subkeys(&root) {
        let Some(service) = read(&name) else { continue };
        if service.start != start || service.kind & 3 == 0 {
            continue;
        }
        let group = groups.iter().position(|g| g.eq_ignore_ascii_case(&service.group)).unwrap_or(usize::MAX);
        let tags = cm::get(&format!("{}\\Control\\GroupOrderList", cm::CONTROL_SET), &service.group)
            .map(|v| v.data)
            .unwrap_or_default();
        // Count, then tags, each a ULONG.
        let order: Vec<u32> =
            tags.chunks_exact(4).skip(1).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
        let tag = service.tag.and_then(|t| order.iter().position(|o| *o == t)).unwrap_or(usize::MAX);
        list.push((group, tag, name.to_lowercase(), service));
    }
    list.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    list.into_iter().map(|(.., s)| s).collect()
}

/// Loads a service's driver and calls its DriverEntry; gives the driver object if it is loaded already.
///
/// # Errors
/// The loader's or the driver's status.
pub unsafe fn load(name: &str) -> Result<*mut DRIVER_OBJECT, NTSTATUS> {
    if let Some(known) = crate::io::state().drivers.lock().find(name) {
        return Ok(known);
    }
    let service = read(name).ok_or(STATUS_OBJECT_NAME_NOT_FOUND)?;
    let image = store::load_image(&service.path)?;
    let path = format!("\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\{name}");
    let driver = driver::create(name, &path, image)?;
    event(format!("DriverEntry of {name}"));
    let status = driver::initialize(driver);
    if status < 0 {
        event(format!("DriverEntry of {name} failed with {status:#010x}"));
        return Err(status);
    }
    Ok(driver)
}
