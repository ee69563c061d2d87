//! PCI functions as configuration space shows them: identity, base address registers, interrupt pin, IDs.
//!
//! Sources: PCI Local Bus Specification 3.0 (configuration header), "Identifiers for PCI Devices" in the driver
//! documentation.

use crate::kernel::kernel;
use alloc::{format, string::String, vec::Vec};
use machine::PciAddress;

/// A base address register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Index of the register, 0 to 5.
    pub index: u8,
    /// I/O ports, else memory.
    pub port: bool,
    /// Takes two registers.
    pub wide: bool,
    /// Prefetchable memory.
    pub prefetch: bool,
    /// Size in bytes.
    pub size: u64,
    /// Where the firmware put it; zero when it did not.
    pub base: u64,
}

/// A function on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is.
    pub at: PciAddress,
    /// Vendor.
    pub vendor: u16,
    /// Device.
    pub device: u16,
    /// Subsystem vendor.
    pub subsystem_vendor: u16,
    /// Subsystem.
    pub subsystem: u16,
    /// Revision.
    pub revision: u8,
    /// Class, subclass, programming interface.
    pub class: (u8, u8, u8),
    /// Base address registers in use.
    pub bars: Vec<Bar>,
    /// Interrupt pin, 1 to 4; 0 for none.
    pub pin: u8,
}

/// Reads configuration space.
#[must_use]
pub fn read(at: PciAddress, offset: u16, width: u8) -> u32 {
    kernel().engine.machine().pci_read(at, offset, width)
}

/// Writes configuration space.
pub fn write(at: PciAddress, offset: u16, width: u8, value: u32) {
    kernel().engine.machine().pci_write(at, offset, width, value);
}

/// Reads a function; `None` where there is none.
#[must_use]
pub fn probe(at: PciAddress) -> Option<Function> {
    let id = read(at, 0, 4);
    if id & 0xFFFF == 0xFFFF || id == 0 {
        return None;
    }
    let class = read(at, 8, 4);
    let normal = read(at, 0xE, 1) & 0x7F == 0;
    let subsystem = if normal { read(at, 0x2C, 4) } else { 0 };
    Some(Function {
        at,
        vendor: id as u16,
        device: (id >> 16) as u16,
        subsystem_vendor: subsystem as u16,
        subsystem: (subsystem >> 16) as u16,
        revision: class as u8,
        class: ((class >> 24) as u8, (class >> 16) as u8, (class >> 8) as u8),
        bars: if normal { size_bars(at) } else { Vec::new() },
        pin: read(at, 0x3D, 1) as u8,
    })
}

/// Sizes the base address registers by writing ones, with decoding switched off.
fn size_bars(at: PciAddress) -> Vec<Bar> {
    let command = read(at, 4, 2);
    write(at, 4, 2, command & !3);
    let mut out = Vec::new();
    let mut index = 0;
    while index < 6 {
        let offset = 0x10 + u16::from(index) * 4;
        let before = read(at, offset, 4);
        write(at, offset, 4, u32::MAX);
        let mask = read(at, offset, 4);
        write(at, offset, 4, before);
        let port = before & 1 != 0;
        let wide = !port && before & 6 == 4;
        let mut high = (0, 0);
        if wide && index < 5 {
            let old = read(at, offset + 4, 4);
            write(at, offset + 4, 4, u32::MAX);
            high = (old, read(at, offset + 4, 4));
            write(at, offset + 4, 4, old);
        }
        if mask != 0 {
            let bits = if port { mask & 0xFFFF_FFFC | 0xFFFF_0000 } else { mask & 0xFFFF_FFF0 };
            let full =
                if wide { u64::from(high.1) << 32 | u64::from(bits) } else { u64::from(bits) | !0xFFFF_FFFF };
            let size = (!full).wrapping_add(1);
            let low = if port { before & 0xFFFF_FFFC } else { before & 0xFFFF_FFF0 };
            out.push(Bar {
                index,
                port,
                wide,
                prefetch: !port && before & 8 != 0,
                size,
                base: u64::from(high.0) << 32 | u64::from(low),
            });
        }
        index += if wide { 2 } else { 1 };
    }
    write(at, 4, 2, command);
    out
}

/// All functions of a bus, in the order of device and function.
#[must_use]
pub fn scan(bus: u8) -> Vec<Function> {
    let mut out = Vec::new();
    for device in 0..32 {
        let first = PciAddress { bus, device, function: 0 };
        let Some(function) = probe(first) else { continue };
        let several = read(first, 0xE, 1) & 0x80 != 0;
        out.push(function);
        if several {
            out.extend((1..8).filter_map(|function| probe(PciAddress { bus, device, function })));
        }
    }
    out
}

impl Function {
    /// Hardware IDs, the most specific first; the first is the device ID.
    #[must_use]
    pub fn hardware_ids(&self) -> Vec<String> {
        let base = format!("PCI\\VEN_{:04X}&DEV_{:04X}", self.vendor, self.device);
        let subsystem = format!("{base}&SUBSYS_{:04X}{:04X}", self.subsystem, self.subsystem_vendor);
        let (class, sub, interface) = self.class;
        alloc::vec![
            format!("{subsystem}&REV_{:02X}", self.revision),
            subsystem,
            format!("{base}&CC_{class:02X}{sub:02X}{interface:02X}"),
            format!("{base}&CC_{class:02X}{sub:02X}"),
        ]
    }

    /// Compatible IDs.
    #[must_use]
    pub fn compatible_ids(&self) -> Vec<String> {
        let vendor = format!("PCI\\VEN_{:04X}", self.vendor);
        let base = format!("{vendor}&DEV_{:04X}", self.device);
        let (class, sub, interface) = self.class;
        alloc::vec![
            format!("{base}&REV_{:02X}", self.revision),
            base,
            format!("{vendor}&CC_{class:02X}{sub:02X}{interface:02X}"),
            format!("{vendor}&CC_{class:02X}{sub:02X}"),
            vendor,
            format!("PCI\\CC_{class:02X}{sub:02X}{interface:02X}"),
            format!("PCI\\CC_{class:02X}{sub:02X}"),
        ]
    }

    /// Instance ID within the bus: device and function.
    #[must_use]
    pub fn instance_id(&self) -> String {
        format!("{:02X}", self.at.device << 3 | self.at.function)
    }

    /// Global interrupt that the pin is wired to, as the firmware's _PRT of an HVM guest says
    /// (hvm_pci_intx_gsi: ((device * 4) + (device / 8) + pin) modulo 32, plus 16).
    #[must_use]
    pub fn gsi(&self) -> Option<u32> {
        let pin = u32::from(self.pin).checked_sub(1)?;
        let device = u32::from(self.at.device);
        Some(((device * 4 + device / 8 + pin) & 31) + 16)
    }

    /// Switches decoding of ports, memory and bus mastering.
    pub fn enable(&self, on: bool) {
        let bits = 7;
        let command = read(self.at, 4, 2);
        write(self.at, 4, 2, if on { command | bits } else { command & !bits });
    }

    /// Programs a base address register.
    pub fn set_bar(&self, index: u8, base: u64) {
        let Some(bar) = self.bars.iter().find(|b| b.index == index) else { return };
        let offset = 0x10 + u16::from(index) * 4;
        write(self.at, offset, 4, base as u32);
        if bar.wide {
            write(self.at, offset + 4, 4, (base >> 32) as u32);
        }
    }
}
