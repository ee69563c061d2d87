//! Interrupts: a vector per processor, or the device's line; and what the resource lists say.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{ffi::c_void, ptr, sync::atomic::Ordering};

use nt::sys::{
    BOOLEAN, CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_INTERRUPT_LATCHED, CM_RESOURCE_INTERRUPT_MESSAGE,
    CM_RESOURCE_LIST, CONNECT_FULLY_SPECIFIED, CONNECT_FULLY_SPECIFIED_GROUP, CmResourceTypeInterrupt,
    CmResourceTypeMemory, DEVICE_OBJECT, IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS,
    IO_CONNECT_INTERRUPT_PARAMETERS, IO_DISCONNECT_INTERRUPT_PARAMETERS, IoConnectInterruptEx,
    IoDisconnectInterruptEx, KINTERRUPT_MODE, Latched, LevelSensitive, NTSTATUS, PKINTERRUPT,
};
use xenbus::{
    arch::{Direct, Xen},
    event::Delivery,
};

use super::{events::Events, processors};
use crate::{irp::Irp, os::check};

/// An interrupt that was assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    vector: u32,
    irql: u8,
    group: u16,
    affinity: usize,
    latched: bool,
}

/// What was assigned to the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Memory BARs: start and length.
    pub memory: Vec<(u64, u64)>,
    /// The line interrupt.
    pub line: Option<Assigned>,
    /// Message-style interrupts.
    pub vectors: Vec<Assigned>,
}

impl Resources {
    /// Reads the translated list of a start request.
    #[expect(unsafe_code, reason = "reads the stack location")]
    pub fn read(irp: &Irp) -> Self {
        // SAFETY: the member that the start request uses.
        let list = unsafe { irp.location().Parameters.StartDevice.AllocatedResourcesTranslated };
        let mut found = Self::default();
        // SAFETY: null, or the PnP manager's list, alive during the request.
        if let Some(list) = unsafe { list.as_ref() }
            && list.Count >= 1
        {
            found.read_list(list);
        }
        found
    }

    #[expect(unsafe_code, reason = "a variable-length kernel structure")]
    fn read_list(&mut self, list: &CM_RESOURCE_LIST) {
        // A PCI function has one full descriptor.
        let partial = &raw const list.List[0].PartialResourceList;
        // SAFETY: part of the list.
        let count = unsafe { (*partial).Count };
        // SAFETY: part of the list.
        let first =
            unsafe { &raw const (*partial).PartialDescriptors }.cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
        for index in 0..count as usize {
            let at = first.wrapping_add(index);
            // SAFETY: the PnP manager's list has `count` descriptors.
            let descriptor = unsafe { at.read_unaligned() };
            self.read_one(&descriptor);
        }
    }

    #[expect(unsafe_code, reason = "reads a union by its tag")]
    fn read_one(&mut self, descriptor: &CM_PARTIAL_RESOURCE_DESCRIPTOR) {
        let kind = u32::from(descriptor.Type);
        let flags = u32::from(descriptor.Flags);
        if kind == CmResourceTypeMemory {
            // SAFETY: the member of this type.
            let memory = unsafe { descriptor.u.Memory };
            let start = memory.Start;
            // SAFETY: all bit patterns are integers.
            let start = unsafe { start.QuadPart }.cast_unsigned();
            self.memory.push((start, memory.Length.into()));
        } else if kind == CmResourceTypeInterrupt {
            // Translated message interrupts have the layout of line interrupts (wdm.h). With processor
            // groups the level has 16 bits and the group follows.
            // SAFETY: the member of this type.
            let interrupt = unsafe { descriptor.u.Interrupt };
            let assigned = Assigned {
                vector: interrupt.Vector,
                irql: interrupt.Level as u8,
                group: (interrupt.Level >> 16) as u16,
                affinity: interrupt.Affinity,
                latched: flags & CM_RESOURCE_INTERRUPT_LATCHED != 0,
            };
            if flags & CM_RESOURCE_INTERRUPT_MESSAGE != 0 {
                self.vectors.push(assigned);
            } else {
                self.line = Some(assigned);
            }
        }
    }
}

/// What the service routine gets.
struct Target {
    events: Arc<Events>,
    /// The processor whose queues are scanned.
    index: usize,
}

/// A connected interrupt.
struct Connection {
    object: PKINTERRUPT,
    version: u32,
    target: Box<Target>,
}

/// All connected interrupts; dropped, they are disconnected.
pub struct Interrupts {
    connections: Vec<Connection>,
    xen: Xen<Direct>,
    vectors: Vec<(u32, u8)>,
}

#[expect(unsafe_code, reason = "interrupt objects are only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Interrupts {}
#[expect(unsafe_code, reason = "interrupt objects are only passed back")]
// SAFETY: see the reason.
unsafe impl Sync for Interrupts {}

#[expect(unsafe_code, reason = "an interrupt service routine")]
unsafe extern "win64" fn service(_: PKINTERRUPT, context: *mut c_void) -> BOOLEAN {
    // SAFETY: the target of the connection, alive until it is disconnected.
    let target = unsafe { &*context.cast::<Target>() };
    u8::from(target.events.scan(target.index))
}

