//! NDIS: objects, miniport registration, adapter attributes, entry points: functions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[cfg_attr(windows, link(name = "ndis.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn NdisAllocateNetBufferAndNetBufferList(PoolHandle: NDIS_HANDLE, ContextSize: u16, ContextBackFill: u16, MdlChain: *mut MDL, DataOffset: u32, DataLength: usize) -> *mut NET_BUFFER_LIST;
    pub fn NdisAllocateNetBufferListPool(NdisHandle: NDIS_HANDLE, Parameters: *const NET_BUFFER_LIST_POOL_PARAMETERS) -> NDIS_HANDLE;
    pub fn NdisFreeNetBufferListPool(PoolHandle: NDIS_HANDLE);
    pub fn NdisAllocateNetBufferList(PoolHandle: NDIS_HANDLE, ContextSize: u16, ContextBackFill: u16) -> *mut NET_BUFFER_LIST;
    pub fn NdisFreeNetBufferList(NetBufferList: *mut NET_BUFFER_LIST);
    pub fn NdisAllocateNetBuffer(PoolHandle: NDIS_HANDLE, MdlChain: *mut MDL, DataOffset: u32, DataLength: usize) -> *mut NET_BUFFER;
    pub fn NdisFreeNetBuffer(NetBuffer: *mut NET_BUFFER);
    pub fn NdisAllocateNetBufferPool(NdisHandle: NDIS_HANDLE, Parameters: *const NET_BUFFER_POOL_PARAMETERS) -> NDIS_HANDLE;
    pub fn NdisFreeNetBufferPool(PoolHandle: NDIS_HANDLE);
    pub fn NdisAllocateNetBufferListContext(NetBufferList: *mut NET_BUFFER_LIST, ContextSize: u16, ContextBackFill: u16, PoolTag: u32) -> NDIS_STATUS;
    pub fn NdisFreeNetBufferListContext(NetBufferList: *mut NET_BUFFER_LIST, ContextSize: u16);
    pub fn NdisAllocateNetBufferMdlAndData(PoolHandle: NDIS_HANDLE) -> *mut NET_BUFFER;
    pub fn NdisRetreatNetBufferDataStart(NetBuffer: *mut NET_BUFFER, DataOffsetDelta: u32, DataBackFill: u32, AllocateMdlHandler: *mut NET_BUFFER_ALLOCATE_MDL) -> NDIS_STATUS;
    pub fn NdisAdvanceNetBufferDataStart(NetBuffer: *mut NET_BUFFER, DataOffsetDelta: u32, FreeMdl: BOOLEAN, FreeMdlHandler: *mut NET_BUFFER_FREE_MDL);
    pub fn NdisRetreatNetBufferListDataStart(NetBufferList: *mut NET_BUFFER_LIST, DataOffsetDelta: u32, DataBackFill: u32, AllocateMdlHandler: *mut NET_BUFFER_ALLOCATE_MDL, FreeMdlHandler: *mut NET_BUFFER_FREE_MDL) -> NDIS_STATUS;
    pub fn NdisAdvanceNetBufferListDataStart(NetBufferList: *mut NET_BUFFER_LIST, DataOffsetDelta: u32, FreeMdl: BOOLEAN, FreeMdlMdlHandler: *mut NET_BUFFER_FREE_MDL);
    pub fn NdisGetDataBuffer(NetBuffer: *mut NET_BUFFER, BytesNeeded: u32, Storage: *mut c_void, AlignMultiple: u32, AlignOffset: u32) -> *mut c_void;
    pub fn NdisCopyFromNetBufferToNetBuffer(Destination: *mut NET_BUFFER, DestinationOffset: u32, BytesToCopy: u32, Source: *const NET_BUFFER, SourceOffset: u32, BytesCopied: *mut u32) -> NDIS_STATUS;
    pub fn NdisAllocateCloneNetBufferList(OriginalNetBufferList: *mut NET_BUFFER_LIST, NetBufferListPoolHandle: NDIS_HANDLE, NetBufferPoolHandle: NDIS_HANDLE, AllocateCloneFlags: u32) -> *mut NET_BUFFER_LIST;
    pub fn NdisFreeCloneNetBufferList(CloneNetBufferList: *mut NET_BUFFER_LIST, FreeCloneFlags: u32);
    pub fn NdisQueryNetBufferPhysicalCount(NetBuffer: *mut NET_BUFFER) -> u32;
    pub fn NdisGetPoolFromNetBufferList(NetBufferList: *const NET_BUFFER_LIST) -> NDIS_HANDLE;
    pub fn NdisGetPoolFromNetBuffer(NetBuffer: *const NET_BUFFER) -> NDIS_HANDLE;
    pub fn NdisOpenConfigurationEx(ConfigObject: *mut NDIS_CONFIGURATION_OBJECT, ConfigurationHandle: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisCloseConfiguration(ConfigurationHandle: NDIS_HANDLE);
    pub fn NdisReadConfiguration(Status: *mut i32, ParameterValue: *mut *mut NDIS_CONFIGURATION_PARAMETER, ConfigurationHandle: NDIS_HANDLE, Keyword: *mut UNICODE_STRING, ParameterType: NDIS_PARAMETER_TYPE);
    pub fn NdisWriteConfiguration(Status: *mut i32, ConfigurationHandle: NDIS_HANDLE, Keyword: *mut UNICODE_STRING, ParameterValue: *mut NDIS_CONFIGURATION_PARAMETER);
    pub fn NdisReadNetworkAddress(Status: *mut i32, NetworkAddress: *mut *mut c_void, NetworkAddressLength: *mut u32, ConfigurationHandle: NDIS_HANDLE);
    pub fn NdisOpenConfigurationKeyByName(Status: *mut i32, ConfigurationHandle: NDIS_HANDLE, SubKeyName: *mut UNICODE_STRING, SubKeyHandle: *mut *mut c_void);
    pub fn NdisOpenConfigurationKeyByIndex(Status: *mut i32, ConfigurationHandle: NDIS_HANDLE, Index: u32, KeyName: *mut UNICODE_STRING, KeyHandle: *mut *mut c_void);
    pub fn NdisGetVersion() -> u32;
    pub fn NdisGetRoutineAddress(NdisRoutineName: *mut UNICODE_STRING) -> *mut c_void;
    pub fn NdisGetSystemUpTimeEx(pSystemUpTime: *mut LARGE_INTEGER);
    pub fn NdisMRegisterMiniportDriver(DriverObject: *mut DRIVER_OBJECT, RegistryPath: *mut UNICODE_STRING, MiniportDriverContext: NDIS_HANDLE, MiniportDriverCharacteristics: *mut NDIS_MINIPORT_DRIVER_CHARACTERISTICS, NdisMiniportDriverHandle: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisMDeregisterMiniportDriver(NdisMiniportDriverHandle: NDIS_HANDLE);
    pub fn NdisMSetMiniportAttributes(NdisMiniportHandle: NDIS_HANDLE, MiniportAttributes: *mut NDIS_MINIPORT_ADAPTER_ATTRIBUTES) -> NDIS_STATUS;
    pub fn NdisMRegisterScatterGatherDma(MiniportAdapterHandle: NDIS_HANDLE, DmaDescription: *mut NDIS_SG_DMA_DESCRIPTION, NdisMiniportDmaHandle: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisMDeregisterScatterGatherDma(NdisMiniportDmaHandle: NDIS_HANDLE);
    pub fn NdisMAllocateNetBufferSGList(NdisMiniportDmaHandle: NDIS_HANDLE, NetBuffer: *mut NET_BUFFER, Context: *mut c_void, Flags: u32, ScatterGatherListBuffer: *mut c_void, ScatterGatherListBufferSize: u32) -> NDIS_STATUS;
    pub fn NdisMFreeNetBufferSGList(NdisMiniportDmaHandle: NDIS_HANDLE, pSGL: *mut SCATTER_GATHER_LIST, NetBuffer: *mut NET_BUFFER);
    pub fn NdisMGetDeviceProperty(MiniportAdapterHandle: NDIS_HANDLE, PhysicalDeviceObject: *mut *mut DEVICE_OBJECT, FunctionalDeviceObject: *mut *mut DEVICE_OBJECT, NextDeviceObject: *mut *mut DEVICE_OBJECT, AllocatedResources: *mut *mut CM_RESOURCE_LIST, AllocatedResourcesTranslated: *mut *mut CM_RESOURCE_LIST);
    pub fn NdisMQueryAdapterInstanceName(pAdapterInstanceName: *mut UNICODE_STRING, MiniportHandle: NDIS_HANDLE) -> NDIS_STATUS;
    pub fn NdisMGetBusData(NdisMiniportHandle: NDIS_HANDLE, WhichSpace: u32, Offset: u32, Buffer: *mut c_void, Length: u32) -> u32;
    pub fn NdisMSetBusData(NdisMiniportHandle: NDIS_HANDLE, WhichSpace: u32, Offset: u32, Buffer: *mut c_void, Length: u32) -> u32;
    pub fn NdisGetDeviceReservedExtension(DeviceObject: *mut DEVICE_OBJECT) -> *mut c_void;
    pub fn NdisMIndicateReceiveNetBufferLists(MiniportAdapterHandle: NDIS_HANDLE, NetBufferList: *mut NET_BUFFER_LIST, PortNumber: NDIS_PORT_NUMBER, NumberOfNetBufferLists: u32, ReceiveFlags: u32);
    pub fn NdisMSendNetBufferListsComplete(MiniportAdapterHandle: NDIS_HANDLE, NetBufferList: *mut NET_BUFFER_LIST, SendCompleteFlags: u32);
    pub fn NdisMIndicateStatusEx(MiniportAdapterHandle: NDIS_HANDLE, StatusIndication: *mut NDIS_STATUS_INDICATION);
    pub fn NdisMOidRequestComplete(MiniportAdapterHandle: NDIS_HANDLE, OidRequest: *mut NDIS_OID_REQUEST, Status: NDIS_STATUS);
    pub fn NdisMDirectOidRequestComplete(MiniportAdapterHandle: NDIS_HANDLE, OidRequest: *mut NDIS_OID_REQUEST, Status: NDIS_STATUS);
    pub fn NdisMPauseComplete(MiniportAdapterHandle: NDIS_HANDLE);
    pub fn NdisMRestartComplete(MiniportAdapterHandle: NDIS_HANDLE, Status: NDIS_STATUS);
    pub fn NdisMResetComplete(MiniportAdapterHandle: NDIS_HANDLE, Status: NDIS_STATUS, AddressingReset: BOOLEAN);
    pub fn NdisMRemoveMiniport(MiniportHandle: NDIS_HANDLE) -> NDIS_STATUS;
    pub fn NdisMResetMiniport(MiniportAdapterHandle: NDIS_HANDLE);
    pub fn NdisMRegisterInterruptEx(MiniportAdapterHandle: NDIS_HANDLE, MiniportInterruptContext: NDIS_HANDLE, MiniportInterruptCharacteristics: *mut NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS, NdisInterruptHandle: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisMDeregisterInterruptEx(NdisInterruptHandle: NDIS_HANDLE);
    pub fn NdisMNetPnPEvent(MiniportAdapterHandle: NDIS_HANDLE, NetPnPEventNotification: *mut NET_PNP_EVENT_NOTIFICATION) -> NDIS_STATUS;
    pub fn NdisMIdleNotificationComplete(MiniportAdapterHandle: NDIS_HANDLE);
    pub fn NdisMIdleNotificationConfirm(MiniportAdapterHandle: NDIS_HANDLE, IdlePowerState: NDIS_DEVICE_POWER_STATE);
    pub fn NdisSetOptionalHandlers(NdisHandle: NDIS_HANDLE, OptionalHandlers: *mut c_void) -> NDIS_STATUS;
    pub fn NdisRegisterDeviceEx(NdisHandle: NDIS_HANDLE, DeviceObjectAttributes: *mut NDIS_DEVICE_OBJECT_ATTRIBUTES, pDeviceObject: *mut *mut DEVICE_OBJECT, NdisDeviceHandle: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisDeregisterDeviceEx(NdisDeviceHandle: NDIS_HANDLE);
    pub fn NdisMConfigMSIXTableEntry(NdisMiniportHandle: NDIS_HANDLE, MSIXConfigParameters: *mut c_void) -> NDIS_STATUS;
    pub fn NdisAllocateTimerObject(NdisHandle: NDIS_HANDLE, TimerCharacteristics: *mut NDIS_TIMER_CHARACTERISTICS, pTimerObject: *mut *mut c_void) -> NDIS_STATUS;
    pub fn NdisFreeTimerObject(TimerObject: NDIS_HANDLE);
    pub fn NdisSetTimerObject(TimerObject: NDIS_HANDLE, DueTime: LARGE_INTEGER, MillisecondsPeriod: i32, FunctionContext: *mut c_void) -> BOOLEAN;
    pub fn NdisCancelTimerObject(TimerObject: NDIS_HANDLE) -> BOOLEAN;
    pub fn NdisAllocateIoWorkItem(NdisObjectHandle: NDIS_HANDLE) -> NDIS_HANDLE;
    pub fn NdisFreeIoWorkItem(NdisIoWorkItemHandle: NDIS_HANDLE);
    pub fn NdisQueueIoWorkItem(NdisIoWorkItemHandle: NDIS_HANDLE, Routine: NDIS_IO_WORKITEM_ROUTINE, WorkItemContext: *mut c_void);
    pub fn NdisAllocateMemoryWithTagPriority(NdisHandle: NDIS_HANDLE, Length: u32, Tag: u32, Priority: EX_POOL_PRIORITY) -> *mut c_void;
    pub fn NdisFreeMemory(VirtualAddress: *mut c_void, Length: u32, MemoryFlags: u32);
    pub fn NdisAllocateMdl(NdisHandle: NDIS_HANDLE, VirtualAddress: *mut c_void, Length: u32) -> *mut MDL;
    pub fn NdisFreeMdl(Mdl: *mut MDL);
    pub fn NdisMSleep(MicrosecondsToSleep: u32);
    pub fn NdisInitializeEvent(Event: *mut c_void);
    pub fn NdisSetEvent(Event: *mut c_void);
    pub fn NdisResetEvent(Event: *mut c_void);
    pub fn NdisWaitEvent(Event: *mut c_void, MsToWait: u32) -> BOOLEAN;
    pub fn NdisAllocateSpinLock(SpinLock: *mut NDIS_SPIN_LOCK);
    pub fn NdisFreeSpinLock(SpinLock: *mut NDIS_SPIN_LOCK);
    pub fn NdisAllocateRWLock(NdisHandle: NDIS_HANDLE) -> *mut c_void;
    pub fn NdisFreeRWLock(Lock: *mut c_void);
    pub fn NdisAcquireRWLockRead(Lock: *mut c_void, LockState: *mut c_void, Flags: u8);
    pub fn NdisAcquireRWLockWrite(Lock: *mut c_void, LockState: *mut c_void, Flags: u8);
    pub fn NdisReleaseRWLock(Lock: *mut c_void, LockState: *mut c_void);
    pub fn NdisGetRssProcessorInformation(NdisHandle: NDIS_HANDLE, RssProcessorInfo: *mut NDIS_RSS_PROCESSOR_INFO, Size: *mut usize) -> NDIS_STATUS;
    pub fn NdisGetProcessorInformationEx(NdisHandle: NDIS_HANDLE, SystemProcessorInfo: *mut NDIS_SYSTEM_PROCESSOR_INFO_EX, Size: *mut usize) -> NDIS_STATUS;
    pub fn NdisGetHypervisorInfo(HypervisorInfo: *mut c_void) -> NDIS_STATUS;
    pub fn NdisSystemProcessorCount() -> i8;
    pub fn NdisSystemActiveProcessorCount(ActiveProcessors: *mut usize) -> u32;
    pub fn NdisCurrentProcessorIndex() -> u32;
    pub fn NdisGroupActiveProcessorCount(Group: u16) -> u32;
}

#[cfg_attr(windows, link(name = "ndis.sys", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "C" {
    pub fn NdisWriteErrorLogEntry(NdisAdapterHandle: NDIS_HANDLE, ErrorCode: u32, NumberOfErrorValues: u32, ...);
}
