//! SCSI as Windows declares it: CDBs, operation codes, sense data, inquiry and VPD pages (all big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type VERSION_DESCRIPTOR = u16;

#[repr(C, packed)]
#[derive(Clone, Copy)]
pub union CDB {
    pub CDB6GENERIC: _CDB6GENERIC,
    pub CDB6READWRITE: _CDB6READWRITE,
    pub CDB6INQUIRY: _CDB6INQUIRY,
    pub CDB6INQUIRY3: _CDB6INQUIRY3,
    pub CDB6VERIFY: _CDB6VERIFY,
    pub RECEIVE_DIAGNOSTIC: _RECEIVE_DIAGNOSTIC,
    pub SEND_DIAGNOSTIC: _SEND_DIAGNOSTIC,
    pub CDB6FORMAT: _CDB6FORMAT,
    pub CDB10: _CDB10,
    pub CDB12: _CDB12,
    pub CDB16: _CDB16,
    pub READ_BUFFER_10: _READ_BUFFER_10,
    pub READ_BUFFER_16: _READ_BUFFER_16,
    pub SECURITY_PROTOCOL_IN: _SECURITY_PROTOCOL_IN,
    pub SECURITY_PROTOCOL_OUT: _SECURITY_PROTOCOL_OUT,
    pub UNMAP: _UNMAP,
    pub SANITIZE: _SANITIZE,
    pub PAUSE_RESUME: _PAUSE_RESUME,
    pub READ_TOC: _READ_TOC,
    pub READ_DISK_INFORMATION: _READ_DISK_INFORMATION,
    pub READ_DISC_INFORMATION: _READ_DISK_INFORMATION,
    pub READ_TRACK_INFORMATION: _READ_TRACK_INFORMATION,
    pub RESERVE_TRACK_RZONE: _RESERVE_TRACK_RZONE,
    pub SEND_OPC_INFORMATION: _SEND_OPC_INFORMATION,
    pub REPAIR_TRACK: _REPAIR_TRACK,
    pub CLOSE_TRACK: _CLOSE_TRACK,
    pub READ_BUFFER_CAPACITY: _READ_BUFFER_CAPACITY,
    pub SEND_CUE_SHEET: _SEND_CUE_SHEET,
    pub READ_HEADER: _READ_HEADER,
    pub PLAY_AUDIO: _PLAY_AUDIO,
    pub PLAY_AUDIO_MSF: _PLAY_AUDIO_MSF,
    pub BLANK_MEDIA: _BLANK_MEDIA,
    pub PLAY_CD: _PLAY_CD,
    pub SCAN_CD: _SCAN_CD,
    pub STOP_PLAY_SCAN: _STOP_PLAY_SCAN,
    pub SUBCHANNEL: _SUBCHANNEL,
    pub READ_CD: _READ_CD,
    pub READ_CD_MSF: _READ_CD_MSF,
    pub PLXTR_READ_CDDA: _PLXTR_READ_CDDA,
    pub NEC_READ_CDDA: _NEC_READ_CDDA,
    pub MODE_SENSE: _MODE_SENSE,
    pub MODE_SENSE10: _MODE_SENSE10,
    pub MODE_SELECT: _MODE_SELECT,
    pub MODE_SELECT10: _MODE_SELECT10,
    pub LOCATE: _LOCATE,
    pub LOGSENSE: _LOGSENSE,
    pub LOGSELECT: _LOGSELECT,
    pub PRINT: _PRINT,
    pub SEEK: _SEEK,
    pub ERASE: _ERASE,
    pub START_STOP: _START_STOP,
    pub MEDIA_REMOVAL: _MEDIA_REMOVAL,
    pub SEEK_BLOCK: _SEEK_BLOCK,
    pub REQUEST_BLOCK_ADDRESS: _REQUEST_BLOCK_ADDRESS,
    pub PARTITION: _PARTITION,
    pub WRITE_TAPE_MARKS: _WRITE_TAPE_MARKS,
    pub SPACE_TAPE_MARKS: _SPACE_TAPE_MARKS,
    pub READ_POSITION: _READ_POSITION,
    pub CDB6READWRITETAPE: _CDB6READWRITETAPE,
    pub INIT_ELEMENT_STATUS: _INIT_ELEMENT_STATUS,
    pub INITIALIZE_ELEMENT_RANGE: _INITIALIZE_ELEMENT_RANGE,
    pub POSITION_TO_ELEMENT: _POSITION_TO_ELEMENT,
    pub MOVE_MEDIUM: _MOVE_MEDIUM,
    pub EXCHANGE_MEDIUM: _EXCHANGE_MEDIUM,
    pub READ_ELEMENT_STATUS: _READ_ELEMENT_STATUS,
    pub SEND_VOLUME_TAG: _SEND_VOLUME_TAG,
    pub REQUEST_VOLUME_ELEMENT_ADDRESS: _REQUEST_VOLUME_ELEMENT_ADDRESS,
    pub LOAD_UNLOAD: _LOAD_UNLOAD,
    pub MECH_STATUS: _MECH_STATUS,
    pub SYNCHRONIZE_CACHE10: _SYNCHRONIZE_CACHE10,
    pub GET_EVENT_STATUS_NOTIFICATION: _GET_EVENT_STATUS_NOTIFICATION,
    pub GET_PERFORMANCE: _GET_PERFORMANCE,
    pub READ_DVD_STRUCTURE: _READ_DVD_STRUCTURE,
    pub SET_STREAMING: _SET_STREAMING,
    pub SEND_DVD_STRUCTURE: _SEND_DVD_STRUCTURE,
    pub SEND_KEY: _SEND_KEY,
    pub REPORT_KEY: _REPORT_KEY,
    pub SET_READ_AHEAD: _SET_READ_AHEAD,
    pub READ_FORMATTED_CAPACITIES: _READ_FORMATTED_CAPACITIES,
    pub REPORT_LUNS: _REPORT_LUNS,
    pub PERSISTENT_RESERVE_IN: _PERSISTENT_RESERVE_IN,
    pub PERSISTENT_RESERVE_OUT: _PERSISTENT_RESERVE_OUT,
    pub REPORT_TIMESTAMP: _REPORT_TIMESTAMP,
    pub SET_TIMESTAMP: _SET_TIMESTAMP,
    pub REPORT_SUPPORTED_OPERATION_CODES: _REPORT_SUPPORTED_OPERATION_CODES,
    pub GET_CONFIGURATION: _GET_CONFIGURATION,
    pub SET_CD_SPEED: _SET_CD_SPEED,
    pub READ12: _READ12,
    pub WRITE12: _WRITE12,
    pub ATA_PASSTHROUGH12: _ATA_PASSTHROUGH12,
    pub READ16: _READ16,
    pub WRITE16: _WRITE16,
    pub VERIFY16: _VERIFY16,
    pub SYNCHRONIZE_CACHE16: _SYNCHRONIZE_CACHE16,
    pub READ_CAPACITY16: _READ_CAPACITY16,
    pub ATA_PASSTHROUGH16: _ATA_PASSTHROUGH16,
    pub GET_LBA_STATUS: _GET_LBA_STATUS,
    pub TOKEN_OPERATION: _TOKEN_OPERATION,
    pub RECEIVE_TOKEN_INFORMATION: _RECEIVE_TOKEN_INFORMATION,
    pub WRITE_BUFFER: _WRITE_BUFFER,
    pub CLOSE_ZONE: _CLOSE_ZONE,
    pub FINISH_ZONE: _FINISH_ZONE,
    pub OPEN_ZONE: _OPEN_ZONE,
    pub RESET_WRITE_POINTER: _RESET_WRITE_POINTER,
    pub REPORT_ZONES: _REPORT_ZONES,
    pub GET_PHYSICAL_ELEMENT_STATUS: _GET_PHYSICAL_ELEMENT_STATUS,
    pub REMOVE_ELEMENT_AND_TRUNCATE: _REMOVE_ELEMENT_AND_TRUNCATE,
    pub AsUlong: [u32; 4],
    pub AsByte: [u8; 16],
}
layout!(CDB, 16, 1, CDB6GENERIC @ 0, CDB6READWRITE @ 0, CDB6INQUIRY @ 0, CDB6INQUIRY3 @ 0, CDB6VERIFY @ 0, RECEIVE_DIAGNOSTIC @ 0, SEND_DIAGNOSTIC @ 0, CDB6FORMAT @ 0, CDB10 @ 0, CDB12 @ 0, CDB16 @ 0, READ_BUFFER_10 @ 0, READ_BUFFER_16 @ 0, SECURITY_PROTOCOL_IN @ 0, SECURITY_PROTOCOL_OUT @ 0, UNMAP @ 0, SANITIZE @ 0, PAUSE_RESUME @ 0, READ_TOC @ 0, READ_DISK_INFORMATION @ 0, READ_DISC_INFORMATION @ 0, READ_TRACK_INFORMATION @ 0, RESERVE_TRACK_RZONE @ 0, SEND_OPC_INFORMATION @ 0, REPAIR_TRACK @ 0, CLOSE_TRACK @ 0, READ_BUFFER_CAPACITY @ 0, SEND_CUE_SHEET @ 0, READ_HEADER @ 0, PLAY_AUDIO @ 0, PLAY_AUDIO_MSF @ 0, BLANK_MEDIA @ 0, PLAY_CD @ 0, SCAN_CD @ 0, STOP_PLAY_SCAN @ 0, SUBCHANNEL @ 0, READ_CD @ 0, READ_CD_MSF @ 0, PLXTR_READ_CDDA @ 0, NEC_READ_CDDA @ 0, MODE_SENSE @ 0, MODE_SENSE10 @ 0, MODE_SELECT @ 0, MODE_SELECT10 @ 0, LOCATE @ 0, LOGSENSE @ 0, LOGSELECT @ 0, PRINT @ 0, SEEK @ 0, ERASE @ 0, START_STOP @ 0, MEDIA_REMOVAL @ 0, SEEK_BLOCK @ 0, REQUEST_BLOCK_ADDRESS @ 0, PARTITION @ 0, WRITE_TAPE_MARKS @ 0, SPACE_TAPE_MARKS @ 0, READ_POSITION @ 0, CDB6READWRITETAPE @ 0, INIT_ELEMENT_STATUS @ 0, INITIALIZE_ELEMENT_RANGE @ 0, POSITION_TO_ELEMENT @ 0, MOVE_MEDIUM @ 0, EXCHANGE_MEDIUM @ 0, READ_ELEMENT_STATUS @ 0, SEND_VOLUME_TAG @ 0, REQUEST_VOLUME_ELEMENT_ADDRESS @ 0, LOAD_UNLOAD @ 0, MECH_STATUS @ 0, SYNCHRONIZE_CACHE10 @ 0, GET_EVENT_STATUS_NOTIFICATION @ 0, GET_PERFORMANCE @ 0, READ_DVD_STRUCTURE @ 0, SET_STREAMING @ 0, SEND_DVD_STRUCTURE @ 0, SEND_KEY @ 0, REPORT_KEY @ 0, SET_READ_AHEAD @ 0, READ_FORMATTED_CAPACITIES @ 0, REPORT_LUNS @ 0, PERSISTENT_RESERVE_IN @ 0, PERSISTENT_RESERVE_OUT @ 0, REPORT_TIMESTAMP @ 0, SET_TIMESTAMP @ 0, REPORT_SUPPORTED_OPERATION_CODES @ 0, GET_CONFIGURATION @ 0, SET_CD_SPEED @ 0, READ12 @ 0, WRITE12 @ 0, ATA_PASSTHROUGH12 @ 0, READ16 @ 0, WRITE16 @ 0, VERIFY16 @ 0, SYNCHRONIZE_CACHE16 @ 0, READ_CAPACITY16 @ 0, ATA_PASSTHROUGH16 @ 0, GET_LBA_STATUS @ 0, TOKEN_OPERATION @ 0, RECEIVE_TOKEN_INFORMATION @ 0, WRITE_BUFFER @ 0, CLOSE_ZONE @ 0, FINISH_ZONE @ 0, OPEN_ZONE @ 0, RESET_WRITE_POINTER @ 0, REPORT_ZONES @ 0, GET_PHYSICAL_ELEMENT_STATUS @ 0, REMOVE_ELEMENT_AND_TRUNCATE @ 0, AsUlong @ 0, AsByte @ 0);

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
    pub Lun: [[[u8; 8]; 0]; 0],
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
pub struct VPD_SUPPORTED_PAGES_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub SupportedPageList: [u8; 0],
}
bits!(VPD_SUPPORTED_PAGES_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_SUPPORTED_PAGES_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, SupportedPageList @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_SERIAL_NUMBER_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub SerialNumber: [u8; 0],
}
bits!(VPD_SERIAL_NUMBER_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_SERIAL_NUMBER_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, SerialNumber @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_IDENTIFICATION_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub Descriptors: [u8; 0],
}
bits!(VPD_IDENTIFICATION_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_IDENTIFICATION_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, Descriptors @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_IDENTIFICATION_DESCRIPTOR {
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved3: u8,
    pub IdentifierLength: u8,
    pub Identifier: [u8; 0],
}
bits!(VPD_IDENTIFICATION_DESCRIPTOR, _bitfield_1: u8 { CodeSet set_CodeSet @ 0 + 4, Reserved set_Reserved @ 4 + 4 });
bits!(VPD_IDENTIFICATION_DESCRIPTOR, _bitfield_2: u8 { IdentifierType set_IdentifierType @ 0 + 4, Association set_Association @ 4 + 2, Reserved2 set_Reserved2 @ 6 + 2 });
layout!(VPD_IDENTIFICATION_DESCRIPTOR, 4, 1, _bitfield_1 @ 0, _bitfield_2 @ 1, Reserved3 @ 2, IdentifierLength @ 3, Identifier @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub union VPD_BLOCK_LIMITS_PAGE_anon_1 {
    pub Reserved0: u8,
    pub Descriptors: [u8; 0],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1 {
    pub _bitfield_1: u8,
    pub UnmapGranularityAlignmentByte2: u8,
    pub UnmapGranularityAlignmentByte1: u8,
    pub UnmapGranularityAlignmentByte0: u8,
}
bits!(VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1, _bitfield_1: u8 { UnmapGranularityAlignmentByte3 set_UnmapGranularityAlignmentByte3 @ 0 + 7, UGAValid set_UGAValid @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union VPD_BLOCK_LIMITS_PAGE_anon_2 {
    pub __bindgen_anon_1: VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1,
    pub UnmapGranularityAlignment: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_LIMITS_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub PageLength: [u8; 2],
    pub __bindgen_anon_1: VPD_BLOCK_LIMITS_PAGE_anon_1,
    pub MaximumCompareAndWriteLength: u8,
    pub OptimalTransferLengthGranularity: [u8; 2],
    pub MaximumTransferLength: [u8; 4],
    pub OptimalTransferLength: [u8; 4],
    pub MaxPrefetchXDReadXDWriteTransferLength: [u8; 4],
    pub MaximumUnmapLBACount: [u8; 4],
    pub MaximumUnmapBlockDescriptorCount: [u8; 4],
    pub OptimalUnmapGranularity: [u8; 4],
    pub __bindgen_anon_2: VPD_BLOCK_LIMITS_PAGE_anon_2,
    pub Reserved1: [u8; 28],
}
bits!(VPD_BLOCK_LIMITS_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_BLOCK_LIMITS_PAGE_anon_1, 1, 1, Reserved0 @ 0, Descriptors @ 0);
layout!(VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1, 4, 1, _bitfield_1 @ 0, UnmapGranularityAlignmentByte2 @ 1, UnmapGranularityAlignmentByte1 @ 2, UnmapGranularityAlignmentByte0 @ 3);
layout!(VPD_BLOCK_LIMITS_PAGE_anon_2, 4, 1, __bindgen_anon_1 @ 0, UnmapGranularityAlignment @ 0);
layout!(VPD_BLOCK_LIMITS_PAGE, 64, 1, _bitfield_1 @ 0, PageCode @ 1, PageLength @ 2, __bindgen_anon_1 @ 4, MaximumCompareAndWriteLength @ 5, OptimalTransferLengthGranularity @ 6, MaximumTransferLength @ 8, OptimalTransferLength @ 12, MaxPrefetchXDReadXDWriteTransferLength @ 16, MaximumUnmapLBACount @ 20, MaximumUnmapBlockDescriptorCount @ 24, OptimalUnmapGranularity @ 28, __bindgen_anon_2 @ 32, Reserved1 @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved0: u8,
    pub PageLength: u8,
    pub MediumRotationRateMsb: u8,
    pub MediumRotationRateLsb: u8,
    pub MediumProductType: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Reserved3: [u8; 3],
    pub DepopulationTime: [u8; 4],
    pub Reserved4: [u8; 48],
}
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_2: u8 { NominalFormFactor set_NominalFormFactor @ 0 + 4, WACEREQ set_WACEREQ @ 4 + 2, WABEREQ set_WABEREQ @ 6 + 2 });
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_3: u8 { VBULS set_VBULS @ 0 + 1, FUAB set_FUAB @ 1 + 1, BOCS set_BOCS @ 2 + 1, Reserved1 set_Reserved1 @ 3 + 1, ZONED set_ZONED @ 4 + 2, Reserved2 set_Reserved2 @ 6 + 2 });
layout!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, 64, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved0 @ 2, PageLength @ 3, MediumRotationRateMsb @ 4, MediumRotationRateLsb @ 5, MediumProductType @ 6, _bitfield_2 @ 7, _bitfield_3 @ 8, Reserved3 @ 9, DepopulationTime @ 12, Reserved4 @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_LOGICAL_BLOCK_PROVISIONING_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub PageLength: [u8; 2],
    pub ThresholdExponent: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Reserved2: u8,
    pub ProvisioningGroupDescr: [u8; 0],
}
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_2: u8 { DP set_DP @ 0 + 1, ANC_SUP set_ANC_SUP @ 1 + 1, LBPRZ set_LBPRZ @ 2 + 1, Reserved0 set_Reserved0 @ 3 + 2, LBPWS10 set_LBPWS10 @ 5 + 1, LBPWS set_LBPWS @ 6 + 1, LBPU set_LBPU @ 7 + 1 });
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_3: u8 { ProvisioningType set_ProvisioningType @ 0 + 3, Reserved1 set_Reserved1 @ 3 + 5 });
layout!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, 8, 1, _bitfield_1 @ 0, PageCode @ 1, PageLength @ 2, ThresholdExponent @ 4, _bitfield_2 @ 5, _bitfield_3 @ 6, Reserved2 @ 7, ProvisioningGroupDescr @ 8);

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
    pub ReservationKeyList: [[[u8; 8]; 0]; 0],
}
layout!(PRI_REGISTRATION_LIST, 8, 1, Generation @ 0, AdditionalLength @ 4, ReservationKeyList @ 8);
