//! Content over all flavours of back-end, both ways.
#![allow(missing_docs)]

mod rig;

use netfront::{
    ctrl::{Hashing, Outcome},
    negotiate::Policy,
    tx::{TxChecksum, TxMeta, TxOutcome, TxRefusal},
};
use rig::Rig;
use xenbus::io::{netif::GsoType, netif_ctrl::HashTypes};
use xensim::{Frame, Gso, NetKind, NicConfig, network::packet};

const KINDS: [NetKind; 3] = [NetKind::Netback, NetKind::NetbackPlain, NetKind::Qemu];

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// Ways in which a system lays a packet out.
fn layouts(len: usize) -> Vec<Vec<(usize, usize)>> {
    vec![
        vec![],
        vec![(4000, 96)],
        vec![(1, 54), (2048, 2048)],
        vec![(10, 20), (30, 1), (4095, 1), (7, 33)],
        vec![(100, len.div_ceil(16)); 16],
        vec![(0, 10); 60],
        vec![(4095, 1); 17],
    ]
}

#[test]
fn sent_packets_arrive_whole_whatever_their_layout() {
    for kind in KINDS {
        for (number, payload) in [0, 1, 3, 100, 460, 1400, 1446].into_iter().enumerate() {
            let mut rig = Rig::connected(NicConfig::of(kind, 0), Policy::default(), number as u64);
            let v6 = number % 2 == 1;
            let data = packet::tcp(v6, 5, 1, 0x10, &bytes(payload));
            for layout in layouts(data.len()) {
                let meta = TxMeta { header: 74, ..TxMeta::PLAIN };
                assert_eq!(rig.send(&data, &layout, &meta), TxOutcome::Sent);
                let frames = rig.xen.captured(0);
                let mut padded = data.clone();
                padded.resize(data.len().max(60), 0);
                assert_eq!(frames.len(), 1);
                assert_eq!(frames[0].data, padded, "{kind:?} {payload} {layout:?}");
            }
            rig.xen.assert_clean();
            rig.close();
        }
    }
}

#[test]
fn large_packets_go_out_with_their_metadata_and_within_eighteen_slots() {
    for kind in [NetKind::Netback, NetKind::NetbackPlain] {
        let mut rig = Rig::connected(NicConfig::of(kind, 0), Policy::default(), 5);
        for v6 in [false, true] {
            for payload in [1461, 4096, 20_000, 65_535 - 74] {
                let mut data = packet::tcp(v6, 5, 4, 0x18, &bytes(payload));
                packet::blank_checksum(&mut data);
                for layout in layouts(data.len().min(60_000)) {
                    let (ty, checksum) = if v6 {
                        (GsoType::TCPV6, TxChecksum::BlankV6)
                    } else {
                        (GsoType::TCPV4, TxChecksum::BlankV4)
                    };
                    let header = if v6 { 74 } else { 54 };
                    let meta = TxMeta { checksum, gso: Some((1400, ty)), header, hash: None };
                    assert_eq!(rig.send(&data, &layout, &meta), TxOutcome::Sent);
                    let frame = rig.xen.captured(0).remove(0);
                    assert_eq!(frame.data, data, "{payload} {layout:?}");
                    assert_eq!(frame.gso, Some(Gso { v6, size: 1400 }));
                    assert!(frame.checksum_blank && frame.slots <= 18, "{} slots", frame.slots);
                    assert!(
                        usize::from(frame.slot_sizes[0]) >= usize::from(header),
                        "headers in the first slot"
                    );
                    assert!(frame.to_wire().iter().all(|segment| packet::checksums_hold(segment)));
                }
            }
        }
        rig.xen.assert_clean();
        rig.close();
    }
}

#[test]
fn a_back_end_that_is_not_trusted_sees_only_pages_of_ours() {
    let mut config = NicConfig::new(0);
    config.untrusted = true;
    let mut rig = Rig::connected(config, Policy::default(), 5);
    let made = rig.guest.grants_made();
    let mut data = packet::tcp(false, 5, 4, 0x18, &bytes(60_000));
    packet::blank_checksum(&mut data);
    let meta =
        TxMeta { checksum: TxChecksum::BlankV4, gso: Some((1400, GsoType::TCPV4)), header: 54, hash: None };
    for _ in 0..20 {
        assert_eq!(rig.send(&data, &[(9, 54)], &meta), TxOutcome::Sent);
        assert_eq!(rig.xen.captured(0)[0].data, data);
    }
    assert_eq!(rig.guest.grants_made(), made, "nothing is granted for a packet");
    assert_eq!(rig.queues[0].tx.counters().copied, 20);
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn what_the_back_end_does_not_take_is_refused_before_it_is_sent() {
    let mut rig = Rig::connected(NicConfig::of(NetKind::Qemu, 0), Policy::default(), 5);
    let data = packet::tcp(false, 5, 1, 0x10, &bytes(100));
    let gso =
        TxMeta { checksum: TxChecksum::BlankV4, gso: Some((1400, GsoType::TCPV4)), header: 54, hash: None };
    let blank = TxMeta { gso: None, ..gso };
    assert_eq!(rig.post(0, &data, &[], &gso), Err(TxRefusal::Unsupported));
    assert_eq!(rig.post(0, &data, &[], &blank), Err(TxRefusal::Unsupported));
    assert_eq!(rig.post(0, &bytes(4097), &[], &TxMeta::PLAIN), Err(TxRefusal::Length));
    assert_eq!(rig.post(0, &bytes(13), &[], &TxMeta::PLAIN), Err(TxRefusal::Length));
    rig.close();
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 5);
    assert_eq!(rig.post(0, &bytes(65_536), &[], &TxMeta::PLAIN), Err(TxRefusal::Length));
    let zero = TxMeta { gso: Some((0, GsoType::TCPV4)), ..gso };
    assert_eq!(rig.post(0, &data, &[], &zero), Err(TxRefusal::Unsupported));
    let mixed = TxMeta { gso: Some((1400, GsoType::TCPV6)), ..gso };
    assert_eq!(rig.post(0, &data, &[], &mixed), Err(TxRefusal::Unsupported));
    rig.close();
}

