//! Spin locks: plain, queued, reader-writer, interrupt.

use crate::abi::*;
use crate::ke::interrupt::{self, Interrupt};
use crate::ke::irql;
use crate::kernel::kernel;
use crate::verifier::locks;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

unsafe fn word(lock: *mut u64) -> &'static AtomicU64 {
    &*(lock as *const AtomicU64)
}

/// Acquires at the current IRQL (≥ DISPATCH_LEVEL).
pub unsafe fn acquire(lock: *mut u64) {
    locks::acquiring(lock as usize, false, false);
    while word(lock).compare_exchange(0, 1, Acquire, Relaxed).is_err() {
        kernel().engine.spin("spin lock");
        irql::poll(kernel());
    }
    locks::acquired(lock as usize, false);
}

unsafe fn try_acquire(lock: *mut u64) -> bool {
    locks::acquiring(lock as usize, false, true);
    let got = word(lock).compare_exchange(0, 1, Acquire, Relaxed).is_ok();
    if got {
        locks::acquired(lock as usize, false);
    }
    got
}

/// Releases.
pub unsafe fn release(lock: *mut u64) {
    locks::released(lock as usize);
    word(lock).store(0, Release);
}

const EXCLUSIVE: u32 = 1 << 31;

unsafe fn rw(lock: *mut u32) -> &'static AtomicU32 {
    &*(lock as *const AtomicU32)
}

unsafe fn acquire_exclusive(lock: *mut u32) {
    locks::acquiring(lock as usize, false, false);
    while rw(lock).compare_exchange(0, EXCLUSIVE, Acquire, Relaxed).is_err() {
        kernel().engine.spin("reader-writer spin lock (exclusive)");
        irql::poll(kernel());
    }
    locks::acquired(lock as usize, false);
}

unsafe fn acquire_shared(lock: *mut u32) {
    locks::acquiring(lock as usize, true, false);
    loop {
        let v = rw(lock).load(Relaxed);
        if v & EXCLUSIVE == 0 && rw(lock).compare_exchange(v, v + 1, Acquire, Relaxed).is_ok() {
            break;
        }
        kernel().engine.spin("reader-writer spin lock (shared)");
        irql::poll(kernel());
    }
    locks::acquired(lock as usize, true);
}

unsafe fn release_exclusive(lock: *mut u32) {
    locks::released(lock as usize);
    rw(lock).store(0, Release);
}

unsafe fn release_shared(lock: *mut u32) {
    locks::released(lock as usize);
    rw(lock).fetch_sub(1, Release);
}

