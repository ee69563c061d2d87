//! What shipping PV drivers import does what its documentation says, called from a driver's image. Each case names the
//! exports that it exercises; a list at the end says that none of the imports known from the field is without one.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;
#[path = "common/exceptions.rs"]
mod exceptions;
mod image;

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::rc::Rc;

use common::driver::{KNOBS, Knobs, entry, knobs};
use common::pci::{Function, PciMachine, Shared};
use image::{Builder, Driver};
use nt::sys::{
    DEVICE_OBJECT, IO_CSQ, IO_CSQ_IRP_CONTEXT, IO_STATUS_BLOCK, IRP, IRP_MJ_SHUTDOWN, PROCESSOR_NUMBER,
};
use ntsim::abi::*;
use ntsim::pnp::{boot, install, store::Source};
use ntsim_host::Sim;

const TAG: u64 = u32::from_le_bytes(*b"TstT") as u64;
const NX: u64 = 512;
const SUCCESS: u64 = 0;

fn ptr<T>(x: &mut T) -> u64 {
    x as *mut T as u64
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A counted string over a buffer with some room behind.
fn counted(text: &[u16], room: u16) -> UNICODE_STRING {
    UNICODE_STRING {
        Length: (text.len() * 2) as u16,
        MaximumLength: (text.len() * 2) as u16 + room,
        Buffer: text.as_ptr().cast_mut(),
    }
}

fn text(s: &UNICODE_STRING) -> String {
    String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(s.Buffer, s.Length as usize / 2) })
}

fn status(value: u64) -> u64 {
    value & 0xFFFF_FFFF
}

fn at_dispatch(d: &Driver, f: impl FnOnce()) {
    let old = d.call("KfRaiseIrql", &[2]);
    f();
    d.call("KeLowerIrql", &[old]);
}

fn data(name: &str) -> *const u64 {
    ntsim::loader::resolve("ntoskrnl.exe", name).unwrap_or_else(|| panic!("{name} is not exported"))
        as *const u64
}

fn pdo() -> u64 {
    knobs(|k| k.pdo as u64)
}

thread_local! {
    static SEEN: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn seen() -> Vec<u64> {
    SEEN.with(|s| std::mem::take(&mut *s.borrow_mut()))
}

fn note(value: u64) {
    SEEN.with(|s| s.borrow_mut().push(value));
}

unsafe extern "win64" fn on_callback(context: PVOID, a: PVOID, b: PVOID) {
    note(context as u64 + a as u64 + b as u64);
}
unsafe extern "win64" fn on_dpc(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    note(context as u64 + u64::from(ntsim::kernel().engine.current_cpu()) * 1000);
}
unsafe extern "win64" fn on_work(_: *mut DEVICE_OBJECT, context: PVOID) {
    note(context as u64);
}
unsafe extern "win64" fn on_print(text: *const c_void, _: u32, _: u32) {
    // An ANSI_STRING: length, room, buffer.
    let length = *text.cast::<u16>();
    note(u64::from(length));
}
unsafe extern "win64" fn on_processor(_: PVOID, _: PVOID, _: PVOID) {
    note(1);
}
unsafe extern "win64" fn ends_itself(stub: PVOID) {
    note(1);
    let end = std::mem::transmute::<u64, unsafe extern "win64" fn(i32) -> i32>(*stub.cast::<u64>());
    end(0);
    note(2);
}
unsafe extern "win64" fn ignore_image(_: PVOID, _: PVOID, _: PVOID) {}
unsafe extern "win64" fn ignore_process(_: PVOID, _: PVOID, _: u8) {}

unsafe extern "win64" fn csq_insert(csq: *mut IO_CSQ, irp: *mut IRP, _: PVOID) -> i32 {
    let _ = csq;
    note(irp as u64);
    0
}
unsafe extern "win64" fn csq_remove(_: *mut IO_CSQ, _: *mut IRP) {}
unsafe extern "win64" fn csq_peek(_: *mut IO_CSQ, after: *mut IRP, _: PVOID) -> *mut IRP {
    if after.is_null() {
        SEEN.with(|s| s.borrow().last().copied().unwrap_or(0)) as *mut IRP
    } else {
        std::ptr::null_mut()
    }
}
unsafe extern "win64" fn csq_acquire(_: *mut IO_CSQ, irql: *mut u8) {
    *irql = ntsim::ke::irql::raise(2);
}
unsafe extern "win64" fn csq_release(_: *mut IO_CSQ, irql: u8) {
    ntsim::ke::irql::lower(irql);
}
unsafe extern "win64" fn csq_complete(_: *mut IO_CSQ, _: *mut IRP) {}

type Case = (&'static [&'static str], fn(&Driver));

const DATA: &[&str] =
    &["InitSafeBootMode", "KeNumberProcessors", "ExEventObjectType", "PsThreadType", "KiBugCheckData"];

/// Imports that cases use beside what they are about.
const HELPERS: &[&str] = &[
    "KfRaiseIrql",
    "KeLowerIrql",
    "KeGetCurrentIrql",
    "ExFreePoolWithTag",
    "ZwClose",
    "KeInitializeEvent",
    "KeSetEvent",
    "KeResetEvent",
    "KeInitializeDpc",
    "KeInsertQueueDpc",
    "PsCreateSystemThread",
    "ExNotifyCallback",
    "IofCallDriver",
    "KeWaitForSingleObject",
    "DbgPrint",
    "IoAllocateIrp",
    "IoFreeIrp",
];

