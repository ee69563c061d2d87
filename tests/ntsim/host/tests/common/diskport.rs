//! A small Storport miniport over a disk in memory, written against the exports as a driver would be. [`Knobs::bad`]
//! breaks one rule at a time.
#![allow(dead_code)]

use std::cell::RefCell;
use std::ffi::c_void;

use nt::sys::*;
use ntsim::storport::{calls, configure, extended, notify};

/// How the miniport misbehaves, and what it has seen.
#[derive(Default)]
pub struct Knobs {
    pub bad: &'static str,
    /// The medium, in sectors of 512 bytes.
    pub medium: Vec<u8>,
    pub seen: Vec<String>,
    /// A request that is kept, and never completed by itself.
    pub kept: usize,
    /// Reads and writes that wait for [`complete_waiting`], once the queue's depth has been set.
    pub waiting: Vec<usize>,
    /// Depths that were asked for, and whether the port took them.
    pub depths: Vec<(u32, bool)>,
    pub extension: usize,
}

thread_local! {
    pub static KNOBS: RefCell<Knobs> = RefCell::new(Knobs::default());
}

pub fn knobs<R>(f: impl FnOnce(&mut Knobs) -> R) -> R {
    KNOBS.with(|k| f(&mut k.borrow_mut()))
}

fn bad(what: &str) -> bool {
    knobs(|k| k.bad == what)
}

type Variadic = unsafe extern "win64" fn(i32, *mut c_void, u64, u64, u64, u64) -> u32;

/// StorPortNotification as miniports reach it.
pub unsafe fn notification(kind: i32, extension: *mut c_void, args: [u64; 4]) {
    let f = std::mem::transmute::<*const (), Variadic>(notify::StorPortNotification as *const ());
    f(kind, extension, args[0], args[1], args[2], args[3]);
}

/// StorPortExtendedFunction as miniports reach it.
pub unsafe fn extended_function(code: i32, extension: *mut c_void, args: [u64; 4]) -> u32 {
    let f = std::mem::transmute::<*const (), Variadic>(extended::StorPortExtendedFunction as *const ());
    f(code, extension, args[0], args[1], args[2], args[3])
}

pub unsafe extern "win64" fn entry(driver: *mut DRIVER_OBJECT, path: *mut UNICODE_STRING) -> NTSTATUS {
    let mut data = HW_INITIALIZATION_DATA {
        HwInitializationDataSize: size_of::<HW_INITIALIZATION_DATA>() as u32,
        AdapterInterfaceType: PCIBus,
        HwInitialize: Some(initialize),
        HwStartIo: Some(start_io),
        HwBuildIo: Some(build_io),
        HwFindAdapter: find as *mut c_void,
        HwResetBus: Some(reset_bus),
        DeviceExtensionSize: 64,
        NumberOfAccessRanges: 2,
        MapBuffers: STOR_MAP_ALL_BUFFERS as u8,
        NeedPhysicalAddresses: 1,
        TaggedQueuing: 1,
        AutoRequestSense: 1,
        MultipleRequestPerLu: 1,
        ..Default::default()
    };
    configure::StorPortInitialize(driver, path, &mut data, std::ptr::null_mut())
}

unsafe extern "win64" fn find(
    extension: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
    _: *mut i8,
    config: *mut PORT_CONFIGURATION_INFORMATION,
    _: *mut u8,
) -> u32 {
    knobs(|k| {
        k.extension = extension as usize;
        k.medium.resize(64 * 512, 0);
    });
    (*config).MaximumNumberOfTargets = 1;
    (*config).MaximumNumberOfLogicalUnits = 1;
    (*config).MaximumTransferLength = 16 * 512;
    // In HwFindAdapter both are allowed.
    assert!(!calls::StorPortGetUncachedExtension(extension, config, 100).is_null());
    calls::StorPortStallExecution(150_000);
    1
}

unsafe extern "win64" fn initialize(extension: *mut c_void) -> u8 {
    let mut perf = PERF_CONFIGURATION_DATA { Version: 1, Size: 40, ..Default::default() };
    let status = extended_function(
        ExtFunctionInitializePerformanceOptimizations,
        extension,
        [1, &raw mut perf as u64, 0, 0],
    );
    assert_eq!(status, 0, "StorPortInitializePerfOpts in HwInitialize");
    1
}

