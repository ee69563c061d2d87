//! Data through every flavour of back-end, checked by content at the back-end.

mod rig;

use blkfront::{
    negotiate::{FlushBy, Policy},
    request::{Failure, Operation},
};
use rig::{Layout, Rig, config, pattern};
use xensim::back::block::BlockKind;

const KINDS: [BlockKind; 3] = [BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk];
const LAYOUTS: [Layout; 5] =
    [Layout::Pages, Layout::Shifted(512), Layout::Shifted(2048), Layout::Shifted(4), Layout::Scattered];

fn policy() -> Policy {
    Policy { queues: 4, ..Policy::default() }
}

#[test]
fn content_over_flavours_layouts_and_trust() {
    for kind in KINDS {
        for untrusted in [false, true] {
            let mut config = config(kind);
            config.untrusted = untrusted;
            let mut rig = Rig::connected(config, policy(), 1);
            let mut sector = 8;
            for layout in LAYOUTS {
                for bytes in [512, 1024, 4096, 8192, 20_480, 65_536, 131_072 + 512, 1 << 20] {
                    let data = pattern(sector, bytes);
                    let what = format!("{kind:?} untrusted {untrusted} {layout:?} {bytes}");
                    assert_eq!(rig.write(sector, &data, layout), Ok(()), "{what}");
                    assert!(rig.on_disk(sector, bytes) == data, "{what}: at the back-end");
                    assert!(rig.read(sector, bytes, layout).unwrap() == data, "{what}: read back");
                    assert_eq!(rig.on_disk(sector + bytes as u64 / 512, 512), [0; 512], "{what}: behind");
                    sector += bytes as u64 / 512 + 1;
                }
            }
            assert_eq!(rig.plan.unwrap().bounce, untrusted);
            if untrusted {
                let granted = rig.direct.grants_made();
                let _ = rig.write(0, &pattern(1, 65536), Layout::Pages);
                assert_eq!(rig.direct.grants_made(), granted, "copied data needs no new grants");
            }
            rig.disconnect();
            assert!(rig.remains.is_empty());
            assert_eq!(rig.direct.live_grants(), 0);
            rig.xen.assert_clean();
        }
    }
}

#[test]
fn what_the_flavours_offer_is_used() {
    let blkback = Rig::connected(config(BlockKind::Blkback), policy(), 2);
    let plan = blkback.plan.unwrap();
    assert_eq!((plan.queues, plan.ring_order), (4, 4));
    assert_eq!(blkback.disk.unwrap().indirect, 256);
    let qemu = Rig::connected(config(BlockKind::Qemu), policy(), 2);
    assert_eq!((qemu.plan.unwrap().queues, qemu.disk.unwrap().indirect), (1, 0));
    let tapdisk = Rig::connected(config(BlockKind::Tapdisk), policy(), 2);
    assert_eq!(tapdisk.plan.unwrap().ring_order, 3);
}

#[test]
fn a_page_aligned_mebibyte_is_one_slot() {
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 3);
    let data = pattern(5, 1 << 20);
    let before = rig.counters().slots;
    assert_eq!(rig.write(0, &data, Layout::Pages), Ok(()));
    assert_eq!(rig.counters().slots - before, 1);
    assert!(rig.on_disk(0, 1 << 20) == data);
    // Not aligned to pages it has one segment more than the back-end takes.
    let before = rig.counters().slots;
    assert_eq!(rig.write(0, &data, Layout::Shifted(512)), Ok(()));
    assert_eq!(rig.counters().slots - before, 2);
}

#[test]
fn native_4k_disks_get_whole_blocks_only() {
    let mut config = config(BlockKind::Qemu);
    config.features.sector_size = 4096;
    config.features.physical_sector_size = 4096;
    let mut rig = Rig::connected(config, policy(), 4);
    assert_eq!(rig.disk.unwrap().block, 4096);
    for layout in LAYOUTS {
        let data = pattern(6, 64 << 10);
        assert_eq!(rig.write(64, &data, layout), Ok(()), "{layout:?}");
        assert!(rig.on_disk(64, 64 << 10) == data, "{layout:?}");
    }
    assert_eq!(rig.write(65, &pattern(1, 4096), Layout::Pages), Err(Failure::OutOfRange));
    assert_eq!(rig.write(64, &pattern(1, 512), Layout::Pages), Err(Failure::OutOfRange));
    rig.xen.assert_clean();
}

#[test]
fn requests_that_do_not_lie_on_the_disk() {
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 5);
    let end = rig.disk.unwrap().sectors;
    for sector in [end, end - 7, u64::MAX - 3, u64::MAX / 512] {
        assert_eq!(rig.write(sector, &pattern(1, 4096), Layout::Pages), Err(Failure::OutOfRange));
    }
    assert_eq!(rig.write(end - 8, &pattern(1, 4096), Layout::Pages), Ok(()));
    // A buffer shorter than what it is for.
    let io = rig.io(4096, Layout::Pages);
    assert_eq!(rig.run(&io, Operation::Read, 0, 9), Err(Failure::BadData));
}

