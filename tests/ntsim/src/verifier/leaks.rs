//! Leak checks that other modules contribute.

use crate::kernel::lock::Lock;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Finds something that still refers to a driver's image; gives words for it.
pub type Check = fn(&Range<usize>) -> Option<String>;

/// The registered checks: `kernel().room::<Checks>().add(f)`.
#[derive(Default)]
pub struct Checks(Lock<Vec<Check>>);

impl Checks {
    /// Adds a check.
    pub fn add(&self, check: Check) {
        self.0.lock().push(check);
    }

    /// All checks.
    pub fn all(&self) -> Vec<Check> {
        self.0.lock().clone()
    }
}

/// Checks that pool about to be freed contains nothing that is in use: `room::<FreeChecks>().add(f)`.
#[derive(Default)]
pub struct FreeChecks(Lock<Vec<Check>>);

impl FreeChecks {
    /// Adds a check.
    pub fn add(&self, check: Check) {
        self.0.lock().push(check);
    }

    /// All checks.
    pub fn all(&self) -> Vec<Check> {
        self.0.lock().clone()
    }
}

/// Registers the checks of ke and ex.
pub fn register(k: &crate::kernel::Kernel) {
    let checks = k.room::<Checks>();
    checks.add(crate::ke::bugcheck::registered_within);
    checks.add(crate::ex::callback::registered_within);
    checks.add(crate::ex::lookaside::alive_within);
    checks.add(crate::ex::timer::alive_within);
    checks.add(crate::mm::mdl::held_within);
    checks.add(crate::mm::region::held_within);
    checks.add(crate::ps::registered_within);
    let free = k.room::<FreeChecks>();
    free.add(crate::ke::bugcheck::registered_within);
    free.add(crate::ex::lookaside::alive_within);
    free.add(crate::mm::mdl::inside);
}
