//! The network's session: frames each way over `netfront`, and what is told of each, at both ends.

use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use netfront::{
    Buffer, Payload, Run,
    control::{Control, QueueKeys, Step},
    negotiate::{Plan, Policy},
    ring::OpenError,
    rx::{RxChecksum, RxQueue},
    tx::{TxChecksum, TxMeta, TxOutcome, TxQueue},
};
use xenbus::{
    io::netif::GsoType,
    seam::{EventChannels, PageAllocator, PageOf, SharedPage},
    state::{Failure, Phase},
    types::{Domid, Gfn, PAGE_SIZE, Port},
};
use xensim::network::packet;

use crate::{
    session::{BOUND, World},
    wire::{Frame, Wire},
};

/// The station behind the back-end, and ours.
const PEER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x77];
const OURS: [u8; 6] = [0x00, 0x16, 0x3e, 0x11, 0x22, 0x33];
/// Receive buffers: as many as the ring has slots.
const BUFFERS: usize = 256;
/// Payload of a segment of a large packet.
const SEGMENT: u16 = 1448;

/// What is said of a frame's checksum and size when it is sent.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Whole, checksum included.
    Whole,
    /// The checksum is left to the receiver.
    Blank,
    /// Left to the receiver to be cut.
    Large,
}

/// A frame to be sent, either way.
#[derive(Clone, Copy, Debug)]
struct Ask {
    v6: bool,
    kind: Kind,
    payload: usize,
    /// Bytes of each fragment in the sender's memory; 0: pages.
    fragment: usize,
}

const fn ask(v6: bool, kind: Kind, payload: usize, fragment: usize) -> Ask {
    Ask { v6, kind, payload, fragment }
}

/// All sizes, from a few bytes to the largest packet; in one piece and in more pieces than a packet may have slots.
fn script() -> Vec<Ask> {
    let mut asks = Vec::new();
    for v6 in [false, true] {
        for payload in [6, 200, 536, 1200, 1460 - 20 * v6 as usize] {
            for kind in [Kind::Whole, Kind::Blank] {
                asks.extend([0, 64, 700].map(|fragment| ask(v6, kind, payload, fragment)));
            }
        }
        for payload in [1449, 8000, 30_000, 64_000] {
            asks.extend([0, 1000].map(|fragment| ask(v6, Kind::Large, payload, fragment)));
        }
    }
    asks
}

impl Ask {
    /// The frame from the peer's or to the peer's station.
    fn frame(&self, number: usize, to: [u8; 6], from: [u8; 6]) -> Frame {
        let payload: Vec<u8> = (0..self.payload).map(|n| (n * 7 + n / 251 + number) as u8).collect();
        let mut data = packet::tcp(self.v6, number as u8, 1, 0x10, &payload);
        data[..6].copy_from_slice(&to);
        data[6..12].copy_from_slice(&from);
        let blank = !matches!(self.kind, Kind::Whole);
        if blank {
            packet::blank_checksum(&mut data);
        }
        let gso = matches!(self.kind, Kind::Large).then_some(SEGMENT);
        Frame { data, blank, gso, v6: self.v6 }
    }
}

/// A receive buffer.
struct Page<P>(P);

impl<P: SharedPage> Buffer for Page<P> {
    fn gfn(&self) -> Gfn {
        self.0.gfn(0)
    }
}

/// A frame in the front-end's memory, in fragments.
struct Packet<P> {
    pages: Vec<P>,
    fragment: usize,
    data: Vec<u8>,
}

impl<P: SharedPage> Packet<P> {
    fn new<W: World<Pages: PageAllocator<Page = P>>>(
        world: &W,
        data: Vec<u8>,
        fragment: usize,
    ) -> Result<Self> {
        // Each fragment ends its page.
        let fragment = if fragment == 0 { PAGE_SIZE } else { fragment };
        let mut pages = Vec::new();
        for piece in data.chunks(fragment) {
            let page = world.pages().alloc_pages(1).map_err(|_| anyhow!("no page for a packet"))?;
            let mut bytes = vec![0xA5; PAGE_SIZE];
            bytes[PAGE_SIZE - fragment..][..piece.len()].copy_from_slice(piece);
            page.copy_in(0, &bytes);
            pages.push(page);
        }
        Ok(Self { pages, fragment, data })
    }
}

/// A packet as the front-end looks at it; the packet itself is the cookie that comes back.
struct View<'a, P>(&'a Packet<P>);

