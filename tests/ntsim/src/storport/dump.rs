//! The dump port: the disk's miniport loaded a second time, which one processor runs at HIGH_LEVEL, by polling,
//! while everything else stands still (a crash), or sleeps (hibernation).
//!
//! Sources: "Restrictions on Miniport Drivers that Manage the Boot Drive", MINIPORT_DUMP_POINTERS,
//! PORT_CONFIGURATION_INFORMATION (DumpMode, MiniportDumpData), HwStorFindAdapter ("dump=1" in the arguments). The
//! images' imports from storport.sys are served by `dump_storport.sys` (the loader sees to it).

use super::adapter::{Adapter, Address};
use super::buffer::Buffer;
use super::request::{Ask, Direction, Outcome};
use super::{scan, state};
use crate::abi::*;
use crate::engine::Prot;
use crate::kernel::{Kernel, lock::Lock};
use crate::loader;
use crate::mm::PAGE;
use alloc::boxed::Box;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;

/// Pages of the dump's own buffer: the size of transfer that the dump port uses at most.
const BUFFER_PAGES: usize = 16;
/// Most bytes that a miniport may take in a dump.
const MEMORY: usize = 32 * 1024;
/// Polls of 100 microseconds before a request counts as lost: half a minute.
const POLLS: u32 = 300_000;
const SENSE: usize = 18;

/// Why the dump stack does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The normal instance does not give dump pointers.
    NoPointers,
    /// The image cannot be loaded again, or DriverEntry fails.
    Image(String),
    /// HwFindAdapter: its result.
    NotFound(u32),
    /// HwInitialize.
    NotInitialized,
    /// A request that did not come back.
    Lost,
    /// A request that ended badly.
    Failed(Outcome),
}

/// What the dump instance is, loaded and ready while the machine still works.
pub struct Dump {
    entry: usize,
    address: Address,
    pointers: MINIPORT_DUMP_POINTERS,
    memory: usize,
    buffer: usize,
    data: Cell<Option<HW_INITIALIZATION_DATA>>,
    config: RefCell<PORT_CONFIGURATION_INFORMATION>,
    uncached: Cell<usize>,
    completed: Cell<bool>,
}

/// Where the parts of [`Dump::memory`] are.
mod at {
    pub const SRB: usize = 0;
    pub const SENSE: usize = 512;
    pub const SRB_EXTENSION: usize = 4096;
    pub const UNCACHED: usize = 2 * 4096;
    pub const EXTENSION: usize = super::MEMORY + UNCACHED;
    pub const PAGES: usize = EXTENSION / 4096 + 8;
}

/// What is to be done when the machine crashes.
pub type Job = Box<dyn FnOnce(&Dump)>;

/// The dump port's state.
#[derive(Default)]
pub struct State {
    current: Lock<usize>,
    job: Lock<Option<Job>>,
}

// A job runs on the one processor that is left.
unsafe impl Send for State {}

fn current() -> Option<&'static Dump> {
    let at = *state().dump.current.lock();
    unsafe { (at as *const Dump).as_ref() }
}

fn stopped(_: &Kernel, _: u32, _: [u64; 4]) {
    let job = state().dump.job.lock().take();
    if let (Some(job), Some(dump)) = (job, current()) {
        job(dump);
    }
}

/// From now on a crash ends with this job, after the drivers' reason callbacks and before the plain ones: when these
/// run the dump file has been written ("Writing a Bug Check Callback Routine").
pub fn on_crash(job: Job) {
    let first = state().dump.job.lock().replace(job).is_none();
    if first {
        crate::ke::bugcheck::add_hook(stopped);
    }
}

