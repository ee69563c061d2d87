//! Sends: net buffer lists to packets, completions back.
//!
//! A net buffer list goes to one queue; its net buffers wait in the queue's backlog until the ring has
//! room. The list completes when the last of them has. The words that NDIS leaves to the miniport
//! hold the count in the list, and in the net buffer the next one of the backlog and its list.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::sync::Arc;
use core::ptr::null_mut;

use netfront::{
    Payload, Run,
    checksum::Sum,
    tx::{TxOutcome, TxQueue, TxRefusal},
};
use nt::{
    irp::{MmGetMdlPfnArray, MmGetSystemAddressForMdlSafe},
    nbl,
    sys::*,
};
use xenbus::{
    seam::Clock,
    types::{Gfn, PAGE_SIZE, Port},
};

use crate::{
    adapter::Adapter,
    host::XenHost,
    packet::{Features, HEAD, Prepared, SendRequest, prepare},
    stats::{Destination, Traffic},
};

/// A net buffer that is on the ring: what comes back with its completion.
pub struct Cookie(*mut NET_BUFFER);

// SAFETY: a net buffer that is ours until it completes; NDIS's objects belong to no thread.
unsafe impl Send for Cookie {}

impl Cookie {
    /// Of a frame of our own, with which nothing is completed.
    #[must_use]
    pub const fn none() -> Self {
        Self(null_mut())
    }
}

/// Net buffer lists that are to be completed.
pub struct Chain {
    head: *mut NET_BUFFER_LIST,
    tail: *mut NET_BUFFER_LIST,
    count: u32,
}

