//! What to do next, from the facts alone. A plan holds only what is missing: executed to its end or cut
//! anywhere, the next plan continues.
//!
//! The order is the whole point; docs/boot-safety.md has the reasons.

use std::path::{Path, PathBuf};

use crate::{
    facts::{Device, Facts, Service},
    names::{self, BUS_PARAMETERS, Driver, RESTART_DUE, SERVICES, STATE, UNPLUG},
    net,
    package::{self, numbers},
    registry::Value,
    state::{self, DISARMED, Wanted},
    step::Step,
    system::{Place, StorePackage},
};

/// What shall be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The drivers of this version on every device.
    Install {
        /// The driver folder; none: from the driver store.
        folder: Option<PathBuf>,
        /// The version.
        version: String,
        /// Windows is told to install anew what looks right already.
        repair: bool,
        /// Other vendors' drivers are switched off.
        take_over: bool,
    },
    /// Nothing of ours.
    Remove,
}

/// The next steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// After them nothing more can be done in this boot.
    pub restart: bool,
}

impl Plan {
    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Flushes when something is there to be flushed.
    fn flush(&mut self) {
        if self.steps.last().is_some_and(|step| *step != Step::Flush) {
            self.push(Step::Flush);
        }
    }
}

/// Decides the next steps.
#[must_use]
pub fn next(facts: &Facts, order: &Order, place: &Place) -> Plan {
    match order {
        Order::Install { folder, version, repair, take_over } => {
            install(facts, folder.as_deref(), version, (*repair, *take_over), place)
        }
        Order::Remove => remove(facts, place),
    }
}

fn install(
    facts: &Facts,
    folder: Option<&Path>,
    version: &str,
    (again, take_over): (bool, bool),
    place: &Place,
) -> Plan {
    let mut plan = Plan::default();
    let state = &facts.state;
    // The intention first: whatever happens, the boot service knows what was wanted.
    if state.wanted != Some(Wanted::Installed) || state.version.as_deref() != Some(version) {
        let before = state.version.as_deref().filter(|_| state.wanted == Some(Wanted::Installed));
        if state.finished.is_some() {
            plan.push(state::unset("Finished"));
        }
        plan.push(state::set("Undo", before.unwrap_or("remove")));
        plan.push(state::set("Version", version));
        plan.push(state::set(
            "Folder",
            &folder.map(|folder| folder.display().to_string()).unwrap_or_default(),
        ));
        plan.push(state::set("Wanted", "installed"));
    }
    repair(facts, true, &mut plan);
    if take_over {
        others(facts, &mut plan);
    }
    networks(facts, &mut plan);
    keep(facts, place, place.loose, &mut plan);
    // On the disk before the first package: Windows installs what is in the store by itself, and a NIC that
    // changes sides must find its addresses.
    plan.flush();
    // All packages into the store before any device is touched: a package that Windows refuses, or a full
    // disk, shows here.
    let inf = |driver: Driver| match facts.stored(driver, version) {
        Some(stored) => Some(stored.inf.clone()),
        None => folder.map(|folder| package::inf(folder, driver)),
    };
    for driver in Driver::ALL {
        if facts.stored(driver, version).is_none()
            && let Some(inf) = inf(driver)
        {
            plan.push(Step::Stage { inf });
        }
    }
    plan.flush();
    for driver in Driver::ALL {
        // A power failure or a feature update can take a service, its file, or the change of its path, while
        // the device looks as it should.
        let stored = facts.stored(driver, version).and_then(store_folder);
        let whole = |service: &Service| {
            let image = service.image.as_deref().unwrap_or_default().to_ascii_lowercase();
            let here =
                stored.as_ref().is_none_or(|folder| !image.contains(REPOSITORY) || image.contains(folder));
            service.start.is_some() && service.image.is_some() && !service.missing && here
        };
        let lost = !facts.service(driver).is_some_and(whole);
        let again = again || lost;
        // What another vendor's driver has may look newer, and a power failure may leave half of each.
        let theirs = |device: &Device| device.service.as_deref().is_some_and(names::is_others);
        let stale = |device: &Device| {
            !device.configured || device.version.as_deref() != Some(version) || theirs(device) || again
        };
        let mut stale =
            facts.devices_of(driver).filter(|device| device.presence.is_some() && stale(device)).peekable();
        if stale.peek().is_some()
            && let Some(inf) = inf(driver)
        {
            // Windows keeps what is newer unless it is told otherwise (downgrade, rollback).
            let newer = |device: &Device| {
                theirs(device)
                    || device.version.as_deref().is_some_and(|there| numbers(there) > numbers(version))
            };
            plan.push(Step::Install { inf, force: again || stale.any(newer) });
        }
    }
    let bus = facts.devices_of(Driver::Pci).any(|bus| bus.presence.is_some_and(|here| here.started));
    let adapter = facts.devices_of(Driver::Vbd).any(|adapter| adapter.presence.is_some());
    if bus && !adapter {
        plan.push(Step::Rescan);
    }
    plan.flush();
    // Arming comes last, when all drivers are bound.
    for index in 0..2 {
        if let Some(kept) = &state.disarmed[index] {
            let (key, name) = (BUS_PARAMETERS.to_owned(), UNPLUG[index].to_owned());
            plan.push(match kept.parse() {
                Ok(number) => Step::Set { key, name, value: Value::Dword(number) },
                Err(_) => Step::Unset { key, name },
            });
            plan.push(Step::Unset { key: STATE.into(), name: DISARMED[index].into() });
        }
    }
    plan.flush();
    plan
}

