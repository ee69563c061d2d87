//! Xen, as long as the bus is started: everything between Windows and the hypervisor.
//!
//! Lifecycle: [`Platform::start`] connects in the order hypervisor, room, shared info, grants, events,
//! interrupts, xenstore, console; decides about unplug; [`Platform::open_for_business`] then lets
//! children and toolstack in. [`Platform::stop`] goes the same way back.

pub mod balloon;
pub mod channels;
mod children;
pub mod console;
mod control;
pub mod crash;
pub mod events;
pub mod grants;
pub mod hole;
pub mod interrupts;
pub mod log;
mod mapped;
mod modules;
pub mod pages;
pub mod params;
pub mod processors;
mod proof;
pub mod registrations;
mod shared;
pub mod store;
mod suspend;
mod takeover;
mod unplug;
mod watchdog;

use alloc::{
    format,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use nt::sys::{
    DevicePropertyAddress, DevicePropertyBusNumber, IoGetDeviceProperty, NTSTATUS, STATUS_NO_SUCH_DEVICE,
    STATUS_UNSUCCESSFUL,
};
use xenbus::{
    abi::hvm::{CallbackVia, ParamIndex},
    arch::{Direct, Hypervisor, Xen, detect},
};

pub use interrupts::Resources;

use crate::{
    fdo::Fdo,
    os::{Mutex, Spin, success},
    policy::params as settings,
};
use balloon::Balloon;
use children::Children;
use console::Console;
use control::Control;
use events::Events;
use grants::Grants;
use hole::Hole;
use interrupts::Interrupts;
use log::{Log, Severity};
use params::Params;
use registrations::Registrations;
use shared::Shared;
use store::Store;

/// Xen.
pub struct Platform {
    me: Weak<Self>,
    bus: Weak<Fdo>,
    pub log: Arc<Log>,
    pub params: Params,
    pub xen: Xen<Direct>,
    pub hypervisor: Hypervisor,
    callback: CallbackVia,
    shared: Shared,
    pub grants: Grants,
    pub events: Arc<Events>,
    interrupts: Spin<Option<Arc<Interrupts>>>,
    pub store: Arc<Store>,
    pub registrations: Registrations,
    console: Spin<Option<Arc<Console>>>,
    children: Spin<Option<Arc<Children>>>,
    control: Spin<Option<Arc<Control>>>,
    balloon: Spin<Option<Arc<Balloon>>>,
    watchdog: Spin<Option<watchdog::Watchdog>>,
    crash: Spin<Option<crash::Registration>>,
    suspending: Mutex<()>,
    /// What was unplugged, to be unplugged again after every wake.
    unplugged: AtomicU16,
    /// The toolstack has been told that disks and NICs are in good hands too.
    complete: AtomicBool,
    /// The administrator has been told that it refused keys.
    warned: AtomicBool,
    /// Grant entries set aside for children.
    pub credits: crate::iface::Credits,
    /// Requests that the user-mode agent waits for.
    pub agent: crate::doors::Agent,
}

impl Platform {
    /// Connects to Xen. `PASSIVE_LEVEL`, bounded.
    ///
    /// # Errors
    /// Why it cannot be; nothing is left behind.
    pub fn start(bus: &Arc<Fdo>, resources: Resources) -> Result<Arc<Self>, NTSTATUS> {
        let cpu = Direct::new();
        let Some(hypervisor) = detect(&cpu) else { return Err(STATUS_NO_SUCH_DEVICE) };
        let params = Params::read();
        let log = Arc::new(Log::new(bus.device(), params.is_on(settings::CONSOLE)));
        let xen = Xen(cpu);
        let failed = |what: &str, errno: xenbus::errno::Errno| {
            log.event(Severity::Error, &format!("cannot start: {what}: {errno}"));
            STATUS_UNSUCCESSFUL
        };
        // Before shared_info is read: the call latches the width of its layout; and never 0, which
        // toolstacks read as "no PV drivers".
        let callback = callback_of(bus);
        xen.hvm_set_callback(callback).map_err(|e| failed("callback", e))?;
        let vcpus = processors::vcpu_ids(&hypervisor);
        let limit = grants::host_limit(xen).min(params.get(settings::GRANT_FRAMES));
        let bar = resources.memory.iter().copied().max_by_key(|(_, length)| *length);
        let hole = Arc::new(Hole::new(xen, 1 + limit as usize, bar).inspect_err(|_| {
            log.event(Severity::Error, "cannot start: no guest-physical room for the hypervisor's pages");
        })?);
        let shared = Shared::create(xen, &hole, &vcpus).map_err(|e| failed("shared info", e))?;
        if shared.is_registered() {
            bus.keep_driver();
        }
        let grants = grants::create(xen, &hole, 1, vcpus.len()).map_err(|e| failed("grant table", e))?;
        let infos = shared.infos(xen, &vcpus);
        let events = Events::new(xen, shared.page(), infos, params.is_on(settings::FIFO))?;
        let wanted = params.is_on(settings::VECTORS);
        let interrupts = Interrupts::connect(xen, bus.physical(), &resources, &events, wanted)
            .inspect_err(|_| let_go(xen, &events))?;
        let vectors = interrupts.vectors();
        let store = match Store::connect(xen, &events, &log) {
            Ok(store) => store,
            Err(status) => {
                log.event(Severity::Error, "cannot start: xenstore is not there");
                drop(interrupts);
                let_go(xen, &events);
                return Err(status);
            }
        };
        store.forget_former_self();
        events.plant_canary();
        log.line(&format!(
            "Xen {}.{}, {} processors, {vectors} vectors, {} events, {limit} grant frames",
            hypervisor.major,
            hypervisor.minor,
            vcpus.len(),
            if events.is_fifo() { "FIFO" } else { "2-level" },
        ));
        for complaint in &params.complaints {
            log.event(Severity::Warning, complaint);
        }
        let platform = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            bus: Arc::downgrade(bus),
            log,
            params,
            xen,
            hypervisor,
            callback,
            shared,
            grants,
            events,
            interrupts: Spin::new(Some(Arc::new(interrupts))),
            store,
            registrations: Registrations::new(),
            console: Spin::new(None),
            children: Spin::new(None),
            control: Spin::new(None),
            balloon: Spin::new(None),
            watchdog: Spin::new(None),
            crash: Spin::new(None),
            suspending: Mutex::new(()),
            unplugged: AtomicU16::new(0),
            complete: AtomicBool::new(false),
            warned: AtomicBool::new(false),
            credits: crate::iface::Credits::new(),
            agent: crate::doors::Agent::new(),
        });
        platform.console_start();
        platform.decide_unplug();
        Ok(platform)
    }

    /// Lets children and toolstack in. What fails here is logged and done without.
    pub fn open_for_business(self: &Arc<Self>, bus: &Arc<Fdo>) {
        match Children::start(self, bus) {
            Ok(children) => *self.children.lock() = Some(children),
            Err(status) => self.complain("device enumeration", status),
        }
        if self.params.is_on(settings::BALLOON) {
            match Balloon::start(self) {
                Ok(balloon) => *self.balloon.lock() = Some(balloon),
                Err(status) => self.complain("balloon", status),
            }
        }
        match Control::start(self) {
            Ok(control) => *self.control.lock() = Some(control),
            Err(status) => self.complain("control", status),
        }
        let watchdog = watchdog::Watchdog::start(self);
        *self.watchdog.lock() = watchdog;
        let crash = crash::Registration::new(self);
        *self.crash.lock() = crash;
        self.announce();
    }

    fn complain(&self, what: &str, status: NTSTATUS) {
        self.log.event(Severity::Error, &format!("{what} does not work: status {status:#x}"));
    }

    /// Takes everything down. Children hold nothing any more. `PASSIVE_LEVEL`.
    pub fn stop(&self) {
        let crash = self.crash.lock().take();
        drop(crash);
        let watchdog = self.watchdog.lock().take();
        drop(watchdog);
        self.agent.cancel_all();
        let control = self.control.lock().take();
        drop(control);
        let children = self.children.lock().take();
        drop(children);
        let balloon = self.balloon.lock().take();
        drop(balloon);
        let mapped = self.grants.mapped();
        if mapped != 0
            && let Some(bus) = self.bus()
        {
            let text =
                format!("{mapped} pages are still back-ends': the driver stays loaded until the next boot");
            self.log.event(Severity::Warning, &text);
            bus.keep_driver();
        }
        self.log.set_console(None);
        let console = self.console.lock().take();
        drop(console);
        self.store.disconnect();
        let interrupts = self.interrupts.lock().take();
        drop(interrupts);
        let_go(self.xen, &self.events);
        self.log.line("stopped");
    }

    /// Tells the hypervisor how to interrupt. Any IRQL.
    fn set_callback(&self) {
        if let Err(errno) = self.xen.hvm_set_callback(self.callback) {
            self.log.line_of(format_args!("callback refused: {errno}"));
        }
    }

    /// The mask of what was unplugged.
    pub fn unplugged(&self) -> u16 {
        self.unplugged.load(Ordering::Acquire)
    }

    /// The bus, while it exists.
    pub fn bus(&self) -> Option<Arc<Fdo>> {
        self.bus.upgrade()
    }

    /// A child has started: its driver, which may just have been installed, counts from now on.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn child_started(&self) {
        if !self.complete.load(Ordering::Acquire)
            && let Some(control) = &*self.control.lock()
        {
            control.announce();
        }
    }

    /// Has the children's directory looked at again. `IRQL <= DISPATCH_LEVEL`.
    pub fn rescan(&self) {
        if let Some(children) = &*self.children.lock() {
            children.wake();
        }
    }

    /// The clock may have stood still for long: takes the time from Xen. `PASSIVE_LEVEL`.
    fn correct_clock(&self) {
        let Some((seconds, nanoseconds)) = self.shared.wall_clock() else { return };
        let Ok(up) = self.xen.hvm_time() else { return };
        const SINCE_1601: u64 = 11_644_473_600;
        let now =
            u128::from(seconds + SINCE_1601) * 10_000_000 + u128::from(u64::from(nanoseconds) + up) / 100;
        // Until the year 9999; nonsense from the host does not move the clock.
        if seconds < 946_684_800 || now > 2_650_000_000_000_000_000 {
            return;
        }
        crate::os::time::set_system_time(now as u64);
    }
}

