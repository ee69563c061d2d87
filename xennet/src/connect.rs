//! The connection: one worker at `PASSIVE_LEVEL` carries out what the front-end's control decides.
//!
//! Everybody else only sets bits of a command word and queues the worker. So watches, timers, events
//! of the control ring, violations, suspends and NDIS's wishes meet in one place, one after the other.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU32, Ordering};

use netfront::{
    announce::Announcer,
    control::{Control, CtrlKeys, QueueKeys, Step},
    ctrl::{Ctrl, Hashing, Outcome},
    negotiate::{Plan, Policy, Properties},
    ring::OpenError,
    rx::RX_SLOTS,
    toeplitz::KEY_LEN,
};
use xenbus::{
    io::{netif::SLOTS_MIN, netif_ctrl::HashTypes},
    seam::{Clock, EventChannels},
    state::{Failure, Phase, Wake},
    types::{Domid, Port},
};
use xenpci_interface::{
    Client, DebugRegistration, Phase as SuspendPhase, PhaseHandler, Signal, SpinLock, SuspendRegistration,
    Timer, Watch, Work, abi,
};

use crate::{
    adapter::Adapter,
    announce::announce,
    host::XenHost,
    lifecycle,
    link::{DEFAULT_SPEED, Link},
    packet::Features,
    report::Dumper,
    rx,
    tx::{self, Chain, Lost},
};

/// Bits of the command word.
pub mod command {
    /// Connect.
    pub const START: u32 = 1;
    /// Close for good.
    pub const STOP: u32 = 1 << 1;
    /// The back-end's folder changed.
    pub const BACK: u32 = 1 << 2;
    /// The front-end's folder changed.
    pub const FRONT: u32 = 1 << 3;
    /// A deadline may have passed.
    pub const TIMER: u32 = 1 << 4;
    /// A queue found a violation.
    pub const VIOLATION: u32 = 1 << 5;
    /// A suspend is coming.
    pub const SUSPEND: u32 = 1 << 6;
    /// It was called off.
    pub const WAKE_SAME: u32 = 1 << 7;
    /// Ports and grants are void.
    pub const WAKE_NEW: u32 = 1 << 8;
    /// The control ring has something.
    pub const CTRL: u32 = 1 << 9;
    /// Receive-side scaling changed.
    pub const SCALING: u32 = 1 << 10;
    /// The multicast list or the packet filter changed.
    pub const FILTER: u32 = 1 << 11;
    /// What we ask of the back-end changed: connect anew.
    pub const RENEW: u32 = 1 << 12;
    /// Pages are still mapped: look again in a while.
    pub const PINNED: u32 = 1 << 13;
    /// NDIS resets the miniport: connect anew, and send nothing again.
    pub const RESET: u32 = 1 << 14;
}

/// Bound on the first connection while NDIS waits for the initialization, in nanoseconds.
const FIRST_BOUND: u64 = 5_000_000_000;
/// Bound on closing: both steps of the handshake.
const STOP_BOUND: u64 = 30_000_000_000;
/// Bound on the worker's part of a suspend.
const SUSPEND_BOUND: u64 = 2_000_000_000;
/// Bound on the back-end's answers to what it has, before a suspend.
const DRAIN_BOUND: u64 = 500_000_000;
/// How long a back-end may hold frames with hashes of a former key: netback drops what the guest gives no buffers for
/// after as long.
const HASH_SETTLE: u64 = 10_000_000_000;
/// Pause before pages that were still mapped are tried again.
const PINNED_PAUSE: u64 = 100_000_000;

/// What the worker works with.
struct State {
    control: Control,
    ctrl: Ctrl<XenHost>,
    ctrl_port: Option<Port>,
    back_watch: Option<Watch>,
    announcer: Announcer,
    pinned_due: Option<u64>,
    renewing: bool,
    /// The setting of receive-side scaling that the back-end is being told.
    told: u32,
    trust: HashTrust,
    /// What becomes of packets that the back-end has not answered when the connection ends.
    lost: Lost,
    groups: arrayvec::ArrayVec<[u8; 6], { crate::adapter::MAX_GROUPS }>,
    /// The back-end has been told to filter multicast frames.
    filtering: bool,
    policy: Policy,
}