impl<P: SharedPage> Payload for View<'_, P> {
    fn len(&self) -> usize {
        self.0.data.len()
    }
    fn run(&mut self, at: usize) -> Run {
        let Packet { pages, fragment, data } = self.0;
        let (page, inside) = (at / fragment, at % fragment);
        let len = (fragment - inside).min(data.len() - at);
        Run { gfn: pages[page].gfn(0), offset: (PAGE_SIZE - fragment + inside) as u16, len: len as u16 }
    }
    fn copy(&mut self, at: usize, to: &mut [u8]) {
        to.copy_from_slice(&self.0.data[at..at + to.len()]);
    }
}

/// A frame that has come.
struct Received {
    data: Vec<u8>,
    checksum: RxChecksum,
    gso: Option<(u16, u8)>,
}

/// A connected interface.
struct Device<'w, W: World> {
    world: &'w W,
    control: Control,
    tx: TxQueue<W, Rc<Packet<PageOf<W>>>>,
    rx: RxQueue<W, Page<PageOf<W>>>,
    ports: Option<(Port, Port)>,
    told: Vec<String>,
}

impl<'w, W: World> Device<'w, W> {
    fn connect(world: &'w W, front: &str) -> Result<Self> {
        let policy = Policy { multicast: false, hash: false, pool: 32, ..Policy::default() };
        let mut rx = RxQueue::new(BUFFERS);
        for _ in 0..BUFFERS {
            rx.lend(Page(world.pages().alloc_pages(1).map_err(|_| anyhow!("no receive buffers"))?));
        }
        let mut control = Control::new(front, policy);
        control.start();
        let mut device = Self { world, control, tx: TxQueue::new(), rx, ports: None, told: Vec::new() };
        device.until("connect", |device| device.control.phase() == Phase::Running)?;
        let plan = *device.control.plan().context("a plan")?;
        device.told.push(format!(
            "plan: split {}, sg {}, gso {} {}, blank {} {}",
            plan.split_events, plan.sg, plan.tx_gso_v4, plan.tx_gso_v6, plan.tx_csum_v4, plan.tx_csum_v6
        ));
        Ok(device)
    }

