//! SCSI command descriptor blocks (big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

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

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_PHYSICAL_ELEMENT_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub StartingElement: [u8; 4],
    pub AllocationLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_GET_PHYSICAL_ELEMENT_STATUS, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_GET_PHYSICAL_ELEMENT_STATUS, _bitfield_2: u8 { ReportType set_ReportType @ 0 + 4, Reserved3 set_Reserved3 @ 4 + 2, Filter set_Filter @ 6 + 2 });
layout!(_GET_PHYSICAL_ELEMENT_STATUS, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, StartingElement @ 6, AllocationLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REMOVE_ELEMENT_AND_TRUNCATE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub RequestedCapacity: [u8; 8],
    pub ElementIdentifier: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_REMOVE_ELEMENT_AND_TRUNCATE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_REMOVE_ELEMENT_AND_TRUNCATE, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, RequestedCapacity @ 2, ElementIdentifier @ 10, Reserved2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LBA {
    pub StartingBlockAddress: [u8; 4],
    pub PlayLength: [u8; 4],
}
layout!(_LBA, 8, 1, StartingBlockAddress @ 0, PlayLength @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MSF {
    pub Reserved1: u8,
    pub StartingM: u8,
    pub StartingS: u8,
    pub StartingF: u8,
    pub EndingM: u8,
    pub EndingS: u8,
    pub EndingF: u8,
    pub Reserved2: u8,
}
layout!(_MSF, 8, 1, Reserved1 @ 0, StartingM @ 1, StartingS @ 2, StartingF @ 3, EndingM @ 4, EndingS @ 5, EndingF @ 6, Reserved2 @ 7);
