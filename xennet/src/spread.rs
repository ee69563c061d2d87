//! Receive-side scaling where the back-end does not do it: a frame whose hash belongs to another
//! processor than the one that took it off the ring is indicated there, by a DPC.

use alloc::vec::Vec;
use core::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use nt::{ke::dpc::Dpc, sys::*};
use xenpci_interface::{Client, SpinLock};

use crate::{adapter::Adapter, rx, tx::Chain};

/// What waits for one processor.
struct Inbox {
    owner: AtomicPtr<Adapter>,
    lists: SpinLock<Chain>,
}

/// An inbox for each processor.
pub struct Spread(Vec<Dpc<Inbox>>);

impl Spread {
    /// Nobody to hand frames to.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// An inbox for each of `processors` processors. `None` without memory.
    #[must_use]
    pub fn new(client: &Client, processors: u32) -> Option<Self> {
        let mut inboxes = Vec::new();
        inboxes.try_reserve_exact(processors as usize).ok()?;
        for index in 0..processors {
            let inbox =
                Inbox { owner: AtomicPtr::new(null_mut()), lists: SpinLock::new(client, Chain::new()) };
            let dpc = Dpc::new(deliver, inbox)?;
            dpc.set_importance(MediumHighImportance);
            let mut number = PROCESSOR_NUMBER::default();
            #[allow(unsafe_code, reason = "asks the system")]
            // SAFETY: the variable is ours.
            let status = unsafe { KeGetProcessorNumberFromIndex(index, &raw mut number) };
            if status < 0 || dpc.set_processor(number).is_err() {
                return None;
            }
            inboxes.push(dpc);
        }
        Some(Self(inboxes))
    }

    /// Delivers for `adapter`, which drops this before it goes away.
    pub fn aim(&self, adapter: &Adapter) {
        for dpc in &self.0 {
            dpc.context().owner.store(core::ptr::from_ref(adapter).cast_mut(), Ordering::Release);
        }
    }

    /// Is there an inbox for this processor?
    #[must_use]
    pub fn reaches(&self, processor: u32) -> bool {
        (processor as usize) < self.0.len()
    }

    /// Hands a list over. `DISPATCH_LEVEL`.
    pub fn hand(&self, processor: u32, list: *mut NET_BUFFER_LIST) {
        let Some(dpc) = self.0.get(processor as usize) else { return };
        let mut lists = dpc.context().lists.lock();
        let first = lists.count() == 0;
        lists.push(list);
        drop(lists);
        if first {
            dpc.queue();
        }
    }
}

fn deliver(inbox: &Inbox) {
    let lists = core::mem::take(&mut *inbox.lists.lock());
    let owner = inbox.owner.load(Ordering::Acquire);
    if lists.count() == 0 || owner.is_null() {
        return;
    }
    #[allow(unsafe_code, reason = "the inbox holds the adapter's address")]
    // SAFETY: the adapter drops its inboxes, which waits for this routine, before it goes away.
    let adapter = unsafe { &*owner };
    rx::indicate(adapter, &lists, false);
}
