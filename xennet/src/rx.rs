//! Receives: taking frames off the rings, giving them to NDIS, taking returned lists back. What a
//! frame's list says is made in [`crate::present`].
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use netfront::rx::{Frame, RxQueue};
use nt::{nbl, sys::*};
use xenbus::types::Port;

use crate::{
    adapter::{Adapter, Queue},
    buffers::BufferRef,
    host::XenHost,
    present::{self, Shown},
    rss::Scaling,
    stats::{Destination, Traffic},
    tx::Chain,
};

/// Frames that one look takes, before others get their turn.
pub const BUDGET: u32 = 64;

/// The receiving half of a queue.
pub struct RxSide {
    /// The front-end's queue.
    pub queue: RxQueue<XenHost, BufferRef>,
    /// Its event channel.
    pub port: Option<Arc<Port>>,
    /// Buffers in all.
    pub buffers: usize,
    /// Lists that NDIS has.
    pub with_ndis: usize,
    /// Counters.
    pub traffic: Traffic,
    /// Receive-side scaling: a copy of the adapter's.
    pub scaling: Scaling,
}

impl RxSide {
    /// Without a connection, for up to `buffers` buffers.
    #[must_use]
    pub fn new(buffers: usize) -> Self {
        Self {
            queue: RxQueue::new(buffers),
            port: None,
            buffers,
            with_ndis: 0,
            traffic: Traffic::default(),
            scaling: Scaling::off(),
        }
    }

    /// Gives the buffers of a frame back to the queue.
    fn recycle(&mut self, first: BufferRef) {
        let mut next = Some(first);
        while let Some(mut buffer) = next {
            next = buffer.unchain();
            self.queue.recycle(buffer);
        }
    }

    /// Puts spare buffers on the ring.
    pub fn refill(&mut self, host: &XenHost) {
        if let Some(port) = &self.port {
            self.queue.refill(host, port);
        }
    }
}

/// What a look at a queue brought.
#[derive(Default)]
pub struct Batch {
    /// Lists to be indicated here. Others went to the processors that they belong to.
    pub lists: Chain,
    /// Frames that were there.
    pub frames: u32,
    /// There may be more.
    pub more: bool,
    /// Few buffers are left: the stack has to copy at once, and the lists are ours again.
    pub scarce: bool,
    /// The back-end broke the protocol.
    pub broken: bool,
}

/// Takes up to `most` frames off a queue. `home` is the processor (NT index) that indicates them.
/// `IRQL <= DISPATCH_LEVEL`.
pub fn collect(adapter: &Adapter, queue: &Queue, most: u32, home: u32) -> Batch {
    let mut batch = Batch::default();
    let budget = most.min(BUDGET);
    let mut side = queue.rx.lock();
    batch.scarce = side.with_ndis + 2 * BUDGET as usize > side.buffers;
    while batch.frames < budget {
        let mut got = None;
        if side.queue.poll(&adapter.host, 1, |frame| got = Some(frame)).is_err() {
            batch.broken = true;
            break;
        }
        let Some(frame) = got else { break };
        batch.frames += 1;
        let destination = Destination::of(first_bytes(&frame));
        let len = frame.len as usize;
        let wanted = adapter.accepts(destination, first_bytes(&frame)) && adapter.enter();
        match present::show(adapter, &side.scaling, frame) {
            Ok(Shown { list, processor }) if wanted => {
                side.traffic.count(destination, len);
                match processor {
                    Some(other) if other != home && !batch.scarce && adapter.spread.reaches(other) => {
                        side.with_ndis += 1;
                        adapter.spread.hand(other, list);
                    }
                    _ => batch.lists.push(list),
                }
            }
            Ok(Shown { list, .. }) => {
                side.traffic.discards += 1;
                // SAFETY: the list was made just now and never left.
                if let Some(first) = unsafe { BufferRef::from_list(list) } {
                    side.recycle(first);
                }
            }
            Err(first) => {
                side.traffic.errors += 1;
                if wanted {
                    adapter.leave(1);
                }
                if let Some(first) = first {
                    side.recycle(first);
                }
            }
        }
    }
    batch.more = batch.frames == budget;
    if !batch.scarce {
        side.with_ndis += batch.lists.count() as usize;
    }
    side.refill(&adapter.host);
    batch
}

