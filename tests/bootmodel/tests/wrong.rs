//! The model notices what is wrong: every protection of the bus driver and every order that matters is
//! broken once, and a guest that does not boot (or does not get where it should) is found.

use std::sync::Arc;

use bootmodel::{
    boot,
    campaign::{Act, Ends, Life, Story, V1, V2, play, stories},
    machine::{Broken, Machine, Sabotage, Weather},
    tape::Disk,
};
use xenpv_setup::{
    facts::Facts,
    names::{Driver, SERVICES},
    plan::{self, Order, Plan},
    registry::Registry,
    run,
    step::Step,
    system::{BootDisk, System as _},
};

fn machine() -> Arc<Machine> {
    Arc::new(Machine::new(&[V1, V2]))
}

fn story(name: &str) -> Story {
    stories().into_iter().find(|story| story.name == name).expect("a story of this name")
}

/// Plays stories until one goes wrong.
fn caught(names: &[&str], machine: &Arc<Machine>, weather: Weather) -> Option<String> {
    names.iter().find_map(|name| {
        let mut story = story(name);
        if weather.broken.is_some() {
            (story.ends, story.again, story.restarts) = (Ends::Anyhow, Ends::Anyhow, 9);
        }
        play(&story, machine, weather, 1).err()
    })
}

fn with(sabotage: Sabotage) -> Weather {
    Weather { sabotage, ..Weather::default() }
}

#[test]
fn unplugging_without_a_bound_adapter_is_noticed() {
    let weather = with(Sabotage { adapter_unchecked: true, image_unchecked: true, ..Sabotage::default() });
    let error = caught(&["install"], &machine(), weather).expect("noticed");
    assert!(error.contains("0x7B"), "{error}");
}

#[test]
fn unplugging_for_an_image_that_never_started_is_noticed() {
    let broken = Some(Broken { driver: Driver::Vbd, version: Some(V2) });
    let weather = Weather { broken, ..with(Sabotage { image_unchecked: true, ..Sabotage::default() }) };
    let error = caught(&["upgrade"], &machine(), weather).expect("noticed");
    assert!(error.contains("0x7B"), "{error}");
}

#[test]
fn staying_with_emulated_disks_that_have_no_driver_is_noticed() {
    let error = caught(&["install"], &machine(), with(Sabotage { stubborn: true, ..Sabotage::default() }))
        .expect("noticed");
    assert!(error.contains("0x7B") && error.contains("SafeMode"), "{error}");
}

#[test]
fn unplugging_without_reading_the_pv_disk_is_noticed() {
    let machine = Arc::new(Machine { back_ends: false, ..Machine::new(&[V1, V2]) });
    let error = caught(&["install"], &machine, with(Sabotage { unproven_disk: true, ..Sabotage::default() }))
        .expect("noticed");
    assert!(error.contains("0x7B"), "{error}");
}

#[test]
fn showing_both_twins_is_noticed() {
    let error = caught(&["install"], &machine(), with(Sabotage { twins_shown: true, ..Sabotage::default() }))
        .expect("noticed");
    assert!(error.contains("seen twice"), "{error}");
}

#[test]
fn addresses_that_are_not_moved_are_noticed() {
    let weather = with(Sabotage { addresses_stay: true, ..Sabotage::default() });
    let error = caught(&["install"], &machine(), weather).expect("noticed");
    assert!(error.contains("lost its addresses") || error.contains("Configuring the network"), "{error}");
}

#[test]
fn an_instance_id_that_moves_with_the_platform_device_is_noticed() {
    let moved = |sabotage| {
        let weather = Weather { kernel_configures: false, ..with(sabotage) };
        let before = machine();
        let mut life = Life::new(&before, weather).expect("boots");
        for act in [Act::Install(V1), Act::Restart] {
            life.act(act).expect("boots");
        }
        life.windows.shut_down();
        let mut disk = life.windows.disk();
        // The host gives the platform device another slot, and Windows has bound the bus there (it asks for
        // nothing that depends on a child).
        let after = Arc::new(Machine { slot: Some(5), ..(*before).clone() });
        let old = format!(r"SYSTEM\CurrentControlSet\Enum\{}", before.bus().expect("a slot"));
        let new = format!(r"SYSTEM\CurrentControlSet\Enum\{}", after.bus().expect("a slot"));
        let mut hive = (*disk.hive).clone();
        for name in ["Driver", "Service", "ConfigFlags"] {
            if let Some(value) = disk.hive.value(&old, name) {
                hive.set(&new, name, value);
            }
        }
        disk.hive = Arc::new(hive);
        boot::boot(&disk, &after, weather).map(|windows| windows.route)
    };
    assert_eq!(moved(Sabotage::default()), Ok(BootDisk::Pv));
    assert!(
        moved(Sabotage { instance_by_parent: true, ..Sabotage::default() }).unwrap_err().contains("0x7B")
    );
}

