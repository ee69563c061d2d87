//! From a pending port to an interrupt: two-level bitmaps, vcpu_info, vectors, the PCI line.

use super::{SHARED_INFO, VcpuInfo};
use crate::{abi::xen::hvm, mem::Page, world::World};

/// Byte offset of `evtchn_pending` in shared_info, both layouts.
const PENDING: usize = 2048;
/// Byte offset of `evtchn_mask`.
const MASK_64: usize = 2560;
const MASK_32: usize = 2176;

impl World {
    /// The page and offset of a vCPU's vcpu_info.
    #[must_use]
    pub fn vcpu_info(&self, vcpu: u32) -> Option<(Page, usize)> {
        match self.hv.vcpus.get(vcpu as usize)?.info {
            VcpuInfo::Shared => Some((self.mem.shared_page(SHARED_INFO)?, vcpu as usize * 64)),
            VcpuInfo::Dummy => None,
            VcpuInfo::Registered { page, offset, .. } => Some((page, offset)),
        }
    }

    fn bitmap(&self, base: usize, port: u32) -> Option<(Page, usize, u32)> {
        let page = self.mem.shared_page(SHARED_INFO)?;
        let limit = if self.hv.wide { 4096 } else { 1024 };
        (port < limit).then(|| (page, base + port as usize / 32 * 4, 1 << (port % 32)))
    }

    const fn mask_base(&self) -> usize {
        if self.hv.wide { MASK_64 } else { MASK_32 }
    }

    pub(super) fn two_level_pending(&self, port: u32) -> bool {
        self.bitmap(PENDING, port).is_some_and(|(page, at, bit)| page.get32(at) & bit != 0)
    }

    pub(super) fn two_level_masked(&self, port: u32) -> bool {
        self.bitmap(self.mask_base(), port).is_some_and(|(page, at, bit)| page.get32(at) & bit != 0)
    }

    pub(super) fn two_level_clear(&self, port: u32) {
        if let Some((page, at, bit)) = self.bitmap(PENDING, port) {
            page.and32(at, !bit);
        }
    }

    /// Whether a port is pending now, in whichever ABI.
    #[must_use]
    pub fn is_pending(&self, port: u32) -> bool {
        if self.hv.ev.fifo { self.fifo_is_pending(port) } else { self.two_level_pending(port) }
    }

    /// Whether a port is masked now.
    #[must_use]
    pub fn is_masked(&self, port: u32) -> bool {
        if self.hv.ev.fifo { self.fifo_is_masked(port) } else { self.two_level_masked(port) }
    }

    /// Makes a port of the guest pending.
    pub fn set_pending(&mut self, port: u32) {
        let Some(vcpu) = self.hv.ev.channels.get(&port).map(|channel| channel.vcpu) else { return };
        if self.hv.ev.fifo {
            return self.fifo_set_pending(port);
        }
        let Some((page, at, bit)) = self.bitmap(PENDING, port) else { return };
        if page.or32(at, bit) & bit != 0 {
            return;
        }
        if !self.two_level_masked(port) {
            self.select(vcpu, port);
        }
        self.wake_pollers(port);
    }

    fn select(&mut self, vcpu: u32, port: u32) {
        let Some((page, at)) = self.vcpu_info(vcpu) else { return };
        let (word, bit) = if self.hv.wide {
            let index = port / 64;
            (at + 8 + index as usize / 32 * 4, 1 << (index % 32))
        } else {
            (at + 4, 1 << (port / 32))
        };
        if page.or32(word, bit) & bit == 0 {
            self.mark_events_pending(vcpu);
        }
    }

    /// EVTCHNOP_unmask.
    pub(crate) fn unmask_port(&mut self, port: u32) {
        if self.hv.ev.fifo {
            return self.fifo_unmask(port);
        }
        let Some(vcpu) = self.hv.ev.channels.get(&port).map(|channel| channel.vcpu) else { return };
        let Some((page, at, bit)) = self.bitmap(self.mask_base(), port) else { return };
        let was_masked = page.and32(at, !bit) & bit != 0;
        if was_masked && self.two_level_pending(port) {
            self.select(vcpu, port);
        }
    }

    /// Sets evtchn_upcall_pending and raises the interrupt if it was clear.
    pub(super) fn mark_events_pending(&mut self, vcpu: u32) {
        let Some((page, at)) = self.vcpu_info(vcpu) else { return };
        if page.or8(at, 1) != 0 {
            return;
        }
        self.assert_upcall(vcpu);
    }

