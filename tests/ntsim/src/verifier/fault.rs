//! Faults in driver code: which bugcheck Windows would raise.

use super::{Rule, rules, stop};
use crate::abi::*;
use crate::ke::irql;
use crate::kernel::kernel;
use alloc::format;

/// A fault that the engine could not explain away.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Data access.
    Access {
        /// Address.
        address: u64,
        /// Was it a write?
        write: bool,
        /// Where.
        rip: u64,
        /// The page is there but does not allow the access.
        mapped: bool,
        /// The page is mapped to this frame, which the machine has taken away.
        hole: Option<u64>,
    },
    /// Jump to where no code is.
    Execute {
        /// Address.
        address: u64,
    },
    /// Invalid instruction.
    Illegal {
        /// Where.
        rip: u64,
    },
    /// `int3` without a debugger.
    Breakpoint {
        /// Where.
        rip: u64,
    },
    /// Division by zero or overflow.
    DivideByZero {
        /// Where.
        rip: u64,
    },
    /// `int 29h`.
    FastFail {
        /// FAST_FAIL code.
        code: u64,
        /// Where.
        rip: u64,
    },
    /// The kernel stack's guard page was hit.
    StackOverflow {
        /// Address.
        address: u64,
        /// Where.
        rip: u64,
    },
}

/// Reports a fault of the current context. Does not return; a driver's own exception handler takes it first
/// if it has one.
pub fn report(fault: Fault) -> ! {
    match fault {
        Fault::Access { address, write, rip, mapped, hole } => access(address, write, rip, mapped, hole),
        Fault::Execute { address } => {
            if let Some(m) = crate::loader::module_at(address as usize) {
                let place = crate::loader::describe(address as usize);
                if !m.loaded.get() {
                    stop(
                        0xCE,
                        [address, 8, address, 0],
                        format!("{place} is executed after the driver was unloaded"),
                        None,
                    );
                }
                if m.init_freed.get() && m.is_discardable(address as usize) {
                    stop(
                        0x50,
                        [address, 8, address, 0],
                        format!("{place} is executed after INIT was freed"),
                        None,
                    );
                }
            }
            stop(0xFC, [address, 0, 0, 0], format!("code is executed at {address:#x}, where none is"), None)
        }
        Fault::Illegal { rip } => exception(STATUS_ILLEGAL_INSTRUCTION, rip, "an invalid instruction"),
        Fault::Breakpoint { rip } => exception(STATUS_BREAKPOINT, rip, "a breakpoint"),
        Fault::DivideByZero { rip } => exception(STATUS_INTEGER_DIVIDE_BY_ZERO, rip, "a division by zero"),
        Fault::FastFail { code, rip } => {
            stop(0x139, [code, rip, 0, 0], format!("a driver failed fast with code {code}"), None)
        }
        Fault::StackOverflow { address, rip } => stop(
            0x7F,
            [8, address, rip, 0],
            "the kernel stack has overflowed".into(),
            Some(rules::STACK_LIMIT.id),
        ),
    }
}

const STATUS_ILLEGAL_INSTRUCTION: NTSTATUS = 0xC000_001D_u32 as i32;
const STATUS_BREAKPOINT: NTSTATUS = 0x8000_0003_u32 as i32;
const STATUS_INTEGER_DIVIDE_BY_ZERO: NTSTATUS = 0xC000_0094_u32 as i32;

fn exception(status: NTSTATUS, rip: u64, what: &str) -> ! {
    let _ = (rip, what);
    crate::unwind::exception::raise(status, &[])
}

/// An exception that no handler of the driver took.
pub fn unhandled(record: &crate::unwind::exception::Record) -> ! {
    let (status, rip) = (record.code, record.address);
    if status as NTSTATUS == STATUS_ACCESS_VIOLATION && record.count >= 2 {
        classify(record.information[1], record.information[0] == 1, rip, false)
    }
    let place = crate::loader::describe(rip as usize);
    let text = format!("exception {status:#x} at {place} was not handled");
    // In a system thread of its own the code is SYSTEM_THREAD_EXCEPTION_NOT_HANDLED; both mean the same.
    stop(0x1E, [status as u64, rip, record.information[0], record.information[1]], text, None)
}

fn access(address: u64, write: bool, rip: u64, mapped: bool, hole: Option<u64>) -> ! {
    let verb = if write { "written" } else { "read" };
    if let Some(pfn) = hole {
        let text =
            format!("{address:#x} is {verb}, but frame {pfn:#x} behind it was given back to the hypervisor");
        stop(0x50, [address, write as u64, rip, 0], text, None);
    }
    if mapped && write {
        stop(0xBE, [address, 0, rip, 0], format!("read-only memory at {address:#x} is written"), None);
    }
    // An access to user addresses below DISPATCH_LEVEL is an exception that the driver may handle; a bad
    // kernel address is always a bugcheck in Windows.
    if is_user(address) && irql::current() < DISPATCH_LEVEL {
        crate::unwind::exception::raise(STATUS_ACCESS_VIOLATION, &[write as u64, address]);
    }
    classify(address, write, rip, mapped)
}

/// Is this an address of the user half (and not of the range that the kernel manages)?
pub fn is_user(address: u64) -> bool {
    address < 0x8000_0000_0000 && !kernel().engine.system_va().contains(&(address as usize))
}

fn classify(address: u64, write: bool, rip: u64, mapped: bool) -> ! {
    let k = kernel();
    let verb = if write { "written" } else { "read" };
    let _ = mapped;
    if let Some(m) = crate::loader::module_at(address as usize) {
        if !m.loaded.get() {
            let text = format!(
                "{} is {verb} after the driver was unloaded",
                crate::loader::describe(address as usize)
            );
            stop(0xCE, [address, write as u64, rip, 0], text, None);
        }
        if m.init_freed.get() && m.is_discardable(address as usize) {
            let text =
                format!("{} is {verb} after INIT was freed", crate::loader::describe(address as usize));
            stop(0x50, [address, write as u64, rip, 0], text, None);
        }
    }
    // Next to a special pool block, or in one that was freed?
    let at = address as usize;
    let near = {
        let pool = k.mm.pool.lock();
        (1..=crate::mm::PAGE).step_by(64).find_map(|back| pool.containing(at - back.min(at)))
    };
    if let Some((start, block)) = near.filter(|(s, b)| b.is_special() && s + b.size <= at) {
        let text = format!(
            "{} bytes behind a pool block of {} bytes are {verb}",
            at - (start + block.size),
            block.size
        );
        stop(0xCD, [address, write as u64, rip, 0], text, rule(&rules::POOL_OVERRUN));
    }
    if k.mm.freed_special(at) {
        let text = format!("a freed pool block is {verb} at {address:#x}");
        stop(0xCC, [address, write as u64, rip, 0], text, rule(&rules::POOL_USE_AFTER_FREE));
    }
    let level = irql::current();
    let text = format!("invalid address {address:#x} is {verb} at IRQL {level}");
    if level >= DISPATCH_LEVEL {
        stop(0xD1, [address, level as u64, write as u64, rip], text, None)
    }
    stop(0x50, [address, write as u64, rip, 0], text, None)
}

fn rule(rule: &'static Rule) -> Option<&'static str> {
    Some(rule.id)
}
