//! Where lines go: port 0xE9 (Xen's log, QEMU's debugcon) and COM1 (the guest's serial file).

use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::port::{disable, enable, in8, out8};

static BUSY: AtomicBool = AtomicBool::new(false);
/// COM1 (its registers: 16550 data sheet).
const COM1: u16 = 0x3f8;

struct Ports;

fn byte(value: u8) {
    out8(0xe9, value);
    // Bounded: a port without a device reads all ones, "empty".
    for _ in 0..10_000 {
        if in8(COM1 + 5) & 0x20 != 0 {
            break;
        }
    }
    out8(COM1, value);
}

impl fmt::Write for Ports {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(byte);
        Ok(())
    }
}

/// Writes formatted text as one line.
pub fn write(arguments: fmt::Arguments<'_>) {
    let on = disable();
    // Bounded: a processor that crashed with the lock held must not silence the others.
    for _ in 0..1_000_000 {
        if !BUSY.swap(true, Ordering::Acquire) {
            break;
        }
        core::hint::spin_loop();
    }
    let _ = fmt::Write::write_fmt(&mut Ports, arguments);
    byte(b'\n');
    BUSY.store(false, Ordering::Release);
    if on {
        enable();
    }
}

/// `println!` of this kernel.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => { $crate::log::write(format_args!($($argument)*)) };
}
