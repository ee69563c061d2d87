//! The few pieces of assembly that both engines share.

use core::arch::{asm, naked_asm};

/// Saves the callee-saved registers on the current stack, stores the stack pointer to `*from` and
/// continues at the stack pointer `to` (a value stored by an earlier switch, or made by
/// [`init_stack`]). Returns when somebody switches back.
///
/// # Safety
/// `to` must be a live, suspended context; `from` must stay valid until then.
#[unsafe(naked)]
pub unsafe extern "C" fn switch_stack(from: *mut usize, to: usize) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret"
    )
}

#[unsafe(naked)]
unsafe extern "C" fn first_run() {
    // r12 = entry, r13 = argument; the stack is 16-byte aligned here.
    naked_asm!("mov rdi, r13", "xor ebp, ebp", "call r12", "ud2")
}

/// Prepares a fresh stack so that switching to the returned value calls `entry(arg)`.
///
/// # Safety
/// `top` is the end of a writable stack of at least 256 bytes.
pub unsafe fn init_stack(top: usize, entry: extern "C" fn(usize) -> !, arg: usize) -> usize {
    let top = (top & !15) as *mut usize;
    // Layout from the new stack pointer upwards: mxcsr/fcw, r15, r14, r13, r12, rbx, rbp, return address.
    let sp = top.sub(10);
    sp.write(0x1F80 | (0x27F_usize << 32));
    sp.add(1).write(0);
    sp.add(2).write(0);
    sp.add(3).write(arg);
    sp.add(4).write(entry as usize);
    sp.add(5).write(0);
    sp.add(6).write(0);
    sp.add(7).write(first_run as *const () as usize);
    sp as usize
}

/// The stack pointer here.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp: usize;
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}
