//! Back-ends that fail, lie, die and come back.

mod rig;

use std::rc::Rc;

use blkfront::{
    negotiate::Policy,
    queue::Violation,
    request::{Failure, Operation},
};
use proptest::prelude::*;
use rig::{Io, Layout, Rig, VDEV, config, pattern};
use xensim::back::block::{BlockAttack, BlockKind};

fn policy() -> Policy {
    Policy { queues: 2, grants: 512, ..Policy::default() }
}

fn write(rig: &mut Rig, n: u64, layout: Layout) -> Rc<Io> {
    let io = rig.io(8192, layout);
    io.fill(&rig.direct, &pattern(n, 8192));
    let queue = n as usize % rig.queues.len();
    rig.submit(queue, &io, Operation::Write { fua: false }, n * 16, 16).unwrap();
    io
}

fn check(rig: &Rig, n: u64) {
    assert!(rig.on_disk(n * 16, 8192) == pattern(n, 8192), "request {n} did not arrive");
}

#[test]
fn errors_are_errors() {
    let mut config = config(BlockKind::Blkback);
    (config.policy.error_permille, config.policy.short_permille) = (200, 200);
    let mut rig = Rig::connected(config, policy(), 1);
    let (mut good, mut bad) = (0, 0);
    for n in 0..200 {
        let data = pattern(n, 4096);
        match rig.write(n * 8, &data, Layout::Pages) {
            Ok(()) => {
                good += 1;
                assert!(rig.on_disk(n * 8, 4096) == data);
            }
            Err(failure) => {
                bad += 1;
                assert_eq!(failure, Failure::Io);
            }
        }
    }
    assert!(good > 20 && bad > 20);
    rig.xen.assert_clean();
}

/// A status that does not exist is an error; everything else that a lying back-end does breaks the
/// device, and nothing that was not done is a success.
#[test]
fn lies_break_the_device_and_nothing_else() {
    use BlockAttack::{DuplicateId, IndexBack, IndexJump, StrangeStatus, UnknownId, WrongOperation};
    for attack in [IndexJump, IndexBack, UnknownId, DuplicateId, WrongOperation, StrangeStatus] {
        for seed in 0..20 {
            let mut config = config(BlockKind::Blkback);
            (config.attacks, config.attack_one_in) = (vec![attack], 10);
            config.policy.out_of_order = true;
            let mut rig = Rig::connected(config, policy(), seed);
            let mut ios = Vec::new();
            for round in 0..8u64 {
                for n in 0..8 {
                    let n = round * 8 + n;
                    let io = rig.io(8192, Layout::Pages);
                    io.fill(&rig.direct, &pattern(n, 8192));
                    let queue = n as usize % 2;
                    match rig.submit(queue, &io, Operation::Write { fua: false }, n * 16, 16) {
                        Ok(()) => ios.push((n, io)),
                        Err(failure) => assert_eq!(failure, Failure::Gone),
                    }
                }
                rig.settle();
            }
            let broken: Vec<_> = rig.queues.iter().filter_map(|queue| queue.broken()).collect();
            let attacks = rig.xen.with_block(VDEV, |b, _| b.stats.attacks).unwrap();
            assert!(attacks > 0 || broken.is_empty());
            for violation in &broken {
                assert!(
                    matches!(
                        (attack, violation),
                        (IndexJump | IndexBack, Violation::Ring(_))
                            | (UnknownId | DuplicateId, Violation::UnknownId(_))
                            | (WrongOperation, Violation::Operation { .. })
                    ),
                    "{attack:?} {violation:?}"
                );
            }
            // A back-end that just falls silent is declared broken, as the driver does when time is up.
            for queue in &mut rig.queues {
                queue.declare_broken(&rig.direct);
            }
            rig.settle();
            for (n, io) in &ios {
                match rig
                    .outcome(io)
                    .unwrap_or_else(|| panic!("{attack:?} {seed}: request {n} hangs {}", rig.describe()))
                {
                    // A duplicate may name a slot that is in use again: then the claim is a believable
                    // lie, which only the medium could tell.
                    Ok(()) if attack == DuplicateId => {}
                    Ok(()) => check(&rig, *n),
                    Err(failure) => assert!(matches!(failure, Failure::Gone | Failure::Io)),
                }
            }
            // The guest's pages are its own again.
            drop(ios);
            rig.live.clear();
        }
    }
}

