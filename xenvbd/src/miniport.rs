//! What Storport calls.
#![allow(unsafe_code, reason = "callbacks from storport.sys")]
#![allow(non_upper_case_globals, reason = "Microsoft's names in patterns")]

use alloc::sync::Arc;
use core::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use blkfront::request::{Operation, Request};
use nt::sys::*;

use crate::{
    adapter::Adapter,
    bus, dump, pnp,
    scsi::{self, Action, Reply, Runs, Sense},
    sp::Handle,
    srb::{Address, End, Prepared, Srb},
    target::{DEPTH, MAX_TRANSFER, Target},
    token::{SrbToken, Token},
};

/// The device extension. Storport gives it zeroed.
#[repr(C)]
pub struct Extension {
    /// The adapter, once passive initialization has made it.
    adapter: AtomicPtr<Adapter>,
    /// The dump side's state; null in the normal instance.
    dump: AtomicPtr<dump::Device>,
}

impl Extension {
    /// The extension behind a callback's first argument.
    ///
    /// # Safety
    /// `extension` is what Storport gave to a callback of this miniport.
    unsafe fn of<'a>(extension: *mut c_void) -> &'a Self {
        // SAFETY: DeviceExtensionSize bytes, zeroed at first, alive as long as the device.
        unsafe { &*extension.cast::<Self>() }
    }

    fn adapter(&self) -> Option<&Adapter> {
        // SAFETY: null, or an Arc's pointer that stays until the device is removed.
        unsafe { self.adapter.load(Ordering::Acquire).as_ref() }
    }

    fn dump(&self) -> Option<&'static mut dump::Device> {
        // SAFETY: null, or the dump device, which one processor alone uses.
        unsafe { self.dump.load(Ordering::Relaxed).as_mut() }
    }
}

/// Takes the adapter out of its extension and ends it. `PASSIVE_LEVEL`.
///
/// # Safety
/// `extension` is a device extension of this miniport; no I/O is sent to it any more.
pub unsafe fn remove(extension: *mut c_void) {
    // SAFETY: per contract.
    let extension = unsafe { Extension::of(extension) };
    let adapter = extension.adapter.swap(ptr::null_mut(), Ordering::AcqRel);
    if !adapter.is_null() {
        // SAFETY: from Arc::into_raw in `passive_initialize`, taken out once.
        let adapter = unsafe { Arc::from_raw(adapter.cast_const()) };
        adapter.stop();
        adapter.destroy();
    }
}

/// Runs `work` with the adapter of an extension, if there is one.
///
/// # Safety
/// `extension` is a device extension of this miniport.
pub unsafe fn with_adapter(extension: *mut c_void, work: impl FnOnce(&Adapter)) {
    // SAFETY: per contract.
    if let Some(adapter) = unsafe { Extension::of(extension) }.adapter() {
        work(adapter);
    }
}

const YES: BOOLEAN = 1;
const NO: BOOLEAN = 0;

/// What DriverEntry registers.
#[must_use]
pub fn initialization_data() -> HW_INITIALIZATION_DATA {
    let find: unsafe extern "win64" fn(
        *mut c_void,
        *mut c_void,
        *mut c_void,
        *mut i8,
        *mut PORT_CONFIGURATION_INFORMATION,
        *mut BOOLEAN,
    ) -> u32 = find_adapter;
    HW_INITIALIZATION_DATA {
        HwInitializationDataSize: size_of::<HW_INITIALIZATION_DATA>() as u32,
        AdapterInterfaceType: Internal,
        HwInitialize: Some(initialize),
        HwStartIo: Some(start_io),
        HwInterrupt: Some(interrupt),
        HwFindAdapter: find as *mut c_void,
        HwResetBus: Some(reset_bus),
        HwAdapterControl: Some(adapter_control),
        HwBuildIo: Some(build_io),
        DeviceExtensionSize: size_of::<Extension>() as u32,
        SrbExtensionSize: size_of::<Prepared>() as u32,
        NumberOfAccessRanges: 2,
        MapBuffers: STOR_MAP_NON_READ_WRITE_BUFFERS as u8,
        NeedPhysicalAddresses: YES,
        TaggedQueuing: YES,
        AutoRequestSense: YES,
        MultipleRequestPerLu: YES,
        FeatureSupport: STOR_FEATURE_DUMP_POINTERS | STOR_FEATURE_DUMP_RESUME_CAPABLE,
        SrbTypeFlags: SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK | SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK,
        // Bit n stands for address type n; type 1 is bus, target, unit in eight bits each.
        AddressTypeFlags: 1 << STOR_ADDRESS_TYPE_BTL8,
        ..Default::default()
    }
}

