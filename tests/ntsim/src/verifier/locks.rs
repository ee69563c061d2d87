//! Lock rules: recursion, order, release of what is not held.

use super::{report, rules};
use crate::ke::thread;
use crate::kernel::{kernel, lock::Lock};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Address.
    pub lock: usize,
    /// May be taken again by its owner (shared locks, mutexes).
    pub shared: bool,
}

/// Which locks were ever taken while another was held. Addresses are only compared, never ordered by.
#[derive(Default)]
pub struct Order(Lock<Edges>);

#[derive(Default)]
struct Edges {
    after: BTreeMap<usize, BTreeSet<usize>>,
}

impl Edges {
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = alloc::vec![from];
        while let Some(at) = todo.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                todo.extend(self.after.get(&at).into_iter().flatten());
            }
        }
        false
    }
}

#[allow(clippy::mut_from_ref)]
fn held() -> &'static mut alloc::vec::Vec<Held> {
    unsafe { &mut *thread::current().locks.get() }
}

/// Before a lock is acquired. A `try` acquisition makes no order.
pub fn acquiring(lock: usize, shared: bool, try_only: bool) {
    if !crate::kernel::kernel().config.checked {
        return;
    }
    let held = held();
    if held.iter().any(|h| h.lock == lock && !(h.shared && shared)) && !try_only {
        report(
            &rules::LOCK_RECURSION,
            format!("a lock is acquired that the same thread holds (lock {})", name(lock)),
            [lock as u64, 0, 0, 0],
        );
    }
    if try_only {
        return;
    }
    let order = kernel().room::<Order>();
    for h in held.iter().filter(|h| h.lock != lock) {
        let bad = {
            let mut e = order.0.lock();
            let known = e.after.get(&h.lock).is_some_and(|s| s.contains(&lock));
            let bad = !known && e.reaches(lock, h.lock);
            if !bad {
                e.after.entry(h.lock).or_default().insert(lock);
            }
            bad
        };
        if bad {
            report(
                &rules::LOCK_ORDER,
                format!(
                    "lock {} is acquired after {}; elsewhere it is the other way round",
                    name(lock),
                    name(h.lock)
                ),
                [lock as u64, h.lock as u64, 0, 0],
            );
        }
    }
}

/// A lock was acquired.
pub fn acquired(lock: usize, shared: bool) {
    held().push(Held { lock, shared });
}

/// A lock is released.
pub fn released(lock: usize) {
    let held = held();
    match held.iter().rposition(|h| h.lock == lock) {
        Some(i) => {
            held.remove(i);
        }
        None => report(
            &rules::LOCK_NOT_HELD,
            format!("lock {} is released by a thread that does not hold it", name(lock)),
            [lock as u64, 0, 0, 0],
        ),
    }
}

/// A lock changes hands without its holder (a mutex released on behalf of another): forget it quietly.
pub fn forget(lock: usize) {
    held().retain(|h| h.lock != lock);
}

/// Memory is freed: its locks do not exist any more. A held one is a violation.
pub fn memory_freed(range: core::ops::Range<usize>) {
    if held().iter().any(|h| range.contains(&h.lock)) {
        report(
            &rules::LOCK_FREED,
            "memory with a held lock in it is freed".into(),
            [range.start as u64, 0, 0, 0],
        );
        held().retain(|h| !range.contains(&h.lock));
    }
    let order = kernel().room::<Order>();
    let mut e = order.0.lock();
    if e.after.is_empty() {
        return;
    }
    e.after.retain(|lock, _| !range.contains(lock));
    for set in e.after.values_mut() {
        set.retain(|lock| !range.contains(lock));
    }
}

/// Does the current thread hold a spin lock or the like?
pub fn holds_any() -> bool {
    !held().is_empty()
}

fn name(lock: usize) -> alloc::string::String {
    match crate::loader::module_at(lock) {
        Some(_) => crate::loader::describe(lock),
        None => match kernel().mm.pool.lock().containing(lock) {
            Some((start, b)) => {
                format!(
                    "in pool {:?}+{:#x}",
                    core::str::from_utf8(&b.tag.to_le_bytes()).unwrap_or("?"),
                    lock - start
                )
            }
            None => "on a stack or in device memory".into(),
        },
    }
}
