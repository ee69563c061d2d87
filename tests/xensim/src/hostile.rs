//! Memory that changes between two reads: the double fetch (XSA-155).

use crate::{abi::ring::BackRing, back::block::Queue, mem::Page, world::World};

/// A rewrite that happens once the guest has read a word.
#[derive(Clone, Debug)]
pub struct Armed {
    page: Page,
    at: usize,
    bytes: Vec<u8>,
    /// Reads of any of its words that still see the old content.
    reads_left: u32,
}

impl World {
    /// Arms a rewrite of `bytes` at an offset, after so many word reads in that range.
    pub fn arm(&mut self, page: Page, at: usize, bytes: Vec<u8>, after_reads: u32) {
        self.mem.watch(page);
        self.armed.push(Armed { page, at, bytes, reads_left: after_reads });
    }

    /// Forgets all rewrites that have not happened.
    pub fn disarm(&mut self) {
        for rewrite in std::mem::take(&mut self.armed) {
            self.mem.unwatch(rewrite.page);
        }
    }

    /// The guest has read a word: rewrites whose time has come happen now.
    pub fn touched(&mut self, page: Page, at: usize) {
        let mut armed = std::mem::take(&mut self.armed);
        armed.retain_mut(|rewrite| {
            let inside = rewrite.page == page && at >= rewrite.at && at < rewrite.at + rewrite.bytes.len();
            if !inside {
                return true;
            }
            rewrite.reads_left = rewrite.reads_left.saturating_sub(1);
            if rewrite.reads_left > 0 {
                return true;
            }
            rewrite.page.write(rewrite.at, &rewrite.bytes);
            self.rewrites += 1;
            self.mem.unwatch(rewrite.page);
            false
        });
        self.armed.append(&mut armed);
    }

    /// Arms a rewrite of a ring slot (which does not cross a page for the slots used here, or is cut).
    pub fn arm_slot(&mut self, ring: &BackRing, index: u32, bytes: &[u8], after_reads: u32) {
        if let Some((page, at)) = ring.place(index) {
            let run = bytes.len().min(crate::mem::PAGE - at);
            self.arm(page, at, bytes[..run].into(), after_reads);
        }
    }
}

impl Queue {
    /// Lets the response that is about to be written change after the guest has read some of it.
    pub(crate) fn rewrite_later(&mut self, world: &mut World, response: &[u8]) {
        let mut other = response.to_vec();
        for byte in &mut other {
            *byte ^= world.rng.next_u64() as u8;
        }
        let reads = 1 + world.rng.below(6) as u32;
        world.arm_slot(&self.ring, self.ring.rsp_prod_pvt, &other, reads);
    }
}