/// When the back-end's hashes can be believed: frames that it hashed before a change may come after it.
#[derive(Default)]
struct HashTrust {
    /// Key and types that the back-end was told last.
    told: Option<([u8; KEY_LEN], HashTypes)>,
    /// They were others before, and no setting has been finished since.
    changing: bool,
    /// When the last frame with a hash of before has come.
    settled: u64,
    /// Hashes of the finished setting are to be believed from then on.
    due: Option<u64>,
}

impl HashTrust {
    /// The back-end is about to be told.
    fn tell(&mut self, key: [u8; KEY_LEN], types: HashTypes) {
        self.changing |= self.told.is_some_and(|told| told != (key, types));
        self.told = Some((key, types));
        self.due = None;
    }

    /// The back-end has taken the setting.
    fn done(&mut self, now: u64) {
        if core::mem::take(&mut self.changing) {
            self.settled = now.saturating_add(HASH_SETTLE);
        }
        self.due = Some(self.settled.max(now));
    }

    /// True, once, when hashes are to be believed.
    fn poll(&mut self, now: u64) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }
}

struct Parts {
    work: Work,
    timer: Timer,
}

/// Registrations that last as long as the adapter. The debug dump is not needed for anything to work.
type Held = (Watch, SuspendRegistration<Sleeper>, Option<DebugRegistration<Dumper>>);

/// The connection, from outside.
pub struct Connect {
    commands: AtomicU32,
    parts: SpinLock<Option<Parts>>,
    /// Empty while the worker has it.
    state: SpinLock<Option<Box<State>>>,
    held: SpinLock<Option<Held>>,
    settled: Signal,
    stopped: Signal,
    slept: Signal,
}

/// Grants of a connection: rings, all that the back-end may hold to receive into, pages for copies, and one send of the
/// largest kind (DESIGN, grant credits): whatever the other devices use, frames come and go.
fn grants_of(plan: &Plan) -> u32 {
    /// The control ring, its page of data, read and written.
    const CTRL: u32 = 3;
    let queue = 2 + RX_SLOTS as u32 + u32::from(plan.pool);
    plan.queues * queue + CTRL + SLOTS_MIN as u32
}

/// Is told about suspends.
struct Sleeper(alloc::sync::Weak<Adapter>);

impl PhaseHandler for Sleeper {
    fn phase(&self, phase: SuspendPhase) {
        let Some(adapter) = self.0.upgrade() else { return };
        let connect = &adapter.connect;
        let bits = match phase {
            SuspendPhase::Prepare => command::SUSPEND,
            // Only memory may be touched, and nothing has to be.
            SuspendPhase::Early => return,
            SuspendPhase::Late(xenpci_interface::Wake::Cancelled) => command::WAKE_SAME,
            SuspendPhase::Late(_) => command::WAKE_NEW,
        };
        connect.slept.clear();
        connect.command(bits);
        // The next phase must not begin before; when it takes too long it does all the same.
        let _ = connect.slept.wait(SUSPEND_BOUND);
    }
}

impl Connect {
    /// Of the device in `folder`, not started.
    #[must_use]
    pub fn new(client: &Client, folder: &str, policy: Policy) -> Option<Self> {
        let state = State {
            control: Control::new(folder, policy),
            ctrl: Ctrl::new(),
            ctrl_port: None,
            back_watch: None,
            announcer: Announcer::default(),
            pinned_due: None,
            renewing: false,
            told: 0,
            trust: HashTrust::default(),
            lost: Lost::Again,
            groups: arrayvec::ArrayVec::new(),
            filtering: false,
            policy,
        };
        Some(Self {
            commands: AtomicU32::new(0),
            parts: SpinLock::new(client, None),
            state: SpinLock::new(client, Some(Box::new(state))),
            held: SpinLock::new(client, None),
            settled: Signal::new(client).ok()?,
            stopped: Signal::new(client).ok()?,
            slept: Signal::new(client).ok()?,
        })
    }

