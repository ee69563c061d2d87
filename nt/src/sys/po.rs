//! Po: power states and power IRPs.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type SYSTEM_POWER_STATE = i32;
pub type DEVICE_POWER_STATE = i32;
pub type POWER_STATE_TYPE = i32;
pub type POWER_ACTION = i32;
pub type EXECUTION_STATE = u32;

pub type PREQUEST_POWER_COMPLETE = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, MinorFunction: u8, PowerState: POWER_STATE, Context: *mut c_void, IoStatus: *mut IO_STATUS_BLOCK)>;
pub type PPOWER_SETTING_CALLBACK = Option<unsafe extern "win64" fn(SettingGuid: *const GUID, Value: *mut c_void, ValueLength: u32, Context: *mut c_void) -> NTSTATUS>;

#[repr(C)]
#[derive(Clone, Copy)]
pub union POWER_STATE {
    pub SystemState: SYSTEM_POWER_STATE,
    pub DeviceState: DEVICE_POWER_STATE,
}
layout!(POWER_STATE, 4, 4, SystemState @ 0, DeviceState @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SYSTEM_POWER_STATE_CONTEXT_anon_1_anon_1 {
    pub _bitfield_1: u32,
}
bits!(SYSTEM_POWER_STATE_CONTEXT_anon_1_anon_1, _bitfield_1: u32 { Reserved1 set_Reserved1 @ 0 + 8, TargetSystemState set_TargetSystemState @ 8 + 4, EffectiveSystemState set_EffectiveSystemState @ 12 + 4, CurrentSystemState set_CurrentSystemState @ 16 + 4, IgnoreHibernationPath set_IgnoreHibernationPath @ 20 + 1, PseudoTransition set_PseudoTransition @ 21 + 1, KernelSoftReboot set_KernelSoftReboot @ 22 + 1, DirectedDripsTransition set_DirectedDripsTransition @ 23 + 1, Reserved2 set_Reserved2 @ 24 + 8 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union SYSTEM_POWER_STATE_CONTEXT_anon_1 {
    pub __bindgen_anon_1: SYSTEM_POWER_STATE_CONTEXT_anon_1_anon_1,
    pub ContextAsUlong: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SYSTEM_POWER_STATE_CONTEXT {
    pub __bindgen_anon_1: SYSTEM_POWER_STATE_CONTEXT_anon_1,
}
layout!(SYSTEM_POWER_STATE_CONTEXT_anon_1_anon_1, 4, 4, _bitfield_1 @ 0);
layout!(SYSTEM_POWER_STATE_CONTEXT_anon_1, 4, 4, __bindgen_anon_1 @ 0, ContextAsUlong @ 0);
layout!(SYSTEM_POWER_STATE_CONTEXT, 4, 4, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct POWER_SEQUENCE {
    pub SequenceD1: u32,
    pub SequenceD2: u32,
    pub SequenceD3: u32,
}
layout!(POWER_SEQUENCE, 12, 4, SequenceD1 @ 0, SequenceD2 @ 4, SequenceD3 @ 8);

pub const PowerSystemUnspecified: SYSTEM_POWER_STATE = 0;
pub const PowerSystemWorking: SYSTEM_POWER_STATE = 1;
pub const PowerSystemSleeping1: SYSTEM_POWER_STATE = 2;
pub const PowerSystemSleeping2: SYSTEM_POWER_STATE = 3;
pub const PowerSystemSleeping3: SYSTEM_POWER_STATE = 4;
pub const PowerSystemHibernate: SYSTEM_POWER_STATE = 5;
pub const PowerSystemShutdown: SYSTEM_POWER_STATE = 6;
pub const PowerSystemMaximum: SYSTEM_POWER_STATE = 7;
pub const PowerDeviceUnspecified: DEVICE_POWER_STATE = 0;
pub const PowerDeviceD0: DEVICE_POWER_STATE = 1;
pub const PowerDeviceD1: DEVICE_POWER_STATE = 2;
pub const PowerDeviceD2: DEVICE_POWER_STATE = 3;
pub const PowerDeviceD3: DEVICE_POWER_STATE = 4;
pub const PowerDeviceMaximum: DEVICE_POWER_STATE = 5;
pub const SystemPowerState: POWER_STATE_TYPE = 0;
pub const DevicePowerState: POWER_STATE_TYPE = 1;
pub const PowerActionNone: POWER_ACTION = 0;
pub const PowerActionReserved: POWER_ACTION = 1;
pub const PowerActionSleep: POWER_ACTION = 2;
pub const PowerActionHibernate: POWER_ACTION = 3;
pub const PowerActionShutdown: POWER_ACTION = 4;
pub const PowerActionShutdownReset: POWER_ACTION = 5;
pub const PowerActionShutdownOff: POWER_ACTION = 6;
pub const PowerActionWarmEject: POWER_ACTION = 7;
pub const PowerActionDisplayOff: POWER_ACTION = 8;
pub const PO_CB_AC_STATUS: u32 = 1;
pub const PO_CB_BUTTON_COLLISION: u32 = 2;
pub const PO_CB_LID_SWITCH_STATE: u32 = 4;
pub const PO_CB_PROCESSOR_POWER_POLICY: u32 = 5;
pub const PO_CB_SYSTEM_POWER_POLICY: u32 = 0;
pub const PO_CB_SYSTEM_STATE_LOCK: u32 = 3;
pub const PO_MEM_BOOT_PHASE: u32 = 0x10000;
pub const PO_MEM_CLONE: u32 = 2;
pub const PO_MEM_CL_OR_NCHK: u32 = 4;
pub const PO_MEM_DISCARD: u32 = 0x8000;
pub const PO_MEM_PAGE_ADDRESS: u32 = 0x4000;
pub const PO_MEM_PRESERVE: u32 = 1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn PoStartNextPowerIrp(Irp: *mut IRP);
    pub fn PoRequestPowerIrp(DeviceObject: *mut DEVICE_OBJECT, MinorFunction: u8, PowerState: POWER_STATE, CompletionFunction: PREQUEST_POWER_COMPLETE, Context: *mut c_void, Irp: *mut *mut IRP) -> NTSTATUS;
    pub fn PoSetPowerState(DeviceObject: *mut DEVICE_OBJECT, Type: POWER_STATE_TYPE, State: POWER_STATE) -> POWER_STATE;
    pub fn PoCallDriver(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP) -> NTSTATUS;
    pub fn PoRegisterPowerSettingCallback(DeviceObject: *mut DEVICE_OBJECT, SettingGuid: *const GUID, Callback: PPOWER_SETTING_CALLBACK, Context: *mut c_void, Handle: *mut *mut c_void) -> NTSTATUS;
    pub fn PoUnregisterPowerSettingCallback(Handle: *mut c_void) -> NTSTATUS;
    pub fn PoRegisterDeviceForIdleDetection(DeviceObject: *mut DEVICE_OBJECT, ConservationIdleTime: u32, PerformanceIdleTime: u32, State: DEVICE_POWER_STATE) -> *mut u32;
    pub fn PoSetSystemState(Flags: EXECUTION_STATE);
    pub fn PoSetSystemWake(Irp: *mut IRP);
    pub fn PoGetSystemWake(Irp: *mut IRP) -> BOOLEAN;
    pub fn PoRegisterSystemState(StateHandle: *mut c_void, Flags: EXECUTION_STATE) -> *mut c_void;
    pub fn PoUnregisterSystemState(StateHandle: *mut c_void);
    pub fn PoSetHiberRange(MemoryMap: *mut c_void, Flags: u32, Address: *mut c_void, Length: usize, Tag: u32);
}
