//! Event channels: the guest's ports, and the ends that back-ends and xenstored hold in other domains.

use std::collections::BTreeMap;

use super::Hypervisor;
use crate::{
    abi::{
        errno::{EEXIST, EINVAL, ENOENT, ENOSPC, EPERM, ESRCH},
        xen::{NR_VIRQS, VIRQ_DEBUG, VIRQ_TIMER, evtchn as ev},
    },
    flavour::Flavour,
    mem::Page,
    world::World,
};

/// Ports for which Xen makes room at a time.
const BUCKET: u32 = 64;
/// Physical interrupts that a guest may name.
const PIRQS: u32 = 256;

/// What a guest's port is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Waits for `remote` to bind.
    Unbound {
        /// Who may.
        remote: u16,
    },
    /// Connected to a port in another domain, or in this one.
    Interdomain {
        /// The other domain.
        remote: u16,
        /// Its port: a host handle, or a guest port when the domain is the guest itself.
        port: u32,
    },
    /// A virtual interrupt.
    Virq(u32),
    /// An inter-processor interrupt.
    Ipi,
    /// A physical interrupt: an HVM guest may bind one, and never gets it here.
    Pirq(u32),
}

/// One port of the guest.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Binding.
    pub bound: Bound,
    /// vCPU that is notified.
    pub vcpu: u32,
    /// FIFO priority.
    pub priority: u8,
    /// Pending before it had an event word.
    pub pending: bool,
    /// Reserved by the toolstack: cannot be closed by the guest in Xen; here only informative.
    pub toolstack: bool,
}

/// All ports of the guest.
pub struct Channels {
    /// By number; port 0 never exists.
    pub channels: BTreeMap<u32, Channel>,
    /// FIFO event words are in force.
    pub fifo: bool,
    /// Pages of event words.
    pub array: Vec<Page>,
    /// The queue that a port was last put on.
    pub last_queue: BTreeMap<u32, (u32, u8)>,
    /// Limit of the toolstack.
    pub max_ports: u32,
    /// Ports below are known to Xen, open or closed: room is made in buckets.
    pub valid: u32,
    /// vCPUs in SCHEDOP_poll: ports and time limit.
    pub pollers: BTreeMap<u32, (Vec<u32>, u64)>,
}

impl Channels {
    pub(super) fn new(flavour: &Flavour) -> Self {
        Self {
            channels: BTreeMap::new(),
            fifo: false,
            array: Vec::new(),
            last_queue: BTreeMap::new(),
            max_ports: flavour.max_ports,
            valid: BUCKET,
            pollers: BTreeMap::new(),
        }
    }
}

/// An end in another domain: what a back-end, xenstored or a console daemon holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The domain that owns it.
    pub domid: u16,
    /// The guest port, once connected.
    pub guest_port: Option<u32>,
    /// An event waits for its owner.
    pub pending: bool,
    /// Events received in all.
    pub received: u64,
}

impl Hypervisor {
    fn free_port(&self) -> Result<u32, i64> {
        let limit = if self.ev.fifo {
            ev::FIFO_CHANNELS
        } else if self.wide {
            4096
        } else {
            1024
        };
        (1..limit.min(self.ev.max_ports)).find(|port| !self.ev.channels.contains_key(port)).ok_or(ENOSPC)
    }

    fn add(&mut self, bound: Bound, vcpu: u32) -> Result<u32, i64> {
        let port = self.free_port()?;
        let channel =
            Channel { bound, vcpu, priority: ev::PRIORITY_DEFAULT, pending: false, toolstack: false };
        self.ev.channels.insert(port, channel);
        self.ev.valid = self.ev.valid.max((port + 1).next_multiple_of(BUCKET));
        Ok(port)
    }

    /// EVTCHNOP_alloc_unbound.
    ///
    /// # Errors
    /// errno.
    pub fn alloc_unbound(&mut self, domid: u16, remote: u16) -> Result<u32, i64> {
        if !self.is_self(domid) {
            return Err(self.foreign(domid, EPERM));
        }
        let remote = if self.is_self(remote) { self.domid } else { remote };
        self.add(Bound::Unbound { remote }, 0)
    }

