//! From power-on to a desktop, or to a stop error.

use std::sync::Arc;

use xenpci::policy::{
    boot as options,
    params::{UNPLUG_DISKS, UNPLUG_NICS},
    unplug::{self, Decision, EmulatedDriver, Proof, Situation, Twin},
};
use xenpv_setup::{
    names::{BOOT_SERVICE, Driver, EMULATED, ENUM, SERVICES},
    registry::{Registry, Value},
    run,
    system::BootDisk,
};

use crate::{
    machine::{Controller, Machine, Weather},
    rival,
    tape::Disk,
    windows::Windows,
};

/// `Start` of a service as the boot loader sees it.
fn effective_start(hive: &impl Registry, service: &str) -> Option<u32> {
    let key = format!("{SERVICES}\\{service}");
    hive.dword(&format!("{key}\\StartOverride"), "0").or_else(|| hive.dword(&key, "Start"))
}

/// Boots a disk.
///
/// # Errors
/// The stop error, or that the same disk would be seen twice.
pub fn boot(disk: &Disk, machine: &Arc<Machine>, weather: Weather) -> Result<Windows, String> {
    let mut hive = (*disk.hive).clone();
    hive.drop_volatile();
    let disk = Disk { hive: Arc::new(hive), files: Arc::clone(&disk.files) };
    let mut windows = Windows::new(Arc::clone(machine), weather, &disk);
    load(&mut windows)?;
    if rival::unplugs(&windows) {
        windows.mask = unplug::IDE_DISKS | unplug::AUX_IDE_DISKS | unplug::NVME_DISKS | unplug::NICS;
    }
    // PCI first: the bus is started before its children are asked for, the adapter before the disks.
    if let Some(bus) = machine.bus() {
        windows.report(bus.clone());
        start_at_boot(&mut windows, &bus);
    }
    let adapter = machine.adapter(weather.sabotage);
    if windows.reported.contains(&adapter) {
        start_at_boot(&mut windows, &adapter);
    }
    windows.route = match boot_volume(&windows) {
        Err(_) if rival::has_disk(&windows) => BootDisk::Other,
        route => route?,
    };
    rival::filters(&windows)?;
    Ok(windows)
}

/// The boot loader: boot-start drivers into memory.
fn load(windows: &mut Windows) -> Result<(), String> {
    for service in windows.hive().subkeys(SERVICES) {
        let key = format!("{SERVICES}\\{service}");
        if windows.hive().dword(&key, "Type") != Some(1)
            || effective_start(windows.hive(), &service) != Some(0)
        {
            continue;
        }
        if EMULATED.iter().any(|name| name.eq_ignore_ascii_case(&service)) {
            windows.loaded.insert(service, "inbox".into());
            continue;
        }
        match windows.image(&service) {
            Some(version) => {
                windows.loaded.insert(service, version);
            }
            None if windows.hive().dword(&key, "ErrorControl").unwrap_or(0) >= 3 => {
                return Err(format!("the boot loader stops: {service} is critical and its file is missing"));
            }
            None => {}
        }
    }
    Ok(())
}

/// A device whose driver is in memory is started; the kernel may bind it first.
fn start_at_boot(windows: &mut Windows, instance: &str) {
    let Some(driver) = Driver::of_instance(instance) else { return };
    if windows.bound(instance).is_none() && windows.weather.kernel_configures {
        // Only what the boot loader has loaded can be used: the volume is not there yet.
        let version = windows.loaded.get(driver.name()).cloned();
        let package = windows
            .files()
            .packages
            .iter()
            .find(|package| package.driver == driver && Some(&package.version) == version.as_ref())
            .cloned();
        if let Some(package) = package {
            windows.bind(instance, &package);
        }
    }
    windows.start(instance, false);
}

