//! The NT kernel as Rust sees it: bindings and the few safe wrappers that the drivers share.
#![no_std]
#![allow(unsafe_code, reason = "the one crate that talks to the kernel")]

#[cfg(test)]
extern crate std;

#[cfg(all(windows, panic = "abort", not(feature = "wdk")))]
pub mod crt;
mod entry;
pub mod event_log;
pub mod irp;
pub mod ke;
pub mod mdl;
pub mod panic;
pub mod pool;
pub mod registry;
pub mod remove_lock;
pub mod storport;
pub mod sys;
pub mod trace;
pub mod unicode;
#[cfg(feature = "wdk")]
pub mod wdk;
