//! I/O request packets: the inline functions of wdm.h, and forwarding.

use core::ffi::c_void;

use nt::{
    irp,
    sys::{
        DEVICE_OBJECT, IO_STACK_LOCATION, IRP, IofCallDriver, NTSTATUS, STATUS_MORE_PROCESSING_REQUIRED,
        STATUS_PENDING,
    },
};

use crate::os::Event;

/// An IRP that this driver owns at the moment: it came to a dispatch routine and was neither
/// completed nor passed on.
pub struct Irp(*mut IRP);

/// A completion routine.
pub type Completion = unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP, *mut c_void) -> NTSTATUS;

#[expect(unsafe_code, reason = "ownership is what may move between threads")]
// SAFETY: whoever has the value owns the IRP.
unsafe impl Send for Irp {}

#[expect(unsafe_code, reason = "the packet is reached through raw pointers")]
impl Irp {
    /// Takes over an IRP.
    ///
    /// # Safety
    /// `irp` is a live IRP whose current stack location is this driver's.
    pub unsafe fn new(irp: *mut IRP) -> Self {
        Self(irp)
    }

    /// The current stack location. Callers use one at a time: it is this driver's alone.
    #[expect(clippy::mut_from_ref, reason = "the location belongs to the packet, not to the handle")]
    pub fn location(&self) -> &mut IO_STACK_LOCATION {
        // SAFETY: owned, alive.
        let location = unsafe { irp::IoGetCurrentIrpStackLocation(self.0) };
        // SAFETY: the location of an owned IRP is this driver's alone.
        unsafe { &mut *location }
    }

    /// The minor function.
    pub fn minor(&self) -> u8 {
        self.location().MinorFunction
    }

    /// The status that is set at the moment.
    pub fn status(&self) -> NTSTATUS {
        // SAFETY: owned, alive.
        unsafe { irp::status(self.0) }
    }

    /// Sets the status.
    pub fn set_status(&mut self, status: NTSTATUS) {
        // SAFETY: owned, alive.
        let at = unsafe { &raw mut (*self.0).IoStatus.__bindgen_anon_1.Status };
        // SAFETY: part of the IRP.
        unsafe { at.write(status) };
    }

    /// `IoStatus.Information`.
    pub fn information(&self) -> usize {
        // SAFETY: owned, alive.
        unsafe { (*self.0).IoStatus.Information }
    }

    /// Sets `IoStatus.Information`.
    pub fn set_information(&mut self, information: usize) {
        // SAFETY: owned, alive.
        unsafe { (*self.0).IoStatus.Information = information };
    }

    /// The buffer of a METHOD_BUFFERED request; may be null.
    pub fn system_buffer(&self) -> *mut u8 {
        // SAFETY: owned, alive.
        unsafe { irp::system_buffer(self.0) }.cast()
    }

    /// Completes with `status`.
    pub fn complete(self, status: NTSTATUS) -> NTSTATUS {
        let information = self.information();
        // SAFETY: owned, and given away here.
        unsafe { irp::complete(self.0, status, information) };
        status
    }

    /// Completes with the status that is set.
    pub fn complete_as_is(self) -> NTSTATUS {
        let status = self.status();
        self.complete(status)
    }

    /// Passes the IRP down unchanged and forgets it.
    pub fn pass(self, lower: *mut DEVICE_OBJECT) -> NTSTATUS {
        // SAFETY: owned, and passed on without a completion routine.
        unsafe { irp::IoSkipCurrentIrpStackLocation(self.0) };
        // SAFETY: `lower` is the device below, alive while this device is.
        unsafe { IofCallDriver(lower, self.0) }
    }

    /// Passes the IRP down after it was marked pending: this driver's location keeps the mark, so that the
    /// device below needs one of its own. The dispatch routine returns `STATUS_PENDING`, whatever comes
    /// back here.
    pub fn pass_pending(self, lower: *mut DEVICE_OBJECT) {
        // SAFETY: owned; there is a location for the device below.
        unsafe { irp::IoCopyCurrentIrpStackLocationToNext(self.0) };
        // SAFETY: `lower` is the device below, alive while this device is.
        unsafe { IofCallDriver(lower, self.0) };
    }

    /// Prepares the location of the device below, with a completion routine.
    fn copy_to_next(&self, routine: Completion, context: *mut c_void) {
        // SAFETY: owned; there is a location for the device below.
        unsafe { irp::IoCopyCurrentIrpStackLocationToNext(self.0) };
        // SAFETY: just prepared.
        unsafe { irp::IoSetCompletionRoutine(self.0, Some(routine), context) };
    }

    /// Passes the IRP down; `routine` is called when it comes back. The IRP is no longer owned.
    pub fn pass_with(self, lower: *mut DEVICE_OBJECT, routine: Completion, context: *mut c_void) -> NTSTATUS {
        self.copy_to_next(routine, context);
        // SAFETY: `lower` is the device below, alive while this device is.
        unsafe { IofCallDriver(lower, self.0) }
    }

    /// Passes the IRP down and waits until it comes back; it is owned again and its status is
    /// returned. `PASSIVE_LEVEL`.
    pub fn forward(&mut self, lower: *mut DEVICE_OBJECT) -> NTSTATUS {
        let back = Event::notification();
        self.copy_to_next(came_back, back.raw().cast());
        // SAFETY: `lower` is the device below; the event outlives the wait below.
        let status = unsafe { IofCallDriver(lower, self.0) };
        if status == STATUS_PENDING {
            back.wait();
        }
        self.status()
    }

    /// Marks the IRP pending; the dispatch routine has to return `STATUS_PENDING`.
    pub fn mark_pending(&self) {
        // SAFETY: owned, alive.
        unsafe { irp::IoMarkIrpPending(self.0) };
    }
}

#[expect(unsafe_code, reason = "a completion routine")]
unsafe extern "win64" fn came_back(_: *mut DEVICE_OBJECT, irp: *mut IRP, event: *mut c_void) -> NTSTATUS {
    // SAFETY: the IRP is being completed and belongs to this routine.
    if unsafe { (*irp).PendingReturned } != 0 {
        // SAFETY: the event of `forward`, which waits for it.
        unsafe { nt::sys::KeSetEvent(event.cast(), 0, 0) };
    }
    STATUS_MORE_PROCESSING_REQUIRED
}

/// Pool for what PnP frees itself (IDs, texts, relations): paged or nonpaged does not matter to it.
/// Null when there is none.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn pool(bytes: usize) -> *mut u8 {
    const NON_PAGED_POOL_NX: i32 = 512;
    // SAFETY: size is not 0 in all uses; the memory is given to PnP, which frees it.
    unsafe { nt::sys::ExAllocatePoolWithTag(NON_PAGED_POOL_NX, bytes.max(1), u32::from_le_bytes(*b"XPci")) }
        .cast()
}

/// Frees memory of [`pool`].
///
/// # Safety
/// `memory` came from the pool, is not null and is not used any more.
#[expect(unsafe_code, reason = "calls the kernel")]
pub unsafe fn free_pool(memory: *mut u8) {
    // SAFETY: the caller's promise; tag 0 frees whatever tag it has.
    unsafe { nt::sys::ExFreePoolWithTag(memory.cast(), 0) };
}
