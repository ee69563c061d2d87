//! A SYSTEM hive that is not in use: a mounted disk in a recovery environment, or on another machine.

use std::path::Path;

use nt_hive::{Hive, KeyNode, NtHiveError};

use crate::registry::{Registry, Value, decode};

/// The file's content.
pub struct OfflineHive {
    bytes: Vec<u8>,
    control_set: String,
    /// The file was not closed cleanly: its logs hold changes that are not seen here.
    pub dirty: bool,
}

impl OfflineHive {
    /// Reads a hive file.
    ///
    /// # Errors
    /// One sentence: why it cannot be read, or that it is no SYSTEM hive.
    pub fn open(path: &Path) -> Result<Self, String> {
        let bytes =
            std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Self::from_bytes(bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Takes a hive file's content.
    ///
    /// # Errors
    /// As [`OfflineHive::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        let dirty = match Hive::new(bytes.as_slice()) {
            Ok(_) => false,
            Err(NtHiveError::SequenceNumberMismatch { .. }) => true,
            Err(error) => return Err(format!("this is no registry hive: {error}")),
        };
        let mut hive = Self { bytes, control_set: String::new(), dirty };
        let current =
            hive.dword(r"SYSTEM\Select", "Current").ok_or("this is no SYSTEM hive: Select is missing")?;
        hive.control_set = format!("ControlSet{current:03}");
        Ok(hive)
    }

    fn with<T>(&self, key: &str, look: impl FnOnce(KeyNode<'_, &[u8]>) -> Option<T>) -> Option<T> {
        let path = key.strip_prefix(r"SYSTEM\")?;
        let path = match path.strip_prefix("CurrentControlSet") {
            Some(rest) => format!("{}{rest}", self.control_set),
            None => path.to_owned(),
        };
        let hive = Hive::without_validation(self.bytes.as_slice()).ok()?;
        let root = hive.root_key_node().ok()?;
        look(root.subpath(&path)?.ok()?)
    }
}

impl Registry for OfflineHive {
    fn value(&self, key: &str, name: &str) -> Option<Value> {
        self.with(key, |node| {
            let value = node.value(name)?.ok()?;
            let kind = value.data_type().ok()? as u32;
            Some(decode(kind, &value.data().ok()?.into_vec().ok()?))
        })
    }

    fn value_names(&self, key: &str) -> Vec<String> {
        self.with(key, |node| {
            let values = node.values()?.ok()?;
            Some(values.filter_map(|value| Some(value.ok()?.name().ok()?.to_string_lossy())).collect())
        })
        .unwrap_or_default()
    }

    fn subkeys(&self, key: &str) -> Vec<String> {
        self.with(key, |node| {
            let keys = node.subkeys()?.ok()?;
            Some(keys.filter_map(|key| Some(key.ok()?.name().ok()?.to_string_lossy())).collect())
        })
        .unwrap_or_default()
    }

    fn has_key(&self, key: &str) -> bool {
        self.with(key, |_| Some(())).is_some()
    }
}
