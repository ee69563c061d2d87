//! The TCP/IP stack of one adapter: smoltcp, driven by an NT thread; its time is the kernel's.

use super::bind::{self, Settings};
use super::link::Link;
use super::transmit::{self, Made, Outgoing};
use crate::abi::*;
use crate::ke::{event, thread, wait};
use crate::kernel::{kernel, lock::Lock};
use crate::ndis::adapter::{Adapter, Client, State, event_zero};
use crate::ndis::life;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{self, Checksum, DeviceCapabilities, Medium, PacketMeta};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

/// The device that smoltcp sees: queues of whole frames.
pub struct Queues {
    incoming: VecDeque<Vec<u8>>,
    outgoing: Vec<Made>,
    capabilities: DeviceCapabilities,
}

/// A received frame.
pub struct RxToken(Vec<u8>);
/// Room for a frame to send.
pub struct TxToken<'a>(&'a mut Vec<Made>, PacketMeta);

impl phy::RxToken for RxToken {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut bytes = alloc::vec![0; length];
        let result = f(&mut bytes);
        let mss = self.1.segmentation_offload_size.map_or(0, |size| size.get().into());
        self.0.push(Made { bytes, mss });
        result
    }

    fn set_meta(&mut self, meta: PacketMeta) {
        self.1 = meta;
    }
}

/// Frames that one turn of the stack may produce.
const BURST: usize = 256;

