//! Time: the TSC, measured once against the ACPI timer, made monotonic over processors.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::port;

/// The ACPI timer's rate in Hz (ACPI 6.5, §4.8.3.3).
const PM_RATE: u64 = 3_579_545;

/// Nanoseconds in 2^32 TSC ticks: time is asked for all the time, and must not cost a division.
static RATE: AtomicU64 = AtomicU64::new(0);
static START: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicU64 = AtomicU64::new(0);

/// Measures the TSC for 20 ms.
pub fn start(timer: u16) {
    let read = || u64::from(port::in32(timer) & 0xff_ffff);
    let wanted = PM_RATE / 50;
    let (from, tsc) = (read(), port::tsc());
    let mut passed = 0;
    // Bounded: a port that does not count gives a wrong rate rather than a hang.
    for _ in 0..10_000_000 {
        passed = read().wrapping_sub(from) & 0xff_ffff;
        if passed >= wanted {
            break;
        }
    }
    let ns = passed.max(1) * 1_000_000_000 / PM_RATE;
    RATE.store(((ns << 32) / (port::tsc() - tsc).max(1)).max(1), Ordering::Relaxed);
    START.store(port::tsc(), Ordering::Relaxed);
}

/// Nanoseconds since start, as this processor sees it.
pub fn raw() -> u64 {
    let ticks = port::tsc().saturating_sub(START.load(Ordering::Relaxed));
    ((u128::from(ticks) * u128::from(RATE.load(Ordering::Relaxed))) >> 32) as u64
}

/// Nanoseconds since start; never goes back.
pub fn now() -> u64 {
    let raw = raw();
    LAST.fetch_max(raw, Ordering::AcqRel).max(raw)
}

/// Busy-waits.
pub fn wait(ns: u64) {
    let from = raw();
    while raw() - from < ns {
        core::hint::spin_loop();
    }
}

/// The CMOS clock as 100 ns units since 1601 (MC146818 data sheet; UTC, BCD).
pub fn wall_clock() -> u64 {
    let read = |register: u8| {
        port::out8(0x70, register);
        let value = port::in8(0x71);
        u64::from(value >> 4) * 10 + u64::from(value & 15)
    };
    let (year, month, day) = (2000 + read(9), read(8).clamp(1, 12), read(7).max(1));
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut days: u64 = (1601..year).map(|year| 365 + u64::from(leap(year))).sum();
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths[..month as usize - 1].iter().sum::<u64>() + day - 1;
    (days * 86_400 + read(4) * 3600 + read(2) * 60 + read(0)) * 10_000_000
}
