//! Enumerating, configuring and starting devices, and the requests of drivers that lead there.
//!
//! Source: "Adding a PnP Device to a Running System" (the order of requests), "IRP_MN_START_DEVICE".

use super::{
    boot::Phase,
    event, install, node,
    node::{Node, NodeId, NodeState},
    node_of, pdo, removal, request,
    resources::{self, arbiter, cm_list},
    service, state, with,
};
use crate::cm;
use crate::io::{glue, rules, security::Descriptor};
use crate::ke::thread;
use crate::kernel::{kernel, lock::Lock};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::UnsafeCell;
use nt::sys::*;

/// What the manager's thread is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Query the bus relations of a device (by PDO).
    Relations(usize),
    /// Query its PnP state.
    State(usize),
    /// Eject it.
    Eject(usize),
}

/// The manager does one thing at a time: an event that is signalled while nobody works.
struct Turn {
    event: UnsafeCell<KEVENT>,
    ready: Lock<bool>,
    owner: Lock<Option<u32>>,
}

impl Default for Turn {
    fn default() -> Self {
        Turn { event: UnsafeCell::new(KEVENT::default()), ready: Lock::new(false), owner: Lock::new(None) }
    }
}

/// Runs `f` when no other thread is inside the manager; nested calls of one thread pass.
pub fn exclusively<R>(f: impl FnOnce() -> R) -> R {
    let turn = kernel().room::<Turn>();
    let me = thread::current().number;
    if *turn.owner.lock() == Some(me) {
        return f();
    }
    let first = !core::mem::replace(&mut *turn.ready.lock(), true);
    unsafe {
        if first {
            crate::ke::event::initialize(turn.event.get(), true, true);
        }
        glue::wait_event(turn.event.get());
    }
    *turn.owner.lock() = Some(me);
    let result = f();
    *turn.owner.lock() = None;
    unsafe { glue::set_event(turn.event.get()) };
    result
}

/// Queues work and makes sure that a thread does it.
pub fn queue(work: Work) {
    {
        let mut queue = state().queue.lock();
        if queue.contains(&work) {
            return;
        }
        queue.push(work);
    }
    if core::mem::replace(&mut *state().busy.lock(), true) {
        return;
    }
    let run = || {
        loop {
            let next = {
                let mut queue = state().queue.lock();
                if queue.is_empty() {
                    *state().busy.lock() = false;
                    return;
                }
                queue.remove(0)
            };
            exclusively(|| unsafe { perform(next) });
        }
    };
    if thread::spawn(run).is_err() {
        glue::bugcheck(0x4D, [0; 4], "NO_PAGES_AVAILABLE: no memory for the Plug and Play manager's thread");
    }
}

unsafe fn perform(work: Work) {
    let (Work::Relations(at) | Work::State(at) | Work::Eject(at)) = work;
    let Some(id) = super::node_of(at as *const DEVICE_OBJECT) else { return };
    match work {
        Work::Relations(_) => {
            if with(id, |n| n.state == NodeState::Started) {
                enumerate(id);
            } else {
                with(id, |n| n.relations_wanted = true);
            }
        }
        Work::State(_) => check_state(id),
        Work::Eject(_) => {
            let _ = removal::eject(id);
        }
    }
}

/// Lets virtual time pass for a while.
pub fn sleep_ms(ms: u64) {
    unsafe {
        let mut event = KEVENT::default();
        glue::init_event(&raw mut event, false);
        crate::ke::wait::wait_one(&raw mut event, crate::ke::wait::Timeout::millis(ms));
    }
}

/// Waits until the manager has nothing to do.
pub fn settle() {
    loop {
        let idle = state().queue.lock().is_empty() && !*state().busy.lock();
        if idle {
            return;
        }
        sleep_ms(1);
    }
}

/// Makes a node for a PDO; the node takes over a reference.
pub fn add_node(parent: Option<NodeId>, pdo: *mut DEVICE_OBJECT) -> NodeId {
    let mut nodes = state().nodes.lock();
    let id = nodes.len();
    nodes.push(Node { parent, pdo: pdo as usize, present: true, power: 1, ..Node::default() });
    if let Some(parent) = parent {
        nodes[parent].children.push(id);
    }
    id
}

