//! The two byte rings of the xenstore page.
//!
//! Each side of a ring writes its own index only; ours are kept privately, so that the store cannot
//! make us forget where we are. The shared words are read once per operation and checked.

use crate::{
    io::xs_wire::{
        CONNECTION, ERROR, REQ_CONS, REQ_OFFSET, REQ_PROD, RING_SIZE, RSP_CONS, RSP_OFFSET, RSP_PROD,
        SERVER_FEATURES, connection, server_feature,
    },
    seam::SharedPage,
    xs::Violation,
};

/// The xenstore page from the guest's side.
pub struct StoreRing<P> {
    page: P,
    req_prod: u32,
    rsp_cons: u32,
    features: u32,
}

/// Copies of at most this many bytes, since [`SharedPage`] moves whole words.
const CHUNK: usize = 64;

impl<P: SharedPage> StoreRing<P> {
    /// Takes over a page. Replies that a former user left (firmware, a crashed kernel) are dropped.
    pub fn new(page: P) -> Self {
        let mut ring = Self { page, req_prod: 0, rsp_cons: 0, features: 0 };
        ring.reload();
        ring
    }

    /// Starts again from what the page says: after a resume in a new domain, or after a reconnection.
    pub fn reload(&mut self) {
        self.req_prod = self.page.load_acquire(REQ_PROD);
        self.rsp_cons = self.page.load_acquire(RSP_PROD);
        self.page.store_release(RSP_CONS, self.rsp_cons);
        self.features = self.page.load(SERVER_FEATURES);
    }

    /// The page.
    pub const fn page(&self) -> &P {
        &self.page
    }

    /// True when the store has taken all that was written.
    pub fn all_sent(&self) -> bool {
        self.page.load_acquire(REQ_CONS) == self.req_prod
    }

    /// Writes as much of `bytes` as there is room for; returns how much. Notify when it is not 0.
    ///
    /// # Errors
    /// [`Violation::Index`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        let cons = self.page.load_acquire(REQ_CONS);
        let used = self.req_prod.wrapping_sub(cons);
        if used > RING_SIZE {
            return Err(Violation::Index { prod: self.req_prod, cons });
        }
        let count = bytes.len().min((RING_SIZE - used) as usize);
        for &byte in &bytes[..count] {
            self.put(self.req_prod, byte);
            self.req_prod = self.req_prod.wrapping_add(1);
        }
        if count != 0 {
            self.page.store_release(REQ_PROD, self.req_prod);
        }
        Ok(count)
    }

    /// Puts one byte. The word around it is ours alone to write, so read-modify-write loses nothing.
    fn put(&self, index: u32, byte: u8) {
        let at = REQ_OFFSET + (index % RING_SIZE) as usize;
        let shift = (at % 4) * 8;
        let word = self.page.load(at & !3) & !(0xFF << shift);
        self.page.store(at & !3, word | u32::from(byte) << shift);
    }

    /// Reads as many bytes as there are and fit; returns how many. Notify when it is not 0.
    ///
    /// # Errors
    /// [`Violation::Index`].
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize, Violation> {
        let prod = self.page.load_acquire(RSP_PROD);
        let waiting = prod.wrapping_sub(self.rsp_cons);
        if waiting > RING_SIZE {
            return Err(Violation::Index { prod, cons: self.rsp_cons });
        }
        let count = to.len().min(waiting as usize);
        let mut done = 0;
        while done < count {
            let at = (self.rsp_cons % RING_SIZE) as usize;
            let (word, skip) = (at & !3, at % 4);
            let mut chunk = [0; CHUNK];
            let span = CHUNK.min(RING_SIZE as usize - word);
            self.page.copy_out(RSP_OFFSET + word, &mut chunk[..span]);
            let step = (span - skip).min(count - done);
            to[done..done + step].copy_from_slice(&chunk[skip..skip + step]);
            done += step;
            self.rsp_cons = self.rsp_cons.wrapping_add(step as u32);
        }
        if count != 0 {
            self.page.store_release(RSP_CONS, self.rsp_cons);
        }
        Ok(count)
    }

    /// The store's own complaint, where it can make one.
    pub fn reported_error(&self) -> Option<u32> {
        if self.features & server_feature::ERROR == 0 {
            return None;
        }
        Some(self.page.load(ERROR)).filter(|&error| error != 0)
    }

    /// True when the store can reset the connection on request.
    pub const fn can_reconnect(&self) -> bool {
        self.features & server_feature::RECONNECTION != 0
    }

    /// Asks the store to drop requests, replies, watches and transactions and to reset the ring.
    /// Notify afterwards, then wait (bounded) for [`StoreRing::is_connected`] and call
    /// [`StoreRing::reload`]. Returns false, and does nothing, where the store cannot.
    pub fn request_reconnect(&mut self) -> bool {
        if !self.can_reconnect() {
            return false;
        }
        self.page.store_release(CONNECTION, connection::RECONNECT);
        true
    }

    /// False while a reconnection is under way.
    pub fn is_connected(&self) -> bool {
        self.page.load_acquire(CONNECTION) == connection::CONNECTED
    }
}
