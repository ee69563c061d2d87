//! Context areas and clones of net buffer lists.

use super::pool;
use crate::abi::*;
use crate::ex;
use crate::mm::{mdl, pool::PoolKind};
use nt::nbl;

/// Has the list a context that NDIS allocated separately? Those are blocks of their own.
unsafe fn push_context(list: *mut NET_BUFFER_LIST, size: u16, back_fill: u16, tag: u32) -> NDIS_STATUS {
    let context = (*list).Context;
    if !context.is_null() && (*context).Offset >= size {
        (*context).Offset -= size;
        return NDIS_STATUS_SUCCESS;
    }
    let total = size_of::<NET_BUFFER_LIST_CONTEXT>() + size as usize + back_fill as usize;
    let new: *mut NET_BUFFER_LIST_CONTEXT = ex::pool::allocate(PoolKind::NonPagedNx, total, tag, true).cast();
    if new.is_null() {
        return NDIS_STATUS_RESOURCES;
    }
    (*new).Next = context;
    (*new).Size = size + back_fill;
    (*new).Offset = back_fill;
    (*list).Context = new;
    NDIS_STATUS_SUCCESS
}

unsafe fn pop_context(list: *mut NET_BUFFER_LIST, size: u16) {
    let context = (*list).Context;
    if context.is_null() {
        return;
    }
    (*context).Offset += size;
    // The first context lies in the list's own block; others are freed when they are empty.
    let own = context as usize - list as usize <= 1024 && (*context).Next.is_null();
    if (*context).Offset >= (*context).Size && !own {
        (*list).Context = (*context).Next;
        ex::pool::free(context.cast(), 0);
    }
}

/// An MDL over the same pages as another.
unsafe fn same(m: *mut MDL) -> *mut MDL {
    let va = (*m).StartVa as usize + (*m).ByteOffset as usize;
    let new = mdl::allocate(va, (*m).ByteCount as usize, crate::export::caller());
    if !new.is_null() {
        mdl::frames(new).copy_from_slice(mdl::frames(m));
        let at = super::buffer::address(m);
        (*new).MappedSystemVa = at as PVOID;
        (*new).MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL as i16;
    }
    new
}

unsafe fn clone(
    original: *mut NET_BUFFER_LIST,
    list_pool: NDIS_HANDLE,
    buffer_pool: NDIS_HANDLE,
    flags: u32,
) -> *mut NET_BUFFER_LIST {
    let list_pool = if list_pool.is_null() { (*original).NdisPoolHandle } else { list_pool };
    let new = pool::allocate_list(list_pool, 0, 0);
    if new.is_null() {
        return new;
    }
    let mut last: *mut NET_BUFFER = core::ptr::null_mut();
    for from in super::data::buffers(original) {
        let pool = if buffer_pool.is_null() { (*from).NdisPoolHandle } else { buffer_pool };
        let chain = if flags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS != 0 {
            nbl::mdl_chain(from)
        } else {
            copy_chain(nbl::mdl_chain(from))
        };
        let buffer =
            pool::allocate_buffer(pool, chain, nbl::data_offset(from), nbl::data_length(from) as usize);
        if buffer.is_null() {
            free_clone(new, flags);
            return core::ptr::null_mut();
        }
        if last.is_null() {
            nbl::set_first_buffer(new, buffer);
        } else {
            nbl::set_next_buffer(last, buffer);
        }
        last = buffer;
    }
    new
}

/// NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS.
const NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS: u32 = 2;

unsafe fn copy_chain(mut from: *mut MDL) -> *mut MDL {
    let mut first: *mut MDL = core::ptr::null_mut();
    let mut last: *mut MDL = core::ptr::null_mut();
    while !from.is_null() {
        let m = same(from);
        if m.is_null() {
            break;
        }
        if last.is_null() {
            first = m;
        } else {
            (*last).Next = m;
        }
        last = m;
        from = (*from).Next;
    }
    first
}

unsafe fn free_clone(list: *mut NET_BUFFER_LIST, flags: u32) {
    for buffer in super::data::buffers(list) {
        if flags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS == 0 {
            let mut m = nbl::mdl_chain(buffer);
            while !m.is_null() {
                let next = (*m).Next;
                mdl::free(m);
                m = next;
            }
        }
        pool::free_buffer(buffer);
    }
    pool::free_list(list);
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisAllocateNetBufferListContext(list: *mut NET_BUFFER_LIST, size: u16, back_fill: u16, tag: u32) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        push_context(list, size, back_fill, tag)
    }
    fn NdisFreeNetBufferListContext(list: *mut NET_BUFFER_LIST, size: u16) [irql <= DISPATCH_LEVEL] { pop_context(list, size) }
    fn NdisAllocateCloneNetBufferList(original: *mut NET_BUFFER_LIST, list_pool: NDIS_HANDLE, buffer_pool: NDIS_HANDLE, flags: u32) -> *mut NET_BUFFER_LIST [irql <= DISPATCH_LEVEL] {
        clone(original, list_pool, buffer_pool, flags)
    }
    fn NdisFreeCloneNetBufferList(list: *mut NET_BUFFER_LIST, flags: u32) [irql <= DISPATCH_LEVEL] { free_clone(list, flags) }
    fn NdisCopySendNetBufferListInfo(to: *mut NET_BUFFER_LIST, from: *mut NET_BUFFER_LIST) [irql <= DISPATCH_LEVEL] {
        for slot in [TcpIpChecksumNetBufferListInfo, TcpLargeSendNetBufferListInfo, Ieee8021QNetBufferListInfo, NetBufferListHashValue, NetBufferListHashInfo] {
            nbl::set_info(to, slot, nbl::info(from, slot));
        }
    }
    fn NdisCopyReceiveNetBufferListInfo(to: *mut NET_BUFFER_LIST, from: *mut NET_BUFFER_LIST) [irql <= DISPATCH_LEVEL] {
        for slot in [TcpIpChecksumNetBufferListInfo, Ieee8021QNetBufferListInfo, NetBufferListFrameType, NetBufferListHashValue, NetBufferListHashInfo, TcpRecvSegCoalesceInfo] {
            nbl::set_info(to, slot, nbl::info(from, slot));
        }
    }
}
