//! The way in: bytes to messages, messages to results and watch events.

use alloc::boxed::Box;

use zerocopy::FromBytes;

use crate::{
    io::xs_wire::{HEADER_SIZE, Header, MessageType, PAYLOAD_MAX},
    keys::parse_u32,
    seam::{NoMemory, SharedPage, StoreError},
    xs::{
        Violation,
        client::{Client, Mode, WATCH_RETRY},
        codec::{parse_error, parse_watch_event},
        slots::{Owner, buffer},
        watches::{Registration, Watch},
    },
};

/// Where the bytes that come in go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Slot { index: usize, error: bool },
    Event,
    Nowhere,
}

pub(super) struct Reader {
    pub header: [u8; HEADER_SIZE],
    pub header_have: usize,
    pub target: Target,
    pub want: usize,
    pub have: usize,
    pub event: Box<[u8]>,
}

impl Reader {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            header: [0; HEADER_SIZE],
            header_have: 0,
            target: Target::Nowhere,
            want: 0,
            have: 0,
            event: buffer(PAYLOAD_MAX)?,
        })
    }

    /// Forgets a half-read message.
    pub fn reset(&mut self) {
        self.header_have = 0;
        self.target = Target::Nowhere;
    }
}

impl<P: SharedPage> Client<P> {
    pub(super) fn read_all(&mut self, now: u64) {
        // A store that produces as fast as we consume must not keep us here: two messages of the
        // largest size, then its next event brings us back.
        let mut budget = 2 * (HEADER_SIZE + PAYLOAD_MAX);
        while budget != 0 && !matches!(self.mode, Mode::Broken(_)) {
            let in_header = self.reader.header_have < HEADER_SIZE;
            let read = if in_header {
                self.ring.read(&mut self.reader.header[self.reader.header_have..])
            } else {
                let (have, want) = (self.reader.have, self.reader.want);
                let to = match self.reader.target {
                    Target::Slot { index, .. } => &mut self.slots.all[index].input,
                    Target::Event | Target::Nowhere => &mut self.reader.event,
                };
                self.ring.read(&mut to[have..want])
            };
            let count = match read {
                Ok(count) => count,
                Err(why) => return self.break_down(why),
            };
            if count != 0 {
                self.effects.notify = true;
                self.last_heard = now;
                budget = budget.saturating_sub(count);
            }
            if in_header {
                self.reader.header_have += count;
                if self.reader.header_have < HEADER_SIZE {
                    return;
                }
                if let Err(why) = self.accept_header() {
                    return self.break_down(why);
                }
            } else {
                self.reader.have += count;
            }
            if self.reader.have < self.reader.want {
                if count == 0 {
                    return;
                }
                continue;
            }
            self.reader.header_have = 0;
            if let Err(why) = self.accept_message(now) {
                return self.break_down(why);
            }
        }
        if budget == 0 {
            // Come back without waiting for the store: our own event.
            self.effects.notify = true;
        }
    }

    /// Decides where the payload goes.
    fn accept_header(&mut self) -> Result<(), Violation> {
        let header = Header::read_from_bytes(&self.reader.header).map_err(|_| Violation::Length(0))?;
        if header.len as usize > PAYLOAD_MAX {
            return Err(Violation::Length(header.len));
        }
        self.reader.have = 0;
        self.reader.want = header.len as usize;
        self.reader.target = if header.ty == MessageType::WATCH_EVENT {
            Target::Event
        } else if let Some(index) = self.slots.waiting(header.req_id) {
            let want = self.slots.all[index].ty;
            if header.ty != MessageType::ERROR && header.ty != want {
                return Err(Violation::WrongType { got: header.ty.0, want: want.0 });
            }
            self.stale = 0;
            Target::Slot { index, error: header.ty == MessageType::ERROR }
        } else if self.stale != 0 {
            self.stale -= 1;
            Target::Nowhere
        } else {
            return Err(Violation::UnknownId(header.req_id));
        };
        Ok(())
    }

    fn accept_message(&mut self, now: u64) -> Result<(), Violation> {
        let len = self.reader.want;
        match self.reader.target {
            Target::Nowhere => {}
            Target::Event => {
                let (path, token) =
                    parse_watch_event(&self.reader.event[..len]).ok_or(Violation::WatchEvent)?;
                self.watches.fire(path, token);
            }
            Target::Slot { index, error: false } => self.reply(index, Ok(len), now),
            Target::Slot { index, error: true } => {
                let error = parse_error(&self.slots.all[index].input[..len]);
                self.reply(index, Err(error), now);
            }
        }
        Ok(())
    }

    /// The store answered: updates watch and transaction tables, then completes.
    fn reply(&mut self, index: usize, result: Result<usize, StoreError>, now: u64) {
        let slot = &self.slots.all[index];
        let (owner, txn, watch) = (slot.owner, slot.txn, slot.watch);
        let mut result = result;
        match slot.ty {
            MessageType::TRANSACTION_START => {
                let Some(txn) = txn else { return };
                let id = result.clone().and_then(|len| {
                    parse_u32(&slot.input[..len]).filter(|&id| id != 0).ok_or(StoreError::Broken)
                });
                match id {
                    Ok(id) => {
                        self.transactions.begun(txn, id);
                        if owner != Owner::User {
                            self.transactions.orphan(txn);
                        }
                    }
                    Err(error) => {
                        self.transactions.remove(txn);
                        result = Err(error);
                    }
                }
            }
            MessageType::TRANSACTION_END => {
                if let Some(txn) = txn {
                    self.transactions.remove(txn);
                }
            }
            MessageType::WATCH => {
                let removing = |watch: &&mut Watch| watch.registration != Registration::Removing;
                if let Some(at) = watch
                    && let Some(entry) = self.watches.at(at).filter(removing)
                {
                    match (&result, owner) {
                        // "Exists": the store kept it over the resume after all.
                        (Err(StoreError::Remote(name)), Owner::Internal) if name == "EEXIST" => {
                            entry.registration = Registration::Registered;
                        }
                        (Err(_), Owner::Internal) => {
                            entry.registration = Registration::Wanted(now + WATCH_RETRY);
                        }
                        (Err(_), _) => self.watches.remove(at),
                        (Ok(_), _) => entry.registration = Registration::Registered,
                    }
                }
            }
            _ => {}
        }
        self.complete(index, result);
    }
}
