//! Runs one instruction of the guest out of line, with its memory operand replaced.

use crate::trap::Regs;
use iced_x86::{Encoder, Instruction, InstructionInfoFactory, OpAccess, Register};
use std::arch::naked_asm;
use std::cell::Cell;
use std::mem::offset_of;

/// A page that can be written through one mapping and executed through the other.
pub struct Scratch {
    write: *mut u8,
    execute: *mut u8,
    busy: Cell<bool>,
}

/// A memory operand of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Virtual address.
    pub address: u64,
    /// Bytes.
    pub size: usize,
    /// Is it read?
    pub read: bool,
    /// Is it written?
    pub write: bool,
}

impl Scratch {
    /// Maps the page.
    pub fn new() -> Self {
        unsafe {
            let fd = libc::memfd_create(c"ntsim-scratch".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd >= 0 && libc::ftruncate(fd, 4096) == 0, "memfd for the scratch page");
            let map = |prot| {
                let at = libc::mmap(std::ptr::null_mut(), 4096, prot, libc::MAP_SHARED, fd, 0);
                assert!(at != libc::MAP_FAILED, "mmap of the scratch page");
                at.cast::<u8>()
            };
            let write = map(libc::PROT_READ | libc::PROT_WRITE);
            let execute = map(libc::PROT_READ | libc::PROT_EXEC);
            libc::close(fd);
            Self { write, execute, busy: Cell::new(false) }
        }
    }

    /// Executes `instruction` with its memory operand at `at` instead. RIP is not changed.
    pub fn run(
        &self,
        instruction: &Instruction,
        at: *mut u8,
        regs: &mut Regs,
        fx: *mut u8,
    ) -> Result<(), String> {
        assert!(!self.busy.replace(true), "out-of-line execution is not nested");
        let result = self.run_inner(instruction, at, regs, fx);
        self.busy.set(false);
        result
    }

    fn run_inner(
        &self,
        original: &Instruction,
        at: *mut u8,
        regs: &mut Regs,
        fx: *mut u8,
    ) -> Result<(), String> {
        let mut factory = InstructionInfoFactory::new();
        let used: Vec<Register> =
            factory.info(original).used_registers().iter().map(|r| r.register().full_register()).collect();
        let memory = [original.memory_base().full_register(), original.memory_index().full_register()];
        // Registers used only to address memory are free now, except that they may also be data.
        let data = |r: Register| {
            (0..original.op_count()).any(|i| original.op_register(i).full_register() == r)
                || (used.contains(&r) && !memory.contains(&r))
        };
        let base = [Register::RBX, Register::RSI, Register::RDI, Register::RCX, Register::RDX, Register::RAX]
            .into_iter()
            .find(|r| !data(*r))
            .ok_or("no free register")?;
        let mut i = *original;
        i.set_memory_base(base);
        i.set_memory_index(Register::None);
        i.set_memory_displacement64(0);
        i.set_memory_displ_size(0);
        i.set_segment_prefix(Register::None);
        let mut encoder = Encoder::new(64);
        encoder.encode(&i, self.execute as u64).map_err(|e| format!("cannot re-encode: {e}"))?;
        let mut code = encoder.take_buffer();
        code.push(0xC3);
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), self.write, code.len()) };
        let saved = *register(regs, base);
        *register(regs, base) = at as u64;
        unsafe { run_with(self.execute, regs, fx) };
        *register(regs, base) = saved;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        unsafe {
            libc::munmap(self.write.cast(), 4096);
            libc::munmap(self.execute.cast(), 4096);
        }
    }
}

/// The explicit or implicit memory operands of an instruction.
pub fn operands(i: &Instruction, regs: &Regs) -> Vec<Operand> {
    let mut factory = InstructionInfoFactory::new();
    let gs = 0;
    factory
        .info(i)
        .used_memory()
        .iter()
        .filter_map(|m| {
            let address = m.virtual_address(0, |r, _, _| {
                Some(if r.is_segment_register() { gs } else { value(regs, r) })
            })?;
            let (read, write) = match m.access() {
                OpAccess::Read | OpAccess::CondRead => (true, false),
                OpAccess::Write | OpAccess::CondWrite => (false, true),
                OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
                _ => return None,
            };
            Some(Operand { address, size: m.memory_size().size(), read, write })
        })
        .collect()
}

