//! Plug and Play of the bus.

use alloc::sync::Arc;
use core::{
    ptr::{self, null_mut},
    sync::atomic::{AtomicPtr, Ordering},
};

use nt::sys::{
    BusRelations, DEVICE_OBJECT, DeviceUsageTypeDumpFile, DeviceUsageTypeHibernation, DeviceUsageTypePaging,
    IO_STATUS_BLOCK, IRP_MJ_PNP, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
    IRP_MN_DEVICE_USAGE_NOTIFICATION, IRP_MN_FILTER_RESOURCE_REQUIREMENTS, IRP_MN_QUERY_CAPABILITIES,
    IRP_MN_QUERY_DEVICE_RELATIONS, IRP_MN_QUERY_PNP_DEVICE_STATE, IRP_MN_QUERY_REMOVE_DEVICE,
    IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL, IoBuildSynchronousFsdRequest, IoDetachDevice, IoGetAttachedDeviceReference,
    IofCallDriver, NTSTATUS, ObfDereferenceObject, PNP_DEVICE_NOT_DISABLEABLE, STATUS_DEVICE_BUSY,
    STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_INSUFFICIENT_RESOURCES, STATUS_NOT_SUPPORTED, STATUS_PENDING,
    STATUS_SUCCESS,
};

use super::{Fdo, State};
use crate::{
    device,
    doors::Interface,
    irp::Irp,
    os::{Event, success},
    platform::{
        Platform, Resources,
        log::{Log, Severity},
    },
};

/// The bus that serves Xen. A machine may have a second platform device (5853:0001 and 5853:0002).
static BUS: AtomicPtr<DEVICE_OBJECT> = AtomicPtr::new(null_mut());

/// The slots of `usage`.
fn usage_index(kind: i32) -> Option<usize> {
    match kind {
        k if k == DeviceUsageTypePaging => Some(0),
        k if k == DeviceUsageTypeHibernation => Some(1),
        k if k == DeviceUsageTypeDumpFile => Some(2),
        _ => None,
    }
}

impl Fdo {
    /// `IRP_MJ_PNP`.
    pub fn pnp(self: Arc<Self>, mut irp: Irp) -> NTSTATUS {
        if let Err(status) = self.lock.acquire() {
            return irp.complete(status);
        }
        let minor = u32::from(irp.minor());
        let is = |code: u32| minor == code;
        if is(IRP_MN_REMOVE_DEVICE) {
            return self.remove(irp);
        }
        let status = if is(IRP_MN_START_DEVICE) {
            let status = self.start(&mut irp);
            irp.complete(status)
        } else if is(IRP_MN_QUERY_STOP_DEVICE) {
            self.query_stop(irp)
        } else if is(IRP_MN_QUERY_REMOVE_DEVICE) {
            self.query(irp, State::RemovePending)
        } else if is(IRP_MN_CANCEL_STOP_DEVICE) {
            self.undo(irp, State::StopPending)
        } else if is(IRP_MN_CANCEL_REMOVE_DEVICE) {
            self.undo(irp, State::RemovePending)
        } else if is(IRP_MN_STOP_DEVICE) {
            self.stop_platform();
            self.set_state(State::Stopped);
            irp.set_status(STATUS_SUCCESS);
            irp.pass(self.lower())
        } else if is(IRP_MN_SURPRISE_REMOVAL) {
            self.set_state(State::Surprised);
            self.stop_platform();
            irp.set_status(STATUS_SUCCESS);
            irp.pass(self.lower())
        } else if is(IRP_MN_QUERY_DEVICE_RELATIONS) {
            self.relations(irp)
        } else if is(IRP_MN_FILTER_RESOURCE_REQUIREMENTS) {
            self.filter(irp)
        } else if is(IRP_MN_QUERY_PNP_DEVICE_STATE) {
            self.device_state(irp)
        } else if is(IRP_MN_DEVICE_USAGE_NOTIFICATION) {
            self.usage(irp)
        } else if is(IRP_MN_QUERY_CAPABILITIES) {
            self.capabilities(irp)
        } else {
            irp.pass(self.lower())
        };
        self.lock.release();
        status
    }

