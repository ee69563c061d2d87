//! The net back-end.

mod attack;
mod config;
mod ctrl;
mod rx;
mod tx;

pub use config::{NetAttack, NetFeatures, NetKind, NetPolicy, NicConfig};
pub use ctrl::HashState;

use super::{
    Device, Part,
    xenbus::{Bus, State},
};
use crate::{
    abi::{netif, ring::BackRing},
    hv::grant::Mapping,
    network::{Frame, Port},
    world::World,
};

/// Steps of a device: 0 is xenstore, 1 the control ring, 2 the wire, then four per queue.
const CTRL: Part = 1;
const WIRE: Part = 2;
const QUEUES: Part = 3;
const PER_QUEUE: Part = 4;

/// What a back-end counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetStats {
    /// Packets from the guest that went out.
    pub tx_packets: u64,
    /// Their slots.
    pub tx_slots: u64,
    /// Packets with GSO.
    pub tx_gso: u64,
    /// Packets from the guest that were refused.
    pub tx_errors: u64,
    /// Packets given to the guest.
    pub rx_packets: u64,
    /// Their slots.
    pub rx_slots: u64,
    /// Pages of the guest that frames were put in so far.
    pub rx_pages: u64,
    /// Notifications sent to the guest.
    pub notified: u64,
    /// Control requests.
    pub ctrl: u64,
    /// Attacks carried out.
    pub attacks: u64,
    /// Connections made.
    pub connects: u64,
}

/// What the front-end asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // They are the front-end's keys.
pub struct FrontFeatures {
    /// `feature-sg`.
    pub sg: bool,
    /// `feature-gso-tcpv4`.
    pub gso_v4: bool,
    /// `feature-gso-tcpv6`.
    pub gso_v6: bool,
    /// Takes blank checksums for IPv4 (no `feature-no-csum-offload`).
    pub csum_v4: bool,
    /// `feature-ipv6-csum-offload`.
    pub csum_v6: bool,
    /// `feature-rx-notify`.
    pub rx_notify: bool,
    /// `request-multicast-control`.
    pub multicast: bool,
    /// `xdp-headroom`, bytes.
    pub headroom: usize,
}

/// One pair of rings.
pub struct Queue {
    /// For messages.
    pub name: String,
    /// tx ring.
    pub tx: BackRing,
    /// rx ring.
    pub rx: BackRing,
    maps: Vec<Mapping>,
    /// Host ends: tx and rx (the same without split channels).
    pub ports: (u32, u32),
    tx_kicked: bool,
    /// When the threads for both ways are free again.
    busy_until: [u64; 2],
    tx_jobs: Vec<tx::Job>,
    tx_answered: Vec<u16>,
    /// Frames that wait for rx buffers.
    pub backlog: std::collections::VecDeque<Frame>,
    /// Waits for the front-end to give rx buffers.
    rx_starved: bool,
    broken: bool,
    storm: u32,
}

impl Queue {
    fn dismantle(self, world: &mut World) -> Vec<Mapping> {
        world.hv.host_close(self.ports.0);
        if self.ports.1 != self.ports.0 {
            world.hv.host_close(self.ports.1);
        }
        self.maps
    }
}

/// A net back-end device.
pub struct NetBackend {
    bus: Bus,
    /// Configuration.
    pub config: NicConfig,
    /// The world outside.
    pub network: Port,
    /// Connected queues.
    pub queues: Vec<Queue>,
    /// What the front-end asked for.
    pub front: FrontFeatures,
    /// Hash configuration.
    pub hash: HashState,
    ctrl: Option<ctrl::Ctrl>,
    /// Counters.
    pub stats: NetStats,
    closing: bool,
    finished: bool,
    kept: Vec<Mapping>,
    round_robin: u32,
    rx_frames: std::collections::BTreeSet<u32>,
    /// The next packet to the guest is attacked with this, whatever the chances say.
    pub next_attack: Option<NetAttack>,
}

