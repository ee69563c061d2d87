//! What a faulting instruction means.

use crate::engine::HostEngine;
use crate::execute::{self, Operand};
use crate::memory::{PAGE, Place};
use crate::patch::Site;
use crate::trap::Regs;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, Register};
use machine::Outcome;
use ntsim::engine::{Engine, Point, Prot};
use ntsim::kernel::kernel;
use ntsim::verifier::{self, fault::Fault};
use ntsim::{ke, trace};

/// TF in RFLAGS.
const TRAP_FLAG: u64 = 0x100;
/// KUSER_SHARED_DATA in the kernel's half.
const SHARED_DATA: u64 = 0xFFFF_F780_0000_0000;

/// A fault of guest code (or of simulator code that works on a driver's pointer). Changes the registers so
/// that the guest continues, or ends the run.
pub unsafe fn fault(e: &'static HostEngine, regs: &mut Regs, fx: *mut u8) {
    let mut frame = ntsim::export::Frame::for_fault([
        regs.rip, regs.rsp, regs.rbp, regs.rbx, regs.rsi, regs.rdi, regs.r12, regs.r13, regs.r14, regs.r15,
    ]);
    let _entered = frame.enter();
    if e.overflow.get() {
        verifier::fault::report(Fault::StackOverflow { address: regs.address, rip: regs.rip });
    }
    let signal = regs.signal as i32;
    if signal == crate::watchdog::signal() {
        let place = ntsim::loader::describe(regs.rip as usize);
        let text = if e.memory.system_va().contains(&(regs.rip as usize)) {
            format!("driver code spins without calling anything at {place}")
        } else {
            "the simulator spins".to_string()
        };
        verifier::stop(crate::cpus::LIVELOCK, [regs.rip, 0, 0, 0], text, None);
    }
    if signal == libc::SIGTRAP && regs.rflags & TRAP_FLAG != 0 {
        return step(e, regs);
    }
    if signal == libc::SIGSEGV {
        let site = e.sites.borrow().get(&(regs.rip as usize)).copied();
        let site = site.or_else(|| e.in_hypercall_page(regs.rip as usize).then_some(Site::Hypercall));
        if let Some(site) = site {
            emulate_site(e, site, regs);
            regs.rip += site.len();
            // A pause was a scheduling point of its own, and no progress; nor is reading the time.
            if matches!(site, Site::Hypercall | Site::Cpuid) {
                resume(e);
            }
            return;
        }
    }
    let Some(i) = decode(e, regs.rip) else {
        return stop(e, regs, None);
    };
    if privileged(e, &i, regs) {
        regs.rip = i.next_ip();
        return resume(e);
    }
    if (signal == libc::SIGSEGV || signal == libc::SIGBUS) && memory(e, &i, regs, fx) {
        regs.rip = i.next_ip();
        // Reading the time is no progress: a loop that waits for time to pass must still be seen as spinning.
        if !is_shared_data(regs.address) {
            resume(e);
        }
        return;
    }
    stop(e, regs, Some(&i));
}

/// An instruction of a single-step window has been carried out: another processor may run, interrupts may come, between
/// this and the next.
fn step(e: &'static HostEngine, regs: &mut Regs) {
    let cpu = e.cpus.cpu();
    if !e.memory.system_va().contains(&(regs.rip as usize)) {
        // Our own code: on the way into the driver it passes, on the way out it ends the window.
        match cpu.approach.get() {
            0 => regs.rflags &= !TRAP_FLAG,
            left => cpu.approach.set(left - 1),
        }
        return;
    }
    cpu.approach.set(0);
    let left = cpu.steps.get().saturating_sub(1);
    cpu.steps.set(left);
    if left == 0 {
        regs.rflags &= !TRAP_FLAG;
    }
    e.stepped.set(e.stepped.get() + 1);
    resume(e);
}

/// After an emulated instruction: another processor may run, interrupts may come.
fn resume(_e: &HostEngine) {
    kernel().scheduling_point(Point::Instruction);
}

