//! The block back-end.

mod attack;
mod config;
mod queue;

pub use config::{BlockAttack, BlockConfig, BlockFeatures, BlockKind, BlockPolicy};
pub use queue::Queue;

use super::{
    Device, Part,
    xenbus::{Bus, State},
};
use crate::{
    abi::{
        blkif::{self, Abi},
        ring::BackRing,
    },
    disk::SharedDisk,
    hv::grant::Mapping,
    world::World,
};

/// What a back-end counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockStats {
    /// Requests by operation number (indirect ones under their inner operation).
    pub operations: [u64; 8],
    /// Requests that came as indirect.
    pub indirect: u64,
    /// Data segments.
    pub segments: u64,
    /// Bytes read and written by the guest.
    pub bytes: (u64, u64),
    /// Notifications sent to the guest.
    pub notified: u64,
    /// Responses written.
    pub responses: u64,
    /// Responses other than OKAY.
    pub failures: u64,
    /// Largest number of requests in flight.
    pub deepest: usize,
    /// Attacks carried out.
    pub attacks: u64,
    /// Connections made.
    pub connects: u64,
}

/// A block back-end device.
pub struct BlockBackend {
    bus: Bus,
    /// Configuration; tests may change policy and features between connections.
    pub config: BlockConfig,
    /// The medium.
    pub disk: SharedDisk,
    /// Connected queues.
    pub queues: Vec<Queue>,
    /// Counters.
    pub stats: BlockStats,
    /// Front-end agreed to persistent grants.
    pub persistent: bool,
    /// The front-end is Closed: disconnect once nothing is in flight.
    closing: bool,
    /// Not before this time.
    closes_at: u64,
    finished: bool,
    /// Mappings that a hostile back-end never gives back.
    kept: Vec<Mapping>,
}

impl BlockBackend {
    /// Makes the device; its nodes must be there (the toolstack makes them).
    #[must_use]
    pub fn new(config: BlockConfig, front_domid: u16, disk: SharedDisk) -> Self {
        let mut bus = Bus::new("vbd", front_domid, config.backend_domid, config.vdev);
        bus.fault = config.fault.clone();
        bus.delay = config.bus_delay;
        Self {
            bus,
            config,
            disk,
            queues: Vec::new(),
            stats: BlockStats::default(),
            persistent: false,
            closing: false,
            closes_at: 0,
            finished: false,
            kept: Vec::new(),
        }
    }

    /// Probe: watches the front-end, shows the first keys, waits.
    pub fn start(&mut self, world: &mut World) {
        self.bus.start(world);
        let features = self.config.features.clone();
        if features.max_queues > 0 {
            self.bus.write(world, "multi-queue-max-queues", &features.max_queues.to_string());
        }
        if let Some(order) = features.ring_order {
            self.bus.write(world, "max-ring-page-order", &order.to_string());
        }
        if self.config.kind == BlockKind::Qemu {
            self.write_features(world);
        }
        self.bus.switch(world, State::InitWait);
        if self.config.left_connected {
            self.bus.switch(world, State::Connected);
        }
    }

    fn info(&self) -> u32 {
        let features = &self.config.features;
        let bit = |on, bit| if on { bit } else { 0 };
        bit(features.cdrom, blkif::VDISK_CDROM)
            | bit(features.removable, blkif::VDISK_REMOVABLE)
            | bit(features.read_only, blkif::VDISK_READONLY)
    }

    fn write_features(&mut self, world: &mut World) {
        let f = self.config.features.clone();
        let mut keys: Vec<(&str, String)> = Vec::new();
        if let Some(on) = f.flush {
            keys.push(("feature-flush-cache", u8::from(on).to_string()));
        }
        if let Some(on) = f.barrier {
            keys.push(("feature-barrier", u8::from(on).to_string()));
        }
        if f.discard {
            keys.push(("feature-discard", "1".into()));
            if f.discard_granularity > 0 {
                keys.push(("discard-granularity", f.discard_granularity.to_string()));
            }
            keys.push(("discard-alignment", f.discard_alignment.to_string()));
            keys.push(("discard-secure", u8::from(f.discard_secure).to_string()));
        }
        if f.indirect > 0 {
            keys.push(("feature-max-indirect-segments", f.indirect.to_string()));
        }
        if f.persistent {
            keys.push(("feature-persistent", "1".into()));
        }
        keys.push(("sectors", self.disk.borrow().model.units.to_string()));
        keys.push(("info", self.info().to_string()));
        keys.push(("sector-size", f.sector_size.to_string()));
        if f.physical_sector_size > 0 {
            keys.push(("physical-sector-size", f.physical_sector_size.to_string()));
        }
        for (key, value) in keys {
            self.bus.write(world, key, &value);
        }
    }

