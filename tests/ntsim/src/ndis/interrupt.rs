//! Interrupts of miniports: NdisMRegisterInterruptEx.

use super::{adapter_of, form, rules, state};
use crate::abi::*;
use crate::ke::dpc;
use crate::ke::interrupt::{self, Interrupt, Service};
use crate::kernel::kernel;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

const KIND: &str = "interrupt";

struct Registered {
    context: PVOID,
    handlers: NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS,
    connected: UnsafeCell<Vec<*mut Interrupt>>,
    /// One per message and processor, as NDIS has.
    dpcs: Vec<UnsafeCell<KDPC>>,
}

/// CM_RESOURCE_INTERRUPT_MESSAGE.
const MESSAGE: u16 = 2;

unsafe fn queue_on(r: &Registered, message: u32, targets: u64) {
    let cpus = kernel().cpus.len();
    for cpu in 0..cpus.min(64) {
        if targets >> cpu & 1 != 0 {
            let dpc = r.dpcs[message as usize * cpus + cpu].get();
            dpc::set_target(dpc, cpu as u32);
            dpc::insert(dpc, message as usize as PVOID, core::ptr::null_mut());
        }
    }
}

unsafe fn after(r: &Registered, message: u32, default: u8, targets: u32) {
    let here = kernel().engine.current_cpu();
    let mask = if default != 0 { 1u64 << here } else { 0 } | u64::from(targets);
    queue_on(r, message, mask);
}

unsafe extern "win64" fn line(_: PVOID, context: PVOID) -> u8 {
    let r = &*(context as *const Registered);
    let Some(handler) = r.handlers.InterruptHandler else { return 0 };
    let (mut default, mut targets) = (1u8, 0u32);
    let ours = crate::call!("MiniportInterrupt", handler, r.context, &raw mut default, &raw mut targets);
    if ours != 0 {
        after(r, 0, default, targets);
    }
    ours
}

unsafe extern "win64" fn message(_: PVOID, context: PVOID, id: u32) -> u8 {
    let r = &*(context as *const Registered);
    let Some(handler) = r.handlers.MessageInterruptHandler else { return 0 };
    let (mut default, mut targets) = (1u8, 0u32);
    let ours =
        crate::call!("MiniportMessageInterrupt", handler, r.context, id, &raw mut default, &raw mut targets);
    if ours != 0 {
        after(r, id, default, targets);
    }
    ours
}

unsafe extern "win64" fn deferred(_: *mut KDPC, context: PVOID, id: PVOID, _: PVOID) {
    let r = &*(context as *const Registered);
    let none: PVOID = core::ptr::null_mut();
    // NDIS_RECEIVE_THROTTLE_PARAMETERS: no limit.
    let mut throttle = [u32::MAX, 0];
    let throttle: PVOID = throttle.as_mut_ptr().cast();
    if r.handlers.InterruptType == NDIS_CONNECT_MESSAGE_BASED {
        if let Some(handler) = r.handlers.MessageInterruptDpcHandler {
            crate::call!("MiniportMessageInterruptDPC", handler, r.context, id as u32, none, throttle, none);
        }
    } else if let Some(handler) = r.handlers.InterruptDpcHandler {
        crate::call!("MiniportInterruptDPC", handler, r.context, none, throttle, none);
    }
}

