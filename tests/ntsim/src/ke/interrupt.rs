//! Interrupts: connected service routines, their locks, inter-processor calls.

use crate::abi::*;
use crate::ke::irql;
use crate::kernel::{Kernel, kernel, lock::Lock};
use crate::trace;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

/// A driver's interrupt service routine.
#[derive(Clone, Copy)]
pub enum Service {
    /// KSERVICE_ROUTINE(Interrupt, Context).
    Line(unsafe extern "win64" fn(PVOID, PVOID) -> u8),
    /// KMESSAGE_SERVICE_ROUTINE(Interrupt, Context, MessageId).
    Message(unsafe extern "win64" fn(PVOID, PVOID, u32) -> u8, u32),
}

/// What a connected interrupt is. The KINTERRUPT that drivers hold is the address of [`Interrupt`].
pub struct Interrupt {
    /// Vector; its IRQL is `vector >> 4`.
    pub vector: u8,
    /// IRQL at which the routine runs and its lock is held.
    pub synchronize_irql: u8,
    /// The routine.
    pub service: Service,
    /// Its context.
    pub context: PVOID,
    /// The interrupt spin lock; the driver's, or null for the interrupt's own.
    pub lock: *mut u64,
    own_lock: AtomicU64,
    /// For a level-triggered line: its GSI.
    pub line: Option<u32>,
    /// Processors that take it.
    pub affinity: crate::ke::sched::CpuSet,
    connected: AtomicBool,
    running: AtomicU32,
}

/// Vectors with their interrupts.
#[derive(Default)]
pub struct Table {
    vectors: BTreeMap<u8, Vec<usize>>,
}

impl Table {
    /// Is an interrupt connected whose routine lies in this range?
    pub fn connected_within(&self, range: &core::ops::Range<usize>) -> bool {
        self.vectors.values().flatten().any(|i| {
            let routine = match unsafe { (*(*i as *const Interrupt)).service } {
                Service::Line(f) => f as usize,
                Service::Message(f, _) => f as usize,
            };
            range.contains(&routine)
        })
    }
}

static EMPTY: u64 = 0;

impl Interrupt {
    /// Describes an interrupt to [`connect`].
    pub fn new(vector: u8, service: Service, context: PVOID) -> Self {
        Self {
            vector,
            synchronize_irql: vector >> 4,
            service,
            context,
            lock: core::ptr::null_mut(),
            own_lock: AtomicU64::new(EMPTY),
            line: None,
            affinity: 1,
            connected: AtomicBool::new(false),
            running: AtomicU32::new(0),
        }
    }

    fn lock_address(&self) -> *mut u64 {
        if self.lock.is_null() { self.own_lock.as_ptr() } else { self.lock }
    }
}

/// Connects an interrupt and returns it as the driver's KINTERRUPT. Several may share a vector.
pub fn connect(interrupt: Interrupt) -> *mut Interrupt {
    let k = kernel();
    let line = interrupt.line;
    let vector = interrupt.vector;
    let cpu = interrupt.affinity.trailing_zeros().min(k.active_processors() - 1);
    let at = Box::into_raw(Box::new(interrupt));
    unsafe { (*at).connected.store(true, Relaxed) };
    k.ke.interrupts.lock().vectors.entry(vector).or_default().push(at as usize);
    if let Some(gsi) = line {
        k.engine.route_line(gsi, Some((vector, cpu)));
    }
    at
}

/// Disconnects; waits until a running service routine has returned. PASSIVE_LEVEL.
pub fn disconnect(at: *mut Interrupt) {
    let k = kernel();
    let i = unsafe { &*at };
    let last = {
        let mut table = k.ke.interrupts.lock();
        let list = table.vectors.entry(i.vector).or_default();
        list.retain(|x| *x != at as usize);
        !list.iter().any(|x| unsafe { (*(*x as *const Interrupt)).line == i.line })
    };
    if let (Some(gsi), true) = (i.line, last) {
        k.engine.route_line(gsi, None);
    }
    i.connected.store(false, Relaxed);
    while i.running.load(Acquire) != 0 {
        k.engine.spin("interrupt service routine to return");
    }
    drop(unsafe { Box::from_raw(at) });
}

