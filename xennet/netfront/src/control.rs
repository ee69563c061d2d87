//! The connection in xenstore: carries out what [`xenbus::state`] decides, and tells the driver what
//! only the driver can do.
//!
//! `PASSIVE_LEVEL`, one caller at a time. After every call that lets something happen
//! ([`Control::start`], [`Control::event`], [`Control::published`], …) the driver takes
//! [`Control::next`] until there is nothing left.

use alloc::{format, string::String};

use xenbus::{
    keys::{self, Decimal, back, backend_id, front, net_front, parse_state},
    seam::{Store, StoreError, TransactionId},
    state::{Action, Config, Failure, Handshake, Phase, Wake, XenbusState},
    types::Domid,
    xs::transact,
};

use crate::negotiate::{Identity, Offer, Plan, Policy, Properties};

/// Tries of a transaction that meets conflicts.
const TRIES: u32 = 32;

/// What one queue tells the back-end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueKeys {
    /// Grant of the transmit ring.
    pub tx_ring: u32,
    /// Grant of the receive ring.
    pub rx_ring: u32,
    /// Event channel of transmission.
    pub tx_port: u32,
    /// Event channel of reception; the same where there is only one.
    pub rx_port: u32,
}

/// What the control ring tells the back-end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtrlKeys {
    /// Grant of the ring.
    pub ring: u32,
    /// Event channel.
    pub port: u32,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Watch this folder of the back-end (instead of an earlier one) and call [`Control::event`] when
    /// the watch fires.
    Watch(String),
    /// Open rings and ports for this plan, then call [`Control::publish`] and [`Control::published`].
    /// Buffers are lent and posted before, so that the back-end finds some.
    Open {
        /// The plan.
        plan: Plan,
        /// The back-end's domain.
        peer: Domid,
    },
    /// The connection works: enable the queues, set up hashing, announce our addresses.
    Enable(Properties),
    /// The back-end changed something while connected.
    Changed(Properties),
    /// The toolstack changed something: the address or the MTU.
    Identity(Identity),
    /// Disable the queues.
    Disable,
    /// Detach the queues and close the ports, as far as they were opened.
    Disconnect,
    /// Ask the system whether the device may go; answer with [`Control::eject_answer`].
    AskEject,
    /// Write to the event log.
    Report(Failure),
    /// The device does not work and will not without the back-end's doing.
    Fail(Failure),
    /// Closed on request.
    Stopped,
}

/// The connection of one device.
pub struct Control {
    folder: String,
    policy: Policy,
    handshake: Handshake,
    backend: Option<(String, Domid)>,
    identity: Option<Identity>,
    properties: Option<Properties>,
    plan: Option<Plan>,
    /// Steps that go before the actions of the handshake.
    changed: Option<Step>,
    identity_changed: Option<Step>,
}

impl Control {
    /// The device in `folder` (`device/vif/<id>`), not started.
    #[must_use]
    pub fn new(folder: &str, policy: Policy) -> Self {
        Self {
            folder: String::from(folder),
            policy,
            handshake: Handshake::new(Config::VIF),
            backend: None,
            identity: None,
            properties: None,
            plan: None,
            changed: None,
            identity_changed: None,
        }
    }