#[test]
fn double_fetches_find_nothing() {
    for seed in 0..50 {
        let mut config = config(BlockKind::Blkback);
        (config.attacks, config.attack_one_in) = (vec![BlockAttack::DoubleFetch], 3);
        let mut rig = Rig::connected(config, policy(), seed);
        let ios: Vec<_> = (0..30).map(|n| write(&mut rig, n, Layout::Pages)).collect();
        rig.settle();
        for io in &ios {
            assert!(rig.outcome(io).is_some(), "seed {seed}: a request hangs");
        }
    }
}

#[test]
fn event_storms_are_survived() {
    let mut config = config(BlockKind::Blkback);
    (config.attacks, config.attack_one_in) = (vec![BlockAttack::EventStorm], 2);
    let mut rig = Rig::connected(config, policy(), 3);
    for n in 0..20 {
        let data = pattern(n, 4096);
        assert_eq!(rig.write(n * 8, &data, Layout::Pages), Ok(()));
    }
}

#[test]
fn a_back_end_that_dies_and_returns_loses_nothing() {
    for kind in [BlockKind::Blkback, BlockKind::Qemu] {
        for untrusted in [false, true] {
            for seed in 0..10 {
                let mut config = config(kind);
                config.policy.latency = (1_000, 1_000_000);
                config.untrusted = untrusted;
                let mut rig = Rig::connected(config, policy(), seed);
                let ios: Vec<_> = (0..60).map(|n| write(&mut rig, n, Layout::Shifted(512))).collect();
                rig.kick();
                for _ in 0..seed * 20 {
                    rig.xen.sim_mut().step_any();
                }
                rig.xen.with_block(VDEV, |block, world| block.die(world));
                rig.poll();
                rig.drop_rings();
                assert!(rig.remains.is_empty());
                rig.xen.with_block(VDEV, |block, world| block.revive(world));
                rig.connect().unwrap();
                rig.settle();
                for (n, io) in ios.iter().enumerate() {
                    assert_eq!(rig.outcome(io), Some(Ok(())), "{kind:?} {seed} {n}");
                    check(&rig, n as u64);
                }
                rig.xen.assert_clean();
            }
        }
    }
}

/// Closing and connecting anew with requests under way; the new back-end offers less, and trusts less.
#[test]
fn requests_are_split_anew_under_smaller_limits() {
    let mut offered = config(BlockKind::Blkback);
    offered.policy.lost_permille = 300;
    let mut rig = Rig::connected(offered, policy(), 5);
    let ios: Vec<_> = (0..10u64)
        .map(|n| {
            let io = rig.io(256 << 10, Layout::Shifted(512));
            io.fill(&rig.direct, &pattern(n, 256 << 10));
            rig.submit(0, &io, Operation::Write { fua: n.is_multiple_of(2) }, n * 512, 512).unwrap();
            io
        })
        .collect();
    rig.settle();
    let held = rig.queues[0].held();
    assert!(held > 0, "some are never answered");
    rig.xen.with_block(VDEV, |block, _| {
        block.config.policy.lost_permille = 0;
        block.config.features.indirect = 0;
        block.config.features.max_queues = 1;
    });
    rig.store(&format!("/local/domain/0/backend/vbd/7/{VDEV}/multi-queue-max-queues"), "1");
    rig.store(&format!("/local/domain/0/backend/vbd/7/{VDEV}/feature-max-indirect-segments"), "0");
    rig.disconnect();
    rig.store(&format!("/local/domain/7/device/vbd/{VDEV}/trusted"), "0");
    rig.connect().unwrap();
    assert!(rig.plan.unwrap().bounce);
    rig.settle();
    for (n, io) in ios.iter().enumerate() {
        assert_eq!(rig.outcome(io), Some(Ok(())));
        assert!(rig.on_disk(n as u64 * 512, 256 << 10) == pattern(n as u64, 256 << 10));
    }
    rig.xen.assert_clean();
}

