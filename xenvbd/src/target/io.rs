//! The I/O side: requests in, responses out. Takes the lock of one queue at a time.

use core::sync::atomic::Ordering;

use arrayvec::ArrayVec;
use blkfront::{
    channel::Channel,
    lifecycle::ResetReport,
    negotiate::FlushBy,
    queue::Queue,
    request::{Done, Failure, Rejected, Request},
};
use xenbus::seam::{Clock, EventChannels};

use super::{Cell, Host, Target};
use crate::{scsi::Attention, token::Token};

/// Ended requests that are handed back in one go.
const BATCH: usize = 32;
/// How long a ring that was lost is waited for before a reset ends what waits for it, in nanoseconds: several tries to
/// connect to a host that is busy with a migration.
const PATIENCE: u64 = 180_000_000_000;

impl Target {
    /// Puts a request on a queue of the given processor. What cannot be done comes back.
    /// `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// See [`Rejected`].
    pub fn submit(&self, request: Request<Token>, processor: u32) -> Result<(), Rejected<Token>> {
        let now = self.client.now();
        loop {
            let index = processor % self.active.load(Ordering::Relaxed).max(1);
            let Some(cell) = self.queues.get(index as usize) else {
                return Err(Rejected { request, failure: Some(Failure::Gone) });
            };
            let mut inner = cell.inner.lock();
            // A new connection may have fewer rings: who comes to a queue after its requests were moved would stay
            // there.
            if index >= self.active.load(Ordering::Relaxed).max(1) {
                continue;
            }
            inner.queue.submit(request, now)?;
            if !inner.busy {
                inner.queue.kick(&cell.host);
            }
            return Ok(());
        }
    }

    /// Takes responses of a queue and hands requests back; after an event, lets the next one through.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn service(&self, index: usize, event: bool) {
        let Some(cell) = self.queues.get(index) else { return };
        cell.inner.lock().busy = true;
        let mut lifted = false;
        let mut worked = false;
        loop {
            let polled = {
                let mut inner = cell.inner.lock();
                // Asked under the lock: who sets it takes the lock once and knows that nobody is at the ring. An
                // event's port stays masked until the sleep is over.
                if self.asleep.load(Ordering::Acquire) {
                    inner.busy = false;
                    return;
                }
                let before = inner.queue.counters().responses;
                let polled = inner.queue.poll(&cell.host);
                worked |= inner.queue.counters().responses != before;
                if inner.queue.broken().is_some() {
                    self.alarm.store(true, Ordering::Release);
                }
                if inner.queue.flush_by() == FlushBy::Nothing
                    && inner.queue.disk().flush_by() != FlushBy::Nothing
                {
                    self.unit.flush_refused();
                }
                polled
            };
            lifted |= polled.lifted;
            if polled.retry {
                self.retry.store(true, Ordering::Release);
            }
            self.hand_back(cell);
            if !polled.more {
                break;
            }
        }
        {
            let mut inner = cell.inner.lock();
            inner.busy = false;
            inner.queue.kick(&cell.host);
            if event && let Some(port) = inner.queue.channel().and_then(Channel::port) {
                if worked {
                    cell.host.events.unmask(port);
                } else {
                    cell.host.events.unmask_spurious(port);
                }
            }
        }
        // A broken queue, or one that waits for time, is the adapter's to see to.
        if (self.alarm.load(Ordering::Acquire) || self.retry.load(Ordering::Acquire))
            && let Some(adapter) = self.adapter.upgrade()
        {
            adapter.after_io(self);
        }
        if lifted {
            for (other, cell) in self.queues.iter().enumerate() {
                if other != index {
                    cell.inner.lock().queue.kick(&cell.host);
                }
            }
        }
    }

    /// Hands back what has ended, outside of the lock.
    pub(super) fn hand_back(&self, cell: &Cell) {
        loop {
            let mut batch = ArrayVec::<Done<Token>, BATCH>::new();
            {
                let mut inner = cell.inner.lock();
                while !batch.is_full()
                    && let Some(done) = inner.queue.take_done()
                {
                    batch.push(done);
                }
            }
            if batch.is_empty() {
                return;
            }
            for Done { token, outcome } in batch {
                token.finish(outcome);
            }
        }
    }

    /// Looks at all queues without an event. `IRQL <= DISPATCH_LEVEL`.
    pub fn service_all(&self) {
        for index in 0..self.queues.len() {
            self.service(index, false);
        }
    }

    /// True once if something waits for time only.
    pub fn take_retry(&self) -> bool {
        self.retry.swap(false, Ordering::AcqRel)
    }

    /// True if a queue broke since the last look.
    pub fn has_alarm(&self) -> bool {
        self.alarm.load(Ordering::Acquire)
    }

    /// Ends what can be ended. Where requests of before an earlier reset are still with the back-end, the connection is
    /// closed and made anew. `IRQL <= DISPATCH_LEVEL`.
    pub fn reset(&self) -> ResetReport {
        let mut report = ResetReport::default();
        let since = self.waits_since.load(Ordering::Relaxed);
        let patient = self.client.now().saturating_sub(since) < PATIENCE;
        for cell in &self.queues {
            let part = cell.inner.lock().queue.reset(patient);
            report.ended += part.ended;
            report.held += part.held;
            report.stuck += part.stuck;
            report.waiting += part.waiting;
            self.hand_back(cell);
        }
        if report.is_complete() {
            self.unit.raise(Attention::Reset);
        }
        if report.stuck > 0 {
            self.require_reconnection();
            if let Some(adapter) = self.adapter.upgrade() {
                adapter.kick();
            }
        }
        report
    }

    /// The device failed in a way that only the control side can repair.
    pub(super) fn break_queues(&self) {
        for cell in &self.queues {
            cell.inner.lock().queue.declare_broken(&cell.host);
            self.hand_back(cell);
        }
    }

    pub(super) fn each_queue(&self, mut work: impl FnMut(&Host, &mut Queue<Host, Token>)) {
        for cell in &self.queues {
            work(&cell.host, &mut cell.inner.lock().queue);
        }
    }

    /// Requests held by all queues.
    pub fn held(&self) -> usize {
        self.queues.iter().map(|cell| cell.inner.lock().queue.held()).sum()
    }

    /// Ring requests under way.
    pub fn on_ring(&self) -> usize {
        self.queues.iter().map(|cell| cell.inner.lock().queue.on_ring()).sum()
    }
}
