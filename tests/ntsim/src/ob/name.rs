//! The object name space: full paths, compared without case, symbolic links resolved.

use crate::abi::*;
use crate::kernel::Kernel;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// Names and what they name.
#[derive(Default)]
pub struct Space {
    names: BTreeMap<String, Node>,
}

enum Node {
    Object(usize),
    Link(String),
}

fn key(path: &str) -> String {
    let mut key = path.to_uppercase();
    // \??\ and \DosDevices\ are one directory.
    if let Some(rest) = key.strip_prefix("\\DOSDEVICES\\") {
        key = alloc::format!("\\??\\{rest}");
    }
    key
}

impl Space {
    /// Names an object. The space holds no reference.
    pub fn insert(&mut self, path: &str, body: *mut u8) -> Result<(), NTSTATUS> {
        if !path.starts_with('\\') || path.len() < 2 {
            return Err(STATUS_OBJECT_NAME_INVALID);
        }
        let key = key(path);
        if self.names.contains_key(&key) {
            return Err(STATUS_OBJECT_NAME_COLLISION);
        }
        self.names.insert(key, Node::Object(body as usize));
        Ok(())
    }

    /// Makes a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), NTSTATUS> {
        let key = key(path);
        if self.names.contains_key(&key) {
            return Err(STATUS_OBJECT_NAME_COLLISION);
        }
        self.names.insert(key, Node::Link(target.to_string()));
        Ok(())
    }

    /// Removes a symbolic link.
    pub fn unlink(&mut self, path: &str) -> Result<(), NTSTATUS> {
        match self.names.get(&key(path)) {
            Some(Node::Link(_)) => {
                self.names.remove(&key(path));
                Ok(())
            }
            Some(_) => Err(STATUS_OBJECT_TYPE_MISMATCH),
            None => Err(STATUS_OBJECT_NAME_NOT_FOUND),
        }
    }

    /// Target of a symbolic link.
    pub fn target(&self, path: &str) -> Option<&str> {
        match self.names.get(&key(path)) {
            Some(Node::Link(target)) => Some(target),
            _ => None,
        }
    }

    /// Finds an object and the rest of the path behind it (a file name within a device).
    pub fn find(&self, path: &str) -> Option<(*mut u8, String)> {
        let mut path = key(path);
        for _ in 0..16 {
            // The longest prefix that names something.
            let mut end = path.len();
            let node = loop {
                if let Some(node) = self.names.get(&path[..end]) {
                    break node;
                }
                end = path[..end].rfind('\\').filter(|e| *e > 0)?;
            };
            match node {
                Node::Object(body) => return Some((*body as *mut u8, path[end..].to_string())),
                Node::Link(target) => path = alloc::format!("{}{}", key(target), &path[end..]),
            }
        }
        None
    }

    /// All names, sorted (for reports and tests).
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|s| s.as_str())
    }
}

/// Names an object and records it in its header.
pub unsafe fn name(k: &Kernel, body: *mut u8, path: &str) -> Result<(), NTSTATUS> {
    k.ob.names.lock().insert(path, body)?;
    *super::header(body).name.lock() = Some(path.to_string());
    Ok(())
}

/// Takes an object's name away.
pub unsafe fn forget(k: &Kernel, body: *mut u8) {
    if let Some(path) = super::header(body).name.lock().take() {
        k.ob.names.lock().names.remove(&key(&path));
    }
}
