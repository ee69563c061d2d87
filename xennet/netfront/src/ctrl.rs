//! The control ring: makes the back-end hash as receive-side scaling wants.
//!
//! A setting is a list of requests, sent one after the other; the first refusal ends it, and the
//! driver hashes in software. Key and mapping lie in a page of ours that the back-end may read.

use xenbus::{
    io::netif_ctrl::{
        ALGORITHM_NONE, ALGORITHM_TOEPLITZ, CtrlRequest, CtrlResponse, CtrlStatus, HashTypes, WireCtrlRequest,
    },
    seam::{Access, EventChannels, GrantTable, Host, PageAllocator, PageOf, SharedPage, StillMapped},
    types::{Domid, GrantRef, Port},
};

use crate::{
    Violation,
    ring::{GrantedRing, OpenError, Remains},
};

/// Bytes of a Toeplitz key.
pub const KEY_LEN: usize = 40;
/// Most entries of the mapping table.
pub const MAX_MAPPING: usize = 128;
/// Bound on each answer, in nanoseconds.
pub const ANSWER_BOUND: u64 = 5_000_000_000;
/// Where the mapping lies in the page... of its own: both have to start at the beginning of one.
const PAGES: usize = 2;

/// How packets are to be spread over queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashing {
    /// What is hashed; empty switches hashing off.
    pub types: HashTypes,
    /// The key.
    pub key: [u8; KEY_LEN],
    /// Queue numbers, a power of two of them, at most [`MAX_MAPPING`]; the hash's low bits choose.
    pub mapping: arrayvec::ArrayVec<u8, MAX_MAPPING>,
}

/// What came of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The back-end does it.
    Done,
    /// It cannot, or does not answer: hash in software.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Algorithm,
    Ask,
    Key,
    AskMapping,
    MappingSize,
    Mapping,
    Flags,
}

struct Channel<H: Host> {
    ring: GrantedRing<H, { size_of::<WireCtrlRequest>() }, { size_of::<CtrlResponse>() }>,
    page: PageOf<H>,
    grants: [GrantRef; PAGES],
}

/// The control ring. Under a lock at `IRQL <= DISPATCH_LEVEL`, except where noted.
pub struct Ctrl<H: Host> {
    channel: Option<Channel<H>>,
    wanted: Option<Hashing>,
    stage: Option<Stage>,
    in_flight: Option<(u16, CtrlRequest)>,
    next_id: u16,
    deadline: u64,
    /// Ids that were not answered in time; late answers to them are no violation.
    late: u32,
    broken: Option<Violation>,
    remains: Remains<H>,
}

