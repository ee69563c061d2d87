//! The engine that runs a kernel inside a Linux process.

use crate::count::Counter;
use crate::cpus::{Cpus, Doing, load_gs};
use crate::execute::Scratch;
use crate::memory::{Memory, PAGE, Place};
use crate::patch::{self, Site};
use machine::{Backing, Cpuid, GuestMemory, Machine};
use ntsim::engine::{Engine, FrameRange, Interrupt, Point, Prot};
use ntsim::verifier::{self, BugCheck};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// First frame that the kernel may use: below lies what firmware keeps.
const FIRST_FRAME: u64 = 256;
/// Wall clock at boot: 2026-01-02 00:00 UTC in 100 ns units since 1601.
const BOOT_TIME: u64 = 134_117_856_000_000_000;
/// MANUALLY_INITIATED_CRASH.
const CRASH: u32 = 0xE2;
/// Instructions of our own between the begin of a single-step window and the driver's code, at most.
const APPROACH: u32 = 2000;
const EMERGENCY_STACK: usize = 256 * 1024;

/// One simulation's ground.
pub struct HostEngine {
    /// Processors and time.
    pub cpus: Cpus,
    /// Guest memory.
    pub memory: Memory,
    /// Instructions under a trap.
    pub sites: RefCell<BTreeMap<usize, Site>>,
    /// Page for out-of-line execution.
    pub scratch: Scratch,
    /// One call into a driver in so many begins a single-step window of so many instructions.
    step: Option<(u32, u32)>,
    /// Instructions that were stepped through so far.
    pub stepped: Cell<u64>,
    /// A stack overflow is being reported.
    pub overflow: Cell<bool>,
    /// Instructions of drivers.
    pub counter: Counter,
    machine: Box<dyn Machine>,
    emergency: usize,
    shared_data: *mut u8,
    msrs: RefCell<HashMap<u32, u64>>,
    /// Frames that the guest has made hypercall pages.
    hypercall_pages: RefCell<Vec<u64>>,
    /// How the run ended, if by a bugcheck.
    pub end: RefCell<Option<BugCheck>>,
    log: RefCell<Vec<String>>,
    echo: bool,
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers the message of panics inside simulations; others go to the former hook.
pub fn install_panic_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let inside = crate::trap::active().is_some_and(|e| e.cpus.inside.get());
            if !inside {
                return former(info);
            }
            let text = info.payload_as_str().unwrap_or("(no message)");
            let at = info.location().map(|l| l.to_string()).unwrap_or_default();
            if text.contains("cannot unwind") {
                // A panic on its way out of a function that a driver calls: the process is about to end. Let it not end
                // without the story, past a test runner that keeps what is printed.
                let story = ntsim::verifier::calls::driver_stack().join("\n    ");
                let said = PANIC.with(|p| p.borrow().clone());
                let text = format!("panicked where nothing may unwind: {said}\n    {story}\n");
                let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            }
            PANIC.with(|p| *p.borrow_mut() = format!("{text} at {at}"));
        }));
    });
}

