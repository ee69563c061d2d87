//! A DDInstall section with everything that it names: Include/Needs, files, registry, services, the
//! hardware and interface subsections.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{DelReg, Diag, Entry, Inf, RegOp, Section, System, models::parse_number};

/// Where `Include` finds other INF files.
pub trait Library {
    /// The file of this name.
    fn inf(&self, name: &str) -> Option<&Inf>;
}

/// A library without files.
pub struct NoLibrary;

impl Library for NoLibrary {
    fn inf(&self, _: &str) -> Option<&Inf> {
        None
    }
}

/// An error while an install section is resolved.
pub type InstallError = Diag;

/// A file to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFile {
    /// Name at the destination.
    pub destination: String,
    /// Name in the package.
    pub source: String,
    /// DIRID of the destination (12 is System32\drivers, 13 the driver store).
    pub dirid: u32,
    /// Folder below the DIRID; may be empty.
    pub folder: String,
    /// Flags as written (COPYFLG_*).
    pub flags: u32,
    /// Line of the file.
    pub line: u32,
}

/// How a service is tied to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Association {
    /// SPSVCINST_ASSOCSERVICE: the function driver of the device.
    Function,
    /// Any other service.
    Other,
}

/// The event log part of an AddService directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog {
    /// Its registry entries, relative to the event source's key.
    pub add_reg: Vec<RegOp>,
    /// Log; "System" unless said otherwise.
    pub log: String,
    /// Event source; the service's name unless said otherwise.
    pub source: String,
}

/// A service-install section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInstall {
    /// Display name.
    pub display_name: String,
    /// Description.
    pub description: String,
    /// SERVICE_KERNEL_DRIVER is 1.
    pub service_type: u32,
    /// SERVICE_BOOT_START 0 to SERVICE_DISABLED 4.
    pub start_type: u32,
    /// SERVICE_ERROR_IGNORE 0 to SERVICE_ERROR_CRITICAL 3.
    pub error_control: u32,
    /// Binary with its DIRID token: `%13%\name.sys`.
    pub binary: String,
    /// Load order group, or empty.
    pub group: String,
    /// Services and groups (`+` first) that must be started before.
    pub dependencies: Vec<String>,
    /// SDDL of the service object, or empty.
    pub security: String,
    /// BootFlags.
    pub boot_flags: u32,
    /// Entries relative to the service's key.
    pub add_reg: Vec<RegOp>,
    /// Deletions relative to the service's key.
    pub del_reg: Vec<DelReg>,
}

/// An AddService directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddService {
    /// Name; empty for "the device has no driver" (`AddService = ,2`).
    pub name: String,
    /// Tie to the device.
    pub association: Association,
    /// Flags as written (SPSVCINST_*).
    pub flags: u32,
    /// The service-install section, unless the name is empty.
    pub install: Option<ServiceInstall>,
    /// Event log part.
    pub event_log: Option<EventLog>,
    /// Line of the file.
    pub line: u32,
}

/// What an install section does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// The section as found, decorated.
    pub section: String,
    /// Files to copy.
    pub files: Vec<CopyFile>,
    /// Entries of DDInstall: HKR is the device's driver (software) key.
    pub add_reg: Vec<RegOp>,
    /// Deletions of DDInstall.
    pub del_reg: Vec<DelReg>,
    /// Entries of DDInstall.HW: HKR is the device's hardware key.
    pub hardware_add_reg: Vec<RegOp>,
    /// Deletions of DDInstall.HW.
    pub hardware_del_reg: Vec<DelReg>,
    /// Services of DDInstall.Services.
    pub services: Vec<AddService>,
    /// Services to delete.
    pub del_services: Vec<String>,
    /// Interfaces of DDInstall.Interfaces: class GUID, reference string, AddReg entries.
    pub interfaces: Vec<(String, String, Vec<RegOp>)>,
    /// `FeatureScore` of the driver; 0xFF when absent.
    pub feature_score: u32,
    /// `Reboot` or `Restart` was given.
    pub reboot: bool,
    /// Directives that this reader does not know, with their lines.
    pub unknown: Vec<(u32, String)>,
}

