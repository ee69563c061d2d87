//! The simulation as a whole, and the handle by which tests and scenarios reach it.

use std::{
    cell::{Ref, RefCell, RefMut},
    rc::Rc,
};

use crate::{
    back::{
        Device, Part,
        block::{BlockBackend, BlockConfig},
        net::{NetBackend, NicConfig},
    },
    disk::{Disk, SharedDisk},
    flavour::{Flavour, StoreLimits},
    hv::Hypervisor,
    mem::Mem,
    network::Frame,
    pci::{Emulated, EmulatedConfig},
    rng::Rng,
    store::{XenStore, ring::RingServer},
    toolstack::{Tools, Toolstack},
    wake::{LateWrite, Plan},
    world::{Held, Stats, Violation, World},
};

use ::machine::Outcome;

/// Who could take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A part of a block device.
    Block(usize, Part),
    /// A part of a net device.
    Net(usize, Part),
    /// xenstored, on the guest's ring.
    Store,
    /// The console daemon.
    Console,
    /// The toolstack wakes a suspended domain.
    Wake,
    /// A write of a destroyed domain reaches its disk.
    LateWrite(usize),
}

/// Everything.
pub struct Sim {
    /// Memory, hypervisor, store.
    pub world: World,
    /// The toolstack.
    pub tools: Tools,
    /// Block back-ends.
    pub blocks: Vec<BlockBackend>,
    /// Net back-ends.
    pub nets: Vec<NetBackend>,
    /// Disks by device number; they outlive back-ends.
    pub disks: Vec<(u32, SharedDisk)>,
    /// xenstored's end of the guest's ring.
    pub ring: RingServer,
    /// PCI functions and ports.
    pub emulated: Emulated,
    pub(crate) plan: Option<Plan>,
    pub(crate) late: Vec<LateWrite>,
    /// Configuration for a restart of the machine.
    pub(crate) config: Config,
}

#[derive(Clone)]
pub(crate) struct Config {
    pub flavour: Flavour,
    pub limits: StoreLimits,
    pub toolstack: Toolstack,
    pub vcpus: usize,
    pub memory_mib: u64,
    pub seed: u64,
    pub disks: Vec<BlockConfig>,
    pub nics: Vec<NicConfig>,
    pub domid: u16,
    pub emulated: EmulatedConfig,
    pub viridian: bool,
    pub cpuid_base: Option<u32>,
    pub spare_grant_frames: u32,
    pub watch_rings: bool,
}

/// Builds a machine. See [`Xen::builder`].
#[derive(Clone)]
pub struct Builder(Config);

impl Builder {
    /// The hypervisor's generation.
    #[must_use]
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.0.flavour = flavour;
        self
    }
    /// xenstored's limits.
    #[must_use]
    pub fn store(mut self, limits: StoreLimits) -> Self {
        self.0.limits = limits;
        self
    }
    /// Whose toolstack.
    #[must_use]
    pub fn toolstack(mut self, kind: Toolstack) -> Self {
        self.0.toolstack = kind;
        self
    }
    /// Number of virtual processors.
    #[must_use]
    pub fn vcpus(mut self, count: usize) -> Self {
        self.0.vcpus = count;
        self
    }
    /// RAM in MiB as the toolstack knows it (in-process mode also has that many).
    #[must_use]
    pub fn memory(mut self, mib: u64) -> Self {
        self.0.memory_mib = mib;
        self
    }
    /// The seed of every chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
    /// The guest's domid (default 7).
    #[must_use]
    pub fn domid(mut self, domid: u16) -> Self {
        self.0.domid = domid;
        self
    }
    /// A disk that is there from the start.
    #[must_use]
    pub fn disk(mut self, config: BlockConfig) -> Self {
        self.0.disks.push(config);
        self
    }
    /// The emulated machine: platform device, unplug protocol.
    #[must_use]
    pub fn emulated(mut self, config: EmulatedConfig) -> Self {
        self.0.emulated = config;
        self
    }
    /// Viridian leaves at the first CPUID base, Xen's at the next.
    #[must_use]
    pub fn viridian(mut self, on: bool) -> Self {
        self.0.viridian = on;
        self
    }
    /// The guest's accesses to ring pages are watched one by one ([`::machine::GuestMemory::watch`]): between any
    /// two of them back-ends may step. Slow.
    #[must_use]
    pub fn watch_rings(mut self, on: bool) -> Self {
        self.0.watch_rings = on;
        self
    }
    /// Base of Xen's CPUID leaves.
    #[must_use]
    pub fn cpuid_base(mut self, base: u32) -> Self {
        self.0.cpuid_base = Some(base);
        self
    }
    /// A NIC that is there from the start.
    #[must_use]
    pub fn nic(mut self, config: NicConfig) -> Self {
        self.0.nics.push(config);
        self
    }
    /// The machine. Its domain is created by [`machine::Machine::attach`] or [`crate::direct`].
    #[must_use]
    pub fn build(self) -> Xen {
        let config = self.0;
        let mut rng = Rng::new(config.seed);
        // Room for any host that the domain may wake on.
        let frames = crate::hv::GRANT_FRAMES + config.flavour.max_grant_frames.max(config.spare_grant_frames);
        let mut world = World {
            mem: Mem::new(frames),
            hv: Hypervisor::new(config.flavour.clone(), config.domid, config.vcpus),
            store: XenStore::new(config.limits.clone(), config.domid),
            now: 0,
            rng: rng.fork(),
            stats: Stats::default(),
            violations: Vec::new(),
            console: Vec::new(),
            pv_console: Vec::new(),
            armed: Vec::new(),
            watch_rings: config.watch_rings,
            rewrites: 0,
        };
        world.hv.viridian = config.viridian;
        world.hv.cpuid_base =
            config.cpuid_base.unwrap_or(if config.viridian { 0x4000_0100 } else { 0x4000_0000 });
        let tools = Tools::new(config.toolstack, &mut world, config.memory_mib << 10);
        let emulated = config.make_emulated();
        let sim = Sim {
            world,
            tools,
            blocks: Vec::new(),
            nets: Vec::new(),
            disks: Vec::new(),
            ring: RingServer::default(),
            emulated,
            plan: None,
            late: Vec::new(),
            config,
        };
        Xen { sim: Rc::new(RefCell::new(sim)) }
    }
}

