//! The adapter: targets that follow `device/vbd/*`, and what happens to all of them.
#![allow(unsafe_code, reason = "targets are reached from any processor through plain pointers")]

use alloc::{
    format,
    string::String,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering};

use blkfront::negotiate::{MAX_QUEUES, Policy as BlockPolicy};
use nt::sys::{PowerSystemShutdown, PowerSystemWorking, SYSTEM_POWER_STATE};
use xenbus::seam::{Clock, Store, StoreError};
use xenpci_interface::{
    Client, DebugRegistration, Phase, PhaseHandler, Policy, SelfTestRegistration, SuspendRegistration, Timer,
    Wake, Watch, Work,
};

use crate::{
    gate::Gate,
    numbering::{TARGETS, target_for},
    passive::PassiveLock,
    probe::Prover,
    report::Dumper,
    sp::Handle,
    target::{Presence, Target},
};

/// The directory that is followed.
const CLASS: &str = "device/vbd";
/// How long after a look that found waiting grants the next one is.
const RETRY: u64 = 10_000_000;
/// How long after a look that failed the next one is.
const LOOK_AGAIN: u64 = 2_000_000_000;
/// Why no pass begins: the domain sleeps.
const SUSPENDED: u32 = 1;
/// Why no pass begins: the device does.
const POWERED_DOWN: u32 = 2;
/// Why no pass begins: the system does, whatever Storport makes of that for the device. The bus's device goes to sleep after
/// ours, and is awake, in the domain of then, before ours is told.
const ASLEEP: u32 = 4;

/// Told about suspends.
pub struct Suspender(Weak<Adapter>);

impl PhaseHandler for Suspender {
    fn phase(&self, phase: Phase) {
        let Some(adapter) = self.0.upgrade() else { return };
        match phase {
            Phase::Prepare => {
                adapter.gate.close(&adapter.client, SUSPENDED);
                adapter.targets().for_each(Target::prepare_suspend);
            }
            Phase::Early => {}
            // A back-end that closed meanwhile in the same domain is found by the next pass.
            Phase::Late(Wake::Cancelled | Wake::SameDomain) => {
                adapter.targets().for_each(Target::thaw);
                adapter.go_on(SUSPENDED);
            }
            Phase::Late(Wake::NewDomain) => {
                adapter.targets().for_each(Target::forget);
                adapter.go_on(SUSPENDED);
            }
        }
    }
}

/// What is torn down first.
#[derive(Default)]
struct Registrations {
    class: Option<Watch>,
    watches: Vec<Watch>,
    /// Back-ends whose directory is watched.
    watched: Vec<(u32, String)>,
    suspend: Option<SuspendRegistration<Suspender>>,
    self_test: Option<SelfTestRegistration<Prover>>,
    debug: Option<DebugRegistration<Dumper>>,
}

/// What belongs to the control side.
struct Side {
    owned: Vec<Arc<Target>>,
    registrations: Registrations,
}

/// See the module.
pub struct Adapter {
    this: Weak<Self>,
    client: Client,
    handle: Handle,
    policy: BlockPolicy,
    /// By number; set once, freed with the adapter.
    table: [AtomicPtr<Target>; TARGETS],
    /// Number of targets in the table.
    count: AtomicU32,
    side: PassiveLock<Side>,
    /// One pass at a time, none in a sleep, and none after the stop.
    gate: Gate,
    work: Option<Work>,
    wake: Option<Timer>,
    poll: Option<Timer>,
    stopping: AtomicBool,
    /// Grants set aside.
    reserved: AtomicU32,
    /// Paging, hibernation and dump files on our disks.
    pub usage: AtomicI32,
}

