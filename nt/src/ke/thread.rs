//! System threads.

use core::ptr::{self, null_mut};
use core::time::Duration;

use super::event::wait;
use crate::pool::PoolBox;
use crate::sys::*;

/// A system thread. Dropping the handle waits for the thread to end: it must have been told to.
pub struct Thread {
    object: *mut c_void,
}

// SAFETY: a thread object may be waited for and dereferenced from anywhere.
unsafe impl Send for Thread {}
// SAFETY: waiting takes no exclusive access.
unsafe impl Sync for Thread {}

unsafe extern "win64" fn start<F: FnOnce() + Send + 'static>(context: *mut c_void) {
    // SAFETY: `spawn` gave the box's address to this thread alone.
    let body = unsafe { PoolBox::from_raw(context.cast::<F>()) };
    (body.into_inner())();
    // SAFETY: ends this thread; nothing is left to be dropped.
    unsafe { PsTerminateSystemThread(STATUS_SUCCESS) };
}

impl Thread {
    /// Runs `body` at PASSIVE_LEVEL in a new system thread. PASSIVE_LEVEL.
    ///
    /// # Errors
    /// STATUS_INSUFFICIENT_RESOURCES, or what PsCreateSystemThread returns.
    pub fn spawn<F: FnOnce() + Send + 'static>(body: F) -> Result<Self, NTSTATUS> {
        let body = PoolBox::new(body).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            Attributes: OBJ_KERNEL_HANDLE,
            ..Default::default()
        };
        let mut handle: HANDLE = null_mut();
        let context = body.into_raw();
        // SAFETY: out-parameters outlive the call; the context belongs to the new thread.
        let status = unsafe {
            PsCreateSystemThread(
                &mut handle,
                THREAD_ALL_ACCESS,
                &mut attributes,
                null_mut(),
                null_mut(),
                Some(start::<F>),
                context.cast(),
            )
        };
        if status < 0 {
            // SAFETY: no thread was created, so the box is still ours.
            drop(unsafe { PoolBox::from_raw(context) });
            return Err(status);
        }
        let mut object = null_mut();
        // SAFETY: a valid kernel handle with all access; cannot fail, but is checked.
        let status = unsafe {
            ObReferenceObjectByHandle(
                handle,
                SYNCHRONIZE,
                null_mut(),
                KernelMode as KPROCESSOR_MODE,
                &mut object,
                ptr::null_mut(),
            )
        };
        // SAFETY: the handle is ours.
        unsafe { ZwClose(handle) };
        if status < 0 {
            return Err(status);
        }
        Ok(Self { object })
    }

    /// Waits for the thread to end: `false` if `limit` passed first. IRQL ≤ APC_LEVEL.
    pub fn wait(&self, limit: Duration) -> bool {
        wait(self.object, Some(limit))
    }

    /// Whether the caller is this thread.
    #[must_use]
    pub fn is_current(&self) -> bool {
        // SAFETY: no precondition.
        let current = unsafe { KeGetCurrentThread() };
        ptr::eq(current.cast(), self.object)
    }
}

impl Drop for Thread {
    /// Waits for the thread to end, because its code is unmapped with the driver. IRQL ≤ APC_LEVEL.
    fn drop(&mut self) {
        wait(self.object, None);
        // SAFETY: the reference taken by `spawn`.
        unsafe { ObfDereferenceObject(self.object) };
    }
}
