//! The SYSTEM hive (and the few keys of others that matter).

use std::{collections::BTreeMap, sync::Arc};

use xenpv_setup::registry::{Registry, Value};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    path: String,
    values: BTreeMap<String, (String, Value)>,
    volatile: bool,
}

/// Keys by lower-case path. Copies are cheap: there is one for every change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hive {
    keys: BTreeMap<Arc<str>, Arc<Key>>,
}

impl Hive {
    /// Makes a key and those above it.
    pub fn create(&mut self, path: &str, volatile: bool) {
        for (at, _) in path.match_indices('\\').chain([(path.len(), "")]) {
            let part = &path[..at];
            self.keys.entry(part.to_ascii_lowercase().into()).or_insert_with(|| {
                let values = BTreeMap::new();
                Arc::new(Key { path: part.to_owned(), values, volatile: volatile && at == path.len() })
            });
        }
    }

    /// Sets a value, making its key.
    pub fn set(&mut self, path: &str, name: &str, value: Value) {
        self.create(path, false);
        if let Some(key) = self.keys.get_mut(path.to_ascii_lowercase().as_str()) {
            Arc::make_mut(key).values.insert(name.to_ascii_lowercase(), (name.to_owned(), value));
        }
    }

    /// Sets a number.
    pub fn set_dword(&mut self, path: &str, name: &str, value: u32) {
        self.set(path, name, Value::Dword(value));
    }

    /// Sets a text.
    pub fn set_text(&mut self, path: &str, name: &str, value: &str) {
        self.set(path, name, Value::Sz(value.to_owned()));
    }

    /// Deletes a value.
    pub fn unset(&mut self, path: &str, name: &str) {
        if let Some(key) = self.keys.get_mut(path.to_ascii_lowercase().as_str()) {
            Arc::make_mut(key).values.remove(&name.to_ascii_lowercase());
        }
    }

    /// Deletes a key with what is below it.
    pub fn delete(&mut self, path: &str) {
        let path = path.to_ascii_lowercase();
        let below = format!("{path}\\");
        self.keys.retain(|key, _| **key != *path && !key.starts_with(&below));
    }

    /// What the next boot finds.
    pub fn drop_volatile(&mut self) {
        self.keys.retain(|_, key| !key.volatile);
    }

    /// All keys with their values, for writing a hive file.
    pub fn walk(&self) -> impl Iterator<Item = (&str, Vec<(&str, &Value)>)> {
        self.keys.values().map(|key| {
            (key.path.as_str(), key.values.values().map(|(name, value)| (name.as_str(), value)).collect())
        })
    }
}

impl Registry for Hive {
    fn value(&self, key: &str, name: &str) -> Option<Value> {
        let (_, value) =
            self.keys.get(key.to_ascii_lowercase().as_str())?.values.get(&name.to_ascii_lowercase())?;
        Some(value.clone())
    }

    fn value_names(&self, key: &str) -> Vec<String> {
        let key = self.keys.get(key.to_ascii_lowercase().as_str());
        key.map(|key| key.values.values().map(|(name, _)| name.clone()).collect()).unwrap_or_default()
    }

    fn subkeys(&self, key: &str) -> Vec<String> {
        let below = format!("{}\\", key.to_ascii_lowercase());
        self.keys
            .range::<str, _>((std::ops::Bound::Included(below.as_str()), std::ops::Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(&below))
            .filter(|(path, _)| !path[below.len()..].contains('\\'))
            .map(|(_, key)| key.path[below.len()..].to_owned())
            .collect()
    }

    fn has_key(&self, key: &str) -> bool {
        self.keys.contains_key(key.to_ascii_lowercase().as_str())
    }
}
