//! Spin locks, read-write locks, events, sleeping.

use super::{rules, state};
use crate::abi::*;
use crate::ke::{event, irql, spin, wait};
use crate::kernel::kernel;
use crate::verifier::locks;
use core::sync::atomic::{AtomicU32, Ordering::*};

const RW: &str = "read-write lock";

/// LOCK_STATE_EX (3 bytes; ndis.h).
#[repr(C)]
pub struct LockState {
    old_irql: u8,
    state: u8,
    flags: u8,
}

/// NDIS_RWL_AT_DISPATCH_LEVEL.
const AT_DISPATCH: u8 = 1;
const NONE: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;
const WRITER: u32 = 1 << 31;

unsafe fn word(lock: PVOID) -> &'static AtomicU32 {
    &*lock.cast::<AtomicU32>()
}

unsafe fn acquire(lock: PVOID, to: *mut LockState, flags: u8, write: bool) {
    if !state().objects.has(lock as usize, RW) {
        rules::bad_handle("a read-write lock", lock as usize);
    }
    let old = irql::current();
    if flags & AT_DISPATCH == 0 {
        irql::raise(DISPATCH_LEVEL);
    } else if old != DISPATCH_LEVEL {
        rules::report(
            &rules::DISPATCH_FLAG,
            alloc::format!("NDIS_RWL_AT_DISPATCH_LEVEL at IRQL {old}"),
            lock as usize,
            0,
        );
    }
    locks::acquiring(lock as usize, !write, false);
    let word = word(lock);
    loop {
        let value = word.load(Relaxed);
        let (free, new) = if write { (value == 0, WRITER) } else { (value & WRITER == 0, value + 1) };
        if free && word.compare_exchange(value, new, Acquire, Relaxed).is_ok() {
            break;
        }
        kernel().engine.spin("NDIS read-write lock");
        irql::poll(kernel());
    }
    locks::acquired(lock as usize, !write);
    *to = LockState { old_irql: old, state: if write { WRITE } else { READ }, flags };
}

unsafe fn release(lock: PVOID, from: *mut LockState) {
    let (kind, old, flags) = ((*from).state, (*from).old_irql, (*from).flags);
    let held = word(lock).load(Relaxed);
    let good = match kind {
        READ => held != 0 && held & WRITER == 0,
        WRITE => held == WRITER,
        _ => false,
    };
    if !good {
        rules::report(
            &rules::RW_LOCK,
            alloc::format!("the lock state {kind} does not hold the lock"),
            lock as usize,
            0,
        );
        return;
    }
    (*from).state = NONE;
    locks::released(lock as usize);
    if kind == WRITE {
        word(lock).store(0, Release);
    } else {
        word(lock).fetch_sub(1, Release);
    }
    if flags & AT_DISPATCH == 0 {
        irql::lower(old);
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisAllocateSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql any] {
        *lock = NDIS_SPIN_LOCK::default();
    }
    fn NdisFreeSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql any] {}
    fn NdisAcquireSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql <= DISPATCH_LEVEL] {
        let old = irql::raise(DISPATCH_LEVEL);
        spin::acquire((&raw mut (*lock).SpinLock).cast());
        (*lock).OldIrql = old;
    }
    fn NdisReleaseSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql == DISPATCH_LEVEL] {
        let old = (*lock).OldIrql;
        spin::release((&raw mut (*lock).SpinLock).cast());
        irql::lower(old);
    }
    fn NdisDprAcquireSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql == DISPATCH_LEVEL] {
        spin::acquire((&raw mut (*lock).SpinLock).cast());
        (*lock).OldIrql = DISPATCH_LEVEL;
    }
    fn NdisDprReleaseSpinLock(lock: *mut NDIS_SPIN_LOCK) [irql == DISPATCH_LEVEL] {
        spin::release((&raw mut (*lock).SpinLock).cast());
    }
    fn NdisAllocateRWLock(handle: NDIS_HANDLE) -> PVOID [irql <= DISPATCH_LEVEL] {
        crate::ndis::check_owner(handle);
        let at = crate::ex::pool::allocate(crate::mm::pool::PoolKind::NonPagedNx, 64, u32::from_le_bytes(*b"NDrw"), true);
        if !at.is_null() {
            state().objects.add(at as usize, RW, handle as usize);
        }
        at.cast()
    }
    fn NdisFreeRWLock(lock: PVOID) [irql <= DISPATCH_LEVEL] {
        if !state().objects.remove(lock as usize, RW) {
            return;
        }
        if word(lock).load(Relaxed) != 0 {
            rules::report(&rules::RW_LOCK, "a read-write lock is freed while it is held".into(), lock as usize, 0);
        }
        crate::ex::pool::free(lock.cast(), 0);
    }
    fn NdisAcquireRWLockRead(lock: PVOID, to: *mut LockState, flags: u8) [irql <= DISPATCH_LEVEL] { acquire(lock, to, flags, false) }
    fn NdisAcquireRWLockWrite(lock: PVOID, to: *mut LockState, flags: u8) [irql <= DISPATCH_LEVEL] { acquire(lock, to, flags, true) }
    fn NdisReleaseRWLock(lock: PVOID, from: *mut LockState) [irql == DISPATCH_LEVEL] { release(lock, from) }
    fn NdisInitializeEvent(at: *mut KEVENT) [irql any] { event::initialize(at, false, false) }
    fn NdisSetEvent(at: *mut KEVENT) [irql <= DISPATCH_LEVEL] { event::set(at); }
    fn NdisResetEvent(at: *mut KEVENT) [irql <= DISPATCH_LEVEL] { event::reset(at); }
    fn NdisWaitEvent(at: *mut KEVENT, milliseconds: u32) -> BOOLEAN [irql == PASSIVE_LEVEL] {
        let timeout = if milliseconds == 0 { wait::Timeout::Never } else { wait::Timeout::millis(u64::from(milliseconds)) };
        u8::from(wait::wait_one(at, timeout) == STATUS_SUCCESS)
    }
    fn NdisMSleep(microseconds: u32) [irql <= APC_LEVEL] {
        let mut nobody = crate::ndis::adapter::event_zero();
        event::initialize(&mut nobody, false, false);
        wait::wait_one(&mut nobody, wait::Timeout::from_due(-(i64::from(microseconds.max(1)) * 10)));
    }
    fn NdisStallExecution(microseconds: u32) [irql any] { kernel().engine.stall(u64::from(microseconds) * 1000) }
}
