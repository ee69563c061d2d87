//! Checks INF files by the rules of Microsoft's InfVerif, as far as they are documented ("INF Validation
//! Errors and Warnings", "Driver package isolation", "Using a Universal INF File") and can be seen in
//! the text, and by a few rules of our own (their codes begin with `own-`).
//!
//! InfVerif's modes: `/h` (Windows Hardware Quality Labs), `/w` (isolated driver packages) and `/k`
//! (declarative) are checked together: a file passes when nothing at all is found. Rules of isolation
//! apply to what Windows 10 1809 (build 17763) and later choose, as with `/w /wbuild 10.0.17763`.
#![forbid(unsafe_code)]

mod files;
mod graph;
mod network;
mod registry;
mod services;
mod version;

use core::fmt;

use inf_file::{Diag, Inf};

/// A rule: its code (InfVerif's number, or `own-…`) and what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Code as InfVerif prints it.
    pub code: &'static str,
    /// What a file must be.
    pub wants: &'static str,
}

const fn rule(code: &'static str, wants: &'static str) -> Rule {
    Rule { code, wants }
}

/// Every rule that is checked.
pub const RULES: [Rule; 40] = [
    rule("1000", "the syntax is right"),
    rule("1100", "a file that runs from the driver store keeps the name and folder it has in the package"),
    rule("1203", "a section that a directive names exists"),
    rule("1204", "the provider is not Microsoft"),
    rule("1205", "two different directives do not name the same section"),
    rule("1212", "not both [DefaultInstall] and [Manufacturer]"),
    rule("1220", "sections of an included INF are reached by Needs only"),
    rule("1221", "the services key is reached by HKR only"),
    rule("1230", "every file is in [SourceDisksFiles]"),
    rule("1233", "[Version] names a catalog"),
    rule("1235", "every %token% is in [Strings]"),
    rule("1285", "no [ClassInstall32] for a class of Microsoft's"),
    rule("1296", "every install section has a .Services section with the function driver's service"),
    rule("1297", "the INF installs on a device"),
    rule("1300", "no legacy sections"),
    rule("1301", "no legacy directives"),
    rule("1302", "nothing outside of the package is deleted or renamed"),
    rule("1303", "no co-installers"),
    rule("1304", "the registry is reached by HKR only"),
    rule("1305", "no REG_MULTI_SZ is appended to or cut"),
    rule("1306", "files go below the system folder only"),
    rule("1310", "Needs names a section of the same kind"),
    rule("1313", "Needs for another INF's section comes with Include in the same section"),
    rule("1320", "no key outside of HKR is made or deleted (isolation)"),
    rule("1321", "no value outside of HKR is written (isolation)"),
    rule("1322", "files run from the driver store, DIRID 13 (isolation)"),
    rule("1323", "values of a service lie below Parameters (isolation)"),
    rule("1324", "PnpLockdown = 1"),
    rule("1330", "a service, file or value is not defined twice in different ways for one system"),
    rule("2083", "every section is used"),
    rule("2222", "no directive that Windows ignores"),
    rule("2223", "models sections have an architecture"),
    rule("own-decoration", "models are chosen by architecture and version, not by product type or suite"),
    rule("own-version", "Class, ClassGuid, DriverVer, Provider and Signature are there and fit each other"),
    rule("own-disk", "[SourceDisksFiles] names disks of [SourceDisksNames]"),
    rule("own-binary", "a service's binary is copied by the same install section to the same folder"),
    rule("own-boot", "a boot-start driver has a load order group, and a missing one does not stop the boot"),
    rule("own-event", "a kernel driver registers its event messages"),
    rule("own-keyword", "a keyword has description, type and a default that may be chosen"),
    rule(
        "own-media",
        "a NIC's install section says Characteristics, BusType, *IfType, *MediaType, *PhysicalMediaType",
    ),
];

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code.
    pub code: &'static str,
    /// Where and what.
    pub diag: Diag,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.diag, self.code)
    }
}

/// Collects findings, each once.
struct Report<'a> {
    inf: &'a Inf,
    found: Vec<Finding>,
}

impl Report<'_> {
    fn add(&mut self, code: &'static str, line: u32, message: impl ToString) {
        debug_assert!(RULES.iter().any(|rule| rule.code == code), "{code} is no rule");
        let finding = Finding { code, diag: self.inf.error(line, message) };
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }
}

/// Checks a file; `name` is used in messages. Nothing found means that it passes.
#[must_use]
pub fn lint(name: &str, bytes: &[u8]) -> Vec<Finding> {
    let inf = match Inf::parse(name, bytes) {
        Ok(inf) => inf,
        Err(errors) => return errors.into_iter().map(|diag| Finding { code: "1000", diag }).collect(),
    };
    let mut report = Report { inf: &inf, found: Vec::new() };
    let graph = graph::walk(&inf, &mut report);
    version::check(&inf, &mut report);
    files::check(&inf, &graph, &mut report);
    registry::check(&inf, &graph, &mut report);
    services::check(&inf, &graph, &mut report);
    network::check(&inf, &graph, &mut report);
    let mut found = report.found;
    found.sort_by_key(|finding| (finding.diag.line, finding.code));
    found
}
