//! The bytes of a send: a net buffer's MDLs, and headers that have to be changed.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use netfront::{Payload, Run, checksum::Sum};
use nt::{
    irp::{MmGetMdlPfnArray, MmGetSystemAddressForMdlSafe},
    nbl,
    sys::*,
};
use xenbus::types::{Gfn, PAGE_SIZE};

use crate::{
    packet::{Features, HEAD, Prepared, SendRequest, prepare},
    stats::Destination,
};

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
pub struct NetBuffer {
    first: *mut MDL,
    first_offset: usize,
    /// Bytes of the packet as NDIS gave it.
    pub len: usize,
    /// Where the last look was: an MDL, and the packet's byte that its used part starts with.
    mdl: *mut MDL,
    base: usize,
    /// What the request means for them.
    pub prepared: Prepared,
    /// Where it goes.
    pub destination: Destination,
}

impl NetBuffer {
    /// Of `buffer`, a net buffer of `list`, both ours.
    ///
    /// # Errors
    /// What the list is to be completed with.
    pub fn new(
        list: *mut NET_BUFFER_LIST,
        buffer: *mut NET_BUFFER,
        features: &Features,
    ) -> Result<Self, NDIS_STATUS> {
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
        let request = request(list);
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