impl HostEngine {
    /// Makes the ground around a machine. Leaked: [`HostEngine::destroy`] frees it.
    pub fn create(
        machine: Box<dyn Machine>,
        frames: u64,
        seed: u64,
        trap_shared: bool,
        step: Option<(u32, u32)>,
        echo: bool,
    ) -> &'static Self {
        let shared_pages = machine.shared_pages();
        let processors = machine.processors();
        let engine = Box::leak(Box::new(Self {
            cpus: Cpus::new(processors, seed),
            memory: Memory::new(frames, shared_pages, trap_shared),
            sites: RefCell::default(),
            scratch: Scratch::new(),
            step,
            stepped: Cell::new(0),
            overflow: Cell::new(false),
            counter: Counter::default(),
            machine,
            emergency: Box::leak(vec![0u8; EMERGENCY_STACK].into_boxed_slice()).as_mut_ptr() as usize,
            shared_data: Box::leak(Box::new([0u64; PAGE / 8])).as_mut_ptr().cast(),
            msrs: RefCell::default(),
            hypercall_pages: RefCell::default(),
            end: RefCell::default(),
            log: RefCell::default(),
            echo,
        }));
        let engine: &'static Self = engine;
        crate::firmware::install(&engine.memory, processors);
        engine.machine.attach(engine, engine.memory.shared());
        engine
    }

    /// Frees everything. Nothing of the simulation may be used afterwards.
    pub unsafe fn destroy(engine: *const Self) {
        let e = Box::from_raw(engine as *mut Self);
        let stack = std::ptr::slice_from_raw_parts_mut(e.emergency as *mut u8, EMERGENCY_STACK);
        drop(Box::from_raw(stack));
        drop(Box::from_raw(e.shared_data.cast::<[u64; PAGE / 8]>()));
    }

    /// Can a trap frame be written below this stack pointer?
    pub fn stack_has_room(&self, sp: usize) -> bool {
        // Room for the frame, the emulator and a bugcheck's report.
        let need = 24 * 1024;
        if self.memory.system_va().contains(&sp) {
            return self.memory.translate(sp - need).is_some()
                && matches!(self.memory.place(sp - 8), Place::Ram(Prot::ReadWrite));
        }
        (self.emergency + need..self.emergency + EMERGENCY_STACK).contains(&sp)
    }

    /// Top of the stack for reports of stack overflows.
    pub fn emergency_stack(&self) -> usize {
        self.emergency + EMERGENCY_STACK
    }

    /// Is this an address of the program itself (the simulator, native test drivers)?
    pub fn is_host_code(&self, at: usize) -> bool {
        // The host's text is what we are running from; a coarse check keeps wild jumps from being decoded.
        let here = Self::is_host_code as *const () as usize;
        at.abs_diff(here) < 1 << 30
    }

    /// Message of the last panic inside.
    pub fn panic_message(&self) -> String {
        PANIC.with(|p| p.borrow().clone())
    }

    /// A `cpuid` as the machine answers it; leaves it does not model come from a fixed processor model so
    /// that runs do not depend on the machine under us.
    pub fn cpuid(&self, cpu: u32, leaf: u32, subleaf: u32) -> Cpuid {
        if let Some(answer) = self.machine.cpuid(cpu, leaf, subleaf) {
            return answer;
        }
        match leaf {
            0 => Cpuid { eax: 0xD, ebx: 0x756E_6547, edx: 0x4965_6E69, ecx: 0x6C65_746E },
            // Family 6 model 0x55; SSE4.2, APIC (identifier 2n as on Xen), hypervisor bit.
            1 => Cpuid {
                eax: 0x0005_0654,
                ebx: (2 * cpu) << 24 | 0x0001_0800,
                ecx: 0x8298_2203,
                edx: 0x1FCB_FBFF,
            },
            0x8000_0000 => Cpuid { eax: 0x8000_0008, ..Cpuid::default() },
            0x8000_0001 => Cpuid { ecx: 0x21, edx: 0x2810_0800, ..Cpuid::default() },
            0x8000_0008 => Cpuid { eax: 0x3027, ..Cpuid::default() },
            _ => Cpuid::default(),
        }
    }

    /// `rdmsr`.
    pub fn read_msr(&self, msr: u32) -> u64 {
        match msr {
            // IA32_GS_BASE and the TSC.
            0xC000_0101 => self.cpus.cpu().pcr.get() as u64,
            0x10 => self.cpus.now() * 2,
            // APIC base: enabled, bootstrap processor.
            0x1B => 0xFEE0_0800 | if self.cpus.current.get() == 0 { 0x100 } else { 0 },
            _ => self.msrs.borrow().get(&msr).copied().unwrap_or(0),
        }
    }

    /// `wrmsr`.
    pub fn write_msr(&self, msr: u32, value: u64) {
        if self.hypercall_msr() == Some(msr) {
            self.make_hypercall_page(value / PAGE as u64);
        }
        self.msrs.borrow_mut().insert(msr, value);
    }

    /// The MSR through which a guest asks for a hypercall page (Xen's cpuid leaf base + 2, EBX).
    fn hypercall_msr(&self) -> Option<u32> {
        let is_xen = |base: &u32| self.machine.cpuid(0, *base, 0).is_some_and(|r| r.ebx == 0x566E_6558);
        let base = (0x4000_0000..0x4001_0000).step_by(0x100).find(is_xen)?;
        self.machine.cpuid(0, base + 2, 0).map(|r| r.ebx)
    }

    /// Fills a frame with 128 stubs of 32 bytes: `mov eax, number; vmcall; ret`, the second instruction as a trap.
    fn make_hypercall_page(&self, pfn: u64) {
        let Some(page) = self.memory.frame(pfn) else { return };
        for number in 0..(PAGE / 32) as u32 {
            let mut stub = [0xCCu8; 32];
            stub[0] = 0xB8;
            stub[1..5].copy_from_slice(&number.to_le_bytes());
            stub[5..7].copy_from_slice(&patch::TRAP);
            stub[7..9].copy_from_slice(&[0xC1, 0xC3]);
            unsafe { std::ptr::copy_nonoverlapping(stub.as_ptr(), page.add(32 * number as usize), 32) };
        }
        self.hypercall_pages.borrow_mut().push(pfn);
    }

    /// Is this the trap of a hypercall page?
    pub fn in_hypercall_page(&self, rip: usize) -> bool {
        rip % 32 == 5
            && self.memory.translate(rip).is_some_and(|pfn| self.hypercall_pages.borrow().contains(&pfn))
    }

    /// KUSER_SHARED_DATA as of now.
    pub fn shared_data(&self) -> *mut u8 {
        unsafe { ntsim::ke::shared_data::update(self.shared_data) };
        self.shared_data
    }

    /// Begins a single-step window, if the seed wants one here.
    fn begin_window(&self) {
        let Some((one_in, length)) = self.step else { return };
        if self.cpus.inside.get() && self.cpus.seed.one_in(one_in) {
            let cpu = self.cpus.cpu();
            cpu.steps.set(length);
            cpu.approach.set(APPROACH);
            // The trap flag: from here on each instruction traps, ours until the driver's first one, too.
            unsafe { std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
        }
    }

    /// Lines logged so far.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.borrow().clone()
    }
}

