//! A one-page ring with its grant.

use xenbus::{
    grant::Deferred,
    ring::FrontRing,
    seam::{Access, EventError, GrantError, GrantTable, Host, NoMemory, PageAllocator, PageOf, SharedPage},
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

/// Pages of closed connections that the back-end still maps.
pub(crate) type Remains<H> = Deferred<PageOf<H>>;

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
    pub fn close(self, host: &H, remains: &mut Remains<H>) {
        drop(remains.end(host.grants(), self.grant, self.ring.into_page()));
    }
}
