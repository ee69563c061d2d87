//! xenstore: the client of `xenbus::xs` with its lock, its event channel, and threads that wait.
//!
//! Locks: the client's spin lock, and nothing under it. Watch callbacks run in one thread, at
//! `PASSIVE_LEVEL`, without any lock but their own.

use alloc::{
    boxed::Box,
    string::String,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nt::sys::{NTSTATUS, STATUS_INSUFFICIENT_RESOURCES};
use xenbus::{
    arch::{Direct, Xen},
    seam::{Store as Seam, StoreError, TransactionId},
    xs::{
        Client, Effects, MAX_IN_FLIGHT, Reply, Request, RequestHandle, Resume, Violation, WatchId,
        client::{Completion, SubmitError},
    },
};

use super::{
    events::Events,
    log::{Log, Severity},
    mapped::{MappedPage, SharedMapped},
};
use crate::os::{Event, Mutex, Spin, Thread, time};

/// A request is answered within this time, or given up.
const PATIENCE: u64 = 10 * time::SECOND;
/// How often who waits looks for itself, should an event be lost.
const LOOK: u64 = time::SECOND;
/// How long a suspend waits for the requests in flight.
const DRAIN: u64 = 2 * time::SECOND;

type Changed = Box<dyn Fn(&str) + Send + Sync>;

/// A registered watch.
struct Entry {
    id: WatchId,
    changed: Changed,
    /// Held while the callback runs; `false` when the watch was removed.
    alive: Mutex<bool>,
}

/// A watch; dropped at `PASSIVE_LEVEL` it ends and waits for its callback, which must not drop it.
pub struct Watch {
    store: Arc<Store>,
    entry: Arc<Entry>,
}

/// xenstore.
pub struct Store {
    me: Weak<Self>,
    xen: Xen<Direct>,
    events: Arc<Events>,
    log: Arc<Log>,
    page: Arc<MappedPage>,
    client: Spin<Client<SharedMapped>>,
    /// Set when the slot's request has its result.
    slots: [Event; MAX_IN_FLIGHT],
    freed: Event,
    port: AtomicU32,
    watches: Spin<Vec<Arc<Entry>>>,
    fired: Event,
    stopping: AtomicBool,
    thread: Spin<Option<Thread>>,
}

impl Store {
    /// Connects to the ring that the toolstack made. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What is missing.
    pub fn connect(xen: Xen<Direct>, events: &Arc<Events>, log: &Arc<Log>) -> Result<Arc<Self>, NTSTATUS> {
        let ring = xen.store_ring().map_err(|_| nt::sys::STATUS_NO_SUCH_DEVICE)?;
        let page = Arc::new(MappedPage::new(ring.frame).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?);
        let client = Client::new(SharedMapped(Arc::clone(&page)), time::now())
            .map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
        let store = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            xen,
            events: Arc::clone(events),
            log: Arc::clone(log),
            page,
            client: Spin::new(client),
            slots: core::array::from_fn(|_| Event::notification()),
            freed: Event::synchronization(false),
            port: AtomicU32::new(0),
            watches: Spin::new(Vec::new()),
            fired: Event::synchronization(false),
            stopping: AtomicBool::new(false),
            thread: Spin::new(None),
        });
        store.adopt_port(ring.port.raw()).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
        let watcher = Arc::downgrade(&store);
        let thread = Thread::spawn(move |_| run_watches(&watcher))?;
        *store.thread.lock() = Some(thread);
        Ok(store)
    }

    fn adopt_port(&self, port: u32) -> Result<(), xenbus::seam::EventError> {
        let me = self.me.clone();
        let handler = Box::new(move |_| {
            if let Some(store) = me.upgrade() {
                store.on_event();
            }
        });
        self.events.adopt(port, 0, 0, handler)?;
        self.port.store(port, Ordering::Release);
        self.events.unmask(port, 0, true);
        self.events.poll();
        Ok(())
    }

    /// The ring's port.
    pub fn port(&self) -> u32 {
        self.port.load(Ordering::Acquire)
    }

    /// In a DPC: the store notified us.
    fn on_event(&self) {
        let effects = {
            let mut client = self.client.lock();
            client.on_event(time::now());
            client.take_effects()
        };
        self.act(effects);
        let port = self.port();
        self.events.unmask(port, 0, true);
        if effects.notify {
            // Something was read or written: there may be more than one call takes.
            self.events.kick(port, 0);
        }
    }

    fn act(&self, effects: Effects) {
        if effects.notify {
            self.events.notify(self.port(), 0);
        }
        for (slot, event) in self.slots.iter().enumerate() {
            if effects.completed & 1 << slot != 0 {
                event.set();
            }
        }
        if effects.freed {
            self.freed.set();
        }
        if effects.watch_events {
            self.fired.set();
        }
        if let Some(violation) = effects.broken {
            self.report(violation);
        }
    }

    fn report(&self, violation: Violation) {
        for event in &self.slots {
            event.set();
        }
        self.freed.set();
        let text = alloc::format!("xenstore is broken and not used any more: {violation:?}");
        self.log.event(Severity::Error, &text);
    }

    /// Submits, waits, returns the result. `PASSIVE_LEVEL`.
    fn request(
        &self,
        mut submit: impl FnMut(&mut Client<SharedMapped>, u64, u64) -> Result<RequestHandle, SubmitError>,
    ) -> Result<Completion, StoreError> {
        let handle = self.submit(|client, now, deadline| submit(client, now, deadline).map(Some))?;
        self.finish(handle.ok_or(StoreError::Closed)?)
    }

    /// Submits, once there is room; gives what there is to wait for. `PASSIVE_LEVEL`.
    fn submit(
        &self,
        mut submit: impl FnMut(&mut Client<SharedMapped>, u64, u64) -> Result<Option<RequestHandle>, SubmitError>,
    ) -> Result<Option<RequestHandle>, StoreError> {
        let deadline = time::now() + PATIENCE;
        loop {
            let (result, effects) = {
                let mut client = self.client.lock();
                let result = submit(&mut client, time::now(), deadline);
                if let Ok(Some(handle)) = &result {
                    // Whoever completes it does so under the lock, hence after this.
                    self.slots[handle.slot()].clear();
                }
                (result, client.take_effects())
            };
            self.act(effects);
            match result {
                Ok(handle) => return Ok(handle),
                Err(SubmitError::Store(error)) => return Err(error),
                Err(SubmitError::Busy) => {}
            }
            let now = time::now();
            if now >= deadline {
                return Err(StoreError::TimedOut);
            }
            let _ = self.freed.wait_for((deadline - now).min(LOOK));
            self.look();
        }
    }

    /// Waits for a request's end; its result. `PASSIVE_LEVEL`.
    fn finish(&self, mut handle: RequestHandle) -> Result<Completion, StoreError> {
        loop {
            let slot = handle.slot();
            let waited = self.slots[slot].wait_for(LOOK);
            if !waited {
                self.look();
            }
            self.slots[slot].clear();
            let (result, effects) = {
                let mut client = self.client.lock();
                (client.take_reply(handle), client.take_effects())
            };
            self.act(effects);
            // One slot's freeing wakes one waiter; let it pass the news on.
            match result {
                Ok(result) => {
                    self.freed.set();
                    return result;
                }
                Err(again) => handle = again,
            }
        }
    }

    /// Looks for deadlines, and for what a lost event did not tell.
    fn look(&self) {
        let effects = {
            let mut client = self.client.lock();
            client.poll_timeouts(time::now());
            client.take_effects()
        };
        self.act(effects);
    }

    fn reply(&self, request: Request<'_>, txn: Option<TransactionId>) -> Result<Reply, StoreError> {
        match self.request(|client, now, deadline| client.submit(request, txn, now, deadline))? {
            Completion::Reply(reply) => Ok(reply),
            Completion::Begun(_) => Err(StoreError::Broken),
        }
    }

    /// Makes the store forget watches and transactions of a former driver, where it can.
    pub fn forget_former_self(&self) {
        let can = self.read(None, xenbus::keys::domain::PLATFORM_RESET_WATCHES);
        if can.is_ok_and(|value| value.first() == Some(&b'1')) {
            // A refusal leaves stale watches, whose events are ignored.
            let _ = self.request(|client, now, deadline| client.reset_watches(now, deadline));
        }
    }

    /// Watches `path`; `changed` runs in the watch thread (`PASSIVE_LEVEL`) with the node that
    /// changed, once soon and after changes; during a suspend, after that. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn watch(
        self: &Arc<Self>,
        path: &str,
        changed: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Watch, StoreError> {
        let mut changed: Option<Changed> = Some(Box::new(changed));
        let mut entry = None;
        let handle = self.submit(|client, now, deadline| {
            let (id, handle) = client.add_watch(path, now, deadline)?;
            // Still under the client's lock: no event can be taken before the entry is there.
            if let Some(changed) = changed.take() {
                let new = Arc::new(Entry { id, changed, alive: Mutex::new(true) });
                self.watches.lock().push(Arc::clone(&new));
                entry = Some(new);
            }
            Ok(handle)
        })?;
        // Dropped on failure, it removes what there is.
        let watch = Watch { store: Arc::clone(self), entry: entry.ok_or(StoreError::Broken)? };
        if let Some(handle) = handle {
            self.finish(handle)?;
        }
        Ok(watch)
    }

    /// Before a suspend: refuses new requests, waits (bounded) for those in flight. `PASSIVE_LEVEL`.
    pub fn suspend(&self) {
        self.client.lock().suspend(time::now());
        let end = time::now() + DRAIN;
        loop {
            let (idle, effects) = {
                let mut client = self.client.lock();
                client.drain(time::now());
                (client.is_idle(), client.take_effects())
            };
            self.act(effects);
            if idle || time::now() >= end {
                return;
            }
            time::sleep(time::MS);
        }
    }

    /// After a wake. In a new domain the ring and its port may be others. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What is missing: the store is then not usable.
    pub fn resume(&self, how: Resume) -> Result<(), NTSTATUS> {
        if how == Resume::NewDomain {
            let ring = self.xen.store_ring().map_err(|_| nt::sys::STATUS_NO_SUCH_DEVICE)?;
            self.page.remap(ring.frame).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
            self.events.close_stale(self.port());
            self.adopt_port(ring.port.raw()).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
        }
        let effects = {
            let mut client = self.client.lock();
            let now = time::now();
            client.resume(how, now);
            if how == Resume::NewDomain {
                client.recover(now);
            }
            client.take_effects()
        };
        self.act(effects);
        Ok(())
    }

    /// Ends the thread and lets go of the port. Watches were dropped before. `PASSIVE_LEVEL`.
    pub fn disconnect(&self) {
        self.stopping.store(true, Ordering::Release);
        self.fired.set();
        let thread = self.thread.lock().take();
        drop(thread);
    }
}

