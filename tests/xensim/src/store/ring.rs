//! xenstored's side of the shared ring: bytes in, bytes out, one small step at a time, and the ways in
//! which a sick or hostile server goes wrong.

use std::collections::VecDeque;

use super::{Error, GUEST, Perm, XenStore};
use crate::{
    abi::xs::{self, Header, op},
    hv::STORE_RING,
    mem::Page,
    world::World,
};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StoreMode {
    /// As it should.
    #[default]
    Honest,
    /// Each request takes so many nanoseconds.
    Slow(u64),
    /// Takes requests and never answers.
    Silent,
    /// Does not even take requests.
    Dead,
    /// One in so many answers is spoiled in this way.
    Hostile(StoreAttack, u64),
}

/// Ways to spoil an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAttack {
    /// Rubbish in place of a header.
    GarbageHeader,
    /// An id that was not asked.
    WrongId,
    /// A length beyond the maximum.
    HugeLength,
    /// A type that does not exist.
    UnknownType,
    /// The type of another operation.
    OtherType,
    /// An error whose name does not exist, without a NUL.
    StrangeError,
    /// `rsp_prod` moves further than the ring is long.
    IndexJump,
    /// The answer twice.
    Twice,
    /// A thousand watch events with tokens that nobody registered.
    WatchFlood,
    /// A watch event without its token.
    BrokenEvent,
}

impl StoreAttack {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::GarbageHeader,
        Self::WrongId,
        Self::HugeLength,
        Self::UnknownType,
        Self::OtherType,
        Self::StrangeError,
        Self::IndexJump,
        Self::Twice,
        Self::WatchFlood,
        Self::BrokenEvent,
    ];
}

/// The server's state for the guest's ring.
#[derive(Debug, Default)]
pub struct RingServer {
    /// Behaviour.
    pub mode: StoreMode,
    input: Vec<u8>,
    output: VecDeque<u8>,
    /// Replies in `output` (backpressure).
    queued: usize,
    /// Waits for the guest to make room.
    blocked: bool,
    /// There may be bytes in the request ring.
    kicked: bool,
    /// Connection given up after a protocol error.
    pub ignored: bool,
    busy_until: u64,
    /// Requests seen, by type and path, newest last (tests); bounded.
    pub history: VecDeque<(u32, u32, String)>,
    /// Most requests that waited in the ring at once.
    pub deepest: usize,
}

impl RingServer {
    /// A fresh connection in the same mode.
    pub fn reset(&mut self) {
        *self = Self { mode: self.mode, ..Self::default() };
    }

    fn complete(&self) -> bool {
        self.input.len() >= xs::HEADER
            && self.input.len() >= xs::HEADER + Header::decode(&self.input).len as usize
    }

    /// Whether it could take a step.
    #[must_use]
    pub fn ready(&self, world: &World) -> bool {
        let Some(port) = world.hv.store_port else { return false };
        if self.ignored || self.mode == StoreMode::Dead {
            return world.hv.host_pending(port) && self.ignored && self.reconnecting(world);
        }
        if world.hv.host_pending(port) {
            return true;
        }
        let answers =
            !self.output.is_empty() || (world.store.has_events(GUEST) && self.mode != StoreMode::Silent);
        (answers && !self.blocked)
            || (self.kicked && !self.complete())
            || (self.complete() && world.now >= self.busy_until && self.admits(world))
    }

    fn admits(&self, world: &World) -> bool {
        self.queued < world.store.limits.outstanding
    }

    fn reconnecting(&self, world: &World) -> bool {
        world.mem.shared_page(STORE_RING).is_some_and(|page| page.get32(xs::CONNECTION) == 1)
            && world.store.limits.features & xs::FEATURE_RECONNECTION != 0
    }

