//! Disk I/O: finds the disks, reads and writes patterns, flushes; dom0 compares the content.

use alloc::{format, string::String, vec::Vec};

use ntsim::storport::{self, disk::Disk, scan};

use super::number;

/// All disks of all adapters. Units may still be on their way: asks for up to `seconds`.
pub fn find(seconds: u64) -> Vec<Disk> {
    for _ in 0..seconds * 5 {
        let mut disks = Vec::new();
        for adapter in storport::adapters() {
            scan::scan(adapter);
            let addresses: Vec<_> = adapter.units.lock().keys().copied().collect();
            for address in addresses {
                match Disk::open(adapter, address) {
                    Ok(disk) => disks.push(disk),
                    Err(error) => say!("hvm: disk {address:?}: {error:?}"),
                }
            }
        }
        if !disks.is_empty() {
            return disks;
        }
        scan::sleep(200);
    }
    Vec::new()
}

/// Content of a sector that both sides can compute: its number, then a counting pattern.
pub fn pattern(lba: u64, size: usize, seed: u64) -> Vec<u8> {
    let mut state = lba.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed | 1;
    let mut data = Vec::with_capacity(size);
    data.extend_from_slice(&lba.to_le_bytes());
    while data.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(size);
    data
}

/// The `disk` job: `copy=N` copies the first N sectors behind themselves, `write=N` writes N patterned sectors.
pub fn run(command: &str) -> Result<(), String> {
    let disks = find(number(command, "wait", 20));
    if disks.is_empty() {
        return Err("no disk was found".into());
    }
    for (index, disk) in disks.iter().enumerate() {
        say!("hvm: disk {index}: {} sectors of {} bytes, {}", disk.sectors, disk.sector_size, disk.name());
    }
    let disk = &disks[0];
    let size = disk.sector_size as usize;
    let count = number(command, "copy", 0).min(disk.sectors / 2);
    let mut at = 0;
    while at < count {
        let now = (count - at).min(2048);
        let mut data = alloc::vec![0; now as usize * size];
        disk.read(at, &mut data).map_err(|error| format!("read of {now} sectors at {at}: {error:?}"))?;
        disk.write(count + at, &data, false)
            .map_err(|error| format!("write at {}: {error:?}", count + at))?;
        at += now;
    }
    let count = number(command, "write", 0).min(disk.sectors);
    for lba in 0..count {
        let data = pattern(lba, size, number(command, "seed", 1));
        disk.write(lba, &data, lba % 7 == 0).map_err(|error| format!("write at {lba}: {error:?}"))?;
    }
    for lba in 0..count {
        let mut data = alloc::vec![0; size];
        disk.read(lba, &mut data).map_err(|error| format!("read at {lba}: {error:?}"))?;
        if data != pattern(lba, size, number(command, "seed", 1)) {
            return Err(format!("sector {lba} reads back differently"));
        }
    }
    disk.flush().map_err(|error| format!("flush: {error:?}"))
}
