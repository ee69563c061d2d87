//! A queue: requests on their way through one ring.
//!
//! The driver holds a lock of its own around every call. The way of a request: [`Queue::submit`] puts
//! it in line, [`Queue::kick`] turns what fits into ring requests (module `issue`) and publishes them
//! in one go, [`Queue::poll`] takes responses (module `retire`), and [`Queue::take_done`] hands out
//! what ended, for the driver to complete outside its lock. Nothing on this way allocates.

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

use xenbus::{
    io::blkif,
    ring::Violation as RingViolation,
    seam::{EventChannels, Host},
    types::GrantRef,
};

use crate::{
    channel::Channel,
    fence::{Fence, Fences},
    flush::Order,
    negotiate::{Disk, FlushBy, Policy},
    request::{Cursor, Done, Failure, Operation, Payload, Rejected, Request, SECTOR, is_aligned},
    slab::Slab,
};

/// What the back-end did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A producer index that cannot be.
    Ring(RingViolation),
    /// A response to no request of ours: an unknown id, or a second response.
    UnknownId(u64),
    /// A response whose operation is not that of the request.
    Operation {
        /// The id.
        id: u64,
        /// The operation of the response.
        operation: u8,
    },
    /// Declared broken by the driver (time-out, missing back-end).
    Declared,
}

/// What a poll found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// The budget was used up: call again.
    pub more: bool,
    /// Something waits that no event will announce (grants still mapped, no grants left): call again
    /// in about 10 ms.
    pub retry: bool,
    /// A fence was lifted: poll the other queues of the device too.
    pub lifted: bool,
}

/// Figures for the administrator and for the tests' bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests taken.
    pub requests: u64,
    /// Requests handed back, failed ones included.
    pub completed: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Slots of the ring used.
    pub slots: u64,
    /// Ring requests with indirect segments.
    pub indirect: u64,
    /// Segments on the ring.
    pub segments: u64,
    /// Pages copied.
    pub bounced: u64,
    /// Events sent.
    pub notifications: u64,
    /// Times that publishing requests needed no event.
    pub silent: u64,
    /// Responses taken.
    pub responses: u64,
    /// Times that requests had to wait for a slot, a grant or a page.
    pub stalls: u64,
    /// Responses whose grants were still mapped.
    pub deferred: u64,
    /// Ring requests issued again after the ring was lost.
    pub reissued: u64,
}

/// The part of a queue's state that decides what may be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Requests are issued.
    Running,
    /// Requests wait in line (suspend, reconnection).
    Frozen,
    /// The device is broken.
    Broken(Violation),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The data (or the one ring request that the operation is).
    Data,
    /// The flush behind a write with FUA.
    Flush,
}

/// A request of the driver.
#[derive(Debug)]
pub(crate) struct Parent<T> {
    /// `None`: completed by a reset while on the ring.
    pub(crate) token: Option<T>,
    pub(crate) operation: Operation,
    pub(crate) sector: u64,
    pub(crate) sectors: u64,
    /// All of it is copied.
    pub(crate) bounce: bool,
    /// What was issued so far.
    pub(crate) cursor: Cursor,
    /// Ring requests under way or with grants still mapped.
    pub(crate) in_flight: u32,
    /// Of those, requests that use pages of the driver.
    pub(crate) in_place: u32,
    pub(crate) failure: Option<Failure>,
    pub(crate) stage: Stage,
    /// The ring was lost: issue all of it again.
    pub(crate) restart: bool,
    /// Stands in one of the lines.
    pub(crate) queued: bool,
    /// Group of writes that flushes wait for.
    pub(crate) group: Option<usize>,
    pub(crate) fence: Option<Fence>,
    pub(crate) since: u64,
}

impl<T> Parent<T> {
    pub(crate) fn bytes(&self) -> u64 {
        self.sectors * SECTOR
    }
    pub(crate) fn end(&self) -> u64 {
        self.sector + self.sectors
    }
}

/// How a ring request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    Fail(Failure),
    /// The ring was lost: do it again.
    Again,
    /// It never was on the ring.
    Nothing,
}

/// A ring request; its number in the table is its id.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) parent: u32,
    /// The operation that the response must echo.
    pub(crate) operation: blkif::Operation,
    /// Bytes of the parent before this request's data.
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// First of its pages, the last one issued.
    pub(crate) pages: Option<u32>,
    pub(crate) indirect: Option<u16>,
    pub(crate) in_place: bool,
    /// Set when it has ended but the back-end still maps its pages.
    pub(crate) end: Option<End>,
}

/// A page of a ring request.
#[derive(Debug)]
pub(crate) struct PageNode {
    pub(crate) grant: Option<GrantRef>,
    pub(crate) bounce: Option<u16>,
    /// Bytes of the ring request before this page's.
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
    pub(crate) next: Option<u32>,
}

