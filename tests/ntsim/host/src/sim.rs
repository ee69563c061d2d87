//! A simulation: build it, run code on it, look at the result.

use crate::engine::{HostEngine, install_panic_hook};
use crate::machine::NoMachine;
use crate::trap;
use machine::Machine;
use ntsim::kernel::config::{Config, Faults, OnViolation, SpecialPool};
use ntsim::kernel::{Kernel, set_hook};
use ntsim::verifier::{BugCheck, Report};
use ntsim::{ke, verifier};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

thread_local! {
    static KERNEL: Cell<*const Kernel> = const { Cell::new(std::ptr::null()) };
}

/// Before `main`: one arena for all threads. glibc grows the others page by page, with a system call for each.
extern "C" fn one_arena() {
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

#[used]
#[unsafe(link_section = ".init_array")]
static ONE_ARENA: extern "C" fn() = one_arena;

fn hook() -> *const Kernel {
    KERNEL.get()
}

/// Settings of a simulation.
pub struct Builder {
    seed: u64,
    processors: u32,
    frames: u64,
    machine: Option<Box<dyn Machine>>,
    trap_shared: bool,
    step: Option<(u32, u32)>,
    echo: bool,
    config: Config,
}

impl Builder {
    /// The seed that decides everything that is not determined.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of processors, if no machine is given.
    pub fn processors(mut self, n: u32) -> Self {
        self.processors = n;
        self
    }

    /// RAM in MiB (128 by default).
    pub fn memory_mib(mut self, mib: u64) -> Self {
        self.frames = mib * 256;
        self
    }

    /// What is around the guest.
    pub fn machine(mut self, machine: Box<dyn Machine>) -> Self {
        self.machine = Some(machine);
        self
    }

    /// Pages shared with the machine trap on every access of the driver (double fetches).
    pub fn trap_shared(mut self, on: bool) -> Self {
        self.trap_shared = on;
        self
    }

    /// One entry into driver code (a call, or the return of an export) in `one_in` begins a window of `length` instructions between any two of which interrupts
    /// may come and other processors may run.
    pub fn single_step(mut self, one_in: u32, length: u32) -> Self {
        self.step = Some((one_in, length));
        self
    }

    /// Writes the kernel's log to standard error as it comes.
    pub fn echo(mut self, on: bool) -> Self {
        self.echo = on;
        self
    }

    /// What a verifier report does.
    pub fn on_violation(mut self, what: OnViolation) -> Self {
        self.config.on_violation = what;
        self
    }

    /// Placement of pool allocations.
    pub fn special_pool(mut self, what: SpecialPool) -> Self {
        self.config.special_pool = what;
        self
    }

    /// Allocation failures.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.config.faults = faults;
        self
    }

    /// All settings of the kernel at once.
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Builds and boots.
    pub fn build(self) -> Sim {
        install_panic_hook();
        trap::install();
        set_hook(hook);
        let machine = self.machine.unwrap_or_else(|| Box::new(NoMachine(self.processors)));
        let engine =
            HostEngine::create(machine, self.frames, self.seed, self.trap_shared, self.step, self.echo);
        trap::set_active(engine);
        let kernel: &'static Kernel = Box::leak(Kernel::new(engine, self.config));
        KERNEL.set(kernel);
        kernel.start();
        Sim { engine, kernel, seed: self.seed, dead: Cell::new(false) }
    }
}

/// A running simulation. It belongs to the thread that built it.
pub struct Sim {
    engine: &'static HostEngine,
    kernel: &'static Kernel,
    seed: u64,
    dead: Cell<bool>,
}

impl Sim {
    /// Default settings: seed 0, one processor, 128 MiB, no machine.
    pub fn builder() -> Builder {
        Builder {
            seed: 0,
            processors: 1,
            frames: 32768,
            machine: None,
            trap_shared: false,
            step: None,
            echo: std::env::var_os("NTSIM_ECHO").is_some(),
            config: Config::default(),
        }
    }

