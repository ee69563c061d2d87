//! The port's queue: what waits, what is at the miniport, what has come back.

use super::adapter::{Adapter, Address, Phase};
use super::request::{Request, Stage};
use super::rules;
use super::zeroed;
use crate::abi::*;
use crate::ke::dpc;
use crate::kernel::lock::Lock;
use crate::verifier;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};

/// Queue of one adapter.
#[derive(Default)]
pub struct Queue {
    waiting: Lock<VecDeque<Arc<Request>>>,
    active: Lock<BTreeMap<usize, Arc<Request>>>,
    done: Lock<VecDeque<Arc<Request>>>,
    dpc: UnsafeCell<Option<Box<KDPC>>>,
    paused: AtomicBool,
    /// StorPortBusy: completions still to come before the next request.
    busy: AtomicU32,
    /// Requests issued to the miniport so far.
    pub issued: AtomicU64,
    /// Requests completed by the miniport so far.
    pub completed: AtomicU64,
}

unsafe extern "win64" fn completion_dpc(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let adapter = &*(context as *const Adapter);
    adapter.queue.drain(adapter);
}

impl Queue {
    /// Sets up the completion DPC.
    pub fn start(&self, adapter: &'static Adapter) {
        let mut made = Box::new(zeroed());
        unsafe {
            dpc::initialize(&mut *made, Some(completion_dpc), core::ptr::from_ref(adapter) as PVOID, false);
            *self.dpc.get() = Some(made);
        }
    }

    /// A request at the miniport, by its SRB.
    pub fn find(&self, srb: usize) -> Option<Arc<Request>> {
        self.active.lock().get(&srb).cloned()
    }

    /// Requests at the miniport for which `wanted` holds.
    pub fn outstanding(&self, wanted: impl Fn(&Address) -> bool) -> Vec<Arc<Request>> {
        self.active.lock().values().filter(|r| wanted(&r.address)).cloned().collect()
    }

    /// Number of requests at the miniport.
    pub fn active(&self) -> usize {
        self.active.lock().len()
    }

    /// StorPortPause and StorPortResume.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Release);
    }

    /// StorPortBusy and StorPortReady.
    pub fn set_busy(&self, requests: u32) {
        self.busy.store(requests, Release);
    }

    /// Takes a request in and sends what can be sent. IRQL <= DISPATCH_LEVEL.
    pub fn submit(&self, adapter: &'static Adapter, request: Arc<Request>) {
        self.waiting.lock().push_back(request);
        self.kick(adapter);
    }

    /// Sends waiting requests that nothing holds back.
    pub fn kick(&self, adapter: &'static Adapter) {
        adapter.at_dispatch(|| {
            while let Some(request) = self.next(adapter) {
                self.issue(adapter, &request);
            }
        });
    }

    /// The first waiting request whose unit can take it. A removed adapter's requests fail at once.
    fn next(&self, adapter: &'static Adapter) -> Option<Arc<Request>> {
        let phase = adapter.phase();
        let mut waiting = self.waiting.lock();
        if phase == Phase::Removed {
            let request = waiting.pop_front()?;
            drop(waiting);
            request.set_srb_status(SRB_STATUS_NO_DEVICE as u8);
            request.finish();
            return self.next(adapter);
        }
        let free = phase == Phase::Running && !self.paused.load(Acquire) && self.busy.load(Acquire) == 0;
        let mut units = adapter.units.lock();
        let index = waiting.iter().position(|request| {
            let bypass = request.ask.flags & SRB_FLAGS_BYPASS_FROZEN_QUEUE != 0;
            let urgent = bypass && matches!(phase, Phase::Running | Phase::Initializing);
            if !free && !urgent {
                return false;
            }
            match units.get(&request.address) {
                Some(unit) => bypass || !unit.paused && unit.busy == 0 && unit.active < unit.depth,
                None => true,
            }
        })?;
        let request = waiting.remove(index)?;
        if let Some(unit) = units.get_mut(&request.address) {
            unit.active += 1;
        }
        Some(request)
    }

    fn issue(&self, adapter: &'static Adapter, request: &Arc<Request>) {
        let data = &adapter.miniport.data;
        let srb = request.srb();
        request.issue();
        self.active.lock().insert(srb as usize, request.clone());
        self.issued.fetch_add(1, Relaxed);
        if let Some(build) = data.HwBuildIo
            && crate::call!("HwBuildIo", build, adapter.context(), srb) == 0
        {
            // The miniport has completed it, or will.
            return;
        }
        let Some(start) = data.HwStartIo else { return };
        let serial = adapter.channels.load(Acquire) <= 1;
        let started = if serial {
            adapter.start_io_lock.with(|| crate::call!("HwStartIo", start, adapter.context(), srb))
        } else {
            crate::call!("HwStartIo", start, adapter.context(), srb)
        };
        if started == 0 && request.stage() == Stage::Issued {
            verifier::report(
                &rules::START_IO_FAILED,
                alloc::format!("HwStartIo returned FALSE for function {:#x}", request.ask.function),
                [rules::START_IO_FAILED.parameter, adapter.extension() as u64, srb as u64, 0],
            );
        }
    }

    /// Has the completion DPC look at the queue: for callers above DISPATCH_LEVEL.
    pub fn later(&self, _adapter: &Adapter) {
        unsafe {
            if let Some(dpc) = &mut *self.dpc.get() {
                dpc::insert(&mut **dpc, core::ptr::null_mut(), core::ptr::null_mut());
            }
        }
    }

    /// RequestComplete: any IRQL up to DIRQL. The rest happens in the completion DPC.
    pub fn complete(&self, adapter: &'static Adapter, srb: usize) {
        let found = self.active.lock().remove(&srb);
        let Some(request) = found.filter(|r| r.complete()) else {
            verifier::report(
                &rules::DOUBLE_COMPLETION,
                "RequestComplete of a request that is not outstanding".into(),
                [rules::DOUBLE_COMPLETION.parameter, adapter.extension() as u64, srb as u64, 0],
            );
            return;
        };
        if request.srb_status() & 0x3F == SRB_STATUS_PENDING as u8 {
            verifier::report(
                &rules::PENDING_STATUS,
                "RequestComplete with SRB_STATUS_PENDING".into(),
                [rules::PENDING_STATUS.parameter, adapter.extension() as u64, srb as u64, 0],
            );
        }
        if request.transferred() > request.length() {
            verifier::report(
                &rules::TRANSFER_LENGTH,
                alloc::format!("{} bytes reported, {} asked for", request.transferred(), request.length()),
                [rules::TRANSFER_LENGTH.parameter, adapter.extension() as u64, srb as u64, 0],
            );
        }
        self.completed.fetch_add(1, Relaxed);
        self.done.lock().push_back(request);
        self.later(adapter);
    }

    /// The completion DPC.
    fn drain(&self, adapter: &'static Adapter) {
        loop {
            let request = self.done.lock().pop_front();
            let Some(request) = request else { break };
            let _ = self.busy.fetch_update(AcqRel, Acquire, |n| n.checked_sub(1));
            if let Some(unit) = adapter.units.lock().get_mut(&request.address) {
                unit.active = unit.active.saturating_sub(1);
                unit.busy = unit.busy.saturating_sub(1);
            }
            request.finish();
        }
        self.kick(adapter);
    }
}
