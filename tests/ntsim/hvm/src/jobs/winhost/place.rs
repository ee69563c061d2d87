//! What survives on the disk: the guest's place in its plan, in two copies of which one is always whole, and what a
//! crash left.

use alloc::{format, string::String, vec, vec::Vec};

use ntsim::kernel::Kernel;
use sha2::{Digest, Sha256};
use winhost_protocol::standin::Disk;

use crate::ata::{DISK, SECTOR};

/// Sectors of each copy and of the dump, and where they are.
const LENGTH: u8 = 8;
const COPIES: [u32; 2] = [8, 16];
const DUMP: u32 = 24;
/// A dump begins so on Windows.
const SIGNATURE: &[u8] = b"PAGEDU64";

/// The place, and how often it was saved.
pub struct Place {
    /// What there is to be kept.
    pub disk: Disk,
    saved: Option<Disk>,
    number: u64,
}

/// A whole copy: its number and content. On the disk it is a SHA-256 of the rest, the number (8), a length (4), JSON.
fn copy(at: u32) -> Option<(u64, Disk)> {
    let data = DISK.read(at, LENGTH).ok()?;
    let (sum, rest) = data.split_at(32);
    if sum != Sha256::digest(rest).as_slice() {
        return None;
    }
    let number = u64::from_le_bytes(rest[..8].try_into().ok()?);
    let length = u32::from_le_bytes(rest[8..12].try_into().ok()?) as usize;
    Some((number, serde_json::from_slice(rest.get(12..12 + length)?).ok()?))
}

impl Place {
    /// What is on the disk; the begin where there is none.
    pub fn open() -> Result<Self, String> {
        DISK.read(0, 1).map_err(|why| format!("the disk: {why}"))?;
        let newest = COPIES.iter().filter_map(|at| copy(*at)).max_by_key(|(number, _)| *number);
        let (number, disk) = newest.unwrap_or_default();
        Ok(Self { saved: Some(disk.clone()).filter(|_| number > 0), disk, number })
    }

    /// Has it on the disk, over the older copy.
    pub fn save(&mut self) -> Result<(), String> {
        if self.saved.as_ref() == Some(&self.disk) {
            return Ok(());
        }
        let json = serde_json::to_vec(&self.disk).map_err(|error| format!("the place: {error}"))?;
        self.number += 1;
        let mut rest = Vec::from(self.number.to_le_bytes());
        rest.extend((json.len() as u32).to_le_bytes());
        rest.extend(json);
        rest.resize(usize::from(LENGTH) * SECTOR - 32, 0);
        let mut data = Sha256::digest(&rest).to_vec();
        data.extend(rest);
        DISK.write(COPIES[self.number as usize % 2], &data).map_err(|why| format!("the place: {why}"))?;
        self.saved = Some(self.disk.clone());
        Ok(())
    }
}

/// When the machine crashes: what Windows would put into a minidump.
pub fn crashed(kernel: &Kernel, code: u32, parameters: [u64; 4]) {
    let text = format!("bugcheck {code:#x} {parameters:x?}\n{}", kernel.trace.tail());
    let mut data = Vec::from(SIGNATURE);
    data.extend(text.into_bytes());
    data.resize(usize::from(LENGTH) * SECTOR, 0);
    DISK.reset();
    if let Err(why) = DISK.write(DUMP, &data) {
        say!("hvm: no dump: {why}");
    }
}

/// What the last crash left; once.
pub fn take_dump() -> Option<Vec<u8>> {
    let mut data = DISK.read(DUMP, LENGTH).ok()?;
    if !data.starts_with(SIGNATURE) {
        return None;
    }
    let end = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    data.truncate(end);
    DISK.write(DUMP, &vec![0; usize::from(LENGTH) * SECTOR]).ok()?;
    Some(data)
}
