//! Storport: what a miniport registers, is told and asks for: functions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[cfg_attr(windows, link(name = "storport.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn StorPortInitialize(Argument1: *mut c_void, Argument2: *mut c_void, HwInitializationData: *mut HW_INITIALIZATION_DATA, HwContext: *mut c_void) -> u32;
    pub fn StorPortGetScatterGatherList(HwDeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK) -> *mut STOR_SCATTER_GATHER_LIST;
    pub fn StorPortGetUncachedExtension(HwDeviceExtension: *mut c_void, ConfigInfo: *mut PORT_CONFIGURATION_INFORMATION, NumberOfBytes: u32) -> *mut c_void;
    pub fn StorPortSetDeviceQueueDepth(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8, Depth: u32) -> BOOLEAN;
    pub fn StorPortStallExecution(Delay: u32);
    pub fn StorPortGetPhysicalAddress(HwDeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK, VirtualAddress: *mut c_void, Length: *mut u32) -> STOR_PHYSICAL_ADDRESS;
    pub fn StorPortGetVirtualAddress(HwDeviceExtension: *mut c_void, PhysicalAddress: STOR_PHYSICAL_ADDRESS) -> *mut c_void;
    pub fn StorPortLogError(HwDeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK, PathId: u8, TargetId: u8, Lun: u8, ErrorCode: u32, UniqueId: u32);
    pub fn StorPortCompleteRequest(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8, SrbStatus: u8);
    pub fn StorPortPause(HwDeviceExtension: *mut c_void, Timeout: u32) -> BOOLEAN;
    pub fn StorPortResume(HwDeviceExtension: *mut c_void) -> BOOLEAN;
    pub fn StorPortPauseDevice(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8, Timeout: u32) -> BOOLEAN;
    pub fn StorPortResumeDevice(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8) -> BOOLEAN;
    pub fn StorPortBusy(HwDeviceExtension: *mut c_void, RequestsToComplete: u32) -> BOOLEAN;
    pub fn StorPortDeviceBusy(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8, RequestsToComplete: u32) -> BOOLEAN;
    pub fn StorPortReady(HwDeviceExtension: *mut c_void) -> BOOLEAN;
    pub fn StorPortDeviceReady(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8) -> BOOLEAN;
    pub fn StorPortGetLogicalUnit(HwDeviceExtension: *mut c_void, PathId: u8, TargetId: u8, Lun: u8) -> *mut c_void;
    pub fn StorPortSynchronizeAccess(HwDeviceExtension: *mut c_void, SynchronizedAccessRoutine: PSTOR_SYNCHRONIZED_ACCESS, Context: *mut c_void) -> BOOLEAN;
    pub fn StorPortGetDeviceBase(HwDeviceExtension: *mut c_void, BusType: INTERFACE_TYPE, SystemIoBusNumber: u32, IoAddress: STOR_PHYSICAL_ADDRESS, NumberOfBytes: u32, InIoSpace: BOOLEAN) -> *mut c_void;
    pub fn StorPortFreeDeviceBase(HwDeviceExtension: *mut c_void, MappedAddress: *mut c_void);
    pub fn StorPortGetBusData(DeviceExtension: *mut c_void, BusDataType: u32, SystemIoBusNumber: u32, SlotNumber: u32, Buffer: *mut c_void, Length: u32) -> u32;
    pub fn StorPortSetBusDataByOffset(DeviceExtension: *mut c_void, BusDataType: u32, SystemIoBusNumber: u32, SlotNumber: u32, Buffer: *mut c_void, Offset: u32, Length: u32) -> u32;
    pub fn StorPortQuerySystemTime(CurrentTime: *mut LARGE_INTEGER);
    pub fn StorPortRegistryRead(HwDeviceExtension: *mut c_void, ValueName: *mut u8, Global: u32, Type: u32, Buffer: *mut u8, BufferLength: *mut u32) -> BOOLEAN;
    pub fn StorPortRegistryWrite(HwDeviceExtension: *mut c_void, ValueName: *mut u8, Global: u32, Type: u32, Buffer: *mut u8, BufferLength: u32) -> BOOLEAN;
    pub fn StorPortAllocateRegistryBuffer(HwDeviceExtension: *mut c_void, Length: *mut u32) -> *mut u8;
    pub fn StorPortFreeRegistryBuffer(HwDeviceExtension: *mut c_void, Buffer: *mut u8);
    pub fn StorPortValidateRange(HwDeviceExtension: *mut c_void, BusType: INTERFACE_TYPE, SystemIoBusNumber: u32, IoAddress: STOR_PHYSICAL_ADDRESS, NumberOfBytes: u32, InIoSpace: BOOLEAN) -> BOOLEAN;
    pub fn StorPortConvertUlongToPhysicalAddress(UlongAddress: usize) -> STOR_PHYSICAL_ADDRESS;
}

#[cfg_attr(windows, link(name = "storport.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "C" {
    pub fn StorPortNotification(NotificationType: SCSI_NOTIFICATION_TYPE, HwDeviceExtension: *mut c_void, ...);
    pub fn StorPortExtendedFunction(FunctionCode: STORPORT_FUNCTION_CODE, HwDeviceExtension: *mut c_void, ...) -> u32;
    pub fn StorPortDebugPrint(DebugPrintLevel: u32, DebugMessage: *mut i8, ...);
}
