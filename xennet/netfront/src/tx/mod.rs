//! Transmission: packets to slots, responses to completions.
//!
//! Small packets, and all packets where the back-end is not trusted, are copied to pages of our own
//! that stay granted. Others are granted where they lie, read-only; their headers are copied where
//! they do not lie in one piece, because back-ends look for them in the first slot. A packet that
//! would need more slots than every back-end accepts is copied as well, which needs 17 at most.

mod complete;
mod slots;

use alloc::vec::Vec;

use arrayvec::ArrayVec;
use xenbus::{
    io::netif::{Extra, GsoType, MAX_TX_SIZE, SLOTS_MIN, Status, TxFlags, TxRequest, TxSlot},
    seam::{Access, EventChannels, GrantError, GrantTable, Host},
    types::{Domid, PAGE_SIZE, Port},
};

pub use self::complete::{Detached, TxPolled};
use self::slots::{Sent, Shadow, Table};
use crate::{
    ETHERNET_HEADER, ETHERNET_MIN, Payload, Run, Violation,
    negotiate::Plan,
    pool::Pool,
    ring::{GrantedRing, OpenError, Remains},
};

/// Slots of the ring: what fits in one page.
pub const TX_SLOTS: usize = 256;
/// Packets up to this length are copied rather than granted: a grant costs more than the copy.
pub const COPY_BELOW: usize = 512;
/// Longest header that is copied in front of granted fragments.
pub const MAX_HEADER: usize = 256;

/// How the checksum of a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxChecksum {
    /// In the packet, or there is none.
    Done,
    /// Of an IPv4 packet: only the pseudo-header's sum is in the packet.
    BlankV4,
    /// Of an IPv6 packet: likewise.
    BlankV6,
}

/// What is to be done with a packet besides sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxMeta {
    /// The checksum.
    pub checksum: TxChecksum,
    /// Payload per segment, and the protocol: for a large packet, whose checksum has to be blank.
    pub gso: Option<(u16, GsoType)>,
    /// Bytes of headers, Ethernet to TCP or UDP, as far as known.
    pub header: u16,
    /// Bit number of the hash type and the hash, where hashing is set up.
    pub hash: Option<(u8, u32)>,
}

impl TxMeta {
    /// A packet that needs nothing.
    pub const PLAIN: Self =
        Self { checksum: TxChecksum::Done, gso: None, header: ETHERNET_HEADER as u16, hash: None };
}

/// Why a packet was not taken. It is the caller's again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxRefusal {
    /// No room: try again after [`TxQueue::poll`] completed something.
    Full,
    /// No connection (not yet, not any more, or suspended).
    Closed,
    /// Shorter than an Ethernet header, or longer than what can be sent.
    Length,
    /// The back-end does not take such packets (any more): blank checksum, large packet.
    Unsupported,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxOutcome {
    /// Sent, as far as the back-end tells.
    Sent,
    /// The back-end refused or dropped it.
    Dropped,
    /// The connection ended before the back-end answered.
    Lost,
}

/// Counters of one direction of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxCounters {
    /// Packets that the back-end sent.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets that were large (to be segmented).
    pub gso_packets: u64,
    /// Packets that the back-end dropped, or that a lost connection took.
    pub dropped: u64,
    /// Packets that were copied whole.
    pub copied: u64,
    /// Packets whose headers were copied.
    pub linearised: u64,
    /// Refusals for want of room.
    pub full: u64,
    /// Notifications sent.
    pub notifications: u64,
    /// Grants that were still mapped when the back-end answered.
    pub still_mapped: u64,
}

struct Channel<H: Host> {
    ring: GrantedRing<H, { size_of::<TxSlot>() }, 4>,
    pool: Pool<H>,
    plan: Plan,
    peer: Domid,
}

/// The transmitting half of a queue. `T` is what the driver gets back with the packet's completion.
/// To be used under a lock at `IRQL <= DISPATCH_LEVEL`, except where noted.
pub struct TxQueue<H: Host, T> {
    channel: Option<Channel<H>>,
    running: bool,
    frozen: bool,
    table: Table<T>,
    broken: Option<Violation>,
    counters: TxCounters,
    /// Extra infos on the ring, which have answers without an id.
    extras: u32,
    last_progress: u64,
    /// One event for many responses.
    moderate: bool,
    /// Packets that are about to be handed back, with their places.
    lost: Vec<(u64, T)>,
    remains: Remains<H>,
}

