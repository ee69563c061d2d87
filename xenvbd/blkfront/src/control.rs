//! The life of a connection in xenstore.
//!
//! [`Control`] decides, its caller acts: it is stepped at `PASSIVE_LEVEL`, with the time passed in,
//! whenever a watch on the device fires or the time it asked for has come. Every wait has an end.
//!
//! ```text
//! Idle --connect--> AwaitBackend --InitWait--> (Negotiated: the caller opens rings)
//!   --publish--> AwaitConnected --Connected--> (Connected) Connected
//! Connected --the back-end closes--> (Lost)      any --disconnect--> AwaitClosing --> AwaitClosed --> (Closed)
//! ```

use alloc::{format, string::String};

use xenbus::{
    seam::{Host, Store, StoreError, TransactionId},
    types::Domid,
};

use crate::{
    channel::Channel,
    negotiate::{BadDisk, Disk, Offer, Plan, number, text},
};

/// Longest wait for the back-end to reach `InitWait` or `Connected`, in nanoseconds.
pub const CONNECT_BOUND: u64 = 30_000_000_000;
/// Longest wait for the back-end to close.
pub const CLOSE_BOUND: u64 = 10_000_000_000;
/// How often the state is looked at while we wait, should a watch be lost.
const LOOK_AGAIN: u64 = 500_000_000;
/// Tries for a transaction that meets conflicts.
const TRIES: usize = 32;

/// `XenbusState`, as far as a front-end acts on it.
mod state {
    pub const UNKNOWN: u64 = 0;
    pub const INITIALISING: u64 = 1;
    pub const INIT_WAIT: u64 = 2;
    pub const INITIALISED: u64 = 3;
    pub const CONNECTED: u64 = 4;
    pub const CLOSING: u64 = 5;
    pub const CLOSED: u64 = 6;
}

/// The other end of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The back-end's directory.
    pub backend: String,
    /// The domain that it lives in.
    pub peer: Domid,
    /// `virtual-device`: goes into every request.
    pub handle: u16,
    /// `device-type` is `cdrom`.
    pub cdrom: bool,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store failed.
    Store(StoreError),
    /// The device's directory lacks something, or the back-end is gone.
    Gone,
    /// The back-end took too long to reach this state.
    TimedOut(&'static str),
    /// The back-end closed while we were connecting.
    Refused,
    /// Its description makes no sense.
    BadDisk(BadDisk),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Store(error) => write!(f, "xenstore failed: {error:?}"),
            Self::Gone => f.write_str("the back-end is gone"),
            Self::TimedOut(state) => write!(f, "the back-end did not reach {state} in time"),
            Self::Refused => f.write_str("the back-end closed during the connection"),
            Self::BadDisk(bad) => write!(f, "{bad}"),
        }
    }
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to do before this time, unless the watch fires.
    Wait {
        /// In nanoseconds.
        until: u64,
    },
    /// The back-end's offer: open the rings and call [`Control::publish`].
    Negotiated(Offer),
    /// Connected. The rings may be used.
    Connected(Disk),
    /// Connected before, and the back-end describes the disk anew.
    Resized(Disk),
    /// The back-end wants to close. While its `online` is 1 somebody only asked (an eject, which may be
    /// vetoed): I/O goes on. Answer with [`Control::disconnect`] when the disk is no longer needed.
    ClosingAsked {
        /// False: the toolstack takes the disk away for good.
        online: bool,
    },
    /// The back-end closed or vanished: the rings are dead. Disconnect, then connect again.
    Lost,
    /// Closed on both sides.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitBackend { deadline: u64 },
    Publish,
    AwaitConnected { deadline: u64 },
    Connected,
    AwaitClosing { deadline: u64 },
    AwaitClosed { deadline: u64 },
}

/// See the module.
#[derive(Debug)]
pub struct Control {
    front: String,
    identity: Option<Identity>,
    phase: Phase,
    disk: Option<Disk>,
    told_closing: bool,
    /// Closing is only the way to a new connection.
    again: bool,
}

impl Control {
    /// For the device whose front-end directory is `front` (`device/vbd/51712`).
    #[must_use]
    pub fn create(front: &str) -> Self {
        Self {
            front: front.into(),
            identity: None,
            phase: Phase::Idle,
            disk: None,
            told_closing: false,
            again: false,
        }
    }

    /// The front-end's directory.
    #[must_use]
    pub fn front(&self) -> &str {
        &self.front
    }

