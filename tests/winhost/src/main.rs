//! `cargo xtask winhost`: see `docs/winhost.md`.

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use winhost::{
    clean, clock,
    matrix::{Matrix, Windows},
    payload::Supplies,
    plan::{self, Suite, Supplied},
    run::{self, Options, Run},
    runner::{Host, Place},
    session::Bound,
    state::{self, State},
    toolstack::{Firmware, Toolstack, Xe, Xl},
};

/// Runs Windows with the drivers on a Xen test host.
#[derive(Parser)]
#[command(
    name = "cargo xtask winhost",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Action>,
    #[command(flatten)]
    run: Option<RunOptions>,
}

#[derive(Subcommand)]
enum Action {
    /// Remove what killed or kept runs left on their hosts
    Clean(CleanOptions),
    /// The suites and their tests
    List,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Xl,
    Xe,
}

#[derive(Args)]
struct RunOptions {
    /// `local`, or what ssh connects to without a password, as root
    #[arg(long)]
    host: String,
    /// Path on the host: a Windows ISO, or a prepared disk
    #[arg(long, required_unless_present = "matrix")]
    image: Option<String>,
    /// What is run; may be given several times
    #[arg(long = "suite", value_enum, default_value = "smoke")]
    suites: Vec<Suite>,
    /// Firmware of the guest
    #[arg(long, value_enum, default_value = "bios")]
    firmware: Firmware,
    /// Edition in the ISO
    #[arg(long, default_value_t = 1)]
    index: u32,
    /// Several Windows versions and suites, instead of --image and --suite
    #[arg(long, conflicts_with = "image")]
    matrix: Option<PathBuf>,
    /// The MSI that is installed
    #[arg(long)]
    msi: PathBuf,
    /// An older MSI, from which an upgrade is tested
    #[arg(long)]
    old_msi: Option<PathBuf>,
    /// The certificate of a test-signed MSI
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// Folder with test tools: diskspd.exe, taef\, kits\
    #[arg(long)]
    extras: Option<PathBuf>,
    /// Program that runs an HLK playlist on a controller
    #[arg(long)]
    controller: Option<PathBuf>,
    /// The host's toolstack; found out without
    #[arg(long, value_enum)]
    toolstack: Option<Kind>,
    /// Folder on the host
    #[arg(long, default_value = "/var/lib/winhost")]
    store: String,
    /// Bridge on the host
    #[arg(long, default_value = "xenbr0")]
    bridge: String,
    /// File with more lines for the guests' configuration (xl); they come last and win
    #[arg(long)]
    lines: Option<PathBuf>,
    /// Another bound than the usual one, as for slow hosts: boot, silence, dump, grace, host, and seconds; starts, and
    /// their number
    #[arg(long = "bound", value_name = "NAME=NUMBER", value_parser = bound)]
    bounds: Vec<(Bound, u32)>,
    /// Leave the guest as it is after a failure
    #[arg(long)]
    keep: bool,
    /// Go on with a run that was interrupted
    #[arg(long)]
    resume: Option<String>,
}

#[derive(Args)]
struct CleanOptions {
    /// Only this run, even when it is not known here; needs --host
    #[arg(long, requires = "host")]
    run: Option<String>,
    /// Its host
    #[arg(long)]
    host: Option<String>,
    /// The host's toolstack; found out without
    #[arg(long, value_enum)]
    toolstack: Option<Kind>,
    /// Folder on the host
    #[arg(long, default_value = "/var/lib/winhost")]
    store: String,
}

fn runs() -> PathBuf {
    host::run::target().join("winhost")
}

/// `silence=300`.
fn bound(text: &str) -> Result<(Bound, u32)> {
    let (name, number) = text.split_once('=').context("NAME=NUMBER is wanted")?;
    let which = Bound::from_str(name, false).map_err(anyhow::Error::msg)?;
    Ok((which, number.parse()?))
}

fn connect(
    place: &str,
    kind: Option<Kind>,
    store: &str,
    lines: &str,
) -> Result<(Box<dyn Toolstack>, &'static str)> {
    ensure!(store.starts_with('/') && store.len() > 1, "--store is a folder of its own on the host, from /");
    let xl =
        || Box::new(Xl::new(Host::new(Place::parse(place)), store).with_lines(lines)) as Box<dyn Toolstack>;
    let xe = || Box::new(Xe::new(Host::new(Place::parse(place)), store)) as Box<dyn Toolstack>;
    match kind {
        Some(Kind::Xl) => Ok((xl(), "xl")),
        Some(Kind::Xe) => Ok((xe(), "xe")),
        None => {
            let host = Host::new(Place::parse(place));
            // Hosts of XAPI have `xl`, too, but XAPI must be asked.
            let found = host.ok(&["sh", "-c", "command -v xe || command -v xl || :"])?;
            match found.trim().rsplit('/').next() {
                Some("xe") => Ok((xe(), "xe")),
                Some("xl") => Ok((xl(), "xl")),
                _ => bail!("{place} has neither xl nor xe: it must be a Xen dom0, and you root there"),
            }
        }
    }
}

