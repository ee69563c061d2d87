//! ntsim in a Linux process: virtual processors are coroutines on one thread, time is virtual, every
//! decision comes from a seed.
//!
//! ```ignore
//! let sim = Sim::builder().seed(7).processors(2).build();
//! let value = sim.run(|| { /* on an NT system thread at PASSIVE_LEVEL */ 42 })?;
//! println!("{:x}", sim.trace_hash());
//! ```
//! Several simulations may run in parallel, each on a thread of its own.
// This crate plays the processor: it maps memory, patches code and switches stacks. The three unsafe lints
// of the workspace would mark nearly every line.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]
#![allow(clippy::not_unsafe_ptr_arg_deref)]
// A bugcheck ends the run: its size does not matter.
#![allow(clippy::result_large_err, clippy::type_complexity)]

mod count;
mod cpus;
mod emulate;
mod engine;
mod execute;
mod firmware;
mod machine;
mod memory;
mod patch;
mod seed;
mod sim;
mod trap;
mod watchdog;

pub use machine::NoMachine;
pub use ntsim::verifier::{BugCheck, Report};
pub use sim::{Builder, Sim};
