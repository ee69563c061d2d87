//! The power fails after every single change of every operation, and every guest boots.

use std::sync::Arc;

use bootmodel::{
    campaign::{Ends, Story, Tally, V1, V2, play, stories},
    machine::{Broken, Controller, Machine, Weather},
};
use xenpv_setup::names::Driver;

/// Every state of the disk when `XENPV_BOOTMODEL` is set (`cargo xtask soak` does), else a sample of what
/// multiplies.
fn stride(sample: usize) -> usize {
    if std::env::var_os("XENPV_BOOTMODEL").is_some() { 1 } else { sample }
}

/// Plays stories side by side.
fn play_all(list: Vec<(Story, Arc<Machine>, Weather, usize)>) -> Tally {
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = list
            .iter()
            .map(|(story, machine, weather, stride)| {
                scope.spawn(move || (story.name, *weather, play(story, machine, *weather, *stride)))
            })
            .collect();
        for thread in threads {
            let (name, weather, result) = thread.join().expect("no panic");
            let tally = result.unwrap_or_else(|error| panic!("{error}"));
            let broken = weather.broken.map(|b| format!("{:?} {}", b.driver, b.version.unwrap_or("*")));
            println!(
                "{name:34} {:14} {:5} cut points {:6} disks {:7} boots",
                broken.unwrap_or_default(),
                tally.cuts,
                tally.disks,
                tally.boots
            );
            total += tally;
        }
    });
    println!("together: {} cut points, {} disks, {} boots", total.cuts, total.disks, total.boots);
    total
}

#[test]
fn every_operation_survives_a_power_failure_after_every_change() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    // The first installation has by far the most states that were not flushed.
    let list = stories().into_iter().map(|story| {
        let sample = if story.name == "install" { stride(3) } else { 1 };
        (story, Arc::clone(&machine), Weather::default(), sample)
    });
    let total = play_all(list.collect());
    assert!(total.cuts >= 500, "{total:?}");
}

#[test]
fn a_driver_that_never_starts_stops_no_guest() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let mut list = Vec::new();
    for driver in Driver::ALL {
        for version in [V1, V2] {
            let weather =
                Weather { broken: Some(Broken { driver, version: Some(version) }), ..Weather::default() };
            for mut story in stories() {
                (story.ends, story.again, story.restarts) = (Ends::Anyhow, Ends::Anyhow, 9);
                list.push((story, Arc::clone(&machine), weather, stride(17)));
            }
        }
    }
    play_all(list);
}

#[test]
fn other_machines_and_other_habits_of_windows() {
    let plain = Machine::new(&[V1, V2]);
    let machines = [
        Machine { controller: Controller::Ahci, ..plain.clone() },
        Machine { controller: Controller::Nvme, ..plain.clone() },
        // Windows Server 2016: files are copied to System32\drivers.
        Machine { build: 14393, ..plain.clone() },
    ];
    let mut list = Vec::new();
    for machine in machines {
        let machine = Arc::new(machine);
        for story in stories() {
            list.push((story, Arc::clone(&machine), Weather::default(), stride(17)));
        }
    }
    let machine = Arc::new(plain.clone());
    for weather in [
        Weather { enum_first: true, ..Weather::default() },
        Weather { clings: true, ..Weather::default() },
        Weather { demotes: false, ..Weather::default() },
        Weather { kernel_configures: true, ..Weather::default() },
    ] {
        for mut story in stories() {
            story.restarts += usize::from(weather.clings);
            list.push((story, Arc::clone(&machine), weather, stride(17)));
        }
    }
    // A host whose back-ends never answer, one that forbids unplugging, and no Xen at all.
    for machine in [
        Machine { back_ends: false, ..plain.clone() },
        Machine { host_key: Some(b"none"), ..plain.clone() },
        Machine { slot: None, ..plain },
    ] {
        let machine = Arc::new(machine);
        for mut story in stories() {
            (story.ends, story.again) = (Ends::Anyhow, Ends::Anyhow);
            list.push((story, Arc::clone(&machine), Weather::default(), stride(17)));
        }
    }
    play_all(list);
}

#[test]
fn a_step_that_fails_is_taken_back() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let mut tried = 0;
    for mut story in stories().into_iter().filter(|story| ["install", "upgrade"].contains(&story.name)) {
        (story.ends, story.again, story.restarts) = (Ends::Anyhow, Ends::Anyhow, 9);
        for step in 1..40 {
            let mut life = bootmodel::campaign::Life::new(&machine, Weather::default()).expect("boots");
            for act in &story.before {
                life.act(*act).expect("boots");
            }
            life.windows.weather.failing_step = Some(life.windows.steps_applied() + step);
            life.act(story.acts[0]).expect("boots");
            let failed = !life.errors.is_empty();
            tried += usize::from(failed);
            let ends = match (failed, story.name) {
                (false, _) => break,
                (true, "install") => Ends::Gone,
                (true, _) => Ends::Version(V1),
            };
            for _ in 0..2 {
                life.act(bootmodel::campaign::Act::Restart).expect("boots");
            }
            // The MSI deletes its own file when it rolls a first installation back.
            if ends == Ends::Gone {
                let program = bootmodel::windows::PROGRAM.to_ascii_lowercase();
                life.windows.change_files(|files| {
                    files.programs.remove(&program);
                });
            }
            life.check(ends)
                .unwrap_or_else(|error| panic!("{}, step {step}: {error}; {:?}", story.name, life.errors));
        }
    }
    println!("{tried} failing steps");
    assert!(tried > 20);
}
