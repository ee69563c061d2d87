//! Bugchecks raised by drivers, and callbacks that run while the machine stops.

use crate::abi::*;
use crate::ke::list;
use crate::kernel::{Kernel, kernel, lock::Lock};
use crate::verifier;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering::*};

/// KBUGCHECK_CALLBACK_RECORD.
#[repr(C)]
struct Record {
    entry: LIST_ENTRY,
    routine: Option<unsafe extern "win64" fn(PVOID, u32)>,
    buffer: PVOID,
    length: u32,
    component: *const u8,
    checksum: u64,
    state: u8,
}

/// KBUGCHECK_REASON_CALLBACK_RECORD.
#[repr(C)]
struct ReasonRecord {
    entry: LIST_ENTRY,
    routine: Option<unsafe extern "win64" fn(u32, *mut ReasonRecord, PVOID, u32)>,
    component: *const u8,
    checksum: u64,
    reason: u32,
    state: u8,
}

/// BufferInserted.
const INSERTED: u8 = 1;
const STARTED: u8 = 2;
const FINISHED: u8 = 3;

/// What runs when the machine stops, after the reason callbacks: a dump writer and the like.
pub type StopHook = fn(&Kernel, u32, [u64; 4]);

#[derive(Default)]
struct Callbacks {
    plain: Lock<Vec<usize>>,
    reason: Lock<Vec<usize>>,
    hooks: Lock<Vec<StopHook>>,
    stopping: AtomicBool,
    data: Lock<[u64; 5]>,
}

/// Adds a hook (the dump path). It runs before the drivers' plain callbacks.
pub fn add_hook(hook: StopHook) {
    kernel().room::<Callbacks>().hooks.lock().push(hook);
}

/// KeBugCheckEx: IRQL to HIGH_LEVEL, other processors frozen, callbacks, dump, halt.
pub fn bugcheck(code: u32, parameters: [u64; 4]) -> ! {
    let text = alloc::format!("KeBugCheckEx by {}", crate::loader::describe(crate::export::caller()));
    verifier::stop(code, parameters, text, None)
}

/// Runs everything that a stopping machine runs, once. Nothing else runs meanwhile: IRQL is HIGH_LEVEL.
pub fn run_callbacks(k: &'static Kernel, code: u32, parameters: [u64; 4]) {
    let c = k.room::<Callbacks>();
    if c.stopping.swap(true, Relaxed) {
        return;
    }
    k.cpu().set_irql(k, HIGH_LEVEL);
    k.engine.freeze_others();
    *c.data.lock() = [code as u64, parameters[0], parameters[1], parameters[2], parameters[3]];
    if let Some(at) = crate::loader::link::address_if_used("KiBugCheckData") {
        unsafe { (at as *mut [u64; 5]).write(*c.data.lock()) };
    }
    let reason = c.reason.lock().clone();
    for at in reason {
        let r = unsafe { &mut *(at as *mut ReasonRecord) };
        if let Some(f) = r.routine {
            let mut data = [0u8; 256];
            r.state = STARTED;
            crate::call!("bugcheck reason callback", f, r.reason, r as *mut _, data.as_mut_ptr().cast(), 256);
            r.state = FINISHED;
        }
    }
    let hooks = c.hooks.lock().clone();
    for hook in hooks {
        hook(k, code, parameters);
    }
    // By now the dump file has been written ("Writing a Bug Check Callback Routine").
    let plain = c.plain.lock().clone();
    for at in plain {
        let r = unsafe { &mut *(at as *mut Record) };
        if let Some(f) = r.routine {
            r.state = STARTED;
            crate::call!("bugcheck callback", f, r.buffer, r.length);
            r.state = FINISHED;
        }
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    data KiBugCheckData: [u64; 5] = |_| [0; 5];
    fn KeBugCheckEx(code: u32, a: u64, b: u64, c: u64, d: u64) [irql any] { bugcheck(code, [a, b, c, d]) }
    fn KeBugCheck(code: u32) [irql any] { bugcheck(code, [0; 4]) }
    fn KeRegisterBugCheckCallback(r: *mut Record, routine: Option<unsafe extern "win64" fn(PVOID, u32)>,
        buffer: PVOID, length: u32, component: *const u8) -> u8 [irql any] {
        if (*r).state == INSERTED {
            return 0;
        }
        *r = Record { entry: (*r).entry, routine, buffer, length, component, checksum: 0, state: INSERTED };
        list::init(&mut (*r).entry);
        kernel().room::<Callbacks>().plain.lock().push(r as usize);
        1
    }
    fn KeDeregisterBugCheckCallback(r: *mut Record) -> u8 [irql any] {
        let mut list = kernel().room::<Callbacks>().plain.lock();
        let before = list.len();
        list.retain(|x| *x != r as usize);
        (*r).state = 0;
        (list.len() != before) as u8
    }
    fn KeRegisterBugCheckReasonCallback(r: *mut ReasonRecord,
        routine: Option<unsafe extern "win64" fn(u32, *mut ReasonRecord, PVOID, u32)>, reason: u32,
        component: *const u8) -> u8 [irql any] {
        if (*r).state == INSERTED {
            return 0;
        }
        *r = ReasonRecord { entry: (*r).entry, routine, component, checksum: 0, reason, state: INSERTED };
        list::init(&mut (*r).entry);
        kernel().room::<Callbacks>().reason.lock().push(r as usize);
        1
    }
    fn KeDeregisterBugCheckReasonCallback(r: *mut ReasonRecord) -> u8 [irql any] {
        let mut list = kernel().room::<Callbacks>().reason.lock();
        let before = list.len();
        list.retain(|x| *x != r as usize);
        (*r).state = 0;
        (list.len() != before) as u8
    }
    fn KeRegisterNmiCallback(f: PVOID, context: PVOID) -> PVOID [irql <= APC_LEVEL] {
        alloc::boxed::Box::into_raw(alloc::boxed::Box::new((f as usize, context as usize))).cast()
    }
    fn KeDeregisterNmiCallback(handle: PVOID) -> NTSTATUS [irql <= APC_LEVEL] {
        drop(alloc::boxed::Box::from_raw(handle.cast::<(usize, usize)>()));
        STATUS_SUCCESS
    }
}

/// A registered callback record inside a range of addresses (leak at unload, or freed memory).
pub fn registered_within(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let c = kernel().room::<Callbacks>();
    let routine = |f: Option<usize>| f.is_some_and(|f| range.contains(&f));
    let plain = c.plain.lock().iter().any(|at| {
        range.contains(at) || routine(unsafe { (*(*at as *const Record)).routine }.map(|f| f as usize))
    });
    let reason = c.reason.lock().iter().any(|at| {
        range.contains(at) || routine(unsafe { (*(*at as *const ReasonRecord)).routine }.map(|f| f as usize))
    });
    (plain || reason).then(|| "a bugcheck callback registered".into())
}
