//! Storport: what a miniport registers, is told and asks for.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_GROUP_AFFINITY {
    pub Mask: STOR_AFFINITY,
    pub Group: u16,
    pub Reserved: [u16; 3],
}
layout!(STOR_GROUP_AFFINITY, 16, 8, Mask @ 0, Group @ 8, Reserved @ 10);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut WCHAR,
}
layout!(STOR_UNICODE_STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_RICH_DEVICE_DESCRIPTION {
    pub Version: u32,
    pub Size: u32,
    pub VendorId: [i8; 17],
    pub ModelNumber: [i8; 65],
    pub FirmwareRevision: [i8; 17],
}
layout!(STOR_RICH_DEVICE_DESCRIPTION, 108, 4, Version @ 0, Size @ 4, VendorId @ 8, ModelNumber @ 25, FirmwareRevision @ 90);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORPORT_EXTENDED_FUNCTIONS {
    pub Version: u32,
    pub GetMessageInterruptInformation: PStorPortGetMessageInterruptInformation,
    pub PutScatterGatherList: PStorPortPutScatterGatherList,
    pub BuildScatterGatherList: PStorPortBuildScatterGatherList,
    pub FreePool: PStorPortFreePool,
    pub AllocatePool: PStorPortAllocatePool,
    pub GetSystemAddress: PStorPortGetSystemAddress,
    pub AcquireMSISpinLock: PStorPortAcquireMSISpinLock,
    pub ReleaseMSISpinLock: PStorPortReleaseMSISpinLock,
    pub CompleteServiceIrp: PStorPortCompleteServiceIrp,
    pub GetOriginalMdl: PStorPortGetOriginalMdl,
}
layout!(STORPORT_EXTENDED_FUNCTIONS, 88, 8, Version @ 0, GetMessageInterruptInformation @ 8, PutScatterGatherList @ 16, BuildScatterGatherList @ 24, FreePool @ 32, AllocatePool @ 40, GetSystemAddress @ 48, AcquireMSISpinLock @ 56, ReleaseMSISpinLock @ 64, CompleteServiceIrp @ 72, GetOriginalMdl @ 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STOR_RESET_BUS_SYNCHRONOUS_PARAMETER {
    pub Version: u32,
    pub Size: u32,
    pub PathId: u32,
    pub Reserved: u32,
}
layout!(STOR_RESET_BUS_SYNCHRONOUS_PARAMETER, 16, 4, Version @ 0, Size @ 4, PathId @ 8, Reserved @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORPORT_TELEMETRY_EVENT {
    pub DriverVersion: u32,
    pub EventId: u32,
    pub EventName: [u8; 32],
    pub EventVersion: u32,
    pub Flags: u32,
    pub EventBufferLength: u32,
    pub EventBuffer: *mut u8,
    pub ParameterName0: [u8; 32],
    pub ParameterValue0: u64,
    pub ParameterName1: [u8; 32],
    pub ParameterValue1: u64,
    pub ParameterName2: [u8; 32],
    pub ParameterValue2: u64,
    pub ParameterName3: [u8; 32],
    pub ParameterValue3: u64,
    pub ParameterName4: [u8; 32],
    pub ParameterValue4: u64,
    pub ParameterName5: [u8; 32],
    pub ParameterValue5: u64,
    pub ParameterName6: [u8; 32],
    pub ParameterValue6: u64,
    pub ParameterName7: [u8; 32],
    pub ParameterValue7: u64,
}
layout!(STORPORT_TELEMETRY_EVENT, 384, 8, DriverVersion @ 0, EventId @ 4, EventName @ 8, EventVersion @ 40, Flags @ 44, EventBufferLength @ 48, EventBuffer @ 56, ParameterName0 @ 64, ParameterValue0 @ 96, ParameterName1 @ 104, ParameterValue1 @ 136, ParameterName2 @ 144, ParameterValue2 @ 176, ParameterName3 @ 184, ParameterValue3 @ 216, ParameterName4 @ 224, ParameterValue4 @ 256, ParameterName5 @ 264, ParameterValue5 @ 296, ParameterName6 @ 304, ParameterValue6 @ 336, ParameterName7 @ 344, ParameterValue7 @ 376);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NTSCSI_UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut WCHAR,
}
layout!(NTSCSI_UNICODE_STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);
