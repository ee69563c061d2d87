//! What befalls the whole target: it comes and goes, sleeps and wakes, stops.

use core::sync::atomic::Ordering;

use blkfront::{channel::Channel, control::Step};
use xenbus::{
    seam::{Clock, EventChannels},
    types::PAGE_SIZE,
};

use super::{Advance, Cell, ControlSide, Host, MAX_TRANSFER, Phase, Presence, Target};

impl Target {
    /// `device/vbd/<id>` is no more.
    pub fn vanish(&self) -> Advance {
        let mut side = self.side.lock();
        let mut advance = Advance { until: u64::MAX, ..Advance::default() };
        if side.phase != Phase::Closed {
            self.leave(&mut side, &mut advance);
            self.lose_rings(&mut side);
            side.phase = Phase::Closed;
        }
        side.given_back = false;
        advance
    }

    /// `device/vbd/<id>` is there (again).
    pub fn appear(&self) {
        let mut side = self.side.lock();
        if side.phase != Phase::Closed {
            return;
        }
        if !side.given_back || side.control.begins_anew(&self.client) {
            side.given_back = false;
            side.phase = Phase::Idle;
            self.presence.store(Presence::Absent as u32, Ordering::Release);
        }
    }

    /// Before a suspend: no more submissions, and a second for what is under way. What is left stays on the rings
    /// untouched until it is known how the machine woke: in a new domain the grants in it are others'. `PASSIVE_LEVEL`.
    pub fn prepare_suspend(&self) {
        self.freeze();
        let deadline = self.client.now() + 1_000_000_000;
        while self.on_ring() > 0 && self.client.now() < deadline {
            self.client.sleep(1_000_000);
            self.service_all();
        }
        self.sleep();
    }

    /// Nothing is submitted any more; what is under way goes on. `IRQL <= DISPATCH_LEVEL`.
    pub fn freeze(&self) {
        self.begin_waiting();
        self.each_queue(|_, queue| queue.freeze());
    }

    /// Requests wait from now on, if they do not already.
    pub(super) fn begin_waiting(&self) {
        let now = self.client.now().max(1);
        let _ = self.waits_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Into a sleep: as [`Target::freeze`], and nothing is taken from the rings, which hibernation may use.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn sleep(&self) {
        self.asleep.store(true, Ordering::Release);
        // Takes each lock once: nobody is at a ring afterwards.
        self.freeze();
    }

    /// The medium is to be taken out, as the user asked.
    pub fn eject(&self) {
        self.ejecting.store(true, Ordering::Release);
    }

    /// The rings' indexes are no longer true, or nothing comes out of them: the next [`Target::advance`] closes and
    /// connects.
    pub fn require_reconnection(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// The suspend was called off, or the sleep is over. `IRQL <= DISPATCH_LEVEL`.
    pub fn thaw(&self) {
        let slept = self.asleep.swap(false, Ordering::AcqRel);
        self.each_queue(|host, queue| {
            queue.thaw(host);
            if queue.channel().is_some() {
                self.waits_since.store(0, Ordering::Relaxed);
            }
            if slept && let Some(port) = queue.channel().and_then(Channel::port) {
                host.events.unmask(port);
            }
        });
        self.service_all();
    }

    /// Awake in a new domain: rings, ports and grants are void. The next [`Target::advance`] connects.
    pub fn forget(&self) {
        let mut side = self.side.lock();
        if self.is_of_now(&side) {
            drop(side);
            return self.thaw();
        }
        self.freeze();
        self.lose_rings(&mut side);
        side.control.forget();
        if side.phase != Phase::Closed {
            side.phase = Phase::Idle;
        }
    }

    /// Grants that the connection keeps, and those of its largest request; 0 without one. `IRQL <= DISPATCH_LEVEL`.
    pub fn grants(&self) -> u32 {
        let of = |cell: &Cell| cell.inner.lock().queue.channel().map_or(0, Channel::grants);
        match self.queues.iter().map(of).sum::<usize>() {
            0 => 0,
            kept => kept as u32 + MAX_TRANSFER / PAGE_SIZE as u32 + 1,
        }
    }

    /// Whether the connection was made in the domain of now: a pass that waited for a slow store through the sleep has come
    /// before us. What the back-end has of it is in force, and must not be torn off.
    fn is_of_now(&self, side: &ControlSide) -> bool {
        let of_now =
            |cell: &Cell, channel: Option<&Channel<Host>>| channel.is_some_and(|c| !c.is_void(&cell.host));
        let mut queues = self.queues.iter().enumerate();
        queues.any(|(index, cell)| {
            of_now(cell, side.channels.get(index)) || of_now(cell, cell.inner.lock().queue.channel())
        })
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
        self.lose_rings(&mut side);
        side.phase = Phase::Closed;
        self.break_queues();
    }
}
