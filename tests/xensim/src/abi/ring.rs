//! The back-end's end of a shared ring (`io/ring.h`), written independently of the front-ends' code.
//!
//! A back-end trusts the front-end as little as the other way round: more requests outstanding than
//! slots is a violation that it reports.

use crate::mem::{PAGE, Page};

/// Byte offset of the slots.
pub const HEADER: usize = 64;
const REQ_PROD: usize = 0;
const REQ_EVENT: usize = 4;
const RSP_PROD: usize = 8;
const RSP_EVENT: usize = 12;

/// The front-end moved `req_prod` further than the ring has slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// The producer index that was read.
    pub req_prod: u32,
    /// The consumer index here.
    pub req_cons: u32,
}

/// A ring over one or more mapped pages.
#[derive(Clone, Debug)]
pub struct BackRing {
    pages: Vec<Page>,
    slot: usize,
    size: u32,
    /// Next request to take.
    pub req_cons: u32,
    /// Next response to write; published by [`BackRing::publish`].
    pub rsp_prod_pvt: u32,
}

impl BackRing {
    /// A ring of slots of `slot` bytes; starts at the indexes that stand in the page (a front-end
    /// that reconnects has initialised it).
    #[must_use]
    pub fn new(pages: Vec<Page>, slot: usize) -> Self {
        let room = (pages.len() * PAGE - HEADER) / slot;
        let size = if room == 0 { 0 } else { 1u32 << room.ilog2() };
        let rsp_prod = pages[0].get32(RSP_PROD);
        Self { pages, slot, size, req_cons: rsp_prod, rsp_prod_pvt: rsp_prod }
    }

    /// Number of slots.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    fn read_raw(&self, mut at: usize, to: &mut [u8]) {
        let mut done = 0;
        while done < to.len() {
            let run = (PAGE - at % PAGE).min(to.len() - done);
            self.pages[at / PAGE].read(at % PAGE, &mut to[done..done + run]);
            at += run;
            done += run;
        }
    }

    fn write_raw(&self, mut at: usize, from: &[u8]) {
        let mut done = 0;
        while done < from.len() {
            let run = (PAGE - at % PAGE).min(from.len() - done);
            self.pages[at / PAGE].write(at % PAGE, &from[done..done + run]);
            at += run;
            done += run;
        }
    }

    const fn offset(&self, index: u32) -> usize {
        HEADER + (index & (self.size - 1)) as usize * self.slot
    }

    /// Page and offset of a slot.
    #[must_use]
    pub fn place(&self, index: u32) -> Option<(Page, usize)> {
        let at = self.offset(index);
        self.pages.get(at / PAGE).map(|page| (*page, at % PAGE))
    }

    /// The producer index of the front-end, as it stands.
    #[must_use]
    pub fn req_prod(&self) -> u32 {
        self.pages[0].get32(REQ_PROD)
    }

    /// Requests that wait.
    ///
    /// # Errors
    /// [`Overrun`] when the front-end claims more than the ring holds.
    pub fn unconsumed(&self) -> Result<u32, Overrun> {
        let req_prod = self.req_prod();
        let waiting = req_prod.wrapping_sub(self.req_cons);
        let room = self.size - self.req_cons.wrapping_sub(self.rsp_prod_pvt);
        if waiting > room { Err(Overrun { req_prod, req_cons: self.req_cons }) } else { Ok(waiting) }
    }

    /// Copies the request at `index` once.
    #[must_use]
    pub fn request(&self, index: u32) -> Vec<u8> {
        let mut copy = vec![0; self.slot];
        self.read_raw(self.offset(index), &mut copy);
        copy
    }

    /// Writes a response into the next slot. Not visible before [`BackRing::publish`].
    pub fn push(&mut self, response: &[u8]) {
        self.write_raw(self.offset(self.rsp_prod_pvt), response);
        self.rsp_prod_pvt = self.rsp_prod_pvt.wrapping_add(1);
    }

    /// Writes bytes into a response slot without moving any index (hostile use).
    pub fn scribble(&self, index: u32, bytes: &[u8]) {
        self.write_raw(self.offset(index), bytes);
    }

    /// Sets `rsp_prod` to an arbitrary value (hostile use).
    pub fn set_rsp_prod(&self, value: u32) {
        self.pages[0].set32(RSP_PROD, value);
    }

    /// Shows the responses to the front-end; true if it asked to be notified.
    #[must_use]
    pub fn publish(&mut self) -> bool {
        let old = self.pages[0].get32(RSP_PROD);
        self.pages[0].set32(RSP_PROD, self.rsp_prod_pvt);
        let event = self.pages[0].get32(RSP_EVENT);
        self.rsp_prod_pvt.wrapping_sub(event) < self.rsp_prod_pvt.wrapping_sub(old)
    }

    /// Asks for a notification with the next request; true if requests came in meanwhile.
    ///
    /// # Errors
    /// As [`BackRing::unconsumed`].
    pub fn final_check(&self) -> Result<bool, Overrun> {
        if self.unconsumed()? > 0 {
            return Ok(true);
        }
        self.pages[0].set32(REQ_EVENT, self.req_cons.wrapping_add(1));
        Ok(self.unconsumed()? > 0)
    }

    /// As [`BackRing::final_check`], but asks for the notification that makes `needed` requests.
    ///
    /// # Errors
    /// As [`BackRing::unconsumed`].
    pub fn final_check_for(&self, needed: u32) -> Result<bool, Overrun> {
        self.pages[0].set32(REQ_EVENT, self.req_cons.wrapping_add(needed));
        Ok(self.unconsumed()? >= needed)
    }

    /// Value of `rsp_event` (tests).
    #[must_use]
    pub fn rsp_event(&self) -> u32 {
        self.pages[0].get32(RSP_EVENT)
    }
}
