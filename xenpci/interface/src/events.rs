//! Event channels over the interface.

use alloc::sync::Arc;
use core::ffi::c_void;

use xenbus::{
    seam::{EventChannels, EventError},
    types::{Domid, Port},
};

use crate::{abi::UNMASK_SPURIOUS, client::Client, status::Status};

/// Who is told about events. Called in a DPC (`DISPATCH_LEVEL`) on the event's processor; calls for
/// one port never overlap, calls for different ports may. The port is masked until the consumer has
/// looked at its rings and calls [`EventChannels::unmask`] (or [`EventClient::unmask_spurious`]).
pub trait EventSink: Send + Sync + 'static {
    /// An event came on `port` (the number of a [`Port`]).
    fn event(&self, port: u32);
}

/// Event channels whose events go to one sink. The `vcpu` of
/// [`EventChannels::alloc_unbound`] is an NT processor index; xenpci maps it to a vCPU.
pub struct EventClient<S> {
    client: Client,
    sink: Arc<S>,
}

impl<S: EventSink> EventClient<S> {
    /// Event channels that tell `sink`. The sink lives until the last port is closed.
    pub fn new(client: Client, sink: Arc<S>) -> Self {
        Self { client, sink }
    }

    /// Like [`EventChannels::unmask`], but says that the event brought no work: xenpci delays the
    /// events of a port that does this again and again (XSA-391).
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn unmask_spurious(&self, port: &Port) {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_unmask)(t.context, port.raw(), UNMASK_SPURIOUS) }
    }

    /// Holds events back.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn mask(&self, port: &Port) {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_mask)(t.context, port.raw()) }
    }

    /// Tells the sink as if an event had come.
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn kick(&self, port: &Port) {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_kick)(t.context, port.raw()) }
    }

    /// Moves the events of `port` to another processor. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`EventError`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn retarget(&self, port: &Port, processor: u32) -> Result<(), EventError> {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_retarget)(t.context, port.raw(), processor) }.ok().map_err(Status::event_error)
    }

    #[expect(unsafe_code, reason = "callback from xenpci")]
    unsafe extern "win64" fn trampoline(argument: *mut c_void, port: u32) {
        // SAFETY: `argument` is the sink, of which every open port holds a count.
        let sink = unsafe { &*argument.cast::<S>() };
        sink.event(port);
    }
}

impl<S: EventSink> EventChannels for EventClient<S> {
    #[expect(unsafe_code, reason = "calls through the interface")]
    fn alloc_unbound(&self, peer: Domid, vcpu: u32) -> Result<Port, EventError> {
        let t = self.client.table();
        let argument = Arc::into_raw(Arc::clone(&self.sink));
        let mut port = 0;
        // SAFETY: the argument stays valid until `event_close`, by the count taken above.
        let status = unsafe {
            (t.event_alloc)(
                t.context,
                peer.0,
                vcpu,
                Self::trampoline,
                argument.cast_mut().cast(),
                &raw mut port,
            )
        };
        if let Err(status) = status.ok() {
            // SAFETY: takes back the count of above; nobody else has it.
            drop(unsafe { Arc::from_raw(argument) });
            return Err(status.event_error());
        }
        Ok(Port::from_raw(port))
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn notify(&self, port: &Port) {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_notify)(t.context, port.raw()) }
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn unmask(&self, port: &Port) {
        let t = self.client.table();
        // SAFETY: the reference keeps xenpci alive; xenpci checks that the port is this child's.
        unsafe { (t.event_unmask)(t.context, port.raw(), 0) }
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn close(&self, port: Port) {
        let t = self.client.table();
        // SAFETY: `Port` is not `Copy`: it is closed once.
        unsafe { (t.event_close)(t.context, port.raw()) };
        // SAFETY: the count that `alloc_unbound` took for this port; its callback has ended.
        drop(unsafe { Arc::from_raw(Arc::as_ptr(&self.sink)) });
    }
}
