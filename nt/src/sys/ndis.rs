//! NDIS: objects, miniport registration, adapter attributes, entry points.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type NDIS_MEDIUM = i32;
pub type NDIS_PHYSICAL_MEDIUM = i32;
pub type NDIS_PARAMETER_TYPE = i32;
pub type NDIS_INTERFACE_TYPE = i32;
pub type NDIS_HALT_ACTION = i32;
pub type NDIS_SHUTDOWN_ACTION = i32;
pub type NDIS_DEVICE_PNP_EVENT = i32;
pub type NDIS_DEVICE_POWER_STATE = i32;
pub type NDIS_SUPPORTED_PAUSE_FUNCTIONS = i32;
pub type NET_IF_ACCESS_TYPE = i32;
pub type NET_IF_DIRECTION_TYPE = i32;
pub type NET_IF_CONNECTION_TYPE = i32;
pub type NET_IF_MEDIA_CONNECT_STATE = i32;
pub type NET_IF_MEDIA_DUPLEX_STATE = i32;
pub type NET_PNP_EVENT_CODE = i32;
pub type NDIS_STATUS = i32;
pub type NDIS_HANDLE = *mut c_void;
pub type NDIS_PORT_NUMBER = u32;
pub type NET_IFINDEX = u32;
pub type NET_IFTYPE = u16;
pub type NDIS_OID = u32;
pub type NDIS_INTERRUPT_TYPE = i32;
pub type NDIS_STRING = UNICODE_STRING;
pub type NDIS_NIC_SWITCH_ID = u32;
pub type NDIS_NIC_SWITCH_VPORT_ID = u32;
pub type NET_IF_OPER_STATUS = i32;

