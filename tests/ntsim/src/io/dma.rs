//! DMA adapters: IoGetDmaAdapter and the routines that it hands out.
//!
//! Source: DMA_OPERATIONS. A bus master with 64-bit addresses sees guest-physical memory as it is: no map registers are
//! used, lists carry physical addresses. Version 3 routines that the drivers of this bed have no use for end the run by
//! name instead of pretending.

use super::{glue, rules, state};
use crate::export::caller;
use crate::kernel::kernel;
use crate::mm::PAGE;
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use nt::sys::*;

/// Adapters, common buffers and lists in use.
#[derive(Default)]
pub struct Table {
    adapters: BTreeMap<usize, Adapter>,
    lists: BTreeMap<usize, usize>,
    operations: Option<Box<DMA_OPERATIONS>>,
}

struct Adapter {
    made_by: usize,
    buffers: Vec<(usize, u32)>,
    lists: u32,
    maximum: u32,
}

impl Table {
    /// Adapters obtained by code in a range of addresses.
    pub fn made_within(&self, range: &core::ops::Range<usize>) -> usize {
        self.adapters.values().filter(|a| range.contains(&a.made_by)).count()
    }
}

unsafe extern "win64" fn put_adapter(adapter: *mut DMA_ADAPTER) {
    let gone = state().dma.lock().adapters.remove(&(adapter as usize));
    match gone {
        Some(a) => {
            if !a.buffers.is_empty() {
                rules::object(
                    &rules::DMA_COMMON_BUFFER_LEAK,
                    "PutDmaAdapter with common buffers in use",
                    adapter as usize,
                    a.buffers.len(),
                );
            }
            if a.lists != 0 {
                rules::object(
                    &rules::DMA_SG_LEAK,
                    "PutDmaAdapter with scatter-gather lists in use",
                    adapter as usize,
                    a.lists as usize,
                );
            }
            glue::pool_free(adapter.cast());
        }
        None => rules::object(
            &rules::DMA_RELEASED,
            "PutDmaAdapter of something that is no adapter",
            adapter as usize,
            0,
        ),
    }
}

unsafe extern "win64" fn allocate_common(
    adapter: *mut DMA_ADAPTER,
    length: u32,
    logical: *mut LARGE_INTEGER,
    _cached: u8,
) -> *mut c_void {
    require(crate::ke::irql::current() == 0, "AllocateCommonBuffer above PASSIVE_LEVEL", adapter);
    if glue::fail_allocation() {
        return core::ptr::null_mut();
    }
    let Some(va) =
        kernel().mm.allocate_mapped(crate::mm::pages(length as usize), crate::engine::Prot::ReadWrite)
    else {
        return core::ptr::null_mut();
    };
    core::ptr::write_bytes(va as *mut u8, 0, crate::mm::pages(length as usize) * PAGE);
    (*logical).QuadPart = kernel().mm.physical(va).unwrap_or(0) as i64;
    if let Some(a) = state().dma.lock().adapters.get_mut(&(adapter as usize)) {
        a.buffers.push((va, length));
    }
    va as *mut c_void
}

unsafe extern "win64" fn free_common(
    adapter: *mut DMA_ADAPTER,
    length: u32,
    _: LARGE_INTEGER,
    va: *mut c_void,
    _: u8,
) {
    let known = {
        let mut table = state().dma.lock();
        table.adapters.get_mut(&(adapter as usize)).and_then(|a| {
            let at = a.buffers.iter().position(|(v, l)| *v == va as usize && *l == length)?;
            Some(a.buffers.remove(at))
        })
    };
    if known.is_none() {
        rules::object(
            &rules::DMA_BUFFER_TWICE,
            "FreeCommonBuffer of something that is no common buffer of this adapter",
            va as usize,
            length as usize,
        );
        return;
    }
    kernel().mm.free_mapped(va as usize, crate::mm::pages(length as usize));
}

fn require(condition: bool, text: &str, at: *mut DMA_ADAPTER) {
    if !condition {
        rules::object(&rules::DMA_IRQL, text, at as usize, 0);
    }
}

/// Physical pieces of a part of an MDL chain, neighbours joined.
unsafe fn pieces(mut mdl: *mut MDL, va: *mut c_void, length: u32) -> Option<Vec<(u64, u32)>> {
    let mut offset = (va as usize).checked_sub((*mdl).StartVa as usize + (*mdl).ByteOffset as usize)?;
    let mut left = length as usize;
    let mut out: Vec<(u64, u32)> = Vec::new();
    while left > 0 {
        if mdl.is_null() {
            return None;
        }
        let count = (*mdl).ByteCount as usize;
        if offset >= count {
            offset -= count;
            mdl = (*mdl).Next;
            continue;
        }
        let pages: *const u64 = mdl.add(1).cast();
        let mut at = offset;
        while at < count && left > 0 {
            let position = (*mdl).ByteOffset as usize + at;
            let here = (PAGE - position % PAGE).min(count - at).min(left);
            let address = *pages.add(position / PAGE) * PAGE as u64 + (position % PAGE) as u64;
            match out.last_mut() {
                Some((a, l)) if *a + u64::from(*l) == address => *l += here as u32,
                _ => out.push((address, here as u32)),
            }
            at += here;
            left -= here;
        }
        offset = 0;
        mdl = (*mdl).Next;
    }
    Some(out)
}

