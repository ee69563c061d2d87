//! A model of Windows Installer that executes the tables: conditions, the script between `InstallInitialize` and
//! `InstallFinalize`, rollback in reverse order, the nested removal of an older version. It shows, for a
//! failure at *every* step, that what was there before is there again; Wine's own rollback is incomplete, so
//! nothing else at hand can.
//!
//! Rules: "Rollback Custom Actions" (a rollback action enters the rollback script when its place in the script
//! is executed, and runs, in reverse order, when a later step fails), "RemoveExistingProducts", "Installation
//! Mechanism".

use std::collections::BTreeSet;

use crate::{
    Database,
    condition::{self, Properties},
};

/// The computer: installed files with the version that they are of, the driver state, registered products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// (version, file key)
    pub files: BTreeSet<(String, String)>,
    /// Version of the drivers that Windows uses, as the setup program leaves it.
    pub drivers: Option<String>,
    /// What the setup program goes back to when it is told to undo: it remembers that until the drivers were booted.
    pub undo: Option<Option<String>>,
    /// Versions in Add/Remove Programs.
    pub products: BTreeSet<String>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Install, or upgrade when another version is there.
    Install,
    /// Repair.
    Repair,
    /// Remove.
    Remove,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// The step of this number fails, from 0; that a rollback action is noted cannot fail and is not counted.
    At(usize),
    /// The setup program refuses to install, having changed nothing.
    Refusal,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done: the steps that were executed.
    Done(Vec<String>),
    /// Failed at this step, and rolled back.
    RolledBack(String),
    /// Refused before anything was done.
    Refused(String),
}

/// A step of the script: what it does, and what undoes it.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    version: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    AddFiles(Vec<String>),
    DropFiles(Vec<String>),
    Register,
    Unregister,
    Check,
    Install,
    Remove,
    /// Undoes an `Install`, if it comes to that.
    UndoInstall,
    /// Undoes a `Remove`, if it comes to that.
    UndoRemove,
}

/// Executes a request.
///
/// # Errors
/// Tables that cannot be executed.
pub fn execute(
    new: &Database,
    old: Option<&Database>,
    machine: &mut Machine,
    request: Request,
    trouble: Trouble,
) -> Result<Outcome, String> {
    let version = version(new);
    let mut properties = Properties::new();
    for (name, value) in [("MsiAMD64", "1"), ("Privileged", "1"), ("WINDOWSBUILD", "26100")] {
        properties.insert(name.to_owned(), value.to_owned());
    }
    if machine.products.contains(&version) {
        properties.insert("Installed".to_owned(), "1".to_owned());
    }
    match request {
        Request::Remove => properties.insert("REMOVE".to_owned(), "ALL".to_owned()),
        Request::Repair => properties.insert("REINSTALL".to_owned(), "ALL".to_owned()),
        Request::Install => None,
    };
    for row in new.rows("LaunchCondition") {
        if !condition::holds(&row[0].text(), &properties)? {
            return Ok(Outcome::Refused(row[1].text()));
        }
    }
    let steps = script(new, old, machine, &properties)?;
    let mut done: Vec<Step> = Vec::new();
    let before = machine.clone();
    let mut at = 0;
    for step in steps {
        let name = step.name.clone();
        if matches!(step.kind, Kind::UndoInstall | Kind::UndoRemove) {
            done.push(step);
            continue;
        }
        let refused = trouble == Trouble::Refusal && matches!(step.kind, Kind::Check | Kind::Install);
        if !refused {
            // A step that fails may have done its work in part: it counts as done.
            apply(&step, machine);
            done.push(step);
        }
        if refused || trouble == Trouble::At(at) {
            undo(&done, &before, machine);
            return Ok(Outcome::RolledBack(name));
        }
        at += 1;
    }
    Ok(Outcome::Done(done.into_iter().map(|step| step.name).collect()))
}

fn version(database: &Database) -> String {
    database.property("ProductVersion").unwrap_or_default()
}

