//! From responses to ended requests.
//!
//! A response is copied once and checked: its id must be that of a ring request under way, its
//! operation that of the request. Then the grants end; only when all have ended, the request does.

use xenbus::{
    io::blkif::{self, WireResponse},
    seam::{GrantTable, Host, SharedPage, StillMapped},
};

use crate::{
    channel::page_offset,
    negotiate::FlushBy,
    queue::{End, Queue, Stage, State, Violation},
    request::{Done, Failure, Operation, Payload, SECTOR},
};

impl<H: Host, T: Payload> Queue<H, T> {
    /// Takes one response. False when there is none, or the device broke.
    pub(crate) fn take_response(&mut self, host: &H) -> bool {
        if matches!(self.state, State::Broken(_)) {
            return false;
        }
        let Some(channel) = &mut self.channel else { return false };
        let response: WireResponse = match channel.ring.pop_as() {
            Ok(Some(response)) => response,
            Ok(None) => return false,
            Err(violation) => {
                self.fail_device(host, Violation::Ring(violation));
                return false;
            }
        };
        self.counters.responses += 1;
        match self.validate(&response) {
            Ok(id) => {
                let end = self.judge(id, response.status);
                self.retire(host, id, end);
                true
            }
            Err(violation) => {
                self.fail_device(host, violation);
                false
            }
        }
    }

    fn validate(&self, response: &WireResponse) -> Result<u32, Violation> {
        let unknown = Violation::UnknownId(response.id);
        let id = u32::try_from(response.id).map_err(|_| unknown)?;
        let slot = self.slots.get(id).filter(|slot| slot.end.is_none()).ok_or(unknown)?;
        if slot.operation != response.operation {
            return Err(Violation::Operation { id: response.id, operation: response.operation.0 });
        }
        Ok(id)
    }

    /// What a status means for the ring request. An unsupported flush is remembered, never a success.
    fn judge(&mut self, id: u32, status: blkif::Status) -> End {
        if status == blkif::Status::OKAY {
            return End::Success;
        }
        let operation = self.slots.get(id).map_or(blkif::Operation::READ, |slot| slot.operation);
        if status != blkif::Status::NOT_SUPPORTED {
            return End::Fail(Failure::Io);
        }
        match operation {
            blkif::Operation::FLUSH => {
                // An older way may still be there: then this one is tried again that way.
                if self.flush_by == FlushBy::Flush {
                    self.flush_by = if self.disk.barrier { FlushBy::Barrier } else { FlushBy::Nothing };
                }
                if self.flush_by == FlushBy::Barrier { End::Again } else { End::Fail(Failure::Unsupported) }
            }
            blkif::Operation::WRITE_BARRIER => {
                self.flush_by = FlushBy::Nothing;
                End::Fail(Failure::Unsupported)
            }
            blkif::Operation::DISCARD => End::Fail(Failure::Unsupported),
            _ => End::Fail(Failure::Io),
        }
    }

    /// A ring request has ended: ends its grants, and when that succeeds settles it.
    pub(crate) fn retire(&mut self, host: &H, id: u32, end: End) {
        let mut next = self.slots.get(id).and_then(|slot| slot.pages);
        let mut mapped = false;
        while let Some(number) = next {
            let Some(node) = self.pages.get_mut(number) else { break };
            if let Some(grant) = node.grant.take()
                && let Err(StillMapped(grant)) = host.grants().end_access(grant)
            {
                node.grant = Some(grant);
                mapped = true;
            }
            next = node.next;
        }
        let Some(slot) = self.slots.get_mut(id) else { return };
        if mapped {
            if slot.end.replace(end).is_none() {
                self.draining += 1;
                self.counters.deferred += 1;
            }
            return;
        }
        if slot.end.take().is_some() {
            self.draining -= 1;
        }
        self.settle(id, end);
    }

    /// Tries again to end the grants that were still mapped.
    pub(crate) fn retry_draining(&mut self, host: &H) {
        for id in self.slots.indices() {
            if let Some(end) = self.slots.get(id).and_then(|slot| slot.end) {
                self.retire(host, id, end);
            }
        }
    }

