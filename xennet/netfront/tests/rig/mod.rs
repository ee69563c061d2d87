//! A driver in miniature over the simulated Xen: what xennet does, without NDIS.
#![allow(dead_code, missing_docs)] // Each test file uses its part.

use std::collections::BTreeMap;

use netfront::{
    Buffer, Payload, Run, Violation,
    control::{Control, CtrlKeys, QueueKeys, Step},
    ctrl::{Ctrl, Hashing, Outcome},
    negotiate::{Identity, Plan, Policy, Properties},
    ring::OpenError,
    rx::{Frame, RxQueue},
    tx::{TxMeta, TxOutcome, TxQueue, TxRefusal},
};
use xenbus::{
    seam::{EventChannels, PageAllocator, SharedPage, Store},
    state::{Failure, Phase, Wake},
    types::{Domid, Gfn, PAGE_SIZE, Port},
};
use xensim::{Direct, DirectPages, NicConfig, Xen, store::ring::StoreMode};

pub const FRONT: &str = "device/vif/0";

/// A receive buffer.
pub struct Page(pub DirectPages);

impl Buffer for Page {
    fn gfn(&self) -> Gfn {
        self.0.gfn(0)
    }
}

/// A packet in guest memory, in fragments that the test chose.
pub struct Packet {
    pages: Vec<DirectPages>,
    runs: Vec<(usize, u16, u16)>,
    data: Vec<u8>,
}

impl Packet {
    /// Puts `data` in pages of its own: each entry of `layout` is an offset in a fresh page and a
    /// length; what is left goes on in whole pages.
    pub fn new(guest: &Direct, data: &[u8], layout: &[(usize, usize)]) -> Self {
        let mut packet = Self { pages: Vec::new(), runs: Vec::new(), data: data.to_vec() };
        let mut rest = data;
        let whole = std::iter::repeat(&(0, PAGE_SIZE));
        for &(offset, len) in layout.iter().chain(whole) {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(len.min(rest.len()));
            let page = guest.alloc_pages(1).expect("page");
            let mut bytes = vec![0xA5; PAGE_SIZE];
            bytes[offset..offset + now.len()].copy_from_slice(now);
            page.copy_in(0, &bytes);
            packet.runs.push((packet.pages.len(), offset as u16, now.len() as u16));
            packet.pages.push(page);
            rest = later;
        }
        packet
    }
}

impl Payload for Packet {
    fn len(&self) -> usize {
        self.data.len()
    }
    fn run(&mut self, at: usize) -> Run {
        let mut start = 0;
        for &(page, offset, len) in &self.runs {
            if at < start + usize::from(len) {
                let skip = (at - start) as u16;
                return Run { gfn: self.pages[page].gfn(0), offset: offset + skip, len: len - skip };
            }
            start += usize::from(len);
        }
        panic!("run at {at} of {}", self.data.len())
    }
    fn copy(&mut self, at: usize, to: &mut [u8]) {
        to.copy_from_slice(&self.data[at..at + to.len()]);
    }
}

pub struct Queue {
    pub tx: TxQueue<Direct, u64>,
    pub rx: RxQueue<Direct, Page>,
    pub tx_port: Option<Port>,
    pub rx_port: Option<Port>,
}

/// A received frame, joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub data: Vec<u8>,
    pub meta: String,
    pub gso: Option<(u16, u8)>,
    pub hash: Option<(u8, u32)>,
    pub queue: usize,
    pub fragments: usize,
}

pub struct Rig {
    pub xen: Xen,
    pub guest: Direct,
    pub control: Control,
    pub queues: Vec<Queue>,
    pub ctrl: Ctrl<Direct>,
    pub ctrl_port: Option<Port>,
    pub buffers: usize,
    pub plan: Option<Plan>,
    pub log: Vec<&'static str>,
    pub properties: Option<Properties>,
    pub identity: Option<Identity>,
    pub failure: Option<Failure>,
    pub violations: Vec<Violation>,
    pub received: Vec<Received>,
    pub done: Vec<(u64, TxOutcome)>,
    pub hashing: Option<Outcome>,
    pub eject: Option<bool>,
    pub multicast_refused: bool,
    sent: BTreeMap<u64, Packet>,
    next: u64,
}

