//! Storport: what a miniport registers, is told and asks for.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_LOG_EVENT_DETAILS {
    pub InterfaceRevision: u32,
    pub Size: u32,
    pub Flags: u32,
    pub EventAssociation: STOR_EVENT_ASSOCIATION_ENUM,
    pub PathId: u32,
    pub TargetId: u32,
    pub LunId: u32,
    pub StorportSpecificErrorCode: BOOLEAN,
    pub ErrorCode: u32,
    pub UniqueId: u32,
    pub DumpDataSize: u32,
    pub DumpData: *mut c_void,
    pub StringCount: u32,
    pub StringList: *mut *mut WCHAR,
}
layout!(STOR_LOG_EVENT_DETAILS, 72, 8, InterfaceRevision @ 0, Size @ 4, Flags @ 8, EventAssociation @ 12, PathId @ 16, TargetId @ 20, LunId @ 24, StorportSpecificErrorCode @ 28, ErrorCode @ 32, UniqueId @ 36, DumpDataSize @ 40, DumpData @ 48, StringCount @ 56, StringList @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_UNIT_ATTRIBUTES {
    pub _bitfield_1: u32,
}
bits!(STOR_UNIT_ATTRIBUTES, _bitfield_1: u32 { DeviceAttentionSupported set_DeviceAttentionSupported @ 0 + 1, AsyncNotificationSupported set_AsyncNotificationSupported @ 1 + 1, D3ColdNotSupported set_D3ColdNotSupported @ 2 + 1, BypassIOSupported set_BypassIOSupported @ 3 + 1, Reserved set_Reserved @ 4 + 28 });
layout!(STOR_UNIT_ATTRIBUTES, 4, 4, _bitfield_1 @ 0);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct STOR_SLIST_ENTRY {
    pub Next: *mut STOR_SLIST_ENTRY,
}
layout!(STOR_SLIST_ENTRY, 16, 16, Next @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SLIST_HEADER_anon_1 {
    pub Alignment: u64,
    pub Region: u64,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SLIST_HEADER_Header8 {
    pub _bitfield_1: u64,
    pub _bitfield_2: u64,
}
bits!(STOR_SLIST_HEADER_Header8, _bitfield_1: u64 { Depth set_Depth @ 0 + 16, Sequence set_Sequence @ 16 + 9, NextEntry set_NextEntry @ 25 + 39 });
bits!(STOR_SLIST_HEADER_Header8, _bitfield_2: u64 { HeaderType set_HeaderType @ 0 + 1, Init set_Init @ 1 + 1, Reserved set_Reserved @ 2 + 59, Region set_Region @ 61 + 3 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SLIST_HEADER_Header16 {
    pub _bitfield_1: u64,
    pub _bitfield_2: u64,
}
bits!(STOR_SLIST_HEADER_Header16, _bitfield_1: u64 { Depth set_Depth @ 0 + 16, Sequence set_Sequence @ 16 + 48 });
bits!(STOR_SLIST_HEADER_Header16, _bitfield_2: u64 { HeaderType set_HeaderType @ 0 + 1, Init set_Init @ 1 + 1, Reserved set_Reserved @ 2 + 2, NextEntry set_NextEntry @ 4 + 60 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SLIST_HEADER_HeaderX64 {
    pub _bitfield_1: u64,
    pub _bitfield_2: u64,
}
bits!(STOR_SLIST_HEADER_HeaderX64, _bitfield_1: u64 { Depth set_Depth @ 0 + 16, Sequence set_Sequence @ 16 + 48 });
bits!(STOR_SLIST_HEADER_HeaderX64, _bitfield_2: u64 { HeaderType set_HeaderType @ 0 + 1, Reserved set_Reserved @ 1 + 3, NextEntry set_NextEntry @ 4 + 60 });
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub union STOR_SLIST_HEADER {
    pub __bindgen_anon_1: STOR_SLIST_HEADER_anon_1,
    pub Header8: STOR_SLIST_HEADER_Header8,
    pub Header16: STOR_SLIST_HEADER_Header16,
    pub HeaderX64: STOR_SLIST_HEADER_HeaderX64,
}
layout!(STOR_SLIST_HEADER_anon_1, 16, 8, Alignment @ 0, Region @ 8);
layout!(STOR_SLIST_HEADER_Header8, 16, 8, _bitfield_1 @ 0, _bitfield_2 @ 8);
layout!(STOR_SLIST_HEADER_Header16, 16, 8, _bitfield_1 @ 0, _bitfield_2 @ 8);
layout!(STOR_SLIST_HEADER_HeaderX64, 16, 8, _bitfield_1 @ 0, _bitfield_2 @ 8);
layout!(STOR_SLIST_HEADER, 16, 16, __bindgen_anon_1 @ 0, Header8 @ 0, Header16 @ 0, HeaderX64 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DPC_BUFFER {
    pub Type: i16,
    pub Number: u8,
    pub Importance: u8,
    pub F: *mut c_void,
    pub B: *mut c_void,
    pub DeferredRoutine: *mut c_void,
    pub DeferredContext: *mut c_void,
    pub SystemArgument1: *mut c_void,
    pub SystemArgument2: *mut c_void,
    pub DpcData: *mut c_void,
}
layout!(DPC_BUFFER, 64, 8, Type @ 0, Number @ 2, Importance @ 3, F @ 8, B @ 16, DeferredRoutine @ 24, DeferredContext @ 32, SystemArgument1 @ 40, SystemArgument2 @ 48, DpcData @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_UC_DEVICE_USAGE {
    pub Address: *mut STOR_ADDRESS,
    pub UsageType: SCSI_UC_DEVICE_USAGE_TYPE,
    pub InUse: BOOLEAN,
}
layout!(STOR_UC_DEVICE_USAGE, 16, 8, Address @ 0, UsageType @ 8, InUse @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_GROUP_AFFINITY {
    pub Mask: STOR_AFFINITY,
    pub Group: u16,
    pub Reserved: [u16; 3],
}
layout!(STOR_GROUP_AFFINITY, 16, 8, Mask @ 0, Group @ 8, Reserved @ 10);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut WCHAR,
}
layout!(STOR_UNICODE_STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_RICH_DEVICE_DESCRIPTION {
    pub Version: u32,
    pub Size: u32,
    pub VendorId: [i8; 17],
    pub ModelNumber: [i8; 65],
    pub FirmwareRevision: [i8; 17],
}
layout!(STOR_RICH_DEVICE_DESCRIPTION, 108, 4, Version @ 0, Size @ 4, VendorId @ 8, ModelNumber @ 25, FirmwareRevision @ 90);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORPORT_EXTENDED_FUNCTIONS {
    pub Version: u32,
    pub GetMessageInterruptInformation: PStorPortGetMessageInterruptInformation,
    pub PutScatterGatherList: PStorPortPutScatterGatherList,
    pub BuildScatterGatherList: PStorPortBuildScatterGatherList,
    pub FreePool: PStorPortFreePool,
    pub AllocatePool: PStorPortAllocatePool,
    pub GetSystemAddress: PStorPortGetSystemAddress,
    pub AcquireMSISpinLock: PStorPortAcquireMSISpinLock,
    pub ReleaseMSISpinLock: PStorPortReleaseMSISpinLock,
    pub CompleteServiceIrp: PStorPortCompleteServiceIrp,
    pub GetOriginalMdl: PStorPortGetOriginalMdl,
}
layout!(STORPORT_EXTENDED_FUNCTIONS, 88, 8, Version @ 0, GetMessageInterruptInformation @ 8, PutScatterGatherList @ 16, BuildScatterGatherList @ 24, FreePool @ 32, AllocatePool @ 40, GetSystemAddress @ 48, AcquireMSISpinLock @ 56, ReleaseMSISpinLock @ 64, CompleteServiceIrp @ 72, GetOriginalMdl @ 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_RESET_BUS_SYNCHRONOUS_PARAMETER {
    pub Version: u32,
    pub Size: u32,
    pub PathId: u32,
    pub Reserved: u32,
}
layout!(STOR_RESET_BUS_SYNCHRONOUS_PARAMETER, 16, 4, Version @ 0, Size @ 4, PathId @ 8, Reserved @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORPORT_TELEMETRY_EVENT {
    pub DriverVersion: u32,
    pub EventId: u32,
    pub EventName: [u8; 32],
    pub EventVersion: u32,
    pub Flags: u32,
    pub EventBufferLength: u32,
    pub EventBuffer: *mut u8,
    pub ParameterName0: [u8; 32],
    pub ParameterValue0: u64,
    pub ParameterName1: [u8; 32],
    pub ParameterValue1: u64,
    pub ParameterName2: [u8; 32],
    pub ParameterValue2: u64,
    pub ParameterName3: [u8; 32],
    pub ParameterValue3: u64,
    pub ParameterName4: [u8; 32],
    pub ParameterValue4: u64,
    pub ParameterName5: [u8; 32],
    pub ParameterValue5: u64,
    pub ParameterName6: [u8; 32],
    pub ParameterValue6: u64,
    pub ParameterName7: [u8; 32],
    pub ParameterValue7: u64,
}
layout!(STORPORT_TELEMETRY_EVENT, 384, 8, DriverVersion @ 0, EventId @ 4, EventName @ 8, EventVersion @ 40, Flags @ 44, EventBufferLength @ 48, EventBuffer @ 56, ParameterName0 @ 64, ParameterValue0 @ 96, ParameterName1 @ 104, ParameterValue1 @ 136, ParameterName2 @ 144, ParameterValue2 @ 176, ParameterName3 @ 184, ParameterValue3 @ 216, ParameterName4 @ 224, ParameterValue4 @ 256, ParameterName5 @ 264, ParameterValue5 @ 296, ParameterName6 @ 304, ParameterValue6 @ 336, ParameterName7 @ 344, ParameterValue7 @ 376);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6GENERIC {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub CommandUniqueBytes: [u8; 3],
    pub _bitfield_2: u8,
}
bits!(_CDB6GENERIC, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, CommandUniqueBits set_CommandUniqueBits @ 1 + 4, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_CDB6GENERIC, _bitfield_2: u8 { Link set_Link @ 0 + 1, Flag set_Flag @ 1 + 1, Reserved set_Reserved @ 2 + 4, VendorUnique set_VendorUnique @ 6 + 2 });
layout!(_CDB6GENERIC, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, CommandUniqueBytes @ 2, _bitfield_2 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6READWRITE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockMsb0: u8,
    pub LogicalBlockLsb: u8,
    pub TransferBlocks: u8,
    pub Control: u8,
}
bits!(_CDB6READWRITE, _bitfield_1: u8 { LogicalBlockMsb1 set_LogicalBlockMsb1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB6READWRITE, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockMsb0 @ 2, LogicalBlockLsb @ 3, TransferBlocks @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6INQUIRY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub IReserved: u8,
    pub AllocationLength: u8,
    pub Control: u8,
}
bits!(_CDB6INQUIRY, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB6INQUIRY, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, PageCode @ 2, IReserved @ 3, AllocationLength @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6INQUIRY3 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved2: u8,
    pub AllocationLength: u8,
    pub Control: u8,
}
bits!(_CDB6INQUIRY3, _bitfield_1: u8 { EnableVitalProductData set_EnableVitalProductData @ 0 + 1, CommandSupportData set_CommandSupportData @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 6 });
layout!(_CDB6INQUIRY3, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, PageCode @ 2, Reserved2 @ 3, AllocationLength @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6VERIFY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub VerificationLength: [u8; 3],
    pub Control: u8,
}
bits!(_CDB6VERIFY, _bitfield_1: u8 { Fixed set_Fixed @ 0 + 1, ByteCompare set_ByteCompare @ 1 + 1, Immediate set_Immediate @ 2 + 1, Reserved set_Reserved @ 3 + 2, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB6VERIFY, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, VerificationLength @ 2, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _RECEIVE_DIAGNOSTIC {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_RECEIVE_DIAGNOSTIC, _bitfield_1: u8 { PageCodeValid set_PageCodeValid @ 0 + 1, Reserved set_Reserved @ 1 + 7 });
layout!(_RECEIVE_DIAGNOSTIC, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, PageCode @ 2, AllocationLength @ 3, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_DIAGNOSTIC {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: u8,
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_SEND_DIAGNOSTIC, _bitfield_1: u8 { UnitOffline set_UnitOffline @ 0 + 1, DeviceOffline set_DeviceOffline @ 1 + 1, SelfTest set_SelfTest @ 2 + 1, Reserved1 set_Reserved1 @ 3 + 1, PageFormat set_PageFormat @ 4 + 1, SelfTestCode set_SelfTestCode @ 5 + 3 });
layout!(_SEND_DIAGNOSTIC, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 3, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6FORMAT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub FReserved1: u8,
    pub InterleaveMsb: u8,
    pub InterleaveLsb: u8,
    pub FReserved2: u8,
}
bits!(_CDB6FORMAT, _bitfield_1: u8 { FormatControl set_FormatControl @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB6FORMAT, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, FReserved1 @ 2, InterleaveMsb @ 3, InterleaveLsb @ 4, FReserved2 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockByte0: u8,
    pub LogicalBlockByte1: u8,
    pub LogicalBlockByte2: u8,
    pub LogicalBlockByte3: u8,
    pub Reserved2: u8,
    pub TransferBlocksMsb: u8,
    pub TransferBlocksLsb: u8,
    pub Control: u8,
}
bits!(_CDB10, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 2, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockByte0 @ 2, LogicalBlockByte1 @ 3, LogicalBlockByte2 @ 4, LogicalBlockByte3 @ 5, Reserved2 @ 6, TransferBlocksMsb @ 7, TransferBlocksLsb @ 8, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB12 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 4],
    pub TransferLength: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_CDB12, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 2, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_CDB12, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub TransferLength: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_CDB16, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 3, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, Protection set_Protection @ 5 + 3 });
layout!(_CDB16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 10, Reserved2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_BUFFER_10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub BufferId: u8,
    pub BufferOffset: [u8; 3],
    pub AllocationLength: [u8; 3],
    pub Control: u8,
}
bits!(_READ_BUFFER_10, _bitfield_1: u8 { Mode set_Mode @ 0 + 5, ModeSpecific set_ModeSpecific @ 5 + 3 });
layout!(_READ_BUFFER_10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, BufferId @ 2, BufferOffset @ 3, AllocationLength @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_BUFFER_16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub BufferOffset: [u8; 8],
    pub AllocationLength: [u8; 4],
    pub BufferId: u8,
    pub Control: u8,
}
bits!(_READ_BUFFER_16, _bitfield_1: u8 { Mode set_Mode @ 0 + 5, ModeSpecific set_ModeSpecific @ 5 + 3 });
layout!(_READ_BUFFER_16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, BufferOffset @ 2, AllocationLength @ 10, BufferId @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SECURITY_PROTOCOL_IN {
    pub OperationCode: u8,
    pub SecurityProtocol: u8,
    pub SecurityProtocolSpecific: [u8; 2],
    pub _bitfield_1: u8,
    pub Reserved2: u8,
    pub AllocationLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SECURITY_PROTOCOL_IN, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 7, INC_512 set_INC_512 @ 7 + 1 });
layout!(_SECURITY_PROTOCOL_IN, 12, 1, OperationCode @ 0, SecurityProtocol @ 1, SecurityProtocolSpecific @ 2, _bitfield_1 @ 4, Reserved2 @ 5, AllocationLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SECURITY_PROTOCOL_OUT {
    pub OperationCode: u8,
    pub SecurityProtocol: u8,
    pub SecurityProtocolSpecific: [u8; 2],
    pub _bitfield_1: u8,
    pub Reserved2: u8,
    pub AllocationLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SECURITY_PROTOCOL_OUT, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 7, INC_512 set_INC_512 @ 7 + 1 });
layout!(_SECURITY_PROTOCOL_OUT, 12, 1, OperationCode @ 0, SecurityProtocol @ 1, SecurityProtocolSpecific @ 2, _bitfield_1 @ 4, Reserved2 @ 5, AllocationLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _UNMAP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub _bitfield_2: u8,
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_UNMAP, _bitfield_1: u8 { Anchor set_Anchor @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
bits!(_UNMAP, _bitfield_2: u8 { GroupNumber set_GroupNumber @ 0 + 5, Reserved3 set_Reserved3 @ 5 + 3 });
layout!(_UNMAP, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 6, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SANITIZE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_SANITIZE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, AUSE set_AUSE @ 5 + 1, Reserved1 set_Reserved1 @ 6 + 1, Immediate set_Immediate @ 7 + 1 });
layout!(_SANITIZE, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PAUSE_RESUME {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 6],
    pub Action: u8,
    pub Control: u8,
}
bits!(_PAUSE_RESUME, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_PAUSE_RESUME, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Action @ 8, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_TOC {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved3: [u8; 3],
    pub StartingTrack: u8,
    pub AllocationLength: [u8; 2],
    pub _bitfield_3: u8,
}
bits!(_READ_TOC, _bitfield_1: u8 { Reserved0 set_Reserved0 @ 0 + 1, Msf set_Msf @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_READ_TOC, _bitfield_2: u8 { Format2 set_Format2 @ 0 + 4, Reserved2 set_Reserved2 @ 4 + 4 });
bits!(_READ_TOC, _bitfield_3: u8 { Control set_Control @ 0 + 6, Format set_Format @ 6 + 2 });
layout!(_READ_TOC, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved3 @ 3, StartingTrack @ 6, AllocationLength @ 7, _bitfield_3 @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_DISK_INFORMATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_DISK_INFORMATION, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_READ_DISK_INFORMATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_TRACK_INFORMATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub BlockAddress: [u8; 4],
    pub Reserved3: u8,
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_TRACK_INFORMATION, _bitfield_1: u8 { Track set_Track @ 0 + 2, Reserved4 set_Reserved4 @ 2 + 3, Lun set_Lun @ 5 + 3 });
layout!(_READ_TRACK_INFORMATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, BlockAddress @ 2, Reserved3 @ 6, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _RESERVE_TRACK_RZONE {
    pub OperationCode: u8,
    pub Reserved1: [u8; 4],
    pub ReservationSize: [u8; 4],
    pub Control: u8,
}
layout!(_RESERVE_TRACK_RZONE, 10, 1, OperationCode @ 0, Reserved1 @ 1, ReservationSize @ 5, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_OPC_INFORMATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved3: [u8; 4],
    pub ParameterListLength: [u8; 2],
    pub Reserved4: u8,
}
bits!(_SEND_OPC_INFORMATION, _bitfield_1: u8 { DoOpc set_DoOpc @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
bits!(_SEND_OPC_INFORMATION, _bitfield_2: u8 { Exclude0 set_Exclude0 @ 0 + 1, Exclude1 set_Exclude1 @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 6 });
layout!(_SEND_OPC_INFORMATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved3 @ 3, ParameterListLength @ 7, Reserved4 @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPAIR_TRACK {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub TrackNumber: [u8; 2],
    pub Reserved3: [u8; 3],
    pub Control: u8,
}
bits!(_REPAIR_TRACK, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
layout!(_REPAIR_TRACK, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, TrackNumber @ 4, Reserved3 @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CLOSE_TRACK {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved3: u8,
    pub TrackNumber: [u8; 2],
    pub Reserved4: [u8; 3],
    pub Control: u8,
}
bits!(_CLOSE_TRACK, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
bits!(_CLOSE_TRACK, _bitfield_2: u8 { Track set_Track @ 0 + 1, Session set_Session @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 6 });
layout!(_CLOSE_TRACK, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved3 @ 3, TrackNumber @ 4, Reserved4 @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_BUFFER_CAPACITY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_BUFFER_CAPACITY, _bitfield_1: u8 { BlockInfo set_BlockInfo @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
layout!(_READ_BUFFER_CAPACITY, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_CUE_SHEET {
    pub OperationCode: u8,
    pub Reserved: [u8; 5],
    pub CueSheetSize: [u8; 3],
    pub Control: u8,
}
layout!(_SEND_CUE_SHEET, 10, 1, OperationCode @ 0, Reserved @ 1, CueSheetSize @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_HEADER {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved3: u8,
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_HEADER, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 1, Msf set_Msf @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 3, Lun set_Lun @ 5 + 3 });
layout!(_READ_HEADER, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved3 @ 6, AllocationLength @ 7, Control @ 9);
