//! Virtual processors as coroutines, virtual time, and what decides who runs.

use crate::seed::Seed;
use machine::Machine;
use ntsim::arch;
use ntsim::engine::Interrupt;
use ntsim::verifier;
use std::cell::{Cell, RefCell};

/// Virtual time that one scheduling point takes, in ns.
const POINT_NS: u64 = 100;
/// Virtual time that a longer and longer spin is given, per 64 turns, in ns.
const SPIN_NS: u64 = 10_000;
/// How much time leaps at once while an actor of the machine could take a step; the seed chooses. A back-end that has
/// work may be slow, but not for so long that a time-out of seconds is over before it has done anything.
const LAGS: [u64; 3] = [0, 10_000, 1_000_000];
/// Turns of spin loops without any other progress that count as a livelock.
const LIVELOCK_TURNS: u64 = 300_000;

/// What a processor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Runs code.
    Running,
    /// Turns in a spin loop.
    Spinning(&'static str),
    /// Idle: runs again when an interrupt is pending.
    Idle,
    /// In a hypercall that blocks: runs again when the machine says so, or for an interrupt.
    Blocked,
    /// Busy-waits until this time.
    Stalled(u64),
    /// Not started.
    Off,
}

/// One virtual processor.
pub struct Cpu {
    /// Saved stack pointer while another processor runs.
    pub context: Cell<usize>,
    /// What it does.
    pub doing: Cell<Doing>,
    /// IRQL, as the kernel last set it.
    pub irql: Cell<u8>,
    /// Interrupt flag.
    pub interrupts: Cell<bool>,
    /// KPCR.
    pub pcr: Cell<usize>,
    /// Instructions of driver code still to be stepped through.
    pub steps: Cell<u32>,
    /// Instructions of our own that may pass before driver code is reached.
    pub approach: Cell<u32>,
    vectors: RefCell<[u64; 4]>,
    ipi: Cell<bool>,
    clock: Cell<bool>,
}

impl Cpu {
    fn new() -> Self {
        Self {
            context: Cell::new(0),
            doing: Cell::new(Doing::Off),
            irql: Cell::new(15),
            interrupts: Cell::new(true),
            pcr: Cell::new(0),
            steps: Cell::new(0),
            approach: Cell::new(0),
            vectors: RefCell::new([0; 4]),
            ipi: Cell::new(false),
            clock: Cell::new(false),
        }
    }

    fn highest_vector(&self) -> Option<u8> {
        let v = self.vectors.borrow();
        (0..4).rev().find(|i| v[*i] != 0).map(|i| (i * 64 + 63 - v[i].leading_zeros() as usize) as u8)
    }

    /// Is an interrupt pending that could be taken at `irql`?
    pub fn deliverable(&self, irql: u8) -> bool {
        self.interrupts.get()
            && ((self.ipi.get() && irql < 14)
                || (self.clock.get() && irql < 13)
                || self.highest_vector().is_some_and(|v| v >> 4 > irql))
    }

    /// Takes the highest pending interrupt above `irql`.
    pub fn take(&self, irql: u8) -> Option<Interrupt> {
        if !self.interrupts.get() {
            return None;
        }
        if self.ipi.get() && irql < 14 {
            self.ipi.set(false);
            return Some(Interrupt::Ipi);
        }
        if self.clock.get() && irql < 13 {
            self.clock.set(false);
            return Some(Interrupt::Clock);
        }
        let v = self.highest_vector().filter(|v| v >> 4 > irql)?;
        self.vectors.borrow_mut()[v as usize / 64] &= !(1 << (v % 64));
        Some(Interrupt::Vector(v))
    }

    fn raise(&self, vector: u8) {
        self.vectors.borrow_mut()[vector as usize / 64] |= 1 << (vector % 64);
    }
}

/// All virtual processors and time.
pub struct Cpus {
    /// The processors.
    pub all: Vec<Cpu>,
    /// The seed's decisions.
    pub seed: Seed,
    /// The one that runs.
    pub current: Cell<u32>,
    /// The host's own context while processors run.
    pub main: Cell<usize>,
    /// Is a processor's context running (and not the host's)?
    pub inside: Cell<bool>,
    /// Scheduling points so far (for the watchdog).
    pub points: Cell<u64>,
    now: Cell<u64>,
    due: Cell<Option<u64>>,
    lines: RefCell<Vec<(u32, u8, u32)>>,
    spins: Cell<u64>,
    /// The machine may have raised interrupts since the last look.
    pub touched: Cell<bool>,
    switch_one_in: u32,
    step_one_in: u32,
    /// See [`LAGS`].
    lag: Cell<u64>,
    /// Scheduling points until the machine crashes, if it is to.
    crash_in: Cell<Option<u64>>,
    /// The guest stands still until the machine resumes it.
    standing: Cell<bool>,
}

