//! Counts what is under way with NDIS, and closes for a pause.
//!
//! Every net buffer list that is ours (sends) or NDIS's (receives) is inside. Closing lets nobody in
//! any more and tells when the last one has left.

use core::sync::atomic::{AtomicU32, Ordering};

/// Nobody gets in.
const CLOSED: u32 = 1 << 31;
/// Somebody waits for the last one to leave.
const WAITING: u32 = 1 << 30;

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

    /// Lets one in even when closed: a call that refuses what it was given is under way until it has done
    /// so.
    pub fn hold(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// `count` leave; true, once for each [`Gate::close`], when they were the last.
    #[must_use]
    pub fn leave(&self, count: u32) -> bool {
        let last = CLOSED | WAITING;
        if count == 0 || self.0.fetch_sub(count, Ordering::AcqRel) - count != last {
            return false;
        }
        // Somebody may have come in between: then it is the last of those that tells.
        self.0.compare_exchange(last, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Does it let anybody in?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) & CLOSED == 0
    }

    /// Opens.
    pub fn open(&self) {
        self.0.fetch_and(!(CLOSED | WAITING), Ordering::AcqRel);
    }

    /// Closes. The caller is inside ([`Gate::hold`]); the last [`Gate::leave`] says that all are out.
    pub fn close(&self) {
        self.0.fetch_or(CLOSED | WAITING, Ordering::AcqRel);
    }

    #[cfg(test)]
    /// How many are inside.
    #[must_use]
    pub fn inside(&self) -> u32 {
        self.0.load(Ordering::Acquire) & !(CLOSED | WAITING)
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
        gate.hold();
        gate.close();
        assert!(!gate.enter() && !gate.is_open());
        assert!(!gate.leave(1), "the one who closes");
        assert!(!gate.leave(1));
        assert!(!gate.leave(0));
        gate.hold();
        assert!(!gate.leave(1), "a list is inside, and a call that refuses");
        assert!(gate.leave(1), "the last");
        assert_eq!(gate.inside(), 0);
        gate.hold();
        assert!(!gate.leave(1), "nobody waits any more");
        gate.open();
        gate.hold();
        gate.close();
        assert!(gate.leave(1), "nobody else inside: at once");
    }
}
