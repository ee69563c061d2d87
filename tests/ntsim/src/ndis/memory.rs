//! Memory, MDLs, shared memory, I/O space.

use super::{adapter_of, check_owner, rules, state};
use crate::abi::*;
use crate::ex;
use crate::kernel::kernel;
use crate::mm::{mdl, pool::PoolKind, region};
use alloc::format;

const SHARED: &str = "shared memory block";
const SPACE: &str = "mapped I/O space";

fn free(at: *mut u8, length: u32) {
    let size = kernel().mm.pool.lock().containing(at as usize).map(|(_, block)| block.size);
    // "Length: must be the same as was given", or zero for memory by NdisAllocateMemoryWithTagPriority.
    if let Some(size) = size
        && length != 0
        && size != length as usize
    {
        rules::report(
            &rules::MEMORY_LENGTH,
            format!("{size} bytes are freed as {length}"),
            at as usize,
            length as usize,
        );
    }
    ex::pool::free(at, 0);
}

unsafe fn allocate_mdl(at: PVOID, length: u32) -> *mut MDL {
    let m = mdl::allocate(at as usize, length as usize, crate::export::caller());
    if !m.is_null() {
        mdl::build_for_nonpaged(m);
    }
    m
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisAllocateMemoryWithTagPriority(handle: NDIS_HANDLE, length: u32, tag: u32, priority: u32) -> PVOID [irql <= DISPATCH_LEVEL] {
        check_owner(handle);
        ex::pool::allocate(PoolKind::NonPagedNx, length as usize, tag, false).cast()
    }
    fn NdisAllocateMemoryWithTag(out: *mut PVOID, length: u32, tag: u32) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        *out = ex::pool::allocate(PoolKind::NonPagedNx, length as usize, tag, false).cast();
        if (*out).is_null() { NDIS_STATUS_FAILURE } else { NDIS_STATUS_SUCCESS }
    }
    fn NdisFreeMemory(at: PVOID, length: u32, flags: u32) [irql <= DISPATCH_LEVEL] { free(at.cast(), length) }
    fn NdisFreeMemoryWithTagPriority(handle: NDIS_HANDLE, at: PVOID, tag: u32) [irql <= DISPATCH_LEVEL] {
        ex::pool::free(at.cast(), tag)
    }
    fn NdisFreeMemoryWithTag(at: PVOID, tag: u32) [irql <= DISPATCH_LEVEL] { ex::pool::free(at.cast(), tag) }
    fn NdisAllocateMdl(handle: NDIS_HANDLE, at: PVOID, length: u32) -> *mut MDL [irql <= DISPATCH_LEVEL] {
        check_owner(handle);
        allocate_mdl(at, length)
    }
    fn NdisFreeMdl(m: *mut MDL) [irql <= DISPATCH_LEVEL] { mdl::free(m) }
    fn NdisMAllocateSharedMemory(handle: NDIS_HANDLE, length: u32, cached: BOOLEAN, virtual_address: *mut PVOID, physical: *mut i64) [irql == PASSIVE_LEVEL] {
        let adapter = adapter_of(handle);
        *virtual_address = region::allocate_contiguous(length as usize, 0, u64::MAX, 0);
        if !(*virtual_address).is_null() {
            *physical = kernel().mm.physical(*virtual_address as usize).unwrap_or(0) as i64;
            state().objects.add(*virtual_address as usize, SHARED, adapter.handle() as usize);
        }
    }
    fn NdisMFreeSharedMemory(handle: NDIS_HANDLE, length: u32, cached: BOOLEAN, at: PVOID, physical: i64) [irql <= DISPATCH_LEVEL] {
        adapter_of(handle);
        if state().objects.remove(at as usize, SHARED) {
            region::free_contiguous(at, None);
        }
    }
    fn NdisMMapIoSpace(out: *mut PVOID, handle: NDIS_HANDLE, physical: i64, length: u32) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        let adapter = adapter_of(handle);
        *out = region::map_io(physical as u64, length as usize);
        if (*out).is_null() {
            return NDIS_STATUS_RESOURCES;
        }
        state().objects.add(*out as usize, SPACE, adapter.handle() as usize);
        NDIS_STATUS_SUCCESS
    }
    fn NdisMUnmapIoSpace(handle: NDIS_HANDLE, at: PVOID, length: u32) [irql == PASSIVE_LEVEL] {
        if state().objects.remove(at as usize, SPACE) {
            region::unmap_io(at, length as usize);
        }
    }
}
