//! Events (KEVENT).

use crate::abi::*;
use crate::ke::{irql, list, wait};
use crate::kernel::kernel;

/// NotificationEvent: stays signalled. SynchronizationEvent: releases one waiter.
pub unsafe fn initialize<E>(event: *mut E, synchronization: bool, state: bool) {
    let h = event.cast::<DISPATCHER_HEADER>();
    (*h).Type =
        if synchronization { object_kind::SYNCHRONIZATION_EVENT } else { object_kind::NOTIFICATION_EVENT };
    (*h).Signalling = 0;
    (*h).Size = 6;
    (*h).Reserved1 = 0;
    (*h).SignalState = state as i32;
    list::init(&mut (*h).WaitListHead);
}

/// Signals; returns the former state. IRQL ≤ DISPATCH_LEVEL.
pub unsafe fn set<E>(event: *mut E) -> i32 {
    let k = kernel();
    let h = event.cast::<DISPATCHER_HEADER>();
    let old_irql = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let old = {
        let mut d = k.ke.dispatcher.lock();
        let old = (*h).SignalState;
        wait::signal_locked(k, &mut d, h, 1);
        old
    };
    irql::lower(old_irql);
    old
}

/// Makes it not signalled; returns the former state.
pub unsafe fn reset<E>(event: *mut E) -> i32 {
    let _d = kernel().ke.dispatcher.lock();
    core::mem::replace(&mut (*event.cast::<DISPATCHER_HEADER>()).SignalState, 0)
}

/// Current state.
pub unsafe fn read<E>(event: *const E) -> i32 {
    (*event.cast::<DISPATCHER_HEADER>()).SignalState
}

/// Releases the present waiters and leaves the event not signalled (KePulseEvent).
pub unsafe fn pulse<E>(event: *mut E) -> i32 {
    let k = kernel();
    let h = event.cast::<DISPATCHER_HEADER>();
    let old_irql = irql::raise(irql::current().max(DISPATCH_LEVEL));
    let old = {
        let mut d = k.ke.dispatcher.lock();
        let old = (*h).SignalState;
        wait::signal_locked(k, &mut d, h, 1);
        (*h).SignalState = 0;
        old
    };
    irql::lower(old_irql);
    old
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn KeInitializeEvent(event: *mut KEVENT, kind: u32, state: u8) [irql any] {
        initialize(event, kind == 1, state != 0)
    }
    fn KeSetEvent(event: *mut KEVENT, increment: i32, wait: u8) -> i32 [irql <= DISPATCH_LEVEL] {
        if wait != 0 && irql::current() > APC_LEVEL {
            crate::verifier::report(&crate::verifier::rules::IRQL_SET_EVENT_WAIT,
                "KeSetEvent with Wait at DISPATCH_LEVEL".into(), [event as u64, 0, 0, 0]);
        }
        set(event)
    }
    fn KeResetEvent(event: *mut KEVENT) -> i32 [irql <= DISPATCH_LEVEL] { reset(event) }
    fn KeClearEvent(event: *mut KEVENT) [irql <= DISPATCH_LEVEL] { reset(event); }
    fn KeReadStateEvent(event: *mut KEVENT) -> i32 [irql <= DISPATCH_LEVEL] { read(event) }
    fn KePulseEvent(event: *mut KEVENT, increment: i32, wait: u8) -> i32 [irql <= DISPATCH_LEVEL] { pulse(event) }
}
