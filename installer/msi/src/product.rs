//! The product: what is installed where, in which order, under which conditions.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    database::{Cell, Database, Summary, row},
    dialogs,
};

/// Identifies all versions of the product. Never to be changed: upgrades find older versions by it.
pub const UPGRADE_CODE: &str = "{6F0D6A7E-3C55-4B0C-9C2B-58C0D5E3A914}";

/// Namespace of the GUIDs that are derived from names and content.
const NAMESPACE: Uuid = Uuid::from_u128(0x1a1c_92a5_3d0e_4c6a_8f4b_2d7c_52f5_0b16);

/// The oldest build of Windows that is supported: Windows 10 1607, Server 2016.
const OLDEST_BUILD: u32 = 14393;

/// A file that is installed.
#[derive(Clone, Debug)]
pub struct File {
    /// Folder below the installation folder, with `/`; may be empty.
    pub folder: String,
    /// Name.
    pub name: String,
    /// Content.
    pub data: Vec<u8>,
    /// Version of the version resource, where the file has one.
    pub version: Option<String>,
}

/// What a package is made of.
#[derive(Clone, Debug)]
pub struct Product {
    /// Three numbers; the first two below 256 (an MSI compares no more).
    pub version: [u16; 3],
    /// Files to install.
    pub files: Vec<File>,
    /// `xenpvmsi.dll`, the custom actions.
    pub actions: Vec<u8>,
    /// Text of the licence.
    pub licence: String,
    /// Seconds since 1970 that all dates in the package show.
    pub time: u64,
}

/// Condition of everything that installs: not while the product is being removed.
const INSTALLING: &str = "NOT (REMOVE ~= \"ALL\")";
/// Condition of the removal of the drivers: not while a newer version replaces this one.
const REMOVING: &str = "REMOVE ~= \"ALL\" AND NOT UPGRADINGPRODUCTCODE";
/// When the product is there and stays.
const REPAIRING: &str = "Installed AND NOT (REMOVE ~= \"ALL\")";

/// What an administrator can tell the setup program by properties.
pub(crate) const OPTIONS: [&str; 2] = ["LOGFILE", "REPLACEOTHERS"];

// Types of custom actions ("Custom Action Types" and the pages of their options).
const DLL: i32 = 1;
const SET_PROPERTY: i32 = 51;
const CONTINUE: i32 = 0x40;
const ROLLBACK: i32 = 0x100;
const IN_SCRIPT: i32 = 0x400;
const NO_IMPERSONATE: i32 = 0x800;

/// Makes the tables.
#[must_use]
pub fn database(product: &Product) -> Database {
    let mut database = Database::default();
    let version = product.version.map(|part| part.to_string()).join(".");
    let content = hash(product);
    properties(&mut database, &version, &guid(&format!("product {version} {content}")));
    files(&mut database, product);
    launch(&mut database, &version);
    actions(&mut database, product);
    sequences(&mut database);
    texts(&mut database);
    dialogs::add(&mut database, &rich_text(&product.licence));
    database.summary = Summary {
        subject: "Xen PV drivers".to_owned(),
        author: "XenPV".to_owned(),
        comments: format!(
            "Paravirtual disk and network drivers for Windows guests on Xen, version {version}"
        ),
        package_code: guid(&format!("package {version} {content}")),
        time: product.time,
    };
    database
}

fn guid(name: &str) -> String {
    format!("{{{}}}", Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string().to_ascii_uppercase())
}

