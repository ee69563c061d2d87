//! Queues and receive-side scaling: by the back-end over its control ring, and in software.
#![allow(missing_docs)]

use nt::sys::*;
use ntsim::ndis::oid;
use scenarios::net::{NEW, Nic, OLD, over_flavours, pattern};
use scenarios::rig::{sleep, wait_until};
use std::collections::BTreeMap;
use xensim::NetKind;
use xensim::network::Frame;

#[test]
fn as_many_queues_as_processors_and_the_back_end_have() {
    for (vcpus, most) in [(1, 1), (2, 2), (4, 4), (8, 4)] {
        over_flavours(
            1,
            vcpus,
            |_| {},
            |nic| {
                let queues = nic.xen.with_net(0, |net, _| net.queues.len()).unwrap();
                let split =
                    nic.xen.with_net(0, |net, _| net.queues.iter().all(|q| q.ports.0 != q.ports.1)).unwrap();
                let plain = nic.kind == NetKind::Qemu;
                assert_eq!((queues, split), (if plain { 1 } else { most }, !plain));
            },
        );
    }
}

fn flows(nic: &Nic, count: u8) -> Vec<Frame> {
    (1..=count)
        .flat_map(|flow| {
            [false, true].map(|v6| Frame::plain(nic.to_us(v6, flow, &pattern(usize::from(flow)))))
        })
        .collect()
}

/// The processor that NDIS's table names for a hash.
fn wanted(hash: u32, processors: usize) -> u32 {
    // The stack's table goes round the processors, 128 entries.
    (hash as usize % 128 % processors) as u32
}

#[test]
fn frames_come_to_the_processor_of_their_hash() {
    for vcpus in [2, 4] {
        over_flavours(
            2,
            vcpus,
            |_| {},
            |nic| {
                let (types, _) = nic.stack.settings.lock().rss.clone().expect("scaling is on");
                assert_eq!(types & NDIS_HASH_TCP_IPV6, NDIS_HASH_TCP_IPV6);
                if nic.kind == NetKind::Netback {
                    wait_until("the back-end hashes", 10, || {
                        nic.xen.with_net(0, |net, _| net.hash.enabled() && net.hash.mapping.len() == 128)
                            == Some(true)
                    });
                }
                // The driver's worker has asked for the processors of the polls.
                sleep(50);
                let frames = flows(nic, 40);
                let got = nic.receive(frames.clone(), frames.len());
                assert_eq!(got.len(), frames.len());
                let mut at = BTreeMap::new();
                for frame in got {
                    // That the hash is right the stack has checked.
                    let hash = frame.hash.expect("a hash");
                    // In poll mode NDIS chooses the processor of a queue's polls; we ask for the right one.
                    assert_eq!(frame.processor, wanted(hash, vcpus), "{:?}", nic.kind);
                    *at.entry(frame.processor).or_insert(0) += 1;
                }
                assert_eq!(at.len(), vcpus, "all processors have a share: {at:?}");
            },
        );
    }
}

#[test]
fn the_back_end_s_hash_is_used_and_follows_changes() {
    over_flavours(
        3,
        2,
        |_| {},
        |nic| {
            if nic.kind != NetKind::Netback {
                assert!(nic.xen.with_net(0, |net, _| net.stats.ctrl == 0).unwrap());
                return;
            }
            let hash = || nic.xen.with_net(0, |net, _| net.hash.clone()).unwrap();
            wait_until("the hash", 10, || hash().enabled() && !hash().mapping.is_empty());
            assert_eq!(hash().key, ntsim::ndis::protocol::bind::KEY);
            assert_eq!(hash().types(), 15);
            assert!(hash().mapping.iter().enumerate().all(|(n, queue)| *queue as usize == n % 2));
            // Off.
            let size = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 as usize;
            let mut bytes = vec![0u8; size];
            bytes[..4].copy_from_slice(&[NDIS_OBJECT_TYPE_RSS_PARAMETERS as u8, 2, size as u8, 0]);
            bytes[4..6].copy_from_slice(&(NDIS_RSS_PARAM_FLAG_DISABLE_RSS as u16).to_le_bytes());
            oid::set(nic.adapter, OID_GEN_RECEIVE_SCALE_PARAMETERS, &bytes).expect("off");
            wait_until("no hash", 10, || !hash().enabled());
            nic.stack.settings.lock().rss = None;
            let got = nic.receive(flows(nic, 5), 10);
            assert!(got.iter().all(|frame| frame.hash.is_none()));
            // Nonsense is refused.
            bytes[4..6].fill(0);
            bytes[8..12].copy_from_slice(&(NDIS_HASH_IPV4 | 2).to_le_bytes());
            assert_eq!(
                oid::set(nic.adapter, OID_GEN_RECEIVE_SCALE_PARAMETERS, &bytes),
                Err(NDIS_STATUS_INVALID_DATA)
            );
        },
    );
}

