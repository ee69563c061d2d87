//! printf of the kernel: DbgPrint, _snprintf, _vsnprintf and their wide forms.

use crate::abi::*;
use crate::kernel::{kernel, lock::Lock};
use crate::rtl::{ansi, unicode};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Arguments as a `va_list` of the x64 Windows convention: one 8-byte slot each.
pub struct Args(pub *const u64);

impl Args {
    unsafe fn next(&mut self) -> u64 {
        let v = *self.0;
        self.0 = self.0.add(1);
        v
    }
}

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

impl Spec {
    fn pad(&self, prefix: &str, body: String, numeric: bool, out: &mut Vec<u16>) {
        let length = prefix.chars().count() + body.chars().count();
        let fill = self.width.saturating_sub(length);
        let text: String = if self.left {
            format!("{prefix}{body}{}", " ".repeat(fill))
        } else if self.zero && numeric && self.precision.is_none() {
            format!("{prefix}{}{body}", "0".repeat(fill))
        } else {
            format!("{}{prefix}{body}", " ".repeat(fill))
        };
        out.extend(text.encode_utf16());
    }

    fn number(&self, negative: bool, value: u64, base: u32, upper: bool, out: &mut Vec<u16>) {
        let mut body = match base {
            16 if upper => format!("{value:X}"),
            16 => format!("{value:x}"),
            8 => format!("{value:o}"),
            _ => format!("{value}"),
        };
        if let Some(p) = self.precision {
            if p == 0 && value == 0 {
                body.clear();
            }
            body = format!("{}{body}", "0".repeat(p.saturating_sub(body.len())));
        }
        let prefix = match (negative, base, self.alternate && value != 0) {
            (true, _, _) => "-",
            (_, 16, true) if upper => "0X",
            (_, 16, true) => "0x",
            (_, 8, true) => "0",
            (_, 10, _) if self.plus => "+",
            (_, 10, _) if self.space => " ",
            _ => "",
        };
        self.pad(prefix, body, true, out);
    }
}

/// Formats. `wide` says whether the format (and so plain `%s`) is of wide characters.
pub unsafe fn format(text: &[u16], args: &mut Args, wide: bool) -> Vec<u16> {
    let mut out = Vec::new();
    let mut i = 0;
    let at = |i: usize| text.get(i).copied().and_then(|c| char::from_u32(c as u32)).unwrap_or('\0');
    while i < text.len() {
        if at(i) != '%' {
            out.push(text[i]);
            i += 1;
            continue;
        }
        i += 1;
        let mut s = Spec::default();
        loop {
            match at(i) {
                '-' => s.left = true,
                '+' => s.plus = true,
                ' ' => s.space = true,
                '#' => s.alternate = true,
                '0' => s.zero = true,
                _ => break,
            }
            i += 1;
        }
        let mut read_number = |i: &mut usize| -> Option<i64> {
            if at(*i) == '*' {
                *i += 1;
                return Some(args.next() as i32 as i64);
            }
            let mut n = None;
            while let Some(d) = at(*i).to_digit(10) {
                n = Some(n.unwrap_or(0) * 10 + d as i64);
                *i += 1;
            }
            n
        };
        match read_number(&mut i) {
            Some(w) if w < 0 => {
                s.left = true;
                s.width = w.unsigned_abs() as usize;
            }
            w => s.width = w.unwrap_or(0) as usize,
        }
        if at(i) == '.' {
            i += 1;
            s.precision = Some(read_number(&mut i).unwrap_or(0).max(0) as usize);
        }
        let (mut bytes, mut wide_char) = (4, None);
        loop {
            match at(i) {
                'l' if at(i + 1) == 'l' => {
                    bytes = 8;
                    i += 2;
                }
                'I' if at(i + 1) == '6' && at(i + 2) == '4' => {
                    bytes = 8;
                    i += 3;
                }
                'I' if at(i + 1) == '3' && at(i + 2) == '2' => i += 3,
                'I' | 'z' | 't' | 'j' => {
                    bytes = 8;
                    i += 1;
                }
                // `long` is 4 bytes; with s and c it means wide.
                'l' | 'w' => {
                    wide_char = Some(true);
                    i += 1;
                }
                'h' if at(i + 1) == 'h' => {
                    bytes = 1;
                    i += 2;
                }
                'h' => {
                    bytes = 2;
                    wide_char = Some(false);
                    i += 1;
                }
                _ => break,
            }
        }
        one(at(i), &s, bytes, wide_char, wide, args, &mut out);
        i += 1;
    }
    out
}

