//! Plug and Play: installation by INF, start, stop, removal, resources, interfaces, user mode.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;

use common::driver::{CLASS, KNOBS, Knobs, entry, knobs};
use common::pci::{Function, PciMachine, Shared};
use ntsim::cm;
use ntsim::io::{security::Token, user::Process};
use ntsim::pnp::{self, boot, install, node::NodeState, removal, store::Source};
use ntsim_host::{Builder, Sim};
use std::rc::Rc;

const INF: &str = r#"[Version]
Signature="$Windows NT$"
Class=System
ClassGuid={4d36e97d-e325-11ce-bfc1-08002be10318}
Provider=%V%
DriverVer=11/22/2026,1.0.0.0
CatalogFile=t.cat
PnpLockdown=1
[Manufacturer]
%V%=Models,NTamd64,NTamd64.10.0...16299
[Models.NTamd64]
%D%=Dev,PCI\VEN_5853&DEV_0001
[Models.NTamd64.10.0...16299]
%D%=Dev,PCI\VEN_5853&DEV_0001
[DestinationDirs]
DefaultDestDir=12
[Dev.NT]
CopyFiles=@t.sys
AddReg=Soft
[Soft]
HKR,,Hello,,"world"
[Dev.NT.HW]
AddReg=Hw
[Hw]
HKR,,Security,,"D:P(A;;GA;;;SY)(A;;GA;;;BA)"
HKR,Interrupt Management\MessageSignaledInterruptProperties,MSISupported,0x00010001,1
[Dev.NT.Services]
AddService=testdrv,2,Svc
[Svc]
ServiceType=1
StartType=0
ErrorControl=1
ServiceBinary=%12%\t.sys
LoadOrderGroup=Boot Bus Extender
AddReg=Params
[Params]
HKR,Parameters,Level,0x00010001,7
[Strings]
V="Vendor"
D="Test device"
"#;

const DEVICE: &str = "PCI\\VEN_5853&DEV_0001";

fn machine(cpus: u32) -> (Builder, Rc<Shared>) {
    let shared = Rc::new(Shared::default());
    shared.functions.borrow_mut().insert((2, 0), Function::new(0x5853, 1));
    KNOBS.with(|k| *k.borrow_mut() = Knobs::default());
    let m = PciMachine { shared: shared.clone(), cpus };
    (Sim::builder().processors(cpus).machine(Box::new(m)), shared)
}

