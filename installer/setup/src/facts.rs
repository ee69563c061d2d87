//! What is known about a system, gathered at one moment. Everything that decides works on this alone.

use crate::{
    names::{self, BOOT_SERVICE, Driver, EMULATED, ENUM, OTHERS, RESTART_DUE, SERVICES, UNPLUG},
    net::{Interface, Side},
    registry::Registry,
    state::State,
    system::{BootDisk, Os, Presence, StorePackage, System},
};

/// A kernel service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// `Start`.
    pub start: Option<u32>,
    /// It has a `StartOverride`: Windows has demoted it.
    pub demoted: bool,
    /// `ImagePath`.
    pub image: Option<String>,
    /// It is marked for deletion at the next boot.
    pub doomed: bool,
    /// Its file is not there. Not looked at in an offline system, nor for drivers of Windows' own.
    pub missing: bool,
}

/// A class that another vendor has hung a filter on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The class key.
    pub key: String,
    /// `UpperFilters` or `LowerFilters`.
    pub list: &'static str,
    /// Theirs.
    pub theirs: Vec<String>,
    /// The whole list.
    pub all: Vec<String>,
}

impl Filter {
    /// GUID of the class.
    #[must_use]
    pub fn class(&self) -> &str {
        self.key.rsplit('\\').next().unwrap_or_default()
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.list, self.theirs.join(", "))
    }
}

/// A device instance, present or remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Instance ID.
    pub instance: String,
    /// Which driver of ours serves it; none for an emulated disk controller.
    pub driver: Option<Driver>,
    /// The service that Windows has bound.
    pub service: Option<String>,
    /// Nothing is left to configure.
    pub configured: bool,
    /// Published name of the INF file in use.
    pub inf: Option<String>,
    /// Driver version in use.
    pub version: Option<String>,
    /// Whether it is here now; none for a remembered one, and always none for an offline system.
    pub presence: Option<Presence>,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a list of independent facts")]
pub struct Facts {
    /// Facts of the running system; none when it is offline.
    pub os: Option<Os>,
    /// Safe Mode.
    pub safe_mode: bool,
    /// Windows PE.
    pub mini_nt: bool,
    /// Windows Setup runs, or sysprep's first start.
    pub setup: bool,
    /// UEFI Secure Boot.
    pub secure_boot: bool,
    /// Test signing is on.
    pub test_signing: bool,
    /// Windows waits for a restart because of something else.
    pub servicing: bool,
    /// Drivers of ours were changed in this boot.
    pub restart_due: bool,
    /// Command line of the boot service, if it would run.
    pub boot_service: Option<String>,
    /// Our services that exist.
    pub services: Vec<Service>,
    /// Windows' own drivers for emulated disk controllers that exist.
    pub emulated: Vec<Service>,
    /// Emulated disk controllers.
    pub controllers: Vec<Device>,
    /// Our devices.
    pub devices: Vec<Device>,
    /// Our packages in the driver store.
    pub store: Vec<StorePackage>,
    /// Other vendors' Xen drivers that are enabled.
    pub others: Vec<Service>,
    /// What is left of other vendors' drivers: services without file.
    pub leftovers: Vec<String>,
    /// Other vendors' class filters: one that cannot be loaded stops every device of its class.
    pub filters: Vec<Filter>,
    /// Drivers that were copied to `System32\drivers`.
    pub copies: Vec<std::path::PathBuf>,
    /// The unplug settings.
    pub unplug: [Option<u32>; 2],
    /// What Windows runs from; none when offline.
    pub boot_disk: Option<BootDisk>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// Our memory.
    pub state: State,
}

/// `CONFIGFLAG_DISABLED | CONFIGFLAG_REINSTALL | CONFIGFLAG_FAILEDINSTALL` (regstr.h).
const UNCONFIGURED: u32 = 0x1 | 0x20 | 0x40;

/// Class keys that other vendors hang filters on: system devices, IDE and SCSI controllers, disks, NICs.
const FILTERED: [&str; 5] = [
    "{4d36e97d-e325-11ce-bfc1-08002be10318}",
    "{4d36e96a-e325-11ce-bfc1-08002be10318}",
    "{4d36e97b-e325-11ce-bfc1-08002be10318}",
    "{4d36e967-e325-11ce-bfc1-08002be10318}",
    "{4d36e972-e325-11ce-bfc1-08002be10318}",
];

impl Facts {
    /// Looks at the running system.
    #[must_use]
    pub fn gather(system: &(impl System + ?Sized)) -> Self {
        let mut facts = Self::registry(system);
        facts.os = Some(system.os());
        facts.store = system.store();
        facts.copies = Driver::ALL.iter().filter_map(|driver| system.copied_driver(*driver)).collect();
        facts.boot_disk = Some(system.boot_disk());
        facts.interfaces = system.interfaces();
        for device in facts.devices.iter_mut().chain(&mut facts.controllers) {
            device.presence = system.presence(&device.instance);
        }
        for service in &mut facts.services {
            service.missing = service.image.as_deref().is_some_and(|image| !system.file_exists(image));
        }
        // A service whose file is gone is a remainder, not a driver.
        let (live, dead): (Vec<Service>, Vec<Service>) = facts.others.drain(..).partition(|other| {
            let usual = || format!(r"System32\drivers\{}.sys", other.name);
            system.file_exists(&other.image.clone().unwrap_or_else(usual))
        });
        facts.others = live;
        facts.leftovers = dead.into_iter().map(|other| other.name).collect();
        facts
    }

