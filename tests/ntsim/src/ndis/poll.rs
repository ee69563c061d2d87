//! Poll mode (NDIS 6.85).
//!
//! NdisRequestPoll starts a series of calls of the poll handler; it goes on while the handler makes progress. Then
//! NDIS has the driver enable its notification (interrupt). The handler runs at DISPATCH_LEVEL or PASSIVE_LEVEL.

use super::adapter::Adapter;
use super::{adapter_of, form, rules, state};
use crate::abi::*;
use crate::ke::{dpc, irql, thread};
use crate::kernel::kernel;
use alloc::boxed::Box;
use alloc::format;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};

const KIND: &str = "poll object";
/// NDIS_ANY_NUMBER_OF_NBLS.
const ANY: u32 = u32::MAX;

struct Poll {
    adapter: &'static Adapter,
    context: PVOID,
    handlers: NDIS_POLL_CHARACTERISTICS,
    dpc: UnsafeCell<KDPC>,
    requested: AtomicBool,
    active: AtomicU32,
    gone: AtomicBool,
    /// Processor that the driver wants; u32::MAX: any.
    processor: AtomicU32,
}

unsafe fn chain_length(first: *mut NET_BUFFER_LIST, said: u32, most: u32, what: &str) -> u32 {
    let real = super::data::chain(first).len() as u32;
    if said != ANY && said != real {
        rules::report(&rules::POLL, format!("{what}: {said} said, {real} in the chain"), first as usize, 0);
    }
    if most != ANY && real > most {
        rules::report(&rules::POLL, format!("{what}: {real} lists, {most} allowed"), first as usize, 0);
    }
    real
}

/// Calls of poll handlers so far.
#[derive(Default)]
struct Calls(AtomicU32);

/// Calls of poll handlers so far, of all adapters.
pub fn calls() -> u32 {
    kernel().room::<Calls>().0.load(Relaxed)
}

/// One call of the handler; true if it made progress or has more.
unsafe fn once(poll: &'static Poll) -> bool {
    let Some(handler) = poll.handlers.PollHandler else { return false };
    // Limits differ from system to system.
    let limits = [ANY, 64, 16, 1];
    let most = limits[kernel().engine.choose(limits.len() as u32, "poll limit") as usize];
    let mut data = NDIS_POLL_DATA {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_DEFAULT as u8,
            Revision: 1,
            Size: NDIS_SIZEOF_NDIS_POLL_DATA_REVISION_1 as u16,
        },
        ..Default::default()
    };
    data.Transmit.MaxNblsToComplete = most;
    data.Receive.MaxNblsToIndicate = most;
    kernel().room::<Calls>().0.fetch_add(1, Relaxed);
    crate::call!("NdisPoll", handler, poll.context, &raw mut data);
    let (t, r) = (data.Transmit, data.Receive);
    let completed = chain_length(t.CompletedNblChain, t.NumberOfCompletedNbls, most, "completed sends");
    let received = chain_length(r.IndicatedNblChain, r.NumberOfIndicatedNbls, most, "indicated receives");
    if r.Flags & (NDIS_RECEIVE_FLAGS_RESOURCES | NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL) != 0 {
        rules::report(&rules::POLL, format!("receive flags {:#x} are not for poll handlers", r.Flags), 0, 0);
    }
    if completed != 0 {
        poll.adapter.complete_sends(t.CompletedNblChain, 0);
    }
    if received != 0 {
        poll.adapter.indicate(r.IndicatedNblChain, received, 0);
    }
    completed + received != 0 || t.NumberOfRemainingNbls != 0 || r.NumberOfRemainingNbls != 0
}

unsafe extern "win64" fn run(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let poll: &'static Poll = &*(context as *const Poll);
    if poll.active.swap(1, AcqRel) != 0 {
        return;
    }
    poll.requested.store(false, Release);
    let mut rounds = 0;
    while !poll.gone.load(Acquire) && once(poll) {
        rounds += 1;
        // After a while NDIS continues on a worker thread, so that others get the processor.
        if rounds == 8 && irql::current() == DISPATCH_LEVEL {
            poll.active.store(0, Release);
            let at = context as usize;
            crate::ex::work::queue(move || unsafe {
                let thread = thread::current();
                let affinity = thread.affinity.get();
                let processor = (*(at as *const Poll)).processor.load(Acquire);
                if processor != u32::MAX {
                    thread::set_affinity(thread, 1 << processor);
                }
                run(core::ptr::null_mut(), at as PVOID, core::ptr::null_mut(), core::ptr::null_mut());
                thread::set_affinity(thread, affinity);
            });
            return;
        }
        assert!(rounds < 1_000_000, "a poll handler makes progress for ever");
    }
    notify(poll, true);
    poll.active.store(0, Release);
    if poll.requested.load(Acquire) && !poll.gone.load(Acquire) {
        dpc::insert(poll.dpc.get(), core::ptr::null_mut(), core::ptr::null_mut());
    }
}

