//! Responses, the end of a connection, and pages that stay mapped.

use xenbus::{
    io::netif::TxResponse,
    seam::{GrantTable, Host, StillMapped},
};

use super::{Sent, Shadow, Status, TX_SLOTS, TxOutcome, TxQueue};
use crate::Violation;

/// What a poll came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxPolled {
    /// The budget was used up: call again.
    pub more: bool,
    /// The back-end refused to filter an address (its list is full): do without the filter.
    pub multicast_refused: bool,
    /// Pages that the back-end still maps after its answer: call again after a while.
    pub pinned: bool,
}

/// What the end of a connection left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Detached {
    /// Packets that cannot be handed back yet, because the back-end still maps their pages.
    /// [`TxQueue::poll`] goes on trying.
    pub pinned: usize,
}

impl<H: Host, T> TxQueue<H, T> {
    /// Takes up to `budget` responses and hands back the packets that are complete.
    ///
    /// # Errors
    /// [`Violation`], once: the queue takes and gives nothing any more until it is detached.
    pub fn poll(
        &mut self,
        host: &H,
        now: u64,
        budget: usize,
        mut done: impl FnMut(T, TxOutcome),
    ) -> Result<TxPolled, Violation> {
        let mut polled = TxPolled::default();
        if self.frozen {
            return Ok(polled);
        }
        for index in (0..self.table.pinned()).rev() {
            if let Some(packet) = self.table.retry_pinned(index, host) {
                self.settle(packet, TxOutcome::Sent, &mut done);
            }
        }
        if self.broken.is_none() {
            match self.take_responses(host, now, budget, &mut polled, &mut done) {
                Ok(()) => {}
                Err(violation) => {
                    self.broken = Some(violation);
                    self.running = false;
                    return Err(violation);
                }
            }
        }
        polled.pinned = self.table.pinned() != 0;
        Ok(polled)
    }

    fn take_responses(
        &mut self,
        host: &H,
        now: u64,
        budget: usize,
        polled: &mut TxPolled,
        done: &mut impl FnMut(T, TxOutcome),
    ) -> Result<(), Violation> {
        let mut left = budget;
        loop {
            let Some(channel) = &mut self.channel else { return Ok(()) };
            let Some(response) = channel.ring.ring.pop_as::<TxResponse>()? else {
                // Wake us when half of what is on the ring is answered: one event for many.
                let half = if self.moderate { (channel.ring.ring.outstanding() / 2).max(1) } else { 1 };
                if channel.ring.ring.final_check_after(half)? {
                    continue;
                }
                return Ok(());
            };
            self.last_progress = now;
            self.take_response(host, response, polled, done)?;
            left = left.saturating_sub(1);
            if left == 0 {
                polled.more = true;
                return Ok(());
            }
        }
    }

    fn take_response(
        &mut self,
        host: &H,
        response: TxResponse,
        polled: &mut TxPolled,
        done: &mut impl FnMut(T, TxOutcome),
    ) -> Result<(), Violation> {
        if response.status == Status::NULL {
            // The answer to an extra info: it has no id.
            self.extras = self.extras.checked_sub(1).ok_or(Violation::TxExtra)?;
            return Ok(());
        }
        let ok = response.status == Status::OKAY;
        let outcome = if ok { TxOutcome::Sent } else { TxOutcome::Dropped };
        match self.table.take_slot(response.id).ok_or(Violation::TxId(response.id))? {
            Shadow::Multicast { add } => polled.multicast_refused |= add && !ok,
            Shadow::Pooled { page, packet } => {
                if let Some(channel) = &mut self.channel {
                    channel.pool.put(page);
                }
                self.settle(packet, outcome, done);
            }
            Shadow::Granted { grant, packet } => match host.grants().end_access(grant) {
                Ok(()) => self.settle(packet, outcome, done),
                Err(StillMapped(grant)) => {
                    self.counters.still_mapped += 1;
                    self.table.spoil(packet, outcome);
                    self.table.pin(grant, packet);
                }
            },
        }
        Ok(())
    }

    fn settle(&mut self, packet: u16, outcome: TxOutcome, done: &mut impl FnMut(T, TxOutcome)) {
        if let Some((cookie, sent, outcome)) = self.table.settle(packet, outcome) {
            self.count(&sent, outcome);
            done(cookie, outcome);
        }
    }

    /// As [`Self::settle`], for a packet whose connection ended: it is handed back by
    /// [`Self::hand_back`], in the order of sending.
    fn settle_lost(&mut self, packet: u16) {
        if let Some((cookie, sent, outcome)) = self.table.settle(packet, TxOutcome::Lost) {
            self.count(&sent, outcome);
            self.lost.push((sent.place, cookie));
        }
    }

    fn hand_back(&mut self, done: &mut impl FnMut(T, TxOutcome)) {
        self.lost.sort_unstable_by_key(|&(place, _)| place);
        for (_, cookie) in self.lost.drain(..) {
            done(cookie, TxOutcome::Lost);
        }
    }

    fn count(&mut self, sent: &Sent<T>, outcome: TxOutcome) {
        if outcome == TxOutcome::Sent {
            self.counters.packets += 1;
            self.counters.bytes += u64::from(sent.len);
            self.counters.gso_packets += u64::from(sent.gso);
        } else {
            self.counters.dropped += 1;
        }
    }

    /// Ends the connection after the back-end closed, gave no answer to our closing, or was left behind with the domain.
    /// Every packet whose pages the back-end cannot reach any more is handed back, in the order of sending, so that it
    /// can be sent again. `PASSIVE_LEVEL`.
    pub fn detach(&mut self, host: &H, mut done: impl FnMut(T, TxOutcome)) -> Detached {
        self.running = false;
        self.frozen = false;
        // What was answered is told as it was.
        let _ = self.poll(host, self.last_progress, TX_SLOTS, &mut done);
        self.remains.retry(host.grants(), usize::MAX, drop);
        let Some(mut channel) = self.channel.take() else {
            return Detached { pinned: self.table.pinned() };
        };
        for id in 0..TX_SLOTS as u16 {
            match self.table.take_slot(id) {
                None | Some(Shadow::Multicast { .. }) => {}
                Some(Shadow::Pooled { page, packet }) => {
                    channel.pool.put(page);
                    self.settle_lost(packet);
                }
                Some(Shadow::Granted { grant, packet }) => match host.grants().end_access(grant) {
                    Ok(()) => self.settle_lost(packet),
                    Err(StillMapped(grant)) => {
                        self.counters.still_mapped += 1;
                        self.table.spoil(packet, TxOutcome::Lost);
                        self.table.pin(grant, packet);
                    }
                },
            }
        }
        channel.pool.close(host, &mut self.remains);
        channel.ring.close(host, &mut self.remains);
        self.broken = None;
        self.hand_back(&mut done);
        Detached { pinned: self.table.pinned() }
    }
}
