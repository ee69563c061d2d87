//! The shipped disk driver with back-ends that fail, fall silent, storm and come back; and what Windows asks of a disk
//! beside I/O.
#![allow(missing_docs)]

use nt::sys::SRB_STATUS_BUS_RESET;
use ntsim::{
    kernel::config::Faults,
    pnp::{manager::sleep_ms, node::NodeState, removal},
    storport::{
        self,
        disk::Failure,
        request::{Ask, Direction},
    },
};
use scenarios::{
    disk::{ADAPTER, TARGET, VDEV, announce_use, at, events, open, pattern, try_at, xen},
    rig::{self, Rig, fail_each_once, node, state_of, wait_until},
};
use xensim::{
    Xen,
    back::block::{BlockAttack, BlockConfig, BlockKind},
    wake::Wake,
};

/// The back-end does half of a transfer and says that it failed: never a success; tried again it is whole.
#[test]
fn short_transfers_are_errors() {
    for untrusted in [false, true] {
        let mut config = BlockConfig::new(VDEV, 64);
        config.untrusted = untrusted;
        let rig = Rig::new(xen(config, 1), 1);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            disk.write(0, &pattern(1, 65536), false).unwrap();
            xen.with_block(VDEV, |block, _| block.config.policy.short_permille = 1000);
            assert_eq!(disk.write(0, &pattern(2, 65536), false), Err(Failure::Sense(3, 0x0c, 0)));
            assert_eq!(disk.read(0, &mut [0; 65536]), Err(Failure::Sense(3, 0x11, 0)));
            xen.with_block(VDEV, |block, _| block.config.policy.short_permille = 0);
            disk.write(0, &pattern(3, 65536), false).unwrap();
            assert!(xen.disk(VDEV).unwrap().borrow().bytes(0, 128) == pattern(3, 65536));
        });
        rig.xen.assert_clean();
    }
}

/// Requests that the back-end never answers. Copied ones end with the first reset, but the retry has to wait for them:
/// the next reset closes the connection. Those whose pages the back-end has cannot end: every reset says so, and the
/// last one, of the bus, closes the connection. On the next connection all are carried out.
#[test]
fn lost_requests_come_back_through_resets() {
    for untrusted in [true, false] {
        let mut config = BlockConfig::new(VDEV, 64);
        config.untrusted = untrusted;
        let rig = Rig::new(xen(config, 2), 2);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            disk.may_time_out = true;
            disk.write(0, &pattern(1, 8192), false).unwrap();
            let connects = || xen.with_block(VDEV, |block, _| block.stats.connects).unwrap();
            let before = connects();
            xen.with_block(VDEV, |block, _| block.config.policy.lost_permille = 1000);
            let lost = disk.send(0, Ok(&pattern(2, 8192))).unwrap();
            sleep_ms(100);
            xen.with_block(VDEV, |block, _| block.config.policy.lost_permille = 0);
            let others: Vec<_> =
                (1..20u64).map(|n| disk.send(n * 64, Ok(&pattern(n, 8192))).unwrap()).collect();
            lost.finish().unwrap_or_else(|e| panic!("untrusted {untrusted}: {e:?} {:#?}", events()));
            for request in others {
                request.finish().unwrap();
            }
            assert_eq!(connects(), before + 1, "untrusted {untrusted}");
            assert!(xen.disk(VDEV).unwrap().borrow().bytes(0, 16) == pattern(2, 8192));
            for n in 1..20u64 {
                assert!(xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 16) == pattern(n, 8192), "{n}");
            }
        });
    }
}

