//! Pools of net buffer lists and net buffers.
//!
//! Blocks have the size of the running NDIS version, which is more than a driver was compiled with, and private bytes
//! behind that. Each block is an allocation of its own, so that overruns and use after free are found.

use super::{buffer, check_owner, form, rules, state, version};
use crate::abi::*;
use crate::ex;
use crate::kernel::lock::Lock;
use crate::mm::{mdl, pool::PoolKind};
use alloc::collections::BTreeMap;
use alloc::format;
use nt::nbl;

/// A pool.
#[derive(Clone, Copy)]
pub struct Pool {
    /// Of net buffer lists (else of net buffers).
    pub of_lists: bool,
    /// fAllocateNetBuffer.
    pub with_buffer: bool,
    /// ContextSize.
    pub context: u16,
    /// PoolTag.
    pub tag: u32,
    /// DataSize.
    pub data: u32,
    /// Blocks in use.
    pub used: usize,
}

/// Blocks in existence.
#[derive(Default)]
pub struct Live {
    /// Net buffer lists: pool, and the net buffer that came with it.
    pub lists: BTreeMap<usize, (usize, usize)>,
    /// Net buffers: pool, and whether MDL and data came with it.
    pub buffers: BTreeMap<usize, (usize, bool)>,
}

/// MEMORY_ALLOCATION_ALIGNMENT.
const ALIGNMENT: usize = 16;
/// Private bytes of the running system behind the public structure.
const PRIVATE: usize = 64;
const POOL: &str = "net buffer (list) pool";

/// Slots of NetBufferListInfo, by NDIS version.
pub const fn slots(version: u32) -> usize {
    match version & 0xFFFF {
        0..50 => 24,
        50..80 => 26,
        _ => 27,
    }
}

fn list_size() -> usize {
    let bytes = core::mem::offset_of!(NET_BUFFER_LIST, NetBufferListInfo) + 8 * slots(version());
    bytes.next_multiple_of(ALIGNMENT) + PRIVATE
}

fn make(handle: NDIS_HANDLE, pool: Pool) -> NDIS_HANDLE {
    if !handle.is_null() {
        check_owner(handle);
    }
    let at = ex::pool::allocate(PoolKind::NonPagedNx, 128, pool.tag, true) as usize;
    if at != 0 {
        state().pools.lock().insert(at, pool);
        state().objects.add(at, POOL, handle as usize);
    }
    at as NDIS_HANDLE
}

/// A pool of lists with one net buffer each, for the protocol.
pub fn make_own(tag: u32) -> NDIS_HANDLE {
    let at = crate::io::glue::pool(128, *b"NdPl", true) as usize;
    state()
        .pools
        .lock()
        .insert(at, Pool { of_lists: true, with_buffer: true, context: 0, tag, data: 0, used: 0 });
    at as NDIS_HANDLE
}

unsafe fn destroy(handle: NDIS_HANDLE, of_lists: bool) {
    let pool = state().pools.lock().get(&(handle as usize)).copied();
    match pool {
        Some(pool) if pool.of_lists == of_lists => {
            if pool.used != 0 {
                let text = format!("{} blocks of the pool are in use", pool.used);
                rules::report(&rules::POOL_IN_USE, text, handle as usize, pool.used);
            }
            state().objects.remove(handle as usize, POOL);
            state().pools.lock().remove(&(handle as usize));
            ex::pool::free(handle.cast(), 0);
        }
        _ => rules::report(
            &rules::BAD_OBJECT,
            "a pool that does not exist is freed".into(),
            handle as usize,
            0,
        ),
    }
}

fn pool_of(handle: NDIS_HANDLE, of_lists: bool) -> Pool {
    let pool = state().pools.lock().get(&(handle as usize)).copied();
    match pool {
        Some(pool) if pool.of_lists == of_lists || pool.with_buffer => pool,
        _ => rules::bad_handle("a pool of the right kind", handle as usize),
    }
}

fn count(handle: usize, by: isize) {
    if let Some(pool) = state().pools.lock().get_mut(&handle) {
        pool.used = pool.used.wrapping_add_signed(by);
    }
}

