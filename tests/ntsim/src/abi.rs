//! Types and constants of the NT ABI that the kernel side needs by Microsoft's names (wdm.h, ntdef.h, layouts
//! checked below). All of `nt::sys`, with records that are unions there replaced by plain views of the same layout.
#![allow(non_camel_case_types, non_snake_case, missing_docs)]

pub use core::ffi::c_void;
pub use nt::sys::*;

pub type PVOID = *mut c_void;

pub const PASSIVE_LEVEL: u8 = 0;
pub const APC_LEVEL: u8 = 1;
pub const DISPATCH_LEVEL: u8 = 2;
pub const CLOCK_LEVEL: u8 = 13;
pub const IPI_LEVEL: u8 = 14;
pub const HIGH_LEVEL: u8 = 15;
/// Highest device IRQL on x64.
pub const DIRQL_MAX: u8 = 12;

/// Is this status a success (severity 0 or 1)?
pub const fn nt_success(status: NTSTATUS) -> bool {
    status >= 0
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ANSI_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISPATCHER_HEADER {
    pub Type: u8,
    pub Signalling: u8,
    pub Size: u8,
    pub Reserved1: u8,
    pub SignalState: i32,
    pub WaitListHead: LIST_ENTRY,
}

/// DISPATCHER_HEADER.Type values (ntddk's KOBJECTS).
pub mod object_kind {
    pub const NOTIFICATION_EVENT: u8 = 0;
    pub const SYNCHRONIZATION_EVENT: u8 = 1;
    pub const MUTANT: u8 = 2;
    pub const PROCESS: u8 = 3;
    pub const SEMAPHORE: u8 = 5;
    pub const THREAD: u8 = 6;
    pub const TIMER_NOTIFICATION: u8 = 8;
    pub const TIMER_SYNCHRONIZATION: u8 = 9;
    pub const DPC: u8 = 19;
    pub const THREADED_DPC: u8 = 24;
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEVENT {
    pub Header: DISPATCHER_HEADER,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSEMAPHORE {
    pub Header: DISPATCHER_HEADER,
    pub Limit: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KMUTANT {
    pub Header: DISPATCHER_HEADER,
    pub MutantListEntry: LIST_ENTRY,
    pub OwnerThread: PVOID,
    pub Abandoned: u8,
    pub ApcDisable: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KTIMER {
    pub Header: DISPATCHER_HEADER,
    pub DueTime: u64,
    pub TimerListEntry: LIST_ENTRY,
    pub Dpc: *mut KDPC,
    pub Processor: u16,
    pub TimerType: u16,
    pub Period: u32,
}

pub type DeferredRoutine = unsafe extern "win64" fn(*mut KDPC, PVOID, PVOID, PVOID);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC {
    pub Type: u8,
    pub Importance: u8,
    pub Number: u16,
    pub DpcListEntry: SINGLE_LIST_ENTRY,
    pub ProcessorHistory: u64,
    pub DeferredRoutine: Option<DeferredRoutine>,
    pub DeferredContext: PVOID,
    pub SystemArgument1: PVOID,
    pub SystemArgument2: PVOID,
    pub DpcData: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KWAIT_BLOCK {
    pub WaitListEntry: LIST_ENTRY,
    pub WaitType: u8,
    pub BlockState: u8,
    pub WaitKey: u16,
    pub SpareLong: u32,
    pub Thread: PVOID,
    pub Object: PVOID,
    pub SparePtr: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KLOCK_QUEUE_HANDLE {
    pub Next: PVOID,
    pub Lock: *mut u64,
    pub OldIrql: u8,
}

const _: () = {
    assert!(size_of::<DISPATCHER_HEADER>() == 24);
    assert!(size_of::<KSEMAPHORE>() == 32);
    assert!(size_of::<KMUTANT>() == 56);
    assert!(size_of::<KTIMER>() == 64);
    assert!(size_of::<KDPC>() == 64);
    assert!(size_of::<KWAIT_BLOCK>() == 48);
    assert!(size_of::<FAST_MUTEX>() == 56);
    assert!(size_of::<KLOCK_QUEUE_HANDLE>() == 24);
    assert!(size_of::<MDL>() == 48);
    assert!(size_of::<OBJECT_ATTRIBUTES>() == 48);
};
