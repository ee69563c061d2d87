//! Memory of requests: data buffers (locked-down pages with a virtual address and a list of physical segments), and the
//! lookaside list that it comes from.

use crate::engine::Prot;
use crate::kernel::kernel;
use crate::kernel::lock::Lock;
use crate::mm::PAGE;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use nt::sys::*;

/// Runs of pages that are kept before the oldest is used again: whoever touches one too late has time to be noticed.
const KEPT: usize = 16;

/// Runs of pages that are not in use, by their length: as a port driver keeps what it needs for each request.
#[derive(Default)]
struct Lookaside(Lock<BTreeMap<usize, VecDeque<usize>>>);

/// Takes a run of pages. None: no memory.
pub fn take(pages: usize) -> Option<usize> {
    let kept = {
        let mut lists = kernel().room::<Lookaside>().0.lock();
        lists.get_mut(&pages).filter(|list| list.len() > KEPT).and_then(VecDeque::pop_front)
    };
    kept.or_else(|| kernel().mm.allocate_mapped(pages, Prot::ReadWrite))
}

/// Gives one back. No peer may be able to reach it any more.
pub fn give(base: usize, pages: usize) {
    let k = kernel();
    if let Some(pfn) = k.engine.translate(base) {
        k.mm.check_released(pfn, pages as u64);
    }
    k.room::<Lookaside>().0.lock().entry(pages).or_default().push_back(base);
}

/// A locked-down buffer.
pub struct Buffer {
    base: usize,
    pages: usize,
    offset: usize,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` bytes that starts `offset` bytes into a page. None: no memory.
    pub fn new(len: usize, offset: usize) -> Option<Self> {
        let pages = (offset + len).div_ceil(PAGE).max(1);
        let base = take(pages)?;
        if kernel().config.checked {
            // What a driver leaves untouched must not look right by chance.
            unsafe { core::ptr::write_bytes(base as *mut u8, 0xB5, pages * PAGE) };
        }
        Some(Self { base, pages, offset, len })
    }

    /// Its first byte.
    pub fn va(&self) -> usize {
        self.base + self.offset
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Has it no bytes?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies bytes in.
    pub fn fill(&self, data: &[u8]) {
        let len = data.len().min(self.len);
        unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), self.va() as *mut u8, len) };
    }

    /// Copies bytes out.
    pub fn read(&self, to: &mut [u8]) {
        let len = to.len().min(self.len);
        unsafe { core::ptr::copy_nonoverlapping(self.va() as *const u8, to.as_mut_ptr(), len) };
    }

    /// Are the bytes around the buffer in its pages untouched?
    pub fn surroundings_intact(&self) -> bool {
        if !kernel().config.checked {
            return true;
        }
        let all = unsafe { core::slice::from_raw_parts(self.base as *const u8, self.pages * PAGE) };
        all[..self.offset].iter().chain(&all[self.offset + self.len..]).all(|b| *b == 0xB5)
    }

    /// Physical segments of `len` bytes from the start; neighbours that adjoin are merged, as Storport does.
    pub fn segments(&self, len: usize) -> Vec<(u64, u32)> {
        let mut list: Vec<(u64, u32)> = Vec::new();
        let mut at = self.va();
        let end = self.va() + len.min(self.len);
        while at < end {
            let part = (PAGE - at % PAGE).min(end - at);
            let physical = kernel().mm.physical(at).unwrap_or(0);
            match list.last_mut() {
                Some((start, length)) if *start + u64::from(*length) == physical => *length += part as u32,
                _ => list.push((physical, part as u32)),
            }
            at += part;
        }
        list
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give(self.base, self.pages);
    }
}

/// A STOR_SCATTER_GATHER_LIST in memory.
pub struct List {
    words: Vec<u64>,
}

impl List {
    /// Makes the list.
    pub fn new(segments: &[(u64, u32)]) -> Self {
        let head = size_of::<STOR_SCATTER_GATHER_LIST>() / 8;
        let each = size_of::<STOR_SCATTER_GATHER_ELEMENT>() / 8;
        let mut list = Self { words: alloc::vec![0; head + each * segments.len()] };
        unsafe {
            (*list.as_ptr()).NumberOfElements = segments.len() as u32;
            let first = list.words.as_mut_ptr().add(head).cast::<STOR_SCATTER_GATHER_ELEMENT>();
            for (index, (physical, length)) in segments.iter().enumerate() {
                let element = &mut *first.add(index);
                element.PhysicalAddress.QuadPart = *physical as i64;
                element.Length = *length;
            }
        }
        list
    }

    /// As miniports take it.
    pub fn as_ptr(&mut self) -> *mut STOR_SCATTER_GATHER_LIST {
        self.words.as_mut_ptr().cast()
    }
}
