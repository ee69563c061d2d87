//! The files that matter: driver images, driver packages, the setup program.

use std::collections::{BTreeMap, BTreeSet};

use xenpv_setup::names::Driver;

/// A driver's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Which driver.
    pub driver: Driver,
    /// Of which release.
    pub version: String,
}

/// A package in the driver store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// `oem7.inf`.
    pub published: String,
    /// Which driver.
    pub driver: Driver,
    /// Of which release.
    pub version: String,
    /// Its folder below `DriverStore\FileRepository`.
    pub folder: String,
}

/// The volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// By lower-case path below the Windows folder.
    pub images: BTreeMap<String, Image>,
    /// The driver store's index.
    pub packages: Vec<Package>,
    /// Programs by lower-case path.
    pub programs: BTreeSet<String>,
    /// Files to delete at the next boot.
    pub doomed: BTreeSet<String>,
}

/// A path as services have it, below the Windows folder and in lower case.
#[must_use]
pub fn below_windows(path: &str) -> String {
    let lower = path.to_ascii_lowercase();
    for start in ["\\systemroot\\", "%systemroot%\\", "c:\\windows\\"] {
        if let Some(rest) = lower.strip_prefix(start) {
            return rest.to_owned();
        }
    }
    lower
}

/// Where a package lies.
#[must_use]
pub fn store_folder(driver: Driver, version: &str) -> String {
    // Windows appends a hash of the content.
    format!("system32\\driverstore\\filerepository\\{}.inf_amd64_{}", driver.name(), version.replace('.', ""))
}
