//! Stand-in NT kernel: PE loader, ke/ex/mm/io/pnp/po/cm/rtl, storport, ndis, verifier.
//!
//! The core is written as SMP kernel code over a trait [`engine::Engine`]; it runs in a Linux process
//! (crate `ntsim-host`: virtual processors are coroutines, time is virtual, a seed decides) and on bare
//! metal. [`kernel::kernel`] gives the running instance. Functions that drivers import are declared by
//! the [`exports!`] macro; a function that is not there makes the load fail with its name.
//!
//! Ground rules for code in this crate:
//! - Kernel state lies in a [`kernel::lock::Lock`]. None is held across a call into a driver, across
//!   a scheduling point or across a wait.
//! - Drivers are entered only through [`callout`], so that the verifier sees IRQL and stack use.
//! - Nothing that decides or is traced may depend on a host address or on the order of a hash map.
#![no_std]
// A kernel hands raw pointers of foreign code around in nearly every line; the three unsafe lints of the
// workspace would bury it in noise. `unsafe` here means: pointers come from a driver under test, and a
// bad one is found by the fault handler and reported as that driver's bugcheck.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]
#![allow(clippy::macro_metavars_in_unsafe)]
#![allow(clippy::not_unsafe_ptr_arg_deref, clippy::too_many_arguments, clippy::new_without_default)]

extern crate alloc;

#[macro_use]
pub mod export;
pub mod abi;
pub mod arch;
pub mod callout;
pub mod cm;
pub mod coverage;
pub mod engine;
pub mod etw;
pub mod ex;
pub mod io;
pub mod ke;
pub mod kernel;
pub mod loader;
pub mod mm;
pub mod ndis;
pub mod ob;
pub mod pnp;
pub mod po;
pub mod ps;
pub mod rtl;
pub mod storport;
pub mod trace;
pub mod unwind;
pub mod verifier;
pub mod wmi;

pub use kernel::kernel;
