//! Packets of the network front-end, against a back-end that answers at once.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use netfront::{
    Buffer, Host, Payload, Run,
    negotiate::{Offer, Plan, Policy},
    rx::{RX_SLOTS, RxQueue},
    tx::{TxChecksum, TxMeta, TxQueue},
};
use xenbus::{
    io::netif::{GsoType, RxFlags, RxRequest, RxResponse, Status, TxResponse, TxSlot},
    page::HeapPages,
    ring::BackRing,
    seam::{
        Access, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator, SharedPage,
        StillMapped,
    },
    types::{Domid, Gfn, GrantRef, PAGE_SIZE, Port},
};

/// A grant table that is only a list of numbers, pages that the back-end finds again, and a count of events.
struct World {
    grants: RefCell<Vec<u32>>,
    events: Cell<u64>,
    pages: RefCell<Vec<HeapPages>>,
}

impl GrantTable for World {
    fn grant_access(&self, _: Domid, _: Gfn, _: Access) -> Result<GrantRef, GrantError> {
        self.grants.borrow_mut().pop().map(GrantRef::from_raw).ok_or(GrantError::Exhausted)
    }
    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        self.grants.borrow_mut().push(grant.raw());
        Ok(())
    }
    fn available(&self) -> u32 {
        self.grants.borrow().len() as u32
    }
}

impl EventChannels for World {
    fn alloc_unbound(&self, _: Domid, _: u32) -> Result<Port, EventError> {
        Ok(Port::from_raw(1))
    }
    fn notify(&self, _: &Port) {
        self.events.set(self.events.get() + 1);
    }
    fn unmask(&self, _: &Port) {}
    fn close(&self, _: Port) {}
}

impl PageAllocator for World {
    type Page = HeapPages;
    fn alloc_pages(&self, count: usize) -> Result<HeapPages, NoMemory> {
        let mut pages = self.pages.borrow_mut();
        let page = HeapPages::new(Gfn(100 + pages.len() as u64), count);
        pages.push(page.clone());
        Ok(page)
    }
}

impl Host for World {
    type Grants = Self;
    type Events = Self;
    type Pages = Self;
    fn grants(&self) -> &Self {
        self
    }
    fn events(&self) -> &Self {
        self
    }
    fn pages(&self) -> &Self {
        self
    }
}

fn world() -> World {
    World { grants: RefCell::new((8..9000).collect()), events: Cell::new(0), pages: RefCell::default() }
}

/// Bytes in whole pages.
struct Packet(usize);

impl Payload for Packet {
    fn len(&self) -> usize {
        self.0
    }
    fn run(&mut self, at: usize) -> Run {
        let offset = at % PAGE_SIZE;
        Run { gfn: Gfn((7 + at / PAGE_SIZE) as u64), offset: offset as u16, len: (PAGE_SIZE - offset) as u16 }
    }
    fn copy(&mut self, _at: usize, to: &mut [u8]) {
        to.fill(0x5A);
    }
}

struct Page(Arc<HeapPages>);

impl Buffer for Page {
    fn gfn(&self) -> Gfn {
        self.0.gfn(0)
    }
}

/// What a run of sends or receives cost, beside instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Packets.
    pub packets: u64,
    /// Notifications that the front-end sent.
    pub notifications: u64,
    /// Buffers put on the ring.
    pub posted: u64,
    /// Of these, such that had been there before.
    pub recycled: u64,
}

/// Sends `batch` packets of `len` bytes, which the back-end answers together. From 2 KiB on they are large sends.
///
/// # Panics
/// When the front-end cannot be set up, or refuses one.
pub fn sends(len: usize, batch: usize) -> impl FnMut() -> Cost {
    let world = world();
    let port = Port::from_raw(1);
    let offer =
        Offer { rx_copy: true, sg: true, csum_v4: true, gso_v4: true, max_queues: 1, ..Offer::default() };
    let plan = Plan::new(&offer, &Policy::default(), true).expect("rx-copy");
    let mut queue: TxQueue<World, u32> = TxQueue::new();
    queue.open(&world, Domid(0), &plan).expect("memory");
    let ring = world.pages.borrow().last().expect("the ring").clone();
    let mut back: BackRing<_, { size_of::<TxSlot>() }, 4> = BackRing::attach(ring);
    queue.enable(0);
    let large = len > 2048;
    let meta = TxMeta {
        checksum: TxChecksum::BlankV4,
        gso: large.then_some((1448, GsoType::TCPV4)),
        header: 54,
        ..TxMeta::PLAIN
    };
    move || {
        let before = world.events.get();
        for cookie in 0..batch as u32 {
            let sent = queue.transmit(&world, &mut Packet(len), &meta, cookie, 0);
            assert!(sent.is_ok(), "there is room");
            queue.flush(&world, &port);
        }
        let mut extra = false;
        while let Some(slot) = back.pop_as::<TxSlot>().expect("no overrun") {
            let answer = if extra {
                TxResponse { id: 0, status: Status::NULL }
            } else {
                TxResponse { id: slot.request().id, status: Status::OKAY }
            };
            extra = !extra && slot.request().flags & 8 != 0;
            back.push(&answer).expect("there is room");
        }
        // Awake again only for the next request.
        let _ = back.final_check();
        let _ = back.publish();
        let mut done = 0;
        queue.poll(&world, 0, 256, |_, _| done += 1).expect("no violation");
        assert_eq!(done, batch);
        Cost { packets: batch as u64, notifications: world.events.get() - before, ..Cost::default() }
    }
}

/// Receives `batch` packets of `len` bytes.
///
/// # Panics
/// When the front-end cannot be set up.
pub fn receives(len: usize, batch: usize) -> impl FnMut() -> Cost {
    let world = world();
    let port = Port::from_raw(1);
    let mut queue: RxQueue<World, Page> = RxQueue::new(2 * RX_SLOTS);
    queue.open(&world, Domid(0)).expect("memory");
    let ring = world.pages.borrow().last().expect("the ring").clone();
    let mut back: BackRing<_, { size_of::<RxRequest>() }, 8> = BackRing::attach(ring);
    for index in 0..2 * RX_SLOTS as u64 {
        queue.lend(Page(Arc::new(HeapPages::new(Gfn(1000 + index), 1))));
    }
    queue.enable();
    queue.refill(&world, &port);
    move || {
        let before = (world.events.get(), queue.counters().posted, queue.counters().recycled);
        for _ in 0..batch {
            let mut left = len;
            while left != 0 {
                let part = left.min(PAGE_SIZE);
                left -= part;
                let request = back.pop_as::<RxRequest>().expect("no overrun").expect("a buffer");
                let flags = if left != 0 { RxFlags::MORE_DATA } else { RxFlags::empty() };
                let response =
                    RxResponse { id: request.id, offset: 0, flags: flags.bits(), status: part as i16 };
                back.push(&response).expect("there is room");
            }
        }
        let _ = back.publish();
        let mut got = 0;
        loop {
            let mut frame = None;
            queue.poll(&world, 1, |taken| frame = Some(taken)).expect("no violation");
            let Some(frame) = frame else { break };
            got += 1;
            frame.fragments.into_iter().for_each(|fragment| queue.recycle(fragment.buffer));
        }
        queue.refill(&world, &port);
        assert_eq!(got, batch);
        let after = queue.counters();
        Cost {
            packets: batch as u64,
            notifications: world.events.get() - before.0,
            posted: after.posted - before.1,
            recycled: after.recycled - before.2,
        }
    }
}
