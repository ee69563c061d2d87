//! Registration with NDIS: the highest version that the running system has and that we know.
#![allow(unsafe_code, reason = "registers callbacks")]

use core::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

use nt::sys::*;

use crate::{adapter, lifecycle, oid, rx, tx};

/// Versions of NDIS that we know, newest first, with the revision of the driver's characteristics that
/// belongs to them. 6.60 is the floor: Windows 10 1607 and Server 2016.
const VERSIONS: [(u8, u8, u32, u64); 5] = [
    (
        6,
        85,
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
        NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
    ),
    (
        6,
        82,
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
        NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
    ),
    (
        6,
        80,
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
        NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
    ),
    (
        6,
        70,
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
        NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
    ),
    (
        6,
        60,
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
        NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
    ),
];

/// The newest version that is not newer than the system's (major in the high word, minor in the low).
fn choose(system: u32) -> Option<(u8, u8, u32, u64)> {
    let known =
        |&&(major, minor, ..): &&(u8, u8, u32, u64)| u32::from(major) << 16 | u32::from(minor) <= system;
    VERSIONS.iter().find(known).copied()
}

/// The version that we are registered with: major and minor.
static VERSION: AtomicU32 = AtomicU32::new(0);

/// The version that we are registered with: what NDIS takes us for.
#[must_use]
pub fn ndis_version() -> (u32, u32) {
    let version = VERSION.load(Ordering::Acquire);
    (version >> 16, version & 0xFFFF)
}

/// What NDIS gave us for the driver.
static DRIVER: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

nt::driver_entry!(driver_entry, *b"XNet");

fn driver_entry(driver: &mut DRIVER_OBJECT, registry: &UNICODE_STRING) -> NTSTATUS {
    // SAFETY: asks for a number.
    let system = unsafe { NdisGetVersion() };
    let Some((major, minor, revision, size)) = choose(system) else {
        return NDIS_STATUS_BAD_VERSION;
    };
    let mut characteristics = NDIS_MINIPORT_DRIVER_CHARACTERISTICS {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS as u8,
            Revision: revision as u8,
            Size: size as u16,
        },
        MajorNdisVersion: major,
        MinorNdisVersion: minor,
        MajorDriverVersion: 1,
        MinorDriverVersion: 0,
        Flags: 0,
        SetOptionsHandler: None,
        InitializeHandlerEx: Some(adapter::initialize),
        HaltHandlerEx: Some(adapter::halt),
        UnloadHandler: Some(unload),
        PauseHandler: Some(lifecycle::pause),
        RestartHandler: Some(lifecycle::restart),
        OidRequestHandler: Some(oid::request),
        SendNetBufferListsHandler: Some(tx::send),
        ReturnNetBufferListsHandler: Some(rx::returned),
        CancelSendHandler: Some(tx::cancel),
        CheckForHangHandlerEx: Some(lifecycle::check_for_hang),
        ResetHandlerEx: Some(lifecycle::reset),
        DevicePnPEventNotifyHandler: Some(lifecycle::pnp_event),
        ShutdownHandlerEx: Some(lifecycle::shutdown),
        CancelOidRequestHandler: Some(oid::cancel),
        DirectOidRequestHandler: None,
        CancelDirectOidRequestHandler: None,
        SynchronousOidRequestHandler: None,
    };
    VERSION.store(u32::from(major) << 16 | u32::from(minor), Ordering::Release);
    if !nt::reserve::create() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let mut handle = null_mut();
    // SAFETY: NDIS copies the characteristics and the path; the driver object is ours until we return.
    let status = unsafe {
        NdisMRegisterMiniportDriver(
            driver,
            core::ptr::from_ref(registry).cast_mut(),
            null_mut(),
            &raw mut characteristics,
            &raw mut handle,
        )
    };
    if status == NDIS_STATUS_SUCCESS {
        DRIVER.store(handle, Ordering::Release);
    } else {
        nt::reserve::destroy();
    }
    status
}

/// `MiniportDriverUnload`.
///
/// # Safety
/// Called by NDIS after the last adapter was halted.
unsafe extern "win64" fn unload(_driver: *mut DRIVER_OBJECT) {
    let handle = DRIVER.swap(null_mut(), Ordering::AcqRel);
    if !handle.is_null() {
        // SAFETY: the handle of the registration, given back once.
        unsafe { NdisMDeregisterMiniportDriver(handle) };
    }
    nt::reserve::destroy();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_known_version_is_taken() {
        let version = |system| choose(system).map(|(major, minor, revision, _)| (major, minor, revision));
        assert_eq!(version(0x0006_003C), Some((6, 60, 2)));
        assert_eq!(version(0x0006_0053), Some((6, 82, 3)));
        assert_eq!(version(0x0006_0059), Some((6, 85, 3)), "6.89 runs what we know");
        assert_eq!(version(0x0007_0000), Some((6, 85, 3)));
        assert_eq!(version(0x0006_001E), None);
    }
}
