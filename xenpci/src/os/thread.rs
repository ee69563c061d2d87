//! System threads.

use alloc::{boxed::Box, sync::Arc};
use core::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

use nt::sys::{
    HANDLE, KeGetCurrentThread, KeWaitForSingleObject, NTSTATUS, ObReferenceObjectByHandle,
    ObfDereferenceObject, PsCreateSystemThread, PsTerminateSystemThread, ZwClose,
};

use super::{Event, check};

/// `OBJ_KERNEL_HANDLE`, `THREAD_ALL_ACCESS` (wdm.h).
const THREAD_ALL_ACCESS: u32 = 0x001F_FFFF;

/// How a thread is woken and told to end.
pub struct Signal {
    event: Event,
    stopping: AtomicBool,
}

impl Signal {
    /// Waits until woken.
    pub fn wait(&self) {
        self.event.wait();
    }

    /// Waits until woken, at most `nanoseconds`; true when woken.
    #[must_use]
    pub fn wait_for(&self, nanoseconds: u64) -> bool {
        self.event.wait_for(nanoseconds)
    }

    /// True when the thread shall end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// A system thread, told to end and joined when dropped (unless it drops itself). Its closure has to
/// look at its [`Signal`] and return soon after it was told.
pub struct Thread {
    object: *mut c_void,
    signal: Arc<Signal>,
}

#[expect(unsafe_code, reason = "a counted reference of a kernel object")]
// SAFETY: see the reason.
unsafe impl Send for Thread {}
#[expect(unsafe_code, reason = "a counted reference of a kernel object")]
// SAFETY: see the reason.
unsafe impl Sync for Thread {}

type Body = Box<dyn FnOnce(&Signal) + Send>;
struct Start {
    body: Body,
    signal: Arc<Signal>,
}

#[expect(unsafe_code, reason = "a thread's start routine")]
unsafe extern "win64" fn start(context: *mut c_void) {
    {
        // SAFETY: `spawn` gave the box away to this thread.
        let start = unsafe { Box::from_raw(context.cast::<Start>()) };
        (start.body)(&start.signal);
    }
    // SAFETY: in the system thread itself, everything of ours is dropped.
    unsafe { PsTerminateSystemThread(0) };
}

impl Thread {
    /// Starts a thread that runs `body`. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The status of `PsCreateSystemThread`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn spawn(body: impl FnOnce(&Signal) + Send + 'static) -> Result<Self, NTSTATUS> {
        let signal =
            Arc::new(Signal { event: Event::synchronization(false), stopping: AtomicBool::new(false) });
        let context = Box::into_raw(Box::new(Start { body: Box::new(body), signal: Arc::clone(&signal) }));
        let mut handle: HANDLE = ptr::null_mut();
        // SAFETY: the routine takes the box over.
        let status = unsafe {
            PsCreateSystemThread(
                &raw mut handle,
                THREAD_ALL_ACCESS,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                Some(start),
                context.cast(),
            )
        };
        if let Err(status) = check(status) {
            // SAFETY: no thread was made, so the box is still ours.
            drop(unsafe { Box::from_raw(context) });
            return Err(status);
        }
        let mut object = ptr::null_mut();
        // SAFETY: our own fresh handle; it stays valid although the thread may have ended.
        let status = unsafe {
            ObReferenceObjectByHandle(
                handle,
                THREAD_ALL_ACCESS,
                ptr::null_mut(),
                0,
                &raw mut object,
                ptr::null_mut(),
            )
        };
        // SAFETY: our own handle, closed once.
        unsafe { ZwClose(handle) };
        // Cannot fail for a fresh kernel handle; without the object nobody could join.
        assert!(check(status).is_ok(), "no reference to an own thread");
        Ok(Self { object, signal })
    }

    /// Wakes it. `IRQL <= DISPATCH_LEVEL`.
    pub fn wake(&self) {
        self.signal.event.set();
    }
}

impl Drop for Thread {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        self.signal.stopping.store(true, Ordering::Release);
        self.signal.event.set();
        // SAFETY: the current thread's object is alive; only compared.
        let own = ptr::eq(unsafe { KeGetCurrentThread() }.cast(), self.object);
        if !own {
            // SAFETY: a referenced thread object.
            unsafe { KeWaitForSingleObject(self.object, 0, 0, 0, ptr::null_mut()) };
        }
        // SAFETY: the reference of `spawn`.
        unsafe { ObfDereferenceObject(self.object) };
    }
}
