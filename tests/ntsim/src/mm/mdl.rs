//! MDLs: building, locking, mapping. An MDL's page numbers follow it in memory.

use super::{PAGE, pages};
use crate::abi::*;
use crate::engine::Prot;
use crate::ke::irql;
use crate::kernel::{kernel, lock::Lock};
use crate::mm::pool::{self, PoolKind};
use crate::unwind::exception;
use crate::verifier::{self, faults, rules};
use alloc::collections::BTreeMap;
use alloc::format;

/// MDL_* flags.
pub mod flag {
    /// MappedSystemVa is valid.
    pub const MAPPED: i16 = 0x0001;
    /// Pages are locked.
    pub const LOCKED: i16 = 0x0002;
    /// Describes non-paged pool.
    pub const NONPAGED: i16 = 0x0004;
    /// Allocated with a fixed size.
    pub const FIXED_SIZE: i16 = 0x0008;
    /// A partial MDL.
    pub const PARTIAL: i16 = 0x0010;
    /// A partial MDL with a mapping of its own.
    pub const PARTIAL_MAPPED: i16 = 0x0020;
    /// Locked for writing.
    pub const WRITE: i16 = 0x0080;
    /// Pages belong to the MDL (MmAllocatePagesForMdl).
    pub const PAGES: i16 = 0x0400;
    /// Describes I/O space.
    pub const IO_SPACE: i16 = 0x0800;
    /// Mapping may fail without a bugcheck.
    pub const CAN_FAIL: i16 = 0x2000;
}

/// What the verifier knows about MDLs with locked, mapped or own pages.
#[derive(Default)]
pub struct Live(Lock<BTreeMap<usize, Entry>>);

#[derive(Clone, Copy, Default)]
struct Entry {
    locked_by: usize,
    owned: u64,
    mapped: usize,
}

/// Bytes of an MDL that describes a range.
pub fn size_of_mdl(at: usize, bytes: usize) -> usize {
    size_of::<MDL>() + 8 * pages(at % PAGE + bytes)
}

/// The page numbers of an MDL.
pub unsafe fn frames<'a>(mdl: *mut MDL) -> &'a mut [u64] {
    let n = pages((*mdl).ByteOffset as usize + (*mdl).ByteCount as usize);
    core::slice::from_raw_parts_mut(mdl.add(1).cast::<u64>(), n)
}

/// Initialises an MDL for a range (MmInitializeMdl is inline in the WDK).
pub unsafe fn initialize(mdl: *mut MDL, at: usize, bytes: usize) {
    *mdl = MDL {
        Next: core::ptr::null_mut(),
        Size: size_of_mdl(at, bytes) as i16,
        MdlFlags: 0,
        Process: core::ptr::null_mut(),
        MappedSystemVa: core::ptr::null_mut(),
        StartVa: (at & !(PAGE - 1)) as PVOID,
        ByteCount: bytes as u32,
        ByteOffset: (at % PAGE) as u32,
    };
}

/// Allocates an MDL for a range from non-paged pool, for the code at `caller`.
pub unsafe fn allocate(at: usize, bytes: usize, caller: usize) -> *mut MDL {
    if bytes > u32::MAX as usize - PAGE || faults::fail_allocation("mdl") {
        return core::ptr::null_mut();
    }
    let size = size_of_mdl(at, bytes);
    let tag = u32::from_le_bytes(*b"Mdl ");
    match pool::allocate(PoolKind::NonPagedNx, size, tag, caller, true) {
        Some(p) => {
            let mdl = p.cast::<MDL>();
            initialize(mdl, at, bytes);
            if size > i16::MAX as usize {
                (*mdl).Size = 0;
            }
            mdl
        }
        None => core::ptr::null_mut(),
    }
}

