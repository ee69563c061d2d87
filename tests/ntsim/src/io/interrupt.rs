//! Connecting interrupts: IoConnectInterruptEx in all its versions, IoConnectInterrupt.
//!
//! Source: "Using IoConnectInterruptEx". Vector and IRQL are those of the translated resources; on x64 the IRQL of
//! a vector is its upper four bits.

use super::{glue, state};
use crate::export::caller;
use crate::ke::interrupt::{self, Interrupt, Service};
use crate::ke::sched::CpuSet;
use crate::kernel::kernel;
use crate::pnp::{self, resources::Message};
use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;
use nt::sys::*;

struct Connected {
    made_by: usize,
    pdo: usize,
}

/// Connected interrupts and message tables.
#[derive(Default)]
pub struct Table {
    interrupts: BTreeMap<usize, Connected>,
    messages: BTreeMap<usize, Vec<usize>>,
}

impl Table {
    /// Interrupts connected by code in a range of addresses.
    pub fn made_within(&self, range: &Range<usize>) -> usize {
        self.interrupts.values().filter(|c| range.contains(&c.made_by)).count()
    }

    /// Interrupts connected for a device.
    pub fn of_device(&self, pdo: *mut DEVICE_OBJECT) -> usize {
        self.interrupts.values().filter(|c| c.pdo == pdo as usize).count()
    }
}

type Line = unsafe extern "win64" fn(*mut c_void, *mut c_void) -> u8;
type MessageRoutine = unsafe extern "win64" fn(*mut c_void, *mut c_void, u32) -> u8;

/// Processors of a group as a set by system-wide index.
fn processors(group: u16, mask: u64) -> CpuSet {
    let size = kernel().config.group_size.clamp(1, 64);
    let base = u32::from(group) * size;
    if base >= 128 { 0 } else { CpuSet::from(mask) << base }
}

unsafe fn connect(
    pdo: *mut DEVICE_OBJECT,
    vector: u8,
    service: Service,
    context: *mut c_void,
    lock: *mut u64,
    synchronize: u8,
    affinity: CpuSet,
    gsi: Option<u32>,
) -> *mut Interrupt {
    let mut i = Interrupt::new(vector, service, context);
    i.lock = lock;
    i.synchronize_irql = synchronize.max(vector >> 4);
    i.affinity = affinity;
    i.line = gsi;
    let at = interrupt::connect(i);
    state()
        .interrupts
        .lock()
        .interrupts
        .insert(at as usize, Connected { made_by: caller(), pdo: pdo as usize });
    at
}

unsafe fn fully_specified(p: &IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS, grouped: bool) -> NTSTATUS {
    let Some(routine) = p.ServiceRoutine else { return STATUS_INVALID_PARAMETER };
    if p.PhysicalDeviceObject.is_null() || p.Irql > p.SynchronizeIrql || p.InterruptObject.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    let group = if grouped { p.Group } else { 0 };
    let set = processors(group, p.ProcessorEnableMask as u64);
    let active = crate::ke::thread::all_processors(kernel());
    if set & active == 0 || p.Vector > 0xFF || p.Vector < 0x30 || p.Irql != (p.Vector >> 4) as u8 {
        return STATUS_INVALID_PARAMETER;
    }
    let routine: Line = core::mem::transmute(routine);
    let latched = p.InterruptMode == Latched;
    let gsi = if latched { None } else { pnp::resources::gsi_of_vector(p.Vector as u8) };
    if !latched && gsi.is_none() {
        return STATUS_INVALID_PARAMETER;
    }
    let at = connect(
        p.PhysicalDeviceObject,
        p.Vector as u8,
        Service::Line(core::mem::transmute::<Line, _>(routine)),
        p.ServiceContext,
        p.SpinLock.cast(),
        p.SynchronizeIrql,
        set & active,
        gsi,
    );
    *p.InterruptObject = at as PKINTERRUPT;
    STATUS_SUCCESS
}

unsafe fn line_based(p: &IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS) -> NTSTATUS {
    let Some(routine) = p.ServiceRoutine else { return STATUS_INVALID_PARAMETER };
    if p.PhysicalDeviceObject.is_null() || p.InterruptObject.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    let Some(line) = pnp::resources::line_of(p.PhysicalDeviceObject) else { return STATUS_NOT_FOUND };
    let at = connect(
        p.PhysicalDeviceObject,
        line.vector,
        Service::Line(core::mem::transmute(routine)),
        p.ServiceContext,
        p.SpinLock.cast(),
        p.SynchronizeIrql,
        line.affinity,
        Some(line.gsi),
    );
    *p.InterruptObject = at as PKINTERRUPT;
    STATUS_SUCCESS
}