/// Takes and indicates everything that is on a ring to which no more buffers are put; false when the back-end broke
/// the protocol. `PASSIVE_LEVEL`.
pub fn take_all(adapter: &Adapter, queue: &Queue) -> bool {
    loop {
        let batch = collect(adapter, queue, BUDGET, adapter.host.client.processor());
        indicate(adapter, &batch.lists, batch.scarce);
        if batch.broken || !batch.more {
            return !batch.broken;
        }
    }
}

fn first_bytes(frame: &Frame<BufferRef>) -> &[u8] {
    frame.fragments.first().map_or(&[], |first| {
        let at = usize::from(first.offset);
        &first.buffer.bytes()[at..at + usize::from(first.len)]
    })
}

/// Gives lists to NDIS. `IRQL <= DISPATCH_LEVEL`.
pub fn indicate(adapter: &Adapter, lists: &Chain, scarce: bool) {
    if lists.count() == 0 {
        return;
    }
    if !adapter.gate.is_open() {
        // A pausing miniport indicates nothing more.
        return take_back(adapter, lists.head(), !scarce);
    }
    let flags = if scarce { NDIS_RECEIVE_FLAGS_RESOURCES } else { 0 };
    // SAFETY: lists of ours, made for this; with the flag they are ours again on return.
    unsafe { NdisMIndicateReceiveNetBufferLists(adapter.handle(), lists.head(), 0, lists.count(), flags) };
    if scarce {
        take_back(adapter, lists.head(), false);
    }
}

/// `MiniportReturnNetBufferLists`.
///
/// # Safety
/// Called by NDIS for an adapter of ours, with lists that we indicated.
pub unsafe extern "win64" fn returned(context: *mut c_void, lists: *mut NET_BUFFER_LIST, _flags: u32) {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    take_back(adapter, lists, true);
}

/// Lists are ours again.
fn take_back(adapter: &Adapter, lists: *mut NET_BUFFER_LIST, counted: bool) {
    let mut list = lists;
    let mut count = 0;
    while !list.is_null() {
        // SAFETY: returned by NDIS.
        let next = unsafe { nbl::next_list(list) };
        // SAFETY: a list of ours that NDIS has returned.
        if let Some(first) = unsafe { BufferRef::from_list(list) } {
            let mut side = adapter.queues[first.queue()].rx.lock();
            side.with_ndis -= usize::from(counted);
            side.recycle(first);
            // Refill in batches: a grant for each, and one look at the ring for many.
            if next.is_null() || side.with_ndis.is_multiple_of(16) {
                side.refill(&adapter.host);
            }
        }
        count += 1;
        list = next;
    }
    adapter.leave(count);
}

impl Adapter {
    /// Does the packet filter let a frame with this destination, whose first bytes are `head`, through?
    fn accepts(&self, destination: Destination, head: &[u8]) -> bool {
        let filter = self.filter.load(Ordering::Relaxed);
        if filter & NDIS_PACKET_TYPE_PROMISCUOUS != 0 {
            return true;
        }
        let Some(address) = head.first_chunk::<6>() else { return false };
        match destination {
            Destination::Broadcast => filter & NDIS_PACKET_TYPE_BROADCAST != 0,
            Destination::Multicast if filter & NDIS_PACKET_TYPE_ALL_MULTICAST != 0 => true,
            Destination::Multicast => {
                filter & NDIS_PACKET_TYPE_MULTICAST != 0 && self.groups.lock().contains(address)
            }
            Destination::Unicast => filter & NDIS_PACKET_TYPE_DIRECTED != 0 && *address == self.current,
        }
    }
}
