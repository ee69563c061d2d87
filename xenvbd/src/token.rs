//! What a request of the front-end belongs to.
#![allow(unsafe_code, reason = "data of SRBs")]

use core::{
    mem::ManuallyDrop,
    ptr,
    sync::atomic::{AtomicPtr, AtomicU8, Ordering},
};

use alloc::sync::Arc;

use blkfront::request::{Failure, Operation, Outcome, Payload, Segment};
use nt::sys::*;
use xenbus::seam::SharedPage;
use xenpci_interface::Pages;

use crate::{
    scsi::Sense,
    srb::{End, Srb},
};

/// An SRB in the front-end's hands. Dropped, it completes with an error: no SRB is ever lost.
#[derive(Debug)]
pub struct SrbToken {
    srb: Srb,
    /// System address of the data, once it was needed.
    mapped: AtomicPtr<u8>,
}

impl SrbToken {
    /// For an SRB that HwBuildIo prepared.
    #[must_use]
    pub fn new(srb: Srb) -> Self {
        Self { srb, mapped: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Ends the SRB with what the front-end says.
    pub fn complete(self, outcome: Outcome) {
        let this = ManuallyDrop::new(self);
        let prepared = this.srb.prepared();
        let end = match outcome {
            Ok(()) => {
                let bytes = match prepared.operation {
                    Operation::Read | Operation::Write { .. } => prepared.sectors * 512,
                    _ => u64::from(this.srb.data_length()),
                };
                // At most MaximumTransferLength.
                End::Success { transferred: bytes as u32 }
            }
            Err(failure) => match (Sense::of(failure, prepared.operation), failure) {
                (Some(sense), _) => End::Sense(sense),
                (None, Failure::Reset) => End::Status(SRB_STATUS_BUS_RESET),
                (None, _) => End::Status(SRB_STATUS_NO_DEVICE),
            },
        };
        this.srb.complete(end);
    }

    /// Ends the SRB with this.
    pub fn end(self, end: End) {
        let this = ManuallyDrop::new(self);
        this.srb.complete(end);
    }

    fn address(&self) -> *mut u8 {
        let known = self.mapped.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        let address = self.srb.system_address();
        self.mapped.store(address, Ordering::Relaxed);
        address
    }

    /// Whether `length` bytes at `offset` lie in the buffer.
    fn contains(&self, offset: u64, length: usize) -> bool {
        offset.checked_add(length as u64).is_some_and(|end| end <= self.srb.data_length().into())
    }
}

impl Drop for SrbToken {
    fn drop(&mut self) {
        self.srb.complete(End::Status(SRB_STATUS_ERROR));
    }
}

/// The buffer of a read that the driver makes for itself.
pub struct Probe {
    memory: Arc<Pages>,
    bytes: u32,
    /// 0 under way, 1 good, 2 failed.
    outcome: AtomicU8,
}

impl Probe {
    /// A read of at most a page into `memory`.
    #[must_use]
    pub fn new(memory: Arc<Pages>, bytes: u32) -> Self {
        Self { memory, bytes, outcome: AtomicU8::new(0) }
    }

    /// The read has ended.
    pub fn finish(&self, outcome: Outcome) {
        self.outcome.store(if outcome.is_ok() { 1 } else { 2 }, Ordering::Release);
    }

    /// Whether it went well, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<bool> {
        match self.outcome.load(Ordering::Acquire) {
            0 => None,
            good => Some(good == 1),
        }
    }
}

/// What a request belongs to.
pub enum Token {
    /// An SRB.
    Srb(SrbToken),
    /// The self-test.
    Probe(Arc<Probe>),
}

impl Token {
    /// The request has ended.
    pub fn finish(self, outcome: Outcome) {
        match self {
            Self::Srb(token) => token.complete(outcome),
            Self::Probe(probe) => probe.finish(outcome),
        }
    }
}

impl Payload for Token {
    fn segment(&self, index: usize) -> Option<Segment> {
        match self {
            Self::Srb(token) => token.srb.segment(index),
            Self::Probe(probe) => {
                (index == 0).then(|| Segment { address: probe.memory.gfn(0).0 * 4096, length: probe.bytes })
            }
        }
    }

    fn gather(&self, offset: u64, to: &mut [u8]) -> bool {
        match self {
            Self::Srb(token) => {
                let address = token.address();
                if address.is_null() || !token.contains(offset, to.len()) {
                    return false;
                }
                // SAFETY: the buffer has data_length bytes there; others may write to it, and the copy
                // is what counts.
                unsafe { ptr::copy(address.wrapping_add(offset as usize), to.as_mut_ptr(), to.len()) };
                true
            }
            Self::Probe(_) => false,
        }
    }

    fn scatter(&self, offset: u64, from: &[u8]) -> bool {
        match self {
            Self::Srb(token) => {
                let address = token.address();
                if address.is_null() || !token.contains(offset, from.len()) {
                    return false;
                }
                // SAFETY: the buffer has data_length bytes there.
                unsafe { ptr::copy(from.as_ptr(), address.wrapping_add(offset as usize), from.len()) };
                true
            }
            Self::Probe(probe) => {
                probe.memory.copy_in(offset as usize, from);
                true
            }
        }
    }

    fn is_mapped(&self) -> bool {
        match self {
            Self::Srb(token) => !token.address().is_null(),
            Self::Probe(_) => true,
        }
    }

    fn run(&self, index: usize) -> Option<(u64, u64)> {
        match self {
            Self::Srb(token) => token.srb.prepared().runs.get(index).copied(),
            Self::Probe(_) => None,
        }
    }
}
