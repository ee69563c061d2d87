//! Taking devices away: query-remove, remove, surprise removal, eject, disable; stopping and rebalancing.
//!
//! Sources: "Removing a Device", "Stopping a Device", IRP_MN_SURPRISE_REMOVAL, IRP_MN_EJECT.

use super::{
    event, manager, node,
    node::{NodeId, NodeState},
    pdo, request,
    resources::arbiter,
    state, with,
};
use crate::cm;
use crate::io::{device, driver, glue, interface, notify};
use alloc::{format, vec::Vec};
use nt::sys::*;

/// The node and everything below it, leaves first.
fn subtree(id: NodeId) -> Vec<NodeId> {
    fn walk(nodes: &[node::Node], id: NodeId, out: &mut Vec<NodeId>) {
        for child in nodes[id].children.iter().rev() {
            walk(nodes, *child, out);
        }
        out.push(id);
    }
    let nodes = state().nodes.lock();
    let mut out = Vec::new();
    walk(&nodes, id, &mut out);
    out
}

/// Devices of a node's stack.
unsafe fn devices(id: NodeId) -> Vec<usize> {
    let mut at = pdo(id);
    let mut out = Vec::new();
    while !at.is_null() {
        out.push(at as usize);
        at = (*at).AttachedDevice;
    }
    out
}

unsafe fn open_files(id: NodeId) -> Vec<usize> {
    let list = devices(id);
    crate::io::state().files.lock().of_devices(&list)
}

unsafe fn drivers(id: NodeId) -> Vec<usize> {
    let mut out: Vec<usize> =
        devices(id).into_iter().skip(1).map(|d| (*(d as *mut DEVICE_OBJECT)).DriverObject as usize).collect();
    out.dedup();
    out
}

/// Unloads drivers that have no devices any more.
unsafe fn unload_idle(list: Vec<usize>) {
    for at in list {
        let object = at as *mut DRIVER_OBJECT;
        let alive = crate::io::state().drivers.lock().get(object).is_some();
        if alive
            && (*object).DeviceObject.is_null()
            && (*object).DriverUnload.is_some()
            && (*(*object).DriverExtension).AddDevice.is_some()
        {
            let name =
                crate::io::state().drivers.lock().get(object).map(|d| d.service.clone()).unwrap_or_default();
            event(format!("unloading {name}"));
            driver::unload(object);
        }
    }
}

/// IRP_MN_REMOVE_DEVICE for one stack; resources and interfaces go.
pub unsafe fn remove_stack(id: NodeId) {
    let at = pdo(id);
    let above = drivers(id);
    interface::device_removed(at);
    let present = with(id, |n| n.present);
    // The node's reference keeps the PDO's memory until the request is over.
    request::send(at, IRP_MN_REMOVE_DEVICE, [0; 4]);
    arbiter().release(id);
    let path = with(id, |n| {
        n.assigned.clear();
        n.state = if present { NodeState::Removed } else { NodeState::Deleted };
        n.usage = [0; 3];
        n.path.clone()
    });
    event(format!("removed {path}"));
    if !present {
        with(id, |n| n.pdo = 0);
        let parent = with(id, |n| n.parent);
        if let Some(parent) = parent {
            with(parent, |n| n.children.retain(|c| *c != id));
        }
        glue::dereference(at.cast());
    }
    unload_idle(above);
}

/// A bus does not report a device any more.
pub unsafe fn vanished(id: NodeId) {
    for one in subtree(id) {
        with(one, |n| n.present = false);
    }
    surprise(id);
}

/// Surprise removal of a device and what is below it: told at once, removed when nobody has it open.
pub unsafe fn surprise(id: NodeId) {
    let list = subtree(id);
    for one in &list {
        let was = with(*one, |n| n.state);
        if matches!(was, NodeState::Started | NodeState::Stopped) {
            event(format!("surprise removal of {}", with(*one, |n| n.path.clone())));
            with(*one, |n| n.state = NodeState::Surprised);
            interface::device_removed(pdo(*one));
            request::send(pdo(*one), IRP_MN_SURPRISE_REMOVAL, [0; 4]);
            let files = open_files(*one);
            notify::target_event(&files, GUID_TARGET_DEVICE_REMOVE_COMPLETE);
        }
    }
    for one in list {
        finish_surprise(one);
    }
}

