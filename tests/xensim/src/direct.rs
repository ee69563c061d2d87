//! In-process mode: xenbus' seams over the simulated hypervisor, so that a front-end crate is tested
//! against the back-ends without a kernel in between.
//!
//! [`Direct`] plays the part of xenpci in the guest: it owns the guest's memory, fills the grant table,
//! allocates ports. It is written against the public headers, not with the drivers' code.
#![allow(unsafe_code)] // It owns the guest's memory, which is reached from both sides.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ptr::NonNull,
    rc::Rc,
};

use ::machine::{Backing, GuestMemory};
use xenbus::{
    seam::{
        Access, Clock, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator,
        SharedPage, StillMapped, Store, StoreError, TransactionId,
    },
    types::{Domid, Gfn, GrantRef, Port},
};

use crate::{
    abi::xen::grant as gt,
    hv::{GRANT_FRAMES, grant::ENTRIES_PER_FRAME},
    mem::{PAGE, Page},
    sim::Xen,
    store::{Error, GUEST},
    world::World,
};

/// Flat guest memory; a guest virtual address is a guest-physical one.
struct Ram {
    /// What was allocated, with a page to spare for alignment.
    start: NonNull<u8>,
    layout: Layout,
    base: NonNull<u8>,
    frames: u64,
}

impl Ram {
    fn new(pages: u64) -> Self {
        // A small alignment, so that the allocator hands out fresh zero pages without touching them.
        let size = (pages as usize + 1) * PAGE;
        let layout = Layout::from_size_align(size, 16).unwrap_or(Layout::new::<[u8; PAGE]>());
        // SAFETY: the layout is not empty (at least one page).
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| std::alloc::handle_alloc_error(layout));
        let skip = start.as_ptr().align_offset(PAGE);
        // SAFETY: less than a page is skipped, and there is one to spare.
        let base = unsafe { start.add(skip) };
        Self { start, layout, base, frames: pages }
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

impl GuestMemory for Ram {
    fn frames(&self) -> u64 {
        self.frames
    }
    fn frame(&self, gfn: u64) -> Option<*mut u8> {
        if gfn >= self.frames {
            return None;
        }
        // SAFETY: the frame lies inside the allocation.
        Some(unsafe { self.base.as_ptr().add(gfn as usize * PAGE) })
    }
    fn translate(&self, gva: u64) -> Option<u64> {
        Some(gva)
    }
    fn set_frame(&self, _gfn: u64, _host: Backing) {}
}

/// Frames that the guest's "kernel" keeps: page allocator state.
struct Pool {
    free: BTreeSet<u64>,
    /// Allocations fail once in so many (0: never), and after this many.
    fail_one_in: u64,
    fail_after: Option<u64>,
}

struct Inner {
    xen: Xen,
    ram: *mut Ram,
    shared: *mut Ram,
    pool: RefCell<Pool>,
    /// Free grant entries, and entries whose end failed because they were mapped.
    grants: RefCell<BTreeSet<u32>>,
    grant_limit: Cell<u32>,
    closed: Cell<bool>,
    /// Grants made so far (persistent-grant tests).
    granted: Cell<u64>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The simulation goes first: nothing reaches the memory any more.
        {
            let mut sim = self.xen.sim.borrow_mut();
            sim.blocks.clear();
            sim.nets.clear();
            sim.world.mem = crate::mem::Mem::new(0);
        }
        // SAFETY: both came from Box::into_raw in `Direct::new`, and the simulator has let go of them.
        drop(unsafe { Box::from_raw(self.ram) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.shared) });
    }
}

/// The seams in one object; cheap to clone.
#[derive(Clone)]
pub struct Direct {
    inner: Rc<Inner>,
}

impl Xen {
    /// Starts the domain in this process and gives the guest's side of it. Once per machine.
    ///
    /// # Panics
    /// When memory is attached already.
    #[must_use]
    pub fn direct(&self) -> Direct {
        Direct::new(self.clone())
    }
}

