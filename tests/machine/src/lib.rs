//! What hardware and hypervisor look like from the stand-in kernel: the seam between ntsim and xensim.
//!
//! The host engine of ntsim owns virtual processors, guest memory and virtual time; a [`Machine`]
//! (xensim) owns everything outside of them: hypercalls, ports, configuration space, xenstored,
//! back-ends. Everything happens on one thread; a machine uses interior mutability and must not call
//! back into the kernel.
#![no_std]

extern crate alloc;

/// The guest's memory as the machine reaches it. Ownership of the pages stays with the engine.
pub trait GuestMemory {
    /// Number of frames of RAM; frames are `0..frames()` less the holes below 4 GiB.
    fn frames(&self) -> u64;
    /// Host address of a RAM frame, or `None` where there is none. The pointer stays valid for as
    /// long as the memory; 4096 bytes behind it may be read and written, by volatile or atomic
    /// accesses only.
    fn frame(&self, gfn: u64) -> Option<*mut u8>;
    /// Translates a guest virtual address of the running driver (a hypercall's argument).
    fn translate(&self, gva: u64) -> Option<u64>;
    /// Called by the machine when a frame becomes a hole (decrease_reservation, add_to_physmap over
    /// it) or is given another backing (shared info, grant frames): the engine maps the guest's
    /// view of `gfn` to `host` (4096 bytes, page-aligned, owned by the machine) or to nothing.
    fn set_frame(&self, gfn: u64, host: Backing);
    /// Watches a page, by the host address under which the machine reaches it, or does so no more: each access of
    /// the guest to it is announced by [`Machine::accessing`] before it happens. Engines that cannot trap single
    /// accesses ignore it.
    fn watch(&self, _page: *mut u8, _on: bool) {}
}

/// What lies behind a guest frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The engine's own RAM page (populate_physmap).
    Ram,
    /// Nothing: any access by the guest is an error that the engine reports.
    Hole,
    /// Page `index` of the machine's shared region (see [`Machine::shared_pages`]): shared info,
    /// grant frames, ring pages that the toolstack made. The engine backs the region by memory that both sides map.
    Shared(u32),
}

/// Result of a `cpuid`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpuid {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// What a hypercall did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Completed with this value in RAX (negative errno on failure).
    Done(i64),
    /// The calling virtual processor blocks until an event is pending for it (SCHEDOP_block/poll),
    /// then gets this value.
    Block(i64),
    /// The whole domain stops (SCHEDOP_shutdown). The engine stops running virtual processors until
    /// [`Machine::resumed`] gives the value that the hypercall returns, or the run ends.
    Shutdown(u32),
}

/// PCI configuration address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    /// Bus.
    pub bus: u8,
    /// Device, 0..32.
    pub device: u8,
    /// Function, 0..8.
    pub function: u8,
}

/// The outside of the guest.
pub trait Machine {
    /// Pages of the shared region that the machine may hand out by [`Backing::Shared`]; asked once,
    /// before anything else. `attach` then gives their host address.
    fn shared_pages(&self) -> u32;
    /// Called once: guest memory, and the host address of the shared region.
    fn attach(&self, memory: &'static dyn GuestMemory, shared: *mut u8);
    /// Number of virtual processors.
    fn processors(&self) -> u32;
    /// `cpuid` on a virtual processor. Leaves below 0x40000000 that the machine does not model are
    /// answered from the host by the engine when this returns `None`.
    fn cpuid(&self, cpu: u32, leaf: u32, subleaf: u32) -> Option<Cpuid>;
    /// A hypercall: number in RAX, arguments RDI, RSI, RDX, R10, R8, R9.
    fn hypercall(&self, cpu: u32, number: u64, args: [u64; 6]) -> Outcome;
    /// `in`; width is 1, 2 or 4 bytes.
    fn port_in(&self, cpu: u32, port: u16, width: u8) -> u32;
    /// `out`; width is 1, 2 or 4 bytes.
    fn port_out(&self, cpu: u32, port: u16, width: u8, value: u32);
    /// Reads configuration space; absent functions give all ones.
    fn pci_read(&self, at: PciAddress, offset: u16, width: u8) -> u32;
    /// Writes configuration space.
    fn pci_write(&self, at: PciAddress, offset: u16, width: u8, value: u32);
    /// Reads device memory (a BAR) at a guest-physical address.
    fn mmio_read(&self, gpa: u64, width: u8) -> u64;
    /// Writes device memory.
    fn mmio_write(&self, gpa: u64, width: u8, value: u64);
    /// Takes the edge interrupt (a vector) that waits for this processor, if any. The engine asks at
    /// scheduling points and delivers when the processor's IRQL allows.
    fn take_vector(&self, cpu: u32) -> Option<u8>;
    /// Level of PCI interrupt line `gsi`.
    fn line(&self, gsi: u32) -> bool;
    /// Number of actors (back-ends, xenstored, the toolstack's script) that could take a step now.
    fn actors(&self) -> u32;
    /// Lets actor `which` (below `actors()`) take one bounded step. The engine's seed chooses.
    fn step(&self, which: u32);
    /// Virtual time, in nanoseconds since the machine started, at which something becomes due.
    fn deadline(&self) -> Option<u64>;
    /// Virtual time is now this; never goes back.
    fn advance(&self, now: u64);
    /// After [`Outcome::Shutdown`]: the value that the hypercall returns once the domain runs again
    /// (0 resumed in a new or the same domain, 1 cancelled), or `None` while it does not.
    fn resumed(&self) -> Option<i64>;
    /// The reason why the domain was stopped from outside (destroyed, watchdog, suspended unannounced),
    /// or by its own SCHEDOP_shutdown, while it is. The engine asks at scheduling points.
    fn stopped(&self) -> Option<u32> {
        None
    }
    /// Whether a processor whose hypercall gave [`Outcome::Block`] has a reason to go on (its poll is
    /// satisfied or timed out, an event is pending). Interrupts wake it in any case.
    fn runnable(&self, _cpu: u32) -> bool {
        true
    }
    /// The guest is about to touch (and, for a read, has not yet seen) the word at `gpa` of a page that is watched
    /// ([`GuestMemory::watch`]), or of any shared page in seeds that trap these. A hostile peer may change it now.
    fn accessing(&self, _cpu: u32, _gpa: u64, _write: bool) {}
    /// Whether a peer can reach this frame through a grant now: `Some(true)` when it is mapped,
    /// `Some(false)` when it is granted only. The kernel must not free such a page.
    fn frame_in_use(&self, _gfn: u64) -> Option<bool> {
        None
    }
}
