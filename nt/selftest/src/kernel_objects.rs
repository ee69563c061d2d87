//! IRQL, locks, events, DPCs, timers, threads.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use nt::ke::dpc::Dpc;
use nt::ke::event::{Event, sleep};
use nt::ke::irql::{self, Dispatch};
use nt::ke::lock::SpinLock;
use nt::ke::thread::Thread;
use nt::ke::timer::Timer;
use nt::sys::*;

use crate::{Failed, check, some};

/// Long enough for anything that is to happen here.
const LIMIT: Duration = Duration::from_secs(10);

const PASSIVE: KIRQL = PASSIVE_LEVEL as KIRQL;
const DISPATCH: KIRQL = DISPATCH_LEVEL as KIRQL;

/// A guard holds the IRQL as long as the lock, and both go together.
pub fn irql_and_locks() -> Result<(), Failed> {
    static LOCK: SpinLock<u32> = SpinLock::new(1);
    static OTHER: SpinLock<u32> = SpinLock::new(0);
    check!(irql::current() == PASSIVE);
    {
        let _raised = Dispatch::raise();
        check!(irql::current() == DISPATCH);
        {
            let _again = Dispatch::raise();
            check!(irql::current() == DISPATCH);
        }
        check!(irql::current() == DISPATCH);
    }
    check!(irql::current() == PASSIVE);
    {
        let mut one = LOCK.lock();
        check!(irql::current() == DISPATCH);
        *one += 1;
        *OTHER.lock_at_dispatch() = *one;
        check!(irql::current() == DISPATCH);
        let inner = OTHER.lock();
        check!(*inner == 2);
        drop(inner);
        check!(irql::current() == DISPATCH);
    }
    check!(irql::current() == PASSIVE);
    check!(LOCK.with(|value| *value) == 2);
    check!(irql::current() == PASSIVE);
    Ok(())
}

/// Notification events stay set, synchronization events let one waiter through.
pub fn events() -> Result<(), Failed> {
    let short = Duration::from_millis(2);
    let event = some!(Event::notification(false));
    check!(!event.wait(short));
    event.set();
    check!(event.wait(short) && event.wait(short) && event.is_set());
    event.reset();
    check!(!event.is_set() && !event.wait(Duration::ZERO));
    let event = some!(Event::synchronization(true));
    check!(event.wait(short));
    check!(!event.wait(short));
    Ok(())
}

struct Counter {
    runs: AtomicU32,
    irql: AtomicU32,
    done: Event,
}

impl Counter {
    fn new() -> Option<Self> {
        Some(Self { runs: AtomicU32::new(0), irql: AtomicU32::new(99), done: Event::synchronization(false)? })
    }

    fn run(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.irql.store(u32::from(irql::current()), Ordering::Relaxed);
        self.done.set();
    }
}

/// DPCs run at DISPATCH_LEVEL, once for each queueing, and may be pointed at a processor.
pub fn dpcs() -> Result<(), Failed> {
    let dpc = some!(Dpc::new(Counter::run, some!(Counter::new())));
    for round in 1..=3 {
        check!(dpc.queue());
        check!(dpc.context().done.wait(LIMIT));
        check!(dpc.context().runs.load(Ordering::Relaxed) == round);
    }
    check!(dpc.context().irql.load(Ordering::Relaxed) == DISPATCH_LEVEL);
    check!(dpc.set_processor(PROCESSOR_NUMBER::default()).is_ok());
    dpc.set_importance(HighImportance);
    {
        // On processor 0 itself it cannot run before the IRQL falls, on another it may.
        let _raised = Dispatch::raise();
        let first = dpc.queue();
        check!(first);
        if nt::ke::current_processor() == 0 {
            check!(!dpc.queue());
        }
    }
    check!(dpc.context().done.wait(LIMIT));
    check!(dpc.set_processor(PROCESSOR_NUMBER { Group: 0xFFF, ..Default::default() }).is_err());
    Ok(())
}

/// Timers fire once or periodically, and not after they were cancelled.
pub fn timers() -> Result<(), Failed> {
    let timer = some!(Timer::new(Counter::run, some!(Counter::new())));
    check!(!timer.start(Duration::from_millis(1), None));
    check!(timer.context().done.wait(LIMIT));
    check!(timer.context().irql.load(Ordering::Relaxed) == DISPATCH_LEVEL);
    check!(!timer.cancel());

    check!(!timer.start(Duration::from_millis(1), Some(Duration::from_millis(1))));
    for _ in 0..3 {
        check!(timer.context().done.wait(LIMIT));
    }
    check!(timer.cancel());

    check!(!timer.start(Duration::from_secs(3600), None));
    check!(timer.start(Duration::from_secs(3600), None));
    check!(timer.cancel());
    let runs = timer.context().runs.load(Ordering::Relaxed);
    sleep(Duration::from_millis(20));
    check!(timer.context().runs.load(Ordering::Relaxed) <= runs + 1);
    // Dropped while it runs: nothing may fire afterwards.
    timer.start(Duration::from_millis(1), Some(Duration::from_millis(1)));
    Ok(())
}

/// A thread runs at PASSIVE_LEVEL, can be waited for, and is over when its handle is dropped.
pub fn threads() -> Result<(), Failed> {
    let go = Arc::new(some!(Event::notification(false)));
    let count = Arc::new(AtomicU32::new(0));
    let (theirs, their_count) = (Arc::clone(&go), Arc::clone(&count));
    let thread = some!(Thread::spawn(move || {
        if theirs.wait(LIMIT) && irql::current() == PASSIVE {
            their_count.fetch_add(1, Ordering::Relaxed);
        }
    }));
    check!(!thread.is_current());
    check!(!thread.wait(Duration::from_millis(2)));
    go.set();
    check!(thread.wait(LIMIT));
    check!(count.load(Ordering::Relaxed) == 1);
    drop(thread);
    // What the thread owned is gone with it.
    check!(Arc::strong_count(&go) == 1 && Arc::strong_count(&count) == 1);

    let their_count = Arc::clone(&count);
    drop(Thread::spawn(move || {
        sleep(Duration::from_millis(3));
        their_count.fetch_add(1, Ordering::Relaxed);
    }));
    check!(count.load(Ordering::Relaxed) == 2);
    Ok(())
}