/// See the module.
pub struct Queue<H: Host, T> {
    pub(crate) channel: Option<Channel<H>>,
    pub(crate) state: State,
    pub(crate) disk: Disk,
    pub(crate) flush_by: FlushBy,
    pub(crate) parents: Slab<Parent<T>>,
    pub(crate) slots: Slab<Slot>,
    pub(crate) pages: Slab<PageNode>,
    pub(crate) pending: VecDeque<u32>,
    /// Requests behind a fence.
    pub(crate) parked: VecDeque<u32>,
    pub(crate) order: Order,
    pub(crate) finished: VecDeque<Done<T>>,
    /// Slots whose grants are still mapped.
    pub(crate) draining: u32,
    pub(crate) lifted: bool,
    /// Nothing could be issued for want of something that only time brings.
    pub(crate) starved: bool,
    pub(crate) fences: Arc<Fences>,
    pub(crate) counters: Counters,
}

/// Responses taken in one poll at most.
const BUDGET: u32 = 1024;

impl<H: Host, T: Payload> Queue<H, T> {
    /// Makes a queue without a ring for a disk; requests are taken and wait. `capacity` is the number
    /// of requests that it holds. All memory that the queue itself will ever need is allocated here; `None` without.
    pub fn create(policy: &Policy, capacity: usize, disk: &Disk, fences: Arc<Fences>) -> Option<Self> {
        let slots = 32usize << policy.ring_order.min(crate::negotiate::MAX_RING_ORDER);
        let pages = (policy.grants + policy.bounce_pages.max(policy.reserve_pages)) as usize;
        let mut finished = VecDeque::new();
        finished.try_reserve_exact(capacity).ok()?;
        Some(Self {
            channel: None,
            state: State::Running,
            disk: *disk,
            flush_by: disk.flush_by(),
            parents: Slab::new(capacity)?,
            slots: Slab::new(slots)?,
            pages: Slab::new(pages)?,
            pending: VecDeque::with_capacity(capacity),
            parked: VecDeque::with_capacity(capacity),
            order: Order::new(capacity),
            finished,
            draining: 0,
            lifted: false,
            starved: false,
            fences,
            counters: Counters::default(),
        })
    }

    /// The disk was resized, or is another after a reconnection. Requests already taken are not
    /// checked again: the back-end does.
    pub fn set_disk(&mut self, disk: &Disk) {
        self.disk = *disk;
        self.flush_by = disk.flush_by();
    }

    /// The disk.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// How flushes are done now: what the back-end offered, less what it then refused.
    pub fn flush_by(&self) -> FlushBy {
        self.flush_by
    }

    /// Takes a request. It is issued by the next [`Queue::kick`]. `now` in nanoseconds.
    ///
    /// # Errors
    /// Gives the request back when it cannot be done, or the queue is full.
    pub fn submit(&mut self, request: Request<T>, now: u64) -> Result<(), Rejected<T>> {
        let bounce = match self.check(&request) {
            Ok(bounce) => bounce,
            Err(failure) => return Err(Rejected { request, failure: Some(failure) }),
        };
        // What ended but was not fetched yet counts: the line of ended requests never grows.
        if !self.parents.has_room() || self.held() >= self.capacity() {
            return Err(Rejected { request, failure: None });
        }
        let Request { operation, sector, sectors, token } = request;
        let parent = Parent {
            token: Some(token),
            operation,
            sector,
            sectors,
            bounce,
            cursor: Cursor::default(),
            in_flight: 0,
            in_place: 0,
            failure: None,
            stage: Stage::Data,
            restart: false,
            queued: true,
            group: operation.writes().then(|| self.order.write_begins()),
            fence: None,
            since: now,
        };
        // There is room: looked at above.
        if let Ok(number) = self.parents.insert(parent) {
            self.counters.requests += 1;
            if operation != Operation::Flush || self.order.flush_begins(number) {
                self.pending.push_back(number);
            }
        }
        Ok(())
    }

    /// Whether the request can be done at all, and if so whether by copying.
    fn check(&self, request: &Request<T>) -> Result<bool, Failure> {
        if matches!(self.state, State::Broken(_)) {
            return Err(Failure::Gone);
        }
        let on_disk = |sector: u64, sectors: u64| {
            let block = u64::from(self.disk.block) / SECTOR;
            let end = sector.checked_add(sectors).ok_or(Failure::OutOfRange)?;
            if end > self.disk.sectors || !sector.is_multiple_of(block) || !sectors.is_multiple_of(block) {
                return Err(Failure::OutOfRange);
            }
            Ok(())
        };
        if request.operation.writes() && self.disk.read_only {
            return Err(Failure::ReadOnly);
        }
        match request.operation {
            Operation::Flush if self.flush_by == FlushBy::Nothing => Err(Failure::Unsupported),
            Operation::Write { fua: true } if self.flush_by == FlushBy::Nothing => Err(Failure::Unsupported),
            Operation::Flush => Ok(false),
            Operation::Discard { secure } => {
                let discard = self.disk.discard.ok_or(Failure::Unsupported)?;
                if secure && !discard.secure {
                    return Err(Failure::Unsupported);
                }
                let mut index = 0;
                while let Some((sector, sectors)) = request.token.run(index) {
                    on_disk(sector, sectors)?;
                    index += 1;
                }
                if index == 0 {
                    on_disk(request.sector, request.sectors)?;
                }
                Ok(false)
            }
            Operation::Verify => on_disk(request.sector, request.sectors).map(|()| true),
            Operation::Read | Operation::Write { .. } => {
                on_disk(request.sector, request.sectors)?;
                if request.sectors == 0 {
                    return Err(Failure::OutOfRange);
                }
                is_aligned(&request.token, request.sectors * SECTOR)
                    .map(|aligned| !aligned)
                    .ok_or(Failure::BadData)
            }
        }
    }

