//! What must hold for every `.sys` before it is let out of the build. The imports are checked by
//! `tests/abi`, which has the facts.

use anyhow::{Context, Result, bail, ensure};
use object::{
    LittleEndian as LE,
    pe::{
        IMAGE_DIRECTORY_ENTRY_EXPORT, IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, IMAGE_DIRECTORY_ENTRY_RESOURCE,
        IMAGE_DIRECTORY_ENTRY_TLS, IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_GUARD_CF,
        IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA, IMAGE_DLLCHARACTERISTICS_NX_COMPAT, IMAGE_FILE_DLL,
        IMAGE_FILE_MACHINE_AMD64, IMAGE_SCN_MEM_DISCARDABLE, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE,
        IMAGE_SUBSYSTEM_NATIVE,
    },
    read::pe::{ImageNtHeaders, ImageOptionalHeader, PeFile64},
};

/// `IMAGE_GUARD_CF_INSTRUMENTED` of the load configuration's GuardFlags (winnt.h).
const GUARD_CF_INSTRUMENTED: u32 = 0x100;

/// Checks an image.
///
/// # Errors
/// Names the first property that does not hold.
pub fn check(image: &[u8]) -> Result<()> {
    let pe = PeFile64::parse(image).context("not a PE32+ image")?;
    let nt = pe.nt_headers();
    let file = nt.file_header();
    let optional = nt.optional_header();
    ensure!(file.machine.get(LE) == IMAGE_FILE_MACHINE_AMD64, "not for x64");
    ensure!(file.characteristics.get(LE) & IMAGE_FILE_DLL == 0, "marked as a DLL");
    ensure!(optional.subsystem() == IMAGE_SUBSYSTEM_NATIVE, "subsystem is not native");
    ensure!(optional.section_alignment() >= 4096, "sections are not page-aligned (HVCI)");
    ensure!(optional.address_of_entry_point() != 0, "no entry point");
    let wanted = IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
        | IMAGE_DLLCHARACTERISTICS_NX_COMPAT
        | IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA
        | IMAGE_DLLCHARACTERISTICS_GUARD_CF;
    ensure!(
        optional.dll_characteristics() & wanted == wanted,
        "DLL characteristics {:#x} lack one of ASLR, NX, high entropy, CFG",
        optional.dll_characteristics()
    );
    for section in pe.section_table().iter() {
        let name = String::from_utf8_lossy(section.raw_name()).into_owned();
        let flags = section.characteristics.get(LE);
        ensure!(
            flags & IMAGE_SCN_MEM_WRITE == 0 || flags & IMAGE_SCN_MEM_EXECUTE == 0,
            "section {name} is writable and executable"
        );
        if name == "INIT" {
            ensure!(flags & IMAGE_SCN_MEM_DISCARDABLE != 0, "INIT is not discardable");
        }
    }
    let entry = optional.address_of_entry_point();
    ensure!(
        pe.section_table().iter().any(|section| {
            let start = section.virtual_address.get(LE);
            section.characteristics.get(LE) & IMAGE_SCN_MEM_EXECUTE != 0
                && (start..start + section.virtual_size.get(LE)).contains(&entry)
        }),
        "the entry point lies in no executable section"
    );
    ensure!(pe.data_directory(IMAGE_DIRECTORY_ENTRY_EXPORT).is_none(), "the image exports symbols");
    ensure!(
        pe.data_directory(IMAGE_DIRECTORY_ENTRY_TLS).is_none(),
        "the image uses TLS, which drivers cannot"
    );
    ensure!(pe.data_directory(IMAGE_DIRECTORY_ENTRY_RESOURCE).is_some(), "no version resource");
    load_config(&pe)?;
    let sum = checksum(image, checksum_offset(&pe, image)?);
    ensure!(optional.check_sum() == sum, "checksum is {:#x}, should be {sum:#x}", optional.check_sum());
    Ok(())
}

