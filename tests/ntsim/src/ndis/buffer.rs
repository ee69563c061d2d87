//! Data of net buffers: MDL chains, moving the data start, contiguous access, copying.

use super::rules;
use crate::abi::*;
use crate::ex;
use crate::mm::{PAGE, mdl, pool::PoolKind};
use alloc::format;
use alloc::vec::Vec;
use nt::nbl;

/// System address of an MDL's bytes, mapped if need be; 0 if that fails.
pub unsafe fn address(m: *mut MDL) -> usize {
    let mapped = (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL) as u16;
    if (*m).MdlFlags as u16 & mapped != 0 {
        (*m).MappedSystemVa as usize
    } else {
        mdl::map(m, true).unwrap_or(0)
    }
}

/// Sets CurrentMdl and CurrentMdlOffset from MdlChain and DataOffset.
pub unsafe fn place(buffer: *mut NET_BUFFER) {
    let mut m = nbl::mdl_chain(buffer);
    let mut left = nbl::data_offset(buffer);
    while !m.is_null() && left >= (*m).ByteCount && !(*m).Next.is_null() {
        left -= (*m).ByteCount;
        m = (*m).Next;
    }
    nbl::set_current_mdl(buffer, m);
    nbl::set_current_mdl_offset(buffer, left);
}

/// Pieces (address, length) of `length` bytes of data from `offset` into the data; fewer if the MDLs end before.
pub unsafe fn pieces(buffer: *const NET_BUFFER, offset: u32, length: u32) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut m = nbl::current_mdl(buffer);
    let mut skip = nbl::current_mdl_offset(buffer) as usize + offset as usize;
    let mut left = length as usize;
    while left > 0 && !m.is_null() {
        let count = (*m).ByteCount as usize;
        if skip < count {
            let part = (count - skip).min(left);
            let base = address(m);
            if base == 0 {
                break;
            }
            out.push((base + skip, part));
            left -= part;
            skip = 0;
        } else {
            skip -= count;
        }
        m = (*m).Next;
    }
    out
}

/// The data as bytes.
pub unsafe fn bytes(buffer: *const NET_BUFFER) -> Vec<u8> {
    let length = nbl::data_length(buffer);
    let mut out = Vec::with_capacity(length as usize);
    for (at, part) in pieces(buffer, 0, length) {
        out.extend_from_slice(core::slice::from_raw_parts(at as *const u8, part));
    }
    out
}

/// An MDL over memory of its own.
unsafe fn fresh(bytes: usize) -> *mut MDL {
    let data = ex::pool::allocate(PoolKind::NonPagedNx, bytes, u32::from_le_bytes(*b"NdMd"), true);
    if data.is_null() {
        return core::ptr::null_mut();
    }
    let m = mdl::allocate(data as usize, bytes, crate::export::caller());
    if m.is_null() {
        ex::pool::free(data, 0);
        return m;
    }
    mdl::build_for_nonpaged(m);
    m
}

/// NdisRetreatNetBufferDataStart.
pub unsafe fn retreat(
    buffer: *mut NET_BUFFER,
    delta: u32,
    back_fill: u32,
    allocate: NET_BUFFER_ALLOCATE_MDL,
) -> NDIS_STATUS {
    let offset = nbl::data_offset(buffer);
    if delta > offset {
        // The room before the data is used up first; the rest is in a new MDL.
        let mut size = delta - offset + back_fill;
        let m = match allocate {
            Some(routine) => crate::call!("NetBufferAllocateMdl", routine, &raw mut size),
            None => fresh(size as usize),
        };
        if m.is_null() {
            return NDIS_STATUS_RESOURCES;
        }
        (*m).Next = nbl::mdl_chain(buffer);
        nbl::set_mdl_chain(buffer, m);
        nbl::set_data_offset(buffer, (*m).ByteCount - (delta - offset));
    } else {
        nbl::set_data_offset(buffer, offset - delta);
    }
    nbl::set_data_length(buffer, nbl::data_length(buffer) + delta);
    place(buffer);
    NDIS_STATUS_SUCCESS
}

/// NdisAdvanceNetBufferDataStart.
pub unsafe fn advance(buffer: *mut NET_BUFFER, delta: u32, free: bool, handler: NET_BUFFER_FREE_MDL) {
    let length = nbl::data_length(buffer);
    if delta > length {
        let text = format!("the data start is advanced by {delta}, the data has {length} bytes");
        rules::report(&rules::DATA_START, text, buffer as usize, delta as usize);
        return;
    }
    nbl::set_data_offset(buffer, nbl::data_offset(buffer) + delta);
    nbl::set_data_length(buffer, length - delta);
    if free {
        while !nbl::mdl_chain(buffer).is_null()
            && nbl::data_offset(buffer) >= (*nbl::mdl_chain(buffer)).ByteCount
            && !(*nbl::mdl_chain(buffer)).Next.is_null()
        {
            let m = nbl::mdl_chain(buffer);
            nbl::set_mdl_chain(buffer, (*m).Next);
            nbl::set_data_offset(buffer, nbl::data_offset(buffer) - (*m).ByteCount);
            match handler {
                Some(routine) => crate::call!("NetBufferFreeMdl", routine, m),
                None => {
                    let data = (*m).MappedSystemVa;
                    mdl::free(m);
                    ex::pool::free(data.cast(), 0);
                }
            }
        }
    }
    place(buffer);
}