    /// Starts, and waits a little for the connection. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn start(adapter: &Arc<Adapter>) -> Option<()> {
        let client = &adapter.host.client;
        let target = Arc::downgrade(adapter);
        let on_timer = target.clone();
        let worker = target.clone();
        let work = Work::new(client, move || {
            if let Some(adapter) = worker.upgrade() {
                adapter.connect.run(&adapter);
            }
        });
        let timer = Timer::new(client, move || {
            if let Some(adapter) = on_timer.upgrade() {
                adapter.connect.command(command::TIMER);
            }
        });
        *adapter.connect.parts.lock() = Some(Parts { work: work.ok()?, timer: timer.ok()? });
        let path = client.frontend_path().ok()?;
        let on_front = target.clone();
        let front = client.watch(&path, move || {
            if let Some(adapter) = on_front.upgrade() {
                adapter.connect.command(command::FRONT);
            }
        });
        let suspend = client.on_suspend(Sleeper(target));
        let debug = client.on_debug("xennet", Dumper::new(adapter)).ok();
        *adapter.connect.held.lock() = Some((front.ok()?, suspend.ok()?, debug));
        adapter.connect.command(command::START);
        // A back-end that is slow or absent must not keep the system from starting: then the link
        // comes up later.
        let _ = adapter.connect.settled.wait(FIRST_BOUND);
        Some(())
    }

    /// Closes and ends the worker. `PASSIVE_LEVEL`.
    pub fn stop(&self) {
        if self.parts.lock().is_some() {
            self.command(command::STOP);
            let _ = self.stopped.wait(STOP_BOUND);
        }
        let held = self.held.lock().take();
        // Waits for a suspend under way and for the watch's callback.
        drop(held);
        let parts = self.parts.lock().take();
        // Waits for the worker and the timer's callback.
        drop(parts);
        let state = self.state.lock().take();
        // Waits for the watches' callbacks.
        drop(state);
    }

    /// Asks the worker for something. `IRQL <= DISPATCH_LEVEL`.
    pub fn command(&self, bits: u32) {
        self.commands.fetch_or(bits, Ordering::AcqRel);
        if let Some(parts) = &*self.parts.lock() {
            parts.work.queue();
        }
    }

    fn run(&self, adapter: &Arc<Adapter>) {
        let Some(mut state) = self.state.lock().take() else { return };
        let bits = self.commands.swap(0, Ordering::AcqRel);
        state.obey(adapter, bits);
        state.steps(adapter);
        if bits & command::SUSPEND != 0 {
            state.freeze(adapter);
        }
        let phase = state.control.phase();
        let due = state.next_due();
        *self.state.lock() = Some(state);
        if matches!(phase, Phase::Running | Phase::Failed | Phase::Stopped) {
            self.settled.set();
        }
        if phase == Phase::Stopped {
            self.stopped.set();
        }
        if bits & (command::SUSPEND | command::WAKE_NEW | command::WAKE_SAME) != 0 {
            self.slept.set();
        }
        if let Some(due) = due {
            let wait = due.saturating_sub(adapter.host.client.now());
            if let Some(parts) = &*self.parts.lock() {
                parts.timer.set(wait.max(1_000_000));
            }
        }
    }
}

