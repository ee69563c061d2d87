//! Virtual time and the machine outside: who has work gets turns before much time is over.

use machine::{Cpuid, GuestMemory, Machine, Outcome, PciAddress};
use ntsim::pnp::manager::sleep_ms;
use ntsim_host::{NoMachine, Sim};
use std::{cell::Cell, rc::Rc};

/// A machine with one actor that has so many steps to take.
struct Busy {
    nothing: NoMachine,
    left: Rc<Cell<u32>>,
}

impl Machine for Busy {
    fn shared_pages(&self) -> u32 {
        0
    }
    fn attach(&self, _: &'static dyn GuestMemory, _: *mut u8) {}
    fn processors(&self) -> u32 {
        self.nothing.processors()
    }
    fn cpuid(&self, cpu: u32, leaf: u32, subleaf: u32) -> Option<Cpuid> {
        self.nothing.cpuid(cpu, leaf, subleaf)
    }
    fn hypercall(&self, cpu: u32, number: u64, args: [u64; 6]) -> Outcome {
        self.nothing.hypercall(cpu, number, args)
    }
    fn port_in(&self, _: u32, _: u16, _: u8) -> u32 {
        u32::MAX
    }
    fn port_out(&self, _: u32, _: u16, _: u8, _: u32) {}
    fn pci_read(&self, _: PciAddress, _: u16, _: u8) -> u32 {
        u32::MAX
    }
    fn pci_write(&self, _: PciAddress, _: u16, _: u8, _: u32) {}
    fn mmio_read(&self, _: u64, _: u8) -> u64 {
        u64::MAX
    }
    fn mmio_write(&self, _: u64, _: u8, _: u64) {}
    fn take_vector(&self, _: u32) -> Option<u8> {
        None
    }
    fn line(&self, _: u32) -> bool {
        false
    }
    fn actors(&self) -> u32 {
        self.left.get().min(1)
    }
    fn step(&self, _: u32) {
        self.left.set(self.left.get() - 1);
    }
    fn deadline(&self) -> Option<u64> {
        None
    }
    fn advance(&self, _: u64) {}
    fn resumed(&self) -> Option<i64> {
        None
    }
}

/// A back-end that is ready is not starved until a request's time-out: a scheduler of dom0 may be slow, but
/// a disk request of seconds that was never looked at would be the simulator's fault.
#[test]
fn time_does_not_leap_over_work() {
    for seed in 0..200 {
        let left = Rc::new(Cell::new(0));
        let processors = 1 + seed as u32 % 3;
        let machine = Busy { nothing: NoMachine(processors), left: left.clone() };
        let sim = Sim::builder().seed(seed).machine(Box::new(machine)).build();
        sim.run(|| {
            for _ in 0..20 {
                left.set(3);
                sleep_ms(50);
                assert_eq!(left.get(), 0, "seed {seed}: steps that were not taken in 50 ms");
            }
        })
        .unwrap();
    }
}
