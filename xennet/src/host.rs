//! The seams of the front-end, over xenpci's interface.
#![allow(unsafe_code, reason = "the sink holds the adapter's address")]

use alloc::sync::Arc;
use core::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use xenbus::seam::Host;
use xenpci_interface::{Client, EventClient, EventSink};

use crate::adapter::Adapter;

/// Where events go: to the adapter, once there is one.
pub struct Sink(AtomicPtr<Adapter>);

impl Sink {
    /// Goes nowhere.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicPtr::new(null_mut())))
    }

    /// Goes to `adapter`, which closes all its ports before it goes away.
    pub fn aim(&self, adapter: &Arc<Adapter>) {
        self.0.store(Arc::as_ptr(adapter).cast_mut(), Ordering::Release);
    }
}

impl EventSink for Sink {
    fn event(&self, port: u32) {
        let adapter = self.0.load(Ordering::Acquire);
        if !adapter.is_null() {
            // SAFETY: events come only while a port is open, and ports are closed before the adapter
            // is freed; closing waits for this callback.
            unsafe { &*adapter }.event(port);
        }
    }
}

/// The seams.
pub struct XenHost {
    /// Grants, pages, store and clock.
    pub client: Client,
    /// Event channels.
    pub events: EventClient<Sink>,
}

impl Host for XenHost {
    type Grants = Client;
    type Events = EventClient<Sink>;
    type Pages = Client;

    fn grants(&self) -> &Client {
        &self.client
    }
    fn events(&self) -> &EventClient<Sink> {
        &self.events
    }
    fn pages(&self) -> &Client {
        &self.client
    }
}
