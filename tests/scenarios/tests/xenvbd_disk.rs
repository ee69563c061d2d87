//! The disk driver as shipped, on the bus driver as shipped, under the stand-in kernel.
#![allow(missing_docs)]

use ntsim::{
    pnp::{manager::sleep_ms, removal},
    storport::{self, disk::Failure},
};
use scenarios::{
    disk::{ADAPTER, TARGET, VDEV, at, events, open, pattern, try_at, xen},
    rig::{Rig, boot, node},
};
use xensim::{
    Xen,
    back::block::{BlockAttack, BlockConfig, BlockKind},
    wake::Wake,
};

#[test]
fn data_over_all_flavours_is_where_it_belongs() {
    for kind in [BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk] {
        for untrusted in [false, true] {
            let mut config = BlockConfig::of(kind, VDEV, 64);
            config.untrusted = untrusted;
            let rig = Rig::new(xen(config, 1), 1);
            let xen = rig.xen.clone();
            rig.run(|| {
                let mut disk = open();
                assert_eq!((disk.sectors, disk.sector_size), (64 * 2048, 512));
                assert!(disk.name().starts_with("XENPV"), "{}", disk.name());
                for (index, offset) in [0, 512, 4].into_iter().enumerate() {
                    disk.offset = offset;
                    for bytes in [512, 4096, 70_144, 1 << 20] {
                        let lba = (1 + index as u64) * 8192;
                        let data = pattern(bytes as u64 + offset as u64, bytes);
                        disk.write(lba, &data, false).unwrap_or_else(|e| {
                            let stats = xen.with_block(VDEV, |block, _| format!("{:?}", block.stats));
                            panic!("{kind:?} {untrusted} {offset} {bytes}: {e:?} {stats:?} {:#?}", events())
                        });
                        let there = xen.disk(VDEV).unwrap().borrow().bytes(lba, bytes as u64 / 512);
                        assert!(there == data, "{kind:?} {untrusted} {offset} {bytes}: at the back-end");
                        let mut back = vec![0; bytes];
                        disk.read(lba, &mut back).unwrap();
                        assert!(back == data, "{kind:?} {untrusted} {offset} {bytes}: read back");
                    }
                }
                disk.flush().unwrap();
                let end = disk.sectors;
                assert_eq!(disk.write(end, &[0; 512], false), Err(Failure::Sense(5, 0x21, 0)));
            });
            rig.xen.assert_clean();
        }
    }
}

#[test]
fn flushed_and_forced_data_survives_a_power_cut() {
    let mut config = BlockConfig::new(VDEV, 64);
    config.policy.latency = (10_000, 100_000);
    let rig = Rig::new(xen(config, 2), 2);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        disk.write(0, &pattern(1, 65536), false).unwrap();
        disk.flush().unwrap();
        disk.write(1000, &pattern(2, 4096), true).unwrap();
    });
    let disk = xen.disk(VDEV).unwrap();
    assert!(disk.borrow().durable_bytes(0, 128) == pattern(1, 65536));
    assert!(disk.borrow().durable_bytes(1000, 8) == pattern(2, 4096));
}

/// On a boot without unplug the PV disk connects, but shows no unit: Windows must not see the same disk
/// twice.
#[test]
fn a_disk_with_a_live_emulated_twin_is_hidden() {
    let rig = Rig::new(xen(BlockConfig::new(51712, 64), 3), 3);
    let xen = rig.xen.clone();
    rig.run(|| {
        boot(&["xenpvpci", "xenpvvbd"]);
        let adapters = storport::adapters();
        assert_eq!(try_at(0).err(), Some(Failure::Gone));
        let connects = xen.with_block(51712, |block, _| block.stats.connects);
        assert!(connects.is_some_and(|n| n > 0), "{connects:?} {:#?}", events());
        assert!(adapters[0].units.lock().is_empty());
    });
    rig.xen.assert_clean();
}

