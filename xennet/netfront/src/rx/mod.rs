//! Reception: buffers to slots, responses to frames.
//!
//! Buffers are pages of the driver. They circulate: lent to the queue, granted to the back-end,
//! handed to the driver as part of a frame, lent again. A buffer leaves the queue only after its
//! grant has ended, so what the driver looks at does not change under its eyes.
//!
//! The back-end answers each request in the request's own slot (extra infos have no id, so this is
//! the only way to tell which buffer they used up). A packet may be spread over several responses,
//! and the responses over several polls.

mod assemble;

use alloc::{collections::VecDeque, vec::Vec};

use arrayvec::ArrayVec;
use xenbus::{
    io::netif::{GsoType, RxRequest, RxSlot},
    seam::{Access, EventChannels, GrantTable, Host, StillMapped},
    types::{Domid, GrantRef, Port},
};

use crate::{
    Buffer, Violation,
    ring::{GrantedRing, OpenError, Remains},
};

/// Slots of the ring: what fits in one page.
pub const RX_SLOTS: usize = 256;
/// Most buffers of one frame: 64 KiB, not aligned, and a header of its own.
pub const MAX_FRAGMENTS: usize = 19;
/// Most extra infos of one frame.
pub const MAX_EXTRAS: u32 = 8;
/// Longest frame: a large packet with its Ethernet header and tag.
pub const MAX_FRAME: u32 = 0xFFFF + 18;
/// Buffers that the back-end still maps after its answer, before that counts as hostile enough to stop.
const MAX_PINNED: usize = 64;

/// A piece of a frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Fragment<B> {
    /// The page.
    pub buffer: B,
    /// First byte within the page.
    pub offset: u16,
    /// Bytes; `offset + len <= 4096`.
    pub len: u16,
}

/// How the checksum of a received packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxChecksum {
    /// Not looked at by the back-end.
    Unknown,
    /// The data is right and the checksum is in the packet.
    Validated,
    /// The data is right, but only the pseudo-header's sum is in the packet.
    Blank,
}

/// A received packet. Its buffers are to be lent to a queue again.
#[derive(Debug)]
pub struct Frame<B> {
    /// The pieces, in order.
    pub fragments: ArrayVec<Fragment<B>, MAX_FRAGMENTS>,
    /// Bytes in all, from the Ethernet header on.
    pub len: u32,
    /// The checksum.
    pub checksum: RxChecksum,
    /// A large packet: payload per segment (not 0), and the protocol.
    pub gso: Option<(u16, GsoType)>,
    /// Bit number of the hash type and the hash, where the back-end computed one with Toeplitz.
    pub hash: Option<(u8, u32)>,
}

/// Counters of one direction of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxCounters {
    /// Packets handed to the driver.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets that were large.
    pub gso_packets: u64,
    /// Packets that were dropped because the back-end reported an error.
    pub errors: u64,
    /// Packets that were dropped because they made no sense.
    pub malformed: u64,
    /// Packets of which the end of the connection has left a part only.
    pub incomplete: u64,
    /// Buffers put on the ring.
    pub posted: u64,
    /// Buffers that were put on the ring for at least the second time.
    pub recycled: u64,
    /// Notifications sent.
    pub notifications: u64,
    /// Buffers that were still mapped when the back-end answered.
    pub still_mapped: u64,
    /// Times that the ring was left without any buffer.
    pub starved: u64,
}

/// What a poll came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxPolled {
    /// The budget was used up: call again.
    pub more: bool,
    /// Buffers that the back-end still maps after its answer: call again after a while.
    pub pinned: bool,
}

struct Channel<H: Host> {
    ring: GrantedRing<H, { size_of::<RxRequest>() }, { size_of::<RxSlot>() }>,
    peer: Domid,
    /// The slot of the next request.
    next: u32,
}

/// A frame that is being put together.
struct Assembly<B> {
    frame: Frame<B>,
    /// The next slot holds an extra info.
    extra_next: bool,
    extras: u32,
    /// The frame goes on in another response.
    more: bool,
    /// It is to be dropped when complete.
    bad: Option<Bad>,
    active: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    Error,
    Malformed,
}

/// The receiving half of a queue. To be used under a lock at `IRQL <= DISPATCH_LEVEL`, except where
/// noted.
pub struct RxQueue<H: Host, B: Buffer> {
    channel: Option<Channel<H>>,
    running: bool,
    frozen: bool,
    slots: Vec<Option<(B, GrantRef)>>,
    /// Buffers that wait to be put on the ring.
    spare: VecDeque<B>,
    pinned: Vec<(B, GrantRef)>,
    assembly: Assembly<B>,
    broken: Option<Violation>,
    counters: RxCounters,
    remains: Remains<H>,
}

