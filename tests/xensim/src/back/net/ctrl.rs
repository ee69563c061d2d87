//! The control ring: hash configuration as netback takes it.

use super::{CTRL, NetAttack, NetBackend};
use crate::{
    abi::{Fields, netif, ring::BackRing},
    hv::grant::Mapping,
    world::World,
};

const SUCCESS: u32 = 0;
const NOT_SUPPORTED: u32 = 1;
const INVALID: u32 = 2;
const OVERFLOW: u32 = 3;
/// Entries of the mapping that netback allows.
const MOST_MAPPINGS: u32 = 128;
/// Bytes of a key that it allows.
const MOST_KEY: usize = 40;

/// Hash configuration.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HashState {
    /// 0 none, 1 Toeplitz.
    pub algorithm: u32,
    /// Types, as bits.
    pub flags: u32,
    /// Key.
    pub key: Vec<u8>,
    /// Queue by hash modulo length.
    pub mapping: Vec<u32>,
}

impl HashState {
    /// Frames carry a hash.
    #[must_use]
    pub const fn enabled(&self) -> bool {
        self.algorithm == 1 && self.flags != 0
    }
    /// Types hashed.
    #[must_use]
    pub const fn types(&self) -> u32 {
        self.flags
    }
    /// Queue for a hash.
    #[must_use]
    pub fn queue(&self, hash: u32, queues: usize) -> usize {
        match self.mapping.len() {
            0 => hash as usize % queues,
            size => self.mapping[hash as usize % size] as usize % queues,
        }
    }
}

/// The connected ring.
pub(super) struct Ctrl {
    ring: BackRing,
    map: Mapping,
    port: u32,
    kicked: bool,
}

impl Ctrl {
    pub(super) fn ready(&self, world: &World) -> bool {
        self.kicked || world.hv.host_pending(self.port)
    }

    pub(super) fn dismantle(self, world: &mut World) -> Mapping {
        world.hv.host_close(self.port);
        self.map
    }
}

impl NetBackend {
    /// Connects the ring if the front-end has one and it was offered.
    pub(super) fn connect_ctrl(&mut self, world: &mut World) -> Result<(), String> {
        if self.bus.front_text(world, "ctrl-ring-ref").is_none() {
            return Ok(());
        }
        if !self.config.features.ctrl_ring {
            world.protocol_violation(&self.bus.name(), "ctrl-ring-ref was not offered");
            return Ok(());
        }
        let map = self.map_ring(world, "ctrl-ring-ref")?;
        match self.bind(world, "event-channel-ctrl") {
            Ok(port) => {
                let ring = BackRing::new(vec![map.page], netif::CTRL_SLOT);
                self.ctrl = Some(Ctrl { ring, map, port, kicked: true });
                Ok(())
            }
            Err(what) => {
                world.unmap_grant(map);
                Err(what)
            }
        }
    }

    /// One control request.
    pub(super) fn ctrl_step(&mut self, world: &mut World) {
        let Some(mut ctrl) = self.ctrl.take() else { return };
        ctrl.kicked |= world.hv.host_take(ctrl.port);
        let waiting = match ctrl.ring.unconsumed() {
            Ok(0) => ctrl.ring.final_check().map(u32::from),
            other => other,
        };
        match waiting {
            Ok(0) => ctrl.kicked = false,
            Ok(_) => {
                let raw = ctrl.ring.request(ctrl.ring.req_cons);
                ctrl.ring.req_cons = ctrl.ring.req_cons.wrapping_add(1);
                let data = [raw.u32_at(4), raw.u32_at(8), raw.u32_at(12)];
                let kind = raw.u16_at(2);
                let (status, value) = self.control(world, kind, data);
                self.stats.ctrl += 1;
                let mut response = [0; 12];
                response[..2].copy_from_slice(&raw[..2]);
                response[2..4].copy_from_slice(&kind.to_le_bytes());
                response[4..8].copy_from_slice(&status.to_le_bytes());
                response[8..].copy_from_slice(&value.to_le_bytes());
                if self.attack_with(world, CTRL) == Some(NetAttack::CtrlGarbage) {
                    self.stats.attacks += 1;
                    let at = world.rng.below(8) as usize;
                    response[at] ^= 1 << world.rng.below(8);
                }
                ctrl.ring.push(&response);
                if ctrl.ring.publish() {
                    world.host_send(ctrl.port);
                    self.stats.notified += 1;
                }
            }
            Err(overrun) => {
                ctrl.kicked = false;
                let name = format!("vif/{} ctrl", self.config.id);
                world.ring_violation(&name, format!("bogus req_prod: {overrun:?}"));
            }
        }
        self.ctrl = Some(ctrl);
    }

    fn control(&mut self, world: &mut World, kind: u16, data: [u32; 3]) -> (u32, u32) {
        let domid = self.config.backend_domid;
        match kind {
            1 if self.hash.algorithm == 0 => (NOT_SUPPORTED, 0),
            1 => (SUCCESS, 15),
            2 if data[0] & !15 != 0 || self.hash.algorithm == 0 => (INVALID, 0),
            2 => {
                self.hash.flags = data[0];
                (SUCCESS, 0)
            }
            3 => {
                let length = data[1] as usize;
                if length > MOST_KEY {
                    return (OVERFLOW, 0);
                }
                let mut key = vec![0; length];
                if length > 0 && world.copy_from_grant(domid, data[0], 0, &mut key, "hash key").is_err() {
                    return (INVALID, 0);
                }
                key.resize(MOST_KEY, 0);
                self.hash.key = key;
                (SUCCESS, 0)
            }
            4 => (SUCCESS, MOST_MAPPINGS),
            5 if data[0] > MOST_MAPPINGS => (INVALID, 0),
            5 => {
                self.hash.mapping = vec![0; data[0] as usize];
                (SUCCESS, 0)
            }
            6 => self.set_mapping(world, data),
            7 if data[0] > 1 => (INVALID, 0),
            7 => {
                self.hash.algorithm = data[0];
                (SUCCESS, 0)
            }
            _ => (NOT_SUPPORTED, 0),
        }
    }

    fn set_mapping(&mut self, world: &mut World, [gref, count, offset]: [u32; 3]) -> (u32, u32) {
        let size = self.hash.mapping.len() as u32;
        if offset.checked_add(count).is_none_or(|end| end > size) || count > 1024 {
            return (INVALID, 0);
        }
        let mut raw = vec![0; count as usize * 4];
        if count > 0
            && world.copy_from_grant(self.config.backend_domid, gref, 0, &mut raw, "hash mapping").is_err()
        {
            return (INVALID, 0);
        }
        let entries: Vec<u32> = raw.chunks(4).map(|chunk| chunk.u32_at(0)).collect();
        if entries.iter().any(|queue| *queue as usize >= self.queues.len().max(1)) {
            return (INVALID, 0);
        }
        self.hash.mapping[offset as usize..(offset + count) as usize].copy_from_slice(&entries);
        (SUCCESS, 0)
    }
}
