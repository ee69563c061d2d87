//! Poll mode (NDIS 6.85): NDIS decides when, where and how much a queue is looked at.
//!
//! An event only asks for a poll and leaves its channel masked; NDIS calls the handler until it has
//! nothing more to do, and then has the channels unmasked.
#![allow(unsafe_code, reason = "called by NDIS")]

use core::{
    ptr::null_mut,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering},
};

use nt::{sys::*, unicode::UnicodeString};
use xenbus::seam::{Clock, EventChannels};

use crate::{
    adapter::{Adapter, Queue},
    connect::command,
    rx, tx,
};

/// What NDIS has for it. Never imported: older systems do not have it.
#[derive(Clone, Copy)]
pub struct Api {
    register: PFN_NdisRegisterPoll,
    deregister: PFN_NdisDeregisterPoll,
    request: PFN_NdisRequestPoll,
    set_affinity: PFN_NdisSetPollAffinity,
}

fn routine(name: &[u16]) -> Option<*mut c_void> {
    let name = UnicodeString::new(name);
    // SAFETY: a counted string; NDIS only looks it up.
    let found = unsafe { NdisGetRoutineAddress(name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

impl Api {
    /// Looks it up; `None` where the running NDIS lacks any of it. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn find() -> Option<Self> {
        let register = routine(nt::utf16!("NdisRegisterPoll"))?;
        let deregister = routine(nt::utf16!("NdisDeregisterPoll"))?;
        let request = routine(nt::utf16!("NdisRequestPoll"))?;
        let set_affinity = routine(nt::utf16!("NdisSetPollAffinity"))?;
        Some(Self {
            // SAFETY: NDIS's routine of this name has this type.
            register: unsafe { core::mem::transmute::<*mut c_void, PFN_NdisRegisterPoll>(register) },
            // SAFETY: as above.
            deregister: unsafe { core::mem::transmute::<*mut c_void, PFN_NdisDeregisterPoll>(deregister) },
            // SAFETY: as above.
            request: unsafe { core::mem::transmute::<*mut c_void, PFN_NdisRequestPoll>(request) },
            // SAFETY: as above.
            set_affinity: unsafe {
                core::mem::transmute::<*mut c_void, PFN_NdisSetPollAffinity>(set_affinity)
            },
        })
    }
}

/// A queue's part in it.
pub struct Poll {
    api: Option<Api>,
    handle: AtomicPtr<c_void>,
    owner: AtomicPtr<Adapter>,
    /// Completed lists that NDIS was given with the last call: they count as gone with the next one,
    /// because NDIS looks at them in between.
    owed: AtomicU32,
    /// Something was done since the channels were unmasked.
    worked: AtomicBool,
}

impl Poll {
    /// Without poll mode until it is registered.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            api: None,
            handle: AtomicPtr::new(null_mut()),
            owner: AtomicPtr::new(null_mut()),
            owed: AtomicU32::new(0),
            worked: AtomicBool::new(false),
        }
    }

    /// As [`Poll::new`], to be registered with `api`.
    #[must_use]
    pub const fn with(api: Option<Api>) -> Self {
        Self { api, ..Self::new() }
    }

    /// Asks NDIS to look at the queue; false without poll mode.
    pub fn request(&self) -> bool {
        let handle = self.handle.load(Ordering::Acquire);
        match self.api {
            Some(api) if !handle.is_null() => {
                // SAFETY: registered, and deregistered only after the channels are closed.
                unsafe { (api.request)(handle, null_mut()) };
                true
            }
            _ => false,
        }
    }

    /// Has the queue looked at on a processor (NT index).
    pub fn set_processor(&self, index: u32) {
        let handle = self.handle.load(Ordering::Acquire);
        let Some(api) = self.api.filter(|_| !handle.is_null()) else { return };
        let mut number = PROCESSOR_NUMBER::default();
        // SAFETY: the variable is ours.
        if unsafe { KeGetProcessorNumberFromIndex(index, &raw mut number) } >= 0 {
            // SAFETY: as in `request`.
            unsafe { (api.set_affinity)(handle, &raw const number) };
        }
    }
}

/// Registers all queues; those that NDIS refuses go on with events alone. `PASSIVE_LEVEL`.
pub fn register(adapter: &Adapter) {
    for queue in &adapter.queues {
        let Some(api) = queue.poll.api else { continue };
        let characteristics = NDIS_POLL_CHARACTERISTICS {
            Header: NDIS_OBJECT_HEADER {
                Type: NDIS_OBJECT_TYPE_DEFAULT as u8,
                Revision: NDIS_POLL_CHARACTERISTICS_REVISION_1 as u8,
                Size: NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1 as u16,
            },
            SetPollNotificationHandler: Some(set_notification),
            PollHandler: Some(poll),
        };
        queue.poll.owner.store(core::ptr::from_ref(adapter).cast_mut(), Ordering::Release);
        let mut handle = null_mut();
        let context = core::ptr::from_ref(queue).cast_mut().cast();
        // SAFETY: the adapter's handle; the queue outlives the registration.
        let status =
            unsafe { (api.register)(adapter.handle(), context, &raw const characteristics, &raw mut handle) };
        if status == NDIS_STATUS_SUCCESS {
            queue.poll.handle.store(handle, Ordering::Release);
        }
    }
}

