//! Nothing on the way of a packet allocates: counted, both ways, against a back-end in memory.
#![allow(missing_docs)]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, RefCell},
    sync::Arc,
};

use netfront::{
    Buffer, Host, Payload, Run,
    negotiate::{Offer, Plan, Policy},
    rx::RxQueue,
    tx::{TxMeta, TxQueue},
};
use xenbus::{
    io::netif::{RxRequest, RxResponse, Status, TxResponse, TxSlot},
    page::HeapPages,
    ring::BackRing,
    seam::{
        Access, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator, SharedPage,
        StillMapped,
    },
    types::{Domid, Gfn, GrantRef, Port},
};

struct Counting;

thread_local! {
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get().map(|count| count + 1));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(address, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    COUNT.set(Some(0));
    work();
    COUNT.take().unwrap()
}

#[derive(Clone)]
struct Page(Arc<HeapPages>);

impl SharedPage for Page {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn gfn(&self, index: usize) -> Gfn {
        self.0.gfn(index)
    }
    fn load(&self, offset: usize) -> u32 {
        self.0.load(offset)
    }
    fn store(&self, offset: usize, value: u32) {
        self.0.store(offset, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.0.load_acquire(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.0.store_release(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        self.0.copy_out(offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        self.0.copy_in(offset, from);
    }
}

impl Buffer for Page {
    fn gfn(&self) -> Gfn {
        self.0.gfn(0)
    }
}

/// Grants and events that only count; pages that the back-end finds again.
#[derive(Default)]
struct World {
    grants: Cell<u32>,
    live: Cell<i64>,
    pages: RefCell<Vec<Page>>,
}

impl GrantTable for World {
    fn grant_access(&self, _: Domid, _: Gfn, _: Access) -> Result<GrantRef, GrantError> {
        self.grants.set(self.grants.get() + 1);
        self.live.set(self.live.get() + 1);
        Ok(GrantRef::from_raw(self.grants.get()))
    }
    fn end_access(&self, _: GrantRef) -> Result<(), StillMapped> {
        self.live.set(self.live.get() - 1);
        Ok(())
    }
    fn available(&self) -> u32 {
        u32::MAX
    }
}

impl EventChannels for World {
    fn alloc_unbound(&self, _: Domid, _: u32) -> Result<Port, EventError> {
        Ok(Port::from_raw(1))
    }
    fn notify(&self, _: &Port) {}
    fn unmask(&self, _: &Port) {}
    fn close(&self, _: Port) {}
}

impl PageAllocator for World {
    type Page = Page;
    fn alloc_pages(&self, count: usize) -> Result<Page, NoMemory> {
        let mut pages = self.pages.borrow_mut();
        let page = Page(Arc::new(HeapPages::new(Gfn(100 + pages.len() as u64), count)));
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

struct Packet(usize);

impl Payload for Packet {
    fn len(&self) -> usize {
        self.0
    }
    fn run(&mut self, at: usize) -> Run {
        Run { gfn: Gfn(7 + at as u64 / 4096), offset: (at % 4096) as u16, len: (4096 - at % 4096) as u16 }
    }
    fn copy(&mut self, _at: usize, to: &mut [u8]) {
        to.fill(0x5A);
    }
}

#[test]
fn nothing_is_allocated_per_packet() {
    let world = World::default();
    let port = Port::from_raw(1);
    let offer = Offer { rx_copy: true, sg: true, csum_v4: true, max_queues: 1, ..Offer::default() };
    let plan = Plan::new(&offer, &Policy::default(), true).unwrap();
    let mut tx: TxQueue<World, u32> = TxQueue::new();
    tx.open(&world, Domid(0), &plan).unwrap();
    let ring = world.pages.borrow().last().unwrap().clone();
    let mut tx_back: BackRing<Page, { size_of::<TxSlot>() }, 4> = BackRing::attach(ring);
    let mut rx: RxQueue<World, Page> = RxQueue::new(300);
    rx.open(&world, Domid(0)).unwrap();
    let ring = world.pages.borrow().last().unwrap().clone();
    let mut rx_back: BackRing<Page, { size_of::<RxRequest>() }, 8> = BackRing::attach(ring);
    for index in 0..300 {
        rx.lend(Page(Arc::new(HeapPages::new(Gfn(1000 + index), 1))));
    }
    tx.enable(0);
    rx.enable();
    rx.refill(&world, &port);
    let before = world.live.get();

    let (mut sent, mut received) = (0, 0);
    let mut round = |len: usize| {
        for cookie in 0..8 {
            tx.transmit(&world, &mut Packet(len), &TxMeta::PLAIN, cookie, 0).map_err(|(_, why)| why).unwrap();
        }
        tx.flush(&world, &port);
        while let Some(slot) = tx_back.pop_as::<TxSlot>().unwrap() {
            tx_back.push(&TxResponse { id: slot.request().id, status: Status::OKAY }).unwrap();
        }
        let _ = tx_back.publish();
        tx.poll(&world, 0, 256, |_, _| sent += 1).unwrap();
        for _ in 0..8 {
            let request = rx_back.pop_as::<RxRequest>().unwrap().unwrap();
            let response = RxResponse { id: request.id, offset: 0, flags: 0, status: 1500 };
            rx_back.push(&response).unwrap();
        }
        let _ = rx_back.publish();
        loop {
            let mut got = None;
            rx.poll(&world, 1, |frame| got = Some(frame)).unwrap();
            let Some(frame) = got else { break };
            received += 1;
            frame.fragments.into_iter().for_each(|fragment| rx.recycle(fragment.buffer));
        }
        rx.refill(&world, &port);
    };
    round(100);
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1, "the counter counts");
    let count = allocations(|| {
        for len in [60, 1500, 9000, 60_000].into_iter().cycle().take(1000) {
            round(len);
        }
    });
    assert_eq!(count, 0, "allocations");
    assert_eq!((sent, received), (8008, 8008));
    assert_eq!(world.live.get(), before, "grants come and go");
}
