//! Who may look at the devices: one at a time, and nobody during a sleep. The machine may wake up in another domain, where
//! half of what a look has written to the store does not exist and its grants are others'.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use xenbus::seam::Clock;
use xenpci_interface::Client;

/// Longest wait for who is inside, or for the gate to open, in nanoseconds: what a few requests to a slow store take. A
/// sleep does not wait any longer, nor does a removal.
const BOUND: u64 = 10_000_000_000;
/// How long a waiter sleeps between two tries.
const NAP: u64 = 1_000_000;

/// See the module.
#[derive(Default)]
pub struct Gate {
    /// Reasons for being closed, a bit each.
    closed: AtomicU32,
    /// Somebody is inside.
    taken: AtomicBool,
}

/// Somebody is inside as long as this lives.
pub struct Pass<'a>(&'a Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::SeqCst);
    }
}

impl Gate {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst) != 0
    }

    /// Goes in, after who is inside. `None` while the gate is closed. `PASSIVE_LEVEL`.
    pub fn enter(&self, client: &Client) -> Option<Pass<'_>> {
        while !self.is_closed() {
            if !self.taken.swap(true, Ordering::SeqCst) {
                let pass = Pass(self);
                // Closed in between: who closed it may not have seen us.
                return (!self.is_closed()).then_some(pass);
            }
            client.sleep(NAP);
        }
        None
    }

    /// Goes in once the gate is open; `None` when it stays closed for too long. `PASSIVE_LEVEL`.
    pub fn enter_open(&self, client: &Client) -> Option<Pass<'_>> {
        let deadline = client.now() + BOUND;
        loop {
            let pass = self.enter(client);
            if pass.is_some() || client.now() >= deadline {
                return pass;
            }
            client.sleep(NAP);
        }
    }

    /// Lets nobody in any more, and waits (bounded) for who is inside; at raised IRQL there is no waiting.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn close(&self, client: &Client, reason: u32) {
        self.closed.fetch_or(reason, Ordering::SeqCst);
        let deadline = client.now() + BOUND;
        while self.taken.load(Ordering::SeqCst) && client.irql() == 0 && client.now() < deadline {
            client.sleep(NAP);
        }
    }

    /// This reason is gone.
    pub fn open(&self, reason: u32) {
        self.closed.fetch_and(!reason, Ordering::SeqCst);
    }
}
