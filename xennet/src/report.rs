//! The debug dump: the connection's queues and what they have counted.
#![allow(unsafe_code, reason = "a look past the locks")]

use alloc::sync::{Arc, Weak};
use core::{fmt::Write, sync::atomic::Ordering};

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
        let active = adapter.active.load(Ordering::Relaxed);
        writeln!(to, "net {}: {active} queues in use", adapter.luid)?;
        for (index, queue) in adapter.queues.iter().enumerate().take(active as usize) {
            // SAFETY: the data lives as long as the lock. It may change meanwhile: what is printed are numbers.
            let tx = unsafe { &*queue.tx.as_ptr() };
            // SAFETY: as above.
            let rx = unsafe { &*queue.rx.as_ptr() };
            writeln!(
                to,
                "  queue {index}: idle {}, broken {:?} {:?}",
                tx.idle,
                tx.queue.broken(),
                rx.queue.broken()
            )?;
            writeln!(to, "  {:?}", tx.queue.counters())?;
            writeln!(to, "  {:?}, {} buffers with NDIS", rx.queue.counters(), rx.with_ndis)?;
        }
        Ok(())
    }
}
