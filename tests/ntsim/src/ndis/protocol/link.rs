//! The binding's ends: queues between the miniport (IRQL <= DISPATCH_LEVEL) and the stack's thread.

use super::bind::Settings;
use super::receive::{self, Counts, Incoming};
use super::stack::Stack;
use super::transmit::{self, InFlight, Outgoing};
use crate::abi::*;
use crate::kernel::{kernel, lock::Lock};
use crate::ndis::adapter::{Adapter, Client, State};
use crate::ndis::pool;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};

/// Frames that wait for the stack at most.
const QUEUE: usize = 4096;

/// One end.
#[derive(Default)]
pub struct Link {
    pool: AtomicUsize,
    flight: Lock<BTreeMap<usize, InFlight>>,
    incoming: Lock<VecDeque<Incoming>>,
    held: Lock<Vec<usize>>,
    /// Keep a copy of every frame that is received.
    pub sniffing: AtomicBool,
    sniffed: Lock<Vec<Incoming>>,
    /// Counts of receives.
    pub counts: Lock<Counts>,
    /// Sends by status: good, failed, and large sends.
    pub sent: [AtomicU64; 3],
}

impl Link {
    /// Makes the pool of net buffer lists.
    pub fn start(&self) {
        self.pool.store(pool::make_own(u32::from_le_bytes(*b"Tcpp")) as usize, Release);
    }

    /// Sends frames; those for which there is no memory are lost, as on a network.
    pub fn send(&self, adapter: &'static Adapter, frames: &[Outgoing]) {
        let handle = self.pool.load(Acquire) as NDIS_HANDLE;
        let mut lists = Vec::new();
        for frame in frames {
            if let Some((list, memory)) = unsafe { transmit::list(handle, frame) } {
                self.sent[2].fetch_add(u64::from(frame.lso != 0), Relaxed);
                self.flight.lock().insert(list as usize, memory);
                lists.push(list);
            }
        }
        // In chains of any length.
        let mut rest = &lists[..];
        while !rest.is_empty() {
            let n = 1 + kernel().engine.choose(rest.len().min(8) as u32, "send chain") as usize;
            adapter.send(&rest[..n]);
            rest = &rest[n..];
        }
    }

    /// Sends frames as the net buffers of one list, whose metadata is the first one's.
    pub fn send_joined(&self, adapter: &'static Adapter, frames: &[Outgoing]) {
        let handle = self.pool.load(Acquire) as NDIS_HANDLE;
        if let Some((list, memory)) = unsafe { transmit::joined(handle, frames) } {
            self.flight.lock().insert(list as usize, memory);
            adapter.send(&[list]);
        }
    }

    /// Sends at the miniport.
    pub fn in_flight(&self) -> usize {
        self.flight.lock().len()
    }

    /// Takes what was received.
    pub fn take(&self) -> Vec<Incoming> {
        self.incoming.lock().drain(..).collect()
    }

    /// Frames that were received since the last call; needs `sniffing`.
    pub fn sniffed(&self) -> Vec<Incoming> {
        core::mem::take(&mut *self.sniffed.lock())
    }

    /// Gives back everything that is held.
    pub fn give_all_back(&self, adapter: &'static Adapter) {
        let held = core::mem::take(&mut *self.held.lock());
        let lists: Vec<_> = held.into_iter().map(|l| l as *mut NET_BUFFER_LIST).collect();
        adapter.give_back(&lists);
    }

    fn arrived(&self, lists: &[*mut NET_BUFFER_LIST], settings: &Settings, scarce: bool) {
        for list in lists {
            let (frame, wrong) = {
                let mut counts = self.counts.lock();
                counts.scarce += u64::from(scarce);
                unsafe { receive::take(*list, settings, &mut counts) }
            };
            if let Some(text) = wrong {
                receive::report(text, *list as usize);
            }
            if self.sniffing.load(Acquire) {
                self.sniffed.lock().push(frame.clone());
            }
            let mut queue = self.incoming.lock();
            if queue.len() < QUEUE {
                queue.push_back(frame);
            }
        }
    }
}

impl Client for Stack {
    fn receive(&self, adapter: &'static Adapter, lists: &[*mut NET_BUFFER_LIST], flags: u32) {
        let settings = self.settings.lock().clone();
        let scarce = flags & NDIS_RECEIVE_FLAGS_RESOURCES != 0;
        self.link.arrived(lists, &settings, scarce);
        if !scarce {
            // Some are given back at once, within the indication; others later, by the stack's thread.
            let running = || adapter.state() == State::Running;
            if !running() || kernel().engine.choose(2, "hold received lists") == 0 {
                adapter.give_back(lists);
            } else {
                self.link.held.lock().extend(lists.iter().map(|l| *l as usize));
                if !running() {
                    // A pause has begun meanwhile, and has collected what was held before.
                    self.link.give_all_back(adapter);
                }
            }
        }
        self.wake();
    }

    fn sent(&self, _adapter: &'static Adapter, list: *mut NET_BUFFER_LIST, status: NDIS_STATUS) {
        self.link.sent[usize::from(status != NDIS_STATUS_SUCCESS)].fetch_add(1, Relaxed);
        let memory = self.link.flight.lock().remove(&(list as usize));
        unsafe {
            pool::free_list(list);
            if let Some(memory) = memory {
                memory.free();
            }
        }
        self.wake();
    }

    fn status(&self, adapter: &'static Adapter, code: NDIS_STATUS, _data: &[u8]) {
        if code == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG {
            let mut settings = self.settings.lock();
            super::bind::offloads(adapter, &mut settings);
        }
        self.wake();
    }

    fn pausing(&self, adapter: &'static Adapter) {
        self.link.give_all_back(adapter);
    }
}
