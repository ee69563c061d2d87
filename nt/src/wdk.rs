//! Building with Microsoft's windows-drivers-rs (feature `wdk`, on Windows with the WDK).
//!
//! `wdk-sys` then brings the C run-time symbols and `wdk-build` the link line, in place of
//! [`crt`](crate) and of `cargo xtask build`'s own. The drivers' sources are the same under both
//! and go on using [`crate::sys`], because wdk-sys
//! - has no NDIS,
//! - types callbacks as `extern "C"`, which Rust keeps apart from `extern "win64"` although the two
//!   are one convention on x64 Windows,
//! - has `SIZE_T` as `u64`, and enumerators in a module per enumeration.
//!
//! What it is worth here is that it is Microsoft's own headers: each record below is compared at
//! compile time with the one that bindgen made of them, so that a binding of ours that disagrees
//! with the installed WDK does not build. (Storport's registration structures are left out: they
//! grow with the WDK, and carry their size.)

pub use wdk_sys;

/// Asserts that our record and wdk-sys's have the same size and alignment.
macro_rules! same_layout {
    ($($name:ident)*) => {
        const _: () = {
            $(
                assert!(
                    size_of::<wdk_sys::$name>() == size_of::<crate::sys::$name>(),
                    concat!(stringify!($name), " differs in size from the WDK's")
                );
                assert!(
                    align_of::<wdk_sys::$name>() == align_of::<crate::sys::$name>(),
                    concat!(stringify!($name), " differs in alignment from the WDK's")
                );
            )*
        };
    };
}

same_layout! {
    CM_FULL_RESOURCE_DESCRIPTOR CM_PARTIAL_RESOURCE_DESCRIPTOR CM_RESOURCE_LIST
    DEVICE_CAPABILITIES DEVICE_OBJECT DEVICE_RELATIONS DRIVER_OBJECT FILE_OBJECT GROUP_AFFINITY GUID
    INTERFACE IO_CONNECT_INTERRUPT_PARAMETERS IO_DISCONNECT_INTERRUPT_PARAMETERS
    IO_ERROR_LOG_PACKET IO_REMOVE_LOCK IO_RESOURCE_DESCRIPTOR IO_RESOURCE_REQUIREMENTS_LIST
    IO_STACK_LOCATION IO_STATUS_BLOCK IRP
    KBUGCHECK_CALLBACK_RECORD KBUGCHECK_REASON_CALLBACK_RECORD KDPC KEVENT KTIMER
    KEY_VALUE_PARTIAL_INFORMATION LARGE_INTEGER LIST_ENTRY MDL OBJECT_ATTRIBUTES PNP_BUS_INFORMATION
    POWER_STATE PROCESSOR_NUMBER SCSI_REQUEST_BLOCK STORAGE_REQUEST_BLOCK UNICODE_STRING
}
