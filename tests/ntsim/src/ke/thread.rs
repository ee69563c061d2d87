//! Threads.

use crate::abi::*;
use crate::arch;
use crate::ke::sched::{self, CpuSet};
use crate::ke::{irql, list, wait};
use crate::kernel::{Kernel, kernel};
use crate::verifier::calls::Calls;
use alloc::boxed::Box;
use core::arch::asm;
use core::cell::{Cell, UnsafeCell};
use core::sync::atomic::AtomicBool;

/// Stack of a thread in pages. Drivers may use 24 KiB of it (the verifier counts); the rest is for the
/// simulator, whose code is deeper than Windows' own.
pub const STACK_PAGES: usize = 128;

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// In a ready queue.
    Ready,
    /// On a processor.
    Running,
    /// Waits for objects.
    Waiting,
    /// Has ended.
    Terminated,
}

/// A thread object's body. Drivers see a KTHREAD: only the header is theirs to know.
#[repr(C)]
pub struct Thread {
    /// Signalled when the thread has ended.
    pub header: UnsafeCell<DISPATCHER_HEADER>,
    /// Number in order of creation; 0..n are the idle threads.
    pub number: u32,
    /// Where it is.
    pub state: Cell<RunState>,
    /// Saved stack pointer while not running.
    pub sp: Cell<usize>,
    /// The context is not saved yet.
    pub busy: AtomicBool,
    /// Current priority, 0..=31.
    pub priority: Cell<i32>,
    /// Priority without boosts.
    pub base_priority: Cell<i32>,
    /// Processors on which it may run.
    pub affinity: Cell<CpuSet>,
    /// The affinity to go back to by KeRevertToUserAffinityThread.
    pub user_affinity: Cell<CpuSet>,
    /// Processor that runs it, or ran it last.
    pub cpu: Cell<u32>,
    /// Stack: first address and size in pages.
    pub stack: Cell<(usize, usize)>,
    /// Built-in wait blocks (THREAD_WAIT_OBJECTS is 3; one for the timeout).
    pub wait_blocks: UnsafeCell<[KWAIT_BLOCK; 4]>,
    /// The blocks of the current wait.
    pub wait: Cell<wait::Pending>,
    /// Result of the last wait.
    pub wait_status: Cell<NTSTATUS>,
    /// KernelApcDisable: > 0 in a critical or guarded region.
    pub apc_disable: Cell<i32>,
    /// SpecialApcDisable: > 0 in a guarded region.
    pub special_apc_disable: Cell<i32>,
    /// KeAlertThread was called.
    pub alerted: Cell<bool>,
    /// Exit status.
    pub exit_status: Cell<NTSTATUS>,
    /// Exports and call-outs on this thread's stack.
    pub calls: UnsafeCell<Calls>,
    /// Mutexes held (list through KMUTANT.MutantListEntry).
    pub mutants: UnsafeCell<LIST_ENTRY>,
    /// Locks held, for lock-order rules.
    pub locks: UnsafeCell<alloc::vec::Vec<crate::verifier::locks::Held>>,
    /// Address of a driver's start routine, 0 for the simulator's own.
    pub start_address: Cell<usize>,
    start: Cell<Option<StartRoutine>>,
}

/// A thread's first function.
pub enum StartRoutine {
    /// A driver's (PsCreateSystemThread) and its context.
    Driver(unsafe extern "win64" fn(PVOID), PVOID),
    /// The simulator's own.
    Kernel(Box<dyn FnOnce()>),
    /// The idle loop.
    Idle,
}

/// The running thread.
#[inline(always)]
pub fn current() -> &'static Thread {
    let thread: *const Thread;
    unsafe {
        asm!("mov {}, gs:[0x188]", out(reg) thread, options(nostack, preserves_flags, readonly));
        &*thread
    }
}

impl Thread {
    /// Exports and call-outs on this thread's stack; to be used by the thread itself.
    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    pub fn calls(&self) -> &mut Calls {
        unsafe { &mut *self.calls.get() }
    }

    /// The object's address as drivers know it.
    pub fn as_ptr(&self) -> PVOID {
        self as *const Self as PVOID
    }

    /// The dispatcher header.
    pub fn header(&self) -> *mut DISPATCHER_HEADER {
        self.header.get()
    }
}

