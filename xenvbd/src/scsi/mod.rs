//! SCSI, as a disk speaks it to Windows: pure logic over a description of the unit.
//!
//! A command descriptor block comes in, an [`Action`] comes out: data for the initiator, a failure with
//! sense data, or work for the front-end. Rules are those of SPC-4 and SBC-3, as far as Windows'
//! class drivers and the HLK's SCSI compliance test look at them.

mod capacity;
mod command;
mod execute;
mod identity;
mod inquiry;
mod mode;
mod sense;
#[cfg(test)]
mod tests;
mod unit;
mod unmap;

pub use command::{Command, parse};
pub use execute::{Action, DataOut, Discard, NoData, execute};
pub use identity::{Identity, Pages};
pub use sense::{SENSE_LENGTH, Sense};
pub use unit::{Attention, Unit};
pub use unmap::{MAX_RUNS, Run, Runs};

/// Largest answer to a command that is not a read.
pub const MAX_REPLY: usize = 1024;
/// Data for the initiator.
pub type Reply = arrayvec::ArrayVec<u8, MAX_REPLY>;

/// Appends big-endian numbers.
trait Put {
    fn bytes(&mut self, bytes: &[u8]);
    fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }
    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }
    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }
    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }
    fn zeroes(&mut self, count: usize) {
        for _ in 0..count {
            self.u8(0);
        }
    }
}

impl Put for Reply {
    /// What does not fit is cut: replies are far below the limit, except pages that the host overrides.
    fn bytes(&mut self, bytes: &[u8]) {
        let room = self.remaining_capacity().min(bytes.len());
        self.extend(bytes[..room].iter().copied());
    }
}
