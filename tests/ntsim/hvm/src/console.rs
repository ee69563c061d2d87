//! Lines that dom0 sends: the receiving half of COM1 (16550 data sheet), polled.

use alloc::{string::String, vec::Vec};

use crate::port::in8;

const COM1: u16 = 0x3f8;
/// A line is cut here: dom0's commands are short.
const LONGEST: usize = 512;

/// Collects what arrives.
#[derive(Default)]
pub struct Lines {
    part: Vec<u8>,
}

impl Lines {
    /// The next whole line, if it is there. Never waits.
    pub fn take(&mut self) -> Option<String> {
        // A port without a device reads all ones: then nothing is ever taken.
        for _ in 0..LONGEST {
            let status = in8(COM1 + 5);
            if status == 0xff || status & 1 == 0 {
                return None;
            }
            match in8(COM1) {
                b'\n' => {
                    let line = core::mem::take(&mut self.part);
                    return Some(String::from_utf8_lossy(&line).trim().into());
                }
                byte if self.part.len() < LONGEST => self.part.push(byte),
                _ => {}
            }
        }
        None
    }
}
