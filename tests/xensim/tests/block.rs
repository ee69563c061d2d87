//! The block back-end against raw rings.
#![allow(missing_docs)]

mod common;

use common::{Front, bytes};
use xenbus::seam::{Access, GrantTable, PageAllocator, SharedPage, Store};
use xenbus::types::Domid;
use xensim::{BlockAttack, BlockConfig, BlockKind, State, StateFault, Violation, Xen};

const VDEV: u32 = 51712;

fn machine(config: BlockConfig, seed: u64) -> (Xen, xensim::Direct) {
    let xen = Xen::builder().seed(seed).disk(config).build();
    let guest = xen.direct();
    guest.run();
    (xen, guest)
}

#[test]
fn write_then_read_back_by_content() {
    for order in [0, 1, 4] {
        let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 1);
        let mut front = Front::connect(&guest, VDEV, order, &[]);
        assert_eq!(front.back("state").as_deref(), Some("4"));
        assert_eq!(front.back("sectors").as_deref(), Some("16384"));
        let (out, out_grant) = front.data_page(0x5a, Access::ReadOnly);
        assert_eq!(front.io(&Front::direct(1, 77, 100, &[(out_grant.raw(), 2, 7)])), 0);
        let disk = xen.disk(VDEV).expect("disk");
        assert_eq!(disk.borrow().bytes(99, 8), [vec![0; 512], vec![0x5a; 6 * 512], vec![0; 512]].concat());
        assert_eq!(disk.borrow().durable_bytes(100, 1), vec![0; 512]);
        assert_eq!(front.io(&Front::direct(3, 78, 0, &[])), 0);
        assert_eq!(disk.borrow().durable_bytes(100, 1), vec![0x5a; 512]);
        let (input, in_grant) = front.data_page(0xee, Access::ReadWrite);
        assert_eq!(front.io(&Front::direct(0, 79, 100, &[(in_grant.raw(), 0, 0)])), 0);
        assert_eq!(bytes(&input), [vec![0x5a; 512], vec![0xee; 3584]].concat());
        guest.end_access(out_grant).expect("unmapped");
        guest.end_access(in_grant).expect("unmapped");
        drop((out, input));
        front.close();
        assert_eq!(guest.live_grants(), 0);
        xen.assert_clean();
    }
}

#[test]
fn indirect_segments_and_their_limit() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 3);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let count = 40;
    let data: Vec<_> = (0..count).map(|byte| front.data_page(byte, Access::ReadOnly)).collect();
    let (descriptors, descriptor_grant) = front.data_page(0, Access::ReadOnly);
    let mut raw = Vec::new();
    for (_, grant) in &data {
        raw.extend(grant.raw().to_le_bytes());
        raw.extend([0, 7, 0, 0]);
    }
    descriptors.copy_in(0, &raw);
    let request = Front::indirect(1, 5, 8, count.into(), &[descriptor_grant.raw()]);
    assert_eq!(front.io(&request), 0);
    let disk = xen.disk(VDEV).expect("disk");
    for byte in 0..count {
        assert_eq!(disk.borrow().bytes(8 + 8 * u64::from(byte), 8), vec![byte; 4096]);
    }
    assert!(xen.violations().is_empty());
    // 257 of the 256 offered, and none at all.
    assert_eq!(front.io(&Front::indirect(1, 6, 8, 257, &[descriptor_grant.raw()])), -1);
    assert_eq!(front.io(&Front::indirect(1, 7, 8, 0, &[descriptor_grant.raw()])), -1);
    assert_eq!(xen.violations().len(), 2);
}

#[test]
fn persistent_grants_stay_mapped_until_the_end_and_are_mapped_once() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 3);
    let mut front = Front::connect(&guest, VDEV, 0, &[("feature-persistent", "1")]);
    let (page, grant) = front.data_page(9, Access::ReadWrite);
    let gref = grant.raw();
    for sector in 0..5 {
        assert_eq!(front.io(&Front::direct(1, sector, sector * 8, &[(gref, 0, 7)])), 0);
    }
    assert_eq!(xen.sim().world.hv.gt.map_counts[&gref], 1);
    let still = guest.end_access(grant).expect_err("kept mapped");
    front.close();
    guest.end_access(still.0).expect("released at the end");
    drop(page);
    xen.assert_clean();
}

