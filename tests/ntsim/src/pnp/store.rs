//! The driver store and the files of the system volume: packages, images, loading.

use crate::io::driver::{Entry, Image};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use inf_file::{Inf, Library, Model, System};
use nt::sys::*;

/// Where a driver's code comes from.
#[derive(Clone)]
pub enum Source {
    /// A function of the test itself, with the address range that is taken for its image.
    Native(Entry),
    /// A portable executable.
    Image(Vec<u8>),
}

/// A package: an INF and the files it names.
pub struct Package {
    /// Published name (oem0.inf).
    pub published: String,
    /// The INF.
    pub inf: Inf,
    /// Files by name.
    pub files: BTreeMap<String, Source>,
}

/// Packages and files.
#[derive(Default)]
pub struct Store {
    /// Packages in order of publishing.
    pub packages: Vec<Package>,
    /// INF files of the system, for Include.
    pub system: Vec<Inf>,
    /// Files of the system volume by lower-case path below `\SystemRoot`.
    pub files: BTreeMap<String, Source>,
}

impl Library for Store {
    fn inf(&self, name: &str) -> Option<&Inf> {
        self.system
            .iter()
            .chain(self.packages.iter().map(|p| &p.inf))
            .find(|i| i.name().eq_ignore_ascii_case(name))
    }
}

/// INF files that packages include; the parts of Windows' own that have an effect on a kernel.
const SYSTEM_INFS: [(&str, &str); 2] = [
    (
        "machine.inf",
        "[Version]\nSignature=\"$Windows NT$\"\n[NO_DRV]\n[NO_DRV.Services]\nAddService=,0x2\n\
         [PciIoSpaceNotRequired]\n[PciD3ColdSupported]\n[PciASPMOptIn]\n",
    ),
    (
        "pci.inf",
        "[Version]\nSignature=\"$Windows NT$\"\n[PciIoSpaceNotRequired]\n[PciIoSpaceNotRequired.HW]\n\
         [PciD3ColdSupported]\n[PciD3ColdSupported.HW]\n",
    ),
];

/// A driver that fits a device.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Index of the package.
    pub package: usize,
    /// Models line.
    pub model: Model,
    /// Rank: lower is better ("How Windows Ranks Drivers").
    pub rank: u32,
    /// ID by which it fits.
    pub matching: String,
    /// Date and version.
    pub version: ((u16, u8, u8), [u16; 4]),
}

impl Store {
    /// Publishes a package; returns its name.
    ///
    /// # Errors
    /// The INF's errors, with file and line.
    pub fn add(
        &mut self,
        name: &str,
        inf: &[u8],
        files: Vec<(String, Source)>,
    ) -> Result<String, Vec<inf_file::Diag>> {
        if self.system.is_empty() {
            for (name, text) in SYSTEM_INFS {
                self.system.push(Inf::parse(name, text.as_bytes())?);
            }
        }
        let inf = Inf::parse(name, inf)?;
        let published = alloc::format!("oem{}.inf", self.packages.len());
        let files = files.into_iter().map(|(n, s)| (n.to_lowercase(), s)).collect();
        self.packages.push(Package { published: published.clone(), inf, files });
        Ok(published)
    }

    /// Takes a package away again (its installed files and registry entries stay).
    pub fn remove(&mut self, published: &str) {
        self.packages.retain(|p| p.published != published);
    }

    /// Drivers for a device, best first.
    ///
    /// # Errors
    /// Errors of an INF's models.
    pub fn candidates(
        &self,
        hardware_ids: &[String],
        compatible_ids: &[String],
        system: &System,
    ) -> Result<Vec<Candidate>, inf_file::Diag> {
        let mut out: Vec<Candidate> = Vec::new();
        for (at, package) in self.packages.iter().enumerate() {
            for model in package.inf.models(system)? {
                let Some((score, matching)) = identifier_score(&model, hardware_ids, compatible_ids) else {
                    continue;
                };
                let feature = package
                    .inf
                    .install(&model.install, model.line, system, self)
                    .map_or(0xFF, |i| i.feature_score);
                let version = package.inf.driver_version().unwrap_or_default();
                // Signature 0 for a trusted signature, feature score, identifier score: 0xSSGGTHHH.
                out.push(Candidate {
                    package: at,
                    model,
                    rank: (feature & 0xFF) << 16 | score,
                    matching,
                    version,
                });
            }
        }
        out.sort_by(|a, b| a.rank.cmp(&b.rank).then(b.version.cmp(&a.version)));
        Ok(out)
    }
}

/// The identifier part of the rank: THHH.
fn identifier_score(model: &Model, hardware: &[String], compatible: &[String]) -> Option<(u32, String)> {
    let mut best: Option<(u32, String)> = None;
    let inf_ids = core::iter::once((0u32, 0usize, &model.hardware_id))
        .chain(model.compatible_ids.iter().enumerate().map(|(n, id)| (1, n + 1, id)));
    for (kind, index, id) in inf_ids {
        let device = hardware
            .iter()
            .enumerate()
            .map(|(n, d)| (0u32, n, d))
            .chain(compatible.iter().enumerate().map(|(n, d)| (2, n, d)));
        for (side, position, own) in device {
            if own.eq_ignore_ascii_case(id) {
                // 0x0000 hardware/hardware, 0x1000 hardware/compatible, 0x2000 compatible/hardware, 0x3000 both.
                let score =
                    (side + kind) * 0x1000 + (position as u32).min(0xFF) + (index as u32).min(0xF) * 0x100;
                if best.as_ref().is_none_or(|(s, _)| score < *s) {
                    best = Some((score, own.to_string()));
                }
            }
        }
    }
    best
}

/// `\SystemRoot\System32\drivers\x.sys`, `System32\…`, `\??\C:\Windows\…` as a key of the file table.
#[must_use]
pub fn file_key(path: &str) -> String {
    let lower = path.to_lowercase().replace('/', "\\");
    for prefix in ["\\systemroot\\", "%systemroot%\\", "\\??\\c:\\windows\\", "c:\\windows\\"] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return rest.into();
        }
    }
    lower.trim_start_matches('\\').into()
}

/// Loads a driver's code.
///
/// # Errors
/// STATUS_OBJECT_NAME_NOT_FOUND without a file, the loader's status otherwise.
pub fn load_image(path: &str) -> Result<Image, NTSTATUS> {
    let source = super::state().store.lock().files.get(&file_key(path)).cloned();
    match source {
        None => Err(STATUS_OBJECT_NAME_NOT_FOUND),
        Some(Source::Native(entry)) => Ok(Image { entry, base: entry as usize, size: 0, id: 0 }),
        Some(Source::Image(bytes)) => super::pe::load(path, &bytes),
    }
}

/// Takes a driver's code away.
pub fn unload_image(image: Image) {
    if image.id != 0 {
        super::pe::unload(image);
    }
}
