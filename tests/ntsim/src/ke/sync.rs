//! Semaphores, mutexes, waits, delays: the exports.

use crate::abi::*;
use crate::ke::thread;
use crate::ke::wait::{self, Timeout};
use crate::ke::{irql, list};
use crate::kernel::kernel;
use crate::verifier::{self, rules};

/// KeInitializeMutex.
pub unsafe fn initialize_mutex(m: *mut KMUTANT) {
    core::ptr::write_bytes(m, 0, 1);
    (*m).Header.Type = object_kind::MUTANT;
    (*m).Header.Size = (size_of::<KMUTANT>() / 4) as u8;
    (*m).Header.SignalState = 1;
    (*m).ApcDisable = 1;
    list::init(&mut (*m).Header.WaitListHead);
    list::init(&mut (*m).MutantListEntry);
}

/// KeReleaseMutex: returns the former state; a thread that does not own it gets an exception.
pub unsafe fn release_mutex(m: *mut KMUTANT) -> i32 {
    let k = kernel();
    let t = thread::current();
    if (*m).OwnerThread != t.as_ptr() {
        crate::unwind::exception::raise(STATUS_MUTANT_NOT_OWNED, &[]);
    }
    let old_irql = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let old = {
        let mut d = k.ke.dispatcher.lock();
        let old = (*m).Header.SignalState;
        if old == 0 {
            list::remove(&mut (*m).MutantListEntry);
            list::init(&mut (*m).MutantListEntry);
            (*m).OwnerThread = core::ptr::null_mut();
            t.apc_disable.set(t.apc_disable.get() - (*m).ApcDisable as i32);
        }
        wait::signal_locked(k, &mut d, m.cast(), 1);
        old
    };
    irql::lower(old_irql);
    old
}

/// KeReleaseSemaphore: returns the former count.
pub unsafe fn release_semaphore(s: *mut KSEMAPHORE, adjustment: i32) -> i32 {
    let k = kernel();
    let count = (*s).Header.SignalState;
    if adjustment <= 0 || count.checked_add(adjustment).is_none_or(|n| n > (*s).Limit) {
        crate::unwind::exception::raise(STATUS_SEMAPHORE_LIMIT_EXCEEDED, &[]);
    }
    let old_irql = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let old = {
        let mut d = k.ke.dispatcher.lock();
        let old = (*s).Header.SignalState;
        wait::signal_locked(k, &mut d, s.cast(), adjustment);
        old
    };
    irql::lower(old_irql);
    old
}

