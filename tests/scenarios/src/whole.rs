//! One guest with everything in it: bus, disk and NIC as shipped, a fixed load through both. What campaigns
//! over seeds run: determinism, speed, coverage, fault injection.

#![allow(clippy::result_large_err, reason = "a bug check ends the run")]

use ntsim::kernel::config::SpecialPool;
use ntsim::{
    ndis::{self, adapter::State, protocol::Stack},
    storport::{self, adapter::Address, disk::Disk},
};
use ntsim_host::{BugCheck, Builder};
use xensim::{
    Frame, NicConfig, Xen,
    back::block::{BlockConfig, BlockKind},
};

use crate::rig::{Rig, boot, wait_until};

/// xvde: the first disk without an emulated twin.
pub const VDEV: u32 = 51776;
const TARGET: u8 = 4;
/// Disk requests and frames that are under way at once.
const BATCH: u64 = 25;
/// Bytes of a disk request.
const IO_BYTES: usize = 4096;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Virtual processors.
    pub vcpus: usize,
    /// Disk requests, half of them writes.
    pub ios: u64,
    /// Frames, half of them received.
    pub frames: u64,
}

impl Load {
    /// The load that the bars speak of.
    pub const FULL: Self = Self { vcpus: 2, ios: 1000, frames: 1000 };
    /// A little of everything.
    pub const SMALL: Self = Self { vcpus: 2, ios: 50, frames: 50 };
}

/// What a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Hash over everything that happened.
    pub hash: u64,
    /// Events in the trace.
    pub events: u64,
    /// Virtual time, ns.
    pub time: u64,
}

