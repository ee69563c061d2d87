//! Capturing and restoring a register context.

use super::Context;
use core::arch::naked_asm;
use core::mem::offset_of;

/// Continues at a context: all general and non-volatile SSE registers, RSP and RIP.
///
/// # Safety
/// The context must be one of live code on the current stack.
#[unsafe(naked)]
pub unsafe extern "C" fn restore(c: *const Context) -> ! {
    naked_asm!(
        "movaps xmm6, [rdi + {x} + 96]", "movaps xmm7, [rdi + {x} + 112]",
        "movaps xmm8, [rdi + {x} + 128]", "movaps xmm9, [rdi + {x} + 144]",
        "movaps xmm10, [rdi + {x} + 160]", "movaps xmm11, [rdi + {x} + 176]",
        "movaps xmm12, [rdi + {x} + 192]", "movaps xmm13, [rdi + {x} + 208]",
        "movaps xmm14, [rdi + {x} + 224]", "movaps xmm15, [rdi + {x} + 240]",
        "mov rax, [rdi + {g}]", "mov rcx, [rdi + {g} + 8]", "mov rdx, [rdi + {g} + 16]",
        "mov rbx, [rdi + {g} + 24]", "mov rbp, [rdi + {g} + 40]", "mov rsi, [rdi + {g} + 48]",
        "mov r8, [rdi + {g} + 64]", "mov r9, [rdi + {g} + 72]", "mov r10, [rdi + {g} + 80]",
        "mov r11, [rdi + {g} + 88]", "mov r12, [rdi + {g} + 96]", "mov r13, [rdi + {g} + 104]",
        "mov r14, [rdi + {g} + 112]", "mov r15, [rdi + {g} + 120]",
        // The word below the target's stack pointer carries RIP; RDI is loaded last.
        "mov rsp, [rdi + {g} + 32]",
        "push qword ptr [rdi + {rip}]",
        "mov rdi, [rdi + {g} + 56]",
        "cld",
        "ret",
        x = const offset_of!(Context, xmm),
        g = const offset_of!(Context, gpr),
        rip = const offset_of!(Context, rip),
    )
}
