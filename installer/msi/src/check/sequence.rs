//! Sequences and custom actions.

use std::collections::BTreeSet;

use crate::{
    condition,
    database::{Cell, Database},
    product::OPTIONS,
};

const EXECUTE: &str = "InstallExecuteSequence";
const TABLES: [&str; 5] =
    [EXECUTE, "InstallUISequence", "AdminExecuteSequence", "AdminUISequence", "AdvtExecuteSequence"];

/// Standard actions that packages of ours use. Each may stand only after those before it that the sequence has
/// ("Suggested InstallExecuteSequence" and the restrictions on the actions' pages).
const STANDARD: [&str; 28] = [
    "FindRelatedProducts",
    "AppSearch",
    "LaunchConditions",
    "ValidateProductID",
    "CostInitialize",
    "FileCost",
    "CostFinalize",
    "MigrateFeatureStates",
    "InstallValidate",
    "InstallInitialize",
    "ProcessComponents",
    "UnpublishFeatures",
    "StopServices",
    "RemoveRegistryValues",
    "RemoveFiles",
    "RemoveFolders",
    "CreateFolders",
    "InstallAdminPackage",
    "InstallFiles",
    "WriteRegistryValues",
    "RegisterUser",
    "RegisterProduct",
    "PublishFeatures",
    "PublishProduct",
    "InstallFinalize",
    "ExecuteAction",
    // These two have rules of their own.
    "RemoveExistingProducts",
    "ScheduleReboot",
];

/// What an installation of files cannot do without.
const NEEDED: [&str; 18] = [
    "FindRelatedProducts",
    "AppSearch",
    "LaunchConditions",
    "CostInitialize",
    "FileCost",
    "CostFinalize",
    "InstallValidate",
    "InstallInitialize",
    "RemoveExistingProducts",
    "ProcessComponents",
    "UnpublishFeatures",
    "RemoveFiles",
    "InstallFiles",
    "RegisterUser",
    "RegisterProduct",
    "PublishFeatures",
    "PublishProduct",
    "InstallFinalize",
];

const ROLLBACK: i32 = 0x100;
const IN_SCRIPT: i32 = 0x400;
const NO_IMPERSONATE: i32 = 0x800;
const CONTINUE: i32 = 0x40;

fn number(database: &Database, table: &str, action: &str) -> Option<i32> {
    database.rows(table).iter().find(|row| row[0].text() == action).and_then(|row| row[2].int())
}

fn kind(database: &Database, action: &str) -> Option<i32> {
    database.rows("CustomAction").iter().find(|row| row[0].text() == action).and_then(|row| row[1].int())
}

fn base(kind: i32) -> i32 {
    kind & 0x3F
}

/// Custom actions of the execute sequence, in order: name, condition, number, type.
fn custom(database: &Database) -> Vec<(String, String, i32, i32)> {
    let mut rows: Vec<_> = database
        .rows(EXECUTE)
        .iter()
        .filter_map(|row| {
            let name = row[0].text();
            let kind = kind(database, &name)?;
            Some((name, row[1].text(), row[2].int()?, kind))
        })
        .collect();
    rows.sort_by_key(|row| row.2);
    rows
}

pub(super) fn actions(database: &Database, found: &mut Vec<String>) {
    for table in TABLES {
        let mut numbers = BTreeSet::new();
        for row in database.rows(table) {
            let name = row[0].text();
            let known = STANDARD.contains(&name.as_str())
                || kind(database, &name).is_some()
                || database.rows("Dialog").iter().any(|dialog| dialog[0].text() == name);
            if !known {
                found.push(format!("{table}: nobody knows the action {name}"));
            }
            match row[2].int() {
                Some(number) if numbers.insert(number) => {}
                other => found.push(format!("{table}: {name} has the number {other:?}")),
            }
        }
    }
    for needed in NEEDED {
        if number(database, EXECUTE, needed).is_none() {
            found.push(format!("{EXECUTE} has no {needed}"));
        }
    }
    for row in database.rows("CustomAction") {
        let name = row[0].text();
        if !TABLES.iter().any(|table| number(database, table, &name).is_some()) {
            found.push(format!("the custom action {name} is in no sequence"));
        }
    }
}

pub(super) fn order(database: &Database, found: &mut Vec<String>) {
    for table in TABLES {
        let mut last = (i32::MIN, "");
        for action in &STANDARD[..STANDARD.len() - 2] {
            let Some(number) = number(database, table, action) else { continue };
            if number < last.0 {
                found.push(format!("{table}: {action} stands before {}", last.1));
            }
            last = (number, action);
        }
    }
}

/// Numbers between which the installation script is made.
fn script(database: &Database) -> (i32, i32) {
    (
        number(database, EXECUTE, "InstallInitialize").unwrap_or(i32::MAX),
        number(database, EXECUTE, "InstallFinalize").unwrap_or(i32::MIN),
    )
}

