//! Carrying out: the verbs of the program over any [`System`].

use std::path::{Path, PathBuf};

use crate::{
    facts::Facts,
    names::{Driver, RESTART_DUE},
    package::{self, Package},
    plan::{self, Order, Plan},
    refuse::{self, Allowances, Refusal},
    state::{self, Undo, Wanted},
    step::{Failure, Step},
    system::System,
};

/// How a verb ended that did not fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// A restart is needed.
    pub restart: bool,
}

/// Why a verb did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was not begun; nothing was changed.
    Refused(Vec<Refusal>),
    /// A step failed.
    Failed(Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(reasons) => {
                let all: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
                f.write_str(&all.join("; also: "))
            }
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// A plan shows what the one before has brought about; more rounds than these mean that Windows does not
/// do what it is told.
const ROUNDS: usize = 6;

/// Carries out a plan's steps.
///
/// # Errors
/// The first step that failed.
pub fn steps(system: &mut (impl System + ?Sized), plan: &Plan) -> Result<Done, Failure> {
    let mut done = Done { restart: plan.restart };
    for step in &plan.steps {
        system.log(&step.to_string());
        let outcome = system.apply(step).map_err(|failure| {
            if failure.power_cut { failure } else { Failure::new(format!("{step}: {failure}")) }
        })?;
        if outcome.restart {
            done.restart = true;
            system.apply(&Step::MakeVolatile { key: RESTART_DUE.into() })?;
        }
    }
    Ok(done)
}

/// Plans and carries out until the order is fulfilled, or a restart has to come first.
///
/// # Errors
/// The first step that failed, or that nothing moves.
pub fn carry_out(system: &mut (impl System + ?Sized), mut order: Order) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut before = Plan::default();
    for _ in 0..ROUNDS {
        let plan = plan::next(&Facts::gather(system), &order, &system.place());
        if plan.steps.is_empty() || plan == before {
            break;
        }
        done.restart |= steps(system, &plan)?.restart;
        if plan.restart {
            return Ok(done);
        }
        if let Order::Install { repair, .. } = &mut order {
            *repair = false;
        }
        before = plan;
    }
    let left = plan::next(&Facts::gather(system), &order, &system.place());
    // That no adapter appears is the host's affair: the drivers are in place for when it does.
    let stuck = left.steps.iter().find(|step| !matches!(step, Step::Rescan | Step::Flush));
    match stuck {
        None => Ok(done),
        Some(step) => Err(Failure::new(format!(
            "\"{step}\" was done, but Windows does not show it; see %SystemRoot%\\INF\\setupapi.dev.log"
        ))),
    }
}

/// `install`: also upgrade, downgrade and repair.
///
/// # Errors
/// Refusals, or a failure after which everything was taken back.
pub fn install(
    system: &mut (impl System + ?Sized),
    folder: &Path,
    allowed: Allowances,
    repair: bool,
) -> Result<Done, Error> {
    let package = check(system, folder, allowed)?;
    let facts = Facts::gather(system);
    let same = facts.state.wanted == Some(Wanted::Installed)
        && facts.state.version.as_deref() == Some(package.version.as_str());
    let whole = [&facts.state.booted, &facts.state.finished].contains(&&facts.state.version);
    if same && whole && facts.state.undo.is_some() {
        // That version was here before this call, which is no reason to take it away when it fails.
        system.apply(&state::unset("Undo"))?;
    }
    let take_over = allowed.replace_others || facts.state.others.is_some();
    let order =
        Order::Install { folder: Some(package.folder), version: package.version.clone(), repair, take_over };
    match carry_out(system, order).and_then(|done| finish_install(system, &package.version, done)) {
        Ok(done) => Ok(done),
        Err(failure) if failure.power_cut => Err(failure.into()),
        Err(failure) => {
            system.log(&format!("{failure}; taking everything back"));
            match undo(system) {
                Ok(_) => Err(failure.into()),
                Err(second) => Err(taken_back(&failure, second.into())),
            }
        }
    }
}

/// Judges a driver folder and the system.
///
/// # Errors
/// All refusals.
pub fn check(system: &(impl System + ?Sized), folder: &Path, allowed: Allowances) -> Result<Package, Error> {
    let package = package::read(system, folder)
        .map_err(|message| Error::Refused(vec![Refusal { code: "package", message }]))?;
    let refusals = refuse::install(&Facts::gather(system), &package, allowed);
    if refusals.is_empty() { Ok(package) } else { Err(Error::Refused(refusals)) }
}

/// Notes that the installation has come to its end. Whether a restart is due: the version has not been booted yet
/// on a machine that has the bus.
fn finish_install(
    system: &mut (impl System + ?Sized),
    version: &str,
    mut done: Done,
) -> Result<Done, Failure> {
    let facts = Facts::gather(system);
    if facts.state.finished.as_deref() != Some(version) {
        system.apply(&state::set("Finished", version))?;
        system.apply(&Step::Flush)?;
    }
    let bus = facts.devices_of(Driver::Pci).any(|device| device.presence.is_some());
    if bus && facts.state.booted.as_deref() != Some(version) && !facts.restart_due {
        system.apply(&Step::MakeVolatile { key: RESTART_DUE.into() })?;
        done.restart = true;
    }
    done.restart |= facts.restart_due;
    Ok(done)
}

