//! The third route, for Windows with the Windows Driver Kit: Microsoft's windows-drivers-rs links
//! (`wdk-build` gives the link line, the feature `wdk` of `nt` and of the drivers switches it on).
//!
//! No other system can run this route. That the sources compile with the feature is checked
//! everywhere, against stand-ins: [`check`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use host::run;

use crate::{
    build::{Driver, out_dir},
    toolchain::TARGET,
};

/// Whether a WDK is installed: some version of its headers is there.
pub fn available() -> bool {
    if !cfg!(windows) {
        return false;
    }
    let mut roots: Vec<PathBuf> = std::env::var_os("WDKContentRoot").map(PathBuf::from).into_iter().collect();
    if let Some(programs) = std::env::var_os("ProgramFiles(x86)") {
        roots.push(Path::new(&programs).join("Windows Kits").join("10"));
    }
    roots
        .iter()
        .filter_map(|root| fs::read_dir(root.join("Include")).ok())
        .any(|versions| versions.flatten().any(|version| version.path().join("km").join("wdm.h").is_file()))
}

/// Builds one driver with the WDK into [`out_dir`].
pub fn build(driver: &Driver) -> Result<String> {
    run::step(&format!("{} -> {}.sys (WDK)", driver.package, driver.file));
    let flags = "-Cpanic=abort -Ccontrol-flow-guard=yes -Ctarget-feature=+crt-static";
    run::run(
        run::cargo()
            .args(["rustc", "--locked", "--profile", "driver", "--features", "wdk", "--target", TARGET])
            .args(["--package", driver.package, "--lib", "--crate-type", "cdylib"])
            .env("CARGO_TARGET_DIR", run::target().join("win-wdk"))
            .env("RUSTFLAGS", flags),
    )?;
    let from = run::target().join("win-wdk").join(TARGET).join("driver");
    run::make_dir(&out_dir())?;
    for (made, wanted) in [("dll", "sys"), ("pdb", "pdb")] {
        let made = from.join(driver.package).with_extension(made);
        let wanted = out_dir().join(driver.file).with_extension(wanted);
        fs::copy(&made, &wanted).with_context(|| format!("the compiler left no {}", made.display()))?;
    }
    Ok(format!("{}.sys (WDK)", driver.file))
}

/// Compiles `nt` and the drivers with the feature `wdk` against the stand-ins.
pub fn check() -> Result<()> {
    run::step("feature wdk, against stand-ins for Microsoft's crates");
    // The same versions as everywhere: the stand-ins' workspace starts from our lock file.
    let lock = run::root().join("tests/wdk-standin/Cargo.lock");
    fs::copy(run::root().join("Cargo.lock"), &lock)
        .with_context(|| format!("cannot write {}", lock.display()))?;
    run::run(
        run::cargo()
            .args(["check", "--manifest-path", "tests/wdk-standin/Cargo.toml"])
            .env("CARGO_TARGET_DIR", run::target().join("wdk-standin")),
    )
}
