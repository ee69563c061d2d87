//! One request: the SRB in either form, its extension, sense buffer, data and segments.

use super::adapter::{Adapter, Address};
use super::buffer::{self, Buffer, List};
use super::zeroed;
use crate::abi::*;
use crate::ke::event;
use crate::ke::wait::{self, Timeout};
use crate::mm::PAGE;
use crate::mm::pool::{self, PoolKind};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU8, Ordering::*};

/// Bytes of autosense space: what classpnp gives.
const SENSE: usize = 252;
/// A user address that is never mapped: what DataBuffer is when Storport does not map buffers.
const UNMAPPED: usize = 0x7fff_0000_0000;

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// No data.
    None,
    /// From the device.
    In,
    /// To the device.
    Out,
}

/// What is asked of a miniport.
#[derive(Clone, Debug)]
pub struct Ask {
    /// SRB function (SRB_FUNCTION_*).
    pub function: u8,
    /// Command block, up to 16 bytes.
    pub cdb: Vec<u8>,
    /// Direction of data.
    pub direction: Direction,
    /// Further SRB flags.
    pub flags: u32,
    /// Seconds until the class layer resets.
    pub timeout: u32,
}

impl Ask {
    /// A SCSI command.
    pub fn scsi(cdb: &[u8], direction: Direction) -> Self {
        Self {
            function: SRB_FUNCTION_EXECUTE_SCSI as u8,
            cdb: cdb.to_vec(),
            direction,
            flags: 0,
            timeout: 10,
        }
    }

    /// A function without data.
    pub fn function(function: u32) -> Self {
        Self { function: function as u8, cdb: Vec::new(), direction: Direction::None, flags: 0, timeout: 10 }
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// SRB_STATUS_* without the flag bits.
    pub srb_status: u8,
    /// SCSI status byte.
    pub scsi_status: u8,
    /// Bytes transferred.
    pub transferred: u32,
    /// Autosense data if it is valid.
    pub sense: Option<Vec<u8>>,
}

impl Outcome {
    /// Success.
    pub fn good(&self) -> bool {
        self.srb_status == SRB_STATUS_SUCCESS as u8
    }

    /// Sense key, ASC and ASCQ of fixed or descriptor sense data (SPC-4, 4.5).
    pub fn sense_codes(&self) -> Option<(u8, u8, u8)> {
        let s = self.sense.as_ref()?;
        match s.first()? & 0x7F {
            0x70 | 0x71 => Some((s.get(2)? & 15, *s.get(12)?, *s.get(13)?)),
            0x72 | 0x73 => Some((s.get(1)? & 15, *s.get(2)?, *s.get(3)?)),
            _ => None,
        }
    }
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// In the port's queue.
    Queued,
    /// At the miniport.
    Issued,
    /// The miniport has completed it.
    Completed,
}

/// A request.
pub struct Request {
    /// Where it goes.
    pub address: Address,
    /// What was asked.
    pub ask: Ask,
    /// Its data.
    pub buffer: Option<Buffer>,
    stage: AtomicU8,
    srb: usize,
    srb_size: usize,
    extended: bool,
    extension: usize,
    /// Pages of a large extension; zero for one in pool.
    extension_pages: usize,
    sense: usize,
    length: u32,
    /// Segments for StorPortGetScatterGatherList.
    pub list: UnsafeCell<List>,
    done: Box<UnsafeCell<KEVENT>>,
    outcome: UnsafeCell<Option<Outcome>>,
}

unsafe impl Send for Request {}
unsafe impl Sync for Request {}

fn block(size: usize) -> Option<usize> {
    pool::allocate(PoolKind::NonPagedNx, size.max(16), u32::from_le_bytes(*b"ScSr"), 0, true)
        .map(|at| at as usize)
}

impl Request {
    /// Builds a request with its SRB. None: no memory.
    pub fn new(adapter: &Adapter, address: Address, ask: Ask, buffer: Option<Buffer>) -> Option<Arc<Self>> {
        let config = adapter.config();
        let extended = config.SrbType == SRB_TYPE_STORAGE_REQUEST_BLOCK as u8;
        let srb_size = if extended { Layout::SIZE } else { size_of::<SCSI_REQUEST_BLOCK>() };
        let srb = block(srb_size)?;
        let extension_size = config.SrbExtensionSize.max(adapter.miniport.data.SrbExtensionSize) as usize;
        let extension_pages = if extension_size > PAGE / 2 { extension_size.div_ceil(PAGE) } else { 0 };
        let extension = match (extension_size, extension_pages) {
            (0, _) => 0,
            (size, 0) => block(size)?,
            (_, pages) => buffer::take(pages)?,
        };
        if extension != 0 {
            // Storport does not clear it between requests.
            unsafe { core::ptr::write_bytes(extension as *mut u8, 0xE7, extension_size) };
        }
        let sense = block(SENSE)?;
        let length = buffer.as_ref().map_or(0, |b| b.len() as u32);
        let segments = buffer.as_ref().map_or_else(Vec::new, |b| b.segments(b.len()));
        let mut request = Self {
            address,
            ask,
            buffer,
            stage: AtomicU8::new(Stage::Queued as u8),
            srb,
            srb_size,
            extended,
            extension,
            extension_pages,
            sense,
            length,
            list: UnsafeCell::new(List::new(&segments)),
            done: Box::new(UnsafeCell::new(zeroed())),
            outcome: UnsafeCell::new(None),
        };
        unsafe { event::initialize(request.done.get(), false, false) };
        request.fill(config.MapBuffers);
        Some(Arc::new(request))
    }

