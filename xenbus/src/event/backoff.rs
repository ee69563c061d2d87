//! What to do with a port whose events bring nothing (XSA-391).

/// Nanoseconds in a millisecond.
const MS: u64 = 1_000_000;
/// Events in a row without work that are put up with: a back-end may rightly notify a little too often.
const TOLERATED: u32 = 8;
/// The delay doubles this often: up to 512 ms.
const DOUBLINGS: u32 = 9;

/// Decides when a port is unmasked after its consumer has run. A consumer that finds work is unmasked
/// at once. One that finds none again and again is left masked, first for a millisecond, then for twice
/// as long each time, up to half a second; one event with work in it and all is forgotten. An honest
/// peer loses nothing: what it sends meanwhile stays pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    idle: u32,
}

impl Backoff {
    /// Nothing known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { idle: 0 }
    }

    /// The consumer has run, and found work or not. Returns for how long (ns) the port stays masked;
    /// 0 is not at all.
    #[must_use = "the port is to be unmasked then"]
    pub fn served(&mut self, work: bool) -> u64 {
        if work {
            self.idle = 0;
            return 0;
        }
        self.idle = self.idle.saturating_add(1).min(TOLERATED + DOUBLINGS + 1);
        match self.idle.checked_sub(TOLERATED + 1) {
            None => 0,
            Some(beyond) => MS << beyond.min(DOUBLINGS),
        }
    }

    /// True while the port is held back.
    #[must_use]
    pub const fn is_stormy(&self) -> bool {
        self.idle > TOLERATED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_slowed_down_and_forgiven() {
        let mut port = Backoff::new();
        for _ in 0..TOLERATED {
            assert_eq!(port.served(false), 0);
        }
        assert!(!port.is_stormy());
        for n in 0..=DOUBLINGS {
            assert_eq!(port.served(false), MS << n);
            assert!(port.is_stormy());
        }
        for _ in 0..100 {
            assert_eq!(port.served(false), 512 * MS);
        }
        assert_eq!(port.served(true), 0);
        assert_eq!(port.served(false), 0);
    }
}