    /// The other end, once it is known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Reads who the other end is. It may be another one after a migration.
    ///
    /// # Errors
    /// [`Fault::Gone`] when the directory is incomplete.
    pub fn identify(&mut self, store: &impl Store) -> Result<&Identity, Fault> {
        let front = &self.front;
        let backend =
            text(store, &format!("{front}/backend"))?.filter(|b| !b.is_empty()).ok_or(Fault::Gone)?;
        let peer = number(store, &format!("{front}/backend-id"))?
            .and_then(|id| u16::try_from(id).ok())
            .filter(|id| *id < 0x7ff0)
            .ok_or(Fault::Gone)?;
        let device = number(store, &format!("{front}/virtual-device"))?.unwrap_or(0);
        let kind = text(store, &format!("{front}/device-type"))?;
        Ok(self.identity.insert(Identity {
            backend,
            peer: Domid(peer),
            // Extended device numbers do not fit; back-ends do not look at the field.
            handle: device as u16,
            cdrom: kind.as_deref() == Some("cdrom"),
        }))
    }

    /// Whether the back-end waits for a front-end that has not been there yet, rather than to be taken down.
    pub fn begins_anew(&mut self, store: &impl Store) -> bool {
        let state = self.identify(store).is_ok().then(|| self.back_state(store));
        matches!(state, Some(Ok(state::INITIALISING | state::INIT_WAIT)))
    }