impl Direct {
    fn new(xen: Xen) -> Self {
        let (ram, shared) = {
            let mut sim = xen.sim.borrow_mut();
            assert!(!sim.world.mem.attached(), "one guest per machine");
            let pages = sim.config.memory_mib << 8;
            let shared_pages = u64::from(GRANT_FRAMES + sim.world.hv.gt.max_frames);
            let ram = Box::into_raw(Box::new(Ram::new(pages)));
            let shared = Box::into_raw(Box::new(Ram::new(shared_pages)));
            // SAFETY: the box lives until Inner's drop, which detaches the simulator first.
            let memory: &'static Ram = unsafe { &*ram };
            // SAFETY: as above.
            let region = unsafe { (*shared).base.as_ptr() };
            sim.world.mem.attach(memory, region);
            sim.world.hv.wide = true;
            sim.create();
            (ram, shared)
        };
        let frames = xen.sim.borrow().world.mem.frames();
        let entries = xen.sim.borrow().world.hv.gt.frames * ENTRIES_PER_FRAME;
        let inner = Inner {
            pool: RefCell::new(Pool { free: (1..frames).collect(), fail_one_in: 0, fail_after: None }),
            grants: RefCell::new((8..entries).collect()),
            grant_limit: Cell::new(u32::MAX),
            closed: Cell::new(false),
            granted: Cell::new(0),
            xen,
            ram,
            shared,
        };
        Self { inner: Rc::new(inner) }
    }

    /// The machine behind it.
    #[must_use]
    pub fn xen(&self) -> Xen {
        self.inner.xen.clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.inner.xen.sim.borrow_mut().world)
    }

    /// Whether an event waits on a port; takes it. (The upcall, as an interrupt handler finds it.)
    #[must_use]
    pub fn take_event(&self, port: u32) -> bool {
        self.with(|world| world.direct_take(port))
    }

    /// Watches a node; events come from [`Direct::take_watch`].
    ///
    /// # Errors
    /// The store's.
    pub fn watch(&self, path: &str, token: &str) -> Result<(), StoreError> {
        self.with(|world| world.store.watch(GUEST, path, token)).map_err(seam_error)
    }

    /// Ends a watch.
    ///
    /// # Errors
    /// The store's.
    pub fn unwatch(&self, path: &str, token: &str) -> Result<(), StoreError> {
        self.with(|world| world.store.unwatch(GUEST, path, token)).map_err(seam_error)
    }

    /// Next watch event: path and token.
    #[must_use]
    pub fn take_watch(&self) -> Option<(String, String)> {
        self.with(|world| world.store.take_event(GUEST)).map(|event| (event.path, event.token))
    }

    /// Page allocations fail once in `n` times (0: never).
    pub fn fail_allocations(&self, one_in: u64) {
        self.inner.pool.borrow_mut().fail_one_in = one_in;
    }

    /// Page allocations fail after `n` more pages; `None`: never.
    pub fn limit_allocations(&self, after: Option<u64>) {
        self.inner.pool.borrow_mut().fail_after = after;
    }

    /// No more than `n` grants at a time.
    pub fn limit_grants(&self, limit: u32) {
        self.inner.grant_limit.set(limit);
    }

    /// Grants and ports are refused as during a suspend.
    pub fn close(&self, closed: bool) {
        self.inner.closed.set(closed);
    }

    /// Pages not allocated now.
    #[must_use]
    pub fn free_pages(&self) -> usize {
        self.inner.pool.borrow().free.len()
    }

    /// Entries granted now.
    #[must_use]
    pub fn live_grants(&self) -> usize {
        self.with(|world| world.live_grants().len())
    }

    /// Grants made so far.
    #[must_use]
    pub fn grants_made(&self) -> u64 {
        self.inner.granted.get()
    }

    /// Guest RAM as the guest's processor sees it, for data that a test puts there.
    ///
    /// # Panics
    /// When there is no such frame.
    #[must_use]
    pub fn ram(&self, gfn: u64) -> Page {
        self.with(|world| world.mem.page(gfn)).unwrap_or_else(|| panic!("no frame {gfn:#x}"))
    }

    /// Steps actors until nothing is ready.
    pub fn run(&self) -> usize {
        self.inner.xen.run(1_000_000)
    }

    /// Steps and moves time until nothing is left to happen.
    pub fn settle(&self) -> usize {
        self.inner.xen.settle(1_000_000)
    }
}

impl World {
    /// Takes an event of a port out of the two-level bitmaps (the in-process guest uses no FIFO).
    fn direct_take(&mut self, port: u32) -> bool {
        let Some(page) = self.mem.shared_page(crate::hv::SHARED_INFO) else { return false };
        let (at, bit) = (2048 + port as usize / 32 * 4, 1u32 << (port % 32));
        if self.is_masked(port) {
            return false;
        }
        let pending = page.and32(at, !bit) & bit != 0;
        if pending && let Some((info, offset)) = self.vcpu_info(0) {
            // The guest's handler clears the selector and the pending flag before it scans.
            info.set8(offset, 0);
            info.set64(offset + 8, 0);
        }
        pending
    }
}

