//! Counts instructions by single-stepping a child process: exact and repeatable, on any Linux machine,
//! where performance counters are often out of reach (virtual machines).
#![allow(unsafe_code, reason = "fork and ptrace")]

use std::ptr::null_mut;

/// More than this and something is wrong.
const LIMIT: u64 = 10_000_000;

/// User-mode instructions that `f` takes, run in a child process. Only for a process with one thread, or
/// an `f` that takes no lock another thread may hold.
///
/// # Panics
/// When the child cannot be made or traced, or does not end well.
pub fn count(mut f: impl FnMut()) -> u64 {
    // SAFETY: the child only runs `f` and leaves.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        // SAFETY: asks to be traced by the parent; takes no memory.
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<u8>(), null_mut::<u8>()) };
        // SAFETY: stops until the parent goes on.
        unsafe { libc::raise(libc::SIGSTOP) };
        f();
        // SAFETY: the end mark: the parent sees the signal.
        unsafe { libc::raise(libc::SIGUSR1) };
        // SAFETY: leaves without running anything of the parent's.
        unsafe { libc::_exit(0) };
    }
    let mut steps = 0;
    assert_eq!(stopped(child), Some(libc::SIGSTOP), "the child cannot be traced");
    loop {
        // SAFETY: the child is stopped and traced by us.
        let stepped =
            unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, child, null_mut::<u8>(), null_mut::<u8>()) };
        assert_eq!(stepped, 0, "the child cannot be stepped");
        match stopped(child) {
            Some(libc::SIGTRAP) => steps += 1,
            Some(libc::SIGUSR1) => break,
            other => panic!("the child ended early: {other:?}"),
        }
        assert!(steps < LIMIT, "does not end");
    }
    // SAFETY: our child.
    unsafe { libc::kill(child, libc::SIGKILL) };
    stopped(child);
    steps
}

/// Waits for the child; the signal it stopped with, if it did.
fn stopped(child: libc::pid_t) -> Option<i32> {
    let mut status = 0;
    // SAFETY: `status` is ours.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status))
}

/// Instructions per call of `f`, warm: what one more call adds.
pub fn per_call(mut f: impl FnMut()) -> u64 {
    for _ in 0..1000 {
        f();
    }
    const CALLS: u64 = 8;
    let mut times = |calls| {
        count(|| {
            for _ in 0..calls {
                f();
            }
        })
    };
    let (few, many) = (times(1), times(1 + CALLS));
    (many - few) / CALLS
}
