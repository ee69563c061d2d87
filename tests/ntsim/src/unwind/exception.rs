//! Structured exceptions: dispatch, `__C_specific_handler`, unwinding to a handler.

use super::codes::{FLAG_EHANDLER, FLAG_UHANDLER, virtual_unwind};
use super::{Context, RSP, RuntimeFunction, capture, lookup};
use crate::abi::*;
use crate::export::Frame;
use crate::ke::thread;
use crate::loader;
use crate::verifier;

/// EXCEPTION_RECORD.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Record {
    pub code: u32,
    pub flags: u32,
    pub record: *mut Record,
    pub address: u64,
    pub count: u32,
    pub information: [u64; 15],
}

/// EXCEPTION_NONCONTINUABLE.
pub const NONCONTINUABLE: u32 = 1;
const UNWINDING: u32 = 2;
const EXIT_UNWIND: u32 = 4;
const TARGET_UNWIND: u32 = 0x20;
const COLLIDED_UNWIND: u32 = 0x40;

/// DISPATCHER_CONTEXT.
#[repr(C)]
#[allow(missing_docs)]
pub struct Dispatcher {
    pub control_pc: u64,
    pub image_base: u64,
    pub function: *const RuntimeFunction,
    pub frame: u64,
    pub target_ip: u64,
    pub context: *mut Context,
    pub handler: u64,
    pub data: u64,
    pub history: u64,
    pub scope: u32,
    pub fill: u32,
}

/// EXCEPTION_DISPOSITION values.
mod disposition {
    pub const CONTINUE_EXECUTION: i32 = 0;
    pub const CONTINUE_SEARCH: i32 = 1;
}

type Handler = unsafe extern "win64" fn(*mut Record, u64, *mut Context, *mut Dispatcher) -> i32;

impl Record {
    /// A record of a status.
    pub fn new(status: NTSTATUS, address: u64, information: &[u64]) -> Self {
        let mut r = Self {
            code: status as u32,
            flags: 0,
            record: core::ptr::null_mut(),
            address,
            count: information.len() as u32,
            information: [0; 15],
        };
        r.information[..information.len()].copy_from_slice(information);
        r
    }
}

/// Raises an exception at the innermost export call (or fault) of the current thread, as
/// ExRaiseStatus and faults do. Never returns: either a handler of the driver goes on, or the machine stops.
/// No kernel lock may be held and nothing that needs dropping may be on the caller's stack.
pub fn raise(status: NTSTATUS, information: &[u64]) -> ! {
    let top = thread::current().calls().top;
    let Some(frame) = (unsafe { top.as_ref() }) else {
        verifier::stop(
            0x1E,
            [status as u32 as u64, 0, 0, 0],
            alloc::format!("exception {:#x} outside of any driver", status as u32),
            None,
        );
    };
    let mut context = Context::of_frame(frame);
    let mut record = Record::new(status, context.rip, information);
    unsafe { dispatch(&mut record, &mut context, frame) }
}

/// Looks for a handler in the driver part that `frame` belongs to.
pub unsafe fn dispatch(record: &mut Record, context: &mut Context, frame: &Frame) -> ! {
    if crate::ke::irql::current() < DISPATCH_LEVEL || record.code != STATUS_ACCESS_VIOLATION as u32 {
        let mut c = *context;
        let mut at_fault = frame.is_fault();
        while loader::module_at(c.rip as usize).is_some_and(|m| m.loaded.get()) {
            let pc = c.rip;
            let found = lookup(if at_fault { pc } else { pc - 1 });
            at_fault = false;
            let (base, function) = found.map_or((0, None), |(b, f)| (b, Some(f)));
            let unwound = virtual_unwind(FLAG_EHANDLER, base, function, &mut c);
            let (Some(handler), Some(function)) = (unwound.handler, function) else {
                if c.gpr[RSP] == 0 {
                    break;
                }
                continue;
            };
            let mut d = Dispatcher {
                control_pc: pc,
                image_base: base,
                function,
                frame: unwound.frame,
                target_ip: 0,
                context: &mut c,
                handler,
                data: unwound.data,
                history: 0,
                scope: 0,
                fill: 0,
            };
            match run_handler(handler, record, unwound.frame, context, &mut d) {
                disposition::CONTINUE_EXECUTION => resume(context, frame),
                disposition::CONTINUE_SEARCH => {}
                other => verifier::bugcheck(
                    0x1E,
                    [0xC000_0026, other as u64, 0, 0],
                    "invalid exception disposition",
                ),
            }
        }
    }
    verifier::fault::unhandled(record)
}

/// Calls a language handler: the simulator's own for the usual C one (it is what they import), else the
/// driver's (a `__GSHandlerCheck…` that ends up in ours).
unsafe fn run_handler(
    handler: u64,
    record: *mut Record,
    frame: u64,
    context: *mut Context,
    d: *mut Dispatcher,
) -> i32 {
    let f: Handler = core::mem::transmute(handler);
    crate::call!("exception handler", f, record, frame, context, d)
}

