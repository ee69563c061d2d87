//! A machine with a PCI bus of plain functions, for tests of the Plug and Play manager.
#![allow(dead_code)]

use machine::{Cpuid, GuestMemory, Machine, Outcome, PciAddress};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One function: configuration space, and the sizes of its base address registers.
#[derive(Clone)]
pub struct Function {
    pub config: Vec<u8>,
    pub bars: [u32; 6],
}

impl Function {
    /// A function with ports at 0xC100 (256) and memory at 0xF2000000 (1 MiB), pin A.
    pub fn new(vendor: u16, device: u16) -> Function {
        let mut f = Function { config: vec![0; 256], bars: [0; 6] };
        f.set(0, &vendor.to_le_bytes());
        f.set(2, &device.to_le_bytes());
        f.set(8, &[1, 0, 0x80, 0xFF]);
        f.set(0x2C, &vendor.to_le_bytes());
        f.set(0x2E, &1u16.to_le_bytes());
        f.set(0x3D, &[1]);
        f.bar(0, 0xC101, 0x100);
        f.bar(1, 0xF200_0008, 0x10_0000);
        f
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.config[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn bar(&mut self, index: usize, value: u32, size: u32) {
        self.bars[index] = size;
        self.set(0x10 + index * 4, &value.to_le_bytes());
    }
}

/// What a test and its machine share.
#[derive(Default)]
pub struct Shared {
    pub functions: RefCell<BTreeMap<(u8, u8), Function>>,
    pub vectors: RefCell<BTreeMap<u32, Vec<u8>>>,
    pub lines: Cell<u64>,
}

/// The machine.
pub struct PciMachine {
    pub shared: Rc<Shared>,
    pub cpus: u32,
}

impl Machine for PciMachine {
    fn shared_pages(&self) -> u32 {
        0
    }
    fn attach(&self, _: &'static dyn GuestMemory, _: *mut u8) {}
    fn processors(&self) -> u32 {
        self.cpus
    }
    fn cpuid(&self, _: u32, leaf: u32, _: u32) -> Option<Cpuid> {
        (0x4000_0000..0x8000_0000).contains(&leaf).then(Cpuid::default)
    }
    fn hypercall(&self, _: u32, _: u64, _: [u64; 6]) -> Outcome {
        Outcome::Done(-38)
    }
    fn port_in(&self, _: u32, _: u16, _: u8) -> u32 {
        u32::MAX
    }
    fn port_out(&self, _: u32, _: u16, _: u8, _: u32) {}
    fn pci_read(&self, at: PciAddress, offset: u16, width: u8) -> u32 {
        let functions = self.shared.functions.borrow();
        let Some(f) = functions.get(&(at.device, at.function)) else {
            return u32::MAX >> (32 - 8 * u32::from(width));
        };
        (0..usize::from(width)).map(|n| u32::from(f.config[usize::from(offset) + n]) << (8 * n)).sum()
    }
    fn pci_write(&self, at: PciAddress, offset: u16, width: u8, value: u32) {
        let mut functions = self.shared.functions.borrow_mut();
        let Some(f) = functions.get_mut(&(at.device, at.function)) else { return };
        let mut value = value;
        if (0x10..0x28).contains(&offset) && width == 4 {
            let index = usize::from(offset - 0x10) / 4;
            let size = f.bars[index];
            let flags = u32::from(f.config[usize::from(offset)])
                & if f.config[usize::from(offset)] & 1 != 0 { 3 } else { 15 };
            value = if size == 0 { 0 } else { value & !(size - 1) | flags };
        }
        if offset >= 0x10 || offset == 4 {
            f.config[usize::from(offset)..usize::from(offset) + usize::from(width)]
                .copy_from_slice(&value.to_le_bytes()[..usize::from(width)]);
        }
    }
    fn mmio_read(&self, _: u64, _: u8) -> u64 {
        u64::MAX
    }
    fn mmio_write(&self, _: u64, _: u8, _: u64) {}
    fn take_vector(&self, cpu: u32) -> Option<u8> {
        self.shared.vectors.borrow_mut().get_mut(&cpu)?.pop()
    }
    fn line(&self, gsi: u32) -> bool {
        self.shared.lines.get() >> gsi & 1 != 0
    }
    fn actors(&self) -> u32 {
        0
    }
    fn step(&self, _: u32) {}
    fn deadline(&self) -> Option<u64> {
        None
    }
    fn advance(&self, _: u64) {}
    fn resumed(&self) -> Option<i64> {
        None
    }
}