    fn front_changed(&mut self, world: &mut World, state: State) {
        match state {
            State::Initialising if self.bus.state == State::Closed && !self.bus.unplugging => {
                self.bus.switch(world, State::InitWait);
            }
            State::Initialised | State::Connected => {
                if self.bus.state == State::Connected || self.bus.state == State::Closing {
                    return;
                }
                if self.queues.is_empty() && !self.connect(world) {
                    return;
                }
                if self.config.kind != BlockKind::Qemu {
                    self.write_features(world);
                }
                self.bus.switch(world, State::Connected);
            }
            State::Closing => self.bus.switch(world, State::Closing),
            State::Closed | State::Unknown => {
                self.closing = true;
                self.closes_at = world.now + self.config.policy.close_delay;
            }
            _ => {}
        }
    }

    /// Maps the rings and binds the ports that the front-end named.
    fn connect(&mut self, world: &mut World) -> bool {
        let abi = match self.bus.front_text(world, "protocol").as_deref() {
            None | Some("x86_64-abi") => Abi::X64,
            Some("x86_32-abi") => Abi::X32,
            Some(_) => {
                self.bus.fail(world, "unknown fe protocol");
                return false;
            }
        };
        self.persistent = self.config.features.persistent
            && self.bus.front_number(world, "feature-persistent").unwrap_or(0) == 1;
        let asked = self.bus.front_number(world, "multi-queue-num-queues");
        let count = asked.unwrap_or(1);
        if count == 0 || (asked.is_some() && count > u64::from(self.config.features.max_queues)) {
            self.bus.fail(world, "front-end asks for more queues than offered");
            return false;
        }
        let order = self.bus.front_number(world, "ring-page-order");
        if order.is_some_and(|order| order > u64::from(self.config.features.ring_order.unwrap_or(0))) {
            self.bus.fail(world, "ring-page-order is more than offered");
            return false;
        }
        for index in 0..count {
            // One queue may stand at the top or in its own directory (blkback looks at the count only;
            // others accept both).
            let flat = ["ring-ref", "ring-ref0"].iter().any(|key| self.bus.front_text(world, key).is_some());
            let nested = asked.is_some_and(|asked| asked > 1 || !flat);
            let prefix = if nested { format!("queue-{index}/") } else { String::new() };
            match self.connect_queue(world, &prefix, order, abi, index as u32) {
                Ok(queue) => self.queues.push(queue),
                Err(what) => {
                    self.disconnect(world);
                    self.bus.fail(world, &what);
                    return false;
                }
            }
        }
        self.stats.connects += 1;
        true
    }

    fn connect_queue(
        &mut self,
        world: &mut World,
        prefix: &str,
        order: Option<u64>,
        abi: Abi,
        index: u32,
    ) -> Result<Queue, String> {
        let mut maps: Vec<Mapping> = Vec::new();
        let undo = |world: &mut World, maps: &[Mapping]| {
            for map in maps {
                world.unmap_grant(*map);
            }
        };
        for page in 0..1u64 << order.unwrap_or(0) {
            let key = match order {
                None => format!("{prefix}ring-ref"),
                Some(_) => format!("{prefix}ring-ref{page}"),
            };
            let gref = self.bus.front_number(world, &key);
            let mapped = gref
                .and_then(|gref| u32::try_from(gref).ok())
                .ok_or_else(|| format!("reading {key}"))
                .and_then(|gref| {
                    world
                        .map_ring_page(self.bus.domid, gref, "block ring")
                        .map_err(|status| format!("mapping {key}={gref}: {}", status.0))
                });
            match mapped {
                Ok(map) => maps.push(map),
                Err(what) => {
                    undo(world, &maps);
                    return Err(what);
                }
            }
        }
        let key = format!("{prefix}event-channel");
        let port = self.bus.front_number(world, &key).and_then(|port| u32::try_from(port).ok());
        let bound = port.ok_or_else(|| format!("reading {key}")).and_then(|port| {
            world.hv.host_bind(self.bus.domid, port).map_err(|e| format!("binding {port}: {e}"))
        });
        match bound {
            Ok(port) => {
                let pages = maps.iter().map(|map| map.page).collect();
                let name = format!("{} queue {index}", self.bus.name());
                Ok(Queue::new(name, BackRing::new(pages, abi.slot()), maps, port, abi))
            }
            Err(what) => {
                undo(world, &maps);
                Err(what)
            }
        }
    }

