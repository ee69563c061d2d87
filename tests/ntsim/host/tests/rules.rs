//! Every rule of ke, ex, mm, ob and rtl fires on a driver that breaks it and stays silent on one that keeps it.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

mod image;

use image::{Builder, Driver};
use ntsim::abi::*;
use ntsim::ke::{dpc, event, interrupt, irql, sync, timer};
use ntsim::kernel::config::{OnViolation, SpecialPool};
use ntsim::loader;
use ntsim_host::Sim;
use std::collections::BTreeSet;

#[rustfmt::skip]
const IMPORTS: &[&str] = &[
    "KeGetCurrentIrql", "KeSetEvent", "KeInitializeEvent", "KeWaitForSingleObject", "KeInitializeMutex",
    "KeReleaseMutex", "PsCreateSystemThread", "PsTerminateSystemThread", "ZwClose", "KeAcquireSpinLockRaiseToDpc",
    "KeReleaseSpinLock", "KeAcquireSpinLockAtDpcLevel", "KeReleaseSpinLockFromDpcLevel", "KfRaiseIrql", "KeLowerIrql",
    "KeEnterCriticalRegion", "KeLeaveCriticalRegion", "KeStallExecutionProcessor", "KeSetPriorityThread",
    "KeGetCurrentThread", "ExAllocatePoolWithTag", "ExFreePoolWithTag", "ExInitializeNPagedLookasideList",
    "ExDeleteNPagedLookasideList", "ExInitializeRundownProtection", "ExAcquireRundownProtection",
    "ExReleaseRundownProtection", "ExInitializeResourceLite", "ExAcquireResourceExclusiveLite",
    "ExReleaseResourceLite", "ExDeleteResourceLite", "memcpy", "memmove", "IoAllocateMdl", "IoFreeMdl",
    "MmBuildMdlForNonPagedPool", "MmProbeAndLockPages", "MmUnlockPages", "MmMapLockedPagesSpecifyCache",
    "MmUnmapLockedPages", "MmAllocatePagesForMdlEx", "MmFreePagesFromMdl", "IoBuildPartialMdl",
    "MmAllocateContiguousMemory", "MmFreeContiguousMemory", "MmFreeContiguousMemorySpecifyCache", "MmMapIoSpace",
    "MmMapIoSpaceEx", "MmUnmapIoSpace", "MmAllocateMappingAddress", "MmFreeMappingAddress", "MmGetPhysicalAddress",
    "ExQueueWorkItem", "KeInitializeTimer", "KeSetTimer", "KeCancelTimer", "KeInitializeDpc", "KeInsertQueueDpc",
    "KeRemoveQueueDpc", "KeRegisterBugCheckCallback", "KeDeregisterBugCheckCallback", "ExAcquireFastMutex",
    "KeDelayExecutionThread", "DbgPrint",
];

const TAG: u64 = u32::from_le_bytes(*b"TstT") as u64;
const NX: u64 = 512;

type Case = fn(&Driver);

fn pool(d: &Driver, bytes: u64) -> u64 {
    d.call("ExAllocatePoolWithTag", &[NX, bytes, TAG])
}

fn free(d: &Driver, at: u64) {
    d.call("ExFreePoolWithTag", &[at, TAG]);
}

fn ptr<T>(x: &mut T) -> u64 {
    x as *mut T as u64
}

fn zeroed<T>() -> Box<T> {
    Box::new(unsafe { std::mem::zeroed() })
}

fn mdl(d: &Driver, at: u64, bytes: u64) -> u64 {
    d.call("IoAllocateMdl", &[at, bytes, 0, 0, 0])
}

unsafe extern "win64" fn raises_irql() {
    irql::raise(DISPATCH_LEVEL);
}
unsafe extern "win64" fn keeps_irql() {
    let old = irql::raise(DISPATCH_LEVEL);
    irql::lower(old);
}

/// Uses `n` bytes of stack in "driver code", then calls the kernel.
#[inline(never)]
unsafe extern "win64" fn deep<const N: usize>(stub: usize) {
    let mut room = [0u8; N];
    std::hint::black_box(&mut room);
    let f: unsafe extern "win64" fn() -> u64 = unsafe { std::mem::transmute(stub) };
    unsafe { f() };
    std::hint::black_box(&mut room);
}

