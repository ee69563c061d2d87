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
    /// What [`arm`] asked for; else the configuration counts.
    armed: Option<Faults>,
    /// Only allocations of this module count (file name in lower case).
    only: Option<String>,
    count: u64,
    stacks: BTreeSet<u64>,
    log: Vec<(u64, String)>,
    off: u32,
    hits: BTreeMap<&'static str, (u64, u64)>,
}

/// From now on allocations fail so, counted from 0 again; `only` is the file name of the driver that is meant
/// ("xenpvvbd.sys"), or empty for all.
pub fn arm(faults: Faults, only: &str) {
    let mut s = kernel().room::<Injected>().0.lock();
    s.armed = Some(faults);
    s.only = (!only.is_empty()).then(|| only.to_lowercase());
    s.count = 0;
    s.stacks.clear();
}

/// No more failures.
pub fn disarm() {
    arm(Faults::Off, "");
}

/// Should this allocation of a driver fail? `what` names the kind for coverage.
pub fn fail_allocation(what: &'static str) -> bool {
    let k = kernel();
    let room = k.room::<Injected>();
    let caller = crate::export::caller();
    let (number, faults) = {
        let mut s = room.0.lock();
        let faults = s.armed.unwrap_or(k.config.faults);
        if faults == Faults::Off || s.off > 0 {
            return false;
        }
        if let Some(only) = &s.only
            && crate::loader::module_at(caller).is_none_or(|m| m.name != *only)
        {
            return false;
        }
        s.hits.entry(what).or_default().0 += 1;
        s.count += 1;
        (s.count - 1, faults)
    };
    // The seed is asked whatever the kind, so that the same failures under another kind are the same run.
    let draw = k.engine.choose(10_000, "allocation failure");
    let fail = match faults {
        Faults::Off => false,
        Faults::Random(rate) => draw < rate,
        Faults::Nth(n) => number == n,
        Faults::Those(list) => list.contains(&number),
        Faults::Systematic => {
            let hash = crate::unwind::stack::hash(DEPTH);
            room.0.lock().stacks.insert(hash)
        }
    };
    if fail {
        trace::record_value(trace::Event::Note, "injected failure", number);
        crate::coverage::fault(what);
        let place = crate::loader::describe(caller);
        let mut s = room.0.lock();
        s.log.push((number, place));
        s.hits.entry(what).or_default().1 += 1;
    }
    fail
}

/// Injected failures so far: number of the allocation and who asked.
pub fn injected() -> Vec<(u64, String)> {
    kernel().room::<Injected>().0.lock().log.clone()
}

/// Number of allocations that could have failed so far; `arm(Faults::Those(&[]), …)` only counts.
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
