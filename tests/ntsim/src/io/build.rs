//! IRPs with buffers, made for a caller: IoBuildSynchronousFsdRequest and its kin, and the kernel's own
//! synchronous requests.

use super::{
    device, glue,
    irp::{self, Origin},
    stack, state,
};
use nt::sys::*;

/// Sends a request of the kernel to the top of a stack and waits for it. `fill` sets major, minor function and
/// parameters. Returns status and information.
pub unsafe fn request(
    target: *mut DEVICE_OBJECT,
    status: NTSTATUS,
    information: u64,
    fill: impl FnOnce(&mut IO_STACK_LOCATION),
) -> (NTSTATUS, u64) {
    request_as(target, status, information, 0, fill)
}

/// As [`request`], on behalf of user mode (`mode` 1).
pub unsafe fn request_as(
    target: *mut DEVICE_OBJECT,
    status: NTSTATUS,
    information: u64,
    mode: u8,
    fill: impl FnOnce(&mut IO_STACK_LOCATION),
) -> (NTSTATUS, u64) {
    request_within(target, status, information, mode, None, fill)
}

/// As [`request_as`], with a limit: milliseconds, and the bugcheck that its expiry is.
pub unsafe fn request_within(
    target: *mut DEVICE_OBJECT,
    status: NTSTATUS,
    information: u64,
    mode: u8,
    limit: Option<(u64, u32, [u64; 4])>,
    fill: impl FnOnce(&mut IO_STACK_LOCATION),
) -> (NTSTATUS, u64) {
    let top = device::top(target);
    glue::reference(top.cast());
    let mut iosb = IO_STATUS_BLOCK::default();
    let mut event = KEVENT::default();
    glue::init_event((&raw mut event).cast(), false);
    let irp = irp::allocate((*top).StackSize, Origin::System, true);
    stack::set_status(irp, status, information);
    (*irp).__bindgen_anon_1.UserIosb = &raw mut iosb;
    (*irp).UserEvent = &raw mut event;
    (*irp).Flags |= IRP_SYNCHRONOUS_API;
    (*irp).RequestorMode = mode as _;
    irp::queue_to_thread(irp);
    fill(&mut *stack::next(irp));
    let status = irp::call_driver(top, irp);
    if status == STATUS_PENDING {
        match limit {
            None => glue::wait_event((&raw mut event).cast()),
            Some((ms, code, parameters)) => {
                let timeout = crate::ke::wait::Timeout::millis(ms);
                if crate::ke::wait::wait_one(&raw mut event, timeout) == STATUS_TIMEOUT {
                    glue::bugcheck(code, parameters, "a request was not completed in time");
                }
            }
        }
    }
    glue::dereference(top.cast());
    // SAFETY: written by the completion on this or another processor, which has signalled the event or returned.
    let done = core::ptr::read_volatile(&raw const iosb);
    (done.__bindgen_anon_1.Status, done.Information as u64)
}

/// The buffers of an IOCTL (I/O control code bits 0 and 1).
pub unsafe fn ioctl_buffers(
    irp: *mut IRP,
    code: u32,
    input: *mut u8,
    input_length: u32,
    output: *mut u8,
    output_length: u32,
    user: bool,
) -> Result<(), NTSTATUS> {
    let sl = stack::next(irp);
    let p = stack::args(sl);
    *p = [u64::from(output_length), u64::from(input_length), u64::from(code), 0];
    let method = code & 3;
    if method == METHOD_NEITHER {
        (*p)[3] = input as u64;
        (*irp).UserBuffer = output.cast();
        return Ok(());
    }
    let size = if method == METHOD_BUFFERED { input_length.max(output_length) } else { input_length };
    if size != 0 {
        let buffer = glue::pool(size as usize, *b"IoSb", !user);
        if buffer.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        // What the caller did not fill is not the kernel's to give away: the block comes zeroed only as far
        // as Windows zeroes it, that is not at all; a pattern makes leaks visible.
        core::ptr::write_bytes(buffer, 0xAC, size as usize);
        if input_length != 0 {
            core::ptr::copy(input, buffer, input_length as usize);
        }
        (*irp).AssociatedIrp.SystemBuffer = buffer.cast();
        (*irp).Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    }
    if method == METHOD_BUFFERED {
        (*irp).UserBuffer = output.cast();
        if output_length != 0 {
            (*irp).Flags |= IRP_INPUT_OPERATION;
        }
        if let Some(r) = state().irps.lock().irps.get_mut(&(irp as usize)) {
            r.output = output_length;
        }
    } else if output_length != 0 {
        let write = method == METHOD_OUT_DIRECT;
        (*irp).MdlAddress = glue::lock_buffer(output, output_length, write)?;
    }
    Ok(())
}

