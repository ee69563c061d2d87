//! Hosts that give less than usual: no way to hand memory back, few grants.
#![allow(missing_docs)]

use ntsim::pnp::{self, node::NodeState, removal};
use scenarios::{
    disk::{VDEV, at, open, pattern},
    net::{self, Nic, unsummed},
    rig::{Rig, boot, node, sleep, state_of, wait_until},
};
use xensim::{BlockConfig, Flavour, NetKind, NicConfig, Wake, Xen, network::Frame};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";

/// The host takes no memory back, so there are no empty frames for shared info and grant table: the memory of the
/// platform device serves, through a migration too.
#[test]
fn the_device_s_memory_serves_where_none_can_be_given_back() {
    let rig = Rig::new(Xen::builder().vcpus(2).disk(BlockConfig::new(VDEV, 8)).build(), 1);
    let xen = rig.xen.clone();
    rig.run(|| {
        xen.sim_mut().world.hv.keeps_memory = true;
        let before = xen.held();
        let disk = open();
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
        let bar = u64::from(xensim::pci::PLATFORM_MEMORY) >> 12;
        let frames = bar..bar + (u64::from(xensim::pci::PLATFORM_MEMORY_SIZE) >> 12);
        let there = || xen.sim().world.mem.overlays().filter(|(gfn, _)| frames.contains(gfn)).count();
        assert!(there() >= 2, "shared info and the first grant frame");
        disk.write(0, &pattern(1, 65536), false).unwrap();
        xen.suspend(Wake::New(Box::default()), 1_000_000);
        wait_until("the wake", 30, || rig.console().contains("resumed (Some(NewDomain))"));
        disk.write(200, &pattern(2, 65536), false).unwrap();
        assert!(xen.disk(VDEV).unwrap().borrow().bytes(200, 128) == pattern(2, 65536));
        removal::disable(node(BUS)).unwrap();
        let after = xen.held();
        assert_eq!((after.grants, after.mapped, after.holes), (0, 0, before.holes));
    });
    rig.xen.assert_clean();
}

/// Three disks and as many grants as one of them would like to have alone: whoever finds none waits, and nobody
/// fails or starves.
#[test]
fn disks_share_a_short_grant_table() {
    for seed in 0..3 {
        let flavour = Flavour { max_grant_frames: 2, ..Flavour::xen_4_20() };
        let mut machine = Xen::builder().vcpus(2).seed(seed).flavour(flavour);
        for index in 0..3 {
            let mut config = BlockConfig::new(VDEV + 16 * index, 64);
            config.policy.latency = (10_000, 500_000);
            config.untrusted = index == 1;
            machine = machine.disk(config);
        }
        let rig = Rig::new(machine.build(), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let first = open();
            assert!(rig.console().contains("2 grant frames"), "{}", rig.console());
            let disks = [first, at(5), at(6)];
            let mut sent = Vec::new();
            for n in 0..40u64 {
                for (index, disk) in disks.iter().enumerate() {
                    let data = pattern(n * 3 + index as u64, 128 << 10);
                    sent.push(disk.send(n * 256, Ok(&data)).unwrap());
                }
            }
            for request in sent {
                request.finish().unwrap_or_else(|e| panic!("seed {seed}: {e:?} {}", rig.console()));
            }
            for n in 0..40u64 {
                for index in 0..3 {
                    let there = xen.disk(VDEV + 16 * index).unwrap().borrow().bytes(n * 256, 256);
                    assert!(there == pattern(n * 3 + u64::from(index), 128 << 10), "seed {seed}: {n}");
                }
            }
        });
        rig.xen.assert_clean();
    }
}

/// A disk whose back-end is slow has filled the grant table with requests: frames come and go all the same.
#[test]
fn a_slow_disk_does_not_starve_a_nic() {
    let flavour = Flavour { max_grant_frames: 4, ..Flavour::xen_4_20() };
    let mut config = BlockConfig::new(VDEV, 128);
    config.policy.latency = (6_000_000_000, 6_000_000_000);
    let machine = Xen::builder().vcpus(1).flavour(flavour).disk(config).nic(NicConfig::new(0));
    let rig = Rig::new(machine.build(), 3);
    let xen = rig.xen.clone();
    rig.run(|| {
        boot(&["xenpvpci", "xenpvvbd", "xenpvnet"]);
        let nic = Nic::bind(&xen, NetKind::Netback);
        let disk = at(4);
        let sent: Vec<_> = (0..24).map(|n| disk.send(n * 2048, Ok(&pattern(n, 1 << 20))).unwrap()).collect();
        sleep(100);
        assert!(xen.held().grants > 4 * 512 - 8 - 300, "the table is full: {}", xen.held().grants);
        let out: Vec<_> = (0..200).map(|n| unsummed(nic.to_peer(false, n, &net::pattern(1400)))).collect();
        assert_eq!(nic.send(&out, 200).len(), 200);
        let frame = Frame::plain(nic.to_us(false, 1, &net::pattern(1400)));
        assert_eq!(nic.receive(vec![frame; 200], 200).len(), 200);
        for request in sent {
            request.finish().unwrap_or_else(|e| panic!("{e:?} {}", rig.console()));
        }
    });
    rig.xen.assert_clean();
}