/// xenpci's decision: its policy code with the facts that `xenpci::platform::unplug` would find.
pub(crate) fn decide(windows: &Windows, late: bool) -> Decision {
    let (hive, machine, weather) = (windows.hive(), &windows.machine, windows.weather);
    let parameters = format!("{SERVICES}\\xenpvpci\\Parameters");
    let control = r"SYSTEM\CurrentControlSet\Control";
    let boot = options::parse(&hive.text(control, "SystemStartOptions").unwrap_or_default());
    let (host_disks, host_nics) = unplug::parse_host_key(machine.host_key);
    let on = |setting: xenpci::policy::params::Setting| {
        setting.resolve(hive.dword(&parameters, setting.name)).0 != 0
    };
    let adapter = format!("{ENUM}\\{}", machine.adapter(weather.sabotage));
    let configured = if weather.sabotage.instance_by_parent {
        // Without a constant ID xenpci cannot know which key will count: any will do.
        hive.subkeys(&format!(r"{ENUM}\XENPV\VBD&SUBSYS_58535250")).iter().any(|instance| {
            let key = format!(r"{ENUM}\XENPV\VBD&SUBSYS_58535250\{instance}");
            unplug::is_configured(
                "xenpvvbd",
                hive.text(&key, "Service").as_deref(),
                hive.dword(&key, "ConfigFlags"),
            )
        })
    } else {
        unplug::is_configured(
            "xenpvvbd",
            hive.text(&adapter, "Service").as_deref(),
            hive.dword(&adapter, "ConfigFlags"),
        )
    };
    let emulated = EMULATED.iter().map(|name| EmulatedDriver {
        bound: is_bound(hive, name),
        demoted: effective_start(hive, name).is_some_and(|start| start > 0),
        loaded: windows.loaded.keys().any(|one| one.eq_ignore_ascii_case(name)),
    });
    let demoted = unplug::emulated_demoted(emulated);
    let situation = Situation {
        protocol: true,
        blacklisted: false,
        safe_mode: weather.safe_mode || boot.safe_mode,
        setup: boot.mini_nt || hive.dword(r"SYSTEM\Setup", "SystemSetupInProgress") == Some(1),
        load_option: boot.no_unplug,
        host_disks,
        host_nics,
        setting_disks: on(UNPLUG_DISKS),
        setting_nics: on(UNPLUG_NICS),
        vbd_driver: windows.loaded.contains_key("xenpvvbd"),
        adapter_configured: configured || weather.sabotage.adapter_unchecked,
        vbd_started_before: weather.sabotage.image_unchecked
            || hive.text(&parameters, "StartedDisk").as_ref() == windows.loaded.get("xenpvvbd"),
        emulated_demoted: demoted && !weather.sabotage.stubborn,
        vif_driver: hive.dword(&format!("{SERVICES}\\xenpvnet"), "Start").is_some_and(|start| start < 4),
        disk_in_use: late && windows.route == BootDisk::Emulated,
        nic_in_use: false,
    };
    let permission = unplug::permission(&situation);
    let good = machine.back_ends || weather.sabotage.unproven_disk;
    let disks: Vec<Proof> = machine
        .vbds
        .iter()
        .map(|id| Proof { id: *id, proven: good || unplug::twin(*id) == Twin::None })
        .collect();
    let nics = [Proof { id: 0, proven: good }];
    unplug::decide(permission, &disks, &nics)
}

/// Whether a device instance on the buses of emulated controllers is bound to a service.
fn is_bound(hive: &impl Registry, service: &str) -> bool {
    ["PCI", "PCIIDE"].iter().any(|bus| {
        let bus = format!("{ENUM}\\{bus}");
        hive.subkeys(&bus).iter().any(|device| {
            let device = format!("{bus}\\{device}");
            hive.subkeys(&device).iter().any(|instance| {
                let bound = hive.text(&format!("{device}\\{instance}"), "Service");
                bound.is_some_and(|bound| bound.eq_ignore_ascii_case(service))
            })
        })
    })
}

/// What Windows sees of the disks.
fn boot_volume(windows: &Windows) -> Result<BootDisk, String> {
    let machine = &windows.machine;
    let adapter = windows.started.contains(&machine.adapter(windows.weather.sabotage));
    let driver = machine
        .controller
        .services()
        .iter()
        .all(|name| windows.loaded.keys().any(|one| one.eq_ignore_ascii_case(name)));
    let mut seen = [false, false];
    for (index, id) in machine.vbds.iter().enumerate() {
        let emulated = driver && is_emulated(machine.controller, *id, windows.mask);
        let shown = unplug::may_show_disk(*id, windows.mask) || windows.weather.sabotage.twins_shown;
        let pv = adapter && machine.back_ends && shown;
        if emulated && pv {
            return Err(format!("disk {id} is seen twice: two writers of one file system"));
        }
        if index == 0 {
            seen = [emulated, pv];
        }
    }
    match seen {
        [true, _] => Ok(BootDisk::Emulated),
        [_, true] => Ok(BootDisk::Pv),
        _ => Err(format!(
            "stop 0x7B: unplugged {:#x}, emulated driver {driver}, adapter {adapter}, loaded {:?}, veto {:?}",
            windows.mask, windows.loaded, windows.veto
        )),
    }
}

