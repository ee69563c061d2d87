//! The interface that children get: the functions behind `xenpci_interface::abi`.

mod device;
mod events;
mod grants;
mod memory;
mod store;
mod tasks;

pub use grants::Credits;

use alloc::{
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    ffi::c_void,
    ptr, slice, str,
    sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
};

use nt::sys::{
    DEVICE_OBJECT, DRIVER_OBJECT, NTSTATUS, ObfDereferenceObject, ObfReferenceObject,
    STATUS_DEVICE_NOT_READY, STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};
use xenpci_interface::{
    Status,
    abi::{self, GUID_XENPCI_INTERFACE, Guid, Interface},
};

use crate::{
    irp::Irp,
    os::{Mutex, Spin, WorkQueue},
    pdo::Pdo,
    platform::Platform,
};

/// Numbers of owners; 0 is the bus itself.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// One hand-out of the interface: what `context` points to. Pins the physical device object and the
/// driver object.
pub struct Child {
    pdo: Arc<Pdo>,
    platform: Arc<Platform>,
    /// Number under which the child's ports and registrations are kept.
    owner: usize,
    closed: AtomicBool,
    /// Grants in force, and set aside.
    used: AtomicU32,
    reserved: AtomicU32,
    work: Mutex<Option<Arc<WorkQueue>>>,
    objects: Objects,
}

struct Objects {
    device: *mut DEVICE_OBJECT,
    driver: *mut DRIVER_OBJECT,
}

#[expect(unsafe_code, reason = "referenced kernel objects")]
// SAFETY: only dereferenced by the object manager, at any thread.
unsafe impl Send for Objects {}
#[expect(unsafe_code, reason = "referenced kernel objects")]
// SAFETY: as above.
unsafe impl Sync for Objects {}

impl Drop for Child {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        // SAFETY: referenced in `Child::new`.
        unsafe { ObfDereferenceObject(self.objects.device.cast()) };
        // SAFETY: referenced in `Child::new`.
        unsafe { ObfDereferenceObject(self.objects.driver.cast()) };
    }
}

impl Child {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn new(pdo: &Arc<Pdo>, platform: Arc<Platform>, driver: *mut DRIVER_OBJECT) -> Option<Arc<Self>> {
        let device = pdo.referenced_device()?;
        // SAFETY: our own driver object, alive while its devices are.
        unsafe { ObfReferenceObject(driver.cast()) };
        Some(Arc::new(Self {
            pdo: Arc::clone(pdo),
            platform,
            owner: NEXT.fetch_add(1, Ordering::Relaxed),
            closed: AtomicBool::new(false),
            used: AtomicU32::new(0),
            reserved: AtomicU32::new(0),
            work: Mutex::new(None),
            objects: Objects { device, driver },
        }))
    }

    /// True once the device was removed, surprise-removed, or the bus stopped.
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn open(&self) -> Result<&Platform, Status> {
        if self.is_closed() { Err(Status::CLOSED) } else { Ok(&self.platform) }
    }

    /// Ends everything of the child's that the bus has. `PASSIVE_LEVEL`.
    fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.platform.events.close_all(self.owner);
        self.platform.registrations.remove_all(self.owner);
        self.give_credits_back();
    }
}

/// What a PDO has handed out.
pub struct Holdings {
    children: Spin<Vec<Weak<Child>>>,
}

impl Holdings {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { children: Spin::new(Vec::new()) }
    }

    /// The device goes, or the bus stops: what was handed out is closed; asking again starts anew.
    /// `PASSIVE_LEVEL`.
    pub fn close(&self) {
        let children = core::mem::take(&mut *self.children.lock());
        for child in children.iter().filter_map(Weak::upgrade) {
            child.close();
        }
    }

    /// Whether the device's driver has something of ours. `IRQL <= DISPATCH_LEVEL`.
    pub fn are_in_use(&self) -> bool {
        self.children.lock().iter().filter_map(Weak::upgrade).any(|child| !child.is_closed())
    }

    fn add(&self, child: &Arc<Child>) {
        let mut children = self.children.lock();
        children.retain(|child| child.strong_count() != 0);
        children.push(Arc::downgrade(child));
    }
}

/// `IRP_MN_QUERY_INTERFACE`; `None` for an interface that is not ours.
#[expect(unsafe_code, reason = "reads the stack location, fills the sender's structure")]
pub fn query(pdo: &Arc<Pdo>, irp: &Irp) -> Option<NTSTATUS> {
    // SAFETY: the member that this minor function uses.
    let query = unsafe { irp.location().Parameters.QueryInterface };
    let kind = query.InterfaceType.cast::<Guid>();
    // SAFETY: the sender's GUID, or null.
    if unsafe { kind.as_ref() } != Some(&GUID_XENPCI_INTERFACE) {
        return None;
    }
    let Some(size) = abi::size_of_version(query.Version) else { return Some(STATUS_NOT_SUPPORTED) };
    if query.Size < size || query.Interface.is_null() {
        return Some(STATUS_INVALID_PARAMETER);
    }
    let Some(bus) = pdo.bus.upgrade() else { return Some(STATUS_DEVICE_NOT_READY) };
    let Some(platform) = bus.platform() else { return Some(STATUS_DEVICE_NOT_READY) };
    let Some(child) = Child::new(pdo, platform, bus.driver()) else { return Some(STATUS_DEVICE_NOT_READY) };
    pdo.holdings.add(&child);
    let table = table(Arc::into_raw(child).cast_mut().cast());
    // SAFETY: at least as large as the version, as just checked.
    unsafe { query.Interface.cast::<Interface>().write_unaligned(table) };
    Some(STATUS_SUCCESS)
}

