//! Timer objects and I/O work items.

use super::{check_owner, form, rules, state, version};
use crate::abi::*;
use crate::ke::{dpc, timer};
use alloc::boxed::Box;
use alloc::format;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

const TIMER: &str = "timer object";
const WORK: &str = "work item";

struct Timer {
    timer: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
    function: PNDIS_TIMER_FUNCTION,
    default_context: PVOID,
    context: AtomicUsize,
    freed: AtomicBool,
    periodic: AtomicBool,
    set: AtomicBool,
}

struct Work {
    queued: AtomicBool,
}

unsafe extern "win64" fn fire(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let timer = &*(context as *const Timer);
    if timer.freed.load(Acquire) {
        return;
    }
    if !timer.periodic.load(Acquire) {
        timer.set.store(false, Release);
    }
    if let Some(function) = timer.function {
        let context = timer.context.load(Acquire) as PVOID;
        let none: PVOID = core::ptr::null_mut();
        crate::call!("NetTimerCallback", function, none, context, none, none);
    }
}

unsafe fn allocate(
    handle: NDIS_HANDLE,
    characteristics: *mut NDIS_TIMER_CHARACTERISTICS,
    out: *mut NDIS_HANDLE,
) -> NDIS_STATUS {
    check_owner(handle);
    *out = core::ptr::null_mut();
    if !form::TIMER.check(characteristics.cast(), version()) || (*characteristics).TimerFunction.is_none() {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if crate::io::glue::fail_allocation() {
        return NDIS_STATUS_RESOURCES;
    }
    // Never freed: its DPC may be queued when the driver frees it.
    let made: &'static Timer = Box::leak(Box::new(Timer {
        timer: UnsafeCell::new(core::mem::zeroed()),
        dpc: UnsafeCell::new(core::mem::zeroed()),
        function: (*characteristics).TimerFunction,
        default_context: (*characteristics).FunctionContext,
        context: AtomicUsize::new(0),
        freed: AtomicBool::new(false),
        periodic: AtomicBool::new(false),
        set: AtomicBool::new(false),
    }));
    timer::initialize(made.timer.get(), false);
    let at = core::ptr::from_ref(made) as PVOID;
    dpc::initialize(made.dpc.get(), Some(fire), at, false);
    state().objects.add(at as usize, TIMER, handle as usize);
    *out = at;
    NDIS_STATUS_SUCCESS
}

unsafe fn known(at: NDIS_HANDLE) -> &'static Timer {
    if !state().objects.has(at as usize, TIMER) {
        rules::bad_handle("a timer object", at as usize);
    }
    &*(at as *const Timer)
}

unsafe fn set(at: NDIS_HANDLE, due: i64, period: i32, context: PVOID) -> u8 {
    let timer = known(at);
    let context = if context.is_null() { timer.default_context } else { context };
    timer.context.store(context as usize, Release);
    timer.periodic.store(period > 0, Release);
    timer.set.store(true, Release);
    u8::from(timer::set(timer.timer.get(), due, period.max(0) as u32, timer.dpc.get()))
}

unsafe fn cancel(at: NDIS_HANDLE) -> bool {
    let timer = known(at);
    timer.set.store(false, Release);
    timer::cancel(timer.timer.get())
}

unsafe fn free(at: NDIS_HANDLE) {
    if !state().objects.has(at as usize, TIMER) {
        state().objects.remove(at as usize, TIMER);
        return;
    }
    if cancel(at) {
        rules::report(&rules::TIMER_FREED, format!("timer object {at:p}"), at as usize, 0);
    }
    let timer = known(at);
    timer.freed.store(true, Release);
    dpc::remove(timer.dpc.get());
    state().objects.remove(at as usize, TIMER);
}

unsafe fn queue(at: NDIS_HANDLE, routine: NDIS_IO_WORKITEM_ROUTINE, context: PVOID) {
    if !state().objects.has(at as usize, WORK) {
        rules::bad_handle("a work item", at as usize);
    }
    let work: &'static Work = &*(at as *const Work);
    if work.queued.swap(true, AcqRel) {
        rules::report(&rules::WORK_ITEM, format!("work item {at:p} is queued twice"), at as usize, 0);
        return;
    }
    let Some(routine) = routine else { return };
    let (at, context) = (at as usize, context as usize);
    crate::ex::work::queue(move || {
        // It may be queued again, or freed, by its own routine.
        work.queued.store(false, Release);
        crate::call!("NDIS work item", routine, context as PVOID, at as PVOID);
    });
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisAllocateTimerObject(handle: NDIS_HANDLE, characteristics: *mut NDIS_TIMER_CHARACTERISTICS, out: *mut NDIS_HANDLE) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        allocate(handle, characteristics, out)
    }
    fn NdisFreeTimerObject(at: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] { free(at) }
    fn NdisSetTimerObject(at: NDIS_HANDLE, due: i64, period: i32, context: PVOID) -> BOOLEAN [irql <= DISPATCH_LEVEL] { set(at, due, period, context) }
    fn NdisSetCoalescableTimerObject(at: NDIS_HANDLE, due: i64, period: i32, context: PVOID, tolerance: u32) -> BOOLEAN [irql <= DISPATCH_LEVEL] {
        set(at, due, period, context)
    }
    fn NdisCancelTimerObject(at: NDIS_HANDLE) -> BOOLEAN [irql <= DISPATCH_LEVEL] { u8::from(cancel(at)) }
    fn NdisAllocateIoWorkItem(handle: NDIS_HANDLE) -> NDIS_HANDLE [irql <= DISPATCH_LEVEL] {
        check_owner(handle);
        if crate::io::glue::fail_allocation() {
            return core::ptr::null_mut();
        }
        let at = Box::leak(Box::new(Work { queued: AtomicBool::new(false) })) as *mut Work;
        state().objects.add(at as usize, WORK, handle as usize);
        at.cast()
    }
    fn NdisFreeIoWorkItem(at: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] {
        if state().objects.remove(at as usize, WORK) && (*(at as *const Work)).queued.load(Acquire) {
            rules::report(&rules::WORK_ITEM, format!("work item {at:p} is freed while it is queued"), at as usize, 0);
        }
    }
    fn NdisQueueIoWorkItem(at: NDIS_HANDLE, routine: NDIS_IO_WORKITEM_ROUTINE, context: PVOID) [irql <= DISPATCH_LEVEL] {
        queue(at, routine, context)
    }
}
