//! A disk with a volatile cache: what a power cut leaves is what was flushed, and any part, in any
//! order, of what was not.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use crate::rng::Rng;

/// Bytes of the unit in which blkif counts, whatever the disk's sector size is.
pub const UNIT: usize = 512;

type Units = BTreeMap<u64, Box<[u8; UNIT]>>;

#[derive(Clone, Debug)]
struct Cached {
    unit: u64,
    data: Vec<u8>,
    /// Completed towards the guest: a later flush covers it.
    acknowledged: Option<u64>,
    ticket: u64,
}

/// What discarded units read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// Zeros.
    Zero,
    /// What was there before.
    Old,
    /// Rubbish.
    Garbage,
}

/// How a disk behaves.
#[derive(Clone, Debug)]
pub struct DiskModel {
    /// Size in units of 512 bytes.
    pub units: u64,
    /// Writes stay in a volatile cache until a flush.
    pub write_cache: bool,
    /// What reads after a discard give.
    pub discarded: Discarded,
    /// Cached bytes beyond which the oldest are written out by themselves.
    pub cache_limit: usize,
    /// Log every write and discard (tests that look at order).
    pub log: bool,
}

impl DiskModel {
    /// A disk with a volatile cache.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self { units, write_cache: true, discarded: Discarded::Zero, cache_limit: 64 << 20, log: false }
    }
}

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// First unit and number.
    Write(u64, u64),
    /// First unit and number.
    Discard(u64, u64),
    /// A flush took effect.
    Flush,
    /// The power went.
    PowerCut,
}

/// A disk. Outlives back-ends and boots; shared with the test by [`SharedDisk`].
#[derive(Debug)]
pub struct Disk {
    /// Behaviour; tests may change it (resize).
    pub model: DiskModel,
    durable: Units,
    current: Units,
    cache: Vec<Cached>,
    cached_bytes: usize,
    next_ticket: u64,
    /// Completions so far: the order of acknowledgements and flushes.
    clock: u64,
    /// What happened, if the model logs.
    pub log: Vec<Logged>,
    /// Units discarded in all.
    pub discarded_units: u64,
    /// Flushes that took effect.
    pub flushes: u64,
}

/// A disk that back-end and test hold.
pub type SharedDisk = Rc<RefCell<Disk>>;

impl Disk {
    /// An empty (all zero) disk.
    #[must_use]
    pub fn new(model: DiskModel) -> Self {
        Self {
            model,
            durable: Units::new(),
            current: Units::new(),
            cache: Vec::new(),
            cached_bytes: 0,
            next_ticket: 1,
            clock: 1,
            log: Vec::new(),
            discarded_units: 0,
            flushes: 0,
        }
    }

    /// Ready to share.
    #[must_use]
    pub fn shared(model: DiskModel) -> SharedDisk {
        Rc::new(RefCell::new(Self::new(model)))
    }

    fn fetch(from: &Units, unit: u64, to: &mut [u8]) {
        for (index, chunk) in to.chunks_mut(UNIT).enumerate() {
            match from.get(&(unit + index as u64)) {
                Some(data) => chunk.copy_from_slice(&data[..chunk.len()]),
                None => chunk.fill(0),
            }
        }
    }

    fn put(into: &mut Units, unit: u64, data: &[u8]) {
        for (index, chunk) in data.chunks(UNIT).enumerate() {
            let key = unit + index as u64;
            if chunk.iter().all(|byte| *byte == 0) {
                into.remove(&key);
            } else {
                let slot = into.entry(key).or_insert_with(|| Box::new([0; UNIT]));
                slot[..chunk.len()].copy_from_slice(chunk);
            }
        }
    }

    /// Reads what a reader sees now.
    pub fn read(&self, unit: u64, to: &mut [u8]) {
        Self::fetch(&self.current, unit, to);
    }

    /// Reads what would be there after a power cut at once that loses all it may.
    pub fn read_durable(&self, unit: u64, to: &mut [u8]) {
        Self::fetch(&self.durable, unit, to);
    }

    /// Convenience of [`Disk::read`].
    #[must_use]
    pub fn bytes(&self, unit: u64, units: u64) -> Vec<u8> {
        let mut data = vec![0; units as usize * UNIT];
        self.read(unit, &mut data);
        data
    }

    /// Convenience of [`Disk::read_durable`].
    #[must_use]
    pub fn durable_bytes(&self, unit: u64, units: u64) -> Vec<u8> {
        let mut data = vec![0; units as usize * UNIT];
        self.read_durable(unit, &mut data);
        data
    }

    /// Fills the disk before the guest runs: durable at once.
    pub fn preload(&mut self, unit: u64, data: &[u8]) {
        Self::put(&mut self.durable, unit, data);
        Self::put(&mut self.current, unit, data);
    }

    /// Writes into the cache. The ticket is acknowledged when the guest is told.
    pub fn write(&mut self, unit: u64, data: &[u8]) -> u64 {
        if self.model.log {
            self.log.push(Logged::Write(unit, (data.len() / UNIT) as u64));
        }
        Self::put(&mut self.current, unit, data);
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.cached_bytes += data.len();
        self.cache.push(Cached { unit, data: data.into(), acknowledged: None, ticket });
        let mut first = 0;
        while self.cached_bytes > self.model.cache_limit && first < self.cache.len() {
            let entry = &self.cache[first];
            self.cached_bytes -= entry.data.len();
            Self::put(&mut self.durable, entry.unit, &entry.data);
            first += 1;
        }
        self.cache.drain(..first);
        ticket
    }