/// `NDIS_RECEIVE_SCALE_PARAMETERS` with a new key, and nothing else that is new.
fn set_key(nic: &Nic, key: [u8; 40]) {
    let size = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 as usize;
    let mut bytes = vec![0u8; size];
    bytes[..4].copy_from_slice(&[NDIS_OBJECT_TYPE_RSS_PARAMETERS as u8, 2, size as u8, 0]);
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    let unchanged = NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED;
    put(std::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, Flags), &(unchanged as u16).to_le_bytes());
    put(std::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeySize), &40u16.to_le_bytes());
    put(
        std::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeyOffset),
        &(size as u32).to_le_bytes(),
    );
    bytes.extend(key);
    oid::set(nic.adapter, OID_GEN_RECEIVE_SCALE_PARAMETERS, &bytes).expect("a new key");
    if let Some(scaling) = &mut nic.stack.settings.lock().rss {
        scaling.1 = key.into();
    }
}

#[test]
fn no_hash_of_a_former_key_is_shown() {
    over_flavours(
        6,
        1,
        // Frames wait for longer than the control ring takes.
        |config| config.policy.service = 500_000,
        |nic| {
            let hashes = nic.kind == NetKind::Netback;
            let hash = || nic.xen.with_net(0, |net, _| net.hash.clone()).unwrap();
            let back_key =
                |key: [u8; 40]| hash().enabled() && hash().key == key && !hash().mapping.is_empty();
            for round in 1..6u8 {
                // The back-end has frames that it hashed with the key of before, and gives them while it is told the new
                // one and afterwards.
                let frames = flows(nic, 40);
                nic.xen.with_net(0, |net, world| {
                    net.config.policy.stalled = true;
                    frames.iter().for_each(|frame| net.inject(world, frame.clone()));
                });
                sleep(20);
                let key = std::array::from_fn(|n| (round * 37) ^ n as u8);
                set_key(nic, key);
                sleep(20);
                nic.xen.with_net(0, |net, _| net.config.policy.stalled = false);
                // That each hash is right by the present key the stack checks.
                let got = nic.receive(Vec::new(), frames.len());
                assert!(got.iter().all(|frame| frame.hash.is_some()));
                if hashes {
                    wait_until("the back-end has the new key", 10, || back_key(key));
                }
            }
            // In the end it is the back-end that is believed: to it and to the stack the key is another than the driver
            // knows.
            sleep(12_000);
            if hashes {
                let key = [0xA5; 40];
                nic.xen.with_net(0, |net, _| net.hash.key = key.to_vec());
                if let Some(scaling) = &mut nic.stack.settings.lock().rss {
                    scaling.1 = key.into();
                }
                let frames = flows(nic, 10);
                assert!(nic.receive(frames.clone(), frames.len()).iter().all(|frame| frame.hash.is_some()));
            }
        },
    );
}

#[test]
fn a_back_end_that_refuses_to_hash_is_no_obstacle() {
    // A control ring that lies or refuses: the device goes on, or is stopped; never worse.
    over_flavours(
        4,
        2,
        |config| {
            config.attacks = vec![xensim::NetAttack::CtrlGarbage];
            config.attack_one_in = 1;
        },
        |nic| {
            let frames = flows(nic, 10);
            if nic.adapter.link.lock().connect == 1 && nic.kind != NetKind::Netback {
                assert_eq!(nic.receive(frames.clone(), frames.len()).len(), frames.len());
            }
        },
    );
}

#[test]
fn poll_mode_where_the_system_has_it() {
    for (build, version) in [(OLD, 60), (17763, 82), (NEW, 85)] {
        let xen = xensim::Xen::builder().vcpus(2).nic(xensim::NicConfig::new(0)).build();
        let rig = scenarios::net::guest(xen, build, 5);
        rig.run(|| {
            let nic = Nic::open(&rig.xen, NetKind::Netback);
            assert_eq!(nic.adapter.driver.version, 6 << 16 | version);
            let polls = ntsim::ndis::poll::calls;
            let before = polls();
            let frames = flows(&nic, 20);
            assert_eq!(nic.receive(frames.clone(), frames.len()).len(), frames.len());
            assert_eq!(polls() > before, version == 85, "{build}");
            // By keyword without it.
            if version == 85 {
                ntsim::cm::set_sz(&nic.adapter.key, "*NdisPoll", "0");
                let node = ntsim::pnp::node_of(nic.adapter.pdo).unwrap();
                ntsim::pnp::removal::disable(node).unwrap();
                ntsim::pnp::removal::enable(node);
                let nic = Nic::bind(&rig.xen, NetKind::Netback);
                let before = polls();
                let frames = flows(&nic, 20);
                assert_eq!(nic.receive(frames.clone(), frames.len()).len(), frames.len());
                assert_eq!(polls(), before);
            }
        });
        rig.xen.assert_clean();
    }
}
