//! What the kernel needs from the ground it stands on: processors, memory, interrupts, time.
//!
//! On the host the engine is a coroutine scheduler driven by a seed; on bare metal it is the machine
//! itself. Everything outside the guest (devices, hypervisor) is behind [`machine::Machine`].

use crate::verifier::BugCheck;
use alloc::vec::Vec;
use machine::Machine;

/// Why the engine is offered a scheduling point (recorded in the trace).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Point {
    /// A driver entered an export.
    Export = 1,
    /// IRQL was lowered.
    IrqlLowered,
    /// A turn of a spin loop on a lock or on `pause`.
    Spin,
    /// A driver callback is about to be called, or has returned.
    Callout,
    /// A trapped instruction (`vmcall`, `cpuid`, port access, MMIO …).
    Instruction,
    /// A busy wait for a fixed time.
    Stall,
}

/// An interrupt that the engine delivers to the current processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// A device's vector; its IRQL is `vector >> 4`.
    Vector(u8),
    /// The clock: [`Engine::set_clock`]'s time has come. CLOCK_LEVEL.
    Clock,
    /// Another processor wants this one to look at its queues. IPI_LEVEL.
    Ipi,
}

/// Protection of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prot {
    /// No access; the frame stays recorded.
    None,
    /// Read only.
    Read,
    /// Read and write.
    ReadWrite,
    /// Read and execute.
    ReadExecute,
}

/// A range of page frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRange {
    /// First frame number.
    pub start: u64,
    /// Number of frames.
    pub count: u64,
}

/// The ground under the kernel. Methods may be called at any IRQL; none waits.
pub trait Engine {
    /// Number of virtual processors, fixed at start.
    fn processors(&self) -> u32;
    /// Index of the processor that runs the caller.
    fn current_cpu(&self) -> u32;
    /// Binds a processor's `gs` base (KPCR).
    fn set_pcr(&self, cpu: u32, pcr: usize);
    /// A place where the engine may run other processors. When it returns it has resumed the caller on the
    /// same processor; the kernel then polls for interrupts. No kernel lock is held.
    fn scheduling_point(&self, point: Point);
    /// One turn of a spin loop whose condition only another processor, device or time can change.
    /// `what` names the awaited thing for the deadlock report.
    fn spin(&self, what: &'static str);
    /// The current processor has nothing to run; returns when an interrupt may be pending.
    fn idle(&self);
    /// Busy-waits for `ns` nanoseconds; interrupts are delivered by IRQL meanwhile.
    fn stall(&self, ns: u64);
    /// The processor's IRQL changed (hardware side: the task priority register).
    fn set_irql(&self, irql: u8);
    /// Sets the processor's interrupt flag and returns the former one.
    fn interrupts(&self, on: bool) -> bool;
    /// Takes the highest pending interrupt above `irql`, if the engine queues them itself (host).
    fn take_interrupt(&self, irql: u8) -> Option<Interrupt>;
    /// Requests an [`Interrupt::Ipi`] on a processor.
    fn request_ipi(&self, cpu: u32);
    /// Routes PCI line `gsi` (level) to a vector on a processor, or masks it.
    fn route_line(&self, gsi: u32, to: Option<(u8, u32)>);
    /// Time in nanoseconds since the machine started; never goes back.
    fn now(&self) -> u64;
    /// Wall clock at start, in 100 ns units since 1601.
    fn boot_time(&self) -> u64;
    /// Asks for [`Interrupt::Clock`] at this time (nanoseconds), replacing the former request.
    fn set_clock(&self, due: Option<u64>);
    /// A decision among `n` alternatives (n ≥ 1): by the seed on the host, 0 on bare metal.
    fn choose(&self, n: u32, what: &'static str) -> u32;
    /// RAM that the kernel may use.
    fn ram(&self) -> Vec<FrameRange>;
    /// Where a frame of RAM can be read and written by the kernel, or `None` for a hole.
    fn frame(&self, pfn: u64) -> Option<*mut u8>;
    /// The range of kernel virtual addresses that the kernel manages through [`Engine::map`].
    fn system_va(&self) -> core::ops::Range<usize>;
    /// Maps `count` consecutive frames at page-aligned `va`, replacing what was there.
    fn map(&self, va: usize, pfn: u64, count: usize, prot: Prot);
    /// Changes the protection of mapped pages.
    fn protect(&self, va: usize, count: usize, prot: Prot);
    /// Removes mappings.
    fn unmap(&self, va: usize, count: usize);
    /// Frame behind a mapped virtual address.
    fn translate(&self, va: usize) -> Option<u64>;
    /// An image was loaded: the engine prepares its executable pages at `va` (trapping sites). `bytes` are
    /// the section's content, still writable.
    fn prepare_code(&self, va: usize, bytes: &mut [u8]);
    /// Starts a processor: it begins to run in this context (a stack pointer for
    /// [`crate::arch::switch_stack`]).
    fn start_cpu(&self, cpu: u32, context: usize);
    /// The kernel goes on to driver code: a call-out begins, or an export returns.
    fn driver_entered(&self) {}
    /// Driver code came back: an export was entered, or a call-out has returned.
    fn driver_left(&self) {}
    /// The machine has crashed: no other processor runs any more. An engine that cannot stop them leaves them be.
    fn freeze_others(&self) {}
    /// The machine around the guest.
    fn machine(&self) -> &dyn Machine;
    /// A line for the log (DbgPrint, reports).
    fn log(&self, line: &str);
    /// Runs `f`; `Err` tells that simulator code panicked (message in the string).
    fn catch(&self, f: &mut dyn FnMut()) -> Result<(), alloc::string::String>;
    /// Ends the run with a bugcheck.
    fn halt(&self, report: BugCheck) -> !;
}