unsafe fn init(at: *mut Thread, number: u32, affinity: CpuSet, priority: i32, start: StartRoutine) {
    let null = core::ptr::null_mut();
    let entry = LIST_ENTRY { Flink: null, Blink: null };
    let block = KWAIT_BLOCK {
        WaitListEntry: entry,
        WaitType: 0,
        BlockState: 0,
        WaitKey: 0,
        SpareLong: 0,
        Thread: null.cast(),
        Object: null.cast(),
        SparePtr: null.cast(),
    };
    at.write(Thread {
        header: UnsafeCell::new(DISPATCHER_HEADER {
            Type: object_kind::THREAD,
            Signalling: 0,
            Size: 6,
            Reserved1: 0,
            SignalState: 0,
            WaitListHead: entry,
        }),
        number,
        state: Cell::new(RunState::Ready),
        sp: Cell::new(0),
        busy: AtomicBool::new(false),
        priority: Cell::new(priority),
        base_priority: Cell::new(priority),
        affinity: Cell::new(affinity),
        user_affinity: Cell::new(affinity),
        cpu: Cell::new(0),
        stack: Cell::new((0, 0)),
        wait_blocks: UnsafeCell::new([block; 4]),
        wait: Cell::new(wait::Pending::NONE),
        wait_status: Cell::new(0),
        apc_disable: Cell::new(0),
        special_apc_disable: Cell::new(0),
        alerted: Cell::new(false),
        exit_status: Cell::new(STATUS_PENDING),
        calls: UnsafeCell::new(Calls::default()),
        mutants: UnsafeCell::new(entry),
        locks: UnsafeCell::new(alloc::vec::Vec::new()),
        start_address: Cell::new(match &start {
            StartRoutine::Driver(f, _) => *f as usize,
            _ => 0,
        }),
        start: Cell::new(Some(start)),
    });
    list::init(&mut (*(*at).header.get()).WaitListHead);
    list::init((*at).mutants.get());
}

extern "C" fn thread_entry(arg: usize) -> ! {
    sched::finish_switch();
    let thread = unsafe { &*(arg as *const Thread) };
    let k = kernel();
    match thread.start.take() {
        Some(StartRoutine::Idle) => sched::idle_loop(),
        Some(StartRoutine::Kernel(f)) => {
            irql::lower(PASSIVE_LEVEL);
            let mut f = Some(f);
            if let Err(message) = k.engine.catch(&mut || {
                if let Some(f) = f.take() {
                    f()
                }
            }) {
                crate::verifier::simulator_panic("system thread", message);
            }
        }
        Some(StartRoutine::Driver(f, context)) => {
            irql::lower(PASSIVE_LEVEL);
            crate::call!("thread start", f, context);
        }
        None => unreachable!("a thread starts once"),
    }
    terminate(STATUS_SUCCESS)
}

fn give_stack(k: &Kernel, thread: *mut Thread) -> Result<(), NTSTATUS> {
    let (base, pages) = k.mm.allocate_stack(STACK_PAGES).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
    unsafe {
        (*thread).stack.set((base, pages));
        (*thread).sp.set(arch::init_stack(base + pages * 4096 - 64, thread_entry, thread as usize));
    }
    Ok(())
}

/// Makes the idle thread of a processor.
pub fn create_idle(k: &'static Kernel, cpu: u32) -> *mut Thread {
    let thread = Box::into_raw(Box::<core::mem::MaybeUninit<Thread>>::new_uninit()) as *mut Thread;
    unsafe { init(thread, cpu, 1 << cpu, 0, StartRoutine::Idle) };
    give_stack(k, thread).expect("memory for an idle thread");
    unsafe { (*thread).cpu.set(cpu) };
    let mut d = k.ke.dispatcher.lock();
    d.last_number = d.last_number.max(cpu);
    thread
}

