//! Stack unwinding and structured exceptions of x64 images (.pdata/.xdata).
//!
//! Source: Microsoft's public "x64 exception handling" documentation.

pub mod capture;
pub mod codes;
pub mod epilogue;
pub mod exception;
pub mod exports;
pub mod stack;

use core::mem::offset_of;

/// A 128-bit register.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct M128 {
    /// Low half.
    pub low: u64,
    /// High half.
    pub high: u64,
}

/// CONTEXT of x64 (winnt.h), with the floating-point area as plain registers.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Context {
    pub home: [u64; 6],
    pub flags: u32,
    pub mxcsr: u32,
    pub segments: [u16; 6],
    pub eflags: u32,
    pub debug: [u64; 6],
    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15: the order of register numbers in unwind codes.
    pub gpr: [u64; 16],
    pub rip: u64,
    pub float_head: [u64; 4],
    pub float_legacy: [M128; 8],
    pub xmm: [M128; 16],
    pub float_tail: [u64; 12],
    pub vector: [M128; 26],
    pub vector_control: u64,
    pub debug_control: u64,
    pub last: [u64; 4],
}

const _: () = {
    assert!(size_of::<Context>() == 1232);
    assert!(offset_of!(Context, flags) == 48);
    assert!(offset_of!(Context, gpr) == 120);
    assert!(offset_of!(Context, rip) == 248);
    assert!(offset_of!(Context, xmm) == 416);
    assert!(offset_of!(Context, vector) == 768);
};

/// CONTEXT_AMD64 | CONTROL | INTEGER | FLOATING_POINT.
pub const CONTEXT_FULL: u32 = 0x10_000B;
/// Register numbers.
pub const RSP: usize = 4;

impl Default for Context {
    fn default() -> Self {
        let mut c: Self = unsafe { core::mem::zeroed() };
        c.flags = CONTEXT_FULL;
        c.mxcsr = 0x1F80;
        c
    }
}

impl Context {
    /// Stack pointer.
    pub fn rsp(&self) -> u64 {
        self.gpr[RSP]
    }

    /// The caller's registers at an export call (as after the call) or at a fault.
    pub fn of_frame(f: &crate::export::Frame) -> Self {
        let mut c = Self { rip: f.return_address() as u64, ..Self::default() };
        c.gpr[RSP] = f.rsp as u64;
        if !f.is_fault() {
            c.gpr[RSP] += 8;
        } else if crate::loader::module_at(f.rip).is_none_or(|m| !m.loaded.get()) {
            // A jump to nowhere: whoever called is who matters.
            c.rip = stack_word(c.gpr[RSP]);
            c.gpr[RSP] = c.gpr[RSP].wrapping_add(8);
        }
        c.gpr[3] = f.rbx as u64;
        c.gpr[5] = f.rbp as u64;
        c.gpr[6] = f.rsi as u64;
        c.gpr[7] = f.rdi as u64;
        for (i, r) in [f.r12, f.r13, f.r14, f.r15].into_iter().enumerate() {
            c.gpr[12 + i] = r as u64;
        }
        c
    }
}

/// RUNTIME_FUNCTION.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeFunction {
    /// RVA of the first byte.
    pub begin: u32,
    /// RVA behind the last byte.
    pub end: u32,
    /// RVA of UNWIND_INFO.
    pub unwind: u32,
}

/// A word of a stack. Zero where nothing is mapped: a driver may have lost its stack pointer.
pub fn stack_word(at: u64) -> u64 {
    let engine = crate::kernel().engine;
    let there = |at: u64| engine.translate(at as usize).is_some();
    match at.checked_add(7) {
        Some(last) if there(at) && there(last) => unsafe { (at as *const u64).read_unaligned() },
        _ => 0,
    }
}

/// Finds the function table entry of a PC: (image base, entry).
pub fn lookup(pc: u64) -> Option<(u64, &'static RuntimeFunction)> {
    let module = crate::loader::module_at(pc as usize).filter(|m| m.loaded.get())?;
    let (rva, size) = module.headers.directories[crate::loader::pe::dir::EXCEPTION];
    let count = size as usize / size_of::<RuntimeFunction>();
    let table =
        unsafe { core::slice::from_raw_parts((module.base + rva as usize) as *const RuntimeFunction, count) };
    let at = (pc - module.base as u64) as u32;
    let i = table.partition_point(|f| f.begin <= at).checked_sub(1)?;
    (at < table[i].end).then(|| (module.base as u64, &table[i]))
}
