//! The session's world in xensim.

use anyhow::Result;
use xenbus::seam::Clock;
use xensim::{BlockConfig, Direct, NicConfig, Xen, store::ring::StoreMode};

use crate::{
    net,
    session::{self, World},
    wire::Simulated,
};

/// xvdb, as the scenario attaches it.
const VDEV: u32 = 51728;

impl World for Direct {
    fn wait(&self, until: u64) {
        if self.run() == 0 {
            let until = until.min(self.now() + 1_000_000_000);
            self.xen().sim_mut().advance(until);
        }
    }
}

/// The session over xensim's blkback, on a disk of `mib` MiB.
///
/// # Errors
/// As [`session::disk`].
pub fn disk(mib: u64) -> Result<Vec<String>> {
    let xen = Xen::builder().memory(64).seed(1).vcpus(1).disk(BlockConfig::new(VDEV, mib)).build();
    session::disk(&xen.direct(), &format!("device/vbd/{VDEV}"))
}

/// The network's session over xensim's netback.
///
/// # Errors
/// As [`net::session`].
pub fn network() -> Result<Vec<String>> {
    let xen = Xen::builder().memory(64).seed(1).vcpus(1).nic(NicConfig::new(0)).build();
    // xenstored on its ring would take what this guest asks for directly.
    xen.sim_mut().ring.mode = StoreMode::Dead;
    net::session(&xen.direct(), "device/vif/0", &Simulated(xen.clone()))
}
