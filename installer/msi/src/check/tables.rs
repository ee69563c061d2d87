//! Tables, components, files, upgrades.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    condition,
    database::{Cell, Database},
    product::UPGRADE_CODE,
    schema,
};

pub(super) fn columns(database: &Database, found: &mut Vec<String>) {
    for (table, rows) in &database.tables {
        let Some(columns) = schema::columns(table) else {
            found.push(format!("the table {table} is not known"));
            continue;
        };
        for row in rows {
            if row.len() != columns.len() {
                found.push(format!("{table}: a row of {} values", row.len()));
                continue;
            }
            for (column, cell) in columns.iter().zip(row) {
                let fits = match cell {
                    Cell::Null => column.nullable,
                    Cell::Int(number) => {
                        column.kind == 'i' && (column.width != 2 || i16::try_from(*number).is_ok())
                    }
                    Cell::Text(text) => {
                        "sl".contains(column.kind)
                            && (column.width == 0 || text.chars().count() <= column.width)
                    }
                    Cell::Stream(data) => column.kind == 'v' && !data.is_empty(),
                };
                if !fits {
                    found.push(format!("{table}, {}: {} does not take {cell:?}", row[0].text(), column.name));
                }
            }
        }
    }
}

pub(super) fn keys(database: &Database, found: &mut Vec<String>) {
    for (table, rows) in &database.tables {
        let Some(columns) = schema::columns(table) else { continue };
        let mut seen = BTreeSet::new();
        for row in rows {
            let key: Vec<String> = columns
                .iter()
                .zip(row)
                .filter(|(column, _)| column.key)
                .map(|(_, cell)| cell.text())
                .collect();
            if !seen.insert(key.clone()) {
                found.push(format!("{table}: two rows {}", key.join(", ")));
            }
        }
    }
}

/// table, column, table that has it
const REFERENCES: [(&str, usize, &str); 15] = [
    ("AppSearch", 1, "RegLocator"),
    ("Component", 2, "Directory"),
    ("Component", 5, "File"),
    ("Control", 0, "Dialog"),
    ("ControlEvent", 0, "Dialog"),
    ("Directory", 1, "Directory"),
    ("EventMapping", 0, "Dialog"),
    ("FeatureComponents", 0, "Feature"),
    ("FeatureComponents", 1, "Component"),
    ("File", 1, "Component"),
    ("MsiFileHash", 0, "File"),
    ("Dialog", 0, "Control"),
    ("Dialog", 7, "Control.1"),
    ("ListBox", 0, "Property"),
    ("ServiceControl", 5, "Component"),
];

