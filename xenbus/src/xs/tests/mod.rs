//! The client against an honest store, a slow one, and liars.

mod hostile;
mod server;

use alloc::{vec, vec::Vec};
use core::cell::RefCell;

use self::server::{Page, Server};
use super::{
    Client, Completion, MAX_IN_FLIGHT, Reply, Request, RequestHandle, Resume, SubmitError, transact,
};
use crate::{
    io::xs_wire::{MessageType, PAYLOAD_MAX, RSP_PROD},
    seam::{SharedPage, Store, StoreError, TransactionId},
};

const SECOND: u64 = 1_000_000_000;
const LATER: u64 = 10 * SECOND;

fn pair() -> (Client<Page>, Server) {
    let page = Page::new();
    let client = Client::new(page.clone(), 0).unwrap();
    (client, Server::new(page))
}

/// Lets both sides run until nothing moves any more.
fn run(client: &mut Client<Page>, server: &mut Server) {
    for _ in 0..64 {
        server.serve();
        client.on_event(0);
    }
}

fn take(client: &mut Client<Page>, handle: RequestHandle) -> Result<Vec<u8>, StoreError> {
    match client.take_reply(handle).expect("the reply is there")? {
        Completion::Reply(Reply(bytes)) => Ok(bytes),
        Completion::Begun(id) => panic!("{id:?}"),
    }
}

