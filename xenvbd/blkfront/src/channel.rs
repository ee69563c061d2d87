//! One ring and what belongs to it: event channel, indirect pages, pages for copied data, their grants.

use alloc::vec::Vec;

use xenbus::{
    io::blkif::{MAX_SEGMENTS, RequestSlot, SEGMENTS_PER_INDIRECT_PAGE, WireResponse},
    ring::FrontRing,
    seam::{
        Access, EventChannels, EventError, GrantError, GrantTable, Host, NoMemory, PageAllocator, PageOf,
        SharedPage, StillMapped,
    },
    types::{Domid, GrantRef, PAGE_SIZE, Port},
};

use crate::negotiate::Plan;

pub(crate) type Ring<P> = FrontRing<P, { size_of::<RequestSlot>() }, { size_of::<WireResponse>() }>;

/// Why a channel could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// No pages.
    Memory,
    /// No grants.
    Grants(GrantError),
    /// No event channel.
    Event(EventError),
}

/// Pages that stay granted for as long as the channel is open.
pub(crate) struct Granted<P> {
    page: Option<P>,
    grants: Vec<GrantRef>,
    /// Numbers of the units not in use; a unit is one page or several.
    free: Vec<u16>,
}

impl<P: SharedPage> Granted<P> {
    fn open<H: Host<Pages: PageAllocator<Page = P>>>(
        host: &H,
        peer: Domid,
        pages: usize,
        units: usize,
        access: Access,
    ) -> Result<Self, OpenError> {
        if pages == 0 {
            return Ok(Self { page: None, grants: Vec::new(), free: Vec::new() });
        }
        let page = host.pages().alloc_pages(pages).map_err(|NoMemory| OpenError::Memory)?;
        let mut this = Self {
            page: Some(page),
            grants: Vec::with_capacity(pages),
            free: (0..units as u16).rev().collect(),
        };
        for index in 0..pages {
            let Some(page) = &this.page else { break };
            match host.grants().grant_access(peer, page.gfn(index), access) {
                Ok(grant) => this.grants.push(grant),
                Err(error) => {
                    // Nobody was told of these grants; if the peer guessed one, the pages are lost.
                    drop(Remains::of(this).retry(host));
                    return Err(OpenError::Grants(error));
                }
            }
        }
        Ok(this)
    }

    pub(crate) fn take(&mut self) -> Option<u16> {
        self.free.pop()
    }

    pub(crate) fn put(&mut self, unit: u16) {
        self.free.push(unit);
    }

    pub(crate) fn gref(&self, index: usize) -> u32 {
        self.grants[index].raw()
    }

    pub(crate) fn memory(&self) -> Option<&P> {
        self.page.as_ref()
    }
}

/// A ring, connected or about to be.
pub struct Channel<H: Host> {
    pub(crate) ring: Ring<PageOf<H>>,
    ring_grants: Vec<GrantRef>,
    port: Option<Port>,
    pub(crate) indirect: Granted<PageOf<H>>,
    pub(crate) bounce: Granted<PageOf<H>>,
    pub(crate) peer: Domid,
    pub(crate) handle: u16,
    pub(crate) plan: Plan,
    /// Most segments in an indirect request; 0 when they are not used.
    pub(crate) indirect_limit: usize,
}

impl<H: Host> Channel<H> {
    /// Makes a ring with all that belongs to it and grants it to `peer`. `handle` is the number of the
    /// virtual device; events come to `vcpu` where the hypervisor allows. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left behind.
    pub fn open(host: &H, plan: &Plan, peer: Domid, handle: u16, vcpu: u32) -> Result<Self, OpenError> {
        let ring = Granted::open(host, peer, 1 << plan.ring_order, 0, Access::ReadWrite)?;
        let pages = plan.bounce_pages as usize;
        let bounce = match Granted::open(host, peer, pages, pages, Access::ReadWrite) {
            Ok(bounce) => bounce,
            Err(error) => {
                drop(Remains::of(ring).retry(host));
                return Err(error);
            }
        };
        let port = match host.events().alloc_unbound(peer, vcpu) {
            Ok(port) => port,
            Err(error) => {
                for part in [ring, bounce] {
                    drop(Remains::of(part).retry(host));
                }
                return Err(OpenError::Event(error));
            }
        };
        let Granted { page: Some(page), grants: ring_grants, .. } = ring else {
            return Err(OpenError::Memory);
        };
        Ok(Self {
            ring: FrontRing::create(page),
            ring_grants,
            port: Some(port),
            indirect: Granted { page: None, grants: Vec::new(), free: Vec::new() },
            bounce,
            peer,
            handle,
            plan: *plan,
            indirect_limit: 0,
        })
    }

