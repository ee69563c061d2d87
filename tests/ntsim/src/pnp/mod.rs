//! pnp: the device tree, driver installation by INF, starting and removing devices.
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

pub mod boot;
pub mod bus;
pub mod install;
pub mod manager;
pub mod node;
pub mod pci;
pub mod pe;
pub mod property;
pub mod removal;
pub mod request;
pub mod resources;
pub mod service;
pub mod store;

use crate::export::Export;
use crate::kernel::{kernel, lock::Lock};
use alloc::{format, string::String, vec::Vec};
use node::{Node, NodeId};
use nt::sys::*;
use resources::Assigned;

/// State of the Plug and Play manager.
#[derive(Default)]
pub struct State {
    /// Device nodes; the root is the first.
    pub nodes: Lock<Vec<Node>>,
    /// Installed packages and files.
    pub store: Lock<store::Store>,
    /// Work asked for by drivers that the manager's thread does.
    pub queue: Lock<Vec<manager::Work>>,
    /// The manager's thread is running.
    pub busy: Lock<bool>,
    /// How far the boot has come.
    pub phase: Lock<boot::Phase>,
    /// Events for tests and crash reports, in order.
    pub events: Lock<Vec<String>>,
}

/// The Plug and Play manager of the running kernel.
pub fn state() -> &'static State {
    kernel().room()
}

/// Export tables of this room.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![property::EXPORTS, manager::EXPORTS]
}

/// Notes an event.
pub fn event(text: String) {
    kernel().engine.log(&format!("pnp: {text}"));
    state().events.lock().push(text);
}

/// The node whose PDO this is.
pub fn node_of(pdo: *const DEVICE_OBJECT) -> Option<NodeId> {
    if pdo.is_null() {
        return None;
    }
    let nodes = state().nodes.lock();
    nodes.iter().position(|n| n.pdo == pdo as usize)
}

/// Runs `f` on a node.
pub fn with<R>(id: NodeId, f: impl FnOnce(&mut Node) -> R) -> R {
    f(&mut state().nodes.lock()[id])
}

/// A node's PDO.
pub fn pdo(id: NodeId) -> *mut DEVICE_OBJECT {
    state().nodes.lock()[id].pdo as *mut DEVICE_OBJECT
}

/// Instance path of a device by its PDO.
pub fn instance_path(pdo: *const DEVICE_OBJECT) -> Option<String> {
    let nodes = state().nodes.lock();
    nodes.iter().find(|n| n.pdo == pdo as usize && !n.path.is_empty()).map(|n| n.path.clone())
}

/// Whether the bus reports the device (of a PDO) as present.
pub fn is_present(pdo: *const DEVICE_OBJECT) -> bool {
    let nodes = state().nodes.lock();
    nodes.iter().find(|n| n.pdo == pdo as usize).is_some_and(|n| n.present)
}

/// Resources assigned to a device by its PDO.
pub fn assigned(pdo: *const DEVICE_OBJECT) -> Vec<Assigned> {
    let nodes = state().nodes.lock();
    nodes.iter().find(|n| n.pdo == pdo as usize).map(|n| n.assigned.clone()).unwrap_or_default()
}

/// Registry path behind IoOpenDeviceRegistryKey.
pub fn registry_key(pdo: *const DEVICE_OBJECT, kind: u32) -> Option<String> {
    let id = node_of(pdo)?;
    let (path, driver) = with(id, |n| (n.enum_key(), n.driver_key.clone()));
    let set = crate::cm::CONTROL_SET;
    let current = kind & PLUGPLAY_REGKEY_CURRENT_HWPROFILE != 0;
    let path = match kind & (PLUGPLAY_REGKEY_DEVICE | PLUGPLAY_REGKEY_DRIVER) {
        PLUGPLAY_REGKEY_DEVICE => format!("{path}\\Device Parameters"),
        PLUGPLAY_REGKEY_DRIVER => format!("{set}\\Control\\Class\\{}", driver?),
        _ => return None,
    };
    Some(if current {
        path.replacen(set, &format!("{set}\\Hardware Profiles\\0001\\System\\CurrentControlSet"), 1)
    } else {
        path
    })
}

/// Finds a node by its instance path, or the first one whose path begins so.
pub fn find(path: &str) -> Option<NodeId> {
    let nodes = state().nodes.lock();
    let fits = |n: &Node| {
        n.state != node::NodeState::Deleted
            && n.path.get(..path.len()).is_some_and(|head| head.eq_ignore_ascii_case(path))
    };
    nodes.iter().position(fits)
}

/// As [`dump`], for reports that may come at any point: empty while the tree is being changed.
pub fn dump_now() -> String {
    if state().nodes.is_held() { String::new() } else { dump() }
}

/// The device tree as text: path, state, problem, service.
pub fn dump() -> String {
    let nodes = state().nodes.lock();
    let mut out = String::new();
    fn walk(nodes: &[Node], id: usize, depth: usize, out: &mut String) {
        let n = &nodes[id];
        let problem = if n.problem == 0 { String::new() } else { format!(" problem {}", n.problem) };
        let service = n.service.as_deref().unwrap_or("-");
        out.push_str(&format!("{}{} {:?}{problem} {service}\n", "  ".repeat(depth), n.path, n.state));
        for child in &n.children {
            walk(nodes, *child, depth + 1, out);
        }
    }
    if !nodes.is_empty() {
        walk(&nodes, 0, 0, &mut out);
    }
    out
}