impl<H: Host, B: Buffer> RxQueue<H, B> {
    /// A queue without a connection, for up to `buffers` buffers. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn new(buffers: usize) -> Self {
        Self {
            channel: None,
            running: false,
            frozen: false,
            slots: (0..RX_SLOTS).map(|_| None).collect(),
            spare: VecDeque::with_capacity(buffers),
            pinned: Vec::with_capacity(MAX_PINNED),
            assembly: Assembly::new(),
            broken: None,
            counters: RxCounters::default(),
            remains: Remains::<H>::new(),
        }
    }

    /// Makes a ring for `peer`; returns the number of its grant for the store. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left behind.
    ///
    /// # Panics
    /// When the queue is connected: a bug of the caller.
    pub fn open(&mut self, host: &H, peer: Domid) -> Result<u32, OpenError> {
        assert!(self.channel.is_none(), "a queue is detached before it is opened again");
        self.remains.retry(host.grants(), usize::MAX, drop);
        let ring = GrantedRing::open(host, peer)?;
        let gref = ring.gref();
        let next = ring.ring.next_response();
        self.channel = Some(Channel { ring, peer, next });
        (self.broken, self.frozen) = (None, false);
        Ok(gref)
    }

    /// Puts buffers on the ring from now on: before the back-end is told to connect.
    pub fn enable(&mut self) {
        self.running = self.channel.is_some() && self.broken.is_none();
        self.frozen = false;
    }

    /// Posts no more buffers. Frames that come are still taken.
    pub fn disable(&mut self) {
        self.running = false;
        self.frozen = false;
    }

    /// Before a suspend: touches neither the ring nor a grant until [`RxQueue::enable`],
    /// [`RxQueue::disable`] or [`RxQueue::detach`]. Nobody knows in which domain the next call is.
    pub fn freeze(&mut self) {
        self.running = false;
        self.frozen = true;
    }

    /// What broke the device, if it is.
    pub const fn broken(&self) -> Option<Violation> {
        self.broken
    }

    /// Counters.
    pub const fn counters(&self) -> &RxCounters {
        &self.counters
    }

    /// Buffers that the queue has: spare, on the ring, in an unfinished frame, or pinned.
    pub fn buffers(&self) -> usize {
        let posted = self.slots.iter().flatten().count();
        self.spare.len() + posted + self.assembly.frame.fragments.len() + self.pinned.len()
    }

    /// Lends a buffer that has not been on a ring yet.
    pub fn lend(&mut self, buffer: B) {
        self.spare.push_back(buffer);
    }

    /// Lends a buffer again that came with a frame.
    pub fn recycle(&mut self, buffer: B) {
        self.counters.recycled += 1;
        self.spare.push_back(buffer);
    }

    /// Puts spare buffers on the ring as far as it has room, and notifies the back-end if it asked.
    pub fn refill(&mut self, host: &H, port: &Port) {
        if !self.running {
            return;
        }
        let Some(channel) = &mut self.channel else { return };
        let mask = channel.ring.ring.slots() - 1;
        while channel.ring.ring.free() != 0
            && let Some(buffer) = self.spare.pop_front()
        {
            let Ok(grant) = host.grants().grant_access(channel.peer, buffer.gfn(), Access::ReadWrite) else {
                // Later: after some grant has ended, the next poll or recycling comes here again.
                self.spare.push_front(buffer);
                break;
            };
            let slot = channel.next & mask;
            let request = RxRequest { id: slot as u16, pad: 0, gref: grant.raw() };
            if channel.ring.ring.push(&request).is_err() {
                self.spare.push_front(buffer);
                drop(host.grants().end_access(grant));
                break;
            }
            channel.next = channel.next.wrapping_add(1);
            self.slots[slot as usize] = Some((buffer, grant));
            self.counters.posted += 1;
        }
        if channel.ring.ring.outstanding() == 0 {
            self.counters.starved += 1;
        }
        if channel.ring.ring.unpublished() != 0 && channel.ring.ring.publish() {
            self.counters.notifications += 1;
            host.events().notify(port);
        }
    }

    /// Takes up to `budget` frames. Call [`RxQueue::refill`] afterwards.
    ///
    /// # Errors
    /// [`Violation`], once: the queue takes and gives nothing any more until it is detached.
    pub fn poll(
        &mut self,
        host: &H,
        budget: usize,
        mut deliver: impl FnMut(Frame<B>),
    ) -> Result<RxPolled, Violation> {
        let mut polled = RxPolled::default();
        if self.frozen {
            return Ok(polled);
        }
        self.retry_pinned(host);
        if self.broken.is_none() {
            match self.take_frames(host, budget, &mut deliver) {
                Ok(more) => polled.more = more,
                Err(violation) => {
                    self.broken = Some(violation);
                    self.running = false;
                    return Err(violation);
                }
            }
        }
        polled.pinned = !self.pinned.is_empty();
        Ok(polled)
    }

    fn retry_pinned(&mut self, host: &H) {
        for index in (0..self.pinned.len()).rev() {
            let (buffer, grant) = self.pinned.swap_remove(index);
            match host.grants().end_access(grant) {
                Ok(()) => self.spare.push_back(buffer),
                Err(StillMapped(grant)) => self.pinned.push((buffer, grant)),
            }
        }
    }

    /// Ends the connection after the back-end closed, gave no answer to our closing, or was left behind with the domain.
    /// Buffers come back as spare, except those that the back-end still maps. Returns how many of these there are.
    /// Frames that are still on the ring are lost: poll before. `PASSIVE_LEVEL`.
    pub fn detach(&mut self, host: &H) -> usize {
        self.running = false;
        self.frozen = false;
        self.lose_assembly();
        for slot in &mut self.slots {
            let Some((buffer, grant)) = slot.take() else { continue };
            match host.grants().end_access(grant) {
                Ok(()) => self.spare.push_back(buffer),
                Err(StillMapped(grant)) => {
                    self.counters.still_mapped += 1;
                    self.pinned.push((buffer, grant));
                }
            }
        }
        if let Some(channel) = self.channel.take() {
            channel.ring.close(host, &mut self.remains);
        }
        self.broken = None;
        self.remains.retry(host.grants(), usize::MAX, drop);
        self.retry_pinned(host);
        self.pinned.len()
    }

    /// Gives the spare buffers back, for the end of the device. What is still mapped stays.
    pub fn take_spare(&mut self) -> Option<B> {
        self.spare.pop_front()
    }
}