    /// Lets go of rings, ports and grants.
    fn disconnect(&mut self, world: &mut World) {
        let keep = self.config.policy.keeps_grants;
        for queue in self.queues.drain(..) {
            let maps = queue.dismantle(world);
            if keep {
                self.kept.extend(maps);
            } else {
                for map in maps {
                    world.unmap_grant(map);
                }
            }
        }
        self.persistent = false;
    }

    /// A back-end that had kept grants lets go of them after all.
    pub fn release_kept(&mut self, world: &mut World) {
        for map in std::mem::take(&mut self.kept) {
            world.unmap_grant(map);
        }
    }

    /// Nothing is taken but not yet answered, other than what will never be.
    #[must_use]
    pub fn drained(&self) -> bool {
        self.queues.iter().all(Queue::drained)
    }

    fn may_close(&self, world: &World) -> bool {
        self.closing && world.now >= self.closes_at && self.drained()
    }

    /// The medium changed its size: new `sectors`, and the state written again so that watches fire.
    pub fn resize(&mut self, world: &mut World, units: u64) {
        self.disk.borrow_mut().model.units = units;
        self.bus.write(world, "sectors", &units.to_string());
        if self.bus.state == State::Connected {
            let state = (self.bus.state as u32).to_string();
            self.bus.write(world, "state", &state);
        }
    }

    /// The back-end dies (its process crashed, its domain was destroyed): no state, no responses; what
    /// it had mapped is released by the hypervisor.
    pub fn die(&mut self, world: &mut World) {
        self.disconnect(world);
        self.bus.stop(world);
        self.bus.gone = true;
    }

    /// A back-end that died comes back, as after a restart of its domain: Closed, then InitWait.
    pub fn revive(&mut self, world: &mut World) {
        self.bus.gone = false;
        self.bus.state = State::Unknown;
        self.bus.front_state = State::Unknown;
        self.bus.start(world);
        self.bus.switch(world, State::Closed);
    }
}

impl Device for BlockBackend {
    fn ready(&self, world: &World, parts: &mut Vec<Part>) {
        if self.bus.gone {
            return;
        }
        if self.bus.ready(world) || self.may_close(world) {
            parts.push(0);
        }
        for (index, queue) in self.queues.iter().enumerate() {
            queue.ready(world, &self.config, 1 + index as Part * queue::PARTS, parts);
        }
    }

    fn step(&mut self, world: &mut World, part: Part) {
        if part == 0 {
            if let Some(state) = self.bus.take(world) {
                if state != State::Closed && state != State::Unknown {
                    self.closing = false;
                }
                self.front_changed(world, state);
            }
            if self.may_close(world) {
                self.closing = false;
                self.disconnect(world);
                self.bus.switch(world, State::Closed);
                if self.bus.unplugging || self.bus.front_state == State::Unknown {
                    self.finished = true;
                }
            }
            return;
        }
        let (index, part) = ((part - 1) / queue::PARTS, (part - 1) % queue::PARTS);
        let Some(queue) = self.queues.get_mut(index as usize) else { return };
        let mut context = queue::Context {
            domid: self.bus.domid,
            config: &self.config,
            disk: &self.disk,
            stats: &mut self.stats,
            persistent: self.persistent,
        };
        queue.step(world, &mut context, part);
    }

    fn deadline(&self, now: u64) -> Option<u64> {
        let queues = self.queues.iter().filter_map(|queue| queue.deadline(now));
        queues.chain([self.bus.not_before, self.closes_at]).filter(|due| *due > now).min()
    }

    fn domain_gone(&mut self, world: &mut World) {
        for queue in self.queues.drain(..) {
            let _ = queue.dismantle(world);
        }
        self.kept.clear();
        self.bus.stop(world);
        self.bus.gone = true;
        self.finished = true;
    }

    fn finished(&self) -> bool {
        self.finished
    }

    fn bus(&self) -> &Bus {
        &self.bus
    }

    fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }
}
