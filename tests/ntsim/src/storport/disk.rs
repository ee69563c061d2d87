//! The class layer: a disk as disk.sys and classpnp drive it. Splits transfers to the adapter's limits, retries
//! what they retry, takes unit attentions, and resets in steps when a request does not come back.

use super::adapter::{Adapter, Address};
use super::buffer::Buffer;
use super::request::{Ask, Direction, Outcome, Request, Stage};
use super::{rules, scan};
use crate::ke::wait::Timeout;
use crate::verifier;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use nt::sys::*;

/// Retries of a request that failed in a way that may pass (classpnp's MAXIMUM_RETRIES).
const RETRIES: u32 = 4;
/// Times that all resets are tried before a request counts as lost for good. Windows has no such limit.
const ROUNDS: u32 = 8;

/// Why a disk operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The unit or the adapter is gone.
    Gone,
    /// Not ready, or no answer after all resets.
    TimedOut,
    /// Write protected.
    WriteProtected,
    /// The device's own refusal or error: sense key, ASC, ASCQ.
    Sense(u8, u8, u8),
    /// An SRB status without sense data.
    Srb(u8),
    /// No memory for the request.
    NoMemory,
}

/// A disk.
#[derive(Clone, Copy)]
pub struct Disk {
    /// Its adapter.
    pub adapter: &'static Adapter,
    /// Where it is.
    pub address: Address,
    /// Sectors.
    pub sectors: u64,
    /// Bytes per logical sector.
    pub sector_size: u32,
    /// Logical sectors per physical one, as a power of two.
    pub physical_exponent: u8,
    /// Where in a page data buffers begin.
    pub offset: usize,
    /// Requests may take longer than their time-out. Elsewhere one that does is a fault that resets would only hide.
    pub may_time_out: bool,
}

/// Requests that have been sent and are to be awaited.
pub struct Pending {
    disk: Disk,
    parts: Vec<Arc<Request>>,
}

fn judge(outcome: &Outcome) -> Result<(), Failure> {
    if outcome.good() {
        return Ok(());
    }
    match outcome.sense_codes() {
        Some((7, _, _)) => Err(Failure::WriteProtected),
        Some((key, asc, ascq)) => Err(Failure::Sense(key, asc, ascq)),
        None if outcome.srb_status == SRB_STATUS_NO_DEVICE as u8 => Err(Failure::Gone),
        None => Err(Failure::Srb(outcome.srb_status)),
    }
}

/// Does classpnp try this again?
fn retry(outcome: &Outcome) -> bool {
    match outcome.sense_codes() {
        // Recovered error counts as success elsewhere; unit attention, aborted command, not ready: again.
        Some((2 | 6 | 0xB, _, _)) => true,
        Some(_) => false,
        None => matches!(
            u32::from(outcome.srb_status),
            SRB_STATUS_BUS_RESET
                | SRB_STATUS_BUSY
                | SRB_STATUS_TIMEOUT
                | SRB_STATUS_COMMAND_TIMEOUT
                | SRB_STATUS_ABORTED
        ),
    }
}

