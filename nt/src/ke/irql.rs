//! The interrupt request level.

use crate::sys::*;

/// The calling processor's IRQL.
#[must_use]
pub fn current() -> KIRQL {
    // SAFETY: no precondition.
    unsafe { KeGetCurrentIrql() }
}

/// While this lives, the processor runs at DISPATCH_LEVEL (or above, if it did before).
#[derive(Debug)]
pub struct Dispatch {
    old: KIRQL,
    // Belongs to the processor: may not go to another thread.
    _thread: core::marker::PhantomData<*mut ()>,
}

impl Dispatch {
    /// Raises to DISPATCH_LEVEL. Call at IRQL ≤ DISPATCH_LEVEL.
    #[must_use]
    pub fn raise() -> Self {
        // SAFETY: the caller is at or below DISPATCH_LEVEL.
        let old = unsafe { KfRaiseIrql(DISPATCH_LEVEL as KIRQL) };
        Self { old, _thread: core::marker::PhantomData }
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        // SAFETY: back to where this processor was; guards are dropped in reverse order.
        unsafe { KeLowerIrql(self.old) };
    }
}
