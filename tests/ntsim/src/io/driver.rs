//! Driver objects: made, initialised, unloaded.
//!
//! Sources: DRIVER_OBJECT, DriverEntry, IoAllocateDriverObjectExtension, IoRegisterDriverReinitialization.

use super::{device, glue, rules, stack, stack::WideString, state};
use crate::kernel::kernel;
use crate::ob::{self, ObjectType};
use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use nt::sys::*;

/// DriverEntry.
pub type Entry = unsafe extern "win64" fn(*mut DRIVER_OBJECT, *mut UNICODE_STRING) -> NTSTATUS;

/// Code of a driver in memory.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// DriverEntry.
    pub entry: Entry,
    /// First address of the image.
    pub base: usize,
    /// Size of the image.
    pub size: usize,
    /// What the loader knows it by; zero for native code.
    pub id: usize,
}

/// A loaded driver.
pub struct Driver {
    /// Service name.
    pub service: String,
    /// Image.
    pub image: Image,
    /// DriverEntry has returned success.
    pub initialized: bool,
    extensions: BTreeMap<usize, usize>,
    reinit: Vec<(usize, usize, bool)>,
    strings: Vec<Box<WideString>>,
    serial: u64,
}

/// All driver objects.
#[derive(Default)]
pub struct Table {
    drivers: BTreeMap<usize, Driver>,
    next: u64,
}

impl Table {
    /// Driver object of a service.
    pub fn find(&self, service: &str) -> Option<*mut DRIVER_OBJECT> {
        self.drivers
            .iter()
            .find(|(_, d)| d.service.eq_ignore_ascii_case(service))
            .map(|(a, _)| *a as *mut DRIVER_OBJECT)
    }

    /// A driver's record.
    pub fn get(&self, driver: *const DRIVER_OBJECT) -> Option<&Driver> {
        self.drivers.get(&(driver as usize))
    }

    /// Service names in order of loading.
    pub fn services(&self) -> Vec<String> {
        let mut all: Vec<_> = self.drivers.values().map(|d| (d.serial, d.service.clone())).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, s)| s).collect()
    }
}

static TYPE: ObjectType = ObjectType { name: "Driver", delete: Some(freed), close: None };
const IO_TYPE_DRIVER: i16 = 4;
const DRVO_REINIT_REGISTERED: u32 = 8;
const DRVO_INITIALIZED: u32 = 0x10;
const DRVO_BOOTREINIT_REGISTERED: u32 = 0x20;

unsafe fn freed(driver: *mut u8) {
    state().drivers.lock().drivers.remove(&(driver as usize));
}

