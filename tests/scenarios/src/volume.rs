//! A disk of the guest's as a stream of bytes, with a cache of pages above it, as a file system wants it.

use std::{
    collections::BTreeMap,
    io::{Error, Read, Result, Seek, SeekFrom, Write},
};

use ntsim::storport::disk::Disk;

const PAGE: usize = 4096;
/// Dirty pages after which all are written.
const DIRTY: usize = 256;
/// Longest run that goes out as one request.
const RUN: usize = 1 << 20;

struct Page {
    data: Vec<u8>,
    dirty: bool,
}

/// A disk of 512-byte sectors as a stream. Methods in the guest.
pub struct Volume {
    disk: Disk,
    at: u64,
    bytes: u64,
    cache: BTreeMap<u64, Page>,
    dirty: usize,
    written: usize,
}

impl Volume {
    /// The whole disk.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        let bytes = disk.sectors * u64::from(disk.sector_size);
        Self { disk, at: 0, bytes, cache: BTreeMap::new(), dirty: 0, written: 0 }
    }

    fn page(&mut self, number: u64, whole: bool) -> Result<&mut Page> {
        if !self.cache.contains_key(&number) {
            let mut data = vec![0; PAGE];
            if !whole {
                self.disk.read(number * 8, &mut data).map_err(failed)?;
            }
            self.cache.insert(number, Page { data, dirty: false });
        }
        Ok(self.cache.get_mut(&number).expect("just put there"))
    }

    /// Writes what is dirty, neighbours together, all at once.
    fn write_back(&mut self) -> Result<()> {
        let mut runs: Vec<(u64, Vec<u8>)> = Vec::new();
        for (&number, page) in self.cache.iter_mut().filter(|(_, page)| page.dirty) {
            page.dirty = false;
            match runs.last_mut() {
                Some((first, data)) if *first + (data.len() / PAGE) as u64 == number && data.len() < RUN => {
                    data.extend_from_slice(&page.data);
                }
                _ => runs.push((number, page.data.clone())),
            }
        }
        self.dirty = 0;
        let mut sent = Vec::new();
        for (number, data) in &runs {
            // Buffers of all kinds: whole pages, whole sectors, neither.
            self.disk.offset = [0, 512, 4][self.written % 3];
            self.written += 1;
            sent.push(self.disk.send(number * 8, Ok(data)).map_err(failed)?);
        }
        for request in sent {
            request.finish().map_err(failed)?;
        }
        if self.cache.len() > 16 * DIRTY {
            self.cache.clear();
        }
        Ok(())
    }
}

fn failed(failure: ntsim::storport::disk::Failure) -> Error {
    Error::other(format!("{failure:?}"))
}

impl Read for Volume {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let within = (self.at % PAGE as u64) as usize;
        let length = to.len().min(PAGE - within).min((self.bytes - self.at) as usize);
        if length > 0 {
            let page = self.page(self.at / PAGE as u64, false)?;
            to[..length].copy_from_slice(&page.data[within..within + length]);
            self.at += length as u64;
        }
        Ok(length)
    }
}

impl Write for Volume {
    fn write(&mut self, from: &[u8]) -> Result<usize> {
        let within = (self.at % PAGE as u64) as usize;
        let length = from.len().min(PAGE - within).min((self.bytes - self.at) as usize);
        if length > 0 {
            let page = self.page(self.at / PAGE as u64, length == PAGE)?;
            page.data[within..within + length].copy_from_slice(&from[..length]);
            let fresh = !std::mem::replace(&mut page.dirty, true);
            self.dirty += usize::from(fresh);
            self.at += length as u64;
            if self.dirty >= DIRTY {
                self.write_back()?;
            }
        }
        Ok(length)
    }

    fn flush(&mut self) -> Result<()> {
        self.write_back()?;
        self.disk.flush().map_err(failed)
    }
}

impl Seek for Volume {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
        };
        match at {
            Some(at) if at <= self.bytes => self.at = at,
            _ => return Err(Error::other("seek beyond the volume")),
        }
        Ok(self.at)
    }
}
