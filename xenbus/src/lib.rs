//! The Xen PV protocol: no_std, knows nothing of NT.
#![no_std]

extern crate alloc;

pub mod seam;
pub mod types;
