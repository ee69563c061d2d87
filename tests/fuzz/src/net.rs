//! The network front-end's queues against a back-end that writes anything, and its header parsers.

use std::cell::{Cell, RefCell};

use arbitrary::{Arbitrary, Unstructured};
use netfront::{
    Buffer, Payload, Run, checksum,
    headers::Headers,
    negotiate::{Offer, Plan, Policy},
    rx::RxQueue,
    toeplitz,
    tx::{TxMeta, TxQueue},
};
use xenbus::{
    io::netif_ctrl::HashTypes,
    seam::{
        Access, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator, SharedPage,
        StillMapped,
    },
    types::{Domid, Gfn, GrantRef, PAGE_SIZE, Port},
};

use crate::page::Page;

/// Grants that may stay mapped; pages that the back-end finds again.
#[derive(Default)]
struct World {
    grants: Cell<u32>,
    generation: Cell<u32>,
    stuck: Cell<u8>,
    pages: RefCell<Vec<Page>>,
}

impl GrantTable for World {
    fn grant_access(&self, _: Domid, _: Gfn, _: Access) -> Result<GrantRef, GrantError> {
        self.grants.set(self.grants.get() + 1);
        Ok(GrantRef::new(self.grants.get(), self.generation.get()))
    }
    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        match self.stuck.get() {
            _ if self.is_void(&grant) => Ok(()),
            0 => Ok(()),
            stuck => {
                self.stuck.set(stuck - 1);
                Err(StillMapped(grant))
            }
        }
    }
    fn is_void(&self, grant: &GrantRef) -> bool {
        grant.generation() != self.generation.get()
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
    fn alloc_pages(&self, _: usize) -> Result<Page, NoMemory> {
        let page = Page::new(1);
        self.pages.borrow_mut().push(page.clone());
        Ok(page)
    }
}

struct Slot(u64);

impl Buffer for Slot {
    fn gfn(&self) -> Gfn {
        Gfn(self.0)
    }
}

struct Packet(usize);

impl Payload for Packet {
    fn len(&self) -> usize {
        self.0
    }
    fn run(&mut self, at: usize) -> Run {
        let page = at % PAGE_SIZE;
        Run { gfn: Gfn(9), offset: page as u16, len: (PAGE_SIZE - page) as u16 }
    }
    fn copy(&mut self, _: usize, to: &mut [u8]) {
        to.fill(1);
    }
}

#[derive(Arbitrary)]
enum Step {
    Send(u16),
    /// A word of a ring: which ring, where, what.
    Word(bool, u16, u32),
    /// A receive response in the next slots, as a liar would write it.
    Respond(u8, u16, u16, i16),
    /// A transmit response.
    Answer(u8, i16),
    Poll,
    Stick(u8),
    /// The machine wakes in another domain.
    Wake,
}

const BUFFERS: u64 = 260;

/// Whatever the back-end writes: no panic, every buffer and packet comes back once.
pub fn net_queues(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let world = World::default();
    let port = Port::from_raw(1);
    let offer = Offer { rx_copy: true, sg: true, max_queues: 1, ..Offer::default() };
    let Ok(plan) = Plan::new(&offer, &Policy { pool: 32, ..Policy::default() }, true) else { return };
    let mut tx: TxQueue<World, u32> = TxQueue::new();
    let mut rx: RxQueue<World, Slot> = RxQueue::new(BUFFERS as usize);
    if tx.open(&world, Domid(0), &plan).is_err() || rx.open(&world, Domid(0)).is_err() {
        return;
    }
    let (tx_page, rx_page) = {
        let pages = world.pages.borrow();
        (pages[pages.len() - 2].clone(), pages[pages.len() - 1].clone())
    };
    (0..BUFFERS).for_each(|number| rx.lend(Slot(number)));
    tx.enable(0);
    rx.enable();
    rx.refill(&world, &port);
    let (mut next, mut done) = (0u32, Vec::new());
    for _ in 0..2000 {
        if input.is_empty() {
            break;
        }
        let Ok(step) = Step::arbitrary(&mut input) else { break };
        match step {
            Step::Send(len) => {
                let mut packet = Packet(usize::from(len).max(1));
                if tx.transmit(&world, &mut packet, &TxMeta::PLAIN, next, 0).is_ok() {
                    next += 1;
                }
                tx.flush(&world, &port);
            }
            Step::Word(rx_ring, at, value) => {
                let page = if rx_ring { &rx_page } else { &tx_page };
                page.store(usize::from(at) % PAGE_SIZE & !3, value);
            }
            Step::Respond(extra, offset, flags, status) => {
                let prod = rx_page.load(8);
                let at = 64 + (prod % 256) as usize * 8;
                let id = if extra & 0x80 == 0 { prod % 256 } else { u32::from(extra) };
                rx_page.store(at, id | u32::from(offset % 5000) << 16);
                rx_page.store(at + 4, u32::from(flags & 31) | u32::from(status as u16) << 16);
                rx_page.store(8, prod.wrapping_add(1));
            }
            Step::Answer(id, status) => {
                let prod = tx_page.load(8);
                tx_page
                    .store(64 + (prod % 256) as usize * 12, u32::from(id) | u32::from(status as u16) << 16);
                tx_page.store(8, prod.wrapping_add(1));
            }
            Step::Poll => {
                let _ = tx.poll(&world, 0, 64, |cookie, _| done.push(cookie));
                let mut frames = Vec::new();
                let _ = rx.poll(&world, 64, |frame| frames.push(frame));
                for frame in frames {
                    let mut total = 0;
                    for fragment in frame.fragments {
                        assert!(usize::from(fragment.offset) + usize::from(fragment.len) <= PAGE_SIZE);
                        total += u32::from(fragment.len);
                        rx.recycle(fragment.buffer);
                    }
                    assert_eq!(total, frame.len);
                    assert!(frame.gso.is_none_or(|(size, _)| size != 0));
                }
                rx.refill(&world, &port);
            }
            Step::Stick(count) => world.stuck.set(count % 8),
            Step::Wake => {
                world.generation.set(1);
                // Nobody maps anything of the old domain's.
                assert_eq!(tx.detach(&world, |cookie, _| done.push(cookie)).pinned, 0);
                assert_eq!(rx.detach(&world), 0);
                assert_eq!(done.len(), next as usize, "each packet is back at once");
                break;
            }
        }
        assert_eq!(rx.buffers(), BUFFERS as usize);
    }
    world.stuck.set(0);
    let _ = tx.detach(&world, |cookie, _| done.push(cookie));
    let _ = tx.poll(&world, 0, 64, |cookie, _| done.push(cookie));
    rx.detach(&world);
    assert_eq!(rx.buffers(), BUFFERS as usize);
    done.sort_unstable();
    assert!(done.iter().copied().eq(0..next), "each packet comes back once");
}

/// Frames of any bytes: offsets stay within, and a completed checksum is right.
pub fn net_headers(data: &[u8]) {
    if let Some(headers) = Headers::parse(data) {
        assert!(headers.payload.is_none_or(|at| at <= data.len()));
        assert!(headers.addresses(data).is_some());
    }
    let _ = toeplitz::hash_frame(&[7; 40], data, HashTypes::all(), true);
    let mut frame = data.to_vec();
    if checksum::complete(&mut frame) {
        assert_eq!(checksum::verify(&frame), Some(true));
    }
}
