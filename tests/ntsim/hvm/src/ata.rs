//! The emulated IDE controller's drives, polled (ATA/ATAPI-7; SCSI's READ(10) for the CD-ROM): what a guest is started from
//! has to be there before and beside our drivers.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use core::sync::atomic::{AtomicU16, Ordering};

use ntsim::pnp::pci;

use crate::{port, time};

/// A drive on one of the two legacy channels.
pub struct Drive {
    ports: u16,
    control: u16,
    select: u8,
}

/// The disk that firmware starts from: primary master.
pub const DISK: Drive = Drive { ports: 0x1f0, control: 0x3f6, select: 0xe0 };
/// `hdc` and `hdd`: the CD-ROM drives of the secondary channel.
pub const MEDIA: [Drive; 2] = [
    Drive { ports: 0x170, control: 0x376, select: 0xa0 },
    Drive { ports: 0x170, control: 0x376, select: 0xb0 },
];

/// Bytes of a disk's sector, and of a CD-ROM's.
pub const SECTOR: usize = 512;
const CD_SECTOR: usize = 2048;
/// Bytes that a CD-ROM drive gives at once: whole sectors, in 16 bits.
const ONCE: usize = 16 * CD_SECTOR;

// Registers behind `ports`, and commands.
const COUNT: u16 = 2;
const LBA: u16 = 3;
const DEVICE: u16 = 6;
const COMMAND: u16 = 7;
const READ: u8 = 0x20;
const WRITE: u8 = 0x30;
const PACKET: u8 = 0xa0;
const FLUSH: u8 = 0xe7;
// Status.
const BUSY: u8 = 0x80;
const FAULT: u8 = 0x20;
const DATA: u8 = 8;
const ERROR: u8 = 1;
/// Device control: no interrupts; reset.
const QUIET: u8 = 2;
const RESET: u8 = 4;
/// For the device model, which may be busy with other things: generous.
const PATIENCE_NS: u64 = 60_000_000_000;

/// The bus master's registers of a channel: command, status (behind 2), table (behind 4).
const START: u8 = 1;
const TO_MEMORY: u8 = 8;
const ACTIVE: u8 = 1;
const FAILED: u8 = 2;

/// Where a medium's sectors come to by DMA: in one piece, and not across 64 KiB.
struct Buffer {
    memory: Vec<u64>,
    first: usize,
    /// The table of one entry: address, length, end.
    table: Box<u64>,
}

impl Buffer {
    fn new(length: usize) -> Self {
        const END: u64 = 1 << 63;
        let memory = vec![0u64; 2 * ONCE / 8];
        let start = memory.as_ptr() as usize;
        let first = (start.next_multiple_of(ONCE) - start) / 8;
        // Everything of ours is identity-mapped, below 4 GiB.
        let entry = (start + first * 8) as u64 | (length as u64) << 32 | END;
        Self { memory, first, table: Box::new(entry) }
    }

    fn table(&mut self) -> u32 {
        let table = &raw mut *self.table;
        // Read by the device: the compiler must not keep it to itself.
        unsafe { table.write_volatile(table.read()) };
        table as u32
    }

    /// What the device wrote.
    fn content(&self, length: usize) -> Vec<u8> {
        let words = self.memory.iter().skip(self.first).take(length.div_ceil(8));
        // Behind the compiler's back.
        words.flat_map(|word| unsafe { core::ptr::from_ref(word).read_volatile() }.to_le_bytes()).collect()
    }
}

/// The controller's bus master registers, once they are known.
static BUS_MASTER: AtomicU16 = AtomicU16::new(0);

/// Switches the bus master on: BAR 4 of the IDE function (PIIX3 data sheet). Once, before drivers run: the bus is looked
/// through for it.
fn bus_master() -> Result<u16, String> {
    const IDE: (u8, u8) = (1, 1);
    const COMMAND: u16 = 4;
    const BASE: u16 = 0x20;
    const ENABLE: u32 = 5;
    let known = BUS_MASTER.load(Ordering::Acquire);
    if known != 0 {
        return Ok(known);
    }
    let found = pci::scan(0).into_iter().find(|function| (function.class.0, function.class.1) == IDE);
    let at = found.ok_or("there is no IDE controller")?.at;
    pci::write(at, COMMAND, 2, pci::read(at, COMMAND, 2) | ENABLE);
    let base = pci::read(at, BASE, 4) as u16 & !3;
    BUS_MASTER.store(base, Ordering::Release);
    Ok(base)
}

