//! Timers, DPCs and time: the exports.

use crate::abi::*;
use crate::ke::{dpc, irql, timer};
use crate::kernel::kernel;

/// Frequency of KeQueryPerformanceCounter (10 MHz, as Windows uses on current machines).
pub const COUNTER_FREQUENCY: i64 = 10_000_000;

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn KeInitializeTimer(t: *mut KTIMER) [irql <= DISPATCH_LEVEL] { timer::initialize(t, false) }
    fn KeInitializeTimerEx(t: *mut KTIMER, kind: u32) [irql <= DISPATCH_LEVEL] { timer::initialize(t, kind == 1) }
    fn KeSetTimer(t: *mut KTIMER, due: i64, d: *mut KDPC) -> u8 [irql <= DISPATCH_LEVEL] {
        timer::set(t, due, 0, d) as u8
    }
    fn KeSetTimerEx(t: *mut KTIMER, due: i64, period: i32, d: *mut KDPC) -> u8 [irql <= DISPATCH_LEVEL] {
        timer::set(t, due, period.max(0) as u32, d) as u8
    }
    fn KeSetCoalescableTimer(t: *mut KTIMER, due: i64, period: u32, tolerable: u32, d: *mut KDPC) -> u8
        [irql <= DISPATCH_LEVEL] { timer::set(t, due, period, d) as u8 }
    fn KeCancelTimer(t: *mut KTIMER) -> u8 [irql <= DISPATCH_LEVEL] { timer::cancel(t) as u8 }
    fn KeReadStateTimer(t: *mut KTIMER) -> u8 [irql <= DISPATCH_LEVEL] { ((*t).Header.SignalState != 0) as u8 }
    fn KeInitializeDpc(d: *mut KDPC, routine: Option<DeferredRoutine>, context: PVOID) [irql any] {
        dpc::initialize(d, routine, context, false)
    }
    fn KeInitializeThreadedDpc(d: *mut KDPC, routine: Option<DeferredRoutine>, context: PVOID) [irql any] {
        dpc::initialize(d, routine, context, true)
    }
    fn KeInsertQueueDpc(d: *mut KDPC, a: PVOID, b: PVOID) -> u8 [irql any] { dpc::insert(d, a, b) as u8 }
    fn KeRemoveQueueDpc(d: *mut KDPC) -> u8 [irql any] { dpc::remove(d) as u8 }
    fn KeSetImportanceDpc(d: *mut KDPC, importance: u32) [irql any] { (*d).Importance = importance as u8; }
    fn KeSetTargetProcessorDpc(d: *mut KDPC, number: i8) [irql any] { dpc::set_target(d, number as u8 as u32) }
    fn KeSetTargetProcessorDpcEx(d: *mut KDPC, number: *const PROCESSOR_NUMBER) -> NTSTATUS [irql any] {
        match crate::ke::processors::index_of(*number) {
            Some(index) => {
                dpc::set_target(d, index);
                STATUS_SUCCESS
            }
            None => STATUS_INVALID_PARAMETER,
        }
    }
    fn KeFlushQueuedDpcs() [irql == PASSIVE_LEVEL] { dpc::flush(kernel()) }
    fn KeQueryPerformanceCounter(frequency: *mut i64) -> i64 [irql any] {
        if !frequency.is_null() {
            *frequency = COUNTER_FREQUENCY;
        }
        (kernel().engine.now() / 100) as i64
    }
    fn KeStallExecutionProcessor(microseconds: u32) [irql any] {
        if microseconds > 100_000 {
            crate::verifier::report(&crate::verifier::rules::LONG_STALL,
                alloc::format!("KeStallExecutionProcessor({microseconds})"), [microseconds as u64, 0, 0, 0]);
        }
        kernel().engine.stall(microseconds as u64 * 1000);
        irql::poll(kernel());
    }
    fn KeQueryTimeIncrement() -> u32 [irql any] { timer::TICK as u32 }
    fn KeQueryInterruptTime() -> u64 [irql any] { timer::interrupt_time() / timer::TICK * timer::TICK }
    fn KeQueryInterruptTimePrecise(counter: *mut u64) -> u64 [irql any] {
        *counter = timer::interrupt_time();
        timer::interrupt_time()
    }
    fn KeQueryUnbiasedInterruptTime() -> u64 [irql any] { timer::interrupt_time() }
    fn KeQuerySystemTimePrecise(time: *mut u64) [irql any] { *time = timer::system_time(); }
    fn ExSetTimerResolution(desired: u32, set: u8) -> u32 [irql <= APC_LEVEL] { timer::TICK as u32 }
    fn ExSystemTimeToLocalTime(system: *const i64, local: *mut i64) [irql any] { *local = *system; }
    fn ExLocalTimeToSystemTime(local: *const i64, system: *mut i64) [irql any] { *system = *local; }
}
