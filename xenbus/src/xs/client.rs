//! Requests in flight, replies, watches, transactions, deadlines, suspend.
//!
//! The client is a value behind its owner's lock. Methods take the time in nanoseconds; none blocks.
//! After each call the owner takes the [`Effects`] and, having released the lock, notifies the store,
//! wakes who waits for a completed slot, and looks at watch events.

use alloc::{string::String, vec::Vec};

use arrayvec::ArrayVec;

use crate::{
    io::xs_wire::MessageType,
    seam::{NoMemory, SharedPage, StoreError, TransactionId},
    xs::{
        MAX_IN_FLIGHT, Violation, WatchEvent, WatchId,
        codec::{Payload, Reply, Request, is_valid_path},
        incoming::Reader,
        ring::StoreRing,
        slots::{Draft, Owner, Slots, Stage},
        transactions::Transactions,
        watches::{Registration, Watches},
    },
};

/// Replies to strangers' requests that are tolerated after taking over a ring: firmware and crashed
/// kernels leave some behind. Servers stall at 20 requests, so there cannot be more.
pub(super) const STALE_REPLIES: u32 = 32;
/// Pause before a refused re-registration is tried again.
pub(super) const WATCH_RETRY: u64 = 1_000_000_000;

/// A request in flight. Give it to [`Client::take_reply`] or [`Client::abandon`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lost handle takes a slot until the store's reply comes, and its result with it"]
pub struct RequestHandle {
    slot: u8,
    id: u32,
}

impl RequestHandle {
    /// Number of the slot, below [`MAX_IN_FLIGHT`]: the bit in [`Effects::completed`].
    #[must_use]
    pub const fn slot(&self) -> usize {
        self.slot as usize
    }
}

/// A request that could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// All slots (or transactions, or watches) are taken: wait for a completion and try again.
    Busy,
    /// It will not get better by waiting.
    Store(StoreError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The payload of the reply.
    Reply(Reply),
    /// The new transaction.
    Begun(TransactionId),
}

/// What the owner has to do after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Effects {
    /// Notify the store's event channel.
    pub notify: bool,
    /// Bit n: the request in slot n has its result.
    pub completed: u8,
    /// A slot became free: who met [`SubmitError::Busy`] may try again.
    pub freed: bool,
    /// [`Client::next_watch_event`] has something.
    pub watch_events: bool,
    /// The store has just become unusable.
    pub broken: Option<Violation>,
}

/// After a suspend: where we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// The suspend was cancelled, or the same domain goes on: the connection is as it was.
    SameDomain,
    /// Another domain: the ring is fresh, watches and transactions are gone.
    NewDomain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Live,
    Suspended { since: u64 },
    Broken(Violation),
}

/// The xenstore client.
pub struct Client<P> {
    pub(super) ring: StoreRing<P>,
    pub(super) mode: Mode,
    pub(super) slots: Slots,
    /// Slots to be written, oldest first; the first may be partly written.
    pub(super) queue: ArrayVec<u8, MAX_IN_FLIGHT>,
    pub(super) written: usize,
    pub(super) reader: Reader,
    pub(super) watches: Watches,
    pub(super) transactions: Transactions,
    pub(super) last_heard: u64,
    pub(super) stale: u32,
    pub(super) effects: Effects,
}

