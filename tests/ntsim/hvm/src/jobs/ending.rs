//! How a system ends: shut down as drivers ask for it, or by a crash that writes a dump.

use alloc::{boxed::Box, format, string::String};

use ntsim::{pnp::manager::sleep_ms, po::system, storport::dump::Dump, storport::dump::on_crash};

use super::{disk, serve::Words, system::files};
use crate::{acpi, engine, multiboot::Module, port};

/// `MANUALLY_INITIATED_CRASH`.
const CRASH: u32 = 0xe2;
/// A sector of what a dump writes.
const SECTOR: usize = 512;

/// Shuts down if a driver has asked for it; does not come back then.
pub fn if_asked() {
    for wish in system::take_asked() {
        match wish {
            system::Asked::Shutdown { reboot } => {
                say!("hvm: a driver asks for {}", if reboot { "a restart" } else { "power off" });
                system::shutdown(reboot);
                power(reboot);
            }
            other => say!("hvm: a driver asks for {other:?}"),
        }
    }
}

/// The machine's own switch.
pub fn power(reboot: bool) -> ! {
    /// Keyboard controller: pulse the reset line.
    const CONTROLLER: (u16, u8) = (0x64, 0xfe);
    /// SLP_EN with the sleep type of `\_S5` in hvmloader's DSDT, which is 0 (ACPI 6.5, 4.8.3.2.1).
    const SOFT_OFF: u16 = 1 << 13;
    /// The device model tells the hypervisor, which stops us.
    const PATIENCE_MS: u64 = 60_000;
    if reboot {
        port::out8(CONTROLLER.0, CONTROLLER.1);
    } else {
        port::out16(acpi::facts().power, SOFT_OFF);
    }
    sleep_ms(PATIENCE_MS);
    engine::stop("the power stays on");
}

/// `crash [DISK LBA COUNT SEED]`: a bugcheck; with arguments the driver's second instance writes that pattern there.
pub fn crash(words: &mut Words<'_>, modules: &[Module]) -> Result<String, String> {
    if let Ok(number) = words.value() {
        let (lba, count, seed): (u64, u64, u64) = (words.value()?, words.value()?, words.value()?);
        let disk = disk::open(number)?;
        let image = files(modules)?
            .into_iter()
            .find_map(|(name, data)| (name == "xenpvvbd.sys").then_some(data))
            .ok_or("the payload has no disk driver")?;
        Dump::prepare(disk.adapter, disk.address, "dump_xenpvvbd.sys", &image)
            .map_err(|trouble| format!("no dump can be written: {trouble:?}"))?;
        let data = disk::patterns(lba, count, SECTOR, seed);
        on_crash(Box::new(move |dump| {
            let written = dump.start().and_then(|()| dump.write(lba, &data)).and_then(|()| dump.finish());
            say!("hvm: dump {written:?}");
        }));
    }
    ntsim::verifier::bugcheck(CRASH, [0x5850_5654, 0, 0, 0], "the scenario asked for a crash")
}