#[expect(unsafe_code, reason = "counts a reference")]
unsafe extern "win64" fn reference(context: *mut c_void) {
    // SAFETY: the context of a hand-out that is referenced.
    unsafe { Arc::increment_strong_count(context.cast_const().cast::<Child>()) };
}

#[expect(unsafe_code, reason = "gives a reference back")]
unsafe extern "win64" fn dereference(context: *mut c_void) {
    // SAFETY: the reference that the caller gives up.
    let child = unsafe { Arc::from_raw(context.cast_const().cast::<Child>()) };
    drop(child);
}

/// The hand-out behind a context.
///
/// # Safety
/// `context` is that of a referenced interface.
#[expect(unsafe_code, reason = "the context is a counted pointer")]
unsafe fn child<'a>(context: *mut c_void) -> &'a Child {
    // SAFETY: the caller's promise.
    unsafe { &*context.cast_const().cast::<Child>() }
}

/// Text that a child passed.
///
/// # Safety
/// `text` has `length` readable bytes, which do not change during the call.
#[expect(unsafe_code, reason = "reads the child's memory")]
unsafe fn text<'a>(text: *const u8, length: u32) -> Result<&'a str, Status> {
    // SAFETY: the caller's promise.
    str::from_utf8(unsafe { bytes(text, length) }).map_err(|_| Status::INVALID)
}

/// Bytes that a child passed.
///
/// # Safety
/// As [`text`].
#[expect(unsafe_code, reason = "reads the child's memory")]
unsafe fn bytes<'a>(at: *const u8, length: u32) -> &'a [u8] {
    if length == 0 || at.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(at, length as usize) }
}

/// Gives bytes to a child: the length always, the bytes if they fit.
///
/// # Safety
/// `buffer` has `capacity` writable bytes, `length` is writable.
#[expect(unsafe_code, reason = "writes the child's memory")]
unsafe fn give(from: &[u8], buffer: *mut u8, capacity: u32, length: *mut u32) -> Status {
    // SAFETY: the caller's promise.
    unsafe { length.write(from.len() as u32) };
    if from.len() > capacity as usize {
        return Status::BUFFER_TOO_SMALL;
    }
    // SAFETY: fits, as just checked.
    unsafe { buffer.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    Status::OK
}

/// A result as the interface's status.
fn status(result: Result<(), Status>) -> Status {
    result.err().unwrap_or(Status::OK)
}

/// A handle that is only a number.
fn handle_of(id: usize) -> abi::Handle {
    ptr::without_provenance_mut(id)
}

fn table(context: *mut c_void) -> Interface {
    Interface {
        size: abi::SIZE_V1,
        version: abi::VERSION,
        context,
        reference,
        dereference,
        store_read: store::read,
        store_list: store::list,
        store_write: store::write,
        store_remove: store::remove,
        store_begin: store::begin,
        store_end: store::end,
        store_watch: store::watch,
        store_unwatch: store::unwatch,
        event_alloc: events::alloc,
        event_notify: events::notify,
        event_unmask: events::unmask,
        event_mask: events::mask,
        event_kick: events::kick,
        event_retarget: events::retarget,
        event_close: events::close,
        grant_access: grants::access,
        grant_end: grants::end,
        grant_generation: grants::generation,
        grant_available: grants::available,
        grant_reserve: grants::reserve,
        pages_alloc: memory::pages_alloc,
        pages_free: memory::pages_free,
        physical_address: memory::physical_address,
        memory_alloc: memory::memory_alloc,
        memory_free: memory::memory_free,
        irql: memory::irql,
        processor: memory::processor,
        processors: memory::processors,
        lock_acquire: memory::lock_acquire,
        lock_release: memory::lock_release,
        timer_create: tasks::timer_create,
        timer_set: tasks::timer_set,
        timer_cancel: tasks::timer_cancel,
        timer_destroy: tasks::timer_destroy,
        work_create: tasks::work_create,
        work_queue: tasks::work_queue,
        work_destroy: tasks::work_destroy,
        signal_create: tasks::signal_create,
        signal_set: tasks::signal_set,
        signal_clear: tasks::signal_clear,
        signal_wait: tasks::signal_wait,
        signal_destroy: tasks::signal_destroy,
        now: memory::now,
        wall_clock: memory::wall_clock,
        sleep: memory::sleep,
        suspend_register: device::suspend_register,
        suspend_unregister: device::unregister,
        selftest_register: device::selftest_register,
        selftest_unregister: device::unregister,
        debug_register: device::debug_register,
        debug_unregister: device::unregister,
        device_kind: device::kind,
        device_id: device::id,
        device_path: device::path,
        policy: device::policy,
        device_changed: device::changed,
        event_log: device::event_log,
        console_print: device::console_print,
    }
}
