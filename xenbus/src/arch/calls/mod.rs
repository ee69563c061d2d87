//! Typed hypercalls. Each builds its argument on the stack, checks the return value, validates what
//! comes back. Any IRQL unless stated; none blocks unless stated.
//!
//! What changes the memory behind guest frames is `unsafe`: the compiler believes in memory that does
//! not go away.
#![allow(unsafe_code, reason = "hypercalls")]

mod event;
mod memory;
mod misc;
#[cfg(test)]
mod tests;

pub use event::PortState;
pub use memory::GrantSize;
pub use misc::{Ring, Suspend};

use super::Hypercall;
use crate::{
    abi::{GuestHandle, Number},
    errno::{Errno, Result},
};

/// The hypervisor, behind any [`Hypercall`].
#[derive(Clone, Copy, Debug)]
pub struct Xen<H>(pub H);

impl<H: Hypercall> Xen<H> {
    /// The shape of nearly all operations: a sub-command and a pointer to one argument. `max` is the
    /// largest value that success can have.
    ///
    /// # Safety
    /// As [`Hypercall::hypercall`]; `T` is the type that the sub-command takes.
    unsafe fn op<T>(&self, number: Number, command: u32, arg: &mut T, max: u64) -> Result<u64> {
        let handle = GuestHandle::new(core::ptr::from_mut(arg));
        // SAFETY: `arg` lives on the stack of the caller, which is resident, and is exclusively
        // borrowed; its type and what it points to are the caller's contract.
        let value = unsafe { self.0.hypercall(number, [command.into(), handle.0, 0, 0, 0]) };
        Errno::check(value, max)
    }
}
