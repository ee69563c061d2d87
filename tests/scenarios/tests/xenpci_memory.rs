//! The balloon follows the host within its bounds, and gives everything back.
#![allow(missing_docs)]

use ntsim::{
    pnp::{self, node::NodeState, removal},
    po::system::{Transition, transition},
};
use scenarios::rig::{Rig, boot, event_log, node, sleep, state_of, wait_until};
use xensim::{NewHost, Wake, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const MIB: u64 = 1024;
/// Pages in a MiB.
const PAGES: u64 = 256;

fn rig(seed: u64, target: u64) -> Rig {
    let xen = Xen::builder().vcpus(2).memory(640).seed(seed).build();
    xen.sim_mut().tools.memory = (target * MIB, 640 * MIB);
    let rig = Rig::with(xen, seed, |b| b.memory_mib(640));
    rig.run(|| {
        boot(&["xenpvpci"]);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
    });
    rig
}

/// Frames that are empty beside the room for the hypervisor's pages.
fn held(rig: &Rig, room: u64) -> u64 {
    rig.xen.held().holes.saturating_sub(room)
}

#[test]
fn the_balloon_follows_the_target_both_ways() {
    let rig = rig(1, 640);
    rig.run(|| {
        sleep(1_000);
        let room = rig.xen.held().holes;
        for target in [600, 560, 620, 580, 640] {
            rig.xen.set_memory_target(target * MIB);
            let wanted = (640 - target) * PAGES;
            wait_until(&format!("{wanted} pages"), 30, || held(&rig, room) == wanted);
        }
        // Windows keeps its floor, whatever is asked; nonsense is an empty balloon.
        rig.xen.set_memory_target(MIB);
        wait_until("the floor", 60, || held(&rig, room) == 127 * PAGES);
        sleep(1_000);
        assert_eq!(held(&rig, room), 127 * PAGES);
        rig.xen.set_memory_target(0);
        wait_until("empty", 60, || held(&rig, room) == 0);
        rig.xen.set_memory_target(600 * MIB);
        wait_until("again", 30, || held(&rig, room) == 40 * PAGES);
        // The bus goes: everything is given back.
        removal::disable(node(BUS)).unwrap();
        assert_eq!(rig.xen.held().holes, 0);
    });
    rig.xen.assert_clean();
}

/// Populate-on-demand: the host has less than the guest believes from the start.
#[test]
fn a_boot_below_static_max_balloons_at_once() {
    let rig = rig(2, 576);
    rig.run(|| {
        wait_until("the balloon", 30, || rig.xen.held().holes >= 64 * PAGES);
        removal::disable(node(BUS)).unwrap();
        assert_eq!(rig.xen.held().holes, 0);
    });
    rig.xen.assert_clean();
}

#[test]
fn a_host_without_memory_is_asked_again_later() {
    let rig = rig(3, 640);
    rig.run(|| {
        sleep(1_000);
        let room = rig.xen.held().holes;
        rig.xen.set_memory_target(600 * MIB);
        wait_until("the balloon", 30, || held(&rig, room) == 40 * PAGES);
        // Some frames come back, then the host is full.
        rig.xen.sim_mut().world.hv.populate_fails_permille = 1;
        rig.xen.set_memory_target(640 * MIB);
        sleep(20_000);
        rig.xen.sim_mut().world.hv.populate_fails_permille = 1000;
        sleep(20_000);
        rig.xen.sim_mut().world.hv.populate_fails_permille = 0;
        wait_until("all of it", 30, || held(&rig, room) == 0);
    });
    rig.xen.assert_clean();
}

#[test]
fn the_balloon_through_every_wake() {
    let rig = rig(4, 600);
    rig.run(|| {
        wait_until("the balloon", 30, || rig.xen.held().holes >= 40 * PAGES);
        sleep(1_000);
        let holes = rig.xen.held().holes;
        for (wake, name) in [
            (Wake::Cancelled, "Cancelled"),
            (Wake::Same, "SameDomain"),
            (Wake::New(Box::default()), "NewDomain"),
        ] {
            rig.xen.suspend(wake, 1_000_000);
            wait_until(name, 20, || rig.console().contains(&format!("resumed (Some({name}))")));
            sleep(1_000);
            assert!(rig.xen.held().holes.abs_diff(holes) < 8, "{name}");
        }
        // A hibernation image has no empty frames: the balloon is emptied before.
        transition(Transition::Hibernate, || {
            assert!(rig.xen.held().holes < 100, "{}", rig.xen.held().holes);
            rig.xen.s4_wake(NewHost::default());
        })
        .unwrap();
        wait_until("the target holds again", 30, || rig.xen.held().holes >= 40 * PAGES);
        assert!(!event_log().iter().any(|text| text.contains("no memory to empty")));
        removal::disable(node(BUS)).unwrap();
    });
    rig.xen.assert_clean();
}