impl GrantTable for Direct {
    fn grant_access(&self, peer: Domid, frame: Gfn, access: Access) -> Result<GrantRef, GrantError> {
        if self.inner.closed.get() {
            return Err(GrantError::Closed);
        }
        let mut free = self.inner.grants.borrow_mut();
        if self.available_in(&free) == 0 {
            return Err(GrantError::Exhausted);
        }
        if free.is_empty() {
            let more = self.with(|world| {
                let frames = world.hv.gt.frames;
                world.grow_grants(frames + 1).map(|()| frames * ENTRIES_PER_FRAME)
            });
            let first = more.map_err(|_| GrantError::Exhausted)?;
            free.extend(first..first + ENTRIES_PER_FRAME);
        }
        let gref = free.pop_first().ok_or(GrantError::Exhausted)?;
        let frame = u32::try_from(frame.0).map_err(|_| GrantError::Exhausted)?;
        self.with(|world| {
            if let Some(page) = world.mem.shared_page(GRANT_FRAMES + gref / ENTRIES_PER_FRAME) {
                let at = (gref % ENTRIES_PER_FRAME) as usize * 8;
                page.set32(at + 4, frame);
                page.set16(at + 2, peer.0);
                let readonly = if access == Access::ReadOnly { gt::READONLY } else { 0 };
                page.set16(at, gt::PERMIT_ACCESS | readonly);
            }
        });
        self.inner.granted.set(self.inner.granted.get() + 1);
        Ok(GrantRef::new(gref, 0))
    }

    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        let gref = grant.raw();
        let ended = self.with(|world| {
            let page = world.mem.shared_page(GRANT_FRAMES + gref / ENTRIES_PER_FRAME)?;
            let at = (gref % ENTRIES_PER_FRAME) as usize * 8;
            loop {
                let word = page.get32(at);
                if word as u16 & (gt::READING | gt::WRITING) != 0 {
                    return None;
                }
                if page.swap32(at, word, word & !0xffff).is_ok() {
                    return Some(());
                }
            }
        });
        match ended {
            Some(()) => {
                assert!(self.inner.grants.borrow_mut().insert(gref), "grant {gref} ended twice");
                Ok(())
            }
            None => Err(StillMapped(grant)),
        }
    }

    fn is_void(&self, _: &GrantRef) -> bool {
        // This guest never wakes in another domain.
        false
    }

    fn available(&self) -> u32 {
        self.available_in(&self.inner.grants.borrow())
    }
}

impl Direct {
    fn available_in(&self, free: &BTreeSet<u32>) -> u32 {
        let sim = self.inner.xen.sim.borrow();
        let table = &sim.world.hv.gt;
        let used = table.frames * ENTRIES_PER_FRAME - 8 - free.len() as u32;
        let most = (table.max_frames * ENTRIES_PER_FRAME - 8).min(self.inner.grant_limit.get());
        most.saturating_sub(used)
    }
}

impl EventChannels for Direct {
    fn alloc_unbound(&self, peer: Domid, vcpu: u32) -> Result<Port, EventError> {
        if self.inner.closed.get() {
            return Err(EventError::Closed);
        }
        self.with(|world| {
            let port = world.hv.alloc_unbound(crate::abi::xen::DOMID_SELF, peer.0);
            let port = port.map_err(|errno| {
                if errno == crate::abi::errno::ENOSPC {
                    EventError::Exhausted
                } else {
                    EventError::Refused(i32::try_from(errno).unwrap_or(i32::MAX))
                }
            })?;
            if let Some(channel) = world.hv.ev.channels.get_mut(&port) {
                channel.vcpu = vcpu;
            }
            world.direct_mask(port, true);
            Ok(Port::from_raw(port))
        })
    }

    fn notify(&self, port: &Port) {
        self.with(|world| {
            *world.stats.hypercalls.entry((32, 4)).or_default() += 1;
            let _ = world.guest_send(port.raw());
        });
    }

    fn unmask(&self, port: &Port) {
        self.with(|world| world.unmask_port(port.raw()));
    }

    fn close(&self, port: Port) {
        self.with(|world| {
            let _ = world.close_port(port.raw());
        });
    }
}

impl World {
    fn direct_mask(&mut self, port: u32, masked: bool) {
        let Some(page) = self.mem.shared_page(crate::hv::SHARED_INFO) else { return };
        let (at, bit) = (2560 + port as usize / 32 * 4, 1u32 << (port % 32));
        if masked {
            page.or32(at, bit);
        } else {
            page.and32(at, !bit);
        }
    }
}

fn seam_error(error: Error) -> StoreError {
    match error {
        Error::ENOENT => StoreError::NotFound,
        Error::EAGAIN => StoreError::Again,
        Error::EACCES => StoreError::Denied,
        Error::ENOSPC | Error::EQUOTA | Error::E2BIG => StoreError::Quota,
        other => StoreError::Remote(other.name().into()),
    }
}

