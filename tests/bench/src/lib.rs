//! What the benchmarks measure with: an allocator that counts, a counter of instructions, and the
//! operations themselves.

pub mod allocations;
pub mod block;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod instructions;
pub mod operations;