impl Drive {
    /// Waits until the drive is not busy, and has or wants data or has none, as is wanted.
    fn wait(&self, data: bool) -> Result<(), String> {
        let from = time::raw();
        while time::raw() - from < PATIENCE_NS {
            match port::in8(self.ports + COMMAND) {
                0 | 0xff => return Err("there is no drive".into()),
                status if status & BUSY != 0 => {}
                status if status & (ERROR | FAULT) != 0 => {
                    let error = port::in8(self.ports + 1);
                    return Err(format!("status {status:#x}, error {error:#x}"));
                }
                status if (status & DATA != 0) == data => return Ok(()),
                _ => {}
            }
        }
        Err("the drive does not answer".into())
    }

    /// Selects the drive, whatever was going on with it.
    fn select(&self, extra: u8) {
        port::out8(self.control, QUIET);
        port::out8(self.ports + DEVICE, self.select | extra);
        // The status is valid 400 ns later: a read of it takes longer.
        port::in8(self.control);
    }

    /// Ends what another processor, or we before a crash, had begun.
    pub fn reset(&self) {
        port::out8(self.control, QUIET | RESET);
        time::wait(10_000);
        port::out8(self.control, QUIET);
        time::wait(2_000_000);
    }

    fn begin(&self, lba: u32, count: u8, command: u8) {
        self.select((lba >> 24) as u8 & 15);
        port::out8(self.ports + COUNT, count);
        for byte in 0..3u16 {
            port::out8(self.ports + LBA + byte, (lba >> (8 * byte)) as u8);
        }
        port::out8(self.ports + COMMAND, command);
    }

    /// Reads sectors of a disk.
    pub fn read(&self, lba: u32, count: u8) -> Result<Vec<u8>, String> {
        self.begin(lba, count, READ);
        let mut data = vec![0; usize::from(count) * SECTOR];
        for sector in data.chunks_mut(SECTOR) {
            self.wait(true)?;
            port::in_words(self.ports, sector);
        }
        self.wait(false)?;
        Ok(data)
    }

    /// Writes whole sectors of a disk, and has them on it when it returns.
    pub fn write(&self, lba: u32, data: &[u8]) -> Result<(), String> {
        self.begin(lba, (data.len() / SECTOR) as u8, WRITE);
        for sector in data.chunks_exact(SECTOR) {
            self.wait(true)?;
            port::out_words(self.ports, sector);
        }
        self.wait(false)?;
        port::out8(self.ports + COMMAND, FLUSH);
        self.wait(false)
    }

    fn packet(&self, sector: u32, count: u16) -> Result<Vec<u8>, String> {
        const READ_10: u8 = 0x28;
        let length = usize::from(count) * CD_SECTOR;
        let master = bus_master()? + if self.ports == DISK.ports { 0 } else { 8 };
        let mut buffer = Buffer::new(length);
        port::out8(master, 0);
        port::out8(master + 2, FAILED);
        port::out32(master + 4, buffer.table());
        self.select(0);
        // By DMA: word by word a device model takes minutes for what a medium has.
        port::out8(self.ports + 1, 1);
        port::out8(self.ports + COMMAND, PACKET);
        self.wait(true)?;
        let mut cdb = [0; 12];
        cdb[0] = READ_10;
        cdb[2..6].copy_from_slice(&sector.to_be_bytes());
        cdb[7..9].copy_from_slice(&count.to_be_bytes());
        port::out_words(self.ports, &cdb);
        port::out8(master, TO_MEMORY | START);
        let from = time::raw();
        let result = loop {
            let status = port::in8(master + 2);
            if status & FAILED != 0 {
                break Err(format!("DMA status {status:#x}"));
            }
            // Not by its interrupt bit: interrupts are off, and with them that.
            if status & ACTIVE == 0 {
                break self.wait(false);
            }
            if time::raw() - from > PATIENCE_NS {
                break Err("no end of DMA".into());
            }
        };
        port::out8(master, 0);
        result.map(|()| buffer.content(length))
    }

    /// Reads sectors of a medium.
    pub fn read_medium(&self, sector: u32, count: u32) -> Result<Vec<u8>, String> {
        let mut data = Vec::new();
        const MOST: u32 = (ONCE / CD_SECTOR) as u32;
        for first in (0..count).step_by(MOST as usize) {
            let now = (count - first).min(MOST) as u16;
            // The first command after a start may only say that the medium is new.
            let part = self.packet(sector + first, now).or_else(|_| self.packet(sector + first, now))?;
            data.extend(part);
        }
        Ok(data)
    }
}
