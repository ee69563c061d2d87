//! The user interface: a small wizard, in English. Units are those of dialog tables (a twelfth of the height of
//! the system font); every wizard page has the same frame.

use crate::database::{Cell, Database, row};

const WIDTH: i32 = 370;
const HEIGHT: i32 = 270;

// Control and dialog attributes ("Control Attributes", "Dialog Style Bits").
const VISIBLE: i32 = 1;
const ENABLED: i32 = 2;
const SUNKEN: i32 = 4;
const TRANSPARENT: i32 = 0x1_0000;
const NO_PREFIX: i32 = 0x2_0000;
const PROGRESS95: i32 = 0x1_0000;
const MODAL: i32 = 2;
const MINIMIZE: i32 = 4;
const ERROR: i32 = 0x1_0000;
const TEXT: i32 = VISIBLE | ENABLED | TRANSPARENT | NO_PREFIX;
const PLAIN: i32 = VISIBLE | ENABLED;

/// A dialog that is being written down.
struct Page<'a> {
    database: &'a mut Database,
    name: &'static str,
    /// Controls that the Tab key reaches, in order.
    tabs: Vec<String>,
    rows: Vec<Vec<Cell>>,
    size: (i32, i32),
    attributes: i32,
    first: &'static str,
    default: &'static str,
    cancel: &'static str,
}

impl<'a> Page<'a> {
    /// A wizard page with headline, line, and the row of buttons' rule.
    fn wizard(database: &'a mut Database, name: &'static str, title: &str, subtitle: &str) -> Page<'a> {
        let mut page = Page::bare(database, name, (WIDTH, HEIGHT), VISIBLE | MODAL | MINIMIZE);
        page.text("Title", (20, 12, 330, 16), &format!("{{\\DialogTitle}}{title}"));
        page.text("Subtitle", (28, 28, 320, 14), subtitle);
        page.control("TopLine", "Line", (0, 46, WIDTH, 0), VISIBLE, None, "");
        page.control("BottomLine", "Line", (0, 234, WIDTH, 0), VISIBLE, None, "");
        page
    }

    fn bare(database: &'a mut Database, name: &'static str, size: (i32, i32), attributes: i32) -> Page<'a> {
        let (first, default, cancel) = ("", "", "");
        Page { database, name, tabs: Vec::new(), rows: Vec::new(), size, attributes, first, default, cancel }
    }

    fn control(
        &mut self,
        name: &str,
        kind: &str,
        (x, y, width, height): (i32, i32, i32, i32),
        attributes: i32,
        property: Option<&str>,
        text: &str,
    ) {
        let next = Cell::Null;
        self.rows.push(vec![
            self.name.into(),
            name.into(),
            kind.into(),
            x.into(),
            y.into(),
            width.into(),
            height.into(),
            attributes.into(),
            property.unwrap_or("").into(),
            text.into(),
            next,
            Cell::Null,
        ]);
    }

    fn text(&mut self, name: &str, place: (i32, i32, i32, i32), text: &str) {
        self.control(name, "Text", place, TEXT, None, text);
    }

    /// A push button; `events` are its (event, argument, condition).
    fn button(&mut self, name: &str, x: i32, text: &str, events: &[(&str, &str, &str)]) {
        let y = self.size.1 - 27;
        self.button_at(name, (x, y, 56, 17), PLAIN, text, events);
    }

    fn button_at(
        &mut self,
        name: &str,
        place: (i32, i32, i32, i32),
        attributes: i32,
        text: &str,
        events: &[(&str, &str, &str)],
    ) {
        self.control(name, "PushButton", place, attributes, None, text);
        self.tabs.push(name.to_owned());
        for (order, (event, argument, condition)) in (1..).zip(events) {
            let condition = if condition.is_empty() { "1" } else { condition };
            let row = row![self.name, name, *event, *argument, condition, order];
            self.database.add("ControlEvent", row);
        }
    }

    fn cancel(&mut self) {
        self.button("Cancel", 304, "Cancel", &[("SpawnDialog", "CancelDlg", "")]);
    }

    fn keys(mut self, first: &'static str, default: &'static str, cancel: &'static str) -> Self {
        (self.first, self.default, self.cancel) = (first, default, cancel);
        self
    }

    /// Writes the dialog down; the Tab key goes round the buttons.
    fn done(mut self) {
        for row in &mut self.rows {
            let name = row[1].text();
            if let Some(at) = self.tabs.iter().position(|tab| *tab == name) {
                row[10] = self.tabs[(at + 1) % self.tabs.len()].as_str().into();
            }
        }
        let (width, height) = self.size;
        self.database.add(
            "Dialog",
            row![
                self.name,
                50,
                50,
                width,
                height,
                self.attributes,
                "[ProductName]",
                self.first,
                self.default,
                self.cancel
            ],
        );
        for row in self.rows {
            self.database.add("Control", row);
        }
    }
}

/// Adds all dialogs.
pub(crate) fn add(database: &mut Database, licence: &str) {
    styles(database);
    welcome(database, licence);
    maintenance(database);
    progress(database);
    ends(database);
    questions(database);
}

