//! mm: page frames, kernel virtual addresses, pools.

pub mod exports;
pub mod frames;
pub mod mdl;
pub mod pool;
pub mod region;
pub mod va;

use crate::engine::{Engine, Prot};
use crate::kernel::lock::Lock;
use crate::verifier;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// Pages that cover `bytes`.
pub const fn pages(bytes: usize) -> usize {
    bytes.div_ceil(PAGE)
}

/// Memory state of a kernel.
pub struct State {
    engine: &'static dyn Engine,
    /// Free page frames.
    pub frames: Lock<frames::Frames>,
    /// Free kernel virtual addresses.
    pub va: Lock<va::Addresses>,
    /// Pool blocks.
    pub pool: Lock<pool::Blocks>,
    stacks: Lock<Vec<(usize, usize)>>,
    freed_special: Lock<VecDeque<(usize, usize)>>,
}

impl State {
    /// Takes over the engine's RAM and address range.
    pub fn new(engine: &'static dyn Engine) -> Self {
        Self {
            engine,
            frames: Lock::new(frames::Frames::new(&engine.ram())),
            va: Lock::new(va::Addresses::new(engine.system_va())),
            pool: Default::default(),
            stacks: Default::default(),
            freed_special: Default::default(),
        }
    }

    /// Allocates physically contiguous pages and maps them, with an unmapped page behind them.
    pub fn allocate_mapped(&self, count: usize, prot: Prot) -> Option<usize> {
        let pfn = self.frames.lock().allocate(count as u64, 1, 0..u64::MAX)?;
        let Some(va) = self.va.lock().allocate(count + 1) else {
            self.frames.lock().free(pfn, count as u64);
            return None;
        };
        self.engine.map(va, pfn, count, prot);
        Some(va)
    }

    /// Undoes [`State::allocate_mapped`].
    pub fn free_mapped(&self, va: usize, count: usize) {
        let pfn = self.engine.translate(va).expect("the range is mapped");
        self.engine.unmap(va, count);
        self.release(pfn, count as u64);
        self.va.lock().free(va, count + 1);
    }

    /// Frees frames that drivers had.
    pub fn release(&self, pfn: u64, count: u64) {
        self.check_released(pfn, count);
        self.frames.lock().free(pfn, count);
    }

    /// What a peer can still reach through a grant must not get another owner.
    pub fn check_released(&self, pfn: u64, count: u64) {
        for pfn in pfn..pfn + count {
            if let Some(mapped) = self.engine.machine().frame_in_use(pfn) {
                let how = if mapped { "mapped by a peer" } else { "granted to a peer" };
                verifier::report(
                    &verifier::rules::FREE_GRANTED,
                    alloc::format!("frame {pfn:#x} is freed while it is {how}"),
                    [pfn, u64::from(mapped), 0, 0],
                );
            }
        }
    }

    /// A kernel stack: (lowest address, pages), with a guard page below.
    pub fn allocate_stack(&self, count: usize) -> Option<(usize, usize)> {
        if let Some(stack) = self.stacks.lock().pop() {
            return Some(stack);
        }
        let pfn = self.frames.lock().allocate(count as u64, 1, 0..u64::MAX)?;
        let Some(va) = self.va.lock().allocate(count + 1) else {
            self.frames.lock().free(pfn, count as u64);
            return None;
        };
        self.engine.map(va + PAGE, pfn, count, Prot::ReadWrite);
        Some((va + PAGE, count))
    }

    /// Gives a stack back (kept for the next thread).
    pub fn free_stack(&self, base: usize, count: usize) {
        self.stacks.lock().push((base, count));
    }

    /// Remembers pages of special pool that were freed, to name later accesses.
    pub fn note_freed_special(&self, va: usize, count: usize) {
        let mut freed = self.freed_special.lock();
        if freed.len() == 1024 {
            freed.pop_front();
        }
        freed.push_back((va, count));
    }

    /// Does the address lie in special pool that was freed lately?
    pub fn freed_special(&self, at: usize) -> bool {
        self.freed_special.lock().iter().any(|(va, n)| (*va..va + n * PAGE).contains(&at))
    }

    /// Physical address behind a kernel virtual address.
    pub fn physical(&self, va: usize) -> Option<u64> {
        self.engine.translate(va).map(|pfn| pfn * PAGE as u64 + (va % PAGE) as u64)
    }

    /// The engine (map, unmap, frames).
    pub fn engine(&self) -> &'static dyn Engine {
        self.engine
    }
}
