//! The block front-end, sans-I/O, no NT.
//!
//! - [`negotiate`]: what the back-end offers and what comes of it. [`control`]: the life of the
//!   connection in xenstore.
//! - [`request`]: what the driver asks for. [`queue`]: requests on their way through one ring;
//!   [`channel`]: that ring with its event channel and its pages.
//! - [`emergency`]: one request at a time on a ring whose owner has crashed.
//! - [`lifecycle`]: connection, loss, reset and failure of a queue. [`fence`]: what a reset leaves.
//!
//! The rules that all of it keeps: a request is handed back exactly once, after its grants have
//! ended; whatever the back-end writes is copied once and checked; a violation breaks the device and
//! nothing else; a flush that was not done is never reported as done; nothing on the way of a request
//! allocates.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod channel;
pub mod control;
pub mod emergency;
pub mod fence;
mod flush;
mod issue;
pub mod lifecycle;
pub mod negotiate;
pub mod queue;
pub mod request;
mod retire;
mod slab;