/// Frees an MDL (IoFreeMdl): it must not have locked pages.
pub unsafe fn free(mdl: *mut MDL) {
    if (*mdl).MdlFlags & flag::LOCKED != 0
        && (*mdl).MdlFlags & (flag::PARTIAL | flag::NONPAGED | flag::PAGES) == 0
    {
        verifier::report(
            &rules::MDL_FREE_LOCKED,
            "an MDL with locked pages is freed".into(),
            [mdl as u64, 0, 0, 0],
        );
    }
    if (*mdl).MdlFlags & flag::PARTIAL_MAPPED != 0 {
        unmap((*mdl).MappedSystemVa as usize, mdl);
    }
    let _ = pool::free(mdl.cast());
}

fn live(mdl: *mut MDL, change: impl FnOnce(&mut Entry)) {
    let mut all = kernel().room::<Live>().0.lock();
    let e = all.entry(mdl as usize).or_default();
    change(e);
    if e.locked_by == 0 && e.owned == 0 && e.mapped == 0 {
        all.remove(&(mdl as usize));
    }
}

/// Pages that MDLs own or lock on behalf of code in this range: leaks at unload.
pub fn held_within(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let all = kernel().room::<Live>().0.lock();
    let locked = all.values().filter(|e| range.contains(&e.locked_by)).count();
    let owned = all.values().filter(|e| range.contains(&(e.owned as usize))).count();
    match (locked, owned) {
        (0, 0) => None,
        _ => Some(format!("{locked} MDLs with locked pages and {owned} with pages of their own")),
    }
}

/// An MDL with locked or own pages inside memory that is freed.
pub fn inside(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let all = kernel().room::<Live>().0.lock();
    all.range(range.clone()).next().map(|_| "an MDL with locked or mapped pages".into())
}

unsafe fn fill_frames(mdl: *mut MDL) -> Result<(), u64> {
    let k = kernel();
    let start = (*mdl).StartVa as usize;
    for (i, pfn) in frames(mdl).iter_mut().enumerate() {
        let va = start + i * PAGE;
        *pfn = k.engine.translate(va).ok_or(va as u64)?;
    }
    Ok(())
}

/// MmBuildMdlForNonPagedPool.
pub unsafe fn build_for_nonpaged(mdl: *mut MDL) {
    if (*mdl).MdlFlags & (flag::LOCKED | flag::NONPAGED | flag::PAGES | flag::PARTIAL) != 0 {
        verifier::report(
            &rules::MDL_BUILD_TWICE,
            format!("MmBuildMdlForNonPagedPool on an MDL with flags {:#x}", (*mdl).MdlFlags),
            [mdl as u64, (*mdl).MdlFlags as u16 as u64, 0, 0],
        );
    }
    let va = (*mdl).StartVa as usize + (*mdl).ByteOffset as usize;
    let block = kernel().mm.pool.lock().containing(va);
    let paged = block.is_some_and(|(_, b)| b.kind == PoolKind::Paged);
    if fill_frames(mdl).is_err() || paged {
        verifier::report(
            &rules::MDL_NOT_NONPAGED,
            format!("MmBuildMdlForNonPagedPool for {va:#x}, which is not non-paged memory"),
            [mdl as u64, va as u64, 0, 0],
        );
        return;
    }
    (*mdl).MappedSystemVa = va as PVOID;
    (*mdl).MdlFlags |= flag::NONPAGED;
}

/// MmProbeAndLockPages; raises STATUS_ACCESS_VIOLATION. `operation`: 0 read, 1 write, 2 modify.
pub unsafe fn probe_and_lock(mdl: *mut MDL, operation: u32) {
    if (*mdl).MdlFlags & (flag::LOCKED | flag::NONPAGED | flag::PARTIAL | flag::IO_SPACE) != 0 {
        verifier::report(
            &rules::MDL_LOCK_TWICE,
            format!("MmProbeAndLockPages on an MDL with flags {:#x}", (*mdl).MdlFlags),
            [mdl as u64, (*mdl).MdlFlags as u16 as u64, 0, 0],
        );
    }
    let caller = crate::export::caller();
    if faults::fail_allocation("lock pages") {
        exception::raise(STATUS_WORKING_SET_QUOTA, &[]);
    }
    if let Err(va) = fill_frames(mdl) {
        exception::raise(STATUS_ACCESS_VIOLATION, &[operation.min(1) as u64, va]);
    }
    (*mdl).MdlFlags |= flag::LOCKED | if operation != 0 { flag::WRITE } else { 0 };
    live(mdl, |e| e.locked_by = caller.max(1));
}

