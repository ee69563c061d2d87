//! Pool allocation as drivers call it, with the verifier's rules and fault injection.

use crate::abi::*;
use crate::ke::irql;
use crate::kernel::kernel;
use crate::mm::pool::{self, FreeError, PoolKind};
use crate::verifier::{self, faults, locks, rules};
use alloc::format;

/// POOL_FLAG_* of ExAllocatePool2.
mod flag {
    pub const USE_QUOTA: u64 = 1;
    pub const UNINITIALIZED: u64 = 2;
    pub const RAISE_ON_FAILURE: u64 = 0x20;
    pub const NON_PAGED: u64 = 0x40;
    pub const NON_PAGED_EXECUTE: u64 = 0x80;
    pub const PAGED: u64 = 0x100;
}

/// Allocates for a driver: rules, then fault injection, then memory. Null on failure.
pub fn allocate(kind: PoolKind, size: usize, tag: u32, zero: bool) -> *mut u8 {
    let caller = crate::export::caller();
    let level = irql::current();
    if size == 0 {
        verifier::report(
            &rules::POOL_ZERO_SIZE,
            "an allocation of zero bytes".into(),
            [level as u64, 0, 0, 0],
        );
    }
    if tag == 0 || tag == u32::from_le_bytes(*b" GIB") || tag == u32::from_le_bytes(*b"GIB ") {
        verifier::report(
            &rules::POOL_TAG,
            format!("an allocation with the tag {tag:#x}"),
            [tag as u64, 0, 0, 0],
        );
    }
    let limit = if kind == PoolKind::Paged { APC_LEVEL } else { DISPATCH_LEVEL };
    if level > limit {
        verifier::report(
            &rules::POOL_IRQL,
            format!("{kind:?} pool is allocated at IRQL {level}"),
            [level as u64, kind as u64, size as u64, 0],
        );
    }
    if kind == PoolKind::NonPagedExecute && kernel().config.code_integrity {
        verifier::report(
            &rules::POOL_EXECUTABLE,
            format!("executable pool is allocated ({size} bytes)"),
            [0x2000, caller as u64, tag as u64, 0],
        );
    }
    if faults::fail_allocation("pool") {
        return core::ptr::null_mut();
    }
    pool::allocate(kind, size, tag, caller, zero).unwrap_or(core::ptr::null_mut())
}

/// Frees for a driver.
pub fn free(at: *mut u8, tag: u32) {
    let level = irql::current();
    if at.is_null() {
        verifier::report(&rules::POOL_FREE_BAD, "a null pointer is freed".into(), [0; 4]);
        return;
    }
    check_content(at);
    match pool::free(at) {
        Ok(block) => {
            if tag != 0 && block.tag & 0x7FFF_FFFF != tag & 0x7FFF_FFFF {
                verifier::report(
                    &rules::POOL_TAG_MISMATCH,
                    format!("a block with tag {:#x} is freed with tag {tag:#x}", block.tag),
                    [block.tag as u64, tag as u64, 0, 0],
                );
            }
            let limit = if block.kind == PoolKind::Paged { APC_LEVEL } else { DISPATCH_LEVEL };
            if level > limit {
                verifier::report(
                    &rules::POOL_FREE_IRQL,
                    format!("{:?} pool is freed at IRQL {level}", block.kind),
                    [level as u64, 0, 0, 0],
                );
            }
        }
        Err(FreeError::Overrun) => verifier::report(
            &rules::POOL_OVERRUN,
            format!("the bytes behind the block at {:#x} were written", at as usize),
            [at as u64, 0, 0, 0],
        ),
        Err(why) => verifier::report(
            &rules::POOL_FREE_BAD,
            format!("pool is freed that is {why:?}"),
            [at as u64, 0, 0, 0],
        ),
    }
}