/// A back-end that takes nothing for longer than the time-outs, and then goes on.
#[test]
fn a_stalled_back_end_loses_nothing() {
    for untrusted in [false, true] {
        let mut config = BlockConfig::new(VDEV, 64);
        config.untrusted = untrusted;
        let rig = Rig::new(xen(config, 3), 3);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            disk.may_time_out = true;
            xen.with_block(VDEV, |block, _| block.config.policy.stalled = true);
            let sent: Vec<_> =
                (0..50u64).map(|n| disk.send(n * 64, Ok(&pattern(n, 16384))).unwrap()).collect();
            sleep_ms(25_000);
            xen.with_block(VDEV, |block, _| block.config.policy.stalled = false);
            for request in sent {
                request.finish().unwrap();
            }
            for n in 0..50u64 {
                assert!(xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 32) == pattern(n, 16384), "{n}");
            }
        });
        rig.xen.assert_clean();
    }
}

/// The back-end's process dies with requests under way and is started again: they are issued anew.
#[test]
fn a_back_end_that_dies_and_returns_is_not_noticed() {
    for (kind, seed) in [(BlockKind::Blkback, 4), (BlockKind::Qemu, 5), (BlockKind::Tapdisk, 6)] {
        let mut config = BlockConfig::of(kind, VDEV, 64);
        config.policy.latency = (100_000, 2_000_000);
        let rig = Rig::new(xen(config, seed), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            disk.may_time_out = true;
            let sent: Vec<_> = (0..60u64)
                .map(|n| {
                    disk.offset = [0, 512, 4][(n % 3) as usize];
                    disk.send(n * 64, Ok(&pattern(n, 16384))).unwrap()
                })
                .collect();
            xen.with_block(VDEV, |block, world| block.die(world));
            sleep_ms(50);
            xen.with_block(VDEV, |block, world| block.revive(world));
            for (n, request) in sent.into_iter().enumerate() {
                request.finish().unwrap_or_else(|e| panic!("{kind:?} {n}: {e:?} {:#?}", events()));
            }
            for n in 0..60u64 {
                let there = xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 32);
                assert!(there == pattern(n, 16384), "{kind:?} {n}");
            }
        });
        rig.xen.assert_clean();
    }
}

/// The guest wakes on a host whose back-end is not there before long: what Windows has under way outlasts all resets.
/// (On real Xen a slow dom0 ended reads with SRB status 14 before the disk was back.)
#[test]
fn a_slow_new_host_loses_nothing() {
    for untrusted in [false, true] {
        let mut config = BlockConfig::new(VDEV, 64);
        config.untrusted = untrusted;
        config.policy.latency = (1_000_000, 3_000_000);
        let rig = Rig::new(xen(config, 7), 7);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            disk.may_time_out = true;
            disk.write(4096, &pattern(99, 16384), false).unwrap();
            let mut sent: Vec<_> =
                (0..30u64).map(|n| disk.send(n * 64, Ok(&pattern(n, 16384))).unwrap()).collect();
            xen.suspend(Wake::New(Box::default()), 1_000_000);
            wait_until("the wake", 30, || rig.console().contains("resumed (Some(NewDomain))"));
            xen.with_block(VDEV, |block, world| block.die(world));
            sent.extend((30..50u64).map(|n| disk.send(n * 64, Ok(&pattern(n, 16384))).unwrap()));
            let read = disk.send(4096, Err(16384)).unwrap();
            // Longer than the class layer's retries last.
            ntsim::ke::thread::spawn(Box::new({
                let xen = xen.clone();
                move || {
                    sleep_ms(100_000);
                    xen.with_block(VDEV, |block, world| block.revive(world));
                }
            }))
            .unwrap();
            assert!(read.finish().unwrap_or_else(|e| panic!("{e:?} {:#?}", events())) == pattern(99, 16384));
            for (n, request) in sent.into_iter().enumerate() {
                request.finish().unwrap_or_else(|e| panic!("{n}: {e:?} {:#?}", events()));
            }
            for n in 0..50u64 {
                assert!(xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 32) == pattern(n, 16384), "{n}");
            }
        });
        rig.xen.assert_clean();
    }
}

