//! The adapter's life: initialize, restart, pause, halt, shutdown.

use super::adapter::{Adapter, State};
use super::{adapter_of, attributes, rules, state};
use crate::abi::*;
use alloc::format;
use core::sync::atomic::Ordering::*;

/// How long an operation may take before it counts as hung, in seconds. NDIS itself waits for ever.
pub const LIMIT: u64 = 120;

/// Copies a CM_RESOURCE_LIST into words.
pub unsafe fn copy_resources(list: *const CM_RESOURCE_LIST) -> alloc::vec::Vec<u64> {
    if list.is_null() || (*list).Count == 0 {
        return alloc::vec::Vec::new();
    }
    let full = (&raw const (*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    let partial = &raw const (*full).PartialResourceList;
    let first = (&raw const (*partial).PartialDescriptors).cast::<u8>();
    let end = first as usize + (*partial).Count as usize * size_of::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
    let bytes = end - list as usize;
    let mut words = alloc::vec![0u64; bytes.div_ceil(8)];
    core::ptr::copy_nonoverlapping(list.cast::<u8>(), words.as_mut_ptr().cast::<u8>(), bytes);
    words
}

/// MiniportInitializeEx. PASSIVE_LEVEL.
pub unsafe fn initialize(adapter: &'static Adapter) -> NTSTATUS {
    let Some(routine) = adapter.handlers().InitializeHandlerEx else { return STATUS_INVALID_DEVICE_REQUEST };
    *adapter.attributes.lock() = Default::default();
    adapter.enter(State::Initializing);
    let translated = &mut (*adapter.resources.get()).1;
    let mut parameters = NDIS_MINIPORT_INIT_PARAMETERS {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS as u8,
            Revision: 1,
            Size: size_of::<NDIS_MINIPORT_INIT_PARAMETERS>() as u16,
        },
        MiniportAddDeviceContext: adapter.add_context.load(Acquire) as PVOID,
        IfIndex: adapter.index,
        ..Default::default()
    };
    if !translated.is_empty() {
        let list = translated.as_mut_ptr().cast::<CM_RESOURCE_LIST>();
        let full = (&raw mut (*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
        parameters.AllocatedResources = &raw mut (*full).PartialResourceList;
    }
    parameters.NetLuid.Value = adapter.luid();
    let status = crate::call!(
        "MiniportInitializeEx",
        routine,
        adapter.handle(),
        adapter.driver.context,
        &raw mut parameters
    );
    if status != NDIS_STATUS_SUCCESS {
        adapter.enter(State::Halted);
        left_behind(adapter, "after MiniportInitializeEx failed");
        return if status < 0 { status } else { STATUS_UNSUCCESSFUL };
    }
    if !attributes::complete(adapter) {
        halt(adapter, NdisHaltDeviceInitializationFailed);
        return STATUS_UNSUCCESSFUL;
    }
    adapter.enter(State::Paused);
    adapter.hang.start(adapter);
    STATUS_SUCCESS
}

/// MiniportRestart, and waits until it is complete. PASSIVE_LEVEL.
pub fn restart(adapter: &'static Adapter) -> NDIS_STATUS {
    if adapter.state() != State::Paused {
        return NDIS_STATUS_INVALID_STATE;
    }
    let Some(routine) = adapter.handlers().RestartHandler else { return NDIS_STATUS_FAILURE };
    let mut parameters = NDIS_MINIPORT_RESTART_PARAMETERS {
        Header: header(NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1),
        ..Default::default()
    };
    adapter.enter(State::Restarting);
    adapter.restart.begin();
    let returned = crate::call!("MiniportRestart", routine, adapter.context(), &raw mut parameters);
    let Some(status) = adapter.restart.end(returned, LIMIT) else {
        hang(adapter, "MiniportRestart");
        return NDIS_STATUS_FAILURE;
    };
    adapter.enter(if status == NDIS_STATUS_SUCCESS { State::Running } else { State::Paused });
    status
}

/// MiniportPause, and waits until it is complete. PASSIVE_LEVEL.
pub fn pause(adapter: &'static Adapter, reason: u32) {
    if adapter.state() != State::Running {
        return;
    }
    let Some(routine) = adapter.handlers().PauseHandler else { return };
    let mut parameters = NDIS_MINIPORT_PAUSE_PARAMETERS {
        Header: header(NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1),
        Flags: 0,
        PauseReason: reason,
    };
    adapter.pause_returned.store(false, Release);
    adapter.enter(State::Pausing);
    adapter.pause.begin();
    let returned = crate::call!("MiniportPause", routine, adapter.context(), &raw mut parameters);
    adapter.pause_returned.store(true, Release);
    // The stack gives back what it holds while the miniport waits for it.
    if let Some(client) = adapter.client() {
        client.pausing(adapter);
    }
    if returned != NDIS_STATUS_SUCCESS && returned != NDIS_STATUS_PENDING {
        rules::report(
            &rules::PAUSE_STATUS,
            format!("MiniportPause returned {returned:#x}"),
            adapter.handle() as usize,
            0,
        );
    }
    if returned != NDIS_STATUS_PENDING {
        quiet(adapter);
    }
    if adapter.pause.end(returned, LIMIT).is_none() {
        hang(adapter, "MiniportPause");
    }
    while adapter.data.senders.load(Acquire) != 0 {
        let mut nobody = super::adapter::event_zero();
        unsafe {
            crate::ke::event::initialize(&mut nobody, false, false);
            crate::ke::wait::wait_one(&mut nobody, crate::ke::wait::Timeout::millis(1));
        }
    }
    adapter.enter(State::Paused);
}

/// Rules for the moment at which a pause is complete.
fn quiet(adapter: &'static Adapter) {
    let (sends, receives) = (adapter.data.handed(), adapter.data.receives());
    if sends != 0 {
        let text = format!("the pause is complete with {sends} sends outstanding");
        rules::report(&rules::PAUSE_SENDS, text, adapter.handle() as usize, sends);
    }
    if receives != 0 {
        let text = format!("the pause is complete with {receives} indicated net buffer lists outstanding");
        rules::report(&rules::PAUSE_RECEIVES, text, adapter.handle() as usize, receives);
    }
}

/// MiniportHaltEx. PASSIVE_LEVEL; the adapter is paused.
pub fn halt(adapter: &'static Adapter, action: NDIS_HALT_ACTION) {
    if matches!(adapter.state(), State::Halted | State::Shutdown) {
        return;
    }
    adapter.hang.stop();
    if let Some(routine) = adapter.handlers().HaltHandlerEx {
        crate::call!("MiniportHaltEx", routine, adapter.context(), action);
    }
    adapter.enter(State::Halted);
    left_behind(adapter, "after MiniportHaltEx");
    adapter.set_context(core::ptr::null_mut());
}

fn left_behind(adapter: &'static Adapter, when: &str) {
    let (sends, receives) = (adapter.data.sends(), adapter.data.receives());
    if sends + receives != 0 {
        let text = format!("{when}: {sends} sends and {receives} receives are outstanding");
        rules::report(&rules::HALT_LEAK, text, adapter.handle() as usize, 0);
    }
    state().objects.report_left(adapter.handle() as usize, &rules::HALT_LEAK, when);
}

/// MiniportShutdownEx, for a bug check (any IRQL) or for power off (PASSIVE_LEVEL).
pub fn shutdown(adapter: &'static Adapter, action: NDIS_SHUTDOWN_ACTION) {
    if matches!(adapter.state(), State::Halted | State::Initializing | State::Shutdown) {
        return;
    }
    if let Some(routine) = adapter.handlers().ShutdownHandlerEx {
        crate::call!("MiniportShutdownEx", routine, adapter.context(), action);
    }
    adapter.enter(State::Shutdown);
}

/// Tells the miniport of a PnP event. PASSIVE_LEVEL.
pub fn notify(adapter: &'static Adapter, what: NDIS_DEVICE_PNP_EVENT, information: &mut [u8]) {
    if matches!(adapter.state(), State::Halted | State::Initializing | State::Shutdown) {
        return;
    }
    let Some(routine) = adapter.handlers().DevicePnPEventNotifyHandler else { return };
    let mut event = NET_DEVICE_PNP_EVENT {
        Header: header(44),
        DevicePnPEvent: what,
        InformationBuffer: if information.is_empty() {
            core::ptr::null_mut()
        } else {
            information.as_mut_ptr().cast()
        },
        InformationBufferLength: information.len() as u32,
        ..Default::default()
    };
    crate::call!("MiniportDevicePnPEventNotify", routine, adapter.context(), &raw mut event);
}

fn header(size: u64) -> NDIS_OBJECT_HEADER {
    NDIS_OBJECT_HEADER { Type: NDIS_OBJECT_TYPE_DEFAULT as u8, Revision: 1, Size: size as u16 }
}

fn hang(adapter: &'static Adapter, what: &str) {
    let text = format!("{what} was not completed within {LIMIT} s");
    rules::report(&rules::STATE_HANG, text, adapter.handle() as usize, 0);
}

fn not_pending(what: &str, adapter: &'static Adapter) {
    rules::report(
        &rules::STATE_COMPLETE,
        format!("{what}, but none is pending"),
        adapter.handle() as usize,
        0,
    );
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMPauseComplete(handle: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] {
        let adapter = adapter_of(handle);
        if adapter.pause.is_pending() {
            quiet(adapter);
        }
        if !adapter.pause.complete(NDIS_STATUS_SUCCESS) {
            not_pending("NdisMPauseComplete", adapter);
        }
    }
    fn NdisMRestartComplete(handle: NDIS_HANDLE, status: NDIS_STATUS) [irql <= DISPATCH_LEVEL] {
        let adapter = adapter_of(handle);
        if !adapter.restart.complete(status) {
            not_pending("NdisMRestartComplete", adapter);
        }
    }
    fn NdisMRemoveMiniport(handle: NDIS_HANDLE) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        // The device is reported as failed; PnP removes it.
        let adapter = adapter_of(handle);
        crate::pnp::event(format!("ndis: {} asks for its removal", adapter.key));
        crate::ex::work::queue(move || crate::ndis::pnp::failed(adapter));
        NDIS_STATUS_SUCCESS
    }
}