pub(super) fn deferred(database: &Database, found: &mut Vec<String>) {
    let (begin, end) = script(database);
    for (name, _, number, kind) in custom(database) {
        let inside = begin < number && number < end;
        if (kind & IN_SCRIPT != 0) != inside {
            found.push(format!("{name} has the type {kind:#x} and the number {number}"));
        }
        if kind & IN_SCRIPT != 0 && kind & NO_IMPERSONATE == 0 {
            found.push(format!("{name} does not run as the system"));
        }
        if kind & IN_SCRIPT != 0 && kind & CONTINUE != 0 {
            found.push(format!("a failure of {name} would be ignored"));
        }
    }
    for row in database.rows("InstallUISequence") {
        if kind(database, &row[0].text()).is_some_and(|kind| kind & IN_SCRIPT != 0) {
            found.push(format!("{} is deferred and in InstallUISequence", row[0].text()));
        }
    }
}

pub(super) fn rollback(database: &Database, found: &mut Vec<String>) {
    let all = custom(database);
    for (at, (name, condition, ..)) in
        all.iter().enumerate().filter(|(_, row)| row.3 & IN_SCRIPT != 0 && row.3 & ROLLBACK == 0)
    {
        if name == CHECK {
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| all.get(at));
        let right = before.is_some_and(|(other, theirs, _, kind)| {
            *other == format!("{name}Rollback") && theirs == condition && kind & ROLLBACK != 0
        });
        if !right {
            found.push(format!("before {name} stands {:?}", before.map(|row| &row.0)));
        }
    }
}

/// Asks whether the installation would be refused.
const CHECK: &str = "XenCheck";

pub(super) fn asked(database: &Database, found: &mut Vec<String>) {
    let all: Vec<_> = custom(database).into_iter().filter(|row| row.3 & IN_SCRIPT != 0).collect();
    let at = all.iter().position(|row| row.0 == CHECK);
    let next = at.and_then(|at| all.get(at + 1));
    let right = next.is_some_and(|(name, condition, ..)| {
        name == "XenInstallRollback" && at.and_then(|at| all.get(at)).is_some_and(|row| row.1 == *condition)
    });
    if !right {
        found.push(format!(
            "{CHECK} is not right before XenInstallRollback: a refusal would undo what is installed"
        ));
    }
}

pub(super) fn data(database: &Database, found: &mut Vec<String>) {
    let all = custom(database);
    let costed = number(database, EXECUTE, "CostFinalize").unwrap_or(i32::MAX);
    let (begin, _) = script(database);
    for (name, condition, ..) in all.iter().filter(|row| row.3 & IN_SCRIPT != 0) {
        let set = database
            .rows("CustomAction")
            .iter()
            .find(|row| row[1].int().is_some_and(|kind| base(kind) == 51) && row[2].text() == *name)
            .map(|row| row[0].text());
        let before = all.iter().find(|row| Some(&row.0) == set.as_ref());
        // Folders have values only after CostFinalize.
        let right = before
            .is_some_and(|(_, theirs, number, _)| theirs == condition && *number > costed && *number < begin);
        if !right {
            found.push(format!("{name} does not get its data in time, or under another condition"));
        }
    }
}

