//! SCSI command descriptor blocks (big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

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

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PLAY_AUDIO {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingBlockAddress: [u8; 4],
    pub Reserved2: u8,
    pub PlayLength: [u8; 2],
    pub Control: u8,
}
bits!(_PLAY_AUDIO, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_PLAY_AUDIO, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingBlockAddress @ 2, Reserved2 @ 6, PlayLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PLAY_AUDIO_MSF {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: u8,
    pub StartingM: u8,
    pub StartingS: u8,
    pub StartingF: u8,
    pub EndingM: u8,
    pub EndingS: u8,
    pub EndingF: u8,
    pub Control: u8,
}
bits!(_PLAY_AUDIO_MSF, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_PLAY_AUDIO_MSF, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, StartingM @ 3, StartingS @ 4, StartingF @ 5, EndingM @ 6, EndingS @ 7, EndingF @ 8, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _BLANK_MEDIA {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub AddressOrTrack: [u8; 4],
    pub Reserved3: [u8; 5],
    pub Control: u8,
}
bits!(_BLANK_MEDIA, _bitfield_1: u8 { BlankType set_BlankType @ 0 + 3, Reserved1 set_Reserved1 @ 3 + 1, Immediate set_Immediate @ 4 + 1, Reserved2 set_Reserved2 @ 5 + 3 });
layout!(_BLANK_MEDIA, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, AddressOrTrack @ 2, Reserved3 @ 6, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub union _PLAY_CD_anon_1 {
    pub LBA: _LBA,
    pub MSF: _MSF,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PLAY_CD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub __bindgen_anon_1: _PLAY_CD_anon_1,
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_PLAY_CD, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 1, CMSF set_CMSF @ 1 + 1, ExpectedSectorType set_ExpectedSectorType @ 2 + 3, Lun set_Lun @ 5 + 3 });
bits!(_PLAY_CD, _bitfield_2: u8 { Audio set_Audio @ 0 + 1, Composite set_Composite @ 1 + 1, Port1 set_Port1 @ 2 + 1, Port2 set_Port2 @ 3 + 1, Reserved2 set_Reserved2 @ 4 + 3, Speed set_Speed @ 7 + 1 });
layout!(_PLAY_CD_anon_1, 8, 1, LBA @ 0, MSF @ 0);
layout!(_PLAY_CD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, __bindgen_anon_1 @ 2, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SCAN_CD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingAddress: [u8; 4],
    pub Reserved2: [u8; 3],
    pub _bitfield_2: u8,
    pub Reserved4: u8,
    pub Control: u8,
}
bits!(_SCAN_CD, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 3, Direct set_Direct @ 4 + 1, Lun set_Lun @ 5 + 3 });
bits!(_SCAN_CD, _bitfield_2: u8 { Reserved3 set_Reserved3 @ 0 + 6, Type set_Type @ 6 + 2 });
layout!(_SCAN_CD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingAddress @ 2, Reserved2 @ 6, _bitfield_2 @ 9, Reserved4 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _STOP_PLAY_SCAN {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 7],
    pub Control: u8,
}
bits!(_STOP_PLAY_SCAN, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_STOP_PLAY_SCAN, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SUBCHANNEL {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Format: u8,
    pub Reserved4: [u8; 2],
    pub TrackNumber: u8,
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_SUBCHANNEL, _bitfield_1: u8 { Reserved0 set_Reserved0 @ 0 + 1, Msf set_Msf @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_SUBCHANNEL, _bitfield_2: u8 { Reserved2 set_Reserved2 @ 0 + 6, SubQ set_SubQ @ 6 + 1, Reserved3 set_Reserved3 @ 7 + 1 });
layout!(_SUBCHANNEL, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Format @ 3, Reserved4 @ 4, TrackNumber @ 6, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_CD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingLBA: [u8; 4],
    pub TransferBlocks: [u8; 3],
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Control: u8,
}
bits!(_READ_CD, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved0 set_Reserved0 @ 1 + 1, ExpectedSectorType set_ExpectedSectorType @ 2 + 3, Lun set_Lun @ 5 + 3 });
bits!(_READ_CD, _bitfield_2: u8 { Reserved2 set_Reserved2 @ 0 + 1, ErrorFlags set_ErrorFlags @ 1 + 2, IncludeEDC set_IncludeEDC @ 3 + 1, IncludeUserData set_IncludeUserData @ 4 + 1, HeaderCode set_HeaderCode @ 5 + 2, IncludeSyncData set_IncludeSyncData @ 7 + 1 });
bits!(_READ_CD, _bitfield_3: u8 { SubChannelSelection set_SubChannelSelection @ 0 + 3, Reserved3 set_Reserved3 @ 3 + 5 });
layout!(_READ_CD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingLBA @ 2, TransferBlocks @ 6, _bitfield_2 @ 9, _bitfield_3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_CD_MSF {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: u8,
    pub StartingM: u8,
    pub StartingS: u8,
    pub StartingF: u8,
    pub EndingM: u8,
    pub EndingS: u8,
    pub EndingF: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Control: u8,
}
bits!(_READ_CD_MSF, _bitfield_1: u8 { RelativeAddress set_RelativeAddress @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 1, ExpectedSectorType set_ExpectedSectorType @ 2 + 3, Lun set_Lun @ 5 + 3 });
bits!(_READ_CD_MSF, _bitfield_2: u8 { Reserved4 set_Reserved4 @ 0 + 1, ErrorFlags set_ErrorFlags @ 1 + 2, IncludeEDC set_IncludeEDC @ 3 + 1, IncludeUserData set_IncludeUserData @ 4 + 1, HeaderCode set_HeaderCode @ 5 + 2, IncludeSyncData set_IncludeSyncData @ 7 + 1 });
bits!(_READ_CD_MSF, _bitfield_3: u8 { SubChannelSelection set_SubChannelSelection @ 0 + 3, Reserved5 set_Reserved5 @ 3 + 5 });
layout!(_READ_CD_MSF, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, StartingM @ 3, StartingS @ 4, StartingF @ 5, EndingM @ 6, EndingS @ 7, EndingF @ 8, _bitfield_2 @ 9, _bitfield_3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PLXTR_READ_CDDA {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockByte0: u8,
    pub LogicalBlockByte1: u8,
    pub LogicalBlockByte2: u8,
    pub LogicalBlockByte3: u8,
    pub TransferBlockByte0: u8,
    pub TransferBlockByte1: u8,
    pub TransferBlockByte2: u8,
    pub TransferBlockByte3: u8,
    pub SubCode: u8,
    pub Control: u8,
}
bits!(_PLXTR_READ_CDDA, _bitfield_1: u8 { Reserved0 set_Reserved0 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_PLXTR_READ_CDDA, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockByte0 @ 2, LogicalBlockByte1 @ 3, LogicalBlockByte2 @ 4, LogicalBlockByte3 @ 5, TransferBlockByte0 @ 6, TransferBlockByte1 @ 7, TransferBlockByte2 @ 8, TransferBlockByte3 @ 9, SubCode @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _NEC_READ_CDDA {
    pub OperationCode: u8,
    pub Reserved0: u8,
    pub LogicalBlockByte0: u8,
    pub LogicalBlockByte1: u8,
    pub LogicalBlockByte2: u8,
    pub LogicalBlockByte3: u8,
    pub Reserved1: u8,
    pub TransferBlockByte0: u8,
    pub TransferBlockByte1: u8,
    pub Control: u8,
}
layout!(_NEC_READ_CDDA, 10, 1, OperationCode @ 0, Reserved0 @ 1, LogicalBlockByte0 @ 2, LogicalBlockByte1 @ 3, LogicalBlockByte2 @ 4, LogicalBlockByte3 @ 5, Reserved1 @ 6, TransferBlockByte0 @ 7, TransferBlockByte1 @ 8, Control @ 9);
