//! A file system through the driver: files are read from one disk's FAT volume and written to another's, by a
//! crate that knows no more of the disk than its sectors.

use alloc::{format, string::String, vec, vec::Vec};
use core::{fmt, ops::ControlFlow};

use embedded_sdmmc::{
    Block, BlockCount, BlockDevice, BlockIdx, Mode, RawDirectory, ShortFileName, TimeSource, Timestamp,
    VolumeIdx, VolumeManager,
};
use ntsim::storport::disk::{Disk, Failure};

use super::{disk, serve::Words};

/// A disk as the file system's crate wants it.
struct Sectors(Disk);

/// What a request ended with.
#[derive(Debug)]
struct Fault(Failure);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl core::error::Error for Fault {}

impl BlockDevice for Sectors {
    type Error = Fault;

    fn read(&self, blocks: &mut [Block], start: BlockIdx) -> Result<(), Fault> {
        let mut data = vec![0; blocks.len() * Block::LEN];
        self.0.read(u64::from(start.0), &mut data).map_err(Fault)?;
        for (block, part) in blocks.iter_mut().zip(data.chunks_exact(Block::LEN)) {
            block.contents.copy_from_slice(part);
        }
        Ok(())
    }

    fn write(&self, blocks: &[Block], start: BlockIdx) -> Result<(), Fault> {
        let data: Vec<u8> = blocks.iter().flat_map(|block| block.contents).collect();
        self.0.write(u64::from(start.0), &data, false).map_err(Fault)
    }

    fn num_blocks(&self) -> Result<BlockCount, Fault> {
        Ok(BlockCount(u32::try_from(self.0.sectors).unwrap_or(u32::MAX)))
    }
}

/// Files have one and the same date.
struct Calendar;

impl TimeSource for Calendar {
    fn get_timestamp(&self) -> Timestamp {
        Timestamp {
            year_since_1970: 56,
            zero_indexed_month: 0,
            zero_indexed_day: 0,
            hours: 0,
            minutes: 0,
            seconds: 0,
        }
    }
}

/// The root directory of a disk's first partition.
struct Root {
    manager: VolumeManager<Sectors, Calendar>,
    folder: RawDirectory,
}

fn failed<E: fmt::Debug>(what: &str) -> impl FnOnce(E) -> String {
    let what = String::from(what);
    move |error| format!("{what}: {error:?}")
}

impl Root {
    fn open(number: usize) -> Result<Self, String> {
        let disk = disk::open(number)?;
        if disk.sector_size as usize != Block::LEN {
            return Err(format!("sectors of {} bytes", disk.sector_size));
        }
        let manager = VolumeManager::new(Sectors(disk), Calendar);
        let volume = manager.open_raw_volume(VolumeIdx(0)).map_err(failed("the volume"))?;
        let folder = manager.open_root_dir(volume).map_err(failed("the root directory"))?;
        Ok(Self { manager, folder })
    }

    fn names(&self) -> Result<Vec<ShortFileName>, String> {
        let mut names = Vec::new();
        self.manager
            .iterate_dir(self.folder, |entry| {
                if !entry.attributes.is_directory() && !entry.attributes.is_volume() {
                    names.push(entry.name);
                }
                ControlFlow::Continue(())
            })
            .map_err(failed("the directory's entries"))?;
        Ok(names)
    }

    fn read(&self, name: &ShortFileName) -> Result<Vec<u8>, String> {
        let file = self
            .manager
            .open_file_in_dir(self.folder, *name, Mode::ReadOnly)
            .map_err(failed("open to read"))?;
        let length = self.manager.file_length(file).map_err(failed("the length"))? as usize;
        let mut data = vec![0; length];
        let mut done = 0;
        while done < length {
            let now = self.manager.read(file, &mut data[done..]).map_err(failed("read"))?;
            if now == 0 {
                return Err(format!("{name:?} ends after {done} of {length} bytes"));
            }
            done += now;
        }
        self.manager.close_file(file).map_err(failed("close"))?;
        Ok(data)
    }

    fn write(&self, name: &ShortFileName, data: &[u8]) -> Result<(), String> {
        let file = self
            .manager
            .open_file_in_dir(self.folder, *name, Mode::ReadWriteCreate)
            .map_err(failed("open to write"))?;
        self.manager.write(file, data).map_err(failed("write"))?;
        self.manager.close_file(file).map_err(failed("close"))
    }
}

/// `files.<what>`.
pub fn command(what: &str, words: &mut Words<'_>) -> Result<String, String> {
    match what {
        // copy FROM TO: every file of one disk's root directory to the other's, flushed; answers their number and bytes.
        "copy" => {
            let (from, number) = (Root::open(words.value()?)?, words.value()?);
            let to = Root::open(number)?;
            let (mut files, mut bytes) = (0, 0);
            for name in from.names()? {
                let data = from.read(&name)?;
                to.write(&name, &data).map_err(|why| format!("{name:?}: {why}"))?;
                files += 1;
                bytes += data.len();
            }
            disk::open(number)?.flush().map_err(failed("flush"))?;
            Ok(format!("{files} {bytes}"))
        }
        _ => Err(format!("there is no command `files.{what}`")),
    }
}