    /// Issues what can be issued, publishes it, and sends an event if the back-end asked for one.
    pub fn kick(&mut self, host: &H) {
        self.pump(host);
        self.publish(host);
    }

    fn publish(&mut self, host: &H) {
        let Some(channel) = &mut self.channel else { return };
        if channel.ring.unpublished() == 0 {
            return;
        }
        if channel.ring.publish() {
            self.counters.notifications += 1;
            if let Some(port) = channel.port() {
                host.events().notify(port);
            }
        } else {
            self.counters.silent += 1;
        }
    }

    /// Takes responses, issues what they made room for, and asks for an event with the next response.
    /// Callable with or without an event, at any time.
    pub fn poll(&mut self, host: &H) -> Polled {
        let mut budget = BUDGET;
        if self.draining > 0 {
            self.retry_draining(host);
        }
        self.starved = false;
        let more = loop {
            while budget > 0 && self.take_response(host) {
                budget -= 1;
            }
            self.kick(host);
            if budget == 0 {
                break true;
            }
            match self.channel.as_mut().map(|channel| channel.ring.final_check()) {
                Some(Ok(true)) if !matches!(self.state, State::Broken(_)) => {}
                Some(Err(violation)) => {
                    self.fail_device(host, Violation::Ring(violation));
                    break false;
                }
                _ => break false,
            }
        };
        let lifted = core::mem::take(&mut self.lifted);
        Polled { more, retry: self.draining > 0 || self.starved, lifted }
    }

    /// Takes one request that has ended.
    pub fn take_done(&mut self) -> Option<Done<T>> {
        self.finished.pop_front()
    }

    /// Requests taken and not handed back.
    pub fn held(&self) -> usize {
        self.parents.len() + self.finished.len()
    }

    /// Number of requests that the queue can hold.
    pub fn capacity(&self) -> usize {
        self.parents.capacity()
    }

    /// Ring requests under way.
    pub fn on_ring(&self) -> usize {
        self.slots.len() - self.draining as usize
    }

    /// Ring requests whose pages the back-end still maps.
    pub fn pinned(&self) -> usize {
        self.draining as usize
    }

    /// What broke the device.
    pub fn broken(&self) -> Option<Violation> {
        match self.state {
            State::Broken(violation) => Some(violation),
            _ => None,
        }
    }

    /// The figures.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The time at which the oldest request that is held was submitted.
    pub fn oldest(&self) -> Option<u64> {
        self.parents
            .indices()
            .filter_map(|number| self.parents.get(number))
            .filter(|parent| parent.token.is_some())
            .map(|parent| parent.since)
            .min()
    }

    /// The channel, for the event's number and the debug dump.
    pub fn channel(&self) -> Option<&Channel<H>> {
        self.channel.as_ref()
    }

    /// One page of text on the state of the queue. Callable while crashing.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn describe(&self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        writeln!(
            out,
            "{:?}: held {} (line {}, fenced {}, done {}), ring requests {}, pinned {}, oldest {:?}",
            self.state,
            self.held(),
            self.pending.len(),
            self.parked.len(),
            self.finished.len(),
            self.on_ring(),
            self.draining,
            self.oldest(),
        )?;
        if let Some(channel) = &self.channel {
            writeln!(out, "  port {:?} {:?} {:?}", channel.port(), channel.plan, channel.ring.indexes())?;
        }
        writeln!(out, "  {:?}", self.counters)?;
        for id in self.slots.indices() {
            if let Some(slot) = self.slots.get(id) {
                writeln!(
                    out,
                    "  slot {id}: parent {} op {} bytes {}+{} end {:?}",
                    slot.parent, slot.operation.0, slot.offset, slot.bytes, slot.end
                )?;
            }
        }
        Ok(())
    }
}

/// Fences for a device with no one else on it.
pub fn no_fences() -> Arc<Fences> {
    Arc::new(Fences::new())
}

/// Lets a test or the polled mode collect what ended.
pub fn drain_done<H: Host, T: Payload>(queue: &mut Queue<H, T>) -> Vec<Done<T>> {
    core::iter::from_fn(|| queue.take_done()).collect()
}
