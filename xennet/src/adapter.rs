//! An adapter: `MiniportInitializeEx` and `MiniportHaltEx`, and what the other modules share.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::{sync::Arc, vec::Vec};
use core::{
    ptr::null_mut,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use arrayvec::ArrayVec;
use netfront::negotiate::Identity;
use nt::sys::*;
use xenbus::{seam::Clock, seam::EventChannels, types::Port};
use xenpci_interface::{Client, EventClient, Kind, LockGuard, SpinLock};

use crate::{
    buffers::BufferRef,
    bus,
    config::Config,
    connect::{Connect, command},
    entry,
    gate::Gate,
    host::{Sink, XenHost},
    lifecycle,
    link::Link,
    offload::{self, Offload},
    oid,
    poll::{self, Poll},
    rss::Scaling,
    rx::{self, RxSide},
    spread::Spread,
    tx::{self, Chain, TxSide},
};

/// Most multicast groups.
pub const MAX_GROUPS: usize = 32;
/// One queue of the device: two halves, each behind its lock.
pub struct Queue {
    /// Sends.
    pub tx: SpinLock<TxSide>,
    /// Receives.
    pub rx: SpinLock<RxSide>,
    /// Number of the event channel of sends; 0 is none.
    pub tx_port: AtomicU32,
    /// Number of the event channel of receives.
    pub rx_port: AtomicU32,
    /// Its part in poll mode.
    pub poll: Poll,
}

/// A handle of NDIS.
#[derive(Clone, Copy)]
struct Handle(NDIS_HANDLE);

// SAFETY: a value that is only passed back; NDIS's functions may be called on any processor.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// The adapter.
pub struct Adapter {
    handle: Handle,
    pool: Handle,
    /// The seams.
    pub host: XenHost,
    /// The keywords.
    pub config: Config,
    /// Offloads that are switched on.
    pub offload: Offload,
    /// As many as may ever be used.
    pub queues: Vec<Queue>,
    /// How many are in use.
    pub active: AtomicU32,
    /// Lists under way.
    pub gate: Gate,
    /// The packet filter.
    pub filter: AtomicU32,
    /// The multicast list.
    pub groups: SpinLock<ArrayVec<[u8; 6], MAX_GROUPS>>,
    /// Receive-side scaling.
    pub scaling: SpinLock<Scaling>,
    /// The link as NDIS knows it.
    pub link: SpinLock<Link>,
    /// The setting of receive-side scaling (its generation) that the back-end hashes by; 0 is none.
    pub hashed: AtomicU32,
    /// Takes frames to the processors that they belong to.
    pub spread: Spread,
    /// NDIS waits for the end of a reset.
    pub resetting: AtomicBool,
    /// Interrupts are moderated: one event for many sends.
    pub moderation: AtomicBool,
    /// The interface, as the system's address table names it (`NET_LUID`).
    pub luid: u64,
    /// What the connection's back-end can segment: bit 0 TCPv4, bit 1 TCPv6.
    pub segments: AtomicU32,
    /// What the toolstack said when the adapter was initialized.
    pub toolstack: Identity,
    /// The address of the device.
    pub permanent: [u8; 6],
    /// The address in use.
    pub current: [u8; 6],
    /// Longest frame without its Ethernet header.
    pub mtu: u32,
    /// The connection.
    pub connect: Connect,
    sink: Arc<Sink>,
}

impl Adapter {
    /// The adapter of a context that NDIS passes.
    ///
    /// # Safety
    /// `context` is the one of the initialization, between it and the end of the halt.
    #[must_use]
    pub unsafe fn of<'a>(context: *mut c_void) -> &'a Self {
        // SAFETY: per contract.
        unsafe { &*context.cast_const().cast::<Self>() }
    }

    /// NDIS's handle.
    #[must_use]
    pub const fn handle(&self) -> NDIS_HANDLE {
        self.handle.0
    }

    /// Counts a list in; false while paused.
    #[must_use]
    pub fn enter(&self) -> bool {
        self.gate.enter()
    }

    /// Counts lists out; the last one while pausing completes the pause.
    pub fn leave(&self, count: u32) {
        if self.gate.leave(count) {
            // SAFETY: the miniport is pausing, and this happens once for it.
            unsafe { NdisMPauseComplete(self.handle()) };
        }
    }

    /// The queue that the current processor sends on: the stack sends a flow from the processor that
    /// receives it.
    #[must_use]
    pub fn sending(&self) -> LockGuard<'_, TxSide> {
        let active = self.active.load(Ordering::Relaxed).max(1);
        let side = self.queues[(self.host.client.processor() % active) as usize].tx.lock();
        if !side.idle {
            return side;
        }
        // The connection became a smaller one just now. The first queue is never idle.
        drop(side);
        self.queues[0].tx.lock()
    }

    /// Offloads that are switched on and that this connection's back-end can do.
    #[must_use]
    pub fn offload_in_force(&self) -> u32 {
        let segments = self.segments.load(Ordering::Relaxed);
        offload::limited(self.offload.bits(), segments & 1 != 0, segments & 2 != 0)
    }

    /// An event came. `DISPATCH_LEVEL`.
    pub fn event(&self, port: u32) {
        for (index, queue) in self.queues.iter().enumerate() {
            let sends = queue.tx_port.load(Ordering::Acquire) == port;
            let receives = queue.rx_port.load(Ordering::Acquire) == port;
            if sends || receives {
                return self.serve(index, sends, receives);
            }
        }
        // The control ring's: looked at by the worker.
        self.connect.command(command::CTRL);
    }

    fn serve(&self, index: usize, sends: bool, receives: bool) {
        let queue = &self.queues[index];
        // The channels stay masked until NDIS has looked at everything.
        if queue.poll.request() {
            return;
        }
        let mut work = false;
        let mut more = false;
        let mut port: Option<Arc<Port>> = None;
        if sends {
            let mut done = Chain::new();
            let mut side = queue.tx.lock();
            let now = self.host.client.now();
            let polled = side.poll(&self.host, now, netfront::tx::TX_SLOTS, &mut done);
            side.pump(&self.host, now, &mut done);
            port.clone_from(&side.port);
            drop(side);
            work |= done.count() != 0;
            tx::complete_all(self, &done);
            match polled {
                Ok(polled) => {
                    more |= polled.more;
                    if polled.pinned {
                        self.connect.command(command::PINNED);
                    }
                }
                Err(_) => return self.connect.command(command::VIOLATION),
            }
        }
        if receives {
            let batch = rx::collect(self, queue, rx::BUDGET, self.host.client.processor());
            rx::indicate(self, &batch.lists, batch.scarce);
            if batch.broken {
                return self.connect.command(command::VIOLATION);
            }
            work |= batch.frames != 0;
            more |= batch.more;
            port.clone_from(&queue.rx.lock().port);
        }
        let Some(port) = port else { return };
        if more {
            self.host.events.kick(&port);
        } else if work {
            self.host.events.unmask(&port);
        } else {
            self.host.events.unmask_spurious(&port);
        }
    }

    /// Frees what belongs to NDIS. Nothing is connected and nothing under way.
    fn free(&self) {
        let mut leaked = false;
        for queue in &self.queues {
            loop {
                let spare = queue.rx.lock().queue.take_spare();
                match spare {
                    Some(buffer) => buffer.destroy(),
                    None => break,
                }
            }
            leaked |= queue.rx.lock().queue.buffers() != 0;
        }
        // A buffer that the back-end still maps is leaked, and with it the pool of its list.
        if !leaked {
            // SAFETY: our pool; all its lists are freed.
            unsafe { NdisFreeNetBufferListPool(self.pool.0) };
        }
    }
}

