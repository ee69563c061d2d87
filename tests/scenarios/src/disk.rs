//! What the disk scenarios share: a machine with a disk, and the disk as Windows sees it.

use nt::sys::{
    DevicePowerState, IO_STACK_LOCATION, IRP_MJ_POWER, IRP_MN_SET_POWER, PowerActionHibernate,
    STATUS_NOT_SUPPORTED,
};
use ntsim::{
    io::{build, stack},
    pnp::{manager, node::NodeId},
    storport::{
        self,
        adapter::Address,
        disk::{Disk, Failure},
    },
};
use xensim::{Xen, back::block::BlockConfig};

use crate::rig::{boot, node};

/// xvde: the first that has no emulated twin, and so needs no unplug to be shown.
pub const VDEV: u32 = 51776;
/// Its target.
pub const TARGET: u8 = 4;
/// The storage adapter.
pub const ADAPTER: &str = "XENPV\\VBD&SUBSYS_58535250\\";

/// A machine with two processors and this disk.
#[must_use]
pub fn xen(disk: BlockConfig, seed: u64) -> Xen {
    Xen::builder().vcpus(2).seed(seed).disk(disk).build()
}

/// Boots and opens the disk. In the guest.
///
/// # Panics
/// When there is not exactly one adapter with it.
#[must_use]
pub fn open() -> Disk {
    boot(&["xenpvpci", "xenpvvbd"]);
    let _ = node(ADAPTER);
    let adapters = storport::adapters();
    assert_eq!(adapters.len(), 1, "{}", ntsim::pnp::dump());
    storport::scan::scan(adapters[0]);
    at(TARGET)
}

/// The disk at a target. In the guest.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn at(target: u8) -> Disk {
    try_at(target).unwrap_or_else(|e| panic!("{e:?}: {:#?}", events()))
}

/// The disk at a target, if it is there. In the guest.
///
/// # Errors
/// What the unit answers.
pub fn try_at(target: u8) -> Result<Disk, Failure> {
    let address = Address { path: 0, target, lun: 0 };
    Disk::open(storport::adapters()[0], address)
}

/// A paging (1), hibernation (2) or dump file (3) comes to lie on the disks of an adapter, or leaves them. In the guest.
///
/// # Panics
/// When the stack refuses.
pub fn announce_use(adapter: NodeId, kind: i32, begins: bool) {
    // SAFETY: at PASSIVE_LEVEL, a node that is there.
    let status = unsafe { manager::usage(adapter, kind, begins) };
    assert!(status >= 0, "usage {kind} {begins}: {status:#010x}");
}

/// Puts an adapter into a device power state, as on the way into hibernation (D3) and out of it (D0). In the guest.
///
/// # Panics
/// When the stack refuses.
pub fn set_power(adapter: NodeId, state: i32) {
    let fill = |location: &mut IO_STACK_LOCATION| {
        location.MajorFunction = IRP_MJ_POWER as u8;
        location.MinorFunction = IRP_MN_SET_POWER as u8;
        // SAFETY: a location is there, and has room for four arguments.
        let arguments = unsafe { stack::args(location) };
        let (kind, action) = (DevicePowerState.cast_unsigned(), PowerActionHibernate.cast_unsigned());
        // SAFETY: as above: those of IRP_MN_SET_POWER.
        unsafe { *arguments = [0, kind.into(), state.cast_unsigned().into(), action.into()] };
    };
    // SAFETY: at PASSIVE_LEVEL, a node that is there; the location is filled as IRP_MN_SET_POWER wants it.
    let (status, _) = unsafe { build::request(ntsim::pnp::pdo(adapter), STATUS_NOT_SUPPORTED, 0, fill) };
    assert!(status >= 0, "power state {state}: {status:#010x}");
}

/// The event log.
#[must_use]
pub fn events() -> Vec<Vec<String>> {
    ntsim::io::state().log.lock().entries.iter().map(|entry| entry.strings.clone()).collect()
}

/// Bytes that only this number gives.
#[must_use]
pub fn pattern(number: u64, bytes: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state as u8
    };
    (0..bytes).map(|_| next(&mut state)).collect()
}

/// How many seeds of a campaign are run: the sample, or what the environment variable says (`cargo xtask soak`).
#[must_use]
pub fn seeds(variable: &str, sample: u64) -> u64 {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(sample)
}
