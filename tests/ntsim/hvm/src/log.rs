//! Where lines go: COM1 (the guest's serial file), or port 0xE9 (Xen's log, QEMU's debugcon) where there is none.
//!
//! A line goes out by string instructions: one exit to the device model instead of three a byte.

use core::{
    arch::asm,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::port::{disable, enable, in8};

static BUSY: AtomicBool = AtomicBool::new(false);
/// COM1 (its registers: 16550 data sheet).
const COM1: u16 = 0x3f8;

/// A part of a line that is not out yet.
struct Part {
    port: u16,
    length: usize,
    bytes: [u8; 256],
}

impl Part {
    fn flush(&mut self) {
        // The device models behind COM1 take a byte as fast as it is written: none waits for the line.
        unsafe {
            asm!("rep outsb", in("dx") self.port, inout("rsi") self.bytes.as_ptr() => _,
                inout("rcx") self.length => _, options(nostack));
        }
        self.length = 0;
    }

    fn byte(&mut self, value: u8) {
        self.bytes[self.length] = value;
        self.length += 1;
        if self.length == self.bytes.len() {
            self.flush();
        }
    }
}

impl fmt::Write for Part {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|value| self.byte(value));
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
    // A port without a device reads all ones.
    let port = if in8(COM1 + 5) == 0xff { 0xe9 } else { COM1 };
    let mut part = Part { port, length: 0, bytes: [0; 256] };
    let _ = fmt::Write::write_fmt(&mut part, arguments);
    part.byte(b'\n');
    part.flush();
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
