//! Crash dump and hibernation: the same image, loaded a second time.
//!
//! The second instance has no driver object, no allocator, no interrupts, no time, and every other
//! processor stands still, holding whatever locks it holds. It needs none of that: the normal instance
//! has left a [`Share`] (its address travels as `MiniportDumpData`) with a connected ring, its event
//! channel and some granted pages of every disk. The ring is taken over where it stands
//! ([`blkfront::emergency`]); xenstore and the grant table are not touched.
//!
//! A disk that has no ring at that moment (its back-end is gone, a suspend is under way) cannot be
//! dumped to: the dump stack is told so and gives up.
#![allow(unsafe_code, reason = "memory of another instance of this image")]

use alloc::string::String;
use core::{
    cell::UnsafeCell,
    ffi::CStr,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use arrayvec::ArrayVec;
use blkfront::{
    emergency::{EmergencyRing, Failed, Line, MAX_BYTES, PAGES},
    negotiate::{Disk, FlushBy},
    request::{Failure, Operation},
};
use nt::sys::*;
use xenbus::{
    arch::{Direct, Xen},
    page::RawPages,
    seam::SharedPage,
    types::{Gfn, PAGE_SIZE, Port},
};

use crate::{
    numbering::TARGETS,
    scsi::{self, Action, Identity, Pages, Reply, Sense, Unit},
    srb::{End, Srb},
};

/// "XVBDDUMP"
const MAGIC: u64 = u64::from_le_bytes(*b"XVBDDUMP");
const VERSION: u32 = 1;
/// Ten microseconds each: half a minute for one request.
const PATIENCE: u32 = 3_000_000;

/// What the normal instance leaves of one disk. Written by the control side, read after a crash: every
/// field by itself is whole at any time, and `valid` says that they belong together.
#[repr(C)]
pub struct Disposal {
    valid: AtomicU32,
    port: AtomicU32,
    handle: AtomicU16,
    /// 0 none, 1 flush, 2 barrier.
    flush: AtomicU16,
    ring_pages: AtomicU32,
    ring: AtomicPtr<u8>,
    data: AtomicPtr<u8>,
    grefs: [AtomicU32; PAGES],
    block: AtomicU32,
    sectors: AtomicU64,
    /// The dump side has used the ring: the normal side's indexes are no longer true.
    used: AtomicU32,
}

/// What the normal instance leaves.
#[repr(C)]
pub struct Share {
    magic: AtomicU64,
    version: AtomicU32,
    size: AtomicU32,
    disks: [Disposal; TARGETS],
}

static SHARE: Share = Share {
    magic: AtomicU64::new(MAGIC),
    version: AtomicU32::new(VERSION),
    size: AtomicU32::new(size_of::<Share>() as u32),
    disks: [const {
        Disposal {
            valid: AtomicU32::new(0),
            port: AtomicU32::new(0),
            handle: AtomicU16::new(0),
            flush: AtomicU16::new(0),
            ring_pages: AtomicU32::new(0),
            ring: AtomicPtr::new(ptr::null_mut()),
            data: AtomicPtr::new(ptr::null_mut()),
            grefs: [const { AtomicU32::new(0) }; PAGES],
            block: AtomicU32::new(0),
            sectors: AtomicU64::new(0),
            used: AtomicU32::new(0),
        }
    }; TARGETS],
};

/// A ring that can be taken over.
#[derive(Clone, Copy, Debug)]
pub struct Rescue {
    /// Event channel.
    pub port: u32,
    /// Number of the device in requests.
    pub handle: u16,
    /// Address and number of pages of the ring.
    pub ring: (*mut u8, u32),
    /// Address of the pages set aside.
    pub data: *mut u8,
    /// Their grants.
    pub grefs: [u32; PAGES],
}

/// The disk `target` has a ring that can be taken over.
pub fn offer(target: u8, rescue: &Rescue, disk: &Disk) {
    let Some(entry) = SHARE.disks.get(usize::from(target)) else { return };
    entry.valid.store(0, Ordering::SeqCst);
    entry.port.store(rescue.port, Ordering::Relaxed);
    entry.handle.store(rescue.handle, Ordering::Relaxed);
    let flush = match disk.flush_by() {
        FlushBy::Nothing => 0,
        FlushBy::Flush => 1,
        FlushBy::Barrier => 2,
    };
    entry.flush.store(flush, Ordering::Relaxed);
    entry.ring.store(rescue.ring.0, Ordering::Relaxed);
    entry.ring_pages.store(rescue.ring.1, Ordering::Relaxed);
    entry.data.store(rescue.data, Ordering::Relaxed);
    for (place, gref) in entry.grefs.iter().zip(rescue.grefs) {
        place.store(gref, Ordering::Relaxed);
    }
    entry.used.store(0, Ordering::Relaxed);
    resize(target, disk);
    entry.valid.store(1, Ordering::SeqCst);
}

/// The disk's size changed.
pub fn resize(target: u8, disk: &Disk) {
    if let Some(entry) = SHARE.disks.get(usize::from(target)) {
        entry.block.store(disk.block, Ordering::Relaxed);
        entry.sectors.store(disk.sectors, Ordering::Relaxed);
    }
}

/// The disk's ring is about to go.
pub fn withdraw(target: u8) {
    if let Some(entry) = SHARE.disks.get(usize::from(target)) {
        entry.valid.store(0, Ordering::SeqCst);
    }
}

/// Whether the other instance has used the disk's ring (a hibernation that did not switch off).
#[must_use]
pub fn was_used(target: u8) -> bool {
    SHARE.disks.get(usize::from(target)).is_some_and(|entry| entry.used.swap(0, Ordering::AcqRel) != 0)
}

/// Answers SRB_FUNCTION_DUMP_POINTERS: what the dump instance gets.
#[must_use]
pub fn pointers(srb: &Srb) -> End {
    let length = size_of::<MINIPORT_DUMP_POINTERS>() as u32;
    let buffer = srb.data_buffer().cast::<MINIPORT_DUMP_POINTERS>();
    if buffer.is_null() || srb.data_length() < length {
        return End::Status(SRB_STATUS_INVALID_REQUEST);
    }
    let name = [b'x', b'e', b'n', b'p', b'v', b'v', b'b', b'd', b'.', b's', b'y', b's'];
    let mut pointers = MINIPORT_DUMP_POINTERS {
        Version: 1,
        Size: length as u16,
        MiniportPrivateDumpData: (&raw const SHARE).cast_mut().cast(),
        AdapterInterfaceType: Internal,
        MaximumTransferLength: crate::target::MAX_TRANSFER,
        NumberOfPhysicalBreaks: crate::target::MAX_TRANSFER / 4096 + 1,
        AlignmentMask: 3,
        NumberOfBuses: 1,
        Master: 1,
        MapBuffers: STOR_MAP_NON_READ_WRITE_BUFFERS as u8,
        MaximumNumberOfTargets: TARGETS as u8,
        ..Default::default()
    };
    for (place, letter) in pointers.DriverName.iter_mut().zip(name) {
        *place = letter.into();
    }
    // SAFETY: the buffer has room for the record, and is mapped (it is no read or write).
    unsafe { buffer.write_unaligned(pointers) };
    End::Success { transferred: length }
}

/// Whether the arguments of HwFindAdapter ask for the dump side.
///
/// # Safety
/// `arguments` is null or a zero-terminated string.
#[must_use]
pub unsafe fn wanted(arguments: *const i8) -> bool {
    if arguments.is_null() {
        return false;
    }
    // SAFETY: per contract.
    let text = unsafe { CStr::from_ptr(arguments.cast()) };
    text.to_bytes().windows(6).any(|part| part == b"dump=1")
}

type Ring = EmergencyRing<RawPages, RawPages>;

/// The dump side's adapter. There is one per load of the image, and one processor.
pub struct Device {
    share: &'static Share,
    xen: Xen<Direct>,
    ring: Option<(u8, Ring)>,
    identity: Identity,
}

struct Place(UnsafeCell<Option<Device>>);

// SAFETY: only the dump instance uses it, on the one processor that runs.
unsafe impl Sync for Place {}

static DEVICE: Place = Place(UnsafeCell::new(None));

impl Device {
    /// From what the normal instance left. `None` if that is nothing of ours.
    #[must_use]
    pub fn create(config: &PORT_CONFIGURATION_INFORMATION) -> Option<*mut Self> {
        let share = config.MiniportDumpData.cast::<Share>();
        if share.is_null() || share.addr() % align_of::<Share>() != 0 {
            return None;
        }
        // SAFETY: the dump stack hands over what SRB_FUNCTION_DUMP_POINTERS gave: the normal instance's
        // static, which stays mapped.
        let share: &'static Share = unsafe { &*share };
        let size = size_of::<Share>() as u32;
        if share.magic.load(Ordering::Relaxed) != MAGIC
            || share.version.load(Ordering::Relaxed) != VERSION
            || share.size.load(Ordering::Relaxed) != size
        {
            return None;
        }
        let identity = Identity { serial: String::new(), pages: Pages::default() };
        let device = Self { share, xen: Xen(Direct::new()), ring: None, identity };
        // SAFETY: the dump instance's own static, on the one processor.
        let place = unsafe { &mut *DEVICE.0.get() };
        Some(&raw mut *place.insert(device))
    }

    /// HwInitialize: there is nothing to do; at least one disk must be there.
    #[must_use]
    pub fn initialize(&self) -> bool {
        self.share.disks.iter().any(|disk| disk.valid.load(Ordering::Relaxed) != 0)
    }

    /// HwStartIo: runs the SRB to its end.
    pub fn execute(&mut self, srb: Srb) {
        let end = match srb.function() {
            SRB_FUNCTION_EXECUTE_SCSI => self.scsi(&srb),
            SRB_FUNCTION_FLUSH | SRB_FUNCTION_SHUTDOWN => self.flush_of(&srb),
            SRB_FUNCTION_RESET_BUS
            | SRB_FUNCTION_RESET_DEVICE
            | SRB_FUNCTION_RESET_LOGICAL_UNIT
            | SRB_FUNCTION_POWER => End::Status(SRB_STATUS_SUCCESS),
            _ => End::Status(SRB_STATUS_INVALID_REQUEST),
        };
        srb.complete(end);
    }

    fn disk(&self, srb: &Srb) -> Result<(u8, &'static Disposal), End> {
        let address = srb.address().filter(|address| address.path == 0 && address.lun == 0);
        let address = address.ok_or(End::Status(SRB_STATUS_INVALID_LUN))?;
        let entry = self.share.disks.get(usize::from(address.target));
        let entry = entry.filter(|entry| entry.valid.load(Ordering::Acquire) != 0);
        entry.map(|entry| (address.target, entry)).ok_or(End::Status(SRB_STATUS_NO_DEVICE))
    }

    fn scsi(&mut self, srb: &Srb) -> End {
        let (target, entry) = match self.disk(srb) {
            Ok(found) => found,
            Err(end) => return end,
        };
        let unit = Unit::new(&entry.describe(), MAX_BYTES as u32);
        let mut reply = Reply::new();
        match scsi::execute(&unit, &self.identity, &srb.cdb(), srb, &mut reply) {
            Action::Done => End::Success { transferred: srb.write_buffer(&reply) as u32 },
            Action::Fail(sense) => End::Sense(sense),
            Action::Transfer { operation: Operation::Flush, .. } => {
                outcome(self.flush(target, entry), Operation::Flush, 0)
            }
            Action::Transfer { operation: Operation::Verify, .. } | Action::Eject | Action::Discard(_) => {
                End::Sense(Sense::INVALID_COMMAND)
            }
            Action::Transfer { operation, sector, sectors } => {
                let bytes = sectors * 512;
                if u64::from(srb.data_length()) < bytes || srb.data_buffer().is_null() {
                    return End::Sense(Sense::INVALID_FIELD);
                }
                let result = self.transfer(target, entry, srb, operation, sector, bytes as usize);
                outcome(result, operation, bytes as u32)
            }
        }
    }

    fn flush_of(&mut self, srb: &Srb) -> End {
        match self.disk(srb) {
            Ok((_, entry)) if entry.flush.load(Ordering::Relaxed) == 0 => End::Status(SRB_STATUS_SUCCESS),
            Ok((target, entry)) => outcome(self.flush(target, entry), Operation::Flush, 0),
            Err(end) => end,
        }
    }

    fn line(&self, entry: &Disposal) -> Wire {
        Wire { xen: self.xen, port: Port::from_raw(entry.port.load(Ordering::Relaxed)) }
    }

    /// The ring of a disk, taken over on first use.
    fn ring(&mut self, target: u8, entry: &Disposal) -> Result<&mut Ring, Failed> {
        if self.ring.as_ref().is_none_or(|(of, _)| *of != target) {
            entry.used.store(1, Ordering::Release);
            self.ring = Some((target, entry.take_over()?));
        }
        self.ring.as_mut().map(|(_, ring)| ring).ok_or(Failed::Ring)
    }

    fn transfer(
        &mut self,
        target: u8,
        entry: &Disposal,
        srb: &Srb,
        operation: Operation,
        sector: u64,
        bytes: usize,
    ) -> Result<(), Failed> {
        let write = operation != Operation::Read;
        let line = self.line(entry);
        let buffer = srb.data_buffer();
        let ring = self.ring(target, entry)?;
        let mut done = 0;
        while done < bytes {
            let length = (bytes - done).min(MAX_BYTES);
            let copy = |data: &RawPages, at: usize, length: usize| {
                // SAFETY: the buffer has `bytes` bytes, which was checked; a dump's buffers are mapped.
                let part = unsafe { core::slice::from_raw_parts_mut(buffer.wrapping_add(done), length) };
                if write { data.copy_in(at, part) } else { data.copy_out(at, part) }
            };
            ring.transfer(write, sector + done as u64 / 512, length, copy, &line)?;
            done += length;
        }
        if operation == (Operation::Write { fua: true }) {
            return self.flush(target, entry);
        }
        Ok(())
    }

    fn flush(&mut self, target: u8, entry: &Disposal) -> Result<(), Failed> {
        let barrier = entry.flush.load(Ordering::Relaxed) == 2;
        let line = self.line(entry);
        let ring = self.ring(target, entry)?;
        ring.flush(barrier, &line)
    }
}

/// The event channel of a disk, and the processor's patience.
struct Wire {
    xen: Xen<Direct>,
    port: Port,
}

impl Line for Wire {
    fn notify(&self) {
        // A port that is gone shows as a request that is never answered.
        let _ = self.xen.event_send(&self.port);
    }
    fn pause(&self) {
        // SAFETY: callable at any IRQL.
        unsafe { StorPortStallExecution(10) };
    }
    fn patience(&self) -> u32 {
        PATIENCE
    }
}

fn outcome(result: Result<(), Failed>, operation: Operation, bytes: u32) -> End {
    match result {
        Ok(()) => End::Success { transferred: bytes },
        Err(Failed::Status(_)) => {
            End::Sense(Sense::of(Failure::Io, operation).unwrap_or(Sense::TARGET_FAILURE))
        }
        Err(_) => End::Sense(Sense::TARGET_FAILURE),
    }
}

impl Disposal {
    fn describe(&self) -> Disk {
        let flush = self.flush.load(Ordering::Relaxed);
        Disk {
            sectors: self.sectors.load(Ordering::Relaxed),
            block: self.block.load(Ordering::Relaxed),
            physical_block: self.block.load(Ordering::Relaxed),
            read_only: false,
            removable: false,
            unpluggable: false,
            cdrom: false,
            flush: flush == 1,
            barrier: flush == 2,
            discard: None,
            persistent: false,
            indirect: 0,
        }
    }

    fn take_over(&self) -> Result<Ring, Failed> {
        let pages = |address: *mut u8, count: usize| {
            let base = NonNull::new(address).filter(|base| base.as_ptr().addr() % PAGE_SIZE == 0)?;
            // Frame numbers are not needed: the pages are granted already.
            let frames: ArrayVec<Gfn, 16> = core::iter::repeat_n(Gfn(0), count.min(16)).collect();
            // SAFETY: the normal instance keeps these pages as long as the entry is valid, and has
            // stopped; both instances reach them through atomics only.
            Some(unsafe { RawPages::new(base, frames) })
        };
        let ring = pages(self.ring.load(Ordering::Relaxed), self.ring_pages.load(Ordering::Relaxed) as usize);
        let data = pages(self.data.load(Ordering::Relaxed), PAGES);
        let grefs = core::array::from_fn(|page| self.grefs[page].load(Ordering::Relaxed));
        match (ring, data) {
            (Some(ring), Some(data)) => {
                EmergencyRing::take_over(ring, data, grefs, self.handle.load(Ordering::Relaxed))
            }
            _ => Err(Failed::Ring),
        }
    }
}