/// Value of a general register (any width).
pub fn value(regs: &Regs, r: Register) -> u64 {
    let mut copy = *regs;
    if r == Register::None {
        return 0;
    }
    if r.is_ip() {
        return regs.rip;
    }
    let full = *register(&mut copy, r.full_register());
    match r.size() {
        4 => full & 0xFFFF_FFFF,
        2 => full & 0xFFFF,
        1 => full & 0xFF,
        _ => full,
    }
}

/// A full general register.
pub fn register(regs: &mut Regs, r: Register) -> &mut u64 {
    match r {
        Register::RAX => &mut regs.rax,
        Register::RBX => &mut regs.rbx,
        Register::RCX => &mut regs.rcx,
        Register::RDX => &mut regs.rdx,
        Register::RSI => &mut regs.rsi,
        Register::RDI => &mut regs.rdi,
        Register::RBP => &mut regs.rbp,
        Register::RSP => &mut regs.rsp,
        Register::R8 => &mut regs.r8,
        Register::R9 => &mut regs.r9,
        Register::R10 => &mut regs.r10,
        Register::R11 => &mut regs.r11,
        Register::R12 => &mut regs.r12,
        Register::R13 => &mut regs.r13,
        Register::R14 => &mut regs.r14,
        Register::R15 => &mut regs.r15,
        other => panic!("{other:?} is not a general register"),
    }
}

#[unsafe(naked)]
unsafe extern "C" fn run_with(code: *const u8, regs: *mut Regs, fx: *mut u8) {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "push rdx", "push rsi", "push rdi",
        "mov r12, rdx",
        "mov eax, {parts}", "xor edx, edx",
        "xrstor64 [r12]",
        // Arithmetic flags and DF of the guest; neither TF nor IF.
        "mov rax, [rsi + {rflags}]", "and eax, 0xCD5", "push rax", "popfq",
        "mov rax, [rsi + {rax}]", "mov rbx, [rsi + {rbx}]", "mov rcx, [rsi + {rcx}]", "mov rdx, [rsi + {rdx}]",
        "mov rdi, [rsi + {rdi}]", "mov rbp, [rsi + {rbp}]",
        "mov r8, [rsi + {r8}]", "mov r9, [rsi + {r9}]", "mov r10, [rsi + {r10}]", "mov r11, [rsi + {r11}]",
        "mov r12, [rsi + {r12}]", "mov r13, [rsi + {r13}]", "mov r14, [rsi + {r14}]", "mov r15, [rsi + {r15}]",
        "mov rsi, [rsi + {rsi}]",
        "call [rsp]",
        "push rax",
        "mov rax, [rsp + 16]",
        "mov [rax + {rbx}], rbx", "mov [rax + {rcx}], rcx", "mov [rax + {rdx}], rdx", "mov [rax + {rsi}], rsi",
        "mov [rax + {rdi}], rdi", "mov [rax + {rbp}], rbp",
        "mov [rax + {r8}], r8", "mov [rax + {r9}], r9", "mov [rax + {r10}], r10", "mov [rax + {r11}], r11",
        "mov [rax + {r12}], r12", "mov [rax + {r13}], r13", "mov [rax + {r14}], r14", "mov [rax + {r15}], r15",
        "pop rcx", "mov [rax + {rax}], rcx",
        "pushfq", "pop rcx", "cld",
        "and ecx, 0xCD5",
        "mov rdx, [rax + {rflags}]", "and rdx, -3286", "or rdx, rcx", "mov [rax + {rflags}], rdx",
        "mov rcx, [rsp + 16]",
        "mov eax, {parts}", "xor edx, edx",
        "xsave64 [rcx]",
        "add rsp, 24",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        parts = const crate::trap::VECTOR_PARTS,
        rflags = const offset_of!(Regs, rflags),
        rax = const offset_of!(Regs, rax), rbx = const offset_of!(Regs, rbx),
        rcx = const offset_of!(Regs, rcx), rdx = const offset_of!(Regs, rdx),
        rsi = const offset_of!(Regs, rsi), rdi = const offset_of!(Regs, rdi), rbp = const offset_of!(Regs, rbp),
        r8 = const offset_of!(Regs, r8), r9 = const offset_of!(Regs, r9), r10 = const offset_of!(Regs, r10),
        r11 = const offset_of!(Regs, r11), r12 = const offset_of!(Regs, r12), r13 = const offset_of!(Regs, r13),
        r14 = const offset_of!(Regs, r14), r15 = const offset_of!(Regs, r15),
    )
}