    /// Steps the connection until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = self.world.now() + BOUND;
        loop {
            while let Some(step) = self.control.next(self.world, self.world.now()) {
                self.carry_out(step)?;
            }
            if done(self) {
                return Ok(());
            }
            ensure!(self.world.now() < deadline, "the back-end does not {what}: {:?}", self.control.phase());
            self.world.wait(self.world.now() + 10_000_000);
            // Nobody watches the store here: it is looked at.
            self.control.event(self.world, self.world.now());
            self.control.poll(self.world.now());
        }
    }

    fn carry_out(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Open { plan, peer } => {
                let opened = self.open(&plan, peer);
                self.control.published(self.world.now(), opened);
            }
            Step::Enable(_) => self.tx.enable(self.world.now()),
            Step::Disable => {
                self.tx.disable();
                self.rx.disable();
            }
            Step::Disconnect => {
                let _ = self.tx.detach(self.world, |_, _| {});
                self.rx.detach(self.world);
                let (tx, rx) = self.ports.take().context("ports")?;
                self.world.events().close(tx);
                self.world.events().close(rx);
            }
            Step::Fail(failure) | Step::Report(failure) => bail!("the device failed: {failure:?}"),
            Step::Watch(_) | Step::Changed(_) | Step::Identity(_) | Step::AskEject | Step::Stopped => {}
        }
        Ok(())
    }

    fn open(&mut self, plan: &Plan, peer: Domid) -> Result<(), Failure> {
        let failed = |_: OpenError| Failure::Resources;
        let world = self.world;
        let port = || world.events().alloc_unbound(peer, 0).map_err(|_| Failure::Resources);
        let (tx_port, rx_port) = (port()?, port()?);
        let keys = QueueKeys {
            tx_ring: self.tx.open(world, peer, plan).map_err(failed)?,
            rx_ring: self.rx.open(world, peer).map_err(failed)?,
            tx_port: tx_port.raw(),
            rx_port: if plan.split_events { rx_port.raw() } else { tx_port.raw() },
        };
        self.rx.enable();
        self.rx.refill(world, &rx_port);
        self.ports = Some((tx_port, rx_port));
        self.control.publish(world, &[keys], None).map_err(|_| Failure::Store)
    }

    /// Lets the others act, and looks at both rings: ends of packets, and frames.
    fn serve(&mut self) -> Result<(Vec<TxOutcome>, Vec<Received>)> {
        let (tx_port, rx_port) = self.ports.as_ref().context("ports")?;
        self.world.events().unmask(tx_port);
        self.world.events().unmask(rx_port);
        self.world.wait(self.world.now() + 10_000_000);
        let now = self.world.now();
        let (mut done, mut frames) = (Vec::new(), Vec::new());
        self.tx
            .poll(self.world, now, usize::MAX, |_, outcome| done.push(outcome))
            .and_then(|_| self.rx.poll(self.world, usize::MAX, |frame| frames.push(frame)))
            .map_err(|violation| anyhow!("the back-end broke the protocol: {violation:?}"))?;
        let mut received = Vec::new();
        for frame in frames {
            let mut data = Vec::new();
            for fragment in frame.fragments {
                let mut page = vec![0; PAGE_SIZE];
                fragment.buffer.0.copy_out(0, &mut page);
                data.extend_from_slice(&page[usize::from(fragment.offset)..][..usize::from(fragment.len)]);
                self.rx.recycle(fragment.buffer);
            }
            let gso = frame.gso.map(|(size, kind)| (size, kind.0));
            received.push(Received { data, checksum: frame.checksum, gso });
        }
        self.rx.refill(self.world, rx_port);
        // A bridge has frames of its own.
        received.retain(|frame| frame.data.starts_with(&OURS));
        Ok((done, received))
    }

    fn send(&mut self, wire: &impl Wire, number: usize, asked: &Ask) -> Result<()> {
        let frame = asked.frame(number, PEER, OURS);
        let checksum = match (frame.blank, asked.v6) {
            (false, _) => TxChecksum::Done,
            (true, false) => TxChecksum::BlankV4,
            (true, true) => TxChecksum::BlankV6,
        };
        let kind = if asked.v6 { GsoType::TCPV6 } else { GsoType::TCPV4 };
        let header = if asked.v6 { 74 } else { 54 };
        let meta = TxMeta { checksum, gso: frame.gso.map(|size| (size, kind)), header, hash: None };
        let packet = Rc::new(Packet::new(self.world, frame.data.clone(), asked.fragment)?);
        let cookie = Rc::clone(&packet);
        let sent = self.tx.transmit(self.world, &mut View(&packet), &meta, cookie, self.world.now());
        if let Err((_, why)) = sent {
            self.told.push(format!("{number:4} send {asked:?}: refused, {why:?}"));
            return Ok(());
        }
        let (tx_port, _) = self.ports.as_ref().context("ports")?;
        self.tx.flush(self.world, tx_port);
        let (mut done, mut seen) = (Vec::new(), Vec::new());
        let deadline = self.world.now() + BOUND;
        while done.is_empty() || seen.is_empty() {
            ensure!(
                self.world.now() < deadline,
                "{number}: {asked:?}: answered {done:?}, {} frames",
                seen.len()
            );
            done.extend(self.serve()?.0);
            seen.extend(wire.received()?.into_iter().filter(|frame| frame.data[..6] == PEER));
        }
        for Frame { data, blank, gso, .. } in seen {
            let (length, same) = (data.len(), data == frame.data);
            self.told.push(format!(
                "{number:4} send {asked:?}: {done:?}, on the wire {length} bytes, as sent {same}, blank {blank}, segments {gso:?}"
            ));
        }
        Ok(())
    }

    fn receive(&mut self, wire: &impl Wire, number: usize, asked: &Ask) -> Result<()> {
        let sent = asked.frame(number, OURS, PEER);
        wire.send(&sent)?;
        let deadline = self.world.now() + BOUND;
        loop {
            ensure!(self.world.now() < deadline, "{number}: {asked:?}: nothing is received");
            let (_, frames) = self.serve()?;
            for Received { data, checksum, gso } in &frames {
                let (length, same) = (data.len(), *data == sent.data);
                self.told.push(format!(
                    "{number:4} receive {asked:?}: {length} bytes, as sent {same}, {checksum:?}, segments {gso:?}"
                ));
            }
            if !frames.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Runs the session on the interface whose front-end's directory is `front`, with `wire` behind its back-end; gives what
/// was answered, one line each.
///
/// # Errors
/// When the back-end does not answer within a minute, or breaks the protocol.
pub fn session<W: World>(world: &W, front: &str, wire: &impl Wire) -> Result<Vec<String>> {
    let mut device = Device::connect(world, front)?;
    let asks = script();
    for (number, asked) in asks.iter().enumerate() {
        device.send(wire, number, asked)?;
    }
    for (number, asked) in asks.iter().enumerate().filter(|(_, asked)| asked.fragment == 0) {
        device.receive(wire, 500 + number, asked)?;
    }
    device.control.stop(world.now());
    device.until("close", |device| device.control.phase() == Phase::Stopped)?;
    device.told.push(format!("closed, buffers {}", device.rx.buffers()));
    Ok(device.told)
}
