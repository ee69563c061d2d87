//! Pause, restart, halt, reset, cancel under traffic: every list comes back exactly once.
#![allow(missing_docs)]

use nt::sys::*;
use ntsim::kernel::config::Faults;
use ntsim::ndis::{self, adapter::State, hang, life, protocol::transmit::Outgoing};
use ntsim::pnp::{self, removal};
use scenarios::net::{NEW, Nic, PEER, guest, linked, over_flavours, pattern, plain, running, unsummed};
use scenarios::rig::{self, fail_each_once, sleep, wait_until};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use xensim::network::Frame;
use xensim::{NetKind, NicConfig, Wake, Xen};

fn burst(nic: &Nic, count: usize) -> Vec<Outgoing> {
    (0..count).map(|n| unsummed(nic.to_peer(n % 2 == 0, n as u8, &pattern(40 + 97 * (n % 15))))).collect()
}

/// Migrates while allocations of the NIC's driver fail. The number of allocations.
fn with_failures(failures: Faults) -> u64 {
    let rig = guest(Xen::builder().vcpus(2).nic(NicConfig::new(0)).seed(30).build(), NEW, 30);
    rig::with_failures(
        &rig,
        "xenpvnet",
        failures,
        || {
            sleep(1_000);
            ndis::adapters().iter().any(|adapter| adapter.state() == State::Running)
        },
        || {
            rig.xen.suspend(Wake::New(Box::default()), 1_000_000);
            sleep(5_000);
        },
        || {
            let nic = Nic::bind(&rig.xen, NetKind::Netback);
            assert_eq!(nic.send(&burst(&nic, 8), 8).len(), 8, "{failures:?}");
            let got = nic.receive(vec![Frame::plain(nic.to_us(false, 1, &pattern(700)))], 1);
            assert!(got[0].bytes.ends_with(&pattern(700)), "{failures:?}");
        },
    )
}

/// Each allocation of the driver's life fails once: a sample, or as many as `XENPV_SOAK` says.
#[test]
fn every_allocation_fails_once() {
    fail_each_once(12, 100, with_failures);
}

/// As Driver Verifier does it: every new call stack's allocation fails once, in one run.
#[test]
fn every_call_stack_fails_once() {
    with_failures(Faults::Systematic);
}

/// Nothing is outstanding, and as much was completed (returned) as was sent (received).
fn settled(nic: &Nic) {
    let data = &nic.adapter.data;
    wait_until("all lists to be back", 30, || data.sends() == 0 && data.receives() == 0);
    assert_eq!(data.sent.load(Relaxed), data.completed.load(Relaxed));
    assert_eq!(nic.stack.link.in_flight(), 0);
}

/// Traffic both ways from a thread of its own, until told to stop.
fn traffic(nic: &Nic) -> Rc<Cell<bool>> {
    let stop = Rc::new(Cell::new(false));
    let (xen, stack, end) = (nic.xen.clone(), nic.stack, stop.clone());
    let out = burst(nic, 24);
    let inward = nic.to_us(false, 4, &pattern(900));
    ntsim::ke::thread::spawn(move || {
        while !end.get() {
            if stack.link.in_flight() < 400 {
                stack.send_outgoing(&out);
            }
            for _ in 0..8 {
                xen.inject(0, Frame::plain(inward.clone()));
            }
            let _ = (xen.captured(0), stack.link.sniffed());
            sleep(1);
        }
    })
    .expect("a thread");
    stop
}

/// Rounds of pause and restart for one guest in the sample that every test run makes.
const ROUNDS: usize = 30;