/// Queries what a bus has and follows the changes: vanished devices are removed, new ones configured and started.
pub unsafe fn enumerate(id: NodeId) {
    with(id, |n| n.relations_wanted = false);
    let Some(devices) = request::relations(pdo(id), BusRelations) else { return };
    let known: Vec<(NodeId, usize)> = {
        let nodes = state().nodes.lock();
        nodes[id].children.iter().map(|c| (*c, nodes[*c].pdo)).collect()
    };
    let gone: Vec<NodeId> =
        known.iter().filter(|(_, p)| !devices.iter().any(|d| *d as usize == *p)).map(|(c, _)| *c).collect();
    let mut new = Vec::new();
    for device in devices {
        match known.iter().find(|(_, p)| *p == device as usize) {
            // The answer's reference is one too many for a device that is known.
            Some(_) => glue::dereference(device.cast()),
            None => new.push(add_node(Some(id), device)),
        }
    }
    for child in gone {
        with(child, |n| n.present = false);
        removal::vanished(child);
    }
    for child in new {
        if identify(child) {
            bring_up(child);
        }
    }
}

/// Asks a new device who it is; false when it cannot become a device.
pub unsafe fn identify(id: NodeId) -> bool {
    let at = pdo(id);
    let (device_id, instance) = (request::id(at, BusQueryDeviceID), request::id(at, BusQueryInstanceID));
    if [&device_id, &instance].contains(&&Err(STATUS_INSUFFICIENT_RESOURCES)) {
        // An answer, of a bus without memory: the device cannot be told from others, and stays without a driver.
        event("a device has no name, for want of memory".into());
        return false;
    }
    let Ok(device_id) = device_id else {
        rules::object(
            &rules::PDO_NO_ANSWER,
            "a PDO does not answer IRP_MN_QUERY_ID(BusQueryDeviceID)",
            at as usize,
            0,
        );
        return false;
    };
    let capabilities = request::capabilities(at).unwrap_or_default();
    let instance = instance.unwrap_or_else(|_| "0".into());
    let hardware_ids = request::ids(at, BusQueryHardwareIDs);
    let compatible_ids = request::ids(at, BusQueryCompatibleIDs);
    let description = request::text(at, DeviceTextDescription).unwrap_or_default();
    let location = request::text(at, DeviceTextLocationInformation).unwrap_or_default();
    let bus = request::bus(at);
    let boot = request::boot_ranges(at);
    let wanted = request::wanted(at);
    let instance = if capabilities.unique() {
        instance
    } else {
        // Unique below its parent only: prefixed by depth and a hash of the parent's path.
        let (parent, depth) = lineage(id);
        format!("{depth}&{:x}&0&{instance}", hash(&parent))
    };
    let path = format!("{device_id}\\{instance}");
    let twin = {
        let nodes = state().nodes.lock();
        nodes.iter().enumerate().any(|(n, other)| {
            n != id
                && other.present
                && other.path.eq_ignore_ascii_case(&path)
                && other.state != NodeState::Deleted
        })
    };
    if twin {
        rules::object(
            &rules::DUPLICATE_IDS,
            &format!("two present devices are called {path}"),
            at as usize,
            0,
        );
        return false;
    }
    event(format!("new device {path}"));
    with(id, |n| {
        n.path = path;
        n.device_id = device_id;
        n.hardware_ids = hardware_ids;
        n.compatible_ids = compatible_ids;
        n.description = description;
        n.location = location;
        n.capabilities = capabilities;
        n.bus = bus;
        n.boot = boot;
        n.wanted = wanted;
        n.state = NodeState::Identified;
    });
    write_enum_key(id);
    true
}

fn lineage(id: NodeId) -> (String, usize) {
    let nodes = state().nodes.lock();
    let parent = nodes[id].parent;
    let path = parent.map_or_else(String::new, |p| nodes[p].path.clone());
    let mut depth = 1;
    let mut at = id;
    while let Some(up) = nodes[at].parent {
        depth += 1;
        at = up;
    }
    (path, depth)
}

fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |h, b| (h ^ u32::from(b.to_ascii_uppercase())).wrapping_mul(0x0100_0193))
}

