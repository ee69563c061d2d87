//! Power: requests that drivers make of the power manager, and their states.
//!
//! Sources: the driver documentation of `PoRequestPowerIrp` and `PoSetPowerState`, and of
//! `ZwSetSystemTime`, `ZwSetSecurityObject` and `ZwQuerySystemInformation`, which need a place.
#![allow(non_upper_case_globals, reason = "Microsoft's names stand in patterns")]
#![allow(
    function_casts_as_integer,
    unpredictable_function_pointer_comparisons,
    reason = "routines are kept by address"
)]
#![allow(
    clippy::useless_transmute,
    clippy::missing_transmute_annotations,
    clippy::unnecessary_cast,
    clippy::type_complexity,
    clippy::vec_box,
    reason = "the bindings' types differ between their two sources; strings must not move"
)]

pub mod system;

use crate::{
    io::{
        device, glue,
        irp::{self, Origin},
        security::{Ace, Descriptor, Sid, map_generic},
        stack,
    },
    kernel::{kernel, lock::Lock},
    loader, ob,
};
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use core::{
    ptr,
    sync::atomic::{AtomicI64, Ordering},
};
use nt::sys::*;

/// Device power states that drivers have told, and how far the clock was moved.
#[derive(Default)]
pub struct State {
    states: Lock<BTreeMap<usize, i32>>,
    skew: AtomicI64,
}

fn state() -> &'static State {
    kernel().room::<State>()
}

/// How far `ZwSetSystemTime` moved the clock, in 100 ns.
pub fn skew() -> i64 {
    state().skew.load(Ordering::Acquire)
}

/// The state that the device's driver told last; `PowerDeviceUnspecified` before it told any.
pub fn device_state(device: *const DEVICE_OBJECT) -> i32 {
    state().states.lock().get(&(device as usize)).copied().unwrap_or(0)
}

struct Request {
    device: *mut DEVICE_OBJECT,
    top: *mut DEVICE_OBJECT,
    minor: u8,
    power: POWER_STATE,
    done: PREQUEST_POWER_COMPLETE,
    context: *mut c_void,
}

/// The topmost completion routine of a power request: tells who asked, and frees the IRP.
unsafe extern "win64" fn completed(
    _: *mut DEVICE_OBJECT,
    request: *mut IRP,
    context: *mut c_void,
) -> NTSTATUS {
    let asked = Box::from_raw(context.cast::<Request>());
    let mut block = (*request).IoStatus;
    if let Some(done) = asked.done {
        crate::call!(
            "power completion",
            done,
            asked.device,
            asked.minor,
            asked.power,
            asked.context,
            &raw mut block
        );
    }
    irp::free(request);
    glue::dereference(asked.top.cast());
    STATUS_MORE_PROCESSING_REQUIRED
}

