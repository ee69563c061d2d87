//! Work items: a routine run by a system worker thread at PASSIVE_LEVEL, with the device referenced meanwhile.
//!
//! Source: "System Worker Threads", IoQueueWorkItem(Ex).

use super::{glue, rules, state};
use crate::export::caller;
use crate::ke::thread;
use alloc::collections::BTreeMap;
use core::ops::Range;
use nt::sys::*;

/// The opaque IO_WORKITEM.
#[repr(C)]
struct Item {
    object: *mut c_void,
    reserved: [usize; 7],
}

struct Record {
    made_by: usize,
    queued: bool,
}

/// Work items in existence.
#[derive(Default)]
pub struct Table {
    items: BTreeMap<usize, Record>,
}

impl Table {
    /// Items made by code in a range of addresses.
    pub fn made_within(&self, range: &Range<usize>) -> usize {
        self.items.values().filter(|r| range.contains(&r.made_by)).count()
    }

    /// Items that are queued.
    pub fn queued(&self) -> usize {
        self.items.values().filter(|r| r.queued).count()
    }
}

unsafe fn register(item: *mut Item, object: *mut c_void) {
    (*item).object = object;
    state().work.lock().items.insert(item as usize, Record { made_by: caller(), queued: false });
}

unsafe fn forget(item: *mut Item) {
    let record = state().work.lock().items.remove(&(item as usize));
    if record.is_none_or(|r| r.queued) {
        rules::object(
            &rules::WORK_ITEM_FREED,
            "a work item is freed that is queued, or is none",
            item as usize,
            0,
        );
    }
}

#[derive(Clone, Copy)]
enum Routine {
    Plain(unsafe extern "win64" fn(*mut DEVICE_OBJECT, *mut c_void)),
    Ex(unsafe extern "win64" fn(*mut c_void, *mut c_void, PIO_WORKITEM)),
}

unsafe fn queue(item: *mut Item, routine: Routine, context: *mut c_void) {
    let fresh = match state().work.lock().items.get_mut(&(item as usize)) {
        Some(r) => !core::mem::replace(&mut r.queued, true),
        None => false,
    };
    if !fresh {
        rules::object(
            &rules::WORK_ITEM_TWICE,
            "a work item is queued that is queued already, or is none",
            item as usize,
            0,
        );
        return;
    }
    let object = (*item).object;
    glue::reference(object.cast());
    let (item, object, context) = (item as usize, object as usize, context as usize);
    let run = move || {
        // From here on the item may be queued again or freed by its routine.
        if let Some(r) = state().work.lock().items.get_mut(&item) {
            r.queued = false;
        }
        match routine {
            Routine::Plain(f) => {
                crate::call!("work item", f, object as *mut DEVICE_OBJECT, context as *mut c_void)
            }
            Routine::Ex(f) => crate::call!(
                "work item",
                f,
                object as *mut c_void,
                context as *mut c_void,
                item as PIO_WORKITEM
            ),
        }
        // SAFETY: the reference taken when it was queued.
        unsafe { glue::dereference(object as *mut u8) };
    };
    if thread::spawn(run).is_err() {
        glue::bugcheck(0x4D, [0; 4], "NO_PAGES_AVAILABLE: no memory for a worker thread");
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn IoAllocateWorkItem(device: *mut DEVICE_OBJECT) -> PIO_WORKITEM [irql <= DISPATCH_LEVEL] {
        let item: *mut Item = glue::pool(size_of::<Item>(), *b"IoWI", false).cast();
        if !item.is_null() {
            register(item, device.cast());
        }
        item as PIO_WORKITEM
    }
    fn IoFreeWorkItem(item: PIO_WORKITEM) [irql <= DISPATCH_LEVEL] {
        forget(item as *mut Item);
        glue::pool_free(item as *mut u8);
    }
    fn IoSizeofWorkItem() -> u32 [irql any] {
        size_of::<Item>() as u32
    }
    fn IoInitializeWorkItem(object: *mut c_void, item: PIO_WORKITEM) [irql any] {
        register(item as *mut Item, object);
    }
    fn IoUninitializeWorkItem(item: PIO_WORKITEM) [irql any] {
        forget(item as *mut Item);
    }
    fn IoQueueWorkItem(item: PIO_WORKITEM, routine: PIO_WORKITEM_ROUTINE, kind: u32, context: *mut c_void) [irql <= DISPATCH_LEVEL] {
        if let Some(f) = routine {
            queue(item as *mut Item, Routine::Plain(f), context);
        }
    }
    fn IoQueueWorkItemEx(item: PIO_WORKITEM, routine: PIO_WORKITEM_ROUTINE_EX, kind: u32, context: *mut c_void) [irql <= DISPATCH_LEVEL] {
        if let Some(f) = routine {
            queue(item as *mut Item, Routine::Ex(f), context);
        }
    }
    fn IoTryQueueWorkItem(item: PIO_WORKITEM, routine: PIO_WORKITEM_ROUTINE_EX, kind: u32, context: *mut c_void) -> u8 [irql <= DISPATCH_LEVEL] {
        let free = state().work.lock().items.get(&(item as usize)).is_some_and(|r| !r.queued);
        if free && let Some(f) = routine {
            queue(item as *mut Item, Routine::Ex(f), context);
        }
        u8::from(free)
    }
}
