//! World to guest: steering, normalising what the guest cannot take, filling its buffers.

use super::{NetAttack, NetBackend, NetKind};
use crate::{
    abi::{
        Fields,
        netif::{self, Extra},
    },
    mem::PAGE,
    network::{Frame, packet},
    world::World,
};

impl NetBackend {
    /// Chooses the queue of a frame, and puts it (or its segments) there.
    pub(super) fn steer(&mut self, world: &mut World, frame: Frame) {
        if self.queues.is_empty() || !self.wanted(world, &frame.data) {
            self.network.dropped += 1;
            return;
        }
        let most = match self.config.policy.rx_backlog {
            0 => 1024,
            most => most,
        };
        for mut frame in self.normalise(frame) {
            let input = packet::hash_input(&frame.data, self.hash.types());
            if let (true, Some((kind, input))) = (self.hash.enabled(), input) {
                let value = packet::toeplitz(&self.hash.key, &input);
                frame.hash = Some(crate::network::Hash { kind, value });
            }
            let queue = match frame.hash {
                Some(hash) => self.hash.queue(hash.value, self.queues.len()),
                None => {
                    self.round_robin = self.round_robin.wrapping_add(1);
                    // Without hashing Linux keeps a flow on a queue by its own hash.
                    packet::hash_input(&frame.data, 15).map_or(0, |(_, input)| {
                        packet::toeplitz(&[0x5a, 0xc3, 0x17, 0x99, 0x21, 0x6e], &input) as usize
                            % self.queues.len()
                    })
                }
            };
            let queue = &mut self.queues[queue];
            if queue.backlog.len() >= most {
                self.network.dropped += 1;
            } else {
                queue.backlog.push_back(frame);
            }
        }
    }

    /// Filter of multicast frames, once the guest asked for it.
    fn wanted(&self, world: &World, data: &[u8]) -> bool {
        let Some(to) = data.get(..6) else { return true };
        let multicast = to[0] & 1 != 0 && to != [0xff; 6];
        // With dynamic control the key is followed; without, it is what it was at the connection.
        let filters = if self.config.features.dynamic_multicast {
            self.bus.front_number(world, "request-multicast-control").unwrap_or(0) != 0
        } else {
            self.front.multicast
        };
        !multicast || !filters || self.network.groups.iter().any(|group| group == to)
    }

    /// What the guest cannot take is done here: segments, checksums.
    fn normalise(&self, mut frame: Frame) -> Vec<Frame> {
        let v6 = packet::parse(&frame.data).is_some_and(|layout| layout.v6);
        // QEMU's back-end gives single slots with complete checksums, whatever the front-end takes.
        let qemu = self.config.kind == NetKind::Qemu;
        let takes_gso = !qemu && self.front.sg && if v6 { self.front.gso_v6 } else { self.front.gso_v4 };
        if let Some(gso) = frame.gso
            && !takes_gso
        {
            return packet::segment(&frame.data, gso).into_iter().map(Frame::plain).collect();
        }
        let takes_blank = !qemu && if v6 { self.front.csum_v6 } else { self.front.csum_v4 };
        if frame.checksum_blank && !takes_blank {
            packet::complete_checksum(&mut frame.data);
            frame.checksum_blank = false;
            frame.validated = true;
        }
        vec![frame]
    }

