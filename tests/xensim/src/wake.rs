//! Suspend, resume, migration, reboot, power cuts: what the toolstack and the host do to a whole domain.

use crate::{
    abi::{blkif, xen::sched},
    back::{Device, block::BlockConfig, net::NicConfig},
    disk::SharedDisk,
    flavour::{Flavour, StoreLimits},
    hv::{Hypervisor, Stopped, deliver::Callback},
    sim::{Sim, Xen},
    store::ring::StoreMode,
    world::Violation,
};

/// How a suspended domain goes on.
#[derive(Clone, Debug)]
pub enum Wake {
    /// The suspend was cancelled: the hypercall returns 1, nothing changed.
    Cancelled,
    /// The same domain runs again: the hypercall returns 0, nothing was torn down.
    Same,
    /// Restored or migrated: a new domain, perhaps with less on offer. The hypercall returns 0.
    New(Box<NewHost>),
}

/// The host on which a domain wakes up. Fields that are `None` stay as they were.
#[derive(Clone, Debug, Default)]
pub struct NewHost {
    /// New domid; default: one more.
    pub domid: Option<u16>,
    /// Hypervisor.
    pub flavour: Option<Flavour>,
    /// xenstored.
    pub limits: Option<StoreLimits>,
    /// Behaviour of xenstored.
    pub store_mode: Option<StoreMode>,
    /// Disks (same device numbers, other features or back-end domains).
    pub disks: Option<Vec<BlockConfig>>,
    /// NICs.
    pub nics: Option<Vec<NicConfig>>,
    /// Writes that were in flight at the old host land up to so many nanoseconds after the wake: the
    /// old back-end is only destroyed later.
    pub late_writes: Option<u64>,
}

/// A write of a destroyed domain that still reaches the disk.
pub(crate) struct LateWrite {
    pub due: u64,
    pub disk: SharedDisk,
    pub unit: u64,
    pub data: Vec<u8>,
}

/// A suspend that the toolstack is carrying out.
pub(crate) struct Plan {
    pub wake: Wake,
    /// Nanoseconds between the domain's stop and its wake.
    pub after: u64,
    pub stopped_at: Option<u64>,
}

impl Xen {
    /// Asks for a suspend as the toolstack does, and plans how the domain wakes. A guest that shows no
    /// PV drivers is suspended unannounced, as libxl and xenopsd do.
    pub fn suspend(&self, wake: Wake, after: u64) {
        let mut sim = self.sim.borrow_mut();
        sim.plan = Some(Plan { wake, after, stopped_at: None });
        if sim.world.callback() == Callback::None {
            let what = "suspended unannounced: HVM_PARAM_CALLBACK_IRQ is 0".into();
            sim.world.violations.push(Violation::Hypercall { what });
            sim.world.hv.stopped = Stopped::Shutdown { reason: sched::SUSPEND, resumed: None };
            let now = sim.world.now;
            if let Some(plan) = sim.plan.as_mut() {
                plan.stopped_at = Some(now);
            }
            return;
        }
        let Sim { world, tools, .. } = &mut *sim;
        tools.write(world, "control/shutdown", "suspend");
    }

