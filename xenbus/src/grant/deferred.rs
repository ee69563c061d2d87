//! Grants that could not be ended when their owner was done with them.

use alloc::collections::VecDeque;
use core::mem;

use crate::{
    seam::{GrantTable, StillMapped},
    types::GrantRef,
};

/// Keeps grants that the peer still maps, each with what must stay pinned meanwhile (`T`: the page, or
/// its owner), and ends them later, from a timer. For teardown: the data path holds its request
/// instead. Has no lock. `IRQL <= DISPATCH_LEVEL`, except that [`Deferred::end`] may allocate.
///
/// Dropping the list drops nothing in it: a page that the peer maps is leaked on purpose.
#[derive(Debug)]
pub struct Deferred<T> {
    entries: VecDeque<(GrantRef, T)>,
    leaked: usize,
}

impl<T> Default for Deferred<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deferred<T> {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: VecDeque::new(), leaked: 0 }
    }

    /// Ends `grant` now and gives `pinned` back, or keeps both. Without memory for the list they are
    /// leaked.
    pub fn end(&mut self, table: &impl GrantTable, grant: GrantRef, pinned: T) -> Option<T> {
        match table.end_access(grant) {
            Ok(()) => Some(pinned),
            Err(StillMapped(grant)) => {
                if self.entries.try_reserve(1).is_ok() {
                    self.entries.push_back((grant, pinned));
                } else {
                    self.leaked += 1;
                    mem::forget((grant, pinned));
                }
                None
            }
        }
    }

    /// Tries again for at most `count` of them, oldest first; `free` gets what need not be pinned any
    /// longer. Returns how many were ended.
    pub fn retry(&mut self, table: &impl GrantTable, count: usize, mut free: impl FnMut(T)) -> usize {
        let mut ended = 0;
        for _ in 0..count.min(self.entries.len()) {
            let Some((grant, pinned)) = self.entries.pop_front() else { break };
            match table.end_access(grant) {
                Ok(()) => {
                    ended += 1;
                    free(pinned);
                }
                // There is room: one was just taken out.
                Err(StillMapped(grant)) => self.entries.push_back((grant, pinned)),
            }
        }
        ended
    }

    /// How many are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when none is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many were leaked for want of memory.
    #[must_use]
    pub const fn leaked(&self) -> usize {
        self.leaked
    }
}

impl<T> Drop for Deferred<T> {
    fn drop(&mut self) {
        mem::forget(mem::take(&mut self.entries));
    }
}
