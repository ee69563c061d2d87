//! A Windows that is up: what the setup program works on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use xenpci::policy::unplug;
use xenpv_setup::{
    names::{BOOT_SERVICE, CLASS, Driver, ENUM, SERVICES},
    net::{Interface, IpConfig, Side},
    registry::{Registry, Value},
    step::{Failure, Outcome, Step},
    system::{BootDisk, Os, Place, Presence, StorePackage, System},
};

use crate::{
    files::{Files, Package, below_windows},
    hive::Hive,
    machine::{Machine, Weather},
    rival,
    tape::{Disk, Tape},
};

/// Where the MSI puts the program.
pub const PROGRAM: &str = r"C:\Program Files\XenPV\xenpv-setup.exe";
/// Where somebody without the MSI has put it.
pub const DOWNLOAD: &str = r"C:\Users\admin\Downloads\xenpv-setup.exe";
/// Where a copy is kept for the boot service when the program is not there to stay.
pub const REFUGE: &str = r"C:\Program Files\XenPV Boot\xenpv-setup.exe";
/// The emulated NIC's interface.
pub const EMULATED_NIC: &str = "{E0000000-0000-0000-0000-000000000001}";
/// Where the model keeps an interface's configuration.
pub const INTERFACES: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces";

/// `CM_PROB_FAILED_START`, `CM_PROB_NOT_CONFIGURED` (cfg.h).
const FAILED_START: u32 = 10;
const NOT_CONFIGURED: u32 = 1;

/// A running system.
pub struct Windows {
    /// The machine that it runs on.
    pub machine: Arc<Machine>,
    /// How this boot goes.
    pub weather: Weather,
    /// Everything that was changed since power-on.
    pub tape: Tape,
    /// Which program runs.
    pub program: PathBuf,
    /// What the program said.
    pub log: Vec<String>,
    /// What Windows runs from.
    pub route: BootDisk,
    /// What is unplugged.
    pub mask: u16,
    /// Why disks were not.
    pub veto: Option<unplug::Veto>,
    hive: Arc<Hive>,
    files: Arc<Files>,
    /// Images in memory, by service.
    pub(crate) loaded: BTreeMap<String, String>,
    /// Devices that are there.
    pub(crate) reported: BTreeSet<String>,
    /// Devices that were started.
    pub(crate) started: BTreeSet<String>,
    /// Devices that could not be started.
    failed: BTreeSet<String>,
    applied: usize,
}

impl Windows {
    /// Nothing runs yet.
    pub(crate) fn new(machine: Arc<Machine>, weather: Weather, disk: &Disk) -> Self {
        Self {
            weather,
            tape: Tape::new(disk),
            program: PathBuf::from(machine.program),
            machine,
            log: Vec::new(),
            route: BootDisk::Emulated,
            mask: 0,
            veto: None,
            hive: Arc::clone(&disk.hive),
            files: Arc::clone(&disk.files),
            loaded: BTreeMap::new(),
            reported: BTreeSet::new(),
            started: BTreeSet::new(),
            failed: BTreeSet::new(),
            applied: 0,
        }
    }

    /// The registry.
    #[must_use]
    pub fn hive(&self) -> &Hive {
        &self.hive
    }

    /// The volume.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What is on the disk once all is written.
    #[must_use]
    pub fn disk(&self) -> Disk {
        Disk { hive: Arc::clone(&self.hive), files: Arc::clone(&self.files) }
    }

    /// Changes the registry; a change that changes nothing is none.
    pub fn change_hive(&mut self, change: impl FnOnce(&mut Hive)) {
        let mut new = (*self.hive).clone();
        change(&mut new);
        if new != *self.hive {
            self.hive = Arc::new(new);
            self.tape.hive(&self.hive);
        }
    }

    /// Changes the volume.
    pub fn change_files(&mut self, change: impl FnOnce(&mut Files)) {
        let mut new = (*self.files).clone();
        change(&mut new);
        if new != *self.files {
            self.files = Arc::new(new);
            self.tape.files(&self.files);
        }
    }

