//! Runs the MSI in Wine: silently and by its dialogs, from installation to removal, with failures. In the first
//! scenarios the setup program is a stand-in that notes how it is called and fails as it is told; the others run the one
//! that ships. `cargo xtask test --part wine` builds what it needs.
#![forbid(unsafe_code)]

mod bench;
mod real;
mod root;
mod scenarios;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;

#[derive(Parser)]
struct Cli {
    /// Only download and unpack Wine
    #[arg(long)]
    prepare: bool,
    /// Folder with `xenpvmsi.dll` and `setup-probe.exe`
    #[arg(long, required_unless_present = "prepare")]
    programs: Option<PathBuf>,
    /// Folder with the made package
    #[arg(long, required_unless_present = "prepare")]
    package: Option<PathBuf>,
    /// Type through the dialogs, too; pictures of them are kept as target/wine/work/*.xwd
    #[arg(long)]
    dialogs: bool,
    /// Only the scenarios whose names contain this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let start = Instant::now();
    let bench = match (&cli.programs, &cli.package) {
        (Some(programs), Some(package)) => bench::Bench::new(programs, package).map(Some),
        _ => root::Root::prepare().map(|_| None),
    };
    let bench = match bench {
        Ok(Some(bench)) => bench,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    let mut all = [scenarios::SILENT, real::REAL].concat();
    if cli.dialogs {
        all.extend([scenarios::DIALOGS, real::REAL_DIALOGS].concat());
    }
    for (name, scenario) in all.iter().filter(|(name, _)| name.contains(&cli.only)) {
        let begin = Instant::now();
        match scenario(&bench) {
            Ok(()) => {
                println!("{name} ... ok ({} s)", begin.elapsed().as_secs());
                passed += 1;
            }
            Err(error) => {
                println!("{name} ... FAILED: {error:#}");
                failed += 1;
                // What it left behind is no business of the next one.
                if let Err(error) = bench.renew() {
                    eprintln!("error: {error:#}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed ({} s)", start.elapsed().as_secs());
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
