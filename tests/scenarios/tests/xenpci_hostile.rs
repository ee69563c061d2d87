//! A xenstored that is slow, full, silent or lies; peers that storm: the system stays responsive.
#![allow(missing_docs)]

use ntsim::{
    pnp::{self, node::NodeState, removal},
    storport::{self, adapter::Address, disk::Disk},
};
use scenarios::rig::{Rig, boot, event_log, node, sleep, state_of, wait_until};
use xensim::{BlockAttack, BlockConfig, NewHost, NicConfig, StoreAttack, StoreLimits, StoreMode, Wake, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const XVDE: u32 = 51776;

fn xen(seed: u64) -> Xen {
    Xen::builder().vcpus(2).seed(seed).disk(BlockConfig::new(XVDE, 8)).nic(NicConfig::new(0)).build()
}

/// Boots with a disk that is in use. In the guest.
fn open() -> Disk {
    boot(&["xenpvpci", "xenpvvbd"]);
    assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
    let adapter = storport::adapters()[0];
    storport::scan::scan(adapter);
    Disk::open(adapter, Address { path: 0, target: 4, lun: 0 })
        .unwrap_or_else(|e| panic!("{e:?}: {:#?}", event_log()))
}

/// The disk works. In the guest.
fn does_io(disk: &Disk, xen: &Xen, n: u8) {
    disk.write(u64::from(n) * 8, &[n; 4096], false).unwrap_or_else(|e| panic!("{e:?}: {:#?}", event_log()));
    assert!(xen.disk(XVDE).unwrap().borrow().bytes(u64::from(n) * 8, 8) == [n; 4096]);
}

fn complaints() -> usize {
    event_log().iter().filter(|text| text.contains("xenstore is broken")).count()
}

/// Whatever xenstored says to a running system: it is believed or not used any more (one entry in the
/// event log), disks go on, the bus can be stopped, and a migration to a host with a sound one mends it.
#[test]
fn lies_of_xenstored() {
    for (seed, attack) in StoreAttack::ALL.into_iter().enumerate() {
        let rig = Rig::new(xen(seed as u64), 100 + seed as u64);
        let xen = rig.xen.clone();
        let breaks = !matches!(attack, StoreAttack::StrangeError | StoreAttack::WatchFlood);
        rig.run(|| {
            let disk = open();
            wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
            xen.sim_mut().ring.mode = StoreMode::Hostile(attack, 1);
            xen.plug_nic(NicConfig::new(1));
            for n in 1..10 {
                does_io(&disk, &xen, n);
                sleep(5_000);
            }
            assert!(complaints() <= 1, "{attack:?}: {:#?}", event_log());
            if breaks {
                assert_eq!(complaints(), 1, "{attack:?}: {:#?}", event_log());
            }
            // A sound store on the next host: control/shutdown cannot be heard by a deaf guest, so the
            // machine sleeps.
            let host = NewHost { store_mode: Some(StoreMode::Honest), ..NewHost::default() };
            ntsim::po::system::transition(ntsim::po::system::Transition::Hibernate, || xen.s4_wake(host))
                .unwrap();
            wait_until("the keys", 20, || xen.missing_capabilities().is_empty());
            does_io(&disk, &xen, 20);
            removal::disable(node(BUS)).unwrap();
        });
    }
}

/// From its first answer on. The bus does not start or does; the boot goes on in bounded time.
#[test]
fn a_boot_against_a_lying_store() {
    let modes = StoreAttack::ALL.map(|attack| StoreMode::Hostile(attack, 1));
    let more = [StoreMode::Silent, StoreMode::Dead, StoreMode::Slow(200_000_000)];
    for (seed, mode) in modes.into_iter().chain(more).enumerate() {
        let rig = Rig::new(xen(seed as u64), 200 + seed as u64);
        rig.xen.sim_mut().ring.mode = mode;
        rig.run(|| {
            let before = rig.sim.now();
            boot(&["xenpvpci", "xenpvvbd"]);
            let took = rig.sim.now() - before;
            assert!(took < 180_000_000_000, "{mode:?}: {took} ns");
            if mode == StoreMode::Slow(200_000_000) {
                assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
                wait_until("vif 0", 60, || pnp::find("XENPV\\VIF").is_some());
            }
            let _ = removal::disable(node(BUS));
        });
    }
}

#[test]
fn silence_breaks_the_store_after_its_bound_and_nothing_else() {
    for mode in [StoreMode::Silent, StoreMode::Dead] {
        let rig = Rig::new(xen(1), 300);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
            sleep(1_000);
            xen.sim_mut().ring.mode = mode;
            for n in 1..10 {
                does_io(&disk, &xen, n);
                sleep(5_000);
            }
            // Somebody has to ask: the bus is taken down, which ends watches.
            let before = rig.sim.now();
            removal::disable(node(BUS)).unwrap();
            let took = rig.sim.now() - before;
            assert!(took < 120_000_000_000, "{mode:?}: {took} ns");
        });
    }
}

