//! Hashes of PE images as signatures cover them ("Windows Authenticode Portable Executable Signature Format"):
//! everything but the checksum, the entry of the certificate table, and that table itself.

use anyhow::{Context as _, Result, ensure};
use object::{
    LittleEndian as LE,
    pe::{IMAGE_DIRECTORY_ENTRY_SECURITY, IMAGE_FILE_MACHINE_AMD64, ImageNtHeaders64},
    read::pe::{ImageNtHeaders as _, PeFile64},
};
use sha1::Digest as _;

/// Both hashes that a catalog names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// Hashes of a file as it is.
#[must_use]
pub fn flat(data: &[u8]) -> Hashes {
    Hashes { sha1: sha1::Sha1::digest(data).into(), sha256: sha2::Sha256::digest(data).into() }
}

/// Offset of the checksum from the beginning of the optional header.
const CHECKSUM: usize = 64;
/// Offset of the data directories of a PE32+ optional header.
const DIRECTORIES: usize = 112;

/// Hashes of an x64 image without what signing changes.
///
/// # Errors
/// A file that is no image for x64, or that is cut off.
pub fn authenticode(data: &[u8]) -> Result<Hashes> {
    let file = PeFile64::parse(data).context("not a PE image for 64-bit Windows")?;
    let machine = file.nt_headers().file_header().machine.get(LE);
    ensure!(machine == IMAGE_FILE_MACHINE_AMD64, "not an image for x64 (machine {machine:#x})");
    let optional = usize::try_from(file.dos_header().nt_headers_offset())?
        + 4
        + size_of::<object::pe::ImageFileHeader>();
    debug_assert_eq!(size_of::<ImageNtHeaders64>(), 4 + 20 + DIRECTORIES);
    let entry = optional + DIRECTORIES + 8 * IMAGE_DIRECTORY_ENTRY_SECURITY;
    let directory = file.data_directory(IMAGE_DIRECTORY_ENTRY_SECURITY);
    let (start, size) =
        directory.map_or((0, 0), |d| (d.virtual_address.get(LE) as usize, d.size.get(LE) as usize));
    let end = if size == 0 { data.len() } else { start };
    ensure!(
        size == 0 || (start.checked_add(size) == Some(data.len()) && start > entry),
        "the certificate table is not at the end of the file"
    );
    // A signer would pad the file first, and then everybody would see another hash.
    ensure!(end % 8 == 0, "the image's size is not a multiple of 8");
    for section in file.section_table().iter() {
        let last =
            u64::from(section.pointer_to_raw_data.get(LE)) + u64::from(section.size_of_raw_data.get(LE));
        ensure!(last <= end as u64, "the image is cut off");
    }
    let parts =
        [data.get(..optional + CHECKSUM), data.get(optional + CHECKSUM + 4..entry), data.get(entry + 8..end)];
    let (mut one, mut two) = (sha1::Sha1::new(), sha2::Sha256::new());
    for part in parts {
        let part = part.context("the image is cut off")?;
        one.update(part);
        two.update(part);
    }
    Ok(Hashes { sha1: one.finalize().into(), sha256: two.finalize().into() })
}

/// Names that a DLL exports.
///
/// # Errors
/// A file that is no image for x64.
pub fn exports(data: &[u8]) -> Result<Vec<String>> {
    use object::Object as _;
    let file = PeFile64::parse(data).context("not a PE image for 64-bit Windows")?;
    let exports = file.exports().context("the exports cannot be read")?;
    Ok(exports.iter().map(|export| String::from_utf8_lossy(export.name()).into_owned()).collect())
}

/// `FILEVERSION` of the version resource, as `1.2.3.4`.
///
/// # Errors
/// An image without one.
pub fn version(data: &[u8]) -> Result<String> {
    // VS_FIXEDFILEINFO begins with this; it is followed by the structure's version 1.0 and the file's version.
    const SIGNATURE: [u8; 8] = [0xBD, 0x04, 0xEF, 0xFE, 0, 0, 1, 0];
    let at = data
        .windows(SIGNATURE.len())
        .position(|window| window == SIGNATURE)
        .context("the image has no version resource")?;
    let word =
        |offset: usize| data.get(at + offset..at + offset + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let parts: Option<Vec<u16>> = [10, 8, 14, 12].into_iter().map(word).collect();
    let parts = parts.context("the version resource is cut off")?;
    Ok(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}
