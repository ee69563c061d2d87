//! `test`: everything that proves the project, in the order in which it fails fastest.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use host::run;

use crate::{
    build::{self, DRIVERS},
    package, rig, routes, setup, userland,
};

/// Options of `test`.
#[derive(clap::Args)]
#[group(id = "test-options")]
pub struct Options {
    /// Only these parts; without it all but `xen`
    #[arg(long = "part", value_enum)]
    parts: Vec<Part>,
    #[command(flatten)]
    build: build::Options,
}

/// What `test` is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Build the drivers and check the images
    Drivers,
    /// All tests of the workspace, scenarios with the built drivers included
    Host,
    /// The fuzz targets over their seeds and random bytes
    Fuzz,
    /// Concurrency models (loom)
    Loom,
    /// The other compiler route makes drivers that boot, too
    Routes,
    /// A second build at another path gives the same bytes
    Repro,
    /// The default list of scenarios on real Xen
    Xen,
    /// The installation package, verified by signify
    Package,
    /// The MSI in Wine
    Wine,
    /// Programs and package, made at another path, have the same bytes
    ReproPackage,
}

const PARTS: [Part; 10] = [
    Part::Drivers,
    Part::Host,
    Part::Fuzz,
    Part::Loom,
    Part::Routes,
    Part::Repro,
    Part::Xen,
    Part::Package,
    Part::Wine,
    Part::ReproPackage,
];

/// Parts that run only when they are named: they take long, or a quiet machine.
const BY_NAME: [Part; 2] = [Part::ReproPackage, Part::Xen];

/// `cargo xtask test`.
pub fn command(options: &Options) -> Result<String> {
    setup::for_tests()?;
    let chosen = |part: &Part| {
        if options.parts.is_empty() { !BY_NAME.contains(part) } else { options.parts.contains(part) }
    };
    let parts: Vec<Part> = PARTS.into_iter().filter(chosen).collect();
    let start = Instant::now();
    let mut other = None;
    for (number, part) in parts.iter().enumerate() {
        run::step(&format!("test {}/{}: {part:?}", number + 1, parts.len()));
        match part {
            Part::Drivers => {
                build::drivers(&options.build)?;
                build::test_drivers(&options.build)?;
            }
            Part::Host => host()?,
            Part::Fuzz => fuzz()?,
            Part::Loom => loom()?,
            Part::Routes => routes::check(&options.build)?,
            Part::Repro => repro(&options.build, Elsewhere::once(&mut other)?)?,
            Part::Xen => rig::list("default", &options.build)?,
            Part::Package => package::test(options.build.route)?,
            Part::Wine => wine(&options.build)?,
            Part::ReproPackage => repro_package(&options.build, Elsewhere::once(&mut other)?)?,
        }
    }
    Ok(format!("all tests passed ({} parts, {} s)", parts.len(), start.elapsed().as_secs()))
}

fn host() -> Result<()> {
    run::run(
        run::cargo()
            .args(["test", "--workspace", "--locked"])
            .env("XENPV_DRIVERS", build::out_dir())
            .env("XEN_HEADERS", setup::xen_headers()?),
    )
}