impl Adapter {
    /// Makes the adapter; follows nothing yet. `PASSIVE_LEVEL`. `None` without resources.
    #[must_use]
    pub fn create(client: &Client, handle: Handle) -> Option<Arc<Self>> {
        let policy = BlockPolicy { queues: client.processors().clamp(1, MAX_QUEUES), ..read_policy(client) };
        let adapter = Arc::new_cyclic(|weak: &Weak<Self>| {
            let make = |run: fn(&Self)| {
                let weak = weak.clone();
                move || {
                    if let Some(adapter) = weak.upgrade() {
                        run(&adapter);
                    }
                }
            };
            Self {
                this: weak.clone(),
                client: client.clone(),
                handle,
                policy,
                table: [const { AtomicPtr::new(core::ptr::null_mut()) }; TARGETS],
                count: AtomicU32::new(0),
                side: PassiveLock::new(
                    client,
                    Side { owned: Vec::new(), registrations: Registrations::default() },
                ),
                gate: Gate::default(),
                work: Work::new(client, make(Self::pass)).ok(),
                wake: Timer::new(client, make(Self::kick)).ok(),
                poll: Timer::new(client, make(Self::poll)).ok(),
                stopping: AtomicBool::new(false),
                reserved: AtomicU32::new(0),
                usage: AtomicI32::new(0),
            }
        });
        (adapter.work.is_some() && adapter.wake.is_some() && adapter.poll.is_some()).then_some(adapter)
    }

    /// Starts to follow `device/vbd` and brings up what is there, bounded: afterwards the disks that the
    /// machine boots from are there. `PASSIVE_LEVEL`.
    pub fn start(self: &Arc<Self>) {
        // No lock is held: the bus may call back at once.
        let suspend = self.client.on_suspend(Suspender(Arc::downgrade(self))).ok();
        let debug = self.client.on_debug("xenvbd", Dumper::new(self)).ok();
        {
            let mut side = self.side.lock();
            side.registrations.suspend = suspend;
            side.registrations.debug = debug;
        }
        let deadline = self.client.now() + blkfront::control::CONNECT_BOUND;
        loop {
            self.pass();
            let waiting = self.targets().any(|target| target.presence() == Presence::Absent);
            if !waiting || self.client.now() >= deadline {
                break;
            }
            self.client.sleep(2_000_000);
        }
        let self_test = self.client.on_self_test(Prover::new(self)).ok();
        self.side.lock().registrations.self_test = self_test;
        // What the bus decided after the test (a twin was unplugged) shows at once.
        self.pass();
    }

