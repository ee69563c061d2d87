//! `build`: three drivers with symbols and maps in `target/drivers`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use host::{need, run};

use crate::{
    link, pe, setup, stack,
    toolchain::{self, Route, TARGET, Toolchain},
    wdk,
};

/// A driver: the crate, and the name of its file and service (DESIGN.md decision 14).
pub struct Driver {
    /// Package in this workspace.
    pub package: &'static str,
    /// Base name of the shipped files.
    pub file: &'static str,
    /// What Explorer and `!lmi` show.
    pub description: &'static str,
}

/// All that ship.
pub const DRIVERS: [Driver; 3] = [
    Driver { package: "xenpci", file: "xenpvpci", description: "Xen PV bus driver" },
    Driver { package: "xenvbd", file: "xenpvvbd", description: "Xen PV disk driver" },
    Driver { package: "xennet", file: "xenpvnet", description: "Xen PV network driver" },
];

/// Drivers that only the tests load: built by `cargo xtask test`, or by name.
pub const TEST_DRIVERS: [Driver; 1] =
    [Driver { package: "nt-selftest", file: "nt-selftest", description: "Self-test of the nt crate" }];

/// Options of `build`.
#[derive(clap::Args)]
#[group(id = "build-options")]
pub struct Options {
    /// Which compiler to use
    #[arg(long, value_enum, default_value = "auto")]
    pub route: Route,
    /// Build only this driver (xenpci, xenvbd or xennet)
    #[arg(long)]
    pub only: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { route: Route::Auto, only: None }
    }
}

/// Where the drivers are put.
pub fn out_dir() -> PathBuf {
    run::target().join("drivers")
}

/// `cargo xtask build`.
pub fn command(options: &Options) -> Result<String> {
    let names = drivers(options)?;
    Ok(format!("built {} in {}", names.join(", "), out_dir().display()))
}

/// Builds the drivers that the options name; gives one line for each.
pub fn drivers(options: &Options) -> Result<Vec<String>> {
    if let Some(only) = &options.only
        && !DRIVERS.iter().chain(&TEST_DRIVERS).any(|driver| driver.package == only)
    {
        anyhow::bail!("there is no driver `{only}`; there are xenpci, xenvbd and xennet");
    }
    let chosen = || {
        let tests = TEST_DRIVERS.iter().filter(|_| options.only.is_some());
        let all = DRIVERS.iter().chain(tests);
        all.filter(|driver| options.only.as_deref().is_none_or(|only| only == driver.package))
    };
    if wdk::available() && matches!(options.route, Route::Auto | Route::Wdk) {
        return chosen().map(wdk::build).collect();
    }
    let out = out_dir();
    run::make_dir(&out)?;
    let compiler = toolchain::find(options.route, TARGET)?;
    need::ensure(&[setup::LLD, setup::RC])?;
    run::step(&format!("compiling with {}", compiler.describe()?));
    let mut lines = Vec::new();
    for driver in chosen() {
        lines.push(one(&compiler, driver)?);
    }
    Ok(lines)
}

/// Builds the drivers that only the tests load.
pub fn test_drivers(options: &Options) -> Result<()> {
    for driver in &TEST_DRIVERS {
        drivers(&Options { route: options.route, only: Some(driver.package.to_owned()) })?;
    }
    Ok(())
}

fn one(compiler: &Toolchain, driver: &Driver) -> Result<String> {
    run::step(&format!("{} -> {}.sys", driver.package, driver.file));
    let flags = ["-Cpanic=abort", "-Ccontrol-flow-guard=yes", "-Cforce-unwind-tables=yes"];
    let lib = compiler
        .staticlib(driver.package, TARGET, &flags, &[])?
        .join(format!("{}.lib", driver.package.replace('-', "_")));
    // Link in a folder of its own with relative names, so that no path of this machine is written
    // into the files; move the results over only when all is well.
    let out = out_dir();
    let work = tempfile::Builder::new()
        .prefix(".link-")
        .tempdir_in(&out)
        .context("cannot write to the target folder")?;
    fs::copy(&lib, work.path().join(format!("{}.lib", driver.file)))
        .with_context(|| format!("the compiler left no {}", lib.display()))?;
    link::link(work.path(), driver)?;
    let image = fs::read(work.path().join(format!("{}.sys", driver.file)))?;
    let map = fs::read_to_string(work.path().join(format!("{}.map", driver.file)))?;
    pe::check(&image).with_context(|| format!("{}.sys is not fit to ship", driver.file))?;
    let depth =
        stack::check(&image, &map).with_context(|| format!("{}.sys uses too much stack", driver.file))?;
    for ending in ["sys", "pdb", "map"] {
        let name = format!("{}.{ending}", driver.file);
        fs::rename(work.path().join(&name), out.join(&name))?;
    }
    Ok(format!("{}.sys ({} KiB, stack {depth} bytes)", driver.file, image.len() / 1024))
}
