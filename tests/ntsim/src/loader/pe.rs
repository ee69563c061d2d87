//! PE32+ images: headers read with every bound checked. A corrupt file gives an error that names what is
//! wrong and where.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeError(pub String);

impl core::fmt::Display for PeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// IMAGE_SCN flags used here.
pub mod scn {
    /// Contains code.
    pub const CODE: u32 = 0x20;
    /// Discardable after initialisation.
    pub const DISCARDABLE: u32 = 0x0200_0000;
    /// Not pageable.
    pub const NOT_PAGED: u32 = 0x0800_0000;
    /// Executable.
    pub const EXECUTE: u32 = 0x2000_0000;
    /// Readable.
    pub const READ: u32 = 0x4000_0000;
    /// Writable.
    pub const WRITE: u32 = 0x8000_0000;
}

/// Data directory numbers.
pub mod dir {
    /// Exports.
    pub const EXPORT: usize = 0;
    /// Imports.
    pub const IMPORT: usize = 1;
    /// .pdata.
    pub const EXCEPTION: usize = 3;
    /// Base relocations.
    pub const RELOC: usize = 5;
    /// Thread-local storage.
    pub const TLS: usize = 9;
    /// Load configuration.
    pub const LOAD_CONFIG: usize = 10;
    /// Delay-loaded imports.
    pub const DELAY_IMPORT: usize = 13;
    /// CLR header.
    pub const CLR: usize = 14;
}

/// A section header.
#[derive(Clone, Debug)]
pub struct Section {
    /// Name without padding.
    pub name: String,
    /// RVA.
    pub rva: u32,
    /// Size in memory.
    pub size: u32,
    /// Offset in the file.
    pub raw: u32,
    /// Bytes in the file.
    pub raw_size: u32,
    /// IMAGE_SCN flags.
    pub flags: u32,
}

impl Section {
    /// Is this RVA inside?
    pub fn contains(&self, rva: u32) -> bool {
        rva >= self.rva && rva - self.rva < self.size
    }
}

/// The headers of an image.
#[derive(Clone, Debug)]
pub struct Headers {
    /// Preferred base.
    pub image_base: u64,
    /// RVA of the entry point.
    pub entry: u32,
    /// Size in memory.
    pub size: u32,
    /// Bytes of headers.
    pub headers_size: u32,
    /// IMAGE_FILE flags.
    pub characteristics: u16,
    /// IMAGE_DLLCHARACTERISTICS flags.
    pub dll_characteristics: u16,
    /// Sections in order of address.
    pub sections: Vec<Section>,
    /// Data directories: RVA and size.
    pub directories: [(u32, u32); 16],
}

/// Reads little-endian numbers out of a slice.
pub fn u16_at(bytes: &[u8], at: usize, what: &str) -> Result<u16, PeError> {
    match bytes.get(at..at.saturating_add(2)) {
        Some(b) => Ok(u16::from_le_bytes([b[0], b[1]])),
        None => Err(PeError(format!("{what} at {at:#x} lies outside of the file or image"))),
    }
}

/// Reads a 32-bit number.
pub fn u32_at(bytes: &[u8], at: usize, what: &str) -> Result<u32, PeError> {
    Ok(u16_at(bytes, at, what)? as u32 | (u16_at(bytes, at.saturating_add(2), what)? as u32) << 16)
}

/// Reads a 64-bit number.
pub fn u64_at(bytes: &[u8], at: usize, what: &str) -> Result<u64, PeError> {
    Ok(u32_at(bytes, at, what)? as u64 | (u32_at(bytes, at.saturating_add(4), what)? as u64) << 32)
}

/// Reads a NUL-terminated ASCII string of at most 512 bytes.
pub fn string_at<'a>(bytes: &'a [u8], at: usize, what: &str) -> Result<&'a str, PeError> {
    let rest =
        bytes.get(at..).ok_or_else(|| PeError(format!("{what} at {at:#x} lies outside of the image")))?;
    let end = rest.iter().take(512).position(|b| *b == 0);
    let end = end.ok_or_else(|| PeError(format!("{what} at {at:#x} is not terminated")))?;
    core::str::from_utf8(&rest[..end]).map_err(|_| PeError(format!("{what} at {at:#x} is not ASCII")))
}

fn fail<T>(text: &str) -> Result<T, PeError> {
    Err(PeError(text.to_string()))
}

