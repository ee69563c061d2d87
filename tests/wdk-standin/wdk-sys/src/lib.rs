//! Stands in for Microsoft's `wdk-sys`, which needs a WDK to build: as much of it as `nt`'s feature
//! `wdk` touches, so that the feature is compiled everywhere and cannot rot.
//!
//! Sizes and alignments are the recorded facts (`tests/abi/facts/layouts.json`), not `nt`'s.
#![no_std]
#![allow(non_camel_case_types, reason = "Microsoft's names")]

macro_rules! records {
    ($($name:ident: $size:literal, $align:literal;)*) => {$(
        /// As large as the record of this name.
        #[repr(C, align($align))]
        pub struct $name([u8; $size]);
    )*};
}

records! {
    CM_FULL_RESOURCE_DESCRIPTOR: 36, 4;
    CM_PARTIAL_RESOURCE_DESCRIPTOR: 20, 4;
    CM_RESOURCE_LIST: 40, 4;
    DEVICE_CAPABILITIES: 64, 4;
    DEVICE_OBJECT: 336, 16;
    DEVICE_RELATIONS: 16, 8;
    DRIVER_OBJECT: 336, 8;
    FILE_OBJECT: 216, 8;
    GROUP_AFFINITY: 16, 8;
    GUID: 16, 4;
    INTERFACE: 32, 8;
    IO_CONNECT_INTERRUPT_PARAMETERS: 80, 8;
    IO_DISCONNECT_INTERRUPT_PARAMETERS: 16, 8;
    IO_ERROR_LOG_PACKET: 48, 8;
    IO_REMOVE_LOCK: 32, 8;
    IO_RESOURCE_DESCRIPTOR: 32, 8;
    IO_RESOURCE_REQUIREMENTS_LIST: 72, 8;
    IO_STACK_LOCATION: 72, 8;
    IO_STATUS_BLOCK: 16, 8;
    IRP: 208, 16;
    KBUGCHECK_CALLBACK_RECORD: 64, 8;
    KBUGCHECK_REASON_CALLBACK_RECORD: 48, 8;
    KDPC: 64, 8;
    KEVENT: 24, 8;
    KTIMER: 64, 8;
    KEY_VALUE_PARTIAL_INFORMATION: 16, 4;
    LARGE_INTEGER: 8, 8;
    LIST_ENTRY: 16, 8;
    MDL: 48, 8;
    OBJECT_ATTRIBUTES: 48, 8;
    PNP_BUS_INFORMATION: 24, 4;
    POWER_STATE: 4, 4;
    PROCESSOR_NUMBER: 4, 2;
    SCSI_REQUEST_BLOCK: 88, 8;
    STORAGE_REQUEST_BLOCK: 128, 8;
    UNICODE_STRING: 16, 8;
}
