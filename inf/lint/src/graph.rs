//! Which sections are used, by whom, and for which systems: the walk from `[Manufacturer]`.

use std::collections::{BTreeMap, BTreeSet};

use inf_file::{Decoration, Entry, Inf, Section, System};

use crate::Report;

/// Builds for which InfVerif's `/w` asks isolation by default, one for each family of releases.
const ISOLATED: [u32; 4] = [17763, 19041, 22000, 26100];
/// The oldest build that we support, and the last before packages run from the driver store.
const DOWNLEVEL: [u32; 2] = [14393, 15063];

/// What kind of section a directive stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Install,
    Hardware,
    Services,
    Interfaces,
    /// Another subsection of an install section, by its suffix.
    Other(&'static str),
    /// service-install-section
    Service,
    /// event-log-install-section
    EventLog,
    /// add-interface-section
    Interface,
}

/// Suffixes of install sections and what they are.
const SUFFIXES: [(&str, Kind); 11] = [
    ("HW", Kind::Hardware),
    ("Services", Kind::Services),
    ("Interfaces", Kind::Interfaces),
    ("CoInstallers", Kind::Other("CoInstallers")),
    ("LogConfigOverride", Kind::Other("LogConfigOverride")),
    ("FactDef", Kind::Other("FactDef")),
    ("Wdf", Kind::Other("Wdf")),
    ("WMI", Kind::Other("WMI")),
    ("Events", Kind::Other("Events")),
    ("Filters", Kind::Other("Filters")),
    ("Software", Kind::Other("Software")),
];

/// A section in use: which kind, and for which systems.
pub(crate) struct Used<'a> {
    pub section: &'a Section,
    pub kind: Kind,
    /// The install section (decorated) that leads here.
    pub install: String,
    /// Builds that use it.
    pub builds: BTreeSet<u32>,
}

impl Used<'_> {
    /// Whether a system for which packages must be isolated uses it.
    pub fn isolated(&self) -> bool {
        self.builds.iter().any(|build| *build >= ISOLATED[0])
    }
}

/// The result of the walk.
#[derive(Default)]
pub(crate) struct Graph<'a> {
    /// Sections with directives.
    pub used: Vec<Used<'a>>,
    /// List sections (files, registry) with the directive that names them, the kind of section that
    /// it stands in, whether an isolated system uses it, the line.
    pub lists: Vec<List<'a>>,
}

/// A list section that a directive names.
pub(crate) struct List<'a> {
    pub section: &'a Section,
    pub directive: String,
    pub from: Kind,
    pub install: String,
    pub builds: BTreeSet<u32>,
}

impl List<'_> {
    pub fn isolated(&self) -> bool {
        self.builds.iter().any(|build| *build >= ISOLATED[0])
    }
}

/// Directives whose values are names of list sections.
const LISTS: [&str; 12] = [
    "CopyFiles",
    "AddReg",
    "DelReg",
    "DelFiles",
    "RenFiles",
    "BitReg",
    "Ini2Reg",
    "UpdateInis",
    "UpdateIniFields",
    "ProfileItems",
    "RegisterDlls",
    "UnregisterDlls",
];
/// Directives that Windows no longer acts upon (InfVerif 2222), and their legacy code.
const IGNORED: [&str; 4] = ["LogConfig", "ProfileItems", "Ini2Reg", "UpdateIniFields"];
/// Directives that a universal INF may not have ("Using a Universal INF File").
const LEGACY: [&str; 9] = [
    "BitReg",
    "DelProperty",
    "Ini2Reg",
    "LogConfig",
    "ProfileItems",
    "RegisterDlls",
    "UnregisterDlls",
    "UpdateInis",
    "UpdateIniFields",
];
/// Directives that take away something outside of the package.
const TAKING: [&str; 3] = ["DelFiles", "RenFiles", "DelService"];
/// Legacy subsections.
const LEGACY_SECTIONS: [&str; 3] = ["CoInstallers", "LogConfigOverride", "FactDef"];