impl<H: Host, T> TxQueue<H, T> {
    /// A queue without a connection, with all the memory that it will need. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            channel: None,
            running: false,
            frozen: false,
            table: Table::new(),
            broken: None,
            counters: TxCounters::default(),
            extras: 0,
            last_progress: 0,
            moderate: true,
            lost: Vec::with_capacity(TX_SLOTS),
            remains: Remains::<H>::new(),
        }
    }

    /// Makes a ring for `peer`; returns the number of its grant for the store. Packets are taken after
    /// [`TxQueue::enable`]. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left behind.
    ///
    /// # Panics
    /// When the queue is connected: a bug of the caller.
    pub fn open(&mut self, host: &H, peer: Domid, plan: &Plan) -> Result<u32, OpenError> {
        assert!(self.channel.is_none(), "a queue is detached before it is opened again");
        self.remains.retry(host.grants(), usize::MAX, drop);
        let pool = Pool::open(host, peer, usize::from(plan.pool), &mut self.remains)?;
        let ring = match GrantedRing::open(host, peer) {
            Ok(ring) => ring,
            Err(error) => {
                pool.close(host, &mut self.remains);
                return Err(error);
            }
        };
        let gref = ring.gref();
        self.channel = Some(Channel { ring, pool, plan: *plan, peer });
        (self.broken, self.frozen) = (None, false);
        self.extras = 0;
        Ok(gref)
    }

    /// Lets packets in: the back-end is connected. Poll afterwards: answers may have come unseen.
    pub fn enable(&mut self, now: u64) {
        self.running = self.channel.is_some() && self.broken.is_none();
        self.frozen = false;
        self.last_progress = now;
    }

    /// Keeps packets out. What is on the ring stays there, and answers are still taken.
    pub fn disable(&mut self) {
        self.running = false;
        self.frozen = false;
    }

    /// Before a suspend: touches neither the ring nor a grant until [`TxQueue::enable`] or
    /// [`TxQueue::detach`]. Nobody knows in which domain the next call is.
    pub fn freeze(&mut self) {
        self.running = false;
        self.frozen = true;
    }

    /// Asks for one event for many responses (as at first), or for one each.
    pub const fn moderate(&mut self, on: bool) {
        self.moderate = on;
    }

    /// What broke the device, if it is.
    pub const fn broken(&self) -> Option<Violation> {
        self.broken
    }

    /// Counters.
    pub const fn counters(&self) -> &TxCounters {
        &self.counters
    }

    /// Packets that the driver has not got back yet.
    pub fn outstanding(&self) -> usize {
        self.table.packets_in_use()
    }

    /// True when packets have been on the ring for `bound` nanoseconds without any answer.
    pub fn stalled(&self, now: u64, bound: u64) -> bool {
        self.running && self.table.slots_in_use() != 0 && now.saturating_sub(self.last_progress) >= bound
    }

    /// Puts a packet on the ring. The back-end sees it after [`TxQueue::flush`].
    ///
    /// # Errors
    /// The cookie and why.
    pub fn transmit(
        &mut self,
        host: &H,
        payload: &mut impl Payload,
        meta: &TxMeta,
        cookie: T,
        now: u64,
    ) -> Result<(), (T, TxRefusal)> {
        match self.try_transmit(host, payload, meta, now) {
            Ok(packet) => {
                self.table.set_cookie(packet, cookie);
                Ok(())
            }
            Err(why) => {
                self.counters.full += u64::from(why == TxRefusal::Full);
                Err((cookie, why))
            }
        }
    }

    fn try_transmit(
        &mut self,
        host: &H,
        payload: &mut impl Payload,
        meta: &TxMeta,
        now: u64,
    ) -> Result<u16, TxRefusal> {
        if !self.running {
            return Err(TxRefusal::Closed);
        }
        let channel = self.channel.as_mut().ok_or(TxRefusal::Closed)?;
        let plan = &channel.plan;
        let len = payload.len();
        if !(ETHERNET_HEADER..=MAX_TX_SIZE).contains(&len) || (!plan.sg && len > PAGE_SIZE) {
            return Err(TxRefusal::Length);
        }
        let supported = match (meta.gso, meta.checksum) {
            (None, TxChecksum::Done) => true,
            (None, TxChecksum::BlankV4) => plan.tx_csum_v4,
            (None, TxChecksum::BlankV6) => plan.tx_csum_v6,
            (Some((0, _)), _) => false,
            (Some((_, GsoType::TCPV4)), TxChecksum::BlankV4) => plan.tx_gso_v4,
            (Some((_, GsoType::TCPV6)), TxChecksum::BlankV6) => plan.tx_gso_v6,
            (Some(_), _) => false,
        };
        if !supported {
            return Err(TxRefusal::Unsupported);
        }

        let mut runs = ArrayVec::new();
        let mut header = 0;
        let copy = plan.bounce
            || !plan.sg
            || len <= COPY_BELOW
            || !collect(payload, usize::from(meta.header), &mut header, &mut runs);
        let pages = if copy { len.div_ceil(PAGE_SIZE) } else { usize::from(header != 0) };
        let slots = if copy { pages } else { pages + runs.len() };
        let extras = usize::from(meta.gso.is_some()) + usize::from(meta.hash.is_some());

        let room = slots + extras <= channel.ring.ring.free() as usize
            && pages <= channel.pool.available()
            && self.table.has_room(slots);
        if !room {
            return Err(TxRefusal::Full);
        }
        if self.table.slots_in_use() == 0 {
            self.last_progress = now;
        }
        let total = len.max(ETHERNET_MIN);
        let packet = self.table.add_packet(total as u32, meta.gso.is_some()).ok_or(TxRefusal::Full)?;
        let mut writer = Writer {
            host,
            channel,
            table: &mut self.table,
            packet,
            pushed: 0,
            left: slots,
            total: total as u16,
            meta,
        };
        let written =
            if copy { writer.copied(payload, len, total) } else { writer.granted(payload, header, &runs) };
        let pushed = writer.pushed;
        match written {
            Ok(()) => {
                self.extras += extras as u32;
                self.counters.copied += u64::from(copy);
                self.counters.linearised += u64::from(!copy && header != 0);
                Ok(packet)
            }
            Err(why) => {
                channel.ring.ring.unpush(pushed);
                if self.table.undo_packet(packet, host, &mut channel.pool) {
                    Err(why)
                } else {
                    self.counters.still_mapped += 1;
                    Ok(packet)
                }
            }
        }
    }

    /// Adds an address to the back-end's multicast filter, or removes it.
    ///
    /// # Errors
    /// [`TxRefusal::Full`], [`TxRefusal::Closed`], [`TxRefusal::Unsupported`].
    pub fn multicast(&mut self, add: bool, address: [u8; 6]) -> Result<(), TxRefusal> {
        if !self.running {
            return Err(TxRefusal::Closed);
        }
        let channel = self.channel.as_mut().ok_or(TxRefusal::Closed)?;
        if !channel.plan.multicast {
            return Err(TxRefusal::Unsupported);
        }
        if channel.ring.ring.free() < 2 || !self.table.has_room(1) {
            return Err(TxRefusal::Full);
        }
        let id = self.table.add_slot(Shadow::Multicast { add }).ok_or(TxRefusal::Full)?;
        let request = TxRequest { flags: TxFlags::EXTRA_INFO.bits(), id, ..TxRequest::default() };
        let extra = if add { Extra::McastAdd(address) } else { Extra::McastDel(address) };
        for slot in [TxSlot::from(request), TxSlot::from(extra.encode(false))] {
            // Two slots were free a moment ago, and the ring is ours.
            if channel.ring.ring.push(&slot).is_err() {
                return Err(TxRefusal::Full);
            }
        }
        self.extras += 1;
        Ok(())
    }

    /// Publishes what was put on the ring since the last time, and notifies the back-end if it asked.
    pub fn flush(&mut self, host: &H, port: &Port) {
        if let Some(channel) = &mut self.channel
            && channel.ring.ring.unpublished() != 0
            && channel.ring.ring.publish()
        {
            self.counters.notifications += 1;
            host.events().notify(port);
        }
    }
}

