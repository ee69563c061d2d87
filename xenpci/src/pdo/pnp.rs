//! Plug and Play of a child. A physical device object completes every request; it does so with the
//! status that came for those that it does not know (WDK, "Handling IRPs in a bus driver").

use alloc::string::String;
use core::{mem::size_of, sync::atomic::Ordering};

use nt::sys::{
    BusQueryCompatibleIDs, BusQueryContainerID, BusQueryDeviceID, BusQueryHardwareIDs, BusQueryInstanceID,
    DEVICE_RELATIONS, DeviceTextDescription, DeviceTextLocationInformation, DeviceUsageTypeDumpFile,
    DeviceUsageTypeHibernation, DeviceUsageTypePaging, GUID_BUS_TYPE_INTERNAL, IRP_MN_CANCEL_REMOVE_DEVICE,
    IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_DEVICE_USAGE_NOTIFICATION, IRP_MN_EJECT, IRP_MN_QUERY_BUS_INFORMATION,
    IRP_MN_QUERY_CAPABILITIES, IRP_MN_QUERY_DEVICE_RELATIONS, IRP_MN_QUERY_DEVICE_TEXT, IRP_MN_QUERY_ID,
    IRP_MN_QUERY_INTERFACE, IRP_MN_QUERY_PNP_DEVICE_STATE, IRP_MN_QUERY_REMOVE_DEVICE,
    IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL, NTSTATUS, PNP_BUS_INFORMATION, PNP_DEVICE_FAILED, PNP_DEVICE_NOT_DISABLEABLE,
    STATUS_DEVICE_BUSY, STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS,
    TargetDeviceRelation,
};

use super::{Pdo, State, caps, ids};
use crate::irp::{Irp, pool};

impl Pdo {
    /// `IRP_MJ_PNP`.
    pub fn pnp(self: alloc::sync::Arc<Self>, irp: Irp) -> NTSTATUS {
        if self.lock.acquire().is_err() {
            return irp.complete(STATUS_NO_SUCH_DEVICE);
        }
        let minor = u32::from(irp.minor());
        if minor == IRP_MN_REMOVE_DEVICE {
            return self.remove(irp);
        }
        let (irp, status) = self.answer(irp, minor);
        let status = match status {
            Some(status) => irp.complete(status),
            None => irp.complete_as_is(),
        };
        self.lock.release();
        status
    }

    /// The answer; `None` leaves the status as it came.
    fn answer(self: &alloc::sync::Arc<Self>, mut irp: Irp, minor: u32) -> (Irp, Option<NTSTATUS>) {
        let is = |code: u32| minor == code;
        let status = if is(IRP_MN_START_DEVICE) {
            self.set_state(State::Started);
            if let Some(platform) = self.bus.upgrade().and_then(|bus| bus.platform()) {
                platform.child_started();
            }
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_QUERY_STOP_DEVICE) {
            Some(self.query(State::StopPending))
        } else if is(IRP_MN_CANCEL_STOP_DEVICE) {
            self.cancel(State::StopPending);
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_STOP_DEVICE) {
            self.set_state(State::Stopped);
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_QUERY_REMOVE_DEVICE) {
            Some(self.query(State::RemovePending))
        } else if is(IRP_MN_CANCEL_REMOVE_DEVICE) {
            self.cancel(State::RemovePending);
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_SURPRISE_REMOVAL) {
            self.set_state(State::Surprised);
            self.holdings.close();
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_EJECT) {
            self.eject();
            Some(STATUS_SUCCESS)
        } else if is(IRP_MN_QUERY_DEVICE_RELATIONS) {
            self.relations(&mut irp)
        } else if is(IRP_MN_QUERY_CAPABILITIES) {
            self.capabilities(&irp)
        } else if is(IRP_MN_QUERY_ID) {
            self.id(&mut irp)
        } else if is(IRP_MN_QUERY_DEVICE_TEXT) {
            self.text(&mut irp)
        } else if is(IRP_MN_QUERY_BUS_INFORMATION) {
            Some(bus_information(&mut irp))
        } else if is(IRP_MN_QUERY_INTERFACE) {
            crate::iface::query(self, &irp)
        } else if is(IRP_MN_QUERY_PNP_DEVICE_STATE) {
            Some(self.device_state(&mut irp))
        } else if is(IRP_MN_DEVICE_USAGE_NOTIFICATION) {
            self.usage(&irp)
        } else {
            // No resources to ask for, and nothing else that a child of this bus has.
            None
        };
        (irp, status)
    }

    /// Stop or removal is asked for: not while a paging file lies below.
    fn query(&self, pending: State) -> NTSTATUS {
        if self.in_paging_path() {
            return STATUS_DEVICE_BUSY;
        }
        self.set_state(pending);
        STATUS_SUCCESS
    }

    /// Removal. The device object stays as long as the hardware is reported (it can be started
    /// again), and goes when it is missing or was surprise-removed.
    fn remove(self: &alloc::sync::Arc<Self>, irp: Irp) -> NTSTATUS {
        let gone = self.is_missing() || self.state() == State::Surprised;
        self.holdings.close();
        if gone {
            // Nobody may come in any more; who is inside is waited for.
            self.lock.release_and_wait();
            if let Some(bus) = self.bus.upgrade() {
                bus.forget(self);
            }
            let status = irp.complete(STATUS_SUCCESS);
            self.delete();
            return status;
        }
        self.set_state(State::NotStarted);
        let status = irp.complete(STATUS_SUCCESS);
        self.lock.release();
        status
    }

    /// Ejected: the host is told, and the next enumeration leaves the child out.
    fn eject(self: &alloc::sync::Arc<Self>) {
        self.set_missing();
        if let Some(bus) = self.bus.upgrade() {
            bus.ejected(self.kind);
        }
    }

