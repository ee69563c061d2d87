//! Boots the system: the payload's packages go to the driver store, then the boot runs as on any machine.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use ntsim::pnp::{self, boot, install, store::Source};
use tar_no_std::TarArchiveRef;

use crate::multiboot::Module;

/// Every `.inf` of the payload is a package; it gets all other files of the same base name.
pub fn boot(modules: &[Module]) -> Result<(), String> {
    let module = modules.first().ok_or("no payload was loaded with the kernel")?;
    let archive = TarArchiveRef::new(module.data())
        .map_err(|error| format!("the payload is no tar archive: {error}"))?;
    let files: Vec<(String, Vec<u8>)> = archive
        .entries()
        .filter_map(|entry| {
            let name = entry.filename().as_str().ok()?.trim_start_matches("./").to_string();
            Some((name, entry.data().to_vec()))
        })
        .collect();
    boot::prepare_registry();
    for (name, data) in files.iter().filter(|(name, _)| name.ends_with(".inf")) {
        let base = name.trim_end_matches("inf");
        let parts = files
            .iter()
            .filter(|(other, _)| other.starts_with(base) && other != name)
            .map(|(other, data)| (other.clone(), Source::Image(data.clone())))
            .collect();
        install::add_package(name, data, parts)?;
    }
    boot::run();
    pnp::manager::settle();
    for line in pnp::dump().lines() {
        say!("hvm: {line}");
    }
    Ok(())
}
