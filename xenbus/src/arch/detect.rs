//! Which processor, which hypervisor.

use super::{Cpuid, CpuidResult};
use crate::abi::cpuid::{
    END_LEAF, FIRST_LEAF, HvmFeatures, LEAF_STEP, SIGNATURE_EBX, SIGNATURE_ECX, SIGNATURE_EDX,
};

/// The family of virtualisation instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// VT-x: `vmcall`. Intel, and VIA's and Zhaoxin's processors.
    Intel,
    /// SVM: `vmmcall`. AMD and Hygon.
    Amd,
}

/// Looks at leaf 0. Xen does not emulate the other vendor's instruction: it is an invalid opcode.
pub fn vendor(cpu: &impl Cpuid) -> Vendor {
    let CpuidResult { ebx, ecx, edx, .. } = cpu.cpuid(0, 0);
    let mut name = [0; 12];
    for (bytes, word) in name.chunks_exact_mut(4).zip([ebx, edx, ecx]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    match &name {
        b"AuthenticAMD" | b"HygonGenuine" => Vendor::Amd,
        _ => Vendor::Intel,
    }
}

/// What Xen says of itself by `cpuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypervisor {
    /// The first of its leaves.
    pub base: u32,
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// What it does for HVM guests; empty before Xen 4.5.
    pub features: HvmFeatures,
    /// Our own id, where it tells (4.16).
    pub domid: Option<u16>,
}

impl Hypervisor {
    /// The number that the hypervisor has for the processor that runs this, if it tells (4.6). Else
    /// it has to be taken from the ACPI tables: APIC ids are not vCPU ids.
    pub fn vcpu_id(&self, cpu: &impl Cpuid) -> Option<u32> {
        self.features.contains(HvmFeatures::VCPU_ID_PRESENT).then(|| cpu.cpuid(self.base + HVM_LEAF, 0).ebx)
    }

    /// True when Xen is at least this version.
    #[must_use]
    pub const fn at_least(&self, major: u16, minor: u16) -> bool {
        self.major > major || self.major == major && self.minor >= minor
    }
}

/// Offset of the leaf with [`HvmFeatures`].
const HVM_LEAF: u32 = 4;

/// Finds Xen among the hypervisor leaves, wherever another interface (Viridian) or another hypervisor
/// pushed it.
pub fn detect(cpu: &impl Cpuid) -> Option<Hypervisor> {
    // Bit 31 of leaf 1's ECX is not asked: Xen 3 did not set it.
    (FIRST_LEAF..END_LEAF).step_by(LEAF_STEP as usize).find_map(|base| {
        let CpuidResult { eax: last, ebx, ecx, edx } = cpu.cpuid(base, 0);
        // The signature, then at least the leaves with the version and the MSR; a bogus count of
        // leaves is not Xen's.
        if (ebx, ecx, edx) != (SIGNATURE_EBX, SIGNATURE_ECX, SIGNATURE_EDX)
            || !(2..LEAF_STEP).contains(&last.wrapping_sub(base))
        {
            return None;
        }
        let version = cpu.cpuid(base + 1, 0).eax;
        let hvm =
            if last >= base + HVM_LEAF { cpu.cpuid(base + HVM_LEAF, 0) } else { CpuidResult::default() };
        let features = HvmFeatures::from_bits_retain(hvm.eax);
        let domid = features.contains(HvmFeatures::DOMID_PRESENT).then_some(hvm.ecx as u16);
        Some(Hypervisor { base, major: (version >> 16) as u16, minor: version as u16, features, domid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as a Xen whose leaves start at `base`.
    struct Fake {
        base: u32,
        last: u32,
        vendor: [u32; 3],
    }

    impl Cpuid for Fake {
        fn cpuid(&self, leaf: u32, _: u32) -> CpuidResult {
            let [ebx, edx, ecx] = self.vendor;
            match leaf.wrapping_sub(self.base) {
                _ if leaf == 0 => CpuidResult { eax: 0x16, ebx, ecx, edx },
                0 => {
                    CpuidResult { eax: self.last, ebx: SIGNATURE_EBX, ecx: SIGNATURE_ECX, edx: SIGNATURE_EDX }
                }
                1 => CpuidResult { eax: 0x0004_0014, ..CpuidResult::default() },
                4 => CpuidResult { eax: 0b11000, ebx: 3, ecx: 17, edx: 0 },
                // "Microsoft Hv" in front.
                _ if leaf == FIRST_LEAF => {
                    CpuidResult { eax: FIRST_LEAF + 6, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 }
                }
                _ => CpuidResult { eax: 7, ebx: 7, ecx: 7, edx: 7 },
            }
        }
    }

    fn words(name: &[u8; 12]) -> [u32; 3] {
        core::array::from_fn(|i| u32::from_le_bytes(name[4 * i..][..4].try_into().unwrap()))
    }

    #[test]
    fn xen_is_found_wherever_it_is() {
        for base in [FIRST_LEAF, FIRST_LEAF + 0x100, END_LEAF - 0x100] {
            let cpu = Fake { base, last: base + 5, vendor: [0; 3] };
            let xen = detect(&cpu).unwrap();
            assert_eq!((xen.base, xen.major, xen.minor, xen.domid), (base, 4, 20, Some(17)));
            assert_eq!(xen.vcpu_id(&cpu), Some(3));
            assert!(
                xen.at_least(4, 20) && xen.at_least(3, 99) && !xen.at_least(4, 21) && !xen.at_least(5, 0)
            );
        }
    }

    #[test]
    fn an_old_xen_says_less() {
        let cpu = Fake { base: FIRST_LEAF, last: FIRST_LEAF + 2, vendor: [0; 3] };
        let xen = detect(&cpu).unwrap();
        assert_eq!((xen.features, xen.domid, xen.vcpu_id(&cpu)), (HvmFeatures::empty(), None, None));
    }

    #[test]
    fn what_is_not_xen_is_not_found() {
        for (base, last) in [
            (END_LEAF, END_LEAF + 5),
            (FIRST_LEAF + 0x80, FIRST_LEAF + 0x85),
            (FIRST_LEAF, FIRST_LEAF + 1),
            (FIRST_LEAF, u32::MAX),
            (FIRST_LEAF, 0),
        ] {
            assert_eq!(detect(&Fake { base, last, vendor: [0; 3] }), None, "{base:#x} {last:#x}");
        }
    }

    #[test]
    fn the_vendor_decides_the_instruction() {
        for (name, vendor_is) in [
            (b"GenuineIntel", Vendor::Intel),
            (b"AuthenticAMD", Vendor::Amd),
            (b"HygonGenuine", Vendor::Amd),
            (b"CentaurHauls", Vendor::Intel),
            (b"  Shanghai  ", Vendor::Intel),
        ] {
            assert_eq!(vendor(&Fake { base: FIRST_LEAF, last: 0, vendor: words(name) }), vendor_is);
        }
    }
}
