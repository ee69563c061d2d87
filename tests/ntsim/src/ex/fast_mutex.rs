//! Fast mutexes and guarded mutexes.

use crate::abi::*;
use crate::ke::{event, irql, thread, wait};
use crate::verifier::{self, locks, rules};

/// ExInitializeFastMutex is inline in the WDK: Count 1, a synchronisation event.
pub unsafe fn initialize(m: *mut FAST_MUTEX) {
    core::ptr::write_bytes(m, 0, 1);
    (*m).Count = 1;
    event::initialize(&mut (*m).Event, true, false);
}

unsafe fn lock(m: *mut FAST_MUTEX) {
    let me = thread::current().as_ptr();
    if (*m).Owner == me {
        verifier::report(
            &rules::LOCK_RECURSION,
            "a fast mutex is acquired by its owner".into(),
            [m as u64, 0, 0, 0],
        );
    }
    locks::acquiring(m as usize, false, false);
    (*m).Count -= 1;
    if (*m).Count != 0 {
        (*m).Contention += 1;
        wait::wait_one(&mut (*m).Event, wait::Timeout::Never);
    }
    (*m).Owner = me;
    locks::acquired(m as usize, false);
}

unsafe fn unlock(m: *mut FAST_MUTEX) {
    if (*m).Owner != thread::current().as_ptr() {
        verifier::report(
            &rules::LOCK_NOT_HELD,
            "a fast mutex is released by a thread that does not own it".into(),
            [m as u64, 0, 0, 0],
        );
    }
    locks::released(m as usize);
    (*m).Owner = core::ptr::null_mut();
    (*m).Count += 1;
    if (*m).Count <= 0 {
        event::set(&mut (*m).Event);
    }
}

fn guard(by: i32) {
    let t = thread::current();
    t.special_apc_disable.set(t.special_apc_disable.get() + by);
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExInitializeFastMutex(m: *mut FAST_MUTEX) [irql <= DISPATCH_LEVEL] { initialize(m) }
    fn KeInitializeGuardedMutex(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] { initialize(m) }
    fn ExAcquireFastMutex(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] {
        let old = irql::raise(APC_LEVEL);
        lock(m);
        (*m).OldIrql = old as u32;
    }
    fn ExReleaseFastMutex(m: *mut FAST_MUTEX) [irql == APC_LEVEL] {
        let old = (*m).OldIrql as u8;
        unlock(m);
        irql::lower(old)
    }
    fn ExTryToAcquireFastMutex(m: *mut FAST_MUTEX) -> u8 [irql <= APC_LEVEL] {
        if (*m).Count != 1 {
            return 0;
        }
        let old = irql::raise(APC_LEVEL);
        (*m).Count = 0;
        (*m).Owner = thread::current().as_ptr();
        (*m).OldIrql = old as u32;
        locks::acquiring(m as usize, false, true);
        locks::acquired(m as usize, false);
        1
    }
    fn ExAcquireFastMutexUnsafe(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] { lock(m) }
    fn ExReleaseFastMutexUnsafe(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] { unlock(m) }
    fn KeAcquireGuardedMutex(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] {
        guard(1);
        lock(m)
    }
    fn KeReleaseGuardedMutex(m: *mut FAST_MUTEX) [irql <= APC_LEVEL] {
        unlock(m);
        guard(-1)
    }
    fn KeTryToAcquireGuardedMutex(m: *mut FAST_MUTEX) -> u8 [irql <= APC_LEVEL] {
        if (*m).Count != 1 {
            return 0;
        }
        guard(1);
        (*m).Count = 0;
        (*m).Owner = thread::current().as_ptr();
        locks::acquiring(m as usize, false, true);
        locks::acquired(m as usize, false);
        1
    }
}
