//! Port I/O, model-specific registers and control registers: one instruction a function.

use core::arch::asm;

/// `out dx, al`.
pub fn out8(port: u16, value: u8) {
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) };
}

/// `out dx, ax`.
pub fn out16(port: u16, value: u16) {
    unsafe { asm!("out dx, ax", in("dx") port, in("ax") value, options(nomem, nostack, preserves_flags)) };
}

/// `out dx, eax`.
pub fn out32(port: u16, value: u32) {
    unsafe { asm!("out dx, eax", in("dx") port, in("eax") value, options(nomem, nostack, preserves_flags)) };
}

/// `in al, dx`.
pub fn in8(port: u16) -> u8 {
    let value;
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags)) };
    value
}

/// `in ax, dx`.
pub fn in16(port: u16) -> u16 {
    let value;
    unsafe { asm!("in ax, dx", in("dx") port, out("ax") value, options(nomem, nostack, preserves_flags)) };
    value
}

/// `in eax, dx`.
pub fn in32(port: u16) -> u32 {
    let value;
    unsafe { asm!("in eax, dx", in("dx") port, out("eax") value, options(nomem, nostack, preserves_flags)) };
    value
}

/// `rep insd`: one exit for many words.
pub fn in_words(port: u16, to: &mut [u8]) {
    unsafe {
        asm!("rep insd", in("dx") port, inout("rdi") to.as_mut_ptr() => _, inout("rcx") to.len() / 4 => _,
            options(nostack, preserves_flags));
    }
}

/// `rep outsd`.
pub fn out_words(port: u16, from: &[u8]) {
    unsafe {
        asm!("rep outsd", in("dx") port, inout("rsi") from.as_ptr() => _, inout("rcx") from.len() / 4 => _,
            options(nostack, preserves_flags, readonly));
    }
}

/// `rdmsr`.
pub fn read_msr(number: u32) -> u64 {
    let (low, high): (u32, u32);
    unsafe { asm!("rdmsr", in("ecx") number, out("eax") low, out("edx") high, options(nomem, nostack)) };
    u64::from(high) << 32 | u64::from(low)
}

/// `wrmsr`.
pub fn write_msr(number: u32, value: u64) {
    unsafe {
        asm!("wrmsr", in("ecx") number, in("eax") value as u32, in("edx") (value >> 32) as u32, options(nostack));
    };
}

/// The time-stamp counter.
pub fn tsc() -> u64 {
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The address of the last page fault.
pub fn cr2() -> u64 {
    let value;
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack)) };
    value
}

/// Forgets all translations of this processor that are not global.
pub fn flush_all() {
    unsafe { asm!("mov {0}, cr3", "mov cr3, {0}", out(reg) _, options(nostack)) };
}

/// Forgets the translation of one address on this processor.
pub fn flush(va: u64) {
    unsafe { asm!("invlpg [{}]", in(reg) va, options(nostack)) };
}

/// Interrupt flag off; tells whether it was on.
pub fn disable() -> bool {
    let flags: u64;
    unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
    flags & 0x200 != 0
}

/// Interrupt flag on.
pub fn enable() {
    unsafe { asm!("sti", options(nostack)) };
}

/// Interrupt flag on and halt until one comes, without a gap between the two.
pub fn enable_and_halt() {
    unsafe { asm!("sti", "hlt", options(nostack)) };
}

/// Halts until an interrupt that is let through.
pub fn halt() {
    unsafe { asm!("hlt", options(nostack)) };
}

/// The task register: which processor's TSS is loaded.
pub fn task_register() -> u16 {
    let value: u16;
    unsafe { asm!("str {0:x}", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}
