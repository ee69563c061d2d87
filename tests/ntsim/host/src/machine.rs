//! A machine with nothing around the guest, for tests of the kernel alone.

use machine::{Cpuid, GuestMemory, Machine, Outcome, PciAddress};

/// No devices, no hypervisor.
pub struct NoMachine(pub u32);

impl Machine for NoMachine {
    fn shared_pages(&self) -> u32 {
        0
    }
    fn attach(&self, _memory: &'static dyn GuestMemory, _shared: *mut u8) {}
    fn processors(&self) -> u32 {
        self.0
    }
    fn cpuid(&self, _cpu: u32, leaf: u32, _subleaf: u32) -> Option<Cpuid> {
        // No hypervisor leaves.
        (0x4000_0000..0x8000_0000).contains(&leaf).then(Cpuid::default)
    }
    fn hypercall(&self, _cpu: u32, _number: u64, _args: [u64; 6]) -> Outcome {
        Outcome::Done(-38)
    }
    fn port_in(&self, _cpu: u32, _port: u16, _width: u8) -> u32 {
        u32::MAX
    }
    fn port_out(&self, _cpu: u32, _port: u16, _width: u8, _value: u32) {}
    fn pci_read(&self, _at: PciAddress, _offset: u16, _width: u8) -> u32 {
        u32::MAX
    }
    fn pci_write(&self, _at: PciAddress, _offset: u16, _width: u8, _value: u32) {}
    fn mmio_read(&self, _gpa: u64, _width: u8) -> u64 {
        u64::MAX
    }
    fn mmio_write(&self, _gpa: u64, _width: u8, _value: u64) {}
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
