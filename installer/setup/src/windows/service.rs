//! The service control manager: our boot service, and deleting services.
#![expect(unsafe_code, reason = "calls Windows")]

use std::{
    ffi::c_void,
    ptr,
    sync::{Condvar, Mutex, OnceLock},
};

use windows_sys::Win32::{
    Foundation::{
        ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_EXISTS, ERROR_SERVICE_MARKED_FOR_DELETE, FALSE,
    },
    System::Services::{
        ChangeServiceConfigW, CloseServiceHandle, ControlService, CreateServiceW, DeleteService,
        OpenSCManagerW, OpenServiceW, QueryServiceStatus, RegisterServiceCtrlHandlerExW, SC_HANDLE,
        SC_MANAGER_ALL_ACCESS, SERVICE_ACCEPT_PRESHUTDOWN, SERVICE_ACCEPT_STOP, SERVICE_ALL_ACCESS,
        SERVICE_AUTO_START, SERVICE_CONTROL_PRESHUTDOWN, SERVICE_CONTROL_STOP, SERVICE_ERROR_NORMAL,
        SERVICE_RUNNING, SERVICE_START_PENDING, SERVICE_STATUS, SERVICE_STOPPED, SERVICE_TABLE_ENTRYW,
        SERVICE_WIN32_OWN_PROCESS, SetServiceStatus, StartServiceCtrlDispatcherW, StartServiceW,
    },
};

use super::text::{failure, last, last_failure, wide};
use crate::{names::BOOT_SERVICE, step::Failure};

struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: ours, closed once.
        unsafe { CloseServiceHandle(self.0) };
    }
}

fn manager() -> Result<Handle, Failure> {
    // SAFETY: this machine, the active database.
    let handle = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), SC_MANAGER_ALL_ACCESS) };
    if handle.is_null() { Err(last_failure()) } else { Ok(Handle(handle)) }
}

fn open(manager: &Handle, name: &str) -> Result<Handle, u32> {
    let name = wide(name);
    // SAFETY: the name ends with a NUL.
    let handle = unsafe { OpenServiceW(manager.0, name.as_ptr(), SERVICE_ALL_ACCESS) };
    if handle.is_null() { Err(last()) } else { Ok(Handle(handle)) }
}

/// Makes a service that starts with Windows, or gives the one that exists this program.
pub fn create(name: &str, title: &str, command: &str) -> Result<(), Failure> {
    let manager = manager()?;
    let (wide_name, title, command) = (wide(name), wide(title), wide(command));
    // SAFETY: all strings end with a NUL, the rest is optional.
    let handle = unsafe {
        CreateServiceW(
            manager.0,
            wide_name.as_ptr(),
            title.as_ptr(),
            SERVICE_ALL_ACCESS,
            SERVICE_WIN32_OWN_PROCESS,
            SERVICE_AUTO_START,
            SERVICE_ERROR_NORMAL,
            command.as_ptr(),
            ptr::null(),
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            ptr::null(),
        )
    };
    if !handle.is_null() {
        drop(Handle(handle));
        return Ok(());
    }
    match last() {
        ERROR_SERVICE_EXISTS => {}
        code => return Err(failure(code)),
    }
    let service = open(&manager, name).map_err(failure)?;
    // SAFETY: all strings end with a NUL, the rest stays as it is.
    let good = unsafe {
        ChangeServiceConfigW(
            service.0,
            SERVICE_WIN32_OWN_PROCESS,
            SERVICE_AUTO_START,
            SERVICE_ERROR_NORMAL,
            command.as_ptr(),
            ptr::null(),
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            ptr::null(),
            title.as_ptr(),
        )
    };
    if good == FALSE { Err(last_failure()) } else { Ok(()) }
}

/// Starts the boot service if it is there: it looks after things at the end of this boot, too. That it does not start
/// stops nothing.
pub fn start() {
    if let Some(service) = boot_service() {
        // SAFETY: an open service; no arguments.
        unsafe { StartServiceW(service.0, 0, ptr::null()) };
    }
}

fn boot_service() -> Option<Handle> {
    open(&manager().ok()?, BOOT_SERVICE).ok()
}

/// Stops the boot service, if it is there and runs.
pub fn stop_boot_service() {
    if let Some(service) = boot_service() {
        stop(&service);
    }
}

