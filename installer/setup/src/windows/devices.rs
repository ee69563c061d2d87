//! The driver store and devices: SetupAPI, newdev and the configuration manager.
#![expect(unsafe_code, reason = "calls Windows")]

use std::{
    path::{Path, PathBuf},
    ptr,
};

use windows_sys::Win32::{
    Devices::DeviceAndDriverInstallation::{
        CM_REENUMERATE_SYNCHRONOUS, CR_SUCCESS, DIIRFLAG_FORCE_INF, DN_STARTED, HDEVINFO, SP_DEVINFO_DATA,
        SPOST_PATH, SUOI_FORCEDELETE, SetupCopyOEMInfW, SetupDiCreateDeviceInfoList,
        SetupDiDestroyDeviceInfoList, SetupDiOpenDeviceInfoW, SetupGetInfDriverStoreLocationW,
        SetupUninstallOEMInfW,
    },
    Foundation::{ERROR_FILE_NOT_FOUND, ERROR_NO_MORE_ITEMS, FALSE},
};

use super::{
    system32,
    text::{failure, last, last_failure, narrow, wide},
};
use crate::{
    step::{Failure, Outcome},
    system::Presence,
};

/// A rescan is over after this at the latest; Windows goes on by itself.
const PATIENCE_MS: u32 = 120_000;
/// `ERROR_NO_SUCH_DEVINST` (setupapi.h).
const NO_SUCH_DEVINST: u32 = 0xE000_020B;

/// Puts a package into the driver store.
pub fn stage(inf: &Path) -> Result<(), Failure> {
    let path = wide(inf);
    let folder = wide(inf.parent().unwrap_or_else(|| Path::new(".")));
    // SAFETY: both paths end with a NUL; nothing is asked back.
    let good = unsafe {
        SetupCopyOEMInfW(
            path.as_ptr(),
            folder.as_ptr(),
            SPOST_PATH,
            0,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if good == FALSE { Err(last_failure()) } else { Ok(()) }
}

/// Installs a package on the devices that it fits.
pub fn install(inf: &Path, force: bool) -> Result<Outcome, Failure> {
    let install = system32::di_install_driver()?;
    let path = wide(inf);
    let mut restart = FALSE;
    let flags = if force { DIIRFLAG_FORCE_INF } else { 0 };
    // SAFETY: the path ends with a NUL, the answer is written to a local.
    let good = unsafe { install(ptr::null_mut(), path.as_ptr(), flags, &raw mut restart) };
    // "No more items": no device had a worse driver than this one, so nothing had to be done.
    if good == FALSE && last() != ERROR_NO_MORE_ITEMS {
        return Err(last_failure());
    }
    settle();
    Ok(Outcome { restart: restart != FALSE })
}

/// Waits until Windows has installed what it has found.
fn settle() {
    let Ok(wait) = system32::cmp_wait_no_pending_install_events() else { return };
    // SAFETY: no pointers. That the time is over is no error.
    unsafe { wait(PATIENCE_MS) };
}

/// Has the whole tree looked through.
pub fn rescan() -> Result<(), Failure> {
    let (locate, reenumerate) = (system32::cm_locate_devnode()?, system32::cm_reenumerate_devnode()?);
    let mut root = 0;
    // SAFETY: no name is the root; the answer is written to a local.
    if unsafe { locate(&raw mut root, ptr::null(), 0) } == CR_SUCCESS {
        // SAFETY: a device node.
        unsafe { reenumerate(root, CM_REENUMERATE_SYNCHRONOUS) };
    }
    settle();
    Ok(())
}

/// Whether a device is there, and how it is.
pub fn presence(instance: &str) -> Option<Presence> {
    let (locate, get_status) = (system32::cm_locate_devnode().ok()?, system32::cm_get_devnode_status().ok()?);
    let id = wide(instance);
    let (mut node, mut status, mut problem) = (0, 0, 0);
    // SAFETY: the ID ends with a NUL; only present devices are found.
    if unsafe { locate(&raw mut node, id.as_ptr(), 0) } != CR_SUCCESS {
        return None;
    }
    // SAFETY: the answers are written to locals.
    if unsafe { get_status(&raw mut status, &raw mut problem, node, 0) } != CR_SUCCESS {
        return None;
    }
    Some(Presence { started: status & DN_STARTED != 0, problem })
}

/// A list of devices, for functions that want one.
struct List(HDEVINFO);

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

/// Uninstalls a device, present or not.
pub fn remove(instance: &str) -> Result<Outcome, Failure> {
    let uninstall = system32::di_uninstall_device()?;
    // SAFETY: no class and no window.
    let list = List(unsafe { SetupDiCreateDeviceInfoList(ptr::null(), ptr::null_mut()) });
    if list.0 == -1 {
        return Err(last_failure());
    }
    let id = wide(instance);
    let mut data =
        SP_DEVINFO_DATA { cbSize: size_of::<SP_DEVINFO_DATA>() as u32, ..SP_DEVINFO_DATA::default() };
    // SAFETY: the ID ends with a NUL; the record has its size.
    let good = unsafe { SetupDiOpenDeviceInfoW(list.0, id.as_ptr(), ptr::null_mut(), 0, &raw mut data) };
    if good == FALSE {
        return match last() {
            NO_SUCH_DEVINST => Ok(Outcome::default()),
            code => Err(failure(code)),
        };
    }
    let mut restart = FALSE;
    // SAFETY: a device of the list.
    let good = unsafe { uninstall(ptr::null_mut(), list.0, &raw const data, 0, &raw mut restart) };
    if good == FALSE { Err(last_failure()) } else { Ok(Outcome { restart: restart != FALSE }) }
}

/// Deletes a package from the driver store. Devices that are not present may still name it.
pub fn remove_package(published: &str) -> Result<(), Failure> {
    let name = wide(published);
    // SAFETY: the name ends with a NUL.
    let good = unsafe { SetupUninstallOEMInfW(name.as_ptr(), SUOI_FORCEDELETE, ptr::null()) };
    match last() {
        _ if good != FALSE => Ok(()),
        // Not in the store (any more): what was left of it in the INF folder goes as well.
        ERROR_FILE_NOT_FOUND => {
            let copy = super::windows_folder().join("INF").join(published);
            for path in [copy.with_extension("pnf"), copy] {
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Failure::new(error.to_string()));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
        code => Err(failure(code)),
    }
}

/// Where the INF file of a published package lies in the driver store.
pub fn store_location(published: &str) -> Option<PathBuf> {
    let name = wide(published);
    let mut buffer = vec![0u16; 1024];
    // SAFETY: the buffer is described by its length, the rest is optional.
    let good = unsafe {
        SetupGetInfDriverStoreLocationW(
            name.as_ptr(),
            ptr::null(),
            ptr::null(),
            buffer.as_mut_ptr(),
            buffer.len() as u32,
            ptr::null_mut(),
        )
    };
    (good != FALSE).then(|| PathBuf::from(narrow(&buffer)))
}
