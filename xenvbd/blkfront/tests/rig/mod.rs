//! A block device in one process: the front-end under test, and xensim's back-end.
#![allow(dead_code, missing_docs)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};

use blkfront::{
    channel::{Channel, Remains},
    control::{Control, Fault, Step},
    fence::Fences,
    negotiate::{Disk, Offer, Plan, Policy},
    queue::{Counters, Polled, Queue},
    request::{Done, Operation, Outcome, Payload, Rejected, Request, Segment},
};
use xenbus::seam::{Clock, EventChannels, PageAllocator, SharedPage};
use xensim::{
    back::{
        Device,
        block::{BlockConfig, BlockKind},
    },
    direct::{Direct, DirectPages},
    sim::Xen,
};

pub const VDEV: u32 = 51712;

/// Data of a request, in pages of its own.
pub struct Io {
    pub number: u64,
    memory: DirectPages,
    segments: Vec<Segment>,
    runs: Vec<(u64, u64)>,
    mapped: bool,
    done: Cell<bool>,
}

impl Io {
    fn byte_at(&self, offset: u64) -> (usize, usize) {
        let mut left = offset;
        for segment in &self.segments {
            if left < segment.length.into() {
                let address = segment.address + left;
                let index = (0..self.memory.len() / 4096)
                    .find(|i| self.memory.gfn(*i).0 == address / 4096)
                    .expect("segments lie in the memory");
                return (index, (address % 4096) as usize);
            }
            left -= u64::from(segment.length);
        }
        panic!("offset {offset} is outside of the data");
    }

    pub fn fill(&self, direct: &Direct, data: &[u8]) {
        for (offset, chunk) in data.chunks(4).enumerate() {
            // Segments are multiples of 4 in length and place.
            let (index, at) = self.byte_at(offset as u64 * 4);
            direct.ram(self.memory.gfn(index).0).write(at, chunk);
        }
    }

    pub fn data(&self, direct: &Direct, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        for (offset, chunk) in data.chunks_mut(4).enumerate() {
            let (index, at) = self.byte_at(offset as u64 * 4);
            direct.ram(self.memory.gfn(index).0).read(at, chunk);
        }
        data
    }
}

/// The token. Dropping it before it was handed back is the front-end's crime.
pub struct Token(pub Rc<Io>, Direct);

impl Drop for Token {
    fn drop(&mut self) {
        if !self.0.done.get() && !std::thread::panicking() {
            panic!("request {} was dropped", self.0.number);
        }
    }
}

impl Payload for Token {
    fn segment(&self, index: usize) -> Option<Segment> {
        self.0.segments.get(index).copied()
    }
    fn gather(&self, offset: u64, to: &mut [u8]) -> bool {
        for (at, byte) in to.chunks_mut(4).enumerate() {
            let (index, place) = self.0.byte_at(offset + at as u64 * 4);
            self.1.ram(self.0.memory.gfn(index).0).read(place, byte);
        }
        self.0.mapped
    }
    fn scatter(&self, offset: u64, from: &[u8]) -> bool {
        for (at, bytes) in from.chunks(4).enumerate() {
            let (index, place) = self.0.byte_at(offset + at as u64 * 4);
            self.1.ram(self.0.memory.gfn(index).0).write(place, bytes);
        }
        self.0.mapped
    }
    fn is_mapped(&self) -> bool {
        self.0.mapped
    }
    fn run(&self, index: usize) -> Option<(u64, u64)> {
        self.0.runs.get(index).copied()
    }
}

/// How the buffer of a request lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Whole pages.
    Pages,
    /// Starts so many bytes (a multiple of 4) into the first page.
    Shifted(usize),
    /// A segment for every 512 bytes, each in a page of its own.
    Scattered,
}

pub struct Rig {
    pub xen: Xen,
    pub direct: Direct,
    pub control: Control,
    pub policy: Policy,
    pub queues: Vec<Queue<Direct, Token>>,
    pub fences: Arc<Fences>,
    pub disk: Option<Disk>,
    pub offer: Offer,
    pub plan: Option<Plan>,
    pub remains: Vec<Remains<DirectPages>>,
    pub ended: RefCell<BTreeMap<u64, Outcome>>,
    pub emergency: Vec<Option<[u32; blkfront::emergency::PAGES]>>,
    next: u64,
    pub live: BTreeMap<u64, Rc<Io>>,
}

pub fn config(kind: BlockKind) -> BlockConfig {
    BlockConfig::of(kind, VDEV, 64)
}

impl Rig {
    pub fn new(config: BlockConfig, policy: Policy, seed: u64) -> Self {
        let xen = Xen::builder().memory(32).seed(seed).vcpus(4).disk(config).build();
        let direct = xen.direct();
        Self {
            control: Control::create(&format!("device/vbd/{VDEV}")),
            xen,
            direct,
            policy,
            queues: Vec::new(),
            fences: Arc::new(Fences::new()),
            disk: None,
            offer: Offer::default(),
            plan: None,
            remains: Vec::new(),
            ended: RefCell::default(),
            emergency: Vec::new(),
            next: 0,
            live: BTreeMap::new(),
        }
    }