    /// Runs `f` on an NT system thread at PASSIVE_LEVEL; everything else in the simulation runs meanwhile.
    /// Returns when `f` has returned. A bugcheck ends the simulation: later calls give it again.
    ///
    /// # Panics
    /// With the panic of `f`, if it panics (a failed assertion of the test).
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> Result<R, BugCheck> {
        if self.dead.get() {
            return Err(self.engine.end.borrow().clone().expect("the reason of the end"));
        }
        self.activate();
        let slot: Rc<RefCell<Option<Result<R, Box<dyn Any + Send>>>>> = Rc::default();
        let engine = self.engine;
        let body: Box<dyn FnOnce() + '_> = {
            let slot = slot.clone();
            Box::new(move || {
                let result = catch_unwind(AssertUnwindSafe(f)).inspect_err(|_payload| {
                    eprintln!("scenario panicked: {}", engine.panic_message());
                });
                *slot.borrow_mut() = Some(result);
                engine.cpus.leave();
            })
        };
        // The closure has run, or is never touched again, when this function returns.
        let body: Box<dyn FnOnce()> = unsafe { std::mem::transmute(body) };
        ke::thread::spawn(body).expect("memory for a thread");
        crate::watchdog::start();
        engine.cpus.enter();
        crate::watchdog::stop();
        if let Some(end) = engine.end.borrow_mut().as_mut() {
            self.dead.set(true);
            end.text = format!("{} (seed {})", end.text, self.seed);
            return Err(end.clone());
        }
        let result = slot.borrow_mut().take().expect("the scenario has ended");
        match result {
            Ok(value) => Ok(value),
            Err(payload) => resume_unwind(payload),
        }
    }

    fn activate(&self) {
        trap::set_active(self.engine);
        KERNEL.set(self.kernel);
    }

    /// While the guest idles whoever else has work does it before time goes on: for measurements of time.
    pub fn no_lag(&self) {
        self.engine.cpus.no_lag();
    }

    /// The machine crashes (MANUALLY_INITIATED_CRASH) at the `points`th scheduling point from now, in whatever it is
    /// doing then.
    pub fn crash_after(&self, points: u64) {
        self.engine.cpus.crash_after(points);
    }

    /// From now on the instructions that drivers execute, and their calls of the kernel, are counted. Slow.
    pub fn count(&self) {
        self.kernel.verifier.count_calls();
        self.engine.counter.start();
    }

    /// Ends the counting: instructions by driver, and calls by the export's name.
    pub fn counted(&self) -> (BTreeMap<String, u64>, BTreeMap<&'static str, u64>) {
        (self.engine.counter.stop(), self.kernel.verifier.calls_counted())
    }

    /// Hash over everything that has happened: the same for the same seed.
    pub fn trace_hash(&self) -> u64 {
        self.kernel.trace.hash()
    }

    /// Last events, one per line.
    pub fn trace_tail(&self) -> String {
        self.kernel.trace.tail()
    }

    /// Verifier reports so far (with [`OnViolation::Collect`]).
    pub fn reports(&self) -> Vec<Report> {
        self.kernel.verifier.reports()
    }

    /// Lines that drivers and kernel have logged.
    pub fn log(&self) -> Vec<String> {
        self.engine.log_lines()
    }

    /// Virtual time in ns.
    pub fn now(&self) -> u64 {
        self.engine.cpus.now()
    }

    /// Instructions that single-step windows have covered.
    pub fn stepped(&self) -> u64 {
        self.engine.stepped.get()
    }

    /// The kernel.
    pub fn kernel(&self) -> &'static Kernel {
        self.kernel
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = verifier::SIMULATOR_ERROR;
        self.activate();
        unsafe {
            drop(Box::from_raw(self.kernel as *const Kernel as *mut Kernel));
            KERNEL.set(std::ptr::null());
            trap::set_active(std::ptr::null());
            HostEngine::destroy(self.engine);
        }
    }
}