/// The machine's handle; clones reach the same machine.
#[derive(Clone)]
pub struct Xen {
    pub(crate) sim: Rc<RefCell<Sim>>,
}

impl Xen {
    /// Defaults: Xen 4.20, current xenstored, xl, one vCPU, 64 MiB, seed 0, no devices.
    #[must_use]
    pub fn builder() -> Builder {
        Builder(Config {
            flavour: Flavour::default(),
            limits: StoreLimits::xenstored(),
            toolstack: Toolstack::Xl,
            vcpus: 1,
            memory_mib: 64,
            seed: 0,
            disks: Vec::new(),
            nics: Vec::new(),
            domid: 7,
            emulated: EmulatedConfig::default(),
            viridian: false,
            cpuid_base: None,
            spare_grant_frames: 64,
            watch_rings: false,
        })
    }

    /// Everything, to look at.
    #[must_use]
    pub fn sim(&self) -> Ref<'_, Sim> {
        self.sim.borrow()
    }

    /// Everything, to change.
    #[must_use]
    pub fn sim_mut(&self) -> RefMut<'_, Sim> {
        self.sim.borrow_mut()
    }

    /// Counters as they stand.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.sim.borrow().world.stats.clone()
    }

    /// What the guest holds now: for tests on leaks.
    #[must_use]
    pub fn held(&self) -> Held {
        self.sim.borrow().world.held()
    }

    /// Violations so far, after an audit of what is mapped.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut sim = self.sim.borrow_mut();
        sim.world.audit_grants();
        sim.world.violations.clone()
    }

    /// Panics with all violations if there are any.
    ///
    /// # Panics
    /// On violations.
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "violations: {violations:#?}");
    }

    /// The disk behind a device number.
    #[must_use]
    pub fn disk(&self, vdev: u32) -> Option<SharedDisk> {
        self.sim.borrow().disks.iter().find(|(id, _)| *id == vdev).map(|(_, disk)| Rc::clone(disk))
    }

    /// Works on a block back-end.
    pub fn with_block<T>(
        &self,
        vdev: u32,
        work: impl FnOnce(&mut BlockBackend, &mut World) -> T,
    ) -> Option<T> {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, blocks, .. } = &mut *sim;
        blocks.iter_mut().find(|block| block.config.vdev == vdev).map(|block| work(block, world))
    }

    /// Works on a net back-end.
    pub fn with_net<T>(&self, id: u32, work: impl FnOnce(&mut NetBackend, &mut World) -> T) -> Option<T> {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, nets, .. } = &mut *sim;
        nets.iter_mut().find(|net| net.config.id == id).map(|net| work(net, world))
    }

    /// Sends a frame to the guest.
    pub fn inject(&self, nic: u32, frame: Frame) {
        self.with_net(nic, |net, world| net.inject(world, frame));
    }

    /// Frames that the guest sent since the last call.
    #[must_use]
    pub fn captured(&self, nic: u32) -> Vec<Frame> {
        self.with_net(nic, |net, _| net.take_captured()).unwrap_or_default()
    }

    /// Plugs a NIC into the running domain.
    pub fn plug_nic(&self, config: NicConfig) {
        self.sim.borrow_mut().plug_nic(config);
    }

    /// Asks for the removal of a NIC.
    pub fn unplug_nic(&self, id: u32) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, nets, tools, .. } = &mut *sim;
        if let Some(net) = nets.iter().find(|net| net.config.id == id) {
            tools.ask_unplug(world, &net.bus().back);
        }
    }

    /// Removes a NIC without asking.
    pub fn yank_nic(&self, id: u32) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, nets, tools, config, .. } = &mut *sim;
        if let Some(at) = nets.iter().position(|net| net.config.id == id) {
            let mut net = nets.remove(at);
            config.nics.retain(|nic| nic.id != id);
            net.die(world);
            tools.remove_device(world, &net.bus().front, &net.bus().back);
        }
    }

    /// Plugs a disk into the running domain.
    pub fn plug_disk(&self, config: BlockConfig) {
        self.sim.borrow_mut().plug_disk(config);
    }

    /// Asks for the removal of a disk, as `xl block-detach` does.
    pub fn unplug_disk(&self, vdev: u32) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, blocks, tools, .. } = &mut *sim;
        if let Some(block) = blocks.iter().find(|block| block.config.vdev == vdev) {
            tools.ask_unplug(world, &block.bus().back);
        }
    }

    /// Removes a disk without asking (`--force`): back-end and nodes vanish at once.
    pub fn yank_disk(&self, vdev: u32) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, blocks, tools, config, .. } = &mut *sim;
        if let Some(at) = blocks.iter().position(|block| block.config.vdev == vdev) {
            let mut block = blocks.remove(at);
            config.disks.retain(|disk| disk.vdev != vdev);
            block.die(world);
            tools.remove_device(world, &block.bus().front, &block.bus().back);
        }
    }

    /// Virtual time in nanoseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.sim.borrow().world.now
    }

    /// Lets actors step, chosen by the seed, until none is ready or `limit` steps were taken. Returns
    /// the number of steps.
    pub fn run(&self, limit: usize) -> usize {
        let mut sim = self.sim.borrow_mut();
        for done in 0..limit {
            if !sim.step_any() {
                return done;
            }
        }
        limit
    }

    /// As [`Xen::run`], and moves time on to the next deadline while there is nothing else to do.
    pub fn settle(&self, limit: usize) -> usize {
        let mut sim = self.sim.borrow_mut();
        for done in 0..limit {
            if sim.step_any() {
                continue;
            }
            match sim.deadline() {
                Some(due) if due > sim.world.now => sim.advance(due),
                _ => return done,
            }
        }
        limit
    }
}

