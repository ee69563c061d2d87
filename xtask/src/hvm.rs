//! `hvm`: what the Xen rig's guests and dom0 get: the stand-in NT kernel as a bootable image, the drivers,
//! and programs for dom0.
//!
//! Built for the host's own target, so that no other toolchain is needed; a multiboot1 loader wants
//! ELF32, so the linked ELF64 is re-wrapped (docs/xenhost.md).

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use host::{need, run};

use crate::{build, setup};

/// Where the bootable image and the payload are.
pub fn dir() -> PathBuf {
    run::target().join("hvm")
}

/// `cargo xtask hvm`.
pub fn command() -> Result<String> {
    image()?;
    payload()?;
    programs()?;
    Ok(format!("the stand-in kernel is {}", dir().join("ntsim.elf").display()))
}

/// Builds `ntsim.elf`.
pub fn image() -> Result<()> {
    let dir = dir();
    run::make_dir(&dir)?;
    need::ensure(&setup::IMAGE)?;
    run::step("the stand-in kernel for bare metal");
    let flags =
        ["-Crelocation-model=static", "-Cpanic=abort", "-Ctarget-cpu=x86-64", "-Cforce-frame-pointers=yes"];
    run::run(
        run::cargo()
            .args([
                "rustc",
                "--quiet",
                "--locked",
                "--profile",
                "metal",
                "-p",
                "ntsim-hvm",
                "--features",
                "metal",
            ])
            .args(["--lib", "--crate-type", "staticlib", "--target", "x86_64-unknown-linux-gnu"])
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env("CARGO_TARGET_DIR", run::target().join("metal")),
    )?;
    let lib = run::target().join("metal/x86_64-unknown-linux-gnu/metal/libntsim_hvm.a");
    let elf = run::target().join("metal/ntsim64.elf");
    let script = run::root().join("tests/ntsim/hvm/link.ld");
    run::output(
        Command::new("ld")
            .args(["-n", "--gc-sections", "-z", "noexecstack", "-T"])
            .arg(script)
            .arg("-o")
            .arg(&elf)
            .args(["-u", "start32"])
            .arg(&lib),
    )
    .context("linking the stand-in kernel")?;
    run::output(
        Command::new("objcopy").args(["-O", "elf32-i386", "-S"]).arg(&elf).arg(dir.join("ntsim.elf")),
    )?;
    Ok(())
}

/// Packs the drivers and their INF files into `payload.tar`, the guest's driver store, and, without what is only for
/// people, into `drivers.tar`, which stands for the MSI.
pub fn payload() -> Result<()> {
    let mut files = Vec::new();
    for driver in build::DRIVERS {
        for path in [
            build::out_dir().join(format!("{}.sys", driver.file)),
            build::out_dir().join(format!("{}.map", driver.file)),
            run::root().join(format!("inf/{}.inf", driver.file)),
        ] {
            if path.is_file() {
                files.push(path);
            }
        }
    }
    let stage = run::target().join("metal/payload");
    let _ = fs::remove_dir_all(&stage);
    run::make_dir(&stage)?;
    for file in &files {
        fs::copy(file, stage.join(file.file_name().unwrap_or_default()))?;
    }
    for (name, without) in [("payload.tar", None), ("drivers.tar", Some("--exclude=*.map"))] {
        run::output(
            Command::new("tar")
                .args(["--format=ustar", "--sort=name", "--owner=0", "--group=0", "--mtime=@0"])
                .args(without)
                .arg("-cf")
                .arg(dir().join(name))
                .arg("-C")
                .arg(&stage)
                .arg("."),
        )?;
    }
    Ok(())
}

/// What runs in dom0: linked statically, as dom0 has another C library than this machine.
const PROGRAMS: [&str; 2] = ["xenpeer", "winhost"];

/// The rig's own program for dom0, and the orchestrator of Windows guests.
fn programs() -> Result<()> {
    run::step("the programs for dom0");
    let folder = run::target().join("peer");
    run::run(
        run::cargo()
            .args(["build", "--quiet", "--locked", "--release"])
            .args(PROGRAMS.iter().flat_map(|name| ["-p", name, "--bin", name]))
            .args(["--target", "x86_64-unknown-linux-gnu"])
            .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static\x1f-Cstrip=symbols")
            .env("CARGO_TARGET_DIR", &folder),
    )?;
    for name in PROGRAMS {
        fs::copy(folder.join("x86_64-unknown-linux-gnu/release").join(name), dir().join(name))
            .with_context(|| format!("{name} was not built"))?;
    }
    Ok(())
}
