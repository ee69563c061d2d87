//! Memory that the target and the fuzzer both hold.

use std::sync::Arc;

use xenbus::{page::HeapPages, seam::SharedPage, types::Gfn};

/// A page that both sides hold.
#[derive(Clone)]
pub struct Page(Arc<HeapPages>);

impl Page {
    pub fn new(frame: u64) -> Self {
        Self(Arc::new(HeapPages::new(Gfn(frame), 1)))
    }
}

impl SharedPage for Page {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn gfn(&self, index: usize) -> Gfn {
        self.0.gfn(index)
    }
    fn load(&self, offset: usize) -> u32 {
        self.0.load(offset)
    }
    fn store(&self, offset: usize, value: u32) {
        self.0.store(offset, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.0.load_acquire(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.0.store_release(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        self.0.copy_out(offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        self.0.copy_in(offset, from);
    }
}