    /// Where the handshake is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.handshake.phase()
    }

    /// The plan of the connection that is, or is being made.
    #[must_use]
    pub const fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// What the toolstack said of the device when it was last read.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Changes what the driver wants, for the next connection.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Begins.
    pub fn start(&mut self) {
        self.handshake.start();
    }

    /// Begins to close; ends with [`Step::Stopped`].
    pub fn stop(&mut self, now: u64) {
        self.handshake.stop(now);
    }

    /// A queue found a violation.
    pub fn violation(&mut self, now: u64) {
        self.handshake.violation(now);
    }

    /// The answer to [`Step::AskEject`].
    pub fn eject_answer(&mut self, now: u64, agreed: bool) {
        self.handshake.eject_answer(now, agreed);
    }

    /// Before a suspend.
    pub fn suspend(&mut self) {
        self.handshake.suspend();
    }

    /// After a suspend.
    pub fn resume(&mut self, now: u64, wake: Wake) {
        self.handshake.resume(now, wake);
    }

    /// When [`Control::poll`] has to be called at the latest.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.handshake.deadline()
    }

    /// Time has passed.
    pub fn poll(&mut self, now: u64) {
        self.handshake.poll(now);
    }

    /// The watch on the back-end's folder fired.
    pub fn event(&mut self, store: &impl Store, now: u64) {
        let Some((backend, _)) = &self.backend else { return };
        match read_state(store, backend) {
            Ok(state) => self.handshake.back_state_changed(now, state),
            Err(StoreError::Closed) => return,
            Err(_) => return self.handshake.store_failed(now),
        }
        self.look_at_properties(store);
    }

    fn look_at_properties(&mut self, store: &impl Store) {
        if self.handshake.phase() == Phase::Running
            && let Some((backend, _)) = &self.backend
            && let Ok(properties) = Properties::read(store, &self.folder, backend)
            && self.properties.replace(properties) != Some(properties)
        {
            self.changed = Some(Step::Changed(properties));
        }
    }

    /// The watch on the front-end's folder fired. Our own writes make it fire, too.
    pub fn front_event(&mut self, store: &impl Store, now: u64) {
        if let Some((backend, _)) = &self.backend
            && let Ok(Some(named)) = read_text(store, &self.folder, front::BACKEND)
            && named != *backend
        {
            self.handshake.backend_moved(now);
        }
        if self.identity.is_some()
            && let Ok(identity) = Identity::read(store, &self.folder)
            && self.identity.replace(identity) != Some(identity)
        {
            self.identity_changed = Some(Step::Identity(identity));
        }
        self.look_at_properties(store);
    }

    /// Writes the keys of the connection in one transaction.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Panics
    /// When there is no plan, or not a set of keys for each queue: a bug of the caller.
    pub fn publish(
        &self,
        store: &impl Store,
        queues: &[QueueKeys],
        ctrl: Option<CtrlKeys>,
    ) -> Result<(), StoreError> {
        let Some(plan) = &self.plan else { panic!("published without a plan") };
        assert_eq!(queues.len(), plan.queues as usize, "keys for each queue");
        transact(store, TRIES, |txn| {
            let keys = Keys { store, txn, folder: &self.folder };
            keys.remove_former(plan)?;
            keys.write_features(plan)?;
            if let [queue] = queues {
                keys.write_queue("", plan, queue)?;
            } else {
                keys.write_number("", front::MULTI_QUEUE_NUM_QUEUES, plan.queues)?;
                for (index, queue) in queues.iter().enumerate() {
                    keys.write_queue(&format!("queue-{index}/"), plan, queue)?;
                }
            }
            if let Some(ctrl) = ctrl {
                keys.write_number("", net_front::CTRL_RING_REF, ctrl.ring)?;
                keys.write_number("", net_front::EVENT_CHANNEL_CTRL, ctrl.port)?;
            }
            Ok(())
        })
    }

    /// Rings are open and published, or why not.
    pub fn published(&mut self, now: u64, result: Result<(), Failure>) {
        self.handshake.published(now, result);
    }

    /// Switches the back-end's multicast filter, which some back-ends follow at any time and others
    /// only when they connect.
    ///
    /// # Errors
    /// Those of the store.
    pub fn set_multicast_filter(&self, store: &impl Store, on: bool) -> Result<(), StoreError> {
        let path = format!("{}/{}", self.folder, net_front::REQUEST_MULTICAST_CONTROL);
        store.write(None, &path, if on { b"1" } else { b"0" })
    }

    /// What the driver has to do next.
    pub fn next(&mut self, store: &impl Store, now: u64) -> Option<Step> {
        loop {
            if let Some(step) = self.identity_changed.take().or_else(|| self.changed.take()) {
                return Some(step);
            }
            match self.handshake.next_action()? {
                Action::Attach => match self.attach(store, now) {
                    Ok(path) => return Some(Step::Watch(path)),
                    Err(_) => self.handshake.attach_failed(now),
                },
                Action::SetState(state) => {
                    if self.set_state(store, state).is_err() {
                        self.handshake.store_failed(now);
                    }
                }
                Action::Publish => match self.plan_connection(store) {
                    Ok((plan, peer)) => return Some(Step::Open { plan, peer }),
                    Err(failure) => self.handshake.published(now, Err(failure)),
                },
                Action::ReadProperties => {
                    let backend = self.backend.as_ref();
                    let read = backend.map(|(backend, _)| Properties::read(store, &self.folder, backend));
                    let result = match read {
                        Some(Ok(properties)) => {
                            self.properties = Some(properties);
                            Ok(())
                        }
                        Some(Err(_)) => Err(Failure::Store),
                        None => Err(Failure::BackendGone),
                    };
                    self.handshake.properties_read(now, result);
                }
                Action::Enable => {
                    let up = Properties { carrier: true, speed: None };
                    return Some(Step::Enable(self.properties.unwrap_or(up)));
                }
                Action::Disable => return Some(Step::Disable),
                Action::Disconnect => return Some(Step::Disconnect),
                Action::AskEject => return Some(Step::AskEject),
                Action::Report(failure) => {
                    self.write_error(store, failure);
                    return Some(Step::Report(failure));
                }
                Action::Fail(failure) => return Some(Step::Fail(failure)),
                Action::Stopped => return Some(Step::Stopped),
            }
        }
    }

    fn attach(&mut self, store: &impl Store, now: u64) -> Result<String, StoreError> {
        let backend = read_text(store, &self.folder, front::BACKEND)?.ok_or(StoreError::NotFound)?;
        let id = store.read(None, &format!("{}/{}", self.folder, front::BACKEND_ID))?;
        let peer = backend_id(&id).ok_or(StoreError::Invalid)?;
        let own = read_state(store, &self.folder)?.unwrap_or(XenbusState::Unknown);
        let back = read_state(store, &backend)?;
        self.backend = Some((backend.clone(), peer));
        let identity = Identity::read(store, &self.folder)?;
        if self.identity.replace(identity).is_some_and(|before| before != identity) {
            self.identity_changed = Some(Step::Identity(identity));
        }
        self.properties = None;
        self.handshake.attached(now, own, back);
        Ok(backend)
    }

    fn plan_connection(&mut self, store: &impl Store) -> Result<(Plan, Domid), Failure> {
        let (backend, peer) = self.backend.as_ref().ok_or(Failure::BackendGone)?;
        let identity = Identity::read(store, &self.folder).map_err(|_| Failure::Store)?;
        let offer = Offer::read(store, backend).map_err(|_| Failure::Store)?;
        let plan = Plan::new(&offer, &self.policy, identity.trusted).map_err(|_| Failure::Unsupported)?;
        let peer = *peer;
        if self.identity.replace(identity) != Some(identity) {
            self.identity_changed = Some(Step::Identity(identity));
        }
        self.plan = Some(plan);
        Ok((plan, peer))
    }

    /// Writes our state, but does not make a folder again that the toolstack has removed.
    fn set_state(&self, store: &impl Store, state: XenbusState) -> Result<(), StoreError> {
        match store.read(None, &format!("{}/{}", self.folder, front::BACKEND)) {
            Ok(_) => {
                store.write(None, &format!("{}/{}", self.folder, front::STATE), state.as_str().as_bytes())
            }
            Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The node where toolstacks look for a front-end's complaint.
    fn write_error(&self, store: &impl Store, failure: Failure) {
        let (number, text) = match failure {
            Failure::Store => (5, "xenstore failed"),
            Failure::Unsupported => (95, "the back-end lacks feature-rx-copy"),
            Failure::Resources => (12, "no memory, grants or event channels"),
            Failure::TimedOut => (110, "the back-end did not reach the expected state"),
            Failure::Violation => (71, "the back-end broke the protocol"),
            Failure::BackendGone => (19, "the back-end is gone"),
            Failure::Refused => (111, "the back-end closed during the connection"),
        };
        // Best effort: not every toolstack lets a guest write there.
        let path = format!("error/{}/error", self.folder);
        let _ = store.write(None, &path, format!("{number} {text}").as_bytes());
    }
}

/// The front-end's folder within a transaction.
struct Keys<'a, S> {
    store: &'a S,
    txn: TransactionId,
    folder: &'a str,
}

