//! A frame as a net buffer list: headers in one piece, the VLAN tag out of band, checksums, coalescing
//! and hash as NDIS wants them told. Nothing that the back-end says is repeated unless the frame bears
//! it out.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use core::sync::atomic::Ordering;

use netfront::{
    checksum::{self, Sum},
    headers::{Headers, TCP, UDP},
    rx::{Frame, RxChecksum},
    toeplitz::{Flow, hash_frame},
};
use nt::{nbl, sys::*};
use xenbus::{io::netif::GsoType, types::PAGE_SIZE};

use crate::{adapter::Adapter, buffers::BufferRef, rss::Scaling};

/// A VLAN tag.
const TAG: usize = 4;
/// Where a tag is.
const TAG_AT: usize = 12;
/// Bytes that are in the first buffer whatever the back-end did: the longest headers of Ethernet, IP and
/// TCP that the stack looks at in one piece.
const PULL: usize = 14 + TAG + 60 + 60;

/// A list, and where it belongs.
pub struct Shown {
    /// The list.
    pub list: *mut NET_BUFFER_LIST,
    /// The processor (NT index) that receive-side scaling wants it on.
    pub processor: Option<u32>,
}

/// Makes a net buffer list of a frame; the chained buffers back when it makes no sense.
///
/// # Errors
/// The first of the chained buffers.
pub fn show(
    adapter: &Adapter,
    scaling: &Scaling,
    frame: Frame<BufferRef>,
) -> Result<Shown, Option<BufferRef>> {
    let (said, gso, hash, total) = (frame.checksum, frame.gso, frame.hash, frame.len);
    let mut shown = chain(frame).ok_or(None)?;
    shown.len = total;
    let tag = shown.strip(adapter);
    let headers = Headers::parse(shown.head());
    let segments = match coalesced(adapter, &shown, headers.as_ref(), gso) {
        Ok(segments) => segments,
        Err(NotAsked) => return Err(Some(shown.first)),
    };
    let sums = shown.checksums(adapter, said, headers.as_ref(), segments > 1);
    let head = shown.head();
    let ethertype = head.get(TAG_AT..TAG_AT + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    // A hash of another setting, or of half a one, is worth nothing.
    let trusted = adapter.hashed.load(Ordering::Acquire) == scaling.generation;
    let hashed = hash_of(scaling, head, hash.filter(|_| trusted));
    let list = shown.first.into_list(adapter.handle(), shown.offset as u32, shown.len);
    let set = |slot, value: usize| {
        // SAFETY: a list of ours, not with NDIS yet.
        unsafe { nbl::set_info(list, slot, value as *mut c_void) };
    };
    set(TcpIpChecksumNetBufferListInfo, sums as usize);
    set(NetBufferListFrameType, usize::from(ethertype.to_be()));
    set(Ieee8021QNetBufferListInfo, tag as usize);
    set(TcpRecvSegCoalesceInfo, segments);
    let mut processor = None;
    if let Some((value, flow)) = hashed {
        set(NetBufferListHashValue, value as usize);
        set(NetBufferListHashInfo, crate::rss::hash_info(flow) as usize);
        processor = scaling.processor(value);
    }
    Ok(Shown { list, processor })
}

/// A frame whose buffers are chained: `len` bytes from `offset` of the first on.
struct Chained {
    first: BufferRef,
    offset: usize,
    /// Bytes of data in the first buffer.
    own: usize,
    len: u32,
}

/// Chains the buffers of a frame. Only the first may begin before its data, and has the headers.
fn chain(mut frame: Frame<BufferRef>) -> Option<Chained> {
    pull_up(&mut frame);
    let (mut offset, mut own) = (0, 0);
    let mut rest = None;
    for (index, fragment) in frame.fragments.into_iter().enumerate().rev() {
        let mut buffer = fragment.buffer;
        let (from, len) = (usize::from(fragment.offset), usize::from(fragment.len));
        let end = if index == 0 {
            (offset, own) = (from, len);
            from + len
        } else {
            if from != 0 {
                buffer.bytes_mut().copy_within(from..from + len, 0);
            }
            len
        };
        buffer.chain(end as u32, rest);
        rest = Some(buffer);
    }
    Some(Chained { first: rest?, offset, own, len: 0 })
}

/// Brings the headers into the first buffer, where a back-end has put them in several.
fn pull_up(frame: &mut Frame<BufferRef>) {
    let wanted = PULL.min(frame.len as usize);
    let [first, others @ ..] = &mut frame.fragments[..] else { return };
    if usize::from(first.len) >= wanted {
        return;
    }
    if usize::from(first.offset) + wanted > PAGE_SIZE {
        let from = usize::from(first.offset);
        first.buffer.bytes_mut().copy_within(from..from + usize::from(first.len), 0);
        first.offset = 0;
    }
    for other in others {
        let room = wanted - usize::from(first.len);
        // The last byte stays: an MDL is never empty.
        let step = room.min(usize::from(other.len).saturating_sub(1));
        let (from, to) = (usize::from(other.offset), usize::from(first.offset + first.len));
        first.buffer.bytes_mut()[to..to + step].copy_from_slice(&other.buffer.bytes()[from..from + step]);
        first.len += step as u16;
        other.offset += step as u16;
        other.len -= step as u16;
        if usize::from(first.len) >= wanted || step < room {
            break;
        }
    }
}

/// A large packet that nobody asked for, or that is none, or a longer frame than the MTU allows.
struct NotAsked;

/// How many segments a frame stands for; 0 and 1 are plain.
fn coalesced(
    adapter: &Adapter,
    frame: &Chained,
    headers: Option<&Headers>,
    gso: Option<(u16, GsoType)>,
) -> Result<usize, NotAsked> {
    let len = frame.len as usize;
    let plain = if len <= adapter.mtu as usize + 14 + TAG { Ok(0) } else { Err(NotAsked) };
    let Some((size, ty)) = gso else { return plain };
    let headers = headers.ok_or(NotAsked)?;
    let payload = headers.payload.ok_or(NotAsked)?;
    let right = if headers.v6 { GsoType::TCPV6 } else { GsoType::TCPV4 };
    if headers.protocol != TCP || ty != right || headers.end > len || payload > headers.end {
        return Err(NotAsked);
    }
    let segments = (headers.end - payload).div_ceil(usize::from(size)).min(0xFFFF);
    match segments {
        0 | 1 => plain,
        _ if adapter.offload.rsc(headers.v6) => Ok(segments),
        _ => Err(NotAsked),
    }
}

/// Hash value and kind: the back-end's, where it is of a kind that was asked for, or our own.
fn hash_of(scaling: &Scaling, head: &[u8], hash: Option<(u8, u32)>) -> Option<(u32, Flow)> {
    if scaling.types.is_empty() && !scaling.udp {
        return None;
    }
    let theirs = hash.and_then(|(ty, value)| Some((value, Flow::from_extra(ty)?)));
    if let Some((value, flow)) = theirs
        && scaling.wants(flow)
        && Headers::parse(head).is_some_and(|headers| flow.fits(&headers))
    {
        return Some((value, flow));
    }
    let (flow, value) = hash_frame(&scaling.key, head, scaling.types, scaling.udp)?;
    Some((value, flow))
}

impl Chained {
    /// The bytes in the first buffer.
    fn head(&self) -> &[u8] {
        &self.first.bytes()[self.offset..self.offset + self.own]
    }

    /// Takes a VLAN tag out of the frame, where the stack wants it out of band.
    fn strip(&mut self, adapter: &Adapter) -> u32 {
        let (at, end) = (self.offset, self.offset + self.own);
        let bytes = &mut self.first.bytes_mut()[at..end];
        let tagged = bytes.len() >= 14 + TAG && bytes[TAG_AT..TAG_AT + 2] == [0x81, 0];
        if !tagged || !adapter.config.priority_vlan.any() {
            return 0;
        }
        let control = u16::from_be_bytes([bytes[TAG_AT + 2], bytes[TAG_AT + 3]]);
        bytes.copy_within(..TAG_AT, TAG);
        self.offset += TAG;
        self.own -= TAG;
        self.len -= TAG as u32;
        let mut tag = NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader { _bitfield_1: 0 };
        tag.set_UserPriority(u32::from(control >> 13));
        tag.set_CanonicalFormatId(u32::from(control >> 12 & 1));
        tag.set_VlanId(u32::from(control & 0xFFF));
        tag._bitfield_1
    }

    /// What is known about the checksums, as NDIS wants it. A blank one is filled in, so that it is right
    /// wherever the stack sends the frame on to; only large packets keep it, which NDIS has a word for.
    fn checksums(
        &mut self,
        adapter: &Adapter,
        said: RxChecksum,
        headers: Option<&Headers>,
        large: bool,
    ) -> u32 {
        let mut info = NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive { _bitfield_1: 0 };
        let Some(headers) = headers else { return 0 };
        if !headers.v6 && adapter.offload.rx_ip() {
            // The back-end vouches for TCP and UDP only; twenty bytes are quickly summed.
            let head = self.head();
            let len = usize::from(head[headers.ip] & 0xF) * 4;
            let mut sum = Sum::default();
            sum.add(&head[headers.ip..headers.ip + len]);
            let right = u32::from(sum.folded() == 0xFFFF);
            info.set_IpChecksumSucceeded(right);
            info.set_IpChecksumFailed(1 - right);
        }
        let whole =
            headers.payload.is_some_and(|payload| payload <= headers.end) && headers.end <= self.len as usize;
        if said == RxChecksum::Unknown || !whole {
            return info._bitfield_1;
        }
        if said == RxChecksum::Blank && !large {
            self.complete(headers);
        }
        match headers.protocol {
            TCP if adapter.offload.rx_tcp(headers.v6) => {
                info.set_TcpChecksumSucceeded(1);
                info.set_TcpChecksumValueInvalid(u32::from(said == RxChecksum::Blank && large));
            }
            UDP if adapter.offload.rx_udp(headers.v6) => info.set_UdpChecksumSucceeded(1),
            _ => {}
        }
        info._bitfield_1
    }

    /// Fills the transport checksum in.
    fn complete(&mut self, headers: &Headers) {
        let (Some(start), Some(at)) = (headers.transport, checksum::field(headers)) else { return };
        if at + 2 > self.own {
            return;
        }
        let field = self.offset + at;
        self.first.bytes_mut()[field..field + 2].fill(0);
        let Some(mut sum) = checksum::pseudo_header(headers, self.head(), (headers.end - start) as u32)
        else {
            return;
        };
        let own = &self.head()[start.min(self.own)..headers.end.min(self.own)];
        sum.add(own);
        let mut left = headers.end.saturating_sub(self.own);
        let mut next = self.first.following();
        while let Some(buffer) = next
            && left != 0
        {
            let bytes = buffer.shown();
            let step = bytes.len().min(left);
            sum.add(&bytes[..step]);
            left -= step;
            next = buffer.following();
        }
        let value = match (sum.checksum(), headers.protocol) {
            // Zero means "none" with UDP.
            (0, UDP) => 0xFFFF,
            (value, _) => value,
        };
        self.first.bytes_mut()[field..field + 2].copy_from_slice(&value.to_be_bytes());
    }
}
