//! Two NICs of one guest, their wires crossed by the test: TCP/IP through xennet, with every frame on the wire checked.
#![allow(missing_docs)]

use ntsim::ndis::{self, adapter::State, protocol::Stack};
use ntsim::pnp;
use scenarios::rig::{Rig, boot, sleep, wait_until};
use smoltcp::wire::{IpAddress, IpCidr};
use std::cell::Cell;
use std::rc::Rc;
use xensim::network::{Frame, packet};
use xensim::{NicConfig, Xen};

/// Carries frames between the two wires, and checks what a real network would check.
fn cross(xen: Xen, stop: Rc<Cell<bool>>, seen: Rc<Cell<(u64, u64)>>) {
    ntsim::ke::thread::spawn(move || {
        while !stop.get() {
            for (from, to) in [(0, 1), (1, 0)] {
                for frame in xen.captured(from) {
                    let (frames, large) = seen.get();
                    seen.set((frames + 1, large + u64::from(frame.gso.is_some())));
                    for wire in frame.to_wire() {
                        assert!(
                            packet::checksums_hold(&wire),
                            "a frame of NIC {from} has a wrong checksum: {wire:02x?}"
                        );
                        assert!(wire.len() <= 1514, "a frame of {} bytes on the wire", wire.len());
                        xen.inject(to, Frame::plain(wire));
                    }
                }
            }
            sleep(1);
        }
    })
    .expect("a thread");
}

struct Network {
    stacks: [&'static Stack; 2],
    stop: Rc<Cell<bool>>,
    seen: Rc<Cell<(u64, u64)>>,
}

const A: IpAddress = IpAddress::v4(192, 168, 7, 1);
const B: IpAddress = IpAddress::v4(192, 168, 7, 2);
const A6: IpAddress = IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 1);
const B6: IpAddress = IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 2);

fn start(xen: &Xen) -> Network {
    boot(&["xenpvpci", "xenpvnet"]);
    wait_until("two running adapters", 30, || {
        ndis::adapters().iter().filter(|a| a.state() == State::Running).count() == 2
    });
    wait_until("both links", 30, || ndis::adapters().iter().all(|a| a.link.lock().connect == 1));
    let (stop, seen) = (Rc::new(Cell::new(false)), Rc::new(Cell::new((0, 0))));
    cross(xen.clone(), stop.clone(), seen.clone());
    let mut adapters = ndis::adapters();
    // In the order of the back-end's numbers, whatever order they were found in.
    adapters.sort_by_key(|a| pnp::instance_path(a.pdo));
    let stacks = [adapters[0], adapters[1]].map(|a| Stack::open(a).expect("the adapter can be opened"));
    for (stack, v4, v6) in [(stacks[0], A, A6), (stacks[1], B, B6)] {
        let settings = stack.settings.lock().clone();
        println!("{settings:?}");
        assert!(settings.refused.is_empty(), "mandatory OIDs are refused: {:x?}", settings.refused);
        stack.address(IpCidr::new(v4, 24), None);
        stack.address(IpCidr::new(v6, 64), None);
    }
    Network { stacks, stop, seen }
}

fn rig(seed: u64) -> Rig {
    Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).nic(NicConfig::new(1)).seed(seed).build(), seed)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 251) as u8).collect()
}

#[test]
fn pings_in_every_size() {
    let rig = rig(1);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        for size in [0, 1, 18, 56, 500, 1400] {
            net.stacks[0]
                .ping(B, &pattern(size), 5000)
                .unwrap_or_else(|e| panic!("v4 ping of {size}: {e:?}"));
            net.stacks[1]
                .ping(A6, &pattern(size), 5000)
                .unwrap_or_else(|e| panic!("v6 ping of {size}: {e:?}"));
        }
        net.stop.set(true);
        sleep(50);
    });
    rig.xen.assert_clean();
}

#[test]
fn datagrams_arrive_whole() {
    let rig = rig(2);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        let (a, b) = (net.stacks[0].udp(4000).unwrap(), net.stacks[1].udp(4001).unwrap());
        for size in [1, 2, 3, 100, 777, 1472] {
            a.send(B, 4001, &pattern(size)).unwrap();
            assert_eq!(b.receive(5000).unwrap(), (pattern(size), A, 4000), "{size}");
        }
        net.stop.set(true);
        sleep(50);
    });
    rig.xen.assert_clean();
}

#[test]
fn a_connection_carries_large_sends() {
    for to in [B, B6] {
        let rig = rig(3);
        let xen = rig.xen.clone();
        rig.run(|| {
            let net = start(&xen);
            let listener = net.stacks[1].tcp_listen(80).unwrap();
            let client = net.stacks[0].tcp_connect(to, 80).unwrap();
            listener.accepted().unwrap();
            let data = pattern(400_000);
            let sent = data.clone();
            ntsim::ke::thread::spawn(move || {
                client.send(&sent).unwrap();
                client.finish().unwrap();
            })
            .unwrap();
            assert!(listener.receive_exact(data.len()).unwrap() == data, "what arrived is not what was sent");
            let settings = net.stacks[0].settings.lock().clone();
            let (frames, large) = net.seen.get();
            println!("{frames} frames, {large} large; {:?}", *net.stacks[1].link.counts.lock());
            if settings.lso[usize::from(to == B6)].0 != 0 {
                assert!(large > 0, "large sends are offered, and none was seen on the wire");
            }
            net.stop.set(true);
            sleep(50);
        });
        rig.xen.assert_clean();
    }
}

#[test]
fn both_adapters_are_removed_under_traffic() {
    let rig = rig(4);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        let listener = net.stacks[1].tcp_listen(80).unwrap();
        let client = net.stacks[0].tcp_connect(B, 80).unwrap();
        listener.accepted().unwrap();
        ntsim::ke::thread::spawn(move || {
            let _ = client.send(&pattern(1 << 20));
        })
        .unwrap();
        sleep(100);
        for adapter in ndis::adapters() {
            let node = pnp::node_of(adapter.pdo).unwrap();
            pnp::removal::disable(node).unwrap();
        }
        assert!(ndis::adapters().is_empty());
        net.stop.set(true);
        sleep(50);
    });
}
