//! What `wdm.h` gives as macros and inline functions around IRPs, MDLs and lists.
//!
//! Callers own the IRP (or hold the lock of the list) for the duration of the call, as for the C
//! originals. Any IRQL ≤ DISPATCH_LEVEL unless said otherwise.
#![allow(non_snake_case, reason = "Microsoft's names")]

use crate::sys::*;

/// Address of the pointer to the current stack location.
///
/// # Safety
/// `irp` points to a valid IRP.
unsafe fn current(irp: *mut IRP) -> *mut *mut IO_STACK_LOCATION {
    // SAFETY: valid per contract; only an address inside the IRP is computed.
    unsafe { &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.CurrentStackLocation }
}

/// The stack location of the driver that holds the IRP now.
///
/// # Safety
/// `irp` points to a valid IRP that was sent to the caller.
#[must_use]
pub unsafe fn IoGetCurrentIrpStackLocation(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: valid per contract.
    let slot = unsafe { current(irp) };
    // SAFETY: initialised by the I/O manager.
    unsafe { slot.read() }
}

/// The stack location of the next lower driver.
///
/// # Safety
/// `irp` points to a valid IRP with at least one location left.
#[must_use]
pub unsafe fn IoGetNextIrpStackLocation(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: valid per contract.
    let here = unsafe { IoGetCurrentIrpStackLocation(irp) };
    here.wrapping_sub(1)
}

/// Gives the next lower driver the caller's own stack location.
///
/// # Safety
/// `irp` points to a valid IRP that the caller passes down without a completion routine.
pub unsafe fn IoSkipCurrentIrpStackLocation(irp: *mut IRP) {
    // SAFETY: valid per contract.
    let slot = unsafe { current(irp) };
    // SAFETY: initialised by the I/O manager.
    let here = unsafe { slot.read() };
    // SAFETY: the caller owns the IRP.
    unsafe { slot.write(here.wrapping_add(1)) };
    // SAFETY: valid per contract; only an address is computed.
    let count = unsafe { &raw mut (*irp).CurrentLocation };
    // SAFETY: initialised by the I/O manager.
    let old = unsafe { count.read() };
    // SAFETY: the caller owns the IRP.
    unsafe { count.write(old.wrapping_add(1)) };
}

/// Copies the caller's stack location to the next lower driver's, without completion routine.
///
/// # Safety
/// `irp` points to a valid IRP with at least one location left.
pub unsafe fn IoCopyCurrentIrpStackLocationToNext(irp: *mut IRP) {
    // SAFETY: valid per contract.
    let here = unsafe { IoGetCurrentIrpStackLocation(irp) };
    // SAFETY: valid per contract.
    let next = unsafe { IoGetNextIrpStackLocation(irp) };
    // SAFETY: stack locations are initialised.
    let mut copy = unsafe { here.read() };
    copy.Control = 0;
    copy.CompletionRoutine = None;
    copy.Context = core::ptr::null_mut();
    // SAFETY: one more location exists per contract.
    unsafe { next.write(copy) };
}

/// Sets the completion routine of the next lower driver's stack location, for success, error and
/// cancellation.
///
/// # Safety
/// `irp` points to a valid IRP with at least one location left, prepared by
/// [`IoCopyCurrentIrpStackLocationToNext`] or filled in; `context` outlives the IRP.
pub unsafe fn IoSetCompletionRoutine(irp: *mut IRP, routine: PIO_COMPLETION_ROUTINE, context: *mut c_void) {
    // SAFETY: valid per contract.
    let next = unsafe { IoGetNextIrpStackLocation(irp) };
    // SAFETY: one more location exists per contract.
    let next = unsafe { &mut *next };
    next.CompletionRoutine = routine;
    next.Context = context;
    next.Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
}

/// Marks the IRP pending in the caller's stack location.
///
/// # Safety
/// `irp` points to a valid IRP that was sent to the caller.
pub unsafe fn IoMarkIrpPending(irp: *mut IRP) {
    // SAFETY: valid per contract.
    let here = unsafe { IoGetCurrentIrpStackLocation(irp) };
    // SAFETY: the caller owns the location.
    unsafe { (*here).Control |= SL_PENDING_RETURNED as u8 };
}

/// Stores the outcome and completes the IRP without a priority boost. The IRP is gone afterwards.
///
/// # Safety
/// `irp` points to a valid IRP that the caller holds and no one else completes.
pub unsafe fn complete(irp: *mut IRP, status: NTSTATUS, information: usize) {
    let mut block = IO_STATUS_BLOCK { Information: information, ..Default::default() };
    block.__bindgen_anon_1.Status = status;
    // SAFETY: valid per contract.
    unsafe { (*irp).IoStatus = block };
    // SAFETY: the caller holds the IRP and gives it up.
    unsafe { IofCompleteRequest(irp, IO_NO_INCREMENT as i8) };
}

