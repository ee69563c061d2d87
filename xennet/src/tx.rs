//! Sends: net buffer lists to packets, completions back.
//!
//! A net buffer list goes to one queue; its net buffers wait in the queue's backlog until the ring has
//! room. The list completes when the last of them has. The words that NDIS leaves to the miniport
//! hold the count in the list, and in the net buffer the next one of the backlog and its list.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::sync::Arc;
use core::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use netfront::tx::{TxOutcome, TxQueue, TxRefusal};
use nt::{nbl, sys::*};
use xenbus::{seam::Clock, types::Port};

use crate::{adapter::Adapter, host::XenHost, packet::Features, payload::NetBuffer, stats::Traffic};

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

/// Net buffer lists that are to be completed or indicated.
pub struct Chain {
    head: *mut NET_BUFFER_LIST,
    tail: *mut NET_BUFFER_LIST,
    count: u32,
}

// SAFETY: lists that are ours; NDIS's objects belong to no thread.
unsafe impl Send for Chain {}

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

    /// Takes the first list out.
    pub fn pop(&mut self) -> Option<*mut NET_BUFFER_LIST> {
        let list = self.head;
        if list.is_null() {
            return None;
        }
        // SAFETY: in the chain, so ours.
        self.head = unsafe { nbl::next_list(list) };
        self.count -= 1;
        // SAFETY: as above.
        unsafe { nbl::set_next_list(list, null_mut()) };
        Some(list)
    }

    /// Takes up to `most` lists out, the first ones.
    #[must_use]
    pub fn take(&mut self, most: u32) -> Self {
        if self.count <= most {
            return core::mem::take(self);
        }
        let mut taken = Self::new();
        while taken.count < most
            && let Some(list) = self.pop()
        {
            taken.push(list);
        }
        taken
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
    const fn new() -> Self {
        Self { head: null_mut(), tail: null_mut() }
    }

    fn push(&mut self, buffer: *mut NET_BUFFER) {
        // SAFETY: ours; a word of the miniport.
        unsafe { (*buffer).MiniportReserved[0] = null_mut() };
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

    /// Puts all of `others` behind.
    fn append(&mut self, others: Self) {
        if self.head.is_null() {
            *self = others;
        } else if !others.head.is_null() {
            // SAFETY: the last one of the backlog, ours.
            unsafe { (*self.tail).MiniportReserved[0] = others.head.cast() };
            self.tail = others.tail;
        }
    }

    /// Puts all of `others` in front.
    fn prepend(&mut self, others: Self) {
        let behind = core::mem::replace(self, others);
        self.append(behind);
    }
}

fn list_of(buffer: *mut NET_BUFFER) -> *mut NET_BUFFER_LIST {
    // SAFETY: ours since `TxSide::accept` set the word.
    unsafe { (*buffer).MiniportReserved[1] }.cast()
}

/// What happens to a packet whose connection ends before the back-end has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It is sent again with the next connection.
    Again,
    /// Its list completes as failed.
    Failed,
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
    /// The connection of now does without this queue.
    pub idle: bool,
    /// In poll mode: completed lists that NDIS has not taken yet.
    pub ready: Chain,
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
            idle: false,
            ready: Chain::new(),
            backlog: Backlog::new(),
        }
    }

    /// Takes over a net buffer list.
    pub fn accept(&mut self, list: *mut NET_BUFFER_LIST, done: &mut Chain) {
        let mut count = 0usize;
        // SAFETY: NDIS gave us the list.
        let mut buffer = unsafe { nbl::first_buffer(list) };
        // SAFETY: as above.
        unsafe { nbl::set_status(list, NDIS_STATUS_SUCCESS) };
        let mut accepted = Backlog::new();
        while !buffer.is_null() {
            // SAFETY: a net buffer of the list.
            let next = unsafe { nbl::next_buffer(buffer) };
            // SAFETY: ours now; a word of the miniport.
            unsafe { (*buffer).MiniportReserved[1] = list.cast() };
            accepted.push(buffer);
            count += 1;
            buffer = next;
        }
        // SAFETY: ours; a word of the miniport, not shared yet.
        unsafe { (*list).MiniportReserved[0] = count as *mut c_void };
        self.backlog.append(accepted);
        if count == 0 {
            done.push(list);
        }
    }

    /// Puts as much of the backlog on the ring as there is room for, and publishes.
    pub fn pump(&mut self, host: &XenHost, now: u64, done: &mut Chain) {
        while let Some(buffer) = self.backlog.pop() {
            let mut payload = match NetBuffer::new(list_of(buffer), buffer, &self.features) {
                Ok(payload) => payload,
                Err(status) => {
                    self.traffic.errors += 1;
                    finish(buffer, status, done);
                    continue;
                }
            };
            let meta = payload.prepared.meta;
            let status = match self.queue.transmit(host, &mut payload, &meta, Cookie(buffer), now) {
                Ok(()) => {
                    self.traffic.count(payload.destination, payload.len);
                    continue;
                }
                Err((_, TxRefusal::Full)) => {
                    self.backlog.push_front(buffer);
                    break;
                }
                Err((_, TxRefusal::Closed)) if self.hopeful => {
                    self.backlog.push_front(buffer);
                    break;
                }
                Err((_, TxRefusal::Length)) => NDIS_STATUS_INVALID_LENGTH,
                // The back-end of before took such packets: the stack will notice that this one does not.
                Err((_, TxRefusal::Closed | TxRefusal::Unsupported)) => NDIS_STATUS_FAILURE,
            };
            self.traffic.errors += 1;
            finish(buffer, status, done);
        }
        if let Some(port) = &self.port {
            self.queue.flush(host, port);
        }
    }

    /// Takes up to `budget` answers off the ring.
    ///
    /// # Errors
    /// The back-end broke the protocol.
    pub fn poll(
        &mut self,
        host: &XenHost,
        now: u64,
        budget: usize,
        done: &mut Chain,
    ) -> Result<netfront::tx::TxPolled, netfront::Violation> {
        self.queue.poll(host, now, budget, |cookie, outcome| complete(&cookie, outcome, done))
    }

    /// Ends the connection; of what was on the ring `lost` says what becomes of it.
    pub fn detach(&mut self, host: &XenHost, lost: Lost, done: &mut Chain) {
        let mut again = Backlog::new();
        let hand_back = |cookie: Cookie, outcome| match outcome {
            TxOutcome::Lost if lost == Lost::Again && !cookie.0.is_null() => again.push(cookie.0),
            _ => complete(&cookie, outcome, done),
        };
        // What stays mapped is tried again with every poll.
        let _ = self.queue.detach(host, hand_back);
        self.backlog.prepend(again);
    }

    /// Takes over what waits at a queue that the connection of now does without.
    pub fn inherit(&mut self, from: &mut Self) {
        self.backlog.append(core::mem::replace(&mut from.backlog, Backlog::new()));
    }

    /// Completes the backlog: all of it, or what carries a cancel ID.
    pub fn abort(&mut self, cancel: Option<*mut c_void>, status: NDIS_STATUS, done: &mut Chain) {
        let mut kept = Backlog::new();
        while let Some(buffer) = self.backlog.pop() {
            let list = list_of(buffer);
            // SAFETY: a list that is ours.
            let id = unsafe { nbl::info(list, NetBufferListCancelId) };
            if cancel.is_none_or(|cancel| cancel == id) {
                self.traffic.discards += 1;
                finish(buffer, status, done);
            } else {
                kept.push(buffer);
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
    // A list may have net buffers at two queues, when one was pinned at a queue that is idle now: the
    // count is shared.
    // SAFETY: ours until it is completed; only the address is taken.
    let word = unsafe { &raw mut (*list).MiniportReserved[0] };
    // SAFETY: set by `accept`, aligned as a pointer is, and reached only this way until the completion.
    let left = unsafe { AtomicPtr::from_ptr(word) };
    if left.fetch_byte_sub(1, Ordering::AcqRel) as usize == 1 {
        done.push(list);
    }
}

/// Leaves in completed lists only what NDIS wants to find there.
pub fn finalize(done: &Chain) {
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
}

/// Hands lists back to NDIS. The gate counts them out.
pub fn complete_all(adapter: &Adapter, done: &Chain) {
    if done.count() == 0 {
        return;
    }
    finalize(done);
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
    // A pause is not complete before what it refuses is back with NDIS.
    adapter.gate.hold();
    let now = adapter.host.client.now();
    let mut side = None;
    let mut list = lists;
    while !list.is_null() {
        // SAFETY: NDIS gave us the chain.
        let next = unsafe { nbl::next_list(list) };
        if adapter.enter() {
            side.get_or_insert_with(|| adapter.sending()).accept(list, &mut done);
        } else {
            // SAFETY: as above.
            unsafe { nbl::set_status(list, NDIS_STATUS_PAUSED) };
            refused.push(list);
        }
        list = next;
    }
    if let Some(mut side) = side {
        side.pump(&adapter.host, now, &mut done);
    }
    complete_all(adapter, &done);
    if refused.count() != 0 {
        // SAFETY: lists that NDIS gave us; they were never counted in.
        unsafe { NdisMSendNetBufferListsComplete(adapter.handle(), refused.head(), 0) };
    }
    adapter.leave(1);
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
