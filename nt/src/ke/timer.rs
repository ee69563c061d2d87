//! Timers with a DPC.

use core::cell::UnsafeCell;
use core::time::Duration;

use super::relative;
use crate::pool::PoolBox;
use crate::sys::*;

/// A timer that calls a routine at DISPATCH_LEVEL with its context by shared reference.
pub struct Timer<C: Sync + Send + 'static>(PoolBox<State<C>>);

struct State<C> {
    timer: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
    routine: fn(&C),
    context: C,
}

// SAFETY: the kernel serialises access to its objects; the context is Sync.
unsafe impl<C: Sync + Send> Sync for Timer<C> {}
// SAFETY: the objects stay at their addresses; the context is Send.
unsafe impl<C: Sync + Send> Send for Timer<C> {}

unsafe extern "win64" fn run<C: Sync + Send>(
    _dpc: *mut KDPC,
    context: *mut c_void,
    _argument1: *mut c_void,
    _argument2: *mut c_void,
) {
    // SAFETY: `Timer::new` passed this address; `drop` waits for running routines.
    let state = unsafe { &*context.cast::<State<C>>() };
    (state.routine)(&state.context);
}

impl<C: Sync + Send> Timer<C> {
    /// Creates a timer that is not running. `None` without memory.
    #[must_use]
    pub fn new(routine: fn(&C), context: C) -> Option<Self> {
        let state = PoolBox::new(State {
            timer: UnsafeCell::new(KTIMER::default()),
            dpc: UnsafeCell::new(KDPC::default()),
            routine,
            context,
        })?;
        // SAFETY: the block is ours, writable and stays where it is.
        unsafe { KeInitializeTimerEx(state.timer.get(), NotificationTimer) };
        // SAFETY: the block is ours, writable and stays where it is.
        unsafe { KeInitializeDpc(state.dpc.get(), Some(run::<C>), state.as_ptr().cast()) };
        Some(Self(state))
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &C {
        &self.0.context
    }

    /// (Re)starts the timer: first after `due`, then every `period` (whole milliseconds) if given.
    /// `true` if it was running. IRQL ≤ DISPATCH_LEVEL.
    pub fn start(&self, due: Duration, period: Option<Duration>) -> bool {
        let period = period.map_or(0, |period| period.as_millis().clamp(1, i32::MAX as u128) as i32);
        // SAFETY: both objects are initialised and stay where they are.
        unsafe { KeSetTimerEx(self.0.timer.get(), relative(due), period, self.0.dpc.get()) != 0 }
    }

    /// Stops the timer; the routine may still run once. `true` if it was running.
    /// IRQL ≤ DISPATCH_LEVEL.
    pub fn cancel(&self) -> bool {
        // SAFETY: initialised.
        unsafe { KeCancelTimer(self.0.timer.get()) != 0 }
    }
}

impl<C: Sync + Send> Drop for Timer<C> {
    /// Stops the timer and waits for running routines. PASSIVE_LEVEL. A routine may restart the
    /// timer: the caller sees to it that this one does not any more.
    fn drop(&mut self) {
        self.cancel();
        // SAFETY: initialised.
        unsafe { KeRemoveQueueDpc(self.0.dpc.get()) };
        // SAFETY: at PASSIVE_LEVEL per contract.
        unsafe { KeFlushQueuedDpcs() };
        // In case a routine that was running restarted it in the meantime.
        self.cancel();
    }
}
