//! The disk's session: what is asked for, and what is told of the answers.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use blkfront::{
    channel::{Channel, Remains},
    control::{Control, Step},
    fence::Fences,
    negotiate::{Disk, Policy},
    queue::Queue,
    request::{Operation, Outcome, Payload, Request, Segment},
};
use xenbus::seam::{Clock, EventChannels, Host, PageAllocator, PageOf, SharedPage, Store};

/// A place to run in: the seams, and a way to let the others act.
pub trait World: Host + Store + Clock {
    /// Lets the others act for a while, at most until `until`; an event on a port of ours ends it.
    fn wait(&self, until: u64);
}

/// Bytes of a page.
const PAGE: usize = 4096;
/// How long an answer may take, ns.
pub(crate) const BOUND: u64 = 60_000_000_000;

/// Data of a request, in pages of its own.
struct Data<P> {
    number: usize,
    pages: Arc<P>,
    bytes: usize,
    /// Bytes into the first page at which the data begins.
    shift: usize,
}

impl<P: SharedPage> Payload for Data<P> {
    fn segment(&self, index: usize) -> Option<Segment> {
        let end = self.shift + self.bytes;
        let start = (index * PAGE).max(self.shift);
        let stop = ((index + 1) * PAGE).min(end);
        (self.bytes > 0 && start < stop).then(|| Segment {
            address: self.pages.gfn(index).0 * PAGE as u64 + (start % PAGE) as u64,
            length: (stop - start) as u32,
        })
    }
    fn gather(&self, offset: u64, to: &mut [u8]) -> bool {
        self.pages.copy_out(self.shift + offset as usize, to);
        true
    }
    fn scatter(&self, offset: u64, from: &[u8]) -> bool {
        self.pages.copy_in(self.shift + offset as usize, from);
        true
    }
}

/// One request of the session.
#[derive(Clone, Copy, Debug)]
struct Ask {
    operation: Operation,
    sector: u64,
    sectors: u64,
    shift: usize,
}

const fn ask(operation: Operation, sector: u64, sectors: u64, shift: usize) -> Ask {
    Ask { operation, sector, sectors, shift }
}

const WRITE: Operation = Operation::Write { fua: false };
const FORCED: Operation = Operation::Write { fua: true };
const DISCARD: Operation = Operation::Discard { secure: false };

/// What is asked for, one after the other: all sizes up to the largest indirect request, buffers that have to be copied,
/// both ends of the disk and what lies behind them, and everything that is not a read or a write.
fn script(disk: &Disk) -> Vec<Ask> {
    let end = disk.sectors;
    let mut asks = Vec::new();
    for (number, sectors) in [1, 2, 7, 8, 9, 88, 89, 96, 256, 512, 1024].into_iter().enumerate() {
        let sector = 64 + 2048 * number as u64;
        for shift in [0, 512, 4] {
            asks.push(ask(WRITE, sector, sectors, shift));
            asks.push(ask(Operation::Read, sector, sectors, shift));
        }
    }
    asks.extend([
        ask(WRITE, 0, 8, 0),
        ask(Operation::Read, 0, 8, 0),
        ask(WRITE, end - 1, 1, 0),
        ask(Operation::Read, end - 1, 1, 0),
        ask(Operation::Read, end, 1, 0),
        ask(WRITE, end - 1, 2, 0),
        ask(Operation::Read, u64::MAX / 512, 1, 0),
        ask(Operation::Verify, 0, 8, 0),
        ask(FORCED, 16, 8, 0),
        ask(Operation::Read, 16, 8, 0),
        ask(Operation::Flush, 0, 0, 0),
        ask(DISCARD, 4096, 2048, 0),
        ask(DISCARD, end, 8, 0),
        ask(Operation::Flush, 0, 0, 0),
    ]);
    asks
}

fn pattern(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(next).collect()
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

type Token<W> = Data<PageOf<W>>;

/// A connected device.
struct Device<'w, W: World> {
    world: &'w W,
    control: Control,
    queue: Queue<W, Token<W>>,
    remains: Vec<Remains<PageOf<W>>>,
    told: Vec<String>,
}

impl<'w, W: World> Device<'w, W> {
    fn connect(world: &'w W, front: &str) -> Result<Self> {
        // One queue, and no more memory than Linux's device for grants gives by default (1,024 pages).
        let policy = Policy {
            queues: 1,
            indirect: 256,
            indirect_requests: 4,
            bounce_pages: 64,
            reserve_pages: 160,
            grants: 512,
            ..Policy::default()
        };
        let mut control = Control::create(front);
        let mut told = Vec::new();
        let mut channels: Vec<Channel<W>> = Vec::new();
        control.connect(world, world.now()).map_err(|fault| anyhow::anyhow!("connect: {fault}"))?;
        let deadline = world.now() + BOUND;
        let disk = loop {
            ensure!(world.now() < deadline, "the back-end does not connect");
            match control.step(world, world.now()).map_err(|fault| anyhow::anyhow!("connect: {fault}"))? {
                Step::Wait { until } => world.wait(until.min(world.now() + 10_000_000)),
                Step::Negotiated(offer) => {
                    let plan = offer.plan(&policy);
                    told.push(format!("offer: ring order {}, trusted {}", offer.ring_order, offer.trusted));
                    let identity = control.identity().context("who the back-end is")?.clone();
                    let channel = Channel::open(world, &plan, identity.peer, identity.handle, 0);
                    channels.push(channel.map_err(|error| anyhow::anyhow!("rings: {error:?}"))?);
                    control
                        .publish(world, &plan, &channels, world.now())
                        .map_err(|fault| anyhow::anyhow!("publish: {fault}"))?;
                }
                Step::Connected(disk) => break disk,
                other => bail!("{other:?} while connecting"),
            }
        };
        told.push(format!(
            "disk: {} sectors of {} bytes, read-only {}, flush {}, barrier {}, discard {}, persistent {}, indirect {}",
            disk.sectors,
            disk.block,
            disk.read_only,
            disk.flush,
            disk.barrier,
            disk.discard.is_some(),
            disk.persistent,
            disk.indirect
        ));
        let queue = Queue::create(&policy, 64, &disk, Arc::new(Fences::new()));
        let mut queue = queue.context("memory for a queue")?;
        let mut channel = channels.pop().context("one channel")?;
        channel.enable_indirect(world, disk.indirect);
        queue.set_disk(&disk);
        if let Some(port) = channel.port() {
            world.events().unmask(port);
        }
        queue.attach(world, channel);
        Ok(Self { world, control, queue, remains: Vec::new(), told })
    }

