//! Pause, restart, reset, hang check, power and plug-and-play.
#![allow(unsafe_code, reason = "called by NDIS")]

use core::sync::atomic::Ordering;

use nt::sys::*;
use xenbus::seam::Clock;

use crate::{
    adapter::Adapter,
    connect::command,
    tx::{self, Chain},
};

/// Time without an answer to a send after which the back-end counts as hung, in nanoseconds. NDIS
/// resets the miniport then, which connects anew.
const HANG: u64 = 10_000_000_000;

/// Completes everything that waits to be sent.
pub fn abort_all(adapter: &Adapter, status: NDIS_STATUS) {
    for queue in &adapter.queues {
        let mut done = Chain::new();
        queue.tx.lock().abort(None, status, &mut done);
        tx::complete_all(adapter, &done);
    }
}

/// `MiniportPause`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn pause(
    context: *mut c_void,
    _parameters: *mut NDIS_MINIPORT_PAUSE_PARAMETERS,
) -> NDIS_STATUS {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    // We are inside ourselves until everything that waits is completed: so it is either us who are the
    // last, or a list that leaves later, and never both.
    adapter.gate.hold();
    adapter.gate.close();
    abort_all(adapter, NDIS_STATUS_PAUSED);
    if adapter.gate.leave(1) { NDIS_STATUS_SUCCESS } else { NDIS_STATUS_PENDING }
}

/// `MiniportRestart`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn restart(
    context: *mut c_void,
    _parameters: *mut NDIS_MINIPORT_RESTART_PARAMETERS,
) -> NDIS_STATUS {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    adapter.gate.open();
    NDIS_STATUS_SUCCESS
}

/// `MiniportCheckForHangEx`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn check_for_hang(context: *mut c_void) -> BOOLEAN {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    let now = adapter.host.client.now();
    let hung = adapter.queues.iter().any(|queue| queue.tx.lock().queue.stalled(now, HANG));
    BOOLEAN::from(hung)
}

/// `MiniportResetEx`: connects anew. The reset is complete when the old connection is closed, and with
/// it the sends that the back-end did not answer.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn reset(context: *mut c_void, addressing_reset: *mut u8) -> NDIS_STATUS {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    // SAFETY: NDIS's variable. Filter, groups and offloads are kept, and set again by us.
    unsafe { addressing_reset.write(0) };
    abort_all(adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    adapter.resetting.store(true, Ordering::Release);
    adapter.connect.command(command::RESET);
    NDIS_STATUS_PENDING
}

/// The old connection is closed, or there was none: a reset that NDIS waits for is complete.
pub fn end_reset(adapter: &Adapter) {
    if adapter.resetting.swap(false, Ordering::AcqRel) {
        let _dispatch = nt::ke::irql::Dispatch::raise();
        // SAFETY: a reset is pending, and completed once.
        unsafe { NdisMResetComplete(adapter.handle(), NDIS_STATUS_SUCCESS, 0) };
    }
}

/// `MiniportShutdownEx`: nothing has to be done, because the back-end sees the domain go. Any IRQL.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn shutdown(_context: *mut c_void, _action: NDIS_SHUTDOWN_ACTION) {}

/// `MiniportDevicePnPEventNotify`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn pnp_event(context: *mut c_void, event: *mut NET_DEVICE_PNP_EVENT) {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    // SAFETY: valid for the call.
    if unsafe { (*event).DevicePnPEvent } == NdisDevicePnPEventSurpriseRemoved {
        // What is on the ring completes when the back-end closes, or when the bound on that is over.
        adapter.connect.command(command::STOP);
    }
}