fn fuzz() -> Result<()> {
    run::run(
        run::cargo()
            .args(["test", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"])
            .env("CARGO_TARGET_DIR", run::target().join("fuzz")),
    )
}

fn loom() -> Result<()> {
    run::run(
        run::cargo()
            .args(["test", "--locked", "--release", "-p", "loom-models"])
            .env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", run::target().join("loom")),
    )
}

/// Downloads and unpacks the Wine that `wine` runs.
pub fn wine_root() -> Result<()> {
    run::run(run::cargo().args(["run", "--quiet", "--locked", "--package", "winehost", "--", "--prepare"]))
}

fn wine(options: &build::Options) -> Result<()> {
    let package = package::made(options.route)?;
    let programs = userland::for_wine(options.route)?;
    run::run(
        run::cargo()
            .args(["run", "--quiet", "--locked", "--package", "winehost", "--", "--programs"])
            .arg(programs)
            .arg("--package")
            .arg(package),
    )
}

/// A copy of the tree at another path, with a target folder of its own.
struct Elsewhere {
    dir: tempfile::TempDir,
}

impl Elsewhere {
    /// The copy, made when it is first asked for.
    fn once(there: &mut Option<Self>) -> Result<&Self> {
        if there.is_none() {
            *there = Some(Self::new()?);
        }
        there.as_ref().context("it was just made")
    }

    fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("repro-elsewhere-").tempdir();
        let this = Self { dir: dir.context("cannot make a folder")? };
        let files = run::output(
            Command::new("git")
                .args(["ls-files", "--cached", "--others", "--exclude-standard"])
                .current_dir(run::root()),
        )?;
        for file in files.lines() {
            let from = run::root().join(file);
            if !from.is_file() {
                continue;
            }
            let to = this.tree().join(file);
            run::make_dir(to.parent().unwrap_or(&to))?;
            fs::copy(&from, &to)?;
        }
        Ok(this)
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("a/longer/path")
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join("t")
    }
}

/// A command of xtask in a tree.
fn again(tree: &Path, target: &Path, options: &build::Options, command: &str) -> Command {
    let route = format!("{:?}", options.route).to_lowercase();
    let mut call = run::cargo();
    call.current_dir(tree).env("CARGO_TARGET_DIR", target);
    call.args(["run", "--quiet", "--package", "xtask", "--", command, "--route", &route]);
    call
}

/// Builds elsewhere, and compares with what the first build made.
fn repro(options: &build::Options, other: &Elsewhere) -> Result<()> {
    let first = hashes(&build::out_dir())?;
    run::run(&mut again(&other.tree(), &other.target(), options, "build"))?;
    let second = hashes(&other.target().join("drivers"))?;
    compare(&first, &second)
}

/// The same with the programs and the whole package, unsigned; the drivers are those of the first build.
fn repro_package(options: &build::Options, other: &Elsewhere) -> Result<()> {
    let time = package::time()?;
    let made = |tree: &Path, target: &Path| -> Result<BTreeMap<String, String>> {
        let out = target.join("package-unsigned");
        let mut call = again(tree, target, options, "package");
        call.env("SOURCE_DATE_EPOCH", &time).args(["--", "--unsigned", "--drivers"]).arg(build::out_dir());
        run::run(call.arg("--out").arg(&out))?;
        let mut found = BTreeMap::new();
        for name in ["xenpv-setup.exe".to_owned(), format!("xenpv-{}-x64.msi", env!("CARGO_PKG_VERSION"))] {
            found.insert(name.clone(), hash(&out.join(name))?);
        }
        // Every other file is in there with its own.
        found.insert("SHA256SUMS".to_owned(), hash(&out.join("SHA256SUMS"))?);
        Ok(found)
    };
    let first = made(&run::root(), &run::target())?;
    let second = made(&other.tree(), &other.target())?;
    compare(&first, &second)
}

fn hash(path: &Path) -> Result<String> {
    let data = fs::read(path).with_context(|| format!("{} was not made", path.display()))?;
    Ok(Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn compare(first: &BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Result<()> {
    ensure!(!first.is_empty(), "no drivers were built");
    ensure!(
        first.keys().eq(second.keys()),
        "the builds made different files: {:?} {:?}",
        first.keys(),
        second.keys()
    );
    let different: Vec<&String> = first.keys().filter(|name| first[*name] != second[*name]).collect();
    if !different.is_empty() {
        bail!("two builds of the same sources differ in {different:?}");
    }
    Ok(())
}

fn hashes(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for driver in DRIVERS {
        for ending in ["sys", "pdb"] {
            let path: PathBuf = dir.join(format!("{}.{ending}", driver.file));
            found.insert(format!("{}.{ending}", driver.file), hash(&path)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_builds_are_found() {
        let one = BTreeMap::from([("a.sys".to_owned(), "1".to_owned())]);
        let two = BTreeMap::from([("a.sys".to_owned(), "2".to_owned())]);
        assert!(compare(&one, &one.clone()).is_ok());
        assert!(compare(&one, &two).unwrap_err().to_string().contains("a.sys"));
        assert!(compare(&one, &BTreeMap::new()).is_err());
    }
}