/// Interrupts among translated resources: vector, affinity, level-sensitive, message.
unsafe fn descriptors(words: &[u64]) -> Vec<(u32, u64, bool, bool)> {
    if words.is_empty() {
        return Vec::new();
    }
    let list = words.as_ptr().cast::<CM_RESOURCE_LIST>();
    let full = (&raw const (*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    let partial = &raw const (*full).PartialResourceList;
    let first = (&raw const (*partial).PartialDescriptors).cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
    (0..(*partial).Count as usize)
        .map(|n| first.add(n).read_unaligned())
        .filter(|d| u32::from(d.Type) == CmResourceTypeInterrupt)
        .map(|d| {
            let i = d.u.Interrupt;
            (i.Vector, i.Affinity as u64, d.Flags & 1 == 0, d.Flags & MESSAGE != 0)
        })
        .collect()
}

unsafe fn register(
    handle: NDIS_HANDLE,
    context: PVOID,
    characteristics: *mut NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS,
    out: *mut NDIS_HANDLE,
) -> NDIS_STATUS {
    let adapter = adapter_of(handle);
    *out = core::ptr::null_mut();
    if !form::INTERRUPT.check(characteristics.cast(), adapter.driver.version) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    let handlers = *characteristics;
    if handlers.InterruptHandler.is_none() || handlers.InterruptDpcHandler.is_none() {
        rules::report(
            &rules::HANDLER_MISSING,
            "InterruptHandler or InterruptDpcHandler is missing".into(),
            characteristics as usize,
            0,
        );
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    let all = descriptors(&(*adapter.resources.get()).1);
    let messages: Vec<_> = all.iter().filter(|d| d.3).copied().collect();
    let use_messages =
        handlers.MsiSupported != 0 && !messages.is_empty() && handlers.MessageInterruptHandler.is_some();
    let chosen: Vec<_> =
        if use_messages { messages } else { all.iter().filter(|d| !d.3).take(1).copied().collect() };
    if chosen.is_empty() {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    let count = chosen.len() * kernel().cpus.len();
    let zero = || UnsafeCell::new(core::mem::zeroed::<KDPC>());
    let mut made = Registered {
        context,
        handlers,
        connected: UnsafeCell::default(),
        dpcs: (0..count).map(|_| zero()).collect(),
    };
    made.handlers.InterruptType =
        if use_messages { NDIS_CONNECT_MESSAGE_BASED } else { NDIS_CONNECT_LINE_BASED };
    (*characteristics).InterruptType = made.handlers.InterruptType;
    let made: &'static Registered = Box::leak(Box::new(made));
    let at = core::ptr::from_ref(made) as PVOID;
    for dpc in &made.dpcs {
        dpc::initialize(dpc.get(), Some(deferred), at, false);
    }
    *out = at;
    state().objects.add(at as usize, KIND, handle as usize);
    for (id, (vector, affinity, level, _)) in chosen.into_iter().enumerate() {
        let service = if use_messages { Service::Message(message, id as u32) } else { Service::Line(line) };
        let mut interrupt = Interrupt::new(vector as u8, service, at);
        interrupt.affinity = u128::from(affinity.max(1));
        if level && !use_messages {
            interrupt.line = Some(vector);
        }
        (*made.connected.get()).push(interrupt::connect(interrupt));
    }
    NDIS_STATUS_SUCCESS
}

unsafe fn known(handle: NDIS_HANDLE) -> &'static Registered {
    if !state().objects.has(handle as usize, KIND) {
        rules::bad_handle("an NDIS interrupt handle", handle as usize);
    }
    &*(handle as *const Registered)
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMRegisterInterruptEx(handle: NDIS_HANDLE, context: NDIS_HANDLE, characteristics: *mut NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS, out: *mut NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        register(handle, context, characteristics, out)
    }
    fn NdisMDeregisterInterruptEx(handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] {
        let r = known(handle);
        for at in core::mem::take(&mut *r.connected.get()) {
            interrupt::disconnect(at);
        }
        dpc::flush(kernel());
        state().objects.remove(handle as usize, KIND);
    }
    fn NdisMQueueDpcEx(handle: NDIS_HANDLE, id: u32, targets: *const GROUP_AFFINITY, context: PVOID) -> u64 [irql any] {
        queue_on(known(handle), id, (*targets).Mask as u64);
        (*targets).Mask as u64
    }
    fn NdisMQueueDpc(handle: NDIS_HANDLE, id: u32, targets: u32, context: PVOID) -> u32 [irql any] {
        queue_on(known(handle), id, u64::from(targets));
        targets
    }
    fn NdisMSynchronizeWithInterruptEx(handle: NDIS_HANDLE, id: u32, routine: unsafe extern "win64" fn(PVOID) -> u8, context: PVOID) -> BOOLEAN [irql any] {
        let list = &*known(handle).connected.get();
        let interrupt = &*list[(id as usize).min(list.len() - 1)];
        let old = interrupt::acquire(interrupt);
        let result = crate::call!("MiniportSynchronizeInterrupt", routine, context);
        interrupt::release(interrupt, old);
        result
    }
}
