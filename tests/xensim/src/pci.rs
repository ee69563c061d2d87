//! The emulated side: PCI functions, the unplug protocol on port 0x10, the log on port 0xE9.

use std::collections::BTreeMap;

use ::machine::PciAddress;

/// What QEMU answers at port 0x10.
const MAGIC: u32 = 0x49d2;
/// What it answers to a driver that it refuses.
const BLACKLISTED: u32 = 0xd249;

/// Unplug bits.
pub mod unplug {
    /// All IDE (and SCSI) disks.
    pub const IDE: u16 = 1;
    /// NICs.
    pub const NICS: u16 = 2;
    /// IDE disks other than the primary master.
    pub const AUX_IDE: u16 = 4;
    /// NVMe disks.
    pub const NVME: u16 = 8;
}

/// A PCI function's configuration space.
#[derive(Clone, Debug)]
pub struct Function {
    config: [u8; 256],
    /// Sizes of BARs, with their type bits.
    bars: [(u32, u32); 6],
}

impl Function {
    fn new(vendor: u16, device: u16, class: u32, revision: u8, header: u8) -> Self {
        let mut function = Self { config: [0; 256], bars: [(0, 0); 6] };
        function.config[0..2].copy_from_slice(&vendor.to_le_bytes());
        function.config[2..4].copy_from_slice(&device.to_le_bytes());
        function.config[8] = revision;
        function.config[9..12].copy_from_slice(&class.to_le_bytes()[..3]);
        function.config[14] = header;
        function
    }

    fn subsystem(mut self, vendor: u16, device: u16) -> Self {
        self.config[0x2c..0x2e].copy_from_slice(&vendor.to_le_bytes());
        self.config[0x2e..0x30].copy_from_slice(&device.to_le_bytes());
        self
    }

    fn bar(mut self, index: usize, size: u32, flags: u32, address: u32) -> Self {
        self.bars[index] = (size, flags);
        self.config[0x10 + index * 4..0x14 + index * 4].copy_from_slice(&(address | flags).to_le_bytes());
        // I/O or memory decoding is on, as firmware leaves it.
        self.config[4] |= if flags & 1 != 0 { 1 } else { 2 };
        self
    }

    fn interrupt(mut self, pin: u8, line: u8) -> Self {
        self.config[0x3c] = line;
        self.config[0x3d] = pin;
        self
    }

    fn read(&self, offset: u16, width: u8) -> u32 {
        (0..u16::from(width)).fold(0, |value, index| {
            let byte = self.config.get(usize::from(offset + index)).copied().unwrap_or(0xff);
            value | u32::from(byte) << (8 * index)
        })
    }