    fn token(&self, number: usize, asked: &Ask) -> Result<Token<W>> {
        let data = matches!(asked.operation, Operation::Read | Operation::Write { .. });
        let bytes = if data { asked.sectors as usize * 512 } else { 0 };
        let pages = self
            .world
            .pages()
            .alloc_pages((asked.shift + bytes).div_ceil(PAGE).max(1))
            .map_err(|_| anyhow::anyhow!("request {number}: no pages"))?;
        let token = Data { number, pages: Arc::new(pages), bytes, shift: asked.shift };
        let content = match asked.operation {
            Operation::Write { .. } => pattern(number as u64 + asked.sector, bytes),
            _ => vec![0xAA; bytes],
        };
        token.pages.copy_in(token.shift, &content);
        Ok(token)
    }

    /// Polls until `count` requests have ended; gives number, outcome and the sum of the data.
    fn finish(&mut self, count: usize) -> Result<Vec<(usize, Outcome, u64)>> {
        let deadline = self.world.now() + BOUND;
        let mut ended = Vec::new();
        while ended.len() < count {
            ensure!(
                self.world.now() < deadline,
                "{} of {count} requests have not ended",
                count - ended.len()
            );
            self.queue.poll(self.world);
            if let Some(violation) = self.queue.broken() {
                bail!("the back-end broke the protocol: {violation:?}");
            }
            if let Some(port) = self.queue.channel().and_then(Channel::port) {
                self.world.events().unmask(port);
            }
            while let Some(done) = self.queue.take_done() {
                let token = done.token;
                let mut data = vec![0; token.bytes];
                token.pages.copy_out(token.shift, &mut data);
                ended.push((token.number, done.outcome, sum(&data)));
            }
            if ended.len() < count {
                self.world.wait(self.world.now() + 10_000_000);
            }
        }
        Ok(ended)
    }

    /// Puts requests on the ring, all at once, and tells their ends in the order of their numbers.
    fn run(&mut self, asks: &[(usize, Ask)]) -> Result<()> {
        let mut count = 0;
        for (number, asked) in asks {
            let token = self.token(*number, asked)?;
            let Ask { operation, sector, sectors, .. } = *asked;
            match self.queue.submit(Request { operation, sector, sectors, token }, self.world.now()) {
                Ok(()) => count += 1,
                Err(rejected) => {
                    let why = rejected.failure.context("the queue is full")?;
                    self.told.push(format!("{number:4} {asked:?}: refused, {why:?}"));
                }
            }
        }
        self.queue.kick(self.world);
        let mut ended = self.finish(count)?;
        ended.sort_unstable_by_key(|(number, ..)| *number);
        for (number, outcome, sum) in ended {
            let asked =
                asks.iter().find(|(n, _)| *n == number).map(|(_, asked)| asked).context("a number")?;
            self.told.push(format!("{number:4} {asked:?}: {outcome:?}, data {sum:016x}"));
        }
        Ok(())
    }

    fn disconnect(mut self) -> Result<Vec<String>> {
        let world = self.world;
        self.queue.freeze();
        self.control.disconnect(world, world.now()).map_err(|fault| anyhow::anyhow!("close: {fault}"))?;
        let deadline = world.now() + BOUND;
        loop {
            ensure!(world.now() < deadline, "the back-end does not close");
            match self.control.step(world, world.now()).map_err(|fault| anyhow::anyhow!("close: {fault}"))? {
                Step::Wait { until } => world.wait(until.min(world.now() + 10_000_000)),
                Step::Closed => break,
                other => bail!("{other:?} while closing"),
            }
        }
        if let Some(channel) = self.queue.detach(world) {
            self.remains.push(channel.close(world));
        }
        let left: usize = self.remains.into_iter().map(|r| r.retry(world)).filter(|r| !r.is_empty()).count();
        self.told.push(format!("closed, parts that stay mapped: {left}"));
        Ok(self.told)
    }
}

/// Runs the session on the device whose front-end's directory is `front`; gives what was answered, one line each.
///
/// # Errors
/// When the back-end does not answer within a minute, or breaks the protocol.
pub fn disk<W: World>(world: &W, front: &str) -> Result<Vec<String>> {
    let mut device = Device::connect(world, front)?;
    let asks = script(device.queue.disk());
    for numbered in asks.iter().copied().enumerate() {
        device.run(&[numbered])?;
    }
    // Many at once, answered in whatever order.
    let many: Vec<(usize, Ask)> = (0..32)
        .map(|n| {
            (
                1000 + n,
                ask(if n % 2 == 0 { WRITE } else { Operation::Read }, 30_000 + n as u64 / 2 * 64, 8, 0),
            )
        })
        .collect();
    let (writes, reads): (Vec<_>, Vec<_>) = many.into_iter().partition(|(_, a)| a.operation.writes());
    device.run(&writes)?;
    device.run(&reads)?;
    device.disconnect()
}
