//! Numbers and code pages.

use crate::abi::*;
use crate::rtl::ansi::narrow;
use crate::rtl::unicode::{store, units};
use alloc::string::String;
use alloc::vec::Vec;

fn digits(mut value: u64, base: u32) -> Vec<u16> {
    let mut out = Vec::new();
    loop {
        out.push(b"0123456789ABCDEF"[(value % base as u64) as usize] as u16);
        value /= base as u64;
        if value == 0 {
            out.reverse();
            return out;
        }
    }
}

unsafe fn to_text(value: u64, base: u32, out: *mut UNICODE_STRING) -> NTSTATUS {
    let base = match base {
        0 => 10,
        2 | 8 | 10 | 16 => base,
        _ => return STATUS_INVALID_PARAMETER,
    };
    store(out, &digits(value, base), false)
}

/// Parses as RtlUnicodeStringToInteger: leading blanks, a sign, a base prefix if `base` is 0.
fn parse(text: &[u16], base: u32) -> Option<u32> {
    let text: Vec<u8> = text.iter().map(|c| narrow(*c)).collect();
    let mut at = text.iter().position(|c| *c > b' ').unwrap_or(text.len());
    let negative = text.get(at) == Some(&b'-');
    if matches!(text.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let base = match base {
        0 if text.get(at) == Some(&b'0') => {
            let (base, skip) = match text.get(at + 1) {
                Some(b'x') => (16, 2),
                Some(b'o') => (8, 2),
                Some(b'b') => (2, 2),
                _ => (10, 0),
            };
            at += skip;
            base
        }
        0 => 10,
        2 | 8 | 10 | 16 => base,
        _ => return None,
    };
    let mut value = 0u32;
    for c in &text[at..] {
        match (*c as char).to_digit(base) {
            Some(d) => value = value.wrapping_mul(base).wrapping_add(d),
            None => break,
        }
    }
    Some(if negative { value.wrapping_neg() } else { value })
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlIntegerToUnicodeString(value: u32, base: u32, out: *mut UNICODE_STRING) -> NTSTATUS
        [irql == PASSIVE_LEVEL] { to_text(value as u64, base, out) }
    fn RtlInt64ToUnicodeString(value: u64, base: u32, out: *mut UNICODE_STRING) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        to_text(value, base, out)
    }
    fn RtlUnicodeStringToInteger(s: *const UNICODE_STRING, base: u32, out: *mut u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        match parse(units(s), base) {
            Some(v) => {
                *out = v;
                STATUS_SUCCESS
            }
            None => STATUS_INVALID_PARAMETER,
        }
    }
    fn RtlUnicodeToMultiByteN(out: *mut u8, size: u32, written: *mut u32, text: *const u16, bytes: u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let n = (bytes as usize / 2).min(size as usize);
        for i in 0..n {
            *out.add(i) = narrow(*text.add(i));
        }
        if !written.is_null() {
            *written = n as u32;
        }
        if n < bytes as usize / 2 { STATUS_BUFFER_OVERFLOW } else { STATUS_SUCCESS }
    }
    fn RtlMultiByteToUnicodeN(out: *mut u16, size: u32, written: *mut u32, text: *const u8, bytes: u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let n = (size as usize / 2).min(bytes as usize);
        for i in 0..n {
            *out.add(i) = *text.add(i) as u16;
        }
        if !written.is_null() {
            *written = n as u32 * 2;
        }
        STATUS_SUCCESS
    }
    fn RtlUTF8ToUnicodeN(out: *mut u16, size: u32, written: *mut u32, text: *const u8, bytes: u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let source = core::slice::from_raw_parts(text, bytes as usize);
        let good = core::str::from_utf8(source).is_ok();
        let wide: Vec<u16> = String::from_utf8_lossy(source).encode_utf16().collect();
        let n = if out.is_null() { wide.len() } else { wide.len().min(size as usize / 2) };
        if !out.is_null() {
            core::ptr::copy_nonoverlapping(wide.as_ptr(), out, n);
        }
        *written = n as u32 * 2;
        match (n < wide.len(), good) {
            (true, _) => STATUS_BUFFER_TOO_SMALL,
            (_, true) => STATUS_SUCCESS,
            _ => STATUS_SOME_NOT_MAPPED,
        }
    }
    fn RtlUnicodeToUTF8N(out: *mut u8, size: u32, written: *mut u32, text: *const u16, bytes: u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let source = core::slice::from_raw_parts(text, bytes as usize / 2);
        let good = String::from_utf16(source).is_ok();
        let narrow = String::from_utf16_lossy(source);
        let mut n = narrow.len();
        if !out.is_null() {
            n = n.min(size as usize);
            while !narrow.is_char_boundary(n) {
                n -= 1;
            }
            core::ptr::copy_nonoverlapping(narrow.as_ptr(), out, n);
        }
        *written = n as u32;
        match (n < narrow.len(), good) {
            (true, _) => STATUS_BUFFER_TOO_SMALL,
            (_, true) => STATUS_SUCCESS,
            _ => STATUS_SOME_NOT_MAPPED,
        }
    }
}

const STATUS_SOME_NOT_MAPPED: NTSTATUS = 0x107;