impl Cpus {
    /// `n` processors; the seed also decides how often processors alternate in this run.
    pub fn new(n: u32, seed: u64) -> Self {
        let seed = Seed::new(seed);
        let switch_one_in = [2, 4, 8, 32, 128][seed.below(5) as usize];
        let step_one_in = [2, 4, 8, 16][seed.below(4) as usize];
        let lag = Cell::new(LAGS[seed.below(3) as usize]);
        Self {
            all: (0..n).map(|_| Cpu::new()).collect(),
            seed,
            current: Cell::new(0),
            main: Cell::new(0),
            inside: Cell::new(false),
            points: Cell::new(0),
            now: Cell::new(1_000_000),
            due: Cell::new(None),
            lines: RefCell::default(),
            spins: Cell::new(0),
            touched: Cell::new(true),
            switch_one_in,
            step_one_in,
            lag,
            crash_in: Cell::new(None),
            standing: Cell::new(false),
        }
    }

    /// Virtual time in ns.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Who can take a step takes it before time goes on: for measurements.
    pub fn no_lag(&self) {
        self.lag.set(0);
    }

    /// The machine crashes at the `points`th scheduling point from now, on whatever processor that is.
    pub fn crash_after(&self, points: u64) {
        self.crash_in.set(Some(points));
    }

    /// Is this the point of the crash?
    pub fn crash_is_due(&self) -> bool {
        let left = self.crash_in.get().map(|left| left.saturating_sub(1));
        self.crash_in.set(left.filter(|left| *left > 0));
        left == Some(0)
    }

    /// No processor but the current one runs again.
    pub fn freeze_others(&self) {
        for (index, cpu) in self.all.iter().enumerate() {
            if index as u32 != self.current.get() {
                cpu.doing.set(Doing::Off);
            }
        }
    }

    /// The processor that runs.
    pub fn cpu(&self) -> &Cpu {
        &self.all[self.current.get() as usize]
    }

    /// Sets the time of the next clock interrupt.
    pub fn set_clock(&self, due: Option<u64>) {
        self.due.set(due);
    }

    /// Routes a line or masks it.
    pub fn route(&self, gsi: u32, to: Option<(u8, u32)>) {
        let mut lines = self.lines.borrow_mut();
        lines.retain(|l| l.0 != gsi);
        if let Some((vector, cpu)) = to {
            lines.push((gsi, vector, cpu));
        }
        self.touched.set(true);
    }

    /// Requests an IPI.
    pub fn request_ipi(&self, cpu: u32) {
        self.all[cpu as usize].ipi.set(true);
    }

    fn pass(&self, ns: u64, machine: &dyn Machine) {
        self.now.set(self.now.get() + ns);
        self.events(machine);
    }

    /// Looks at what is due and at what the machine has raised.
    pub fn events(&self, machine: &dyn Machine) {
        let now = self.now.get();
        if machine.deadline().is_some_and(|d| d <= now) {
            machine.advance(now);
            self.touched.set(true);
        }
        if self.due.get().is_some_and(|d| d <= now) {
            self.due.set(None);
            self.all[0].clock.set(true);
        }
        if self.touched.replace(false) {
            for (i, cpu) in self.all.iter().enumerate() {
                while let Some(vector) = machine.take_vector(i as u32) {
                    cpu.raise(vector);
                }
            }
            // Stopped from outside: no processor does anything until the domain runs again, if ever.
            if !self.standing.get() && machine.stopped().is_some() {
                self.machine_only(machine, || machine.resumed());
            }
        }
        // Level-triggered: pending as long as the line is up.
        for &(gsi, vector, cpu) in self.lines.borrow().iter() {
            if machine.line(gsi) {
                self.all[cpu as usize].raise(vector);
            }
        }
    }