impl NetBackend {
    /// Makes the device; its nodes must be there.
    #[must_use]
    pub fn new(config: NicConfig, front_domid: u16) -> Self {
        let mut bus = Bus::new("vif", front_domid, config.backend_domid, config.id);
        bus.fault = config.fault.clone();
        bus.delay = config.bus_delay;
        let mut network = Port::default();
        network.outbound.policy = config.wire.0.clone();
        network.inbound.policy = config.wire.1.clone();
        Self {
            bus,
            config,
            network,
            queues: Vec::new(),
            front: FrontFeatures::default(),
            hash: HashState::default(),
            ctrl: None,
            stats: NetStats::default(),
            closing: false,
            finished: false,
            kept: Vec::new(),
            round_robin: 0,
            rx_frames: std::collections::BTreeSet::new(),
            next_attack: None,
        }
    }

    /// Probe: writes its keys, waits.
    pub fn start(&mut self, world: &mut World) {
        self.bus.start(world);
        let f = self.config.features.clone();
        let flags = [
            ("feature-sg", f.sg),
            ("feature-gso-tcpv4", f.gso_v4),
            ("feature-gso-tcpv6", f.gso_v6),
            ("feature-ipv6-csum-offload", f.csum_v6),
            ("feature-no-csum-offload", f.no_csum_v4),
            ("feature-rx-copy", f.rx_copy),
            ("feature-multicast-control", f.multicast),
            ("feature-dynamic-multicast-control", f.dynamic_multicast),
            ("feature-split-event-channels", f.split_events),
            ("feature-ctrl-ring", f.ctrl_ring),
            ("feature-xdp-headroom", f.xdp_headroom),
        ];
        for (key, on) in flags {
            if on {
                self.bus.write(world, key, "1");
            }
        }
        self.bus.write(world, "feature-rx-flip", "0");
        if f.max_queues > 0 {
            self.bus.write(world, "multi-queue-max-queues", &f.max_queues.to_string());
        }
        self.bus.write(world, "hotplug-status", "connected");
        self.bus.switch(world, State::InitWait);
    }

    fn front_changed(&mut self, world: &mut World, state: State) {
        match state {
            State::Initialising if self.bus.state == State::Closed && !self.bus.unplugging => {
                self.bus.switch(world, State::InitWait);
            }
            State::Connected => {
                if matches!(self.bus.state, State::Connected | State::Closing) {
                    return;
                }
                if self.queues.is_empty() && !self.connect(world) {
                    return;
                }
                self.bus.switch(world, State::Connected);
            }
            State::Closing => self.bus.switch(world, State::Closing),
            State::Closed | State::Unknown => self.closing = true,
            _ => {}
        }
    }