/// Whether the device model still has the twin of a virtual device.
fn is_emulated(controller: Controller, id: u32, mask: u16) -> bool {
    let gone = match (unplug::twin(id), controller) {
        (Twin::None, _) => return false,
        (_, Controller::Nvme) => unplug::NVME_DISKS,
        (Twin::Primary, _) => unplug::IDE_DISKS,
        (Twin::Other, _) => unplug::IDE_DISKS | unplug::AUX_IDE_DISKS,
    };
    mask & gone == 0
}

/// User mode: demotion, pending installations, and the boot service.
pub fn log_on(windows: &mut Windows) {
    // Session manager and service control manager first.
    for path in windows.files().doomed.clone() {
        windows.change_files(|files| {
            files.programs.remove(&path);
            files.images.remove(&path);
            files.doomed.remove(&path);
        });
    }
    for service in windows.hive().subkeys(SERVICES) {
        let key = format!("{SERVICES}\\{service}");
        if windows.hive().dword(&key, "DeleteFlag") == Some(1) && !windows.loaded.contains_key(&service) {
            windows.change_hive(|hive| hive.delete(&key));
        }
    }
    if windows.weather.demotes {
        demote(windows);
    }
    if windows.weather.safe_mode {
        return;
    }
    windows.install_pending();
    let key = format!("{SERVICES}\\{BOOT_SERVICE}");
    let command = windows.hive().text(&key, "ImagePath");
    let enabled = windows.hive().dword(&key, "Start") == Some(2);
    let program = command.and_then(|command| command.split('"').nth(1).map(str::to_owned));
    if let Some(program) =
        program.filter(|path| enabled && windows.files().programs.contains(&path.to_ascii_lowercase()))
    {
        windows.program = program.into();
        if let Err(failure) = run::boot(windows) {
            windows.log.push(format!("boot service: {failure}"));
        }
        windows.program = windows.machine.program.into();
    }
}

/// The boot service's last look, and an orderly shutdown.
pub fn shut_down(windows: &mut Windows) {
    let key = format!("{SERVICES}\\{BOOT_SERVICE}");
    if windows.hive().dword(&key, "Start") == Some(2)
        && !windows.weather.safe_mode
        && let Err(failure) = run::shutdown(windows)
    {
        windows.log.push(format!("shutdown: {failure}"));
    }
    windows.shut_down();
}

fn demote(windows: &mut Windows) {
    let disks =
        windows.machine.vbds.iter().any(|id| is_emulated(windows.machine.controller, *id, windows.mask));
    let adapter = windows.started.contains(&windows.machine.adapter(windows.weather.sabotage));
    for service in windows.loaded.keys().cloned().collect::<Vec<_>>() {
        let emulated = EMULATED.iter().any(|name| name.eq_ignore_ascii_case(&service));
        let bound =
            windows.machine.controller.services().iter().any(|name| name.eq_ignore_ascii_case(&service));
        let unused = if emulated { !(bound && disks) } else { service == "xenpvvbd" && !adapter };
        if unused {
            windows.set(&format!("{SERVICES}\\{service}\\StartOverride"), "0", Value::Dword(3));
        }
    }
}

/// A disk with a freshly installed Windows that has only seen the emulated disks.
#[must_use]
pub fn fresh(machine: &Machine) -> Disk {
    let mut hive = crate::hive::Hive::default();
    hive.set_text(r"SYSTEM\CurrentControlSet\Control", "SystemStartOptions", " NOEXECUTE=OPTIN");
    hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", 0);
    hive.set_dword(r"SYSTEM\Select", "Current", 1);
    for service in EMULATED {
        let key = format!("{SERVICES}\\{service}");
        hive.set_dword(&key, "Type", 1);
        hive.set_dword(&key, "Start", 0);
        hive.set_dword(&key, "ErrorControl", 3);
        if !machine.controller.services().contains(&service) {
            hive.set_dword(&format!("{key}\\StartOverride"), "0", 3);
        }
    }
    let controller = format!("{ENUM}\\{}", machine.controller_instance());
    hive.set_text(&controller, "Service", machine.controller.service());
    hive.set_dword(&controller, "ConfigFlags", 0);
    if machine.controller == Controller::Ide {
        let channel = format!(r"{ENUM}\PCIIDE\IDECHANNEL\4&1&0&0");
        hive.set_text(&channel, "Service", "atapi");
    }
    let mut files = crate::files::Files::default();
    files.programs.insert(machine.program.to_ascii_lowercase());
    Disk { hive: Arc::new(hive), files: Arc::new(files) }
}
