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