fn load_config(pe: &PeFile64) -> Result<()> {
    let Some(dir) = pe.data_directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG) else {
        bail!("no load configuration")
    };
    let data =
        dir.data(pe.data(), &pe.section_table()).context("load configuration lies outside the file")?;
    let word = |offset: usize, len: usize| -> Result<u64> {
        let bytes = data.get(offset..offset + len).context("load configuration is too short for CFG")?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    // IMAGE_LOAD_CONFIG_DIRECTORY64 (winnt.h): SecurityCookie 0x58, GuardCFCheckFunctionPointer
    // 0x70, GuardCFDispatchFunctionPointer 0x78, GuardFlags 0x90.
    ensure!(word(0x58, 8)? != 0, "no security cookie");
    ensure!(word(0x70, 8)? != 0, "no CFG check pointer");
    ensure!(word(0x78, 8)? != 0, "no CFG dispatch pointer");
    let flags = u32::try_from(word(0x90, 4)?)?;
    ensure!(flags & GUARD_CF_INSTRUMENTED != 0, "the image is not instrumented for CFG");
    Ok(())
}

fn checksum_offset(pe: &PeFile64, image: &[u8]) -> Result<usize> {
    let header = usize::try_from(pe.dos_header().e_lfanew.get(LE))?;
    let offset = header + 24 + 64;
    ensure!(offset + 4 <= image.len(), "headers are cut off");
    Ok(offset)
}

/// The image checksum as `CheckSumMappedFile` documents it: a folded 16-bit sum without the field
/// itself, plus the length of the file.
pub fn checksum(image: &[u8], field: usize) -> u32 {
    let mut sum = 0u64;
    for (index, pair) in image.chunks(2).enumerate() {
        if (field..field + 4).contains(&(index * 2)) {
            continue;
        }
        sum += u64::from(pair[0]) | u64::from(*pair.get(1).unwrap_or(&0)) << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    u32::try_from(sum + image.len() as u64).unwrap_or(u32::MAX)
}

/// Checks a user-mode program or DLL: x64, ASLR and NX, and imports from `more` at most beside the DLLs that every
/// program has.
///
/// # Errors
/// Names the first property that does not hold.
pub fn check_user(image: &[u8], more: &[&str]) -> Result<()> {
    let pe = PeFile64::parse(image).context("not a PE32+ image")?;
    let nt = pe.nt_headers();
    ensure!(nt.file_header().machine.get(LE) == IMAGE_FILE_MACHINE_AMD64, "not for x64");
    hardened(nt.optional_header().dll_characteristics())?;
    let table = pe.import_table()?.context("no imports")?;
    let mut imports = table.descriptors()?;
    while let Some(import) = imports.next()? {
        allowed(&String::from_utf8_lossy(table.name(import.name.get(LE))?), more)?;
    }
    Ok(())
}

fn hardened(flags: u16) -> Result<()> {
    let wanted = IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
        | IMAGE_DLLCHARACTERISTICS_NX_COMPAT
        | IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA;
    ensure!(flags & wanted == wanted, "DLL characteristics {flags:#x} lack one of ASLR, NX, high entropy");
    Ok(())
}

/// DLLs that Windows 10 maps from its own list (`Session Manager\KnownDLLs`), and names that stand for these. Any other
/// is looked for beside the program first.
const KNOWN: [&str; 4] = ["advapi32.dll", "kernel32.dll", "msvcrt.dll", "ntdll.dll"];

fn allowed(dll: &str, more: &[&str]) -> Result<()> {
    let name = dll.to_ascii_lowercase();
    ensure!(
        KNOWN.contains(&name.as_str()) || more.contains(&name.as_str()) || name.starts_with("api-ms-win-"),
        "{dll} would be taken from the folder of the program, whoever can write there"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_mode_rules_fire() {
        assert!(hardened(0x160).is_ok());
        for flags in [0x140, 0x120, 0x60] {
            assert!(hardened(flags).is_err(), "{flags:#x}");
        }
        assert!(allowed("KERNEL32.dll", &[]).is_ok());
        assert!(allowed("libgcc_s_seh-1.dll", &["setupapi.dll"]).is_err());
        assert!(allowed("newdev.dll", &["setupapi.dll"]).is_err());
        assert!(allowed("SETUPAPI.dll", &["setupapi.dll"]).is_ok());
        assert!(check_user(b"MZ", &[]).is_err());
    }
}