unsafe extern "win64" fn nothing_dpc(_: *mut KDPC, _: PVOID, _: PVOID, _: PVOID) {}
unsafe extern "win64" fn enters_region(d: PVOID) {
    unsafe { (*(d as *const Driver)).call("KeEnterCriticalRegion", &[]) };
}
unsafe extern "win64" fn balanced_region(d: PVOID) {
    unsafe {
        (*(d as *const Driver)).call("KeEnterCriticalRegion", &[]);
        (*(d as *const Driver)).call("KeLeaveCriticalRegion", &[]);
    }
}
unsafe extern "win64" fn thread_with_mutex(context: PVOID) {
    unsafe {
        let (d, m) = &*(context as *const (&Driver, u64));
        d.call("KeWaitForSingleObject", &[*m, 0, 0, 0, 0]);
    }
}
unsafe extern "win64" fn thread_without(context: PVOID) {
    unsafe {
        let (d, m) = &*(context as *const (&Driver, u64));
        d.call("KeWaitForSingleObject", &[*m, 0, 0, 0, 0]);
        d.call("KeReleaseMutex", &[*m, 0]);
    }
}

fn sleep(ms: u64) {
    let mut e: Box<KEVENT> = zeroed();
    unsafe {
        event::initialize(&mut *e, false, false);
        ntsim::ke::wait::wait_one(&mut *e, ntsim::ke::wait::Timeout::millis(ms));
    }
}

fn with_thread(d: &Driver, f: unsafe extern "win64" fn(PVOID)) {
    let mut m: Box<KMUTANT> = zeroed();
    d.call("KeInitializeMutex", &[ptr(&mut *m), 0]);
    let context = Box::new((d, ptr(&mut *m)));
    let mut h = 0u64;
    d.call(
        "PsCreateSystemThread",
        &[ptr(&mut h), 0, 0, 0, 0, f as usize as u64, &*context as *const _ as u64],
    );
    d.call("ZwClose", &[h]);
    sleep(100);
}

fn with_work(d: &Driver, f: unsafe extern "win64" fn(PVOID)) {
    let mut item = [0u64; 4];
    item[2] = f as usize as u64;
    item[3] = d as *const Driver as u64;
    d.call("ExQueueWorkItem", &[item.as_mut_ptr() as u64, 1]);
    sleep(100);
}

fn acquire_two(d: &Driver, a: u64, b: u64) {
    let old = d.call("KeAcquireSpinLockRaiseToDpc", &[a]);
    d.call("KeAcquireSpinLockAtDpcLevel", &[b]);
    d.call("KeReleaseSpinLockFromDpcLevel", &[b]);
    d.call("KeReleaseSpinLock", &[a, old]);
}

fn at_dispatch(d: &Driver, f: impl FnOnce()) {
    let old = d.call("KfRaiseIrql", &[2]);
    f();
    d.call("KeLowerIrql", &[old]);
}

/// Unloads a second image after `f` used it: the leak rules.
fn unloading(f: impl FnOnce(&Driver)) {
    let d = load("leaker.sys");
    f(&d);
    loader::unload::unload(d.module);
}

fn load(name: &str) -> Driver {
    Driver::load(name, Builder::new(&[("ntoskrnl.exe", IMPORTS)]).build()).expect("all imports exist")
}

unsafe extern "win64" fn isr(_: PVOID, _: PVOID) -> u8 {
    0
}