impl Chain {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { head: null_mut(), tail: null_mut(), count: 0 }
    }

    /// Number of lists.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The first list.
    #[must_use]
    pub const fn head(&self) -> *mut NET_BUFFER_LIST {
        self.head
    }

    /// Appends a list that is ours.
    pub fn push(&mut self, list: *mut NET_BUFFER_LIST) {
        // SAFETY: ours, per contract of the callers in this crate.
        unsafe { nbl::set_next_list(list, null_mut()) };
        if self.head.is_null() {
            self.head = list;
        } else {
            // SAFETY: the last list that was pushed, still ours.
            unsafe { nbl::set_next_list(self.tail, list) };
        }
        self.tail = list;
        self.count += 1;
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// Net buffers that wait for room.
struct Backlog {
    head: *mut NET_BUFFER,
    tail: *mut NET_BUFFER,
}

// SAFETY: net buffers that are ours; NDIS's objects belong to no thread.
unsafe impl Send for Backlog {}

impl Backlog {
    fn push(&mut self, buffer: *mut NET_BUFFER, list: *mut NET_BUFFER_LIST) {
        // SAFETY: ours; a word of the miniport.
        unsafe { (*buffer).MiniportReserved[0] = null_mut() };
        // SAFETY: as above.
        unsafe { (*buffer).MiniportReserved[1] = list.cast() };
        if self.head.is_null() {
            self.head = buffer;
        } else {
            // SAFETY: the last one that was pushed, still ours.
            unsafe { (*self.tail).MiniportReserved[0] = buffer.cast() };
        }
        self.tail = buffer;
    }

    fn pop(&mut self) -> Option<*mut NET_BUFFER> {
        let buffer = self.head;
        if buffer.is_null() {
            return None;
        }
        // SAFETY: in the backlog, so ours, with the word set by `push`.
        self.head = unsafe { (*buffer).MiniportReserved[0] }.cast();
        Some(buffer)
    }

    fn push_front(&mut self, buffer: *mut NET_BUFFER) {
        // SAFETY: just popped, so ours.
        unsafe { (*buffer).MiniportReserved[0] = self.head.cast() };
        if self.head.is_null() {
            self.tail = buffer;
        }
        self.head = buffer;
    }
}

fn list_of(buffer: *mut NET_BUFFER) -> *mut NET_BUFFER_LIST {
    // SAFETY: ours since `Backlog::push` set the word.
    unsafe { (*buffer).MiniportReserved[1] }.cast()
}

/// The sending half of a queue.
pub struct TxSide {
    /// The front-end's queue.
    pub queue: TxQueue<XenHost, Cookie>,
    /// Its event channel.
    pub port: Option<Arc<Port>>,
    /// What the back-end does for us.
    pub features: Features,
    /// Counters.
    pub traffic: Traffic,
    /// False when there is no connection and none is expected: what is sent is dropped.
    pub hopeful: bool,
    backlog: Backlog,
}

impl TxSide {
    /// Without a connection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue: TxQueue::new(),
            port: None,
            features: Features::default(),
            traffic: Traffic::default(),
            hopeful: true,
            backlog: Backlog { head: null_mut(), tail: null_mut() },
        }
    }

    /// Takes over a net buffer list.
    pub fn accept(&mut self, list: *mut NET_BUFFER_LIST, done: &mut Chain) {
        let mut count = 0usize;
        // SAFETY: NDIS gave us the list.
        let mut buffer = unsafe { nbl::first_buffer(list) };
        // SAFETY: as above.
        unsafe { nbl::set_status(list, NDIS_STATUS_SUCCESS) };
        while !buffer.is_null() {
            // SAFETY: a net buffer of the list.
            let next = unsafe { nbl::next_buffer(buffer) };
            self.backlog.push(buffer, list);
            count += 1;
            buffer = next;
        }
        // SAFETY: ours; a word of the miniport.
        unsafe { (*list).MiniportReserved[0] = count as *mut c_void };
        if count == 0 {
            done.push(list);
        }
    }

    /// Puts as much of the backlog on the ring as there is room for, and publishes.
    pub fn pump(&mut self, host: &XenHost, now: u64, done: &mut Chain) {
        while let Some(buffer) = self.backlog.pop() {
            let mut payload = match NetBuffer::new(buffer, &self.features) {
                Ok(payload) => payload,
                Err(status) => {
                    finish(buffer, status, done);
                    continue;
                }
            };
            let meta = payload.prepared.meta;
            match self.queue.transmit(host, &mut payload, &meta, Cookie(buffer), now) {
                Ok(()) => self.traffic.count(payload.destination, payload.len),
                Err((_, TxRefusal::Full)) => {
                    self.backlog.push_front(buffer);
                    break;
                }
                Err((_, TxRefusal::Closed)) if self.hopeful => {
                    self.backlog.push_front(buffer);
                    break;
                }
                Err((_, TxRefusal::Closed)) => finish(buffer, NDIS_STATUS_FAILURE, done),
                Err((_, TxRefusal::Length)) => finish(buffer, NDIS_STATUS_INVALID_LENGTH, done),
                // The back-end of before took them: the stack will notice that this one does not.
                Err((_, TxRefusal::Unsupported)) => finish(buffer, NDIS_STATUS_FAILURE, done),
            }
        }
        if let Some(port) = &self.port {
            self.queue.flush(host, port);
        }
    }

    /// Takes completions off the ring.
    ///
    /// # Errors
    /// The back-end broke the protocol.
    pub fn poll(
        &mut self,
        host: &XenHost,
        now: u64,
        done: &mut Chain,
    ) -> Result<netfront::tx::TxPolled, netfront::Violation> {
        self.queue.poll(host, now, 256, |cookie, outcome| complete(&cookie, outcome, done))
    }

    /// Ends the connection; what was on the ring is completed.
    pub fn detach(&mut self, host: &XenHost, void: bool, done: &mut Chain) {
        let done = |cookie: Cookie, outcome| complete(&cookie, outcome, done);
        if void {
            self.queue.forget(done);
        } else {
            // What stays mapped is tried again with every poll.
            let _ = self.queue.detach(host, done);
        }
    }

    /// Completes the backlog: all of it, or what carries a cancel ID.
    pub fn abort(&mut self, cancel: Option<*mut c_void>, status: NDIS_STATUS, done: &mut Chain) {
        let mut kept = Backlog { head: null_mut(), tail: null_mut() };
        while let Some(buffer) = self.backlog.pop() {
            let list = list_of(buffer);
            // SAFETY: a list that is ours.
            let id = unsafe { nbl::info(list, NetBufferListCancelId) };
            if cancel.is_none_or(|cancel| cancel == id) {
                finish(buffer, status, done);
            } else {
                kept.push(buffer, list);
            }
        }
        self.backlog = kept;
    }
}

impl Default for TxSide {
    fn default() -> Self {
        Self::new()
    }
}

fn complete(cookie: &Cookie, outcome: TxOutcome, done: &mut Chain) {
    let status = match outcome {
        TxOutcome::Sent => NDIS_STATUS_SUCCESS,
        TxOutcome::Dropped | TxOutcome::Lost => NDIS_STATUS_FAILURE,
    };
    if !cookie.0.is_null() {
        finish(cookie.0, status, done);
    }
}

/// One net buffer of a list is done; the list, when it was the last.
fn finish(buffer: *mut NET_BUFFER, status: NDIS_STATUS, done: &mut Chain) {
    let list = list_of(buffer);
    if status != NDIS_STATUS_SUCCESS {
        // SAFETY: ours until it is completed.
        unsafe { nbl::set_status(list, status) };
    }
    // SAFETY: as above; set by `accept`, and only touched under the queue's lock.
    let left = unsafe { (*list).MiniportReserved[0] } as usize - 1;
    // SAFETY: as above.
    unsafe { (*list).MiniportReserved[0] = left as *mut c_void };
    if left == 0 {
        done.push(list);
    }
}