impl phy::Device for Queues {
    type RxToken<'a> = RxToken;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, _: Instant) -> Option<(RxToken, TxToken<'_>)> {
        let frame = self.incoming.pop_front()?;
        Some((RxToken(frame), TxToken(&mut self.outgoing, PacketMeta::default())))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxToken<'_>> {
        (self.outgoing.len() < BURST).then_some(TxToken(&mut self.outgoing, PacketMeta::default()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.capabilities.clone()
    }
}

/// What smoltcp leaves to what is below it.
fn capabilities(settings: &Settings) -> DeviceCapabilities {
    let mut caps = DeviceCapabilities::default();
    caps.medium = Medium::Ethernet;
    caps.max_transmission_unit = settings.mtu + 14;
    if settings.lean {
        (caps.checksum.tcp, caps.checksum.udp) = (Checksum::None, Checksum::None);
        // smoltcp leaves two segments to it, and more. Those of IPv6 it goes on to make itself.
        let (most, fewest) = settings.lso[0];
        caps.segmentation.tcpv4 = NonZeroUsize::new(most.min(0xFFFF)).filter(|_| fewest <= 2);
    }
    caps
}

/// What the gate protects.
pub struct Inner {
    /// The device.
    pub queues: Queues,
    /// The interface.
    pub interface: Interface,
    /// Sockets.
    pub sockets: SocketSet<'static>,
}

/// A stack, bound to an adapter.
pub struct Stack {
    /// The adapter.
    pub adapter: &'static Adapter,
    /// What was agreed with it.
    pub settings: Lock<Settings>,
    /// Multicast groups of its addresses.
    pub groups: Lock<Vec<[u8; 6]>>,
    /// Addresses that are not known to be unique yet: the system uses them, and tells nobody.
    pub tentative: Lock<Vec<IpCidr>>,
    /// Queues to and from it.
    pub link: Link,
    /// Turns of its thread.
    pub turns: AtomicU64,
    inner: UnsafeCell<Option<Inner>>,
    gate: UnsafeCell<KEVENT>,
    work: UnsafeCell<KEVENT>,
    changed: UnsafeCell<KEVENT>,
    stopped: UnsafeCell<KEVENT>,
    closing: AtomicBool,
    ports: AtomicU32,
}

unsafe impl Send for Stack {}
unsafe impl Sync for Stack {}

/// Now, for smoltcp.
pub fn now() -> Instant {
    Instant::from_micros((kernel().engine.now() / 1000) as i64)
}

impl Stack {
    /// Binds to an adapter: pauses it, opens it, restarts it, sets filters and offloads. PASSIVE_LEVEL.
    ///
    /// # Errors
    /// NDIS_STATUS_ADAPTER_NOT_READY if it does not run, or what MiniportRestart returned.
    pub fn open(adapter: &'static Adapter) -> Result<&'static Self, NDIS_STATUS> {
        Self::open_as(adapter, false)
    }

    /// As [`Stack::open`]; `lean` is [`Settings::lean`].
    ///
    /// # Errors
    /// Those of [`Stack::open`].
    pub fn open_as(adapter: &'static Adapter, lean: bool) -> Result<&'static Self, NDIS_STATUS> {
        if !matches!(adapter.state(), State::Running | State::Paused) || adapter.client().is_some() {
            return Err(NDIS_STATUS_ADAPTER_NOT_READY);
        }
        let stack: &'static Self = Box::leak(Box::new(Self {
            adapter,
            settings: Lock::default(),
            groups: Lock::default(),
            tentative: Lock::default(),
            link: Link::default(),
            turns: AtomicU64::new(0),
            inner: UnsafeCell::new(None),
            gate: UnsafeCell::new(event_zero()),
            work: UnsafeCell::new(event_zero()),
            changed: UnsafeCell::new(event_zero()),
            stopped: UnsafeCell::new(event_zero()),
            closing: AtomicBool::new(false),
            ports: AtomicU32::new(0),
        }));
        unsafe {
            event::initialize(stack.gate.get(), true, true);
            event::initialize(stack.work.get(), true, false);
            event::initialize(stack.changed.get(), false, false);
            event::initialize(stack.stopped.get(), false, false);
        }
        stack.link.start();
        life::pause(adapter, NDIS_PAUSE_BIND_PROTOCOL);
        *adapter.client.lock() = Some(stack as &'static dyn Client);
        let status = life::restart(adapter);
        if status != NDIS_STATUS_SUCCESS {
            *adapter.client.lock() = None;
            return Err(status);
        }
        let settings = Settings { lean, ..bind::configure(adapter) };
        let capabilities = capabilities(&settings);
        let mut queues = Queues { incoming: VecDeque::new(), outgoing: Vec::new(), capabilities };
        *stack.settings.lock() = settings;
        let mut config = Config::new(EthernetAddress(adapter.mac()).into());
        config.random_seed = u64::from(kernel().engine.choose(u32::MAX, "TCP seed"));
        let interface = Interface::new(config, &mut queues, now());
        unsafe {
            *stack.inner.get() = Some(Inner { queues, interface, sockets: SocketSet::new(Vec::new()) })
        };
        super::stacks().0.lock().push(stack);
        if thread::spawn(move || stack.run()).is_err() {
            super::stacks().0.lock().retain(|s| !core::ptr::eq(*s, stack));
            *adapter.client.lock() = None;
            return Err(NDIS_STATUS_RESOURCES);
        }
        Ok(stack)
    }

    /// Adds an address and, if given, a default route.
    pub fn address(&self, cidr: IpCidr, gateway: Option<IpAddress>) {
        if let IpAddress::Ipv6(address) = cidr.address() {
            // The solicited-node group, by which neighbours ask for this address.
            let [.., a, b, c] = address.octets();
            self.groups.lock().push([0x33, 0x33, 0xff, a, b, c]);
            bind::filters(self.adapter);
        }
        self.with(|inner| {
            inner.interface.update_ip_addrs(|all| {
                let _ = all.push(cidr);
            });
            let routes = inner.interface.routes_mut();
            let _ = match gateway {
                Some(IpAddress::Ipv4(g)) => routes.add_default_ipv4_route(g),
                Some(IpAddress::Ipv6(g)) => routes.add_default_ipv6_route(g),
                None => Ok(None),
            };
        });
    }

    /// Runs `f` on the stack. PASSIVE_LEVEL; `f` must not wait.
    pub fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        unsafe { wait::wait_one(self.gate.get(), wait::Timeout::Never) };
        let inner = unsafe { (*self.inner.get()).as_mut() }.expect("made by open");
        let result = f(inner);
        unsafe { event::set(self.gate.get()) };
        result
    }

    /// There is work. IRQL <= DISPATCH_LEVEL.
    pub fn wake(&self) {
        unsafe { event::set(self.work.get()) };
    }

    /// A port that was not used before.
    pub fn fresh_port(&self) -> u16 {
        49152 + (self.ports.fetch_add(1, Relaxed) % 16000) as u16
    }

    /// Tries `f` until it gives a result, or until so many milliseconds have passed. What is done before the call, and
    /// by the `f` that gives the result, the stack is told; an `f` that gives none has done nothing.
    pub fn until<R>(&self, milliseconds: u64, mut f: impl FnMut(&mut Inner) -> Option<R>) -> Option<R> {
        let end = kernel().engine.now() + milliseconds * 1_000_000;
        self.wake();
        loop {
            unsafe { event::reset(self.changed.get()) };
            let result = self.with(&mut f);
            if result.is_some() {
                self.wake();
                return result;
            }
            if kernel().engine.now() >= end || self.closing.load(Acquire) {
                return None;
            }
            unsafe { wait::wait_one(self.changed.get(), wait::Timeout::millis(50)) };
        }
    }

    /// Sends a frame as it is. PASSIVE_LEVEL.
    pub fn send_frame(&self, frame: &[u8]) {
        self.link.send(
            self.adapter,
            &[Outgoing { bytes: frame.to_vec(), headers: frame.len().min(14), ..Default::default() }],
        );
    }

    /// Sends frames with metadata of the caller's choice. PASSIVE_LEVEL.
    pub fn send_outgoing(&self, frames: &[Outgoing]) {
        self.link.send(self.adapter, frames);
    }

    /// Ends the binding: the adapter may go. PASSIVE_LEVEL.
    pub fn detach(&self) {
        if !self.closing.swap(true, AcqRel) {
            self.wake();
            unsafe { wait::wait_one(self.stopped.get(), wait::Timeout::Never) };
        }
        // The sends that are at the miniport come back while it pauses; so the client stays until then.
    }

    fn run(&'static self) {
        while !self.closing.load(Acquire) {
            self.turns.fetch_add(1, Relaxed);
            let received = self.link.take();
            let (frames, delay) = self.with(|inner| {
                inner.queues.incoming.extend(received.into_iter().map(|f| f.bytes));
                inner.interface.poll(now(), &mut inner.queues, &mut inner.sockets);
                let delay = inner.interface.poll_delay(now(), &inner.sockets);
                (core::mem::take(&mut inner.queues.outgoing), delay)
            });
            if !frames.is_empty() {
                let settings = self.settings.lock().clone();
                let out = transmit::prepare(frames, &settings);
                self.link.send(self.adapter, &out);
            }
            self.link.give_all_back(self.adapter);
            unsafe { event::set(self.changed.get()) };
            let delay = delay.map_or(1000, |d| d.total_millis()).clamp(1, 1000);
            unsafe { wait::wait_one(self.work.get(), wait::Timeout::millis(delay)) };
        }
        self.link.give_all_back(self.adapter);
        unsafe { event::set(self.stopped.get()) };
    }
}
