//! `check`: what needs no test run: formatting, lints, documentation, licences.

use anyhow::{Context, Result};

use host::run;

use crate::wdk;

/// Options of `check`.
#[derive(clap::Args)]
#[group(id = "check-options")]
pub struct Options {
    /// Reformat instead of complaining about the format
    #[arg(long)]
    fix: bool,
    /// Check the licences of all dependencies, too (installs cargo-deny, which takes minutes once)
    #[arg(long)]
    licences: bool,
}

/// The version of cargo-deny that `deny.toml` is written for.
const DENY: &str = "0.18.3";

/// `cargo xtask check`.
pub fn command(options: &Options) -> Result<String> {
    run::step("format");
    let mut fmt = run::cargo();
    fmt.args(["fmt", "--all"]);
    if !options.fix {
        fmt.arg("--check");
    }
    run::run(&mut fmt).context("the format differs: `cargo xtask check --fix` mends it")?;
    run::step("lints");
    run::run(run::cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-Dwarnings"]))?;
    run::step("documentation");
    run::run(
        run::cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-Dwarnings"),
    )?;
    wdk::check()?;
    if options.licences {
        licences()?;
    }
    Ok("format, lints and documentation are in order".to_owned())
}

fn licences() -> Result<()> {
    let tools = run::target().join("tools");
    let deny = tools.join("bin/cargo-deny");
    if !deny.is_file() {
        run::step("installing cargo-deny");
        run::run(
            run::cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "--no-default-features",
                    "cargo-deny",
                    "--version",
                    DENY,
                ])
                .arg("--root")
                .arg(&tools)
                .env("CARGO_TARGET_DIR", run::target().join("tools/build")),
        )
        .context("cargo-deny could not be installed")?;
    }
    run::step("licences");
    run::run(std::process::Command::new(deny).current_dir(run::root()).args([
        "--all-features",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