/// `IoStatus.Status` of an IRP.
///
/// # Safety
/// `irp` points to a valid IRP whose status was set.
#[must_use]
pub unsafe fn status(irp: *mut IRP) -> NTSTATUS {
    // SAFETY: valid per contract; only an address is computed.
    let at = unsafe { &raw const (*irp).IoStatus.__bindgen_anon_1.Status };
    // SAFETY: initialised per contract.
    unsafe { at.read() }
}

/// The IRP's system buffer (buffered I/O), or null.
///
/// # Safety
/// `irp` points to a valid IRP of buffered I/O.
#[must_use]
pub unsafe fn system_buffer(irp: *mut IRP) -> *mut c_void {
    // SAFETY: valid per contract; only an address is computed.
    let at = unsafe { &raw const (*irp).AssociatedIrp.SystemBuffer };
    // SAFETY: initialised by the I/O manager.
    unsafe { at.read() }
}

/// Whether an `NTSTATUS` means success or information (`NT_SUCCESS`).
#[must_use]
pub const fn nt_success(status: NTSTATUS) -> bool {
    status >= 0
}

/// The page frame numbers of an MDL (`MmGetMdlPfnArray`).
///
/// # Safety
/// `mdl` points to a valid MDL. The entries are meaningful when its pages are locked.
#[must_use]
pub unsafe fn MmGetMdlPfnArray(mdl: *mut MDL) -> *mut PFN_NUMBER {
    mdl.wrapping_add(1).cast()
}

/// The buffer's address in the context where the MDL was built (`MmGetMdlVirtualAddress`).
///
/// # Safety
/// `mdl` points to a valid MDL.
#[must_use]
pub unsafe fn MmGetMdlVirtualAddress(mdl: *const MDL) -> *mut c_void {
    // SAFETY: valid per contract.
    let mdl = unsafe { &*mdl };
    mdl.StartVa.wrapping_byte_add(mdl.ByteOffset as usize)
}

/// A system address for the buffer, mapping it if need be: null when there are no system page
/// table entries (`MmGetSystemAddressForMdlSafe`). `priority` is an `MM_PAGE_PRIORITY`, with
/// `MdlMappingNoExecute` added here.
///
/// # Safety
/// `mdl` points to a valid MDL whose pages are locked or non-paged.
#[must_use]
pub unsafe fn MmGetSystemAddressForMdlSafe(mdl: *mut MDL, priority: u32) -> *mut c_void {
    // SAFETY: valid per contract.
    let flags = unsafe { (*mdl).MdlFlags } as u32;
    if flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL) != 0 {
        // SAFETY: valid per contract.
        return unsafe { (*mdl).MappedSystemVa };
    }
    // SAFETY: locked pages per contract; KernelMode mappings do not raise.
    unsafe {
        MmMapLockedPagesSpecifyCache(
            mdl,
            KernelMode as KPROCESSOR_MODE,
            MmCached,
            core::ptr::null_mut(),
            0,
            priority | MdlMappingNoExecute,
        )
    }
}

/// Makes `head` an empty list.
///
/// # Safety
/// `head` points to a writable `LIST_ENTRY`.
pub unsafe fn InitializeListHead(head: *mut LIST_ENTRY) {
    // SAFETY: writable per contract.
    unsafe { head.write(LIST_ENTRY { Flink: head, Blink: head }) };
}

/// Whether the list is empty.
///
/// # Safety
/// `head` is a valid list head; the caller holds the lock of the list.
#[must_use]
pub unsafe fn IsListEmpty(head: *const LIST_ENTRY) -> bool {
    // SAFETY: valid per contract.
    core::ptr::eq(unsafe { (*head).Flink }, head)
}

/// Appends `entry` to the list.
///
/// # Safety
/// `head` is a valid list head, `entry` is in no list; the caller holds the lock of the list.
pub unsafe fn InsertTailList(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    // SAFETY: valid per contract.
    let last = unsafe { (*head).Blink };
    // SAFETY: writable per contract.
    unsafe { entry.write(LIST_ENTRY { Flink: head, Blink: last }) };
    // SAFETY: the last entry (or the head itself) is valid while the lock is held.
    unsafe { (*last).Flink = entry };
    // SAFETY: valid per contract.
    unsafe { (*head).Blink = entry };
}

/// Takes `entry` out of its list.
///
/// # Safety
/// `entry` is in a list whose lock the caller holds.
pub unsafe fn RemoveEntryList(entry: *mut LIST_ENTRY) {
    // SAFETY: valid per contract.
    let LIST_ENTRY { Flink: next, Blink: previous } = unsafe { entry.read() };
    // SAFETY: neighbours are valid while the lock is held.
    unsafe { (*previous).Flink = next };
    // SAFETY: neighbours are valid while the lock is held.
    unsafe { (*next).Blink = previous };
}
