//! What a system is asked and told. Implemented by Windows and by the model of `tests/bootmodel`.

use std::path::{Path, PathBuf};

use crate::{
    net::Interface,
    registry::Registry,
    step::{Failure, Outcome, Step},
};

/// The running system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a list of independent facts")]
pub struct Os {
    /// Build number.
    pub build: u32,
    /// x64.
    pub x64: bool,
    /// Windows 10 or 11, not a server.
    pub client: bool,
    /// The caller has administrator's rights.
    pub administrator: bool,
    /// Free bytes on the system volume.
    pub free: u64,
}

/// A package of ours in the driver store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePackage {
    /// `oem7.inf`.
    pub published: String,
    /// Which driver.
    pub driver: crate::names::Driver,
    /// `DriverVer`'s version.
    pub version: String,
    /// Its INF file in the driver store.
    pub inf: PathBuf,
}

/// A device that is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Its driver has started it.
    pub started: bool,
    /// Problem code (`CM_PROB_*`), or 0.
    pub problem: u32,
}

/// What the volume of Windows is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootDisk {
    /// A disk of ours.
    Pv,
    /// A PV disk of another vendor's drivers.
    Other,
    /// Another one.
    Emulated,
}

/// Where this program is. The boot service runs it with the system's rights: only from where nobody but
/// administrators can write, and where nobody tidies up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file that runs.
    pub program: PathBuf,
    /// It lies in a folder of anybody's, a download for example.
    pub loose: bool,
    /// Where a copy is kept for the boot service: of a loose program, and of one that the MSI deletes while it still
    /// has to finish a removal.
    pub refuge: PathBuf,
    /// The copy is there, and is this very program.
    pub kept: bool,
}

/// A system.
pub trait System: Registry {
    /// Facts that are not in the registry.
    fn os(&self) -> Os;
    /// Our packages in the driver store.
    fn store(&self) -> Vec<StorePackage>;
    /// Whether a device instance is present.
    fn presence(&self, instance: &str) -> Option<Presence>;
    /// What Windows runs from.
    fn boot_disk(&self) -> BootDisk;
    /// Network interfaces that are present.
    fn interfaces(&self) -> Vec<Interface>;
    /// A file's content.
    ///
    /// # Errors
    /// As the system says it.
    fn read_file(&self, path: &Path) -> Result<Vec<u8>, String>;
    /// Whether a file exists; a registry's path form (`\SystemRoot\…`) is understood.
    fn file_exists(&self, path: &str) -> bool;
    /// The copy of a driver in `System32\drivers` (DIRID 12, before Windows 10 1709), if there is one:
    /// Windows leaves it there when the package goes.
    fn copied_driver(&self, driver: crate::names::Driver) -> Option<PathBuf>;
    /// Where this program is, and where else it may be.
    fn place(&self) -> Place;
    /// Carries out one step.
    ///
    /// # Errors
    /// What Windows says, and what to do.
    fn apply(&mut self, step: &Step) -> Result<Outcome, Failure>;
    /// A line for the log.
    fn log(&mut self, line: &str);
}