/// The buffers of a read or write, by the device's transfer method.
pub unsafe fn transfer_buffers(
    target: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    major: u32,
    buffer: *mut u8,
    length: u32,
    offset: i64,
) -> Result<(), NTSTATUS> {
    let sl = stack::next(irp);
    *stack::args(sl) = [u64::from(length), 0, offset as u64, 0];
    let flags = (*target).Flags;
    if flags & DO_BUFFERED_IO != 0 {
        if length != 0 {
            let system = glue::pool(length as usize, *b"IoSb", true);
            if system.is_null() {
                return Err(STATUS_INSUFFICIENT_RESOURCES);
            }
            if major == IRP_MJ_WRITE {
                core::ptr::copy(buffer, system, length as usize);
            }
            (*irp).AssociatedIrp.SystemBuffer = system.cast();
            (*irp).Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        }
        (*irp).UserBuffer = buffer.cast();
        if major == IRP_MJ_READ {
            (*irp).Flags |= IRP_INPUT_OPERATION;
        }
        if let Some(r) = state().irps.lock().irps.get_mut(&(irp as usize)) {
            r.output = length;
        }
    } else if flags & DO_DIRECT_IO != 0 {
        if length != 0 {
            (*irp).MdlAddress = glue::lock_buffer(buffer, length, major == IRP_MJ_READ)?;
        }
    } else {
        (*irp).UserBuffer = buffer.cast();
    }
    (*irp).Flags |= if major == IRP_MJ_READ { IRP_READ_OPERATION } else { IRP_WRITE_OPERATION };
    Ok(())
}

unsafe fn fsd_request(
    major: u32,
    target: *mut DEVICE_OBJECT,
    buffer: *mut c_void,
    length: u32,
    offset: *mut i64,
) -> *mut IRP {
    let irp = irp::allocate((*target).StackSize, Origin::System, false);
    if irp.is_null() {
        return irp;
    }
    (*stack::next(irp)).MajorFunction = major as u8;
    if matches!(major, IRP_MJ_READ | IRP_MJ_WRITE) {
        let offset = if offset.is_null() { 0 } else { *offset };
        if transfer_buffers(target, irp, major, buffer.cast(), length, offset).is_err() {
            irp::free(irp);
            return core::ptr::null_mut();
        }
    } else if matches!(major, IRP_MJ_PNP | IRP_MJ_POWER | IRP_MJ_SYSTEM_CONTROL) {
        // The caller must set STATUS_NOT_SUPPORTED itself: rules 0x20E to 0x210.
        stack::set_status(irp, STATUS_SUCCESS, 0);
    }
    irp
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoBuildSynchronousFsdRequest(major: u32, target: *mut DEVICE_OBJECT, buffer: *mut c_void, length: u32,
        offset: *mut i64, event: *mut KEVENT, iosb: *mut IO_STATUS_BLOCK) -> *mut IRP [irql <= APC_LEVEL] {
        let irp = fsd_request(major, target, buffer, length, offset);
        if !irp.is_null() {
            (*irp).UserEvent = event;
            (*irp).__bindgen_anon_1.UserIosb = iosb;
            (*irp).Flags |= IRP_SYNCHRONOUS_API;
            irp::queue_to_thread(irp);
        }
        irp
    }
    fn IoBuildAsynchronousFsdRequest(major: u32, target: *mut DEVICE_OBJECT, buffer: *mut c_void, length: u32,
        offset: *mut i64, iosb: *mut IO_STATUS_BLOCK) -> *mut IRP [irql <= APC_LEVEL] {
        let irp = fsd_request(major, target, buffer, length, offset);
        if !irp.is_null() {
            (*irp).__bindgen_anon_1.UserIosb = iosb;
            // The caller frees it in its completion routine.
            if let Some(r) = state().irps.lock().irps.get_mut(&(irp as usize)) {
                r.origin = Origin::Driver;
            }
        }
        irp
    }
    fn IoBuildDeviceIoControlRequest(code: u32, target: *mut DEVICE_OBJECT, input: *mut c_void, input_length: u32,
        output: *mut c_void, output_length: u32, internal: u8, event: *mut KEVENT, iosb: *mut IO_STATUS_BLOCK) -> *mut IRP [irql <= APC_LEVEL] {
        let irp = irp::allocate((*target).StackSize, Origin::System, false);
        if irp.is_null() {
            return irp;
        }
        (*stack::next(irp)).MajorFunction =
            if internal != 0 { IRP_MJ_INTERNAL_DEVICE_CONTROL } else { IRP_MJ_DEVICE_CONTROL } as u8;
        if ioctl_buffers(irp, code, input.cast(), input_length, output.cast(), output_length, false).is_err() {
            irp::free(irp);
            return core::ptr::null_mut();
        }
        (*irp).UserEvent = event;
        (*irp).__bindgen_anon_1.UserIosb = iosb;
        (*irp).Flags |= IRP_SYNCHRONOUS_API;
        irp::queue_to_thread(irp);
        irp
    }
}
