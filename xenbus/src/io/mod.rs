//! What front-ends and back-ends say to each other: wire formats and their validated counterparts.
//!
//! A *wire* struct has the layout of Xen's public headers (`xen/io/*.h`), accepts any bytes and promises
//! nothing. Its *validated* counterpart can only be made by a parser that checked every field.
//! Parsers never panic. Codes that a peer supplies are open: a newtype over the number with the known
//! values as constants, so that an unknown value is data, not undefined behaviour.

pub mod blkif;
pub mod console;
pub mod netif;
pub mod netif_ctrl;
pub mod xs_wire;
