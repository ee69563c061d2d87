//! Ex: pool, interlocked and executive spin locks, push-locks, callbacks, resources, work queues.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type POOL_TYPE = i32;
pub type WORK_QUEUE_TYPE = i32;
pub type EX_POOL_PRIORITY = i32;
pub type PEX_TIMER = *mut c_void;
pub type PCALLBACK_OBJECT = *mut c_void;
pub type POOL_FLAGS = u64;

pub type PCALLBACK_FUNCTION = Option<unsafe extern "win64" fn(CallbackContext: *mut c_void, Argument1: *mut c_void, Argument2: *mut c_void)>;
pub type PWORKER_THREAD_ROUTINE = Option<unsafe extern "win64" fn(Parameter: *mut c_void)>;
pub type PEXT_CALLBACK = Option<unsafe extern "win64" fn(Timer: PEX_TIMER, Context: *mut c_void)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WORK_QUEUE_ITEM {
    pub List: LIST_ENTRY,
    pub WorkerRoutine: PWORKER_THREAD_ROUTINE,
    pub Parameter: *mut c_void,
}
layout!(WORK_QUEUE_ITEM, 32, 8, List @ 0, WorkerRoutine @ 16, Parameter @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FAST_MUTEX {
    pub Count: i32,
    pub Owner: *mut c_void,
    pub Contention: u32,
    pub Event: KEVENT,
    pub OldIrql: u32,
}
layout!(FAST_MUTEX, 56, 8, Count @ 0, Owner @ 8, Contention @ 16, Event @ 24, OldIrql @ 48);

pub const NonPagedPool: POOL_TYPE = 0;
pub const NonPagedPoolExecute: POOL_TYPE = 0;
pub const PagedPool: POOL_TYPE = 1;
pub const NonPagedPoolMustSucceed: POOL_TYPE = 2;
pub const DontUseThisType: POOL_TYPE = 3;
pub const NonPagedPoolCacheAligned: POOL_TYPE = 4;
pub const PagedPoolCacheAligned: POOL_TYPE = 5;
pub const NonPagedPoolCacheAlignedMustS: POOL_TYPE = 6;
pub const MaxPoolType: POOL_TYPE = 7;
pub const NonPagedPoolBase: POOL_TYPE = 0;
pub const NonPagedPoolBaseMustSucceed: POOL_TYPE = 2;
pub const NonPagedPoolBaseCacheAligned: POOL_TYPE = 4;
pub const NonPagedPoolBaseCacheAlignedMustS: POOL_TYPE = 6;
pub const NonPagedPoolSession: POOL_TYPE = 32;
pub const PagedPoolSession: POOL_TYPE = 33;
pub const NonPagedPoolMustSucceedSession: POOL_TYPE = 34;
pub const DontUseThisTypeSession: POOL_TYPE = 35;
pub const NonPagedPoolCacheAlignedSession: POOL_TYPE = 36;
pub const PagedPoolCacheAlignedSession: POOL_TYPE = 37;
pub const NonPagedPoolCacheAlignedMustSSession: POOL_TYPE = 38;
pub const NonPagedPoolNx: POOL_TYPE = 512;
pub const NonPagedPoolNxCacheAligned: POOL_TYPE = 516;
pub const NonPagedPoolSessionNx: POOL_TYPE = 544;
pub const CriticalWorkQueue: WORK_QUEUE_TYPE = 0;
pub const DelayedWorkQueue: WORK_QUEUE_TYPE = 1;
pub const HyperCriticalWorkQueue: WORK_QUEUE_TYPE = 2;
pub const NormalWorkQueue: WORK_QUEUE_TYPE = 3;
pub const BackgroundWorkQueue: WORK_QUEUE_TYPE = 4;
pub const RealTimeWorkQueue: WORK_QUEUE_TYPE = 5;
pub const SuperCriticalWorkQueue: WORK_QUEUE_TYPE = 6;
pub const MaximumWorkQueue: WORK_QUEUE_TYPE = 7;
pub const CustomPriorityWorkQueue: WORK_QUEUE_TYPE = 32;
pub const LowPoolPriority: EX_POOL_PRIORITY = 0;
pub const LowPoolPrioritySpecialPoolOverrun: EX_POOL_PRIORITY = 8;
pub const LowPoolPrioritySpecialPoolUnderrun: EX_POOL_PRIORITY = 9;
pub const NormalPoolPriority: EX_POOL_PRIORITY = 16;
pub const NormalPoolPrioritySpecialPoolOverrun: EX_POOL_PRIORITY = 24;
pub const NormalPoolPrioritySpecialPoolUnderrun: EX_POOL_PRIORITY = 25;
pub const HighPoolPriority: EX_POOL_PRIORITY = 32;
pub const HighPoolPrioritySpecialPoolOverrun: EX_POOL_PRIORITY = 40;
pub const HighPoolPrioritySpecialPoolUnderrun: EX_POOL_PRIORITY = 41;
pub const POOL_FLAG_CACHE_ALIGNED: u64 = 8;
pub const POOL_FLAG_LAST_KNOWN_REQUIRED: u64 = 0x400;
pub const POOL_FLAG_NON_PAGED: u64 = 0x40;
pub const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
pub const POOL_FLAG_OPTIONAL_END: u64 = 0x8000000000000000;
pub const POOL_FLAG_OPTIONAL_START: u64 = 0x100000000;
pub const POOL_FLAG_PAGED: u64 = 0x100;
pub const POOL_FLAG_RAISE_ON_FAILURE: u64 = 0x20;
pub const POOL_FLAG_REQUIRED_END: u64 = 0x80000000;
pub const POOL_FLAG_REQUIRED_MASK: u64 = 0xFFFFFFFF;
pub const POOL_FLAG_REQUIRED_START: u64 = 1;
pub const POOL_FLAG_RESERVED1: u64 = 0x10;
pub const POOL_FLAG_RESERVED2: u64 = 0x200;
pub const POOL_FLAG_RESERVED3: u64 = 0x400;
pub const POOL_FLAG_SESSION: u64 = 4;
pub const POOL_FLAG_SPECIAL_POOL: u64 = 0x100000000;
pub const POOL_FLAG_UNINITIALIZED: u64 = 2;
pub const POOL_FLAG_UNUSED_REQUIRED_BITS: u64 = 0xFFFFF800;
pub const POOL_FLAG_USE_QUOTA: u64 = 1;
pub const POOL_COLD_ALLOCATION: u32 = 0x100;
pub const POOL_NX_ALLOCATION: u32 = 0x200;
pub const POOL_QUOTA_FAIL_INSTEAD_OF_RAISE: u32 = 8;
pub const POOL_RAISE_IF_ALLOCATION_FAILURE: u32 = 0x10;
pub const POOL_ZERO_ALLOCATION: u32 = 0x400;
pub const EX_CARR_ALLOCATE_NONPAGED_POOL: u32 = 1;
pub const EX_CARR_ALLOCATE_PAGED_POOL: u32 = 0;
pub const EX_CARR_DISABLE_EXPANSION: u32 = 2;
pub const EX_CARR_VALID_FLAGS: u32 = 3;
pub const EX_RUNDOWN_ACTIVE: u32 = 1;
pub const EX_RUNDOWN_COUNT_INC: u32 = 2;
pub const EX_RUNDOWN_COUNT_SHIFT: u32 = 1;
pub const EX_TIMER_HIGH_RESOLUTION: u32 = 4;
pub const EX_TIMER_NOTIFICATION: u32 = 0x80000000;
pub const EX_TIMER_NO_WAKE: u32 = 8;
pub const EX_TIMER_UNLIMITED_TOLERANCE: i64 = -1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn ExAllocatePoolWithTag(PoolType: POOL_TYPE, NumberOfBytes: usize, Tag: u32) -> *mut c_void;
    pub fn ExAllocatePoolWithQuotaTag(PoolType: POOL_TYPE, NumberOfBytes: usize, Tag: u32) -> *mut c_void;
    pub fn ExFreePoolWithTag(P: *mut c_void, Tag: u32);
    pub fn ExFreePool(P: *mut c_void);
    pub fn ExAllocatePoolWithTagPriority(PoolType: POOL_TYPE, NumberOfBytes: usize, Tag: u32, Priority: EX_POOL_PRIORITY) -> *mut c_void;
    pub fn ExAcquireSpinLockExclusive(SpinLock: *mut i32) -> KIRQL;
    pub fn ExReleaseSpinLockExclusive(SpinLock: *mut i32, OldIrql: KIRQL);
    pub fn ExAcquireSpinLockShared(SpinLock: *mut i32) -> KIRQL;
    pub fn ExReleaseSpinLockShared(SpinLock: *mut i32, OldIrql: KIRQL);
    pub fn ExAcquireSpinLockExclusiveAtDpcLevel(SpinLock: *mut i32);
    pub fn ExReleaseSpinLockExclusiveFromDpcLevel(SpinLock: *mut i32);
    pub fn ExAcquireSpinLockSharedAtDpcLevel(SpinLock: *mut i32);
    pub fn ExReleaseSpinLockSharedFromDpcLevel(SpinLock: *mut i32);
    pub fn ExInterlockedInsertTailList(ListHead: *mut LIST_ENTRY, ListEntry: *mut LIST_ENTRY, Lock: *mut KSPIN_LOCK) -> *mut LIST_ENTRY;
    pub fn ExInterlockedInsertHeadList(ListHead: *mut LIST_ENTRY, ListEntry: *mut LIST_ENTRY, Lock: *mut KSPIN_LOCK) -> *mut LIST_ENTRY;
    pub fn ExInterlockedRemoveHeadList(ListHead: *mut LIST_ENTRY, Lock: *mut KSPIN_LOCK) -> *mut LIST_ENTRY;
    pub fn ExpInterlockedPushEntrySList(ListHead: *mut SLIST_HEADER, ListEntry: *mut SLIST_ENTRY) -> *mut SLIST_ENTRY;
    pub fn ExpInterlockedPopEntrySList(ListHead: *mut SLIST_HEADER) -> *mut SLIST_ENTRY;
    pub fn ExpInterlockedFlushSList(ListHead: *mut SLIST_HEADER) -> *mut SLIST_ENTRY;
    pub fn ExQueryDepthSList(SListHead: *mut SLIST_HEADER) -> u16;
    pub fn ExAcquireFastMutex(FastMutex: *mut FAST_MUTEX);
    pub fn ExReleaseFastMutex(FastMutex: *mut FAST_MUTEX);
    pub fn ExTryToAcquireFastMutex(FastMutex: *mut FAST_MUTEX) -> BOOLEAN;
    pub fn ExAcquireFastMutexUnsafe(FastMutex: *mut FAST_MUTEX);
    pub fn ExReleaseFastMutexUnsafe(FastMutex: *mut FAST_MUTEX);
    pub fn ExCreateCallback(CallbackObject: *mut PCALLBACK_OBJECT, ObjectAttributes: *mut OBJECT_ATTRIBUTES, Create: BOOLEAN, AllowMultipleCallbacks: BOOLEAN) -> NTSTATUS;
    pub fn ExRegisterCallback(CallbackObject: PCALLBACK_OBJECT, CallbackFunction: PCALLBACK_FUNCTION, CallbackContext: *mut c_void) -> *mut c_void;
    pub fn ExUnregisterCallback(CallbackRegistration: *mut c_void);
    pub fn ExNotifyCallback(CallbackObject: *mut c_void, Argument1: *mut c_void, Argument2: *mut c_void);
    pub fn ExQueueWorkItem(WorkItem: *mut WORK_QUEUE_ITEM, QueueType: WORK_QUEUE_TYPE);
    pub fn ExGetPreviousMode() -> KPROCESSOR_MODE;
    pub fn ExUuidCreate(Uuid: *mut GUID) -> NTSTATUS;
    pub fn ExRaiseStatus(Status: NTSTATUS);
    pub fn ExLocalTimeToSystemTime(LocalTime: *mut LARGE_INTEGER, SystemTime: *mut LARGE_INTEGER);
    pub fn ExSystemTimeToLocalTime(SystemTime: *mut LARGE_INTEGER, LocalTime: *mut LARGE_INTEGER);
    pub fn ExAllocateTimer(Callback: PEXT_CALLBACK, CallbackContext: *mut c_void, Attributes: u32) -> PEX_TIMER;
    pub fn ExSetTimer(Timer: PEX_TIMER, DueTime: i64, Period: i64, Parameters: *mut EXT_SET_PARAMETERS) -> BOOLEAN;
    pub fn ExCancelTimer(Timer: PEX_TIMER, Parameters: *mut c_void) -> BOOLEAN;
    pub fn ExDeleteTimer(Timer: PEX_TIMER, Cancel: BOOLEAN, Wait: BOOLEAN, Parameters: *mut EXT_DELETE_PARAMETERS) -> BOOLEAN;
    pub fn ExSetTimerResolution(DesiredTime: u32, SetResolution: BOOLEAN) -> u32;
    pub fn ExSetFirmwareEnvironmentVariable(VariableName: *mut UNICODE_STRING, VendorGuid: *mut GUID, Value: *mut c_void, ValueLength: u32, Attributes: u32) -> NTSTATUS;
    pub fn ExGetFirmwareEnvironmentVariable(VariableName: *mut UNICODE_STRING, VendorGuid: *mut GUID, Value: *mut c_void, ValueLength: *mut u32, Attributes: *mut u32) -> NTSTATUS;
    pub fn ExInitializeRundownProtection(RunRef: *mut c_void);
    pub fn ExAcquireRundownProtection(RunRef: *mut c_void) -> BOOLEAN;
    pub fn ExReleaseRundownProtection(RunRef: *mut c_void);
    pub fn ExWaitForRundownProtectionRelease(RunRef: *mut c_void);
    pub fn ExIsProcessorFeaturePresent(ProcessorFeature: u32) -> BOOLEAN;
    pub fn ExInitializeResourceLite(Resource: *mut c_void) -> NTSTATUS;
    pub fn ExDeleteResourceLite(Resource: *mut c_void) -> NTSTATUS;
    pub fn ExAcquireResourceExclusiveLite(Resource: *mut c_void, Wait: BOOLEAN) -> BOOLEAN;
    pub fn ExAcquireResourceSharedLite(Resource: *mut c_void, Wait: BOOLEAN) -> BOOLEAN;
    pub fn ExReleaseResourceLite(Resource: *mut c_void);
    pub static mut ExEventObjectType: POBJECT_TYPE;
}