    /// The back-end offers indirect requests with `offered` segments. They are used where they hold more
    /// than direct ones; without memory for their pages the channel does without. `PASSIVE_LEVEL`.
    pub fn enable_indirect(&mut self, host: &H, offered: u32) {
        let limit = offered.min(self.plan.indirect) as usize;
        if limit <= MAX_SEGMENTS || self.indirect_limit != 0 {
            return;
        }
        let sets = self.plan.indirect_requests.min(self.ring.slots()) as usize;
        let pages = sets * limit.div_ceil(SEGMENTS_PER_INDIRECT_PAGE);
        // A back-end that keeps grants mapped maps all of them for writing (blkback), these too.
        let access = if self.plan.bounce { Access::ReadWrite } else { Access::ReadOnly };
        if let Ok(granted) = Granted::open(host, self.peer, pages, sets, access) {
            self.indirect = granted;
            self.indirect_limit = limit;
        }
    }

    /// Grants of the ring's pages, for the store.
    pub fn ring_refs(&self) -> impl Iterator<Item = u32> {
        self.ring_grants.iter().map(GrantRef::raw)
    }

    /// Grants that last as long as the channel.
    pub fn grants(&self) -> usize {
        self.ring_grants.len() + self.indirect.grants.len() + self.bounce.grants.len()
    }

    /// Whether the domain of this channel is no more.
    pub fn is_void(&self, host: &H) -> bool {
        self.ring_grants.iter().any(|grant| host.grants().is_void(grant))
    }

    /// The event channel.
    pub fn port(&self) -> Option<&Port> {
        self.port.as_ref()
    }

    /// Sets pages for copied data aside, for good: the first [`crate::emergency::PAGES`] of them. `None`
    /// where there are fewer. The pages' grants, for [`crate::emergency::EmergencyRing`].
    pub fn emergency_units(&mut self) -> Option<[u32; crate::emergency::PAGES]> {
        const COUNT: usize = crate::emergency::PAGES;
        // One page at least stays for normal use.
        if self.bounce.grants.len() <= COUNT || self.bounce.free.len() != self.bounce.grants.len() {
            return None;
        }
        self.bounce.free.retain(|unit| usize::from(*unit) >= COUNT);
        Some(core::array::from_fn(|page| self.bounce.gref(page)))
    }

    /// The ring's memory, and that of the pages for copied data.
    pub fn memory(&self) -> (&PageOf<H>, Option<&PageOf<H>>) {
        (self.ring.page(), self.bounce.memory())
    }

    /// The number of the device in requests.
    pub const fn handle(&self) -> u16 {
        self.handle
    }

    /// Pages per indirect request.
    pub(crate) fn indirect_pages(&self) -> usize {
        self.indirect_limit.div_ceil(SEGMENTS_PER_INDIRECT_PAGE)
    }

    /// Closes the event channel and ends the grants. What the back-end still maps stays behind in the
    /// [`Remains`], to be tried again. `PASSIVE_LEVEL`.
    pub fn close(mut self, host: &H) -> Remains<PageOf<H>> {
        if let Some(port) = self.port.take() {
            host.events().close(port);
        }
        let Self { ring, ring_grants, indirect, bounce, .. } = self;
        let ring = Granted { page: Some(ring.into_page()), grants: ring_grants, free: Vec::new() };
        Remains { parts: [ring, indirect, bounce].into_iter().collect() }.retry(host)
    }
}

/// Memory of a closed channel. While the back-end maps some of it that memory is kept; dropped then,
/// it is leaked on purpose.
#[must_use = "dropped, what is left is leaked"]
pub struct Remains<P: SharedPage> {
    parts: Vec<Granted<P>>,
}

impl<P: SharedPage> Remains<P> {
    fn of(part: Granted<P>) -> Self {
        Self { parts: [part].into_iter().collect() }
    }

    /// Tries to end the grants that are left, and frees what can be freed.
    pub fn retry<H: Host<Pages: PageAllocator<Page = P>>>(mut self, host: &H) -> Self {
        for part in &mut self.parts {
            part.grants = core::mem::take(&mut part.grants)
                .into_iter()
                .filter_map(|grant| match host.grants().end_access(grant) {
                    Ok(()) => None,
                    Err(StillMapped(grant)) => Some(grant),
                })
                .collect();
        }
        self.parts.retain(|part| !part.grants.is_empty());
        self
    }

    /// True when nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Grants that are left.
    #[must_use]
    pub fn grants(&self) -> usize {
        self.parts.iter().map(|part| part.grants.len()).sum()
    }
}

impl<P: SharedPage> Drop for Remains<P> {
    fn drop(&mut self) {
        for part in &mut self.parts {
            if let Some(page) = part.page.take()
                && !part.grants.is_empty()
            {
                page.leak();
            }
        }
    }
}

/// Zeroes `length` bytes (a multiple of 4).
pub(crate) fn zero<P: SharedPage>(page: &P, offset: usize, length: usize) {
    const ZEROES: [u8; 512] = [0; 512];
    let mut done = 0;
    while done < length {
        let step = (length - done).min(ZEROES.len());
        page.copy_in(offset + done, &ZEROES[..step]);
        done += step;
    }
}

/// Offset of page `index` in a run of pages.
pub(crate) const fn page_offset(index: usize) -> usize {
    index * PAGE_SIZE
}
