//! Cancel-safe IRP queues.
//!
//! Source: "Cancel-Safe IRP Queues", IoCsqInitialize(Ex), IoCsqInsertIrp(Ex), IoCsqRemoveIrp,
//! IoCsqRemoveNextIrp. The queue and its lock are the driver's; here is only the protocol with the cancel
//! routine.

use super::stack;
use core::sync::atomic::{AtomicUsize, Ordering};
use nt::sys::*;

const TYPE_CSQ_IRP_CONTEXT: u32 = 1;
const TYPE_CSQ: u32 = 2;
const TYPE_CSQ_EX: u32 = 3;
/// DriverContext slot that the queue uses (IoCsqInsertIrp, remarks: `Tail.Overlay.DriverContext[3]`).
const SLOT: usize = 3;

unsafe fn cancel_slot(irp: *mut IRP) -> &'static AtomicUsize {
    &*core::ptr::addr_of!((*irp).CancelRoutine).cast()
}

unsafe fn context_slot(irp: *mut IRP) -> *mut *mut c_void {
    core::ptr::addr_of_mut!((*irp).Tail.Overlay.__bindgen_anon_1.DriverContext)
        .cast::<*mut c_void>()
        .add(SLOT)
}

unsafe fn lock(csq: *mut IO_CSQ) -> u8 {
    let mut irql: u8 = 0;
    if let Some(f) = (*csq).CsqAcquireLock {
        let at: *mut u8 = &raw mut irql;
        // The routine raises IRQL when it takes a spin lock: no "same IRQL" rule.
        super::glue::call_free_irql("CsqAcquireLock", f as usize, || f(csq, at));
    }
    irql
}

unsafe fn unlock(csq: *mut IO_CSQ, irql: u8) {
    if let Some(f) = (*csq).CsqReleaseLock {
        super::glue::call_free_irql("CsqReleaseLock", f as usize, || f(csq, irql));
    }
}

unsafe fn csq_of(irp: *mut IRP) -> (*mut IO_CSQ, *mut IO_CSQ_IRP_CONTEXT) {
    let at = *context_slot(irp);
    if at.is_null() {
        return (core::ptr::null_mut(), core::ptr::null_mut());
    }
    // The slot holds the queue, or the context that names it.
    if *at.cast::<u32>() == TYPE_CSQ_IRP_CONTEXT {
        let context: *mut IO_CSQ_IRP_CONTEXT = at.cast();
        ((*context).Csq, context)
    } else {
        (at.cast(), core::ptr::null_mut())
    }
}

/// The cancel routine of queued IRPs; entered with the cancel spin lock held.
unsafe extern "win64" fn canceled(_device: *mut DEVICE_OBJECT, irp: *mut IRP) {
    super::glue::release_cancel_lock((*irp).CancelIrql);
    let (csq, context) = csq_of(irp);
    let irql = lock(csq);
    if let Some(f) = (*csq).CsqRemoveIrp {
        crate::call!("CsqRemoveIrp", f, csq, irp);
    }
    if !context.is_null() {
        (*context).Irp = core::ptr::null_mut();
    }
    *context_slot(irp) = core::ptr::null_mut();
    unlock(csq, irql);
    if let Some(f) = (*csq).CsqCompleteCanceledIrp {
        crate::call!("CsqCompleteCanceledIrp", f, csq, irp);
    }
}

/// Takes an IRP out under the lock; false when its cancel routine is on its way.
unsafe fn take(csq: *mut IO_CSQ, irp: *mut IRP) -> bool {
    if cancel_slot(irp).swap(0, Ordering::AcqRel) == 0 {
        return false;
    }
    if let Some(f) = (*csq).CsqRemoveIrp {
        crate::call!("CsqRemoveIrp", f, csq, irp);
    }
    let (_, context) = csq_of(irp);
    if !context.is_null() {
        (*context).Irp = core::ptr::null_mut();
    }
    *context_slot(irp) = core::ptr::null_mut();
    true
}

