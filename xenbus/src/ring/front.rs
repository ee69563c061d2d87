//! The front-end's half.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{Full, HEADER, Indexes, Violation, at, passed, slot_size, slots, write_slot};
use crate::{
    seam::SharedPage,
    sync::{Ordering, fence},
};

/// The front-end's half of a ring whose requests have `REQ` bytes and whose responses have `RSP`.
///
/// Has no lock: the queue it belongs to has one. Never allocates. Any IRQL at which the page may be
/// touched.
#[derive(Debug)]
pub struct FrontRing<P, const REQ: usize, const RSP: usize> {
    page: P,
    slots: u32,
    /// Requests written, published or not.
    req_prod_pvt: u32,
    /// Requests published: our own copy of the shared index, which the peer could overwrite.
    req_prod: u32,
    /// Responses taken.
    rsp_cons: u32,
    /// Responses known to be there: the last validated copy of the peer's index.
    rsp_prod: u32,
    broken: Option<Violation>,
}

impl<P: SharedPage, const REQ: usize, const RSP: usize> FrontRing<P, REQ, RSP> {
    const SLOT: usize = slot_size(REQ, RSP);

    /// Makes an empty ring on `page`, which is overwritten with zeroes: nothing that was there
    /// before reaches the peer.
    ///
    /// # Panics
    /// When the page has no room for a slot: a bug of the caller.
    pub fn create(page: P) -> Self {
        Self::create_at(page, 0)
    }

    /// As [`FrontRing::create`], with indexes as if `index` messages had gone through already (the
    /// peer must attach there too): tests start short of the wrap-around of the 32-bit indexes.
    ///
    /// # Panics
    /// As [`FrontRing::create`].
    pub fn create_at(page: P, index: u32) -> Self {
        let slots = slots(page.len(), Self::SLOT);
        assert!(slots > 0, "a ring has at least one slot");
        for offset in (0..page.len()).step_by(4) {
            page.store(offset, 0);
        }
        page.store(at::REQ_PROD, index);
        page.store(at::RSP_PROD, index);
        page.store(at::REQ_EVENT, index.wrapping_add(1));
        page.store(at::RSP_EVENT, index.wrapping_add(1));
        fence(Ordering::Release);
        Self {
            page,
            slots,
            req_prod_pvt: index,
            req_prod: index,
            rsp_cons: index,
            rsp_prod: index,
            broken: None,
        }
    }

    /// The memory of the ring.
    pub const fn page(&self) -> &P {
        &self.page
    }

    /// Gives the memory back.
    pub fn into_page(self) -> P {
        self.page
    }

    /// Number of slots, a power of two.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Free slots: how many [`FrontRing::push`]es succeed.
    pub const fn free(&self) -> u32 {
        self.slots - self.outstanding()
    }

    /// Slots in use: pushed, and their response not taken yet.
    pub const fn outstanding(&self) -> u32 {
        self.req_prod_pvt.wrapping_sub(self.rsp_cons)
    }

    /// Requests pushed but not published.
    pub const fn unpublished(&self) -> u32 {
        self.req_prod_pvt.wrapping_sub(self.req_prod)
    }

    /// Writes a message into the next slot and returns the slot's number (`0..slots`), the rest of
    /// the slot being zeroed. The peer sees it after [`FrontRing::publish`]. `T` is any wire struct
    /// of at most `REQ` bytes: protocols mix several (an indirect request, an extra info).
    ///
    /// # Errors
    /// [`Full`].
    pub fn push<T: IntoBytes + Immutable>(&mut self, request: &T) -> Result<u32, Full> {
        const { assert!(size_of::<T>() <= REQ && size_of::<T>().is_multiple_of(4)) };
        if self.free() == 0 {
            return Err(Full);
        }
        let slot = self.req_prod_pvt & (self.slots - 1);
        write_slot(&self.page, Self::offset(slot), Self::SLOT, request.as_bytes());
        self.req_prod_pvt = self.req_prod_pvt.wrapping_add(1);
        Ok(slot)
    }

    /// Takes back the last `count` requests that were pushed and not published (an unfinished chain).
    ///
    /// # Panics
    /// When more are taken back than are unpublished: a bug of the caller.
    pub fn unpush(&mut self, count: u32) {
        assert!(count <= self.unpublished(), "a published request cannot be taken back");
        self.req_prod_pvt = self.req_prod_pvt.wrapping_sub(count);
    }

