//! An adapter: its state, what the miniport told about it, who uses it.

use super::attributes::Attributes;
use super::data::Path;
use super::driver::Driver;
use super::{hang, oid, state};
use crate::abi::*;
use crate::ke::{event, wait};
use crate::kernel::lock::Lock;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering::*};

/// States of an adapter (WDK, "Miniport Adapter States and Operations").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum State {
    /// Not initialized, or halted.
    Halted,
    /// In MiniportInitializeEx.
    Initializing,
    /// No data.
    Paused,
    /// In MiniportRestart.
    Restarting,
    /// Data flows.
    Running,
    /// From MiniportPause on until it is complete.
    Pausing,
    /// Shut down.
    Shutdown,
}

const STATES: [State; 7] = [
    State::Halted,
    State::Initializing,
    State::Paused,
    State::Restarting,
    State::Running,
    State::Pausing,
    State::Shutdown,
];

/// An operation that the miniport may complete later.
pub struct Operation {
    pending: AtomicBool,
    status: AtomicI32,
    done: UnsafeCell<KEVENT>,
}

unsafe impl Send for Operation {}
unsafe impl Sync for Operation {}

impl Default for Operation {
    fn default() -> Self {
        Self::new()
    }
}

impl Operation {
    fn new() -> Self {
        Self {
            pending: AtomicBool::new(false),
            status: AtomicI32::new(0),
            done: UnsafeCell::new(event_zero()),
        }
    }

    /// Before the miniport is asked.
    pub fn begin(&self) {
        unsafe { event::initialize(self.done.get(), false, false) };
        self.pending.store(true, Release);
    }

    /// The miniport completes it. False: nothing is pending.
    pub fn complete(&self, status: NDIS_STATUS) -> bool {
        if !self.pending.swap(false, AcqRel) {
            return false;
        }
        self.status.store(status, Release);
        unsafe { event::set(self.done.get()) };
        true
    }

    /// Is it pending?
    pub fn is_pending(&self) -> bool {
        self.pending.load(Acquire)
    }

    /// What the miniport's handler returned; waits if that was NDIS_STATUS_PENDING. None: not completed in time.
    pub fn end(&self, returned: NDIS_STATUS, seconds: u64) -> Option<NDIS_STATUS> {
        if returned != NDIS_STATUS_PENDING {
            // Completed already by the completion routine: the rule of the caller finds it.
            self.pending.store(false, Release);
            return Some(returned);
        }
        let status = unsafe { wait::wait_one(self.done.get(), wait::Timeout::millis(seconds * 1000)) };
        (status == STATUS_SUCCESS).then(|| self.status.load(Acquire))
    }
}

/// An event before it is initialized.
pub fn event_zero() -> KEVENT {
    unsafe { core::mem::zeroed() }
}

