//! Lookaside lists. Allocation and free are inline in the WDK: they work on the list's own SLIST and call the
//! routines stored in it when it is empty or full.

use crate::abi::*;
use crate::kernel::{kernel, lock::Lock};
use crate::verifier::{self, rules};
use alloc::vec::Vec;

/// GENERAL_LOOKASIDE, as far as its fields are fixed by the inline functions (offsets from the WDK).
#[repr(C, align(16))]
struct General {
    head: [u64; 2],
    depth: u16,
    maximum_depth: u16,
    total_allocates: u32,
    allocate_misses: u32,
    total_frees: u32,
    free_misses: u32,
    kind: u32,
    tag: u32,
    size: u32,
    allocate: usize,
    free: usize,
    entry: LIST_ENTRY,
    last: [u32; 2],
    future: [u32; 2],
}

#[derive(Default)]
struct Lists(Lock<Vec<(usize, usize)>>);

unsafe fn initialize(l: *mut General, allocate: usize, free: usize, kind: u32, size: usize, tag: u32) {
    core::ptr::write_bytes(l.cast::<u8>(), 0, 96);
    (*l).depth = 4;
    (*l).maximum_depth = 256;
    (*l).kind = kind;
    (*l).size = size as u32;
    (*l).tag = tag;
    (*l).allocate =
        if allocate != 0 { allocate } else { super::pool::ExAllocatePoolWithTag as *const () as usize };
    (*l).free = if free != 0 { free } else { super::pool::ExFreePool as *const () as usize };
    if size < 16 {
        (*l).size = 16;
    }
    kernel().room::<Lists>().0.lock().push((l as usize, crate::export::caller()));
}

unsafe fn delete(l: *mut General) {
    let known = {
        let mut lists = kernel().room::<Lists>().0.lock();
        let before = lists.len();
        lists.retain(|(at, _)| *at != l as usize);
        lists.len() != before
    };
    if !known {
        verifier::report(
            &rules::LOOKASIDE,
            "a lookaside list is deleted that does not exist".into(),
            [l as u64, 0, 0, 0],
        );
        return;
    }
    let f: unsafe extern "win64" fn(*mut u8) = core::mem::transmute((*l).free);
    let mut at = ((*l).head[1] & !15) as *mut u64;
    (*l).head = [0; 2];
    while !at.is_null() {
        let next = (*at & !15) as *mut u64;
        if (*l).free == super::pool::ExFreePool as *const () as usize {
            super::pool::free(at.cast(), 0);
        } else {
            crate::call!("lookaside free", f, at.cast());
        }
        at = next;
    }
}

/// A lookaside list that a driver made and that lies, or whose maker lies, in this range.
pub fn alive_within(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let lists = kernel().room::<Lists>().0.lock();
    lists.iter().any(|(at, by)| range.contains(at) || range.contains(by)).then(|| "a lookaside list".into())
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExInitializeNPagedLookasideList(l: *mut General, allocate: usize, free: usize, flags: u32, size: usize,
        tag: u32, depth: u16) [irql <= DISPATCH_LEVEL] {
        let kind = if flags & 512 != 0 { 512 } else { 0 };
        initialize(l, allocate, free, kind, size, tag)
    }
    fn ExDeleteNPagedLookasideList(l: *mut General) [irql <= DISPATCH_LEVEL] { delete(l) }
    fn ExInitializePagedLookasideList(l: *mut General, allocate: usize, free: usize, flags: u32, size: usize,
        tag: u32, depth: u16) [irql <= APC_LEVEL] {
        initialize(l, allocate, free, 1, size, tag)
    }
    fn ExDeletePagedLookasideList(l: *mut General) [irql <= APC_LEVEL] { delete(l) }
    fn ExInitializeLookasideListEx(l: *mut General, allocate: usize, free: usize, pool_type: u32, flags: u32,
        size: usize, tag: u32, depth: u16) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        initialize(l, allocate, free, pool_type, size, tag);
        STATUS_SUCCESS
    }
    fn ExDeleteLookasideListEx(l: *mut General) [irql <= DISPATCH_LEVEL] { delete(l) }
}
