//! I/O request packets: the inline functions of wdm.h, and forwarding.

use core::ffi::c_void;

use nt::sys::{
    DEVICE_OBJECT, IO_STACK_LOCATION, IRP, IofCallDriver, IofCompleteRequest, NTSTATUS,
    STATUS_MORE_PROCESSING_REQUIRED, STATUS_PENDING,
};

use crate::os::Event;

/// `SL_PENDING_RETURNED`, `SL_INVOKE_ON_CANCEL | _SUCCESS | _ERROR`.
const SL_PENDING_RETURNED: u8 = 0x01;
const SL_INVOKE_ALWAYS: u8 = 0xE0;

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

    /// The address, as a tag and for the kernel.
    pub fn raw(&self) -> *mut IRP {
        self.0
    }

    fn location_pointer(&self) -> *mut *mut IO_STACK_LOCATION {
        // SAFETY: owned, alive.
        unsafe { &raw mut (*self.0).Tail.Overlay.__bindgen_anon_2.CurrentStackLocation }
    }

    /// The current stack location. Callers use one at a time: it is this driver's alone.
    #[expect(clippy::mut_from_ref, reason = "the location belongs to the packet, not to the handle")]
    pub fn location(&self) -> &mut IO_STACK_LOCATION {
        // SAFETY: owned, alive.
        let location = unsafe { self.location_pointer().read() };
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
        let status = unsafe { &raw const (*self.0).IoStatus };
        // SAFETY: part of the IRP.
        let block = unsafe { status.read() };
        // SAFETY: both members of the union are plain data.
        unsafe { block.__bindgen_anon_1.Status }
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
        let at = unsafe { &raw const (*self.0).AssociatedIrp.SystemBuffer };
        // SAFETY: part of the IRP; pointers are plain data.
        unsafe { at.read() }.cast()
    }

    /// Completes with `status`.
    pub fn complete(mut self, status: NTSTATUS) -> NTSTATUS {
        self.set_status(status);
        // SAFETY: owned, and given away here. No boost.
        unsafe { IofCompleteRequest(self.0, 0) };
        status
    }

    /// Completes with the status that is set.
    pub fn complete_as_is(self) -> NTSTATUS {
        let status = self.status();
        self.complete(status)
    }

    /// Passes the IRP down unchanged and forgets it.
    pub fn pass(self, lower: *mut DEVICE_OBJECT) -> NTSTATUS {
        self.skip();
        // SAFETY: `lower` is the device below, alive while this device is.
        unsafe { IofCallDriver(lower, self.0) }
    }

    /// `IoSkipCurrentIrpStackLocation`.
    fn skip(&self) {
        // SAFETY: owned, alive.
        unsafe { (*self.0).CurrentLocation += 1 };
        let at = self.location_pointer();
        // SAFETY: owned, alive.
        let location = unsafe { at.read() };
        // SAFETY: stays inside the IRP's array: the next driver steps back down.
        let above = unsafe { location.add(1) };
        // SAFETY: owned, alive.
        unsafe { at.write(above) };
    }

    /// `IoCopyCurrentIrpStackLocationToNext` and `IoSetCompletionRoutine`.
    fn copy_to_next(&self, routine: Completion, context: *mut c_void) {
        let current: *mut IO_STACK_LOCATION = self.location();
        // SAFETY: there is a location for the device below.
        let next = unsafe { current.sub(1) };
        let mut copy = *self.location();
        copy.Control = SL_INVOKE_ALWAYS;
        copy.CompletionRoutine = Some(routine);
        copy.Context = context;
        // SAFETY: there is a location for the device below, not used by anybody yet.
        unsafe { next.write(copy) };
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
        self.location().Control |= SL_PENDING_RETURNED;
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
