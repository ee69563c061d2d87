//! IRPs: allocation, the way down the stack, the way up, cancellation.
//!
//! Sources: the documentation of IoAllocateIrp, IofCallDriver, IofCompleteRequest, IoSetCompletionRoutine,
//! IoCancelIrp; "Completing IRPs", "Canceling IRPs". Every IRP has a record here, so that what a driver did
//! with it can be judged when it returns and when it completes.

use super::{glue, rules, stack, state};
use crate::export::caller;
use crate::ke::thread;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use nt::sys::*;

/// Who made an IRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A driver by IoAllocateIrp: it frees it.
    Driver,
    /// A driver in memory of its own (IoInitializeIrp).
    Initialized,
    /// An IoBuild… routine or the I/O manager: freed when it completes.
    System,
}

/// One call of a dispatch routine for an IRP.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    /// Stack location that the routine owned.
    pub location: i8,
    /// Device object.
    pub device: usize,
    /// Dispatch routine.
    pub routine: usize,
    /// Major and minor function.
    pub function: (u8, u8),
    /// What it returned.
    pub returned: Option<NTSTATUS>,
    /// Whether the location was marked pending, and the status, when completion passed it.
    pub passed: Option<(bool, NTSTATUS)>,
    id: u64,
}

/// The record of an IRP.
pub struct Record {
    /// Number in order of creation.
    pub serial: u64,
    /// Who made it.
    pub origin: Origin,
    /// Code that made it.
    pub made_by: usize,
    /// Size of the allocation in stack locations.
    pub stack: i8,
    /// Dispatch calls that have not been judged.
    pub calls: Vec<Dispatch>,
    /// Was it ever sent?
    pub sent: bool,
    /// Completed to the end.
    pub completed: bool,
    /// Lent to the I/O manager's own synchronous call.
    pub kernel: bool,
    /// Bytes of the caller's output buffer (buffered requests).
    pub output: u32,
    /// Lowest stack location that a dispatch routine was called for.
    pub lowest: i8,
}

/// All IRPs in existence.
#[derive(Default)]
pub struct Table {
    /// By address; iterate by serial number where the order could show.
    pub irps: BTreeMap<usize, Record>,
    next: u64,
    next_call: u64,
}

/// Type field of an IRP.
pub const IO_TYPE_IRP: i16 = 6;
const ALLOCATION_DRIVER: u8 = 0x10;

/// Bytes of an IRP with this many stack locations (IoSizeOfIrp).
pub const fn size_of_irp(stack: i8) -> usize {
    size_of::<IRP>() + stack as usize * size_of::<IO_STACK_LOCATION>()
}

unsafe fn initialize(irp: *mut IRP, stack_size: i8) {
    core::ptr::write_bytes(irp.cast::<u8>(), 0, size_of_irp(stack_size));
    (*irp).Type = IO_TYPE_IRP;
    (*irp).Size = size_of_irp(stack_size) as u16;
    (*irp).StackCount = stack_size;
    let entry = core::ptr::addr_of_mut!((*irp).ThreadListEntry);
    (*irp).ThreadListEntry = LIST_ENTRY { Flink: entry, Blink: entry };
    stack::set_current(irp, stack_size + 1);
}

fn record(irp: *mut IRP, origin: Origin, stack: i8, kernel: bool) {
    let made_by = if kernel { 0 } else { caller() };
    let mut table = state().irps.lock();
    table.next += 1;
    let serial = table.next;
    table.irps.insert(
        irp as usize,
        Record {
            serial,
            origin,
            made_by,
            stack,
            calls: Vec::new(),
            sent: false,
            completed: false,
            kernel,
            output: 0,
            lowest: i8::MAX,
        },
    );
}

/// Allocates an IRP; null without memory.
pub unsafe fn allocate(stack_size: i8, origin: Origin, kernel: bool) -> *mut IRP {
    if stack_size < 1 {
        return core::ptr::null_mut();
    }
    let irp: *mut IRP = glue::pool(size_of_irp(stack_size), *b"Irp ", kernel).cast();
    if irp.is_null() {
        return irp;
    }
    initialize(irp, stack_size);
    (*irp).AllocationFlags = ALLOCATION_DRIVER;
    record(irp, origin, stack_size, kernel);
    irp
}

