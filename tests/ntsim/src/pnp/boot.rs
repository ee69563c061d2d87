//! The phases of a boot as drivers see them.
//!
//! 1. Boot-start drivers are loaded in the order of groups and tags; the tree is enumerated; devices whose drivers are
//!    boot-start drivers and that were configured in an earlier boot start. The registry takes changes in memory only.
//! 2. The boot volume is up: the registry can be written, reinitialization routines run, system-start drivers load, all
//!    other devices start.
//! 3. User mode is up: devices that no boot has configured are installed from the driver store; at the end unused boot
//!    storage drivers are demoted (StartOverride).

use super::{
    bus, event, manager,
    node::{self, NodeId, NodeState},
    service, state, with,
};
use crate::cm::{self, tree::Writes};
use crate::io;
use alloc::{format, string::String, vec::Vec};

/// How far the boot has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not begun.
    #[default]
    None,
    /// Boot-start drivers; the registry cannot be written.
    Boot,
    /// The boot volume is up, user mode is.
    Running,
}

/// Load order groups, in the order of Windows, as far as kernel drivers of our kinds are concerned.
const GROUPS: [&str; 26] = [
    "System Reserved",
    "EMS",
    "WdfLoadGroup",
    "Boot Bus Extender",
    "System Bus Extender",
    "SCSI miniport",
    "Port",
    "Primary Disk",
    "SCSI Class",
    "SCSI CDROM Class",
    "FSFilter Infrastructure",
    "FSFilter System",
    "FSFilter Bottom",
    "Filter",
    "Boot File System",
    "Base",
    "Pointer Port",
    "Keyboard Port",
    "Pointer Class",
    "Keyboard Class",
    "Video Init",
    "Video",
    "NDIS",
    "PNP_TDI",
    "NetBIOSGroup",
    "Extended Base",
];

/// Gives an empty registry the entries that every installed system has. Called by [`begin`] when they are missing.
pub fn prepare_registry() {
    let groups = format!("{}\\Control\\ServiceGroupOrder", cm::CONTROL_SET);
    if cm::get(&groups, "List").is_some() {
        return;
    }
    cm::set_multi_sz(&groups, "List", &GROUPS);
    let version = "\\Registry\\Machine\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
    let build = crate::kernel().config.build;
    cm::set_sz(version, "CurrentBuildNumber", &format!("{build}"));
    cm::set_dword(version, "CurrentMajorVersionNumber", 10, false);
    cm::set_dword(version, "CurrentMinorVersionNumber", 0, false);
    cm::set_sz(&format!("{}\\Control", cm::CONTROL_SET), "SystemStartOptions", " NOEXECUTE=OPTOUT");
    cm::set_dword(&format!("{}\\Control\\TimeZoneInformation", cm::CONTROL_SET), "ActiveTimeBias", 0, false);
    // What an installed system has is on its disk.
    let tree = &mut *cm::registry().tree.lock();
    let writes = core::mem::replace(&mut tree.writes, Writes::Disk);
    let root = tree.open(None, "\\Registry\\Machine\\SYSTEM");
    if let Ok(id) = root {
        let _ = tree.flush(id);
    }
    if let Ok(id) = tree.open(None, "\\Registry\\Machine\\SOFTWARE") {
        let _ = tree.flush(id);
    }
    tree.writes = writes;
}

/// Phase 1. PASSIVE_LEVEL, on a system thread.
pub fn begin() {
    prepare_registry();
    cm::registry().tree.lock().writes = Writes::Boot;
    *state().phase.lock() = Phase::Boot;
    match crate::kernel().config.safe_boot {
        0 => {}
        mode => {
            let option = format!("{}\\Control\\SafeBoot\\Option", cm::CONTROL_SET);
            cm::set_dword(&option, "OptionValue", mode, true);
        }
    }
    for entry in service::in_order(0) {
        if unsafe { service::load(&entry.name) }.is_err() && entry.error >= 3 {
            event(format!("{}: critical boot driver failed", entry.name));
        }
    }
    manager::exclusively(|| unsafe { bus::start_root() });
    let services = io::state().drivers.lock().services();
    for name in services {
        let object = io::state().drivers.lock().find(&name);
        if let Some(object) = object {
            unsafe { io::driver::reinitialize(object, false) };
        }
    }
    event("boot-start drivers are up".into());
}

/// Phases 2 and 3.
pub fn finish() {
    cm::registry().tree.lock().writes = Writes::Disk;
    *state().phase.lock() = Phase::Running;
    event("boot volume is up".into());
    let services = io::state().drivers.lock().services();
    for name in services {
        let object = io::state().drivers.lock().find(&name);
        if let Some(object) = object {
            unsafe {
                io::driver::reinitialize(object, true);
                io::driver::reinitialize(object, false);
            }
        }
    }
    for entry in service::in_order(1) {
        let _ = unsafe { service::load(&entry.name) };
    }
    install_pending();
}

/// Begins and finishes a boot.
pub fn run() {
    begin();
    finish();
}

/// Devices that have not been configured, or wait for a driver, are tried (again).
pub fn install_pending() {
    manager::exclusively(|| {
        for _ in 0..8 {
            let waiting: Vec<NodeId> = {
                let nodes = state().nodes.lock();
                (0..nodes.len())
                    .filter(|n| {
                        let node = &nodes[*n];
                        node.present
                            && node.state == NodeState::Identified
                            && (node.problem == 0 && node.service.is_none()
                                || node.problem == node::PROBLEM_NOT_CONFIGURED
                                || node.problem == node::PROBLEM_FAILED_INSTALL)
                    })
                    .collect()
            };
            let before = state().events.lock().len();
            for id in waiting {
                unsafe { manager::bring_up(id) };
            }
            if state().events.lock().len() == before {
                return;
            }
            if !state()
                .nodes
                .lock()
                .iter()
                .any(|n| n.present && n.state == NodeState::Identified && n.problem == 0)
            {
                return;
            }
        }
    });
}

/// Windows demotes boot storage drivers that no device needed, so that the next boot is faster: StartOverride\0 = 3. It is
/// what makes a system unbootable whose controller comes back later.
pub fn demote_unused_boot_drivers() -> Vec<String> {
    let mut out = Vec::new();
    for entry in service::in_order(0) {
        if !entry.group.eq_ignore_ascii_case("SCSI miniport") {
            continue;
        }
        let used = {
            let nodes = state().nodes.lock();
            nodes.iter().any(|n| {
                n.state == NodeState::Started
                    && n.service.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(&entry.name))
            })
        };
        if !used {
            cm::set_dword(&format!("{}\\StartOverride", service::key(&entry.name)), "0", 3, false);
            event(format!("{} demoted: no device used it", entry.name));
            out.push(entry.name);
        }
    }
    out
}

/// Problem code of a device, by the beginning of its path; for tests.
#[must_use]
pub fn problem_of(path: &str) -> Option<u32> {
    super::find(path).map(|id| with(id, |n| n.problem))
}