/// HwFindAdapter. `PASSIVE_LEVEL`, or `HIGH_LEVEL` for a dump.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn find_adapter(
    extension: *mut c_void,
    _context: *mut c_void,
    _bus: *mut c_void,
    arguments: *mut i8,
    config: *mut PORT_CONFIGURATION_INFORMATION,
    again: *mut BOOLEAN,
) -> u32 {
    // SAFETY: Storport's block, ours to fill during this call.
    let Some(config) = (unsafe { config.as_mut() }) else { return SP_RETURN_ERROR };
    // SAFETY: Storport's flag: no further adapter.
    unsafe { *again = NO };
    configure(config);
    // SAFETY: null, or a zero-terminated string of Storport.
    if config.DumpMode != 0 || unsafe { dump::wanted(arguments) } {
        // SAFETY: Storport's extension.
        let extension = unsafe { Extension::of(extension) };
        let Some(device) = dump::Device::create(config) else { return SP_RETURN_NOT_FOUND };
        extension.dump.store(device, Ordering::Relaxed);
        // Only an adapter that caches is told to flush when the dump is written.
        config.CachesData = YES;
    }
    SP_RETURN_FOUND
}

fn configure(config: &mut PORT_CONFIGURATION_INFORMATION) {
    config.MaximumTransferLength = MAX_TRANSFER;
    config.NumberOfPhysicalBreaks = MAX_TRANSFER / 4096 + 1;
    // Any four bytes: what is not aligned to 512 is copied.
    config.AlignmentMask = 3;
    config.NumberOfBuses = 1;
    config.InitiatorBusId[0] = -1;
    config.ScatterGather = YES;
    config.Master = YES;
    config.CachesData = NO;
    config.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS as u8;
    config.NeedPhysicalAddresses = YES;
    config.TaggedQueuing = YES;
    config.AutoRequestSense = YES;
    config.MultipleRequestPerLu = YES;
    config.ReceiveEvent = NO;
    config.MaximumNumberOfTargets = crate::numbering::TARGETS as u8;
    config.MaximumNumberOfLogicalUnits = 1;
    config.ResetTargetSupported = YES;
    config.WmiDataProvider = NO;
    config.VirtualDevice = NO;
    config.SynchronizationModel = StorSynchronizeFullDuplex;
    if u32::from(config.Dma64BitAddresses) & SCSI_DMA64_SYSTEM_SUPPORTED != 0 {
        config.Dma64BitAddresses = SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED as u8;
    }
    config.MaxNumberOfIO = DEPTH as u32 * 8;
    config.MaxIOsPerLun = DEPTH as u32 - 1;
    config.InitialLunQueueDepth = DEPTH as u32 - 1;
}

/// HwInitialize. DIRQL.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn initialize(extension: *mut c_void) -> BOOLEAN {
    let Some(handle) = Handle::new(extension) else { return NO };
    // SAFETY: Storport's extension.
    let extension = unsafe { Extension::of(extension) };
    if let Some(device) = extension.dump() {
        return BOOLEAN::from(device.initialize());
    }
    // Queues have locks of their own. As many as Storport wants to use.
    let _ = handle.enable_concurrent_channels(64);
    BOOLEAN::from(handle.enable_passive_initialization(Some(passive_initialize)))
}

/// HwPassiveInitializeRoutine. `PASSIVE_LEVEL`.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn passive_initialize(raw: *mut c_void) -> BOOLEAN {
    let Some(handle) = Handle::new(raw) else { return NO };
    // SAFETY: Storport's extension.
    let extension = unsafe { Extension::of(raw) };
    if let Some(adapter) = extension.adapter() {
        // Started again after a stop.
        adapter.resume();
        return YES;
    }
    let Some([own, _, lower]) = handle.device_objects() else { return NO };
    let Some(client) = bus::query(lower) else { return NO };
    let Some(adapter) = Adapter::create(&client, handle) else { return NO };
    adapter.start();
    pnp::attach(own, raw);
    extension.adapter.store(Arc::into_raw(adapter).cast_mut(), Ordering::Release);
    YES
}