/// Frees an IRP after the checks of IoFreeIrp.
pub unsafe fn free(irp: *mut IRP) {
    let known = state().irps.lock().irps.remove(&(irp as usize));
    if (*irp).Type != IO_TYPE_IRP || known.is_none() {
        rules::irp(&rules::FREE_NOT_IRP, "IoFreeIrp of something that is no IRP", irp, 0);
        return;
    }
    let Some(known) = known else { return };
    let entry = core::ptr::addr_of_mut!((*irp).ThreadListEntry);
    if (*irp).ThreadListEntry.Flink != entry {
        rules::irp(&rules::FREE_THREADED, "IoFreeIrp of an IRP that is queued to a thread", irp, 0);
    }
    if known.sent && !known.completed && (*irp).CurrentLocation <= (*irp).StackCount {
        rules::irp(&rules::FREE_IN_USE, "IoFreeIrp of an IRP that is in use", irp, 0);
    }
    (*irp).Type = 0;
    if known.origin != Origin::Initialized {
        glue::pool_free(irp.cast());
    }
}

/// Sends an IRP to a device: IofCallDriver without the checks that concern the caller.
pub unsafe fn call_driver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    (*irp).CurrentLocation -= 1;
    if (*irp).CurrentLocation <= 0 {
        glue::bugcheck(
            0x35,
            [irp as u64, 0, 0, 0],
            "NO_MORE_IRP_STACK_LOCATIONS: the IRP has too few stack locations",
        );
    }
    let location = (*irp).CurrentLocation;
    stack::set_current(irp, location);
    let sl = stack::current(irp);
    (*sl).DeviceObject = device;
    let major = (*sl).MajorFunction;
    let minor = (*sl).MinorFunction;
    rules::on_call(device, irp, sl);
    let driver = (*device).DriverObject;
    let Some(routine) = (*driver).MajorFunction[major as usize & 31] else {
        rules::irp(&rules::NO_DISPATCH, "no dispatch routine for this major function", irp, device as usize);
        stack::set_status(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
        complete(irp, 0);
        return STATUS_INVALID_DEVICE_REQUEST;
    };
    let call = {
        let mut table = state().irps.lock();
        table.next_call += 1;
        let id = table.next_call;
        if let Some(record) = table.irps.get_mut(&(irp as usize)) {
            record.sent = true;
            record.completed = false;
            record.lowest = record.lowest.min(location);
            record.calls.push(Dispatch {
                location,
                device: device as usize,
                routine: routine as usize,
                function: (major, minor),
                returned: None,
                passed: None,
                id,
            });
        }
        id
    };
    let before = rules::before_dispatch(device, major, minor);
    let status = crate::call!(rules::function_name(major, minor), routine, device, irp);
    rules::after_dispatch(before, device, irp, status);
    returned(irp as usize, call, status);
    status
}

/// A dispatch routine has returned; the IRP may be gone.
fn returned(irp: usize, id: u64, status: NTSTATUS) {
    let judged = {
        let mut table = state().irps.lock();
        // The IRP may have been freed and its judgement kept in `orphans`, or be another one by now.
        let found = table
            .irps
            .get_mut(&irp)
            .and_then(|r| {
                r.calls.iter_mut().find(|c| c.id == id).map(|c| {
                    c.returned = Some(status);
                    *c
                })
            })
            .or_else(|| {
                let mut orphans = state().orphans.lock();
                let at = orphans.iter().position(|c| c.id == id)?;
                let mut call = orphans.remove(at);
                call.returned = Some(status);
                Some(call)
            });
        if let Some(call) = found
            && call.passed.is_some()
            && let Some(r) = table.irps.get_mut(&irp)
        {
            r.calls.retain(|c| c.id != id);
        }
        found
    };
    if let Some(call) = judged {
        if call.passed.is_some() {
            rules::judge(irp, &call);
        } else if status != STATUS_PENDING {
            rules::report_dispatch(
                &rules::NOT_COMPLETED,
                "dispatch routine returned neither completing nor forwarding the IRP, and not STATUS_PENDING",
                irp,
                &call,
            );
        }
    }
}

