//! What happens to a guest besides our own operations: feature updates, images, injection by DISM, other
//! vendors' drivers.

use std::{path::Path, sync::Arc};

use bootmodel::{
    boot,
    campaign::{Act, Ends, Life, Story, V1, V2, play_on, stories},
    hive::Hive,
    machine::{Machine, Weather, folder},
    rival,
    tape::Disk,
    windows::{DOWNLOAD, PROGRAM, REFUGE},
};
use xenpv_setup::{
    facts::Facts,
    names::{CLASS, Driver, ENUM, SERVICES},
    plan::boot_command,
    refuse::Allowances,
    registry::Registry,
    run::{self, Error},
    system::BootDisk,
};

fn machine() -> Arc<Machine> {
    Arc::new(Machine::new(&[V1, V2]))
}

/// A guest that runs from its PV disk, shut down.
fn settled(machine: &Arc<Machine>) -> Disk {
    let mut life = Life::new(machine, Weather::default()).expect("boots");
    for act in [Act::Install(V1), Act::Restart, Act::Restart] {
        life.act(act).expect("boots");
    }
    assert_eq!(life.windows.route, BootDisk::Pv);
    boot::shut_down(&mut life.windows);
    life.windows.disk()
}

fn edit(disk: &Disk, change: impl FnOnce(&mut Hive)) -> Disk {
    let mut hive = (*disk.hive).clone();
    change(&mut hive);
    Disk { hive: Arc::new(hive), files: Arc::clone(&disk.files) }
}

/// Every weather in which a disk can be booted.
fn weathers() -> Vec<Weather> {
    bootmodel::campaign::weathers(Weather::default())
}