/// What makes the boot disk reachable both ways. Windows demotes boot drivers that a boot did not need, and
/// clean-up tools disable them: after a boot from PV disks those are the emulated controllers' drivers.
pub fn repair(facts: &Facts, ours: bool, plan: &mut Plan) {
    let own = facts.services.iter().filter(|_| ours);
    for service in facts.emulated.iter().chain(own) {
        let key = format!("{SERVICES}\\{}", service.name);
        if service.demoted {
            plan.push(Step::DeleteKey { key: format!("{key}\\StartOverride") });
        }
        let known = facts.controllers.iter().any(|device| {
            device.service.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&service.name))
        });
        let wanted = match service.name.as_str() {
            "xenpvnet" => 3,
            "xenpvpci" | "xenpvvbd" => 0,
            _ if known => 0,
            _ => continue,
        };
        // A service that is marked for deletion is not revived: Windows deletes it all the same.
        if service.start.is_some_and(|start| start != wanted) && !service.doomed {
            plan.push(Step::Set { key, name: "Start".into(), value: Value::Dword(wanted) });
        }
    }
    plan.flush();
}

/// Switches other vendors' drivers off: from the next start on they neither unplug anything nor hold a device.
/// Before that the emulated disks' drivers are in order, and on the disk.
fn others(facts: &Facts, plan: &mut Plan) {
    if facts.others.is_empty() && facts.filters.is_empty() {
        return;
    }
    let mut before = facts.state.others.clone().unwrap_or_default();
    before.services.extend(facts.others.iter().map(|other| (other.name.clone(), other.start.unwrap_or(3))));
    for filter in &facts.filters {
        before.filters.push((filter.key.clone(), filter.list.to_owned(), filter.all.clone()));
    }
    plan.push(state::remember_others(&before));
    // A filter whose service is disabled stops its class: the filters go first.
    for filter in &facts.filters {
        let (key, name) = (filter.key.clone(), filter.list.to_owned());
        let rest: Vec<String> =
            filter.all.iter().filter(|name| !filter.theirs.contains(name)).cloned().collect();
        plan.push(if rest.is_empty() {
            Step::Unset { key, name }
        } else {
            Step::Set { key, name, value: Value::MultiSz(rest) }
        });
    }
    for other in &facts.others {
        let key = format!("{SERVICES}\\{}", other.name);
        plan.push(Step::Set { key, name: "Start".into(), value: Value::Dword(DISABLED) });
    }
    plan.flush();
}

/// Switches other vendors' drivers on again, while their bus still has its device: later Windows could not start
/// with them.
#[must_use]
pub fn give_back(facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    let theirs = |device: &Device| device.service.as_deref().is_some_and(names::is_others);
    let Some(before) = &facts.state.others else { return plan };
    if facts.devices_of(Driver::Pci).any(|bus| bus.presence.is_some() && !theirs(bus)) {
        return plan;
    }
    // In the opposite order: what unplugs comes last.
    for (name, start) in before.services.iter().rev() {
        let key = format!("{SERVICES}\\{name}");
        plan.push(Step::Set { key, name: "Start".into(), value: Value::Dword(*start) });
    }
    for (key, name, list) in &before.filters {
        let (key, name, value) = (key.clone(), name.clone(), Value::MultiSz(list.clone()));
        plan.push(Step::Set { key, name, value });
    }
    plan.push(state::unset("Others"));
    plan.flush();
    plan
}

/// Moves and remembers static IP configuration.
pub fn networks(facts: &Facts, plan: &mut Plan) {
    let moves = net::moves(&facts.interfaces, &facts.state.network);
    for (interface, config) in moves.give {
        plan.push(Step::Configure { interface, config });
    }
    for (mac, memory) in &moves.remember {
        plan.push(state::remember(mac, memory));
    }
}

/// Where Windows keeps driver packages.
const REPOSITORY: &str = "\\filerepository\\";

/// The name of a package's folder there.
fn store_folder(package: &StorePackage) -> Option<String> {
    let path = package.inf.to_string_lossy().to_ascii_lowercase();
    let (folder, _) = path.split_once(REPOSITORY)?.1.split_once('\\')?;
    Some(format!("{REPOSITORY}{folder}\\"))
}

