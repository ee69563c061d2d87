//! Storport: what a miniport registers, is told and asks for.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type SCSI_NOTIFICATION_TYPE = i32;
pub type STORPORT_FUNCTION_CODE = i32;
pub type SCSI_ADAPTER_CONTROL_TYPE = i32;
pub type SCSI_ADAPTER_CONTROL_STATUS = i32;
pub type SCSI_UNIT_CONTROL_TYPE = i32;
pub type SCSI_UNIT_CONTROL_STATUS = i32;
pub type STOR_SYNCHRONIZATION_MODEL = i32;
pub type STOR_EVENT_TYPE = i32;
pub type STOR_SPINLOCK = i32;
pub type INTERRUPT_SYNCHRONIZATION_MODE = i32;
pub type RAID_SYSTEM_POWER = i32;
pub type STOR_DEVICE_POWER_STATE = i32;
pub type STOR_POWER_ACTION = i32;
pub type DMA_WIDTH = i32;
pub type DMA_SPEED = i32;
pub type GETSGSTATUS = i32;
pub type STOR_PHYSICAL_ADDRESS = LARGE_INTEGER;
pub type DATA_TYPE = i32;
pub type STOR_IO_PRIORITY_HINT = i32;
pub type STOR_EVENT_ASSOCIATION_ENUM = i32;
pub type SCSI_UC_DEVICE_USAGE_TYPE = i32;
pub type STOR_AFFINITY = usize;

