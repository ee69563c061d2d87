//! Crash dumps and hibernation: the shipped disk driver loaded a second time, on the ring that the normal instance
//! left, after a crash at any point.
#![allow(missing_docs)]

use std::{cell::RefCell, rc::Rc};

use nt::sys::{PowerDeviceD0, PowerDeviceD3};
use ntsim::storport::dump::{self, Dump, Trouble};
use scenarios::{
    disk::{ADAPTER, TARGET, VDEV, at, open, pattern, seeds, set_power, try_at, xen},
    rig::{Rig, drivers, node, sleep},
};
use xensim::{
    Xen,
    back::block::{BlockConfig, BlockKind},
};

/// First sector of the "dump file", far behind everything else.
const FILE: u64 = 90_000;
/// Its size.
const BYTES: usize = 300 << 10;
/// MANUALLY_INITIATED_CRASH, as the engine raises it.
const CRASH: u32 = 0xE2;

fn image() -> Vec<u8> {
    std::fs::read(drivers().join("xenpvvbd.sys")).expect("the driver is built")
}

/// Loads the second instance. In the guest.
fn prepare(name: &str) -> &'static Dump {
    let disk = at(TARGET);
    Dump::prepare(disk.adapter, disk.address, name, &image()).unwrap()
}

/// Writes a dump file and reads it back. On the one processor that still runs.
fn write_file(dump: &Dump, number: u64) -> Result<(), Trouble> {
    dump.start()?;
    let data = pattern(number, BYTES);
    // The header first, as a dump does, then the rest, then the header again.
    dump.write(FILE, &[0xAA; 4096])?;
    dump.write(FILE + 8, &data[4096..])?;
    dump.write(FILE, &data[..4096])?;
    dump.finish()?;
    let mut back = vec![0; BYTES];
    dump.read(FILE, &mut back)?;
    assert!(back == data, "read back");
    Ok(())
}

/// What a crash left.
struct Aftermath {
    xen: Xen,
    console: String,
    /// How the dump went; `None` if it never ran.
    dump: Option<Result<(), Trouble>>,
    /// Writes of the load that were completed.
    completed: Vec<u64>,
}

/// Runs a load on the disk until the machine crashes at a point that the seed chooses.
fn crash(config: BlockConfig, vcpus: usize, seed: u64, point: u64) -> Aftermath {
    let rig = Rig::new(Xen::builder().vcpus(vcpus).seed(seed).disk(config).build(), seed);
    let outcome = Rc::new(RefCell::new(None));
    let completed = Rc::new(RefCell::new(Vec::new()));
    let (log, done) = (outcome.clone(), completed.clone());
    let end = rig.try_run(|| {
        let mut disk = open();
        disk.may_time_out = true;
        let _ = prepare("dump_xenpvvbd.sys");
        dump::on_crash(Box::new(move |dump| *log.borrow_mut() = Some(write_file(dump, seed))));
        rig.sim.crash_after(point);
        for round in 0.. {
            let sent: Vec<_> = (0..24u64)
                .map(|n| {
                    disk.offset = [0, 512, 4][(n % 3) as usize];
                    let number = round * 24 + n;
                    let place = number % 1000 * 64;
                    (number, disk.send(place, Ok(&pattern(number, 4096 << (n % 4)))).unwrap())
                })
                .collect();
            if round % 3 == 1 {
                let _ = disk.flush();
            }
            for (number, request) in sent {
                if request.finish().is_ok() {
                    done.borrow_mut().push(number);
                }
            }
        }
    });
    let end = end.expect_err("the machine crashes");
    assert_eq!(end.code, CRASH, "seed {seed}: {end}");
    let console = rig.console();
    // What the back-end had taken before still lands.
    rig.xen.settle(100_000);
    let (dump, completed) = (outcome.take(), completed.take());
    Aftermath { xen: rig.xen.clone(), console, dump, completed }
}

