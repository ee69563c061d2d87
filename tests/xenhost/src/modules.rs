//! Kernel modules without depmod: found by name, unpacked, ordered by what they say they depend on.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection};

use crate::image::Host;

/// All modules of one kernel.
pub struct Modules<'a> {
    host: &'a Host,
    files: BTreeMap<String, PathBuf>,
    builtin: String,
}

/// A module unpacked, in an order in which each finds what it needs.
pub struct Module {
    /// Name with underscores.
    pub name: String,
    /// The ELF file.
    pub data: Vec<u8>,
}

fn normal(name: &str) -> String {
    name.replace('-', "_")
}

impl<'a> Modules<'a> {
    /// Indexes `lib/modules/<release>` below `root`.
    pub fn new(root: &Path, host: &'a Host) -> Result<Self> {
        let base = root.join("usr/lib/modules");
        let release = fs::read_dir(&base)
            .with_context(|| format!("no kernel modules in {}", base.display()))?
            .filter_map(|entry| entry.ok())
            .map(|entry| entry.path())
            .max()
            .context("no kernel modules")?;
        let builtin = fs::read_to_string(release.join("modules.builtin"))?;
        let order = fs::read_to_string(release.join("modules.order"))?;
        let mut files = BTreeMap::new();
        for line in order.lines() {
            let line = line.trim_end_matches(".ko").trim_end_matches(".o");
            let name = normal(line.rsplit('/').next().unwrap_or(line));
            files.insert(name, release.join(format!("{line}.ko.xz")));
        }
        Ok(Self { host, files, builtin: normal(&builtin) })
    }

    /// The named modules and all they depend on, dependencies first, each once.
    pub fn resolve(&self, names: &[&str]) -> Result<Vec<Module>> {
        let mut found = Vec::new();
        for name in names {
            self.add(&normal(name), &mut found, 0)?;
        }
        Ok(found)
    }

    fn add(&self, name: &str, found: &mut Vec<Module>, depth: u32) -> Result<()> {
        if found.iter().any(|module| module.name == name) || self.builtin.contains(&format!("/{name}.ko")) {
            return Ok(());
        }
        if depth > 16 {
            bail!("kernel modules depend on each other in a circle at {name}");
        }
        let path = self.files.get(name).with_context(|| format!("the kernel has no module {name}"))?;
        let out =
            self.host.program("usr/bin/xz")?.arg("-dc").arg(path).output().context("cannot start `xz`")?;
        if !out.status.success() {
            bail!("cannot unpack {}", path.display());
        }
        let (needed, helpful) = depends(&out.stdout)?;
        for name in needed {
            self.add(&name, found, depth + 1)?;
        }
        // Soft dependencies may be aliases (crypto-…), which only depmod could resolve.
        for name in helpful.iter().filter(|name| self.files.contains_key(*name)) {
            self.add(name, found, depth + 1)?;
        }
        found.push(Module { name: name.to_owned(), data: out.stdout });
        Ok(())
    }
}

/// What a module needs, and what it would like to be there before it.
fn depends(elf: &[u8]) -> Result<(Vec<String>, Vec<String>)> {
    let file = object::File::parse(elf).context("a kernel module is not an ELF file")?;
    let info = file.section_by_name(".modinfo").context("a kernel module has no .modinfo")?;
    let (mut hard, mut soft) = (Vec::new(), Vec::new());
    let names = |list: &str| -> Vec<String> {
        list.split([',', ' ']).filter(|name| !name.is_empty() && *name != "post:").map(normal).collect()
    };
    for entry in info.data()?.split(|byte| *byte == 0) {
        let text = String::from_utf8_lossy(entry);
        if let Some(list) = text.strip_prefix("depends=") {
            hard.extend(names(list));
        } else if let Some(list) = text.strip_prefix("softdep=pre:") {
            soft.extend(names(list));
        }
    }
    Ok((hard, soft))
}