impl<P: SharedPage> Client<P> {
    /// Takes over the store's page.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn new(page: P, now: u64) -> Result<Self, NoMemory> {
        Ok(Self {
            ring: StoreRing::new(page),
            mode: Mode::Live,
            slots: Slots::new()?,
            queue: ArrayVec::new(),
            written: 0,
            reader: Reader::new()?,
            watches: Watches::new()?,
            transactions: Transactions::new(),
            last_heard: now,
            stale: STALE_REPLIES,
            effects: Effects::default(),
        })
    }

    /// The ring, for a look from outside and for reconnections.
    pub const fn ring(&mut self) -> &mut StoreRing<P> {
        &mut self.ring
    }

    /// What made the store unusable, if it is.
    pub const fn broken(&self) -> Option<Violation> {
        match self.mode {
            Mode::Broken(why) => Some(why),
            _ => None,
        }
    }

    /// What is to be done after the calls since this was last asked.
    pub fn take_effects(&mut self) -> Effects {
        self.effects.watch_events |= self.watches.any_fired();
        core::mem::take(&mut self.effects)
    }

    /// Sends a request. The reply is owed until `deadline`.
    ///
    /// # Errors
    /// [`SubmitError`]; a transaction that a resume made void gives [`StoreError::Again`].
    pub fn submit(
        &mut self,
        request: Request<'_>,
        txn: Option<TransactionId>,
        now: u64,
        deadline: u64,
    ) -> Result<RequestHandle, SubmitError> {
        let txn = txn.map(|id| self.transactions.open(id).ok_or(StoreError::Again)).transpose()?;
        let draft = Draft {
            owner: Owner::User,
            ty: request.ty(),
            tx_id: txn.map_or(0, |(_, wire)| wire),
            deadline,
            txn: txn.map(|(index, _)| index),
            watch: None,
        };
        self.enqueue(&draft, now, |out| request.payload(out))
    }

    /// Starts a transaction; the completion is [`Completion::Begun`].
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn begin(&mut self, now: u64, deadline: u64) -> Result<RequestHandle, SubmitError> {
        let index = self.transactions.free().ok_or(SubmitError::Busy)?;
        let draft = Draft {
            owner: Owner::User,
            ty: MessageType::TRANSACTION_START,
            tx_id: 0,
            deadline,
            txn: Some(index),
            watch: None,
        };
        let handle = self.enqueue(&draft, now, |out| out.text(""))?;
        self.transactions.begin(index);
        Ok(handle)
    }

    /// Ends a transaction. Requests within it must have completed.
    ///
    /// # Errors
    /// [`SubmitError`]; [`StoreError::Again`] for a transaction that a resume made void.
    pub fn end(
        &mut self,
        txn: TransactionId,
        commit: bool,
        now: u64,
        deadline: u64,
    ) -> Result<RequestHandle, SubmitError> {
        let (index, tx_id) = self.transactions.open(txn).ok_or(StoreError::Again)?;
        let draft = Draft {
            owner: Owner::User,
            ty: MessageType::TRANSACTION_END,
            tx_id,
            deadline,
            txn: Some(index),
            watch: None,
        };
        let handle = self.enqueue(&draft, now, |out| out.text(if commit { "T" } else { "F" }))?;
        self.transactions.ending(index);
        Ok(handle)
    }

    /// Registers a watch. It stays registered, over resumes too, until [`Client::remove_watch`];
    /// when the request fails it is forgotten. When the caller gives up waiting it has to remove it. In a suspend there
    /// is no request to wait for: the client sends it with the resume.
    ///
    /// # Errors
    /// [`SubmitError`]; `Busy` also when [`crate::xs::MAX_WATCHES`] are registered.
    pub fn add_watch(
        &mut self,
        path: &str,
        now: u64,
        deadline: u64,
    ) -> Result<(WatchId, Option<RequestHandle>), SubmitError> {
        if !is_valid_path(path) {
            return Err(StoreError::Invalid.into());
        }
        let index = self.watches.free().ok_or(SubmitError::Busy)?;
        if matches!(self.mode, Mode::Suspended { .. }) {
            return Ok((self.watches.insert(index, String::from(path), Registration::Wanted(now)), None));
        }
        let id = self.watches.insert(index, String::from(path), Registration::Requested);
        match self.request_watch(index, Owner::User, MessageType::WATCH, now, deadline) {
            Ok(handle) => Ok((id, Some(handle))),
            Err(error) => {
                self.watches.remove(index);
                Err(error)
            }
        }
    }

    /// Removes a watch. No event of it is delivered after this returned.
    ///
    /// # Errors
    /// [`SubmitError`]; [`StoreError::NotFound`] for a watch that is not registered (any more).
    pub fn remove_watch(
        &mut self,
        id: WatchId,
        now: u64,
        deadline: u64,
    ) -> Result<RequestHandle, SubmitError> {
        let index = id.index();
        match self.watches.get(id).map(|watch| watch.registration) {
            None | Some(Registration::Removing) => return Err(StoreError::NotFound.into()),
            // xenstored does not know of it.
            Some(Registration::Wanted(_)) => {
                self.watches.remove(index);
                return Err(StoreError::NotFound.into());
            }
            Some(Registration::Requested | Registration::Registered) => {}
        }
        let handle = self.request_watch(index, Owner::User, MessageType::UNWATCH, now, deadline)?;
        if let Some(watch) = self.watches.at(index) {
            watch.registration = Registration::Removing;
        }
        Ok(handle)
    }

    /// Makes the store forget all watches and transactions of this domain, also those of a former
    /// driver. Only where the store advertises it (`control/platform-feature-xs_reset_watches`): older
    /// stores have been seen to drop the connection on unknown requests.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn reset_watches(&mut self, now: u64, deadline: u64) -> Result<RequestHandle, SubmitError> {
        let draft = Draft {
            owner: Owner::User,
            ty: MessageType::RESET_WATCHES,
            tx_id: 0,
            deadline,
            txn: None,
            watch: None,
        };
        self.enqueue(&draft, now, |out| out.text(""))
    }

    /// Takes the result, once it is there.
    ///
    /// # Errors
    /// The handle, when it is too early.
    pub fn take_reply(
        &mut self,
        handle: RequestHandle,
    ) -> Result<Result<Completion, StoreError>, RequestHandle> {
        let slot = &mut self.slots.all[handle.slot()];
        // A slot that somebody else has, or that nobody has, was given up by the deadline.
        let given_up = slot.id != handle.id || slot.stage == Stage::Free;
        if given_up || (slot.in_flight() && slot.owner != Owner::User) {
            return Ok(Err(StoreError::TimedOut));
        }
        if slot.stage != Stage::Done {
            return Err(handle);
        }
        slot.stage = Stage::Free;
        self.effects.freed = true;
        let len = match core::mem::replace(&mut slot.result, Ok(0)) {
            Ok(len) => len,
            Err(error) => return Ok(Err(error)),
        };
        let payload = &slot.input[..len];
        if slot.ty == MessageType::TRANSACTION_START {
            let id = slot.txn.and_then(|index| self.transactions.local(index));
            return Ok(id.map(Completion::Begun).ok_or(StoreError::Again));
        }
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(payload.len()).is_err() {
            return Ok(Err(StoreError::Quota));
        }
        bytes.extend_from_slice(payload);
        Ok(Ok(Completion::Reply(Reply(bytes))))
    }

    /// Gives a request up. What it asks for may still happen; a transaction that it starts is ended.
    pub fn abandon(&mut self, handle: RequestHandle, now: u64) {
        let slot = &mut self.slots.all[handle.slot()];
        if slot.id != handle.id {
            return;
        }
        match slot.stage {
            Stage::Free => {}
            Stage::Queued | Stage::Sent => slot.owner = Owner::Abandoned,
            Stage::Done => {
                slot.stage = Stage::Free;
                self.effects.freed = true;
                if slot.ty == MessageType::TRANSACTION_START
                    && slot.result.is_ok()
                    && let Some(index) = slot.txn
                {
                    self.transactions.orphan(index);
                    self.pump(now);
                }
            }
        }
    }

    /// The oldest watch event.
    pub fn next_watch_event(&mut self) -> Option<WatchEvent> {
        self.watches.next_event()
    }

    /// The store notified us, or might have: takes what came, sends what waits. Bounded work.
    pub fn on_event(&mut self, now: u64) {
        if self.mode == Mode::Live {
            self.read_all(now);
            self.pump(now);
        }
    }

    fn enqueue(
        &mut self,
        draft: &Draft,
        now: u64,
        payload: impl FnOnce(&mut Payload<'_>) -> Result<(), StoreError>,
    ) -> Result<RequestHandle, SubmitError> {
        match self.mode {
            Mode::Live => {}
            Mode::Suspended { .. } => return Err(StoreError::Closed.into()),
            Mode::Broken(_) => return Err(StoreError::Broken.into()),
        }
        let index = self.slots.free().ok_or(SubmitError::Busy)?;
        if !self.slots.any_in_flight() {
            self.last_heard = now;
        }
        let id = self.slots.fill(index, draft, payload)?;
        self.queue.push(index as u8);
        self.write_all();
        Ok(RequestHandle { slot: index as u8, id })
    }

    fn request_watch(
        &mut self,
        index: usize,
        owner: Owner,
        ty: MessageType,
        now: u64,
        deadline: u64,
    ) -> Result<RequestHandle, SubmitError> {
        let Some(token) = self.watches.token(index) else { return Err(StoreError::NotFound.into()) };
        let path = self.watches.at(index).map(|watch| core::mem::take(&mut watch.path)).unwrap_or_default();
        let draft = Draft { owner, ty, tx_id: 0, deadline, txn: None, watch: Some(index) };
        let result = self.enqueue(&draft, now, |out| {
            out.text(&path)?;
            out.bytes(&token)?;
            out.bytes(&[0])
        });
        if let Some(watch) = self.watches.at(index) {
            watch.path = path;
        }
        result
    }

    /// Sends what the client itself wants: registrations after a resume, ends of orphaned
    /// transactions. Then writes.
    pub(super) fn pump(&mut self, now: u64) {
        while self.mode == Mode::Live
            && self.slots.free().is_some()
            && let Some((index, tx_id)) = self.transactions.orphaned()
        {
            let draft = Draft {
                owner: Owner::Internal,
                ty: MessageType::TRANSACTION_END,
                tx_id,
                deadline: u64::MAX,
                txn: Some(index),
                watch: None,
            };
            if self.enqueue(&draft, now, |out| out.text("F")).is_err() {
                break;
            }
            self.transactions.ending(index);
        }
        while self.mode == Mode::Live
            && self.slots.free().is_some()
            && let Some((index, _)) = self.watches.wanted(now)
        {
            let sent = self.request_watch(index, Owner::Internal, MessageType::WATCH, now, u64::MAX);
            let Some(watch) = self.watches.at(index) else { break };
            watch.registration = match sent {
                Ok(_) => Registration::Requested,
                Err(_) => Registration::Wanted(now + WATCH_RETRY),
            };
        }
        if self.mode == Mode::Live {
            self.write_all();
        }
    }

    pub(super) fn write_all(&mut self) {
        while let Some(&index) = self.queue.first() {
            let slot = &mut self.slots.all[usize::from(index)];
            match self.ring.write(&slot.message()[self.written..]) {
                Ok(0) => return,
                Ok(count) => {
                    self.effects.notify = true;
                    self.written += count;
                    if self.written == slot.message().len() {
                        slot.stage = Stage::Sent;
                        self.written = 0;
                        self.queue.remove(0);
                    }
                }
                Err(why) => return self.break_down(why),
            }
        }
    }

    pub(super) fn complete(&mut self, index: usize, result: Result<usize, StoreError>) {
        let slot = &mut self.slots.all[index];
        if slot.ty == MessageType::UNWATCH
            && let Some(at) = slot.watch
        {
            self.watches.remove(at);
        }
        let slot = &mut self.slots.all[index];
        if slot.owner == Owner::User {
            slot.stage = Stage::Done;
            slot.result = result;
            self.effects.completed |= 1 << index;
        } else {
            slot.stage = Stage::Free;
            self.effects.freed = true;
        }
    }
}
