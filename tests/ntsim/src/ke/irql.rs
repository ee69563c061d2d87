//! IRQL, and the point where pending interrupts are taken.

use crate::abi::*;
use crate::engine::{Interrupt, Point};
use crate::kernel::{Kernel, kernel};
use crate::verifier;
use core::sync::atomic::Ordering::*;

/// Interrupts in a row, without any progress of what they interrupt, that count as a storm.
const STORM: u32 = 20_000;

/// IRQL of the current processor.
#[inline]
pub fn current() -> u8 {
    kernel().cpu().irql()
}

/// Raises IRQL and returns the former level. Raising to a lower level is a bugcheck (IRQL_NOT_GREATER_OR_EQUAL).
pub fn raise(new: u8) -> u8 {
    let k = kernel();
    let cpu = k.cpu();
    let old = cpu.irql();
    if new < old {
        verifier::bugcheck(0x9, [old as u64, new as u64, 0, 0], "IRQL raised to a lower level");
    }
    cpu.set_irql(k, new);
    old
}

/// Lowers IRQL and takes what was held back. Lowering to a higher level is a bugcheck
/// (IRQL_NOT_LESS_OR_EQUAL).
pub fn lower(new: u8) {
    let k = kernel();
    let cpu = k.cpu();
    let old = cpu.irql();
    if new > old {
        verifier::bugcheck(0xA, [old as u64, new as u64, 0, 0], "IRQL lowered to a higher level");
    }
    cpu.set_irql(k, new);
    k.scheduling_point(Point::IrqlLowered);
}

/// Sets IRQL after a driver returned at a wrong one.
pub fn force(irql: u8) {
    let k = kernel();
    k.cpu().set_irql(k, irql);
}

/// Takes all interrupts that the current IRQL lets through, then DPCs and a reschedule. The caller may
/// continue on another processor.
pub fn poll(k: &'static Kernel) {
    let mut delivered = 0;
    loop {
        let cpu = k.cpu();
        let irql = cpu.irql();
        if let Some(interrupt) = k.engine.take_interrupt(irql) {
            deliver(k, interrupt, irql);
            delivered += 1;
            if delivered > STORM {
                let text = alloc::format!(
                    "interrupt storm: {interrupt:?} again and again (a level-triggered line that no service routine lowers?)"
                );
                verifier::stop(verifier::STORM, [irql as u64, 0, 0, 0], text, None);
            }
            continue;
        }
        if irql < DISPATCH_LEVEL && cpu.soft_pending() {
            cpu.set_irql(k, DISPATCH_LEVEL);
            dispatch_interrupt(k);
            k.cpu().set_irql(k, irql);
            continue;
        }
        return;
    }
}

/// Delivers one interrupt on the current processor, nested on the current stack.
pub fn deliver(k: &'static Kernel, interrupt: Interrupt, irql: u8) {
    let cpu = k.cpu();
    match interrupt {
        Interrupt::Vector(vector) => super::interrupt::dispatch(k, vector),
        Interrupt::Clock => {
            cpu.set_irql(k, CLOCK_LEVEL);
            cpu.timer_due.store(true, Relaxed);
        }
        Interrupt::Ipi => {
            cpu.set_irql(k, IPI_LEVEL);
            super::interrupt::ipi(k);
        }
    }
    k.cpu().set_irql(k, irql);
}

/// The dispatch interrupt: timers, DPCs, reschedule. At DISPATCH_LEVEL.
pub fn dispatch_interrupt(k: &'static Kernel) {
    if k.cpu().timer_due.swap(false, Relaxed) {
        super::timer::expire(k);
    }
    super::dpc::drain(k);
    let cpu = k.cpu();
    if cpu.reschedule.swap(false, Relaxed) | cpu.quantum_end.load(Relaxed) {
        super::sched::reschedule(k);
    }
}
