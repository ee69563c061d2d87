//! Deferred procedure calls.

use core::cell::UnsafeCell;

use crate::pool::PoolBox;
use crate::sys::*;

/// A DPC with its context. The routine gets the context by shared reference: it may run on another
/// processor at the same time as everything else.
pub struct Dpc<C: Sync + Send + 'static>(PoolBox<State<C>>);

struct State<C> {
    dpc: UnsafeCell<KDPC>,
    routine: fn(&C),
    context: C,
}

// SAFETY: the kernel serialises access to the KDPC; the context is Sync.
unsafe impl<C: Sync + Send> Sync for Dpc<C> {}
// SAFETY: the object stays at its address; the context is Send.
unsafe impl<C: Sync + Send> Send for Dpc<C> {}

unsafe extern "win64" fn run<C: Sync + Send>(
    _dpc: *mut KDPC,
    context: *mut c_void,
    _argument1: *mut c_void,
    _argument2: *mut c_void,
) {
    // SAFETY: `Dpc::new` passed this address; `drop` waits for running routines.
    let state = unsafe { &*context.cast::<State<C>>() };
    (state.routine)(&state.context);
}

impl<C: Sync + Send> Dpc<C> {
    /// Creates a DPC that calls `routine` at DISPATCH_LEVEL. `None` without memory.
    #[must_use]
    pub fn new(routine: fn(&C), context: C) -> Option<Self> {
        let state = PoolBox::new(State { dpc: UnsafeCell::new(KDPC::default()), routine, context })?;
        // SAFETY: the block is ours, writable and stays where it is.
        unsafe { KeInitializeDpc(state.dpc.get(), Some(run::<C>), state.as_ptr().cast()) };
        Some(Self(state))
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &C {
        &self.0.context
    }

    /// Has the routine run on the given processor from the next queueing on. Not while queued.
    ///
    /// # Errors
    /// The kernel's status if there is no such processor.
    pub fn set_processor(&self, mut number: PROCESSOR_NUMBER) -> Result<(), NTSTATUS> {
        // SAFETY: initialised; `number` outlives the call.
        let status = unsafe { KeSetTargetProcessorDpcEx(self.0.dpc.get(), &mut number) };
        if status < 0 { Err(status) } else { Ok(()) }
    }

    /// Sets how soon the routine runs (`HighImportance`, …). Not while queued.
    pub fn set_importance(&self, importance: KDPC_IMPORTANCE) {
        // SAFETY: initialised.
        unsafe { KeSetImportanceDpc(self.0.dpc.get(), importance) };
    }

    /// Queues the routine; `false` if it was queued already. Any IRQL.
    pub fn queue(&self) -> bool {
        // SAFETY: initialised; the arguments are unused.
        unsafe { KeInsertQueueDpc(self.0.dpc.get(), core::ptr::null_mut(), core::ptr::null_mut()) != 0 }
    }
}

impl<C: Sync + Send> Drop for Dpc<C> {
    /// Takes the DPC out of its queue and waits for running routines. PASSIVE_LEVEL.
    fn drop(&mut self) {
        // SAFETY: initialised.
        unsafe { KeRemoveQueueDpc(self.0.dpc.get()) };
        // SAFETY: at PASSIVE_LEVEL per contract.
        unsafe { KeFlushQueuedDpcs() };
    }
}
