//! Smaller I/O routines: named events, device timers, StartIo queues, synchronous forwarding, stack limits.

use super::{glue, irp, rules, stack};
use crate::ke::thread;
use crate::kernel::{kernel, lock::Lock};
use crate::ob;
use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicUsize, Ordering};
use nt::sys::*;

unsafe fn named_event(name: *mut UNICODE_STRING, handle: *mut HANDLE, synchronization: bool) -> *mut KEVENT {
    let path = stack::text(name);
    let existing = kernel().ob.names.lock().find(&path);
    let body = match existing {
        Some((body, rest)) if rest.is_empty() => {
            if !core::ptr::eq(ob::header(body).kind, kernel().ob.types.event) {
                return core::ptr::null_mut();
            }
            ob::reference(body);
            body
        }
        _ => {
            let Ok(body) = ob::create(kernel().ob.types.event, size_of::<KEVENT>()) else {
                return core::ptr::null_mut();
            };
            // New events are signalled.
            crate::ke::event::initialize(body.cast::<KEVENT>(), synchronization, true);
            if ob::name::name(kernel(), body, &path).is_err() {
                ob::dereference(body);
                return core::ptr::null_mut();
            }
            body
        }
    };
    *handle = ob::handle::open(body, 0x1F_0003);
    ob::dereference(body);
    body.cast()
}

/// Device timers (one a second).
#[derive(Default)]
struct Timers(Lock<BTreeMap<usize, (usize, usize, bool, u64)>>);

unsafe fn tick(device: usize, generation: u64) {
    loop {
        crate::pnp::manager::sleep_ms(1000);
        let entry = kernel().room::<Timers>().0.lock().get(&device).copied();
        let Some((routine, context, running, current)) = entry else { return };
        if !running || current != generation {
            return;
        }
        let f: unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut c_void) = core::mem::transmute(routine);
        let old = crate::ke::irql::raise(crate::abi::DISPATCH_LEVEL);
        crate::call!("IoTimer", f, device as *mut DEVICE_OBJECT, context as *mut c_void);
        crate::ke::irql::lower(old);
    }
}

unsafe extern "win64" fn forwarded(_: *mut DEVICE_OBJECT, request: *mut IRP, event: *mut c_void) -> NTSTATUS {
    if (*request).PendingReturned != 0 {
        glue::set_event(event.cast());
    }
    STATUS_MORE_PROCESSING_REQUIRED
}

unsafe extern "win64" fn unload_safe(
    device: *mut DEVICE_OBJECT,
    request: *mut IRP,
    context: *mut c_void,
) -> NTSTATUS {
    let wrap = alloc::boxed::Box::from_raw(context.cast::<Wrap>());
    let f: unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP, *mut c_void) -> NTSTATUS =
        core::mem::transmute(wrap.routine);
    let result = crate::call!("completion routine", f, device, request, wrap.context as *mut c_void);
    glue::dereference(wrap.device as *mut u8);
    result
}

struct Wrap {
    routine: usize,
    context: usize,
    device: usize,
}

unsafe fn set_completion(
    request: *mut IRP,
    routine: PIO_COMPLETION_ROUTINE,
    context: *mut c_void,
    control: u32,
) {
    let next = stack::next(request);
    (*next).CompletionRoutine = routine;
    (*next).Context = context;
    (*next).Control = control as u8;
}

const ALWAYS: u32 = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;

unsafe fn send_and_wait(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let mut event = KEVENT::default();
    glue::init_event(&raw mut event, false);
    set_completion(request, Some(forwarded), (&raw mut event).cast(), ALWAYS);
    let status = irp::call_driver(device, request);
    if status == STATUS_PENDING {
        glue::wait_event(&raw mut event);
    }
    stack::status(request)
}

/// Takes the next packet of a StartIo queue, or marks the device idle.
unsafe fn start(device: *mut DEVICE_OBJECT, request: *mut IRP) {
    (*device).CurrentIrp = request;
    if let Some(f) = (*(*device).DriverObject).DriverStartIo {
        crate::call!("StartIo", f, device, request);
    }
}

