//! What the toolstack asks and is told: `control/shutdown`, `control/sysrq`, `control/feature-*`, and
//! the keys by which XAPI knows a guest with PV drivers.

use alloc::{
    format,
    sync::{Arc, Weak},
};
use core::{
    mem::transmute,
    sync::atomic::{AtomicBool, Ordering},
};

use nt::{
    sys::{MmGetSystemRoutineAddress, NTSTATUS},
    unicode::UnicodeString,
};
use xenbus::{
    abi::sched::Reason,
    keys::domain::{CONTROL_FEATURE, CONTROL_SHUTDOWN, CONTROL_SYSRQ, DATA_UPDATED, PV_ADDONS},
    seam::{Store as _, StoreError},
    xs::transact,
};

use super::{Platform, log::Severity, params::service_enabled, store::Watch};
use crate::{
    os::{Signal, Spin, Thread, success, text, time},
    policy::{
        control::{self, Abilities, Shutdown, SysRq},
        params as settings,
    },
};

/// Attempts of a transaction that meets conflicts.
const ATTEMPTS: u32 = 10;
/// `ShutdownNoReboot`, `ShutdownReboot`, `ShutdownPowerOff` (SHUTDOWN_ACTION).
const SHUTDOWN_REBOOT: u32 = 1;
const SHUTDOWN_POWER_OFF: u32 = 2;
/// `MANUALLY_INITIATED_CRASH`: the code that Windows itself uses for a crash on request.
const MANUALLY_INITIATED_CRASH: u32 = 0xe2;

