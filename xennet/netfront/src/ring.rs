//! A one-page ring with its grant.

use alloc::vec::Vec;

use xenbus::{
    ring::FrontRing,
    seam::{
        Access, EventError, GrantError, GrantTable, Host, NoMemory, PageAllocator, PageOf, SharedPage,
        StillMapped,
    },
    types::{Domid, GrantRef},
};

/// Why a ring could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// No pages.
    Memory,
    /// No grants.
    Grants(GrantError),
    /// No event channel.
    Event(EventError),
}

impl From<NoMemory> for OpenError {
    fn from(_: NoMemory) -> Self {
        Self::Memory
    }
}

impl From<GrantError> for OpenError {
    fn from(error: GrantError) -> Self {
        Self::Grants(error)
    }
}

/// A ring that the back-end may map.
pub(crate) struct GrantedRing<H: Host, const REQ: usize, const RSP: usize> {
    pub ring: FrontRing<PageOf<H>, REQ, RSP>,
    grant: GrantRef,
}

impl<H: Host, const REQ: usize, const RSP: usize> GrantedRing<H, REQ, RSP> {
    pub fn open(host: &H, peer: Domid) -> Result<Self, OpenError> {
        let page = host.pages().alloc_pages(1)?;
        let ring = FrontRing::create(page);
        let grant = host.grants().grant_access(peer, ring.page().gfn(0), Access::ReadWrite)?;
        Ok(Self { ring, grant })
    }

    /// The number for the store.
    pub fn gref(&self) -> u32 {
        self.grant.raw()
    }

    /// Ends the grant and frees the page; while the back-end still maps it, both remain.
    pub fn close(self, host: &H, remains: &mut Remains<PageOf<H>>) {
        remains.end(host, self.ring.into_page(), self.grant);
    }
}

/// Pages of closed connections that the back-end still maps. They are kept with their grants, to be
/// tried again; what is left in the end is leaked, on purpose.
pub(crate) struct Remains<P: SharedPage>(Vec<(P, GrantRef)>);

impl<P: SharedPage> Remains<P> {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Ends the grant of a page and frees the page, now or later.
    pub fn end<H: Host>(&mut self, host: &H, page: P, grant: GrantRef) {
        if let Err(StillMapped(grant)) = host.grants().end_access(grant) {
            if self.0.try_reserve(1).is_ok() {
                self.0.push((page, grant));
            } else {
                page.leak();
            }
        }
    }

    /// Tries again.
    pub fn retry<H: Host>(&mut self, host: &H) {
        for index in (0..self.0.len()).rev() {
            let (page, grant) = self.0.swap_remove(index);
            if let Err(StillMapped(grant)) = host.grants().end_access(grant) {
                self.0.push((page, grant));
            }
        }
    }
}

impl<P: SharedPage> Drop for Remains<P> {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(page, _)| page.leak());
    }
}
