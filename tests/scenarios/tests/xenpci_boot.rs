//! xenpci starts on every hypervisor, follows its children, stops, and leaves nothing behind.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState, removal};
use scenarios::rig::{Rig, boot, event_log, node, sleep, state_of, wait_until};
use xensim::{EmulatedConfig, Flavour, NicConfig, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const ADAPTER: &str = "XENPV\\VBD&SUBSYS_58535250\\";
const NIC: &str = "XENPV\\VIF&SUBSYS_58535250\\";

fn started(rig: &Rig) {
    rig.run(|| {
        boot(&["xenpvpci"]);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
        wait_until("the storage adapter", 5, || pnp::find(ADAPTER).is_some());
    });
}

#[test]
fn the_bus_starts_and_enumerates_the_storage_adapter() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 1);
    started(&rig);
    let console = rig.console();
    assert!(console.contains("xenpvpci: Xen 4.20, 2 processors, 2 vectors, FIFO events"), "{console}");
    rig.xen.assert_clean();
}

#[test]
fn every_hypervisor_gets_what_it_has() {
    for (flavour, events) in [
        (Flavour::xen_4_20(), "FIFO"),
        (Flavour::xcp_ng(), "FIFO"),
        (Flavour::plain(), "2-level"),
        (Flavour::xen_4_1(), "2-level"),
        (Flavour::xen_3_4(), "2-level"),
    ] {
        let version = format!("{}.{}", flavour.version.0, flavour.version.1);
        let rig = Rig::new(Xen::builder().flavour(flavour).vcpus(2).build(), 7);
        started(&rig);
        let console = rig.console();
        assert!(console.contains(&format!("Xen {version}, 2 processors")), "{version}: {console}");
        assert!(console.contains(events), "{version}: {console}");
        rig.xen.assert_clean();
    }
}

#[test]
fn xen_3_0_3_starts_without_what_it_lacks() {
    let rig = Rig::new(Xen::builder().flavour(Flavour::xen_3_0_3()).vcpus(1).build(), 7);
    started(&rig);
    let console = rig.console();
    assert!(console.contains("2-level events, 4 grant frames"), "{console}");
}

#[test]
fn every_number_of_processors() {
    for vcpus in [1, 2, 8, 64, 80] {
        let rig = Rig::new(Xen::builder().vcpus(vcpus).build(), vcpus as u64);
        started(&rig);
        let console = rig.console();
        assert!(console.contains(&format!("{vcpus} processors, {vcpus} vectors")), "{vcpus}: {console}");
        rig.xen.assert_clean();
    }
}

#[test]
fn a_hypervisor_behind_viridian_is_found() {
    let rig = Rig::new(Xen::builder().viridian(true).vcpus(1).build(), 3);
    started(&rig);
}

#[test]
fn the_toolstack_finds_its_keys() {
    let rig = Rig::new(Xen::builder().vcpus(1).build(), 4);
    started(&rig);
    rig.run(|| wait_until("the keys", 5, || rig.xen.missing_capabilities().is_empty()));
}

#[test]
fn interfaces_come_and_go_live() {
    let rig = Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).build(), 5);
    started(&rig);
    rig.run(|| {
        wait_until("vif 0", 5, || pnp::find(NIC).is_some());
        rig.xen.plug_nic(NicConfig::new(3));
        wait_until("vif 3", 5, || pnp::dump().matches("XENPV\\VIF").count() == 2);
        rig.xen.yank_nic(0);
        wait_until("vif 0 gone", 10, || pnp::dump().matches("XENPV\\VIF").count() == 1);
        rig.xen.plug_nic(NicConfig::new(0));
        wait_until("vif 0 again", 10, || pnp::dump().matches("XENPV\\VIF").count() == 2);
    });
    rig.xen.assert_clean();
}

#[test]
fn stop_and_start_again_and_unload() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 6);
    started(&rig);
    rig.run(|| {
        for round in 0..5 {
            removal::disable(node(BUS)).unwrap_or_else(|status| panic!("round {round}: {status:#x}"));
            assert_eq!(state_of(BUS).map(|s| s.0), Some(NodeState::Removed), "round {round}");
            removal::enable(node(BUS));
            wait_until("started again", 5, || state_of(BUS) == Some((NodeState::Started, 0)));
        }
    });
    rig.xen.assert_clean();
}

/// A second platform device does not get a second adapter with the same unique ID. It may take over when the first is
/// gone.
#[test]
fn one_bus_serves_xen() {
    let emulated = EmulatedConfig { second_platform: true, ..EmulatedConfig::default() };
    let rig = Rig::new(Xen::builder().vcpus(2).emulated(emulated).build(), 11);
    started(&rig);
    rig.run(|| {
        const SECOND: &str = "PCI\\VEN_5853&DEV_0002";
        let failed_start = Some(10);
        assert_eq!(state_of(SECOND).map(|(_, problem)| problem), failed_start, "{}", pnp::dump());
        assert!(event_log().iter().any(|text| text.contains("another device serves Xen already")));
        assert_eq!(pnp::dump().matches("XENPV\\VBD").count(), 1, "{}", pnp::dump());
        removal::disable(node(BUS)).unwrap();
        removal::disable(node(SECOND)).unwrap();
        removal::enable(node(SECOND));
        wait_until("the second", 20, || state_of(SECOND) == Some((NodeState::Started, 0)));
        wait_until("its storage adapter", 5, || pnp::find(ADAPTER).is_some());
    });
    rig.xen.assert_clean();
}

#[test]
fn the_bus_survives_a_rebalance() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 8);
    started(&rig);
    rig.run(|| {
        removal::rebalance(node(BUS)).unwrap();
        wait_until("started again", 5, || state_of(BUS) == Some((NodeState::Started, 0)));
        wait_until("the adapter", 5, || pnp::find(ADAPTER).is_some());
    });
    rig.xen.assert_clean();
}

#[test]
fn at_rest_nothing_polls() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 9);
    started(&rig);
    let before = rig.run(|| {
        sleep(5_000);
        rig.xen.stats().hypercalls.values().sum::<u64>()
    });
    let after = rig.run(|| {
        sleep(60_000);
        rig.xen.stats().hypercalls.values().sum::<u64>()
    });
    assert_eq!(after - before, 0, "hypercalls in a minute of rest");
}
