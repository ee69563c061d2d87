//! UNICODE_STRING.

use crate::abi::*;
use crate::mm::pool;
use alloc::string::String;
use alloc::vec::Vec;

/// The characters of a UNICODE_STRING.
pub unsafe fn units<'a>(s: *const UNICODE_STRING) -> &'a [u16] {
    if s.is_null() || (*s).Buffer.is_null() {
        return &[];
    }
    core::slice::from_raw_parts((*s).Buffer, (*s).Length as usize / 2)
}

/// A UNICODE_STRING as Rust string.
pub unsafe fn to_string(s: *const UNICODE_STRING) -> String {
    String::from_utf16_lossy(units(s))
}

/// Characters up to a NUL.
pub unsafe fn units_z<'a>(s: *const u16) -> &'a [u16] {
    if s.is_null() {
        return &[];
    }
    let mut n = 0;
    while *s.add(n) != 0 {
        n += 1;
    }
    core::slice::from_raw_parts(s, n)
}

/// Upper case of one character, as the system's table has it for the simple mappings.
pub fn upcase(c: u16) -> u16 {
    map(c, |c| {
        let mut up = c.to_uppercase();
        match (up.next(), up.next()) {
            (Some(u), None) => u,
            _ => c,
        }
    })
}

/// Lower case of one character.
pub fn downcase(c: u16) -> u16 {
    map(c, |c| {
        let mut low = c.to_lowercase();
        match (low.next(), low.next()) {
            (Some(l), None) => l,
            _ => c,
        }
    })
}

fn map(c: u16, f: impl Fn(char) -> char) -> u16 {
    match char::from_u32(c as u32).map(f) {
        Some(m) if (m as u32) < 0x1_0000 => m as u16,
        _ => c,
    }
}

/// Compares as RtlCompareUnicodeString does.
pub fn compare(a: &[u16], b: &[u16], ignore_case: bool) -> i32 {
    let f = |c: &u16| if ignore_case { upcase(*c) } else { *c } as i32;
    for (x, y) in a.iter().zip(b) {
        if f(x) != f(y) {
            return f(x) - f(y);
        }
    }
    a.len() as i32 - b.len() as i32
}

/// Allocates a buffer from paged pool and makes `out` own these characters, with a NUL behind.
pub unsafe fn allocate(out: *mut UNICODE_STRING, text: &[u16]) -> NTSTATUS {
    if text.len() * 2 + 2 > 0xFFFE {
        return STATUS_INVALID_PARAMETER;
    }
    if crate::verifier::faults::fail_allocation("string") {
        return STATUS_NO_MEMORY;
    }
    let size = text.len() * 2 + 2;
    let caller = crate::export::caller();
    let tag = u32::from_le_bytes(*b"Strg");
    let Some(at) = pool::allocate(pool::PoolKind::Paged, size, tag, caller, true) else {
        return STATUS_NO_MEMORY;
    };
    core::ptr::copy_nonoverlapping(text.as_ptr(), at.cast(), text.len());
    *out = UNICODE_STRING { Length: (text.len() * 2) as u16, MaximumLength: size as u16, Buffer: at.cast() };
    STATUS_SUCCESS
}

/// Puts characters into `out`: into its buffer, or a new one.
pub unsafe fn store(out: *mut UNICODE_STRING, text: &[u16], allocate_new: bool) -> NTSTATUS {
    if allocate_new {
        return allocate(out, text);
    }
    if text.len() * 2 > (*out).MaximumLength as usize {
        return STATUS_BUFFER_OVERFLOW;
    }
    core::ptr::copy_nonoverlapping(text.as_ptr(), (*out).Buffer, text.len());
    (*out).Length = (text.len() * 2) as u16;
    if text.len() * 2 + 2 <= (*out).MaximumLength as usize {
        *(*out).Buffer.add(text.len()) = 0;
    }
    STATUS_SUCCESS
}