fn write_enum_key(id: NodeId) {
    let (key, n) = with(id, |n| {
        (
            n.enum_key(),
            (
                n.hardware_ids.clone(),
                n.compatible_ids.clone(),
                n.description.clone(),
                n.location.clone(),
                n.capabilities,
            ),
        )
    });
    cm::set_multi_sz(&key, "HardwareID", &n.0);
    if !n.1.is_empty() {
        cm::set_multi_sz(&key, "CompatibleIDs", &n.1);
    }
    if cm::get(&key, "DeviceDesc").is_none() {
        cm::set_sz(&key, "DeviceDesc", &n.2);
    }
    cm::set_sz(&key, "LocationInformation", &n.3);
    cm::set_dword(&key, "Capabilities", n.4.bits >> 3 & 0x3FF, false);
    cm::registry().tree.lock().make(&format!("{key}\\Device Parameters"));
}

/// Sets a problem.
pub fn problem(id: NodeId, code: u32, status: NTSTATUS) {
    let path = with(id, |n| {
        n.problem = code;
        n.problem_status = status;
        n.path.clone()
    });
    event(format!("{path}: problem {code}, status {status:#010x}"));
}

/// Configures and starts a device as far as the boot phase allows, then its children.
pub unsafe fn bring_up(id: NodeId) {
    if !configure(id) {
        return;
    }
    if start(id) {
        enumerate(id);
    }
}

/// Finds the drivers of a device and calls their AddDevice. False when the device stays without.
pub unsafe fn configure(id: NodeId) -> bool {
    let key = with(id, |n| {
        n.problem = 0;
        n.enum_key()
    });
    let phase = *state().phase.lock();
    if cm::get_dword(&key, "ConfigFlags").unwrap_or(0) & 1 != 0 {
        problem(id, node::PROBLEM_DISABLED, 0);
        return false;
    }
    if cm::get(&key, "ConfigFlags").is_none() {
        // Never installed. While the boot volume is not up nobody can.
        if phase < Phase::Running {
            problem(id, node::PROBLEM_NOT_CONFIGURED, 0);
            return false;
        }
        install::install(id);
    }
    let service = cm::get_sz(&key, "Service").filter(|s| !s.is_empty());
    let driver = cm::get_sz(&key, "Driver");
    let raw = with(id, |n| {
        n.service = service.clone();
        n.driver_key = driver.clone();
        n.capabilities.raw()
    });
    if service.is_none() && !raw {
        let installed = cm::get(&key, "Driver").is_some();
        // A device with a null driver (AddService = ,2) needs none.
        if !installed {
            problem(id, node::PROBLEM_FAILED_INSTALL, 0);
        }
        return false;
    }
    let class = cm::get_sz(&key, "ClassGUID").unwrap_or_default();
    let class_key = format!("{}\\Control\\Class\\{class}", cm::CONTROL_SET);
    let mut order: Vec<(String, bool)> = Vec::new();
    let filters = |key: &str, name: &str| {
        cm::get_multi_sz(key, name).into_iter().map(|f| (f, false)).collect::<Vec<_>>()
    };
    order.extend(filters(&key, "LowerFilters"));
    if !class.is_empty() {
        order.extend(filters(&class_key, "LowerFilters"));
    }
    order.extend(service.iter().map(|s| (s.clone(), true)));
    order.extend(filters(&key, "UpperFilters"));
    if !class.is_empty() {
        order.extend(filters(&class_key, "UpperFilters"));
    }
    let mut drivers = Vec::new();
    for (name, function) in order {
        let Some(entry) = service::read(&name) else {
            if function {
                problem(id, node::PROBLEM_FAILED_LOAD, STATUS_OBJECT_NAME_NOT_FOUND);
                return false;
            }
            continue;
        };
        if entry.start == 4 && function {
            problem(id, node::PROBLEM_DISABLED_SERVICE, 0);
            return false;
        }
        if phase < Phase::Running && entry.start != 0 {
            // Its turn comes when the boot volume is up.
            event(format!("{}: waits for {name}", with(id, |n| n.path.clone())));
            return false;
        }
        match service::load(&name) {
            Ok(driver) => drivers.push((name, driver)),
            Err(status) if function => {
                problem(id, node::PROBLEM_FAILED_LOAD, status);
                return false;
            }
            // A filter that cannot be loaded is a problem of the device, too.
            Err(status) => {
                problem(id, node::PROBLEM_FAILED_LOAD, status);
                return false;
            }
        }
    }
    apply_security(id);
    let at = pdo(id);
    for (name, driver) in drivers {
        let Some(add) = (*(*driver).DriverExtension).AddDevice else {
            problem(id, node::PROBLEM_FAILED_ADD, STATUS_INVALID_DEVICE_REQUEST);
            return false;
        };
        event(format!("AddDevice of {name}"));
        let status = crate::call!("AddDevice", add, driver, at);
        if status < 0 {
            problem(id, node::PROBLEM_FAILED_ADD, status);
            removal::remove_stack(id);
            return false;
        }
    }
    rules::after_add_device(at);
    apply_security(id);
    with(id, |n| n.state = NodeState::Added);
    if let Some(service) = service {
        note_active(id, &service);
    }
    true
}

