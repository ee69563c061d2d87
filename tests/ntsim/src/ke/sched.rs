//! The thread scheduler: 32 priorities, affinity, preemption.

use crate::abi::*;
use crate::arch;
use crate::ke::thread::{self, RunState, Thread};
use crate::ke::timer::Timers;
use crate::kernel::lock::LockGuard;
use crate::kernel::{Kernel, kernel};
use crate::trace;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;

/// What the dispatcher lock protects.
#[derive(Default)]
pub struct Dispatcher {
    ready: [VecDeque<*mut Thread>; 32],
    /// Timers and timed waits.
    pub timers: Timers,
    /// All threads that have not been freed.
    pub threads: Vec<*mut Thread>,
    /// Number of the last thread made.
    pub last_number: u32,
}

unsafe impl Send for Dispatcher {}

/// The held dispatcher lock.
pub type Held<'a> = LockGuard<'a, Dispatcher>;

/// Set of processors by system-wide index.
pub type CpuSet = u128;

impl Dispatcher {
    /// Makes a thread ready and tells a processor that should run it.
    pub fn make_ready(&mut self, k: &Kernel, thread: *mut Thread) {
        let t = unsafe { &*thread };
        t.state.set(RunState::Ready);
        self.ready[t.priority.get() as usize & 31].push_back(thread);
        self.notify(k, t);
    }

    fn notify(&self, k: &Kernel, t: &Thread) {
        let allowed = |c: &&crate::ke::cpu::Cpu| t.affinity.get() >> c.index & 1 != 0;
        let active = &k.cpus[..k.active_processors() as usize];
        let idle: Vec<_> =
            active.iter().filter(allowed).filter(|c| c.is_idle() && !c.reschedule.load(Relaxed)).collect();
        let target = if idle.is_empty() {
            active
                .iter()
                .filter(allowed)
                .filter(|c| !c.is_idle())
                .map(|c| (unsafe { (*c.current()).priority.get() }, c))
                .min_by_key(|(p, c)| (*p, c.index))
                .filter(|(p, _)| *p < t.priority.get())
                .map(|(_, c)| c)
        } else {
            Some(idle[k.engine.choose(idle.len() as u32, "idle processor") as usize])
        };
        if let Some(cpu) = target {
            cpu.reschedule.store(true, Relaxed);
            if cpu.index != k.engine.current_cpu() {
                k.engine.request_ipi(cpu.index);
            }
        }
    }

    /// Takes the best ready thread for a processor, of at least this priority.
    fn take_ready(&mut self, cpu: u32, at_least: i32) -> Option<*mut Thread> {
        for priority in (at_least.max(0)..32).rev() {
            let queue = &mut self.ready[priority as usize];
            if let Some(i) = queue.iter().position(|t| unsafe { (**t).affinity.get() >> cpu & 1 != 0 }) {
                return queue.remove(i);
            }
        }
        None
    }

    /// Takes a ready thread out of its queue (priority or affinity change). Tells whether it was there.
    pub fn unready(&mut self, thread: *mut Thread) -> bool {
        for queue in &mut self.ready {
            if let Some(i) = queue.iter().position(|t| *t == thread) {
                queue.remove(i);
                return true;
            }
        }
        false
    }
}

/// Preempts the current thread if a better one is ready, or gives its quantum to an equal one. At
/// DISPATCH_LEVEL; the caller may continue on another processor.
pub fn reschedule(k: &'static Kernel) {
    let cpu = k.cpu();
    let mut d = k.ke.dispatcher.lock();
    let current = cpu.current();
    let t = unsafe { &*current };
    let quantum_end = cpu.quantum_end.swap(false, Relaxed);
    let evicted = t.affinity.get() >> cpu.index & 1 == 0 && !cpu.is_idle();
    let at_least = match (cpu.is_idle() || evicted, quantum_end) {
        (true, _) => 0,
        (_, true) => t.priority.get(),
        (_, false) => t.priority.get() + 1,
    };
    let next = d.take_ready(cpu.index, at_least);
    let next = match next {
        Some(next) => next,
        None if evicted => cpu.idle.load(Relaxed),
        None => return,
    };
    if !cpu.is_idle() {
        t.state.set(RunState::Ready);
        if quantum_end || evicted {
            d.ready[t.priority.get() as usize & 31].push_back(current);
        } else {
            d.ready[t.priority.get() as usize & 31].push_front(current);
        }
        if evicted {
            d.notify(k, t);
        }
    }
    switch_to(k, d, next);
}

/// Gives the processor away: the current thread has been put to wait (or has ended). At DISPATCH_LEVEL.
pub fn block(k: &'static Kernel, mut d: Held<'_>) {
    let cpu = k.cpu();
    let next = d.take_ready(cpu.index, 0).unwrap_or(cpu.idle.load(Relaxed));
    switch_to(k, d, next);
}

fn switch_to(k: &'static Kernel, d: Held<'_>, next: *mut Thread) {
    let cpu = k.cpu();
    let current = cpu.current();
    if current == next {
        // The wait was satisfied between queueing and now (another processor made us ready).
        unsafe { (*next).state.set(RunState::Running) };
        return;
    }
    unsafe {
        (*next).state.set(RunState::Running);
        (*next).cpu.set(cpu.index);
        (*current).busy.store(true, Relaxed);
        cpu.previous.store(current, Relaxed);
        cpu.set_current(next);
        drop(d);
        trace::record_value(trace::Event::Switch, "to", (*next).number as u64);
        // On real processors the thread may still be on its way out of another one.
        while (*next).busy.load(Acquire) {
            k.engine.spin("context of a thread");
        }
        arch::switch_stack((*current).sp.as_ptr(), (*next).sp.get());
    }
    finish_switch();
}

/// First thing on a resumed or new context: the former thread's context is saved now.
pub fn finish_switch() {
    let k = kernel();
    let previous = k.cpu().previous.swap(core::ptr::null_mut(), Relaxed);
    if !previous.is_null() {
        unsafe { (*previous).busy.store(false, Release) };
        thread::reap(k, previous);
    }
}

/// The idle loop. Never returns.
pub fn idle_loop() -> ! {
    let k = kernel();
    finish_switch();
    loop {
        // The idle thread runs at DISPATCH_LEVEL so that it is never preempted in the middle.
        k.cpu().set_irql(k, DISPATCH_LEVEL);
        let cpu = k.cpu();
        while cpu.soft_pending() {
            dispatch(k);
        }
        reschedule(k);
        cpu.set_irql(k, PASSIVE_LEVEL);
        if !cpu.soft_pending() {
            k.engine.idle();
        }
        super::irql::poll(k);
    }
}

fn dispatch(k: &'static Kernel) {
    super::irql::dispatch_interrupt(k);
}
