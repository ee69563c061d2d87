//! The control side: steps the connection, swaps rings in and out. `PASSIVE_LEVEL`.

use alloc::{format, vec::Vec};
use core::sync::atomic::Ordering;

use blkfront::{
    channel::Channel,
    control::{Fault, Step},
    negotiate::{BadDisk, Disk, Plan},
    request::{Failure, Rejected},
};
use xenbus::seam::{Clock, EventChannels, SharedPage};
use xenpci_interface::abi;

use super::{Advance, ControlSide, Host, Phase, Presence, Target, identity::read_identity};
use crate::{
    dump::{self, Rescue},
    passive::Guard,
};

/// How long after a failed connection the next try is.
const RETRY: u64 = 5_000_000_000;

impl Target {
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
            let more = match self.turn(&mut side, &mut advance) {
                Ok(more) => more,
                Err(fault) => self.on_fault(&mut side, fault, &mut advance),
            };
            if !more {
                break;
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
                if side.phase == Phase::Connected {
                    side.last_fault = None;
                }
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
                self.lose_rings(side);
                side.phase = Phase::Reconnecting;
                side.control.disconnect(&self.client, now)?;
            }
            Step::Closed => {
                self.lose_rings(side);
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
        self.waits_since.store(0, Ordering::Relaxed);
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
    pub(super) fn leave(&self, side: &mut Guard<'_, ControlSide>, advance: &mut Advance) {
        // First of all: what Windows does not see any more cannot be dumped to either. Its back-end may be gone already.
        dump::withdraw(self.id);
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
        side.given_back = true;
    }

    /// Takes the rings from the queues; requests stay and wait.
    pub(super) fn lose_rings(&self, side: &mut Guard<'_, ControlSide>) {
        dump::withdraw(self.id);
        self.begin_waiting();
        // Channels that were opened but not connected yet, then those in use. Each is closed by the host of
        // its own queue: the events of its port go to that one.
        let opened = core::mem::take(&mut side.channels);
        let mut dead: Vec<(usize, Channel<Host>)> = opened.into_iter().enumerate().collect();
        for (index, cell) in self.queues.iter().enumerate() {
            let mut inner = cell.inner.lock();
            if let Some(channel) = inner.queue.detach(&cell.host) {
                dead.push((index, channel));
            }
        }
        for (index, channel) in dead {
            let Some(cell) = self.queues.get(index) else { continue };
            side.remains.push(channel.close(&cell.host));
        }
        self.asleep.store(false, Ordering::Release);
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
        if side.phase == Phase::Connected {
            self.close_to(side, Phase::Reconnecting);
        }
    }

    /// Ejection, and rings that are of no use any more (hibernation has used them, requests are stuck).
    fn on_wishes(&self, side: &mut Guard<'_, ControlSide>, advance: &mut Advance) {
        if side.phase != Phase::Connected {
            // There is no ring to be stale; an eject waits for the connection.
            self.stale.store(false, Ordering::Release);
            return;
        }
        let eject = self.ejecting.swap(false, Ordering::AcqRel);
        let stale = self.stale.swap(false, Ordering::AcqRel);
        if !(eject || stale) {
            return;
        }
        if eject {
            self.leave(side, advance);
        } else {
            self.log(abi::LOG_WARNING, "closing the connection, to connect anew");
            self.freeze();
            self.lose_rings(side);
        }
        self.close_to(side, if eject { Phase::Closing } else { Phase::Reconnecting });
    }

    /// Starts to close a connection whose rings are of no use any more. A store that fails now shows as a back-end that
    /// does not close in time.
    fn close_to(&self, side: &mut Guard<'_, ControlSide>, phase: Phase) {
        side.phase = phase;
        if let Err(fault) = side.control.disconnect(&self.client, self.client.now()) {
            self.log(abi::LOG_WARNING, &format!("cannot tell the back-end to close: {fault}"));
        }
    }

    /// True if another turn should follow at once.
    fn on_fault(&self, side: &mut Guard<'_, ControlSide>, fault: Fault, advance: &mut Advance) -> bool {
        // A store that does not answer says nothing about a disk that works.
        let silence = matches!(fault, Fault::Store(_) | Fault::BadDisk(BadDisk::Store(_)));
        let harmless = silence && side.phase == Phase::Connected;
        if side.last_fault.as_ref() != Some(&fault) {
            let what = if harmless { "cannot look after the connection" } else { "no connection" };
            self.log(abi::LOG_ERROR, &format!("{what}: {fault}"));
            if !silence {
                side.control.report(&self.client, &fault);
            }
        }
        side.last_fault = Some(fault);
        advance.until = advance.until.min(self.client.now() + RETRY);
        if harmless {
            return false;
        }
        self.lose_rings(side);
        side.phase = if side.phase == Phase::Closing {
            Phase::Closed
        } else {
            Phase::Waiting { until: self.client.now() + RETRY }
        };
        true
    }
}
