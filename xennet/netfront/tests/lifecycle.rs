//! Connections come and go: restarts, suspends, ejects, refusals, link changes.
#![allow(missing_docs)]

mod rig;

use netfront::{
    negotiate::Policy,
    tx::{TxMeta, TxOutcome, TxRefusal},
};
use rig::{FRONT, Rig};
use xenbus::{
    seam::Store,
    state::{Failure, Phase, Wake},
};
use xensim::{Frame, NetKind, NicConfig, network::packet};

fn data(flow: u8) -> Vec<u8> {
    packet::tcp(false, flow, 1, 0x10, &[flow; 700])
}

fn works(rig: &mut Rig) {
    assert_eq!(rig.send(&data(1), &[(50, 54)], &TxMeta::PLAIN), TxOutcome::Sent);
    assert_eq!(rig.xen.captured(0).last().map(|frame| frame.data.clone()), Some(data(1)));
    rig.received.clear();
    rig.xen.inject(0, Frame::plain(data(2)));
    rig.pump();
    assert_eq!(rig.received.len(), 1);
    assert_eq!(rig.received[0].data, data(2));
}

#[test]
fn connect_and_close_leave_nothing_behind() {
    for kind in [NetKind::Netback, NetKind::NetbackPlain, NetKind::Qemu] {
        let mut rig = Rig::connected(NicConfig::of(kind, 0), Policy::default(), 1);
        works(&mut rig);
        let free = rig.guest.free_pages();
        for _ in 0..5 {
            let now = rig.now();
            rig.control.stop(now);
            rig.pump();
            assert_eq!(rig.control.phase(), Phase::Stopped);
            assert_eq!(rig.guest.live_grants(), 0);
            rig.control.start();
            rig.pump();
            works(&mut rig);
        }
        assert_eq!(rig.guest.free_pages(), free);
        rig.xen.assert_clean();
        rig.close();
    }
}

#[test]
fn keys_of_another_number_of_queues_do_not_stay() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy { queues: 4, ..Policy::default() }, 1);
    works(&mut rig);
    let now = rig.now();
    rig.control.stop(now);
    rig.pump();
    rig.control.set_policy(Policy { queues: 1, hash: false, ..Policy::default() });
    rig.queues.truncate(1);
    rig.control.start();
    rig.pump();
    works(&mut rig);
    for gone in ["multi-queue-num-queues", "queue-0/tx-ring-ref", "queue-3/tx-ring-ref", "ctrl-ring-ref"] {
        assert_eq!(rig.key(gone), None, "{gone}");
    }
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn a_restarted_back_end_is_connected_anew() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    works(&mut rig);
    rig.xen.with_net(0, |net, _| net.config.policy.stalled = true);
    for flow in 0..3 {
        rig.post(0, &data(flow), &[(50, 54)], &TxMeta::PLAIN).unwrap();
    }
    rig.flush(0);
    rig.xen.with_net(0, |net, world| {
        net.config.policy.stalled = false;
        net.die(world);
    });
    rig.pump();
    rig.xen.with_net(0, |net, world| net.revive(world));
    rig.pump_by(1);
    assert_eq!(rig.control.phase(), Phase::Running, "{:?}", rig.log);
    assert_eq!(rig.done, [(1, TxOutcome::Lost), (2, TxOutcome::Lost), (3, TxOutcome::Lost)], "{:?}", rig.log);
    rig.done.clear();
    works(&mut rig);
    rig.close();
}

#[test]
fn a_cancelled_suspend_goes_on_where_it_was() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.suspend();
    assert_eq!(rig.post(0, &data(1), &[], &TxMeta::PLAIN), Err(TxRefusal::Closed));
    for queue in &mut rig.queues {
        queue.rx.disable();
    }
    rig.xen.inject(0, Frame::plain(data(9)));
    rig.guest.settle();
    rig.resume(Wake::SameDomain);
    for queue in &mut rig.queues {
        queue.rx.enable();
    }
    rig.serve();
    assert_eq!(rig.received.len(), 1, "what came meanwhile is there");
    works(&mut rig);
    rig.xen.assert_clean();
    rig.close();
}

#[test]
fn the_link_goes_down_and_up() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    assert!(rig.properties.unwrap().carrier);
    for up in [false, true] {
        rig.xen.with_net(0, |net, world| net.set_link(world, up));
        rig.pump();
        assert_eq!(rig.properties.unwrap().carrier, up);
    }
    works(&mut rig);
    rig.close();
}

#[test]
fn a_new_address_and_mtu_are_told() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.guest.write(None, &format!("{FRONT}/mtu"), b"9000").unwrap();
    rig.guest.write(None, &format!("{FRONT}/mac"), b"00:16:3e:aa:bb:cc").unwrap();
    rig.pump();
    let identity = rig.identity.unwrap();
    assert_eq!(identity.mtu, 9000);
    assert_eq!(identity.mac.unwrap().0, [0, 0x16, 0x3E, 0xAA, 0xBB, 0xCC]);
    rig.guest.write(None, &format!("{FRONT}/mtu"), b"-1").unwrap();
    rig.guest.write(None, &format!("{FRONT}/mac"), b"01:00:5e:00:00:01").unwrap();
    rig.pump();
    let identity = rig.identity.unwrap();
    assert_eq!((identity.mtu, identity.mac), (1500, None), "nonsense is as good as nothing");
    rig.close();
}