struct Walk<'a, 'r, 'i> {
    inf: &'a Inf,
    report: &'r mut Report<'i>,
    graph: Graph<'a>,
    reached: BTreeSet<String>,
    /// section -> directive that names it
    named: BTreeMap<String, String>,
}

pub(crate) fn walk<'a>(inf: &'a Inf, report: &mut Report<'_>) -> Graph<'a> {
    let mut walk =
        Walk { inf, report, graph: Graph::default(), reached: BTreeSet::new(), named: BTreeMap::new() };
    walk.manufacturers();
    for section in inf.sections() {
        let name = section.name.to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or("");
        let known = [
            "version",
            "strings",
            "manufacturer",
            "sourcedisksnames",
            "sourcedisksfiles",
            "destinationdirs",
            "controlflags",
            "signatureattributes",
            "interfaceinstall32",
            "classinstall32",
            "defaultinstall",
        ];
        if !known.contains(&stem) && !walk.reached.contains(&name) {
            walk.report.add("2083", section.line, format!("section [{}] is not used", section.name));
        }
    }
    walk.graph
}

impl<'a> Walk<'a, '_, '_> {
    fn manufacturers(&mut self) {
        let inf = self.inf;
        let mut devices = 0;
        let entries = inf.section("Manufacturer").map_or(&[][..], |s| &s.entries);
        for entry in entries {
            let decorations: Vec<(Decoration, String)> = entry
                .fields
                .iter()
                .skip(1)
                .filter(|t| !t.is_empty())
                .filter_map(|text| match Decoration::parse(text) {
                    Ok(decoration) => Some((decoration, text.clone())),
                    Err(message) => {
                        self.report.add("1000", entry.line, message);
                        None
                    }
                })
                .collect();
            if decorations.is_empty() || decorations.iter().any(|(d, _)| d.architecture.is_none()) {
                self.report.add("2223", entry.line, "models section without an architecture");
            }
            for (decoration, text) in &decorations {
                if decoration.product_type.is_some() || decoration.suite.is_some() {
                    self.report.add(
                        "own-decoration",
                        entry.line,
                        format!("{text} asks for a product type or suite"),
                    );
                }
                let name = format!("{}.{text}", entry.field(0));
                self.reached.insert(name.to_ascii_lowercase());
                if inf.section(&name).is_none() {
                    self.report.add("1203", entry.line, format!("models section [{name}] does not exist"));
                }
            }
            for build in DOWNLEVEL.into_iter().chain(ISOLATED) {
                let system = System::windows10(build);
                let best = decorations.iter().filter(|(d, _)| d.fits(&system)).max_by_key(|(d, _)| d.rank());
                let Some(section) = best.and_then(|(_, t)| inf.section(&format!("{}.{t}", entry.field(0))))
                else {
                    continue;
                };
                for model in &section.entries {
                    devices += usize::from(!model.field(1).is_empty());
                    self.install(model, &system);
                }
            }
        }
        if devices == 0 {
            self.report.add("1297", 0, "no device is named by this INF");
        }
    }

    fn install(&mut self, model: &'a Entry, system: &System) {
        let Some(name) = self.inf.decorated(model.field(0), system) else {
            self.report.add(
                "1203",
                model.line,
                format!("install section [{}] does not exist", model.field(0)),
            );
            return;
        };
        self.visit(name, Kind::Install, name, system.build);
        let mut services = false;
        for (suffix, kind) in SUFFIXES {
            let sub = format!("{name}.{suffix}");
            let Some(section) = self.inf.section(&sub) else { continue };
            services |= kind == Kind::Services;
            if LEGACY_SECTIONS.contains(&suffix) {
                self.report.add("1300", section.line, format!("legacy section [{sub}]"));
            }
            self.visit(&section.name, kind, name, system.build);
        }
        if !services {
            self.report.add("1296", model.line, format!("[{name}] has no .Services section"));
        }
    }

