//! The disk driver as shipped, on the bus driver as shipped, under the stand-in kernel.
#![allow(missing_docs)]

use ntsim::storport::{
    self,
    adapter::Address,
    disk::{Disk, Failure},
};
use scenarios::rig::{Rig, boot, node};
use xensim::{
    Xen,
    back::block::{BlockConfig, BlockKind},
};

/// xvde: the first that has no emulated twin, and so needs no unplug to be shown.
const VDEV: u32 = 51776;
const TARGET: u8 = 4;
const ADAPTER: &str = "XENPV\\VBD&SUBSYS_58535250\\";

fn xen(disk: BlockConfig, seed: u64) -> Xen {
    Xen::builder().vcpus(2).seed(seed).disk(disk).build()
}

/// Boots and opens the disk. In the guest.
fn open() -> Disk {
    boot(&["xenpvpci", "xenpvvbd"]);
    let _ = node(ADAPTER);
    let adapters = storport::adapters();
    assert_eq!(adapters.len(), 1, "{}", ntsim::pnp::dump());
    let address = Address { path: 0, target: TARGET, lun: 0 };
    Disk::open(adapters[0], address).unwrap_or_else(|e| panic!("{e:?}: {:#?}", events()))
}

/// The event log.
fn events() -> Vec<Vec<String>> {
    ntsim::io::state().log.lock().entries.iter().map(|entry| entry.strings.clone()).collect()
}

fn pattern(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state as u8
    };
    (0..bytes).map(|_| next(&mut state)).collect()
}

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
                        disk.write(lba, &data, false).unwrap();
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
        let address = Address { path: 0, target: 0, lun: 0 };
        assert_eq!(Disk::open(adapters[0], address).err(), Some(Failure::Gone));
        let connects = xen.with_block(51712, |block, _| block.stats.connects);
        assert!(connects.is_some_and(|n| n > 0), "{connects:?} {:#?}", events());
        assert!(adapters[0].units.lock().is_empty());
    });
    rig.xen.assert_clean();
}
