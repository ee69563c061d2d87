//! Pool blocks: size classes inside pages, whole pages, and special pool (own pages, the block's end at an
//! unmapped page). Every block is known by address with its tag, size and caller.

use super::{PAGE, pages};
use crate::abi::*;
use crate::engine::Prot;
use crate::kernel::config::SpecialPool;
use crate::kernel::{Kernel, kernel};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Sizes of small blocks. A block never crosses a page (WDK: allocations below PAGE_SIZE).
const CLASSES: [usize; 14] = [16, 32, 48, 64, 96, 128, 192, 256, 400, 512, 800, 1024, 1360, 2032];
/// Pages that small blocks are cut from at once.
const SLAB: usize = 8;
/// Content of fresh memory that the driver did not ask to be zeroed.
pub const FRESH: u8 = 0xA5;
/// Content of freed memory.
pub const FREED: u8 = 0xDD;
/// Content of the slack behind a block; checked when the block is freed.
const SLACK: u8 = 0xE7;

/// Which pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Non-paged, not executable.
    NonPagedNx,
    /// Non-paged, executable: a code-integrity rule forbids it.
    NonPagedExecute,
    /// Paged.
    Paged,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Class(u8),
    Pages(usize),
    /// Special pool: pages without the guard.
    Special(usize),
}

/// A block in use.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Bytes asked for.
    pub size: usize,
    /// Tag.
    pub tag: u32,
    /// Pool.
    pub kind: PoolKind,
    /// Return address of the allocating call, 0 for the simulator itself.
    pub caller: usize,
    /// Number of the allocation.
    pub number: u64,
    place: Place,
}

impl Block {
    /// Is it in special pool?
    pub fn is_special(&self) -> bool {
        matches!(self.place, Place::Special(_))
    }
}

/// All pool blocks of a kernel.
#[derive(Default)]
pub struct Blocks {
    used: BTreeMap<usize, Block>,
    free: [Vec<usize>; CLASSES.len()],
    count: u64,
}

impl Blocks {
    /// Number of allocations so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The block that contains an address, with its start.
    pub fn containing(&self, at: usize) -> Option<(usize, Block)> {
        let (&start, block) = self.used.range(..=at).next_back()?;
        (at < start + block.size.max(1)).then_some((start, *block))
    }

    /// All blocks in use, in order of allocation.
    pub fn all(&self) -> Vec<(usize, Block)> {
        let mut all: Vec<_> = self.used.iter().map(|(at, b)| (*at, *b)).collect();
        all.sort_by_key(|(_, b)| b.number);
        all
    }
}

/// Allocates a block; the content is garbage unless `zero`. None: no memory.
pub fn allocate(kind: PoolKind, size: usize, tag: u32, caller: usize, zero: bool) -> Option<*mut u8> {
    let k = kernel();
    let number = {
        let mut p = k.mm.pool.lock();
        p.count += 1;
        p.count
    };
    // The simulator's own objects are not what special pool is for.
    let special = caller != 0
        && match k.config.special_pool {
            SpecialPool::Off => false,
            SpecialPool::On => true,
            SpecialPool::Sampled(n) => k.engine.choose(n, "special pool") == 0,
        };
    let (at, place, room) = if special {
        let n = pages(size.max(1));
        let va = k.mm.allocate_mapped(n, Prot::ReadWrite)?;
        let at = va + (n * PAGE - size.max(1)) / 16 * 16;
        // Whole pages stay page-aligned as the WDK promises.
        let at = if size >= PAGE { va } else { at };
        (at, Place::Special(n), va + n * PAGE - at)
    } else if let Some(class) = CLASSES.iter().position(|c| *c >= size) {
        (small(k, class)?, Place::Class(class as u8), CLASSES[class])
    } else {
        let n = pages(size);
        (k.mm.allocate_mapped(n, Prot::ReadWrite)?, Place::Pages(n), n * PAGE)
    };
    unsafe {
        core::ptr::write_bytes(at as *mut u8, if zero { 0 } else { FRESH }, size);
        core::ptr::write_bytes((at + size) as *mut u8, SLACK, room - size);
    }
    let block = Block { size, tag, kind, caller, number, place };
    k.mm.pool.lock().used.insert(at, block);
    Some(at as *mut u8)
}

fn small(k: &Kernel, class: usize) -> Option<usize> {
    if let Some(at) = k.mm.pool.lock().free[class].pop() {
        return Some(at);
    }
    // Several pages at once: each mapping is a system call of the engine's.
    let slab = |pages| k.mm.allocate_mapped(pages, Prot::ReadWrite).map(|va| (va, pages));
    let (va, pages) = slab(SLAB).or_else(|| slab(1))?;
    let size = CLASSES[class];
    let mut p = k.mm.pool.lock();
    for page in (0..pages).rev() {
        p.free[class].extend((0..PAGE / size).rev().map(|i| va + page * PAGE + i * size));
    }
    p.free[class].pop()
}

/// Why a block could not be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeError {
    /// Nothing was allocated there (or it was freed before).
    NotAllocated,
    /// The address lies inside a block.
    Inside,
    /// The bytes behind the block were written.
    Overrun,
}

/// Frees a block and returns what it was.
pub fn free(at: *mut u8) -> Result<Block, FreeError> {
    let k = kernel();
    let address = at as usize;
    let block = {
        let mut p = k.mm.pool.lock();
        match p.used.remove(&address) {
            Some(block) => block,
            None if p.containing(address).is_some() => return Err(FreeError::Inside),
            None => return Err(FreeError::NotAllocated),
        }
    };
    let room = match block.place {
        Place::Class(c) => CLASSES[c as usize],
        Place::Pages(n) => n * PAGE,
        Place::Special(n) => n * PAGE - address % PAGE,
    };
    let slack =
        unsafe { core::slice::from_raw_parts((address + block.size) as *const u8, room - block.size) };
    let overrun = k.config.checked && slack.iter().any(|b| *b != SLACK);
    match block.place {
        Place::Class(c) => {
            if k.config.checked {
                unsafe { core::ptr::write_bytes(at, FREED, block.size) };
            }
            // Oldest first would hide use after free longer; newest first finds double use sooner. Put to
            // the front of a bounded part so that reuse is delayed a little.
            let mut p = k.mm.pool.lock();
            let list = &mut p.free[c as usize];
            let i = list.len().saturating_sub(8);
            list.insert(i, address);
        }
        Place::Pages(n) => k.mm.free_mapped(address, n),
        Place::Special(n) => {
            k.mm.free_mapped(address / PAGE * PAGE, n);
            k.mm.note_freed_special(address / PAGE * PAGE, n);
        }
    }
    if overrun { Err(FreeError::Overrun) } else { Ok(block) }
}

/// Kind of a POOL_TYPE value (wdm.h), or None for one that does not exist.
pub fn kind_of(pool_type: u32) -> Option<PoolKind> {
    // Bit 3: quota; bits 2 and 1: cache-aligned, must succeed; 512: NonPagedPoolNx.
    match pool_type & !(8 | 4) {
        0 => Some(PoolKind::NonPagedExecute),
        1 => Some(PoolKind::Paged),
        512 => Some(PoolKind::NonPagedNx),
        _ => None,
    }
}

/// Allocates zeroed non-paged memory for the simulator's own objects that drivers can see.
pub fn allocate_kernel(size: usize, tag: &[u8; 4]) -> Result<*mut u8, NTSTATUS> {
    allocate(PoolKind::NonPagedNx, size, u32::from_le_bytes(*tag), 0, true)
        .ok_or(STATUS_INSUFFICIENT_RESOURCES)
}
