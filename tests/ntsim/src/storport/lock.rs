//! Storport's locks as miniports see them: spin locks with an IRQL.

use crate::abi::DISPATCH_LEVEL;
use crate::ke::irql;
use crate::kernel::kernel;
use core::sync::atomic::{AtomicU64, Ordering::*};

/// A spin lock taken at an IRQL.
#[derive(Default)]
pub struct SpinLock(AtomicU64);

impl SpinLock {
    /// Raises to `level` and takes the lock; returns the former IRQL.
    pub fn acquire(&self, level: u8) -> u8 {
        let old = irql::raise(level.max(irql::current()));
        acquire_word(&self.0);
        old
    }

    /// Releases and lowers.
    pub fn release(&self, old: u8) {
        self.0.store(0, Release);
        irql::lower(old);
    }

    /// Is it held by the calling processor?
    pub fn held_here(&self) -> bool {
        self.0.load(Acquire) == owner()
    }

    /// Runs `f` under the lock at DISPATCH_LEVEL.
    pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        let old = self.acquire(DISPATCH_LEVEL);
        let result = f();
        self.release(old);
        result
    }
}

fn owner() -> u64 {
    u64::from(kernel().engine.current_cpu()) + 1
}

/// Takes a lock word at the current IRQL.
pub fn acquire_word(word: &AtomicU64) {
    while word.compare_exchange(0, owner(), Acquire, Relaxed).is_err() {
        kernel().engine.spin("Storport spin lock");
        irql::poll(kernel());
    }
}
