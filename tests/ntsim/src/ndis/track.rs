//! Objects that drivers hold: for the leak rules of halt and unload.

use super::rules;
use crate::kernel::lock::Lock;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

/// An object.
#[derive(Clone, Copy)]
pub struct Object {
    /// What it is.
    pub kind: &'static str,
    /// Handle under which it was made: a driver's or an adapter's; 0 for none.
    pub owner: usize,
    /// Code that made it.
    pub caller: usize,
    number: u64,
}

/// All objects by address.
#[derive(Default)]
pub struct Objects(Lock<(BTreeMap<usize, Object>, u64)>);

impl Objects {
    /// Adds an object, made by the driver that called the current export.
    pub fn add(&self, at: usize, kind: &'static str, owner: usize) {
        let caller = crate::export::caller();
        let mut all = self.0.lock();
        all.1 += 1;
        let number = all.1;
        all.0.insert(at, Object { kind, owner, caller, number });
    }

    /// Removes an object; what is not there is reported.
    pub fn remove(&self, at: usize, kind: &'static str) -> bool {
        let found = {
            let mut all = self.0.lock();
            match all.0.get(&at) {
                Some(object) if object.kind == kind => all.0.remove(&at),
                _ => None,
            }
        };
        if found.is_none() {
            rules::report(
                &rules::BAD_OBJECT,
                format!("a {kind} that does not exist is freed or used"),
                at,
                0,
            );
        }
        found.is_some()
    }

    /// Does the object exist?
    pub fn has(&self, at: usize, kind: &'static str) -> bool {
        self.0.lock().0.get(&at).is_some_and(|o| o.kind == kind)
    }

    /// What an owner still has, in the order in which it was made.
    pub fn of(&self, owner: usize) -> Vec<(usize, Object)> {
        let mut list: Vec<_> =
            self.0.lock().0.iter().filter(|o| o.1.owner == owner).map(|o| (*o.0, *o.1)).collect();
        list.sort_by_key(|o| o.1.number);
        list
    }

    /// Reports what an owner leaves behind, and forgets it.
    pub fn report_left(&self, owner: usize, rule: &'static crate::verifier::Rule, when: &str) {
        for (at, object) in self.of(owner) {
            self.0.lock().0.remove(&at);
            let by = crate::loader::describe(object.caller);
            rules::report(rule, format!("{when}: a {} made by {by} is left", object.kind), at, object.caller);
        }
    }
}
