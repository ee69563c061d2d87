//! Port I/O: the two instructions in each width that are used, each standing once and never inlined,
//! so that a loader that hosts the driver elsewhere can trap them (DESIGN decision 4).

#![expect(unsafe_code, reason = "instructions")]

use core::arch::asm;

/// `out` of a byte. Any IRQL.
///
/// # Safety
/// Writing `value` to `port` has no effect on memory that Rust relies on.
#[inline(never)]
pub unsafe fn write_u8(port: u16, value: u8) {
    // SAFETY: the caller's promise.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) };
}

/// `out` of a word. Any IRQL.
///
/// # Safety
/// As [`write_u8`].
#[inline(never)]
pub unsafe fn write_u16(port: u16, value: u16) {
    // SAFETY: the caller's promise.
    unsafe { asm!("out dx, ax", in("dx") port, in("ax") value, options(nomem, nostack, preserves_flags)) };
}

/// `out` of a double word. Any IRQL.
///
/// # Safety
/// As [`write_u8`].
#[inline(never)]
pub unsafe fn write_u32(port: u16, value: u32) {
    // SAFETY: the caller's promise.
    unsafe { asm!("out dx, eax", in("dx") port, in("eax") value, options(nomem, nostack, preserves_flags)) };
}

/// `in` of a byte. Any IRQL.
///
/// # Safety
/// Reading `port` has no effect on memory that Rust relies on.
#[inline(never)]
pub unsafe fn read_u8(port: u16) -> u8 {
    let value: u8;
    // SAFETY: the caller's promise.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags)) };
    value
}

/// `in` of a word. Any IRQL.
///
/// # Safety
/// As [`read_u8`].
#[inline(never)]
pub unsafe fn read_u16(port: u16) -> u16 {
    let value: u16;
    // SAFETY: the caller's promise.
    unsafe { asm!("in ax, dx", in("dx") port, out("ax") value, options(nomem, nostack, preserves_flags)) };
    value
}
