//! Asks xenpci for its interface.
#![allow(unsafe_code, reason = "builds an IRP")]

use core::{mem::MaybeUninit, ptr::null_mut};

use nt::{irp::IoGetNextIrpStackLocation, sys::*};
use xenpci_interface::{Client, GUID_XENPCI_INTERFACE, Interface, VERSION};

/// Sends `IRP_MN_QUERY_INTERFACE` to `lower`, the device below ours. `PASSIVE_LEVEL`.
#[must_use]
pub fn query(lower: *mut DEVICE_OBJECT) -> Option<Client> {
    let mut event = KEVENT::default();
    // SAFETY: the event lives on this stack until the IRP has ended, which is waited for below.
    unsafe { KeInitializeEvent(&raw mut event, NotificationEvent, 0) };
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: a PnP request without buffer; event and status block outlive it.
    let irp = unsafe {
        IoBuildSynchronousFsdRequest(
            IRP_MJ_PNP,
            lower,
            null_mut(),
            0,
            null_mut(),
            &raw mut event,
            &raw mut status,
        )
    };
    if irp.is_null() {
        return None;
    }
    let mut table = MaybeUninit::<Interface>::zeroed();
    let id = GUID_XENPCI_INTERFACE;
    let mut guid = GUID { Data1: id.data1, Data2: id.data2, Data3: id.data3, Data4: id.data4 };
    let initial = IO_STATUS_BLOCK_anon_1 { Status: STATUS_NOT_SUPPORTED };
    // SAFETY: a fresh IRP, not sent yet; PnP requests start out as not supported.
    unsafe { (*irp).IoStatus = IO_STATUS_BLOCK { __bindgen_anon_1: initial, Information: 0 } };
    // SAFETY: a fresh IRP has a next stack location.
    let stack = unsafe { IoGetNextIrpStackLocation(irp) };
    // SAFETY: that location is ours until the IRP is sent.
    let stack = unsafe { &mut *stack };
    stack.MinorFunction = IRP_MN_QUERY_INTERFACE as u8;
    stack.Parameters.QueryInterface = IO_STACK_LOCATION_Parameters_QueryInterface {
        InterfaceType: &raw mut guid,
        Size: size_of::<Interface>() as u16,
        Version: VERSION,
        Interface: table.as_mut_ptr().cast(),
        InterfaceSpecificData: null_mut(),
    };
    // SAFETY: the IRP is complete; from here on it is the I/O manager's.
    let mut result = unsafe { IofCallDriver(lower, irp) };
    if result == STATUS_PENDING {
        let mode = KernelMode as KPROCESSOR_MODE;
        // SAFETY: the event is signalled when the IRP ends, which the bus driver does at once.
        unsafe { KeWaitForSingleObject((&raw mut event).cast(), Executive, mode, 0, null_mut()) };
        // SAFETY: written by the I/O manager; every bit pattern is a status.
        result = unsafe { status.__bindgen_anon_1.Status };
    }
    if result < 0 {
        return None;
    }
    // SAFETY: filled by the bus driver, which answered with success; zeroes are valid in all of it that
    // is not, as `adopt` finds out by version and size before anything is called.
    let table = unsafe { table.assume_init() };
    // SAFETY: filled in answer to this query; its reference is taken over here, once.
    unsafe { Client::adopt(table) }.ok()
}
