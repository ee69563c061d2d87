//! Io: devices, drivers, IRPs, completion, work items, interrupts, remove locks.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type DEVICE_RELATION_TYPE = i32;
pub type IO_PAGING_PRIORITY = i32;
pub type IO_ALLOCATION_ACTION = i32;
pub type IO_SESSION_EVENT = i32;
pub type FILE_INFORMATION_CLASS = i32;
pub type FS_INFORMATION_CLASS = i32;
pub type IRQ_DEVICE_POLICY = i32;
pub type IRQ_PRIORITY = i32;
pub type IO_ACCESS_TYPE = i32;
pub type PIO_WORKITEM = *mut c_void;
pub type PEPROCESS = *mut c_void;
pub type ACCESS_MASK = u32;
pub type HANDLE = *mut c_void;
pub type PETHREAD = *mut c_void;
pub type LCID = u32;
pub type DEVPROPTYPE = u32;

pub type PDRIVER_INITIALIZE = Option<unsafe extern "win64" fn(DriverObject: *mut DRIVER_OBJECT, RegistryPath: *mut UNICODE_STRING) -> NTSTATUS>;
pub type PDRIVER_DISPATCH = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP) -> NTSTATUS>;
pub type PDRIVER_ADD_DEVICE = Option<unsafe extern "win64" fn(DriverObject: *mut DRIVER_OBJECT, PhysicalDeviceObject: *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PDRIVER_UNLOAD = Option<unsafe extern "win64" fn(DriverObject: *mut DRIVER_OBJECT)>;
pub type PDRIVER_STARTIO = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP)>;
pub type PDRIVER_CANCEL = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP)>;
pub type PIO_COMPLETION_ROUTINE = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, Context: *mut c_void) -> NTSTATUS>;
pub type PIO_WORKITEM_ROUTINE = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Context: *mut c_void)>;
pub type PIO_WORKITEM_ROUTINE_EX = Option<unsafe extern "win64" fn(IoObject: *mut c_void, Context: *mut c_void, IoWorkItem: PIO_WORKITEM)>;
pub type PDRIVER_REINITIALIZE = Option<unsafe extern "win64" fn(DriverObject: *mut DRIVER_OBJECT, Context: *mut c_void, Count: u32)>;
pub type PIO_TIMER_ROUTINE = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Context: *mut c_void)>;
pub type PIO_DPC_ROUTINE = Option<unsafe extern "win64" fn(Dpc: *mut KDPC, DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, Context: *mut c_void)>;
pub type PDRIVER_LIST_CONTROL = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, ScatterGather: *mut SCATTER_GATHER_LIST, Context: *mut c_void)>;
pub type PIO_CSQ_INSERT_IRP = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irp: *mut IRP)>;
pub type PIO_CSQ_REMOVE_IRP = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irp: *mut IRP)>;
pub type PIO_CSQ_PEEK_NEXT_IRP = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irp: *mut IRP, PeekContext: *mut c_void) -> *mut IRP>;
pub type PIO_CSQ_ACQUIRE_LOCK = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irql: *mut KIRQL)>;
pub type PIO_CSQ_RELEASE_LOCK = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irql: KIRQL)>;
pub type PIO_CSQ_COMPLETE_CANCELED_IRP = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irp: *mut IRP)>;
pub type PIO_CSQ_INSERT_IRP_EX = Option<unsafe extern "win64" fn(Csq: *mut IO_CSQ, Irp: *mut IRP, InsertContext: *mut c_void) -> NTSTATUS>;
pub type PFAST_IO_CHECK_IF_POSSIBLE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, Wait: BOOLEAN, LockKey: u32, CheckForReadOperation: BOOLEAN, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_READ = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, Wait: BOOLEAN, LockKey: u32, Buffer: *mut c_void, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_WRITE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, Wait: BOOLEAN, LockKey: u32, Buffer: *mut c_void, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_QUERY_BASIC_INFO = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, Wait: BOOLEAN, Buffer: *mut c_void, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_QUERY_STANDARD_INFO = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, Wait: BOOLEAN, Buffer: *mut FILE_STANDARD_INFORMATION, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_LOCK = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: *mut LARGE_INTEGER, ProcessId: PEPROCESS, Key: u32, FailImmediately: BOOLEAN, ExclusiveLock: BOOLEAN, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_UNLOCK_SINGLE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: *mut LARGE_INTEGER, ProcessId: PEPROCESS, Key: u32, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_UNLOCK_ALL = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, ProcessId: PEPROCESS, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_UNLOCK_ALL_BY_KEY = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, ProcessId: *mut c_void, Key: u32, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_DEVICE_CONTROL = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, Wait: BOOLEAN, InputBuffer: *mut c_void, InputBufferLength: u32, OutputBuffer: *mut c_void, OutputBufferLength: u32, IoControlCode: u32, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_ACQUIRE_FILE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT)>;
pub type PFAST_IO_RELEASE_FILE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT)>;
pub type PFAST_IO_DETACH_DEVICE = Option<unsafe extern "win64" fn(SourceDevice: *mut DEVICE_OBJECT, TargetDevice: *mut DEVICE_OBJECT)>;
pub type PFAST_IO_QUERY_NETWORK_OPEN_INFO = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, Wait: BOOLEAN, Buffer: *mut c_void, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_ACQUIRE_FOR_MOD_WRITE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, EndingOffset: *mut LARGE_INTEGER, ResourceToRelease: *mut *mut c_void, DeviceObject: *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PFAST_IO_MDL_READ = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, LockKey: u32, MdlChain: *mut *mut MDL, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_MDL_READ_COMPLETE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, MdlChain: *mut MDL, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_PREPARE_MDL_WRITE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, LockKey: u32, MdlChain: *mut *mut MDL, IoStatus: *mut IO_STATUS_BLOCK, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_MDL_WRITE_COMPLETE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, MdlChain: *mut MDL, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_READ_COMPRESSED = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, LockKey: u32, Buffer: *mut c_void, MdlChain: *mut *mut MDL, IoStatus: *mut IO_STATUS_BLOCK, CompressedDataInfo: *mut c_void, CompressedDataInfoLength: u32, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_WRITE_COMPRESSED = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, Length: u32, LockKey: u32, Buffer: *mut c_void, MdlChain: *mut *mut MDL, IoStatus: *mut IO_STATUS_BLOCK, CompressedDataInfo: *mut c_void, CompressedDataInfoLength: u32, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_MDL_READ_COMPLETE_COMPRESSED = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, MdlChain: *mut MDL, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_MDL_WRITE_COMPLETE_COMPRESSED = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, FileOffset: *mut LARGE_INTEGER, MdlChain: *mut MDL, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_QUERY_OPEN = Option<unsafe extern "win64" fn(Irp: *mut IRP, NetworkInformation: *mut c_void, DeviceObject: *mut DEVICE_OBJECT) -> BOOLEAN>;
pub type PFAST_IO_RELEASE_FOR_MOD_WRITE = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, ResourceToRelease: *mut c_void, DeviceObject: *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PFAST_IO_ACQUIRE_FOR_CCFLUSH = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, DeviceObject: *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PFAST_IO_RELEASE_FOR_CCFLUSH = Option<unsafe extern "win64" fn(FileObject: *mut FILE_OBJECT, DeviceObject: *mut DEVICE_OBJECT) -> NTSTATUS>;
pub type PDRIVER_CONTROL = Option<unsafe extern "win64" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP, MapRegisterBase: *mut c_void, Context: *mut c_void) -> IO_ALLOCATION_ACTION>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_OBJECT {
    pub Type: i16,
    pub Size: i16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub Flags: u32,
    pub DriverStart: *mut c_void,
    pub DriverSize: u32,
    pub DriverSection: *mut c_void,
    pub DriverExtension: *mut DRIVER_EXTENSION,
    pub DriverName: UNICODE_STRING,
    pub HardwareDatabase: *mut UNICODE_STRING,
    pub FastIoDispatch: *mut FAST_IO_DISPATCH,
    pub DriverInit: PDRIVER_INITIALIZE,
    pub DriverStartIo: PDRIVER_STARTIO,
    pub DriverUnload: PDRIVER_UNLOAD,
    pub MajorFunction: [PDRIVER_DISPATCH; 28],
}
layout!(DRIVER_OBJECT, 336, 8, Type @ 0, Size @ 2, DeviceObject @ 8, Flags @ 16, DriverStart @ 24, DriverSize @ 32, DriverSection @ 40, DriverExtension @ 48, DriverName @ 56, HardwareDatabase @ 72, FastIoDispatch @ 80, DriverInit @ 88, DriverStartIo @ 96, DriverUnload @ 104, MajorFunction @ 112);

