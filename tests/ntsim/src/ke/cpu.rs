//! A virtual processor as the kernel sees it, and its KPCR.

use crate::abi::*;
use crate::engine::Prot;
use crate::ke::thread::Thread;
use crate::kernel::{Kernel, lock::Lock};
use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering::*};

/// Pages of a processor's block: KPCR and KPRCB in the first, the entry record of exports at 0x3000.
pub const PCR_PAGES: usize = 4;
const PCR_SELF: usize = 0x18;
const PCR_CURRENT_PRCB: usize = 0x20;
const PCR_IRQL: usize = 0x50;
const PCR_MAJOR_VERSION: usize = 0x60;
const PCR_PRCB: usize = 0x180;
const PRCB_NUMBER: usize = 0x184;
const PRCB_CURRENT_THREAD: usize = 0x188;

/// One processor.
pub struct Cpu {
    /// System-wide index.
    pub index: u32,
    irql: AtomicU8,
    pcr: AtomicUsize,
    current: AtomicPtr<Thread>,
    /// Runs when nothing else does.
    pub idle: AtomicPtr<Thread>,
    /// The thread that was switched away from, until its context is known to be saved.
    pub previous: AtomicPtr<Thread>,
    /// The ready queues may hold something better than the current thread.
    pub reschedule: AtomicBool,
    /// The current thread has used up its quantum.
    pub quantum_end: AtomicBool,
    /// Timers may be due.
    pub timer_due: AtomicBool,
    /// Is a DPC running here?
    pub dpc_active: AtomicBool,
    /// DPCs waiting for this processor.
    pub dpcs: Lock<VecDeque<usize>>,
    /// Threaded DPCs waiting for this processor's DPC thread.
    pub threaded_dpcs: Lock<VecDeque<usize>>,
    /// The DPC thread, made on first use.
    pub dpc_thread: AtomicPtr<Thread>,
    /// DPCs run so far, for KeFlushQueuedDpcs.
    pub dpc_count: AtomicU32,
}

impl Cpu {
    /// A processor that has not been started.
    pub fn new(index: u32) -> Self {
        Self {
            index,
            irql: AtomicU8::new(HIGH_LEVEL),
            pcr: AtomicUsize::new(0),
            current: Default::default(),
            idle: Default::default(),
            previous: Default::default(),
            reschedule: Default::default(),
            quantum_end: Default::default(),
            timer_due: Default::default(),
            dpc_active: Default::default(),
            dpcs: Default::default(),
            threaded_dpcs: Default::default(),
            dpc_thread: Default::default(),
            dpc_count: Default::default(),
        }
    }

    /// Current IRQL.
    #[inline]
    pub fn irql(&self) -> u8 {
        self.irql.load(Relaxed)
    }

    /// Sets IRQL without looking for pending work.
    pub fn set_irql(&self, k: &Kernel, irql: u8) {
        self.irql.store(irql, Relaxed);
        unsafe { ((self.pcr.load(Relaxed) + PCR_IRQL) as *mut u8).write(irql) };
        k.engine.set_irql(irql);
    }

    /// The thread that runs here.
    #[inline]
    pub fn current(&self) -> *mut Thread {
        self.current.load(Relaxed)
    }

    /// Sets the running thread, also in the PRCB.
    pub fn set_current(&self, thread: *mut Thread) {
        self.current.store(thread, Relaxed);
        unsafe { ((self.pcr.load(Relaxed) + PRCB_CURRENT_THREAD) as *mut *mut Thread).write(thread) };
    }

    /// Address of the KPCR.
    pub fn pcr(&self) -> usize {
        self.pcr.load(Relaxed)
    }

    /// Is the idle thread running?
    pub fn is_idle(&self) -> bool {
        self.current.load(Relaxed) == self.idle.load(Relaxed)
    }

    /// Is there work for the dispatch interrupt?
    pub fn soft_pending(&self) -> bool {
        self.reschedule.load(Relaxed)
            || self.quantum_end.load(Relaxed)
            || self.timer_due.load(Relaxed)
            || (!self.dpc_active.load(Relaxed) && !self.dpcs.lock().is_empty())
    }

    /// Group and number of this processor.
    pub fn number(&self, k: &Kernel) -> PROCESSOR_NUMBER {
        let size = k.config.group_size.clamp(1, 64);
        PROCESSOR_NUMBER { Group: (self.index / size) as u16, Number: (self.index % size) as u8, Reserved: 0 }
    }

    /// Makes the KPCR and the idle thread, and starts the processor at DISPATCH_LEVEL.
    pub fn prepare(&self, k: &'static Kernel) {
        let va = k.mm.allocate_mapped(PCR_PAGES, Prot::ReadWrite).expect("memory for a KPCR");
        unsafe {
            core::ptr::write_bytes(va as *mut u8, 0, PCR_PAGES * 4096);
            ((va + PCR_SELF) as *mut usize).write(va);
            ((va + PCR_CURRENT_PRCB) as *mut usize).write(va + PCR_PRCB);
            ((va + PCR_MAJOR_VERSION) as *mut u16).write(1);
            ((va + PCR_MAJOR_VERSION + 2) as *mut u16).write(1);
            ((va + PRCB_NUMBER) as *mut u8).write(self.number(k).Number);
        }
        self.pcr.store(va, Relaxed);
        k.engine.set_pcr(self.index, va);
        let idle = crate::ke::thread::create_idle(k, self.index);
        self.idle.store(idle, Relaxed);
        self.set_current(idle);
        self.irql.store(DISPATCH_LEVEL, Relaxed);
        k.engine.start_cpu(self.index, unsafe { (*idle).sp.get() });
    }
}

/// Sets all started processors up.
pub fn start(k: &'static Kernel) {
    for cpu in &k.cpus[..k.active_processors() as usize] {
        cpu.prepare(k);
    }
}