#[test]
fn a_full_ring_refuses_and_goes_on() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 5);
    let data = packet::tcp(false, 5, 1, 0x10, &bytes(9000 - 54));
    let mut taken = 0;
    let refusal = loop {
        match rig.post(0, &data, &[(0, 54)], &TxMeta::PLAIN) {
            Ok(_) => taken += 1,
            Err(why) => break why,
        }
    };
    assert_eq!((taken, refusal), (64, TxRefusal::Full), "four slots each");
    rig.flush(0);
    rig.pump();
    rig.serve();
    assert_eq!(rig.done.len(), 64);
    assert_eq!(rig.xen.captured(0).len(), 64);
    assert!(rig.post(0, &data, &[(0, 54)], &TxMeta::PLAIN).is_ok());
    // Jumbo frames are violations of the wire's MTU to the simulator, but not of the protocol.
    rig.flush(0);
    rig.pump();
    rig.serve();
    rig.close();
}

#[test]
fn want_of_grants_refuses_and_leaves_nothing_behind() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 5);
    let live = rig.guest.live_grants();
    rig.guest.limit_grants(live as u32 + 3);
    let data = packet::tcp(false, 5, 1, 0x10, &bytes(1400));
    let layout = [(0, 300); 5];
    assert_eq!(rig.post(0, &data, &layout, &TxMeta::PLAIN), Err(TxRefusal::Full));
    assert_eq!(rig.guest.live_grants(), live, "what was granted has ended");
    assert_eq!(rig.queues[0].tx.outstanding(), 0);
    rig.guest.limit_grants(u32::MAX);
    assert_eq!(rig.send(&data, &layout, &TxMeta::PLAIN), TxOutcome::Sent);
    assert_eq!(rig.xen.captured(0)[0].data, data);
    rig.close();
}

#[test]
fn received_packets_arrive_whole_with_their_metadata() {
    for kind in KINDS {
        let mut rig = Rig::connected(NicConfig::of(kind, 0), Policy::default(), 7);
        for payload in [6, 1400] {
            for v6 in [false, true] {
                let data = packet::tcp(v6, 5, 1, 0x10, &bytes(payload));
                rig.xen.inject(0, Frame::plain(data.clone()));
                rig.pump();
                let received = rig.received.remove(0);
                assert_eq!((received.data, &*received.meta), (data, "Unknown"), "{kind:?}");
            }
        }
        rig.xen.assert_clean();
        rig.close();
    }
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 7);
    for (v6, payload) in [(false, 9000), (true, 30_000), (false, 65_535 - 40)] {
        let mut data = packet::tcp(v6, 5, 1, 0x10, &bytes(payload.min(65_000)));
        packet::blank_checksum(&mut data);
        let gso = Some(Gso { v6, size: 1400 });
        rig.xen.inject(0, Frame { data: data.clone(), checksum_blank: true, gso, ..Frame::default() });
        rig.pump();
        let received = rig.received.remove(0);
        assert_eq!(received.data.len(), data.len());
        assert_eq!(received.data, data);
        assert_eq!((&*received.meta, received.gso), ("Blank", Some((1400, 1 + u8::from(v6)))));
    }
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn what_we_do_not_take_is_not_sent_to_us() {
    let policy = Policy { rx_gso_v4: false, rx_csum_v4: false, ..Policy::default() };
    let mut rig = Rig::connected(NicConfig::new(0), policy, 7);
    let mut data = packet::tcp(false, 5, 1, 0x10, &bytes(4000));
    packet::blank_checksum(&mut data);
    let gso = Some(Gso { v6: false, size: 1400 });
    rig.xen.inject(0, Frame { data, checksum_blank: true, gso, ..Frame::default() });
    rig.pump();
    assert_eq!(rig.received.len(), 3);
    assert!(rig.received.iter().all(|frame| frame.gso.is_none() && packet::checksums_hold(&frame.data)));
    rig.close();
}