/// HwInterrupt. There is no interrupt of ours: events come through the bus driver.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn interrupt(_extension: *mut c_void) -> BOOLEAN {
    NO
}

/// HwBuildIo. `DISPATCH_LEVEL`, no lock, concurrent.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn build_io(raw: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> BOOLEAN {
    let Some(handle) = Handle::new(raw) else { return NO };
    // SAFETY: Storport just gave it.
    let Some(srb) = (unsafe { Srb::new(handle, srb) }) else { return NO };
    // SAFETY: Storport's extension.
    let extension = unsafe { Extension::of(raw) };
    if srb.function() != SRB_FUNCTION_EXECUTE_SCSI || extension.dump().is_some() {
        return YES;
    }
    match prepare(extension, srb) {
        Ok(prepared) => {
            srb.prepare(prepared);
            YES
        }
        Err(end) => {
            srb.complete(end);
            NO
        }
    }
}

/// The target of an address, if Windows may see it.
fn find(extension: &Extension, address: Option<Address>) -> Result<(&Adapter, &Target), u32> {
    let address = address.ok_or(SRB_STATUS_INVALID_REQUEST)?;
    let adapter = extension.adapter().ok_or(SRB_STATUS_NO_DEVICE)?;
    if address.path != 0 {
        return Err(SRB_STATUS_INVALID_PATH_ID);
    }
    let target = adapter.target(address.target).filter(|target| target.is_visible());
    let target = target.ok_or(SRB_STATUS_NO_DEVICE)?;
    if address.lun != 0 {
        return Err(SRB_STATUS_INVALID_LUN);
    }
    Ok((adapter, target))
}

/// Executes a command as far as that goes without the back-end. `Err` is how it has ended.
fn prepare(extension: &Extension, srb: Srb) -> Result<Prepared, End> {
    let (adapter, target) = find(extension, srb.address()).map_err(End::Status)?;
    let identity = target.identity().ok_or(End::Status(SRB_STATUS_NO_DEVICE))?;
    let mut reply = Reply::new();
    let action = scsi::execute(&target.unit, identity, &srb.cdb(), &srb, &mut reply);
    let mut prepared = Prepared {
        operation: Operation::Flush,
        sector: 0,
        sectors: 0,
        runs: Runs::new(),
        segments: ptr::null(),
    };
    match action {
        Action::Done => Err(End::Success { transferred: srb.write_buffer(&reply) as u32 }),
        Action::Fail(sense) => Err(End::Sense(sense)),
        Action::Transfer { operation, sector, sectors } => {
            (prepared.operation, prepared.sector, prepared.sectors) = (operation, sector, sectors);
            if matches!(operation, Operation::Read | Operation::Write { .. }) {
                if u64::from(srb.data_length()) < sectors * 512 {
                    return Err(End::Sense(Sense::INVALID_FIELD));
                }
                prepared.segments = srb.segments();
            }
            Ok(prepared)
        }
        Action::Discard(runs) => {
            prepared.operation = Operation::Discard { secure: false };
            prepared.runs = runs;
            Ok(prepared)
        }
        Action::Eject => {
            target.eject();
            adapter.kick();
            Err(End::Success { transferred: 0 })
        }
    }
}

