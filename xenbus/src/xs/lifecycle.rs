//! Deadlines, suspend and resume, breakdown and recovery.

use crate::{
    io::xs_wire::MessageType,
    seam::{SharedPage, StoreError},
    xs::{
        MAX_IN_FLIGHT, SILENCE_LIMIT, Violation,
        client::{Client, Mode, Resume, STALE_REPLIES},
        slots::{Owner, Slot, Stage},
        watches::Registration,
    },
};

impl<P: SharedPage> Client<P> {
    /// Ends requests whose deadline has passed and finds out whether the store has died. To be called
    /// at [`Client::next_timeout`].
    pub fn poll_timeouts(&mut self, now: u64) {
        // A lost event must not turn into a timeout.
        self.on_event(now);
        if matches!(self.mode, Mode::Suspended { .. }) {
            return;
        }
        for index in 0..MAX_IN_FLIGHT {
            let slot = &self.slots.all[index];
            if slot.in_flight() && slot.owner == Owner::User && slot.deadline <= now {
                self.time_out(index);
            }
        }
        if self.mode == Mode::Live {
            if let Some(error) = self.ring.reported_error() {
                self.break_down(Violation::Reported(error));
            } else if self.slots.any_in_flight() && now.saturating_sub(self.last_heard) >= SILENCE_LIMIT {
                self.break_down(Violation::Silence);
            }
        }
    }

    /// When [`Client::poll_timeouts`] has something to do at the latest, if ever.
    pub fn next_timeout(&self) -> Option<u64> {
        if self.mode != Mode::Live {
            return None;
        }
        let flying = self.slots.all.iter().filter(|slot| slot.in_flight());
        let silence = self.slots.any_in_flight().then_some(self.last_heard + SILENCE_LIMIT);
        let deadlines = flying.filter(|slot| slot.owner == Owner::User).map(|slot| slot.deadline);
        deadlines.chain(silence).chain(self.watches.next_wanted()).min()
    }

    /// From here on requests are refused with [`StoreError::Closed`]. Those in flight go on: the owner
    /// should wait (bounded) for [`Client::is_idle`] before it suspends.
    pub fn suspend(&mut self, now: u64) {
        if self.mode == Mode::Live {
            self.read_all(now);
        }
        if self.mode == Mode::Live {
            self.mode = Mode::Suspended { since: now };
        }
    }

    /// While suspending: goes on taking replies and sending what was already accepted.
    pub fn drain(&mut self, now: u64) {
        if matches!(self.mode, Mode::Suspended { .. }) {
            self.read_all(now);
            if matches!(self.mode, Mode::Suspended { .. }) {
                self.write_all();
            }
        }
    }

    /// True when no reply is owed and nothing is half-written.
    pub fn is_idle(&self) -> bool {
        !self.slots.any_in_flight()
    }

    /// Goes on after a suspend. In the same domain everything continues. In a new domain the ring
    /// starts afresh; requests in flight that are not part of a transaction are sent again (each of
    /// them may be carried out twice without harm); those within a transaction end with
    /// [`StoreError::Again`], and so does every use of a transaction from before; watches are
    /// registered again, which makes each of them fire. Deadlines move by the time that was slept.
    pub fn resume(&mut self, how: Resume, now: u64) {
        let Mode::Suspended { since } = self.mode else { return };
        self.mode = Mode::Live;
        self.last_heard = now;
        for slot in &mut self.slots.all {
            slot.deadline = slot.deadline.saturating_add(now.saturating_sub(since));
        }
        if how == Resume::NewDomain {
            self.restart(now);
        }
        self.on_event(now);
    }

    /// Makes a broken store usable again, after the owner had it reset: by a reconnection
    /// (`StoreRing::request_reconnect`) or in a new domain. Requests have all failed before.
    pub fn recover(&mut self, now: u64) {
        if matches!(self.mode, Mode::Broken(_)) {
            self.mode = Mode::Live;
            self.last_heard = now;
            self.restart(now);
            self.pump(now);
        }
    }

    fn restart(&mut self, now: u64) {
        self.ring.reload();
        self.queue.clear();
        self.written = 0;
        self.reader.reset();
        self.stale = STALE_REPLIES;
        for watch in self.watches.iter_mut() {
            if watch.registration != Registration::Removing {
                watch.registration = Registration::Wanted(now);
            }
        }
        for index in 0..MAX_IN_FLIGHT {
            let slot = &mut self.slots.all[index];
            if !slot.in_flight() {
                continue;
            }
            slot.set_wire_txn(0);
            let (ty, owner, within) = (slot.ty, slot.owner, slot.txn.is_some());
            let again = match ty {
                _ if owner != Owner::User => Err(Ok(0)),
                MessageType::UNWATCH => Err(Ok(0)),
                // A begin may be sent again: nothing has been done in it yet.
                MessageType::TRANSACTION_START => Ok(()),
                _ if within => Err(Err(StoreError::Again)),
                MessageType::WATCH if !self.mark_requested(index) => Err(Err(StoreError::Closed)),
                _ => Ok(()),
            };
            match again {
                Ok(()) => {
                    self.slots.all[index].stage = Stage::Queued;
                    self.queue.push(index as u8);
                }
                Err(result) => self.complete(index, result),
            }
        }
        let slots = &self.slots.all;
        self.transactions.void(|txn| {
            let begins = |slot: &Slot| slot.ty == MessageType::TRANSACTION_START && slot.txn == Some(txn);
            slots.iter().any(|slot| slot.in_flight() && begins(slot))
        });
    }

    /// For a registration that is sent again: false when the watch is being removed or is gone.
    fn mark_requested(&mut self, slot: usize) -> bool {
        let Some(watch) = self.slots.all[slot].watch.and_then(|index| self.watches.at(index)) else {
            return false;
        };
        let stays = watch.registration != Registration::Removing;
        if stays {
            watch.registration = Registration::Requested;
        }
        stays
    }

    /// The owner gets [`StoreError::TimedOut`]. The slot goes on waiting for the store's reply, unless
    /// not a byte of the request was written; but what undoes or registers something is sent anyway,
    /// or the store would know more than we do.
    fn time_out(&mut self, index: usize) {
        let ty = self.slots.all[index].ty;
        let must_go = matches!(
            ty,
            MessageType::WATCH
                | MessageType::UNWATCH
                | MessageType::TRANSACTION_START
                | MessageType::TRANSACTION_END
        );
        let queued = self.queue.iter().position(|&queued| usize::from(queued) == index);
        match queued.filter(|&at| !must_go && (at != 0 || self.written == 0)) {
            Some(at) => {
                self.queue.remove(at);
                self.complete(index, Err(StoreError::TimedOut));
            }
            None => {
                self.slots.all[index].owner = Owner::Abandoned;
                self.effects.completed |= 1 << index;
            }
        }
    }

    pub(super) fn break_down(&mut self, why: Violation) {
        self.mode = Mode::Broken(why);
        self.effects.broken = Some(why);
        self.queue.clear();
        for index in 0..MAX_IN_FLIGHT {
            let slot = &self.slots.all[index];
            if !slot.in_flight() {
                continue;
            }
            if slot.ty == MessageType::WATCH
                && slot.owner == Owner::User
                && let Some(at) = slot.watch
            {
                self.watches.remove(at);
            }
            self.complete(index, Err(StoreError::Broken));
        }
        self.transactions.void(|_| false);
    }
}