/// The back-end never comes back: requests do not wait for ever.
#[test]
fn a_lost_back_end_ends_requests_in_bounded_time() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 8), 8);
    let xen = rig.xen.clone();
    rig.run(|| {
        let mut disk = open();
        disk.may_time_out = true;
        xen.with_block(VDEV, |block, world| block.die(world));
        sleep_ms(1_000);
        let before = rig.sim.now();
        let outcome = disk.write(0, &[1; 4096], false);
        let took = (rig.sim.now() - before) / 1_000_000_000;
        assert_eq!(outcome, Err(Failure::Srb(SRB_STATUS_BUS_RESET as u8)));
        assert!((180..300).contains(&took), "{took} s");
    });
}

/// Plugs a disk and migrates while allocations of the disk driver fail. The number of allocations.
fn with_failures(failures: Faults) -> u64 {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 20), 20);
    rig::with_failures(
        &rig,
        "xenpvvbd",
        failures,
        || state_of(ADAPTER) == Some((NodeState::Started, 0)),
        || {
            rig.xen.plug_disk(BlockConfig::new(VDEV + 16, 32));
            sleep_ms(1_000);
            rig.xen.suspend(Wake::New(Box::default()), 1_000_000);
            sleep_ms(5_000);
        },
        || {
            for target in [TARGET, TARGET + 1] {
                wait_until(&format!("{failures:?}: target {target}"), 60, || {
                    storport::scan::scan(storport::adapters()[0]);
                    try_at(target).is_ok()
                });
                let data = pattern(target.into(), 65536);
                at(target).write(64, &data, false).unwrap_or_else(|e| panic!("{failures:?}: {e:?}"));
            }
        },
    )
}

/// Each allocation of the driver's life fails once: a sample, or as many as `XENPV_SOAK` says.
#[test]
fn every_allocation_fails_once() {
    fail_each_once(12, 100, with_failures);
}

#[test]
fn event_storms_are_survived() {
    let mut config = BlockConfig::new(VDEV, 64);
    (config.attacks, config.attack_one_in) = (vec![BlockAttack::EventStorm], 2);
    let rig = Rig::new(xen(config, 7), 7);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        for n in 0..20u64 {
            disk.write(n * 8, &pattern(n, 4096), false).unwrap();
            assert!(xen.disk(VDEV).unwrap().borrow().bytes(n * 8, 8) == pattern(n, 4096));
        }
    });
    rig.xen.assert_clean();
}

/// Where all data is copied the pages' grants stay mapped: after a while nothing is mapped any more.
#[test]
fn persistent_grants_are_mapped_once() {
    let mut config = BlockConfig::new(VDEV, 64);
    config.untrusted = true;
    let rig = Rig::new(xen(config, 8), 8);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        let load = || {
            for n in 0..40u64 {
                disk.write(n * 256, &pattern(n, 128 << 10), false).unwrap();
            }
        };
        load();
        let kept: usize = xen
            .with_block(VDEV, |block, _| {
                block.queues.iter().map(xensim::back::block::Queue::persistent_grants).sum()
            })
            .unwrap();
        assert!(kept > 0);
        let maps = xen.stats().maps;
        load();
        assert_eq!(xen.stats().maps, maps, "grants that stay are not mapped again");
        for n in 0..40u64 {
            assert!(xen.disk(VDEV).unwrap().borrow().bytes(n * 256, 256) == pattern(n, 128 << 10));
        }
    });
    rig.xen.assert_clean();
}

