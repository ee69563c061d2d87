//! Timers, work, signals.
#![expect(unsafe_code, reason = "the functions of a C interface")]

use alloc::{boxed::Box, sync::Arc};
use core::{
    ffi::c_void,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use nt::ke::timer::Timer;
use xenpci_interface::{
    Status,
    abi::{Callback, Handle},
};

use super::child;
use crate::os::{Event, Job, Mutex, WorkQueue};

/// A child's callback.
struct Call {
    callback: Callback,
    argument: *mut c_void,
}
// SAFETY: the child promised a callback on any thread.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl Call {
    fn call(&self) {
        // SAFETY: callback and argument are valid until the handle was destroyed.
        unsafe { (self.callback)(self.argument) };
    }
}

pub unsafe extern "win64" fn timer_create(
    context: *mut c_void,
    callback: Callback,
    argument: *mut c_void,
    timer: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    if unsafe { child(context) }.is_closed() {
        return Status::CLOSED;
    }
    let Some(made) = Timer::new(Call::call, Call { callback, argument }) else { return Status::NO_MEMORY };
    // SAFETY: the interface's contract.
    unsafe { timer.write(Box::into_raw(Box::new(made)).cast()) };
    Status::OK
}

unsafe fn timer_of<'a>(timer: Handle) -> &'a Timer<Call> {
    // SAFETY: a live handle of `timer_create`.
    unsafe { &*timer.cast_const().cast::<Timer<Call>>() }
}

pub unsafe extern "win64" fn timer_set(_: *mut c_void, timer: Handle, nanoseconds: u64) {
    // SAFETY: the interface's contract.
    unsafe { timer_of(timer) }.start(Duration::from_nanos(nanoseconds), None);
}

pub unsafe extern "win64" fn timer_cancel(_: *mut c_void, timer: Handle) {
    // SAFETY: the interface's contract.
    unsafe { timer_of(timer) }.cancel();
}

pub unsafe extern "win64" fn timer_destroy(_: *mut c_void, timer: Handle) {
    // SAFETY: the handle of `timer_create`, used for the last time; dropping waits.
    drop(unsafe { Box::from_raw(timer.cast::<Timer<Call>>()) });
}

/// A piece of work in the child's queue.
struct Piece {
    call: Call,
    queued: AtomicBool,
    alive: Mutex<bool>,
}

impl Job for Piece {
    fn run(&self) {
        let alive = self.alive.lock();
        self.queued.store(false, Ordering::Release);
        if *alive {
            self.call.call();
        }
    }
}

struct Work {
    queue: Arc<WorkQueue>,
    piece: Arc<Piece>,
}

pub unsafe extern "win64" fn work_create(
    context: *mut c_void,
    callback: Callback,
    argument: *mut c_void,
    work: *mut Handle,
) -> Status {
    // SAFETY: the interface's contract.
    let child = unsafe { child(context) };
    if child.is_closed() {
        return Status::CLOSED;
    }
    // One thread per child: its callbacks may wait for xenstore without keeping the others waiting.
    let queue = {
        let mut slot = child.work.lock();
        match &*slot {
            Some(queue) => Arc::clone(queue),
            None => {
                let Ok(queue) = WorkQueue::new() else { return Status::NO_MEMORY };
                let queue = Arc::new(queue);
                *slot = Some(Arc::clone(&queue));
                queue
            }
        }
    };
    let piece =
        Piece { call: Call { callback, argument }, queued: AtomicBool::new(false), alive: Mutex::new(true) };
    let made = Box::new(Work { queue, piece: Arc::new(piece) });
    // SAFETY: the interface's contract.
    unsafe { work.write(Box::into_raw(made).cast()) };
    Status::OK
}

pub unsafe extern "win64" fn work_queue(_: *mut c_void, work: Handle) {
    // SAFETY: a live handle of `work_create`.
    let work = unsafe { &*work.cast_const().cast::<Work>() };
    if !work.piece.queued.swap(true, Ordering::AcqRel) {
        let piece: Arc<dyn Job> = Arc::<Piece>::clone(&work.piece);
        work.queue.queue(piece);
    }
}

pub unsafe extern "win64" fn work_destroy(_: *mut c_void, work: Handle) {
    // SAFETY: the handle of `work_create`, used for the last time.
    let work = unsafe { Box::from_raw(work.cast::<Work>()) };
    // Waits for a callback that is running; one that is queued finds it dead.
    *work.piece.alive.lock() = false;
    drop(work);
}

pub unsafe extern "win64" fn signal_create(_: *mut c_void, signal: *mut Handle) -> Status {
    let made = Box::into_raw(Box::new(Event::notification()));
    // SAFETY: the interface's contract.
    unsafe { signal.write(made.cast()) };
    Status::OK
}

unsafe fn signal_of<'a>(signal: Handle) -> &'a Event {
    // SAFETY: a live handle of `signal_create`.
    unsafe { &*signal.cast_const().cast::<Event>() }
}

pub unsafe extern "win64" fn signal_set(_: *mut c_void, signal: Handle) {
    // SAFETY: the interface's contract.
    unsafe { signal_of(signal) }.set();
}

pub unsafe extern "win64" fn signal_clear(_: *mut c_void, signal: Handle) {
    // SAFETY: the interface's contract.
    unsafe { signal_of(signal) }.clear();
}

pub unsafe extern "win64" fn signal_wait(_: *mut c_void, signal: Handle, nanoseconds: u64) -> Status {
    // SAFETY: the interface's contract.
    if unsafe { signal_of(signal) }.wait_for(nanoseconds) { Status::OK } else { Status::TIMED_OUT }
}

pub unsafe extern "win64" fn signal_destroy(_: *mut c_void, signal: Handle) {
    // SAFETY: the handle of `signal_create`, used for the last time.
    drop(unsafe { Box::from_raw(signal.cast::<Event>()) });
}
