//! xenstored on the wire: raw bytes in the shared ring.
#![allow(missing_docs)]

mod common;

use common::raw::Guest;
use machine::Machine;
use xensim::{
    StoreAttack, StoreLimits, StoreMode, Toolstack, Violation, Xen,
    abi::xs::{self, Header, op},
};

const RING: u64 = 0xfeffc;

struct Client {
    guest: Guest,
    port: u32,
    input: Vec<u8>,
    next: u32,
}

impl Client {
    fn new(xen: Xen) -> Self {
        let guest = Guest::new(xen);
        let port = guest.get_param(2).expect("port") as u32;
        Self { guest, port, input: Vec::new(), next: 1 }
    }

    /// Puts bytes into the ring as room comes.
    fn send_raw(&mut self, bytes: &[u8]) {
        let page = self.guest.page(RING);
        for chunk in bytes.chunks(700) {
            let mut rounds = 0;
            while xs::RING_SIZE - page.get32(xs::REQ_PROD).wrapping_sub(page.get32(xs::REQ_CONS))
                < chunk.len() as u32
            {
                self.pump();
                rounds += 1;
                assert!(rounds < 1000, "the server does not take requests");
            }
            let prod = page.get32(xs::REQ_PROD);
            for (index, byte) in chunk.iter().enumerate() {
                page.set8((prod.wrapping_add(index as u32) % xs::RING_SIZE) as usize, *byte);
            }
            page.set32(xs::REQ_PROD, prod.wrapping_add(chunk.len() as u32));
            self.guest.send(self.port);
        }
    }

    fn send(&mut self, kind: u32, txn: u32, payload: &[u8]) -> u32 {
        let id = self.next;
        self.next += 1;
        let header = Header { kind, req_id: id, tx_id: txn, len: payload.len() as u32 };
        self.send_raw(&[&header.encode()[..], payload].concat());
        id
    }

    /// Lets the server work and takes what it gives.
    fn pump(&mut self) {
        for _ in 0..200 {
            self.guest.xen.run(50);
            let page = self.guest.page(RING);
            let (cons, prod) = (page.get32(xs::RSP_CONS), page.get32(xs::RSP_PROD));
            if prod == cons || prod.wrapping_sub(cons) > xs::RING_SIZE {
                return;
            }
            for offset in 0..prod.wrapping_sub(cons) {
                self.input.push(page.get8(xs::RSP + (cons.wrapping_add(offset) % xs::RING_SIZE) as usize));
            }
            page.set32(xs::RSP_CONS, prod);
            self.guest.send(self.port);
        }
    }

    fn messages(&mut self) -> Vec<(Header, Vec<u8>)> {
        self.pump();
        let mut all = Vec::new();
        while self.input.len() >= 16 {
            let header = Header::decode(&self.input);
            let end = 16 + header.len as usize;
            if self.input.len() < end {
                break;
            }
            all.push((header, self.input[16..end].to_vec()));
            self.input.drain(..end);
        }
        all
    }

    /// A request and its answer; watch events that come with it are given too.
    fn ask(&mut self, kind: u32, txn: u32, payload: &[u8]) -> (Result<Vec<u8>, String>, Vec<String>) {
        let id = self.send(kind, txn, payload);
        let mut answer = None;
        let mut events = Vec::new();
        for (header, payload) in self.messages() {
            if header.kind == op::WATCH_EVENT {
                assert_eq!((header.req_id, header.tx_id), (0, 0));
                events.push(String::from_utf8(payload).expect("text"));
                continue;
            }
            assert_eq!((header.req_id, header.tx_id), (id, txn));
            assert!(answer.is_none());
            answer = Some(if header.kind == op::ERROR {
                Err(String::from_utf8(payload).expect("text").trim_end_matches('\0').into())
            } else {
                assert_eq!(header.kind, kind);
                Ok(payload)
            });
        }
        (answer.expect("an answer"), events)
    }

    fn ok(&mut self, kind: u32, txn: u32, payload: &[u8]) -> Vec<u8> {
        self.ask(kind, txn, payload).0.expect("success")
    }

    fn error(&mut self, kind: u32, txn: u32, payload: &[u8]) -> String {
        self.ask(kind, txn, payload).0.expect_err("an error")
    }

