//! `[Version]`, tokens, and sections that a package may not have.

use inf_file::Inf;

use crate::Report;

/// Set-up classes that the package's drivers can be in ("System-Defined Device Setup Classes Available to
/// Vendors"): name and GUID belong together.
const CLASSES: [(&str, &str); 6] = [
    ("System", "{4d36e97d-e325-11ce-bfc1-08002be10318}"),
    ("SCSIAdapter", "{4d36e97b-e325-11ce-bfc1-08002be10318}"),
    ("Net", "{4d36e972-e325-11ce-bfc1-08002be10318}"),
    ("DiskDrive", "{4d36e967-e325-11ce-bfc1-08002be10318}"),
    ("HDC", "{4d36e96a-e325-11ce-bfc1-08002be10318}"),
    ("Ports", "{4d36e978-e325-11ce-bfc1-08002be10318}"),
];

pub(crate) fn check(inf: &Inf, report: &mut Report<'_>) {
    let line = inf.section("Version").map_or(0, |s| s.line);
    if inf.version("CatalogFile").is_none_or(str::is_empty) {
        report.add("1233", line, "[Version] has no CatalogFile");
    }
    if inf.version("PnpLockdown") != Some("1") {
        report.add("1324", line, "[Version] should say PnpLockdown = 1");
    }
    match inf.version("Provider") {
        None | Some("") => report.add("own-version", line, "[Version] has no Provider"),
        Some(name) if name.to_ascii_lowercase().contains("microsoft") => {
            report.add("1204", line, format!("Provider is \"{name}\""));
        }
        Some(_) => {}
    }
    class(inf, line, report);
    if inf.driver_version().is_none() {
        report.add("own-version", line, "[Version] has no well-formed DriverVer (mm/dd/yyyy,w.x.y.z)");
    }
    let decorated = |base: &str| {
        inf.sections().iter().find(|s| {
            let name = s.name.to_ascii_lowercase();
            name == base || name.starts_with(&format!("{base}."))
        })
    };
    if let (Some(default), Some(_)) = (decorated("defaultinstall"), inf.section("Manufacturer")) {
        report.add("1212", default.line, format!("[{}] beside [Manufacturer]", default.name));
    }
    // All class GUIDs that Microsoft handed out to vendors end like this.
    let guid = inf.version("ClassGuid").unwrap_or_default().to_ascii_lowercase();
    if let Some(section) = decorated("classinstall32")
        && guid.ends_with("-e325-11ce-bfc1-08002be10318}")
    {
        report.add("1285", section.line, "[ClassInstall32] for a class that Microsoft defines");
    }
    for warning in inf.warnings() {
        report.add("1235", warning.line, &warning.message);
    }
}

fn class(inf: &Inf, line: u32, report: &mut Report<'_>) {
    let (class, guid) = (inf.version("Class"), inf.version("ClassGuid"));
    let known = CLASSES.iter().find(|(name, _)| class.is_some_and(|c| c.eq_ignore_ascii_case(name)));
    match (class, guid, known) {
        (Some(_), Some(guid), Some((name, right))) => {
            if !guid.eq_ignore_ascii_case(right) {
                report.add("own-version", line, format!("ClassGuid of class {name} is {right}"));
            }
        }
        (Some(class), Some(_), None) => {
            report.add("own-version", line, format!("class {class} is not one of those for devices of ours"));
        }
        _ => report.add("own-version", line, "[Version] lacks Class or ClassGuid"),
    }
}
