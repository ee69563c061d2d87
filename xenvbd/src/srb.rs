//! SRBs, of both kinds: what is asked, where the data is, and how it ends.
#![allow(unsafe_code, reason = "SRBs are storport's memory")]
#![allow(non_upper_case_globals, reason = "Microsoft's names in patterns")]

use core::ptr::{self, NonNull};

use arrayvec::ArrayVec;
use nt::sys::*;

use crate::{
    scsi::{Runs, SENSE_LENGTH, Sense},
    sp::Handle,
};

/// An SRB that storport gave us and that we have not completed.
///
/// Not a handle that frees or completes by itself: that is [`crate::token::SrbToken`].
#[derive(Clone, Copy, Debug)]
pub struct Srb {
    raw: NonNull<SCSI_REQUEST_BLOCK>,
    adapter: Handle,
}

// SAFETY: storport hands an SRB to one owner at a time, on whatever processor.
unsafe impl Send for Srb {}

/// What was prepared for an SRB without a lock: lives in its extension.
#[derive(Debug)]
pub struct Prepared {
    /// What the front-end has to do.
    pub operation: blkfront::request::Operation,
    /// First 512-byte sector.
    pub sector: u64,
    /// Number of sectors.
    pub sectors: u64,
    /// Runs of a discard.
    pub runs: Runs,
    /// Where the data is in memory, as the DMA sees it; null for none.
    pub segments: *const STOR_SCATTER_GATHER_LIST,
}

/// Where an SRB goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Path.
    pub path: u8,
    /// Target.
    pub target: u8,
    /// Logical unit.
    pub lun: u8,
}

/// A scatter-gather list's elements start here.
const ELEMENTS: usize = size_of::<STOR_SCATTER_GATHER_LIST>();

impl Srb {
    /// Takes over an SRB; `None` if it is null.
    ///
    /// # Safety
    /// Storport just gave this SRB to a callback of `adapter`.
    pub unsafe fn new(adapter: Handle, srb: *mut SCSI_REQUEST_BLOCK) -> Option<Self> {
        NonNull::new(srb).map(|raw| Self { raw, adapter })
    }

    /// The adapter that it was given to.
    #[must_use]
    pub fn adapter(&self) -> Handle {
        self.adapter
    }

    fn old(&self) -> *mut SCSI_REQUEST_BLOCK {
        self.raw.as_ptr()
    }

    fn new_form(&self) -> Option<*mut STORAGE_REQUEST_BLOCK> {
        // SAFETY: both kinds have the function at the same place.
        let function = unsafe { (*self.old()).Function };
        (u32::from(function) == SRB_FUNCTION_STORAGE_REQUEST_BLOCK).then(|| self.old().cast())
    }

    /// `SRB_FUNCTION_…`.
    #[must_use]
    pub fn function(&self) -> u32 {
        match self.new_form() {
            // SAFETY: an SRB of the new kind, ours.
            Some(srb) => unsafe { (*srb).SrbFunction },
            // SAFETY: an SRB of the old kind, ours.
            None => unsafe { (*self.old()).Function }.into(),
        }
    }

