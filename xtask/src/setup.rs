//! Installs what is missing: Debian packages through the machine's own apt configuration, as root or
//! with sudo; without either they are downloaded and unpacked under `target/debian`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::run;

/// Packages for building drivers.
const BUILD: (&[&str], &[&str]) = (
    &["rustc-web", "cargo-web", "rust-web-src", "lld-19", "llvm-19"],
    &["/usr/bin/lld-link-19", "/usr/bin/llvm-rc-19"],
);
/// Packages for the tests.
const TEST: (&[&str], &[&str]) = (
    &["libxen-dev", "gcc", "libc6-dev", "mtools", "dosfstools"],
    &["/usr/include/xen/xen.h", "/usr/bin/mcopy", "/usr/sbin/fsck.fat"],
);

/// Where packages are unpacked when they cannot be installed.
fn private() -> PathBuf {
    run::target().join("debian")
}

/// The folder below which `file` (an absolute path of a package) is: `/` or the private one.
pub fn prefix_of(file: &str) -> Result<PathBuf> {
    [PathBuf::from("/"), private()]
        .into_iter()
        .find(|prefix| prefix.join(&file[1..]).exists())
        .with_context(|| format!("{file} is missing: run `cargo xtask setup`"))
}

/// The full path of a package's file, wherever it was put.
pub fn tool(file: &str) -> Result<PathBuf> {
    Ok(prefix_of(file)?.join(&file[1..]))
}

/// Everything that the commands of xtask need.
pub fn all() -> Result<()> {
    packages(BUILD.0, BUILD.1)?;
    packages(TEST.0, TEST.1)
}

/// What the link step needs.
pub fn linker() -> Result<()> {
    packages(&["lld-19", "llvm-19"], &["/usr/bin/lld-link-19", "/usr/bin/llvm-rc-19"])
}

/// What the tests need.
pub fn for_tests() -> Result<()> {
    packages(TEST.0, TEST.1)
}

fn installed(package: &str) -> bool {
    run::output(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_ok_and(|status| status.contains("install ok installed"))
}

/// Makes sure that the packages are there; `files` are paths that prove it when they were unpacked
/// privately or came by other means.
pub fn packages(names: &[&str], files: &[&str]) -> Result<()> {
    if !files.is_empty() && files.iter().all(|file| prefix_of(file).is_ok()) && names.iter().all(|n| here(n))
    {
        return Ok(());
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| !here(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if run::on_path("apt-get").is_none() {
        bail!(
            "this machine has no apt; install the equivalents of these Debian packages by hand: {}",
            missing.join(" ")
        );
    }
    run::step(&format!("installing {}", missing.join(" ")));
    if is_root() {
        return apt(&mut Command::new("apt-get"), &missing);
    }
    if sudo_works() {
        return apt(Command::new("sudo").args(["-n", "apt-get"]), &missing);
    }
    unpack(&missing)
}

fn here(package: &str) -> bool {
    installed(package) || private().join(".done").join(package).exists()
}

fn is_root() -> bool {
    run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn sudo_works() -> bool {
    run::on_path("sudo").is_some() && run::output(Command::new("sudo").args(["-n", "true"])).is_ok()
}

fn apt(command: &mut Command, names: &[&str]) -> Result<()> {
    let again = format!("as root: apt-get update && apt-get install {}", names.join(" "));
    let program = command.get_program().to_owned();
    let first: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let call = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(&first).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run::output(&mut command)
    };
    let install: Vec<&str> =
        ["install", "-y", "-q", "--no-install-recommends"].into_iter().chain(names.iter().copied()).collect();
    // The lists may be old or absent: refresh them only when the first try fails.
    if call(&install).is_ok() {
        return Ok(());
    }
    call(&["update", "-q"]).with_context(|| format!("cannot refresh the package lists; {again}"))?;
    call(&install).with_context(|| format!("cannot install packages; {again}"))?;
    Ok(())
}

/// Downloads packages with their missing dependencies and unpacks them privately.
fn unpack(names: &[&str]) -> Result<()> {
    let dir = private();
    let archives = dir.join("archives");
    run::make_dir(&archives.join("partial"))?;
    let list = run::output(
        Command::new("apt-get")
            .args(["install", "--print-uris", "-y", "-qq", "--no-install-recommends"])
            .args(names),
    )
    .with_context(|| {
        format!(
            "neither root nor sudo, and apt cannot resolve the packages; as root: apt-get install {}",
            names.join(" ")
        )
    })?;
    // Lines are: 'uri' name_version_arch.deb size checksum
    for line in list.lines() {
        let Some(file) = line.split_whitespace().nth(1) else { continue };
        let package = file.split('_').next().unwrap_or(file);
        if private().join(".done").join(package).exists() {
            continue;
        }
        run::output(Command::new("apt-get").args(["download", package]).current_dir(&archives))
            .with_context(|| format!("cannot download {package}"))?;
        let deb = newest(&archives, package)?;
        run::output(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&dir))?;
        run::make_dir(&dir.join(".done"))?;
        std::fs::write(dir.join(".done").join(package), b"")?;
    }
    for name in names {
        std::fs::write(dir.join(".done").join(name), b"")?;
    }
    Ok(())
}

fn newest(dir: &Path, package: &str) -> Result<PathBuf> {
    let start = format!("{package}_");
    std::fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start)))
        .max()
        .with_context(|| format!("{package} was not downloaded"))
}