/// Returns the version that was used: messages, or the line as a fallback.
unsafe fn message_based(p: &IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS, version: &mut u32) -> NTSTATUS {
    if p.PhysicalDeviceObject.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    let messages: Vec<Message> = pnp::resources::messages_of(p.PhysicalDeviceObject);
    if messages.is_empty() {
        let Some(fallback) = p.FallBackServiceRoutine else { return STATUS_NOT_FOUND };
        let line = IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS {
            PhysicalDeviceObject: p.PhysicalDeviceObject,
            InterruptObject: p.ConnectionContext.InterruptObject,
            ServiceRoutine: Some(fallback),
            ServiceContext: p.ServiceContext,
            SpinLock: p.SpinLock,
            SynchronizeIrql: p.SynchronizeIrql,
            FloatingSave: p.FloatingSave,
        };
        *version = CONNECT_LINE_BASED;
        return line_based(&line);
    }
    let Some(routine) = p.MessageServiceRoutine else { return STATUS_INVALID_PARAMETER };
    let size = size_of::<IO_INTERRUPT_MESSAGE_INFO>()
        + (messages.len() - 1) * size_of::<IO_INTERRUPT_MESSAGE_INFO_ENTRY>();
    let table: *mut IO_INTERRUPT_MESSAGE_INFO = glue::pool(size, *b"IoMi", true).cast();
    if table.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let routine: MessageRoutine = core::mem::transmute(routine);
    let unified = messages.iter().map(|m| m.vector >> 4).max().unwrap_or(0).max(p.SynchronizeIrql);
    (*table).UnifiedIrql = unified;
    (*table).MessageCount = messages.len() as u32;
    let entries = core::ptr::addr_of_mut!((*table).MessageInfo).cast::<IO_INTERRUPT_MESSAGE_INFO_ENTRY>();
    let mut list = Vec::new();
    for (n, m) in messages.iter().enumerate() {
        let at = connect(
            p.PhysicalDeviceObject,
            m.vector,
            Service::Message(core::mem::transmute::<MessageRoutine, _>(routine), n as u32),
            p.ServiceContext,
            p.SpinLock.cast(),
            unified,
            m.affinity,
            None,
        );
        list.push(at as usize);
        let mut entry = IO_INTERRUPT_MESSAGE_INFO_ENTRY::default();
        entry.MessageAddress.QuadPart = m.address as i64;
        entry.MessageData = m.data;
        entry.TargetProcessorSet = m.affinity as u64 as _;
        entry.InterruptObject = at as PKINTERRUPT;
        entry.Vector = u32::from(m.vector);
        entry.Irql = m.vector >> 4;
        entry.Mode = Latched;
        entry.Polarity = InterruptActiveHigh;
        *entries.add(n) = entry;
    }
    state().interrupts.lock().messages.insert(table as usize, list);
    *p.ConnectionContext.InterruptMessageTable = table;
    STATUS_SUCCESS
}

unsafe fn disconnect(at: usize) {
    let known = state().interrupts.lock().interrupts.remove(&at).is_some();
    if !known {
        glue::bugcheck(
            0xC4,
            [0, at as u64, 0, 0],
            "IoDisconnectInterrupt of something that is no connected interrupt",
        );
    }
    interrupt::disconnect(at as *mut Interrupt);
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoConnectInterruptEx(parameters: *mut IO_CONNECT_INTERRUPT_PARAMETERS) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let p = &mut *parameters;
        if glue::fail_allocation() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        match p.Version {
            CONNECT_FULLY_SPECIFIED => fully_specified(&p.__bindgen_anon_1.FullySpecified, false),
            CONNECT_FULLY_SPECIFIED_GROUP => fully_specified(&p.__bindgen_anon_1.FullySpecified, true),
            CONNECT_LINE_BASED => line_based(&p.__bindgen_anon_1.LineBased),
            CONNECT_MESSAGE_BASED => {
                let mut version = CONNECT_MESSAGE_BASED;
                let inner = p.__bindgen_anon_1.MessageBased;
                let status = message_based(&inner, &mut version);
                p.Version = version;
                status
            }
            _ => {
                // What the system supports is told in Version.
                p.Version = CONNECT_FULLY_SPECIFIED_GROUP;
                STATUS_NOT_SUPPORTED
            }
        }
    }
    fn IoDisconnectInterruptEx(parameters: *mut IO_DISCONNECT_INTERRUPT_PARAMETERS) [irql == PASSIVE_LEVEL] {
        let p = &*parameters;
        let at = p.ConnectionContext.Generic as usize;
        let table = state().interrupts.lock().messages.remove(&at);
        match table {
            Some(list) => {
                for i in list {
                    disconnect(i);
                }
                glue::pool_free(at as *mut u8);
            }
            None => disconnect(at),
        }
    }
    fn IoConnectInterrupt(out: *mut *mut c_void, routine: PKSERVICE_ROUTINE, context: *mut c_void, lock: *mut u64,
        vector: u32, irql: u8, synchronize: u8, mode: i32, share: u8, affinity: u64, floating: u8) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let Some(routine) = routine else { return STATUS_INVALID_PARAMETER };
        let set = CpuSet::from(affinity) & crate::ke::thread::all_processors(kernel());
        if set == 0 || !(0x30..=0xFF).contains(&vector) || irql > synchronize {
            return STATUS_INVALID_PARAMETER;
        }
        let gsi = if mode == Latched { None } else { pnp::resources::gsi_of_vector(vector as u8) };
        let at = connect(core::ptr::null_mut(), vector as u8, Service::Line(core::mem::transmute(routine)), context, lock, synchronize, set, gsi);
        *out = at.cast();
        STATUS_SUCCESS
    }
    fn IoDisconnectInterrupt(at: *mut c_void) [irql == PASSIVE_LEVEL] {
        disconnect(at as usize);
    }
    fn IoGetAffinityInterrupt(at: *mut c_void, affinity: *mut GROUP_AFFINITY) -> NTSTATUS [irql any] {
        if !state().interrupts.lock().interrupts.contains_key(&(at as usize)) {
            return STATUS_INVALID_PARAMETER;
        }
        let set = (*at.cast::<Interrupt>()).affinity;
        let size = kernel().config.group_size.clamp(1, 64);
        let group = set.trailing_zeros() / size;
        *affinity = GROUP_AFFINITY { Mask: (set >> (group * size)) as u64 as _, Group: group as u16, Reserved: [0; 3] };
        STATUS_SUCCESS
    }
}