#[test]
fn grants_are_enforced() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 4);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(1, Access::ReadOnly);
    // A read into a page granted read-only, and an entry that was never granted.
    assert_eq!(front.io(&Front::direct(0, 1, 0, &[(grant.raw(), 0, 7)])), -1);
    assert_eq!(front.io(&Front::direct(0, 2, 0, &[(4000, 0, 7)])), -1);
    let violations = xen.violations();
    assert!(matches!(violations[0], Violation::NotGranted { gref, .. } if gref == grant.raw()));
    assert!(matches!(violations[1], Violation::NotGranted { gref: 4000, .. }));
    // A page freed while the back-end may reach it.
    let (page, grant) = front.data_page(2, Access::ReadWrite);
    let gfn = page.gfn(0).0;
    drop(page);
    assert_eq!(
        xen.violations().last(),
        Some(&Violation::FrameInUse { gfn, gref: grant.raw(), mapped: false, how: "freed" })
    );
}

#[test]
fn an_entry_changed_while_mapped_is_found() {
    let config = BlockConfig::new(VDEV, 8);
    let (xen, guest) = machine(config, 4);
    let mut front = Front::connect(&guest, VDEV, 0, &[("feature-persistent", "1")]);
    let (_page, grant) = front.data_page(1, Access::ReadWrite);
    assert_eq!(front.io(&Front::direct(1, 1, 0, &[(grant.raw(), 0, 7)])), 0);
    xen.assert_clean();
    let frame = xen.sim().world.mem.shared_page(xensim::hv::GRANT_FRAMES).expect("grant frame");
    frame.set32(grant.raw() as usize * 8 + 4, 0x123);
    assert!(matches!(xen.violations()[0], Violation::EntryChanged { now: (_, 0x123), .. }));
}

#[test]
fn a_ring_overrun_stops_the_queue() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 5);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    front.req_prod = front.size + 1;
    front.publish();
    guest.settle();
    assert!(matches!(&xen.violations()[0], Violation::Ring { what, .. } if what.contains("bogus")));
    assert_eq!(front.rsp_prod(), 0);
}

#[test]
fn malformed_segments_are_refused_and_noted() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 6);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(1, Access::ReadWrite);
    for (index, segments) in [vec![(grant.raw(), 5, 4)], vec![(grant.raw(), 0, 8)], vec![]].iter().enumerate()
    {
        assert_eq!(front.io(&Front::direct(1, 1, 0, segments)), -1);
        assert_eq!(xen.violations().len(), index + 1);
    }
    // Out of range is an error, not a broken rule.
    assert_eq!(front.io(&Front::direct(1, 1, 16383, &[(grant.raw(), 0, 7)])), -1);
    assert_eq!(xen.violations().len(), 3);
}

#[test]
fn flavours_show_their_keys_when_the_real_ones_do() {
    for (kind, early, late) in [
        (BlockKind::Blkback, "multi-queue-max-queues", Some("feature-persistent")),
        (BlockKind::Qemu, "sectors", None),
        (BlockKind::Tapdisk, "max-ring-page-order", Some("sectors")),
    ] {
        let (xen, guest) = machine(BlockConfig::of(kind, VDEV, 8), 7);
        let back = format!("/local/domain/0/backend/vbd/7/{VDEV}");
        let has = |key: &str| guest.read(None, &format!("{back}/{key}")).is_ok();
        assert!(has(early), "{kind:?} shows {early} early");
        if let Some(late) = late {
            assert!(!has(late), "{kind:?} shows {late} late");
        }
        let front = Front::connect(&guest, VDEV, 0, &[]);
        assert!(late.is_none_or(has));
        assert_eq!(has("feature-persistent"), kind == BlockKind::Blkback);
        front.close();
        xen.assert_clean();
    }
}

#[test]
fn asking_for_more_than_offered_is_refused_through_the_error_node() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 8);
    let front = Front::connect(&guest, VDEV, 0, &[("multi-queue-num-queues", "9")]);
    assert_eq!(front.back("state").as_deref(), Some("5"));
    assert!(matches!(&xen.violations()[0], Violation::Protocol { .. }));
    let error = xen.sim().world.store.get(&format!("/local/domain/0/error/backend/vbd/{VDEV}/error"));
    assert!(error.is_some_and(|text| text.contains("queues")));
}

