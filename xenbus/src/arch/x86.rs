//! The three instructions. Each stands once, in a function that is not inlined: a loader that hosts
//! the driver elsewhere finds and replaces them (see DESIGN decision 4 and `tests/ntsim`).
#![allow(unsafe_code, reason = "instructions")]

use core::arch::asm;

use super::{Cpuid, CpuidResult, Hypercall, Vendor, vendor};
use crate::abi::Number;

/// The real machine. Knows which of the two hypercall instructions the processor has.
#[derive(Clone, Copy, Debug)]
pub struct Direct {
    vendor: Vendor,
}

impl Direct {
    /// Looks at the processor. Does not touch the hypervisor: find out with [`super::detect()`] whether
    /// there is one before making a hypercall.
    #[must_use]
    pub fn new() -> Self {
        Self { vendor: vendor(&Instruction) }
    }
}

impl Default for Direct {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpuid for Direct {
    fn cpuid(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        cpuid(leaf, subleaf)
    }
}

/// `cpuid` before the vendor is known.
struct Instruction;

impl Cpuid for Instruction {
    fn cpuid(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        cpuid(leaf, subleaf)
    }
}

impl Hypercall for Direct {
    unsafe fn hypercall(&self, number: Number, args: [u64; 5]) -> i64 {
        match self.vendor {
            // SAFETY: the caller's contract; the processor has this instruction.
            Vendor::Intel => unsafe { vmcall(number.0.into(), args) },
            // SAFETY: as above.
            Vendor::Amd => unsafe { vmmcall(number.0.into(), args) },
        }
    }
}

#[inline(never)]
fn cpuid(leaf: u32, subleaf: u32) -> CpuidResult {
    let (eax, ebx, ecx, edx);
    // SAFETY: every x86-64 processor has `cpuid`; it touches nothing but the four registers. RBX may
    // not be named as an operand, so it is kept in another register meanwhile.
    unsafe {
        asm!(
            "mov {saved:r}, rbx",
            "cpuid",
            "xchg {saved:r}, rbx",
            saved = out(reg) ebx,
            inlateout("eax") leaf => eax,
            inlateout("ecx") subleaf => ecx,
            lateout("edx") edx,
            options(nostack, preserves_flags),
        );
    }
    let ebx: u64 = ebx;
    // The upper half of RBX is zero after `cpuid`.
    CpuidResult { eax, ebx: ebx as u32, ecx, edx }
}

/// # Safety
/// As [`Hypercall::hypercall`]; the processor has `vmcall` and runs under Xen.
#[inline(never)]
unsafe fn vmcall(number: u64, args: [u64; 5]) -> i64 {
    let result;
    // SAFETY: the caller's contract. Xen changes RAX and may change the argument registers.
    unsafe {
        asm!(
            "vmcall",
            inlateout("rax") number => result,
            inlateout("rdi") args[0] => _,
            inlateout("rsi") args[1] => _,
            inlateout("rdx") args[2] => _,
            inlateout("r10") args[3] => _,
            inlateout("r8") args[4] => _,
            options(nostack),
        );
    }
    result
}

/// # Safety
/// As [`Hypercall::hypercall`]; the processor has `vmmcall` and runs under Xen.
#[inline(never)]
unsafe fn vmmcall(number: u64, args: [u64; 5]) -> i64 {
    let result;
    // SAFETY: the caller's contract. Xen changes RAX and may change the argument registers.
    unsafe {
        asm!(
            "vmmcall",
            inlateout("rax") number => result,
            inlateout("rdi") args[0] => _,
            inlateout("rsi") args[1] => _,
            inlateout("rdx") args[2] => _,
            inlateout("r10") args[3] => _,
            inlateout("r8") args[4] => _,
            options(nostack),
        );
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpuid_agrees_with_the_compilers() {
        for leaf in [0, 1, 0x8000_0000] {
            let theirs = core::arch::x86_64::__cpuid_count(leaf, 0);
            let ours = Direct::new().cpuid(leaf, 0);
            // EBX of leaf 1 has the processor's number: it changes when the thread moves.
            assert_eq!((ours.eax, ours.ecx & !(1 << 27)), (theirs.eax, theirs.ecx & !(1 << 27)));
            if leaf == 0 {
                assert_eq!((ours.ebx, ours.edx), (theirs.ebx, theirs.edx));
            }
        }
    }
}
