//! Shared by the tests of the I/O and Plug and Play managers: a machine, and a well-behaved driver.
#![allow(dead_code, unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

pub mod bus;
pub mod driver;
pub mod pci;
pub mod start;
