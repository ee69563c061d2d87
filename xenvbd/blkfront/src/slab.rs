//! The small tables that the queues are made of.

use alloc::vec::Vec;

/// A table of fixed size whose entries are found by number.
#[derive(Debug)]
pub(crate) struct Slab<E> {
    entries: Vec<Option<E>>,
    free: Vec<u32>,
}

impl<E> Slab<E> {
    /// `None` without memory.
    pub(crate) fn new(capacity: usize) -> Option<Self> {
        let (mut entries, mut free) = (Vec::new(), Vec::new());
        entries.try_reserve_exact(capacity).ok()?;
        free.try_reserve_exact(capacity).ok()?;
        entries.resize_with(capacity, || None);
        // Popped from the end: small numbers first.
        free.extend((0..capacity as u32).rev());
        Some(Self { entries, free })
    }

    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// The entry back when the table is full.
    pub(crate) fn insert(&mut self, entry: E) -> Result<u32, E> {
        match self.free.pop() {
            Some(index) => {
                self.entries[index as usize] = Some(entry);
                Ok(index)
            }
            None => Err(entry),
        }
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<E> {
        let entry = self.entries.get_mut(index as usize)?.take();
        if entry.is_some() {
            self.free.push(index);
        }
        entry
    }

    pub(crate) fn get(&self, index: u32) -> Option<&E> {
        self.entries.get(index as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut E> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> + use<E> {
        0..self.entries.len() as u32
    }
}
