//! StorPortExtendedFunction: what came to Storport after Windows 2003.

use super::adapter::Phase;
use super::zeroed;
use super::{of_extension, rules};
use crate::abi::*;
use crate::io::glue;
use crate::ke::{dpc, timer};
use crate::mm::pool::{self, PoolKind};
use crate::verifier;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::sync::atomic::Ordering::*;

exports! { EXPORTS "storport.sys";
    variadic fn StorPortExtendedFunction(args: *const u64) -> u32 [irql <= HIGH_LEVEL] {
        extended(*args as i32, *args.add(1) as *mut c_void, args.add(2))
    }
}

/// What an adapter has been given by extended functions.
#[derive(Default)]
pub struct Resources {
    timers: Vec<usize>,
    workers: Vec<usize>,
    pool: Vec<usize>,
}

/// A miniport's timer.
struct MiniTimer {
    timer: KTIMER,
    dpc: KDPC,
    routine: PHW_TIMER_EX,
    extension: usize,
    context: usize,
}

/// A miniport's work item.
struct Worker {
    routine: PHW_WORKITEM,
}

unsafe extern "win64" fn timer_dpc(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let timer = &*(context as *const MiniTimer);
    if let Some(routine) = timer.routine {
        crate::call!("miniport timer", routine, timer.extension as *mut c_void, timer.context as *mut c_void);
    }
}

impl Resources {
    /// Frees timers and work items; memory from StorPortAllocatePool is the miniport's to free.
    pub fn release(&mut self) {
        for at in self.timers.drain(..) {
            unsafe {
                timer::cancel(&raw mut (*(at as *mut MiniTimer)).timer);
                dpc::remove(&raw mut (*(at as *mut MiniTimer)).dpc);
                drop(Box::from_raw(at as *mut MiniTimer));
            }
        }
        for at in self.workers.drain(..) {
            drop(unsafe { Box::from_raw(at as *mut Worker) });
        }
        for at in self.pool.drain(..) {
            verifier::report(
                &verifier::rules::LEAK_POOL,
                "memory from StorPortAllocatePool was not freed before the adapter was removed".into(),
                [verifier::rules::LEAK_POOL.parameter, at as u64, 0, 0],
            );
            glue::pool_free(at as *mut u8);
        }
    }
}

const SUCCESS: u32 = STOR_STATUS_SUCCESS;