type Synchronize = unsafe extern "win64" fn(PVOID) -> u8;

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn KeInitializeSpinLock(lock: *mut u64) [irql any] { *lock = 0; }
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut u64) -> u8 [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire(lock);
        old
    }
    fn KeReleaseSpinLock(lock: *mut u64, old: u8) [irql == DISPATCH_LEVEL] {
        release(lock);
        check_old(old);
        irql::lower(old)
    }
    fn KeAcquireSpinLockAtDpcLevel(lock: *mut u64) [irql >= DISPATCH_LEVEL] { acquire(lock) }
    fn KeReleaseSpinLockFromDpcLevel(lock: *mut u64) [irql >= DISPATCH_LEVEL] { release(lock) }
    fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut u64) -> u8 [irql >= DISPATCH_LEVEL] { try_acquire(lock) as u8 }
    fn KeTestSpinLock(lock: *mut u64) -> u8 [irql any] { (word(lock).load(Relaxed) == 0) as u8 }
    fn KeAcquireInStackQueuedSpinLock(lock: *mut u64, handle: *mut KLOCK_QUEUE_HANDLE) [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire(lock);
        *handle = KLOCK_QUEUE_HANDLE { Next: core::ptr::null_mut(), Lock: lock, OldIrql: old };
    }
    fn KeReleaseInStackQueuedSpinLock(handle: *mut KLOCK_QUEUE_HANDLE) [irql == DISPATCH_LEVEL] {
        let h = *handle;
        release(h.Lock);
        irql::lower(h.OldIrql)
    }
    fn KeAcquireInStackQueuedSpinLockAtDpcLevel(lock: *mut u64, handle: *mut KLOCK_QUEUE_HANDLE)
        [irql >= DISPATCH_LEVEL] {
        acquire(lock);
        *handle = KLOCK_QUEUE_HANDLE { Next: core::ptr::null_mut(), Lock: lock, OldIrql: irql::current() };
    }
    fn KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: *mut KLOCK_QUEUE_HANDLE) [irql >= DISPATCH_LEVEL] {
        release((*handle).Lock)
    }
    fn KeAcquireInStackQueuedSpinLockForDpc(lock: *mut u64, handle: *mut KLOCK_QUEUE_HANDLE) [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire(lock);
        *handle = KLOCK_QUEUE_HANDLE { Next: core::ptr::null_mut(), Lock: lock, OldIrql: old };
    }
    fn KeReleaseInStackQueuedSpinLockForDpc(handle: *mut KLOCK_QUEUE_HANDLE) [irql == DISPATCH_LEVEL] {
        let h = *handle;
        release(h.Lock);
        irql::lower(h.OldIrql)
    }
    fn KeAcquireSpinLockForDpc(lock: *mut u64) -> u8 [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire(lock);
        old
    }
    fn KeReleaseSpinLockForDpc(lock: *mut u64, old: u8) [irql == DISPATCH_LEVEL] {
        release(lock);
        irql::lower(old)
    }
    fn ExAcquireSpinLockExclusive(lock: *mut u32) -> u8 [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire_exclusive(lock);
        old
    }
    fn ExReleaseSpinLockExclusive(lock: *mut u32, old: u8) [irql == DISPATCH_LEVEL] {
        release_exclusive(lock);
        check_old(old);
        irql::lower(old)
    }
    fn ExAcquireSpinLockShared(lock: *mut u32) -> u8 [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        acquire_shared(lock);
        old
    }
    fn ExReleaseSpinLockShared(lock: *mut u32, old: u8) [irql == DISPATCH_LEVEL] {
        release_shared(lock);
        check_old(old);
        irql::lower(old)
    }
    fn ExAcquireSpinLockExclusiveAtDpcLevel(lock: *mut u32) [irql >= DISPATCH_LEVEL] { acquire_exclusive(lock) }
    fn ExReleaseSpinLockExclusiveFromDpcLevel(lock: *mut u32) [irql >= DISPATCH_LEVEL] { release_exclusive(lock) }
    fn ExAcquireSpinLockSharedAtDpcLevel(lock: *mut u32) [irql >= DISPATCH_LEVEL] { acquire_shared(lock) }
    fn ExReleaseSpinLockSharedFromDpcLevel(lock: *mut u32) [irql >= DISPATCH_LEVEL] { release_shared(lock) }
    fn ExTryConvertSharedSpinLockExclusive(lock: *mut u32) -> u32 [irql == DISPATCH_LEVEL] {
        rw(lock).compare_exchange(1, EXCLUSIVE, AcqRel, Relaxed).is_ok() as u32
    }
    fn KeAcquireInterruptSpinLock(interrupt: *mut Interrupt) -> u8 [irql any] { interrupt::acquire(&*interrupt) }
    fn KeReleaseInterruptSpinLock(interrupt: *mut Interrupt, old: u8) [irql any] {
        interrupt::release(&*interrupt, old)
    }
    fn KeSynchronizeExecution(interrupt: *mut Interrupt, routine: Synchronize, context: PVOID) -> u8 [irql any] {
        let old = interrupt::acquire(&*interrupt);
        let result = crate::call!("SynchCritSection", routine, context);
        interrupt::release(&*interrupt, old);
        result
    }
    fn KeGetCurrentIrql() -> u8 [irql any] { irql::current() }
    fn KfRaiseIrql(new: u8) -> u8 [irql any] { irql::raise(new) }
    fn KeRaiseIrqlToDpcLevel() -> u8 [irql <= DISPATCH_LEVEL] { irql::raise(DISPATCH_LEVEL) }
    fn KeLowerIrql(new: u8) [irql any] {
        if new < DISPATCH_LEVEL && locks::holds_any() {
            crate::verifier::report(&crate::verifier::rules::LOCK_IRQL,
                "IRQL is lowered below DISPATCH_LEVEL while a spin lock is held".into(), [new as u64, 0, 0, 0]);
        }
        irql::lower(new)
    }
    fn KfLowerIrql(new: u8) [irql any] { irql::lower(new) }
}

fn check_old(old: u8) {
    if old > irql::current() {
        crate::verifier::report(
            &crate::verifier::rules::LOCK_IRQL,
            alloc::format!("a spin lock is released with OldIrql {old}"),
            [old as u64, 0, 0, 0],
        );
    }
}
