//! Page tables for the kernel's virtual addresses (AMD64 manual vol. 2, §5.3). The low half keeps the
//! identity map that `boot` made; physical memory is reached through it.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ntsim::engine::Prot;

use crate::{
    boot,
    port::{disable, enable, flush},
};

const PRESENT: u64 = 1;
const WRITE: u64 = 2;
const NO_EXECUTE: u64 = 1 << 63;
/// A bit that the processor ignores: the frame is recorded though the page is not present.
const RECORDED: u64 = 1 << 9;
const FRAME: u64 = 0x000f_ffff_ffff_f000;

/// Frames for tables, given once at start.
static NEXT: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicBool = AtomicBool::new(false);

/// Gives the frames from which tables are made.
pub fn give(start: u64, end: u64) {
    NEXT.store(start, Ordering::Relaxed);
    END.store(end, Ordering::Relaxed);
}

fn locked<R>(f: impl FnOnce() -> R) -> R {
    let on = disable();
    while HELD.swap(true, Ordering::Acquire) {
        core::hint::spin_loop();
    }
    let result = f();
    HELD.store(false, Ordering::Release);
    if on {
        enable();
    }
    result
}

/// The entry for `va`, making tables on the way if `make`. The lock is held.
fn entry(va: u64, make: bool) -> Option<*mut u64> {
    let mut table = core::ptr::from_ref(&boot::boot_pml4) as u64;
    for level in [39, 30, 21] {
        let slot = (table + (va >> level & 511) * 8) as *mut u64;
        // Tables lie in identity-mapped memory that only this module writes, under the lock.
        let mut value = unsafe { slot.read_volatile() };
        if value & PRESENT == 0 {
            if !make {
                return None;
            }
            let frame = NEXT.fetch_add(4096, Ordering::Relaxed);
            assert!(frame < END.load(Ordering::Relaxed), "out of page tables");
            unsafe { (frame as *mut u8).write_bytes(0, 4096) };
            value = frame | PRESENT | WRITE;
            unsafe { slot.write_volatile(value) };
        }
        table = value & FRAME;
    }
    Some((table + (va >> 12 & 511) * 8) as *mut u64)
}

const fn bits(prot: Prot) -> u64 {
    match prot {
        Prot::None => RECORDED,
        Prot::Read => PRESENT | RECORDED | NO_EXECUTE,
        Prot::ReadWrite => PRESENT | RECORDED | WRITE | NO_EXECUTE,
        Prot::ReadExecute => PRESENT | RECORDED,
    }
}

/// Maps one page; tells whether one was there (other processors may still know it).
pub fn map(va: u64, pfn: u64, prot: Prot) -> bool {
    locked(|| {
        let slot = entry(va, true).unwrap_or(core::ptr::null_mut());
        let old = unsafe { slot.read_volatile() };
        unsafe { slot.write_volatile(pfn << 12 & FRAME | bits(prot)) };
        flush(va);
        old & PRESENT != 0
    })
}

/// Changes a page's protection.
pub fn protect(va: u64, prot: Prot) {
    locked(|| {
        if let Some(slot) = entry(va, false) {
            let old = unsafe { slot.read_volatile() };
            if old & RECORDED != 0 {
                unsafe { slot.write_volatile(old & FRAME | bits(prot)) };
                flush(va);
            }
        }
    });
}

/// Removes a page.
pub fn unmap(va: u64) {
    locked(|| {
        if let Some(slot) = entry(va, false) {
            unsafe { slot.write_volatile(0) };
            flush(va);
        }
    });
}

/// The frame behind an address, or what the identity map says for low ones.
pub fn translate(va: u64) -> Option<u64> {
    if (0x1000..1 << 32).contains(&va) {
        return Some(va >> 12);
    }
    locked(|| {
        let slot = entry(va, false)?;
        let value = unsafe { slot.read_volatile() };
        (value & RECORDED != 0).then_some((value & FRAME) >> 12)
    })
}