    fn begin(&mut self) -> u32 {
        let id = self.ok(op::TRANSACTION_START, 0, b"\0");
        String::from_utf8(id).expect("text").trim_end_matches('\0').parse().expect("a number")
    }
}

fn client(seed: u64) -> Client {
    Client::new(Xen::builder().seed(seed).build())
}

#[test]
fn reads_writes_lists_and_removes() {
    for seed in 0..20 {
        let mut client = client(seed);
        assert_eq!(client.ok(op::READ, 0, b"domid\0"), b"7");
        assert_eq!(client.ok(op::WRITE, 0, b"data/one\0value"), b"OK\0");
        assert_eq!(client.ok(op::READ, 0, b"/local/domain/7/data/one\0"), b"value");
        client.ok(op::MKDIR, 0, b"data/two/three\0");
        assert_eq!(client.ok(op::DIRECTORY, 0, b"data\0"), b"one\0two\0");
        client.ok(op::RM, 0, b"data/two\0");
        client.ok(op::RM, 0, b"data/two\0");
        assert_eq!(client.ok(op::DIRECTORY, 0, b"data\0"), b"one\0");
        assert_eq!(client.error(op::READ, 0, b"data/two\0"), "ENOENT");
        assert_eq!(client.error(op::RM, 0, b"data/no/where\0"), "ENOENT");
        assert_eq!(client.error(op::READ, 0, b"data//x\0"), "EINVAL");
        assert_eq!(client.error(op::READ, 0, b"data/one"), "EINVAL");
        assert_eq!(client.ok(op::GET_DOMAIN_PATH, 0, b"3\0"), b"/local/domain/3\0");
        assert_eq!(client.error(99, 0, b"\0"), "ENOSYS");
        let page = client.guest.page(RING);
        assert_eq!(page.get32(xs::SERVER_FEATURES), 3);
    }
}

#[test]
fn permissions_hold() {
    let mut client = client(1);
    assert_eq!(client.error(op::WRITE, 0, b"name\0mine"), "EACCES");
    assert_eq!(client.error(op::WRITE, 0, b"device/x\0mine"), "EACCES");
    assert_eq!(client.error(op::READ, 0, b"/local/domain/0/backend/x\0"), "EACCES");
    assert_eq!(client.ok(op::GET_PERMS, 0, b"data\0"), b"n7\0");
    client.ok(op::WRITE, 0, b"data/mine\0x");
    client.ok(op::SET_PERMS, 0, b"data/mine\0n7\0r3\0");
    assert_eq!(client.ok(op::GET_PERMS, 0, b"data/mine\0"), b"n7\0r3\0");
    assert_eq!(client.error(op::SET_PERMS, 0, b"data/mine\0n3\0"), "EPERM");
    assert_eq!(client.error(op::SET_PERMS, 0, b"name\0n7\0"), "EACCES");
    assert_eq!(client.error(op::INTRODUCE, 0, b"1\x002\x003\x00"), "EACCES");
}

#[test]
fn watches_fire_for_the_node_and_below_in_the_form_they_were_given() {
    for seed in 0..20 {
        let mut client = client(seed);
        let (answer, events) = client.ask(op::WATCH, 0, b"data\0tok\0");
        assert_eq!((answer, events), (Ok(b"OK\0".to_vec()), vec!["data\0tok\0".to_string()]));
        let (_, events) = client.ask(op::WRITE, 0, b"data/a/b\0x");
        assert_eq!(events, ["data/a/b\0tok\0"]);
        client.ask(op::WATCH, 0, b"/local/domain/7/data/a/b\0deep\0").0.expect("watch");
        let (_, mut events) = client.ask(op::RM, 0, b"data/a\0");
        events.sort();
        assert_eq!(events, ["/local/domain/7/data/a/b\0deep\0", "data/a\0tok\0"]);
        assert_eq!(client.error(op::WATCH, 0, b"data\0tok\0"), "EEXIST");
        client.ok(op::UNWATCH, 0, b"data\0tok\0");
        assert_eq!(client.error(op::UNWATCH, 0, b"data\0tok\0"), "ENOENT");
        assert!(client.ask(op::WRITE, 0, b"data/z\0x").1.is_empty());
        client.ok(op::RESET_WATCHES, 0, b"\0");
        assert!(client.guest.xen.sim().world.store.guest_watches().is_empty());
        // The toolstack's changes are seen too.
        client.ask(op::WATCH, 0, b"control/shutdown\0s\0").0.expect("watch");
        client.guest.xen.request_shutdown("poweroff");
        let events = client.messages();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, b"control/shutdown\0s\0");
    }
}