impl Config {
    fn make_emulated(&self) -> Emulated {
        let ide = self.disks.iter().filter_map(|disk| disk.emulated).collect();
        let nics = self.nics.iter().filter(|nic| nic.emulated).count() as u8;
        Emulated::new(self.emulated.clone(), ide, nics)
    }
}

impl Sim {
    /// Emulated devices are as after a reset.
    pub(crate) fn reset_emulated(&mut self) {
        self.emulated = self.config.make_emulated();
    }

    /// Grant frames that the shared region has room for.
    pub(crate) fn most_grant_frames(&self) -> u32 {
        self.config.flavour.max_grant_frames.max(self.config.spare_grant_frames)
    }

    /// A hypercall of the guest.
    pub fn hypercall(&mut self, vcpu: u32, number: u64, args: [u64; 6]) -> Outcome {
        let outcome = self.world.hypercall(vcpu, number, args);
        if let (Outcome::Shutdown(_), Some(plan)) = (outcome, self.plan.as_mut()) {
            plan.stopped_at = Some(self.world.now);
        }
        outcome
    }

    /// The domain and its devices come into being. Memory is attached.
    pub(crate) fn create(&mut self) {
        self.tools.create_domain(&mut self.world);
        for disk in std::mem::take(&mut self.config.disks) {
            self.plug_disk(disk);
        }
        for nic in std::mem::take(&mut self.config.nics) {
            self.plug_nic(nic);
        }
    }

