//! What a Xen host and a Windows guest under test say to each other (`docs/winhost.md`): the [`plan`] on the
//! payload image ([`medium`]), the lines of the [`wire`], and a guest that stands in for Windows ([`standin`]).
//!
//! The orchestrator's tests and the stand-in kernel on real Xen run the same code.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod medium;
pub mod plan;
pub mod script;
pub mod standin;
pub mod wire;
