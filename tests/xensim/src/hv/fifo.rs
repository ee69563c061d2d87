//! FIFO event channels: event words, queues per priority, control blocks (Xen 4.4 and later).

use crate::{
    abi::{
        errno::{EINVAL, ENOSPC},
        xen::evtchn as ev,
    },
    mem::{PAGE, Page},
    world::World,
};

/// Event words in a page.
pub const WORDS_PER_PAGE: u32 = (PAGE / 4) as u32;
/// Bytes of a control block.
pub const CONTROL_SIZE: usize = 8 + 16 * 4;

/// A vCPU's control block and queue tails.
#[derive(Clone, Debug)]
pub struct Control {
    /// Its page.
    pub page: Page,
    /// Byte offset in the page.
    pub offset: usize,
    /// Last port put on each queue.
    pub tails: [u32; 16],
}

impl World {
    fn event_word(&self, port: u32) -> Option<(Page, usize)> {
        let page = *self.hv.ev.array.get((port / WORDS_PER_PAGE) as usize)?;
        Some((page, (port % WORDS_PER_PAGE) as usize * 4))
    }

    /// Makes a port pending and links it to the queue of its vCPU and priority.
    pub(super) fn fifo_set_pending(&mut self, port: u32) {
        let Some((page, at)) = self.event_word(port) else {
            // No word yet: kept until the array grows.
            if let Some(channel) = self.hv.ev.channels.get_mut(&port) {
                channel.pending = true;
            }
            return;
        };
        let was_pending = page.or32(at, ev::FIFO_PENDING) & ev::FIFO_PENDING != 0;
        let word = page.get32(at);
        if word & (ev::FIFO_MASKED | ev::FIFO_LINKED) == 0 {
            self.fifo_link(port, page, at);
        }
        if !was_pending {
            self.wake_pollers(port);
        }
    }

    fn fifo_link(&mut self, port: u32, page: Page, at: usize) {
        let Some(channel) = self.hv.ev.channels.get(&port) else { return };
        let (cpu, priority) = (channel.vcpu as usize, usize::from(channel.priority));
        let Some(control) = self.hv.vcpus.get(cpu).and_then(|vcpu| vcpu.fifo.clone()) else {
            return; // A vCPU without a control block gets no events.
        };
        if page.or32(at, ev::FIFO_LINKED) & ev::FIFO_LINKED != 0 {
            return;
        }
        // It may have moved since it was last queued. If the old queue still takes it for its tail, that
        // queue is empty, and must not hang its next event behind a port that is elsewhere now.
        let queue = (cpu as u32, priority as u8);
        if let Some((old_cpu, old_priority)) = self.hv.ev.last_queue.insert(port, queue)
            && (old_cpu, old_priority) != queue
            && let Some(old) = self.hv.vcpus.get_mut(old_cpu as usize).and_then(|vcpu| vcpu.fifo.as_mut())
            && old.tails[usize::from(old_priority)] == port
        {
            old.tails[usize::from(old_priority)] = 0;
        }
        let tail = control.tails[priority];
        let mut linked = false;
        if tail != 0
            && tail != port
            && let Some((tail_page, tail_at)) = self.event_word(tail)
        {
            linked = Self::set_link(tail_page, tail_at, port);
        }
        if !linked {
            // The queue was empty (or its tail was taken off meanwhile): the port becomes its head.
            control.page.set32(control.offset + 8 + priority * 4, port);
        }
        if let Some(fifo) = self.hv.vcpus[cpu].fifo.as_mut() {
            fifo.tails[priority] = port;
        }
        let ready = 1u32 << priority;
        if !linked && control.page.or32(control.offset, ready) & ready == 0 {
            self.mark_events_pending(cpu as u32);
        }
    }

    /// Sets the link field of `tail`'s word to `port`, unless the guest took `tail` off the queue.
    fn set_link(page: Page, at: usize, port: u32) -> bool {
        loop {
            let word = page.get32(at);
            if word & ev::FIFO_LINKED == 0 {
                return false;
            }
            let new = (word & !(ev::FIFO_BUSY | ev::FIFO_LINK)) | port;
            if page.swap32(at, word, new).is_ok() {
                return true;
            }
        }
    }

    /// EVTCHNOP_unmask.
    pub(super) fn fifo_unmask(&mut self, port: u32) {
        let Some((page, at)) = self.event_word(port) else { return };
        page.and32(at, !ev::FIFO_MASKED);
        if page.get32(at) & ev::FIFO_PENDING != 0 {
            self.fifo_set_pending(port);
        }
    }

    /// Whether a port is pending (and not only in the hypervisor).
    pub(super) fn fifo_is_pending(&self, port: u32) -> bool {
        self.event_word(port).is_some_and(|(page, at)| page.get32(at) & ev::FIFO_PENDING != 0)
    }

    pub(super) fn fifo_is_masked(&self, port: u32) -> bool {
        self.event_word(port).is_none_or(|(page, at)| page.get32(at) & ev::FIFO_MASKED != 0)
    }

    /// Clears the pending bit of a port that is closed.
    pub(super) fn fifo_clear_pending(&mut self, port: u32) {
        if let Some((page, at)) = self.event_word(port) {
            page.and32(at, !ev::FIFO_PENDING);
        }
    }

    /// EVTCHNOP_init_control.
    pub(super) fn fifo_init_control(&mut self, vcpu: u32, gfn: u64, offset: u32) -> Result<u8, i64> {
        if vcpu as usize >= self.hv.vcpus.len() {
            return Err(crate::abi::errno::ENOENT);
        }
        if !offset.is_multiple_of(8) || offset as usize > PAGE - CONTROL_SIZE {
            return Err(EINVAL);
        }
        if self.hv.vcpus[vcpu as usize].fifo.is_some() {
            return Err(EINVAL);
        }
        let page = self.mem.page(gfn).ok_or(EINVAL)?;
        let offset = offset as usize;
        self.hv.vcpus[vcpu as usize].fifo = Some(Control { page, offset, tails: [0; 16] });
        if !self.hv.ev.fifo {
            // The first control block switches the domain over; what was pending stays pending.
            self.hv.ev.fifo = true;
            let ports: Vec<u32> = self.hv.ev.channels.keys().copied().collect();
            for port in ports {
                let pending = self.two_level_pending(port);
                if let Some(channel) = self.hv.ev.channels.get_mut(&port) {
                    channel.pending |= pending;
                    channel.priority = ev::PRIORITY_DEFAULT;
                }
            }
        }
        // Xen clears nothing here: a guest that hands over a dirty block reads its own dirt.
        Ok(17)
    }

    /// EVTCHNOP_expand_array.
    pub(super) fn fifo_expand(&mut self, gfn: u64) -> Result<(), i64> {
        if !self.hv.ev.fifo {
            return Err(crate::abi::errno::EOPNOTSUPP);
        }
        let used = self.hv.ev.array.len() as u32;
        if used * WORDS_PER_PAGE >= ev::FIFO_CHANNELS {
            return Err(ENOSPC);
        }
        let page = self.mem.page(gfn).ok_or(EINVAL)?;
        self.hv.ev.array.push(page);
        let first = used * WORDS_PER_PAGE;
        let waiting: Vec<u32> = self
            .hv
            .ev
            .channels
            .range(first..first + WORDS_PER_PAGE)
            .filter(|(_, channel)| channel.pending)
            .map(|(port, _)| *port)
            .collect();
        for port in waiting {
            if let Some(channel) = self.hv.ev.channels.get_mut(&port) {
                channel.pending = false;
            }
            self.fifo_set_pending(port);
        }
        Ok(())
    }
}