#[test]
fn buffers_circulate() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 7);
    for round in 0..40 {
        for flow in 0..100 {
            let data = packet::tcp(false, flow, round, 0x10, &bytes(1000 + usize::from(flow)));
            rig.xen.inject(0, Frame::plain(data));
        }
        rig.pump();
    }
    assert_eq!(rig.received.len(), 4000);
    let counters: Vec<_> = rig.queues.iter().map(|queue| *queue.rx.counters()).collect();
    let packets: u64 = counters.iter().map(|counters| counters.packets).sum();
    let recycled: u64 = counters.iter().map(|counters| counters.recycled).sum();
    assert_eq!((packets, recycled), (4000, 4000), "every buffer of a packet is used again");
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn queues_follow_the_back_end_and_hashing_spreads() {
    let policy = Policy { queues: 8, ..Policy::default() };
    let mut rig = Rig::connected(NicConfig::new(0), policy, 7);
    assert_eq!(rig.plan.unwrap().queues, 4);
    assert_eq!(rig.key("multi-queue-num-queues").as_deref(), Some("4"));
    assert_eq!(rig.key("tx-ring-ref"), None);
    assert!(rig.key("queue-3/event-channel-rx").is_some());
    let key: [u8; 40] = std::array::from_fn(|at| (at * 37 + 11) as u8);
    let mapping = (0..128).map(|entry| (entry % 4) as u8).collect();
    assert!(rig.set_hashing(Hashing { types: HashTypes::all(), key, mapping }));
    assert_eq!(rig.hashing, Some(Outcome::Done));
    for flow in 0..64 {
        rig.xen.inject(0, Frame::plain(packet::tcp(flow % 2 == 0, flow, 1, 0x10, b"x")));
    }
    rig.pump();
    assert_eq!(rig.received.len(), 64);
    for received in &rig.received {
        let (kind, value) = received.hash.expect("hashed");
        let (expected, input) = packet::hash_input(&received.data, 15).expect("TCP");
        assert_eq!((kind, value), (expected, packet::toeplitz(&key, &input)));
        assert_eq!(received.queue, value as usize % 128 % 4);
        // Our own hash is the same.
        let ours = netfront::toeplitz::hash_frame(&key, &received.data, HashTypes::all(), false);
        assert_eq!(ours.map(|(_, value)| value), Some(value));
    }
    // Off again.
    assert!(rig.set_hashing(Hashing { types: HashTypes::empty(), key, mapping: [0].into_iter().collect() }));
    assert_eq!(rig.hashing, Some(Outcome::Done));
    for queue in 0..4 {
        let data = packet::tcp(false, queue as u8, 1, 0x10, b"y");
        rig.post(queue, &data, &[], &TxMeta::PLAIN).unwrap();
        rig.flush(queue);
    }
    rig.pump();
    let mut queues: Vec<_> = rig.xen.captured(0).iter().map(|frame| frame.queue).collect();
    queues.sort_unstable();
    assert_eq!(queues, [0, 1, 2, 3]);
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn without_a_control_ring_there_is_a_nic_all_the_same() {
    let mut rig = Rig::connected(NicConfig::of(NetKind::NetbackPlain, 0), Policy::default(), 7);
    let hashing = Hashing { types: HashTypes::all(), key: [1; 40], mapping: [0].into_iter().collect() };
    assert!(!rig.set_hashing(hashing), "hash in software");
    assert_eq!(rig.key("ctrl-ring-ref"), None);
    rig.close();
}

#[test]
fn multicast_filters_follow() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 7);
    assert_eq!(rig.key("request-multicast-control").as_deref(), Some("1"));
    let group = [0x33, 0x33, 0, 0, 0, 1];
    let mut data = packet::tcp(true, 5, 1, 0x10, b"x");
    data[..6].copy_from_slice(&group);
    rig.xen.inject(0, Frame::plain(data.clone()));
    rig.pump();
    assert_eq!(rig.received.len(), 0);
    rig.queues[0].tx.multicast(true, group).unwrap();
    rig.flush(0);
    rig.pump();
    rig.xen.inject(0, Frame::plain(data.clone()));
    rig.pump();
    assert_eq!(rig.received.len(), 1);
    rig.queues[0].tx.multicast(false, group).unwrap();
    rig.flush(0);
    rig.pump();
    rig.xen.inject(0, Frame::plain(data));
    rig.pump();
    assert_eq!(rig.received.len(), 1);
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn a_burst_needs_few_notifications() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 7);
    let data = packet::tcp(false, 5, 1, 0x10, &bytes(1400));
    for _ in 0..32 {
        for _ in 0..64 {
            rig.post(0, &data, &[(0, 54)], &TxMeta::PLAIN).unwrap();
        }
        rig.flush(0);
        rig.pump();
        rig.serve();
    }
    let counters = rig.queues[0].tx.counters();
    assert_eq!(counters.packets, 2048);
    assert!(counters.notifications * 32 <= counters.packets, "{} notifications", counters.notifications);
    rig.xen.assert_clean();
    rig.close();
}