/// One hash over everything that a package carries.
fn hash(product: &Product) -> String {
    let mut hash = Sha256::new();
    for file in &product.files {
        hash.update(format!("{}/{} {}\n", file.folder, file.name, file.data.len()));
        hash.update(&file.data);
    }
    hash.update(&product.actions);
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn properties(database: &mut Database, version: &str, code: &str) {
    for (name, value) in [
        ("ProductCode", code),
        ("UpgradeCode", UPGRADE_CODE),
        ("ProductName", "Xen PV drivers"),
        ("ProductVersion", version),
        ("ProductLanguage", "1033"),
        ("Manufacturer", "XenPV"),
        // For the computer, not for a user.
        ("ALLUSERS", "1"),
        ("ARPNOMODIFY", "1"),
        ("ARPCOMMENTS", "Paravirtual disk and network drivers for Windows guests on Xen"),
        // All files are copied at a repair, damaged ones of the same version included.
        ("REINSTALLMODE", "amus"),
        // No file of ours is used by a program that a user could close.
        ("MSIRESTARTMANAGERCONTROL", "Disable"),
        ("SecureCustomProperties", "LOGFILE;NEWERFOUND;OLDERFOUND;REPLACEOTHERS"),
        ("DefaultUIFont", "DialogFont"),
        ("ErrorDialog", "ErrorDlg"),
    ] {
        database.add("Property", row![name, value]);
    }
}

fn files(database: &mut Database, product: &Product) {
    database.add("Directory", row!["TARGETDIR", Cell::Null, "SourceDir"]);
    database.add("Directory", row!["ProgramFiles64Folder", "TARGETDIR", "."]);
    // A private name: the folder is fixed, so that a later removal finds it again and nobody but
    // administrators can write to it.
    database.add("Directory", row!["InstallFolder", "ProgramFiles64Folder", "XenPV"]);
    database.add(
        "Feature",
        row![
            "Drivers",
            Cell::Null,
            "Xen PV drivers",
            "Disk and network drivers for Xen guests",
            1,
            1,
            Cell::Null,
            24
        ],
    );
    let mut folders: Vec<String> = Vec::new();
    let mut sorted: Vec<&File> = product.files.iter().collect();
    sorted.sort_by_key(|file| (file.folder.clone(), file.name.clone()));
    for (sequence, file) in (1..).zip(&sorted) {
        let directory = directory(database, &mut folders, &file.folder);
        let path = path(file);
        let key = key(&path);
        let component = format!("C_{key}");
        // 256: a component of 64-bit Windows.
        database.add(
            "Component",
            row![
                component.as_str(),
                guid(&format!("component {path}")),
                directory,
                256,
                Cell::Null,
                key.as_str()
            ],
        );
        database.add("FeatureComponents", row!["Drivers", component.as_str()]);
        let size = i32::try_from(file.data.len()).unwrap_or(i32::MAX);
        let version = file.version.clone().unwrap_or_default();
        let language = if version.is_empty() { "" } else { "1033" };
        // 512: vital, the installation fails without it.
        database.add(
            "File",
            row![
                key.as_str(),
                component,
                short_and_long(&file.name),
                size,
                version.as_str(),
                language,
                512,
                sequence
            ],
        );
        if version.is_empty() {
            let digest = md5(&file.data);
            database.add("MsiFileHash", row![key, 0, digest[0], digest[1], digest[2], digest[3]]);
        }
    }
    // The boot service runs from the program's file: it is stopped (2; at a removal 32) before that is replaced. The setup
    // program makes it, starts it and deletes it.
    database
        .add("ServiceControl", row!["BootService", "xenpvboot", 2 | 32, Cell::Null, 1, "C_xenpv_setup.exe"]);
    let last = i32::try_from(sorted.len()).unwrap_or(i32::MAX);
    database.add("Media", row![1, last, Cell::Null, "#xenpv.cab", Cell::Null, Cell::Null]);
}

/// The row of a folder, made with its parents when it is new.
fn directory(database: &mut Database, folders: &mut Vec<String>, folder: &str) -> String {
    if folder.is_empty() {
        return "InstallFolder".to_owned();
    }
    let id = format!("D_{}", key(folder));
    if !folders.iter().any(|known| known == folder) {
        folders.push(folder.to_owned());
        let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let parent = directory(database, folders, parent);
        database.add("Directory", row![id.as_str(), parent, name]);
    }
    id
}

fn path(file: &File) -> String {
    if file.folder.is_empty() { file.name.clone() } else { format!("{}/{}", file.folder, file.name) }
}

/// The key of a file in the File table and the cabinet.
pub(crate) fn file_key(file: &File) -> String {
    key(&path(file))
}

fn key(path: &str) -> String {
    path.replace(['/', '-'], "_")
}

/// `SHORT~1.EXT|long name`, or the name alone where it is short.
fn short_and_long(name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if stem.len() <= 8 && ending.len() <= 3 {
        return name.to_owned();
    }
    let clean = |text: &str, length: usize| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).take(length).collect::<String>().to_ascii_uppercase()
    };
    format!("{}.{}|{name}", clean(stem, 8), clean(ending, 3))
}

/// The hash that Windows Installer compares files without a version by: MD5, as four numbers.
fn md5(data: &[u8]) -> [i32; 4] {
    use md5::Digest as _;
    let digest = md5::Md5::digest(data);
    core::array::from_fn(|at| {
        i32::from_le_bytes([digest[4 * at], digest[4 * at + 1], digest[4 * at + 2], digest[4 * at + 3]])
    })
}

