//! `xenpv-setup`: see `docs/install.md`, and `installer/README.md` for the contract with the MSI.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use xenpv_setup::{doctor, facts::Facts, hive::OfflineHive};

/// Installs, checks and removes the Xen PV drivers.
#[derive(Parser)]
#[command(name = "xenpv-setup", version, about, long_about = None)]
struct Cli {
    /// Append everything that is done to this file
    #[arg(long, global = true, value_name = "file")]
    log: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install, upgrade or repair the drivers of a driver folder
    Install(Install),
    /// Install the same version once more, over what is there
    Repair(Install),
    /// Install a newer version
    Upgrade(Install),
    /// Say whether `install` would be refused, and why; change nothing
    Check(Install),
    /// Remove the drivers; a restart in the middle is taken care of
    Uninstall {
        /// The driver folder; needed only for --rollback
        #[arg(long, value_name = "folder")]
        package: Option<PathBuf>,
        /// Take an uninstallation back
        #[arg(long)]
        rollback: bool,
    },
    /// Take the last change back
    Rollback,
    /// What is installed, in words or as JSON
    Status {
        /// JSON on standard output
        #[arg(long)]
        json: bool,
    },
    /// What is wrong, what it leads to and what to do
    Doctor {
        /// JSON on standard output
        #[arg(long)]
        json: bool,
        /// Look at this SYSTEM hive (…\Windows\System32\config\SYSTEM) instead of the running system
        #[arg(long, value_name = "file")]
        system_hive: Option<PathBuf>,
    },
    /// What the boot service does
    #[command(hide = true)]
    Boot {
        /// Started by the service control manager
        #[arg(long)]
        service: bool,
    },
}

#[derive(clap::Args)]
struct Install {
    /// The driver folder
    #[arg(long, value_name = "folder")]
    package: PathBuf,
    /// Take over from another vendor's Xen drivers where that is safe
    #[arg(long)]
    replace_others: bool,
    /// Allow an older version than the one that is there
    #[arg(long)]
    downgrade: bool,
    /// Take the last installation back
    #[arg(long)]
    rollback: bool,
}

/// Writes a line to standard output. That nobody reads it (any more) is no reason to fail, or to stop in the middle.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// The same to standard error.
macro_rules! complain {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// Windows Installer's codes.
#[cfg_attr(not(windows), expect(dead_code, reason = "only changes end with a restart"))]
const RESTART: u32 = 3010;
const FAILED: u32 = 1603;

fn main() -> ExitCode {
    #[cfg(windows)]
    xenpv_setup::windows::only_from_system32();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let help = !error.use_stderr();
            // A closed output is no reason to fail.
            let _ = error.print();
            if !help {
                complain!("error: the command line is not understood; `xenpv-setup --help` explains it");
            }
            return exit(if help { 0 } else { FAILED });
        }
    };
    match run(cli) {
        Ok(code) => exit(code),
        Err(message) => {
            complain!("error: {message}");
            exit(FAILED)
        }
    }
}

/// Windows has 32-bit exit codes; elsewhere there is only success and failure.
fn exit(code: u32) -> ExitCode {
    if cfg!(windows) {
        std::process::exit(code.cast_signed());
    }
    ExitCode::from(u8::from(code != 0))
}

fn run(cli: Cli) -> Result<u32, String> {
    if let Verb::Doctor { json, system_hive: Some(path) } = &cli.verb {
        let hive = OfflineHive::open(path)?;
        if hive.dirty {
            complain!(
                "note: the hive was not closed cleanly; load and unload it with `reg load` first to see its last changes"
            );
        }
        return print(&doctor::judge(&Facts::registry(&hive)), *json);
    }
    live(cli)
}

/// Prints a judgement. 0: as it should be, or only notes and warnings.
fn print(report: &doctor::Report, json: bool) -> Result<u32, String> {
    if json {
        say!("{}", serde_json::to_string_pretty(report).map_err(|error| error.to_string())?);
    } else {
        for finding in &report.findings {
            let level = format!("{:?}", finding.level).to_lowercase();
            say!("{level}: {}", finding.text);
            if !finding.remedy.is_empty() {
                say!("    {}", finding.remedy);
            }
        }
    }
    Ok(if report.level == doctor::Level::Error { FAILED } else { 0 })
}

#[cfg(not(windows))]
fn live(cli: Cli) -> Result<u32, String> {
    let _ = cli.log;
    Err("this runs on Windows; elsewhere only `doctor --system-hive <file>` works".to_owned())
}