#[rustfmt::skip]
const CASES: &[Case] = &[
    (&["KeQueryPerformanceCounter", "KeQueryTimeIncrement"], |d| {
        let mut frequency = 0u64;
        let a = d.call("KeQueryPerformanceCounter", &[ptr(&mut frequency)]);
        let b = d.call("KeQueryPerformanceCounter", &[0]);
        assert_eq!(frequency, 10_000_000, "since Windows 10 1809's predecessors at 10 MHz under hypervisors");
        assert!(b > a);
        assert_eq!(d.call("KeQueryTimeIncrement", &[]) as u32, 156_250);
    }),
    (&["DbgSetDebugFilterState", "vDbgPrintExWithPrefix", "DbgSetDebugPrintCallback"], |d| {
        let callback = on_print as *const () as u64;
        assert_eq!(d.call("DbgSetDebugPrintCallback", &[callback, 1]), SUCCESS);
        // DPFLTR_IHVDRIVER_ID; errors pass, information only once it is switched on.
        let list = [7u64];
        let print = |level: u64| { d.call("vDbgPrintExWithPrefix", &[c"pre|".as_ptr() as u64, 77, level, c"n=%d\n".as_ptr() as u64, list.as_ptr() as u64]); };
        print(0);
        print(3);
        assert_eq!(seen(), [8]);
        assert_eq!(d.call("DbgSetDebugFilterState", &[77, 3, 1]), SUCCESS);
        print(3);
        assert_eq!(seen(), [8]);
        assert_eq!(d.call("DbgSetDebugPrintCallback", &[callback, 0]), SUCCESS);
        print(0);
        assert!(seen().is_empty());
    }),
    (&["_vsnprintf"], |d| {
        let mut out = [0xFFu8; 8];
        let list = [0xABu64, c"xy".as_ptr() as u64];
        let n = d.call("_vsnprintf", &[ptr(&mut out), 8, c"%02x-%s".as_ptr() as u64, list.as_ptr() as u64]);
        assert_eq!((n as i32, &out[..6]), (5, &b"ab-xy\0"[..]));
        let n = d.call("_vsnprintf", &[ptr(&mut out), 3, c"%02x-%s".as_ptr() as u64, list.as_ptr() as u64]);
        assert_eq!((n as i32, &out[..3]), (-1, &b"ab-"[..]), "cut off without a terminator");
    }),
    (&["KeInitializeSpinLock", "ExAcquireSpinLockExclusiveAtDpcLevel", "ExAcquireSpinLockSharedAtDpcLevel",
       "ExReleaseSpinLockExclusiveFromDpcLevel", "ExReleaseSpinLockSharedFromDpcLevel"], |d| {
        let mut plain = u64::MAX;
        d.call("KeInitializeSpinLock", &[ptr(&mut plain)]);
        assert_eq!(plain, 0);
        let mut lock = 0u32;
        at_dispatch(d, || {
            let at = ptr(&mut lock);
            d.call("ExAcquireSpinLockExclusiveAtDpcLevel", &[at]);
            assert_ne!(unsafe { *(at as *const u32) }, 0);
            d.call("ExReleaseSpinLockExclusiveFromDpcLevel", &[at]);
            d.call("ExAcquireSpinLockSharedAtDpcLevel", &[at]);
            assert_ne!(unsafe { *(at as *const u32) }, 0);
            d.call("ExReleaseSpinLockSharedFromDpcLevel", &[at]);
            assert_eq!(unsafe { *(at as *const u32) }, 0);
        });
    }),
    (&["ExAllocatePoolWithQuotaTag"], |d| {
        // POOL_QUOTA_FAIL_INSTEAD_OF_RAISE.
        let at = d.call("ExAllocatePoolWithQuotaTag", &[NX | 8, 100, TAG]);
        assert_ne!(at, 0);
        unsafe { *(at as *mut u8).add(99) = 1 };
        d.call("ExFreePoolWithTag", &[at, TAG]);
        assert_eq!(d.call("ExAllocatePoolWithQuotaTag", &[NX | 8, 1 << 40, TAG]), 0);
    }),
    (&["ExCreateCallback", "ExRegisterCallback", "ExUnregisterCallback", "ObfDereferenceObject"], |d| {
        let name = wide("\\Callback\\Conformance");
        let mut name = counted(&name[..name.len() - 1], 0);
        let mut attributes: [u64; 6] = [48, 0, ptr(&mut name), 0, 0, 0];
        let mut object = 0u64;
        assert_eq!(status(d.call("ExCreateCallback", &[ptr(&mut object), ptr(&mut attributes), 0, 0])), 0xC000_0034, "not there, not made");
        assert_eq!(d.call("ExCreateCallback", &[ptr(&mut object), ptr(&mut attributes), 1, 1]), SUCCESS);
        let handle = d.call("ExRegisterCallback", &[object, on_callback as *const () as u64, 100]);
        assert_ne!(handle, 0);
        d.call("ExNotifyCallback", &[object, 10, 1]);
        assert_eq!(seen(), [111]);
        d.call("ExUnregisterCallback", &[handle]);
        d.call("ExNotifyCallback", &[object, 10, 1]);
        assert!(seen().is_empty());
        d.call("ObfDereferenceObject", &[object]);
    }),
    (&["ExInterlockedInsertTailList"], |d| {
        let mut lock = 0u64;
        let mut head = [0u64; 2];
        let at = ptr(&mut head);
        head = [at, at];
        let (mut a, mut b) = ([0u64; 2], [0u64; 2]);
        assert_eq!(d.call("ExInterlockedInsertTailList", &[at, ptr(&mut a), ptr(&mut lock)]), 0, "the list was empty");
        assert_eq!(d.call("ExInterlockedInsertTailList", &[at, ptr(&mut b), ptr(&mut lock)]), ptr(&mut a));
        assert_eq!((head[0], a[0], b[0], head[1]), (ptr(&mut a), ptr(&mut b), at, ptr(&mut b)));
    }),
    (&["ExEventObjectType", "PsThreadType", "ObReferenceObjectByHandle", "ObfReferenceObject"], |d| {
        let mut handle = 0u64;
        d.call("PsCreateSystemThread", &[ptr(&mut handle), 0x1F_FFFF, 0, 0, 0, d.stub("KeGetCurrentIrql") as u64, 0]);
        let mut object = 0u64;
        let (event, thread) = unsafe { (*data("ExEventObjectType"), *data("PsThreadType")) };
        assert_eq!(status(d.call("ObReferenceObjectByHandle", &[handle, 0, event, 0, ptr(&mut object), 0])), 0xC000_0024, "another type");
        assert_eq!(d.call("ObReferenceObjectByHandle", &[handle, 0, thread, 0, ptr(&mut object), 0]), SUCCESS);
        d.call("KeWaitForSingleObject", &[object, 0, 0, 0, 0]);
        // The thread has ended; its own reference may still be going.
        ntsim::pnp::manager::sleep_ms(10);
        let count = d.call("ObfReferenceObject", &[object]);
        assert_eq!(d.call("ObfDereferenceObject", &[object]), count - 1);
        d.call("ObfDereferenceObject", &[object]);
        d.call("ZwClose", &[handle]);
        assert_eq!(status(d.call("ObReferenceObjectByHandle", &[0x7FFC, 0, thread, 0, ptr(&mut object), 0])), 0xC000_0008);
    }),
    (&["InitSafeBootMode", "KeNumberProcessors", "KiBugCheckData"], |_| unsafe {
        assert_eq!(*data("InitSafeBootMode") as u32, 0);
        assert_eq!(*data("KeNumberProcessors") as u8, 2);
        assert_eq!(*data("KiBugCheckData"), 0, "while all is well");
    }),
    (&["IoAllocateWorkItem", "IoQueueWorkItem", "IoFreeWorkItem"], |d| {
        let item = d.call("IoAllocateWorkItem", &[knobs(|k| k.fdo as u64)]);
        at_dispatch(d, || {
            d.call("IoQueueWorkItem", &[item, on_work as *const () as u64, 1, 5]);
            assert!(seen().is_empty(), "not at the caller's level");
        });
        ntsim::pnp::manager::sleep_ms(50);
        assert_eq!(seen(), [5]);
        d.call("IoFreeWorkItem", &[item]);
    }),
    (&["IoBuildSynchronousFsdRequest", "IoGetAttachedDeviceReference"], |d| {
        let top = d.call("IoGetAttachedDeviceReference", &[pdo()]);
        assert_eq!(top, knobs(|k| k.fdo as u64));
        let mut event = [0u64; 3];
        let mut iosb = IO_STATUS_BLOCK::default();
        d.call("KeInitializeEvent", &[ptr(&mut event), 0, 0]);
        let irp = d.call("IoBuildSynchronousFsdRequest", &[u64::from(IRP_MJ_SHUTDOWN), top, 0, 0, 0, ptr(&mut event), ptr(&mut iosb)]);
        assert_eq!(d.call("IofCallDriver", &[top, irp]), SUCCESS);
        // The I/O manager sets the event and frees the request.
        let mut now = 0i64;
        assert_eq!(d.call("KeWaitForSingleObject", &[ptr(&mut event), 0, 0, 0, ptr(&mut now)]), SUCCESS);
        assert!(knobs(|k| k.seen.iter().any(|s| s == "IRP_MJ_SHUTDOWN")));
        d.call("ObfDereferenceObject", &[top]);
    }),
    (&["IoCsqInitializeEx", "IoCsqInsertIrpEx", "IoCsqRemoveNextIrp"], |d| {
        let mut csq = IO_CSQ::default();
        let f = |f: *const ()| f as u64;
        assert_eq!(d.call("IoCsqInitializeEx", &[ptr(&mut csq), f(csq_insert as *const ()), f(csq_remove as *const ()), f(csq_peek as *const ()),
            f(csq_acquire as *const ()), f(csq_release as *const ()), f(csq_complete as *const ())]), SUCCESS);
        let irp = d.call("IoAllocateIrp", &[1, 0]);
        let mut context = IO_CSQ_IRP_CONTEXT::default();
        assert_eq!(d.call("IoCsqInsertIrpEx", &[ptr(&mut csq), irp, ptr(&mut context), 0]), SUCCESS);
        assert_eq!(d.call("IoCsqRemoveNextIrp", &[ptr(&mut csq), 0]), irp);
        assert_eq!(seen(), [irp]);
        d.call("IoFreeIrp", &[irp]);
    }),
    (&["IoGetCurrentProcess", "KeStackAttachProcess", "KeUnstackDetachProcess"], |d| {
        let process = d.call("IoGetCurrentProcess", &[]);
        let mut state = [0u64; 6];
        d.call("KeStackAttachProcess", &[process, ptr(&mut state)]);
        assert_eq!(d.call("IoGetCurrentProcess", &[]), process);
        d.call("KeUnstackDetachProcess", &[ptr(&mut state)]);
    }),
    (&["IoGetDeviceProperty", "IoOpenDeviceRegistryKey"], |d| {
        // DevicePropertyHardwareID is 1, DevicePropertyEnumeratorName 0xF.
        let mut room = [0u16; 400];
        let mut need = 0u32;
        assert_eq!(status(d.call("IoGetDeviceProperty", &[pdo(), 1, 4, ptr(&mut room), ptr(&mut need)])), 0xC000_0023);
        assert_eq!(d.call("IoGetDeviceProperty", &[pdo(), 1, 800, ptr(&mut room), ptr(&mut need)]), SUCCESS);
        assert!(String::from_utf16_lossy(&room[..need as usize / 2]).starts_with("PCI\\VEN_5853&DEV_0001&"));
        assert_eq!(d.call("IoGetDeviceProperty", &[pdo(), 0xF, 800, ptr(&mut room), ptr(&mut need)]), SUCCESS);
        assert_eq!(String::from_utf16_lossy(&room[..need as usize / 2]), "PCI\0");
        let mut key = 0u64;
        for kind in [1, 2] {
            assert_eq!(d.call("IoOpenDeviceRegistryKey", &[pdo(), kind, 0x2_0019, ptr(&mut key)]), SUCCESS);
            d.call("ZwClose", &[key]);
        }
    }),
    (&["IoInvalidateDeviceState", "IoInvalidateDeviceRelations", "IoRequestDeviceEject"], |d| {
        let count = || knobs(|k| k.seen.iter().filter(|s| *s == "IRP_MN_QUERY_PNP_DEVICE_STATE").count());
        let before = count();
        at_dispatch(d, || { d.call("IoInvalidateDeviceState", &[pdo()]); });
        ntsim::pnp::manager::settle();
        assert_eq!(count(), before + 1);
        d.call("IoInvalidateDeviceRelations", &[pdo(), 0]);
        ntsim::pnp::manager::settle();
        assert!(knobs(|k| k.seen.iter().any(|s| s == "IRP_MN_QUERY_DEVICE_RELATIONS")));
        // A device that cannot be ejected is asked for its removal and comes back as the bus still shows it.
        d.call("IoRequestDeviceEject", &[pdo()]);
        ntsim::pnp::manager::settle();
        assert!(knobs(|k| k.seen.iter().any(|s| s == "IRP_MN_QUERY_REMOVE_DEVICE")));
    }),
    (&["KeClearEvent", "KeWaitForMultipleObjects"], |d| {
        let mut events = [[0u64; 3]; 2];
        let at = [events[0].as_mut_ptr() as u64, events[1].as_mut_ptr() as u64];
        for e in at { d.call("KeInitializeEvent", &[e, 0, 0]); }
        let mut soon = -1000i64;
        let wait = |kind: u64, timeout: &mut i64| status(d.call("KeWaitForMultipleObjects", &[2, at.as_ptr() as u64, kind, 0, 0, 0, ptr(timeout), 0]));
        assert_eq!(wait(1, &mut soon), 0x102, "none is signalled");
        d.call("KeSetEvent", &[at[1], 0, 0]);
        assert_eq!(wait(1, &mut soon), 1, "any: the second");
        assert_eq!(wait(0, &mut soon), 0x102, "not all");
        d.call("KeSetEvent", &[at[0], 0, 0]);
        assert_eq!(wait(0, &mut soon), 0, "all");
        d.call("KeClearEvent", &[at[0]]);
        assert_eq!(wait(0, &mut soon), 0x102, "cleared");
    }),
    (&["KeInitializeThreadedDpc", "KeSetImportanceDpc", "KeSetTargetProcessorDpc", "KeSetTargetProcessorDpcEx", "KeFlushQueuedDpcs"], |d| {
        let mut dpc = [0u64; 8];
        let at = ptr(&mut dpc);
        d.call("KeInitializeThreadedDpc", &[at, on_dpc as *const () as u64, 1]);
        d.call("KeInsertQueueDpc", &[at, 0, 0]);
        d.call("KeFlushQueuedDpcs", &[]);
        assert_eq!(seen().iter().map(|s| s % 1000).collect::<Vec<_>>(), [1]);
        d.call("KeInitializeDpc", &[at, on_dpc as *const () as u64, 2]);
        d.call("KeSetImportanceDpc", &[at, 2]);
        d.call("KeSetTargetProcessorDpc", &[at, 1]);
        d.call("KeInsertQueueDpc", &[at, 0, 0]);
        d.call("KeFlushQueuedDpcs", &[]);
        assert_eq!(seen(), [1002], "on the second processor");
        let mut number = PROCESSOR_NUMBER { Group: 0, Number: 0, Reserved: 0 };
        assert_eq!(d.call("KeSetTargetProcessorDpcEx", &[at, ptr(&mut number)]), SUCCESS);
        d.call("KeInsertQueueDpc", &[at, 0, 0]);
        d.call("KeFlushQueuedDpcs", &[]);
        assert_eq!(seen(), [2], "on the first");
        number.Number = 9;
        assert_eq!(status(d.call("KeSetTargetProcessorDpcEx", &[at, ptr(&mut number)])), 0xC000_000D);
    }),
    (&["KeRegisterProcessorChangeCallback", "KeDeregisterProcessorChangeCallback", "KeSetSystemAffinityThread", "KeRevertToUserAffinityThread"], |d| {
        // KE_PROCESSOR_CHANGE_ADD_EXISTING: once for each processor that is there.
        let handle = d.call("KeRegisterProcessorChangeCallback", &[on_processor as *const () as u64, 0, 1]);
        assert_ne!(handle, 0);
        assert!(seen().len() >= 2);
        d.call("KeDeregisterProcessorChangeCallback", &[handle]);
        d.call("KeSetSystemAffinityThread", &[2]);
        assert_eq!(ntsim::kernel().engine.current_cpu(), 1);
        d.call("KeRevertToUserAffinityThread", &[]);
    }),
    (&["MmGetSystemRoutineAddress"], |d| {
        let find = |name: &str| {
            let units = wide(name);
            let mut s = counted(&units[..units.len() - 1], 0);
            d.call("MmGetSystemRoutineAddress", &[ptr(&mut s)])
        };
        assert_eq!(find("KeGetCurrentIrql"), ntsim::loader::resolve("ntoskrnl.exe", "KeGetCurrentIrql").unwrap() as u64);
        assert_eq!(find("ExAllocatePool2"), 0, "not in 14393");
    }),
    (&["PsTerminateSystemThread"], |d| {
        let mut handle = 0u64;
        let context = Box::leak(Box::new(d.stub("PsTerminateSystemThread") as u64)) as *mut u64 as u64;
        d.call("PsCreateSystemThread", &[ptr(&mut handle), 0x1F_FFFF, 0, 0, 0, ends_itself as *const () as u64, context]);
        d.call("ZwClose", &[handle]);
        ntsim::pnp::manager::sleep_ms(50);
        assert_eq!(seen(), [1], "nothing runs behind the end");
    }),
    (&["KeGetCurrentProcessorNumberEx", "KeGetProcessorNumberFromIndex", "KeQueryActiveProcessorCountEx", "KeQueryActiveProcessors",
       "KeSetSystemGroupAffinityThread", "KeRevertToUserAffinityThread"], |d| {
        assert_eq!(d.call("KeQueryActiveProcessorCountEx", &[0xFFFF]) as u32, 2);
        assert_eq!(d.call("KeQueryActiveProcessors", &[]), 3);
        let mut number = PROCESSOR_NUMBER { Group: 9, Number: 9, Reserved: 9 };
        assert_eq!(d.call("KeGetProcessorNumberFromIndex", &[1, ptr(&mut number)]), SUCCESS);
        assert_eq!((number.Group, number.Number), (0, 1));
        assert_eq!(status(d.call("KeGetProcessorNumberFromIndex", &[2, ptr(&mut number)])), 0xC000_000D);
        for cpu in [1u64, 0] {
            let mut affinity = [1u64 << cpu, 0];
            let mut previous = [9u64, 9];
            d.call("KeSetSystemGroupAffinityThread", &[ptr(&mut affinity), ptr(&mut previous)]);
            assert_eq!(d.call("KeGetCurrentProcessorNumberEx", &[ptr(&mut number)]) as u32, cpu as u32);
            assert_eq!(u64::from(number.Number), cpu);
            d.call("KeRevertToUserAffinityThread", &[]);
        }
    }),
    (&["KeAcquireInterruptSpinLock", "KeReleaseInterruptSpinLock"], |d| {
        let object = knobs(|k| k.kinterrupt as u64);
        assert_ne!(object, 0, "the device's driver has connected its interrupt");
        let old = d.call("KeAcquireInterruptSpinLock", &[object]);
        assert_eq!(old as u8, 0);
        assert!(d.call("KeGetCurrentIrql", &[]) as u8 > 2, "at the device's level");
        d.call("KeReleaseInterruptSpinLock", &[object, old]);
        assert_eq!(d.call("KeGetCurrentIrql", &[]) as u8, 0);
    }),
    (&["MmGetPhysicalMemoryRanges"], |d| {
        let at = d.call("MmGetPhysicalMemoryRanges", &[]);
        let ranges = at as *const [u64; 2];
        let total: u64 = (0..).map(|n| unsafe { *ranges.add(n) }).take_while(|r| r[1] != 0).map(|r| r[1]).sum();
        assert_eq!(total, (128 << 20) - (1 << 20));
        d.call("ExFreePoolWithTag", &[at, 0]);
    }),
    (&["PoSetPowerState"], |d| {
        // DevicePowerState; D0 is 1, D3 is 4.
        d.call("PoSetPowerState", &[pdo(), 1, 4]);
        assert_eq!(d.call("PoSetPowerState", &[pdo(), 1, 1]) as u32, 4, "the former state");
    }),
    (&["ProbeForRead", "ProbeForWrite"], |d| {
        // What lies in the user half passes (nothing is mapped there: length zero is never touched).
        d.call("ProbeForRead", &[0x1_0000, 0, 1]);
        d.call("ProbeForWrite", &[0x1_0000, 0, 1]);
    }),
    (&["PsGetVersion", "RtlGetVersion", "RtlIsNtDdiVersionAvailable"], |d| {
        let (mut major, mut minor, mut build) = (0u32, 0u32, 0u32);
        d.call("PsGetVersion", &[ptr(&mut major), ptr(&mut minor), ptr(&mut build), 0]);
        assert_eq!((major, minor, build), (10, 0, 14393));
        let mut info = [0u32; 71];
        info[0] = 276;
        assert_eq!(d.call("RtlGetVersion", &[ptr(&mut info)]), SUCCESS);
        assert_eq!((info[1], info[2], info[3]), (10, 0, 14393));
        // NTDDI_WIN8, NTDDI_WIN10_RS1, NTDDI_WIN10_RS2.
        let there = |v: u64| d.call("RtlIsNtDdiVersionAvailable", &[v]) as u8;
        assert_eq!((there(0x0602_0000), there(0x0A00_0002), there(0x0A00_0003)), (1, 1, 0));
    }),
    (&["PsSetLoadImageNotifyRoutine", "PsRemoveLoadImageNotifyRoutine", "PsSetCreateProcessNotifyRoutine"], |d| {
        let (image, process) = (ignore_image as *const () as u64, ignore_process as *const () as u64);
        assert_eq!(d.call("PsSetLoadImageNotifyRoutine", &[image]), SUCCESS);
        assert_eq!(d.call("PsRemoveLoadImageNotifyRoutine", &[image]), SUCCESS);
        assert_ne!(status(d.call("PsRemoveLoadImageNotifyRoutine", &[image])), 0, "it is gone");
        assert_eq!(d.call("PsSetCreateProcessNotifyRoutine", &[process, 0]), SUCCESS);
        assert_eq!(d.call("PsSetCreateProcessNotifyRoutine", &[process, 1]), SUCCESS);
    }),
    (&["ZwQuerySystemInformation"], |d| {
        // SystemModuleInformation.
        let mut need = 0u32;
        assert_eq!(status(d.call("ZwQuerySystemInformation", &[11, 0, 0, ptr(&mut need)])), 0xC000_0004);
        let mut room = vec![0u8; need as usize];
        assert_eq!(d.call("ZwQuerySystemInformation", &[11, room.as_mut_ptr() as u64, u64::from(need), 0]), SUCCESS);
        let bases: Vec<u64> = room[8..].chunks_exact(296).map(|m| u64::from_le_bytes(m[16..24].try_into().unwrap())).collect();
        assert!(bases.contains(&(d.module.base as u64)));
    }),
    (&["RtlInitAnsiString", "RtlInitUnicodeString", "RtlAnsiStringToUnicodeString", "RtlFreeUnicodeString", "RtlUnicodeStringToAnsiString",
       "RtlFreeAnsiString", "RtlCompareString", "RtlEqualString", "RtlUpcaseUnicodeString"], |d| {
        let (mut a, mut b): ([u64; 2], [u64; 2]) = ([0; 2], [0; 2]);
        d.call("RtlInitAnsiString", &[ptr(&mut a), c"Abc".as_ptr() as u64]);
        d.call("RtlInitAnsiString", &[ptr(&mut b), c"aBD".as_ptr() as u64]);
        assert_eq!(a[0] as u32, 3 | 4 << 16);
        assert_eq!(d.call("RtlEqualString", &[ptr(&mut a), ptr(&mut b), 1]) as u8, 0);
        assert!((d.call("RtlCompareString", &[ptr(&mut a), ptr(&mut b), 1]) as i32) < 0);
        assert!((d.call("RtlCompareString", &[ptr(&mut a), ptr(&mut b), 0]) as i32) < 0);
        let mut u = UNICODE_STRING::default();
        assert_eq!(d.call("RtlAnsiStringToUnicodeString", &[ptr(&mut u), ptr(&mut a), 1]), SUCCESS);
        assert_eq!(text(&u), "Abc");
        let mut upper = UNICODE_STRING::default();
        assert_eq!(d.call("RtlUpcaseUnicodeString", &[ptr(&mut upper), ptr(&mut u), 1]), SUCCESS);
        assert_eq!(text(&upper), "ABC");
        let mut back: [u64; 2] = [0; 2];
        assert_eq!(d.call("RtlUnicodeStringToAnsiString", &[ptr(&mut back), ptr(&mut upper), 1]), SUCCESS);
        let mut abc: [u64; 2] = [0; 2];
        d.call("RtlInitAnsiString", &[ptr(&mut abc), c"ABC".as_ptr() as u64]);
        assert_eq!(d.call("RtlEqualString", &[ptr(&mut back), ptr(&mut abc), 0]) as u8, 1);
        d.call("RtlFreeAnsiString", &[ptr(&mut back)]);
        d.call("RtlFreeUnicodeString", &[ptr(&mut upper)]);
        d.call("RtlFreeUnicodeString", &[ptr(&mut u)]);
        assert!(u.Buffer.is_null());
        let plain = wide("xy");
        d.call("RtlInitUnicodeString", &[ptr(&mut u), plain.as_ptr() as u64]);
        assert_eq!((u.Length, u.MaximumLength, u.Buffer as u64), (4, 6, plain.as_ptr() as u64));
    }),
    (&["RtlAppendUnicodeStringToString", "RtlAppendUnicodeToString", "RtlUnicodeStringToInteger"], |d| {
        let mut room = [0u16; 8];
        let mut s = UNICODE_STRING { Length: 0, MaximumLength: 16, Buffer: room.as_mut_ptr() };
        let tail = wide("0x");
        assert_eq!(d.call("RtlAppendUnicodeToString", &[ptr(&mut s), tail.as_ptr() as u64]), SUCCESS);
        let digits = wide("1f");
        let mut more = counted(&digits[..2], 0);
        assert_eq!(d.call("RtlAppendUnicodeStringToString", &[ptr(&mut s), ptr(&mut more)]), SUCCESS);
        assert_eq!(text(&s), "0x1f");
        let mut value = 0u32;
        assert_eq!(d.call("RtlUnicodeStringToInteger", &[ptr(&mut s), 0, ptr(&mut value)]), SUCCESS);
        assert_eq!(value, 0x1F);
        let long = wide("12345");
        assert_eq!(status(d.call("RtlAppendUnicodeToString", &[ptr(&mut s), long.as_ptr() as u64])), 0xC000_0023);
        assert_eq!(text(&s), "0x1f", "unchanged");
    }),
    (&["RtlAnsiCharToUnicodeChar", "RtlUnicodeToMultiByteN"], |d| {
        let mut at = c"Zq".as_ptr() as u64;
        let start = at;
        assert_eq!(d.call("RtlAnsiCharToUnicodeChar", &[ptr(&mut at)]) as u16, u16::from(b'Z'));
        assert_eq!(at, start + 1);
        let source = wide("abc");
        let (mut out, mut n) = ([0u8; 2], 0u32);
        d.call("RtlUnicodeToMultiByteN", &[ptr(&mut out), 2, ptr(&mut n), source.as_ptr() as u64, 6]);
        assert_eq!((n, &out), (2, b"ab"));
    }),
    (&["RtlCompareMemory", "RtlRandomEx"], |d| {
        assert_eq!(d.call("RtlCompareMemory", &[c"abcd".as_ptr() as u64, c"abXd".as_ptr() as u64, 4]), 2, "bytes that agree");
        let mut seed = 1u32;
        let a = d.call("RtlRandomEx", &[ptr(&mut seed)]) as u32;
        let b = d.call("RtlRandomEx", &[ptr(&mut seed)]) as u32;
        assert!(a != b && a < 0x8000_0000 && b < 0x8000_0000);
    }),
    (&["RtlStringFromGUID", "RtlGUIDFromString"], |d| {
        let mut guid = common::driver::CLASS;
        let mut s = UNICODE_STRING::default();
        assert_eq!(d.call("RtlStringFromGUID", &[ptr(&mut guid), ptr(&mut s)]), SUCCESS);
        assert_eq!(text(&s), "{12345678-9ABC-DEF0-0102-030405060708}");
        let mut back: nt::sys::GUID = unsafe { std::mem::zeroed() };
        assert_eq!(d.call("RtlGUIDFromString", &[ptr(&mut s), ptr(&mut back)]), SUCCESS);
        assert_eq!((back.Data1, back.Data4), (0x1234_5678, [1, 2, 3, 4, 5, 6, 7, 8]));
        d.call("RtlFreeUnicodeString", &[ptr(&mut s)]);
    }),
    (&["RtlTimeToTimeFields"], |d| {
        let mut time = 134_117_856_000_000_000u64;
        let mut fields = [0u16; 8];
        d.call("RtlTimeToTimeFields", &[ptr(&mut time), ptr(&mut fields)]);
        assert_eq!(fields, [2026, 1, 2, 0, 0, 0, 0, 5], "Friday, 2 January 2026");
    }),
    (&["RtlLookupFunctionEntry", "RtlVirtualUnwind", "RtlCaptureContext", "RtlCaptureStackBackTrace"], |d| {
        let stub = d.stub("KeGetCurrentIrql") as u64;
        let mut base = 0u64;
        let entry = d.call("RtlLookupFunctionEntry", &[stub + 8, ptr(&mut base), 0]);
        assert_eq!(base, d.module.base as u64);
        let function = unsafe { *(entry as *const [u32; 3]) };
        assert_eq!(u64::from(function[0]), stub - base);
        // One frame of 0x58 bytes is undone.
        let mut stack = [0u64; 16];
        stack[11] = 0x1234_5678;
        let mut context = Box::new([0u64; 154]);
        context[0x98 / 8] = stack.as_ptr() as u64;
        context[0xF8 / 8] = stub + 8;
        let (mut handler, mut frame) = (0u64, 0u64);
        d.call("RtlVirtualUnwind", &[0, base, stub + 8, entry, context.as_mut_ptr() as u64, ptr(&mut handler), ptr(&mut frame), 0]);
        assert_eq!((context[0xF8 / 8], context[0x98 / 8]), (0x1234_5678, stack.as_ptr() as u64 + 0x60));
        d.call("RtlCaptureContext", &[context.as_mut_ptr() as u64]);
        assert!(d.module.contains(context[0xF8 / 8] as usize), "in the caller");
        let mut trace = [0u64; 4];
        let n = d.call("RtlCaptureStackBackTrace", &[0, 4, ptr(&mut trace), 0]) as u16;
        assert!(n >= 1 && d.module.contains(trace[0] as usize));
    }),
    (&["__C_specific_handler"], |_| {
        let image = exceptions::image(&["ExRaiseStatus", "KeGetCurrentIrql"]);
        let d = Driver::load("guarded.sys", image).expect("all imports exist");
        let (raise, quiet) = (d.stub("ExRaiseStatus") as u64, d.stub("KeGetCurrentIrql") as u64);
        assert_eq!(exceptions::catch(&d, raise, 0xC000_0001, 0), 0xC000_0001);
        assert_eq!(exceptions::catch(&d, quiet, 0, 0), 0, "nothing is raised");
        // On the way to the handler what lies between is wound up.
        assert_eq!(exceptions::catch_finally(&d, raise, 0xC000_0001), (0xC000_0001, 1));
        // A termination handler of a block that ends by itself is called by the compiler's own code, not here.
        assert_eq!(exceptions::catch_finally(&d, quiet, 0), (0, 0));
        let word = 77u64;
        assert_eq!(exceptions::load(&d, &raw const word as u64), 77);
        assert_eq!(exceptions::load(&d, 0x18), 0xC000_0005, "STATUS_ACCESS_VIOLATION");
    }),
];

