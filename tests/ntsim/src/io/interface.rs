//! Device interfaces: IoRegisterDeviceInterface, IoSetDeviceInterfaceState.
//!
//! Source: "Device Interface Classes". An interface's link is `\??\` + instance path with `#` for `\` + `#{class}`
//! (+ `\reference`); it exists while the interface is enabled and leads to the PDO's name.

use super::{glue, guid, notify, stack, stack::WideString, state};
use crate::{cm, kernel::kernel, ob, pnp};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use nt::sys::*;

/// A registered interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Class.
    pub class: String,
    /// Symbolic link.
    pub link: String,
    /// Instance path of the device.
    pub instance: String,
    /// PDO, as long as the device is there.
    pub pdo: usize,
    /// Is it enabled?
    pub enabled: bool,
}

/// All interfaces.
#[derive(Default)]
pub struct Table {
    /// In order of registration.
    pub list: Vec<Interface>,
}

impl Table {
    fn find(&mut self, link: &str) -> Option<&mut Interface> {
        self.list.iter_mut().find(|i| i.link.eq_ignore_ascii_case(link))
    }

    /// Links of the enabled interfaces of a class.
    pub fn enabled_links(&self, class: &GUID) -> Vec<String> {
        let class = guid::text(class);
        self.list.iter().filter(|i| i.enabled && i.class == class).map(|i| i.link.clone()).collect()
    }
}

/// Registry key of an interface.
fn key_path(interface: &Interface) -> String {
    let munged = interface.link.replacen("\\??\\", "##?#", 1);
    let (device, reference) = match munged.split_once('\\') {
        Some((d, r)) => (d.to_string(), format!("#{r}")),
        None => (munged, "#".into()),
    };
    format!(
        "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\DeviceClasses\\{}\\{device}\\{reference}",
        interface.class
    )
}

/// Enables or disables an interface by its link.
pub unsafe fn set_state(link: &str, enable: bool) -> NTSTATUS {
    let found = {
        let mut table = state().interfaces.lock();
        let Some(interface) = table.find(link) else { return STATUS_OBJECT_NAME_NOT_FOUND };
        if interface.enabled == enable {
            // Enabling twice is told (STATUS_OBJECT_NAME_EXISTS), disabling twice is an error.
            return if enable { STATUS_OBJECT_NAME_EXISTS } else { STATUS_OBJECT_NAME_NOT_FOUND };
        }
        interface.clone()
    };
    if found.pdo == 0 {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if enable {
        let name = ob::header(found.pdo as *mut u8).name.lock().clone();
        // Without a name there is nothing that a link could lead to.
        let Some(name) = name else { return STATUS_INVALID_DEVICE_REQUEST };
        let base = found.link.clone();
        if let Err(status) = kernel().ob.names.lock().link(&base, &name) {
            return status;
        }
    } else {
        let _ = kernel().ob.names.lock().unlink(&found.link);
    }
    if let Some(interface) = state().interfaces.lock().find(link) {
        interface.enabled = enable;
    }
    cm::set_dword(&format!("{}\\Control", key_path(&found)), "Linked", u32::from(enable), true);
    if let Some(class) = guid::parse(&found.class) {
        notify::interface_changed(&class, &found.link, enable);
    }
    STATUS_SUCCESS
}

/// A device is gone: its interfaces are disabled (by the Plug and Play manager, if the driver has not).
pub unsafe fn device_removed(pdo: *mut DEVICE_OBJECT) {
    let enabled: Vec<String> = {
        let table = state().interfaces.lock();
        table.list.iter().filter(|i| i.pdo == pdo as usize && i.enabled).map(|i| i.link.clone()).collect()
    };
    for link in enabled {
        set_state(&link, false);
    }
    for interface in &mut state().interfaces.lock().list {
        if interface.pdo == pdo as usize {
            interface.pdo = 0;
        }
    }
}

/// Gives a driver a string that it frees by RtlFreeUnicodeString.
unsafe fn give(out: *mut UNICODE_STRING, text: &str) -> bool {
    let source = WideString::new(text).raw();
    let buffer = glue::paged_pool(source.MaximumLength as usize, *b"IoDi");
    if buffer.is_null() {
        return false;
    }
    let fresh = WideString::new(text);
    core::ptr::copy_nonoverlapping(fresh.raw().Buffer.cast::<u8>(), buffer, source.MaximumLength as usize);
    *out = UNICODE_STRING { Buffer: buffer.cast(), ..source };
    true
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoRegisterDeviceInterface(pdo: *mut DEVICE_OBJECT, class: *const GUID, reference: *mut UNICODE_STRING, link: *mut UNICODE_STRING) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        *link = UNICODE_STRING::default();
        let Some(instance) = pnp::instance_path(pdo) else {
            return STATUS_INVALID_DEVICE_REQUEST;
        };
        let reference = if reference.is_null() { String::new() } else { stack::text(reference) };
        if reference.contains(['\\', '/']) {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        let class = guid::text(&*class);
        let mut name = format!("\\??\\{}#{class}", instance.replace('\\', "#"));
        if !reference.is_empty() {
            name = format!("{name}\\{reference}");
        }
        {
            let mut table = state().interfaces.lock();
            match table.find(&name) {
                Some(i) => i.pdo = pdo as usize,
                None => table.list.push(Interface { class, link: name.clone(), instance: instance.clone(), pdo: pdo as usize, enabled: false }),
            }
        }
        let entry = state().interfaces.lock().find(&name).cloned();
        if let Some(entry) = entry {
            let path = key_path(&entry);
            cm::set_sz(path.rsplit_once('\\').map_or("", |p| p.0), "DeviceInstance", &instance);
            cm::set_sz(&path, "SymbolicLink", &name.replacen("\\??\\", "\\\\?\\", 1));
        }
        if give(link, &name) { STATUS_SUCCESS } else { STATUS_INSUFFICIENT_RESOURCES }
    }
    fn IoSetDeviceInterfaceState(link: *mut UNICODE_STRING, enable: u8) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let name = stack::text(link);
        set_state(&name, enable != 0)
    }
    fn IoGetDeviceInterfaces(class: *const GUID, pdo: *mut DEVICE_OBJECT, flags: u32, list: *mut *mut u16) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let wanted = guid::text(&*class);
        let all = flags & 1 != 0;
        let links: Vec<String> = {
            let table = state().interfaces.lock();
            table.list.iter()
                .filter(|i| i.class == wanted && (all || i.enabled) && (pdo.is_null() || i.pdo == pdo as usize))
                .map(|i| i.link.clone()).collect()
        };
        let data = cm::tree::multi_sz(&links);
        let buffer = glue::paged_pool(data.len().max(4), *b"IoDi");
        if buffer.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        core::ptr::copy_nonoverlapping(data.as_ptr(), buffer, data.len());
        *list = buffer.cast();
        STATUS_SUCCESS
    }
    fn IoOpenDeviceInterfaceRegistryKey(link: *mut UNICODE_STRING, access: u32, out: *mut HANDLE) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let name = stack::text(link);
        let Some(entry) = state().interfaces.lock().find(&name).cloned() else {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        };
        cm::open_created(&format!("{}\\Device Parameters", key_path(&entry)), access, out)
    }
}
