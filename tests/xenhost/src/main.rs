//! Real Xen, a Linux dom0 and HVM guests in QEMU without KVM: `cargo xtask xenhost`.

mod image;
mod modules;
mod qemu;
mod report;
mod scenario;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Boots Xen with a Linux dom0 in QEMU and runs scenarios in it.
#[derive(Parser)]
#[command(name = "cargo xtask xenhost")]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Download and make everything that a boot needs
    Prepare,
    /// An interactive dom0; `exit` powers off
    Shell,
    /// Run scenarios; without names those of the default list
    Run(scenario::Options),
    /// Make the comparison's report anew from the rows in a folder of results
    Report {
        /// The folder of the scenario `compare` (by default that of the last run)
        results: Option<PathBuf>,
    },
    /// Names of all scenarios, and what they prove
    List,
}

/// Where images and results are kept.
fn dir() -> PathBuf {
    host::run::target().join("xenhost")
}

fn act(action: &Action) -> Result<String> {
    let dir = dir();
    match action {
        Action::Prepare => {
            image::prepare(&dir.join("images"))?;
            Ok(format!("images are in {}", dir.join("images").display()))
        }
        Action::Shell => {
            let images = image::prepare(&dir.join("images"))?;
            let share = tempfile::tempdir().context("cannot make a folder")?;
            std::fs::write(share.path().join("shell"), b"")?;
            std::fs::write(share.path().join("lib.sh"), scenario::LIB)?;
            let boot = qemu::Boot {
                images: &images,
                share: share.path().to_owned(),
                log: dir.join("shell.log"),
                processors: 2,
                memory: 3072,
                counted: false,
                bound: Duration::from_secs(86_400),
            };
            boot.interactive()?;
            Ok("dom0 is down".to_owned())
        }
        Action::Run(options) => scenario::command(&dir, options),
        Action::Report { results } => {
            let results = results.clone().unwrap_or_else(|| dir.join("results/compare"));
            let verdict = report::make(&results, &dir)?;
            verdict.failures.iter().for_each(|failure| eprintln!("    {failure}"));
            Ok(verdict.summary)
        }
        Action::List => scenario::describe(),
    }
}

fn main() -> ExitCode {
    match act(&Cli::parse().command) {
        Ok(summary) => {
            println!("xenhost: {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
