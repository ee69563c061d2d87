//! Disk I/O in a Linux guest, as the stand-in kernel does it in ours: the same requests in the same order.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

/// `O_DIRECT` (asm-generic/fcntl.h; x86-64 has the same).
const DIRECT: i32 = 0o40_000;
/// What `O_DIRECT` asks of buffers.
const ALIGN: usize = 4096;

/// One measurement.
#[derive(clap::Args)]
pub struct Options {
    /// The disk
    disk: std::path::PathBuf,
    /// `read` or `write`
    what: String,
    /// `sequential` or `random`
    order: String,
    /// Bytes of a request, a multiple of 4096
    bytes: usize,
    /// Requests in flight
    depth: u64,
    /// Requests in all
    count: u64,
}

/// Where request `number` goes, in units of its size: the same sequence as the stand-in kernel's.
fn place(number: u64, units: u64, random: bool) -> u64 {
    if random { number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17 } else { number }.rem_euclid(units)
}

/// Runs it and prints the nanoseconds it took.
pub fn run(options: &Options) -> Result<()> {
    ensure!(
        options.bytes.is_multiple_of(ALIGN) && options.bytes > 0 && options.depth > 0,
        "a bad size or depth"
    );
    let write = options.what == "write";
    let file = OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(DIRECT)
        .open(&options.disk)
        .with_context(|| format!("{}", options.disk.display()))?;
    let units = size_of(&options.disk)? / options.bytes as u64;
    let next = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..options.depth)
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    let mut memory = vec![0x5a; options.bytes + ALIGN];
                    let skip = memory.as_ptr().align_offset(ALIGN);
                    let buffer = &mut memory[skip..skip + options.bytes];
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= options.count {
                            return Ok(());
                        }
                        let at = place(number, units, options.order == "random") * options.bytes as u64;
                        if write { file.write_all_at(buffer, at) } else { file.read_exact_at(buffer, at) }?;
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        }
        anyhow::Ok(())
    })?;
    println!("{}", start.elapsed().as_nanos());
    Ok(())
}

/// A block device's size, by its end.
fn size_of(disk: &Path) -> Result<u64> {
    use std::io::{Seek, SeekFrom};
    Ok(std::fs::File::open(disk)?.seek(SeekFrom::End(0))?)
}