const INF: &str = "[Version]\nSignature=\"$Windows NT$\"\nClass=System\nClassGuid={4d36e97d-e325-11ce-bfc1-08002be10318}\n\
[Manufacturer]\nV=M,NTamd64\n[M.NTamd64]\nD=I,PCI\\VEN_5853&DEV_0001\n[I]\nCopyFiles=@t.sys\n\
[DestinationDirs]\nDefaultDestDir=12\n[I.Services]\nAddService=t,2,S\n[S]\nServiceType=1\nStartType=0\nErrorControl=1\n\
ServiceBinary=%12%\\t.sys\n";

fn run(case: &Case) -> Result<(), String> {
    let shared = Rc::new(Shared::default());
    shared.functions.borrow_mut().insert((2, 0), Function::new(0x5853, 1));
    KNOBS.with(|k| *k.borrow_mut() = Knobs { connect: true, ..Knobs::default() });
    seen();
    let sim = Sim::builder()
        .machine(Box::new(PciMachine { shared, cpus: 2 }))
        .config(|c| c.trace_keep = 1 << 20)
        .build();
    let names: BTreeSet<&str> =
        CASES.iter().flat_map(|c| c.0).chain(HELPERS).copied().filter(|n| !DATA.contains(n)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let result = sim.run(|| {
        install::add_package("t.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))]).unwrap();
        boot::run();
        let d = Driver::load("subject.sys", Builder::new(&[("ntoskrnl.exe", &names)]).build())
            .expect("all imports exist");
        (case.1)(&d);
    });
    if let Err(b) = result {
        return Err(format!("{:?}: {b}", case.0));
    }
    // What a case names it has called; `leaf` exports leave no trace.
    let trace = sim.trace_tail();
    let leaf = ["RtlCompareMemory"];
    let missing: Vec<_> = case
        .0
        .iter()
        .filter(|n| !DATA.contains(n) && !leaf.contains(n) && !trace.contains(&format!(" Call {n} ")))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("named, but not called: {missing:?}")) }
}