/// The version that is announced.
const VERSION: [&str; 4] =
    [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"), "0"];

/// Follows the toolstack. Dropped at `PASSIVE_LEVEL`, not by its own thread.
pub struct Control {
    watches: Spin<[Option<Watch>; 2]>,
    thread: Thread,
    /// The toolstack's keys are to be written anew.
    stale: Arc<AtomicBool>,
}

impl Control {
    /// Starts to follow. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The thread could not be made.
    pub fn start(platform: &Arc<Platform>) -> Result<Arc<Self>, NTSTATUS> {
        let target = Arc::downgrade(platform);
        let stale = Arc::new(AtomicBool::new(false));
        let its = Arc::clone(&stale);
        let thread = Thread::spawn(move |signal| run(&target, signal, &its))?;
        let control = Arc::new(Self { watches: Spin::new([None, None]), thread, stale });
        for (index, path) in [CONTROL_SHUTDOWN, CONTROL_SYSRQ].into_iter().enumerate() {
            let again = Arc::downgrade(&control);
            let watch = platform.store.watch(path, move |_| {
                if let Some(control) = again.upgrade() {
                    control.thread.wake();
                }
            });
            match watch {
                Ok(watch) => control.watches.lock()[index] = Some(watch),
                Err(error) => {
                    platform.log.event(Severity::Error, &format!("{path} cannot be watched: {error:?}"));
                }
            }
        }
        Ok(control)
    }

    /// Has the toolstack's keys written again. `IRQL <= DISPATCH_LEVEL`.
    pub fn announce(&self) {
        self.stale.store(true, Ordering::Release);
        self.thread.wake();
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let watches = core::mem::take(&mut *self.watches.lock());
        drop(watches);
    }
}

fn run(platform: &Weak<Platform>, signal: &Signal, stale: &AtomicBool) {
    while !signal.is_stopping() {
        signal.wait();
        if signal.is_stopping() {
            return;
        }
        let Some(platform) = platform.upgrade() else { return };
        if stale.swap(false, Ordering::AcqRel) {
            platform.announce();
        }
        platform.look_at_sysrq();
        platform.look_at_shutdown(signal);
    }
}

impl Platform {
    /// Takes the request out of `control/shutdown`, in a transaction: the toolstack sees it gone.
    fn take(&self, path: &str) -> Result<alloc::vec::Vec<u8>, StoreError> {
        transact(&*self.store, ATTEMPTS, |txn| {
            let value = match self.store.read(Some(txn), path) {
                Err(StoreError::NotFound) => return Ok(alloc::vec::Vec::new()),
                other => other?,
            };
            // What is not understood stays, so that the toolstack sees that nobody took it.
            let known = path != CONTROL_SHUTDOWN || control::parse_shutdown(&value).is_ok();
            if !value.is_empty() && known {
                self.store.write(Some(txn), path, b"")?;
            }
            Ok(value)
        })
    }

    fn look_at_shutdown(&self, signal: &Signal) {
        let value = match self.take(CONTROL_SHUTDOWN) {
            Ok(value) => value,
            // A suspend is under way, or the store is broken; a wake leads to another look.
            Err(StoreError::Closed | StoreError::Broken) => return,
            Err(error) => {
                self.log.line(&format!("{CONTROL_SHUTDOWN}: {error:?}"));
                return;
            }
        };
        match control::parse_shutdown(&value) {
            Ok(None) => {}
            Ok(Some(Shutdown::Suspend)) => self.suspend(),
            Ok(Some(Shutdown::Crash)) => crash(),
            Ok(Some(request)) => self.shut_down(request, signal),
            Err(unknown) => {
                let text = format!(
                    "{CONTROL_SHUTDOWN} asks for {:?}",
                    alloc::string::String::from_utf8_lossy(unknown)
                );
                self.log.line(&text);
            }
        }
    }

    /// Clean shutdown: by the agent, which can tell users; without one within its bound, from here.
    fn shut_down(&self, request: Shutdown, signal: &Signal) {
        let text = format!("the host asks for {request:?}");
        self.log.event(Severity::Information, &text);
        if self.agent.offer(request) {
            let mut left = u64::from(self.params.get(settings::AGENT));
            while left != 0 && !signal.is_stopping() {
                if self.agent.has_taken(request) {
                    return;
                }
                time::sleep(time::SECOND);
                left -= 1;
            }
            if self.agent.has_taken(request) || signal.is_stopping() {
                return;
            }
            self.log.event(Severity::Warning, "the agent does not answer: shutting down without it");
        }
        let status = match request {
            Shutdown::Reboot => system_shutdown(SHUTDOWN_REBOOT),
            Shutdown::PowerOff | Shutdown::Halt => system_shutdown(SHUTDOWN_POWER_OFF),
            Shutdown::Sleep => system_sleep(false),
            Shutdown::Hibernate => system_sleep(true),
            Shutdown::Suspend | Shutdown::Crash => return,
        };
        if !success(status) {
            self.log.event(Severity::Error, &format!("{request:?} failed: status {status:#x}"));
        }
    }

    fn look_at_sysrq(&self) {
        let Ok(value) = self.take(CONTROL_SYSRQ) else { return };
        match control::parse_sysrq(&value) {
            None => {}
            Some(SysRq::Help) => self.log.line("sysrq: c crash, b reboot, o power off, d dump, h help"),
            Some(SysRq::Dump) => self.dump_to_console(false),
            Some(SysRq::Crash) => crash(),
            Some(SysRq::Reboot) => {
                self.xen.shutdown(Reason::REBOOT);
            }
            Some(SysRq::PowerOff) => {
                self.xen.shutdown(Reason::POWEROFF);
            }
        }
    }

    /// Tells the toolstack what works: at start and after every wake. `PASSIVE_LEVEL`.
    pub fn announce(&self) {
        let can = Abilities {
            suspend: self.hypervisor.at_least(3, 1),
            sleep: true,
            hibernate: true,
            balloon: self.balloon.lock().is_some(),
        };
        let mut failed = 0;
        let mut write = |path: &str, value: &str| {
            if self.store.write(None, path, value.as_bytes()).is_err() {
                failed += 1;
            }
        };
        for (name, works) in control::features(can) {
            let path = format!("{CONTROL_FEATURE}{}", name.trim_start_matches("feature-"));
            let value = if works { "1" } else { "0" };
            if control::is_needed(name) {
                write(&path, value);
            } else {
                // Toolstacks that know the others make them writable; the rest refuse them.
                let _ = self.store.write(None, &path, value.as_bytes());
            }
        }
        write(
            "drivers/0",
            &format!("XenPV xenpvpci {}.{}.{}.{} ()", VERSION[0], VERSION[1], VERSION[2], VERSION[3]),
        );
        // XAPI then suspends and migrates without asking: only when all of it works.
        let complete = can.suspend && service_enabled("xenpvvbd") && service_enabled("xenpvnet");
        self.complete.store(complete, Ordering::Release);
        if complete {
            let names = ["MajorVersion", "MinorVersion", "MicroVersion", "BuildVersion"];
            for (name, value) in names.into_iter().zip(VERSION) {
                write(&format!("{PV_ADDONS}/{name}"), value);
            }
            write(&format!("{PV_ADDONS}/Installed"), "1");
        }
        // Last: it is what XAPI watches.
        write(DATA_UPDATED, "1");
        // Once: it is tried again at every wake.
        if failed != 0 && !self.warned.swap(true, Ordering::AcqRel) {
            let text =
                format!("{failed} of the toolstack's keys could not be written: it may refuse migration");
            self.log.event(Severity::Warning, &text);
        }
    }
}

#[expect(unsafe_code, reason = "calls the kernel")]
fn crash() {
    // SAFETY: asked for by the host; does not return.
    unsafe { nt::sys::KeBugCheckEx(MANUALLY_INITIATED_CRASH, 0, 0, 0, 0) };
}

/// A function of the kernel by its name; null where this version has none. Both functions used here
/// are exported by all versions, but documented by none.
#[expect(unsafe_code, reason = "calls the kernel")]
fn routine(name: &str) -> *mut core::ffi::c_void {
    let name = text::units(name);
    let unicode = UnicodeString::new(&name);
    // SAFETY: the name outlives the call.
    unsafe { MmGetSystemRoutineAddress(unicode.as_ptr()) }
}

/// `NtShutdownSystem(action)`, in a system thread, whose previous mode is kernel: no privilege is needed.
#[expect(unsafe_code, reason = "calls a function by its address")]
fn system_shutdown(action: u32) -> NTSTATUS {
    type Shutdown = unsafe extern "win64" fn(u32) -> NTSTATUS;
    let address = routine("NtShutdownSystem");
    if address.is_null() {
        return nt::sys::STATUS_NOT_SUPPORTED;
    }
    // SAFETY: the prototype of that function.
    let shutdown = unsafe { transmute::<*mut core::ffi::c_void, Shutdown>(address) };
    // SAFETY: at PASSIVE_LEVEL.
    unsafe { shutdown(action) }
}

/// `ZwInitiatePowerAction(action, lightest state, flags, asynchronous)`.
#[expect(unsafe_code, reason = "calls a function by its address")]
fn system_sleep(hibernate: bool) -> NTSTATUS {
    type Initiate = unsafe extern "win64" fn(i32, i32, u32, u8) -> NTSTATUS;
    const ACTION_SLEEP: i32 = 2;
    const ACTION_HIBERNATE: i32 = 3;
    const SLEEPING_3: i32 = 4;
    const HIBERNATE: i32 = 5;
    let address = routine("ZwInitiatePowerAction");
    if address.is_null() {
        return nt::sys::STATUS_NOT_SUPPORTED;
    }
    // SAFETY: the prototype of that function.
    let initiate = unsafe { transmute::<*mut core::ffi::c_void, Initiate>(address) };
    let (action, state) = if hibernate { (ACTION_HIBERNATE, HIBERNATE) } else { (ACTION_SLEEP, SLEEPING_3) };
    // SAFETY: in a system thread at PASSIVE_LEVEL; asynchronous, so that this thread stays free.
    unsafe { initiate(action, state, 0, 1) }
}
