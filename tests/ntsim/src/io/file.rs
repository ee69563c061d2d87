//! File objects: opening a device by name, cleanup and close.
//!
//! Sources: IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IoGetDeviceObjectPointer, "Controlling Device Namespace
//! Access" (FILE_DEVICE_SECURE_OPEN).

use super::{build, device, glue, security::Token, stack, stack::WideString, state};
use crate::ob::{self, ObjectType};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use nt::sys::*;

/// What the kernel knows of a file object.
pub struct File {
    /// Device that was opened by name.
    pub device: usize,
    /// Handles open.
    pub handles: u32,
    /// Rights granted.
    pub access: u32,
    /// Process of the opener; 0 is the system.
    pub process: u32,
    opened: bool,
    name: Box<WideString>,
    serial: u64,
}

/// All file objects.
#[derive(Default)]
pub struct Table {
    files: BTreeMap<usize, File>,
    next: u64,
}

impl Table {
    /// A file's record.
    pub fn get(&self, file: *const FILE_OBJECT) -> Option<&File> {
        self.files.get(&(file as usize))
    }

    /// Open files of a device's stack.
    pub fn of_devices(&self, devices: &[usize]) -> Vec<usize> {
        let mut all: Vec<_> = self
            .files
            .iter()
            .filter(|(_, f)| devices.contains(&f.device))
            .map(|(a, f)| (f.serial, *a))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, a)| a).collect()
    }
}

static TYPE: ObjectType = ObjectType { name: "File", delete: Some(deleted), close: None };
const IO_TYPE_FILE: i16 = 5;
const FILE_OPEN: u32 = 1;
/// FILE_OBJECT.Flags: FO_SYNCHRONOUS_IO.
const FO_SYNCHRONOUS_IO: u32 = 2;
/// FILE_OBJECT.Flags: FO_CLEANUP_COMPLETE.
const FO_CLEANUP_COMPLETE: u32 = 0x4000;

/// Opens a device (or a name within it). Sends IRP_MJ_CREATE to the top of its stack. The caller owns one
/// reference and one handle of the file object.
pub unsafe fn open(
    path: &str,
    desired: u32,
    token: Option<&Token>,
    process: u32,
    synchronous: bool,
) -> Result<*mut FILE_OBJECT, NTSTATUS> {
    let Some((target, rest)) = device::resolve(path) else { return Err(STATUS_OBJECT_NAME_NOT_FOUND) };
    if !rest.is_empty() && !rest.starts_with('\\') {
        return Err(STATUS_OBJECT_NAME_NOT_FOUND);
    }
    let (security, gone, handles) = {
        let table = state().devices.lock();
        let Some(d) = table.get(target) else { return Err(STATUS_NO_SUCH_DEVICE) };
        (d.security.clone(), d.deleted, d.handles)
    };
    if gone || (*target).Flags & DO_DEVICE_INITIALIZING != 0 {
        return Err(STATUS_NO_SUCH_DEVICE);
    }
    // The descriptor guards the device itself; names within it only if the device asks for that.
    let guarded = rest.is_empty() || (*target).Characteristics & FILE_DEVICE_SECURE_OPEN != 0;
    let mut granted = super::security::map_generic(desired);
    if let (Some(token), true) = (token, guarded) {
        granted = security.check(token, desired).ok_or(STATUS_ACCESS_DENIED)?;
    }
    if (*target).Flags & DO_EXCLUSIVE != 0 && handles != 0 {
        return Err(STATUS_ACCESS_DENIED);
    }
    let file: *mut FILE_OBJECT = ob::create(&TYPE, size_of::<FILE_OBJECT>())?.cast();
    let name = WideString::new(&rest);
    (*file).Type = IO_TYPE_FILE;
    (*file).Size = size_of::<FILE_OBJECT>() as i16;
    (*file).DeviceObject = target;
    (*file).FileName = name.raw();
    (*file).ReadAccess = u8::from(granted & FILE_READ_DATA != 0);
    (*file).WriteAccess = u8::from(granted & FILE_WRITE_DATA != 0);
    if synchronous {
        (*file).Flags |= FO_SYNCHRONOUS_IO;
    }
    glue::init_event(core::ptr::addr_of_mut!((*file).Lock), true);
    glue::init_event(core::ptr::addr_of_mut!((*file).Event), false);
    {
        let mut table = state().files.lock();
        table.next += 1;
        let serial = table.next;
        table.files.insert(
            file as usize,
            File {
                device: target as usize,
                handles: 1,
                access: granted,
                process,
                opened: false,
                name,
                serial,
            },
        );
    }
    glue::reference(target.cast());
    device::opened(target);
    if let Some(d) = state().devices.lock().get_mut(target) {
        d.handles += 1;
    }
    let mut context = IO_SECURITY_CONTEXT {
        DesiredAccess: granted,
        FullCreateOptions: FILE_OPEN << 24,
        ..Default::default()
    };
    let context_at = &raw mut context as u64;
    let mode = u8::from(token.is_some());
    let (status, _) = build::request_as(target, STATUS_SUCCESS, 0, mode, |sl| {
        sl.MajorFunction = IRP_MJ_CREATE as u8;
        sl.FileObject = file;
        *stack::args(sl) = [context_at, u64::from(FILE_OPEN << 24), 7 << 16, 0];
    });
    if !stack::is_success(status) {
        if let Some(d) = state().devices.lock().get_mut(target) {
            d.handles -= 1;
        }
        if let Some(f) = state().files.lock().files.get_mut(&(file as usize)) {
            f.handles = 0;
        }
        glue::dereference(file.cast());
        return Err(status);
    }
    if let Some(f) = state().files.lock().files.get_mut(&(file as usize)) {
        f.opened = true;
    }
    Ok(file)
}