/// Allocates a net buffer list without net buffers.
pub unsafe fn allocate_list(handle: NDIS_HANDLE, context: u16, back_fill: u16) -> *mut NET_BUFFER_LIST {
    let pool = pool_of(handle, true);
    if !(context as usize).is_multiple_of(ALIGNMENT) || !(back_fill as usize).is_multiple_of(ALIGNMENT) {
        let text =
            format!("ContextSize {context} or ContextBackFill {back_fill} is no multiple of {ALIGNMENT}");
        rules::report(&rules::POOL_USE, text, handle as usize, 0);
    }
    // The pool's own context size is what a miniport asks for in advance.
    let total = (context + back_fill).max(pool.context) as usize;
    let head = list_size();
    let size = head + if total != 0 { size_of::<NET_BUFFER_LIST_CONTEXT>() + total } else { 0 };
    let list: *mut NET_BUFFER_LIST = ex::pool::allocate(PoolKind::NonPagedNx, size, pool.tag, true).cast();
    if list.is_null() {
        return list;
    }
    (*list).NdisPoolHandle = handle;
    if total != 0 {
        let at: *mut NET_BUFFER_LIST_CONTEXT = list.cast::<u8>().add(head).cast();
        (*at).Size = total as u16;
        (*at).Offset = total as u16 - context;
        (*list).Context = at;
    }
    state().lists.lock().lists.insert(list as usize, (handle as usize, 0));
    count(handle as usize, 1);
    list
}

/// Frees a net buffer list, with the net buffer that came with it.
pub unsafe fn free_list(list: *mut NET_BUFFER_LIST) {
    let known = state().lists.lock().lists.get(&(list as usize)).copied();
    let Some((pool, own)) = known else {
        rules::report(&rules::LIST_UNKNOWN, format!("net buffer list {list:p} is freed"), list as usize, 0);
        return;
    };
    if super::adapters().iter().any(|a| a.data.has(list as usize)) {
        rules::report(&rules::LIST_FREED, format!("net buffer list {list:p}"), list as usize, 0);
        return;
    }
    state().lists.lock().lists.remove(&(list as usize));
    if own != 0 {
        free_buffer(own as *mut NET_BUFFER);
    }
    count(pool, -1);
    ex::pool::free(list.cast(), 0);
}

/// Allocates a net buffer.
pub unsafe fn allocate_buffer(
    handle: NDIS_HANDLE,
    chain: *mut MDL,
    offset: u32,
    length: usize,
) -> *mut NET_BUFFER {
    let pool = pool_of(handle, false);
    let size = size_of::<NET_BUFFER>().next_multiple_of(ALIGNMENT) + PRIVATE;
    let new: *mut NET_BUFFER = ex::pool::allocate(PoolKind::NonPagedNx, size, pool.tag, true).cast();
    if new.is_null() {
        return new;
    }
    (*new).NdisPoolHandle = handle;
    nbl::set_mdl_chain(new, chain);
    nbl::set_data_offset(new, offset);
    nbl::set_data_length(new, length as u32);
    buffer::place(new);
    state().lists.lock().buffers.insert(new as usize, (handle as usize, false));
    count(handle as usize, 1);
    new
}

/// Frees a net buffer, with the MDL and data that came with it.
pub unsafe fn free_buffer(at: *mut NET_BUFFER) {
    let known = state().lists.lock().buffers.remove(&(at as usize));
    let Some((pool, with_data)) = known else {
        rules::report(&rules::LIST_UNKNOWN, format!("net buffer {at:p} is freed"), at as usize, 0);
        return;
    };
    if with_data {
        let m = nbl::mdl_chain(at);
        if !m.is_null() {
            let data = (*m).MappedSystemVa;
            mdl::free(m);
            ex::pool::free(data.cast(), 0);
        }
    }
    count(pool, -1);
    ex::pool::free(at.cast(), 0);
}

unsafe fn with_data(handle: NDIS_HANDLE, pool: Pool) -> *mut NET_BUFFER {
    let data = ex::pool::allocate(PoolKind::NonPagedNx, pool.data as usize, pool.tag, false);
    if data.is_null() {
        return core::ptr::null_mut();
    }
    let m = mdl::allocate(data as usize, pool.data as usize, crate::export::caller());
    if m.is_null() {
        ex::pool::free(data, 0);
        return core::ptr::null_mut();
    }
    mdl::build_for_nonpaged(m);
    let new = allocate_buffer(handle, m, 0, 0);
    if new.is_null() {
        mdl::free(m);
        ex::pool::free(data, 0);
        return new;
    }
    if let Some(entry) = state().lists.lock().buffers.get_mut(&(new as usize)) {
        entry.1 = true;
    }
    new
}

/// Allocates a net buffer list with one net buffer.
pub unsafe fn allocate_both(
    handle: NDIS_HANDLE,
    context: u16,
    back_fill: u16,
    chain: *mut MDL,
    offset: u32,
    length: usize,
) -> *mut NET_BUFFER_LIST {
    let pool = pool_of(handle, true);
    if !pool.with_buffer || pool.data != 0 {
        let text = format!(
            "NdisAllocateNetBufferAndNetBufferList from a pool with fAllocateNetBuffer {} and DataSize {}",
            pool.with_buffer, pool.data
        );
        rules::report(&rules::POOL_USE, text, handle as usize, 0);
        return core::ptr::null_mut();
    }
    let list = allocate_list(handle, context, back_fill);
    if list.is_null() {
        return list;
    }
    let buffer = allocate_buffer(handle, chain, offset, length);
    if buffer.is_null() {
        free_list(list);
        return core::ptr::null_mut();
    }
    own(list, buffer);
    list
}

