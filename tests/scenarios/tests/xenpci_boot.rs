//! xenpci starts, sees its children, and stops.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState};
use scenarios::rig::{Rig, boot, state_of};
use xensim::Xen;

const BUS: &str = "PCI\\VEN_5853&DEV_0001";

#[test]
fn the_bus_starts_and_enumerates_the_storage_adapter() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 1);
    rig.run(|| {
        boot(&["xenpvpci"]);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
    });
    let console = rig.console();
    assert!(console.contains("xenpvpci: Xen 4."), "{console}");
    rig.run(|| {
        assert!(pnp::find("XENPV\\VBD&SUBSYS_58535250\\").is_some(), "{}", pnp::dump());
    });
    rig.xen.assert_clean();
}
