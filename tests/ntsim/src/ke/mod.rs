//! ke: processors, IRQL, threads, dispatcher objects, DPCs, timers, interrupts.

pub mod bugcheck;
pub mod clock;
pub mod cpu;
pub mod dpc;
pub mod event;
pub mod interrupt;
pub mod irql;
pub mod list;
pub mod processors;
pub mod sched;
pub mod shared_data;
pub mod spin;
pub mod sync;
pub mod thread;
pub mod timer;
pub mod wait;

use crate::kernel::lock::Lock;

/// Scheduler and dispatcher state of a kernel.
#[derive(Default)]
pub struct State {
    /// The dispatcher lock: ready queues, wait lists, timers.
    pub dispatcher: Lock<sched::Dispatcher>,
    /// Connected interrupts.
    pub interrupts: Lock<interrupt::Table>,
}
