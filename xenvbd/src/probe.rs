//! The proof that a disk works: connect, and read its first sectors by polling, without relying on
//! interrupts. xenpci asks for it before it unplugs the emulated twin.

use alloc::sync::{Arc, Weak};

use blkfront::request::{Operation, Request};
use xenbus::seam::{Clock, PageAllocator};
use xenpci_interface::{SelfTest, Status};

use crate::{
    adapter::Adapter,
    target::{Presence, Target},
    token::{Probe, Token},
};

/// The whole test is over by then.
const BOUND: u64 = 25_000_000_000;

/// The self-test of an adapter's targets.
pub struct Prover(Weak<Adapter>);

impl Prover {
    /// For this adapter.
    #[must_use]
    pub fn new(adapter: &Arc<Adapter>) -> Self {
        Self(Arc::downgrade(adapter))
    }
}

impl SelfTest for Prover {
    fn prove(&self, id: u32) -> Result<(), Status> {
        let adapter = self.0.upgrade().ok_or(Status::CLOSED)?;
        let deadline = adapter.client().now() + BOUND;
        let target = loop {
            match adapter.target_of(id) {
                Some(target) if target.presence() == Presence::Present => break target,
                _ if adapter.is_stopping() => return Err(Status::CLOSED),
                _ if adapter.client().now() >= deadline => return Err(Status::TIMED_OUT),
                _ => {
                    adapter.pass();
                    adapter.client().sleep(2_000_000);
                }
            }
        };
        read_first_block(&adapter, target, deadline)
    }
}

fn read_first_block(adapter: &Adapter, target: &Target, deadline: u64) -> Result<(), Status> {
    let client = adapter.client();
    let block = target.unit.block();
    let memory = Arc::new(client.alloc_pages(1).map_err(|_| Status::NO_MEMORY)?);
    let probe = Arc::new(Probe::new(memory, block));
    let request = Request {
        operation: Operation::Read,
        sector: 0,
        sectors: u64::from(block) / 512,
        token: Token::Probe(Arc::clone(&probe)),
    };
    target.submit(request, 0).map_err(|_| Status::REFUSED)?;
    loop {
        target.service(0, false);
        match probe.outcome() {
            Some(true) => return Ok(()),
            Some(false) => return Err(Status::FAILED),
            None if client.now() >= deadline => return Err(Status::TIMED_OUT),
            None => client.sleep(500_000),
        }
    }
}