    fn runnable(&self, machine: &dyn Machine, index: u32) -> bool {
        let cpu = &self.all[index as usize];
        match cpu.doing.get() {
            Doing::Blocked => cpu.deliverable(cpu.irql.get()) || machine.runnable(index),
            Doing::Running | Doing::Spinning(_) => true,
            Doing::Idle => cpu.deliverable(cpu.irql.get()),
            Doing::Stalled(until) => until <= self.now.get() || cpu.deliverable(cpu.irql.get()),
            Doing::Off => false,
        }
    }

    /// A scheduling point of the running processor.
    pub fn point(&self, machine: &dyn Machine) {
        self.points.set(self.points.get() + 1);
        self.spins.set(0);
        self.cpu().doing.set(Doing::Running);
        self.pass(POINT_NS, machine);
        if self.seed.one_in(self.step_one_in) {
            self.step(machine);
        }
        if self.all.len() > 1 && self.seed.one_in(self.switch_one_in) {
            self.switch_away(machine);
        }
    }

    /// One turn of a spin loop: somebody else runs, or time passes.
    pub fn spin(&self, what: &'static str, machine: &dyn Machine) {
        self.points.set(self.points.get() + 1);
        let turns = self.spins.get() + 1;
        self.spins.set(turns);
        if turns > LIVELOCK_TURNS {
            let text = format!("no processor makes progress:\n{}", self.describe());
            verifier::stop(LIVELOCK, [turns, 0, 0, 0], text, None);
        }
        self.cpu().doing.set(Doing::Spinning(what));
        self.pass(POINT_NS, machine);
        // When nothing but spinning is left, let time run.
        if turns.is_multiple_of(64) && self.all.iter().all(|c| c.doing.get() != Doing::Running) {
            self.step(machine);
            // To the next event, but the longer they spin the further: a loop may wait for time itself.
            let most = self.now.get() + turns / 64 * SPIN_NS;
            let next = self.next_event(machine).map_or(most, |next| next.min(most));
            self.now.set(self.now.get().max(next));
            self.events(machine);
        } else if self.seed.one_in(2) {
            self.step(machine);
        }
        self.switch_away(machine);
        self.cpu().doing.set(Doing::Running);
    }

    /// The running processor idles until an interrupt is pending for it.
    pub fn idle(&self, machine: &dyn Machine) {
        self.points.set(self.points.get() + 1);
        let me = self.cpu();
        if me.deliverable(me.irql.get()) {
            return;
        }
        me.doing.set(Doing::Idle);
        self.switch_away(machine);
        self.cpu().doing.set(Doing::Running);
    }

    /// The running processor is blocked in the hypervisor until the machine or an interrupt lets it go on.
    pub fn block(&self, machine: &dyn Machine) {
        self.points.set(self.points.get() + 1);
        self.touched.set(true);
        self.events(machine);
        self.cpu().doing.set(Doing::Blocked);
        self.switch_away(machine);
        self.cpu().doing.set(Doing::Running);
    }

    /// The running processor busy-waits.
    pub fn stall(&self, ns: u64, machine: &dyn Machine, poll: impl Fn()) {
        let until = self.now.get() + ns;
        while self.now.get() < until {
            self.points.set(self.points.get() + 1);
            self.cpu().doing.set(Doing::Stalled(until));
            self.switch_away(machine);
            self.cpu().doing.set(Doing::Running);
            poll();
        }
    }

    fn step(&self, machine: &dyn Machine) -> bool {
        let n = machine.actors();
        if n == 0 {
            return false;
        }
        machine.advance(self.now.get());
        machine.step(self.seed.below(n));
        self.touched.set(true);
        self.events(machine);
        true
    }

    fn next_event(&self, machine: &dyn Machine) -> Option<u64> {
        let stalled = self.all.iter().filter_map(|c| match c.doing.get() {
            Doing::Stalled(until) => Some(until),
            _ => None,
        });
        stalled.chain(self.due.get()).chain(machine.deadline()).min()
    }

    /// Moves time on to `to`, or a little when actors of the machine have work: they get their turns.
    fn leap(&self, to: u64, machine: &dyn Machine) {
        let now = self.now.get();
        let most = if machine.actors() > 0 { now + self.lag.get() } else { u64::MAX };
        self.now.set(now.max(to.min(most)));
        self.events(machine);
    }

