//! Files: sources, destinations, the driver store.

use std::collections::BTreeMap;

use inf_file::{Entry, Inf};

use crate::{
    Report,
    graph::{Graph, List},
};

/// DIRIDs below the system folder that a universal INF may copy to.
const SYSTEM: [&str; 4] = ["10", "11", "12", "13"];

pub(crate) fn check(inf: &Inf, graph: &Graph<'_>, report: &mut Report<'_>) {
    disks(inf, report);
    // destination of a file, for each build: another source is a conflict
    let mut written: BTreeMap<(u32, String), String> = BTreeMap::new();
    for list in graph.lists.iter().filter(|l| l.directive.eq_ignore_ascii_case("CopyFiles")) {
        for entry in &list.section.entries {
            one(inf, list, entry, &mut written, report);
        }
    }
    for used in &graph.used {
        for entry in used.section.all("CopyFiles") {
            for file in entry.fields.iter().filter_map(|f| f.strip_prefix('@')) {
                source(inf, file, entry.line, report);
                destination(inf, "DefaultDestDir", file, file, entry.line, used.isolated(), report);
            }
        }
    }
}

fn disks(inf: &Inf, report: &mut Report<'_>) {
    let named = |id: &str| {
        inf.sections()
            .iter()
            .filter(|s| s.name.to_ascii_lowercase().starts_with("sourcedisksnames"))
            .any(|s| s.get(id).is_some())
    };
    for section in
        inf.sections().iter().filter(|s| s.name.to_ascii_lowercase().starts_with("sourcedisksfiles"))
    {
        for entry in &section.entries {
            if !named(entry.field(0)) {
                report.add(
                    "own-disk",
                    entry.line,
                    format!("disk {} is not in [SourceDisksNames]", entry.field(0)),
                );
            }
        }
    }
}

fn one(
    inf: &Inf,
    list: &List<'_>,
    entry: &Entry,
    written: &mut BTreeMap<(u32, String), String>,
    report: &mut Report<'_>,
) {
    let target = entry.field(0);
    let from = Some(entry.field(1)).filter(|s| !s.is_empty()).unwrap_or(target);
    source(inf, from, entry.line, report);
    let Some(dirid) = destination(inf, &list.section.name, target, from, entry.line, list.isolated(), report)
    else {
        return;
    };
    for build in &list.builds {
        let place = (*build, format!("{dirid}\\{target}").to_ascii_lowercase());
        let before = written.entry(place).or_insert_with(|| from.to_ascii_lowercase());
        if !before.eq_ignore_ascii_case(from) {
            report.add("1330", entry.line, format!("{target} is copied from {before} and from {from}"));
        }
    }
}

/// The entry of `[SourceDisksFiles]` (for x64) that says where a file is in the package.
fn listed<'a>(inf: &'a Inf, file: &str) -> Option<&'a Entry> {
    ["SourceDisksFiles.amd64", "SourceDisksFiles"].iter().find_map(|name| inf.section(name)?.get(file))
}

fn source(inf: &Inf, file: &str, line: u32, report: &mut Report<'_>) {
    if listed(inf, file).is_none() {
        report.add("1230", line, format!("{file} is not in [SourceDisksFiles]"));
    }
}

/// Checks where a file goes; gives the DIRID with its folder.
fn destination(
    inf: &Inf,
    list: &str,
    target: &str,
    from: &str,
    line: u32,
    isolated: bool,
    report: &mut Report<'_>,
) -> Option<String> {
    let dirs = inf.section("DestinationDirs");
    let Some(entry) = dirs.and_then(|dirs| dirs.get(list).or_else(|| dirs.get("DefaultDestDir"))) else {
        report.add("1203", line, format!("[DestinationDirs] says nothing of {list}"));
        return None;
    };
    let (dirid, folder) = (entry.field(0), entry.field(1));
    if !SYSTEM.contains(&dirid) {
        report.add("1306", entry.line, format!("DIRID {dirid} is not below the system folder"));
    }
    if dirid != "13" {
        if isolated {
            report.add(
                "1322",
                entry.line,
                format!("{target} goes to DIRID {dirid}, not to the driver store"),
            );
        }
    } else {
        let packed = listed(inf, from).map_or("", |e| e.field(1));
        if !target.eq_ignore_ascii_case(from) || !folder.eq_ignore_ascii_case(packed) {
            report.add("1100", line, format!("{from} is renamed or moved inside the driver store"));
        }
    }
    Some(format!("{dirid}\\{folder}"))
}