    fn visit(&mut self, name: &str, kind: Kind, install: &str, build: u32) {
        let Some(section) = self.inf.section(name) else { return };
        self.reached.insert(name.to_ascii_lowercase());
        if let Some(used) =
            self.graph.used.iter_mut().find(|u| u.section.name == section.name && u.install == install)
        {
            if !used.builds.insert(build) {
                return;
            }
        } else {
            self.graph.used.push(Used {
                section,
                kind,
                install: install.to_owned(),
                builds: BTreeSet::from([build]),
            });
        }
        for entry in &section.entries {
            self.directive(section, kind, entry, install, build);
        }
    }

    fn directive(&mut self, section: &'a Section, kind: Kind, entry: &'a Entry, install: &str, build: u32) {
        let Some(key) = entry.key.as_deref() else { return };
        let any = |list: &[&str]| list.iter().any(|k| k.eq_ignore_ascii_case(key));
        if any(&LEGACY) {
            self.report.add("1301", entry.line, format!("legacy directive {key}"));
        }
        if any(&IGNORED) {
            self.report.add("2222", entry.line, format!("Windows ignores the directive {key}"));
        }
        if any(&TAKING) {
            self.report.add("1302", entry.line, format!("{key} takes away what is not the package's"));
        }
        if any(&LISTS) {
            for target in entry.fields.iter().filter(|t| !t.is_empty() && !t.starts_with('@')) {
                let included = section.get("Include").is_some();
                self.list(key, target, kind, entry.line, included, (install, build));
            }
        } else if key.eq_ignore_ascii_case("Needs") {
            self.needs(section, kind, entry, install, build);
        } else if key.eq_ignore_ascii_case("AddService") && !entry.field(0).is_empty() {
            self.follow(entry, 2, Kind::Service, install, build);
            self.follow(entry, 3, Kind::EventLog, install, build);
        } else if key.eq_ignore_ascii_case("AddInterface") {
            self.follow(entry, 2, Kind::Interface, install, build);
        }
    }

    fn follow(&mut self, entry: &Entry, field: usize, kind: Kind, install: &str, build: u32) {
        let name = entry.field(field);
        if name.is_empty() {
            return;
        }
        if self.inf.section(name).is_none() {
            self.report.add("1203", entry.line, format!("section [{name}] does not exist"));
        }
        self.visit(name, kind, install, build);
    }

    fn list(
        &mut self,
        directive: &str,
        target: &str,
        from: Kind,
        line: u32,
        included: bool,
        (install, build): (&str, u32),
    ) {
        let Some(section) = self.inf.section(target) else {
            if included {
                self.report.add(
                    "1220",
                    line,
                    format!("{directive} names [{target}], which is not in this INF"),
                );
            } else {
                self.report.add("1203", line, format!("section [{target}] does not exist"));
            }
            return;
        };
        let name = target.to_ascii_lowercase();
        self.reached.insert(name.clone());
        let before = self.named.entry(name).or_insert_with(|| directive.to_owned()).clone();
        if !before.eq_ignore_ascii_case(directive) {
            self.report.add("1205", line, format!("[{target}] is named by {before} and by {directive}"));
        }
        let known = self
            .graph
            .lists
            .iter_mut()
            .find(|l| l.section.name == section.name && l.from == from && l.install == install);
        match known {
            Some(list) => {
                list.builds.insert(build);
            }
            None => self.graph.lists.push(List {
                section,
                directive: directive.to_owned(),
                from,
                install: install.to_owned(),
                builds: BTreeSet::from([build]),
            }),
        }
    }

    fn needs(&mut self, section: &'a Section, kind: Kind, entry: &'a Entry, install: &str, build: u32) {
        for target in entry.fields.iter().filter(|t| !t.is_empty()) {
            let suffix = SUFFIXES.iter().find(|(suffix, _)| {
                target.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(suffix))
            });
            let theirs = suffix.map_or(Kind::Install, |(_, kind)| *kind);
            if theirs != kind {
                self.report.add("1310", entry.line, format!("[{}] cannot need [{target}]", section.name));
            }
            let system = System::windows10(build);
            match self.inf.decorated(target, &system).map(str::to_owned) {
                Some(name) => self.visit(&name, kind, install, build),
                None if section.get("Include").is_none() => {
                    self.report.add("1313", entry.line, format!("[{target}] is needed without an Include"));
                }
                None => {}
            }
        }
    }
}
