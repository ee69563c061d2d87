//! The way to the hypervisor: `cpuid` and hypercalls, and safe, typed wrappers over them.
//!
//! This module is one of the few with `unsafe`. Layers, from below:
//! - [`Cpuid`] and [`Hypercall`]: the narrow waist. [`Direct`] is the machine itself; the three
//!   instructions `cpuid`, `vmcall` and `vmmcall` stand in one function each (`x86`), never inlined
//!   state, no hypercall page (HVCI forbids one). Tests put a simulated Xen behind the traits.
//! - `detect`: finds Xen and what it says of itself.
//! - [`Xen`]: every hypercall that the drivers use, with checked results.

mod calls;
mod detect;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use calls::{GrantSize, PortState, Ring, Suspend, Xen};
pub use detect::{Hypervisor, Vendor, detect, vendor};
#[cfg(target_arch = "x86_64")]
pub use x86::Direct;

use crate::abi::Number;

/// What `cpuid` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuidResult {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// The `cpuid` instruction of the processor that runs this. Any IRQL.
pub trait Cpuid {
    /// Asks for a leaf.
    fn cpuid(&self, leaf: u32, subleaf: u32) -> CpuidResult;
}

/// The narrow waist between a guest and the hypervisor. Any IRQL, on the processor that calls.
pub trait Hypercall {
    /// Calls the hypervisor. The return value is whatever the hypervisor left in RAX: judge it with
    /// [`crate::errno::Errno::check`].
    ///
    /// # Safety
    /// Wherever `number` and its sub-command define an argument, or a field in the memory that an
    /// argument points to, as a pointer, it points to memory that is resident and valid for what the
    /// operation does with it during the call. An operation that changes what lies behind guest
    /// frames is only called for frames that nothing in this kernel relies on.
    #[allow(unsafe_code, reason = "arguments may carry pointers")]
    unsafe fn hypercall(&self, number: Number, args: [u64; 5]) -> i64;
}

#[allow(unsafe_code, reason = "passes the contract on")]
impl<H: Hypercall + ?Sized> Hypercall for &H {
    unsafe fn hypercall(&self, number: Number, args: [u64; 5]) -> i64 {
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { (**self).hypercall(number, args) }
    }
}
