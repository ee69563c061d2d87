//! CPU-time watchdog: driver code that spins without calling anything would never reach a scheduling
//! point. A timer on the thread's CPU time looks whether scheduling points still happen.

use crate::trap;
use std::cell::Cell;

/// CPU seconds between looks; two looks without a scheduling point are a hang.
const SECONDS: i64 = 1;

thread_local! {
    static TIMER: Cell<Option<libc::timer_t>> = const { Cell::new(None) };
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// The signal that the timer sends.
pub fn signal() -> i32 {
    libc::SIGRTMIN() + 3
}

fn set(seconds: i64) {
    let timer = TIMER.get().unwrap_or_else(|| unsafe {
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal();
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer: libc::timer_t = std::mem::zeroed();
        let ok = libc::timer_create(libc::CLOCK_THREAD_CPUTIME_ID, &mut event, &mut timer);
        assert!(ok == 0, "timer_create: {}", std::io::Error::last_os_error());
        TIMER.set(Some(timer));
        timer
    });
    let t = libc::timespec { tv_sec: seconds, tv_nsec: 0 };
    let spec = libc::itimerspec { it_interval: t, it_value: t };
    unsafe { libc::timer_settime(timer, 0, &spec, std::ptr::null_mut()) };
}

/// Starts looking (a simulation begins to run on this thread).
pub fn start() {
    SEEN.set(u64::MAX);
    set(SECONDS);
}

/// Stops looking.
pub fn stop() {
    set(0);
}

/// A look, in the signal handler: has nothing happened since the last one?
pub fn hangs() -> bool {
    let Some(engine) = trap::active().filter(|e| e.cpus.inside.get()) else { return false };
    let points = engine.cpus.points.get();
    SEEN.replace(points) == points
}