    /// A connected rig with defaults.
    pub fn connected(config: BlockConfig, policy: Policy, seed: u64) -> Self {
        let mut rig = Self::new(config, policy, seed);
        rig.connect().expect("the connection comes about");
        rig
    }

    pub fn now(&self) -> u64 {
        self.direct.now()
    }

    fn pass_time(&self, until: u64) {
        let until = until.min(self.now() + 1_000_000_000);
        self.xen.sim_mut().advance(until);
    }

    /// Connects, or connects again.
    pub fn connect(&mut self) -> Result<(), Fault> {
        let result = self.try_connect();
        if let Err(fault) = &result {
            self.control.report(&self.direct, fault);
        }
        result
    }

    fn try_connect(&mut self) -> Result<(), Fault> {
        self.control.connect(&self.direct, self.now())?;
        let mut channels: Vec<Channel<Direct>> = Vec::new();
        loop {
            self.direct.run();
            match self.control.step(&self.direct, self.now()) {
                Ok(Step::Wait { until }) => self.pass_time(until),
                Ok(Step::Negotiated(offer)) => {
                    let plan = offer.plan(&self.policy);
                    (self.offer, self.plan) = (offer, Some(plan));
                    let identity = self.control.identity().unwrap().clone();
                    for vcpu in 0..plan.queues {
                        channels.push(
                            Channel::open(&self.direct, &plan, identity.peer, identity.handle, vcpu).unwrap(),
                        );
                    }
                    self.control.publish(&self.direct, &plan, &channels, self.now())?;
                }
                Ok(Step::Connected(disk)) => {
                    self.disk = Some(disk);
                    while self.queues.len() < channels.len() {
                        let fences = Arc::clone(&self.fences);
                        self.queues.push(Queue::create(&self.policy, 256, &disk, fences).expect("memory"));
                    }
                    self.emergency.clear();
                    for (queue, mut channel) in self.queues.iter_mut().zip(channels) {
                        self.emergency.push(channel.emergency_units());
                        channel.enable_indirect(&self.direct, disk.indirect);
                        queue.set_disk(&disk);
                        self.direct.unmask(channel.port().unwrap());
                        queue.attach(&self.direct, channel);
                    }
                    return Ok(());
                }
                Ok(other) => panic!("{other:?} while connecting"),
                Err(fault) => {
                    for channel in channels {
                        self.remains.push(channel.close(&self.direct));
                    }
                    return Err(fault);
                }
            }
        }
    }

    /// Closes the connection; requests stay in the queues.
    pub fn disconnect(&mut self) {
        for queue in &mut self.queues {
            queue.freeze();
        }
        self.control.disconnect(&self.direct, self.now()).unwrap();
        loop {
            self.direct.run();
            match self.control.step(&self.direct, self.now()) {
                Ok(Step::Wait { until }) => self.pass_time(until),
                Ok(Step::Closed) => break,
                Err(_) => break,
                Ok(other) => panic!("{other:?} while closing"),
            }
        }
        self.drop_rings();
    }

    pub fn drop_rings(&mut self) {
        for queue in &mut self.queues {
            if let Some(channel) = queue.detach(&self.direct) {
                self.remains.push(channel.close(&self.direct));
            }
        }
        self.remains = std::mem::take(&mut self.remains)
            .into_iter()
            .map(|remains| remains.retry(&self.direct))
            .filter(|remains| !remains.is_empty())
            .collect();
    }

    pub fn io(&mut self, bytes: usize, layout: Layout) -> Rc<Io> {
        let pages = match layout {
            Layout::Pages => bytes.div_ceil(4096).max(1),
            Layout::Shifted(by) => (bytes + by).div_ceil(4096),
            Layout::Scattered => bytes.div_ceil(512),
        };
        let memory = self.direct.alloc_pages(pages).expect("the guest has memory");
        let mut segments = Vec::new();
        let mut left = bytes;
        for index in 0..pages {
            let start = match layout {
                Layout::Shifted(by) if index == 0 => by,
                _ => 0,
            };
            let length = match layout {
                Layout::Scattered => left.min(512),
                _ => left.min(4096 - start),
            };
            let address = memory.gfn(index).0 * 4096 + start as u64;
            if length > 0 {
                segments.push(Segment { address, length: length as u32 });
            }
            left -= length;
        }
        self.next += 1;
        Rc::new(Io {
            number: self.next,
            memory,
            segments,
            runs: Vec::new(),
            mapped: true,
            done: Cell::new(false),
        })
    }

    pub fn io_with(&mut self, change: impl FnOnce(&mut Io)) -> Rc<Io> {
        let mut io = self.io(4096, Layout::Pages);
        change(Rc::get_mut(&mut io).unwrap());
        io
    }

    pub fn submit(
        &mut self,
        queue: usize,
        io: &Rc<Io>,
        operation: Operation,
        sector: u64,
        sectors: u64,
    ) -> Outcome {
        let now = self.now();
        let token = Token(Rc::clone(io), self.direct.clone());
        io.done.set(false);
        let request = Request { operation, sector, sectors, token };
        match self.queues[queue].submit(request, now) {
            Ok(()) => {
                self.live.insert(io.number, Rc::clone(io));
                Ok(())
            }
            Err(Rejected { request, failure }) => {
                request.token.0.done.set(true);
                Err(failure.expect("there is room"))
            }
        }
    }