impl State {
    fn obey(&mut self, adapter: &Arc<Adapter>, bits: u32) {
        let client = &adapter.host.client;
        let now = client.now();
        let on = |bit| bits & bit != 0;
        if on(command::WAKE_SAME) {
            self.control.resume(now, Wake::SameDomain);
        }
        if on(command::WAKE_NEW) {
            self.control.resume(now, Wake::NewDomain);
        }
        if on(command::SUSPEND) {
            self.control.suspend();
        }
        if on(command::START) {
            self.control.start();
        }
        if on(command::STOP) {
            self.renewing = false;
            self.control.stop(now);
        }
        if on(command::VIOLATION) {
            client.log(abi::LOG_ERROR, "the network back-end broke the protocol; the device is stopped");
            self.control.violation(now);
        }
        if on(command::FRONT) {
            self.control.front_event(client, now);
        }
        if on(command::BACK) {
            self.control.event(client, now);
        }
        if on(command::RESET) {
            self.lost = Lost::Failed;
        }
        if on(command::RENEW | command::RESET) {
            self.policy.rx_gso_v4 = adapter.offload.rsc(false);
            self.policy.rx_gso_v6 = adapter.offload.rsc(true);
            self.control.set_policy(self.policy);
            if self.control.phase() == Phase::Stopped {
                // Nothing to be closed first.
                lifecycle::end_reset(adapter);
                self.control.start();
            } else {
                self.renewing = true;
                self.control.stop(now);
            }
        }
        if on(command::SCALING) {
            self.scale(adapter);
        }
        if on(command::FILTER) {
            self.follow_groups(adapter);
        }
        if on(command::PINNED) {
            self.pinned_due = Some(now + PINNED_PAUSE);
        }
        self.control.poll(now);
        if self.control.phase() == Phase::Suspended {
            // Ports and grants may be those of another domain already: what is to be done is done after the wake.
            return;
        }
        self.poll_ctrl(adapter);
        if self.trust.poll(client.now()) {
            adapter.hashed.store(self.told, Ordering::Release);
        }
        if self.announcer.poll(now) {
            announce(adapter);
        }
        if self.pinned_due.is_some_and(|due| due <= now) {
            self.pinned_due = None;
            self.retry_pinned(adapter);
        }
    }