#[test]
fn not_repairing_what_windows_demotes_is_noticed() {
    let weather = with(Sabotage { no_repair: true, ..Sabotage::default() });
    // xenpci keeps such a guest alive; the removal never comes to its end.
    let error = caught(&["removal"], &machine(), weather).expect("noticed");
    assert!(error.contains("something is left"), "{error}");
}

#[test]
fn deleting_drivers_that_the_disk_hangs_on_is_noticed() {
    let weather = with(Sabotage { never_in_use: true, no_repair: true, ..Sabotage::default() });
    let error = caught(&["removal"], &machine(), weather).expect("noticed");
    assert!(error.contains("0x7B"), "{error}");
}

/// Runs a removal's steps in an order of our own on a guest with a PV disk, and boots every state that the
/// power can leave behind.
fn removal_in_order(arrange: impl Fn(Vec<Step>) -> Vec<Step>) -> Result<usize, String> {
    let machine = machine();
    let mut life = Life::new(&machine, Weather::default())?;
    for act in [Act::Install(V1), Act::Restart] {
        life.act(act)?;
    }
    // Windows has demoted what this boot did not need, and nobody has repaired it yet.
    let atapi = format!("{SERVICES}\\atapi\\StartOverride");
    life.windows.change_hive(|hive| hive.set_dword(&atapi, "0", 3));
    life.windows.shut_down();
    life.windows.tape = bootmodel::tape::Tape::new(&life.windows.disk());
    let mut facts = Facts::gather(&life.windows);
    facts.boot_disk = Some(BootDisk::Emulated);
    facts.interfaces.clear();
    let steps = plan::next(&facts, &Order::Remove, &life.windows.place()).steps;
    let plan = Plan { steps: arrange(steps), restart: true };
    run::steps(&mut life.windows, &plan).map_err(|failure| failure.to_string())?;
    let disks: Vec<Disk> = life.all_tapes().iter().flat_map(bootmodel::tape::Tape::disks).collect();
    for disk in &disks {
        boot::boot(disk, &machine, Weather::default())?;
    }
    Ok(disks.len())
}

#[test]
fn the_order_of_a_removal_matters() {
    let repairs = |step: &Step| matches!(step, Step::DeleteKey { key } if key.ends_with("StartOverride"));
    // Even on a PV disk the plan's order boots at every point: the emulated drivers are back first.
    let good = removal_in_order(|steps| steps).expect("the right order");
    assert!(good > 10, "{good}");
    // Deleted first, repaired last.
    let error = removal_in_order(|steps| {
        let (late, mut early): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(repairs);
        early.extend(late);
        early
    })
    .expect_err("noticed");
    assert!(error.contains("0x7B"), "{error}");
    // Repaired, but not written to the disk before the deletion: files and hive part company.
    let error = removal_in_order(|steps| steps.into_iter().filter(|step| *step != Step::Flush).collect());
    assert!(error.is_err_and(|error| error.contains("0x7B")), "an order without flushes");
}

#[test]
fn a_critical_driver_is_noticed() {
    // ErrorControl 3 makes the boot loader stop when the file is not there.
    let critical = |text: &str| text.replace("ErrorControl   = 1", "ErrorControl   = 3");
    let mut plain = Machine::new(&[V1]);
    let release = bootmodel::release::Release::new(V1).edit(Driver::Vbd, critical);
    let release = Arc::new(release);
    plain
        .folders
        .values_mut()
        .chain(plain.releases.values_mut())
        .for_each(|slot| *slot = Arc::clone(&release));
    let error = caught(&["install", "removal"], &Arc::new(plain), Weather::default()).expect("noticed");
    assert!(error.contains("critical"), "{error}");
}
