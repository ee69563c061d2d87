//! Disk I/O: writes what both sides can compare by content, reads it back, flushes, discards.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};

use core::sync::atomic::Ordering;

use ntsim::{
    kernel::lock::Lock,
    storport::{
        self,
        disk::{Disk, Failure, Pending},
        scan,
    },
};
use sha2::{Digest, Sha256};

use super::serve::{Words, hex};

/// Bytes of a request of the sequential commands.
const CHUNK: u64 = 256 << 10;
/// Requests in flight of the sequential commands.
const DEPTH: usize = 4;

/// Adapters that have been scanned.
static SCANNED: Lock<Vec<usize>> = Lock::new(Vec::new());

/// All disks of all adapters, in the order of their addresses. The bus is scanned when the adapter is new or has said
/// that something changed: there may be many targets to ask.
pub fn all() -> Vec<Disk> {
    let mut disks = Vec::new();
    for adapter in storport::adapters() {
        let new = {
            let mut scanned = SCANNED.lock();
            let here = core::ptr::from_ref(adapter) as usize;
            let new = !scanned.contains(&here);
            if new {
                scanned.push(here);
            }
            new
        };
        if new || adapter.rescan.load(Ordering::Acquire) {
            scan::scan(adapter);
        }
        let addresses: Vec<_> = adapter.units.lock().keys().copied().collect();
        for address in addresses {
            match Disk::open(adapter, address) {
                // Time is real here, and hosts are slow while they migrate.
                Ok(disk) => disks.push(Disk { may_time_out: true, ..disk }),
                Err(error) => say!("hvm: disk {address:?}: {error:?}"),
            }
        }
    }
    disks
}

/// The disk by its number in [`all`].
pub fn open(number: usize) -> Result<Disk, String> {
    let disks = all();
    disks.get(number).copied().ok_or_else(|| format!("there is no disk {number} of {}", disks.len()))
}

