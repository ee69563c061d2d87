//! Boots the system: the payload's packages go to the driver store, then the boot runs as on any machine.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use ntsim::{
    cm,
    pnp::{self, boot, install, pci, removal, service, store::Source},
};
use tar_no_std::TarArchiveRef;

use super::serve::Words;
use crate::{multiboot::Module, port};

/// The bus driver's device.
const PLATFORM: &str = "PCI\\VEN_5853";

/// Names and content.
pub type Files = Vec<(String, Vec<u8>)>;

/// The payload's files.
pub fn files(modules: &[Module]) -> Result<Files, String> {
    unpack(modules.first().ok_or("no payload was loaded with the kernel")?.data())
}

/// The files of an archive.
pub fn unpack(archive: &[u8]) -> Result<Files, String> {
    let archive =
        TarArchiveRef::new(archive).map_err(|error| format!("the payload is no tar archive: {error}"))?;
    Ok(archive
        .entries()
        .filter_map(|entry| {
            let name = entry.filename().as_str().ok()?.trim_start_matches("./").to_string();
            Some((name, entry.data().to_vec()))
        })
        .collect())
}

/// Boots with the payload's packages in the driver store.
pub fn boot(modules: &[Module]) -> Result<(), String> {
    let files = files(modules)?;
    boot::prepare_registry();
    add_packages(&files)?;
    boot::run();
    settle();
    Ok(())
}

/// Every `.inf` is a package; it gets all other files of the same base name.
pub fn add_packages(files: &Files) -> Result<(), String> {
    for (name, data) in files.iter().filter(|(name, _)| name.ends_with(".inf")) {
        let base = name.trim_end_matches("inf");
        let parts = files
            .iter()
            .filter(|(other, _)| other.starts_with(base) && other != name)
            .map(|(other, data)| (other.clone(), Source::Image(data.clone())))
            .collect();
        install::add_package(name, data, parts)?;
    }
    Ok(())
}

/// Waits until all devices that can are started, and says what there is.
pub fn settle() {
    pnp::manager::settle();
    for line in pnp::dump().lines() {
        say!("hvm: {line}");
    }
}

/// What a restart of Windows means to the drivers, in the same domain: the bus and its children are taken down,
/// boot-start drivers are loaded as the boot loader does, and the bus starts before any of its children.
pub fn restart() -> Result<String, String> {
    let bus = pnp::find(PLATFORM).ok_or("there is no platform device")?;
    removal::disable(bus).map_err(|status| format!("the bus is not removed: {status:#x}"))?;
    for entry in service::in_order(0) {
        // SAFETY: on a system thread at PASSIVE_LEVEL, as at boot.
        let _ = unsafe { service::load(&entry.name) };
    }
    removal::enable(bus);
    boot::install_pending();
    pnp::manager::settle();
    Ok(String::new())
}

/// The functions on the PCI bus, as vendor:device.
pub fn functions() -> String {
    let found: Vec<String> = pci::scan(0)
        .iter()
        .map(|function| format!("{:04x}:{:04x}", function.vendor, function.device))
        .collect();
    found.join(" ")
}

/// What answers as the primary master of the legacy IDE ports: the model, or `none` (ATA/ATAPI-7, IDENTIFY DEVICE).
pub fn ata() -> String {
    const PORTS: u16 = 0x1f0;
    port::out8(PORTS + 6, 0xa0);
    port::out8(PORTS + 7, 0xec);
    // Bounded: without a device the status is all zeros or all ones.
    for _ in 0..1_000_000 {
        match port::in8(PORTS + 7) {
            0 | 0xff => break,
            status if status & 0x80 != 0 => {}
            status if status & 8 == 0 => break,
            _ => {
                let words: Vec<u16> = (0..256).map(|_| port::in16(PORTS)).collect();
                let model: Vec<u8> = words[27..47].iter().flat_map(|word| word.to_be_bytes()).collect();
                return String::from_utf8_lossy(&model).trim().into();
            }
        }
    }
    "none".into()
}

/// `registry KEY VALUE NUMBER`: a DWORD below the control set.
pub fn set_number(words: &mut Words<'_>) -> Result<String, String> {
    let (key, value) = (words.text()?, words.text()?);
    cm::set_dword(&format!("{}\\{key}", cm::CONTROL_SET), value, words.value()?, false);
    Ok(String::new())
}