fn header(ty: u32, revision: u32, size: u64) -> NDIS_OBJECT_HEADER {
    NDIS_OBJECT_HEADER { Type: ty as u8, Revision: revision as u8, Size: size as u16 }
}

/// `MiniportInitializeEx`.
///
/// # Safety
/// Called by NDIS.
pub unsafe extern "win64" fn initialize(
    handle: NDIS_HANDLE,
    _driver: *mut c_void,
    parameters: *mut NDIS_MINIPORT_INIT_PARAMETERS,
) -> NDIS_STATUS {
    let mut next = null_mut();
    // SAFETY: an adapter's handle; what is not asked for may be null.
    unsafe { NdisMGetDeviceProperty(handle, null_mut(), null_mut(), &raw mut next, null_mut(), null_mut()) };
    if next.is_null() {
        return NDIS_STATUS_FAILURE;
    }
    let Some(client) = bus::query(next) else { return NDIS_STATUS_NOT_SUPPORTED };
    // SAFETY: valid for the call.
    let luid = unsafe { (*parameters).NetLuid };
    // SAFETY: both members are plain numbers.
    let luid = unsafe { luid.Value };
    match create(handle, &client, luid) {
        Ok(()) => NDIS_STATUS_SUCCESS,
        Err(status) => status,
    }
}

