//! Interlocked lists: doubly linked under a driver's spin lock, and sequenced singly linked ones.

use crate::abi::*;
use crate::ke::list;
use crate::ke::spin;

/// The interlocked functions work at any IRQL: interrupts are off while the lock is held.
unsafe fn locked<R>(lock: *mut u64, f: impl FnOnce() -> R) -> R {
    let k = crate::kernel();
    let old = k.cpu().irql();
    k.cpu().set_irql(k, HIGH_LEVEL);
    spin::acquire(lock);
    let r = f();
    spin::release(lock);
    crate::ke::irql::lower(old);
    r
}

/// SLIST_HEADER on x64: depth and sequence in the first word, the next entry (shifted) in the second.
#[repr(C, align(16))]
struct SList {
    depth_sequence: u64,
    next: u64,
}

unsafe fn pop(h: *mut SList) -> *mut u64 {
    let first = ((*h).next & !15) as *mut u64;
    if first.is_null() {
        return first;
    }
    (*h).next = *first & !15 | (*h).next & 15;
    (*h).depth_sequence = ((*h).depth_sequence & 0xFFFF).wrapping_sub(1) & 0xFFFF
        | ((*h).depth_sequence & !0xFFFF).wrapping_add(0x1_0000);
    first
}

unsafe fn push(h: *mut SList, entry: *mut u64) -> *mut u64 {
    if !(entry as usize).is_multiple_of(16) {
        crate::unwind::exception::raise(0x8000_0002_u32 as i32, &[]);
    }
    let first = ((*h).next & !15) as *mut u64;
    *entry = first as u64;
    (*h).next = entry as u64 | 1;
    (*h).depth_sequence = ((*h).depth_sequence & 0xFFFF).wrapping_add(1) & 0xFFFF
        | ((*h).depth_sequence & !0xFFFF).wrapping_add(0x1_0000);
    first
}

unsafe fn flush(h: *mut SList) -> *mut u64 {
    let first = ((*h).next & !15) as *mut u64;
    (*h).next &= 15;
    (*h).depth_sequence &= !0xFFFF;
    first
}

fn entry_or_null(e: Option<*mut LIST_ENTRY>) -> *mut LIST_ENTRY {
    e.unwrap_or(core::ptr::null_mut())
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExInterlockedInsertTailList(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY, lock: *mut u64) -> *mut LIST_ENTRY
        [irql any] {
        locked(lock, || {
            let last = if list::is_empty(head) { core::ptr::null_mut() } else { (*head).Blink };
            list::push_back(head, entry);
            last
        })
    }
    fn ExInterlockedInsertHeadList(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY, lock: *mut u64) -> *mut LIST_ENTRY
        [irql any] {
        locked(lock, || {
            let first = if list::is_empty(head) { core::ptr::null_mut() } else { (*head).Flink };
            list::push_front(head, entry);
            first
        })
    }
    fn ExInterlockedRemoveHeadList(head: *mut LIST_ENTRY, lock: *mut u64) -> *mut LIST_ENTRY [irql any] {
        locked(lock, || entry_or_null(list::pop_front(head)))
    }
    fn ExInterlockedPushEntryList(head: *mut SINGLE_LIST_ENTRY, entry: *mut SINGLE_LIST_ENTRY, lock: *mut u64)
        -> *mut SINGLE_LIST_ENTRY [irql any] {
        locked(lock, || {
            let first = (*head).Next;
            (*entry).Next = first;
            (*head).Next = entry;
            first
        })
    }
    fn ExInterlockedPopEntryList(head: *mut SINGLE_LIST_ENTRY, lock: *mut u64) -> *mut SINGLE_LIST_ENTRY [irql any] {
        locked(lock, || {
            let first = (*head).Next;
            if !first.is_null() {
                (*head).Next = (*first).Next;
            }
            first
        })
    }
    fn ExInterlockedAddLargeStatistic(at: *mut u64, by: u32) [irql any] { *at = (*at).wrapping_add(by as u64); }
    fn InitializeSListHead(head: *mut SList) [irql any] {
        *head = SList { depth_sequence: 0, next: 0 };
    }
    fn ExpInterlockedPopEntrySList(head: *mut SList) -> *mut u64 [irql <= DISPATCH_LEVEL] { pop(head) }
    fn ExpInterlockedPushEntrySList(head: *mut SList, entry: *mut u64) -> *mut u64 [irql <= DISPATCH_LEVEL] {
        push(head, entry)
    }
    fn ExpInterlockedFlushSList(head: *mut SList) -> *mut u64 [irql <= DISPATCH_LEVEL] { flush(head) }
    fn ExQueryDepthSList(head: *mut SList) -> u16 [irql <= DISPATCH_LEVEL] { (*head).depth_sequence as u16 }
}
