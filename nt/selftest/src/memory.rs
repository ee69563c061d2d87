//! Pool and MDLs.

use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::Cell;

use nt::pool::PoolBox;
use nt::sys::*;

use crate::{Failed, check, some};

/// Zeroed, aligned as asked for, and each value dropped once.
pub fn pool() -> Result<(), Failed> {
    for (size, align) in [(1, 1), (100, 16), (64, 64), (5000, 256), (300, 4096), (4096, 4096)] {
        let Ok(layout) = Layout::from_size_align(size, align) else { return Err(Failed(line!(), file!())) };
        // SAFETY: the size is not zero.
        let block = unsafe { alloc_zeroed(layout) };
        check!(!block.is_null());
        check!(block.addr().is_multiple_of(align));
        for i in 0..size {
            // SAFETY: inside the block.
            let byte = unsafe { block.wrapping_add(i).read() };
            check!(byte == 0);
            // SAFETY: inside the block.
            unsafe { block.wrapping_add(i).write(0xA5) };
        }
        // SAFETY: allocated with this layout.
        unsafe { dealloc(block, layout) };
    }

    let mut numbers: Vec<u32> = (0..1000).collect();
    numbers.extend(1000..3000);
    check!(numbers.iter().enumerate().all(|(i, &n)| i as u32 == n));
    drop(Box::new([7u64; 40]));

    struct Counted<'a>(&'a Cell<u32>);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Cell::new(0);
    let boxed = some!(PoolBox::new(Counted(&drops)));
    let raw = boxed.into_raw();
    check!(drops.get() == 0);
    // SAFETY: given up just above.
    let value = unsafe { PoolBox::from_raw(raw) }.into_inner();
    check!(drops.get() == 0);
    drop(value);
    check!(drops.get() == 1);
    drop(PoolBox::new(Counted(&drops)));
    check!(drops.get() == 2);
    Ok(())
}

/// The frames of an MDL are those of the memory it describes.
pub fn mdl() -> Result<(), Failed> {
    let memory = alloc::vec![0u8; 3 * PAGE_SIZE as usize];
    let part = &memory[100..2 * PAGE_SIZE as usize + 200];
    // SAFETY: `memory` is non-paged pool.
    let mdl = some!(unsafe { nt::mdl::NonPagedMdl::new(part) });
    let first = part.as_ptr().addr() / PAGE_SIZE as usize;
    let last = (part.as_ptr().addr() + part.len() - 1) / PAGE_SIZE as usize;
    check!(mdl.frames().len() == last - first + 1);
    for (i, &frame) in mdl.frames().iter().enumerate() {
        let at = part.as_ptr().wrapping_add(i * PAGE_SIZE as usize);
        let at = if at > &raw const part[part.len() - 1] { &raw const part[part.len() - 1] } else { at };
        // SAFETY: resident memory.
        let physical = unsafe { MmGetPhysicalAddress(at.cast_mut().cast()) };
        // SAFETY: every bit pattern is a number.
        let physical = unsafe { physical.QuadPart };
        check!(physical as usize / PAGE_SIZE as usize == frame);
    }
    Ok(())
}