impl Dump {
    /// Loads the miniport's image again as `name` (`dump_…`, `hiber_…`) and fetches what the normal instance leaves
    /// for it. PASSIVE_LEVEL.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub fn prepare(
        adapter: &'static Adapter,
        address: Address,
        name: &str,
        image: &[u8],
    ) -> Result<&'static Self, Trouble> {
        let size = size_of::<MINIPORT_DUMP_POINTERS>();
        let mut ask = Ask::function(SRB_FUNCTION_DUMP_POINTERS);
        ask.direction = Direction::In;
        let buffer = Buffer::new(size, 0).ok_or(Trouble::NoPointers)?;
        let (request, outcome) =
            scan::send(adapter, address, ask, Some(buffer)).ok_or(Trouble::NoPointers)?;
        if !outcome.good() || outcome.transferred as usize != size {
            return Err(Trouble::NoPointers);
        }
        let mut bytes = alloc::vec![0u8; size];
        if let Some(buffer) = &request.buffer {
            buffer.read(&mut bytes);
        }
        // Plain data that the miniport filled in.
        let pointers = unsafe { bytes.as_ptr().cast::<MINIPORT_DUMP_POINTERS>().read_unaligned() };
        let module = loader::load(name, image).map_err(|e| Trouble::Image(alloc::format!("{e}")))?;
        let mm = &crate::kernel().mm;
        let memory = mm.allocate_mapped(at::PAGES, Prot::ReadWrite).ok_or(Trouble::NoPointers)?;
        let buffer = mm.allocate_mapped(BUFFER_PAGES, Prot::ReadWrite).ok_or(Trouble::NoPointers)?;
        let dump: &'static Self = Box::leak(Box::new(Self {
            entry: module.entry(),
            address,
            pointers,
            memory,
            buffer,
            data: Cell::new(None),
            config: RefCell::new(PORT_CONFIGURATION_INFORMATION::default()),
            uncached: Cell::new(0),
            completed: Cell::new(false),
        }));
        *state().dump.current.lock() = core::ptr::from_ref(dump) as usize;
        Ok(dump)
    }

    fn extension(&self) -> *mut c_void {
        (self.memory + at::EXTENSION) as *mut c_void
    }

    /// Brings the dump instance up: DriverEntry without driver object, HwFindAdapter, HwInitialize. Above PASSIVE_LEVEL.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub fn start(&self) -> Result<(), Trouble> {
        unsafe { core::ptr::write_bytes(self.memory as *mut u8, 0, at::PAGES * PAGE) };
        self.uncached.set(0);
        let entry: crate::io::driver::Entry = unsafe { core::mem::transmute(self.entry) };
        let status = crate::call!("DriverEntry", entry, core::ptr::null_mut(), core::ptr::null_mut());
        let Some(data) = self.data.get().filter(|_| status >= 0) else {
            return Err(Trouble::Image(alloc::format!("DriverEntry: {status:#010x}")));
        };
        let pages = at::PAGES * PAGE - at::EXTENSION;
        if data.DeviceExtensionSize as usize > pages || data.SrbExtensionSize as usize > PAGE {
            return Err(Trouble::Image("extensions too large".into()));
        }
        *self.config.borrow_mut() = PORT_CONFIGURATION_INFORMATION {
            Length: size_of::<PORT_CONFIGURATION_INFORMATION>() as u32,
            AdapterInterfaceType: data.AdapterInterfaceType,
            MaximumTransferLength: (BUFFER_PAGES * PAGE) as u32,
            NumberOfPhysicalBreaks: BUFFER_PAGES as u32,
            DumpMode: 1,
            MiniportDumpData: self.pointers.MiniportPrivateDumpData,
            MapBuffers: data.MapBuffers,
            DeviceExtensionSize: data.DeviceExtensionSize,
            SrbExtensionSize: data.SrbExtensionSize,
            ..PORT_CONFIGURATION_INFORMATION::default()
        };
        let find: unsafe extern "win64" fn(
            *mut c_void,
            *mut c_void,
            *mut c_void,
            *const u8,
            *mut PORT_CONFIGURATION_INFORMATION,
            *mut u8,
        ) -> u32 = unsafe { core::mem::transmute(data.HwFindAdapter) };
        let mut again = 0u8;
        let config = self.config.as_ptr();
        let found = crate::call!(
            "HwFindAdapter",
            find,
            self.extension(),
            core::ptr::null_mut(),
            core::ptr::null_mut(),
            c"dump=1;".as_ptr().cast(),
            config,
            &raw mut again
        );
        if found != 1 {
            return Err(Trouble::NotFound(found));
        }
        let initialize = data.HwInitialize.ok_or(Trouble::NotInitialized)?;
        if crate::call!("HwInitialize", initialize, self.extension()) == 0 {
            return Err(Trouble::NotInitialized);
        }
        Ok(())
    }

    /// Largest transfer in one request, in bytes.
    pub fn most(&self) -> usize {
        (self.config.borrow().MaximumTransferLength as usize).min(BUFFER_PAGES * PAGE)
    }

    /// Runs one request to its end.
    ///
    /// # Errors
    /// [`Trouble::Lost`], [`Trouble::Failed`].
    pub fn request(&self, function: u32, cdb: &[u8], flags: u32, length: usize) -> Result<u32, Trouble> {
        let data = self.data.get().ok_or(Trouble::NotInitialized)?;
        let srb = (self.memory + at::SRB) as *mut SCSI_REQUEST_BLOCK;
        let sense = self.memory + at::SENSE;
        let mut fresh = SCSI_REQUEST_BLOCK {
            Length: size_of::<SCSI_REQUEST_BLOCK>() as u16,
            Function: function as u8,
            PathId: self.address.path,
            TargetId: self.address.target,
            Lun: self.address.lun,
            CdbLength: cdb.len() as u8,
            SenseInfoBufferLength: SENSE as u8,
            SrbFlags: flags,
            DataTransferLength: length as u32,
            TimeOutValue: 10,
            DataBuffer: if length > 0 { self.buffer as *mut c_void } else { core::ptr::null_mut() },
            SenseInfoBuffer: sense as *mut c_void,
            SrbExtension: (self.memory + at::SRB_EXTENSION) as *mut c_void,
            ..SCSI_REQUEST_BLOCK::default()
        };
        fresh.Cdb[..cdb.len()].copy_from_slice(cdb);
        unsafe { srb.write(fresh) };
        self.completed.set(false);
        let build = match data.HwBuildIo {
            Some(build) => crate::call!("HwBuildIo", build, self.extension(), srb),
            None => 1,
        };
        let start = data.HwStartIo.ok_or(Trouble::NotInitialized)?;
        if build != 0 {
            crate::call!("HwStartIo", start, self.extension(), srb);
        }
        for _ in 0..POLLS {
            if self.completed.get() {
                return self.judge(unsafe { &*srb });
            }
            if let Some(interrupt) = data.HwInterrupt {
                crate::call!("HwInterrupt", interrupt, self.extension());
            }
            crate::kernel().engine.stall(100_000);
        }
        Err(Trouble::Lost)
    }

    fn judge(&self, srb: &SCSI_REQUEST_BLOCK) -> Result<u32, Trouble> {
        let valid = srb.SrbStatus & SRB_STATUS_AUTOSENSE_VALID as u8 != 0;
        let sense = unsafe { core::slice::from_raw_parts((self.memory + at::SENSE) as *const u8, SENSE) };
        let outcome = Outcome {
            srb_status: srb.SrbStatus & 0x3F,
            scsi_status: srb.ScsiStatus,
            transferred: srb.DataTransferLength,
            sense: valid.then(|| sense.to_vec()),
        };
        if outcome.good() { Ok(outcome.transferred) } else { Err(Trouble::Failed(outcome)) }
    }

    fn transfer(&self, write: bool, lba: u64, length: usize) -> Result<(), Trouble> {
        let mut cdb = [0u8; 10];
        cdb[0] = if write { 0x2A } else { 0x28 };
        cdb[2..6].copy_from_slice(&(lba as u32).to_be_bytes());
        cdb[7..9].copy_from_slice(&((length / 512) as u16).to_be_bytes());
        let flags = if write { SRB_FLAGS_DATA_OUT } else { SRB_FLAGS_DATA_IN };
        let done = self.request(SRB_FUNCTION_EXECUTE_SCSI, &cdb, flags, length)?;
        if done as usize == length { Ok(()) } else { Err(Trouble::Lost) }
    }

    /// Writes sectors of 512 bytes.
    ///
    /// # Errors
    /// See [`Dump::request`].
    pub fn write(&self, lba: u64, from: &[u8]) -> Result<(), Trouble> {
        let mut at = lba;
        for part in from.chunks(self.most() / 512 * 512) {
            unsafe { core::ptr::copy_nonoverlapping(part.as_ptr(), self.buffer as *mut u8, part.len()) };
            self.transfer(true, at, part.len())?;
            at += (part.len() / 512) as u64;
        }
        Ok(())
    }

    /// Reads sectors of 512 bytes.
    ///
    /// # Errors
    /// See [`Dump::request`].
    pub fn read(&self, lba: u64, to: &mut [u8]) -> Result<(), Trouble> {
        let mut at = lba;
        for part in to.chunks_mut(self.most() / 512 * 512) {
            unsafe { core::ptr::write_bytes(self.buffer as *mut u8, 0xB5, part.len()) };
            self.transfer(false, at, part.len())?;
            unsafe {
                core::ptr::copy_nonoverlapping(self.buffer as *const u8, part.as_mut_ptr(), part.len());
            }
            at += (part.len() / 512) as u64;
        }
        Ok(())
    }

    /// The end of a dump: an adapter that caches data is told to make it stable.
    ///
    /// # Errors
    /// See [`Dump::request`].
    pub fn finish(&self) -> Result<(), Trouble> {
        if self.config.borrow().CachesData != 0 {
            self.request(SRB_FUNCTION_FLUSH, &[], 0, 0)?;
            self.request(SRB_FUNCTION_SHUTDOWN, &[], 0, 0)?;
        }
        Ok(())
    }
}