#[rustfmt::skip]
const CASES: &[(&str, Case, Case)] = &[
    ("irql-export", |d| at_dispatch(d, || { d.call("KeEnterCriticalRegion", &[]); d.call("KeLeaveCriticalRegion", &[]); }),
        |d| { d.call("KeGetCurrentIrql", &[]); }),
    ("irql-changed", |_| { ntsim::call!("raises", raises_irql as unsafe extern "win64" fn()); },
        |_| { ntsim::call!("keeps", keeps_irql as unsafe extern "win64" fn()); }),
    ("irql-set-event-wait", |d| at_dispatch(d, || set_event(d, 1)), |d| set_event(d, 1)),
    ("stack-limit", |d| { ntsim::call!("deep", deep::<30000> as unsafe extern "win64" fn(usize), d.stub("KeGetCurrentIrql")); },
        |d| { ntsim::call!("deep", deep::<16000> as unsafe extern "win64" fn(usize), d.stub("KeGetCurrentIrql")); }),
    ("wait-at-dispatch", |d| at_dispatch(d, || wait_event(d, -1)), |d| at_dispatch(d, || wait_event(d, 0))),
    ("thread-holds-mutex", |d| with_thread(d, thread_with_mutex), |d| with_thread(d, thread_without)),
    ("lock-recursion", |d| {
        // The lock is released behind the kernel's back, or the machine would hang here as it would for real.
        let mut l = 0u64;
        let old = d.call("KeAcquireSpinLockRaiseToDpc", &[ptr(&mut l)]);
        unsafe { (&raw mut l).write_volatile(0) };
        d.call("KeAcquireSpinLockAtDpcLevel", &[ptr(&mut l)]);
        d.call("KeReleaseSpinLockFromDpcLevel", &[ptr(&mut l)]);
        d.call("KeReleaseSpinLock", &[ptr(&mut l), old]);
    }, |d| { let mut l = [0u64; 2]; acquire_two(d, ptr(&mut l[0]), ptr(&mut l[1])); acquire_two(d, ptr(&mut l[0]), ptr(&mut l[1])) }),
    ("lock-order", |d| { let mut l = [0u64; 2]; acquire_two(d, ptr(&mut l[0]), ptr(&mut l[1])); acquire_two(d, ptr(&mut l[1]), ptr(&mut l[0])) },
        |d| { let mut l = [0u64; 3]; acquire_two(d, ptr(&mut l[0]), ptr(&mut l[1])); acquire_two(d, ptr(&mut l[1]), ptr(&mut l[2])) }),
    ("lock-not-held", |d| at_dispatch(d, || { let mut l = 1u64; d.call("KeReleaseSpinLockFromDpcLevel", &[ptr(&mut l)]); }),
        |d| at_dispatch(d, || { let mut l = 0u64; d.call("KeAcquireSpinLockAtDpcLevel", &[ptr(&mut l)]); d.call("KeReleaseSpinLockFromDpcLevel", &[ptr(&mut l)]); })),
    ("lock-freed", |d| { let p = pool(d, 64); unsafe { *(p as *mut u64) = 0 }; at_dispatch(d, || { d.call("KeAcquireSpinLockAtDpcLevel", &[p]); free(d, p); }) },
        |d| { let p = pool(d, 64); unsafe { *(p as *mut u64) = 0 }; at_dispatch(d, || { d.call("KeAcquireSpinLockAtDpcLevel", &[p]); d.call("KeReleaseSpinLockFromDpcLevel", &[p]); free(d, p); }) }),
    ("lock-irql", |d| { let mut l = 0u64; let old = d.call("KeAcquireSpinLockRaiseToDpc", &[ptr(&mut l)]); d.call("KeLowerIrql", &[old]); ntsim::verifier::locks::forget(ptr(&mut l) as usize) },
        |d| { let mut l = 0u64; let old = d.call("KeAcquireSpinLockRaiseToDpc", &[ptr(&mut l)]); d.call("KeReleaseSpinLock", &[ptr(&mut l), old]); }),
    ("wait-uninitialised", |d| { let mut e: Box<KEVENT> = zeroed(); unsafe { event::initialize(&mut *e, false, true) }; e.Header.Type = 99; d.call("KeWaitForSingleObject", &[ptr(&mut *e), 0, 0, 0, 0]); },
        |d| wait_event(d, 0)),
    ("region-balance", |d| { d.call("KeLeaveCriticalRegion", &[]); ntsim::ke::thread::current().apc_disable.set(0) },
        |d| { d.call("KeEnterCriticalRegion", &[]); d.call("KeLeaveCriticalRegion", &[]); }),
    ("long-stall", |d| { d.call("KeStallExecutionProcessor", &[200_000]); }, |d| { d.call("KeStallExecutionProcessor", &[50]); }),
    ("bad-priority", |d| { let t = d.call("KeGetCurrentThread", &[]); d.call("KeSetPriorityThread", &[t, 32]); },
        |d| { let t = d.call("KeGetCurrentThread", &[]); d.call("KeSetPriorityThread", &[t, 16]); }),
    ("pool-zero-size", |d| { let p = pool(d, 0); free(d, p) }, |d| { let p = pool(d, 1); free(d, p) }),
    ("pool-tag", |d| { let p = d.call("ExAllocatePoolWithTag", &[NX, 16, 0]); d.call("ExFreePoolWithTag", &[p, 0]); }, |d| { let p = pool(d, 16); free(d, p) }),
    ("pool-irql", |d| { let mut p = 0; at_dispatch(d, || p = d.call("ExAllocatePoolWithTag", &[1, 16, TAG])); free(d, p) },
        |d| at_dispatch(d, || { let p = pool(d, 16); free(d, p) })),
    ("pool-free-irql", |d| { let p = d.call("ExAllocatePoolWithTag", &[1, 16, TAG]); at_dispatch(d, || free(d, p)) },
        |d| { let p = d.call("ExAllocatePoolWithTag", &[1, 16, TAG]); free(d, p) }),
    ("pool-executable", |d| { let p = d.call("ExAllocatePoolWithTag", &[0, 16, TAG]); free(d, p) }, |d| { let p = pool(d, 16); free(d, p) }),
    ("pool-type", |d| { d.call("ExAllocatePoolWithTag", &[3, 16, TAG]); }, |d| { let p = pool(d, 16); free(d, p) }),
    ("pool-free-bad", |d| { let p = pool(d, 64); free(d, p + 16); free(d, p) }, |d| { let p = pool(d, 64); free(d, p) }),
    ("pool-tag-mismatch", |d| { let p = pool(d, 64); d.call("ExFreePoolWithTag", &[p, TAG + 1]); }, |d| { let p = pool(d, 64); free(d, p) }),
    ("pool-overrun", |d| { let p = pool(d, 60); unsafe { *(p as *mut u8).add(60) = 1 }; free(d, p) }, |d| { let p = pool(d, 60); unsafe { *(p as *mut u8).add(59) = 1 }; free(d, p) }),
    ("pool-active-timer", |d| { let p = pool(d, 64); d.call("KeInitializeTimer", &[p]); d.call("KeSetTimer", &[p, (-10_000_000i64) as u64, 0]); free(d, p); unsafe { timer::cancel(p as *mut KTIMER) }; },
        |d| { let p = pool(d, 64); d.call("KeInitializeTimer", &[p]); d.call("KeSetTimer", &[p, (-10_000_000i64) as u64, 0]); d.call("KeCancelTimer", &[p]); free(d, p) }),
    ("pool-queued-dpc", |d| { let p = pool(d, 64); at_dispatch(d, || { queue_dpc(d, p); free(d, p); unsafe { (p as *mut KDPC).write(std::mem::zeroed()) }; forget_dpc(p) }) },
        |d| { let p = pool(d, 64); at_dispatch(d, || { queue_dpc(d, p); d.call("KeRemoveQueueDpc", &[p]); free(d, p) }) }),
    ("pool-in-use", |d| { let p = pool(d, 64); unsafe { (p as *mut [u8; 64]).write([0; 64]) }; register(d, p); free(d, p); d.call("KeDeregisterBugCheckCallback", &[p]); },
        |d| { let p = pool(d, 64); unsafe { (p as *mut [u8; 64]).write([0; 64]) }; register(d, p); d.call("KeDeregisterBugCheckCallback", &[p]); free(d, p) }),
    ("lookaside", |d| { let mut l = Align([0; 32]); d.call("ExDeleteNPagedLookasideList", &[ptr(&mut l)]); },
        |d| { let mut l = Align([0; 32]); d.call("ExInitializeNPagedLookasideList", &[ptr(&mut l), 0, 0, NX, 64, TAG, 0]); d.call("ExDeleteNPagedLookasideList", &[ptr(&mut l)]); }),
    ("rundown-balance", |d| { let mut r = 0u64; d.call("ExInitializeRundownProtection", &[ptr(&mut r)]); d.call("ExReleaseRundownProtection", &[ptr(&mut r)]); },
        |d| { let mut r = 0u64; d.call("ExInitializeRundownProtection", &[ptr(&mut r)]); d.call("ExAcquireRundownProtection", &[ptr(&mut r)]); d.call("ExReleaseRundownProtection", &[ptr(&mut r)]); }),
    ("resource-apc", |d| resource(d, false), |d| resource(d, true)),
    ("worker-state", |d| with_work(d, enters_region), |d| with_work(d, balanced_region)),
    ("memcpy-overlap", |d| { let mut b = [0u8; 64]; d.call("memcpy", &[ptr(&mut b) + 4, ptr(&mut b), 16]); }, |d| { let mut b = [0u8; 64]; d.call("memmove", &[ptr(&mut b) + 4, ptr(&mut b), 16]); d.call("memcpy", &[ptr(&mut b) + 32, ptr(&mut b), 16]); }),
    ("mdl-free-locked", |d| { let p = pool(d, 5000); let m = mdl(d, p, 5000); lock(d, m); d.call("IoFreeMdl", &[m]); free(d, p) },
        |d| { let p = pool(d, 5000); let m = mdl(d, p, 5000); lock(d, m); d.call("MmUnlockPages", &[m]); d.call("IoFreeMdl", &[m]); free(d, p) }),
    ("mdl-build-twice", |d| built(d, |m| { d.call("MmBuildMdlForNonPagedPool", &[m]); }), |d| built(d, |_| ())),
    ("mdl-not-nonpaged", |d| { let p = d.call("ExAllocatePoolWithTag", &[1, 64, TAG]); let m = mdl(d, p, 64); d.call("MmBuildMdlForNonPagedPool", &[m]); d.call("IoFreeMdl", &[m]); free(d, p) }, |d| built(d, |_| ())),
    ("mdl-lock-twice", |d| built(d, |m| { lock(d, m); unsafe { (*(m as *mut MDL)).MdlFlags = 4 } }), |d| { let p = pool(d, 64); let m = mdl(d, p, 64); lock(d, m); d.call("MmUnlockPages", &[m]); d.call("IoFreeMdl", &[m]); free(d, p) }),
    ("mdl-lock-irql", |d| { let m = mdl(d, 0x1000, 64); at_dispatch(d, || ntsim::mm::mdl::check_lock_irql(0x1000)); d.call("IoFreeMdl", &[m]); },
        |_| ntsim::mm::mdl::check_lock_irql(0x1000)),
    ("mdl-unlock", |d| built(d, |m| { d.call("MmUnlockPages", &[m]); }), |d| built(d, |_| ())),
    ("mdl-map-twice", |d| built(d, |m| { map(d, m); }), |d| pages(d, |m| { let at = map(d, m); d.call("MmUnmapLockedPages", &[at, m]); })),
    ("mdl-map-unlocked", |d| { let p = pool(d, 64); let m = mdl(d, p, 64); unsafe { (m as *mut u64).add(6).write(300) }; let at = map(d, m); d.call("MmUnmapLockedPages", &[at, m]); d.call("IoFreeMdl", &[m]); free(d, p) },
        |d| pages(d, |m| { let at = map(d, m); d.call("MmUnmapLockedPages", &[at, m]); })),
    ("mdl-unmap", |d| pages(d, |m| { d.call("MmUnmapLockedPages", &[0x1000, m]); }), |d| pages(d, |m| { let at = map(d, m); d.call("MmUnmapLockedPages", &[at, m]); })),
    ("mdl-map-executable", |d| { let at = d.call("MmMapIoSpaceEx", &[0x1000_0000, 4096, 0x40]); d.call("MmUnmapIoSpace", &[at, 4096]); },
        |d| { let at = d.call("MmMapIoSpaceEx", &[0x1000_0000, 4096, 4]); d.call("MmUnmapIoSpace", &[at, 4096]); }),
    ("mdl-free-pages", |d| { let p = pool(d, 64); let m = mdl(d, p, 64); d.call("MmFreePagesFromMdl", &[m]); d.call("IoFreeMdl", &[m]); free(d, p) }, |d| pages(d, |_| ())),
    ("mdl-partial", |d| partial(d, 4096), |d| partial(d, 100)),
    ("free-hole", |d| holed(d, true), |d| holed(d, false)),
    ("free-granted", |d| granted(d, true), |d| granted(d, false)),
    ("contiguous-free", |d| { let p = d.call("MmAllocateContiguousMemory", &[8192, u64::MAX]); d.call("MmFreeContiguousMemory", &[p + 4096]); d.call("MmFreeContiguousMemory", &[p]); },
        |d| { let p = d.call("MmAllocateContiguousMemory", &[8192, u64::MAX]); d.call("MmFreeContiguousMemorySpecifyCache", &[p, 8192, 1]); }),
    ("unmap-io", |d| { let at = d.call("MmMapIoSpace", &[0x1000_0010, 4096, 0]); d.call("MmUnmapIoSpace", &[at, 100]); },
        |d| { let at = d.call("MmMapIoSpace", &[0x1000_0010, 4096, 0]); d.call("MmUnmapIoSpace", &[at, 4096]); }),
    ("reserved-mapping", |d| { let at = d.call("MmAllocateMappingAddress", &[4096, TAG]); d.call("MmFreeMappingAddress", &[at, TAG + 1]); },
        |d| { let at = d.call("MmAllocateMappingAddress", &[4096, TAG]); d.call("MmFreeMappingAddress", &[at, TAG]); }),
    ("physical-invalid", |d| { d.call("MmGetPhysicalAddress", &[0x1000]); }, |d| { let p = pool(d, 16); assert_ne!(d.call("MmGetPhysicalAddress", &[p]), 0); free(d, p) }),
    ("invalid-handle", |d| { d.call("ZwClose", &[0x1234]); }, |_| ()),
    ("leak-pool", |_| unloading(|d| { pool(d, 100); }), |_| unloading(|d| { let p = pool(d, 100); free(d, p) })),
    ("leak-handle", |_| unloading(|d| { thread_handle(d); }), |_| unloading(|d| { let h = thread_handle(d); d.call("ZwClose", &[h]); })),
    ("leak-timer", |_| unloading(|d| { set_data_timer(d); }), |_| unloading(|d| { set_data_timer(d); d.call("KeCancelTimer", &[d.at(d.image.data) as u64]); })),
    ("leak-dpc", |_| { irql::raise(DISPATCH_LEVEL); let d = load("leaker.sys"); data_dpc(&d); loader::unload::check_leaks(d.module); unsafe { dpc::remove(d.at(d.image.data) as *mut KDPC) }; irql::lower(PASSIVE_LEVEL) },
        |_| { irql::raise(DISPATCH_LEVEL); let d = load("leaker.sys"); data_dpc(&d); unsafe { dpc::remove(d.at(d.image.data) as *mut KDPC) }; loader::unload::check_leaks(d.module); irql::lower(PASSIVE_LEVEL) }),
    ("leak-interrupt", |_| unloading(|d| { connect(d); }), |_| unloading(|d| interrupt::disconnect(connect(d)))),
    ("leak-thread", |_| unloading(|d| { forever(d); }), |_| ()),
    ("leak-registration", |_| unloading(|d| register(d, d.at(d.image.data) as u64)), |_| unloading(|d| { register(d, d.at(d.image.data) as u64); d.call("KeDeregisterBugCheckCallback", &[d.at(d.image.data) as u64]); })),
    ("writable-code", |_| { Driver::load("w.sys", Builder::new(&[]).writable_code().build()).unwrap(); }, |_| { Driver::load("w.sys", Builder::new(&[]).build()).unwrap(); }),
    ("pageable-code", |d| at_dispatch(d, || { d.call_at(d.at(d.image.page_stub), &[]); }), |d| { d.call_at(d.at(d.image.page_stub), &[]); }),
];