impl Disk {
    /// Opens the disk at an address: reads its capacity. PASSIVE_LEVEL.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn open(adapter: &'static Adapter, address: Address) -> Result<Self, Failure> {
        let mut disk = Self {
            adapter,
            address,
            sectors: 0,
            sector_size: 512,
            physical_exponent: 0,
            offset: 0,
            may_time_out: false,
        };
        disk.refresh()?;
        Ok(disk)
    }

    /// Reads the capacity again.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        let mut cdb = [0u8; 16];
        cdb[0] = 0x9E;
        cdb[1] = 0x10;
        cdb[13] = 32;
        let data = self.read_data(&cdb, 32)?;
        let word = |at: usize| u32::from_be_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
        self.sectors = (u64::from(word(0)) << 32 | u64::from(word(4))) + 1;
        self.sector_size = word(8);
        self.physical_exponent = data[13] & 15;
        Ok(())
    }

    /// INQUIRY data as text: vendor and product.
    pub fn name(&self) -> String {
        let units = self.adapter.units.lock();
        let Some(unit) = units.get(&self.address) else { return String::new() };
        String::from_utf8_lossy(&unit.inquiry[8..32]).trim_end().into()
    }

    /// Runs a command that returns data; gives what was transferred, filled to `len` with zeros.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn read_data(&self, cdb: &[u8], len: usize) -> Result<Vec<u8>, Failure> {
        let (request, _) = self.command(Ask::scsi(cdb, Direction::In), Some((len, None)))?;
        let mut data = alloc::vec![0; len];
        let count = (request.transferred() as usize).min(len);
        if let Some(buffer) = &request.buffer {
            buffer.read(&mut data[..count]);
        }
        Ok(data)
    }

    /// Runs a command with retries. Data: length, and content to send.
    ///
    /// # Errors
    /// What the unit answers in the end.
    pub fn command(
        &self,
        ask: Ask,
        data: Option<(usize, Option<&[u8]>)>,
    ) -> Result<(Arc<Request>, Outcome), Failure> {
        let mut last = Failure::TimedOut;
        for attempt in 0..=RETRIES {
            if attempt > 0 {
                scan::sleep(10);
            }
            let request = self.start(ask.clone(), data)?;
            let Some(outcome) = self.wait(&request) else {
                last = Failure::TimedOut;
                continue;
            };
            match judge(&outcome) {
                Ok(()) => return Ok((request, outcome)),
                // A short INQUIRY or sense page is what was asked for.
                Err(_)
                    if outcome.srb_status == SRB_STATUS_DATA_OVERRUN as u8
                        && ask.direction == Direction::In =>
                {
                    return Ok((request, outcome));
                }
                Err(failure) => {
                    last = failure;
                    if !retry(&outcome) {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    /// Builds and submits one request.
    fn start(&self, ask: Ask, data: Option<(usize, Option<&[u8]>)>) -> Result<Arc<Request>, Failure> {
        let buffer = match data {
            None => None,
            Some((len, content)) => {
                let buffer = Buffer::new(len, self.offset).ok_or(Failure::NoMemory)?;
                if let Some(content) = content {
                    buffer.fill(content);
                }
                Some(buffer)
            }
        };
        let request = Request::new(self.adapter, self.address, ask, buffer).ok_or(Failure::NoMemory)?;
        self.adapter.queue.submit(self.adapter, request.clone());
        Ok(request)
    }

    /// Waits for a request; when its time is up resets in steps, as Storport does: unit, target, bus, and again. What
    /// the miniport still has after a reset that failed is its own and cannot be sent a second time.
    fn wait(&self, request: &Arc<Request>) -> Option<Outcome> {
        let limit = u64::from(request.ask.timeout) * 1000;
        for step in 0..3 * ROUNDS {
            if let Some(outcome) = request.wait(Timeout::millis(limit)) {
                return Some(outcome);
            }
            assert!(
                self.may_time_out,
                "the miniport has not answered {:02x?} in {limit} ms ({} requests are with it)",
                request.ask.cdb,
                self.adapter.queue.active()
            );
            match step % 3 {
                0 => self.reset(SRB_FUNCTION_RESET_LOGICAL_UNIT),
                1 => self.reset(SRB_FUNCTION_RESET_DEVICE),
                _ => self.reset_bus(),
            }
        }
        request.wait(Timeout::millis(limit))
    }

    /// Sends a finished request anew, with its data.
    fn again(&self, part: &Arc<Request>) -> Result<Arc<Request>, Failure> {
        let len = part.length() as usize;
        let mut content = alloc::vec![0; len];
        if let Some(buffer) = &part.buffer {
            buffer.read(&mut content);
        }
        let write = part.ask.direction == Direction::Out;
        self.command(part.ask.clone(), Some((len, write.then_some(&content[..])))).map(|(request, _)| request)
    }

    fn reset(&self, function: u32) {
        let unit = function == SRB_FUNCTION_RESET_LOGICAL_UNIT;
        let at = self.address;
        let outcome = scan::send(self.adapter, at, Ask::function(function), None).map(|(_, outcome)| outcome);
        if outcome.is_some_and(|outcome| outcome.good()) {
            self.all_returned(|a| a.path == at.path && a.target == at.target && (!unit || a.lun == at.lun));
        }
    }

    /// HwResetBus: DISPATCH_LEVEL under the StartIo lock.
    pub fn reset_bus(&self) {
        let Some(routine) = self.adapter.miniport.data.HwResetBus else { return };
        let path = u32::from(self.address.path);
        let good = self
            .adapter
            .start_io_lock
            .with(|| crate::call!("HwResetBus", routine, self.adapter.context(), path));
        if good != 0 {
            self.all_returned(|a| u32::from(a.path) == path);
        }
    }

    fn all_returned(&self, within: impl Fn(&Address) -> bool) {
        let left = self.adapter.queue.outstanding(within);
        if left.iter().any(|r| r.stage() == Stage::Issued) {
            verifier::report(
                &rules::RESET_INCOMPLETE,
                alloc::format!(
                    "{} requests are outstanding after a reset that was reported successful",
                    left.len()
                ),
                [0, self.adapter.extension() as u64, left.len() as u64, 0],
            );
        }
    }

    /// Most bytes that one request may carry.
    pub fn max_transfer(&self) -> usize {
        let config = self.adapter.config();
        // A buffer that begins inside a page needs one segment more.
        let breaks = (config.NumberOfPhysicalBreaks as usize).saturating_mul(4096).max(4096);
        let limit = (config.MaximumTransferLength as usize).min(breaks).min(8 << 20);
        limit / self.sector_size as usize * self.sector_size as usize
    }

    fn rw(&self, write: bool, lba: u64, sectors: u32, fua: bool) -> Vec<u8> {
        let op = if write { 0x8A } else { 0x88 };
        let mut cdb = alloc::vec![op, u8::from(fua) << 3];
        cdb.extend_from_slice(&lba.to_be_bytes());
        cdb.extend_from_slice(&sectors.to_be_bytes());
        cdb.extend_from_slice(&[0, 0]);
        if lba + u64::from(sectors) <= u64::from(u32::MAX) && sectors <= 0xFFFF {
            // As disk.sys does: the 10-byte form while it reaches.
            let op = if write { 0x2A } else { 0x28 };
            cdb = alloc::vec![op, u8::from(fua) << 3];
            cdb.extend_from_slice(&(lba as u32).to_be_bytes());
            cdb.push(0);
            cdb.extend_from_slice(&(sectors as u16).to_be_bytes());
            cdb.push(0);
        }
        cdb
    }

    /// Reads whole sectors.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn read(&self, lba: u64, to: &mut [u8]) -> Result<(), Failure> {
        let size = self.sector_size as usize;
        let mut at = lba;
        for part in to.chunks_mut(self.max_transfer()) {
            let cdb = self.rw(false, at, (part.len() / size) as u32, false);
            let (request, _) = self.command(Ask::scsi(&cdb, Direction::In), Some((part.len(), None)))?;
            if let Some(buffer) = &request.buffer {
                buffer.read(part);
                assert!(buffer.surroundings_intact(), "a read wrote outside its buffer");
            }
            at += (part.len() / size) as u64;
        }
        Ok(())
    }

    /// Writes whole sectors.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn write(&self, lba: u64, from: &[u8], fua: bool) -> Result<(), Failure> {
        let size = self.sector_size as usize;
        let mut at = lba;
        for part in from.chunks(self.max_transfer()) {
            let cdb = self.rw(true, at, (part.len() / size) as u32, fua);
            self.command(Ask::scsi(&cdb, Direction::Out), Some((part.len(), Some(part))))?;
            at += (part.len() / size) as u64;
        }
        Ok(())
    }

    /// Sends a read or write without waiting; data to write, or the number of bytes to read.
    ///
    /// # Errors
    /// [`Failure::NoMemory`].
    pub fn send(&self, lba: u64, data: Result<&[u8], usize>) -> Result<Pending, Failure> {
        let size = self.sector_size as usize;
        let total = data.map_or_else(|len| len, <[u8]>::len);
        let mut parts = Vec::new();
        let mut at = 0;
        while at < total {
            let len = self.max_transfer().min(total - at);
            let first = lba + (at / size) as u64;
            let cdb = self.rw(data.is_ok(), first, (len / size) as u32, false);
            let direction = if data.is_ok() { Direction::Out } else { Direction::In };
            let content = data.ok().map(|data| &data[at..at + len]);
            parts.push(self.start(Ask::scsi(&cdb, direction), Some((len, content)))?);
            at += len;
        }
        Ok(Pending { disk: *self, parts })
    }

    /// SYNCHRONIZE CACHE (10): everything written before is on the medium when this returns.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn flush(&self) -> Result<(), Failure> {
        let mut ask = Ask::scsi(&[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], Direction::None);
        ask.timeout = 60;
        self.command(ask, None).map(|_| ())
    }

    /// UNMAP of one range.
    ///
    /// # Errors
    /// What the unit answers.
    pub fn unmap(&self, lba: u64, sectors: u32) -> Result<(), Failure> {
        let mut list = alloc::vec![0u8; 24];
        list[1] = 22;
        list[3] = 16;
        list[8..16].copy_from_slice(&lba.to_be_bytes());
        list[16..20].copy_from_slice(&sectors.to_be_bytes());
        let cdb = [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0];
        self.command(Ask::scsi(&cdb, Direction::Out), Some((24, Some(&list)))).map(|_| ())
    }
}

impl Pending {
    /// Waits for all parts; for a read, gives the data.
    ///
    /// # Errors
    /// The first failure; parts are retried like any request.
    pub fn finish(self) -> Result<Vec<u8>, Failure> {
        let mut data = Vec::new();
        self.each(|answered| {
            if answered.ask.direction == Direction::In
                && let Some(buffer) = &answered.buffer
            {
                let mut bytes = alloc::vec![0; buffer.len()];
                buffer.read(&mut bytes);
                data.extend_from_slice(&bytes);
            }
        })?;
        Ok(data)
    }

    /// Waits for all parts. What was read stays in the pages that it was read into: nobody looks at it.
    ///
    /// # Errors
    /// As [`Pending::finish`].
    pub fn end(self) -> Result<(), Failure> {
        self.each(|_| ())
    }

    fn each(self, mut good: impl FnMut(&Request)) -> Result<(), Failure> {
        let mut result = Ok(());
        let Self { disk, parts } = self;
        for part in parts {
            let outcome = match disk.wait(&part) {
                Some(outcome) => outcome,
                None => {
                    result = result.and(Err(Failure::TimedOut));
                    continue;
                }
            };
            let mut answered = part.clone();
            if let Err(failure) = judge(&outcome) {
                let again = if retry(&outcome) { disk.again(&part) } else { Err(failure) };
                match again {
                    Ok(request) => answered = request,
                    Err(failure) => {
                        result = result.and(Err(failure));
                        continue;
                    }
                }
            }
            good(&answered);
        }
        result
    }
}
