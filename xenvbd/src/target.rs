//! A target: one `device/vbd/<id>`, its connection, its queues.
//!
//! Two sides. The control side ([`Target::advance`], `PASSIVE_LEVEL`) steps the connection and swaps
//! rings in and out. The I/O side ([`Target::submit`], [`Target::service`], `DISPATCH_LEVEL`) only takes
//! the lock of one queue. Requests are accepted as soon as the target was connected once, and wait in
//! their queue while there is no ring.

use alloc::{
    format,
    string::String,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use arrayvec::ArrayVec;
use blkfront::{
    channel::{Channel, Remains},
    control::{Control, Fault, Step},
    fence::Fences,
    lifecycle::{Loss, ResetReport},
    negotiate::{Disk, FlushBy, Plan, Policy},
    platform::Platform,
    queue::Queue,
    request::{Done, Failure, Rejected, Request},
};
use xenbus::seam::{Clock, EventChannels, SharedPage};
use xenpci_interface::{Client, EventClient, EventSink, Pages, SpinLock, abi};

use crate::{
    adapter::Adapter,
    dump::{self, Rescue},
    passive::{Guard, PassiveLock},
    scsi::{Attention, Identity, Unit},
    token::Token,
};

/// Largest transfer that Storport gives us, in bytes.
pub const MAX_TRANSFER: u32 = 1 << 20;
/// Requests that one target holds: what Storport may send at once, and then some for ourselves.
pub const DEPTH: usize = 512;
/// Ended requests that are handed back in one go.
const BATCH: usize = 32;
/// How long after a failed connection the next try is.
const RETRY: u64 = 5_000_000_000;

/// The events of one queue.
pub struct Sink {
    target: Weak<Target>,
    queue: usize,
}

impl EventSink for Sink {
    fn event(&self, _port: u32) {
        if let Some(target) = self.target.upgrade() {
            target.service(self.queue, true);
        }
    }
}

/// The seams, for one queue.
pub struct Host {
    client: Client,
    events: EventClient<Sink>,
}

impl Platform for Host {
    type Grants = Client;
    type Events = EventClient<Sink>;
    type Pages = Client;
    fn grants(&self) -> &Client {
        &self.client
    }
    fn events(&self) -> &EventClient<Sink> {
        &self.events
    }
    fn pages(&self) -> &Client {
        &self.client
    }
}

/// What the lock of a queue protects.
pub struct Inner {
    /// The queue.
    pub queue: Queue<Host, Token>,
    /// The DPC is handing requests back: what is submitted meanwhile is published at its end.
    busy: bool,
}

struct Cell {
    host: Host,
    inner: SpinLock<Inner>,
}

/// How the target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Presence {
    /// Never connected yet.
    Absent = 0,
    /// Connected once; requests are taken.
    Present = 1,
    /// The toolstack took it away.
    Gone = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting,
    Connected,
    /// Closing, then connecting anew.
    Reconnecting,
    /// Closing for good.
    Closing,
    Waiting {
        until: u64,
    },
    Closed,
}

struct ControlSide {
    control: Control,
    phase: Phase,
    channels: Vec<Channel<Host>>,
    remains: Vec<Remains<Pages>>,
    disk: Option<Disk>,
    plan: Option<Plan>,
    last_fault: Option<Fault>,
}

/// What a change of the target asks of the adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// When to look again, in nanoseconds; `u64::MAX` for "when the watch fires".
    pub until: u64,
    /// The unit came or went.
    pub presence: bool,
    /// The size changed.
    pub resized: bool,
}

/// See the module.
pub struct Target {
    /// Target number.
    pub id: u8,
    /// Number of the virtual device.
    pub vdev: u32,
    client: Client,
    policy: Policy,
    /// What commands look at.
    pub unit: Unit,
    identity: AtomicPtr<Identity>,
    presence: AtomicU32,
    /// An emulated twin is alive: no unit is reported.
    hidden: AtomicBool,
    /// Something waits for time only.
    retry: AtomicBool,
    /// A queue broke: the control side has to look.
    alarm: AtomicBool,
    /// The user asked to take the medium out.
    ejecting: AtomicBool,
    /// The rings must be opened anew.
    stale: AtomicBool,
    /// Queues with a ring.
    active: AtomicU32,
    queues: Vec<Cell>,
    side: PassiveLock<ControlSide>,
    /// The adapter, which has the timers and the worker.
    adapter: Weak<Adapter>,
}

