//! Ke: dispatcher objects, DPCs, interrupts, processors, time, bug checks.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type KDPC_IMPORTANCE = i32;
pub type EVENT_TYPE = i32;
pub type TIMER_TYPE = i32;
pub type WAIT_TYPE = i32;
pub type MODE = i32;
pub type KWAIT_REASON = i32;
pub type KINTERRUPT_MODE = i32;
pub type KINTERRUPT_POLARITY = i32;
pub type KBUGCHECK_CALLBACK_REASON = i32;
pub type KBUGCHECK_BUFFER_DUMP_STATE = i32;
pub type KBUGCHECK_DUMP_IO_TYPE = i32;
pub type KE_PROCESSOR_CHANGE_NOTIFY_STATE = i32;
pub type LOCK_OPERATION = i32;
pub type BOOLEAN = u8;
pub type NTSTATUS = i32;
pub type KPRIORITY = i32;
pub type KPROCESSOR_MODE = i8;
pub type KSPIN_LOCK = usize;
pub type KIRQL = u8;
pub type PKINTERRUPT = *mut c_void;
pub type PKTHREAD = *mut c_void;

pub type PKDEFERRED_ROUTINE = Option<unsafe extern "win64" fn(Dpc: *mut KDPC, DeferredContext: *mut c_void, SystemArgument1: *mut c_void, SystemArgument2: *mut c_void)>;
pub type PKSTART_ROUTINE = Option<unsafe extern "win64" fn(StartContext: *mut c_void)>;
pub type PKIPI_BROADCAST_WORKER = Option<unsafe extern "win64" fn(Argument: usize) -> usize>;
pub type PNMI_CALLBACK = Option<unsafe extern "win64" fn(Context: *mut c_void, Handled: BOOLEAN) -> BOOLEAN>;
pub type PKSERVICE_ROUTINE = Option<unsafe extern "win64" fn(Interrupt: *mut c_void, ServiceContext: *mut c_void) -> BOOLEAN>;
pub type PKMESSAGE_SERVICE_ROUTINE = Option<unsafe extern "win64" fn(Interrupt: *mut c_void, ServiceContext: *mut c_void, MessageID: u32) -> BOOLEAN>;
pub type PKBUGCHECK_CALLBACK_ROUTINE = Option<unsafe extern "win64" fn(Buffer: *mut c_void, Length: u32)>;
pub type PKBUGCHECK_REASON_CALLBACK_ROUTINE = Option<unsafe extern "win64" fn(Reason: KBUGCHECK_CALLBACK_REASON, Record: *mut KBUGCHECK_REASON_CALLBACK_RECORD, ReasonSpecificData: *mut c_void, ReasonSpecificDataLength: u32)>;
pub type PPROCESSOR_CALLBACK_FUNCTION = Option<unsafe extern "win64" fn(CallbackContext: *mut c_void, ChangeContext: *mut KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, OperationStatus: *mut NTSTATUS)>;
pub type PKSYNCHRONIZE_ROUTINE = Option<unsafe extern "win64" fn(SynchronizeContext: *mut c_void) -> BOOLEAN>;
pub type PEXPAND_STACK_CALLOUT = Option<unsafe extern "win64" fn(Parameter: *mut c_void)>;
pub type PEXT_DELETE_CALLBACK = Option<unsafe extern "win64" fn(Context: *mut c_void)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC_anon_1_anon_1 {
    pub Type: u8,
    pub Importance: u8,
    pub Number: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union KDPC_anon_1 {
    pub TargetInfoAsUlong: u32,
    pub __bindgen_anon_1: KDPC_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC {
    pub __bindgen_anon_1: KDPC_anon_1,
    pub DpcListEntry: SINGLE_LIST_ENTRY,
    pub ProcessorHistory: usize,
    pub DeferredRoutine: PKDEFERRED_ROUTINE,
    pub DeferredContext: *mut c_void,
    pub SystemArgument1: *mut c_void,
    pub SystemArgument2: *mut c_void,
    pub DpcData: *mut c_void,
}
layout!(KDPC_anon_1_anon_1, 4, 2, Type @ 0, Importance @ 1, Number @ 2);
layout!(KDPC_anon_1, 4, 4, TargetInfoAsUlong @ 0, __bindgen_anon_1 @ 0);
layout!(KDPC, 64, 8, __bindgen_anon_1 @ 0, DpcListEntry @ 8, ProcessorHistory @ 16, DeferredRoutine @ 24, DeferredContext @ 32, SystemArgument1 @ 40, SystemArgument2 @ 48, DpcData @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KBUGCHECK_REASON_CALLBACK_RECORD {
    pub Entry: LIST_ENTRY,
    pub CallbackRoutine: PKBUGCHECK_REASON_CALLBACK_ROUTINE,
    pub Component: *mut u8,
    pub Checksum: usize,
    pub Reason: KBUGCHECK_CALLBACK_REASON,
    pub State: u8,
}
layout!(KBUGCHECK_REASON_CALLBACK_RECORD, 48, 8, Entry @ 0, CallbackRoutine @ 16, Component @ 24, Checksum @ 32, Reason @ 40, State @ 44);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT {
    pub State: KE_PROCESSOR_CHANGE_NOTIFY_STATE,
    pub NtNumber: u32,
    pub Status: NTSTATUS,
    pub ProcNumber: PROCESSOR_NUMBER,
}
layout!(KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, 16, 4, State @ 0, NtNumber @ 4, Status @ 8, ProcNumber @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEVENT {
    pub Header: DISPATCHER_HEADER,
}
layout!(KEVENT, 24, 8, Header @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KTIMER {
    pub Header: DISPATCHER_HEADER,
    pub DueTime: ULARGE_INTEGER,
    pub TimerListEntry: LIST_ENTRY,
    pub Dpc: *mut KDPC,
    pub Processor: u16,
    pub TimerType: u16,
    pub Period: u32,
}
layout!(KTIMER, 64, 8, Header @ 0, DueTime @ 24, TimerListEntry @ 32, Dpc @ 48, Processor @ 56, TimerType @ 58, Period @ 60);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_1 {
    pub Type: u8,
    pub Signalling: u8,
    pub Size: u8,
    pub Reserved1: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_2_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_2_anon_1_anon_1, _bitfield_1: u8 { Absolute set_Absolute @ 0 + 1, Wake set_Wake @ 1 + 1, EncodedTolerableDelay set_EncodedTolerableDelay @ 2 + 6 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_2_anon_1 {
    pub TimerControlFlags: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_2_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_2_anon_2_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_2_anon_2_anon_1, _bitfield_1: u8 { Index set_Index @ 0 + 6, Inserted set_Inserted @ 6 + 1, Expired set_Expired @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_2_anon_2 {
    pub TimerMiscFlags: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_2_anon_2_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_2 {
    pub TimerType: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_2_anon_1,
    pub Hand: u8,
    pub __bindgen_anon_2: DISPATCHER_HEADER_anon_1_anon_2_anon_2,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_3_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_3_anon_1_anon_1, _bitfield_1: u8 { Timer2Inserted set_Timer2Inserted @ 0 + 1, Timer2Expiring set_Timer2Expiring @ 1 + 1, Timer2CancelPending set_Timer2CancelPending @ 2 + 1, Timer2SetPending set_Timer2SetPending @ 3 + 1, Timer2Running set_Timer2Running @ 4 + 1, Timer2Disabled set_Timer2Disabled @ 5 + 1, Timer2ReservedFlags set_Timer2ReservedFlags @ 6 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_3_anon_1 {
    pub Timer2Flags: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_3_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_3 {
    pub Timer2Type: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_3_anon_1,
    pub Timer2ComponentId: u8,
    pub Timer2RelativeId: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_4_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_4_anon_1_anon_1, _bitfield_1: u8 { Abandoned set_Abandoned @ 0 + 1, DisableIncrement set_DisableIncrement @ 1 + 1, QueueReservedControlFlags set_QueueReservedControlFlags @ 2 + 6 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_4_anon_1 {
    pub QueueControlFlags: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_4_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_4 {
    pub QueueType: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_4_anon_1,
    pub QueueSize: u8,
    pub QueueReserved: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_5_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_5_anon_1_anon_1, _bitfield_1: u8 { CycleProfiling set_CycleProfiling @ 0 + 1, CounterProfiling set_CounterProfiling @ 1 + 1, GroupScheduling set_GroupScheduling @ 2 + 1, AffinitySet set_AffinitySet @ 3 + 1, Tagged set_Tagged @ 4 + 1, EnergyProfiling set_EnergyProfiling @ 5 + 1, SchedulerAssist set_SchedulerAssist @ 6 + 1, ThreadReservedControlFlags set_ThreadReservedControlFlags @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_5_anon_1 {
    pub ThreadControlFlags: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_5_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_5_anon_2_anon_1 {
    pub _bitfield_1: u8,
}
bits!(DISPATCHER_HEADER_anon_1_anon_5_anon_2_anon_1, _bitfield_1: u8 { ActiveDR7 set_ActiveDR7 @ 0 + 1, Instrumented set_Instrumented @ 1 + 1, Minimal set_Minimal @ 2 + 1, Reserved4 set_Reserved4 @ 3 + 2, AltSyscall set_AltSyscall @ 5 + 1, Emulation set_Emulation @ 6 + 1, Reserved5 set_Reserved5 @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1_anon_5_anon_2 {
    pub DebugActive: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_5_anon_2_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_5 {
    pub ThreadType: u8,
    pub ThreadReserved: u8,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_5_anon_1,
    pub __bindgen_anon_2: DISPATCHER_HEADER_anon_1_anon_5_anon_2,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER_anon_1_anon_6 {
    pub MutantType: u8,
    pub MutantSize: u8,
    pub DpcActive: BOOLEAN,
    pub MutantReserved: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union DISPATCHER_HEADER_anon_1 {
    pub Lock: i32,
    pub LockNV: i32,
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1_anon_1,
    pub __bindgen_anon_2: DISPATCHER_HEADER_anon_1_anon_2,
    pub __bindgen_anon_3: DISPATCHER_HEADER_anon_1_anon_3,
    pub __bindgen_anon_4: DISPATCHER_HEADER_anon_1_anon_4,
    pub __bindgen_anon_5: DISPATCHER_HEADER_anon_1_anon_5,
    pub __bindgen_anon_6: DISPATCHER_HEADER_anon_1_anon_6,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER {
    pub __bindgen_anon_1: DISPATCHER_HEADER_anon_1,
    pub SignalState: i32,
    pub WaitListHead: LIST_ENTRY,
}
layout!(DISPATCHER_HEADER_anon_1_anon_1, 4, 1, Type @ 0, Signalling @ 1, Size @ 2, Reserved1 @ 3);
layout!(DISPATCHER_HEADER_anon_1_anon_2_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_2_anon_1, 1, 1, TimerControlFlags @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_2_anon_2_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_2_anon_2, 1, 1, TimerMiscFlags @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_2, 4, 1, TimerType @ 0, __bindgen_anon_1 @ 1, Hand @ 2, __bindgen_anon_2 @ 3);
layout!(DISPATCHER_HEADER_anon_1_anon_3_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_3_anon_1, 1, 1, Timer2Flags @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_3, 4, 1, Timer2Type @ 0, __bindgen_anon_1 @ 1, Timer2ComponentId @ 2, Timer2RelativeId @ 3);
layout!(DISPATCHER_HEADER_anon_1_anon_4_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_4_anon_1, 1, 1, QueueControlFlags @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_4, 4, 1, QueueType @ 0, __bindgen_anon_1 @ 1, QueueSize @ 2, QueueReserved @ 3);
layout!(DISPATCHER_HEADER_anon_1_anon_5_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_5_anon_1, 1, 1, ThreadControlFlags @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_5_anon_2_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_5_anon_2, 1, 1, DebugActive @ 0, __bindgen_anon_1 @ 0);
layout!(DISPATCHER_HEADER_anon_1_anon_5, 4, 1, ThreadType @ 0, ThreadReserved @ 1, __bindgen_anon_1 @ 2, __bindgen_anon_2 @ 3);
layout!(DISPATCHER_HEADER_anon_1_anon_6, 4, 1, MutantType @ 0, MutantSize @ 1, DpcActive @ 2, MutantReserved @ 3);
layout!(DISPATCHER_HEADER_anon_1, 4, 4, Lock @ 0, LockNV @ 0, __bindgen_anon_1 @ 0, __bindgen_anon_2 @ 0, __bindgen_anon_3 @ 0, __bindgen_anon_4 @ 0, __bindgen_anon_5 @ 0, __bindgen_anon_6 @ 0);
layout!(DISPATCHER_HEADER, 24, 8, __bindgen_anon_1 @ 0, SignalState @ 4, WaitListHead @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSEMAPHORE {
    pub Header: DISPATCHER_HEADER,
    pub Limit: i32,
}
layout!(KSEMAPHORE, 32, 8, Header @ 0, Limit @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KMUTANT_anon_1_anon_1 {
    pub _bitfield_1: u8,
}
bits!(KMUTANT_anon_1_anon_1, _bitfield_1: u8 { Abandoned set_Abandoned @ 0 + 1, Spare1 set_Spare1 @ 1 + 7 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union KMUTANT_anon_1 {
    pub MutantFlags: u8,
    pub __bindgen_anon_1: KMUTANT_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KMUTANT {
    pub Header: DISPATCHER_HEADER,
    pub MutantListEntry: LIST_ENTRY,
    pub OwnerThread: *mut c_void,
    pub __bindgen_anon_1: KMUTANT_anon_1,
    pub ApcDisable: u8,
}
layout!(KMUTANT_anon_1_anon_1, 1, 1, _bitfield_1 @ 0);
layout!(KMUTANT_anon_1, 1, 1, MutantFlags @ 0, __bindgen_anon_1 @ 0);
layout!(KMUTANT, 56, 8, Header @ 0, MutantListEntry @ 24, OwnerThread @ 40, __bindgen_anon_1 @ 48, ApcDisable @ 49);

#[repr(C)]
#[derive(Clone, Copy)]
pub union KWAIT_BLOCK_anon_1 {
    pub Thread: *mut c_void,
    pub NotificationQueue: *mut c_void,
    pub Dpc: *mut KDPC,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KWAIT_BLOCK {
    pub WaitListEntry: LIST_ENTRY,
    pub WaitType: u8,
    pub BlockState: u8,
    pub WaitKey: u16,
    pub SpareLong: i32,
    pub __bindgen_anon_1: KWAIT_BLOCK_anon_1,
    pub Object: *mut c_void,
    pub SparePtr: *mut c_void,
}
layout!(KWAIT_BLOCK_anon_1, 8, 8, Thread @ 0, NotificationQueue @ 0, Dpc @ 0);
layout!(KWAIT_BLOCK, 48, 8, WaitListEntry @ 0, WaitType @ 16, BlockState @ 17, WaitKey @ 18, SpareLong @ 20, __bindgen_anon_1 @ 24, Object @ 32, SparePtr @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KAPC {
    pub Type: u8,
    pub AllFlags: u8,
    pub Size: u8,
    pub SpareByte1: u8,
    pub SpareLong0: u32,
    pub Thread: *mut c_void,
    pub ApcListEntry: LIST_ENTRY,
    pub Reserved: [*mut c_void; 3],
    pub NormalContext: *mut c_void,
    pub SystemArgument1: *mut c_void,
    pub SystemArgument2: *mut c_void,
    pub ApcStateIndex: i8,
    pub ApcMode: KPROCESSOR_MODE,
    pub Inserted: BOOLEAN,
}
layout!(KAPC, 88, 8, Type @ 0, AllFlags @ 1, Size @ 2, SpareByte1 @ 3, SpareLong0 @ 4, Thread @ 8, ApcListEntry @ 16, Reserved @ 32, NormalContext @ 56, SystemArgument1 @ 64, SystemArgument2 @ 72, ApcStateIndex @ 80, ApcMode @ 81, Inserted @ 82);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDEVICE_QUEUE_anon_1_anon_1 {
    pub _bitfield_1: u64,
}
bits!(KDEVICE_QUEUE_anon_1_anon_1, _bitfield_1: u64 { Reserved set_Reserved @ 0 + 8, Hint set_Hint @ 8 + 56 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union KDEVICE_QUEUE_anon_1 {
    pub Busy: BOOLEAN,
    pub __bindgen_anon_1: KDEVICE_QUEUE_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDEVICE_QUEUE {
    pub Type: i16,
    pub Size: i16,
    pub DeviceListHead: LIST_ENTRY,
    pub Lock: KSPIN_LOCK,
    pub __bindgen_anon_1: KDEVICE_QUEUE_anon_1,
}
layout!(KDEVICE_QUEUE_anon_1_anon_1, 8, 8, _bitfield_1 @ 0);
layout!(KDEVICE_QUEUE_anon_1, 8, 8, Busy @ 0, __bindgen_anon_1 @ 0);
layout!(KDEVICE_QUEUE, 40, 8, Type @ 0, Size @ 2, DeviceListHead @ 8, Lock @ 24, __bindgen_anon_1 @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDEVICE_QUEUE_ENTRY {
    pub DeviceListEntry: LIST_ENTRY,
    pub SortKey: u32,
    pub Inserted: BOOLEAN,
}
layout!(KDEVICE_QUEUE_ENTRY, 24, 8, DeviceListEntry @ 0, SortKey @ 16, Inserted @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KLOCK_QUEUE_HANDLE {
    pub LockQueue: KSPIN_LOCK_QUEUE,
    pub OldIrql: KIRQL,
}
layout!(KLOCK_QUEUE_HANDLE, 24, 8, LockQueue @ 0, OldIrql @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KBUGCHECK_CALLBACK_RECORD {
    pub Entry: LIST_ENTRY,
    pub CallbackRoutine: PKBUGCHECK_CALLBACK_ROUTINE,
    pub Buffer: *mut c_void,
    pub Length: u32,
    pub Component: *mut u8,
    pub Checksum: usize,
    pub State: u8,
}
layout!(KBUGCHECK_CALLBACK_RECORD, 64, 8, Entry @ 0, CallbackRoutine @ 16, Buffer @ 24, Length @ 32, Component @ 40, Checksum @ 48, State @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KBUGCHECK_SECONDARY_DUMP_DATA {
    pub InBuffer: *mut c_void,
    pub InBufferLength: u32,
    pub MaximumAllowed: u32,
    pub Guid: GUID,
    pub OutBuffer: *mut c_void,
    pub OutBufferLength: u32,
}
layout!(KBUGCHECK_SECONDARY_DUMP_DATA, 48, 8, InBuffer @ 0, InBufferLength @ 8, MaximumAllowed @ 12, Guid @ 16, OutBuffer @ 32, OutBufferLength @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KBUGCHECK_DUMP_IO {
    pub Offset: u64,
    pub Buffer: *mut c_void,
    pub BufferLength: u32,
    pub Type: KBUGCHECK_DUMP_IO_TYPE,
}
layout!(KBUGCHECK_DUMP_IO, 24, 8, Offset @ 0, Buffer @ 8, BufferLength @ 16, Type @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KBUGCHECK_ADD_PAGES {
    pub Context: *mut c_void,
    pub Flags: u32,
    pub BugCheckCode: u32,
    pub Address: usize,
    pub Count: usize,
}
layout!(KBUGCHECK_ADD_PAGES, 32, 8, Context @ 0, Flags @ 8, BugCheckCode @ 12, Address @ 16, Count @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KFLOATING_SAVE {
    pub Dummy: u32,
}
layout!(KFLOATING_SAVE, 4, 4, Dummy @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EXT_DELETE_PARAMETERS {
    pub Version: u32,
    pub Reserved: u32,
    pub DeleteCallback: PEXT_DELETE_CALLBACK,
    pub DeleteContext: *mut c_void,
}
layout!(EXT_DELETE_PARAMETERS, 24, 8, Version @ 0, Reserved @ 4, DeleteCallback @ 8, DeleteContext @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EXT_SET_PARAMETERS {
    pub Version: u32,
    pub Reserved: u32,
    pub NoWakeTolerance: i64,
}
layout!(EXT_SET_PARAMETERS, 16, 8, Version @ 0, Reserved @ 4, NoWakeTolerance @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSYSTEM_TIME {
    pub LowPart: u32,
    pub High1Time: i32,
    pub High2Time: i32,
}
layout!(KSYSTEM_TIME, 12, 4, LowPart @ 0, High1Time @ 4, High2Time @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSPIN_LOCK_QUEUE {
    pub Next: *mut KSPIN_LOCK_QUEUE,
    pub Lock: *mut KSPIN_LOCK,
}
layout!(KSPIN_LOCK_QUEUE, 16, 8, Next @ 0, Lock @ 8);
