//! Storport: what a miniport registers, is told and asks for.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LOAD_UNLOAD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Reserved4: [u8; 3],
    pub Slot: u8,
    pub Reserved5: [u8; 3],
}
bits!(_LOAD_UNLOAD, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 4, Lun set_Lun @ 5 + 3 });
bits!(_LOAD_UNLOAD, _bitfield_2: u8 { Start set_Start @ 0 + 1, LoadEject set_LoadEject @ 1 + 1, Reserved3 set_Reserved3 @ 2 + 6 });
layout!(_LOAD_UNLOAD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 4, Reserved4 @ 5, Slot @ 8, Reserved5 @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MECH_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved1: [u8; 6],
    pub AllocationLength: [u8; 2],
    pub Reserved2: [u8; 1],
    pub Control: u8,
}
bits!(_MECH_STATUS, _bitfield_1: u8 { Reserved set_Reserved @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_MECH_STATUS, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved1 @ 2, AllocationLength @ 8, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SYNCHRONIZE_CACHE10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved2: u8,
    pub BlockCount: [u8; 2],
    pub Control: u8,
}
bits!(_SYNCHRONIZE_CACHE10, _bitfield_1: u8 { RelAddr set_RelAddr @ 0 + 1, Immediate set_Immediate @ 1 + 1, Reserved set_Reserved @ 2 + 3, Lun set_Lun @ 5 + 3 });
layout!(_SYNCHRONIZE_CACHE10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved2 @ 6, BlockCount @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_EVENT_STATUS_NOTIFICATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub NotificationClassRequest: u8,
    pub Reserved3: [u8; 2],
    pub EventListLength: [u8; 2],
    pub Control: u8,
}
bits!(_GET_EVENT_STATUS_NOTIFICATION, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved set_Reserved @ 1 + 4, Lun set_Lun @ 5 + 3 });
layout!(_GET_EVENT_STATUS_NOTIFICATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, NotificationClassRequest @ 4, Reserved3 @ 5, EventListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_PERFORMANCE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingLBA: [u8; 4],
    pub Reserved1: [u8; 2],
    pub MaximumNumberOfDescriptors: [u8; 2],
    pub Type: u8,
    pub Control: u8,
}
bits!(_GET_PERFORMANCE, _bitfield_1: u8 { Except set_Except @ 0 + 2, Write set_Write @ 2 + 1, Tolerance set_Tolerance @ 3 + 2, Reserved0 set_Reserved0 @ 5 + 3 });
layout!(_GET_PERFORMANCE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingLBA @ 2, Reserved1 @ 6, MaximumNumberOfDescriptors @ 8, Type @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_DVD_STRUCTURE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub RMDBlockNumber: [u8; 4],
    pub LayerNumber: u8,
    pub Format: u8,
    pub AllocationLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_READ_DVD_STRUCTURE, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_READ_DVD_STRUCTURE, _bitfield_2: u8 { Reserved3 set_Reserved3 @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_READ_DVD_STRUCTURE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, RMDBlockNumber @ 2, LayerNumber @ 6, Format @ 7, AllocationLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_STREAMING {
    pub OperationCode: u8,
    pub Reserved: [u8; 8],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
layout!(_SET_STREAMING, 12, 1, OperationCode @ 0, Reserved @ 1, ParameterListLength @ 9, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_DVD_STRUCTURE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub Format: u8,
    pub ParameterListLength: [u8; 2],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SEND_DVD_STRUCTURE, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_SEND_DVD_STRUCTURE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Format @ 7, ParameterListLength @ 8, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_KEY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 6],
    pub ParameterListLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_SEND_KEY, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_SEND_KEY, _bitfield_2: u8 { KeyFormat set_KeyFormat @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_SEND_KEY, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_KEY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved2: [u8; 2],
    pub AllocationLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_REPORT_KEY, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_REPORT_KEY, _bitfield_2: u8 { KeyFormat set_KeyFormat @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_REPORT_KEY, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved2 @ 6, AllocationLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_READ_AHEAD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TriggerLBA: [u8; 4],
    pub ReadAheadLBA: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_SET_READ_AHEAD, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_SET_READ_AHEAD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, TriggerLBA @ 2, ReadAheadLBA @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_FORMATTED_CAPACITIES {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_FORMATTED_CAPACITIES, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_READ_FORMATTED_CAPACITIES, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_LUNS {
    pub OperationCode: u8,
    pub Reserved1: [u8; 5],
    pub AllocationLength: [u8; 4],
    pub Reserved2: [u8; 1],
    pub Control: u8,
}
layout!(_REPORT_LUNS, 12, 1, OperationCode @ 0, Reserved1 @ 1, AllocationLength @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PERSISTENT_RESERVE_IN {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_PERSISTENT_RESERVE_IN, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_PERSISTENT_RESERVE_IN, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PERSISTENT_RESERVE_OUT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved2: [u8; 4],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_PERSISTENT_RESERVE_OUT, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_PERSISTENT_RESERVE_OUT, _bitfield_2: u8 { Type set_Type @ 0 + 4, Scope set_Scope @ 4 + 4 });
layout!(_PERSISTENT_RESERVE_OUT, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved2 @ 3, ParameterListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_TIMESTAMP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub AllocationLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_REPORT_TIMESTAMP, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_REPORT_TIMESTAMP, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_TIMESTAMP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub ParameterListLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SET_TIMESTAMP, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_SET_TIMESTAMP, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_SUPPORTED_OPERATION_CODES {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub RequestedOperationCode: u8,
    pub RequestedServiceAction: [u8; 2],
    pub AllocationLength: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_REPORT_SUPPORTED_OPERATION_CODES, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved0 set_Reserved0 @ 5 + 3 });
bits!(_REPORT_SUPPORTED_OPERATION_CODES, _bitfield_2: u8 { ReportOptions set_ReportOptions @ 0 + 3, Reserved1 set_Reserved1 @ 3 + 4, ReturnCommandTimeoutsDescriptor set_ReturnCommandTimeoutsDescriptor @ 7 + 1 });
layout!(_REPORT_SUPPORTED_OPERATION_CODES, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, RequestedOperationCode @ 3, RequestedServiceAction @ 4, AllocationLength @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_CONFIGURATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingFeature: [u8; 2],
    pub Reserved2: [u8; 3],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_GET_CONFIGURATION, _bitfield_1: u8 { RequestType set_RequestType @ 0 + 2, Reserved1 set_Reserved1 @ 2 + 6 });
layout!(_GET_CONFIGURATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingFeature @ 2, Reserved2 @ 4, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_CD_SPEED_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(_SET_CD_SPEED_anon_1_anon_1, _bitfield_1: u8 { RotationControl set_RotationControl @ 0 + 2, Reserved3 set_Reserved3 @ 2 + 6 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union _SET_CD_SPEED_anon_1 {
    pub Reserved1: u8,
    pub __bindgen_anon_1: _SET_CD_SPEED_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_CD_SPEED {
    pub OperationCode: u8,
    pub __bindgen_anon_1: _SET_CD_SPEED_anon_1,
    pub ReadSpeed: [u8; 2],
    pub WriteSpeed: [u8; 2],
    pub Reserved2: [u8; 5],
    pub Control: u8,
}
layout!(_SET_CD_SPEED_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(_SET_CD_SPEED_anon_1, 1, 1, Reserved1 @ 0, __bindgen_anon_1 @ 0);
layout!(_SET_CD_SPEED, 12, 1, OperationCode @ 0, __bindgen_anon_1 @ 1, ReadSpeed @ 2, WriteSpeed @ 4, Reserved2 @ 6, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ12 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 4],
    pub TransferLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_READ12, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 2, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_READ12, _bitfield_2: u8 { Reserved2 set_Reserved2 @ 0 + 7, Streaming set_Streaming @ 7 + 1 });
layout!(_READ12, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 6, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _WRITE12 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 4],
    pub TransferLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_WRITE12, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 1, EBP set_EBP @ 2 + 1, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_WRITE12, _bitfield_2: u8 { Reserved2 set_Reserved2 @ 0 + 7, Streaming set_Streaming @ 7 + 1 });
layout!(_WRITE12, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 6, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _ATA_PASSTHROUGH12 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Features: u8,
    pub SectorCount: u8,
    pub LbaLow: u8,
    pub LbaMid: u8,
    pub LbaHigh: u8,
    pub Device: u8,
    pub Command: u8,
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_ATA_PASSTHROUGH12, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 1, Protocol set_Protocol @ 1 + 4, MultipleCount set_MultipleCount @ 5 + 3 });
bits!(_ATA_PASSTHROUGH12, _bitfield_2: u8 { TLength set_TLength @ 0 + 2, ByteBlock set_ByteBlock @ 2 + 1, TDir set_TDir @ 3 + 1, Reserved2 set_Reserved2 @ 4 + 1, CkCond set_CkCond @ 5 + 1, Offline set_Offline @ 6 + 2 });
layout!(_ATA_PASSTHROUGH12, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Features @ 3, SectorCount @ 4, LbaLow @ 5, LbaMid @ 6, LbaHigh @ 7, Device @ 8, Command @ 9, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub TransferLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_READ16, _bitfield_1: u8 { DurationLimitDescriptor2 set_DurationLimitDescriptor2 @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 1, RebuildAssistRecoveryControl set_RebuildAssistRecoveryControl @ 2 + 1, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, ReadProtect set_ReadProtect @ 5 + 3 });
bits!(_READ16, _bitfield_2: u8 { Group set_Group @ 0 + 6, DurationLimitDescriptor0 set_DurationLimitDescriptor0 @ 6 + 1, DurationLimitDescriptor1 set_DurationLimitDescriptor1 @ 7 + 1 });
layout!(_READ16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _WRITE16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub TransferLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_WRITE16, _bitfield_1: u8 { DurationLimitDescriptor2 set_DurationLimitDescriptor2 @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 2, ForceUnitAccess set_ForceUnitAccess @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, WriteProtect set_WriteProtect @ 5 + 3 });
bits!(_WRITE16, _bitfield_2: u8 { Group set_Group @ 0 + 6, DurationLimitDescriptor0 set_DurationLimitDescriptor0 @ 6 + 1, DurationLimitDescriptor1 set_DurationLimitDescriptor1 @ 7 + 1 });
layout!(_WRITE16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, TransferLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _VERIFY16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub VerificationLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_VERIFY16, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 1, ByteCheck set_ByteCheck @ 1 + 1, BlockVerify set_BlockVerify @ 2 + 1, Reserved2 set_Reserved2 @ 3 + 1, DisablePageOut set_DisablePageOut @ 4 + 1, VerifyProtect set_VerifyProtect @ 5 + 3 });
bits!(_VERIFY16, _bitfield_2: u8 { Reserved3 set_Reserved3 @ 0 + 7, Streaming set_Streaming @ 7 + 1 });
layout!(_VERIFY16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, VerificationLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SYNCHRONIZE_CACHE16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub BlockCount: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SYNCHRONIZE_CACHE16, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 1, Immediate set_Immediate @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 6 });
layout!(_SYNCHRONIZE_CACHE16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, BlockCount @ 10, Reserved3 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_CAPACITY16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlock: [u8; 8],
    pub AllocationLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_READ_CAPACITY16, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_READ_CAPACITY16, _bitfield_2: u8 { PMI set_PMI @ 0 + 1, Reserved2 set_Reserved2 @ 1 + 7 });
layout!(_READ_CAPACITY16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlock @ 2, AllocationLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _ATA_PASSTHROUGH16 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Features15_8: u8,
    pub Features7_0: u8,
    pub SectorCount15_8: u8,
    pub SectorCount7_0: u8,
    pub LbaLow15_8: u8,
    pub LbaLow7_0: u8,
    pub LbaMid15_8: u8,
    pub LbaMid7_0: u8,
    pub LbaHigh15_8: u8,
    pub LbaHigh7_0: u8,
    pub Device: u8,
    pub Command: u8,
    pub Control: u8,
}
bits!(_ATA_PASSTHROUGH16, _bitfield_1: u8 { Extend set_Extend @ 0 + 1, Protocol set_Protocol @ 1 + 4, MultipleCount set_MultipleCount @ 5 + 3 });
bits!(_ATA_PASSTHROUGH16, _bitfield_2: u8 { TLength set_TLength @ 0 + 2, ByteBlock set_ByteBlock @ 2 + 1, TDir set_TDir @ 3 + 1, Reserved1 set_Reserved1 @ 4 + 1, CkCond set_CkCond @ 5 + 1, Offline set_Offline @ 6 + 2 });
layout!(_ATA_PASSTHROUGH16, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Features15_8 @ 3, Features7_0 @ 4, SectorCount15_8 @ 5, SectorCount7_0 @ 6, LbaLow15_8 @ 7, LbaLow7_0 @ 8, LbaMid15_8 @ 9, LbaMid7_0 @ 10, LbaHigh15_8 @ 11, LbaHigh7_0 @ 12, Device @ 13, Command @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_LBA_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingLBA: [u8; 8],
    pub AllocationLength: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_GET_LBA_STATUS, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_GET_LBA_STATUS, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingLBA @ 2, AllocationLength @ 10, Reserved2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _TOKEN_OPERATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub ListIdentifier: [u8; 4],
    pub ParameterListLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_TOKEN_OPERATION, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_TOKEN_OPERATION, _bitfield_2: u8 { GroupNumber set_GroupNumber @ 0 + 5, Reserved3 set_Reserved3 @ 5 + 3 });
layout!(_TOKEN_OPERATION, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ListIdentifier @ 6, ParameterListLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _RECEIVE_TOKEN_INFORMATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ListIdentifier: [u8; 4],
    pub Reserved2: [u8; 4],
    pub AllocationLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_RECEIVE_TOKEN_INFORMATION, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_RECEIVE_TOKEN_INFORMATION, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ListIdentifier @ 2, Reserved2 @ 6, AllocationLength @ 10, Reserved3 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _WRITE_BUFFER {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub BufferID: u8,
    pub BufferOffset: [u8; 3],
    pub ParameterListLength: [u8; 3],
    pub Control: u8,
}
bits!(_WRITE_BUFFER, _bitfield_1: u8 { Mode set_Mode @ 0 + 5, ModeSpecific set_ModeSpecific @ 5 + 3 });
layout!(_WRITE_BUFFER, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, BufferID @ 2, BufferOffset @ 3, ParameterListLength @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CLOSE_ZONE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ZoneId: [u8; 8],
    pub Reserved2: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_CLOSE_ZONE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_CLOSE_ZONE, _bitfield_2: u8 { All set_All @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_CLOSE_ZONE, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ZoneId @ 2, Reserved2 @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _FINISH_ZONE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ZoneId: [u8; 8],
    pub Reserved2: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_FINISH_ZONE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_FINISH_ZONE, _bitfield_2: u8 { All set_All @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_FINISH_ZONE, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ZoneId @ 2, Reserved2 @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _OPEN_ZONE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ZoneId: [u8; 8],
    pub Reserved2: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_OPEN_ZONE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_OPEN_ZONE, _bitfield_2: u8 { All set_All @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_OPEN_ZONE, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ZoneId @ 2, Reserved2 @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _RESET_WRITE_POINTER {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ZoneId: [u8; 8],
    pub Reserved2: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_RESET_WRITE_POINTER, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_RESET_WRITE_POINTER, _bitfield_2: u8 { All set_All @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_RESET_WRITE_POINTER, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ZoneId @ 2, Reserved2 @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_ZONES {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub ZoneStartLBA: [u8; 8],
    pub AllocationLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_REPORT_ZONES, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_REPORT_ZONES, _bitfield_2: u8 { ReportingOptions set_ReportingOptions @ 0 + 6, Reserved3 set_Reserved3 @ 6 + 1, Partial set_Partial @ 7 + 1 });
layout!(_REPORT_ZONES, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, ZoneStartLBA @ 2, AllocationLength @ 10, _bitfield_2 @ 14, Control @ 15);