/// Closes the (only) handle: IRP_MJ_CLEANUP, then the handle's reference goes; IRP_MJ_CLOSE follows the last one.
pub unsafe fn close_handle(file: *mut FILE_OBJECT) {
    let last = match state().files.lock().files.get_mut(&(file as usize)) {
        Some(f) if f.handles > 0 => {
            f.handles -= 1;
            f.handles == 0
        }
        _ => return,
    };
    let target = (*file).DeviceObject;
    if last {
        build::request(target, STATUS_SUCCESS, 0, |sl| {
            sl.MajorFunction = IRP_MJ_CLEANUP as u8;
            sl.FileObject = file;
        });
        (*file).Flags |= FO_CLEANUP_COMPLETE;
        if let Some(d) = state().devices.lock().get_mut(target) {
            d.handles -= 1;
        }
    }
    glue::dereference(file.cast());
}

/// The last reference of a file object goes.
unsafe fn deleted(body: *mut u8) {
    let file: *mut FILE_OBJECT = body.cast();
    let opened = state().files.lock().files.get(&(file as usize)).is_some_and(|f| f.opened);
    let target = (*file).DeviceObject;
    if opened {
        build::request(target, STATUS_SUCCESS, 0, |sl| {
            sl.MajorFunction = IRP_MJ_CLOSE as u8;
            sl.FileObject = file;
        });
    }
    let name = state().files.lock().files.remove(&(file as usize)).map(|f| f.name);
    drop(name);
    device::closed(target);
    glue::dereference(target.cast());
}

/// Name within the device under which a file was opened.
pub unsafe fn name(file: *mut FILE_OBJECT) -> String {
    stack::text(&(*file).FileName)
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoGetDeviceObjectPointer(name: *mut UNICODE_STRING, access: u32, file: *mut *mut FILE_OBJECT, device: *mut *mut DEVICE_OBJECT) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let path = stack::text(name);
        match open(&path, access, None, 0, true) {
            Ok(object) => {
                // The handle is closed again; what stays is the reference to the file object.
                glue::reference(object.cast());
                close_handle(object);
                *file = object;
                *device = device::top((*object).DeviceObject);
                STATUS_SUCCESS
            }
            Err(status) => status,
        }
    }
    fn IoGetRelatedDeviceObject(file: *mut FILE_OBJECT) -> *mut DEVICE_OBJECT [irql <= DISPATCH_LEVEL] {
        device::top((*file).DeviceObject)
    }
    fn IoValidateDeviceIoControlAccess(irp: *mut IRP, required: u32) -> NTSTATUS [irql any] {
        let sl = stack::current(irp);
        if (*irp).RequestorMode == 0 || (*sl).FileObject.is_null() {
            return STATUS_SUCCESS;
        }
        let file = (*sl).FileObject;
        let read = required & FILE_READ_ACCESS == 0 || (*file).ReadAccess != 0;
        let write = required & FILE_WRITE_ACCESS == 0 || (*file).WriteAccess != 0;
        if read && write { STATUS_SUCCESS } else { STATUS_ACCESS_DENIED }
    }
}