impl Rig {
    pub fn new(config: NicConfig, policy: Policy, seed: u64) -> Self {
        let xen = Xen::builder().seed(seed).nic(config).build();
        // xenstored on its ring would take the watch events that this guest asks for directly.
        xen.sim_mut().ring.mode = StoreMode::Dead;
        let guest = xen.direct();
        guest.run();
        guest.watch(FRONT, "front").expect("watch");
        Self {
            control: Control::new(FRONT, policy),
            queues: Vec::new(),
            ctrl: Ctrl::new(),
            ctrl_port: None,
            buffers: 300,
            plan: None,
            log: Vec::new(),
            properties: None,
            identity: None,
            failure: None,
            violations: Vec::new(),
            received: Vec::new(),
            done: Vec::new(),
            hashing: None,
            eject: None,
            multicast_refused: false,
            sent: BTreeMap::new(),
            next: 0,
            xen,
            guest,
        }
    }

    /// A connected device.
    pub fn connected(config: NicConfig, policy: Policy, seed: u64) -> Self {
        let mut rig = Self::new(config, policy, seed);
        rig.control.start();
        rig.pump();
        assert_eq!(
            rig.control.phase(),
            Phase::Running,
            "{:?} {:?} {:?}",
            rig.log,
            rig.guest.list(None, FRONT),
            rig.xen.with_net(0, |net, world| format!("{:?} {:?}", net.stats, world.violations))
        );
        rig
    }

    pub fn now(&self) -> u64 {
        self.xen.now()
    }

    /// Lets everything happen until nothing does any more, without waiting for deadlines of ours.
    pub fn pump(&mut self) {
        self.pump_by(usize::MAX);
    }

    /// The same, but after every `steps` steps of the others we have a look: more of their states are
    /// seen.
    pub fn pump_by(&mut self, steps: usize) {
        for _ in 0..20_000 {
            let mut moved = false;
            while let Some((_, token)) = self.guest.take_watch() {
                moved = true;
                let now = self.now();
                let guest = self.guest.clone();
                match token.as_str() {
                    "front" => self.control.front_event(&guest, now),
                    _ => self.control.event(&guest, now),
                }
            }
            moved |= match steps {
                usize::MAX => self.guest.settle() != 0,
                steps => self.xen.run(steps) != 0,
            };
            moved |= self.steps();
            moved |= self.serve();
            if !moved {
                return;
            }
        }
        panic!("never quiet: {:?}", self.log);
    }

    /// Moves time to our own deadline.
    pub fn expire(&mut self) {
        let deadline = self.control.deadline().expect("a deadline");
        self.xen.sim_mut().advance(deadline);
        self.control.poll(deadline);
        self.pump();
    }

    pub fn steps(&mut self) -> bool {
        let mut moved = false;
        let guest = self.guest.clone();
        while let Some(step) = self.control.next(&guest, self.now()) {
            moved = true;
            self.carry_out(step);
        }
        moved
    }

    fn carry_out(&mut self, step: Step) {
        let now = self.now();
        match step {
            Step::Watch(path) => {
                self.log.push("watch");
                let _ = self.guest.watch(&path, "back");
            }
            Step::Open { plan, peer } => {
                self.log.push("open");
                let result = self.open(&plan, peer);
                self.control.published(now, result);
            }
            Step::Enable(properties) => {
                self.log.push("enable");
                self.properties = Some(properties);
                for queue in &mut self.queues {
                    queue.tx.enable(now);
                }
            }
            Step::Changed(properties) => {
                self.log.push("changed");
                self.properties = Some(properties);
            }
            Step::Identity(identity) => {
                self.log.push("identity");
                self.identity = Some(identity);
            }
            Step::Disable => {
                self.log.push("disable");
                for queue in &mut self.queues {
                    queue.tx.disable();
                    queue.rx.disable();
                }
            }
            Step::Disconnect => {
                self.log.push("disconnect");
                self.disconnect();
            }
            Step::AskEject => {
                self.log.push("eject?");
                if let Some(agreed) = self.eject {
                    self.control.eject_answer(now, agreed);
                }
            }
            Step::Report(failure) => {
                self.log.push("report");
                self.failure = Some(failure);
            }
            Step::Fail(failure) => {
                self.log.push("fail");
                self.failure = Some(failure);
            }
            Step::Stopped => self.log.push("stopped"),
        }
    }