fn begun(client: &mut Client<Page>, server: &mut Server) -> TransactionId {
    let handle = client.begin(0, LATER).unwrap();
    run(client, server);
    match client.take_reply(handle) {
        Ok(Ok(Completion::Begun(id))) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_answered_each_with_its_own() {
    let (mut client, mut server) = pair();
    server.set("a", 1);
    server.set("b", 2);
    let a = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
    let none = client.submit(Request::Read("none"), None, 0, LATER).unwrap();
    let b = client.submit(Request::Read("b"), None, 0, LATER).unwrap();
    assert!(client.take_effects().notify);
    let a = client.take_reply(a).expect_err("nothing has come yet");
    // Out of order, as a store may.
    let mut messages = server.receive();
    messages.reverse();
    messages.into_iter().for_each(|(header, payload)| server.answer(header, &payload));
    client.on_event(0);
    let effects = client.take_effects();
    assert_eq!((effects.completed, effects.notify), (0b111, true));
    assert_eq!(take(&mut client, b), Ok(b"2".to_vec()));
    assert_eq!(take(&mut client, none), Err(StoreError::NotFound));
    assert_eq!(take(&mut client, a), Ok(b"1".to_vec()));
    assert!(client.is_idle() && client.next_timeout().is_none());
}

#[test]
fn payloads_larger_than_the_ring_go_through_both_ways() {
    let (mut client, mut server) = pair();
    let value: Vec<u8> = (0..PAYLOAD_MAX - 4).map(|n| n as u8).collect();
    for round in 0..20 {
        let write = client.submit(Request::Write("big", &value), None, 0, LATER).unwrap();
        let read = client.submit(Request::Read("big"), None, 0, LATER).unwrap();
        run(&mut client, &mut server);
        assert_eq!(take(&mut client, write), Ok(b"OK\0".to_vec()), "round {round}");
        assert_eq!(take(&mut client, read), Ok(value.clone()), "round {round}");
    }
    assert_eq!(client.broken(), None);
}

#[test]
fn a_client_fits_a_kernel_stack() {
    assert!(size_of::<Client<Page>>() <= 512, "{}", size_of::<Client<Page>>());
}

#[test]
fn at_most_eight_are_in_flight() {
    let (mut client, mut server) = pair();
    let handles: Vec<_> =
        (0..MAX_IN_FLIGHT).map(|_| client.submit(Request::Read("x"), None, 0, LATER).unwrap()).collect();
    assert_eq!(client.submit(Request::Read("x"), None, 0, LATER), Err(SubmitError::Busy));
    assert_eq!(server.receive().len(), MAX_IN_FLIGHT);
    drop(handles);
}

#[test]
fn watches_fire_coalesce_and_stop() {
    let (mut client, mut server) = pair();
    let (watch, Some(handle)) = client.add_watch("device", 0, LATER).unwrap() else { panic!("no suspend") };
    run(&mut client, &mut server);
    take(&mut client, handle).unwrap();
    assert!(client.take_effects().watch_events);
    assert_eq!(client.next_watch_event().unwrap().path, "device", "a store fires once at registration");
    server.fire("device/vif/0");
    client.on_event(0);
    let event = client.next_watch_event().unwrap();
    assert_eq!((event.watch, &*event.path), (watch, "device/vif/0"));
    server.fire("device/vif/0");
    server.fire("device/vif/1");
    client.on_event(0);
    assert_eq!(client.next_watch_event().unwrap().path, "device", "several: look at all of it");
    assert_eq!(client.next_watch_event(), None);
    let removal = client.remove_watch(watch, 0, LATER).unwrap();
    server.fire("device/x");
    run(&mut client, &mut server);
    take(&mut client, removal).unwrap();
    assert_eq!((client.next_watch_event(), server.watches.len()), (None, 0));
    assert_eq!(client.remove_watch(watch, 0, LATER), Err(SubmitError::Store(StoreError::NotFound)));
}

#[test]
fn a_refused_watch_is_forgotten() {
    let (mut client, mut server) = pair();
    let (watch, Some(handle)) = client.add_watch("device", 0, LATER).unwrap() else { panic!("no suspend") };
    let (header, _) = server.receive()[0].clone();
    server.send(MessageType::ERROR, header.req_id, b"E2BIG\0");
    client.on_event(0);
    assert_eq!(take(&mut client, handle), Err(StoreError::Quota));
    assert_eq!(client.remove_watch(watch, 0, LATER), Err(SubmitError::Store(StoreError::NotFound)));
}

#[test]
fn a_late_reply_is_no_violation_and_frees_the_slot() {
    let (mut client, mut server) = pair();
    let handle = client.submit(Request::Read("slow"), None, 0, SECOND).unwrap();
    assert_eq!(client.next_timeout(), Some(SECOND));
    client.poll_timeouts(SECOND);
    assert_eq!(client.take_effects().completed, 1);
    assert_eq!(client.take_reply(handle), Ok(Err(StoreError::TimedOut)));
    assert!(!client.is_idle(), "the store still owes a reply");
    let other = client.submit(Request::Read("b"), None, 0, LATER).unwrap();
    run(&mut client, &mut server);
    assert!(client.is_idle() && client.broken().is_none());
    assert_eq!(take(&mut client, other), Err(StoreError::NotFound));
}

#[test]
fn a_request_that_was_never_written_is_taken_back() {
    let (mut client, mut server) = pair();
    let big = vec![0; 2000];
    let first = client.submit(Request::Write("big", &big), None, 0, LATER).unwrap();
    let second = client.submit(Request::Write("b", b"1"), None, 0, SECOND).unwrap();
    client.poll_timeouts(SECOND);
    assert_eq!(client.take_reply(second), Ok(Err(StoreError::TimedOut)));
    run(&mut client, &mut server);
    take(&mut client, first).unwrap();
    assert!(!server.nodes.contains_key("b"), "what timed out unsent does not happen later");
}

#[test]
fn silence_breaks_the_store_only_after_thirty_seconds() {
    let (mut client, _server) = pair();
    let handle = client.submit(Request::Read("x"), None, 5 * SECOND, 100 * SECOND).unwrap();
    assert_eq!(client.next_timeout(), Some(35 * SECOND));
    client.poll_timeouts(35 * SECOND - 1);
    assert_eq!(client.broken(), None);
    client.poll_timeouts(35 * SECOND);
    assert_eq!(client.broken(), Some(super::Violation::Silence));
    assert_eq!(client.take_reply(handle), Ok(Err(StoreError::Broken)));
    let refused = client.submit(Request::Read("x"), None, 0, LATER);
    assert_eq!(refused, Err(SubmitError::Store(StoreError::Broken)));
}

#[test]
fn transactions_begin_end_and_are_four_at_most() {
    let (mut client, mut server) = pair();
    let ids: Vec<_> = (0..4).map(|_| begun(&mut client, &mut server)).collect();
    assert_eq!(client.begin(0, LATER), Err(SubmitError::Busy));
    let write = client.submit(Request::Write("t", b"1"), Some(ids[2]), 0, LATER).unwrap();
    let wire = server.transactions[2];
    let messages = server.receive();
    assert_eq!(messages[0].0.tx_id, wire);
    server.answer(messages[0].0, &messages[0].1);
    run(&mut client, &mut server);
    take(&mut client, write).unwrap();
    let end = client.end(ids[2], true, 0, LATER).unwrap();
    run(&mut client, &mut server);
    take(&mut client, end).unwrap();
    assert_eq!(server.transactions.len(), 3);
    let again = client.submit(Request::Read("t"), Some(ids[2]), 0, LATER);
    assert_eq!(again, Err(SubmitError::Store(StoreError::Again)));
    begun(&mut client, &mut server);
}

#[test]
fn a_transaction_nobody_waited_for_is_ended() {
    let (mut client, mut server) = pair();
    let handle = client.begin(0, SECOND).unwrap();
    client.poll_timeouts(SECOND);
    assert_eq!(client.take_reply(handle), Ok(Err(StoreError::TimedOut)));
    run(&mut client, &mut server);
    assert!(server.transactions.is_empty() && client.is_idle());
    let handle = client.begin(0, LATER).unwrap();
    run(&mut client, &mut server);
    client.abandon(handle, 0);
    run(&mut client, &mut server);
    assert!(server.transactions.is_empty() && client.is_idle());
}

#[test]
fn a_cancelled_suspend_changes_nothing() {
    let (mut client, mut server) = pair();
    server.set("a", 1);
    let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
    client.suspend(SECOND);
    assert_eq!(
        client.submit(Request::Read("a"), None, 0, LATER),
        Err(SubmitError::Store(StoreError::Closed))
    );
    client.poll_timeouts(100 * SECOND);
    client.resume(Resume::SameDomain, 101 * SECOND);
    assert_eq!(client.next_timeout(), Some(110 * SECOND), "the sleep does not count");
    run(&mut client, &mut server);
    assert_eq!(take(&mut client, handle), Ok(b"1".to_vec()));
}

#[test]
fn a_suspend_drains_what_it_can() {
    let (mut client, mut server) = pair();
    server.set("a", 1);
    let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
    client.suspend(0);
    server.serve();
    client.drain(0);
    assert!(client.is_idle());
    assert_eq!(take(&mut client, handle), Ok(b"1".to_vec()));
}

#[test]
fn in_a_new_domain_requests_and_watches_are_sent_again() {
    let (mut client, mut server) = pair();
    let (watch, Some(handle)) = client.add_watch("device", 0, LATER).unwrap() else { panic!("no suspend") };
    run(&mut client, &mut server);
    take(&mut client, handle).unwrap();
    client.next_watch_event().unwrap();
    let txn = begun(&mut client, &mut server);
    let plain = client.submit(Request::Write("a", b"1"), None, 0, LATER).unwrap();
    let within = client.submit(Request::Write("b", b"1"), Some(txn), 0, LATER).unwrap();
    let begin = client.begin(0, LATER).unwrap();
    // The store stops in the middle of an answer.
    server.raw(&[1, 2, 3]);
    client.suspend(SECOND);

    let page = client.ring().page().clone();
    (0..4096).step_by(4).for_each(|offset| page.store(offset, 0));
    let mut server = Server::new(page);
    client.resume(Resume::NewDomain, 2 * SECOND);
    run(&mut client, &mut server);
    assert_eq!(take(&mut client, plain), Ok(b"OK\0".to_vec()));
    assert_eq!(take(&mut client, within), Err(StoreError::Again));
    assert!(matches!(client.take_reply(begin), Ok(Ok(Completion::Begun(_)))));
    let old = client.submit(Request::Read("a"), Some(txn), 0, LATER);
    assert_eq!(old, Err(SubmitError::Store(StoreError::Again)));
    assert_eq!(client.next_watch_event().map(|event| event.watch), Some(watch));
    assert_eq!(server.nodes.len(), 1);
    assert_eq!(client.broken(), None);
}

#[test]
fn a_watch_of_a_suspend_is_registered_after_it() {
    for how in [Resume::SameDomain, Resume::NewDomain] {
        let page = Page::new();
        let mut client = Client::new(page.clone(), 0).unwrap();
        let mut server = Server::new(page.clone());
        client.suspend(SECOND);
        let (watch, handle) = client.add_watch("device", SECOND, LATER).unwrap();
        assert_eq!(handle, None);
        // One that is not wanted any more is never asked for.
        let (gone, _) = client.add_watch("gone", SECOND, LATER).unwrap();
        assert_eq!(client.remove_watch(gone, SECOND, LATER), Err(SubmitError::Store(StoreError::NotFound)));
        if how == Resume::NewDomain {
            (0..4096).step_by(4).for_each(|offset| page.store(offset, 0));
            server = Server::new(page);
        }
        client.resume(how, 2 * SECOND);
        run(&mut client, &mut server);
        assert_eq!(
            client.next_watch_event().map(|event| event.watch),
            Some(watch),
            "{how:?}: it fires at once"
        );
    }
}

#[test]
fn leftovers_of_a_former_user_are_tolerated() {
    let page = Page::new();
    page.store(RSP_PROD, 500);
    let mut client = Client::new(page.clone(), 0).unwrap();
    let mut server = Server::new(page);
    server.set("a", 1);
    server.send(MessageType::READ, 0xDEAD_0000, b"stale");
    let handle = client.submit(Request::Read("a"), None, 0, LATER).unwrap();
    run(&mut client, &mut server);
    assert_eq!(take(&mut client, handle), Ok(b"1".to_vec()));
    server.send(MessageType::READ, 0xDEAD_0000, b"stale");
    client.on_event(0);
    assert_eq!(client.broken(), Some(super::Violation::UnknownId(0xDEAD_0000)), "but not for ever");
}

/// The client as a [`Store`], as a driver's glue makes it one.
struct Blocking(RefCell<(Client<Page>, Server)>);

impl Blocking {
    fn wait(&self, handle: Result<RequestHandle, SubmitError>) -> Result<Completion, StoreError> {
        let (client, server) = &mut *self.0.borrow_mut();
        run(client, server);
        client.take_reply(handle.unwrap()).unwrap()
    }
}

impl Store for Blocking {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        let handle = self.0.borrow_mut().0.submit(Request::Read(path), txn, 0, LATER);
        match self.wait(handle)? {
            Completion::Reply(Reply(bytes)) => Ok(bytes),
            Completion::Begun(_) => Err(StoreError::Broken),
        }
    }
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<alloc::string::String>, StoreError> {
        let handle = self.0.borrow_mut().0.submit(Request::Directory(path), txn, 0, LATER);
        match self.wait(handle)? {
            Completion::Reply(reply) => reply.names(),
            Completion::Begun(_) => Err(StoreError::Broken),
        }
    }
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        let handle = self.0.borrow_mut().0.submit(Request::Write(path, value), txn, 0, LATER);
        self.wait(handle).map(drop)
    }
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        let handle = self.0.borrow_mut().0.submit(Request::Rm(path), txn, 0, LATER);
        self.wait(handle).map(drop)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        let handle = self.0.borrow_mut().0.begin(0, LATER);
        match self.wait(handle)? {
            Completion::Begun(id) => Ok(id),
            Completion::Reply(_) => Err(StoreError::Broken),
        }
    }
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        let handle = self.0.borrow_mut().0.end(txn, commit, 0, LATER);
        self.wait(handle).map(drop)
    }
}

#[test]
fn conflicts_are_retried_and_errors_abort() {
    let store = Blocking(RefCell::new(pair()));
    store.0.borrow_mut().1.conflicts = 2;
    let mut runs = 0;
    let result = transact(&store, 5, |txn| {
        runs += 1;
        store.write(Some(txn), "n", b"1")
    });
    assert_eq!((result, runs), (Ok(()), 3));
    store.0.borrow_mut().1.conflicts = 9;
    assert_eq!(transact(&store, 5, |_| Ok(())), Err(StoreError::Again));
    let result = transact(&store, 5, |txn| store.read(Some(txn), "absent"));
    assert_eq!(result, Err(StoreError::NotFound));
    assert!(store.0.borrow().1.transactions.is_empty(), "every transaction was ended");
    assert_eq!(store.list(None, "none"), Ok(vec![]));
}