#[test]
fn exports_do_what_they_should() {
    let failed: Vec<String> = CASES.iter().filter_map(|case| run(case).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Where else an import from the field is exercised: files whose drivers call it.
const ELSEWHERE: &[&str] = &[
    include_str!("rules.rs"),
    include_str!("loader.rs"),
    include_str!("kernel.rs"),
    include_str!("registry.rs"),
    include_str!("pnp.rs"),
    include_str!("irp_rules.rs"),
    include_str!("leftover_rules.rs"),
    include_str!("power.rs"),
    include_str!("ndis_rules.rs"),
    include_str!("common/driver.rs"),
    include_str!("common/miniport.rs"),
    include_str!("common/diskport.rs"),
];

/// An exception that no filter takes stops the machine, and says what it was.
#[test]
fn an_exception_that_nobody_takes_stops_the_machine() {
    let sim = Sim::builder().build();
    let stop = sim
        .run(|| {
            let d = Driver::load("guarded.sys", exceptions::image(&["ExRaiseStatus"])).unwrap();
            exceptions::catch_finally(&d, d.stub("ExRaiseStatus") as u64, 0xC000_0002);
        })
        .unwrap_err();
    assert_eq!((stop.code, stop.parameters[0] as u32), (0x1E, 0xC000_0002), "{stop}");
    assert!(stop.stack.iter().any(|line| line.starts_with("guarded.sys+")), "{stop}");
}

#[test]
fn every_import_of_the_field_has_a_test() {
    let named: BTreeSet<&str> = CASES.iter().flat_map(|c| c.0).copied().collect();
    let elsewhere = |name: &str| {
        let forms = [format!("\"{name}\", &["), format!("::{name}("), format!("::{name} as")];
        ELSEWHERE.iter().any(|file| forms.iter().any(|form| file.contains(form.as_str())))
    };
    let without: BTreeSet<&str> = include_str!("field_imports.txt")
        .lines()
        .filter(|l| !l.starts_with(['#', '[']) && !l.is_empty())
        .filter(|name| !named.contains(name) && !elsewhere(name))
        .collect();
    assert!(without.is_empty(), "imports without a conformance test: {without:?}");
}
