//! Event channels: the scheme, ports, and scanning when an interrupt came.

use alloc::{
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    mem::ManuallyDrop,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use nt::sys::{KeFlushQueuedDpcs, NTSTATUS, STATUS_INSUFFICIENT_RESOURCES};
use xenbus::{
    abi::event::{ControlBlock, Kind},
    arch::{Direct, Xen},
    errno::Errno,
    event::{Delivery, Fifo, NoRoom, Queues, Scan, Scheme, TwoLevel, Unmask, Vcpu},
    page::RawPages,
    seam::EventError,
    types::{Domid, Gfn, PAGE_SIZE, Port},
};

use super::{
    channels::{Channel, Handler, Table, Unmasker},
    pages::Pages,
};
use crate::os::Spin;

/// Bytes between two control blocks: a multiple of 8, two cache lines.
const STRIDE: usize = 128;
/// Ports that one interrupt looks at, before the rest is left to the next.
const BUDGET: u32 = 512;

/// A page of words of the hypervisor's.
pub type SharedWords = RawPages<[Gfn; 1]>;

/// A processor as events see it.
pub struct Cpu {
    /// The hypervisor's id.
    pub vcpu: u32,
    /// Its `vcpu_info`; `None` where there is none: it cannot take events.
    pub info: Option<Vcpu<Info>>,
    /// What earlier scans left. Only touched by whoever scans: see [`Events::scan`].
    queues: Spin<Queues>,
    scanning: AtomicBool,
    /// It has its vector.
    pub vectored: AtomicBool,
    interrupts: AtomicU32,
}

/// Words that hold `vcpu_info`: the shared info page, or registered pages.
#[derive(Clone)]
pub struct Info(pub Arc<dyn xenbus::page::Words + Send + Sync>);

impl xenbus::page::Words for Info {
    fn words(&self) -> &[xenbus::sync::AtomicU32] {
        self.0.words()
    }
}

/// Event channels.
pub struct Events {
    me: Weak<Self>,
    xen: Xen<Direct>,
    /// The scheme that every hypervisor has, and the other; which is in use may change with a wake.
    two_level: Scheme<SharedWords, Pages>,
    fifo: ManuallyDrop<Scheme<SharedWords, Pages>>,
    fifo_active: AtomicBool,
    /// Control blocks of the FIFO scheme, by NT index.
    control: ManuallyDrop<Pages>,
    /// The hypervisor would not forget the FIFO scheme's pages: they are leaked on purpose.
    leaked: AtomicBool,
    pub cpus: Vec<Cpu>,
    line: AtomicBool,
    table: Table,
    /// Channels from before a wake, which their owners have not closed yet.
    stale: Spin<Vec<Arc<Channel>>>,
    /// One at a time adds pages to the array.
    growing: crate::os::Mutex<()>,
    closed: AtomicBool,
    /// The platform is being rebuilt: interrupts are acknowledged and nothing is scanned.
    paused: AtomicBool,
    canary: AtomicU32,
}

/// A processor's control block.
struct Control<'a>(&'a [xenbus::sync::AtomicU32]);

impl xenbus::page::Words for Control<'_> {
    fn words(&self) -> &[xenbus::sync::AtomicU32] {
        self.0
    }
}

const _: () = assert!(size_of::<ControlBlock>() <= STRIDE && PAGE_SIZE.is_multiple_of(STRIDE));