fn txn(id: Option<TransactionId>) -> u32 {
    id.map_or(0, |id| id.0)
}

impl Store for Direct {
    fn read(&self, id: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        self.with(|world| world.store.read(GUEST, txn(id), path)).map_err(seam_error)
    }
    fn list(&self, id: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.with(|world| world.store.list(GUEST, txn(id), path)).map_err(seam_error)
    }
    fn write(&self, id: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.with(|world| world.store.write(GUEST, txn(id), path, value)).map_err(seam_error)
    }
    fn remove(&self, id: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.with(|world| world.store.remove(GUEST, txn(id), path)).map_err(seam_error)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        self.with(|world| world.store.begin(GUEST)).map(TransactionId).map_err(seam_error)
    }
    fn end(&self, id: TransactionId, commit: bool) -> Result<(), StoreError> {
        self.with(|world| world.store.end(GUEST, id.0, commit)).map_err(seam_error)
    }
}

impl Clock for Direct {
    fn now(&self) -> u64 {
        self.inner.xen.now()
    }
}

/// Pages of the in-process guest. Dropping them while a peer can reach them is a violation.
pub struct DirectPages {
    inner: Rc<Inner>,
    frames: Vec<u64>,
    pages: Vec<Page>,
}

impl std::fmt::Debug for DirectPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectPages").field("frames", &self.frames).finish()
    }
}

impl PageAllocator for Direct {
    type Page = DirectPages;
    fn alloc_pages(&self, count: usize) -> Result<DirectPages, NoMemory> {
        let mut pool = self.inner.pool.borrow_mut();
        let chance = pool.fail_one_in;
        if self.with(|world| world.rng.one_in(chance)) {
            return Err(NoMemory);
        }
        if let Some(left) = pool.fail_after.as_mut() {
            if *left < count as u64 {
                return Err(NoMemory);
            }
            *left -= count as u64;
        }
        if pool.free.len() < count {
            return Err(NoMemory);
        }
        let mut frames = Vec::new();
        let mut pages = Vec::new();
        for _ in 0..count {
            // Scattered on purpose: nobody may rely on contiguous frames.
            let first = if frames.len() % 2 == 0 { pool.free.pop_first() } else { pool.free.pop_last() };
            let gfn = first.ok_or(NoMemory)?;
            let page = self.ram(gfn);
            page.fill(0);
            frames.push(gfn);
            pages.push(page);
        }
        Ok(DirectPages { inner: Rc::clone(&self.inner), frames, pages })
    }
}

impl Drop for DirectPages {
    fn drop(&mut self) {
        let mut sim = self.inner.xen.sim.borrow_mut();
        let mut pool = self.inner.pool.borrow_mut();
        for gfn in &self.frames {
            if sim.world.mem.attached() {
                sim.world.frame_released(*gfn, "freed");
            }
            // Whoever still reads it afterwards sees that it was freed.
            if let Some(page) = sim.world.mem.page(*gfn) {
                page.fill(0xdd);
            }
            pool.free.insert(*gfn);
        }
    }
}

impl DirectPages {
    fn at(&self, offset: usize) -> (Page, usize) {
        (self.pages[offset / PAGE], offset % PAGE)
    }

    /// A hostile peer may change the word right after it is read.
    fn touched(&self, offset: usize) {
        if let Ok(mut sim) = self.inner.xen.sim.try_borrow_mut()
            && !sim.world.armed.is_empty()
        {
            let (page, at) = self.at(offset);
            sim.world.touched(page, at);
        }
    }
}

impl SharedPage for DirectPages {
    fn len(&self) -> usize {
        self.pages.len() * PAGE
    }
    fn gfn(&self, index: usize) -> Gfn {
        Gfn(self.frames[index])
    }
    fn load(&self, offset: usize) -> u32 {
        let (page, at) = self.at(offset);
        let value = page.get32(at);
        self.touched(offset);
        value
    }
    fn store(&self, offset: usize, value: u32) {
        let (page, at) = self.at(offset);
        page.set32(at, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.load(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.store(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        assert!(offset.is_multiple_of(4) && to.len().is_multiple_of(4), "unaligned copy");
        for (index, chunk) in to.chunks_mut(4).enumerate() {
            chunk.copy_from_slice(&self.load(offset + index * 4).to_le_bytes());
        }
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        assert!(offset.is_multiple_of(4) && from.len().is_multiple_of(4), "unaligned copy");
        for (index, chunk) in from.chunks(4).enumerate() {
            let word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
            self.store(offset + index * 4, word);
        }
    }
}