/// Deletes our packages that nothing uses any more. Only after a boot with the new ones: until then the
/// old ones are what a failed start goes back to.
#[must_use]
pub fn clean(facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    let Some(version) =
        facts.state.version.as_deref().filter(|_| facts.state.wanted == Some(Wanted::Installed))
    else {
        return plan;
    };
    let here = || facts.devices.iter().filter(|device| device.presence.is_some());
    let good = |device: &Device| {
        device.configured
            && device.version.as_deref() == Some(version)
            && device.presence.is_some_and(|presence| presence.started && presence.problem == 0)
    };
    if facts.restart_due || here().next().is_none() || !here().all(good) {
        return plan;
    }
    for old in facts.store.iter().filter(|package| package.version != version) {
        // A device that was here once names what it had: should it come back, it has its keys and the present driver.
        let bound = here().any(|device| device.inf.as_deref() == Some(old.published.as_str()));
        let folder = store_folder(old);
        let loaded = facts.services.iter().any(|service| {
            let image = service.image.as_deref().unwrap_or_default().to_ascii_lowercase();
            folder.as_ref().is_some_and(|folder| image.contains(folder))
        });
        if !bound && !loaded {
            plan.push(Step::RemovePackage { published: old.published.clone() });
        }
    }
    plan.flush();
    plan
}

/// Has the boot service run this program: from where it is, or from its refuge.
fn keep(facts: &Facts, place: &Place, flees: bool, plan: &mut Plan) {
    let Place { program, refuge, kept, .. } = place;
    let copy = flees && !kept && program != refuge;
    if copy {
        plan.push(Step::CopyProgram { to: refuge.clone() });
    }
    let from = if flees { refuge } else { program };
    if copy || facts.boot_service.as_deref() != Some(&boot_command(from)) {
        plan.push(Step::CreateBootService { program: from.clone() });
    }
}

fn remove(facts: &Facts, place: &Place) -> Plan {
    let mut plan = Plan::default();
    let state = &facts.state;
    // A device that another vendor's driver has is none of ours.
    let theirs = |device: &&Device| device.service.as_deref().is_some_and(names::is_others);
    let devices = || facts.devices.iter().filter(|device| !leaving(device) && !theirs(device));
    let services = || facts.services.iter().filter(|service| !service.doomed);
    if state.wanted.is_none()
        && devices().next().is_none()
        && services().next().is_none()
        && facts.store.is_empty()
        && facts.boot_service.is_none()
    {
        return plan;
    }
    if state.wanted != Some(Wanted::Removed) {
        plan.push(state::set("Wanted", "removed"));
    }
    disarm(facts, &mut plan);
    repair(facts, false, &mut plan);
    networks(facts, &mut plan);
    plan.flush();
    if facts.pv_in_use() {
        // The disk (or the network) hangs on our drivers: everything else comes after a restart without.
        keep(facts, place, true, &mut plan);
        plan.flush();
        if !facts.restart_due {
            plan.push(Step::MakeVolatile { key: RESTART_DUE.into() });
        }
        plan.restart = true;
        return plan;
    }
    // Children first; the bus stays until nothing hangs on it.
    for driver in [Driver::Net, Driver::Vbd, Driver::Pci] {
        for device in devices().filter(|device| device.driver == Some(driver)) {
            plan.push(Step::RemoveDevice { instance: device.instance.clone() });
        }
    }
    for package in &facts.store {
        plan.push(Step::RemovePackage { published: package.published.clone() });
    }
    for service in services() {
        plan.push(Step::DeleteService { name: service.name.clone() });
    }
    plan.flush();
    // Last what would resume a removal that was cut.
    if plan.steps.iter().all(|step| !is_removal(step)) {
        for path in &facts.copies {
            plan.push(Step::DeleteFile { path: path.clone() });
        }
        plan.push(Step::DeleteFile { path: place.refuge.clone() });
        plan.push(Step::DeleteKey { key: STATE.into() });
        if facts.boot_service.is_some() {
            plan.push(Step::DeleteService { name: crate::names::BOOT_SERVICE.into() });
        }
        plan.flush();
    }
    plan
}

/// `SERVICE_DISABLED`.
const DISABLED: u32 = 4;
/// `CM_PROB_WILL_BE_REMOVED`: uninstalled, gone after the next restart.
const WILL_BE_REMOVED: u32 = 21;

fn leaving(device: &Device) -> bool {
    device.presence.is_some_and(|presence| presence.problem == WILL_BE_REMOVED)
}

fn is_removal(step: &Step) -> bool {
    matches!(step, Step::RemoveDevice { .. } | Step::RemovePackage { .. } | Step::DeleteService { .. })
}

/// Forbids unplugging, keeping what an administrator had set.
fn disarm(facts: &Facts, plan: &mut Plan) {
    let bus = facts.service(Driver::Pci).is_some_and(|service| !service.doomed);
    if !bus {
        return;
    }
    for index in 0..2 {
        if facts.state.disarmed[index].is_none() {
            let kept = facts.unplug[index].map(|number| number.to_string()).unwrap_or_default();
            plan.push(state::set(DISARMED[index], &kept));
        }
        if facts.unplug[index] != Some(0) {
            let (key, name) = (BUS_PARAMETERS.to_owned(), UNPLUG[index].to_owned());
            plan.push(Step::Set { key, name, value: Value::Dword(0) });
        }
    }
    plan.flush();
}

/// The command line of the boot service.
#[must_use]
pub fn boot_command(program: &Path) -> String {
    format!("\"{}\" boot --service", program.display())
}
