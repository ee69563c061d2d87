//! io: IRPs, devices, drivers, interrupts, work items, what user mode sees.
#![allow(non_upper_case_globals, reason = "Microsoft's names stand in patterns")]
#![allow(
    function_casts_as_integer,
    unpredictable_function_pointer_comparisons,
    reason = "routines are kept by address"
)]
#![allow(
    clippy::useless_transmute,
    clippy::missing_transmute_annotations,
    clippy::unnecessary_cast,
    clippy::type_complexity,
    clippy::vec_box,
    reason = "the bindings' types differ between their two sources; strings must not move"
)]

pub mod build;
pub mod csq;
pub mod device;
pub mod dma;
pub mod driver;
pub mod errlog;
pub mod file;
pub mod glue;
pub mod guid;
pub mod interface;
pub mod interrupt;
pub mod irp;
pub mod misc;
pub mod notify;
pub mod remlock;
pub mod rules;
pub mod rules_irp;
pub mod security;
pub mod stack;
pub mod user;
pub mod work;

use crate::export::Export;
use crate::kernel::{kernel, lock::Lock};
use alloc::vec::Vec;

/// State of the I/O manager.
#[derive(Default)]
pub struct State {
    /// IRPs.
    pub irps: Lock<irp::Table>,
    /// Dispatch calls whose IRP is gone while the routine has not returned.
    pub orphans: Lock<Vec<irp::Dispatch>>,
    /// IRPs queued to threads: thread number, IRP.
    pub threaded: Lock<Vec<(u32, usize)>>,
    /// Requests of user mode: process, file, IRP.
    pub user_irps: Lock<Vec<(u32, usize, usize)>>,
    /// Devices.
    pub devices: Lock<device::Table>,
    /// Drivers.
    pub drivers: Lock<driver::Table>,
    /// Device interfaces.
    pub interfaces: Lock<interface::Table>,
    /// Plug and Play notifications.
    pub notify: Lock<notify::Table>,
    /// Work items.
    pub work: Lock<work::Table>,
    /// Remove locks that the verifier watches.
    pub remove_locks: Lock<remlock::Table>,
    /// Connected interrupts.
    pub interrupts: Lock<interrupt::Table>,
    /// The event log.
    pub log: Lock<errlog::Log>,
    /// Files opened by user mode.
    pub files: Lock<file::Table>,
    /// DMA adapters.
    pub dma: Lock<dma::Table>,
    /// The cancel spin lock.
    pub cancel: glue::CancelLock,
}

/// The I/O manager of the running kernel.
pub fn state() -> &'static State {
    kernel().room()
}

/// Export tables of this room.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![
        irp::EXPORTS,
        build::EXPORTS,
        csq::EXPORTS,
        device::EXPORTS,
        dma::EXPORTS,
        driver::EXPORTS,
        errlog::EXPORTS,
        file::EXPORTS,
        interface::EXPORTS,
        interrupt::EXPORTS,
        misc::EXPORTS,
        notify::EXPORTS,
        remlock::EXPORTS,
        work::EXPORTS,
    ]
}
