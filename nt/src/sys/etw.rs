//! ETW and WMI.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type EVENT_INFO_CLASS = i32;
pub type WMIENABLEDISABLECONTROL = i32;
pub type SYSCTL_IRP_DISPOSITION = i32;
pub type REGHANDLE = u64;

pub type PETWENABLECALLBACK = Option<unsafe extern "win64" fn(SourceId: *const GUID, ControlCode: u32, Level: u8, MatchAnyKeyword: u64, MatchAllKeyword: u64, FilterData: *mut EVENT_FILTER_DESCRIPTOR, CallbackContext: *mut c_void)>;
pub type PWMI_QUERY_REGINFO = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, RegFlags: *mut u32, InstanceName: *mut UNICODE_STRING, RegistryPath: *mut *mut UNICODE_STRING, MofResourceName: *mut UNICODE_STRING, Pdo: *mut *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PWMI_QUERY_DATABLOCK = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, GuidIndex: u32, InstanceIndex: u32, InstanceCount: u32, InstanceLengthArray: *mut u32, BufferAvail: u32, Buffer: *mut u8) -> NTSTATUS>;
pub type PWMI_SET_DATABLOCK = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, GuidIndex: u32, InstanceIndex: u32, BufferSize: u32, Buffer: *mut u8) -> NTSTATUS>;
pub type PWMI_SET_DATAITEM = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, GuidIndex: u32, InstanceIndex: u32, DataItemId: u32, BufferSize: u32, Buffer: *mut u8) -> NTSTATUS>;
pub type PWMI_EXECUTE_METHOD = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, GuidIndex: u32, InstanceIndex: u32, MethodId: u32, InBufferSize: u32, OutBufferSize: u32, Buffer: *mut u8) -> NTSTATUS>;
pub type PWMI_FUNCTION_CONTROL = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, GuidIndex: u32, Function: WMIENABLEDISABLECONTROL, Enable: BOOLEAN) -> NTSTATUS>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EVENT_FILTER_DESCRIPTOR {
    pub Ptr: u64,
    pub Size: u32,
    pub Type: u32,
}
layout!(EVENT_FILTER_DESCRIPTOR, 16, 8, Ptr @ 0, Size @ 8, Type @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EVENT_DESCRIPTOR {
    pub Id: u16,
    pub Version: u8,
    pub Channel: u8,
    pub Level: u8,
    pub Opcode: u8,
    pub Task: u16,
    pub Keyword: u64,
}
layout!(EVENT_DESCRIPTOR, 16, 8, Id @ 0, Version @ 2, Channel @ 3, Level @ 4, Opcode @ 5, Task @ 6, Keyword @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EVENT_DATA_DESCRIPTOR_anon_1_anon_1 {
    pub Type: u8,
    pub Reserved1: u8,
    pub Reserved2: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union EVENT_DATA_DESCRIPTOR_anon_1 {
    pub Reserved: u32,
    pub __bindgen_anon_1: EVENT_DATA_DESCRIPTOR_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EVENT_DATA_DESCRIPTOR {
    pub Ptr: u64,
    pub Size: u32,
    pub __bindgen_anon_1: EVENT_DATA_DESCRIPTOR_anon_1,
}
layout!(EVENT_DATA_DESCRIPTOR_anon_1_anon_1, 4, 2, Type @ 0, Reserved1 @ 1, Reserved2 @ 2);
layout!(EVENT_DATA_DESCRIPTOR_anon_1, 4, 4, Reserved @ 0, __bindgen_anon_1 @ 0);
layout!(EVENT_DATA_DESCRIPTOR, 16, 8, Ptr @ 0, Size @ 8, __bindgen_anon_1 @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WNODE_HEADER_anon_1_anon_1 {
    pub Version: u32,
    pub Linkage: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union WNODE_HEADER_anon_1 {
    pub HistoricalContext: u64,
    pub __bindgen_anon_1: WNODE_HEADER_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union WNODE_HEADER_anon_2 {
    pub CountLost: u32,
    pub KernelHandle: HANDLE,
    pub TimeStamp: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WNODE_HEADER {
    pub BufferSize: u32,
    pub ProviderId: u32,
    pub __bindgen_anon_1: WNODE_HEADER_anon_1,
    pub __bindgen_anon_2: WNODE_HEADER_anon_2,
    pub Guid: GUID,
    pub ClientContext: u32,
    pub Flags: u32,
}
layout!(WNODE_HEADER_anon_1_anon_1, 8, 4, Version @ 0, Linkage @ 4);
layout!(WNODE_HEADER_anon_1, 8, 8, HistoricalContext @ 0, __bindgen_anon_1 @ 0);
layout!(WNODE_HEADER_anon_2, 8, 8, CountLost @ 0, KernelHandle @ 0, TimeStamp @ 0);
layout!(WNODE_HEADER, 48, 8, BufferSize @ 0, ProviderId @ 4, __bindgen_anon_1 @ 8, __bindgen_anon_2 @ 16, Guid @ 24, ClientContext @ 40, Flags @ 44);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WMIREGINFOW {
    pub BufferSize: u32,
    pub NextWmiRegInfo: u32,
    pub RegistryPath: u32,
    pub MofResourceName: u32,
    pub GuidCount: u32,
    pub WmiRegGuid: [WMIREGGUIDW; 0],
}
layout!(WMIREGINFOW, 24, 8, BufferSize @ 0, NextWmiRegInfo @ 4, RegistryPath @ 8, MofResourceName @ 12, GuidCount @ 16, WmiRegGuid @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub union WMIREGGUIDW_anon_1 {
    pub InstanceNameList: u32,
    pub BaseNameOffset: u32,
    pub Pdo: usize,
    pub InstanceInfo: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WMIREGGUIDW {
    pub Guid: GUID,
    pub Flags: u32,
    pub InstanceCount: u32,
    pub __bindgen_anon_1: WMIREGGUIDW_anon_1,
}
layout!(WMIREGGUIDW_anon_1, 8, 8, InstanceNameList @ 0, BaseNameOffset @ 0, Pdo @ 0, InstanceInfo @ 0);
layout!(WMIREGGUIDW, 32, 8, Guid @ 0, Flags @ 16, InstanceCount @ 20, __bindgen_anon_1 @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WMILIB_CONTEXT {
    pub GuidCount: u32,
    pub GuidList: *mut WMIGUIDREGINFO,
    pub QueryWmiRegInfo: PWMI_QUERY_REGINFO,
    pub QueryWmiDataBlock: PWMI_QUERY_DATABLOCK,
    pub SetWmiDataBlock: PWMI_SET_DATABLOCK,
    pub SetWmiDataItem: PWMI_SET_DATAITEM,
    pub ExecuteWmiMethod: PWMI_EXECUTE_METHOD,
    pub WmiFunctionControl: PWMI_FUNCTION_CONTROL,
}
layout!(WMILIB_CONTEXT, 64, 8, GuidCount @ 0, GuidList @ 8, QueryWmiRegInfo @ 16, QueryWmiDataBlock @ 24, SetWmiDataBlock @ 32, SetWmiDataItem @ 40, ExecuteWmiMethod @ 48, WmiFunctionControl @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WMIGUIDREGINFO {
    pub Guid: *const GUID,
    pub InstanceCount: u32,
    pub Flags: u32,
}
layout!(WMIGUIDREGINFO, 16, 8, Guid @ 0, InstanceCount @ 8, Flags @ 12);

pub const EventProviderBinaryTrackInfo: EVENT_INFO_CLASS = 0;
pub const EventProviderSetReserved1: EVENT_INFO_CLASS = 1;
pub const EventProviderSetTraits: EVENT_INFO_CLASS = 2;
pub const EventProviderUseDescriptorType: EVENT_INFO_CLASS = 3;
pub const MaxEventInfo: EVENT_INFO_CLASS = 4;
pub const WmiEventControl: WMIENABLEDISABLECONTROL = 0;
pub const WmiDataBlockControl: WMIENABLEDISABLECONTROL = 1;
pub const IrpProcessed: SYSCTL_IRP_DISPOSITION = 0;
pub const IrpNotCompleted: SYSCTL_IRP_DISPOSITION = 1;
pub const IrpNotWmi: SYSCTL_IRP_DISPOSITION = 2;
pub const IrpForward: SYSCTL_IRP_DISPOSITION = 3;
pub const WMIREG_ACTION_BLOCK_IRPS: u32 = 5;
pub const WMIREG_ACTION_DEREGISTER: u32 = 2;
pub const WMIREG_ACTION_REGISTER: u32 = 1;
pub const WMIREG_ACTION_REREGISTER: u32 = 3;
pub const WMIREG_ACTION_UPDATE_GUIDS: u32 = 4;
pub const WMIREG_FLAG_EVENT_ONLY_GUID: u32 = 0x40;
pub const WMIREG_FLAG_EXPENSIVE: u32 = 1;
pub const WMIREG_FLAG_INSTANCE_BASENAME: u32 = 8;
pub const WMIREG_FLAG_INSTANCE_LIST: u32 = 4;
pub const WMIREG_FLAG_INSTANCE_PDO: u32 = 0x20;
pub const WMIREG_FLAG_REMOVE_GUID: u32 = 0x10000;
pub const WMIREG_FLAG_RESERVED1: u32 = 0x20000;
pub const WMIREG_FLAG_RESERVED2: u32 = 0x40000;
pub const WMIREG_FLAG_TRACED_GUID: u32 = 0x80000;
pub const WMIREG_FLAG_TRACE_CONTROL_GUID: u32 = 0x1000;
pub const WNODE_FLAG_ALL_DATA: u32 = 1;
pub const WNODE_FLAG_ANSI_INSTANCENAMES: u32 = 0x4000;
pub const WNODE_FLAG_EVENT_ITEM: u32 = 8;
pub const WNODE_FLAG_EVENT_REFERENCE: u32 = 0x2000;
pub const WNODE_FLAG_FIXED_INSTANCE_SIZE: u32 = 16;
pub const WNODE_FLAG_INSTANCES_SAME: u32 = 0x40;
pub const WNODE_FLAG_INTERNAL: u32 = 0x100;
pub const WNODE_FLAG_LOG_WNODE: u32 = 0x40000;
pub const WNODE_FLAG_METHOD_ITEM: u32 = 0x8000;
pub const WNODE_FLAG_NO_HEADER: u32 = 0x200000;
pub const WNODE_FLAG_PDO_INSTANCE_NAMES: u32 = 0x10000;
pub const WNODE_FLAG_PERSIST_EVENT: u32 = 0x400;
pub const WNODE_FLAG_SEND_DATA_BLOCK: u32 = 0x400000;
pub const WNODE_FLAG_SEVERITY_MASK: u32 = 0xFF000000;
pub const WNODE_FLAG_SINGLE_INSTANCE: u32 = 2;
pub const WNODE_FLAG_SINGLE_ITEM: u32 = 4;
pub const WNODE_FLAG_STATIC_INSTANCE_NAMES: u32 = 0x80;
pub const WNODE_FLAG_TOO_SMALL: u32 = 0x20;
pub const WNODE_FLAG_TRACED_GUID: u32 = 0x20000;
pub const WNODE_FLAG_USE_GUID_PTR: u32 = 0x80000;
pub const WNODE_FLAG_USE_MOF_PTR: u32 = 0x100000;
pub const WNODE_FLAG_USE_TIMESTAMP: u32 = 0x200;
pub const WNODE_FLAG_VERSIONED_PROPERTIES: u32 = 0x800000;
pub const EVENT_ACTIVITY_CTRL_CREATE_ID: u32 = 3;
pub const EVENT_ACTIVITY_CTRL_CREATE_SET_ID: u32 = 5;
pub const EVENT_ACTIVITY_CTRL_GET_ID: u32 = 1;
pub const EVENT_ACTIVITY_CTRL_GET_SET_ID: u32 = 4;
pub const EVENT_ACTIVITY_CTRL_SET_ID: u32 = 2;
pub const EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA: u32 = 1;
pub const EVENT_DATA_DESCRIPTOR_TYPE_NONE: u32 = 0;
pub const EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA: u32 = 2;
pub const EVENT_DATA_DESCRIPTOR_TYPE_TIMESTAMP_OVERRIDE: u32 = 3;
pub const EVENT_FILTER_TYPE_CONTAINER: u32 = 0x80008000;
pub const EVENT_FILTER_TYPE_EVENT_ID: u32 = 0x80000200;
pub const EVENT_FILTER_TYPE_EVENT_NAME: u32 = 0x80000400;
pub const EVENT_FILTER_TYPE_EXECUTABLE_NAME: u32 = 0x80000008;
pub const EVENT_FILTER_TYPE_NONE: u32 = 0;
pub const EVENT_FILTER_TYPE_PACKAGE_APP_ID: u32 = 0x80000020;
pub const EVENT_FILTER_TYPE_PACKAGE_ID: u32 = 0x80000010;
pub const EVENT_FILTER_TYPE_PAYLOAD: u32 = 0x80000100;
pub const EVENT_FILTER_TYPE_PID: u32 = 0x80000004;
pub const EVENT_FILTER_TYPE_SCHEMATIZED: u32 = 0x80000000;
pub const EVENT_FILTER_TYPE_STACKWALK: u32 = 0x80001000;
pub const EVENT_FILTER_TYPE_STACKWALK_LEVEL_KW: u32 = 0x80004000;
pub const EVENT_FILTER_TYPE_STACKWALK_NAME: u32 = 0x80002000;
pub const EVENT_FILTER_TYPE_SYSTEM_FLAGS: u32 = 0x80000001;
pub const EVENT_FILTER_TYPE_TRACEHANDLE: u32 = 0x80000002;
pub const WMI_DISABLE_COLLECTION: i32 = 7;
pub const WMI_DISABLE_EVENTS: i32 = 5;
pub const WMI_ENABLE_COLLECTION: i32 = 6;
pub const WMI_ENABLE_EVENTS: i32 = 4;
pub const WMI_EXECUTE_METHOD: i32 = 9;
pub const WMI_GET_ALL_DATA: i32 = 0;
pub const WMI_GET_SINGLE_INSTANCE: i32 = 1;
pub const WMI_SET_SINGLE_INSTANCE: i32 = 2;
pub const WMI_SET_SINGLE_ITEM: i32 = 3;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn EtwRegister(ProviderId: *const GUID, EnableCallback: PETWENABLECALLBACK, CallbackContext: *mut c_void, RegHandle: *mut u64) -> NTSTATUS;
    pub fn EtwUnregister(RegHandle: REGHANDLE) -> NTSTATUS;
    pub fn EtwWrite(RegHandle: REGHANDLE, EventDescriptor: *const EVENT_DESCRIPTOR, ActivityId: *const GUID, UserDataCount: u32, UserData: *mut EVENT_DATA_DESCRIPTOR) -> NTSTATUS;
    pub fn EtwWriteTransfer(RegHandle: REGHANDLE, EventDescriptor: *const EVENT_DESCRIPTOR, ActivityId: *const GUID, RelatedActivityId: *const GUID, UserDataCount: u32, UserData: *mut EVENT_DATA_DESCRIPTOR) -> NTSTATUS;
    pub fn EtwWriteEx(RegHandle: REGHANDLE, EventDescriptor: *const EVENT_DESCRIPTOR, Filter: u64, Flags: u32, ActivityId: *const GUID, RelatedActivityId: *const GUID, UserDataCount: u32, UserData: *mut EVENT_DATA_DESCRIPTOR) -> NTSTATUS;
    pub fn EtwWriteString(RegHandle: REGHANDLE, Level: u8, Keyword: u64, ActivityId: *const GUID, String: *const WCHAR) -> NTSTATUS;
    pub fn EtwEventEnabled(RegHandle: REGHANDLE, EventDescriptor: *const EVENT_DESCRIPTOR) -> BOOLEAN;
    pub fn EtwProviderEnabled(RegHandle: REGHANDLE, Level: u8, Keyword: u64) -> BOOLEAN;
    pub fn EtwSetInformation(RegHandle: REGHANDLE, InformationClass: EVENT_INFO_CLASS, EventInformation: *mut c_void, InformationLength: u32) -> NTSTATUS;
    pub fn EtwActivityIdControl(ControlCode: u32, ActivityId: *mut GUID) -> NTSTATUS;
    pub fn IoWMIRegistrationControl(DeviceObject: *mut DEVICE_OBJECT, Action: u32) -> NTSTATUS;
    pub fn IoWMIWriteEvent(WnodeEventItem: *mut c_void) -> NTSTATUS;
    pub fn IoWMISuggestInstanceName(PhysicalDeviceObject: *mut DEVICE_OBJECT, SymbolicLinkName: *mut UNICODE_STRING, CombineNames: BOOLEAN, SuggestedInstanceName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn IoWMIDeviceObjectToProviderId(DeviceObject: *mut DEVICE_OBJECT) -> u32;
    pub fn IoWMIAllocateInstanceIds(Guid: *const GUID, InstanceCount: u32, FirstInstanceId: *mut u32) -> NTSTATUS;
    pub fn IoWMIOpenBlock(Guid: *const GUID, DesiredAccess: u32, DataBlockObject: *mut *mut c_void) -> NTSTATUS;
    pub fn IoWMIQueryAllData(DataBlockObject: *mut c_void, InOutBufferSize: *mut u32, OutBuffer: *mut c_void) -> NTSTATUS;
}

#[cfg_attr(windows, link(name = "wmilib.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn WmiFireEvent(DeviceObject: *mut DEVICE_OBJECT, Guid: *const GUID, InstanceIndex: u32, EventDataSize: u32, EventData: *mut c_void) -> NTSTATUS;
    pub fn WmiCompleteRequest(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, Status: NTSTATUS, BufferUsed: u32, PriorityBoost: i8) -> NTSTATUS;
    pub fn WmiSystemControl(WmiLibInfo: *mut WMILIB_CONTEXT, DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, IrpDisposition: *mut SYSCTL_IRP_DISPOSITION) -> NTSTATUS;
}
