//! A device node: what the Plug and Play manager knows of one device.

use super::resources::{Assigned, Requirements};
use crate::cm::CONTROL_SET;
use alloc::{format, string::String, vec::Vec};

/// Index of a node.
pub type NodeId = usize;

/// How far a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NodeState {
    /// Enumerated, nothing known yet.
    #[default]
    New,
    /// Identified.
    Identified,
    /// AddDevice was called.
    Added,
    /// Has resources and runs.
    Started,
    /// IRP_MN_STOP_DEVICE.
    Stopped,
    /// Vanished while running; waits for its handles to be closed.
    Surprised,
    /// Removed by IRP_MN_REMOVE_DEVICE; the hardware may still be there (disabled, failed).
    Removed,
    /// PDO gone.
    Deleted,
}

/// A device node.
#[derive(Debug, Default)]
pub struct Node {
    /// Parent; the root has none.
    pub parent: Option<NodeId>,
    /// Children in the order of the bus' answer.
    pub children: Vec<NodeId>,
    /// Physical device object.
    pub pdo: usize,
    /// Reported in the last bus relations.
    pub present: bool,
    /// Device instance path.
    pub path: String,
    /// Device ID.
    pub device_id: String,
    /// Hardware IDs.
    pub hardware_ids: Vec<String>,
    /// Compatible IDs.
    pub compatible_ids: Vec<String>,
    /// Text of the bus.
    pub description: String,
    /// Location of the bus.
    pub location: String,
    /// State.
    pub state: NodeState,
    /// CM_PROB_… code, 0 for none.
    pub problem: u32,
    /// Status that goes with the problem.
    pub problem_status: i32,
    /// Function driver's service.
    pub service: Option<String>,
    /// Class key of the driver: `{class}\0000`.
    pub driver_key: Option<String>,
    /// DEVICE_CAPABILITIES as the stack left them.
    pub capabilities: Capabilities,
    /// Bus type: GUID as text, INTERFACE_TYPE, number.
    pub bus: Option<(String, i32, u32)>,
    /// What the firmware assigned: ports?, start, length.
    pub boot: Vec<(bool, u64, u64)>,
    /// What the bus says that it needs, raw bytes.
    pub wanted: Vec<u8>,
    /// What the device may use, after filtering.
    pub requirements: Requirements,
    /// Requirements as last filtered, raw bytes (DevicePropertyResourceRequirements).
    pub requirements_raw: Vec<u8>,
    /// What it has.
    pub assigned: Vec<Assigned>,
    /// PNP_DEVICE_STATE as last queried.
    pub pnp_state: u32,
    /// Usage notifications that are in force: paging, hibernation, dump.
    pub usage: [u32; 3],
    /// A request to invalidate relations came while it could not be served.
    pub relations_wanted: bool,
    /// Device power state, as last set.
    pub power: i32,
    /// Removal was refused by this reason.
    pub veto: Option<String>,
}

/// The parts of DEVICE_CAPABILITIES that the manager acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Bits as in DEVICE_CAPABILITIES from offset 4.
    pub bits: u32,
    /// Address.
    pub address: u32,
    /// UI number.
    pub ui_number: u32,
    /// Device state per system state.
    pub states: [i32; 7],
}

impl Capabilities {
    /// EjectSupported.
    #[must_use]
    pub fn ejectable(&self) -> bool {
        self.bits >> 3 & 1 != 0
    }

    /// UniqueID.
    #[must_use]
    pub fn unique(&self) -> bool {
        self.bits >> 6 & 1 != 0
    }

    /// RawDeviceOK.
    #[must_use]
    pub fn raw(&self) -> bool {
        self.bits >> 8 & 1 != 0
    }

    /// SurpriseRemovalOK.
    #[must_use]
    pub fn surprise_ok(&self) -> bool {
        self.bits >> 9 & 1 != 0
    }
}

impl Node {
    /// Registry key below Enum.
    #[must_use]
    pub fn enum_key(&self) -> String {
        format!("{CONTROL_SET}\\Enum\\{}", self.path)
    }
}

/// CM_PROB_NOT_CONFIGURED.
pub const PROBLEM_NOT_CONFIGURED: u32 = 1;
/// CM_PROB_FAILED_START.
pub const PROBLEM_FAILED_START: u32 = 10;
/// CM_PROB_NORMAL_CONFLICT.
pub const PROBLEM_CONFLICT: u32 = 12;
/// CM_PROB_NEED_RESTART.
pub const PROBLEM_NEED_RESTART: u32 = 14;
/// CM_PROB_DISABLED.
pub const PROBLEM_DISABLED: u32 = 22;
/// CM_PROB_DEVICE_NOT_THERE.
pub const PROBLEM_NOT_THERE: u32 = 24;
/// CM_PROB_FAILED_INSTALL: no driver.
pub const PROBLEM_FAILED_INSTALL: u32 = 28;
/// CM_PROB_FAILED_ADD.
pub const PROBLEM_FAILED_ADD: u32 = 31;
/// CM_PROB_DISABLED_SERVICE.
pub const PROBLEM_DISABLED_SERVICE: u32 = 32;
/// CM_PROB_DRIVER_FAILED_PRIOR_UNLOAD.
pub const PROBLEM_PRIOR_UNLOAD: u32 = 38;
/// CM_PROB_DRIVER_FAILED_LOAD.
pub const PROBLEM_FAILED_LOAD: u32 = 39;
/// CM_PROB_FAILED_POST_START.
pub const PROBLEM_FAILED_POST_START: u32 = 43;
/// CM_PROB_HELD_FOR_EJECT.
pub const PROBLEM_HELD_FOR_EJECT: u32 = 47;
/// CM_PROB_PHANTOM.
pub const PROBLEM_PHANTOM: u32 = 45;