impl Headers {
    /// Reads and validates the headers of a driver file.
    pub fn parse(file: &[u8]) -> Result<Self, PeError> {
        if file.get(..2) != Some(b"MZ") {
            return fail("not an executable: no MZ header");
        }
        let pe = u32_at(file, 0x3C, "offset of the PE header")? as usize;
        if !pe.is_multiple_of(8) {
            return fail("the PE header is not aligned");
        }
        if u32_at(file, pe, "PE signature")? != 0x4550 {
            return fail("no PE signature");
        }
        let machine = u16_at(file, pe + 4, "machine")?;
        if machine != 0x8664 {
            return Err(PeError(format!("machine is {machine:#x}, not x64")));
        }
        let count = u16_at(file, pe + 6, "number of sections")? as usize;
        let optional_size = u16_at(file, pe + 20, "size of the optional header")? as usize;
        let characteristics = u16_at(file, pe + 22, "characteristics")?;
        let opt = pe + 24;
        let magic = u16_at(file, opt, "optional header's magic")?;
        if magic != 0x20B {
            return Err(PeError(format!("optional header's magic is {magic:#x}, not PE32+")));
        }
        let directories_count = u32_at(file, opt + 108, "number of data directories")? as usize;
        if directories_count > 16 || optional_size < 112 + 8 * directories_count {
            return fail("the optional header is too short for its data directories");
        }
        if characteristics & 2 == 0 {
            return fail("the file is not marked executable");
        }
        let section_alignment = u32_at(file, opt + 32, "section alignment")?;
        let file_alignment = u32_at(file, opt + 36, "file alignment")?;
        if !section_alignment.is_power_of_two() || !file_alignment.is_power_of_two() {
            return fail("an alignment is not a power of two");
        }
        if section_alignment < 4096 {
            return Err(PeError(format!("sections are aligned to {section_alignment}, not to pages")));
        }
        let subsystem = u16_at(file, opt + 68, "subsystem")?;
        if subsystem != 1 {
            return Err(PeError(format!("subsystem is {subsystem}, not native")));
        }
        let mut directories = [(0, 0); 16];
        for (i, d) in directories.iter_mut().enumerate().take(directories_count) {
            let at = opt + 112 + 8 * i;
            *d = (u32_at(file, at, "data directory")?, u32_at(file, at + 4, "data directory")?);
        }
        let mut headers = Self {
            image_base: u64_at(file, opt + 24, "image base")?,
            entry: u32_at(file, opt + 16, "entry point")?,
            size: u32_at(file, opt + 56, "size of image")?,
            headers_size: u32_at(file, opt + 60, "size of headers")?,
            characteristics,
            dll_characteristics: u16_at(file, opt + 70, "DLL characteristics")?,
            sections: Vec::new(),
            directories,
        };
        if headers.size == 0 || headers.size > 256 << 20 {
            return Err(PeError(format!("size of image {:#x} is not plausible", headers.size)));
        }
        if headers.headers_size as usize > file.len() || headers.headers_size > headers.size {
            return fail("the headers are larger than the file or the image");
        }
        headers.read_sections(file, opt + optional_size, count)?;
        headers.check()?;
        Ok(headers)
    }

    fn read_sections(&mut self, file: &[u8], table: usize, count: usize) -> Result<(), PeError> {
        if count == 0 || count > 96 {
            return Err(PeError(format!("{count} sections are not plausible")));
        }
        let mut end = self.headers_size;
        for i in 0..count {
            let at = table + 40 * i;
            let name =
                file.get(at..at + 8).ok_or_else(|| PeError("the section table is cut off".to_string()))?;
            let name: String = name.iter().take_while(|b| **b != 0).map(|b| *b as char).collect();
            let what = |field: &str| format!("section {name}: {field}");
            let virtual_size = u32_at(file, at + 8, &what("size"))?;
            let raw_size = u32_at(file, at + 16, &what("raw size"))?;
            let s = Section {
                rva: u32_at(file, at + 12, &what("RVA"))?,
                size: if virtual_size == 0 { raw_size } else { virtual_size },
                raw: u32_at(file, at + 20, &what("file offset"))?,
                raw_size: raw_size.min(if virtual_size == 0 {
                    raw_size
                } else {
                    virtual_size.next_multiple_of(512)
                }),
                flags: u32_at(file, at + 36, &what("flags"))?,
                name: name.clone(),
            };
            if !s.rva.is_multiple_of(4096) {
                return Err(PeError(what("RVA is not page-aligned")));
            }
            if s.rva < end {
                return Err(PeError(what("overlaps what is before it")));
            }
            end = match s.rva.checked_add(s.size.next_multiple_of(4096)) {
                Some(end) if end <= self.size.next_multiple_of(4096) => end,
                _ => return Err(PeError(what("lies outside of the image"))),
            };
            if s.raw_size > 0 && (s.raw as usize).saturating_add(s.raw_size.min(s.size) as usize) > file.len()
            {
                return Err(PeError(what("content lies outside of the file (is it cut off?)")));
            }
            self.sections.push(s);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), PeError> {
        for (i, (rva, size)) in self.directories.iter().enumerate() {
            // Directory 4 (certificates) is an offset in the file, not an RVA.
            if i != 4 && *size != 0 && rva.checked_add(*size).is_none_or(|end| end > self.size) {
                return Err(PeError(format!("data directory {i} lies outside of the image")));
            }
        }
        if self.directories[dir::TLS].0 != 0 {
            return fail("the driver has thread-local storage, which the kernel does not support");
        }
        if self.directories[dir::CLR].0 != 0 {
            return fail("the driver is managed code");
        }
        if self.characteristics & 1 != 0 && self.directories[dir::RELOC].0 == 0 {
            return fail("the driver has no relocations");
        }
        if self.entry != 0
            && !self.sections.iter().any(|s| s.contains(self.entry) && s.flags & scn::EXECUTE != 0)
        {
            return fail("the entry point is not in an executable section");
        }
        Ok(())
    }

    /// The section that contains an RVA.
    pub fn section(&self, rva: u32) -> Option<&Section> {
        self.sections.iter().find(|s| s.contains(rva))
    }
}
