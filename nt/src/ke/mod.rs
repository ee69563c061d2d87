//! Kernel objects with a lifetime: locks, events, DPCs, timers, threads, work items.
//!
//! Each object lives in its own non-paged block, so its address never changes while the kernel may
//! refer to it, and is torn down in an order that leaves nothing referring to it.

pub mod dpc;
pub mod event;
pub mod irql;
pub mod lock;
pub mod thread;
pub mod timer;
pub mod work;

use core::time::Duration;

use crate::sys::LARGE_INTEGER;

/// `duration` from now, as the kernel's waits and timers take it: negative 100 ns units, at least
/// one unit, at most about 14,600 years.
pub(crate) fn relative(duration: Duration) -> LARGE_INTEGER {
    let units = (duration.as_nanos() / 100).clamp(1, i64::MAX as u128) as i64;
    LARGE_INTEGER { QuadPart: -units }
}

/// The calling processor's system-wide index. It may be stale at once below DISPATCH_LEVEL.
#[must_use]
pub fn current_processor() -> u32 {
    // SAFETY: the parameter is optional.
    unsafe { crate::sys::KeGetCurrentProcessorNumberEx(core::ptr::null_mut()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_are_negative_and_bounded() {
        let units = |duration| {
            let time = relative(duration);
            // SAFETY: every bit pattern is an i64.
            unsafe { time.QuadPart }
        };
        assert_eq!(units(Duration::ZERO), -1);
        assert_eq!(units(Duration::from_millis(3)), -30_000);
        assert_eq!(units(Duration::MAX), -i64::MAX);
    }
}
