//! What `storport.h` gives a miniport as inline functions: typed calls over the two variadic entry
//! points, [`StorPortExtendedFunction`] and [`StorPortNotification`]. `tests/abi` compares each
//! one's code and argument types with the recorded facts.
//!
//! Extended functions return a `STOR_STATUS_*`; one that the running system does not have returns
//! `STOR_STATUS_NOT_IMPLEMENTED`. `HwDeviceExtension` is the adapter's, as Storport passed it.
#![allow(non_snake_case, clippy::too_many_arguments, reason = "Microsoft's declarations")]

use crate::sys::*;

/// `extended`: returns the status of `StorPortExtendedFunction`. `notify`: returns nothing.
/// `answer`: `StorPortNotification` stores the result through a pointer that follows the arguments.
macro_rules! calls {
    ($($(#[$doc:meta])* $kind:ident $name:ident($($argument:ident: $ty:ty),*) = $code:ident $(-> $result:ty)?;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// As Microsoft documents the function of this name: `HwDeviceExtension` is the
            /// adapter's, pointers are valid for what the function does with them.
            pub unsafe fn $name(HwDeviceExtension: *mut c_void $(, $argument: $ty)*) $(-> $result)? {
                calls!(@$kind $code, HwDeviceExtension, ($($argument),*) $(, $result)?)
            }
        )*
    };
    (@extended $code:ident, $extension:ident, ($($argument:ident),*), $result:ty) => {
        // SAFETY: the arguments are those of this code, per the caller.
        unsafe { StorPortExtendedFunction($code, $extension $(, $argument)*) }
    };
    (@notify $code:ident, $extension:ident, ($($argument:ident),*)) => {
        // SAFETY: the arguments are those of this code, per the caller.
        unsafe { StorPortNotification($code, $extension $(, $argument)*) }
    };
    (@answer $code:ident, $extension:ident, ($($argument:ident),*), $result:ty) => {{
        let mut answer: $result = 0;
        let to = &raw mut answer;
        // SAFETY: the arguments are those of this code, per the caller; the answer's place follows.
        unsafe { StorPortNotification($code, $extension $(, $argument)*, to) };
        answer
    }};
}

calls! {
    /// Adapter, physical and attached (lower) device object. PASSIVE_LEVEL.
    extended StorPortGetDeviceObjects(AdapterDeviceObject: *mut *mut c_void, PhysicalDeviceObject: *mut *mut c_void, LowerDeviceObject: *mut *mut c_void) = ExtFunctionGetDeviceObjects -> u32;
    /// Queries (`Query` = 1) or sets what the port driver optimises. In HwInitialize.
    extended StorPortInitializePerfOpts(Query: i32, PerfConfigData: *mut PERF_CONFIGURATION_DATA) = ExtFunctionInitializePerformanceOptimizations -> u32;
    /// The channel and message number for a request in HwStartIo. DISPATCH_LEVEL.
    extended StorPortGetStartIoPerfParams(Srb: *mut SCSI_REQUEST_BLOCK, StartIoPerfParams: *mut STARTIO_PERFORMANCE_PARAMETERS) = ExtFunctionGetStartIoPerformanceParameters -> u32;
    /// Non-paged pool, not zeroed. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortAllocatePool(NumberOfBytes: u32, Tag: u32, BufferPointer: *mut *mut c_void) = ExtFunctionAllocatePool -> u32;
    /// Frees what [`StorPortAllocatePool`] gave. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortFreePool(BufferPointer: *mut c_void) = ExtFunctionFreePool -> u32;
    /// A system address for a request's data buffer. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortGetSystemAddress(Srb: *mut SCSI_REQUEST_BLOCK, SystemAddress: *mut *mut c_void) = ExtFunctionGetSystemAddress -> u32;
    /// The MDL that came with a request.
    extended StorPortGetOriginalMdl(Srb: *mut SCSI_REQUEST_BLOCK, Mdl: *mut *mut c_void) = ExtFunctionGetOriginalMdl -> u32;
    /// Priority and process of a request. Any IRQL.
    extended StorPortGetRequestInfo(Srb: *mut SCSI_REQUEST_BLOCK, RequestInfo: *mut STOR_REQUEST_INFO_V1) = ExtFunctionGetRequestInfo -> u32;
    /// Writes to the system event log.
    extended StorPortLogSystemEvent(LogDetails: *mut STOR_LOG_EVENT_DETAILS, MaximumSize: *mut u32) = ExtFunctionLogSystemEvent -> u32;
    /// Has memory written to a crash dump. Any IRQL.
    extended StorPortMarkDumpMemory(Address: *mut c_void, Length: usize, Flags: u32) = ExtFunctionMarkDumpMemory -> u32;
    /// Sets what a unit can do. Any IRQL.
    extended StorPortSetUnitAttributes(Address: *mut STOR_ADDRESS, Attributes: STOR_UNIT_ATTRIBUTES) = ExtFunctionSetUnitAttributes -> u32;
    /// The bus type that the adapter shows (`STORAGE_BUS_TYPE`). In HwInitialize.
    extended StorPortSetAdapterBusType(BusType: u32) = ExtFunctionSetAdapterBusType -> u32;
    /// The calling processor's number.
    extended StorPortGetCurrentProcessorNumber(ProcNumber: *mut PROCESSOR_NUMBER) = ExtFunctionGetCurrentProcessorNumber -> u32;
    /// Counter and frequency. Any IRQL.
    extended StorPortQueryPerformanceCounter(PerformanceFrequency: *mut LARGE_INTEGER, PerformanceCounter: *mut LARGE_INTEGER) = ExtFunctionQueryPerformanceCounter -> u32;
    /// Creates a worker for [`StorPortQueueWorkItem`]. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortInitializeWorker(Worker: *mut *mut c_void) = ExtFunctionInitializeWorker -> u32;
    /// Runs `WorkItemCallback` at PASSIVE_LEVEL. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortQueueWorkItem(WorkItemCallback: PHW_WORKITEM, Worker: *mut c_void, Context: *mut c_void) = ExtFunctionQueueWorkItem -> u32;
    /// Frees a worker that is not queued. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortFreeWorker(Worker: *mut c_void) = ExtFunctionFreeWorker -> u32;
    /// Creates a timer. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortInitializeTimer(TimerHandle: *mut *mut c_void) = ExtFunctionInitializeTimer -> u32;
    /// Starts a timer (microseconds; 0 stops it). Any IRQL.
    extended StorPortRequestTimer(TimerHandle: *mut c_void, TimerCallback: PHW_TIMER_EX, CallbackContext: *mut c_void, TimerValue: u64, TolerableDelay: u64) = ExtFunctionRequestTimer -> u32;
    /// Frees a timer. IRQL ≤ DISPATCH_LEVEL.
    extended StorPortFreeTimer(TimerHandle: *mut c_void) = ExtFunctionFreeTimer -> u32;

    /// Prepares a DPC. In HwFindAdapter or HwInitialize.
    notify StorPortInitializeDpc(Dpc: *mut STOR_DPC, HwDpcRoutine: PHW_DPC_ROUTINE) = InitializeDpc;
    /// Queues a DPC: 0 if it was queued already.
    answer StorPortIssueDpc(Dpc: *mut STOR_DPC, SystemArgument1: *mut c_void, SystemArgument2: *mut c_void) = IssueDpc -> i32;
    /// Takes one of the adapter's locks (`STOR_SPINLOCK`). `LockContext` is the DPC for DpcLock.
    notify StorPortAcquireSpinLock(SpinLock: STOR_SPINLOCK, LockContext: *mut c_void, LockHandle: *mut STOR_LOCK_HANDLE) = AcquireSpinLock;
    /// Gives the lock back.
    notify StorPortReleaseSpinLock(LockHandle: *mut STOR_LOCK_HANDLE) = ReleaseSpinLock;
    /// Has `HwPassiveInitializeRoutine` called at PASSIVE_LEVEL after HwInitialize: 0 if it will not
    /// be (in dump mode). Only in HwInitialize.
    answer StorPortEnablePassiveInitialization(HwPassiveInitializeRoutine: PHW_PASSIVE_INITIALIZE_ROUTINE) = EnablePassiveInitialization -> i32;
    /// Reports a change of adapter, target or unit. Any IRQL.
    answer StorPortStateChangeDetected(ChangedEntity: u32, Address: *mut STOR_ADDRESS, Attributes: u32, HwStateChange: PHW_STATE_CHANGE, HwStateChangeContext: *mut c_void) = StateChangeDetectedCall -> u32;
}

/// Completes a request: Storport owns it again. Any IRQL.
///
/// # Safety
/// `HwDeviceExtension` is the adapter's; `Srb` was given to HwStartIo, has its status set and is
/// completed once.
pub unsafe fn request_complete(HwDeviceExtension: *mut c_void, Srb: *mut SCSI_REQUEST_BLOCK) {
    // SAFETY: per contract.
    unsafe { StorPortNotification(RequestComplete, HwDeviceExtension, Srb) };
}

/// Has the bus scanned again. Any IRQL.
///
/// # Safety
/// `HwDeviceExtension` is the adapter's.
pub unsafe fn bus_change_detected(HwDeviceExtension: *mut c_void, path: u8) {
    // SAFETY: the path is promoted to int, as C does.
    unsafe { StorPortNotification(BusChangeDetected, HwDeviceExtension, i32::from(path)) };
}

/// Reports that the bus was reset. Any IRQL.
///
/// # Safety
/// `HwDeviceExtension` is the adapter's.
pub unsafe fn reset_detected(HwDeviceExtension: *mut c_void, path: u8) {
    // SAFETY: the path is promoted to int, as C does.
    unsafe { StorPortNotification(ResetDetected, HwDeviceExtension, i32::from(path)) };
}