    fn connect(&mut self, world: &mut World) -> bool {
        let flag = |world: &World, key: &str| self.bus.front_number(world, key).unwrap_or(0) != 0;
        if self.config.kind != NetKind::Qemu && !flag(world, "request-rx-copy") {
            self.bus.fail(world, "front-end does not request rx-copy");
            return false;
        }
        self.front = FrontFeatures {
            sg: flag(world, "feature-sg"),
            gso_v4: flag(world, "feature-gso-tcpv4"),
            gso_v6: flag(world, "feature-gso-tcpv6"),
            csum_v4: !flag(world, "feature-no-csum-offload"),
            csum_v6: flag(world, "feature-ipv6-csum-offload"),
            rx_notify: flag(world, "feature-rx-notify"),
            multicast: flag(world, "request-multicast-control"),
            headroom: if self.config.features.xdp_headroom {
                self.bus.front_number(world, "xdp-headroom").unwrap_or(0).min(0x7fff) as usize
            } else {
                0
            },
        };
        if (self.front.gso_v4 || self.front.gso_v6) && !self.front.sg {
            world.protocol_violation(&self.bus.name(), "feature-gso without feature-sg");
        }
        let asked = self.bus.front_number(world, "multi-queue-num-queues");
        let count = asked.unwrap_or(1);
        if count == 0 || (asked.is_some() && count > u64::from(self.config.features.max_queues.max(1))) {
            self.bus.fail(world, "front-end asks for more queues than offered");
            return false;
        }
        if let Err(what) = self.connect_ctrl(world) {
            self.bus.fail(world, &what);
            return false;
        }
        for index in 0..count {
            // Real netback looks into queue-N only when more than one queue is asked for.
            let prefix = if count > 1 { format!("queue-{index}/") } else { String::new() };
            match self.connect_queue(world, &prefix, index as u32) {
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

    /// Maps a ring named by a key.
    fn map_ring(&self, world: &mut World, key: &str) -> Result<Mapping, String> {
        let gref = self.bus.front_number(world, key).and_then(|gref| u32::try_from(gref).ok());
        let gref = gref.ok_or_else(|| format!("reading {key}"))?;
        world
            .map_ring_page(self.bus.domid, gref, "net ring")
            .map_err(|status| format!("mapping {key}={gref}: {}", status.0))
    }

    fn bind(&self, world: &mut World, key: &str) -> Result<u32, String> {
        let port = self.bus.front_number(world, key).and_then(|port| u32::try_from(port).ok());
        let port = port.ok_or_else(|| format!("reading {key}"))?;
        world.hv.host_bind(self.bus.domid, port).map_err(|errno| format!("binding {key}={port}: {errno}"))
    }

    fn connect_queue(&mut self, world: &mut World, prefix: &str, index: u32) -> Result<Queue, String> {
        let tx_map = self.map_ring(world, &format!("{prefix}tx-ring-ref"))?;
        let rx_map = match self.map_ring(world, &format!("{prefix}rx-ring-ref")) {
            Ok(map) => map,
            Err(what) => {
                world.unmap_grant(tx_map);
                return Err(what);
            }
        };
        let split = self.bus.front_text(world, &format!("{prefix}event-channel")).is_none();
        let ports = if split {
            self.bind(world, &format!("{prefix}event-channel-tx")).and_then(|tx| {
                self.bind(world, &format!("{prefix}event-channel-rx")).map(|rx| (tx, rx)).inspect_err(|_| {
                    world.hv.host_close(tx);
                })
            })
        } else {
            self.bind(world, &format!("{prefix}event-channel")).map(|port| (port, port))
        };
        let ports = match ports {
            Ok(ports) => ports,
            Err(what) => {
                world.unmap_grant(tx_map);
                world.unmap_grant(rx_map);
                return Err(what);
            }
        };
        if split && !self.config.features.split_events {
            world.protocol_violation(&self.bus.name(), "split event channels were not offered");
        }
        Ok(Queue {
            name: format!("{} queue {index}", self.bus.name()),
            tx: BackRing::new(vec![tx_map.page], netif::TX_SLOT),
            rx: BackRing::new(vec![rx_map.page], netif::RX_SLOT),
            maps: vec![tx_map, rx_map],
            ports,
            tx_kicked: true,
            busy_until: [0; 2],
            tx_jobs: Vec::new(),
            tx_answered: Vec::new(),
            backlog: std::collections::VecDeque::new(),
            rx_starved: false,
            broken: false,
            storm: 0,
        })
    }

    fn disconnect(&mut self, world: &mut World) {
        let mut maps = Vec::new();
        for queue in self.queues.drain(..) {
            maps.extend(queue.dismantle(world));
        }
        if let Some(ctrl) = self.ctrl.take() {
            maps.push(ctrl.dismantle(world));
        }
        self.hash = HashState::default();
        self.network.groups.clear();
        if self.config.policy.keeps_grants {
            self.kept.extend(maps);
        } else {
            for map in maps {
                world.unmap_grant(map);
            }
        }
    }

    /// A back-end that had kept grants lets go of them after all.
    pub fn release_kept(&mut self, world: &mut World) {
        for map in std::mem::take(&mut self.kept) {
            world.unmap_grant(map);
        }
    }

    fn drained(&self) -> bool {
        self.queues.iter().all(|queue| queue.tx_jobs.iter().all(|job| job.lost))
    }

    /// The back-end dies without a word.
    pub fn die(&mut self, world: &mut World) {
        self.disconnect(world);
        self.bus.stop(world);
        self.bus.gone = true;
    }

    /// A back-end that died comes back.
    pub fn revive(&mut self, world: &mut World) {
        self.bus.gone = false;
        self.bus.state = State::Unknown;
        self.bus.front_state = State::Unknown;
        self.bus.start(world);
        self.bus.switch(world, State::Closed);
    }

    /// Puts a frame on the wire towards the guest.
    pub fn inject(&mut self, world: &mut World, frame: Frame) {
        self.network.inbound.send(world.now, &mut world.rng, frame);
    }

    /// Frames that arrived from the guest since the last call.
    pub fn take_captured(&mut self) -> Vec<Frame> {
        self.network.captured.drain(..).collect()
    }

    /// Whether the guest gave rx buffers on some queue.
    #[must_use]
    pub fn rx_buffers(&self) -> u32 {
        self.queues.iter().map(|queue| queue.rx.unconsumed().unwrap_or(0)).sum()
    }

    /// Link state as the toolstack shows it (`disconnect` key, 1 is down).
    pub fn set_link(&mut self, world: &mut World, up: bool) {
        // The front-end's directory, where win-pv and the toolstacks keep it.
        self.set_front(world, "disconnect", if up { "0" } else { "1" });
    }

    /// Writes a key of the front-end's directory, as the toolstack does.
    pub fn set_front(&mut self, world: &mut World, key: &str, value: &str) {
        let path = format!("{}/{key}", self.bus.front);
        let _ = world.store.write(self.bus.conn, 0, &path, value.as_bytes());
    }

    /// Writes a key of the back-end's directory: `carrier`, `speed`.
    pub fn set_back(&mut self, world: &mut World, key: &str, value: &str) {
        self.bus.write(world, key, value);
    }

    fn wire_step(&mut self, world: &mut World) {
        if let Some(mut frame) = self.network.outbound.receive(world.now) {
            frame.at = world.now;
            self.network.captured.push_back(frame);
        }
        if let Some(frame) = self.network.inbound.receive(world.now) {
            self.steer(world, frame);
        }
    }
}

impl Device for NetBackend {
    fn ready(&self, world: &World, parts: &mut Vec<Part>) {
        if self.bus.gone {
            return;
        }
        if self.bus.ready(world) || (self.closing && self.drained()) {
            parts.push(0);
        }
        if self.network.outbound.arrived(world.now) || self.network.inbound.arrived(world.now) {
            parts.push(WIRE);
        }
        if self.config.policy.stalled {
            return;
        }
        if self.ctrl.as_ref().is_some_and(|ctrl| ctrl.ready(world)) {
            parts.push(CTRL);
        }
        for (index, queue) in self.queues.iter().enumerate() {
            let base = QUEUES + index as Part * PER_QUEUE;
            let free = queue.busy_until.map(|until| until <= world.now);
            if !queue.broken && free[0] && (queue.tx_kicked || world.hv.host_pending(queue.ports.0)) {
                parts.push(base);
            }
            if queue.tx_jobs.iter().any(|job| !job.lost && job.due <= world.now) {
                parts.push(base + 1);
            }
            let more = !queue.rx_starved || world.hv.host_pending(queue.ports.1);
            if !queue.broken && free[1] && !queue.backlog.is_empty() && more {
                parts.push(base + 2);
            }
            if queue.storm > 0 {
                parts.push(base + 3);
            }
        }
    }

    fn step(&mut self, world: &mut World, part: Part) {
        match part {
            0 => {
                if let Some(state) = self.bus.take(world) {
                    if state != State::Closed && state != State::Unknown {
                        self.closing = false;
                    }
                    self.front_changed(world, state);
                }
                if self.closing && self.drained() {
                    self.closing = false;
                    self.disconnect(world);
                    self.bus.switch(world, State::Closed);
                    self.finished = self.bus.unplugging || self.bus.front_state == State::Unknown;
                }
            }
            CTRL => self.ctrl_step(world),
            WIRE => self.wire_step(world),
            _ => {
                let index = ((part - QUEUES) / PER_QUEUE) as usize;
                if index >= self.queues.len() {
                    return;
                }
                match (part - QUEUES) % PER_QUEUE {
                    0 => self.tx_take(world, index),
                    1 => self.tx_respond(world, index),
                    2 => self.rx_give(world, index),
                    _ => {
                        self.queues[index].storm -= 1;
                        world.host_send(self.queues[index].ports.1);
                        self.stats.notified += 1;
                    }
                }
            }
        }
    }

    fn deadline(&self, now: u64) -> Option<u64> {
        let jobs = self.queues.iter().flat_map(|queue| queue.tx_jobs.iter());
        let jobs = jobs.filter(|job| !job.lost).map(|job| job.due);
        let wires = [&self.network.outbound, &self.network.inbound];
        let wires = wires.into_iter().filter_map(|wire| wire.deadline(now));
        let busy = self.queues.iter().flat_map(|queue| queue.busy_until);
        jobs.chain(wires).chain(busy).chain([self.bus.not_before]).filter(|due| *due > now).min()
    }

    fn domain_gone(&mut self, world: &mut World) {
        for queue in self.queues.drain(..) {
            let _ = queue.dismantle(world);
        }
        self.ctrl = None;
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