fn styles(database: &mut Database) {
    // Bit 1 is bold.
    for (style, size, bits) in [("DialogFont", 8, 0), ("DialogTitle", 9, 1), ("DialogBig", 12, 1)] {
        database.add("TextStyle", row![style, "Tahoma", size, Cell::Null, bits]);
    }
    for (key, text) in [
        ("bytes", "bytes"),
        ("KB", "KB"),
        ("MB", "MB"),
        ("GB", "GB"),
        ("MenuLocal", "Will be installed"),
        ("ScriptInProgress", "Gathering required information..."),
        ("TimeRemaining", "Time remaining: {[1] min }[2] s"),
    ] {
        database.add("UIText", row![key, text]);
    }
}

fn welcome(database: &mut Database, licence: &str) {
    let mut page =
        Page::wizard(database, "WelcomeDlg", "Install the [ProductName]", "Version [ProductVersion]");
    page.text(
        "Intro",
        (28, 62, 314, 48),
        "This installs the paravirtual disk and network drivers for Windows guests on Xen. Disk and network become faster, \
         and the guest can be suspended, migrated and shut down by its host.",
    );
    page.text(
        "Safety",
        (28, 114, 314, 48),
        "The emulated devices stay until the new drivers have proven, at the next start, that they work. If they do not, \
         Windows starts with the emulated devices as before.",
    );
    page.text(
        "Restart",
        (28, 166, 314, 32),
        "Windows may have to be restarted once. Drivers of another vendor for Xen have to be removed first.",
    );
    page.button("Next", 236, "&Next", &[("NewDialog", "LicenceDlg", "")]);
    page.cancel();
    page.keys("Next", "Next", "Cancel").done();

    let mut page = Page::wizard(
        database,
        "LicenceDlg",
        "Licence",
        "Free software: GNU General Public License, version 2 or later.",
    );
    page.control("Licence", "ScrollableText", (20, 56, 330, 168), VISIBLE | ENABLED | SUNKEN, None, licence);
    page.tabs.push("Licence".to_owned());
    page.button("Back", 180, "&Back", &[("NewDialog", "WelcomeDlg", "")]);
    page.button("Next", 236, "&Next", &[("NewDialog", "ReadyDlg", "")]);
    page.cancel();
    page.keys("Next", "Next", "Cancel").done();

    let mut page = Page::wizard(database, "ReadyDlg", "Ready to install", "Nothing has been changed so far.");
    page.text("Where", (28, 62, 314, 20), "Files go to [InstallFolder]");
    page.text(
        "What",
        (28, 86, 314, 60),
        "Choose Install to begin. If anything fails, what was done is undone. The network may be interrupted for some seconds \
         while the network adapter changes over; its addresses are kept.",
    );
    page.button("Back", 180, "&Back", &[("NewDialog", "LicenceDlg", "")]);
    page.button("Install", 236, "&Install", &[("EndDialog", "Return", "")]);
    page.cancel();
    page.keys("Install", "Install", "Cancel").done();
}

fn maintenance(database: &mut Database) {
    let mut page = Page::wizard(
        database,
        "MaintenanceDlg",
        "Repair or remove the [ProductName]",
        "Version [ProductVersion]",
    );
    let repair = [("ReinstallMode", "amus", ""), ("Reinstall", "ALL", ""), ("EndDialog", "Return", "")];
    page.button_at("Repair", (28, 62, 80, 17), PLAIN, "Re&pair", &repair);
    page.text(
        "RepairText",
        (120, 62, 222, 50),
        "Copies all files again, installs the drivers again, and corrects the settings that Windows needs to start.",
    );
    page.button_at("Remove", (28, 122, 80, 17), PLAIN, "&Remove", &[("NewDialog", "RemoveDlg", "")]);
    page.text(
        "RemoveText",
        (120, 122, 222, 50),
        "Goes back to the emulated devices and removes the drivers. Windows has to be restarted.",
    );
    page.cancel();
    page.keys("Repair", "Repair", "Cancel").done();

    let mut page = Page::wizard(database, "RemoveDlg", "Ready to remove", "Nothing has been changed so far.");
    page.text(
        "What",
        (28, 62, 314, 70),
        "Choose Remove to begin. Windows is first prepared to start from the emulated disk; only after a start that has worked is \
         the disk driver deleted, which needs no action of yours. If anything fails, what was done is undone.",
    );
    page.button("Back", 180, "&Back", &[("NewDialog", "MaintenanceDlg", "")]);
    // The event deselects all features; conditions look at the property, which is set for sure only like this.
    let remove = [("Remove", "ALL", ""), ("[REMOVE]", "ALL", ""), ("EndDialog", "Return", "")];
    page.button("Remove", 236, "&Remove", &remove);
    page.cancel();
    page.keys("Back", "Back", "Cancel").done();

    let mut page = Page::wizard(
        database,
        "ResumeDlg",
        "Continue",
        "An installation was interrupted, or begun from a command line.",
    );
    page.text("What", (28, 62, 314, 40), "Choose Continue to go on with it.");
    page.button("Continue", 236, "&Continue", &[("EndDialog", "Return", "")]);
    page.cancel();
    page.keys("Continue", "Continue", "Cancel").done();
}

