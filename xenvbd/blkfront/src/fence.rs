//! Fences: requests that a reset completed while the back-end still has them.
//!
//! blkif has no abort. A request that was copied can be completed early, but its write may still land;
//! later requests on the same sectors, through whichever queue, wait until the back-end has answered.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Fences that are told apart; more than these hold up everything.
const PLACES: usize = 64;

/// The fences of a device, shared by its queues. No lock: a queue posts and lifts its own places, the
/// others only look.
#[derive(Debug)]
pub struct Fences {
    /// Places in use, and fences without a place.
    active: AtomicU32,
    /// Fences without a place.
    everywhere: AtomicU32,
    places: [Place; PLACES],
}

#[derive(Debug)]
struct Place {
    /// 0 free, 1 being filled, 2 in force.
    state: AtomicU32,
    start: AtomicU64,
    end: AtomicU64,
}

/// A fence that was posted.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lost fence blocks its sectors for good"]
pub(crate) struct Fence(usize);

impl Default for Fences {
    fn default() -> Self {
        Self::new()
    }
}

impl Fences {
    /// None in force.
    #[must_use]
    pub fn new() -> Self {
        Self {
            active: AtomicU32::new(0),
            everywhere: AtomicU32::new(0),
            places: [const { Place { state: AtomicU32::new(0), start: AtomicU64::new(0), end: AtomicU64::new(0) } };
                PLACES],
        }
    }

    /// True while some fence is in force.
    #[must_use]
    pub fn any(&self) -> bool {
        self.active.load(Ordering::Acquire) != 0
    }

    /// Puts sectors `start..end` behind a fence.
    pub(crate) fn post(&self, start: u64, end: u64) -> Fence {
        self.active.fetch_add(1, Ordering::AcqRel);
        for (index, place) in self.places.iter().enumerate() {
            if place.state.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                place.start.store(start, Ordering::Relaxed);
                place.end.store(end, Ordering::Relaxed);
                place.state.store(2, Ordering::Release);
                return Fence(index);
            }
        }
        self.everywhere.fetch_add(1, Ordering::AcqRel);
        Fence(PLACES)
    }

    /// Takes a fence away.
    pub(crate) fn lift(&self, fence: Fence) {
        match self.places.get(fence.0) {
            Some(place) => place.state.store(0, Ordering::Release),
            None => {
                self.everywhere.fetch_sub(1, Ordering::AcqRel);
            }
        }
        self.active.fetch_sub(1, Ordering::AcqRel);
    }

    /// True if a fence stands on any of the sectors `start..end`.
    pub(crate) fn blocks(&self, start: u64, end: u64) -> bool {
        if !self.any() {
            return false;
        }
        self.everywhere.load(Ordering::Acquire) != 0
            || self.places.iter().any(|place| {
                // A place being filled might be ours to wait for: wait.
                match place.state.load(Ordering::Acquire) {
                    0 => false,
                    1 => true,
                    _ => {
                        place.start.load(Ordering::Relaxed) < end && start < place.end.load(Ordering::Relaxed)
                    }
                }
            })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn a_fence_blocks_its_sectors_only() {
        let fences = Fences::new();
        let fence = fences.post(10, 20);
        assert!(fences.blocks(0, 11) && fences.blocks(19, 30) && fences.blocks(12, 13));
        assert!(!fences.blocks(0, 10) && !fences.blocks(20, 30));
        fences.lift(fence);
        assert!(!fences.blocks(0, 100) && !fences.any());
    }

    #[test]
    fn more_fences_than_places_block_everything() {
        let fences = Fences::new();
        let all: std::vec::Vec<_> = (0..PLACES as u64 + 1).map(|i| fences.post(i, i + 1)).collect();
        assert!(fences.blocks(1 << 40, (1 << 40) + 1));
        for fence in all {
            fences.lift(fence);
        }
        assert!(!fences.any());
    }
}