impl<H: Host, T> Default for TxQueue<H, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Finds the runs of a packet that is granted where it lies, and how many bytes of header are to be
/// copied in front. False when it would take too many slots.
fn collect(
    payload: &mut impl Payload,
    wanted: usize,
    header: &mut usize,
    runs: &mut ArrayVec<Run, SLOTS_MIN>,
) -> bool {
    let len = payload.len();
    let wanted = wanted.clamp(ETHERNET_HEADER, MAX_HEADER).min(len);
    let first = payload.run(0);
    let mut at = 0;
    if usize::from(first.len) < wanted {
        *header = wanted;
        at = wanted;
    }
    while at < len {
        let run = if at == 0 { first } else { payload.run(at) };
        // A driver's bug must not become an endless loop or a wild grant.
        if run.len == 0 || usize::from(run.offset) + usize::from(run.len) > PAGE_SIZE {
            return false;
        }
        let clipped = usize::from(run.len).min(len - at) as u16;
        if runs.try_push(Run { len: clipped, ..run }).is_err() {
            return false;
        }
        at += usize::from(clipped);
    }
    usize::from(*header != 0) + runs.len() <= SLOTS_MIN
}

/// Puts the slots of one packet on the ring.
struct Writer<'a, H: Host, T> {
    host: &'a H,
    channel: &'a mut Channel<H>,
    table: &'a mut Table<T>,
    packet: u16,
    pushed: u32,
    /// Requests that are still to come.
    left: usize,
    total: u16,
    meta: &'a TxMeta,
}