/// How deep Include/Needs may nest before it is taken for a loop.
const DEPTH: u32 = 8;

/// Directives that have no effect on a kernel, or are read elsewhere.
const INERT: [&str; 22] = [
    "DriverVer",
    "ExcludeID",
    "LogConfig",
    "ProfileItems",
    "RegisterDlls",
    "UnregisterDlls",
    "Ini2Reg",
    "UpdateInis",
    "UpdateIniFields",
    "CopyINF",
    "RenFiles",
    "DelFiles",
    "BitReg",
    "DelProperty",
    "AddProperty",
    "Characteristics",
    "BusType",
    "PnpLockdown",
    "AddPowerSetting",
    "*IfType",
    "*MediaType",
    "*PhysicalMediaType",
];

impl Inf {
    /// Resolves the install section `name` (undecorated) for a system.
    ///
    /// # Errors
    /// Sections that do not exist, directives that cannot be read, files of `Include` that the library
    /// has not.
    pub fn install(
        &self,
        name: &str,
        line: u32,
        system: &System,
        library: &dyn Library,
    ) -> Result<Install, InstallError> {
        let Some(section) = self.decorated(name, system) else {
            return Err(self.error(line, format!("install section [{name}] does not exist")));
        };
        let mut out = Install { section: section.to_string(), feature_score: 0xFF, ..Install::default() };
        self.walk(section, line, system, library, DEPTH, &mut out, Inf::install_entry)?;
        for (suffix, reader) in [
            ("HW", Inf::hardware_entry as Reader),
            ("Services", Inf::services_entry),
            ("Interfaces", Inf::interfaces_entry),
        ] {
            let sub = format!("{section}.{suffix}");
            if self.section(&sub).is_some() {
                self.walk(&sub, line, system, library, DEPTH, &mut out, reader)?;
            }
        }
        Ok(out)
    }

    #[expect(clippy::too_many_arguments, reason = "one recursion, all of it its state")]
    fn walk(
        &self,
        name: &str,
        line: u32,
        system: &System,
        library: &dyn Library,
        depth: u32,
        out: &mut Install,
        reader: Reader,
    ) -> Result<(), Diag> {
        let Some(section) = self.section(name) else {
            return Err(self.error(line, format!("section [{name}] does not exist")));
        };
        if depth == 0 {
            return Err(self.error(line, format!("Needs of [{name}] is nested too deeply")));
        }
        let mut included: Vec<&Inf> = Vec::new();
        for entry in section.all("Include") {
            for file in entry.fields.iter().filter(|f| !f.is_empty()) {
                let inf = library
                    .inf(file)
                    .ok_or_else(|| self.error(entry.line, format!("included file {file} is not there")))?;
                included.push(inf);
            }
        }
        for entry in &section.entries {
            if entry.is("Include") {
                continue;
            }
            if entry.is("Needs") {
                for need in entry.fields.iter().filter(|f| !f.is_empty()) {
                    let found = core::iter::once(self)
                        .chain(included.iter().copied())
                        .find_map(|inf| Some((inf, inf.decorated(need, system)?)));
                    let Some((inf, target)) = found else {
                        return Err(self.error(
                            entry.line,
                            format!("needed section [{need}] is in none of the included files"),
                        ));
                    };
                    let target = target.to_string();
                    inf.walk(&target, entry.line, system, library, depth - 1, out, reader)?;
                }
                continue;
            }
            reader(self, section, entry, out)?;
        }
        Ok(())
    }

    fn install_entry(&self, _: &Section, entry: &Entry, out: &mut Install) -> Result<(), Diag> {
        if entry.is("CopyFiles") {
            for field in entry.fields.iter().filter(|f| !f.is_empty()) {
                self.copy_files(field, entry.line, &mut out.files)?;
            }
        } else if entry.is("AddReg") {
            self.add_regs(entry, &mut out.add_reg)?;
        } else if entry.is("DelReg") {
            self.del_regs(entry, &mut out.del_reg)?;
        } else if entry.is("FeatureScore") {
            out.feature_score = parse_number(entry.field(0))
                .or_else(|| u32::from_str_radix(entry.field(0), 16).ok())
                .ok_or_else(|| self.error(entry.line, "FeatureScore is no number"))?;
        } else if entry.is("Reboot") || entry.is("Restart") || entry.field(0).eq_ignore_ascii_case("Reboot") {
            out.reboot = true;
        } else {
            note_unknown(entry, out);
        }
        Ok(())
    }