    fn next_due(&self) -> Option<u64> {
        if self.control.phase() == Phase::Suspended {
            return None;
        }
        [self.control.deadline(), self.ctrl.deadline(), self.announcer.due(), self.pinned_due, self.trust.due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Before a suspend, with sends disabled: gives the back-end time to answer what it has, and then leaves the rings
    /// alone.
    fn freeze(&self, adapter: &Adapter) {
        let client = &adapter.host.client;
        let end = client.now() + DRAIN_BOUND;
        let busy = || adapter.queues.iter().any(|queue| queue.tx.lock().queue.outstanding() != 0);
        while busy() && client.now() < end {
            client.sleep(1_000_000);
        }
        for queue in &adapter.queues {
            if !rx::take_all(adapter, queue) {
                adapter.connect.command(command::VIOLATION);
            }
            queue.tx.lock().queue.freeze();
            queue.rx.lock().queue.freeze();
        }
    }

    fn steps(&mut self, adapter: &Arc<Adapter>) {
        let client = &adapter.host.client;
        while let Some(step) = self.control.next(client, client.now()) {
            self.step(adapter, step);
        }
    }

    fn step(&mut self, adapter: &Arc<Adapter>, step: Step) {
        let client = &adapter.host.client;
        match step {
            Step::Watch(path) => {
                self.back_watch = None;
                let target = Arc::downgrade(adapter);
                let watch = client.watch(&path, move || {
                    if let Some(adapter) = target.upgrade() {
                        adapter.connect.command(command::BACK);
                    }
                });
                // Without the watch the deadlines still bring us on.
                self.back_watch = watch.ok();
            }
            Step::Open { plan, peer } => {
                let result = self.open(adapter, &plan, peer);
                self.control.published(client.now(), result);
            }
            Step::Enable(properties) => self.enable(adapter, properties),
            Step::Changed(properties) => adapter.set_link(link_of(properties)),
            // Address and MTU are NDIS's attributes, which hold until the next initialization.
            Step::Identity(identity) => {
                if identity.mtu != adapter.toolstack.mtu || identity.mac != adapter.toolstack.mac {
                    client.log(
                        abi::LOG_INFORMATION,
                        "the network device has a new address or MTU: it is in force from the next start on",
                    );
                }
            }
            Step::Disable => {
                for queue in &adapter.queues {
                    queue.tx.lock().queue.disable();
                    queue.rx.lock().queue.disable();
                }
            }
            Step::Disconnect => self.disconnect(adapter),
            Step::AskEject => {
                // The answer is a removal, or nothing.
                let _ = client.report(abi::CHANGE_EJECT);
            }
            Step::Report(failure) => client.log(abi::LOG_WARNING, text(failure)),
            Step::Fail(failure) => {
                client.log(abi::LOG_ERROR, text(failure));
                self.give_up(adapter);
                lifecycle::end_reset(adapter);
            }
            Step::Stopped => {
                lifecycle::end_reset(adapter);
                if self.renewing {
                    self.renewing = false;
                    self.control.start();
                } else {
                    self.give_up(adapter);
                }
            }
        }
    }

    fn open(&mut self, adapter: &Adapter, plan: &Plan, peer: Domid) -> Result<(), Failure> {
        let host = &adapter.host;
        if host.client.reserve_grants(grants_of(plan)).is_err() {
            host.client.log(
                abi::LOG_WARNING,
                "the host's grant table has no room to set the interface's entries aside",
            );
        }
        let failed = |_: OpenError| Failure::Resources;
        let port = |vcpu: u32| host.events.alloc_unbound(peer, vcpu).map_err(|_| Failure::Resources);
        let processors = adapter.scaling.lock().processors(plan.queues as usize);
        let mut keys: Vec<QueueKeys> = Vec::new();
        for (index, queue) in adapter.queues.iter().take(plan.queues as usize).enumerate() {
            let vcpu = processors.get(index).copied().flatten().unwrap_or(index as u32);
            let tx_port = Arc::new(port(vcpu)?);
            // From here on a failure is cleaned up by the disconnection that follows it.
            queue.tx.lock().port = Some(Arc::clone(&tx_port));
            let rx_port = if plan.split_events { Arc::new(port(vcpu)?) } else { Arc::clone(&tx_port) };
            queue.rx.lock().port = Some(Arc::clone(&rx_port));
            queue.tx_port.store(tx_port.raw(), Ordering::Release);
            queue.rx_port.store(rx_port.raw(), Ordering::Release);
            let tx_ring = {
                let mut side = queue.tx.lock();
                side.features = Features::of(plan);
                side.hopeful = true;
                side.queue.moderate(adapter.moderation.load(Ordering::Relaxed));
                side.queue.open(host, peer, plan).map_err(failed)?
            };
            let rx_ring = {
                let mut side = queue.rx.lock();
                let ring = side.queue.open(host, peer).map_err(failed)?;
                side.queue.enable();
                side.refill(host);
                ring
            };
            keys.push(QueueKeys { tx_ring, rx_ring, tx_port: tx_port.raw(), rx_port: rx_port.raw() });
        }
        let ctrl = if plan.ctrl_ring {
            let ring = self.ctrl.open(host, peer).map_err(failed)?;
            let port = self.ctrl_port.insert(port(0)?);
            Some(CtrlKeys { ring, port: port.raw() })
        } else {
            None
        };
        self.control.publish(&host.client, &keys, ctrl).map_err(|_| Failure::Store)?;
        self.settle_queues(adapter, plan.queues as usize);
        Ok(())
    }

    /// The connection has `active` queues: what waits at others moves to these.
    fn settle_queues(&self, adapter: &Adapter, active: usize) {
        adapter.active.store(active as u32, Ordering::Relaxed);
        for (index, queue) in adapter.queues.iter().enumerate() {
            if index < active {
                queue.tx.lock().idle = false;
                continue;
            }
            let mut idle = queue.tx.lock();
            idle.idle = true;
            // Nobody takes two of these locks but here, always the higher number first.
            adapter.queues[index % active].tx.lock().inherit(&mut idle);
        }
    }

    fn enable(&mut self, adapter: &Arc<Adapter>, properties: Properties) {
        let host = &adapter.host;
        let now = host.client.now();
        for queue in &adapter.queues {
            let mut done = Chain::new();
            {
                let mut side = queue.tx.lock();
                side.queue.enable(now);
                side.pump(host, now, &mut done);
                if let Some(port) = &side.port {
                    host.events.unmask(port);
                    // Answers may have come while nobody looked.
                    host.events.kick(port);
                }
            }
            tx::complete_all(adapter, &done);
            let mut side = queue.rx.lock();
            side.queue.enable();
            side.refill(host);
            if let Some(port) = &side.port {
                host.events.unmask(port);
                // A new port may have missed an edge: look once.
                host.events.kick(port);
            }
        }
        if let Some(port) = &self.ctrl_port {
            host.events.unmask(port);
            host.events.kick(port);
        }
        if let Some(plan) = self.control.plan() {
            let segments = u32::from(plan.tx_gso_v4) | u32::from(plan.tx_gso_v6) << 1;
            if adapter.segments.swap(segments, Ordering::Relaxed) != segments {
                adapter.indicate_offload();
            }
        }
        self.groups.clear();
        // What the keys of this connection say.
        self.filtering = self.control.plan().is_some_and(|plan| plan.multicast);
        self.follow_groups(adapter);
        self.scale(adapter);
        adapter.set_link(link_of(properties));
        self.announcer.begin(now);
    }

    fn disconnect(&mut self, adapter: &Adapter) {
        let host = &adapter.host;
        for queue in &adapter.queues {
            queue.tx_port.store(0, Ordering::Release);
            queue.rx_port.store(0, Ordering::Release);
            let rx_port = queue.rx.lock().port.take();
            let tx_port = queue.tx.lock().port.take();
            let same = matches!((&rx_port, &tx_port), (Some(rx), Some(tx)) if Arc::ptr_eq(rx, tx));
            if same {
                drop(rx_port);
                close(adapter, tx_port);
            } else {
                close(adapter, rx_port);
                close(adapter, tx_port);
            }
            let mut done = Chain::new();
            {
                let mut side = queue.tx.lock();
                // While pausing nothing may wait for a connection. (A pause closes the gate before it
                // looks at the queues.)
                let lost = if adapter.gate.is_open() { self.lost } else { Lost::Failed };
                side.detach(host, lost, &mut done);
            }
            tx::complete_all(adapter, &done);
            queue.rx.lock().queue.disable();
            // What the back-end has left on the ring came before the end; how it ended does not matter any more.
            let _ = rx::take_all(adapter, queue);
            let _ = queue.rx.lock().queue.detach(host);
        }
        if let Some(port) = self.ctrl_port.take() {
            host.events.close(port);
        }
        self.ctrl.detach(host);
        self.lost = Lost::Again;
        self.trust = HashTrust::default();
        adapter.hashed.store(0, Ordering::Release);
        adapter.set_link(Link::DOWN);
    }

    /// No connection, and none to be expected: what waits is failed.
    fn give_up(&mut self, adapter: &Adapter) {
        for queue in &adapter.queues {
            queue.tx.lock().hopeful = false;
        }
        lifecycle::abort_all(adapter, nt::sys::NDIS_STATUS_FAILURE);
        adapter.set_link(Link::DOWN);
    }

    /// Brings the back-end's hashing in line with what NDIS wants.
    fn scale(&mut self, adapter: &Adapter) {
        let host = &adapter.host;
        let scaling = adapter.scaling.lock().clone();
        let queues = adapter.active.load(Ordering::Relaxed) as usize;
        let mut mapping = scaling.mapping(queues);
        if mapping.is_empty() {
            mapping.push(0);
        }
        adapter.hashed.store(0, Ordering::Release);
        self.told = scaling.generation;
        if let Some(port) = &self.ctrl_port {
            self.trust.tell(scaling.key, scaling.types);
            let hashing = Hashing { types: scaling.types, key: scaling.key, mapping };
            // Refused: values are computed here, and frames taken to their processors (see `spread`).
            let _ = self.ctrl.set(host, port, hashing, host.client.now());
        }
        for (queue, processor) in adapter.queues.iter().zip(scaling.processors(queues)) {
            if let Some(processor) = processor {
                queue.poll.set_processor(processor);
            }
            let port = queue.rx.lock().port.clone();
            if let (Some(port), Some(processor)) = (port, processor) {
                // A processor without a vector: events go on coming where they do.
                let _ = host.events.retarget(&port, processor);
            }
        }
    }

    fn poll_ctrl(&mut self, adapter: &Adapter) {
        let host = &adapter.host;
        let Some(port) = &self.ctrl_port else { return };
        match self.ctrl.poll(host, port, host.client.now()) {
            Ok(outcome) => {
                if outcome == Some(Outcome::Done) {
                    self.trust.done(host.client.now());
                }
                host.events.unmask(port);
            }
            Err(_) => self.control.violation(host.client.now()),
        }
    }

    /// Brings the back-end's multicast filter in line with the list.
    fn follow_groups(&mut self, adapter: &Adapter) {
        if !self.control.plan().is_some_and(|plan| plan.multicast) {
            return;
        }
        let host = &adapter.host;
        let wanted = adapter.groups.lock().clone();
        let filter = adapter.filter.load(Ordering::Relaxed);
        let all = nt::sys::NDIS_PACKET_TYPE_ALL_MULTICAST | nt::sys::NDIS_PACKET_TYPE_PROMISCUOUS;
        let mut side = adapter.queues[0].tx.lock();
        let known = core::mem::take(&mut self.groups);
        for group in known.iter().filter(|group| !wanted.contains(group)) {
            let _ = side.queue.multicast(false, *group);
        }
        for group in &wanted {
            if known.contains(group) || side.queue.multicast(true, *group).is_ok() {
                self.groups.push(*group);
            }
        }
        if let Some(port) = side.port.clone() {
            side.queue.flush(host, &port);
        }
        drop(side);
        let filtering = filter & all == 0;
        // Where it cannot be written it stays as it was, and is tried again with the next change.
        if self.filtering != filtering && self.control.set_multicast_filter(&host.client, filtering).is_ok() {
            self.filtering = filtering;
        }
    }

    fn retry_pinned(&mut self, adapter: &Adapter) {
        let now = adapter.host.client.now();
        for queue in &adapter.queues {
            let mut done = Chain::new();
            let polled = queue.tx.lock().poll(&adapter.host, now, netfront::tx::TX_SLOTS, &mut done);
            tx::complete_all(adapter, &done);
            match polled {
                Ok(polled) if polled.pinned => self.pinned_due = Some(now + PINNED_PAUSE),
                Ok(_) => {}
                Err(_) => self.control.violation(now),
            }
        }
    }
}

/// Closes a port as soon as no event handler holds it any more: they do only for one turn.
fn close(adapter: &Adapter, port: Option<Arc<Port>>) {
    let Some(mut port) = port else { return };
    for _ in 0..1000 {
        match Arc::try_unwrap(port) {
            Ok(port) => return adapter.host.events.close(port),
            Err(held) => port = held,
        }
        adapter.host.client.sleep(1_000_000);
    }
    adapter.host.client.log(abi::LOG_WARNING, "an event channel of the network device could not be closed");
}

fn link_of(properties: Properties) -> Link {
    let speed = properties.speed.map_or(DEFAULT_SPEED, |mbit| u64::from(mbit) * 1_000_000);
    Link { up: properties.carrier, speed }
}

fn text(failure: Failure) -> &'static str {
    match failure {
        Failure::Store => "xenstore failed while connecting the network device",
        Failure::Unsupported => "the network back-end lacks feature-rx-copy",
        Failure::Resources => "no memory, grants or event channels for the network device",
        Failure::TimedOut => "the network back-end did not connect in time",
        Failure::Violation => "the network back-end broke the protocol",
        Failure::BackendGone => "the network back-end is gone",
        Failure::Refused => "the network back-end closed during the connection",
    }
}
