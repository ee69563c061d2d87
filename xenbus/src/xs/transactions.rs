//! Open transactions. Callers hold numbers of ours; the store's numbers stay in here, because a store
//! in a new domain may give out the same ones again.

use crate::{seam::TransactionId, xs::MAX_TRANSACTIONS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Free,
    /// The request to start it is in flight.
    Beginning,
    /// The store's number.
    Open(u32),
    /// Nobody knows it any more, and the store is to be told.
    Orphan(u32),
    /// The request to end it is in flight.
    Ending,
}

pub(super) struct Transactions {
    all: [(u32, Stage); MAX_TRANSACTIONS],
    next: u32,
}

impl Transactions {
    pub const fn new() -> Self {
        Self { all: [(0, Stage::Free); MAX_TRANSACTIONS], next: 1 }
    }

    pub fn free(&self) -> Option<usize> {
        self.all.iter().position(|(_, stage)| *stage == Stage::Free)
    }

    pub fn begin(&mut self, index: usize) {
        self.all[index] = (self.next, Stage::Beginning);
        self.next = self.next.wrapping_add(1).max(1);
    }

    pub fn begun(&mut self, index: usize, wire: u32) {
        self.all[index].1 = Stage::Open(wire);
    }

    pub fn ending(&mut self, index: usize) {
        self.all[index].1 = Stage::Ending;
    }

    pub fn remove(&mut self, index: usize) {
        self.all[index].1 = Stage::Free;
    }

    pub fn orphan(&mut self, index: usize) {
        if let Stage::Open(wire) = self.all[index].1 {
            self.all[index].1 = Stage::Orphan(wire);
        }
    }

    /// A transaction that the client has to end: index and the store's number.
    pub fn orphaned(&self) -> Option<(usize, u32)> {
        self.all.iter().enumerate().find_map(|(index, &(_, stage))| match stage {
            Stage::Orphan(wire) => Some((index, wire)),
            _ => None,
        })
    }

    /// The caller's number of an open transaction.
    pub fn local(&self, index: usize) -> Option<TransactionId> {
        let (local, stage) = self.all[index];
        matches!(stage, Stage::Open(_)).then_some(TransactionId(local))
    }

    /// Index and the store's number of the caller's transaction.
    pub fn open(&self, id: TransactionId) -> Option<(usize, u32)> {
        self.all.iter().enumerate().find_map(|(index, &(local, stage))| match stage {
            Stage::Open(wire) if local == id.0 => Some((index, wire)),
            _ => None,
        })
    }

    /// The store has forgotten all of them; those whose begin is sent again stay.
    pub fn void(&mut self, stays: impl Fn(usize) -> bool) {
        for (index, (_, stage)) in self.all.iter_mut().enumerate() {
            if !(*stage == Stage::Beginning && stays(index)) {
                *stage = Stage::Free;
            }
        }
    }
}
