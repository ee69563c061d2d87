//! The engine: real processors, real interrupts, real time.

use alloc::{string::String, vec::Vec};
use core::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

use machine::Machine;
use ntsim::{
    engine::{Engine, FrameRange, Interrupt, Point, Prot},
    kernel::{Kernel, try_kernel},
    verifier::BugCheck,
};

use crate::{apic, cpu, hardware::Hardware, paging, port, time, trap, xen};

/// Addresses that the kernel manages: 3 GiB in the upper half, for which there are page tables enough.
const SYSTEM_VA: Range<usize> = 0xffff_9000_0000_0000..0xffff_9000_c000_0000;

/// The bare-metal engine.
pub struct Metal {
    /// RAM for the kernel.
    pub ram: Vec<FrameRange>,
    /// The outside.
    pub hardware: Hardware,
    /// The wall clock at start.
    pub boot_time: u64,
}

static KERNEL: AtomicPtr<Kernel> = AtomicPtr::new(core::ptr::null_mut());
static HALTED: AtomicBool = AtomicBool::new(false);
/// The processor that crashed, plus one: the others stop where they would take an interrupt.
static CRASHED: AtomicU32 = AtomicU32::new(0);
/// Processors that have.
static FROZEN: AtomicU32 = AtomicU32::new(0);
/// When the next clock interrupt is asked for, `u64::MAX` for never.
static CLOCK: AtomicU64 = AtomicU64::new(u64::MAX);
/// Turns of all waiting loops.
static SPINS: AtomicU64 = AtomicU64::new(0);
/// Vectors that each processor has delivered since it last looked: their lines are to be let through.
static SERVED: [AtomicU64; cpu::MAX * 4] = [const { AtomicU64::new(0) }; cpu::MAX * 4];

/// Each processor's KPCR, and the context in which it enters the kernel; 0 until the kernel starts it.
static PCR: [AtomicUsize; cpu::MAX] = [const { AtomicUsize::new(0) }; cpu::MAX];
static CONTEXT: [AtomicUsize; cpu::MAX] = [const { AtomicUsize::new(0) }; cpu::MAX];
const GS_BASE: u32 = 0xc000_0101;

/// Leaves the boot stack for the context that the kernel has prepared for this processor; waits for it.
pub fn enter_kernel(index: u32) -> ! {
    let context = loop {
        match CONTEXT[index as usize].load(Ordering::Acquire) {
            0 => core::hint::spin_loop(),
            context => break context,
        }
    };
    port::write_msr(GS_BASE, PCR[index as usize].load(Ordering::Acquire) as u64);
    port::enable();
    let mut here = 0;
    // The context was made by the kernel for this processor and is entered once.
    unsafe { ntsim::arch::switch_stack(&raw mut here, context) };
    stop("the boot stack was resumed")
}

/// Installs the kernel instance.
pub fn set_kernel(kernel: &'static Kernel) {
    KERNEL.store(core::ptr::from_ref(kernel).cast_mut(), Ordering::Release);
}

/// The instance, for [`ntsim::kernel::set_hook`].
pub fn instance() -> *const Kernel {
    KERNEL.load(Ordering::Acquire)
}

/// Takes what is pending on this processor, if the kernel runs.
pub fn poll() {
    if let Some(kernel) = try_kernel() {
        ntsim::ke::irql::poll(kernel);
    }
}

/// An exception that nobody handles.
pub fn fault(vector: u64, error: u64, rip: u64, rsp: u64, address: u64) -> ! {
    if HALTED.swap(true, Ordering::AcqRel) || try_kernel().is_none() {
        stop("an exception while stopping");
    }
    HALTED.store(false, Ordering::Release);
    ntsim_fault(vector, error, rip, rsp, address)
}

fn ntsim_fault(vector: u64, error: u64, rip: u64, rsp: u64, address: u64) -> ! {
    // PAGE_FAULT_IN_NONPAGED_AREA for a page fault, else UNEXPECTED_KERNEL_MODE_TRAP (bugcodes.h).
    let code = if vector == 14 { 0x50 } else { 0x7f };
    let parameters = if vector == 14 { [address, error, rip, rsp] } else { [vector, error, rip, rsp] };
    ntsim::verifier::bugcheck(code, parameters, "processor exception")
}