pub(super) fn references(database: &Database, found: &mut Vec<String>) {
    for (table, column, target) in REFERENCES {
        let (target, at) = target.split_once('.').map_or((target, 0), |(name, _)| (name, 1));
        let known: BTreeSet<String> = database.rows(target).iter().map(|row| row[at].text()).collect();
        for row in database.rows(table) {
            let name = row[column].text();
            if !name.is_empty() && !known.contains(&name) {
                found.push(format!("{table}, {}: {target} has no {name}", row[0].text()));
            }
        }
    }
    for row in database.rows("CustomAction") {
        let source = row[2].text();
        let base = row[1].int().unwrap_or(0) & 0x3F;
        let there = match base {
            1 => database.rows("Binary").iter().any(|binary| binary[0].text() == source),
            51 => !source.is_empty(),
            _ => false,
        };
        if !there {
            found.push(format!("CustomAction {}: type {base} from {source}", row[0].text()));
        }
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 38
        && text.starts_with('{')
        && text.ends_with('}')
        && !text.bytes().any(|b| b.is_ascii_lowercase())
        && uuid::Uuid::parse_str(&text[1..37]).is_ok()
}

fn version(text: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let parts: [u32; 3] = parts.try_into().ok()?;
    (parts[0] < 256 && parts[1] < 256 && parts[2] < 65536).then_some(parts)
}

pub(super) fn properties(database: &Database, found: &mut Vec<String>) {
    for name in
        ["ProductCode", "UpgradeCode", "ProductName", "ProductVersion", "ProductLanguage", "Manufacturer"]
    {
        let value = database.property(name).unwrap_or_default();
        let good = match name {
            "ProductCode" | "UpgradeCode" => is_guid(&value),
            "ProductVersion" => version(&value).is_some(),
            "ProductLanguage" => value == "1033",
            _ => !value.is_empty(),
        };
        if !good {
            found.push(format!("{name} is \"{value}\""));
        }
    }
    if database.property("ALLUSERS").as_deref() != Some("1") {
        found.push("ALLUSERS is not 1: drivers are the computer's, not a user's".to_owned());
    }
    if database.property("UpgradeCode").as_deref() != Some(UPGRADE_CODE) {
        found.push("UpgradeCode has changed: older versions would not be found".to_owned());
    }
}

pub(super) fn components(database: &Database, found: &mut Vec<String>) {
    let mut guids = BTreeSet::new();
    for row in database.rows("Component") {
        let (name, guid) = (row[0].text(), row[1].text());
        if !is_guid(&guid) || !guids.insert(guid.clone()) {
            found.push(format!("{name}: GUID {guid} is malformed or used twice"));
        }
        if row[3].int().is_none_or(|attributes| attributes & 256 == 0) {
            found.push(format!("{name} is not a 64-bit component"));
        }
        let files: Vec<String> = database
            .rows("File")
            .iter()
            .filter(|file| file[1].text() == name)
            .map(|file| file[0].text())
            .collect();
        if files != [row[5].text()] {
            found.push(format!("{name}: key path {} of files {files:?}", row[5].text()));
        }
        let features = database.rows("FeatureComponents").iter().filter(|f| f[1].text() == name).count();
        if features != 1 {
            found.push(format!("{name} is in {features} features"));
        }
    }
}

fn parents(database: &Database) -> BTreeMap<String, String> {
    database.rows("Directory").iter().map(|row| (row[0].text(), row[1].text())).collect()
}

/// The way from a folder up to the root; longer than there are folders for a loop.
fn way(parents: &BTreeMap<String, String>, folder: &str) -> Vec<String> {
    let mut way = vec![folder.to_owned()];
    while let Some(parent) = way.last().and_then(|last| parents.get(last)) {
        if parent.is_empty() || way.len() > parents.len() {
            break;
        }
        way.push(parent.clone());
    }
    way
}

pub(super) fn directories(database: &Database, found: &mut Vec<String>) {
    let parents = parents(database);
    for folder in parents.keys() {
        let way = way(&parents, folder);
        if way.len() > parents.len() || way.last().is_none_or(|root| root != "TARGETDIR") {
            found.push(format!("{folder} does not lead to TARGETDIR"));
        }
    }
    for row in database.rows("Component") {
        if !way(&parents, &row[2].text()).iter().any(|folder| folder == "ProgramFiles64Folder") {
            found.push(format!("{} is not below ProgramFiles64Folder", row[0].text()));
        }
    }
}

pub(super) fn names(database: &Database, found: &mut Vec<String>) {
    let folder = |component: &str| {
        database.rows("Component").iter().find(|row| row[0].text() == component).map(|row| row[2].text())
    };
    let mut seen = BTreeSet::new();
    for row in database.rows("File") {
        let name = row[2].text();
        let (short, long) = name.split_once('|').unwrap_or((&name, &name));
        let (stem, ending) = short.rsplit_once('.').unwrap_or((short, ""));
        let clean = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-~".contains(c));
        if stem.is_empty() || stem.len() > 8 || ending.len() > 3 || !clean(stem) || !clean(ending) {
            found.push(format!("{}: {short} is no short name", row[0].text()));
        }
        let place = folder(&row[1].text()).unwrap_or_default();
        for name in BTreeSet::from([short.to_ascii_lowercase(), long.to_ascii_lowercase()]) {
            if !seen.insert((place.clone(), name.clone())) {
                found.push(format!("two files are {name} in {place}"));
            }
        }
    }
}

pub(super) fn media(database: &Database, found: &mut Vec<String>) {
    let mut numbers: Vec<i32> = database.rows("File").iter().filter_map(|row| row[7].int()).collect();
    numbers.sort_unstable();
    if !numbers.iter().copied().eq(1..=i32::try_from(numbers.len()).unwrap_or(i32::MAX)) {
        found.push(format!("files are numbered {numbers:?}"));
    }
    match database.rows("Media") {
        [row] if row[1].int() == numbers.last().copied() && row[3].text() == "#xenpv.cab" => {}
        other => found.push(format!("the media are {other:?}")),
    }
}

pub(super) fn hashes(database: &Database, found: &mut Vec<String>) {
    for row in database.rows("File") {
        let hashed = database.rows("MsiFileHash").iter().any(|hash| hash[0] == row[0]);
        if hashed == (row[4] != Cell::Null) {
            found.push(format!("{}: version {:?}, hash {hashed}", row[0].text(), row[4]));
        }
        if row[4] != Cell::Null && row[5] == Cell::Null {
            found.push(format!("{} has a version and no language", row[0].text()));
        }
    }
}

pub(super) fn upgrade(database: &Database, found: &mut Vec<String>) {
    let ours = database.property("ProductVersion").unwrap_or_default();
    let (mut older, mut newer) = (false, false);
    for row in database.rows("Upgrade") {
        let attributes = row[4].int().unwrap_or(0);
        let (detect, minimum, maximum) = (attributes & 2 != 0, attributes & 256 != 0, attributes & 512 != 0);
        let (low, high) = (row[1].text(), row[2].text());
        // Same version: a build with other content replaces this one.
        older |=
            !detect && minimum && maximum && low == "0.0.0" && high == ours && row[6].text() == "OLDERFOUND";
        newer |= detect && !minimum && low == ours && high.is_empty() && row[6].text() == "NEWERFOUND";
        if Some(row[0].text()) != database.property("UpgradeCode") {
            found.push(format!("the row {} is of another product", row[6].text()));
        }
        if row[3] != Cell::Null {
            found.push(format!("{} asks for a language", row[6].text()));
        }
    }
    let refused = database.rows("LaunchCondition").iter().any(|row| {
        let with = condition::Properties::from([("NEWERFOUND".to_owned(), "x".to_owned())]);
        let without = condition::Properties::new();
        row[0].text().contains("NEWERFOUND")
            && condition::holds(&row[0].text(), &with) == Ok(false)
            && condition::holds(&row[0].text(), &without) == Ok(true)
    });
    if !older || !newer || !refused {
        found.push(format!("older found: {older}, newer found: {newer}, newer refused: {refused}"));
    }
}

pub(super) fn launch(database: &Database, found: &mut Vec<String>) {
    let installed = condition::Properties::from([
        ("Installed".to_owned(), "1".to_owned()),
        ("Privileged".to_owned(), "1".to_owned()),
    ]);
    for row in database.rows("LaunchCondition") {
        if condition::holds(&row[0].text(), &installed) == Ok(false) {
            found.push(format!("\"{}\" can refuse a removal", row[0].text()));
        }
    }
    for needed in ["Privileged", "MsiAMD64", "WINDOWSBUILD"] {
        if !database.rows("LaunchCondition").iter().any(|row| row[0].text().contains(needed)) {
            found.push(format!("no launch condition asks for {needed}"));
        }
    }
}

pub(super) fn summary(database: &Database, found: &mut Vec<String>) {
    let code = &database.summary.package_code;
    if !is_guid(code) || Some(code) == database.property("ProductCode").as_ref() {
        found.push(format!("the package code is {code}"));
    }
}