unsafe fn data_buffer(
    buffer: *mut NET_BUFFER,
    needed: u32,
    storage: *mut u8,
    align: u32,
    align_offset: u32,
) -> *mut u8 {
    if needed == 0 || nbl::data_length(buffer) < needed {
        return core::ptr::null_mut();
    }
    let list = pieces(buffer, 0, needed);
    let total: usize = list.iter().map(|p| p.1).sum();
    if total < needed as usize {
        return core::ptr::null_mut();
    }
    let aligned = |at: usize| align <= 1 || at % align as usize == align_offset as usize % align as usize;
    if list.len() == 1 && aligned(list[0].0) {
        return list[0].0 as *mut u8;
    }
    if storage.is_null() {
        return storage;
    }
    let mut to = storage;
    for (at, part) in list {
        core::ptr::copy_nonoverlapping(at as *const u8, to, part);
        to = to.add(part);
    }
    storage
}

unsafe fn copy(
    to: *mut NET_BUFFER,
    to_offset: u32,
    count: u32,
    from: *const NET_BUFFER,
    from_offset: u32,
) -> u32 {
    let source = pieces(from, from_offset, count.min(nbl::data_length(from).saturating_sub(from_offset)));
    let mut target =
        pieces(to, to_offset, count.min(nbl::data_length(to).saturating_sub(to_offset))).into_iter();
    let mut room = target.next();
    let mut done = 0;
    for (mut at, mut left) in source {
        while left > 0 {
            let Some((into, space)) = room else { return done };
            let part = left.min(space);
            core::ptr::copy(at as *const u8, into as *mut u8, part);
            (at, left, done) = (at + part, left - part, done + part as u32);
            room = if part == space { target.next() } else { Some((into + part, space - part)) };
        }
    }
    done
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisRetreatNetBufferDataStart(buffer: *mut NET_BUFFER, delta: u32, back_fill: u32, allocate: NET_BUFFER_ALLOCATE_MDL) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        retreat(buffer, delta, back_fill, allocate)
    }
    fn NdisAdvanceNetBufferDataStart(buffer: *mut NET_BUFFER, delta: u32, free: BOOLEAN, handler: NET_BUFFER_FREE_MDL) [irql <= DISPATCH_LEVEL] {
        advance(buffer, delta, free != 0, handler)
    }
    fn NdisRetreatNetBufferListDataStart(list: *mut NET_BUFFER_LIST, delta: u32, back_fill: u32, allocate: NET_BUFFER_ALLOCATE_MDL, free: NET_BUFFER_FREE_MDL) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        let buffers = crate::ndis::data::buffers(list);
        for (n, buffer) in buffers.iter().enumerate() {
            if retreat(*buffer, delta, back_fill, allocate) != NDIS_STATUS_SUCCESS {
                for done in &buffers[..n] {
                    advance(*done, delta, true, free);
                }
                return NDIS_STATUS_RESOURCES;
            }
        }
        NDIS_STATUS_SUCCESS
    }
    fn NdisAdvanceNetBufferListDataStart(list: *mut NET_BUFFER_LIST, delta: u32, free: BOOLEAN, handler: NET_BUFFER_FREE_MDL) [irql <= DISPATCH_LEVEL] {
        for buffer in crate::ndis::data::buffers(list) {
            advance(buffer, delta, free != 0, handler);
        }
    }
    fn NdisGetDataBuffer(buffer: *mut NET_BUFFER, needed: u32, storage: PVOID, align: u32, align_offset: u32) -> PVOID [irql <= DISPATCH_LEVEL] {
        data_buffer(buffer, needed, storage.cast(), align, align_offset).cast()
    }
    fn NdisCopyFromNetBufferToNetBuffer(to: *mut NET_BUFFER, to_offset: u32, count: u32, from: *const NET_BUFFER, from_offset: u32, copied: *mut u32) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        *copied = copy(to, to_offset, count, from, from_offset);
        if *copied == count { NDIS_STATUS_SUCCESS } else { NDIS_STATUS_RESOURCES }
    }
    fn NdisQueryNetBufferPhysicalCount(buffer: *mut NET_BUFFER) -> u32 [irql <= DISPATCH_LEVEL] {
        pieces(buffer, 0, nbl::data_length(buffer)).iter().map(|(at, part)| (at % PAGE + part).div_ceil(PAGE) as u32).sum()
    }
    fn NdisAdjustMdlLength(m: *mut MDL, length: u32) [irql any] { (*m).ByteCount = length; }
    fn NdisAdjustNetBufferCurrentMdl(buffer: *mut NET_BUFFER) [irql any] { place(buffer) }
}
