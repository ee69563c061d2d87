//! The rustup route, proven on machines that have no rustup target: a toolchain laid out as rustup lays it
//! out, of Debian's compiler and the library that the other route has built. No unstable flag is allowed
//! there. The drivers pass the checks of every build, and boot. (Their bytes differ: cargo mixes what a
//! crate depends on into the names of its symbols, and here the library is no dependency.)

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use host::{need, run};

use crate::{
    build, setup,
    toolchain::{self, TARGET},
};

/// This program even where an earlier part has built it anew, and the file it was started from is gone.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Libraries that a rustup target brings and drivers use.
const LIBRARIES: [&str; 3] = ["core", "alloc", "compiler_builtins"];

/// Builds all drivers by the rustup route and boots the stand-in kernel with them, if Debian's compiler made
/// those that the other parts test.
pub fn check(options: &build::Options) -> Result<()> {
    if !toolchain::find(options.route, TARGET)?.builds_std() {
        run::step("rustup's own target made the drivers: nothing else to try");
        return Ok(());
    }
    let dir = run::target().join("routes");
    let rustc = lay_out(&dir.join("toolchain"))?;
    run::run(
        Command::new(THIS_PROGRAM)
            .args(["build", "--route", "rustup"])
            .env("CARGO_TARGET_DIR", &dir)
            .env("RUSTC", rustc),
    )?;
    run::run(
        run::cargo()
            .args([
                "test",
                "--locked",
                "--package",
                "scenarios",
                "--test",
                "xenpci_boot",
                "--test",
                "xenvbd_disk",
            ])
            .args(["--test", "xennet_nic"])
            .env("XENPV_DRIVERS", dir.join("drivers")),
    )
}

/// Lays the toolchain out; gives its rustc.
fn lay_out(dir: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(dir);
    let (bin, lib) = (dir.join("bin"), dir.join("lib/rustlib").join(TARGET).join("lib"));
    run::make_dir(&bin)?;
    run::make_dir(&lib)?;
    symlink(setup::CARGO.get()?, bin.join("cargo"))?;
    let debian = setup::RUSTC.get()?;
    let sysroot = run::output(need::command(&debian).args(["--print", "sysroot"]))?;
    let host = "x86_64-unknown-linux-gnu";
    symlink(Path::new(sysroot.trim()).join("lib/rustlib").join(host), dir.join("lib/rustlib").join(host))?;
    let built = run::target().join("win-debian").join(TARGET).join("driver/deps");
    for name in LIBRARIES {
        let rlib = newest(&built, &format!("lib{name}-"))?;
        fs::copy(&rlib, lib.join(rlib.file_name().unwrap_or_default()))?;
    }
    let rustc = bin.join("rustc");
    fs::write(
        &rustc,
        format!("#!/bin/sh\nexec '{}' --sysroot '{}' \"$@\"\n", debian.display(), dir.display()),
    )?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    Ok(rustc)
}

/// The newest library whose name starts so: older builds leave theirs.
fn newest(dir: &Path, start: &str) -> Result<PathBuf> {
    fs::read_dir(dir)
        .with_context(|| format!("the Debian route has built nothing in {}", dir.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(start) && name.ends_with(".rlib")
        })
        .max_by_key(|path| fs::metadata(path).and_then(|meta| meta.modified()).ok())
        .with_context(|| format!("no {start}*.rlib in {}", dir.display()))
}
