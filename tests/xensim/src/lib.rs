//! Simulated Xen: hypervisor, xenstored, block and net back-ends, honest and hostile.
//!
//! Written from Xen's public interface a second time, independently of the drivers, so that one
//! misunderstanding does not live on both sides. Everything runs on one thread in small steps; the seed
//! decides each choice, virtual time is passed in.
//!
//! [`Xen::builder`] makes a machine. A kernel drives it through [`::machine::Machine`]; a front-end crate
//! on its own through [`direct::Direct`].
#![allow(clippy::module_name_repetitions)]

pub mod abi;
pub mod back;
pub mod direct;
pub mod disk;
pub mod flavour;
pub mod hostile;
pub mod hv;
mod machine;
pub mod mem;
pub mod network;
pub mod outside;
pub mod pci;
pub mod rng;
pub mod sim;
pub mod store;
pub mod toolstack;
pub mod wake;
pub mod world;

pub use back::{
    block::{BlockAttack, BlockConfig, BlockFeatures, BlockKind, BlockPolicy},
    net::{NetAttack, NetFeatures, NetKind, NetPolicy, NicConfig},
    xenbus::{State, StateFault},
};
pub use direct::{Direct, DirectPages};
pub use disk::{Disk, DiskModel, SharedDisk};
pub use flavour::{Flavour, StoreLimits};
pub use network::{Frame, Gso, WirePolicy};
pub use pci::EmulatedConfig;
pub use sim::{Builder, Sim, Xen};
pub use store::ring::{StoreAttack, StoreMode};
pub use toolstack::Toolstack;
pub use wake::{NewHost, Wake};
pub use world::{Held, Stats, Violation};
