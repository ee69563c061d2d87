//! xennet starts on the NIC that xenpci reports.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState};
use scenarios::rig::{Rig, boot, state_of, wait_until};
use xensim::{NicConfig, Xen};

const NIC: &str = "XENPV\\VIF&SUBSYS_58535250\\";

#[test]
fn the_nic_starts_and_connects() {
    let rig = Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).build(), 1);
    rig.run(|| {
        boot(&["xenpvpci", "xenpvnet"]);
        wait_until("the NIC", 20, || {
            state_of(NIC).is_some_and(|(state, problem)| {
                assert_eq!(problem, 0, "{}", pnp::dump());
                state == NodeState::Started
            })
        });
        // The back-end's connection may come after the initialization, which waits for a while only.
        wait_until("the back-end's connection", 60, || {
            rig.xen.with_net(0, |net, _| net.stats.connects) == Some(1)
        });
    });
    rig.xen.assert_clean();
}
