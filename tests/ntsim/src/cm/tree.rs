//! The registry's content: keys, values, what of it is on disk.
//!
//! Every change applies at once in memory. What has reached the disk is another matter: each hive keeps
//! an undo list of the changes since its last flush, and a power cut takes back a tail of it (a hive is
//! written through a log, so it comes back as it was at one moment, never mixed). While the boot volume
//! is not up ([`Writes::Boot`]) a flush succeeds and writes nothing, as Windows does before the session
//! manager initialises the registry; [`Writes::Failing`] models a disk that refuses.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

/// Number of a key; stays valid after the key's deletion (as a handle does).
pub type KeyId = u32;

/// Why a registry operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmError {
    /// No such key or value.
    NotFound,
    /// A path component before the last is missing.
    PathNotFound,
    /// The key was deleted while open.
    Deleted,
    /// The key has subkeys and cannot be deleted.
    HasSubkeys,
    /// A stable key cannot be made below a volatile one.
    ChildMustBeVolatile,
    /// Empty or too long name, or a backslash in a value position.
    InvalidName,
    /// No more entries for this index.
    NoMore,
    /// The hive cannot be written.
    Io,
}

/// Where flushes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writes {
    /// The boot volume is not up: a flush succeeds but nothing becomes durable.
    #[default]
    Boot,
    /// Flushes reach the disk.
    Disk,
    /// Flushes fail.
    Failing,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Name; empty for the default value.
    pub name: String,
    /// REG_ type.
    pub kind: u32,
    /// Data as stored.
    pub data: Vec<u8>,
}

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Name as created.
    pub name: String,
    /// Parent; `None` for the root.
    pub parent: Option<KeyId>,
    /// Class string.
    pub class: String,
    /// Made with REG_OPTION_VOLATILE, or below such a key.
    pub volatile: bool,
    /// Deleted; open handles still name it.
    pub deleted: bool,
    /// Hive that it belongs to.
    pub hive: usize,
    /// Time of the last change, 100 ns since 1601.
    pub written: i64,
    /// Values in the order of their creation.
    pub values: Vec<Value>,
    children: BTreeMap<String, KeyId>,
    link: Option<KeyId>,
}

enum Undo {
    Created(KeyId),
    Deleted(KeyId),
    Value { key: KeyId, name: String, before: Option<Value> },
}

/// A hive: a subtree with a file.
pub struct Hive {
    /// Path of its root.
    pub path: String,
    undo: Vec<Undo>,
}

/// The registry.
pub struct Tree {
    keys: Vec<Key>,
    hives: Vec<Hive>,
    /// Where flushes go now.
    pub writes: Writes,
    /// Flushes that were asked for, and those that reached the disk.
    pub flushes: (u64, u64),
}

/// Case folding of names: the simple upper-case mapping, one character to one.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(u), None) => u,
                _ => c,
            }
        })
        .collect()
}

