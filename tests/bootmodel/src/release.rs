//! Releases: the shipped INF files with another version in them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use xenpv_setup::names::Driver;

const INFS: [(Driver, &str); 3] = [
    (Driver::Pci, include_str!("../../../inf/xenpvpci.inf")),
    (Driver::Vbd, include_str!("../../../inf/xenpvvbd.inf")),
    (Driver::Net, include_str!("../../../inf/xenpvnet.inf")),
];

/// One release.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// `signing` in its manifest.
    pub signing: &'static str,
    /// Files that are not what the manifest says; empty content is a file that is not there.
    pub damaged: BTreeMap<String, Vec<u8>>,
    infs: BTreeMap<Driver, String>,
    parsed: BTreeMap<Driver, inf_file::Inf>,
}

impl Release {
    /// The tree's INF files as release `version`.
    ///
    /// # Panics
    /// When one of them is wrong.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let infs = INFS.iter().map(|(driver, text)| (*driver, with_version(text, version))).collect();
        let mut release = Self {
            version: version.to_owned(),
            signing: "whql",
            damaged: BTreeMap::new(),
            infs,
            parsed: BTreeMap::new(),
        };
        release.parse();
        release
    }

    /// The same with a changed INF text.
    ///
    /// # Panics
    /// When it is not sound any more.
    #[must_use]
    pub fn edit(mut self, driver: Driver, change: impl Fn(&str) -> String) -> Self {
        if let Some(text) = self.infs.get_mut(&driver) {
            *text = change(text);
        }
        self.parse();
        self
    }

    fn parse(&mut self) {
        let parse = |(driver, text): (&Driver, &String)| {
            let name = format!("{}.inf", driver.name());
            let inf = inf_file::Inf::parse(&name, text.as_bytes());
            (*driver, inf.expect("the shipped INF files are sound"))
        };
        self.parsed = self.infs.iter().map(parse).collect();
    }

    /// The parsed INF file of a driver.
    #[must_use]
    pub fn inf(&self, driver: Driver) -> &inf_file::Inf {
        &self.parsed[&driver]
    }

    /// A file of the driver folder, by its path in it.
    #[must_use]
    pub fn file(&self, relative: &str) -> Option<Vec<u8>> {
        match self.damaged.get(relative) {
            Some(content) => (!content.is_empty()).then(|| content.clone()),
            None if relative == "package.json" => Some(self.manifest()),
            None => self.released(relative),
        }
    }

    fn released(&self, relative: &str) -> Option<Vec<u8>> {
        let (folder, file) = relative.split_once('/')?;
        let driver = Driver::ALL.into_iter().find(|driver| driver.name() == folder)?;
        match file.strip_prefix(folder)? {
            ".inf" => Some(self.infs[&driver].clone().into_bytes()),
            ".sys" => Some(format!("image of {folder} {}", self.version).into_bytes()),
            ".cat" => Some(format!("catalog of {folder} {}", self.version).into_bytes()),
            _ => None,
        }
    }

    fn manifest(&self) -> Vec<u8> {
        let files: BTreeMap<String, String> = Driver::ALL
            .into_iter()
            .flat_map(|driver| ["inf", "sys", "cat"].map(|ending| format!("{0}/{0}.{ending}", driver.name())))
            .map(|name| {
                let digest = Sha256::digest(self.released(&name).unwrap_or_default());
                (name, digest.iter().map(|byte| format!("{byte:02x}")).collect())
            })
            .collect();
        let manifest =
            serde_json::json!({ "version": self.version, "signing": self.signing, "files": files });
        manifest.to_string().into_bytes()
    }
}

fn with_version(text: &str, version: &str) -> String {
    text.lines()
        .map(|line| match line.split_once(',') {
            Some((start, _)) if start.trim_start().to_ascii_lowercase().starts_with("driverver") => {
                format!("{start},{version}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect()
}