fn create(handle: NDIS_HANDLE, client: &Client, luid: u64) -> Result<(), NDIS_STATUS> {
    if client.kind() != Kind::Network {
        return Err(NDIS_STATUS_NOT_SUPPORTED);
    }
    let folder = client.frontend_path().map_err(|_| NDIS_STATUS_FAILURE)?;
    let identity = Identity::read(client, &folder).map_err(|_| NDIS_STATUS_FAILURE)?;
    let permanent = identity.mac.ok_or(NDIS_STATUS_INVALID_DATA)?.0;
    let config = Config::open(handle);
    let policy = config.policy(client.processors());
    let sink = Sink::new();
    let api = if config.poll && entry::ndis_version() >= (6, 85) { poll::Api::find() } else { None };
    let queues = (0..policy.queues)
        .map(|_| Queue {
            tx: SpinLock::new(client, TxSide::new()),
            rx: SpinLock::new(client, RxSide::new(config.receive_buffers)),
            tx_port: AtomicU32::new(0),
            rx_port: AtomicU32::new(0),
            poll: Poll::with(api),
        })
        .collect();
    let processors = client.processors();
    let spread = if config.rss && processors > 1 {
        Spread::new(client, processors).ok_or(NDIS_STATUS_RESOURCES)?
    } else {
        Spread::none()
    };
    let connect = Connect::new(client, &folder, policy).ok_or(NDIS_STATUS_RESOURCES)?;
    // The last thing that can fail before there is an adapter to free it.
    let pool = make_pool(handle)?;
    let adapter = Arc::new(Adapter {
        handle: Handle(handle),
        pool: Handle(pool),
        host: XenHost { client: client.clone(), events: EventClient::new(client.clone(), Arc::clone(&sink)) },
        offload: Offload::new(&config),
        queues,
        active: AtomicU32::new(1),
        gate: Gate::new(),
        filter: AtomicU32::new(0),
        groups: SpinLock::new(client, ArrayVec::new()),
        scaling: SpinLock::new(client, Scaling::off()),
        link: SpinLock::new(client, Link::DOWN),
        hashed: AtomicU32::new(0),
        spread,
        resetting: AtomicBool::new(false),
        moderation: AtomicBool::new(config.interrupt_moderation),
        luid,
        segments: AtomicU32::new(3),
        toolstack: identity,
        permanent,
        current: config.address.unwrap_or(permanent),
        // The keyword, where somebody set it; else what the toolstack says.
        mtu: if config.jumbo > 1514 { config.jumbo - 14 } else { identity.mtu },
        connect,
        sink: Arc::clone(&sink),
        config,
    });
    sink.aim(&adapter);
    adapter.spread.aim(&adapter);
    let result = populate(&adapter, client)
        .and_then(|()| attributes(&adapter))
        .map(|()| poll::register(&adapter))
        .and_then(|()| Connect::start(&adapter).ok_or(NDIS_STATUS_RESOURCES));
    if let Err(status) = result {
        adapter.connect.stop();
        poll::deregister(&adapter);
        adapter.free();
        return Err(status);
    }
    // NDIS has the adapter as its context; the halt takes it back.
    let _ = Arc::into_raw(adapter);
    Ok(())
}

fn make_pool(handle: NDIS_HANDLE) -> Result<NDIS_HANDLE, NDIS_STATUS> {
    let mut parameters = NET_BUFFER_LIST_POOL_PARAMETERS {
        Header: header(NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1),
        ProtocolId: 0,
        fAllocateNetBuffer: 1,
        ContextSize: 0,
        PoolTag: u32::from_le_bytes(*b"XNet"),
        DataSize: 0,
    };
    // SAFETY: an adapter's handle; the parameters outlive the call.
    let pool = unsafe { NdisAllocateNetBufferListPool(handle, &raw mut parameters) };
    if pool.is_null() { Err(NDIS_STATUS_RESOURCES) } else { Ok(pool) }
}

/// Makes the receive buffers.
fn populate(adapter: &Adapter, client: &Client) -> Result<(), NDIS_STATUS> {
    for (index, queue) in adapter.queues.iter().enumerate() {
        for _ in 0..adapter.config.receive_buffers {
            let buffer = BufferRef::new(client, adapter.handle(), adapter.pool.0, index as u16)
                .ok_or(NDIS_STATUS_RESOURCES)?;
            queue.rx.lock().queue.lend(buffer);
        }
    }
    Ok(())
}

