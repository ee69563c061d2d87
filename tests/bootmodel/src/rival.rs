//! Another vendor's drivers, as the Xen Project's do it: the bus driver's file unplugs when it is loaded, whatever
//! becomes of its devices; a filter sits on the class of the controllers.

use std::sync::Arc;

use xenpci::policy::unplug;
use xenpv_setup::{
    names::{CLASS, Driver, ENUM, SERVICES},
    registry::{Registry, Value},
    system::BootDisk,
};

use crate::{
    files::Image,
    machine::Machine,
    tape::Disk,
    windows::{EMULATED_NIC, INTERFACES, Windows},
};

/// Its services.
pub const SERVICES_OF_ITS: [&str; 3] = ["xenbus", "xenfilt", "xenvbd"];
/// Its version, above ours.
const VERSION: &str = "9.1.0.0";
const UNPLUG: &str = r"SYSTEM\CurrentControlSet\Services\xen\Unplug";
const CONTROLLERS: &str = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e96a-e325-11ce-bfc1-08002be10318}";

/// Its NIC's interface.
pub const NIC: &str = "{0EEEEEEE-0000-0000-0000-000000000001}";

fn image(service: &str) -> String {
    format!(r"system32\drivers\{service}.sys")
}

/// A guest on which it is installed; `armed`: from the next boot on it unplugs, and serves the disk.
#[must_use]
pub fn on(disk: &Disk, machine: &Machine, armed: bool) -> Disk {
    let (mut hive, mut files) = ((*disk.hive).clone(), (*disk.files).clone());
    for service in SERVICES_OF_ITS {
        let key = format!("{SERVICES}\\{service}");
        for (name, number) in [("Type", 1), ("Start", 0), ("ErrorControl", 1)] {
            hive.set_dword(&key, name, number);
        }
        hive.set_text(&key, "ImagePath", &format!(r"System32\drivers\{service}.sys"));
        files.images.insert(image(service), Image { driver: Driver::Pci, version: VERSION.into() });
    }
    hive.set_dword(UNPLUG, "DISKS", u32::from(armed));
    hive.set(CONTROLLERS, "UpperFilters", Value::MultiSz(vec!["other".into(), "XENFILT".into()]));
    let bus = format!("{ENUM}\\{}", machine.bus().unwrap_or_default());
    let class = r"{4d36e97d-e325-11ce-bfc1-08002be10318}\0000";
    hive.set_text(&bus, "Service", "xenbus");
    hive.set_text(&bus, "Driver", class);
    hive.set_dword(&bus, "ConfigFlags", 0);
    hive.set_text(&format!("{CLASS}\\{class}"), "DriverVersion", VERSION);
    // Its NIC has the addresses of the emulated one.
    let addresses = hive.text(&format!(r"{INTERFACES}\{EMULATED_NIC}"), "Model").unwrap_or_default();
    hive.set_text(&format!(r"{INTERFACES}\{NIC}"), "Model", &addresses);
    Disk { hive: Arc::new(hive), files: Arc::new(files) }
}

fn loaded(windows: &Windows, service: &str) -> bool {
    windows.loaded.contains_key(service)
}

/// Whether its bus driver unplugs as it is loaded.
pub(crate) fn unplugs(windows: &Windows) -> bool {
    loaded(windows, "xenbus") && windows.hive().dword(UNPLUG, "DISKS").unwrap_or(0) != 0
}

/// Whether Windows reaches its disk by it.
pub(crate) fn has_disk(windows: &Windows) -> bool {
    let bus = windows.machine.bus().and_then(|bus| windows.bound(&bus));
    let bound = bus.as_deref() == Some("xenbus") && loaded(windows, "xenbus") && loaded(windows, "xenvbd");
    bound && windows.machine.back_ends && windows.mask & unplug::IDE_DISKS != 0
}

/// Whether its NIC carries the traffic of this boot.
pub(crate) fn has_nic(windows: &Windows) -> bool {
    windows.route == BootDisk::Other
}

/// A class whose filter is not loaded has no devices: here that of the disk controllers.
pub(crate) fn filters(windows: &Windows) -> Result<(), String> {
    let filtered = windows.hive().list(CONTROLLERS, "UpperFilters").iter().any(|name| name == "XENFILT");
    if filtered && !loaded(windows, "xenfilt") {
        return Err("stop 0x7B: the controllers' class has a filter that is not loaded".into());
    }
    Ok(())
}
