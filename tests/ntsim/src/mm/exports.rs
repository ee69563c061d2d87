//! Exports of mm.

use super::{PAGE, mdl, pages, region};
use crate::abi::*;
use crate::engine::Prot;
use crate::kernel::kernel;
use crate::unwind::exception;
use crate::verifier::{self, faults, rules};
use alloc::format;

/// PHYSICAL_MEMORY_RANGE.
#[repr(C)]
struct PhysicalRange {
    base: u64,
    bytes: u64,
}

unsafe fn advance(m: *mut MDL, n: u32) -> NTSTATUS {
    if n > (*m).ByteCount {
        return STATUS_INVALID_PARAMETER_2;
    }
    let old = mdl::frames(m).len();
    let offset = (*m).ByteOffset as usize + n as usize;
    let skip = offset / PAGE;
    let list = mdl::frames(m);
    list.copy_within(skip.min(old).., 0);
    (*m).StartVa = (*m).StartVa.byte_add(skip * PAGE);
    (*m).ByteOffset = (offset % PAGE) as u32;
    (*m).ByteCount -= n;
    if (*m).MdlFlags & (mdl::flag::MAPPED | mdl::flag::NONPAGED) != 0 {
        (*m).MappedSystemVa = (*m).MappedSystemVa.byte_add(n as usize);
    }
    STATUS_SUCCESS
}