/// Before a disk is known.
const NO_DISK: Disk = Disk {
    sectors: 0,
    block: 512,
    physical_block: 512,
    read_only: true,
    removable: false,
    unpluggable: false,
    cdrom: false,
    flush: false,
    barrier: false,
    discard: None,
    persistent: false,
    indirect: 0,
};

impl Target {
    /// Makes a target; nothing is connected. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn create(adapter: &Weak<Adapter>, client: &Client, id: u8, vdev: u32, policy: &Policy) -> Arc<Self> {
        let fences = Arc::new(Fences::new());
        Arc::new_cyclic(|weak| {
            let queues = (0..policy.queues as usize)
                .map(|queue| {
                    let sink = Arc::new(Sink { target: weak.clone(), queue });
                    let inner = Inner {
                        queue: Queue::create(policy, DEPTH, &NO_DISK, Arc::clone(&fences)),
                        busy: false,
                    };
                    Cell {
                        host: Host { client: client.clone(), events: EventClient::new(client.clone(), sink) },
                        inner: SpinLock::new(client, inner),
                    }
                })
                .collect();
            let side = ControlSide {
                control: Control::create(&format!("device/vbd/{vdev}")),
                phase: Phase::Idle,
                channels: Vec::new(),
                remains: Vec::new(),
                disk: None,
                plan: None,
                last_fault: None,
            };
            Self {
                id,
                vdev,
                client: client.clone(),
                policy: *policy,
                unit: Unit::new(&NO_DISK, MAX_TRANSFER),
                identity: AtomicPtr::new(core::ptr::null_mut()),
                presence: AtomicU32::new(Presence::Absent as u32),
                hidden: AtomicBool::new(false),
                retry: AtomicBool::new(false),
                alarm: AtomicBool::new(false),
                ejecting: AtomicBool::new(false),
                stale: AtomicBool::new(false),
                active: AtomicU32::new(0),
                queues,
                side: PassiveLock::new(client, side),
                adapter: adapter.clone(),
            }
        })
    }

    /// How it stands.
    pub fn presence(&self) -> Presence {
        match self.presence.load(Ordering::Acquire) {
            1 => Presence::Present,
            2 => Presence::Gone,
            _ => Presence::Absent,
        }
    }

    /// True if Windows may see the unit.
    pub fn is_visible(&self) -> bool {
        self.presence() == Presence::Present && !self.hidden.load(Ordering::Relaxed)
    }

    /// Shows or hides the unit; true if that is a change.
    pub fn hide(&self, hidden: bool) -> bool {
        self.hidden.swap(hidden, Ordering::Relaxed) != hidden
    }

    /// Who the disk is; there from the first connection on.
    #[allow(unsafe_code, reason = "a reference to what is never freed before the target")]
    pub fn identity(&self) -> Option<&Identity> {
        let identity = self.identity.load(Ordering::Acquire);
        // SAFETY: set once to a leaked box, which is only freed with the target.
        unsafe { identity.as_ref() }
    }

    fn set_identity(&self, identity: Identity) {
        let fresh = alloc::boxed::Box::into_raw(alloc::boxed::Box::new(identity));
        let null = core::ptr::null_mut();
        if self.identity.compare_exchange(null, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            free_identity(fresh);
        }
    }

    // The I/O side.

    /// Puts a request on a queue of the given processor. What cannot be done comes back.
    /// `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// See [`Rejected`].
    pub fn submit(&self, request: Request<Token>, processor: u32) -> Result<(), Rejected<Token>> {
        let active = self.active.load(Ordering::Relaxed).max(1);
        let index = (processor % active) as usize;
        let Some(cell) = self.queues.get(index) else {
            return Err(Rejected { request, failure: Some(Failure::Gone) });
        };
        let now = self.client.now();
        let mut inner = cell.inner.lock();
        inner.queue.submit(request, now)?;
        if !inner.busy {
            inner.queue.kick(&cell.host);
        }
        Ok(())
    }

    /// Takes responses of a queue and hands requests back; after an event, lets the next one through.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn service(&self, index: usize, event: bool) {
        let Some(cell) = self.queues.get(index) else { return };
        cell.inner.lock().busy = true;
        let mut lifted = false;
        let mut worked = false;
        loop {
            let polled = {
                let mut inner = cell.inner.lock();
                let before = inner.queue.counters().responses;
                let polled = inner.queue.poll(&cell.host);
                worked |= inner.queue.counters().responses != before;
                if inner.queue.broken().is_some() {
                    self.alarm.store(true, Ordering::Release);
                }
                if inner.queue.flush_by() == FlushBy::Nothing
                    && inner.queue.disk().flush_by() != FlushBy::Nothing
                {
                    self.unit.flush_refused();
                }
                polled
            };
            lifted |= polled.lifted;
            if polled.retry {
                self.retry.store(true, Ordering::Release);
            }
            self.hand_back(cell);
            if !polled.more {
                break;
            }
        }
        {
            let mut inner = cell.inner.lock();
            inner.busy = false;
            inner.queue.kick(&cell.host);
            if event && let Some(port) = inner.queue.channel().and_then(Channel::port) {
                if worked {
                    cell.host.events.unmask(port);
                } else {
                    cell.host.events.unmask_spurious(port);
                }
            }
        }
        // A broken queue, or one that waits for time, is the adapter's to see to.
        if (self.alarm.load(Ordering::Acquire) || self.retry.load(Ordering::Acquire))
            && let Some(adapter) = self.adapter.upgrade()
        {
            adapter.after_io(self);
        }
        if lifted {
            for (other, cell) in self.queues.iter().enumerate() {
                if other != index {
                    cell.inner.lock().queue.kick(&cell.host);
                }
            }
        }
    }

    /// Hands back what has ended, outside of the lock.
    fn hand_back(&self, cell: &Cell) {
        loop {
            let mut batch = ArrayVec::<Done<Token>, BATCH>::new();
            {
                let mut inner = cell.inner.lock();
                while !batch.is_full()
                    && let Some(done) = inner.queue.take_done()
                {
                    batch.push(done);
                }
            }
            if batch.is_empty() {
                return;
            }
            for Done { token, outcome } in batch {
                token.finish(outcome);
            }
        }
    }

    /// Looks at all queues without an event. `IRQL <= DISPATCH_LEVEL`.
    pub fn service_all(&self) {
        for index in 0..self.queues.len() {
            self.service(index, false);
        }
    }

    /// True once if something waits for time only.
    pub fn take_retry(&self) -> bool {
        self.retry.swap(false, Ordering::AcqRel)
    }

    /// True if a queue broke since the last look.
    pub fn has_alarm(&self) -> bool {
        self.alarm.load(Ordering::Acquire)
    }

    /// Ends what can be ended. `IRQL <= DISPATCH_LEVEL`.
    pub fn reset(&self) -> ResetReport {
        let mut report = ResetReport::default();
        for cell in &self.queues {
            let part = cell.inner.lock().queue.reset();
            report.ended += part.ended;
            report.held += part.held;
            self.hand_back(cell);
        }
        if report.held == 0 {
            self.unit.raise(Attention::Reset);
        }
        report
    }

    /// The device failed in a way that only the control side can repair.
    fn break_queues(&self) {
        for cell in &self.queues {
            cell.inner.lock().queue.declare_broken(&cell.host);
            self.hand_back(cell);
        }
    }

    fn each_queue(&self, mut work: impl FnMut(&Host, &mut Queue<Host, Token>)) {
        for cell in &self.queues {
            work(&cell.host, &mut cell.inner.lock().queue);
        }
    }

    /// Requests held by all queues.
    pub fn held(&self) -> usize {
        self.queues.iter().map(|cell| cell.inner.lock().queue.held()).sum()
    }

    /// Ring requests under way.
    pub fn on_ring(&self) -> usize {
        self.queues.iter().map(|cell| cell.inner.lock().queue.on_ring()).sum()
    }

    // The control side.

    /// Goes on with whatever the connection needs. `PASSIVE_LEVEL`.
    pub fn advance(&self) -> Advance {
        let mut side = self.side.lock();
        let mut advance = Advance { until: u64::MAX, ..Advance::default() };
        if self.alarm.swap(false, Ordering::AcqRel) {
            self.on_alarm(&mut side);
        }
        self.retry_remains(&mut side);
        self.on_wishes(&mut side, &mut advance);
        // Bounded: each turn either waits or gets to another phase.
        for _ in 0..16 {
            match self.turn(&mut side, &mut advance) {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => self.on_fault(&mut side, fault, &mut advance),
            }
        }
        if !side.remains.is_empty() {
            advance.until = advance.until.min(self.client.now() + RETRY);
        }
        advance
    }

    /// One turn; true if another should follow at once.
    fn turn(&self, side: &mut Guard<'_, ControlSide>, advance: &mut Advance) -> Result<bool, Fault> {
        let now = self.client.now();
        match side.phase {
            Phase::Idle => {
                side.control.connect(&self.client, now)?;
                side.phase = Phase::Connecting;
                Ok(true)
            }
            Phase::Waiting { until } if now < until => {
                advance.until = advance.until.min(until);
                Ok(false)
            }
            Phase::Waiting { .. } => {
                side.phase = Phase::Idle;
                Ok(true)
            }
            Phase::Closed => Ok(false),
            Phase::Connecting | Phase::Connected | Phase::Reconnecting | Phase::Closing => {
                let step = side.control.step(&self.client, now)?;
                self.on_step(side, step, now, advance)
            }
        }
    }

    fn on_step(
        &self,
        side: &mut Guard<'_, ControlSide>,
        step: Step,
        now: u64,
        advance: &mut Advance,
    ) -> Result<bool, Fault> {
        match step {
            Step::Wait { until } => {
                advance.until = advance.until.min(until);
                return Ok(until <= now);
            }
            Step::Negotiated(offer) => {
                let plan = offer.plan(&self.policy);
                self.open_channels(side, &plan)?;
                let ControlSide { control, channels, .. } = &mut **side;
                control.publish(&self.client, &plan, channels, now)?;
                side.plan = Some(plan);
            }
            Step::Connected(disk) => {
                self.on_connected(side, &disk, advance);
            }
            Step::Resized(disk) => {
                side.disk = Some(disk);
                self.each_queue(|_, queue| queue.set_disk(&disk));
                dump::resize(self.id, &disk);
                if let Some(attention) = self.unit.update(&disk) {
                    self.unit.raise(attention);
                    advance.resized = true;
                }
            }
            Step::ClosingAsked { online: true } => {
                // Somebody asks for an eject, which the user of the disk may veto: I/O goes on.
                self.log(abi::LOG_INFORMATION, "the host asks for the disk back; it is in use");
            }
            Step::ClosingAsked { online: false } => {
                self.leave(side, advance);
                side.phase = Phase::Closing;
                side.control.disconnect(&self.client, now)?;
            }
            Step::Lost => {
                self.log(abi::LOG_WARNING, "the back-end closed the connection; connecting again");
                self.each_queue(|_, queue| queue.freeze());
                self.lose_rings(side, Loss::Closed);
                side.phase = Phase::Reconnecting;
                side.control.disconnect(&self.client, now)?;
            }
            Step::Closed => {
                self.lose_rings(side, Loss::Closed);
                side.phase = match side.phase {
                    Phase::Reconnecting => Phase::Idle,
                    _ => Phase::Closed,
                };
            }
        }
        Ok(true)
    }

    fn open_channels(&self, side: &mut Guard<'_, ControlSide>, plan: &Plan) -> Result<(), Fault> {
        let identity = side.control.identity().ok_or(Fault::Gone)?;
        let (peer, handle) = (identity.peer, identity.handle);
        for (index, cell) in self.queues.iter().enumerate().take(plan.queues as usize) {
            match Channel::open(&cell.host, plan, peer, handle, index as u32) {
                Ok(channel) => side.channels.push(channel),
                // One ring is enough to work; fewer than the plan is what is then published.
                Err(_) if index > 0 => break,
                Err(_) => return Err(Fault::Store(xenbus::seam::StoreError::Quota)),
            }
        }
        Ok(())
    }

    fn on_connected(&self, side: &mut Guard<'_, ControlSide>, disk: &Disk, advance: &mut Advance) {
        let changed = self.unit.update(disk);
        if self.identity().is_none() {
            self.set_identity(read_identity(
                &self.client,
                self.vdev,
                side.control.identity().map(|i| i.backend.as_str()),
            ));
        }
        side.disk = Some(*disk);
        side.last_fault = None;
        side.phase = Phase::Connected;
        let channels = core::mem::take(&mut side.channels);
        self.active.store(channels.len() as u32, Ordering::Relaxed);
        let used = channels.len();
        let mut offered = false;
        for (cell, mut channel) in self.queues.iter().zip(channels) {
            channel.enable_indirect(&cell.host, disk.indirect);
            self.offer_for_dump(&mut channel, disk, &mut offered);
            let mut inner = cell.inner.lock();
            inner.queue.set_disk(disk);
            inner.queue.attach(&cell.host, channel);
            // Not before: an event that finds no ring leaves its port masked. (Binding the port makes one.)
            if let Some(port) = inner.queue.channel().and_then(Channel::port) {
                cell.host.events.unmask(port);
            }
        }
        // Requests of queues that have no ring this time go to the first.
        for index in used..self.queues.len() {
            self.move_requests(index);
        }
        // The first event may have come before anybody listened.
        self.service_all();
        if self.presence.swap(Presence::Present as u32, Ordering::AcqRel) != Presence::Present as u32 {
            advance.presence = true;
            let plan = side.plan;
            self.log(
                abi::LOG_INFORMATION,
                &format!("connected: {} sectors of 512 bytes, {plan:?}, {disk:?}", disk.sectors),
            );
        } else if let Some(attention) = changed {
            self.unit.raise(attention);
            advance.resized = true;
        }
    }

    /// The first ring is what a crash dump or hibernation would use.
    fn offer_for_dump(&self, channel: &mut Channel<Host>, disk: &Disk, offered: &mut bool) {
        if core::mem::replace(offered, true) {
            return;
        }
        let Some(grefs) = channel.emergency_units() else { return };
        let handle = channel.handle();
        let Some(port) = channel.port().map(xenbus::types::Port::raw) else { return };
        let (ring, data) = channel.memory();
        let Some(data) = data else { return };
        let ring = (ring.as_ptr(), (ring.len() / 4096) as u32);
        dump::offer(self.id, &Rescue { port, handle, ring, data: data.as_ptr(), grefs }, disk);
    }

    /// Hands the requests of a queue without a ring to the first queue.
    fn move_requests(&self, index: usize) {
        let (Some(from), Some(to)) = (self.queues.get(index), self.queues.first()) else { return };
        from.inner.lock().queue.freeze();
        loop {
            let Some((request, since)) = from.inner.lock().queue.take_waiting() else { return };
            let rejected = to.inner.lock().queue.submit(request, since).err();
            if let Some(Rejected { request, failure }) = rejected {
                request.token.finish(Err(failure.unwrap_or(Failure::Reset)));
            }
        }
    }

    /// The disk is taken away: Windows sees it vanish, and what it still has fails.
    fn leave(&self, side: &mut Guard<'_, ControlSide>, advance: &mut Advance) {
        if self.presence.swap(Presence::Gone as u32, Ordering::AcqRel) == Presence::Present as u32 {
            advance.presence = true;
            self.log(abi::LOG_INFORMATION, "the host takes the disk away");
        }
        // What is under way may still end well.
        let deadline = self.client.now() + 5_000_000_000;
        while self.on_ring() > 0 && self.client.now() < deadline {
            self.client.sleep(10_000_000);
            self.service_all();
        }
        self.break_queues();
        side.disk = None;
    }

    /// Takes the rings from the queues; requests stay and wait.
    fn lose_rings(&self, side: &mut Guard<'_, ControlSide>, loss: Loss) {
        dump::withdraw(self.id);
        // Channels that were opened but not connected yet, then those in use. Each is closed by the host of
        // its own queue: the events of its port go to that one.
        let opened = core::mem::take(&mut side.channels);
        let mut dead: Vec<(usize, Channel<Host>)> = opened.into_iter().enumerate().collect();
        for (index, cell) in self.queues.iter().enumerate() {
            let mut inner = cell.inner.lock();
            if let Some(channel) = inner.queue.detach(&cell.host, loss) {
                dead.push((index, channel));
            }
        }
        for (index, channel) in dead {
            let Some(cell) = self.queues.get(index) else { continue };
            match loss {
                Loss::Closed => side.remains.push(channel.close(&cell.host)),
                Loss::NewDomain => channel.forget(&cell.host),
            }
        }
        for cell in &self.queues {
            self.hand_back(cell);
        }
        self.retry_remains(side);
    }

    fn retry_remains(&self, side: &mut Guard<'_, ControlSide>) {
        let Some(cell) = self.queues.first() else { return };
        let remains = core::mem::take(&mut side.remains);
        side.remains =
            remains.into_iter().map(|remains| remains.retry(&cell.host)).filter(|r| !r.is_empty()).collect();
    }

    /// A queue broke: the whole device is, until it was closed and connected anew.
    fn on_alarm(&self, side: &mut Guard<'_, ControlSide>) {
        let mut why = None;
        self.each_queue(|_, queue| why = why.or(queue.broken()));
        let Some(why) = why else { return };
        self.log(abi::LOG_ERROR, &format!("the back-end broke the protocol: {why:?}"));
        self.break_queues();
        if side.phase == Phase::Connected && side.control.disconnect(&self.client, self.client.now()).is_ok()
        {
            side.phase = Phase::Reconnecting;
        }
    }

    /// Ejection, and rings that hibernation has used.
    fn on_wishes(&self, side: &mut Guard<'_, ControlSide>, advance: &mut Advance) {
        let eject = self.ejecting.swap(false, Ordering::AcqRel);
        let stale = self.stale.swap(false, Ordering::AcqRel);
        if side.phase != Phase::Connected || !(eject || stale) {
            return;
        }
        if eject {
            self.leave(side, advance);
        } else {
            self.freeze();
            self.lose_rings(side, Loss::Closed);
        }
        if side.control.disconnect(&self.client, self.client.now()).is_ok() {
            side.phase = if eject { Phase::Closing } else { Phase::Reconnecting };
        }
    }

    fn on_fault(&self, side: &mut Guard<'_, ControlSide>, fault: Fault, advance: &mut Advance) {
        if side.last_fault.as_ref() != Some(&fault) {
            self.log(abi::LOG_ERROR, &format!("no connection: {fault}"));
            side.control.report(&self.client, &fault);
        }
        side.last_fault = Some(fault);
        self.lose_rings(side, Loss::Closed);
        side.phase = if side.phase == Phase::Closing {
            Phase::Closed
        } else {
            Phase::Waiting { until: self.client.now() + RETRY }
        };
        advance.until = advance.until.min(self.client.now() + RETRY);
    }

    /// `device/vbd/<id>` is no more.
    pub fn vanish(&self) -> Advance {
        let mut side = self.side.lock();
        let mut advance = Advance { until: u64::MAX, ..Advance::default() };
        if side.phase != Phase::Closed {
            self.leave(&mut side, &mut advance);
            self.lose_rings(&mut side, Loss::Closed);
            side.phase = Phase::Closed;
        }
        advance
    }

    /// `device/vbd/<id>` is there (again).
    pub fn appear(&self) {
        let mut side = self.side.lock();
        if side.phase == Phase::Closed {
            side.phase = Phase::Idle;
            self.presence.store(Presence::Absent as u32, Ordering::Release);
        }
    }

    /// Before a suspend: no more submissions, and a second for what is under way.
    pub fn prepare_suspend(&self) {
        self.each_queue(|_, queue| queue.freeze());
        let deadline = self.client.now() + 1_000_000_000;
        while self.on_ring() > 0 && self.client.now() < deadline {
            self.client.sleep(1_000_000);
            self.service_all();
        }
    }

    /// Nothing is submitted any more; what is under way goes on. `IRQL <= DISPATCH_LEVEL`.
    pub fn freeze(&self) {
        self.each_queue(|_, queue| queue.freeze());
    }

    /// The medium is to be taken out, as the user asked.
    pub fn eject(&self) {
        self.ejecting.store(true, Ordering::Release);
    }

    /// The rings' indexes are no longer true: the next [`Target::advance`] closes and connects.
    pub fn require_reconnection(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// The suspend was called off, or the sleep is over. `IRQL <= DISPATCH_LEVEL`.
    pub fn thaw(&self) {
        self.each_queue(|host, queue| queue.thaw(host));
        self.service_all();
    }

    /// After a wake: rings, ports and grants are void. The next [`Target::advance`] connects.
    pub fn forget(&self) {
        let mut side = self.side.lock();
        self.each_queue(|_, queue| queue.freeze());
        self.lose_rings(&mut side, Loss::NewDomain);
        side.control.forget();
        if side.phase != Phase::Closed {
            side.phase = Phase::Idle;
        }
    }

    /// Closes the connection, bounded. Requests that are left fail.
    pub fn disconnect(&self) {
        let mut side = self.side.lock();
        if side.phase == Phase::Connected || side.phase == Phase::Connecting {
            self.each_queue(|_, queue| queue.freeze());
            if side.control.disconnect(&self.client, self.client.now()).is_ok() {
                side.phase = Phase::Closing;
            }
        }
        while side.phase == Phase::Closing {
            match side.control.step(&self.client, self.client.now()) {
                Ok(Step::Closed) | Err(_) => break,
                Ok(_) => self.client.sleep(5_000_000),
            }
        }
        self.lose_rings(&mut side, Loss::Closed);
        side.phase = Phase::Closed;
        self.break_queues();
    }

    fn log(&self, severity: u32, text: &str) {
        self.client.log(severity, &format!("Disk {} (target {}): {text}", self.vdev, self.id));
    }

    /// State and figures of all queues, read without a lock: the machine may be crashing with locks
    /// held. Numbers may be torn.
    ///
    /// # Errors
    /// Those of the writer.
    #[allow(unsafe_code, reason = "a look past the lock")]
    pub fn describe(&self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        writeln!(out, "target {} vbd {}: {:?} {:?}", self.id, self.vdev, self.presence(), self.unit)?;
        for cell in &self.queues {
            // SAFETY: the data lives as long as the lock. It may change meanwhile: what is printed are
            // numbers, and tables of fixed size whose entries are looked up, never followed.
            let inner = unsafe { &*cell.inner.as_ptr() };
            inner.queue.describe(out)?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let identity = self.identity.swap(core::ptr::null_mut(), Ordering::AcqRel);
        if !identity.is_null() {
            free_identity(identity);
        }
    }
}

#[allow(unsafe_code, reason = "takes a leaked box back")]
fn free_identity(identity: *mut Identity) {
    // SAFETY: from Box::into_raw, and nobody else has it.
    drop(unsafe { alloc::boxed::Box::from_raw(identity) });
}

/// Who the disk is, from what the host says.
fn read_identity(store: &Client, vdev: u32, backend: Option<&str>) -> Identity {
    use xenbus::seam::Store;
    let back = |name: &str| backend.and_then(|b| store.read(None, &format!("{b}/{name}")).ok());
    let text = |bytes: Option<Vec<u8>>| bytes.and_then(|b| String::from_utf8(b).ok());
    let pages = crate::scsi::Pages::from_base64(
        back("sm-data/scsi/0x12/default").as_deref(),
        back("sm-data/scsi/0x12/0x80").as_deref(),
        back("sm-data/scsi/0x12/0x83").as_deref(),
    );
    let image = text(back("sm-data/vdi-uuid"));
    // "/vm/<uuid>"
    let machine = text(store.read(None, "vm").ok());
    let machine = machine.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path));
    Identity::new(image.as_deref(), machine, vdev, pages)
}
