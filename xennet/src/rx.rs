//! Receives: frames to net buffer lists, returned lists to buffers.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use netfront::{
    Violation,
    headers::{Headers, TCP, UDP},
    rx::{Frame, RxChecksum, RxQueue},
    toeplitz::{Flow, hash_frame},
};
use nt::{nbl, sys::*};
use xenbus::types::{PAGE_SIZE, Port};

use crate::{
    adapter::Adapter,
    buffers::BufferRef,
    host::XenHost,
    stats::{Destination, Traffic},
    tx::Chain,
};

/// Frames that one call of the event handler takes, before others get their turn.
pub const BUDGET: u32 = 64;
/// A VLAN tag.
const TAG: usize = 4;
/// Where a tag is.
const TAG_AT: usize = 12;

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
}

impl RxSide {
    /// Without a connection, for up to `buffers` buffers.
    #[must_use]
    pub fn new(buffers: usize) -> Self {
        Self { queue: RxQueue::new(buffers), port: None, buffers, with_ndis: 0, traffic: Traffic::default() }
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

/// What a call of [`service`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Frames that were there.
    pub frames: u32,
    /// There may be more.
    pub more: bool,
}

/// Takes frames off a queue and gives them to NDIS. `DISPATCH_LEVEL`.
///
/// # Errors
/// The back-end broke the protocol.
pub fn service(adapter: &Adapter, index: usize) -> Result<Served, Violation> {
    let queue = &adapter.queues[index];
    let mut served = Served::default();
    let mut lists = Chain::new();
    let mut side = queue.rx.lock();
    let mut broken = None;
    while served.frames < BUDGET {
        let mut got = None;
        match side.queue.poll(&adapter.host, 1, |frame| got = Some(frame)) {
            Ok(_) => {}
            Err(violation) => {
                broken = Some(violation);
                break;
            }
        }
        let Some(frame) = got else { break };
        served.frames += 1;
        let len = frame.len as usize;
        let destination = Destination::of(frame.fragments.first().map_or(&[], |first| {
            let at = usize::from(first.offset);
            &first.buffer.bytes()[at..at + usize::from(first.len)]
        }));
        let wanted = adapter.accepts(destination, &frame) && adapter.enter();
        match show(adapter, frame) {
            Ok(list) if wanted => {
                side.traffic.count(destination, len);
                lists.push(list);
            }
            Ok(list) => {
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
    served.more = served.frames == BUDGET;
    // With few buffers left the stack has to copy at once.
    let count = lists.count() as usize;
    let scarce = side.with_ndis + count + 64 > side.buffers;
    if !scarce {
        side.with_ndis += count;
    }
    side.refill(&adapter.host);
    drop(side);
    if count != 0 {
        let flags = if scarce { NDIS_RECEIVE_FLAGS_RESOURCES } else { 0 };
        // SAFETY: lists of ours, made for this; with the flag they are ours again on return.
        unsafe { NdisMIndicateReceiveNetBufferLists(adapter.handle(), lists.head(), 0, count as u32, flags) };
        if scarce {
            take_back(adapter, lists.head(), false);
        }
    }
    match broken {
        Some(violation) => Err(violation),
        None => Ok(served),
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

/// Makes a net buffer list of a frame; the chained buffers back when it makes no sense.
fn show(adapter: &Adapter, frame: Frame<BufferRef>) -> Result<*mut NET_BUFFER_LIST, Option<BufferRef>> {
    let (checksum, gso, hash, total) = (frame.checksum, frame.gso, frame.hash, frame.len);
    let mut offset = 0;
    let mut rest = None;
    for (index, fragment) in frame.fragments.into_iter().enumerate().rev() {
        let mut buffer = fragment.buffer;
        let (from, len) = (usize::from(fragment.offset), usize::from(fragment.len));
        let end = if index == 0 {
            offset = from;
            from + len
        } else {
            // Only the first MDL of a net buffer may begin before its data.
            if from != 0 {
                buffer.bytes_mut().copy_within(from..from + len, 0);
            }
            len
        };
        buffer.chain(end as u32, rest);
        rest = Some(buffer);
    }
    let Some(mut first) = rest else { return Err(None) };
    let mut len = total;
    let tag = strip(adapter, &mut first, &mut offset, &mut len);
    let head_end = (offset + len as usize).min(PAGE_SIZE);
    let head = &first.bytes()[offset..head_end];
    let headers = Headers::parse(head);
    let sums = checksums(adapter, checksum, headers.as_ref(), head);
    let coalesced = match (gso, headers) {
        (None, _) => 0,
        (Some((size, _)), Some(headers)) if adapter.offload.rsc(headers.v6) => {
            let Some(payload) = headers.payload else { return Err(Some(first)) };
            (len as usize).saturating_sub(payload).div_ceil(usize::from(size)).min(0xFFFF)
        }
        // A large packet that nobody asked for, or that is not TCP at all.
        (Some(_), _) => return Err(Some(first)),
    };
    let ethertype = head.get(TAG_AT..TAG_AT + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    let scaling = adapter.scaling(head, hash);
    let list = first.into_list(adapter.handle(), offset as u32, len);
    let set = |slot, value: usize| {
        // SAFETY: a list of ours, not with NDIS yet.
        unsafe { nbl::set_info(list, slot, value as *mut c_void) };
    };
    set(TcpIpChecksumNetBufferListInfo, sums as usize);
    set(NetBufferListFrameType, usize::from(ethertype.to_be()));
    set(Ieee8021QNetBufferListInfo, tag as usize);
    set(TcpRecvSegCoalesceInfo, coalesced);
    if let Some((value, info)) = scaling {
        set(NetBufferListHashValue, value as usize);
        set(NetBufferListHashInfo, info as usize);
    }
    Ok(list)
}

/// Takes a VLAN tag out of the frame, where the stack wants it out of band.
fn strip(adapter: &Adapter, first: &mut BufferRef, offset: &mut usize, len: &mut u32) -> u32 {
    let at = *offset;
    let end = at + (*len as usize).min(PAGE_SIZE - at);
    let bytes = &mut first.bytes_mut()[at..end];
    let tagged = bytes.len() >= 14 + TAG && bytes[TAG_AT..TAG_AT + 2] == [0x81, 0];
    if !tagged || !adapter.config.priority_vlan.any() {
        return 0;
    }
    let control = u16::from_be_bytes([bytes[TAG_AT + 2], bytes[TAG_AT + 3]]);
    bytes.copy_within(..TAG_AT, TAG);
    *offset += TAG;
    *len -= TAG as u32;
    let mut tag = NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader { _bitfield_1: 0 };
    tag.set_UserPriority(u32::from(control >> 13));
    tag.set_CanonicalFormatId(u32::from(control >> 12 & 1));
    tag.set_VlanId(u32::from(control & 0xFFF));
    tag._bitfield_1
}

/// What is known about the checksums, as NDIS wants it.
fn checksums(adapter: &Adapter, checksum: RxChecksum, headers: Option<&Headers>, head: &[u8]) -> u32 {
    let mut info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive { _bitfield_1: 0 };
    let Some(headers) = headers else { return 0 };
    if !headers.v6 && adapter.offload.rx_ip() {
        // The back-end vouches for TCP and UDP only; twenty bytes are quickly summed.
        let len = usize::from(head[headers.ip] & 0xF) * 4;
        let mut sum = netfront::checksum::Sum::default();
        sum.add(&head[headers.ip..headers.ip + len]);
        let right = u32::from(sum.folded() == 0xFFFF);
        info.set_IpChecksumSucceeded(right);
        info.set_IpChecksumFailed(1 - right);
    }
    if checksum != RxChecksum::Unknown && headers.transport.is_some() {
        match headers.protocol {
            TCP if adapter.offload.rx_tcp(headers.v6) => {
                info.set_TcpChecksumSucceeded(1);
                info.set_TcpChecksumValueInvalid(u32::from(checksum == RxChecksum::Blank));
            }
            UDP if adapter.offload.rx_udp(headers.v6) => info.set_UdpChecksumSucceeded(1),
            _ => {}
        }
    }
    info._bitfield_1
}

impl Adapter {
    /// Hash value and information for NDIS: the back-end's hash, or our own.
    fn scaling(&self, head: &[u8], hash: Option<(u8, u32)>) -> Option<(u32, u32)> {
        let scaling = self.scaling.lock();
        if scaling.types.is_empty() {
            return None;
        }
        let (flow, value) = match hash.and_then(|(ty, value)| Some((Flow::from_extra(ty)?, value))) {
            Some(known) => known,
            None => hash_frame(&scaling.key, head, scaling.types, scaling.udp)?,
        };
        Some((value, crate::rss::hash_info(flow)))
    }

    /// Does the packet filter let the frame through?
    fn accepts(&self, destination: Destination, frame: &Frame<BufferRef>) -> bool {
        let filter = self.filter.load(Ordering::Relaxed);
        if filter & NDIS_PACKET_TYPE_PROMISCUOUS != 0 {
            return true;
        }
        let Some(first) = frame.fragments.first() else { return false };
        let at = usize::from(first.offset);
        let Some(address) = first.buffer.bytes().get(at..at + 6) else { return false };
        match destination {
            Destination::Broadcast => filter & NDIS_PACKET_TYPE_BROADCAST != 0,
            Destination::Multicast if filter & NDIS_PACKET_TYPE_ALL_MULTICAST != 0 => true,
            Destination::Multicast => {
                filter & NDIS_PACKET_TYPE_MULTICAST != 0
                    && self.groups.lock().iter().any(|group| group == address)
            }
            Destination::Unicast => {
                filter & NDIS_PACKET_TYPE_DIRECTED != 0 && *address == self.current_address()
            }
        }
    }
}