unsafe extern "win64" fn build_io(_: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> u8 {
    (*srb).SrbStatus = SRB_STATUS_PENDING as u8;
    1
}

unsafe fn complete(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK, status: u32) {
    (*srb).SrbStatus = status as u8;
    notification(RequestComplete, extension, [srb as u64, 0, 0, 0]);
}

/// Completes what [`Knobs::waiting`] has, all before the port looks again.
pub fn complete_waiting() {
    let old = ntsim::ke::irql::raise(2);
    let extension = knobs(|k| k.extension) as *mut c_void;
    for srb in knobs(|k| std::mem::take(&mut k.waiting)) {
        unsafe { complete(extension, srb as *mut SCSI_REQUEST_BLOCK, SRB_STATUS_SUCCESS) };
    }
    ntsim::ke::irql::lower(old);
}

/// Asks for depths of the unit's queue, the last of which holds.
pub fn set_depth(depths: &[u32]) {
    for &depth in depths {
        let extension = knobs(|k| k.extension) as *mut c_void;
        let taken = unsafe { calls::StorPortSetDeviceQueueDepth(extension, 0, 0, 0, depth) } != 0;
        knobs(|k| k.depths.push((depth, taken)));
    }
}

unsafe extern "win64" fn reset_bus(extension: *mut c_void, _: u32) -> u8 {
    knobs(|k| k.seen.push("reset bus".into()));
    return_kept(extension);
    1
}

unsafe fn return_kept(extension: *mut c_void) {
    let kept = knobs(|k| std::mem::take(&mut k.kept));
    if kept != 0 {
        complete(extension, kept as *mut SCSI_REQUEST_BLOCK, SRB_STATUS_BUS_RESET);
    }
}

unsafe extern "win64" fn start_io(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> u8 {
    let function = u32::from((*srb).Function);
    match function {
        SRB_FUNCTION_RESET_LOGICAL_UNIT | SRB_FUNCTION_RESET_DEVICE => {
            knobs(|k| k.seen.push("reset".into()));
            if !bad("reset-incomplete") {
                return_kept(extension);
            }
            complete(extension, srb, SRB_STATUS_SUCCESS);
            return 1;
        }
        SRB_FUNCTION_EXECUTE_SCSI => {}
        _ => {
            complete(extension, srb, SRB_STATUS_INVALID_REQUEST);
            return 1;
        }
    }
    let cdb = (*srb).Cdb;
    let buffer = (*srb).DataBuffer.cast::<u8>();
    let length = (*srb).DataTransferLength as usize;
    let read_write = matches!(cdb[0], 0x28 | 0x2A);
    if read_write && misbehave(extension, srb) {
        return 0;
    }
    if read_write && knobs(|k| k.bad.starts_with("reset")) && knobs(|k| k.kept == 0 && k.seen.is_empty()) {
        knobs(|k| k.kept = srb as usize);
        return 1;
    }
    if read_write && knobs(|k| k.bad == "depth" && !k.depths.is_empty()) {
        knobs(|k| k.waiting.push(srb as usize));
        return 1;
    }
    let answer = |data: &[u8]| {
        let n = data.len().min(length);
        std::ptr::copy_nonoverlapping(data.as_ptr(), buffer, n);
        (*srb).DataTransferLength = n as u32;
    };
    match cdb[0] {
        0x12 => {
            let mut inquiry = [0u8; 36];
            inquiry[2..5].copy_from_slice(&[6, 2, 31]);
            inquiry[8..16].copy_from_slice(b"TEST    ");
            answer(&inquiry);
        }
        0xA0 => answer(&[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        0x9E => {
            let mut capacity = [0u8; 32];
            capacity[7] = 63;
            capacity[10] = 2;
            answer(&capacity);
        }
        0x28 | 0x2A => {
            let at = u32::from_be_bytes([cdb[2], cdb[3], cdb[4], cdb[5]]) as usize * 512;
            let write = cdb[0] == 0x2A;
            // By the port's own list of segments: it covers the transfer exactly.
            let list = calls::StorPortGetScatterGatherList(extension, srb);
            let elements = (&raw const (*list).List).cast::<STOR_SCATTER_GATHER_ELEMENT>();
            let total: u32 = (0..(*list).NumberOfElements as usize).map(|n| (*elements.add(n)).Length).sum();
            assert_eq!(total as usize, length, "the list covers the transfer");
            knobs(|k| {
                let medium = &mut k.medium[at..at + length];
                if write {
                    std::ptr::copy_nonoverlapping(buffer, medium.as_mut_ptr(), length);
                } else {
                    std::ptr::copy_nonoverlapping(medium.as_ptr(), buffer, length);
                }
            });
        }
        _ => {
            complete(extension, srb, SRB_STATUS_INVALID_REQUEST);
            return 1;
        }
    }
    complete(extension, srb, SRB_STATUS_SUCCESS);
    1
}

/// The one thing that is wrong; true when the request must not be touched any more.
unsafe fn misbehave(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> bool {
    match knobs(|k| k.bad) {
        "double-completion" => {
            complete(extension, srb, SRB_STATUS_SUCCESS);
            complete(extension, srb, SRB_STATUS_SUCCESS);
            return true;
        }
        "pending-status" => {
            notification(RequestComplete, extension, [srb as u64, 0, 0, 0]);
            return true;
        }
        "start-io-false" => return true,
        "long-stall" => calls::StorPortStallExecution(200_000),
        "uncached-late" => {
            calls::StorPortGetUncachedExtension(extension, std::ptr::null_mut(), 100);
        }
        "transfer-length" => (*srb).DataTransferLength += 512,
        "lock-order" => {
            // HwStartIo runs under the StartIo lock: taking it again never ends.
            let mut handle: STOR_LOCK_HANDLE = std::mem::zeroed();
            notification(AcquireSpinLock, extension, [2, 0, &raw mut handle as u64, 0]);
        }
        "lock-good" => {
            let mut handle: STOR_LOCK_HANDLE = std::mem::zeroed();
            notification(AcquireSpinLock, extension, [3, 0, &raw mut handle as u64, 0]);
            notification(ReleaseSpinLock, extension, [&raw mut handle as u64, 0, 0, 0]);
        }
        "wrong-place" => {
            let mut perf = PERF_CONFIGURATION_DATA { Version: 1, Size: 40, ..Default::default() };
            extended_function(
                ExtFunctionInitializePerformanceOptimizations,
                extension,
                [1, &raw mut perf as u64, 0, 0],
            );
        }
        _ => {}
    }
    false
}