/// Puts the content of a sector there that tells where it belongs: its number, then what follows from it and the seed.
fn put_pattern(data: &mut Vec<u8>, lba: u64, size: usize, seed: u64) {
    let end = data.len() + size;
    let mut state = (lba.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed) | 1;
    data.extend_from_slice(&lba.to_le_bytes());
    while data.len() < end {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(end);
}

/// The pattern of one sector, or of anything else of `size` bytes with a number.
pub fn pattern(lba: u64, size: usize, seed: u64) -> Vec<u8> {
    patterns(lba, 1, size, seed)
}

/// The pattern of `count` sectors.
pub fn patterns(lba: u64, count: u64, size: usize, seed: u64) -> Vec<u8> {
    let mut data = Vec::with_capacity(count as usize * size + 8);
    for lba in lba..lba + count {
        put_pattern(&mut data, lba, size, seed);
    }
    data
}

fn failed(what: &str, lba: u64) -> impl FnOnce(Failure) -> String {
    let text = format!("{what} at {lba}: ");
    move |error| format!("{text}{error:?}")
}

/// A run of sectors: disk, first, count.
struct Run {
    disk: Disk,
    lba: u64,
    count: u64,
}

impl Run {
    fn take(words: &mut Words<'_>) -> Result<Self, String> {
        let disk = open(words.value()?)?;
        Ok(Self { disk, lba: words.value()?, count: words.value()? })
    }

    fn size(&self) -> usize {
        self.disk.sector_size as usize
    }

    /// The run in pieces, several in flight: `start` sends one, `end` takes what it gave.
    fn each(
        &self,
        start: impl Fn(u64, u64) -> Result<Pending, Failure>,
        mut end: impl FnMut(u64, Vec<u8>) -> Result<(), String>,
    ) -> Result<(), String> {
        let step = CHUNK / self.size() as u64;
        let (mut at, stop) = (self.lba, self.lba + self.count);
        let mut flight: VecDeque<(u64, Pending)> = VecDeque::new();
        while at < stop || !flight.is_empty() {
            if at < stop && flight.len() < DEPTH {
                let now = step.min(stop - at);
                flight.push_back((at, start(at, now).map_err(failed("request", at))?));
                at += now;
                continue;
            }
            if let Some((lba, pending)) = flight.pop_front() {
                end(lba, pending.finish().map_err(failed("request", lba))?)?;
            }
        }
        Ok(())
    }

    fn read(&self, end: impl FnMut(u64, Vec<u8>) -> Result<(), String>) -> Result<(), String> {
        self.each(|at, count| self.disk.send(at, Err(count as usize * self.size())), end)
    }
}

/// Where request `number` of a measurement goes, in units of its size (the same in `xenpeer bench`).
fn place(number: u64, units: u64, random: bool) -> u64 {
    let order = if random { number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17 } else { number };
    order.rem_euclid(units)
}

fn finish(pending: Option<Pending>) -> Result<(), String> {
    match pending {
        Some(pending) => pending.end().map_err(|error| format!("{error:?}")),
        None => Ok(()),
    }
}

/// `disk.<what>`.
pub fn command(what: &str, words: &mut Words<'_>) -> Result<String, String> {
    match what {
        // list: sectors x bytes of each.
        "list" => Ok(all()
            .iter()
            .map(|disk| format!("{}x{}", disk.sectors, disk.sector_size))
            .collect::<Vec<_>>()
            .join(" ")),
        // wait NUMBER SECONDS: until there are so many disks.
        "wait" => {
            let (number, seconds): (usize, u64) = (words.value()?, words.value()?);
            for _ in 0..seconds * 5 {
                if all().len() == number {
                    return Ok(String::new());
                }
                scan::sleep(200);
            }
            Err(format!("there are {} disks", all().len()))
        }
        // fill DISK LBA COUNT SEED: writes the pattern; answers its sha256.
        "fill" => {
            let run = Run::take(words)?;
            let seed = words.value()?;
            let mut hash = Sha256::new();
            for at in (run.lba..run.lba + run.count).step_by(256) {
                hash.update(patterns(at, (run.lba + run.count - at).min(256), run.size(), seed));
            }
            run.each(
                |at, count| run.disk.send(at, Ok(&patterns(at, count, run.size(), seed))),
                |_, _| Ok(()),
            )?;
            Ok(hex(&hash.finalize()))
        }
        // check DISK LBA COUNT SEED: the pattern is there.
        "check" => {
            let run = Run::take(words)?;
            let seed = words.value()?;
            run.read(|lba, data| {
                let wanted = patterns(lba, (data.len() / run.size()) as u64, run.size(), seed);
                match data.chunks(run.size()).zip(wanted.chunks(run.size())).position(|(a, b)| a != b) {
                    None => Ok(()),
                    Some(at) => Err(format!("sector {} reads back differently", lba + at as u64)),
                }
            })?;
            Ok(String::new())
        }
        // hash DISK LBA COUNT: sha256 of what is there.
        "hash" => {
            let run = Run::take(words)?;
            let mut hash = Sha256::new();
            run.read(|_, data| {
                hash.update(&data);
                Ok(())
            })?;
            Ok(hex(&hash.finalize()))
        }
        // copy DISK LBA COUNT TO.
        "copy" => {
            let run = Run::take(words)?;
            let to: u64 = words.value()?;
            run.read(|lba, data| {
                let at = to + lba - run.lba;
                run.disk.write(at, &data, false).map_err(failed("write", at))
            })?;
            Ok(String::new())
        }
        "flush" => {
            open(words.value()?)?.flush().map_err(|error| format!("{error:?}"))?;
            Ok(String::new())
        }
        // unmap DISK LBA COUNT.
        "unmap" => {
            let run = Run::take(words)?;
            run.disk.unmap(run.lba, run.count as u32).map_err(failed("unmap", run.lba))?;
            Ok(String::new())
        }
        // bench DISK read|write sequential|random BYTES DEPTH COUNT: answers the nanoseconds it took.
        "bench" => {
            let disk = open(words.value()?)?;
            let (write, random) = (words.text()? == "write", words.text()? == "random");
            let (bytes, depth, count): (usize, usize, u64) = (words.value()?, words.value()?, words.value()?);
            let sectors = (bytes / disk.sector_size as usize) as u64;
            let content = alloc::vec![0x5a; bytes];
            let data = if write { Ok(&content[..]) } else { Err(bytes) };
            let start = crate::time::now();
            let mut flight: VecDeque<Pending> = VecDeque::new();
            for number in 0..count {
                if flight.len() == depth {
                    finish(flight.pop_front())?;
                }
                let at = place(number, disk.sectors / sectors, random) * sectors;
                flight.push_back(disk.send(at, data).map_err(failed("request", at))?);
            }
            while !flight.is_empty() {
                finish(flight.pop_front())?;
            }
            Ok(format!("{}", crate::time::now() - start))
        }
        _ => Err(format!("there is no command `disk.{what}`")),
    }
}