fn decode(e: &HostEngine, rip: u64) -> Option<Instruction> {
    let mut length = 15;
    // Do not read over the end of what is mapped.
    if e.memory.system_va().contains(&(rip as usize)) {
        if !matches!(e.memory.place(rip as usize), Place::Ram(_)) {
            return None;
        }
        let left = PAGE - rip as usize % PAGE;
        if left < length && !matches!(e.memory.place(rip as usize + left), Place::Ram(_)) {
            length = left;
        }
    } else if !e.is_host_code(rip as usize) {
        return None;
    }
    let bytes = unsafe { std::slice::from_raw_parts(rip as *const u8, length) };
    let i = Decoder::with_ip(64, bytes, rip, DecoderOptions::NONE).decode();
    (!i.is_invalid()).then_some(i)
}

unsafe fn emulate_site(e: &'static HostEngine, site: Site, regs: &mut Regs) {
    let cpu = e.cpus.current.get();
    let m = e.machine();
    match site {
        Site::Hypercall => {
            trace::record_value(trace::Event::Instruction, "hypercall", regs.rax);
            e.cpus.touched.set(true);
            let args = [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9];
            m.advance(e.cpus.now());
            regs.rax = match m.hypercall(cpu, regs.rax, args) {
                Outcome::Done(value) => value as u64,
                Outcome::Block(value) => {
                    e.cpus.block(m);
                    value as u64
                }
                Outcome::Shutdown(_) => {
                    trace::record(trace::Event::Note, "domain shut down");
                    e.cpus.machine_only(m, || m.resumed()) as u64
                }
            };
        }
        Site::Cpuid => {
            let (leaf, subleaf) = (regs.rax as u32, regs.rcx as u32);
            trace::record_value(trace::Event::Instruction, "cpuid", leaf as u64);
            let r = e.cpuid(cpu, leaf, subleaf);
            regs.rax = r.eax as u64;
            regs.rbx = r.ebx as u64;
            regs.rcx = r.ecx as u64;
            regs.rdx = r.edx as u64;
        }
        Site::Pause => {
            e.spin("pause");
            ke::irql::poll(kernel());
        }
        Site::Tsc | Site::Tscp => {
            // A TSC of 2 GHz.
            let tsc = e.cpus.now() * 2;
            regs.rax = tsc & 0xFFFF_FFFF;
            regs.rdx = tsc >> 32;
            if site == Site::Tscp {
                regs.rcx = cpu as u64;
            }
        }
    }
}

fn set(regs: &mut Regs, r: Register, value: u64) {
    let full = execute::register(regs, r.full_register());
    *full = match r.size() {
        1 => *full & !0xFF | value & 0xFF,
        2 => *full & !0xFFFF | value & 0xFFFF,
        4 => value & 0xFFFF_FFFF,
        _ => value,
    };
}

