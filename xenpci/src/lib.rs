//! xenpci.sys: owns the Xen platform PCI device, the hypervisor, and the bus its children sit on.
#![no_std]

extern crate alloc;

pub mod policy;
