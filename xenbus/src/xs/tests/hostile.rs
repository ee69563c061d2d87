//! Stores that lie.

use alloc::vec::Vec;

use proptest::prelude::*;
use zerocopy::IntoBytes;

use super::{LATER, pair, take};
use crate::{
    io::xs_wire::{Header, MessageType as M, REQ_CONS, RSP_PROD},
    seam::{SharedPage, StoreError},
    xs::{Request, Resume, Violation},
};

/// What the store does when it sees a request's id, and what we call it.
type Lie<'a> = (Violation, &'a dyn Fn(u32) -> Vec<u8>);

#[test]
fn each_lie_breaks_the_store_and_is_named() {
    let lies: [Lie<'_>; 4] = [
        (Violation::Length(4097), &|id| header(M::READ, id, 4097)),
        (Violation::UnknownId(0x7777_7777), &|_| header(M::READ, 0x7777_7777, 0)),
        (Violation::WrongType { got: 11, want: 2 }, &|id| header(M::WRITE, id, 0)),
        (Violation::WatchEvent, &|_| [header(M::WATCH_EVENT, 0, 3), b"abc".to_vec()].concat()),
    ];
    for (violation, bytes) in lies {
        let (mut client, mut server) = pair();
        // After the first good reply strangers' replies are not tolerated any more.
        let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
        super::run(&mut client, &mut server);
        assert_eq!(take(&mut client, handle), Err(StoreError::NotFound));
        let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
        let id = server.receive()[0].0.req_id;
        server.raw(&bytes(id));
        client.on_event(0);
        assert_eq!(client.take_effects().broken, Some(violation));
        assert_eq!(client.take_reply(handle), Ok(Err(StoreError::Broken)), "{violation:?}");
    }
}

fn header(ty: M, req_id: u32, len: u32) -> Vec<u8> {
    Header { ty, req_id, tx_id: 0, len }.as_bytes().to_vec()
}

#[test]
fn impossible_indexes_break_the_store() {
    let (mut client, server) = pair();
    server.page.store(RSP_PROD, 1025);
    client.on_event(0);
    assert_eq!(client.broken(), Some(Violation::Index { prod: 1025, cons: 0 }));
    let (mut client, server) = pair();
    server.page.store(REQ_CONS, 1);
    let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
    assert_eq!(client.broken(), Some(Violation::Index { prod: 0, cons: 1 }));
    assert_eq!(client.take_reply(handle), Ok(Err(StoreError::Broken)));
}

#[test]
fn a_broken_store_recovers_when_it_is_reset() {
    let (mut client, mut server) = pair();
    let (watch, _) = client.add_watch("w", 0, LATER).unwrap();
    super::run(&mut client, &mut server);
    client.next_watch_event().unwrap();
    server.page.store(RSP_PROD, 5000);
    client.on_event(0);
    assert!(client.broken().is_some());
    (0..4096).step_by(4).for_each(|offset| server.page.store(offset, 0));
    server.watches.clear();
    client.recover(1);
    super::run(&mut client, &mut server);
    assert_eq!(client.broken(), None);
    assert_eq!(client.next_watch_event().map(|event| event.watch), Some(watch));
}

#[test]
fn a_flood_of_watch_events_is_taken_in_bounded_steps() {
    let (mut client, mut server) = pair();
    client.add_watch("w", 0, LATER).map(drop).unwrap();
    super::run(&mut client, &mut server);
    for _ in 0..10_000 {
        server.fire("w/x");
    }
    let mut turns = 0;
    while server.page.load(RSP_PROD) != server.page.load(crate::io::xs_wire::RSP_CONS) {
        client.on_event(0);
        server.flush();
        turns += 1;
        assert!(turns < 10_000);
    }
    let events = core::iter::from_fn(|| client.next_watch_event()).count();
    assert_eq!(events, 1);
}

proptest! {
    /// Any bytes on the reply ring, in any portions, with requests in flight: never a panic, and
    /// every request gets a result in the end.
    #[test]
    fn any_bytes(
        bytes in prop::collection::vec(prop_oneof![4 => Just(0u8), 1 => any::<u8>()], 0..3000),
        portions in prop::collection::vec(1usize..600, 1..8),
        new_domain: bool,
    ) {
        let (mut client, mut server) = pair();
        let mut handles: Vec<_> =
            (0..3).map(|_| client.submit(Request::Read("a"), None, 0, LATER).unwrap()).collect();
        handles.push(client.begin(0, LATER).unwrap());
        handles.extend(client.add_watch("w", 0, LATER).unwrap().1);
        let mut rest = &bytes[..];
        for portion in portions.iter().cycle().take(40) {
            let (now, later) = rest.split_at((*portion).min(rest.len()));
            server.raw(now);
            client.on_event(0);
            rest = later;
        }
        client.suspend(0);
        client.resume(if new_domain { Resume::NewDomain } else { Resume::SameDomain }, 0);
        client.poll_timeouts(LATER + 1);
        for handle in handles {
            prop_assert!(client.take_reply(handle).is_ok());
        }
        while client.next_watch_event().is_some() {}
    }

    /// Answers with the right ids but any type, length and payload.
    #[test]
    fn any_answers(answers in prop::collection::vec(
        (0usize..8, prop_oneof![Just(2u32), Just(6), Just(15), Just(16), any::<u32>()],
         prop::collection::vec(prop_oneof![Just(0u8), Just(b'1'), any::<u8>()], 0..12)), 1..30))
    {
        let (mut client, mut server) = pair();
        let mut handles = Vec::new();
        let mut ids = Vec::new();
        for (which, ty, payload) in answers {
            let next = match which % 3 {
                0 => client.submit(Request::Read("a"), None, 0, LATER).map(Some),
                1 => client.begin(0, LATER).map(Some),
                _ => client.add_watch("w", 0, LATER).map(|(_, handle)| handle),
            };
            handles.extend(next.ok().flatten());
            ids.extend(server.receive().into_iter().map(|(header, _)| header.req_id));
            if let Some(&id) = ids.get(which) {
                server.send(M(ty), id, &payload);
            }
            client.on_event(0);
        }
        client.poll_timeouts(LATER);
        for handle in handles {
            prop_assert!(client.take_reply(handle).is_ok());
        }
    }
}