    /// The toolstack's ports for xenstored and the console: allocated in the guest and bound in domain 0.
    pub(crate) fn toolstack_port(&mut self) -> (u32, u32) {
        let port = self.add(Bound::Unbound { remote: 0 }, 0).unwrap_or(0);
        if let Some(channel) = self.ev.channels.get_mut(&port) {
            channel.toolstack = true;
        }
        (port, self.host_bind(0, port).unwrap_or(0))
    }

    /// A back-end in `domid` binds to an unbound port of the guest.
    ///
    /// # Errors
    /// `EINVAL` when the port does not wait for that domain.
    pub fn host_bind(&mut self, domid: u16, guest_port: u32) -> Result<u32, i64> {
        let handle = self.next_host_port;
        if let Some(outside) = &mut self.outside {
            outside.bind(guest_port).ok_or(EINVAL)?;
        } else {
            let channel = self.ev.channels.get_mut(&guest_port).ok_or(EINVAL)?;
            if channel.bound != (Bound::Unbound { remote: domid }) {
                return Err(EINVAL);
            }
            channel.bound = Bound::Interdomain { remote: domid, port: handle };
        }
        self.next_host_port += 1;
        // Binding signals the binder once: events may have been sent before.
        let end = HostPort { domid, guest_port: Some(guest_port), pending: true, received: 0 };
        self.host_ports.insert(handle, end);
        Ok(handle)
    }

    /// A host end is closed; the guest's port becomes unbound again, and is told nothing.
    pub fn host_close(&mut self, handle: u32) {
        let Some(end) = self.host_ports.remove(&handle) else { return };
        if let (Some(port), Some(outside)) = (end.guest_port, &mut self.outside) {
            outside.close(port);
        } else if let Some(port) = end.guest_port
            && let Some(channel) = self.ev.channels.get_mut(&port)
        {
            channel.bound = Bound::Unbound { remote: end.domid };
        }
    }

    /// Takes the event that waits at a host end.
    pub fn host_take(&mut self, handle: u32) -> bool {
        self.host_ports.get_mut(&handle).is_some_and(|end| std::mem::take(&mut end.pending))
    }

    /// Whether an event waits at a host end.
    #[must_use]
    pub fn host_pending(&self, handle: u32) -> bool {
        self.host_ports.get(&handle).is_some_and(|end| end.pending)
    }
}

impl World {
    /// EVTCHNOP_bind_interdomain by the guest.
    pub(super) fn guest_bind_interdomain(&mut self, remote: u16, remote_port: u32) -> Result<u32, i64> {
        if self.hv.is_self(remote) {
            let domid = self.hv.domid;
            match self.hv.ev.channels.get(&remote_port) {
                Some(channel) if channel.bound == (Bound::Unbound { remote: domid }) => {}
                _ => return Err(EINVAL),
            }
            let port = self.hv.add(Bound::Interdomain { remote: domid, port: remote_port }, 0)?;
            if let Some(channel) = self.hv.ev.channels.get_mut(&remote_port) {
                channel.bound = Bound::Interdomain { remote: domid, port };
            }
            self.set_pending(port); // as Xen does: an event may have come before the binding
            return Ok(port);
        }
        let end =
            self.hv.host_ports.get(&remote_port).cloned().ok_or(if remote == 0 { EINVAL } else { ESRCH })?;
        if end.domid != remote || end.guest_port.is_some() {
            return Err(EINVAL);
        }
        let port = self.hv.add(Bound::Interdomain { remote, port: remote_port }, 0)?;
        if let Some(end) = self.hv.host_ports.get_mut(&remote_port) {
            end.guest_port = Some(port);
        }
        self.set_pending(port);
        Ok(port)
    }

    pub(super) fn bind_virq(&mut self, virq: u32, vcpu: u32) -> Result<u32, i64> {
        if virq >= NR_VIRQS {
            return Err(EINVAL);
        }
        if virq != VIRQ_TIMER && virq != VIRQ_DEBUG && (vcpu != 0 || virq > 1) {
            // Global VIRQs belong to vCPU 0; an unprivileged domain may bind but never gets them.
            if vcpu != 0 {
                return Err(EINVAL);
            }
        }
        if vcpu as usize >= self.hv.vcpus.len() {
            return Err(ENOENT);
        }
        let taken = self
            .hv
            .ev
            .channels
            .values()
            .any(|channel| channel.bound == Bound::Virq(virq) && channel.vcpu == vcpu);
        if taken {
            return Err(EEXIST);
        }
        self.hv.add(Bound::Virq(virq), vcpu)
    }