    #[expect(unsafe_code, reason = "reads the stack location, writes the list")]
    fn relations(&self, irp: &mut Irp) -> Option<NTSTATUS> {
        // SAFETY: the member that this minor function uses.
        let kind = unsafe { irp.location().Parameters.QueryDeviceRelations.Type };
        if kind != TargetDeviceRelation {
            // Ejection takes nothing else along: no answer is the answer.
            return None;
        }
        let list = pool(size_of::<DEVICE_RELATIONS>()).cast::<DEVICE_RELATIONS>();
        if list.is_null() {
            return Some(STATUS_INSUFFICIENT_RESOURCES);
        }
        let device = self.referenced_device()?;
        // SAFETY: fresh memory of that size.
        unsafe { list.write(DEVICE_RELATIONS { Count: 1, Objects: [device] }) };
        irp.set_information(list.addr());
        Some(STATUS_SUCCESS)
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn capabilities(&self, irp: &Irp) -> Option<NTSTATUS> {
        // SAFETY: the member that this minor function uses.
        let at = unsafe { irp.location().Parameters.DeviceCapabilities.Capabilities };
        // SAFETY: the sender's structure, alive during the request.
        let capabilities = unsafe { at.as_mut() }?;
        if capabilities.Version < 1 || usize::from(capabilities.Size) < size_of_val(capabilities) {
            return None;
        }
        caps::fill(self.kind, capabilities);
        Some(STATUS_SUCCESS)
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn id(&self, irp: &mut Irp) -> Option<NTSTATUS> {
        // SAFETY: the member that this minor function uses.
        let kind = unsafe { irp.location().Parameters.QueryId.IdType };
        let single = |text: String| -> alloc::vec::Vec<u16> { text.encode_utf16().chain([0]).collect() };
        let id = match kind {
            k if k == BusQueryDeviceID => single(self.kind.device_id()),
            k if k == BusQueryHardwareIDs => ids::multi_sz(&self.kind.hardware_ids()),
            k if k == BusQueryCompatibleIDs => ids::multi_sz(&self.kind.compatible_ids()),
            k if k == BusQueryInstanceID => single(self.kind.instance_id()),
            k if k == BusQueryContainerID => single(String::from(ids::CONTAINER)),
            _ => return None,
        };
        Some(give_text(irp, &id))
    }

    #[expect(unsafe_code, reason = "reads the stack location")]
    fn text(&self, irp: &mut Irp) -> Option<NTSTATUS> {
        // SAFETY: the member that this minor function uses.
        let kind = unsafe { irp.location().Parameters.QueryDeviceText.DeviceTextType };
        let text = match kind {
            k if k == DeviceTextDescription => String::from(self.kind.description()),
            k if k == DeviceTextLocationInformation => alloc::format!("Xen {}", self.kind.path()),
            _ => return None,
        };
        let text: alloc::vec::Vec<u16> = text.encode_utf16().chain([0]).collect();
        Some(give_text(irp, &text))
    }

    fn device_state(&self, irp: &mut Irp) -> NTSTATUS {
        let mut state = irp.information();
        if self.in_paging_path() {
            state |= PNP_DEVICE_NOT_DISABLEABLE as usize;
        }
        if self.failed.load(Ordering::Relaxed) {
            state |= PNP_DEVICE_FAILED as usize;
        }
        irp.set_information(state);
        STATUS_SUCCESS
    }

    /// A paging, dump or hibernation file moves onto or off a disk below. The bus has to know too:
    /// its own stack must then not be stopped (WINDOWS: usage notifications reach the bus).
    #[expect(unsafe_code, reason = "reads the stack location")]
    fn usage(&self, irp: &Irp) -> Option<NTSTATUS> {
        // SAFETY: the member that this minor function uses.
        let usage = unsafe { irp.location().Parameters.UsageNotification };
        let index = match usage.Type {
            t if t == DeviceUsageTypePaging => 0,
            t if t == DeviceUsageTypeHibernation => 1,
            t if t == DeviceUsageTypeDumpFile => 2,
            _ => return None,
        };
        let entering = usage.InPath != 0;
        if let Some(bus) = self.bus.upgrade() {
            let status = bus.forward_usage(entering, usage.Type);
            if !crate::os::success(status) {
                return Some(status);
            }
        }
        if entering {
            self.usage[index].fetch_add(1, Ordering::Relaxed);
        } else {
            let less = |count: u32| count.checked_sub(1);
            // More leavings than enterings would be the sender's fault; the count stays at 0.
            let _ = self.usage[index].fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
        self.update_pagable();
        Some(STATUS_SUCCESS)
    }
}

#[expect(unsafe_code, reason = "writes to pool")]
fn give_text(irp: &mut Irp, text: &[u16]) -> NTSTATUS {
    let memory = pool(size_of_val(text)).cast::<u16>();
    if memory.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: fresh memory of that size.
    unsafe { memory.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    irp.set_information(memory.addr());
    STATUS_SUCCESS
}

#[expect(unsafe_code, reason = "writes to pool")]
fn bus_information(irp: &mut Irp) -> NTSTATUS {
    let memory = pool(size_of::<PNP_BUS_INFORMATION>()).cast::<PNP_BUS_INFORMATION>();
    if memory.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let information = PNP_BUS_INFORMATION {
        BusTypeGuid: GUID_BUS_TYPE_INTERNAL,
        LegacyBusType: nt::sys::Internal,
        BusNumber: 0,
    };
    // SAFETY: fresh memory of that size.
    unsafe { memory.write(information) };
    irp.set_information(memory.addr());
    STATUS_SUCCESS
}
