//! The power fails after every single change of every operation, and every guest boots.

use std::sync::Arc;

use bootmodel::{
    campaign::{Act, Ends, Life, Story, Tally, V1, V2, play, stories},
    machine::{Broken, Controller, Machine, Weather},
};
use xenpv_setup::{names::Driver, state::State};

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
fn restarts_are_as_few_as_windows_allows() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let asked = |story: &Story, machine: &Arc<Machine>, weather| {
        let mut life = Life::new(machine, weather).expect("boots");
        for act in &story.before {
            life.act(*act).expect("boots");
        }
        life.restarts = 0;
        for act in &story.acts {
            life.act(*act).expect("boots");
        }
        assert!(life.errors.is_empty(), "{}: {:?}", story.name, life.errors);
        life.restarts
    };
    let nowhere = Arc::new(Machine { slot: None, ..(*machine).clone() });
    for story in stories() {
        let plain = asked(&story, &machine, Weather::default());
        let clinging = asked(&story, &machine, Weather { clings: true, ..Weather::default() });
        let none = asked(&story, &nowhere, Weather::default());
        println!(
            "{:34} {plain} restarts, {clinging} where Windows does not let go, {none} without Xen",
            story.name
        );
        assert_eq!(plain, story.restarts, "{}", story.name);
        assert!(clinging <= plain + 1, "{}: {clinging}", story.name);
        assert_eq!(none, 0, "{}", story.name);
    }
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
        // The setup program alone, from a folder that somebody tidies up.
        Machine { program: bootmodel::windows::DOWNLOAD, ..plain.clone() },
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

/// Tells a story's first act with its `step` failing, or the program killed there. None: it has fewer steps.
fn disturbed(machine: &Arc<Machine>, story: &Story, step: usize, killed: bool) -> Option<Life> {
    let mut life = Life::new(machine, Weather::default()).expect("boots");
    for act in &story.before {
        life.act(*act).expect("boots");
    }
    life.windows.weather.failing_step = Some(life.windows.steps_applied() + step);
    life.windows.weather.killed = killed;
    life.act(story.acts[0]).expect("boots");
    (!life.errors.is_empty()).then_some(life)
}

#[test]
fn a_step_that_fails_is_taken_back() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let mut tried = 0;
    for (name, ends) in [
        ("install", Ends::Gone),
        ("upgrade", Ends::Version(V1)),
        ("removal", Ends::Version(V1)),
        ("removal before the first restart", Ends::Version(V1)),
    ] {
        let story = stories().into_iter().find(|story| story.name == name).expect("a story");
        let mut step = 0;
        while let Some(mut life) = disturbed(&machine, &story, step + 1, false) {
            step += 1;
            let ends = if ends != Ends::Gone && State::read(&life.windows).wanted.is_none() {
                // All but the last traces had gone.
                life.act(Act::Uninstall).expect("boots");
                Ends::Gone
            } else {
                ends
            };
            for _ in 0..2 {
                life.act(Act::Restart).expect("boots");
            }
            // The MSI deletes its own file when it rolls a first installation back.
            if ends == Ends::Gone {
                let program = bootmodel::windows::PROGRAM.to_ascii_lowercase();
                life.windows.change_files(|files| {
                    files.programs.remove(&program);
                });
            }
            life.check(ends)
                .unwrap_or_else(|error| panic!("{name}, step {step}: {error}; {:?}", life.errors));
        }
        assert!(step > 5, "{name} has {step} steps");
        tried += step;
    }
    println!("{tried} failing steps");
}

#[test]
fn a_program_that_is_killed_goes_on_when_it_is_called_again() {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let mut tried = 0;
    for story in stories() {
        let mut step = 0;
        while let Some(mut life) = disturbed(&machine, &story, step + 1, true) {
            step += 1;
            life.windows.weather.failing_step = None;
            for act in &story.acts {
                life.act(*act).expect("boots");
            }
            // What was cut off may need one start more.
            if life.check(story.again).is_err() {
                life.act(Act::Restart).expect("boots");
            }
            life.check(story.again)
                .unwrap_or_else(|error| panic!("{}, step {step}: {error}; {:?}", story.name, life.errors));
        }
        tried += step;
    }
    println!("killed at {tried} steps");
    assert!(tried > 80, "{tried}");
}
