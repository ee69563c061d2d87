//! System power transitions, driven by tests: sleep, hibernation, fast startup, shutdown.
//!
//! Sources: "Handling System Power State Requests", IRP_MN_QUERY_POWER, IRP_MN_SET_POWER, SYSTEM_POWER_STATE_CONTEXT,
//! IoRegisterShutdownNotification. Leaves go first on the way down, parents first on the way up. A power IRP that is
//! not completed in ten minutes is DRIVER_POWER_STATE_FAILURE (0x9F), as in Windows.

use crate::cm;
use crate::io::{self, build, glue, stack};
use crate::kernel::{kernel, lock::Lock};
use crate::pnp::{
    self,
    node::{NodeId, NodeState},
};
use alloc::{format, vec::Vec};
use nt::sys::*;

/// What the system is going to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// S3.
    Sleep,
    /// S4.
    Hibernate,
    /// Shutdown of the sessions, then S4; the next start is a resume.
    FastStartup,
}

impl Transition {
    /// System state, action, and SYSTEM_POWER_STATE_CONTEXT.
    fn parameters(self) -> (i32, i32, u32) {
        let context = |target: i32, effective: i32| (target as u32) << 8 | (effective as u32) << 12 | 1 << 16;
        match self {
            Transition::Sleep => {
                (PowerSystemSleeping3, PowerActionSleep, context(PowerSystemSleeping3, PowerSystemSleeping3))
            }
            Transition::Hibernate => (
                PowerSystemHibernate,
                PowerActionHibernate,
                context(PowerSystemHibernate, PowerSystemHibernate),
            ),
            Transition::FastStartup => (
                PowerSystemHibernate,
                PowerActionHibernate,
                context(PowerSystemHibernate, PowerSystemShutdown),
            ),
        }
    }
}

/// What a driver asked the system to do. Whoever plays the system carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `NtShutdownSystem`, for a restart or not.
    Shutdown {
        /// Start again.
        reboot: bool,
    },
    /// `ZwInitiatePowerAction` for S3.
    Sleep,
    /// `ZwInitiatePowerAction` for S4.
    Hibernate,
}

#[derive(Default)]
struct Wishes(Lock<Vec<Asked>>);

/// What drivers have asked for since the last call.
#[must_use]
pub fn take_asked() -> Vec<Asked> {
    core::mem::take(&mut *kernel().room::<Wishes>().0.lock())
}

/// Ten minutes, the limit of the power manager's watchdog.
const LIMIT_MS: u64 = 600_000;

/// Started devices, parents before children.
fn started() -> Vec<NodeId> {
    fn walk(nodes: &[pnp::node::Node], id: NodeId, out: &mut Vec<NodeId>) {
        if nodes[id].state == NodeState::Started {
            out.push(id);
        }
        for child in &nodes[id].children {
            walk(nodes, *child, out);
        }
    }
    let nodes = pnp::state().nodes.lock();
    let mut out = Vec::new();
    if !nodes.is_empty() {
        walk(&nodes, 0, &mut out);
    }
    out
}

unsafe fn send(id: NodeId, minor: u32, state: i32, action: i32, context: u32) -> NTSTATUS {
    let at = pnp::pdo(id);
    let (status, _) = build::request_within(
        at,
        STATUS_NOT_SUPPORTED,
        0,
        0,
        Some((LIMIT_MS, 0x9F, [3, at as u64, 0, 0])),
        |sl| {
            sl.MajorFunction = IRP_MJ_POWER as u8;
            sl.MinorFunction = minor as u8;
            *stack::args(sl) =
                [u64::from(context), SystemPowerState as u64, state as u32 as u64, action as u32 as u64];
        },
    );
    status
}

/// Takes the system down, calls `asleep` (the machine's part: what happens while it sleeps), and wakes it.
///
/// # Errors
/// The refusal of a device; then all devices that had been asked are told that the system stays in S0.
pub fn transition(what: Transition, asleep: impl FnOnce()) -> Result<(), NTSTATUS> {
    pnp::manager::exclusively(|| unsafe {
        let (state, action, context) = what.parameters();
        notify_settings(0);
        let mut order = started();
        order.reverse();
        let mut asked = Vec::new();
        for id in &order {
            asked.push(*id);
            let status = send(*id, IRP_MN_QUERY_POWER, state, action, context);
            if status < 0 && status != STATUS_NOT_SUPPORTED {
                let path = pnp::with(*id, |n| n.path.clone());
                pnp::event(format!("{path} refuses {what:?} with {status:#010x}"));
                for back in asked.into_iter().rev() {
                    send(back, IRP_MN_SET_POWER, PowerSystemWorking, PowerActionNone, context);
                }
                return Err(status);
            }
        }
        pnp::event(format!("{what:?}: going down"));
        for id in &order {
            send(*id, IRP_MN_SET_POWER, state, action, context);
        }
        if what != Transition::Sleep {
            // The image is written after the registry was flushed.
            let mut tree = cm::registry().tree.lock();
            for path in ["\\Registry\\Machine\\SYSTEM", "\\Registry\\Machine\\SOFTWARE"] {
                if let Ok(id) = tree.open(None, path) {
                    let _ = tree.flush(id);
                }
            }
        }
        asleep();
        pnp::event(format!("{what:?}: waking"));
        order.reverse();
        for id in &order {
            send(*id, IRP_MN_SET_POWER, PowerSystemWorking, action, context);
        }
        notify_settings(1);
        Ok(())
    })
}