    /// A ring request is over and nobody else has its pages.
    fn settle(&mut self, id: u32, mut end: End) {
        let copied = end != End::Success || self.copy_back(id);
        if !copied {
            end = End::Fail(Failure::BadData);
        }
        let Some(slot) = self.slots.remove(id) else { return };
        let mut next = slot.pages;
        while let Some(node) = next.and_then(|number| self.pages.remove(number)) {
            if let (Some(unit), Some(channel)) = (node.bounce, &mut self.channel) {
                channel.bounce.put(unit);
            }
            next = node.next;
        }
        if let (Some(unit), Some(channel)) = (slot.indirect, &mut self.channel) {
            channel.indirect.put(unit);
        }
        let Some(parent) = self.parents.get_mut(slot.parent) else { return };
        parent.in_flight -= 1;
        parent.in_place -= u32::from(slot.in_place);
        match end {
            End::Success => {}
            End::Nothing => return,
            End::Fail(failure) => {
                parent.failure.get_or_insert(failure);
            }
            End::Again => {
                parent.restart = true;
                self.counters.reissued += 1;
            }
        }
        self.settle_parent(slot.parent);
    }

    /// Copies what was read into pages of our own to where it belongs.
    fn copy_back(&self, id: u32) -> bool {
        let Some(slot) = self.slots.get(id) else { return true };
        if slot.operation != blkif::Operation::READ {
            return true;
        }
        let (Some(parent), Some(channel)) = (self.parents.get(slot.parent), &self.channel) else {
            return true;
        };
        let (Some(token), Some(memory)) = (&parent.token, channel.bounce.memory()) else { return true };
        if parent.operation == Operation::Verify {
            return true;
        }
        let mut sector = [0; SECTOR as usize];
        let mut next = slot.pages;
        while let Some(node) = next.and_then(|number| self.pages.get(number)) {
            if let Some(unit) = node.bounce {
                let mut done = 0;
                while done < node.bytes as usize {
                    memory.copy_out(page_offset(unit.into()) + done, &mut sector);
                    if !token.scatter(slot.offset + node.offset + done as u64, &sector) {
                        return false;
                    }
                    done += sector.len();
                }
            }
            next = node.next;
        }
        true
    }

    /// Ends or goes on with a request whose state changed.
    pub(crate) fn settle_parent(&mut self, number: u32) {
        let Some(parent) = self.parents.get_mut(number) else { return };
        if parent.in_flight > 0 {
            return;
        }
        if parent.token.is_none() {
            self.drop_orphan(number);
            return;
        }
        if let Some(failure) = parent.failure {
            self.finish(number, Err(failure));
        } else if parent.restart {
            parent.restart = false;
            parent.cursor = Default::default();
            parent.stage = Stage::Data;
            self.enqueue(number, false);
        } else if parent.queued {
            // The rest of it is still in line.
        } else if parent.operation == (Operation::Write { fua: true }) && parent.stage == Stage::Data {
            parent.stage = Stage::Flush;
            self.enqueue(number, true);
        } else {
            self.finish(number, Ok(()));
        }
    }

    fn enqueue(&mut self, number: u32, first: bool) {
        let Some(parent) = self.parents.get_mut(number) else { return };
        if parent.queued {
            return;
        }
        parent.queued = true;
        if first {
            self.pending.push_front(number);
        } else {
            self.pending.push_back(number);
        }
    }

    /// Hands a request back. Nothing of it is under way.
    pub(crate) fn finish(&mut self, number: u32, outcome: Result<(), Failure>) {
        let Some(mut parent) = self.parents.remove(number) else { return };
        if parent.queued {
            self.pending.retain(|other| *other != number);
            self.parked.retain(|other| *other != number);
        }
        self.end_write(parent.group.take());
        if let Some(token) = parent.token {
            self.counters.completed += 1;
            self.counters.failed += u64::from(outcome.is_err());
            self.finished.push_back(Done { token, outcome });
        }
    }

    /// A write counts no more for the flushes that wait.
    pub(crate) fn end_write(&mut self, group: Option<usize>) {
        if let Some(group) = group {
            let pending = &mut self.pending;
            self.order.write_ends(group, |flush| pending.push_back(flush));
        }
    }

    /// The back-end has answered all of a request that a reset completed before.
    fn drop_orphan(&mut self, number: u32) {
        if let Some(mut parent) = self.parents.remove(number) {
            if let Some(fence) = parent.fence.take() {
                self.fences.lift(fence);
                self.lifted = true;
            }
            if parent.queued {
                self.pending.retain(|other| *other != number);
                self.parked.retain(|other| *other != number);
            }
        }
    }
}