    /// When it has something to do by itself.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        (self.complete() && self.busy_until > 0).then_some(self.busy_until)
    }

    /// One step: take bytes, carry out a request, or give bytes.
    pub fn step(&mut self, world: &mut World) {
        let (Some(port), Some(page)) = (world.hv.store_port, world.mem.shared_page(STORE_RING)) else {
            return;
        };
        if world.hv.host_take(port) {
            self.blocked = false;
            self.kicked = true;
        }
        if self.reconnecting(world) {
            self.reset();
            for at in [xs::REQ_CONS, xs::REQ_PROD, xs::RSP_CONS, xs::RSP_PROD] {
                page.set32(at, 0);
            }
            let domid = world.hv.domid;
            world.store.reset_guest(domid);
            page.set32(xs::CONNECTION, 0);
            return world.host_send(port);
        }
        if self.ignored {
            return;
        }
        if !self.output.is_empty() && !self.blocked {
            return self.give(world, page, port);
        }
        if self.complete() && world.now >= self.busy_until && self.admits(world) {
            return self.carry_out(world);
        }
        if self.kicked && !self.complete() && self.take(world, page, port) {
            return;
        }
        if self.output.is_empty()
            && self.mode != StoreMode::Silent
            && let Some(event) = world.store.take_event(GUEST)
        {
            world.stats.store_events += 1;
            let payload = [event.path.as_bytes(), b"\0", event.token.as_bytes(), b"\0"].concat();
            self.queue(op::WATCH_EVENT, 0, 0, &payload);
        }
    }

    /// Moves bytes out of the request ring; true if there were any.
    fn take(&mut self, world: &mut World, page: Page, port: u32) -> bool {
        let (cons, prod) = (page.get32(xs::REQ_CONS), page.get32(xs::REQ_PROD));
        let waiting = prod.wrapping_sub(cons);
        if waiting > xs::RING_SIZE {
            self.give_up(world, page, xs::ERROR_RINGIDX, "request ring indexes are impossible");
            return false;
        }
        // A few bytes at a time now and then: a reader that expects whole messages is found out.
        let most = if world.rng.one_in(4) { 1 + world.rng.below(40) as u32 } else { xs::RING_SIZE };
        let run = waiting.min(most);
        if run == 0 {
            self.kicked = false;
            return false;
        }
        for offset in 0..run {
            self.input.push(page.get8(xs::REQ + (cons.wrapping_add(offset) % xs::RING_SIZE) as usize));
        }
        page.set32(xs::REQ_CONS, cons.wrapping_add(run));
        world.host_send(port);
        if self.input.len() >= xs::HEADER && Header::decode(&self.input).len > xs::PAYLOAD_MAX {
            self.give_up(world, page, xs::ERROR_PROTO, "payload longer than the maximum");
        } else if let StoreMode::Slow(delay) = self.mode
            && self.complete()
        {
            self.busy_until = world.now + delay;
        }
        true
    }

    fn give_up(&mut self, world: &mut World, page: Page, error: u32, what: &str) {
        self.ignored = true;
        if world.store.limits.features & xs::FEATURE_ERROR != 0 {
            page.set32(xs::ERROR, error);
        }
        world.protocol_violation("xenstore ring", what);
    }

    /// Moves bytes into the response ring.
    fn give(&mut self, world: &mut World, page: Page, port: u32) {
        let (cons, prod) = (page.get32(xs::RSP_CONS), page.get32(xs::RSP_PROD));
        let used = prod.wrapping_sub(cons);
        if used > xs::RING_SIZE {
            return self.give_up(world, page, xs::ERROR_RINGIDX, "response ring indexes are impossible");
        }
        let most = if world.rng.one_in(4) { 1 + world.rng.below(40) as u32 } else { xs::RING_SIZE };
        let run = (xs::RING_SIZE - used).min(most).min(self.output.len() as u32);
        if run == 0 {
            self.blocked = true;
            return;
        }
        for (offset, byte) in self.output.drain(..run as usize).enumerate() {
            page.set8(xs::RSP + (prod.wrapping_add(offset as u32) % xs::RING_SIZE) as usize, byte);
        }
        if self.output.is_empty() {
            self.queued = 0;
        }
        page.set32(xs::RSP_PROD, prod.wrapping_add(run));
        world.host_send(port);
    }

    fn queue(&mut self, kind: u32, req_id: u32, tx_id: u32, payload: &[u8]) {
        let header = Header { kind, req_id, tx_id, len: payload.len() as u32 };
        self.output.extend(header.encode());
        self.output.extend(payload);
        self.queued += 1;
    }

    fn carry_out(&mut self, world: &mut World) {
        let header = Header::decode(&self.input);
        let payload: Vec<u8> = self.input[xs::HEADER..xs::HEADER + header.len as usize].into();
        self.input.drain(..xs::HEADER + header.len as usize);
        if let StoreMode::Slow(delay) = self.mode {
            self.busy_until = world.now + delay;
        }
        if self.history.len() == 4096 {
            self.history.pop_front();
        }
        let path = String::from_utf8_lossy(payload.split(|byte| *byte == 0).next().unwrap_or_default());
        self.history.push_back((header.kind, header.tx_id, path.into_owned()));
        self.deepest = self.deepest.max(self.queued + 1);
        if self.mode == StoreMode::Silent {
            return;
        }
        let result = answer(&mut world.store, header, &payload);
        world.stats.store_requests += 1;
        // A change's own watch event may come before or after its acknowledgement.
        if !matches!(header.kind, op::WATCH | op::READ)
            && world.rng.one_in(2)
            && let Some(event) = world.store.take_event(GUEST)
        {
            world.stats.store_events += 1;
            let payload = [event.path.as_bytes(), b"\0", event.token.as_bytes(), b"\0"].concat();
            self.queue(op::WATCH_EVENT, 0, 0, &payload);
        }
        let (kind, reply) = match result {
            Ok(reply) if reply.len() > xs::PAYLOAD_MAX as usize => (op::ERROR, b"E2BIG\0".to_vec()),
            Ok(reply) => (header.kind, reply),
            Err(error) => (op::ERROR, [error.name().as_bytes(), b"\0"].concat()),
        };
        if let StoreMode::Hostile(attack, one_in) = self.mode
            && world.rng.one_in(one_in)
        {
            return self.attack(world, attack, Header { kind, ..header }, &reply);
        }
        self.queue(kind, header.req_id, header.tx_id, &reply);
    }

    fn attack(&mut self, world: &mut World, attack: StoreAttack, header: Header, reply: &[u8]) {
        let Header { kind, req_id, tx_id, .. } = header;
        match attack {
            StoreAttack::GarbageHeader => {
                for _ in 0..xs::HEADER {
                    self.output.push_back(world.rng.next_u64() as u8);
                }
            }
            StoreAttack::WrongId => self.queue(kind, req_id.wrapping_add(1000), tx_id, reply),
            StoreAttack::HugeLength => {
                let header = Header {
                    kind,
                    req_id,
                    tx_id,
                    len: xs::PAYLOAD_MAX + 1 + world.rng.below(1 << 31) as u32,
                };
                self.output.extend(header.encode());
            }
            StoreAttack::UnknownType => self.queue(op::COUNT + 7, req_id, tx_id, reply),
            StoreAttack::OtherType => self.queue(op::GET_PERMS, req_id, tx_id, reply),
            StoreAttack::StrangeError => self.queue(op::ERROR, req_id, tx_id, b"EWHATEVER"),
            StoreAttack::IndexJump => {
                if let (Some(page), Some(port)) = (world.mem.shared_page(STORE_RING), world.hv.store_port) {
                    page.set32(xs::RSP_PROD, page.get32(xs::RSP_CONS).wrapping_add(xs::RING_SIZE + 9));
                    world.host_send(port);
                    self.ignored = true;
                }
            }
            StoreAttack::Twice => {
                self.queue(kind, req_id, tx_id, reply);
                self.queue(kind, req_id, tx_id, reply);
            }
            StoreAttack::WatchFlood => {
                for number in 0..1000 {
                    let payload = format!("device/flood\0token-{number}\0");
                    self.queue(op::WATCH_EVENT, 0, 0, payload.as_bytes());
                }
                self.queue(kind, req_id, tx_id, reply);
            }
            StoreAttack::BrokenEvent => {
                self.queue(op::WATCH_EVENT, 0, 0, b"device/without-token");
                self.queue(kind, req_id, tx_id, reply);
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::EINVAL)
}

/// The strings of a payload; each must end by NUL.
fn strings(payload: &[u8]) -> Result<Vec<&str>, Error> {
    let body = payload.strip_suffix(b"\0").ok_or(Error::EINVAL)?;
    body.split(|byte| *byte == 0).map(text).collect()
}

/// Exactly `N` strings.
fn exactly<const N: usize>(payload: &[u8]) -> Result<[&str; N], Error> {
    strings(payload)?.try_into().map_err(|_| Error::EINVAL)
}

const OK: &[u8] = b"OK\0";

/// Carries out one request of the guest.
fn answer(store: &mut XenStore, header: Header, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let txn = header.tx_id;
    let done = |()| OK.to_vec();
    match header.kind {
        op::READ => store.read(GUEST, txn, exactly::<1>(payload)?[0]),
        op::DIRECTORY => {
            let names = store.list(GUEST, txn, exactly::<1>(payload)?[0])?;
            Ok(names.iter().flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect())
        }
        op::DIRECTORY_PART if store.limits.directory_part => {
            let [path, offset] = exactly::<2>(payload)?;
            let offset: usize = offset.parse().map_err(|_| Error::EINVAL)?;
            let names = store.list(GUEST, txn, path)?;
            let generation = store.node_generation(GUEST, txn, path)?;
            let all: Vec<u8> = names.iter().flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect();
            let mut reply = format!("{generation}\0").into_bytes();
            let mut at = offset.min(all.len());
            while at < all.len() {
                let end = at + all[at..].iter().position(|byte| *byte == 0).unwrap_or(0) + 1;
                if reply.len() + (end - at) + 1 > xs::PAYLOAD_MAX as usize {
                    return Ok(reply);
                }
                reply.extend_from_slice(&all[at..end]);
                at = end;
            }
            reply.push(0); // An empty name: the list is complete.
            Ok(reply)
        }
        op::WRITE => {
            let split = payload.iter().position(|byte| *byte == 0).ok_or(Error::EINVAL)?;
            store.write(GUEST, txn, text(&payload[..split])?, &payload[split + 1..]).map(done)
        }
        op::MKDIR => store.mkdir(GUEST, txn, exactly::<1>(payload)?[0]).map(done),
        op::RM => store.remove(GUEST, txn, exactly::<1>(payload)?[0]).map(done),
        op::GET_PERMS => {
            let perms = store.get_perms(GUEST, txn, exactly::<1>(payload)?[0])?;
            Ok(perms.iter().flat_map(|perm| [perm.wire().as_bytes(), b"\0"].concat()).collect())
        }
        op::SET_PERMS => {
            let all = strings(payload)?;
            let (path, perms) = all.split_first().ok_or(Error::EINVAL)?;
            let perms: Option<Vec<Perm>> = perms.iter().map(|perm| Perm::parse(perm)).collect();
            store.set_perms(GUEST, txn, path, perms.ok_or(Error::EINVAL)?).map(done)
        }
        op::WATCH => {
            let [path, token] = exactly::<2>(payload)?;
            store.watch(GUEST, path, token).map(done)
        }
        op::UNWATCH => {
            let [path, token] = exactly::<2>(payload)?;
            store.unwatch(GUEST, path, token).map(done)
        }
        op::RESET_WATCHES => store.reset_watches(GUEST).map(done),
        op::TRANSACTION_START if txn != 0 => Err(Error::EBUSY),
        op::TRANSACTION_START => store.begin(GUEST).map(|id| format!("{id}\0").into_bytes()),
        op::TRANSACTION_END => match exactly::<1>(payload)?[0] {
            "T" => store.end(GUEST, txn, true).map(done),
            "F" => store.end(GUEST, txn, false).map(done),
            _ => Err(Error::EINVAL),
        },
        op::GET_DOMAIN_PATH => {
            let domid: u16 = exactly::<1>(payload)?[0].parse().map_err(|_| Error::EINVAL)?;
            Ok(format!("/local/domain/{domid}\0").into_bytes())
        }
        op::IS_DOMAIN_INTRODUCED
        | op::CONTROL
        | op::INTRODUCE
        | op::RELEASE
        | op::RESUME
        | op::SET_TARGET => Err(Error::EACCES),
        _ => Err(Error::ENOSYS),
    }
}