impl Events {
    /// Sets the scheme up. `shared` is the shared info page; `cpus` are in the order of NT indexes.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(
        xen: Xen<Direct>,
        shared: SharedWords,
        infos: Vec<CpuInfo>,
        fifo: bool,
    ) -> Result<Arc<Self>, NTSTATUS> {
        let no_memory = |_| STATUS_INSUFFICIENT_RESOURCES;
        let control = Pages::new((infos.len() * STRIDE).div_ceil(PAGE_SIZE)).map_err(no_memory)?;
        let cpus: Vec<Cpu> = infos
            .into_iter()
            .map(|(vcpu, info)| Cpu {
                vcpu,
                info,
                queues: Spin::new(Queues::default()),
                scanning: AtomicBool::new(false),
                vectored: AtomicBool::new(false),
                interrupts: AtomicU32::new(0),
            })
            .collect();
        // Masks all ports, whichever scheme follows.
        let two_level = Scheme::TwoLevel(TwoLevel::create(shared));
        let fifo_active = fifo && start_fifo(xen, &cpus, &control);
        Ok(Arc::new_cyclic(|me| Self {
            me: me.clone(),
            xen,
            two_level,
            fifo: ManuallyDrop::new(Scheme::Fifo(Fifo::create())),
            fifo_active: AtomicBool::new(fifo_active),
            control: ManuallyDrop::new(control),
            leaked: AtomicBool::new(false),
            cpus,
            line: AtomicBool::new(true),
            table: Table::new(),
            stale: Spin::new(Vec::new()),
            growing: crate::os::Mutex::new(()),
            closed: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            canary: AtomicU32::new(0),
        }))
    }

    /// True when the FIFO scheme is in use.
    pub fn is_fifo(&self) -> bool {
        self.fifo_active.load(Ordering::Acquire)
    }

    fn scheme(&self) -> &Scheme<SharedWords, Pages> {
        if self.is_fifo() { &self.fifo } else { &self.two_level }
    }

    /// How events reach processors from now on.
    pub fn set_delivery(&self, delivery: Delivery) {
        self.line.store(delivery == Delivery::Line, Ordering::Release);
    }

    /// How events reach processors.
    pub fn delivery(&self) -> Delivery {
        if self.line.load(Ordering::Acquire) { Delivery::Line } else { Delivery::PerVcpu }
    }

    fn control_of(&self, index: usize) -> Control<'_> {
        let words = xenbus::page::Words::words(&*self.control);
        Control(&words[index * STRIDE / 4..(index + 1) * STRIDE / 4])
    }

    /// An interrupt came for processor `index` (in line mode: any, and the index is that of vCPU 0).
    /// True if there was an event. At DIRQL, or at any lower IRQL for a poll.
    pub fn scan(&self, index: usize) -> bool {
        let Some(cpu) = self.cpus.get(index) else { return false };
        let Some(info) = &cpu.info else { return false };
        if self.paused.load(Ordering::Acquire) {
            // `poll` follows when the pause is over.
            return info.acknowledge();
        }
        let pending = info.is_pending();
        if !pending && !self.is_stuck(index) {
            return false;
        }
        // Interrupt routines of one interrupt object exclude each other; this keeps a poll out too.
        // Who is kept out leaves the work to the other, which looks again before it lets go.
        while !cpu.scanning.swap(true, Ordering::AcqRel) {
            cpu.interrupts.fetch_add(1, Ordering::Relaxed);
            let more = self.scan_exclusive(cpu, info, index);
            cpu.scanning.store(false, Ordering::Release);
            if more == Scan::Done && !info.is_pending() {
                break;
            }
        }
        pending
    }

    #[expect(unsafe_code, reason = "exclusive access by the flag")]
    fn scan_exclusive(&self, cpu: &Cpu, info: &Vcpu<Info>, index: usize) -> Scan {
        let queues = cpu.queues.peek().cast_mut();
        // SAFETY: `scanning` is held; nobody else touches the queues.
        let queues = unsafe { &mut *queues };
        self.scheme().scan(info, &self.control_of(index), queues, BUDGET, |port| self.taken(port))
    }

    /// Something may be left of a scan that ended by its budget.
    fn is_stuck(&self, index: usize) -> bool {
        match self.scheme() {
            Scheme::Fifo(_) => {
                let ready = core::mem::offset_of!(ControlBlock, ready);
                xenbus::page::Words::word(&self.control_of(index), ready).load(Ordering::Acquire) != 0
            }
            Scheme::TwoLevel(_) => false,
        }
    }

    fn taken(&self, port: u32) {
        // Nobody's (any more): it stays masked.
        if let Some(channel) = self.table.find(port) {
            channel.kick();
        }
    }

    /// Looks at all processors' queues, as after a bind: a disabled local APIC drops the edge.
    pub fn poll(&self) {
        for index in 0..self.cpus.len() {
            self.scan(index);
        }
    }

    /// Allocates a port for `peer`, masked, whose events run `handler` on processor `processor`.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// See [`EventError`]; [`EventError::Closed`] as long as `owner` has ports of an earlier domain: a new one might get
    /// the number of one of these, and be closed in its place.
    pub fn alloc_unbound(
        &self,
        peer: Domid,
        owner: usize,
        processor: u32,
        handler: Handler,
    ) -> Result<Port, EventError> {
        let outdated = self.stale.lock().iter().any(|channel| channel.owner == owner);
        if outdated || self.closed.load(Ordering::Acquire) {
            return Err(EventError::Closed);
        }
        let port = self.xen.event_alloc_unbound(peer).map_err(refused)?;
        let number = port.raw();
        if let Err(error) = self.adopt(number, owner, processor, handler) {
            let _ = self.xen.event_close(port);
            return Err(error);
        }
        Ok(port)
    }

    /// Takes over a port that exists (of xenstore or the console), masked. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`EventError::Exhausted`].
    pub fn adopt(&self, port: u32, owner: usize, processor: u32, handler: Handler) -> Result<(), EventError> {
        self.make_room(port)?;
        self.scheme().mask(port);
        let me: Weak<Self> = self.me.clone();
        let channel = Channel::new(port, owner, processor, handler, me).ok_or(EventError::Exhausted)?;
        if !self.table.insert(channel) {
            return Err(EventError::Exhausted);
        }
        self.bind(port, processor);
        Ok(())
    }

    /// Has a port delivered where its consumer wants it, as far as possible.
    fn bind(&self, port: u32, processor: u32) {
        let index = if (processor as usize) < self.cpus.len() { processor as usize } else { 0 };
        let cpu = &self.cpus[index];
        let ready = cpu.info.is_some() && cpu.vectored.load(Ordering::Acquire);
        let vcpu = self.delivery().target(cpu.vcpu, ready);
        // IPIs and the like cannot be moved; they then stay where they are.
        let _ = self.xen.event_bind_vcpu(&Port::from_raw(port), vcpu);
    }

    /// Adds pages to the array until it has a word for `port`.
    fn make_room(&self, port: u32) -> Result<(), EventError> {
        let Scheme::Fifo(fifo) = self.scheme() else {
            return if port < self.scheme().ports() { Ok(()) } else { Err(EventError::Exhausted) };
        };
        let _growing = self.growing.lock();
        while port >= fifo.ports() {
            let page = Pages::new(1).map_err(|_| EventError::Exhausted)?;
            match fifo.add_page(page, |page| self.expand(page)) {
                Ok(()) => {}
                Err(NoRoom(_, Some(errno))) => return Err(refused(errno)),
                Err(NoRoom(_, None)) => return Err(EventError::Exhausted),
            }
        }
        Ok(())
    }

    #[expect(unsafe_code, reason = "tells the hypervisor about a page")]
    fn expand(&self, page: &Pages) -> Result<(), Errno> {
        // SAFETY: the page belongs to the array, which lives as long as the scheme: `destroy` resets
        // before it is freed.
        unsafe { self.xen.event_expand_array(page.gfns()[0]) }
    }

    /// Sends an event. `IRQL <= DISPATCH_LEVEL`.
    pub fn notify(&self, port: u32, owner: usize) {
        if self.table.find(port).is_some_and(|channel| channel.owner == owner) {
            // A port without its other end (the back-end is gone) cannot be notified; nobody waits.
            let _ = self.xen.event_send(&Port::from_raw(port));
        }
    }

    /// The consumer has run; `work` says whether it found any. `IRQL <= DISPATCH_LEVEL`.
    pub fn unmask(&self, port: u32, owner: usize, work: bool) {
        if let Some(channel) = self.table.find(port).filter(|channel| channel.owner == owner)
            && !channel.delay_unmask(work)
        {
            self.unmask_now(port);
        }
    }

    /// Holds events back.
    pub fn mask(&self, port: u32, owner: usize) {
        if self.table.find(port).is_some_and(|channel| channel.owner == owner) {
            self.scheme().mask(port);
        }
    }

    /// Runs the handler as if an event had come.
    pub fn kick(&self, port: u32, owner: usize) {
        if let Some(channel) = self.table.find(port).filter(|channel| channel.owner == owner) {
            channel.kick();
        }
    }

    /// Moves a port's events to another processor. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`EventError::Closed`] when it is not `owner`'s.
    pub fn retarget(&self, port: u32, owner: usize, processor: u32) -> Result<(), EventError> {
        let channel = self.table.find(port).filter(|c| c.owner == owner).ok_or(EventError::Closed)?;
        channel.retarget(processor);
        self.bind(port, processor);
        // An edge may have been lost on the way.
        self.poll();
        Ok(())
    }

    /// Closes a port; its handler does not run any more afterwards. `PASSIVE_LEVEL`.
    pub fn close(&self, port: u32, owner: usize) {
        if let Some(channel) = self.table.remove(port, owner) {
            self.scheme().mask(port);
            let _ = self.xen.event_close(Port::from_raw(port));
            channel.close();
            return;
        }
        // One from before a wake: its number may be somebody else's by now.
        let stale = {
            let mut stale = self.stale.lock();
            let at = stale.iter().position(|channel| channel.port() == port && channel.owner == owner);
            at.map(|at| stale.swap_remove(at))
        };
        if let Some(channel) = stale {
            channel.close();
        }
    }

    /// Closes all ports of `owner`, those from before a wake too. `PASSIVE_LEVEL`.
    pub fn close_all(&self, owner: usize) {
        let mut ports = Vec::new();
        self.table.each(|channel| {
            if channel.owner == owner {
                ports.push(channel.port());
            }
        });
        for port in ports {
            self.close(port, owner);
        }
        let stale: Vec<Arc<Channel>> = {
            let mut all = self.stale.lock();
            let (theirs, others) = core::mem::take(&mut *all).into_iter().partition(|c| c.owner == owner);
            *all = others;
            theirs
        };
        for channel in stale {
            channel.close();
        }
    }

    /// Makes the port by which a wake tells the old domain from a new one. `PASSIVE_LEVEL`.
    pub fn plant_canary(&self) {
        if let Ok(port) = self.xen.event_bind_ipi(self.cpus.first().map_or(0, |cpu| cpu.vcpu)) {
            let _ = self.make_room(port.raw());
            self.scheme().mask(port.raw());
            self.canary.store(port.raw(), Ordering::Release);
        }
    }

    /// True while the domain is the one in which the canary was planted. Any IRQL.
    pub fn canary_lives(&self) -> bool {
        let port = self.canary.load(Ordering::Acquire);
        port != 0 && self.xen.event_status(port).is_ok_and(|state| state.kind == Kind::IPI)
    }

    /// The ports, for the debug dump. Any IRQL.
    ///
    /// # Errors
    /// Only those of `to`.
    pub fn describe(&self, to: &mut dyn core::fmt::Write) -> core::fmt::Result {
        writeln!(to, "events: {}, {:?}", if self.is_fifo() { "FIFO" } else { "2-level" }, self.delivery())?;
        for (index, cpu) in self.cpus.iter().enumerate() {
            let vectored = cpu.vectored.load(Ordering::Relaxed);
            let interrupts = cpu.interrupts.load(Ordering::Relaxed);
            writeln!(to, "  cpu {index}: vcpu {}, vector {vectored}, {interrupts} interrupts", cpu.vcpu)?;
        }
        let mut result = Ok(());
        self.table.each(|channel| {
            let port = channel.port();
            let (pending, masked) = (self.scheme().is_pending(port), self.scheme().is_masked(port));
            let line = writeln!(
                to,
                "  port {port}: owner {:#x}, cpu {}, {} events, pending {pending}, masked {masked}",
                channel.owner,
                channel.processor.load(Ordering::Relaxed),
                channel.count(),
            );
            result = result.and(line);
        });
        result
    }

    /// Before a suspend: no new ports.
    pub fn suspend(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// While the platform is rebuilt nothing is scanned.
    pub fn pause(&self, pause: bool) {
        self.paused.store(pause, Ordering::Release);
    }

    /// Lets go of a channel from before a wake, of the bus's own. `PASSIVE_LEVEL`.
    pub fn close_stale(&self, port: u32) {
        let stale = {
            let mut stale = self.stale.lock();
            let at = stale.iter().position(|channel| channel.port() == port && channel.owner == 0);
            at.map(|at| stale.swap_remove(at))
        };
        if let Some(channel) = stale {
            channel.close();
        }
    }

    /// Ports may be made again.
    pub fn resume(&self) {
        self.closed.store(false, Ordering::Release);
    }

    /// In a new domain: the scheme is set up again; all ports of before are void and their channels
    /// wait for their owners. Nobody scans meanwhile (all processors are parked, or interrupts are
    /// disconnected). Allocates: `IRQL <= DISPATCH_LEVEL`.
    pub fn recreate(&self) {
        self.canary.store(0, Ordering::Release);
        let old = self.table.drain();
        self.stale.lock().extend(old);
        for cpu in &self.cpus {
            *cpu.queues.lock() = Queues::default();
        }
        for word in xenbus::page::Words::words(&*self.control) {
            word.store(0, Ordering::Relaxed);
        }
        for port in 0..TwoLevel::<SharedWords>::PORTS {
            self.two_level.mask(port);
        }
        // A host may have no FIFO; then the old scheme serves, which it starts with. A domain that
        // began with the old one stays with it.
        if let Scheme::Fifo(fifo) = &*self.fifo
            && self.is_fifo()
        {
            let started = start_fifo(self.xen, &self.cpus, &self.control);
            self.fifo_active.store(started, Ordering::Release);
            if started {
                // Pages that the host refuses have no ports then; allocation finds out.
                let _ = fifo.recreate(|page| self.expand(page));
            }
        }
        self.resume();
    }

    /// Takes everything down: all ports are closed, the hypervisor forgets the pages. `rings` are
    /// the ports that others made for us; they are bound again, and their new numbers returned.
    /// `PASSIVE_LEVEL`; interrupts are disconnected.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn destroy(&self, rings: &[u32]) -> Vec<Option<u32>> {
        self.closed.store(true, Ordering::Release);
        let canary = self.canary.swap(0, Ordering::AcqRel);
        if canary != 0 {
            let _ = self.xen.event_close(Port::from_raw(canary));
        }
        for channel in self.table.drain() {
            let port = channel.port();
            if !rings.contains(&port) {
                let _ = self.xen.event_close(Port::from_raw(port));
            }
            channel.close();
        }
        for channel in core::mem::take(&mut *self.stale.lock()) {
            channel.close();
        }
        // SAFETY: at PASSIVE_LEVEL.
        unsafe { KeFlushQueuedDpcs() };
        if self.is_fifo() {
            let (rings, done) = reset(self.xen, rings);
            self.leaked.store(!done, Ordering::Release);
            self.fifo_active.store(false, Ordering::Release);
            return rings;
        }
        rings.iter().copied().map(Some).collect()
    }
}