fn note_active(id: NodeId, service: &str) {
    let path = with(id, |n| n.path.clone());
    let key = format!("{}\\Enum", service::key(service));
    let count = cm::get_dword(&key, "Count").unwrap_or(0);
    cm::set_dword(&key, "Count", count + 1, true);
    cm::set(&key, &count.to_string(), REG_SZ, &cm::tree::sz(&path));
    cm::set_dword(&key, "NextInstance", count + 1, true);
}

/// Security of the device's stack: the device's own descriptor, or its class'.
unsafe fn apply_security(id: NodeId) {
    let key = with(id, |n| n.enum_key());
    let class = cm::get_sz(&key, "ClassGUID").unwrap_or_default();
    let text = cm::get_sz(&key, "Security").or_else(|| {
        cm::get_sz(&format!("{}\\Control\\Class\\{class}\\Properties", cm::CONTROL_SET), "Security")
    });
    let Some(text) = text else { return };
    let descriptor = match Descriptor::parse(&text) {
        Ok(d) => d,
        Err(message) => {
            event(format!("{}: Security: {message}", with(id, |n| n.path.clone())));
            return;
        }
    };
    let mut at = pdo(id);
    while !at.is_null() {
        if let Some(d) = crate::io::state().devices.lock().get_mut(at) {
            d.security = descriptor.clone();
        }
        at = (*at).AttachedDevice;
    }
}

/// Gives a device resources and starts it. False when it does not start.
pub unsafe fn start(id: NodeId) -> bool {
    let at = pdo(id);
    let wanted = with(id, |n| n.wanted.clone());
    let (requirements, raw) = match request::filtered(at, &wanted) {
        Ok(x) => x,
        Err(status) => {
            problem(id, node::PROBLEM_FAILED_START, status);
            removal::remove_stack(id);
            return false;
        }
    };
    let (key, boot) = with(id, |n| {
        n.requirements = requirements.clone();
        n.requirements_raw = raw;
        (n.enum_key(), n.boot.clone())
    });
    let interrupts = format!("{key}\\Device Parameters\\Interrupt Management");
    let groups = cm::get_dword(&format!("{interrupts}\\Affinity Policy"), "GroupPolicy").unwrap_or(0) != 0;
    let Some(assigned) = arbiter().assign(id, &requirements, &boot, groups) else {
        problem(id, node::PROBLEM_CONFLICT, STATUS_CONFLICTING_ADDRESSES);
        removal::remove_stack(id);
        return false;
    };
    with(id, |n| n.assigned = assigned.clone());
    let (interface, number) = with(id, |n| n.bus.as_ref().map_or((-1, 0), |b| (b.1, b.2)));
    let status = send_start(at, &assigned, interface, number);
    if status < 0 {
        problem(id, node::PROBLEM_FAILED_START, status);
        removal::remove_stack(id);
        return false;
    }
    let path = with(id, |n| {
        n.state = NodeState::Started;
        n.path.clone()
    });
    event(format!("started {path}"));
    if let Some(capabilities) = request::capabilities(at) {
        with(id, |n| n.capabilities = capabilities);
    }
    check_state(id);
    with(id, |n| n.state == NodeState::Started)
}