#[test]
fn read_only_disks_refuse_writes() {
    let mut config = config(BlockKind::Blkback);
    config.features.read_only = true;
    let mut rig = Rig::connected(config, policy(), 6);
    assert_eq!(rig.write(0, &pattern(1, 4096), Layout::Pages), Err(Failure::ReadOnly));
    assert_eq!(rig.read(0, 4096, Layout::Pages), Ok(vec![0; 4096]));
}

#[test]
fn flushes_use_what_is_there_and_nothing_else_is_success() {
    for (flush, barrier, by) in [
        (Some(true), Some(true), FlushBy::Flush),
        (Some(true), None, FlushBy::Flush),
        (None, Some(true), FlushBy::Barrier),
        (Some(false), Some(false), FlushBy::Nothing),
        (None, None, FlushBy::Nothing),
    ] {
        let mut config = config(BlockKind::Blkback);
        (config.features.flush, config.features.barrier) = (flush, barrier);
        let mut rig = Rig::connected(config, policy(), 7);
        assert_eq!(rig.disk.unwrap().flush_by(), by);
        let io = rig.io(4096, Layout::Pages);
        let expected = if by == FlushBy::Nothing { Err(Failure::Unsupported) } else { Ok(()) };
        assert_eq!(rig.run(&io, Operation::Flush, 0, 0), expected);
        let data = pattern(9, 4096);
        let io = rig.io(4096, Layout::Pages);
        io.fill(&rig.direct, &data);
        assert_eq!(rig.run(&io, Operation::Write { fua: true }, 0, 8), expected);
        let durable = rig.xen.disk(rig::VDEV).unwrap().borrow().durable_bytes(0, 8);
        assert_eq!(durable == data, by != FlushBy::Nothing);
        rig.xen.assert_clean();
    }
}

#[test]
fn a_flush_that_is_refused_is_never_a_success() {
    for barrier in [Some(true), None] {
        let mut config = config(BlockKind::Blkback);
        config.features.barrier = barrier;
        config.policy.unsupported_permille = 1000;
        let mut rig = Rig::connected(config, policy(), 8);
        let io = rig.io(4096, Layout::Pages);
        assert_eq!(rig.run(&io, Operation::Flush, 0, 0), Err(Failure::Unsupported));
        let io = rig.io(4096, Layout::Pages);
        assert_eq!(rig.run(&io, Operation::Write { fua: true }, 0, 8), Err(Failure::Unsupported));
        assert_eq!(rig.queues[0].flush_by(), FlushBy::Nothing);
        // Plain writes go on.
        assert_eq!(rig.write(0, &pattern(1, 4096), Layout::Pages), Ok(()));
    }
}

#[test]
fn discards_are_whole_units_and_secure_ones_are_exact() {
    let mut config = config(BlockKind::Blkback);
    config.features.discard_granularity = 8192;
    config.features.discard_alignment = 4096;
    config.features.discard_secure = true;
    let mut rig = Rig::connected(config, policy(), 9);
    let full = vec![0xff; 256 << 10];
    assert_eq!(rig.write(0, &full, Layout::Pages), Ok(()));
    let io = rig.io(4096, Layout::Pages);
    assert_eq!(rig.run(&io, Operation::Discard { secure: false }, 10, 100), Ok(()));
    // Units of 16 sectors start at 8, 24, 40 and so on.
    let disk = rig.on_disk(0, 256 << 10);
    let zero = |sector: usize| disk[sector * 512] == 0;
    assert!(!zero(8) && !zero(23) && zero(24) && zero(103) && !zero(104) && !zero(109));
    let io = rig.io_with(|io| io.runs(&[(128, 3), (200, 40)]));
    assert_eq!(rig.run(&io, Operation::Discard { secure: true }, 0, 0), Ok(()));
    let disk = rig.on_disk(0, 256 << 10);
    let zero = |sector: usize| disk[sector * 512] == 0;
    assert!(!zero(127) && zero(128) && zero(130) && !zero(131) && !zero(199) && zero(200) && zero(239));
    // Too small for a unit: a hint that is not taken.
    let io = rig.io(4096, Layout::Pages);
    assert_eq!(rig.run(&io, Operation::Discard { secure: false }, 9, 14), Ok(()));
    rig.xen.assert_clean();
}

