//! Remove locks, with the accounting that Driver Verifier does.
//!
//! Source: "Using Remove Locks", bugcheck 0xC4 subcodes 0xD5–0xD7. The driver's IO_REMOVE_LOCK holds the
//! counters of the free build; tags are kept here.

use super::{glue, rules, state};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, Ordering};
use nt::sys::*;

/// Tags held, per lock.
#[derive(Default)]
pub struct Table {
    locks: BTreeMap<usize, Vec<usize>>,
}

impl Table {
    /// Tags held on a lock.
    pub fn held(&self, lock: usize) -> usize {
        self.locks.get(&lock).map_or(0, Vec::len)
    }
}

unsafe fn count(lock: *mut IO_REMOVE_LOCK) -> &'static AtomicI32 {
    &*core::ptr::addr_of!((*lock).Common.IoCount).cast()
}

unsafe fn known(lock: *mut IO_REMOVE_LOCK) -> bool {
    let known = state().remove_locks.lock().locks.contains_key(&(lock as usize));
    if !known {
        rules::object(
            &rules::REMLOCK_UNINITIALIZED,
            "remove lock used before IoInitializeRemoveLock",
            lock as usize,
            0,
        );
    }
    known
}

unsafe fn drop_one(lock: *mut IO_REMOVE_LOCK) {
    if count(lock).fetch_sub(1, Ordering::AcqRel) == 1 {
        glue::set_event(core::ptr::addr_of_mut!((*lock).Common.RemoveEvent).cast());
    }
}

unsafe fn release_tag(lock: *mut IO_REMOVE_LOCK, tag: *mut c_void) -> bool {
    let held = {
        let mut table = state().remove_locks.lock();
        let tags = table.locks.entry(lock as usize).or_default();
        match tags.iter().position(|t| *t == tag as usize) {
            Some(at) => {
                tags.swap_remove(at);
                true
            }
            None => false,
        }
    };
    if !held {
        rules::object(
            &rules::REMLOCK_TAG,
            "IoReleaseRemoveLock with a tag that was not used to acquire the lock",
            lock as usize,
            tag as usize,
        );
    }
    held
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoInitializeRemoveLockEx(lock: *mut IO_REMOVE_LOCK, tag: u32, minutes: u32, mark: u32, size: u32) [irql == PASSIVE_LEVEL] {
        (*lock).Common = Default::default();
        (*lock).Common.IoCount = 1;
        glue::init_event(core::ptr::addr_of_mut!((*lock).Common.RemoveEvent).cast(), true);
        state().remove_locks.lock().locks.insert(lock as usize, Vec::new());
    }
    fn IoAcquireRemoveLockEx(lock: *mut IO_REMOVE_LOCK, tag: *mut c_void, file: *const i8, line: u32, size: u32) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        if !known(lock) {
            return STATUS_DELETE_PENDING;
        }
        count(lock).fetch_add(1, Ordering::AcqRel);
        if (*lock).Common.Removed != 0 {
            drop_one(lock);
            return STATUS_DELETE_PENDING;
        }
        state().remove_locks.lock().locks.entry(lock as usize).or_default().push(tag as usize);
        STATUS_SUCCESS
    }
    fn IoReleaseRemoveLockEx(lock: *mut IO_REMOVE_LOCK, tag: *mut c_void, size: u32) [irql <= DISPATCH_LEVEL] {
        if known(lock) && release_tag(lock, tag) {
            drop_one(lock);
        }
    }
    fn IoReleaseRemoveLockAndWaitEx(lock: *mut IO_REMOVE_LOCK, tag: *mut c_void, size: u32) [irql == PASSIVE_LEVEL] {
        if !known(lock) || !release_tag(lock, tag) {
            return;
        }
        if (*lock).Common.Removed != 0 {
            rules::object(&rules::REMLOCK_TWICE, "IoReleaseRemoveLockAndWait twice on one lock", lock as usize, 0);
        }
        (*lock).Common.Removed = 1;
        // The caller's own count, and the one the lock was born with.
        drop_one(lock);
        drop_one(lock);
        glue::wait_event(core::ptr::addr_of_mut!((*lock).Common.RemoveEvent).cast());
        if let Some(tags) = state().remove_locks.lock().locks.get_mut(&(lock as usize)) {
            tags.clear();
        }
    }
}