    pub(super) fn bind_ipi(&mut self, vcpu: u32) -> Result<u32, i64> {
        if vcpu as usize >= self.hv.vcpus.len() {
            return Err(ENOENT);
        }
        self.hv.add(Bound::Ipi, vcpu)
    }

    pub(super) fn bind_pirq(&mut self, pirq: u32) -> Result<u32, i64> {
        if pirq >= PIRQS {
            return Err(EINVAL);
        }
        if self.hv.ev.channels.values().any(|channel| channel.bound == Bound::Pirq(pirq)) {
            return Err(EEXIST);
        }
        self.hv.add(Bound::Pirq(pirq), 0)
    }

    pub(super) fn bind_vcpu(&mut self, port: u32, vcpu: u32) -> Result<(), i64> {
        if vcpu as usize >= self.hv.vcpus.len() {
            return Err(ENOENT);
        }
        let channel = self.hv.ev.channels.get_mut(&port).ok_or(EINVAL)?;
        match channel.bound {
            Bound::Virq(VIRQ_TIMER | VIRQ_DEBUG) | Bound::Ipi => Err(EINVAL),
            _ => {
                channel.vcpu = vcpu;
                Ok(())
            }
        }
    }

    /// EVTCHNOP_close.
    pub(crate) fn close_port(&mut self, port: u32) -> Result<(), i64> {
        let channel = self.hv.ev.channels.remove(&port).ok_or(EINVAL)?;
        if let Bound::Interdomain { remote, port: other } = channel.bound {
            if self.hv.is_self(remote) {
                let domid = self.hv.domid;
                if let Some(peer) = self.hv.ev.channels.get_mut(&other) {
                    peer.bound = Bound::Unbound { remote: domid };
                }
            } else if let Some(end) = self.hv.host_ports.get_mut(&other) {
                end.guest_port = None;
            }
        }
        if self.hv.ev.fifo {
            self.fifo_clear_pending(port);
        } else {
            self.two_level_clear(port);
        }
        Ok(())
    }

    /// EVTCHNOP_send by the guest.
    pub(crate) fn guest_send(&mut self, port: u32) -> Result<(), i64> {
        let channel = self.hv.ev.channels.get(&port).ok_or(EINVAL)?;
        match channel.bound {
            Bound::Interdomain { remote, port: other } if self.hv.is_self(remote) => self.set_pending(other),
            Bound::Interdomain { port: handle, .. } => {
                if let Some(end) = self.hv.host_ports.get_mut(&handle) {
                    end.pending = true;
                    end.received += 1;
                }
                self.stats.events_to_host += 1;
            }
            Bound::Ipi => self.set_pending(port),
            Bound::Unbound { .. } => {} // Silently dropped, as Xen does.
            Bound::Virq(_) | Bound::Pirq(_) => return Err(EINVAL),
        }
        Ok(())
    }

    /// A peer sends an event through its end.
    pub fn host_send(&mut self, handle: u32) {
        let Some(port) = self.hv.host_ports.get(&handle).and_then(|end| end.guest_port) else { return };
        self.stats.events_to_guest += 1;
        match &mut self.hv.outside {
            Some(outside) => outside.send(port),
            None => self.set_pending(port),
        }
    }

    /// An event of a guest outside has come from its port.
    pub fn outside_event(&mut self, port: u32) {
        let ends = self.hv.host_ports.values_mut().filter(|end| end.guest_port == Some(port));
        ends.for_each(|end| end.pending = true);
    }

    /// Raises a virtual interrupt on a vCPU.
    pub fn raise_virq(&mut self, virq: u32, vcpu: u32) {
        let port = self
            .hv
            .ev
            .channels
            .iter()
            .find(|(_, channel)| channel.bound == Bound::Virq(virq) && channel.vcpu == vcpu)
            .map(|(port, _)| *port);
        if let Some(port) = port {
            self.set_pending(port);
        }
    }

    /// EVTCHNOP_reset: closes everything and goes back to two levels.
    pub(super) fn reset_channels(&mut self) {
        let ports: Vec<u32> = self.hv.ev.channels.keys().copied().collect();
        for port in ports {
            let _ = self.close_port(port);
        }
        self.hv.ev.fifo = false;
        self.hv.ev.array.clear();
        self.hv.ev.last_queue.clear();
        for vcpu in &mut self.hv.vcpus {
            vcpu.fifo = None;
        }
    }
}
