//! xenpci.sys: owns the Xen platform PCI device, the hypervisor, and the bus its children sit on.
//!
//! The way through the house: [`driver`] is entered by Windows and makes an `fdo::Fdo` for the PCI
//! function; starting it starts a `platform::Platform`, which is everything between Windows and
//! Xen; children are `pdo::Pdo`s, which get the functions of `iface`. What can be decided without
//! machinery is in [`policy`].
#![no_std]

extern crate alloc;

mod device;
mod doors;
pub mod driver;
mod fdo;
mod iface;
mod irp;
mod os;
mod pdo;
mod platform;
pub mod policy;
