//! The grant table (`xen/grant_table.h`), version 1.
//!
//! An entry is two words: flags and domain, then the frame. We write the frame first and the flags
//! last; from then on the hypervisor sets `GTF_reading` and `GTF_writing` in the flags while the peer
//! has the page mapped. A grant ends by one compare-and-exchange that fails while either bit is set:
//! only then may the entry be used again (XSA-396 is what happens otherwise).
//!
//! Entries are found through caches, one per processor, so that processors do not meet on one lock;
//! they are filled from and spill into a common list, and the table grows by a frame when that is
//! empty, up to what the host allows. When all is in use the caches of the others are searched.

mod deferred;
mod table;
#[cfg(all(test, not(loom)))]
mod tests;

pub use deferred::Deferred;
pub use table::{Frames, Stats, Table};