/// `PoRequestPowerIrp`, also for the port drivers of the stand-in, which own their devices' power policy.
pub unsafe fn request(
    target: *mut DEVICE_OBJECT,
    minor: u8,
    power: i32,
    done: PREQUEST_POWER_COMPLETE,
    context: *mut c_void,
    out: *mut *mut IRP,
) -> NTSTATUS {
    if u32::from(minor) > IRP_MN_QUERY_POWER {
        return STATUS_INVALID_PARAMETER_2;
    }
    let top = device::top(target);
    glue::reference(top.cast());
    let request = irp::allocate((*top).StackSize, Origin::System, true);
    if request.is_null() {
        glue::dereference(top.cast());
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    stack::set_status(request, STATUS_NOT_SUPPORTED, 0);
    let asked =
        Request { device: target, top, minor, power: POWER_STATE { DeviceState: power }, done, context };
    let next = &mut *stack::next(request);
    next.MajorFunction = IRP_MJ_POWER as u8;
    next.MinorFunction = minor;
    // SystemContext, Type, State, ShutdownType.
    *stack::args(next) = [0, DevicePowerState as u64, power as u32 as u64, 0];
    next.CompletionRoutine = Some(completed);
    next.Context = Box::into_raw(Box::new(asked)).cast();
    next.Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    if !out.is_null() {
        out.write(request);
    }
    irp::call_driver(top, request);
    STATUS_PENDING
}

/// Reads a self-relative security descriptor ([MS-DTYP] 2.4.6).
unsafe fn descriptor(at: *const u8) -> Option<Descriptor> {
    let word = |offset: usize| at.add(offset).cast::<u16>().read_unaligned();
    let long = |offset: usize| at.add(offset).cast::<u32>().read_unaligned();
    let control = word(2);
    if at.read() != 1 || control & 0x8000 == 0 {
        return None;
    }
    let dacl = long(16) as usize;
    if control & 0x0004 == 0 || dacl == 0 {
        return Some(Descriptor { dacl: None, sddl: String::new() });
    }
    let mut entries = Vec::new();
    let mut ace = dacl + 8;
    for _ in 0..word(dacl + 4) {
        let (kind, flags, size, mask) =
            (at.add(ace).read(), at.add(ace + 1).read(), word(ace + 2), long(ace + 4));
        if kind > 1 {
            return None;
        }
        let count = usize::from(at.add(ace + 9).read());
        let mut sid = format!("S-{}-{}", at.add(ace + 8).read(), at.add(ace + 15).read());
        for part in 0..count {
            sid += &format!("-{}", long(ace + 16 + 4 * part));
        }
        entries.push(Ace {
            allow: kind == 0,
            mask: map_generic(mask),
            sid: Sid(sid),
            inherit_only: flags & 8 != 0,
        });
        ace += usize::from(size);
    }
    Some(Descriptor { dacl: Some(entries), sddl: String::from("(set by a driver)") })
}

/// Bytes of an entry of `SystemModuleInformation`.
const MODULE: usize = 296;

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn PoSetPowerState(target: *mut DEVICE_OBJECT, kind: i32, power: u32) -> u32 [irql <= DISPATCH_LEVEL] {
        let mut states = state().states.lock();
        let old = states.get(&(target as usize)).copied().unwrap_or(0);
        if kind == DevicePowerState {
            states.insert(target as usize, power as i32);
        }
        old as u32
    }
    fn PoRequestPowerIrp(target: *mut DEVICE_OBJECT, minor: u8, power: u32, done: PREQUEST_POWER_COMPLETE,
        context: *mut c_void, out: *mut *mut IRP) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        request(target, minor, power as i32, done, context, out)
    }
    fn ZwSetSystemTime(new: *const i64, old: *mut i64) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let now = crate::ke::timer::system_time() as i64;
        if !old.is_null() {
            old.write(now);
        }
        state().skew.fetch_add(new.read() - now, Ordering::AcqRel);
        STATUS_SUCCESS
    }
    fn ZwSetSecurityObject(object: HANDLE, what: u32, security: *const u8) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let body = match ob::handle::reference(object, None) {
            Ok(body) => body,
            Err(status) => return status,
        };
        let mut status = STATUS_SUCCESS;
        if what & DACL_SECURITY_INFORMATION != 0 {
            let parsed = descriptor(security);
            let mut table = crate::io::state().devices.lock();
            match (parsed, table.get_mut(body.cast::<DEVICE_OBJECT>())) {
                (Some(parsed), Some(device)) => device.security = parsed,
                (None, _) => status = STATUS_INVALID_SECURITY_DESCR,
                (_, None) => status = STATUS_OBJECT_TYPE_MISMATCH,
            }
        }
        ob::dereference(body);
        status
    }
    fn ZwQuerySystemInformation(class: i32, out: *mut u8, length: u32, need: *mut u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        if class != 11 {
            return STATUS_INVALID_INFO_CLASS;
        }
        let modules = loader::modules();
        let size = 8 + modules.len() * MODULE;
        if !need.is_null() {
            need.write(size as u32);
        }
        if (length as usize) < size {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        ptr::write_bytes(out, 0, size);
        out.cast::<u32>().write(modules.len() as u32);
        for (index, module) in modules.iter().enumerate() {
            let entry = out.add(8 + index * MODULE);
            entry.add(16).cast::<usize>().write_unaligned(module.base);
            entry.add(24).cast::<u32>().write_unaligned(module.headers.size);
            let folder = "\\SystemRoot\\System32\\drivers\\";
            let path = format!("{folder}{}", module.name);
            entry.add(38).cast::<u16>().write_unaligned(folder.len() as u16);
            ptr::copy_nonoverlapping(path.as_ptr(), entry.add(40), path.len().min(255));
        }
        STATUS_SUCCESS
    }
}
