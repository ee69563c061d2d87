//! Exports of ob.

use super::{ObjectType, handle, header, name, reference};
use crate::abi::*;
use crate::kernel::kernel;
use crate::rtl::unicode;
use alloc::vec::Vec;

/// POBJECT_TYPE as drivers hold it: the address of our type.
fn kind_of(t: *const ObjectType) -> Option<&'static ObjectType> {
    unsafe { t.as_ref() }
}

/// A variable that holds a POBJECT_TYPE: drivers import its address and read it.
pub fn type_variable(kind: &'static ObjectType) -> usize {
    kind as *const ObjectType as usize
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    data ExEventObjectType: usize = |k| type_variable(k.ob.types.event);
    data PsThreadType: usize = |k| type_variable(k.ob.types.thread);
    data ExCallbackObjectType: usize = |k| type_variable(k.ob.types.callback);
    fn ObfReferenceObject(body: *mut u8) -> i64 [irql <= DISPATCH_LEVEL] { reference(body) }
    fn ObfDereferenceObject(body: *mut u8) -> i64 [irql <= DISPATCH_LEVEL] { crate::ob::dereference(body) }
    fn ObReferenceObjectByPointer(body: *mut u8, access: u32, kind: *const ObjectType, mode: i8) -> NTSTATUS
        [irql <= DISPATCH_LEVEL] {
        if kind_of(kind).is_some_and(|k| !core::ptr::eq(k, header(body).kind)) {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        reference(body);
        STATUS_SUCCESS
    }
    fn ObDereferenceObjectDeferDelete(body: *mut u8) [irql <= DISPATCH_LEVEL] {
        let at = body as usize;
        if header(body).references.load(core::sync::atomic::Ordering::Relaxed) > 1 {
            crate::ob::dereference(body);
        } else {
            crate::ex::work::queue(move || {
                crate::ob::dereference(at as *mut u8);
            });
        }
    }
    fn ObReferenceObjectByHandle(h: HANDLE, access: u32, kind: *const ObjectType, mode: i8, out: *mut *mut u8,
        information: PVOID) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        match handle::reference(h, kind_of(kind)) {
            Ok(body) => {
                *out = body;
                if !information.is_null() {
                    // OBJECT_HANDLE_INFORMATION: attributes, access.
                    let info = information.cast::<u32>();
                    *info = 0;
                    *info.add(1) = handle::access(h).unwrap_or(0x1F_FFFF);
                }
                STATUS_SUCCESS
            }
            Err(status) => {
                *out = core::ptr::null_mut();
                status
            }
        }
    }
    fn ObOpenObjectByPointer(body: *mut u8, attributes: u32, state: PVOID, access: u32, kind: *const ObjectType,
        mode: i8, out: *mut HANDLE) -> NTSTATUS [irql <= APC_LEVEL] {
        if kind_of(kind).is_some_and(|k| !core::ptr::eq(k, header(body).kind)) {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        *out = handle::open(body, access);
        STATUS_SUCCESS
    }
    fn ObReferenceObjectByName(path: *const UNICODE_STRING, attributes: u32, state: PVOID, access: u32,
        kind: *const ObjectType, mode: i8, context: PVOID, out: *mut *mut u8) -> NTSTATUS [irql <= APC_LEVEL] {
        let found = kernel().ob.names.lock().find(&unicode::to_string(path));
        let Some((body, rest)) = found else { return STATUS_OBJECT_NAME_NOT_FOUND };
        if !rest.is_empty() {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        if kind_of(kind).is_some_and(|k| !core::ptr::eq(k, header(body).kind)) {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        reference(body);
        *out = body;
        STATUS_SUCCESS
    }
    fn ObQueryNameString(body: *mut u8, out: *mut UNICODE_STRING, length: u32, need: *mut u32) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        let text: Vec<u16> = match &*header(body).name.lock() {
            Some(path) => path.encode_utf16().chain([0]).collect(),
            None => Vec::new(),
        };
        let size = size_of::<UNICODE_STRING>() + text.len() * 2;
        *need = size as u32;
        if (length as usize) < size {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        if text.is_empty() {
            *out = UNICODE_STRING::default();
            return STATUS_SUCCESS;
        }
        let buffer = out.add(1).cast::<u16>();
        core::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len());
        *out = UNICODE_STRING {
            Length: (text.len() * 2 - 2) as u16,
            MaximumLength: (text.len() * 2) as u16,
            Buffer: buffer,
        };
        STATUS_SUCCESS
    }
    fn ObMakeTemporaryObject(body: *mut u8) [irql <= APC_LEVEL] {
        header(body).permanent.set(false);
        if header(body).handles.load(core::sync::atomic::Ordering::Relaxed) == 0 {
            name::forget(kernel(), body);
        }
    }
    fn ZwClose(h: HANDLE) -> NTSTATUS [irql == PASSIVE_LEVEL] { handle::close(h) }
    fn ObCloseHandle(h: HANDLE, mode: i8) -> NTSTATUS [irql == PASSIVE_LEVEL] { handle::close(h) }
}