    /// Where it goes; `None` for an address of a kind that we never asked for.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        let Some(srb) = self.new_form() else {
            // SAFETY: an SRB of the old kind, ours.
            let srb = unsafe { &*self.old() };
            return Some(Address { path: srb.PathId, target: srb.TargetId, lun: srb.Lun });
        };
        // SAFETY: ours.
        let offset = unsafe { (*srb).AddressOffset } as usize;
        let address = srb.wrapping_byte_add(offset).cast::<STOR_ADDR_BTL8>();
        // SAFETY: storport built the SRB; the address lies within it.
        let kind = unsafe { (*address).Type };
        if u32::from(kind) != STOR_ADDRESS_TYPE_BTL8 {
            return None;
        }
        // SAFETY: as above, and it is of this type.
        let address = unsafe { &*address };
        Some(Address { path: address.Path, target: address.Target, lun: address.Lun })
    }

    /// The data of the new kind that holds the CDB.
    fn scsi_data(&self) -> Option<*mut SRBEX_DATA> {
        let srb = self.new_form()?;
        // SAFETY: ours.
        let count = unsafe { (*srb).NumSrbExData }.min(4) as usize;
        // SAFETY: ours.
        let offsets = unsafe { &raw const (*srb).SrbExDataOffset }.cast::<u32>();
        for index in 0..count {
            // SAFETY: storport made room for that many offsets.
            let offset = unsafe { offsets.wrapping_add(index).read() } as usize;
            if offset == 0 {
                continue;
            }
            let data = srb.wrapping_byte_add(offset).cast::<SRBEX_DATA>();
            // SAFETY: the offset points to extended data within the SRB.
            let kind = unsafe { (*data).Type };
            if [SrbExDataTypeScsiCdb16, SrbExDataTypeScsiCdb32, SrbExDataTypeScsiCdbVar].contains(&kind) {
                return Some(data);
            }
        }
        None
    }

    /// The command descriptor block, copied; longer ones are cut (and then refused).
    #[must_use]
    pub fn cdb(&self) -> ArrayVec<u8, 16> {
        let (bytes, length) = match (self.new_form(), self.scsi_data()) {
            (None, _) => {
                // SAFETY: an SRB of the old kind, ours.
                let srb = unsafe { &*self.old() };
                (srb.Cdb.as_ptr(), usize::from(srb.CdbLength))
            }
            (Some(_), Some(data)) => {
                // SAFETY: the type says how the rest is laid out; 16 and 32 bytes only differ at the end.
                match unsafe { (*data).Type } {
                    SrbExDataTypeScsiCdb16 | SrbExDataTypeScsiCdb32 => {
                        // SAFETY: as above.
                        let data = unsafe { &*data.cast::<SRBEX_DATA_SCSI_CDB16>() };
                        (data.Cdb.as_ptr(), usize::from(data.CdbLength))
                    }
                    _ => return ArrayVec::new(),
                }
            }
            (Some(_), None) => return ArrayVec::new(),
        };
        // SAFETY: the CDB has that many bytes, at least up to 16.
        let bytes = unsafe { core::slice::from_raw_parts(bytes, length.min(16)) };
        bytes.iter().copied().collect()
    }

    /// Length of the data buffer in bytes.
    #[must_use]
    pub fn data_length(&self) -> u32 {
        match self.new_form() {
            // SAFETY: ours.
            Some(srb) => unsafe { (*srb).DataTransferLength },
            // SAFETY: ours.
            None => unsafe { (*self.old()).DataTransferLength },
        }
    }

    /// Says how much was transferred.
    pub fn set_data_length(&self, length: u32) {
        match self.new_form() {
            // SAFETY: ours.
            Some(srb) => unsafe { (*srb).DataTransferLength = length },
            // SAFETY: ours.
            None => unsafe { (*self.old()).DataTransferLength = length },
        }
    }

    /// The data buffer. A system address for everything but reads and writes (MapBuffers).
    #[must_use]
    pub fn data_buffer(&self) -> *mut u8 {
        match self.new_form() {
            // SAFETY: ours.
            Some(srb) => unsafe { (*srb).DataBuffer }.cast(),
            // SAFETY: ours.
            None => unsafe { (*self.old()).DataBuffer }.cast(),
        }
    }

    /// The system address of the data of a read or write, or null. `IRQL <= DISPATCH_LEVEL`.
    #[must_use]
    pub fn system_address(&self) -> *mut u8 {
        // SAFETY: ours.
        unsafe { self.adapter.system_address(self.old()) }
    }

    /// The scatter-gather list that the port driver built for a read or write.
    #[must_use]
    pub fn segments(&self) -> *const STOR_SCATTER_GATHER_LIST {
        // SAFETY: ours, on its way through HwBuildIo or HwStartIo.
        unsafe { StorPortGetScatterGatherList(self.adapter.as_ptr(), self.old()) }
    }

    /// Element `index` of the prepared list.
    #[must_use]
    pub fn segment(&self, index: usize) -> Option<blkfront::request::Segment> {
        let list = self.prepared().segments;
        if list.is_null() {
            return None;
        }
        // SAFETY: the list belongs to the SRB and lives as long.
        let count = unsafe { (*list).NumberOfElements } as usize;
        if index >= count {
            return None;
        }
        let first = list.wrapping_byte_add(ELEMENTS).cast::<STOR_SCATTER_GATHER_ELEMENT>();
        // SAFETY: the list has `count` elements.
        let element = unsafe { &*first.wrapping_add(index) };
        // SAFETY: every bit pattern of the union is a 64-bit number.
        let address = unsafe { element.PhysicalAddress.QuadPart } as u64;
        Some(blkfront::request::Segment { address, length: element.Length })
    }

    fn extension(&self) -> *mut Prepared {
        let extension = match self.new_form() {
            // SAFETY: ours.
            Some(srb) => unsafe { (*srb).MiniportContext },
            // SAFETY: ours.
            None => unsafe { (*self.old()).SrbExtension },
        };
        extension.cast()
    }

    /// Stores what HwStartIo is to do.
    pub fn prepare(&self, prepared: Prepared) {
        // SAFETY: the extension has SrbExtensionSize bytes, pointer-aligned, and is ours.
        unsafe { ptr::write(self.extension(), prepared) };
    }

    /// What was stored.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        // SAFETY: HwStartIo only sees SRBs that HwBuildIo prepared.
        unsafe { &*self.extension() }
    }

    /// Copies out of the mapped data buffer; false if it is not so long.
    #[must_use]
    pub fn read_buffer(&self, offset: usize, to: &mut [u8]) -> bool {
        let buffer = self.data_buffer();
        let fits = offset.checked_add(to.len()).is_some_and(|end| end <= self.data_length() as usize);
        if buffer.is_null() || !fits {
            return false;
        }
        // SAFETY: the buffer is mapped (MapBuffers) and has data_length bytes; the copy is private.
        unsafe { ptr::copy_nonoverlapping(buffer.wrapping_add(offset), to.as_mut_ptr(), to.len()) };
        true
    }

    /// Copies a reply into the mapped data buffer, as much as fits; the number of bytes.
    #[must_use]
    pub fn write_buffer(&self, from: &[u8]) -> usize {
        let buffer = self.data_buffer();
        let length = from.len().min(self.data_length() as usize);
        if buffer.is_null() {
            return 0;
        }
        // SAFETY: the buffer is mapped (MapBuffers) and has data_length bytes.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), buffer, length) };
        length
    }

    fn set_scsi_status(&self, status: u32) {
        match self.new_form() {
            None => {
                // SAFETY: ours.
                unsafe { (*self.old()).ScsiStatus = status as u8 };
            }
            Some(_) => {
                if let Some(data) = self.scsi_data() {
                    // SAFETY: the status is at the same place in all kinds.
                    unsafe { (*data.cast::<SRBEX_DATA_SCSI_CDB16>()).ScsiStatus = status as u8 };
                }
            }
        }
    }

    fn sense_buffer(&self) -> (*mut u8, usize) {
        match (self.new_form(), self.scsi_data()) {
            (None, _) => {
                // SAFETY: ours.
                let srb = unsafe { &*self.old() };
                (srb.SenseInfoBuffer.cast(), srb.SenseInfoBufferLength.into())
            }
            (Some(_), Some(data)) => {
                // SAFETY: 16 and 32 bytes differ only behind the sense buffer's address; others are refused.
                let data = unsafe { &*data.cast::<SRBEX_DATA_SCSI_CDB16>() };
                (data.SenseInfoBuffer.cast(), data.SenseInfoBufferLength.into())
            }
            _ => (ptr::null_mut(), 0),
        }
    }

    /// Sets CHECK CONDITION with this sense data and returns the SRB status.
    fn check_condition(&self, sense: Sense) -> u32 {
        self.set_scsi_status(SCSISTAT_CHECK_CONDITION);
        self.set_data_length(0);
        let (buffer, length) = self.sense_buffer();
        if buffer.is_null() || length == 0 {
            return SRB_STATUS_ERROR;
        }
        let data = sense.encode();
        // SAFETY: the sense buffer has that many bytes.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), buffer, length.min(SENSE_LENGTH)) };
        SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID
    }

    /// Ends the SRB.
    pub fn complete(self, end: End) {
        let status = match end {
            End::Success { transferred } => {
                self.set_scsi_status(SCSISTAT_GOOD);
                self.set_data_length(transferred);
                SRB_STATUS_SUCCESS
            }
            End::Sense(sense) => self.check_condition(sense),
            End::Status(status) => {
                if status != SRB_STATUS_SUCCESS {
                    self.set_data_length(0);
                }
                status
            }
        };
        // SAFETY: both kinds have the status at the same place; ours.
        unsafe { (*self.old()).SrbStatus = status as u8 };
        // SAFETY: the status is set; `self` is consumed, and its copies are not used again.
        unsafe { self.adapter.complete(self.old()) };
    }
}

/// How an SRB ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// GOOD, with so many bytes of data.
    Success {
        /// Bytes.
        transferred: u32,
    },
    /// CHECK CONDITION.
    Sense(Sense),
    /// An SRB status, where it is not the unit that speaks.
    Status(u32),
}

impl crate::scsi::DataOut for Srb {
    fn read(&self, offset: usize, to: &mut [u8]) -> bool {
        self.read_buffer(offset, to)
    }
}
