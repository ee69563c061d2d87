//! Dialogs.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::{Cell, Database};

/// Kinds of controls that the Tab key stops at.
const ACTIVE: [&str; 3] = ["PushButton", "ScrollableText", "ListBox"];

struct Control<'a> {
    row: &'a [Cell],
}

impl Control<'_> {
    fn name(&self) -> String {
        self.row[1].text()
    }

    fn kind(&self) -> String {
        self.row[2].text()
    }

    /// x, y, right end, lower end
    fn place(&self) -> (i32, i32, i32, i32) {
        let at = |column: usize| self.row[column].int().unwrap_or(-1);
        (at(3), at(4), at(3) + at(5), at(4) + at(6))
    }
}

fn controls<'a>(database: &'a Database, dialog: &str) -> Vec<Control<'a>> {
    database.rows("Control").iter().filter(|row| row[0].text() == dialog).map(|row| Control { row }).collect()
}

pub(super) fn dialogs(database: &Database, found: &mut Vec<String>) {
    for row in database.rows("Dialog") {
        let name = row[0].text();
        let controls = controls(database, &name);
        let (width, height) = (row[3].int().unwrap_or(0), row[4].int().unwrap_or(0));
        for control in &controls {
            let (x, y, right, lower) = control.place();
            if x < 0 || y < 0 || right > width || lower > height {
                found.push(format!("{name}: {} is not inside", control.name()));
            }
        }
        for wanted in row[7..10].iter().map(Cell::text) {
            if !wanted.is_empty() && !controls.iter().any(|control| control.name() == wanted) {
                found.push(format!("{name} has no control {wanted}"));
            }
        }
        let next: BTreeMap<String, String> = controls
            .iter()
            .filter(|control| ACTIVE.contains(&control.kind().as_str()))
            .map(|control| (control.name(), control.row[10].text()))
            .collect();
        let mut seen = BTreeSet::new();
        let mut at = next.keys().next().cloned().unwrap_or_default();
        while seen.insert(at.clone()) {
            at = next.get(&at).cloned().unwrap_or_default();
        }
        if !next.keys().eq(seen.iter()) {
            found.push(format!("{name}: the Tab key goes {seen:?} of {:?}", next.keys()));
        }
    }
}

pub(super) fn overlap(database: &Database, found: &mut Vec<String>) {
    for row in database.rows("Dialog") {
        let name = row[0].text();
        // Of an error dialog's buttons only those that fit are shown, side by side.
        if database.property("ErrorDialog").as_ref() == Some(&name) {
            continue;
        }
        let controls = controls(database, &name);
        for (at, one) in controls.iter().enumerate() {
            for other in &controls[at + 1..] {
                let ((x, y, right, lower), (x2, y2, right2, lower2)) = (one.place(), other.place());
                if x < right2 && x2 < right && y < lower2 && y2 < lower {
                    found.push(format!("{name}: {} lies over {}", one.name(), other.name()));
                }
            }
        }
    }
}

pub(super) fn events(database: &Database, found: &mut Vec<String>) {
    let dialogs: BTreeSet<String> = database.rows("Dialog").iter().map(|row| row[0].text()).collect();
    for row in database.rows("Control").iter().filter(|row| row[2].text() == "PushButton") {
        let mine: Vec<String> = database
            .rows("ControlEvent")
            .iter()
            .filter(|event| event[0] == row[0] && event[1] == row[1])
            .map(|event| event[2].text())
            .collect();
        let ends = ["EndDialog", "NewDialog", "SpawnDialog"];
        if !mine.iter().any(|event| ends.contains(&event.as_str())) {
            found.push(format!("{}: the button {} does {mine:?}", row[0].text(), row[1].text()));
        }
        // Conditions of the execute sequence look at the property, which the event alone need not set.
        let (event, property) = ("Remove".to_owned(), "[REMOVE]".to_owned());
        if mine.contains(&event) && !mine.contains(&property) {
            found.push(format!("{}: the button {} does not set REMOVE", row[0].text(), row[1].text()));
        }
    }
    for row in database.rows("ControlEvent") {
        let (event, argument) = (row[2].text(), row[3].text());
        let known = match event.as_str() {
            "NewDialog" | "SpawnDialog" => dialogs.contains(&argument),
            "EndDialog" => {
                ["Exit", "Retry", "Ignore", "Return"].contains(&argument.as_str())
                    || argument.starts_with("Error")
            }
            "Remove" | "[REMOVE]" | "Reinstall" => argument == "ALL",
            "ReinstallMode" => argument.bytes().all(|b| b"amusvopdec".contains(&b)),
            _ => false,
        };
        if !known {
            found.push(format!("{}, {}: {event} {argument}", row[0].text(), row[1].text()));
        }
        let there = controls(database, &row[0].text()).iter().any(|control| control.name() == row[1].text());
        if !there {
            found.push(format!("{}: an event of {}, which is not there", row[0].text(), row[1].text()));
        }
    }
}

