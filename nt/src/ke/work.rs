//! Work items: routines run at PASSIVE_LEVEL in a system worker thread.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;

use super::event::sleep;
use crate::pool::PoolBox;
use crate::sys::*;

/// A work item with its context. It holds a reference to its device while queued or running.
pub struct WorkItem<C: Sync + Send + 'static>(PoolBox<State<C>>);

struct State<C> {
    item: PIO_WORKITEM,
    /// In the queue, not yet started.
    queued: AtomicBool,
    /// Queued or running; the owner may not free the item before this is 0.
    outstanding: AtomicU32,
    routine: fn(&C),
    context: C,
}

// SAFETY: all fields are atomic, constant or Sync.
unsafe impl<C: Sync + Send> Sync for WorkItem<C> {}
// SAFETY: the object stays at its address; the context is Send.
unsafe impl<C: Sync + Send> Send for WorkItem<C> {}

unsafe extern "win64" fn run<C: Sync + Send>(_device: *mut DEVICE_OBJECT, context: *mut c_void) {
    // SAFETY: `WorkItem::queue` passed this address; `drop` waits for `outstanding`.
    let state = unsafe { &*context.cast::<State<C>>() };
    // The item is out of the queue: from here on it may be queued again.
    state.queued.store(false, Ordering::Release);
    (state.routine)(&state.context);
    // The last touch. The I/O manager keeps the device, hence the driver, until we have returned.
    state.outstanding.fetch_sub(1, Ordering::Release);
}

impl<C: Sync + Send> WorkItem<C> {
    /// Creates a work item of `device`. `None` without memory. IRQL ≤ DISPATCH_LEVEL.
    ///
    /// # Safety
    /// `device` points to a device object of the calling driver that lives longer than the item.
    #[must_use]
    pub unsafe fn new(device: *mut DEVICE_OBJECT, routine: fn(&C), context: C) -> Option<Self> {
        // SAFETY: valid per contract.
        let item = unsafe { IoAllocateWorkItem(device) };
        if item.is_null() {
            return None;
        }
        let state =
            State { item, queued: AtomicBool::new(false), outstanding: AtomicU32::new(0), routine, context };
        let Some(state) = PoolBox::new(state) else {
            // SAFETY: allocated above, never queued.
            unsafe { IoFreeWorkItem(item) };
            return None;
        };
        Some(Self(state))
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &C {
        &self.0.context
    }

    /// Queues the routine; `false` if it is queued already and has not started: that run will see
    /// everything written before this call. IRQL ≤ DISPATCH_LEVEL.
    pub fn queue(&self) -> bool {
        if self.0.queued.swap(true, Ordering::AcqRel) {
            return false;
        }
        self.0.outstanding.fetch_add(1, Ordering::Relaxed);
        let context = self.0.as_ptr().cast();
        // SAFETY: the item is not in the queue; the state outlives the run.
        unsafe { IoQueueWorkItem(self.0.item, Some(run::<C>), DelayedWorkQueue, context) };
        true
    }
}

impl<C: Sync + Send> Drop for WorkItem<C> {
    /// Waits for queued and running routines. PASSIVE_LEVEL, not from the routine itself.
    fn drop(&mut self) {
        while self.0.outstanding.load(Ordering::Acquire) != 0 {
            sleep(Duration::from_millis(1));
        }
        // SAFETY: not queued, not running.
        unsafe { IoFreeWorkItem(self.0.item) };
    }
}
