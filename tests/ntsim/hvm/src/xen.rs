//! The hypercalls that the stand-in kernel itself makes: those of a guest that shares processors. Whatever
//! drivers do is their own business.

use core::{
    arch::{asm, x86_64::__cpuid},
    sync::atomic::{AtomicU8, Ordering},
};

/// What gets us to the hypervisor: none, `vmcall`, `vmmcall`.
static WAY: AtomicU8 = AtomicU8::new(0);
const INTEL: u8 = 1;
const AMD: u8 = 2;

/// `__HYPERVISOR_sched_op` and `SCHEDOP_yield` (xen.h, sched.h).
const SCHED_OP: u64 = 29;
const YIELD: u64 = 0;

/// Looks whether we run under Xen (cpuid.h: the leaf may be at any multiple of 0x100).
pub fn find() {
    for leaf in (0x4000_0000..0x4001_0000).step_by(0x100) {
        let found = __cpuid(leaf);
        if [found.ebx, found.ecx, found.edx].map(u32::to_le_bytes).concat() == b"XenVMMXenVMM" {
            let amd = __cpuid(0).ebx == u32::from_le_bytes(*b"Auth");
            WAY.store(if amd { AMD } else { INTEL }, Ordering::Release);
            return;
        }
    }
}

/// Lets other virtual processors run that share our physical one.
pub fn give_way() {
    match WAY.load(Ordering::Acquire) {
        // SAFETY: SCHEDOP_yield takes no argument and changes nothing but the argument registers.
        AMD => unsafe {
            asm!("vmmcall", inlateout("rax") SCHED_OP => _, inlateout("rdi") YIELD => _, inlateout("rsi") 0u64 => _);
        },
        // SAFETY: as above.
        INTEL => unsafe {
            asm!("vmcall", inlateout("rax") SCHED_OP => _, inlateout("rdi") YIELD => _, inlateout("rsi") 0u64 => _);
        },
        _ => {}
    }
}