/// Completion has passed a location.
fn passed(irp: *mut IRP, location: i8, marked: bool, status: NTSTATUS) {
    let judged: Vec<Dispatch> = {
        let mut table = state().irps.lock();
        let Some(record) = table.irps.get_mut(&(irp as usize)) else { return };
        let mut out = Vec::new();
        record.calls.retain_mut(|c| {
            if c.location == location && c.passed.is_none() {
                c.passed = Some((marked, status));
                if c.returned.is_some() {
                    out.push(*c);
                    return false;
                }
            }
            true
        });
        out
    };
    for call in judged {
        rules::judge(irp as usize, &call);
    }
}

/// Completes an IRP: IofCompleteRequest without the checks that concern the caller.
pub unsafe fn complete(irp: *mut IRP, boost: i8) {
    if (*irp).CurrentLocation > (*irp).StackCount + 1 || (*irp).Type != IO_TYPE_IRP {
        glue::bugcheck(
            0x44,
            [irp as u64, 0, 0, 0],
            "MULTIPLE_IRP_COMPLETE_REQUESTS: the IRP has been completed before",
        );
    }
    while (*irp).CurrentLocation <= (*irp).StackCount {
        let index = (*irp).CurrentLocation;
        let sl = stack::current(irp);
        let control = u32::from((*sl).Control);
        let status = stack::status(irp);
        let marked = control & SL_PENDING_RETURNED != 0;
        (*irp).PendingReturned = u8::from(marked);
        passed(irp, index, marked, status);
        stack::set_current(irp, index + 1);
        let invoke = (stack::is_success(status) && control & SL_INVOKE_ON_SUCCESS != 0)
            || (!stack::is_success(status) && control & SL_INVOKE_ON_ERROR != 0)
            || ((*irp).Cancel != 0 && control & SL_INVOKE_ON_CANCEL != 0);
        if invoke {
            let routine = (*sl).CompletionRoutine;
            let context = (*sl).Context;
            clear(sl);
            // The routine belongs to the driver above; the topmost one has no location of its own.
            let device = if index == (*irp).StackCount {
                core::ptr::null_mut()
            } else {
                (*stack::current(irp)).DeviceObject
            };
            let Some(routine) = routine else {
                glue::bugcheck(
                    0x7E,
                    [STATUS_ACCESS_VIOLATION as u32 as u64, 0, 0, 0],
                    "completion routine is NULL",
                );
            };
            let result = crate::call!("completion routine", routine, device, irp, context);
            if result == STATUS_MORE_PROCESSING_REQUIRED {
                return;
            }
        } else {
            clear(sl);
            if marked && index < (*irp).StackCount {
                (*stack::current(irp)).Control |= SL_PENDING_RETURNED as u8;
            }
        }
    }
    finish(irp, boost);
}

/// What completion wipes of a location that it has passed.
unsafe fn clear(sl: *mut IO_STACK_LOCATION) {
    (*sl).MinorFunction = 0;
    (*sl).Flags = 0;
    (*sl).Control = 0;
    *stack::args(sl) = [0; 4];
    (*sl).FileObject = core::ptr::null_mut();
}