#[test]
fn transactions_are_isolated_and_conflicts_are_found() {
    let mut client = client(2);
    client.ok(op::WRITE, 0, b"data/n\0first");
    let txn = client.begin();
    assert_eq!(client.ok(op::READ, txn, b"data/n\0"), b"first");
    client.ok(op::WRITE, txn, b"data/m\0inside");
    assert_eq!(client.error(op::READ, 0, b"data/m\0"), "ENOENT");
    assert_eq!(client.ok(op::READ, txn, b"data/m\0"), b"inside");
    client.ok(op::TRANSACTION_END, txn, b"T\0");
    assert_eq!(client.ok(op::READ, 0, b"data/m\0"), b"inside");
    // A node that was read changes outside.
    let txn = client.begin();
    client.ok(op::READ, txn, b"data/n\0");
    client.ok(op::WRITE, 0, b"data/n\0other");
    assert_eq!(client.ok(op::READ, txn, b"data/n\0"), b"first", "the snapshot stays");
    client.ok(op::WRITE, txn, b"data/m\0lost");
    assert_eq!(client.error(op::TRANSACTION_END, txn, b"T\0"), "EAGAIN");
    assert_eq!(client.ok(op::READ, 0, b"data/m\0"), b"inside");
    // Something else changes: no conflict.
    let txn = client.begin();
    client.ok(op::WRITE, txn, b"data/k\0kept");
    client.ok(op::WRITE, 0, b"data/n\0third");
    client.ok(op::TRANSACTION_END, txn, b"T\0");
    assert_eq!(client.error(op::TRANSACTION_END, txn, b"T\0"), "ENOENT");
    // Aborted; nested; forced.
    let txn = client.begin();
    client.ok(op::RM, txn, b"data/k\0");
    client.ok(op::TRANSACTION_END, txn, b"F\0");
    assert_eq!(client.ok(op::READ, 0, b"data/k\0"), b"kept");
    let txn = client.begin();
    assert_eq!(client.error(op::TRANSACTION_START, txn, b"\0"), "EBUSY");
    client.ok(op::TRANSACTION_END, txn, b"F\0");
    client.guest.xen.sim_mut().world.store.force_again = 1;
    let txn = client.begin();
    assert_eq!(client.error(op::TRANSACTION_END, txn, b"T\0"), "EAGAIN");
}

#[test]
fn watches_of_a_transaction_fire_at_its_end() {
    let mut client = client(3);
    client.ask(op::WATCH, 0, b"data\0t\0").0.expect("watch");
    let txn = client.begin();
    assert!(client.ask(op::WRITE, txn, b"data/q\0x").1.is_empty());
    let (answer, events) = client.ask(op::TRANSACTION_END, txn, b"T\0");
    assert!(answer.is_ok());
    assert_eq!(events, ["data/q\0t\0"]);
}

