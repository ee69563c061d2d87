//! A reserve for allocations that have no way to fail: `Box`, `Arc`, `Vec`, `format!`.
//!
//! The pool may be empty for a moment; a driver that then stops the machine is worse than one that waits.
//! A driver with a reserve ([`create`] in DriverEntry, [`destroy`] at unload) has its small allocations
//! served from there when the pool has nothing; they go back when they are dropped. Large ones are not:
//! those use fallible constructors.

use core::alloc::Layout;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::ke::lock::SpinLock;
use crate::pool;

/// What is handed out: multiples of this, aligned to it.
const GRANULE: usize = 64;
/// Granules of the reserve: 256 KiB.
const GRANULES: usize = 4096;
/// Largest allocation that is served, in bytes.
const LARGEST: usize = 8192;

static BASE: AtomicPtr<u8> = AtomicPtr::new(null_mut());
static USED: SpinLock<Map> = SpinLock::new(Map::new());

/// Which granules are in use.
struct Map([u64; GRANULES / 64]);

impl Map {
    const fn new() -> Self {
        Self([0; GRANULES / 64])
    }

    fn is_used(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 != 0
    }

    fn set(&mut self, first: usize, count: usize, used: bool) {
        for at in first..first + count {
            let bit = 1 << (at % 64);
            if used {
                self.0[at / 64] |= bit;
            } else {
                self.0[at / 64] &= !bit;
            }
        }
    }

    /// Takes the first run of `count` free granules.
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut run = 0;
        for at in 0..GRANULES {
            run = if self.is_used(at) { 0 } else { run + 1 };
            if run == count {
                self.set(at + 1 - count, count, true);
                return Some(at + 1 - count);
            }
        }
        None
    }
}

fn granules(layout: Layout) -> usize {
    layout.size().max(1).div_ceil(GRANULE)
}

/// Sets the reserve aside. PASSIVE_LEVEL, once, in DriverEntry. False without memory: the driver does
/// not load then.
#[must_use]
pub fn create() -> bool {
    let base = pool::allocate(GRANULES * GRANULE).cast::<u8>();
    BASE.store(base, Ordering::Release);
    !base.is_null()
}

/// Gives it back, at unload (or when DriverEntry fails): nothing of it is in use any more.
pub fn destroy() {
    let base = BASE.swap(null_mut(), Ordering::AcqRel);
    if !base.is_null() {
        // SAFETY: from `create`, freed once.
        unsafe { pool::free(base.cast()) };
    }
}

/// Zeroed memory of the reserve; null when there is none, or the allocation is too large for it.
/// IRQL ≤ DISPATCH_LEVEL.
pub(crate) fn take(layout: Layout) -> *mut u8 {
    let base = BASE.load(Ordering::Acquire);
    if base.is_null() || layout.size() > LARGEST || layout.align() > GRANULE {
        return null_mut();
    }
    let Some(first) = USED.with(|map| map.take(granules(layout))) else { return null_mut() };
    let block = base.wrapping_add(first * GRANULE);
    // SAFETY: the granules just taken are this caller's alone.
    unsafe { block.write_bytes(0, granules(layout) * GRANULE) };
    block
}

/// Takes back what [`take`] gave; false when `block` is not of the reserve.
pub(crate) fn give_back(block: *mut u8, layout: Layout) -> bool {
    let base = BASE.load(Ordering::Acquire).addr();
    let inside = base != 0 && (base..base + GRANULES * GRANULE).contains(&block.addr());
    if inside {
        let first = (block.addr() - base) / GRANULE;
        USED.with(|map| map.set(first, granules(layout), false));
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_do_not_overlap_and_come_back() {
        let mut map = Map::new();
        assert_eq!(map.take(3), Some(0));
        assert_eq!(map.take(70), Some(3));
        map.set(0, 3, false);
        assert_eq!(map.take(4), Some(73), "three are not enough");
        assert_eq!(map.take(2), Some(0));
        assert_eq!(map.take(1), Some(2));
        assert_eq!(map.take(GRANULES - 77), Some(77));
        assert_eq!(map.take(1), None);
        map.set(3, 70, false);
        assert_eq!(map.take(70), Some(3));
    }

    #[test]
    fn sizes_are_rounded_up() {
        let of = |size, align| granules(Layout::from_size_align(size, align).unwrap());
        assert_eq!((of(0, 1), of(1, 1), of(64, 16), of(65, 8)), (1, 1, 1, 2));
    }
}
