//! xennet starts on the NIC that xenpci reports, connects, stops and starts again.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState, removal};
use scenarios::rig::{Rig, boot, node, state_of, wait_until};
use xensim::{NetKind, NicConfig, Xen};

const NIC: &str = "XENPV\\VIF&SUBSYS_58535250\\";

fn connected(rig: &Rig, times: u64) {
    wait_until("the NIC", 20, || {
        state_of(NIC).is_some_and(|(state, problem)| {
            assert_eq!(problem, 0, "{}", pnp::dump());
            state == NodeState::Started
        })
    });
    // The back-end's connection may come after the initialization, which waits for a while only.
    wait_until("the back-end's connection", 60, || {
        rig.xen.with_net(0, |net, _| net.stats.connects) == Some(times)
    });
}

#[test]
fn the_nic_starts_and_connects() {
    for kind in [NetKind::Netback, NetKind::NetbackPlain, NetKind::Qemu] {
        for (seed, vcpus) in [(1, 1), (2, 2), (3, 4)] {
            let rig = Rig::new(Xen::builder().vcpus(vcpus).nic(NicConfig::of(kind, 0)).build(), seed);
            rig.run(|| {
                boot(&["xenpvpci", "xenpvnet"]);
                connected(&rig, 1);
            });
            rig.xen.assert_clean();
        }
    }
}

#[test]
fn the_nic_can_be_disabled_and_enabled() {
    let rig = Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).build(), 4);
    rig.run(|| {
        boot(&["xenpvpci", "xenpvnet"]);
        connected(&rig, 1);
        for round in 0..3 {
            removal::disable(node(NIC)).unwrap_or_else(|status| panic!("round {round}: {status:#x}"));
            assert_eq!(state_of(NIC).map(|state| state.0), Some(NodeState::Removed), "round {round}");
            removal::enable(node(NIC));
            connected(&rig, round + 2);
        }
    });
    rig.xen.assert_clean();
}
