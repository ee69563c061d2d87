//! The network front-end, sans-I/O, no NT.
//!
//! * [`negotiate`]: what the back-end offers, what the driver wants, and what comes of it.
//! * [`control`]: the connection in xenstore, over [`xenbus::state`].
//! * [`tx`] and [`rx`]: one direction of one queue each, to be put behind a lock of its own.
//! * [`ctrl`]: the control ring, which makes the back-end hash as RSS wants.
//! * [`announce`], [`checksum`], [`headers`], [`toeplitz`]: frames and sums.
//!
//! The rules that all of it keeps: what the back-end writes is copied once and checked; a violation
//! breaks this device and nothing else; a page that the back-end can still reach is never handed
//! back; a packet is handed back exactly once; nothing on the way of a packet allocates.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod announce;
pub mod checksum;
pub mod control;
pub mod ctrl;
pub mod headers;
pub mod host;
pub mod negotiate;
mod pool;
pub mod ring;
pub mod rx;
pub mod toeplitz;
pub mod tx;

pub use host::{Buffer, Payload, Run};

/// Length of an Ethernet header without tags.
pub const ETHERNET_HEADER: usize = 14;
/// Shortest Ethernet frame, without the check sequence: shorter ones are padded with zeroes.
pub const ETHERNET_MIN: usize = 60;

/// What a back-end did that no back-end may do. The device is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An impossible index.
    Ring(xenbus::ring::Violation),
    /// A transmit response to nothing.
    TxId(u16),
    /// More answers to extra infos than there were.
    TxExtra,
    /// A receive response whose id is not that of its slot.
    RxId {
        /// What the response said.
        got: u16,
        /// The slot.
        want: u16,
    },
    /// Data outside of the page.
    RxOutside {
        /// What the response said.
        offset: u16,
        /// What the response said.
        len: u16,
    },
    /// A chain of extra infos without end.
    RxExtras,
    /// A response on the control ring to nothing.
    CtrlId(u16),
}

impl From<xenbus::ring::Violation> for Violation {
    fn from(violation: xenbus::ring::Violation) -> Self {
        Self::Ring(violation)
    }
}
