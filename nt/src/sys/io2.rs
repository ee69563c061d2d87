//! Io: devices, drivers, IRPs, completion, work items, interrupts, remove locks.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

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