fn script(
    database: &Database,
    old: Option<&Database>,
    machine: &Machine,
    properties: &Properties,
) -> Result<Vec<Step>, String> {
    let mut rows: Vec<_> = database.rows("InstallExecuteSequence").iter().collect();
    rows.sort_by_key(|row| row[2].int());
    let files: Vec<String> = database.rows("File").iter().map(|row| row[0].text()).collect();
    let removing = properties.get("REMOVE").is_some_and(|value| value == "ALL");
    let mut steps = Vec::new();
    let mut inside = false;
    for row in rows {
        let name = row[0].text();
        if !condition::holds(&row[1].text(), properties)? {
            continue;
        }
        match name.as_str() {
            "InstallInitialize" => inside = true,
            "InstallFinalize" => inside = false,
            "RemoveExistingProducts" => {
                if let Some(old) = old.filter(|old| machine.products.contains(&version(old))) {
                    let mut theirs = properties.clone();
                    theirs.insert("REMOVE".to_owned(), "ALL".to_owned());
                    theirs.insert("UPGRADINGPRODUCTCODE".to_owned(), "{NEW}".to_owned());
                    theirs.insert("Installed".to_owned(), "1".to_owned());
                    steps.extend(script(old, None, machine, &theirs)?);
                }
            }
            _ => {}
        }
        let kind = match name.as_str() {
            "InstallFiles" if !removing => Kind::AddFiles(files.clone()),
            "RemoveFiles" if removing => Kind::DropFiles(files.clone()),
            "RegisterProduct" if !removing => Kind::Register,
            // Windows unregisters a product that is removed as a whole without an action of that name.
            "UnpublishFeatures" if removing => Kind::Unregister,
            "XenCheck" => Kind::Check,
            "XenInstall" => Kind::Install,
            "XenRemove" => Kind::Remove,
            "XenInstallRollback" => Kind::UndoInstall,
            "XenRemoveRollback" => Kind::UndoRemove,
            _ => continue,
        };
        if !inside {
            return Err(format!("{name} is outside of the script"));
        }
        steps.push(Step { name, version: version(database), kind });
    }
    Ok(steps)
}

fn apply(step: &Step, machine: &mut Machine) {
    let version = step.version.clone();
    match &step.kind {
        Kind::AddFiles(files) => {
            machine.files.extend(files.iter().map(|file| (version.clone(), file.clone())))
        }
        Kind::DropFiles(files) => {
            for file in files {
                machine.files.remove(&(version.clone(), file.clone()));
            }
        }
        Kind::Register => {
            machine.products.insert(version);
        }
        Kind::Unregister => {
            machine.products.remove(&version);
        }
        // The setup program can only run while its file is there: else nothing happens, and the test sees it.
        Kind::Install if program(machine, &version) => {
            // Over the same version there is nothing to go back to.
            let before = machine.drivers.replace(version.clone());
            machine.undo = (before.as_ref() != Some(&version)).then_some(before);
        }
        Kind::Remove if program(machine, &version) => (machine.drivers, machine.undo) = (None, None),
        Kind::Check | Kind::Install | Kind::Remove | Kind::UndoInstall | Kind::UndoRemove => {}
    }
}

fn program(machine: &Machine, version: &str) -> bool {
    machine.files.contains(&(version.to_owned(), "xenpv_setup.exe".to_owned()))
}

/// Runs the rollback script. Windows restores files and registration by itself; the driver state comes back only
/// if a rollback action was executed before, and can run its program.
fn undo(done: &[Step], before: &Machine, machine: &mut Machine) {
    for step in done.iter().rev() {
        match &step.kind {
            Kind::AddFiles(_) | Kind::DropFiles(_) => {
                machine.files.retain(|(version, _)| *version != step.version);
                machine.files.extend(before.files.iter().filter(|(v, _)| *v == step.version).cloned());
            }
            Kind::Register | Kind::Unregister => {
                machine.products.remove(&step.version);
                machine.products.extend(before.products.iter().filter(|v| **v == step.version).cloned());
            }
            Kind::UndoInstall if program(machine, &step.version) => {
                if let Some(before) = machine.undo.take() {
                    machine.drivers = before;
                }
            }
            Kind::UndoRemove if program(machine, &step.version) => {
                machine.drivers.clone_from(&before.drivers)
            }
            Kind::Check | Kind::Install | Kind::Remove | Kind::UndoInstall | Kind::UndoRemove => {}
        }
    }
}
