//! Rules that concern the call itself: IRQL at entry, stack use, waits.

use super::{report, rules};
use crate::abi::*;
use crate::export::Frame;
use crate::ke::thread::{self, Thread};
use crate::ke::wait::Timeout;
use crate::kernel::Kernel;
use alloc::string::String;
use alloc::vec::Vec;

/// Exports and call-outs that are active on a thread's stack.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Innermost export call.
    pub top: *const Frame,
    /// Stack pointer at the innermost call-out: below it is driver code.
    pub callout_sp: usize,
    /// Bytes that outer driver parts use.
    pub outer: usize,
    /// Most bytes used so far.
    pub deepest: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self { top: core::ptr::null(), callout_sp: 0, outer: 0, deepest: 0 }
    }
}

impl Calls {
    fn depth_at(&self, sp: usize) -> usize {
        if self.callout_sp == 0 { 0 } else { self.outer + self.callout_sp.saturating_sub(sp) }
    }

    /// A call-out begins at this stack pointer.
    pub fn enter(&mut self, sp: usize, fresh: bool) {
        self.outer = match (fresh, self.top.is_null()) {
            (true, _) | (_, true) => 0,
            _ => self.depth_at(unsafe { (*self.top).rsp }),
        };
        self.callout_sp = sp;
    }
}

/// Prologue of every export.
pub fn enter_export(k: &Kernel, frame: &mut Frame) {
    let calls = thread::current().calls();
    frame.prev = calls.top;
    frame.outer = *calls;
    calls.top = frame;
    let irql = k.cpu().irql();
    let range = frame.export.irql;
    if irql < range.min || irql > range.max {
        report(
            &rules::IRQL_EXPORT,
            alloc::format!(
                "{} called at IRQL {irql}, allowed is {}..={}",
                frame.export.name,
                range.min,
                range.max
            ),
            [irql as u64, range.min as u64, range.max as u64, 0],
        );
    }
    if irql >= DISPATCH_LEVEL && k.config.checked {
        check_pageable(frame.return_address(), irql);
    }
    let depth = calls.depth_at(frame.rsp);
    if depth > calls.deepest {
        calls.deepest = depth;
        if depth > k.config.stack_limit {
            report(
                &rules::STACK_LIMIT,
                alloc::format!("driver code uses {depth} bytes of kernel stack at {}", frame.export.name),
                [depth as u64, k.config.stack_limit as u64, 0, 0],
            );
        }
    }
}

/// Code at this address runs at a raised IRQL: it must not be pageable.
pub fn check_pageable(address: usize, irql: u8) {
    if crate::loader::module_at(address).is_some_and(|m| m.is_pageable(address)) {
        let text = alloc::format!("pageable code runs at IRQL {irql}: {}", crate::loader::describe(address));
        report(&rules::PAGEABLE_CODE, text, [address as u64, irql as u64, 8, address as u64]);
    }
}

/// Epilogue of every export.
pub fn leave_export(frame: &Frame) {
    thread::current().calls().top = frame.prev;
}

/// Before a thread waits.
pub fn before_wait(k: &Kernel, thread: &Thread, timeout: Timeout) {
    let irql = k.cpu().irql();
    if irql > APC_LEVEL && timeout != Timeout::At(0) {
        report(
            &rules::WAIT_AT_DISPATCH,
            alloc::format!("thread {} waits at IRQL {irql}", thread.number),
            [irql as u64, 0, 0, 0],
        );
    }
}

/// Before a thread ends.
pub fn thread_exit(thread: &Thread) {
    if super::locks::holds_any() {
        report(
            &rules::LOCK_FREED,
            alloc::format!("thread {} ends while it holds a lock", thread.number),
            [0; 4],
        );
    }
    if thread.special_apc_disable.get() != 0 {
        report(
            &rules::REGION_BALANCE,
            alloc::format!("thread {} ends in a guarded region", thread.number),
            [0; 4],
        );
    }
}

/// A worker thread has finished a job of a driver.
pub fn worker_done() {
    let t = thread::current();
    let bad = crate::ke::irql::current() != PASSIVE_LEVEL
        || super::locks::holds_any()
        || t.apc_disable.get() != 0
        || t.special_apc_disable.get() != 0
        || t.affinity.get() != t.user_affinity.get();
    if bad {
        report(
            &rules::WORKER_STATE,
            "a work item returned in another state than it was called in".into(),
            [0; 4],
        );
        t.apc_disable.set(0);
        t.special_apc_disable.set(0);
        crate::ke::thread::set_affinity(t, t.user_affinity.get());
    }
}

/// Call stack of the current thread's driver code.
pub fn driver_stack() -> Vec<String> {
    crate::unwind::stack::describe(48)
}
