//! The debug dump: all queues of all targets.

use alloc::sync::{Arc, Weak};
use core::fmt::Write;

use xenpci_interface::{DebugSource, DebugWriter};

use crate::adapter::Adapter;

/// The adapter as a source of the debug dump.
pub struct Dumper(Weak<Adapter>);

impl Dumper {
    /// For this adapter.
    #[must_use]
    pub fn new(adapter: &Arc<Adapter>) -> Self {
        Self(Arc::downgrade(adapter))
    }
}

impl DebugSource for Dumper {
    fn dump(&self, to: &mut DebugWriter) -> core::fmt::Result {
        let Some(adapter) = self.0.upgrade() else { return Ok(()) };
        for target in adapter.targets() {
            target.describe(to)?;
        }
        writeln!(to, "usage (paging, hibernation, dump): {:?}", adapter.usage)
    }
}