    fn hardware_entry(&self, _: &Section, entry: &Entry, out: &mut Install) -> Result<(), Diag> {
        if entry.is("AddReg") {
            self.add_regs(entry, &mut out.hardware_add_reg)?;
        } else if entry.is("DelReg") {
            self.del_regs(entry, &mut out.hardware_del_reg)?;
        } else {
            note_unknown(entry, out);
        }
        Ok(())
    }

    fn services_entry(&self, _: &Section, entry: &Entry, out: &mut Install) -> Result<(), Diag> {
        if entry.is("AddService") {
            let service = self.add_service(entry)?;
            out.services.push(service);
        } else if entry.is("DelService") {
            out.del_services.push(entry.field(0).to_string());
        } else {
            note_unknown(entry, out);
        }
        Ok(())
    }

    fn interfaces_entry(&self, _: &Section, entry: &Entry, out: &mut Install) -> Result<(), Diag> {
        if !entry.is("AddInterface") {
            note_unknown(entry, out);
            return Ok(());
        }
        let mut ops = Vec::new();
        if !entry.field(2).is_empty() {
            let Some(section) = self.section(entry.field(2)) else {
                return Err(
                    self.error(entry.line, format!("interface section [{}] does not exist", entry.field(2)))
                );
            };
            for add in section.all("AddReg") {
                self.add_regs(add, &mut ops)?;
            }
        }
        out.interfaces.push((entry.field(0).to_string(), entry.field(1).to_string(), ops));
        Ok(())
    }

    fn add_regs(&self, entry: &Entry, out: &mut Vec<RegOp>) -> Result<(), Diag> {
        for name in entry.fields.iter().filter(|f| !f.is_empty()) {
            out.extend(self.add_reg(name, entry.line)?);
        }
        Ok(())
    }

    fn del_regs(&self, entry: &Entry, out: &mut Vec<DelReg>) -> Result<(), Diag> {
        for name in entry.fields.iter().filter(|f| !f.is_empty()) {
            out.extend(self.del_reg(name, entry.line)?);
        }
        Ok(())
    }

    fn copy_files(&self, what: &str, line: u32, out: &mut Vec<CopyFile>) -> Result<(), Diag> {
        if let Some(file) = what.strip_prefix('@') {
            let (dirid, folder) = self.destination("DefaultDestDir", line)?;
            out.push(CopyFile {
                destination: file.to_string(),
                source: file.to_string(),
                dirid,
                folder,
                flags: 0,
                line,
            });
            return Ok(());
        }
        let Some(section) = self.section(what) else {
            return Err(self.error(line, format!("CopyFiles section [{what}] does not exist")));
        };
        let (dirid, folder) = self.destination(what, line)?;
        for entry in &section.entries {
            let flags = match entry.field(3) {
                "" => 0,
                text => parse_number(text)
                    .ok_or_else(|| self.error(entry.line, format!("copy flags \"{text}\" are no number")))?,
            };
            let destination = entry.field(0);
            if destination.is_empty() {
                return Err(self.error(entry.line, "CopyFiles entry without a file"));
            }
            let source = Some(entry.field(1)).filter(|s| !s.is_empty()).unwrap_or(destination);
            out.push(CopyFile {
                destination: destination.to_string(),
                source: source.to_string(),
                dirid,
                folder: folder.clone(),
                flags,
                line: entry.line,
            });
        }
        Ok(())
    }

    /// DIRID and folder that `[DestinationDirs]` gives a file list.
    fn destination(&self, list: &str, line: u32) -> Result<(u32, String), Diag> {
        let dirs = self
            .section("DestinationDirs")
            .ok_or_else(|| self.error(line, "CopyFiles without a [DestinationDirs] section"))?;
        let entry = dirs
            .get(list)
            .or_else(|| dirs.get("DefaultDestDir"))
            .ok_or_else(|| self.error(line, format!("[DestinationDirs] says nothing of {list}")))?;
        let dirid = parse_number(entry.field(0))
            .ok_or_else(|| self.error(entry.line, format!("\"{}\" is no DIRID", entry.field(0))))?;
        Ok((dirid, entry.field(1).to_string()))
    }