/// The I/O manager's part at the end: buffers, status block, event, and the IRP itself.
unsafe fn finish(irp: *mut IRP, _boost: i8) {
    let (origin, output) = {
        let mut table = state().irps.lock();
        match table.irps.get_mut(&(irp as usize)) {
            Some(r) => {
                r.completed = true;
                (Some(r.origin), r.output)
            }
            None => (None, 0),
        }
    };
    (*irp).CurrentLocation = (*irp).StackCount + 2;
    let flags = (*irp).Flags;
    if flags & IRP_ASSOCIATED_IRP != 0 {
        finish_associated(irp);
        return;
    }
    if origin != Some(Origin::System) {
        // Nobody but the driver that made it can end the life of this IRP: it should have stopped the
        // completion in a routine of its own (IoAllocateIrp, remarks).
        glue::bugcheck(
            0xC9,
            [0x20A, irp as u64, 0, 0],
            "an IRP made by IoAllocateIrp was completed to the end: its maker's completion routine must return STATUS_MORE_PROCESSING_REQUIRED",
        );
    }
    let status = stack::status(irp);
    let information = (*irp).IoStatus.Information as u64;
    let system_buffer = (*irp).AssociatedIrp.SystemBuffer;
    if flags & IRP_BUFFERED_IO != 0 {
        if flags & IRP_INPUT_OPERATION != 0
            && !stack::is_error(status)
            && status != STATUS_VERIFY_REQUIRED
            && information != 0
            && !(*irp).UserBuffer.is_null()
        {
            let room = u64::from(output);
            if information > room {
                rules::irp(
                    &rules::INFORMATION,
                    "IoStatus.Information is larger than the output buffer",
                    irp,
                    information as usize,
                );
            }
            let length = information.min(room) as usize;
            core::ptr::copy(system_buffer.cast::<u8>(), (*irp).UserBuffer.cast::<u8>(), length);
        }
        if flags & IRP_DEALLOCATE_BUFFER != 0 {
            glue::pool_free(system_buffer.cast());
        }
    }
    let mut mdl = (*irp).MdlAddress;
    while !mdl.is_null() {
        let next = (*mdl).Next;
        glue::unlock_and_free_mdl(mdl);
        mdl = next;
    }
    (*irp).MdlAddress = core::ptr::null_mut();
    let event = (*irp).UserEvent;
    let iosb = (*irp).__bindgen_anon_1.UserIosb;
    // An error that was returned at once is reported by the return value alone.
    let told = !stack::is_error(status) || (*irp).PendingReturned != 0;
    unqueue(irp);
    let orphans: Vec<Dispatch> = {
        let mut table = state().irps.lock();
        match table.irps.get_mut(&(irp as usize)) {
            Some(r) => core::mem::take(&mut r.calls),
            None => Vec::new(),
        }
    };
    state().orphans.lock().extend(orphans);
    let kernel = state().irps.lock().irps.get(&(irp as usize)).is_some_and(|r| r.kernel);
    free(irp);
    if told || kernel {
        if !iosb.is_null() {
            stack::set_iosb(&mut *iosb, status, information);
        }
        if !event.is_null() {
            glue::set_event(event);
        }
    }
}

unsafe fn finish_associated(irp: *mut IRP) {
    let master = (*irp).AssociatedIrp.MasterIrp;
    free_quietly(irp);
    let left = {
        (*master).AssociatedIrp.IrpCount -= 1;
        (*master).AssociatedIrp.IrpCount
    };
    if left == 0 {
        complete(master, 0);
    }
}

unsafe fn free_quietly(irp: *mut IRP) {
    if let Some(r) = state().irps.lock().irps.get_mut(&(irp as usize)) {
        r.completed = true;
    }
    free(irp);
}

/// Queues an IRP to the current thread.
pub unsafe fn queue_to_thread(irp: *mut IRP) {
    (*irp).Tail.Overlay.Thread = thread::current().as_ptr().cast();
    state().threaded.lock().push((thread::current().number, irp as usize));
    // Not a circular list here: a mark that IoFreeIrp's rule can see.
    (*irp).ThreadListEntry.Flink = core::ptr::null_mut();
}

unsafe fn unqueue(irp: *mut IRP) {
    state().threaded.lock().retain(|(_, i)| *i != irp as usize);
    let entry = core::ptr::addr_of_mut!((*irp).ThreadListEntry);
    (*irp).ThreadListEntry = LIST_ENTRY { Flink: entry, Blink: entry };
}

