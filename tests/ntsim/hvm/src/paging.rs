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
/// Another: the page was removed, in the round that stands where the frame was.
const REMOVED: u64 = 1 << 10;
const FRAME: u64 = 0x000f_ffff_ffff_f000;

/// Frames for tables, given once at start.
static NEXT: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicBool = AtomicBool::new(false);
/// Times that all processors have forgotten everything. A page that is removed is forgotten at once by the
/// processor that does it, by the others when its address is used again: addresses are used in turn
/// (`mm::va`), so that is late, and most often somebody else has made them forget by then.
static ROUND: AtomicU64 = AtomicU64::new(0);

/// All processors have forgotten everything.
pub fn forgotten() {
    ROUND.fetch_add(1, Ordering::AcqRel);
}

/// May another processor still know what this entry was? Two rounds, as one may have begun before.
fn may_be_known(old: u64) -> bool {
    old & PRESENT != 0 || old & REMOVED != 0 && ROUND.load(Ordering::Acquire) < ((old & FRAME) >> 12) + 2
}

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

/// Maps one page; tells whether other processors may still know what was there.
pub fn map(va: u64, pfn: u64, prot: Prot) -> bool {
    locked(|| {
        let slot = entry(va, true).unwrap_or(core::ptr::null_mut());
        let old = unsafe { slot.read_volatile() };
        unsafe { slot.write_volatile(pfn << 12 & FRAME | bits(prot)) };
        flush(va);
        may_be_known(old)
    })
}

/// Changes a page's protection; tells whether other processors may know the former one.
pub fn protect(va: u64, prot: Prot) -> bool {
    locked(|| {
        let Some(slot) = entry(va, false) else { return false };
        let old = unsafe { slot.read_volatile() };
        if old & RECORDED == 0 {
            return false;
        }
        unsafe { slot.write_volatile(old & FRAME | bits(prot)) };
        flush(va);
        // A processor does not keep that a page is absent.
        old & PRESENT != 0
    })
}

/// Removes a page.
pub fn unmap(va: u64) {
    locked(|| {
        if let Some(slot) = entry(va, false) {
            unsafe { slot.write_volatile(ROUND.load(Ordering::Acquire) << 12 & FRAME | REMOVED) };
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