const ROOT: KeyId = 0;

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// A registry with the hives of an installed system, empty but for the fixed keys.
    #[must_use]
    pub fn new() -> Tree {
        let mut tree = Tree { keys: Vec::new(), hives: Vec::new(), writes: Writes::Disk, flushes: (0, 0) };
        tree.hives.push(Hive { path: "\\REGISTRY".into(), undo: Vec::new() });
        tree.keys.push(blank("REGISTRY", None, 0, true));
        for (path, volatile) in [
            ("\\Registry\\Machine", true),
            ("\\Registry\\User", true),
            ("\\Registry\\Machine\\SYSTEM", false),
            ("\\Registry\\Machine\\SOFTWARE", false),
            ("\\Registry\\Machine\\HARDWARE", true),
        ] {
            let (parent, name) = path.rsplit_once('\\').unwrap_or(("", path));
            let parent = tree.open(None, parent).unwrap_or(ROOT);
            let hive = if volatile {
                0
            } else {
                tree.hives.push(Hive { path: path.into(), undo: Vec::new() });
                tree.hives.len() - 1
            };
            tree.attach(parent, blank(name, Some(parent), hive, volatile));
        }
        let (control, _) = tree.make("\\Registry\\Machine\\SYSTEM\\ControlSet001");
        let (system, _) = tree.make("\\Registry\\Machine\\SYSTEM");
        let hive = tree.keys[system as usize].hive;
        let mut link = blank("CurrentControlSet", Some(system), hive, true);
        link.link = Some(control);
        tree.attach(system, link);
        for path in [
            "Control\\Class",
            "Control\\SafeBoot",
            "Control\\ServiceGroupOrder",
            "Control\\GroupOrderList",
            "Control\\Session Manager",
            "Control\\DeviceClasses",
            "Control\\StorPort",
            "Enum",
            "Services",
            "Hardware Profiles",
        ] {
            tree.make(&alloc::format!("\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\{path}"));
        }
        tree.hives.iter_mut().for_each(|h| h.undo.clear());
        tree
    }

    fn attach(&mut self, parent: KeyId, key: Key) -> KeyId {
        let id = self.keys.len() as KeyId;
        self.keys[parent as usize].children.insert(fold(&key.name), id);
        self.keys.push(key);
        id
    }

    /// A key, unless it was deleted.
    ///
    /// # Errors
    /// [`CmError::Deleted`], [`CmError::NotFound`].
    pub fn key(&self, id: KeyId) -> Result<&Key, CmError> {
        match self.keys.get(id as usize) {
            None => Err(CmError::NotFound),
            Some(key) if key.deleted => Err(CmError::Deleted),
            Some(key) => Ok(key),
        }
    }

    fn follow(&self, id: KeyId) -> KeyId {
        self.keys[id as usize].link.unwrap_or(id)
    }

    /// Opens a key: relative to `from`, or an absolute path that begins with `\Registry`.
    ///
    /// # Errors
    /// [`CmError::NotFound`] for the last component, [`CmError::PathNotFound`] for an earlier one.
    pub fn open(&self, from: Option<KeyId>, path: &str) -> Result<KeyId, CmError> {
        let (mut at, rest) = self.base(from, path)?;
        let mut parts = rest.split('\\').filter(|p| !p.is_empty()).peekable();
        while let Some(part) = parts.next() {
            let missing = if parts.peek().is_some() { CmError::PathNotFound } else { CmError::NotFound };
            at = *self.keys[at as usize].children.get(&fold(part)).ok_or(missing)?;
            at = self.follow(at);
        }
        Ok(at)
    }

    fn base<'p>(&self, from: Option<KeyId>, path: &'p str) -> Result<(KeyId, &'p str), CmError> {
        if let Some(from) = from {
            self.key(from)?;
            // A path relative to a handle must not be rooted.
            return if path.starts_with('\\') { Err(CmError::InvalidName) } else { Ok((from, path)) };
        }
        let rest = path.strip_prefix('\\').ok_or(CmError::InvalidName)?;
        let (first, rest) = rest.split_once('\\').unwrap_or((rest, ""));
        if fold(first) != "REGISTRY" {
            return Err(CmError::NotFound);
        }
        Ok((ROOT, rest))
    }

    /// Opens or creates the last component of a path; true when it was created.
    ///
    /// # Errors
    /// As [`Tree::open`] for the components before; [`CmError::ChildMustBeVolatile`].
    pub fn create(
        &mut self,
        from: Option<KeyId>,
        path: &str,
        volatile: bool,
        class: &str,
        now: i64,
    ) -> Result<(KeyId, bool), CmError> {
        match self.open(from, path) {
            Ok(id) => return Ok((id, false)),
            Err(CmError::NotFound) => {}
            Err(other) => return Err(other),
        }
        let (base, rest) = self.base(from, path)?;
        let rest = rest.trim_end_matches('\\');
        let (parent, name) = match rest.rsplit_once('\\') {
            Some((before, name)) => (self.open(Some(base), before)?, name),
            None => (base, rest),
        };
        if name.is_empty() || name.encode_utf16().count() > 255 {
            return Err(CmError::InvalidName);
        }
        let above = self.key(parent)?;
        if above.volatile && !volatile {
            return Err(CmError::ChildMustBeVolatile);
        }
        let hive = above.hive;
        let mut key = blank(name, Some(parent), hive, volatile);
        key.class = class.into();
        key.written = now;
        let id = self.attach(parent, key);
        self.keys[parent as usize].written = now;
        if !volatile {
            self.hives[hive].undo.push(Undo::Created(id));
        }
        Ok((id, true))
    }

    /// Creates a path with all its components (for the system's own use); volatile below volatile keys.
    pub fn make(&mut self, path: &str) -> (KeyId, bool) {
        let mut at = ROOT;
        let mut created = false;
        for part in path.split('\\').filter(|p| !p.is_empty()).skip(1) {
            let volatile = self.keys[at as usize].volatile && !self.is_hive_root(at);
            match self.create(Some(at), part, volatile, "", 0) {
                Ok((id, new)) => (at, created) = (id, new),
                // Not reachable with valid parts; an invalid part leaves the path where it was.
                Err(_) => return (at, false),
            }
        }
        (at, created)
    }

    fn is_hive_root(&self, id: KeyId) -> bool {
        let key = &self.keys[id as usize];
        key.parent.is_some_and(|p| self.keys[p as usize].hive != key.hive)
    }

    /// Deletes a key without subkeys.
    ///
    /// # Errors
    /// [`CmError::HasSubkeys`], [`CmError::Deleted`].
    pub fn delete(&mut self, id: KeyId, now: i64) -> Result<(), CmError> {
        let key = self.key(id)?;
        let Some(parent) = key.parent else { return Err(CmError::HasSubkeys) };
        if !key.children.is_empty() || self.is_hive_root(id) {
            return Err(CmError::HasSubkeys);
        }
        let (hive, volatile, name) = (key.hive, key.volatile, fold(&key.name));
        self.keys[id as usize].deleted = true;
        self.keys[parent as usize].children.remove(&name);
        self.keys[parent as usize].written = now;
        if !volatile {
            self.hives[hive].undo.push(Undo::Deleted(id));
        }
        Ok(())
    }

    /// Deletes a key with everything below it.
    ///
    /// # Errors
    /// As [`Tree::delete`].
    pub fn delete_tree(&mut self, id: KeyId, now: i64) -> Result<(), CmError> {
        let children: Vec<KeyId> = self.key(id)?.children.values().copied().collect();
        for child in children {
            self.delete_tree(child, now)?;
        }
        self.delete(id, now)
    }

    /// Subkey `index` in the order of names.
    ///
    /// # Errors
    /// [`CmError::NoMore`], [`CmError::Deleted`].
    pub fn subkey(&self, id: KeyId, index: usize) -> Result<KeyId, CmError> {
        self.key(id)?.children.values().nth(index).copied().ok_or(CmError::NoMore)
    }

    /// Subkeys in the order of names.
    pub fn subkeys(&self, id: KeyId) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.get(id as usize).into_iter().flat_map(|k| k.children.values().copied())
    }

    /// A value.
    ///
    /// # Errors
    /// [`CmError::NotFound`], [`CmError::Deleted`].
    pub fn value(&self, id: KeyId, name: &str) -> Result<&Value, CmError> {
        let wanted = fold(name);
        self.key(id)?.values.iter().find(|v| fold(&v.name) == wanted).ok_or(CmError::NotFound)
    }

    /// Sets a value.
    ///
    /// # Errors
    /// [`CmError::InvalidName`], [`CmError::Deleted`].
    pub fn set(&mut self, id: KeyId, name: &str, kind: u32, data: &[u8], now: i64) -> Result<(), CmError> {
        self.key(id)?;
        if name.encode_utf16().count() > 16_383 {
            return Err(CmError::InvalidName);
        }
        let wanted = fold(name);
        let key = &mut self.keys[id as usize];
        key.written = now;
        let before = match key.values.iter_mut().find(|v| fold(&v.name) == wanted) {
            Some(value) => {
                let before = value.clone();
                value.kind = kind;
                value.data = data.to_vec();
                Some(before)
            }
            None => {
                key.values.push(Value { name: name.into(), kind, data: data.to_vec() });
                None
            }
        };
        if !key.volatile {
            let hive = key.hive;
            self.hives[hive].undo.push(Undo::Value { key: id, name: name.into(), before });
        }
        Ok(())
    }

    /// Deletes a value.
    ///
    /// # Errors
    /// [`CmError::NotFound`], [`CmError::Deleted`].
    pub fn delete_value(&mut self, id: KeyId, name: &str, now: i64) -> Result<(), CmError> {
        self.key(id)?;
        let wanted = fold(name);
        let key = &mut self.keys[id as usize];
        let at = key.values.iter().position(|v| fold(&v.name) == wanted).ok_or(CmError::NotFound)?;
        let before = key.values.remove(at);
        key.written = now;
        if !key.volatile {
            let hive = key.hive;
            self.hives[hive].undo.push(Undo::Value { key: id, name: name.into(), before: Some(before) });
        }
        Ok(())
    }

    /// Full path of a key.
    #[must_use]
    pub fn path(&self, id: KeyId) -> String {
        let Some(key) = self.keys.get(id as usize) else { return String::new() };
        match key.parent {
            Some(parent) => alloc::format!("{}\\{}", self.path(parent), key.name),
            None => alloc::format!("\\{}", key.name),
        }
    }

    /// Flushes the hive of a key (ZwFlushKey).
    ///
    /// # Errors
    /// [`CmError::Io`] while writes fail.
    pub fn flush(&mut self, id: KeyId) -> Result<(), CmError> {
        let hive = self.key(id)?.hive;
        self.flushes.0 += 1;
        match self.writes {
            Writes::Boot => Ok(()),
            Writes::Failing => Err(CmError::Io),
            Writes::Disk => {
                self.flushes.1 += 1;
                self.hives[hive].undo.clear();
                Ok(())
            }
        }
    }

    /// Number of changes that are not durable, per hive.
    #[must_use]
    pub fn pending(&self) -> Vec<(String, usize)> {
        self.hives.iter().skip(1).map(|h| (h.path.clone(), h.undo.len())).collect()
    }

    /// The machine loses power: `keep(path, n)` says how many of a hive's `n` pending changes had been
    /// written lazily (only asked where writing was possible); the rest is undone. Volatile keys vanish.
    pub fn power_cut(&mut self, mut keep: impl FnMut(&str, usize) -> usize) {
        for at in 0..self.hives.len() {
            let pending = self.hives[at].undo.len();
            let kept = match self.writes {
                Writes::Disk => keep(&self.hives[at].path, pending).min(pending),
                Writes::Boot | Writes::Failing => 0,
            };
            let lost = self.hives[at].undo.split_off(kept);
            for undo in lost.into_iter().rev() {
                self.undo(undo);
            }
            self.hives[at].undo.clear();
        }
        self.drop_volatile();
        self.writes = Writes::Boot;
    }

    /// A clean shutdown or restart: everything is written, volatile keys vanish.
    pub fn restart(&mut self) {
        if self.writes == Writes::Disk {
            self.hives.iter_mut().for_each(|h| h.undo.clear());
            self.drop_volatile();
            self.writes = Writes::Boot;
        } else {
            self.power_cut(|_, _| 0);
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Created(id) => {
                let (parent, name) = (self.keys[id as usize].parent, fold(&self.keys[id as usize].name));
                self.keys[id as usize].deleted = true;
                if let Some(parent) = parent {
                    self.keys[parent as usize].children.remove(&name);
                }
            }
            Undo::Deleted(id) => {
                let (parent, name) = (self.keys[id as usize].parent, fold(&self.keys[id as usize].name));
                self.keys[id as usize].deleted = false;
                if let Some(parent) = parent {
                    self.keys[parent as usize].children.insert(name, id);
                }
            }
            Undo::Value { key, name, before } => {
                let wanted = fold(&name);
                let values = &mut self.keys[key as usize].values;
                let at = values.iter().position(|v| fold(&v.name) == wanted);
                match (at, before) {
                    (Some(at), Some(before)) => values[at] = before,
                    (None, Some(before)) => values.push(before),
                    (Some(at), None) => {
                        values.remove(at);
                    }
                    (None, None) => {}
                }
            }
        }
    }

    /// Volatile keys below the stable hives, and all of HARDWARE, vanish. The fixed roots stay.
    fn drop_volatile(&mut self) {
        for id in 0..self.keys.len() {
            let key = &self.keys[id];
            let Some(parent) = key.parent else { continue };
            let fixed = key.link.is_some()
                || self.is_hive_root(id as KeyId)
                || (key.hive == 0 && self.depth(id as KeyId) <= 2);
            if key.deleted || !key.volatile || fixed {
                continue;
            }
            let name = fold(&key.name);
            self.keys[id].deleted = true;
            self.keys[parent as usize].children.remove(&name);
        }
    }

    fn depth(&self, id: KeyId) -> usize {
        self.keys[id as usize].parent.map_or(0, |p| 1 + self.depth(p))
    }

    /// A subtree as text: one line per key and value, for tests and crash reports.
    #[must_use]
    pub fn dump(&self, id: KeyId) -> String {
        let mut out = String::new();
        self.dump_into(id, 0, &mut out);
        out
    }

    fn dump_into(&self, id: KeyId, depth: usize, out: &mut String) {
        let Ok(key) = self.key(id) else { return };
        let pad = "  ".repeat(depth);
        out.push_str(&alloc::format!("{pad}[{}]{}\n", key.name, if key.volatile { " volatile" } else { "" }));
        for value in &key.values {
            out.push_str(&alloc::format!("{pad}  {}={}\n", value.name, value.show()));
        }
        for child in key.children.values() {
            self.dump_into(*child, depth + 1, out);
        }
    }
}

