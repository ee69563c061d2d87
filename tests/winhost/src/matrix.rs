//! What is run: Windows versions × suites. From the command line or from a TOML file.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    guest,
    plan::Suite,
    toolstack::{Firmware, is_name},
};

/// One Windows version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Name in reports.
    pub name: String,
    /// Path on the host: an ISO, or a prepared disk.
    pub image: String,
    /// Index of the edition in the ISO's `install.wim`.
    #[serde(default = "one")]
    pub index: u32,
    /// Product key, where the ISO wants one.
    #[serde(default)]
    pub key: Option<String>,
    /// Firmware.
    #[serde(default = "bios")]
    pub firmware: Firmware,
    /// Language of the ISO.
    #[serde(default = "locale")]
    pub locale: String,
    /// MiB.
    #[serde(default = "memory")]
    pub memory: u32,
    /// Virtual processors.
    #[serde(default = "processors")]
    pub processors: u32,
    /// GiB of the system disk.
    #[serde(default = "disk")]
    pub disk: u32,
    /// Suites of this version; those of the file without.
    #[serde(default)]
    pub suites: Vec<Suite>,
}

fn one() -> u32 {
    1
}

fn bios() -> Firmware {
    Firmware::Bios
}

fn locale() -> String {
    "en-US".to_owned()
}

fn memory() -> u32 {
    4096
}

fn processors() -> u32 {
    2
}

fn disk() -> u32 {
    40
}

/// A matrix file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Suites of every version that names none.
    #[serde(default)]
    pub suites: Vec<Suite>,
    /// The versions.
    pub windows: Vec<Windows>,
}

/// A version with a suite.
#[derive(Clone, Debug)]
pub struct Cell {
    /// `<version>-<suite>`.
    pub name: String,
    /// The version.
    pub windows: Windows,
    /// The suite.
    pub suite: Suite,
}

impl Windows {
    /// A version by its image alone.
    #[must_use]
    pub fn of_image(image: &str, firmware: Firmware) -> Self {
        let file = image.rsplit('/').next().unwrap_or(image);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Self {
            name: name.trim_matches('-').chars().take(24).collect::<String>().to_lowercase(),
            image: image.to_owned(),
            index: one(),
            key: None,
            firmware,
            locale: locale(),
            memory: memory(),
            processors: processors(),
            disk: disk(),
            suites: Vec::new(),
        }
    }

    /// Whether Windows must be installed first.
    #[must_use]
    pub fn is_medium(&self) -> bool {
        self.image.to_lowercase().ends_with(".iso")
    }

    /// The base image's key: what makes another installation another base. The scripts that stay in the base
    /// count; those that come anew with each payload do not.
    #[must_use]
    pub fn base_key(&self) -> String {
        let setup = guest::FILES.iter().find(|file| file.0 == "guest/Setup.ps1").map_or("", |file| file.1);
        let about = format!(
            "{}\n{}\n{:?}\n{:?}\n{}\n{}\n{setup}",
            self.image, self.index, self.key, self.firmware, self.locale, self.disk
        );
        let hash = Sha256::digest(about);
        let digits: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digits}", self.name)
    }
}

impl Matrix {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or says what is not understood.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no matrix", path.display()))
    }

    /// All cells, suite by suite within a version.
    ///
    /// # Errors
    /// A name is used twice, or no name for a file.
    pub fn cells(&self) -> Result<Vec<Cell>> {
        let mut cells: Vec<Cell> = Vec::new();
        for windows in &self.windows {
            ensure!(is_name(&windows.name), "`{}` is no name for a Windows version", windows.name);
            ensure!(
                windows.image.starts_with('/'),
                "{}: the image is a path on the host, from /",
                windows.name
            );
            let own = !windows.suites.is_empty();
            for &suite in if own { &windows.suites } else { &self.suites } {
                let name = format!("{}-{}", windows.name, suite.name());
                ensure!(!cells.iter().any(|cell| cell.name == name), "{name} is there twice");
                cells.push(Cell { name, windows: windows.clone(), suite });
            }
        }
        ensure!(!cells.is_empty(), "there is nothing to run: no Windows version has a suite");
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_matrix() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix.toml");
        let cells = Matrix::load(&path).and_then(|matrix| matrix.cells()).expect("good");
        let names: Vec<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "server2016-smoke",
                "server2016-verifier",
                "server2022-smoke",
                "server2022-verifier",
                "win11-smoke",
                "win11-hlk"
            ]
        );
    }

    #[test]
    fn mistakes_are_said() {
        let cells =
            |text: &str| toml::from_str::<Matrix>(text).map_err(anyhow::Error::from).and_then(|m| m.cells());
        let error = |text: &str| format!("{:#}", cells(text).expect_err(text));
        assert!(error("suites=['smoke']\n[[windows]]\nname='a b'\nimage='/x.iso'").contains("a b"));
        assert!(error("suites=['smoke']\n[[windows]]\nname='a'\nimage='x.iso'").contains("path on the host"));
        assert!(error("[[windows]]\nname='a'\nimage='/x.iso'").contains("nothing to run"));
        assert!(error("suites=['no']\n[[windows]]\nname='a'\nimage='/x.iso'").contains("unknown variant"));
        assert!(error("suites=['soak']\n[[windows]]\nname='a'\nimage='/x'\nmemroy=1").contains("memroy"));
        assert!(error("suites=['soak','soak']\n[[windows]]\nname='a'\nimage='/x'").contains("twice"));
    }

    #[test]
    fn another_installation_is_another_base() {
        let one = Windows::of_image("/iso/Server 2022.iso", Firmware::Bios);
        assert_eq!(one.name, "server-2022");
        let other = Windows { firmware: Firmware::Uefi, ..one.clone() };
        assert_ne!(one.base_key(), other.base_key());
        assert_eq!(one.base_key(), Windows { memory: 1, ..one.clone() }.base_key());
        assert!(is_name(&one.base_key()));
    }
}
