//! Whole-system tests: drivers + ntsim + xensim.
#![allow(unsafe_code, reason = "gives images to the stand-in kernel")]

pub mod bus;
pub mod coverage;
pub mod disk;
pub mod net;
pub mod rig;
pub mod shrink;
pub mod volume;
pub mod whole;
