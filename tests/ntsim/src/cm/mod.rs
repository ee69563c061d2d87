//! cm: the registry, as drivers and the rest of the kernel use it.
#![allow(non_upper_case_globals, reason = "Microsoft's names stand in patterns")]
#![allow(
    function_casts_as_integer,
    unpredictable_function_pointer_comparisons,
    reason = "routines are kept by address"
)]
#![allow(
    clippy::useless_transmute,
    clippy::missing_transmute_annotations,
    clippy::unnecessary_cast,
    clippy::type_complexity,
    clippy::vec_box,
    reason = "the bindings' types differ between their two sources; strings must not move"
)]

pub mod key;
pub mod query;
pub mod tree;

use crate::export::Export;
use crate::kernel::{kernel, lock::Lock};
use crate::ob::{self, ObjectType};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use nt::sys::*;
use tree::{CmError, KeyId, Tree, multi_sz, sz};

/// The registry of a kernel.
#[derive(Default)]
pub struct Registry {
    /// Its content.
    pub tree: Lock<Tree>,
}

/// The registry of the running kernel.
pub fn registry() -> &'static Registry {
    kernel().room()
}

/// Export tables of this room.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![key::EXPORTS, query::EXPORTS]
}

/// Path of the current control set.
pub const CONTROL_SET: &str = "\\Registry\\Machine\\SYSTEM\\CurrentControlSet";

const STATUS_CANNOT_DELETE: NTSTATUS = 0xC000_0121u32 as i32;
const STATUS_REGISTRY_IO_FAILED: NTSTATUS = 0xC000_014Du32 as i32;
const STATUS_KEY_DELETED: NTSTATUS = 0xC000_017Cu32 as i32;
const STATUS_CHILD_MUST_BE_VOLATILE: NTSTATUS = 0xC000_0181u32 as i32;

/// Time for LastWriteTime, in 100 ns since 1601.
pub fn now() -> i64 {
    crate::ke::timer::system_time() as i64
}

/// An error as the status that the Zw routines return.
#[must_use]
pub fn status_of(error: CmError) -> NTSTATUS {
    match error {
        CmError::NotFound => STATUS_OBJECT_NAME_NOT_FOUND,
        CmError::PathNotFound => STATUS_OBJECT_PATH_NOT_FOUND,
        CmError::Deleted => STATUS_KEY_DELETED,
        CmError::HasSubkeys => STATUS_CANNOT_DELETE,
        CmError::ChildMustBeVolatile => STATUS_CHILD_MUST_BE_VOLATILE,
        CmError::InvalidName => STATUS_OBJECT_NAME_INVALID,
        CmError::NoMore => STATUS_NO_MORE_ENTRIES,
        CmError::Io => STATUS_REGISTRY_IO_FAILED,
    }
}

/// The object manager's type of keys; a body holds the [`KeyId`].
pub static KEY: ObjectType = ObjectType { name: "Key", delete: None, close: None };

/// Opens a handle to a key.
pub unsafe fn open_handle(id: KeyId, access: u32, out: *mut HANDLE) -> NTSTATUS {
    let body = match ob::create(&KEY, 16) {
        Ok(body) => body,
        Err(status) => return status,
    };
    body.cast::<KeyId>().write(id);
    *out = ob::handle::open(body, access);
    ob::dereference(body);
    STATUS_SUCCESS
}

/// The key of a handle.
///
/// # Errors
/// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH.
pub unsafe fn key_of(handle: HANDLE) -> Result<KeyId, NTSTATUS> {
    let body = ob::handle::reference(handle, Some(&KEY))?;
    let id = body.cast::<KeyId>().read();
    ob::dereference(body);
    Ok(id)
}

/// Creates a path where it is missing, and opens it.
pub unsafe fn open_created(path: &str, access: u32, out: *mut HANDLE) -> NTSTATUS {
    let (id, _) = registry().tree.lock().make(path);
    open_handle(id, access, out)
}

/// Sets a value below a path that is created where it is missing.
pub fn set(path: &str, name: &str, kind: u32, data: &[u8]) {
    let time = now();
    let mut tree = registry().tree.lock();
    let (id, _) = tree.make(path);
    let _ = tree.set(id, name, kind, data, time);
}

/// Sets a REG_SZ.
pub fn set_sz(path: &str, name: &str, text: &str) {
    set(path, name, REG_SZ, &sz(text));
}

/// Sets a REG_MULTI_SZ.
pub fn set_multi_sz<S: AsRef<str>>(path: &str, name: &str, texts: &[S]) {
    set(path, name, REG_MULTI_SZ, &multi_sz(texts));
}

/// Sets a REG_DWORD, in a volatile key if the last component does not exist yet and `volatile`.
pub fn set_dword(path: &str, name: &str, value: u32, volatile: bool) {
    let time = now();
    let mut tree = registry().tree.lock();
    let id = if volatile {
        let (parent, last) = path.rsplit_once('\\').unwrap_or(("", path));
        let (parent, _) = tree.make(parent);
        tree.create(Some(parent), last, true, "", time).map(|(id, _)| id)
    } else {
        Ok(tree.make(path).0)
    };
    if let Ok(id) = id {
        let _ = tree.set(id, name, REG_DWORD, &value.to_le_bytes(), time);
    }
}

/// Reads a value.
#[must_use]
pub fn get(path: &str, name: &str) -> Option<tree::Value> {
    let tree = registry().tree.lock();
    let id = tree.open(None, path).ok()?;
    tree.value(id, name).ok().cloned()
}

/// Reads a REG_DWORD.
#[must_use]
pub fn get_dword(path: &str, name: &str) -> Option<u32> {
    get(path, name)?.dword()
}

/// Reads a REG_SZ or REG_EXPAND_SZ.
#[must_use]
pub fn get_sz(path: &str, name: &str) -> Option<String> {
    get(path, name)?.text()
}

/// Reads a REG_MULTI_SZ.
#[must_use]
pub fn get_multi_sz(path: &str, name: &str) -> Vec<String> {
    get(path, name).and_then(|v| v.texts()).unwrap_or_default()
}

/// Names of the subkeys of a path.
#[must_use]
pub fn subkeys(path: &str) -> Vec<String> {
    let tree = registry().tree.lock();
    let Ok(id) = tree.open(None, path) else { return Vec::new() };
    tree.subkeys(id).filter_map(|k| tree.key(k).ok().map(|k| k.name.to_string())).collect()
}

/// Whether a key exists.
#[must_use]
pub fn exists(path: &str) -> bool {
    registry().tree.lock().open(None, path).is_ok()
}

/// Deletes a key with everything below it; true when it was there.
pub fn delete_tree(path: &str) -> bool {
    let time = now();
    let mut tree = registry().tree.lock();
    match tree.open(None, path) {
        Ok(id) => tree.delete_tree(id, time).is_ok(),
        Err(_) => false,
    }
}

/// Deletes a value; true when it was there.
pub fn delete_value(path: &str, name: &str) -> bool {
    let time = now();
    let mut tree = registry().tree.lock();
    match tree.open(None, path) {
        Ok(id) => tree.delete_value(id, name, time).is_ok(),
        Err(_) => false,
    }
}
