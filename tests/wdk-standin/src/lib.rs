//! Nothing of its own: see `Cargo.toml`.
#![no_std]
pub use nt::wdk::wdk_sys;