/// SCOPE_TABLE entry.
#[repr(C)]
#[derive(Clone, Copy)]
struct Scope {
    begin: u32,
    end: u32,
    handler: u32,
    target: u32,
}

/// EXCEPTION_POINTERS.
#[repr(C)]
struct Pointers {
    record: *mut Record,
    context: *mut Context,
}

/// `__C_specific_handler`: filters of `__except` and bodies of `__finally`.
pub unsafe fn c_specific_handler(
    record: *mut Record,
    frame: u64,
    context: *mut Context,
    d: &mut Dispatcher,
) -> i32 {
    let table = d.data as *const u32;
    let count = table.read_unaligned();
    let scopes = table.add(1).cast::<Scope>();
    let pc = (d.control_pc - d.image_base) as u32;
    let unwinding = (*record).flags & (UNWINDING | EXIT_UNWIND) != 0;
    let target = (d.target_ip.wrapping_sub(d.image_base)) as u32;
    let mut i = d.scope;
    while i < count {
        let s = scopes.add(i as usize).read_unaligned();
        i += 1;
        // control_pc is a return address for all but the innermost frame.
        if !(s.begin <= pc && pc < s.end) {
            continue;
        }
        if unwinding {
            if s.target == 0 {
                // __finally
                d.scope = i;
                let f: unsafe extern "win64" fn(u8, u64) =
                    core::mem::transmute(d.image_base + s.handler as u64);
                crate::call!("__finally", f, 1, frame);
            } else if (*record).flags & TARGET_UNWIND != 0 && s.target == target {
                return disposition::CONTINUE_SEARCH;
            }
            continue;
        }
        if s.target == 0 {
            continue;
        }
        let verdict = match s.handler {
            1 => 1,
            filter => {
                let mut pointers = Pointers { record, context };
                let f: unsafe extern "win64" fn(*mut Pointers, u64) -> i32 =
                    core::mem::transmute(d.image_base + filter as u64);
                crate::call!("exception filter", f, &mut pointers as *mut _, frame)
            }
        };
        if verdict < 0 {
            return disposition::CONTINUE_EXECUTION;
        }
        if verdict > 0 {
            let value = (*record).code as u64;
            unwind_to(frame, d.image_base + s.target as u64, record, value, context);
        }
    }
    disposition::CONTINUE_SEARCH
}

/// RtlUnwindEx: runs termination handlers up to the target frame, then continues at the target with RAX set.
/// Starts from the context of the exception.
pub unsafe fn unwind_to(
    target_frame: u64,
    target_ip: u64,
    record: *mut Record,
    value: u64,
    origin: *const Context,
) -> ! {
    // The driver part in which the exception is: frames above it on this thread are given up.
    let owner = owner_of(target_frame);
    let mut c = *origin;
    (*record).flags |= UNWINDING;
    let mut first = true;
    loop {
        let pc = c.rip;
        let mut here = c;
        let fault = first && owner.is_some_and(|f| (*f).is_fault());
        first = false;
        let found = lookup(if fault { pc } else { pc - 1 });
        let (base, function) = found.map_or((0, None), |(b, f)| (b, Some(f)));
        if loader::module_at(pc as usize).is_none() {
            verifier::bugcheck(0x1E, [0xC000_0028, target_frame, pc, 0], "unwinding passed its target frame");
        }
        let unwound = virtual_unwind(FLAG_UHANDLER, base, function, &mut here);
        if unwound.frame == target_frame {
            (*record).flags |= TARGET_UNWIND;
        }
        if let (Some(handler), Some(function)) = (unwound.handler, function) {
            let mut d = Dispatcher {
                control_pc: pc,
                image_base: base,
                function,
                frame: unwound.frame,
                target_ip,
                context: &mut c,
                handler,
                data: unwound.data,
                history: 0,
                scope: 0,
                fill: 0,
            };
            run_handler(handler, record, unwound.frame, &mut c, &mut d);
            (*record).flags &= !COLLIDED_UNWIND;
        }
        if unwound.frame == target_frame {
            c.rip = target_ip;
            c.gpr[0] = value;
            match owner {
                Some(frame) => resume(&c, &*frame),
                None => capture::restore(&c),
            }
        }
        c = here;
    }
}

/// The innermost export frame whose driver part contains a stack address.
fn owner_of(sp: u64) -> Option<*const Frame> {
    let mut frame: *const Frame = thread::current().calls().top;
    let mut best = None;
    while !frame.is_null() {
        let f = unsafe { &*frame };
        // Stacks grow down: the part of frame f lies above its RSP; the outermost such that is below sp.
        if f.rsp as u64 <= sp {
            best = Some(frame);
            frame = f.prev;
        } else {
            break;
        }
    }
    best
}

/// Continues the driver at a context; export frames above are gone.
unsafe fn resume(c: &Context, frame: &Frame) -> ! {
    let calls = thread::current().calls();
    *calls = frame.outer;
    capture::restore(c)
}