fn blank(name: &str, parent: Option<KeyId>, hive: usize, volatile: bool) -> Key {
    Key {
        name: name.to_string(),
        parent,
        class: String::new(),
        volatile,
        deleted: false,
        hive,
        written: 0,
        values: Vec::new(),
        children: BTreeMap::new(),
        link: None,
    }
}

/// Text as REG_SZ data: UTF-16LE with a terminator.
#[must_use]
pub fn sz(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Strings as REG_MULTI_SZ data.
#[must_use]
pub fn multi_sz<S: AsRef<str>>(texts: &[S]) -> Vec<u8> {
    let mut out: Vec<u8> = texts.iter().flat_map(|t| sz(t.as_ref())).collect();
    out.extend([0, 0]);
    out
}

impl Value {
    /// The data as text up to the first terminator, for REG_SZ and REG_EXPAND_SZ.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        matches!(self.kind, 1 | 2).then(|| wide(&self.data).next().unwrap_or_default())
    }

    /// The data as a number, for REG_DWORD of four bytes.
    #[must_use]
    pub fn dword(&self) -> Option<u32> {
        let word: [u8; 4] = self.data.as_slice().try_into().ok()?;
        (self.kind == 4).then(|| u32::from_le_bytes(word))
    }

    /// The strings of a REG_MULTI_SZ.
    #[must_use]
    pub fn texts(&self) -> Option<Vec<String>> {
        (self.kind == 7).then(|| wide(&self.data).take_while(|t| !t.is_empty()).collect())
    }

    fn show(&self) -> String {
        if let Some(text) = self.text() {
            return alloc::format!("\"{text}\"");
        }
        if let Some(number) = self.dword() {
            return alloc::format!("{number:#x}");
        }
        if let Some(texts) = self.texts() {
            return alloc::format!("{texts:?}");
        }
        alloc::format!("type {} {:02x?}", self.kind, self.data)
    }
}

/// The zero-terminated strings in UTF-16LE data.
fn wide(data: &[u8]) -> impl Iterator<Item = String> + '_ {
    let units: Vec<u16> = data.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    let count = units.split(|u| *u == 0).count();
    (0..count).map(move |n| String::from_utf16_lossy(units.split(|u| *u == 0).nth(n).unwrap_or_default()))
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