/// Runs the service routines of a vector, at their IRQL, under their locks.
pub fn dispatch(k: &'static Kernel, vector: u8) {
    let list = k.ke.interrupts.lock().vectors.get(&vector).cloned().unwrap_or_default();
    trace::record_value(trace::Event::Interrupt, "vector", vector as u64);
    if list.is_empty() {
        crate::verifier::note_spurious(vector);
        return;
    }
    k.cpu().set_irql(k, vector >> 4);
    for at in list {
        let i = unsafe { &*(at as *const Interrupt) };
        if !i.connected.load(Relaxed) {
            continue;
        }
        i.running.fetch_add(1, Relaxed);
        let old = acquire(i);
        let this = at as PVOID;
        let handled = match i.service {
            Service::Line(f) => crate::call!(fresh "ISR", f, this, i.context),
            Service::Message(f, id) => crate::call!(fresh "ISR", f, this, i.context, id),
        };
        release(i, old);
        i.running.fetch_sub(1, Release);
        if handled != 0 && i.line.is_none() {
            break;
        }
    }
}

/// Raises to the interrupt's IRQL and takes its lock (KeAcquireInterruptSpinLock). Returns the former IRQL.
pub fn acquire(i: &Interrupt) -> u8 {
    let old = irql::raise(i.synchronize_irql.max(irql::current()));
    let lock = unsafe { &*(i.lock_address() as *const AtomicU64) };
    while lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
        kernel().engine.spin("interrupt spin lock");
        irql::poll(kernel());
    }
    old
}

/// Releases (KeReleaseInterruptSpinLock).
pub fn release(i: &Interrupt, old: u8) {
    unsafe { &*(i.lock_address() as *const AtomicU64) }.store(0, Release);
    irql::lower(old);
}

/// An inter-processor call in progress (KeIpiGenericCall).
#[derive(Default)]
struct Broadcast {
    busy: AtomicBool,
    routine: AtomicUsize,
    context: AtomicUsize,
    arrived: AtomicU32,
    done: AtomicU32,
    /// Set of processors that still have to take part.
    pending: Lock<u128>,
}

type BroadcastRoutine = unsafe extern "win64" fn(usize) -> usize;

/// Runs a routine on all processors at IPI_LEVEL at the same time; returns the caller's result.
pub fn generic_call(routine: BroadcastRoutine, context: usize) -> usize {
    let k = kernel();
    let b = k.room::<Broadcast>();
    while b.busy.swap(true, Acquire) {
        k.engine.spin("another KeIpiGenericCall");
        irql::poll(k);
    }
    let old = irql::raise(IPI_LEVEL);
    let here = k.engine.current_cpu();
    let n = k.active_processors();
    b.routine.store(routine as usize, Relaxed);
    b.context.store(context, Relaxed);
    b.arrived.store(1, Relaxed);
    b.done.store(0, Relaxed);
    *b.pending.lock() = crate::ke::thread::all_processors(k) & !(1 << here);
    for cpu in (0..n).filter(|c| *c != here) {
        k.engine.request_ipi(cpu);
    }
    while b.arrived.load(Acquire) < n {
        k.engine.spin("processors to take the IPI");
    }
    let result = crate::call!("IPI broadcast", routine, context);
    while b.done.load(Acquire) < n - 1 {
        k.engine.spin("processors to finish the IPI");
    }
    b.busy.store(false, Release);
    irql::lower(old);
    result
}

/// The inter-processor interrupt, at IPI_LEVEL: takes part in a broadcast; otherwise it only makes the
/// processor look at its queues.
pub fn ipi(k: &'static Kernel) {
    let b = k.room::<Broadcast>();
    let me = 1u128 << k.engine.current_cpu();
    {
        let mut pending = b.pending.lock();
        if *pending & me == 0 {
            return;
        }
        *pending &= !me;
    }
    b.arrived.fetch_add(1, Release);
    while b.arrived.load(Acquire) < k.active_processors() {
        k.engine.spin("processors to take the IPI");
    }
    let routine: BroadcastRoutine = unsafe { core::mem::transmute(b.routine.load(Relaxed)) };
    let context = b.context.load(Relaxed);
    crate::call!("IPI broadcast", routine, context);
    b.done.fetch_add(1, Release);
}
