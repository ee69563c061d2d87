//! The other routines of storport.sys.

use super::adapter::{Address, Phase};
use super::{of_extension, rules};
use crate::abi::*;
use crate::engine::Prot;
use crate::mm::PAGE;
use crate::verifier;
use core::ffi::c_void;

const fn address(path: u8, target: u8, lun: u8) -> Address {
    Address { path, target, lun }
}

fn physical(at: u64) -> LARGE_INTEGER {
    LARGE_INTEGER { QuadPart: at as i64 }
}

exports! { EXPORTS "storport.sys";
    fn StorPortGetScatterGatherList(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK) -> *mut STOR_SCATTER_GATHER_LIST [irql <= DISPATCH_LEVEL] {
        match of_extension(extension).outstanding(srb as usize) {
            Some(request) if request.buffer.is_some() => (*request.list.get()).as_ptr(),
            _ => core::ptr::null_mut(),
        }
    }
    fn StorPortGetPhysicalAddress(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK, at: *mut c_void, length: *mut u32) -> LARGE_INTEGER [irql <= HIGH_LEVEL] {
        let left = PAGE - at as usize % PAGE;
        if !length.is_null() {
            *length = left as u32;
        }
        physical(crate::kernel().mm.physical(at as usize).unwrap_or(0))
    }
    fn StorPortGetUncachedExtension(extension: *mut c_void, config: *mut PORT_CONFIGURATION_INFORMATION, bytes: u32) -> *mut c_void [irql <= DISPATCH_LEVEL] {
        let adapter = of_extension(extension);
        if adapter.phase() != Phase::Finding {
            verifier::report(&rules::UNCACHED_LATE, "outside HwFindAdapter".into(), [rules::UNCACHED_LATE.parameter, extension as u64, 0, 0]);
            return core::ptr::null_mut();
        }
        let pages = (bytes as usize).div_ceil(PAGE).max(1);
        match crate::kernel().mm.allocate_mapped(pages, Prot::ReadWrite) {
            Some(at) => {
                core::ptr::write_bytes(at as *mut u8, 0, pages * PAGE);
                adapter.uncached.lock().push((at, pages));
                at as *mut c_void
            }
            None => core::ptr::null_mut(),
        }
    }
    fn StorPortSetDeviceQueueDepth(extension: *mut c_void, path: u8, target: u8, lun: u8, depth: u32) -> BOOLEAN [irql <= DISPATCH_LEVEL] {
        let adapter = of_extension(extension);
        let most = adapter.config().MaxIOsPerLun.max(1);
        match adapter.units.lock().get_mut(&address(path, target, lun)) {
            // "Depth: between 0 and 255" before extended SRBs; 0 is refused.
            Some(unit) if depth != 0 && depth <= most => {
                unit.depth = depth;
                1
            }
            _ => 0,
        }
    }
    fn StorPortStallExecution(delay: u32) [irql <= HIGH_LEVEL] {
        if delay > 100_000 && !crate::storport::adapters().iter().any(|a| a.phase() == Phase::Finding) {
            verifier::report(&rules::LONG_STALL, alloc::format!("{delay} microseconds"), [rules::LONG_STALL.parameter, u64::from(delay), 0, 0]);
        }
        crate::kernel().engine.stall(u64::from(delay) * 1000);
    }
    fn StorPortCompleteRequest(extension: *mut c_void, path: u8, target: u8, lun: u8, status: u8) [irql <= HIGH_LEVEL] {
        let adapter = of_extension(extension);
        let any = SP_UNTAGGED;
        let wanted = |a: &Address| (path == any || a.path == path) && (target == any || a.target == target) && (lun == any || a.lun == lun);
        for request in adapter.queue.outstanding(wanted) {
            request.set_srb_status(status);
            adapter.queue.complete(adapter, request.srb() as usize);
        }
    }
    fn StorPortPause(extension: *mut c_void, timeout: u32) -> BOOLEAN [irql <= HIGH_LEVEL] {
        of_extension(extension).queue.set_paused(true);
        1
    }
    fn StorPortResume(extension: *mut c_void) -> BOOLEAN [irql <= HIGH_LEVEL] {
        let adapter = of_extension(extension);
        adapter.queue.set_paused(false);
        adapter.queue.later(adapter);
        1
    }
    fn StorPortPauseDevice(extension: *mut c_void, path: u8, target: u8, lun: u8, timeout: u32) -> BOOLEAN [irql <= HIGH_LEVEL] {
        set_paused(extension, address(path, target, lun), true)
    }
    fn StorPortResumeDevice(extension: *mut c_void, path: u8, target: u8, lun: u8) -> BOOLEAN [irql <= HIGH_LEVEL] {
        set_paused(extension, address(path, target, lun), false)
    }
    fn StorPortBusy(extension: *mut c_void, requests: u32) -> BOOLEAN [irql <= HIGH_LEVEL] {
        of_extension(extension).queue.set_busy(requests);
        1
    }
    fn StorPortReady(extension: *mut c_void) -> BOOLEAN [irql <= HIGH_LEVEL] {
        let adapter = of_extension(extension);
        adapter.queue.set_busy(0);
        adapter.queue.later(adapter);
        1
    }
    fn StorPortDeviceBusy(extension: *mut c_void, path: u8, target: u8, lun: u8, requests: u32) -> BOOLEAN [irql <= HIGH_LEVEL] {
        match of_extension(extension).units.lock().get_mut(&address(path, target, lun)) {
            Some(unit) => {
                unit.busy = requests;
                1
            }
            None => 0,
        }
    }
    fn StorPortDeviceReady(extension: *mut c_void, path: u8, target: u8, lun: u8) -> BOOLEAN [irql <= HIGH_LEVEL] {
        let adapter = of_extension(extension);
        let known = adapter.units.lock().get_mut(&address(path, target, lun)).map(|unit| unit.busy = 0).is_some();
        adapter.queue.later(adapter);
        u8::from(known)
    }
    fn StorPortGetLogicalUnit(extension: *mut c_void, path: u8, target: u8, lun: u8) -> *mut c_void [irql <= HIGH_LEVEL] {
        match of_extension(extension).units.lock().get(&address(path, target, lun)) {
            Some(unit) => unit.extension as *mut c_void,
            None => core::ptr::null_mut(),
        }
    }
    fn StorPortSynchronizeAccess(extension: *mut c_void, routine: PSTOR_SYNCHRONIZED_ACCESS, context: *mut c_void) -> BOOLEAN [irql <= HIGH_LEVEL] {
        let adapter = of_extension(extension);
        match routine {
            Some(routine) => adapter.at_dirql(|| crate::call!("synchronized access", routine, extension, context)),
            None => 0,
        }
    }
    fn StorPortLogError(extension: *mut c_void, srb: *mut SCSI_REQUEST_BLOCK, path: u8, target: u8, lun: u8, code: u32, id: u32) [irql <= HIGH_LEVEL] {
        crate::kernel().engine.log(&alloc::format!("storport: error {code:#x} id {id:#x} at {path}:{target}:{lun}"));
    }
    fn StorPortQuerySystemTime(to: *mut LARGE_INTEGER) [irql <= HIGH_LEVEL] {
        (*to).QuadPart = crate::ke::timer::system_time() as i64;
    }
    fn StorPortConvertUlongToPhysicalAddress(value: u64) -> LARGE_INTEGER [irql <= HIGH_LEVEL] {
        physical(value)
    }
    variadic fn StorPortDebugPrint(args: *const u64) [irql <= HIGH_LEVEL] {
        crate::kernel().engine.log("storport: debug print");
    }
}

