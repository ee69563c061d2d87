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
    stop(0x1E, [status as u32 as u64, rip, 0, 0], format!("{what} at {rip:#x} was not handled"), None)
}

fn access(address: u64, write: bool, rip: u64, mapped: bool, hole: Option<u64>) -> ! {
    let k = kernel();
    let verb = if write { "written" } else { "read" };
    if let Some(pfn) = hole {
        let text =
            format!("{address:#x} is {verb}, but frame {pfn:#x} behind it was given back to the hypervisor");
        stop(0x50, [address, write as u64, rip, 0], text, None);
    }
    if mapped && write {
        stop(0xBE, [address, 0, rip, 0], format!("read-only memory at {address:#x} is written"), None);
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