    /// What the registry alone says: enough for an offline system.
    #[must_use]
    pub fn registry(registry: &(impl Registry + ?Sized)) -> Self {
        let control = format!(r"{}\Control", names::CONTROL_SET);
        let options = registry.text(&control, "SystemStartOptions").unwrap_or_default().to_ascii_uppercase();
        let windows = r"SOFTWARE\Microsoft\Windows\CurrentVersion";
        Self {
            os: None,
            safe_mode: registry.dword(&format!(r"{control}\SafeBoot\Option"), "OptionValue").unwrap_or(0)
                != 0,
            mini_nt: registry.has_key(&format!(r"{control}\MiniNT")),
            setup: registry.dword(r"SYSTEM\Setup", "SystemSetupInProgress").unwrap_or(0) != 0,
            secure_boot: registry.dword(&format!(r"{control}\SecureBoot\State"), "UEFISecureBootEnabled")
                == Some(1),
            test_signing: options
                .split_whitespace()
                .any(|word| word.trim_start_matches('/') == "TESTSIGNING"),
            servicing: registry.has_key(&format!(r"{windows}\Component Based Servicing\RebootPending"))
                || registry.has_key(&format!(r"{windows}\WindowsUpdate\Auto Update\RebootRequired")),
            restart_due: registry.has_key(RESTART_DUE),
            boot_service: service(registry, BOOT_SERVICE)
                .filter(|service| !service.doomed && service.start == Some(2))
                .and_then(|service| service.image),
            services: Driver::ALL.iter().filter_map(|driver| service(registry, driver.name())).collect(),
            emulated: EMULATED.iter().filter_map(|name| service(registry, name)).collect(),
            controllers: devices(registry, &["PCI", "PCIIDE"], |_, service| {
                service.is_some_and(|name| EMULATED.iter().any(|known| known.eq_ignore_ascii_case(name)))
            }),
            devices: devices(registry, &["PCI", "XENPV"], |driver, _| driver.is_some()),
            store: Vec::new(),
            others: OTHERS
                .iter()
                .filter_map(|name| service(registry, name))
                .filter(|service| service.start.is_some_and(|start| start < 4))
                .collect(),
            leftovers: Vec::new(),
            filters: filters(registry),
            copies: Vec::new(),
            unplug: UNPLUG.map(|name| registry.dword(names::BUS_PARAMETERS, name)),
            boot_disk: None,
            interfaces: Vec::new(),
            state: State::read(registry),
        }
    }

    /// The devices of a driver.
    pub fn devices_of(&self, driver: Driver) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.driver == Some(driver))
    }

    /// The names of other vendors' drivers.
    #[must_use]
    pub fn other_names(&self) -> String {
        self.others.iter().map(|other| other.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// A service of ours.
    #[must_use]
    pub fn service(&self, driver: Driver) -> Option<&Service> {
        self.services.iter().find(|service| service.name == driver.name())
    }

    /// Disks or NICs of ours carry what runs now, so that they cannot be taken away.
    #[must_use]
    pub fn pv_in_use(&self) -> bool {
        self.boot_disk == Some(BootDisk::Pv)
            || self.interfaces.iter().any(|nic| nic.side == Side::Pv && nic.up)
    }

    /// The package of a driver and version in the driver store.
    #[must_use]
    pub fn stored(&self, driver: Driver, version: &str) -> Option<&StorePackage> {
        self.store.iter().find(|package| package.driver == driver && package.version == version)
    }

    /// The version that is installed: that of the bus, as far as it is bound.
    #[must_use]
    pub fn installed(&self) -> Option<&str> {
        self.devices_of(Driver::Pci).find_map(|device| device.version.as_deref())
    }
}

fn service(registry: &(impl Registry + ?Sized), name: &str) -> Option<Service> {
    let key = format!("{SERVICES}\\{name}");
    registry.has_key(&key).then(|| Service {
        name: name.to_owned(),
        start: registry.dword(&key, "Start"),
        demoted: registry.has_key(&format!("{key}\\StartOverride")),
        image: registry.text(&key, "ImagePath"),
        doomed: registry.dword(&key, "DeleteFlag").unwrap_or(0) != 0,
        missing: false,
    })
}

fn devices(
    registry: &(impl Registry + ?Sized),
    buses: &[&str],
    wanted: impl Fn(Option<Driver>, Option<&str>) -> bool,
) -> Vec<Device> {
    let mut out = Vec::new();
    for bus in buses {
        for id in registry.subkeys(&format!("{ENUM}\\{bus}")) {
            let driver = Driver::of_instance(&format!("{bus}\\{id}"));
            for instance in registry.subkeys(&format!("{ENUM}\\{bus}\\{id}")) {
                let instance = format!("{bus}\\{id}\\{instance}");
                let key = format!("{ENUM}\\{instance}");
                let service = registry.text(&key, "Service").filter(|name| !name.is_empty());
                if !wanted(driver, service.as_deref()) {
                    continue;
                }
                let flags = registry.dword(&key, "ConfigFlags").unwrap_or(0);
                let class = registry.text(&key, "Driver").map(|path| format!("{}\\{path}", names::CLASS));
                let of_class = |name: &str| class.as_ref().and_then(|key| registry.text(key, name));
                out.push(Device {
                    driver,
                    configured: service.is_some() && flags & UNCONFIGURED == 0,
                    service,
                    inf: of_class("InfPath"),
                    version: of_class("DriverVersion"),
                    presence: None,
                    instance,
                });
            }
        }
    }
    out
}

fn filters(registry: &(impl Registry + ?Sized)) -> Vec<Filter> {
    let mut out = Vec::new();
    for class in FILTERED {
        for list in ["UpperFilters", "LowerFilters"] {
            let key = format!("{}\\{class}", names::CLASS);
            let all = registry.list(&key, list);
            let theirs: Vec<String> = all.iter().filter(|name| names::is_others(name)).cloned().collect();
            if !theirs.is_empty() {
                out.push(Filter { key, list, theirs, all });
            }
        }
    }
    out
}
