//! Contiguous memory, I/O space, reserved addresses, partial MDLs, physical copies.

use super::{PAGE, mdl, pages};
use crate::abi::*;
use crate::engine::Prot;
use crate::kernel::{kernel, lock::Lock};
use crate::verifier::{self, faults, rules};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

#[derive(Clone, Copy)]
struct Region {
    count: usize,
    caller: usize,
    bytes: usize,
    tag: u32,
    mdl: usize,
}

/// Contiguous memory, I/O mappings and reserved addresses, by address.
#[derive(Default)]
pub struct Regions {
    contiguous: Lock<BTreeMap<usize, Region>>,
    io: Lock<BTreeMap<usize, Region>>,
    reserved: Lock<BTreeMap<usize, Region>>,
}

fn regions() -> &'static Regions {
    kernel().room::<Regions>()
}

/// What code in this range has not given back.
pub fn held_within(range: &core::ops::Range<usize>) -> Option<String> {
    let r = regions();
    let count =
        |m: &Lock<BTreeMap<usize, Region>>| m.lock().values().filter(|x| range.contains(&x.caller)).count();
    match (count(&r.contiguous), count(&r.io), count(&r.reserved)) {
        (0, 0, 0) => None,
        (c, i, v) => Some(format!("{c} contiguous allocations, {i} I/O mappings, {v} address reservations")),
    }
}

/// Physically contiguous, page-aligned memory; null if there is none.
pub fn allocate_contiguous(bytes: usize, low: u64, high: u64, boundary: u64) -> PVOID {
    let k = kernel();
    if bytes == 0 || faults::fail_allocation("contiguous memory") {
        return core::ptr::null_mut();
    }
    let count = pages(bytes);
    // A block that must not cross a boundary is aligned to its own size.
    let align = if boundary != 0 { (count as u64).next_power_of_two() } else { 1 };
    let within = low.div_ceil(PAGE as u64)..(high / PAGE as u64).saturating_add(1);
    let Some(pfn) = k.mm.frames.lock().allocate(count as u64, align, within) else {
        return core::ptr::null_mut();
    };
    let Some(va) = k.mm.va.lock().allocate(count + 1) else {
        k.mm.frames.lock().free(pfn, count as u64);
        return core::ptr::null_mut();
    };
    k.engine.map(va, pfn, count, Prot::ReadWrite);
    unsafe { core::ptr::write_bytes(va as *mut u8, super::pool::FRESH, count * PAGE) };
    let r = Region { count, caller: crate::export::caller(), bytes, tag: 0, mdl: 0 };
    regions().contiguous.lock().insert(va, r);
    va as PVOID
}

/// Frees it.
pub fn free_contiguous(at: PVOID, bytes: Option<usize>) {
    let k = kernel();
    let found = regions().contiguous.lock().remove(&(at as usize));
    let Some(r) = found.filter(|r| bytes.is_none_or(|b| pages(b) == r.count)) else {
        verifier::report(
            &rules::CONTIGUOUS_FREE,
            "contiguous memory is freed that is not allocated so".into(),
            [at as u64, 0, 0, 0],
        );
        return;
    };
    let Some(first) = k.engine.translate(at as usize) else { return };
    let hole = (first..first + r.count as u64).find(|p| k.engine.frame(*p).is_none());
    if let Some(pfn) = hole {
        verifier::report(
            &rules::FREE_HOLE,
            format!("frame {pfn:#x} is freed while it belongs to the hypervisor"),
            [pfn, 0, 0, 0],
        );
        return;
    }
    k.mm.free_mapped(at as usize, r.count);
}

/// Maps device memory, or frames that the hypervisor took or gave.
pub fn map_io(pa: u64, bytes: usize) -> PVOID {
    let k = kernel();
    if bytes == 0 || faults::fail_allocation("I/O mapping") {
        return core::ptr::null_mut();
    }
    crate::trace::record_value(crate::trace::Event::Note, "I/O space mapped", pa);
    let offset = pa as usize % PAGE;
    let count = pages(offset + bytes);
    let Some(va) = k.mm.va.lock().allocate(count + 1) else { return core::ptr::null_mut() };
    k.engine.map(va, pa / PAGE as u64, count, Prot::ReadWrite);
    let r = Region { count, caller: crate::export::caller(), bytes, tag: 0, mdl: 0 };
    regions().io.lock().insert(va + offset, r);
    (va + offset) as PVOID
}

/// Undoes it; the size must be the same.
pub fn unmap_io(at: PVOID, bytes: usize) {
    let k = kernel();
    let found = regions().io.lock().remove(&(at as usize));
    let Some(r) = found.filter(|r| r.bytes == bytes) else {
        verifier::report(
            &rules::UNMAP_IO,
            format!("MmUnmapIoSpace of {bytes} bytes that are not mapped so"),
            [at as u64, bytes as u64, 0, 0],
        );
        return;
    };
    let va = at as usize / PAGE * PAGE;
    k.engine.unmap(va, r.count);
    k.mm.va.lock().free(va, r.count + 1);
}

