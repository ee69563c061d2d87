//! Decisions without machinery: what to do, never how. No unsafe, no NT, no Xen: tested on the host.
#![forbid(unsafe_code)]

pub mod balloon;
pub mod boot;
pub mod control;
pub mod doors;
pub mod enumerate;
pub mod params;
pub mod unplug;
