//! Plug and Play notifications to drivers: device interfaces arriving and leaving, removal of a target device.
//!
//! Source: "Using PnP Notification", IoRegisterPlugPlayNotification. Callbacks run at PASSIVE_LEVEL; those for a
//! target's removal in the thread of the Plug and Play manager, which waits for them.

use super::{glue, guid, stack::WideString, state};
use crate::export::caller;
use alloc::{string::String, vec::Vec};
use core::ops::Range;
use nt::sys::*;

type Callback = unsafe extern "win64" fn(*mut c_void, *mut c_void) -> NTSTATUS;

#[derive(Clone)]
enum What {
    Interface(GUID),
    Target(usize),
    HardwareProfile,
}

#[derive(Clone)]
struct Registration {
    id: usize,
    what: What,
    callback: usize,
    context: usize,
    made_by: usize,
}

/// Registrations.
#[derive(Default)]
pub struct Table {
    list: Vec<Registration>,
    next: usize,
}

impl Table {
    /// Registrations made by code in a range of addresses.
    pub fn made_within(&self, range: &Range<usize>) -> usize {
        self.list.iter().filter(|r| range.contains(&r.made_by) || range.contains(&r.callback)).count()
    }
}

fn matching(f: impl Fn(&What) -> bool) -> Vec<Registration> {
    state().notify.lock().list.iter().filter(|r| f(&r.what)).cloned().collect()
}

unsafe fn call(r: &Registration, structure: *mut c_void) -> NTSTATUS {
    // It may have been withdrawn by a callback before it.
    if !state().notify.lock().list.iter().any(|x| x.id == r.id) {
        return STATUS_SUCCESS;
    }
    let f: Callback = core::mem::transmute(r.callback);
    crate::call!("PnP notification", f, structure, r.context as *mut c_void)
}

unsafe fn interface_event(r: &Registration, event: GUID, class: GUID, link: &str) {
    let name = WideString::new(link);
    let mut body = DEVICE_INTERFACE_CHANGE_NOTIFICATION {
        Version: 1,
        Size: size_of::<DEVICE_INTERFACE_CHANGE_NOTIFICATION>() as u16,
        Event: event,
        InterfaceClassGuid: class,
        SymbolicLinkName: name.as_ptr(),
    };
    call(r, (&raw mut body).cast());
}

/// A device interface was enabled or disabled.
pub unsafe fn interface_changed(class: &GUID, link: &str, arrived: bool) {
    let event = if arrived { GUID_DEVICE_INTERFACE_ARRIVAL } else { GUID_DEVICE_INTERFACE_REMOVAL };
    for r in matching(|w| matches!(w, What::Interface(g) if guid::equal(g, class))) {
        interface_event(&r, event, *class, link);
    }
}

/// The files' owners are asked or told about the removal of a device: the first refusal counts.
pub unsafe fn target_event(files: &[usize], event: GUID) -> NTSTATUS {
    for r in matching(|w| matches!(w, What::Target(file) if files.contains(file))) {
        let What::Target(file) = r.what else { continue };
        let mut body = TARGET_DEVICE_REMOVAL_NOTIFICATION {
            Version: 1,
            Size: size_of::<TARGET_DEVICE_REMOVAL_NOTIFICATION>() as u16,
            Event: event,
            FileObject: file as *mut FILE_OBJECT,
        };
        let status = call(&r, (&raw mut body).cast());
        if status < 0 {
            return status;
        }
    }
    STATUS_SUCCESS
}

unsafe fn withdraw(entry: *mut c_void) -> NTSTATUS {
    let gone = {
        let mut table = state().notify.lock();
        let at = table.list.iter().position(|r| r.id == entry as usize);
        at.map(|at| table.list.remove(at))
    };
    match gone {
        Some(r) => {
            if let What::Target(file) = r.what {
                glue::dereference(file as *mut u8);
            }
            STATUS_SUCCESS
        }
        None => STATUS_INVALID_PARAMETER,
    }
}

/// Symbolic links of the enabled interfaces of a class.
fn existing(class: &GUID) -> Vec<String> {
    state().interfaces.lock().enabled_links(class)
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoRegisterPlugPlayNotification(category: i32, flags: u32, data: *mut c_void, driver: *mut DRIVER_OBJECT,
        callback: *mut c_void, context: *mut c_void, entry: *mut *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let what = match category {
            EventCategoryDeviceInterfaceChange => What::Interface(*data.cast::<GUID>()),
            EventCategoryTargetDeviceChange => {
                // Whose events these are the file's device says, or the registration fails.
                let device = (*data.cast::<FILE_OBJECT>()).DeviceObject;
                if crate::pnp::request::relations(device, TargetDeviceRelation).is_none() {
                    return STATUS_NO_SUCH_DEVICE;
                }
                glue::reference(data.cast());
                What::Target(data as usize)
            }
            EventCategoryHardwareProfileChange => What::HardwareProfile,
            _ => return STATUS_INVALID_PARAMETER,
        };
        let registration = {
            let mut table = state().notify.lock();
            table.next += 16;
            let r = Registration { id: table.next, what: what.clone(), callback: callback as usize, context: context as usize, made_by: caller() };
            table.list.push(r.clone());
            r
        };
        *entry = registration.id as *mut c_void;
        if let What::Interface(class) = &what
            && flags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES != 0
        {
            for link in existing(class) {
                interface_event(&registration, GUID_DEVICE_INTERFACE_ARRIVAL, *class, &link);
            }
        }
        STATUS_SUCCESS
    }
    fn IoUnregisterPlugPlayNotification(entry: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        withdraw(entry)
    }
    fn IoUnregisterPlugPlayNotificationEx(entry: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        withdraw(entry)
    }
}