unsafe fn notify(poll: &'static Poll, enabled: bool) {
    if poll.gone.load(Acquire) {
        return;
    }
    let Some(handler) = poll.handlers.SetPollNotificationHandler else { return };
    let mut notification = NDIS_POLL_NOTIFICATION {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_DEFAULT as u8,
            Revision: 1,
            Size: NDIS_SIZEOF_NDIS_POLL_NOTIFICATION_REVISION_1 as u16,
        },
        Enabled: u8::from(enabled),
    };
    crate::call!("NdisSetPollNotification", handler, poll.context, &raw mut notification);
}

unsafe fn known(handle: PVOID) -> &'static Poll {
    if !state().objects.has(handle as usize, KIND) {
        rules::bad_handle("a poll object", handle as usize);
    }
    &*(handle as *const Poll)
}

unsafe fn register(
    handle: NDIS_HANDLE,
    context: PVOID,
    characteristics: *const NDIS_POLL_CHARACTERISTICS,
    out: *mut PVOID,
) -> NDIS_STATUS {
    let adapter = adapter_of(handle);
    *out = core::ptr::null_mut();
    if !form::POLL.check(characteristics.cast(), adapter.driver.version) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    let handlers = *characteristics;
    if handlers.PollHandler.is_none() || handlers.SetPollNotificationHandler.is_none() {
        rules::report(
            &rules::HANDLER_MISSING,
            "PollHandler or SetPollNotificationHandler is missing".into(),
            characteristics as usize,
            0,
        );
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if crate::io::glue::fail_allocation() {
        return NDIS_STATUS_RESOURCES;
    }
    let poll: &'static Poll = Box::leak(Box::new(Poll {
        adapter,
        context,
        handlers,
        dpc: UnsafeCell::new(core::mem::zeroed()),
        requested: AtomicBool::new(false),
        active: AtomicU32::new(0),
        gone: AtomicBool::new(false),
        processor: AtomicU32::new(u32::MAX),
    }));
    let at = core::ptr::from_ref(poll) as PVOID;
    dpc::initialize(poll.dpc.get(), Some(run), at, false);
    state().objects.add(at as usize, KIND, handle as usize);
    *out = at;
    NDIS_STATUS_SUCCESS
}

crate::exports! { LATE "ndis.sys";
    fn NdisRegisterPoll(handle: NDIS_HANDLE, context: PVOID, characteristics: *const NDIS_POLL_CHARACTERISTICS, out: *mut PVOID) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        register(handle, context, characteristics, out)
    }
    fn NdisDeregisterPoll(handle: PVOID) [irql == PASSIVE_LEVEL] {
        let poll = known(handle);
        poll.gone.store(true, Release);
        dpc::remove(poll.dpc.get());
        // A handler that runs elsewhere is waited for.
        while poll.active.load(Acquire) != 0 {
            let mut nobody = crate::ndis::adapter::event_zero();
            crate::ke::event::initialize(&mut nobody, false, false);
            crate::ke::wait::wait_one(&mut nobody, crate::ke::wait::Timeout::millis(1));
        }
        state().objects.remove(handle as usize, KIND);
    }
    fn NdisRequestPoll(handle: PVOID, reserved: PVOID) [irql any] {
        let poll = known(handle);
        if !poll.requested.swap(true, AcqRel) {
            dpc::insert(poll.dpc.get(), core::ptr::null_mut(), core::ptr::null_mut());
        }
    }
    fn NdisSetPollAffinity(handle: PVOID, affinity: *const PROCESSOR_NUMBER) [irql <= DISPATCH_LEVEL] {
        let poll = known(handle);
        if let Some(index) = crate::ke::processors::index_of(*affinity) {
            poll.processor.store(index, Release);
            dpc::set_target(poll.dpc.get(), index);
        }
    }
}