#[test]
fn unplug_waits_for_the_front_end_and_removes_the_nodes() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 9);
    let front = Front::connect(&guest, VDEV, 0, &[]);
    xen.unplug_disk(VDEV);
    guest.run();
    assert_eq!(front.back("state").as_deref(), Some("5"));
    let dir = front.dir.clone();
    assert!(guest.read(None, &format!("{dir}/backend")).is_ok(), "the front-end has not closed yet");
    front.close();
    assert!(guest.read(None, &format!("{dir}/backend")).is_err());
    xen.assert_clean();
}

#[test]
fn responses_come_out_of_order_and_errors_are_told() {
    let mut config = BlockConfig::new(VDEV, 8);
    config.policy.out_of_order = true;
    config.policy.latency = (1_000, 50_000);
    config.policy.error_permille = 300;
    let (xen, guest) = machine(config, 10);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(1, Access::ReadOnly);
    let mut order = Vec::new();
    let mut failed = 0;
    for round in 0..20u64 {
        for slot in 0..32 {
            front.push(&Front::direct(1, round * 32 + slot, slot * 8, &[(grant.raw(), 0, 7)]));
        }
        front.publish();
        guest.settle();
        while let Some(response) = front.take() {
            order.push(response.id);
            failed += i32::from(response.status != 0);
        }
    }
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..640).collect::<Vec<u64>>());
    assert_ne!(order, sorted);
    assert!((100..300).contains(&failed), "{failed} of 640 failed");
    xen.assert_clean();
}

