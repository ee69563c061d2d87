//! Every developer and CI action: `cargo xtask build|test|check|...`.
//!
//! Each command sets up what it needs by itself, says what it is doing, and ends with one summary
//! line. A failure is one `error:` line with the remedy, and exit code 1.

mod bench;
mod build;
mod check;
mod features;
mod fuzz;
mod hvm;
mod link;
mod package;
mod pe;
mod rig;
mod routes;
mod setup;
mod soak;
mod stack;
mod suite;
mod toolchain;
mod userland;
mod wdk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use host::run;

/// Builds, tests and packages the Xen PV drivers for Windows.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing on this machine (Debian packages; without root unpacked under target/)
    Setup,
    /// Build the three drivers: target/drivers/*.sys with .pdb and .map
    Build(build::Options),
    /// Build the user-mode programs of the installer: target/userland
    Userland {
        /// Which compiler to use
        #[arg(long, value_enum, default_value = "auto")]
        route: toolchain::Route,
    },
    /// Build and sign the installation package: target/package
    Package(package::Options),
    /// Build the drivers, then run every test
    Test(suite::Options),
    /// Long campaigns over many seeds: `soak` lists them, `soak NAME` runs one
    Soak(soak::Options),
    /// What the shipped drivers cost per operation, counted in the test bed
    Bench(bench::Options),
    /// Formatting, lints, documentation, licences
    Check(check::Options),
    /// Fuzz the parsers of what a peer controls (libFuzzer)
    Fuzz(fuzz::Options),
    /// Build the stand-in NT kernel as a bootable image, and the driver payload
    Hvm,
    /// Real Xen with a Linux dom0 in QEMU: `xenhost run|shell|list|prepare`
    Xenhost(Forward),
    /// Everything from nothing to disk and network I/O on real Xen, then say what was proven
    Demo(build::Options),
    /// A Windows guest on a Xen test host: install, suites, report; `--help` explains
    Winhost(Forward),
    /// Remove everything that was built
    Clean,
}

/// Arguments for a tool of its own.
#[derive(clap::Args)]
struct Forward {
    /// What the tool is told; `--help` explains
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn winhost(forward: &Forward) -> anyhow::Result<String> {
    run::run(
        run::cargo()
            .args(["run", "--quiet", "--locked", "--package", "winhost", "--bin", "winhost", "--"])
            .args(&forward.arguments),
    )?;
    Ok("winhost is done".to_owned())
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Setup => {
            setup::all().map(|()| "everything the build and the tests need is there".to_owned())
        }
        Command::Build(options) => build::command(&options),
        Command::Userland { route } => {
            userland::build(route).map(|dir| format!("the installer's programs are in {}", dir.display()))
        }
        Command::Package(options) => package::command(&options),
        Command::Test(options) => suite::command(&options),
        Command::Soak(options) => soak::command(&options),
        Command::Bench(options) => bench::command(&options),
        Command::Check(options) => check::command(&options),
        Command::Fuzz(options) => fuzz::command(&options),
        Command::Hvm => hvm::command(),
        Command::Xenhost(forward) => rig::command(&forward.arguments),
        Command::Demo(options) => rig::demo(&options),
        Command::Winhost(forward) => winhost(&forward),
        Command::Clean => run::clean(),
    };
    match result {
        Ok(summary) => {
            println!("xtask: {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
