//! What the boot loader tells: command line, memory map, modules (Multiboot Specification 0.6.96, §3.3).

use alloc::{string::String, vec::Vec};

/// EAX at entry.
pub const MAGIC: u32 = 0x2BAD_B002;

/// A run of usable memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// A file that was loaded with us.
#[derive(Clone, Copy)]
pub struct Module {
    /// Where it lies.
    pub region: Region,
}

impl Module {
    /// Its content.
    pub fn data(&self) -> &'static [u8] {
        // The loader put the module into identity-mapped memory that is never reused.
        unsafe {
            core::slice::from_raw_parts(
                self.region.start as *const u8,
                (self.region.end - self.region.start) as usize,
            )
        }
    }
}

fn word(at: u64) -> u32 {
    // Addresses come from the boot loader; the first 4 GiB are mapped.
    unsafe { (at as *const u32).read_unaligned() }
}

fn long(at: u64) -> u64 {
    u64::from(word(at)) | u64::from(word(at + 4)) << 32
}

/// The command line where the loader left it.
fn command(info: u64) -> Option<&'static core::ffi::CStr> {
    let start = (word(info) & 4 != 0).then(|| word(info + 16) as *const core::ffi::c_char)?;
    // A string of the loader's, ended by a zero; its memory is never reused.
    Some(unsafe { core::ffi::CStr::from_ptr(start) })
}

/// The command line.
pub fn command_line(info: u32) -> String {
    let text = command(u64::from(info)).unwrap_or_default();
    String::from_utf8_lossy(text.to_bytes()).into_owned()
}

/// Usable memory below 4 GiB, in the loader's order, without allocating: calls `f` for each run.
pub fn memory(info: u32, mut f: impl FnMut(Region)) {
    let info = u64::from(info);
    if word(info) & 0x40 != 0 {
        let (len, start) = (u64::from(word(info + 44)), u64::from(word(info + 48)));
        let mut at = start;
        while at < start + len {
            let size = u64::from(word(at));
            let (base, length, kind) = (long(at + 4), long(at + 12), word(at + 20));
            if kind == 1 && base < 1 << 32 {
                f(Region { start: base, end: (base + length).min(1 << 32) });
            }
            at += size + 4;
        }
    } else if word(info) & 1 != 0 {
        f(Region { start: 0x10_0000, end: 0x10_0000 + u64::from(word(info + 8)) * 1024 });
    }
}

/// The loaded files.
pub fn modules(info: u32) -> Vec<Module> {
    let info = u64::from(info);
    if word(info) & 8 == 0 {
        return Vec::new();
    }
    let (count, table) = (u64::from(word(info + 20)), u64::from(word(info + 24)));
    (0..count)
        .map(|index| table + index * 16)
        .map(|at| Module { region: Region { start: u64::from(word(at)), end: u64::from(word(at + 4)) } })
        .collect()
}

/// One past the last byte of anything the loader left for us (modules, their table, the command line, the info).
pub fn end_of_modules(info: u32) -> u64 {
    let at = u64::from(info);
    let mut end = at + 128;
    if let Some(text) = command(at) {
        end = end.max(text.as_ptr() as u64 + text.to_bytes_with_nul().len() as u64);
    }
    if word(at) & 8 != 0 {
        let (count, table) = (u64::from(word(at + 20)), u64::from(word(at + 24)));
        for index in 0..count {
            end = end.max(u64::from(word(table + index * 16 + 4)));
        }
    }
    end
}
