//! Time, through exported functions only.

use core::time::Duration;

use nt::sys::{KeQueryPerformanceCounter, KeQuerySystemTimePrecise, LARGE_INTEGER, ZwSetSystemTime};

/// Nanoseconds since boot, never going back. Any IRQL.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn now() -> u64 {
    let mut frequency = LARGE_INTEGER::default();
    // SAFETY: the frequency outlives the call.
    let count = unsafe { KeQueryPerformanceCounter(&raw mut frequency) };
    // SAFETY: all bit patterns of the union are integers.
    let count = unsafe { count.QuadPart }.cast_unsigned();
    // SAFETY: as above.
    let frequency = unsafe { frequency.QuadPart }.cast_unsigned().max(1);
    // A counter of 1 GHz wraps u64 in 2^64 ns only with a wide intermediate.
    ((u128::from(count) * 1_000_000_000) / u128::from(frequency)) as u64
}

/// Sleeps. `PASSIVE_LEVEL`.
pub fn sleep(nanoseconds: u64) {
    nt::ke::event::sleep(Duration::from_nanos(nanoseconds));
}

/// System time (UTC) in 100 ns since 1601. Any IRQL.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn system_time() -> u64 {
    let mut now = LARGE_INTEGER::default();
    // SAFETY: the result outlives the call.
    unsafe { KeQuerySystemTimePrecise(&raw mut now) };
    // SAFETY: all bit patterns of the union are integers.
    unsafe { now.QuadPart }.cast_unsigned()
}

/// Sets the system time (UTC, 100 ns since 1601). `PASSIVE_LEVEL`.
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn set_system_time(time: u64) {
    let mut new = LARGE_INTEGER { QuadPart: time.cast_signed() };
    // A refusal leaves the clock to Windows' own time service.
    // SAFETY: the time outlives the call.
    let _ = unsafe { ZwSetSystemTime(&raw mut new, core::ptr::null_mut()) };
}

/// Milliseconds in nanoseconds.
pub const MS: u64 = 1_000_000;
/// A second in nanoseconds.
pub const SECOND: u64 = 1_000_000_000;