unsafe fn append(to: *mut UNICODE_STRING, text: &[u16]) -> NTSTATUS {
    let length = (*to).Length as usize;
    if length + text.len() * 2 > (*to).MaximumLength as usize {
        return STATUS_BUFFER_TOO_SMALL;
    }
    core::ptr::copy(text.as_ptr(), (*to).Buffer.byte_add(length), text.len());
    (*to).Length = (length + text.len() * 2) as u16;
    if (*to).Length + 2 <= (*to).MaximumLength {
        *(*to).Buffer.byte_add((*to).Length as usize) = 0;
    }
    STATUS_SUCCESS
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlInitUnicodeString(out: *mut UNICODE_STRING, text: *const u16) [irql any] {
        let n = units_z(text).len().min(0x7FFE);
        *out = UNICODE_STRING {
            Length: (n * 2) as u16,
            MaximumLength: if text.is_null() { 0 } else { (n * 2 + 2) as u16 },
            Buffer: text as *mut u16,
        };
    }
    fn RtlInitUnicodeStringEx(out: *mut UNICODE_STRING, text: *const u16) -> NTSTATUS [irql any] {
        let n = units_z(text).len();
        if n > 0x7FFE {
            return STATUS_NAME_TOO_LONG;
        }
        *out = UNICODE_STRING {
            Length: (n * 2) as u16,
            MaximumLength: if text.is_null() { 0 } else { (n * 2 + 2) as u16 },
            Buffer: text as *mut u16,
        };
        STATUS_SUCCESS
    }
    fn RtlCopyUnicodeString(to: *mut UNICODE_STRING, from: *const UNICODE_STRING) [irql any] {
        let text = units(from);
        let n = text.len().min((*to).MaximumLength as usize / 2);
        core::ptr::copy(text.as_ptr(), (*to).Buffer, n);
        (*to).Length = (n * 2) as u16;
        if n * 2 + 2 <= (*to).MaximumLength as usize {
            *(*to).Buffer.add(n) = 0;
        }
    }
    fn RtlAppendUnicodeStringToString(to: *mut UNICODE_STRING, from: *const UNICODE_STRING) -> NTSTATUS [irql any] {
        append(to, units(from))
    }
    fn RtlAppendUnicodeToString(to: *mut UNICODE_STRING, from: *const u16) -> NTSTATUS [irql any] {
        append(to, units_z(from))
    }
    fn RtlCompareUnicodeString(a: *const UNICODE_STRING, b: *const UNICODE_STRING, ignore: u8) -> i32
        [irql == PASSIVE_LEVEL] { compare(units(a), units(b), ignore != 0) }
    fn RtlEqualUnicodeString(a: *const UNICODE_STRING, b: *const UNICODE_STRING, ignore: u8) -> u8
        [irql == PASSIVE_LEVEL] { (compare(units(a), units(b), ignore != 0) == 0) as u8 }
    fn RtlPrefixUnicodeString(a: *const UNICODE_STRING, b: *const UNICODE_STRING, ignore: u8) -> u8
        [irql == PASSIVE_LEVEL] {
        let (a, b) = (units(a), units(b));
        (a.len() <= b.len() && compare(a, &b[..a.len()], ignore != 0) == 0) as u8
    }
    fn RtlFreeUnicodeString(s: *mut UNICODE_STRING) [irql <= APC_LEVEL] {
        if !(*s).Buffer.is_null() {
            crate::ex::pool::free((*s).Buffer.cast(), 0);
            *s = UNICODE_STRING::default();
        }
    }
    fn RtlUpcaseUnicodeString(to: *mut UNICODE_STRING, from: *const UNICODE_STRING, new: u8) -> NTSTATUS
        [irql <= APC_LEVEL] {
        let text: Vec<u16> = units(from).iter().map(|c| upcase(*c)).collect();
        store(to, &text, new != 0)
    }
    fn RtlDowncaseUnicodeString(to: *mut UNICODE_STRING, from: *const UNICODE_STRING, new: u8) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let text: Vec<u16> = units(from).iter().map(|c| downcase(*c)).collect();
        store(to, &text, new != 0)
    }
    fn RtlDuplicateUnicodeString(flags: u32, from: *const UNICODE_STRING, to: *mut UNICODE_STRING) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let text = units(from);
        if text.is_empty() && flags & 2 == 0 {
            *to = UNICODE_STRING::default();
            return STATUS_SUCCESS;
        }
        allocate(to, text)
    }
    fn RtlUpcaseUnicodeChar(c: u16) -> u16 [irql <= APC_LEVEL] { upcase(c) }
    fn RtlDowncaseUnicodeChar(c: u16) -> u16 [irql == PASSIVE_LEVEL] { downcase(c) }
    fn RtlHashUnicodeString(s: *const UNICODE_STRING, ignore: u8, algorithm: u32, out: *mut u32) -> NTSTATUS
        [irql <= APC_LEVEL] {
        // x65599 is the only algorithm that exists (0 means the default, which it is).
        if algorithm > 1 || out.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        *out = units(s).iter().fold(0u32, |h, c| {
            h.wrapping_mul(65599).wrapping_add(if ignore != 0 { upcase(*c) } else { *c } as u32)
        });
        STATUS_SUCCESS
    }
}

const STATUS_NAME_TOO_LONG: NTSTATUS = 0xC000_0106_u32 as i32;
