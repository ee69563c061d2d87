//! Files on a CD-ROM: ISO 9660 with the Joliet names that the payload image has (ECMA-119; Joliet specification 1).
//! As much as a guest needs that has no file system of its own.

use alloc::{string::String, vec::Vec};

/// Bytes of a sector.
pub const SECTOR: usize = 2048;
/// The first volume descriptor, and how many are looked at.
const DESCRIPTORS: core::ops::Range<u32> = 16..32;
/// A supplementary volume descriptor.
const SUPPLEMENTARY: u8 = 2;
/// Joliet's escape sequences begin so.
const JOLIET: &[u8] = b"%/";
/// Where a directory record is in a volume descriptor.
const ROOT: usize = 156;
/// Flag of a directory record.
const FOLDER: u8 = 2;
/// Files of a payload that a stand-in reads are small.
const LONGEST: u32 = 64 << 20;

/// Where sectors come from: the first one and their number.
pub type Read<'a> = &'a mut dyn FnMut(u32, u32) -> Result<Vec<u8>, String>;

/// A run of bytes on the medium.
#[derive(Clone, Copy)]
struct Extent {
    sector: u32,
    length: u32,
    folder: bool,
}

impl Extent {
    /// Of a directory record, which has its numbers in both byte orders.
    fn of(record: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
        Some(Self { sector: number(2)?, length: number(10)?, folder: record.get(25)? & FOLDER != 0 })
    }

    fn read(self, read: Read<'_>) -> Result<Vec<u8>, String> {
        if self.length > LONGEST {
            return Err("a file is too large".into());
        }
        let mut data = match self.length.div_ceil(SECTOR as u32) {
            0 => Vec::new(),
            count => read(self.sector, count)?,
        };
        data.truncate(self.length as usize);
        Ok(data)
    }
}

/// The name of a directory record: big-endian UTF-16, with a version behind a semicolon or not.
fn name(record: &[u8]) -> String {
    let length = record.get(32).copied().map_or(0, usize::from);
    let bytes = record.get(33..33 + length).unwrap_or_default();
    let units: Vec<u16> = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    let whole = String::from_utf16_lossy(&units);
    whole.split(';').next().unwrap_or_default().into()
}

fn find(folder: &[u8], wanted: &str) -> Option<Extent> {
    // Records do not cross sectors; the rest of a sector is zero.
    folder.chunks(SECTOR).find_map(|sector| {
        let mut rest = sector;
        while let Some(&length) = rest.first()
            && length != 0
            && let Some((record, behind)) = rest.split_at_checked(usize::from(length))
        {
            if name(record) == wanted {
                return Extent::of(record);
            }
            rest = behind;
        }
        None
    })
}

/// A file by its path, parts divided by `/`.
///
/// # Errors
/// The medium cannot be read, is no such image, or has no such file.
pub fn file(read: Read<'_>, path: &str) -> Result<Vec<u8>, String> {
    let mut at = None;
    for sector in DESCRIPTORS {
        let descriptor = read(sector, 1)?;
        if descriptor.get(1..6) != Some(b"CD001") {
            break;
        }
        if descriptor[0] == SUPPLEMENTARY && descriptor[88..].starts_with(JOLIET) {
            at = Extent::of(&descriptor[ROOT..]);
            break;
        }
    }
    let mut at = at.ok_or("the medium has no Joliet volume")?;
    let missing = || alloc::format!("the medium has no file {path}");
    for part in path.split('/') {
        let folder = if at.folder { at.read(read)? } else { Vec::new() };
        at = find(&folder, part).ok_or_else(missing)?;
    }
    if at.folder { Err(missing()) } else { at.read(read) }
}