unsafe fn one(
    c: char,
    s: &Spec,
    bytes: u32,
    wide_char: Option<bool>,
    wide: bool,
    args: &mut Args,
    out: &mut Vec<u16>,
) {
    let truncate = |v: u64| match bytes {
        1 => v & 0xFF,
        2 => v & 0xFFFF,
        4 => v & 0xFFFF_FFFF,
        _ => v,
    };
    let limit = |mut units: Vec<u16>| {
        if let Some(p) = s.precision {
            units.truncate(p);
        }
        String::from_utf16_lossy(&units)
    };
    let narrow = |b: &[u8]| b.iter().map(|b| *b as u16).collect::<Vec<u16>>();
    match c {
        'd' | 'i' => {
            let v = args.next();
            let v = match bytes {
                1 => v as i8 as i64,
                2 => v as i16 as i64,
                4 => v as i32 as i64,
                _ => v as i64,
            };
            s.number(v < 0, v.unsigned_abs(), 10, false, out);
        }
        'u' => s.number(false, truncate(args.next()), 10, false, out),
        'x' => s.number(false, truncate(args.next()), 16, false, out),
        'X' => s.number(false, truncate(args.next()), 16, true, out),
        'o' => s.number(false, truncate(args.next()), 8, false, out),
        'p' | 'P' => s.pad("", format!("{:016X}", args.next()), false, out),
        'c' | 'C' => {
            let v = args.next();
            let is_wide = wide_char.unwrap_or(wide != (c == 'C'));
            let unit = if is_wide { v as u16 } else { v as u8 as u16 };
            s.pad("", String::from_utf16_lossy(&[unit]), false, out);
        }
        's' | 'S' => {
            let at = args.next();
            let is_wide = wide_char.unwrap_or(wide != (c == 'S'));
            let units = match (at, is_wide) {
                (0, _) => "(null)".encode_utf16().collect(),
                (_, true) => bounded(s.precision, |i| *(at as *const u16).add(i)),
                (_, false) => bounded(s.precision, |i| *(at as *const u8).add(i) as u16),
            };
            s.pad("", limit(units), false, out);
        }
        'Z' => {
            let at = args.next();
            let units = match (at, wide_char) {
                (0, _) => "(null)".encode_utf16().collect(),
                (_, Some(true)) => unicode::units(at as *const UNICODE_STRING).to_vec(),
                _ => narrow(ansi::bytes(at as *const ANSI_STRING)),
            };
            s.pad("", limit(units), false, out);
        }
        '%' => out.push('%' as u16),
        '\0' => {}
        // An unknown conversion prints itself.
        other => out.extend([other as u16]),
    }
}

/// Characters up to a NUL or the precision: a string with a precision need not be terminated.
fn bounded(precision: Option<usize>, at: impl Fn(usize) -> u16) -> Vec<u16> {
    let mut v = Vec::new();
    while precision.is_none_or(|p| v.len() < p) {
        match at(v.len()) {
            0 => break,
            c => v.push(c),
        }
    }
    v
}

/// A narrow format.
pub unsafe fn format_narrow(text: *const u8, args: &mut Args) -> Vec<u16> {
    let wide: Vec<u16> = ansi::bytes_z(text).iter().map(|b| *b as u16).collect();
    format(&wide, args, false)
}