/// Stops a service and waits for it, so that its program can be deleted. Drivers are not stopped so, and the service
/// itself would wait for ever.
fn stop(service: &Handle) {
    if WORK.get().is_some() {
        return;
    }
    let mut status = SERVICE_STATUS::default();
    // SAFETY: an open service; the status is a local.
    let mut good = unsafe { ControlService(service.0, SERVICE_CONTROL_STOP, &raw mut status) };
    for _ in 0..STOP_LOOKS {
        if good == FALSE || status.dwCurrentState == SERVICE_STOPPED {
            return;
        }
        std::thread::sleep(STOP_PAUSE);
        // SAFETY: the same.
        good = unsafe { QueryServiceStatus(service.0, &raw mut status) };
    }
}

/// How often, and how long apart, it is looked whether a service has stopped.
const STOP_LOOKS: u32 = 100;
const STOP_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Deletes a service, or marks it for deletion at the next boot.
pub fn delete(name: &str) -> Result<(), Failure> {
    let service = match open(&manager()?, name) {
        Ok(service) => service,
        Err(ERROR_SERVICE_DOES_NOT_EXIST) => return Ok(()),
        Err(code) => return Err(failure(code)),
    };
    if name == BOOT_SERVICE {
        stop(&service);
    }
    // SAFETY: an open service.
    if unsafe { DeleteService(service.0) } != FALSE {
        return Ok(());
    }
    match last() {
        ERROR_SERVICE_MARKED_FOR_DELETE => Ok(()),
        code => Err(failure(code)),
    }
}

/// What the service does at boot and at shutdown.
struct Work {
    boot: fn(),
    shutdown: fn(),
}

static WORK: OnceLock<Work> = OnceLock::new();
/// How the service is told to end: by whoever stops it, or because Windows shuts down.
static STOP: (Mutex<Option<u32>>, Condvar) = (Mutex::new(None), Condvar::new());

/// Runs as the boot service until Windows shuts down or somebody stops it.
///
/// # Errors
/// It was not started by the service control manager.
pub fn run_as_service(boot: fn(), shutdown: fn()) -> Result<(), Failure> {
    let _ = WORK.set(Work { boot, shutdown });
    let mut name = wide(BOOT_SERVICE);
    let table = [
        SERVICE_TABLE_ENTRYW { lpServiceName: name.as_mut_ptr(), lpServiceProc: Some(main) },
        SERVICE_TABLE_ENTRYW { lpServiceName: ptr::null_mut(), lpServiceProc: None },
    ];
    // SAFETY: the table ends with an empty entry and outlives the call.
    if unsafe { StartServiceCtrlDispatcherW(table.as_ptr()) } == FALSE { Err(last_failure()) } else { Ok(()) }
}

unsafe extern "system" fn control(code: u32, _: u32, _: *mut c_void, _: *mut c_void) -> u32 {
    if code == SERVICE_CONTROL_PRESHUTDOWN || code == SERVICE_CONTROL_STOP {
        if let Ok(mut stop) = STOP.0.lock() {
            *stop = Some(code);
        }
        STOP.1.notify_all();
    }
    0
}

unsafe extern "system" fn main(_: u32, _: *mut windows_sys::core::PWSTR) {
    let name = wide(BOOT_SERVICE);
    // SAFETY: the handler is a function of this program.
    let handle = unsafe { RegisterServiceCtrlHandlerExW(name.as_ptr(), Some(control), ptr::null()) };
    let say = |state: u32| {
        let status = SERVICE_STATUS {
            dwServiceType: SERVICE_WIN32_OWN_PROCESS,
            dwCurrentState: state,
            dwControlsAccepted: if state == SERVICE_RUNNING {
                SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN
            } else {
                0
            },
            dwWaitHint: if state == SERVICE_START_PENDING { 30_000 } else { 0 },
            ..SERVICE_STATUS::default()
        };
        // SAFETY: a local record.
        unsafe { SetServiceStatus(handle, &raw const status) };
    };
    // Running at once: the boot does not wait for us.
    say(SERVICE_RUNNING);
    if let Some(work) = WORK.get() {
        (work.boot)();
        let told = STOP
            .0
            .lock()
            .ok()
            .and_then(|stop| STOP.1.wait_while(stop, |stop| stop.is_none()).ok())
            .and_then(|stop| *stop);
        // Who stops it is about to replace or to delete it.
        if told != Some(SERVICE_CONTROL_STOP) {
            (work.shutdown)();
        }
    }
    say(SERVICE_STOPPED);
}