    /// Writes `control/shutdown`: `poweroff`, `reboot`, `halt`, `s3`, `s4`.
    pub fn request_shutdown(&self, what: &str) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, tools, .. } = &mut *sim;
        tools.write(world, "control/shutdown", what);
    }

    /// Whether the guest has acknowledged the last request of [`Xen::request_shutdown`] or
    /// [`Xen::suspend`] by emptying the node.
    #[must_use]
    pub fn shutdown_acknowledged(&self) -> bool {
        let sim = self.sim.borrow();
        let path = format!("/local/domain/{}/control/shutdown", sim.world.hv.domid);
        sim.world.store.get(&path).is_none_or(|text| text.is_empty())
    }

    /// Sets `memory/target` in KiB.
    pub fn set_memory_target(&self, kib: u64) {
        let mut sim = self.sim.borrow_mut();
        let Sim { world, tools, .. } = &mut *sim;
        tools.write(world, "memory/target", &kib.to_string());
    }

    /// What a toolstack misses for treating the guest as PV-capable: keys that it looks at.
    #[must_use]
    pub fn missing_capabilities(&self) -> Vec<String> {
        let sim = self.sim.borrow();
        let mut missing = Vec::new();
        if sim.world.callback() == Callback::None {
            missing.push("HVM_PARAM_CALLBACK_IRQ".into());
        }
        let home = format!("/local/domain/{}", sim.world.hv.domid);
        let is =
            |key: &str, value: &str| sim.world.store.get(&format!("{home}/{key}")).as_deref() == Some(value);
        for key in ["suspend", "poweroff", "reboot"] {
            if !is(&format!("control/feature-{key}"), "1") {
                missing.push(format!("control/feature-{key}"));
            }
        }
        if sim.tools.kind == crate::toolstack::Toolstack::Xapi {
            for key in ["MajorVersion", "MinorVersion", "MicroVersion", "BuildVersion", "Installed"] {
                if !sim.world.store.exists(&format!("{home}/attr/PVAddons/{key}")) {
                    missing.push(format!("attr/PVAddons/{key}"));
                }
            }
            if !sim.world.store.exists(&format!("{home}/data/updated")) {
                missing.push("data/updated".into());
            }
        }
        missing
    }

    /// Wakes a stopped domain at once.
    pub fn wake(&self, wake: Wake) {
        self.sim.borrow_mut().wake(wake);
    }

    /// The domain ends and a new one is built from the same configuration, as after a reboot. With
    /// `power_cut` disks lose what was not flushed; else everything written stays. RAM is the engine's.
    pub fn reboot(&self, power_cut: bool) {
        let mut sim = self.sim.borrow_mut();
        sim.end_domain(None);
        for (_, disk) in &sim.disks.clone() {
            if power_cut {
                let mut rng = sim.world.rng.fork();
                disk.borrow_mut().power_cut(&mut rng);
            } else {
                disk.borrow_mut().flush_all();
            }
        }
        sim.world.mem.reset(true);
        let domid = sim.world.hv.domid + 1;
        sim.build_domain(domid, true);
    }

    /// Destroys the domain from outside (`xl destroy`): it stops at once.
    pub fn destroy(&self) {
        let mut sim = self.sim.borrow_mut();
        sim.world.hv.stopped = Stopped::Shutdown { reason: sched::POWEROFF, resumed: None };
    }

    /// Switches a vCPU's local APIC on or off; a disabled one drops edges.
    pub fn set_lapic(&self, vcpu: u32, enabled: bool) {
        let mut sim = self.sim.borrow_mut();
        if let Some(state) = sim.world.hv.vcpus.get_mut(vcpu as usize) {
            state.lapic_enabled = enabled;
            if !enabled {
                state.irr.clear();
            }
        }
    }

    /// ACPI S3 as the hypervisor sees it: what waited in the local APICs is lost, and Windows has switched
    /// them on again before it wakes drivers; all else stays. The emulated devices are back as after a
    /// reset: unplug has to be done again.
    pub fn s3_wake(&self) {
        let mut sim = self.sim.borrow_mut();
        for state in &mut sim.world.hv.vcpus {
            state.irr.clear();
        }
        sim.reset_emulated();
    }

    /// ACPI S4 (and fast startup) as the hypervisor sees it: the domain ended when the image was written,
    /// and a new one on `host` has read it back. All frames of the new domain are memory.
    pub fn s4_wake(&self, host: NewHost) {
        let mut sim = self.sim.borrow_mut();
        sim.world.hv.stopped = Stopped::No;
        sim.move_to(host, true);
    }
}

impl Sim {
    /// Everything that served the old domain lets go.
    fn end_domain(&mut self, late_writes: Option<u64>) {
        let now = self.world.now;
        for block in &mut self.blocks {
            if let Some(most) = late_writes {
                for (unit, data) in block.unwritten() {
                    let due = now + self.world.rng.below(most + 1);
                    let disk = std::rc::Rc::clone(&block.disk);
                    self.late.push(LateWrite { due, disk, unit, data });
                }
            }
            block.domain_gone(&mut self.world);
        }
        for net in &mut self.nets {
            net.domain_gone(&mut self.world);
        }
        self.blocks.clear();
        self.nets.clear();
        let old = self.world.hv.domid;
        let conn = self.tools.conn;
        let _ = self.world.store.remove(conn, 0, &format!("/local/domain/{old}"));
        for (back, _) in self.backend_domains() {
            for class in ["vbd", "vif"] {
                let _ =
                    self.world.store.remove(conn, 0, &format!("/local/domain/{back}/backend/{class}/{old}"));
            }
        }
        self.ring.reset();
    }

