//! The compiler that makes drivers. Two routes give working drivers from the same sources:
//!
//! - **rustup**: the active toolchain has the target `x86_64-pc-windows-msvc` installed;
//! - **Debian**: `rustc-web`/`cargo-web` compile the target's `core` and `alloc` from
//!   `rust-web-src` (`-Zbuild-std`), which needs no download of a toolchain.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use host::{need, run};

use crate::setup;

/// The target triple of drivers.
pub const TARGET: &str = "x86_64-pc-windows-msvc";
/// The target triple of user-mode programs: its linker and libraries are Debian packages.
pub const USER_TARGET: &str = "x86_64-pc-windows-gnu";

/// Which route makes the drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Route {
    /// The rustup target if it is installed or can be, else Debian's.
    Auto,
    /// rustup's toolchain with the target installed.
    Rustup,
    /// Debian's `rustc-web` with `-Zbuild-std`.
    Debian,
    /// Windows with the WDK: windows-drivers-rs links. What `auto` means there.
    Wdk,
}

/// A compiler found, and how to call it.
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    build_std: bool,
    /// Where the sources of the standard library lie, for path remapping.
    rust_src: PathBuf,
}

/// The oldest compiler that takes the sources.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Major and minor version in `rustc 1.96.0 (…)` or `1.95`.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = number.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn debian() -> Result<Toolchain> {
    let needs = [setup::RUSTC, setup::CARGO, setup::RUST_SRC];
    need::ensure(&needs)?;
    let rustc = setup::RUSTC.get()?;
    let ask = |what: &[&str]| run::output(need::command(&rustc).args(what));
    let recent = || -> Result<bool> { Ok(version(&ask(&["--version"])?) >= version(OLDEST)) };
    if !recent()? {
        // Installed long ago: Debian's security updates bring newer ones.
        need::install(&needs.map(|need| need.package))?;
        if !recent()? {
            bail!(
                "{} is {}, and the drivers need {OLDEST}: let apt see your release's security updates, or use \
                 rustup (`rustup target add {TARGET}`)",
                rustc.display(),
                ask(&["--version"])?.trim()
            );
        }
    }
    let rust_src = Path::new(ask(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust");
    if !rust_src.join("library/core").is_dir() {
        bail!(
            "Debian's rustc has no library sources in {}: install the package rust-web-src",
            rust_src.display()
        );
    }
    Ok(Toolchain { cargo: setup::CARGO.get()?, rustc, build_std: true, rust_src })
}

fn rustup(target: &str) -> Result<Option<Toolchain>> {
    let Some(rustc) = std::env::var_os("RUSTC").map(PathBuf::from).or_else(|| run::on_path("rustc")) else {
        return Ok(None);
    };
    let sysroot = PathBuf::from(run::output(Command::new(&rustc).args(["--print", "sysroot"]))?.trim());
    if !sysroot.join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(None);
    }
    Ok(Some(Toolchain {
        cargo: sysroot.join("bin/cargo"),
        rustc: sysroot.join("bin/rustc"),
        build_std: false,
        rust_src: sysroot.join("lib/rustlib/src/rust"),
    }))
}

/// Finds the compiler of a route that makes code for `target`, installing what is missing.
pub fn find(route: Route, target: &str) -> Result<Toolchain> {
    match route {
        Route::Debian => debian(),
        Route::Rustup => match rustup(target)? {
            Some(found) => Ok(found),
            None => bail!(
                "the Rust toolchain in use has no target {target}: `rustup target add {target}`, or build with `--route debian`"
            ),
        },
        Route::Wdk => bail!("the route `wdk` needs Windows and the Windows Driver Kit"),
        Route::Auto => {
            if let Some(found) = rustup(target)? {
                return Ok(found);
            }
            if cfg!(windows) {
                bail!("the Rust toolchain in use has no target {target}: `rustup target add {target}`");
            }
            debian()
        }
    }
}

impl Toolchain {
    /// One line for people.
    pub fn describe(&self) -> Result<String> {
        let version = run::output(need::command(&self.rustc).arg("--version"))?;
        let route = if self.build_std { "Debian, build-std" } else { "rustup" };
        Ok(format!("{} ({route})", version.trim()))
    }

    /// Whether it compiles the target's library itself (the Debian route).
    pub fn builds_std(&self) -> bool {
        self.build_std
    }

