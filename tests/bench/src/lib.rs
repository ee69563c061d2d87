//! What the benchmarks measure with: an allocator that counts, a counter of instructions, and the
//! operations themselves.

pub mod allocations;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod instructions;
pub mod operations;
