//! What a run has been through: which event met which state, and which injected fault fell into which of these pairs.
//!
//! States belong to rooms: `pnp` (the request that a device is handling), `storport` (the adapter's phase), `ndis` (the
//! adapter's state). Events are the calls into drivers, by the name of the routine. Campaigns add the tables up.

use crate::kernel::{kernel, lock::Lock};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A room of the kernel whose state counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Plug and Play: the request under way.
    Pnp,
    /// The phase of the storage adapter that changed last.
    Storport,
    /// The state of the network adapter that changed last.
    Ndis,
}

/// State, event, and the fault that fell into it ("" for none).
pub type Triple = (Room, &'static str, &'static str, &'static str);

#[derive(Default)]
struct State {
    now: BTreeMap<Room, &'static str>,
    last: Option<(Room, &'static str)>,
    seen: BTreeMap<Triple, u64>,
}

#[derive(Default)]
struct Coverage(Lock<State>);

/// Where an event belongs, by its name.
fn room_of(event: &str) -> Room {
    if event.starts_with("Hw") {
        Room::Storport
    } else if event.starts_with("Miniport") || event.starts_with("Ndis") || event.starts_with("Net") {
        Room::Ndis
    } else {
        Room::Pnp
    }
}

/// A room enters a state; gives the former one.
pub fn enter(room: Room, state: &'static str) -> &'static str {
    kernel().room::<Coverage>().0.lock().now.insert(room, state).unwrap_or("-")
}

/// A driver's routine is called.
pub fn event(name: &'static str) {
    if !kernel().config.checked {
        return;
    }
    let mut s = kernel().room::<Coverage>().0.lock();
    let room = room_of(name);
    let state = s.now.get(&room).copied().unwrap_or("-");
    *s.seen.entry((room, state, name, "")).or_default() += 1;
    s.last = Some((room, name));
}

/// A fault is injected: it belongs to the routine that was called last.
pub fn fault(kind: &'static str) {
    let mut s = kernel().room::<Coverage>().0.lock();
    let (room, event) = s.last.unwrap_or((Room::Pnp, "-"));
    let state = s.now.get(&room).copied().unwrap_or("-");
    *s.seen.entry((room, state, event, kind)).or_default() += 1;
}

/// Everything that was seen, and how often.
pub fn seen() -> Vec<(Triple, u64)> {
    kernel().room::<Coverage>().0.lock().seen.iter().map(|(t, n)| (*t, *n)).collect()
}