/// Nothing that the kernel still uses may lie in memory that is freed.
fn check_content(at: *mut u8) {
    let k = kernel();
    let Some((start, block)) = k.mm.pool.lock().containing(at as usize) else { return };
    let range = start..start + block.size;
    locks::memory_freed(range.clone());
    let timer = k.ke.dispatcher.lock().timers.active_within(range.clone());
    if let Some(timer) = timer {
        verifier::report(
            &rules::POOL_ACTIVE_TIMER,
            "pool is freed that contains an active timer".into(),
            [timer as u64, 0, 0, 0],
        );
    }
    if crate::ke::dpc::queued_within(k, &range).is_some() {
        verifier::report(&rules::POOL_QUEUED_DPC, "pool is freed that contains a queued DPC".into(), [0; 4]);
    }
    for check in k.room::<crate::verifier::leaks::FreeChecks>().all() {
        if let Some(what) = check(&range) {
            verifier::report(&rules::POOL_IN_USE, format!("pool is freed that contains {what}"), [0; 4]);
        }
    }
}

fn by_type(pool_type: u32, size: usize, tag: u32) -> *mut u8 {
    let Some(kind) = pool::kind_of(pool_type & !16) else {
        verifier::report(
            &rules::POOL_TYPE,
            format!("pool type {pool_type:#x} does not exist"),
            [pool_type as u64, 0, 0, 0],
        );
        return core::ptr::null_mut();
    };
    let at = allocate(kind, size, tag, false);
    if at.is_null() && pool_type & 16 != 0 {
        crate::unwind::exception::raise(STATUS_INSUFFICIENT_RESOURCES, &[]);
    }
    at
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExAllocatePoolWithTag(pool_type: u32, size: usize, tag: u32) -> *mut u8 [irql any] {
        by_type(pool_type, size, tag)
    }
    fn ExAllocatePool(pool_type: u32, size: usize) -> *mut u8 [irql any] {
        by_type(pool_type, size, u32::from_le_bytes(*b"None"))
    }
    fn ExAllocatePoolWithTagPriority(pool_type: u32, size: usize, tag: u32, priority: u32) -> *mut u8 [irql any] {
        by_type(pool_type, size, tag)
    }
    fn ExAllocatePoolWithQuotaTag(pool_type: u32, size: usize, tag: u32) -> *mut u8 [irql any] {
        // Raises on failure unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE (8).
        let at = by_type(pool_type & !8, size, tag);
        if at.is_null() && pool_type & 8 == 0 {
            crate::unwind::exception::raise(STATUS_INSUFFICIENT_RESOURCES, &[]);
        }
        at
    }
    fn ExFreePoolWithTag(at: *mut u8, tag: u32) [irql any] { free(at, tag) }
    fn ExFreePool(at: *mut u8) [irql any] { free(at, 0) }
}

/// ExAllocatePool2 exists since build 19041: found by MmGetSystemRoutineAddress only there.
pub mod late {
    use super::*;
    crate::exports! { LATE "ntoskrnl.exe";
        fn ExAllocatePool2(flags: u64, size: usize, tag: u32) -> *mut u8 [irql any] {
            let kind = match flags & (flag::NON_PAGED | flag::NON_PAGED_EXECUTE | flag::PAGED) {
                flag::NON_PAGED => PoolKind::NonPagedNx,
                flag::NON_PAGED_EXECUTE => PoolKind::NonPagedExecute,
                flag::PAGED => PoolKind::Paged,
                _ => {
                    verifier::report(&rules::POOL_TYPE, format!("ExAllocatePool2 with flags {flags:#x}"),
                        [flags, 0, 0, 0]);
                    return core::ptr::null_mut();
                }
            };
            let at = allocate(kind, size, tag, flags & flag::UNINITIALIZED == 0);
            if at.is_null() && flags & flag::RAISE_ON_FAILURE != 0 {
                crate::unwind::exception::raise(STATUS_INSUFFICIENT_RESOURCES, &[]);
            }
            let _ = flag::USE_QUOTA;
            at
        }
    }
}
