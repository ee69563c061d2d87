//! The package keeps its rules, every rule fires on a package that breaks it, the file is read back as it was
//! written, and a failure at every step leaves the computer as it was.

use std::collections::BTreeSet;

use xenpv_msi::{
    Cell, Database, File, Product,
    check::{RULES, check},
    model::{Machine, Outcome, Request, Trouble, execute},
};

fn product(version: [u16; 3]) -> Product {
    let mut files = Vec::new();
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        for ending in ["inf", "sys", "cat"] {
            files.push(File {
                folder: format!("drivers/{driver}"),
                name: format!("{driver}.{ending}"),
                data: format!("{driver} {ending} {version:?}").into_bytes(),
                version: (ending == "sys").then(|| "1.2.3.0".to_owned()),
            });
        }
    }
    for (folder, name) in [("", "xenpv-setup.exe"), ("", "LICENSE.txt"), ("drivers", "package.json")] {
        files.push(File {
            folder: folder.to_owned(),
            name: name.to_owned(),
            data: vec![7; 100_000],
            version: name.ends_with("exe").then(|| "1.2.3.0".to_owned()),
        });
    }
    let licence = "GPL {2}\nor later".to_owned();
    Product { version, files, actions: b"MZ".to_vec(), licence, time: 1_764_000_000 }
}

fn good() -> Database {
    xenpv_msi::database(&product([1, 2, 3]))
}

#[test]
fn the_package_keeps_all_rules() {
    let found: Vec<String> = check(&good()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn rows<'a>(database: &'a mut Database, table: &str) -> &'a mut Vec<Vec<Cell>> {
    database.tables.get_mut(table).unwrap_or_else(|| panic!("no {table}"))
}

/// Changes one value: table, key, column.
fn set(database: &mut Database, table: &str, key: &str, column: usize, value: Cell) {
    let row = rows(database, table).iter_mut().find(|row| row[0].text() == key);
    row.unwrap_or_else(|| panic!("{table} has no {key}"))[column] = value;
}