    /// A callback that kicks, for as long as the adapter lives.
    fn kicker(&self) -> impl Fn() + Send + Sync + 'static {
        let weak = self.this.clone();
        move || {
            if let Some(adapter) = weak.upgrade() {
                adapter.kick();
            }
        }
    }

    /// Where the adapter's grants, store and clock come from.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The target with this number.
    pub fn target(&self, id: u8) -> Option<&Target> {
        let target = self.table.get(usize::from(id))?.load(Ordering::Acquire);
        // SAFETY: the pointer comes from an Arc that the adapter keeps until it is dropped itself.
        unsafe { target.as_ref() }
    }

    /// All targets.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        (0..TARGETS as u8).filter_map(|id| self.target(id))
    }

    /// The target of a virtual device.
    pub fn target_of(&self, vdev: u32) -> Option<&Target> {
        self.targets().find(|target| target.vdev == vdev)
    }

    /// Has the control side look at everything, soon. `IRQL <= DISPATCH_LEVEL`.
    pub fn kick(&self) {
        if let Some(work) = &self.work
            && !self.is_stopping()
        {
            work.queue();
        }
    }

    /// After I/O: does something wait that no event announces? `IRQL <= DISPATCH_LEVEL`.
    pub fn after_io(&self, target: &Target) {
        if target.has_alarm() {
            self.kick();
        }
        if target.take_retry()
            && let Some(poll) = &self.poll
        {
            poll.set(RETRY);
        }
    }

    /// The polling timer.
    fn poll(&self) {
        for target in self.targets() {
            target.service_all();
            self.after_io(target);
        }
    }

    /// One look at everything. `PASSIVE_LEVEL`.
    pub fn pass(&self) {
        let Some(_one) = self.gate.enter(&self.client) else { return };
        if self.is_stopping() {
            return;
        }
        self.follow();
        let mut changed = self.enumerate();
        let mut until = u64::MAX;
        for target in self.targets() {
            let advance = target.advance();
            until = until.min(advance.until);
            changed |= advance.presence;
            if advance.resized && target.is_visible() {
                self.handle.unit_changed(target.id);
            }
            changed |= target.hide(self.client.policy(target.vdev) == Policy::Hide);
            self.after_io(target);
        }
        if changed {
            self.handle.bus_changed();
        }
        self.reserve();
        if until != u64::MAX
            && let Some(wake) = &self.wake
        {
            // At least a millisecond: a deadline that has passed is handled in the next pass.
            wake.set(until.saturating_sub(self.client.now()).max(1_000_000));
        }
    }

    /// Sets grants aside for what is connected: a disk's largest request finds room, whatever the other devices use
    /// (DESIGN, grant credits). Where the host's table is too small for that, requests wait for one another.
    fn reserve(&self) {
        let count = self.targets().map(Target::grants).sum();
        if self.reserved.swap(count, Ordering::Relaxed) != count && self.client.reserve_grants(count).is_err()
        {
            self.warn(&format!("the host's grant table has no room for {count} entries of the disks'"));
        }
    }

    /// Watches [`CLASS`], if a former pass could not.
    fn follow(&self) {
        if self.side.lock().registrations.class.is_some() {
            return;
        }
        // No lock is held: the bus may call back at once.
        match self.client.watch(CLASS, self.kicker()) {
            Ok(watch) => self.side.lock().registrations.class = Some(watch),
            Err(error) => {
                self.warn(&format!("cannot watch {CLASS}: {error:?}"));
                self.look_again();
            }
        }
    }

    /// Targets come and go with `device/vbd/*`. True if one went.
    fn enumerate(&self) -> bool {
        let names = match self.client.list(None, CLASS) {
            Ok(names) => names,
            Err(StoreError::NotFound) => Vec::new(),
            // An answer that did not come says nothing about the devices. What changed has been told already: nothing
            // else will lead to another look.
            Err(_) => {
                self.look_again();
                return false;
            }
        };
        let mut side = self.side.lock();
        let mut devices: Vec<u32> =
            names.iter().filter_map(|name| xenbus::keys::device_number(name)).collect();
        // The order decides who gets a number that two devices want.
        devices.sort_unstable();
        for &vdev in &devices {
            if self.client.policy(vdev) == Policy::Ignore || self.is_cdrom(vdev) {
                continue;
            }
            match self.target_of(vdev) {
                Some(target) => target.appear(),
                None => self.add(&mut side, vdev),
            }
            self.watch_backend(&mut side, vdev);
        }
        let mut changed = false;
        for target in self.targets() {
            if !devices.contains(&target.vdev) {
                changed |= target.vanish().presence;
            }
        }
        changed
    }

    /// Has everything looked at again in a while, if not sooner.
    fn look_again(&self) {
        if let Some(wake) = &self.wake {
            wake.set(LOOK_AGAIN);
        }
    }

    fn is_cdrom(&self, vdev: u32) -> bool {
        self.client.read(None, &format!("{CLASS}/{vdev}/device-type")).is_ok_and(|kind| kind == b"cdrom")
    }

    fn add(&self, side: &mut Side, vdev: u32) {
        let Some(id) = target_for(vdev, |id| self.target(id).is_some()) else {
            self.warn(&format!("no target number is left for disk {vdev}"));
            return;
        };
        let Some(target) = Target::create(&self.this, &self.client, id, vdev, &self.policy) else {
            self.warn(&format!("no memory for disk {vdev}: it is tried again"));
            self.look_again();
            return;
        };
        target.hide(self.client.policy(vdev) == Policy::Hide);
        let raw = Arc::as_ptr(&target).cast_mut();
        side.owned.push(target);
        if let Some(place) = self.table.get(usize::from(id)) {
            place.store(raw, Ordering::Release);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Follows the back-end's directory of a device: state, size, `online`.
    fn watch_backend(&self, side: &mut Side, vdev: u32) {
        let Ok(path) = self.client.read(None, &format!("{CLASS}/{vdev}/backend")) else { return };
        let Ok(path) = String::from_utf8(path) else { return };
        let known = &mut side.registrations.watched;
        if path.is_empty() || known.iter().any(|(id, at)| *id == vdev && *at == path) {
            return;
        }
        match self.client.watch(&path, self.kicker()) {
            Ok(watch) => {
                side.registrations.watched.push((vdev, path));
                side.registrations.watches.push(watch);
            }
            Err(error) => {
                self.warn(&format!("cannot watch {path}: {error:?}"));
                self.look_again();
            }
        }
    }

    fn warn(&self, text: &str) {
        self.client.log(xenpci_interface::abi::LOG_WARNING, text);
    }

    /// The last step of a reset: ends what can be ended on all targets; false if something is held. A target whose
    /// back-end still has pages of requests then closes its connection, after which the back-end has them no more, and
    /// the requests are issued again on the next one. `IRQL <= DISPATCH_LEVEL`.
    pub fn reset(&self) -> bool {
        let mut clean = true;
        for target in self.targets() {
            let report = target.reset();
            clean &= report.is_complete();
            if report.held > 0 {
                target.require_reconnection();
            }
        }
        if !clean {
            self.kick();
        }
        clean
    }

    /// Started again after a stop, or woken: connections that were lost come back.
    pub fn resume(&self) {
        self.targets().for_each(Target::thaw);
        self.kick();
    }

    /// The system's power state changes. (In a shutdown the disks work to the end.)
    pub fn system_power(&self, state: SYSTEM_POWER_STATE) {
        if state == PowerSystemWorking {
            self.go_on(ASLEEP);
        } else if state < PowerSystemShutdown {
            self.gate.close(&self.client, ASLEEP);
        }
    }

    /// Into a sleep: nothing is submitted or taken any more. The rings stay, for hibernation to use.
    pub fn power_down(&self) {
        self.gate.close(&self.client, POWERED_DOWN);
        self.targets().for_each(Target::sleep);
    }

    /// Out of a sleep. Rings that hibernation has used are closed and opened anew.
    pub fn power_up(&self) {
        for target in self.targets() {
            if crate::dump::was_used(target.id) {
                target.require_reconnection();
            } else {
                target.thaw();
            }
        }
        self.go_on(POWERED_DOWN);
    }

    /// After a sleep: looks at everything that has changed in it.
    fn go_on(&self, reason: u32) {
        self.gate.open(reason);
        self.kick();
    }

    /// True from the beginning of [`Adapter::stop`] on.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends everything, bounded. The adapter is not used afterwards. `PASSIVE_LEVEL`.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let mut registrations = core::mem::take(&mut self.side.lock().registrations);
        let suspend = registrations.suspend.take();
        drop(registrations);
        // A pass under way would connect again what is disconnected now; and a suspend is over before, or waits.
        let last = self.gate.enter_open(&self.client);
        for target in self.targets() {
            target.disconnect();
        }
        drop(last);
        // Until here a new domain makes the targets forget what they still had.
        drop(suspend);
    }

    /// After [`Adapter::stop`]: waits until no callback uses the adapter, and drops it. A callback that
    /// dropped the last reference would wait for itself. `PASSIVE_LEVEL`.
    pub fn destroy(self: Arc<Self>) {
        while Arc::strong_count(&self) > 1 {
            self.client.sleep(1_000_000);
        }
    }
}

/// Settings of the host for this machine (`vm-data` is the guest's part of the store that toolstacks
/// let an administrator write).
fn read_policy(store: &Client) -> BlockPolicy {
    let number = |name: &str| {
        let value = store.read(None, &format!("vm-data/xenpv/vbd/{name}")).ok()?;
        xenbus::keys::parse_u32(&value)
    };
    let mut policy = BlockPolicy::default();
    if let Some(order) = number("ring-order") {
        policy.ring_order = order.min(blkfront::negotiate::MAX_RING_ORDER);
    }
    if let Some(segments) = number("indirect-segments") {
        policy.indirect = segments;
    }
    policy.bounce = number("bounce") == Some(1);
    policy
}
