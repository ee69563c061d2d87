//! A small WDM function driver, written against the exports as a driver would be. Tests change its behaviour through
//! [`Knobs`] and read what it saw.

use nt::sys::*;
use ntsim::io::{device, interface, interrupt, irp, stack};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// How the driver misbehaves, and what it has seen.
#[derive(Default)]
pub struct Knobs {
    pub add_device_fails: bool,
    pub start_fails: bool,
    pub pend_start: bool,
    pub veto_remove: bool,
    pub veto_stop: bool,
    pub add_messages: u32,
    pub connect: bool,
    pub bad: BTreeSet<&'static str>,
    pub seen: Vec<String>,
    pub raw: Vec<(u8, u16, [u32; 4])>,
    pub translated: Vec<(u8, u16, [u32; 4])>,
    pub interrupts: u32,
    pub device: Option<std::rc::Rc<super::pci::Shared>>,
    pub state: u64,
    pub kinterrupt: usize,
    pub pdo: usize,
    pub fdo: usize,
    pub link: Option<UNICODE_STRING>,
    /// Children of the bus, if this is one (`bus.rs`).
    pub children: Vec<usize>,
}

thread_local! {
    pub static KNOBS: RefCell<Knobs> = RefCell::new(Knobs::default());
}

pub fn knobs<R>(f: impl FnOnce(&mut Knobs) -> R) -> R {
    KNOBS.with(|k| f(&mut k.borrow_mut()))
}

pub fn bad(what: &'static str) -> bool {
    knobs(|k| k.bad.contains(what))
}

pub const CLASS: GUID =
    GUID { Data1: 0x1234_5678, Data2: 0x9abc, Data3: 0xdef0, Data4: [1, 2, 3, 4, 5, 6, 7, 8] };

#[repr(C)]
pub(super) struct Extension {
    /// Null for a device of a bus' children.
    pub(super) lower: *mut DEVICE_OBJECT,
    pdo: *mut DEVICE_OBJECT,
    pending: *mut IRP,
}

pub unsafe extern "win64" fn entry(driver: *mut DRIVER_OBJECT, path: *mut UNICODE_STRING) -> NTSTATUS {
    knobs(|k| k.seen.push(format!("entry {}", stack::text(path))));
    for slot in &mut (*driver).MajorFunction {
        *slot = Some(other);
    }
    (*driver).MajorFunction[IRP_MJ_PNP as usize] = Some(pnp);
    (*driver).MajorFunction[IRP_MJ_POWER as usize] = Some(power);
    (*driver).MajorFunction[IRP_MJ_SHUTDOWN as usize] = Some(create);
    (*driver).MajorFunction[IRP_MJ_CREATE as usize] = Some(create);
    (*driver).MajorFunction[IRP_MJ_CLOSE as usize] = Some(create);
    (*driver).MajorFunction[IRP_MJ_CLEANUP as usize] = Some(create);
    (*driver).MajorFunction[IRP_MJ_DEVICE_CONTROL as usize] = Some(ioctl);
    (*(*driver).DriverExtension).AddDevice = Some(add_device);
    (*driver).DriverUnload = Some(unload);
    STATUS_SUCCESS
}

unsafe extern "win64" fn unload(_: *mut DRIVER_OBJECT) {
    knobs(|k| k.seen.push("unload".into()));
}

