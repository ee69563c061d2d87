//! Back-ends that lie: what they do is dropped, or breaks the device, and nothing else.
#![allow(missing_docs)]

mod rig;

use netfront::{
    negotiate::Policy,
    tx::{TxChecksum, TxMeta},
};
use rig::Rig;
use xenbus::{io::netif::GsoType, state::Phase};
use xensim::{Frame, Gso, NetAttack, NicConfig, network::packet};

fn traffic(rig: &mut Rig, rounds: u8) {
    for round in 0..rounds {
        for flow in 0..6u8 {
            let small = packet::tcp(flow % 2 == 0, flow, u32::from(round), 0x10, &[flow; 900]);
            let open = !rig.queues.is_empty();
            let _ = open.then(|| rig.post(0, &small, &[(7, 60)], &TxMeta::PLAIN));
            let mut large = packet::tcp(false, flow, u32::from(round), 0x10, &[flow; 9000]);
            packet::blank_checksum(&mut large);
            let gso = Some((1400, GsoType::TCPV4));
            let meta = TxMeta { checksum: TxChecksum::BlankV4, gso, header: 54, hash: None };
            let _ = open.then(|| rig.post(0, &large, &[(7, 60)], &meta));
            rig.xen.inject(0, Frame::plain(small));
            let gso = Some(Gso { v6: false, size: 1400 });
            rig.xen.inject(0, Frame { data: large, checksum_blank: true, gso, ..Frame::default() });
        }
        if !rig.queues.is_empty() {
            rig.flush(0);
        }
        // An event storm never becomes quiet; everything else does.
        for _ in 0..20 {
            rig.xen.run(2000);
            let guest = rig.guest.clone();
            while let Some((_, token)) = guest.take_watch() {
                let now = rig.now();
                match token.as_str() {
                    "front" => rig.control.front_event(&guest, now),
                    _ => rig.control.event(&guest, now),
                }
            }
            rig.steps();
            rig.serve();
        }
    }
}

fn check(rig: &mut Rig, what: &str) {
    for received in &rig.received {
        assert!(received.data.len() >= 14, "{what}");
        assert!(received.gso.is_none_or(|(size, ty)| size != 0 && (1..=2).contains(&ty)), "{what}");
        assert!(received.hash.is_none_or(|(ty, _)| ty < 4), "{what}");
    }
    let broken = !rig.violations.is_empty();
    if broken {
        assert_ne!(rig.control.phase(), Phase::Running, "{what}");
        assert_eq!(rig.violations.len(), rig.violations.len().min(8), "{what}");
    }
    // However it stands: the end comes by time alone, and everything is given back.
    let now = rig.now();
    rig.control.stop(now);
    for _ in 0..10 {
        rig.steps();
        rig.xen.run(2000);
        if let Some(deadline) = rig.control.deadline() {
            rig.xen.sim_mut().advance(deadline);
            rig.control.poll(deadline);
        }
    }
    rig.steps();
    assert_eq!(rig.control.phase(), Phase::Stopped, "{what}");
    assert_eq!(rig.unfinished(), 0, "{what}: packets came back");
    for queue in &rig.queues {
        assert_eq!(queue.rx.buffers(), rig.buffers, "{what}: buffers came back");
    }
    assert_eq!(rig.guest.live_grants(), 0, "{what}");
}

#[test]
fn each_attack_alone() {
    for attack in NetAttack::ALL {
        for seed in 0..6 {
            let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), seed);
            traffic(&mut rig, 1);
            let before = rig.received.len();
            assert!(before > 0, "{attack:?}");
            rig.xen.with_net(0, |net, _| net.next_attack = Some(attack));
            traffic(&mut rig, 3);
            check(&mut rig, &format!("{attack:?} {seed}"));
        }
    }
}

#[test]
fn all_attacks_mixed() {
    for seed in 0..40 {
        let mut config = NicConfig::new(0);
        config.attacks = NetAttack::ALL.to_vec();
        config.attack_one_in = 6;
        let mut rig = Rig::new(config, Policy { distrust: seed % 2 == 0, ..Policy::default() }, seed);
        rig.control.start();
        traffic(&mut rig, 4);
        check(&mut rig, &format!("seed {seed}"));
    }
}

#[test]
fn answers_late_lost_wrong_and_out_of_order() {
    for seed in 0..20 {
        let mut config = NicConfig::new(0);
        config.policy.out_of_order = true;
        config.policy.error_permille = 200;
        config.policy.lost_permille = 20;
        config.policy.tx_latency = (0, 1_000_000);
        let mut rig = Rig::connected(config, Policy::default(), seed);
        for _ in 0..4 {
            traffic(&mut rig, 2);
            rig.guest.settle();
            rig.serve();
        }
        assert_eq!(rig.violations, [], "{seed}");
        check(&mut rig, &format!("seed {seed}"));
    }
}