#[test]
fn a_feature_update_may_lose_any_part_of_ours() {
    let machine = machine();
    let disk = settled(&machine);
    let adapter = machine.adapter(Weather::default().sabotage);
    type Loss = fn(&mut Hive, &Machine, &str);
    let losses: [Loss; 9] = [
        |hive, machine, _| hive.delete(&format!("{ENUM}\\{}", machine.bus().unwrap_or_default())),
        |hive, _, adapter| hive.delete(&format!("{ENUM}\\{adapter}")),
        |hive, machine, _| hive.delete(&format!("{ENUM}\\{}", machine.nic())),
        |hive, _, _| hive.delete(&format!("{SERVICES}\\xenpvvbd")),
        |hive, _, _| hive.delete(&format!("{SERVICES}\\xenpvpci")),
        |hive, _, _| hive.delete(&format!("{SERVICES}\\xenpvnet")),
        |hive, _, _| hive.delete(&format!("{SERVICES}\\xenpvpci\\Parameters")),
        |hive, _, adapter| hive.set_dword(&format!("{ENUM}\\{adapter}"), "ConfigFlags", 0x20),
        |hive, _, _| {
            for service in ["xenpvpci", "xenpvvbd"] {
                hive.set_dword(&format!("{SERVICES}\\{service}\\StartOverride"), "0", 3);
            }
        },
    ];
    let mut boots = 0;
    for lost in 0..1u32 << losses.len() {
        let disk = edit(&disk, |hive| {
            for (_, lose) in losses.iter().enumerate().filter(|(bit, _)| lost >> bit & 1 == 1) {
                lose(hive, &machine, &adapter);
            }
        });
        // Every weather for a few losses and for all, one for what lies between.
        let few = lost.count_ones() <= 2 || lost + 1 == 1 << losses.len();
        let all = weathers();
        let one = (lost.count_ones() + lost / 7) as usize % all.len();
        for weather in if few { all } else { vec![all[one]] } {
            // The update's own starts run under Windows Setup, the later ones do not.
            for setup in [1, 0] {
                let disk =
                    edit(&disk, |hive| hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", setup));
                let mut life =
                    Life::begin(&disk, &machine, weather).unwrap_or_else(|e| panic!("{lost:#b}: {e}"));
                life.weather = Weather::default();
                life.windows.change_hive(|hive| hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", 0));
                for _ in 0..3 {
                    life.act(Act::Restart).unwrap_or_else(|e| panic!("{lost:#b}: {e}"));
                    boots += 1;
                }
                life.check(Ends::Pv(V1)).unwrap_or_else(|e| panic!("{lost:#b}: {e}"));
            }
        }
    }
    println!("{} subsets, {boots} boots", 1 << losses.len());
}

#[test]
fn a_program_that_was_downloaded_may_be_deleted() {
    let machine = Arc::new(Machine { program: DOWNLOAD, ..(*machine()).clone() });
    let mut life = Life::new(&machine, Weather::default()).expect("boots");
    let programs = |life: &Life| life.windows.files().programs.iter().cloned().collect::<Vec<_>>();
    life.act(Act::Install(V1)).expect("boots");
    life.windows.change_files(|files| {
        files.programs.remove(&DOWNLOAD.to_ascii_lowercase());
    });
    for _ in 0..2 {
        life.act(Act::Restart).expect("boots");
    }
    assert_eq!(programs(&life), [REFUGE.to_ascii_lowercase()]);
    let facts = Facts::gather(&life.windows);
    assert_eq!(facts.boot_service, Some(boot_command(Path::new(REFUGE))));
    assert_eq!(facts.state.booted.as_deref(), Some(V1), "the boot service has run: {:?}", life.windows.log);
    life.check(Ends::Pv(V1)).expect("runs");
    // A removal by the MSI's copy finishes with what is there.
    life.windows.program = PROGRAM.into();
    for act in [Act::Uninstall, Act::Restart, Act::Restart] {
        life.act(act).expect("boots");
    }
    life.check(Ends::Gone).expect("nothing is left");
}

/// A device that was here once: the keys of another one, under an instance ID that nothing has.
fn haunt(hive: &mut Hive, device: &str, ghost: &str, number: u32) {
    let (from, to) = (format!("{ENUM}\\{device}"), format!("{ENUM}\\{ghost}"));
    let class = hive.text(&from, "Driver").expect("it has a driver");
    let other = format!("{}\\{number:04}", class.split('\\').next().expect("a class"));
    let keys = [(from, to.clone()), (format!("{CLASS}\\{class}"), format!("{CLASS}\\{other}"))];
    for (from, to) in keys {
        let values: Vec<_> = hive
            .walk()
            .filter(|(key, _)| key.eq_ignore_ascii_case(&from))
            .flat_map(|(_, values)| values)
            .collect();
        let values: Vec<_> =
            values.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        for (name, value) in values {
            hive.set(&to, &name, value);
        }
    }
    hive.set_text(&to, "Driver", &other);
}

#[test]
fn ghosts_of_devices_stop_nothing_and_go_with_a_removal() {
    let machine = machine();
    let bus = machine.bus().expect("a bus");
    let adapter = machine.adapter(Weather::default().sabotage);
    let disk = edit(&settled(&machine), |hive| {
        haunt(hive, &bus, &bus.replace("&10", "&38"), 91);
        haunt(hive, &adapter, r"XENPV\VBD&SUBSYS_58535250\1&2&3", 92);
        haunt(hive, &machine.nic(), r"XENPV\VIF&SUBSYS_58535250\1&0000000f&0&3", 93);
        // One that was never finished.
        hive.create(&format!(r"{ENUM}\XENPV\VBD&SUBSYS_58535250\7"), false);
    });
    let mut total = 0;
    for name in ["upgrade", "repair", "removal"] {
        let mut story = stories().into_iter().find(|story| story.name == name).expect("a story");
        story.before.clear();
        let life = Life::begin(&disk, &machine, Weather::default()).expect("boots");
        total += play_on(&story, life, 7).unwrap_or_else(|error| panic!("{error}")).cuts;
    }
    println!("{total} cut points among ghosts");
    assert!(total > 100, "{total}");
}

/// What `sysprep /generalize` does: device instances go, unless the answer file keeps them.
fn generalize(disk: &Disk, keep_devices: bool) -> Disk {
    edit(disk, |hive| {
        hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", 1);
        if !keep_devices {
            hive.delete(&format!("{ENUM}\\PCI"));
            hive.delete(&format!("{ENUM}\\XENPV"));
        }
    })
}

#[test]
fn images_boot_on_other_machines() {
    let first = machine();
    let disk = settled(&first);
    let plain = (*first).clone();
    let copies = [
        plain.clone(),
        Machine { slot: Some(7), ..plain.clone() },
        // The boot disk has another number, and there are more disks.
        Machine { vbds: vec![768, 51744, 51792], ..plain.clone() },
        Machine { vbds: vec![1 << 28, 51760], slot: Some(4), mac: "00163EABCDEF".into(), ..plain.clone() },
        // No PV at all: another hypervisor, or a host that hides it.
        Machine { slot: None, ..plain.clone() },
        Machine { back_ends: false, ..plain },
    ];
    for keep_devices in [true, false] {
        let image = generalize(&disk, keep_devices);
        for copy in &copies {
            let copy = Arc::new(copy.clone());
            for weather in weathers() {
                let mut life =
                    Life::begin(&image, &copy, weather).unwrap_or_else(|e| panic!("{copy:?}: {e}"));
                assert!(weather.safe_mode || life.windows.route == BootDisk::Emulated || keep_devices);
                life.weather = Weather::default();
                life.windows.change_hive(|hive| hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", 0));
                for _ in 0..3 {
                    life.act(Act::Restart).unwrap_or_else(|e| panic!("{copy:?}: {e}"));
                }
                let pv = copy.slot.is_some() && copy.back_ends;
                assert_eq!(life.windows.route == BootDisk::Pv, pv, "{copy:?}: {:?}", life.windows.veto);
            }
        }
    }
}

/// What `DISM /Add-Driver` does to an image: packages into the store; for boot-critical ones also the
/// services.
fn inject(machine: &Arc<Machine>, services: bool) -> Disk {
    let fresh = boot::fresh(machine);
    let mut tool = boot::boot(&fresh, machine, Weather::default()).expect("boots");
    for driver in Driver::ALL {
        tool.stage(driver, V1).expect("staged");
    }
    let files = tool.disk().files;
    if !services {
        return Disk { hive: fresh.hive, files };
    }
    // The services as an installation would make them, without any device.
    let mut life = Life::begin(&fresh, machine, Weather::default()).expect("boots");
    life.act(Act::Install(V1)).expect("boots");
    let whole = life.windows.disk();
    let disk = edit(&Disk { hive: fresh.hive, files }, |hive| {
        for (key, values) in whole.hive.walk() {
            let ours = ["xenpvpci", "xenpvvbd"].iter().any(|name| key.contains(&format!("Services\\{name}")));
            if ours {
                for (name, value) in values.into_iter().filter(|(name, _)| *name != "StartedDisk") {
                    hive.set(key, name, value.clone());
                }
            }
        }
    });
    assert!(disk.hive.has_key(&format!("{SERVICES}\\xenpvvbd")));
    disk
}

#[test]
fn drivers_that_dism_has_added_come_up_by_themselves() {
    let machine = machine();
    for services in [false, true] {
        let disk = inject(&machine, services);
        for weather in weathers() {
            let mut life = Life::begin(&disk, &machine, weather).expect("boots");
            assert_eq!(life.windows.route, BootDisk::Emulated, "nothing is proven at the first start");
            life.weather = Weather::default();
            let mut boots = 1;
            while life.windows.route == BootDisk::Emulated {
                life.act(Act::Restart).expect("boots");
                boots += 1;
                assert!(boots < 5, "{:?}", life.windows.veto);
            }
            assert!(boots <= 3 + usize::from(weather.safe_mode), "{boots}");
            // The setup program takes over, and removes.
            for act in [Act::Install(V1), Act::Restart, Act::Uninstall, Act::Restart, Act::Restart] {
                life.act(act).expect("boots");
            }
            assert_eq!(life.errors, [""; 0]);
            assert_eq!(life.windows.route, BootDisk::Emulated);
            assert!(Facts::gather(&life.windows).services.is_empty());
        }
    }
}

#[test]
fn other_vendors_are_told_apart_and_their_remains_stop_nothing() {
    let machine = machine();
    let with = |start: u32, file: bool, filter: bool| {
        let mut disk = edit(&boot::fresh(&machine), |hive| {
            for service in ["xenbus", "xenvbd", "xenfilt"] {
                let key = format!("{SERVICES}\\{service}");
                hive.set_dword(&key, "Type", 1);
                hive.set_dword(&key, "Start", start);
                hive.set_dword(&key, "ErrorControl", 1);
                hive.set_text(&key, "ImagePath", &format!(r"System32\drivers\{service}.sys"));
            }
            if filter {
                let class = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}";
                let list = xenpv_setup::registry::Value::MultiSz(vec!["XENFILT".into()]);
                hive.set(class, "UpperFilters", list);
            }
        });
        if file {
            let mut files = (*disk.files).clone();
            for service in ["xenbus", "xenvbd", "xenfilt"] {
                let image = bootmodel::files::Image { driver: Driver::Pci, version: "other".into() };
                files.images.insert(format!(r"system32\drivers\{service}.sys"), image);
            }
            disk.files = Arc::new(files);
        }
        disk
    };
    let install = |disk: &Disk| {
        let mut life = Life::begin(disk, &machine, Weather::default()).expect("boots");
        let before = life.windows.disk();
        let result = run::install(&mut life.windows, folder(V1).as_ref(), Allowances::default(), false)
            .map_err(|error| match error {
                Error::Refused(reasons) => reasons[0].code,
                Error::Failed(failure) => panic!("{failure}"),
            });
        if result.is_err() {
            let same = *before.hive == *life.windows.hive() && *before.files == *life.windows.files();
            assert!(same, "a refusal changes nothing");
        }
        for _ in 0..2 {
            life.act(Act::Restart).expect("boots");
        }
        result.map(|_| life.windows.route)
    };
    assert_eq!(install(&with(0, true, false)), Err("other-vendor"));
    assert_eq!(install(&with(4, true, false)), Ok(BootDisk::Pv), "disabled remains");
    assert_eq!(install(&with(0, false, false)), Ok(BootDisk::Pv), "services without files");
    assert_eq!(install(&with(4, false, true)), Err("other-vendor-filter"));
}

/// A guest with another vendor's drivers.
fn shared(machine: &Arc<Machine>, armed: bool) -> Life {
    let mut life = Life::new(machine, Weather::default()).expect("boots");
    boot::shut_down(&mut life.windows);
    let disk = rival::on(&life.windows.disk(), machine, armed);
    Life::begin(&disk, machine, Weather::default()).expect("boots with the other vendor's drivers")
}

#[test]
fn a_take_over_survives_a_power_failure_after_every_change() {
    let machine = machine();
    let mut cuts = 0;
    for (armed, route) in [(false, BootDisk::Emulated), (true, BootDisk::Other)] {
        let life = shared(&machine, armed);
        assert_eq!(life.windows.route, route);
        let story = Story {
            name: "take-over",
            before: Vec::new(),
            acts: vec![Act::TakeOver(V1), Act::Restart, Act::Restart],
            ends: Ends::Pv(V1),
            again: Ends::Pv(V1),
            restarts: 1,
        };
        let tally = play_on(&story, life, 5).unwrap_or_else(|error| panic!("{error}"));
        println!("take-over, armed {armed}: {tally:?}");
        cuts += tally.cuts;
    }
    assert!(cuts > 60, "{cuts}");
}

#[test]
fn a_take_over_that_fails_leaves_a_guest_that_boots() {
    let machine = machine();
    let (mut given_back, mut tried) = (0, 0);
    for armed in [false, true] {
        for step in 1..60 {
            let mut life = shared(&machine, armed);
            let route = life.windows.route;
            life.windows.weather.failing_step = Some(life.windows.steps_applied() + step);
            life.act(Act::TakeOver(V1)).expect("boots");
            if life.errors.is_empty() {
                break;
            }
            tried += 1;
            // Before their bus has lost its device, they are as they were.
            let bus = machine.bus().and_then(|bus| life.windows.bound(&bus));
            let theirs = life.windows.hive().dword(&format!("{SERVICES}\\xenbus"), "Start") == Some(0);
            assert_eq!(theirs, bus.as_deref() == Some("xenbus"), "step {step}: {:?}", life.errors);
            for _ in 0..2 {
                life.act(Act::Restart).unwrap_or_else(|error| panic!("step {step}: {error}"));
            }
            if theirs {
                assert_eq!(life.windows.route, route, "step {step}");
                given_back += 1;
            }
        }
    }
    println!("{tried} failing steps, {given_back} given back");
    assert!(given_back > 10 && tried > given_back + 10, "{tried} {given_back}");
}

#[test]
fn what_is_another_vendors_is_left_alone() {
    let machine = machine();
    // Without being told to take over nothing is changed.
    let mut life = shared(&machine, true);
    let before = life.windows.disk();
    life.act(Act::Install(V1)).expect("boots");
    assert!(life.errors[0].contains("services xenbus, xenfilt, xenvbd"), "{:?}", life.errors);
    // A removal of what is not there does not take their bus away.
    life.act(Act::Uninstall).expect("boots");
    assert!(*before.hive == *life.windows.hive(), "{:#?}", life.windows.log);
    life.act(Act::Restart).expect("boots");
    assert_eq!(life.windows.route, BootDisk::Other);
    // Without an emulated disk to start from meanwhile there is no take-over.
    life.windows.change_hive(|hive| {
        hive.delete(&format!("{ENUM}\\PCIIDE"));
        hive.delete(&format!("{ENUM}\\{}", machine.controller_instance()));
    });
    let allowed = Allowances { replace_others: true, ..Allowances::default() };
    match run::install(&mut life.windows, folder(V1).as_ref(), allowed, false) {
        Err(Error::Refused(reasons)) => assert_eq!(reasons[0].code, "no-way-back"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusals_change_nothing() {
    let machine = machine();
    let mut life = Life::new(&machine, Weather::default()).expect("boots");
    let attempt = |life: &mut Life, edit: &dyn Fn(&mut Hive), package: &str| -> &'static str {
        let saved = life.windows.disk();
        life.windows.change_hive(|hive| edit(hive));
        let before = life.windows.disk();
        let error = run::install(&mut life.windows, folder(package).as_ref(), Allowances::default(), false);
        let same = *before.hive == *life.windows.hive() && *before.files == *life.windows.files();
        assert!(same, "a refusal changes nothing");
        life.windows.change_hive(|hive| *hive = (*saved.hive).clone());
        match error {
            Err(Error::Refused(reasons)) => {
                assert!(reasons.iter().all(|reason| reason.message.len() > 30), "{reasons:?}");
                reasons[0].code
            }
            other => panic!("{other:?}"),
        }
    };
    let control = r"SYSTEM\CurrentControlSet\Control";
    type Edit<'a> = &'a dyn Fn(&mut Hive);
    let cases: [(Edit<'_>, &str); 4] = [
        (&|hive| hive.set_dword(&format!(r"{control}\SafeBoot\Option"), "OptionValue", 1), "safe-mode"),
        (&|hive| hive.set_dword(r"SYSTEM\Setup", "SystemSetupInProgress", 1), "windows-setup"),
        (&|hive| hive.create(&format!(r"{control}\MiniNT"), false), "windows-pe"),
        (
            &|hive| {
                hive.create(
                    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
                    false,
                );
            },
            "servicing",
        ),
    ];
    for (edit, code) in cases {
        assert_eq!(attempt(&mut life, edit, V1), code);
    }
    assert_eq!(attempt(&mut life, &|_| {}, "9.9.9.9"), "package", "no such folder");
    // Newer, then older without being told so.
    life.act(Act::Install(V2)).expect("boots");
    life.act(Act::Restart).expect("boots");
    assert_eq!(attempt(&mut life, &|_| {}, V1), "downgrade");
    // A removal without a way back.
    life.windows.change_hive(|hive| {
        hive.delete(&format!("{ENUM}\\PCIIDE"));
        hive.delete(&format!("{ENUM}\\{}", machine.controller_instance()));
    });
    match run::uninstall(&mut life.windows) {
        Err(Error::Refused(reasons)) => assert_eq!(reasons[0].code, "no-way-back"),
        other => panic!("{other:?}"),
    }
}

/// The words of the refusal of release V1 on a machine that is a little different.
fn refused(change: impl FnOnce(&mut Machine)) -> (&'static str, String) {
    let mut machine = Machine::new(&[V1]);
    change(&mut machine);
    let machine = Arc::new(machine);
    let mut life = Life::new(&machine, Weather::default()).expect("boots");
    let before = life.windows.disk();
    match run::install(&mut life.windows, folder(V1).as_ref(), Allowances::default(), false) {
        Err(Error::Refused(mut reasons)) => {
            let same = *before.hive == *life.windows.hive() && *before.files == *life.windows.files();
            assert!(same, "a refusal changes nothing");
            let reason = reasons.remove(0);
            (reason.code, reason.message)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn poor_machines_and_damaged_packages_are_refused() {
    assert_eq!(refused(|machine| machine.administrator = false).0, "rights");
    assert_eq!(refused(|machine| machine.free = 1 << 20).0, "disk-full");
    assert_eq!(refused(|machine| machine.build = 10586).0, "build");
    let damaged = |name: &str, content: &[u8]| {
        refused(|machine| {
            let mut release = bootmodel::release::Release::new(V1);
            release.damaged.insert(name.into(), content.to_vec());
            let release = Arc::new(release);
            machine.folders.values_mut().for_each(|slot| *slot = Arc::clone(&release));
        })
    };
    for (name, content, words) in [
        ("xenpvvbd/xenpvvbd.sys", &b"other"[..], "not the file that was released"),
        ("xenpvnet/xenpvnet.cat", b"", "cannot be read"),
        ("package.json", b"{", "damaged"),
        ("package.json", b"{\"version\":\"1.0.0.0\",\"signing\":\"whql\",\"files\":{}}", "does not name"),
        ("package.json", b"", "no driver folder"),
    ] {
        let (code, message) = damaged(name, content);
        assert_eq!(code, "package");
        assert!(message.contains(words), "{message}");
    }
    // Packed from two releases.
    let (code, message) = refused(|machine| {
        let mixed = |text: &str| text.replace(V1, V2);
        let release = Arc::new(bootmodel::release::Release::new(V1).edit(Driver::Net, mixed));
        machine.folders.values_mut().for_each(|slot| *slot = Arc::clone(&release));
    });
    assert_eq!(code, "package");
    assert!(message.contains("is version 1.1.0.0, the release is 1.0.0.0"), "{message}");
}

#[test]
fn drivers_that_this_windows_would_not_load_are_refused() {
    let signed = |signing: &'static str, options: &str, secure: bool| {
        let mut machine = Machine::new(&[V1]);
        let mut release = bootmodel::release::Release::new(V1);
        release.signing = signing;
        let release = Arc::new(release);
        machine.folders.values_mut().for_each(|slot| *slot = Arc::clone(&release));
        let machine = Arc::new(machine);
        let disk = edit(&boot::fresh(&machine), |hive| {
            hive.set_text(r"SYSTEM\CurrentControlSet\Control", "SystemStartOptions", options);
            let state = r"SYSTEM\CurrentControlSet\Control\SecureBoot\State";
            hive.set_dword(state, "UEFISecureBootEnabled", u32::from(secure));
        });
        let life = Life::begin(&disk, &machine, Weather::default()).expect("boots");
        run::check(&life.windows, folder(V1).as_ref(), Allowances::default())
            .map(|package| package.version)
            .map_err(|error| match error {
                Error::Refused(reasons) => reasons[0].code,
                Error::Failed(failure) => panic!("{failure}"),
            })
    };
    assert_eq!(signed("whql", "", true), Ok(V1.into()));
    assert_eq!(signed("attested", "", true), Ok(V1.into()), "a client");
    assert_eq!(signed("test", " NOEXECUTE=OPTIN TESTSIGNING", false), Ok(V1.into()));
    assert_eq!(signed("test", " NOEXECUTE=OPTIN", false), Err("signature"));
    assert_eq!(signed("test", " TESTSIGNING", true), Err("signature"));
    assert_eq!(signed("none", " TESTSIGNING", false), Err("signature"));
}
