//! Suspend, and building the platform up again in a new domain.
//!
//! The other processors are parked by DPCs of their own, not by an interprocessor interrupt: a
//! processor that runs a DPC holds no spin lock, so everything may be locked and allocated while they
//! are parked. Only around the hypercall all processors stand at `HIGH_LEVEL`.

use alloc::{sync::Arc, vec::Vec};
use core::{
    hint,
    sync::atomic::{AtomicU32, Ordering},
};

use nt::{
    ke::dpc::Dpc,
    sys::{HIGH_LEVEL, HighImportance, KIRQL, KeLowerIrql, KeRaiseIrqlToDpcLevel, KfRaiseIrql},
};
use xenbus::{arch::Suspend, xs::Resume};
use xenpci_interface::Wake;

use super::{Platform, log::Severity, processors, registrations::SuspendList, watchdog::Watchdog};
use crate::os::time;

/// How long the processors may take to stop.
const PARK: u64 = 2 * time::SECOND;

/// The steps that the parked follow.
const GATHER: u32 = 0;
const SILENCE: u32 = 1;
const LOUD: u32 = 2;
const RELEASE: u32 = 3;

struct Park {
    step: AtomicU32,
    here: AtomicU32,
    silent: AtomicU32,
    gone: AtomicU32,
}

/// Raises to `HIGH_LEVEL` and runs `f`.
#[expect(unsafe_code, reason = "calls the kernel")]
fn silently<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: lowered below.
    let old: KIRQL = unsafe { KfRaiseIrql(HIGH_LEVEL as KIRQL) };
    let result = f();
    // SAFETY: to the level of before.
    unsafe { KeLowerIrql(old) };
    result
}

/// What a parked processor does, in its DPC.
fn parked(park: &Arc<Park>) {
    park.here.fetch_add(1, Ordering::AcqRel);
    while park.step.load(Ordering::Acquire) == GATHER {
        hint::spin_loop();
    }
    if park.step.load(Ordering::Acquire) == SILENCE {
        silently(|| {
            park.silent.fetch_add(1, Ordering::AcqRel);
            while park.step.load(Ordering::Acquire) == SILENCE {
                hint::spin_loop();
            }
        });
    }
    while park.step.load(Ordering::Acquire) != RELEASE {
        hint::spin_loop();
    }
    park.gone.fetch_add(1, Ordering::AcqRel);
}

/// Runs `work` at `DISPATCH_LEVEL` on processor 0 with all other processors parked; `work` gets a
/// function that runs something with everybody at `HIGH_LEVEL`. `None` when the others did not stop in
/// time or there is no memory; nothing was done then. `PASSIVE_LEVEL`.
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn with_all_parked<R>(work: impl FnOnce(&dyn Fn(&mut dyn FnMut())) -> R) -> Option<R> {
    let count = processors::count();
    let park = Arc::new(Park {
        step: AtomicU32::new(GATHER),
        here: AtomicU32::new(0),
        silent: AtomicU32::new(0),
        gone: AtomicU32::new(0),
    });
    let mut dpcs = Vec::new();
    for index in 1..count {
        let dpc = Dpc::new(parked, Arc::clone(&park))?;
        dpc.set_importance(HighImportance);
        dpc.set_processor(processors::number(index)?).ok()?;
        dpcs.push(dpc);
    }
    let others = dpcs.len() as u32;
    let reached = |counter: &AtomicU32| {
        let end = time::now() + PARK;
        while counter.load(Ordering::Acquire) < others {
            if time::now() >= end {
                return false;
            }
            hint::spin_loop();
        }
        true
    };
    let result = processors::run_on(0, || {
        // SAFETY: lowered below.
        let old = unsafe { KeRaiseIrqlToDpcLevel() };
        for dpc in &dpcs {
            dpc.queue();
        }
        let result = reached(&park.here).then(|| {
            work(&|f: &mut dyn FnMut()| {
                park.silent.store(0, Ordering::Release);
                park.step.store(SILENCE, Ordering::Release);
                // They answer within a few instructions: they spin.
                while park.silent.load(Ordering::Acquire) < others {
                    hint::spin_loop();
                }
                silently(&mut *f);
                park.step.store(LOUD, Ordering::Release);
            })
        });
        park.step.store(RELEASE, Ordering::Release);
        // SAFETY: to the level of before.
        unsafe { KeLowerIrql(old) };
        result
    });
    // Dropping the DPCs waits for those that are still on their way out (or in).
    drop(dpcs);
    result.flatten()
}