    fn write(&mut self, offset: u16, width: u8, value: u32) {
        for index in 0..u16::from(width) {
            let at = usize::from(offset + index);
            let byte = (value >> (8 * index)) as u8;
            match at {
                4 | 5 | 0x0c | 0x0d | 0x3c => self.config[at] = byte,
                0x10..0x28 => self.config[at] = byte,
                _ => {}
            }
        }
        for (index, (size, flags)) in self.bars.iter().enumerate() {
            let at = 0x10 + index * 4;
            let raw = [self.config[at], self.config[at + 1], self.config[at + 2], self.config[at + 3]];
            let value = if *size == 0 { 0 } else { (u32::from_le_bytes(raw) & !(size - 1)) | flags };
            self.config[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Address in a BAR, without its flags.
    #[must_use]
    pub fn bar_address(&self, index: usize) -> u32 {
        let value = self.read(0x10 + index as u16 * 4, 4);
        value & if value & 1 != 0 { !3 } else { !15 }
    }
}

/// How the emulated machine is made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatedConfig {
    /// Device id of the platform device (1, or 2 as XenServer's second).
    pub platform: u16,
    /// A second platform device, with the other of the two numbers.
    pub second_platform: bool,
    /// XenServer's extra device 5853:C000 is there.
    pub xenserver_device: bool,
    /// The device model refuses PV drivers (blacklist answer).
    pub blacklisted: bool,
    /// The device model knows the unplug protocol at all.
    pub unplug: bool,
    /// An emulated NVMe function.
    pub nvme: bool,
}

impl Default for EmulatedConfig {
    fn default() -> Self {
        Self {
            platform: 1,
            second_platform: false,
            xenserver_device: false,
            blacklisted: false,
            unplug: true,
            nvme: false,
        }
    }
}

/// The emulated machine.
#[derive(Clone, Debug)]
pub struct Emulated {
    config: EmulatedConfig,
    /// Functions that are there now.
    pub functions: BTreeMap<PciAddress, Function>,
    /// Emulated IDE units that are there now (0 is the primary master).
    pub ide: Vec<u8>,
    /// Unplug masks written since the last reset.
    pub unplugged: Vec<u16>,
    /// Product number and build that the driver gave.
    pub product: (Option<u16>, Option<u32>),
    /// Emulated disks whose removal the guest asked for although it was blacklisted.
    pub ignored: u32,
}

/// Address of the platform device.
pub const PLATFORM: PciAddress = PciAddress { bus: 0, device: 2, function: 0 };
/// Address of the IDE controller.
pub const IDE: PciAddress = PciAddress { bus: 0, device: 1, function: 1 };
/// Address of the first emulated NIC; the next ones follow.
pub const NIC: PciAddress = PciAddress { bus: 0, device: 4, function: 0 };
const NVME: PciAddress = PciAddress { bus: 0, device: 20, function: 0 };
/// BAR 1 of the platform device.
pub const PLATFORM_MEMORY: u32 = 0xf200_0000;
/// Bytes of it.
pub const PLATFORM_MEMORY_SIZE: u32 = 16 << 20;

impl Emulated {
    /// A machine with emulated disks at these IDE units and this many emulated NICs.
    #[must_use]
    pub fn new(config: EmulatedConfig, ide: Vec<u8>, nics: u8) -> Self {
        let mut functions = BTreeMap::new();
        let at = |device, function| PciAddress { bus: 0, device, function };
        functions.insert(at(0, 0), Function::new(0x8086, 0x1237, 0x06_0000, 2, 0));
        functions.insert(at(1, 0), Function::new(0x8086, 0x7000, 0x06_0100, 0, 0x80));
        functions.insert(IDE, Function::new(0x8086, 0x7010, 0x01_0180, 0, 0).bar(4, 16, 1, 0xc100));
        functions.insert(at(1, 3), Function::new(0x8086, 0x7113, 0x06_8000, 3, 0).interrupt(1, 9));
        let platform = Function::new(0x5853, config.platform, 0xff_8000, 1, 0)
            .subsystem(0x5853, 0x0001)
            .bar(0, 0x100, 1, 0xc000)
            .bar(1, PLATFORM_MEMORY_SIZE, 8, PLATFORM_MEMORY)
            .interrupt(1, 5);
        functions.insert(PLATFORM, platform);
        functions.insert(
            at(3, 0),
            Function::new(0x1234, 0x1111, 0x03_0000, 2, 0).bar(0, 16 << 20, 8, 0xf000_0000),
        );
        for nic in 0..nics {
            let function = Function::new(0x8086, 0x100e, 0x02_0000, 3, 0)
                .bar(0, 0x20000, 0, 0xf300_0000 + u32::from(nic) * 0x20000)
                .bar(1, 64, 1, 0xc200 + u32::from(nic) * 64)
                .interrupt(1, 10);
            functions.insert(PciAddress { device: NIC.device + nic, ..NIC }, function);
        }
        if config.second_platform {
            let function = Function::new(0x5853, 3 - config.platform, 0xff_8000, 1, 0)
                .subsystem(0x5853, 0x0001)
                .bar(0, 0x100, 1, 0xc600)
                .bar(1, PLATFORM_MEMORY_SIZE, 8, PLATFORM_MEMORY + 4 * PLATFORM_MEMORY_SIZE)
                .interrupt(1, 11);
            functions.insert(at(21, 0), function);
        }
        if config.xenserver_device {
            let function = Function::new(0x5853, 0xc000, 0xff_8000, 1, 0).bar(1, 0x10_0000, 8, 0xf400_0000);
            functions.insert(at(19, 0), function);
        }
        if config.nvme {
            functions
                .insert(NVME, Function::new(0x1b36, 0x0010, 0x01_0802, 2, 0).bar(0, 0x4000, 0, 0xf500_0000));
        }
        Self { config, functions, ide, unplugged: Vec::new(), product: (None, None), ignored: 0 }
    }

    /// Configuration space.
    #[must_use]
    pub fn pci_read(&self, at: PciAddress, offset: u16, width: u8) -> u32 {
        let absent = if width >= 4 { u32::MAX } else { (1 << (8 * width)) - 1 };
        self.functions.get(&at).map_or(absent, |function| function.read(offset, width))
    }

    /// Configuration space.
    pub fn pci_write(&mut self, at: PciAddress, offset: u16, width: u8, value: u32) {
        if let Some(function) = self.functions.get_mut(&at) {
            function.write(offset, width, value);
        }
    }

    /// `in`.
    #[must_use]
    pub fn port_in(&self, port: u16, width: u8) -> u32 {
        match (port, width) {
            (0x10, 2) if self.config.unplug => {
                if self.config.blacklisted && self.product.0.is_some() {
                    BLACKLISTED
                } else {
                    MAGIC
                }
            }
            (0x12, 1) if self.config.unplug => 1,
            // Status of an IDE channel: ready with a disk, floating without.
            (0x1f7, 1) => {
                if self.ide.iter().any(|unit| *unit < 2) {
                    0x50
                } else {
                    0
                }
            }
            (0x177, 1) => {
                if self.ide.iter().any(|unit| *unit >= 2) {
                    0x50
                } else {
                    0
                }
            }
            _ => {
                if width >= 4 {
                    u32::MAX
                } else {
                    (1 << (8 * width)) - 1
                }
            }
        }
    }

    /// `out`; bytes for the log come back.
    pub fn port_out(&mut self, port: u16, width: u8, value: u32) -> Option<u8> {
        match (port, width) {
            (0xe9, 1) => return Some(value as u8),
            (0x12, 2) if self.config.unplug => self.product.0 = Some(value as u16),
            (0x10, 4) if self.config.unplug => self.product.1 = Some(value),
            (0x10, 2) if self.config.unplug => self.unplug(value as u16),
            _ => {}
        }
        None
    }

    fn unplug(&mut self, mask: u16) {
        self.unplugged.push(mask);
        if self.config.blacklisted {
            self.ignored += 1;
            return;
        }
        if mask & unplug::IDE != 0 {
            self.ide.clear();
        } else if mask & unplug::AUX_IDE != 0 {
            self.ide.retain(|unit| *unit == 0);
        }
        if mask & unplug::NICS != 0 {
            self.functions.retain(|at, _| at.device < NIC.device || at.device >= 19);
        }
        if mask & unplug::NVME != 0 {
            self.functions.remove(&NVME);
        }
    }
}
