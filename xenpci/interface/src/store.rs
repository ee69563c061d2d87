//! xenstore over the interface.

use alloc::{boxed::Box, string::String, vec, vec::Vec};
use core::ffi::c_void;

use xenbus::seam::{Store, StoreError, TransactionId};

use crate::{abi::Handle, client::Client, status::Status};

/// Most bytes of a value (`XENSTORE_PAYLOAD_MAX`, xs_wire.h); lists may be longer.
const PAYLOAD_MAX: usize = 4096;
/// Longest list that is accepted.
const LIST_MAX: usize = 1 << 20;

type Fetch = unsafe extern "win64" fn(*mut c_void, u32, *const u8, u32, *mut u8, u32, *mut u32) -> Status;

fn number(txn: Option<TransactionId>) -> u32 {
    txn.map_or(0, |t| t.0)
}

impl Client {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn fetch(&self, call: Fetch, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        let mut capacity = PAYLOAD_MAX;
        loop {
            let mut buffer = vec![0u8; capacity];
            let mut length = 0u32;
            // SAFETY: path and buffer are described by their own lengths and outlive the call.
            let status = unsafe {
                call(
                    self.table().context,
                    number(txn),
                    path.as_ptr(),
                    path.len() as u32,
                    buffer.as_mut_ptr(),
                    buffer.len() as u32,
                    &raw mut length,
                )
            };
            let length = length as usize;
            if status == Status::BUFFER_TOO_SMALL && length > capacity && length <= LIST_MAX {
                capacity = length;
                continue;
            }
            status.ok().map_err(Status::store_error)?;
            buffer.truncate(length);
            return Ok(buffer);
        }
    }

    /// Watches `path` (relative to the domain's home, or absolute) and all below it. `changed` runs
    /// at `PASSIVE_LEVEL` in xenpci's thread: once soon, and after changes, possibly several told as
    /// one. It may use the store. It must not drop its own [`Watch`].
    ///
    /// # Errors
    /// See [`StoreError`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn watch<F>(&self, path: &str, changed: F) -> Result<Watch, StoreError>
    where
        F: Fn() + Send + Sync + 'static,
    {
        unsafe extern "win64" fn trampoline(argument: *mut c_void) {
            // SAFETY: `argument` is the closure's box, freed only after `store_unwatch` has waited.
            let changed = unsafe { &*argument.cast::<Box<dyn Fn() + Send + Sync>>() };
            changed();
        }
        let closure: Box<Box<dyn Fn() + Send + Sync>> = Box::new(Box::new(changed));
        let argument = Box::into_raw(closure);
        let mut watch: Handle = core::ptr::null_mut();
        let t = self.table();
        // SAFETY: the path is described by its length; `argument` stays valid until `store_unwatch`.
        let status = unsafe {
            (t.store_watch)(
                t.context,
                path.as_ptr(),
                path.len() as u32,
                trampoline,
                argument.cast(),
                &raw mut watch,
            )
        };
        if let Err(status) = status.ok() {
            // SAFETY: the registration failed, so nobody else has the box.
            drop(unsafe { Box::from_raw(argument) });
            return Err(status.store_error());
        }
        Ok(Watch { client: self.clone(), handle: watch, closure: argument })
    }
}

/// A watch; dropped at `PASSIVE_LEVEL` it ends and waits for its callback.
pub struct Watch {
    client: Client,
    handle: Handle,
    closure: *mut Box<dyn Fn() + Send + Sync>,
}

#[expect(unsafe_code, reason = "the closure is Send + Sync, the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Watch {}
#[expect(unsafe_code, reason = "the closure is Send + Sync, the handle is only passed back")]
// SAFETY: see the reason.
unsafe impl Sync for Watch {}

impl Drop for Watch {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn drop(&mut self) {
        let t = self.client.table();
        // SAFETY: the handle came from `store_watch` and is used for the last time.
        unsafe { (t.store_unwatch)(t.context, self.handle) };
        // SAFETY: `store_unwatch` has waited for the callback: nobody else has the box.
        drop(unsafe { Box::from_raw(self.closure) });
    }
}

impl Store for Client {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        self.fetch(self.table().store_read, txn, path)
    }

    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        let bytes = self.fetch(self.table().store_list, txn, path)?;
        bytes
            .split(|b| *b == 0)
            .filter(|name| !name.is_empty())
            .map(|name| String::from_utf8(name.to_vec()).map_err(|_| StoreError::Broken))
            .collect()
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        let t = self.table();
        // SAFETY: path and value are described by their own lengths and outlive the call.
        unsafe {
            (t.store_write)(
                t.context,
                number(txn),
                path.as_ptr(),
                path.len() as u32,
                value.as_ptr(),
                value.len() as u32,
            )
        }
        .ok()
        .map_err(Status::store_error)
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        let t = self.table();
        // SAFETY: the path is described by its own length and outlives the call.
        unsafe { (t.store_remove)(t.context, number(txn), path.as_ptr(), path.len() as u32) }
            .ok()
            .map_err(Status::store_error)
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn begin(&self) -> Result<TransactionId, StoreError> {
        let t = self.table();
        let mut transaction = 0;
        // SAFETY: `transaction` outlives the call.
        unsafe { (t.store_begin)(t.context, &raw mut transaction) }.ok().map_err(Status::store_error)?;
        Ok(TransactionId(transaction))
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.store_end)(t.context, txn.0, u32::from(commit)) }.ok().map_err(Status::store_error)
    }
}
