//! The driver folder: is it whole, is it one release, and would this system load it?

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{names::Driver, system::System};

/// By whom the drivers are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signing {
    /// Not at all.
    None,
    /// By a certificate that is not Microsoft's.
    Test,
    /// By Microsoft's portal without tests: for client systems.
    Attested,
    /// By Microsoft after the tests of its kit.
    Whql,
}

/// A driver folder that was found to be whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder.
    pub folder: PathBuf,
    /// `DriverVer`'s version.
    pub version: String,
    /// By whom it is signed.
    pub signing: Signing,
}

#[derive(Deserialize)]
struct Manifest {
    version: String,
    signing: Signing,
    files: std::collections::BTreeMap<String, String>,
}

/// A path in the driver folder, written as the system of the folder writes it.
#[must_use]
pub fn inside(folder: &Path, relative: &str) -> PathBuf {
    let text = folder.to_string_lossy();
    if text.contains('\\') || cfg!(windows) {
        PathBuf::from(format!("{}\\{}", text.trim_end_matches('\\'), relative.replace('/', "\\")))
    } else {
        folder.join(relative)
    }
}

/// The INF file of a driver.
#[must_use]
pub fn inf(folder: &Path, driver: Driver) -> PathBuf {
    let name = driver.name();
    inside(folder, &format!("{name}/{name}.inf"))
}

/// Reads and checks a driver folder.
///
/// # Errors
/// One sentence: what is wrong with it.
pub fn read(system: &(impl System + ?Sized), folder: &Path) -> Result<Package, String> {
    let broken = "get the installer again from where it came";
    let bytes = system.read_file(&inside(folder, "package.json")).map_err(|error| {
        format!("{} is no driver folder: package.json cannot be read ({error})", folder.display())
    })?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| format!("package.json is damaged ({error}); {broken}"))?;
    for driver in Driver::ALL {
        let name = driver.name();
        for ending in ["inf", "sys", "cat"] {
            let relative = format!("{name}/{name}.{ending}");
            let wanted = manifest
                .files
                .get(&relative)
                .ok_or_else(|| format!("package.json does not name {relative}; {broken}"))?;
            let content = system
                .read_file(&inside(folder, &relative))
                .map_err(|error| format!("{relative} cannot be read ({error}); {broken}"))?;
            let found: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            if found != wanted.to_ascii_lowercase() {
                return Err(format!("{relative} is not the file that was released; {broken}"));
            }
            if ending == "inf" {
                let version = version_of(&relative, &content)
                    .ok_or_else(|| format!("{relative} has no driver version; {broken}"))?;
                if version != manifest.version {
                    return Err(format!(
                        "{relative} is version {version}, the release is {}; {broken}",
                        manifest.version
                    ));
                }
            }
        }
    }
    Ok(Package { folder: folder.to_owned(), version: manifest.version, signing: manifest.signing })
}

/// The version that an INF file's `DriverVer` names.
#[must_use]
pub fn version_of(name: &str, content: &[u8]) -> Option<String> {
    version(&inf_file::Inf::parse(name, content).ok()?)
}

fn version(inf: &inf_file::Inf) -> Option<String> {
    let (_, v) = inf.driver_version()?;
    Some(format!("{}.{}.{}.{}", v[0], v[1], v[2], v[3]))
}

/// Which driver of ours an INF file of the system is, and of which version. Windows gives files new names;
/// the catalog keeps ours.
#[must_use]
pub fn recognize(name: &str, content: &[u8]) -> Option<(Driver, String)> {
    let inf = inf_file::Inf::parse(name, content).ok()?;
    let catalog = inf.version("CatalogFile")?;
    let driver = Driver::ALL
        .into_iter()
        .find(|driver| catalog.eq_ignore_ascii_case(&format!("{}.cat", driver.name())))?;
    Some((driver, version(&inf)?))
}

/// A version as four numbers, for comparing.
#[must_use]
pub fn numbers(version: &str) -> [u32; 4] {
    let mut out = [0; 4];
    for (slot, part) in out.iter_mut().zip(version.split('.')) {
        *slot = part.parse().unwrap_or(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_recognized_by_their_catalog() {
        let inf = include_bytes!("../../../inf/xenpvvbd.inf");
        let (driver, version) = recognize("oem7.inf", inf).expect("ours");
        assert_eq!((driver, Some(version)), (Driver::Vbd, version_of("oem7.inf", inf)));
        let text = String::from_utf8_lossy(inf).replace("xenpvvbd.cat", "xenvbd.cat");
        assert_eq!(recognize("oem7.inf", text.as_bytes()), None, "another vendor's");
        assert_eq!(recognize("oem7.inf", b"[Version]"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("1.10.0.0") > numbers("1.9.0.0"));
        assert_eq!(numbers("1.2"), [1, 2, 0, 0]);
        assert_eq!(numbers("x"), [0; 4]);
    }
}
