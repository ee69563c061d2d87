//! Counts what is under way with NDIS, and closes for a pause.
//!
//! Every net buffer list that is ours (sends) or NDIS's (receives) is inside. Closing lets nobody in
//! any more and tells when the last one has left.

use core::sync::atomic::{AtomicU32, Ordering};

const CLOSED: u32 = 1 << 31;

/// The gate. It starts closed.
#[derive(Debug)]
pub struct Gate(AtomicU32);

impl Gate {
    /// Closed, with nobody inside.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU32::new(CLOSED))
    }

    /// Lets one in, unless closed.
    #[must_use]
    pub fn enter(&self) -> bool {
        let step = |state: u32| (state & CLOSED == 0).then_some(state + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).is_ok()
    }

    /// `count` leave; true when the gate is closed and they were the last.
    #[must_use]
    pub fn leave(&self, count: u32) -> bool {
        count != 0 && self.0.fetch_sub(count, Ordering::AcqRel) - count == CLOSED
    }

    /// Opens.
    pub fn open(&self) {
        self.0.fetch_and(!CLOSED, Ordering::AcqRel);
    }

    /// Closes; true when nobody is inside. Else the last [`Gate::leave`] says so.
    #[must_use]
    pub fn close(&self) -> bool {
        self.0.fetch_or(CLOSED, Ordering::AcqRel) & !CLOSED == 0
    }

    #[cfg(test)]
    /// How many are inside.
    #[must_use]
    pub fn inside(&self) -> u32 {
        self.0.load(Ordering::Acquire) & !CLOSED
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_out_tells_once() {
        let gate = Gate::new();
        assert!(!gate.enter(), "paused at first");
        gate.open();
        assert!(gate.enter() && gate.enter() && gate.enter());
        assert!(!gate.leave(1), "open");
        assert!(!gate.close());
        assert!(!gate.enter());
        assert!(!gate.leave(1));
        assert!(!gate.leave(0));
        assert!(gate.leave(1), "the last");
        assert_eq!(gate.inside(), 0);
        gate.open();
        assert!(gate.close(), "nobody inside: at once");
    }
}
