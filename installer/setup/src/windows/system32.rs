//! Functions of DLLs that Windows does not map from its own list (KnownDLLs). They are looked for in System32 alone: an
//! import of the program would prefer a file of that name that somebody has put beside it, and the program runs with an
//! administrator's rights from wherever it was downloaded to.
#![expect(unsafe_code, reason = "calls Windows")]

use std::ptr;

use windows_sys::{
    Win32::{
        Devices::DeviceAndDriverInstallation::{
            CM_Get_DevNode_Status, CM_Locate_DevNodeW, CM_Reenumerate_DevNode,
            CMP_WaitNoPendingInstallEvents, DiInstallDriverW, DiUninstallDevice, HDEVINFO, SP_DEVINFO_DATA,
        },
        Foundation::HWND,
        NetworkManagement::IpHelper::{GetAdaptersAddresses, IP_ADAPTER_ADDRESSES_LH},
        System::LibraryLoader::{
            GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW, SetDefaultDllDirectories,
        },
    },
    core::{BOOL, PCWSTR},
};

use super::text::{last_failure, wide};
use crate::step::Failure;

/// What is loaded from now on comes from System32: also what Windows' own DLLs load later.
pub fn only_from_system32() {
    // SAFETY: no pointers.
    unsafe { SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) };
}

/// `name` ends with a NUL. The DLL stays loaded.
fn find(dll: &str, name: &str) -> Result<unsafe extern "system" fn() -> isize, Failure> {
    let missing =
        |failure: Failure| Failure::new(format!("{dll}, {}: {failure}", name.trim_end_matches('\0')));
    let file = wide(dll);
    // SAFETY: the name ends with a NUL.
    let module = unsafe { LoadLibraryExW(file.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if module.is_null() {
        return Err(missing(last_failure()));
    }
    // SAFETY: an open module, and a name that ends with a NUL.
    let found = unsafe { GetProcAddress(module, name.as_ptr()) };
    found.ok_or_else(|| missing(last_failure()))
}

macro_rules! functions {
    ($($name:ident: $dll:literal $function:ident($($argument:ty),*) -> $answer:ty;)*) => {$(
        #[doc = concat!("`", stringify!($function), "` of `", $dll, "`.")]
        pub fn $name() -> Result<unsafe extern "system" fn($($argument),*) -> $answer, Failure> {
            type Function = unsafe extern "system" fn($($argument),*) -> $answer;
            // The declaration, at compile time; a call would make it an import.
            const _: Function = $function;
            let found = find($dll, concat!(stringify!($function), "\0"))?;
            // SAFETY: the function of this name has this type, as its declaration says.
            Ok(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, Function>(found) })
        }
    )*};
}

functions! {
    di_install_driver: "newdev.dll" DiInstallDriverW(HWND, PCWSTR, u32, *mut BOOL) -> BOOL;
    di_uninstall_device: "newdev.dll"
        DiUninstallDevice(HWND, HDEVINFO, *const SP_DEVINFO_DATA, u32, *mut BOOL) -> BOOL;
    cm_locate_devnode: "cfgmgr32.dll" CM_Locate_DevNodeW(*mut u32, PCWSTR, u32) -> u32;
    cm_get_devnode_status: "cfgmgr32.dll" CM_Get_DevNode_Status(*mut u32, *mut u32, u32, u32) -> u32;
    cm_reenumerate_devnode: "cfgmgr32.dll" CM_Reenumerate_DevNode(u32, u32) -> u32;
    cmp_wait_no_pending_install_events: "cfgmgr32.dll" CMP_WaitNoPendingInstallEvents(u32) -> u32;
    get_adapters_addresses: "iphlpapi.dll" GetAdaptersAddresses(
        u32, u32, *const core::ffi::c_void, *mut IP_ADAPTER_ADDRESSES_LH, *mut u32
    ) -> u32;
}
