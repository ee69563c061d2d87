//! SCSI request blocks, the classic and the extended kind.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type SRBEXDATATYPE = i32;
pub type STOR_PNP_ACTION = i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub union SCSI_REQUEST_BLOCK_anon_1 {
    pub InternalStatus: u32,
    pub QueueSortKey: u32,
    pub LinkTimeoutValue: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_REQUEST_BLOCK {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
    pub ScsiStatus: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub QueueTag: u8,
    pub QueueAction: u8,
    pub CdbLength: u8,
    pub SenseInfoBufferLength: u8,
    pub SrbFlags: u32,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBuffer: *mut c_void,
    pub SenseInfoBuffer: *mut c_void,
    pub NextSrb: *mut SCSI_REQUEST_BLOCK,
    pub OriginalRequest: *mut c_void,
    pub SrbExtension: *mut c_void,
    pub __bindgen_anon_1: SCSI_REQUEST_BLOCK_anon_1,
    pub Reserved: u32,
    pub Cdb: [u8; 16],
}
layout!(SCSI_REQUEST_BLOCK_anon_1, 4, 4, InternalStatus @ 0, QueueSortKey @ 0, LinkTimeoutValue @ 0);
layout!(SCSI_REQUEST_BLOCK, 88, 8, Length @ 0, Function @ 2, SrbStatus @ 3, ScsiStatus @ 4, PathId @ 5, TargetId @ 6, Lun @ 7, QueueTag @ 8, QueueAction @ 9, CdbLength @ 10, SenseInfoBufferLength @ 11, SrbFlags @ 12, DataTransferLength @ 16, TimeOutValue @ 20, DataBuffer @ 24, SenseInfoBuffer @ 32, NextSrb @ 40, OriginalRequest @ 48, SrbExtension @ 56, __bindgen_anon_1 @ 64, Reserved @ 68, Cdb @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_WMI_REQUEST_BLOCK {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
    pub WMISubFunction: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub Reserved1: u8,
    pub WMIFlags: u8,
    pub Reserved2: [u8; 2],
    pub SrbFlags: u32,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBuffer: *mut c_void,
    pub DataPath: *mut c_void,
    pub Reserved3: *mut c_void,
    pub OriginalRequest: *mut c_void,
    pub SrbExtension: *mut c_void,
    pub Reserved4: u32,
    pub Reserved6: u32,
    pub Reserved5: [u8; 16],
}
layout!(SCSI_WMI_REQUEST_BLOCK, 88, 8, Length @ 0, Function @ 2, SrbStatus @ 3, WMISubFunction @ 4, PathId @ 5, TargetId @ 6, Lun @ 7, Reserved1 @ 8, WMIFlags @ 9, Reserved2 @ 10, SrbFlags @ 12, DataTransferLength @ 16, TimeOutValue @ 20, DataBuffer @ 24, DataPath @ 32, Reserved3 @ 40, OriginalRequest @ 48, SrbExtension @ 56, Reserved4 @ 64, Reserved6 @ 68, Reserved5 @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_POWER_REQUEST_BLOCK {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
    pub SrbPowerFlags: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub DevicePowerState: STOR_DEVICE_POWER_STATE,
    pub SrbFlags: u32,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBuffer: *mut c_void,
    pub SenseInfoBuffer: *mut c_void,
    pub NextSrb: *mut SCSI_REQUEST_BLOCK,
    pub OriginalRequest: *mut c_void,
    pub SrbExtension: *mut c_void,
    pub PowerAction: STOR_POWER_ACTION,
    pub Reserved: u32,
    pub Reserved5: [u8; 16],
}
layout!(SCSI_POWER_REQUEST_BLOCK, 88, 8, Length @ 0, Function @ 2, SrbStatus @ 3, SrbPowerFlags @ 4, PathId @ 5, TargetId @ 6, Lun @ 7, DevicePowerState @ 8, SrbFlags @ 12, DataTransferLength @ 16, TimeOutValue @ 20, DataBuffer @ 24, SenseInfoBuffer @ 32, NextSrb @ 40, OriginalRequest @ 48, SrbExtension @ 56, PowerAction @ 64, Reserved @ 68, Reserved5 @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_PNP_REQUEST_BLOCK {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
    pub PnPSubFunction: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub PnPAction: STOR_PNP_ACTION,
    pub SrbFlags: u32,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBuffer: *mut c_void,
    pub SenseInfoBuffer: *mut c_void,
    pub NextSrb: *mut SCSI_REQUEST_BLOCK,
    pub OriginalRequest: *mut c_void,
    pub SrbExtension: *mut c_void,
    pub SrbPnPFlags: u32,
    pub Reserved: u32,
    pub Reserved4: [u8; 16],
}
layout!(SCSI_PNP_REQUEST_BLOCK, 88, 8, Length @ 0, Function @ 2, SrbStatus @ 3, PnPSubFunction @ 4, PathId @ 5, TargetId @ 6, Lun @ 7, PnPAction @ 8, SrbFlags @ 12, DataTransferLength @ 16, TimeOutValue @ 20, DataBuffer @ 24, SenseInfoBuffer @ 32, NextSrb @ 40, OriginalRequest @ 48, SrbExtension @ 56, SrbPnPFlags @ 64, Reserved @ 68, Reserved4 @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_REQUEST_BLOCK {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
    pub ReservedUlong1: u32,
    pub Signature: u32,
    pub Version: u32,
    pub SrbLength: u32,
    pub SrbFunction: u32,
    pub SrbFlags: u32,
    pub ReservedUlong2: u32,
    pub RequestTag: u32,
    pub RequestPriority: u16,
    pub RequestAttribute: u16,
    pub TimeOutValue: u32,
    pub SystemStatus: u32,
    pub ZeroGuard1: u32,
    pub AddressOffset: u32,
    pub NumSrbExData: u32,
    pub DataTransferLength: u32,
    pub DataBuffer: *mut c_void,
    pub ZeroGuard2: *mut c_void,
    pub OriginalRequest: *mut c_void,
    pub ClassContext: *mut c_void,
    pub PortContext: *mut c_void,
    pub MiniportContext: *mut c_void,
    pub NextSrb: *mut STORAGE_REQUEST_BLOCK,
    pub SrbExDataOffset: [u32; 1],
}
layout!(STORAGE_REQUEST_BLOCK, 128, 8, Length @ 0, Function @ 2, SrbStatus @ 3, ReservedUlong1 @ 4, Signature @ 8, Version @ 12, SrbLength @ 16, SrbFunction @ 20, SrbFlags @ 24, ReservedUlong2 @ 28, RequestTag @ 32, RequestPriority @ 36, RequestAttribute @ 38, TimeOutValue @ 40, SystemStatus @ 44, ZeroGuard1 @ 48, AddressOffset @ 52, NumSrbExData @ 56, DataTransferLength @ 60, DataBuffer @ 64, ZeroGuard2 @ 72, OriginalRequest @ 80, ClassContext @ 88, PortContext @ 96, MiniportContext @ 104, NextSrb @ 112, SrbExDataOffset @ 120);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct STORAGE_REQUEST_BLOCK_HEADER {
    pub Length: u16,
    pub Function: u8,
    pub SrbStatus: u8,
}
layout!(STORAGE_REQUEST_BLOCK_HEADER, 8, 8, Length @ 0, Function @ 2, SrbStatus @ 3);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub Data: [u8; 1],
}
layout!(SRBEX_DATA, 16, 8, Type @ 0, Length @ 4, Data @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_BIDIRECTIONAL {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub DataInTransferLength: u32,
    pub Reserved1: u32,
    pub DataInBuffer: *mut c_void,
}
layout!(SRBEX_DATA_BIDIRECTIONAL, 24, 8, Type @ 0, Length @ 4, DataInTransferLength @ 8, Reserved1 @ 12, DataInBuffer @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_SCSI_CDB16 {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub ScsiStatus: u8,
    pub SenseInfoBufferLength: u8,
    pub CdbLength: u8,
    pub Reserved: u8,
    pub Reserved1: u32,
    pub SenseInfoBuffer: *mut c_void,
    pub Cdb: [u8; 16],
}
layout!(SRBEX_DATA_SCSI_CDB16, 40, 8, Type @ 0, Length @ 4, ScsiStatus @ 8, SenseInfoBufferLength @ 9, CdbLength @ 10, Reserved @ 11, Reserved1 @ 12, SenseInfoBuffer @ 16, Cdb @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_SCSI_CDB32 {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub ScsiStatus: u8,
    pub SenseInfoBufferLength: u8,
    pub CdbLength: u8,
    pub Reserved: u8,
    pub Reserved1: u32,
    pub SenseInfoBuffer: *mut c_void,
    pub Cdb: [u8; 32],
}
layout!(SRBEX_DATA_SCSI_CDB32, 56, 8, Type @ 0, Length @ 4, ScsiStatus @ 8, SenseInfoBufferLength @ 9, CdbLength @ 10, Reserved @ 11, Reserved1 @ 12, SenseInfoBuffer @ 16, Cdb @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_SCSI_CDB_VAR {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub ScsiStatus: u8,
    pub SenseInfoBufferLength: u8,
    pub Reserved: [u8; 2],
    pub CdbLength: u32,
    pub Reserved1: [u32; 2],
    pub SenseInfoBuffer: *mut c_void,
    pub Cdb: [u8; 1],
}
layout!(SRBEX_DATA_SCSI_CDB_VAR, 40, 8, Type @ 0, Length @ 4, ScsiStatus @ 8, SenseInfoBufferLength @ 9, Reserved @ 10, CdbLength @ 12, Reserved1 @ 16, SenseInfoBuffer @ 24, Cdb @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_WMI {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub WMISubFunction: u8,
    pub WMIFlags: u8,
    pub Reserved: [u8; 2],
    pub Reserved1: u32,
    pub DataPath: *mut c_void,
}
layout!(SRBEX_DATA_WMI, 24, 8, Type @ 0, Length @ 4, WMISubFunction @ 8, WMIFlags @ 9, Reserved @ 10, Reserved1 @ 12, DataPath @ 16);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_POWER {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub SrbPowerFlags: u8,
    pub Reserved: [u8; 3],
    pub DevicePowerState: STOR_DEVICE_POWER_STATE,
    pub PowerAction: STOR_POWER_ACTION,
}
layout!(SRBEX_DATA_POWER, 24, 8, Type @ 0, Length @ 4, SrbPowerFlags @ 8, Reserved @ 9, DevicePowerState @ 12, PowerAction @ 16);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_PNP {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub PnPSubFunction: u8,
    pub Reserved: [u8; 3],
    pub PnPAction: STOR_PNP_ACTION,
    pub SrbPnPFlags: u32,
    pub Reserved1: u32,
}
layout!(SRBEX_DATA_PNP, 24, 8, Type @ 0, Length @ 4, PnPSubFunction @ 8, Reserved @ 9, PnPAction @ 12, SrbPnPFlags @ 16, Reserved1 @ 20);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct SRBEX_DATA_IO_INFO {
    pub Type: SRBEXDATATYPE,
    pub Length: u32,
    pub Flags: u32,
    pub Key: u32,
    pub RWLength: u32,
    pub IsWriteRequest: BOOLEAN,
    pub CachePriority: u8,
    pub Reserved: [u8; 2],
    pub Reserved1: [u32; 2],
}
layout!(SRBEX_DATA_IO_INFO, 32, 8, Type @ 0, Length @ 4, Flags @ 8, Key @ 12, RWLength @ 16, IsWriteRequest @ 20, CachePriority @ 21, Reserved @ 22, Reserved1 @ 24);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct STOR_ADDRESS {
    pub Type: u16,
    pub Port: u16,
    pub AddressLength: u32,
    pub AddressData: [u8; 1],
}
layout!(STOR_ADDRESS, 16, 8, Type @ 0, Port @ 2, AddressLength @ 4, AddressData @ 8);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct STOR_ADDR_BTL8 {
    pub Type: u16,
    pub Port: u16,
    pub AddressLength: u32,
    pub Path: u8,
    pub Target: u8,
    pub Lun: u8,
    pub Reserved: u8,
}
layout!(STOR_ADDR_BTL8, 16, 8, Type @ 0, Port @ 2, AddressLength @ 4, Path @ 8, Target @ 9, Lun @ 10, Reserved @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SRB_IO_CONTROL {
    pub HeaderLength: u32,
    pub Signature: [u8; 8],
    pub Timeout: u32,
    pub ControlCode: u32,
    pub ReturnCode: u32,
    pub Length: u32,
}
layout!(SRB_IO_CONTROL, 28, 4, HeaderLength @ 0, Signature @ 4, Timeout @ 12, ControlCode @ 16, ReturnCode @ 20, Length @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_ADDRESS {
    pub Length: u32,
    pub PortNumber: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
}
layout!(SCSI_ADDRESS, 8, 4, Length @ 0, PortNumber @ 4, PathId @ 5, TargetId @ 6, Lun @ 7);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_SCSI_CAPABILITIES {
    pub Length: u32,
    pub MaximumTransferLength: u32,
    pub MaximumPhysicalPages: u32,
    pub SupportedAsynchronousEvents: u32,
    pub AlignmentMask: u32,
    pub TaggedQueuing: BOOLEAN,
    pub AdapterScansDown: BOOLEAN,
    pub AdapterUsesPio: BOOLEAN,
}
layout!(IO_SCSI_CAPABILITIES, 24, 4, Length @ 0, MaximumTransferLength @ 4, MaximumPhysicalPages @ 8, SupportedAsynchronousEvents @ 12, AlignmentMask @ 16, TaggedQueuing @ 20, AdapterScansDown @ 21, AdapterUsesPio @ 22);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_ADAPTER_BUS_INFO {
    pub NumberOfBuses: u8,
    pub BusData: [SCSI_BUS_DATA; 1],
}
layout!(SCSI_ADAPTER_BUS_INFO, 12, 4, NumberOfBuses @ 0, BusData @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_BUS_DATA {
    pub NumberOfLogicalUnits: u8,
    pub InitiatorBusId: u8,
    pub InquiryDataOffset: u32,
}
layout!(SCSI_BUS_DATA, 8, 4, NumberOfLogicalUnits @ 0, InitiatorBusId @ 1, InquiryDataOffset @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_INQUIRY_DATA {
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub DeviceClaimed: BOOLEAN,
    pub InquiryDataLength: u32,
    pub NextInquiryDataOffset: u32,
    pub InquiryData: [u8; 1],
}
layout!(SCSI_INQUIRY_DATA, 16, 4, PathId @ 0, TargetId @ 1, Lun @ 2, DeviceClaimed @ 3, InquiryDataLength @ 4, NextInquiryDataOffset @ 8, InquiryData @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_PASS_THROUGH {
    pub Length: u16,
    pub ScsiStatus: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub CdbLength: u8,
    pub SenseInfoLength: u8,
    pub DataIn: u8,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBufferOffset: usize,
    pub SenseInfoOffset: u32,
    pub Cdb: [u8; 16],
}
layout!(SCSI_PASS_THROUGH, 56, 8, Length @ 0, ScsiStatus @ 2, PathId @ 3, TargetId @ 4, Lun @ 5, CdbLength @ 6, SenseInfoLength @ 7, DataIn @ 8, DataTransferLength @ 12, TimeOutValue @ 16, DataBufferOffset @ 24, SenseInfoOffset @ 32, Cdb @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_PASS_THROUGH_DIRECT {
    pub Length: u16,
    pub ScsiStatus: u8,
    pub PathId: u8,
    pub TargetId: u8,
    pub Lun: u8,
    pub CdbLength: u8,
    pub SenseInfoLength: u8,
    pub DataIn: u8,
    pub DataTransferLength: u32,
    pub TimeOutValue: u32,
    pub DataBuffer: *mut c_void,
    pub SenseInfoOffset: u32,
    pub Cdb: [u8; 16],
}
layout!(SCSI_PASS_THROUGH_DIRECT, 56, 8, Length @ 0, ScsiStatus @ 2, PathId @ 3, TargetId @ 4, Lun @ 5, CdbLength @ 6, SenseInfoLength @ 7, DataIn @ 8, DataTransferLength @ 12, TimeOutValue @ 16, DataBuffer @ 24, SenseInfoOffset @ 32, Cdb @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_PASS_THROUGH_EX {
    pub Version: u32,
    pub Length: u32,
    pub CdbLength: u32,
    pub StorAddressLength: u32,
    pub ScsiStatus: u8,
    pub SenseInfoLength: u8,
    pub DataDirection: u8,
    pub Reserved: u8,
    pub TimeOutValue: u32,
    pub StorAddressOffset: u32,
    pub SenseInfoOffset: u32,
    pub DataOutTransferLength: u32,
    pub DataInTransferLength: u32,
    pub DataOutBufferOffset: usize,
    pub DataInBufferOffset: usize,
    pub Cdb: [u8; 1],
}
layout!(SCSI_PASS_THROUGH_EX, 64, 8, Version @ 0, Length @ 4, CdbLength @ 8, StorAddressLength @ 12, ScsiStatus @ 16, SenseInfoLength @ 17, DataDirection @ 18, Reserved @ 19, TimeOutValue @ 20, StorAddressOffset @ 24, SenseInfoOffset @ 28, DataOutTransferLength @ 32, DataInTransferLength @ 36, DataOutBufferOffset @ 40, DataInBufferOffset @ 48, Cdb @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_PASS_THROUGH_DIRECT_EX {
    pub Version: u32,
    pub Length: u32,
    pub CdbLength: u32,
    pub StorAddressLength: u32,
    pub ScsiStatus: u8,
    pub SenseInfoLength: u8,
    pub DataDirection: u8,
    pub Reserved: u8,
    pub TimeOutValue: u32,
    pub StorAddressOffset: u32,
    pub SenseInfoOffset: u32,
    pub DataOutTransferLength: u32,
    pub DataInTransferLength: u32,
    pub DataOutBuffer: *mut c_void,
    pub DataInBuffer: *mut c_void,
    pub Cdb: [u8; 1],
}
layout!(SCSI_PASS_THROUGH_DIRECT_EX, 64, 8, Version @ 0, Length @ 4, CdbLength @ 8, StorAddressLength @ 12, ScsiStatus @ 16, SenseInfoLength @ 17, DataDirection @ 18, Reserved @ 19, TimeOutValue @ 20, StorAddressOffset @ 24, SenseInfoOffset @ 28, DataOutTransferLength @ 32, DataInTransferLength @ 36, DataOutBuffer @ 40, DataInBuffer @ 48, Cdb @ 56);