    fn open(&mut self, plan: &Plan, peer: Domid) -> Result<(), Failure> {
        let failed = |_: OpenError| Failure::Resources;
        let port = || {
            let port = self.guest.alloc_unbound(peer, 0).map_err(|_| Failure::Resources)?;
            self.guest.unmask(&port);
            Ok(port)
        };
        self.plan = Some(*plan);
        let mut keys = Vec::new();
        for index in 0..plan.queues as usize {
            if self.queues.len() <= index {
                let mut rx = RxQueue::new(self.buffers);
                for _ in 0..self.buffers {
                    rx.lend(Page(self.guest.alloc_pages(1).expect("page")));
                }
                self.queues.push(Queue { tx: TxQueue::new(), rx, tx_port: None, rx_port: None });
            }
            let queue = &mut self.queues[index];
            let tx_port = port()?;
            let rx_port = if plan.split_events { Some(port()?) } else { None };
            let rx_number = rx_port.as_ref().unwrap_or(&tx_port).raw();
            keys.push(QueueKeys {
                tx_ring: queue.tx.open(&self.guest, peer, plan).map_err(failed)?,
                rx_ring: queue.rx.open(&self.guest, peer).map_err(failed)?,
                tx_port: tx_port.raw(),
                rx_port: rx_number,
            });
            queue.rx.enable();
            queue.rx.refill(&self.guest, rx_port.as_ref().unwrap_or(&tx_port));
            (queue.tx_port, queue.rx_port) = (Some(tx_port), rx_port);
        }
        let ctrl = if plan.ctrl_ring {
            let ring = self.ctrl.open(&self.guest, peer).map_err(failed)?;
            let port = port()?;
            let keys = CtrlKeys { ring, port: port.raw() };
            self.ctrl_port = Some(port);
            Some(keys)
        } else {
            None
        };
        self.control.publish(&self.guest, &keys, ctrl).map_err(|_| Failure::Store)
    }

    fn disconnect(&mut self) {
        for queue in &mut self.queues {
            let done = &mut self.done;
            let sent = &mut self.sent;
            for port in [queue.tx_port.take(), queue.rx_port.take()].into_iter().flatten() {
                EventChannels::close(&self.guest, port);
            }
            let _ = queue.tx.detach(&self.guest, |cookie, outcome| {
                sent.remove(&cookie);
                done.push((cookie, outcome));
            });
            queue.rx.detach(&self.guest);
        }
        if let Some(port) = self.ctrl_port.take() {
            EventChannels::close(&self.guest, port);
        }
        self.ctrl.detach(&self.guest);
    }

    /// The event handlers. True when there was something.
    pub fn serve(&mut self) -> bool {
        let now = self.now();
        let mut moved = false;
        for index in 0..self.queues.len() {
            let queue = &mut self.queues[index];
            let Some(tx_port) = &queue.tx_port else { continue };
            let rx_port = queue.rx_port.as_ref().unwrap_or(tx_port);
            let tx_event = self.guest.take_event(tx_port.raw());
            let rx_event =
                if queue.rx_port.is_some() { self.guest.take_event(rx_port.raw()) } else { tx_event };
            moved |= tx_event || rx_event;
            let (done, sent) = (&mut self.done, &mut self.sent);
            let polled = queue.tx.poll(&self.guest, now, 10_000, |cookie, outcome| {
                assert!(sent.remove(&cookie).is_some(), "completed twice: {cookie}");
                done.push((cookie, outcome));
            });
            let mut found = Vec::new();
            match polled {
                Ok(polled) => self.multicast_refused |= polled.multicast_refused,
                Err(violation) => found.push(violation),
            }
            let mut frames = Vec::new();
            if let Err(violation) = queue.rx.poll(&self.guest, 10_000, |frame| frames.push(frame)) {
                found.push(violation);
            }
            moved |= !frames.is_empty();
            for frame in frames {
                self.received.push(join(&frame, index));
                frame.fragments.into_iter().for_each(|fragment| queue.rx.recycle(fragment.buffer));
            }
            queue.rx.refill(&self.guest, rx_port);
            for violation in found {
                moved = true;
                self.violations.push(violation);
                self.control.violation(now);
            }
        }
        if let Some(port) = &self.ctrl_port {
            moved |= self.guest.take_event(port.raw());
            match self.ctrl.poll(&self.guest, port, now) {
                Ok(None) => {}
                Ok(outcome) => self.hashing = outcome,
                Err(violation) => {
                    self.violations.push(violation);
                    self.control.violation(now);
                }
            }
        }
        moved
    }

