//! Explains the state of a system: what is wrong, what it leads to, and what to do.

use serde::Serialize;

use crate::{
    facts::{Device, Facts},
    names::Driver,
    state::Wanted,
    system::BootDisk,
};

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Something does not work as it could.
    Warning,
    /// Windows may not start, or a device does not work.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub level: Level,
    /// Short name, for scripts.
    pub code: &'static str,
    /// What was found.
    pub text: String,
    /// What to do; empty when nothing has to be done.
    pub remedy: String,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst level.
    pub level: Level,
    /// Version that is wanted.
    pub version: Option<String>,
    /// `pv`, `emulated`, or absent for an offline system.
    pub boot_disk: Option<&'static str>,
    /// All findings.
    pub findings: Vec<Finding>,
}

/// `CM_PROB_NEED_RESTART` (cfg.h).
const NEED_RESTART: u32 = 14;

struct Judge {
    findings: Vec<Finding>,
}

impl Judge {
    fn add(&mut self, level: Level, code: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding { level, code, text: text.into(), remedy: remedy.into() });
    }
}

/// Judges the facts.
#[must_use]
pub fn judge(facts: &Facts) -> Report {
    let mut judge = Judge { findings: Vec::new() };
    wanted(facts, &mut judge);
    boot_drivers(facts, &mut judge);
    bindings(facts, &mut judge);
    others(facts, &mut judge);
    let findings = judge.findings;
    Report {
        level: findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Good),
        version: facts.state.version.clone(),
        boot_disk: facts.boot_disk.map(|disk| match disk {
            BootDisk::Pv => "pv",
            BootDisk::Emulated => "emulated",
            BootDisk::Other => "another vendor's",
        }),
        findings,
    }
}

fn wanted(facts: &Facts, judge: &mut Judge) {
    let version = facts.state.version.as_deref().unwrap_or("?");
    match facts.state.wanted {
        None if facts.devices.iter().all(|device| device.service.is_none()) => {
            judge.add(Level::Note, "not-installed", "the Xen PV drivers are not installed", "");
        }
        None => judge.add(
            Level::Note,
            "by-hand",
            "the drivers were installed without this program (DISM, pnputil or Windows Setup)",
            "`xenpv-setup install` takes them over",
        ),
        Some(Wanted::Installed) if facts.restart_due => {
            judge.add(
                Level::Warning,
                "restart-due",
                format!("version {version} waits for a restart"),
                "restart Windows",
            );
        }
        Some(Wanted::Installed) if facts.state.booted.as_deref() != Some(version) && facts.os.is_some() => {
            judge.add(
                Level::Warning,
                "not-booted",
                format!("version {version} is installed but has not completed a boot yet"),
                "restart Windows",
            )
        }
        Some(Wanted::Installed) => {
            judge.add(Level::Good, "installed", format!("version {version} is installed"), "")
        }
        Some(Wanted::Removed) => judge.add(
            Level::Warning,
            "removal",
            "the drivers are being removed; the emulated devices come back with the next restart",
            "restart Windows",
        ),
    }
    if facts.state.wanted.is_some() && facts.boot_service.is_none() {
        judge.add(
            Level::Warning,
            "no-boot-service",
            "the boot service is missing: what Windows demotes is not repaired",
            "`xenpv-setup repair`",
        );
    }
    if facts.unplug.contains(&Some(0)) && facts.state.wanted == Some(Wanted::Installed) {
        judge.add(
            Level::Note,
            "disarmed",
            "settings keep emulated disks or NICs plugged (UnplugDisks or UnplugNics is 0)",
            "set them to 1 under Services\\xenpvpci\\Parameters for PV speed",
        );
    }
}

/// Whether the boot disk is reachable by both ways.
fn boot_drivers(facts: &Facts, judge: &mut Judge) {
    for service in &facts.emulated {
        let used = facts.controllers.iter().any(|device| {
            device.service.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&service.name))
        });
        if !used {
            continue;
        }
        if service.demoted || service.start.is_some_and(|start| start != 0) {
            judge.add(
                Level::Error,
                "emulated-demoted",
                format!("{} is not loaded at boot: Windows cannot start from the emulated disk", service.name),
                "`xenpv-setup repair`; offline: delete the key StartOverride below the service and set Start to 0",
            );
        }
    }
    for service in &facts.services {
        let boot = service.name != Driver::Net.name();
        if service.demoted && boot {
            judge.add(
                Level::Warning,
                "own-demoted",
                format!(
                    "{} was demoted by Windows and is not loaded at boot: disks stay emulated",
                    service.name
                ),
                "`xenpv-setup repair`",
            );
        }
        if service.start == Some(4) {
            judge.add(
                Level::Warning,
                "disabled",
                format!("{} is disabled", service.name),
                "`xenpv-setup repair`",
            );
        }
        if service.missing {
            let text = format!("the file of {} is gone", service.name);
            judge.add(Level::Error, "file-missing", text, "`xenpv-setup repair`");
        }
        if service.doomed {
            judge.add(
                Level::Note,
                "doomed",
                format!("{} goes with the next restart", service.name),
                "restart Windows",
            );
        }
    }
}

fn bindings(facts: &Facts, judge: &mut Judge) {
    let live = facts.os.is_some();
    let ghosts = |device: &&Device| live && device.presence.is_none();
    for device in facts.devices.iter().filter(|device| !ghosts(device)) {
        let problem = device.presence.map_or(0, |presence| presence.problem);
        if !device.configured {
            // Nothing is wrong with a device that nobody has installed a driver for.
            if facts.state.wanted == Some(Wanted::Installed) {
                let text = format!("{} has no driver", device.instance);
                judge.add(Level::Warning, "device-unconfigured", text, "`xenpv-setup repair`");
            }
        } else if problem == NEED_RESTART {
            let text = format!("{} waits for a restart", device.instance);
            judge.add(Level::Warning, "device-restart", text, "restart Windows");
        } else if problem != 0 {
            judge.add(
                Level::Error,
                "device-problem",
                format!("{} has problem code {problem}", device.instance),
                "look into the event log (source xenpvpci), then `xenpv-setup repair`",
            );
        }
        if let (Some(there), Some(version)) = (&device.version, &facts.state.version)
            && there != version
        {
            judge.add(
                Level::Warning,
                "version",
                format!("{} runs version {there}, {version} is wanted", device.instance),
                "restart Windows, then `xenpv-setup repair`",
            );
        }
    }
    if live && facts.devices_of(Driver::Pci).all(|device| device.presence.is_none()) {
        judge.add(
            Level::Note,
            "no-platform-device",
            "there is no Xen platform PCI device (5853:0001): not a Xen HVM guest, or the host hides it",
            "set xen_platform_pci=1 in the guest's configuration",
        );
    }
}

fn others(facts: &Facts, judge: &mut Judge) {
    if !facts.others.is_empty() {
        judge.add(
            Level::Error,
            "other-vendor",
            format!("another vendor's Xen drivers are enabled: {}", facts.other_names()),
            "remove one of the two",
        );
    }
    for left in &facts.leftovers {
        let text = format!("left of another vendor's Xen drivers: the service {left}");
        judge.add(Level::Note, "leftover", text, "");
    }
    for filter in &facts.filters {
        judge.add(
            Level::Error,
            "other-vendor-filter",
            format!(
                "another vendor's Xen driver is hooked into the device class {}: {filter}",
                filter.class()
            ),
            "remove it with its vendor's clean-up program",
        );
    }
}