    pub(crate) fn set(&mut self, key: &str, name: &str, value: Value) {
        if self.hive.value(key, name).as_ref() != Some(&value) {
            self.change_hive(|hive| hive.set(key, name, value));
        }
    }

    pub(crate) fn unset(&mut self, key: &str, name: &str) {
        if self.hive.value(key, name).is_some() {
            self.change_hive(|hive| hive.unset(key, name));
        }
    }

    /// The service that is bound to a device, ready to start.
    #[must_use]
    pub fn bound(&self, instance: &str) -> Option<String> {
        let key = format!("{ENUM}\\{instance}");
        let service = self.hive.text(&key, "Service")?;
        unplug::is_configured(&service, Some(&service), self.hive.dword(&key, "ConfigFlags"))
            .then_some(service)
    }

    /// The version of the image that a service's path leads to.
    #[must_use]
    pub fn image(&self, service: &str) -> Option<String> {
        let path = self.hive.text(&format!("{SERVICES}\\{service}"), "ImagePath")?;
        Some(self.files.images.get(&below_windows(&path))?.version.clone())
    }

    fn is_broken(&self, driver: Driver, version: &str) -> bool {
        self.weather
            .broken
            .is_some_and(|broken| broken.driver == driver && broken.version.is_none_or(|bad| bad == version))
    }

    /// Starts a device with what is loaded; `late` loads what is missing.
    pub(crate) fn start(&mut self, instance: &str, late: bool) -> bool {
        let Some(driver) = Driver::of_instance(instance) else { return false };
        let Some(service) = self.bound(instance) else { return false };
        if late && !self.loaded.contains_key(&service) {
            let enabled =
                self.hive.dword(&format!("{SERVICES}\\{service}"), "Start").is_some_and(|start| start < 4);
            match self.image(&service).filter(|_| enabled) {
                Some(version) => self.loaded.insert(service.clone(), version),
                None => None,
            };
        }
        let good = self.loaded.get(&service).is_some_and(|version| !self.is_broken(driver, version));
        if !good {
            self.failed.insert(instance.to_owned());
            return false;
        }
        self.failed.remove(instance);
        self.started.insert(instance.to_owned());
        if service != driver.name() {
            return true;
        }
        match driver {
            Driver::Pci => self.bus_starts(late),
            Driver::Vbd => self.adapter_starts(),
            Driver::Net => {}
        }
        true
    }

    /// What xenpci does when it starts: its own policy, fed as `xenpci::platform::unplug` feeds it.
    fn bus_starts(&mut self, late: bool) {
        if self.mask == 0 {
            let decision = crate::boot::decide(self, late);
            self.mask = decision.mask;
            self.veto = decision.disks.err();
        }
        self.report(self.machine.adapter(self.weather.sabotage));
        self.report(self.machine.nic());
    }

    /// A bus reports a device: Windows makes its instance key, without a driver.
    pub(crate) fn report(&mut self, instance: String) {
        let key = format!("{ENUM}\\{instance}");
        if !self.hive.has_key(&key) {
            self.change_hive(|hive| hive.create(&key, false));
        }
        self.reported.insert(instance);
    }

    /// What xenpci notes when an adapter has come up.
    fn adapter_starts(&mut self) {
        let parameters = format!("{SERVICES}\\xenpvpci\\Parameters");
        if let Some(version) = self.loaded.get("xenpvvbd").cloned()
            && self.hive.has_key(&format!("{SERVICES}\\xenpvpci"))
        {
            self.set(&parameters, "StartedDisk", Value::Sz(version));
        }
        for service in ["xenpvpci", "xenpvvbd"] {
            let key = format!("{SERVICES}\\{service}\\StartOverride");
            if self.hive.dword(&key, "0").is_some_and(|start| start != 0) {
                self.set(&key, "0", Value::Dword(0));
            }
        }
    }

    /// Something of ours carries what runs.
    fn in_use(&self) -> bool {
        self.route != BootDisk::Emulated || self.mask & unplug::NICS != 0
    }