/// Takes event channels down, but for the ports of the toolstack's rings: the next driver (ours, or none)
/// finds those where the parameters say. `PASSIVE_LEVEL`; interrupts are disconnected.
fn let_go(xen: Xen<Direct>, events: &Events) {
    let rings =
        [(xen.store_ring(), ParamIndex::STORE_EVTCHN), (xen.console_ring(), ParamIndex::CONSOLE_EVTCHN)];
    let rings: Vec<(u32, ParamIndex)> =
        rings.into_iter().filter_map(|(ring, index)| Some((ring.ok()?.port.raw(), index))).collect();
    let ports: Vec<u32> = rings.iter().map(|(port, _)| *port).collect();
    for ((old, index), new) in rings.iter().zip(events.destroy(&ports)) {
        if let Some(new) = new.filter(|new| new != old) {
            // Hosts may refuse; then the port keeps its number anyway, or nothing helps.
            let _ = xen.hvm_set_param(*index, u64::from(new));
        }
    }
}

/// Where the device sits on its bus, as the way of its line interrupt.
#[expect(unsafe_code, reason = "calls the kernel")]
fn callback_of(bus: &Fdo) -> CallbackVia {
    let property = |which| {
        let (mut value, mut length) = (0u32, 0u32);
        // SAFETY: the PCI driver's device; value and length outlive the call.
        let status = unsafe {
            IoGetDeviceProperty(bus.physical(), which, 4, (&raw mut value).cast(), &raw mut length)
        };
        success(status).then_some(value)
    };
    let number = property(DevicePropertyBusNumber).unwrap_or(0);
    let address = property(DevicePropertyAddress).unwrap_or(0x0002_0000);
    // The PCI driver's address: device in the high word, function in the low.
    CallbackVia::PciIntx {
        domain: (number >> 16) as u16,
        bus: number as u8,
        device: (address >> 16) as u8 & 31,
        function: address as u8 & 7,
        pin: 0,
    }
}