type PrintCallback = unsafe extern "win64" fn(*mut ANSI_STRING, u32, u32);

#[derive(Default)]
struct Debug(Lock<DebugState>);

#[derive(Default)]
struct DebugState {
    line: String,
    callbacks: Vec<PrintCallback>,
    masks: alloc::collections::BTreeMap<u32, u32>,
}

/// Prints to the debugger: whole lines go to the log; print callbacks get the text as it is.
pub fn debug_print(text: &[u16], component: u32, level: u32) {
    let k = kernel();
    let string = String::from_utf16_lossy(text);
    let room = k.room::<Debug>();
    let callbacks = room.0.lock().callbacks.clone();
    let bytes: Vec<u8> = text.iter().map(|c| ansi::narrow(*c)).collect();
    for f in callbacks {
        let n = bytes.len().min(512) as u16;
        let mut s = ANSI_STRING { Length: n, MaximumLength: n, Buffer: bytes.as_ptr() as *mut u8 };
        crate::call!("debug print callback", f, &mut s as *mut _, component, level);
    }
    let mut lines = Vec::new();
    {
        let mut s = room.0.lock();
        s.line += &string;
        while let Some(end) = s.line.find('\n') {
            let rest = s.line.split_off(end + 1);
            let line = core::mem::replace(&mut s.line, rest);
            lines.push(line);
        }
    }
    for line in lines {
        k.engine.log(line.trim_end());
    }
}

/// Would this component and level be printed? Levels below 32 are bits of the component's mask.
fn enabled(component: u32, level: u32) -> bool {
    let bit = if level < 32 { 1 << level } else { level };
    // DPFLTR_DEFAULT and everything at error level print without a mask.
    let mask = kernel().room::<Debug>().0.lock().masks.get(&component).copied().unwrap_or(1);
    component == u32::MAX || mask & bit != 0
}

unsafe fn print_narrow(out: *mut u8, size: usize, text: &[u16]) -> i32 {
    let n = text.len().min(size);
    for (i, c) in text[..n].iter().enumerate() {
        *out.add(i) = ansi::narrow(*c);
    }
    if text.len() < size {
        *out.add(text.len()) = 0;
    }
    // Without room for the whole text: -1, and no terminator if it does not fit either.
    if text.len() > size { -1 } else { text.len() as i32 }
}