    /// A cargo call of this toolchain, free of what rustup's cargo put into our environment
    /// (it would be taken for the other toolchain's own settings).
    fn command(&self, target: &str, profile: &str, flags: &[OsString]) -> Command {
        let mut command = Command::new(&self.cargo);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let ours = text == "CARGO_HOME" || text == "RUSTUP_HOME" || text == "CARGO_NET_OFFLINE";
            if !ours && (text.starts_with("CARGO") || text.starts_with("RUST")) {
                command.env_remove(&name);
            }
        }
        command
            .env_remove("LD_LIBRARY_PATH")
            .env("RUSTC", &self.rustc)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join(&OsString::from("\x1f")))
            .env(
                "CARGO_TARGET_DIR",
                run::target().join(if self.build_std { "win-debian" } else { "win-rustup" }),
            )
            .current_dir(run::root());
        if self.build_std {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        need::libraries(&mut command, &self.cargo);
        command.arg("rustc").args(["--target", target, "--profile", profile]);
        command
    }

    /// Compiler flags: `extra`, and none of this machine's paths in what is built.
    fn flags(&self, extra: &[&str]) -> Vec<OsString> {
        let home = std::env::var_os("CARGO_HOME")
            .map_or_else(|| std::env::home_dir().unwrap_or_default().join(".cargo"), PathBuf::from);
        let mut flags: Vec<OsString> = extra.iter().map(OsString::from).collect();
        // Paths of this machine must not reach the binaries.
        // The last prefix that fits wins: the target folder may lie in the checkout, and without root the
        // compiler lies in the target folder.
        let places = [
            (run::root(), "/src"),
            (home, "/cargo"),
            (run::target(), "/target"),
            (self.rust_src.clone(), "/rust"),
        ];
        for (from, to) in places {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        }
        flags
    }

    /// Compiles a user-mode program or library of `package` (`what` is `--lib` or `--bin …`); gives the folder
    /// that it is in. `link` is added to the arguments of its linker alone.
    pub fn userland(&self, package: &str, what: &[&str], link: &[String]) -> Result<PathBuf> {
        let linker = linker()?;
        let flags = self.flags(&["-Cpanic=abort"]);
        let mut command = self.command(USER_TARGET, "user", &flags);
        // Not a flag: names of symbols depend on these, and this one has a path in it.
        command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", linker);
        if self.build_std {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.args(["--locked", "-p", package]).args(what).arg("--");
        command.args(link.iter().map(|argument| format!("-Clink-arg={argument}")));
        run::run(&mut command)?;
        let dir = run::target().join(if self.build_std { "win-debian" } else { "win-rustup" });
        Ok(dir.join(USER_TARGET).join("user"))
    }

    /// Compiles library `package` for a bare target as a static library; gives the folder it is in.
    pub fn staticlib(
        &self,
        package: &str,
        target: &str,
        extra: &[&str],
        arguments: &[&str],
    ) -> Result<PathBuf> {
        let flags = self.flags(extra);
        let mut command = self.command(target, "driver", &flags);
        if self.build_std {
            // The mem functions are imported from the kernel (nt::crt), as on the other route.
            command.arg("-Zbuild-std=core,alloc,compiler_builtins");
        }
        command.args(["--locked", "-p", package, "--lib", "--crate-type", "staticlib"]).args(arguments);
        run::run(&mut command)?;
        let dir = run::target().join(if self.build_std { "win-debian" } else { "win-rustup" });
        Ok(dir.join(target).join("driver"))
    }
}

/// What rustc calls as the linker of user-mode programs. GNU ld puts the tables of imports in the order of their libraries'
/// full names, and some of these lie in a folder of rustc's below the target folder: where that is would decide about the bytes.
/// So they are named without their folder.
fn linker() -> Result<PathBuf> {
    let gcc = setup::MINGW.get()?;
    let dir = run::target().join("userland/.linker");
    run::make_dir(&dir)?;
    let script = dir.join("x86_64-w64-mingw32-gcc");
    let text = format!(
        "#!/bin/sh\n\
         for word; do\n  shift\n  case $word in */deps/rustc??????/*.*lib) cd \"${{word%/*}}\"; word=${{word##*/}} ;; esac\n  \
         set -- \"$@\" \"$word\"\ndone\nexec '{}' \"$@\"\n",
        gcc.display()
    );
    if fs::read_to_string(&script).is_ok_and(|there| there == text) {
        return Ok(script);
    }
    // Under its name only when it can be run.
    let part = dir.join("part");
    fs::write(&part, text)?;
    fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    fs::rename(part, &script)?;
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert!(version("rustc 1.100.1") > version("1.95"));
        assert!(version("rustc 1.85.0 (4d91de4e4 2025-02-17)") < version(OLDEST));
        assert_eq!(version("no number"), None);
    }
}