    /// Starts to connect.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn connect(&mut self, store: &impl Store, now: u64) -> Result<(), Fault> {
        self.identify(store)?;
        self.told_closing = false;
        let back = self.back_state(store)?;
        if matches!(back, state::INITIALISED | state::CONNECTED | state::CLOSING) {
            // It still serves a front-end before us (boot firmware, a kernel that crashed): close that.
            self.disconnect(store, now)?;
            self.again = true;
            return Ok(());
        }
        // A back-end that already waits is left in peace; any other is asked to begin anew.
        if back != state::INIT_WAIT || self.own_state(store)? != state::INITIALISING {
            self.write_state(store, state::INITIALISING)?;
        }
        self.phase = Phase::AwaitBackend { deadline: now.saturating_add(CONNECT_BOUND) };
        Ok(())
    }

    /// Goes on.
    ///
    /// # Errors
    /// See [`Fault`]. The connection has failed then; disconnect.
    pub fn step(&mut self, store: &impl Store, now: u64) -> Result<Step, Fault> {
        match self.phase {
            Phase::Idle | Phase::Publish => Ok(Step::Wait { until: u64::MAX }),
            Phase::AwaitBackend { deadline } => match self.back_state(store)? {
                state::INIT_WAIT => {
                    self.phase = Phase::Publish;
                    Ok(Step::Negotiated(Offer::read(store, &self.front, self.backend()?)?))
                }
                // Closing, closed or still connected from before (a boot loader's front-end, a reset):
                // it sees our Initialising and starts over.
                _ => wait(now, deadline, "InitWait"),
            },
            Phase::AwaitConnected { deadline } => match self.back_state(store)? {
                state::CONNECTED => self.connected(store),
                state::CLOSING | state::CLOSED => Err(Fault::Refused),
                _ => wait(now, deadline, "Connected"),
            },
            Phase::Connected => self.watch(store),
            Phase::AwaitClosing { deadline } => match self.back_state(store)? {
                state::CLOSING | state::CLOSED | state::UNKNOWN | state::INITIALISING | state::INIT_WAIT => {
                    self.write_closing(store, state::CLOSED)?;
                    self.phase = Phase::AwaitClosed { deadline };
                    Ok(Step::Wait { until: now })
                }
                _ => wait(now, deadline, "Closing"),
            },
            Phase::AwaitClosed { deadline } => match self.back_state(store)? {
                state::CLOSED | state::UNKNOWN | state::INITIALISING | state::INIT_WAIT => {
                    if self.again {
                        self.again = false;
                        self.write_state(store, state::INITIALISING)?;
                        self.phase = Phase::AwaitBackend { deadline: now.saturating_add(CONNECT_BOUND) };
                        return Ok(Step::Wait { until: now });
                    }
                    self.phase = Phase::Idle;
                    Ok(Step::Closed)
                }
                _ => wait(now, deadline, "Closed"),
            },
        }
    }

    fn connected(&mut self, store: &impl Store) -> Result<Step, Fault> {
        let disk = Disk::read(store, self.backend()?).map_err(Fault::BadDisk)?;
        self.write_state(store, state::CONNECTED)?;
        self.disk = Some(disk);
        self.phase = Phase::Connected;
        Ok(Step::Connected(disk))
    }

    /// Connected: has anything changed?
    fn watch(&mut self, store: &impl Store) -> Result<Step, Fault> {
        match self.back_state(store)? {
            state::CONNECTED => {
                self.told_closing = false;
                // A resize rewrites `sectors` while the state stays.
                let disk = Disk::read(store, self.backend()?).map_err(Fault::BadDisk)?;
                if self.disk != Some(disk) {
                    self.disk = Some(disk);
                    return Ok(Step::Resized(disk));
                }
            }
            state::CLOSING if !self.told_closing => {
                self.told_closing = true;
                let online = number(store, &format!("{}/online", self.backend()?))? != Some(0);
                return Ok(Step::ClosingAsked { online });
            }
            state::CLOSING => {}
            _ => return Ok(Step::Lost),
        }
        Ok(Step::Wait { until: u64::MAX })
    }

    /// Tells the back-end about the rings. `channels` in the order of the queues.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn publish<H: Host>(
        &mut self,
        store: &impl Store,
        plan: &Plan,
        channels: &[Channel<H>],
        now: u64,
    ) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let txn = store.begin()?;
            let written = self.write_keys(store, txn, plan, channels);
            let ended = store.end(txn, written.is_ok());
            written?;
            match ended {
                Ok(()) => {
                    self.phase = Phase::AwaitConnected { deadline: now.saturating_add(CONNECT_BOUND) };
                    return Ok(());
                }
                Err(StoreError::Again) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Store(StoreError::Again))
    }

    fn write_keys<H: Host>(
        &self,
        store: &impl Store,
        txn: TransactionId,
        plan: &Plan,
        channels: &[Channel<H>],
    ) -> Result<(), StoreError> {
        let front = &self.front;
        let write =
            |name: &str, value: &str| store.write(Some(txn), &format!("{front}/{name}"), value.as_bytes());
        for (index, channel) in channels.iter().enumerate() {
            let at = if channels.len() > 1 { format!("queue-{index}/") } else { String::new() };
            for (page, gref) in channel.ring_refs().enumerate() {
                // One page: the name of before there were several.
                let number = if plan.ring_order > 0 { format!("{page}") } else { String::new() };
                write(&format!("{at}ring-ref{number}"), &format!("{gref}"))?;
            }
            if let Some(port) = channel.port() {
                write(&format!("{at}event-channel"), &format!("{}", port.raw()))?;
            }
        }
        if channels.len() > 1 {
            write("multi-queue-num-queues", &format!("{}", channels.len()))?;
        } else {
            self.remove(store, txn, "multi-queue-num-queues")?;
        }
        if plan.ring_order > 0 {
            write("ring-page-order", &format!("{}", plan.ring_order))?;
            write("num-ring-pages", &format!("{}", 1 << plan.ring_order))?;
        } else {
            self.remove(store, txn, "ring-page-order")?;
            self.remove(store, txn, "num-ring-pages")?;
        }
        write("protocol", "x86_64-abi")?;
        // Grants that stay are of use only where all data goes through pages of our own.
        write("feature-persistent", if plan.bounce { "1" } else { "0" })?;
        write("state", &format!("{}", state::INITIALISED))
    }

    /// A key that an earlier connection may have left.
    fn remove(&self, store: &impl Store, txn: TransactionId, name: &str) -> Result<(), StoreError> {
        match store.remove(Some(txn), &format!("{}/{name}", self.front)) {
            Ok(()) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Starts to close: the rings are no longer used by us.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn disconnect(&mut self, store: &impl Store, now: u64) -> Result<(), Fault> {
        self.disk = None;
        self.again = false;
        self.phase = Phase::AwaitClosing { deadline: now.saturating_add(CLOSE_BOUND) };
        self.write_closing(store, state::CLOSING)
    }

    /// After a wake in a new domain: nothing of the connection exists any more.
    pub fn forget(&mut self) {
        self.disk = None;
        self.identity = None;
        self.phase = Phase::Idle;
    }

    /// Tells the toolstack why the device does not work (the `error` node).
    pub fn report(&self, store: &impl Store, fault: &Fault) {
        let value = format!("22 {fault}");
        // Best effort: the toolstack of some hosts does not let guests write here.
        let _ = store.write(None, &format!("error/{}/error", self.front), value.as_bytes());
    }

    fn backend(&self) -> Result<&str, Fault> {
        self.identity.as_ref().map(|identity| identity.backend.as_str()).ok_or(Fault::Gone)
    }

    fn back_state(&self, store: &impl Store) -> Result<u64, Fault> {
        Ok(number(store, &format!("{}/state", self.backend()?))?.unwrap_or(state::UNKNOWN))
    }

    fn own_state(&self, store: &impl Store) -> Result<u64, Fault> {
        Ok(number(store, &format!("{}/state", self.front))?.unwrap_or(state::UNKNOWN))
    }

    /// Writes a state on the way out, but does not bring a directory back that the toolstack removed.
    fn write_closing(&self, store: &impl Store, state: u64) -> Result<(), Fault> {
        if self.own_state(store)? == state::UNKNOWN {
            return Ok(());
        }
        self.write_state(store, state)
    }

    fn write_state(&self, store: &impl Store, state: u64) -> Result<(), Fault> {
        Ok(store.write(None, &format!("{}/state", self.front), format!("{state}").as_bytes())?)
    }
}

fn wait(now: u64, deadline: u64, what: &'static str) -> Result<Step, Fault> {
    if now >= deadline {
        return Err(Fault::TimedOut(what));
    }
    Ok(Step::Wait { until: deadline.min(now.saturating_add(LOOK_AGAIN)) })
}