unsafe fn extended(code: i32, extension: *mut c_void, rest: *const u64) -> u32 {
    let adapter = of_extension(extension);
    let arg = |index: usize| *rest.add(index);
    let k = crate::kernel();
    match code {
        ExtFunctionAllocatePool => {
            // StorPortAllocatePool(NumberOfBytes, Tag, BufferPointer): IRQL <= DISPATCH_LEVEL.
            let (size, tag, to) = (arg(0) as u32 as usize, arg(1) as u32, arg(2) as *mut usize);
            match pool::allocate(PoolKind::NonPagedNx, size, tag, crate::export::caller(), false) {
                Some(at) => {
                    *to = at as usize;
                    adapter.resources.lock().pool.push(at as usize);
                    SUCCESS
                }
                None => {
                    *to = 0;
                    STOR_STATUS_INSUFFICIENT_RESOURCES
                }
            }
        }
        ExtFunctionFreePool => {
            let at = arg(0) as usize;
            let known = {
                let mut resources = adapter.resources.lock();
                let before = resources.pool.len();
                resources.pool.retain(|other| *other != at);
                resources.pool.len() != before
            };
            if !known {
                return STOR_STATUS_INVALID_PARAMETER;
            }
            glue::pool_free(at as *mut u8);
            SUCCESS
        }
        ExtFunctionGetDeviceObjects => {
            // AdapterDeviceObject, PhysicalDeviceObject, LowerDeviceObject.
            for (index, device) in [adapter.fdo, adapter.pdo, adapter.lower].into_iter().enumerate() {
                if arg(index) != 0 {
                    *(arg(index) as *mut *mut DEVICE_OBJECT) = device;
                }
            }
            SUCCESS
        }
        ExtFunctionGetSystemAddress => {
            let Some(request) = adapter.outstanding(arg(0) as usize) else {
                return STOR_STATUS_INVALID_PARAMETER;
            };
            *(arg(1) as *mut usize) = request.buffer.as_ref().map_or(0, |b| b.va());
            SUCCESS
        }
        ExtFunctionInitializePerformanceOptimizations => {
            performance(adapter, arg(0) as u8 != 0, arg(1) as *mut PERF_CONFIGURATION_DATA)
        }
        ExtFunctionGetCurrentProcessorNumber => {
            *(arg(0) as *mut PROCESSOR_NUMBER) = k.cpu().number(k);
            SUCCESS
        }
        ExtFunctionGetCurrentProcessorIndex => {
            *(arg(0) as *mut u32) = k.engine.current_cpu();
            SUCCESS
        }
        ExtFunctionGetProcessorCount => {
            *(arg(0) as *mut u32) = k.active_processors();
            SUCCESS
        }
        ExtFunctionGetActiveGroupCount => {
            let size = k.config.group_size.clamp(1, 64);
            *(arg(0) as *mut u16) = k.active_processors().div_ceil(size) as u16;
            SUCCESS
        }
        ExtFunctionGetGroupAffinity => {
            let size = k.config.group_size.clamp(1, 64);
            let left = k.active_processors().saturating_sub(arg(0) as u16 as u32 * size).min(size);
            *(arg(1) as *mut u64) = if left == 64 { u64::MAX } else { (1 << left) - 1 };
            SUCCESS
        }
        ExtFunctionGetActiveNodeCount => {
            *(arg(0) as *mut u32) = 1;
            SUCCESS
        }
        ExtFunctionGetHighestNodeNumber => {
            *(arg(0) as *mut u32) = 0;
            SUCCESS
        }
        ExtFunctionGetCurrentIrql => {
            *(arg(0) as *mut u8) = crate::ke::irql::current();
            SUCCESS
        }
        ExtFunctionInitializeTimer => {
            let mut made = Box::new(MiniTimer {
                timer: zeroed(),
                dpc: zeroed(),
                routine: None,
                extension: extension as usize,
                context: 0,
            });
            timer::initialize(&mut made.timer, false);
            let at = Box::into_raw(made);
            dpc::initialize(&raw mut (*at).dpc, Some(timer_dpc), at.cast(), false);
            adapter.resources.lock().timers.push(at as usize);
            *(arg(0) as *mut usize) = at as usize;
            SUCCESS
        }
        ExtFunctionRequestTimer => {
            // TimerHandle, TimerCallback, CallbackContext, TimerValue and TolerableDelay in microseconds; 0 cancels.
            let at = arg(0) as usize;
            if !adapter.resources.lock().timers.contains(&at) {
                return STOR_STATUS_INVALID_PARAMETER;
            }
            let made = &mut *(at as *mut MiniTimer);
            if arg(3) == 0 {
                timer::cancel(&mut made.timer);
                return SUCCESS;
            }
            made.routine = core::mem::transmute::<usize, PHW_TIMER_EX>(arg(1) as usize);
            made.context = arg(2) as usize;
            timer::set(&mut made.timer, -((arg(3) * 10) as i64), 0, &mut made.dpc);
            SUCCESS
        }
        ExtFunctionFreeTimer => {
            let at = arg(0) as usize;
            let known = {
                let mut resources = adapter.resources.lock();
                let before = resources.timers.len();
                resources.timers.retain(|other| *other != at);
                resources.timers.len() != before
            };
            if !known {
                return STOR_STATUS_INVALID_PARAMETER;
            }
            timer::cancel(&raw mut (*(at as *mut MiniTimer)).timer);
            dpc::remove(&raw mut (*(at as *mut MiniTimer)).dpc);
            drop(Box::from_raw(at as *mut MiniTimer));
            SUCCESS
        }
        ExtFunctionInitializeWorker => {
            let at = Box::into_raw(Box::new(Worker { routine: None }));
            adapter.resources.lock().workers.push(at as usize);
            *(arg(0) as *mut usize) = at as usize;
            SUCCESS
        }
        ExtFunctionQueueWorkItem => {
            // WorkItemCallback, Worker, Context.
            let (at, context, ext) = (arg(1) as usize, arg(2) as usize, extension as usize);
            if !adapter.resources.lock().workers.contains(&at) {
                return STOR_STATUS_INVALID_PARAMETER;
            }
            (*(at as *mut Worker)).routine = core::mem::transmute::<usize, PHW_WORKITEM>(arg(0) as usize);
            let queued = crate::ke::thread::spawn(move || {
                let worker = unsafe { &*(at as *const Worker) };
                if let Some(routine) = worker.routine {
                    crate::call!(
                        "miniport work item",
                        routine,
                        ext as *mut c_void,
                        context as *mut c_void,
                        at as *mut c_void
                    );
                }
            });
            if queued.is_ok() { SUCCESS } else { STOR_STATUS_INSUFFICIENT_RESOURCES }
        }
        ExtFunctionFreeWorker => {
            let at = arg(0) as usize;
            adapter.resources.lock().workers.retain(|other| *other != at);
            SUCCESS
        }
        ExtFunctionMarkDumpMemory => SUCCESS,
        ExtFunctionSetUnitAttributes => SUCCESS,
        ExtFunctionInitializeSpinlock => {
            *(arg(0) as *mut u64) = 0;
            SUCCESS
        }
        ExtFunctionDelayExecution => {
            crate::kernel().engine.stall(u64::from(arg(0) as u32) * 1000);
            SUCCESS
        }
        ExtFunctionLogSystemEvent | ExtFunctionLogHardwareError => {
            k.engine.log("storport: the miniport wrote an event");
            SUCCESS
        }
        other => {
            // What a newer Storport has and an older one does not is answered so, by documentation; what we merely
            // do not model must not pass unseen.
            k.engine.log(&alloc::format!("storport: extended function {other} is not modelled"));
            STOR_STATUS_NOT_IMPLEMENTED
        }
    }
}

unsafe fn performance(
    adapter: &'static super::adapter::Adapter,
    query: bool,
    data: *mut PERF_CONFIGURATION_DATA,
) -> u32 {
    if adapter.phase() != Phase::Initializing {
        verifier::report(
            &rules::WRONG_PLACE,
            "StorPortInitializePerfOpts is for HwInitialize and passive initialization".into(),
            [rules::WRONG_PLACE.parameter, adapter.extension() as u64, 0, 0],
        );
    }
    let offered = STOR_PERF_DPC_REDIRECTION
        | STOR_PERF_CONCURRENT_CHANNELS
        | STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO
        | STOR_PERF_NO_SGL;
    if (*data).Version == 0 || (*data).Size < 8 {
        return STOR_STATUS_INVALID_PARAMETER;
    }
    if query {
        (*data).Flags = offered;
        (*data).ConcurrentChannels = crate::kernel().active_processors();
        return SUCCESS;
    }
    if (*data).Flags & !offered != 0 {
        return STOR_STATUS_UNSUCCESSFUL;
    }
    if (*data).Flags & STOR_PERF_CONCURRENT_CHANNELS != 0 {
        adapter.channels.store((*data).ConcurrentChannels.max(1), Release);
    }
    SUCCESS
}