impl Platform {
    /// `control/shutdown` said suspend. `PASSIVE_LEVEL`, in the control thread.
    pub fn suspend(&self) {
        let _one = self.suspending.lock();
        self.log.line("suspending");
        self.balloon_pause(true);
        let children = self.registrations.begin();
        children.prepare();
        self.store.suspend();
        self.events.suspend();
        self.grants.close();
        let before = time::now();
        let mut wake = None;
        let ran = with_all_parked(|silently| {
            let mut result = None;
            let mut moved = false;
            silently(&mut || {
                let outcome = self.xen.suspend();
                moved = outcome == Ok(Suspend::Resumed) && !self.events.canary_lives();
                if moved {
                    // Before any processor takes an interrupt, whose routine looks at the page.
                    self.arrive();
                }
                result = Some(outcome);
            });
            wake = Some(match result {
                Some(Ok(Suspend::Resumed)) if !moved => Wake::SameDomain,
                Some(Ok(Suspend::Resumed)) => {
                    self.rebuild();
                    Wake::NewDomain
                }
                Some(Ok(Suspend::Cancelled)) => Wake::Cancelled,
                Some(Err(errno)) => {
                    self.log.line(&alloc::format!("suspend refused: {errno}"));
                    Wake::Cancelled
                }
                None => Wake::Cancelled,
            });
            children.early();
        });
        if ran.is_none() {
            self.log.event(Severity::Warning, "the processors could not be stopped: not suspended");
        }
        self.come_back(wake.unwrap_or(Wake::Cancelled), Some(&children));
        drop(children);
        let text = alloc::format!("resumed ({:?}) after {} ms", wake, (time::now() - before) / time::MS);
        self.log.event(Severity::Information, &text);
    }

    /// First of all in a new domain: events are acknowledged only, and the shared info page is in place.
    /// Any IRQL.
    fn arrive(&self) {
        self.events.pause(true);
        // First of all, and before shared_info is read: the width of its layout, and that PV drivers
        // run.
        self.set_callback();
        if let Err(errno) = self.shared.place(self.xen) {
            self.log.line_of(format_args!("no shared info page in the new domain: {errno}"));
        }
    }

    /// The platform in a new domain, after [`Platform::arrive`], with all processors parked at
    /// `DISPATCH_LEVEL` or above.
    fn rebuild(&self) {
        self.shared.register_all(self.xen, &self.events);
        self.grants.recreate();
        self.events.recreate();
        let interrupts = self.interrupts.lock().clone();
        if let Some(interrupts) = interrupts {
            interrupts.restore(&self.events);
        }
        self.unplug_again();
        self.events.pause(false);
    }

    /// After the wake, at `PASSIVE_LEVEL`: the store, the toolstack's keys, the children.
    fn come_back(&self, wake: Wake, children: Option<&SuspendList<'_>>) {
        self.events.resume();
        self.grants.reopen();
        self.events.poll();
        let how = if wake == Wake::NewDomain { Resume::NewDomain } else { Resume::SameDomain };
        if let Err(status) = self.store.resume(how) {
            let text = alloc::format!("xenstore did not come back after the wake: status {status:#x}");
            self.log.event(Severity::Error, &text);
        }
        if wake == Wake::NewDomain {
            self.events.plant_canary();
            self.console_resume();
            self.correct_clock();
            // The old one went with the old domain; its number may be the new one's.
            let old = self.watchdog.lock().take();
            drop(old);
            let watchdog = Watchdog::start(self);
            *self.watchdog.lock() = watchdog;
        }
        self.announce();
        if let Some(children) = children {
            children.late(wake);
        }
        self.rescan();
        self.balloon_pause(false);
    }

    /// The machine goes to sleep (S3, S4) or the device is powered down: the children are down
    /// already. `PASSIVE_LEVEL`.
    pub fn fall_asleep(&self) {
        let _one = self.suspending.lock();
        let balloon = self.balloon.lock().clone();
        if let Some(balloon) = balloon {
            if !balloon.empty() {
                self.log
                    .event(Severity::Warning, "the host has no memory to empty the balloon before the sleep");
            }
            balloon.pause(true);
        }
        self.store.suspend();
        self.events.suspend();
        self.grants.close();
    }

    /// Awake again: in the same domain (S3), or in a new one (S4 always). The children come up after
    /// this. `PASSIVE_LEVEL`.
    pub fn wake_from_sleep(&self) {
        let _one = self.suspending.lock();
        let wake = if self.events.canary_lives() {
            // The callback and the vectors as before: an S3 resets the interrupt controllers only, but
            // the toolstack may look at the parameter.
            self.set_callback();
            let interrupts = self.interrupts.lock().clone();
            if let Some(interrupts) = interrupts {
                interrupts.restore(&self.events);
            }
            self.unplug_again();
            Wake::SameDomain
        } else if with_all_parked(|silently| {
            silently(&mut || self.arrive());
            self.rebuild();
        })
        .is_some()
        {
            Wake::NewDomain
        } else {
            self.log.event(Severity::Error, "the processors could not be stopped after the wake");
            Wake::SameDomain
        };
        // To the children a new domain is one, however the machine slept.
        let children = (wake == Wake::NewDomain).then(|| self.registrations.begin());
        self.come_back(wake, children.as_ref());
    }
}
