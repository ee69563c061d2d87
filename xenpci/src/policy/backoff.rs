//! Back-off for event channels whose events bring no work (XSA-391).
//!
//! A consumer says at each unmask whether the event was spurious. A peer that sends one now and then
//! is normal (an event races with a poll); one that goes on is delayed more and more, so that it
//! costs a bounded share of a processor whatever it does.

/// Spurious events in a row that cost nothing.
const FREE: u8 = 4;
/// First delay, in nanoseconds.
const FIRST: u64 = 1_000_000;
/// How often the delay doubles: up to 128 ms.
const DOUBLINGS: u8 = 7;

/// The record of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    spurious: u8,
}

impl Backoff {
    /// An event was handled; gives the delay in nanoseconds before the next may come, 0 for none.
    #[must_use]
    pub fn handled(&mut self, spurious: bool) -> u64 {
        if !spurious {
            // One good event forgives half: a peer cannot buy a storm with a single response.
            self.spurious /= 2;
            return 0;
        }
        self.spurious = self.spurious.saturating_add(1);
        match self.spurious.checked_sub(FREE + 1) {
            None => 0,
            Some(over) => FIRST << over.min(DOUBLINGS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_spurious_events_are_free_and_then_the_delay_doubles_up_to_its_bound() {
        let mut port = Backoff::default();
        let delays: [u64; 14] = core::array::from_fn(|_| port.handled(true));
        assert_eq!(delays[..4], [0; 4]);
        assert_eq!(delays[4..8], [1_000_000, 2_000_000, 4_000_000, 8_000_000]);
        assert_eq!(delays[11..], [128_000_000; 3]);
        for _ in 0..300 {
            assert_eq!(port.handled(true), 128_000_000);
        }
    }

    #[test]
    fn work_lets_the_port_recover() {
        let mut port = Backoff::default();
        for _ in 0..6 {
            let _ = port.handled(true);
        }
        assert_eq!(port.handled(false), 0);
        assert_eq!(port.handled(true), 0, "3 + 1 in a row are free again");
    }
}