pub type MINIPORT_INITIALIZE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void, *mut NDIS_MINIPORT_INIT_PARAMETERS) -> NDIS_STATUS>;
pub type NDIS_TIMER_FUNCTION = Option<unsafe extern "win64" fn(SystemSpecific1: *mut c_void, FunctionContext: *mut c_void, SystemSpecific2: *mut c_void, SystemSpecific3: *mut c_void)>;
pub type NDIS_IO_WORKITEM_FUNCTION = Option<unsafe extern "win64" fn(WorkItemContext: *mut c_void, NdisIoWorkItemHandle: NDIS_HANDLE)>;
pub type MINIPORT_PROCESS_SG_LIST_HANDLER = Option<unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut c_void, *mut SCATTER_GATHER_LIST, *mut c_void)>;
pub type MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void, *mut LARGE_INTEGER, u32, *mut c_void)>;
pub type NET_BUFFER_ALLOCATE_MDL = Option<unsafe extern "win64" fn(BufferSize: *mut u32) -> *mut MDL>;
pub type NET_BUFFER_FREE_MDL = Option<unsafe extern "win64" fn(Mdl: *mut MDL)>;
pub type NDIS_IO_WORKITEM_ROUTINE = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void)>;
pub type SET_OPTIONS_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void) -> NDIS_STATUS>;
pub type MINIPORT_HALT_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, NDIS_HALT_ACTION)>;
pub type MINIPORT_DRIVER_UNLOAD = Option<unsafe extern "win64" fn(*mut DRIVER_OBJECT)>;
pub type MINIPORT_PAUSE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NDIS_MINIPORT_PAUSE_PARAMETERS) -> NDIS_STATUS>;
pub type MINIPORT_RESTART_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NDIS_MINIPORT_RESTART_PARAMETERS) -> NDIS_STATUS>;
pub type MINIPORT_OID_REQUEST_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NDIS_OID_REQUEST) -> NDIS_STATUS>;
pub type MINIPORT_SEND_NET_BUFFER_LISTS_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NET_BUFFER_LIST, u32, u32)>;
pub type MINIPORT_RETURN_NET_BUFFER_LISTS_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NET_BUFFER_LIST, u32)>;
pub type MINIPORT_CANCEL_SEND_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void)>;
pub type MINIPORT_CHECK_FOR_HANG_HANDLER = Option<unsafe extern "win64" fn(*mut c_void) -> BOOLEAN>;
pub type MINIPORT_RESET_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut u8) -> NDIS_STATUS>;
pub type MINIPORT_DEVICE_PNP_EVENT_NOTIFY_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NET_DEVICE_PNP_EVENT)>;
pub type MINIPORT_SHUTDOWN_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, NDIS_SHUTDOWN_ACTION)>;
pub type MINIPORT_CANCEL_OID_REQUEST_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void)>;
pub type MINIPORT_DIRECT_OID_REQUEST_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NDIS_OID_REQUEST) -> NDIS_STATUS>;
pub type MINIPORT_CANCEL_DIRECT_OID_REQUEST_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void)>;
pub type MINIPORT_SYNCHRONOUS_OID_REQUEST_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut NDIS_OID_REQUEST) -> NDIS_STATUS>;
pub type MINIPORT_ADD_DEVICE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void) -> NDIS_STATUS>;
pub type MINIPORT_REMOVE_DEVICE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void)>;
pub type MINIPORT_FILTER_RESOURCE_REQUIREMENTS_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut IRP) -> NDIS_STATUS>;
pub type MINIPORT_START_DEVICE_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut IRP) -> NDIS_STATUS>;
pub type MINIPORT_IDLE_NOTIFICATION_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, u8) -> NDIS_STATUS>;
pub type MINIPORT_CANCEL_IDLE_NOTIFICATION_HANDLER = Option<unsafe extern "win64" fn(*mut c_void)>;
pub type MINIPORT_ISR_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut u8, *mut u32) -> BOOLEAN>;
pub type MINIPORT_INTERRUPT_DPC_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void, *mut c_void, *mut c_void)>;
pub type MINIPORT_DISABLE_INTERRUPT_HANDLER = Option<unsafe extern "win64" fn(*mut c_void)>;
pub type MINIPORT_ENABLE_INTERRUPT_HANDLER = Option<unsafe extern "win64" fn(*mut c_void)>;
pub type MINIPORT_MSI_ISR_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, u32, *mut u8, *mut u32) -> BOOLEAN>;
pub type MINIPORT_MSI_INTERRUPT_DPC_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, u32, *mut c_void, *mut c_void, *mut c_void)>;
pub type MINIPORT_DISABLE_MSI_INTERRUPT_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, u32)>;
pub type MINIPORT_ENABLE_MSI_INTERRUPT_HANDLER = Option<unsafe extern "win64" fn(*mut c_void, u32)>;
pub type PNDIS_TIMER_FUNCTION = Option<unsafe extern "win64" fn(*mut c_void, *mut c_void, *mut c_void, *mut c_void)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_INIT_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub AllocatedResources: *mut CM_PARTIAL_RESOURCE_LIST,
    pub IMDeviceInstanceContext: NDIS_HANDLE,
    pub MiniportAddDeviceContext: NDIS_HANDLE,
    pub IfIndex: NET_IFINDEX,
    pub NetLuid: NET_LUID_LH,
    pub DefaultPortAuthStates: *mut c_void,
    pub PciDeviceCustomProperties: *mut c_void,
}
layout!(NDIS_MINIPORT_INIT_PARAMETERS, 64, 8, Header @ 0, Flags @ 4, AllocatedResources @ 8, IMDeviceInstanceContext @ 16, MiniportAddDeviceContext @ 24, IfIndex @ 32, NetLuid @ 40, DefaultPortAuthStates @ 48, PciDeviceCustomProperties @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OBJECT_HEADER {
    pub Type: u8,
    pub Revision: u8,
    pub Size: u16,
}
layout!(NDIS_OBJECT_HEADER, 4, 2, Type @ 0, Revision @ 1, Size @ 2);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_DRIVER_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub MajorNdisVersion: u8,
    pub MinorNdisVersion: u8,
    pub MajorDriverVersion: u8,
    pub MinorDriverVersion: u8,
    pub Flags: u32,
    pub SetOptionsHandler: SET_OPTIONS_HANDLER,
    pub InitializeHandlerEx: MINIPORT_INITIALIZE_HANDLER,
    pub HaltHandlerEx: MINIPORT_HALT_HANDLER,
    pub UnloadHandler: MINIPORT_DRIVER_UNLOAD,
    pub PauseHandler: MINIPORT_PAUSE_HANDLER,
    pub RestartHandler: MINIPORT_RESTART_HANDLER,
    pub OidRequestHandler: MINIPORT_OID_REQUEST_HANDLER,
    pub SendNetBufferListsHandler: MINIPORT_SEND_NET_BUFFER_LISTS_HANDLER,
    pub ReturnNetBufferListsHandler: MINIPORT_RETURN_NET_BUFFER_LISTS_HANDLER,
    pub CancelSendHandler: MINIPORT_CANCEL_SEND_HANDLER,
    pub CheckForHangHandlerEx: MINIPORT_CHECK_FOR_HANG_HANDLER,
    pub ResetHandlerEx: MINIPORT_RESET_HANDLER,
    pub DevicePnPEventNotifyHandler: MINIPORT_DEVICE_PNP_EVENT_NOTIFY_HANDLER,
    pub ShutdownHandlerEx: MINIPORT_SHUTDOWN_HANDLER,
    pub CancelOidRequestHandler: MINIPORT_CANCEL_OID_REQUEST_HANDLER,
    pub DirectOidRequestHandler: MINIPORT_DIRECT_OID_REQUEST_HANDLER,
    pub CancelDirectOidRequestHandler: MINIPORT_CANCEL_DIRECT_OID_REQUEST_HANDLER,
    pub SynchronousOidRequestHandler: MINIPORT_SYNCHRONOUS_OID_REQUEST_HANDLER,
}
layout!(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, 160, 8, Header @ 0, MajorNdisVersion @ 4, MinorNdisVersion @ 5, MajorDriverVersion @ 6, MinorDriverVersion @ 7, Flags @ 8, SetOptionsHandler @ 16, InitializeHandlerEx @ 24, HaltHandlerEx @ 32, UnloadHandler @ 40, PauseHandler @ 48, RestartHandler @ 56, OidRequestHandler @ 64, SendNetBufferListsHandler @ 72, ReturnNetBufferListsHandler @ 80, CancelSendHandler @ 88, CheckForHangHandlerEx @ 96, ResetHandlerEx @ 104, DevicePnPEventNotifyHandler @ 112, ShutdownHandlerEx @ 120, CancelOidRequestHandler @ 128, DirectOidRequestHandler @ 136, CancelDirectOidRequestHandler @ 144, SynchronousOidRequestHandler @ 152);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub MiniportAdapterContext: NDIS_HANDLE,
    pub AttributeFlags: u32,
    pub CheckForHangTimeInSeconds: u32,
    pub InterfaceType: NDIS_INTERFACE_TYPE,
}
layout!(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 32, 8, Header @ 0, MiniportAdapterContext @ 8, AttributeFlags @ 16, CheckForHangTimeInSeconds @ 20, InterfaceType @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub MediaType: NDIS_MEDIUM,
    pub PhysicalMediumType: NDIS_PHYSICAL_MEDIUM,
    pub MtuSize: u32,
    pub MaxXmitLinkSpeed: u64,
    pub XmitLinkSpeed: u64,
    pub MaxRcvLinkSpeed: u64,
    pub RcvLinkSpeed: u64,
    pub MediaConnectState: NET_IF_MEDIA_CONNECT_STATE,
    pub MediaDuplexState: NET_IF_MEDIA_DUPLEX_STATE,
    pub LookaheadSize: u32,
    pub PowerManagementCapabilities: *mut NDIS_PNP_CAPABILITIES,
    pub MacOptions: u32,
    pub SupportedPacketFilters: u32,
    pub MaxMulticastListSize: u32,
    pub MacAddressLength: u16,
    pub PermanentMacAddress: [u8; 32],
    pub CurrentMacAddress: [u8; 32],
    pub RecvScaleCapabilities: *mut NDIS_RECEIVE_SCALE_CAPABILITIES,
    pub AccessType: NET_IF_ACCESS_TYPE,
    pub DirectionType: NET_IF_DIRECTION_TYPE,
    pub ConnectionType: NET_IF_CONNECTION_TYPE,
    pub IfType: NET_IFTYPE,
    pub IfConnectorPresent: BOOLEAN,
    pub SupportedStatistics: u32,
    pub SupportedPauseFunctions: u32,
    pub DataBackFillSize: u32,
    pub ContextBackFillSize: u32,
    pub SupportedOidList: *mut u32,
    pub SupportedOidListLength: u32,
    pub AutoNegotiationFlags: u32,
    pub PowerManagementCapabilitiesEx: *mut NDIS_PM_CAPABILITIES,
}
layout!(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, 224, 8, Header @ 0, Flags @ 4, MediaType @ 8, PhysicalMediumType @ 12, MtuSize @ 16, MaxXmitLinkSpeed @ 24, XmitLinkSpeed @ 32, MaxRcvLinkSpeed @ 40, RcvLinkSpeed @ 48, MediaConnectState @ 56, MediaDuplexState @ 60, LookaheadSize @ 64, PowerManagementCapabilities @ 72, MacOptions @ 80, SupportedPacketFilters @ 84, MaxMulticastListSize @ 88, MacAddressLength @ 92, PermanentMacAddress @ 94, CurrentMacAddress @ 126, RecvScaleCapabilities @ 160, AccessType @ 168, DirectionType @ 172, ConnectionType @ 176, IfType @ 180, IfConnectorPresent @ 182, SupportedStatistics @ 184, SupportedPauseFunctions @ 188, DataBackFillSize @ 192, ContextBackFillSize @ 196, SupportedOidList @ 200, SupportedOidListLength @ 208, AutoNegotiationFlags @ 212, PowerManagementCapabilitiesEx @ 216);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub DefaultOffloadConfiguration: *mut NDIS_OFFLOAD,
    pub HardwareOffloadCapabilities: *mut NDIS_OFFLOAD,
    pub DefaultTcpConnectionOffloadConfiguration: *mut NDIS_TCP_CONNECTION_OFFLOAD,
    pub TcpConnectionOffloadHardwareCapabilities: *mut NDIS_TCP_CONNECTION_OFFLOAD,
}
layout!(NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES, 40, 8, Header @ 0, DefaultOffloadConfiguration @ 8, HardwareOffloadCapabilities @ 16, DefaultTcpConnectionOffloadConfiguration @ 24, TcpConnectionOffloadHardwareCapabilities @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub HDSplitAttributes: *mut c_void,
    pub HardwareReceiveFilterCapabilities: *mut c_void,
    pub CurrentReceiveFilterCapabilities: *mut c_void,
    pub HardwareNicSwitchCapabilities: *mut c_void,
    pub CurrentNicSwitchCapabilities: *mut c_void,
    pub HardwareSriovCapabilities: *mut c_void,
    pub CurrentSriovCapabilities: *mut c_void,
    pub HardwareQosCapabilities: *mut c_void,
    pub CurrentQosCapabilities: *mut c_void,
    pub HardwareGftOffloadCapabilities: *mut c_void,
    pub CurrentGftOffloadCapabilities: *mut c_void,
}
layout!(NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES, 96, 8, Header @ 0, HDSplitAttributes @ 8, HardwareReceiveFilterCapabilities @ 16, CurrentReceiveFilterCapabilities @ 24, HardwareNicSwitchCapabilities @ 32, CurrentNicSwitchCapabilities @ 40, HardwareSriovCapabilities @ 48, CurrentSriovCapabilities @ 56, HardwareQosCapabilities @ 64, CurrentQosCapabilities @ 72, HardwareGftOffloadCapabilities @ 80, CurrentGftOffloadCapabilities @ 88);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub MiniportAddDeviceContext: NDIS_HANDLE,
    pub Flags: u32,
}
layout!(NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES, 24, 8, Header @ 0, MiniportAddDeviceContext @ 8, Flags @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_MINIPORT_ADAPTER_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub AddDeviceRegistrationAttributes: NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES,
    pub RegistrationAttributes: NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
    pub GeneralAttributes: NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
    pub OffloadAttributes: NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
    pub Native_802_11_Attributes: NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES,
    pub HardwareAssistAttributes: NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
    pub NDKAttributes: NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES,
    pub PacketDirectAttributes: NDIS_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES,
}
layout!(NDIS_MINIPORT_ADAPTER_ATTRIBUTES, 224, 8, Header @ 0, AddDeviceRegistrationAttributes @ 0, RegistrationAttributes @ 0, GeneralAttributes @ 0, OffloadAttributes @ 0, Native_802_11_Attributes @ 0, HardwareAssistAttributes @ 0, NDKAttributes @ 0, PacketDirectAttributes @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_PAUSE_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub PauseReason: u32,
}
layout!(NDIS_MINIPORT_PAUSE_PARAMETERS, 12, 4, Header @ 0, Flags @ 4, PauseReason @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_RESTART_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub RestartAttributes: *mut NDIS_RESTART_ATTRIBUTES,
    pub Flags: u32,
}
layout!(NDIS_MINIPORT_RESTART_PARAMETERS, 24, 8, Header @ 0, RestartAttributes @ 8, Flags @ 16);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct NDIS_RESTART_ATTRIBUTES {
    pub Next: *mut NDIS_RESTART_ATTRIBUTES,
    pub Oid: NDIS_OID,
    pub DataLength: u32,
    pub Data: [u8; 1],
}
layout!(NDIS_RESTART_ATTRIBUTES, 32, 16, Next @ 0, Oid @ 8, DataLength @ 12, Data @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RESTART_GENERAL_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub MtuSize: u32,
    pub MaxXmitLinkSpeed: u64,
    pub MaxRcvLinkSpeed: u64,
    pub LookaheadSize: u32,
    pub MacOptions: u32,
    pub SupportedPacketFilters: u32,
    pub MaxMulticastListSize: u32,
    pub RecvScaleCapabilities: *mut NDIS_RECEIVE_SCALE_CAPABILITIES,
    pub AccessType: NET_IF_ACCESS_TYPE,
    pub Flags: u32,
    pub ConnectionType: NET_IF_CONNECTION_TYPE,
    pub SupportedStatistics: u32,
    pub DataBackFillSize: u32,
    pub ContextBackFillSize: u32,
    pub SupportedOidList: *mut u32,
    pub SupportedOidListLength: u32,
    pub MaxLookaheadSizeAccessed: u32,
}
layout!(NDIS_RESTART_GENERAL_ATTRIBUTES, 88, 8, Header @ 0, MtuSize @ 4, MaxXmitLinkSpeed @ 8, MaxRcvLinkSpeed @ 16, LookaheadSize @ 24, MacOptions @ 28, SupportedPacketFilters @ 32, MaxMulticastListSize @ 36, RecvScaleCapabilities @ 40, AccessType @ 48, Flags @ 52, ConnectionType @ 56, SupportedStatistics @ 60, DataBackFillSize @ 64, ContextBackFillSize @ 68, SupportedOidList @ 72, SupportedOidListLength @ 80, MaxLookaheadSizeAccessed @ 84);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_PNP_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub MiniportAddDeviceHandler: MINIPORT_ADD_DEVICE_HANDLER,
    pub MiniportRemoveDeviceHandler: MINIPORT_REMOVE_DEVICE_HANDLER,
    pub MiniportFilterResourceRequirementsHandler: MINIPORT_FILTER_RESOURCE_REQUIREMENTS_HANDLER,
    pub MiniportStartDeviceHandler: MINIPORT_START_DEVICE_HANDLER,
    pub Flags: u32,
}
layout!(NDIS_MINIPORT_PNP_CHARACTERISTICS, 48, 8, Header @ 0, MiniportAddDeviceHandler @ 8, MiniportRemoveDeviceHandler @ 16, MiniportFilterResourceRequirementsHandler @ 24, MiniportStartDeviceHandler @ 32, Flags @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_SS_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub IdleNotificationHandler: MINIPORT_IDLE_NOTIFICATION_HANDLER,
    pub CancelIdleNotificationHandler: MINIPORT_CANCEL_IDLE_NOTIFICATION_HANDLER,
}
layout!(NDIS_MINIPORT_SS_CHARACTERISTICS, 24, 8, Header @ 0, Flags @ 4, IdleNotificationHandler @ 8, CancelIdleNotificationHandler @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub InterruptHandler: MINIPORT_ISR_HANDLER,
    pub InterruptDpcHandler: MINIPORT_INTERRUPT_DPC_HANDLER,
    pub DisableInterruptHandler: MINIPORT_DISABLE_INTERRUPT_HANDLER,
    pub EnableInterruptHandler: MINIPORT_ENABLE_INTERRUPT_HANDLER,
    pub MsiSupported: BOOLEAN,
    pub MsiSyncWithAllMessages: BOOLEAN,
    pub MessageInterruptHandler: MINIPORT_MSI_ISR_HANDLER,
    pub MessageInterruptDpcHandler: MINIPORT_MSI_INTERRUPT_DPC_HANDLER,
    pub DisableMessageInterruptHandler: MINIPORT_DISABLE_MSI_INTERRUPT_HANDLER,
    pub EnableMessageInterruptHandler: MINIPORT_ENABLE_MSI_INTERRUPT_HANDLER,
    pub InterruptType: NDIS_INTERRUPT_TYPE,
    pub MessageInfoTable: *mut IO_INTERRUPT_MESSAGE_INFO,
}
layout!(NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS, 96, 8, Header @ 0, InterruptHandler @ 8, InterruptDpcHandler @ 16, DisableInterruptHandler @ 24, EnableInterruptHandler @ 32, MsiSupported @ 40, MsiSyncWithAllMessages @ 41, MessageInterruptHandler @ 48, MessageInterruptDpcHandler @ 56, DisableMessageInterruptHandler @ 64, EnableMessageInterruptHandler @ 72, InterruptType @ 80, MessageInfoTable @ 88);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_SG_DMA_DESCRIPTION {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub MaximumPhysicalMapping: u32,
    pub ProcessSGListHandler: MINIPORT_PROCESS_SG_LIST_HANDLER,
    pub SharedMemAllocateCompleteHandler: MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER,
    pub ScatterGatherListSize: u32,
    pub PdoOverride: *mut DEVICE_OBJECT,
}
layout!(NDIS_SG_DMA_DESCRIPTION, 48, 8, Header @ 0, Flags @ 4, MaximumPhysicalMapping @ 8, ProcessSGListHandler @ 16, SharedMemAllocateCompleteHandler @ 24, ScatterGatherListSize @ 32, PdoOverride @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_CONFIGURATION_OBJECT {
    pub Header: NDIS_OBJECT_HEADER,
    pub NdisHandle: NDIS_HANDLE,
    pub Flags: u32,
}
layout!(NDIS_CONFIGURATION_OBJECT, 24, 8, Header @ 0, NdisHandle @ 8, Flags @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_CONFIGURATION_PARAMETER_ParameterData {
    pub IntegerData: u32,
    pub StringData: NDIS_STRING,
    pub BinaryData: BINARY_DATA,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_CONFIGURATION_PARAMETER {
    pub ParameterType: NDIS_PARAMETER_TYPE,
    pub ParameterData: NDIS_CONFIGURATION_PARAMETER_ParameterData,
}
layout!(NDIS_CONFIGURATION_PARAMETER_ParameterData, 16, 8, IntegerData @ 0, StringData @ 0, BinaryData @ 0);
layout!(NDIS_CONFIGURATION_PARAMETER, 24, 8, ParameterType @ 0, ParameterData @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TIMER_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub AllocationTag: u32,
    pub TimerFunction: PNDIS_TIMER_FUNCTION,
    pub FunctionContext: *mut c_void,
}
layout!(NDIS_TIMER_CHARACTERISTICS, 24, 8, Header @ 0, AllocationTag @ 4, TimerFunction @ 8, FunctionContext @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_SPIN_LOCK {
    pub SpinLock: KSPIN_LOCK,
    pub OldIrql: KIRQL,
}
layout!(NDIS_SPIN_LOCK, 16, 8, SpinLock @ 0, OldIrql @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_DEVICE_PNP_EVENT {
    pub Header: NDIS_OBJECT_HEADER,
    pub PortNumber: NDIS_PORT_NUMBER,
    pub DevicePnPEvent: NDIS_DEVICE_PNP_EVENT,
    pub InformationBuffer: *mut c_void,
    pub InformationBufferLength: u32,
    pub NdisReserved: [u8; 16],
}
layout!(NET_DEVICE_PNP_EVENT, 48, 8, Header @ 0, PortNumber @ 4, DevicePnPEvent @ 8, InformationBuffer @ 16, InformationBufferLength @ 24, NdisReserved @ 28);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_PNP_EVENT {
    pub NetEvent: NET_PNP_EVENT_CODE,
    pub Buffer: *mut c_void,
    pub BufferLength: u32,
    pub NdisReserved: [usize; 4],
    pub TransportReserved: [usize; 4],
    pub TdiReserved: [usize; 4],
    pub TdiClientReserved: [usize; 4],
}
layout!(NET_PNP_EVENT, 152, 8, NetEvent @ 0, Buffer @ 8, BufferLength @ 16, NdisReserved @ 24, TransportReserved @ 56, TdiReserved @ 88, TdiClientReserved @ 120);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_PNP_EVENT_NOTIFICATION {
    pub Header: NDIS_OBJECT_HEADER,
    pub PortNumber: NDIS_PORT_NUMBER,
    pub NetPnPEvent: NET_PNP_EVENT,
    pub Flags: u32,
    pub SwitchId: NDIS_NIC_SWITCH_ID,
    pub VPortId: NDIS_NIC_SWITCH_VPORT_ID,
}
layout!(NET_PNP_EVENT_NOTIFICATION, 176, 8, Header @ 0, PortNumber @ 4, NetPnPEvent @ 8, Flags @ 160, SwitchId @ 164, VPortId @ 168);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_STATUS_INDICATION {
    pub Header: NDIS_OBJECT_HEADER,
    pub SourceHandle: NDIS_HANDLE,
    pub PortNumber: NDIS_PORT_NUMBER,
    pub StatusCode: NDIS_STATUS,
    pub Flags: u32,
    pub DestinationHandle: NDIS_HANDLE,
    pub RequestId: *mut c_void,
    pub StatusBuffer: *mut c_void,
    pub StatusBufferSize: u32,
    pub Guid: GUID,
    pub NdisReserved: [*mut c_void; 4],
}
layout!(NDIS_STATUS_INDICATION, 112, 8, Header @ 0, SourceHandle @ 8, PortNumber @ 16, StatusCode @ 20, Flags @ 24, DestinationHandle @ 32, RequestId @ 40, StatusBuffer @ 48, StatusBufferSize @ 56, Guid @ 60, NdisReserved @ 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_LINK_STATE {
    pub Header: NDIS_OBJECT_HEADER,
    pub MediaConnectState: NET_IF_MEDIA_CONNECT_STATE,
    pub MediaDuplexState: NET_IF_MEDIA_DUPLEX_STATE,
    pub XmitLinkSpeed: u64,
    pub RcvLinkSpeed: u64,
    pub PauseFunctions: NDIS_SUPPORTED_PAUSE_FUNCTIONS,
    pub AutoNegotiationFlags: u32,
}
layout!(NDIS_LINK_STATE, 40, 8, Header @ 0, MediaConnectState @ 4, MediaDuplexState @ 8, XmitLinkSpeed @ 16, RcvLinkSpeed @ 24, PauseFunctions @ 32, AutoNegotiationFlags @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OPER_STATE {
    pub Header: NDIS_OBJECT_HEADER,
    pub OperationalStatus: NET_IF_OPER_STATUS,
    pub OperationalStatusFlags: u32,
}
layout!(NDIS_OPER_STATE, 12, 4, Header @ 0, OperationalStatus @ 4, OperationalStatusFlags @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_DEVICE_OBJECT_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub DeviceName: *mut UNICODE_STRING,
    pub SymbolicName: *mut UNICODE_STRING,
    pub MajorFunctions: *mut PDRIVER_DISPATCH,
    pub ExtensionSize: u32,
    pub DefaultSDDLString: *const UNICODE_STRING,
    pub DeviceClassGuid: *const GUID,
}
layout!(NDIS_DEVICE_OBJECT_ATTRIBUTES, 56, 8, Header @ 0, DeviceName @ 8, SymbolicName @ 16, MajorFunctions @ 24, ExtensionSize @ 32, DefaultSDDLString @ 40, DeviceClassGuid @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_LUID_LH_Info {
    pub _bitfield_1: u64,
}
bits!(NET_LUID_LH_Info, _bitfield_1: u64 { Reserved set_Reserved @ 0 + 24, NetLuidIndex set_NetLuidIndex @ 24 + 24, IfType set_IfType @ 48 + 16 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_LUID_LH {
    pub Value: u64,
    pub Info: NET_LUID_LH_Info,
}
layout!(NET_LUID_LH_Info, 8, 8, _bitfield_1 @ 0);
layout!(NET_LUID_LH, 8, 8, Value @ 0, Info @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub OpModeCapability: u32,
    pub NumOfTXBuffers: u32,
    pub NumOfRXBuffers: u32,
    pub MultiDomainCapabilityImplemented: BOOLEAN,
    pub NumSupportedPhys: u32,
    pub SupportedPhyAttributes: *mut c_void,
    pub ExtSTAAttributes: *mut c_void,
    pub VWiFiAttributes: *mut c_void,
    pub ExtAPAttributes: *mut c_void,
    pub WFDAttributes: *mut c_void,
}
layout!(NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES, 64, 8, Header @ 0, OpModeCapability @ 4, NumOfTXBuffers @ 8, NumOfRXBuffers @ 12, MultiDomainCapabilityImplemented @ 16, NumSupportedPhys @ 20, SupportedPhyAttributes @ 24, ExtSTAAttributes @ 32, VWiFiAttributes @ 40, ExtAPAttributes @ 48, WFDAttributes @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Enabled: BOOLEAN,
    pub NdkCapabilities: *mut c_void,
}
layout!(NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES, 16, 8, Header @ 0, Enabled @ 4, NdkCapabilities @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub DmaAddressWidth: u8,
}
layout!(NDIS_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES, 12, 4, Header @ 0, Flags @ 4, DmaAddressWidth @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct BINARY_DATA {
    pub Length: u16,
    pub Buffer: *mut c_void,
}
layout!(BINARY_DATA, 16, 8, Length @ 0, Buffer @ 8);