/// Privileged instructions that a driver may use.
unsafe fn privileged(e: &'static HostEngine, i: &Instruction, regs: &mut Regs) -> bool {
    let cpu = e.cpus.current.get();
    let m = e.machine();
    let io = |regs: &Regs| {
        let port = if i.op1_register() == Register::DX || i.op0_register() == Register::DX {
            regs.rdx as u16
        } else {
            i.immediate8() as u16
        };
        trace::record_value(trace::Event::Instruction, "port", port as u64);
        e.cpus.touched.set(true);
        port
    };
    match i.mnemonic() {
        Mnemonic::In => {
            let port = io(regs);
            let r = i.op0_register();
            let v = m.port_in(cpu, port, r.size() as u8);
            set(regs, r, v as u64);
        }
        Mnemonic::Out => {
            let port = io(regs);
            let r = i.op1_register();
            m.port_out(cpu, port, r.size() as u8, execute::value(regs, r) as u32);
        }
        Mnemonic::Insb
        | Mnemonic::Insw
        | Mnemonic::Insd
        | Mnemonic::Outsb
        | Mnemonic::Outsw
        | Mnemonic::Outsd => {
            let (width, input) = match i.mnemonic() {
                Mnemonic::Insb => (1, true),
                Mnemonic::Insw => (2, true),
                Mnemonic::Insd => (4, true),
                Mnemonic::Outsb => (1, false),
                Mnemonic::Outsw => (2, false),
                _ => (4, false),
            };
            let rep = i.has_rep_prefix() || i.has_repne_prefix();
            let count = if rep { regs.rcx } else { 1 };
            for _ in 0..count {
                if input {
                    let v = m.port_in(cpu, regs.rdx as u16, width);
                    std::ptr::copy_nonoverlapping(
                        v.to_le_bytes().as_ptr(),
                        regs.rdi as *mut u8,
                        width as usize,
                    );
                    regs.rdi += width as u64;
                } else {
                    let mut v = [0u8; 4];
                    std::ptr::copy_nonoverlapping(regs.rsi as *const u8, v.as_mut_ptr(), width as usize);
                    m.port_out(cpu, regs.rdx as u16, width, u32::from_le_bytes(v));
                    regs.rsi += width as u64;
                }
            }
            if rep {
                regs.rcx = 0;
            }
            e.cpus.touched.set(true);
        }
        Mnemonic::Cli => {
            e.interrupts(false);
        }
        Mnemonic::Sti => {
            e.interrupts(true);
        }
        Mnemonic::Rdmsr => {
            let v = e.read_msr(regs.rcx as u32);
            trace::record_value(trace::Event::Instruction, "rdmsr", regs.rcx & 0xFFFF_FFFF);
            regs.rax = v & 0xFFFF_FFFF;
            regs.rdx = v >> 32;
        }
        Mnemonic::Wrmsr => {
            let v = regs.rax & 0xFFFF_FFFF | regs.rdx << 32;
            trace::record_value(trace::Event::Instruction, "wrmsr", regs.rcx & 0xFFFF_FFFF);
            e.write_msr(regs.rcx as u32, v);
        }
        Mnemonic::Mov if matches!(i.code(), Code::Mov_r64_cr) => {
            let v = match i.op1_register() {
                Register::CR0 => 0x8005_0033,
                Register::CR3 => 0x1AD000,
                Register::CR4 => 0x0006_06F8,
                Register::CR8 => ke::irql::current() as u64,
                _ => 0,
            };
            set(regs, i.op0_register(), v);
        }
        Mnemonic::Mov if matches!(i.code(), Code::Mov_cr_r64) && i.op0_register() == Register::CR8 => {
            let new = execute::value(regs, i.op1_register()) as u8;
            if new >= ke::irql::current() {
                ke::irql::raise(new);
            } else {
                ke::irql::lower(new);
            }
        }
        Mnemonic::Swapgs | Mnemonic::Wbinvd | Mnemonic::Invlpg | Mnemonic::Clts => {}
        Mnemonic::Hlt => e.idle(),
        Mnemonic::Int if i.immediate8() == 0x29 => {
            verifier::fault::report(Fault::FastFail { code: regs.rcx, rip: regs.rip })
        }
        _ => return false,
    }
    true
}

/// Accesses to device memory, trapped shared pages and KUSER_SHARED_DATA.
unsafe fn memory(e: &'static HostEngine, i: &Instruction, regs: &mut Regs, fx: *mut u8) -> bool {
    if i.is_string_instruction() {
        return string(e, i, regs);
    }
    let operands = execute::operands(i, regs);
    let Some((operand, target)) = operands.iter().find_map(|o| Some((*o, target(e, o)?))) else {
        return false;
    };
    let mut buffer = [0u8; 64];
    let at = begin(e, &target, &operand, &mut buffer);
    // `mov` with an absolute address has no base register to replace.
    let done = match i.code() {
        Code::Mov_AL_moffs8 | Code::Mov_AX_moffs16 | Code::Mov_EAX_moffs32 | Code::Mov_RAX_moffs64 => {
            let mut v = [0u8; 8];
            std::ptr::copy_nonoverlapping(at, v.as_mut_ptr(), operand.size);
            set(regs, i.op0_register(), u64::from_le_bytes(v));
            Ok(())
        }
        Code::Mov_moffs8_AL | Code::Mov_moffs16_AX | Code::Mov_moffs32_EAX | Code::Mov_moffs64_RAX => {
            std::ptr::copy_nonoverlapping(regs.rax.to_le_bytes().as_ptr(), at, operand.size);
            Ok(())
        }
        _ => e.scratch.run(i, at, regs, fx),
    };
    if let Err(why) = done {
        let text = format!("cannot emulate an access to {:#x}: {why}", operand.address);
        verifier::stop(verifier::SIMULATOR_ERROR, [regs.rip, operand.address, 0, 0], text, None);
    }
    end(e, &target, &operand, &buffer);
    true
}

fn is_shared_data(address: u64) -> bool {
    (SHARED_DATA..SHARED_DATA + PAGE as u64).contains(&address)
}