/// Removes a device that vanished, if no handle is open; called again when handles are closed.
pub unsafe fn finish_surprise(id: NodeId) {
    let (was, at) = with(id, |n| (n.state, n.pdo));
    if at == 0 || matches!(was, NodeState::Deleted) {
        return;
    }
    let children = with(id, |n| n.children.len());
    if children != 0 || !open_files(id).is_empty() {
        event(format!("{} waits for its handles", with(id, |n| n.path.clone())));
        return;
    }
    if was == NodeState::Removed && with(id, |n| n.present) {
        return;
    }
    remove_stack(id);
}

/// After handles were closed: devices that waited for it are removed.
pub fn handles_closed() {
    manager::exclusively(|| {
        let waiting: Vec<NodeId> = {
            let nodes = state().nodes.lock();
            (0..nodes.len()).rev().filter(|n| nodes[*n].state == NodeState::Surprised).collect()
        };
        for id in waiting {
            unsafe { finish_surprise(id) };
        }
    });
}

/// IRP_MN_QUERY_REMOVE_DEVICE for a device and everything below it, leaves first.
///
/// # Errors
/// The veto's status; then everything that was asked has been told IRP_MN_CANCEL_REMOVE_DEVICE.
pub unsafe fn query_remove(id: NodeId) -> Result<(), NTSTATUS> {
    let mut asked = Vec::new();
    for one in subtree(id) {
        if with(one, |n| n.state) != NodeState::Started {
            continue;
        }
        let files = open_files(one);
        let mut status = notify::target_event(&files, GUID_TARGET_DEVICE_QUERY_REMOVE);
        if status >= 0 {
            status = request::send(pdo(one), IRP_MN_QUERY_REMOVE_DEVICE, [0; 4]).0;
            asked.push(one);
        }
        if status >= 0 && !open_files(one).is_empty() {
            // PNP_VetoOutstandingOpen.
            status = STATUS_DEVICE_BUSY;
        }
        if status < 0 {
            let path = with(one, |n| n.path.clone());
            event(format!("removal of {path} refused with {status:#010x}"));
            with(id, |n| n.veto = Some(path));
            for back in asked.into_iter().rev() {
                request::send(pdo(back), IRP_MN_CANCEL_REMOVE_DEVICE, [0; 4]);
                let files = open_files(back);
                notify::target_event(&files, GUID_TARGET_DEVICE_REMOVE_CANCELLED);
            }
            return Err(status);
        }
    }
    Ok(())
}

unsafe fn remove_subtree(id: NodeId) {
    for one in subtree(id) {
        if matches!(
            with(one, |n| n.state),
            NodeState::Started | NodeState::Stopped | NodeState::Added | NodeState::Identified
        ) {
            if one != id {
                // A removed parent takes its children along.
                with(one, |n| n.present = false);
            }
            remove_stack(one);
        }
    }
}

/// Orderly removal of the drivers of a device, as Device Manager's "uninstall" or an update does.
///
/// # Errors
/// The veto.
pub fn remove(id: NodeId) -> Result<(), NTSTATUS> {
    manager::exclusively(|| unsafe {
        query_remove(id)?;
        remove_subtree(id);
        Ok(())
    })
}

/// Disables a device: orderly removal, CONFIGFLAG_DISABLED, problem 22.
///
/// # Errors
/// STATUS_UNSUCCESSFUL for a device that says it is not disableable; the veto.
pub fn disable(id: NodeId) -> Result<(), NTSTATUS> {
    manager::exclusively(|| unsafe {
        if with(id, |n| n.pnp_state) & PNP_DEVICE_NOT_DISABLEABLE != 0 {
            return Err(STATUS_UNSUCCESSFUL);
        }
        query_remove(id)?;
        remove_subtree(id);
        cm::set_dword(&with(id, |n| n.enum_key()), "ConfigFlags", 1, false);
        manager::problem(id, node::PROBLEM_DISABLED, 0);
        Ok(())
    })
}

/// Enables a device again.
pub fn enable(id: NodeId) {
    manager::exclusively(|| unsafe {
        let key = with(id, |n| n.enum_key());
        let flags = cm::get_dword(&key, "ConfigFlags").unwrap_or(0);
        cm::set_dword(&key, "ConfigFlags", flags & !1, false);
        manager::bring_up(id);
    });
}

/// Restarts a device that has been removed while its hardware is there (problem codes 10, 31, 43 …), as "disable,
/// enable" or a scan for changes does.
pub fn revive(id: NodeId) {
    manager::exclusively(|| unsafe { manager::bring_up(id) });
}

/// A device has failed while running: surprise removal without the hardware having gone.
pub unsafe fn fail(id: NodeId, code: u32) {
    for one in subtree(id) {
        if with(one, |n| n.state) == NodeState::Started {
            with(one, |n| n.state = NodeState::Surprised);
            request::send(pdo(one), IRP_MN_SURPRISE_REMOVAL, [0; 4]);
        }
    }
    for one in subtree(id) {
        if one != id {
            with(one, |n| n.present = false);
        }
        finish_surprise(one);
    }
    manager::problem(id, code, STATUS_UNSUCCESSFUL);
}