impl<S: Store> Keys<'_, S> {
    fn write(&self, at: &str, name: &str, value: &str) -> Result<(), StoreError> {
        self.store.write(Some(self.txn), &format!("{}/{at}{name}", self.folder), value.as_bytes())
    }

    fn write_number(&self, at: &str, name: &str, value: u32) -> Result<(), StoreError> {
        self.write(at, name, &Decimal::new(value.into()))
    }

    fn write_flag(&self, name: &str, value: bool) -> Result<(), StoreError> {
        self.write("", name, if value { "1" } else { "0" })
    }

    /// Keys of an earlier connection that this one does not overwrite: a back-end that finds both
    /// kinds may take the wrong one.
    fn remove_former(&self, plan: &Plan) -> Result<(), StoreError> {
        let remove = |name: &str| match self.store.remove(Some(self.txn), &format!("{}/{name}", self.folder))
        {
            Ok(()) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        };
        for name in self.store.list(Some(self.txn), self.folder)? {
            let queue = name.strip_prefix("queue-").and_then(keys::device_number);
            let former = match (queue, &*name) {
                (Some(number), _) => plan.queues == 1 || number >= plan.queues,
                (None, front::MULTI_QUEUE_NUM_QUEUES) => plan.queues == 1,
                (None, net_front::TX_RING_REF | net_front::RX_RING_REF) => plan.queues != 1,
                (None, front::EVENT_CHANNEL) => plan.queues != 1 || plan.split_events,
                (None, net_front::EVENT_CHANNEL_TX | net_front::EVENT_CHANNEL_RX) => {
                    plan.queues != 1 || !plan.split_events
                }
                (None, net_front::CTRL_RING_REF | net_front::EVENT_CHANNEL_CTRL) => !plan.ctrl_ring,
                _ => false,
            };
            if former {
                remove(&name)?;
            }
        }
        Ok(())
    }

    fn write_features(&self, plan: &Plan) -> Result<(), StoreError> {
        self.write_flag(net_front::REQUEST_RX_COPY, true)?;
        self.write_flag(net_front::FEATURE_RX_NOTIFY, true)?;
        self.write_flag(net_front::FEATURE_SG, true)?;
        self.write_flag(net_front::FEATURE_GSO_TCPV4, plan.rx_gso_v4)?;
        self.write_flag(net_front::FEATURE_GSO_TCPV6, plan.rx_gso_v6)?;
        self.write_flag(net_front::FEATURE_NO_CSUM_OFFLOAD, !plan.rx_csum_v4)?;
        self.write_flag(net_front::FEATURE_IPV6_CSUM_OFFLOAD, plan.rx_csum_v6)?;
        self.write_flag(net_front::REQUEST_MULTICAST_CONTROL, plan.multicast)?;
        if plan.xdp_headroom {
            self.write_number("", net_front::XDP_HEADROOM, 0)?;
        }
        Ok(())
    }

    fn write_queue(&self, at: &str, plan: &Plan, queue: &QueueKeys) -> Result<(), StoreError> {
        self.write_number(at, net_front::TX_RING_REF, queue.tx_ring)?;
        self.write_number(at, net_front::RX_RING_REF, queue.rx_ring)?;
        if plan.split_events {
            self.write_number(at, net_front::EVENT_CHANNEL_TX, queue.tx_port)?;
            self.write_number(at, net_front::EVENT_CHANNEL_RX, queue.rx_port)
        } else {
            self.write_number(at, front::EVENT_CHANNEL, queue.tx_port)
        }
    }
}

fn read_state(store: &impl Store, folder: &str) -> Result<Option<XenbusState>, StoreError> {
    match store.read(None, &format!("{folder}/{}", back::STATE)) {
        Ok(value) => Ok(Some(parse_state(&value).unwrap_or(XenbusState::Unknown))),
        // Where a folder of another domain was removed, xenstored asks the rights of what is left of
        // its path, and those we have not.
        Err(StoreError::NotFound | StoreError::Denied) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_text(store: &impl Store, folder: &str, name: &str) -> Result<Option<String>, StoreError> {
    match store.read(None, &format!("{folder}/{name}")) {
        Ok(value) => Ok(keys::text(&value).filter(|text| !text.is_empty()).map(String::from)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