impl<H: Host, T> Writer<'_, H, T> {
    fn copied(&mut self, payload: &mut impl Payload, len: usize, total: usize) -> Result<(), TxRefusal> {
        for at in (0..len).step_by(PAGE_SIZE) {
            let bytes = (len - at).min(PAGE_SIZE);
            let padded = (total - at).min(PAGE_SIZE);
            self.pooled(payload, at, bytes, padded)?;
        }
        Ok(())
    }

    fn granted(&mut self, payload: &mut impl Payload, header: usize, runs: &[Run]) -> Result<(), TxRefusal> {
        if header != 0 {
            self.pooled(payload, 0, header, header)?;
        }
        for run in runs {
            let grant =
                self.host.grants().grant_access(self.channel.peer, run.gfn, Access::ReadOnly).map_err(
                    |error| match error {
                        GrantError::Closed => TxRefusal::Closed,
                        _ => TxRefusal::Full,
                    },
                )?;
            let gref = grant.raw();
            let shadow = Shadow::Granted { grant, packet: self.packet };
            let id = self.table.add_slot(shadow).ok_or(TxRefusal::Full)?;
            self.request(id, gref, run.offset, run.len)?;
        }
        Ok(())
    }

    fn pooled(
        &mut self,
        payload: &mut impl Payload,
        at: usize,
        len: usize,
        padded: usize,
    ) -> Result<(), TxRefusal> {
        let page = self.channel.pool.take().ok_or(TxRefusal::Full)?;
        self.channel.pool.fill(page, payload, at, len, padded);
        let shadow = Shadow::Pooled { page, packet: self.packet };
        let id = self.table.add_slot(shadow).ok_or(TxRefusal::Full)?;
        self.request(id, self.channel.pool.gref(page), 0, padded as u16)
    }

    fn request(&mut self, id: u16, gref: u32, offset: u16, size: u16) -> Result<(), TxRefusal> {
        let first = self.pushed == 0;
        self.left -= 1;
        let mut flags = TxFlags::empty();
        flags.set(TxFlags::MORE_DATA, self.left != 0);
        if first {
            let blank = self.meta.checksum != TxChecksum::Done;
            flags.set(TxFlags::CSUM_BLANK | TxFlags::DATA_VALIDATED, blank);
            flags.set(TxFlags::EXTRA_INFO, self.meta.gso.is_some() || self.meta.hash.is_some());
        }
        // The first request tells the length of all; the back-end subtracts the others.
        let size = if first { self.total } else { size };
        self.push(&TxRequest { gref, offset, flags: flags.bits(), id, size }.into())?;
        if first {
            if let Some((size, ty)) = self.meta.gso {
                self.push(&Extra::Gso { size, ty }.encode(self.meta.hash.is_some()).into())?;
            }
            if let Some((ty, value)) = self.meta.hash {
                let algorithm = xenbus::io::netif_ctrl::ALGORITHM_TOEPLITZ as u8;
                self.push(&Extra::Hash { ty, algorithm, value }.encode(false).into())?;
            }
        }
        Ok(())
    }

    fn push(&mut self, slot: &TxSlot) -> Result<(), TxRefusal> {
        self.channel.ring.ring.push(slot).map_err(|_| TxRefusal::Full)?;
        self.pushed += 1;
        Ok(())
    }
}