/// Hands lists back to NDIS. The gate counts them out.
pub fn complete_all(adapter: &Adapter, done: &Chain) {
    if done.count() == 0 {
        return;
    }
    let mut list = done.head();
    while !list.is_null() {
        // SAFETY: ours until the call below.
        let lso = unsafe { nbl::info(list, TcpLargeSendNetBufferListInfo) } as usize;
        if lso != 0 {
            // A completed large send says only that it was one of version 2 (bit 30).
            // SAFETY: as above.
            unsafe { nbl::set_info(list, TcpLargeSendNetBufferListInfo, (lso & 1 << 30) as *mut c_void) };
        }
        // SAFETY: as above.
        list = unsafe { nbl::next_list(list) };
    }
    // SAFETY: lists that NDIS gave us, all complete; the level is told truthfully by leaving the flag
    // away, which is right at any level.
    unsafe { NdisMSendNetBufferListsComplete(adapter.handle(), done.head(), 0) };
    adapter.leave(done.count());
}

/// `MiniportSendNetBufferLists`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn send(
    context: *mut c_void,
    lists: *mut NET_BUFFER_LIST,
    _port: NDIS_PORT_NUMBER,
    _flags: u32,
) {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    let (mut done, mut refused) = (Chain::new(), Chain::new());
    let now = adapter.host.client.now();
    let mut list = lists;
    while !list.is_null() {
        // SAFETY: NDIS gave us the chain.
        let next = unsafe { nbl::next_list(list) };
        if adapter.enter() {
            let queue = &adapter.queues[adapter.queue_for(list)];
            let mut side = queue.tx.lock();
            side.accept(list, &mut done);
            side.pump(&adapter.host, now, &mut done);
        } else {
            // SAFETY: as above.
            unsafe { nbl::set_status(list, NDIS_STATUS_PAUSED) };
            refused.push(list);
        }
        list = next;
    }
    complete_all(adapter, &done);
    if refused.count() != 0 {
        // SAFETY: lists that NDIS gave us; they were never counted in.
        unsafe { NdisMSendNetBufferListsComplete(adapter.handle(), refused.head(), 0) };
    }
}

/// `MiniportCancelSend`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn cancel(context: *mut c_void, id: *mut c_void) {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    for queue in &adapter.queues {
        let mut done = Chain::new();
        queue.tx.lock().abort(Some(id), NDIS_STATUS_SEND_ABORTED, &mut done);
        complete_all(adapter, &done);
    }
}

/// What NDIS asks for with a list.
fn request(list: *mut NET_BUFFER_LIST) -> SendRequest {
    let slot = |which| {
        // SAFETY: a list that NDIS gave us.
        unsafe { nbl::info(list, which) as usize as u32 }
    };
    let checksum = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit {
        _bitfield_1: slot(TcpIpChecksumNetBufferListInfo),
    };
    let large = NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit {
        _bitfield_1: slot(TcpLargeSendNetBufferListInfo),
    };
    let tag =
        NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader { _bitfield_1: slot(Ieee8021QNetBufferListInfo) };
    let tagged = tag.UserPriority() != 0 || tag.VlanId() != 0;
    SendRequest {
        tag: tagged.then(|| (tag.UserPriority() << 13 | tag.CanonicalFormatId() << 12 | tag.VlanId()) as u16),
        segment: Some(large.MSS()).filter(|&mss| mss != 0),
        ip_checksum: checksum.IpHeaderChecksum() != 0 && checksum.IsIPv4() != 0,
        checksum: checksum.TcpChecksum() != 0 || checksum.UdpChecksum() != 0,
    }
}

/// The bytes of a net buffer, its headers changed as asked for.
struct NetBuffer {
    first: *mut MDL,
    first_offset: usize,
    len: usize,
    /// Where the last look was: an MDL, and the packet's byte that its used part starts with.
    mdl: *mut MDL,
    base: usize,
    prepared: Prepared,
    destination: Destination,
}