    fn stop(&mut self, instance: &str) {
        let Some(driver) = Driver::of_instance(instance) else { return };
        if driver == Driver::Pci {
            for child in [self.machine.adapter(self.weather.sabotage), self.machine.nic()] {
                self.stop(&child);
                self.reported.remove(&child);
            }
        }
        self.started.remove(instance);
        self.failed.remove(instance);
        self.loaded.remove(driver.name());
    }

    /// Windows installs what it has drivers for on devices that have none, until nothing moves.
    pub fn install_pending(&mut self) {
        for _ in 0..4 {
            let mut moved = false;
            for instance in self.reported.clone() {
                let Some(driver) = Driver::of_instance(&instance) else { continue };
                let fresh = self.bound(&instance).is_none();
                let best = self
                    .files
                    .packages
                    .iter()
                    .filter(|package| package.driver == driver)
                    .max_by_key(|package| xenpv_setup::package::numbers(&package.version))
                    .cloned();
                if let Some(package) = best.filter(|_| fresh) {
                    self.bind(&instance, &package);
                    moved = true;
                }
                if !self.started.contains(&instance) && !self.failed.contains(&instance) {
                    moved |= self.start(&instance, true);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn release_of(&self, inf: &Path) -> Option<(Driver, String)> {
        let text = inf.to_string_lossy().to_ascii_lowercase();
        let stored = self.files.packages.iter().find(|package| text.contains(&package.folder));
        if let Some(package) = stored {
            return Some((package.driver, package.version.clone()));
        }
        let driver =
            Driver::ALL.into_iter().find(|driver| text.ends_with(&format!("\\{}.inf", driver.name())))?;
        let release =
            self.machine.folders.iter().find(|(folder, _)| text.starts_with(&folder.to_ascii_lowercase()))?.1;
        Some((driver, release.version.clone()))
    }

    fn install_driver(&mut self, inf: &Path, force: bool) -> Result<Outcome, Failure> {
        let (driver, version) =
            self.release_of(inf).ok_or_else(|| Failure::new(format!("{} does not exist", inf.display())))?;
        self.stage(driver, &version).map_err(Failure::new)?;
        let package = self
            .files
            .packages
            .iter()
            .find(|package| package.driver == driver && package.version == version)
            .cloned()
            .ok_or_else(|| Failure::new("not in the driver store"))?;
        let mut restart = false;
        let devices: Vec<String> = self
            .reported
            .iter()
            .filter(|instance| Driver::of_instance(instance) == Some(driver))
            .cloned()
            .collect();
        for instance in devices {
            let there = self.version(&instance);
            let better = there.as_deref().is_none_or(|there| {
                xenpv_setup::package::numbers(&version) > xenpv_setup::package::numbers(there)
            });
            if !force && !better && self.bound(&instance).is_some() {
                continue;
            }
            self.bind(&instance, &package);
            let held = match driver {
                Driver::Pci => self.in_use(),
                Driver::Vbd => self.route == BootDisk::Pv,
                Driver::Net => false,
            };
            if held {
                restart = true;
            } else {
                self.stop(&instance);
                self.start(&instance, true);
                self.install_pending();
            }
        }
        Ok(Outcome { restart })
    }

    /// Driver version that is bound to a device.
    #[must_use]
    pub fn version(&self, instance: &str) -> Option<String> {
        let driver = self.hive.text(&format!("{ENUM}\\{instance}"), "Driver")?;
        self.hive.text(&format!("{CLASS}\\{driver}"), "DriverVersion")
    }

    fn remove_device(&mut self, instance: &str) -> Outcome {
        let key = format!("{ENUM}\\{instance}");
        if let Some(driver) = self.hive.text(&key, "Driver") {
            self.change_hive(|hive| hive.delete(&format!("{CLASS}\\{driver}")));
        }
        self.change_hive(|hive| hive.delete(&key));
        let present = self.reported.contains(instance);
        let held = present && (self.weather.clings || self.in_use());
        if !held {
            self.stop(instance);
        }
        Outcome { restart: held }
    }

    fn remove_package(&mut self, published: &str) -> Result<(), Failure> {
        let Some(package) =
            self.files.packages.iter().find(|package| package.published == published).cloned()
        else {
            return Ok(());
        };
        let bound = self.reported.iter().any(|instance| {
            let key = self.hive.text(&format!("{ENUM}\\{instance}"), "Driver");
            key.and_then(|key| self.hive.text(&format!("{CLASS}\\{key}"), "InfPath")).as_deref()
                == Some(published)
        });
        if bound {
            return Err(Failure::new(format!("a device uses {published}")));
        }
        let Package { driver, folder, .. } = package;
        self.change_files(|files| {
            files.images.remove(&format!("{folder}\\{}.sys", driver.name()));
        });
        self.change_files(|files| files.packages.retain(|package| package.published != published));
        Ok(())
    }

    fn delete_service(&mut self, name: &str) {
        let key = format!("{SERVICES}\\{name}");
        if !self.hive.has_key(&key) {
            return;
        }
        if self.loaded.contains_key(name) || name == BOOT_SERVICE {
            self.set(&key, "Start", Value::Dword(4));
            self.set(&key, "DeleteFlag", Value::Dword(1));
        } else {
            self.change_hive(|hive| hive.delete(&key));
        }
    }

    fn config(&self, guid: &str) -> IpConfig {
        let text = self.hive.text(&format!("{INTERFACES}\\{guid}"), "Model");
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// An administrator, or the setup program, configures an interface.
    pub fn configure(&mut self, guid: &str, config: &IpConfig) {
        let text = serde_json::to_string(config).unwrap_or_default();
        self.set(&format!("{INTERFACES}\\{guid}"), "Model", Value::Sz(text));
    }

    /// Steps that were applied in this boot.
    #[must_use]
    pub fn steps_applied(&self) -> usize {
        self.applied
    }

    /// Windows shuts down in order: everything is written.
    pub fn shut_down(&mut self) {
        self.tape.flush_hive();
        self.tape.flush_files();
    }
}

impl Registry for Windows {
    fn value(&self, key: &str, name: &str) -> Option<Value> {
        self.hive.value(key, name)
    }
    fn value_names(&self, key: &str) -> Vec<String> {
        self.hive.value_names(key)
    }
    fn subkeys(&self, key: &str) -> Vec<String> {
        self.hive.subkeys(key)
    }
    fn has_key(&self, key: &str) -> bool {
        let hidden = self.weather.sabotage.no_repair && key.ends_with("StartOverride");
        self.hive.has_key(key) && !hidden
    }
}

impl System for Windows {
    fn os(&self) -> Os {
        let Machine { build, administrator, free, .. } = *self.machine;
        Os { build, x64: true, client: true, administrator, free }
    }

    fn store(&self) -> Vec<StorePackage> {
        self.files
            .packages
            .iter()
            .map(|package| StorePackage {
                published: package.published.clone(),
                driver: package.driver,
                version: package.version.clone(),
                inf: format!(r"C:\Windows\{}\{}.inf", package.folder, package.driver.name()).into(),
            })
            .collect()
    }

    fn presence(&self, instance: &str) -> Option<Presence> {
        let known = |set: &BTreeSet<String>| set.iter().any(|one| one.eq_ignore_ascii_case(instance));
        let controller = self.machine.controller_instance();
        if controller.eq_ignore_ascii_case(instance) {
            return Some(Presence { started: true, problem: 0 });
        }
        known(&self.reported).then(|| Presence {
            started: known(&self.started),
            problem: if known(&self.failed) {
                FAILED_START
            } else if known(&self.started) {
                0
            } else {
                NOT_CONFIGURED
            },
        })
    }

    fn boot_disk(&self) -> BootDisk {
        if self.weather.sabotage.never_in_use { BootDisk::Emulated } else { self.route }
    }

    fn interfaces(&self) -> Vec<Interface> {
        let theirs = rival::has_nic(self);
        let pv = self.mask & unplug::NICS != 0 && !theirs;
        let mut out = Vec::new();
        let mut add = |guid: &str, side: Side, up: bool| {
            let config = self.config(guid);
            out.push(Interface { guid: guid.into(), mac: self.machine.mac.clone(), side, up, config });
        };
        if theirs {
            add(rival::NIC, Side::Emulated, true);
        } else if !pv {
            add(EMULATED_NIC, Side::Emulated, true);
        }
        let nic = self.machine.nic();
        if self.started.contains(&nic) && !self.weather.sabotage.never_in_use {
            add(&format!("{{{nic}}}"), Side::Pv, pv);
        }
        out
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let text = path.to_string_lossy();
        let found = self.machine.folders.iter().find_map(|(folder, release)| {
            let relative = text.strip_prefix(folder.as_str())?.trim_start_matches('\\').replace('\\', "/");
            release.file(&relative)
        });
        found.ok_or_else(|| "the system cannot find the file".into())
    }

    fn file_exists(&self, path: &str) -> bool {
        self.files.images.contains_key(&below_windows(path))
    }

    fn copied_driver(&self, driver: Driver) -> Option<PathBuf> {
        let path = format!("System32\\drivers\\{}.sys", driver.name());
        self.file_exists(&path).then(|| format!("C:\\Windows\\{path}").into())
    }

    fn place(&self) -> Place {
        Place {
            program: self.program.clone(),
            loose: self.program == Path::new(DOWNLOAD),
            refuge: PathBuf::from(REFUGE),
            kept: self.files.programs.contains(&REFUGE.to_ascii_lowercase()),
        }
    }

    fn apply(&mut self, step: &Step) -> Result<Outcome, Failure> {
        self.applied += 1;
        if self.weather.failing_step == Some(self.applied) {
            return Err(Failure { power_cut: self.weather.killed, ..Failure::new("injected") });
        }
        let done = Ok(Outcome::default());
        match step {
            Step::Set { key, name, value } => self.set(key, name, value.clone()),
            Step::Unset { key, name } => self.unset(key, name),
            Step::DeleteKey { key } => {
                self.change_hive(|hive| hive.delete(key));
            }
            Step::MakeVolatile { key } => self.change_hive(|hive| hive.create(key, true)),
            Step::Flush => self.tape.flush_hive(),
            Step::Stage { inf } => {
                let (driver, version) = self
                    .release_of(inf)
                    .ok_or_else(|| Failure::new(format!("{} does not exist", inf.display())))?;
                self.stage(driver, &version).map_err(Failure::new)?;
            }
            Step::Install { inf, force } => return self.install_driver(inf, *force),
            Step::Rescan => self.install_pending(),
            Step::RemoveDevice { instance } => return Ok(self.remove_device(instance)),
            Step::RemovePackage { published } => self.remove_package(published)?,
            Step::DeleteService { name } => self.delete_service(name),
            Step::CreateBootService { program } => {
                let key = format!("{SERVICES}\\{BOOT_SERVICE}");
                let command = xenpv_setup::plan::boot_command(program);
                self.set(&key, "Type", Value::Dword(16));
                self.set(&key, "Start", Value::Dword(2));
                self.set(&key, "ImagePath", Value::ExpandSz(command));
            }
            Step::CopyProgram { to } => {
                let to = to.to_string_lossy().to_ascii_lowercase();
                self.change_files(|files| {
                    files.programs.insert(to.clone());
                    files.doomed.remove(&to);
                });
            }
            Step::DeleteFile { path } => {
                let path = below_windows(&path.to_string_lossy());
                let used = self.files.images.contains_key(&path)
                    || self.program.to_string_lossy().eq_ignore_ascii_case(&path);
                if used {
                    self.change_files(|files| {
                        files.doomed.insert(path);
                    });
                } else if self.files.programs.contains(&path) {
                    self.change_files(|files| {
                        files.programs.remove(&path);
                    });
                }
            }
            Step::Configure { interface, config } => {
                if !self.weather.sabotage.addresses_stay {
                    self.configure(interface, config);
                }
            }
        }
        done
    }

    fn log(&mut self, line: &str) {
        self.log.push(line.to_owned());
    }
}
