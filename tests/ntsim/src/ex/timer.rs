//! ExAllocateTimer and friends: timers with a callback at DISPATCH_LEVEL.

use crate::abi::*;
use crate::ke::{dpc, timer};
use crate::kernel::{kernel, lock::Lock};
use alloc::boxed::Box;
use alloc::vec::Vec;

type Callback = unsafe extern "win64" fn(*mut ExTimer, PVOID);

/// EX_TIMER: a dispatcher object first, so that drivers may wait for it.
#[repr(C)]
pub struct ExTimer {
    timer: KTIMER,
    dpc: KDPC,
    callback: Option<Callback>,
    context: PVOID,
}

#[derive(Default)]
struct Alive(Lock<Vec<(usize, usize)>>);

const SYNCHRONIZATION: u32 = 1;

unsafe extern "win64" fn fire(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let t = context.cast::<ExTimer>();
    if let Some(f) = (*t).callback {
        crate::call!("EX_TIMER callback", f, t, (*t).context);
    }
}

/// Timers allocated by code in this range that were not deleted.
pub fn alive_within(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let alive = kernel().room::<Alive>().0.lock();
    alive.iter().any(|(_, by)| range.contains(by)).then(|| "an EX_TIMER".into())
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExAllocateTimer(callback: Option<Callback>, context: PVOID, attributes: u32) -> *mut ExTimer
        [irql <= DISPATCH_LEVEL] {
        if crate::verifier::faults::fail_allocation("ExAllocateTimer") {
            return core::ptr::null_mut();
        }
        let t = Box::into_raw(Box::new(ExTimer { timer: core::mem::zeroed(), dpc: core::mem::zeroed(), callback, context }));
        timer::initialize(&mut (*t).timer, attributes & SYNCHRONIZATION != 0);
        dpc::initialize(&mut (*t).dpc, Some(fire), t.cast(), false);
        kernel().room::<Alive>().0.lock().push((t as usize, crate::export::caller()));
        t
    }
    fn ExSetTimer(t: *mut ExTimer, due: i64, period: i64, parameters: PVOID) -> u8 [irql <= DISPATCH_LEVEL] {
        timer::set(&mut (*t).timer, due, (period / 10_000) as u32, &mut (*t).dpc) as u8
    }
    fn ExCancelTimer(t: *mut ExTimer, parameters: PVOID) -> u8 [irql <= DISPATCH_LEVEL] {
        timer::cancel(&mut (*t).timer) as u8
    }
    fn ExDeleteTimer(t: *mut ExTimer, cancel: u8, wait: u8, parameters: PVOID) -> u8 [irql <= DISPATCH_LEVEL] {
        let was = cancel != 0 && timer::cancel(&mut (*t).timer);
        dpc::remove(&mut (*t).dpc);
        if wait != 0 {
            dpc::flush(kernel());
        }
        kernel().room::<Alive>().0.lock().retain(|(at, _)| *at != t as usize);
        drop(Box::from_raw(t));
        was as u8
    }
}