/// Id and `vcpu_info` of a processor.
pub type CpuInfo = (u32, Option<Vcpu<Info>>);

/// Goes back to the 2-level scheme, which closes all ports; binds `rings` again to their other ends.
/// `None` for a port that could not be had again; false when the hypervisor refused.
pub fn reset(xen: Xen<Direct>, rings: &[u32]) -> (Vec<Option<u32>>, bool) {
    let remotes: Vec<_> = rings.iter().map(|port| xen.event_status(*port).ok()?.remote).collect();
    if xen.event_reset().is_err() {
        return (rings.iter().copied().map(Some).collect(), false);
    }
    let again = remotes
        .into_iter()
        .map(|remote| {
            let (domain, port) = remote?;
            Some(xen.event_bind_interdomain(domain, port).ok()?.raw())
        })
        .collect();
    (again, true)
}

impl Drop for Events {
    #[expect(unsafe_code, reason = "drops what the hypervisor has forgotten")]
    fn drop(&mut self) {
        if self.is_fifo() || self.leaked.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: dropped here only; the hypervisor does not use the pages any more.
        unsafe { ManuallyDrop::drop(&mut self.fifo) };
        // SAFETY: as above.
        unsafe { ManuallyDrop::drop(&mut self.control) };
    }
}

/// Starts FIFO for every processor; false when the hypervisor does not have it (the domain is then
/// still 2-level).
#[expect(unsafe_code, reason = "tells the hypervisor about pages")]
fn start_fifo(xen: Xen<Direct>, cpus: &[Cpu], control: &Pages) -> bool {
    for (index, cpu) in cpus.iter().enumerate() {
        let (page, offset) = (index * STRIDE / PAGE_SIZE, index * STRIDE % PAGE_SIZE);
        // SAFETY: the control pages live as long as the scheme: `destroy` resets before they go.
        let started = unsafe { xen.event_init_control(cpu.vcpu, control.gfns()[page], offset as u32) };
        match started {
            Ok(()) => {}
            // The first processor's failure leaves the domain as it was; a later one just gets no
            // events of its own.
            Err(_) if index == 0 => return false,
            Err(_) => {}
        }
    }
    true
}

fn refused(errno: Errno) -> EventError {
    match errno {
        Errno::ENOSPC => EventError::Exhausted,
        other => EventError::Refused(other.number()),
    }
}

impl Unmasker for Events {
    fn unmask_now(&self, port: u32) {
        if self.scheme().unmask(port) == Unmask::Hypercall {
            // Not open any more: nothing to deliver.
            let _ = self.xen.event_unmask(&Port::from_raw(port));
        }
    }
}
