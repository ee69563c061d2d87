//! Suspend and every kind of wake.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState};
use scenarios::rig::{Rig, boot, state_of, wait_until};
use xensim::{Flavour, NewHost, NicConfig, Wake, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";

fn suspended(vcpus: usize, seed: u64, wake: impl Fn() -> Wake, kind: &str) {
    let rig = Rig::new(Xen::builder().vcpus(vcpus).nic(NicConfig::new(0)).build(), seed);
    rig.run(|| {
        boot(&["xenpvpci"]);
        wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
        for round in 1..=3 {
            rig.xen.suspend(wake(), 1_000_000);
            let resumed = format!("xenpvpci: resumed (Some({kind}))");
            wait_until("the wake", 20, || rig.console().matches(&resumed).count() == round);
            wait_until("the keys", 10, || rig.xen.missing_capabilities().is_empty());
        }
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
        // Everything still works: hot-plug needs store, watches and events.
        rig.xen.plug_nic(NicConfig::new(5));
        wait_until("vif 5", 10, || pnp::dump().matches("XENPV\\VIF").count() == 2);
    });
    rig.xen.assert_clean();
}

#[test]
fn a_cancelled_suspend_changes_nothing() {
    for (vcpus, seed) in [(1, 1), (2, 2), (8, 3)] {
        suspended(vcpus, seed, || Wake::Cancelled, "Cancelled");
    }
}

#[test]
fn the_same_domain_goes_on() {
    for (vcpus, seed) in [(1, 1), (2, 2), (8, 3)] {
        suspended(vcpus, seed, || Wake::Same, "SameDomain");
    }
}

#[test]
fn a_new_domain_is_built_up() {
    for (vcpus, seed) in [(1, 1), (2, 2), (8, 3), (40, 4)] {
        suspended(vcpus, seed, || Wake::New(Box::default()), "NewDomain");
    }
}

#[test]
fn a_new_host_may_offer_less() {
    for flavour in [Flavour::plain(), Flavour::xen_4_1()] {
        let host = NewHost { flavour: Some(flavour), ..NewHost::default() };
        suspended(2, 11, || Wake::New(Box::new(host.clone())), "NewDomain");
    }
}