unsafe extern "win64" fn add_device(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    if knobs(|k| k.add_device_fails) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let mut fdo = std::ptr::null_mut();
    let status = device::IoCreateDevice(
        driver,
        size_of::<Extension>() as u32,
        std::ptr::null_mut(),
        FILE_DEVICE_UNKNOWN,
        FILE_DEVICE_SECURE_OPEN,
        0,
        &mut fdo,
    );
    assert_eq!(status, STATUS_SUCCESS);
    let e: *mut Extension = (*fdo).DeviceExtension.cast();
    (*e).pdo = pdo;
    (*e).lower = device::IoAttachDeviceToDeviceStack(fdo, pdo);
    if !bad("no-pagable") {
        (*fdo).Flags |= (*(*e).lower).Flags & DO_POWER_PAGABLE;
    }
    if bad("both-io") {
        (*fdo).Flags |= DO_BUFFERED_IO | DO_DIRECT_IO;
    }
    if !bad("initializing") {
        (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
    }
    if bad("filter-type") || bad("filter-flags") || bad("filter-skips") {
        above(driver, fdo);
    }
    let mut link = UNICODE_STRING::default();
    assert_eq!(
        interface::IoRegisterDeviceInterface(pdo, &CLASS, std::ptr::null_mut(), &mut link),
        STATUS_SUCCESS
    );
    knobs(|k| {
        k.pdo = pdo as usize;
        k.fdo = fdo as usize;
        k.link = Some(link);
    });
    STATUS_SUCCESS
}

/// A device above the function device, which does not take over what a filter must.
unsafe fn above(driver: *mut DRIVER_OBJECT, fdo: *mut DEVICE_OBJECT) {
    let kind = if bad("filter-type") { FILE_DEVICE_DISK } else { FILE_DEVICE_UNKNOWN };
    let mut filter = std::ptr::null_mut();
    device::IoCreateDevice(
        driver,
        size_of::<Extension>() as u32,
        std::ptr::null_mut(),
        kind,
        0,
        0,
        &mut filter,
    );
    let below = device::IoAttachDeviceToDeviceStack(filter, fdo);
    // Not the function device that it is attached to, but what is below that.
    let lower = if bad("filter-skips") { (*(*fdo).DeviceExtension.cast::<Extension>()).lower } else { below };
    (*(*filter).DeviceExtension.cast::<Extension>()).lower = lower;
    (*filter).Flags |= (*fdo).Flags & DO_POWER_PAGABLE;
    if bad("filter-flags") {
        (*filter).Flags |= DO_DIRECT_IO;
    }
    (*filter).Flags &= !DO_DEVICE_INITIALIZING;
}

pub(super) unsafe fn skip(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let e: *mut Extension = (*at).DeviceExtension.cast();
    (*request).CurrentLocation += 1;
    (*request).Tail.Overlay.__bindgen_anon_2.CurrentStackLocation = stack::current(request).add(1);
    irp::IofCallDriver((*e).lower, request)
}

unsafe extern "win64" fn done(_: *mut DEVICE_OBJECT, _: *mut IRP, event: *mut c_void) -> NTSTATUS {
    ntsim::ke::event::KeSetEvent(event.cast(), 0, 0);
    STATUS_MORE_PROCESSING_REQUIRED
}

/// Copies the location, sends the request down and waits for it.
unsafe fn forward(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let e: *mut Extension = (*at).DeviceExtension.cast();
    let mut event = KEVENT::default();
    ntsim::ke::event::KeInitializeEvent((&raw mut event).cast(), 0, 0);
    let (here, next) = (stack::current(request), stack::next(request));
    *next = *here;
    (*next).Control = 0;
    (*next).CompletionRoutine = Some(done);
    (*next).Context = (&raw mut event).cast();
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    let status = irp::IofCallDriver((*e).lower, request);
    if status == STATUS_PENDING {
        ntsim::ke::wait::wait_one(&raw mut event, ntsim::ke::wait::Timeout::Never);
    }
    stack::status(request)
}

pub(super) unsafe fn complete(request: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    (*request).IoStatus.__bindgen_anon_1.Status = status;
    irp::IofCompleteRequest(request, 0);
    status
}

unsafe fn copy(list: *const CM_RESOURCE_LIST) -> Vec<(u8, u16, [u32; 4])> {
    if list.is_null() {
        return Vec::new();
    }
    let full = std::ptr::addr_of!((*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    let partial = std::ptr::addr_of!((*full).PartialResourceList);
    let first = std::ptr::addr_of!((*partial).PartialDescriptors).cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
    (0..(*partial).Count as usize)
        .map(|n| {
            let d = first.add(n);
            ((*d).Type, (*d).Flags, std::ptr::addr_of!((*d).u).cast::<[u32; 4]>().read_unaligned())
        })
        .collect()
}

unsafe extern "win64" fn isr(_: *mut c_void, _: *mut c_void) -> u8 {
    // The device lowers its line when it is asked.
    knobs(|k| {
        k.interrupts += 1;
        if let Some(d) = &k.device {
            d.lines.set(0);
        }
    });
    1
}

unsafe fn start(at: *mut DEVICE_OBJECT) {
    let e: *mut Extension = (*at).DeviceExtension.cast();
    let link = knobs(|k| k.link);
    if let Some(mut link) = link {
        assert_eq!(interface::IoSetDeviceInterfaceState(&mut link, 1), STATUS_SUCCESS);
    }
    if knobs(|k| k.connect) {
        let mut p = IO_CONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_LINE_BASED, ..Default::default() };
        let mut object = std::mem::zeroed();
        let line = IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS {
            PhysicalDeviceObject: (*e).pdo,
            InterruptObject: &mut object,
            ServiceRoutine: Some(isr),
            ..Default::default()
        };
        p.__bindgen_anon_1.LineBased = line;
        assert_eq!(interrupt::IoConnectInterruptEx(&mut p), STATUS_SUCCESS);
        knobs(|k| k.kinterrupt = object as usize);
    }
}

unsafe fn stop(_: *mut DEVICE_OBJECT) {
    let object = knobs(|k| std::mem::take(&mut k.kinterrupt));
    if object != 0 {
        let mut p = IO_DISCONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_LINE_BASED, ..Default::default() };
        p.ConnectionContext.Generic = object as *mut c_void;
        interrupt::IoDisconnectInterruptEx(&mut p);
    }
    let link = knobs(|k| k.link);
    if let Some(mut link) = link {
        interface::IoSetDeviceInterfaceState(&mut link, 0);
    }
}

/// Adds message interrupts to the requirements, one for each of the first processors.
unsafe fn filter(request: *mut IRP, count: u32) {
    let old = (*request).IoStatus.Information as *mut IO_RESOURCE_REQUIREMENTS_LIST;
    let size = (*old).ListSize as usize;
    let new_size = size + count as usize * size_of::<IO_RESOURCE_DESCRIPTOR>();
    let new: *mut u8 =
        ntsim::mm::pool::allocate(ntsim::mm::pool::PoolKind::Paged, new_size, 0x7473_6554, 0, true).unwrap();
    std::ptr::copy_nonoverlapping(old.cast::<u8>(), new, size);
    let list = new.cast::<IO_RESOURCE_REQUIREMENTS_LIST>();
    (*list).ListSize = new_size as u32;
    let one = std::ptr::addr_of_mut!((*list).List).cast::<IO_RESOURCE_LIST>();
    let first = std::ptr::addr_of_mut!((*one).Descriptors).cast::<IO_RESOURCE_DESCRIPTOR>();
    for n in 0..count {
        let mut d = IO_RESOURCE_DESCRIPTOR {
            Type: CmResourceTypeInterrupt as u8,
            ShareDisposition: 1,
            Flags: 7,
            ..Default::default()
        };
        d.u.Interrupt.MinimumVector = 0xFFFF_FFFE;
        d.u.Interrupt.MaximumVector = 0xFFFF_FFFE;
        d.u.Interrupt.AffinityPolicy = IrqPolicySpecifiedProcessors;
        d.u.Interrupt.TargetedProcessors = 1 << n;
        *first.add((*one).Count as usize) = d;
        (*one).Count += 1;
    }
    let _ = ntsim::mm::pool::free(old.cast());
    (*request).IoStatus.Information = new as usize;
}

pub(super) unsafe extern "win64" fn pnp(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let sl = stack::current(request);
    let minor = u32::from((*sl).MinorFunction);
    let name = ntsim::io::rules::function_name(IRP_MJ_PNP as u8, minor as u8);
    knobs(|k| k.seen.push(name.into()));
    match minor {
        IRP_MN_START_DEVICE => {
            let args = *stack::args(sl);
            let (raw, translated) = (copy(args[0] as *const _), copy(args[1] as *const _));
            knobs(|k| {
                k.raw = raw;
                k.translated = translated;
            });
            let mut status = forward(at, request);
            if status >= 0 {
                if knobs(|k| k.start_fails) {
                    status = STATUS_UNSUCCESSFUL;
                } else {
                    start(at);
                }
            }
            complete(request, status)
        }
        IRP_MN_QUERY_REMOVE_DEVICE if knobs(|k| k.veto_remove) => complete(request, STATUS_UNSUCCESSFUL),
        IRP_MN_QUERY_STOP_DEVICE if knobs(|k| k.veto_stop) => complete(request, STATUS_UNSUCCESSFUL),
        IRP_MN_FILTER_RESOURCE_REQUIREMENTS => {
            let status = forward(at, request);
            let count = knobs(|k| k.add_messages);
            if count != 0 && (status >= 0 || status == STATUS_NOT_SUPPORTED) {
                filter(request, count);
                return complete(request, STATUS_SUCCESS);
            }
            complete(request, status)
        }
        IRP_MN_STOP_DEVICE | IRP_MN_SURPRISE_REMOVAL => {
            stop(at);
            if bad("must-not-fail") {
                return complete(request, STATUS_UNSUCCESSFUL);
            }
            if bad("surprise-deleted") && minor == IRP_MN_SURPRISE_REMOVAL {
                (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
                let lower = (*(*at).DeviceExtension.cast::<Extension>()).lower;
                let status = skip(at, request);
                device::IoDetachDevice(lower);
                device::IoDeleteDevice(at);
                return status;
            }
            if bad("surprise-delete") && minor == IRP_MN_SURPRISE_REMOVAL {
                device::IoDetachDevice((*(*at).DeviceExtension.cast::<Extension>()).lower);
            }
            (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
            if bad("surprise-delete") {
                irp::IofCompleteRequest(request, 0);
                return STATUS_SUCCESS;
            }
            skip(at, request)
        }
        IRP_MN_REMOVE_DEVICE => {
            stop(at);
            (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
            let lower = (*(*at).DeviceExtension.cast::<Extension>()).lower;
            let status = skip(at, request);
            if !bad("no-detach") {
                device::IoDetachDevice(lower);
            }
            if !bad("no-delete") {
                device::IoDeleteDevice(at);
            }
            status
        }
        IRP_MN_QUERY_PNP_DEVICE_STATE => {
            let state = knobs(|k| k.state);
            (*request).IoStatus.Information |= state as usize;
            (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
            skip(at, request)
        }
        IRP_MN_QUERY_REMOVE_DEVICE
        | IRP_MN_CANCEL_REMOVE_DEVICE
        | IRP_MN_QUERY_STOP_DEVICE
        | IRP_MN_CANCEL_STOP_DEVICE => {
            if bad("pnp-complete") {
                return complete(request, STATUS_SUCCESS);
            }
            if bad("pnp-untouched") {
                return complete(request, STATUS_NOT_SUPPORTED);
            }
            if bad("failed-down") {
                (*request).IoStatus.__bindgen_anon_1.Status = STATUS_UNSUCCESSFUL;
                return skip(at, request);
            }
            (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
            skip(at, request)
        }
        _ => skip(at, request),
    }
}

/// The system IRP waits while the device IRP that follows from it is under way.
unsafe extern "win64" fn device_power_done(
    _: *mut DEVICE_OBJECT,
    _: u8,
    _: POWER_STATE,
    context: *mut c_void,
    _: *mut IO_STATUS_BLOCK,
) {
    let request: *mut IRP = context.cast();
    let device = (*stack::current(request)).DeviceObject;
    (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
    let e: *mut Extension = (*device).DeviceExtension.cast();
    let (here, next) = (stack::current(request), stack::next(request));
    *next = *here;
    (*next).Control = 0;
    irp::IofCallDriver((*e).lower, request);
}

pub(super) unsafe extern "win64" fn power(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let sl = stack::current(request);
    let args = *stack::args(sl);
    let set = u32::from((*sl).MinorFunction) == IRP_MN_SET_POWER;
    let name = if set { "SET_POWER" } else { "QUERY_POWER" };
    let system = args[1] as i32 == SystemPowerState;
    knobs(|k| k.seen.push(format!("{name} {} {}", if system { "system" } else { "device" }, args[2])));
    if bad("veto-power") && !set {
        return complete(request, STATUS_UNSUCCESSFUL);
    }
    if bad("power-success") && set {
        return complete(request, STATUS_SUCCESS);
    }
    if bad("power-untouched") && set {
        return complete(request, STATUS_NOT_SUPPORTED);
    }
    if bad("power-failed-down") {
        (*request).IoStatus.__bindgen_anon_1.Status = STATUS_UNSUCCESSFUL;
        return skip(at, request);
    }
    if bad("lose-power") && set {
        (*sl).Control |= SL_PENDING_RETURNED as u8;
        return STATUS_PENDING;
    }
    if set && system && args[2] as i32 != PowerSystemShutdown {
        (*sl).Control |= SL_PENDING_RETURNED as u8;
        let state = if args[2] as i32 == PowerSystemWorking { PowerDeviceD0 } else { PowerDeviceD3 };
        ntsim::po::PoRequestPowerIrp(
            at,
            IRP_MN_SET_POWER as u8,
            state as u32,
            Some(device_power_done),
            request.cast(),
            std::ptr::null_mut(),
        );
        return STATUS_PENDING;
    }
    if set {
        (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
    }
    skip(at, request)
}

unsafe extern "win64" fn create(_: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let name = ntsim::io::rules::function_name((*stack::current(request)).MajorFunction, 0);
    knobs(|k| k.seen.push(name.into()));
    (*request).IoStatus.Information = 0;
    complete(request, STATUS_SUCCESS)
}

unsafe extern "win64" fn cancel(at: *mut DEVICE_OBJECT, request: *mut IRP) {
    irp::IoReleaseCancelSpinLock(if bad("cancel-irql") { 2 } else { (*request).CancelIrql });
    let e: *mut Extension = (*at).DeviceExtension.cast();
    (*e).pending = std::ptr::null_mut();
    (*request).IoStatus.Information = 0;
    complete(request, STATUS_CANCELLED);
}

unsafe extern "win64" fn ioctl(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let sl = stack::current(request);
    let args = *stack::args(sl);
    let e: *mut Extension = (*at).DeviceExtension.cast();
    let code = args[2] as u32;
    match code >> 2 & 0xFFF {
        // Reverses the input.
        1 => {
            let buffer = (*request).AssociatedIrp.SystemBuffer.cast::<u8>();
            let n = args[0].min(args[1]) as usize;
            std::slice::from_raw_parts_mut(buffer, n).reverse();
            (*request).IoStatus.Information = n;
            complete(request, STATUS_SUCCESS)
        }
        // Stays pending until cancelled.
        2 => {
            (*sl).Control |= SL_PENDING_RETURNED as u8;
            (*e).pending = request;
            (*request).CancelRoutine = Some(cancel);
            STATUS_PENDING
        }
        // Copies the input to the direct output buffer.
        3 => {
            let mdl = (*request).MdlAddress;
            let n = args[0].min(args[1]) as usize;
            std::ptr::copy_nonoverlapping(
                (*request).AssociatedIrp.SystemBuffer.cast::<u8>(),
                (*mdl).MappedSystemVa.cast::<u8>(),
                n,
            );
            (*request).IoStatus.Information = n;
            complete(request, STATUS_SUCCESS)
        }
        // Violations.
        0x10 => {
            (*request).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS;
            irp::IofCompleteRequest(request, 0);
            STATUS_UNSUCCESSFUL
        }
        0x11 => STATUS_SUCCESS,
        0x12 => {
            (*sl).Control |= SL_PENDING_RETURNED as u8;
            (*request).IoStatus.Information = 0;
            complete(request, STATUS_SUCCESS)
        }
        0x13 => {
            (*request).IoStatus.Information = 0;
            complete(request, STATUS_SUCCESS);
            STATUS_PENDING
        }
        0x14 => complete(request, STATUS_PENDING),
        0x15 => {
            (*request).CancelRoutine = Some(cancel);
            complete(request, STATUS_SUCCESS)
        }
        0x16 => {
            (*request).IoStatus.Information = 10_000;
            complete(request, STATUS_SUCCESS)
        }
        0x18 => {
            (*request).IoStatus.Information = 0;
            complete(request, STATUS_SUCCESS);
            -1
        }
        0x17 => {
            (*request).IoStatus.Information = 0;
            complete(request, STATUS_SUCCESS);
            complete(request, STATUS_SUCCESS)
        }
        _ => {
            (*request).IoStatus.Information = 0;
            complete(request, STATUS_INVALID_DEVICE_REQUEST)
        }
    }
}

unsafe extern "win64" fn other(at: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    skip(at, request)
}