/// HwStartIo. `DISPATCH_LEVEL`, concurrent.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn start_io(raw: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> BOOLEAN {
    let Some(handle) = Handle::new(raw) else { return NO };
    // SAFETY: Storport just gave it.
    let Some(srb) = (unsafe { Srb::new(handle, srb) }) else { return NO };
    // SAFETY: Storport's extension.
    let extension = unsafe { Extension::of(raw) };
    if let Some(device) = extension.dump() {
        device.execute(srb);
        return YES;
    }
    match srb.function() {
        SRB_FUNCTION_EXECUTE_SCSI => match find(extension, srb.address()) {
            Ok((adapter, target)) => submit(adapter, target, srb),
            Err(status) => srb.complete(End::Status(status)),
        },
        SRB_FUNCTION_FLUSH | SRB_FUNCTION_SHUTDOWN => flush(extension, srb),
        SRB_FUNCTION_RESET_LOGICAL_UNIT | SRB_FUNCTION_RESET_DEVICE => {
            let report = find(extension, srb.address()).map(|(_, target)| target.reset());
            srb.complete(End::Status(match report {
                Ok(report) if report.is_complete() => SRB_STATUS_SUCCESS,
                // The back-end has the caller's pages, which end only by its answer, or the ring is on its way back.
                Ok(_) => SRB_STATUS_ERROR,
                Err(status) => status,
            }));
        }
        SRB_FUNCTION_RESET_BUS => {
            let clean = extension.adapter().is_none_or(Adapter::reset);
            srb.complete(End::Status(if clean { SRB_STATUS_SUCCESS } else { SRB_STATUS_ERROR }));
        }
        SRB_FUNCTION_POWER => srb.complete(End::Status(SRB_STATUS_SUCCESS)),
        SRB_FUNCTION_DUMP_POINTERS => {
            let end = dump::pointers(&srb);
            srb.complete(end);
        }
        SRB_FUNCTION_FREE_DUMP_POINTERS => srb.complete(End::Status(SRB_STATUS_SUCCESS)),
        // PnP, WMI, I/O controls, aborts of single commands: Storport's own answer will do.
        _ => srb.complete(End::Status(SRB_STATUS_INVALID_REQUEST)),
    }
    YES
}

fn submit(adapter: &Adapter, target: &Target, srb: Srb) {
    let prepared = srb.prepared();
    let request = Request {
        operation: prepared.operation,
        sector: prepared.sector,
        sectors: prepared.sectors,
        token: Token::Srb(SrbToken::new(srb)),
    };
    if let Err(rejected) = target.submit(request, adapter.client().processor()) {
        let failure = rejected.failure;
        match (rejected.request.token, failure) {
            (Token::Srb(token), None) => token.end(End::Status(SRB_STATUS_BUSY)),
            (token, Some(failure)) => token.finish(Err(failure)),
            (Token::Probe(_), None) => {}
        }
    }
    adapter.after_io(target);
}

/// SRB_FUNCTION_FLUSH and SRB_FUNCTION_SHUTDOWN: make the cache stable, if there is one.
fn flush(extension: &Extension, srb: Srb) {
    let (adapter, target) = match find(extension, srb.address()) {
        Ok(found) => found,
        Err(status) => return srb.complete(End::Status(status)),
    };
    if !target.unit.has_cache() {
        return srb.complete(End::Status(SRB_STATUS_SUCCESS));
    }
    srb.prepare(Prepared {
        operation: Operation::Flush,
        sector: 0,
        sectors: 0,
        runs: Runs::new(),
        segments: ptr::null(),
    });
    submit(adapter, target, srb);
}

/// HwResetBus. `DISPATCH_LEVEL`, StartIo lock.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn reset_bus(raw: *mut c_void, _path: u32) -> BOOLEAN {
    // SAFETY: Storport's extension.
    let extension = unsafe { Extension::of(raw) };
    BOOLEAN::from(extension.adapter().is_none_or(Adapter::reset))
}

/// HwAdapterControl. DIRQL for stop and restart: nothing is done there, the hooked power and PnP
/// requests do it at a level where it can be done.
///
/// # Safety
/// Called by Storport.
unsafe extern "win64" fn adapter_control(
    _extension: *mut c_void,
    control: SCSI_ADAPTER_CONTROL_TYPE,
    parameters: *mut c_void,
) -> SCSI_ADAPTER_CONTROL_STATUS {
    match control {
        ScsiQuerySupportedControlTypes => {
            let list = parameters.cast::<SCSI_SUPPORTED_CONTROL_TYPE_LIST>();
            if list.is_null() {
                return ScsiAdapterControlUnsuccessful;
            }
            // SAFETY: Storport's list.
            let count = unsafe { (*list).MaxControlType };
            // SAFETY: the flags follow the count.
            let flags = unsafe { &raw mut (*list).SupportedTypeList }.cast::<BOOLEAN>();
            for kind in [ScsiQuerySupportedControlTypes, ScsiStopAdapter, ScsiRestartAdapter] {
                let kind = kind as u32;
                if kind < count {
                    // SAFETY: below the count.
                    unsafe { flags.wrapping_add(kind as usize).write(YES) };
                }
            }
            ScsiAdapterControlSuccess
        }
        ScsiStopAdapter | ScsiRestartAdapter => ScsiAdapterControlSuccess,
        _ => ScsiAdapterControlUnsuccessful,
    }
}