/// Ends the guest: a last line, then a triple fault, which every toolstack notices at once.
pub fn stop(why: &str) -> ! {
    say!("hvm: end: {why}");
    let none = [0u8; 10];
    loop {
        // An empty IDT makes the next exception a triple fault.
        unsafe { core::arch::asm!("lidt [{}]", "int3", in(reg) none.as_ptr()) };
    }
}

/// Nothing happens here any more, until an NMI comes. Not halted: with all processors halted and interrupts off, Xen takes a
/// guest for switched off.
pub fn stand_still(nmi: bool) -> ! {
    trap::obey_nmi(nmi);
    port::disable();
    loop {
        core::hint::spin_loop();
    }
}

/// Number of this line's word in [`SERVED`], and the bit.
fn served(index: u32, vector: u8) -> (usize, u64) {
    (index as usize * 4 + usize::from(vector / 64), 1 << (vector % 64))
}

fn release_lines(index: u32) {
    for word in 0..4u8 {
        let served = &SERVED[index as usize * 4 + usize::from(word)];
        // This is on the way of every step of the kernel: mostly there is nothing.
        if served.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let mut bits = served.swap(0, Ordering::AcqRel);
        while bits != 0 {
            apic::release(word * 64 + bits.trailing_zeros() as u8);
            bits &= bits - 1;
        }
    }
}

/// Where a processor ends when another has crashed: between two steps of the kernel, with none of its locks, as it would
/// take an interrupt.
fn freeze() -> ! {
    port::disable();
    FROZEN.fetch_add(1, Ordering::AcqRel);
    loop {
        port::halt();
    }
}

