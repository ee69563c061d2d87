//! How a guest sees Xen through `cpuid` (`xen/arch-x86/cpuid.h`).

use bitflags::bitflags;

/// Where hypervisors start. With another interface in front (Viridian) Xen sits 0x100 further, or more.
#[doc(alias = "XEN_CPUID_FIRST_LEAF")]
pub const FIRST_LEAF: u32 = 0x4000_0000;

/// Where the search ends.
pub const END_LEAF: u32 = 0x4001_0000;
/// Distance of two places where a hypervisor may sit.
pub const LEAF_STEP: u32 = 0x100;

/// "XenV"
#[doc(alias = "XEN_CPUID_SIGNATURE_EBX")]
pub const SIGNATURE_EBX: u32 = 0x566e_6558;

/// "MMXe"
#[doc(alias = "XEN_CPUID_SIGNATURE_ECX")]
pub const SIGNATURE_ECX: u32 = 0x6558_4d4d;

/// "nVMM"
#[doc(alias = "XEN_CPUID_SIGNATURE_EDX")]
pub const SIGNATURE_EDX: u32 = 0x4d4d_566e;

bitflags! {
    /// EAX of leaf 4: what the hypervisor does for HVM guests. Absent before Xen 4.5.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct HvmFeatures: u32 {
        /// Accesses to the local APIC are virtualised by hardware.
        #[doc(alias = "XEN_HVM_CPUID_APIC_ACCESS_VIRT")]
        const APIC_ACCESS_VIRT = 1 << 0;
        /// The x2APIC is virtualised by hardware.
        #[doc(alias = "XEN_HVM_CPUID_X2APIC_VIRT")]
        const X2APIC_VIRT = 1 << 1;
        /// Pages of other domains have valid I/O translations.
        #[doc(alias = "XEN_HVM_CPUID_IOMMU_MAPPINGS")]
        const IOMMU_MAPPINGS = 1 << 2;
        /// EBX has the number of the virtual processor.
        #[doc(alias = "XEN_HVM_CPUID_VCPU_ID_PRESENT")]
        const VCPU_ID_PRESENT = 1 << 3;
        /// ECX has the id of the domain.
        #[doc(alias = "XEN_HVM_CPUID_DOMID_PRESENT")]
        const DOMID_PRESENT = 1 << 4;
        /// Interrupt messages may carry extended destination ids.
        #[doc(alias = "XEN_HVM_CPUID_EXT_DEST_ID")]
        const EXT_DEST_ID = 1 << 5;
        /// Per-processor upcall vectors act like edge interrupts that are acknowledged as usual.
        #[doc(alias = "XEN_HVM_CPUID_UPCALL_VECTOR")]
        const UPCALL_VECTOR = 1 << 6;
    }
}
