//! Pages of our own that packets are copied to: granted once, for as long as the connection lasts.

use alloc::vec::Vec;

use xenbus::{
    seam::{Access, GrantTable, Host, PageAllocator, PageOf, SharedPage},
    types::{Domid, GrantRef, PAGE_SIZE},
};

use crate::{
    host::Payload,
    ring::{OpenError, Remains},
};

/// Bytes on the stack while copying.
const CHUNK: usize = 512;

/// The pages, by number.
pub(crate) struct Pool<H: Host> {
    pages: Vec<(PageOf<H>, GrantRef)>,
    free: Vec<u16>,
}

impl<H: Host> Pool<H> {
    pub fn open(host: &H, peer: Domid, count: usize, remains: &mut Remains<H>) -> Result<Self, OpenError> {
        let mut pool = Self { pages: Vec::new(), free: Vec::new() };
        if pool.pages.try_reserve_exact(count).is_err() || pool.free.try_reserve_exact(count).is_err() {
            return Err(OpenError::Memory);
        }
        for number in 0..count {
            match Self::page(host, peer) {
                Ok(entry) => pool.pages.push(entry),
                Err(error) => {
                    pool.close(host, remains);
                    return Err(error);
                }
            }
            pool.free.push((count - 1 - number) as u16);
        }
        Ok(pool)
    }

    fn page(host: &H, peer: Domid) -> Result<(PageOf<H>, GrantRef), OpenError> {
        let page = host.pages().alloc_pages(1)?;
        let grant = host.grants().grant_access(peer, page.gfn(0), Access::ReadOnly)?;
        Ok((page, grant))
    }

    pub fn available(&self) -> usize {
        self.free.len()
    }

    pub fn take(&mut self) -> Option<u16> {
        self.free.pop()
    }

    pub fn put(&mut self, number: u16) {
        self.free.push(number);
    }

    pub fn gref(&self, number: u16) -> u32 {
        self.pages[usize::from(number)].1.raw()
    }

    /// Copies `len` bytes of the payload from `at` on to the start of the page, and zeroes up to
    /// `padded` bytes. Neither is more than a page.
    pub fn fill(&self, number: u16, payload: &mut impl Payload, at: usize, len: usize, padded: usize) {
        let page = &self.pages[usize::from(number)].0;
        let end = padded.max(len).min(PAGE_SIZE);
        let mut done = 0;
        while done < end {
            let mut chunk = [0; CHUNK];
            let step = (end - done).min(CHUNK);
            let bytes = step.min(len.saturating_sub(done));
            payload.copy(at + done, &mut chunk[..bytes]);
            page.copy_in(done, &chunk[..step.next_multiple_of(4)]);
            done += step;
        }
    }

    /// Ends all grants and frees the pages; those that the back-end still maps remain.
    pub fn close(self, host: &H, remains: &mut Remains<H>) {
        for (page, grant) in self.pages {
            drop(remains.end(host.grants(), grant, page));
        }
    }
}