    /// Start: first what is below, then Xen.
    fn start(self: &Arc<Self>, irp: &mut Irp) -> NTSTATUS {
        let status = irp.forward(self.lower());
        if !success(status) {
            return status;
        }
        let _starting = self.starting.lock();
        if !self.claim() {
            // Its children would have the same unique IDs as the other's, and Xen registers most things once.
            Log::new(self.device(), false).event(Severity::Error, "another device serves Xen already");
            return STATUS_DEVICE_CONFIGURATION_ERROR;
        }
        let resources = Resources::read(irp);
        match Platform::start(self, resources) {
            Ok(platform) => {
                *self.platform.lock() = Some(Arc::clone(&platform));
                self.set_state(State::Started);
                platform.open_for_business(self);
                let door = Interface::open(self);
                *self.door.lock() = door;
                STATUS_SUCCESS
            }
            Err(status) => {
                self.disclaim();
                status
            }
        }
    }

    /// Takes Xen for this bus, if no other bus of the machine has it.
    fn claim(&self) -> bool {
        let held = BUS.compare_exchange(null_mut(), self.device(), Ordering::AcqRel, Ordering::Acquire);
        held.is_ok() || held == Err(self.device())
    }

    fn disclaim(&self) {
        // Not ours: nothing to give back.
        let _ = BUS.compare_exchange(self.device(), null_mut(), Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Takes Xen down; the children's holdings are closed first.
    pub(super) fn stop_platform(&self) {
        let _starting = self.starting.lock();
        let door = self.door.lock().take();
        drop(door);
        let platform = self.platform.lock().take();
        if let Some(platform) = platform {
            for child in self.children() {
                child.holdings.close();
            }
            platform.stop();
            drop(platform);
            self.disclaim();
        }
    }

    /// Other resources would be another connection to Xen: what the drivers of our devices have of this one, rings and
    /// grants under I/O, would end. The system leaves a device that refuses where it is.
    fn query_stop(&self, irp: Irp) -> NTSTATUS {
        if self.children().iter().any(|child| child.holdings.are_in_use()) {
            return irp.complete(STATUS_DEVICE_BUSY);
        }
        self.query(irp, State::StopPending)
    }

    fn query(&self, mut irp: Irp, pending: State) -> NTSTATUS {
        // A disk with the paging file cannot go away under Windows.
        if self.in_paging_path() {
            return irp.complete(STATUS_DEVICE_BUSY);
        }
        self.set_state(pending);
        irp.set_status(STATUS_SUCCESS);
        irp.pass(self.lower())
    }

    fn undo(&self, mut irp: Irp, pending: State) -> NTSTATUS {
        let status = irp.forward(self.lower());
        self.cancel(pending);
        irp.complete(status)
    }

    /// Removal: everything goes, the children's objects included.
    #[expect(unsafe_code, reason = "detaches and deletes the device object")]
    fn remove(self: Arc<Self>, mut irp: Irp) -> NTSTATUS {
        self.set_state(State::Removed);
        self.stop_platform();
        // PnP has removed the children before; those that were reported as present still have their
        // objects, and nobody will ask for them again.
        let children = core::mem::take(&mut *self.children.lock());
        for child in children {
            child.holdings.close();
            child.delete();
        }
        self.lock.release_and_wait();
        let worker = self.worker.lock().take();
        drop(worker);
        irp.set_status(STATUS_SUCCESS);
        let status = irp.pass(self.lower());
        // SAFETY: attached in `add`.
        unsafe { IoDetachDevice(self.lower()) };
        let device = self.device();
        // SAFETY: detached; `self` is kept by this function until it returns.
        unsafe { device::delete(device) };
        status
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn relations(&self, mut irp: Irp) -> NTSTATUS {
        // SAFETY: the member that this minor function uses.
        let kind = unsafe { irp.location().Parameters.QueryDeviceRelations.Type };
        if kind == BusRelations {
            let status = self.bus_relations(&mut irp);
            if !success(status) {
                return irp.complete(status);
            }
            irp.set_status(status);
        }
        irp.pass(self.lower())
    }

    fn filter(&self, mut irp: Irp) -> NTSTATUS {
        // The function driver filters after the drivers below it.
        let status = irp.forward(self.lower());
        if !success(status) && status != STATUS_NOT_SUPPORTED {
            return irp.complete(status);
        }
        let filtered = self.filter_requirements(&mut irp);
        // Without the list of ours the line interrupt of theirs serves.
        irp.complete(if filtered { STATUS_SUCCESS } else { status })
    }

    fn device_state(&self, mut irp: Irp) -> NTSTATUS {
        let status = irp.forward(self.lower());
        let mut state = if success(status) { irp.information() } else { 0 };
        if self.in_paging_path() {
            state |= PNP_DEVICE_NOT_DISABLEABLE as usize;
        }
        irp.set_information(state);
        irp.complete(STATUS_SUCCESS)
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn capabilities(&self, mut irp: Irp) -> NTSTATUS {
        let status = irp.forward(self.lower());
        // SAFETY: the member that this minor function uses.
        let at = unsafe { irp.location().Parameters.DeviceCapabilities.Capabilities };
        // SAFETY: the sender's structure, alive during the request.
        if let Some(capabilities) = unsafe { at.as_mut() } {
            capabilities.set_SurpriseRemovalOK(0);
        }
        irp.complete(status)
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn usage(&self, mut irp: Irp) -> NTSTATUS {
        // SAFETY: the member that this minor function uses.
        let usage = unsafe { irp.location().Parameters.UsageNotification };
        let Some(index) = usage_index(usage.Type) else { return irp.pass(self.lower()) };
        if usage.InPath != 0 && self.state() != State::Started {
            return irp.complete(nt::sys::STATUS_DEVICE_NOT_READY);
        }
        // Counted before the others below, and taken back if they refuse.
        let count = &self.usage[index];
        let step = |entering: bool| {
            let change = |old: u32| if entering { old.checked_add(1) } else { old.checked_sub(1) };
            let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
        };
        step(usage.InPath != 0);
        let status = irp.forward(self.lower());
        if !success(status) {
            step(usage.InPath == 0);
        }
        // SAFETY: both are live device objects; ours is pageable only if the one below is.
        let below = unsafe { (*self.lower()).Flags } & nt::sys::DO_POWER_PAGABLE != 0;
        // SAFETY: our device object.
        unsafe { device::set_pagable(self.device(), below && !self.in_paging_path()) };
        irp.complete(status)
    }

    /// Sends a usage notification to the top of the bus's own stack, on behalf of a child.
    #[expect(unsafe_code, reason = "builds and sends a request")]
    pub fn forward_usage(&self, entering: bool, kind: i32) -> NTSTATUS {
        // SAFETY: our device, alive while its children are.
        let top = unsafe { IoGetAttachedDeviceReference(self.device()) };
        let done = Event::notification();
        let mut block = IO_STATUS_BLOCK::default();
        // SAFETY: event and status block outlive the wait below.
        let irp = unsafe {
            IoBuildSynchronousFsdRequest(
                IRP_MJ_PNP,
                top,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                done.raw(),
                &raw mut block,
            )
        };
        let mut status = STATUS_INSUFFICIENT_RESOURCES;
        if !irp.is_null() {
            // SAFETY: fresh; its current location is one above the first that the receiver gets.
            let mut request = unsafe { Irp::new(irp) };
            request.set_status(STATUS_NOT_SUPPORTED);
            let current: *mut nt::sys::IO_STACK_LOCATION = request.location();
            // SAFETY: `IoGetNextIrpStackLocation`: the location of the receiver.
            let next = unsafe { current.sub(1) };
            // SAFETY: that location is inside the IRP and nobody else's yet.
            let next = unsafe { &mut *next };
            next.MajorFunction = IRP_MJ_PNP as u8;
            next.MinorFunction = IRP_MN_DEVICE_USAGE_NOTIFICATION as u8;
            // SAFETY: the member that this minor function uses.
            let usage = unsafe { &mut next.Parameters.UsageNotification };
            usage.InPath = u8::from(entering);
            usage.Type = kind;
            // SAFETY: `top` is referenced.
            status = unsafe { IofCallDriver(top, irp) };
            if status == STATUS_PENDING {
                done.wait();
                // SAFETY: both members of the union are plain data.
                status = unsafe { block.__bindgen_anon_1.Status };
            }
        }
        // SAFETY: referenced above.
        unsafe { ObfDereferenceObject(top.cast()) };
        status
    }
}