    /// Number of physical segments.
    pub fn segments(&self) -> u32 {
        unsafe { (*(*self.list.get()).as_ptr()).NumberOfElements }
    }

    fn data_pointer(&self, map: u8) -> *mut core::ffi::c_void {
        let Some(buffer) = &self.buffer else { return core::ptr::null_mut() };
        let read_write =
            matches!(self.ask.cdb.first(), Some(0x08 | 0x0A | 0x28 | 0x2A | 0x88 | 0x8A | 0xA8 | 0xAA));
        let mapped = match map {
            STOR_MAP_NO_BUFFERS_VALUE => false,
            STOR_MAP_NON_READ_WRITE_VALUE => !read_write,
            _ => true,
        };
        (if mapped { buffer.va() } else { UNMAPPED + buffer.va() % 4096 }) as *mut _
    }

    fn fill(&mut self, map: u8) {
        let data = self.data_pointer(map);
        let flags = self.ask.flags
            | match self.ask.direction {
                Direction::None => 0,
                Direction::In => SRB_FLAGS_DATA_IN,
                Direction::Out => SRB_FLAGS_DATA_OUT,
            };
        unsafe {
            if self.extended {
                Layout::fill(self, data, flags);
                return;
            }
            let srb = &mut *(self.srb as *mut SCSI_REQUEST_BLOCK);
            srb.Length = size_of::<SCSI_REQUEST_BLOCK>() as u16;
            srb.Function = self.ask.function;
            srb.PathId = self.address.path;
            srb.TargetId = self.address.target;
            srb.Lun = self.address.lun;
            srb.CdbLength = self.ask.cdb.len() as u8;
            srb.SenseInfoBufferLength = SENSE as u8;
            srb.SrbFlags = flags;
            srb.DataTransferLength = self.length;
            srb.TimeOutValue = self.ask.timeout;
            srb.DataBuffer = data;
            srb.SenseInfoBuffer = self.sense as *mut _;
            srb.SrbExtension = self.extension as *mut _;
            srb.OriginalRequest = core::ptr::null_mut();
            srb.Cdb[..self.ask.cdb.len()].copy_from_slice(&self.ask.cdb);
        }
    }

    /// The SRB as miniports take it.
    pub fn srb(&self) -> *mut SCSI_REQUEST_BLOCK {
        self.srb as *mut _
    }