#[expect(unsafe_code, reason = "calls the kernel")]
fn connect(
    physical: *mut DEVICE_OBJECT,
    assigned: Assigned,
    grouped: bool,
    events: &Arc<Events>,
    index: usize,
) -> Result<Connection, NTSTATUS> {
    let mut target = Box::new(Target { events: Arc::clone(events), index });
    let mut object: PKINTERRUPT = ptr::null_mut();
    let mode: KINTERRUPT_MODE = if assigned.latched { Latched } else { LevelSensitive };
    let version = if grouped { CONNECT_FULLY_SPECIFIED_GROUP } else { CONNECT_FULLY_SPECIFIED };
    let mut parameters = IO_CONNECT_INTERRUPT_PARAMETERS { Version: version, ..Default::default() };
    parameters.__bindgen_anon_1.FullySpecified = IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS {
        PhysicalDeviceObject: physical,
        InterruptObject: &raw mut object,
        ServiceRoutine: Some(service),
        ServiceContext: (&raw mut *target).cast(),
        SynchronizeIrql: assigned.irql,
        ShareVector: u8::from(!assigned.latched),
        Vector: assigned.vector,
        Irql: assigned.irql,
        InterruptMode: mode,
        ProcessorEnableMask: assigned.affinity,
        Group: assigned.group,
        ..IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS::default()
    };
    // SAFETY: parameters outlive the call; the target outlives the connection.
    check(unsafe { IoConnectInterruptEx(&raw mut parameters) })?;
    Ok(Connection { object, version, target })
}

impl Interrupts {
    /// Connects vectors where the device got them and the hypervisor takes them; else the line. When
    /// processor 0 has no vector all events go by the line (which only vCPU 0 raises).
    ///
    /// # Errors
    /// The status of the line's connection: then there are no events at all.
    pub fn connect(
        xen: Xen<Direct>,
        physical: *mut DEVICE_OBJECT,
        resources: &Resources,
        events: &Arc<Events>,
        want_vectors: bool,
    ) -> Result<Self, NTSTATUS> {
        let mut all = Self { connections: Vec::new(), xen, vectors: Vec::new() };
        if want_vectors {
            all.connect_vectors(physical, resources, events);
        }
        let first_ready = events.cpus.first().is_some_and(|cpu| cpu.vectored.load(Ordering::Acquire));
        events.set_delivery(if first_ready { Delivery::PerVcpu } else { Delivery::Line });
        if let Some(line) = resources.line {
            // vCPU 0's queues, from whichever processor takes the line.
            let zero = events.cpus.iter().position(|cpu| cpu.vcpu == 0).unwrap_or(0);
            match connect(physical, line, false, events, zero) {
                Ok(connection) => all.connections.push(connection),
                Err(status) if !first_ready => return Err(status),
                Err(_) => {}
            }
        } else if !first_ready {
            return Err(nt::sys::STATUS_DEVICE_CONFIGURATION_ERROR);
        }
        Ok(all)
    }

    fn connect_vectors(&mut self, physical: *mut DEVICE_OBJECT, resources: &Resources, events: &Arc<Events>) {
        for assigned in resources.vectors.iter().filter(|a| a.affinity != 0) {
            let number = assigned.affinity.trailing_zeros() as u8;
            let found = events.cpus.iter().enumerate().find(|(index, cpu)| {
                let here = processors::number(*index as u32);
                here.is_some_and(|n| n.Group == assigned.group && n.Number == number)
                    && cpu.info.is_some()
                    && !cpu.vectored.load(Ordering::Acquire)
            });
            let Some((index, cpu)) = found else { continue };
            let Ok(vector) = u8::try_from(assigned.vector) else { continue };
            let Ok(connection) = connect(physical, *assigned, true, events, index) else { continue };
            // Kept even if the hypervisor refuses: disconnected with the others.
            self.connections.push(connection);
            if self.xen.hvm_set_upcall_vector(cpu.vcpu, Some(vector)).is_ok() {
                cpu.vectored.store(true, Ordering::Release);
                self.vectors.push((cpu.vcpu, vector));
            }
        }
    }

    /// After a wake in a new domain: tells the hypervisor the vectors again. Any IRQL. False when
    /// processor 0 lost its vector.
    pub fn restore(&self, events: &Events) -> bool {
        for (vcpu, vector) in &self.vectors {
            let done = self.xen.hvm_set_upcall_vector(*vcpu, Some(*vector)).is_ok();
            if let Some(cpu) = events.cpus.iter().find(|cpu| cpu.vcpu == *vcpu) {
                cpu.vectored.store(done, Ordering::Release);
            }
        }
        let ready = events.cpus.first().is_some_and(|cpu| cpu.vectored.load(Ordering::Acquire));
        events.set_delivery(if ready { Delivery::PerVcpu } else { Delivery::Line });
        ready
    }

    /// Number of processors that have a vector.
    pub fn vectors(&self) -> usize {
        self.vectors.len()
    }
}

impl Drop for Interrupts {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        for (vcpu, _) in &self.vectors {
            let _ = self.xen.hvm_set_upcall_vector(*vcpu, None);
        }
        for connection in self.connections.drain(..) {
            let mut parameters =
                IO_DISCONNECT_INTERRUPT_PARAMETERS { Version: connection.version, ..Default::default() };
            parameters.ConnectionContext.InterruptObject = connection.object;
            // SAFETY: connected by `connect`; the service routine does not run after this.
            unsafe { IoDisconnectInterruptEx(&raw mut parameters) };
            drop(connection.target);
        }
    }
}