fn content(seed: u64, number: u64) -> Vec<u8> {
    let mut state = (seed << 32 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = (0..IO_BYTES / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.collect()
}

/// A frame of a private protocol, so that no stack answers it.
fn frame(to: [u8; 6], from: [u8; 6], number: u64) -> Vec<u8> {
    let mut frame = [to, from].concat();
    frame.extend([0x88, 0xB5]);
    frame.extend(number.to_be_bytes());
    frame.resize(60 + (number * 97 % 1400) as usize, number as u8);
    frame
}

fn disk_batch(disk: &Disk, xen: &Xen, seed: u64, first: u64, count: u64) {
    let lba = |n: u64| n % 512 * (IO_BYTES as u64 / 512);
    let writes: Vec<_> = (first..first + count)
        .map(|n| disk.send(lba(n), Ok(&content(seed, n))).expect("memory for a request"))
        .collect();
    for (n, write) in (first..).zip(writes) {
        write.finish().unwrap_or_else(|e| panic!("write {n}: {e:?}"));
        let there = xen.disk(VDEV).expect("the disk").borrow().bytes(lba(n), IO_BYTES as u64 / 512);
        assert!(there == content(seed, n), "write {n} at the back-end");
    }
    let reads: Vec<_> = (first..first + count)
        .map(|n| disk.send(lba(n), Err(IO_BYTES)).expect("memory for a request"))
        .collect();
    for (n, read) in (first..).zip(reads) {
        let data = read.finish().unwrap_or_else(|e| panic!("read {n}: {e:?}"));
        assert!(data == content(seed, n), "read {n}");
    }
}

/// Sends `count` frames and receives as many; each is compared at the other side.
fn net_batch(stack: &Stack, xen: &Xen, first: u64, count: u64) {
    const PEER: [u8; 6] = [2, 0, 0, 0, 0, 1];
    let mine = stack.adapter.mac();
    for n in first..first + count {
        stack.send_frame(&frame(PEER, mine, n));
        xen.inject(0, Frame::plain(frame(mine, PEER, n)));
    }
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    let ours = |bytes: &[u8]| bytes[12..14] == [0x88, 0xB5];
    wait_until("all frames at the other side", 10, || {
        sent.extend(xen.captured(0).into_iter().map(|f| f.data).filter(|f| ours(f)));
        received.extend(stack.link.sniffed().into_iter().map(|f| f.bytes).filter(|f| ours(f)));
        sent.len() as u64 >= count && received.len() as u64 >= count
    });
    // Queues by hash may change the order between frames, not their content.
    sent.sort_by_key(|f| f[14..22].to_vec());
    received.sort_by_key(|f| f[14..22].to_vec());
    let out: Vec<_> = (first..first + count).map(|n| frame(PEER, mine, n)).collect();
    let back: Vec<_> = (first..first + count).map(|n| frame(mine, PEER, n)).collect();
    assert!(sent == out, "frames on the wire");
    assert!(received == back, "frames in the guest");
}

/// The guest of a seed.
#[must_use]
pub fn rig(seed: u64, load: Load, change: impl FnOnce(Builder) -> Builder) -> Rig {
    let xen = Xen::builder()
        .vcpus(load.vcpus)
        .seed(seed)
        .disk(BlockConfig::new(VDEV, 64))
        .nic(NicConfig::new(0))
        .build();
    Rig::with(xen, seed, change)
}

/// The guest of a seed with what else a seed may decide: number of processors, back-ends, their latency, placement of
/// pool, single-step windows, watched rings.
#[must_use]
pub fn varied(seed: u64) -> Rig {
    let pick = |shift: u32, n: u64| (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) % n;
    let kind = [BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk][pick(8, 3) as usize];
    let mut disk = BlockConfig::of(kind, VDEV, 64);
    disk.policy.latency = [(0, 0), (0, 50_000), (10_000, 2_000_000)][pick(16, 3) as usize];
    disk.policy.out_of_order = pick(24, 2) == 0;
    let xen = Xen::builder()
        .vcpus(1 + pick(32, 4) as usize)
        .seed(seed)
        .disk(disk)
        .nic(NicConfig::new(0))
        .watch_rings(pick(40, 16) == 0)
        .build();
    Rig::with(xen, seed, |b| {
        let b = if pick(44, 32) == 0 { b.single_step(256, 30) } else { b };
        if pick(48, 8) == 0 { b.special_pool(SpecialPool::On) } else { b }
    })
}

/// Boots and opens disk and NIC. In the guest.
#[must_use]
pub fn open() -> (Disk, &'static Stack) {
    boot(&["xenpvpci", "xenpvvbd", "xenpvnet"]);
    wait_until("a running NIC", 30, || {
        ndis::adapters().iter().any(|a| a.state() == State::Running && a.link.lock().connect == 1)
    });
    let stack = Stack::open(ndis::adapters()[0]).expect("the NIC can be opened");
    stack.link.sniffing.store(true, core::sync::atomic::Ordering::Release);
    (disk().expect("the disk"), stack)
}

/// The disk as it is now; after a restart its adapter is another. In the guest.
#[must_use]
pub fn disk() -> Option<Disk> {
    let adapter = *storport::adapters().last()?;
    storport::scan::scan(adapter);
    Disk::open(adapter, Address { path: 0, target: TARGET, lun: 0 }).ok()
}

/// Puts the load through an opened guest. In the guest.
pub fn drive(xen: &Xen, seed: u64, load: Load, disk: &Disk, stack: &Stack) {
    let (ios, frames) = (load.ios / 2, load.frames / 2);
    let mut at = 0;
    while at < ios.max(frames) {
        let part = |all: u64| all.saturating_sub(at).min(BATCH);
        disk_batch(disk, xen, seed, at, part(ios));
        net_batch(stack, xen, at, part(frames));
        at += BATCH;
    }
    disk.flush().expect("flushed");
}

/// Runs one seed with one load.
///
/// # Errors
/// The bug check that ended the run.
///
/// # Panics
/// When data differs at the other side, or xensim has found the guest breaking a rule.
pub fn run(seed: u64, load: Load) -> Result<Facts, BugCheck> {
    let rig = rig(seed, load, |b| b);
    let xen = rig.xen.clone();
    rig.try_run(|| {
        let (disk, stack) = open();
        drive(&xen, seed, load, &disk, stack);
    })?;
    rig.xen.assert_clean();
    Ok(Facts { hash: rig.sim.trace_hash(), events: rig.sim.kernel().trace.count(), time: rig.sim.now() })
}
