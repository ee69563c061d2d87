//! Registration of miniport drivers.

use super::{form, pnp, rules, state, version};
use crate::abi::*;
use crate::io::stack;
use crate::kernel::lock::Lock;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

/// A miniport driver.
pub struct Driver {
    /// Its driver object.
    pub object: *mut DRIVER_OBJECT,
    /// Registry path of its service.
    pub path: String,
    /// MiniportDriverContext.
    pub context: PVOID,
    /// What it registered.
    pub handlers: NDIS_MINIPORT_DRIVER_CHARACTERISTICS,
    /// NDIS version that it asked for.
    pub version: u32,
    /// Optional PnP handlers.
    pub pnp: Lock<NDIS_MINIPORT_PNP_CHARACTERISTICS>,
    /// Optional selective suspend handlers.
    pub suspend: Lock<Option<NDIS_MINIPORT_SS_CHARACTERISTICS>>,
}

unsafe impl Send for Driver {}
unsafe impl Sync for Driver {}

impl Driver {
    /// NdisMiniportDriverHandle.
    pub fn handle(&self) -> NDIS_HANDLE {
        core::ptr::from_ref(self) as NDIS_HANDLE
    }

    /// The driver of a driver object.
    pub fn of(object: *const DRIVER_OBJECT) -> Option<&'static Driver> {
        state().drivers.lock().iter().copied().find(|d| core::ptr::eq(d.object, object))
    }
}

/// Minor versions of NDIS 6 that exist.
const MINORS: [u8; 17] = [0, 1, 20, 30, 40, 50, 51, 60, 70, 80, 81, 82, 83, 84, 85, 86, 87];

unsafe fn register(
    object: *mut DRIVER_OBJECT,
    path: *mut UNICODE_STRING,
    context: PVOID,
    characteristics: *mut NDIS_MINIPORT_DRIVER_CHARACTERISTICS,
    out: *mut NDIS_HANDLE,
) -> NDIS_STATUS {
    let (major, minor) = ((*characteristics).MajorNdisVersion, (*characteristics).MinorNdisVersion);
    let asked = u32::from(major) << 16 | u32::from(minor);
    if major != 6 || asked > version() || !(MINORS.contains(&minor) || minor > 87) {
        return NDIS_STATUS_BAD_VERSION;
    }
    if !form::DRIVER.check(characteristics.cast(), asked) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    let handlers = form::DRIVER.copy(characteristics);
    let missing = [
        ("InitializeHandlerEx", handlers.InitializeHandlerEx.is_none()),
        ("HaltHandlerEx", handlers.HaltHandlerEx.is_none()),
        ("UnloadHandler", handlers.UnloadHandler.is_none()),
        ("PauseHandler", handlers.PauseHandler.is_none()),
        ("RestartHandler", handlers.RestartHandler.is_none()),
        ("OidRequestHandler", handlers.OidRequestHandler.is_none()),
        ("SendNetBufferListsHandler", handlers.SendNetBufferListsHandler.is_none()),
        ("ReturnNetBufferListsHandler", handlers.ReturnNetBufferListsHandler.is_none()),
        ("CancelSendHandler", handlers.CancelSendHandler.is_none()),
        ("DevicePnPEventNotifyHandler", handlers.DevicePnPEventNotifyHandler.is_none()),
        ("ShutdownHandlerEx", handlers.ShutdownHandlerEx.is_none()),
        ("CancelOidRequestHandler", handlers.CancelOidRequestHandler.is_none()),
        (
            "ResetHandlerEx beside CheckForHangHandlerEx",
            handlers.CheckForHangHandlerEx.is_some() && handlers.ResetHandlerEx.is_none(),
        ),
        (
            "CancelDirectOidRequestHandler beside DirectOidRequestHandler",
            handlers.DirectOidRequestHandler.is_some() != handlers.CancelDirectOidRequestHandler.is_some(),
        ),
    ];
    if let Some((name, _)) = missing.iter().find(|m| m.1) {
        rules::report(&rules::HANDLER_MISSING, format!("{name} is missing"), characteristics as usize, 0);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if Driver::of(object).is_some() {
        return NDIS_STATUS_FAILURE;
    }
    let driver: &'static Driver = Box::leak(Box::new(Driver {
        object,
        path: stack::text(path),
        context,
        handlers,
        version: asked,
        pnp: Lock::new(Default::default()),
        suspend: Lock::new(None),
    }));
    state().drivers.lock().push(driver);
    // The handle is valid before SetOptions, which takes it.
    *out = driver.handle();
    if let Some(set_options) = handlers.SetOptionsHandler {
        let status = crate::call!("MiniportSetOptions", set_options, driver.handle(), context);
        if status != NDIS_STATUS_SUCCESS {
            forget(driver);
            *out = core::ptr::null_mut();
            return status;
        }
    }
    pnp::take_over(object);
    NDIS_STATUS_SUCCESS
}

/// Removes a registration.
pub fn forget(driver: &'static Driver) {
    state().drivers.lock().retain(|d| !core::ptr::eq(*d, driver));
}

unsafe fn set_optional(handle: NDIS_HANDLE, handlers: *mut c_void) -> NDIS_STATUS {
    let Some(driver) = super::find_driver(handle) else {
        rules::bad_handle("a miniport driver handle", handle as usize)
    };
    let kind = u32::from((*handlers.cast::<NDIS_OBJECT_HEADER>()).Type);
    match kind {
        NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS => {
            if !form::PNP.check(handlers, driver.version) {
                return NDIS_STATUS_BAD_CHARACTERISTICS;
            }
            let pnp = form::PNP.copy(handlers.cast::<NDIS_MINIPORT_PNP_CHARACTERISTICS>());
            if pnp.MiniportAddDeviceHandler.is_some() != pnp.MiniportRemoveDeviceHandler.is_some() {
                return NDIS_STATUS_BAD_CHARACTERISTICS;
            }
            *driver.pnp.lock() = pnp;
            NDIS_STATUS_SUCCESS
        }
        NDIS_OBJECT_TYPE_MINIPORT_SS_CHARACTERISTICS => {
            if !form::SELECTIVE_SUSPEND.check(handlers, driver.version) {
                return NDIS_STATUS_BAD_CHARACTERISTICS;
            }
            *driver.suspend.lock() = Some(form::SELECTIVE_SUSPEND.copy(handlers.cast()));
            NDIS_STATUS_SUCCESS
        }
        // Chimney offload left NDIS with Windows 10; the others belong to CoNDIS, filters and switches.
        _ => NDIS_STATUS_NOT_SUPPORTED,
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMRegisterMiniportDriver(object: *mut DRIVER_OBJECT, path: *mut UNICODE_STRING, context: PVOID, characteristics: *mut NDIS_MINIPORT_DRIVER_CHARACTERISTICS, out: *mut NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        register(object, path, context, characteristics, out)
    }
    fn NdisMDeregisterMiniportDriver(handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] {
        let Some(driver) = crate::ndis::find_driver(handle) else { rules::bad_handle("a miniport driver handle", handle as usize) };
        state().objects.report_left(handle as usize, &rules::UNLOAD_LEAK, "NdisMDeregisterMiniportDriver");
        forget(driver);
    }
    fn NdisSetOptionalHandlers(handle: NDIS_HANDLE, handlers: PVOID) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        set_optional(handle, handlers)
    }
}