fn probe(at: usize, n: usize, alignment: u32, write: bool) {
    if n == 0 {
        return;
    }
    if !at.is_multiple_of(alignment.max(1) as usize) {
        exception::raise(0x8000_0002_u32 as i32, &[]);
    }
    let k = kernel();
    let user = |a: usize| !k.engine.system_va().contains(&a) && (a as u64) < 0x7FFF_FFFF_0000;
    match at.checked_add(n) {
        Some(end) if user(at) && user(end - 1) => {}
        _ => exception::raise(STATUS_ACCESS_VIOLATION, &[write as u64, at as u64]),
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn MmGetPhysicalAddress(at: PVOID) -> u64 [irql any] {
        match kernel().mm.physical(at as usize) {
            Some(pa) => pa,
            None => {
                verifier::report(&rules::PHYSICAL_INVALID,
                    format!("MmGetPhysicalAddress of {:#x}, which is not mapped", at as usize), [at as u64, 0, 0, 0]);
                0
            }
        }
    }
    fn MmIsAddressValid(at: PVOID) -> u8 [irql <= DISPATCH_LEVEL] {
        kernel().engine.translate(at as usize).is_some() as u8
    }
    fn MmGetVirtualForPhysical(pa: u64) -> PVOID [irql any] {
        kernel().engine.frame(pa / PAGE as u64).map_or(core::ptr::null_mut(), |p| p.add(pa as usize % PAGE).cast())
    }
    fn MmGetPhysicalMemoryRanges() -> *mut PhysicalRange [irql == PASSIVE_LEVEL] {
        let ram = kernel().engine.ram();
        let tag = u32::from_le_bytes(*b"hPmM");
        let size = (ram.len() + 1) * size_of::<PhysicalRange>();
        let at = crate::ex::pool::allocate(crate::mm::pool::PoolKind::NonPagedNx, size, tag, true).cast::<PhysicalRange>();
        if !at.is_null() {
            for (i, r) in ram.iter().enumerate() {
                *at.add(i) = PhysicalRange { base: r.start * PAGE as u64, bytes: r.count * PAGE as u64 };
            }
        }
        at
    }
    fn MmSizeOfMdl(at: PVOID, bytes: usize) -> usize [irql any] { mdl::size_of_mdl(at as usize, bytes) }
    fn MmBuildMdlForNonPagedPool(m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::build_for_nonpaged(m) }
    fn MmProbeAndLockPages(m: *mut MDL, mode: i8, operation: u32) [irql <= DISPATCH_LEVEL] {
        mdl::check_lock_irql((*m).StartVa as usize);
        mdl::probe_and_lock(m, operation)
    }
    fn MmUnlockPages(m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::unlock(m) }
    fn MmMapLockedPagesSpecifyCache(m: *mut MDL, mode: i8, cache: u32, wanted: PVOID, bugcheck: u32, priority: u32)
        -> PVOID [irql <= DISPATCH_LEVEL] {
        if mode != 0 {
            // There is one address space; a user mapping is a mapping.
            if crate::ke::irql::current() > APC_LEVEL {
                verifier::report(&rules::IRQL_EXPORT, "a user mapping above APC_LEVEL".into(), [0; 4]);
            }
        }
        const NO_EXECUTE: u32 = 0x4000_0000;
        if priority & NO_EXECUTE == 0 && kernel().config.code_integrity && kernel().config.strict_nx {
            verifier::report(&rules::MDL_MAP_EXECUTABLE, "an MDL is mapped without MdlMappingNoExecute".into(),
                [m as u64, 0, 0, 0]);
        }
        match mdl::map(m, bugcheck == 0) {
            Some(at) => at as PVOID,
            None => core::ptr::null_mut(),
        }
    }
    fn MmMapLockedPages(m: *mut MDL, mode: i8) -> PVOID [irql <= DISPATCH_LEVEL] {
        mdl::map(m, false).map_or(core::ptr::null_mut(), |at| at as PVOID)
    }
    fn MmUnmapLockedPages(at: PVOID, m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::unmap(at as usize, m) }
    fn MmProtectMdlSystemAddress(m: *mut MDL, protection: u32) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        let prot = match protection & 0xFF {
            1 => Prot::None,
            2 => Prot::Read,
            4 => Prot::ReadWrite,
            0x10 | 0x20 => Prot::ReadExecute,
            _ => return STATUS_INVALID_PAGE_PROTECTION,
        };
        if (*m).MdlFlags & mdl::flag::MAPPED == 0 {
            return STATUS_NOT_MAPPED_VIEW;
        }
        let va = (*m).MappedSystemVa as usize / PAGE * PAGE;
        kernel().engine.protect(va, mdl::frames(m).len(), prot);
        STATUS_SUCCESS
    }
    fn MmAdvanceMdl(m: *mut MDL, n: u32) -> NTSTATUS [irql <= DISPATCH_LEVEL] { advance(m, n) }
    fn MmAllocatePagesForMdlEx(low: u64, high: u64, skip: u64, bytes: usize, cache: u32, flags: u32) -> *mut MDL
        [irql <= DISPATCH_LEVEL] { mdl::allocate_pages(low, high, skip, bytes, flags) }
    fn MmAllocatePagesForMdl(low: u64, high: u64, skip: u64, bytes: usize) -> *mut MDL [irql <= DISPATCH_LEVEL] {
        mdl::allocate_pages(low, high, skip, bytes, 0)
    }
    fn MmAllocateNodePagesForMdlEx(low: u64, high: u64, skip: u64, bytes: usize, cache: u32, node: u32, flags: u32)
        -> *mut MDL [irql <= DISPATCH_LEVEL] { mdl::allocate_pages(low, high, skip, bytes, flags) }
    fn MmFreePagesFromMdl(m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::free_pages(m) }
    fn MmAllocateContiguousMemory(bytes: usize, high: u64) -> PVOID [irql <= DISPATCH_LEVEL] {
        region::allocate_contiguous(bytes, 0, high, 0)
    }
    fn MmAllocateContiguousMemorySpecifyCache(bytes: usize, low: u64, high: u64, boundary: u64, cache: u32) -> PVOID
        [irql <= DISPATCH_LEVEL] { region::allocate_contiguous(bytes, low, high, boundary) }
    fn MmAllocateContiguousMemorySpecifyCacheNode(bytes: usize, low: u64, high: u64, boundary: u64, cache: u32,
        node: u32) -> PVOID [irql <= DISPATCH_LEVEL] { region::allocate_contiguous(bytes, low, high, boundary) }
    fn MmAllocateContiguousNodeMemory(bytes: usize, low: u64, high: u64, boundary: u64, protect: u32, node: u32)
        -> PVOID [irql <= DISPATCH_LEVEL] {
        if protect & 0xF0 != 0 && kernel().config.code_integrity {
            verifier::report(&rules::POOL_EXECUTABLE, "executable contiguous memory is allocated".into(), [0; 4]);
        }
        region::allocate_contiguous(bytes, low, high, boundary)
    }
    fn MmFreeContiguousMemory(at: PVOID) [irql <= DISPATCH_LEVEL] { region::free_contiguous(at, None) }
    fn MmFreeContiguousMemorySpecifyCache(at: PVOID, bytes: usize, cache: u32) [irql <= DISPATCH_LEVEL] {
        region::free_contiguous(at, Some(bytes))
    }
    fn MmAllocateNonCachedMemory(bytes: usize) -> PVOID [irql <= APC_LEVEL] {
        region::allocate_contiguous(bytes, 0, u64::MAX, 0)
    }
    fn MmFreeNonCachedMemory(at: PVOID, bytes: usize) [irql <= APC_LEVEL] { region::free_contiguous(at, Some(bytes)) }
    fn MmMapIoSpace(pa: u64, bytes: usize, cache: u32) -> PVOID [irql <= DISPATCH_LEVEL] { region::map_io(pa, bytes) }
    fn MmMapIoSpaceEx(pa: u64, bytes: usize, protect: u32) -> PVOID [irql <= DISPATCH_LEVEL] {
        if protect & 0xF0 != 0 {
            verifier::report(&rules::MDL_MAP_EXECUTABLE, "I/O space is mapped executable".into(), [pa, 0, 0, 0]);
        }
        region::map_io(pa, bytes)
    }
    fn MmUnmapIoSpace(at: PVOID, bytes: usize) [irql <= DISPATCH_LEVEL] { region::unmap_io(at, bytes) }
    fn MmAllocateMappingAddress(bytes: usize, tag: u32) -> PVOID [irql <= APC_LEVEL] {
        region::reserve(bytes, tag)
    }
    fn MmFreeMappingAddress(at: PVOID, tag: u32) [irql <= APC_LEVEL] { region::unreserve(at, tag) }
    fn MmMapLockedPagesWithReservedMapping(at: PVOID, tag: u32, m: *mut MDL, cache: u32) -> PVOID
        [irql <= DISPATCH_LEVEL] { region::map_reserved(at, tag, m) }
    fn MmUnmapReservedMapping(at: PVOID, tag: u32, m: *mut MDL) [irql <= DISPATCH_LEVEL] {
        region::unmap_reserved(at, tag, m)
    }
    fn MmCopyMemory(to: *mut u8, from: u64, bytes: usize, flags: u32, copied: *mut usize) -> NTSTATUS
        [irql <= APC_LEVEL] { region::copy(to, from, bytes, flags, copied) }
    fn MmGetSystemRoutineAddress(name: *const UNICODE_STRING) -> PVOID [irql <= APC_LEVEL] {
        let name = crate::rtl::unicode::to_string(name);
        crate::loader::resolve("ntoskrnl.exe", &name).map_or(core::ptr::null_mut(), |at| at as PVOID)
    }
    fn MmLockPagableDataSection(at: PVOID) -> PVOID [irql <= APC_LEVEL] {
        crate::loader::module_at(at as usize).map_or(core::ptr::null_mut(), |m| m.lock_section(at as usize) as PVOID)
    }
    fn MmLockPagableSectionByHandle(handle: PVOID) [irql <= APC_LEVEL] {
        if let Some(m) = crate::loader::module_at(handle as usize) {
            m.lock_section(handle as usize);
        }
    }
    fn MmUnlockPagableImageSection(handle: PVOID) [irql <= APC_LEVEL] {
        if let Some(m) = crate::loader::module_at(handle as usize) {
            m.unlock_section(handle as usize);
        }
    }
    fn MmPageEntireDriver(at: PVOID) -> PVOID [irql <= APC_LEVEL] {
        crate::loader::module_at(at as usize).map_or(core::ptr::null_mut(), |m| {
            m.paged_entirely.set(true);
            m.base as PVOID
        })
    }
    fn MmResetDriverPaging(at: PVOID) [irql <= APC_LEVEL] {
        if let Some(m) = crate::loader::module_at(at as usize) {
            m.paged_entirely.set(false);
        }
    }
    fn MmIsVerifierEnabled(flags: *mut u32) -> NTSTATUS [irql <= APC_LEVEL] {
        *flags = 0x9BB;
        STATUS_SUCCESS
    }
    fn MmIsDriverVerifying(driver: PVOID) -> u32 [irql <= APC_LEVEL] { 1 }
    fn MmIsDriverVerifyingByAddress(at: PVOID) -> u32 [irql <= APC_LEVEL] { 1 }
    fn MmAddPhysicalMemory(start: *const u64, bytes: *mut u64) -> NTSTATUS [irql <= APC_LEVEL] {
        STATUS_NOT_SUPPORTED
    }
    fn MmRemovePhysicalMemory(start: *const u64, bytes: *mut u64) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        STATUS_NOT_SUPPORTED
    }
    fn ProbeForRead(at: PVOID, n: usize, alignment: u32) [irql <= APC_LEVEL] {
        probe(at as usize, n, alignment, false)
    }
    fn ProbeForWrite(at: PVOID, n: usize, alignment: u32) [irql <= APC_LEVEL] {
        probe(at as usize, n, alignment, true);
        // Every page is touched, so that a read-only one raises here.
        let mut a = at as usize;
        while a < at as usize + n {
            let p = a as *mut u8;
            p.write_volatile(p.read_volatile());
            a = (a / PAGE + 1) * PAGE;
        }
    }
    fn IoAllocateMdl(at: PVOID, bytes: u32, secondary: u8, quota: u8, irp: *mut IRP) -> *mut MDL
        [irql <= DISPATCH_LEVEL] {
        let m = mdl::allocate(at as usize, bytes as usize, crate::export::caller());
        if !m.is_null() && !irp.is_null() {
            if secondary == 0 {
                (*irp).MdlAddress = m;
            } else {
                let mut last = (*irp).MdlAddress;
                while !(*last).Next.is_null() {
                    last = (*last).Next;
                }
                (*last).Next = m;
            }
        }
        m
    }
    fn IoFreeMdl(m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::free(m) }
    fn IoBuildPartialMdl(source: *mut MDL, target: *mut MDL, at: PVOID, bytes: u32) [irql <= DISPATCH_LEVEL] {
        region::build_partial(source, target, at as usize, bytes)
    }
}

const STATUS_INVALID_PARAMETER_2: NTSTATUS = 0xC000_00F0_u32 as i32;
const STATUS_INVALID_PAGE_PROTECTION: NTSTATUS = 0xC000_0045_u32 as i32;
const STATUS_NOT_MAPPED_VIEW: NTSTATUS = 0xC000_0019_u32 as i32;

/// Number of pages that a byte range touches.
pub fn span(at: usize, bytes: usize) -> usize {
    let _ = faults::opportunities;
    pages(at % PAGE + bytes)
}