#[test]
fn grants_that_stay_mapped_pin_the_request_until_they_end() {
    let mut config = config(BlockKind::Blkback);
    (config.policy.lost_permille, config.policy.keeps_grants) = (1000, true);
    let mut rig = Rig::connected(config, policy(), 6);
    let io = write(&mut rig, 0, Layout::Pages);
    rig.settle();
    for queue in &mut rig.queues {
        queue.declare_broken(&rig.direct);
    }
    rig.settle();
    assert_eq!(rig.outcome(&io), None, "the back-end maps its pages");
    assert_eq!(rig.queues[0].pinned(), 1);
    let other = rig.io(512, Layout::Pages);
    assert_eq!(rig.submit(1, &other, Operation::Flush, 0, 0), Err(Failure::Gone));
    // The back-end dies; what it had mapped is released.
    rig.xen.with_block(VDEV, |block, world| {
        block.config.policy.keeps_grants = false;
        block.die(world);
    });
    rig.settle();
    assert_eq!(rig.outcome(&io), Some(Err(Failure::Gone)));
    rig.xen.assert_clean();
}

#[test]
fn closed_rings_whose_grants_stay_mapped_are_kept() {
    let mut config = config(BlockKind::Blkback);
    (config.policy.lost_permille, config.policy.keeps_grants) = (1000, true);
    let mut rig = Rig::connected(config, policy(), 7);
    let io = write(&mut rig, 0, Layout::Pages);
    rig.settle();
    let pages = rig.direct.free_pages();
    rig.disconnect();
    assert!(!rig.remains.is_empty(), "the rings' pages are still mapped");
    assert_eq!(rig.queues[0].pinned(), 1);
    rig.xen.with_block(VDEV, |block, world| {
        (block.config.policy.lost_permille, block.config.policy.keeps_grants) = (0, false);
        block.release_kept(world);
    });
    rig.connect().unwrap();
    rig.settle();
    assert_eq!(rig.outcome(&io), Some(Ok(())));
    check(&rig, 0);
    rig.disconnect();
    assert!(rig.remains.is_empty() && rig.direct.free_pages() > pages);
    rig.xen.assert_clean();
}

#[test]
fn a_reset_ends_copied_requests_and_holds_the_others() {
    for untrusted in [false, true] {
        let mut config = config(BlockKind::Blkback);
        config.untrusted = untrusted;
        config.policy.stalled = true;
        let mut rig = Rig::connected(config, policy(), 8);
        let old = write(&mut rig, 0, Layout::Pages);
        rig.settle();
        let report = rig.queues[0].reset(false);
        rig.collect(0);
        assert_eq!((report.ended, report.held), if untrusted { (1, 0) } else { (0, 1) });
        assert_eq!(rig.outcome(&old), untrusted.then_some(Err(Failure::Reset)));
        if untrusted {
            // The old write may still land: one on the same sectors, by any queue, waits behind it.
            let io = rig.io(8192, Layout::Pages);
            io.fill(&rig.direct, &pattern(77, 8192));
            rig.submit(1, &io, Operation::Write { fua: false }, 8, 16).unwrap();
            let other = write(&mut rig, 9, Layout::Pages);
            let third = rig.io(4096, Layout::Pages);
            rig.submit(1, &third, Operation::Flush, 0, 0).unwrap();
            rig.settle();
            rig.xen.with_block(VDEV, |b, _| b.config.policy.stalled = false);
            rig.settle();
            for io in [&io, &other, &third] {
                assert_eq!(rig.outcome(io), Some(Ok(())));
            }
            assert!(rig.on_disk(8, 8192) == pattern(77, 8192), "the newer write won");
        } else {
            rig.xen.with_block(VDEV, |b, _| b.config.policy.stalled = false);
            rig.settle();
            assert_eq!(rig.outcome(&old), Some(Ok(())));
        }
        assert!(!rig.fences.any());
        rig.xen.assert_clean();
    }
}

/// While the ring is away a patient reset ends nothing; the new ring does.
#[test]
fn a_reset_waits_for_a_ring_that_is_on_its_way_back() {
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 12);
    rig.disconnect();
    let io = write(&mut rig, 0, Layout::Pages);
    let report = rig.queues[0].reset(true);
    assert_eq!((report.ended, report.held, report.waiting, report.is_complete()), (0, 0, 1, false));
    rig.connect().unwrap();
    rig.settle();
    assert_eq!(rig.outcome(&io), Some(Ok(())));
    check(&rig, 0);
    rig.disconnect();
    let late = write(&mut rig, 2, Layout::Pages);
    let report = rig.queues[0].reset(false);
    rig.collect(0);
    assert_eq!((report.ended, report.waiting, report.is_complete()), (1, 0, true));
    assert_eq!(rig.outcome(&late), Some(Err(Failure::Reset)));
    rig.xen.assert_clean();
}