#[test]
fn a_full_store_is_told_once_and_lived_with() {
    let limits = StoreLimits { nodes: 20, ..StoreLimits::xenstored() };
    let full = Xen::builder().vcpus(2).store(limits).disk(BlockConfig::new(XVDE, 8)).build();
    let rig = Rig::new(full, 310);
    let xen = rig.xen.clone();
    rig.run(|| {
        let adapter = {
            boot(&["xenpvpci", "xenpvvbd"]);
            assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
            storport::adapters()[0]
        };
        let told = || event_log().iter().filter(|t| t.contains("toolstack's keys")).count();
        wait_until("the warning", 20, || told() == 1);
        let _ = adapter;
        xen.request_shutdown("poweroff");
        wait_until("a request is still heard", 10, || !ntsim::po::system::take_asked().is_empty());
    });
    rig.xen.assert_clean();
}

/// Thousands of watch events that somebody else causes: others go on, and what is new is seen.
#[test]
fn watch_floods_do_not_starve_anybody() {
    let rig = Rig::new(xen(2), 320);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
        for n in 1..20u8 {
            for _ in 0..500 {
                let mut sim = xen.sim_mut();
                let xensim::Sim { world, tools, .. } = &mut *sim;
                tools.write(world, "device/vif/0/flood", "1");
                tools.write(world, "memory/target", "65536");
            }
            does_io(&disk, &xen, n);
        }
        xen.plug_nic(NicConfig::new(7));
        wait_until("vif 7", 60, || pnp::dump().matches("XENPV\\VIF").count() == 2);
    });
    rig.xen.assert_clean();
}

/// A back-end that sends events without end and without work (XSA-391) is slowed down: the number of
/// interrupts that it costs is bounded, and the disk goes on.
#[test]
fn an_event_storm_is_slowed_down() {
    for seed in 330..336 {
        let mut config = BlockConfig::new(XVDE, 8);
        (config.attacks, config.attack_one_in) = (vec![BlockAttack::EventStorm], 2);
        let rig = Rig::new(Xen::builder().vcpus(2).seed(seed).disk(config).build(), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            let before = xen.stats();
            for n in 1..20 {
                does_io(&disk, &xen, n);
            }
            sleep(1_000);
            let after = xen.stats();
            let sent = after.events_to_guest - before.events_to_guest;
            let taken = after.upcalls - before.upcalls;
            assert!(sent > 1_000, "seed {seed}: a storm of {sent} events");
            assert!(taken < sent / 10, "seed {seed}: {taken} interrupts for {sent} events");
        });
        rig.xen.assert_clean();
    }
}

#[test]
fn a_broken_store_is_mended_by_a_wake() {
    let rig = Rig::new(xen(3), 340);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        xen.suspend(
            Wake::New(Box::new(NewHost {
                store_mode: Some(StoreMode::Slow(3_000_000)),
                ..NewHost::default()
            })),
            1_000_000,
        );
        wait_until("the wake", 30, || rig.console().contains("resumed (Some(NewDomain))"));
        does_io(&disk, &xen, 1);
        wait_until("the keys", 30, || xen.missing_capabilities().is_empty());
    });
    rig.xen.assert_clean();
}
