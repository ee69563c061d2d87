//! What each processor has of its own: descriptor tables, IST stacks, pending interrupts.

use alloc::{boxed::Box, vec, vec::Vec};
use core::{
    arch::asm,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
};

use crate::{port, trap};

/// The most processors that an HVM guest of ours has.
pub const MAX: usize = 64;
const IST_SIZE: usize = 8192;

#[repr(C, packed(4))]
struct Tss {
    reserved0: u32,
    rsp: [u64; 3],
    reserved1: u64,
    ist: [u64; 7],
    reserved2: u64,
    reserved3: u16,
    io_map: u16,
}

/// One processor.
pub struct Cpu {
    /// Index, 0 is the boot processor.
    pub index: u32,
    /// Its local APIC's id.
    pub apic: u32,
    tss: Tss,
    pending: [AtomicU64; 4],
}

static CPUS: [AtomicPtr<Cpu>; MAX] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MAX];
static STARTED: AtomicU32 = AtomicU32::new(0);
static IDT: AtomicPtr<[u128; 256]> = AtomicPtr::new(core::ptr::null_mut());

/// Number of processors that run.
pub fn started() -> u32 {
    STARTED.load(Ordering::Acquire)
}

/// A processor by index.
pub fn get(index: u32) -> &'static Cpu {
    let cpu = CPUS[index as usize].load(Ordering::Acquire);
    assert!(!cpu.is_null(), "processor {index} is not there");
    // Never freed.
    unsafe { &*cpu }
}

/// The processor that runs this: the task register tells, whatever `gs` is.
pub fn current() -> &'static Cpu {
    get(index())
}

/// Index of the processor that runs this.
pub fn index() -> u32 {
    // Each processor has a GDT of its own, with its TSS at a selector that tells its index.
    (u32::from(port::task_register()) - 0x20) / 16
}

impl Cpu {
    /// Marks a vector as pending.
    pub fn raise(&self, vector: u8) {
        self.pending[usize::from(vector / 64)].fetch_or(1 << (vector % 64), Ordering::AcqRel);
    }

    /// Takes the highest pending vector whose level is above `irql`.
    pub fn take(&self, irql: u8) -> Option<u8> {
        for word in (0..4u8).rev() {
            let bits = self.pending[usize::from(word)].load(Ordering::Acquire);
            if bits == 0 {
                continue;
            }
            let bit = 63 - bits.leading_zeros() as u8;
            let vector = word * 64 + bit;
            if vector >> 4 <= irql {
                return None;
            }
            self.pending[usize::from(word)].fetch_and(!(1 << bit), Ordering::AcqRel);
            return Some(vector);
        }
        None
    }

    /// Is anything pending?
    pub fn any(&self) -> bool {
        self.pending.iter().any(|word| word.load(Ordering::Acquire) != 0)
    }
}

#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

fn stack() -> u64 {
    let memory: &'static mut [u8] = Vec::leak(vec![0; IST_SIZE]);
    (memory.as_ptr() as u64 + IST_SIZE as u64) & !15
}

/// Sets up the tables of the processor that runs this.
pub fn start(index: u32, apic: u32) {
    let tss = Tss {
        reserved0: 0,
        rsp: [0; 3],
        reserved1: 0,
        ist: [stack(), stack(), stack(), 0, 0, 0, 0],
        reserved2: 0,
        reserved3: 0,
        io_map: size_of::<Tss>() as u16,
    };
    let cpu = Box::leak(Box::new(Cpu { index, apic, tss, pending: [const { AtomicU64::new(0) }; 4] }));
    // A GDT that is long enough for this processor's TSS selector, 0x20 + 16 * index.
    let table: &'static mut [u64] = Vec::leak(vec![0u64; 4 + 2 * (index as usize + 1)]);
    table[2] = 0x00AF_9A00_0000_FFFF;
    table[3] = 0x00CF_9200_0000_FFFF;
    let base = &raw const cpu.tss as u64;
    let limit = size_of::<Tss>() as u64 - 1;
    let slot = 4 + 2 * index as usize;
    table[slot] = limit | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56;
    table[slot + 1] = base >> 32;
    let gdt = Pointer { limit: (table.len() * 8 - 1) as u16, base: table.as_ptr() as u64 };
    let idt = Pointer { limit: 4095, base: idt() as u64 };
    let selector = 0x20 + 16 * index as u16;
    unsafe { asm!("lgdt [{}]", in(reg) &raw const gdt, options(nostack)) };
    unsafe { asm!("lidt [{}]", in(reg) &raw const idt, options(nostack)) };
    unsafe { asm!("ltr {0:x}", in(reg) selector, options(nostack)) };
    CPUS[index as usize].store(cpu, Ordering::Release);
    STARTED.fetch_add(1, Ordering::AcqRel);
}

fn idt() -> *const [u128; 256] {
    let made = IDT.load(Ordering::Acquire);
    if !made.is_null() {
        return made;
    }
    let mut table = Box::new([0u128; 256]);
    for vector in 0..=255u8 {
        let at = u128::from(trap::stub(vector));
        let ist: u128 = match vector {
            2 => 2,
            8 | 18 => 3,
            _ => 1,
        };
        // Offset 15:0, selector 0x10, IST, interrupt gate (0x8E), offset 31:16, 63:32.
        table[usize::from(vector)] = (at & 0xffff)
            | 0x10 << 16
            | ist << 32
            | 0x8e << 40
            | (at >> 16 & 0xffff) << 48
            | (at >> 32) << 64;
    }
    let table = Box::into_raw(table);
    IDT.store(table, Ordering::Release);
    table
}
