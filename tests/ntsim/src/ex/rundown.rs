//! Rundown protection: bit 0 of the word means run down, the rest counts by 2 (EX_RUNDOWN_REF).

use crate::abi::*;
use crate::ke::{event, wait};
use core::sync::atomic::{AtomicU64, Ordering::*};

const ACTIVE: u64 = 1;

unsafe fn word(r: *mut u64) -> &'static AtomicU64 {
    &*(r as *const AtomicU64)
}

/// While somebody waits, the word holds the address of this block with bit 0 set.
struct Waiting {
    left: AtomicU64,
    event: KEVENT,
}

unsafe fn acquire(r: *mut u64, count: u64) -> bool {
    loop {
        let v = word(r).load(Acquire);
        if v & ACTIVE != 0 {
            return false;
        }
        if word(r).compare_exchange(v, v + 2 * count, AcqRel, Relaxed).is_ok() {
            return true;
        }
    }
}

unsafe fn release(r: *mut u64, count: u64) {
    loop {
        let v = word(r).load(Acquire);
        if v & ACTIVE != 0 {
            let w = &*((v & !ACTIVE) as *const Waiting);
            if w.left.fetch_sub(count, AcqRel) == count {
                event::set(&w.event as *const _ as *mut KEVENT);
            }
            return;
        }
        if v < 2 * count {
            crate::verifier::report(
                &crate::verifier::rules::RUNDOWN_BALANCE,
                "rundown protection is released that was not acquired".into(),
                [r as u64, 0, 0, 0],
            );
            return;
        }
        if word(r).compare_exchange(v, v - 2 * count, AcqRel, Relaxed).is_ok() {
            return;
        }
    }
}

unsafe fn wait_for(r: *mut u64) {
    let mut w = Waiting { left: AtomicU64::new(0), event: core::mem::zeroed() };
    event::initialize(&mut w.event, false, false);
    loop {
        let v = word(r).load(Acquire);
        if v & ACTIVE != 0 {
            // Run down already.
            return;
        }
        let next = if v == 0 { ACTIVE } else { &w as *const _ as u64 | ACTIVE };
        w.left.store(v / 2, Relaxed);
        if word(r).compare_exchange(v, next, AcqRel, Relaxed).is_ok() {
            if v != 0 {
                wait::wait_one(&mut w.event, wait::Timeout::Never);
                word(r).store(ACTIVE, Release);
            }
            return;
        }
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExInitializeRundownProtection(r: *mut u64) [irql <= APC_LEVEL] { *r = 0; }
    fn ExReInitializeRundownProtection(r: *mut u64) [irql <= APC_LEVEL] { *r = 0; }
    fn ExAcquireRundownProtection(r: *mut u64) -> u8 [irql <= DISPATCH_LEVEL] { acquire(r, 1) as u8 }
    fn ExAcquireRundownProtectionEx(r: *mut u64, count: u32) -> u8 [irql <= DISPATCH_LEVEL] {
        acquire(r, count as u64) as u8
    }
    fn ExReleaseRundownProtection(r: *mut u64) [irql <= DISPATCH_LEVEL] { release(r, 1) }
    fn ExReleaseRundownProtectionEx(r: *mut u64, count: u32) [irql <= DISPATCH_LEVEL] { release(r, count as u64) }
    fn ExWaitForRundownProtectionRelease(r: *mut u64) [irql <= APC_LEVEL] { wait_for(r) }
    fn ExRundownCompleted(r: *mut u64) [irql <= APC_LEVEL] { *r = ACTIVE; }
}
