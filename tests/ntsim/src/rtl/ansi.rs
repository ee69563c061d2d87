//! ANSI strings and characters. The ANSI code page is 1252, here treated as Latin-1.

use crate::abi::*;
use crate::mm::pool;
use crate::rtl::unicode;
use alloc::vec::Vec;

/// Bytes of a STRING.
pub unsafe fn bytes<'a>(s: *const ANSI_STRING) -> &'a [u8] {
    if s.is_null() || (*s).Buffer.is_null() {
        return &[];
    }
    core::slice::from_raw_parts((*s).Buffer, (*s).Length as usize)
}

/// Bytes up to a NUL.
pub unsafe fn bytes_z<'a>(s: *const u8) -> &'a [u8] {
    if s.is_null() {
        return &[];
    }
    let mut n = 0;
    while *s.add(n) != 0 {
        n += 1;
    }
    core::slice::from_raw_parts(s, n)
}

/// One character to the ANSI code page.
pub fn narrow(c: u16) -> u8 {
    if c < 256 { c as u8 } else { b'?' }
}

fn compare(a: &[u8], b: &[u8], ignore: bool) -> i32 {
    let f = |c: &u8| if ignore { c.to_ascii_uppercase() } else { *c } as i32;
    for (x, y) in a.iter().zip(b) {
        if f(x) != f(y) {
            return f(x) - f(y);
        }
    }
    a.len() as i32 - b.len() as i32
}

