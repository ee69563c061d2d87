//! Processors, as RSS needs them.

use super::find_adapter;
use crate::abi::*;
use crate::cm;
use crate::kernel::kernel;
use alloc::vec::Vec;

/// A keyword of the adapter, as number.
fn keyword(handle: NDIS_HANDLE, name: &str) -> Option<u32> {
    let path = find_adapter(handle)?.key.clone();
    let value = cm::get(&path, name)?;
    value.dword().or_else(|| value.text()?.trim().parse().ok())
}

/// The processors that RSS may use for an adapter: *RssBaseProcNumber, *MaxRssProcessors.
pub fn rss(handle: NDIS_HANDLE) -> Vec<PROCESSOR_NUMBER> {
    let k = kernel();
    let base = keyword(handle, "*RssBaseProcNumber").unwrap_or(0);
    let max = keyword(handle, "*MaxRssProcessors").unwrap_or(16).max(1);
    (0..k.active_processors())
        .filter(|n| *n >= base)
        .take(max as usize)
        .map(|n| k.cpus[n as usize].number(k))
        .collect()
}

unsafe fn rss_information(
    handle: NDIS_HANDLE,
    at: *mut NDIS_RSS_PROCESSOR_INFO,
    size: *mut usize,
) -> NDIS_STATUS {
    let list = rss(handle);
    if keyword(handle, "*RSS") == Some(0) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    let head = NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_2 as usize;
    let needed = head + list.len() * size_of::<NDIS_RSS_PROCESSOR>();
    if *size < needed || at.is_null() {
        *size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    *size = needed;
    *at = NDIS_RSS_PROCESSOR_INFO {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO as u8,
            Revision: 2,
            Size: head as u16,
        },
        RssBaseProcessor: list.first().copied().unwrap_or_default(),
        MaxNumRssProcessors: list.len() as u32,
        RssProcessorArrayOffset: head as u32,
        RssProcessorCount: list.len() as u32,
        RssProcessorEntrySize: size_of::<NDIS_RSS_PROCESSOR>() as u32,
        RssMaxProcessor: list.last().copied().unwrap_or_default(),
        RssProfile: keyword(handle, "*RSSProfile").unwrap_or(NdisRssProfileNumaStatic as u32) as i32,
        ..Default::default()
    };
    let first = at.cast::<u8>().add(head).cast::<NDIS_RSS_PROCESSOR>();
    for (n, number) in list.iter().enumerate() {
        first.add(n).write_unaligned(NDIS_RSS_PROCESSOR {
            ProcNum: *number,
            PreferenceIndex: 0,
            Reserved: 0,
        });
    }
    NDIS_STATUS_SUCCESS
}

/// NDIS_PROCESSOR_INFO_EX (ndis.h): number, socket, core, thread, node.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct InfoEx {
    number: PROCESSOR_NUMBER,
    socket: u32,
    core: u32,
    thread: u32,
    node: u16,
    reserved: u16,
}

unsafe fn information(at: *mut NDIS_SYSTEM_PROCESSOR_INFO_EX, size: *mut usize) -> NDIS_STATUS {
    let k = kernel();
    let count = k.active_processors();
    let head = size_of::<NDIS_SYSTEM_PROCESSOR_INFO_EX>();
    let needed = head + count as usize * size_of::<InfoEx>();
    if *size < needed || at.is_null() {
        *size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    *size = needed;
    *at = NDIS_SYSTEM_PROCESSOR_INFO_EX {
        Header: NDIS_OBJECT_HEADER { Type: NDIS_OBJECT_TYPE_DEFAULT as u8, Revision: 1, Size: head as u16 },
        ProcessorVendor: NdisProcessorVendorGenuineIntel,
        NumSockets: 1,
        NumCores: count,
        NumCoresPerSocket: count,
        MaxHyperThreadingProcsPerCore: 1,
        ProcessorInfoOffset: head as u32,
        NumberOfProcessors: count,
        ProcessorInfoEntrySize: size_of::<InfoEx>() as u32,
        ..Default::default()
    };
    let first = at.add(1).cast::<InfoEx>();
    for n in 0..count {
        first.add(n as usize).write(InfoEx {
            number: k.cpus[n as usize].number(k),
            core: n,
            ..Default::default()
        });
    }
    NDIS_STATUS_SUCCESS
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisGetRssProcessorInformation(handle: NDIS_HANDLE, at: *mut NDIS_RSS_PROCESSOR_INFO, size: *mut usize) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        rss_information(handle, at, size)
    }
    fn NdisGetProcessorInformationEx(handle: NDIS_HANDLE, at: *mut NDIS_SYSTEM_PROCESSOR_INFO_EX, size: *mut usize) -> NDIS_STATUS [irql <= DISPATCH_LEVEL] {
        information(at, size)
    }
    fn NdisSystemProcessorCount() -> i8 [irql == PASSIVE_LEVEL] { kernel().active_processors().min(64) as i8 }
    fn NdisSystemActiveProcessorCount(active: *mut usize) -> u32 [irql any] {
        let count = kernel().active_processors().min(kernel().config.group_size);
        if !active.is_null() {
            *active = if count >= 64 { usize::MAX } else { (1 << count) - 1 };
        }
        count
    }
    fn NdisCurrentProcessorIndex() -> u32 [irql == DISPATCH_LEVEL] { kernel().cpu().index }
    fn NdisGroupActiveProcessorCount(group: u16) -> u32 [irql any] {
        let (k, all) = (kernel(), kernel().active_processors());
        if group == u16::MAX { all } else { all.saturating_sub(u32::from(group) * k.config.group_size).min(k.config.group_size) }
    }
    fn NdisActiveGroupCount() -> u16 [irql any] { kernel().active_processors().div_ceil(kernel().config.group_size) as u16 }
    fn NdisMaxGroupCount() -> u16 [irql any] { (kernel().cpus.len() as u32).div_ceil(kernel().config.group_size) as u16 }
    fn NdisProcessorIndexToNumber(index: u32, number: *mut PROCESSOR_NUMBER) -> NTSTATUS [irql any] {
        let k = kernel();
        match k.cpus.get(index as usize) {
            Some(cpu) => {
                *number = cpu.number(k);
                STATUS_SUCCESS
            }
            None => STATUS_INVALID_PARAMETER,
        }
    }
    fn NdisProcessorNumberToIndex(number: PROCESSOR_NUMBER) -> u32 [irql any] {
        crate::ke::processors::index_of(number).unwrap_or(u32::MAX)
    }
}
