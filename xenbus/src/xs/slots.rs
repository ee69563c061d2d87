//! The fixed set of requests in flight, with all the memory that they need.

use alloc::{boxed::Box, vec::Vec};

use zerocopy::IntoBytes;

use crate::{
    io::xs_wire::{HEADER_SIZE, Header, MessageType, PAYLOAD_MAX},
    seam::{NoMemory, StoreError},
    xs::{MAX_IN_FLIGHT, codec::Payload},
};

/// A buffer of `len` zero bytes, or an error instead of an abort.
pub(super) fn buffer(len: usize) -> Result<Box<[u8]>, NoMemory> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| NoMemory)?;
    bytes.resize(len, 0);
    Ok(bytes.into_boxed_slice())
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Free,
    /// Waits to be written to the ring, or is being written.
    Queued,
    /// Written; the reply is owed.
    Sent,
    /// The result is there for its owner.
    Done,
}

/// Who wants the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A caller with a handle.
    User,
    /// Nobody any more: the deadline passed or the handle was given up. The slot stays taken until
    /// the reply has come, since the store will send one.
    Abandoned,
    /// The client itself.
    Internal,
}

pub(super) struct Slot {
    pub stage: Stage,
    pub owner: Owner,
    pub id: u32,
    pub ty: MessageType,
    pub deadline: u64,
    /// Index in the transaction table, for begin, end and all requests within.
    pub txn: Option<usize>,
    /// Index in the watch table, for watch and unwatch.
    pub watch: Option<usize>,
    out: Box<[u8]>,
    out_len: usize,
    pub input: Box<[u8]>,
    pub result: Result<usize, StoreError>,
}

impl Slot {
    fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            stage: Stage::Free,
            owner: Owner::Internal,
            id: 0,
            ty: MessageType::READ,
            deadline: 0,
            txn: None,
            watch: None,
            out: buffer(HEADER_SIZE + PAYLOAD_MAX)?,
            out_len: 0,
            input: buffer(PAYLOAD_MAX)?,
            result: Ok(0),
        })
    }

    /// The whole message.
    pub fn message(&self) -> &[u8] {
        &self.out[..self.out_len]
    }

    /// In the hands of the store, or on the way there.
    pub const fn in_flight(&self) -> bool {
        matches!(self.stage, Stage::Queued | Stage::Sent)
    }

    /// Puts in another transaction number.
    pub fn set_wire_txn(&mut self, tx_id: u32) {
        self.out[8..12].copy_from_slice(&tx_id.to_le_bytes());
    }
}

/// A request that is about to be put in a slot.
pub(super) struct Draft {
    pub owner: Owner,
    pub ty: MessageType,
    pub tx_id: u32,
    pub deadline: u64,
    pub txn: Option<usize>,
    pub watch: Option<usize>,
}

pub(super) struct Slots {
    /// [`MAX_IN_FLIGHT`] of them, on the heap: kernel stacks are small.
    pub all: Vec<Slot>,
    next_id: u32,
}

impl Slots {
    pub fn new() -> Result<Self, NoMemory> {
        let mut all = Vec::new();
        all.try_reserve_exact(MAX_IN_FLIGHT).map_err(|_| NoMemory)?;
        for _ in 0..MAX_IN_FLIGHT {
            all.push(Slot::new()?);
        }
        Ok(Self { all, next_id: 1 })
    }

    pub fn free(&self) -> Option<usize> {
        self.all.iter().position(|slot| slot.stage == Stage::Free)
    }

    /// Fills the free slot `index`; it is queued when this returns.
    pub fn fill(
        &mut self,
        index: usize,
        draft: &Draft,
        payload: impl FnOnce(&mut Payload<'_>) -> Result<(), StoreError>,
    ) -> Result<u32, StoreError> {
        let slot = &mut self.all[index];
        let mut out = Payload::new(&mut slot.out[HEADER_SIZE..]);
        payload(&mut out)?;
        let len = out.len();
        // The slot is the low part of the id, so a reply finds its slot, and the high part tells
        // a reply to the slot's former request from one to its present request.
        let id = self.next_id * MAX_IN_FLIGHT as u32 + index as u32;
        self.next_id = (self.next_id + 1) % (u32::MAX / MAX_IN_FLIGHT as u32);
        self.next_id += u32::from(self.next_id == 0);
        let header = Header { ty: draft.ty, req_id: id, tx_id: draft.tx_id, len: len as u32 };
        slot.out[..HEADER_SIZE].copy_from_slice(header.as_bytes());
        slot.out_len = HEADER_SIZE + len;
        slot.stage = Stage::Queued;
        slot.owner = draft.owner;
        slot.id = id;
        slot.ty = draft.ty;
        slot.deadline = draft.deadline;
        slot.txn = draft.txn;
        slot.watch = draft.watch;
        slot.result = Ok(0);
        Ok(id)
    }

    /// The slot that waits for the reply `id`.
    pub fn waiting(&self, id: u32) -> Option<usize> {
        let index = id as usize % MAX_IN_FLIGHT;
        let slot = &self.all[index];
        (slot.stage == Stage::Sent && slot.id == id).then_some(index)
    }

    pub fn any_in_flight(&self) -> bool {
        self.all.iter().any(Slot::in_flight)
    }
}
