//! The bus alone, and its door for user mode.

use ntsim::pnp::{self, node::NodeState};
use xensim::{NicConfig, Xen};

use crate::rig::{Rig, boot, state_of, wait_until};

/// The platform device.
pub const BUS: &str = "PCI\\VEN_5853&DEV_0001";
/// The class of the door's interface: {0a6b9f52-64e1-4d0c-8f3a-2b1f5c7d9e61}.
pub const DOOR: nt::sys::GUID = nt::sys::GUID {
    Data1: 0x0a6b_9f52,
    Data2: 0x64e1,
    Data3: 0x4d0c,
    Data4: [0x8f, 0x3a, 0x2b, 0x1f, 0x5c, 0x7d, 0x9e, 0x61],
};
/// The control code with which an agent waits for a request of the toolstack.
pub const GET_REQUEST: u32 = 0x002a_e000;
/// GENERIC_READ and GENERIC_WRITE.
pub const READ_WRITE: u32 = 0xC000_0000;

/// A guest with two processors and one interface, whose bus has started.
#[must_use]
pub fn rig(seed: u64) -> Rig {
    let rig = Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).build(), seed);
    rig.run(|| {
        boot(&["xenpvpci"]);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
        wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
    });
    rig
}
