//! Rings: the queue that a front-end and a back-end share (`xen/io/ring.h`).
//!
//! One ring of `2^n` slots carries requests one way and responses the other. It starts with four
//! 32-bit indexes that only ever count up (modulo 2^32), padding to 64 bytes, then the slots; a slot
//! holds a request or a response, whichever is larger gives its size. A ring may span several
//! pages; then a slot may straddle two of them.
//!
//! ```text
//! byte 0 req_prod   4 req_event   8 rsp_prod   12 rsp_event   16..64 padding   64 slots
//! ```
//!
//! [`FrontRing`] is our end; [`BackRing`] is the other, for the simulated back-ends and for tests:
//! the pair is written together. Both trust only what they keep privately. A slot is copied exactly
//! once and only the copy is used. The peer's producer index is checked against what can be
//! outstanding; a violation is a value ([`Violation`]), it is sticky, and the device it happened on
//! is broken.
//!
//! Notification is suppressed by event indexes: each end writes at which index of the other's
//! producer it wants to be woken. Between publishing and reading the peer's event index, and between
//! writing our own and re-checking for work, stands a full fence: without both a wake-up is lost
//! (see `tests/loom`).

mod back;
mod front;
#[cfg(all(test, not(loom)))]
mod tests;

pub use back::BackRing;
pub use front::FrontRing;

use core::fmt;

use crate::seam::SharedPage;

/// Offsets of the shared indexes.
mod at {
    pub const REQ_PROD: usize = 0;
    pub const REQ_EVENT: usize = 4;
    pub const RSP_PROD: usize = 8;
    pub const RSP_EVENT: usize = 12;
}

/// Bytes before the first slot.
pub const HEADER: usize = 64;
/// The most pages a ring has (`max-ring-page-order` 4).
pub const MAX_PAGES: usize = 16;

/// Slots of a ring of `bytes` bytes whose slots have `slot` bytes: the largest power of two that
/// fits (`__RING_SIZE`). 0 where not even one fits.
#[must_use]
pub const fn slots(bytes: usize, slot: usize) -> u32 {
    let fit = bytes.saturating_sub(HEADER) / slot;
    // A ring is at most 16 pages: the cast cannot truncate.
    if fit == 0 { 0 } else { 1 << fit.ilog2() }
}

/// The larger of a request and a response, checked: Xen's message types are whole words.
const fn slot_size(request: usize, response: usize) -> usize {
    assert!(request > 0 && request.is_multiple_of(4), "a request is a positive number of words");
    assert!(response > 0 && response.is_multiple_of(4), "a response is a positive number of words");
    if request > response { request } else { response }
}

/// No slot is free: wait for responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The peer broke the protocol of the ring. Nothing more is taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The producer index that the peer wrote.
    pub producer: u32,
    /// Our consumer index.
    pub consumer: u32,
    /// How far the producer may lie ahead of the consumer.
    pub allowed: u32,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { producer, consumer, allowed } = self;
        write!(f, "ring producer {producer:#x} is not within {allowed} of consumer {consumer:#x}")
    }
}

impl core::error::Error for Violation {}

/// A ring's indexes, for the debug dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexes {
    /// Slots of the ring.
    pub slots: u32,
    /// Private producer: what this end wrote, published or not.
    pub producer_private: u32,
    /// Private consumer: what this end has taken.
    pub consumer_private: u32,
    /// Shared request producer.
    pub req_prod: u32,
    /// Shared request event.
    pub req_event: u32,
    /// Shared response producer.
    pub rsp_prod: u32,
    /// Shared response event.
    pub rsp_event: u32,
    /// Whether the peer has broken the protocol.
    pub broken: bool,
}

/// Did the producer, moving from `old` to `new`, pass the index at which the other wants to know?
const fn passed(event: u32, old: u32, new: u32) -> bool {
    new.wrapping_sub(event) < new.wrapping_sub(old)
}

/// Fills a slot: the message, then zeroes (nothing of ours leaks through padding).
fn write_slot<P: SharedPage>(page: &P, offset: usize, slot: usize, message: &[u8]) {
    page.copy_in(offset, message);
    for rest in (message.len()..slot).step_by(4) {
        page.store(offset + rest, 0);
    }
}