impl<H: Host> Ctrl<H> {
    /// Without a connection.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            channel: None,
            wanted: None,
            stage: None,
            in_flight: None,
            next_id: 0,
            deadline: 0,
            late: 0,
            broken: None,
            remains: Remains::<H>::new(),
        }
    }

    /// Makes the ring; returns the number of its grant for the store. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left behind.
    pub fn open(&mut self, host: &H, peer: Domid) -> Result<u32, OpenError> {
        let page = host.pages().alloc_pages(PAGES)?;
        let ring = GrantedRing::open(host, peer)?;
        let grant = |index| host.grants().grant_access(peer, page.gfn(index), Access::ReadOnly);
        let grants = match grant(0) {
            Err(error) => Err((None, error)),
            Ok(first) => match grant(1) {
                Ok(second) => Ok([first, second]),
                Err(error) => Err((Some(first), error)),
            },
        };
        match grants {
            Ok(grants) => {
                let gref = ring.gref();
                self.channel = Some(Channel { ring, page, grants });
                (self.stage, self.in_flight, self.late, self.broken) = (None, None, 0, None);
                Ok(gref)
            }
            Err((first, error)) => {
                ring.close(host, &mut self.remains);
                match first {
                    Some(first) => drop(self.remains.end(host.grants(), first, page)),
                    None => drop(page),
                }
                Err(error.into())
            }
        }
    }

    /// Begins a setting; an unfinished one is given up. The result comes from [`Ctrl::poll`].
    /// False when there is no control ring: hash in software.
    pub fn set(&mut self, host: &H, port: &Port, hashing: Hashing, now: u64) -> bool {
        let valid = hashing.mapping.len().is_power_of_two() || hashing.types.is_empty();
        if self.channel.is_none() || self.broken.is_some() || !valid {
            return false;
        }
        self.wanted = Some(hashing);
        self.stage = Some(Stage::Algorithm);
        // A request of the setting before may be in flight: its answer goes first.
        if self.in_flight.is_none() {
            self.send(host, port, now);
        }
        true
    }

    /// Takes responses and goes on with the setting.
    ///
    /// # Errors
    /// [`Violation`], once.
    pub fn poll(&mut self, host: &H, port: &Port, now: u64) -> Result<Option<Outcome>, Violation> {
        if self.broken.is_some() {
            return Ok(None);
        }
        let result = self.take_responses(host, port, now);
        if let Err(violation) = result {
            self.broken = Some(violation);
            self.stage = None;
        }
        result
    }

    fn take_responses(&mut self, host: &H, port: &Port, now: u64) -> Result<Option<Outcome>, Violation> {
        loop {
            let Some(channel) = &mut self.channel else { return Ok(None) };
            let Some(response) = channel.ring.ring.pop_as::<CtrlResponse>()? else {
                if channel.ring.ring.final_check()? {
                    continue;
                }
                break;
            };
            match self.in_flight {
                Some((id, request)) if id == response.id && request.ty() == response.ty => {
                    self.in_flight = None;
                    if let Some(outcome) = self.answered(request, response, host, port, now) {
                        return Ok(Some(outcome));
                    }
                }
                _ if self.late != 0 => self.late -= 1,
                _ => return Err(Violation::CtrlId(response.id)),
            }
        }
        if self.in_flight.is_some() && now >= self.deadline {
            self.in_flight = None;
            self.late += 1;
            return Ok(self.stage.take().map(|_| Outcome::Refused));
        }
        Ok(None)
    }

    /// When [`Ctrl::poll`] has to be called at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.in_flight.map(|_| self.deadline)
    }

    fn answered(
        &mut self,
        request: CtrlRequest,
        response: CtrlResponse,
        host: &H,
        port: &Port,
        now: u64,
    ) -> Option<Outcome> {
        let stage = self.stage?;
        if self.request(stage) != Some(request) {
            // The answer to a setting that was given up: now for the present one.
            self.send(host, port, now);
            return None;
        }
        let wanted = self.wanted.as_ref()?;
        let next = match (stage, response.status) {
            (_, status) if status != CtrlStatus::SUCCESS => None,
            (Stage::Algorithm, _) if wanted.types.is_empty() => return self.finish(Outcome::Done),
            (Stage::Algorithm, _) => Some(Stage::Ask),
            (Stage::Ask, _) => {
                let known = HashTypes::from_bits_truncate(response.data);
                known.contains(wanted.types).then_some(Stage::Key)
            }
            (Stage::Key, _) => Some(Stage::AskMapping),
            (Stage::AskMapping, _) => {
                (response.data as usize >= wanted.mapping.len()).then_some(Stage::MappingSize)
            }
            (Stage::MappingSize, _) => Some(Stage::Mapping),
            // The types are what switches hashing on: nothing is hashed with half of a setting.
            (Stage::Mapping, _) => Some(Stage::Flags),
            (Stage::Flags, _) => return self.finish(Outcome::Done),
        };
        match next {
            Some(next) => {
                self.stage = Some(next);
                self.send(host, port, now);
                None
            }
            None => self.finish(Outcome::Refused),
        }
    }

    fn finish(&mut self, outcome: Outcome) -> Option<Outcome> {
        self.stage = None;
        Some(outcome)
    }

    fn request(&self, stage: Stage) -> Option<CtrlRequest> {
        let (wanted, channel) = (self.wanted.as_ref()?, self.channel.as_ref()?);
        let entries = wanted.mapping.len() as u32;
        Some(match stage {
            Stage::Algorithm if wanted.types.is_empty() => CtrlRequest::SetHashAlgorithm(ALGORITHM_NONE),
            Stage::Algorithm => CtrlRequest::SetHashAlgorithm(ALGORITHM_TOEPLITZ),
            Stage::Ask => CtrlRequest::GetHashFlags,
            Stage::Flags => CtrlRequest::SetHashFlags(wanted.types),
            Stage::Key => CtrlRequest::SetHashKey { gref: channel.grants[0].raw(), len: KEY_LEN as u32 },
            Stage::AskMapping => CtrlRequest::GetHashMappingSize,
            Stage::MappingSize => CtrlRequest::SetHashMappingSize(entries),
            Stage::Mapping => {
                CtrlRequest::SetHashMapping { gref: channel.grants[1].raw(), entries, offset: 0 }
            }
        })
    }

    fn send(&mut self, host: &H, port: &Port, now: u64) {
        let Some(request) = self.stage.and_then(|stage| self.request(stage)) else { return };
        let (Some(channel), Some(wanted)) = (&mut self.channel, &self.wanted) else { return };
        match request {
            CtrlRequest::SetHashKey { .. } => channel.page.copy_in(0, &wanted.key),
            CtrlRequest::SetHashMapping { .. } => {
                for (index, &queue) in wanted.mapping.iter().enumerate() {
                    channel.page.store(xenbus::types::PAGE_SIZE + 4 * index, queue.into());
                }
            }
            _ => {}
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        if channel.ring.ring.push(&request.encode(id)).is_err() {
            // A back-end that answers nothing fills even this ring in the end.
            self.stage = None;
            return;
        }
        self.in_flight = Some((id, request));
        self.deadline = now.saturating_add(ANSWER_BOUND);
        if channel.ring.ring.publish() {
            host.events().notify(port);
        }
    }

    /// Ends the connection. `PASSIVE_LEVEL`.
    pub fn detach(&mut self, host: &H) {
        (self.stage, self.in_flight, self.broken) = (None, None, None);
        self.remains.retry(host.grants(), usize::MAX, drop);
        let Some(channel) = self.channel.take() else { return };
        channel.ring.close(host, &mut self.remains);
        let [key, mapping] = channel.grants;
        match host.grants().end_access(key) {
            Ok(()) => drop(self.remains.end(host.grants(), mapping, channel.page)),
            // Two grants cover the page; the one that is mapped decides, the other waits with it.
            Err(StillMapped(key)) => match host.grants().end_access(mapping) {
                Ok(()) => drop(self.remains.end(host.grants(), key, channel.page)),
                // Both: give up on the second, and so on the page.
                Err(StillMapped(_)) => channel.page.leak(),
            },
        }
    }
}

impl<H: Host> Default for Ctrl<H> {
    fn default() -> Self {
        Self::new()
    }
}