impl GuestMemory for HostEngine {
    fn frames(&self) -> u64 {
        self.memory.frames()
    }
    fn frame(&self, gfn: u64) -> Option<*mut u8> {
        self.memory.frame(gfn)
    }
    fn translate(&self, gva: u64) -> Option<u64> {
        let page = self.memory.translate(gva as usize)?;
        Some(page * PAGE as u64 + gva % PAGE as u64)
    }
    fn set_frame(&self, gfn: u64, host: Backing) {
        self.memory.set_frame(gfn, host);
    }
    fn watch(&self, page: *mut u8, on: bool) {
        self.memory.watch(page as usize, on);
    }
}

impl Engine for HostEngine {
    fn processors(&self) -> u32 {
        self.cpus.all.len() as u32
    }
    fn current_cpu(&self) -> u32 {
        self.cpus.current.get()
    }
    fn set_pcr(&self, cpu: u32, pcr: usize) {
        self.cpus.all[cpu as usize].pcr.set(pcr);
        if cpu == self.cpus.current.get() {
            load_gs(pcr);
        }
    }
    fn scheduling_point(&self, _point: Point) {
        if self.cpus.inside.get() {
            self.cpus.point(&*self.machine);
            if self.cpus.crash_is_due() {
                verifier::stop(CRASH, [0; 4], "a crash at a point that the test chose".into(), None);
            }
        }
    }
    fn driver_entered(&self) {
        self.counter.arm();
        self.begin_window();
    }
    fn driver_left(&self) {
        self.counter.disarm();
    }
    fn freeze_others(&self) {
        self.cpus.freeze_others();
    }
    fn spin(&self, what: &'static str) {
        self.cpus.spin(what, &*self.machine);
    }
    fn idle(&self) {
        self.cpus.idle(&*self.machine);
    }
    fn stall(&self, ns: u64) {
        self.cpus.stall(ns, &*self.machine, || ntsim::ke::irql::poll(ntsim::kernel()));
    }
    fn set_irql(&self, irql: u8) {
        self.cpus.cpu().irql.set(irql);
    }
    fn interrupts(&self, on: bool) -> bool {
        self.cpus.cpu().interrupts.replace(on)
    }
    fn take_interrupt(&self, irql: u8) -> Option<Interrupt> {
        self.cpus.cpu().take(irql)
    }
    fn request_ipi(&self, cpu: u32) {
        self.cpus.request_ipi(cpu);
    }
    fn route_line(&self, gsi: u32, to: Option<(u8, u32)>) {
        self.cpus.route(gsi, to);
    }
    fn now(&self) -> u64 {
        self.cpus.now()
    }
    fn boot_time(&self) -> u64 {
        BOOT_TIME
    }
    fn set_clock(&self, due: Option<u64>) {
        self.cpus.set_clock(due);
    }
    fn choose(&self, n: u32, _what: &'static str) -> u32 {
        if n <= 1 { 0 } else { self.cpus.seed.below(n) }
    }
    fn ram(&self) -> Vec<FrameRange> {
        vec![FrameRange { start: FIRST_FRAME, count: self.memory.frames() - FIRST_FRAME }]
    }
    fn frame(&self, pfn: u64) -> Option<*mut u8> {
        self.memory.frame(pfn)
    }
    fn system_va(&self) -> std::ops::Range<usize> {
        self.memory.system_va()
    }
    fn map(&self, va: usize, pfn: u64, count: usize, prot: Prot) {
        self.memory.map(va, pfn, count, prot);
    }
    fn protect(&self, va: usize, count: usize, prot: Prot) {
        self.memory.protect(va, count, prot);
    }
    fn unmap(&self, va: usize, count: usize) {
        self.memory.unmap(va, count);
        self.sites.borrow_mut().retain(|at, _| !(va..va + count * PAGE).contains(at));
    }
    fn translate(&self, va: usize) -> Option<u64> {
        self.memory.translate(va)
    }
    fn prepare_code(&self, va: usize, bytes: &mut [u8]) {
        self.sites.borrow_mut().extend(patch::patch(va, bytes));
    }
    fn start_cpu(&self, cpu: u32, context: usize) {
        let c = &self.cpus.all[cpu as usize];
        c.context.set(context);
        c.doing.set(Doing::Running);
    }
    fn machine(&self) -> &dyn Machine {
        &*self.machine
    }
    fn log(&self, line: &str) {
        if self.echo {
            eprintln!("[{:>12}] {line}", self.cpus.now());
        }
        self.log.borrow_mut().push(line.to_string());
    }
    fn catch(&self, f: &mut dyn FnMut()) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(f)).map_err(|_| self.panic_message())
    }
    fn halt(&self, report: BugCheck) -> ! {
        if !self.cpus.inside.get() {
            panic!("{report}");
        }
        *self.end.borrow_mut() = Some(report);
        self.cpus.abandon()
    }
}
