//! Guest to world: packets over slots, with the checks that netback makes.

use super::NetBackend;
use crate::{
    abi::netif::{self, Extra, NR_SLOTS_MIN, Tx},
    mem::PAGE,
    network::{Frame, Gso, packet},
    world::World,
};

/// Slots beyond which netback takes the front-end for malicious.
const FATAL_SLOTS: usize = 20;

/// A packet that is to be answered.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Ids of its slots; extras follow the first.
    ids: Vec<u16>,
    extras: usize,
    status: i16,
    pub due: u64,
    pub lost: bool,
    frame: Option<Frame>,
}

impl NetBackend {
    fn fatal(&mut self, world: &mut World, index: usize, what: String) {
        self.queues[index].broken = true;
        let name = self.queues[index].name.clone();
        world.ring_violation(&name, what);
    }

    /// Takes one packet from a tx ring.
    pub(super) fn tx_take(&mut self, world: &mut World, index: usize) {
        let queue = &mut self.queues[index];
        queue.tx_kicked |= world.hv.host_take(queue.ports.0);
        if queue.ports.0 == queue.ports.1 && queue.tx_kicked {
            queue.rx_starved = false;
        }
        let waiting = match queue.tx.unconsumed() {
            Ok(0) => {
                queue.tx.final_check().map(|more| if more { queue.tx.unconsumed().unwrap_or(0) } else { 0 })
            }
            other => other,
        };
        let waiting = match waiting {
            Ok(0) => {
                queue.tx_kicked = false;
                return;
            }
            Ok(waiting) => waiting,
            Err(overrun) => {
                return self.fatal(world, index, format!("impossible number of requests: {overrun:?}"));
            }
        };
        queue.busy_until[0] = world.now + self.config.policy.service;
        let mut left = waiting;
        let first = Tx::decode(&queue.tx.request(queue.tx.req_cons));
        queue.tx.req_cons = queue.tx.req_cons.wrapping_add(1);
        left -= 1;
        let mut extras = Vec::new();
        if first.flags & netif::TXF_EXTRA_INFO != 0 {
            loop {
                if left == 0 {
                    return self.fatal(world, index, "missing extra info".into());
                }
                let queue = &mut self.queues[index];
                let (extra, more) = Extra::decode(&queue.tx.request(queue.tx.req_cons));
                queue.tx.req_cons = queue.tx.req_cons.wrapping_add(1);
                left -= 1;
                if matches!(extra, Extra::Unknown(_)) {
                    return self.fatal(world, index, format!("invalid extra {extra:?}"));
                }
                extras.push(extra);
                if !more {
                    break;
                }
            }
        }
        if let Some(Extra::Mcast { add, address }) =
            extras.iter().find(|extra| matches!(extra, Extra::Mcast { .. }))
        {
            let status = self.multicast(*add, *address);
            return self.answer(world, index, vec![first.id], extras.len(), status, None);
        }
        let mut slots = vec![first];
        let mut more = first.flags & netif::TXF_MORE_DATA != 0;
        let mut remaining = i32::from(first.size);
        let mut status = netif::RSP_OKAY;
        while more {
            if left == 0 {
                return self.fatal(world, index, "the packet's slots are not all there".into());
            }
            if slots.len() >= FATAL_SLOTS {
                return self.fatal(world, index, format!("more than {FATAL_SLOTS} slots"));
            }
            let queue = &mut self.queues[index];
            let slot = Tx::decode(&queue.tx.request(queue.tx.req_cons));
            queue.tx.req_cons = queue.tx.req_cons.wrapping_add(1);
            left -= 1;
            remaining -= i32::from(slot.size);
            if remaining < 0 {
                status = netif::RSP_ERROR;
            }
            more = slot.flags & netif::TXF_MORE_DATA != 0;
            slots.push(slot);
        }
        if let Some(slot) =
            slots.iter().skip(1).find(|slot| usize::from(slot.offset) + usize::from(slot.size) > PAGE)
        {
            return self.fatal(world, index, format!("cross page boundary: {slot:?}"));
        }
        // The first slot's size is the packet's; its own part is what the others leave.
        if remaining < 0 || slots.len() > NR_SLOTS_MIN {
            let name = self.queues[index].name.clone();
            world.ring_violation(&name, format!("{} slots, sizes off by {remaining}", slots.len()));
            status = netif::RSP_ERROR;
        } else if usize::from(first.offset) + remaining as usize > PAGE {
            return self.fatal(world, index, format!("cross page boundary: {first:?}, own part {remaining}"));
        } else if first.size < 14 {
            let name = self.queues[index].name.clone();
            world.ring_violation(&name, format!("packet of {} bytes", first.size));
            status = netif::RSP_ERROR;
        }
        let ids = slots.iter().map(|slot| slot.id).collect();
        let frame = if status == netif::RSP_OKAY {
            match self.gather(world, index, &slots, remaining as u16, &extras) {
                Ok(frame) => Some(frame),
                Err(()) => {
                    status = netif::RSP_ERROR;
                    None
                }
            }
        } else {
            None
        };
        if self.queues[index].broken {
            return;
        }
        self.answer(world, index, ids, extras.len(), status, frame);
    }