#[test]
fn a_resize_is_seen() {
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 9);
    let sectors = rig.disk.unwrap().sectors * 2;
    rig.xen.with_block(VDEV, |block, world| block.resize(world, sectors));
    let now = rig.now();
    match rig.control.step(&rig.direct, now) {
        Ok(blkfront::control::Step::Resized(disk)) => assert_eq!(disk.sectors, sectors),
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.control.step(&rig.direct, now), Ok(blkfront::control::Step::Wait { until: u64::MAX }));
}

#[test]
fn connecting_is_bounded() {
    let mut rig = Rig::new(config(BlockKind::Blkback), policy(), 10);
    rig.xen.with_block(VDEV, |block, world| block.die(world));
    let fault = rig.connect().unwrap_err();
    assert!(matches!(fault, blkfront::control::Fault::TimedOut(_)), "{fault}");
    assert!(rig.now() < 60_000_000_000);
    assert_eq!(rig.direct.live_grants(), 0);
}

#[test]
fn no_memory_leaves_nothing_behind() {
    let rig = Rig::new(config(BlockKind::Blkback), policy(), 11);
    rig.direct.run();
    let plan = blkfront::negotiate::Offer { queues: 1, ring_order: 4, trusted: true }.plan(&policy());
    for limit in [0, 10, 20, 40] {
        rig.direct.limit_allocations(Some(limit));
        let opened = blkfront::channel::Channel::open(&rig.direct, &plan, xenbus::types::Domid(0), 0, 0);
        assert!(opened.is_err());
        assert_eq!(rig.direct.live_grants(), 0);
    }
    rig.direct.limit_allocations(None);
    for grants in [0, 5, 20, 40] {
        rig.direct.limit_grants(grants);
        assert!(blkfront::channel::Channel::open(&rig.direct, &plan, xenbus::types::Domid(0), 0, 0).is_err());
        assert_eq!(rig.direct.live_grants(), 0);
    }
    rig.xen.assert_clean();
}

/// Nothing that matters is lost by a power cut: every write that was acknowledged before a flush that
/// succeeded, and every write with FUA that succeeded.
fn power_cut(seed: u64) {
    let mut config = config(if seed.is_multiple_of(3) { BlockKind::Qemu } else { BlockKind::Blkback });
    config.disk.cache_limit = 64 << 10;
    config.policy.latency = (0, 200_000);
    config.policy.out_of_order = true;
    config.policy.error_permille = 20;
    config.policy.unsupported_permille = if seed.is_multiple_of(5) { 100 } else { 0 };
    config.untrusted = seed.is_multiple_of(4);
    config.features.flush = Some(!seed.is_multiple_of(7));
    let mut rig = Rig::connected(config, Policy { bounce_pages: 64, grants: 256, ..policy() }, seed);
    let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |n: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % n
    };
    // Sector runs of their own for each write, so that the expected content is known.
    let mut writes: Vec<(u64, u64, bool, Rc<Io>)> = Vec::new();
    let mut flushes: Vec<(Vec<usize>, Rc<Io>)> = Vec::new();
    for n in 0..40u64 {
        if random(6) == 0 {
            let covered = (0..writes.len()).filter(|i| rig.outcome(&writes[*i].3) == Some(Ok(()))).collect();
            let io = rig.io(512, Layout::Pages);
            let queue = random(rig.queues.len() as u64) as usize;
            if rig.submit(queue, &io, Operation::Flush, 0, 0).is_ok() {
                flushes.push((covered, io));
            }
        } else {
            let sectors = 1 + random(64);
            let layout = [Layout::Pages, Layout::Shifted(512), Layout::Shifted(8)][random(3) as usize];
            let io = rig.io(sectors as usize * 512, layout);
            io.fill(&rig.direct, &pattern(n, sectors as usize * 512));
            let fua = random(3) == 0;
            let queue = random(rig.queues.len() as u64) as usize;
            if rig.submit(queue, &io, Operation::Write { fua }, n * 64, sectors).is_ok() {
                writes.push((n, sectors, fua, io));
            }
        }
        rig.kick();
        for _ in 0..random(12) {
            if !rig.xen.sim_mut().step_any() {
                let due = rig.xen.sim().deadline().unwrap_or(rig.now());
                rig.xen.sim_mut().advance(due);
            }
        }
        if random(2) == 0 {
            rig.poll();
        }
    }
    rig.poll();
    let disk = rig.xen.disk(VDEV).unwrap();
    {
        let mut sim = rig.xen.sim_mut();
        disk.borrow_mut().power_cut(&mut sim.world.rng);
    }
    let durable =
        |n: u64, sectors: u64| disk.borrow().bytes(n * 64, sectors) == pattern(n, sectors as usize * 512);
    for (covered, io) in &flushes {
        if rig.outcome(io) == Some(Ok(())) {
            for i in covered {
                let (n, sectors, ..) = writes[*i];
                assert!(durable(n, sectors), "seed {seed}: write {n} is lost though flushed");
            }
        }
    }
    for (n, sectors, fua, io) in &writes {
        if *fua && rig.outcome(io) == Some(Ok(())) {
            assert!(durable(*n, *sectors), "seed {seed}: write {n} with FUA is lost");
        }
    }
    rig.xen.assert_clean();
    // What is still under way dies with the machine.
    rig.xen.with_block(VDEV, |block, world| block.die(world));
    for queue in &mut rig.queues {
        queue.declare_broken(&rig.direct);
    }
    rig.settle();
    assert!(rig.live.is_empty());
}

