//! The NT kernel as Rust sees it: bindings and the few safe wrappers that the drivers share.
//!
//! - [`sys`]: types, constants and imports, Microsoft's names, checked by `tests/abi`.
//! - [`irp`], [`nbl`], [`storport`]: what the headers give as macros and inline functions.
//! - [`ke`], [`pool`], [`reserve`], [`mdl`], [`registry`], [`remove_lock`], [`unicode`]: wrappers, each for an
//!   invariant that a driver must not break (an address that stays, an order of teardown, a level
//!   that goes with a lock, a length that is checked).
//! - [`event_log`], [`trace`]: what an administrator and a developer get to see.
//! - [`driver_entry!`], [`panic`](mod@panic) and the run-time symbols: what makes a crate a driver. They are
//!   active in driver builds only: Windows target, `panic = "abort"`.
//!
//! The same crate builds on any host, where the imports are declarations that nobody calls: drivers
//! are unit-tested there, and the stand-in kernel of `tests/ntsim` uses the same definitions.
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
pub mod nbl;
pub mod panic;
pub mod pool;
pub mod registry;
pub mod remove_lock;
pub mod reserve;
pub mod storport;
pub mod sys;
pub mod trace;
pub mod unicode;
#[cfg(feature = "wdk")]
pub mod wdk;
