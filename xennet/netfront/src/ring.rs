//! A one-page ring with its grant.

use xenbus::{
    ring::FrontRing,
    seam::{Access, EventError, GrantError, GrantTable, NoMemory, PageAllocator, SharedPage, StillMapped},
    types::{Domid, GrantRef},
};

use crate::host::{Host, PageOf};

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

    /// Ends the grant and frees the page, or leaks both when the back-end still maps it: it was asked
    /// to let go and did not, so nothing would ever tell that it has.
    pub fn close(self, host: &H) {
        if let Err(StillMapped(_)) = host.grants().end_access(self.grant) {
            core::mem::forget(self.ring);
        }
    }

    /// Frees the page without ending the grant, which belongs to a domain that is no more.
    pub fn forget(self) {
        drop(self.ring);
    }
}