/// MmUnlockPages: also removes the system mapping.
pub unsafe fn unlock(mdl: *mut MDL) {
    if (*mdl).MdlFlags & flag::LOCKED == 0 || (*mdl).MdlFlags & (flag::PAGES | flag::NONPAGED) != 0 {
        verifier::report(
            &rules::MDL_UNLOCK,
            format!("MmUnlockPages on an MDL with flags {:#x}", (*mdl).MdlFlags),
            [mdl as u64, (*mdl).MdlFlags as u16 as u64, 0, 0],
        );
        return;
    }
    if (*mdl).MdlFlags & flag::MAPPED != 0 {
        unmap((*mdl).MappedSystemVa as usize, mdl);
    }
    (*mdl).MdlFlags &= !(flag::LOCKED | flag::WRITE);
    live(mdl, |e| e.locked_by = 0);
}

/// Maps the pages at new addresses; None: no addresses left (or an injected failure).
pub unsafe fn map(mdl: *mut MDL, can_fail: bool) -> Option<usize> {
    let f = (*mdl).MdlFlags;
    if f & flag::MAPPED != 0 || f & flag::NONPAGED != 0 {
        verifier::report(
            &rules::MDL_MAP_TWICE,
            format!("an MDL with flags {f:#x} is mapped (again)"),
            [mdl as u64, f as u16 as u64, 0, 0],
        );
        return Some((*mdl).MappedSystemVa as usize);
    }
    if f & (flag::LOCKED | flag::PAGES | flag::PARTIAL | flag::IO_SPACE) == 0 {
        verifier::report(
            &rules::MDL_MAP_UNLOCKED,
            "an MDL is mapped whose pages are not locked".into(),
            [mdl as u64, f as u16 as u64, 0, 0],
        );
    }
    if can_fail && faults::fail_allocation("map pages") {
        return None;
    }
    let k = kernel();
    let list = frames(mdl);
    let va = k.mm.va.lock().allocate(list.len() + 1)?;
    map_frames(va, list);
    let at = va + (*mdl).ByteOffset as usize;
    (*mdl).MappedSystemVa = at as PVOID;
    (*mdl).MdlFlags |= flag::MAPPED | if f & flag::PARTIAL != 0 { flag::PARTIAL_MAPPED } else { 0 };
    live(mdl, |e| e.mapped = va);
    Some(at)
}

/// Maps frames one behind the other; runs of consecutive frames by one call.
pub fn map_frames(va: usize, list: &[u64]) {
    let mut i = 0;
    while i < list.len() {
        let mut n = 1;
        while i + n < list.len() && list[i + n] == list[i] + n as u64 {
            n += 1;
        }
        kernel().engine.map(va + i * PAGE, list[i], n, Prot::ReadWrite);
        i += n;
    }
}

/// MmUnmapLockedPages.
pub unsafe fn unmap(at: usize, mdl: *mut MDL) {
    if (*mdl).MdlFlags & flag::MAPPED == 0 || (*mdl).MappedSystemVa as usize != at {
        verifier::report(
            &rules::MDL_UNMAP,
            "an MDL is unmapped that is not mapped there".into(),
            [mdl as u64, at as u64, 0, 0],
        );
        return;
    }
    let k = kernel();
    let n = frames(mdl).len();
    let va = at / PAGE * PAGE;
    k.engine.unmap(va, n);
    k.mm.va.lock().free(va, n + 1);
    (*mdl).MdlFlags &= !(flag::MAPPED | flag::PARTIAL_MAPPED);
    (*mdl).MappedSystemVa = core::ptr::null_mut();
    live(mdl, |e| e.mapped = 0);
}