    /// The guest is told that the write is done. Without a volatile cache it is durable from now on.
    pub fn acknowledge(&mut self, ticket: u64) {
        self.clock += 1;
        let clock = self.clock;
        for entry in self.cache.iter_mut().filter(|entry| entry.ticket == ticket) {
            entry.acknowledged = Some(clock);
        }
        if !self.model.write_cache {
            self.write_out(|entry| entry.ticket == ticket);
        }
    }

    /// A flush request arrived: the point in time up to which it covers acknowledged writes.
    #[must_use]
    pub fn flush_point(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// A flush takes effect for what was acknowledged before `point`.
    pub fn flush(&mut self, point: u64) {
        self.flushes += 1;
        if self.model.log {
            self.log.push(Logged::Flush);
        }
        self.write_out(|entry| entry.acknowledged.is_some_and(|at| at < point));
    }

    /// Everything written so far becomes durable, acknowledged or not (a barrier, an orderly shutdown).
    pub fn flush_all(&mut self) {
        self.flushes += 1;
        self.write_out(|_| true);
    }

    /// Makes one write durable (the write of a barrier request).
    pub fn flush_ticket(&mut self, ticket: u64) {
        self.write_out(|entry| entry.ticket == ticket);
    }

    fn write_out(&mut self, which: impl Fn(&Cached) -> bool) {
        let (out, keep): (Vec<_>, Vec<_>) = std::mem::take(&mut self.cache).into_iter().partition(which);
        for entry in &out {
            self.cached_bytes -= entry.data.len();
            Self::put(&mut self.durable, entry.unit, &entry.data);
        }
        self.cache = keep;
    }

    /// Discards units.
    pub fn discard(&mut self, unit: u64, units: u64, rng: &mut Rng) {
        if self.model.log {
            self.log.push(Logged::Discard(unit, units));
        }
        self.discarded_units += units;
        match self.model.discarded {
            Discarded::Old => {}
            Discarded::Zero => {
                let keys: Vec<u64> = self.current.range(unit..unit + units).map(|(key, _)| *key).collect();
                for key in keys {
                    self.current.remove(&key);
                    self.durable.remove(&key);
                }
                // Older cached writes of the same units must not come back.
                for entry in &mut self.cache {
                    for (index, chunk) in entry.data.chunks_mut(UNIT).enumerate() {
                        if (unit..unit + units).contains(&(entry.unit + index as u64)) {
                            chunk.fill(0);
                        }
                    }
                }
            }
            Discarded::Garbage => {
                for key in unit..(unit + units).min(unit + 65_536) {
                    let mut data = [0; UNIT];
                    for chunk in data.chunks_mut(8) {
                        chunk.copy_from_slice(&rng.next_u64().to_le_bytes());
                    }
                    Self::put(&mut self.current, key, &data);
                    Self::put(&mut self.durable, key, &data);
                }
            }
        }
    }

    /// The power goes: each unit of each unflushed write survives or not, in any order.
    pub fn power_cut(&mut self, rng: &mut Rng) {
        if self.model.log {
            self.log.push(Logged::PowerCut);
        }
        let mut units: Vec<(u64, Vec<u8>)> = Vec::new();
        for entry in self.cache.drain(..) {
            for (index, chunk) in entry.data.chunks(UNIT).enumerate() {
                if rng.one_in(2) {
                    units.push((entry.unit + index as u64, chunk.into()));
                }
            }
        }
        for last in (1..units.len()).rev() {
            units.swap(last, rng.below(last as u64 + 1) as usize);
        }
        for (unit, data) in units {
            Self::put(&mut self.durable, unit, &data);
        }
        self.cached_bytes = 0;
        self.current = self.durable.clone();
    }

    /// Bytes that a power cut could take.
    #[must_use]
    pub const fn unflushed(&self) -> usize {
        self.cached_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(byte: u8) -> [u8; UNIT] {
        [byte; UNIT]
    }

    #[test]
    fn a_flush_covers_only_what_was_acknowledged_before_it() {
        let mut disk = Disk::new(DiskModel::new(100));
        let first = disk.write(1, &unit(1));
        disk.acknowledge(first);
        let point = disk.flush_point();
        let second = disk.write(2, &unit(2));
        disk.acknowledge(second);
        disk.flush(point);
        assert_eq!(disk.durable_bytes(1, 2), [unit(1), unit(0)].concat());
        assert_eq!(disk.bytes(1, 2), [unit(1), unit(2)].concat());
    }

    #[test]
    fn a_power_cut_keeps_the_flushed_and_any_part_of_the_rest() {
        let mut outcomes = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let mut disk = Disk::new(DiskModel::new(100));
            let ticket = disk.write(0, &unit(9));
            disk.acknowledge(ticket);
            let point = disk.flush_point();
            disk.flush(point);
            disk.write(1, &unit(1));
            disk.write(1, &unit(2));
            disk.power_cut(&mut Rng::new(seed));
            assert_eq!(disk.bytes(0, 1), unit(9));
            outcomes.insert(disk.bytes(1, 1)[0]);
        }
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn without_a_cache_an_acknowledged_write_stays() {
        let mut disk = Disk::new(DiskModel { write_cache: false, ..DiskModel::new(10) });
        let ticket = disk.write(3, &unit(7));
        assert_eq!(disk.durable_bytes(3, 1), unit(0));
        disk.acknowledge(ticket);
        assert_eq!(disk.durable_bytes(3, 1), unit(7));
    }
}
