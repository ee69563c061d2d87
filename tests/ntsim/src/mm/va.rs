//! Free kernel virtual addresses.

use super::PAGE;
use alloc::collections::BTreeMap;
use core::ops::Range;

/// Free ranges of pages. Allocation moves through the whole range before it reuses anything, so that an
/// access through a stale pointer faults.
pub struct Addresses {
    free: BTreeMap<usize, usize>,
    base: usize,
    cursor: usize,
}

impl Addresses {
    /// All of `range` is free.
    pub fn new(range: Range<usize>) -> Self {
        let mut free = BTreeMap::new();
        free.insert(range.start, (range.end - range.start) / PAGE);
        Self { free, base: range.start, cursor: range.start }
    }

    /// Start of the managed range: addresses relative to it are the same in every process.
    pub fn base(&self) -> usize {
        self.base
    }

    /// Takes `count` pages.
    pub fn allocate(&mut self, count: usize) -> Option<usize> {
        let fits = |(at, n): (&usize, &usize)| (*n >= count).then_some((*at, *n));
        let cursor = self.cursor;
        // A free range that the cursor lies in, or one behind it, or any.
        let within = self.free.range(..=cursor).next_back().and_then(|(&at, &n)| {
            let end = at + n * PAGE;
            (cursor > at && end >= cursor + count * PAGE).then_some((at, n))
        });
        let (at, n, take) = match within {
            Some((at, n)) => (at, n, cursor),
            None => {
                let (at, n) =
                    self.free.range(cursor..).find_map(fits).or_else(|| self.free.iter().find_map(fits))?;
                (at, n, at)
            }
        };
        self.free.remove(&at);
        if take > at {
            self.free.insert(at, (take - at) / PAGE);
        }
        let (end, taken_end) = (at + n * PAGE, take + count * PAGE);
        if taken_end < end {
            self.free.insert(taken_end, (end - taken_end) / PAGE);
        }
        self.cursor = taken_end;
        Some(take)
    }

    /// Gives pages back.
    pub fn free(&mut self, at: usize, count: usize) {
        let mut start = at;
        let mut pages = count;
        if let Some((&prev, &n)) = self.free.range(..at).next_back()
            && prev + n * PAGE == at
        {
            self.free.remove(&prev);
            start = prev;
            pages += n;
        }
        if let Some(n) = self.free.remove(&(at + count * PAGE)) {
            pages += n;
        }
        self.free.insert(start, pages);
    }
}