enum Target {
    /// Directly accessible through another mapping.
    Alias(*mut u8),
    /// So, but in two pieces: the access crosses into another page. Bytes of the first piece.
    Split(*mut u8, *mut u8, usize),
    /// Device memory.
    Device(u64),
}

unsafe fn target(e: &'static HostEngine, o: &Operand) -> Option<Target> {
    if is_shared_data(o.address) {
        if o.write {
            return None;
        }
        return Some(Target::Alias(e.shared_data().add((o.address - SHARED_DATA) as usize)));
    }
    let at = o.address as usize;
    if !e.memory.system_va().contains(&at) {
        return None;
    }
    match e.memory.place(at) {
        Place::Device(gpa) => Some(Target::Device(gpa)),
        Place::Watched(page, gpa, prot) => {
            if !matches!((prot, o.write), (Prot::ReadWrite, _) | (Prot::Read | Prot::ReadExecute, false)) {
                return None;
            }
            // Every access is a scheduling point: a back-end may rewrite the word before or after.
            kernel().scheduling_point(Point::Instruction);
            trace::record_value(
                trace::Event::Instruction,
                if o.write { "shared write" } else { "shared read" },
                gpa,
            );
            e.machine().accessing(e.cpus.current.get(), gpa, o.write);
            let first = (page + at % PAGE) as *mut u8;
            let room = PAGE - at % PAGE;
            if o.size <= room {
                return Some(Target::Alias(first));
            }
            Some(Target::Split(first, e.memory.host(at + room)?, room))
        }
        _ => None,
    }
}

unsafe fn begin(e: &HostEngine, target: &Target, o: &Operand, buffer: &mut [u8; 64]) -> *mut u8 {
    match target {
        Target::Alias(at) => *at,
        Target::Split(first, second, room) => {
            if o.read {
                std::ptr::copy_nonoverlapping(*first, buffer.as_mut_ptr(), *room);
                std::ptr::copy_nonoverlapping(*second, buffer.as_mut_ptr().add(*room), o.size - room);
            }
            buffer.as_mut_ptr()
        }
        Target::Device(gpa) => {
            if o.read {
                let value = e.machine().mmio_read(*gpa, o.size.min(8) as u8);
                buffer[..8].copy_from_slice(&value.to_le_bytes());
            }
            buffer.as_mut_ptr()
        }
    }
}

unsafe fn end(e: &HostEngine, target: &Target, o: &Operand, buffer: &[u8; 64]) {
    if let Target::Split(first, second, room) = target
        && o.write
    {
        std::ptr::copy_nonoverlapping(buffer.as_ptr(), *first, *room);
        std::ptr::copy_nonoverlapping(buffer.as_ptr().add(*room), *second, o.size - room);
    }
    if let Target::Device(gpa) = target {
        trace::record_value(trace::Event::Instruction, "mmio", *gpa);
        e.cpus.touched.set(true);
        if o.write {
            let mut v = [0u8; 8];
            v.copy_from_slice(&buffer[..8]);
            e.machine().mmio_write(*gpa, o.size.min(8) as u8, u64::from_le_bytes(v));
        }
    }
}

/// movs, stos and lods, with or without rep.
unsafe fn string(e: &'static HostEngine, i: &Instruction, regs: &mut Regs) -> bool {
    let (width, load, store) = match i.mnemonic() {
        Mnemonic::Movsb => (1, true, true),
        Mnemonic::Movsw => (2, true, true),
        Mnemonic::Movsd => (4, true, true),
        Mnemonic::Movsq => (8, true, true),
        Mnemonic::Stosb => (1, false, true),
        Mnemonic::Stosw => (2, false, true),
        Mnemonic::Stosd => (4, false, true),
        Mnemonic::Stosq => (8, false, true),
        Mnemonic::Lodsb => (1, true, false),
        Mnemonic::Lodsw => (2, true, false),
        Mnemonic::Lodsd => (4, true, false),
        Mnemonic::Lodsq => (8, true, false),
        _ => return false,
    };
    let step = if regs.rflags & 0x400 != 0 { (width as u64).wrapping_neg() } else { width as u64 };
    let reachable = |address: u64, write: bool| {
        if !e.memory.system_va().contains(&(address as usize)) {
            return true;
        }
        match e.memory.place(address as usize) {
            Place::Device(_) => true,
            Place::Ram(prot) | Place::Shared(prot) | Place::Watched(_, _, prot) => {
                prot == Prot::ReadWrite || (!write && prot != Prot::None)
            }
            Place::Hole(_) | Place::Nothing => false,
        }
    };
    let mut left = if i.has_rep_prefix() || i.has_repne_prefix() { regs.rcx } else { 1 };
    let rep = i.has_rep_prefix() || i.has_repne_prefix();
    while left > 0 {
        if (load && !reachable(regs.rsi, false)) || (store && !reachable(regs.rdi, true)) {
            regs.address = if load && !reachable(regs.rsi, false) { regs.rsi } else { regs.rdi };
            return false;
        }
        let mut value = if load { 0 } else { regs.rax };
        if load {
            value = access(e, regs.rsi, width, None);
            regs.rsi = regs.rsi.wrapping_add(step);
        }
        if store {
            access(e, regs.rdi, width, Some(value));
            regs.rdi = regs.rdi.wrapping_add(step);
        } else {
            set(
                regs,
                [Register::AL, Register::AX, Register::EAX, Register::RAX][width.trailing_zeros() as usize],
                value,
            );
        }
        left -= 1;
        if rep {
            regs.rcx = left;
        }
    }
    true
}

