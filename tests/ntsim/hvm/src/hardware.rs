//! The real outside: configuration space and ports by instructions; hypercalls and events are the
//! drivers' own business here.

use machine::{Cpuid, GuestMemory, Machine, Outcome, PciAddress};

use crate::{cpu, port};

/// The machine that we run on.
pub struct Hardware;

fn select(at: PciAddress, offset: u16) {
    let address = 1 << 31
        | u32::from(at.bus) << 16
        | u32::from(at.device) << 11
        | u32::from(at.function) << 8
        | u32::from(offset & 0xfc);
    port::out32(0xcf8, address);
}

impl Machine for Hardware {
    fn shared_pages(&self) -> u32 {
        0
    }
    fn attach(&self, _memory: &'static dyn GuestMemory, _shared: *mut u8) {}
    fn processors(&self) -> u32 {
        cpu::started()
    }
    fn cpuid(&self, _cpu: u32, _leaf: u32, _subleaf: u32) -> Option<Cpuid> {
        None
    }
    fn hypercall(&self, _cpu: u32, _number: u64, _args: [u64; 6]) -> Outcome {
        // Drivers execute vmcall themselves; nothing traps to us. -ENOSYS, as for an unknown call.
        Outcome::Done(-38)
    }
    fn port_in(&self, _cpu: u32, at: u16, width: u8) -> u32 {
        match width {
            1 => u32::from(port::in8(at)),
            2 => u32::from(port::in16(at)),
            _ => port::in32(at),
        }
    }
    fn port_out(&self, _cpu: u32, at: u16, width: u8, value: u32) {
        match width {
            1 => port::out8(at, value as u8),
            2 => port::out16(at, value as u16),
            _ => port::out32(at, value),
        }
    }
    fn pci_read(&self, at: PciAddress, offset: u16, width: u8) -> u32 {
        let on = port::disable();
        select(at, offset);
        let value = match width {
            1 => u32::from(port::in8(0xcfc + (offset & 3))),
            2 => u32::from(port::in16(0xcfc + (offset & 2))),
            _ => port::in32(0xcfc),
        };
        if on {
            port::enable();
        }
        value
    }
    fn pci_write(&self, at: PciAddress, offset: u16, width: u8, value: u32) {
        let on = port::disable();
        select(at, offset);
        match width {
            1 => port::out8(0xcfc + (offset & 3), value as u8),
            2 => port::out16(0xcfc + (offset & 2), value as u16),
            _ => port::out32(0xcfc, value),
        }
        if on {
            port::enable();
        }
    }
    fn mmio_read(&self, gpa: u64, width: u8) -> u64 {
        // Device memory below 4 GiB is identity-mapped.
        match width {
            1 => u64::from(unsafe { (gpa as *const u8).read_volatile() }),
            2 => u64::from(unsafe { (gpa as *const u16).read_volatile() }),
            4 => u64::from(unsafe { (gpa as *const u32).read_volatile() }),
            _ => unsafe { (gpa as *const u64).read_volatile() },
        }
    }
    fn mmio_write(&self, gpa: u64, width: u8, value: u64) {
        match width {
            1 => unsafe { (gpa as *mut u8).write_volatile(value as u8) },
            2 => unsafe { (gpa as *mut u16).write_volatile(value as u16) },
            4 => unsafe { (gpa as *mut u32).write_volatile(value as u32) },
            _ => unsafe { (gpa as *mut u64).write_volatile(value) },
        }
    }
    fn take_vector(&self, _cpu: u32) -> Option<u8> {
        None
    }
    fn line(&self, _gsi: u32) -> bool {
        false
    }
    fn actors(&self) -> u32 {
        0
    }
    fn step(&self, _which: u32) {}
    fn deadline(&self) -> Option<u64> {
        None
    }
    fn advance(&self, _now: u64) {}
    fn resumed(&self) -> Option<i64> {
        None
    }
}
