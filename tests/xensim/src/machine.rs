//! [`machine::Machine`]: how a kernel engine drives the simulation.

use ::machine::{Cpuid, GuestMemory, Machine, Outcome, PciAddress};

use crate::{
    hv::{GRANT_FRAMES, Stopped},
    sim::Xen,
};

/// Local APICs are switched on here; the engine reports writes to the spurious-interrupt register.
const LAPIC_SVR: u64 = 0xfee0_00f0;

impl Machine for Xen {
    fn shared_pages(&self) -> u32 {
        GRANT_FRAMES + self.sim.borrow().most_grant_frames()
    }

    fn attach(&self, memory: &'static dyn GuestMemory, shared: *mut u8) {
        let mut sim = self.sim.borrow_mut();
        sim.world.mem.attach(memory, shared);
        sim.create();
        sim.world.show_time();
    }

    fn processors(&self) -> u32 {
        self.sim.borrow().world.hv.vcpus.len() as u32
    }

    fn cpuid(&self, cpu: u32, leaf: u32, subleaf: u32) -> Option<Cpuid> {
        self.sim.borrow().world.hv.cpuid(cpu, leaf, subleaf)
    }

    fn hypercall(&self, cpu: u32, number: u64, args: [u64; 6]) -> Outcome {
        self.sim.borrow_mut().hypercall(cpu, number, args)
    }

    fn port_in(&self, _cpu: u32, port: u16, width: u8) -> u32 {
        self.sim.borrow().emulated.port_in(port, width)
    }

    fn port_out(&self, _cpu: u32, port: u16, width: u8, value: u32) {
        let mut sim = self.sim.borrow_mut();
        if let Some(byte) = sim.emulated.port_out(port, width, value) {
            sim.world.console.push(byte);
        }
    }

    fn pci_read(&self, at: PciAddress, offset: u16, width: u8) -> u32 {
        self.sim.borrow().emulated.pci_read(at, offset, width)
    }

    fn pci_write(&self, at: PciAddress, offset: u16, width: u8, value: u32) {
        self.sim.borrow_mut().emulated.pci_write(at, offset, width, value);
    }

    fn mmio_read(&self, _gpa: u64, width: u8) -> u64 {
        if width >= 8 { u64::MAX } else { (1 << (8 * u32::from(width))) - 1 }
    }

    fn mmio_write(&self, gpa: u64, _width: u8, value: u64) {
        if gpa & !0xf == LAPIC_SVR & !0xf {
            // Which processor's: the engine has one address for all; a write switches all alike.
            let count = self.processors();
            for vcpu in 0..count {
                self.set_lapic(vcpu, value & 0x100 != 0);
            }
        }
    }

    fn take_vector(&self, cpu: u32) -> Option<u8> {
        self.sim.borrow_mut().world.take_vector(cpu)
    }

    fn line(&self, gsi: u32) -> bool {
        self.sim.borrow().world.callback_line(gsi)
    }

    fn actors(&self) -> u32 {
        self.sim.borrow().actors().len() as u32
    }

    fn step(&self, which: u32) {
        let mut sim = self.sim.borrow_mut();
        let actors = sim.actors();
        if let Some(actor) = actors.get(which as usize) {
            sim.step(*actor);
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.sim.borrow().deadline()
    }

    fn advance(&self, now: u64) {
        self.sim.borrow_mut().advance(now);
    }

    fn resumed(&self) -> Option<i64> {
        let mut sim = self.sim.borrow_mut();
        match sim.world.hv.stopped {
            Stopped::Shutdown { resumed: Some(value), .. } => {
                sim.world.hv.stopped = Stopped::No;
                Some(value)
            }
            _ => None,
        }
    }

    fn stopped(&self) -> Option<u32> {
        match self.sim.borrow().world.hv.stopped {
            Stopped::Shutdown { reason, resumed: None } => Some(reason),
            _ => None,
        }
    }

    fn runnable(&self, cpu: u32) -> bool {
        self.sim.borrow_mut().world.wait_over(cpu)
    }

    fn accessing(&self, _cpu: u32, gpa: u64, write: bool) {
        let mut sim = self.sim.borrow_mut();
        if write || sim.world.armed.is_empty() {
            return;
        }
        if let Some(page) = sim.world.mem.page(gpa >> 12) {
            // A rewrite armed for "after n reads" happens before the next one.
            sim.world.touched(page, (gpa & 0xffc) as usize);
        }
    }

    fn frame_in_use(&self, gfn: u64) -> Option<bool> {
        self.sim.borrow().world.frame_in_use(gfn).map(|(_, mapped)| mapped)
    }
}