#[test]
fn discards_without_the_feature_are_refused() {
    let mut rig = Rig::connected(config(BlockKind::Tapdisk), policy(), 10);
    let io = rig.io(4096, Layout::Pages);
    assert_eq!(rig.run(&io, Operation::Discard { secure: false }, 0, 8), Err(Failure::Unsupported));
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 10);
    let io = rig.io(4096, Layout::Pages);
    assert_eq!(rig.run(&io, Operation::Discard { secure: true }, 0, 8), Err(Failure::Unsupported));
}

#[test]
fn verify_reads_without_a_buffer() {
    let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 11);
    let io = rig.io_with(|io| io.no_data());
    let before = rig.xen.with_block(rig::VDEV, |b, _| b.stats.bytes.0).unwrap();
    assert_eq!(rig.run(&io, Operation::Verify, 0, 1000), Ok(()));
    let after = rig.xen.with_block(rig::VDEV, |b, _| b.stats.bytes.0).unwrap();
    assert_eq!(after - before, 512_000);
    rig.xen.with_block(rig::VDEV, |b, _| b.config.policy.error_permille = 1000);
    assert_eq!(rig.run(&io, Operation::Verify, 0, 8), Err(Failure::Io));
}

#[test]
fn shortage_of_grants_makes_requests_small_and_then_wait_but_never_fail() {
    for spare in [0, 1, 3, 10] {
        let mut rig = Rig::connected(config(BlockKind::Blkback), policy(), 12);
        rig.direct.limit_grants(rig.direct.live_grants() as u32 + spare);
        let mut ios = Vec::new();
        for n in 0..20u64 {
            let io = rig.io(64 << 10, Layout::Pages);
            io.fill(&rig.direct, &pattern(n, 64 << 10));
            rig.submit((n % 4) as usize, &io, Operation::Write { fua: false }, n * 128, 128).unwrap();
            ios.push(io);
        }
        rig.settle();
        for (n, io) in ios.iter().enumerate() {
            assert_eq!(rig.outcome(io), Some(Ok(())));
            assert!(rig.on_disk(n as u64 * 128, 64 << 10) == pattern(n as u64, 64 << 10));
        }
        rig.xen.assert_clean();
    }
}

#[test]
fn more_requests_than_the_ring_holds_wait_in_line() {
    let mut config = config(BlockKind::Qemu);
    config.features.ring_order = None;
    config.policy.out_of_order = true;
    let mut rig = Rig::connected(config, policy(), 13);
    let ios: Vec<_> = (0..200u64)
        .map(|n| {
            let io = rig.io(4096, Layout::Pages);
            io.fill(&rig.direct, &pattern(n, 4096));
            rig.submit(0, &io, Operation::Write { fua: n.is_multiple_of(7) }, n * 8, 8).unwrap();
            io
        })
        .collect();
    rig.settle();
    for (n, io) in ios.iter().enumerate() {
        assert_eq!(rig.outcome(io), Some(Ok(())));
        assert!(rig.on_disk(n as u64 * 8, 4096) == pattern(n as u64, 4096));
    }
    rig.xen.assert_clean();
}

/// 4 KiB writes at depth 32 against a disk that takes 50 to 100 µs, from a guest that needs 5 µs for an
/// interrupt and 4 µs for a request: the back-end goes to sleep whenever it has nothing to take.
#[test]
fn busy_queues_need_few_notifications() {
    let mut config = config(BlockKind::Blkback);
    config.policy.latency = (50_000, 100_000);
    let mut rig = Rig::connected(config, policy(), 14);
    let total = 4000usize;
    let (mut sent, mut flying) = (0, 0);
    let before = rig.xen.stats();
    while rig.ended.borrow().len() < total {
        let mut spent = 5_000;
        while flying < 32 && sent < total {
            let io = rig.io(4096, Layout::Pages);
            rig.submit(0, &io, Operation::Write { fua: false }, sent as u64 % 16000 * 8, 8).unwrap();
            rig.kick();
            sent += 1;
            flying += 1;
            spent += 4_000;
        }
        // What the back-end does meanwhile.
        let until = rig.now() + spent;
        loop {
            rig.direct.run();
            let due = rig.xen.sim().deadline().filter(|due| *due < until);
            rig.xen.sim_mut().advance(due.unwrap_or(until));
            if due.is_none() {
                break;
            }
        }
        let ended = rig.ended.borrow().len();
        rig.poll();
        flying -= rig.ended.borrow().len() - ended;
    }
    let after = rig.xen.stats();
    let events = after.events_to_host - before.events_to_host;
    assert!(events * 10 <= total as u64, "{events} notifications for {total} requests");
    let hypercalls = after.total_hypercalls() - before.total_hypercalls();
    assert!(hypercalls * 8 <= total as u64, "{hypercalls} hypercalls for {total} requests");
    println!("{total} requests: {events} notifications, {hypercalls} hypercalls");
}
