//! Scatter/gather DMA.

use super::{adapter_of, form, rules, state};
use crate::abi::*;
use crate::ex;
use crate::kernel::lock::Lock;
use crate::mm::{PAGE, mdl, pool::PoolKind};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use nt::nbl;

const KIND: &str = "scatter/gather DMA handle";
/// Elements behind the head of a SCATTER_GATHER_LIST.
const HEAD: usize = 16;

struct Dma {
    device: *mut DEVICE_OBJECT,
    handler: MINIPORT_PROCESS_SG_LIST_HANDLER,
    maximum: u32,
    lists: Lock<BTreeMap<usize, bool>>,
}

/// Physical pieces of a net buffer's data.
unsafe fn elements(at: *mut NET_BUFFER) -> Vec<(u64, u32)> {
    let mut out: Vec<(u64, u32)> = Vec::new();
    let mut m = nbl::current_mdl(at);
    let mut skip = nbl::current_mdl_offset(at) as usize;
    let mut left = nbl::data_length(at) as usize;
    while left > 0 && !m.is_null() {
        let count = ((*m).ByteCount as usize).saturating_sub(skip).min(left);
        let mut offset = (*m).ByteOffset as usize + skip;
        let mut rest = count;
        let frames = mdl::frames(m);
        while rest > 0 {
            let part = (PAGE - offset % PAGE).min(rest);
            let physical = frames[offset / PAGE] * PAGE as u64 + (offset % PAGE) as u64;
            match out.last_mut() {
                Some((start, length)) if *start + u64::from(*length) == physical => *length += part as u32,
                _ => out.push((physical, part as u32)),
            }
            offset += part;
            rest -= part;
        }
        left -= count;
        skip = 0;
        m = (*m).Next;
    }
    out
}

unsafe fn known(handle: NDIS_HANDLE) -> &'static Dma {
    if !state().objects.has(handle as usize, KIND) {
        rules::bad_handle("a scatter/gather DMA handle", handle as usize);
    }
    &*(handle as *const Dma)
}

unsafe fn register(
    handle: NDIS_HANDLE,
    description: *mut NDIS_SG_DMA_DESCRIPTION,
    out: *mut NDIS_HANDLE,
) -> NDIS_STATUS {
    let adapter = adapter_of(handle);
    *out = core::ptr::null_mut();
    if !form::SG_DMA.check(description.cast(), adapter.driver.version) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    let given = form::SG_DMA.copy(description);
    if given.ProcessSGListHandler.is_none() {
        rules::report(
            &rules::HANDLER_MISSING,
            "ProcessSGListHandler is missing".into(),
            description as usize,
            0,
        );
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if crate::io::glue::fail_allocation() {
        return NDIS_STATUS_RESOURCES;
    }
    let pages = (given.MaximumPhysicalMapping as usize).div_ceil(PAGE) + 1;
    (*description).ScatterGatherListSize = (HEAD + pages * size_of::<SCATTER_GATHER_ELEMENT>()) as u32;
    let dma = Dma {
        device: adapter.fdo,
        handler: given.ProcessSGListHandler,
        maximum: given.MaximumPhysicalMapping,
        lists: Lock::default(),
    };
    let at = Box::leak(Box::new(dma)) as *mut Dma;
    state().objects.add(at as usize, KIND, handle as usize);
    *out = at.cast();
    NDIS_STATUS_SUCCESS
}

unsafe fn allocate(
    handle: NDIS_HANDLE,
    at: *mut NET_BUFFER,
    context: PVOID,
    room: PVOID,
    size: u32,
) -> NDIS_STATUS {
    let dma = known(handle);
    if dma.maximum != 0 && nbl::data_length(at) > dma.maximum {
        let text = format!("{} bytes, MaximumPhysicalMapping is {}", nbl::data_length(at), dma.maximum);
        rules::report(&rules::SG_LIST, text, at as usize, 0);
        return NDIS_STATUS_RESOURCES;
    }
    let list = elements(at);
    let bytes = HEAD + list.len() * size_of::<SCATTER_GATHER_ELEMENT>();
    let own = room.is_null() || bytes > size as usize;
    let sgl: *mut SCATTER_GATHER_LIST = if own {
        ex::pool::allocate(PoolKind::NonPagedNx, bytes, u32::from_le_bytes(*b"NdSg"), true).cast()
    } else {
        room.cast()
    };
    if sgl.is_null() {
        return NDIS_STATUS_RESOURCES;
    }
    (*sgl).NumberOfElements = list.len() as u32;
    (*sgl).Reserved = 0;
    let first = sgl.cast::<u8>().add(HEAD).cast::<SCATTER_GATHER_ELEMENT>();
    for (n, (physical, length)) in list.iter().enumerate() {
        let mut element = SCATTER_GATHER_ELEMENT { Length: *length, ..Default::default() };
        element.Address.QuadPart = *physical as i64;
        first.add(n).write(element);
    }
    dma.lists.lock().insert(sgl as usize, own);
    (*at).__bindgen_anon_2.ScatterGatherList = sgl;
    if let Some(handler) = dma.handler {
        crate::call!("MiniportProcessSGList", handler, dma.device, core::ptr::null_mut(), sgl, context);
    }
    NDIS_STATUS_SUCCESS
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMRegisterScatterGatherDma(handle: NDIS_HANDLE, description: *mut NDIS_SG_DMA_DESCRIPTION, out: *mut NDIS_HANDLE) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        register(handle, description, out)
    }
    fn NdisMDeregisterScatterGatherDma(handle: NDIS_HANDLE) [irql == PASSIVE_LEVEL] {
        let left = known(handle).lists.lock().len();
        if left != 0 {
            rules::report(&rules::SG_LIST, format!("{left} scatter/gather lists are in use"), handle as usize, left);
        }
        state().objects.remove(handle as usize, KIND);
    }
    fn NdisMAllocateNetBufferSGList(handle: NDIS_HANDLE, at: *mut NET_BUFFER, context: PVOID, flags: u32, room: PVOID, size: u32) -> NDIS_STATUS [irql == DISPATCH_LEVEL] {
        allocate(handle, at, context, room, size)
    }
    fn NdisMFreeNetBufferSGList(handle: NDIS_HANDLE, sgl: *mut SCATTER_GATHER_LIST, at: *mut NET_BUFFER) [irql == DISPATCH_LEVEL] {
        let own = known(handle).lists.lock().remove(&(sgl as usize));
        match own {
            Some(true) => ex::pool::free(sgl.cast(), 0),
            Some(false) => {}
            None => rules::report(&rules::SG_LIST, "a list is freed that is not in use".into(), sgl as usize, 0),
        }
    }
    fn NdisMGetDmaAlignment(handle: NDIS_HANDLE) -> u32 [irql == PASSIVE_LEVEL] {
        adapter_of(handle);
        1
    }
}
