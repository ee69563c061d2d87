//! Calls from the kernel into a driver.
//!
//! Every driver routine is called through `call!`: the verifier then knows where the driver's part of the
//! stack begins, and checks that the routine returns at the IRQL at which it was called (WDK: every
//! callback annotated "same IRQL on exit").

use crate::engine::Point;
use crate::ke::thread;
use crate::kernel::kernel;
use crate::trace;
use crate::verifier::{self, calls::Calls};

/// State of a call-out, to be given to [`leave`].
pub struct Callout {
    saved: Calls,
    what: &'static str,
    target: usize,
    irql: u8,
}

impl Callout {
    /// The routine may return at another IRQL than it was called at (it takes or releases a lock).
    pub fn any_irql(&mut self) {
        self.irql = crate::ke::irql::current();
    }
}

/// Before the call. `fresh_stack` tells that Windows would run the routine on a stack of its own
/// (DPCs, interrupt service routines).
#[inline(always)]
pub fn enter(what: &'static str, target: usize, fresh_stack: bool) -> Callout {
    let k = kernel();
    trace::record(trace::Event::Callout, what);
    crate::coverage::event(what);
    k.scheduling_point(Point::Callout);
    let irql = crate::ke::irql::current();
    if irql >= crate::abi::DISPATCH_LEVEL && k.config.checked {
        verifier::calls::check_pageable(target, irql);
    }
    let sp = crate::arch::stack_pointer();
    let calls = thread::current().calls();
    let saved = *calls;
    calls.enter(sp, fresh_stack);
    k.engine.driver_entered();
    Callout { saved, what, target, irql }
}

/// After the call.
pub fn leave(state: Callout) {
    let k = kernel();
    k.engine.driver_left();
    *thread::current().calls() = state.saved;
    let irql = crate::ke::irql::current();
    if irql != state.irql {
        verifier::report(
            &verifier::rules::IRQL_CHANGED,
            alloc::format!("{} returned at IRQL {irql}, was called at {}", state.what, state.irql),
            [state.target as u64, state.irql as u64, irql as u64, 0],
        );
        crate::ke::irql::force(state.irql);
    }
    trace::record(trace::Event::Return, state.what);
    k.scheduling_point(Point::Callout);
}

/// After a call of driver code that is not a callback with an IRQL contract (tests that call into the middle of a
/// driver): only the call state is restored.
pub fn leave_unchecked(state: Callout) {
    kernel().engine.driver_left();
    *thread::current().calls() = state.saved;
}

/// Calls a driver routine: `call!("DriverUnload", routine, driver)`. The routine is an `unsafe extern "win64"
/// fn`. `call!(fresh "ISR", …)` for routines that have an own stack under Windows.
#[macro_export]
macro_rules! call {
    (fresh $what:expr, $f:expr $(, $arg:expr)* $(,)?) => { $crate::call!(@ true, $what, $f $(, $arg)*) };
    (@ $fresh:literal, $what:expr, $f:expr $(, $arg:expr)*) => {{
        let f = $f;
        let state = $crate::callout::enter($what, f as usize, $fresh);
        #[allow(unused_unsafe)]
        let result = unsafe { f($($arg),*) };
        $crate::callout::leave(state);
        result
    }};
    ($what:expr, $f:expr $(, $arg:expr)* $(,)?) => { $crate::call!(@ false, $what, $f $(, $arg)*) };
}