    /// Copies a packet out of the guest's pages.
    fn gather(
        &mut self,
        world: &mut World,
        index: usize,
        slots: &[Tx],
        own: u16,
        extras: &[Extra],
    ) -> Result<Frame, ()> {
        let domid = self.config.backend_domid;
        let mut frame = Frame { queue: index as u32, slots: slots.len() as u32, ..Frame::default() };
        for (number, slot) in slots.iter().enumerate() {
            let size = if number == 0 { own } else { slot.size };
            let mut part = vec![0; usize::from(size)];
            world
                .copy_from_grant(domid, slot.gref, usize::from(slot.offset), &mut part, "net tx data")
                .map_err(|_| ())?;
            frame.data.extend_from_slice(&part);
            frame.slot_sizes.push(size);
        }
        let flags = slots[0].flags;
        frame.checksum_blank = flags & netif::TXF_CSUM_BLANK != 0;
        frame.validated = flags & (netif::TXF_DATA_VALIDATED | netif::TXF_CSUM_BLANK) != 0;
        for extra in extras {
            match extra {
                Extra::Gso { size, kind } => {
                    let known = matches!(*kind, netif::GSO_TCPV4 | netif::GSO_TCPV6);
                    let v6 = *kind == netif::GSO_TCPV6;
                    let offered = if v6 { self.config.features.gso_v6 } else { self.config.features.gso_v4 };
                    if *size == 0 || !known || !offered {
                        self.fatal(world, index, format!("bad GSO: size {size}, type {kind}"));
                        return Err(());
                    }
                    frame.gso = Some(Gso { v6, size: *size });
                    self.stats.tx_gso += 1;
                }
                Extra::Hash { kind, value, .. } => {
                    frame.hash = Some(crate::network::Hash { kind: *kind, value: *value });
                }
                _ => {}
            }
        }
        self.check(world, index, &frame);
        Ok(frame)
    }

    /// What is wrong with a packet that the ring's rules allow: told as a violation.
    fn check(&self, world: &mut World, index: usize, frame: &Frame) {
        let name = &self.queues[index].name;
        let features = &self.config.features;
        let v6 = packet::parse(&frame.data).is_some_and(|layout| layout.v6);
        if frame.slots > 1 && !features.sg {
            world.ring_violation(name, "several slots without feature-sg");
        }
        if frame.checksum_blank {
            if !packet::blank_is_right(&frame.data) {
                world.ring_violation(name, "blank checksum does not hold the pseudo-header's sum");
            }
            if (v6 && !features.csum_v6) || (!v6 && features.no_csum_v4) {
                world.ring_violation(name, "blank checksum was not offered");
            }
        } else if frame.gso.is_none() && !packet::checksums_hold(&frame.data) {
            world.ring_violation(name, "wrong checksum on the wire");
        }
        if let Some(gso) = frame.gso {
            let tcp = packet::parse(&frame.data).is_some_and(|layout| layout.protocol == 6);
            if !tcp || gso.v6 != v6 {
                world.ring_violation(name, "GSO type does not fit the packet");
            }
        } else if frame.data.len() > self.largest() {
            world.ring_violation(name, format!("frame of {} bytes", frame.data.len()));
        }
    }

    /// Longest frame without GSO.
    fn largest(&self) -> usize {
        let mtu = if self.config.mtu == 0 { 1500 } else { self.config.mtu as usize };
        mtu + 14 + 4
    }

    fn multicast(&mut self, add: bool, address: [u8; 6]) -> i16 {
        if !self.config.features.multicast {
            return netif::RSP_ERROR;
        }
        if !add {
            self.network.groups.retain(|group| *group != address);
        } else if self.network.groups.contains(&address) {
            return netif::RSP_OKAY;
        } else if self.network.groups.len() >= 64 {
            return netif::RSP_ERROR;
        } else {
            self.network.groups.push(address);
        }
        netif::RSP_OKAY
    }

    fn answer(
        &mut self,
        world: &mut World,
        index: usize,
        ids: Vec<u16>,
        extras: usize,
        mut status: i16,
        mut frame: Option<Frame>,
    ) {
        let policy = &self.config.policy;
        let (least, most) = policy.tx_latency;
        let due = world.now + least + world.rng.below(most.saturating_sub(least) + 1);
        let lost = world.rng.permille(policy.lost_permille);
        if status == netif::RSP_OKAY && world.rng.permille(policy.error_permille) {
            status = netif::RSP_ERROR;
            frame = None;
        }
        self.queues[index].tx_jobs.push(Job { ids, extras, status, due, lost, frame });
    }

    /// Sends a packet and answers its slots.
    pub(super) fn tx_respond(&mut self, world: &mut World, index: usize) {
        let queue = &self.queues[index];
        let ready: Vec<usize> = (0..queue.tx_jobs.len())
            .filter(|at| !queue.tx_jobs[*at].lost && queue.tx_jobs[*at].due <= world.now)
            .collect();
        let Some(first) = ready.first() else { return };
        let at = if self.config.policy.out_of_order {
            ready[world.rng.below(ready.len() as u64) as usize]
        } else {
            *first
        };
        let job = self.queues[index].tx_jobs.remove(at);
        if let Some(frame) = job.frame {
            self.stats.tx_packets += 1;
            self.stats.tx_slots += u64::from(frame.slots);
            world.stats.frames_sent += 1;
            self.network.outbound.send(world.now, &mut world.rng, frame);
        } else if job.status != netif::RSP_OKAY {
            self.stats.tx_errors += 1;
        }
        for (number, id) in job.ids.iter().enumerate() {
            let response = netif::tx_response(*id, job.status);
            let Some(response) = self.tx_attack(world, index, response) else { return };
            let queue = &mut self.queues[index];
            queue.tx.push(&response);
            // The first slot's extras take response slots of their own, which say nothing.
            for _ in 0..if number == 0 { job.extras } else { 0 } {
                queue.tx.push(&netif::tx_response(0, netif::RSP_NULL));
            }
            if queue.tx_answered.len() == 64 {
                queue.tx_answered.remove(0);
            }
            queue.tx_answered.push(*id);
        }
        let queue = &mut self.queues[index];
        if queue.tx.publish() {
            world.host_send(queue.ports.0);
            self.stats.notified += 1;
        }
    }
}
