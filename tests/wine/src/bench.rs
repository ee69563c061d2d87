//! A Windows prefix of Wine, what is installed into it, and what is looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use bootmodel::release::Release;
use host::run;
use xenpv_msi::{Database, File, Product};
use xenpv_setup::names::Driver;

use crate::{real::NEXT, root::Root};

/// The folder that the MSI fills.
pub const FOLDER: &str = "Program Files/XenPV";

/// Seconds that a script may take: it ends by itself in a few, on a busy machine in a minute.
const PATIENCE: u32 = 600;

/// What a program did.
pub struct Run {
    /// The lowest eight bits of its exit code.
    pub code: i32,
    /// What it printed.
    pub text: String,
    /// What the script around it printed after that.
    pub rest: String,
}

/// A prefix with the MSIs beside it.
pub struct Bench {
    root: Root,
    /// The folder that Wine sees as `Z:\work`.
    pub work: PathBuf,
    /// Product codes of the two versions with a stand-in for the setup program.
    pub codes: [String; 2],
    /// Product code of the MSI that ships.
    pub shipped: String,
    /// Product code of the next release.
    pub next: String,
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

/// A release that never was, with the setup program that ships. Gives the MSI's product code.
fn release(work: &Path, name: &str, release: &Release, package: &Path, programs: &Path) -> Result<String> {
    let folder = work.join(name);
    let mut files = Vec::new();
    let mut add = |below: &str, name: &str, data: Vec<u8>| -> Result<()> {
        let place = folder.join(below);
        run::make_dir(&place)?;
        fs::write(place.join(name), &data)?;
        files.push(File { folder: below.to_owned(), name: name.to_owned(), data, version: None });
        Ok(())
    };
    add("", "xenpv-setup.exe", fs::read(package.join("xenpv-setup.exe"))?)?;
    add("drivers", "package.json", release.file("package.json").context("no manifest")?)?;
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        for ending in ["inf", "sys", "cat"] {
            let file = format!("{driver}.{ending}");
            let data = release.file(&format!("{driver}/{file}")).context("a release lacks a file")?;
            add(&format!("drivers/{driver}"), &file, data)?;
        }
    }
    let number = |part| xenpv_setup::package::numbers(&release.version)[part] as u16;
    let database = write(
        &work.join(format!("{name}.msi")),
        &Product {
            version: [number(0), number(1), number(2)],
            files,
            actions: fs::read(programs.join("xenpvmsi.dll"))?,
            licence: "licence".to_owned(),
            time: 1_764_000_000,
        },
    )?;
    database.property("ProductCode").context("no product code")
}

fn write(path: &Path, product: &Product) -> Result<Database> {
    let database = xenpv_msi::database(product);
    fs::write(path, xenpv_msi::write(&database, &product.files)?)?;
    Ok(database)
}

/// The releases around the one that ships. Gives the product code of the next one.
fn releases(work: &Path, package: &Path, programs: &Path) -> Result<String> {
    let make = |name: &str, this: &Release| release(work, name, this, package, programs);
    let code = make("next", &Release::new(NEXT))?;
    make("newer", &Release::new("9.2.0.0"))?;
    let mut unsigned = Release::new("9.3.0.0");
    unsigned.signing = "none";
    make("unsigned", &unsigned)?;
    let mut tampered = Release::new(NEXT);
    tampered.damaged.insert("xenpvvbd/xenpvvbd.sys".to_owned(), b"another driver".to_vec());
    make("tampered", &tampered)?;
    // The manifest is made for the files as they are: only the version tells.
    make("mismatched", &Release::new(NEXT).edit(Driver::Net, |text| text.replace(NEXT, "9.0.0.0")))?;
    Ok(code)
}

