//! What is on the ring, by id; and the packets that it belongs to.

use alloc::vec::Vec;

use xenbus::{
    seam::{GrantTable, Host, StillMapped},
    types::GrantRef,
};

use super::{TX_SLOTS, TxOutcome};
use crate::pool::Pool;

/// What one request stands for.
#[derive(Debug)]
pub(super) enum Shadow {
    /// A page of a packet.
    Granted { grant: GrantRef, packet: u16 },
    /// A page of ours with a copy.
    Pooled { page: u16, packet: u16 },
    /// A change of the multicast filter.
    Multicast { add: bool },
}

/// A packet on its way.
#[derive(Debug)]
pub(super) struct Sent<T> {
    cookie: Option<T>,
    /// Its place in the order of sending.
    pub place: u64,
    pub len: u32,
    pub gso: bool,
    /// Requests without an answer, and pages that are still mapped.
    left: u16,
    outcome: TxOutcome,
}

pub(super) struct Table<T> {
    shadows: Vec<Option<Shadow>>,
    free_ids: Vec<u16>,
    packets: Vec<Option<Sent<T>>>,
    free_packets: Vec<u16>,
    /// Answered, but the back-end still maps the page.
    pinned: Vec<(GrantRef, u16)>,
    next_place: u64,
}

impl<T> Table<T> {
    pub fn new() -> Self {
        let numbers = || (0..TX_SLOTS as u16).rev().collect::<Vec<_>>();
        Self {
            shadows: (0..TX_SLOTS).map(|_| None).collect(),
            free_ids: numbers(),
            packets: (0..TX_SLOTS).map(|_| None).collect(),
            free_packets: numbers(),
            pinned: Vec::with_capacity(TX_SLOTS),
            next_place: 0,
        }
    }

    pub fn has_room(&self, slots: usize) -> bool {
        // Pinned pages count: the list of them never grows beyond its capacity.
        slots + self.pinned.len() <= self.free_ids.len() && !self.free_packets.is_empty()
    }

    pub fn slots_in_use(&self) -> usize {
        TX_SLOTS - self.free_ids.len()
    }

    pub fn packets_in_use(&self) -> usize {
        TX_SLOTS - self.free_packets.len()
    }

    pub fn add_packet(&mut self, len: u32, gso: bool) -> Option<u16> {
        let number = self.free_packets.pop()?;
        let place = self.next_place;
        self.next_place = place.wrapping_add(1);
        self.packets[usize::from(number)] =
            Some(Sent { cookie: None, place, len, gso, left: 0, outcome: TxOutcome::Sent });
        Some(number)
    }

    pub fn set_cookie(&mut self, packet: u16, cookie: T) {
        if let Some(sent) = &mut self.packets[usize::from(packet)] {
            sent.cookie = Some(cookie);
        }
    }

    /// The id of a new request.
    pub fn add_slot(&mut self, shadow: Shadow) -> Option<u16> {
        let id = self.free_ids.pop()?;
        if let Shadow::Granted { packet, .. } | Shadow::Pooled { packet, .. } = shadow
            && let Some(sent) = &mut self.packets[usize::from(packet)]
        {
            sent.left += 1;
        }
        self.shadows[usize::from(id)] = Some(shadow);
        Some(id)
    }

    /// Takes the request `id` out, if there is one.
    pub fn take_slot(&mut self, id: u16) -> Option<Shadow> {
        let shadow = self.shadows.get_mut(usize::from(id))?.take()?;
        self.free_ids.push(id);
        Some(shadow)
    }

    /// Takes back a packet that was not published. False when that cannot be done: the back-end has
    /// guessed a grant and maps it, so the packet has to stay until it lets go.
    pub fn undo_packet<H: Host>(&mut self, packet: u16, host: &H, pool: &mut Pool<H>) -> bool {
        let mut stuck = 0;
        for id in 0..TX_SLOTS as u16 {
            match &self.shadows[usize::from(id)] {
                Some(Shadow::Granted { packet: of, .. } | Shadow::Pooled { packet: of, .. })
                    if *of == packet => {}
                _ => continue,
            }
            match self.take_slot(id) {
                Some(Shadow::Granted { grant, .. }) => {
                    if let Err(StillMapped(grant)) = host.grants().end_access(grant) {
                        self.pinned.push((grant, packet));
                        stuck += 1;
                    }
                }
                Some(Shadow::Pooled { page, .. }) => pool.put(page),
                _ => {}
            }
        }
        let entry = &mut self.packets[usize::from(packet)];
        match entry {
            Some(sent) if stuck != 0 => {
                sent.left = stuck;
                sent.outcome = TxOutcome::Dropped;
                false
            }
            _ => {
                *entry = None;
                self.free_packets.push(packet);
                true
            }
        }
    }

    /// One answer less to wait for; the packet when it was the last.
    pub fn settle(&mut self, packet: u16, outcome: TxOutcome) -> Option<(T, Sent<T>, TxOutcome)> {
        let entry = self.packets.get_mut(usize::from(packet))?;
        let sent = entry.as_mut()?;
        if outcome != TxOutcome::Sent {
            sent.outcome = outcome;
        }
        sent.left = sent.left.saturating_sub(1);
        if sent.left != 0 {
            return None;
        }
        let mut sent = entry.take()?;
        self.free_packets.push(packet);
        let cookie = sent.cookie.take()?;
        let outcome = sent.outcome;
        Some((cookie, sent, outcome))
    }

    /// Notes what became of a part of the packet without settling it.
    pub fn spoil(&mut self, packet: u16, outcome: TxOutcome) {
        if outcome != TxOutcome::Sent
            && let Some(Some(sent)) = self.packets.get_mut(usize::from(packet))
        {
            sent.outcome = outcome;
        }
    }

    pub fn pin(&mut self, grant: GrantRef, packet: u16) {
        self.pinned.push((grant, packet));
    }

    pub fn pinned(&self) -> usize {
        self.pinned.len()
    }

    /// Tries to end a grant that was still mapped; its packet when that works. `index` counts down.
    pub fn retry_pinned<H: Host>(&mut self, index: usize, host: &H) -> Option<u16> {
        let (grant, packet) = self.pinned.swap_remove(index);
        match host.grants().end_access(grant) {
            Ok(()) => Some(packet),
            Err(StillMapped(grant)) => {
                self.pinned.push((grant, packet));
                None
            }
        }
    }
}