/// Fills MajorFunction by default: completes with STATUS_INVALID_DEVICE_REQUEST.
unsafe extern "win64" fn invalid_request(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    stack::set_status(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    super::irp::complete(irp, 0);
    STATUS_INVALID_DEVICE_REQUEST
}

/// Whether a driver left a major function alone.
pub unsafe fn handles(driver: *mut DRIVER_OBJECT, major: u32) -> bool {
    (*driver).MajorFunction[major as usize] != Some(invalid_request as unsafe extern "win64" fn(_, _) -> _)
}

/// Makes a driver object for a service without calling its entry (the kernel's own drivers use it so).
pub unsafe fn create(
    service: &str,
    registry_path: &str,
    image: Image,
) -> Result<*mut DRIVER_OBJECT, NTSTATUS> {
    let total = size_of::<DRIVER_OBJECT>() + size_of::<DRIVER_EXTENSION>();
    let driver: *mut DRIVER_OBJECT = ob::create(&TYPE, total)?.cast();
    let extension: *mut DRIVER_EXTENSION = driver.add(1).cast();
    let name = WideString::new(&alloc::format!("\\Driver\\{service}"));
    let key = WideString::new(service);
    let hardware = WideString::new("\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");
    let path = WideString::new(registry_path);
    (*driver).Type = IO_TYPE_DRIVER;
    (*driver).Size = size_of::<DRIVER_OBJECT>() as i16;
    (*driver).DriverStart = image.base as *mut c_void;
    (*driver).DriverSize = image.size as u32;
    (*driver).DriverExtension = extension;
    (*driver).DriverName = name.raw();
    (*driver).HardwareDatabase = hardware.as_ptr();
    (*driver).DriverInit = Some(image.entry);
    (*driver).MajorFunction = [Some(invalid_request); 28];
    (*extension).DriverObject = driver;
    (*extension).ServiceKeyName = key.raw();
    let mut table = state().drivers.lock();
    table.next += 1;
    let serial = table.next;
    table.drivers.insert(
        driver as usize,
        Driver {
            service: service.to_string(),
            image,
            initialized: false,
            extensions: BTreeMap::new(),
            reinit: Vec::new(),
            strings: alloc::vec![path, name, key, hardware],
            serial,
        },
    );
    drop(table);
    ob::name::name(kernel(), driver.cast(), &alloc::format!("\\Driver\\{service}"))?;
    Ok(driver)
}

/// Calls DriverEntry of a created driver. On failure the driver object is gone.
pub unsafe fn initialize(driver: *mut DRIVER_OBJECT) -> NTSTATUS {
    let (entry, base, path) = {
        let table = state().drivers.lock();
        let Some(d) = table.get(driver) else { return STATUS_OBJECT_NAME_NOT_FOUND };
        (d.image.entry, d.image.base, d.strings.first().map_or(core::ptr::null_mut(), |s| s.as_ptr()))
    };
    let status = crate::call!("DriverEntry", entry, driver, path);
    if !stack::is_success(status) {
        rules::after_failed_entry(driver);
        destroy(driver);
        return status;
    }
    if let Some(module) = crate::loader::module_at(base) {
        crate::loader::free_init(module);
    }
    // A driver must not leave holes: the I/O manager fills them.
    for slot in &mut (*driver).MajorFunction {
        if slot.is_none() {
            *slot = Some(invalid_request);
        }
    }
    (*driver).Flags |= DRVO_INITIALIZED;
    let mut at = (*driver).DeviceObject;
    while !at.is_null() {
        (*at).Flags &= !DO_DEVICE_INITIALIZING;
        at = (*at).NextDevice;
    }
    if let Some(d) = state().drivers.lock().drivers.get_mut(&(driver as usize)) {
        d.initialized = true;
    }
    STATUS_SUCCESS
}

/// Calls the reinitialization routines that are due: those of boot drivers (`boot`) after all boot drivers, the
/// others after each driver.
pub unsafe fn reinitialize(driver: *mut DRIVER_OBJECT, boot: bool) {
    for _ in 0..16 {
        let due: Vec<(usize, usize)> = {
            let mut table = state().drivers.lock();
            let Some(d) = table.drivers.get_mut(&(driver as usize)) else { return };
            let (now, later): (Vec<_>, Vec<_>) = d.reinit.drain(..).partition(|(_, _, b)| *b == boot);
            d.reinit = later;
            now.into_iter().map(|(r, c, _)| (r, c)).collect()
        };
        if due.is_empty() {
            return;
        }
        for (routine, context) in due {
            (*(*driver).DriverExtension).Count += 1;
            let routine: unsafe extern "win64" fn(*mut DRIVER_OBJECT, *mut c_void, u32) =
                core::mem::transmute(routine);
            let count = (*(*driver).DriverExtension).Count;
            crate::call!("driver reinitialization", routine, driver, context as *mut c_void, count);
        }
    }
}

/// Unloads a driver that has no devices left: DriverUnload, then the object goes. False when it has devices
/// or no unload routine.
pub unsafe fn unload(driver: *mut DRIVER_OBJECT) -> bool {
    if !(*driver).DeviceObject.is_null() && (*driver).DriverUnload.is_none() {
        return false;
    }
    let mut at = (*driver).DeviceObject;
    while !at.is_null() {
        let deleted = state().devices.lock().get(at).is_none_or(|d| d.deleted);
        let legacy = !glue::is_pdo(at) && device::attached_to(at).is_null();
        if !deleted && !legacy || (*at).ReferenceCount != 0 {
            return false;
        }
        at = (*at).NextDevice;
    }
    let Some(routine) = (*driver).DriverUnload else { return false };
    crate::call!("DriverUnload", routine, driver);
    rules::after_unload(driver);
    destroy(driver);
    true
}

/// Takes the object's last reference and the image away.
unsafe fn destroy(driver: *mut DRIVER_OBJECT) {
    let (image, extensions) = {
        let mut table = state().drivers.lock();
        let Some(d) = table.drivers.get_mut(&(driver as usize)) else { return };
        (d.image, core::mem::take(&mut d.extensions))
    };
    for block in extensions.into_values() {
        glue::pool_free(block as *mut u8);
    }
    ob::name::forget(kernel(), driver.cast());
    glue::dereference(driver.cast());
    crate::pnp::store::unload_image(image);
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoAllocateDriverObjectExtension(driver: *mut DRIVER_OBJECT, id: *mut c_void, size: u32, out: *mut *mut c_void) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        *out = core::ptr::null_mut();
        let taken = state().drivers.lock().get(driver).is_some_and(|d| d.extensions.contains_key(&(id as usize)));
        if taken {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        if glue::fail_allocation() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let block = glue::pool(size as usize, *b"Driv", true);
        if block.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if let Some(d) = state().drivers.lock().drivers.get_mut(&(driver as usize)) {
            d.extensions.insert(id as usize, block as usize);
        }
        *out = block.cast();
        STATUS_SUCCESS
    }
    fn IoGetDriverObjectExtension(driver: *mut DRIVER_OBJECT, id: *mut c_void) -> *mut c_void [irql <= DISPATCH_LEVEL] {
        let table = state().drivers.lock();
        let found = table.get(driver).and_then(|d| d.extensions.get(&(id as usize)).copied());
        found.unwrap_or(0) as *mut c_void
    }
    fn IoRegisterDriverReinitialization(driver: *mut DRIVER_OBJECT, routine: PDRIVER_REINITIALIZE, context: *mut c_void) [irql == PASSIVE_LEVEL] {
        (*driver).Flags |= DRVO_REINIT_REGISTERED;
        if let (Some(d), Some(r)) = (state().drivers.lock().drivers.get_mut(&(driver as usize)), routine) {
            d.reinit.push((r as usize, context as usize, false));
        }
    }
    fn IoRegisterBootDriverReinitialization(driver: *mut DRIVER_OBJECT, routine: PDRIVER_REINITIALIZE, context: *mut c_void) [irql == PASSIVE_LEVEL] {
        (*driver).Flags |= DRVO_BOOTREINIT_REGISTERED;
        if let (Some(d), Some(r)) = (state().drivers.lock().drivers.get_mut(&(driver as usize)), routine) {
            d.reinit.push((r as usize, context as usize, true));
        }
    }
}
