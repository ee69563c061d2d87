//! Fault injection into allocations and the like.

use crate::kernel::config::Faults;
use crate::kernel::{kernel, lock::Lock};
use crate::trace;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// Frames of the call stack that make two allocations different.
const DEPTH: usize = 12;

/// What was injected.
#[derive(Default)]
pub struct Injected(Lock<State>);

#[derive(Default)]
struct State {
    count: u64,
    stacks: BTreeSet<u64>,
    log: Vec<(u64, String)>,
    off: u32,
    hits: BTreeMap<&'static str, (u64, u64)>,
}

/// Should this allocation of a driver fail? `what` names the kind for coverage.
pub fn fail_allocation(what: &'static str) -> bool {
    let k = kernel();
    // Allocations of native test code have no driver on the stack: they are not what is tested.
    let number = {
        let mut s = k.room::<Injected>().0.lock();
        s.hits.entry(what).or_default().0 += 1;
        if s.off > 0 {
            return false;
        }
        s.count += 1;
        s.count - 1
    };
    let fail = match k.config.faults {
        Faults::Off => return false,
        Faults::Random(rate) => k.engine.choose(10_000, "allocation failure") < rate,
        Faults::Nth(n) => number == n,
        Faults::Systematic => {
            let hash = crate::unwind::stack::hash(DEPTH);
            k.room::<Injected>().0.lock().stacks.insert(hash)
        }
    };
    if fail {
        trace::record_value(trace::Event::Note, "injected failure", number);
        let place = crate::loader::describe(crate::export::caller());
        let mut s = k.room::<Injected>().0.lock();
        s.log.push((number, place));
        s.hits.entry(what).or_default().1 += 1;
    }
    fail
}

/// Injected failures so far: number of the allocation and who asked.
pub fn injected() -> Vec<(u64, String)> {
    kernel().room::<Injected>().0.lock().log.clone()
}

/// Number of allocations that could have failed so far.
pub fn opportunities() -> u64 {
    kernel().room::<Injected>().0.lock().count
}

/// Kinds with (opportunities, injected failures), for the coverage report.
pub fn coverage() -> Vec<(&'static str, u64, u64)> {
    kernel().room::<Injected>().0.lock().hits.iter().map(|(w, (n, f))| (*w, *n, *f)).collect()
}

/// No failures while `f` runs (phases in which Windows itself would not survive them).
pub fn suspended<R>(f: impl FnOnce() -> R) -> R {
    let room = kernel().room::<Injected>();
    room.0.lock().off += 1;
    let r = f();
    room.0.lock().off -= 1;
    r
}