impl Engine for Metal {
    fn processors(&self) -> u32 {
        cpu::started()
    }
    fn current_cpu(&self) -> u32 {
        cpu::index()
    }
    fn set_pcr(&self, cpu: u32, pcr: usize) {
        // Another processor takes its own when it enters the kernel.
        PCR[cpu as usize].store(pcr, Ordering::Release);
        if cpu == cpu::index() {
            port::write_msr(GS_BASE, pcr as u64);
        }
    }
    fn scheduling_point(&self, _point: Point) {}
    fn spin(&self, _what: &'static str) {
        // What we wait for may be on a virtual processor that does not run because we do.
        if SPINS.fetch_add(1, Ordering::Relaxed) % 256 == 255 {
            xen::give_way();
        }
        core::hint::spin_loop();
    }
    fn idle(&self) {
        port::disable();
        if cpu::current().any() {
            port::enable();
        } else {
            port::enable_and_halt();
        }
    }
    fn stall(&self, ns: u64) {
        let until = time::now() + ns;
        while time::now() < until {
            if cpu::current().any() {
                poll();
            }
            core::hint::spin_loop();
        }
    }
    fn set_irql(&self, _irql: u8) {
        // Not by CR8: QEMU 10's emulated SVM dies when a nested guest writes it with an interrupt
        // pending (an assertion on its global lock). Interrupts are queued whatever the IRQL, and the
        // kernel takes those above it.
    }
    fn interrupts(&self, on: bool) -> bool {
        let old = port::disable();
        if on {
            port::enable();
        }
        old
    }
    fn take_interrupt(&self, irql: u8) -> Option<Interrupt> {
        let cpu = cpu::current();
        let crashed = CRASHED.load(Ordering::Acquire);
        if crashed != 0 && crashed != cpu.index + 1 {
            freeze();
        }
        release_lines(cpu.index);
        let vector = cpu.take(irql)?;
        Some(match vector {
            trap::IPI => Interrupt::Ipi,
            trap::CLOCK => {
                CLOCK.store(u64::MAX, Ordering::Release);
                Interrupt::Clock
            }
            vector => {
                let (word, bit) = served(cpu.index, vector);
                SERVED[word].fetch_or(bit, Ordering::AcqRel);
                Interrupt::Vector(vector)
            }
        })
    }
    fn request_ipi(&self, cpu: u32) {
        if cpu == cpu::index() {
            cpu::current().raise(trap::IPI);
        } else {
            apic::send(cpu::get(cpu).apic, trap::IPI);
        }
    }
    fn route_line(&self, gsi: u32, to: Option<(u8, u32)>) {
        apic::route(gsi, to.map(|(vector, cpu)| (vector, cpu::get(cpu).apic)));
    }
    fn now(&self) -> u64 {
        time::now()
    }
    fn boot_time(&self) -> u64 {
        self.boot_time
    }
    fn set_clock(&self, due: Option<u64>) {
        CLOCK.store(due.unwrap_or(u64::MAX), Ordering::Release);
        apic::set_timer(due.map(|due| due.saturating_sub(time::now()).max(1000)));
    }
    fn choose(&self, n: u32, what: &'static str) -> u32 {
        // What is simplest; but sends go down in chains, as tcpip's do.
        if what == "send chain" { n - 1 } else { 0 }
    }
    fn ram(&self) -> Vec<FrameRange> {
        self.ram.clone()
    }
    fn frame(&self, pfn: u64) -> Option<*mut u8> {
        self.ram
            .iter()
            .any(|range| (range.start..range.start + range.count).contains(&pfn))
            .then_some((pfn << 12) as *mut u8)
    }
    fn system_va(&self) -> Range<usize> {
        SYSTEM_VA
    }
    fn map(&self, va: usize, pfn: u64, count: usize, prot: Prot) {
        let mut known = false;
        for page in 0..count {
            known |= paging::map((va + page * 4096) as u64, pfn + page as u64, prot);
        }
        if known {
            trap::shoot_down();
        }
    }
    fn protect(&self, va: usize, count: usize, prot: Prot) {
        let mut known = false;
        for page in 0..count {
            known |= paging::protect((va + page * 4096) as u64, prot);
        }
        if known {
            trap::shoot_down();
        }
    }
    fn unmap(&self, va: usize, count: usize) {
        for page in 0..count {
            paging::unmap((va + page * 4096) as u64);
        }
    }
    fn translate(&self, va: usize) -> Option<u64> {
        paging::translate(va as u64)
    }
    fn prepare_code(&self, _va: usize, _bytes: &mut [u8]) {}
    fn start_cpu(&self, cpu: u32, context: usize) {
        CONTEXT[cpu as usize].store(context, Ordering::Release);
    }
    fn freeze_others(&self) {
        /// Turns of waiting: seconds, of which the others need a moment of processor time.
        const TURNS: u32 = 100_000;
        let others = cpu::started() - 1;
        CRASHED.store(cpu::index() + 1, Ordering::Release);
        (0..cpu::started()).filter(|index| *index != cpu::index()).for_each(|index| self.request_ipi(index));
        for _ in 0..TURNS {
            if FROZEN.load(Ordering::Acquire) == others {
                return;
            }
            xen::give_way();
        }
        // It waits for a lock that the crash has left taken, and so does nothing either.
        say!("hvm: {} of {others} other processors stand still", FROZEN.load(Ordering::Acquire));
    }
    fn machine(&self) -> &dyn Machine {
        &self.hardware
    }
    fn log(&self, line: &str) {
        say!("{line}");
    }
    fn catch(&self, f: &mut dyn FnMut()) -> Result<(), String> {
        // A panic here ends the guest with a report (the panic handler): there is nothing to catch.
        f();
        Ok(())
    }
    fn halt(&self, report: BugCheck) -> ! {
        HALTED.store(true, Ordering::Release);
        say!("*** BUGCHECK {:#x} {:x?} {}", report.code, report.parameters, report.text);
        if let Some(rule) = report.rule {
            say!("    rule {rule}");
        }
        for line in &report.stack {
            say!("    {line}");
        }
        say!("{}", report.trace);
        stop("bugcheck")
    }
}
