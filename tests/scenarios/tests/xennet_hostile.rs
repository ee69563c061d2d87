//! Hostile back-ends against the shipped driver: frames are dropped or the device is stopped, nothing else.
#![allow(missing_docs)]

use ntsim::pnp::{self, removal};
use scenarios::net::{NEW, Nic, OLD, guest, linked, pattern, plain, running, unsummed};
use scenarios::rig::{Rig, sleep, wait_until};
use xensim::network::{Frame, Gso, packet};
use xensim::{NetAttack, NetKind, NicConfig, Xen};

/// Frames in every form, both ways, some rounds.
fn traffic(nic: &Nic) -> u64 {
    let mut foreign = 0;
    let mut known = Vec::new();
    for round in 0..12u8 {
        let mut frames = Vec::new();
        for v6 in [false, true] {
            let small = nic.to_us(v6, 1 + round, &pattern(60 * usize::from(round)));
            let mut large = nic.to_us(v6, 40 + round, &pattern(9000));
            known.extend([small.clone(), large.clone()]);
            packet::blank_checksum(&mut large);
            let gso = Some(Gso { v6, size: 1400 });
            frames.push(Frame::plain(small));
            frames.push(Frame { checksum_blank: true, validated: true, gso, ..Frame::plain(large) });
        }
        for frame in frames {
            nic.xen.inject(0, frame);
        }
        let out: Vec<_> =
            (0..6).map(|n| unsummed(nic.to_peer(n % 2 == 0, round, &pattern(200 * n)))).collect();
        nic.stack.send_outgoing(&out);
        sleep(20);
        let parts = |frame: &[u8]| known.iter().any(|whole| whole == frame);
        foreign += nic.stack.link.sniffed().iter().filter(|frame| !parts(&frame.bytes)).count() as u64;
        let _ = nic.xen.captured(0);
    }
    foreign
}

/// Attacks by one mode; gives how many there were, how many responses changed while they were read, and whether the
/// device was stopped.
fn attacked(rig: &Rig, attack: NetAttack) -> (u64, u64, bool) {
    rig.run(|| {
        let nic = Nic::open(&rig.xen, NetKind::Netback);
        rig.xen.with_net(0, |net, _| {
            net.config.attacks = vec![attack];
            net.config.attack_one_in = 3;
        });
        let foreign = traffic(&nic);
        // Modes that change a frame's extent within its page show other bytes of that page; all others
        // show what was sent, or nothing.
        if !matches!(
            attack,
            NetAttack::RxDoubleFetch | NetAttack::EndlessFragments | NetAttack::MissingFragments
        ) {
            assert_eq!(foreign, 0, "{attack:?}: frames that nobody sent");
        }
        if attack == NetAttack::CtrlGarbage {
            // The control ring is spoken to when something changes.
            let _ = ntsim::ndis::protocol::bind::configure(nic.adapter);
            sleep(100);
        }
        let attacks = rig.xen.with_net(0, |net, _| net.stats.attacks).unwrap();
        let stopped = nic.adapter.link.lock().connect != 1;
        // Whatever it was: sends complete, and the device can be started anew and works.
        sleep(15_000);
        rig.xen.with_net(0, |net, _| net.config.attacks.clear());
        let node = pnp::node_of(nic.adapter.pdo).expect("a device");
        removal::disable(node).unwrap_or_else(|status| panic!("{attack:?}: {status:#x}"));
        removal::enable(node);
        linked(&running(1));
        let nic = Nic::bind(&rig.xen, NetKind::Netback);
        let data = nic.to_us(false, 9, b"well again");
        assert!(nic.receive(vec![Frame::plain(data.clone())], 1)[0].bytes == data);
        assert!(nic.send(&[plain(nic.to_peer(true, 9, &pattern(80)))], 1).len() == 1);
        (attacks, rig.xen.sim().world.rewrites, stopped)
    })
}

#[test]
fn every_attack_is_survived() {
    use NetAttack as A;
    for attack in NetAttack::ALL {
        for (build, trap) in [(OLD, false), (NEW, false), (OLD, true)] {
            let xen = Xen::builder().vcpus(2).nic(NicConfig::new(0)).seed(7).build();
            let rig = Rig::with(xen, 7, |b| b.trap_shared(trap).config(|config| config.build = build));
            let (attacks, rewrites, stopped) = attacked(&rig, attack);
            println!("{attack:?}, build {build}: {attacks} attacks, stopped {stopped}");
            assert!(attacks > 0, "{attack:?} never happened");
            if attack == A::RxDoubleFetch && trap {
                assert!(rewrites > 0, "no response changed while it was read");
            }
            // What no back-end may do stops the device; what is only a bad frame does not. (Frames that are cut
            // within their slots make what follows nonsense: then it is stopped as well.)
            match attack {
                A::BeyondPage
                | A::RxWrongId
                | A::RxIndexJump
                | A::EndlessExtras
                | A::TxUnknownId
                | A::TxDuplicateId
                | A::TxIndexJump => assert!(stopped, "{attack:?}"),
                A::NegativeStatus | A::BlankNonsense | A::TxStrangeStatus | A::EventStorm => {
                    assert!(!stopped, "{attack:?}")
                }
                A::UnknownExtra
                | A::Runt
                | A::GsoZero
                | A::GsoType
                | A::EndlessFragments
                | A::MissingFragments
                | A::RxDoubleFetch
                | A::CtrlGarbage => {}
            }
            drop(rig);
        }
    }
}

#[test]
fn pages_that_stay_mapped_are_kept_and_the_device_goes_on() {
    let mut config = NicConfig::new(0);
    config.policy.keeps_grants = true;
    let rig = guest(Xen::builder().vcpus(2).nic(config).seed(3).build(), OLD, 3);
    rig.run(|| {
        let nic = Nic::open(&rig.xen, NetKind::Netback);
        // The rings stay mapped when the back-end closes: a new connection works beside them.
        rig.xen.with_net(0, |net, world| net.die(world));
        sleep(200);
        rig.xen.with_net(0, |net, world| net.revive(world));
        wait_until("the new connection", 60, || rig.xen.with_net(0, |net, _| net.stats.connects) == Some(2));
        linked(&[nic.adapter]);
        let data = nic.to_us(false, 9, &pattern(500));
        assert!(nic.receive(vec![Frame::plain(data.clone())], 1)[0].bytes == data);
        rig.xen.with_net(0, |net, world| net.release_kept(world));
    });
}
