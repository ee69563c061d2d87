//! The session's world in a Linux domain: /dev/xen/{gntalloc, evtchn, xenbus}, from user space.
//!
//! gntalloc hands out pages that are granted from the start, each with an entry of its own. A page's frame number is not
//! told, and not needed: the entry's number takes its place in what the front-end passes around.
#![allow(unsafe_code, reason = "memory that is shared with a back-end, and ioctls")]

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::AsRawFd,
    ptr::NonNull,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use xenbus::{
    io::xs_wire::{HEADER_SIZE, Header, MessageType, PAYLOAD_MAX},
    seam::{
        Access, Clock, EventChannels, EventError, GrantError, GrantTable, NoMemory, PageAllocator,
        SharedPage, StillMapped, Store, StoreError, TransactionId,
    },
    types::{Domid, Gfn, GrantRef, Port},
    xs::{
        Reply, Request,
        codec::{Payload, parse_error},
    },
};
use zerocopy::{FromBytes, IntoBytes};

use crate::{
    net,
    session::{self, World},
    wire::Interface,
};

const PAGE: usize = 4096;
/// Pages that gntalloc is asked for in the beginning: below its default limit of 1,024.
const PAGES: usize = 1000;

/// An ioctl's number without a direction, as Xen's devices number theirs.
const fn number(group: u8, nr: u8, size: usize) -> libc::c_ulong {
    (size as libc::c_ulong) << 16 | (group as libc::c_ulong) << 8 | nr as libc::c_ulong
}

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
    events: File,
    store: File,
    /// Keeps the grants.
    _grants: File,
    pages: Vec<Granted>,
    free: Rc<RefCell<BTreeSet<usize>>>,
    start: Instant,
}

impl Linux {
    fn open(peer: u16) -> Result<Self> {
        let open = |name: &str| {
            let path = format!("/dev/xen/{name}");
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .with_context(|| format!("cannot open {path}"))
        };
        let (grants, events, store) = (open("gntalloc")?, open("evtchn")?, open("xenbus")?);
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

    fn control(&self, nr: u8, mut argument: u32) -> i32 {
        let request = number(b'E', nr, size_of::<u32>());
        // SAFETY: these requests of the event device take one word, which outlives the call.
        unsafe { libc::ioctl(self.events.as_raw_fd(), request, &raw mut argument) }
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
        let port = self.control(2, peer.0.into());
        u32::try_from(port).map(Port::from_raw).map_err(|_| EventError::Refused(port))
    }
    fn notify(&self, port: &Port) {
        self.control(4, port.raw());
    }
    fn unmask(&self, port: &Port) {
        let _ = (&self.events).write_all(&port.raw().to_ne_bytes());
    }
    fn close(&self, port: Port) {
        self.control(3, port.raw());
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

impl Linux {
    fn call(&self, ty: MessageType, txn: Option<TransactionId>, payload: &[u8]) -> Result<Reply, StoreError> {
        let header = Header { ty, req_id: 1, tx_id: txn.map_or(0, |txn| txn.0), len: payload.len() as u32 };
        let message = [header.as_bytes(), payload].concat();
        (&self.store).write_all(&message).map_err(|_| StoreError::Broken)?;
        let mut header = [0; HEADER_SIZE];
        (&self.store).read_exact(&mut header).map_err(|_| StoreError::Broken)?;
        let header = Header::read_from_bytes(&header).map_err(|_| StoreError::Broken)?;
        let mut answer = vec![0; header.len as usize];
        (&self.store).read_exact(&mut answer).map_err(|_| StoreError::Broken)?;
        if header.ty == MessageType::ERROR { Err(parse_error(&answer)) } else { Ok(Reply(answer)) }
    }

    fn ask(&self, txn: Option<TransactionId>, request: Request<'_>) -> Result<Reply, StoreError> {
        let mut buffer = [0; PAYLOAD_MAX];
        let mut payload = Payload::new(&mut buffer);
        request.payload(&mut payload)?;
        let length = payload.len();
        self.call(request.ty(), txn, &buffer[..length])
    }
}

impl Store for Linux {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.ask(txn, Request::Read(path))?.0)
    }
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.ask(txn, Request::Directory(path))?.names()
    }
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.ask(txn, Request::Write(path, value)).map(drop)
    }
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.ask(txn, Request::Rm(path)).map(drop)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        self.call(MessageType::TRANSACTION_START, None, b"\0")?.transaction().map(TransactionId)
    }
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        let verdict: &[u8] = if commit { b"T\0" } else { b"F\0" };
        self.call(MessageType::TRANSACTION_END, Some(txn), verdict).map(drop)
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
        let fd = self.events.as_raw_fd();
        let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which outlives the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
        if ready > 0 {
            // The port is masked from now on, until it is written back (`unmask`).
            let _ = (&self.events).read_exact(&mut [0; 4]);
        }
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
