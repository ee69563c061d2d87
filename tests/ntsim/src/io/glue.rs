//! What io needs from ke, mm and ob, under short names.

use crate::abi::DISPATCH_LEVEL;
use crate::ke::{event, irql, thread, wait};
use crate::kernel::kernel;
use crate::mm::{PAGE, pool};
use crate::{ob, verifier};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use nt::sys::*;

/// Zeroed non-paged memory. With `kernel` no allocation fault is injected and memory must be there.
pub fn pool(size: usize, tag: [u8; 4], kernel: bool) -> *mut u8 {
    if kernel {
        return pool::allocate_kernel(size, &tag).unwrap_or(core::ptr::null_mut());
    }
    let caller = crate::export::caller();
    pool::allocate(pool::PoolKind::NonPagedNx, size, u32::from_le_bytes(tag), caller, true)
        .unwrap_or(core::ptr::null_mut())
}

/// Memory that the driver gets to own and frees by ExFreePool.
pub fn paged_pool(size: usize, tag: [u8; 4]) -> *mut u8 {
    pool::allocate(pool::PoolKind::Paged, size, u32::from_le_bytes(tag), 0, true)
        .unwrap_or(core::ptr::null_mut())
}

/// Frees what [`pool()`] gave, or what a driver allocated for the kernel to free.
pub fn pool_free(at: *mut u8) {
    if pool::free(at).is_err() {
        bugcheck(
            0xC2,
            [7, at as u64, 0, 0],
            "BAD_POOL_CALLER: the kernel was given memory to free that is no pool block",
        );
    }
}

/// Whether fault injection makes this allocation fail.
pub fn fail_allocation() -> bool {
    let at = pool::allocate(
        pool::PoolKind::NonPagedNx,
        16,
        u32::from_le_bytes(*b"IoFt"),
        crate::export::caller(),
        false,
    );
    match at {
        Some(at) => {
            pool_free(at);
            false
        }
        None => true,
    }
}

/// Ends the run.
pub fn bugcheck(code: u32, parameters: [u64; 4], text: &str) -> ! {
    verifier::bugcheck(code, parameters, text)
}

/// Adds a reference to an object.
pub unsafe fn reference(object: *mut u8) {
    ob::reference(object);
}

/// Drops a reference.
pub unsafe fn dereference(object: *mut u8) {
    ob::dereference(object);
}

/// A notification event that is not signalled (`synchronization` false …).
pub unsafe fn init_event(event: *mut KEVENT, synchronization: bool) {
    event::initialize(event, synchronization, false);
}

/// Signals an event.
pub unsafe fn set_event(event: *mut KEVENT) {
    event::set(event);
}

/// Waits for an event without limit: what ends a wait that never ends is the engine's deadlock report.
pub unsafe fn wait_event(event: *mut KEVENT) {
    wait::wait_one(event, wait::Timeout::Never);
}

/// Is this the PDO of a device node?
pub fn is_pdo(device: *mut DEVICE_OBJECT) -> bool {
    crate::pnp::node_of(device).is_some()
}

/// The cancel spin lock.
#[derive(Default)]
pub struct CancelLock {
    held: AtomicBool,
    owner: AtomicU32,
}

/// Takes the cancel spin lock; returns the former IRQL.
pub fn acquire_cancel_lock() -> u8 {
    let old = irql::raise(DISPATCH_LEVEL.max(irql::current()));
    let lock = &super::state().cancel;
    while lock.held.swap(true, Ordering::Acquire) {
        if lock.owner.load(Ordering::Relaxed) == kernel().engine.current_cpu() {
            bugcheck(
                0xF,
                [0, 0, 0, 0],
                "SPIN_LOCK_ALREADY_OWNED: the cancel spin lock is taken twice on one processor",
            );
        }
        kernel().engine.spin("cancel spin lock");
        irql::poll(kernel());
    }
    lock.owner.store(kernel().engine.current_cpu(), Ordering::Relaxed);
    old
}

/// Releases the cancel spin lock.
pub fn release_cancel_lock(old: u8) {
    let lock = &super::state().cancel;
    if !lock.held.swap(false, Ordering::Release) {
        bugcheck(
            0x10,
            [0, 0, 0, 0],
            "SPIN_LOCK_NOT_OWNED: the cancel spin lock is released by nobody's owner",
        );
    }
    lock.owner.store(u32::MAX, Ordering::Relaxed);
    irql::lower(old);
}

/// Calls a cancel routine, which was entered with the cancel lock held and must have released it.
pub unsafe fn call_cancel(
    routine: unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP),
    device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    irql_before: u8,
) {
    call_free_irql("cancel routine", routine as usize, || routine(device, irp));
    let now = irql::current();
    if now != irql_before {
        super::rules::object(
            &super::rules::CANCEL_IRQL,
            "a cancel routine returned at another IRQL than that of IoCancelIrp's caller",
            routine as usize,
            now as usize,
        );
        irql::force(irql_before);
    }
}

/// Calls a driver routine that by contract returns at another IRQL than it was called at.
pub unsafe fn call_free_irql(what: &'static str, target: usize, f: impl FnOnce()) {
    let mut state = crate::callout::enter(what, target, false);
    f();
    state.any_irql();
    crate::callout::leave(state);
}

/// The process that a request belongs to.
pub unsafe fn process_of(_irp: *mut IRP) -> PEPROCESS {
    crate::io::user::current_process()
}

/// Describes and locks a buffer of the caller.
pub unsafe fn lock_buffer(buffer: *mut u8, length: u32, write: bool) -> Result<*mut MDL, NTSTATUS> {
    let first = buffer as usize / PAGE;
    let last = (buffer as usize + length as usize - 1) / PAGE;
    let count = last - first + 1;
    let size = size_of::<MDL>() + count * 8;
    let mdl: *mut MDL = pool(size, *b"Mdl ", true).cast();
    if mdl.is_null() {
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    (*mdl).Size = size as i16;
    (*mdl).StartVa = (first * PAGE) as *mut c_void;
    (*mdl).ByteOffset = (buffer as usize % PAGE) as u32;
    (*mdl).ByteCount = length;
    (*mdl).MdlFlags = (MDL_PAGES_LOCKED | if write { MDL_WRITE_OPERATION } else { 0 }) as i16;
    (*mdl).MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL as i16;
    (*mdl).MappedSystemVa = buffer.cast();
    let pages: *mut u64 = mdl.add(1).cast();
    for n in 0..count {
        match kernel().mm.physical((first + n) * PAGE) {
            Some(pa) => *pages.add(n) = pa / PAGE as u64,
            None => {
                pool_free(mdl.cast());
                return Err(STATUS_ACCESS_VIOLATION);
            }
        }
    }
    Ok(mdl)
}

/// Undoes [`lock_buffer`].
pub unsafe fn unlock_and_free_mdl(mdl: *mut MDL) {
    (*mdl).MdlFlags = 0;
    pool_free(mdl.cast());
}

/// Number of the current thread.
pub fn thread_number() -> u32 {
    thread::current().number
}
