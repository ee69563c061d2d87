//! `xenhost` and `demo`: the tool of tests/xenhost with what it needs built first.

use std::time::Instant;

use anyhow::{Context, Result};

use host::run;

use crate::{build, hvm};

/// `cargo xtask xenhost …`. A run without `--payload` gets the drivers and the stand-in kernel as they are now.
pub fn command(arguments: &[String]) -> Result<String> {
    let runs = arguments.first().is_some_and(|word| word == "run" || word == "shell");
    let own = arguments.iter().any(|word| word.starts_with("--payload") || word == "--help");
    let mut arguments = arguments.to_vec();
    if runs && !own {
        build::drivers(&build::Options::default())?;
        hvm::command()?;
        arguments.push(format!("--payload={}", hvm::dir().display()));
    }
    start(&arguments)?;
    Ok("xenhost is done".to_owned())
}

fn start(arguments: &[String]) -> Result<()> {
    run::run(run::cargo().args(["run", "--quiet", "--locked", "--package", "xenhost", "--"]).args(arguments))
}

/// The list `list` with everything built.
pub fn list(list: &str, options: &build::Options) -> Result<()> {
    build::drivers(options)?;
    hvm::command()?;
    let payload = format!("--payload={}", hvm::dir().display());
    start(&["run".to_owned(), "--list".to_owned(), list.to_owned(), payload])
}

/// `cargo xtask demo`.
pub fn demo(options: &build::Options) -> Result<String> {
    let start = Instant::now();
    run::step(
        "demo: drivers, stand-in kernel, Xen, dom0, and I/O through them; the first time takes minutes",
    );
    list("demo", options)?;
    let summary = run::target().join("xenhost/results/summary");
    let proven = std::fs::read_to_string(&summary).context("the rig left no summary")?;
    Ok(format!("demo: {}; {} s with everything built", proven.trim(), start.elapsed().as_secs()))
}