/// Makes a system thread, ready to run at priority 8. The returned object carries one reference for the
/// thread itself (dropped when it has ended) and one for the caller.
pub fn create(start: StartRoutine) -> Result<*mut Thread, NTSTATUS> {
    let k = kernel();
    let all = all_processors(k);
    let thread = crate::ob::create(k.ob.types.thread, size_of::<Thread>())? as *mut Thread;
    let number = {
        let mut d = k.ke.dispatcher.lock();
        d.last_number = d.last_number.max(k.cpus.len() as u32) + 1;
        d.last_number
    };
    unsafe { init(thread, number, all, 8, start) };
    if let Err(status) = give_stack(k, thread) {
        unsafe { crate::ob::dereference(thread.cast()) };
        return Err(status);
    }
    unsafe { crate::ob::reference(thread.cast()) };
    let mut d = k.ke.dispatcher.lock();
    d.threads.push(thread);
    d.make_ready(k, thread);
    Ok(thread)
}

/// Starts a thread of the simulator itself and forgets it.
pub fn spawn(f: impl FnOnce() + 'static) -> Result<(), NTSTATUS> {
    let thread = create(StartRoutine::Kernel(Box::new(f)))?;
    unsafe { crate::ob::dereference(thread.cast()) };
    Ok(())
}

/// Ends the current thread.
pub fn terminate(status: NTSTATUS) -> ! {
    let k = kernel();
    let thread = current();
    crate::verifier::calls::thread_exit(thread);
    thread.exit_status.set(status);
    wait::abandon_mutants(thread);
    irql::raise(DISPATCH_LEVEL);
    let mut d = k.ke.dispatcher.lock();
    thread.state.set(RunState::Terminated);
    d.threads.retain(|t| !core::ptr::eq(*t, thread));
    wait::signal_locked(k, &mut d, thread.header(), 1);
    sched::block(k, d);
    unreachable!("a thread that has ended was resumed")
}

/// After a switch: frees what a thread that has ended leaves behind.
pub fn reap(k: &'static Kernel, previous: *mut Thread) {
    let thread = unsafe { &*previous };
    if thread.state.get() != RunState::Terminated {
        return;
    }
    let (base, pages) = thread.stack.replace((0, 0));
    if pages != 0 {
        k.mm.free_stack(base, pages);
        unsafe { crate::ob::dereference(previous.cast()) };
    }
}

/// Number of live threads whose start routine lies in this range.
pub fn started_within(k: &Kernel, range: &core::ops::Range<usize>) -> usize {
    let d = k.ke.dispatcher.lock();
    d.threads.iter().filter(|t| range.contains(&unsafe { (***t).start_address.get() })).count()
}

/// All started processors.
pub fn all_processors(k: &Kernel) -> CpuSet {
    let n = k.active_processors();
    if n >= 128 { CpuSet::MAX } else { (1 << n) - 1 }
}

/// Changes a thread's affinity; a running thread moves at once if it is the caller's own.
pub fn set_affinity(thread: &Thread, set: CpuSet) {
    let k = kernel();
    let old = irql::raise(DISPATCH_LEVEL.max(irql::current()));
    {
        let mut d = k.ke.dispatcher.lock();
        thread.affinity.set(set);
        let ptr = thread as *const Thread as *mut Thread;
        if thread.state.get() == RunState::Ready && d.unready(ptr) {
            d.make_ready(k, ptr);
        } else if thread.state.get() == RunState::Running && set >> thread.cpu.get() & 1 == 0 {
            let cpu = &k.cpus[thread.cpu.get() as usize];
            cpu.reschedule.store(true, core::sync::atomic::Ordering::Relaxed);
            if cpu.index != k.engine.current_cpu() {
                k.engine.request_ipi(cpu.index);
            }
        }
    }
    irql::lower(old);
}

/// Changes a thread's priority and returns the former one.
pub fn set_priority(thread: &Thread, priority: i32) -> i32 {
    let k = kernel();
    let old_irql = irql::raise(DISPATCH_LEVEL.max(irql::current()));
    let old = {
        let mut d = k.ke.dispatcher.lock();
        let ptr = thread as *const Thread as *mut Thread;
        let queued = thread.state.get() == RunState::Ready && d.unready(ptr);
        let old = thread.priority.replace(priority);
        thread.base_priority.set(priority);
        if queued {
            d.make_ready(k, ptr);
        } else if thread.state.get() == RunState::Running && priority < old {
            k.cpus[thread.cpu.get() as usize].reschedule.store(true, core::sync::atomic::Ordering::Relaxed);
        }
        old
    };
    irql::lower(old_irql);
    old
}