    fn add_service(&self, entry: &Entry) -> Result<AddService, Diag> {
        let flags = match entry.field(1) {
            "" => 0,
            text => parse_number(text)
                .ok_or_else(|| self.error(entry.line, format!("service flags \"{text}\" are no number")))?,
        };
        let association = if flags & 2 != 0 { Association::Function } else { Association::Other };
        let name = entry.field(0).to_string();
        if name.is_empty() {
            return Ok(AddService {
                name,
                association,
                flags,
                install: None,
                event_log: None,
                line: entry.line,
            });
        }
        let section = self.section(entry.field(2)).ok_or_else(|| {
            self.error(entry.line, format!("service-install section [{}] does not exist", entry.field(2)))
        })?;
        let install = self.service_install(section)?;
        let event_log = match entry.field(3) {
            "" => None,
            log => {
                let section = self.section(log).ok_or_else(|| {
                    self.error(entry.line, format!("event log section [{log}] does not exist"))
                })?;
                let mut add_reg = Vec::new();
                for add in section.all("AddReg") {
                    self.add_regs(add, &mut add_reg)?;
                }
                let or = |index, default: &str| match entry.field(index) {
                    "" => default.to_string(),
                    text => text.to_string(),
                };
                Some(EventLog { add_reg, log: or(4, "System"), source: or(5, &name) })
            }
        };
        Ok(AddService { name, association, flags, install: Some(install), event_log, line: entry.line })
    }

    fn service_install(&self, section: &Section) -> Result<ServiceInstall, Diag> {
        let text = |key| section.get(key).map_or("", |e| e.field(0)).to_string();
        let number = |key: &str| -> Result<u32, Diag> {
            let entry = section
                .get(key)
                .ok_or_else(|| self.error(section.line, format!("[{}] has no {key}", section.name)))?;
            parse_number(entry.field(0))
                .ok_or_else(|| self.error(entry.line, format!("{key} \"{}\" is no number", entry.field(0))))
        };
        let start_type = number("StartType")?;
        if start_type > 4 {
            return Err(self.error(section.line, format!("StartType {start_type} does not exist")));
        }
        let error_control = number("ErrorControl")?;
        if error_control > 3 {
            return Err(self.error(section.line, format!("ErrorControl {error_control} does not exist")));
        }
        let binary = text("ServiceBinary");
        if binary.is_empty() {
            return Err(self.error(section.line, format!("[{}] has no ServiceBinary", section.name)));
        }
        let mut add_reg = Vec::new();
        for entry in section.all("AddReg") {
            self.add_regs(entry, &mut add_reg)?;
        }
        let mut del_reg = Vec::new();
        for entry in section.all("DelReg") {
            self.del_regs(entry, &mut del_reg)?;
        }
        Ok(ServiceInstall {
            display_name: text("DisplayName"),
            description: text("Description"),
            service_type: number("ServiceType")?,
            start_type,
            error_control,
            binary,
            group: text("LoadOrderGroup"),
            dependencies: section
                .get("Dependencies")
                .map(|e| e.fields.iter().filter(|f| !f.is_empty()).cloned().collect())
                .unwrap_or_default(),
            security: text("Security"),
            boot_flags: match section.get("BootFlags") {
                Some(_) => number("BootFlags")?,
                None => 0,
            },
            add_reg,
            del_reg,
        })
    }
}

type Reader = fn(&Inf, &Section, &Entry, &mut Install) -> Result<(), Diag>;

fn note_unknown(entry: &Entry, out: &mut Install) {
    let name = entry.key.as_deref().unwrap_or_else(|| entry.field(0));
    if !INERT.iter().any(|k| k.eq_ignore_ascii_case(name)) {
        out.unknown.push((entry.line, name.to_string()));
    }
}