#[test]
fn many_requests_at_once_from_several_processors() {
    for seed in 10..16 {
        let mut config = BlockConfig::new(VDEV, 64);
        config.policy.latency = (0, 200_000);
        config.policy.out_of_order = true;
        config.untrusted = seed % 2 == 0;
        let rig = Rig::new(Xen::builder().vcpus(4).seed(seed).disk(config).build(), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            let mut pending = Vec::new();
            for n in 0..100u64 {
                disk.offset = [0, 512, 8][n as usize % 3];
                pending.push(disk.send(n * 64, Ok(&pattern(n, 32 << 10))).unwrap());
            }
            for request in pending {
                request.finish().unwrap();
            }
            for n in 0..100u64 {
                let there = xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 64);
                assert!(there == pattern(n, 32 << 10), "seed {seed}: request {n}");
            }
            let reads: Vec<_> = (0..100u64).map(|n| disk.send(n * 64, Err(32 << 10)).unwrap()).collect();
            for (n, read) in reads.into_iter().enumerate() {
                assert!(read.finish().unwrap() == pattern(n as u64, 32 << 10), "seed {seed}: read {n}");
            }
        });
        rig.xen.assert_clean();
    }
}

#[test]
fn errors_have_their_sense_data() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 4), 4);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        xen.with_block(VDEV, |block, _| block.config.policy.error_permille = 1000);
        assert_eq!(disk.write(0, &[1; 4096], false), Err(Failure::Sense(3, 0x0c, 0)));
        assert_eq!(disk.read(0, &mut [0; 4096]), Err(Failure::Sense(3, 0x11, 0)));
        xen.with_block(VDEV, |block, _| {
            (block.config.policy.error_permille, block.config.policy.unsupported_permille) = (0, 1000);
        });
        assert_eq!(disk.flush(), Err(Failure::Sense(5, 0x20, 0)));
        assert_eq!(disk.write(0, &[1; 4096], true), Err(Failure::Sense(5, 0x24, 0)));
        disk.write(0, &[1; 4096], false).unwrap();
    });
    rig.xen.assert_clean();
}

#[test]
fn read_only_native_4k_and_thin_disks() {
    let mut config = BlockConfig::new(VDEV, 64);
    config.features.read_only = true;
    let rig = Rig::new(xen(config, 5), 5);
    rig.run(|| assert_eq!(open().write(0, &[1; 4096], false), Err(Failure::WriteProtected)));

    let mut config = BlockConfig::new(VDEV, 64);
    (config.features.sector_size, config.features.physical_sector_size) = (4096, 4096);
    let rig = Rig::new(xen(config, 6), 6);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        assert_eq!((disk.sectors, disk.sector_size), (64 << 8, 4096));
        disk.write(3, &pattern(3, 8192), false).unwrap();
        assert!(xen.disk(VDEV).unwrap().borrow().bytes(24, 16) == pattern(3, 8192));
        disk.unmap(3, 1).unwrap();
        assert_eq!(xen.disk(VDEV).unwrap().borrow().bytes(24, 8), [0; 4096]);
        assert_eq!(disk.unmap(disk.sectors, 1), Err(Failure::Sense(5, 0x21, 0)));
    });
    rig.xen.assert_clean();
}

#[test]
fn a_resize_reaches_windows() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 7), 7);
    let xen = rig.xen.clone();
    rig.run(|| {
        let mut disk = open();
        xen.with_block(VDEV, |block, world| block.resize(world, 128 * 2048));
        for _ in 0..200 {
            sleep_ms(10);
            if !disk.adapter.state_changes.lock().is_empty() {
                break;
            }
        }
        assert_eq!(disk.adapter.state_changes.lock().len(), 1);
        disk.refresh().unwrap();
        assert_eq!(disk.sectors, 128 * 2048);
        disk.write(127 * 2048, &pattern(1, 4096), false).unwrap();
    });
    rig.xen.assert_clean();
}

/// Scans until the unit is there, or is not.
fn scan_for(target: u8, there: bool) -> bool {
    let adapter = storport::adapters()[0];
    for _ in 0..300 {
        storport::scan::scan(adapter);
        if adapter.units.lock().keys().any(|at| at.target == target) == there {
            return true;
        }
        sleep_ms(20);
    }
    false
}

#[test]
fn disks_come_and_go() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 8), 8);
    let xen = rig.xen.clone();
    rig.run(|| {
        let first = open();
        xen.plug_disk(BlockConfig::new(VDEV + 16, 32));
        assert!(scan_for(TARGET + 1, true), "{:#?}", events());
        let second = at(TARGET + 1);
        assert_eq!(second.sectors, 32 * 2048);
        second.write(8, &pattern(1, 4096), false).unwrap();
        assert!(xen.disk(VDEV + 16).unwrap().borrow().bytes(8, 8) == pattern(1, 4096));
        xen.unplug_disk(VDEV + 16);
        assert!(scan_for(TARGET + 1, false), "{:#?}", events());
        assert_eq!(second.write(8, &[0; 512], false), Err(Failure::Gone));
        // The other goes on.
        first.write(8, &pattern(2, 4096), false).unwrap();
        // Without asking.
        xen.yank_disk(VDEV);
        assert!(scan_for(TARGET, false), "{:#?}", events());
        assert_eq!(first.write(8, &[0; 512], false), Err(Failure::Gone));
    });
}

