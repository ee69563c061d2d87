//! `hvm_op`: parameters, upcall vectors, and what a guest may not do.

use super::dispatch::Call;
use crate::{
    abi::{
        Fields,
        errno::{EINVAL, ENOENT, ENOSYS, EPERM, ESRCH},
        xen::hvm,
    },
    world::World,
};

/// Parameters that a guest may read.
const READABLE: &[u32] = &[
    hvm::PARAM_CALLBACK_IRQ,
    hvm::PARAM_STORE_PFN,
    hvm::PARAM_STORE_EVTCHN,
    hvm::PARAM_CONSOLE_PFN,
    hvm::PARAM_CONSOLE_EVTCHN,
    hvm::PARAM_VM86_TSS,
    hvm::PARAM_ACPI_IOPORTS_LOCATION,
    34,
    35,
    36,
    37,
];
/// Parameters that are no more: refused by their number, to whoever asks.
const DEPRECATED: &[u32] = &[4, 13, 20, 21, 22, 23, 24, 25, 26, 30];
/// Parameters that a guest may write.
const WRITABLE: &[u32] = &[
    hvm::PARAM_CALLBACK_IRQ,
    hvm::PARAM_STORE_EVTCHN,
    hvm::PARAM_CONSOLE_EVTCHN,
    hvm::PARAM_VM86_TSS,
    hvm::PARAM_ACPI_IOPORTS_LOCATION,
    34,
    36,
    37,
];

impl World {
    pub(super) fn hvm_op(&mut self, op: u64, arg: u64) -> Call {
        let (major, minor) = self.hv.flavour.version;
        let dm_op_era = major == 4 && minor >= 9;
        match op {
            hvm::SET_PARAM | hvm::GET_PARAM => self.hvm_param(op == hvm::SET_PARAM, arg),
            hvm::SET_EVTCHN_UPCALL_VECTOR if self.hv.flavour.upcall_vector => {
                let raw: [u8; 8] = self.arg(arg)?;
                let (vcpu, vector) = (raw.u32_at(0), raw[4]);
                if vector < 0x10 {
                    return Err(EINVAL);
                }
                if vcpu as usize >= self.hv.vcpus.len() {
                    return Err(ENOENT);
                }
                self.hv.vcpus[vcpu as usize].upcall_vector = vector;
                // Xen raises it at once: an upcall without a reason.
                self.assert_upcall(vcpu);
                Ok(0)
            }
            hvm::PAGETABLE_DYING if self.hv.flavour.pagetable_dying => Err(EINVAL), // HAP
            hvm::FLUSH_TLBS if arg != 0 => Err(EINVAL),
            hvm::FLUSH_TLBS => Ok(0),
            hvm::GET_TIME => {
                let now = self.now;
                self.put(arg, &now.to_le_bytes()).map(|()| 0)
            }
            hvm::GET_MEM_TYPE if major >= 4 => {
                let raw: [u8; 16] = self.arg(arg)?;
                if !self.hv.is_self(raw.u16_at(0)) {
                    return Err(ESRCH);
                }
                let kind: u16 = if self.mem.page(raw.u64_at(8)).is_some() { 0 } else { 2 };
                self.put(arg + 2, &kind.to_le_bytes()).map(|()| 0)
            }
            // The device model's, moved to another hypercall in 4.9.
            hvm::SET_PCI_INTX_LEVEL | hvm::SET_ISA_IRQ_LEVEL | hvm::SET_PCI_LINK_ROUTE => {
                Err(if dm_op_era { ENOSYS } else { EPERM })
            }
            _ => Err(ENOSYS),
        }
    }

    fn hvm_param(&mut self, set: bool, arg: u64) -> Call {
        let raw: [u8; 16] = self.arg(arg)?;
        let (domid, index, value) = (raw.u16_at(0), raw.u32_at(4), raw.u64_at(8));
        if index >= hvm::NR_PARAMS {
            return Err(EINVAL);
        }
        if !self.hv.is_self(domid) {
            return Err(self.hv.foreign(domid, EINVAL)); // domain 0 is no HVM domain
        }
        if DEPRECATED.contains(&index) {
            return Err(EINVAL);
        }
        if !set {
            if !READABLE.contains(&index) {
                return Err(EPERM);
            }
            let value = self.hv.param(index);
            return self.put(arg + 8, &value.to_le_bytes()).map(|()| 0);
        }
        if !WRITABLE.contains(&index) {
            return Err(EPERM);
        }
        self.hv.params.insert(index, value);
        if index == hvm::PARAM_CALLBACK_IRQ {
            // The caller runs in 64-bit mode: this latches the wide layout.
            self.hv.wide = true;
            if value == 0 {
                let what = "HVM_PARAM_CALLBACK_IRQ=0: toolstacks take this for a guest without PV drivers";
                self.violations.push(crate::world::Violation::Hypercall { what: what.into() });
            }
        }
        Ok(0)
    }
}
