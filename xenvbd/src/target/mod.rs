//! A target: one `device/vbd/<id>`, its connection, its queues.
//!
//! Two sides. The control side (module `control`, `PASSIVE_LEVEL`; `life` for what befalls the whole target) steps
//! the connection and swaps rings in and out. The I/O side (module `io`, `DISPATCH_LEVEL`) only takes the lock of one
//! queue. Requests are accepted as soon as the target was connected once, and wait in
//! their queue while there is no ring.

mod control;
mod identity;
mod io;
mod life;

use alloc::{
    format,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use blkfront::{
    channel::{Channel, Remains},
    control::{Control, Fault},
    fence::Fences,
    negotiate::{Disk, Plan, Policy},
    queue::Queue,
};
use xenpci_interface::{Client, EventClient, EventSink, Pages, SpinLock};

use crate::{
    adapter::Adapter,
    passive::PassiveLock,
    scsi::{Identity, Unit},
    token::Token,
};

/// Largest transfer that Storport gives us, in bytes.
pub const MAX_TRANSFER: u32 = 1 << 20;
/// Requests that one target holds: what Storport may send at once, and then some for ourselves.
pub const DEPTH: usize = 512;

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

impl xenbus::seam::Host for Host {
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
    /// The device was given back (an eject, the toolstack took it away): it is not connected again before the
    /// back-end begins anew.
    given_back: bool,
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
    /// The rings are not looked at: hibernation may use them, and its responses are none of ours.
    asleep: AtomicBool,
    /// Since when requests wait for a ring, in nanoseconds; 0 while there is one.
    waits_since: AtomicU64,
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
    /// Makes a target; nothing is connected. `None` without memory. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn create(
        adapter: &Weak<Adapter>,
        client: &Client,
        id: u8,
        vdev: u32,
        policy: &Policy,
    ) -> Option<Arc<Self>> {
        let fences = Arc::new(Fences::new());
        let queues: Vec<Queue<Host, Token>> = (0..policy.queues)
            .map(|_| Queue::create(policy, DEPTH, &NO_DISK, Arc::clone(&fences)))
            .collect::<Option<_>>()?;
        Some(Arc::new_cyclic(|weak| {
            let queues = queues
                .into_iter()
                .enumerate()
                .map(|(queue, ready)| {
                    let sink = Arc::new(Sink { target: weak.clone(), queue });
                    let inner = Inner { queue: ready, busy: false };
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
                given_back: false,
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
                asleep: AtomicBool::new(false),
                waits_since: AtomicU64::new(0),
                active: AtomicU32::new(0),
                queues,
                side: PassiveLock::new(client, side),
                adapter: adapter.clone(),
            }
        }))
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