/// Who is bound to an adapter: what a protocol's handlers are. Called at IRQL <= DISPATCH_LEVEL.
pub trait Client: Sync {
    /// Received lists. With NDIS_RECEIVE_FLAGS_RESOURCES they are the miniport's again when this returns; else the
    /// client owns them until it calls [`Adapter::give_back`].
    fn receive(&self, adapter: &'static Adapter, lists: &[*mut NET_BUFFER_LIST], flags: u32);
    /// A send is complete.
    fn sent(&self, adapter: &'static Adapter, list: *mut NET_BUFFER_LIST, status: NDIS_STATUS);
    /// A status indication.
    fn status(&self, adapter: &'static Adapter, code: NDIS_STATUS, data: &[u8]);
    /// Return everything that is held: the adapter is about to pause.
    fn pausing(&self, adapter: &'static Adapter);
}

/// Link state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// MediaConnectState….
    pub connect: i32,
    /// MediaDuplexState….
    pub duplex: i32,
    /// Transmit speed in bit/s.
    pub transmit: u64,
    /// Receive speed in bit/s.
    pub receive: u64,
}

/// An adapter.
pub struct Adapter {
    /// Functional device object.
    pub fdo: *mut DEVICE_OBJECT,
    /// Physical device object.
    pub pdo: *mut DEVICE_OBJECT,
    /// What the FDO is attached to.
    pub lower: *mut DEVICE_OBJECT,
    /// The driver.
    pub driver: &'static Driver,
    /// Registry path of the class key instance: the keywords of the INF.
    pub key: String,
    /// NET_IFINDEX.
    pub index: u32,
    state: AtomicU32,
    context: AtomicUsize,
    /// MiniportAddDeviceContext.
    pub add_context: AtomicUsize,
    /// What the miniport told.
    pub attributes: Lock<Attributes>,
    /// Raw and translated resources, as CM_RESOURCE_LIST bytes.
    pub resources: UnsafeCell<(Vec<u64>, Vec<u64>)>,
    /// The bus' interface for its configuration space, if it has one.
    pub bus: Lock<Option<BUS_INTERFACE_STANDARD>>,
    /// Sends and receives.
    pub data: Path,
    /// OID requests.
    pub oids: oid::Queue,
    /// MiniportPause.
    pub pause: Operation,
    /// MiniportPause has returned: from then on the miniport refuses sends.
    pub pause_returned: AtomicBool,
    /// MiniportRestart.
    pub restart: Operation,
    /// MiniportResetEx.
    pub reset: Operation,
    /// Link state.
    pub link: Lock<Link>,
    /// Current task offload configuration.
    pub offload: Lock<Option<NDIS_OFFLOAD>>,
    /// Status indications so far.
    pub indications: Lock<Vec<(NDIS_STATUS, Vec<u8>)>>,
    /// The protocol.
    pub client: Lock<Option<&'static dyn Client>>,
    /// Checks for hangs.
    pub hang: hang::Watch,
    /// Device power state is D0.
    pub powered: AtomicBool,
    /// The hardware is gone.
    pub surprised: AtomicBool,
}

unsafe impl Send for Adapter {}
unsafe impl Sync for Adapter {}

impl Adapter {
    /// Makes the state for a new FDO.
    pub fn new(
        fdo: *mut DEVICE_OBJECT,
        pdo: *mut DEVICE_OBJECT,
        lower: *mut DEVICE_OBJECT,
        driver: &'static Driver,
        key: String,
    ) -> &'static Self {
        let index = {
            let mut next = state().next_index.lock();
            *next += 1;
            *next
        };
        let adapter: &'static Self = Box::leak(Box::new(Self {
            fdo,
            pdo,
            lower,
            driver,
            key,
            index,
            state: AtomicU32::new(State::Halted as u32),
            context: AtomicUsize::new(0),
            add_context: AtomicUsize::new(0),
            attributes: Lock::default(),
            resources: UnsafeCell::default(),
            bus: Lock::new(None),
            data: Path::default(),
            oids: oid::Queue::new(),
            pause: Operation::new(),
            pause_returned: AtomicBool::new(false),
            restart: Operation::new(),
            reset: Operation::new(),
            link: Lock::default(),
            offload: Lock::new(None),
            indications: Lock::default(),
            client: Lock::new(None),
            hang: hang::Watch::new(),
            powered: AtomicBool::new(true),
            surprised: AtomicBool::new(false),
        }));
        adapter.oids.start();
        state().adapters.lock().push(adapter);
        adapter
    }

    /// MiniportAdapterHandle.
    pub fn handle(&self) -> NDIS_HANDLE {
        core::ptr::from_ref(self) as NDIS_HANDLE
    }

    /// NET_LUID: interface type and index.
    pub fn luid(&self) -> u64 {
        u64::from(self.index) << 24 | u64::from(IF_TYPE_ETHERNET_CSMACD) << 48
    }

    /// MiniportAdapterContext.
    pub fn context(&self) -> PVOID {
        self.context.load(Acquire) as PVOID
    }

    /// Sets MiniportAdapterContext.
    pub fn set_context(&self, context: PVOID) {
        self.context.store(context as usize, Release);
    }

    /// The state.
    pub fn state(&self) -> State {
        STATES[self.state.load(Acquire) as usize]
    }

    /// Enters a state.
    pub fn enter(&self, new: State) {
        let name = match new {
            State::Halted => "Halted",
            State::Initializing => "Initializing",
            State::Paused => "Paused",
            State::Restarting => "Restarting",
            State::Running => "Running",
            State::Pausing => "Pausing",
            State::Shutdown => "Shutdown",
        };
        crate::coverage::enter(crate::coverage::Room::Ndis, name);
        self.state.store(new as u32, Release);
    }

    /// The miniport's handlers.
    pub fn handlers(&self) -> &NDIS_MINIPORT_DRIVER_CHARACTERISTICS {
        &self.driver.handlers
    }

    /// The client, if one is bound.
    pub fn client(&self) -> Option<&'static dyn Client> {
        *self.client.lock()
    }

    /// MAC address in use.
    pub fn mac(&self) -> [u8; 6] {
        self.attributes.lock().mac
    }
}
