//! Kernel handles. One table: all callers are kernel mode or the simulated user's process.

use super::ObjectType;
use crate::abi::*;
use crate::kernel::kernel;
use crate::verifier;
use alloc::collections::BTreeMap;
use core::sync::atomic::Ordering::*;

/// First bit pattern of kernel handles, as ObOpenObjectByPointer gives them out.
const KERNEL_HANDLE: u64 = 0xFFFF_FFFF_8000_0000;

/// Open handles.
#[derive(Default)]
pub struct Table {
    open: BTreeMap<u64, Open>,
    last: u64,
}

#[derive(Clone, Copy)]
struct Open {
    body: usize,
    access: u32,
    caller: usize,
}

impl Table {
    /// Handles opened by calls from this range of addresses (leaks at unload).
    pub fn opened_within(&self, range: &core::ops::Range<usize>) -> alloc::vec::Vec<u64> {
        self.open.iter().filter(|(_, o)| range.contains(&o.caller)).map(|(h, _)| *h).collect()
    }
}

/// Opens a handle; takes a reference of its own.
pub unsafe fn open(body: *mut u8, access: u32) -> HANDLE {
    let h = super::header(body);
    super::reference(body);
    h.handles.fetch_add(1, Relaxed);
    let mut t = kernel().ob.handles.lock();
    t.last += 4;
    let value = KERNEL_HANDLE | t.last;
    t.open.insert(value, Open { body: body as usize, access, caller: crate::export::caller() });
    value as HANDLE
}

/// References the object of a handle. `kind` None accepts any type. NtCurrentThread() (-2) works.
pub unsafe fn reference(handle: HANDLE, kind: Option<&'static ObjectType>) -> Result<*mut u8, NTSTATUS> {
    let body = if handle as i64 == -2 {
        crate::ke::thread::current().as_ptr().cast()
    } else {
        match kernel().ob.handles.lock().open.get(&(handle as u64)) {
            Some(open) => open.body as *mut u8,
            None => return Err(STATUS_INVALID_HANDLE),
        }
    };
    if kind.is_some_and(|k| !core::ptr::eq(k, super::header(body).kind)) {
        return Err(STATUS_OBJECT_TYPE_MISMATCH);
    }
    super::reference(body);
    Ok(body)
}

/// Access mask a handle was opened with.
pub fn access(handle: HANDLE) -> Option<u32> {
    kernel().ob.handles.lock().open.get(&(handle as u64)).map(|o| o.access)
}

/// Closes a handle. PASSIVE_LEVEL.
pub unsafe fn close(handle: HANDLE) -> NTSTATUS {
    let open = kernel().ob.handles.lock().open.remove(&(handle as u64));
    let Some(open) = open else {
        verifier::report(
            &verifier::rules::INVALID_HANDLE,
            alloc::format!("close of handle {:#x} that is not open", handle as u64),
            [handle as u64, 0, 0, 0],
        );
        return STATUS_INVALID_HANDLE;
    };
    let body = open.body as *mut u8;
    let h = super::header(body);
    if h.handles.fetch_sub(1, AcqRel) == 1 {
        if let Some(close) = h.kind.close {
            close(body);
        }
        if !h.permanent.get() {
            super::name::forget(kernel(), body);
        }
    }
    super::dereference(body);
    STATUS_SUCCESS
}