    pub fn set_hashing(&mut self, hashing: Hashing) -> bool {
        self.hashing = None;
        let now = self.now();
        let set = match &self.ctrl_port {
            Some(port) => self.ctrl.set(&self.guest, port, hashing, now),
            None => false,
        };
        self.pump();
        set
    }

    /// Sends on a queue without waiting.
    pub fn post(
        &mut self,
        queue: usize,
        data: &[u8],
        layout: &[(usize, usize)],
        meta: &TxMeta,
    ) -> Result<u64, TxRefusal> {
        let mut packet = Packet::new(&self.guest, data, layout);
        let cookie = self.next;
        let now = self.now();
        let result = self.queues[queue].tx.transmit(&self.guest, &mut packet, meta, cookie, now);
        result.map_err(|(_, why)| why)?;
        self.sent.insert(cookie, packet);
        self.next += 1;
        Ok(cookie)
    }

    pub fn flush(&mut self, queue: usize) {
        let queue = &mut self.queues[queue];
        if let Some(port) = &queue.tx_port {
            queue.tx.flush(&self.guest, port);
        }
    }

    /// Sends and waits for the completion.
    pub fn send(&mut self, data: &[u8], layout: &[(usize, usize)], meta: &TxMeta) -> TxOutcome {
        let cookie = self.post(0, data, layout, meta).expect("taken");
        self.flush(0);
        self.pump();
        // A wake-up may be asked for later than the first answer: look as a timer would.
        self.serve();
        let at = self.done.iter().position(|(done, _)| *done == cookie).unwrap_or_else(|| {
            panic!(
                "not completed: {:?} {:?} {:?}",
                self.log,
                self.queues[0].tx.counters(),
                self.xen.violations()
            )
        });
        self.done.remove(at).1
    }

    pub fn unfinished(&self) -> usize {
        self.sent.len()
    }

    pub fn key(&self, name: &str) -> Option<String> {
        let value = self.guest.read(None, &format!("{FRONT}/{name}")).ok()?;
        Some(String::from_utf8(value).expect("text"))
    }

    /// Closes, and finds nothing left behind.
    pub fn close(mut self) {
        let now = self.now();
        self.control.stop(now);
        self.pump();
        for _ in 0..4 {
            if self.control.phase() != Phase::Stopped {
                self.expire();
            }
        }
        assert_eq!(self.control.phase(), Phase::Stopped);
        assert_eq!(self.unfinished(), 0, "every packet came back");
        for queue in &self.queues {
            assert_eq!(queue.rx.buffers(), self.buffers, "every buffer came back");
        }
        assert_eq!(self.guest.live_grants(), 0, "every grant ended");
    }

    pub fn suspend(&mut self) {
        self.control.suspend();
        self.steps();
    }

    pub fn resume(&mut self, wake: Wake) {
        let now = self.now();
        self.control.resume(now, wake);
        self.pump();
    }
}

pub fn join(frame: &Frame<Page>, queue: usize) -> Received {
    let mut data = Vec::new();
    for fragment in &frame.fragments {
        let mut page = vec![0; PAGE_SIZE];
        fragment.buffer.0.copy_out(0, &mut page);
        let start = usize::from(fragment.offset);
        data.extend_from_slice(&page[start..start + usize::from(fragment.len)]);
    }
    assert_eq!(data.len(), frame.len as usize);
    Received {
        data,
        meta: format!("{:?}", frame.checksum),
        gso: frame.gso.map(|(size, ty)| (size, ty.0)),
        hash: frame.hash,
        queue,
        fragments: frame.fragments.len(),
    }
}