#[test]
fn each_attack_is_carried_out() {
    for attack in [
        BlockAttack::IndexJump,
        BlockAttack::IndexBack,
        BlockAttack::UnknownId,
        BlockAttack::DuplicateId,
        BlockAttack::WrongOperation,
        BlockAttack::StrangeStatus,
        BlockAttack::DoubleFetch,
        BlockAttack::EventStorm,
        BlockAttack::DataNotMoved,
    ] {
        let mut config = BlockConfig::new(VDEV, 8);
        config.attacks = vec![attack];
        config.attack_one_in = 1;
        let (xen, guest) = machine(config, 11);
        let mut front = Front::connect(&guest, VDEV, 0, &[]);
        let (page, grant) = front.data_page(1, Access::ReadWrite);
        let requests = if attack == BlockAttack::IndexBack { 1 } else { 2 };
        for id in 0..requests {
            front.push(&Front::direct(0, id, 0, &[(grant.raw(), 0, 7)]));
        }
        front.publish();
        guest.settle();
        assert!(xen.with_block(VDEV, |block, _| block.stats.attacks).unwrap_or(0) > 0, "{attack:?}");
        let produced = front.rsp_prod();
        match attack {
            BlockAttack::IndexJump => assert!(produced > 32),
            BlockAttack::IndexBack => assert_eq!(produced, u32::MAX),
            BlockAttack::UnknownId => assert!(front.take().is_some_and(|response| response.id > 1)),
            BlockAttack::DuplicateId => {
                let ids = [front.take().expect("first").id, front.take().expect("second").id];
                assert_eq!(ids[0], ids[1]);
            }
            BlockAttack::WrongOperation => assert!(front.take().is_some_and(|response| response.op != 0)),
            BlockAttack::StrangeStatus => assert!(front.take().is_some_and(|response| response.status > 0)),
            BlockAttack::DoubleFetch => {
                let first: Vec<u32> = (0..8).map(|_| front.ring.load(64)).collect();
                assert!(first.windows(2).any(|pair| pair[0] != pair[1]), "{first:?}");
            }
            BlockAttack::EventStorm => assert!(xen.stats().events_to_guest > 1000),
            BlockAttack::DataNotMoved => assert_eq!(bytes(&page)[0], 1),
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut config = BlockConfig::new(VDEV, 8);
        config.policy.out_of_order = true;
        config.policy.latency = (0, 9_000);
        let (_xen, guest) = machine(config, seed);
        let mut front = Front::connect(&guest, VDEV, 0, &[]);
        let (_page, grant) = front.data_page(1, Access::ReadOnly);
        for id in 0..32 {
            front.push(&Front::direct(1, id, id * 8, &[(grant.raw(), 0, 7)]));
        }
        front.publish();
        guest.settle();
        std::iter::from_fn(|| front.take().map(|response| response.id)).collect::<Vec<_>>()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn allocation_and_grant_limits_can_be_set() {
    let (_xen, guest) = machine(BlockConfig::new(VDEV, 8), 12);
    guest.limit_allocations(Some(2));
    assert!(guest.alloc_pages(2).is_ok());
    assert!(guest.alloc_pages(1).is_err());
    guest.limit_allocations(None);
    guest.limit_grants(1);
    let page = guest.alloc_pages(2).expect("pages");
    let grant = guest.grant_access(Domid(0), page.gfn(0), Access::ReadWrite).expect("first");
    assert!(guest.grant_access(Domid(0), page.gfn(1), Access::ReadWrite).is_err());
    guest.end_access(grant).expect("not mapped");
}

#[test]
fn sick_back_ends_leave_their_state_key_wrong() {
    for (fault, expected) in [
        (StateFault::StuckAt(State::InitWait), Some("2")),
        (StateFault::Text(State::Connected, "four".into()), Some("four")),
        (StateFault::Silent, Some("1")),
    ] {
        let config = BlockConfig { fault: Some(fault.clone()), ..BlockConfig::new(VDEV, 8) };
        let (_xen, guest) = machine(config, 13);
        let front = Front::connect(&guest, VDEV, 0, &[]);
        assert_eq!(front.back("state").as_deref(), expected, "{fault:?}");
    }
}

#[test]
fn a_slow_back_end_connects_late() {
    let config = BlockConfig { bus_delay: 5_000_000, ..BlockConfig::new(VDEV, 8) };
    let (xen, guest) = machine(config, 13);
    let front = Front::connect(&guest, VDEV, 0, &[]);
    assert_eq!(front.back("state").as_deref(), Some("2"));
    guest.settle();
    assert_eq!(front.back("state").as_deref(), Some("4"));
    assert!(xen.now() >= 5_000_000);
}

#[test]
fn a_back_end_that_keeps_its_grants_is_noticed_by_end_access() {
    let mut config = BlockConfig::new(VDEV, 8);
    config.policy.keeps_grants = true;
    let (xen, guest) = machine(config, 14);
    let front = Front::connect(&guest, VDEV, 0, &[]);
    let Front { grants, ring, port, guest: _, dir, .. } = front;
    for state in ["5", "6"] {
        guest.write(None, &format!("{dir}/state"), state.as_bytes()).expect("state");
        guest.run();
    }
    let still = guest.end_access(grants.into_iter().next().expect("one")).expect_err("kept");
    assert_eq!(xen.held().mapped, 1);
    xen.with_block(VDEV, |block, world| block.release_kept(world));
    guest.end_access(still.0).expect("released after all");
    drop(ring);
    xenbus::seam::EventChannels::close(&guest, port);
    xen.assert_clean();
}

#[test]
fn a_dead_back_end_answers_nothing_and_can_come_back() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 15);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(1, Access::ReadOnly);
    xen.with_block(VDEV, |block, world| block.die(world));
    front.push(&Front::direct(1, 1, 0, &[(grant.raw(), 0, 7)]));
    front.publish();
    guest.settle();
    assert!(front.take().is_none());
    assert_eq!(xen.held().mapped, 0);
    xen.with_block(VDEV, |block, world| block.revive(world));
    front.set_state("1");
    guest.run();
    assert_eq!(front.back("state").as_deref(), Some("2"));
}

#[test]
fn a_32_bit_front_end_is_understood() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 16);
    let mut front = Front::connect(&guest, VDEV, 0, &[("protocol", "x86_32-abi")]);
    let (_page, grant) = front.data_page(0x42, Access::ReadOnly);
    // operation, segments, handle, id, sector, then the segment: four bytes earlier than in 64 bits.
    let mut raw = vec![1, 1, 0, 0];
    raw.extend(9u64.to_le_bytes());
    raw.extend(16u64.to_le_bytes());
    raw.extend(grant.raw().to_le_bytes());
    raw.extend([0, 1, 0, 0]);
    front.push(&raw);
    front.publish();
    guest.settle();
    let mut response = [0; 12];
    front.ring.copy_out(64, &mut response);
    assert_eq!(response[..12], [9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(xen.disk(VDEV).expect("disk").borrow().bytes(16, 2), vec![0x42; 1024]);
    xen.assert_clean();
}

#[test]
fn several_queues() {
    let (xen, guest) = machine(BlockConfig::new(VDEV, 8), 17);
    let mut fronts = Vec::new();
    let mut keys = vec![("multi-queue-num-queues".to_string(), "2".to_string())];
    for queue in 0..2 {
        let ring = guest.alloc_pages(1).expect("ring");
        ring.store(4, 1);
        ring.store(12, 1);
        let grant = guest.grant_access(Domid(0), ring.gfn(0), Access::ReadWrite).expect("grant");
        let port = xenbus::seam::EventChannels::alloc_unbound(&guest, Domid(0), 0).expect("port");
        keys.push((format!("queue-{queue}/ring-ref"), grant.raw().to_string()));
        keys.push((format!("queue-{queue}/event-channel"), port.raw().to_string()));
        let dir = format!("device/vbd/{VDEV}");
        let guest = guest.clone();
        fronts.push(Front {
            guest,
            dir,
            ring,
            grants: vec![grant],
            port,
            req_prod: 0,
            rsp_cons: 0,
            size: 32,
        });
    }
    for (key, value) in keys {
        guest.write(None, &format!("device/vbd/{VDEV}/{key}"), value.as_bytes()).expect("key");
    }
    fronts[0].set_state("3");
    guest.run();
    for (queue, front) in fronts.iter_mut().enumerate() {
        let (_page, grant) = front.data_page(queue as u8 + 1, Access::ReadOnly);
        assert_eq!(front.io(&Front::direct(1, 1, queue as u64 * 8, &[(grant.raw(), 0, 7)])), 0);
        guest.end_access(grant).expect("unmapped");
    }
    let disk = xen.disk(VDEV).expect("disk");
    assert_eq!(disk.borrow().bytes(0, 16), [vec![1; 4096], vec![2; 4096]].concat());
    assert_eq!(xen.with_block(VDEV, |block, _| block.queues.len()), Some(2));
    xen.assert_clean();
}

#[test]
fn discard_barrier_and_short_writes() {
    let mut config = BlockConfig::new(VDEV, 8);
    config.disk.log = true;
    let (xen, guest) = machine(config, 18);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(7, Access::ReadOnly);
    assert_eq!(front.io(&Front::direct(2, 1, 8, &[(grant.raw(), 0, 7)])), 0);
    let disk = xen.disk(VDEV).expect("disk");
    assert_eq!(disk.borrow().durable_bytes(8, 8), vec![7; 4096], "a barrier's write is durable");
    assert_eq!(front.io(&Front::discard(2, 8, 8)), 0);
    assert_eq!(disk.borrow().bytes(8, 8), vec![0; 4096]);
    assert_eq!(disk.borrow().log.last(), Some(&xensim::disk::Logged::Discard(8, 8)));
    xen.with_block(VDEV, |block, _| block.config.policy.short_permille = 1000);
    let both = [(grant.raw(), 0, 7), (grant.raw(), 0, 7)];
    assert_eq!(front.io(&Front::direct(1, 3, 0, &both)), -1);
    assert_eq!(disk.borrow().bytes(0, 16), [vec![7; 4096], vec![0; 4096]].concat(), "half of it was done");
    xen.assert_clean();
}

#[test]
fn late_writes_of_an_old_host_land_after_the_wake() {
    let mut config = BlockConfig::new(VDEV, 8);
    config.policy.latency = (1_000_000, 1_000_000);
    let (xen, guest) = machine(config, 19);
    let mut front = Front::connect(&guest, VDEV, 0, &[]);
    let (_page, grant) = front.data_page(7, Access::ReadOnly);
    front.push(&Front::direct(1, 1, 0, &[(grant.raw(), 0, 7)]));
    front.publish();
    guest.run();
    let host = xensim::NewHost { late_writes: Some(500), ..Default::default() };
    xen.wake(xensim::Wake::New(Box::new(host)));
    let disk = xen.disk(VDEV).expect("disk");
    assert_eq!(disk.borrow().bytes(0, 8), vec![0; 4096]);
    guest.settle();
    assert_eq!(disk.borrow().bytes(0, 8), vec![7; 4096]);
}
