//! A Rust panic in a driver is a bug check that says what happened.

use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::sys::*;

/// Bug check code of a panic: `RUST` in ASCII.
///
/// Parameter 1: address of the message, zero-terminated ASCII; 2: its length; 3: line number;
/// 4: address of the source file's name (not terminated; the message holds it as well).
pub const BUGCHECK_PANIC: u32 = u32::from_be_bytes(*b"RUST");

/// A message being put together in a fixed buffer: cut off when full, always zero-terminated.
struct Message {
    bytes: [u8; 512],
    length: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - 1 - self.length;
        let text = text.as_bytes();
        let text = &text[..text.len().min(room)];
        self.bytes[self.length..][..text.len()].copy_from_slice(text);
        self.length += text.len();
        Ok(())
    }
}

struct Slot(UnsafeCell<Message>);
// SAFETY: only the first processor to panic (see TAKEN) touches the message.
unsafe impl Sync for Slot {}

static MESSAGE: Slot = Slot(UnsafeCell::new(Message { bytes: [0; 512], length: 0 }));
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Has `hook` called with the message before the bug check, at whatever IRQL the panic was:
/// the hook may neither wait nor allocate nor lock.
pub fn set_hook(hook: fn(&[u8])) {
    HOOK.store(hook as *mut (), Ordering::Release);
}

/// Formats the message, shows it to the debugger and the hook, and stops the machine.
pub fn bug_check(info: &PanicInfo<'_>) -> ! {
    let (line, file) = info.location().map_or((0, ""), |at| (at.line(), at.file()));
    let (mut text, mut length) = (core::ptr::null(), 0);
    if !TAKEN.swap(true, Ordering::AcqRel) {
        // SAFETY: TAKEN lets one processor through, once.
        let message = unsafe { &mut *MESSAGE.0.get() };
        let _ = write!(message, "{info}");
        (text, length) = (message.bytes.as_ptr(), message.length);
        // SAFETY: the format takes one zero-terminated string.
        unsafe { DbgPrint(c"%s\n".as_ptr().cast(), text) };
        let hook = HOOK.load(Ordering::Acquire);
        if !hook.is_null() {
            // SAFETY: `set_hook` stored a function of this type.
            let hook = unsafe { core::mem::transmute::<*mut (), fn(&[u8])>(hook) };
            hook(&message.bytes[..length]);
        }
    }
    // SAFETY: may be called at any IRQL; does not return.
    unsafe {
        KeBugCheckEx(
            BUGCHECK_PANIC,
            text.expose_provenance(),
            length,
            line as usize,
            file.as_ptr().expose_provenance(),
        )
    };
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(all(windows, panic = "abort"))]
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    bug_check(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_cut_and_terminated() {
        let mut message = Message { bytes: [0; 512], length: 0 };
        write!(message, "index {} of {}", 3, 2).unwrap();
        assert_eq!(&message.bytes[..message.length], b"index 3 of 2");
        for _ in 0..100 {
            message.write_str("0123456789").unwrap();
        }
        assert_eq!(message.length, 511);
        assert_eq!(message.bytes[511], 0);
    }
}
