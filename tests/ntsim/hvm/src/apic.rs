//! Local APIC (xAPIC mode), I/O APIC, and the other processors' start (AMD64 manual vol. 2, ch. 16;
//! 82093AA data sheet).

use core::sync::atomic::{AtomicU64, Ordering};

use crate::{boot, cpu, port, time, trap};

const BASE: u64 = 0xfee0_0000;
const ID: u64 = 0x20;
const TASK_PRIORITY: u64 = 0x80;
const EOI: u64 = 0xb0;
const SPURIOUS: u64 = 0xf0;
const COMMAND: u64 = 0x300;
const COMMAND_TO: u64 = 0x310;
const TIMER: u64 = 0x320;
const LINT0: u64 = 0x350;
const INITIAL: u64 = 0x380;
const CURRENT: u64 = 0x390;
const DIVIDE: u64 = 0x3e0;
const MASKED: u32 = 1 << 16;

/// Timer ticks in 2^20 ns.
static RATE: AtomicU64 = AtomicU64::new(0);
static IO_APIC: AtomicU64 = AtomicU64::new(0);
/// For each vector: the I/O APIC's input behind it plus 1, and whether it was accepted and is masked.
static LINES: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];
const HELD: u64 = 1 << 32;

fn read(register: u64) -> u32 {
    // The local APIC's page is identity-mapped; firmware left it at its usual place.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn write(register: u64, value: u32) {
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) };
}

/// The id of the processor that runs this.
pub fn id() -> u32 {
    read(ID) >> 24
}

/// Switches the local APIC of this processor on.
pub fn start() {
    port::write_msr(0x1b, port::read_msr(0x1b) | 0x800);
    write(SPURIOUS, 0x100 | u32::from(trap::SPURIOUS));
    write(LINT0, MASKED);
    write(DIVIDE, 0xb);
    write(TIMER, MASKED);
    write(TASK_PRIORITY, 0);
}

/// Silences the two 8259A: moves their vectors out of the exceptions' way and masks all inputs.
pub fn no_legacy() {
    for (base, first) in [(0x20, 0x20), (0xa0, 0x28)] {
        port::out8(base, 0x11);
        port::out8(base + 1, first);
        port::out8(base + 1, if base == 0x20 { 4 } else { 2 });
        port::out8(base + 1, 1);
        port::out8(base + 1, 0xff);
    }
}

/// Measures the timer against the clock; on the boot processor, once.
pub fn calibrate() {
    write(INITIAL, u32::MAX);
    let from = time::raw();
    while time::raw() - from < 20_000_000 {
        core::hint::spin_loop();
    }
    let ticks = u64::from(u32::MAX - read(CURRENT));
    write(INITIAL, 0);
    RATE.store((ticks << 20) / (time::raw() - from).max(1), Ordering::Relaxed);
}

/// One clock interrupt on this processor after `ns`, or none.
pub fn set_timer(ns: Option<u64>) {
    match ns {
        None => write(INITIAL, 0),
        Some(ns) => {
            let ticks = (u128::from(ns) * u128::from(RATE.load(Ordering::Relaxed))) >> 20;
            write(TIMER, u32::from(trap::CLOCK));
            write(INITIAL, u32::try_from(ticks).unwrap_or(u32::MAX).max(1));
        }
    }
}

/// The interrupt in service was taken.
pub fn end_of_interrupt() {
    write(EOI, 0);
}

fn command(to: u32, value: u32) {
    let on = port::disable();
    write(COMMAND_TO, to << 24);
    write(COMMAND, value);
    for _ in 0..1_000_000 {
        if read(COMMAND) & 1 << 12 == 0 {
            break;
        }
        core::hint::spin_loop();
    }
    if on {
        port::enable();
    }
}

/// Sends a vector to a processor.
pub fn send(apic: u32, vector: u8) {
    command(apic, 0x4000 | u32::from(vector));
}

/// NMI to all processors but this.
pub fn nmi_others() {
    command(0, 0xc_4400);
}

/// Starts another processor; true when it runs.
pub fn start_processor(apic: u32, index: u32, stack: u64) -> bool {
    let code = core::ptr::from_ref(&boot::ap_start);
    let len = core::ptr::from_ref(&boot::ap_end) as usize - code as usize;
    // The page is below 1 MiB, identity-mapped, and given to nobody (see `lib`).
    unsafe { core::ptr::copy_nonoverlapping(code, boot::TRAMPOLINE as *mut u8, len) };
    unsafe { (boot::AP_STACK as *mut u64).write_volatile(stack) };
    unsafe { (boot::AP_INDEX as *mut u64).write_volatile(u64::from(index)) };
    unsafe { (boot::AP_GDT as *mut u16).write_volatile(31) };
    unsafe { ((boot::AP_GDT + 2) as *mut u32).write_unaligned(core::ptr::from_ref(&boot::boot_gdt) as u32) };
    let before = cpu::started();
    command(apic, 0x4500);
    time::wait(10_000_000);
    for _ in 0..2 {
        command(apic, 0x4600 | (boot::TRAMPOLINE >> 12) as u32);
        let from = time::raw();
        while time::raw() - from < 200_000_000 {
            if cpu::started() > before {
                return true;
            }
            core::hint::spin_loop();
        }
    }
    false
}

/// Tells where the I/O APIC is.
pub fn set_io_apic(base: u64) {
    IO_APIC.store(base, Ordering::Relaxed);
}

fn redirect(input: u32, low: u32, high: u32) {
    let base = IO_APIC.load(Ordering::Relaxed);
    let on = port::disable();
    let put = |register: u32, value: u32| {
        unsafe { (base as *mut u32).write_volatile(register) };
        unsafe { ((base + 16) as *mut u32).write_volatile(value) };
    };
    put(0x10 + input * 2, low | MASKED);
    put(0x11 + input * 2, high);
    put(0x10 + input * 2, low);
    if on {
        port::enable();
    }
}

/// Routes a PCI line (level, active low as PCI's lines are) to a vector of a processor, or masks it.
pub fn route(line: u32, to: Option<(u8, u32)>) {
    for slot in &LINES {
        if slot.load(Ordering::Acquire) as u32 == line + 1 {
            slot.store(0, Ordering::Release);
        }
    }
    match to {
        None => redirect(line, MASKED, 0),
        Some((vector, apic)) => {
            LINES[usize::from(vector)]
                .store((u64::from(line) + 1) | (u64::from(apic) << 40), Ordering::Release);
            redirect(line, LEVEL | u32::from(vector), apic << 24);
        }
    }
}

/// Level-triggered, active low.
const LEVEL: u32 = 1 << 15 | 1 << 13;

/// A vector arrived: if it is a line's, masks the line until [`release`].
pub fn accept(vector: u8) {
    let slot = &LINES[usize::from(vector)];
    let line = slot.load(Ordering::Acquire);
    if line != 0 {
        slot.fetch_or(HELD, Ordering::AcqRel);
        redirect(line as u32 - 1, LEVEL | MASKED | u32::from(vector), (line >> 40 << 24) as u32);
    }
}

/// Lets a line through again whose interrupt was served.
pub fn release(vector: u8) {
    let slot = &LINES[usize::from(vector)];
    let line = slot.load(Ordering::Acquire);
    if line & HELD != 0 {
        slot.fetch_and(!HELD, Ordering::AcqRel);
        redirect(line as u32 - 1, LEVEL | u32::from(vector), (line >> 40 << 24) as u32);
    }
}
