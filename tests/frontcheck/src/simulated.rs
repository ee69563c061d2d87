//! The session's world in xensim.

use anyhow::Result;
use blkfront::platform::Platform;
use xenbus::seam::{Clock, Store, StoreError, TransactionId};
use xensim::{BlockConfig, Direct, Xen};

use crate::session::{self, World};

/// xvdb, as the scenario attaches it.
const VDEV: u32 = 51728;

struct Host(Direct);

impl Platform for Host {
    type Grants = Direct;
    type Events = Direct;
    type Pages = Direct;
    fn grants(&self) -> &Direct {
        &self.0
    }
    fn events(&self) -> &Direct {
        &self.0
    }
    fn pages(&self) -> &Direct {
        &self.0
    }
}

struct Simulated {
    xen: Xen,
    host: Host,
}

impl Clock for Simulated {
    fn now(&self) -> u64 {
        self.host.0.now()
    }
}

impl Store for Simulated {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        self.host.0.read(txn, path)
    }
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.host.0.list(txn, path)
    }
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.host.0.write(txn, path, value)
    }
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.host.0.remove(txn, path)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        self.host.0.begin()
    }
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        self.host.0.end(txn, commit)
    }
}

impl World for Simulated {
    type Host = Host;
    fn host(&self) -> &Host {
        &self.host
    }
    fn wait(&self, until: u64) {
        if self.host.0.run() == 0 {
            let until = until.min(self.now() + 1_000_000_000);
            self.xen.sim_mut().advance(until);
        }
    }
}

/// The session over xensim's blkback, on a disk of `mib` MiB.
///
/// # Errors
/// As [`session::disk`].
pub fn disk(mib: u64) -> Result<Vec<String>> {
    let xen = Xen::builder().memory(64).seed(1).vcpus(1).disk(BlockConfig::new(VDEV, mib)).build();
    let world = Simulated { host: Host(xen.direct()), xen };
    session::disk(&world, &format!("device/vbd/{VDEV}"))
}
