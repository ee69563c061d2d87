//! A Windows domU on a Xen test host: `docs/winhost.md`.
//!
//! [`session`] drives one cell of a [`matrix`]: a Windows version with a suite. It makes things on the
//! host through a [`toolstack`], reads what the guest says ([`wire`]), and its results go to a
//! [`report`].

pub use winhost_protocol::{standin, wire};

pub mod clean;
pub mod clock;
pub mod drivers;
pub mod guest;
pub mod matrix;
pub mod payload;
pub mod plan;
pub mod report;
pub mod run;
pub mod runner;
pub mod serve;
pub mod session;
pub mod state;
pub mod toolstack;
pub mod unattend;
