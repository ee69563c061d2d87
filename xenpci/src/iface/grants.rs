//! Grants, and credits: what is set aside for a child is not given to the others.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use core::{
    ffi::c_void,
    sync::atomic::{AtomicU32, Ordering},
};

use xenbus::{
    seam::{Access, GrantTable as _, StillMapped},
    types::{Domid, Gfn, GrantRef},
};
use xenpci_interface::{Status, abi::Grant};

use super::{Child, child};
use crate::platform::Platform;

/// Entries set aside and not in use, of all children.
#[derive(Default)]
pub struct Credits {
    spoken_for: AtomicU32,
}

impl Credits {
    /// None.
    pub const fn new() -> Self {
        Self { spoken_for: AtomicU32::new(0) }
    }

    fn change(&self, up: u32, down: u32) {
        let next = |old: u32| Some(old.saturating_add(up).saturating_sub(down));
        let _ = self.spoken_for.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    fn get(&self) -> u32 {
        self.spoken_for.load(Ordering::Acquire)
    }
}

impl Child {
    fn credits(&self) -> &Credits {
        &self.platform.credits
    }

    /// Takes an entry's worth of room: of the child's own credit, or of what nobody has set aside.
    fn take(&self, platform: &Platform) -> bool {
        let used = self.used.fetch_add(1, Ordering::AcqRel);
        if used < self.reserved.load(Ordering::Acquire) {
            self.credits().change(0, 1);
            return true;
        }
        if platform.grants.available() > self.credits().get() {
            return true;
        }
        self.used.fetch_sub(1, Ordering::AcqRel);
        false
    }

    fn put(&self) {
        // A child's grants of an older domain count until they are ended: they are on the safe side.
        let less = |used: u32| used.checked_sub(1);
        let Ok(used) = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, less) else { return };
        if used <= self.reserved.load(Ordering::Acquire) {
            self.credits().change(1, 0);
        }
    }

    /// The child is gone: what was set aside for it is free.
    pub(super) fn give_credits_back(&self) {
        let reserved = self.reserved.swap(0, Ordering::AcqRel);
        let used = self.used.load(Ordering::Acquire);
        self.credits().change(0, reserved.saturating_sub(used));
    }
}

pub unsafe extern "win64" fn access(
    context: *mut c_void,
    peer: u16,
    gfn: u64,
    read_only: u32,
    grant: *mut Grant,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let platform = match child.open() {
        Ok(platform) => platform,
        Err(status) => return status,
    };
    if !child.take(platform) {
        return Status::EXHAUSTED;
    }
    let access = if read_only != 0 { Access::ReadOnly } else { Access::ReadWrite };
    match platform.grants.grant_access(Domid(peer), Gfn(gfn), access) {
        Ok(reference) => {
            // SAFETY: the interface's contract.
            unsafe { grant.write(Grant { index: reference.raw(), generation: reference.generation() }) };
            Status::OK
        }
        Err(error) => {
            child.put();
            Status::from(error)
        }
    }
}

pub unsafe extern "win64" fn end(context: *mut c_void, grant: Grant) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    match child.platform.grants.end_access(GrantRef::new(grant.index, grant.generation)) {
        Ok(()) => {
            child.put();
            Status::OK
        }
        // The child keeps the number.
        Err(StillMapped(_)) => Status::STILL_MAPPED,
    }
}

pub unsafe extern "win64" fn generation(context: *mut c_void) -> u32 {
    // SAFETY: the interface's contract.
    unsafe { child(context) }.platform.grants.generation()
}

pub unsafe extern "win64" fn available(context: *mut c_void) -> u32 {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let own = child.reserved.load(Ordering::Acquire).saturating_sub(child.used.load(Ordering::Acquire));
    let all = child.platform.grants.available();
    all.saturating_sub(child.credits().get()).saturating_add(own).min(all)
}

pub unsafe extern "win64" fn reserve(context: *mut c_void, count: u32) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    let platform = match child.open() {
        Ok(platform) => platform,
        Err(status) => return status,
    };
    let used = child.used.load(Ordering::Acquire);
    let old = child.reserved.load(Ordering::Acquire);
    let (old_free, new_free) = (old.saturating_sub(used), count.saturating_sub(used));
    let others = child.credits().get().saturating_sub(old_free);
    if platform.grants.available() < others.saturating_add(new_free) {
        return Status::EXHAUSTED;
    }
    child.reserved.store(count, Ordering::Release);
    child.credits().change(new_free, old_free);
    // The frames are put in place now, not with the first requests.
    let stats = platform.grants.stats();
    if stats.free < others.saturating_add(new_free) {
        let missing = (others + new_free - stats.free).div_ceil(512);
        platform.grants.grow_to(stats.frames + missing);
    }
    Status::OK
}