#[test]
fn an_eject_that_is_vetoed_changes_nothing() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.eject = Some(false);
    rig.xen.unplug_nic(0);
    rig.pump();
    assert!(rig.log.contains(&"eject?"), "{:?}", rig.log);
    works(&mut rig);
    rig.close();
}

#[test]
fn an_eject_that_is_agreed_to_closes() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.eject = Some(true);
    rig.xen.unplug_nic(0);
    rig.pump();
    assert_eq!(rig.control.phase(), Phase::Stopped, "{:?}", rig.log);
    assert_eq!(rig.guest.live_grants(), 0);
}

#[test]
fn a_device_that_is_torn_out_is_let_go() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.post(0, &data(1), &[(0, 54)], &TxMeta::PLAIN).unwrap();
    rig.xen.yank_nic(0);
    rig.pump();
    assert!(!rig.control.phase().eq(&Phase::Running), "{:?}", rig.log);
    println!("{:?} {:?}", rig.log, rig.control.phase());
    assert_eq!(rig.done, [(0, TxOutcome::Lost)]);
    assert_eq!(rig.guest.live_grants(), 0);
    assert_eq!(rig.key("state"), None, "no ghost of the folder");
    let now = rig.now();
    rig.control.stop(now);
    rig.pump();
    for _ in 0..4 {
        if rig.control.phase() != Phase::Stopped {
            rig.expire();
        }
    }
    assert_eq!(rig.control.phase(), Phase::Stopped);
    assert_eq!(rig.key("state"), None);
}

#[test]
fn a_back_end_without_rx_copy_is_refused_with_a_reason() {
    let mut config = NicConfig::new(0);
    config.features.rx_copy = false;
    let mut rig = Rig::new(config, Policy::default(), 1);
    rig.control.start();
    rig.pump();
    assert_eq!((rig.control.phase(), rig.failure), (Phase::Failed, Some(Failure::Unsupported)));
    assert_eq!(rig.guest.live_grants(), 0);
}

#[test]
fn without_memory_or_grants_the_connection_fails_cleanly() {
    for grants in [0, 1, 40, 140] {
        let mut rig = Rig::new(NicConfig::new(0), Policy::default(), 1);
        rig.guest.limit_grants(grants);
        rig.control.start();
        rig.pump();
        for _ in 0..8 {
            if rig.control.phase() == Phase::Failed {
                break;
            }
            if rig.control.deadline().is_some() {
                rig.expire();
            }
        }
        if rig.control.phase() == Phase::Failed {
            assert_eq!(rig.failure, Some(Failure::Resources), "{grants}");
            assert_eq!(rig.guest.live_grants(), 0, "{grants}");
        } else {
            assert_eq!(rig.control.phase(), Phase::Running, "rings and few buffers are enough");
        }
    }
    for pages in [0u64, 1, 100, 301, 330, 428, 429, 430] {
        let mut rig = Rig::new(NicConfig::new(0), Policy::default(), 1);
        rig.buffers = 0;
        rig.guest.limit_allocations(Some(pages));
        rig.control.start();
        rig.pump();
        for _ in 0..8 {
            if rig.control.phase() != Phase::Failed && rig.control.deadline().is_some() {
                rig.expire();
            }
        }
        if rig.control.phase() == Phase::Failed {
            assert_eq!(rig.guest.live_grants(), 0, "{pages}");
        } else {
            assert_eq!(rig.control.phase(), Phase::Running, "{pages}");
        }
    }
}

#[test]
fn a_stalled_back_end_is_noticed() {
    let mut rig = Rig::connected(NicConfig::new(0), Policy::default(), 1);
    rig.xen.with_net(0, |net, _| net.config.policy.stalled = true);
    rig.post(0, &data(1), &[], &TxMeta::PLAIN).unwrap();
    rig.flush(0);
    rig.pump();
    let now = rig.now();
    let bound = 5_000_000_000;
    assert!(!rig.queues[0].tx.stalled(now, bound));
    assert!(rig.queues[0].tx.stalled(now + bound, bound));
    rig.xen.with_net(0, |net, _| net.config.policy.stalled = false);
    works(&mut rig);
    let now = rig.now();
    assert!(!rig.queues[0].tx.stalled(now + bound, bound), "nothing is owed");
    rig.close();
}

#[test]
fn a_back_end_in_another_domain_works() {
    let mut config = NicConfig::new(0);
    config.backend_domid = 3;
    let mut rig = Rig::connected(config, Policy::default(), 1);
    works(&mut rig);
    rig.xen.assert_clean();
    rig.close();
}
