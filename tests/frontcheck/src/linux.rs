//! The session's world in a Linux domain: /dev/xen/{gntalloc, evtchn, xenbus}, from user space.
//!
//! gntalloc hands out pages that are granted from the start, each with an entry of its own. A page's frame number is not
//! told, and not needed: the entry's number takes its place in what the front-end passes around.
#![allow(unsafe_code, reason = "memory that is shared with a back-end")]

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs::File,
    os::fd::AsRawFd,
    ptr::NonNull,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use xenbus::{
    seam::{
        Access, Clock, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator,
        SharedPage, StillMapped, Store, StoreError, TransactionId,
    },
    types::{Domid, Gfn, GrantRef, Port},
};

use crate::{
    devices::{Events, Xenstore, number, open},
    net,
    session::{self, World},
    wire::Interface,
};

const PAGE: usize = 4096;
/// Pages that gntalloc is asked for in the beginning: below its default limit of 1,024.
const PAGES: usize = 1000;

/// `struct ioctl_gntalloc_alloc_gref` for one page.
#[repr(C)]
struct Alloc {
    domid: u16,
    flags: u16,
    count: u32,
    index: u64,
    gref: u32,
}

/// A page that is granted for good.
#[derive(Clone, Copy)]
struct Granted {
    at: NonNull<AtomicU32>,
    gref: u32,
}

/// A Linux domain: grants, events, memory and the store.
struct Linux {
    events: Events,
    store: Xenstore,
    /// Keeps the grants.
    _grants: File,
    pages: Vec<Granted>,
    free: Rc<RefCell<BTreeSet<usize>>>,
    start: Instant,
}

impl Linux {
    fn open(peer: u16) -> Result<Self> {
        let (grants, events, store) = (open("gntalloc")?, Events::open()?, Xenstore::open()?);
        let mut pages = Vec::new();
        for _ in 0..PAGES {
            pages.push(Self::page(&grants, peer)?);
        }
        let free = Rc::new(RefCell::new((0..PAGES).collect()));
        Ok(Self { events, store, _grants: grants, pages, free, start: Instant::now() })
    }

    fn page(grants: &File, peer: u16) -> Result<Granted> {
        let mut alloc = Alloc { domid: peer, flags: 1, count: 1, index: 0, gref: 0 };
        let request = number(b'G', 5, size_of::<Alloc>());
        // SAFETY: the structure is the one that the request's number names, and outlives the call.
        let status = unsafe { libc::ioctl(grants.as_raw_fd(), request, &raw mut alloc) };
        ensure!(status == 0, "gntalloc gives no page: {}", std::io::Error::last_os_error());
        let (rw, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        let (fd, offset) = (grants.as_raw_fd(), alloc.index.cast_signed());
        // SAFETY: a new mapping of a page that gntalloc has just made, wherever the kernel puts it.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, rw, shared, fd, offset) };
        ensure!(at != libc::MAP_FAILED, "a granted page cannot be mapped");
        let at = NonNull::new(at.cast()).context("a page at zero")?;
        Ok(Granted { at, gref: alloc.gref })
    }
}

impl GrantTable for Linux {
    fn grant_access(&self, _: Domid, frame: Gfn, _: Access) -> Result<GrantRef, GrantError> {
        // Granted already, read and write; the frame's number is the entry's.
        u32::try_from(frame.0).map(|index| GrantRef::new(index, 0)).map_err(|_| GrantError::Unaddressable)
    }
    fn end_access(&self, _: GrantRef) -> Result<(), StillMapped> {
        // gntalloc ends it when the file is closed.
        Ok(())
    }
    fn is_void(&self, _: &GrantRef) -> bool {
        false
    }
    fn available(&self) -> u32 {
        u32::MAX
    }
}

impl EventChannels for Linux {
    fn alloc_unbound(&self, peer: Domid, _: u32) -> Result<Port, EventError> {
        let port = self.events.allocate(peer.0);
        u32::try_from(port).map(Port::from_raw).map_err(|_| EventError::Refused(port))
    }
    fn notify(&self, port: &Port) {
        self.events.send(port.raw());
    }
    fn unmask(&self, port: &Port) {
        self.events.unmask(port.raw());
    }
    fn close(&self, port: Port) {
        self.events.close(port.raw());
    }
}

/// Pages of the session. They stay mapped when the world is gone, until the process ends.
#[derive(Debug)]
pub struct Memory {
    indexes: Vec<usize>,
    pages: Vec<(NonNull<AtomicU32>, u32)>,
    /// Where the pages go back to.
    free: Rc<RefCell<BTreeSet<usize>>>,
}

impl PageAllocator for Linux {
    type Page = Memory;
    fn alloc_pages(&self, count: usize) -> Result<Memory, NoMemory> {
        let mut free = self.free.borrow_mut();
        if free.len() < count {
            return Err(NoMemory);
        }
        let indexes: Vec<usize> = (0..count).filter_map(|_| free.pop_first()).collect();
        let pages = indexes.iter().map(|index| (self.pages[*index].at, self.pages[*index].gref)).collect();
        let memory = Memory { indexes, pages, free: Rc::clone(&self.free) };
        for offset in (0..count * PAGE).step_by(4) {
            memory.store(offset, 0);
        }
        Ok(memory)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.free.borrow_mut().extend(&self.indexes);
    }
}

impl Memory {
    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4), "unaligned");
        let at = self.pages[offset / PAGE].0;
        // SAFETY: the page is mapped until the process ends; the offset lies inside it.
        let word = unsafe { at.add(offset % PAGE / 4) };
        // SAFETY: as above; whatever the back-end writes is a word.
        unsafe { word.as_ref() }
    }
}

impl SharedPage for Memory {
    fn len(&self) -> usize {
        self.pages.len() * PAGE
    }
    fn gfn(&self, index: usize) -> Gfn {
        Gfn(self.pages[index].1.into())
    }
    fn load(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Relaxed)
    }
    fn store(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Relaxed);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        assert!(to.len().is_multiple_of(4), "copies are in whole words");
        for (index, bytes) in to.chunks_exact_mut(4).enumerate() {
            bytes.copy_from_slice(&self.load(offset + index * 4).to_le_bytes());
        }
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        assert!(from.len().is_multiple_of(4), "copies are in whole words");
        for (index, bytes) in from.chunks_exact(4).enumerate() {
            self.store(offset + index * 4, u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        }
    }
}

impl Store for Linux {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        self.store.read(txn, path)
    }
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.store.list(txn, path)
    }
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.store.write(txn, path, value)
    }
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.store.remove(txn, path)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        self.store.begin()
    }
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        self.store.end(txn, commit)
    }
}

impl Clock for Linux {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}

impl World for Linux {
    fn wait(&self, until: u64) {
        let milliseconds = (until.saturating_sub(self.now()) / 1_000_000).clamp(1, 1000) as i32;
        // The port is masked from now on, until the session lets it through.
        let _ = self.events.wait(milliseconds);
    }
}

/// The session over the back-end of the device `front` of this domain, whose back-end is in domain `peer`.
///
/// # Errors
/// As [`session::disk`]; when Xen's devices are not there.
pub fn disk(front: &str, peer: u16) -> Result<Vec<String>> {
    session::disk(&Linux::open(peer)?, front)
}

/// The network's session over the back-end of the device `front`, whose interface in domain `peer` (this one) is `name`.
///
/// # Errors
/// As [`net::session`]; when Xen's devices or the interface are not there.
pub fn network(front: &str, peer: u16, name: &str) -> Result<Vec<String>> {
    net::session(&Linux::open(peer)?, front, &Interface::open(name)?)
}
