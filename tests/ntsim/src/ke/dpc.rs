//! Deferred procedure calls, normal and threaded.

use crate::abi::*;
use crate::ke::thread::{self, StartRoutine};
use crate::ke::{event, irql, wait};
use crate::kernel::{Kernel, kernel};
use alloc::boxed::Box;
use core::sync::atomic::Ordering::*;

/// DPC.Number of a DPC without a target processor; with one it is MAXIMUM_PROCESSORS-based in Windows: 0x500 + index.
const TARGET_BASE: u16 = 0x500;
/// KDPC_IMPORTANCE values.
const HIGH_IMPORTANCE: u8 = 2;

/// KeInitializeDpc / KeInitializeThreadedDpc.
pub unsafe fn initialize(dpc: *mut KDPC, routine: Option<DeferredRoutine>, context: PVOID, threaded: bool) {
    core::ptr::write_bytes(dpc, 0, 1);
    (*dpc).Type = if threaded { object_kind::THREADED_DPC } else { object_kind::DPC };
    (*dpc).Importance = 1;
    (*dpc).DeferredRoutine = routine;
    (*dpc).DeferredContext = context;
}

/// Sets the target processor by index.
pub unsafe fn set_target(dpc: *mut KDPC, cpu: u32) {
    (*dpc).Number = TARGET_BASE + cpu as u16;
}

/// Queues a DPC; false if it is queued already. Any IRQL.
pub unsafe fn insert(dpc: *mut KDPC, argument1: PVOID, argument2: PVOID) -> bool {
    let k = kernel();
    if !(*dpc).DpcData.is_null() {
        return false;
    }
    let here = k.engine.current_cpu();
    let target = match (*dpc).Number {
        n if n >= TARGET_BASE && ((n - TARGET_BASE) as u32) < k.active_processors() => {
            (n - TARGET_BASE) as u32
        }
        _ => here,
    };
    let cpu = &k.cpus[target as usize];
    (*dpc).SystemArgument1 = argument1;
    (*dpc).SystemArgument2 = argument2;
    (*dpc).DpcData = (cpu as *const crate::ke::cpu::Cpu as PVOID).cast();
    if (*dpc).Type == object_kind::THREADED_DPC {
        cpu.threaded_dpcs.lock().push_back(dpc as usize);
        wake_dpc_thread(k, target);
        return true;
    }
    {
        let mut queue = cpu.dpcs.lock();
        if (*dpc).Importance == HIGH_IMPORTANCE {
            queue.push_front(dpc as usize);
        } else {
            queue.push_back(dpc as usize);
        }
    }
    if target != here {
        k.engine.request_ipi(target);
    }
    true
}

/// Takes a queued DPC back; false if it was not queued.
pub unsafe fn remove(dpc: *mut KDPC) -> bool {
    let k = kernel();
    if (*dpc).DpcData.is_null() {
        return false;
    }
    for cpu in &k.cpus {
        for queue in [&cpu.dpcs, &cpu.threaded_dpcs] {
            let mut queue = queue.lock();
            if let Some(i) = queue.iter().position(|d| *d == dpc as usize) {
                queue.remove(i);
                (*dpc).DpcData = core::ptr::null_mut();
                return true;
            }
        }
    }
    false
}

/// Is a DPC within this range of addresses queued anywhere?
pub fn queued_within(k: &Kernel, range: &core::ops::Range<usize>) -> Option<usize> {
    k.cpus.iter().find_map(|cpu| {
        let find = |q: &alloc::collections::VecDeque<usize>| q.iter().copied().find(|d| range.contains(d));
        find(&cpu.dpcs.lock()).or_else(|| find(&cpu.threaded_dpcs.lock()))
    })
}

/// Is a DPC queued whose routine lies in this range?
pub fn pending_for(k: &Kernel, range: &core::ops::Range<usize>) -> Option<usize> {
    k.cpus.iter().find_map(|cpu| {
        let find = |q: &alloc::collections::VecDeque<usize>| {
            q.iter().copied().find(|d| unsafe {
                (*(*d as *const KDPC)).DeferredRoutine.is_some_and(|f| range.contains(&(f as usize)))
            })
        };
        find(&cpu.dpcs.lock()).or_else(|| find(&cpu.threaded_dpcs.lock()))
    })
}

