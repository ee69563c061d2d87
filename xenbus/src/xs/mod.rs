//! The xenstore client, without I/O: whoever owns it brings the lock, the events and the time.
//!
//! * [`codec`]: requests to bytes, replies to values.
//! * [`ring`]: the two byte rings in the shared page.
//! * [`client`]: requests in flight, replies, watches, transactions, deadlines, suspend.
//! * `transact`: doing a transaction again after `EAGAIN`, over any [`crate::seam::Store`].
//!
//! Limits are those of the servers that exist: at most [`MAX_IN_FLIGHT`] requests (servers stall at
//! 20), [`MAX_TRANSACTIONS`] transactions, [`MAX_WATCHES`] watches (a server allows 100 and others
//! 128). All memory is allocated when the client is made, except for the bounded copies of replies
//! and watch paths.

pub mod client;
pub mod codec;
mod incoming;
mod lifecycle;
pub mod ring;
mod slots;
#[cfg(all(test, not(loom)))]
mod tests;
mod transact;
mod transactions;
mod watches;

pub use client::{Client, Completion, Effects, RequestHandle, Resume, SubmitError};
pub use codec::{Permission, PermissionKind, Reply, Request, parse_error};
pub use transact::transact;
pub use watches::{WatchEvent, WatchId};

/// Requests that may wait for their reply at a time.
pub const MAX_IN_FLIGHT: usize = 8;
/// Transactions that may be open at a time.
pub const MAX_TRANSACTIONS: usize = 4;
/// Watches that may be registered at a time.
pub const MAX_WATCHES: usize = 64;
/// Silence, in nanoseconds, after which a store that owes a reply counts as broken. Servers have
/// been seen to pause for many seconds, so this is long; single requests have their own deadlines.
pub const SILENCE_LIMIT: u64 = 30_000_000_000;

/// What the store did that no store may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An index of the ring is further ahead than the ring is long.
    Index {
        /// What the producer said.
        prod: u32,
        /// What the consumer said.
        cons: u32,
    },
    /// A header announces more than [`crate::io::xs_wire::PAYLOAD_MAX`] bytes.
    Length(u32),
    /// A reply to a request that is not in flight.
    UnknownId(u32),
    /// A reply of another type than its request.
    WrongType {
        /// The type of the reply.
        got: u32,
        /// The type of the request.
        want: u32,
    },
    /// A watch event without path and token.
    WatchEvent,
    /// No byte for [`SILENCE_LIMIT`] while replies were owed.
    Silence,
    /// The store reported an error in the ring page.
    Reported(u32),
}