#[test]
fn quotas_are_those_of_the_server() {
    for (limits, watches, error) in [
        (StoreLimits::xenstored(), 128, ["E2BIG", "ENOSPC"]),
        (StoreLimits::oxenstored(), 100, ["EQUOTA", "EQUOTA"]),
    ] {
        let mut client = Client::new(Xen::builder().store(limits).build());
        for number in 0..watches {
            client.ask(op::WATCH, 0, format!("data\0{number}\0").as_bytes()).0.expect("watch");
        }
        assert_eq!(client.error(op::WATCH, 0, b"data\0more\0"), error[0]);
        client.ok(op::RESET_WATCHES, 0, b"\0");
        for _ in 0..10 {
            client.begin();
        }
        assert_eq!(client.error(op::TRANSACTION_START, 0, b"\0"), error[1]);
        client.ok(op::RESET_WATCHES, 0, b"\0");
        let mut made = 0;
        let failed = loop {
            match client.ask(op::WRITE, 0, format!("data/{made}\0x").as_bytes()).0 {
                Ok(_) => made += 1,
                Err(error) => break error,
            }
        };
        assert!((900..1001).contains(&made), "{made}");
        assert_eq!(failed, error[1]);
        client.ok(op::WRITE, 0, b"data/0\0still writable");
        assert_eq!(client.error(op::WRITE, 0, &[b"data/0\0".to_vec(), vec![b'x'; 2049]].concat()), "ENOSPC");
    }
    let mut client = Client::new(Xen::builder().store(StoreLimits::old()).build());
    assert_eq!(client.error(op::RESET_WATCHES, 0, b"\0"), "ENOSYS");
}

#[test]
fn long_lists_come_in_parts() {
    let mut client = client(4);
    for number in 0..300 {
        client.ok(op::WRITE, 0, format!("data/a-rather-long-name-{number}\0").as_bytes());
    }
    assert_eq!(client.error(op::DIRECTORY, 0, b"data\0"), "E2BIG");
    let mut names = Vec::new();
    let mut offset = 0;
    loop {
        let part = client.ok(op::DIRECTORY_PART, 0, format!("data\0{offset}\0").as_bytes());
        let start = part.iter().position(|byte| *byte == 0).expect("a generation") + 1;
        let done = part.ends_with(b"\0\0");
        let body = &part[start..part.len() - usize::from(done)];
        offset += body.len();
        names.extend(body.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec));
        if done {
            break;
        }
    }
    assert_eq!(names.len(), 300);
}

#[test]
fn many_requests_in_flight_are_answered_in_order() {
    let mut client = client(5);
    let ids: Vec<u32> = (0..40)
        .map(|number| client.send(op::WRITE, 0, format!("data/{number}\0{number}").as_bytes()))
        .collect();
    let answered: Vec<u32> = client.messages().iter().map(|(header, _)| header.req_id).collect();
    assert_eq!(answered, ids);
}

#[test]
fn a_server_that_is_not_read_stops_taking_requests() {
    let client = client(6);
    let page = client.guest.page(RING);
    let request = {
        let header = Header { kind: op::READ, req_id: 1, tx_id: 0, len: 6 };
        [&header.encode()[..], b"vm\0"].concat()
    };
    let request = &request[..19];
    let mut sent = 0;
    for _ in 0..2000 {
        let (prod, cons) = (page.get32(xs::REQ_PROD), page.get32(xs::REQ_CONS));
        if xs::RING_SIZE - prod.wrapping_sub(cons) < 19 {
            client.guest.xen.run(100);
            if page.get32(xs::REQ_CONS) == cons {
                break;
            }
            continue;
        }
        for (index, byte) in request.iter().enumerate() {
            // Correct the length: "vm\0" is three bytes.
            let byte = if index == 12 { 3 } else { *byte };
            page.set8((prod.wrapping_add(index as u32) % xs::RING_SIZE) as usize, byte);
        }
        page.set32(xs::REQ_PROD, prod.wrapping_add(19));
        client.guest.send(client.port);
        sent += 1;
    }
    assert!((40..400).contains(&sent), "{sent} requests taken");
    client.guest.xen.assert_clean();
}

#[test]
fn impossible_indexes_and_lengths_end_the_connection() {
    let client = client(7);
    let page = client.guest.page(RING);
    page.set32(xs::REQ_PROD, 1025);
    client.guest.send(client.port);
    client.guest.xen.run(100);
    assert_eq!(page.get32(xs::ERROR), xs::ERROR_RINGIDX);
    assert!(matches!(&client.guest.xen.violations()[0], Violation::Protocol { .. }));
    // Reconnection makes it usable again.
    page.set32(xs::REQ_PROD, 0);
    page.set32(xs::CONNECTION, 1);
    client.guest.send(client.port);
    client.guest.xen.run(100);
    assert_eq!(page.get32(xs::CONNECTION), 0);
    let mut client = Client { input: Vec::new(), ..client };
    assert_eq!(client.ok(op::READ, 0, b"domid\0"), b"7");
    let header = Header { kind: op::READ, req_id: 1, tx_id: 0, len: 5000 };
    client.send_raw(&header.encode());
    client.pump();
    assert_eq!(client.guest.page(RING).get32(xs::ERROR), xs::ERROR_PROTO);
}