crate::exports! { EXPORTS "dump_storport.sys";
    fn StorPortInitialize(driver: *mut DRIVER_OBJECT, registry_path: *mut UNICODE_STRING, data: *mut HW_INITIALIZATION_DATA, context: PVOID) -> NTSTATUS [irql any] {
        match current() {
            Some(dump) if driver.is_null() => {
                let size = ((*data).HwInitializationDataSize as usize).min(size_of::<HW_INITIALIZATION_DATA>());
                let mut copy = HW_INITIALIZATION_DATA::default();
                core::ptr::copy_nonoverlapping(data.cast::<u8>(), (&raw mut copy).cast::<u8>(), size);
                dump.data.set(Some(copy));
                STATUS_SUCCESS
            }
            _ => STATUS_INVALID_PARAMETER,
        }
    }
    variadic fn StorPortNotification(args: *const u64) [irql any] {
        // Only completions mean something: there are no DPCs, no locks, nobody to tell of changes.
        if let Some(dump) = current() && *args as i32 == RequestComplete {
            dump.completed.set(*args.add(2) == (dump.memory + at::SRB) as u64);
        }
    }
    variadic fn StorPortExtendedFunction(args: *const u64) -> u32 [irql any] {
        STOR_STATUS_NOT_IMPLEMENTED
    }
    fn StorPortStallExecution(delay: u32) [irql any] {
        crate::kernel().engine.stall(u64::from(delay) * 1000);
    }
    fn StorPortGetScatterGatherList(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> *mut STOR_SCATTER_GATHER_LIST [irql any] {
        core::ptr::null_mut()
    }
    fn StorPortGetUncachedExtension(extension: *mut c_void, config: *mut PORT_CONFIGURATION_INFORMATION, bytes: u32) -> *mut c_void [irql any] {
        match current() {
            Some(dump) if dump.uncached.get() + bytes as usize <= MEMORY => {
                let first = dump.memory + at::UNCACHED + dump.uncached.get();
                dump.uncached.set(dump.uncached.get() + bytes as usize);
                first as *mut c_void
            }
            _ => core::ptr::null_mut(),
        }
    }
}
