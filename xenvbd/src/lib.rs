//! xenvbd.sys: Storport miniport over blkfront.
//!
//! From above: [`driver`] (entry point), [`miniport`] (what Storport calls), [`pnp`] (requests seen
//! before Storport), [`adapter`] (targets follow `device/vbd/*`), [`target`] (one disk: connection and
//! queues), [`scsi`] (commands, pure), [`srb`] and [`token`] (SRBs and what the front-end holds of them),
//! [`dump`] (the second instance, for crash dumps and hibernation), [`probe`] (the self-test before
//! unplug).
#![no_std]

extern crate alloc;

pub mod adapter;
mod bus;
pub mod driver;
pub mod dump;
mod gate;
pub mod miniport;
pub mod numbering;
mod passive;
pub mod pnp;
pub mod probe;
pub mod report;
pub mod scsi;
pub mod sp;
pub mod srb;
pub mod target;
pub mod token;