unsafe fn run(k: &'static Kernel, dpc: *mut KDPC) {
    let (routine, context) = ((*dpc).DeferredRoutine, (*dpc).DeferredContext);
    let (a1, a2) = ((*dpc).SystemArgument1, (*dpc).SystemArgument2);
    // From here on the driver may queue or free it again.
    (*dpc).DpcData = core::ptr::null_mut();
    if let Some(routine) = routine {
        crate::call!(fresh "DPC", routine, dpc, context, a1, a2);
    }
    k.cpu().dpc_count.fetch_add(1, Relaxed);
}

/// Runs this processor's DPCs. At DISPATCH_LEVEL, never nested.
pub fn drain(k: &'static Kernel) {
    let cpu = k.cpu();
    if cpu.dpc_active.swap(true, Relaxed) {
        return;
    }
    loop {
        let next = cpu.dpcs.lock().pop_front();
        match next {
            Some(dpc) => unsafe { run(k, dpc as *mut KDPC) },
            None => break,
        }
    }
    cpu.dpc_active.store(false, Relaxed);
}

/// Wakes (or makes) the DPC thread of a processor. Threads cannot be made at DISPATCH_LEVEL in Windows;
/// there the DPC threads exist from boot, which is the same to drivers.
fn wake_dpc_thread(k: &'static Kernel, target: u32) {
    let cpu = &k.cpus[target as usize];
    let state = k.room::<DpcThreads>();
    let event = {
        let mut events = state.0.lock();
        let n = k.cpus.len();
        events.get_or_insert_with(|| (0..n).map(|_| Box::new(unsafe { core::mem::zeroed() })).collect())
            [target as usize]
            .as_mut() as *mut KEVENT
    };
    if cpu.dpc_thread.load(Relaxed).is_null() {
        unsafe { event::initialize(event, true, false) };
        let address = event as usize;
        let body = move || dpc_thread(target, address as *mut KEVENT);
        if let Ok(t) = thread::create(StartRoutine::Kernel(Box::new(body))) {
            cpu.dpc_thread.store(t, Relaxed);
            thread::set_priority(unsafe { &*t }, 31);
            thread::set_affinity(unsafe { &*t }, 1 << target);
        }
    }
    unsafe { event::set(event) };
}

// Boxed: threads wait on the events by address.
#[derive(Default)]
#[allow(clippy::vec_box)]
struct DpcThreads(crate::kernel::lock::Lock<Option<alloc::vec::Vec<Box<KEVENT>>>>);

fn dpc_thread(target: u32, event: *mut KEVENT) {
    let k = kernel();
    loop {
        unsafe { wait::wait_one(event, wait::Timeout::Never) };
        loop {
            let next = k.cpus[target as usize].threaded_dpcs.lock().pop_front();
            match next {
                Some(dpc) => unsafe { run(k, dpc as *mut KDPC) },
                None => break,
            }
        }
    }
}

/// KeFlushQueuedDpcs: waits until all DPCs queued so far have run. PASSIVE_LEVEL.
pub fn flush(k: &'static Kernel) {
    let thread = thread::current();
    let affinity = thread.affinity.get();
    for cpu in 0..k.active_processors() {
        // Running on the processor at PASSIVE_LEVEL means that its DPC queue has drained.
        thread::set_affinity(thread, 1 << cpu);
        let old = irql::raise(DISPATCH_LEVEL);
        irql::lower(old);
        while !k.cpus[cpu as usize].threaded_dpcs.lock().is_empty() {
            let nobody = KEVENT { Header: unsafe { core::mem::zeroed() } };
            let mut nobody = nobody;
            unsafe {
                event::initialize(&mut nobody, false, false);
                wait::wait_one(&mut nobody, wait::Timeout::millis(1));
            }
        }
    }
    thread::set_affinity(thread, affinity);
}