fn boot_with_driver() {
    install::add_package("test.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))]).unwrap();
    boot::run();
}

fn state_of(path: &str) -> (NodeState, u32) {
    let id = pnp::find(path).unwrap();
    pnp::with(id, |n| (n.state, n.problem))
}

fn driver_started(sim: &Sim) {
    sim.run(|| {
        boot_with_driver();
        assert_eq!(state_of(DEVICE), (NodeState::Started, 0), "{}", pnp::dump());
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn installs_from_inf_and_starts() {
    let (builder, _) = machine(1);
    let sim = builder.build();
    sim.run(|| {
        boot_with_driver();
        let id = pnp::find(DEVICE).expect("the device exists");
        assert_eq!(state_of(DEVICE), (NodeState::Started, 0), "{}", pnp::dump());
        let key = pnp::with(id, |n| n.enum_key());
        assert!(
            key.ends_with("Enum\\PCI\\VEN_5853&DEV_0001&SUBSYS_00015853&REV_01\\3&267a616a&0&10")
                || key.contains("&0&10"),
            "{key}"
        );
        assert_eq!(cm::get_sz(&key, "Service").as_deref(), Some("testdrv"));
        assert_eq!(
            cm::get_sz(&key, "Driver").as_deref(),
            Some("{4d36e97d-e325-11ce-bfc1-08002be10318}\\0000")
        );
        let class =
            format!("{}\\Control\\Class\\{{4d36e97d-e325-11ce-bfc1-08002be10318}}\\0000", cm::CONTROL_SET);
        assert_eq!(cm::get_sz(&class, "Hello").as_deref(), Some("world"));
        assert_eq!(cm::get_sz(&class, "MatchingDeviceId").as_deref(), Some("PCI\\VEN_5853&DEV_0001"));
        let service = format!("{}\\Services\\testdrv", cm::CONTROL_SET);
        assert_eq!(cm::get_dword(&service, "Start"), Some(0));
        assert_eq!(cm::get_dword(&format!("{service}\\Parameters"), "Level"), Some(7));
        assert_eq!(cm::get_sz(&service, "ImagePath").as_deref(), Some("system32\\drivers\\t.sys"));
    })
    .unwrap_or_else(|b| panic!("{b}"));
    let seen = knobs(|k| k.seen.clone());
    assert_eq!(seen[0], "entry \\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\testdrv");
    let order: Vec<&str> = seen[1..].iter().map(String::as_str).collect();
    assert_eq!(
        order,
        [
            "IRP_MN_FILTER_RESOURCE_REQUIREMENTS",
            "IRP_MN_START_DEVICE",
            "IRP_MN_QUERY_CAPABILITIES",
            "IRP_MN_QUERY_PNP_DEVICE_STATE",
            "IRP_MN_QUERY_DEVICE_RELATIONS"
        ]
    );
    // Ports, memory, line: where the firmware put them; the line is GSI 24 and has a vector.
    let raw = knobs(|k| k.raw.clone());
    assert_eq!((raw[0].0, raw[0].2[0], raw[0].2[2]), (1, 0xC100, 0x100));
    assert_eq!((raw[1].0, raw[1].2[0], raw[1].2[2]), (3, 0xF200_0000, 0x10_0000));
    assert_eq!((raw[2].0, raw[2].2[0], raw[2].2[1]), (2, 24, 24));
    let translated = knobs(|k| k.translated.clone());
    assert_eq!(translated[2].2[0], translated[2].2[1] >> 4);
}

#[test]
fn orderly_removal_unloads_the_driver() {
    let (builder, _) = machine(1);
    let sim = builder.build();
    sim.run(|| {
        boot_with_driver();
        let id = pnp::find(DEVICE).unwrap();
        knobs(|k| k.seen.clear());
        knobs(|k| k.veto_remove = true);
        assert!(removal::remove(id).is_err());
        assert_eq!(state_of(DEVICE).0, NodeState::Started);
        knobs(|k| k.veto_remove = false);
        removal::disable(id).unwrap();
        assert_eq!(state_of(DEVICE), (NodeState::Removed, 22));
        let seen = knobs(|k| std::mem::take(&mut k.seen));
        assert_eq!(
            seen,
            [
                "IRP_MN_QUERY_REMOVE_DEVICE",
                "IRP_MN_CANCEL_REMOVE_DEVICE",
                "IRP_MN_QUERY_REMOVE_DEVICE",
                "IRP_MN_REMOVE_DEVICE",
                "unload"
            ]
        );
        removal::enable(id);
        assert_eq!(state_of(DEVICE), (NodeState::Started, 0));
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn surprise_removal_waits_for_handles() {
    let (builder, shared) = machine(2);
    let sim = builder.build();
    sim.run(move || {
        boot_with_driver();
        let link = link();
        let process = Process::new(Token::administrator());
        let handle = process.open(&link, 0xC000_0000).expect("opens");
        knobs(|k| k.seen.clear());
        shared.functions.borrow_mut().clear();
        removal::rescan(pnp::bus::pci_bus().unwrap());
        assert_eq!(state_of(DEVICE).0, NodeState::Surprised);
        assert_eq!(process.open(&link, 0xC000_0000), Err(nt::sys::STATUS_OBJECT_NAME_NOT_FOUND));
        assert_eq!(knobs(|k| k.seen.clone()), ["IRP_MN_SURPRISE_REMOVAL"]);
        process.close(handle);
        removal::handles_closed();
        assert!(pnp::find(DEVICE).is_none(), "{}", pnp::dump());
        let seen = knobs(|k| k.seen.clone());
        assert_eq!(seen[1..], ["IRP_MJ_CLEANUP", "IRP_MJ_CLOSE", "IRP_MN_REMOVE_DEVICE", "unload"]);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

fn link() -> String {
    let path = pnp::with(pnp::find(DEVICE).unwrap(), |n| n.path.clone());
    format!("\\??\\{}#{}", path.replace('\\', "#"), ntsim::io::guid::text(&CLASS))
}

#[test]
fn users_are_kept_out_and_administrators_let_in() {
    let (builder, _) = machine(1);
    let sim = builder.build();
    driver_started(&sim);
    sim.run(|| {
        let link = link();
        let user = Process::new(Token::user());
        assert_eq!(user.open(&link, 0x8000_0000), Err(nt::sys::STATUS_ACCESS_DENIED));
        // FILE_DEVICE_SECURE_OPEN guards names within the device, too.
        assert_eq!(user.open(&format!("{link}\\x"), 0x8000_0000), Err(nt::sys::STATUS_ACCESS_DENIED));
        let admin = Process::new(Token::administrator());
        let handle = admin.open(&link, 0xC000_0000).unwrap();
        let code = |function: u32, method: u32| 0x22 << 16 | function << 2 | method;
        assert_eq!(admin.ioctl(handle, code(1, 0), b"abc", 8), (0, b"cba".to_vec()));
        assert_eq!(admin.ioctl(handle, code(3, 2), b"direct", 6), (0, b"direct".to_vec()));
        assert_eq!(admin.ioctl(handle, code(9, 0), b"", 0).0, nt::sys::STATUS_INVALID_DEVICE_REQUEST);
        let pending = admin.ioctl_start(handle, code(2, 0), b"", 0);
        assert!(!admin.is_done(&pending));
        admin.cancel(&pending);
        assert_eq!(admin.finish(pending).0, nt::sys::STATUS_CANCELLED);
        // A write right that the handle has not.
        let reader = admin.open(&link, 0x8000_0000).unwrap();
        let guarded = 0x22 << 16 | 2 << 14 | 1 << 2;
        assert_eq!(admin.ioctl(reader, guarded, b"abc", 8).0, nt::sys::STATUS_ACCESS_DENIED);
        assert_eq!(admin.exit(Vec::new()), 0);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn rebalance_moves_a_device() {
    let (builder, _) = machine(1);
    let sim = builder.build();
    sim.run(|| {
        boot_with_driver();
        let id = pnp::find(DEVICE).unwrap();
        knobs(|k| k.veto_stop = true);
        assert!(removal::rebalance(id).is_err());
        knobs(|k| k.veto_stop = false);
        removal::query_stop_cancelled(id).unwrap();
        // Somebody else takes the ports meanwhile.
        pnp::resources::arbiter().release(id);
        pnp::resources::arbiter().reserve(true, 0xC100, 0x100);
        knobs(|k| k.seen.clear());
        removal::rebalance(id).unwrap();
        assert_eq!(state_of(DEVICE).0, NodeState::Started);
        let raw = knobs(|k| k.raw.clone());
        assert_eq!((raw[0].0, raw[0].2[0]), (1, 0xC000));
        assert_eq!(
            ntsim::pnp::pci::read(machine::PciAddress { bus: 0, device: 2, function: 0 }, 0x10, 4),
            0xC001
        );
        assert_eq!(knobs(|k| k.seen[..2].to_vec()), ["IRP_MN_QUERY_STOP_DEVICE", "IRP_MN_STOP_DEVICE"]);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn line_interrupts_reach_the_driver() {
    let (builder, shared) = machine(1);
    let sim = builder.build();
    sim.run(move || {
        knobs(|k| {
            k.connect = true;
            k.device = Some(shared.clone());
        });
        boot_with_driver();
        assert_eq!(state_of(DEVICE).0, NodeState::Started);
        shared.lines.set(1 << 24);
        pnp::manager::sleep_ms(5);
        assert!(knobs(|k| k.interrupts) > 0);
        removal::remove(pnp::find(DEVICE).unwrap()).unwrap();
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn filter_adds_a_message_per_processor() {
    let (builder, _) = machine(4);
    let sim = builder.build();
    sim.run(|| {
        knobs(|k| k.add_messages = 4);
        boot_with_driver();
        assert_eq!(state_of(DEVICE), (NodeState::Started, 0));
    })
    .unwrap_or_else(|b| panic!("{b}"));
    let translated = knobs(|k| k.translated.clone());
    let messages: Vec<_> = translated.iter().filter(|d| d.0 == 2 && d.1 & 2 != 0).collect();
    assert_eq!(messages.len(), 4);
    let vectors: std::collections::BTreeSet<u32> = messages.iter().map(|m| m.2[1]).collect();
    assert_eq!(vectors.len(), 4);
    for (n, m) in messages.iter().enumerate() {
        assert_eq!((m.2[0], m.2[2]), (m.2[1] >> 4, 1 << n));
    }
}

#[test]
fn problems_are_told() {
    for (set, code) in [
        ((|k: &mut Knobs| k.add_device_fails = true) as fn(&mut Knobs), 31),
        (|k| k.start_fails = true, 10),
        (|k| k.state = 4, 43),
    ] {
        let (builder, _) = machine(1);
        let sim = builder.build();
        sim.run(move || {
            knobs(set);
            boot_with_driver();
            assert_eq!(state_of(DEVICE).1, code, "{}", pnp::dump());
        })
        .unwrap_or_else(|b| panic!("{b}"));
    }
    // Without a driver: 28.
    let (builder, _) = machine(1);
    let sim = builder.build();
    sim.run(|| {
        boot::run();
        assert_eq!(state_of(DEVICE).1, 28);
        install::add_package("test.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))])
            .unwrap();
        boot::install_pending();
        assert_eq!(state_of(DEVICE), (NodeState::Started, 0));
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn a_second_boot_starts_the_device_in_the_boot_phase() {
    // The registry of the first boot is carried over by hand: what an installed system has.
    let (builder, _) = machine(1);
    let sim = builder.build();
    sim.run(|| {
        boot_with_driver();
        let id = pnp::find(DEVICE).unwrap();
        removal::remove(id).unwrap();
        *pnp::state().phase.lock() = boot::Phase::Boot;
        knobs(|k| k.seen.clear());
        removal::revive(id);
        assert_eq!(state_of(DEVICE).0, NodeState::Started);
        // Demoted by StartOverride it would not have been loaded.
        removal::remove(id).unwrap();
        cm::set_dword(&format!("{}\\Services\\testdrv\\StartOverride", cm::CONTROL_SET), "0", 3, false);
        removal::revive(id);
        assert_eq!(state_of(DEVICE).0, NodeState::Removed);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}
