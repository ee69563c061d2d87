//! Free page frames.

use crate::engine::FrameRange;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// A bitmap of free frames, searched from a moving position so that neighbours in time are seldom
/// neighbours in memory twice and freed frames are not reused at once.
pub struct Frames {
    free: Vec<u64>,
    limit: u64,
    cursor: u64,
    left: u64,
    total: u64,
}

impl Frames {
    /// All frames of these ranges are free.
    pub fn new(ranges: &[FrameRange]) -> Self {
        let limit = ranges.iter().map(|r| r.start + r.count).max().unwrap_or(0);
        let mut frames =
            Self { free: vec![0; limit.div_ceil(64) as usize], limit, cursor: 0, left: 0, total: 0 };
        for r in ranges {
            for pfn in r.start..r.start + r.count {
                frames.free[(pfn / 64) as usize] |= 1 << (pfn % 64);
            }
            frames.left += r.count;
        }
        frames.total = frames.left;
        frames
    }

    /// Number of free frames.
    pub fn left(&self) -> u64 {
        self.left
    }

    fn is_free(&self, pfn: u64) -> bool {
        self.free[(pfn / 64) as usize] >> (pfn % 64) & 1 != 0
    }

    fn run_at(&self, pfn: u64, count: u64) -> Result<(), u64> {
        for p in (pfn..pfn + count).rev() {
            if !self.is_free(p) {
                return Err(p + 1);
            }
        }
        Ok(())
    }

    /// Allocates `count` contiguous frames, first one a multiple of `align`, within `within`.
    pub fn allocate(&mut self, count: u64, align: u64, within: Range<u64>) -> Option<u64> {
        if count == 0 || count > self.left {
            return None;
        }
        let within = within.start..within.end.min(self.limit);
        let start = if within.contains(&self.cursor) { self.cursor } else { within.start };
        let found = self.search(start..within.end, count, align).or_else(|| {
            self.search(within.start..within.end.min(start.saturating_add(count)), count, align)
        })?;
        for p in found..found + count {
            self.free[(p / 64) as usize] &= !(1 << (p % 64));
        }
        self.left -= count;
        self.cursor = found + count;
        Some(found)
    }

    fn search(&self, within: Range<u64>, count: u64, align: u64) -> Option<u64> {
        let mut at = within.start.next_multiple_of(align);
        while at.checked_add(count)? <= within.end {
            if at.is_multiple_of(64) && self.free[(at / 64) as usize] == 0 {
                at = (at + 64).next_multiple_of(align);
                continue;
            }
            match self.run_at(at, count) {
                Ok(()) => return Some(at),
                Err(next) => at = next.next_multiple_of(align),
            }
        }
        None
    }

    /// Frees frames.
    ///
    /// # Panics
    /// If one is free already (simulator error; drivers' errors are caught above).
    pub fn free(&mut self, pfn: u64, count: u64) {
        for p in pfn..pfn + count {
            assert!(!self.is_free(p), "frame {p:#x} freed twice");
            self.free[(p / 64) as usize] |= 1 << (p % 64);
        }
        self.left += count;
    }
}