unsafe fn send_start(
    at: *mut DEVICE_OBJECT,
    assigned: &[resources::Assigned],
    interface: i32,
    bus: u32,
) -> NTSTATUS {
    let place = |data: Vec<u8>| {
        if data.is_empty() {
            return core::ptr::null_mut();
        }
        let block = glue::pool(data.len(), *b"CmRl", true);
        core::ptr::copy_nonoverlapping(data.as_ptr(), block, data.len());
        block
    };
    let raw = place(cm_list(assigned, interface, bus, false));
    let translated = place(cm_list(assigned, interface, bus, true));
    let (status, _) = request::send(at, IRP_MN_START_DEVICE, [raw as u64, translated as u64, 0, 0]);
    for block in [raw, translated] {
        if !block.is_null() {
            glue::pool_free(block);
        }
    }
    status
}

/// Starts a stopped device again with what it has been assigned.
pub unsafe fn restart(id: NodeId) -> NTSTATUS {
    let (assigned, interface, number) = with(id, |n| {
        (n.assigned.clone(), n.bus.as_ref().map_or(-1, |b| b.1), n.bus.as_ref().map_or(0, |b| b.2))
    });
    send_start(pdo(id), &assigned, interface, number)
}

/// IRP_MN_QUERY_PNP_DEVICE_STATE and what follows from it.
pub unsafe fn check_state(id: NodeId) {
    let bits = request::device_state(pdo(id));
    with(id, |n| n.pnp_state = bits);
    if bits & (PNP_DEVICE_FAILED | PNP_DEVICE_REMOVED | PNP_DEVICE_DISABLED) != 0 {
        let code = if bits & PNP_DEVICE_FAILED != 0 {
            node::PROBLEM_FAILED_POST_START
        } else {
            node::PROBLEM_NOT_THERE
        };
        removal::fail(id, code);
    } else if bits & PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED != 0 {
        let _ = removal::rebalance(id);
    }
}

/// Announces that a device is used for paging, hibernation or crash dumps, to the top of its stack.
pub unsafe fn usage(id: NodeId, kind: i32, in_path: bool) -> NTSTATUS {
    let (status, _) =
        request::send(pdo(id), IRP_MN_DEVICE_USAGE_NOTIFICATION, [u64::from(in_path), kind as u64, 0, 0]);
    if status >= 0 {
        with(id, |n| {
            if let Some(slot) = n.usage.get_mut((kind - 1) as usize) {
                *slot = if in_path { *slot + 1 } else { slot.saturating_sub(1) };
            }
        });
    }
    status
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoInvalidateDeviceRelations(pdo: *mut DEVICE_OBJECT, kind: i32) [irql <= DISPATCH_LEVEL] {
        match kind {
            BusRelations => queue(Work::Relations(pdo as usize)),
            PowerRelations | EjectionRelations | RemovalRelations => {}
            _ => glue::bugcheck(0xCA, [7, pdo as u64, kind as u64, 0], "PNP_DETECTED_FATAL_ERROR: unknown relation type"),
        }
        if node_of(pdo).is_none() {
            glue::bugcheck(0xCA, [2, pdo as u64, 0, 0], "PNP_DETECTED_FATAL_ERROR: not a PDO");
        }
    }
    fn IoSynchronousInvalidateDeviceRelations(pdo: *mut DEVICE_OBJECT, kind: i32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let Some(id) = node_of(pdo) else { return STATUS_NO_SUCH_DEVICE };
        if kind == BusRelations {
            exclusively(|| enumerate(id));
        }
        STATUS_SUCCESS
    }
    fn IoInvalidateDeviceState(pdo: *mut DEVICE_OBJECT) [irql <= DISPATCH_LEVEL] {
        if node_of(pdo).is_none() {
            glue::bugcheck(0xCA, [2, pdo as u64, 0, 0], "PNP_DETECTED_FATAL_ERROR: not a PDO");
        }
        queue(Work::State(pdo as usize));
    }
    fn IoRequestDeviceEject(pdo: *mut DEVICE_OBJECT) [irql <= DISPATCH_LEVEL] {
        queue(Work::Eject(pdo as usize));
    }
}