fn progress(database: &mut Database) {
    let mut page = Page::wizard(database, "ProgressDlg", "[ProductName]", "This takes a minute or two.");
    page.attributes = VISIBLE | MINIMIZE;
    page.text("Action", (28, 70, 314, 14), "Working...");
    page.control("Bar", "ProgressBar", (28, 90, 314, 12), VISIBLE | PROGRESS95, None, "Progress");
    page.text("Data", (28, 110, 314, 60), "");
    page.button("Cancel", 304, "Cancel", &[("SpawnDialog", "CancelDlg", "")]);
    page.keys("Cancel", "Cancel", "Cancel").done();
    for (control, event, attribute) in
        [("Action", "ActionText", "Text"), ("Bar", "SetProgress", "Progress"), ("Data", "ActionData", "Text")]
    {
        database.add("EventMapping", row!["ProgressDlg", control, event, attribute]);
    }

    let mut page = Page::wizard(database, "PrepareDlg", "[ProductName]", "Looking at this computer...");
    page.attributes = VISIBLE;
    page.text("Data", (28, 70, 314, 30), "Please wait.");
    page.cancel();
    page.keys("Cancel", "Cancel", "Cancel").done();
    database.add("EventMapping", row!["PrepareDlg", "Data", "ActionData", "Text"]);
}

fn ends(database: &mut Database) {
    for (name, title, text, argument) in [
        (
            "ExitDlg",
            "Done",
            "All steps have been carried out. If a restart is needed, Windows asks for it now.",
            "Return",
        ),
        (
            "UserExitDlg",
            "Cancelled",
            "Nothing was changed. The installation can be begun again at any time.",
            "Exit",
        ),
        (
            "FatalErrorDlg",
            "Not done",
            "The reason was shown before, and is in the event log (Application). What had been done was undone: this computer is as \
             it was.\r\n\r\nTo keep a full log, begin the installation like this from an elevated prompt:\r\n\r\n\
             msiexec /i \"[OriginalDatabase]\" /l*v xenpv.log",
            "Exit",
        ),
    ] {
        let mut page = Page::wizard(database, name, title, "[ProductName] [ProductVersion]");
        page.text("Text", (28, 62, 314, 120), text);
        page.button("Finish", 304, "&Finish", &[("EndDialog", argument, "")]);
        page.keys("Finish", "Finish", "Finish").done();
    }
}

fn questions(database: &mut Database) {
    let mut page = Page::bare(database, "CancelDlg", (260, 85), VISIBLE | MODAL);
    page.text("Text", (20, 15, 220, 30), "Do you want to cancel? What was done so far is undone.");
    page.button_at("Yes", (72, 57, 56, 17), PLAIN, "&Yes", &[("EndDialog", "Exit", "")]);
    page.button_at("No", (132, 57, 56, 17), PLAIN, "&No", &[("EndDialog", "Return", "")]);
    page.keys("No", "No", "No").done();

    // Windows shows in ErrorText what went wrong, and those of the buttons that fit; the names of the controls
    // are fixed ("Error Dialog").
    let mut page = Page::bare(database, "ErrorDlg", (330, 110), VISIBLE | MODAL | ERROR);
    page.text("ErrorText", (20, 12, 290, 60), "");
    for (name, text, argument) in [
        ("A", "&Abort", "ErrorAbort"),
        ("C", "Cancel", "ErrorCancel"),
        ("I", "&Ignore", "ErrorIgnore"),
        ("N", "&No", "ErrorNo"),
        ("O", "OK", "ErrorOk"),
        ("R", "&Retry", "ErrorRetry"),
        ("Y", "&Yes", "ErrorYes"),
    ] {
        page.button_at(name, (137, 84, 56, 17), PLAIN, text, &[("EndDialog", argument, "")]);
    }
    page.keys("ErrorText", "", "").done();

    // Windows fills it while the dialog is shown.
    database.tables.entry("ListBox".to_owned()).or_default();
    let mut page = Page::wizard(
        database,
        "FilesInUse",
        "Files are in use",
        "These programs use files that have to be replaced. Close them and choose Retry.",
    );
    page.control(
        "List",
        "ListBox",
        (20, 60, 330, 150),
        VISIBLE | ENABLED | SUNKEN,
        Some("FileInUseProcess"),
        "",
    );
    page.tabs.push("List".to_owned());
    page.button("Retry", 304, "&Retry", &[("EndDialog", "Retry", "")]);
    page.button("Ignore", 236, "&Ignore", &[("EndDialog", "Ignore", "")]);
    page.button("Exit", 168, "E&xit", &[("EndDialog", "Exit", "")]);
    page.keys("Retry", "Retry", "Exit").done();
}