    /// Publishes what was pushed. True when the peer asked to be notified
    /// (`RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`).
    #[must_use = "the peer sleeps until it is notified"]
    pub fn publish(&mut self) -> bool {
        let (old, new) = (self.req_prod, self.req_prod_pvt);
        if old == new {
            return false;
        }
        // Release: the slots are there before the index says so.
        self.page.store_release(at::REQ_PROD, new);
        self.req_prod = new;
        // The index is visible before we look whether the peer wants an event; pairs with the fence
        // between the peer's writing of req_event and its final check.
        fence(Ordering::SeqCst);
        passed(self.page.load(at::REQ_EVENT), old, new)
    }

    /// Number of responses that can be taken now. Looks at the shared index once.
    ///
    /// # Errors
    /// [`Violation`] when the peer claims more responses than there are published requests.
    pub fn ready(&mut self) -> Result<u32, Violation> {
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        // Acquire: the slots are read after the index.
        let producer = self.page.load_acquire(at::RSP_PROD);
        let ahead = producer.wrapping_sub(self.rsp_cons);
        let known = self.rsp_prod.wrapping_sub(self.rsp_cons);
        let allowed = self.req_prod.wrapping_sub(self.rsp_cons);
        // It may neither outrun our requests nor go back behind what it said before.
        if ahead > allowed || ahead < known {
            let violation = Violation { producer, consumer: self.rsp_cons, allowed };
            self.broken = Some(violation);
            return Err(violation);
        }
        self.rsp_prod = producer;
        Ok(ahead)
    }

    /// Takes the next response, if there is one: a copy, made once. The shared index is only looked
    /// at when the responses known before are used up, so a batch costs one look.
    ///
    /// # Errors
    /// [`Violation`], from then on always.
    pub fn pop(&mut self) -> Result<Option<[u8; RSP]>, Violation> {
        if self.rsp_cons == self.rsp_prod && self.ready()? == 0 {
            return Ok(None);
        }
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        let mut response = [0; RSP];
        self.page.copy_out(Self::offset(self.next_response()), &mut response);
        self.rsp_cons = self.rsp_cons.wrapping_add(1);
        Ok(Some(response))
    }

    /// [`FrontRing::pop`] as a wire struct of exactly `RSP` bytes.
    ///
    /// # Errors
    /// As [`FrontRing::pop`].
    pub fn pop_as<T: FromBytes>(&mut self) -> Result<Option<T>, Violation> {
        const { assert!(size_of::<T>() == RSP) };
        Ok(self.pop()?.and_then(|bytes| T::read_from_bytes(&bytes).ok()))
    }

    /// The slot that the next response is in.
    pub const fn next_response(&self) -> u32 {
        self.rsp_cons & (self.slots - 1)
    }

    /// Asks for an event with the next response, then looks once more: true when one came meanwhile
    /// (`RING_FINAL_CHECK_FOR_RESPONSES`). Call it when [`FrontRing::pop`] has found nothing, and go
    /// on popping when it says true; else the next response wakes us.
    ///
    /// # Errors
    /// As [`FrontRing::ready`].
    pub fn final_check(&mut self) -> Result<bool, Violation> {
        self.final_check_after(1)
    }

    /// As [`FrontRing::final_check`], but asks for the event with the `count`-th response from now
    /// on (1 is the next): moderation. The answer is true when at least `count` are there.
    ///
    /// # Errors
    /// As [`FrontRing::ready`].
    pub fn final_check_after(&mut self, count: u32) -> Result<bool, Violation> {
        let count = count.max(1);
        if self.ready()? >= count {
            return Ok(true);
        }
        self.page.store(at::RSP_EVENT, self.rsp_cons.wrapping_add(count));
        // Our wish is visible before we look again; pairs with the fence in the peer's publish.
        fence(Ordering::SeqCst);
        Ok(self.ready()? >= count)
    }

    /// The violation that broke the ring, if any.
    pub const fn broken(&self) -> Option<Violation> {
        self.broken
    }

    /// The indexes, for the debug dump.
    pub fn indexes(&self) -> Indexes {
        Indexes {
            slots: self.slots,
            producer_private: self.req_prod_pvt,
            consumer_private: self.rsp_cons,
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