    /// Raises a vCPU's interrupt: its vector if it has one; the callback line follows vCPU 0's pending flag.
    pub(super) fn assert_upcall(&mut self, vcpu: u32) {
        let index = vcpu as usize;
        let vector = self.hv.vcpus[index].upcall_vector;
        if vector != 0 {
            self.inject(vcpu, vector);
        } else {
            self.stats.upcalls += 1;
        }
    }

    /// An edge into a vCPU's local APIC; a disabled one drops it.
    pub fn inject(&mut self, vcpu: u32, vector: u8) {
        let Some(state) = self.hv.vcpus.get_mut(vcpu as usize) else { return };
        if !state.lapic_enabled {
            self.stats.dropped_edges += 1;
            return;
        }
        self.stats.upcalls += 1;
        if !state.irr.contains(&vector) {
            state.irr.push(vector);
        }
    }

    /// evtchn_upcall_pending of a vCPU.
    #[must_use]
    pub fn upcall_pending(&self, vcpu: u32) -> bool {
        self.vcpu_info(vcpu).is_some_and(|(page, at)| page.get8(at) != 0)
    }

    /// The decoded callback parameter.
    #[must_use]
    pub fn callback(&self) -> Callback {
        let value = self.hv.param(hvm::PARAM_CALLBACK_IRQ);
        if value == 0 {
            return Callback::None;
        }
        if !self.hv.flavour.callback_types {
            return Callback::Gsi(value as u32);
        }
        match value >> 56 {
            hvm::CALLBACK_GSI => Callback::Gsi(value as u32),
            hvm::CALLBACK_PCI_INTX => {
                let device = (value >> 11) as u32 & 0x1f;
                let pin = value as u32 & 3;
                Callback::Line(intx_gsi(device, pin))
            }
            hvm::CALLBACK_VECTOR => Callback::Vector(value as u8),
            _ => Callback::None,
        }
    }

    /// Next interrupt for a vCPU: takes an edge from its APIC, or the level-like callback vector.
    pub fn take_vector(&mut self, vcpu: u32) -> Option<u8> {
        let state = self.hv.vcpus.get_mut(vcpu as usize)?;
        if let Some(at) = state.irr.iter().enumerate().max_by_key(|(_, vector)| **vector).map(|(at, _)| at) {
            return Some(state.irr.swap_remove(at));
        }
        match self.callback() {
            Callback::Vector(vector)
                if self.hv.vcpus[vcpu as usize].upcall_vector == 0 && self.upcall_pending(vcpu) =>
            {
                Some(vector)
            }
            _ => None,
        }
    }

    /// Level of an interrupt line, as far as the event-channel callback drives it.
    #[must_use]
    pub fn callback_line(&self, gsi: u32) -> bool {
        match self.callback() {
            Callback::Gsi(line) | Callback::Line(line) if line == gsi => {
                self.hv.vcpus.first().is_some_and(|vcpu| vcpu.upcall_vector == 0) && self.upcall_pending(0)
            }
            _ => false,
        }
    }

    /// Lets vCPUs in SCHEDOP_poll go on when one of their ports is pending.
    pub(super) fn wake_pollers(&mut self, port: u32) {
        self.hv.ev.pollers.retain(|_, (ports, _)| !ports.contains(&port));
    }

    /// Whether a vCPU that waits in SCHEDOP_block or SCHEDOP_poll may go on; ends its wait if so.
    pub fn wait_over(&mut self, vcpu: u32) -> bool {
        if self.hv.ev.pollers.contains_key(&vcpu) {
            return false;
        }
        if self.hv.blocked.contains(&vcpu) && !self.upcall_pending(vcpu) {
            return false;
        }
        self.hv.blocked.remove(&vcpu);
        true
    }
}

/// Where upcalls go when a vCPU has no vector of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// Nowhere; the toolstack takes this for "no PV drivers".
    None,
    /// An interrupt line by number.
    Gsi(u32),
    /// A PCI line, as its GSI.
    Line(u32),
    /// A vector on every vCPU.
    Vector(u8),
}

/// The GSI of a PCI device's pin (0 is INTA), as the virtual chipset wires it.
#[must_use]
pub const fn intx_gsi(device: u32, pin: u32) -> u32 {
    (((device << 2) + (device >> 3) + pin) & 31) + 16
}