/// Tells NDIS what we are: registration first, then the rest.
fn attributes(adapter: &Arc<Adapter>) -> Result<(), NDIS_STATUS> {
    let mut registration = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
            NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
            NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
        ),
        MiniportAdapterContext: Arc::as_ptr(adapter).cast_mut().cast(),
        AttributeFlags: NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE
            | NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK
            | NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM,
        CheckForHangTimeInSeconds: 4,
        InterfaceType: NdisInterfaceInternal,
    };
    set_attributes(adapter, (&raw mut registration).cast())?;

    let mut power = NDIS_PM_CAPABILITIES {
        Header: header(
            NDIS_OBJECT_TYPE_DEFAULT,
            NDIS_PM_CAPABILITIES_REVISION_2,
            NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2,
        ),
        ..NDIS_PM_CAPABILITIES::default()
    };
    let mut scaling = oid::scaling_capabilities(adapter);
    let mut list = oid::SUPPORTED;
    let link = *adapter.link.lock();
    let mut address = [0; 32];
    address[..6].copy_from_slice(&adapter.permanent);
    let mut current = [0; 32];
    current[..6].copy_from_slice(&adapter.current);
    let priority = adapter.config.priority_vlan;
    let mut general = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
            NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
            NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
        ),
        MediaType: NdisMedium802_3,
        PhysicalMediumType: NdisPhysicalMedium802_3,
        MtuSize: adapter.mtu,
        MaxXmitLinkSpeed: link.speed,
        XmitLinkSpeed: u64::MAX,
        MaxRcvLinkSpeed: link.speed,
        RcvLinkSpeed: u64::MAX,
        MediaConnectState: link.connect_state(),
        MediaDuplexState: MediaDuplexStateFull,
        LookaheadSize: adapter.mtu + 14,
        MacOptions: oid::mac_options(priority),
        SupportedPacketFilters: oid::FILTERS,
        MaxMulticastListSize: MAX_GROUPS as u32,
        MacAddressLength: 6,
        PermanentMacAddress: address,
        CurrentMacAddress: current,
        RecvScaleCapabilities: if adapter.config.rss { &raw mut scaling } else { null_mut() },
        AccessType: NET_IF_ACCESS_BROADCAST,
        DirectionType: NET_IF_DIRECTION_SENDRECEIVE,
        ConnectionType: NET_IF_CONNECTION_DEDICATED,
        IfType: IF_TYPE_ETHERNET_CSMACD as u16,
        IfConnectorPresent: 1,
        SupportedStatistics: oid::STATISTICS,
        SupportedPauseFunctions: 0,
        SupportedOidList: list.as_mut_ptr(),
        SupportedOidListLength: size_of_val(&list) as u32,
        PowerManagementCapabilitiesEx: &raw mut power,
        ..NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES::default()
    };
    set_attributes(adapter, (&raw mut general).cast())?;

    let mut current = offload::describe(adapter.offload.bits());
    let mut capable = offload::describe(offload::CAPABLE);
    let mut offloads = NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
            NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
            NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
        ),
        DefaultOffloadConfiguration: &raw mut current,
        HardwareOffloadCapabilities: &raw mut capable,
        DefaultTcpConnectionOffloadConfiguration: null_mut(),
        TcpConnectionOffloadHardwareCapabilities: null_mut(),
    };
    set_attributes(adapter, (&raw mut offloads).cast())
}

fn set_attributes(
    adapter: &Adapter,
    attributes: *mut NDIS_MINIPORT_ADAPTER_ATTRIBUTES,
) -> Result<(), NDIS_STATUS> {
    // SAFETY: one of the attribute structures with its header; it and what it points to outlive the call.
    match unsafe { NdisMSetMiniportAttributes(adapter.handle(), attributes) } {
        NDIS_STATUS_SUCCESS => Ok(()),
        status => Err(status),
    }
}

/// `MiniportHaltEx`.
///
/// # Safety
/// Called by NDIS once, after which it does not use the context any more.
pub unsafe extern "win64" fn halt(context: *mut c_void, _action: NDIS_HALT_ACTION) {
    // SAFETY: the count that `create` gave to NDIS.
    let adapter = unsafe { Arc::from_raw(context.cast_const().cast::<Adapter>()) };
    adapter.connect.stop();
    poll::deregister(&adapter);
    lifecycle::abort_all(&adapter, NDIS_STATUS_FAILURE);
    adapter.free();
    // The last reference but for those that a callback may just be dropping.
    let _ = &adapter.sink;
}
