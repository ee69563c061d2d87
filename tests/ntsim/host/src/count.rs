//! Counts the instructions that drivers execute, by stepping through them (the trap flag). Exact and repeatable, and
//! slow: for budgets, not for every run. Instructions that the engine emulates are not counted.

use std::arch::asm;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

/// Instructions of one driver.
struct Counted {
    name: String,
    range: Range<usize>,
    count: Cell<u64>,
}

/// The counters of a simulation.
#[derive(Default)]
pub struct Counter {
    on: Cell<bool>,
    drivers: RefCell<Vec<Counted>>,
}

impl Counter {
    /// Starts to count, from zero.
    pub fn start(&self) {
        let drivers = ntsim::loader::modules().into_iter().map(|module| Counted {
            name: module.name.clone(),
            range: module.range(),
            count: Cell::new(0),
        });
        *self.drivers.borrow_mut() = drivers.collect();
        self.on.set(true);
    }

    /// Ends the counting: instructions by driver.
    pub fn stop(&self) -> BTreeMap<String, u64> {
        self.on.set(false);
        self.drivers.borrow_mut().drain(..).map(|driver| (driver.name, driver.count.get())).collect()
    }

    /// The next instructions are a driver's: sets the trap flag.
    pub fn arm(&self) {
        if self.on.get() {
            unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
        }
    }

    /// They are not any more.
    pub fn disarm(&self) {
        if self.on.get() {
            unsafe { asm!("pushfq", "and qword ptr [rsp], -257", "popfq") };
        }
    }

    /// A trap came before the instruction at `rip`; false if nobody counts. Called by the signal handler: what it
    /// interrupts is never the engine's own work on these fields, which is done with the flag off.
    pub fn trapped(&self, rip: usize) -> bool {
        if !self.on.get() {
            return false;
        }
        if let Ok(drivers) = self.drivers.try_borrow()
            && let Some(driver) = drivers.iter().find(|driver| driver.range.contains(&rip))
        {
            driver.count.set(driver.count.get() + 1);
        }
        true
    }
}