#[repr(align(16))]
struct Align(#[allow(dead_code)] [u64; 32]);

fn set_event(d: &Driver, wait: u64) {
    let mut e: Box<KEVENT> = zeroed();
    d.call("KeInitializeEvent", &[ptr(&mut *e), 0, 0]);
    d.call("KeSetEvent", &[ptr(&mut *e), 0, wait]);
}

fn wait_event(d: &Driver, timeout: i64) {
    let mut e: Box<KEVENT> = zeroed();
    d.call("KeInitializeEvent", &[ptr(&mut *e), 0, 1]);
    let mut t = timeout;
    d.call("KeWaitForSingleObject", &[ptr(&mut *e), 0, 0, 0, ptr(&mut t)]);
}

fn queue_dpc(d: &Driver, p: u64) {
    d.call("KeInitializeDpc", &[p, nothing_dpc as *const () as u64, 0]);
    d.call("KeInsertQueueDpc", &[p, 0, 0]);
}

fn forget_dpc(p: u64) {
    for cpu in &ntsim::kernel().cpus {
        cpu.dpcs.lock().retain(|d| *d != p as usize);
    }
}

fn data_dpc(d: &Driver) {
    let at = d.at(d.image.data) as u64;
    d.call("KeInitializeDpc", &[at, d.stub("DbgPrint") as u64, 0]);
    d.call("KeInsertQueueDpc", &[at, 0, 0]);
}

fn register(d: &Driver, record: u64) {
    d.call("KeRegisterBugCheckCallback", &[record, d.stub("DbgPrint") as u64, 0, 0, c"t".as_ptr() as u64]);
}

fn resource(d: &Driver, region: bool) {
    let mut r = [0u64; 13];
    d.call("ExInitializeResourceLite", &[ptr(&mut r)]);
    if region {
        d.call("KeEnterCriticalRegion", &[]);
    }
    d.call("ExAcquireResourceExclusiveLite", &[ptr(&mut r), 1]);
    d.call("ExReleaseResourceLite", &[ptr(&mut r)]);
    if region {
        d.call("KeLeaveCriticalRegion", &[]);
    }
    d.call("ExDeleteResourceLite", &[ptr(&mut r)]);
}

fn lock(d: &Driver, m: u64) {
    d.call("MmProbeAndLockPages", &[m, 0, 1]);
}

fn map(d: &Driver, m: u64) -> u64 {
    d.call("MmMapLockedPagesSpecifyCache", &[m, 0, 1, 0, 0, 16])
}

fn built(d: &Driver, f: impl FnOnce(u64)) {
    let p = pool(d, 64);
    let m = mdl(d, p, 64);
    d.call("MmBuildMdlForNonPagedPool", &[m]);
    f(m);
    d.call("IoFreeMdl", &[m]);
    free(d, p);
}

fn pages(d: &Driver, f: impl FnOnce(u64)) {
    let m = d.call("MmAllocatePagesForMdlEx", &[0, u64::MAX, 0, 8192, 1, 4]);
    f(m);
    d.call("MmFreePagesFromMdl", &[m]);
    d.call("ExFreePoolWithTag", &[m, 0]);
}

fn partial(d: &Driver, bytes: u64) {
    built(d, |m| {
        let at = unsafe { (*(m as *mut MDL)).MappedSystemVa } as u64;
        let target = mdl(d, at, 64);
        let bytes = if bytes == 100 { 10 } else { bytes };
        d.call("IoBuildPartialMdl", &[m, target, at, bytes]);
        d.call("IoFreeMdl", &[target]);
    });
}

/// Pages of an MDL whose first frame the hypervisor takes away (a balloon) before they are freed.
fn holed(d: &Driver, take: bool) {
    let m = d.call("MmAllocatePagesForMdlEx", &[0, u64::MAX, 0, 4096, 1, 4]);
    let pfn = unsafe { *(m as *const u64).add(6) };
    let memory = MEMORY.get().expect("the machine is attached");
    memory.set_frame(pfn, if take { machine::Backing::Hole } else { machine::Backing::Ram });
    d.call("MmFreePagesFromMdl", &[m]);
    memory.set_frame(pfn, machine::Backing::Ram);
    if take {
        return;
    }
    d.call("ExFreePoolWithTag", &[m, 0]);
}

/// Memory of each kind that is freed while a peer can reach its first page, or only its neighbour.
fn granted(d: &Driver, own: bool) {
    let physical = |d: &Driver, at: u64| d.call("MmGetPhysicalAddress", &[at]) >> 12;
    let grant = |pfn: u64| GRANTED.set(Some(if own { pfn } else { pfn - 1 }));
    let p = pool(d, 8192);
    grant(physical(d, p));
    free(d, p);
    let p = d.call("MmAllocateContiguousMemory", &[8192, u64::MAX]);
    grant(physical(d, p));
    d.call("MmFreeContiguousMemory", &[p]);
    let m = d.call("MmAllocatePagesForMdlEx", &[0, u64::MAX, 0, 4096, 1, 4]);
    grant(unsafe { *(m as *const u64).add(6) });
    d.call("MmFreePagesFromMdl", &[m]);
    GRANTED.set(None);
    d.call("ExFreePoolWithTag", &[m, 0]);
}

thread_local! {
    /// The frame that a peer can reach.
    static GRANTED: std::cell::Cell<Option<u64>> = const { std::cell::Cell::new(None) };
}

thread_local! {
    static MEMORY: std::cell::Cell<Option<&'static dyn machine::GuestMemory>> = const { std::cell::Cell::new(None) };
}

fn thread_handle(d: &Driver) -> u64 {
    let mut h = 0u64;
    d.call("PsCreateSystemThread", &[ptr(&mut h), 0, 0, 0, 0, keeps_irql as *const () as u64, 0]);
    sleep(50);
    h
}

fn set_data_timer(d: &Driver) {
    let t = d.at(d.image.data) as u64;
    d.call("KeInitializeTimer", &[t]);
    d.call("KeSetTimer", &[t, (-100_000_000i64) as u64, 0]);
}

fn connect(d: &Driver) -> *mut interrupt::Interrupt {
    let _ = isr;
    let routine = unsafe {
        std::mem::transmute::<usize, unsafe extern "win64" fn(PVOID, PVOID) -> u8>(d.stub("DbgPrint"))
    };
    interrupt::connect(interrupt::Interrupt::new(
        0x55,
        interrupt::Service::Line(routine),
        std::ptr::null_mut(),
    ))
}

fn forever(d: &Driver) {
    // A thread whose start routine lies in the image: the stub of KeDelayExecutionThread waits 1000 s.
    let interval = Box::leak(Box::new(-10_000_000_000i64));
    let _ = interval;
    let mut h = 0u64;
    let start = d.stub("KeGetCurrentIrql") as u64;
    d.call("PsCreateSystemThread", &[ptr(&mut h), 0, 0, 0, 0, start, 0]);
    d.call("ZwClose", &[h]);
}

/// A machine that hands out guest memory to the test.
struct Bare(ntsim_host::NoMachine);

impl machine::Machine for Bare {
    fn shared_pages(&self) -> u32 {
        0
    }
    fn attach(&self, memory: &'static dyn machine::GuestMemory, _: *mut u8) {
        MEMORY.set(Some(memory));
    }
    fn processors(&self) -> u32 {
        1
    }
    fn cpuid(&self, c: u32, l: u32, s: u32) -> Option<machine::Cpuid> {
        self.0.cpuid(c, l, s)
    }
    fn hypercall(&self, c: u32, n: u64, a: [u64; 6]) -> machine::Outcome {
        self.0.hypercall(c, n, a)
    }
    fn port_in(&self, _: u32, _: u16, _: u8) -> u32 {
        u32::MAX
    }
    fn port_out(&self, _: u32, _: u16, _: u8, _: u32) {}
    fn pci_read(&self, _: machine::PciAddress, _: u16, _: u8) -> u32 {
        u32::MAX
    }
    fn pci_write(&self, _: machine::PciAddress, _: u16, _: u8, _: u32) {}
    fn mmio_read(&self, _: u64, _: u8) -> u64 {
        u64::MAX
    }
    fn mmio_write(&self, _: u64, _: u8, _: u64) {}
    fn take_vector(&self, _: u32) -> Option<u8> {
        None
    }
    fn line(&self, _: u32) -> bool {
        false
    }
    fn actors(&self) -> u32 {
        0
    }
    fn step(&self, _: u32) {}
    fn deadline(&self) -> Option<u64> {
        None
    }
    fn advance(&self, _: u64) {}
    fn resumed(&self) -> Option<i64> {
        None
    }
    fn frame_in_use(&self, gfn: u64) -> Option<bool> {
        (GRANTED.get() == Some(gfn)).then_some(false)
    }
}

fn run(case: Case) -> Vec<String> {
    let sim = Sim::builder()
        .machine(Box::new(Bare(ntsim_host::NoMachine(1))))
        .special_pool(SpecialPool::Off)
        .on_violation(OnViolation::Collect)
        .build();
    let _ = sync::initialize_mutex;
    let end = sim.run(|| {
        let d = load("subject.sys");
        case(&d);
    });
    let mut found: Vec<String> = sim.reports().iter().map(|r| r.rule.id.to_string()).collect();
    if let Err(b) = end {
        found.push(format!("the run ended: {b}"));
    }
    found
}

#[test]
fn rules_fire_and_only_then() {
    let mut failed = Vec::new();
    for (name, bad, good) in CASES {
        let found = run(*bad);
        if !found.iter().any(|f| f == name) {
            failed.push(format!("{name} does not fire; found {found:?}"));
        }
        if let Some(end) = found.iter().find(|f| f.starts_with("the run ended")) {
            failed.push(format!("{name}: {end}"));
        }
        let found = run(*good);
        if !found.is_empty() {
            failed.push(format!("{name}: the clean driver is blamed: {found:?}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_rule_has_a_case() {
    // Proven in kernel.rs, where the access itself ends the run.
    let elsewhere = ["pool-use-after-free"];
    let tested: BTreeSet<&str> = CASES.iter().map(|c| c.0).chain(elsewhere).collect();
    let all: BTreeSet<&str> = ntsim::verifier::rules::ALL.iter().map(|r| r.id).collect();
    assert_eq!(all.difference(&tested).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules without a case");
    assert_eq!(tested.difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new(), "cases without a rule");
}