unsafe fn print_wide(out: *mut u16, size: usize, text: &[u16]) -> i32 {
    let n = text.len().min(size);
    core::ptr::copy_nonoverlapping(text.as_ptr(), out, n);
    if text.len() < size {
        *out.add(text.len()) = 0;
    }
    if text.len() > size { -1 } else { text.len() as i32 }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    variadic fn DbgPrint(args: *const u64) -> u32 [irql any] {
        let text = format_narrow(*args as *const u8, &mut Args(args.add(1)));
        debug_print(&text, u32::MAX, 0);
        0
    }
    variadic fn DbgPrintEx(args: *const u64) -> u32 [irql any] {
        let (component, level) = (*args as u32, *args.add(1) as u32);
        if enabled(component, level) {
            let text = format_narrow(*args.add(2) as *const u8, &mut Args(args.add(3)));
            debug_print(&text, component, level);
        }
        0
    }
    fn vDbgPrintEx(component: u32, level: u32, text: *const u8, list: *const u64) -> u32 [irql any] {
        if enabled(component, level) {
            debug_print(&format_narrow(text, &mut Args(list)), component, level);
        }
        0
    }
    fn vDbgPrintExWithPrefix(prefix: *const u8, component: u32, level: u32, text: *const u8, list: *const u64) -> u32
        [irql any] {
        if enabled(component, level) {
            let mut all: Vec<u16> = ansi::bytes_z(prefix).iter().map(|b| *b as u16).collect();
            all.extend(format_narrow(text, &mut Args(list)));
            debug_print(&all, component, level);
        }
        0
    }
    fn DbgQueryDebugFilterState(component: u32, level: u32) -> NTSTATUS [irql any] { enabled(component, level) as i32 }
    fn DbgSetDebugFilterState(component: u32, level: u32, state: u8) -> NTSTATUS [irql any] {
        let bit = if level < 32 { 1 << level } else { level };
        let mut s = kernel().room::<Debug>().0.lock();
        let mask = s.masks.entry(component).or_insert(1);
        *mask = if state != 0 { *mask | bit } else { *mask & !bit };
        STATUS_SUCCESS
    }
    fn DbgSetDebugPrintCallback(f: Option<PrintCallback>, enable: u8) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let Some(f) = f else { return STATUS_INVALID_PARAMETER };
        let mut s = kernel().room::<Debug>().0.lock();
        let known = s.callbacks.iter().any(|c| *c as usize == f as usize);
        match (enable != 0, known) {
            (true, false) => s.callbacks.push(f),
            (false, true) => s.callbacks.retain(|c| *c as usize != f as usize),
            _ => return STATUS_INVALID_PARAMETER,
        }
        STATUS_SUCCESS
    }
    fn DbgPrompt(prompt: *const u8, response: *mut u8, length: u32) -> u32 [irql any] {
        let text: Vec<u16> = ansi::bytes_z(prompt).iter().map(|b| *b as u16).collect();
        debug_print(&text, u32::MAX, 0);
        0
    }
    fn DbgBreakPoint() [irql any] {
        crate::unwind::exception::raise(0x8000_0003_u32 as i32, &[])
    }
    fn DbgBreakPointWithStatus(status: u32) [irql any] {
        crate::unwind::exception::raise(0x8000_0003_u32 as i32, &[status as u64])
    }
    fn RtlAssert(what: *const u8, file: *const u8, line: u32, message: *const u8) [irql any] {
        let text = |s| String::from_utf8_lossy(ansi::bytes_z(s)).into_owned();
        let words = format!("assertion failed: {} ({}:{line}) {}", text(what), text(file), text(message));
        crate::verifier::stop(0x8000_0003, [line as u64, 0, 0, 0], words, None);
    }
    data KdDebuggerEnabled: *mut u8 = |k| crate::loader::link::static_bytes(k, &[0; 8]);
    data KdDebuggerNotPresent: *mut u8 = |k| crate::loader::link::static_bytes(k, &[1, 0, 0, 0, 0, 0, 0, 0]);
    fn _vsnprintf(out: *mut u8, size: usize, text: *const u8, list: *const u64) -> i32 [irql any] {
        print_narrow(out, size, &format_narrow(text, &mut Args(list)))
    }
    fn _vsnwprintf(out: *mut u16, size: usize, text: *const u16, list: *const u64) -> i32 [irql any] {
        print_wide(out, size, &format(unicode::units_z(text), &mut Args(list), true))
    }
    variadic fn _snprintf(args: *const u64) -> i32 [irql any] {
        let text = format_narrow(*args.add(2) as *const u8, &mut Args(args.add(3)));
        print_narrow(*args as *mut u8, *args.add(1) as usize, &text)
    }
    variadic fn _snwprintf(args: *const u64) -> i32 [irql any] {
        let text = format(unicode::units_z(*args.add(2) as *const u16), &mut Args(args.add(3)), true);
        print_wide(*args as *mut u16, *args.add(1) as usize, &text)
    }
    variadic fn sprintf(args: *const u64) -> i32 [irql any] {
        let text = format_narrow(*args.add(1) as *const u8, &mut Args(args.add(2)));
        print_narrow(*args as *mut u8, usize::MAX, &text)
    }
    fn vsprintf(out: *mut u8, text: *const u8, list: *const u64) -> i32 [irql any] {
        print_narrow(out, usize::MAX, &format_narrow(text, &mut Args(list)))
    }
}
