//! SCSI as Windows declares it: CDBs, operation codes, sense data, inquiry and VPD pages (all big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type VERSION_DESCRIPTOR = u16;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct INQUIRYDATA_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(INQUIRYDATA_anon_1_anon_1, _bitfield_1: u8 { ANSIVersion set_ANSIVersion @ 0 + 3, ECMAVersion set_ECMAVersion @ 3 + 3, ISOVersion set_ISOVersion @ 6 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union INQUIRYDATA_anon_1 {
    pub Versions: u8,
    pub __bindgen_anon_1: INQUIRYDATA_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct INQUIRYDATA_anon_2_anon_1 {
    pub _bitfield_1: u8,
}
bits!(INQUIRYDATA_anon_2_anon_1, _bitfield_1: u8 { PROTECT set_PROTECT @ 0 + 1, Reserved_1 set_Reserved_1 @ 1 + 2, ThirdPartyCoppy set_ThirdPartyCoppy @ 3 + 1, TPGS set_TPGS @ 4 + 2, ACC set_ACC @ 6 + 1, SCCS set_SCCS @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union INQUIRYDATA_anon_2 {
    pub Reserved: u8,
    pub __bindgen_anon_1: INQUIRYDATA_anon_2_anon_1,
}
#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct INQUIRYDATA {
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub __bindgen_anon_1: INQUIRYDATA_anon_1,
    pub _bitfield_3: u8,
    pub AdditionalLength: u8,
    pub __bindgen_anon_2: INQUIRYDATA_anon_2,
    pub _bitfield_4: u8,
    pub _bitfield_5: u8,
    pub VendorId: [u8; 8],
    pub ProductId: [u8; 16],
    pub ProductRevisionLevel: [u8; 4],
    pub VendorSpecific: [u8; 20],
    pub Reserved3: [u8; 2],
    pub VersionDescriptors: [VERSION_DESCRIPTOR; 8],
    pub Reserved4: [u8; 30],
}
bits!(INQUIRYDATA, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
bits!(INQUIRYDATA, _bitfield_2: u8 { DeviceTypeModifier set_DeviceTypeModifier @ 0 + 7, RemovableMedia set_RemovableMedia @ 7 + 1 });
bits!(INQUIRYDATA, _bitfield_3: u8 { ResponseDataFormat set_ResponseDataFormat @ 0 + 4, HiSupport set_HiSupport @ 4 + 1, NormACA set_NormACA @ 5 + 1, TerminateTask set_TerminateTask @ 6 + 1, AERC set_AERC @ 7 + 1 });
bits!(INQUIRYDATA, _bitfield_4: u8 { Addr16 set_Addr16 @ 0 + 1, Addr32 set_Addr32 @ 1 + 1, AckReqQ set_AckReqQ @ 2 + 1, MediumChanger set_MediumChanger @ 3 + 1, MultiPort set_MultiPort @ 4 + 1, ReservedBit2 set_ReservedBit2 @ 5 + 1, EnclosureServices set_EnclosureServices @ 6 + 1, ReservedBit3 set_ReservedBit3 @ 7 + 1 });
bits!(INQUIRYDATA, _bitfield_5: u8 { SoftReset set_SoftReset @ 0 + 1, CommandQueue set_CommandQueue @ 1 + 1, TransferDisable set_TransferDisable @ 2 + 1, LinkedCommands set_LinkedCommands @ 3 + 1, Synchronous set_Synchronous @ 4 + 1, Wide16Bit set_Wide16Bit @ 5 + 1, Wide32Bit set_Wide32Bit @ 6 + 1, RelativeAddressing set_RelativeAddressing @ 7 + 1 });
layout!(INQUIRYDATA_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(INQUIRYDATA_anon_1, 1, 1, Versions @ 0, __bindgen_anon_1 @ 0);
layout!(INQUIRYDATA_anon_2_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(INQUIRYDATA_anon_2, 1, 1, Reserved @ 0, __bindgen_anon_1 @ 0);
layout!(INQUIRYDATA, 104, 1, _bitfield_1 @ 0, _bitfield_2 @ 1, __bindgen_anon_1 @ 2, _bitfield_3 @ 3, AdditionalLength @ 4, __bindgen_anon_2 @ 5, _bitfield_4 @ 6, _bitfield_5 @ 7, VendorId @ 8, ProductId @ 16, ProductRevisionLevel @ 32, VendorSpecific @ 36, Reserved3 @ 56, VersionDescriptors @ 58, Reserved4 @ 74);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SENSE_DATA {
    pub _bitfield_1: u8,
    pub SegmentNumber: u8,
    pub _bitfield_2: u8,
    pub Information: [u8; 4],
    pub AdditionalSenseLength: u8,
    pub CommandSpecificInformation: [u8; 4],
    pub AdditionalSenseCode: u8,
    pub AdditionalSenseCodeQualifier: u8,
    pub FieldReplaceableUnitCode: u8,
    pub SenseKeySpecific: [u8; 3],
}
bits!(SENSE_DATA, _bitfield_1: u8 { ErrorCode set_ErrorCode @ 0 + 7, Valid set_Valid @ 7 + 1 });
bits!(SENSE_DATA, _bitfield_2: u8 { SenseKey set_SenseKey @ 0 + 4, Reserved set_Reserved @ 4 + 1, IncorrectLength set_IncorrectLength @ 5 + 1, EndOfMedia set_EndOfMedia @ 6 + 1, FileMark set_FileMark @ 7 + 1 });
layout!(SENSE_DATA, 18, 1, _bitfield_1 @ 0, SegmentNumber @ 1, _bitfield_2 @ 2, Information @ 3, AdditionalSenseLength @ 7, CommandSpecificInformation @ 8, AdditionalSenseCode @ 12, AdditionalSenseCodeQualifier @ 13, FieldReplaceableUnitCode @ 14, SenseKeySpecific @ 15);

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct READ_CAPACITY_DATA {
    pub LogicalBlockAddress: u32,
    pub BytesPerBlock: u32,
}
layout!(READ_CAPACITY_DATA, 8, 1, LogicalBlockAddress @ 0, BytesPerBlock @ 4);

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct READ_CAPACITY16_DATA {
    pub LogicalBlockAddress: LARGE_INTEGER,
    pub BytesPerBlock: u32,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub LowestAlignedBlock_LSB: u8,
    pub Reserved3: [u8; 16],
}
bits!(READ_CAPACITY16_DATA, _bitfield_1: u8 { ProtectionEnable set_ProtectionEnable @ 0 + 1, ProtectionType set_ProtectionType @ 1 + 3, RcBasis set_RcBasis @ 4 + 2, Reserved set_Reserved @ 6 + 2 });
bits!(READ_CAPACITY16_DATA, _bitfield_2: u8 { LogicalPerPhysicalExponent set_LogicalPerPhysicalExponent @ 0 + 4, ProtectionInfoExponent set_ProtectionInfoExponent @ 4 + 4 });
bits!(READ_CAPACITY16_DATA, _bitfield_3: u8 { LowestAlignedBlock_MSB set_LowestAlignedBlock_MSB @ 0 + 6, LBPRZ set_LBPRZ @ 6 + 1, LBPME set_LBPME @ 7 + 1 });
layout!(READ_CAPACITY16_DATA, 32, 1, LogicalBlockAddress @ 0, BytesPerBlock @ 8, _bitfield_1 @ 12, _bitfield_2 @ 13, _bitfield_3 @ 14, LowestAlignedBlock_LSB @ 15, Reserved3 @ 16);

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct READ_CAPACITY_DATA_EX {
    pub LogicalBlockAddress: LARGE_INTEGER,
    pub BytesPerBlock: u32,
}
layout!(READ_CAPACITY_DATA_EX, 12, 1, LogicalBlockAddress @ 0, BytesPerBlock @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LUN_LIST {
    pub LunListLength: [u8; 4],
    pub Reserved: [u8; 4],
    pub Lun: [[u8; 8]; 0],
}
layout!(LUN_LIST, 8, 1, LunListLength @ 0, Reserved @ 4, Lun @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_PARAMETER_HEADER {
    pub ModeDataLength: u8,
    pub MediumType: u8,
    pub DeviceSpecificParameter: u8,
    pub BlockDescriptorLength: u8,
}
layout!(MODE_PARAMETER_HEADER, 4, 1, ModeDataLength @ 0, MediumType @ 1, DeviceSpecificParameter @ 2, BlockDescriptorLength @ 3);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_PARAMETER_HEADER10 {
    pub ModeDataLength: [u8; 2],
    pub MediumType: u8,
    pub DeviceSpecificParameter: u8,
    pub Reserved: [u8; 2],
    pub BlockDescriptorLength: [u8; 2],
}
layout!(MODE_PARAMETER_HEADER10, 8, 1, ModeDataLength @ 0, MediumType @ 2, DeviceSpecificParameter @ 3, Reserved @ 4, BlockDescriptorLength @ 6);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_PARAMETER_BLOCK {
    pub DensityCode: u8,
    pub NumberOfBlocks: [u8; 3],
    pub Reserved: u8,
    pub BlockLength: [u8; 3],
}
layout!(MODE_PARAMETER_BLOCK, 8, 1, DensityCode @ 0, NumberOfBlocks @ 1, Reserved @ 4, BlockLength @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_CACHING_PAGE {
    pub _bitfield_1: u8,
    pub PageLength: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub DisablePrefetchTransfer: [u8; 2],
    pub MinimumPrefetch: [u8; 2],
    pub MaximumPrefetch: [u8; 2],
    pub MaximumPrefetchCeiling: [u8; 2],
}
bits!(MODE_CACHING_PAGE, _bitfield_1: u8 { PageCode set_PageCode @ 0 + 6, Reserved set_Reserved @ 6 + 1, PageSavable set_PageSavable @ 7 + 1 });
bits!(MODE_CACHING_PAGE, _bitfield_2: u8 { ReadDisableCache set_ReadDisableCache @ 0 + 1, MultiplicationFactor set_MultiplicationFactor @ 1 + 1, WriteCacheEnable set_WriteCacheEnable @ 2 + 1, Reserved2 set_Reserved2 @ 3 + 5 });
bits!(MODE_CACHING_PAGE, _bitfield_3: u8 { WriteRetensionPriority set_WriteRetensionPriority @ 0 + 4, ReadRetensionPriority set_ReadRetensionPriority @ 4 + 4 });
layout!(MODE_CACHING_PAGE, 12, 1, _bitfield_1 @ 0, PageLength @ 1, _bitfield_2 @ 2, _bitfield_3 @ 3, DisablePrefetchTransfer @ 4, MinimumPrefetch @ 6, MaximumPrefetch @ 8, MaximumPrefetchCeiling @ 10);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_CONTROL_PAGE {
    pub _bitfield_1: u8,
    pub PageLength: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub _bitfield_4: u8,
    pub _bitfield_5: u8,
    pub Obsolete3: [u8; 2],
    pub BusyTimeoutPeriod: [u8; 2],
    pub ExtendeSelfTestCompletionTime: [u8; 2],
}
bits!(MODE_CONTROL_PAGE, _bitfield_1: u8 { PageCode set_PageCode @ 0 + 6, Reserved1 set_Reserved1 @ 6 + 1, PageSavable set_PageSavable @ 7 + 1 });
bits!(MODE_CONTROL_PAGE, _bitfield_2: u8 { RLEC set_RLEC @ 0 + 1, GLTSD set_GLTSD @ 1 + 1, D_SENSE set_D_SENSE @ 2 + 1, DPICZ set_DPICZ @ 3 + 1, TMF_ONLY set_TMF_ONLY @ 4 + 1, TST set_TST @ 5 + 3 });
bits!(MODE_CONTROL_PAGE, _bitfield_3: u8 { Obsolete1 set_Obsolete1 @ 0 + 1, QERR set_QERR @ 1 + 2, NUAR set_NUAR @ 3 + 1, QueueAlgorithmModifier set_QueueAlgorithmModifier @ 4 + 4 });
bits!(MODE_CONTROL_PAGE, _bitfield_4: u8 { Obsolete2 set_Obsolete2 @ 0 + 3, SWP set_SWP @ 3 + 1, UA_INTLCK_CTRL set_UA_INTLCK_CTRL @ 4 + 2, RAC set_RAC @ 6 + 1, VS set_VS @ 7 + 1 });
bits!(MODE_CONTROL_PAGE, _bitfield_5: u8 { AutoloadMode set_AutoloadMode @ 0 + 3, Reserved2 set_Reserved2 @ 3 + 1, RWWP set_RWWP @ 4 + 1, ATMPE set_ATMPE @ 5 + 1, TAS set_TAS @ 6 + 1, ATO set_ATO @ 7 + 1 });
layout!(MODE_CONTROL_PAGE, 12, 1, _bitfield_1 @ 0, PageLength @ 1, _bitfield_2 @ 2, _bitfield_3 @ 3, _bitfield_4 @ 4, _bitfield_5 @ 5, Obsolete3 @ 6, BusyTimeoutPeriod @ 8, ExtendeSelfTestCompletionTime @ 10);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_INFO_EXCEPTIONS_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(MODE_INFO_EXCEPTIONS_anon_1_anon_1, _bitfield_1: u8 { LogErr set_LogErr @ 0 + 1, Reserved2 set_Reserved2 @ 1 + 1, Test set_Test @ 2 + 1, Dexcpt set_Dexcpt @ 3 + 1, Reserved3 set_Reserved3 @ 4 + 3, Perf set_Perf @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union MODE_INFO_EXCEPTIONS_anon_1 {
    pub Flags: u8,
    pub __bindgen_anon_1: MODE_INFO_EXCEPTIONS_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MODE_INFO_EXCEPTIONS {
    pub _bitfield_1: u8,
    pub PageLength: u8,
    pub __bindgen_anon_1: MODE_INFO_EXCEPTIONS_anon_1,
    pub _bitfield_2: u8,
    pub IntervalTimer: [u8; 4],
    pub ReportCount: [u8; 4],
}
bits!(MODE_INFO_EXCEPTIONS, _bitfield_1: u8 { PageCode set_PageCode @ 0 + 6, Reserved1 set_Reserved1 @ 6 + 1, PSBit set_PSBit @ 7 + 1 });
bits!(MODE_INFO_EXCEPTIONS, _bitfield_2: u8 { ReportMethod set_ReportMethod @ 0 + 4, Reserved4 set_Reserved4 @ 4 + 4 });
layout!(MODE_INFO_EXCEPTIONS_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(MODE_INFO_EXCEPTIONS_anon_1, 1, 1, Flags @ 0, __bindgen_anon_1 @ 0);
layout!(MODE_INFO_EXCEPTIONS, 12, 1, _bitfield_1 @ 0, PageLength @ 1, __bindgen_anon_1 @ 2, _bitfield_2 @ 3, IntervalTimer @ 4, ReportCount @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct UNMAP_LIST_HEADER {
    pub DataLength: [u8; 2],
    pub BlockDescrDataLength: [u8; 2],
    pub Reserved: [u8; 4],
    pub Descriptors: [UNMAP_BLOCK_DESCRIPTOR; 0],
}
layout!(UNMAP_LIST_HEADER, 8, 1, DataLength @ 0, BlockDescrDataLength @ 2, Reserved @ 4, Descriptors @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct UNMAP_BLOCK_DESCRIPTOR {
    pub StartingLba: [u8; 8],
    pub LbaCount: [u8; 4],
    pub Reserved: [u8; 4],
}
layout!(UNMAP_BLOCK_DESCRIPTOR, 16, 1, StartingLba @ 0, LbaCount @ 8, Reserved @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DESCRIPTOR_SENSE_DATA {
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub AdditionalSenseCode: u8,
    pub AdditionalSenseCodeQualifier: u8,
    pub Reserved3: [u8; 3],
    pub AdditionalSenseLength: u8,
    pub DescriptorBuffer: [u8; 1],
}
bits!(DESCRIPTOR_SENSE_DATA, _bitfield_1: u8 { ErrorCode set_ErrorCode @ 0 + 7, Reserved1 set_Reserved1 @ 7 + 1 });
bits!(DESCRIPTOR_SENSE_DATA, _bitfield_2: u8 { SenseKey set_SenseKey @ 0 + 4, Reserved2 set_Reserved2 @ 4 + 4 });
layout!(DESCRIPTOR_SENSE_DATA, 9, 1, _bitfield_1 @ 0, _bitfield_2 @ 1, AdditionalSenseCode @ 2, AdditionalSenseCodeQualifier @ 3, Reserved3 @ 4, AdditionalSenseLength @ 7, DescriptorBuffer @ 8);

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct LBA_STATUS_LIST_HEADER {
    pub ParameterLength: u32,
    pub Reserved: u32,
    pub Descriptors: [LBA_STATUS_DESCRIPTOR; 0],
}
layout!(LBA_STATUS_LIST_HEADER, 8, 1, ParameterLength @ 0, Reserved @ 4, Descriptors @ 8);

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct LBA_STATUS_DESCRIPTOR {
    pub StartingLBA: u64,
    pub LogicalBlockCount: u32,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 3],
}
bits!(LBA_STATUS_DESCRIPTOR, _bitfield_1: u8 { ProvisioningStatus set_ProvisioningStatus @ 0 + 4, Reserved1 set_Reserved1 @ 4 + 4 });
layout!(LBA_STATUS_DESCRIPTOR, 16, 1, StartingLBA @ 0, LogicalBlockCount @ 8, _bitfield_1 @ 12, Reserved2 @ 13);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PRI_RESERVATION_LIST {
    pub Generation: [u8; 4],
    pub AdditionalLength: [u8; 4],
    pub Reservations: [PRI_RESERVATION_DESCRIPTOR; 0],
}
layout!(PRI_RESERVATION_LIST, 8, 1, Generation @ 0, AdditionalLength @ 4, Reservations @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PRI_REGISTRATION_LIST {
    pub Generation: [u8; 4],
    pub AdditionalLength: [u8; 4],
    pub ReservationKeyList: [[u8; 8]; 0],
}
layout!(PRI_REGISTRATION_LIST, 8, 1, Generation @ 0, AdditionalLength @ 4, ReservationKeyList @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PRI_RESERVATION_DESCRIPTOR {
    pub ReservationKey: [u8; 8],
    pub ScopeSpecificAddress: [u8; 4],
    pub Reserved: u8,
    pub _bitfield_1: u8,
    pub Obsolete: [u8; 2],
}
bits!(PRI_RESERVATION_DESCRIPTOR, _bitfield_1: u8 { Type set_Type @ 0 + 4, Scope set_Scope @ 4 + 4 });
layout!(PRI_RESERVATION_DESCRIPTOR, 16, 1, ReservationKey @ 0, ScopeSpecificAddress @ 8, Reserved @ 12, _bitfield_1 @ 13, Obsolete @ 14);
