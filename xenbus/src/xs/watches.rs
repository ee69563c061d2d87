//! Registered watches and their pending events.
//!
//! A watch event says "look again", so events need no queue of their own: each watch remembers that
//! it fired, and the one path below it that changed. When a second path changes before the first was
//! fetched, the event becomes "anything below". So memory is bounded whatever the store sends.

use alloc::{string::String, vec::Vec};

use arrayvec::ArrayVec;

use crate::{seam::NoMemory, xs::MAX_WATCHES};

/// A registered watch. Numbers are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchId(u32);

impl WatchId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize % MAX_WATCHES
    }
}

/// A watch fired: look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchEvent {
    /// Which watch.
    pub watch: WatchId,
    /// The node that changed, or the watched path itself when several did.
    pub path: String,
}

/// Where a registration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// To be (re-)registered by the client, not before this time.
    Wanted(u64),
    /// The request is in flight.
    Requested,
    Registered,
    /// The removal is in flight; events are not delivered any more.
    Removing,
}

#[derive(Debug, PartialEq, Eq)]
enum Pending {
    No,
    /// One node changed.
    One(String),
    /// Several did, or there was no memory to remember the one.
    Any,
}

pub(super) struct Watch {
    pub id: WatchId,
    pub path: String,
    pub registration: Registration,
    pending: Pending,
}

/// A token as it goes over the wire: the watch's number in hexadecimal.
pub(super) type Token = [u8; 8];

fn token(id: WatchId) -> Token {
    let mut text = [0; 8];
    for (at, byte) in text.iter_mut().enumerate() {
        let digit = (id.0 >> (28 - 4 * at)) & 0xF;
        *byte = b"0123456789abcdef"[digit as usize];
    }
    text
}

fn parse_token(text: &[u8]) -> Option<WatchId> {
    let text: &Token = text.try_into().ok()?;
    let mut number = 0;
    for &byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        number = number << 4 | u32::from(digit);
    }
    Some(WatchId(number))
}

pub(super) struct Watches {
    /// [`MAX_WATCHES`] of them, on the heap: kernel stacks are small.
    all: Vec<Option<Watch>>,
    fired: ArrayVec<u8, MAX_WATCHES>,
    generation: u32,
}

impl Watches {
    pub fn new() -> Result<Self, NoMemory> {
        let mut all = Vec::new();
        all.try_reserve_exact(MAX_WATCHES).map_err(|_| NoMemory)?;
        all.resize_with(MAX_WATCHES, || None);
        Ok(Self { all, fired: ArrayVec::new(), generation: 1 })
    }

    pub fn free(&self) -> Option<usize> {
        self.all.iter().position(Option::is_none)
    }

    /// Puts a watch at the free `index`.
    pub fn insert(&mut self, index: usize, path: String, registration: Registration) -> WatchId {
        let id = WatchId(self.generation * MAX_WATCHES as u32 + index as u32);
        self.generation = (self.generation + 1) % (u32::MAX / MAX_WATCHES as u32);
        self.generation += u32::from(self.generation == 0);
        self.all[index] = Some(Watch { id, path, registration, pending: Pending::No });
        id
    }

    pub fn get(&mut self, id: WatchId) -> Option<&mut Watch> {
        self.all[id.index()].as_mut().filter(|watch| watch.id == id)
    }

    pub fn at(&mut self, index: usize) -> Option<&mut Watch> {
        self.all[index].as_mut()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Watch> {
        self.all.iter_mut().flatten()
    }

    pub fn remove(&mut self, index: usize) {
        self.all[index] = None;
        self.fired.retain(|&mut fired| usize::from(fired) != index);
    }

    /// A watch that the client should register now.
    pub fn wanted(&self, now: u64) -> Option<(usize, Token)> {
        self.all.iter().enumerate().find_map(|(index, watch)| {
            let watch = watch.as_ref()?;
            matches!(watch.registration, Registration::Wanted(at) if at <= now)
                .then(|| (index, token(watch.id)))
        })
    }

    /// When the next registration is to be tried.
    pub fn next_wanted(&self) -> Option<u64> {
        let when = |watch: &Watch| match watch.registration {
            Registration::Wanted(at) => Some(at),
            _ => None,
        };
        self.all.iter().flatten().filter_map(when).min()
    }

    pub fn token(&self, index: usize) -> Option<Token> {
        self.all[index].as_ref().map(|watch| token(watch.id))
    }

    /// Records an event; events of watches that are gone, and of tokens that are not ours, are
    /// dropped: the store may still have sent them before it saw the removal.
    pub fn fire(&mut self, path: &str, token: &[u8]) {
        let Some(watch) = parse_token(token).and_then(|id| self.get(id)) else { return };
        if watch.registration == Registration::Removing {
            return;
        }
        match &watch.pending {
            Pending::No => {
                let mut copy = String::new();
                watch.pending = if copy.try_reserve_exact(path.len()).is_ok() {
                    copy.push_str(path);
                    Pending::One(copy)
                } else {
                    Pending::Any
                };
                let index = watch.id.index() as u8;
                self.fired.push(index);
            }
            Pending::One(first) if first == path => {}
            Pending::One(_) | Pending::Any => watch.pending = Pending::Any,
        }
    }

    pub fn any_fired(&self) -> bool {
        !self.fired.is_empty()
    }

    /// The oldest event.
    pub fn next_event(&mut self) -> Option<WatchEvent> {
        let index = self.fired.pop_at(0)?;
        let watch = self.all[usize::from(index)].as_mut()?;
        let path = match core::mem::replace(&mut watch.pending, Pending::No) {
            Pending::One(path) => path,
            Pending::Any | Pending::No => watch.path.clone(),
        };
        Some(WatchEvent { watch: watch.id, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_and_strangers_are_refused() {
        for number in [0, 1, 0x89AB_CDEF, u32::MAX] {
            assert_eq!(parse_token(&token(WatchId(number))), Some(WatchId(number)));
        }
        for bad in [&b""[..], b"0000000", b"000000000", b"0000000g", b"0000000F"] {
            assert_eq!(parse_token(bad), None);
        }
    }

    #[test]
    fn events_coalesce_and_stay_bounded() {
        let mut watches = Watches::new().unwrap();
        let a = watches.insert(0, "a".into(), Registration::Registered);
        let b = watches.insert(1, "b".into(), Registration::Registered);
        for _ in 0..1000 {
            watches.fire("b/x", &token(b));
            watches.fire("a/1", &token(a));
            watches.fire("a/2", &token(a));
            watches.fire("c", b"ffffffff");
        }
        assert_eq!(watches.next_event(), Some(WatchEvent { watch: b, path: "b/x".into() }));
        assert_eq!(watches.next_event(), Some(WatchEvent { watch: a, path: "a".into() }));
        assert_eq!(watches.next_event(), None);
        watches.fire("a", &token(a));
        watches.remove(0);
        assert_eq!(watches.next_event(), None, "a removed watch does not fire");
        let again = watches.insert(0, "a".into(), Registration::Registered);
        watches.fire("a", &token(a));
        assert_eq!(watches.next_event(), None, "the token of the former watch means nothing");
        assert_ne!(a, again);
    }
}
