//! ndis.sys for miniports, and a protocol above it.
//!
//! Keeps NDIS' contract towards miniports of versions 6.0 to 6.89 (WDK `ndis.h`, "NDIS Miniport Drivers"):
//! registration and attributes, the adapter state machine, net buffer lists and their ownership, OID requests,
//! status, configuration, timers, poll mode. [`protocol`] drives an adapter as tcpip does.

// Constants keep the names of the WDK, also in patterns.
#![allow(non_upper_case_globals)]

pub mod adapter;
pub mod attributes;
pub mod buffer;
pub mod config;
pub mod data;
pub mod device;
pub mod dma;
pub mod driver;
pub mod form;
pub mod hang;
pub mod interrupt;
pub mod life;
pub mod lists;
pub mod locks;
pub mod memory;
pub mod netio;
pub mod oid;
pub mod pnp;
pub mod poll;
pub mod pool;
pub mod processors;
pub mod protocol;
pub mod rules;
pub mod status;
pub mod system;
pub mod timer;
pub mod track;

use crate::export::Export;
use crate::kernel::{kernel, lock::Lock};
use adapter::Adapter;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use driver::Driver;
use nt::sys::*;

/// State of ndis.sys.
#[derive(Default)]
pub struct State {
    /// Registered miniport drivers.
    pub drivers: Lock<Vec<&'static Driver>>,
    /// Adapters in the order in which they were added.
    pub adapters: Lock<Vec<&'static Adapter>>,
    /// Objects that drivers hold.
    pub objects: track::Objects,
    /// Pools of net buffers and net buffer lists.
    pub pools: Lock<BTreeMap<usize, pool::Pool>>,
    /// Net buffers and net buffer lists in existence.
    pub lists: Lock<pool::Live>,
    /// Control devices of NdisRegisterDeviceEx.
    pub devices: Lock<BTreeMap<usize, device::Control>>,
    next_index: Lock<u32>,
}

/// ndis.sys of the running kernel.
pub fn state() -> &'static State {
    kernel().room()
}

/// All adapters that are not removed.
pub fn adapters() -> Vec<&'static Adapter> {
    state().adapters.lock().clone()
}

/// NDIS version of a Windows build, as NdisGetVersion gives it: major in the upper, minor in the lower 16 bits.
pub const fn version_of(build: u32) -> u32 {
    let minor = match build {
        0..14393 => 40,
        14393..15063 => 60,
        15063..16299 => 70,
        16299..17134 => 80,
        17134..17763 => 81,
        17763..18362 => 82,
        18362..19041 => 83,
        19041..20348 => 84,
        20348..22621 => 85,
        22621..22631 => 87,
        22631..26100 => 88,
        _ => 89,
    };
    6 << 16 | minor
}

/// NDIS version of the running system.
pub fn version() -> u32 {
    version_of(kernel().config.build)
}

/// The adapter of a handle. A miniport that passes something else is stopped.
pub fn adapter_of(handle: NDIS_HANDLE) -> &'static Adapter {
    find_adapter(handle).unwrap_or_else(|| rules::bad_handle("a miniport adapter handle", handle as usize))
}

/// The adapter of a handle, if it is one.
pub fn find_adapter(handle: NDIS_HANDLE) -> Option<&'static Adapter> {
    state().adapters.lock().iter().copied().find(|a| a.handle() == handle)
}

/// The driver of a handle, if it is one.
pub fn find_driver(handle: NDIS_HANDLE) -> Option<&'static Driver> {
    state().drivers.lock().iter().copied().find(|d| d.handle() == handle)
}

/// Is this handle a driver's or an adapter's (NdisHandle of many routines)?
pub fn check_owner(handle: NDIS_HANDLE) {
    if find_adapter(handle).is_none() && find_driver(handle).is_none() {
        rules::bad_handle("a driver or adapter handle", handle as usize);
    }
}

/// Export tables.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![
        attributes::EXPORTS,
        buffer::EXPORTS,
        config::EXPORTS,
        data::EXPORTS,
        device::EXPORTS,
        dma::EXPORTS,
        driver::EXPORTS,
        hang::EXPORTS,
        interrupt::EXPORTS,
        life::EXPORTS,
        lists::EXPORTS,
        locks::EXPORTS,
        memory::EXPORTS,
        netio::EXPORTS,
        oid::EXPORTS,
        pool::EXPORTS,
        processors::EXPORTS,
        status::EXPORTS,
        system::EXPORTS,
        timer::EXPORTS,
    ]
}
