//! Requests of the block front-end, against a back-end that answers at once.

use std::{cell::RefCell, sync::Arc};

use blkfront::{
    channel::Channel,
    fence::Fences,
    negotiate::{Disk, Plan, Policy},
    queue::Queue,
    request::{Done, Operation, Payload, Request, Segment},
};
use xenbus::{
    io::blkif::{RequestSlot, Status, WireDirect, WireResponse},
    page::{HeapAllocator, HeapPages},
    ring::BackRing,
    seam::{self, Access, EventChannels, EventError, GrantError, GrantTable, StillMapped},
    types::{Domid, Gfn, GrantRef, Port},
};

/// A grant table that is only a list of numbers.
struct Grants(RefCell<Vec<u32>>);

impl GrantTable for Grants {
    fn grant_access(&self, _: Domid, _: Gfn, _: Access) -> Result<GrantRef, GrantError> {
        self.0.borrow_mut().pop().map(|index| GrantRef::new(index, 0)).ok_or(GrantError::Exhausted)
    }
    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        self.0.borrow_mut().push(grant.raw());
        Ok(())
    }
    fn is_void(&self, _: &GrantRef) -> bool {
        false
    }
    fn available(&self) -> u32 {
        self.0.borrow().len() as u32
    }
}

struct Events;

impl EventChannels for Events {
    fn alloc_unbound(&self, _: Domid, _: u32) -> Result<Port, EventError> {
        Ok(Port::from_raw(1))
    }
    fn notify(&self, _: &Port) {}
    fn unmask(&self, _: &Port) {}
    fn close(&self, _: Port) {}
}

struct Host {
    grants: Grants,
    pages: HeapAllocator,
}

impl seam::Host for Host {
    type Grants = Grants;
    type Events = Events;
    type Pages = HeapAllocator;
    fn grants(&self) -> &Grants {
        &self.grants
    }
    fn events(&self) -> &Events {
        &Events
    }
    fn pages(&self) -> &HeapAllocator {
        &self.pages
    }
}

/// One page of data.
struct OnePage;

impl Payload for OnePage {
    fn segment(&self, index: usize) -> Option<Segment> {
        (index == 0).then_some(Segment { address: 0x10_0000, length: 4096 })
    }
    fn gather(&self, _: u64, to: &mut [u8]) -> bool {
        to.fill(0);
        true
    }
    fn scatter(&self, _: u64, _: &[u8]) -> bool {
        true
    }
}

/// `depth` reads of 4 KiB, submitted one by one and answered together.
///
/// # Panics
/// When the front-end cannot be set up.
pub fn reads(depth: u32) -> impl FnMut() {
    let host = Host { grants: Grants(RefCell::new((8..9000).collect())), pages: HeapAllocator::default() };
    let policy = Policy::default();
    let disk = Disk {
        sectors: 1 << 30,
        block: 512,
        physical_block: 512,
        read_only: false,
        removable: false,
        unpluggable: false,
        cdrom: false,
        flush: true,
        barrier: false,
        discard: None,
        persistent: false,
        indirect: 0,
    };
    let plan = Plan {
        queues: 1,
        ring_order: 4,
        indirect: 0,
        indirect_requests: 1,
        bounce: false,
        bounce_pages: 16,
        grants: policy.grants,
    };
    let mut queue: Queue<Host, OnePage> =
        Queue::create(&policy, 256, &disk, Arc::new(Fences::new())).expect("memory");
    let channel = Channel::open(&host, &plan, Domid(0), 0, 0).expect("there is memory");
    const REQUEST: usize = size_of::<RequestSlot>();
    const RESPONSE: usize = size_of::<WireResponse>();
    let page: HeapPages = channel.memory().0.clone();
    queue.attach(&host, channel);
    let mut back = BackRing::<_, REQUEST, RESPONSE>::attach(page);
    let mut sector = 0;
    move || {
        for _ in 0..depth {
            sector = (sector + 8) % (1 << 29);
            let request = Request { operation: Operation::Read, sector, sectors: 8, token: OnePage };
            assert!(queue.submit(request, 0).is_ok());
            queue.kick(&host);
        }
        while let Ok(Some(slot)) = back.pop_as::<WireDirect>() {
            let answer = WireResponse {
                id: slot.id,
                operation: slot.operation,
                status: Status::OKAY,
                ..Default::default()
            };
            back.push(&answer).expect("there is room");
        }
        let _ = back.publish();
        let _ = queue.poll(&host);
        let mut ended = 0;
        while let Some(Done { outcome, .. }) = queue.take_done() {
            assert_eq!(outcome, Ok(()));
            ended += 1;
        }
        assert_eq!(ended, depth);
    }
}