fn set_paused(extension: *mut c_void, at: Address, paused: bool) -> u8 {
    let adapter = of_extension(extension);
    let known = adapter.units.lock().get_mut(&at).map(|unit| unit.paused = paused).is_some();
    if !paused {
        adapter.queue.later(adapter);
    }
    u8::from(known)
}

exports! { IO_EXPORTS "storport.sys";
    fn StorPortGetDeviceBase(extension: *mut c_void, bus: i32, number: u32, at: LARGE_INTEGER, bytes: u32, io_space: BOOLEAN) -> *mut c_void [irql <= DISPATCH_LEVEL] {
        let adapter = of_extension(extension);
        let start = at.QuadPart as u64;
        let granted = (*adapter.ranges.get()).iter().any(|range| {
            let first = range.RangeStart.QuadPart as u64;
            range.RangeInMemory != io_space && start >= first && start + u64::from(bytes) <= first + u64::from(range.RangeLength)
        });
        if !granted {
            verifier::report(&rules::WRONG_PLACE, alloc::format!("StorPortGetDeviceBase of {start:#x}, which is not the adapter's"), [0x2005, extension as u64, start, 0]);
            return core::ptr::null_mut();
        }
        if io_space != 0 {
            return start as *mut c_void;
        }
        let (first, pages) = ((start as usize) / PAGE, (start as usize % PAGE + bytes as usize).div_ceil(PAGE));
        let k = crate::kernel();
        let va = k.mm.va.lock().allocate(pages);
        match va {
            Some(va) => {
                k.engine.map(va, first as u64, pages, Prot::ReadWrite);
                (va + start as usize % PAGE) as *mut c_void
            }
            None => core::ptr::null_mut(),
        }
    }
    fn StorPortReadPortUchar(extension: *mut c_void, port: u64) -> u8 [irql <= HIGH_LEVEL] {
        let k = crate::kernel();
        k.engine.machine().port_in(k.engine.current_cpu(), port as u16, 1) as u8
    }
    fn StorPortWritePortUchar(extension: *mut c_void, port: u64, value: u8) [irql <= HIGH_LEVEL] {
        let k = crate::kernel();
        k.engine.machine().port_out(k.engine.current_cpu(), port as u16, 1, u32::from(value));
    }
}