/// Again and again, also while the adapter is still looking at its devices. (Seed 9 once found a pass that was under
/// way at the stop: it connected anew what had been closed.)
#[test]
fn the_adapter_stops_and_starts_again() {
    for seed in 9..21 {
        let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), seed), seed);
        rig.run(|| {
            open().write(0, &pattern(1, 4096), false).unwrap();
            let adapter = node(ADAPTER);
            for pause in [0, 1, 100] {
                removal::disable(adapter).unwrap();
                removal::enable(adapter);
                sleep_ms(pause);
            }
            let mut back = [0; 4096];
            at(TARGET).read(0, &mut back).unwrap();
            assert!(back[..] == pattern(1, 4096)[..]);
        });
        rig.xen.assert_clean();
    }
}

/// Whatever a lying back-end does: an error or a success that is true, never a hang or a crash.
#[test]
fn lies_of_the_back_end() {
    use BlockAttack::*;
    for (seed, attack) in
        [IndexJump, IndexBack, UnknownId, DuplicateId, WrongOperation, StrangeStatus, DoubleFetch]
            .into_iter()
            .enumerate()
    {
        let mut config = BlockConfig::new(VDEV, 64);
        (config.attacks, config.attack_one_in) = (vec![attack], 8);
        let rig = Rig::new(xen(config, 20 + seed as u64), 20 + seed as u64);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            for n in 0..24u64 {
                let pending = disk.send(n * 8, Ok(&pattern(n, 4096))).unwrap();
                if pending.finish().is_ok() && attack != DuplicateId {
                    assert!(
                        xen.disk(VDEV).unwrap().borrow().bytes(n * 8, 8) == pattern(n, 4096),
                        "{attack:?} {n}"
                    );
                }
            }
        });
    }
}

fn through_a_wake(wake: impl Fn() -> Wake, seed: u64) {
    let mut config = BlockConfig::new(VDEV, 64);
    config.policy.latency = (1_000, 2_000_000);
    let rig = Rig::new(xen(config, seed), seed);
    let xen = rig.xen.clone();
    rig.run(|| {
        let disk = open();
        let mut pending = Vec::new();
        for n in 0..60u64 {
            pending.push(disk.send(n * 64, Ok(&pattern(n, 32 << 10))).unwrap());
            if n == 30 {
                xen.suspend(wake(), 1_000_000);
            }
            if n > 30 {
                sleep_ms(5);
            }
        }
        for (n, request) in pending.into_iter().enumerate() {
            request.finish().unwrap_or_else(|e| panic!("request {n}: {e:?} {:#?}", events()));
        }
        for n in 0..60u64 {
            assert!(
                xen.disk(VDEV).unwrap().borrow().bytes(n * 64, 64) == pattern(n, 32 << 10),
                "request {n}"
            );
        }
        disk.flush().unwrap();
    });
    rig.xen.assert_clean();
}

#[test]
fn a_suspend_that_is_called_off() {
    through_a_wake(|| Wake::Cancelled, 30);
}

#[test]
fn a_wake_in_the_same_domain() {
    through_a_wake(|| Wake::Same, 31);
}

#[test]
fn a_wake_in_a_new_domain() {
    through_a_wake(|| Wake::New(Box::default()), 32);
}

/// Requests with data that is not aligned are copied, and answered as promptly as others. (With these seeds the
/// simulator once let time leap over a back-end that had work, until the request's time was up.)
#[test]
fn copied_requests_are_prompt() {
    for (cpus, seed) in [(1, 40), (2, 40), (1, 41), (2, 42), (4, 43)] {
        let xen = Xen::builder().vcpus(cpus).seed(seed).disk(BlockConfig::new(VDEV, 64)).build();
        let rig = Rig::new(xen, seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let mut disk = open();
            disk.offset = 4;
            for n in 0..100u64 {
                let pending = disk.send(n * 8, Ok(&pattern(n, 4096))).unwrap();
                sleep_ms(50);
                let left = disk.adapter.queue.active();
                assert_eq!(left, 0, "{cpus} processors, seed {seed}, request {n}: {:?}", xen.stats());
                pending.finish().unwrap();
            }
        });
        rig.xen.assert_clean();
    }
}