#[derive(Default)]
struct Packets(Lock<BTreeMap<usize, alloc::vec::Vec<(u32, usize)>>>);

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoCreateNotificationEvent(name: *mut UNICODE_STRING, handle: *mut HANDLE) -> *mut KEVENT [irql == PASSIVE_LEVEL] {
        named_event(name, handle, false)
    }
    fn IoCreateSynchronizationEvent(name: *mut UNICODE_STRING, handle: *mut HANDLE) -> *mut KEVENT [irql == PASSIVE_LEVEL] {
        named_event(name, handle, true)
    }
    fn IoIsWdmVersionAvailable(major: u8, minor: u8) -> u8 [irql any] {
        u8::from((major, minor) <= (6, 0))
    }
    fn IoForwardIrpSynchronously(device: *mut DEVICE_OBJECT, request: *mut IRP) -> u8 [irql <= APC_LEVEL] {
        if (*request).CurrentLocation <= 1 {
            return 0;
        }
        let (here, next) = (stack::current(request), stack::next(request));
        *next = *here;
        (*next).Control = 0;
        send_and_wait(device, request);
        1
    }
    fn IoSynchronousCallDriver(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS [irql <= APC_LEVEL] {
        if !rules::may_call(device, request) {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        send_and_wait(device, request)
    }
    fn IoSetCompletionRoutineEx(device: *mut DEVICE_OBJECT, request: *mut IRP, routine: PIO_COMPLETION_ROUTINE, context: *mut c_void,
        success: u8, error: u8, cancel: u8) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let Some(f) = routine else { return STATUS_INVALID_PARAMETER };
        glue::reference(device.cast());
        let wrap = alloc::boxed::Box::new(Wrap { routine: f as usize, context: context as usize, device: device as usize });
        let control = if success != 0 { SL_INVOKE_ON_SUCCESS } else { 0 }
            | if error != 0 { SL_INVOKE_ON_ERROR } else { 0 }
            | if cancel != 0 { SL_INVOKE_ON_CANCEL } else { 0 };
        set_completion(request, Some(unload_safe), alloc::boxed::Box::into_raw(wrap).cast(), control);
        STATUS_SUCCESS
    }
    fn IoInitializeTimer(device: *mut DEVICE_OBJECT, routine: PIO_TIMER_ROUTINE, context: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let Some(f) = routine else { return STATUS_INVALID_PARAMETER };
        let known = kernel().room::<Timers>().0.lock().contains_key(&(device as usize));
        if known {
            rules::object(&rules::TIMER_TWICE, "IoInitializeTimer for a device that has a timer", device as usize, 0);
        }
        kernel().room::<Timers>().0.lock().insert(device as usize, (f as usize, context as usize, false, 0));
        STATUS_SUCCESS
    }
    fn IoStartTimer(device: *mut DEVICE_OBJECT) [irql <= DISPATCH_LEVEL] {
        let generation = {
            let mut timers = kernel().room::<Timers>().0.lock();
            match timers.get_mut(&(device as usize)) {
                Some(entry) if !entry.2 => {
                    entry.2 = true;
                    entry.3 += 1;
                    Some(entry.3)
                }
                _ => None,
            }
        };
        if let Some(generation) = generation {
            let at = device as usize;
            let _ = thread::spawn(move || unsafe { tick(at, generation) });
        }
    }
    fn IoStopTimer(device: *mut DEVICE_OBJECT) [irql <= DISPATCH_LEVEL] {
        if let Some(entry) = kernel().room::<Timers>().0.lock().get_mut(&(device as usize)) {
            entry.2 = false;
        }
    }
    fn IoStartPacket(device: *mut DEVICE_OBJECT, request: *mut IRP, key: *mut u32, cancel: PDRIVER_CANCEL) [irql <= DISPATCH_LEVEL] {
        let old = crate::ke::irql::raise(crate::abi::DISPATCH_LEVEL);
        let slot: &AtomicUsize = &*core::ptr::addr_of!((*request).CancelRoutine).cast();
        slot.store(cancel.map_or(0, |f| f as usize), Ordering::Release);
        let idle = (*device).CurrentIrp.is_null();
        if idle {
            start(device, request);
        } else {
            let rank = if key.is_null() { u32::MAX } else { *key };
            let mut packets = kernel().room::<Packets>().0.lock();
            let queue = packets.entry(device as usize).or_default();
            let at = queue.iter().position(|(k, _)| *k > rank).unwrap_or(queue.len());
            queue.insert(at, (rank, request as usize));
        }
        crate::ke::irql::lower(old);
    }
    fn IoStartNextPacket(device: *mut DEVICE_OBJECT, cancelable: u8) [irql == DISPATCH_LEVEL] {
        let next = {
            let mut packets = kernel().room::<Packets>().0.lock();
            match packets.get_mut(&(device as usize)) {
                Some(queue) if !queue.is_empty() => Some(queue.remove(0).1),
                _ => None,
            }
        };
        (*device).CurrentIrp = core::ptr::null_mut();
        if let Some(next) = next {
            start(device, next as *mut IRP);
        }
    }
    fn IoGetStackLimits(low: *mut u64, high: *mut u64) [irql <= DISPATCH_LEVEL] {
        let (base, pages) = thread::current().stack.get();
        *low = base as u64;
        *high = (base + pages * crate::mm::PAGE) as u64;
    }
    fn IoGetInitialStack() -> *mut c_void [irql <= APC_LEVEL] {
        let (base, pages) = thread::current().stack.get();
        (base + pages * crate::mm::PAGE) as *mut c_void
    }
    fn IoWithinStackLimits(start: u64, size: u64) -> u32 [irql any] {
        let (base, pages) = thread::current().stack.get();
        let end = (base + pages * crate::mm::PAGE) as u64;
        u32::from(start >= base as u64 && start.checked_add(size).is_some_and(|e| e <= end))
    }
}