#[cfg(windows)]
fn live(cli: Cli) -> Result<u32, String> {
    use xenpv_setup::{
        names::Driver,
        refuse::Allowances,
        run::{self, Done, Error},
        windows::{Severity, Windows, report, run_as_service, start_boot_service, turn},
    };

    let mut system = Windows::new(cli.log.clone(), true);
    // `check` changes nothing, but says whether an installation would be refused.
    let looks = matches!(cli.verb, Verb::Status { .. } | Verb::Doctor { .. } | Verb::Boot { service: true });
    let turn = if looks { None } else { turn(PATIENCE) };
    if !looks && turn.is_none() {
        return Err(
            "another copy of this program is at work; wait until it has finished and try again".into()
        );
    }
    let allowed = |options: &Install| Allowances {
        replace_others: options.replace_others,
        downgrade: options.downgrade,
    };
    let install = |system: &mut Windows, options: &Install, repair: bool| {
        if options.rollback {
            return run::undo(system).map_err(Error::Failed);
        }
        run::install(system, &options.package, allowed(options), repair)
    };
    let (what, result): (&str, Result<Done, Error>) = match &cli.verb {
        Verb::Install(options) | Verb::Upgrade(options) => {
            ("installation", install(&mut system, options, false))
        }
        Verb::Repair(options) => ("repair", install(&mut system, options, true)),
        Verb::Uninstall { package, rollback: true } => {
            ("rollback of the removal", run::undo_removal(&mut system, package.as_deref()))
        }
        Verb::Uninstall { .. } => ("removal", run::uninstall(&mut system)),
        Verb::Rollback => ("rollback", run::undo(&mut system).map_err(Error::Failed)),
        Verb::Boot { service: false } => ("boot", run::boot(&mut system).map_err(Error::Failed)),
        Verb::Boot { service: true } => {
            run_as_service(service_boot, service_shutdown).map_err(|failure| failure.to_string())?;
            return Ok(0);
        }
        Verb::Check(options) => match run::check(&system, &options.package, allowed(options)) {
            Ok(package) => {
                say!("version {} can be installed", package.version);
                return Ok(0);
            }
            Err(error) => ("check", Err(error)),
        },
        Verb::Doctor { json, .. } => return print(&doctor::judge(&Facts::gather(&system)), *json),
        Verb::Status { json } => {
            let facts = Facts::gather(&system);
            let judgement = doctor::judge(&facts);
            if *json {
                let store: Vec<_> = facts
                    .store
                    .iter()
                    .map(|package| serde_json::json!({ "published": package.published, "driver": package.driver.name(), "version": package.version }))
                    .collect();
                let status = serde_json::json!({
                    "wanted": facts.state.wanted.map(|wanted| format!("{wanted:?}").to_lowercase()),
                    "version": facts.state.version,
                    "installed": facts.installed(),
                    "boot_disk": judgement.boot_disk,
                    "restart_due": facts.restart_due,
                    "level": judgement.level,
                    "store": store,
                    "bus_present": facts.devices_of(Driver::Pci).any(|device| device.presence.is_some()),
                });
                say!("{}", serde_json::to_string_pretty(&status).map_err(|error| error.to_string())?);
            } else {
                say!(
                    "version: {}",
                    facts.installed().or(facts.state.version.as_deref()).unwrap_or("not installed")
                );
                say!("boot disk: {}", judgement.boot_disk.unwrap_or("unknown"));
                say!("restart due: {}", if facts.restart_due { "yes" } else { "no" });
            }
            return Ok(0);
        }
    };
    match result {
        Ok(Done { restart }) => {
            // It waits until this call has ended.
            start_boot_service();
            let text =
                if restart { format!("{what} done; a restart completes it") } else { format!("{what} done") };
            say!("{text}");
            report(if restart { Severity::Warning } else { Severity::Information }, &text);
            Ok(if restart { RESTART } else { 0 })
        }
        Err(error) => {
            let text = format!("{what}: {error}");
            xenpv_setup::system::System::log(&mut system, &text);
            report(Severity::Error, &text);
            Err(error.to_string())
        }
    }
}

/// Seconds that a call waits for another copy: the boot service is soon done.
#[cfg(windows)]
const PATIENCE: u32 = 10;
/// The same of the boot service, at the start of Windows; a call may take that long.
#[cfg(windows)]
const PATIENCE_AT_START: u32 = 600;

/// The boot service's log lies beside the drivers' other traces.
#[cfg(windows)]
fn service_system() -> xenpv_setup::windows::Windows {
    use xenpv_setup::windows::{Windows, windows_folder};
    Windows::new(Some(windows_folder().join("Logs").join("xenpv-boot.log")), false)
}

#[cfg(windows)]
fn service_boot() {
    use xenpv_setup::windows::{Severity, report, turn};
    let Some(_turn) = turn(PATIENCE_AT_START) else {
        return report(
            Severity::Error,
            "the boot service could not look after the drivers: setup is at work",
        );
    };
    match xenpv_setup::run::boot(&mut service_system()) {
        Ok(done) if done.restart => {
            report(Severity::Warning, "a restart completes the change of the Xen PV drivers")
        }
        Ok(_) => {}
        Err(failure) => report(
            Severity::Error,
            &format!("the boot service failed and tries again at the next start: {failure}"),
        ),
    }
}

#[cfg(windows)]
fn service_shutdown() {
    // It repairs in any case: what another copy leaves unfinished is what must be able to start.
    let _turn = xenpv_setup::windows::turn(PATIENCE);
    // What fails now is repaired at the next start.
    let _ = xenpv_setup::run::shutdown(&mut service_system());
}
