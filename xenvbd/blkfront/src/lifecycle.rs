//! What happens to a queue as a whole: connection, loss of the ring, resets, a broken device.

use xenbus::seam::Host;

use crate::{
    channel::Channel,
    queue::{End, Parent, Queue, State, Violation},
    request::{Failure, Payload, Request},
};

/// What a reset left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetReport {
    /// Requests handed back by the reset.
    pub ended: usize,
    /// Requests that the back-end has, with pages of the driver: they end only by a response. While
    /// there are some the reset has failed.
    pub held: usize,
    /// Requests that an earlier reset handed back and that the back-end has still not answered: what overlaps with
    /// them waits, and no reset will change that.
    pub stuck: usize,
    /// Requests that wait for a ring which is on its way back: the reset has failed as well.
    pub waiting: usize,
}

impl ResetReport {
    /// Whether every request was handed back.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.held == 0 && self.waiting == 0
    }
}

impl<H: Host, T: Payload> Queue<H, T> {
    /// Connects the queue to a ring and issues what waits. Call [`Queue::poll`] once afterwards: the
    /// first event may have come before anyone listened.
    pub fn attach(&mut self, host: &H, channel: Channel<H>) {
        self.channel = Some(channel);
        self.state = State::Running;
        self.kick(host);
    }

    /// Stops issuing (suspend, reconnection): what is under way goes on, what comes waits.
    pub fn freeze(&mut self) {
        if self.state == State::Running {
            self.state = State::Frozen;
        }
    }

    /// Goes on after [`Queue::freeze`].
    pub fn thaw(&mut self, host: &H) {
        if self.state == State::Frozen {
            self.state = State::Running;
            self.kick(host);
        }
    }

    /// Takes the ring away. What was under way is issued again on the next one, from its start; where
    /// the back-end still maps a page, after it has let go. The caller closes the channel.
    pub fn detach(&mut self, host: &H) -> Option<Channel<H>> {
        let channel = self.channel.take();
        for id in self.slots.indices() {
            let Some(slot) = self.slots.get_mut(id) else { continue };
            // Units of the old channel's pages are gone with it.
            slot.indirect = None;
            let end = slot.end.unwrap_or(End::Again);
            let mut next = slot.pages;
            while let Some(node) = next.and_then(|number| self.pages.get_mut(number)) {
                node.bounce = None;
                next = node.next;
            }
            self.retire(host, id, end);
        }
        channel
    }

    /// Takes back a request that is not on the ring, with the time at which it was submitted: for a
    /// queue that has no ring any more while others have.
    pub fn take_waiting(&mut self) -> Option<(Request<T>, u64)> {
        let number = self.parents.indices().find(|number| {
            self.parents.get(*number).is_some_and(|p| p.token.is_some() && p.in_flight == 0)
        })?;
        self.order.forget(number);
        self.pending.retain(|other| *other != number);
        self.parked.retain(|other| *other != number);
        let mut parent = self.parents.remove(number)?;
        self.end_write(parent.group.take());
        let Parent { token, operation, sector, sectors, since, .. } = parent;
        Some((Request { operation, sector, sectors, token: token? }, since))
    }

    /// Ends what can be ended: everything that is not on the ring, and what is on the ring with copied
    /// data only; later requests on the same sectors wait until the back-end has answered. Requests
    /// with pages of the driver on the ring are held. So are, if the caller is `patient`, those that wait for a ring
    /// which a sleep or the back-end took away: ended and sent again they would come no further, and who counts his
    /// tries would give up.
    pub fn reset(&mut self, patient: bool) -> ResetReport {
        let mut report = ResetReport::default();
        let patient = patient && self.awaits_ring();
        for number in self.parents.indices() {
            let Some(parent) = self.parents.get_mut(number) else { continue };
            if parent.token.is_none() {
                report.stuck += 1;
                continue;
            }
            if parent.in_flight == 0 && patient {
                report.waiting += 1;
            } else if parent.in_flight == 0 {
                // Also flushes that wait: take them out of that line first.
                self.finish_anywhere(number, Failure::Reset);
                report.ended += 1;
            } else if parent.in_place > 0 {
                report.held += 1;
            } else {
                self.orphan(number);
                report.ended += 1;
            }
        }
        report
    }

    /// Whether nothing is issued for want of a ring, or because of a sleep.
    fn awaits_ring(&self) -> bool {
        match self.state {
            State::Running => self.channel.is_none(),
            State::Frozen => true,
            State::Broken(_) => false,
        }
    }

    /// Hands a request back whose data was copied, and keeps what the back-end has of it.
    fn orphan(&mut self, number: u32) {
        let Some(parent) = self.parents.get_mut(number) else { return };
        let Some(token) = parent.token.take() else { return };
        // Nothing more of it goes to the ring.
        parent.failure = Some(Failure::Reset);
        if parent.sectors > 0 {
            parent.fence = Some(self.fences.post(parent.sector, parent.end()));
        }
        let group = parent.group.take();
        let queued = core::mem::take(&mut parent.queued);
        if queued {
            self.pending.retain(|other| *other != number);
            self.parked.retain(|other| *other != number);
        }
        self.end_write(group);
        self.counters.completed += 1;
        self.counters.failed += 1;
        self.finished.push_back(crate::request::Done { token, outcome: Err(Failure::Reset) });
    }

    /// Finishes a request that is in line or waits behind writes.
    fn finish_anywhere(&mut self, number: u32, failure: Failure) {
        self.order.forget(number);
        self.finish(number, Err(failure));
    }

    /// Declares the device broken: no more requests, those not under way fail, those under way fail
    /// when their grants have ended (poll goes on trying).
    pub fn declare_broken(&mut self, host: &H) {
        self.fail_device(host, Violation::Declared);
    }

    pub(crate) fn fail_device(&mut self, host: &H, violation: Violation) {
        if matches!(self.state, State::Broken(_)) {
            return;
        }
        self.state = State::Broken(violation);
        for number in self.parents.indices() {
            let Some(parent) = self.parents.get_mut(number) else { continue };
            parent.failure.get_or_insert(Failure::Gone);
            if parent.in_flight == 0 && parent.token.is_some() {
                self.finish_anywhere(number, Failure::Gone);
            }
        }
        for id in self.slots.indices() {
            let Some(slot) = self.slots.get(id) else { continue };
            let end = slot.end.unwrap_or(End::Fail(Failure::Gone));
            self.retire(host, id, end);
        }
    }
}