pub(super) fn options(database: &Database, found: &mut Vec<String>) {
    let properties = |set: &[(&str, &str)]| -> condition::Properties {
        set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (first, there, removal) = (
        properties(&[]),
        properties(&[("Installed", "1")]),
        properties(&[("Installed", "1"), ("REMOVE", "ALL")]),
    );
    for option in OPTIONS {
        let named = format!("[{option}]");
        let used = database.rows("CustomAction").iter().filter(|row| row[3].text().contains(&named));
        let first_use = used.filter_map(|row| number(database, EXECUTE, &row[0].text())).min();
        let forgets = |row: &&Vec<Cell>| {
            row[1].int().is_some_and(|kind| base(kind) == 51)
                && row[2].text() == option
                && row[3].text() == "{}"
        };
        let forgotten = database.rows("CustomAction").iter().find(forgets).is_some_and(|row| {
            custom(database).iter().any(|(name, when, number, _)| {
                *name == row[0].text()
                    && first_use.is_none_or(|first| *number < first)
                    && condition::holds(when, &there) == Ok(true)
                    && condition::holds(when, &first) == Ok(false)
                    && condition::holds(when, &removal) == Ok(false)
            })
        });
        if !forgotten {
            found.push(format!("a repair is given {option}"));
        }
    }
}

pub(super) fn files(database: &Database, found: &mut Vec<String>) {
    let at = |action: &str| number(database, EXECUTE, action);
    let copied = at("InstallFiles");
    let unregistered = at("ProcessComponents");
    for name in [CHECK, "XenInstall", "XenInstallRollback"] {
        if at(name).is_none() || at(name) < copied {
            found.push(format!("{name} runs before its files are there"));
        }
    }
    for name in ["XenRemove", "XenRemoveRollback"] {
        if at(name).is_none() || at(name) > unregistered {
            found.push(format!("{name} runs when something has already been taken away"));
        }
    }
}

/// Stop at an installation, stop at a removal.
const STOPS: i32 = 2 | 32;

pub(super) fn services(database: &Database, found: &mut Vec<String>) {
    let stopped = database.rows("ServiceControl").iter().any(|row| {
        row[1].text() == "xenpvboot"
            && row[2].int().is_some_and(|event| event & STOPS == STOPS)
            && row[4].int() == Some(1)
            && row[5].text() == "C_xenpv_setup.exe"
    });
    if !stopped || number(database, EXECUTE, "StopServices").is_none() {
        found.push("the boot service runs on while its program is replaced".to_owned());
    }
}

pub(super) fn replace(database: &Database, found: &mut Vec<String>) {
    let Some(remove) = number(database, EXECUTE, "RemoveExistingProducts") else { return };
    let (begin, end) = script(database);
    if remove < begin || remove > end {
        found.push("RemoveExistingProducts is outside of the transaction: it would not be undone".to_owned());
    }
    for row in database.rows(EXECUTE) {
        if row[2].int().is_some_and(|number| begin < number && number < remove) {
            found.push(format!(
                "{} stands between InstallInitialize and RemoveExistingProducts",
                row[0].text()
            ));
        }
    }
}

pub(super) fn reboot(database: &Database, found: &mut Vec<String>) {
    let (_, end) = script(database);
    let right = custom(database)
        .iter()
        .any(|(name, _, number, kind)| name == "XenReboot" && *number > end && kind & CONTINUE != 0);
    if !right {
        found.push("XenReboot is not after InstallFinalize, or its failure counts".to_owned());
    }
}

/// Properties that Windows Installer sets.
const SET_BY_WINDOWS: [&str; 10] = [
    "Installed",
    "MsiAMD64",
    "Preselected",
    "Privileged",
    "REINSTALL",
    "REMOVE",
    "RESUME",
    "UPGRADINGPRODUCTCODE",
    "OriginalDatabase",
    "OutOfDiskSpace",
];

fn conditions_of(database: &Database) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for table in TABLES {
        all.extend(
            database.rows(table).iter().map(|row| (format!("{table}, {}", row[0].text()), row[1].text())),
        );
    }
    for (table, column) in
        [("Component", 4), ("ControlCondition", 3), ("ControlEvent", 4), ("LaunchCondition", 0)]
    {
        all.extend(
            database
                .rows(table)
                .iter()
                .map(|row| (format!("{table}, {}", row[0].text()), row[column].text())),
        );
    }
    all
}

/// Properties that the package sets or may be given.
fn set_by_us(database: &Database) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for (table, column) in [("Property", 0), ("AppSearch", 0), ("Upgrade", 6), ("Directory", 0)] {
        all.extend(database.rows(table).iter().map(|row| row[column].text()));
    }
    let secure = database.property("SecureCustomProperties").unwrap_or_default();
    all.extend(secure.split(';').map(str::to_owned));
    all
}

pub(super) fn conditions(database: &Database, found: &mut Vec<String>) {
    let known = set_by_us(database);
    for (place, text) in conditions_of(database) {
        match condition::names(&text) {
            Err(message) => found.push(format!("{place}: {message}")),
            Ok(names) => {
                for name in names {
                    if !SET_BY_WINDOWS.contains(&name.as_str()) && !known.contains(&name) {
                        found.push(format!("{place}: nobody sets {name}"));
                    }
                }
            }
        }
    }
    // Formatted texts: [Name] has to be known, too.
    for (table, column) in [("CustomAction", 3), ("Control", 9), ("LaunchCondition", 1)] {
        for row in database.rows(table) {
            let text = row[column].text();
            if text.starts_with("{\\rtf") {
                continue;
            }
            for name in text.split('[').skip(1).filter_map(|rest| rest.split(']').next()) {
                let number = name.bytes().all(|b| b.is_ascii_digit());
                if !number && !known.contains(name) && !SET_BY_WINDOWS.contains(&name) {
                    found.push(format!("{table}, {}: nobody sets [{name}]", row[0].text()));
                }
            }
        }
    }
}

pub(super) fn secure(database: &Database, found: &mut Vec<String>) {
    let secure = database.property("SecureCustomProperties").unwrap_or_default();
    let secure: Vec<&str> = secure.split(';').collect();
    let public = |name: &str| !name.bytes().any(|b| b.is_ascii_lowercase());
    let mut used: BTreeSet<String> = database.rows("Upgrade").iter().map(|row| row[6].text()).collect();
    for row in database.rows("CustomAction") {
        let text = row[3].text();
        used.extend(text.split('[').skip(1).filter_map(|rest| rest.split(']').next()).map(str::to_owned));
    }
    for name in used.iter().filter(|name| public(name)) {
        if !secure.contains(&name.as_str()) {
            found.push(format!("{name} is no secure custom property"));
        }
    }
    for name in secure {
        if !public(name) {
            found.push(format!("{name} is not a public property"));
        }
    }
}
