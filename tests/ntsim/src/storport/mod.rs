//! storport.sys and the disk class above it.
//!
//! The port half keeps Storport's contract towards miniports (WDK `storport.h`, "Storport Driver Miniport
//! Routines"): order of calls, IRQLs, locks, port-built scatter-gather lists, completion, pausing, resets. The
//! class half ([`disk`]) drives units as disk.sys and classpnp do.

// Storport's codes have Microsoft's names.
#![allow(non_upper_case_globals)]

pub mod adapter;
pub mod buffer;
pub mod calls;
pub mod configure;
pub mod disk;
pub mod dump;
pub mod extended;
pub mod lock;
pub mod notify;
pub mod pnp;
pub mod queue;
pub mod request;
pub mod rules;
pub mod scan;

use crate::export::Export;
use crate::kernel::{kernel, lock::Lock};
use adapter::Adapter;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use nt::sys::*;

/// State of storport.sys.
#[derive(Default)]
pub struct State {
    /// Registered miniports by driver object.
    pub miniports: Lock<BTreeMap<usize, Miniport>>,
    /// Adapters in the order in which they were added.
    pub adapters: Lock<Vec<&'static Adapter>>,
    /// The dump port.
    pub dump: dump::State,
}

/// What a miniport registered.
#[derive(Clone, Copy)]
pub struct Miniport {
    /// HW_INITIALIZATION_DATA as it was given.
    pub data: HW_INITIALIZATION_DATA,
    /// HwContext of StorPortInitialize.
    pub context: usize,
}

// Raw pointers of a driver; the kernel only hands them back.
unsafe impl Send for Miniport {}

/// storport.sys of the running kernel.
pub fn state() -> &'static State {
    kernel().room()
}

/// All adapters that are not removed.
pub fn adapters() -> Vec<&'static Adapter> {
    state().adapters.lock().clone()
}

/// The adapter whose device extension this is. A miniport that passes something else is stopped.
pub fn of_extension(extension: *mut core::ffi::c_void) -> &'static Adapter {
    let found = state().adapters.lock().iter().copied().find(|a| a.extension() == extension as usize);
    match found {
        Some(adapter) => adapter,
        None => crate::verifier::bugcheck(
            0xF1,
            [0x2005, extension as u64, 0, 0],
            "SCSI_VERIFIER_DETECTED_VIOLATION: not the adapter's device extension",
        ),
    }
}

/// Export tables.
pub fn tables() -> Vec<&'static [Export]> {
    alloc::vec![
        calls::EXPORTS,
        calls::IO_EXPORTS,
        notify::EXPORTS,
        extended::EXPORTS,
        configure::EXPORTS,
        dump::EXPORTS
    ]
}

/// A plain kernel structure, all zeros, before it is initialized.
pub(crate) fn zeroed<T: Copy>() -> T {
    // Only used for KEVENT, KDPC and KTIMER, for which zeros are a valid value.
    unsafe { core::mem::zeroed() }
}
