//! Models of the lock-free parts of `xenbus`: loom runs each in every interleaving, and with every value
//! that the memory model lets a load see. A lost wake-up shows as a deadlock.
//!
//! They need `xenbus` built on loom's atomics, so they are only there with
//! `RUSTFLAGS="--cfg loom" cargo test -p loom-models --release`; without that the package is empty.
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use xenbus::{
    page::{Words, copy_in, copy_out},
    seam::SharedPage,
    sync::{AtomicU32, Lock, Ordering},
    types::Gfn,
};

/// A few words of shared memory: loom counts every one, so a page would be too much.
#[derive(Clone)]
pub struct Memory(Arc<Vec<AtomicU32>>);

impl Memory {
    /// `words` zeroed words.
    pub fn new(words: usize) -> Self {
        Self(Arc::new((0..words).map(|_| AtomicU32::new(0)).collect()))
    }
}

impl Words for Memory {
    fn words(&self) -> &[AtomicU32] {
        &self.0
    }
}

impl SharedPage for Memory {
    fn len(&self) -> usize {
        self.0.len() * 4
    }
    fn gfn(&self, index: usize) -> Gfn {
        Gfn(index as u64)
    }
    fn load(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Relaxed)
    }
    fn store(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Relaxed);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        copy_out(self.words(), offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        copy_in(self.words(), offset, from);
    }
}

/// loom's mutex as the lock of a platform.
pub struct LoomLock<T>(Mutex<T>);

impl<T> Lock<T> for LoomLock<T> {
    fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

/// Runs a model; at most `preemptions` involuntary switches in one run, where all would be too many.
pub fn model(preemptions: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 100_000;
    builder.check(f);
}