/// Reserves addresses for later mappings.
pub fn reserve(bytes: usize, tag: u32) -> PVOID {
    let k = kernel();
    let count = pages(bytes);
    if count == 0 || faults::fail_allocation("mapping address") {
        return core::ptr::null_mut();
    }
    let Some(va) = k.mm.va.lock().allocate(count + 1) else { return core::ptr::null_mut() };
    let r = Region { count, caller: crate::export::caller(), bytes, tag, mdl: 0 };
    regions().reserved.lock().insert(va, r);
    va as PVOID
}

fn bad_reserved(at: PVOID, what: &str) {
    verifier::report(&rules::RESERVED_MAPPING, format!("reserved addresses: {what}"), [at as u64, 0, 0, 0]);
}

/// Gives reserved addresses back; nothing may be mapped there.
pub fn unreserve(at: PVOID, tag: u32) {
    let found = regions().reserved.lock().remove(&(at as usize));
    match found {
        Some(r) if r.tag == tag && r.mdl == 0 => kernel().mm.va.lock().free(at as usize, r.count + 1),
        Some(_) => bad_reserved(at, "freed with another tag or while mapped"),
        None => bad_reserved(at, "freed without being reserved"),
    }
}

/// Maps an MDL's pages at reserved addresses; null if they do not fit.
pub unsafe fn map_reserved(at: PVOID, tag: u32, m: *mut MDL) -> PVOID {
    let list = mdl::frames(m);
    {
        let mut all = regions().reserved.lock();
        match all.get_mut(&(at as usize)) {
            Some(r) if r.tag == tag && r.mdl == 0 => {
                if list.len() > r.count {
                    return core::ptr::null_mut();
                }
                r.mdl = m as usize;
            }
            _ => {
                drop(all);
                bad_reserved(at, "mapped with another tag, twice, or without being reserved");
                return core::ptr::null_mut();
            }
        }
    }
    mdl::map_frames(at as usize, list);
    let va = at.byte_add((*m).ByteOffset as usize);
    (*m).MappedSystemVa = va;
    (*m).MdlFlags |= mdl::flag::MAPPED;
    va
}

/// Undoes [`map_reserved`].
pub unsafe fn unmap_reserved(at: PVOID, tag: u32, m: *mut MDL) {
    let good = {
        let mut all = regions().reserved.lock();
        match all.get_mut(&(at as usize)) {
            Some(r) if r.tag == tag && r.mdl == m as usize => {
                r.mdl = 0;
                true
            }
            _ => false,
        }
    };
    if !good {
        return bad_reserved(at, "unmapped without being mapped");
    }
    kernel().engine.unmap(at as usize, mdl::frames(m).len());
    (*m).MdlFlags &= !mdl::flag::MAPPED;
    (*m).MappedSystemVa = core::ptr::null_mut();
}

/// IoBuildPartialMdl: `bytes` 0 means up to the end of the source.
pub unsafe fn build_partial(source: *mut MDL, target: *mut MDL, at: usize, bytes: u32) {
    let start = (*source).StartVa as usize + (*source).ByteOffset as usize;
    let left = ((*source).ByteCount as usize).checked_sub(at.wrapping_sub(start));
    let bytes = match (left, bytes as usize) {
        (Some(left), 0) => left,
        (Some(left), n) if n <= left => n,
        _ => {
            verifier::report(
                &rules::MDL_PARTIAL,
                "a partial MDL lies outside of its source".into(),
                [source as u64, target as u64, 0, 0],
            );
            return;
        }
    };
    if ((*target).Size as usize) < mdl::size_of_mdl(at, bytes) && (*target).Size != 0 {
        verifier::report(
            &rules::MDL_PARTIAL,
            "a partial MDL is too small".into(),
            [source as u64, target as u64, 0, 0],
        );
        return;
    }
    let size = (*target).Size;
    mdl::initialize(target, at, bytes);
    (*target).Size = size;
    let skip = (at / PAGE) - ((*source).StartVa as usize / PAGE);
    let from = mdl::frames(source);
    let to = mdl::frames(target);
    to.copy_from_slice(&from[skip..skip + to.len()]);
    (*target).MdlFlags = mdl::flag::PARTIAL;
    let sf = (*source).MdlFlags;
    if sf & mdl::flag::NONPAGED != 0 {
        (*target).MdlFlags |= mdl::flag::NONPAGED;
    }
    if sf & (mdl::flag::MAPPED | mdl::flag::NONPAGED) != 0 {
        (*target).MappedSystemVa = (*source).MappedSystemVa.byte_add(at - start);
        (*target).MdlFlags |= sf & mdl::flag::MAPPED;
    }
}

/// MmCopyMemory: flags 1 physical, 2 virtual; stops at what is not there.
pub unsafe fn copy(to: *mut u8, from: u64, bytes: usize, flags: u32, copied: *mut usize) -> NTSTATUS {
    let k = kernel();
    let mut done = 0;
    while done < bytes {
        let at = from + done as u64;
        let n = (PAGE - at as usize % PAGE).min(bytes - done);
        let pfn = match flags {
            1 => Some(at / PAGE as u64),
            2 => k.engine.translate(at as usize),
            _ => return STATUS_INVALID_PARAMETER,
        };
        let Some(page) = pfn.and_then(|p| k.engine.frame(p)) else { break };
        core::ptr::copy_nonoverlapping(page.add(at as usize % PAGE), to.add(done), n);
        done += n;
    }
    *copied = done;
    if done == bytes { STATUS_SUCCESS } else { 0x8000_000D_u32 as i32 }
}