/// The object must be one that can be waited for.
unsafe fn check(object: *mut DISPATCHER_HEADER) {
    let kind = (*object).Type & 0x7F;
    let known = matches!(kind, 0..=3 | 5 | 6 | 8 | 9);
    if !known || (*object).WaitListHead.Flink.is_null() {
        verifier::report(
            &rules::WAIT_UNINITIALISED,
            alloc::format!("a wait for something that is no initialised dispatcher object (type {kind})"),
            [object as u64, kind as u64, 0, 0],
        );
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn KeWaitForSingleObject(object: *mut DISPATCHER_HEADER, reason: u32, mode: i8, alertable: u8,
        timeout: *const i64) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        check(object);
        let timeout = Timeout::from_ptr(timeout);
        wait::wait(&[object], false, alertable != 0, timeout, core::ptr::null_mut())
    }
    fn KeWaitForMutexObject(object: *mut DISPATCHER_HEADER, reason: u32, mode: i8, alertable: u8,
        timeout: *const i64) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        check(object);
        let timeout = Timeout::from_ptr(timeout);
        wait::wait(&[object], false, alertable != 0, timeout, core::ptr::null_mut())
    }
    fn KeWaitForMultipleObjects(count: u32, objects: *const *mut DISPATCHER_HEADER, wait_type: u32, reason: u32,
        mode: i8, alertable: u8, timeout: *const i64, blocks: *mut KWAIT_BLOCK) -> NTSTATUS
        [irql <= DISPATCH_LEVEL] {
        let count = count as usize;
        let limit = if blocks.is_null() { wait::BUILT_IN_BLOCKS } else { wait::MAX_OBJECTS };
        if count > limit || count == 0 {
            verifier::bugcheck(0xC, [count as u64, limit as u64, 0, 0], "wait for too many objects");
        }
        let objects = core::slice::from_raw_parts(objects, count);
        objects.iter().for_each(|o| check(*o));
        let timeout = Timeout::from_ptr(timeout);
        wait::wait(objects, wait_type == 0, alertable != 0, timeout, blocks)
    }
    fn KeDelayExecutionThread(mode: i8, alertable: u8, interval: *const i64) -> NTSTATUS [irql <= APC_LEVEL] {
        let timeout = Timeout::from_ptr(interval);
        if timeout == Timeout::At(0) {
            // A delay of zero gives the processor away.
            kernel().cpu().quantum_end.store(true, core::sync::atomic::Ordering::Relaxed);
            irql::poll(kernel());
            return STATUS_SUCCESS;
        }
        match wait::wait(&[], true, alertable != 0, timeout, core::ptr::null_mut()) {
            STATUS_TIMEOUT => STATUS_SUCCESS,
            other => other,
        }
    }
    fn KeInitializeSemaphore(s: *mut KSEMAPHORE, count: i32, limit: i32) [irql <= DISPATCH_LEVEL] {
        core::ptr::write_bytes(s, 0, 1);
        (*s).Header.Type = object_kind::SEMAPHORE;
        (*s).Header.Size = (size_of::<KSEMAPHORE>() / 4) as u8;
        (*s).Header.SignalState = count;
        (*s).Limit = limit;
        list::init(&mut (*s).Header.WaitListHead);
    }
    fn KeReleaseSemaphore(s: *mut KSEMAPHORE, increment: i32, adjustment: i32, wait: u8) -> i32
        [irql <= DISPATCH_LEVEL] { release_semaphore(s, adjustment) }
    fn KeReadStateSemaphore(s: *mut KSEMAPHORE) -> i32 [irql any] { (*s).Header.SignalState }
    fn KeInitializeMutex(m: *mut KMUTANT, level: u32) [irql any] { initialize_mutex(m) }
    fn KeReleaseMutex(m: *mut KMUTANT, wait: u8) -> i32 [irql <= DISPATCH_LEVEL] { release_mutex(m) }
    fn KeReadStateMutex(m: *mut KMUTANT) -> i32 [irql any] { (*m).Header.SignalState }
    fn KeAlertThread(t: *mut thread::Thread, mode: i8) -> u8 [irql <= DISPATCH_LEVEL] { wait::alert(t) as u8 }
    fn KeEnterCriticalRegion() [irql <= APC_LEVEL] {
        let t = thread::current();
        t.apc_disable.set(t.apc_disable.get() + 1);
    }
    fn KeLeaveCriticalRegion() [irql <= APC_LEVEL] {
        let t = thread::current();
        unbalanced(t.apc_disable.get(), "critical");
        t.apc_disable.set(t.apc_disable.get() - 1);
    }
    fn KeEnterGuardedRegion() [irql <= APC_LEVEL] {
        let t = thread::current();
        t.special_apc_disable.set(t.special_apc_disable.get() + 1);
    }
    fn KeLeaveGuardedRegion() [irql <= APC_LEVEL] {
        let t = thread::current();
        unbalanced(t.special_apc_disable.get(), "guarded");
        t.special_apc_disable.set(t.special_apc_disable.get() - 1);
    }
    fn KeAreApcsDisabled() -> u8 [irql <= DISPATCH_LEVEL] {
        let t = thread::current();
        (t.apc_disable.get() > 0 || t.special_apc_disable.get() > 0) as u8
    }
    fn KeAreAllApcsDisabled() -> u8 [irql <= DISPATCH_LEVEL] {
        (thread::current().special_apc_disable.get() > 0 || irql::current() >= APC_LEVEL) as u8
    }
}

fn unbalanced(count: i32, what: &str) {
    if count <= 0 {
        verifier::report(
            &rules::REGION_BALANCE,
            alloc::format!("a {what} region is left that was not entered"),
            [0; 4],
        );
    }
}