    /// Lets the machine work while the whole guest stands still, until `done` gives a value.
    pub fn machine_only<T>(&self, machine: &dyn Machine, done: impl Fn() -> Option<T>) -> T {
        self.standing.set(true);
        loop {
            if let Some(value) = done() {
                self.standing.set(false);
                return value;
            }
            if self.step(machine) {
                self.pass(1000, machine);
                continue;
            }
            match machine.deadline() {
                Some(next) => {
                    self.now.set(self.now.get().max(next));
                    self.events(machine);
                }
                None => {
                    let reason = machine.stopped().map_or(0, u64::from);
                    let text = format!("the domain is stopped for ever, reason {reason}");
                    verifier::stop(DEADLOCK, [reason, 0, 0, 0], text, None)
                }
            }
        }
    }

    /// Runs another processor if the seed wants so, or must: returns when this one is resumed.
    fn switch_away(&self, machine: &dyn Machine) {
        let me = self.current.get();
        let next = self.choose(machine, me);
        self.go(me, next);
    }

    /// Chooses the processor to run; lets actors work and time jump when none can.
    fn choose(&self, machine: &dyn Machine, me: u32) -> u32 {
        loop {
            let spinning = matches!(self.all[me as usize].doing.get(), Doing::Spinning(_));
            let mut candidates = [0u32; 128];
            let mut n = 0;
            for i in 0..self.all.len() as u32 {
                // A spinning processor steps back when anybody else can run.
                if self.runnable(machine, i) && !(spinning && i == me) {
                    candidates[n] = i;
                    n += 1;
                }
            }
            if n > 0 {
                return candidates[self.seed.below(n as u32) as usize];
            }
            if spinning {
                return me;
            }
            let step_first = !self.seed.one_in(4);
            if step_first && self.step(machine) {
                self.pass(1000, machine);
                continue;
            }
            match self.next_event(machine) {
                Some(next) if next > self.now.get() => self.leap(next, machine),
                Some(_) => self.pass(POINT_NS, machine),
                None if self.step(machine) => self.pass(1000, machine),
                None => {
                    let text = format!("nothing will ever happen again:\n{}", self.describe());
                    verifier::stop(DEADLOCK, [0; 4], text, None);
                }
            }
        }
    }

    fn go(&self, me: u32, next: u32) {
        if me == next {
            return;
        }
        self.current.set(next);
        let to = &self.all[next as usize];
        load_gs(to.pcr.get());
        unsafe { arch::switch_stack(self.all[me as usize].context.as_ptr(), to.context.get()) };
    }

    /// Leaves the running processor for the host's context; a later [`Cpus::enter`] resumes it.
    pub fn leave(&self) {
        self.inside.set(false);
        unsafe { arch::switch_stack(self.cpu().context.as_ptr(), self.main.get()) };
    }

    /// Leaves for ever.
    pub fn abandon(&self) -> ! {
        self.inside.set(false);
        let mut nowhere = 0;
        unsafe { arch::switch_stack(&mut nowhere, self.main.get()) };
        unreachable!("an abandoned context was resumed")
    }

    /// Resumes the processors from the host's context until one of them leaves.
    pub fn enter(&self) {
        load_gs(self.cpu().pcr.get());
        self.inside.set(true);
        unsafe { arch::switch_stack(self.main.as_ptr(), self.cpu().context.get()) };
    }

    fn describe(&self) -> String {
        let mut out = String::new();
        for (i, c) in self.all.iter().enumerate() {
            out += &format!("cpu{i}: {:?} at IRQL {}\n", c.doing.get(), c.irql.get());
        }
        out
    }
}

/// Code of a run that cannot go on: everything waits.
pub const DEADLOCK: u32 = 0x5349_4D01;
/// Code of a run in which processors only spin.
pub const LIVELOCK: u32 = 0x5349_4D02;

/// Sets the `gs` base of this thread.
pub fn load_gs(base: usize) {
    unsafe {
        if has_fsgsbase() {
            std::arch::asm!("wrgsbase {}", in(reg) base, options(nostack, preserves_flags));
        } else {
            const ARCH_SET_GS: libc::c_int = 0x1001;
            libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base);
        }
    }
}

fn has_fsgsbase() -> bool {
    use std::sync::OnceLock;
    static HAS: OnceLock<bool> = OnceLock::new();
    // HWCAP2_FSGSBASE is bit 1.
    *HAS.get_or_init(|| unsafe { libc::getauxval(libc::AT_HWCAP2) } & 2 != 0)
}