impl Aftermath {
    /// The dump is there, durable; what was written before is, and nothing else was touched.
    fn check(&self, seed: u64, what: &str) {
        assert_eq!(self.dump, Some(Ok(())), "{what}\n{}", self.console);
        let disk = self.xen.disk(VDEV).unwrap();
        let file = disk.borrow().durable_bytes(FILE, BYTES as u64 / 512);
        assert!(file == pattern(seed, BYTES), "{what}: the dump file");
        for around in [FILE - 64, FILE + BYTES as u64 / 512] {
            assert!(disk.borrow().bytes(around, 64).iter().all(|b| *b == 0), "{what}: beside the dump file");
        }
        // The last completed write of each place; a later one may have landed over it, whole or in part.
        let last = self.completed.iter().rev().take(200);
        for number in last.filter(|n| **n + 1000 > *self.completed.last().unwrap_or(&0) + 24) {
            let bytes = 4096 << (number % 24 % 4);
            let there = disk.borrow().bytes(number % 1000 * 64, bytes as u64 / 512);
            assert!(there == pattern(*number, bytes), "{what}: write {number} was completed");
        }
        assert!(self.console.contains("Windows has crashed"), "{what}: {}", self.console);
    }
}

/// Everything that a seed decides.
fn campaign(seed: u64) {
    let kind = [BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk][(seed % 3) as usize];
    let mut config = BlockConfig::of(kind, VDEV, 64);
    config.untrusted = (seed / 3).is_multiple_of(4);
    config.policy.latency = [(0, 0), (0, 300_000), (200_000, 3_000_000)][(seed / 12 % 3) as usize];
    config.policy.out_of_order = seed.is_multiple_of(2);
    let vcpus = 1 + (seed / 36 % 4) as usize;
    // Spread over everything that the load does, small numbers included.
    let point = 1 + seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % [200, 3_000, 30_000][(seed % 7 % 3) as usize];
    let what = format!("seed {seed}: {kind:?}, {vcpus} processors, point {point}");
    crash(config, vcpus, seed, point).check(seed, &what);
}

#[test]
fn dumps_after_crashes_at_any_point() {
    for seed in 0..seeds("XENPV_DUMP_POINTS", 100) {
        campaign(seed);
    }
}

/// The ring is full of requests that are never answered: the dump waits for a slot, bounded, and gives up.
#[test]
fn a_full_ring_that_nobody_serves_ends_the_dump() {
    let mut config = BlockConfig::of(BlockKind::Qemu, VDEV, 64);
    config.features.ring_order = Some(0);
    let rig = Rig::new(xen(config, 1), 1);
    let xen = rig.xen.clone();
    let outcome = Rc::new(RefCell::new(None));
    let log = outcome.clone();
    let end = rig.try_run(|| {
        let disk = open();
        let _ = prepare("dump_xenpvvbd.sys");
        dump::on_crash(Box::new(move |dump| *log.borrow_mut() = Some(write_file(dump, 1))));
        xen.with_block(VDEV, |block, _| block.config.policy.stalled = true);
        let held: Vec<_> = (0..64).map(|n| disk.send(n * 8, Ok(&pattern(n, 4096))).unwrap()).collect();
        sleep(10);
        rig.sim.crash_after(1);
        sleep(10);
        drop(held);
    });
    assert_eq!(end.expect_err("a crash").code, CRASH);
    assert!(matches!(outcome.take(), Some(Err(Trouble::Failed(_)))));
}

/// A disk without a ring cannot be dumped to: the stack is told so at once, however soon after the disk has gone the
/// machine crashes.
#[test]
fn no_ring_no_dump() {
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 2), 2);
    let xen = rig.xen.clone();
    let outcome = Rc::new(RefCell::new(None));
    let log = outcome.clone();
    let end = rig.try_run(|| {
        let _ = open();
        let _ = prepare("dump_xenpvvbd.sys");
        dump::on_crash(Box::new(move |dump| *log.borrow_mut() = Some(dump.start())));
        xen.yank_disk(VDEV);
        for _ in 0..500 {
            sleep(10);
            if try_at(TARGET).is_err() {
                break;
            }
        }
        rig.sim.crash_after(1);
        sleep(10);
    });
    assert_eq!(end.expect_err("a crash").code, CRASH);
    assert_eq!(outcome.take(), Some(Err(Trouble::NotInitialized)));
}