unsafe fn own(list: *mut NET_BUFFER_LIST, buffer: *mut NET_BUFFER) {
    nbl::set_first_buffer(list, buffer);
    if let Some(entry) = state().lists.lock().lists.get_mut(&(list as usize)) {
        entry.1 = buffer as usize;
    }
}

/// Blocks of a pool's lock are never held over a call; for tests: blocks in use over all pools.
pub fn in_use() -> usize {
    let live: &Lock<Live> = &state().lists;
    let live = live.lock();
    live.lists.len() + live.buffers.len()
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisAllocateNetBufferListPool(handle: NDIS_HANDLE, parameters: *const NET_BUFFER_LIST_POOL_PARAMETERS) -> NDIS_HANDLE [irql <= DISPATCH_LEVEL] {
        if !form::LIST_POOL.check(parameters.cast(), version()) {
            return core::ptr::null_mut();
        }
        let p = *parameters;
        if !(p.ContextSize as usize).is_multiple_of(ALIGNMENT) || p.DataSize != 0 && p.fAllocateNetBuffer == 0 {
            let text = format!("ContextSize {} is no multiple of {ALIGNMENT}, or DataSize {} without fAllocateNetBuffer", p.ContextSize, p.DataSize);
            rules::report(&rules::POOL_USE, text, 0, 0);
            return core::ptr::null_mut();
        }
        make(handle, Pool { of_lists: true, with_buffer: p.fAllocateNetBuffer != 0, context: p.ContextSize, tag: p.PoolTag, data: p.DataSize, used: 0 })
    }
    fn NdisFreeNetBufferListPool(handle: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] { destroy(handle, true) }
    fn NdisAllocateNetBufferPool(handle: NDIS_HANDLE, parameters: *const NET_BUFFER_POOL_PARAMETERS) -> NDIS_HANDLE [irql <= DISPATCH_LEVEL] {
        if !form::BUFFER_POOL.check(parameters.cast(), version()) {
            return core::ptr::null_mut();
        }
        make(handle, Pool { of_lists: false, with_buffer: false, context: 0, tag: (*parameters).PoolTag, data: (*parameters).DataSize, used: 0 })
    }
    fn NdisFreeNetBufferPool(handle: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] { destroy(handle, false) }
    fn NdisAllocateNetBufferList(handle: NDIS_HANDLE, context: u16, back_fill: u16) -> *mut NET_BUFFER_LIST [irql <= DISPATCH_LEVEL] {
        let pool = pool_of(handle, true);
        let list = allocate_list(handle, context, back_fill);
        if !list.is_null() && pool.with_buffer && pool.data != 0 {
            let buffer = with_data(handle, pool);
            if buffer.is_null() {
                free_list(list);
                return core::ptr::null_mut();
            }
            own(list, buffer);
        }
        list
    }
    fn NdisFreeNetBufferList(list: *mut NET_BUFFER_LIST) [irql <= DISPATCH_LEVEL] { free_list(list) }
    fn NdisAllocateNetBuffer(handle: NDIS_HANDLE, chain: *mut MDL, offset: u32, length: usize) -> *mut NET_BUFFER [irql <= DISPATCH_LEVEL] {
        allocate_buffer(handle, chain, offset, length)
    }
    fn NdisFreeNetBuffer(at: *mut NET_BUFFER) [irql <= DISPATCH_LEVEL] { free_buffer(at) }
    fn NdisAllocateNetBufferAndNetBufferList(handle: NDIS_HANDLE, context: u16, back_fill: u16, chain: *mut MDL, offset: u32, length: usize) -> *mut NET_BUFFER_LIST [irql <= DISPATCH_LEVEL] {
        allocate_both(handle, context, back_fill, chain, offset, length)
    }
    fn NdisAllocateNetBufferMdlAndData(handle: NDIS_HANDLE) -> *mut NET_BUFFER [irql <= DISPATCH_LEVEL] {
        let pool = pool_of(handle, false);
        if pool.data == 0 {
            rules::report(&rules::POOL_USE, "NdisAllocateNetBufferMdlAndData from a pool with DataSize 0".into(), handle as usize, 0);
            return core::ptr::null_mut();
        }
        with_data(handle, pool)
    }
    fn NdisGetPoolFromNetBufferList(list: *const NET_BUFFER_LIST) -> NDIS_HANDLE [irql <= DISPATCH_LEVEL] { (*list).NdisPoolHandle }
    fn NdisGetPoolFromNetBuffer(at: *const NET_BUFFER) -> NDIS_HANDLE [irql <= DISPATCH_LEVEL] { (*at).NdisPoolHandle }
}
