//! Counters of frames by kind, as `OID_GEN_STATISTICS` wants them.

/// Frames and bytes by destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To one station: frames, bytes.
    pub unicast: (u64, u64),
    /// To a group.
    pub multicast: (u64, u64),
    /// To all.
    pub broadcast: (u64, u64),
    /// Not sent or not delivered because of an error.
    pub errors: u64,
    /// Dropped without an error.
    pub discards: u64,
}

/// Where a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One station.
    Unicast,
    /// A group.
    Multicast,
    /// All.
    Broadcast,
}

impl Destination {
    /// By the first bytes of a frame; what is too short counts as unicast.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, ..] => Self::Broadcast,
            [first, ..] if first & 1 != 0 => Self::Multicast,
            _ => Self::Unicast,
        }
    }
}

impl Traffic {
    /// Counts a frame of `len` bytes.
    pub fn count(&mut self, destination: Destination, len: usize) {
        let (frames, bytes) = match destination {
            Destination::Unicast => &mut self.unicast,
            Destination::Multicast => &mut self.multicast,
            Destination::Broadcast => &mut self.broadcast,
        };
        *frames += 1;
        *bytes += len as u64;
    }

    /// Adds another queue's.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.unicast, other.unicast),
            (&mut self.multicast, other.multicast),
            (&mut self.broadcast, other.broadcast),
        ];
        for (to, from) in pairs {
            to.0 += from.0;
            to.1 += from.1;
        }
        self.errors += other.errors;
        self.discards += other.discards;
    }

    /// All frames.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.unicast.0 + self.multicast.0 + self.broadcast.0
    }

    /// All bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.unicast.1 + self.multicast.1 + self.broadcast.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_by_destination() {
        let mut traffic = Traffic::default();
        for (head, len) in [(&[0xFF; 6][..], 60), (&[1, 0, 0x5E], 61), (&[0, 0x16], 62), (&[], 0)] {
            traffic.count(Destination::of(head), len);
        }
        assert_eq!((traffic.broadcast, traffic.multicast, traffic.unicast), ((1, 60), (1, 61), (2, 62)));
        let mut sum = traffic;
        sum.add(&traffic);
        assert_eq!((sum.frames(), sum.bytes()), (8, 366));
    }
}
