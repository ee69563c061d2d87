//! StorPortNotification: completions, DPCs, locks, state changes.

use super::adapter::Address;
use super::{of_extension, rules};
use crate::abi::*;
use crate::ke::{dpc, irql};
use crate::verifier;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU64, Ordering::*};

exports! { EXPORTS "storport.sys";
    variadic fn StorPortNotification(args: *const u64) [irql <= HIGH_LEVEL] {
        notification(*args as i32, *args.add(1) as *mut c_void, args.add(2))
    }
}

unsafe fn notification(kind: i32, extension: *mut c_void, rest: *const u64) {
    let adapter = of_extension(extension);
    let arg = |index: usize| *rest.add(index);
    match kind {
        RequestComplete | RequestDirectComplete => adapter.queue.complete(adapter, arg(0) as usize),
        // Needed by SCSIPORT; Storport accepts and ignores them.
        NextRequest | NextLuRequest | ResetDetected => {}
        BusChangeDetected => {
            adapter.rescan.store(true, Release);
            adapter.notify_class();
        }
        EnablePassiveInitialization => {
            adapter.passive_init.store(arg(0) as *mut c_void, Release);
            *(arg(1) as *mut i32) = 1;
        }
        InitializeDpc | InitializeDpcWithContext => {
            let dpc = arg(0) as *mut STOR_DPC;
            let routine = if arg(1) == 0 {
                None
            } else {
                Some(core::mem::transmute::<usize, unsafe extern "win64" fn(*mut KDPC, PVOID, PVOID, PVOID)>(
                    arg(1) as usize,
                ))
            };
            let context = if kind == InitializeDpcWithContext { arg(2) as PVOID } else { extension };
            (*dpc).Lock = 0;
            dpc::initialize((&raw mut (*dpc).Dpc).cast(), routine, context, false);
            if kind == InitializeDpcWithContext && arg(3) as u32 != u32::MAX {
                dpc::set_target((&raw mut (*dpc).Dpc).cast(), arg(3) as u32);
            }
        }
        IssueDpc => {
            let dpc = arg(0) as *mut STOR_DPC;
            let queued = dpc::insert((&raw mut (*dpc).Dpc).cast(), arg(1) as PVOID, arg(2) as PVOID);
            *(arg(3) as *mut i32) = i32::from(queued);
        }
        AcquireSpinLock => {
            acquire(adapter, arg(0) as i32, arg(1) as *mut c_void, arg(2) as *mut STOR_LOCK_HANDLE)
        }
        ReleaseSpinLock => release(adapter, arg(0) as *mut STOR_LOCK_HANDLE),
        StateChangeDetectedCall => {
            // Changed entity, address, attributes, callback, its context, where the status goes.
            let address = read_address(arg(1) as *const STOR_ADDR_BTL8);
            adapter.state_changes.lock().push((address, arg(2) as u32));
            if arg(5) != 0 {
                *(arg(5) as *mut u32) = STOR_STATUS_SUCCESS;
            }
            adapter.notify_class();
        }
        QueryTickCount => *(arg(0) as *mut i64) = (crate::kernel().engine.now() / 100) as i64,
        TraceNotification | LinkUp | LinkDown => {}
        other => verifier::bugcheck(
            verifier::SIMULATOR_ERROR,
            [other as u64, 0, 0, 0],
            &alloc::format!("StorPortNotification({other}) is not modelled"),
        ),
    }
}

unsafe fn read_address(at: *const STOR_ADDR_BTL8) -> Option<Address> {
    (!at.is_null()).then(|| Address { path: (*at).Path, target: (*at).Target, lun: (*at).Lun })
}

/// The three locks, in the order in which they may be taken.
const DPC_LOCK: i32 = 1;
const START_IO_LOCK: i32 = 2;
const INTERRUPT_LOCK: i32 = 3;

unsafe fn acquire(
    adapter: &'static super::adapter::Adapter,
    lock: i32,
    context: *mut c_void,
    handle: *mut STOR_LOCK_HANDLE,
) {
    let wrong = match lock {
        DPC_LOCK | START_IO_LOCK => {
            adapter.interrupt_lock.held_here() || (lock == START_IO_LOCK && adapter.start_io_lock.held_here())
        }
        _ => adapter.interrupt_lock.held_here(),
    };
    if wrong {
        verifier::report(
            &rules::LOCK_ORDER,
            alloc::format!("lock {lock} taken with a later one held, or twice"),
            [rules::LOCK_ORDER.parameter, adapter.extension() as u64, lock as u64, 0],
        );
    }
    (*handle).Lock = lock as _;
    (*handle).Context.LockQueue.Lock = context;
    (*handle).Context.OldIrql = match lock {
        DPC_LOCK => {
            let old = irql::raise(DISPATCH_LEVEL.max(irql::current()));
            let word = &raw mut (*(context as *mut STOR_DPC)).Lock;
            super::lock::acquire_word(&*(word as *const AtomicU64));
            old
        }
        START_IO_LOCK => adapter.start_io_lock.acquire(DISPATCH_LEVEL),
        INTERRUPT_LOCK => adapter.interrupt_lock.acquire(adapter.dirql.load(Acquire) as u8),
        other => verifier::bugcheck(
            verifier::SIMULATOR_ERROR,
            [other as u64, 0, 0, 0],
            &alloc::format!("StorPortAcquireSpinLock({other}) is not modelled"),
        ),
    };
}

unsafe fn release(adapter: &'static super::adapter::Adapter, handle: *mut STOR_LOCK_HANDLE) {
    let old = (*handle).Context.OldIrql;
    match (*handle).Lock {
        DPC_LOCK => {
            let dpc = (*handle).Context.LockQueue.Lock as *mut STOR_DPC;
            (*(&raw mut (*dpc).Lock as *const AtomicU64)).store(0, Release);
            irql::lower(old);
        }
        START_IO_LOCK => adapter.start_io_lock.release(old),
        _ => adapter.interrupt_lock.release(old),
    }
}