unsafe fn init(out: *mut ANSI_STRING, text: *const u8) {
    let n = bytes_z(text).len().min(0xFFFE);
    *out = ANSI_STRING {
        Length: n as u16,
        MaximumLength: if text.is_null() { 0 } else { n as u16 + 1 },
        Buffer: text as *mut u8,
    };
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlInitAnsiString(out: *mut ANSI_STRING, text: *const u8) [irql any] { init(out, text) }
    fn RtlInitString(out: *mut ANSI_STRING, text: *const u8) [irql any] { init(out, text) }
    fn RtlCopyString(to: *mut ANSI_STRING, from: *const ANSI_STRING) [irql any] {
        let text = bytes(from);
        let n = text.len().min((*to).MaximumLength as usize);
        core::ptr::copy(text.as_ptr(), (*to).Buffer, n);
        (*to).Length = n as u16;
    }
    fn RtlCompareString(a: *const ANSI_STRING, b: *const ANSI_STRING, ignore: u8) -> i32 [irql == PASSIVE_LEVEL] {
        compare(bytes(a), bytes(b), ignore != 0)
    }
    fn RtlEqualString(a: *const ANSI_STRING, b: *const ANSI_STRING, ignore: u8) -> u8 [irql == PASSIVE_LEVEL] {
        (compare(bytes(a), bytes(b), ignore != 0) == 0) as u8
    }
    fn RtlFreeAnsiString(s: *mut ANSI_STRING) [irql <= APC_LEVEL] {
        if !(*s).Buffer.is_null() {
            crate::ex::pool::free((*s).Buffer, 0);
            *s = ANSI_STRING { Length: 0, MaximumLength: 0, Buffer: core::ptr::null_mut() };
        }
    }
    fn RtlAnsiStringToUnicodeString(to: *mut UNICODE_STRING, from: *const ANSI_STRING, new: u8) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let text: Vec<u16> = bytes(from).iter().map(|b| *b as u16).collect();
        unicode::store(to, &text, new != 0)
    }
    fn RtlUnicodeStringToAnsiString(to: *mut ANSI_STRING, from: *const UNICODE_STRING, new: u8) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let text: Vec<u8> = unicode::units(from).iter().map(|c| narrow(*c)).collect();
        if new != 0 {
            let caller = crate::export::caller();
            let tag = u32::from_le_bytes(*b"Strg");
            if crate::verifier::faults::fail_allocation("string") {
                return STATUS_NO_MEMORY;
            }
            let Some(at) = pool::allocate(pool::PoolKind::Paged, text.len() + 1, tag, caller, true) else {
                return STATUS_NO_MEMORY;
            };
            *to = ANSI_STRING { Length: 0, MaximumLength: text.len() as u16 + 1, Buffer: at };
        }
        // The buffer must also hold a NUL.
        if text.len() + 1 > (*to).MaximumLength as usize {
            return STATUS_BUFFER_OVERFLOW;
        }
        core::ptr::copy_nonoverlapping(text.as_ptr(), (*to).Buffer, text.len());
        *(*to).Buffer.add(text.len()) = 0;
        (*to).Length = text.len() as u16;
        STATUS_SUCCESS
    }
    fn RtlxAnsiStringToUnicodeSize(s: *const ANSI_STRING) -> u32 [irql == PASSIVE_LEVEL] {
        bytes(s).len() as u32 * 2 + 2
    }
    fn RtlxUnicodeStringToAnsiSize(s: *const UNICODE_STRING) -> u32 [irql == PASSIVE_LEVEL] {
        unicode::units(s).len() as u32 + 1
    }
    fn RtlAnsiCharToUnicodeChar(from: *mut *const u8) -> u16 [irql any] {
        let c = **from;
        *from = (*from).add(1);
        c as u16
    }
    leaf fn strlen(s: *const u8) -> usize { bytes_z(s).len() }
    leaf fn strnlen(s: *const u8, limit: usize) -> usize {
        (0..limit).find(|i| *s.add(*i) == 0).unwrap_or(limit)
    }
    leaf fn wcslen(s: *const u16) -> usize { unicode::units_z(s).len() }
    leaf fn strcmp(a: *const u8, b: *const u8) -> i32 { compare(bytes_z(a), bytes_z(b), false).signum() }
    leaf fn _stricmp(a: *const u8, b: *const u8) -> i32 { compare(bytes_z(a), bytes_z(b), true).signum() }
    leaf fn strncmp(a: *const u8, b: *const u8, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = (*a.add(i), *b.add(i));
            if x != y || x == 0 {
                return (x as i32 - y as i32).signum();
            }
        }
        0
    }
    leaf fn _strnicmp(a: *const u8, b: *const u8, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = ((*a.add(i)).to_ascii_lowercase(), (*b.add(i)).to_ascii_lowercase());
            if x != y || x == 0 {
                return (x as i32 - y as i32).signum();
            }
        }
        0
    }
    leaf fn strchr(s: *const u8, c: i32) -> *const u8 {
        let text = bytes_z(s);
        match text.iter().position(|b| *b == c as u8) {
            Some(i) => s.add(i),
            None if c as u8 == 0 => s.add(text.len()),
            None => core::ptr::null(),
        }
    }
    leaf fn strrchr(s: *const u8, c: i32) -> *const u8 {
        let text = bytes_z(s);
        match text.iter().rposition(|b| *b == c as u8) {
            Some(i) => s.add(i),
            None if c as u8 == 0 => s.add(text.len()),
            None => core::ptr::null(),
        }
    }
    leaf fn strstr(s: *const u8, what: *const u8) -> *const u8 {
        let (text, what) = (bytes_z(s), bytes_z(what));
        if what.is_empty() {
            return s;
        }
        text.windows(what.len()).position(|w| w == what).map_or(core::ptr::null(), |i| s.add(i))
    }
    leaf fn wcscmp(a: *const u16, b: *const u16) -> i32 {
        unicode::compare(unicode::units_z(a), unicode::units_z(b), false).signum()
    }
    leaf fn _wcsicmp(a: *const u16, b: *const u16) -> i32 {
        unicode::compare(unicode::units_z(a), unicode::units_z(b), true).signum()
    }
    leaf fn wcschr(s: *const u16, c: u16) -> *const u16 {
        unicode::units_z(s).iter().position(|x| *x == c).map_or(core::ptr::null(), |i| s.add(i))
    }
    leaf fn wcsrchr(s: *const u16, c: u16) -> *const u16 {
        unicode::units_z(s).iter().rposition(|x| *x == c).map_or(core::ptr::null(), |i| s.add(i))
    }
    leaf fn wcsstr(s: *const u16, what: *const u16) -> *const u16 {
        let (text, what) = (unicode::units_z(s), unicode::units_z(what));
        if what.is_empty() {
            return s;
        }
        text.windows(what.len()).position(|w| w == what).map_or(core::ptr::null(), |i| s.add(i))
    }
    leaf fn tolower(c: i32) -> i32 { (c as u8).to_ascii_lowercase() as i32 }
    leaf fn toupper(c: i32) -> i32 { (c as u8).to_ascii_uppercase() as i32 }
    leaf fn isdigit(c: i32) -> i32 { (c as u8).is_ascii_digit() as i32 }
    leaf fn isspace(c: i32) -> i32 { (c as u8).is_ascii_whitespace() as i32 }
    leaf fn isprint(c: i32) -> i32 { (0x20..0x7F).contains(&c) as i32 }
    leaf fn isxdigit(c: i32) -> i32 { (c as u8).is_ascii_hexdigit() as i32 }
    leaf fn atoi(s: *const u8) -> i32 {
        let text = core::str::from_utf8(bytes_z(s)).unwrap_or("").trim();
        let digits = text.trim_start_matches(['+', '-']);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let value: i64 = digits[..end].parse().unwrap_or(0);
        if text.starts_with('-') { -value as i32 } else { value as i32 }
    }
}