#[test]
fn power_cuts() {
    let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(300);
    for seed in 0..seeds {
        power_cut(seed);
    }
}

/// Everything at once: what was written last to a sector, and reported as written, is what is read.
fn torture(seed: u64, faults: bool) {
    let mut config = config([BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk][seed as usize % 3]);
    config.policy.latency = (0, 300_000);
    config.policy.out_of_order = true;
    if faults {
        (config.policy.error_permille, config.policy.short_permille) = (30, 30);
    }
    config.untrusted = seed % 4 == 1;
    let mut rig =
        Rig::connected(config, Policy { bounce_pages: 40, reserve_pages: 4, grants: 200, ..policy() }, seed);
    rig.direct.limit_grants(rig.direct.live_grants() as u32 + 20 + seed as u32 % 200);
    let mut chance = seed.wrapping_mul(0xd134_2543_de82_ef95) | 1;
    let mut random = |n: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % n
    };
    let mut writes: Vec<(u64, u64, Rc<Io>)> = Vec::new();
    for n in 0..60u64 {
        let sectors = 1 + random(300);
        let io = rig.io(
            sectors as usize * 512,
            [Layout::Pages, Layout::Shifted(1024), Layout::Shifted(4)][random(3) as usize],
        );
        io.fill(&rig.direct, &pattern(n, sectors as usize * 512));
        let queue = random(rig.queues.len() as u64) as usize;
        rig.submit(queue, &io, Operation::Write { fua: random(9) == 0 }, n * 300, sectors).unwrap();
        writes.push((n, sectors, io));
        rig.kick();
        for _ in 0..random(10) {
            rig.xen.sim_mut().step_any();
        }
        match random(40) {
            0 => rig.disconnect_and_connect(),
            1 => {
                rig.xen.with_block(VDEV, |block, world| block.die(world));
                rig.drop_rings();
                rig.xen.with_block(VDEV, |block, world| block.revive(world));
                rig.connect().unwrap();
            }
            2 => rig.queues[0].freeze(),
            3..20 => {
                rig.poll();
            }
            _ => {}
        }
        for queue in &mut rig.queues {
            queue.thaw(&rig.direct);
        }
    }
    rig.settle();
    for (n, sectors, io) in &writes {
        match rig.outcome(io) {
            Some(Ok(())) => assert!(
                rig.on_disk(n * 300, *sectors as usize * 512) == pattern(*n, *sectors as usize * 512),
                "seed {seed}: write {n}"
            ),
            Some(Err(failure)) => assert!(faults && failure == Failure::Io, "seed {seed}: {failure:?}"),
            None => panic!("seed {seed}: request {n} hangs: {}", rig.describe()),
        }
    }
    rig.xen.assert_clean();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn everything_at_once(seed in 0u64..1_000_000, faults: bool) {
        torture(seed, faults);
    }
}
