//! Faults of guest code. The signal handler runs no kernel code: it builds a frame on the faulting stack and
//! continues at [`fault_entry`], which saves all registers, calls the emulator in normal context and returns
//! by `iretq`.

use crate::engine::HostEngine;
use ntsim::verifier;
use std::arch::naked_asm;
use std::cell::Cell;
use std::sync::Once;

/// Registers at a fault, as the trampoline saves them; RIP, RFLAGS and RSP are restored from here.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Regs {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rcx: u64,
    pub rax: u64,
    /// Signal number in the low half; the page fault's error code in the high half.
    pub signal: u64,
    /// Faulting address.
    pub address: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

thread_local! {
    static ACTIVE: Cell<*const HostEngine> = const { Cell::new(std::ptr::null()) };
    static ALT_STACK: Cell<bool> = const { Cell::new(false) };
}

const SIGNALS: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];
static mut FORMER: [Option<libc::sigaction>; 5] = [None; 5];
/// Bytes left alone below the faulting stack pointer: the red zone of simulator code.
const RED_ZONE: u64 = 256;

/// The engine whose processors run on this thread.
pub fn active() -> Option<&'static HostEngine> {
    unsafe { ACTIVE.get().as_ref() }
}

/// Sets the engine of this thread.
pub fn set_active(engine: *const HostEngine) {
    ACTIVE.set(engine);
}

/// Installs the handlers (once) and this thread's signal stack.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| unsafe {
        for (i, signal) in SIGNALS.iter().enumerate() {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            let mut former: libc::sigaction = std::mem::zeroed();
            libc::sigaction(*signal, &action, &mut former);
            FORMER[i] = Some(former);
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESTART;
        libc::sigaction(crate::watchdog::signal(), &action, std::ptr::null_mut());
    });
    if !ALT_STACK.replace(true) {
        let size = 64 * 1024;
        // Lives as long as the thread may take signals, which is for ever as far as we know.
        let stack = Box::leak(vec![0u8; size].into_boxed_slice());
        let st = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: size };
        unsafe { libc::sigaltstack(&st, std::ptr::null_mut()) };
    }
}

unsafe fn pass_on(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|s| *s == signal).unwrap_or(0);
    if let Some(former) = FORMER[index]
        && former.sa_sigaction > 1
    {
        let f: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
            std::mem::transmute(former.sa_sigaction);
        return f(signal, info, context);
    }
    libc::signal(signal, libc::SIG_DFL);
}

unsafe extern "C" fn handler(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if signal == crate::watchdog::signal() && !crate::watchdog::hangs() {
        return;
    }
    let Some(engine) = active().filter(|e| e.cpus.inside.get()) else {
        return pass_on(signal, info, context);
    };
    let uc = &mut *context.cast::<libc::ucontext_t>();
    let g = &mut uc.uc_mcontext.gregs;
    if signal == libc::SIGTRAP
        && (*info).si_code == libc::TRAP_TRACE
        && engine.counter.trapped(g[libc::REG_RIP as usize] as usize)
    {
        return;
    }
    let reg = |i: i32| g[i as usize] as u64;
    let address =
        if signal == libc::SIGSEGV || signal == libc::SIGBUS { (*info).si_addr() as u64 } else { 0 };
    let segments = reg(libc::REG_CSGSFS);
    let regs = Regs {
        r15: reg(libc::REG_R15),
        r14: reg(libc::REG_R14),
        r13: reg(libc::REG_R13),
        r12: reg(libc::REG_R12),
        r11: reg(libc::REG_R11),
        r10: reg(libc::REG_R10),
        r9: reg(libc::REG_R9),
        r8: reg(libc::REG_R8),
        rdi: reg(libc::REG_RDI),
        rsi: reg(libc::REG_RSI),
        rbp: reg(libc::REG_RBP),
        rbx: reg(libc::REG_RBX),
        rdx: reg(libc::REG_RDX),
        rcx: reg(libc::REG_RCX),
        rax: reg(libc::REG_RAX),
        signal: signal as u64 | reg(libc::REG_ERR) << 32,
        address,
        rip: reg(libc::REG_RIP),
        cs: segments & 0xFFFF,
        rflags: reg(libc::REG_EFL),
        rsp: reg(libc::REG_RSP),
        ss: segments >> 48,
    };
    // The frame goes on the faulting stack if there is room, else on the emergency stack (overflow, or no stack pointer
    // at all).
    let size = std::mem::size_of::<Regs>() as u64;
    let mut top = regs.rsp.wrapping_sub(RED_ZONE) & !15;
    if !engine.stack_has_room(top as usize) {
        engine.overflow.set(true);
        top = engine.emergency_stack() as u64;
    }
    let at = (top - size) as *mut Regs;
    at.write(regs);
    g[libc::REG_RSP as usize] = &raw mut (*at).signal as i64;
    g[libc::REG_RIP as usize] = fault_entry as *const () as i64;
    // Direction, trap and alignment-check flags off.
    g[libc::REG_EFL as usize] &= !(0x400 | 0x100 | 0x4_0000);
}

/// Floating-point and vector state that is saved: x87, SSE, AVX and AVX-512. The simulator's own code, which may be at
/// a driver's pointer when it traps, uses whatever the processor has.
pub const VECTOR_PARTS: u32 = 0xE7;
/// Bytes of its area (an area of all parts takes 2,688).
const VECTOR_AREA: usize = 2816;

#[unsafe(naked)]
unsafe extern "C" fn fault_entry() {
    naked_asm!(
        "push rax", "push rcx", "push rdx", "push rbx", "push rbp", "push rsi", "push rdi",
        "push r8", "push r9", "push r10", "push r11", "push r12", "push r13", "push r14", "push r15",
        "mov rdi, rsp",
        "mov rbp, rsp",
        "sub rsp, {area}",
        "and rsp, -64",
        // The header of the area must be zero where xsave does not write it.
        "lea rdi, [rsp + 512]", "xor eax, eax", "mov ecx, 8", "cld", "rep stosq",
        "mov eax, {parts}", "xor edx, edx",
        "xsave64 [rsp]",
        "mov rdi, rbp",
        "mov rsi, rsp",
        "call {fault}",
        "mov eax, {parts}", "xor edx, edx",
        "xrstor64 [rsp]",
        "mov rsp, rbp",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop r11", "pop r10", "pop r9", "pop r8",
        "pop rdi", "pop rsi", "pop rbp", "pop rbx", "pop rdx", "pop rcx", "pop rax",
        "add rsp, 16",
        "iretq",
        area = const VECTOR_AREA,
        parts = const VECTOR_PARTS,
        fault = sym fault
    )
}

unsafe extern "C" fn fault(regs: *mut Regs, fx: *mut u8) {
    let engine = active().expect("a fault inside");
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        crate::emulate::fault(engine, &mut *regs, fx);
    }));
    if result.is_err() {
        verifier::simulator_panic("instruction emulation", engine.panic_message());
    }
}