/// IoCancelIrp: true when a cancel routine was called.
pub unsafe fn cancel(irp: *mut IRP) -> bool {
    let irql = glue::acquire_cancel_lock();
    (*irp).Cancel = 1;
    let slot: &core::sync::atomic::AtomicUsize = &*core::ptr::addr_of!((*irp).CancelRoutine).cast();
    let routine = slot.swap(0, core::sync::atomic::Ordering::AcqRel);
    if routine == 0 {
        glue::release_cancel_lock(irql);
        return false;
    }
    if (*irp).CurrentLocation > (*irp).StackCount + 1 {
        glue::bugcheck(0x48, [irp as u64, 0, 0, 0], "CANCEL_STATE_IN_COMPLETED_IRP");
    }
    (*irp).CancelIrql = irql;
    let routine: unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP) = core::mem::transmute(routine);
    let device = (*stack::current(irp)).DeviceObject;
    // The cancel routine releases the cancel spin lock (at CancelIrql) itself.
    glue::call_cancel(routine, device, irp, irql);
    true
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoAllocateIrp(stack_size: i8, quota: u8) -> *mut IRP [irql <= DISPATCH_LEVEL] {
        allocate(stack_size, Origin::Driver, false)
    }
    fn IoAllocateIrpEx(device: *mut DEVICE_OBJECT, stack_size: i8, quota: u8) -> *mut IRP [irql <= DISPATCH_LEVEL] {
        allocate(stack_size, Origin::Driver, false)
    }
    fn IoFreeIrp(irp: *mut IRP) [irql <= DISPATCH_LEVEL] {
        free(irp);
    }
    fn IoInitializeIrp(irp: *mut IRP, size: u16, stack_size: i8) [irql <= DISPATCH_LEVEL] {
        let known = state().irps.lock().irps.get(&(irp as usize)).map(|r| r.origin);
        if known == Some(Origin::Driver) {
            rules::irp(&rules::INITIALIZE_ALLOCATED, "IoInitializeIrp on an IRP made by IoAllocateIrp", irp, 0);
        }
        if (size as usize) < size_of_irp(stack_size) {
            rules::irp(&rules::INITIALIZE_SIZE, "IoInitializeIrp with a size too small for the stack locations", irp, size as usize);
        }
        initialize(irp, stack_size);
        record(irp, Origin::Initialized, stack_size, false);
    }
    fn IoReuseIrp(irp: *mut IRP, status: NTSTATUS) [irql <= DISPATCH_LEVEL] {
        let flags = (*irp).AllocationFlags;
        let stack_size = (*irp).StackCount;
        initialize(irp, stack_size);
        (*irp).AllocationFlags = flags;
        stack::set_status(irp, status, 0);
        if let Some(r) = state().irps.lock().irps.get_mut(&(irp as usize)) {
            r.sent = false;
            r.completed = false;
            r.lowest = i8::MAX;
        }
    }
    fn IofCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        if !rules::may_call(device, irp) {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        call_driver(device, irp)
    }
    fn IofCompleteRequest(irp: *mut IRP, boost: i8) [irql <= DISPATCH_LEVEL] {
        rules::on_complete(irp);
        complete(irp, boost);
    }
    fn IoCancelIrp(irp: *mut IRP) -> u8 [irql <= DISPATCH_LEVEL] {
        u8::from(cancel(irp))
    }
    fn IoAcquireCancelSpinLock(irql: *mut u8) [irql <= DISPATCH_LEVEL] {
        *irql = glue::acquire_cancel_lock();
    }
    fn IoReleaseCancelSpinLock(irql: u8) [irql == DISPATCH_LEVEL] {
        glue::release_cancel_lock(irql);
    }
    fn IoGetRequestorProcess(irp: *mut IRP) -> PEPROCESS [irql <= DISPATCH_LEVEL] {
        glue::process_of(irp)
    }
    fn IoIs32bitProcess(irp: *mut IRP) -> u8 [irql <= DISPATCH_LEVEL] {
        // No 32-bit process exists here.
        0
    }
    fn IoGetTopLevelIrp() -> *mut IRP [irql <= DISPATCH_LEVEL] {
        // Only file systems set it, and none runs here.
        core::ptr::null_mut()
    }
    fn IoMakeAssociatedIrp(master: *mut IRP, stack_size: i8) -> *mut IRP [irql <= DISPATCH_LEVEL] {
        let irp = allocate(stack_size, Origin::System, false);
        if !irp.is_null() {
            (*irp).Flags |= IRP_ASSOCIATED_IRP;
            (*irp).AssociatedIrp.MasterIrp = master;
            (*irp).Tail.Overlay.Thread = (*master).Tail.Overlay.Thread;
        }
        irp
    }
}
