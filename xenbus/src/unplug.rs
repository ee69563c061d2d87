//! The unplug protocol: emulated devices go away at port 0x10 (`docs/misc/hvm-emulated-unplug` of Xen).
//!
//! Pure logic over [`PortIo`]. When to unplug, and whether at all, is xenpci's decision (it first
//! proves that the PV path works); this module only speaks the protocol. What is unplugged stays so
//! until the machine is reset, but comes back with every wake: the same request has to be made again
//! before devices restart.

use bitflags::bitflags;

use core::fmt;

/// The first port: 16 bits read the magic number and take the request, 32 bits take the build number.
pub const PORT: u16 = 0x10;
/// The second port: 8 bits read the version of the protocol, 16 bits take the product number.
pub const PRODUCT_PORT: u16 = 0x12;
/// Answer of [`PORT`] when there is something to unplug.
const MAGIC: u16 = 0x49d2;
/// Answer of [`PORT`] when the host refuses the driver.
const BLACKLISTED: u16 = 0xd249;
/// Our product number, until one is registered in Xen's `pvdrivers.h`: "experimental".
pub const PRODUCT: u16 = 0xffff;

bitflags! {
    /// What to unplug.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Devices: u16 {
        /// IDE and SCSI disks (not CD-ROMs).
        const DISKS = 1;
        /// Network cards.
        const NICS = 2;
        /// IDE disks other than the first.
        const AUX_IDE = 4;
        /// NVMe disks.
        const NVME = 8;
    }
}

/// Input and output on ports. Any IRQL.
pub trait PortIo {
    /// Reads 16 bits.
    fn in16(&self, port: u16) -> u16;
    /// Reads 8 bits.
    fn in8(&self, port: u16) -> u8;
    /// Writes 16 bits.
    fn out16(&self, port: u16, value: u16);
    /// Writes 32 bits.
    fn out32(&self, port: u16, value: u32);
}

/// Why nothing was unplugged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no unplug device here; it answered this.
    Absent(u16),
    /// The host refuses this version of the drivers: run without them.
    Blacklisted,
    /// It speaks a version of the protocol that is not known.
    UnknownVersion(u8),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(answer) => write!(f, "no unplug device (port answered {answer:#06x})"),
            Self::Blacklisted => f.write_str("the host has blacklisted this driver"),
            Self::UnknownVersion(version) => write!(f, "unknown unplug protocol version {version}"),
        }
    }
}

impl core::error::Error for Refused {}

/// Says who we are (`build` is the drivers' build number, for the host's log and its blacklist), then
/// unplugs `devices`. Returns the version of the protocol.
///
/// # Errors
/// [`Refused`]: nothing was unplugged.
pub fn unplug(io: &impl PortIo, build: u32, devices: Devices) -> Result<u8, Refused> {
    let version = probe(io, build)?;
    io.out16(PORT, devices.bits());
    Ok(version)
}

/// Asks whether unplugging is possible, without unplugging anything; tells product and build where the
/// protocol has them.
///
/// # Errors
/// [`Refused`].
pub fn probe(io: &impl PortIo, build: u32) -> Result<u8, Refused> {
    match io.in16(PORT) {
        MAGIC => {}
        BLACKLISTED => return Err(Refused::Blacklisted),
        answer => return Err(Refused::Absent(answer)),
    }
    let version = io.in8(PRODUCT_PORT);
    match version {
        // No numbers, no blacklist.
        0 => Ok(version),
        1 => {
            io.out16(PRODUCT_PORT, PRODUCT);
            io.out32(PORT, build);
            // The host judges the numbers now; a second look at the magic tells.
            if io.in16(PORT) == MAGIC { Ok(version) } else { Err(Refused::Blacklisted) }
        }
        _ => Err(Refused::UnknownVersion(version)),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{cell::RefCell, vec, vec::Vec};

    use super::*;

    /// A host; `judges` answers the magic after the numbers were told.
    struct Host {
        magic: u16,
        version: u8,
        judges: fn(u32) -> u16,
        build: RefCell<Option<u32>>,
        log: RefCell<Vec<(u16, u32, u32)>>,
    }

    impl Host {
        fn new(magic: u16, version: u8, judges: fn(u32) -> u16) -> Self {
            Self { magic, version, judges, build: RefCell::default(), log: RefCell::default() }
        }
    }

    impl PortIo for Host {
        fn in16(&self, port: u16) -> u16 {
            assert_eq!(port, 0x10);
            self.build.borrow().map_or(self.magic, self.judges)
        }
        fn in8(&self, port: u16) -> u8 {
            assert_eq!(port, 0x12);
            self.version
        }
        fn out16(&self, port: u16, value: u16) {
            self.log.borrow_mut().push((port, 16, value.into()));
        }
        fn out32(&self, port: u16, value: u32) {
            self.log.borrow_mut().push((port, 32, value));
            *self.build.borrow_mut() = Some(value);
        }
    }

    #[test]
    fn numbers_are_told_before_anything_is_unplugged() {
        let host = Host::new(0x49d2, 1, |_| 0x49d2);
        assert_eq!(unplug(&host, 77, Devices::DISKS | Devices::NICS | Devices::NVME), Ok(1));
        assert_eq!(*host.log.borrow(), [(0x12, 16, 0xffff), (0x10, 32, 77), (0x10, 16, 0b1011)]);
    }

    #[test]
    fn an_old_protocol_has_no_numbers() {
        let host = Host::new(0x49d2, 0, |_| unreachable!());
        assert_eq!(unplug(&host, 77, Devices::AUX_IDE), Ok(0));
        assert_eq!(*host.log.borrow(), [(0x10, 16, 4)]);
    }

    #[test]
    fn a_refusal_unplugs_nothing() {
        let told = vec![(0x12, 16, 0xffff), (0x10, 32, 77)];
        for (host, refused, log) in [
            (Host::new(0xd249, 1, |_| 0), Refused::Blacklisted, vec![]),
            (Host::new(0xffff, 1, |_| 0), Refused::Absent(0xffff), vec![]),
            (Host::new(0x49d2, 2, |_| 0), Refused::UnknownVersion(2), vec![]),
            (Host::new(0x49d2, 1, |b| if b == 77 { 0xd249 } else { 0x49d2 }), Refused::Blacklisted, told),
        ] {
            assert_eq!(unplug(&host, 77, Devices::all()), Err(refused));
            assert_eq!(*host.log.borrow(), log);
        }
    }

    #[test]
    fn a_probe_unplugs_nothing() {
        let host = Host::new(0x49d2, 1, |_| 0x49d2);
        assert_eq!(probe(&host, 1), Ok(1));
        assert!(host.log.borrow().iter().all(|(port, width, _)| (*port, *width) != (0x10, 16)));
    }
}