/// Three tebibytes: sectors beyond 32 bits, to the last one.
#[test]
fn beyond_two_tebibytes() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 3 << 20), 9), 9);
    let xen = rig.xen.clone();
    rig.run(|| {
        let mut disk = open();
        let end = 3u64 << 31;
        assert_eq!(disk.sectors, end);
        for (n, place) in [(1, (1 << 32) - 8), (2, 1 << 32), (3, (1 << 32) + 12_345), (4, end - 16)] {
            disk.offset = [0, 4][n as usize % 2];
            disk.write(place, &pattern(n, 8192), false).unwrap();
            let mut back = [0; 8192];
            disk.read(place, &mut back).unwrap();
            assert!(back[..] == pattern(n, 8192)[..]);
            assert!(xen.disk(VDEV).unwrap().borrow().bytes(place, 16) == pattern(n, 8192), "{place}");
        }
        // The low half of a large number is another place.
        assert!(xen.disk(VDEV).unwrap().borrow().bytes(12_345, 16).iter().all(|b| *b == 0));
        assert_eq!(disk.write(end - 8, &[0; 8192], false), Err(Failure::Sense(5, 0x21, 0)));
        disk.unmap(1 << 32, 16).unwrap();
        assert!(xen.disk(VDEV).unwrap().borrow().bytes(1 << 32, 16).iter().all(|b| *b == 0));
    });
    rig.xen.assert_clean();
}

/// Ejecting a removable medium closes the device: Windows sees the disk go, the host sees it closed.
#[test]
fn ejecting_a_removable_disk() {
    let mut config = BlockConfig::new(VDEV, 64);
    config.features.removable = true;
    let rig = Rig::new(xen(config, 10), 10);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        disk.write(0, &pattern(1, 4096), false).unwrap();
        let eject = Ask::scsi(&[0x1b, 0, 0, 0, 2, 0], Direction::None);
        disk.command(eject, None).unwrap();
        wait_until("the unit is gone", 30, || try_at(TARGET).is_err());
        wait_until("the back-end has let go", 30, || {
            xen.with_block(VDEV, |block, _| block.queues.is_empty()).unwrap_or(true)
        });
        assert_eq!(disk.write(0, &[0; 512], false), Err(Failure::Gone));
    });
    assert!(rig.xen.disk(VDEV).unwrap().borrow().bytes(0, 8) == pattern(1, 4096));
}

/// A paging file, a hibernation file, a dump file on the disk: the adapter cannot be disabled as long as they are there.
#[test]
fn disks_with_paging_files_stay() {
    for kind in 1..=3 {
        let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 11), 11);
        rig.run(|| {
            let disk = open();
            let adapter = node(ADAPTER);
            announce_use(adapter, kind, true);
            assert!(removal::disable(adapter).is_err(), "usage {kind}");
            disk.write(0, &pattern(1, 4096), false).unwrap();
            announce_use(adapter, kind, false);
            removal::disable(adapter).unwrap();
            removal::enable(adapter);
            sleep_ms(100);
            let mut back = [0; 4096];
            at(TARGET).read(0, &mut back).unwrap();
            assert!(back[..] == pattern(1, 4096)[..]);
        });
        rig.xen.assert_clean();
    }
}

/// Every disk of a machine has its own serial number and identification, the same after a reboot.
#[test]
fn identities_are_unique_and_stay() {
    let look = |seed| {
        let xen = Xen::builder().vcpus(1).seed(seed);
        let xen = xen.disk(BlockConfig::new(VDEV, 32)).disk(BlockConfig::new(VDEV + 16, 32)).build();
        let rig = Rig::new(xen, seed);
        rig.run(|| {
            let _ = open();
            [TARGET, TARGET + 1].map(|target| {
                let disk = at(target);
                let page = |number| disk.read_data(&[0x12, 1, number, 0, 252, 0], 252).unwrap();
                let length = |data: &[u8]| 4 + usize::from(u16::from_be_bytes([data[2], data[3]]));
                [0x80, 0x83].map(|number| {
                    let data = page(number);
                    data[..length(&data).min(252)].to_vec()
                })
            })
        })
    };
    let (first, again) = (look(12), look(13));
    assert_eq!(first, again, "the same after a reboot");
    for (one, other) in first[0].iter().zip(&first[1]) {
        assert!(one.len() > 8, "{one:02x?}");
        assert_ne!(one, other, "two disks, two identities");
    }
}