    /// Gives one frame to the guest, if it has buffers for all of it.
    pub(super) fn rx_give(&mut self, world: &mut World, index: usize) {
        let headroom = self.front.headroom;
        let several_slots = self.front.sg && self.config.kind != NetKind::Qemu;
        let queue = &mut self.queues[index];
        if queue.ports.0 != queue.ports.1 {
            let _ = world.hv.host_take(queue.ports.1);
        }
        let Some(frame) = queue.backlog.front() else { return };
        let per_slot = PAGE - headroom;
        let data_slots = frame.data.len().div_ceil(per_slot).max(1);
        let extras: Vec<Extra> = [
            frame.gso.map(|gso| Extra::Gso {
                size: gso.size,
                kind: if gso.v6 { netif::GSO_TCPV6 } else { netif::GSO_TCPV4 },
            }),
            frame.hash.map(|hash| Extra::Hash { kind: hash.kind, algorithm: 1, value: hash.value }),
        ]
        .into_iter()
        .flatten()
        .collect();
        let needed = (data_slots + extras.len()) as u32;
        if needed > queue.rx.size() || (data_slots > 1 && !several_slots) {
            let _ = queue.backlog.pop_front();
            self.network.dropped += 1;
            return;
        }
        match queue.rx.unconsumed() {
            Ok(waiting) if waiting >= needed => queue.rx_starved = false,
            Ok(_) => {
                // Wakes up with the request that makes it enough.
                queue.rx_starved = !matches!(queue.rx.final_check_for(needed), Ok(true));
                return;
            }
            Err(overrun) => {
                queue.broken = true;
                let name = queue.name.clone();
                return world.ring_violation(&name, format!("bogus rx req_prod: {overrun:?}"));
            }
        }
        let Some(frame) = queue.backlog.pop_front() else { return };
        queue.busy_until[1] = world.now + self.config.policy.service;
        let attack = self.rx_attack(world);
        let mut flags = 0;
        if frame.checksum_blank {
            flags |= netif::RXF_CSUM_BLANK | netif::RXF_DATA_VALIDATED;
        } else if frame.validated {
            flags |= netif::RXF_DATA_VALIDATED;
        }
        let mut responses: Vec<[u8; 8]> = Vec::new();
        let mut done = 0;
        for slot in 0..data_slots {
            let part = &frame.data[done..(done + per_slot).min(frame.data.len())];
            let status = self.rx_slot(world, index, part, headroom);
            done += part.len();
            let mut flags = if slot == 0 { flags } else { 0 };
            if slot + 1 < data_slots {
                flags |= netif::RXF_MORE_DATA;
            }
            if slot == 0 && !extras.is_empty() {
                flags |= netif::RXF_EXTRA_INFO;
            }
            responses.push(netif::rx_response(status.0, headroom as u16, flags, status.1));
            if slot == 0 {
                for (number, extra) in extras.iter().enumerate() {
                    let _ = self.rx_request(index);
                    responses.push(extra.encode(number + 1 < extras.len()));
                }
            }
        }
        self.stats.rx_packets += 1;
        self.stats.rx_slots += u64::from(needed);
        world.stats.frames_received += 1;
        if let Some(attack) = attack
            && !self.spoil(world, index, attack, &mut responses)
        {
            return;
        }
        let queue = &mut self.queues[index];
        for response in &responses {
            queue.rx.push(response);
        }
        if attack == Some(NetAttack::RxDoubleFetch) {
            let slot = queue.rx.rsp_prod_pvt.wrapping_sub(responses.len() as u32);
            let mut other = responses[0];
            for byte in &mut other[2..] {
                *byte ^= world.rng.next_u64() as u8;
            }
            let reads = 1 + world.rng.below(4) as u32;
            world.arm_slot(&queue.rx, slot, &other, reads);
        }
        if queue.rx.publish() {
            world.host_send(queue.ports.1);
            self.stats.notified += 1;
        }
    }

    /// Takes the next rx request: id and grant.
    pub(super) fn rx_request(&mut self, index: usize) -> (u16, u32) {
        let ring = &mut self.queues[index].rx;
        let raw = ring.request(ring.req_cons);
        ring.req_cons = ring.req_cons.wrapping_add(1);
        (raw.u16_at(0), raw.u32_at(4))
    }

    /// Copies a part of a frame into the guest's next buffer; gives id and status.
    fn rx_slot(&mut self, world: &mut World, index: usize, part: &[u8], headroom: usize) -> (u16, i16) {
        let (id, gref) = self.rx_request(index);
        let domid = self.config.backend_domid;
        if let Some((.., page)) = world.grant_raw(gref)
            && self.rx_frames.insert(page)
        {
            self.stats.rx_pages += 1;
        }
        match world.copy_to_grant(domid, gref, headroom, part, "net rx buffer") {
            Ok(()) => (id, part.len() as i16),
            Err(_) => (id, netif::RSP_ERROR),
        }
    }
}
