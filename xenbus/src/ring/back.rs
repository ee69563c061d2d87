//! The back-end's half: for the simulated back-ends, and for tests of the front half.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{Full, HEADER, Indexes, Violation, at, passed, slot_size, slots, write_slot};
use crate::{
    seam::SharedPage,
    sync::{Ordering, fence},
};

/// The back-end's half of a ring whose requests have `REQ` bytes and whose responses have `RSP`. It
/// does not trust the front-end any more than that trusts it.
#[derive(Debug)]
pub struct BackRing<P, const REQ: usize, const RSP: usize> {
    page: P,
    slots: u32,
    /// Requests taken.
    req_cons: u32,
    /// Requests known to be there.
    req_prod: u32,
    /// Responses written, published or not.
    rsp_prod_pvt: u32,
    /// Responses published.
    rsp_prod: u32,
    broken: Option<Violation>,
}

impl<P: SharedPage, const REQ: usize, const RSP: usize> BackRing<P, REQ, RSP> {
    const SLOT: usize = slot_size(REQ, RSP);

    /// Attaches to a ring that the front-end just made.
    ///
    /// # Panics
    /// When the page has no room for a slot: a bug of the caller.
    pub fn attach(page: P) -> Self {
        Self::attach_at(page, 0)
    }

    /// Attaches to a ring whose messages before `index` are all answered.
    ///
    /// # Panics
    /// As [`BackRing::attach`].
    pub fn attach_at(page: P, index: u32) -> Self {
        let slots = slots(page.len(), Self::SLOT);
        assert!(slots > 0, "a ring has at least one slot");
        Self {
            page,
            slots,
            req_cons: index,
            req_prod: index,
            rsp_prod_pvt: index,
            rsp_prod: index,
            broken: None,
        }
    }

    /// The memory of the ring.
    pub const fn page(&self) -> &P {
        &self.page
    }

    /// Number of slots, a power of two.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Requests taken and not answered yet.
    pub const fn unanswered(&self) -> u32 {
        self.req_cons.wrapping_sub(self.rsp_prod_pvt)
    }

    /// Number of requests that can be taken now.
    ///
    /// # Errors
    /// [`Violation`] when the front-end claims more requests than the ring has slots.
    pub fn ready(&mut self) -> Result<u32, Violation> {
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        let producer = self.page.load_acquire(at::REQ_PROD);
        let ahead = producer.wrapping_sub(self.req_cons);
        let known = self.req_prod.wrapping_sub(self.req_cons);
        let allowed = self.slots - self.unanswered();
        if ahead > allowed || ahead < known {
            let violation = Violation { producer, consumer: self.req_cons, allowed };
            self.broken = Some(violation);
            return Err(violation);
        }
        self.req_prod = producer;
        Ok(ahead)
    }

    /// Takes the next request, if there is one: a copy, made once.
    ///
    /// # Errors
    /// [`Violation`], from then on always.
    pub fn pop(&mut self) -> Result<Option<[u8; REQ]>, Violation> {
        if self.req_cons == self.req_prod && self.ready()? == 0 {
            return Ok(None);
        }
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        let mut request = [0; REQ];
        self.page.copy_out(Self::offset(self.req_cons & (self.slots - 1)), &mut request);
        self.req_cons = self.req_cons.wrapping_add(1);
        Ok(Some(request))
    }

    /// [`BackRing::pop`] as a wire struct of exactly `REQ` bytes.
    ///
    /// # Errors
    /// As [`BackRing::pop`].
    pub fn pop_as<T: FromBytes>(&mut self) -> Result<Option<T>, Violation> {
        const { assert!(size_of::<T>() == REQ) };
        Ok(self.pop()?.and_then(|bytes| T::read_from_bytes(&bytes).ok()))
    }

    /// Asks for an event with the next request, then looks once more: true when one came meanwhile
    /// (`RING_FINAL_CHECK_FOR_REQUESTS`).
    ///
    /// # Errors
    /// As [`BackRing::ready`].
    pub fn final_check(&mut self) -> Result<bool, Violation> {
        if self.ready()? > 0 {
            return Ok(true);
        }
        self.page.store(at::REQ_EVENT, self.req_cons.wrapping_add(1));
        fence(Ordering::SeqCst);
        Ok(self.ready()? > 0)
    }

    /// Writes a response into the next slot.
    ///
    /// # Errors
    /// [`Full`] when every request taken has its response.
    pub fn push<T: IntoBytes + Immutable>(&mut self, response: &T) -> Result<(), Full> {
        const { assert!(size_of::<T>() <= RSP && size_of::<T>().is_multiple_of(4)) };
        if self.unanswered() == 0 {
            return Err(Full);
        }
        let slot = self.rsp_prod_pvt & (self.slots - 1);
        write_slot(&self.page, Self::offset(slot), RSP, response.as_bytes());
        self.rsp_prod_pvt = self.rsp_prod_pvt.wrapping_add(1);
        Ok(())
    }

    /// Publishes the responses. True when the front-end asked to be notified.
    #[must_use = "the front-end sleeps until it is notified"]
    pub fn publish(&mut self) -> bool {
        let (old, new) = (self.rsp_prod, self.rsp_prod_pvt);
        if old == new {
            return false;
        }
        self.page.store_release(at::RSP_PROD, new);
        self.rsp_prod = new;
        fence(Ordering::SeqCst);
        passed(self.page.load(at::RSP_EVENT), old, new)
    }

    /// The indexes, for the debug dump.
    pub fn indexes(&self) -> Indexes {
        Indexes {
            slots: self.slots,
            producer_private: self.rsp_prod_pvt,
            consumer_private: self.req_cons,
            req_prod: self.page.load(at::REQ_PROD),
            req_event: self.page.load(at::REQ_EVENT),
            rsp_prod: self.page.load(at::RSP_PROD),
            rsp_event: self.page.load(at::RSP_EVENT),
            broken: self.broken.is_some(),
        }
    }

    const fn offset(slot: u32) -> usize {
        HEADER + slot as usize * Self::SLOT
    }
}
