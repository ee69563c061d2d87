//! The safe side of the interface.

use alloc::sync::Arc;
use core::fmt;

use xenbus::{
    seam::{Access, Clock, GrantError, GrantTable, StillMapped},
    types::{Domid, Gfn, GrantRef},
};

use crate::{
    abi::{self, Grant, Interface},
    status::Status,
};

/// xenpci handed out something that is not the interface that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadInterface {
    /// The version that came.
    pub version: u16,
    /// The size that came.
    pub size: u16,
}

/// A reference to xenpci's interface. Cloning is cheap and takes no further reference of xenpci; the
/// last clone gives the reference back. Everything made from a client keeps a clone.
#[derive(Clone)]
pub struct Client(Arc<Reference>);

struct Reference {
    table: Interface,
}

#[expect(unsafe_code, reason = "xenpci's functions may be called from any thread")]
// SAFETY: the table is read-only; its functions are documented as callable on any processor.
unsafe impl Send for Reference {}
#[expect(unsafe_code, reason = "xenpci's functions may be called from any thread")]
// SAFETY: as above.
unsafe impl Sync for Reference {}

impl Drop for Reference {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        // SAFETY: `Client::adopt` took over one reference, which is given back here, once.
        unsafe { (self.table.dereference)(self.table.context) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("version", &self.0.table.version).finish()
    }
}

impl Client {
    /// Takes over the reference that `IRP_MN_QUERY_INTERFACE` returned in `table`.
    ///
    /// # Errors
    /// [`BadInterface`] when version and size are not those of this crate; the reference is then
    /// still the caller's.
    ///
    /// # Safety
    /// `table` was filled by xenpci in answer to a successful query for
    /// [`crate::GUID_XENPCI_INTERFACE`], and its reference was not used up.
    #[expect(unsafe_code, reason = "trusts the table")]
    pub unsafe fn adopt(table: Interface) -> Result<Self, BadInterface> {
        if table.version != abi::VERSION || table.size < abi::SIZE_V1 {
            return Err(BadInterface { version: table.version, size: table.size });
        }
        Ok(Self(Arc::new(Reference { table })))
    }

    /// The raw table, valid as long as this client.
    #[must_use]
    pub fn table(&self) -> &Interface {
        &self.0.table
    }

    /// Sets `count` grant entries aside for this child; replaces an earlier reservation.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::EXHAUSTED`] when the table cannot be grown so far.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn reserve_grants(&self, count: u32) -> Result<(), Status> {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.grant_reserve)(t.context, count) }.ok()
    }

    /// The current processor's NT index.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn processor(&self) -> u32 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.processor)(t.context) }
    }

    /// Number of active processors.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn processors(&self) -> u32 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.processors)(t.context) }
    }

    /// The current IRQL.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn irql(&self) -> u8 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.irql)(t.context) }
    }

    /// The guest-physical address of a nonpaged virtual address.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    #[expect(clippy::not_unsafe_ptr_arg_deref, reason = "the address is translated, not followed")]
    pub fn physical_address(&self, address: *const u8) -> u64 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci alive; the address is only translated.
        unsafe { (t.physical_address)(t.context, address) }
    }

    /// System time (UTC) in 100 ns since 1601.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn wall_clock(&self) -> u64 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.wall_clock)(t.context) }
    }

    /// Sleeps. `PASSIVE_LEVEL`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn sleep(&self, nanoseconds: u64) {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.sleep)(t.context, nanoseconds) }
    }

    /// Writes a line to the hypervisor's console. Any IRQL.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn print(&self, text: &str) {
        let t = self.table();
        // SAFETY: pointer and length describe `text`, which xenpci only reads.
        unsafe { (t.console_print)(t.context, text.as_ptr(), text.len() as u32) }
    }

    /// Writes an entry to the system event log; `severity` is one of `abi::LOG_…`.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn log(&self, severity: u32, text: &str) {
        let t = self.table();
        // SAFETY: pointer and length describe `text`, which xenpci only reads.
        unsafe { (t.event_log)(t.context, severity, text.as_ptr(), text.len() as u32) }
    }
}

impl GrantTable for Client {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn grant_access(&self, peer: Domid, frame: Gfn, access: Access) -> Result<GrantRef, GrantError> {
        let t = self.table();
        let mut grant = Grant { index: 0, generation: 0 };
        let read_only = u32::from(access == Access::ReadOnly);
        // SAFETY: `grant` outlives the call.
        unsafe { (t.grant_access)(t.context, peer.0, frame.0, read_only, &raw mut grant) }
            .ok()
            .map_err(Status::grant_error)?;
        Ok(GrantRef::new(grant.index, grant.generation))
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped> {
        let t = self.table();
        let raw = Grant { index: grant.raw(), generation: grant.generation() };
        // SAFETY: the reference keeps xenpci alive.
        unsafe { (t.grant_end)(t.context, raw) }.ok().map_err(|_| StillMapped(grant))
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn is_void(&self, grant: &GrantRef) -> bool {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        grant.generation() != unsafe { (t.grant_generation)(t.context) }
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn available(&self) -> u32 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.grant_available)(t.context) }
    }
}

impl Clock for Client {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn now(&self) -> u64 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.now)(t.context) }
    }
}