pub type PHW_INITIALIZE = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void) -> BOOLEAN>;
pub type PHW_BUILDIO = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK) -> BOOLEAN>;
pub type PHW_STARTIO = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK) -> BOOLEAN>;
pub type PHW_INTERRUPT = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void) -> BOOLEAN>;
pub type PHW_TIMER = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void)>;
pub type PHW_FIND_ADAPTER = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, HwContext: *mut c_void, BusInformation: *mut c_void, ArgumentString: *mut i8, ConfigInfo: *mut PORT_CONFIGURATION_INFORMATION, Reserved3: *mut BOOLEAN) -> u32>;
pub type PHW_RESET_BUS = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, PathId: u32) -> BOOLEAN>;
pub type PHW_ADAPTER_CONTROL = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, ControlType: SCSI_ADAPTER_CONTROL_TYPE, Parameters: *mut c_void) -> SCSI_ADAPTER_CONTROL_STATUS>;
pub type PHW_PASSIVE_INITIALIZE_ROUTINE = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void) -> BOOLEAN>;
pub type PHW_DPC_ROUTINE = Option<unsafe extern "win64" fn(Dpc: *mut STOR_DPC, HwDeviceExtension: *mut c_void, SystemArgument1: *mut c_void, SystemArgument2: *mut c_void)>;
pub type PHW_UNIT_CONTROL = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, ControlType: SCSI_UNIT_CONTROL_TYPE, Parameters: *mut c_void) -> SCSI_UNIT_CONTROL_STATUS>;
pub type PHW_TRACING_ENABLED = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Enabled: BOOLEAN)>;
pub type PHW_CLEANUP_TRACING = Option<unsafe extern "win64" fn(Arg1: *mut c_void)>;
pub type PHW_WORKITEM = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Context: *mut c_void, Worker: *mut c_void)>;
pub type PHW_TIMER_EX = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, Context: *mut c_void)>;
pub type PHW_FREE_ADAPTER_RESOURCES = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void)>;
pub type PHW_PROCESS_SERVICE_REQUEST = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, Irp: *mut c_void)>;
pub type PHW_COMPLETE_SERVICE_IRP = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void)>;
pub type PHW_INITIALIZE_TRACING = Option<unsafe extern "win64" fn(Arg1: *mut c_void, Arg2: *mut c_void)>;
pub type PHW_STATE_CHANGE = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Context: *mut c_void, AddressType: i16, Address: *mut c_void, Status: u32)>;
pub type PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, MessageId: u32) -> BOOLEAN>;
pub type PSTOR_SYNCHRONIZED_ACCESS = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Context: *mut c_void) -> BOOLEAN>;
pub type PHW_DMA_STARTED = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void)>;
pub type PHW_ADAPTER_STATE = Option<unsafe extern "win64" fn(DeviceExtension: *mut c_void, Context: *mut c_void, SaveState: BOOLEAN) -> BOOLEAN>;
pub type PDUMP_DEVICE_POWERON_ROUTINE = Option<unsafe extern "win64" fn(Context: *mut c_void) -> i32>;
pub type PStorPortGetMessageInterruptInformation = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, MessageId: u32, InterruptInfo: *mut MESSAGE_INTERRUPT_INFORMATION) -> BOOLEAN>;
pub type PStorPortPutScatterGatherList = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, ScatterGatherList: *mut STOR_SCATTER_GATHER_LIST, WriteToDevice: BOOLEAN)>;
pub type PStorPortBuildScatterGatherList = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Mdl: *mut c_void, CurrentVa: *mut c_void, Length: u32, ExecutionRoutine: PPOST_SCATTER_GATHER_EXECUTE, Context: *mut c_void, WriteToDevice: BOOLEAN, ScatterGatherBuffer: *mut c_void, ScatterGatherBufferLength: u32) -> GETSGSTATUS>;
pub type PPOST_SCATTER_GATHER_EXECUTE = Option<unsafe extern "win64" fn(DeviceObject: *mut *mut c_void, Irp: *mut *mut c_void, ScatterGather: *mut STOR_SCATTER_GATHER_LIST, Context: *mut c_void)>;
pub type PStorPortFreePool = Option<unsafe extern "win64" fn(PMemory: *mut c_void, HwDeviceExtension: *mut c_void, PMdl: *mut c_void)>;
pub type PStorPortAllocatePool = Option<unsafe extern "win64" fn(NumberOfBytes: u32, Tag: u32, HwDeviceExtension: *mut c_void, PMdl: *mut *mut c_void) -> *mut c_void>;
pub type PStorPortGetSystemAddress = Option<unsafe extern "win64" fn(Srb: *mut SCSI_REQUEST_BLOCK) -> *mut c_void>;
pub type PStorPortAcquireMSISpinLock = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, MessageID: u32) -> u32>;
pub type PStorPortReleaseMSISpinLock = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, MessageID: u32, OldIrql: u32)>;
pub type PStorPortCompleteServiceIrp = Option<unsafe extern "win64" fn(HwDeviceExtension: *mut c_void, Irp: *mut c_void)>;
pub type PStorPortGetOriginalMdl = Option<unsafe extern "win64" fn(Srb: *mut SCSI_REQUEST_BLOCK) -> *mut c_void>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PORT_CONFIGURATION_INFORMATION {
    pub Length: u32,
    pub SystemIoBusNumber: u32,
    pub AdapterInterfaceType: INTERFACE_TYPE,
    pub BusInterruptLevel: u32,
    pub BusInterruptVector: u32,
    pub InterruptMode: KINTERRUPT_MODE,
    pub MaximumTransferLength: u32,
    pub NumberOfPhysicalBreaks: u32,
    pub DmaChannel: u32,
    pub DmaPort: u32,
    pub DmaWidth: DMA_WIDTH,
    pub DmaSpeed: DMA_SPEED,
    pub AlignmentMask: u32,
    pub NumberOfAccessRanges: u32,
    pub AccessRanges: *mut ACCESS_RANGE,
    pub MiniportDumpData: *mut c_void,
    pub NumberOfBuses: u8,
    pub InitiatorBusId: [i8; 8],
    pub ScatterGather: BOOLEAN,
    pub Master: BOOLEAN,
    pub CachesData: BOOLEAN,
    pub AdapterScansDown: BOOLEAN,
    pub AtdiskPrimaryClaimed: BOOLEAN,
    pub AtdiskSecondaryClaimed: BOOLEAN,
    pub Dma32BitAddresses: BOOLEAN,
    pub DemandMode: BOOLEAN,
    pub MapBuffers: u8,
    pub NeedPhysicalAddresses: BOOLEAN,
    pub TaggedQueuing: BOOLEAN,
    pub AutoRequestSense: BOOLEAN,
    pub MultipleRequestPerLu: BOOLEAN,
    pub ReceiveEvent: BOOLEAN,
    pub RealModeInitialized: BOOLEAN,
    pub BufferAccessScsiPortControlled: BOOLEAN,
    pub MaximumNumberOfTargets: u8,
    pub SrbType: u8,
    pub AddressType: u8,
    pub SlotNumber: u32,
    pub BusInterruptLevel2: u32,
    pub BusInterruptVector2: u32,
    pub InterruptMode2: KINTERRUPT_MODE,
    pub DmaChannel2: u32,
    pub DmaPort2: u32,
    pub DmaWidth2: DMA_WIDTH,
    pub DmaSpeed2: DMA_SPEED,
    pub DeviceExtensionSize: u32,
    pub SpecificLuExtensionSize: u32,
    pub SrbExtensionSize: u32,
    pub Dma64BitAddresses: u8,
    pub ResetTargetSupported: BOOLEAN,
    pub MaximumNumberOfLogicalUnits: u8,
    pub WmiDataProvider: BOOLEAN,
    pub SynchronizationModel: STOR_SYNCHRONIZATION_MODEL,
    pub HwMSInterruptRoutine: PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE,
    pub InterruptSynchronizationMode: INTERRUPT_SYNCHRONIZATION_MODE,
    pub DumpRegion: MEMORY_REGION,
    pub RequestedDumpBufferSize: u32,
    pub VirtualDevice: BOOLEAN,
    pub DumpMode: u8,
    pub DmaAddressWidth: u8,
    pub ExtendedFlags1: u32,
    pub MaxNumberOfIO: u32,
    pub MaxIOsPerLun: u32,
    pub InitialLunQueueDepth: u32,
    pub BusResetHoldTime: u32,
    pub FeatureSupport: u32,
}
layout!(PORT_CONFIGURATION_INFORMATION, 224, 8, Length @ 0, SystemIoBusNumber @ 4, AdapterInterfaceType @ 8, BusInterruptLevel @ 12, BusInterruptVector @ 16, InterruptMode @ 20, MaximumTransferLength @ 24, NumberOfPhysicalBreaks @ 28, DmaChannel @ 32, DmaPort @ 36, DmaWidth @ 40, DmaSpeed @ 44, AlignmentMask @ 48, NumberOfAccessRanges @ 52, AccessRanges @ 56, MiniportDumpData @ 64, NumberOfBuses @ 72, InitiatorBusId @ 73, ScatterGather @ 81, Master @ 82, CachesData @ 83, AdapterScansDown @ 84, AtdiskPrimaryClaimed @ 85, AtdiskSecondaryClaimed @ 86, Dma32BitAddresses @ 87, DemandMode @ 88, MapBuffers @ 89, NeedPhysicalAddresses @ 90, TaggedQueuing @ 91, AutoRequestSense @ 92, MultipleRequestPerLu @ 93, ReceiveEvent @ 94, RealModeInitialized @ 95, BufferAccessScsiPortControlled @ 96, MaximumNumberOfTargets @ 97, SrbType @ 98, AddressType @ 99, SlotNumber @ 100, BusInterruptLevel2 @ 104, BusInterruptVector2 @ 108, InterruptMode2 @ 112, DmaChannel2 @ 116, DmaPort2 @ 120, DmaWidth2 @ 124, DmaSpeed2 @ 128, DeviceExtensionSize @ 132, SpecificLuExtensionSize @ 136, SrbExtensionSize @ 140, Dma64BitAddresses @ 144, ResetTargetSupported @ 145, MaximumNumberOfLogicalUnits @ 146, WmiDataProvider @ 147, SynchronizationModel @ 148, HwMSInterruptRoutine @ 152, InterruptSynchronizationMode @ 160, DumpRegion @ 168, RequestedDumpBufferSize @ 192, VirtualDevice @ 196, DumpMode @ 197, DmaAddressWidth @ 198, ExtendedFlags1 @ 200, MaxNumberOfIO @ 204, MaxIOsPerLun @ 208, InitialLunQueueDepth @ 212, BusResetHoldTime @ 216, FeatureSupport @ 220);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_DPC {
    pub Dpc: DPC_BUFFER,
    pub Lock: usize,
}
layout!(STOR_DPC, 72, 8, Dpc @ 0, Lock @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub union HW_INITIALIZATION_DATA_anon_1 {
    pub ReservedUshort: u16,
    pub PortVersionFlags: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HW_INITIALIZATION_DATA {
    pub HwInitializationDataSize: u32,
    pub AdapterInterfaceType: INTERFACE_TYPE,
    pub HwInitialize: PHW_INITIALIZE,
    pub HwStartIo: PHW_STARTIO,
    pub HwInterrupt: PHW_INTERRUPT,
    pub HwFindAdapter: *mut c_void,
    pub HwResetBus: PHW_RESET_BUS,
    pub HwDmaStarted: PHW_DMA_STARTED,
    pub HwAdapterState: PHW_ADAPTER_STATE,
    pub DeviceExtensionSize: u32,
    pub SpecificLuExtensionSize: u32,
    pub SrbExtensionSize: u32,
    pub NumberOfAccessRanges: u32,
    pub Reserved: *mut c_void,
    pub MapBuffers: u8,
    pub NeedPhysicalAddresses: BOOLEAN,
    pub TaggedQueuing: BOOLEAN,
    pub AutoRequestSense: BOOLEAN,
    pub MultipleRequestPerLu: BOOLEAN,
    pub ReceiveEvent: BOOLEAN,
    pub VendorIdLength: u16,
    pub VendorId: *mut c_void,
    pub __bindgen_anon_1: HW_INITIALIZATION_DATA_anon_1,
    pub DeviceIdLength: u16,
    pub DeviceId: *mut c_void,
    pub HwAdapterControl: PHW_ADAPTER_CONTROL,
    pub HwBuildIo: PHW_BUILDIO,
    pub HwFreeAdapterResources: PHW_FREE_ADAPTER_RESOURCES,
    pub HwProcessServiceRequest: PHW_PROCESS_SERVICE_REQUEST,
    pub HwCompleteServiceIrp: PHW_COMPLETE_SERVICE_IRP,
    pub HwInitializeTracing: PHW_INITIALIZE_TRACING,
    pub HwCleanupTracing: PHW_CLEANUP_TRACING,
    pub HwTracingEnabled: PHW_TRACING_ENABLED,
    pub FeatureSupport: u32,
    pub SrbTypeFlags: u32,
    pub AddressTypeFlags: u32,
    pub Reserved1: u32,
    pub HwUnitControl: PHW_UNIT_CONTROL,
}
layout!(HW_INITIALIZATION_DATA_anon_1, 2, 2, ReservedUshort @ 0, PortVersionFlags @ 0);
layout!(HW_INITIALIZATION_DATA, 208, 8, HwInitializationDataSize @ 0, AdapterInterfaceType @ 4, HwInitialize @ 8, HwStartIo @ 16, HwInterrupt @ 24, HwFindAdapter @ 32, HwResetBus @ 40, HwDmaStarted @ 48, HwAdapterState @ 56, DeviceExtensionSize @ 64, SpecificLuExtensionSize @ 68, SrbExtensionSize @ 72, NumberOfAccessRanges @ 76, Reserved @ 80, MapBuffers @ 88, NeedPhysicalAddresses @ 89, TaggedQueuing @ 90, AutoRequestSense @ 91, MultipleRequestPerLu @ 92, ReceiveEvent @ 93, VendorIdLength @ 94, VendorId @ 96, __bindgen_anon_1 @ 104, DeviceIdLength @ 106, DeviceId @ 112, HwAdapterControl @ 120, HwBuildIo @ 128, HwFreeAdapterResources @ 136, HwProcessServiceRequest @ 144, HwCompleteServiceIrp @ 152, HwInitializeTracing @ 160, HwCleanupTracing @ 168, HwTracingEnabled @ 176, FeatureSupport @ 184, SrbTypeFlags @ 188, AddressTypeFlags @ 192, Reserved1 @ 196, HwUnitControl @ 200);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ACCESS_RANGE {
    pub RangeStart: STOR_PHYSICAL_ADDRESS,
    pub RangeLength: u32,
    pub RangeInMemory: BOOLEAN,
}
layout!(ACCESS_RANGE, 16, 8, RangeStart @ 0, RangeLength @ 8, RangeInMemory @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MEMORY_REGION {
    pub VirtualBase: *mut u8,
    pub PhysicalBase: LARGE_INTEGER,
    pub Length: u32,
}
layout!(MEMORY_REGION, 24, 8, VirtualBase @ 0, PhysicalBase @ 8, Length @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PERF_CONFIGURATION_DATA {
    pub Version: u32,
    pub Size: u32,
    pub Flags: u32,
    pub ConcurrentChannels: u32,
    pub FirstRedirectionMessageNumber: u32,
    pub LastRedirectionMessageNumber: u32,
    pub DeviceNode: u32,
    pub Reserved: u32,
    pub MessageTargets: *mut GROUP_AFFINITY,
}
layout!(PERF_CONFIGURATION_DATA, 40, 8, Version @ 0, Size @ 4, Flags @ 8, ConcurrentChannels @ 12, FirstRedirectionMessageNumber @ 16, LastRedirectionMessageNumber @ 20, DeviceNode @ 24, Reserved @ 28, MessageTargets @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STARTIO_PERFORMANCE_PARAMETERS {
    pub Version: u32,
    pub Size: u32,
    pub MessageNumber: u32,
    pub ChannelNumber: u32,
}
layout!(STARTIO_PERFORMANCE_PARAMETERS, 16, 4, Version @ 0, Size @ 4, MessageNumber @ 8, ChannelNumber @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STARTIO_PERFORMANCE_PARAMETERS_V2 {
    pub Version: u32,
    pub Size: u32,
    pub MessageNumber: u32,
    pub ChannelNumber: u32,
    pub InitiatingProcessor: PROCESSOR_NUMBER,
}
layout!(STARTIO_PERFORMANCE_PARAMETERS_V2, 20, 4, Version @ 0, Size @ 4, MessageNumber @ 8, ChannelNumber @ 12, InitiatingProcessor @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SCATTER_GATHER_LIST {
    pub NumberOfElements: u32,
    pub Reserved: usize,
    pub List: [STOR_SCATTER_GATHER_ELEMENT; 0],
}
layout!(STOR_SCATTER_GATHER_LIST, 16, 8, NumberOfElements @ 0, Reserved @ 8, List @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_SCATTER_GATHER_ELEMENT {
    pub PhysicalAddress: STOR_PHYSICAL_ADDRESS,
    pub Length: u32,
    pub Reserved: usize,
}
layout!(STOR_SCATTER_GATHER_ELEMENT, 24, 8, PhysicalAddress @ 0, Length @ 8, Reserved @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_LOCK_HANDLE_Context_LockQueue {
    pub Next: *mut c_void,
    pub Lock: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_LOCK_HANDLE_Context {
    pub LockQueue: STOR_LOCK_HANDLE_Context_LockQueue,
    pub OldIrql: KIRQL,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_LOCK_HANDLE {
    pub Lock: STOR_SPINLOCK,
    pub Context: STOR_LOCK_HANDLE_Context,
}
layout!(STOR_LOCK_HANDLE_Context_LockQueue, 16, 8, Next @ 0, Lock @ 8);
layout!(STOR_LOCK_HANDLE_Context, 24, 8, LockQueue @ 0, OldIrql @ 16);
layout!(STOR_LOCK_HANDLE, 32, 8, Lock @ 0, Context @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub union STOR_DISPATCHER_HEADER_anon_1_Data_anon_1 {
    pub Inserted: u8,
    pub DebugActive: BOOLEAN,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_DISPATCHER_HEADER_anon_1_Data {
    pub Type: u8,
    pub Flags: u8,
    pub Size: u8,
    pub __bindgen_anon_1: STOR_DISPATCHER_HEADER_anon_1_Data_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union STOR_DISPATCHER_HEADER_anon_1 {
    pub Data: STOR_DISPATCHER_HEADER_anon_1_Data,
    pub Lock: i32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_DISPATCHER_HEADER {
    pub __bindgen_anon_1: STOR_DISPATCHER_HEADER_anon_1,
    pub SignalState: i32,
    pub WaitListHead: STOR_LIST_ENTRY,
}
layout!(STOR_DISPATCHER_HEADER_anon_1_Data_anon_1, 1, 1, Inserted @ 0, DebugActive @ 0);
layout!(STOR_DISPATCHER_HEADER_anon_1_Data, 4, 1, Type @ 0, Flags @ 1, Size @ 2, __bindgen_anon_1 @ 3);
layout!(STOR_DISPATCHER_HEADER_anon_1, 4, 4, Data @ 0, Lock @ 0);
layout!(STOR_DISPATCHER_HEADER, 24, 8, __bindgen_anon_1 @ 0, SignalState @ 4, WaitListHead @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_LIST_ENTRY {
    pub Flink: *mut STOR_LIST_ENTRY,
    pub Blink: *mut STOR_LIST_ENTRY,
}
layout!(STOR_LIST_ENTRY, 16, 8, Flink @ 0, Blink @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_EVENT {
    pub Header: STOR_DISPATCHER_HEADER,
}
layout!(STOR_EVENT, 24, 8, Header @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MINIPORT_DUMP_POINTERS {
    pub Version: u16,
    pub Size: u16,
    pub DriverName: [WCHAR; 15],
    pub AdapterObject: *mut c_void,
    pub MappedRegisterBase: *mut c_void,
    pub CommonBufferSize: u32,
    pub MiniportPrivateDumpData: *mut c_void,
    pub SystemIoBusNumber: u32,
    pub AdapterInterfaceType: INTERFACE_TYPE,
    pub MaximumTransferLength: u32,
    pub NumberOfPhysicalBreaks: u32,
    pub AlignmentMask: u32,
    pub NumberOfAccessRanges: u32,
    pub AccessRanges: *mut ACCESS_RANGE,
    pub NumberOfBuses: u8,
    pub Master: BOOLEAN,
    pub MapBuffers: BOOLEAN,
    pub MaximumNumberOfTargets: u8,
}
layout!(MINIPORT_DUMP_POINTERS, 112, 8, Version @ 0, Size @ 2, DriverName @ 4, AdapterObject @ 40, MappedRegisterBase @ 48, CommonBufferSize @ 56, MiniportPrivateDumpData @ 64, SystemIoBusNumber @ 72, AdapterInterfaceType @ 76, MaximumTransferLength @ 80, NumberOfPhysicalBreaks @ 84, AlignmentMask @ 88, NumberOfAccessRanges @ 92, AccessRanges @ 96, NumberOfBuses @ 104, Master @ 105, MapBuffers @ 106, MaximumNumberOfTargets @ 107);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MINIPORT_MAPPINGS {
    pub Version: u16,
    pub IBFTable: *mut c_void,
    pub Nic0Map: *mut c_void,
    pub Nic1Map: *mut c_void,
    pub NumberOfAdditionalNic: u32,
    pub NicMap: [*mut c_void; 0],
}
layout!(MINIPORT_MAPPINGS, 40, 8, Version @ 0, IBFTable @ 8, Nic0Map @ 16, Nic1Map @ 24, NumberOfAdditionalNic @ 32, NicMap @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MINIPORT_DATA {
    pub Name: *mut i8,
    pub Type: DATA_TYPE,
    pub ArrayLength: u16,
    pub Data: *mut c_void,
}
layout!(MINIPORT_DATA, 24, 8, Name @ 0, Type @ 8, ArrayLength @ 12, Data @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DUMP_DRIVER {
    pub DumpDriverList: *mut c_void,
    pub DriverName: [WCHAR; 15],
    pub BaseName: [WCHAR; 15],
}
layout!(DUMP_DRIVER, 72, 8, DumpDriverList @ 0, DriverName @ 8, BaseName @ 38);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DUMP_DRIVER_EX {
    pub DumpDriverList: *mut c_void,
    pub DriverName: [WCHAR; 15],
    pub BaseName: [WCHAR; 15],
    pub DriverFullPath: NTSCSI_UNICODE_STRING,
}
layout!(DUMP_DRIVER_EX, 88, 8, DumpDriverList @ 0, DriverName @ 8, BaseName @ 38, DriverFullPath @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DUMP_POINTERS {
    pub AdapterObject: *mut c_void,
    pub MappedRegisterBase: *mut c_void,
    pub DumpData: *mut c_void,
    pub CommonBufferVa: *mut c_void,
    pub CommonBufferPa: LARGE_INTEGER,
    pub CommonBufferSize: u32,
    pub AllocateCommonBuffers: BOOLEAN,
    pub UseDiskDump: BOOLEAN,
    pub Spare1: [u8; 2],
    pub DeviceObject: *mut c_void,
}
layout!(DUMP_POINTERS, 56, 8, AdapterObject @ 0, MappedRegisterBase @ 8, DumpData @ 16, CommonBufferVa @ 24, CommonBufferPa @ 32, CommonBufferSize @ 40, AllocateCommonBuffers @ 44, UseDiskDump @ 45, Spare1 @ 46, DeviceObject @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DUMP_POINTERS_EX {
    pub Header: DUMP_POINTERS_VERSION,
    pub DumpData: *mut c_void,
    pub CommonBufferVa: *mut c_void,
    pub CommonBufferSize: u32,
    pub AllocateCommonBuffers: BOOLEAN,
    pub DeviceObject: *mut c_void,
    pub DriverList: *mut c_void,
    pub dwPortFlags: u32,
    pub MaxDeviceDumpSectionSize: u32,
    pub MaxDeviceDumpLevel: u32,
    pub MaxTransferSize: u32,
    pub AdapterObject: *mut c_void,
    pub MappedRegisterBase: *mut c_void,
    pub DeviceReady: *mut BOOLEAN,
    pub DumpDevicePowerOn: PDUMP_DEVICE_POWERON_ROUTINE,
    pub DumpDevicePowerOnContext: *mut c_void,
}
layout!(DUMP_POINTERS_EX, 104, 8, Header @ 0, DumpData @ 8, CommonBufferVa @ 16, CommonBufferSize @ 24, AllocateCommonBuffers @ 28, DeviceObject @ 32, DriverList @ 40, dwPortFlags @ 48, MaxDeviceDumpSectionSize @ 52, MaxDeviceDumpLevel @ 56, MaxTransferSize @ 60, AdapterObject @ 64, MappedRegisterBase @ 72, DeviceReady @ 80, DumpDevicePowerOn @ 88, DumpDevicePowerOnContext @ 96);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DUMP_POINTERS_VERSION {
    pub Version: u32,
    pub Size: u32,
}
layout!(DUMP_POINTERS_VERSION, 8, 4, Version @ 0, Size @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MESSAGE_INTERRUPT_INFORMATION {
    pub MessageId: u32,
    pub MessageData: u32,
    pub MessageAddress: STOR_PHYSICAL_ADDRESS,
    pub InterruptVector: u32,
    pub InterruptLevel: u32,
    pub InterruptMode: KINTERRUPT_MODE,
}
layout!(MESSAGE_INTERRUPT_INFORMATION, 32, 8, MessageId @ 0, MessageData @ 4, MessageAddress @ 8, InterruptVector @ 16, InterruptLevel @ 20, InterruptMode @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_DEVICE_CAPABILITIES {
    pub Version: u16,
    pub _bitfield_1: u32,
}
bits!(STOR_DEVICE_CAPABILITIES, _bitfield_1: u32 { DeviceD1 set_DeviceD1 @ 0 + 1, DeviceD2 set_DeviceD2 @ 1 + 1, LockSupported set_LockSupported @ 2 + 1, EjectSupported set_EjectSupported @ 3 + 1, Removable set_Removable @ 4 + 1, DockDevice set_DockDevice @ 5 + 1, UniqueID set_UniqueID @ 6 + 1, SilentInstall set_SilentInstall @ 7 + 1, SurpriseRemovalOK set_SurpriseRemovalOK @ 8 + 1, NoDisplayInUI set_NoDisplayInUI @ 9 + 1 });
layout!(STOR_DEVICE_CAPABILITIES, 8, 4, Version @ 0, _bitfield_1 @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_DEVICE_CAPABILITIES_EX {
    pub Version: u16,
    pub Size: u16,
    pub _bitfield_1: u32,
    pub Address: u32,
    pub UINumber: u32,
    pub Reserved1: [u32; 2],
}
bits!(STOR_DEVICE_CAPABILITIES_EX, _bitfield_1: u32 { DeviceD1 set_DeviceD1 @ 0 + 1, DeviceD2 set_DeviceD2 @ 1 + 1, LockSupported set_LockSupported @ 2 + 1, EjectSupported set_EjectSupported @ 3 + 1, Removable set_Removable @ 4 + 1, DockDevice set_DockDevice @ 5 + 1, UniqueID set_UniqueID @ 6 + 1, SilentInstall set_SilentInstall @ 7 + 1, RawDeviceOK set_RawDeviceOK @ 8 + 1, SurpriseRemovalOK set_SurpriseRemovalOK @ 9 + 1, NoDisplayInUI set_NoDisplayInUI @ 10 + 1, DefaultWriteCacheEnabled set_DefaultWriteCacheEnabled @ 11 + 1, Reserved0 set_Reserved0 @ 12 + 20 });
layout!(STOR_DEVICE_CAPABILITIES_EX, 24, 4, Version @ 0, Size @ 2, _bitfield_1 @ 4, Address @ 8, UINumber @ 12, Reserved1 @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCSI_SUPPORTED_CONTROL_TYPE_LIST {
    pub MaxControlType: u32,
    pub SupportedTypeList: [BOOLEAN; 0],
}
layout!(SCSI_SUPPORTED_CONTROL_TYPE_LIST, 4, 4, MaxControlType @ 0, SupportedTypeList @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_FILTER_RESOURCE_REQUIREMENTS {
    pub Version: u32,
    pub Size: u32,
    pub IoResourceRequirementsList: *mut IO_RESOURCE_REQUIREMENTS_LIST,
}
layout!(STOR_FILTER_RESOURCE_REQUIREMENTS, 16, 8, Version @ 0, Size @ 4, IoResourceRequirementsList @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_ADAPTER_CONTROL_POWER {
    pub Header: STOR_POWER_CONTROL_HEADER,
    pub PowerAction: STOR_POWER_ACTION,
    pub PowerState: STOR_DEVICE_POWER_STATE,
}
layout!(STOR_ADAPTER_CONTROL_POWER, 24, 8, Header @ 0, PowerAction @ 16, PowerState @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_UNIT_CONTROL_POWER {
    pub Address: *mut STOR_ADDRESS,
    pub PowerAction: STOR_POWER_ACTION,
    pub PowerState: STOR_DEVICE_POWER_STATE,
}
layout!(STOR_UNIT_CONTROL_POWER, 16, 8, Address @ 0, PowerAction @ 8, PowerState @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_MAX_OPERATIONAL_POWER {
    pub Version: u32,
    pub Size: u32,
    pub Value: u64,
}
layout!(STOR_MAX_OPERATIONAL_POWER, 16, 8, Version @ 0, Size @ 4, Value @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_POWER_CONTROL_HEADER {
    pub Version: u32,
    pub Size: u32,
    pub Address: *mut STOR_ADDRESS,
}
layout!(STOR_POWER_CONTROL_HEADER, 16, 8, Version @ 0, Size @ 4, Address @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_POWER_SETTING_INFO {
    pub PowerSettingGuid: GUID,
    pub Value: *mut c_void,
    pub ValueLength: u32,
}
layout!(STOR_POWER_SETTING_INFO, 32, 8, PowerSettingGuid @ 0, Value @ 16, ValueLength @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_REQUEST_INFO_V1 {
    pub Version: u16,
    pub Size: u16,
    pub PriorityHint: STOR_IO_PRIORITY_HINT,
    pub Flags: u32,
    pub Key: u32,
    pub Length: u32,
    pub IsWriteRequest: BOOLEAN,
    pub Reserved: [u8; 3],
}
layout!(STOR_REQUEST_INFO_V1, 24, 4, Version @ 0, Size @ 2, PriorityHint @ 4, Flags @ 8, Key @ 12, Length @ 16, IsWriteRequest @ 20, Reserved @ 21);

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
