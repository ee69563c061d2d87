//! Rules that a package must keep, checked before it is written: Windows Installer itself accepts nearly
//! everything and then fails, or leaves things behind, on somebody's computer. Where one of Microsoft's ICE
//! validators has the same rule, it is named.

mod sequence;
mod tables;
mod ui;

use core::fmt;

use crate::Database;

/// A rule: its name and what it wants.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Name in messages.
    pub name: &'static str,
    /// What a package must be.
    pub wants: &'static str,
    run: fn(&Database, &mut Vec<String>),
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

macro_rules! rules {
    ($($name:literal, $wants:literal, $run:path;)*) => {
        /// All rules.
        pub const RULES: &[Rule] = &[$(Rule { name: $name, wants: $wants, run: $run }),*];
    };
}

rules! {
    "columns", "every value fits its column (ICE03)", tables::columns;
    "keys", "primary keys are unique (ICE03)", tables::keys;
    "references", "what a row names exists (ICE03, ICE06)", tables::references;
    "properties", "the required properties are there and well formed (ICE24)", tables::properties;
    "components", "one file, one key path, one GUID, 64-bit, in a feature (ICE08, ICE18, ICE21, ICE80)", tables::components;
    "directories", "folders hang together below a 64-bit system folder (ICE57, ICE80)", tables::directories;
    "names", "no two files have one path, short names are 8.3 (ICE30)", tables::names;
    "media", "the cabinet holds every file, in order (ICE04)", tables::media;
    "hashes", "a file has a version or a hash, not both (ICE60)", tables::hashes;
    "upgrade", "older versions are replaced, newer ones are refused (ICE61)", tables::upgrade;
    "launch", "removal is never refused by a launch condition but rights", tables::launch;
    "summary", "the package has a code of its own", tables::summary;
    "actions", "sequences name actions that exist, once, with a number (ICE26, ICE27)", sequence::actions;
    "order", "standard actions stand in their legal order (ICE27)", sequence::order;
    "deferred", "deferred actions stand in the script, immediate ones do not (ICE77)", sequence::deferred;
    "rollback", "a deferred action that changes something has a rollback action right before it, under the same condition", sequence::rollback;
    "asked", "whether the installation is refused is asked before its rollback action is there", sequence::asked;
    "data", "a deferred action gets its data before the script begins (ICE68)", sequence::data;
    "files", "the setup program runs only while its files are there (ICE75)", sequence::files;
    "services", "the boot service is stopped before its program is replaced or removed", sequence::services;
    "replace", "the older version is removed inside the transaction, before anything else (ICE27)", sequence::replace;
    "reboot", "a reboot is scheduled after all else, and cannot make the installation fail", sequence::reboot;
    "conditions", "conditions can be read and name properties that somebody sets (ICE46, ICE79)", sequence::conditions;
    "secure", "public properties that reach the script are secure custom properties (ICE86)", sequence::secure;
    "options", "a repair, which a user without rights can begin, takes no options of his", sequence::options;
    "dialogs", "a dialog's controls are there, inside it, and reached by the Tab key in a ring (ICE17, ICE20)", ui::dialogs;
    "overlap", "controls do not lie over each other", ui::overlap;
    "events", "every button does something, and dialogs named by it exist (ICE17)", ui::events;
    "reachable", "every dialog can be reached, and every page can be cancelled", ui::reachable;
    "ends", "the sequence has its three ends, and errors can be shown (ICE20)", ui::ends;
    "progress", "every action that takes time has a text", ui::progress;
}

/// Checks a package. Nothing found means that it passes.
#[must_use]
pub fn check(database: &Database) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let mut messages = Vec::new();
        (rule.run)(database, &mut messages);
        findings.extend(messages.into_iter().map(|message| Finding { rule: rule.name, message }));
    }
    findings
}