impl NetBuffer {
    fn new(buffer: *mut NET_BUFFER, features: &Features) -> Result<Self, NDIS_STATUS> {
        // SAFETY: ours while it is being sent.
        let first = unsafe { nbl::current_mdl(buffer) };
        // SAFETY: as above.
        let len = unsafe { nbl::data_length(buffer) };
        // SAFETY: as above.
        let first_offset = unsafe { nbl::current_mdl_offset(buffer) } as usize;
        let prepared =
            Prepared { header: arrayvec::ArrayVec::new(), replaces: 0, meta: netfront::tx::TxMeta::PLAIN };
        let destination = Destination::Unicast;
        let mut this =
            Self { first, first_offset, len: len as usize, mdl: first, base: 0, prepared, destination };
        let mut head = [0; HEAD];
        let have = this.len.min(HEAD);
        if !this.read(0, &mut head[..have]) {
            return Err(NDIS_STATUS_RESOURCES);
        }
        this.destination = Destination::of(&head[..have]);
        let request = request(list_of(buffer));
        let len = this.len;
        let sum = |from, to| this.sum(from, to);
        this.prepared =
            prepare(&head[..have], len, &request, features, sum).map_err(|_| NDIS_STATUS_FAILURE)?;
        Ok(this)
    }

    /// The MDL with the net buffer's byte `at`, the byte's place in it, and how many follow there.
    fn locate(&mut self, at: usize) -> Option<(*mut MDL, usize, usize)> {
        if at < self.base {
            (self.mdl, self.base) = (self.first, 0);
        }
        loop {
            if self.mdl.is_null() {
                return None;
            }
            let skip = if self.mdl == self.first { self.first_offset } else { 0 };
            // SAFETY: an MDL of the net buffer's chain, ours to read.
            let count = unsafe { (*self.mdl).ByteCount } as usize;
            let used = count.checked_sub(skip)?;
            if at - self.base < used {
                let within = skip + at - self.base;
                return Some((self.mdl, within, count - within));
            }
            self.base += used;
            // SAFETY: as above.
            self.mdl = unsafe { (*self.mdl).Next };
        }
    }

    /// Copies bytes of the net buffer; false when they cannot be mapped.
    fn read(&mut self, at: usize, to: &mut [u8]) -> bool {
        let mut done = 0;
        while done < to.len() {
            let Some((mdl, within, left)) = self.locate(at + done) else { return false };
            let step = left.min(to.len() - done);
            // SAFETY: an MDL of the chain; its pages are locked while it is being sent.
            let address = unsafe { MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority as u32) };
            if address.is_null() {
                return false;
            }
            let from = address.cast::<u8>().wrapping_add(within);
            // SAFETY: `within + step` bytes lie in the mapping; the target is ours and elsewhere.
            unsafe { core::ptr::copy_nonoverlapping(from, to[done..].as_mut_ptr(), step) };
            done += step;
        }
        true
    }

    fn sum(&mut self, from: usize, to: usize) -> Option<Sum> {
        let mut sum = Sum::default();
        let mut at = from;
        let mut chunk = [0; 256];
        while at < to {
            let step = (to - at).min(chunk.len());
            if !self.read(at, &mut chunk[..step]) {
                return None;
            }
            sum.add(&chunk[..step]);
            at += step;
        }
        Some(sum)
    }

    /// Bytes that the header is longer than what it stands for.
    fn inserted(&self) -> usize {
        self.prepared.header.len() - self.prepared.replaces
    }
}

impl Payload for NetBuffer {
    fn len(&self) -> usize {
        self.len + self.inserted()
    }

    fn run(&mut self, at: usize) -> Run {
        // The changed header lies in no frame that could be granted: the front-end copies it.
        let nothing = Run { gfn: Gfn(0), offset: 0, len: 0 };
        if at < self.prepared.header.len() {
            return nothing;
        }
        let inserted = self.inserted();
        let Some((mdl, within, left)) = self.locate(at - inserted) else { return nothing };
        // SAFETY: an MDL of the chain.
        let byte = unsafe { (*mdl).ByteOffset } as usize + within;
        // SAFETY: as above.
        let frames = unsafe { MmGetMdlPfnArray(mdl) };
        // SAFETY: the array has an entry for each page that the MDL spans.
        let frame = unsafe { frames.wrapping_add(byte / PAGE_SIZE).read() };
        let offset = byte % PAGE_SIZE;
        Run {
            gfn: Gfn(frame as u64),
            offset: offset as u16,
            len: left.min(PAGE_SIZE - offset).min(self.len + inserted - at) as u16,
        }
    }

    fn copy(&mut self, at: usize, to: &mut [u8]) {
        let header = &self.prepared.header;
        let own = header.len().saturating_sub(at).min(to.len());
        if own != 0 {
            to[..own].copy_from_slice(&header[at..at + own]);
        }
        let inserted = self.inserted();
        if own < to.len() && !self.read(at + own - inserted, &mut to[own..]) {
            // The head was mapped a moment ago, and mappings of an MDL stay; a chain that is shorter
            // than it says ends in zeroes.
            to[own..].fill(0);
        }
    }
}
