//! `package`: builds drivers and programs, and calls `installer/package` to make what is shipped.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use host::{need, run};

use crate::{
    build, setup,
    toolchain::{self, Route, TARGET},
    userland,
};

/// Options of `package`.
#[derive(clap::Args)]
#[group(id = "package-options")]
pub struct Options {
    /// Which compiler to use
    #[arg(long, value_enum, default_value = "auto")]
    route: Route,
    /// Who signs, and more: `cargo xtask package -- --help`. Without any, the certificate for tests
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// `cargo xtask package`.
pub fn command(options: &Options) -> Result<String> {
    let given = |name: &str| {
        options.arguments.iter().any(|argument| argument == name || argument.starts_with(&format!("{name}=")))
    };
    let mut call = run::cargo();
    call.args(["run", "--quiet", "--locked", "--package", "xenpv-package", "--"]);
    if given("--help") || given("-h") {
        run::run(call.args(&options.arguments))?;
        return Ok("see above".to_owned());
    }
    need::ensure(&setup::PACKAGE)?;
    if !given("--drivers") {
        build::drivers(&build::Options { route: options.route, only: None })?;
        call.arg("--drivers").arg(build::out_dir());
    }
    if !given("--userland") {
        call.arg("--userland").arg(userland::build(options.route)?);
    }
    if !given("--out") {
        call.arg("--out").arg(run::target().join("package"));
    }
    if !given("--time") {
        call.arg("--time").arg(time()?);
    }
    if !given("--compiler") {
        call.arg("--compiler").arg(toolchain::find(options.route, TARGET)?.describe()?);
    }
    call.arg("--root").arg(run::root());
    call.arg("--test-certificates").arg(run::target().join("test-signing"));
    run::run(call.args(&options.arguments))?;
    Ok("the package is made".to_owned())
}

/// The date of everything in the package: `SOURCE_DATE_EPOCH`, else that of the last commit.
pub fn time() -> Result<String> {
    if let Ok(time) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let time = run::output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(run::root()))
        .context("this is no git checkout: set SOURCE_DATE_EPOCH")?;
    Ok(time.trim().to_owned())
}

/// The verifier that has nothing to do with the tools that sign, and what it reads MSI files with.
const SIGNIFY: [&str; 2] = ["signify==0.9.3", "olefile==0.47"];

/// The folder of the package with the certificate for tests, which is made of the drivers that are there.
pub fn made(route: Route) -> Result<PathBuf> {
    let drivers = build::out_dir();
    let mut arguments = Vec::new();
    // Those that the other parts have built and tested, if they are there.
    if build::DRIVERS.iter().all(|driver| drivers.join(format!("{}.sys", driver.file)).is_file()) {
        arguments = vec!["--drivers".to_owned(), drivers.display().to_string()];
    }
    command(&Options { route, arguments })?;
    Ok(run::target().join("package"))
}

/// The Python that has signify.
pub fn signify() -> Result<PathBuf> {
    need::ensure(&[setup::VENV])?;
    let venv = run::target().join("signify");
    let python = venv.join("bin/python");
    if !venv.join("ready").is_file() {
        run::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        run::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(SIGNIFY))
            .context("signify could not be installed from PyPI")?;
        std::fs::write(venv.join("ready"), SIGNIFY.join(" "))?;
    }
    Ok(python)
}

/// `test --part package`: makes the package with the certificate for tests, and has it verified and read by others.
pub fn test(route: Route) -> Result<()> {
    let package = made(route)?;
    run::run(
        Command::new(signify()?)
            .arg(run::root().join("installer/package/tests/signify_check.py"))
            .arg(&package)
            .arg(run::target().join("test-signing/certificate.pem")),
    )?;
    msitools(&package)
}

/// GNOME's msitools, with an implementation of everything of their own, read the MSI and unpack its files.
fn msitools(package: &Path) -> Result<()> {
    let (info, extract) = (setup::MSITOOLS[0].get()?, setup::MSITOOLS[1].get()?);
    let msi = package.join(format!("xenpv-{}-x64.msi", env!("CARGO_PKG_VERSION")));
    let told = |arguments: &[&str]| {
        run::output(need::command(&info).arg(arguments[0]).arg(&msi).args(&arguments[1..]))
    };
    let summary = told(&["suminfo"])?;
    for wanted in ["x64;1033", "Subject: Xen PV drivers"] {
        ensure!(summary.contains(wanted), "msiinfo does not see \"{wanted}\" in the summary: {summary}");
    }
    let mut rows = 0;
    for table in told(&["tables"])?.lines().filter(|table| !table.starts_with('_')) {
        let exported = told(&["export", table])?;
        // Names, types and keys of the columns, then the rows.
        let lines = exported.lines().count();
        ensure!(lines >= 3, "msiinfo cannot export {table}: {exported}");
        rows += lines - 3;
    }
    let place = tempfile::tempdir().context("cannot make a folder")?;
    run::output(need::command(&extract).arg("-C").arg(place.path()).arg(&msi))?;
    let unpacked = place.path().join("XenPV");
    let files: Vec<String> = build::DRIVERS
        .iter()
        .flat_map(|driver| {
            ["inf", "sys", "cat"].map(|ending| format!("drivers/{0}/{0}.{ending}", driver.file))
        })
        .chain(["drivers/package.json", "xenpv-setup.exe"].map(str::to_owned))
        .collect();
    for file in &files {
        equal(&unpacked.join(file), &package.join(file))?;
    }
    println!("msitools: {rows} rows read, {} files as they were packed", files.len());
    ensure!(rows > 200, "only {rows} rows");
    Ok(())
}

fn equal(one: &Path, other: &Path) -> Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{} is not there", path.display()));
    ensure!(read(one)? == read(other)?, "{} is not {}", one.display(), other.display());
    Ok(())
}