/// `uninstall`.
///
/// # Errors
/// Refusals, or a failure after which everything was taken back or another call goes on.
pub fn uninstall(system: &mut (impl System + ?Sized)) -> Result<Done, Error> {
    let facts = Facts::gather(system);
    let refusals = refuse::uninstall(&facts);
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    // What a restart interrupted goes on, and there is nothing to go back to; nor is there when all but the last traces
    // have gone. Then another call goes on.
    let begins = facts.state.wanted == Some(Wanted::Installed);
    match remove(system) {
        Err(failure) if begins && !failure.power_cut && state::State::read(system).wanted.is_some() => {
            system.log(&format!("{failure}; taking everything back"));
            match undo_removal(system, None) {
                Ok(_) => Err(failure.into()),
                Err(second) => Err(taken_back(&failure, second)),
            }
        }
        result => Ok(result?),
    }
}

/// Why something failed whose undoing failed, too.
fn taken_back(failure: &Failure, second: Error) -> Error {
    match second {
        Error::Failed(second) if second.power_cut => second.into(),
        second => Failure::new(format!("{failure}; taking it back failed too: {second}")).into(),
    }
}

fn remove(system: &mut (impl System + ?Sized)) -> Result<Done, Failure> {
    carry_out(system, Order::Remove)
}

/// Takes back the change that is under way, if one is.
///
/// # Errors
/// The step that failed.
pub fn undo(system: &mut (impl System + ?Sized)) -> Result<Done, Failure> {
    let undo = state::State::read(system).undo;
    if undo.is_some() {
        let back = plan::give_back(&Facts::gather(system));
        steps(system, &back)?;
    }
    match undo {
        None => Ok(Done::default()),
        Some(Undo::Remove) => remove(system),
        Some(Undo::Version(version)) => {
            let back = [state::set("Version", &version), state::set("Wanted", "installed"), Step::Flush];
            steps(system, &Plan { steps: back.into(), restart: false })?;
            let done = carry_out(system, again(None, version, false))?;
            system.apply(&state::unset("Undo"))?;
            system.apply(&Step::Flush)?;
            Ok(done)
        }
    }
}

/// What is wanted already, once more.
fn again(folder: Option<PathBuf>, version: String, take_over: bool) -> Order {
    Order::Install { folder, version, repair: false, take_over }
}

/// `uninstall --rollback`: the drivers shall work again.
///
/// # Errors
/// Refusals, or the step that failed.
pub fn undo_removal(system: &mut (impl System + ?Sized), folder: Option<&Path>) -> Result<Done, Error> {
    let before = state::State::read(system);
    match (before.wanted, before.version) {
        (Some(Wanted::Removed), Some(version)) => {
            system.apply(&state::set("Wanted", "installed"))?;
            let folder = folder.map(Path::to_owned).or(before.folder.map(PathBuf::from));
            let done = carry_out(system, again(folder, version.clone(), before.others.is_some()))?;
            Ok(finish_install(system, &version, done)?)
        }
        (Some(Wanted::Installed), _) => Ok(Done::default()),
        _ => match folder {
            Some(folder) => install(system, folder, Allowances::default(), false),
            None => Ok(Done::default()),
        },
    }
}

/// `boot`: what the service does at every start: repairs, continues, moves the network's configuration,
/// and once a version has started well, forgets how to undo it and deletes the packages before it.
///
/// # Errors
/// The step that failed; the next boot tries again.
pub fn boot(system: &mut (impl System + ?Sized)) -> Result<Done, Failure> {
    let facts = Facts::gather(system);
    match (facts.state.wanted, facts.state.version.clone()) {
        (Some(Wanted::Removed), _) => remove(system),
        (Some(Wanted::Installed), Some(version)) => {
            let folder = facts.state.folder.as_deref().filter(|folder| !folder.is_empty()).map(PathBuf::from);
            let done = carry_out(system, again(folder, version.clone(), facts.state.others.is_some()))?;
            settle(system, &version)?;
            let clean = plan::clean(&Facts::gather(system));
            Ok(Done { restart: done.restart | steps(system, &clean)?.restart })
        }
        _ => Ok(Done::default()),
    }
}

/// Notes that a version has started well.
fn settle(system: &mut (impl System + ?Sized), version: &str) -> Result<(), Failure> {
    let facts = Facts::gather(system);
    let good = !facts.restart_due
        && facts.devices_of(Driver::Pci).any(|bus| {
            bus.version.as_deref() == Some(version) && bus.presence.is_some_and(|here| here.started)
        });
    if good && facts.state.booted.as_deref() != Some(version) {
        let plan = Plan {
            steps: vec![
                state::set("Booted", version),
                state::unset("Undo"),
                state::unset("Others"),
                Step::Flush,
            ],
            restart: false,
        };
        steps(system, &plan)?;
    }
    Ok(())
}

/// At shutdown: what Windows may have demoted since the boot.
///
/// # Errors
/// The step that failed.
pub fn shutdown(system: &mut (impl System + ?Sized)) -> Result<(), Failure> {
    let facts = Facts::gather(system);
    if facts.state.wanted.is_none() {
        // Removed in this boot.
        return Ok(());
    }
    let mut plan = Plan::default();
    plan::repair(&facts, facts.state.wanted == Some(Wanted::Installed), &mut plan);
    plan::networks(&facts, &mut plan);
    steps(system, &plan)?;
    Ok(())
}
