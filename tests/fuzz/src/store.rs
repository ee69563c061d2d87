//! The xenstore client against a store that writes anything.

use arbitrary::{Arbitrary, Unstructured};
use xenbus::{
    io::xs_wire::{REQ_CONS, REQ_PROD, RSP_CONS, RSP_OFFSET, RSP_PROD},
    seam::SharedPage,
    xs::{Client, Request, RequestHandle, Resume},
};

use crate::page::Page;

#[derive(Arbitrary)]
enum Step {
    Read,
    Write(u8),
    Begin,
    Watch,
    /// A reply to a request that is in flight: which one, type, payload.
    Reply(u8, u8, [u8; 3]),
    /// Bytes as they are.
    Raw([u8; 7]),
    /// An index of the ring.
    Index(bool, u32),
    Event,
    Wait(u16),
    Sleep(bool),
    Recover,
    Abandon,
}

fn send(page: &Page, bytes: &[u8]) {
    let mut prod = page.load(RSP_PROD);
    for &byte in bytes {
        if prod.wrapping_sub(page.load(RSP_CONS)) >= 1024 {
            break;
        }
        let at = RSP_OFFSET + (prod % 1024) as usize;
        let mut word = page.load(at & !3).to_le_bytes();
        word[at % 4] = byte;
        page.store(at & !3, u32::from_le_bytes(word));
        prod = prod.wrapping_add(1);
    }
    page.store_release(RSP_PROD, prod);
}

/// Whatever the store does: bounded work, and every request ends.
pub fn xs_client(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let page = Page::new(1);
    let Ok(mut client) = Client::new(page.clone(), 0) else { return };
    let mut handles: Vec<RequestHandle> = Vec::new();
    let mut now = 0;
    let mut guess = 8u32;
    for _ in 0..4096 {
        if input.is_empty() {
            break;
        }
        let Ok(step) = Step::arbitrary(&mut input) else { break };
        let deadline = now + 1_000_000_000;
        match step {
            Step::Read => handles.extend(client.submit(Request::Read("a"), None, now, deadline)),
            Step::Write(len) => {
                let value = vec![b'x'; usize::from(len) * 16];
                handles.extend(client.submit(Request::Write("a", &value), None, now, deadline));
            }
            Step::Begin => handles.extend(client.begin(now, deadline)),
            Step::Watch => {
                let added = client.add_watch("w", now, deadline);
                handles.extend(added.ok().and_then(|(_, handle)| handle));
            }
            Step::Reply(which, ty, payload) => {
                // Ids count up by 8 with the slot in the low bits, so that guesses often hit.
                let id = guess + u32::from(which % 8);
                guess += if which & 0x80 != 0 { 8 } else { 0 };
                let words = [u32::from(ty % 24), id, 0, 3];
                let header: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                send(&page, &header);
                send(&page, &payload);
                page.store(REQ_CONS, page.load(REQ_PROD));
            }
            Step::Raw(bytes) => send(&page, &bytes),
            Step::Index(true, value) => page.store(RSP_PROD, value),
            Step::Index(false, value) => page.store(REQ_CONS, value),
            Step::Event => client.on_event(now),
            Step::Wait(millis) => {
                now += u64::from(millis) * 1_000_000;
                client.poll_timeouts(now);
            }
            Step::Sleep(new) => {
                client.suspend(now);
                client.drain(now);
                client.resume(if new { Resume::NewDomain } else { Resume::SameDomain }, now);
            }
            Step::Recover => client.recover(now),
            Step::Abandon => handles.pop().into_iter().for_each(|handle| client.abandon(handle, now)),
        }
        let _ = client.take_effects();
    }
    client.poll_timeouts(now + 2_000_000_000);
    for handle in handles {
        assert!(client.take_reply(handle).is_ok(), "a request without an end");
    }
    for _ in 0..64 {
        if client.next_watch_event().is_none() {
            return;
        }
    }
    assert!(client.next_watch_event().is_none(), "more events than watches");
}