unsafe fn insert(
    csq: *mut IO_CSQ,
    irp: *mut IRP,
    context: *mut IO_CSQ_IRP_CONTEXT,
    insert_context: *mut c_void,
) -> NTSTATUS {
    let slot: *mut c_void = if context.is_null() {
        csq.cast()
    } else {
        (*context).Type = TYPE_CSQ_IRP_CONTEXT;
        (*context).Irp = irp;
        (*context).Csq = csq;
        context.cast()
    };
    (*csq).ReservePointer = core::ptr::null_mut();
    let irql = lock(csq);
    *context_slot(irp) = slot;
    // IoMarkIrpPending: the caller returns STATUS_PENDING.
    (*stack::current(irp)).Control |= SL_PENDING_RETURNED as u8;
    let mut status = STATUS_SUCCESS;
    match (*csq).Type {
        TYPE_CSQ_EX => {
            let f: PIO_CSQ_INSERT_IRP_EX = core::mem::transmute((*csq).CsqInsertIrp);
            if let Some(f) = f {
                status = crate::call!("CsqInsertIrpEx", f, csq, irp, insert_context);
            }
        }
        _ => {
            if let Some(f) = (*csq).CsqInsertIrp {
                crate::call!("CsqInsertIrp", f, csq, irp);
            }
        }
    }
    if !stack::is_success(status) {
        // Not queued: the caller completes the IRP itself.
        *context_slot(irp) = core::ptr::null_mut();
        if !context.is_null() {
            (*context).Irp = core::ptr::null_mut();
        }
        (*stack::current(irp)).Control &= !(SL_PENDING_RETURNED as u8);
        unlock(csq, irql);
        return status;
    }
    cancel_slot(irp).store(canceled as *const () as usize, Ordering::Release);
    if (*irp).Cancel != 0 && cancel_slot(irp).swap(0, Ordering::AcqRel) != 0 {
        if let Some(f) = (*csq).CsqRemoveIrp {
            crate::call!("CsqRemoveIrp", f, csq, irp);
        }
        if !context.is_null() {
            (*context).Irp = core::ptr::null_mut();
        }
        *context_slot(irp) = core::ptr::null_mut();
        unlock(csq, irql);
        if let Some(f) = (*csq).CsqCompleteCanceledIrp {
            crate::call!("CsqCompleteCanceledIrp", f, csq, irp);
        }
        return status;
    }
    unlock(csq, irql);
    status
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoCsqInitialize(csq: *mut IO_CSQ, insert: PIO_CSQ_INSERT_IRP, remove: PIO_CSQ_REMOVE_IRP,
        peek: PIO_CSQ_PEEK_NEXT_IRP, acquire: PIO_CSQ_ACQUIRE_LOCK, release: PIO_CSQ_RELEASE_LOCK,
        complete: PIO_CSQ_COMPLETE_CANCELED_IRP) -> NTSTATUS [irql any] {
        *csq = IO_CSQ { Type: TYPE_CSQ, CsqInsertIrp: insert, CsqRemoveIrp: remove, CsqPeekNextIrp: peek,
            CsqAcquireLock: acquire, CsqReleaseLock: release, CsqCompleteCanceledIrp: complete, ..Default::default() };
        STATUS_SUCCESS
    }
    fn IoCsqInitializeEx(csq: *mut IO_CSQ, insert: PIO_CSQ_INSERT_IRP_EX, remove: PIO_CSQ_REMOVE_IRP,
        peek: PIO_CSQ_PEEK_NEXT_IRP, acquire: PIO_CSQ_ACQUIRE_LOCK, release: PIO_CSQ_RELEASE_LOCK,
        complete: PIO_CSQ_COMPLETE_CANCELED_IRP) -> NTSTATUS [irql any] {
        *csq = IO_CSQ { Type: TYPE_CSQ_EX, CsqInsertIrp: core::mem::transmute(insert), CsqRemoveIrp: remove,
            CsqPeekNextIrp: peek, CsqAcquireLock: acquire, CsqReleaseLock: release,
            CsqCompleteCanceledIrp: complete, ..Default::default() };
        STATUS_SUCCESS
    }
    fn IoCsqInsertIrp(csq: *mut IO_CSQ, irp: *mut IRP, context: *mut IO_CSQ_IRP_CONTEXT) [irql <= DISPATCH_LEVEL] {
        insert(csq, irp, context, core::ptr::null_mut());
    }
    fn IoCsqInsertIrpEx(csq: *mut IO_CSQ, irp: *mut IRP, context: *mut IO_CSQ_IRP_CONTEXT, insert_context: *mut c_void) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        insert(csq, irp, context, insert_context)
    }
    fn IoCsqRemoveIrp(csq: *mut IO_CSQ, context: *mut IO_CSQ_IRP_CONTEXT) -> *mut IRP [irql <= DISPATCH_LEVEL] {
        let irql = lock(csq);
        let irp = (*context).Irp;
        let taken = !irp.is_null() && take(csq, irp);
        unlock(csq, irql);
        if taken { irp } else { core::ptr::null_mut() }
    }
    fn IoCsqRemoveNextIrp(csq: *mut IO_CSQ, peek_context: *mut c_void) -> *mut IRP [irql <= DISPATCH_LEVEL] {
        let irql = lock(csq);
        let mut irp = core::ptr::null_mut();
        if let Some(peek) = (*csq).CsqPeekNextIrp {
            irp = crate::call!("CsqPeekNextIrp", peek, csq, core::ptr::null_mut(), peek_context);
            while !irp.is_null() && !take(csq, irp) {
                irp = crate::call!("CsqPeekNextIrp", peek, csq, irp, peek_context);
            }
        }
        unlock(csq, irql);
        irp
    }
}