#[repr(C)]
#[derive(Clone, Copy)]
pub union DEVICE_OBJECT_Queue {
    pub ListEntry: LIST_ENTRY,
    pub Wcb: WAIT_CONTEXT_BLOCK,
}
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct DEVICE_OBJECT {
    pub Type: i16,
    pub Size: u16,
    pub ReferenceCount: i32,
    pub DriverObject: *mut DRIVER_OBJECT,
    pub NextDevice: *mut DEVICE_OBJECT,
    pub AttachedDevice: *mut DEVICE_OBJECT,
    pub CurrentIrp: *mut IRP,
    pub Timer: *mut c_void,
    pub Flags: u32,
    pub Characteristics: u32,
    pub Vpb: *mut VPB,
    pub DeviceExtension: *mut c_void,
    pub DeviceType: u32,
    pub StackSize: i8,
    pub Queue: DEVICE_OBJECT_Queue,
    pub AlignmentRequirement: u32,
    pub DeviceQueue: KDEVICE_QUEUE,
    pub Dpc: KDPC,
    pub ActiveThreadCount: u32,
    pub SecurityDescriptor: PSECURITY_DESCRIPTOR,
    pub DeviceLock: KEVENT,
    pub SectorSize: u16,
    pub Spare1: u16,
    pub DeviceObjectExtension: *mut DEVOBJ_EXTENSION,
    pub Reserved: *mut c_void,
}
layout!(DEVICE_OBJECT_Queue, 72, 8, ListEntry @ 0, Wcb @ 0);
layout!(DEVICE_OBJECT, 336, 16, Type @ 0, Size @ 2, ReferenceCount @ 4, DriverObject @ 8, NextDevice @ 16, AttachedDevice @ 24, CurrentIrp @ 32, Timer @ 40, Flags @ 48, Characteristics @ 52, Vpb @ 56, DeviceExtension @ 64, DeviceType @ 72, StackSize @ 76, Queue @ 80, AlignmentRequirement @ 152, DeviceQueue @ 160, Dpc @ 200, ActiveThreadCount @ 264, SecurityDescriptor @ 272, DeviceLock @ 280, SectorSize @ 304, Spare1 @ 306, DeviceObjectExtension @ 312, Reserved @ 320);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_EXTENSION {
    pub DriverObject: *mut DRIVER_OBJECT,
    pub AddDevice: PDRIVER_ADD_DEVICE,
    pub Count: u32,
    pub ServiceKeyName: UNICODE_STRING,
}
layout!(DRIVER_EXTENSION, 40, 8, DriverObject @ 0, AddDevice @ 8, Count @ 16, ServiceKeyName @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_OBJECT {
    pub Type: i16,
    pub Size: i16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub Vpb: *mut VPB,
    pub FsContext: *mut c_void,
    pub FsContext2: *mut c_void,
    pub SectionObjectPointer: *mut SECTION_OBJECT_POINTERS,
    pub PrivateCacheMap: *mut c_void,
    pub FinalStatus: NTSTATUS,
    pub RelatedFileObject: *mut FILE_OBJECT,
    pub LockOperation: BOOLEAN,
    pub DeletePending: BOOLEAN,
    pub ReadAccess: BOOLEAN,
    pub WriteAccess: BOOLEAN,
    pub DeleteAccess: BOOLEAN,
    pub SharedRead: BOOLEAN,
    pub SharedWrite: BOOLEAN,
    pub SharedDelete: BOOLEAN,
    pub Flags: u32,
    pub FileName: UNICODE_STRING,
    pub CurrentByteOffset: LARGE_INTEGER,
    pub Waiters: u32,
    pub Busy: u32,
    pub LastLock: *mut c_void,
    pub Lock: KEVENT,
    pub Event: KEVENT,
    pub CompletionContext: *mut IO_COMPLETION_CONTEXT,
    pub IrpListLock: KSPIN_LOCK,
    pub IrpList: LIST_ENTRY,
    pub FileObjectExtension: *mut c_void,
}
layout!(FILE_OBJECT, 216, 8, Type @ 0, Size @ 2, DeviceObject @ 8, Vpb @ 16, FsContext @ 24, FsContext2 @ 32, SectionObjectPointer @ 40, PrivateCacheMap @ 48, FinalStatus @ 56, RelatedFileObject @ 64, LockOperation @ 72, DeletePending @ 73, ReadAccess @ 74, WriteAccess @ 75, DeleteAccess @ 76, SharedRead @ 77, SharedWrite @ 78, SharedDelete @ 79, Flags @ 80, FileName @ 88, CurrentByteOffset @ 104, Waiters @ 112, Busy @ 116, LastLock @ 120, Lock @ 128, Event @ 152, CompletionContext @ 176, IrpListLock @ 184, IrpList @ 192, FileObjectExtension @ 208);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVOBJ_EXTENSION {
    pub Type: i16,
    pub Size: u16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub PowerFlags: u32,
    pub Dope: *mut c_void,
    pub ExtensionFlags: u32,
    pub DeviceNode: *mut c_void,
    pub AttachedTo: *mut DEVICE_OBJECT,
    pub StartIoCount: i32,
    pub StartIoKey: i32,
    pub StartIoFlags: u32,
    pub Vpb: *mut VPB,
    pub DependencyNode: *mut c_void,
    pub InterruptContext: *mut c_void,
    pub InterruptCount: i32,
    pub VerifierContext: *mut c_void,
}
layout!(DEVOBJ_EXTENSION, 112, 8, Type @ 0, Size @ 2, DeviceObject @ 8, PowerFlags @ 16, Dope @ 24, ExtensionFlags @ 32, DeviceNode @ 40, AttachedTo @ 48, StartIoCount @ 56, StartIoKey @ 60, StartIoFlags @ 64, Vpb @ 72, DependencyNode @ 80, InterruptContext @ 88, InterruptCount @ 96, VerifierContext @ 104);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_COMPLETION_CONTEXT {
    pub Port: *mut c_void,
    pub Key: *mut c_void,
    pub UsageCount: isize,
}
layout!(IO_COMPLETION_CONTEXT, 24, 8, Port @ 0, Key @ 8, UsageCount @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECTION_OBJECT_POINTERS {
    pub DataSectionObject: *mut c_void,
    pub SharedCacheMap: *mut c_void,
    pub ImageSectionObject: *mut c_void,
}
layout!(SECTION_OBJECT_POINTERS, 24, 8, DataSectionObject @ 0, SharedCacheMap @ 8, ImageSectionObject @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPB {
    pub Type: i16,
    pub Size: i16,
    pub Flags: u16,
    pub VolumeLabelLength: u16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub RealDevice: *mut DEVICE_OBJECT,
    pub SerialNumber: u32,
    pub ReferenceCount: u32,
    pub VolumeLabel: [WCHAR; 32],
}
layout!(VPB, 96, 8, Type @ 0, Size @ 2, Flags @ 4, VolumeLabelLength @ 6, DeviceObject @ 8, RealDevice @ 16, SerialNumber @ 24, ReferenceCount @ 28, VolumeLabel @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FAST_IO_DISPATCH {
    pub SizeOfFastIoDispatch: u32,
    pub FastIoCheckIfPossible: PFAST_IO_CHECK_IF_POSSIBLE,
    pub FastIoRead: PFAST_IO_READ,
    pub FastIoWrite: PFAST_IO_WRITE,
    pub FastIoQueryBasicInfo: PFAST_IO_QUERY_BASIC_INFO,
    pub FastIoQueryStandardInfo: PFAST_IO_QUERY_STANDARD_INFO,
    pub FastIoLock: PFAST_IO_LOCK,
    pub FastIoUnlockSingle: PFAST_IO_UNLOCK_SINGLE,
    pub FastIoUnlockAll: PFAST_IO_UNLOCK_ALL,
    pub FastIoUnlockAllByKey: PFAST_IO_UNLOCK_ALL_BY_KEY,
    pub FastIoDeviceControl: PFAST_IO_DEVICE_CONTROL,
    pub AcquireFileForNtCreateSection: PFAST_IO_ACQUIRE_FILE,
    pub ReleaseFileForNtCreateSection: PFAST_IO_RELEASE_FILE,
    pub FastIoDetachDevice: PFAST_IO_DETACH_DEVICE,
    pub FastIoQueryNetworkOpenInfo: PFAST_IO_QUERY_NETWORK_OPEN_INFO,
    pub AcquireForModWrite: PFAST_IO_ACQUIRE_FOR_MOD_WRITE,
    pub MdlRead: PFAST_IO_MDL_READ,
    pub MdlReadComplete: PFAST_IO_MDL_READ_COMPLETE,
    pub PrepareMdlWrite: PFAST_IO_PREPARE_MDL_WRITE,
    pub MdlWriteComplete: PFAST_IO_MDL_WRITE_COMPLETE,
    pub FastIoReadCompressed: PFAST_IO_READ_COMPRESSED,
    pub FastIoWriteCompressed: PFAST_IO_WRITE_COMPRESSED,
    pub MdlReadCompleteCompressed: PFAST_IO_MDL_READ_COMPLETE_COMPRESSED,
    pub MdlWriteCompleteCompressed: PFAST_IO_MDL_WRITE_COMPLETE_COMPRESSED,
    pub FastIoQueryOpen: PFAST_IO_QUERY_OPEN,
    pub ReleaseForModWrite: PFAST_IO_RELEASE_FOR_MOD_WRITE,
    pub AcquireForCcFlush: PFAST_IO_ACQUIRE_FOR_CCFLUSH,
    pub ReleaseForCcFlush: PFAST_IO_RELEASE_FOR_CCFLUSH,
}
layout!(FAST_IO_DISPATCH, 224, 8, SizeOfFastIoDispatch @ 0, FastIoCheckIfPossible @ 8, FastIoRead @ 16, FastIoWrite @ 24, FastIoQueryBasicInfo @ 32, FastIoQueryStandardInfo @ 40, FastIoLock @ 48, FastIoUnlockSingle @ 56, FastIoUnlockAll @ 64, FastIoUnlockAllByKey @ 72, FastIoDeviceControl @ 80, AcquireFileForNtCreateSection @ 88, ReleaseFileForNtCreateSection @ 96, FastIoDetachDevice @ 104, FastIoQueryNetworkOpenInfo @ 112, AcquireForModWrite @ 120, MdlRead @ 128, MdlReadComplete @ 136, PrepareMdlWrite @ 144, MdlWriteComplete @ 152, FastIoReadCompressed @ 160, FastIoWriteCompressed @ 168, MdlReadCompleteCompressed @ 176, MdlWriteCompleteCompressed @ 184, FastIoQueryOpen @ 192, ReleaseForModWrite @ 200, AcquireForCcFlush @ 208, ReleaseForCcFlush @ 216);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_SECURITY_CONTEXT {
    pub SecurityQos: *mut c_void,
    pub AccessState: *mut ACCESS_STATE,
    pub DesiredAccess: ACCESS_MASK,
    pub FullCreateOptions: u32,
}
layout!(IO_SECURITY_CONTEXT, 24, 8, SecurityQos @ 0, AccessState @ 8, DesiredAccess @ 16, FullCreateOptions @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WAIT_CONTEXT_BLOCK_anon_1_anon_1 {
    pub DmaWaitEntry: LIST_ENTRY,
    pub NumberOfChannels: u32,
    pub _bitfield_1: u32,
}
bits!(WAIT_CONTEXT_BLOCK_anon_1_anon_1, _bitfield_1: u32 { SyncCallback set_SyncCallback @ 0 + 1, DmaContext set_DmaContext @ 1 + 1, ZeroMapRegisters set_ZeroMapRegisters @ 2 + 1, Reserved set_Reserved @ 3 + 9, NumberOfRemapPages set_NumberOfRemapPages @ 12 + 20 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union WAIT_CONTEXT_BLOCK_anon_1 {
    pub WaitQueueEntry: KDEVICE_QUEUE_ENTRY,
    pub __bindgen_anon_1: WAIT_CONTEXT_BLOCK_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WAIT_CONTEXT_BLOCK {
    pub __bindgen_anon_1: WAIT_CONTEXT_BLOCK_anon_1,
    pub DeviceRoutine: PDRIVER_CONTROL,
    pub DeviceContext: *mut c_void,
    pub NumberOfMapRegisters: u32,
    pub DeviceObject: *mut c_void,
    pub CurrentIrp: *mut c_void,
    pub BufferChainingDpc: *mut KDPC,
}
layout!(WAIT_CONTEXT_BLOCK_anon_1_anon_1, 24, 8, DmaWaitEntry @ 0, NumberOfChannels @ 16, _bitfield_1 @ 20);
layout!(WAIT_CONTEXT_BLOCK_anon_1, 24, 8, WaitQueueEntry @ 0, __bindgen_anon_1 @ 0);
layout!(WAIT_CONTEXT_BLOCK, 72, 8, __bindgen_anon_1 @ 0, DeviceRoutine @ 24, DeviceContext @ 32, NumberOfMapRegisters @ 40, DeviceObject @ 48, CurrentIrp @ 56, BufferChainingDpc @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_REMOVE_LOCK {
    pub Common: IO_REMOVE_LOCK_COMMON_BLOCK,
}
layout!(IO_REMOVE_LOCK, 32, 8, Common @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_REMOVE_LOCK_COMMON_BLOCK {
    pub Removed: BOOLEAN,
    pub Reserved: [BOOLEAN; 3],
    pub IoCount: i32,
    pub RemoveEvent: KEVENT,
}
layout!(IO_REMOVE_LOCK_COMMON_BLOCK, 32, 8, Removed @ 0, Reserved @ 1, IoCount @ 4, RemoveEvent @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_REMOVE_LOCK_DBG_BLOCK {
    pub Signature: i32,
    pub HighWatermark: u32,
    pub MaxLockedTicks: i64,
    pub AllocateTag: i32,
    pub LockList: LIST_ENTRY,
    pub Spin: KSPIN_LOCK,
    pub LowMemoryCount: i32,
    pub Reserved1: [u32; 4],
    pub Reserved2: *mut c_void,
    pub Blocks: *mut c_void,
}
layout!(IO_REMOVE_LOCK_DBG_BLOCK, 88, 8, Signature @ 0, HighWatermark @ 4, MaxLockedTicks @ 8, AllocateTag @ 16, LockList @ 24, Spin @ 40, LowMemoryCount @ 48, Reserved1 @ 52, Reserved2 @ 72, Blocks @ 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CSQ {
    pub Type: u32,
    pub CsqInsertIrp: PIO_CSQ_INSERT_IRP,
    pub CsqRemoveIrp: PIO_CSQ_REMOVE_IRP,
    pub CsqPeekNextIrp: PIO_CSQ_PEEK_NEXT_IRP,
    pub CsqAcquireLock: PIO_CSQ_ACQUIRE_LOCK,
    pub CsqReleaseLock: PIO_CSQ_RELEASE_LOCK,
    pub CsqCompleteCanceledIrp: PIO_CSQ_COMPLETE_CANCELED_IRP,
    pub ReservePointer: *mut c_void,
}
layout!(IO_CSQ, 64, 8, Type @ 0, CsqInsertIrp @ 8, CsqRemoveIrp @ 16, CsqPeekNextIrp @ 24, CsqAcquireLock @ 32, CsqReleaseLock @ 40, CsqCompleteCanceledIrp @ 48, ReservePointer @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CSQ_IRP_CONTEXT {
    pub Type: u32,
    pub Irp: *mut IRP,
    pub Csq: *mut IO_CSQ,
}
layout!(IO_CSQ_IRP_CONTEXT, 24, 8, Type @ 0, Irp @ 8, Csq @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_ERROR_LOG_PACKET {
    pub MajorFunctionCode: u8,
    pub RetryCount: u8,
    pub DumpDataSize: u16,
    pub NumberOfStrings: u16,
    pub StringOffset: u16,
    pub EventCategory: u16,
    pub ErrorCode: NTSTATUS,
    pub UniqueErrorValue: u32,
    pub FinalStatus: NTSTATUS,
    pub SequenceNumber: u32,
    pub IoControlCode: u32,
    pub DeviceOffset: LARGE_INTEGER,
    pub DumpData: [u32; 1],
}
layout!(IO_ERROR_LOG_PACKET, 48, 8, MajorFunctionCode @ 0, RetryCount @ 1, DumpDataSize @ 2, NumberOfStrings @ 4, StringOffset @ 6, EventCategory @ 8, ErrorCode @ 12, UniqueErrorValue @ 16, FinalStatus @ 20, SequenceNumber @ 24, IoControlCode @ 28, DeviceOffset @ 32, DumpData @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_INTERRUPT_MESSAGE_INFO {
    pub UnifiedIrql: KIRQL,
    pub MessageCount: u32,
    pub MessageInfo: [IO_INTERRUPT_MESSAGE_INFO_ENTRY; 1],
}
layout!(IO_INTERRUPT_MESSAGE_INFO, 56, 8, UnifiedIrql @ 0, MessageCount @ 4, MessageInfo @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_INTERRUPT_MESSAGE_INFO_ENTRY {
    pub MessageAddress: LARGE_INTEGER,
    pub TargetProcessorSet: usize,
    pub InterruptObject: PKINTERRUPT,
    pub MessageData: u32,
    pub Vector: u32,
    pub Irql: KIRQL,
    pub Mode: KINTERRUPT_MODE,
    pub Polarity: KINTERRUPT_POLARITY,
}
layout!(IO_INTERRUPT_MESSAGE_INFO_ENTRY, 48, 8, MessageAddress @ 0, TargetProcessorSet @ 8, InterruptObject @ 16, MessageData @ 24, Vector @ 28, Irql @ 32, Mode @ 36, Polarity @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_CONNECT_INTERRUPT_PARAMETERS_anon_1 {
    pub FullySpecified: IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS,
    pub LineBased: IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS,
    pub MessageBased: IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CONNECT_INTERRUPT_PARAMETERS {
    pub Version: u32,
    pub __bindgen_anon_1: IO_CONNECT_INTERRUPT_PARAMETERS_anon_1,
}
layout!(IO_CONNECT_INTERRUPT_PARAMETERS_anon_1, 72, 8, FullySpecified @ 0, LineBased @ 0, MessageBased @ 0);
layout!(IO_CONNECT_INTERRUPT_PARAMETERS, 80, 8, Version @ 0, __bindgen_anon_1 @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS {
    pub PhysicalDeviceObject: *mut DEVICE_OBJECT,
    pub InterruptObject: *mut PKINTERRUPT,
    pub ServiceRoutine: PKSERVICE_ROUTINE,
    pub ServiceContext: *mut c_void,
    pub SpinLock: *mut KSPIN_LOCK,
    pub SynchronizeIrql: KIRQL,
    pub FloatingSave: BOOLEAN,
    pub ShareVector: BOOLEAN,
    pub Vector: u32,
    pub Irql: KIRQL,
    pub InterruptMode: KINTERRUPT_MODE,
    pub ProcessorEnableMask: usize,
    pub Group: u16,
}
layout!(IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS, 72, 8, PhysicalDeviceObject @ 0, InterruptObject @ 8, ServiceRoutine @ 16, ServiceContext @ 24, SpinLock @ 32, SynchronizeIrql @ 40, FloatingSave @ 41, ShareVector @ 42, Vector @ 44, Irql @ 48, InterruptMode @ 52, ProcessorEnableMask @ 56, Group @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS {
    pub PhysicalDeviceObject: *mut DEVICE_OBJECT,
    pub InterruptObject: *mut PKINTERRUPT,
    pub ServiceRoutine: PKSERVICE_ROUTINE,
    pub ServiceContext: *mut c_void,
    pub SpinLock: *mut KSPIN_LOCK,
    pub SynchronizeIrql: KIRQL,
    pub FloatingSave: BOOLEAN,
}
layout!(IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS, 48, 8, PhysicalDeviceObject @ 0, InterruptObject @ 8, ServiceRoutine @ 16, ServiceContext @ 24, SpinLock @ 32, SynchronizeIrql @ 40, FloatingSave @ 41);

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS_ConnectionContext {
    pub Generic: *mut *mut c_void,
    pub InterruptMessageTable: *mut *mut IO_INTERRUPT_MESSAGE_INFO,
    pub InterruptObject: *mut PKINTERRUPT,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS {
    pub PhysicalDeviceObject: *mut DEVICE_OBJECT,
    pub ConnectionContext: IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS_ConnectionContext,
    pub MessageServiceRoutine: PKMESSAGE_SERVICE_ROUTINE,
    pub ServiceContext: *mut c_void,
    pub SpinLock: *mut KSPIN_LOCK,
    pub SynchronizeIrql: KIRQL,
    pub FloatingSave: BOOLEAN,
    pub FallBackServiceRoutine: PKSERVICE_ROUTINE,
}
layout!(IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS_ConnectionContext, 8, 8, Generic @ 0, InterruptMessageTable @ 0, InterruptObject @ 0);
layout!(IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS, 56, 8, PhysicalDeviceObject @ 0, ConnectionContext @ 8, MessageServiceRoutine @ 16, ServiceContext @ 24, SpinLock @ 32, SynchronizeIrql @ 40, FloatingSave @ 41, FallBackServiceRoutine @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_DISCONNECT_INTERRUPT_PARAMETERS_ConnectionContext {
    pub Generic: *mut c_void,
    pub InterruptObject: PKINTERRUPT,
    pub InterruptMessageTable: *mut IO_INTERRUPT_MESSAGE_INFO,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_DISCONNECT_INTERRUPT_PARAMETERS {
    pub Version: u32,
    pub ConnectionContext: IO_DISCONNECT_INTERRUPT_PARAMETERS_ConnectionContext,
}
layout!(IO_DISCONNECT_INTERRUPT_PARAMETERS_ConnectionContext, 8, 8, Generic @ 0, InterruptObject @ 0, InterruptMessageTable @ 0);
layout!(IO_DISCONNECT_INTERRUPT_PARAMETERS, 16, 8, Version @ 0, ConnectionContext @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS_ConnectionContext {
    pub Generic: *mut c_void,
    pub InterruptObject: PKINTERRUPT,
    pub InterruptMessageTable: *mut IO_INTERRUPT_MESSAGE_INFO,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS {
    pub Version: u32,
    pub ConnectionContext: IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS_ConnectionContext,
}
layout!(IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS_ConnectionContext, 8, 8, Generic @ 0, InterruptObject @ 0, InterruptMessageTable @ 0);
layout!(IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS, 16, 8, Version @ 0, ConnectionContext @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CONFIGURATION_INFORMATION {
    pub DiskCount: u32,
    pub FloppyCount: u32,
    pub CdRomCount: u32,
    pub TapeCount: u32,
    pub ScsiPortCount: u32,
    pub SerialCount: u32,
    pub ParallelCount: u32,
    pub AtDiskPrimaryAddressClaimed: BOOLEAN,
    pub AtDiskSecondaryAddressClaimed: BOOLEAN,
    pub Version: u32,
    pub MediumChangerCount: u32,
}
layout!(CONFIGURATION_INFORMATION, 40, 4, DiskCount @ 0, FloppyCount @ 4, CdRomCount @ 8, TapeCount @ 12, ScsiPortCount @ 16, SerialCount @ 20, ParallelCount @ 24, AtDiskPrimaryAddressClaimed @ 28, AtDiskSecondaryAddressClaimed @ 29, Version @ 32, MediumChangerCount @ 36);
