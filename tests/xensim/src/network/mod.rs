//! The network outside of the guest: frames with their offload metadata, and a wire that loses,
//! repeats and reorders.

pub mod packet;

use std::collections::VecDeque;

use crate::rng::Rng;

/// How segmentation is left to the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// IPv6, else IPv4.
    pub v6: bool,
    /// Payload bytes per segment.
    pub size: u16,
}

/// A hash as the control ring configures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    /// Type number (0 v4, 1 v4 TCP, 2 v6, 3 v6 TCP).
    pub kind: u8,
    /// Value.
    pub value: u32,
}

/// An Ethernet frame and what is said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Bytes from the destination address on.
    pub data: Vec<u8>,
    /// The TCP or UDP checksum holds the pseudo-header's sum only.
    pub checksum_blank: bool,
    /// The sender vouches for the data.
    pub validated: bool,
    /// To be segmented.
    pub gso: Option<Gso>,
    /// Hash.
    pub hash: Option<Hash>,
    /// Queue that carried it.
    pub queue: u32,
    /// Ring slots that it took, without extras (of a frame that the guest sent).
    pub slots: u32,
    /// Bytes of each slot (of a frame that the guest sent).
    pub slot_sizes: Vec<u16>,
    /// Virtual time at which it was seen.
    pub at: u64,
}

impl Frame {
    /// A frame without any offload.
    #[must_use]
    pub fn plain(data: Vec<u8>) -> Self {
        Self { data, ..Self::default() }
    }

    /// The frames that reach a wire: segmented, all checksums complete.
    #[must_use]
    pub fn to_wire(&self) -> Vec<Vec<u8>> {
        match self.gso {
            Some(gso) => packet::segment(&self.data, gso),
            None if self.checksum_blank => {
                let mut data = self.data.clone();
                packet::complete_checksum(&mut data);
                vec![data]
            }
            None => vec![self.data.clone()],
        }
    }
}

/// What a direction of the wire does to frames; permille by the machine's seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WirePolicy {
    /// Lost.
    pub loss_permille: u32,
    /// Sent twice.
    pub duplicate_permille: u32,
    /// Overtaken by later ones.
    pub reorder_permille: u32,
    /// Nanoseconds on the way, at least and at most.
    pub latency: (u64, u64),
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// Policy.
    pub policy: WirePolicy,
    flying: Vec<(u64, u64, Frame)>,
    next: u64,
    /// Frames lost so far.
    pub lost: u64,
}

impl Wire {
    /// Puts a frame on the wire.
    pub fn send(&mut self, now: u64, rng: &mut Rng, frame: Frame) {
        if rng.permille(self.policy.loss_permille) {
            self.lost += 1;
            return;
        }
        let copies = 1 + u64::from(rng.permille(self.policy.duplicate_permille));
        for _ in 0..copies {
            let (least, most) = self.policy.latency;
            let due = now + least + rng.below(most.saturating_sub(least) + 1);
            // A frame that is overtaken gets a later place in the order.
            let place =
                self.next + if rng.permille(self.policy.reorder_permille) { 2 + rng.below(6) * 2 } else { 0 };
            self.next += 2;
            self.flying.push((due, place, frame.clone()));
        }
    }

    /// Next frame that has arrived.
    pub fn receive(&mut self, now: u64) -> Option<Frame> {
        let at = (0..self.flying.len())
            .filter(|at| self.flying[*at].0 <= now)
            .min_by_key(|at| (self.flying[*at].1, self.flying[*at].0))?;
        Some(self.flying.remove(at).2)
    }

    /// Whether a frame has arrived.
    #[must_use]
    pub fn arrived(&self, now: u64) -> bool {
        self.flying.iter().any(|(due, ..)| *due <= now)
    }

    /// When the next frame arrives, after `now`.
    #[must_use]
    pub fn deadline(&self, now: u64) -> Option<u64> {
        self.flying.iter().map(|(due, ..)| *due).filter(|due| *due > now).min()
    }
}

/// What the world outside sees of one NIC: captured frames, and frames to inject.
#[derive(Clone, Debug, Default)]
pub struct Port {
    /// Guest to world.
    pub outbound: Wire,
    /// World to guest.
    pub inbound: Wire,
    /// Frames that arrived from the guest, oldest first.
    pub captured: VecDeque<Frame>,
    /// Frames dropped because the guest gave no buffers.
    pub dropped: u64,
    /// Multicast groups that the guest joined (with `feature-multicast-control`).
    pub groups: Vec<[u8; 6]>,
}