    pub fn kick(&mut self) {
        for queue in &mut self.queues {
            queue.kick(&self.direct);
        }
    }

    /// Polls every queue once and collects what ended.
    pub fn poll(&mut self) -> Vec<Polled> {
        let mut polled = Vec::new();
        for index in 0..self.queues.len() {
            polled.push(self.queues[index].poll(&self.direct));
            if let Some(port) = self.queues[index].channel().and_then(Channel::port) {
                let _ = self.direct.take_event(port.raw());
                self.direct.unmask(port);
            }
            self.collect(index);
        }
        polled
    }

    pub fn collect(&mut self, queue: usize) {
        while let Some(Done { token, outcome }) = self.queues[queue].take_done() {
            let number = token.0.number;
            assert!(!token.0.done.replace(true), "request {number} ended twice");
            self.live.remove(&number).expect("it was submitted");
            assert!(self.ended.borrow_mut().insert(number, outcome).is_none());
        }
    }

    /// Runs both sides until nothing happens any more (bounded).
    pub fn settle(&mut self) {
        // As the driver does: once after submitting, then only what polls do.
        self.kick();
        for _ in 0..2000 {
            let steps = self.direct.settle();
            let before = self.ended.borrow().len();
            let polled = self.poll();
            if polled.iter().any(|p| p.retry) {
                self.pass_time(self.now() + 10_000_000);
            }
            let again = polled.iter().any(|p| p.more || p.lifted);
            if steps == 0 && self.ended.borrow().len() == before && !again {
                return;
            }
        }
    }

    pub fn outcome(&self, io: &Io) -> Option<Outcome> {
        self.ended.borrow().get(&io.number).copied()
    }

    /// Submits to queue 0 and runs until it ended.
    pub fn run(&mut self, io: &Rc<Io>, operation: Operation, sector: u64, sectors: u64) -> Outcome {
        self.ended.borrow_mut().remove(&io.number);
        self.submit(0, io, operation, sector, sectors)?;
        self.settle();
        self.outcome(io).expect("it ends")
    }

    pub fn write(&mut self, sector: u64, data: &[u8], layout: Layout) -> Outcome {
        let io = self.io(data.len(), layout);
        io.fill(&self.direct, data);
        self.run(&io, Operation::Write { fua: false }, sector, data.len() as u64 / 512)
    }

    pub fn read(
        &mut self,
        sector: u64,
        bytes: usize,
        layout: Layout,
    ) -> Result<Vec<u8>, blkfront::request::Failure> {
        let io = self.io(bytes, layout);
        io.fill(&self.direct, &vec![0xaa; bytes]);
        self.run(&io, Operation::Read, sector, bytes as u64 / 512)?;
        Ok(io.data(&self.direct, bytes))
    }

    /// What the back-end's disk holds.
    pub fn on_disk(&self, sector: u64, bytes: usize) -> Vec<u8> {
        self.xen.disk(VDEV).unwrap().borrow().bytes(sector, bytes as u64 / 512)
    }

    pub fn counters(&self) -> Counters {
        self.queues.iter().fold(Counters::default(), |a, queue| {
            let b = queue.counters();
            Counters {
                requests: a.requests + b.requests,
                completed: a.completed + b.completed,
                failed: a.failed + b.failed,
                slots: a.slots + b.slots,
                indirect: a.indirect + b.indirect,
                segments: a.segments + b.segments,
                bounced: a.bounced + b.bounced,
                notifications: a.notifications + b.notifications,
                silent: a.silent + b.silent,
                responses: a.responses + b.responses,
                stalls: a.stalls + b.stalls,
                deferred: a.deferred + b.deferred,
                reissued: a.reissued + b.reissued,
            }
        })
    }
}

/// Rubbish that is different everywhere.
pub fn pattern(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

impl Io {
    pub fn runs(&mut self, runs: &[(u64, u64)]) {
        self.runs = runs.into();
    }
    pub fn no_data(&mut self) {
        self.segments.clear();
        self.mapped = false;
    }
    pub fn unmapped(&mut self) {
        self.mapped = false;
    }
}

impl Rig {
    pub fn disconnect_and_connect(&mut self) {
        self.disconnect();
        self.connect().expect("it connects again");
    }

    pub fn describe(&self) -> String {
        let mut text = String::new();
        for queue in &self.queues {
            queue.describe(&mut text).unwrap();
        }
        text
    }
}

impl Rig {
    /// The host writes a node.
    pub fn store(&self, path: &str, value: &str) {
        if let Some(key) = path.strip_prefix("/local/domain/7/") {
            let mut sim = self.xen.sim_mut();
            let xensim::sim::Sim { world, tools, .. } = &mut *sim;
            tools.write(world, key, value);
        } else {
            self.xen.with_block(VDEV, |block, world| {
                let conn = block.bus().conn;
                world.store.write(conn, 0, path, value.as_bytes()).unwrap();
            });
        }
    }
}