    /// See [`Xen::plug_disk`].
    pub fn plug_disk(&mut self, config: BlockConfig) {
        let disk = match self.disks.iter().find(|(id, _)| *id == config.vdev) {
            Some((_, disk)) => Rc::clone(disk),
            None => {
                let disk = Disk::shared(config.disk.clone());
                self.disks.push((config.vdev, Rc::clone(&disk)));
                disk
            }
        };
        self.config.disks.push(config.clone());
        self.tools.create_vbd(&mut self.world, &config);
        let mut block = BlockBackend::new(config, self.world.hv.domid, disk);
        block.start(&mut self.world);
        self.blocks.push(block);
    }

    /// See [`Xen::plug_nic`].
    pub fn plug_nic(&mut self, config: NicConfig) {
        self.config.nics.push(config.clone());
        self.tools.create_vif(&mut self.world, &config);
        let mut net = NetBackend::new(config, self.world.hv.domid);
        net.start(&mut self.world);
        self.nets.push(net);
    }

    /// Actors that could step now, in a fixed order.
    #[must_use]
    pub fn actors(&self) -> Vec<Actor> {
        let mut actors = Vec::new();
        let mut parts = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            block.ready(&self.world, &mut parts);
            actors.extend(parts.drain(..).map(|part| Actor::Block(index, part)));
        }
        for (index, net) in self.nets.iter().enumerate() {
            net.ready(&self.world, &mut parts);
            actors.extend(parts.drain(..).map(|part| Actor::Net(index, part)));
        }
        if self.ring.ready(&self.world) {
            actors.push(Actor::Store);
        }
        if self.world.hv.console_port.is_some_and(|port| self.world.hv.host_pending(port)) {
            actors.push(Actor::Console);
        }
        if self.wake_due() {
            actors.push(Actor::Wake);
        }
        let late = self.late.iter().enumerate().filter(|(_, late)| late.due <= self.world.now);
        actors.extend(late.map(|(index, _)| Actor::LateWrite(index)));
        actors
    }

    /// One step of one actor.
    pub fn step(&mut self, actor: Actor) {
        match actor {
            Actor::Block(index, part) => {
                if let Some(block) = self.blocks.get_mut(index) {
                    block.step(&mut self.world, part);
                }
            }
            Actor::Net(index, part) => {
                if let Some(net) = self.nets.get_mut(index) {
                    net.step(&mut self.world, part);
                }
            }
            Actor::Store => self.ring.step(&mut self.world),
            Actor::Console => self.world.console_step(),
            Actor::Wake => {
                if let Some(plan) = self.plan.take() {
                    self.wake(plan.wake);
                }
            }
            Actor::LateWrite(index) => {
                let late = self.late.swap_remove(index);
                let mut disk = late.disk.borrow_mut();
                let ticket = disk.write(late.unit, &late.data);
                disk.flush_ticket(ticket);
            }
        }
        self.reap();
    }

    /// A step of an actor that the seed chooses; false when none is ready.
    pub fn step_any(&mut self) -> bool {
        let actors = self.actors();
        if actors.is_empty() {
            return false;
        }
        let which = self.world.rng.below(actors.len() as u64) as usize;
        self.step(actors[which]);
        true
    }

    /// Devices that closed for good lose their nodes.
    fn reap(&mut self) {
        while let Some(at) = self.blocks.iter().position(Device::finished) {
            let block = self.blocks.remove(at);
            let bus = block.bus();
            self.config.disks.retain(|disk| disk.vdev != bus.id);
            self.world.store.disconnect(bus.conn);
            self.tools.remove_device(&mut self.world, &bus.front, &bus.back);
        }
        while let Some(at) = self.nets.iter().position(Device::finished) {
            let net = self.nets.remove(at);
            let bus = net.bus();
            self.config.nics.retain(|nic| nic.id != bus.id);
            self.world.store.disconnect(bus.conn);
            self.tools.remove_device(&mut self.world, &bus.front, &bus.back);
        }
    }

    /// The next time at which something becomes due.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let now = self.world.now;
        let blocks = self.blocks.iter().filter_map(|block| block.deadline(now));
        let nets = self.nets.iter().filter_map(|net| net.deadline(now));
        let late = self.late.iter().map(|late| late.due);
        let rest =
            [self.ring.deadline(), self.world.hv_deadline(), self.wake_deadline()].into_iter().flatten();
        blocks.chain(nets).chain(late).chain(rest).filter(|due| *due > now).min()
    }

    /// Moves virtual time.
    pub fn advance(&mut self, now: u64) {
        self.world.now = self.world.now.max(now);
        self.world.hv_advance();
    }
}