/// Takes the registrations back; waits for handlers that run. `PASSIVE_LEVEL`, all channels closed.
pub fn deregister(adapter: &Adapter) {
    for queue in &adapter.queues {
        let handle = queue.poll.handle.swap(null_mut(), Ordering::AcqRel);
        if let Some(api) = queue.poll.api
            && !handle.is_null()
        {
            // SAFETY: registered once, taken back once; nobody asks for a poll any more.
            unsafe { (api.deregister)(handle) };
        }
    }
}

/// `NdisPoll`.
///
/// # Safety
/// Called by NDIS for a queue of ours.
unsafe extern "win64" fn poll(context: *mut c_void, data: *mut NDIS_POLL_DATA) {
    // SAFETY: the context of the registration.
    let queue = unsafe { &*context.cast_const().cast::<Queue>() };
    // SAFETY: NDIS's structure, ours during the call.
    let data = unsafe { &mut *data };
    // SAFETY: set before the registration; the adapter outlives it.
    let adapter = unsafe { &*queue.poll.owner.load(Ordering::Acquire) };
    adapter.leave(queue.poll.owed.swap(0, Ordering::AcqRel));
    let sent = send_completions(adapter, queue, &mut data.Transmit);
    let received = receives(adapter, queue, &mut data.Receive);
    if sent || received {
        queue.poll.worked.store(true, Ordering::Relaxed);
    }
}

fn send_completions(adapter: &Adapter, queue: &Queue, data: &mut NDIS_POLL_TRANSMIT_DATA) -> bool {
    let most = data.MaxNblsToComplete;
    let now = adapter.host.client.now();
    let mut side = queue.tx.lock();
    let mut ready = core::mem::take(&mut side.ready);
    let polled = side.poll(&adapter.host, now, (most as usize).min(netfront::tx::TX_SLOTS), &mut ready);
    side.pump(&adapter.host, now, &mut ready);
    let done = ready.take(most);
    let left = ready.count();
    side.ready = ready;
    drop(side);
    tx::finalize(&done);
    queue.poll.owed.fetch_add(done.count(), Ordering::AcqRel);
    data.CompletedNblChain = done.head();
    data.NumberOfCompletedNbls = done.count();
    data.NumberOfRemainingNbls = left;
    match polled {
        Ok(polled) => {
            data.NumberOfRemainingNbls += u32::from(polled.more);
            if polled.pinned {
                adapter.connect.command(command::PINNED);
            }
        }
        Err(_) => adapter.connect.command(command::VIOLATION),
    }
    done.count() != 0
}

fn receives(adapter: &Adapter, queue: &Queue, data: &mut NDIS_POLL_RECEIVE_DATA) -> bool {
    // NDIS indicates where it polls, which it has been asked to do on the queue's processor.
    let batch = rx::collect(adapter, queue, data.MaxNblsToIndicate, adapter.host.client.processor());
    if batch.broken {
        adapter.connect.command(command::VIOLATION);
    }
    data.NumberOfRemainingNbls = u32::from(batch.more);
    if batch.scarce {
        // Handlers have no way to say that the stack must copy at once.
        rx::indicate(adapter, &batch.lists, true);
    } else {
        data.IndicatedNblChain = batch.lists.head();
        data.NumberOfIndicatedNbls = batch.lists.count();
    }
    batch.frames != 0
}

/// `NdisSetPollNotification`.
///
/// # Safety
/// Called by NDIS for a queue of ours.
unsafe extern "win64" fn set_notification(context: *mut c_void, notification: *mut NDIS_POLL_NOTIFICATION) {
    // SAFETY: the context of the registration.
    let queue = unsafe { &*context.cast_const().cast::<Queue>() };
    // SAFETY: NDIS's structure, valid for the call.
    let enabled = unsafe { (*notification).Enabled } != 0;
    // SAFETY: set before the registration; the adapter outlives it.
    let adapter = unsafe { &*queue.poll.owner.load(Ordering::Acquire) };
    adapter.leave(queue.poll.owed.swap(0, Ordering::AcqRel));
    let worked = queue.poll.worked.swap(false, Ordering::Relaxed);
    let events = &adapter.host.events;
    // One lock after the other: neither is taken inside the other anywhere.
    let sends = queue.tx.lock().port.clone();
    let receives = queue.rx.lock().port.clone();
    for port in [sends, receives].iter().flatten() {
        match (enabled, worked) {
            (false, _) => events.mask(port),
            (true, true) => events.unmask(port),
            (true, false) => events.unmask_spurious(port),
        }
    }
}