/// Shuts down: IRP_MJ_SHUTDOWN for those who registered, S5 for all devices, the last-chance notifications.
pub fn shutdown(reboot: bool) {
    pnp::manager::exclusively(|| unsafe {
        pnp::event("shutting down".into());
        notify(1);
        let action = if reboot { PowerActionShutdownReset } else { PowerActionShutdownOff };
        let mut order = started();
        order.reverse();
        for id in order {
            send(
                id,
                IRP_MN_SET_POWER,
                PowerSystemShutdown,
                action,
                (PowerSystemShutdown as u32) << 8 | 1 << 16,
            );
        }
        notify(2);
        cm::registry().tree.lock().restart();
    });
}

/// IRP_MJ_SHUTDOWN for the devices registered so, the last registered first.
unsafe fn notify(kind: u8) {
    let devices: Vec<_> = {
        let table = io::state().devices.lock();
        table.all().into_iter().rev().filter(|d| table.get(*d).is_some_and(|d| d.shutdown == kind)).collect()
    };
    for device in devices {
        build::request_within(
            device,
            STATUS_SUCCESS,
            0,
            0,
            Some((LIMIT_MS, 0x9F, [0x500, device as u64, 0, 0])),
            |sl| {
                sl.MajorFunction = IRP_MJ_SHUTDOWN as u8;
            },
        );
    }
}

#[derive(Clone)]
struct Setting {
    id: usize,
    guid: GUID,
    callback: usize,
    context: usize,
}

#[derive(Default)]
struct Settings {
    list: Lock<Vec<Setting>>,
    next: Lock<usize>,
}

type SettingCallback = unsafe extern "win64" fn(*const GUID, *mut c_void, u32, *mut c_void) -> NTSTATUS;

/// GUID_CONSOLE_DISPLAY_STATE and the like: the display goes off before, and on after.
unsafe fn notify_settings(value: u32) {
    let list = kernel().room::<Settings>().list.lock().clone();
    for s in list {
        call_setting(&s, value);
    }
}

unsafe fn call_setting(s: &Setting, value: u32) {
    let f: SettingCallback = core::mem::transmute(s.callback);
    let mut data = value;
    crate::call!(
        "power setting callback",
        f,
        &raw const s.guid,
        (&raw mut data).cast(),
        4,
        s.context as *mut c_void
    );
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn NtShutdownSystem(action: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        // SHUTDOWN_ACTION: no reboot, reboot, power off.
        if action > 2 {
            return STATUS_INVALID_PARAMETER;
        }
        kernel().room::<Wishes>().0.lock().push(Asked::Shutdown { reboot: action == 1 });
        STATUS_SUCCESS
    }
    fn ZwInitiatePowerAction(action: i32, lightest: i32, flags: u32, asynchronous: u8) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        // A caller that waits would have to answer the power requests that follow.
        if asynchronous == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        let asked = match action {
            a if a == PowerActionSleep && lightest == PowerSystemSleeping3 => Asked::Sleep,
            a if a == PowerActionHibernate && lightest == PowerSystemHibernate => Asked::Hibernate,
            _ => return STATUS_INVALID_PARAMETER,
        };
        kernel().room::<Wishes>().0.lock().push(asked);
        STATUS_SUCCESS
    }
    fn PoCallDriver(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        // Since Windows Vista it is IoCallDriver.
        if !io::rules::may_call(device, request) {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        io::irp::call_driver(device, request)
    }
    fn PoStartNextPowerIrp(request: *mut IRP) [irql <= DISPATCH_LEVEL] {
        // Since Windows Vista the power manager starts the next IRP when the current one completes.
        if !io::state().irps.lock().irps.contains_key(&(request as usize)) {
            glue::bugcheck(0x9F, [0x4, request as u64, 0, 0], "PoStartNextPowerIrp for something that is no IRP");
        }
    }
    fn PoRegisterPowerSettingCallback(device: *mut DEVICE_OBJECT, guid: *const GUID, callback: *mut c_void, context: *mut c_void, handle: *mut *mut c_void) -> NTSTATUS [irql <= APC_LEVEL] {
        let settings = kernel().room::<Settings>();
        let id = {
            let mut next = settings.next.lock();
            *next += 16;
            *next
        };
        let setting = Setting { id, guid: *guid, callback: callback as usize, context: context as usize };
        settings.list.lock().push(setting.clone());
        if !handle.is_null() {
            *handle = id as *mut c_void;
        }
        // The present value is told at once.
        call_setting(&setting, 1);
        STATUS_SUCCESS
    }
    fn PoUnregisterPowerSettingCallback(handle: *mut c_void) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let mut list = kernel().room::<Settings>().list.lock();
        let before = list.len();
        list.retain(|s| s.id != handle as usize);
        if list.len() < before { STATUS_SUCCESS } else { STATUS_INVALID_HANDLE }
    }
}