/// MmAllocatePagesForMdlEx: zeroed pages with an MDL; fewer than asked for unless `fully`.
pub unsafe fn allocate_pages(low: u64, high: u64, skip: u64, bytes: usize, flags: u32) -> *mut MDL {
    const ALLOCATE_FULLY: u32 = 4;
    const CONTIGUOUS: u32 = 0x10;
    const DONT_ZERO: u32 = 1;
    let k = kernel();
    let caller = crate::export::caller();
    if bytes == 0 || faults::fail_allocation("pages for MDL") {
        return core::ptr::null_mut();
    }
    let want = pages(bytes);
    let within = low / PAGE as u64..high / PAGE as u64 + 1;
    let mut found = alloc::vec::Vec::with_capacity(want);
    if flags & CONTIGUOUS != 0 {
        let align = (skip / PAGE as u64).max(1).next_power_of_two();
        if let Some(pfn) = k.mm.frames.lock().allocate(want as u64, align, within) {
            found.extend(pfn..pfn + want as u64);
        }
    } else {
        let mut frames = k.mm.frames.lock();
        while found.len() < want {
            match frames.allocate(1, 1, within.clone()) {
                Some(pfn) => found.push(pfn),
                None => break,
            }
        }
        drop(frames);
        // Nothing promises an order: make sure that nobody relies on one.
        for i in (1..found.len()).rev() {
            found.swap(i, k.engine.choose(i as u32 + 1, "page order") as usize);
        }
    }
    let give_back = |found: &[u64]| found.iter().for_each(|p| k.mm.frames.lock().free(*p, 1));
    if found.is_empty() || (flags & ALLOCATE_FULLY != 0 && found.len() < want) {
        give_back(&found);
        return core::ptr::null_mut();
    }
    let got = (found.len() * PAGE).min(bytes);
    let size = size_of_mdl(0, got);
    let tag = u32::from_le_bytes(*b"Mdl ");
    let Some(p) = pool::allocate(PoolKind::NonPagedNx, size, tag, caller, true) else {
        give_back(&found);
        return core::ptr::null_mut();
    };
    let mdl = p.cast::<MDL>();
    initialize(mdl, 0, got);
    (*mdl).MdlFlags = flag::PAGES | flag::LOCKED;
    frames(mdl).copy_from_slice(&found[..pages(got)]);
    if flags & DONT_ZERO == 0 {
        for pfn in &found {
            if let Some(at) = k.engine.frame(*pfn) {
                core::ptr::write_bytes(at, 0, PAGE);
            }
        }
    }
    live(mdl, |e| e.owned = caller.max(1) as u64);
    mdl
}

/// MmFreePagesFromMdl: the pages; the MDL itself is freed by ExFreePool.
pub unsafe fn free_pages(mdl: *mut MDL) {
    let k = kernel();
    let bad = (*mdl).MdlFlags & flag::PAGES == 0 || (*mdl).MdlFlags & flag::MAPPED != 0;
    if bad {
        verifier::report(
            &rules::MDL_FREE_PAGES,
            format!("MmFreePagesFromMdl on an MDL with flags {:#x}", (*mdl).MdlFlags),
            [mdl as u64, (*mdl).MdlFlags as u16 as u64, 0, 0],
        );
        return;
    }
    for pfn in frames(mdl).iter() {
        if k.engine.frame(*pfn).is_none() {
            verifier::report(
                &rules::FREE_HOLE,
                format!("frame {pfn:#x} is freed while it belongs to the hypervisor"),
                [*pfn, 0, 0, 0],
            );
            continue;
        }
        k.mm.release(*pfn, 1);
    }
    (*mdl).MdlFlags &= !(flag::PAGES | flag::LOCKED);
    live(mdl, |e| e.owned = 0);
}

const STATUS_WORKING_SET_QUOTA: NTSTATUS = 0xC000_00A1_u32 as i32;

/// The limit in IRQL of locking: pageable (user) memory below DISPATCH_LEVEL only.
pub fn check_lock_irql(at: usize) {
    if irql::current() >= DISPATCH_LEVEL && verifier::fault::is_user(at as u64) {
        verifier::report(
            &rules::MDL_LOCK_IRQL,
            "user memory is locked at DISPATCH_LEVEL".into(),
            [at as u64, 0, 0, 0],
        );
    }
}
