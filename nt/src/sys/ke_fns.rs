//! Ke: dispatcher objects, DPCs, interrupts, processors, time, bug checks: functions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn KeInitializeDpc(Dpc: *mut KDPC, DeferredRoutine: PKDEFERRED_ROUTINE, DeferredContext: *mut c_void);
    pub fn KeInitializeThreadedDpc(Dpc: *mut KDPC, DeferredRoutine: PKDEFERRED_ROUTINE, DeferredContext: *mut c_void);
    pub fn KeInsertQueueDpc(Dpc: *mut KDPC, SystemArgument1: *mut c_void, SystemArgument2: *mut c_void) -> BOOLEAN;
    pub fn KeRemoveQueueDpc(Dpc: *mut KDPC) -> BOOLEAN;
    pub fn KeFlushQueuedDpcs();
    pub fn KeSetImportanceDpc(Dpc: *mut KDPC, Importance: KDPC_IMPORTANCE);
    pub fn KeSetTargetProcessorDpc(Dpc: *mut KDPC, Number: i8);
    pub fn KeSetTargetProcessorDpcEx(Dpc: *mut KDPC, ProcNumber: *mut PROCESSOR_NUMBER) -> NTSTATUS;
    pub fn KeInitializeEvent(Event: *mut KEVENT, Type: EVENT_TYPE, State: BOOLEAN);
    pub fn KeSetEvent(Event: *mut KEVENT, Increment: KPRIORITY, Wait: BOOLEAN) -> i32;
    pub fn KeClearEvent(Event: *mut KEVENT);
    pub fn KeResetEvent(Event: *mut KEVENT) -> i32;
    pub fn KeReadStateEvent(Event: *mut KEVENT) -> i32;
    pub fn KeInitializeTimer(Timer: *mut KTIMER);
    pub fn KeInitializeTimerEx(Timer: *mut KTIMER, Type: TIMER_TYPE);
    pub fn KeSetTimer(Timer: *mut KTIMER, DueTime: LARGE_INTEGER, Dpc: *mut KDPC) -> BOOLEAN;
    pub fn KeSetTimerEx(Timer: *mut KTIMER, DueTime: LARGE_INTEGER, Period: i32, Dpc: *mut KDPC) -> BOOLEAN;
    pub fn KeSetCoalescableTimer(Timer: *mut KTIMER, DueTime: LARGE_INTEGER, Period: u32, TolerableDelay: u32, Dpc: *mut KDPC) -> BOOLEAN;
    pub fn KeCancelTimer(a0: *mut KTIMER) -> BOOLEAN;
    pub fn KeReadStateTimer(Timer: *mut KTIMER) -> BOOLEAN;
    pub fn KeInitializeSemaphore(Semaphore: *mut KSEMAPHORE, Count: i32, Limit: i32);
    pub fn KeReleaseSemaphore(Semaphore: *mut KSEMAPHORE, Increment: KPRIORITY, Adjustment: i32, Wait: BOOLEAN) -> i32;
    pub fn KeInitializeMutex(Mutex: *mut KMUTANT, Level: u32);
    pub fn KeReleaseMutex(Mutex: *mut KMUTANT, Wait: BOOLEAN) -> i32;
    pub fn KeWaitForSingleObject(Object: *mut c_void, WaitReason: KWAIT_REASON, WaitMode: KPROCESSOR_MODE, Alertable: BOOLEAN, Timeout: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn KeWaitForMultipleObjects(Count: u32, Object: *mut *mut c_void, WaitType: WAIT_TYPE, WaitReason: KWAIT_REASON, WaitMode: KPROCESSOR_MODE, Alertable: BOOLEAN, Timeout: *mut LARGE_INTEGER, WaitBlockArray: *mut KWAIT_BLOCK) -> NTSTATUS;
    pub fn KeDelayExecutionThread(WaitMode: KPROCESSOR_MODE, Alertable: BOOLEAN, Interval: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn KeInitializeSpinLock(SpinLock: *mut KSPIN_LOCK);
    pub fn KeAcquireSpinLockAtDpcLevel(SpinLock: *mut KSPIN_LOCK);
    pub fn KeAcquireSpinLockRaiseToDpc(SpinLock: *mut KSPIN_LOCK) -> KIRQL;
    pub fn KeReleaseSpinLock(SpinLock: *mut KSPIN_LOCK, NewIrql: KIRQL);
    pub fn KeReleaseSpinLockFromDpcLevel(SpinLock: *mut KSPIN_LOCK);
    pub fn KeTryToAcquireSpinLockAtDpcLevel(SpinLock: *mut KSPIN_LOCK) -> BOOLEAN;
    pub fn KeTestSpinLock(SpinLock: *mut KSPIN_LOCK) -> BOOLEAN;
    pub fn KeAcquireInStackQueuedSpinLock(SpinLock: *mut KSPIN_LOCK, LockHandle: *mut KLOCK_QUEUE_HANDLE);
    pub fn KeReleaseInStackQueuedSpinLock(LockHandle: *mut KLOCK_QUEUE_HANDLE);
    pub fn KeAcquireInStackQueuedSpinLockAtDpcLevel(SpinLock: *mut KSPIN_LOCK, LockHandle: *mut KLOCK_QUEUE_HANDLE);
    pub fn KeReleaseInStackQueuedSpinLockFromDpcLevel(LockHandle: *mut KLOCK_QUEUE_HANDLE);
    pub fn KeAcquireInterruptSpinLock(Interrupt: PKINTERRUPT) -> KIRQL;
    pub fn KeReleaseInterruptSpinLock(Interrupt: PKINTERRUPT, OldIrql: KIRQL);
    pub fn KeSynchronizeExecution(Interrupt: PKINTERRUPT, SynchronizeRoutine: PKSYNCHRONIZE_ROUTINE, SynchronizeContext: *mut c_void) -> BOOLEAN;
    pub fn KeGetCurrentIrql() -> KIRQL;
    pub fn KeLowerIrql(NewIrql: KIRQL);
    pub fn KfRaiseIrql(NewIrql: KIRQL) -> KIRQL;
    pub fn KeRaiseIrqlToDpcLevel() -> KIRQL;
    pub fn KeGetCurrentProcessorNumberEx(ProcNumber: *mut PROCESSOR_NUMBER) -> u32;
    pub fn KeGetProcessorNumberFromIndex(ProcIndex: u32, ProcNumber: *mut PROCESSOR_NUMBER) -> NTSTATUS;
    pub fn KeGetProcessorIndexFromNumber(ProcNumber: *mut PROCESSOR_NUMBER) -> u32;
    pub fn KeQueryActiveProcessorCountEx(GroupNumber: u16) -> u32;
    pub fn KeQueryActiveProcessorCount(ActiveProcessors: *mut usize) -> u32;
    pub fn KeQueryActiveProcessors() -> usize;
    pub fn KeQueryActiveGroupCount() -> u16;
    pub fn KeQueryMaximumProcessorCountEx(GroupNumber: u16) -> u32;
    pub fn KeQueryMaximumGroupCount() -> u16;
    pub fn KeQueryGroupAffinity(GroupNumber: u16) -> usize;
    pub fn KeQueryHighestNodeNumber() -> u16;
    pub fn KeRegisterProcessorChangeCallback(CallbackFunction: PPROCESSOR_CALLBACK_FUNCTION, CallbackContext: *mut c_void, Flags: u32) -> *mut c_void;
    pub fn KeDeregisterProcessorChangeCallback(CallbackHandle: *mut c_void);
    pub fn KeSetSystemAffinityThread(Affinity: usize);
    pub fn KeRevertToUserAffinityThread();
    pub fn KeSetSystemAffinityThreadEx(Affinity: usize) -> usize;
    pub fn KeRevertToUserAffinityThreadEx(Affinity: usize);
    pub fn KeSetSystemGroupAffinityThread(Affinity: *mut GROUP_AFFINITY, PreviousAffinity: *mut GROUP_AFFINITY);
    pub fn KeRevertToUserGroupAffinityThread(PreviousAffinity: *mut GROUP_AFFINITY);
    pub fn KeSetPriorityThread(Thread: PKTHREAD, Priority: KPRIORITY) -> KPRIORITY;
    pub fn KeGetCurrentThread() -> PKTHREAD;
    pub fn KeSetBasePriorityThread(Thread: PKTHREAD, Increment: i32) -> i32;
    pub fn KeQueryTimeIncrement() -> u32;
    pub fn KeQuerySystemTimePrecise(CurrentTime: *mut LARGE_INTEGER);
    pub fn KeQueryInterruptTimePrecise(QpcTimeStamp: *mut u64) -> u64;
    pub fn KeQueryUnbiasedInterruptTime() -> u64;
    pub fn KeIpiGenericCall(BroadcastFunction: PKIPI_BROADCAST_WORKER, Context: usize) -> usize;
    pub fn KeBugCheckEx(BugCheckCode: u32, BugCheckParameter1: usize, BugCheckParameter2: usize, BugCheckParameter3: usize, BugCheckParameter4: usize);
    pub fn KeRegisterBugCheckCallback(CallbackRecord: *mut KBUGCHECK_CALLBACK_RECORD, CallbackRoutine: PKBUGCHECK_CALLBACK_ROUTINE, Buffer: *mut c_void, Length: u32, Component: *mut u8) -> BOOLEAN;
    pub fn KeDeregisterBugCheckCallback(CallbackRecord: *mut KBUGCHECK_CALLBACK_RECORD) -> BOOLEAN;
    pub fn KeRegisterBugCheckReasonCallback(CallbackRecord: *mut KBUGCHECK_REASON_CALLBACK_RECORD, CallbackRoutine: PKBUGCHECK_REASON_CALLBACK_ROUTINE, Reason: KBUGCHECK_CALLBACK_REASON, Component: *mut u8) -> BOOLEAN;
    pub fn KeDeregisterBugCheckReasonCallback(CallbackRecord: *mut KBUGCHECK_REASON_CALLBACK_RECORD) -> BOOLEAN;
    pub fn KeRegisterNmiCallback(CallbackRoutine: PNMI_CALLBACK, Context: *mut c_void) -> *mut c_void;
    pub fn KeDeregisterNmiCallback(Handle: *mut c_void) -> NTSTATUS;
    pub fn KeEnterCriticalRegion();
    pub fn KeLeaveCriticalRegion();
    pub fn KeEnterGuardedRegion();
    pub fn KeLeaveGuardedRegion();
    pub fn KeAreApcsDisabled() -> BOOLEAN;
    pub fn KeStackAttachProcess(PROCESS: *mut c_void, ApcState: *mut c_void);
    pub fn KeUnstackDetachProcess(ApcState: *mut c_void);
    pub fn KeFlushIoBuffers(Mdl: *mut MDL, ReadOperation: BOOLEAN, DmaOperation: BOOLEAN);
    pub fn KeInvalidateAllCaches() -> BOOLEAN;
    pub fn KeExpandKernelStackAndCallout(Callout: PEXPAND_STACK_CALLOUT, Parameter: *mut c_void, Size: usize) -> NTSTATUS;
    pub fn KeExpandKernelStackAndCalloutEx(Callout: PEXPAND_STACK_CALLOUT, Parameter: *mut c_void, Size: usize, Wait: BOOLEAN, Context: *mut c_void) -> NTSTATUS;
    pub fn KeSaveExtendedProcessorState(Mask: u64, XStateSave: *mut c_void) -> NTSTATUS;
    pub fn KeRestoreExtendedProcessorState(XStateSave: *mut c_void);
    pub fn KeGetRecommendedSharedDataAlignment() -> u32;
    pub fn KeAreAllApcsDisabled() -> BOOLEAN;
    pub static mut KeNumberProcessors: i8;
    pub static mut KiBugCheckData: [usize; 5];
}

#[cfg_attr(windows, link(name = "hal.dll", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn KeStallExecutionProcessor(MicroSeconds: u32);
    pub fn KeQueryPerformanceCounter(PerformanceFrequency: *mut LARGE_INTEGER) -> LARGE_INTEGER;
}