unsafe fn access(e: &'static HostEngine, address: u64, size: usize, write: Option<u64>) -> u64 {
    let o = Operand { address, size, read: write.is_none(), write: write.is_some() };
    let found = target(e, &o);
    let at = match found {
        Some(Target::Split(..)) => {
            let mut buffer = [0u8; 64];
            buffer[..8].copy_from_slice(&write.unwrap_or(0).to_le_bytes());
            if let Some(t) = &found {
                if write.is_none() {
                    begin(e, t, &o, &mut buffer);
                }
                end(e, t, &o, &buffer);
            }
            let mut v = [0u8; 8];
            v[..size].copy_from_slice(&buffer[..size]);
            return u64::from_le_bytes(v);
        }
        Some(Target::Device(gpa)) => {
            e.cpus.touched.set(true);
            return match write {
                Some(v) => {
                    e.machine().mmio_write(gpa, size as u8, v);
                    0
                }
                None => e.machine().mmio_read(gpa, size as u8),
            };
        }
        Some(Target::Alias(at)) => at,
        None => address as *mut u8,
    };
    let mut v = [0u8; 8];
    match write {
        Some(value) => std::ptr::copy_nonoverlapping(value.to_le_bytes().as_ptr(), at, size),
        None => std::ptr::copy_nonoverlapping(at, v.as_mut_ptr(), size),
    }
    u64::from_le_bytes(v)
}

/// Nothing to emulate: the driver's error.
unsafe fn stop(e: &HostEngine, regs: &mut Regs, i: Option<&Instruction>) {
    let signal = regs.signal as i32;
    let error = regs.signal >> 32;
    let fault = match signal {
        libc::SIGSEGV | libc::SIGBUS => {
            let operand = i.and_then(|i| execute::operands(i, regs).into_iter().next_back());
            if let Some(i) = i.filter(|_| regs.address == 0 && operand.is_none()) {
                // A general protection fault without memory: the instruction itself.
                let place = ntsim::loader::describe(regs.rip as usize);
                let text = format!("{:?} at {place} is not modelled", i.code());
                verifier::stop(verifier::SIMULATOR_ERROR, [regs.rip, 0, 0, 0], text, None);
            }
            // A general protection fault has no address; non-canonical operands end up here.
            let address = match (regs.address, operand) {
                (0, Some(o)) => o.address,
                (a, _) => a,
            };
            let place = if e.memory.system_va().contains(&(address as usize)) {
                e.memory.place(address as usize)
            } else {
                Place::Nothing
            };
            let hole = match place {
                Place::Hole(pfn) => Some(pfn),
                _ => None,
            };
            let mapped = matches!(place, Place::Ram(_));
            if i.is_none() || address == regs.rip {
                Fault::Execute { address: regs.rip }
            } else {
                Fault::Access { address, write: error & 2 != 0, rip: regs.rip, mapped, hole }
            }
        }
        libc::SIGFPE => Fault::DivideByZero { rip: regs.rip },
        libc::SIGTRAP => Fault::Breakpoint { rip: regs.rip },
        _ => Fault::Illegal { rip: regs.rip },
    };
    verifier::fault::report(fault)
}