fn launch(database: &mut Database, version: &str) {
    for (condition, text) in [
        ("Installed OR MsiAMD64".to_owned(), "The Xen PV drivers need 64-bit Windows on an x64 processor."),
        (
            format!("Installed OR WINDOWSBUILD >= {OLDEST_BUILD}"),
            "The Xen PV drivers need Windows 10 version 1607, Windows Server 2016 or later (build 14393). This is build [WINDOWSBUILD].",
        ),
        (
            "Privileged".to_owned(),
            "Administrator rights are needed. Run the installation from an account that is an administrator.",
        ),
        (
            "Installed OR NOT NEWERFOUND".to_owned(),
            "A newer version of the Xen PV drivers is installed. To go back to this one, remove the newer one first (Settings, Apps).",
        ),
    ] {
        database.add("LaunchCondition", row![condition, text]);
    }
    // Windows tells installers that it is version 6.3: the build is asked of the registry.
    // HKEY_LOCAL_MACHINE is 2; a raw value is 2, of the 64-bit registry 16.
    database.add("AppSearch", row!["WINDOWSBUILD", "WindowsBuild"]);
    database.add(
        "RegLocator",
        row![
            "WindowsBuild",
            2,
            "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion",
            "CurrentBuildNumber",
            2 | 16
        ],
    );
    // 1: keep feature states; 256: the lower bound belongs to it; 512: so does the upper one.
    database.add(
        "Upgrade",
        row![UPGRADE_CODE, "0.0.0", version, Cell::Null, 1 | 256 | 512, Cell::Null, "OLDERFOUND"],
    );
    // 2: only look.
    database.add("Upgrade", row![UPGRADE_CODE, version, Cell::Null, Cell::Null, 2, Cell::Null, "NEWERFOUND"]);
}

fn actions(database: &mut Database, product: &Product) {
    database.add("Binary", row!["xenpvmsi", Cell::Null]);
    if let Some(row) = database.tables.get_mut("Binary").and_then(|rows| rows.last_mut()) {
        row[1] = Cell::Stream(product.actions.clone());
    }
    let deferred = DLL | IN_SCRIPT | NO_IMPERSONATE;
    for (name, kind, verb) in [
        ("XenCheck", deferred, "check"),
        ("XenInstallRollback", deferred | ROLLBACK, "install-rollback"),
        ("XenInstall", deferred, "install"),
        ("XenRemoveRollback", deferred | ROLLBACK, "uninstall-rollback"),
        ("XenRemove", deferred, "uninstall"),
    ] {
        // A deferred action sees no property but CustomActionData, which the property of its name sets.
        let data = format!("{verb}|[InstallFolder]|[REPLACEOTHERS]|[LOGFILE]");
        database.add("CustomAction", row![format!("Set{name}"), SET_PROPERTY, name, data, Cell::Null]);
        database.add("CustomAction", row![name, kind, "xenpvmsi", "RunSetup", Cell::Null]);
    }
    // A user without rights can have an installed product repaired, with properties of his choice: the system would
    // write a file where he wants it.
    for option in OPTIONS {
        database.add("CustomAction", row![format!("Forget{option}"), SET_PROPERTY, option, "{}", Cell::Null]);
    }
    database.add("CustomAction", row!["XenReboot", DLL | CONTINUE, "xenpvmsi", "ScheduleReboot", Cell::Null]);
}

fn sequences(database: &mut Database) {
    let costing = [("CostInitialize", "", 800), ("FileCost", "", 900), ("CostFinalize", "", 1000)];
    let script =
        [("InstallValidate", "", 1400), ("InstallInitialize", "", 1500), ("InstallFinalize", "", 6600)];
    let mut add = |table: &str, rows: &[(&str, &str, i32)]| {
        for (action, condition, sequence) in rows {
            database.add(table, row![*action, *condition, *sequence]);
        }
    };
    let look = [("FindRelatedProducts", "", 25), ("AppSearch", "", 50), ("LaunchConditions", "", 100)];
    let table = "InstallExecuteSequence";
    add(table, &look);
    add(table, &costing);
    add(table, &script);
    add(
        table,
        &[
            ("MigrateFeatureStates", "", 1200),
            ("ForgetLOGFILE", REPAIRING, 1401),
            ("ForgetREPLACEOTHERS", REPAIRING, 1402),
            ("SetXenCheck", INSTALLING, 1405),
            ("SetXenInstallRollback", INSTALLING, 1410),
            ("SetXenInstall", INSTALLING, 1420),
            ("SetXenRemoveRollback", REMOVING, 1430),
            ("SetXenRemove", REMOVING, 1440),
            // Right after the script has begun: the old version's removal is part of the transaction, and
            // is undone with it.
            ("RemoveExistingProducts", "", 1510),
            // Before anything is unregistered: a removal that is refused has changed nothing.
            ("XenRemoveRollback", REMOVING, 1540),
            ("XenRemove", REMOVING, 1550),
            ("ProcessComponents", "", 1600),
            ("UnpublishFeatures", "", 1800),
            ("StopServices", "", 1900),
            ("RemoveFiles", "", 3500),
            ("RemoveFolders", "", 3600),
            ("CreateFolders", "", 3700),
            ("InstallFiles", "", 4000),
            // Before there is anything to undo: the rollback action would take back what an earlier installation has
            // done, and a refusal changes nothing.
            ("XenCheck", INSTALLING, 5790),
            ("XenInstallRollback", INSTALLING, 5800),
            ("XenInstall", INSTALLING, 5810),
            ("RegisterUser", "", 6000),
            ("RegisterProduct", "", 6100),
            ("PublishFeatures", "", 6300),
            ("PublishProduct", "", 6400),
            ("XenReboot", "", 6700),
        ],
    );
    let table = "InstallUISequence";
    add(table, &look);
    add(table, &costing);
    add(
        table,
        &[
            ("FatalErrorDlg", "", -3),
            ("UserExitDlg", "", -2),
            ("ExitDlg", "", -1),
            ("PrepareDlg", "", 140),
            ("MigrateFeatureStates", "", 1200),
            ("WelcomeDlg", "NOT Installed", 1230),
            ("ResumeDlg", "Installed AND (RESUME OR Preselected)", 1240),
            ("MaintenanceDlg", "Installed AND NOT RESUME AND NOT Preselected", 1250),
            ("ProgressDlg", "", 1280),
            ("ExecuteAction", "", 1300),
        ],
    );
    let table = "AdminExecuteSequence";
    add(table, &costing);
    add(table, &script);
    add(table, &[("InstallAdminPackage", "", 3900), ("InstallFiles", "", 4000)]);
    add("AdminUISequence", &costing);
    add("AdminUISequence", &[("ExecuteAction", "", 1300)]);
    let table = "AdvtExecuteSequence";
    add(table, &[costing[0], costing[2]]);
    add(table, &script);
    add(table, &[("PublishFeatures", "", 6300), ("PublishProduct", "", 6400)]);
}

