//! Memory, processors, locks, time.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use core::ffi::c_void;

use nt::sys::{KIRQL, KeAcquireSpinLockRaiseToDpc, KeGetCurrentIrql, KeReleaseSpinLock};
use xenbus::{sync::Platform as _, types::PAGE_SIZE};
use xenpci_interface::Status;

use super::child;
use crate::{
    os::time,
    platform::{grants::Here, hole::gfn_of, processors as cpus},
};

/// Most pages of one allocation: 16 MiB.
const PAGES_MAX: u32 = 4096;

pub unsafe extern "win64" fn pages_alloc(
    context: *mut c_void,
    count: u32,
    address: *mut *mut u8,
    gfns: *mut u64,
) -> Status {
    // SAFETY: the interface's contract.
    if unsafe { child(context) }.is_closed() {
        return Status::CLOSED;
    }
    if count == 0 || count > PAGES_MAX {
        return Status::INVALID;
    }
    // A page at least: page-aligned, zeroed.
    let base = nt::pool::allocate(count as usize * PAGE_SIZE).cast::<u8>();
    if base.is_null() {
        return Status::NO_MEMORY;
    }
    for index in 0..count as usize {
        let gfn = gfn_of(base.wrapping_add(index * PAGE_SIZE));
        // SAFETY: the interface's contract: room for `count` numbers.
        unsafe { gfns.wrapping_add(index).write(gfn) };
    }
    // SAFETY: the interface's contract.
    unsafe { address.write(base) };
    Status::OK
}

pub unsafe extern "win64" fn pages_free(_: *mut c_void, address: *mut u8) {
    // SAFETY: the interface's contract: from `pages_alloc`, freed once.
    unsafe { nt::pool::free(address.cast()) };
}

pub unsafe extern "win64" fn physical_address(_: *mut c_void, address: *const u8) -> u64 {
    gfn_of(address) * PAGE_SIZE as u64 + (address.addr() % PAGE_SIZE) as u64
}

pub unsafe extern "win64" fn memory_alloc(_: *mut c_void, size: usize) -> *mut u8 {
    nt::pool::allocate(size).cast()
}

pub unsafe extern "win64" fn memory_free(_: *mut c_void, address: *mut u8) {
    // SAFETY: the interface's contract: from `memory_alloc`, freed once.
    unsafe { nt::pool::free(address.cast()) };
}

pub unsafe extern "win64" fn irql(_: *mut c_void) -> u8 {
    // SAFETY: no arguments.
    unsafe { KeGetCurrentIrql() }
}

pub unsafe extern "win64" fn processor(_: *mut c_void) -> u32 {
    Here.processor() as u32
}

pub unsafe extern "win64" fn processors(_: *mut c_void) -> u32 {
    cpus::count()
}

pub unsafe extern "win64" fn lock_acquire(_: *mut c_void, lock: *mut usize) -> u8 {
    // SAFETY: the interface's contract: a spin lock of the child's.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock) }
}

pub unsafe extern "win64" fn lock_release(_: *mut c_void, lock: *mut usize, irql: u8) {
    // SAFETY: the interface's contract: taken, with this IRQL before.
    unsafe { KeReleaseSpinLock(lock, irql as KIRQL) };
}

pub unsafe extern "win64" fn now(_: *mut c_void) -> u64 {
    time::now()
}

pub unsafe extern "win64" fn wall_clock(_: *mut c_void) -> u64 {
    time::system_time()
}

pub unsafe extern "win64" fn sleep(_: *mut c_void, nanoseconds: u64) {
    time::sleep(nanoseconds);
}
