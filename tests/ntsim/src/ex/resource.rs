//! ERESOURCE: shared and exclusive ownership by threads. Windows' layout is opaque; a side table keeps the
//! state, the driver's memory only identifies the resource.

use crate::abi::*;
use crate::ke::{event, irql, thread, wait};
use crate::kernel::{kernel, lock::Lock};
use crate::verifier::{self, locks, rules};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

struct Resource {
    exclusive: usize,
    depth: u32,
    shared: BTreeMap<usize, u32>,
    waiting_exclusive: u32,
    changed: Box<KEVENT>,
}

#[derive(Default)]
struct Resources(Lock<BTreeMap<usize, Resource>>);

fn with<R>(r: PVOID, f: impl FnOnce(&mut Resource) -> R) -> R {
    let mut all = kernel().room::<Resources>().0.lock();
    match all.get_mut(&(r as usize)) {
        Some(resource) => f(resource),
        None => {
            drop(all);
            verifier::stop(
                0x38,
                [r as u64, 0, 0, 0],
                "an ERESOURCE is used that is not initialised".into(),
                None,
            )
        }
    }
}

fn acquire(r: PVOID, exclusive: bool, wait: bool) -> bool {
    let me = thread::current() as *const _ as usize;
    if thread::current().apc_disable.get() == 0
        && thread::current().special_apc_disable.get() == 0
        && irql::current() < APC_LEVEL
    {
        verifier::report(
            &rules::RESOURCE_APC,
            "an ERESOURCE is acquired without entering a critical region".into(),
            [r as u64, 0, 0, 0],
        );
    }
    let mut waiting = false;
    loop {
        let (got, changed) = with(r, |s| {
            let got = if exclusive {
                if s.exclusive == me {
                    s.depth += 1;
                    true
                } else if s.exclusive == 0 && s.shared.is_empty() {
                    s.exclusive = me;
                    s.depth = 1;
                    true
                } else {
                    false
                }
            } else if s.exclusive == me {
                s.depth += 1;
                true
            } else if s.exclusive == 0 && (s.waiting_exclusive == 0 || s.shared.contains_key(&me)) {
                *s.shared.entry(me).or_default() += 1;
                true
            } else {
                false
            };
            if exclusive && !got && !waiting && wait {
                s.waiting_exclusive += 1;
                waiting = true;
            }
            if got && waiting {
                s.waiting_exclusive -= 1;
            }
            (got, &mut *s.changed as *mut KEVENT)
        });
        if got {
            locks::acquired(r as usize, true);
            return true;
        }
        if !wait {
            return false;
        }
        unsafe { wait::wait_one(changed, wait::Timeout::millis(1000)) };
    }
}

fn release(r: PVOID) {
    let me = thread::current() as *const _ as usize;
    let (ok, changed) = with(r, |s| {
        let ok = if s.exclusive == me {
            s.depth -= 1;
            if s.depth == 0 {
                s.exclusive = 0;
            }
            true
        } else if let Some(n) = s.shared.get_mut(&me) {
            *n -= 1;
            if *n == 0 {
                s.shared.remove(&me);
            }
            true
        } else {
            false
        };
        (ok, &mut *s.changed as *mut KEVENT)
    });
    if !ok {
        verifier::stop(
            0xE3,
            [r as u64, me as u64, 0, 0],
            "an ERESOURCE is released by a thread that does not own it".into(),
            None,
        );
    }
    locks::released(r as usize);
    unsafe { event::pulse(changed) };
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExInitializeResourceLite(r: PVOID) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let mut changed: Box<KEVENT> = Box::new(core::mem::zeroed());
        event::initialize(&mut *changed, false, false);
        let new = Resource { exclusive: 0, depth: 0, shared: BTreeMap::new(), waiting_exclusive: 0, changed };
        kernel().room::<Resources>().0.lock().insert(r as usize, new);
        STATUS_SUCCESS
    }
    fn ExDeleteResourceLite(r: PVOID) -> NTSTATUS [irql <= APC_LEVEL] {
        let owned = with(r, |s| s.exclusive != 0 || !s.shared.is_empty());
        if owned {
            verifier::report(&rules::LOCK_FREED, "an ERESOURCE is deleted while owned".into(), [r as u64, 0, 0, 0]);
        }
        kernel().room::<Resources>().0.lock().remove(&(r as usize));
        STATUS_SUCCESS
    }
    fn ExAcquireResourceExclusiveLite(r: PVOID, wait: u8) -> u8 [irql <= APC_LEVEL] { acquire(r, true, wait != 0) as u8 }
    fn ExAcquireResourceSharedLite(r: PVOID, wait: u8) -> u8 [irql <= APC_LEVEL] { acquire(r, false, wait != 0) as u8 }
    fn ExReleaseResourceLite(r: PVOID) [irql <= DISPATCH_LEVEL] { release(r) }
    fn ExIsResourceAcquiredExclusiveLite(r: PVOID) -> u8 [irql <= DISPATCH_LEVEL] {
        let me = thread::current() as *const _ as usize;
        with(r, |s| s.exclusive == me) as u8
    }
}