#[test]
fn slow_silent_and_dead_servers() {
    let mut client = client(8);
    client.guest.xen.sim_mut().ring.mode = StoreMode::Slow(1_000_000);
    client.send(op::READ, 0, b"domid\0");
    assert!(client.messages().is_empty());
    assert_eq!(client.guest.xen.deadline(), Some(1_000_000));
    client.guest.xen.advance(1_000_000);
    assert_eq!(client.messages()[0].1, b"7");
    client.guest.xen.sim_mut().ring.mode = StoreMode::Silent;
    client.send(op::READ, 0, b"domid\0");
    assert!(client.messages().is_empty());
    let page = client.guest.page(RING);
    assert_eq!(page.get32(xs::REQ_CONS), page.get32(xs::REQ_PROD), "taken");
    client.guest.xen.sim_mut().ring.mode = StoreMode::Dead;
    client.send(op::READ, 0, b"domid\0");
    assert!(client.messages().is_empty());
    assert_ne!(page.get32(xs::REQ_CONS), page.get32(xs::REQ_PROD), "not taken");
}

#[test]
fn each_attack_is_carried_out() {
    for attack in StoreAttack::ALL {
        let mut client = client(9);
        client.guest.xen.sim_mut().ring.mode = StoreMode::Hostile(attack, 1);
        let id = client.send(op::READ, 0, b"domid\0");
        let mut all = client.messages();
        let rest = std::mem::take(&mut client.input);
        match attack {
            StoreAttack::GarbageHeader => assert!(all.is_empty() && rest.len() == 16),
            StoreAttack::WrongId => assert_ne!(all[0].0.req_id, id),
            StoreAttack::HugeLength => assert!(Header::decode(&rest).len > 4096),
            StoreAttack::UnknownType => assert!(all[0].0.kind >= op::COUNT),
            StoreAttack::OtherType => assert_eq!(all[0].0.kind, op::GET_PERMS),
            StoreAttack::StrangeError => assert_eq!(all[0].1, b"EWHATEVER"),
            StoreAttack::IndexJump => {
                let page = client.guest.page(RING);
                assert!(page.get32(xs::RSP_PROD).wrapping_sub(page.get32(xs::RSP_CONS)) > 1024);
            }
            StoreAttack::Twice => assert_eq!(all[0], all[1]),
            StoreAttack::WatchFlood => {
                all.extend(client.messages());
                assert_eq!(all.iter().filter(|(header, _)| header.kind == op::WATCH_EVENT).count(), 1000);
            }
            StoreAttack::BrokenEvent => assert!(!all[0].1.contains(&0)),
        }
    }
}

#[test]
fn the_toolstacks_nodes() {
    for kind in [Toolstack::Xl, Toolstack::Xapi] {
        let mut client = Client::new(Xen::builder().toolstack(kind).memory(64).build());
        assert_eq!(client.ok(op::READ, 0, b"memory/static-max\0"), b"65536");
        assert_eq!(client.ok(op::READ, 0, b"control/platform-feature-xs_reset_watches\0"), b"1");
        client.ok(op::WRITE, 0, b"control/feature-suspend\x001");
        let own_key = client.ask(op::WRITE, 0, b"control/feature-balloon\x001").0;
        assert_eq!(own_key.is_ok(), kind == Toolstack::Xapi, "control itself is the guest's under XAPI only");
        client.ok(op::WRITE, 0, b"control/feature-poweroff\x001");
        client.ok(op::WRITE, 0, b"control/feature-reboot\x001");
        let missing = client.guest.xen.missing_capabilities();
        assert!(missing.contains(&"HVM_PARAM_CALLBACK_IRQ".to_string()));
        client.guest.set_callback_line();
        let missing = client.guest.xen.missing_capabilities();
        assert_eq!(missing.is_empty(), kind == Toolstack::Xl, "{missing:?}");
    }
}