unsafe fn fill(list: *mut SCATTER_GATHER_LIST, pieces: &[(u64, u32)]) {
    (*list).NumberOfElements = pieces.len() as u32;
    (*list).Reserved = 0;
    let elements: *mut SCATTER_GATHER_ELEMENT = list.cast::<u8>().add(16).cast();
    for (n, (address, length)) in pieces.iter().enumerate() {
        let mut e = SCATTER_GATHER_ELEMENT { Length: *length, ..Default::default() };
        e.Address.QuadPart = *address as i64;
        *elements.add(n) = e;
    }
}

fn note_list(adapter: *mut DMA_ADAPTER, list: *mut SCATTER_GATHER_LIST, owned: bool) {
    let mut table = state().dma.lock();
    table.lists.insert(list as usize, if owned { 1 } else { 0 });
    if let Some(a) = table.adapters.get_mut(&(adapter as usize)) {
        a.lists += 1;
    }
}

type ListControl =
    unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut IRP, *mut SCATTER_GATHER_LIST, *mut c_void);

unsafe extern "win64" fn get_list(
    adapter: *mut DMA_ADAPTER,
    device: *mut DEVICE_OBJECT,
    mdl: *mut MDL,
    va: *mut c_void,
    length: u32,
    routine: *mut c_void,
    context: *mut c_void,
    _write: u8,
) -> NTSTATUS {
    require(crate::ke::irql::current() == 2, "GetScatterGatherList not at DISPATCH_LEVEL", adapter);
    let Some(list) = pieces(mdl, va, length) else { return STATUS_BUFFER_TOO_SMALL };
    let maximum = state().dma.lock().adapters.get(&(adapter as usize)).map_or(0, |a| a.maximum);
    if maximum != 0 && length > maximum {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let at: *mut SCATTER_GATHER_LIST =
        glue::pool(16 + list.len() * size_of::<SCATTER_GATHER_ELEMENT>(), *b"DmaL", false).cast();
    if at.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    fill(at, &list);
    note_list(adapter, at, true);
    let routine: ListControl = core::mem::transmute(routine);
    crate::call!("AdapterListControl", routine, device, (*device).CurrentIrp, at, context);
    STATUS_SUCCESS
}

unsafe extern "win64" fn put_list(adapter: *mut DMA_ADAPTER, list: *mut SCATTER_GATHER_LIST, _write: u8) {
    let owned = state().dma.lock().lists.remove(&(list as usize));
    match owned {
        Some(owned) => {
            if let Some(a) = state().dma.lock().adapters.get_mut(&(adapter as usize)) {
                a.lists -= 1;
            }
            if owned != 0 {
                glue::pool_free(list.cast());
            }
        }
        None => rules::object(
            &rules::DMA_SG_TWICE,
            "PutScatterGatherList of a list that is not in use",
            list as usize,
            0,
        ),
    }
}

unsafe extern "win64" fn calculate(
    _: *mut DMA_ADAPTER,
    mdl: *mut MDL,
    va: *mut c_void,
    length: u32,
    size: *mut u32,
    registers: *mut u32,
) -> NTSTATUS {
    let offset = va as usize % PAGE;
    let mut count = (offset + length as usize).div_ceil(PAGE);
    let mut next = if mdl.is_null() { mdl } else { (*mdl).Next };
    // Every further MDL of a chain may begin in the middle of a page.
    while !next.is_null() {
        count += 1;
        next = (*next).Next;
    }
    *size = (16 + count * size_of::<SCATTER_GATHER_ELEMENT>()) as u32;
    if !registers.is_null() {
        *registers = count as u32;
    }
    STATUS_SUCCESS
}

unsafe extern "win64" fn build_list(
    adapter: *mut DMA_ADAPTER,
    device: *mut DEVICE_OBJECT,
    mdl: *mut MDL,
    va: *mut c_void,
    length: u32,
    routine: *mut c_void,
    context: *mut c_void,
    _write: u8,
    buffer: *mut c_void,
    buffer_length: u32,
) -> NTSTATUS {
    require(crate::ke::irql::current() == 2, "BuildScatterGatherList not at DISPATCH_LEVEL", adapter);
    let Some(list) = pieces(mdl, va, length) else { return STATUS_BUFFER_TOO_SMALL };
    if 16 + list.len() * size_of::<SCATTER_GATHER_ELEMENT>() > buffer_length as usize {
        return STATUS_BUFFER_TOO_SMALL;
    }
    let at: *mut SCATTER_GATHER_LIST = buffer.cast();
    fill(at, &list);
    note_list(adapter, at, false);
    let routine: ListControl = core::mem::transmute(routine);
    crate::call!("AdapterListControl", routine, device, (*device).CurrentIrp, at, context);
    STATUS_SUCCESS
}

unsafe extern "win64" fn alignment(_: *mut DMA_ADAPTER) -> u32 {
    1
}

unsafe extern "win64" fn flush(
    _: *mut DMA_ADAPTER,
    _: *mut MDL,
    _: *mut c_void,
    _: *mut c_void,
    _: u32,
    _: u8,
) -> u8 {
    // Coherent and without bounce buffers: nothing is held back.
    1
}

macro_rules! not_modelled {
    ($($name:ident),*) => { $(
        #[allow(non_snake_case)]
        unsafe extern "win64" fn $name() -> usize {
            glue::bugcheck(crate::verifier::SIMULATOR_ERROR, [0; 4], concat!("DMA_OPERATIONS.", stringify!($name), " is not modelled"))
        }
    )* };
}
not_modelled!(
    AllocateAdapterChannel,
    FreeAdapterChannel,
    FreeMapRegisters,
    MapTransfer,
    ReadDmaCounter,
    BuildMdlFromScatterGatherList,
    GetDmaAdapterInfo,
    GetDmaTransferInfo,
    InitializeDmaTransferContext,
    AllocateCommonBufferEx,
    AllocateAdapterChannelEx,
    ConfigureAdapterChannel,
    CancelAdapterChannel,
    MapTransferEx,
    GetScatterGatherListEx,
    BuildScatterGatherListEx,
    FlushAdapterBuffersEx,
    CancelMappedTransfer
);

unsafe fn operations() -> *mut DMA_OPERATIONS {
    let mut table = state().dma.lock();
    let ops = table.operations.get_or_insert_with(|| {
        let mut o = DMA_OPERATIONS { Size: size_of::<DMA_OPERATIONS>() as u32, ..Default::default() };
        let slots = (&raw mut o).cast::<usize>();
        // In the order of the structure, after Size.
        let routines: [usize; 30] = [
            put_adapter as usize,
            allocate_common as usize,
            free_common as usize,
            AllocateAdapterChannel as usize,
            flush as usize,
            FreeAdapterChannel as usize,
            FreeMapRegisters as usize,
            MapTransfer as usize,
            alignment as usize,
            ReadDmaCounter as usize,
            get_list as usize,
            put_list as usize,
            calculate as usize,
            build_list as usize,
            BuildMdlFromScatterGatherList as usize,
            GetDmaAdapterInfo as usize,
            GetDmaTransferInfo as usize,
            InitializeDmaTransferContext as usize,
            AllocateCommonBufferEx as usize,
            AllocateAdapterChannelEx as usize,
            ConfigureAdapterChannel as usize,
            CancelAdapterChannel as usize,
            MapTransferEx as usize,
            GetScatterGatherListEx as usize,
            BuildScatterGatherListEx as usize,
            FlushAdapterBuffersEx as usize,
            put_adapter as usize,
            CancelMappedTransfer as usize,
            0,
            0,
        ];
        for (n, routine) in routines.into_iter().enumerate() {
            slots.add(1 + n).write(routine);
        }
        Box::new(o)
    });
    &raw mut **ops
}

/// An adapter for a device (IoGetDmaAdapter, BUS_INTERFACE_STANDARD.GetDmaAdapter); null when it cannot be had.
pub unsafe fn adapter(
    _pdo: *mut DEVICE_OBJECT,
    description: *mut DEVICE_DESCRIPTION,
    registers: *mut u32,
) -> *mut DMA_ADAPTER {
    let d = &*description;
    if d.Version > 3 || d.Master == 0 {
        return core::ptr::null_mut();
    }
    let at: *mut DMA_ADAPTER = glue::pool(size_of::<DMA_ADAPTER>(), *b"DmaA", false).cast();
    if at.is_null() {
        return at;
    }
    (*at).Version = if d.Version == 3 { 3 } else { 1 };
    (*at).Size = size_of::<DMA_ADAPTER>() as u16;
    (*at).DmaOperations = operations();
    *registers = (d.MaximumLength as usize).div_ceil(PAGE) as u32 + 1;
    let maximum = d.MaximumLength;
    state()
        .dma
        .lock()
        .adapters
        .insert(at as usize, Adapter { made_by: caller(), buffers: Vec::new(), lists: 0, maximum });
    at
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoGetDmaAdapter(pdo: *mut DEVICE_OBJECT, description: *mut DEVICE_DESCRIPTION, registers: *mut u32) -> *mut DMA_ADAPTER [irql == PASSIVE_LEVEL] {
        adapter(pdo, description, registers)
    }
}