/// After a crash the next boot finds the dump through the normal driver.
#[test]
fn the_next_boot_reads_the_dump() {
    let before = crash(BlockConfig::new(VDEV, 64), 2, 77, 5_000);
    before.check(77, "the crash");
    let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), 78), 78);
    let (old, fresh) = (before.xen.disk(VDEV).unwrap(), rig.xen.clone());
    rig.run(|| {
        let there = old.borrow().durable_bytes(FILE, BYTES as u64 / 512);
        fresh.disk(VDEV).unwrap().borrow_mut().preload(FILE, &there);
        let mut back = vec![0; BYTES];
        open().read(FILE, &mut back).unwrap();
        assert!(back == pattern(77, BYTES));
    });
    rig.xen.assert_clean();
}

/// Hibernation writes through the second instance while the normal one sleeps, with I/O before and after. The machine does
/// not switch off (its user changed his mind): the normal instance finds that its ring was used, and connects anew.
#[test]
fn hibernation_goes_through_the_second_instance() {
    for seed in 100..106_u64 {
        let mut config = BlockConfig::new(VDEV, 64);
        config.policy.latency = (0, 200_000);
        config.untrusted = seed.is_multiple_of(2);
        let rig = Rig::new(xen(config, seed), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            let adapter = node(ADAPTER);
            let hiber = prepare("hiber_xenpvvbd.sys");
            for n in 0..20 {
                disk.write(n * 64, &pattern(n, 32 << 10), false).unwrap();
            }
            let connects = || xen.with_block(VDEV, |block, _| block.stats.connects).unwrap();
            let before = connects();
            set_power(adapter, PowerDeviceD3);
            let old = ntsim::ke::irql::raise(ntsim::abi::HIGH_LEVEL);
            let written = write_file(hiber, seed);
            ntsim::ke::irql::lower(old);
            assert_eq!(written, Ok(()), "seed {seed}");
            set_power(adapter, PowerDeviceD0);
            let mut back = vec![0; BYTES];
            disk.read(FILE, &mut back).unwrap();
            assert!(back == pattern(seed, BYTES), "seed {seed}");
            assert_eq!(connects(), before + 1, "seed {seed}: the ring was used");
            disk.write(0, &pattern(1000, 65536), false).unwrap();
            disk.flush().unwrap();
        });
        let disk = xen.disk(VDEV).unwrap();
        assert!(disk.borrow().durable_bytes(0, 128) == pattern(1000, 65536));
        assert!(disk.borrow().durable_bytes(FILE, BYTES as u64 / 512) == pattern(seed, BYTES));
        for n in 2..20 {
            assert!(disk.borrow().durable_bytes(n * 64, 64) == pattern(n, 32 << 10), "seed {seed}: {n}");
        }
        rig.xen.assert_clean();
    }
}

/// A sleep in which nobody used the rings ends without a new connection, and no event is lost in it.
#[test]
fn a_sleep_without_a_dump_keeps_the_connection() {
    for seed in 110..116 {
        let rig = Rig::new(xen(BlockConfig::new(VDEV, 64), seed), seed);
        let xen = rig.xen.clone();
        rig.run(|| {
            let disk = open();
            let adapter = node(ADAPTER);
            let connects = || xen.with_block(VDEV, |block, _| block.stats.connects).unwrap();
            let before = connects();
            for n in 0..4 {
                disk.write(n * 64, &pattern(n, 32 << 10), false).unwrap();
                set_power(adapter, PowerDeviceD3);
                sleep(50);
                set_power(adapter, PowerDeviceD0);
                let mut back = vec![0; 32 << 10];
                disk.read(n * 64, &mut back).unwrap();
                assert!(back == pattern(n, 32 << 10), "seed {seed}");
            }
            assert_eq!(connects(), before, "seed {seed}");
        });
        rig.xen.assert_clean();
    }
}
