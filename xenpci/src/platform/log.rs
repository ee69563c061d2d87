//! Where this driver says what it does: the hypervisor's console (port 0xE9 and the console
//! hypercall), and the system event log for what an administrator must know.

use alloc::sync::Arc;
use core::{
    fmt::{self, Write},
    mem::offset_of,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use arrayvec::ArrayString;
use nt::sys::{DEVICE_OBJECT, IO_ERROR_LOG_PACKET, IoAllocateErrorLogEntry, IoWriteErrorLogEntry, NTSTATUS};
use xenbus::abi::DEBUG_PORT;

use super::console::Console;
use crate::os::{Spin, port, time};

/// `ERROR_LOG_MAXIMUM_SIZE` (wdm.h): an error log entry has at most 240 bytes.
const ENTRY_MAX: usize = 240;
/// Entries of one source per minute; a device that goes mad must not flush the log.
const PER_MINUTE: u32 = 20;
const MINUTE: u64 = 60 * time::SECOND;

/// Messages, as the message table of the driver has them: severity in the top bits, customer bit,
/// facility 0x7e1. `%2` is the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Severity {
    /// Informational.
    Information = 0x67e1_0001,
    /// Warning.
    Warning = 0xa7e1_0002,
    /// Error.
    Error = 0xe7e1_0003,
}

/// The log of the bus.
pub struct Log {
    device: Device,
    enabled: bool,
    /// The PV console, for entries of the event log.
    console: Spin<Option<Arc<Console>>>,
    /// Start of the minute that is counted, and the entries in it.
    minute: AtomicU64,
    count: AtomicU32,
    dropped: AtomicU32,
}

struct Device(*mut DEVICE_OBJECT);

#[expect(unsafe_code, reason = "a device object of this driver")]
// SAFETY: may be used from any thread; the log does not outlive it.
unsafe impl Send for Device {}
#[expect(unsafe_code, reason = "a device object of this driver")]
// SAFETY: as above.
unsafe impl Sync for Device {}

/// Writes bytes to port 0xE9, where Xen and device models listen. Any IRQL; takes no lock, so lines of
/// two processors may mix.
#[expect(unsafe_code, reason = "port I/O")]
pub fn debug_port(text: &[u8]) {
    for byte in text.iter().filter(|b| **b == b'\n' || (0x20..0x7f).contains(*b)) {
        // SAFETY: the debug port has no effect but the output.
        unsafe { port::write_u8(DEBUG_PORT, *byte) };
    }
}

impl Log {
    /// A log in the name of `device`.
    pub fn new(device: *mut DEVICE_OBJECT, console: bool) -> Self {
        Self {
            device: Device(device),
            enabled: console,
            console: Spin::new(None),
            minute: AtomicU64::new(0),
            count: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
        }
    }

    /// A line for the console. Any IRQL.
    pub fn line(&self, text: &str) {
        let cut = text.floor_char_boundary(text.len().min(240));
        self.line_of(format_args!("{}", &text[..cut]));
    }

    /// A line of at most 240 bytes, put together without memory of the pool. Any IRQL.
    pub fn line_of(&self, text: fmt::Arguments<'_>) {
        if self.enabled {
            let mut line = ArrayString::<256>::new();
            let _ = writeln!(line, "xenpvpci: {text}");
            debug_port(line.as_bytes());
        }
    }

    /// An entry of the system event log, and a line. `IRQL <= DISPATCH_LEVEL`.
    pub fn event(&self, severity: Severity, text: &str) {
        self.line(text);
        let console = self.console.lock().clone();
        if let Some(console) = console {
            console.write(text.as_bytes());
            console.write(b"\r\n");
        }
        if !self.admit() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.write(severity, text);
    }

    /// Entries that the limit kept out.
    pub fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The PV console, from now on.
    pub fn set_console(&self, console: Option<Arc<Console>>) {
        *self.console.lock() = console;
    }

    fn admit(&self) -> bool {
        let now = time::now();
        let started = self.minute.load(Ordering::Relaxed);
        if (started == 0 || now.saturating_sub(started) >= MINUTE)
            && self.minute.compare_exchange(started, now.max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.count.store(0, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed) < PER_MINUTE
    }

    #[expect(unsafe_code, reason = "fills an entry of the kernel's")]
    fn write(&self, severity: Severity, text: &str) {
        // The dump data is not used: the text lies where it would start.
        let header = offset_of!(IO_ERROR_LOG_PACKET, DumpData);
        let room = (ENTRY_MAX - header) / 2 - 1;
        let units = text.encode_utf16().filter(|unit| *unit != 0).take(room);
        let count = units.clone().count();
        let size = (header + 2 * (count + 1)).max(size_of::<IO_ERROR_LOG_PACKET>());
        // SAFETY: a live device object; the size is at most 240.
        let entry = unsafe { IoAllocateErrorLogEntry(self.device.0.cast(), size as u8) };
        if entry.is_null() {
            return;
        }
        let packet = IO_ERROR_LOG_PACKET {
            NumberOfStrings: 1,
            StringOffset: header as u16,
            ErrorCode: severity as u32 as NTSTATUS,
            ..IO_ERROR_LOG_PACKET::default()
        };
        // SAFETY: at least the size of a packet, aligned by the pool.
        unsafe { entry.cast::<IO_ERROR_LOG_PACKET>().write(packet) };
        // SAFETY: inside the entry.
        let mut at = unsafe { entry.byte_add(header) }.cast::<u16>();
        for unit in units.chain([0]) {
            // SAFETY: `count + 1` units fit behind the header.
            unsafe { at.write_unaligned(unit) };
            at = at.wrapping_add(1);
        }
        // SAFETY: filled; the kernel takes it over.
        unsafe { IoWriteErrorLogEntry(entry) };
    }
}
