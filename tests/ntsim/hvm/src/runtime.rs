//! What the compiler expects of a program without an operating system.

use core::{arch::naked_asm, panic::PanicInfo};

use crate::{engine, heap::Heap};

/// The simulator's heap.
#[global_allocator]
pub static HEAP: Heap = Heap::new();

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say!("hvm: PANIC {info}");
    engine::stop("panic")
}

/// Named by the precompiled core library; never called, as panics abort.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Named by the precompiled core library; never called.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    engine::stop("unwinding")
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(_to: *mut u8, _from: *const u8, _len: usize) -> *mut u8 {
    // By eight bytes: an emulated processor takes as long for each step, whatever its width.
    naked_asm!(
        "mov rax, rdi",
        "mov rcx, rdx",
        "shr rcx, 3",
        "rep movsq",
        "mov rcx, rdx",
        "and rcx, 7",
        "rep movsb",
        "ret"
    )
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(_to: *mut u8, _from: *const u8, _len: usize) -> *mut u8 {
    naked_asm!(
        "mov rax, rdi",
        "mov rcx, rdx",
        "mov r8, rdi",
        "sub r8, rsi",
        "cmp r8, rdx",
        "jae {copy}",
        "lea rdi, [rdi + rdx - 1]",
        "lea rsi, [rsi + rdx - 1]",
        "std",
        "rep movsb",
        "cld",
        "ret",
        copy = sym memcpy
    )
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(_to: *mut u8, _value: i32, _len: usize) -> *mut u8 {
    naked_asm!(
        "mov r8, rdi",
        "movzx eax, sil",
        "mov rcx, 0x0101010101010101",
        "imul rax, rcx",
        "mov rcx, rdx",
        "shr rcx, 3",
        "rep stosq",
        "mov rcx, rdx",
        "and rcx, 7",
        "rep stosb",
        "mov rax, r8",
        "ret"
    )
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(_a: *const u8, _b: *const u8, _len: usize) -> i32 {
    // By eight bytes, which are compared as the big-endian number that they are when they differ.
    naked_asm!(
        "xor eax, eax",
        "2:",
        "sub rdx, 8",
        "jb 3f",
        "mov rcx, [rdi + rax]",
        "mov r8, [rsi + rax]",
        "add rax, 8",
        "cmp rcx, r8",
        "je 2b",
        "bswap rcx",
        "bswap r8",
        "cmp rcx, r8",
        "sbb eax, eax",
        "or eax, 1",
        "ret",
        "3:",
        "add rdx, 8",
        "jz 5f",
        "4:",
        "movzx ecx, byte ptr [rdi + rax]",
        "movzx r8d, byte ptr [rsi + rax]",
        "inc rax",
        "sub ecx, r8d",
        "jnz 6f",
        "dec rdx",
        "jnz 4b",
        "5:",
        "xor eax, eax",
        "ret",
        "6:",
        "mov eax, ecx",
        "ret"
    )
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(_a: *const u8, _b: *const u8, _len: usize) -> i32 {
    naked_asm!("jmp {}", sym memcmp)
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(_text: *const u8) -> usize {
    naked_asm!("xor eax, eax", "2:", "cmp byte ptr [rdi + rax], 0", "je 3f", "inc rax", "jmp 2b", "3:", "ret")
}
