//! Writes the model's registry as a SYSTEM hive file ("regf" 1.5), for what reads hives of systems that do
//! not run.

use std::collections::BTreeMap;

use xenpv_setup::registry::{Value, encode};

use crate::hive::Hive;

/// No cell.
const NONE: u32 = u32::MAX;

#[derive(Default)]
struct Node {
    children: BTreeMap<String, (String, Node)>,
    values: Vec<(String, Value)>,
}

/// The file's content. Volatile keys are not in it.
#[must_use]
pub fn write(hive: &Hive) -> Vec<u8> {
    let mut hive = hive.clone();
    hive.drop_volatile();
    let mut root = Node::default();
    for (path, values) in hive.walk() {
        let Some(path) = path.strip_prefix(r"SYSTEM\") else { continue };
        let path = match path.strip_prefix("CurrentControlSet") {
            Some(rest) => format!("ControlSet001{rest}"),
            None => path.to_owned(),
        };
        let mut node = &mut root;
        for part in path.split('\\') {
            let entry = node.children.entry(part.to_ascii_uppercase());
            node = &mut entry.or_insert_with(|| (part.to_owned(), Node::default())).1;
        }
        node.values = values.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    }
    let mut bin = Bin { bytes: vec![0; 32] };
    let root = bin.key("ROOT", &root, NONE, true);
    bin.finish(root)
}

/// One bin with all cells; offsets count from its beginning.
struct Bin {
    bytes: Vec<u8>,
}

impl Bin {
    /// Appends a cell; gives its offset.
    fn cell(&mut self, content: &[u8]) -> u32 {
        let offset = self.bytes.len() as u32;
        let size = (content.len() + 4).next_multiple_of(8);
        self.bytes.extend((-(size as i32)).to_le_bytes());
        self.bytes.extend(content);
        self.bytes.resize(offset as usize + size, 0);
        offset
    }

    fn put(&mut self, at: u32, field: usize, value: u32) {
        let at = at as usize + 4 + field;
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn key(&mut self, name: &str, node: &Node, parent: u32, root: bool) -> u32 {
        let mut nk = Vec::from(*b"nk");
        // Name in Latin-1; the root is an entry of its hive and cannot be deleted.
        nk.extend((if root { 0x2cu16 } else { 0x20 }).to_le_bytes());
        nk.extend([0; 12]);
        nk.extend(parent.to_le_bytes());
        for field in [node.children.len() as u32, 0, NONE, NONE, node.values.len() as u32, NONE, NONE, NONE] {
            nk.extend(field.to_le_bytes());
        }
        nk.extend([0; 20]);
        nk.extend((name.len() as u16).to_le_bytes());
        nk.extend([0; 2]);
        nk.extend(name.bytes());
        let key = self.cell(&nk);
        let values: Vec<u32> = node.values.iter().map(|(name, value)| self.value(name, value)).collect();
        if !values.is_empty() {
            let list = self.cell(&values.iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<u8>>());
            self.put(key, 0x28, list);
        }
        let children: Vec<(u32, u32)> = node
            .children
            .iter()
            .map(|(upper, (name, child))| {
                let hash = upper.chars().fold(0u32, |hash, c| hash.wrapping_mul(37).wrapping_add(c as u32));
                (self.key(name, child, key, false), hash)
            })
            .collect();
        if !children.is_empty() {
            let mut list = Vec::from(*b"lh");
            list.extend((children.len() as u16).to_le_bytes());
            for (offset, hash) in children {
                list.extend(offset.to_le_bytes());
                list.extend(hash.to_le_bytes());
            }
            let list = self.cell(&list);
            self.put(key, 0x1c, list);
        }
        key
    }

    fn value(&mut self, name: &str, value: &Value) -> u32 {
        let (kind, data) = encode(value);
        let (length, place) = match data.len() {
            // Up to four bytes stand in the place of the offset.
            0..=4 => {
                let mut inline = [0; 4];
                inline[..data.len()].copy_from_slice(&data);
                (data.len() as u32 | 1 << 31, u32::from_le_bytes(inline))
            }
            length => (length as u32, self.cell(&data)),
        };
        let mut vk = Vec::from(*b"vk");
        vk.extend((name.len() as u16).to_le_bytes());
        for field in [length, place, kind] {
            vk.extend(field.to_le_bytes());
        }
        vk.extend([1, 0, 0, 0]);
        vk.extend(name.bytes());
        self.cell(&vk)
    }

    fn finish(mut self, root: u32) -> Vec<u8> {
        let used = self.bytes.len();
        let size = (used + 8).next_multiple_of(4096);
        // The rest is one free cell.
        self.bytes.extend(((size - used) as i32).to_le_bytes());
        self.bytes.resize(size, 0);
        self.bytes[..4].copy_from_slice(b"hbin");
        self.bytes[8..12].copy_from_slice(&(size as u32).to_le_bytes());
        let mut base = vec![0u8; 4096];
        base[..4].copy_from_slice(b"regf");
        for (at, field) in [(4, 1), (8, 1), (20, 1), (24, 5), (32, 1), (36, root), (40, size as u32), (44, 1)]
        {
            base[at..at + 4].copy_from_slice(&u32::to_le_bytes(field));
        }
        let sum = base[..508]
            .chunks_exact(4)
            .fold(0u32, |sum, word| sum ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        let sum = match sum {
            0 => 1,
            u32::MAX => u32::MAX - 1,
            sum => sum,
        };
        base[508..512].copy_from_slice(&sum.to_le_bytes());
        base.extend(self.bytes);
        base
    }
}