fn texts(database: &mut Database) {
    for (action, text, template) in [
        ("CostFinalize", "Computing space requirements", ""),
        ("CostInitialize", "Computing space requirements", ""),
        ("CreateFolders", "Creating folders", "[1]"),
        ("FileCost", "Computing space requirements", ""),
        ("FindRelatedProducts", "Looking for other versions", ""),
        ("InstallFiles", "Copying files", "[1]"),
        ("InstallValidate", "Checking", ""),
        ("MigrateFeatureStates", "Looking for other versions", ""),
        ("ProcessComponents", "Registering files", ""),
        ("PublishFeatures", "Registering the product", ""),
        ("PublishProduct", "Registering the product", ""),
        ("RegisterProduct", "Registering the product", ""),
        ("RegisterUser", "Registering the product", ""),
        ("RemoveExistingProducts", "Removing the older version's files", "[1]"),
        ("RemoveFiles", "Removing files", "[1]"),
        ("RemoveFolders", "Removing folders", "[1]"),
        ("Rollback", "Undoing what was done", "[1]"),
        ("RollbackCleanup", "Removing backups", ""),
        ("StopServices", "Stopping the boot service", "[1]"),
        ("UnpublishFeatures", "Unregistering the product", ""),
        ("XenCheck", "Checking this computer", "[1]"),
        ("XenInstall", "Installing the drivers", "[1]"),
        ("XenInstallRollback", "Undoing the installation of the drivers", "[1]"),
        ("XenRemove", "Removing the drivers", "[1]"),
        ("XenRemoveRollback", "Undoing the removal of the drivers", "[1]"),
    ] {
        database.add("ActionText", row![action, text, template]);
    }
    // Numbers from 25000 are free for packages; the custom actions use this one.
    database.add("Error", row![25000, "[2]"]);
}

/// A text as RTF, one paragraph for a line.
fn rich_text(text: &str) -> String {
    let mut out = String::from("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Courier New;}}\\fs16 ");
    for line in text.lines() {
        for c in line.chars() {
            match c {
                '\\' | '{' | '}' => {
                    out.push('\\');
                    out.push(c);
                }
                ' '..='~' => out.push(c),
                '\t' => out.push_str("    "),
                _ => {
                    // RTF counts code units as signed 16-bit numbers, with a substitute for old readers.
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        let _ = write!(out, "\\u{}?", unit.cast_signed());
                    }
                }
            }
        }
        out.push_str("\\par\r\n");
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(short_and_long("xenpvpci.inf"), "xenpvpci.inf");
        assert_eq!(short_and_long("xenpv-setup.exe"), "XENPVSET.EXE|xenpv-setup.exe");
        assert_eq!(short_and_long("package.json"), "PACKAGE.JSO|package.json");
    }

    #[test]
    fn texts_become_rtf() {
        assert!(rich_text("a{b}\\ é\n").contains("a\\{b\\}\\\\ \\u233?\\par"));
    }

    #[test]
    fn the_hash_of_a_file() {
        // MD5 of nothing is d41d8cd98f00b204e9800998ecf8427e.
        assert_eq!(md5(b"")[0].cast_unsigned(), 0xd98c_1dd4);
    }
}
