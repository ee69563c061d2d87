//! Exports for unwinding and exceptions.

use super::exception::{self, Dispatcher, Record};
use super::{Context, RuntimeFunction, codes, lookup, stack};
use crate::abi::*;
use crate::ke::thread;

fn caller_context() -> Context {
    let top = thread::current().calls().top;
    Context::of_frame(unsafe { &*top })
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlLookupFunctionEntry(pc: u64, base: *mut u64, history: PVOID) -> *const RuntimeFunction [irql any] {
        match lookup(pc) {
            Some((b, function)) => {
                *base = b;
                function as *const _
            }
            None => {
                *base = crate::loader::module_at(pc as usize).map_or(0, |m| m.base as u64);
                core::ptr::null()
            }
        }
    }
    fn RtlPcToFileHeader(pc: PVOID, base: *mut PVOID) -> PVOID [irql any] {
        let found = crate::loader::module_at(pc as usize).map_or(core::ptr::null_mut(), |m| m.base as PVOID);
        *base = found;
        found
    }
    fn RtlVirtualUnwind(wanted: u32, base: u64, pc: u64, function: *const RuntimeFunction, context: *mut Context,
        data: *mut u64, frame: *mut u64, pointers: PVOID) -> u64 [irql any] {
        (*context).rip = pc;
        let unwound = codes::virtual_unwind(wanted as u8, base, function.as_ref(), &mut *context);
        *frame = unwound.frame;
        if unwound.handler.is_some() {
            *data = unwound.data;
        }
        unwound.handler.unwrap_or(0)
    }
    fn RtlCaptureContext(context: *mut Context) [irql any] {
        let c = caller_context();
        // The floating-point part is not known any more; its non-volatile half is what callers may rely on.
        (*context).flags = crate::unwind::CONTEXT_FULL;
        (*context).gpr = c.gpr;
        (*context).rip = c.rip;
        (*context).mxcsr = c.mxcsr;
        (*context).eflags = 0x202;
        (*context).segments = [0x10, 0x2B, 0x2B, 0x53, 0x2B, 0x18];
    }
    fn RtlCaptureStackBackTrace(skip: u32, count: u32, trace: *mut PVOID, hash: *mut u32) -> u16 [irql any] {
        let mut n = 0usize;
        let mut sum = 0u32;
        stack::walk((skip + count) as usize, |pc| {
            if n >= skip as usize {
                *trace.add(n - skip as usize) = pc as PVOID;
                sum = sum.wrapping_add(pc as u32);
            }
            n += 1;
        });
        if !hash.is_null() {
            *hash = sum;
        }
        n.saturating_sub(skip as usize) as u16
    }
    fn __C_specific_handler(record: *mut Record, frame: u64, context: *mut Context, dispatcher: *mut Dispatcher) -> i32
        [irql any] {
        exception::c_specific_handler(record, frame, context, &mut *dispatcher)
    }
    fn RtlUnwindEx(frame: u64, target: u64, record: *mut Record, value: u64, context: *mut Context, history: PVOID)
        [irql any] {
        let mut own = Record::new(STATUS_UNWIND, target, &[]);
        let record = if record.is_null() { &mut own as *mut _ } else { record };
        let origin = caller_context();
        exception::unwind_to(frame, target, record, value, &origin)
    }
    fn RtlUnwind(frame: u64, target: u64, record: *mut Record, value: u64) [irql any] {
        let mut own = Record::new(STATUS_UNWIND, target, &[]);
        let record = if record.is_null() { &mut own as *mut _ } else { record };
        let origin = caller_context();
        exception::unwind_to(frame, target, record, value, &origin)
    }
    fn RtlRaiseException(record: *mut Record) [irql any] {
        let mut context = caller_context();
        let top = &*thread::current().calls().top;
        (*record).address = context.rip;
        exception::dispatch(&mut *record, &mut context, top)
    }
    fn ExRaiseStatus(status: NTSTATUS) [irql <= APC_LEVEL] { exception::raise(status, &[]) }
    fn ExRaiseAccessViolation() [irql <= APC_LEVEL] { exception::raise(STATUS_ACCESS_VIOLATION, &[]) }
    fn ExRaiseDatatypeMisalignment() [irql <= APC_LEVEL] { exception::raise(STATUS_DATATYPE_MISALIGNMENT, &[]) }
    fn RtlRaiseStatus(status: NTSTATUS) [irql any] { exception::raise(status, &[]) }
}

const STATUS_UNWIND: NTSTATUS = 0xC000_0027_u32 as i32;
const STATUS_DATATYPE_MISALIGNMENT: NTSTATUS = 0x8000_0002_u32 as i32;