    fn backend_domains(&self) -> Vec<(u16, ())> {
        let disks = self.config.disks.iter().map(|disk| (disk.backend_domid, ()));
        disks.chain(self.config.nics.iter().map(|nic| (nic.backend_domid, ()))).collect()
    }

    fn build_domain(&mut self, domid: u16, reset_devices: bool) {
        let vcpus = self.world.hv.vcpus.len();
        let viridian = self.world.hv.viridian;
        let base = self.world.hv.cpuid_base;
        let max_pages = self.world.hv.max_pages;
        let wallclock = self.world.hv.wallclock;
        let keeps_memory = self.world.hv.keeps_memory;
        let mut hv = Hypervisor::new(self.config.flavour.clone(), domid, vcpus);
        hv.viridian = viridian;
        hv.cpuid_base = base;
        hv.max_pages = max_pages;
        hv.wallclock = wallclock;
        hv.keeps_memory = keeps_memory;
        self.world.hv = hv;
        self.world.disarm();
        self.world.mem.unwatch_all();
        self.world.store.limits = self.config.limits.clone();
        if reset_devices {
            self.reset_emulated();
        }
        self.create();
        self.world.show_time();
    }

    /// See [`Xen::wake`].
    pub(crate) fn wake(&mut self, wake: Wake) {
        self.plan = None;
        match wake {
            Wake::Cancelled => self.resume_with(1),
            Wake::Same => self.resume_with(0),
            Wake::New(host) => {
                // Shared pages are not part of a memory image; what was given back stays away.
                self.move_to(*host, false);
                self.resume_with(0);
            }
        }
    }

    /// The domain goes on as a new one on another host. The emulated machine is as QEMU starts it:
    /// unplugged devices are back.
    fn move_to(&mut self, host: NewHost, forget_holes: bool) {
        self.end_domain(host.late_writes);
        let domid = host.domid.unwrap_or(self.world.hv.domid + 1);
        if let Some(flavour) = host.flavour {
            self.config.flavour = flavour;
        }
        if let Some(limits) = host.limits {
            self.config.limits = limits;
        }
        if let Some(disks) = host.disks {
            self.config.disks = disks;
        }
        if let Some(nics) = host.nics {
            self.config.nics = nics;
        }
        if let Some(mode) = host.store_mode {
            self.ring.mode = mode;
        }
        self.world.mem.reset(forget_holes);
        self.build_domain(domid, true);
    }

    fn resume_with(&mut self, value: i64) {
        self.world.hv.stopped = Stopped::Shutdown { reason: sched::SUSPEND, resumed: Some(value) };
        // A cancelled or resumed domain is introduced again to xenstored.
        self.world.store.fire_special("@introduceDomain");
    }

    /// Whether the toolstack has a wake to carry out now.
    pub(crate) fn wake_due(&self) -> bool {
        self.wake_deadline().is_some_and(|due| due <= self.world.now)
    }

    /// When the planned wake is due, once the domain has stopped.
    pub(crate) fn wake_deadline(&self) -> Option<u64> {
        let plan = self.plan.as_ref()?;
        match self.world.hv.stopped {
            Stopped::Shutdown { reason: sched::SUSPEND, resumed: None } => {
                Some(plan.stopped_at.unwrap_or(self.world.now) + plan.after)
            }
            _ => None,
        }
    }
}

impl crate::back::block::BlockBackend {
    /// Data of writes that were taken but not carried out, as it stands in the guest's memory.
    pub(crate) fn unwritten(&self) -> Vec<(u64, Vec<u8>)> {
        self.queues.iter().flat_map(|queue| queue.unwritten(blkif::OP_WRITE)).collect()
    }
}
