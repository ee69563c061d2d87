//! Intrusive doubly linked lists in driver memory (LIST_ENTRY, wdm.h).

use crate::abi::LIST_ENTRY;

/// Makes `head` an empty list.
pub unsafe fn init(head: *mut LIST_ENTRY) {
    (*head).Flink = head;
    (*head).Blink = head;
}

/// Is the list empty?
pub unsafe fn is_empty(head: *const LIST_ENTRY) -> bool {
    core::ptr::eq((*head).Flink, head)
}

/// Appends `entry`.
pub unsafe fn push_back(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    let last = (*head).Blink;
    (*entry).Flink = head;
    (*entry).Blink = last;
    (*last).Flink = entry;
    (*head).Blink = entry;
}

/// Prepends `entry`.
pub unsafe fn push_front(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    let first = (*head).Flink;
    (*entry).Flink = first;
    (*entry).Blink = head;
    (*first).Blink = entry;
    (*head).Flink = entry;
}

/// Removes `entry`, checking the links as Windows does (bugcheck 0x139, parameter 3).
pub unsafe fn remove(entry: *mut LIST_ENTRY) {
    let (next, prev) = ((*entry).Flink, (*entry).Blink);
    if (*next).Blink != entry || (*prev).Flink != entry {
        crate::verifier::bugcheck(0x139, [3, entry as u64, 0, 0], "a LIST_ENTRY is corrupt");
    }
    (*prev).Flink = next;
    (*next).Blink = prev;
}

/// Removes and returns the first entry.
pub unsafe fn pop_front(head: *mut LIST_ENTRY) -> Option<*mut LIST_ENTRY> {
    if is_empty(head) {
        return None;
    }
    let first = (*head).Flink;
    remove(first);
    Some(first)
}
