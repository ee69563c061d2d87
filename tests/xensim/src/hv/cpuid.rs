//! CPUID leaves of the hypervisor.

use ::machine::Cpuid;

use super::Hypervisor;
use crate::abi::xen::cpuid;

impl Hypervisor {
    /// A leaf, or `None` when it is the processor's own.
    #[must_use]
    pub fn cpuid(&self, vcpu: u32, leaf: u32, subleaf: u32) -> Option<Cpuid> {
        if !(0x4000_0000..0x4001_0000).contains(&leaf) {
            return None;
        }
        if self.viridian && (0x4000_0000..0x4000_0100).contains(&leaf) {
            return Some(match leaf {
                // "Microsoft Hv", interface "Hv#1".
                0x4000_0000 => {
                    Cpuid { eax: 0x4000_0005, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 }
                }
                0x4000_0001 => Cpuid { eax: 0x3123_7648, ..Cpuid::default() },
                _ => Cpuid::default(),
            });
        }
        let base = self.cpuid_base;
        let flavour = &self.flavour;
        if leaf < base || leaf > base + flavour.cpuid_leaves {
            return Some(Cpuid::default());
        }
        let (major, minor) = flavour.version;
        Some(match leaf - base {
            0 => {
                let [ebx, ecx, edx] = cpuid::SIGNATURE;
                Cpuid { eax: base + flavour.cpuid_leaves, ebx, ecx, edx }
            }
            1 => Cpuid { eax: u32::from(major) << 16 | u32::from(minor), ..Cpuid::default() },
            // The hypercall page's MSR keeps clear of Viridian's.
            2 => {
                let msr = if self.viridian { 0x4000_0200 } else { 0x4000_0000 };
                Cpuid { eax: 1, ebx: msr, ecx: 0, edx: 0 }
            }
            3 if subleaf == 0 => Cpuid { eax: 0, ebx: 2, ecx: 2_000_000, edx: 0 },
            4 => {
                let mut eax = cpuid::HVM_VCPU_ID_PRESENT | cpuid::HVM_DOMID_PRESENT;
                if flavour.upcall_vector && minor >= 18 {
                    eax |= cpuid::HVM_UPCALL_VECTOR;
                }
                Cpuid { eax, ebx: vcpu, ecx: u32::from(self.domid), edx: 0 }
            }
            _ => Cpuid::default(),
        })
    }
}
