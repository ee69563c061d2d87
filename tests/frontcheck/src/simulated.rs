//! The session's world in xensim.

use anyhow::Result;
use xenbus::seam::Clock;
use xensim::{BlockConfig, Direct, Xen};

use crate::session::{self, World};

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
