//! The Xen PV protocol: no_std, knows nothing of NT.
#![no_std]

extern crate alloc;

pub mod abi;
pub mod arch;
pub mod errno;
pub mod event;
pub mod grant;
pub mod io;
pub mod keys;
pub mod page;
pub mod ring;
pub mod seam;
pub mod state;
pub mod sync;
pub mod types;
pub mod unplug;
pub mod xs;
