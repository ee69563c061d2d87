//! A crash at any point: the ring is taken over, and the dump is written and read back.

mod rig;

use blkfront::{
    channel::Channel,
    emergency::{EmergencyRing, Failed, Line, MAX_BYTES},
    negotiate::{Plan, Policy},
    request::Operation,
};
use rig::{Layout, Rig, config, pattern};
use xenbus::{
    seam::{EventChannels, SharedPage},
    types::{Gfn, PAGE_SIZE},
};
use xensim::{back::block::BlockKind, direct::Direct};

/// The same memory again, as a second mapping of it would be.
struct Alias(Direct, Vec<u64>);

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.1)
    }
}

impl Alias {
    fn of(direct: &Direct, page: &impl SharedPage) -> Self {
        Self(direct.clone(), (0..page.len() / PAGE_SIZE).map(|index| page.gfn(index).0).collect())
    }
}

impl SharedPage for Alias {
    fn len(&self) -> usize {
        self.1.len() * PAGE_SIZE
    }
    fn gfn(&self, index: usize) -> Gfn {
        Gfn(self.1[index])
    }
    fn load(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        self.0.ram(self.1[offset / PAGE_SIZE]).read(offset % PAGE_SIZE, &mut bytes);
        u32::from_le_bytes(bytes)
    }
    fn store(&self, offset: usize, value: u32) {
        self.0.ram(self.1[offset / PAGE_SIZE]).write(offset % PAGE_SIZE, &value.to_le_bytes());
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.load(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.store(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        for (index, chunk) in to.chunks_mut(4).enumerate() {
            chunk.copy_from_slice(&self.load(offset + index * 4).to_le_bytes());
        }
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        for (index, chunk) in from.chunks(4).enumerate() {
            self.store(offset + index * 4, u32::from_le_bytes(chunk.try_into().unwrap()));
        }
    }
}

struct Wire(Direct, u32);

impl Line for Wire {
    fn notify(&self) {
        self.0.notify(&xenbus::types::Port::from_raw(self.1));
    }
    fn pause(&self) {
        let xen = self.0.xen();
        xen.sim_mut().step_any();
        let now = xen.now() + 1000;
        xen.sim_mut().advance(now);
    }
    fn patience(&self) -> u32 {
        100_000
    }
}

/// A back-end that writes nonsense into the ring's indexes, or sleeps.
struct Liar(Direct, u64, u32);

impl Line for Liar {
    fn notify(&self) {}
    fn pause(&self) {
        if self.2 > 0 {
            self.0.ram(self.1).write(8, &self.2.to_le_bytes());
        }
    }
    fn patience(&self) -> u32 {
        1000
    }
}

fn crash_and_dump(seed: u64) {
    let kind = [BlockKind::Blkback, BlockKind::Qemu, BlockKind::Tapdisk][seed as usize % 3];
    let mut config = config(kind);
    config.policy.latency = (0, 500_000);
    config.policy.out_of_order = seed.is_multiple_of(2);
    config.features.ring_order = if seed.is_multiple_of(4) { None } else { Some(1) };
    config.untrusted = seed.is_multiple_of(5);
    let policy = Policy { queues: 1, bounce_pages: 64, ..Policy::default() };
    let mut rig = Rig::connected(config, policy, seed);
    // The normal instance at work, until the crash.
    for n in 0..seed % 90 {
        let io = rig.io(8192, Layout::Pages);
        io.fill(&rig.direct, &pattern(n, 8192));
        rig.submit(0, &io, Operation::Write { fua: false }, 4096 + n * 16, 16).unwrap();
        if n % 3 == seed % 3 {
            rig.kick();
        }
        for _ in 0..seed % 5 {
            rig.xen.sim_mut().step_any();
        }
        if n.is_multiple_of(7) {
            rig.poll();
        }
    }
    let (ring, data, grefs, handle, port) = {
        let channel = rig.queues[0].channel().unwrap();
        let (ring, data) = channel.memory();
        let data = data.unwrap();
        let grefs = rig.emergency[0].expect("pages were set aside");
        (
            Alias::of(&rig.direct, ring),
            Alias::of(&rig.direct, data),
            grefs,
            channel.handle(),
            channel.port().unwrap().raw(),
        )
    };
    let mut dump = EmergencyRing::take_over(ring, data, grefs, handle).unwrap();
    let line = Wire(rig.direct.clone(), port);
    let content = pattern(seed + 1000, 6 * MAX_BYTES + 512);
    for (index, chunk) in content.chunks(MAX_BYTES).enumerate() {
        let copy = |data: &Alias, at: usize, bytes: usize| data.copy_in(at, &chunk[..bytes]);
        dump.transfer(true, (index * MAX_BYTES / 512) as u64, chunk.len(), copy, &line)
            .unwrap_or_else(|e| panic!("seed {seed}: {e:?} {dump:?} {}", rig.describe()));
    }
    dump.flush(false, &line).unwrap();
    let durable = rig.xen.disk(rig::VDEV).unwrap().borrow().durable_bytes(0, content.len() as u64 / 512);
    assert!(durable == content, "seed {seed}");
    let mut back = Vec::new();
    for (index, chunk) in content.chunks(MAX_BYTES).enumerate() {
        let mut piece = vec![0; chunk.len()];
        let copy = |data: &Alias, at: usize, bytes: usize| data.copy_out(at, &mut piece[..bytes]);
        dump.transfer(false, (index * MAX_BYTES / 512) as u64, chunk.len(), copy, &line).unwrap();
        back.extend(piece);
    }
    assert!(back == content, "seed {seed}");
    rig.xen.assert_clean();
    // The machine is switched off.
    rig.xen.with_block(rig::VDEV, |block, world| block.die(world));
    for queue in &mut rig.queues {
        queue.declare_broken(&rig.direct);
    }
    for _ in 0..100 {
        rig.poll();
    }
}

#[test]
fn crashes_at_a_thousand_points() {
    let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(150);
    for seed in 0..seeds {
        crash_and_dump(seed);
    }
}

#[test]
fn a_back_end_that_lies_or_sleeps_fails_the_dump_within_its_bound() {
    for lie in [0u32, 5000] {
        let mut config = config(BlockKind::Blkback);
        config.policy.stalled = true;
        let mut rig = Rig::connected(config, Policy::default(), 1);
        let channel = rig.queues[0].channel().unwrap();
        let (ring, data) = channel.memory();
        let (ring, data) = (Alias::of(&rig.direct, ring), Alias::of(&rig.direct, data.unwrap()));
        let mut dump = EmergencyRing::take_over(ring, data, rig.emergency[0].unwrap(), 0).unwrap();
        let direct = rig.direct.clone();
        let ring_gfn = rig.queues[0].channel().unwrap().memory().0.gfn(0).0;
        let failed = dump.flush(false, &Liar(direct, ring_gfn, lie));
        assert_eq!(failed, Err(if lie > 0 { Failed::Ring } else { Failed::TimedOut }));
        rig.xen.with_block(rig::VDEV, |block, world| block.die(world));
        rig.poll();
    }
}

#[test]
fn few_pages_are_not_all_set_aside() {
    let rig = Rig::connected(config(BlockKind::Blkback), Policy::default(), 2);
    let plan = Plan { bounce_pages: 11, ..rig.plan.unwrap() };
    let mut channel: Channel<xensim::Direct> =
        Channel::open(&rig.direct, &plan, xenbus::types::Domid(0), 0, 0).unwrap();
    assert_eq!(channel.emergency_units(), None);
    assert!(channel.close(&rig.direct).is_empty());
}