pub(super) fn reachable(database: &Database, found: &mut Vec<String>) {
    // Windows shows these two by itself.
    let mut reached: BTreeSet<String> = BTreeSet::from(["FilesInUse".to_owned()]);
    reached.extend(database.property("ErrorDialog"));
    reached.extend(database.rows("InstallUISequence").iter().map(|row| row[0].text()));
    loop {
        let before = reached.len();
        for row in database.rows("ControlEvent") {
            if row[2].text().ends_with("Dialog") && reached.contains(&row[0].text()) {
                reached.insert(row[3].text());
            }
        }
        if reached.len() == before {
            break;
        }
    }
    for row in database.rows("Dialog") {
        let name = row[0].text();
        if !reached.contains(&name) {
            found.push(format!("{name} cannot be reached"));
        }
        // The Escape key has to do something; an error dialog's buttons vary.
        if row[9] == Cell::Null && database.property("ErrorDialog").as_ref() != Some(&name) {
            found.push(format!("{name} cannot be cancelled"));
        }
    }
}

pub(super) fn ends(database: &Database, found: &mut Vec<String>) {
    for end in [-1, -2, -3] {
        let there = database.rows("InstallUISequence").iter().any(|row| {
            row[2].int() == Some(end) && database.rows("Dialog").iter().any(|dialog| dialog[0] == row[0])
        });
        if !there {
            found.push(format!("InstallUISequence has no dialog {end}"));
        }
    }
    let error = database.property("ErrorDialog").unwrap_or_default();
    let controls = controls(database, &error);
    for name in ["ErrorText", "A", "C", "I", "N", "O", "R", "Y"] {
        if !controls.iter().any(|control| control.name() == name) {
            found.push(format!("the error dialog has no {name}"));
        }
    }
    let shown =
        database.rows("Error").iter().any(|row| row[0].int() == Some(25000) && row[1].text() == "[2]");
    if !shown {
        found.push("there is no text for the messages of the custom actions".to_owned());
    }
}

pub(super) fn progress(database: &Database, found: &mut Vec<String>) {
    for row in database.rows("InstallExecuteSequence") {
        let name = row[0].text();
        // What takes no time.
        let quick = ["AppSearch", "LaunchConditions", "InstallInitialize", "InstallFinalize", "XenReboot"];
        let sets = database
            .rows("CustomAction")
            .iter()
            .any(|row| row[0].text() == name && row[1].int().is_some_and(|kind| kind & 0x3F == 51));
        if sets || quick.contains(&name.as_str()) {
            continue;
        }
        if !database.rows("ActionText").iter().any(|text| text[0].text() == name && text[1] != Cell::Null) {
            found.push(format!("{name} has no text"));
        }
    }
    let bound: BTreeSet<String> = database
        .rows("EventMapping")
        .iter()
        .filter(|row| row[0].text() == "ProgressDlg")
        .map(|row| row[2].text())
        .collect();
    for event in ["ActionText", "ActionData", "SetProgress"] {
        if !bound.contains(event) {
            found.push(format!("the progress page does not show {event}"));
        }
    }
}