/// The watch thread.
fn run_watches(store: &Weak<Store>) {
    loop {
        let Some(store) = store.upgrade() else { return };
        if store.stopping.load(Ordering::Acquire) {
            return;
        }
        let event = store.client.lock().next_watch_event();
        match event {
            Some(event) => {
                let entry = store.watches.lock().iter().find(|entry| entry.id == event.watch).cloned();
                if let Some(entry) = entry {
                    let alive = entry.alive.lock();
                    if *alive {
                        (entry.changed)(&event.path);
                    }
                }
            }
            None => {
                // A watch whose registration was refused is tried again at its time.
                let next = store.client.lock().next_timeout();
                let in_flight = next.map(|at| at.saturating_sub(time::now()).max(time::MS));
                match in_flight {
                    Some(wait) => {
                        if !store.fired.wait_for(wait) {
                            store.look();
                        }
                    }
                    None => store.fired.wait(),
                }
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let id = self.entry.id;
        // Also when the request fails (the store is broken or suspended): no event is told any more,
        // because the entry is gone.
        let _ = self.store.request(|client, now, deadline| client.remove_watch(id, now, deadline));
        self.store.watches.lock().retain(|entry| entry.id != id);
        *self.entry.alive.lock() = false;
    }
}

impl Seam for Store {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.reply(Request::Read(path), txn)?.0)
    }

    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.reply(Request::Directory(path), txn)?.names()
    }

    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.reply(Request::Write(path, value), txn).map(|_| ())
    }

    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.reply(Request::Rm(path), txn).map(|_| ())
    }

    fn begin(&self) -> Result<TransactionId, StoreError> {
        match self.request(|client, now, deadline| client.begin(now, deadline))? {
            Completion::Begun(id) => Ok(id),
            Completion::Reply(_) => Err(StoreError::Broken),
        }
    }

    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        self.request(|client, now, deadline| client.end(txn, commit, now, deadline)).map(|_| ())
    }
}
