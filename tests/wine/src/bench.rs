//! A Windows prefix of Wine, what is installed into it, and what is looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use host::run;
use xenpv_msi::{File, Product};

use crate::root::Root;

/// The folder that the MSI fills.
pub const FOLDER: &str = "Program Files/XenPV";

/// A prefix with two versions of the MSI beside it.
pub struct Bench {
    root: Root,
    work: PathBuf,
    /// Product codes of the two versions.
    pub codes: [String; 2],
}

/// A product whose driver files are only told apart by their content.
fn product(version: u16, programs: &Path) -> Result<Product> {
    let read = |name: &str| {
        fs::read(programs.join(name))
            .with_context(|| format!("{name} was not built in {}", programs.display()))
    };
    let mut files = vec![
        File {
            folder: String::new(),
            name: "xenpv-setup.exe".into(),
            data: read("setup-probe.exe")?,
            version: None,
        },
        File { folder: String::new(), name: "LICENSE.txt".into(), data: b"licence".to_vec(), version: None },
    ];
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        for ending in ["inf", "sys", "cat"] {
            files.push(File {
                folder: format!("drivers/{driver}"),
                name: format!("{driver}.{ending}"),
                data: format!("{driver}.{ending} of version {version}").into_bytes(),
                version: None,
            });
        }
    }
    let licence = fs::read_to_string(run::root().join("LICENSE-GPL")).context("no licence")?;
    Ok(Product {
        version: [version, 0, 0],
        files,
        actions: read("xenpvmsi.dll")?,
        licence,
        time: 1_764_000_000,
    })
}

impl Bench {
    /// Makes the prefix anew, and the MSIs.
    ///
    /// # Errors
    /// Wine cannot be had or does not start.
    pub fn new(programs: &Path) -> Result<Bench> {
        let root = Root::prepare()?;
        let work = run::target().join("wine/work");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        run::make_dir(&work)?;
        let mut codes = [String::new(), String::new()];
        for (version, code) in (1..).zip(&mut codes) {
            let product = product(version, programs)?;
            let database = xenpv_msi::database(&product);
            *code = database.property("ProductCode").context("no product code")?;
            fs::write(work.join(format!("v{version}.msi")), xenpv_msi::write(&database, &product.files)?)?;
        }
        let bench = Bench { root, work, codes };
        bench.renew()?;
        Ok(bench)
    }

    /// Makes the prefix anew.
    ///
    /// # Errors
    /// Wine does not start.
    pub fn renew(&self) -> Result<()> {
        let prefix = self.work.join("prefix");
        if prefix.exists() {
            fs::remove_dir_all(&prefix)?;
        }
        run::step("starting Wine");
        self.wine("wine64 wineboot -i; wineserver -w", 300)?;
        Ok(fs::create_dir_all(self.drive().join("probe"))?)
    }

    /// The C: drive.
    pub fn drive(&self) -> PathBuf {
        self.work.join("prefix/drive_c")
    }

    /// Runs a script with a display.
    ///
    /// # Errors
    /// Its exit code and last words.
    pub fn wine(&self, script: &str, seconds: u32) -> Result<String> {
        let display = "Xvfb :7 -screen 0 800x600x24 -fbdir /work >/work/xvfb.log 2>&1 &\n\
                       for i in 1 2 3 4 5 6 7 8 9 10; do test -e /tmp/.X11-unix/X7 && break; sleep 0.3; done\n";
        self.root.shell(&self.work, &format!("{display}{script}"), seconds)
    }

    /// Runs msiexec; gives its exit code. The log is kept as `<name>.log`.
    ///
    /// # Errors
    /// Wine fails.
    pub fn msiexec(&self, name: &str, arguments: &str) -> Result<i32> {
        let script = format!(
            "code=0; wine64 msiexec {arguments} /qn '/l*v' 'Z:\\work\\{name}.log' || code=$?; wineserver -w; echo \"code=$code\""
        );
        let said = self.wine(&script, 120).with_context(|| name.to_owned())?;
        let code =
            said.lines().rev().find_map(|line| line.strip_prefix("code=")).context("msiexec said nothing")?;
        // A Unix exit code keeps the lowest eight bits of a Windows one.
        Ok(code.parse()?)
    }

    /// The log that msiexec wrote.
    pub fn log(&self, name: &str) -> String {
        let bytes = fs::read(self.work.join(format!("{name}.log"))).unwrap_or_default();
        match bytes.strip_prefix(&[0xFF, 0xFE]) {
            Some(wide) => {
                let units: Vec<u16> =
                    wide.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            None => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// How the setup program was called since the last time, in order.
    pub fn calls(&self) -> Vec<String> {
        let path = self.drive().join("probe/calls.txt");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Tells the setup program how to end.
    ///
    /// # Errors
    /// The drive cannot be written.
    pub fn order(&self, text: &str) -> Result<()> {
        Ok(fs::write(self.drive().join("probe/orders.txt"), text)?)
    }

    /// Content of an installed file.
    pub fn file(&self, name: &str) -> Option<String> {
        let bytes = fs::read(self.drive().join(FOLDER).join(name)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// All files of the drive, without what Wine and the tests write by themselves.
    pub fn files(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut folders = vec![self.drive()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(self.drive()).unwrap_or(&path).to_string_lossy().into_owned();
                let own = ["probe", "users/root/AppData/Local/Microsoft", "windows/temp"];
                if own.iter().any(|prefix| name.starts_with(prefix)) {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                }
                // The installer's own folder, which Windows always has.
                if name != "windows/Installer" {
                    all.insert(name);
                }
            }
        }
        all
    }

    /// Keys of the machine's registry that name the product: key and its values' lines.
    pub fn keys(&self) -> BTreeMap<String, Vec<String>> {
        let text = fs::read_to_string(self.work.join("prefix/system.reg")).unwrap_or_default();
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                key = name.split(']').next().unwrap_or("").to_owned();
                keys.entry(key.clone()).or_default();
            } else if !line.is_empty() && !line.starts_with('#') {
                keys.entry(key.clone()).or_default().push(line.to_owned());
            }
        }
        keys
    }
}