fn command(options: &RunOptions) -> Result<String> {
    let matrix = match &options.matrix {
        Some(path) => Matrix::load(path)?,
        None => {
            let image = options.image.as_deref().context("--image or --matrix is needed")?;
            let windows = Windows { index: options.index, ..Windows::of_image(image, options.firmware) };
            Matrix { suites: options.suites.clone(), windows: vec![windows] }
        }
    };
    let cells = matrix.cells()?;
    ensure!(options.msi.is_file(), "{} is not there; `cargo xtask package` makes it", options.msi.display());
    let name = match &options.resume {
        Some(name) => name.clone(),
        None => format!("r{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()),
    };
    let folder = runs().join(&name);
    ensure!(options.resume.is_none() || folder.is_dir(), "there is no run {name} in {}", runs().display());
    let lines = match &options.lines {
        Some(path) => {
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))? + "\n"
        }
        None => String::new(),
    };
    let (stack, kind) = connect(&options.host, options.toolstack, &options.store, &lines)?;
    ensure!(kind == "xl" || lines.is_empty(), "--lines are for xl; this host has {kind}");
    host::run::step(&format!("{}: {}", options.host, stack.probe()?));
    for old in state::unclean(&runs())? {
        if old.host == options.host && old.store == options.store && old.run != name {
            host::run::step(&format!("cleaning up after run {}", old.run));
            sweep(old)?;
        }
    }
    let all = Options {
        name: name.clone(),
        folder: folder.clone(),
        cells: cells.clone(),
        supplies: Supplies {
            msi: Some(options.msi.clone()),
            old_msi: options.old_msi.clone(),
            certificate: options.certificate.clone(),
            extras: options.extras.clone(),
        },
        bridge: options.bridge.clone(),
        keep: options.keep,
        poll: Duration::from_secs(2),
        bounds: options.bounds.clone(),
        controller: options.controller.clone(),
    };
    let about = State {
        run: name.clone(),
        host: options.host.clone(),
        toolstack: kind.to_owned(),
        store: options.store.clone(),
        ..State::default()
    };
    let clock = clock::System::new();
    let state = Run::new(stack.as_ref(), &clock, &all, about)?.all()?;
    let (good, there) = run::tally(&state, &cells);
    let summary =
        format!("run {name}: {good} of {there} cells are good; see {}", folder.join("report.html").display());
    if good == there { Ok(summary) } else { bail!(summary) }
}

fn sweep(mut old: State) -> Result<()> {
    let kind = if old.toolstack == "xe" { Kind::Xe } else { Kind::Xl };
    let (stack, _) = connect(&old.host, Some(kind), &old.store, "")?;
    clean::run(stack.as_ref(), &old.run)?;
    old.clean = true;
    old.save(&runs().join(&old.run))
}

fn tidy(options: &CleanOptions) -> Result<String> {
    if let (Some(run), Some(place)) = (&options.run, &options.host) {
        let (stack, _) = connect(place, options.toolstack, &options.store, "")?;
        clean::run(stack.as_ref(), run)?;
        return Ok(format!("nothing of run {run} is on {place}"));
    }
    let mut count = 0;
    for old in state::unclean(&runs())? {
        host::run::step(&format!("run {} on {}", old.run, old.host));
        sweep(old)?;
        count += 1;
    }
    Ok(format!("{count} runs were cleaned up"))
}

fn list() {
    for suite in [Suite::Smoke, Suite::Verifier, Suite::Hlk, Suite::Soak] {
        let plan = plan::plan("", suite, Supplied { old_msi: true });
        println!(
            "{} ({} tests, at most {} min)",
            suite.name(),
            plan.tests.len(),
            plan.total().as_secs() / 60
        );
        for test in &plan.tests {
            println!("    {}", test.name);
        }
    }
}

fn act(cli: &Cli) -> Result<String> {
    match (&cli.command, &cli.run) {
        (Some(Action::Clean(options)), _) => tidy(options),
        (Some(Action::List), _) => {
            list();
            Ok("these are all".to_owned())
        }
        (None, Some(options)) => command(options),
        (None, None) => bail!("what is to be run? `cargo xtask winhost --help` explains"),
    }
}

fn main() -> ExitCode {
    match act(&Cli::parse()) {
        Ok(summary) => {
            println!("winhost: {summary}");
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
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bounds_are_read() {
        assert_eq!(bound("silence=300").expect("good"), (Bound::Silence, 300));
        for bad in ["silence", "patience=3", "boot=soon"] {
            assert!(bound(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_store_is_a_folder_of_its_own() {
        for store in ["", "/", "relative"] {
            assert!(connect("local", Some(Kind::Xl), store, "").is_err(), "{store}");
        }
        assert!(runs().is_absolute());
    }
}
