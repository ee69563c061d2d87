//! The machine crashes: every subsystem's state goes to the console, and Xen is told.

use alloc::{
    boxed::Box,
    sync::{Arc, Weak},
};
use core::{
    cell::UnsafeCell,
    ffi::c_void,
    fmt::{self, Write},
    ptr,
};

use nt::sys::{KBUGCHECK_CALLBACK_RECORD, KeDeregisterBugCheckCallback, KeRegisterBugCheckCallback};
use xenbus::abi::sched::Reason;

use super::{Platform, log::debug_port};
use crate::os::Spin;

/// A look at what a lock protects while nothing else runs.
#[expect(unsafe_code, reason = "no other processor runs")]
pub(super) fn peek<T>(lock: &Spin<Option<Arc<T>>>) -> Option<&T> {
    // SAFETY: in a crash the other processors are stopped; the value is only read.
    let value = unsafe { &*lock.peek() };
    value.as_deref()
}

struct Record {
    /// First: the callback gets the buffer, not the record.
    platform: *const Platform,
    record: UnsafeCell<KBUGCHECK_CALLBACK_RECORD>,
}

/// A registered bug check callback; dropped it is deregistered.
pub struct Registration {
    record: Box<Record>,
    _platform: Weak<Platform>,
}

#[expect(unsafe_code, reason = "the kernel synchronises; the platform outlives the registration")]
// SAFETY: see the reason.
unsafe impl Send for Registration {}

const COMPONENT: &core::ffi::CStr = c"xenpvpci";

impl Registration {
    /// Registers. `PASSIVE_LEVEL`. `None` when the kernel refuses.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn new(platform: &Arc<Platform>) -> Option<Self> {
        let record = Box::new(Record {
            platform: Arc::as_ptr(platform),
            record: UnsafeCell::new(KBUGCHECK_CALLBACK_RECORD::default()),
        });
        let buffer: *const Record = &raw const *record;
        // SAFETY: record and buffer live until deregistered; `State` is zero (BufferEmpty).
        let done = unsafe {
            KeRegisterBugCheckCallback(
                record.record.get(),
                Some(crashed),
                buffer.cast_mut().cast(),
                size_of::<Record>() as u32,
                COMPONENT.as_ptr().cast_mut().cast(),
            )
        };
        (done != 0).then(|| Self { record, _platform: Arc::downgrade(platform) })
    }
}

impl Drop for Registration {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        // SAFETY: registered in `new`.
        unsafe { KeDeregisterBugCheckCallback(self.record.record.get()) };
    }
}

#[expect(unsafe_code, reason = "a bug check callback")]
unsafe extern "win64" fn crashed(buffer: *mut c_void, _: u32) {
    // SAFETY: the buffer of the registration.
    let record = unsafe { &*buffer.cast_const().cast::<Record>() };
    // SAFETY: the platform deregisters before it goes.
    let platform = unsafe { &*record.platform };
    platform.crash();
}

/// Text that goes to the consoles of a crashing machine.
struct Sink<'a>(&'a Platform, bool);

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        debug_port(text.as_bytes());
        if self.1 {
            self.0.console_crashing(text.as_bytes());
        }
        Ok(())
    }
}

#[expect(unsafe_code, reason = "a callback")]
unsafe extern "win64" fn print(sink: *mut c_void, text: *const u8, length: u32) {
    // SAFETY: the sink that `dump` passed.
    let sink = unsafe { &mut *sink.cast::<Sink<'_>>() };
    // SAFETY: the source describes its text.
    let bytes = unsafe { core::slice::from_raw_parts(text, length as usize) };
    let _ = sink.write_str(core::str::from_utf8(bytes).unwrap_or("?"));
}

impl Platform {
    /// The state of the bus and of everybody who registered, to the console. In a crash no lock is
    /// taken. Any IRQL when crashing, else `IRQL <= DISPATCH_LEVEL`.
    pub fn dump_to_console(&self, crashing: bool) {
        let mut sink = Sink(self, crashing);
        let _ = self.describe(&mut sink);
        self.registrations.dump(print, ptr::from_mut(&mut sink).cast(), crashing);
    }

    /// The state of the bus.
    fn describe(&self, to: &mut dyn Write) -> fmt::Result {
        writeln!(to, "--- xenpvpci on Xen {}.{}", self.hypervisor.major, self.hypervisor.minor)?;
        writeln!(to, "unplugged {:#x}, event log dropped {}", self.unplugged(), self.log.dropped())?;
        if let Some(balloon) = peek(&self.balloon) {
            writeln!(to, "balloon: {} pages", balloon.held.load(core::sync::atomic::Ordering::Relaxed))?;
        }
        writeln!(
            to,
            "grants: {} free of those that may be",
            xenbus::seam::GrantTable::available(&self.grants)
        )?;
        self.events.describe(to)
    }

    fn crash(&self) {
        debug_port(b"xenpvpci: Windows has crashed\n");
        self.dump_to_console(true);
        // The toolstack takes its dump after this; Windows' own dump has been written before bug check
        // callbacks run only on some versions, so the reason is latched and the processor goes on.
        if self.xen.shutdown_code(Reason::CRASH).is_err() {
            debug_port(b"xenpvpci: the hypervisor does not latch the reason\n");
        }
    }
}
