//! Functions that are newer than Windows 10 1607: never imported, only looked up at run time
//! (`MmGetSystemRoutineAddress`, `NdisGetRoutineAddress`).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type PFN_ExAllocatePool2 = unsafe extern "win64" fn(Flags: POOL_FLAGS, NumberOfBytes: usize, Tag: u32) -> *mut c_void;
pub type PFN_IoOpenDriverRegistryKey = unsafe extern "win64" fn(DriverObject: *mut DRIVER_OBJECT, RegKeyType: DRIVER_REGKEY_TYPE, DesiredAccess: ACCESS_MASK, Flags: u32, DriverRegKey: *mut HANDLE) -> NTSTATUS;
pub type PFN_NdisRegisterPoll = unsafe extern "win64" fn(NdisHandle: NDIS_HANDLE, Context: *mut c_void, Characteristics: *const NDIS_POLL_CHARACTERISTICS, PollHandle: *mut *mut c_void) -> NDIS_STATUS;
pub type PFN_NdisDeregisterPoll = unsafe extern "win64" fn(PollHandle: *mut c_void);
pub type PFN_NdisRequestPoll = unsafe extern "win64" fn(PollHandle: *mut c_void, Reserved: *mut c_void);
pub type PFN_NdisSetPollAffinity = unsafe extern "win64" fn(PollHandle: *mut c_void, PollAffinity: *const PROCESSOR_NUMBER);
