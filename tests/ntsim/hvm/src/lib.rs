//! The stand-in NT kernel on bare metal: boots by multiboot 1 as an HVM guest of Xen or under plain QEMU,
//! brings up all processors, and runs the same core as the host engine over real hardware.
//!
//! It is built for the host's own target without the standard library: the red zone that such code
//! may use is respected by the interrupt entry ([`trap`]).
#![no_std]
// The ground of a kernel: nearly every line touches hardware. Each module says what it may touch.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]
#![allow(clippy::cast_possible_truncation)]

extern crate alloc;

#[macro_use]
pub mod log;
pub mod acpi;
pub mod apic;
pub mod ata;
pub mod boot;
pub mod console;
pub mod cpu;
pub mod engine;
pub mod hardware;
pub mod heap;
pub mod jobs;
pub mod multiboot;
pub mod paging;
pub mod port;
#[cfg(feature = "metal")]
mod runtime;
pub mod time;
pub mod trap;
pub mod xen;

use alloc::{boxed::Box, vec, vec::Vec};

use ntsim::{
    engine::FrameRange,
    kernel::{
        Kernel,
        config::{Config, SpecialPool},
        lock::LockHooks,
    },
};

use crate::engine::Metal;

/// The simulator's own memory.
const HEAP: u64 = 96 << 20;
/// Memory for page tables.
const TABLES: u64 = 8 << 20;
const AP_STACK: usize = 64 << 10;

static HOOKS: LockHooks = LockHooks {
    save: port::disable,
    restore: |on| {
        if on {
            port::enable();
        }
    },
};

/// The first processor's way in.
#[unsafe(no_mangle)]
extern "C" fn hvm_main(magic: u32, info: u32) -> ! {
    if magic != multiboot::MAGIC {
        engine::stop("not started by a multiboot loader");
    }
    // The heap and the page tables come from the first large region behind us and our modules.
    let image_end = core::ptr::from_ref(&boot::image_end) as u64;
    let used = image_end.max(multiboot::end_of_modules(info)).next_multiple_of(4096);
    let mut start = 0;
    multiboot::memory(info, |region| {
        let from = region.start.max(used);
        if start == 0 && region.end > from + HEAP + TABLES {
            start = from;
        }
    });
    if start == 0 {
        engine::stop("no memory for the heap");
    }
    give_heap(start);
    paging::give(start + HEAP, start + HEAP + TABLES);
    let taken = start + HEAP + TABLES;
    let command = multiboot::command_line(info);
    xen::find();
    say!("hvm: up, command line: {command}");
    apic::no_legacy();
    cpu::start(0, apic::id());
    apic::start();
    let facts = acpi::facts();
    time::start(facts.timer);
    apic::set_io_apic(facts.io_apic);
    apic::calibrate();
    port::enable();
    start_others(&facts.processors);
    let mut ram = Vec::new();
    multiboot::memory(info, |region| {
        let from = region.start.max(taken).next_multiple_of(4096);
        if region.end > from + 4096 {
            ram.push(FrameRange { start: from >> 12, count: (region.end - from) >> 12 });
        }
    });
    say!(
        "hvm: {} processors, {} MiB for the kernel",
        cpu::started(),
        ram.iter().map(|r| r.count).sum::<u64>() >> 8
    );
    let engine: &'static Metal =
        Box::leak(Box::new(Metal { ram, hardware: hardware::Hardware, boot_time: time::wall_clock() }));
    ntsim::kernel::lock::set_lock_hooks(&HOOKS);
    ntsim::kernel::set_hook(engine::instance);
    let on_violation = jobs::on_violation(&command);
    let checked = jobs::option(&command, "checks").is_none_or(|word| word != "off");
    let mut config = Config { pool_frames: 16384, on_violation, checked, ..Config::default() };
    if !checked {
        config.special_pool = SpecialPool::Off;
    }
    let kernel: &'static Kernel = Box::leak(Kernel::new(engine, config));
    engine::set_kernel(kernel);
    kernel.start();
    let modules = multiboot::modules(info);
    if let Err(status) = ntsim::ke::thread::spawn(move || jobs::main(&command, &modules)) {
        say!("hvm: no first thread: {status:#x}");
        engine::stop("no first thread");
    }
    engine::enter_kernel(0)
}

#[cfg(feature = "metal")]
fn give_heap(start: u64) {
    runtime::HEAP.give(start, HEAP as usize);
}

#[cfg(not(feature = "metal"))]
fn give_heap(_start: u64) {}

fn start_others(processors: &[u32]) {
    for apic in processors.iter().filter(|id| **id != apic::id()) {
        let index = cpu::started();
        if index as usize == cpu::MAX {
            break;
        }
        let stack: &'static mut [u8] = Vec::leak(vec![0; AP_STACK]);
        let top = (stack.as_ptr() as u64 + AP_STACK as u64) & !15;
        if !apic::start_processor(*apic, index, top) {
            say!("hvm: processor {apic} does not start");
        }
    }
}

/// The other processors' way in.
#[unsafe(no_mangle)]
extern "C" fn hvm_ap_main(index: u32) -> ! {
    cpu::start(index, apic::id());
    apic::start();
    engine::enter_kernel(index)
}
