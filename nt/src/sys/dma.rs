//! DMA adapters and scatter-gather lists.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type DMA_COMPLETION_STATUS = i32;

pub type PPUT_DMA_ADAPTER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER)>;
pub type PALLOCATE_COMMON_BUFFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Length: u32, LogicalAddress: *mut LARGE_INTEGER, CacheEnabled: BOOLEAN) -> *mut c_void>;
pub type PFREE_COMMON_BUFFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Length: u32, LogicalAddress: LARGE_INTEGER, VirtualAddress: *mut c_void, CacheEnabled: BOOLEAN)>;
pub type PALLOCATE_ADAPTER_CHANNEL = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, NumberOfMapRegisters: u32, ExecutionRoutine: PDRIVER_CONTROL, Context: *mut c_void) -> NTSTATUS>;
pub type PFLUSH_ADAPTER_BUFFERS = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, MapRegisterBase: *mut c_void, CurrentVa: *mut c_void, Length: u32, WriteToDevice: BOOLEAN) -> BOOLEAN>;
pub type PFREE_ADAPTER_CHANNEL = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER)>;
pub type PFREE_MAP_REGISTERS = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, MapRegisterBase: *mut c_void, NumberOfMapRegisters: u32)>;
pub type PMAP_TRANSFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, MapRegisterBase: *mut c_void, CurrentVa: *mut c_void, Length: *mut u32, WriteToDevice: BOOLEAN) -> LARGE_INTEGER>;
pub type PGET_DMA_ALIGNMENT = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER) -> u32>;
pub type PREAD_DMA_COUNTER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER) -> u32>;
pub type PGET_SCATTER_GATHER_LIST = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, Mdl: *mut MDL, CurrentVa: *mut c_void, Length: u32, ExecutionRoutine: PDRIVER_LIST_CONTROL, Context: *mut c_void, WriteToDevice: BOOLEAN) -> NTSTATUS>;
pub type PPUT_SCATTER_GATHER_LIST = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, ScatterGather: *mut SCATTER_GATHER_LIST, WriteToDevice: BOOLEAN)>;
pub type PCALCULATE_SCATTER_GATHER_LIST_SIZE = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, CurrentVa: *mut c_void, Length: u32, ScatterGatherListSize: *mut u32, pNumberOfMapRegisters: *mut u32) -> NTSTATUS>;
pub type PBUILD_SCATTER_GATHER_LIST = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, Mdl: *mut MDL, CurrentVa: *mut c_void, Length: u32, ExecutionRoutine: PDRIVER_LIST_CONTROL, Context: *mut c_void, WriteToDevice: BOOLEAN, ScatterGatherBuffer: *mut c_void, ScatterGatherLength: u32) -> NTSTATUS>;
pub type PBUILD_MDL_FROM_SCATTER_GATHER_LIST = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, ScatterGather: *mut SCATTER_GATHER_LIST, OriginalMdl: *mut MDL, TargetMdl: *mut *mut MDL) -> NTSTATUS>;
pub type PGET_DMA_ADAPTER_INFO = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, AdapterInfo: *mut c_void) -> NTSTATUS>;
pub type PGET_DMA_TRANSFER_INFO = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, Offset: u64, Length: u32, WriteOnly: BOOLEAN, TransferInfo: *mut c_void) -> NTSTATUS>;
pub type PINITIALIZE_DMA_TRANSFER_CONTEXT = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DmaTransferContext: *mut c_void) -> NTSTATUS>;
pub type PALLOCATE_COMMON_BUFFER_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, MaximumAddress: *mut LARGE_INTEGER, Length: u32, LogicalAddress: *mut LARGE_INTEGER, CacheEnabled: BOOLEAN, PreferredNode: NODE_REQUIREMENT) -> *mut c_void>;
pub type PALLOCATE_ADAPTER_CHANNEL_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, DmaTransferContext: *mut c_void, NumberOfMapRegisters: u32, Flags: u32, ExecutionRoutine: PDRIVER_CONTROL, ExecutionContext: *mut c_void, MapRegisterBase: *mut *mut c_void) -> NTSTATUS>;
pub type PCONFIGURE_ADAPTER_CHANNEL = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, FunctionNumber: u32, Context: *mut c_void) -> NTSTATUS>;
pub type PCANCEL_ADAPTER_CHANNEL = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, DmaTransferContext: *mut c_void) -> BOOLEAN>;
pub type PMAP_TRANSFER_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, MapRegisterBase: *mut c_void, Offset: u64, DeviceOffset: u32, Length: *mut u32, WriteToDevice: BOOLEAN, ScatterGatherBuffer: *mut SCATTER_GATHER_LIST, ScatterGatherBufferLength: u32, DmaCompletionRoutine: PDMA_COMPLETION_ROUTINE, CompletionContext: *mut c_void) -> NTSTATUS>;
pub type PDMA_COMPLETION_ROUTINE = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, CompletionContext: *mut c_void, Status: DMA_COMPLETION_STATUS)>;
pub type PGET_SCATTER_GATHER_LIST_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, DmaTransferContext: *mut c_void, Mdl: *mut MDL, Offset: u64, Length: u32, Flags: u32, ExecutionRoutine: PDRIVER_LIST_CONTROL, Context: *mut c_void, WriteToDevice: BOOLEAN, DmaCompletionRoutine: PDMA_COMPLETION_ROUTINE, CompletionContext: *mut c_void, ScatterGatherList: *mut *mut SCATTER_GATHER_LIST) -> NTSTATUS>;
pub type PBUILD_SCATTER_GATHER_LIST_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DeviceObject: *mut DEVICE_OBJECT, DmaTransferContext: *mut c_void, Mdl: *mut MDL, Offset: u64, Length: u32, Flags: u32, ExecutionRoutine: PDRIVER_LIST_CONTROL, Context: *mut c_void, WriteToDevice: BOOLEAN, ScatterGatherBuffer: *mut c_void, ScatterGatherLength: u32, DmaCompletionRoutine: PDMA_COMPLETION_ROUTINE, CompletionContext: *mut c_void, ScatterGatherList: *mut c_void) -> NTSTATUS>;
pub type PFLUSH_ADAPTER_BUFFERS_EX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, MapRegisterBase: *mut c_void, Offset: u64, Length: u32, WriteToDevice: BOOLEAN) -> NTSTATUS>;
pub type PFREE_ADAPTER_OBJECT = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, AllocationAction: IO_ALLOCATION_ACTION)>;
pub type PCANCEL_MAPPED_TRANSFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DmaTransferContext: *mut c_void) -> NTSTATUS>;
pub type PALLOCATE_DOMAIN_COMMON_BUFFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DomainHandle: HANDLE, MaximumAddress: *mut LARGE_INTEGER, Length: u32, Flags: u32, CacheType: *mut MEMORY_CACHING_TYPE, PreferredNode: NODE_REQUIREMENT, LogicalAddress: *mut LARGE_INTEGER, VirtualAddress: *mut *mut c_void) -> NTSTATUS>;
pub type PFLUSH_DMA_BUFFER = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, ReadOperation: BOOLEAN) -> NTSTATUS>;
pub type PJOIN_DMA_DOMAIN = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, DomainHandle: HANDLE) -> NTSTATUS>;
pub type PLEAVE_DMA_DOMAIN = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER) -> NTSTATUS>;
pub type PGET_DMA_DOMAIN = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER) -> HANDLE>;
pub type PALLOCATE_COMMON_BUFFER_WITH_BOUNDS = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, MinimumAddress: *mut LARGE_INTEGER, MaximumAddress: *mut LARGE_INTEGER, Length: u32, Flags: u32, CacheType: *mut MEMORY_CACHING_TYPE, PreferredNode: NODE_REQUIREMENT, LogicalAddress: *mut LARGE_INTEGER) -> *mut c_void>;
pub type PALLOCATE_COMMON_BUFFER_VECTOR = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, LowAddress: LARGE_INTEGER, HighAddress: LARGE_INTEGER, CacheType: MEMORY_CACHING_TYPE, IdealNode: NODE_REQUIREMENT, Flags: u32, NumberOfElements: u32, SizeOfElements: u64, VectorOut: *mut *mut c_void) -> NTSTATUS>;
pub type PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Vector: *mut c_void, Index: u32, VirtualAddressOut: *mut *mut c_void, LogicalAddressOut: *mut LARGE_INTEGER)>;
pub type PFREE_COMMON_BUFFER_FROM_VECTOR = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Vector: *mut c_void, Index: u32)>;
pub type PFREE_COMMON_BUFFER_VECTOR = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Vector: *mut c_void)>;
pub type PCREATE_COMMON_BUFFER_FROM_MDL = Option<unsafe extern "win64" fn(DmaAdapter: *mut DMA_ADAPTER, Mdl: *mut MDL, ExtendedConfigs: *mut c_void, ExtendedConfigsCount: u32, LogicalAddress: *mut LARGE_INTEGER) -> NTSTATUS>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCATTER_GATHER_LIST {
    pub NumberOfElements: u32,
    pub Reserved: usize,
    pub Elements: [SCATTER_GATHER_ELEMENT; 0],
}
layout!(SCATTER_GATHER_LIST, 16, 8, NumberOfElements @ 0, Reserved @ 8, Elements @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_DESCRIPTION {
    pub Version: u32,
    pub Master: BOOLEAN,
    pub ScatterGather: BOOLEAN,
    pub DemandMode: BOOLEAN,
    pub AutoInitialize: BOOLEAN,
    pub Dma32BitAddresses: BOOLEAN,
    pub IgnoreCount: BOOLEAN,
    pub Reserved1: BOOLEAN,
    pub Dma64BitAddresses: BOOLEAN,
    pub BusNumber: u32,
    pub DmaChannel: u32,
    pub InterfaceType: INTERFACE_TYPE,
    pub DmaWidth: DMA_WIDTH,
    pub DmaSpeed: DMA_SPEED,
    pub MaximumLength: u32,
    pub DmaPort: u32,
    pub DmaAddressWidth: u32,
    pub DmaControllerInstance: u32,
    pub DmaRequestLine: u32,
    pub DeviceAddress: LARGE_INTEGER,
}
layout!(DEVICE_DESCRIPTION, 64, 8, Version @ 0, Master @ 4, ScatterGather @ 5, DemandMode @ 6, AutoInitialize @ 7, Dma32BitAddresses @ 8, IgnoreCount @ 9, Reserved1 @ 10, Dma64BitAddresses @ 11, BusNumber @ 12, DmaChannel @ 16, InterfaceType @ 20, DmaWidth @ 24, DmaSpeed @ 28, MaximumLength @ 32, DmaPort @ 36, DmaAddressWidth @ 40, DmaControllerInstance @ 44, DmaRequestLine @ 48, DeviceAddress @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DMA_ADAPTER {
    pub Version: u16,
    pub Size: u16,
    pub DmaOperations: *mut DMA_OPERATIONS,
}
layout!(DMA_ADAPTER, 16, 8, Version @ 0, Size @ 2, DmaOperations @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DMA_OPERATIONS {
    pub Size: u32,
    pub PutDmaAdapter: PPUT_DMA_ADAPTER,
    pub AllocateCommonBuffer: PALLOCATE_COMMON_BUFFER,
    pub FreeCommonBuffer: PFREE_COMMON_BUFFER,
    pub AllocateAdapterChannel: PALLOCATE_ADAPTER_CHANNEL,
    pub FlushAdapterBuffers: PFLUSH_ADAPTER_BUFFERS,
    pub FreeAdapterChannel: PFREE_ADAPTER_CHANNEL,
    pub FreeMapRegisters: PFREE_MAP_REGISTERS,
    pub MapTransfer: PMAP_TRANSFER,
    pub GetDmaAlignment: PGET_DMA_ALIGNMENT,
    pub ReadDmaCounter: PREAD_DMA_COUNTER,
    pub GetScatterGatherList: PGET_SCATTER_GATHER_LIST,
    pub PutScatterGatherList: PPUT_SCATTER_GATHER_LIST,
    pub CalculateScatterGatherList: PCALCULATE_SCATTER_GATHER_LIST_SIZE,
    pub BuildScatterGatherList: PBUILD_SCATTER_GATHER_LIST,
    pub BuildMdlFromScatterGatherList: PBUILD_MDL_FROM_SCATTER_GATHER_LIST,
    pub GetDmaAdapterInfo: PGET_DMA_ADAPTER_INFO,
    pub GetDmaTransferInfo: PGET_DMA_TRANSFER_INFO,
    pub InitializeDmaTransferContext: PINITIALIZE_DMA_TRANSFER_CONTEXT,
    pub AllocateCommonBufferEx: PALLOCATE_COMMON_BUFFER_EX,
    pub AllocateAdapterChannelEx: PALLOCATE_ADAPTER_CHANNEL_EX,
    pub ConfigureAdapterChannel: PCONFIGURE_ADAPTER_CHANNEL,
    pub CancelAdapterChannel: PCANCEL_ADAPTER_CHANNEL,
    pub MapTransferEx: PMAP_TRANSFER_EX,
    pub GetScatterGatherListEx: PGET_SCATTER_GATHER_LIST_EX,
    pub BuildScatterGatherListEx: PBUILD_SCATTER_GATHER_LIST_EX,
    pub FlushAdapterBuffersEx: PFLUSH_ADAPTER_BUFFERS_EX,
    pub FreeAdapterObject: PFREE_ADAPTER_OBJECT,
    pub CancelMappedTransfer: PCANCEL_MAPPED_TRANSFER,
    pub AllocateDomainCommonBuffer: PALLOCATE_DOMAIN_COMMON_BUFFER,
    pub FlushDmaBuffer: PFLUSH_DMA_BUFFER,
    pub JoinDmaDomain: PJOIN_DMA_DOMAIN,
    pub LeaveDmaDomain: PLEAVE_DMA_DOMAIN,
    pub GetDmaDomain: PGET_DMA_DOMAIN,
    pub AllocateCommonBufferWithBounds: PALLOCATE_COMMON_BUFFER_WITH_BOUNDS,
    pub AllocateCommonBufferVector: PALLOCATE_COMMON_BUFFER_VECTOR,
    pub GetCommonBufferFromVectorByIndex: PGET_COMMON_BUFFER_FROM_VECTOR_BY_INDEX,
    pub FreeCommonBufferFromVector: PFREE_COMMON_BUFFER_FROM_VECTOR,
    pub FreeCommonBufferVector: PFREE_COMMON_BUFFER_VECTOR,
    pub CreateCommonBufferFromMdl: PCREATE_COMMON_BUFFER_FROM_MDL,
}
layout!(DMA_OPERATIONS, 320, 8, Size @ 0, PutDmaAdapter @ 8, AllocateCommonBuffer @ 16, FreeCommonBuffer @ 24, AllocateAdapterChannel @ 32, FlushAdapterBuffers @ 40, FreeAdapterChannel @ 48, FreeMapRegisters @ 56, MapTransfer @ 64, GetDmaAlignment @ 72, ReadDmaCounter @ 80, GetScatterGatherList @ 88, PutScatterGatherList @ 96, CalculateScatterGatherList @ 104, BuildScatterGatherList @ 112, BuildMdlFromScatterGatherList @ 120, GetDmaAdapterInfo @ 128, GetDmaTransferInfo @ 136, InitializeDmaTransferContext @ 144, AllocateCommonBufferEx @ 152, AllocateAdapterChannelEx @ 160, ConfigureAdapterChannel @ 168, CancelAdapterChannel @ 176, MapTransferEx @ 184, GetScatterGatherListEx @ 192, BuildScatterGatherListEx @ 200, FlushAdapterBuffersEx @ 208, FreeAdapterObject @ 216, CancelMappedTransfer @ 224, AllocateDomainCommonBuffer @ 232, FlushDmaBuffer @ 240, JoinDmaDomain @ 248, LeaveDmaDomain @ 256, GetDmaDomain @ 264, AllocateCommonBufferWithBounds @ 272, AllocateCommonBufferVector @ 280, GetCommonBufferFromVectorByIndex @ 288, FreeCommonBufferFromVector @ 296, FreeCommonBufferVector @ 304, CreateCommonBufferFromMdl @ 312);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCATTER_GATHER_ELEMENT {
    pub Address: LARGE_INTEGER,
    pub Length: u32,
    pub Reserved: usize,
}
layout!(SCATTER_GATHER_ELEMENT, 24, 8, Address @ 0, Length @ 8, Reserved @ 16);

pub const DmaComplete: DMA_COMPLETION_STATUS = 0;
pub const DmaAborted: DMA_COMPLETION_STATUS = 1;
pub const DmaError: DMA_COMPLETION_STATUS = 2;
pub const DmaCancelled: DMA_COMPLETION_STATUS = 3;
pub const DEVICE_DESCRIPTION_VERSION: u32 = 0;
pub const DEVICE_DESCRIPTION_VERSION1: u32 = 1;
pub const DEVICE_DESCRIPTION_VERSION2: u32 = 2;
pub const DEVICE_DESCRIPTION_VERSION3: u32 = 3;