/// Ejects a device: orderly removal, then IRP_MN_EJECT to the bus, then the bus is asked again.
///
/// # Errors
/// The veto, or the status of IRP_MN_EJECT.
pub fn eject(id: NodeId) -> Result<(), NTSTATUS> {
    manager::exclusively(|| unsafe {
        query_remove(id)?;
        remove_subtree(id);
        let (status, _) = request::send(pdo(id), IRP_MN_EJECT, [0; 4]);
        let parent = with(id, |n| n.parent);
        if status < 0 && status != STATUS_NOT_SUPPORTED {
            manager::problem(id, node::PROBLEM_HELD_FOR_EJECT, status);
            return Err(status);
        }
        if let Some(parent) = parent {
            manager::enumerate(parent);
        }
        if with(id, |n| n.present) {
            manager::problem(id, node::PROBLEM_HELD_FOR_EJECT, status);
        }
        Ok(())
    })
}

/// Stops a device, lets the arbiter choose anew, and starts it.
///
/// # Errors
/// The refusal of IRP_MN_QUERY_STOP_DEVICE (cancelled then), or the failure to start.
pub fn rebalance(id: NodeId) -> Result<(), NTSTATUS> {
    manager::exclusively(|| unsafe {
        stop(id)?;
        let at = pdo(id);
        arbiter().release(id);
        // The bus is asked again: the requirements may be what has changed.
        let wanted = request::wanted(at);
        let (requirements, raw) = request::filtered(at, &wanted)?;
        with(id, |n| n.wanted = wanted);
        let (key, boot) = with(id, |n| {
            n.requirements = requirements.clone();
            n.requirements_raw = raw;
            (n.enum_key(), n.boot.clone())
        });
        let interrupts = format!("{key}\\Device Parameters\\Interrupt Management");
        let groups =
            cm::get_dword(&format!("{interrupts}\\Affinity Policy"), "GroupPolicy").unwrap_or(0) != 0;
        let Some(assigned) = arbiter().assign(id, &requirements, &boot, groups) else {
            fail(id, node::PROBLEM_CONFLICT);
            return Err(STATUS_CONFLICTING_ADDRESSES);
        };
        with(id, |n| n.assigned = assigned);
        let status = manager::restart(id);
        if status < 0 {
            fail(id, node::PROBLEM_FAILED_START);
            return Err(status);
        }
        with(id, |n| n.state = NodeState::Started);
        event(format!("restarted {}", with(id, |n| n.path.clone())));
        manager::check_state(id);
        if with(id, |n| n.state == NodeState::Started) {
            manager::enumerate(id);
        }
        Ok(())
    })
}

/// IRP_MN_QUERY_STOP_DEVICE and IRP_MN_STOP_DEVICE.
unsafe fn stop(id: NodeId) -> Result<(), NTSTATUS> {
    if with(id, |n| n.state) != NodeState::Started {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    let (status, _) = request::send(pdo(id), IRP_MN_QUERY_STOP_DEVICE, [0; 4]);
    if status < 0 {
        request::send(pdo(id), IRP_MN_CANCEL_STOP_DEVICE, [0; 4]);
        return Err(status);
    }
    request::send(pdo(id), IRP_MN_STOP_DEVICE, [0; 4]);
    with(id, |n| n.state = NodeState::Stopped);
    Ok(())
}

/// IRP_MN_QUERY_STOP_DEVICE followed by IRP_MN_CANCEL_STOP_DEVICE: somebody else refused a rebalance.
///
/// # Errors
/// The refusal.
pub fn query_stop_cancelled(id: NodeId) -> Result<(), NTSTATUS> {
    manager::exclusively(|| unsafe {
        let (status, _) = request::send(pdo(id), IRP_MN_QUERY_STOP_DEVICE, [0; 4]);
        request::send(pdo(id), IRP_MN_CANCEL_STOP_DEVICE, [0; 4]);
        if status < 0 { Err(status) } else { Ok(()) }
    })
}

/// Asks a bus for its devices again ("scan for hardware changes").
pub fn rescan(id: NodeId) {
    manager::exclusively(|| unsafe { manager::enumerate(id) });
}

/// Top of a device's stack, for tests that send requests of their own.
pub fn top(id: NodeId) -> *mut DEVICE_OBJECT {
    unsafe { device::top(pdo(id)) }
}
