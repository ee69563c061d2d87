//! `hvm_op` and its parameters (`xen/hvm/hvm_op.h`, `xen/hvm/params.h`).

use core::num::NonZeroU64;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A sub-command of `hvm_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// Sets a parameter, as [`Param`].
    #[doc(alias = "HVMOP_set_param")]
    pub const SET_PARAM: Self = Self(0);
    /// Reads a parameter, as [`Param`].
    #[doc(alias = "HVMOP_get_param")]
    pub const GET_PARAM: Self = Self(1);
    /// A page table goes away, as [`PagetableDying`].
    #[doc(alias = "HVMOP_pagetable_dying")]
    pub const PAGETABLE_DYING: Self = Self(9);
    /// System time, as [`GetTime`].
    #[doc(alias = "HVMOP_get_time")]
    pub const GET_TIME: Self = Self(10);
    /// What lies behind a frame, as [`GetMemType`].
    #[doc(alias = "HVMOP_get_mem_type")]
    pub const GET_MEM_TYPE: Self = Self(15);
    /// A processor's own vector for events, as [`UpcallVector`].
    #[doc(alias = "HVMOP_set_evtchn_upcall_vector")]
    pub const SET_EVTCHN_UPCALL_VECTOR: Self = Self(23);
}

/// A parameter of the domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct ParamIndex(pub u32);

impl ParamIndex {
    /// How events interrupt: [`CallbackVia`].
    #[doc(alias = "HVM_PARAM_CALLBACK_IRQ")]
    pub const CALLBACK_IRQ: Self = Self(0);
    /// The frame of xenstore's ring.
    #[doc(alias = "HVM_PARAM_STORE_PFN")]
    pub const STORE_PFN: Self = Self(1);
    /// The port of xenstore's ring.
    #[doc(alias = "HVM_PARAM_STORE_EVTCHN")]
    pub const STORE_EVTCHN: Self = Self(2);
    /// What the toolstack enabled of the Viridian interface.
    #[doc(alias = "HVM_PARAM_VIRIDIAN")]
    pub const VIRIDIAN: Self = Self(9);
    /// What happens to ticks missed.
    #[doc(alias = "HVM_PARAM_TIMER_MODE")]
    pub const TIMER_MODE: Self = Self(10);
    /// 3 while asleep.
    #[doc(alias = "HVM_PARAM_ACPI_S_STATE")]
    pub const ACPI_S_STATE: Self = Self(14);
    /// The frame of the console's ring.
    #[doc(alias = "HVM_PARAM_CONSOLE_PFN")]
    pub const CONSOLE_PFN: Self = Self(17);
    /// The port of the console's ring.
    #[doc(alias = "HVM_PARAM_CONSOLE_EVTCHN")]
    pub const CONSOLE_EVTCHN: Self = Self(18);
    /// Where the generation id lies.
    #[doc(alias = "HVM_PARAM_VM_GENERATION_ID_ADDR")]
    pub const VM_GENERATION_ID_ADDR: Self = Self(34);
}

/// A parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_hvm_param_t")]
#[repr(C)]
pub struct Param {
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Padding; zero.
    pub pad: u16,
    /// Which.
    pub index: ParamIndex,
    /// Its value.
    pub value: u64,
}

const _: () = assert!(size_of::<Param>() == 16);

/// A processor's vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_hvm_evtchn_upcall_vector_t")]
#[repr(C)]
pub struct UpcallVector {
    /// The processor.
    pub vcpu: u32,
    /// The vector, at least 16; 0 goes back to the callback.
    pub vector: u8,
    /// Padding; zero.
    pub pad: [u8; 3],
}

const _: () = assert!(size_of::<UpcallVector>() == 8);

/// System time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_hvm_get_time_t")]
#[repr(C)]
pub struct GetTime {
    /// ns since the domain started.
    pub now: u64,
}

const _: () = assert!(size_of::<GetTime>() == 8);

/// A page table goes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_hvm_pagetable_dying_t")]
#[repr(C)]
pub struct PagetableDying {
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// Padding; zero.
    pub pad: [u16; 3],
    /// Its address.
    pub gpa: u64,
}

const _: () = assert!(size_of::<PagetableDying>() == 16);

/// What lies behind a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "xen_hvm_get_mem_type_t")]
#[repr(C)]
pub struct GetMemType {
    /// [`super::domid::SELF`].
    pub domid: u16,
    /// The answer.
    pub mem_type: u16,
    /// Padding; zero.
    pub pad: [u16; 2],
    /// The frame.
    pub pfn: u64,
}

const _: () = assert!(size_of::<GetMemType>() == 16);

/// How events interrupt, as [`ParamIndex::CALLBACK_IRQ`] has it. The type is in bits 56..64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackVia {
    /// A global system interrupt. Hypervisors before 3.1 know only this (a raw number).
    Gsi(u8),
    /// An interrupt pin of a PCI function.
    PciIntx {
        /// PCI segment.
        domain: u16,
        /// Bus.
        bus: u8,
        /// Device, 0..32.
        device: u8,
        /// Function, 0..8.
        function: u8,
        /// Pin: 0 is INTA.
        pin: u8,
    },
    /// One vector for all processors ([`super::version::feature::HVM_CALLBACK_VECTOR`]).
    Vector(u8),
}

/// Type of [`CallbackVia::Gsi`].
#[doc(alias = "HVM_PARAM_CALLBACK_TYPE_GSI")]
pub const CALLBACK_TYPE_GSI: u64 = 0;
/// Type of [`CallbackVia::PciIntx`].
#[doc(alias = "HVM_PARAM_CALLBACK_TYPE_PCI_INTX")]
pub const CALLBACK_TYPE_PCI_INTX: u64 = 1;
/// Type of [`CallbackVia::Vector`].
#[doc(alias = "HVM_PARAM_CALLBACK_TYPE_VECTOR")]
pub const CALLBACK_TYPE_VECTOR: u64 = 2;

impl CallbackVia {
    /// The parameter's value. `None` for what would be 0 (toolstacks read that as "no PV drivers" and
    /// then suspend the guest unannounced) or is out of range.
    #[must_use]
    pub const fn encode(self) -> Option<NonZeroU64> {
        let (kind, value) = match self {
            Self::Gsi(gsi) => (CALLBACK_TYPE_GSI, gsi as u64),
            Self::PciIntx { domain, bus, device, function, pin } => {
                if device >= 32 || function >= 8 || pin >= 4 {
                    return None;
                }
                let devfn = (device << 3 | function) as u64;
                (CALLBACK_TYPE_PCI_INTX, (domain as u64) << 32 | (bus as u64) << 16 | devfn << 8 | pin as u64)
            }
            Self::Vector(vector) => (CALLBACK_TYPE_VECTOR, vector as u64),
        };
        NonZeroU64::new(kind << 56 | value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_is_encoded_and_never_zero() {
        let via = |v: CallbackVia| v.encode().map(NonZeroU64::get);
        assert_eq!(via(CallbackVia::Gsi(0)), None);
        assert_eq!(via(CallbackVia::Gsi(28)), Some(28));
        assert_eq!(via(CallbackVia::Vector(0xf3)), Some(0x0200_0000_0000_00f3));
        let pci = CallbackVia::PciIntx { domain: 0, bus: 0, device: 2, function: 0, pin: 0 };
        assert_eq!(via(pci), Some(0x0100_0000_0000_1000));
        let pci = CallbackVia::PciIntx { domain: 0x1234, bus: 0x56, device: 31, function: 7, pin: 3 };
        assert_eq!(via(pci), Some(0x0100_1234_0056_ff03));
        let pci = CallbackVia::PciIntx { domain: 0, bus: 0, device: 32, function: 0, pin: 0 };
        assert_eq!(via(pci), None);
    }
}