fn rounds(most: usize) -> usize {
    std::env::var("XENPV_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(most)
}

#[test]
fn pauses_under_traffic_lose_and_double_nothing() {
    over_flavours(
        1,
        2,
        |config| config.policy.tx_latency = (0, 2_000_000),
        |nic| {
            let stop = traffic(nic);
            for round in 0..rounds(ROUNDS) {
                sleep(1 + (round % 4) as u64);
                life::pause(nic.adapter, NDIS_PAUSE_NDIS_INTERNAL);
                assert_eq!((nic.adapter.data.handed(), nic.adapter.data.receives()), (0, 0), "round {round}");
                assert_eq!(life::restart(nic.adapter), NDIS_STATUS_SUCCESS);
            }
            stop.set(true);
            sleep(20);
            settled(nic);
            assert!(nic.stack.link.sent[0].load(Relaxed) > 100, "there was traffic");
        },
    );
}

#[test]
fn halts_under_traffic_lose_and_double_nothing() {
    over_flavours(
        2,
        2,
        |config| config.policy.tx_latency = (0, 2_000_000),
        |nic| {
            let node = pnp::node_of(nic.adapter.pdo).expect("a device");
            let mut nic = Nic { xen: nic.xen.clone(), ..*nic };
            for round in 0..rounds(ROUNDS).div_ceil(10) {
                let stop = traffic(&nic);
                sleep(20);
                removal::disable(node).unwrap_or_else(|status| panic!("round {round}: {status:#x}"));
                stop.set(true);
                sleep(20);
                let data = &nic.adapter.data;
                assert_eq!((data.handed(), data.receives()), (0, 0), "round {round}");
                assert_eq!(data.sent.load(Relaxed), data.completed.load(Relaxed));
                assert!(data.received.load(Relaxed) >= data.returned.load(Relaxed));
                removal::enable(node);
                linked(&running(1));
                nic = Nic::bind(&nic.xen, nic.kind);
            }
            assert_eq!(nic.send(&[plain(nic.to_peer(false, 1, b"still there"))], 1).len(), 1);
        },
    );
}

#[test]
fn sends_while_paused_are_refused_and_while_unconnected_wait() {
    over_flavours(
        3,
        1,
        |_| {},
        |nic| {
            nic.xen.with_net(0, |net, _| net.config.policy.stalled = true);
            // More than the ring takes: the rest waits in the miniport.
            let frames = burst(nic, 400);
            nic.stack.send_outgoing(&frames);
            assert!(nic.adapter.data.sends() > 300);
            nic.xen.with_net(0, |net, _| net.config.policy.stalled = false);
            let mut seen = 0;
            wait_until("all frames", 20, || {
                seen += nic.xen.captured(0).iter().filter(|frame| frame.data[..6] == PEER).count();
                seen == frames.len()
            });
            settled(nic);
        },
    );
}

#[test]
fn waiting_sends_can_be_cancelled() {
    over_flavours(
        4,
        1,
        |_| {},
        |nic| {
            nic.xen.with_net(0, |net, _| net.config.policy.stalled = true);
            let frames: Vec<Outgoing> = burst(nic, 400)
                .into_iter()
                .enumerate()
                .map(|(n, frame)| Outgoing { cancel: if n % 2 == 0 { 0x77_0000 } else { 0 }, ..frame })
                .collect();
            nic.stack.send_outgoing(&frames);
            sleep(5);
            nic.adapter.cancel_sends(0x77_0000 as *mut _);
            let aborted = nic.stack.link.sent[1].load(Relaxed);
            assert!((50..=200).contains(&aborted), "{aborted} of those that waited");
            nic.adapter.cancel_sends(0x99_0000 as *mut _);
            assert_eq!(nic.stack.link.sent[1].load(Relaxed), aborted, "nobody else's");
            nic.xen.with_net(0, |net, _| net.config.policy.stalled = false);
            settled(nic);
            assert_eq!(nic.stack.link.sent[0].load(Relaxed), 400 - aborted);
        },
    );
}

#[test]
fn a_hung_send_ends_in_a_reset() {
    over_flavours(
        5,
        2,
        |_| {},
        |nic| {
            let resets = || nic.adapter.hang.resets.load(Relaxed);
            // The back-end takes packets and never answers; closing, it lets go of them.
            nic.xen.with_net(0, |net, _| net.config.policy.lost_permille = 1000);
            nic.stack.send_outgoing(&burst(nic, 10));
            sleep(5000);
            assert_eq!(resets(), 0, "not too soon");
            nic.xen.with_net(0, |net, _| net.config.policy.lost_permille = 0);
            wait_until("the reset", 60, || resets() == 1);
            wait_until("the new connection", 60, || {
                nic.xen.with_net(0, |net, _| net.stats.connects) == Some(2)
                    && nic.adapter.link.lock().connect == 1
            });
            settled(nic);
            assert_eq!(nic.stack.link.sent[1].load(Relaxed), 10, "they failed");
            let _ = nic.xen.captured(0);
            assert_eq!(nic.send(&[plain(nic.to_peer(false, 1, b"after the reset"))], 1).len(), 1);
            assert_eq!(resets(), 1);
        },
    );
}

#[test]
fn resets_under_traffic_complete() {
    over_flavours(
        6,
        2,
        |_| {},
        |nic| {
            let stop = traffic(nic);
            for _ in 0..3 {
                sleep(30);
                hang::reset(nic.adapter);
            }
            stop.set(true);
            sleep(20);
            linked(&[nic.adapter]);
            settled(nic);
            sleep(50);
            let _ = nic.xen.captured(0);
            assert_eq!(nic.send(&[plain(nic.to_peer(false, 1, b"after the resets"))], 1).len(), 1);
        },
    );
}
