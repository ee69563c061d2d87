//! What a C run-time library would give a driver: symbols that the compiler and the linker expect.
//!
//! Only in driver builds (Windows target, `panic = "abort"`). The memory functions are imported
//! from the kernel, so that both toolchain routes (with and without `compiler-builtins-mem`) give
//! the same behaviour; stack probes, the control-flow-guard pointers and the load configuration
//! have to be in the image.

use core::arch::global_asm;

/// Marks an image that uses floating point; the compiler refers to it, nothing reads it.
// SAFETY: the name is reserved for the C run-time, which no driver links.
#[unsafe(no_mangle)]
pub static _fltused: i32 = 0x9875;

/// The unwind personality that core's prebuilt objects refer to. Drivers abort on panic, so no
/// unwinder ever calls it; if one does, the machine is already lost.
// SAFETY: the name is reserved for the C run-time, which no driver links.
#[unsafe(no_mangle)]
pub extern "win64" fn __CxxFrameHandler3() -> i32 {
    // ExceptionContinueSearch
    1
}

// `__chkstk`: rax = bytes to be allocated; touches every page down to there so that a guard page
// is met in order. Kernel stacks are committed: touching cannot grow them, but it turns an
// overflow into a double fault at the culprit instead of silent corruption. All registers kept.
global_asm!(
    r#"
    .globl __chkstk
    .p2align 4
__chkstk:
    push rcx
    push rax
    cmp rax, 0x1000
    lea rcx, [rsp + 24]
    jb 2f
1:
    sub rcx, 0x1000
    test dword ptr [rcx], ecx
    sub rax, 0x1000
    cmp rax, 0x1000
    ja 1b
2:
    sub rcx, rax
    test dword ptr [rcx], ecx
    pop rax
    pop rcx
    ret
"#
);

// Control-flow guard. The kernel stores its own functions into the two pointers when it enforces
// CFG; until then (and on kernels that do not) the defaults below let every call through.
// `__guard_*` are defined by the linker.
//
// The structure is IMAGE_LOAD_CONFIG_DIRECTORY64 up to GuardEHContinuationCount (0x118 bytes).
global_asm!(
    r#"
    .text
    .p2align 4
nt_guard_check_nop:
    ret
    .p2align 4
nt_guard_dispatch_nop:
    jmp rax

    .section .00cfg, "dr"
    .p2align 3
    .globl __guard_check_icall_fptr
__guard_check_icall_fptr:
    .quad nt_guard_check_nop
    .globl __guard_dispatch_icall_fptr
__guard_dispatch_icall_fptr:
    .quad nt_guard_dispatch_nop

    .section .rdata, "dr"
    .p2align 3
    .globl _load_config_used
_load_config_used:
    .long 0x118
    .fill 0x54, 1, 0
    .quad __security_cookie
    .quad 0
    .quad 0
    .quad __guard_check_icall_fptr
    .quad __guard_dispatch_icall_fptr
    .quad __guard_fids_table
    .quad __guard_fids_count
    .long __guard_flags
    .fill 12, 1, 0
    .quad __guard_iat_table
    .quad __guard_iat_count
    .quad __guard_longjmp_table
    .quad __guard_longjmp_count
    .fill 0x20, 1, 0
    .fill 8, 1, 0
    .fill 0x20, 1, 0
    .quad __guard_eh_cont_table
    .quad __guard_eh_cont_count

    .section .data, "dw"
    .p2align 3
    .globl __security_cookie
__security_cookie:
    .quad 0x00002B992DDFA232
"#
);