/// The same in a row with two keys.
fn set2(database: &mut Database, table: &str, keys: (&str, &str), column: usize, value: Cell) {
    let row = rows(database, table).iter_mut().find(|row| row[0].text() == keys.0 && row[1].text() == keys.1);
    row.unwrap_or_else(|| panic!("{table} has no {keys:?}"))[column] = value;
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn drop_rows(database: &mut Database, table: &str, which: impl Fn(&[Cell]) -> bool) {
    let rows = rows(database, table);
    let before = rows.len();
    rows.retain(|row| !which(row));
    assert!(rows.len() < before, "{table} has no such row");
}

fn drop_row(database: &mut Database, table: &str, key: &str) {
    drop_rows(database, table, |row| row[0].text() == key);
}

const EXECUTE: &str = "InstallExecuteSequence";

type Edit = fn(&mut Database);

/// Rule and an edit that breaks it.
const BROKEN: &[(&str, Edit)] = &[
    ("columns", |d| set(d, "Feature", "Drivers", 5, Cell::Null)),
    ("columns", |d| set(d, "Media", "1", 0, text("one"))),
    ("columns", |d| set(d, "Dialog", "ExitDlg", 3, Cell::Int(40_000))),
    ("columns", |d| set(d, "Binary", "xenpvmsi", 1, Cell::Stream(Vec::new()))),
    ("columns", |d| set(d, "TextStyle", "DialogFont", 1, text(&"x".repeat(33)))),
    ("keys", |d| {
        let row = d.rows("Property")[0].clone();
        d.add("Property", row);
    }),
    ("references", |d| drop_row(d, "RegLocator", "WindowsBuild")),
    ("references", |d| set(d, "Component", "C_LICENSE.txt", 2, text("Nowhere"))),
    ("references", |d| set(d, "CustomAction", "XenInstall", 2, text("gone"))),
    ("references", |d| set(d, "CustomAction", "XenInstall", 1, Cell::Int(18 | 0x400 | 0x800))),
    ("properties", |d| set(d, "Property", "ProductVersion", 1, text("1.300.0"))),
    ("properties", |d| set(d, "Property", "ProductCode", 1, text("{6f0d6a7e-3c55-4b0c-9c2b-58c0d5e3a914}"))),
    ("properties", |d| drop_row(d, "Property", "ALLUSERS")),
    ("properties", |d| set(d, "Property", "UpgradeCode", 1, text("{6F0D6A7E-3C55-4B0C-9C2B-58C0D5E3A915}"))),
    ("components", |d| set(d, "Component", "C_LICENSE.txt", 3, Cell::Int(0))),
    ("components", |d| {
        let guid = d.rows("Component")[0][1].clone();
        set(d, "Component", "C_xenpv_setup.exe", 1, guid);
    }),
    ("components", |d| set(d, "Component", "C_LICENSE.txt", 5, text("xenpv_setup.exe"))),
    ("components", |d| set(d, "FeatureComponents", "Drivers", 1, text("C_xenpv_setup.exe"))),
    ("directories", |d| set(d, "Directory", "D_drivers", 1, text("D_drivers_xenpvpci"))),
    ("directories", |d| set(d, "Directory", "InstallFolder", 1, text("TARGETDIR"))),
    ("names", |d| set(d, "File", "LICENSE.txt", 2, text("XENPVSET.EXE|LICENSE.txt"))),
    ("names", |d| set(d, "File", "xenpv_setup.exe", 2, text("xenpv-setup.exe"))),
    ("media", |d| set(d, "Media", "1", 1, Cell::Int(3))),
    ("media", |d| set(d, "File", "LICENSE.txt", 7, Cell::Int(99))),
    ("media", |d| set(d, "Media", "1", 3, text("xenpv.cab"))),
    ("hashes", |d| drop_row(d, "MsiFileHash", "LICENSE.txt")),
    ("hashes", |d| set(d, "File", "xenpv_setup.exe", 5, Cell::Null)),
    ("upgrade", |d| rows(d, "Upgrade")[0][2] = text("1.2.2")),
    ("upgrade", |d| rows(d, "Upgrade")[1][4] = Cell::Int(0)),
    ("upgrade", |d| drop_rows(d, "LaunchCondition", |row| row[0].text().contains("NEWER"))),
    ("upgrade", |d| rows(d, "Upgrade")[0][3] = text("1033")),
    ("launch", |d| set(d, "LaunchCondition", "Installed OR MsiAMD64", 0, text("MsiAMD64"))),
    ("launch", |d| drop_row(d, "LaunchCondition", "Privileged")),
    ("summary", |d| d.summary.package_code = d.property("ProductCode").expect("it is there")),
    ("summary", |d| d.summary.package_code = String::new()),
    ("actions", |d| set(d, EXECUTE, "RemoveFolders", 0, text("RemoveFolder"))),
    ("actions", |d| set(d, EXECUTE, "RemoveFolders", 2, Cell::Int(3500))),
    ("actions", |d| drop_row(d, EXECUTE, "RegisterProduct")),
    ("actions", |d| drop_row(d, EXECUTE, "XenReboot")),
    ("order", |d| set(d, EXECUTE, "InstallFiles", 2, Cell::Int(1590))),
    ("order", |d| set(d, "InstallUISequence", "CostFinalize", 2, Cell::Int(850))),
    ("deferred", |d| set(d, EXECUTE, "XenInstall", 2, Cell::Int(1))),
    ("deferred", |d| set(d, "CustomAction", "XenInstall", 1, Cell::Int(1 | 0x400))),
    ("deferred", |d| set(d, "CustomAction", "XenInstall", 1, Cell::Int(1 | 0x400 | 0x800 | 0x40))),
    ("deferred", |d| set(d, EXECUTE, "XenReboot", 2, Cell::Int(6599))),
    ("deferred", |d| d.add("InstallUISequence", vec![text("XenInstall"), Cell::Null, Cell::Int(1299)])),
    ("rollback", |d| set(d, EXECUTE, "XenInstallRollback", 2, Cell::Int(5811))),
    ("rollback", |d| set(d, EXECUTE, "XenInstallRollback", 1, text("NOT Installed"))),
    ("rollback", |d| drop_row(d, EXECUTE, "XenRemoveRollback")),
    ("rollback", |d| set(d, "CustomAction", "XenRemoveRollback", 1, Cell::Int(1 | 0x400 | 0x800))),
    ("asked", |d| drop_row(d, EXECUTE, "XenCheck")),
    ("asked", |d| set(d, EXECUTE, "XenCheck", 2, Cell::Int(5805))),
    ("asked", |d| set(d, EXECUTE, "XenCheck", 1, text("NOT Installed"))),
    ("data", |d| set(d, EXECUTE, "SetXenInstall", 2, Cell::Int(1550))),
    ("data", |d| set(d, EXECUTE, "SetXenInstall", 2, Cell::Int(990))),
    ("data", |d| set(d, EXECUTE, "SetXenRemove", 1, Cell::Null)),
    ("data", |d| set(d, "CustomAction", "SetXenInstall", 2, text("XenInstal"))),
    ("files", |d| {
        set(d, EXECUTE, "XenInstallRollback", 2, Cell::Int(3980));
        set(d, EXECUTE, "XenInstall", 2, Cell::Int(3990));
    }),
    ("files", |d| {
        set(d, EXECUTE, "XenRemoveRollback", 2, Cell::Int(3510));
        set(d, EXECUTE, "XenRemove", 2, Cell::Int(3520));
    }),
    ("services", |d| set(d, "ServiceControl", "BootService", 2, Cell::Int(2))),
    ("services", |d| set(d, "ServiceControl", "BootService", 4, Cell::Null)),
    ("services", |d| drop_row(d, EXECUTE, "StopServices")),
    ("order", |d| set(d, EXECUTE, "StopServices", 2, Cell::Int(3550))),
    ("replace", |d| set(d, EXECUTE, "RemoveExistingProducts", 2, Cell::Int(6650))),
    ("replace", |d| set(d, EXECUTE, "RemoveExistingProducts", 2, Cell::Int(4100))),
    ("reboot", |d| set(d, "CustomAction", "XenReboot", 1, Cell::Int(1))),
    ("conditions", |d| set(d, EXECUTE, "RemoveFiles", 1, text("NOT (REMOVE"))),
    ("conditions", |d| set(d, EXECUTE, "RemoveFiles", 1, text("WINDOWBUILD"))),
    ("conditions", |d| set(d, "CustomAction", "SetXenInstall", 3, text("install|[INSTALLFOLDER]"))),
    ("secure", |d| set(d, "Property", "SecureCustomProperties", 1, text("LOGFILE;NEWERFOUND;OLDERFOUND"))),
    ("secure", |d| {
        let list = "LOGFILE;NEWERFOUND;OLDERFOUND;REPLACEOTHERS;InstallFolder";
        set(d, "Property", "SecureCustomProperties", 1, text(list));
    }),
    ("options", |d| drop_row(d, EXECUTE, "ForgetLOGFILE")),
    ("options", |d| set(d, EXECUTE, "ForgetREPLACEOTHERS", 1, text("REMOVE"))),
    ("options", |d| set(d, EXECUTE, "ForgetLOGFILE", 2, Cell::Int(1425))),
    ("options", |d| set(d, "CustomAction", "ForgetLOGFILE", 3, text("[LOGFILE]"))),
    ("dialogs", |d| set(d, "Control", "CancelDlg", 3, Cell::Int(250))),
    ("dialogs", |d| set(d, "Dialog", "WelcomeDlg", 9, text("Escape"))),
    ("dialogs", |d| set2(d, "Control", ("ReadyDlg", "Back"), 10, text("Back"))),
    ("overlap", |d| set2(d, "Control", ("WelcomeDlg", "Intro"), 6, Cell::Int(80))),
    ("events", |d| drop_rows(d, "ControlEvent", |row| row[1].text() == "Install")),
    ("events", |d| set2(d, "ControlEvent", ("WelcomeDlg", "Next"), 3, text("LicenseDlg"))),
    ("events", |d| set2(d, "ControlEvent", ("MaintenanceDlg", "Repair"), 1, text("Mend"))),
    ("events", |d| drop_rows(d, "ControlEvent", |row| row[2].text() == "[REMOVE]")),
    ("reachable", |d| drop_row(d, "InstallUISequence", "MaintenanceDlg")),
    ("reachable", |d| set(d, "Dialog", "RemoveDlg", 9, Cell::Null)),
    ("ends", |d| drop_row(d, "InstallUISequence", "UserExitDlg")),
    ("ends", |d| drop_rows(d, "Control", |row| row[0].text() == "ErrorDlg" && row[1].text() == "R")),
    ("ends", |d| rows(d, "Error").clear()),
    ("progress", |d| drop_row(d, "ActionText", "XenInstall")),
    ("progress", |d| drop_rows(d, "EventMapping", |row| row[2].text() == "SetProgress")),
];

#[test]
fn every_rule_fires() {
    let mut fired = BTreeSet::new();
    for (number, (rule, edit)) in BROKEN.iter().enumerate() {
        let mut database = good();
        edit(&mut database);
        let found = check(&database);
        assert!(found.iter().any(|f| f.rule == *rule), "edit {number} does not break {rule}: {found:?}");
        fired.insert(*rule);
    }
    let silent: Vec<&str> = RULES.iter().map(|r| r.name).filter(|name| !fired.contains(name)).collect();
    assert!(silent.is_empty(), "nothing breaks {silent:?}");
}

#[test]
fn what_is_written_is_read_back() {
    let product = product([1, 2, 3]);
    let mut database = xenpv_msi::database(&product);
    let bytes = xenpv_msi::write(&database, &product.files).expect("written");
    assert!(bytes == xenpv_msi::write(&database, &product.files).expect("written"), "twice the same");
    // Version 3 of the compound file format: sectors of 2^9 bytes.
    assert_eq!((bytes[0x1A], bytes[0x1E]), (3, 9));
    let (mut read, files) = xenpv_msi::read(&bytes).expect("read");
    for rows in read.tables.values_mut().chain(database.tables.values_mut()) {
        rows.sort();
    }
    assert_eq!(read, database);
    let mut contents: Vec<Vec<u8>> = files.into_iter().map(|(_, data)| data).collect();
    let mut sources: Vec<Vec<u8>> = product.files.iter().map(|file| file.data.clone()).collect();
    contents.sort();
    sources.sort();
    assert!(contents == sources, "the cabinet has the files");
}

#[test]
fn codes_follow_content() {
    let one = good();
    let mut other = product([1, 2, 3]);
    other.files[0].data.push(b'!');
    let other = xenpv_msi::database(&other);
    // Another content is another product (of the same version) in another file, with the same components.
    assert_ne!(one.property("ProductCode"), other.property("ProductCode"));
    assert_ne!(one.summary.package_code, other.summary.package_code);
    assert_eq!(one.rows("Component"), other.rows("Component"));
    assert_eq!(one.property("UpgradeCode"), other.property("UpgradeCode"));
}

/// A computer with this product installed.
fn with(database: &Database) -> Machine {
    let mut machine = Machine::default();
    let outcome = execute(database, None, &mut machine, Request::Install, Trouble::None).expect("executes");
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    machine
}

#[test]
fn operations_end_as_they_should() {
    let (one, two) = (xenpv_msi::database(&product([1, 0, 0])), xenpv_msi::database(&product([2, 0, 0])));
    let mut machine = with(&one);
    assert_eq!(machine.drivers.as_deref(), Some("1.0.0"));
    assert_eq!(machine.files.len(), 12);
    execute(&two, Some(&one), &mut machine, Request::Install, Trouble::None).expect("executes");
    assert!(same(&machine, &with(&two)), "an upgrade leaves nothing of the old version");
    execute(&two, None, &mut machine, Request::Repair, Trouble::None).expect("executes");
    assert!(same(&machine, &with(&two)));
    execute(&two, None, &mut machine, Request::Remove, Trouble::None).expect("executes");
    assert_eq!(machine, Machine::default(), "a removal leaves nothing");
}

#[test]
fn a_failure_at_any_step_is_undone() {
    let (one, two) = (xenpv_msi::database(&product([1, 0, 0])), xenpv_msi::database(&product([2, 0, 0])));
    let mut points = 0;
    for (database, old, request, start) in [
        (&one, None, Request::Install, Machine::default()),
        (&two, Some(&one), Request::Install, with(&one)),
        (&one, None, Request::Repair, with(&one)),
        (&one, None, Request::Remove, with(&one)),
    ] {
        for fail in 0.. {
            let mut machine = start.clone();
            let outcome = execute(database, old, &mut machine, request, Trouble::At(fail)).expect("executes");
            if matches!(outcome, Outcome::Done(_)) {
                break;
            }
            assert!(same(&machine, &start), "{request:?} fails at step {fail}: {outcome:?}");
            points += 1;
        }
    }
    println!("{points} points of failure");
    assert!(points > 15);
}

/// The computer is the same, whatever the setup program remembers.
fn same(one: &Machine, other: &Machine) -> bool {
    Machine { undo: None, ..one.clone() } == Machine { undo: None, ..other.clone() }
}

#[test]
fn a_refusal_takes_nothing_away() {
    // The first version waits for its first boot, so that the setup program could still take it back.
    let (one, mut two) = (xenpv_msi::database(&product([1, 0, 0])), xenpv_msi::database(&product([2, 0, 0])));
    let start = with(&one);
    let refused = |database: &Database, old: Option<&Database>, request| {
        let mut machine = start.clone();
        let outcome = execute(database, old, &mut machine, request, Trouble::Refusal).expect("executes");
        assert!(matches!(outcome, Outcome::RolledBack(_)), "{outcome:?}");
        machine
    };
    assert_eq!(refused(&two, Some(&one), Request::Install), start);
    assert_eq!(refused(&one, None, Request::Repair), start);
    // Without the question before, the drivers that were there are gone: the model sees it.
    drop_row(&mut two, EXECUTE, "XenCheck");
    assert_eq!(refused(&two, Some(&one), Request::Install).drivers, None);
}

#[test]
fn the_model_sees_a_missing_rollback_action() {
    let mut database = good();
    drop_row(&mut database, EXECUTE, "XenInstallRollback");
    let mut machine = Machine::default();
    let Ok(Outcome::Done(steps)) = execute(&database, None, &mut machine, Request::Install, Trouble::None)
    else {
        panic!("not installed");
    };
    let mut machine = Machine::default();
    execute(&database, None, &mut machine, Request::Install, Trouble::At(steps.len() - 1)).expect("executes");
    assert_ne!(machine, Machine::default());
}