    /// Stage.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Acquire) {
            0 => Stage::Queued,
            1 => Stage::Issued,
            _ => Stage::Completed,
        }
    }

    /// The request goes to the miniport.
    pub fn issue(&self) {
        self.stage.store(Stage::Issued as u8, Release);
    }

    /// The miniport has completed it; false if it was not there.
    pub fn complete(&self) -> bool {
        self.stage.compare_exchange(Stage::Issued as u8, Stage::Completed as u8, AcqRel, Relaxed).is_ok()
    }

    /// SrbStatus as it stands.
    pub fn srb_status(&self) -> u8 {
        unsafe { (*self.srb()).SrbStatus }
    }

    /// Sets SrbStatus (both forms have it at the same place).
    pub fn set_srb_status(&self, status: u8) {
        unsafe { (*self.srb()).SrbStatus = status };
    }

    /// Length asked for.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// Bytes that the SRB says were transferred.
    pub fn transferred(&self) -> u32 {
        unsafe {
            if self.extended {
                (*(self.srb as *const STORAGE_REQUEST_BLOCK)).DataTransferLength
            } else {
                (*self.srb()).DataTransferLength
            }
        }
    }

    /// Takes the result out of the SRB and wakes the waiter.
    pub fn finish(&self) {
        let status = self.srb_status();
        let valid = status & SRB_STATUS_AUTOSENSE_VALID as u8 != 0;
        let (scsi_status, sense_len) = unsafe {
            if self.extended {
                let cdb = &*Layout::cdb(self.srb);
                (cdb.ScsiStatus, cdb.SenseInfoBufferLength)
            } else {
                ((*self.srb()).ScsiStatus, (*self.srb()).SenseInfoBufferLength)
            }
        };
        let sense = valid.then(|| {
            let len = usize::from(sense_len).min(SENSE);
            unsafe { core::slice::from_raw_parts(self.sense as *const u8, len) }.to_vec()
        });
        let outcome =
            Outcome { srb_status: status & 0x3F, scsi_status, transferred: self.transferred(), sense };
        unsafe {
            *self.outcome.get() = Some(outcome);
            event::set(self.done.get());
        }
    }

    /// Waits for the end. None: out of time.
    pub fn wait(&self, timeout: Timeout) -> Option<Outcome> {
        let status = unsafe { wait::wait_one(self.done.get(), timeout) };
        if status == STATUS_TIMEOUT {
            return None;
        }
        unsafe { (*self.outcome.get()).clone() }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // A request at the miniport is kept alive by the queue.
        debug_assert!(self.stage() != Stage::Issued);
        unsafe { core::ptr::write_bytes(self.srb as *mut u8, 0xDD, self.srb_size) };
        let mut extension = self.extension;
        if self.extension_pages != 0 {
            buffer::give(extension, self.extension_pages);
            extension = 0;
        }
        for at in [self.srb, extension, self.sense] {
            if at != 0 {
                crate::io::glue::pool_free(at as *mut u8);
            }
        }
    }
}

const STOR_MAP_NO_BUFFERS_VALUE: u8 = 0;
const STOR_MAP_NON_READ_WRITE_VALUE: u8 = 2;

/// Layout of an extended SRB: header, BTL8 address, one SCSI CDB16 record (WDK srb.h: offsets are multiples of 8).
struct Layout;

impl Layout {
    const ADDRESS: usize = size_of::<STORAGE_REQUEST_BLOCK>().next_multiple_of(8);
    const CDB: usize = Self::ADDRESS + size_of::<STOR_ADDR_BTL8>().next_multiple_of(8);
    const SIZE: usize = Self::CDB + size_of::<SRBEX_DATA_SCSI_CDB16>().next_multiple_of(8);

    fn cdb(srb: usize) -> *mut SRBEX_DATA_SCSI_CDB16 {
        (srb + Self::CDB) as *mut _
    }

    unsafe fn fill(request: &Request, data: *mut core::ffi::c_void, flags: u32) {
        let srb = &mut *(request.srb as *mut STORAGE_REQUEST_BLOCK);
        srb.Length = size_of::<STORAGE_REQUEST_BLOCK>() as u16;
        srb.Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK as u8;
        srb.Signature = SRB_SIGNATURE;
        srb.Version = STORAGE_REQUEST_BLOCK_VERSION_1;
        srb.SrbLength = Self::SIZE as u32;
        srb.SrbFunction = u32::from(request.ask.function);
        srb.SrbFlags = flags;
        srb.TimeOutValue = request.ask.timeout;
        srb.AddressOffset = Self::ADDRESS as u32;
        srb.DataTransferLength = request.length;
        srb.DataBuffer = data;
        srb.MiniportContext = request.extension as *mut _;
        let address = &mut *((request.srb + Self::ADDRESS) as *mut STOR_ADDR_BTL8);
        address.Type = STOR_ADDRESS_TYPE_BTL8 as u16;
        address.AddressLength = 4;
        address.Path = request.address.path;
        address.Target = request.address.target;
        address.Lun = request.address.lun;
        if u32::from(request.ask.function) != SRB_FUNCTION_EXECUTE_SCSI {
            return;
        }
        srb.NumSrbExData = 1;
        srb.SrbExDataOffset[0] = Self::CDB as u32;
        let cdb = &mut *Self::cdb(request.srb);
        cdb.Type = SrbExDataTypeScsiCdb16 as _;
        cdb.Length = (size_of::<SRBEX_DATA_SCSI_CDB16>() - 8) as u32;
        cdb.CdbLength = request.ask.cdb.len() as u8;
        cdb.SenseInfoBufferLength = SENSE as u8;
        cdb.SenseInfoBuffer = request.sense as *mut _;
        cdb.Cdb[..request.ask.cdb.len()].copy_from_slice(&request.ask.cdb);
    }
}