impl Bench {
    /// Makes the prefix anew, and the MSIs; `package` is the folder with the one that ships.
    ///
    /// # Errors
    /// Wine cannot be had or does not start.
    pub fn new(programs: &Path, package: &Path) -> Result<Bench> {
        let root = Root::prepare()?;
        let work = run::target().join("wine/work");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        run::make_dir(&work)?;
        let mut codes = [String::new(), String::new()];
        for (version, code) in (1..).zip(&mut codes) {
            let database = write(&work.join(format!("v{version}.msi")), &product(version, programs)?)?;
            *code = database.property("ProductCode").context("no product code")?;
        }
        let msi = fs::read(package.join(concat!("xenpv-", env!("CARGO_PKG_VERSION"), "-x64.msi")))
            .with_context(|| format!("the package was not made in {}", package.display()))?;
        fs::write(work.join("shipped.msi"), &msi)?;
        let shipped = xenpv_msi::read(&msi)?.0.property("ProductCode").context("no product code")?;
        let next = releases(&work, package, programs)?;
        for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
            let (folder, file) = (format!("drivers/{driver}"), format!("drivers/{driver}/{driver}.inf"));
            run::make_dir(&work.join("shipped").join(folder))?;
            fs::copy(package.join(&file), work.join("shipped").join(&file))?;
        }
        for name in ["setup-probe.exe", "xenpvmsi.dll"] {
            fs::copy(programs.join(name), work.join(name))?;
        }
        let bench = Bench { root, work, codes, shipped, next };
        bench.renew()?;
        Ok(bench)
    }

    /// Makes the prefix anew: a copy of one that Wine has made once.
    ///
    /// # Errors
    /// Wine does not start.
    pub fn renew(&self) -> Result<()> {
        let (prefix, fresh) = (self.work.join("prefix"), self.root.fresh_prefix());
        if prefix.exists() {
            fs::remove_dir_all(&prefix)?;
        }
        let copy = |from: &Path, to: &Path| {
            run::run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to))
        };
        if fresh.exists() {
            return copy(&fresh, &prefix);
        }
        run::step("starting Wine");
        self.wine("wine64 wineboot -i; wineserver -w")?;
        fs::create_dir_all(self.drive().join("probe"))?;
        // Under its name only when it is whole.
        let part = fresh.with_extension("part");
        if part.exists() {
            fs::remove_dir_all(&part)?;
        }
        copy(&prefix, &part)?;
        Ok(fs::rename(part, fresh)?)
    }

    /// The C: drive.
    pub fn drive(&self) -> PathBuf {
        self.work.join("prefix/drive_c")
    }

    /// Runs a script with a display.
    ///
    /// # Errors
    /// Its exit code and last words.
    pub fn wine(&self, script: &str) -> Result<String> {
        let display = "Xvfb :7 -screen 0 800x600x24 -fbdir /work >/work/xvfb.log 2>&1 &\n\
                       looks=0; until test -e /tmp/.X11-unix/X7; do looks=$((looks + 1)); test $looks -lt 300; sleep 0.2; done\n";
        self.root.shell(&self.work, &format!("{display}{script}"), PATIENCE)
    }

    /// Runs msiexec; gives its exit code. The log is kept as `<name>.log`.
    ///
    /// # Errors
    /// Wine fails.
    pub fn msiexec(&self, name: &str, arguments: &str) -> Result<i32> {
        let script = format!(
            "code=0; wine64 msiexec {arguments} /qn '/l*v' 'Z:\\work\\{name}.log' || code=$?; wineserver -w; echo \"code=$code\""
        );
        let said = self.wine(&script).with_context(|| name.to_owned())?;
        let code =
            said.lines().rev().find_map(|line| line.strip_prefix("code=")).context("msiexec said nothing")?;
        // A Unix exit code keeps the lowest eight bits of a Windows one.
        Ok(code.parse()?)
    }

    /// A script's lines that run a program; its arguments are words without spaces.
    pub fn command(program: &str, arguments: &str) -> String {
        let words: String = arguments.split_whitespace().map(|word| format!(" '{word}'")).collect();
        format!("code=0; wine64 '{program}'{words} 2>&1 || code=$?; echo \"== $code\"")
    }

    /// Runs a script with one [`command`](Self::command) in it.
    ///
    /// # Errors
    /// Wine fails.
    pub fn script(&self, script: &str) -> Result<Run> {
        let said = self.wine(&format!("{script}\nwineserver -w"))?;
        let (text, rest) = said.split_once("== ").context("the program did not end")?;
        let (code, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        Ok(Run { code: code.trim().parse()?, text: text.to_owned(), rest: rest.to_owned() })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// Wine fails.
    pub fn run(&self, program: &str, arguments: &str) -> Result<Run> {
        self.script(&Self::command(program, arguments))
    }

    /// Sets a text in the registry.
    ///
    /// # Errors
    /// Wine fails.
    pub fn registry(&self, key: &str, name: &str, value: &str) -> Result<()> {
        self.wine(&format!("wine64 reg add '{key}' /v '{name}' /d '{value}' /f; wineserver -w")).map(drop)
    }

    /// Reads a file of the drive and deletes it.
    pub fn take(&self, name: &str) -> String {
        let path = self.drive().join(name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text
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
        self.take("probe/calls.txt").lines().map(|line| line.trim_end().to_owned()).collect()
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
                // Wine keeps the catalogs of the packages that it deletes.
                let own = [
                    "probe",
                    "users/root/AppData/Local/Microsoft",
                    "windows/temp",
                    "windows/system32/catroot",
                ];
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
